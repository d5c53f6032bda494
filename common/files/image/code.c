#include "code.h"

#include <iconv.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zbar.h>

enum { TEXT_MAX = 512, TEXTS_MAX = 4 };

/* ---- zbar converts what it reads with iconv, which opens files of its own for each charset. These stand in their place
   and hand the bytes on: whoever reads the report finds out what they are. */

iconv_t iconv_open(const char *to, const char *from)
{
    static char only;
    (void)to;
    (void)from;
    return (iconv_t)&only;
}

size_t iconv(iconv_t converter, char **in, size_t *in_left, char **out, size_t *out_left)
{
    (void)converter;
    if (in == NULL || *in == NULL)
        return 0;
    if (*in_left > *out_left)
        return (size_t)-1;
    memcpy(*out, *in, *in_left);
    *in += *in_left;
    *out += *in_left;
    *out_left -= *in_left;
    *in_left = 0;
    return 0;
}

int iconv_close(iconv_t converter)
{
    (void)converter;
    return 0;
}

/* ---- grey, as zbar wants it */

static unsigned char *grey_of(gdImagePtr image, int step)
{
    int width = gdImageSX(image) / step, height = gdImageSY(image) / step;
    unsigned char *grey = malloc((size_t)width * (size_t)height), *to = grey;
    if (grey == NULL)
        return NULL;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            int colour = gdImageTrueColorPixel(image, x * step, y * step);
            *to++ = (unsigned char)((gdTrueColorGetRed(colour) * 77 +
                                     gdTrueColorGetGreen(colour) * 150 +
                                     gdTrueColorGetBlue(colour) * 29) >>
                                    8);
        }
    return grey;
}

/* ---- reading */

/* Lines of the report: no text has one of its own. */
static void add(struct image_codes *codes, const char *text, size_t size)
{
    if (size == 0 || size > TEXT_MAX || codes->count == TEXTS_MAX ||
        sizeof codes->text - codes->size < size + 1)
        return;
    char *at = codes->text + codes->size;
    for (size_t i = 0; i < size; i++)
        at[i] = (unsigned char)text[i] < ' ' ? ' ' : text[i];
    at[size] = '\n';
    codes->size += (uint32_t)size + 1;
    codes->count++;
}

static bool scan(zbar_image_scanner_t *scanner, gdImagePtr picture, int step,
                 struct image_codes *codes)
{
    unsigned char *grey = grey_of(picture, step);
    zbar_image_t *image = zbar_image_create();
    uint32_t before = codes->count;
    if (grey != NULL && image != NULL) {
        size_t width = (size_t)(gdImageSX(picture) / step),
               height = (size_t)(gdImageSY(picture) / step);
        zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
        zbar_image_set_size(image, (unsigned)width, (unsigned)height);
        zbar_image_set_data(image, grey, width * height, NULL);
        if (zbar_scan_image(scanner, image) > 0)
            for (const zbar_symbol_t *one = zbar_image_first_symbol(image); one != NULL;
                 one = zbar_symbol_next(one))
                if (zbar_symbol_get_type(one) == ZBAR_QRCODE)
                    add(codes, zbar_symbol_get_data(one), zbar_symbol_get_data_length(one));
    }
    zbar_image_destroy(image);
    free(grey);
    return codes->count > before;
}

/* What is not found at full size may be found at half of it: noise and moiré are gone then. */
void code_read(gdImagePtr image, struct image_codes *codes)
{
    zbar_image_scanner_t *scanner = zbar_image_scanner_create();
    if (scanner == NULL || !gdImageTrueColor(image))
        return;
    zbar_image_scanner_set_config(scanner, 0, ZBAR_CFG_ENABLE, 0);
    zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1);
    if (!scan(scanner, image, 1, codes))
        scan(scanner, image, 2, codes);
    zbar_image_scanner_destroy(scanner);
}
