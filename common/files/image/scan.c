#include "scan.h"

#include "code.h"
#include "print.h"
#include "probe.h"
#include <string.h>

enum { PAGES_READ = 3, PIXELS_MAX = 40 * 1000 * 1000 };

/* The next photograph of a PDF, and where the search goes on. */
static const unsigned char *photograph(const unsigned char *at, const unsigned char *end,
                                       size_t *ret_size)
{
    static const unsigned char start[] = {0xff, 0xd8, 0xff};
    while (at < end && (at = memmem(at, (size_t)(end - at), "stream", 6)) != NULL) {
        at += 6;
        for (int i = 0; i < 2 && at < end && (*at == '\r' || *at == '\n'); i++)
            at++;
        if ((size_t)(end - at) < sizeof start || memcmp(at, start, sizeof start) != 0)
            continue;
        const unsigned char *stop = memmem(at, (size_t)(end - at), "endstream", 9);
        *ret_size = (size_t)((stop == NULL ? end : stop) - at);
        return at;
    }
    return NULL;
}

static void read_photograph(const unsigned char *data, size_t size, struct image_codes *codes,
                            struct image_print *print)
{
    struct probe probe = probe_file(data, size);
    if (probe.kind != PROBE_JPEG || probe.width < 1 || probe.height < 1 ||
        (long)probe.width * probe.height > PIXELS_MAX)
        return;
    gdImagePtr image = gdImageCreateFromJpegPtrEx((int)size, (void *)(uintptr_t)data, 1);
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
    for (int i = 0; i < PAGES_READ && (at = photograph(at, end, &size)) != NULL; i++) {
        read_photograph(at, size, codes, print);
        at += size;
    }
}
