#include "peer.h"

#include <stdlib.h>
#include <string.h>

enum {
    REQUESTS_MAX = PEER_LINKS_MAX * PEER_CAPACITY,
    SEEN_MAX = 16384, /* ids of the last minute; the oldest goes when there are more */
    SEEN_SLOTS = 32768,
    DEPTH_MAX = 2,
};

struct link {
    enum { ABSENT, DIALLING, UP } state;
    uint64_t heard, said; /* last frame from and to it */
    size_t in_flight;
    bool told_drain, drain_ok;
};

struct request {
    bool used, receiving, cancelled;
    int link;
    uint64_t generation; /* part of the handle: an old handle finds nothing */
    uint64_t id_high, id_low;
    uint64_t deadline, began;
    uint64_t body_left;
    uint64_t window; /* chunks taken since the last WINDOW_MORE */
    struct frame_text method, key, trace, from, assertion; /* in `texts` */
    char texts[96 + 64 + 64 + 32 + 1024];
    unsigned char *payload;
    size_t payload_size;
};

struct call {
    bool used;
    uint64_t handle, id_low, deadline;
    int link;
};

struct seen {
    uint64_t id_high, id_low, at;
    bool used;
};

struct peer {
    const char *service, *instance, *methods;
    uint64_t epoch, revocation_seq, progress, ewma_us, next_call;
    bool draining, drained;
    uint64_t drain_until;
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
        abort(); /* no step makes so many */
    struct peer_action *action = &out->list[out->count++];
    memset(action, 0, sizeof *action);
    action->kind = kind;
    return action;
}

static void say(struct peer *p, struct peer_actions *out, int link, const struct frame *frame,
                const void *payload, size_t size, uint64_t now)
{
    struct peer_action *action = act(out, PEER_SEND);
    action->link = link;
    action->frame = *frame;
    action->payload = payload;
    action->payload_size = size;
    if (now != 0)
        p->links[link].said = now;
}

static void say_hello(struct peer *p, struct peer_actions *out, int link, uint64_t now)
{
    say(p, out, link,
        &(struct frame){.kind = FRAME_HELLO,
                        .service = frame_text(p->service),
                        .instance = frame_text(p->instance),
                        .methods = frame_text(p->methods),
                        .epoch = p->epoch,
                        .capacity = PEER_CAPACITY},
        NULL, 0, now);
}

static void say_about(struct peer *p, struct peer_actions *out, enum frame_kind kind, int link,
                      uint64_t id_high, uint64_t id_low, uint64_t now)
{
    say(p, out, link, &(struct frame){.kind = kind, .id_high = id_high, .id_low = id_low}, NULL, 0,
        now);
}

/* ---- ids seen in the last minute: open addressing, entries age out in place */

static bool seen_before(struct peer *p, uint64_t high, uint64_t low, uint64_t now)
{
    size_t slot = (size_t)(low * UINT64_C(0x9e3779b97f4a7c15) ^ high) % SEEN_SLOTS;
    struct seen *oldest = &p->seen[slot];
    for (size_t i = 0; i < 16; i++) {
        struct seen *seen = &p->seen[(slot + i) % SEEN_SLOTS];
        if (seen->used && seen->id_high == high && seen->id_low == low &&
            now - seen->at < PEER_DEDUP_MS)
            return true;
        if (!seen->used || now - seen->at >= PEER_DEDUP_MS) {
            oldest = seen;
            break;
        }
        if (seen->at < oldest->at)
            oldest = seen;
    }
    *oldest = (struct seen){high, low, now, true};
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
    p->ewma_us = 2000;
    return p;
}

void peer_destroy(struct peer **self)
{
    if (*self == NULL)
        return;
    for (size_t i = 0; i < REQUESTS_MAX; i++)
        free((*self)->requests[i].payload);
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
    say_hello(p, out, link, now);
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
    for (size_t i = 0; i < REQUESTS_MAX && p->in_flight > 0; i++) {
        struct request *request = &p->requests[i];
        if (request->used && request->link == link && request->id_high == frame->id_high &&
            request->id_low == frame->id_low)
            return request;
    }
    return NULL;
}

