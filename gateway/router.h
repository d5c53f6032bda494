/* The gateway's core on the bus: which instance gets a request, and when to give up. Pure: no socket, no clock, no
   allocation after router_new; the simulator drives it as bus.c does.

   A peer is one connection of a service's instance: NEW until its HELLO, then LIVE; SUSPECT after 750 ms of silence
   (gets no new work), DEAD after 1.5 s (its requests go elsewhere or fail), DRAINING after its DRAIN. A request WAITS in
   its service's queue (earliest deadline first, bounded), is SENT to a peer, and ends in exactly one ROUTER_ANSWER. It
   goes out again only when it certainly was not started (NACK, send refused) or when a repeat is harmless: the
   method only reads, or the request has an idempotency key. */
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
    ROUTER_ATTEMPTS_MAX = 3,
    ROUTER_DEPTH_MAX = 2, /* a service's call on behalf of a call */
    ROUTER_SUSPECT_MS = 750,
    ROUTER_DEAD_MS = 1500,
    ROUTER_APPEAR_MS = 300, /* how long a request waits for a service that has no instance */
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
    const void *payload; /* NULL with ROUTER_SEND of a REQ: the client's, kept by the caller under `request` */
    size_t payload_size;
};

enum { ROUTER_ACTIONS_MAX = 2 * ROUTER_REQUESTS_MAX + 2 * ROUTER_PEERS_MAX };
struct router_actions {
    size_t count;
    struct router_action list[ROUTER_ACTIONS_MAX];
};

/* What a client asks. Texts are copied. */
struct router_ask {
    uint64_t request; /* the caller's number for it */
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
/* A piece of the upload behind a request; false: the request is over or its window closed. */
bool router_chunk(struct router *r, uint64_t request, const void *data, size_t size,
                  struct router_actions *out);

/* A frame came from a peer's connection (its number is the caller's). */
void router_frame(struct router *r, int peer, const struct frame *frame, const void *payload,
                  size_t payload_size, uint64_t now, struct router_actions *out);
/* A send to the peer was refused (EHOSTUNREACH, EAGAIN): what it should have got was not started. */
void router_send_failed(struct router *r, int peer, uint64_t request, uint64_t now,
                        struct router_actions *out);
/* Each 100 ms or so. */
void router_tick(struct router *r, uint64_t now, struct router_actions *out);

/* For readiness and metrics. */
size_t router_live(const struct router *r, const char *service);
size_t router_waiting(const struct router *r);
size_t router_in_flight(const struct router *r);
/* The peer's connection holds nothing any more: its number may be used again. */
bool router_peer_is_free(const struct router *r, int peer);

#endif
