/* Whatever a file holds, what is told of it lies within it, and its beginning alone is told as cut or the same. */
#include "image/probe.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct probe probe = probe_file(data, size);
    if (probe.width < 0 || probe.height < 0 || probe.exif_at > size ||
        probe.exif_size > size - probe.exif_at)
        abort();
    if ((probe.kind == PROBE_UNKNOWN || probe.kind == PROBE_PDF) &&
        (probe.width > 0 || probe.height > 0 || probe.exif_size > 0))
        abort();
    struct probe half = probe_file(data, size / 2);
    if (half.kind != PROBE_UNKNOWN && half.kind != probe.kind)
        abort();
    if (probe.is_cut && !half.is_cut && half.kind != PROBE_UNKNOWN)
        abort();
    return 0;
}