static void request_free(struct peer *p, struct request *request)
{
    free(request->payload);
    request->payload = NULL;
    request->used = false;
    request->generation++;
    p->in_flight--;
    if (p->links[request->link].in_flight > 0)
        p->links[request->link].in_flight--;
}

static struct frame_text keep(struct request *request, size_t *at, struct frame_text text)
{
    struct frame_text kept = {request->texts + *at, text.size};
    if (text.size > 0)
        memcpy(request->texts + *at, text.data, text.size);
    *at += text.size;
    return kept;
}

static void start(struct peer *p, struct request *request, struct peer_actions *out)
{
    struct peer_action *action = act(out, PEER_START);
    request->receiving = false;
    action->handle = handle_of(p, request);
    action->deadline_ms = request->deadline;
    action->frame = (struct frame){.kind = FRAME_REQ,
                                   .method = request->method,
                                   .key = request->key,
                                   .trace = request->trace,
                                   .from = request->from,
                                   .assertion = request->assertion};
    action->payload = request->payload;
    action->payload_size = request->payload_size;
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
    unsigned char *copy = malloc(size + 1);
    if (copy == NULL)
        abort();
    if (size > 0)
        memcpy(copy, payload, size);
    size_t at = 0;
    request->used = true;
    request->cancelled = false;
    request->receiving = frame->body_size > 0;
    request->body_left = frame->body_size;
    request->window = 0;
    request->link = link;
    request->id_high = frame->id_high;
    request->id_low = frame->id_low;
    request->deadline = now + frame->time_left_ms;
    request->began = now;
    request->payload = copy;
    request->payload_size = size;
    request->method = keep(request, &at, frame->method);
    request->key = keep(request, &at, frame->key);
    request->trace = keep(request, &at, frame->trace);
    request->from = keep(request, &at, frame->from);
    request->assertion = keep(request, &at, frame->assertion);
    p->in_flight++;
    p->links[link].in_flight++;
    return request;
}

/* Late, draining or full: said to be not started, which lets the gateway try elsewhere at once. An id seen before is
   passed over: its answer is or was under way. */
static void take_request(struct peer *p, int link, const struct frame *frame, const void *payload,
                         size_t size, uint64_t now, struct peer_actions *out)
{
    if (seen_before(p, frame->id_high, frame->id_low, now))
        return;
    struct request *request = NULL;
    if (!p->draining && frame->time_left_ms > 0 && p->links[link].in_flight < PEER_CAPACITY)
        request = request_new(p, link, frame, payload, size, now);
    if (request == NULL) {
        say_about(p, out, FRAME_NACK, link, frame->id_high, frame->id_low, now);
        return;
    }
    if (!request->receiving) {
        start(p, request, out);
        return;
    }
    act(out, PEER_BODY_OPEN)->handle = handle_of(p, request);
}

static void take_chunk(struct peer *p, int link, const struct frame *frame, const void *payload,
                       size_t size, uint64_t now, struct peer_actions *out)
{
    struct request *request = request_by_id(p, link, frame);
    if (request == NULL || !request->receiving || request->cancelled || size == 0 ||
        size > request->body_left)
        return;
    struct peer_action *action = act(out, PEER_BODY_DATA);
    action->handle = handle_of(p, request);
    action->payload = payload;
    action->payload_size = size;
    request->body_left -= size;
    if (request->body_left == 0) {
        start(p, request, out);
    } else if (++request->window >= FRAME_WINDOW / 2) {
        say(p, out, link,
            &(struct frame){.kind = FRAME_WINDOW_MORE,
                            .id_high = request->id_high,
                            .id_low = request->id_low,
                            .chunks = request->window},
            NULL, 0, now);
        request->window = 0;
    }
}

static void cancel(struct peer *p, struct request *request, struct peer_actions *out)
{
    if (request->cancelled)
        return;
    request->cancelled = true;
    act(out, PEER_CANCEL)->handle = handle_of(p, request);
    if (request->receiving)
        request_free(p, request); /* it was never started */
}

