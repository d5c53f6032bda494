#include "router.h"

#include <stdlib.h>
#include <string.h>

enum { NOBODY = -1 };

struct peer {
    enum { FREE, LIVE, SUSPECT, DRAINING } state;
    int service;
    char instance[65], methods[4097];
    uint64_t heard, capacity, outstanding, ewma_us, revocation_seq;
};

struct service {
    char name[33];
    size_t waiting;
};

struct request {
    bool used, sent, idempotent;
    uint64_t number;            /* the client's */
    int asker;                  /* a peer that calls another service, or NOBODY: a client */
    uint64_t asker_high, asker_low;
    int service, peer;
    uint64_t id_high, id_low;
    uint64_t deadline, since, body_size, chunks, window;
    unsigned attempts;
    uint64_t depth;
    char method[97], key[65], trace[65], from[33];
    unsigned char assertion[1024];
    size_t assertion_size;
    unsigned char *payload; /* of a service's call; a client's is kept by the caller */
    size_t payload_size;
};

struct router {
    const char *instance;
    uint64_t random, session, last_id;
    uint64_t revocation_seq, auth_heard;
    bool cache_good;
    struct peer peers[ROUTER_PEERS_MAX];
    struct service services[ROUTER_SERVICES_MAX];
    int services_count;
    struct request requests[ROUTER_REQUESTS_MAX];
    size_t in_flight;
};

