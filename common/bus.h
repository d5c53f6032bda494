/* A service's side of the bus: one DEALER to each gateway, around the pure core in peer.h. Runs on the reactor.
   All addresses of a gateway's name are dialled, and looked up again every two seconds; one that is not named for half a
   minute is dropped. A gateway must prove a key that the list has for gateways: where it has two, they are tried in turn. */
#ifndef GUILD_BUS_H
#define GUILD_BUS_H

#include "bus_keys.h"
#include "loop.h"
#include "status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bus;

/* A request as it arrived; everything lives during the callback only. */
struct bus_request {
    uint64_t handle; /* answer with bus_reply, exactly once */
    const char *method;
    const void *payload;
    size_t payload_size;
    const void *assertion;
    size_t assertion_size;
    const char *idempotency_key;
    const char *request_id;
    const char *from; /* "gateway", or the calling service */
    uint64_t deadline_ms;
    int body_fd; /* a complete file behind the request, or -1; the receiver closes it */
    size_t body_size;
};

struct bus_settings {
    const char *service;
    const char *gateways;       /* ipc://… or tcp://host:port, separated by commas */
    struct bus_keys *keys;      /* the gateways' keys among them; the bus's from now on */
    struct bus_pair pair;       /* our own */
    const char *const *methods; /* NULL-terminated */
    /* is a method's repeat harmless? */
    bool (*is_idempotent)(const char *method);
    /* bytes of the file that a method takes behind its request; 0: none */
    size_t (*body_max)(void *owner, const char *method);
    void (*request)(void *owner, const struct bus_request *request);
    void *owner;
};

/* Copies what it needs of the settings. */
struct bus *bus_new(struct loop *loop, const struct bus_settings *settings);
void bus_destroy(struct bus **self);

void bus_reply(struct bus *bus, uint64_t handle, enum status status, const void *payload,
               size_t size);

/* Calls another service's method through any gateway. `done` runs exactly once; the payload lives during it. */
typedef void bus_call_done_fn(void *owner, enum status status, const void *payload, size_t size);
void bus_call(struct bus *bus, const char *service, const char *method, const void *payload,
              size_t size, uint64_t timeout_ms, bus_call_done_fn *done, void *owner);

/* Tells every gateway that a session (hash of 32 bytes), or all of an account (hash NULL), is over. */
void bus_revoke(struct bus *bus, const void *session_hash, int64_t account_id, uint64_t seq);
/* The number told in each PING. */
void bus_set_revocation_seq(struct bus *bus, uint64_t seq);

/* Is there a gateway that welcomed us? */
bool bus_is_ready(const struct bus *bus);

/* Takes no new request; `done` runs when the last is answered and every gateway knows (or after 8 s). */
void bus_drain(struct bus *bus, loop_fn *done, void *owner);

#endif
