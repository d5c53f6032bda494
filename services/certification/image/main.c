/* guild-image: cleans one uploaded file and ends. Started by certification for each upload (clean.c).

   Descriptors  0: the file (seekable). 1: the report, struct report below. 3: the cleaned file. 4: its thumbnail.
   What it does JPEG, PNG and WebP are decoded, turned upright by their EXIF orientation, laid on white, bounded to 3500
                pixels a side and written as JPEG: nothing of the original's metadata is left. A PDF is looked
                through for active content and passed on unchanged.
   What it may  memory 512 MiB, 5 s of processor, no new descriptors, and after the filter is on only the system
                calls in `allowed`: no network, no files, no processes. The filter is on before the first byte is read. */
#include "probe.h"

#include <errno.h>
#include <gd.h>
#include <libexif/exif-data.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    CONTENT = 3,
    THUMBNAIL = 4,
    SIDE_MAX = 12000,
    PIXELS_MAX = 40000000,
    KEEP_SIDE = 3500,
    THUMBNAIL_SIDE = 480,
    QUALITY = 85
};

/* The same numbers as enum clean_result in clean.h. */
enum result { DONE, TYPE, TOO_LARGE, BROKEN, ACTIVE };

static struct report {
    int32_t result;
    int32_t width, height;
    int32_t is_pdf;
} report;

static bool confine(void)
{
    static const int allowed[] = {
        SCMP_SYS(read),       SCMP_SYS(write),        SCMP_SYS(lseek),         SCMP_SYS(close),
        SCMP_SYS(fstat),      SCMP_SYS(newfstatat),   SCMP_SYS(mmap),          SCMP_SYS(munmap),
        SCMP_SYS(mremap),     SCMP_SYS(mprotect),     SCMP_SYS(madvise),       SCMP_SYS(brk),
        SCMP_SYS(futex),      SCMP_SYS(getrandom),    SCMP_SYS(clock_gettime), SCMP_SYS(exit),
        SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn),
    };
    struct rlimit memory = {512u << 20, 512u << 20}, processor = {5, 5},
                  file = {64u << 20, 64u << 20};
    if (setrlimit(RLIMIT_AS, &memory) != 0 || setrlimit(RLIMIT_CPU, &processor) != 0 ||
        setrlimit(RLIMIT_FSIZE, &file) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return false;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == NULL)
        return false;
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
        if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0) != 0)
            return false;
    bool loaded = seccomp_load(filter) == 0;
    seccomp_release(filter);
    return loaded;
}

static void say_nothing(int priority, const char *format, va_list values)
{
    (void)priority;
    (void)format;
    (void)values;
}

static bool write_all(int fd, const void *data, size_t size)
{
    const char *at = data;
    while (size > 0) {
        ssize_t some = write(fd, at, size);
        if (some < 0 && errno == EINTR)
            continue;
        if (some <= 0)
            return false;
        at += some;
        size -= (size_t)some;
    }
    return true;
}

static gdImagePtr decode(const struct probe *probe, unsigned char *data, int size)
{
    switch (probe->kind) {
    case PROBE_JPEG:
        return gdImageCreateFromJpegPtrEx(size, data, 0);
    case PROBE_PNG:
        return gdImageCreateFromPngPtr(size, data);
    case PROBE_WEBP:
        return gdImageCreateFromWebpPtr(size, data);
    case PROBE_PDF:
    case PROBE_UNKNOWN:
        break;
    }
    return NULL;
}

/* A copy on white, at most `side` pixels wide and high. */
static gdImagePtr shrunk(gdImagePtr image, int side)
{
    int width = gdImageSX(image), height = gdImageSY(image);
    int longest = width > height ? width : height;
    int new_width = longest <= side ? width : (int)((long)width * side / longest);
    int new_height = longest <= side ? height : (int)((long)height * side / longest);
    gdImagePtr copy =
        gdImageCreateTrueColor(new_width < 1 ? 1 : new_width, new_height < 1 ? 1 : new_height);
    if (copy == NULL)
        return NULL;
    gdImageFilledRectangle(copy, 0, 0, gdImageSX(copy), gdImageSY(copy),
                           gdTrueColor(255, 255, 255));
    gdImageAlphaBlending(copy, 1);
    if (longest <= side)
        gdImageCopy(copy, image, 0, 0, 0, 0, width, height);
    else
        gdImageCopyResampled(copy, image, 0, 0, 0, 0, gdImageSX(copy), gdImageSY(copy), width,
                             height);
    return copy;
}

