/* The gateway's side of the bus: one thread that owns the ROUTER socket and feeds the router core. HTTP threads hand
   exchanges over and wait, each for its own. Who connects must have a listed key (zap.h), and each HELLO is held
   against the list: the key must be there for the service that it names. A key that is taken off the list is cut off
   within three seconds. */
#ifndef GUILD_GATEWAY_BUS_H
#define GUILD_GATEWAY_BUS_H

#include "bus_keys.h"
#include "router.h"
#include "status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bus;

/* What others must know; called in the bus thread. */
struct bus_listener {
    /* one session (hash of 32 bytes), or all of an account (hash NULL), is over */
    void (*revoked)(const void *session_hash, int64_t account_id);
    /* revocations may have been missed: forget every assertion */
    void (*forget)(void);
};

/* One call of a service, from the HTTP thread that makes it. */
struct exchange {
    /* asked */
    const char *service, *method, *key, *trace;
    enum router_class class;
    const void *assertion, *payload;
    size_t assertion_size, payload_size;
    uint64_t body_size; /* of the upload that follows by exchange_feed */
    uint64_t deadline_ms;
    /* answered */
    enum status status;
    uint32_t retry_after_s;
    void *reply; /* malloced; the caller frees it; NULL where the gateway itself gave the status */
    size_t reply_size;
    struct exchange_state *state;
};

struct bus_settings {
    const char *address, *admin; /* where services dial in; the admin HTTP's place */
    struct bus_keys *keys;       /* who may; the bus's from now on */
    struct bus_pair pair;        /* the gateway's own */
    struct bus_listener listener;
};

/* Binds and starts the thread. A place that cannot be bound ends the process with words. */
struct bus *bus_start(const struct bus_settings *settings);
/* Ends the thread; nobody may wait any more. */
void bus_stop(struct bus **self);

/* The admin's /readyz says no from now on; all else goes on. */
void bus_drains(struct bus *bus);

/* Calls and waits for the answer, which always comes: by the deadline at the latest. */
void exchange_run(struct bus *bus, struct exchange *exchange);

/* The same in steps, for uploads: begin, feed pieces of at most 256 KiB while it says true, end. */
void exchange_begin(struct bus *bus, struct exchange *exchange);
bool exchange_feed(struct bus *bus, struct exchange *exchange, const void *data, size_t size);
void exchange_end(struct bus *bus, struct exchange *exchange);
/* The uploader went away: nobody waits; instead of exchange_end. */
void exchange_abandon(struct bus *bus, struct exchange *exchange);

/* Has every service of the list (commas) a live instance? The first that has none is written to `missing`. */
bool bus_has_all(struct bus *bus, const char *services, char *missing, size_t size);

#endif
