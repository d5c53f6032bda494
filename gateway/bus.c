#include "bus.h"

#include "admin.h"
#include "clock.h"
#include "log.h"
#include "loop.h"
#include "metrics.h"
#include "router.h"
#include "secret.h"
#include "wire.h"
#include "zap.h"
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zmq.h>

enum {
    READ_BATCH = 128,
    ROUTING_ID_MAX = 16,
    KEYS_MS = 1000 /* how often their list is looked at */
};

enum want { WANT_CALL, WANT_CHUNK, WANT_ABANDON };

/* What the HTTP thread waits for is one word: DONE, TAKEN (what it handed over last was taken up), and above them the
   number of windows that were opened. It sleeps on the word (futex): the bus thread needs no lock, which the woken one
   would run into, and setting a bit is the last that it touches of an exchange that the HTTP thread may free then. */
enum { DONE = 1, TAKEN = 2, WINDOW_OPENED = 4 };

struct exchange_state {
    struct exchange *exchange;
    struct exchange_state *next; /* in the hand-over queue */
    enum want want;
    const void *chunk;
    size_t chunk_size;
    atomic_uint word;
    atomic_uint window; /* chunks that may be sent */
};

struct connection {
    unsigned char id[ROUTING_ID_MAX];
    size_t id_size; /* 0: free */
    bool admitted;  /* its HELLO named a service that its key is listed for */
    char key[BUS_KEY_HEX + 1], service[FRAME_SERVICE_MAX + 1];
};

struct bus {
    pthread_t thread;
    void *context, *socket;
    struct loop *loop;
    struct router *router;
    struct router_actions *actions;
    struct connection connections[ROUTER_PEERS_MAX];
    struct bus_listener listener;
    struct bus_keys *keys;
    struct zap *zap;
    uint64_t keys_at; /* when their list was last looked at */
    const char *admin;
    char instance[33];
    uint64_t sent, repeated; /* attempts at requests, and those that were not the first */
    int wake;                /* eventfd: something was handed over */
    pthread_mutex_t lock;    /* of the queue, and of `live` below */
    struct exchange_state *first, **last;
    atomic_bool stopping, drains;
    struct {
        char service[33];
        size_t live;
    } live[ROUTER_SERVICES_MAX];
};

/* ---- handing over */

static void wake(struct bus *bus)
{
    uint64_t one = 1;
    if (write(bus->wake, &one, sizeof one) != sizeof one)
        return; /* its counter is full: it is awake */
}

static void hand_over(struct bus *bus, struct exchange_state *state, enum want want)
{
    pthread_mutex_lock(&bus->lock);
    bool first = bus->first == NULL;
    state->want = want;
    state->next = NULL;
    *bus->last = state;
    bus->last = &state->next;
    pthread_mutex_unlock(&bus->lock);
    if (first)
        wake(bus);
}

static struct exchange_state *take_over(struct bus *bus)
{
    pthread_mutex_lock(&bus->lock);
    struct exchange_state *list = bus->first;
    bus->first = NULL;
    bus->last = &bus->first;
    pthread_mutex_unlock(&bus->lock);
    return list;
}

/* An exchange's number with the router is its address: it stays until answered or abandoned. */
static uint64_t number_of(const struct exchange_state *state)
{
    return (uint64_t)(uintptr_t)state;
}

static struct exchange_state *state_of(uint64_t number)
{
    return (struct exchange_state *)(uintptr_t)number;
}

/* ---- waiting */

