/* The router's tables: services by name, requests by slot and by queue. Private to router.c. */
#ifndef GUILD_ROUTER_TABLE_H
#define GUILD_ROUTER_TABLE_H

#include "router.h"

enum { NOBODY = -1 };

struct peer {
    enum { FREE, LIVE, SUSPECT, DRAINING } state;
    bool stalled;      /* its oldest request is late and it answers nothing */
    bool left;         /* said BYE: a HELLO that was still under way does not bring it back */
    unsigned failures; /* since it did something well */
    uint64_t ejected_until, eject_ms, ramps_from;
    int service;
    char instance[FRAME_INSTANCE_MAX + 1];
    uint64_t epoch, heard, capacity;
    uint64_t outstanding, others; /* requests it has from us, and from other gateways as it told */
    uint64_t owed;                /* given up, and perhaps still running there */
    uint64_t ewma_us, progress;
    uint64_t calls, last_call; /* its own calls under way; their ids rise */
};

struct service {
    char name[FRAME_SERVICE_MAX + 1];
    struct request *first, *last; /* WAITING, by class and deadline */
    size_t waiting;
    uint64_t live_at; /* when it last had an instance that takes work */
    uint64_t repeats; /* that may be made now, in hundredths */
};

struct request {
    enum { UNUSED, WAITING, SENT } state;
    enum router_class class;
    bool repeatable;   /* as far as the method goes; known once sent */
    bool perhaps_done; /* an attempt ended without a word */
    unsigned attempts;
    int asker; /* a peer that calls another service, or NOBODY: a client */
    int service, peer;
    struct request *next, *previous; /* in the queue */
    uint64_t number;                 /* the client's */
    uint64_t asker_high, asker_low;
    uint64_t id_low;
    uint64_t deadline, since, not_before;
    uint64_t tried;                               /* peers that had it, a bit each */
    uint64_t body_size, body_left, chunks, taken; /* pieces sent; taken, as the peer told */
    uint64_t depth;
    unsigned char *payload; /* of a service's call; a client's is kept by the caller */
    size_t payload_size, assertion_size;
    char method[FRAME_METHOD_MAX + 1], key[FRAME_KEY_MAX + 1], trace[FRAME_TRACE_MAX + 1];
    char from[FRAME_SERVICE_MAX + 1];
    unsigned char assertion[FRAME_ASSERTION_MAX];
};

struct router {
    const char *instance;
    uint64_t random, session, last_id;
    uint64_t ticked, ticked_before, revocation_seq, auth_heard;
    bool cache_watched;
    struct peer peers[ROUTER_PEERS_MAX];
    char methods[ROUTER_PEERS_MAX][FRAME_METHODS_MAX + 1];
    struct service services[ROUTER_SERVICES_MAX];
    /* requests in use come first in `order`, the unused behind them */
    struct request requests[ROUTER_REQUESTS_MAX];
    uint16_t order[ROUTER_REQUESTS_MAX], place[ROUTER_REQUESTS_MAX];
    size_t in_flight;
};

/* The number of a service's name, or NOBODY. */
int service_find(const struct router *r, const char *name);
/* The same, with a new name entered; NOBODY when the name is too long or all places are in use. */
int service_add(struct router *r, const char *name);
/* Its instances that take work, apart from those of the mask. */
size_t service_live(const struct router *r, int service, uint64_t except);

/* Of nobody, in no queue; NULL when there are too many. */
struct request *request_new(struct router *r, int service, uint64_t now);
/* Off its queue or peer, and gone. */
void request_free(struct router *r, struct request *request);
/* The i-th of `in_flight`. Freeing it moves the last into its place. */
struct request *request_at(struct router *r, size_t i);
/* A client's, by the client's number; NULL: none. */
struct request *request_of_client(struct router *r, uint64_t number);
/* The one that was SENT to the peer under the frame's id; NULL: none (any more). */
struct request *request_sent(struct router *r, int peer, const struct frame *frame);

/* Does it stand in the queue before one of this class with this deadline? */
bool queue_is_before(const struct request *at, enum router_class class, uint64_t deadline);
/* Makes it WAITING, behind its equals. */
void queue_insert(struct router *r, struct request *request);
/* Out of the queue, or off its peer. */
void request_take_back(struct router *r, struct request *request);

#endif