static uint64_t next_random(struct router *r)
{
    r->random += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
    uint64_t z = r->random;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static struct router_action *act(struct router_actions *out, enum router_action_kind kind)
{
    if (out->count == ROUTER_ACTIONS_MAX)
        abort(); /* no step makes so many */
    struct router_action *action = &out->list[out->count++];
    memset(action, 0, sizeof *action);
    action->kind = kind;
    return action;
}

static void say(struct router_actions *out, int peer, const struct frame *frame)
{
    struct router_action *action = act(out, ROUTER_SEND);
    action->peer = peer;
    action->frame = *frame;
}

struct router *router_new(const char *instance, uint64_t seed)
{
    struct router *r = calloc(1, sizeof *r);
    if (r == NULL)
        abort();
    r->instance = instance;
    r->random = seed;
    r->session = next_random(r) | 1;
    return r;
}

void router_destroy(struct router **self)
{
    if (*self == NULL)
        return;
    for (size_t i = 0; i < ROUTER_REQUESTS_MAX; i++)
        free((*self)->requests[i].payload);
    free(*self);
    *self = NULL;
}

/* ---- services by name */

static int service_of(struct router *r, const char *name)
{
    for (int i = 0; i < r->services_count; i++)
        if (strcmp(r->services[i].name, name) == 0)
            return i;
    if (r->services_count == ROUTER_SERVICES_MAX || strlen(name) >= sizeof r->services[0].name)
        return NOBODY;
    memcpy(r->services[r->services_count].name, name, strlen(name) + 1);
    return r->services_count++;
}

size_t router_live(const struct router *r, const char *service)
{
    size_t live = 0;
    for (int i = 0; i < ROUTER_PEERS_MAX; i++)
        live += r->peers[i].state == LIVE &&
                strcmp(r->services[r->peers[i].service].name, service) == 0;
    return live;
}

size_t router_waiting(const struct router *r)
{
    size_t waiting = 0;
    for (int i = 0; i < r->services_count; i++)
        waiting += r->services[i].waiting;
    return waiting;
}

size_t router_in_flight(const struct router *r)
{
    return r->in_flight;
}

bool router_peer_is_free(const struct router *r, int peer)
{
    return r->peers[peer].state == FREE;
}

/* "+ListFees\nSaveDraft": is the method there, and harmless to repeat? */
static bool method_is_idempotent(const char *methods, const char *method)
{
    size_t size = strlen(method);
    for (const char *line = methods; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        if (line[0] == '+' && length == size + 1 && memcmp(line + 1, method, size) == 0)
            return true;
        line += length + (line[length] == '\n');
    }
    return false;
}

/* ---- the end of a request: exactly once */

static void request_free(struct router *r, struct request *request)
{
    if (request->sent && request->peer != NOBODY && r->peers[request->peer].outstanding > 0)
        r->peers[request->peer].outstanding--;
    if (!request->sent)
        r->services[request->service].waiting--;
    free(request->payload);
    request->payload = NULL;
    request->used = false;
    r->in_flight--;
}

static void request_end(struct router *r, struct request *request, enum status status,
                        const void *payload, size_t size, uint32_t retry_after_s,
                        struct router_actions *out)
{
    struct router_action *action;
    if (request->asker == NOBODY) {
        action = act(out, ROUTER_ANSWER);
        action->request = request->number;
    } else {
        action = act(out, ROUTER_SEND);
        action->peer = request->asker;
        action->frame = (struct frame){.kind = FRAME_REP,
                                       .id_high = request->asker_high,
                                       .id_low = request->asker_low,
                                       .status = (uint64_t)status};
    }
    action->status = status;
    action->payload = payload;
    action->payload_size = size;
    action->retry_after_s = retry_after_s;
    request_free(r, request);
}

/* ---- choosing and sending */

/* The least of (own outstanding) × EWMA over capacity, ties by chance. */
static int choose(struct router *r, int service)
{
    int best = NOBODY;
    uint64_t best_load = UINT64_MAX;
    unsigned ties = 0;
    for (int i = 0; i < ROUTER_PEERS_MAX; i++) {
        const struct peer *peer = &r->peers[i];
        if (peer->state != LIVE || peer->service != service || peer->outstanding >= peer->capacity)
            continue;
        uint64_t load = (peer->outstanding + 1) * peer->ewma_us / peer->capacity;
        if (load < best_load) {
            best = i;
            best_load = load;
            ties = 1;
        } else if (load == best_load && next_random(r) % ++ties == 0) {
            best = i;
        }
    }
    return best;
}

static void send_to(struct router *r, struct request *request, int peer, uint64_t now,
                    struct router_actions *out)
{
    struct router_action *action = act(out, ROUTER_SEND);
    request->peer = peer;
    request->sent = true;
    request->since = now;
    request->attempts++;
    request->window = FRAME_WINDOW;
    request->chunks = 0;
    /* a new id for each attempt: the instance that had it before must not take it for a duplicate */
    request->id_high = r->session;
    request->id_low = ++r->last_id;
    r->services[request->service].waiting--;
    r->peers[peer].outstanding++;
    request->idempotent = method_is_idempotent(r->peers[peer].methods, request->method);

    action->peer = peer;
    action->request = request->number;
    action->payload = request->payload;
    action->payload_size = request->payload_size;
    action->frame = (struct frame){
        .kind = FRAME_REQ,
        .id_high = request->id_high,
        .id_low = request->id_low,
        .time_left_ms = request->deadline - now,
        .attempt = request->attempts,
        .depth = request->depth,
        .body_size = request->body_size,
        .method = frame_text(request->method),
        .key = frame_text(request->key),
        .trace = frame_text(request->trace),
        .from = frame_text(request->from),
        .assertion = {(const char *)request->assertion, request->assertion_size},
    };
    if (request->body_size > 0 && request->asker == NOBODY) {
        action = act(out, ROUTER_WINDOW);
        action->request = request->number;
        action->chunks = FRAME_WINDOW;
    }
}

/* Who waits longest by deadline goes first, as long as somebody has credit. */
static void serve_queue(struct router *r, int service, uint64_t now, struct router_actions *out)
{
    while (r->services[service].waiting > 0) {
        struct request *first = NULL;
        for (size_t i = 0; i < ROUTER_REQUESTS_MAX; i++) {
            struct request *request = &r->requests[i];
            if (request->used && !request->sent && request->service == service &&
                (first == NULL || request->deadline < first->deadline))
                first = request;
        }
        int peer = choose(r, service);
        if (first == NULL || peer == NOBODY)
            return;
        if (first->deadline <= now)
            request_end(r, first, STATUS_UNAVAILABLE, NULL, 0, 1, out);
        else
            send_to(r, first, peer, now, out);
    }
}

/* Back to the queue, or to its end. `started` says that the effect may have happened. */
static void request_again(struct router *r, struct request *request, bool started, uint64_t now,
                          struct router_actions *out)
{
    bool safe = !started || request->idempotent || request->key[0] != '\0';
    bool streamed = request->body_size > 0 && request->chunks > 0;
    if (!safe || streamed || request->attempts >= ROUTER_ATTEMPTS_MAX || request->deadline <= now) {
        request_end(r, request, started ? STATUS_TIMEOUT : STATUS_UNAVAILABLE, NULL, 0, 1, out);
        return;
    }
    if (r->peers[request->peer].outstanding > 0)
        r->peers[request->peer].outstanding--;
    request->sent = false;
    request->peer = NOBODY;
    request->since = now;
    r->services[request->service].waiting++;
}

/* ---- asking */

static struct request *request_new(struct router *r, int service)
{
    for (size_t i = 0; i < ROUTER_REQUESTS_MAX; i++) {
        struct request *request = &r->requests[i];
        if (request->used)
            continue;
        memset(request, 0, sizeof *request);
        request->used = true;
        request->asker = request->peer = NOBODY;
        request->service = service;
        r->services[service].waiting++;
        r->in_flight++;
        return request;
    }
    return NULL;
}

static bool text_fits(const char *text, char *out, size_t room)
{
    size_t size = text == NULL ? 0 : strlen(text);
    if (size >= room)
        return false;
    if (size > 0)
        memcpy(out, text, size);
    out[size] = '\0';
    return true;
}

void router_submit(struct router *r, const struct router_ask *ask, uint64_t now,
                   struct router_actions *out)
{
    int service = service_of(r, ask->service);
    struct request *request = NULL;
    if (service != NOBODY && r->services[service].waiting < ROUTER_QUEUE_MAX)
        request = request_new(r, service);
    if (request == NULL) {
        struct router_action *action = act(out, ROUTER_ANSWER);
        action->request = ask->request;
        action->status = STATUS_UNAVAILABLE;
        action->retry_after_s = 1;
        return;
    }
    request->number = ask->request;
    request->deadline = ask->deadline_ms;
    request->since = now;
    request->body_size = ask->body_size;
    memcpy(request->from, "gateway", sizeof "gateway");
    bool fits = text_fits(ask->method, request->method, sizeof request->method) &&
                text_fits(ask->key, request->key, sizeof request->key) &&
                text_fits(ask->trace, request->trace, sizeof request->trace) &&
                ask->assertion_size <= sizeof request->assertion;
    if (!fits) {
        request_end(r, request, STATUS_MALFORMED, NULL, 0, 0, out);
        return;
    }
    if (ask->assertion_size > 0)
        memcpy(request->assertion, ask->assertion, ask->assertion_size);
    request->assertion_size = ask->assertion_size;
    serve_queue(r, service, now, out);
}

static struct request *client_request(struct router *r, uint64_t number)
{
    for (size_t i = 0; i < ROUTER_REQUESTS_MAX && r->in_flight > 0; i++)
        if (r->requests[i].used && r->requests[i].asker == NOBODY && r->requests[i].number == number)
            return &r->requests[i];
    return NULL;
}

static void tell_cancel(const struct request *request, struct router_actions *out)
{
    if (request->sent)
        say(out, request->peer,
            &(struct frame){.kind = FRAME_CANCEL,
                            .id_high = request->id_high,
                            .id_low = request->id_low});
}

void router_abandon(struct router *r, uint64_t number, struct router_actions *out)
{
    struct request *request = client_request(r, number);
    if (request == NULL)
        return;
    tell_cancel(request, out);
    request_free(r, request);
}

bool router_chunk(struct router *r, uint64_t number, const void *data, size_t size,
                  struct router_actions *out)
{
    struct request *request = client_request(r, number);
    if (request == NULL || !request->sent || request->window == 0)
        return false;
    request->window--;
    request->chunks++;
    struct router_action *action = act(out, ROUTER_SEND);
    action->peer = request->peer;
    action->request = number;
    action->payload = data;
    action->payload_size = size;
    action->frame = (struct frame){.kind = FRAME_CHUNK,
                                   .id_high = request->id_high,
                                   .id_low = request->id_low,
                                   .chunks = request->chunks};
    return true;
}

/* ---- peers */

static void peer_lost(struct router *r, int index, uint64_t now, struct router_actions *out)
{
    struct peer *peer = &r->peers[index];
    int service = peer->service;
    if (peer->state == FREE)
        return;
    peer->state = FREE;
    for (size_t i = 0; i < ROUTER_REQUESTS_MAX && r->in_flight > 0; i++) {
        struct request *request = &r->requests[i];
        if (request->used && request->asker == index) {
            tell_cancel(request, out);
            request_free(r, request); /* nobody to tell */
        } else if (request->used && request->sent && request->peer == index) {
            request_again(r, request, true, now, out);
        }
    }
    peer->outstanding = 0;
    serve_queue(r, service, now, out);
}

static bool service_name_is_good(struct frame_text name)
{
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] < 'a' || name.data[i] > 'z')
            return false;
    return name.size > 0;
}

