/* The bus in a box: the gateway's router core and the service's peer core, joined by a network and a clock that are
   made up. One thread, one seed, one schedule: the same seed gives the same run, event for event.

   A world has 1 to 4 gateways and 1 to 8 instances of up to three services. Messages take time, are lost, doubled or
   overtaken as the seed wants; processes crash and come back, stop and go on, drain, hang, answer nothing but errors; the
   network parts, one way or both, and heals; no two clocks agree, and some jump ahead. The last eight seconds are calm. All the time these
   must hold (reliability, the simulator's list):

     a  every request ends exactly once, by its deadline + 50 ms
     b  what must not be repeated is started at most once; what ended UNAVAILABLE is never started
     c  an answer belongs to its request; a body arrives whole
     d  no request is sent to an instance that drains, or was not heard of for 750 ms; no piece of a body to one that
        refused it
     e  an instance that drains starts nothing new but bodies on their way, and ends when nothing runs any more; a gateway
        that drains ends when all that it was asked is answered
     f  queues, credits and windows keep their bounds, and nothing is left over at the end
     g  a gateway repeats at most a tenth of a service's requests, beyond ten and one a second
     h  three seconds after the last fault all is connected, and every request succeeds, a surge of them too
     r  a revoked session is out of every gateway's cache within two seconds, and does not come back by an answer that was
        under way
     p  of a service's requests that wait, those of the lowest class go first, and none of them is refused for others'
        sake
     t  no handler starts after the deadline of its request, but for the time on the network and for what a process that
        stands still for less than 400 ms does not notice
     s  where nothing else is wrong, an instance ten times as slow as others, or one that answers nothing but errors, gets
        at most a sixth of its fair share
     l  every step of a core comes to its end (within seconds of processor) */
#ifndef GUILD_SIM_H
#define GUILD_SIM_H

#include "peer.h"
#include "router.h"
#include "sessions.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    GATEWAYS_MAX = 4,
    INSTANCES_MAX = 8,
    SERVICES_MAX = 3,
    SESSIONS_MAX = 64,
    SESSIONS_ROOM = 256, /* in a gateway's cache */
    RUNS_MAX = PEER_LINKS_MAX * PEER_CAPACITY,
    HIGH_WATER = 256,       /* messages under way on a connection, each way */
    INSTANCE_TICK_MS = 100, /* as bus.c does */
    CALM_MS = 8000,         /* before the end */
    STEADY_MS = 3000,       /* from the calm until all must be well */
    BODY_CHUNK = 1024,
    JUMP_MS = 3000, /* a clock jumps so far ahead, at most */
    SURGE =
        75, /* requests at once, more than one instance takes, less than the queue holds besides */
};

enum event_kind {
    EVENT_TO_GATEWAY, /* a message arrives; number: the connection */
    EVENT_TO_INSTANCE,
    EVENT_GATEWAY_TICK,
    EVENT_INSTANCE_TICK,
    EVENT_HANDLED, /* number: the handle of the request */
    EVENT_CONNECT, /* who: instance; number: gateway */
    EVENT_CHUNK,   /* who: gateway; number: the ask */
    EVENT_ABANDON,
    EVENT_KEEP, /* number: the ask; its answer has reached who asked */
    EVENT_ASK,  /* load */
    EVENT_CALL,
    EVENT_SESSION,
    EVENT_DUE, /* number: an ask that must have ended */
    EVENT_REVOKED_DUE,
    EVENT_FAULT,
    EVENT_START_GATEWAY,
    EVENT_START_INSTANCE,
    EVENT_CALM,
    EVENT_STEADY,
    EVENT_KINDS
};

struct message {
    size_t header_size, payload_size;
    unsigned char bytes[]; /* header, payload */
};

struct event {
    uint64_t at, order;
    enum event_kind kind;
    int who;
    uint64_t incarnation; /* of `who`; an event for an earlier one is void */
    uint64_t number;
    struct message *message;
};

