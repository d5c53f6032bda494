#include "peer.h"

#include <stdlib.h>
#include <string.h>

enum {
    NO_LINK = -1,
    REQUESTS_MAX = PEER_LINKS_MAX * PEER_CAPACITY,
    SEEN_SLOTS = 65536,
    SEEN_PROBES = 16,
    EWMA_START_US = 2000,
    CALL_DEPTH = 1, /* our calls are made for nobody else: the first of their chain */
};

struct link {
    enum { ABSENT, DIALLING, UP } state;
    uint64_t heard, said; /* last frame from it, last HELLO or PING to it */
    size_t in_flight;
    bool drain_ok;
};

struct request {
    bool used, receiving, cancelled;
    int link;            /* NO_LINK: its gateway is no longer dialled */
    uint64_t generation; /* part of the handle: an old handle finds nothing */
    uint64_t id_high, id_low;
    uint64_t deadline, began;
    uint64_t body_left, chunks;
    uint64_t told;                                         /* chunks in the last WINDOW_MORE */
    struct frame_text method, key, trace, from, assertion; /* in `memory`, behind the payload */
    unsigned char *memory;
    size_t payload_size;
};

struct call {
    bool used;
    uint64_t handle, id_low, deadline;
    int link;
};

struct seen {
    uint64_t id_high, id_low, at; /* at 0: free */
};

struct peer {
    const char *service, *instance, *methods;
    uint64_t epoch, revocation_seq, progress, ewma_us, last_call;
    uint64_t ticked, ticked_before, drain_until;
    bool draining, drained;
    struct link links[PEER_LINKS_MAX];
    struct request requests[REQUESTS_MAX];
    struct call calls[PEER_CALLS_MAX];
    struct seen seen[SEEN_SLOTS];
    size_t in_flight;
};

/* ---- actions */

static struct peer_action *act(struct peer_actions *out, enum peer_action_kind kind)
{
    if (out->count == PEER_ACTIONS_MAX)
        abort(); /* see PEER_ACTIONS_MAX */
    struct peer_action *action = &out->list[out->count++];
    memset(action, 0, sizeof *action);
    action->kind = kind;
    return action;
}

static struct peer_action *say(struct peer_actions *out, int link, const struct frame *frame)
{
    struct peer_action *action = act(out, PEER_SEND);
    action->link = link;
    action->frame = *frame;
    return action;
}

static void say_nack(struct peer_actions *out, int link, uint64_t id_high, uint64_t id_low)
{
    say(out, link, &(struct frame){.kind = FRAME_NACK, .id_high = id_high, .id_low = id_low});
}

static void say_hello(struct peer *p, int link, uint64_t now, struct peer_actions *out)
{
    p->links[link].said = now;
    say(out, link,
        &(struct frame){.kind = FRAME_HELLO,
                        .service = frame_text(p->service),
                        .instance = frame_text(p->instance),
                        .methods = frame_text(p->methods),
                        .epoch = p->epoch,
                        .capacity = PEER_CAPACITY});
}

/* ---- ids seen in the last minute: open addressing, entries age out in place */

static bool seen_before(struct peer *p, uint64_t high, uint64_t low, uint64_t now)
{
    size_t slot = (size_t)((low ^ high) * UINT64_C(0x9e3779b97f4a7c15) >> 48) % SEEN_SLOTS;
    struct seen *oldest = &p->seen[slot];
    for (size_t i = 0; i < SEEN_PROBES; i++) {
        struct seen *seen = &p->seen[(slot + i) % SEEN_SLOTS];
        bool fresh = seen->at != 0 && now - seen->at < PEER_DEDUP_MS;
        if (fresh && seen->id_high == high && seen->id_low == low)
            return true;
        if (seen->at < oldest->at)
            oldest = seen;
    }
    *oldest = (struct seen){high, low, now};
    return false;
}

/* ---- life */

