/* What guild-image and clean.c, which starts it, tell each other. */
#ifndef GUILD_IMAGE_REPORT_H
#define GUILD_IMAGE_REPORT_H

#include <stdint.h>

/* The child's descriptors. 2 is /dev/null, for what libraries say; there are no others. */
enum {
    IMAGE_IN = 0, /* the uploaded file, read only */
    IMAGE_REPORT =
        1, /* a struct image_report once the rest is written, then image_codes, then image_print */
    IMAGE_CONTENT = 3,   /* the cleaned file */
    IMAGE_THUMBNAIL = 4, /* its thumbnail; stays empty for a PDF and an OFD */
};

enum { IMAGE_PICTURE, IMAGE_PDF, IMAGE_OFD };

/* Without a whole report nothing was cleaned. */
struct image_report {
    int32_t result;        /* enum clean_result */
    int32_t kind;          /* of the file: IMAGE_PICTURE … */
    int32_t width, height; /* of the cleaned picture, in pixels */
};

/* What the QR codes on it say, one a line, as bytes of whatever charset. Read last: a child that dies over it, or over no
   codes, has cleaned all the same. */
struct image_codes {
    uint32_t count, size;
    char text[1024];
};

/* What it is known by (print.h): of the whole picture, without its first line, without its last, without both. Of each the
   cells that are clearly brighter than their left neighbours, then those that are clearly darker; a bit a cell. */
enum { PRINT_CELLS = 64, PRINT_BYTES = 2 * PRINT_CELLS * PRINT_CELLS / 8, PRINT_VARIANTS = 4 };
struct image_print {
    uint32_t count; /* PRINT_VARIANTS, or 0: there is none */
    unsigned char planes[PRINT_VARIANTS][PRINT_BYTES];
};

#endif