static void take_hello(struct router *r, int index, const struct frame *frame, uint64_t now,
                       struct router_actions *out)
{
    struct peer *peer = &r->peers[index];
    char name[33], instance[65];
    frame_text_copy(frame->service, name, sizeof name);
    frame_text_copy(frame->instance, instance, sizeof instance);
    int service = service_name_is_good(frame->service) ? service_of(r, name) : NOBODY;
    if (service == NOBODY || frame->capacity == 0) {
        say(out, index, &(struct frame){.kind = FRAME_REFUSE, .trace = frame_text("service")});
        return;
    }
    /* a HELLO again (its WELCOME was lost) changes nothing; another instance on the connection begins anew */
    if (peer->state == FREE || strcmp(peer->instance, instance) != 0) {
        peer_lost(r, index, now, out);
        *peer = (struct peer){.state = LIVE, .service = service, .ewma_us = 2000};
        peer->capacity = frame->capacity < 1024 ? frame->capacity : 1024;
        memcpy(peer->instance, instance, sizeof instance);
        frame_text_copy(frame->methods, peer->methods, sizeof peer->methods);
    }
    peer->heard = now;
    say(out, index, &(struct frame){.kind = FRAME_WELCOME, .instance = frame_text(r->instance)});
    serve_queue(r, service, now, out);
}