struct peer *peer_new(const char *service, const char *instance, uint64_t epoch,
                      const char *methods)
{
    struct peer *p = calloc(1, sizeof *p);
    if (p == NULL)
        abort();
    p->service = service;
    p->instance = instance;
    p->methods = methods;
    p->epoch = epoch;
    p->ewma_us = EWMA_START_US;
    return p;
}

void peer_destroy(struct peer **self)
{
    if (*self == NULL)
        return;
    for (size_t i = 0; i < REQUESTS_MAX; i++)
        free((*self)->requests[i].memory);
    free(*self);
    *self = NULL;
}

size_t peer_links_up(const struct peer *p)
{
    size_t up = 0;
    for (int i = 0; i < PEER_LINKS_MAX; i++)
        up += p->links[i].state == UP;
    return up;
}

bool peer_link_is_up(const struct peer *p, int link)
{
    return p->links[link].state == UP;
}

size_t peer_in_flight(const struct peer *p)
{
    return p->in_flight;
}

void peer_set_revocation_seq(struct peer *p, uint64_t seq)
{
    if (seq > p->revocation_seq)
        p->revocation_seq = seq;
}

void peer_link_add(struct peer *p, int link, uint64_t now, struct peer_actions *out)
{
    if (p->links[link].state != ABSENT || p->draining)
        return;
    p->links[link] = (struct link){.state = DIALLING, .heard = now};
    say_hello(p, link, now, out);
}

/* ---- requests */

static struct request *request_of(struct peer *p, uint64_t handle)
{
    struct request *request = &p->requests[handle % REQUESTS_MAX];
    return request->used && request->generation == handle / REQUESTS_MAX ? request : NULL;
}

static uint64_t handle_of(const struct peer *p, const struct request *request)
{
    return request->generation * REQUESTS_MAX + (uint64_t)(request - p->requests);
}

static struct request *request_by_id(struct peer *p, int link, const struct frame *frame)
{
    for (size_t i = 0; i < REQUESTS_MAX && p->links[link].in_flight > 0; i++) {
        struct request *request = &p->requests[i];
        if (request->used && request->link == link && request->id_high == frame->id_high &&
            request->id_low == frame->id_low)
            return request;
    }
    return NULL;
}

static void request_free(struct peer *p, struct request *request)
{
    free(request->memory);
    request->memory = NULL;
    request->used = false;
    request->generation++;
    p->in_flight--;
    if (request->link != NO_LINK)
        p->links[request->link].in_flight--;
}

/* Puts a text behind what is kept already. */
static struct frame_text keep(struct request *request, size_t *at, struct frame_text text)
{
    struct frame_text kept = {(const char *)request->memory + *at, text.size};
    if (text.size > 0)
        memcpy(request->memory + *at, text.data, text.size);
    *at += text.size;
    return kept;
}

static void request_keep(struct request *request, const struct frame *frame, const void *payload,
                         size_t size)
{
    size_t at = 0;
    request->memory = malloc(1 + size + frame->method.size + frame->key.size + frame->trace.size +
                             frame->from.size + frame->assertion.size);
    if (request->memory == NULL)
        abort();
    request->payload_size = size;
    keep(request, &at, (struct frame_text){payload, size});
    request->method = keep(request, &at, frame->method);
    request->key = keep(request, &at, frame->key);
    request->trace = keep(request, &at, frame->trace);
    request->from = keep(request, &at, frame->from);
    request->assertion = keep(request, &at, frame->assertion);
}

/* A frame tells how much time was left when it was sent, and may have waited to be read since the tick before the last:
   that matters where we were stopped or stuck. */
static uint64_t waited_ms(const struct peer *p, uint64_t now)
{
    uint64_t since = now - p->ticked_before;
    return p->ticked != 0 && since > PEER_AWAY_MS ? since : 0;
}

/* 0: it is not begun. Nor is what may have waited while we stood still, if then hardly any time is left: it would end in vain,
   and another has time for it. */
