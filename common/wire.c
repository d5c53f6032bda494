#include "wire.h"

#include <stdlib.h>
#include <string.h>

enum { PREFIX = 2 };

bool wire_pack(const struct frame *frame, const void *payload, size_t payload_size,
               zmq_msg_t *ret_part)
{
    unsigned char header[FRAME_HEADER_MAX];
    size_t size = frame_encode(frame, header);
    if (size == 0)
        return false;
    if (zmq_msg_init_size(ret_part, PREFIX + size + payload_size) != 0)
        abort();
    unsigned char *out = zmq_msg_data(ret_part);
    out[0] = (unsigned char)size;
    out[1] = (unsigned char)(size >> 8);
    memcpy(out + PREFIX, header, size);
    if (payload_size > 0)
        memcpy(out + PREFIX + size, payload, payload_size);
    return true;
}

bool wire_read(zmq_msg_t *part, struct frame *ret_frame, const void **ret_payload,
               size_t *ret_payload_size)
{
    const unsigned char *in = zmq_msg_data(part);
    size_t all = zmq_msg_size(part);
    if (all < PREFIX)
        return false;
    size_t size = (size_t)in[0] | (size_t)in[1] << 8;
    if (size > all - PREFIX || !frame_decode(in + PREFIX, size, ret_frame))
        return false;
    *ret_payload = in + PREFIX + size;
    *ret_payload_size = all - PREFIX - size;
    return true;
}