/* auth tells the number of revocations in each PING: a gap means that one was missed. */
static void take_revocation_seq(struct router *r, const struct peer *peer, uint64_t seq,
                                uint64_t now, struct router_actions *out)
{
    if (strcmp(r->services[peer->service].name, "auth") != 0)
        return;
    r->auth_heard = now;
    if (seq > r->revocation_seq) {
        r->revocation_seq = seq;
        act(out, ROUTER_FORGET);
    }
    r->cache_good = true;
}

static void take_revoke(struct router *r, const struct frame *frame, struct router_actions *out)
{
    if (frame->revocation_seq == r->revocation_seq + 1 || frame->revocation_seq <= r->revocation_seq) {
        struct router_action *action = act(out, ROUTER_REVOKED);
        action->frame = *frame;
    } else {
        act(out, ROUTER_FORGET);
    }
    if (frame->revocation_seq > r->revocation_seq)
        r->revocation_seq = frame->revocation_seq;
}

static struct request *sent_request(struct router *r, int peer, const struct frame *frame)
{
    if (frame->id_high != r->session)
        return NULL;
    for (size_t i = 0; i < ROUTER_REQUESTS_MAX && r->in_flight > 0; i++) {
        struct request *request = &r->requests[i];
        if (request->used && request->sent && request->peer == peer &&
            request->id_low == frame->id_low)
            return request;
    }
    return NULL;
}

static void take_reply(struct router *r, int peer, const struct frame *frame, const void *payload,
                       size_t size, uint64_t now, struct router_actions *out)
{
    struct request *request = sent_request(r, peer, frame);
    if (request == NULL)
        return; /* late: it has been answered otherwise */
    uint64_t took_us = (now - request->since) * 1000;
    r->peers[peer].ewma_us = (r->peers[peer].ewma_us * 7 + took_us) / 8 + 1;
    enum status status =
        frame->status < STATUS_COUNT ? (enum status)frame->status : STATUS_INTERNAL;
    request_end(r, request, status, payload, size, 0, out);
    serve_queue(r, r->peers[peer].service, now, out);
}

/* A service calls another: "notification.DeliverEvent". */
static void take_call(struct router *r, int peer, const struct frame *frame, const void *payload,
                      size_t size, uint64_t now, struct router_actions *out)
{
    char method[97];
    frame_text_copy(frame->method, method, sizeof method);
    char *dot = strchr(method, '.');
    int service = NOBODY;
    if (dot != NULL) {
        *dot = '\0';
        service = service_of(r, method);
    }
    struct request *request = NULL;
    if (service != NOBODY && frame->depth < ROUTER_DEPTH_MAX && frame->time_left_ms > 0 &&
        r->services[service].waiting < ROUTER_QUEUE_MAX)
        request = request_new(r, service);
    if (request == NULL) {
        say(out, peer,
            &(struct frame){.kind = FRAME_NACK, .id_high = frame->id_high, .id_low = frame->id_low});
        return;
    }
    request->asker = peer;
    request->asker_high = frame->id_high;
    request->asker_low = frame->id_low;
    request->deadline = now + frame->time_left_ms;
    request->since = now;
    request->depth = frame->depth + 1;
    memcpy(request->method, dot + 1, strlen(dot + 1) + 1);
    /* who calls is what the connection said in its HELLO, not what the frame says */
    const char *from = r->services[r->peers[peer].service].name;
    memcpy(request->from, from, strlen(from) + 1);
    frame_text_copy(frame->trace, request->trace, sizeof request->trace);
    request->payload = malloc(size + 1);
    if (request->payload == NULL)
        abort();
    if (size > 0)
        memcpy(request->payload, payload, size);
    request->payload_size = size;
    serve_queue(r, service, now, out);
}

