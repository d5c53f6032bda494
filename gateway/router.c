#include "router_choice.h"
#include "router_table.h"

#include <stdlib.h>
#include <string.h>

enum {
    CAPACITY_MAX = 1024,
    OTHERS_MAX = 1 << 20,
};

/* How an attempt ended without an answer. */
enum attempt_end {
    REFUSED,     /* it never left */
    NOT_STARTED, /* it came, and nobody begins it */
    SILENT,      /* perhaps it runs, perhaps it is done */
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
        abort(); /* see ROUTER_ACTIONS_MAX */
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
    r->session = next_random(r);
    for (size_t i = 0; i < ROUTER_REQUESTS_MAX; i++)
        r->order[i] = r->place[i] = (uint16_t)i;
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

size_t router_live(const struct router *r, const char *service)
{
    int found = service_find(r, service);
    return found == NOBODY ? 0 : service_live(r, found, 0);
}

size_t router_waiting(const struct router *r)
{
    size_t waiting = 0;
    for (int i = 0; i < ROUTER_SERVICES_MAX; i++)
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

static void request_end(struct router *r, struct request *request, enum status status,
                        const void *payload, size_t size, uint32_t retry_after_s,
                        struct router_actions *out)
{
    struct router_action *action = act(out, request->asker == NOBODY ? ROUTER_ANSWER : ROUTER_SEND);
    if (request->asker == NOBODY) {
        action->request = request->number;
    } else {
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

static void request_fail(struct router *r, struct request *request, uint32_t retry_after_s,
                         struct router_actions *out)
{
    request_end(r, request, request->perhaps_done ? STATUS_TIMEOUT : STATUS_UNAVAILABLE, NULL, 0,
                retry_after_s, out);
}

/* Whoever has it is not to go on; until he says that it is over, it takes one of his credits. */
static void tell_cancel(struct router *r, const struct request *request, struct router_actions *out)
{
    if (request->state != SENT)
        return;
    r->peers[request->peer].owed++;
    say(out, request->peer,
        &(struct frame){.kind = FRAME_CANCEL, .id_high = r->session, .id_low = request->id_low});
}

/* A last word on a request that was given up. */
static void note_over(struct router *r, int peer, const struct frame *frame)
{
    if (frame->id_high == r->session && r->peers[peer].owed > 0)
        r->peers[peer].owed--;
}

/* The peer that has it gives no answer. Nobody starts a request whose body is incomplete. */
static void note_silence(struct request *request)
{
    if (request->state == SENT && request->body_left == 0)
        request->perhaps_done = true;
}

/* Each request that is sent for the first time pays for a tenth of a repeat. */
static void repeats_add(struct service *service, uint64_t hundredths, uint64_t most)
{
    if (service->repeats < 100 * most)
        service->repeats += hundredths < 100 * most ? hundredths : 100 * most;
}

static bool repeats_take(struct service *service)
{
    if (service->repeats < 100)
        return false;
    service->repeats -= 100;
    return true;
}

/* Back to the queue, or to its end. Pieces of a body are gone once sent. */
static void request_again(struct router *r, struct request *request, enum attempt_end end,
                          uint64_t now, struct router_actions *out)
{
    if (end == SILENT)
        note_silence(request);
    bool safe = !request->perhaps_done || request->repeatable;
    if (!safe || request->chunks > 0 || request->attempts >= ROUTER_ATTEMPTS_MAX ||
        request->deadline <= now ||
        (end != REFUSED && !repeats_take(&r->services[request->service]))) {
        request_fail(r, request, 1, out);
        return;
    }
    request_take_back(r, request);
    request->since = request->not_before = now;
    bool full = end == NOT_STARTED && service_live(r, request->service, request->tried) == 0;
    if (full)
        request->tried = 0; /* all there are had no room: one of them has it first */
    if (full || end == SILENT)
        request->not_before += ROUTER_JITTER_MS + next_random(r) % (3 * ROUTER_JITTER_MS + 1);
    queue_insert(r, request);
}

/* ---- choosing and sending */

static bool peer_has_credit(const struct peer *peer, int service)
{
    return peer->state == LIVE && peer->service == service &&
           peer->outstanding + peer->owed < peer->capacity;
}

/* The least loaded, ties by chance. */
static int choose(struct router *r, const struct request *request, uint64_t now)
{
    int best = NOBODY;
    uint64_t best_load = UINT64_MAX;
    unsigned ties = 0;
    for (int i = 0; i < ROUTER_PEERS_MAX; i++) {
        const struct peer *peer = &r->peers[i];
        if (!peer_has_credit(peer, request->service) || (request->tried >> i & 1) != 0)
            continue;
        uint64_t load = peer_load(peer, now);
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

static void say_request(const struct router *r, const struct request *request, uint64_t now,
                        struct router_actions *out)
{
    struct router_action *action = act(out, ROUTER_SEND);
    action->peer = request->peer;
    action->request = request->number;
    action->payload = request->payload;
    action->payload_size = request->payload_size;
    action->frame = (struct frame){
        .kind = FRAME_REQ,
        .id_high = r->session,
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
}

static void send_to(struct router *r, struct request *request, int index, uint64_t now,
                    struct router_actions *out)
{
    request_take_back(r, request);
    request->state = SENT;
    request->peer = index;
    request->since = now;
    if (request->attempts++ == 0)
        repeats_add(&r->services[request->service], ROUTER_REPEAT_PERCENT, ROUTER_REPEATS_SAVED);
    request->tried |= UINT64_C(1) << index;
    /* a new id for each attempt: it tells this one's answer from an earlier one's */
    request->id_low = ++r->last_id * ROUTER_REQUESTS_MAX + (uint64_t)(request - r->requests);
    request->repeatable =
        request->key[0] != '\0' || method_is_idempotent(r->methods[index], request->method);
    r->peers[index].outstanding++;
    say_request(r, request, now, out);
    if (request->body_size > 0 && request->attempts == 1) {
        struct router_action *action = act(out, ROUTER_WINDOW);
        action->request = request->number;
        action->chunks = FRAME_WINDOW;
    }
}

static bool service_has_credit(const struct router *r, int service)
{
    for (int i = 0; i < ROUTER_PEERS_MAX; i++)
        if (peer_has_credit(&r->peers[i], service))
            return true;
    return false;
}

/* In the queue's order, as long as somebody has credit. The last thing in each step: what has been put
   into the list of actions stays valid. */
static void serve_queues(struct router *r, uint64_t now, struct router_actions *out)
{
    for (int service = 0; service < ROUTER_SERVICES_MAX; service++) {
        struct request *request = r->services[service].first, *next;
        for (; request != NULL && service_has_credit(r, service); request = next) {
            next = request->next;
            if (now < request->not_before || now >= request->deadline)
                continue;
            int peer = choose(r, request, now);
            if (peer != NOBODY)
                send_to(r, request, peer, now, out);
        }
    }
}

/* Is there nobody to wait for? Instances that had it before do not count. */
static bool waits_in_vain(const struct router *r, const struct request *request, uint64_t now)
{
    return service_live(r, request->service, request->tried) == 0 &&
           (now - request->since >= ROUTER_APPEAR_MS ||
            now - r->services[request->service].live_at >= ROUTER_APPEAR_MS);
}

/* A place in the service's queue, if there is a prospect of being served in time. Where it is full its last gives way. */
static struct request *request_admit(struct router *r, int service, enum router_class class,
                                     uint64_t deadline, uint64_t now, struct router_actions *out)
{
    if (now + service_wait_ms(r, service, class, deadline) > deadline)
        return NULL;
    if (r->services[service].waiting >= ROUTER_QUEUE_MAX) {
        struct request *last = r->services[service].last;
        if (last->class <= class)
            return NULL;
        request_fail(r, last, 1, out);
    }
    struct request *request = request_new(r, service, now);
    if (request != NULL)
        request->class = class;
    return request;
}

/* ---- clients ask */

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

static bool request_fill(struct request *request, const struct router_ask *ask)
{
    request->number = ask->request;
    request->deadline = ask->deadline_ms;
    request->body_size = request->body_left = ask->body_size;
    memcpy(request->from, "gateway", sizeof "gateway");
    if (!text_fits(ask->method, request->method, sizeof request->method) ||
        !text_fits(ask->key, request->key, sizeof request->key) ||
        !text_fits(ask->trace, request->trace, sizeof request->trace) ||
        ask->assertion_size > sizeof request->assertion)
        return false;
    if (ask->assertion_size > 0)
        memcpy(request->assertion, ask->assertion, ask->assertion_size);
    request->assertion_size = ask->assertion_size;
    return true;
}

void router_submit(struct router *r, const struct router_ask *ask, uint64_t now,
                   struct router_actions *out)
{
    int service = service_add(r, ask->service);
    struct request *request = NULL;
    if (service != NOBODY)
        request = request_admit(r, service, ask->class, ask->deadline_ms, now, out);
    if (request == NULL) {
        struct router_action *action = act(out, ROUTER_ANSWER);
        action->request = ask->request;
        action->status = STATUS_UNAVAILABLE;
        action->retry_after_s = 1;
        return;
    }
    if (!request_fill(request, ask)) {
        request_end(r, request, STATUS_MALFORMED, NULL, 0, 0, out);
        return;
    }
    if (waits_in_vain(r, request, now)) {
        request_fail(r, request, 2, out);
        return;
    }
    queue_insert(r, request);
    serve_queues(r, now, out);
}

void router_abandon(struct router *r, uint64_t number, struct router_actions *out)
{
    struct request *request = request_of_client(r, number);
    if (request == NULL)
        return;
    tell_cancel(r, request, out);
    request_free(r, request);
}

bool router_chunk(struct router *r, uint64_t number, const void *data, size_t size,
                  struct router_actions *out)
{
    struct request *request = request_of_client(r, number);
    if (request == NULL)
        return false;
    /* it may have gone back to the queue after its window had been opened */
    if (request->state != SENT || request->chunks - request->taken >= FRAME_WINDOW || size == 0 ||
        size > FRAME_CHUNK_MAX || size > request->body_left) {
        tell_cancel(r, request, out);
        request_fail(r, request, 1, out);
        return false;
    }
    request->chunks++;
    request->body_left -= size;
    struct router_action *action = act(out, ROUTER_SEND);
    action->peer = request->peer;
    action->request = number;
    action->payload = data;
    action->payload_size = size;
    action->frame = (struct frame){.kind = FRAME_CHUNK,
                                   .id_high = r->session,
                                   .id_low = request->id_low,
                                   .chunks = request->chunks};
    return true;
}

/* ---- peers come and go */

static void peer_lost(struct router *r, int index, uint64_t now, struct router_actions *out)
{
    struct peer *peer = &r->peers[index];
    if (peer->state == FREE)
        return;
    peer->state = FREE;
    for (size_t i = r->in_flight; i-- > 0;) { /* backwards: an end moves the last into its place */
        struct request *request = request_at(r, i);
        if (request->asker == index) {
            tell_cancel(r, request, out);
            request_free(r, request); /* nobody to tell */
        } else if (request->state == SENT && request->peer == index) {
            request_again(r, request, SILENT, now, out);
        }
    }
}

static bool peer_is(const struct peer *peer, int service, const struct frame *hello)
{
    return peer->service == service && peer->epoch == hello->epoch &&
           frame_text_is(hello->instance, peer->instance);
}

/* The instance has dialled anew: what it has from us, and has asked, goes on over the new connection. */
static void peer_move(struct router *r, int from, int to)
{
    uint64_t old = UINT64_C(1) << from, new = UINT64_C(1) << to;
    r->peers[to] = r->peers[from];
    memcpy(r->methods[to], r->methods[from], sizeof r->methods[to]);
    r->peers[from] = (struct peer){.state = FREE};
    for (size_t i = 0; i < r->in_flight; i++) {
        struct request *request = request_at(r, i);
        if (request->asker == from)
            request->asker = to;
        if (request->state == SENT && request->peer == from)
            request->peer = to;
        if ((request->tried & old) != 0)
            request->tried |= new;
    }
}

static void peer_open(struct router *r, int index, int service, const struct frame *hello,
                      uint64_t now)
{
    struct peer *peer = &r->peers[index];
    *peer = (struct peer){
        .state = LIVE,
        .service = service,
        .epoch = hello->epoch,
        .capacity = hello->capacity < CAPACITY_MAX ? hello->capacity : CAPACITY_MAX,
    };
    peer_begins(peer, now);
    frame_text_copy(hello->instance, peer->instance, sizeof peer->instance);
    frame_text_copy(hello->methods, r->methods[index], sizeof r->methods[index]);
}

/* It had lost us, and with us every body that was not complete. */
static void uploads_again(struct router *r, int index, uint64_t now, struct router_actions *out)
{
    for (size_t i = r->in_flight; i-- > 0;) {
        struct request *request = request_at(r, i);
        if (request->state != SENT || request->peer != index || request->body_left == 0)
            continue;
        tell_cancel(r, request, out);
        request_again(r, request, NOT_STARTED, now, out);
    }
}

static void peer_enter(struct router *r, int index, int service, const struct frame *hello,
                       uint64_t now, struct router_actions *out)
{
    int known = NOBODY;
    for (int i = 0; i < ROUTER_PEERS_MAX && known == NOBODY; i++)
        if (r->peers[i].state != FREE && peer_is(&r->peers[i], service, hello))
            known = i;
    if (known != index)
        peer_lost(r, index, now, out);
    for (size_t i = 0; known != index && i < r->in_flight; i++)
        request_at(r, i)->tried &= ~(UINT64_C(1) << index);
    if (known == NOBODY)
        peer_open(r, index, service, hello, now);
    else if (known != index)
        peer_move(r, known, index);
    uploads_again(r, index, now, out);
}

static bool service_name_is_good(struct frame_text name)
{
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] < 'a' || name.data[i] > 'z')
            return false;
    return name.size > 0;
}

static bool peer_is_auth(const struct router *r, const struct peer *peer)
{
    return strcmp(r->services[peer->service].name, "auth") == 0;
}

/* What is heard of auth may make a session known at once: see tick_cache. */
static void note_heard(struct router *r, struct peer *peer, uint64_t now)
{
    peer->heard = now;
    if (peer->state == SUSPECT)
        peer->state = LIVE;
    if (r->cache_watched || !peer_is_auth(r, peer))
        return;
    r->cache_watched = true;
    r->auth_heard = now;
}

static void take_hello(struct router *r, int index, const struct frame *frame, uint64_t now,
                       struct router_actions *out)
{
    struct peer *peer = &r->peers[index];
    char name[FRAME_SERVICE_MAX + 1];
    frame_text_copy(frame->service, name, sizeof name);
    int service = service_name_is_good(frame->service) ? service_add(r, name) : NOBODY;
    if (service == NOBODY || frame->capacity == 0) {
        say(out, index, &(struct frame){.kind = FRAME_REFUSE, .trace = frame_text("service")});
        return;
    }
    if (peer->left && peer_is(peer, service, frame))
        return;
    peer_enter(r, index, service, frame, now, out);
    note_heard(r, peer, now);
    say(out, index, &(struct frame){.kind = FRAME_WELCOME, .instance = frame_text(r->instance)});
}

/* ---- what peers say */

/* auth tells the number of revocations in each PING: a gap means that one was missed. */
static void take_revocation_seq(struct router *r, uint64_t seq, uint64_t now,
                                struct router_actions *out)
{
    r->auth_heard = now;
    if (seq <= r->revocation_seq)
        return;
    r->revocation_seq = seq;
    act(out, ROUTER_FORGET);
}

static void take_revoke(struct router *r, const struct frame *frame, struct router_actions *out)
{
    if (frame->session_hash.size != 0 && frame->session_hash.size != FRAME_HASH_MAX)
        return;
    if (frame->revocation_seq <= r->revocation_seq + 1)
        act(out, ROUTER_REVOKED)->frame = *frame;
    else
        act(out, ROUTER_FORGET);
    if (frame->revocation_seq > r->revocation_seq)
        r->revocation_seq = frame->revocation_seq;
}

/* The figures of an instance without our requests fade, so that one that was slow is tried again. */
static void take_ping(struct router *r, struct peer *peer, const struct frame *frame, uint64_t now,
                      struct router_actions *out)
{
    uint64_t late_ms = 4 * frame->ewma_us / 1000;
    if (late_ms < ROUTER_SUSPECT_MS)
        late_ms = ROUTER_SUSPECT_MS;
    peer->stalled = frame->oldest_ms > late_ms && frame->progress == peer->progress;
    peer->progress = frame->progress;
    uint64_t has = peer->capacity > frame->credits ? peer->capacity - frame->credits : 0;
    if (peer->owed > has)
        peer->owed = has; /* what it does not have any more, and the word of it was lost */
    uint64_t ours = peer->outstanding + peer->owed;
    peer->others = frame->in_flight > ours ? frame->in_flight - ours : 0;
    if (peer->others > OTHERS_MAX)
        peer->others = OTHERS_MAX;
    if (peer->outstanding == 0)
        peer_fade(r, peer);
    if (peer_is_auth(r, peer))
        take_revocation_seq(r, frame->revocation_seq, now, out);
}

/* How long its peer has taken. An upload takes as long as its sender makes it: that is no news. */
static uint64_t took_ms(const struct router *r, const struct request *request, uint64_t now)
{
    return request->body_size > 0 ? r->peers[request->peer].ewma_us / 1000 : now - request->since;
}

static void take_reply(struct router *r, int peer, const struct frame *frame, const void *payload,
                       size_t size, uint64_t now, struct router_actions *out)
{
    struct request *request = request_sent(r, peer, frame);
    if (request == NULL) { /* late: it has been answered otherwise */
        note_over(r, peer, frame);
        return;
    }
    enum status status =
        frame->status < STATUS_COUNT ? (enum status)frame->status : STATUS_INTERNAL;
    if (status == STATUS_UNAVAILABLE || status == STATUS_INTERNAL || status == STATUS_TIMEOUT)
        peer_failed(&r->peers[peer], took_ms(r, request, now), now);
    else
        peer_did_well(&r->peers[peer], took_ms(r, request, now));
    if (status == STATUS_UNAVAILABLE && request->perhaps_done)
        request_fail(r, request, 1, out); /* this one did nothing, but an earlier one perhaps did */
    else
        request_end(r, request, status, payload, size, 0, out);
}

static void take_nack(struct router *r, int peer, const struct frame *frame, uint64_t now,
                      struct router_actions *out)
{
    struct request *request = request_sent(r, peer, frame);
    if (request == NULL) {
        note_over(r, peer, frame);
        return;
    }
    peer_failed(&r->peers[peer], took_ms(r, request, now), now);
    request_again(r, request, NOT_STARTED, now, out);
}

/* When a call ends: where we were stopped it may have waited to be read since the tick before the last. */
static uint64_t call_deadline(const struct router *r, const struct frame *frame, uint64_t now)
{
    uint64_t left = frame->time_left_ms < ROUTER_LIFE_MS ? frame->time_left_ms : ROUTER_LIFE_MS;
    uint64_t since = now - r->ticked_before;
    uint64_t waited = r->ticked != 0 && since > ROUTER_AWAY_MS ? since : 0;
    return now + (left > waited ? left - waited : 0);
}

static void call_fill(const struct router *r, struct request *request, int peer,
                      const struct frame *frame, const char *method, const void *payload,
                      size_t size, uint64_t deadline)
{
    request->asker = peer;
    request->asker_high = frame->id_high;
    request->asker_low = frame->id_low;
    request->deadline = deadline;
    request->depth = frame->depth;
    memcpy(request->method, method, strlen(method) + 1);
    /* who calls is what the connection said in its HELLO, not what the frame says */
    memcpy(request->from, r->services[r->peers[peer].service].name, sizeof request->from);
    frame_text_copy(frame->key, request->key, sizeof request->key);
    frame_text_copy(frame->trace, request->trace, sizeof request->trace);
    request->payload = malloc(size + 1);
    if (request->payload == NULL)
        abort();
    if (size > 0)
        memcpy(request->payload, payload, size);
    request->payload_size = size;
}

/* A service calls another: "notification.DeliverEvent". Its ids rise: one that does not has been here before. */
static void take_call(struct router *r, int index, const struct frame *frame, const void *payload,
                      size_t size, uint64_t now, struct router_actions *out)
{
    struct peer *peer = &r->peers[index];
    char name[FRAME_METHOD_MAX + 1];
    if (frame->id_low <= peer->last_call)
        return;
    peer->last_call = frame->id_low;
    frame_text_copy(frame->method, name, sizeof name);
    char *dot = strchr(name, '.');
    if (dot != NULL)
        *dot = '\0';
    int service = dot == NULL ? NOBODY : service_find(r, name);
    uint64_t deadline = call_deadline(r, frame, now);
    struct request *request = NULL;
    if (service != NOBODY && frame->depth >= 1 && frame->depth <= ROUTER_DEPTH_MAX &&
        deadline > now && size <= FRAME_PAYLOAD_MAX && peer->calls < ROUTER_CALLS_MAX)
        request = request_admit(r, service, ROUTER_WRITE, deadline, now, out);
    if (request == NULL) {
        say(out, index,
            &(struct frame){
                .kind = FRAME_NACK, .id_high = frame->id_high, .id_low = frame->id_low});
        return;
    }
    peer->calls++;
    call_fill(r, request, index, frame, dot + 1, payload, size, deadline);
    if (waits_in_vain(r, request, now))
        request_fail(r, request, 0, out);
    else
        queue_insert(r, request);
}

static void take_window(struct router *r, int peer, const struct frame *frame,
                        struct router_actions *out)
{
    struct request *request = request_sent(r, peer, frame);
    if (request == NULL || frame->chunks > request->chunks || frame->chunks <= request->taken)
        return;
    struct router_action *action = act(out, ROUTER_WINDOW);
    action->request = request->number;
    action->chunks = (uint32_t)(frame->chunks - request->taken);
    request->taken = frame->chunks;
}

static void take_frame(struct router *r, int index, const struct frame *frame, const void *payload,
                       size_t payload_size, uint64_t now, struct router_actions *out)
{
    struct peer *peer = &r->peers[index];
    switch (frame->kind) {
    case FRAME_PING:
        take_ping(r, peer, frame, now, out);
        say(out, index, &(struct frame){.kind = FRAME_PONG});
        break;
    case FRAME_REP:
        take_reply(r, index, frame, payload, payload_size, now, out);
        break;
    case FRAME_NACK:
        take_nack(r, index, frame, now, out);
        break;
    case FRAME_REQ:
        take_call(r, index, frame, payload, payload_size, now, out);
        break;
    case FRAME_WINDOW_MORE:
        take_window(r, index, frame, out);
        break;
    case FRAME_REVOKE:
        if (peer_is_auth(r, peer))
            take_revoke(r, frame, out);
        break;
    case FRAME_DRAIN:
        peer->state = DRAINING;
        say(out, index, &(struct frame){.kind = FRAME_DRAIN_OK});
        break;
    case FRAME_BYE:
        peer_lost(r, index, now, out);
        peer->left = true;
        break;
    case FRAME_HELLO:
    case FRAME_WELCOME: /* the rest is ours to say */
    case FRAME_REFUSE:
    case FRAME_CANCEL:
    case FRAME_PONG:
    case FRAME_DRAIN_OK:
    case FRAME_CHUNK:
    case FRAME_KINDS:
        break;
    }
}

void router_frame(struct router *r, int index, const struct frame *frame, const void *payload,
                  size_t payload_size, uint64_t now, struct router_actions *out)
{
    struct peer *peer = &r->peers[index];
    if (frame->kind == FRAME_HELLO) {
        take_hello(r, index, frame, now, out);
    } else if (peer->state == FREE) { /* given up meanwhile: it may introduce itself again */
        if (frame->kind != FRAME_BYE)
            say(out, index, &(struct frame){.kind = FRAME_REFUSE, .trace = frame_text("unknown")});
    } else {
        note_heard(r, peer, now);
        take_frame(r, index, frame, payload, payload_size, now, out);
    }
    serve_queues(r, now, out);
}

void router_send_failed(struct router *r, const struct router_action *refused, uint64_t now,
                        struct router_actions *out)
{
    struct request *request = request_sent(r, refused->peer, &refused->frame);
    bool chunk = refused->frame.kind == FRAME_CHUNK;
    if (request == NULL || (refused->frame.kind != FRAME_REQ && !chunk))
        return;
    if (chunk)
        tell_cancel(r, request, out);
    request_again(r, request, REFUSED, now, out);
    if (r->peers[refused->peer].state == LIVE)
        r->peers[refused->peer].state = SUSPECT; /* full or gone */
    serve_queues(r, now, out);
}

/* ---- time */

static void tick_peer(struct router *r, int index, uint64_t away, uint64_t now,
                      struct router_actions *out)
{
    struct peer *peer = &r->peers[index];
    if (peer->state == FREE)
        return;
    peer->heard = peer->heard + away < now ? peer->heard + away : now;
    if (now - peer->heard > ROUTER_DEAD_MS)
        peer_lost(r, index, now, out);
    else if (now - peer->heard > ROUTER_SUSPECT_MS && peer->state == LIVE)
        peer->state = SUSPECT;
}

static void tick_request(struct router *r, struct request *request, uint64_t now,
                         struct router_actions *out)
{
    if (now >= request->deadline) {
        if (request->state == SENT)
            peer_failed(&r->peers[request->peer], took_ms(r, request, now), now);
        tell_cancel(r, request, out);
        note_silence(request);
        request_fail(r, request, 1, out);
    } else if (request->state == WAITING && waits_in_vain(r, request, now)) {
        request_fail(r, request, 2, out);
    }
}

/* While one of auth's can be asked, sessions may be cached: its PINGs must be heard. */
static void tick_cache(struct router *r, uint64_t now, struct router_actions *out)
{
    if (r->cache_watched && now - r->auth_heard > ROUTER_DEAD_MS) {
        r->cache_watched = false;
        act(out, ROUTER_FORGET);
    }
    if (!r->cache_watched && router_live(r, "auth") > 0) {
        r->cache_watched = true;
        r->auth_heard = now;
    }
}

void router_tick(struct router *r, uint64_t now, struct router_actions *out)
{
    uint64_t gap = now - r->ticked, away = 0;
    if (r->ticked != 0 && gap > ROUTER_AWAY_MS) {
        away = gap - ROUTER_TICK_MS;
        act(out, ROUTER_FORGET); /* who was revoked meanwhile? what waits to be read is old */
    }
    r->ticked_before = r->ticked == 0 ? now : r->ticked;
    r->ticked = now;
    for (int i = 0; i < ROUTER_PEERS_MAX; i++)
        tick_peer(r, i, away, now, out);
    for (int i = 0; i < ROUTER_SERVICES_MAX; i++) {
        repeats_add(&r->services[i], (gap - away) / 10, ROUTER_REPEATS_RESERVE);
        if (service_live(r, i, 0) > 0)
            r->services[i].live_at = now;
    }
    for (size_t i = r->in_flight; i-- > 0;)
        tick_request(r, request_at(r, i), now, out);
    tick_cache(r, now, out);
    serve_queues(r, now, out);
}
