#include "bus.h"

#include "clock.h"
#include "host.h"
#include "log.h"
#include "peer.h"
#include "secret.h"
#include "wire.h"
#include "work.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zmq.h>

enum {
    TICK_MS = 100,
    RESOLVE_MS = 2000,
    FORGET_ADDRESS_MS = 30000, /* an address no longer named is dropped after this */
    DIAL_ANEW_MS = 1500,       /* so long without a WELCOME */
    GATEWAYS_TEXT = 1024,
    READ_BATCH = 64, /* messages of one socket in one turn of the loop */
    BODIES_MAX = 256,
    ADDRESS_MAX = 128,
    METHODS_TEXT = 4096,
    SPARE_LISTS = 4,
};

struct link {
    struct bus *bus;
    void *socket; /* NULL: free */
    int number;
    char address[ADDRESS_MAX];
    size_t nth_key; /* of the gateways' that is tried */
    uint64_t named_at, well_at;
};

/* Names that are looked up: by a thread, as that may take seconds. */
struct lookup {
    char names[GATEWAYS_TEXT];
    char addresses[PEER_LINKS_MAX][ADDRESS_MAX];
    size_t count;
    bool under_way;
};

/* A body being received. */
struct body {
    uint64_t handle;
    int fd; /* -1: free */
    size_t size, max;
};

struct own_call {
    bus_call_done_fn *done;
    void *owner;
};

struct bus {
    struct loop *loop;
    struct bus_settings settings;
    void *context;
    struct peer *peer;
    struct link links[PEER_LINKS_MAX];
    struct body bodies[BODIES_MAX];
    char instance[33], methods[METHODS_TEXT];
    struct work *work; /* NULL: no name to look up */
    struct lookup lookup;
    struct peer_actions *actions, *spare[SPARE_LISTS];
    size_t spare_count;
    int timer, resolver;
    loop_fn *drained;
    void *drained_owner;
};

static void carry_out(struct bus *bus);

/* ---- sockets */

static void set(void *socket, int option, int value)
{
    zmq_setsockopt(socket, option, &value, sizeof value);
}

static void link_send(struct link *link, const struct peer_action *action)
{
    zmq_msg_t part;
    if (link->socket == NULL ||
        !wire_pack(&action->frame, action->payload, action->payload_size, &part))
        return;
    /* IMMEDIATE: refused at once where nobody is connected; heartbeats and deadlines see to the rest */
    if (zmq_msg_send(&part, link->socket, ZMQ_DONTWAIT) < 0)
        zmq_msg_close(&part);
}

/* One part is a frame; messages of more are thrown away. */
static bool link_receive(struct link *link)
{
    struct bus *bus = link->bus;
    zmq_msg_t part, rest;
    struct frame frame;
    const void *payload;
    size_t size;
    zmq_msg_init(&part);
    if (zmq_msg_recv(&part, link->socket, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(&part);
        return false;
    }
    bool excess = zmq_msg_more(&part);
    for (bool more = excess; more;) {
        zmq_msg_init(&rest);
        zmq_msg_recv(&rest, link->socket, ZMQ_DONTWAIT);
        more = zmq_msg_more(&rest);
        zmq_msg_close(&rest);
    }
    if (!excess && wire_read(&part, &frame, &payload, &size)) {
        peer_frame(bus->peer, link->number, &frame, payload, size, clock_ms(), bus->actions);
        carry_out(bus);
    }
    zmq_msg_close(&part);
    return true;
}

static void on_readable(void *owner)
{
    struct link *link = owner;
    for (int i = 0; i < READ_BATCH && link->socket != NULL && link_receive(link); i++)
        ;
}

static void *dealer_new(const struct bus *bus, size_t nth_key)
{
    int64_t largest = 1024 * 1024;
    unsigned char server[BUS_KEY_BYTES];
    if (!bus_keys_nth(bus->settings.keys, BUS_GATEWAY, nth_key, server))
        return NULL;
    void *socket = zmq_socket(bus->context, ZMQ_DEALER);
    set(socket, ZMQ_LINGER, 0);
    set(socket, ZMQ_SNDHWM, WIRE_QUEUE_MAX);
    set(socket, ZMQ_RCVHWM, WIRE_QUEUE_MAX);
    set(socket, ZMQ_SNDTIMEO, 0);
    set(socket, ZMQ_IMMEDIATE, 1);
    set(socket, ZMQ_RECONNECT_IVL, 100);
    set(socket, ZMQ_RECONNECT_IVL_MAX, 3200);
    set(socket, ZMQ_HANDSHAKE_IVL, 5000);
    set(socket, ZMQ_HEARTBEAT_IVL, 1000);
    set(socket, ZMQ_HEARTBEAT_TIMEOUT, 2000);
    set(socket, ZMQ_HEARTBEAT_TTL, 3000);
    set(socket, ZMQ_IPV6, 1);
    zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &largest, sizeof largest);
    zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server, sizeof server);
    zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, bus->settings.pair.public, BUS_KEY_BYTES);
    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, bus->settings.pair.secret, BUS_KEY_BYTES);
    return socket;
}

