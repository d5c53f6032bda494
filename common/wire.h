/* A frame on a ZeroMQ socket: one message part of two bytes with the header's size (little-endian), the header (frame.h)
   and the payload. One part, since each is encrypted, queued and woken up for by itself. */
#ifndef GUILD_WIRE_H
#define GUILD_WIRE_H

#include "frame.h"
#include <stdbool.h>
#include <stddef.h>
#include <zmq.h>

/* Messages that a connection's queue holds, each way (ZMQ_SNDHWM, ZMQ_RCVHWM); the next is refused. That must mean a fault and
   never a busy hour, so it is more than an instance in good order has under way: 64 requests (PEER_CAPACITY), a CANCEL for
   each, answers to 64 calls of its own, pieces of bodies, PONGs. What bounds the load is the credits; this only bounds what a
   peer that takes nothing any more costs. */
enum { WIRE_QUEUE_MAX = 256 };

/* Fills `part`, which is then the caller's to send or close. false, and no part, if the frame cannot be encoded. */
bool wire_pack(const struct frame *frame, const void *payload, size_t payload_size,
               zmq_msg_t *ret_part);

/* What wire_pack packed; false for anything else. The frame's texts and the payload point into `part`. */
bool wire_read(zmq_msg_t *part, struct frame *ret_frame, const void **ret_payload,
               size_t *ret_payload_size);

#endif