/* What the seed decided before the start. */
struct plan {
    int gateways, instances, services;
    unsigned loss, duplicate; /* in 1000 messages */
    uint64_t delay_ms;        /* at most; the least is 0 */
    bool overtaking;          /* else each connection keeps its order */
    unsigned faults;          /* kinds that happen, a bit each */
    uint64_t fault_every_ms, ask_every_ms;
    uint64_t handle_ms; /* usual time of a handler, at most */
    int slow;           /* an instance that takes ten times as long, or -1 */
    int sick;           /* one that answers nothing but errors until the calm, or -1 */
    bool grey;          /* nothing else is wrong */
};

struct process {
    bool up;
    uint64_t incarnation, paused_until;
    uint64_t clock; /* what its own shows besides the world's time */
};

struct connection {
    int gateway, instance;
    bool open;
    size_t under_way[2];   /* to the gateway, to the instance */
    uint64_t latest[2];    /* arrival of the last message, where none overtakes */
    uint64_t heard_active; /* the gateway's active time when it last read something */
    bool drained;          /* the gateway has read its DRAIN or BYE */
    bool left;             /* its BYE: the last word of a connection, also where others overtake */
    uint64_t refused_high, refused_low; /* the id of the last NACK that the gateway has read */
};

struct gateway {
    struct process process;
    char name[16];
    struct router *router;
    struct router_actions *actions;
    int slots[ROUTER_PEERS_MAX]; /* connections */
    struct sessions *sessions;
    size_t open_asks;
    bool drains;
    uint64_t paused_ms; /* altogether */
    uint64_t started;
    struct {
        uint64_t firsts, repeats;
    } sent[SERVICES_MAX];
    struct {
        size_t open, unsent; /* asks of the lowest class */
    } vital[SERVICES_MAX];
};

struct run {
    uint64_t handle, ask;
    size_t body;  /* bytes that have come */
    bool spoiled; /* a piece was another's, or out of its place */
    bool running;
    bool alive; /* what it has read of the session it is asked for */
};

struct instance {
    struct process process;
    int service;
    char name[24];
    uint64_t drains_since; /* by its own clock; 0: it does not */
    uint64_t sick_until, hangs_until, starts;
    struct peer *peer;
    struct peer_actions *actions;
    int links[GATEWAYS_MAX]; /* connections, or -1 */
    struct run runs[RUNS_MAX];
};

/* A request of a client at a gateway, or a call of an instance. */
struct ask {
    int gateway, instance; /* whose; the other is -1 */
    uint64_t incarnation;
    int service;
    enum router_class class;
    bool repeatable;
    uint64_t submitted, deadline;
    uint64_t deadline_there; /* as the gateway's clock showed it */
    size_t body, fed;
    uint64_t chunks_sent, chunks_taken, windows;
    unsigned sent, started;
    bool tried; /* given to an instance, whether or not it could be sent */
    enum { ASK_OPEN, ASK_ENDED, ASK_LOST } state;
    bool refused; /* ended UNAVAILABLE */
    struct {
        int number; /* asked for, or -1 */
        uint64_t life, asking;
        bool alive; /* as the answer says */
    } session;
};

struct session {
    bool revoked;
    uint64_t life; /* its number is given out again and again */
};

struct sim {
    uint64_t seed, random, now, end;
    bool trace, failed, calm, steady;
    struct plan plan;
    struct event *events; /* a heap */
    size_t events_count, events_room;
    uint64_t order;
    struct connection *connections;
    size_t connections_count, connections_room;
    uint64_t parted_until[2][GATEWAYS_MAX][INSTANCES_MAX]; /* to the gateway, to the instance */
    struct gateway gateways[GATEWAYS_MAX];
    struct instance instances[INSTANCES_MAX];
    struct ask *asks;
    size_t asks_count, asks_room;
    struct session sessions[SESSIONS_MAX];
    uint64_t revocation_seq;
    uint64_t counts[STATUS_COUNT], faults, starts;
};

extern const char *const sim_services[SERVICES_MAX];

