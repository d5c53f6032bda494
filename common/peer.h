/* The service's core on the bus: what one instance says to its gateways and when. Pure: no socket, no clock, no
   allocation after peer_new but for the requests it has (at most PEER_CAPACITY from each gateway); the simulator drives
   it as bus.c does.

   A link is one gateway: DIALLING, with a HELLO each 200 ms, until WELCOME, then UP, with a PING each 500 ms; after 1.5 s
   of silence, or when the gateway says that it does not know us, DIALLING again. A request is receiving its body, then
   running until peer_done, and answered on the link it came by. What cannot be started (late, draining, full, a piece
   of the body missing) is answered by a NACK at once. After a stop, what waited to be read is taken for as old as it may
   be: nothing starts more than PEER_AWAY_MS after its deadline. A request is started at most once in a minute per id, however often
   it comes; at more than a thousand requests a second that memory is shorter than a minute. */
#ifndef GUILD_PEER_H
#define GUILD_PEER_H

#include "frame.h"
#include "status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PEER_LINKS_MAX = 16,
    PEER_CAPACITY = 64,  /* credits: requests at a time from each gateway */
    PEER_CALLS_MAX = 64, /* own calls to other services under way */
    PEER_HELLO_MS = 200,
    PEER_HEARTBEAT_MS = 500,
    PEER_DEAD_MS = 1500,
    PEER_AWAY_MS =
        400, /* ticks further apart: we were stopped, and silence meanwhile says nothing */
    PEER_WORTH_MS = 500, /* what is left of a request's time after that, to begin it */
    PEER_DEDUP_MS = 60000,
    PEER_DRAIN_MS = 8000,
    PEER_LIFE_MS = 600000, /* no deadline is further away */
};

struct peer;

enum peer_action_kind {
    PEER_SEND,      /* frame and payload to `link` */
    PEER_BODY_OPEN, /* a body comes behind request `handle` */
    PEER_BODY_DATA, /* a piece of it */
    PEER_START,     /* run the request; answer by peer_done(handle) */
    PEER_CANCEL, /* nobody waits for `handle` any more: an open body is dropped and it never starts, or it has
                       started and still ends by peer_done */
    PEER_CALL_DONE, /* own call `handle` ended with `status` and payload */
    PEER_DRAINED,   /* all is answered and told: the process may end */
};

struct peer_action {
    enum peer_action_kind kind;
    int link;
    uint64_t handle;
    uint64_t deadline_ms;
    enum status status;
    struct frame frame; /* PEER_SEND, PEER_START */
    const void *payload;
    size_t payload_size;
};

/* Actions of one step, to be carried out in order before the next: at most a NACK and a CANCEL for each request, an end
   for each call, a few words for each link. */
enum {
    PEER_ACTIONS_MAX = 2 * PEER_LINKS_MAX * PEER_CAPACITY + PEER_CALLS_MAX + 4 * PEER_LINKS_MAX
};
struct peer_actions {
    size_t count;
    struct peer_action list[PEER_ACTIONS_MAX];
};

/* `methods`: "Name" lines, those whose repeat is harmless with a '+' in front. Texts must outlive the peer. */
struct peer *peer_new(const char *service, const char *instance, uint64_t epoch,
                      const char *methods);
void peer_destroy(struct peer **self);

/* A gateway was found (its number is the caller's), or is no longer to be dialled. */
void peer_link_add(struct peer *p, int link, uint64_t now, struct peer_actions *out);
void peer_link_remove(struct peer *p, int link, struct peer_actions *out);

/* A frame came. */
void peer_frame(struct peer *p, int link, const struct frame *frame, const void *payload,
                size_t payload_size, uint64_t now, struct peer_actions *out);

/* A request has been answered. */
void peer_done(struct peer *p, uint64_t handle, enum status status, const void *payload,
               size_t payload_size, uint64_t now, struct peer_actions *out);

/* Calls another service's method ("notification.DeliverEvent") through any gateway; exactly one PEER_CALL_DONE with
   `handle` follows. UNAVAILABLE: certainly not done; TIMEOUT: perhaps done. */
void peer_call(struct peer *p, uint64_t handle, const char *method, uint64_t timeout_ms,
               const void *payload, size_t payload_size, uint64_t now, struct peer_actions *out);

/* Each 100 ms or so: heartbeats, dead gateways, late calls, the drain's end. */
void peer_tick(struct peer *p, uint64_t now, struct peer_actions *out);

/* SIGTERM. New requests are refused, those under way answered, for at most 8 s; PEER_DRAINED follows. Own
   calls that have no answer by then end, and none is made any more. */
void peer_drain(struct peer *p, uint64_t now, struct peer_actions *out);

/* auth's count of revocations, told in each PING, and a revocation itself: of a session (hash of 32 bytes), or of all
   sessions of an account (hash NULL). */
void peer_set_revocation_seq(struct peer *p, uint64_t seq);
void peer_revoke(struct peer *p, const void *session_hash, int64_t account_id, uint64_t seq,
                 struct peer_actions *out);

/* Gateways that welcomed us; one of them. */
size_t peer_links_up(const struct peer *p);
bool peer_link_is_up(const struct peer *p, int link);
size_t peer_in_flight(const struct peer *p);

#endif