static void link_open(struct link *link, size_t nth_key)
{
    struct bus *bus = link->bus;
    void *socket = dealer_new(bus, nth_key);
    if (socket == NULL)
        return;
    if (zmq_connect(socket, link->address) != 0) {
        log_line(LOGGED_WARNING, "cannot dial a gateway", "address=%s said='%s'", link->address,
                 zmq_strerror(zmq_errno()));
        zmq_close(socket);
        return;
    }
    link->socket = socket;
    link->nth_key = nth_key;
    link->well_at = clock_ms();
    loop_add_socket(bus->loop, socket, on_readable, link);
    peer_link_add(bus->peer, link->number, clock_ms(), bus->actions);
    carry_out(bus);
}

static void link_close(struct link *link)
{
    struct bus *bus = link->bus;
    peer_link_remove(bus->peer, link->number, bus->actions);
    carry_out(bus);
    loop_remove_socket(bus->loop, link->socket);
    zmq_close(link->socket);
    link->socket = NULL;
}

/* A gateway with a key that we do not expect cannot be told from one that is away: all keys are tried in turn. And a
   socket that was kept off once never dials again by itself (libzmq 4.3.4), though its key may be listed by now. */
static void link_tick(struct link *link, uint64_t now)
{
    unsigned char key[BUS_KEY_BYTES];
    struct bus *bus = link->bus;
    if (peer_link_is_up(bus->peer, link->number))
        link->well_at = now;
    if (now - link->well_at < DIAL_ANEW_MS)
        return;
    size_t next = link->nth_key + 1;
    if (!bus_keys_nth(bus->settings.keys, BUS_GATEWAY, next, key))
        next = 0;
    link_close(link);
    link_open(link, next);
}

/* ---- discovery: all addresses of every name, again and again */

static void address_named(struct bus *bus, const char *address)
{
    struct link *link = NULL;
    for (int i = 0; i < PEER_LINKS_MAX; i++) {
        struct link *at = &bus->links[i];
        if (at->socket != NULL && strcmp(at->address, address) == 0) {
            at->named_at = clock_ms();
            return;
        }
        if (at->socket == NULL && link == NULL)
            link = at;
    }
    if (link == NULL)
        return;
    *link = (struct link){.bus = bus, .number = (int)(link - bus->links), .named_at = clock_ms()};
    snprintf(link->address, sizeof link->address, "%s", address);
    link_open(link, 0);
}

static void look_up_one(struct lookup *lookup, char *host)
{
    char *port = strrchr(host, ':'), found[PEER_LINKS_MAX][HOST_ADDRESS_MAX];
    if (port == NULL)
        return;
    *port++ = '\0';
    size_t count = host_addresses(host, found, PEER_LINKS_MAX - lookup->count);
    for (size_t i = 0; i < count; i++)
        snprintf(lookup->addresses[lookup->count++], ADDRESS_MAX,
                 strchr(found[i], ':') != NULL ? "tcp://[%s]:%s" : "tcp://%s:%s", found[i], port);
}

/* In an actor's thread. */
static void look_up(void *job)
{
    struct lookup *lookup = job;
    char *rest = lookup->names;
    lookup->count = 0;
    for (char *one; (one = strsep(&rest, ",")) != NULL;)
        if (strncmp(one, "tcp://", 6) == 0)
            look_up_one(lookup, one + 6);
}

static void looked_up(void *owner, void *job)
{
    struct bus *bus = owner;
    struct lookup *lookup = job;
    for (size_t i = 0; i < lookup->count; i++)
        address_named(bus, lookup->addresses[i]);
    lookup->under_way = false;
}

static void look_up_soon(struct bus *bus)
{
    if (bus->lookup.under_way)
        return;
    if (bus->work == NULL)
        bus->work = work_new(bus->loop, 1, 1);
    snprintf(bus->lookup.names, sizeof bus->lookup.names, "%s", bus->settings.gateways);
    bus->lookup.under_way =
        work_submit(bus->work, look_up, &bus->lookup, looked_up, bus) == STATUS_OK;
}

