/* Frames from anybody: what decodes encodes to the same bytes. */
#include "frame.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char out[FRAME_HEADER_MAX];
    struct frame frame;
    if (!frame_decode(data, size, &frame))
        return 0;
    if (frame_encode(&frame, out) != size || memcmp(out, data, size) != 0)
        abort();
    return 0;
}