static int orientation(const unsigned char *data, size_t size)
{
    ExifData *exif = exif_data_new_from_data(data, (unsigned)size);
    ExifEntry *entry =
        exif == NULL ? NULL : exif_content_get_entry(exif->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
    int value = entry != NULL && entry->size >= 2
                    ? exif_get_short(entry->data, exif_data_get_byte_order(exif))
                    : 1;
    if (exif != NULL)
        exif_data_unref(exif);
    return value;
}

/* EXIF 2.3, 4.6.4: what to do so that row 0 is the top. */
static gdImagePtr upright(gdImagePtr image, int value)
{
    static const float angles[] = {0, 0, 0, 180, 0, 90, 270, 270, 90};
    if (value < 2 || value > 8)
        return image;
    if (value == 2 || value == 5 || value == 7)
        gdImageFlipHorizontal(image);
    if (value == 4)
        gdImageFlipVertical(image);
    if (angles[value] == 0)
        return image;
    gdImagePtr turned = gdImageRotateInterpolated(image, angles[value], 0);
    gdImageDestroy(image);
    return turned;
}

static bool write_jpeg(gdImagePtr image, int fd)
{
    int size = 0;
    void *data = gdImageJpegPtr(image, &size, QUALITY);
    bool done = data != NULL && size > 0 && write_all(fd, data, (size_t)size);
    gdFree(data);
    return done;
}

static enum result clean_image(const struct probe *probe, unsigned char *data, size_t size)
{
    if (probe->width < 1 || probe->height < 1)
        return BROKEN;
    if (probe->width > SIDE_MAX || probe->height > SIDE_MAX ||
        (long)probe->width * probe->height > PIXELS_MAX)
        return TOO_LARGE;
    gdImagePtr original = decode(probe, data, (int)size);
    if (original == NULL)
        return BROKEN;
    gdImagePtr image = shrunk(original, KEEP_SIDE);
    gdImageDestroy(original);
    if (image != NULL)
        image = upright(image, probe->kind == PROBE_JPEG ? orientation(data, size) : 1);
    gdImagePtr thumbnail = image == NULL ? NULL : shrunk(image, THUMBNAIL_SIDE);
    if (thumbnail == NULL || !write_jpeg(image, CONTENT) || !write_jpeg(thumbnail, THUMBNAIL))
        return BROKEN;
    report.width = gdImageSX(image);
    report.height = gdImageSY(image);
    return DONE;
}

static enum result clean(unsigned char *data, size_t size)
{
    struct probe probe = probe_file(data, size);
    if (probe.kind == PROBE_UNKNOWN)
        return TYPE;
    if (probe.kind != PROBE_PDF)
        return clean_image(&probe, data, size);
    report.is_pdf = 1;
    switch (probe_pdf(data, size)) {
    case PDF_GOOD:
        return write_all(CONTENT, data, size) ? DONE : BROKEN;
    case PDF_ACTIVE:
        return ACTIVE;
    case PDF_BROKEN:
        return BROKEN;
    }
    return BROKEN;
}

int main(void)
{
    struct stat status;
    gdSetErrorMethod(say_nothing);
    if (!confine())
        return 1;
    if (fstat(0, &status) != 0 || status.st_size <= 0)
        return 1;
    size_t size = (size_t)status.st_size;
    unsigned char *data = malloc(size);
    if (data == NULL)
        return 1;
    for (size_t got = 0; got < size;) {
        ssize_t some = read(0, data + got, size - got);
        if (some <= 0)
            return 1;
        got += (size_t)some;
    }
    report.result = (int32_t)clean(data, size);
    return write_all(1, &report, sizeof report) ? 0 : 1;
}
