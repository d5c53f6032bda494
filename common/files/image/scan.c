#include "scan.h"

#include "code.h"
#include "photograph.h"
#include "print.h"

static void read_photograph(const unsigned char *data, size_t size, struct image_codes *codes,
                            struct image_print *print)
{
    gdImagePtr image = photograph_open(data, size);
    if (image == NULL)
        return;
    if (print->count == 0)
        print_make(image, print);
    code_read(image, codes);
    gdImageDestroy(image);
}

void scan_read(const struct scan *scan, struct image_codes *codes, struct image_print *print)
{
    size_t size = 0;
    if (scan->picture != NULL) {
        print_make(scan->picture, print);
        code_read(scan->picture, codes);
    }
    if (scan->pdf == NULL)
        return;
    const unsigned char *end = scan->pdf + scan->size, *at = scan->pdf;
    for (int i = 0; i < PHOTOGRAPHS_READ && (at = photograph_next(at, end, &size)) != NULL; i++) {
        read_photograph(at, size, codes, print);
        at += size;
    }
}