static uint64_t time_left(const struct peer *p, const struct frame *frame, uint64_t now)
{
    uint64_t left = frame->time_left_ms < PEER_LIFE_MS ? frame->time_left_ms : PEER_LIFE_MS;
    uint64_t waited = waited_ms(p, now);
    return waited == 0 || left >= waited + PEER_WORTH_MS ? left - waited : 0;
}

static struct request *request_new(struct peer *p, int link, const struct frame *frame,
                                   const void *payload, size_t size, uint64_t now)
{
    struct request *request = NULL;
    for (size_t i = 0; i < REQUESTS_MAX && request == NULL; i++)
        if (!p->requests[i].used)
            request = &p->requests[i];
    if (request == NULL)
        return NULL;
    *request = (struct request){
        .used = true,
        .receiving = frame->body_size > 0,
        .body_left = frame->body_size,
        .link = link,
        .generation = request->generation,
        .id_high = frame->id_high,
        .id_low = frame->id_low,
        .deadline = now + time_left(p, frame, now),
        .began = now,
    };
    request_keep(request, frame, payload, size);
    p->in_flight++;
    p->links[link].in_flight++;
    return request;
}

static void request_start(struct peer *p, struct request *request, uint64_t now,
                          struct peer_actions *out)
{
    struct peer_action *action = act(out, PEER_START);
    request->receiving = false;
    request->began = now;
    action->handle = handle_of(p, request);
    action->deadline_ms = request->deadline;
    action->frame = (struct frame){.kind = FRAME_REQ,
                                   .method = request->method,
                                   .key = request->key,
                                   .trace = request->trace,
                                   .from = request->from,
                                   .assertion = request->assertion};
    action->payload = request->memory;
    action->payload_size = request->payload_size;
}

/* Its body will not be complete, or not in time: it never starts. */
static void request_drop(struct peer *p, struct request *request, bool tell,
                         struct peer_actions *out)
{
    if (tell)
        say_nack(out, request->link, request->id_high, request->id_low);
    act(out, PEER_CANCEL)->handle = handle_of(p, request);
    request_free(p, request);
}

/* Whoever leaves takes nothing new, but a request with a body whose sender has not said that he knows: the body follows at
   once, and could not be sent anew. */
static bool takes(const struct peer *p, int link, const struct frame *frame)
{
    return !p->draining || (frame->body_size > 0 && !p->drained && !p->links[link].drain_ok);
}

/* An id seen before is passed over: its answer is or was under way. */
static void take_request(struct peer *p, int link, const struct frame *frame, const void *payload,
                         size_t size, uint64_t now, struct peer_actions *out)
{
    if (seen_before(p, frame->id_high, frame->id_low, now))
        return;
    struct request *request = NULL;
    if (takes(p, link, frame) && time_left(p, frame, now) > 0 && size <= FRAME_PAYLOAD_MAX &&
        p->links[link].in_flight < PEER_CAPACITY)
        request = request_new(p, link, frame, payload, size, now);
    if (request == NULL)
        say_nack(out, link, frame->id_high, frame->id_low);
    else if (request->receiving)
        act(out, PEER_BODY_OPEN)->handle = handle_of(p, request);
    else
        request_start(p, request, now, out);
}

static void take_chunk(struct peer *p, int link, const struct frame *frame, const void *payload,
                       size_t size, uint64_t now, struct peer_actions *out)
{
    struct request *request = request_by_id(p, link, frame);
    if (request == NULL || !request->receiving || frame->chunks <= request->chunks)
        return; /* dropped meanwhile, or been here before */
    if (frame->chunks != request->chunks + 1 || size == 0 || size > request->body_left ||
        now >= request->deadline) {
        request_drop(p, request, true, out);
        return;
    }
    struct peer_action *action = act(out, PEER_BODY_DATA);
    action->handle = handle_of(p, request);
    action->payload = payload;
    action->payload_size = size;
    request->chunks++;
    request->body_left -= size;
    if (request->body_left == 0) {
        request_start(p, request, now, out);
    } else if (request->chunks >= request->told + FRAME_WINDOW / 2) {
        say(out, link,
            &(struct frame){.kind = FRAME_WINDOW_MORE,
                            .id_high = request->id_high,
                            .id_low = request->id_low,
                            .chunks = request->chunks});
        request->told = request->chunks;
    }
}

