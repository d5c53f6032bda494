/* A frame on a ZeroMQ socket: one message part of two bytes with the header's size (little-endian), the header (frame.h)
   and the payload. One part, since each is encrypted, queued and woken up for by itself. */
#ifndef GUILD_WIRE_H
#define GUILD_WIRE_H

#include "frame.h"
#include <stdbool.h>
#include <stddef.h>
#include <zmq.h>

/* Fills `part`, which is then the caller's to send or close. false, and no part, if the frame cannot be encoded. */
bool wire_pack(const struct frame *frame, const void *payload, size_t payload_size,
               zmq_msg_t *ret_part);

/* What wire_pack packed; false for anything else. The frame's texts and the payload point into `part`. */
bool wire_read(zmq_msg_t *part, struct frame *ret_frame, const void **ret_payload,
               size_t *ret_payload_size);

#endif