static void on_resolve(void *owner)
{
    struct bus *bus = owner;
    char list[GATEWAYS_TEXT], *rest = list;
    bool names = false;
    snprintf(list, sizeof list, "%s", bus->settings.gateways);
    for (char *one; (one = strsep(&rest, ",")) != NULL;)
        if (strncmp(one, "tcp://", 6) == 0)
            names = true;
        else if (one[0] != '\0')
            address_named(bus, one);
    if (names)
        look_up_soon(bus);
    for (int i = 0; i < PEER_LINKS_MAX; i++)
        if (bus->links[i].socket != NULL && clock_ms() - bus->links[i].named_at > FORGET_ADDRESS_MS)
            link_close(&bus->links[i]);
    bus_keys_refresh(bus->settings.keys);
}

/* ---- bodies behind requests: collected in memory files */

static struct body *body_of(struct bus *bus, uint64_t handle)
{
    for (size_t i = 0; i < BODIES_MAX; i++)
        if (bus->bodies[i].fd >= 0 && bus->bodies[i].handle == handle)
            return &bus->bodies[i];
    return NULL;
}

static void body_open(struct bus *bus, uint64_t handle)
{
    for (size_t i = 0; i < BODIES_MAX; i++) {
        struct body *body = &bus->bodies[i];
        if (body->fd >= 0)
            continue;
        *body = (struct body){.handle = handle, .max = 32 * 1024 * 1024};
        body->fd = memfd_create("body", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        return;
    }
}

static void body_data(struct body *body, const void *data, size_t size)
{
    if (body == NULL || body->size + size > body->max)
        return; /* too short a body is refused when the request starts */
    if (write(body->fd, data, size) == (ssize_t)size)
        body->size += size;
}

static void body_drop(struct body *body)
{
    if (body == NULL)
        return;
    close(body->fd);
    body->fd = -1;
}

/* ---- what the core wants done */

static void start(struct bus *bus, const struct peer_action *action)
{
    char method[97], key[65], trace[65], from[33];
    struct body *body = body_of(bus, action->handle);
    frame_text_copy(action->frame.method, method, sizeof method);
    frame_text_copy(action->frame.key, key, sizeof key);
    frame_text_copy(action->frame.trace, trace, sizeof trace);
    frame_text_copy(action->frame.from, from, sizeof from);
    struct bus_request request = {
        .handle = action->handle,
        .method = method,
        .payload = action->payload,
        .payload_size = action->payload_size,
        .assertion = action->frame.assertion.data,
        .assertion_size = action->frame.assertion.size,
        .idempotency_key = key,
        .request_id = trace,
        .from = from,
        .deadline_ms = action->deadline_ms,
        .body_fd = -1,
    };
    if (body != NULL) {
        request.body_fd = body->fd;
        request.body_size = body->size;
        body->fd = -1;
        if (body->size > bus->settings.body_max(bus->settings.owner, method)) {
            close(request.body_fd);
            request.body_fd = -1;
            request.body_size = 0;
        }
    }
    bus->settings.request(bus->settings.owner, &request);
}

static void call_done(const struct peer_action *action)
{
    struct own_call *call = (struct own_call *)(uintptr_t)action->handle;
    call->done(call->owner, action->status, action->payload, action->payload_size);
    free(call);
}

static struct peer_actions *list_take(struct bus *bus)
{
    if (bus->spare_count > 0)
        return bus->spare[--bus->spare_count];
    struct peer_actions *list = malloc(sizeof *list);
    if (list == NULL)
        abort();
    list->count = 0;
    return list;
}

static void list_give(struct bus *bus, struct peer_actions *list)
{
    list->count = 0;
    if (bus->spare_count < SPARE_LISTS)
        bus->spare[bus->spare_count++] = list;
    else
        free(list);
}

/* Carrying out one action may bring a further step (a handler that answers at once), with a list of its own. */
static void carry_out(struct bus *bus)
{
    struct peer_actions *actions = bus->actions;
    if (actions->count == 0)
        return;
    bus->actions = list_take(bus);
    for (size_t i = 0; i < actions->count; i++) {
        const struct peer_action *action = &actions->list[i];
        switch (action->kind) {
        case PEER_SEND:
            link_send(&bus->links[action->link], action);
            break;
        case PEER_BODY_OPEN:
            body_open(bus, action->handle);
            break;
        case PEER_BODY_DATA:
            body_data(body_of(bus, action->handle), action->payload, action->payload_size);
            break;
        case PEER_START:
            start(bus, action);
            break;
        case PEER_CANCEL:
            body_drop(body_of(bus, action->handle));
            break;
        case PEER_CALL_DONE:
            call_done(action);
            break;
        case PEER_DRAINED:
            if (bus->drained != NULL)
                bus->drained(bus->drained_owner);
            break;
        }
    }
    list_give(bus, actions);
}

static void on_tick(void *owner)
{
    struct bus *bus = owner;
    for (int i = 0; i < PEER_LINKS_MAX; i++)
        if (bus->links[i].socket != NULL)
            link_tick(&bus->links[i], clock_ms());
    peer_tick(bus->peer, clock_ms(), bus->actions);
    carry_out(bus);
}

/* ---- life */

static void join_methods(struct bus *bus)
{
    size_t at = 0;
    for (size_t i = 0; bus->settings.methods[i] != NULL; i++)
        at += (size_t)snprintf(bus->methods + at, sizeof bus->methods - at, "%s%s\n",
                               bus->settings.is_idempotent(bus->settings.methods[i]) ? "+" : "",
                               bus->settings.methods[i]);
}

struct bus *bus_new(struct loop *loop, const struct bus_settings *settings)
{
    struct bus *bus = calloc(1, sizeof *bus);
    if (bus == NULL)
        abort();
    bus->loop = loop;
    bus->settings = *settings;
    bus->context = zmq_ctx_new();
    bus->actions = list_take(bus);
    if (bus->context == NULL)
        abort();
    for (size_t i = 0; i < BODIES_MAX; i++)
        bus->bodies[i].fd = -1;
    secret_random_hex(bus->instance, 16);
    join_methods(bus);
    bus->peer = peer_new(settings->service, bus->instance,
                         (uint64_t)clock_unix() * 1000000 + (uint64_t)getpid(), bus->methods);
    on_resolve(bus);
    bus->timer = loop_add_timer(loop, TICK_MS, on_tick, bus);
    bus->resolver = loop_add_timer(loop, RESOLVE_MS, on_resolve, bus);
    return bus;
}

void bus_destroy(struct bus **self)
{
    struct bus *bus = *self;
    if (bus == NULL)
        return;
    loop_remove_timer(bus->loop, bus->timer);
    loop_remove_timer(bus->loop, bus->resolver);
    work_destroy(&bus->work);
    for (int i = 0; i < PEER_LINKS_MAX; i++)
        if (bus->links[i].socket != NULL) {
            loop_remove_socket(bus->loop, bus->links[i].socket);
            set(bus->links[i].socket, ZMQ_LINGER, 1000); /* the last answers still go out */
            zmq_close(bus->links[i].socket);
        }
    zmq_ctx_term(bus->context);
    bus_keys_close(&bus->settings.keys);
    peer_destroy(&bus->peer);
    free(bus->actions);
    while (bus->spare_count > 0)
        free(bus->spare[--bus->spare_count]);
    free(bus);
    *self = NULL;
}

void bus_reply(struct bus *bus, uint64_t handle, enum status status, const void *payload,
               size_t size)
{
    if (size > FRAME_PAYLOAD_MAX) {
        log_line(LOGGED_ERROR, "an answer is too large for the bus", "bytes=%zu", size);
        status = STATUS_INTERNAL;
        size = 0;
    }
    peer_done(bus->peer, handle, status, payload, size, clock_ms(), bus->actions);
    carry_out(bus);
}

void bus_call(struct bus *bus, const char *service, const char *method, const void *payload,
              size_t size, uint64_t timeout_ms, bus_call_done_fn *done, void *owner)
{
    char name[97];
    struct own_call *call = malloc(sizeof *call);
    if (call == NULL)
        abort();
    *call = (struct own_call){done, owner};
    snprintf(name, sizeof name, "%s.%s", service, method);
    peer_call(bus->peer, (uint64_t)(uintptr_t)call, name, timeout_ms, payload, size, clock_ms(),
              bus->actions);
    carry_out(bus);
}

void bus_revoke(struct bus *bus, const void *session_hash, int64_t account_id, uint64_t seq)
{
    peer_revoke(bus->peer, session_hash, account_id, seq, bus->actions);
    carry_out(bus);
}

void bus_set_revocation_seq(struct bus *bus, uint64_t seq)
{
    peer_set_revocation_seq(bus->peer, seq);
}

bool bus_is_ready(const struct bus *bus)
{
    return peer_links_up(bus->peer) > 0;
}

void bus_drain(struct bus *bus, loop_fn *done, void *owner)
{
    bus->drained = done;
    bus->drained_owner = owner;
    peer_drain(bus->peer, clock_ms(), bus->actions);
    carry_out(bus);
}
