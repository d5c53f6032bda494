/* A picture as anybody may make one, through all that guild-image does to it: decoded, laid on white, turned, written anew,
   looked through for codes, made a print of. Without its confinement, so that sanitizers see it; the bound of memory stands
   in for that. What it becomes is a JPEG within the bounds, and the report says so. */
#include "image/heic.h"
#include "image/output.h"
#include "image/picture.h"
#include "image/scan.h"
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    PIXELS_MAX = 512 * 512, /* of what is decoded here: larger ones take time and are the same */
    KEPT_SIDE = 3508,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__asan_default_options(void);

/* More than that is refused to the program, too (confine.c). */
const char *__asan_default_options(void)
{
    return "max_allocation_size_mb=512:allocator_may_return_null=1";
}

static void expect(bool holds)
{
    if (!holds)
        abort();
}

static void say_nothing(int priority, const char *format, va_list values)
{
    (void)priority;
    (void)format;
    (void)values;
}

static bool is_written[IMAGE_THUMBNAIL + 1];

/* In the place of output.c's. */
bool output_write(int fd, const void *data, size_t size)
{
    expect(fd == IMAGE_CONTENT || fd == IMAGE_THUMBNAIL);
    expect(size > 3 && memcmp(data, "\xff\xd8\xff", 3) == 0);
    is_written[fd] = true;
    return true;
}

static bool is_small(const struct probe *probe, const uint8_t *data, size_t size)
{
    int32_t width = probe->width, height = probe->height;
    if (probe->kind == PROBE_HEIC && !heic_size(data, size, &width, &height))
        return false;
    return width < PIXELS_MAX && height < PIXELS_MAX && (long)width * height <= PIXELS_MAX;
}

static void look_at(gdImagePtr picture)
{
    struct image_codes codes = {.count = 0};
    struct image_print print = {.count = 0};
    uint32_t lines = 0;
    scan_read(&(struct scan){.picture = picture}, &codes, &print);
    expect(print.count == 0 || print.count == PRINT_VARIANTS);
    expect(codes.size <= sizeof codes.text);
    for (uint32_t i = 0; i < codes.size; i++)
        lines += codes.text[i] == '\n';
    expect(lines == codes.count);
}

static void clean(struct probe *probe, unsigned char *data, size_t size)
{
    struct image_report report = {.result = CLEAN_TYPE};
    memset(is_written, 0, sizeof is_written);
    gdImagePtr picture = picture_clean(probe, data, size, &report);
    expect((picture != NULL) == (report.result == CLEAN_DONE));
    if (picture == NULL)
        return;
    expect(is_written[IMAGE_CONTENT] && is_written[IMAGE_THUMBNAIL]);
    expect(report.width == gdImageSX(picture) && report.height == gdImageSY(picture));
    expect(report.width >= 1 && report.width <= KEPT_SIDE);
    expect(report.height >= 1 && report.height <= KEPT_SIDE);
    look_at(picture);
    gdImageDestroy(picture);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool prepared;
    if (!prepared) {
        gdSetErrorMethod(say_nothing);
        expect(heic_prepare());
        prepared = true;
    }
    struct probe probe = probe_file(data, size);
    if (probe.kind == PROBE_UNKNOWN || probe.kind == PROBE_PDF || probe.kind == PROBE_ZIP ||
        !is_small(&probe, data, size))
        return 0;
    unsigned char *copy = malloc(size);
    if (copy == NULL)
        abort();
    memcpy(copy, data, size);
    clean(&probe, copy, size);
    free(copy);
    return 0;
}
