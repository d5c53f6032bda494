/* The gateway's core on the bus: which instance gets a request, and when to give up. Pure: no socket, no clock, no
   allocation after router_new but for the payloads of services' calls (at most ROUTER_CALLS_MAX of each peer); the
   simulator drives it as bus.c does.

   A peer is one connection of a service's instance: FREE until its HELLO, then LIVE; SUSPECT after 750 ms of silence or
   a refused send (gets no new work until heard of), FREE again after 1.5 s of silence (its requests go elsewhere or
   fail) or its BYE, DRAINING from its DRAIN to its BYE. One whose oldest request is late while it answers nothing is
   the last choice. A HELLO of a known instance by another connection takes over what the old one had.

   A request is WAITING in its service's queue (by class, then the earliest deadline first; bounded: where it is full, its
   last gives way to one of a lower class), SENT to a peer, and ends in exactly one
   ROUTER_ANSWER: at the deadline at the latest. It goes out again when it certainly was not started
   (NACK, send refused, body incomplete), or when a repeat is harmless: the method only reads, or it has an idempotency
   key; never to the same peer. Repeats are at most a tenth of a service's requests, beyond a small reserve, so that a sick service is
   not asked to death. UNAVAILABLE from the router means certainly not done, TIMEOUT perhaps done.

   An instance is chosen by what is in front of it and how long it usually takes. One that came a moment ago counts as
   smaller than it is; one that failed five times running is the last choice for two seconds, and for twice as long each
   time it goes on so. Who would wait in the queue for longer than he has is refused at once.

   A service without instance answers 503 at once; for 300 ms after its last one left, requests wait for the next. */
#ifndef GUILD_ROUTER_H
#define GUILD_ROUTER_H

#include "frame.h"
#include "status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ROUTER_PEERS_MAX = 64,
    ROUTER_SERVICES_MAX = 16,
    ROUTER_REQUESTS_MAX = 2048,
    ROUTER_QUEUE_MAX = 64, /* waiting, per service */
    ROUTER_CALLS_MAX = 64, /* of one peer to other services, under way */
    ROUTER_ATTEMPTS_MAX = 3,
    ROUTER_DEPTH_MAX = 2, /* a service's call on behalf of a call */
    ROUTER_TICK_MS = 25,  /* how often router_tick wants to be called */
    ROUTER_SUSPECT_MS = 750,
    ROUTER_DEAD_MS = 1500,
    ROUTER_AWAY_MS =
        400, /* ticks further apart: we were stopped, and silence meanwhile says nothing */
    ROUTER_APPEAR_MS = 300,      /* how long a request waits for an instance to appear */
    ROUTER_JITTER_MS = 25,       /* a repeat after an unknown outcome waits 25 to 100 ms */
    ROUTER_REPEAT_PERCENT = 10,  /* of a service's requests may be sent once more */
    ROUTER_REPEATS_RESERVE = 10, /* even without traffic; one a second comes back */
    ROUTER_REPEATS_SAVED = 100,  /* at most, for the end of a busy instance */
    ROUTER_RAMP_MS = 2000,       /* a new instance counts a quarter, and then more and more */
    ROUTER_EJECT_FAILURES = 5,   /* running: the last choice for a while */
    ROUTER_EJECT_MS = 2000,      /* the first time */
    ROUTER_EJECT_MOST_MS = 30000,
    ROUTER_LIFE_MS = 600000, /* no deadline is further away */
};

/* Where not all can be served, the lowest is served first and the highest gives way. */
enum router_class {
    ROUTER_VITAL, /* who is it, let him in and out: nothing goes before it */
    ROUTER_WRITE, /* what somebody has decided or filled in; services' calls */
    ROUTER_READ,
    ROUTER_BULK, /* files, documents, figures */
    ROUTER_CLASSES
};

struct router;

enum router_action_kind {
    ROUTER_SEND,    /* frame to `peer`; with a payload of its own, or that of request `request` */
    ROUTER_ANSWER,  /* client request `request` ends: status, payload */
    ROUTER_WINDOW,  /* client request `request` may send so many more chunks */
    ROUTER_REVOKED, /* a session (frame.session_hash) or account is over; drop it from the cache */
    ROUTER_FORGET,  /* the cache of principals cannot be trusted any more: drop all of it */
};

struct router_action {
    enum router_action_kind kind;
    int peer;
    uint64_t request;
    enum status status;
    uint32_t retry_after_s;
    uint32_t chunks;
    struct frame frame;
    const void *
        payload; /* NULL with ROUTER_SEND of a REQ: the client's, kept by the caller under `request` */
    size_t payload_size;
};

/* Carried out in order; refused sends may append to the list meanwhile. In one list a request makes at most a SEND for
   each attempt, a WINDOW, a CANCEL and its end; a peer an answer to its frame. */
enum {
    ROUTER_ACTIONS_MAX = (ROUTER_ATTEMPTS_MAX + 3) * ROUTER_REQUESTS_MAX + 2 * ROUTER_PEERS_MAX
};
struct router_actions {
    size_t count;
    struct router_action list[ROUTER_ACTIONS_MAX];
};

/* What a client asks. Texts are copied. */
struct router_ask {
    uint64_t request; /* the caller's number for it */
    enum router_class class;
    const char *service, *method; /* "certification", "SaveDraft" */
    const char *key, *trace;
    const void *assertion;
    size_t assertion_size;
    uint64_t body_size; /* of the upload behind it; such a request is sent once */
    uint64_t deadline_ms;
};

/* `seed` makes ids and the choice between equals; `instance` is told in WELCOME and must outlive the router. */
struct router *router_new(const char *instance, uint64_t seed);
void router_destroy(struct router **self);

void router_submit(struct router *r, const struct router_ask *ask, uint64_t now,
                   struct router_actions *out);
/* The client gave up. No answer follows. */
void router_abandon(struct router *r, uint64_t request, struct router_actions *out);
/* A piece (at most 256 KiB) of the upload behind a request, one for each chunk that ROUTER_WINDOW allowed. A piece that
   cannot be passed on ends the request; false: it is over. */
bool router_chunk(struct router *r, uint64_t request, const void *data, size_t size,
                  struct router_actions *out);

/* A frame came from a peer's connection (its number is the caller's). */
void router_frame(struct router *r, int peer, const struct frame *frame, const void *payload,
                  size_t payload_size, uint64_t now, struct router_actions *out);
/* A ROUTER_SEND was refused (EHOSTUNREACH, EAGAIN): what was to be sent was not started. `out` may be the list that
   the action stands in, the action a copy. */
void router_send_failed(struct router *r, const struct router_action *refused, uint64_t now,
                        struct router_actions *out);
void router_tick(struct router *r, uint64_t now, struct router_actions *out);

/* For readiness and metrics. */
size_t router_live(const struct router *r, const char *service);
size_t router_waiting(const struct router *r);
size_t router_in_flight(const struct router *r);
/* The peer's connection holds nothing (any more): its number may be used again. */
bool router_peer_is_free(const struct router *r, int peer);

#endif