void peer_done(struct peer *p, uint64_t handle, enum status status, const void *payload,
               size_t payload_size, uint64_t now, struct peer_actions *out)
{
    struct request *request = request_of(p, handle);
    if (request == NULL)
        return;
    p->progress++;
    p->ewma_us = (p->ewma_us * 7 + (now - request->began) * 1000) / 8;
    if (p->links[request->link].state != ABSENT && !request->cancelled)
        say(p, out, request->link,
            &(struct frame){.kind = FRAME_REP,
                            .id_high = request->id_high,
                            .id_low = request->id_low,
                            .status = (uint64_t)status},
            payload, payload_size, now);
    request_free(p, request);
    peer_tick(p, now, out);
}

/* ---- own calls */

static void call_end(struct call *call, enum status status, const void *payload, size_t size,
                     struct peer_actions *out)
{
    struct peer_action *action = act(out, PEER_CALL_DONE);
    action->handle = call->handle;
    action->status = status;
    action->payload = payload;
    action->payload_size = size;
    call->used = false;
}

static int link_for_call(const struct peer *p)
{
    int best = -1;
    for (int i = 0; i < PEER_LINKS_MAX; i++)
        if (p->links[i].state == UP && (best < 0 || p->links[i].heard > p->links[best].heard))
            best = i;
    return best;
}

void peer_call(struct peer *p, uint64_t handle, const char *method, uint64_t timeout_ms,
               const void *payload, size_t payload_size, uint64_t now, struct peer_actions *out)
{
    struct call *call = NULL, failed = {.handle = handle};
    int link = link_for_call(p);
    for (size_t i = 0; i < PEER_CALLS_MAX && call == NULL; i++)
        if (!p->calls[i].used)
            call = &p->calls[i];
    if (link < 0 || call == NULL || payload_size > FRAME_PAYLOAD_MAX) {
        call_end(&failed, STATUS_UNAVAILABLE, NULL, 0, out);
        return;
    }
    *call = (struct call){true, handle, ++p->next_call, now + timeout_ms, link};
    say(p, out, link,
        &(struct frame){.kind = FRAME_REQ,
                        .id_high = p->epoch,
                        .id_low = call->id_low,
                        .time_left_ms = timeout_ms,
                        .depth = 1,
                        .method = frame_text(method),
                        .from = frame_text(p->service)},
        payload, payload_size, now);
}

static void take_reply(struct peer *p, const struct frame *frame, const void *payload, size_t size,
                       struct peer_actions *out)
{
    for (size_t i = 0; i < PEER_CALLS_MAX; i++) {
        struct call *call = &p->calls[i];
        if (!call->used || call->id_low != frame->id_low || frame->id_high != p->epoch)
            continue;
        enum status status = frame->kind == FRAME_NACK       ? STATUS_UNAVAILABLE
                             : frame->status < STATUS_COUNT ? (enum status)frame->status
                                                            : STATUS_INTERNAL;
        call_end(call, status, payload, size, out);
        return;
    }
}

/* ---- links */

/* The gateway is gone or begins anew: what came from it nobody waits for, what was asked through it is unknown. */
static void link_lost(struct peer *p, int link, struct peer_actions *out)
{
    for (size_t i = 0; i < REQUESTS_MAX && p->in_flight > 0; i++)
        if (p->requests[i].used && p->requests[i].link == link && p->requests[i].receiving)
            request_free(p, &p->requests[i]);
    for (size_t i = 0; i < PEER_CALLS_MAX; i++)
        if (p->calls[i].used && p->calls[i].link == link)
            call_end(&p->calls[i], STATUS_TIMEOUT, NULL, 0, out);
}

void peer_link_remove(struct peer *p, int link, struct peer_actions *out)
{
    if (p->links[link].state == ABSENT)
        return;
    link_lost(p, link, out);
    p->links[link].state = ABSENT;
}