static void take_cancel(struct peer *p, int link, const struct frame *frame,
                        struct peer_actions *out)
{
    struct request *request = request_by_id(p, link, frame);
    if (request == NULL || request->cancelled)
        return;
    if (request->receiving) {
        request_drop(p, request, true, out);
        return;
    }
    request->cancelled = true;
    act(out, PEER_CANCEL)->handle = handle_of(p, request);
}

void peer_done(struct peer *p, uint64_t handle, enum status status, const void *payload,
               size_t payload_size, uint64_t now, struct peer_actions *out)
{
    struct request *request = request_of(p, handle);
    if (request == NULL)
        return;
    p->progress++;
    p->ewma_us = (p->ewma_us * 7 + (now - request->began) * 1000) / 8;
    if (request->link != NO_LINK) {
        struct peer_action *action = say(out, request->link,
                                         &(struct frame){.kind = FRAME_REP,
                                                         .id_high = request->id_high,
                                                         .id_low = request->id_low,
                                                         .status = (uint64_t)status});
        if (!request->cancelled) { /* then all it says is that it is over */
            action->payload = payload;
            action->payload_size = payload_size;
        }
    }
    request_free(p, request);
    if (p->draining)
        peer_tick(p, now, out);
}

/* ---- own calls */

static struct peer_action *call_done(struct peer_actions *out, uint64_t handle, enum status status)
{
    struct peer_action *action = act(out, PEER_CALL_DONE);
    action->handle = handle;
    action->status = status;
    return action;
}

static struct peer_action *call_end(struct call *call, enum status status, struct peer_actions *out)
{
    call->used = false;
    return call_done(out, call->handle, status);
}

/* The gateway heard of last. */
static int link_for_call(const struct peer *p)
{
    int best = NO_LINK;
    for (int i = 0; i < PEER_LINKS_MAX; i++)
        if (p->links[i].state == UP &&
            (best == NO_LINK || p->links[i].heard > p->links[best].heard))
            best = i;
    return best;
}

void peer_call(struct peer *p, uint64_t handle, const char *method, uint64_t timeout_ms,
               const void *payload, size_t payload_size, uint64_t now, struct peer_actions *out)
{
    struct call *call = NULL;
    int link = link_for_call(p);
    for (size_t i = 0; i < PEER_CALLS_MAX && call == NULL; i++)
        if (!p->calls[i].used)
            call = &p->calls[i];
    if (payload_size > FRAME_PAYLOAD_MAX) {
        call_done(out, handle, STATUS_TOO_LARGE);
        return;
    }
    if (link == NO_LINK || call == NULL || p->drained) {
        call_done(out, handle, STATUS_UNAVAILABLE);
        return;
    }
    *call = (struct call){true, handle, ++p->last_call, now + timeout_ms, link};
    struct peer_action *action = say(out, link,
                                     &(struct frame){.kind = FRAME_REQ,
                                                     .id_high = p->epoch,
                                                     .id_low = call->id_low,
                                                     .time_left_ms = timeout_ms,
                                                     .depth = CALL_DEPTH,
                                                     .method = frame_text(method),
                                                     .from = frame_text(p->service)});
    action->payload = payload;
    action->payload_size = payload_size;
}

