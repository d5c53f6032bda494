#include "picture.h"

#include "heic.h"
#include "output.h"
#include <gd.h>
#include <libexif/exif-data.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIDE_MAX = 12000,
    PIXELS_MAX = 40 * 1000 * 1000,
    KEPT_SIDE = 3508, /* A4 at 300 dpi */
    THUMBNAIL_SIDE = 480,
    QUALITY = 85,
};

static gdImagePtr decode(const struct probe *probe, unsigned char *data, int size)
{
    switch (probe->kind) {
    case PROBE_JPEG:
        return gdImageCreateFromJpegPtrEx(size, data, 1); /* cameras write harmless mistakes */
    case PROBE_PNG:
        return gdImageCreateFromPngPtr(size, data);
    case PROBE_WEBP:
        return gdImageCreateFromWebpPtr(size, data);
    case PROBE_HEIC:
        return heic_decode(data, (size_t)size);
    case PROBE_PDF:
    case PROBE_ZIP:
    case PROBE_UNKNOWN:
        break;
    }
    return NULL;
}

static int shortened(int length, int longest, int side)
{
    int to = longest <= side ? length : (int)((long)length * side / longest);
    return to < 1 ? 1 : to;
}

/* A copy on white, at most `side` pixels wide and high. */
static gdImagePtr shrink(gdImagePtr image, int side)
{
    int width = gdImageSX(image), height = gdImageSY(image);
    int longest = width > height ? width : height;
    int to_width = shortened(width, longest, side), to_height = shortened(height, longest, side);
    gdImagePtr copy = gdImageCreateTrueColor(to_width, to_height);
    if (copy == NULL)
        return NULL;
    gdImageFilledRectangle(copy, 0, 0, to_width, to_height, gdTrueColor(255, 255, 255));
    gdImageAlphaBlending(copy, 1);
    if (longest <= side)
        gdImageCopy(copy, image, 0, 0, 0, 0, width, height);
    else
        gdImageCopyResampled(copy, image, 0, 0, 0, 0, to_width, to_height, width, height);
    return copy;
}

/* libexif wants the header that stands in a JPEG, and that PNG and WebP mostly leave out. */
static ExifData *read_exif(const unsigned char *data, size_t size)
{
    static const unsigned char header[6] = "Exif\0";
    if (size > sizeof header && memcmp(data, header, sizeof header) == 0)
        return exif_data_new_from_data(data, (unsigned)size);
    unsigned char *copy = malloc(sizeof header + size);
    if (copy == NULL)
        return NULL;
    memcpy(copy, header, sizeof header);
    memcpy(copy + sizeof header, data, size);
    ExifData *exif = exif_data_new_from_data(copy, (unsigned)(sizeof header + size));
    free(copy);
    return exif;
}

static int orientation_of(const struct probe *probe, const unsigned char *data)
{
    ExifData *exif =
        probe->exif_size > 0 ? read_exif(data + probe->exif_at, probe->exif_size) : NULL;
    if (exif == NULL)
        return 1;
    const ExifEntry *entry = exif_content_get_entry(exif->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
    int value = entry != NULL && entry->data != NULL && entry->size >= 2
                    ? exif_get_short(entry->data, exif_data_get_byte_order(exif))
                    : 1;
    exif_data_unref(exif);
    return value;
}

/* EXIF 2.3, 4.6.4: from where row 0 and column 0 are to where they should be. gd turns against the clock. */
static gdImagePtr turn_upright(gdImagePtr image, int orientation)
{
    static const float angles[] = {0, 0, 0, 180, 0, 90, 270, 270, 90};
    if (orientation < 2 || orientation > 8)
        return image;
    if (orientation == 2 || orientation == 5 || orientation == 7)
        gdImageFlipHorizontal(image);
    if (orientation == 4)
        gdImageFlipVertical(image);
    if (angles[orientation] == 0)
        return image;
    gdImagePtr turned = gdImageRotateInterpolated(image, angles[orientation], 0);
    gdImageDestroy(image);
    return turned;
}

static bool write_jpeg(gdImagePtr image, int fd)
{
    int size = 0;
    void *data = gdImageJpegPtr(image, &size, QUALITY);
    bool done = data != NULL && size > 0 && output_write(fd, data, (size_t)size);
    gdFree(data);
    return done;
}

static enum clean_result write_both(gdImagePtr image, struct image_report *report)
{
    gdImagePtr thumbnail = shrink(image, THUMBNAIL_SIDE);
    bool done = thumbnail != NULL && write_jpeg(image, IMAGE_CONTENT) &&
                write_jpeg(thumbnail, IMAGE_THUMBNAIL);
    report->width = gdImageSX(image);
    report->height = gdImageSY(image);
    if (thumbnail != NULL)
        gdImageDestroy(thumbnail);
    return done ? CLEAN_DONE : CLEAN_BROKEN;
}

/* Shrunk before it is turned: that needs less memory, and the order does not show. */
static gdImagePtr upright(const struct probe *probe, unsigned char *data, size_t size)
{
    gdImagePtr original = decode(probe, data, (int)size);
    if (original == NULL)
        return NULL;
    gdImagePtr image = shrink(original, KEPT_SIDE);
    gdImageDestroy(original);
    return image == NULL ? NULL : turn_upright(image, orientation_of(probe, data));
}

gdImagePtr picture_clean(struct probe *probe, unsigned char *data, size_t size,
                         struct image_report *report)
{
    report->result = CLEAN_BROKEN;
    if (probe->kind == PROBE_HEIC && !heic_size(data, size, &probe->width, &probe->height))
        return NULL;
    if (probe->width < 1 || probe->height < 1 || probe->is_cut)
        return NULL;
    if (probe->width > SIDE_MAX || probe->height > SIDE_MAX ||
        (long)probe->width * probe->height > PIXELS_MAX) {
        report->result = CLEAN_TOO_LARGE;
        return NULL;
    }
    gdImagePtr image = upright(probe, data, size);
    if (image == NULL)
        return NULL;
    report->result = (int32_t)write_both(image, report);
    if (report->result == CLEAN_DONE)
        return image;
    gdImageDestroy(image);
    return NULL;
}