/* By the word's address only: the exchange may be gone. */
static void word_wake(atomic_uint *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void tell(struct exchange_state *state, unsigned bit)
{
    atomic_uint *word = &state->word;
    atomic_fetch_or(word, bit);
    word_wake(word);
}

static unsigned word_of(struct exchange_state *state)
{
    return atomic_load(&state->word);
}

/* Until one of the bits is set; with `window`, or a chunk may be sent. */
static void wait_for(struct exchange_state *state, unsigned bits, bool window)
{
    unsigned word;
    while (((word = word_of(state)) & bits) == 0 && !(window && atomic_load(&state->window) > 0))
        syscall(SYS_futex, &state->word, FUTEX_WAIT_PRIVATE, word, NULL, NULL, 0);
}

/* Hands over and waits until the bus thread has done what was wanted. */
static void hand_over_and_wait(struct bus *bus, struct exchange_state *state, enum want want)
{
    atomic_fetch_and(&state->word, ~(unsigned)TAKEN);
    hand_over(bus, state, want);
    wait_for(state, TAKEN, false);
}

void exchange_begin(struct bus *bus, struct exchange *exchange)
{
    struct exchange_state *state = calloc(1, sizeof *state);
    if (state == NULL)
        abort();
    state->exchange = exchange;
    exchange->state = state;
    exchange->reply = NULL;
    exchange->reply_size = 0;
    exchange->retry_after_s = 0;
    hand_over(bus, state, WANT_CALL);
}

bool exchange_feed(struct bus *bus, struct exchange *exchange, const void *data, size_t size)
{
    struct exchange_state *state = exchange->state;
    wait_for(state, DONE, true);
    if ((word_of(state) & DONE) != 0)
        return false;
    atomic_fetch_sub(&state->window, 1);
    state->chunk = data;
    state->chunk_size = size;
    hand_over_and_wait(bus, state, WANT_CHUNK);
    return (word_of(state) & DONE) == 0;
}

void exchange_end(struct bus *bus, struct exchange *exchange)
{
    (void)bus;
    wait_for(exchange->state, DONE, false);
    free(exchange->state);
    exchange->state = NULL;
}

void exchange_abandon(struct bus *bus, struct exchange *exchange)
{
    wait_for(exchange->state, DONE | TAKEN, false);
    if ((word_of(exchange->state) & DONE) == 0)
        hand_over_and_wait(bus, exchange->state, WANT_ABANDON);
    exchange_end(bus, exchange);
}

void exchange_run(struct bus *bus, struct exchange *exchange)
{
    exchange_begin(bus, exchange);
    exchange_end(bus, exchange);
}

static void exchange_done(struct exchange_state *state, enum status status, const void *payload,
                          size_t size, uint32_t retry_after_s)
{
    struct exchange *exchange = state->exchange;
    exchange->status = status;
    exchange->retry_after_s = retry_after_s;
    if (payload != NULL) {
        exchange->reply = malloc(size + 1);
        if (exchange->reply == NULL)
            abort();
        memcpy(exchange->reply, payload, size);
        exchange->reply_size = size;
    }
    tell(state, DONE);
}

/* ---- carrying out what the router wants */

static void send_frame(struct bus *bus, const struct router_action *action)
{
    struct connection *to = &bus->connections[action->peer];
    size_t payload_size = action->payload_size;
    const void *payload = action->payload;
    zmq_msg_t part;
    if (to->id_size == 0)
        return;
    if (action->frame.kind == FRAME_REQ && payload == NULL && action->request != 0) {
        payload = state_of(action->request)->exchange->payload;
        payload_size = state_of(action->request)->exchange->payload_size;
    }
    if (!wire_pack(&action->frame, payload, payload_size, &part))
        return;
    if (zmq_send(bus->socket, to->id, to->id_size, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(&part);
        router_send_failed(bus->router, action, clock_ms(), bus->actions);
        return;
    }
    bus->sent += action->frame.kind == FRAME_REQ;
    bus->repeated += action->frame.kind == FRAME_REQ && action->frame.attempt > 1;
    if (zmq_msg_send(&part, bus->socket, ZMQ_DONTWAIT) < 0)
        zmq_msg_close(&part);
}

static void open_window(struct exchange_state *state, uint32_t chunks)
{
    atomic_fetch_add(&state->window, chunks);
    atomic_fetch_add(&state->word, WINDOW_OPENED);
    word_wake(&state->word);
}

/* Carrying out one may add others behind it (a refused send): the list grows while it is walked. */
static void carry_out(struct bus *bus)
{
    for (size_t i = 0; i < bus->actions->count; i++) {
        struct router_action action = bus->actions->list[i];
        switch (action.kind) {
        case ROUTER_SEND:
            send_frame(bus, &action);
            break;
        case ROUTER_ANSWER:
            exchange_done(state_of(action.request), action.status, action.payload,
                          action.payload_size, action.retry_after_s);
            break;
        case ROUTER_WINDOW:
            open_window(state_of(action.request), action.chunks);
            break;
        case ROUTER_REVOKED:
            bus->listener.revoked(
                action.frame.session_hash.size == 32 ? action.frame.session_hash.data : NULL,
                (int64_t)action.frame.account_id);
            break;
        case ROUTER_FORGET:
            bus->listener.forget();
            break;
        }
    }
    bus->actions->count = 0;
}

/* An upload may be given up as soon as it was taken up; who only calls waits for the answer. */
static void submit(struct bus *bus, struct exchange_state *state)
{
    const struct exchange *exchange = state->exchange;
    if (exchange->body_size > 0)
        tell(state, TAKEN);
    router_submit(bus->router,
                  &(struct router_ask){
                      .request = number_of(state),
                      .class = exchange->class,
                      .service = exchange->service,
                      .method = exchange->method,
                      .key = exchange->key,
                      .trace = exchange->trace,
                      .assertion = exchange->assertion,
                      .assertion_size = exchange->assertion_size,
                      .body_size = exchange->body_size,
                      .deadline_ms = exchange->deadline_ms,
                  },
                  clock_ms(), bus->actions);
    carry_out(bus);
}

static void pass_chunk(struct bus *bus, struct exchange_state *state)
{
    router_chunk(bus->router, number_of(state), state->chunk, state->chunk_size, bus->actions);
    carry_out(bus);
    tell(state, TAKEN);
}

/* Its answer may have come since it was handed over. */
static void abandon(struct bus *bus, struct exchange_state *state)
{
    if ((word_of(state) & DONE) == 0) {
        router_abandon(bus->router, number_of(state), bus->actions);
        carry_out(bus);
        exchange_done(state, STATUS_TIMEOUT, NULL, 0, 0);
    }
    tell(state, TAKEN);
}

static void on_wake(void *owner)
{
    struct bus *bus = owner;
    uint64_t count;
    if (read(bus->wake, &count, sizeof count) != sizeof count)
        return;
    if (bus->stopping) {
        loop_stop(bus->loop);
        return;
    }
    for (struct exchange_state *state = take_over(bus), *next; state != NULL; state = next) {
        next = state->next; /* once it is answered, its thread frees it */
        switch (state->want) {
        case WANT_CALL:
            submit(bus, state);
            break;
        case WANT_CHUNK:
            pass_chunk(bus, state);
            break;
        case WANT_ABANDON:
            abandon(bus, state);
            break;
        }
    }
}

/* ---- the socket */

static int connection_of(struct bus *bus, const void *id, size_t size)
{
    int unused = -1;
    for (int i = 0; i < ROUTER_PEERS_MAX; i++) {
        const struct connection *c = &bus->connections[i];
        if (c->id_size == size && memcmp(c->id, id, size) == 0)
            return i;
        if (unused < 0 && (c->id_size == 0 || router_peer_is_free(bus->router, i)))
            unused = i;
    }
    if (unused < 0 || size > ROUTING_ID_MAX)
        return -1;
    bus->connections[unused] = (struct connection){.id_size = size};
    memcpy(bus->connections[unused].id, id, size);
    return unused;
}

static void refuse(struct bus *bus, int peer, const char *why)
{
    send_frame(bus, &(struct router_action){
                        .kind = ROUTER_SEND,
                        .peer = peer,
                        .frame = {.kind = FRAME_REFUSE, .trace = frame_text(why)}
    });
}

/* Is the key listed for the service that this HELLO names? */
static bool admit(struct bus *bus, int peer, const char *key, const struct frame *hello)
{
    struct connection *c = &bus->connections[peer];
    bool known = strcmp(c->key, key) == 0 && frame_text_is(hello->service, c->service);
    snprintf(c->key, sizeof c->key, "%s", key);
    frame_text_copy(hello->service, c->service, sizeof c->service);
    c->admitted = strcmp(c->service, BUS_GATEWAY) != 0 && bus_keys_has(bus->keys, c->service, key);
    if (c->admitted)
        return true;
    if (!known) /* it says HELLO again and again */
        log_line(LOGGED_WARNING, "a key is not listed for the service it names",
                 "service='%s' key=%s", c->service, key);
    refuse(bus, peer, "key");
    return false;
}

/* A routing id is what the other end says; the key is what it has proved. */
static bool may_speak(struct bus *bus, int peer, zmq_msg_t *part, const struct frame *frame)
{
    const char *key = zap_user(part);
    const struct connection *c = &bus->connections[peer];
    if (key == NULL)
        return false;
    if (frame->kind == FRAME_HELLO)
        return admit(bus, peer, key, frame);
    if (c->admitted && strcmp(c->key, key) == 0)
        return true;
    refuse(bus, peer, "unknown");
    return false;
}

static void look_at_keys(struct bus *bus)
{
    uint64_t now = clock_ms();
    if (now - bus->keys_at < KEYS_MS)
        return;
    bus->keys_at = now;
    if (!bus_keys_refresh(bus->keys))
        return;
    for (int i = 0; i < ROUTER_PEERS_MAX; i++) {
        struct connection *c = &bus->connections[i];
        c->admitted = c->admitted && bus_keys_has(bus->keys, c->service, c->key);
    }
}

/* Routing id and frame; a message of another shape is thrown away. */
static bool receive(struct bus *bus)
{
    enum { ID, FRAME, PARTS };
    zmq_msg_t parts[PARTS], rest;
    size_t count = 0;
    bool more = true, excess = false;
    while (more) {
        zmq_msg_t *part = count < PARTS ? &parts[count] : &rest;
        zmq_msg_init(part);
        if (zmq_msg_recv(part, bus->socket, ZMQ_DONTWAIT) < 0) {
            zmq_msg_close(part);
            break;
        }
        more = zmq_msg_more(part);
        if (count == PARTS) {
            zmq_msg_close(&rest);
            excess = true;
        } else {
            count++;
        }
    }
    struct frame frame;
    const void *payload;
    size_t size;
    if (count == PARTS && !excess && wire_read(&parts[FRAME], &frame, &payload, &size)) {
        int peer = connection_of(bus, zmq_msg_data(&parts[ID]), zmq_msg_size(&parts[ID]));
        if (peer >= 0 && may_speak(bus, peer, &parts[FRAME], &frame)) {
            router_frame(bus->router, peer, &frame, payload, size, clock_ms(), bus->actions);
            carry_out(bus);
        }
    }
    for (size_t i = 0; i < count; i++)
        zmq_msg_close(&parts[i]);
    return count > 0;
}

static void on_readable(void *owner)
{
    struct bus *bus = owner;
    for (int i = 0; i < READ_BATCH && receive(bus); i++)
        ;
}

/* ---- time, health */

/* Readiness is asked by HTTP threads: they read a copy. */
static void copy_live(struct bus *bus)
{
    pthread_mutex_lock(&bus->lock);
    for (int i = 0; i < ROUTER_SERVICES_MAX; i++)
        if (bus->live[i].service[0] != '\0')
            bus->live[i].live = router_live(bus->router, bus->live[i].service);
    pthread_mutex_unlock(&bus->lock);
}

static void on_tick(void *owner)
{
    struct bus *bus = owner;
    router_tick(bus->router, clock_ms(), bus->actions);
    carry_out(bus);
    copy_live(bus);
    look_at_keys(bus);
}

static size_t live_of(struct bus *bus, const char *service)
{
    size_t live = 0;
    pthread_mutex_lock(&bus->lock);
    for (int i = 0; i < ROUTER_SERVICES_MAX; i++) {
        if (bus->live[i].service[0] == '\0')
            snprintf(bus->live[i].service, sizeof bus->live[i].service, "%s", service);
        if (strcmp(bus->live[i].service, service) == 0) {
            live = bus->live[i].live;
            break;
        }
    }
    pthread_mutex_unlock(&bus->lock);
    return live;
}

bool bus_has_all(struct bus *bus, const char *services, char *missing, size_t size)
{
    char list[512], *rest = list;
    bool all = true;
    snprintf(list, sizeof list, "%s", services);
    for (char *service; (service = strsep(&rest, ",")) != NULL;)
        if (service[0] != '\0' && live_of(bus, service) == 0) {
            if (all)
                snprintf(missing, size, "%s", service);
            all = false;
        }
    return all;
}

static bool is_ready(void *owner)
{
    struct bus *bus = owner;
    return !bus->stopping && !bus->drains;
}

static void refresh_metrics(void *owner)
{
    struct bus *bus = owner;
    metrics_gauge("guild_bus_waiting", "Requests waiting for an instance.", "",
                  (double)router_waiting(bus->router));
    metrics_gauge("guild_bus_in_flight", "Requests not yet answered.", "",
                  (double)router_in_flight(bus->router));
    metrics_gauge("guild_bus_sent", "Requests sent to instances.", "", (double)bus->sent);
    metrics_gauge("guild_bus_repeated", "Those sent to a further instance.", "",
                  (double)bus->repeated);
}

static void *bus_main(void *owner)
{
    struct bus *bus = owner;
    struct admin *admin = admin_new(bus->loop, bus->admin, is_ready, NULL, refresh_metrics, bus);
    loop_run(bus->loop);
    admin_destroy(&admin);
    return NULL;
}

/* ---- life */

static void set(void *socket, int option, int value)
{
    zmq_setsockopt(socket, option, &value, sizeof value);
}

static void bind_socket(struct bus *bus, const struct bus_settings *settings)
{
    const char *address = settings->address;
    int64_t largest = 1024 * 1024;
    bus->socket = zmq_socket(bus->context, ZMQ_ROUTER);
    set(bus->socket, ZMQ_ROUTER_MANDATORY, 1);
    set(bus->socket, ZMQ_SNDTIMEO, 0);
    set(bus->socket, ZMQ_SNDHWM, WIRE_QUEUE_MAX);
    set(bus->socket, ZMQ_RCVHWM, WIRE_QUEUE_MAX);
    set(bus->socket, ZMQ_LINGER, 1000);
    set(bus->socket, ZMQ_BACKLOG, 512);
    set(bus->socket, ZMQ_HANDSHAKE_IVL, 5000);
    set(bus->socket, ZMQ_HEARTBEAT_IVL, 1000);
    set(bus->socket, ZMQ_HEARTBEAT_TIMEOUT, 2000);
    set(bus->socket, ZMQ_HEARTBEAT_TTL, 3000);
    zmq_setsockopt(bus->socket, ZMQ_MAXMSGSIZE, &largest, sizeof largest);
    set(bus->socket, ZMQ_IPV6, 1);
    set(bus->socket, ZMQ_CURVE_SERVER, 1);
    zmq_setsockopt(bus->socket, ZMQ_CURVE_SECRETKEY, settings->pair.secret, BUS_KEY_BYTES);
    zmq_setsockopt(bus->socket, ZMQ_ZAP_DOMAIN, "bus", 3);
    mode_t before = umask(0177); /* of an ipc:// socket */
    bool bound = zmq_bind(bus->socket, address) == 0;
    umask(before);
    if (!bound) {
        fprintf(stderr, "GUILD_BUS cannot be bound (%s): %s\n", zmq_strerror(zmq_errno()), address);
        exit(2);
    }
}

struct bus *bus_start(const struct bus_settings *settings)
{
    struct bus *bus = calloc(1, sizeof *bus);
    if (bus == NULL)
        abort();
    uint64_t seed = clock_us() ^ (uint64_t)getpid() << 32;
    bus->listener = settings->listener;
    bus->admin = settings->admin;
    bus->keys = settings->keys;
    bus->last = &bus->first;
    pthread_mutex_init(&bus->lock, NULL);
    bus->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bus->context = zmq_ctx_new();
    bus->loop = loop_new();
    secret_random_hex(bus->instance, 16);
    bus->router = router_new(bus->instance, seed);
    bus->actions = calloc(1, sizeof *bus->actions);
    if (bus->context == NULL || bus->actions == NULL || bus->wake < 0)
        abort();
    bus->zap = zap_open(bus->context, bus->loop, bus->keys);
    bind_socket(bus, settings);
    loop_add_socket(bus->loop, bus->socket, on_readable, bus);
    loop_add_fd(bus->loop, bus->wake, on_wake, NULL, bus);
    loop_add_timer(bus->loop, ROUTER_TICK_MS, on_tick, bus);
    log_hold(bus->loop);
    if (pthread_create(&bus->thread, NULL, bus_main, bus) != 0)
        abort();
    return bus;
}

void bus_drains(struct bus *bus)
{
    bus->drains = true;
}

void bus_stop(struct bus **self)
{
    struct bus *bus = *self;
    bus->stopping = true;
    wake(bus);
    pthread_join(bus->thread, NULL);
    zmq_close(bus->socket);
    zap_close(&bus->zap);
    zmq_ctx_term(bus->context);
    bus_keys_close(&bus->keys);
    loop_destroy(&bus->loop);
    router_destroy(&bus->router);
    close(bus->wake);
    free(bus->actions);
    free(bus);
    *self = NULL;
}
