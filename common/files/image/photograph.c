#include "photograph.h"

#include "probe.h"
#include <string.h>

enum { PIXELS_MAX = 40 * 1000 * 1000 };

const unsigned char *photograph_next(const unsigned char *at, const unsigned char *end,
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

gdImagePtr photograph_open(const unsigned char *data, size_t size)
{
    struct probe probe = probe_file(data, size);
    if (probe.kind != PROBE_JPEG || probe.width < 1 || probe.height < 1 ||
        (long)probe.width * probe.height > PIXELS_MAX)
        return NULL;
    return gdImageCreateFromJpegPtrEx((int)size, (void *)(uintptr_t)data, 1);
}
