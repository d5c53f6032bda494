/* The frames of the bus: a compact header; the payload goes behind it (wire.h). Encoding is little-endian, versioned,
   strict and bounded; decode accepts nothing that encode would not make. */
#ifndef GUILD_FRAME_H
#define GUILD_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FRAME_VERSION = 2,
    FRAME_HEADER_MAX = 8192,
    FRAME_PAYLOAD_MAX = 512 * 1024, /* senders refuse more; MAXMSGSIZE is 1 MiB */
    FRAME_CHUNK_MAX = 256 * 1024,
    FRAME_WINDOW = 8, /* chunks of a stream that may be under way */
};

/* The longest texts, in bytes. */
enum {
    FRAME_SERVICE_MAX = 32,
    FRAME_INSTANCE_MAX = 64,
    FRAME_METHODS_MAX = 4096,
    FRAME_METHOD_MAX = 96,
    FRAME_KEY_MAX = 64,
    FRAME_TRACE_MAX = 64,
    FRAME_ASSERTION_MAX = 1024,
    FRAME_HASH_MAX = 32,
};

/* service ↔ gateway; which fields travel with which kind is a table in frame.c */
enum frame_kind {
    FRAME_HELLO = 1, /* S→G: who I am, what I do, how much at a time */
    FRAME_WELCOME,   /* G→S */
    FRAME_REFUSE,    /* G→S: not admitted; reason in `trace` */
    FRAME_REQ,       /* G→S a request; S→G a call to another service */
    FRAME_REP,       /* the answer, status and payload */
    FRAME_NACK,      /* certainly not started: late, draining, full, a piece of the body lost */
    FRAME_CANCEL,    /* G→S: nobody waits any more */
    FRAME_PING,      /* S→G, by the reactor itself, with its load */
    FRAME_PONG,      /* G→S */
    FRAME_DRAIN,     /* S→G: no more requests, please */
    FRAME_DRAIN_OK,  /* G→S */
    FRAME_BYE,       /* S→G */
    FRAME_CHUNK,     /* G→S: a piece of the body behind a request; `chunks` numbers them from 1 */
    FRAME_WINDOW_MORE, /* S→G: `chunks` pieces have been taken so far, FRAME_WINDOW may be under way */
    FRAME_REVOKE,      /* S→G, auth: a session, or all of an account, is over */
    FRAME_KINDS
};

struct frame_text {
    const char *data;
    size_t size;
};

struct frame {
    enum frame_kind kind;
    uint64_t id_high, id_low; /* 128 bits, made by whoever asks */
    uint64_t time_left_ms, attempt, depth, status, body_size;
    uint64_t epoch, capacity;
    /* a PING's: requests taken and not answered, age of the oldest that runs, answers given so far, usual time of
       an answer, how many more this gateway may send */
    uint64_t in_flight, oldest_ms, progress, ewma_us, credits, revocation_seq;
    uint64_t chunks;
    uint64_t account_id;
    struct frame_text service, instance, methods, method, key, trace, from, assertion, session_hash;
};

/* Size written to `out` (FRAME_HEADER_MAX bytes), or 0 if a field is too long or a text holds a NUL. */
size_t frame_encode(const struct frame *frame, unsigned char *out);

/* `ret_frame`'s texts point into `data`; except in `assertion` and `session_hash` they hold no NUL. */
bool frame_decode(const void *data, size_t size, struct frame *ret_frame);

struct frame_text frame_text(const char *text);
bool frame_text_is(struct frame_text text, const char *other);
/* Copies with a NUL, cut to the room. */
void frame_text_copy(struct frame_text text, char *out, size_t room);

#endif