static void take_window(struct router *r, int peer, const struct frame *frame,
                        struct router_actions *out)
{
    struct request *request = sent_request(r, peer, frame);
    if (request == NULL || frame->chunks > FRAME_WINDOW - request->window)
        return;
    request->window += frame->chunks;
    struct router_action *action = act(out, ROUTER_WINDOW);
    action->request = request->number;
    action->chunks = (uint32_t)frame->chunks;
}

void router_frame(struct router *r, int index, const struct frame *frame, const void *payload,
                  size_t payload_size, uint64_t now, struct router_actions *out)
{
    struct peer *peer = &r->peers[index];
    struct request *request;
    if (frame->kind == FRAME_HELLO) {
        take_hello(r, index, frame, now, out);
        return;
    }
    if (peer->state == FREE) { /* it was given up meanwhile: it may introduce itself again */
        if (frame->kind != FRAME_BYE)
            say(out, index, &(struct frame){.kind = FRAME_REFUSE, .trace = frame_text("unknown")});
        return;
    }
    peer->heard = now;
    if (peer->state == SUSPECT) {
        peer->state = LIVE;
        serve_queue(r, peer->service, now, out);
    }
    switch (frame->kind) {
    case FRAME_PING:
        take_revocation_seq(r, peer, frame->revocation_seq, now, out);
        say(out, index, &(struct frame){.kind = FRAME_PONG});
        break;
    case FRAME_REP:
        take_reply(r, index, frame, payload, payload_size, now, out);
        break;
    case FRAME_NACK:
        if ((request = sent_request(r, index, frame)) != NULL) {
            request_again(r, request, false, now, out);
            serve_queue(r, peer->service, now, out);
        }
        break;
    case FRAME_REQ:
        take_call(r, index, frame, payload, payload_size, now, out);
        break;
    case FRAME_WINDOW_MORE:
        take_window(r, index, frame, out);
        break;
    case FRAME_REVOKE:
        take_revoke(r, frame, out);
        break;
    case FRAME_DRAIN:
        peer->state = DRAINING;
        say(out, index, &(struct frame){.kind = FRAME_DRAIN_OK});
        break;
    case FRAME_BYE:
        peer_lost(r, index, now, out);
        break;
    default:
        break;
    }
}

void router_send_failed(struct router *r, int peer, uint64_t number, uint64_t now,
                        struct router_actions *out)
{
    struct request *request = client_request(r, number);
    if (request != NULL && request->sent && request->peer == peer) {
        request_again(r, request, false, now, out);
        /* full or gone: no new work until it is heard of */
        if (r->peers[peer].state == LIVE)
            r->peers[peer].state = SUSPECT;
        serve_queue(r, request->service, now, out);
    }
}

/* ---- time */

static void tick_request(struct router *r, struct request *request, uint64_t now,
                         struct router_actions *out)
{
    if (now >= request->deadline) {
        tell_cancel(request, out);
        request_end(r, request, request->sent ? STATUS_TIMEOUT : STATUS_UNAVAILABLE, NULL, 0, 1,
                    out);
    } else if (!request->sent && now - request->since >= ROUTER_APPEAR_MS) {
        for (int i = 0; i < ROUTER_PEERS_MAX; i++)
            if (r->peers[i].state == LIVE && r->peers[i].service == request->service)
                return; /* busy, not absent */
        request_end(r, request, STATUS_UNAVAILABLE, NULL, 0, 2, out);
    }
}

void router_tick(struct router *r, uint64_t now, struct router_actions *out)
{
    for (int i = 0; i < ROUTER_PEERS_MAX; i++) {
        struct peer *peer = &r->peers[i];
        if (peer->state == FREE)
            continue;
        if (now - peer->heard > ROUTER_DEAD_MS)
            peer_lost(r, i, now, out);
        else if (now - peer->heard > ROUTER_SUSPECT_MS && peer->state == LIVE)
            peer->state = SUSPECT;
    }
    for (size_t i = 0; i < ROUTER_REQUESTS_MAX && r->in_flight > 0; i++)
        if (r->requests[i].used)
            tick_request(r, &r->requests[i], now, out);
    if (r->cache_good && now - r->auth_heard > ROUTER_DEAD_MS) {
        r->cache_good = false;
        act(out, ROUTER_FORGET);
    }
}