/* -- main.c: chance, clocks and words */
uint64_t sim_chance(struct sim *sim, uint64_t below);
/* What the clock of a process shows. */
uint64_t sim_clock(const struct sim *sim, const struct process *process);
void sim_trace(const struct sim *sim, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A rule of the list above does not hold: says so and ends the run. */
void sim_fail(struct sim *sim, char rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Room for one more in a growing array. */
void *sim_grow(void *array, size_t count, size_t *room, size_t size);

/* -- network.c: events in time, connections, messages */
void event_add(struct sim *sim, uint64_t after_ms, enum event_kind kind, int who, uint64_t number);
bool event_next(struct sim *sim, struct event *ret_event);
/* The same event again, behind those of its time. */
void event_postpone(struct sim *sim, const struct event *event, uint64_t at);
/* A new connection between two processes that are up. */
int network_open(struct sim *sim, int gateway, int instance);
/* Closed by a death (what is under way arrives) or broken (it does not). */
void network_close(struct sim *sim, int connection, bool broken);
/* False: refused at once. */
bool network_send(struct sim *sim, int connection, bool to_gateway, const struct frame *frame,
                  const void *payload, size_t size);
/* Takes an arrived message off its connection. False: it is not for anybody any more. */
bool network_arrive(struct sim *sim, const struct event *event, struct frame *ret_frame,
                    const void **ret_payload, size_t *ret_size);

/* -- gateway.c */
void gateway_start(struct sim *sim, int g);
void gateway_stop(struct sim *sim, int g);
/* It is asked nothing more, and ends when it has answered. */
void gateway_drain(struct sim *sim, int g);
void gateway_read(struct sim *sim, const struct event *event);
void gateway_tick(struct sim *sim, int g);
void gateway_ask(struct sim *sim, uint64_t number);
void gateway_chunk(struct sim *sim, int g, uint64_t number);
void gateway_abandon(struct sim *sim, int g, uint64_t number);

/* -- instance.c */
void instance_start(struct sim *sim, int i);
void instance_stop(struct sim *sim, int i);
void instance_connect(struct sim *sim, int i, int g);
void instance_read(struct sim *sim, const struct event *event);
void instance_tick(struct sim *sim, int i);
void instance_handled(struct sim *sim, int i, uint64_t handle);
void instance_drain(struct sim *sim, int i);
void instance_call(struct sim *sim, int i, uint64_t number, const char *method,
                   uint64_t timeout_ms);
void instance_revoke(struct sim *sim, int i, int session);

/* -- ledger.c: who asked what, and what became of it */
void ledger_ask(struct sim *sim);
/* Some hundred at once. */
void ledger_burst(struct sim *sim, int g);
/* SURGE at once for one service, in steady times. */
void ledger_surge(struct sim *sim, int g);
void ledger_call(struct sim *sim);
struct ask *ledger_find(struct sim *sim, uint64_t number);
/* A request's payload says which ask it is; so does an answer's. */
struct ask_text {
    uint64_t number, check, alive;
};
struct ask_text ledger_text(uint64_t number);
uint64_t ledger_read(struct sim *sim, const void *payload, size_t size);
/* Each piece of a body, BODY_CHUNK bytes, begins with whose it is and where it belongs. */
struct ask_piece {
    uint64_t number, at;
};
void ledger_started(struct sim *sim, uint64_t number, const struct run *run);
void ledger_ended(struct sim *sim, uint64_t number, enum status status, const void *payload,
                  size_t size);
void ledger_due(struct sim *sim, const struct event *event);
/* A process is gone: nobody waits for what it asked. Tells how many did. */
size_t ledger_lost(struct sim *sim, int gateway, int instance);
void ledger_session(struct sim *sim);
/* Its hash, as auth and the gateways' caches know it. */
void ledger_session_hash(int session, uint64_t life, unsigned char hash[static FRAME_HASH_MAX]);
bool ledger_session_lives(const struct sim *sim, const struct ask *ask);
/* Who asked has the answer. */
void ledger_keep(struct sim *sim, uint64_t number);
void ledger_revoked_due(struct sim *sim, const struct event *event);
/* Nothing may be left. */
void ledger_end(struct sim *sim);

/* -- faults.c */
void fault_plan(struct sim *sim);
void fault_happen(struct sim *sim);
void fault_calm(struct sim *sim);
void fault_steady(struct sim *sim);

#endif