void peer_frame(struct peer *p, int link, const struct frame *frame, const void *payload,
                size_t payload_size, uint64_t now, struct peer_actions *out)
{
    struct link *from = &p->links[link];
    struct request *request;
    if (from->state == ABSENT)
        return;
    from->heard = now;
    switch (frame->kind) {
    case FRAME_WELCOME:
        from->state = UP;
        from->told_drain = false;
        break;
    case FRAME_REFUSE:
        from->state = DIALLING; /* a HELLO is due anyway, in its time */
        break;
    case FRAME_REQ:
        take_request(p, link, frame, payload, payload_size, now, out);
        break;
    case FRAME_CHUNK:
        take_chunk(p, link, frame, payload, payload_size, now, out);
        break;
    case FRAME_CANCEL:
        if ((request = request_by_id(p, link, frame)) != NULL)
            cancel(p, request, out);
        break;
    case FRAME_REP:
    case FRAME_NACK:
        take_reply(p, frame, payload, payload_size, out);
        break;
    case FRAME_DRAIN_OK:
        from->drain_ok = true;
        break;
    default:
        break; /* a PONG: being heard is all it says */
    }
}

static void tick_link(struct peer *p, int i, uint64_t now, struct peer_actions *out)
{
    struct link *link = &p->links[i];
    if (link->state == UP && now - link->heard > PEER_DEAD_MS) {
        link_lost(p, i, out);
        link->state = DIALLING;
    }
    if (now - link->said < PEER_HEARTBEAT_MS)
        return;
    if (link->state == DIALLING) {
        if (!p->draining)
            say_hello(p, out, i, now);
        return;
    }
    say(p, out, i,
        &(struct frame){.kind = p->draining && !link->drain_ok ? FRAME_DRAIN : FRAME_PING,
                        .in_flight = p->in_flight,
                        .progress = p->progress,
                        .ewma_us = p->ewma_us,
                        .revocation_seq = p->revocation_seq},
        NULL, 0, now);
}

static bool drain_is_known(const struct peer *p)
{
    for (int i = 0; i < PEER_LINKS_MAX; i++)
        if (p->links[i].state == UP && !p->links[i].drain_ok)
            return false;
    return true;
}

void peer_tick(struct peer *p, uint64_t now, struct peer_actions *out)
{
    if (p->drained)
        return;
    for (int i = 0; i < PEER_LINKS_MAX; i++)
        if (p->links[i].state != ABSENT)
            tick_link(p, i, now, out);
    for (size_t i = 0; i < PEER_CALLS_MAX; i++)
        if (p->calls[i].used && now >= p->calls[i].deadline)
            call_end(&p->calls[i], STATUS_TIMEOUT, NULL, 0, out);
    if (!p->draining || (now < p->drain_until && (p->in_flight > 0 || !drain_is_known(p))))
        return;
    p->drained = true;
    for (int i = 0; i < PEER_LINKS_MAX; i++)
        if (p->links[i].state == UP)
            say(p, out, i, &(struct frame){.kind = FRAME_BYE}, NULL, 0, now);
    act(out, PEER_DRAINED);
}

void peer_drain(struct peer *p, uint64_t now, struct peer_actions *out)
{
    p->draining = true;
    p->drain_until = now + PEER_DRAIN_MS;
    for (int i = 0; i < PEER_LINKS_MAX; i++)
        if (p->links[i].state == UP)
            say(p, out, i, &(struct frame){.kind = FRAME_DRAIN}, NULL, 0, now);
    peer_tick(p, now, out);
}

void peer_revoke(struct peer *p, const void *session_hash, int64_t account_id, uint64_t seq,
                 struct peer_actions *out)
{
    peer_set_revocation_seq(p, seq);
    for (int i = 0; i < PEER_LINKS_MAX; i++)
        if (p->links[i].state == UP)
            say(p, out, i,
                &(struct frame){.kind = FRAME_REVOKE,
                                .revocation_seq = seq,
                                .account_id = (uint64_t)account_id,
                                .session_hash = {session_hash, session_hash == NULL ? 0 : 32}},
                NULL, 0, 0);
}