static void take_reply(struct peer *p, int link, const struct frame *frame, const void *payload,
                       size_t size, struct peer_actions *out)
{
    for (size_t i = 0; i < PEER_CALLS_MAX; i++) {
        struct call *call = &p->calls[i];
        if (!call->used || call->link != link || call->id_low != frame->id_low ||
            frame->id_high != p->epoch)
            continue;
        enum status status = STATUS_UNAVAILABLE;
        if (frame->kind == FRAME_REP)
            status = frame->status < STATUS_COUNT ? (enum status)frame->status : STATUS_INTERNAL;
        struct peer_action *action = call_end(call, status, out);
        action->payload = payload;
        action->payload_size = size;
        return;
    }
}

/* ---- links */

/* The gateway is gone or begins anew: bodies that were coming stay incomplete, calls made through it have an unknown
   end. What runs goes on: the gateway may come back for it. */
static void link_lost(struct peer *p, int link, struct peer_actions *out)
{
    for (size_t i = 0; i < REQUESTS_MAX && p->links[link].in_flight > 0; i++)
        if (p->requests[i].used && p->requests[i].link == link && p->requests[i].receiving)
            request_drop(p, &p->requests[i], false, out);
    for (size_t i = 0; i < PEER_CALLS_MAX; i++)
        if (p->calls[i].used && p->calls[i].link == link)
            call_end(&p->calls[i], STATUS_TIMEOUT, out);
}

void peer_link_remove(struct peer *p, int link, struct peer_actions *out)
{
    if (p->links[link].state == ABSENT)
        return;
    link_lost(p, link, out);
    p->links[link].state = ABSENT;
    for (size_t i = 0; i < REQUESTS_MAX; i++)
        if (p->requests[i].used && p->requests[i].link == link)
            p->requests[i].link = NO_LINK;
}

/* Not known (any more): where it thought otherwise it dials anew at once, else a HELLO is due anyway in its time. */
static void take_refuse(struct peer *p, int link, uint64_t now, struct peer_actions *out)
{
    if (p->links[link].state != UP)
        return;
    link_lost(p, link, out);
    p->links[link].state = DIALLING;
    if (!p->draining)
        say_hello(p, link, now, out);
}

void peer_frame(struct peer *p, int link, const struct frame *frame, const void *payload,
                size_t payload_size, uint64_t now, struct peer_actions *out)
{
    struct link *from = &p->links[link];
    if (from->state == ABSENT)
        return;
    from->heard = now;
    switch (frame->kind) {
    case FRAME_WELCOME:
        from->state = UP;
        from->drain_ok = false;
        break;
    case FRAME_REFUSE:
        take_refuse(p, link, now, out);
        break;
    case FRAME_REQ:
        take_request(p, link, frame, payload, payload_size, now, out);
        break;
    case FRAME_CHUNK:
        take_chunk(p, link, frame, payload, payload_size, now, out);
        break;
    case FRAME_CANCEL:
        take_cancel(p, link, frame, out);
        break;
    case FRAME_REP:
    case FRAME_NACK:
        take_reply(p, link, frame, payload, payload_size, out);
        break;
    case FRAME_DRAIN_OK:
        from->drain_ok = p->draining;
        break;
    case FRAME_PONG: /* being heard is all it says */
    case FRAME_HELLO:
    case FRAME_PING: /* the rest is ours to say */
    case FRAME_DRAIN:
    case FRAME_BYE:
    case FRAME_WINDOW_MORE:
    case FRAME_REVOKE:
    case FRAME_KINDS:
        break;
    }
}

/* ---- time */

static uint64_t oldest_ms(const struct peer *p, uint64_t now)
{
    uint64_t oldest = 0;
    for (size_t i = 0; i < REQUESTS_MAX && p->in_flight > 0; i++) {
        const struct request *request = &p->requests[i];
        if (request->used && !request->receiving && now - request->began > oldest)
            oldest = now - request->began;
    }
    return oldest;
}

static void say_ping(struct peer *p, int link, uint64_t now, struct peer_actions *out)
{
    bool draining = p->draining && !p->links[link].drain_ok;
    p->links[link].said = now;
    say(out, link,
        &(struct frame){.kind = draining ? FRAME_DRAIN : FRAME_PING,
                        .in_flight = p->in_flight,
                        .oldest_ms = oldest_ms(p, now),
                        .progress = p->progress,
                        .ewma_us = p->ewma_us,
                        .credits = PEER_CAPACITY - p->links[link].in_flight,
                        .revocation_seq = p->revocation_seq});
}

