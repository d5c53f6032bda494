/* Where codes are looked for, and what prints are made of: in a picture, or in the photographs of a PDF. Scanners and phones make a PDF of one JPEG a page;
   a page that is drawn, or packed otherwise (CCITT, JBIG2), is not rasterised, since that takes fonts and files. */
#ifndef GUILD_IMAGE_SCAN_H
#define GUILD_IMAGE_SCAN_H

#include "report.h"
#include <gd.h>
#include <stddef.h>

struct scan {
    gdImagePtr picture;       /* or */
    const unsigned char *pdf; /* that was checked; both NULL: nothing */
    size_t size;
};

/* The print is the picture's, or the first photograph's. */
void scan_read(const struct scan *scan, struct image_codes *codes, struct image_print *print);

#endif