static void tick_link(struct peer *p, int i, uint64_t away, uint64_t now, struct peer_actions *out)
{
    struct link *link = &p->links[i];
    if (link->state == ABSENT)
        return;
    link->heard = link->heard + away < now ? link->heard + away : now;
    if (link->state == UP && now - link->heard > PEER_DEAD_MS) {
        link_lost(p, i, out);
        link->state = DIALLING;
    }
    if (link->state == UP && now - link->said >= PEER_HEARTBEAT_MS)
        say_ping(p, i, now, out);
    else if (link->state == DIALLING && !p->draining && now - link->said >= PEER_HELLO_MS)
        say_hello(p, i, now, out);
}

static void tick_requests(struct peer *p, uint64_t now, struct peer_actions *out)
{
    for (size_t i = 0; i < REQUESTS_MAX && p->in_flight > 0; i++) {
        struct request *request = &p->requests[i];
        if (request->used && request->receiving && now >= request->deadline)
            request_drop(p, request, true, out);
    }
    for (size_t i = 0; i < PEER_CALLS_MAX; i++)
        if (p->calls[i].used && now >= p->calls[i].deadline)
            call_end(&p->calls[i], STATUS_TIMEOUT, out);
}

static bool drain_is_known(const struct peer *p)
{
    for (int i = 0; i < PEER_LINKS_MAX; i++)
        if (p->links[i].state == UP && !p->links[i].drain_ok)
            return false;
    return true;
}

static void tick_drain(struct peer *p, uint64_t now, struct peer_actions *out)
{
    if (!p->draining || (now < p->drain_until && (p->in_flight > 0 || !drain_is_known(p))))
        return;
    p->drained = true;
    for (size_t i = 0; i < PEER_CALLS_MAX; i++) /* nobody is here to hear of them later */
        if (p->calls[i].used)
            call_end(&p->calls[i], STATUS_TIMEOUT, out);
    for (int i = 0; i < PEER_LINKS_MAX; i++)
        if (p->links[i].state == UP)
            say(out, i, &(struct frame){.kind = FRAME_BYE});
    act(out, PEER_DRAINED);
}

void peer_tick(struct peer *p, uint64_t now, struct peer_actions *out)
{
    uint64_t gap = now - p->ticked, away = p->ticked != 0 && gap > PEER_AWAY_MS ? gap : 0;
    p->ticked_before = p->ticked == 0 ? now : p->ticked;
    p->ticked = now;
    if (p->drained)
        return;
    for (int i = 0; i < PEER_LINKS_MAX; i++)
        tick_link(p, i, away, now, out);
    tick_requests(p, now, out);
    tick_drain(p, now, out);
}

void peer_drain(struct peer *p, uint64_t now, struct peer_actions *out)
{
    if (p->draining)
        return;
    p->draining = true;
    p->drain_until = now + PEER_DRAIN_MS;
    for (int i = 0; i < PEER_LINKS_MAX; i++)
        if (p->links[i].state == UP)
            say_ping(p, i, now, out);
    tick_drain(p, now, out);
}

void peer_revoke(struct peer *p, const void *session_hash, int64_t account_id, uint64_t seq,
                 struct peer_actions *out)
{
    peer_set_revocation_seq(p, seq);
    for (int i = 0; i < PEER_LINKS_MAX; i++)
        if (p->links[i].state == UP)
            say(out, i,
                &(struct frame){
                    .kind = FRAME_REVOKE,
                    .revocation_seq = seq,
                    .account_id = (uint64_t)account_id,
                    .session_hash = {session_hash, session_hash == NULL ? 0 : FRAME_HASH_MAX}
            });
}
