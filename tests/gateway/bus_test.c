/* The gateway's sockets: a made-up instance on the other side, frame by frame. */
#include "clock.h"
#include "http.h" /* and with it the bus.h beside it: common has one of its own */
#include "log.h"
#include "wire.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

enum { PATIENCE_MS = 10000, SOON_MS = 3000, CAPACITY = 8 };

static char folder[] = "/tmp/guild-bus-XXXXXX";
static char address[64], list_path[64];
static struct bus *bus;
static void *context, *instance;
static atomic_int revoked, forgotten;

/* ---- libzmq's calls, looked at on their way */

static void *router;         /* the socket of the bus that was started last */
static bool nobody_to_judge; /* the ZAP handler is lost on its way */

void *zmq_socket(void *of, int type)
{
    void *(*libzmq)(void *, int);
    *(void **)&libzmq = dlsym(RTLD_NEXT, "zmq_socket");
    void *socket = libzmq(of, type);
    if (type == ZMQ_ROUTER)
        router = socket;
    return socket;
}

int zmq_bind(void *socket, const char *where)
{
    int (*libzmq)(void *, const char *);
    *(void **)&libzmq = dlsym(RTLD_NEXT, "zmq_bind");
    if (nobody_to_judge && strcmp(where, "inproc://zeromq.zap.01") == 0)
        return 0;
    return libzmq(socket, where);
}

/* ---- keys: one for each name, the list, strangers' */

static struct bus_pair pairs[4];
static const char *const owners[] = {BUS_GATEWAY, "payment", "content", "auth"};

static const struct bus_pair *pair_of(const char *name)
{
    for (int i = 0; i < 4; i++)
        if (strcmp(owners[i], name) == 0)
            return &pairs[i];
    return NULL;
}

static void pair_make(struct bus_pair *pair)
{
    crypto_box_keypair(pair->public, pair->secret);
    sodium_bin2hex(pair->public_hex, sizeof pair->public_hex, pair->public, sizeof pair->public);
}

/* Everybody but `left_out`, and `more` for payment. */
static void write_list(const char *left_out, const struct bus_pair *more)
{
    char aside[80];
    snprintf(aside, sizeof aside, "%s.new", list_path);
    FILE *file = fopen(aside, "w");
    assert_non_null(file);
    fprintf(file, "# who may speak\n");
    for (int i = 0; i < 4; i++)
        if (strcmp(owners[i], left_out) != 0)
            fprintf(file, "%s %s\n", owners[i], pairs[i].public_hex);
    if (more != NULL)
        fprintf(file, "payment %s\n", more->public_hex);
    fclose(file);
    assert_int_equal(rename(aside, list_path), 0);
}

/* ---- the instance's side */

static void *dealer(const struct bus_pair *own)
{
    int none = 0, patience = PATIENCE_MS;
    void *socket = zmq_socket(context, ZMQ_DEALER);
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience, sizeof patience);
    if (own != NULL) {
        zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, pair_of(BUS_GATEWAY)->public, BUS_KEY_BYTES);
        zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, own->public, BUS_KEY_BYTES);
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, own->secret, BUS_KEY_BYTES);
    }
    return socket;
}

static void *dial_with(const struct bus_pair *own)
{
    void *socket = dealer(own);
    assert_int_equal(zmq_connect(socket, address), 0);
    return socket;
}

static void *dial(const char *name)
{
    return dial_with(pair_of(name));
}

static void say(void *socket, const struct frame *frame, const char *payload)
{
    zmq_msg_t part;
    assert_true(wire_pack(frame, payload, payload == NULL ? 0 : strlen(payload), &part));
    assert_true(zmq_msg_send(&part, socket, 0) >= 0);
}

static void say_hello_for(void *socket, const char *service, const char *name, uint64_t capacity)
{
    say(socket,
        &(struct frame){.kind = FRAME_HELLO,
                        .service = frame_text(service),
                        .instance = frame_text(name),
                        .methods = frame_text("ChangeThing"),
                        .epoch = 1,
                        .capacity = capacity},
        NULL);
}

static void say_hello(void *socket, const char *service, const char *name)
{
    say_hello_for(socket, service, name, CAPACITY);
}

/* The next frame of the kind; `ret_payload` gets what came with it, as a text. The frame's texts live until the next. */
static struct frame hear(void *socket, enum frame_kind kind, char ret_payload[static 64])
{
    static unsigned char kept[FRAME_HEADER_MAX];
    struct frame frame = {.kind = FRAME_KINDS};
    while (frame.kind != kind) {
        zmq_msg_t part;
        const void *payload;
        size_t size;
        zmq_msg_init(&part);
        assert_true(zmq_msg_recv(&part, socket, 0) >= 0);
        assert_int_equal(zmq_msg_more(&part), 0);
        assert_true(wire_read(&part, &frame, &payload, &size));
        snprintf(ret_payload, 64, "%.*s", (int)size, (const char *)payload);
        size_t header = zmq_msg_size(&part) - 2 - size;
        memcpy(kept, (const char *)payload - header, header);
        assert_true(frame_decode(kept, header, &frame));
        zmq_msg_close(&part);
    }
    return frame;
}

/* ---- the HTTP thread's side */

static struct exchange call_of(const char *service, uint64_t patience_ms)
{
    return (struct exchange){.service = service,
                             .method = "ChangeThing",
                             .key = "",
                             .trace = "trace",
                             .payload = "question",
                             .payload_size = 8,
                             .deadline_ms = clock_ms() + patience_ms};
}

static void *run(void *exchange)
{
    exchange_run(bus, exchange);
    return NULL;
}

static void test_a_call_and_its_answer(void **state)
{
    struct exchange exchange = call_of("payment", PATIENCE_MS);
    char payload[64];
    pthread_t caller;
    (void)state;
    pthread_create(&caller, NULL, run, &exchange);
    struct frame request = hear(instance, FRAME_REQ, payload);
    assert_string_equal(payload, "question");
    assert_true(frame_text_is(request.method, "ChangeThing"));
    say(instance,
        &(struct frame){.kind = FRAME_REP,
                        .id_high = request.id_high,
                        .id_low = request.id_low,
                        .status = STATUS_CONFLICT},
        "answer");
    pthread_join(caller, NULL);
    assert_int_equal(exchange.status, STATUS_CONFLICT);
    assert_int_equal(exchange.reply_size, 6);
    assert_memory_equal(exchange.reply, "answer", 6);
    free(exchange.reply);
}

static void test_nobody_there_and_nobody_answering(void **state)
{
    struct exchange nobody = call_of("nobody", PATIENCE_MS), silent = call_of("payment", 200);
    char payload[64];
    uint64_t began = clock_ms();
    (void)state;
    exchange_run(bus, &nobody);
    assert_int_equal(nobody.status, STATUS_UNAVAILABLE);
    assert_true(nobody.retry_after_s > 0);
    exchange_run(bus, &silent);
    assert_int_equal(silent.status, STATUS_TIMEOUT);
    assert_null(silent.reply);
    assert_true(clock_ms() - began < SOON_MS);
    uint64_t asked = hear(instance, FRAME_REQ, payload).id_low;
    assert_int_equal(hear(instance, FRAME_CANCEL, payload).id_low, asked);
}

/* After a while without a word nothing would be asked of it. */
static void be_heard(void)
{
    char payload[64];
    say(instance, &(struct frame){.kind = FRAME_PING}, NULL);
    hear(instance, FRAME_PONG, payload);
}

/* What is no frame is thrown away; who sends more than is allowed loses the connection, and nobody else does. */
static void test_junk(void **state)
{
    static const char junk[1536 * 1024] = {18, 0, FRAME_VERSION, FRAME_REP};
    static const size_t sizes[] = {0,          1, 2, 100, FRAME_HEADER_MAX, FRAME_HEADER_MAX + 1,
                                   sizeof junk};
    void *stranger = dial("content");
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (int parts = 1; parts <= 5; parts++)
            for (int part = 1; part <= parts; part++)
                zmq_send(stranger, junk, sizes[i], part < parts ? ZMQ_SNDMORE : 0);
    be_heard();
    test_a_call_and_its_answer(state);
    zmq_close(stranger);
    be_heard();
    test_a_call_and_its_answer(state);
}

/* The uploader goes while the instance takes nothing: its thread is free at once, and the instance is told. */
static void test_an_upload_given_up(void **state)
{
    struct exchange exchange = call_of("payment", PATIENCE_MS);
    char payload[64];
    uint64_t began = clock_ms();
    (void)state;
    exchange.body_size = 1000000;
    exchange_begin(bus, &exchange);
    for (int i = 0; i < FRAME_WINDOW; i++)
        assert_true(exchange_feed(bus, &exchange, "piece", 5));
    exchange_abandon(bus, &exchange);
    assert_int_equal(exchange.status, STATUS_TIMEOUT);
    assert_true(clock_ms() - began < SOON_MS);
    uint64_t asked = hear(instance, FRAME_REQ, payload).id_low;
    assert_int_equal(hear(instance, FRAME_CHUNK, payload).chunks, 1);
    assert_string_equal(payload, "piece");
    assert_int_equal(hear(instance, FRAME_CANCEL, payload).id_low, asked);
}

/* The same while it still waits for an instance with credit. */
static void test_an_upload_given_up_in_the_queue(void **state)
{
    struct exchange busy[CAPACITY], upload = call_of("payment", PATIENCE_MS);
    char payload[64];
    uint64_t began = clock_ms();
    (void)state;
    for (int i = 0; i < CAPACITY; i++) {
        busy[i] = call_of("payment", PATIENCE_MS);
        exchange_begin(bus, &busy[i]);
    }
    upload.body_size = 1000000;
    exchange_begin(bus, &upload);
    exchange_abandon(bus, &upload);
    assert_int_equal(upload.status, STATUS_TIMEOUT);
    assert_true(clock_ms() - began < SOON_MS);
    for (int i = 0; i < CAPACITY; i++) {
        struct frame request = hear(instance, FRAME_REQ, payload);
        request.kind = FRAME_REP;
        say(instance, &request, NULL);
    }
    for (int i = 0; i < CAPACITY; i++) {
        exchange_end(bus, &busy[i]);
        assert_int_equal(busy[i].status, STATUS_OK);
        free(busy[i].reply);
    }
}

static void test_an_upload_whose_instance_leaves(void **state)
{
    struct exchange exchange = call_of("content", PATIENCE_MS);
    char payload[64];
    void *other = dial("content");
    (void)state;
    say_hello(other, "content", "b");
    hear(other, FRAME_WELCOME, payload);
    exchange.body_size = 1000000;
    exchange_begin(bus, &exchange);
    assert_true(exchange_feed(bus, &exchange, "piece", 5));
    hear(other, FRAME_CHUNK, payload);
    say(other, &(struct frame){.kind = FRAME_BYE}, NULL);
    while (exchange_feed(bus, &exchange, "piece", 5))
        ;
    exchange_end(bus, &exchange);
    assert_int_equal(exchange.status, STATUS_UNAVAILABLE);
    zmq_close(other);
}

static void test_auth_is_listened_to(void **state)
{
    char payload[64];
    void *auth = dial("auth");
    uint64_t end = clock_ms() + SOON_MS;
    (void)state;
    say_hello(auth, "auth", "c");
    hear(auth, FRAME_WELCOME, payload);
    say(auth, &(struct frame){.kind = FRAME_REVOKE, .revocation_seq = 1, .account_id = 7}, NULL);
    say(auth, &(struct frame){.kind = FRAME_PING, .revocation_seq = 5}, NULL);
    hear(auth, FRAME_PONG, payload);
    while ((revoked != 7 || forgotten == 0) && clock_ms() < end)
        usleep(1000);
    assert_int_equal(revoked, 7);
    assert_true(forgotten > 0);
    zmq_close(auth);
}

static void test_readiness(void **state)
{
    char missing[40] = "";
    uint64_t end = clock_ms() + SOON_MS;
    (void)state;
    while (!bus_has_all(bus, "payment", missing, sizeof missing) && clock_ms() < end)
        usleep(1000);
    assert_true(bus_has_all(bus, "payment,", missing, sizeof missing));
    assert_false(bus_has_all(bus, "payment,elsewhere", missing, sizeof missing));
    assert_string_equal(missing, "elsewhere");
}

/* Its connection is well, libzmq's own heartbeats are answered; but its loop says nothing, as if it hung in a handler. */
static void test_a_stuck_instance(void **state)
{
    enum { WATCHED_MS = 2500, NOTICED_MS = 1500 };
    char payload[64], missing[40];
    int at_once = 0;
    uint64_t last_asked = 0;
    void *stuck = dial("content");
    (void)state;
    say_hello(stuck, "content", "stuck");
    hear(stuck, FRAME_WELCOME, payload);
    zmq_setsockopt(stuck, ZMQ_RCVTIMEO, &at_once, sizeof at_once);
    for (uint64_t heard = clock_ms(); clock_ms() < heard + WATCHED_MS;) {
        struct exchange exchange = call_of("content", 50);
        unsigned char part[FRAME_HEADER_MAX];
        uint64_t began = clock_ms();
        exchange_run(bus, &exchange);
        assert_true(exchange.status == STATUS_TIMEOUT || exchange.status == STATUS_UNAVAILABLE);
        while (zmq_recv(stuck, part, sizeof part, 0) >= 0)
            if (part[3] == FRAME_REQ && part[2] == FRAME_VERSION) /* behind its size */
                last_asked = began - heard;
        if (began > heard + NOTICED_MS)
            assert_false(bus_has_all(bus, "content", missing, sizeof missing));
        if (exchange.status == STATUS_UNAVAILABLE)
            usleep(10000);
    }
    assert_true(last_asked > 0 && last_asked <= NOTICED_MS);
    zmq_close(stuck);
}

/* ---- the socket */

/* Drafts of libzmq's interface may be gone in its next version: the bus is made for one without. */
static void test_no_drafts_are_needed(void **state)
{
    (void)state;
    assert_int_equal(zmq_has("draft"), 0);
    assert_int_equal(zmq_has("curve"), 1);
}

static void test_options_of_the_socket(void **state)
{
    static const int options[][2] = {
        {ZMQ_SNDTIMEO,          0   },
        {ZMQ_SNDHWM,            256 },
        {ZMQ_RCVHWM,            256 },
        {ZMQ_LINGER,            1000},
        {ZMQ_BACKLOG,           512 },
        {ZMQ_HANDSHAKE_IVL,     5000},
        {ZMQ_HEARTBEAT_IVL,     1000},
        {ZMQ_HEARTBEAT_TIMEOUT, 2000},
        {ZMQ_HEARTBEAT_TTL,     3000},
        {ZMQ_CURVE_SERVER,      1   },
    };
    int64_t largest = 0;
    size_t room = sizeof largest;
    (void)state;
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        int value = -1;
        size_t size = sizeof value;
        assert_int_equal(zmq_getsockopt(router, options[i][0], &value, &size), 0);
        assert_int_equal(value, options[i][1]);
    }
    assert_int_equal(zmq_getsockopt(router, ZMQ_MAXMSGSIZE, &largest, &room), 0);
    assert_int_equal(largest, 1024 * 1024);
}

/* The slowest of some calls that another instance answers. */
static uint64_t slowest_call(int calls, void **state)
{
    uint64_t slowest = 0;
    be_heard();
    for (int i = 0; i < calls; i++) {
        uint64_t began = clock_ms();
        test_a_call_and_its_answer(state);
        if (clock_ms() - began > slowest)
            slowest = clock_ms() - began;
    }
    return slowest;
}

/* One that takes nothing any more is sent as much as its connection holds; nobody else waits for it. */
static void test_a_full_instance(void **state)
{
    enum { CALLS = 700, BIG = 8192 };
    static struct exchange calls[CALLS];
    static const char big[BIG];
    int few = 1, refused = 0;
    char payload[64];
    void *full = dealer(pair_of("content"));
    zmq_setsockopt(full, ZMQ_RCVHWM, &few, sizeof few);
    assert_int_equal(zmq_connect(full, address), 0);
    say_hello_for(full, "content", "full", 1024);
    hear(full, FRAME_WELCOME, payload);
    for (int i = 0; i < CALLS; i++) {
        calls[i] = call_of("content", 1200);
        calls[i].payload = big;
        calls[i].payload_size = BIG;
        exchange_begin(bus, &calls[i]);
    }
    assert_true(slowest_call(50, state) < 500);
    for (int i = 0; i < CALLS; i++) {
        exchange_end(bus, &calls[i]);
        assert_true(calls[i].status == STATUS_UNAVAILABLE || calls[i].status == STATUS_TIMEOUT);
        refused += calls[i].status == STATUS_UNAVAILABLE;
    }
    assert_true(refused > 0);
    zmq_close(full);
}

/* The same instance dials again and again, and does not say goodbye: each time it is welcomed, and in the end it works. */
static void test_a_storm_of_connections(void **state)
{
    enum { TIMES = 200 };
    struct exchange exchange = call_of("content", PATIENCE_MS);
    char payload[64];
    void *socket = NULL;
    (void)state;
    for (int i = 0; i < TIMES; i++) {
        if (socket != NULL)
            zmq_close(socket);
        socket = dial("content");
        say_hello(socket, "content", "storm");
        hear(socket, FRAME_WELCOME, payload);
    }
    exchange_begin(bus, &exchange);
    struct frame request = hear(socket, FRAME_REQ, payload);
    request.kind = FRAME_REP;
    say(socket, &request, NULL);
    exchange_end(bus, &exchange);
    assert_int_equal(exchange.status, STATUS_OK);
    free(exchange.reply);
    zmq_close(socket);
}

static int junk_open(void)
{
    static const char junk[64] = "GET / HTTP/1.1\r\n";
    struct sockaddr_un place = {.sun_family = AF_UNIX};
    snprintf(place.sun_path, sizeof place.sun_path, "%s", address + strlen("ipc://"));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&place, sizeof place) == 0)
        send(fd, junk, sizeof junk, MSG_NOSIGNAL);
    return fd;
}

static void *junk_main(void *done)
{
    enum { CONNECTIONS = 2000, AT_A_TIME = 50 };
    int fds[AT_A_TIME];
    for (int i = 0; i < CONNECTIONS; i++) {
        if (i >= AT_A_TIME)
            close(fds[i % AT_A_TIME]);
        fds[i % AT_A_TIME] = junk_open();
    }
    for (int i = 0; i < AT_A_TIME; i++)
        close(fds[i]);
    atomic_store((atomic_bool *)done, true);
    return NULL;
}

static void test_connections_that_speak_no_zeromq(void **state)
{
    atomic_bool done = false;
    pthread_t junk;
    pthread_create(&junk, NULL, junk_main, &done);
    while (!atomic_load(&done))
        assert_true(slowest_call(1, state) < 500);
    pthread_join(junk, NULL);
    assert_true(slowest_call(10, state) < 500);
}

/* ---- who may speak */

/* Not a word comes back within the time. */
static void is_ignored(void *socket, int ms)
{
    char byte;
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &ms, sizeof ms);
    assert_int_equal(zmq_recv(socket, &byte, 1, 0), -1);
}

/* Keys that nobody knows, a thousand of them, and no key at all: nobody is let in, and who is in notices nothing. */
static void test_strangers(void **state)
{
    enum { STRANGERS = 1000, AT_A_TIME = 50 };
    void *sockets[AT_A_TIME], *open = dial_with(NULL);
    struct bus_pair key;
    (void)state;
    say_hello(open, "payment", "open");
    for (int i = 0; i < STRANGERS; i += AT_A_TIME) {
        for (int n = 0; n < AT_A_TIME; n++) {
            pair_make(&key);
            sockets[n] = dial_with(&key);
            say_hello(sockets[n], "payment", "stranger");
        }
        is_ignored(sockets[0], 50);
        test_a_call_and_its_answer(state);
        for (int n = 0; n < AT_A_TIME; n++) {
            is_ignored(sockets[n], 0);
            zmq_close(sockets[n]);
        }
    }
    is_ignored(open, 0);
    zmq_close(open);
}

/* The connection's handshake is over: libzmq has let it in. */
static void is_let_in(void *monitor)
{
    struct {
        uint16_t event;
        uint32_t value;
    } __attribute__((packed)) told = {0, 0};
    while (told.event != ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
        char where[128];
        assert_int_equal(zmq_recv(monitor, &told, sizeof told, 0), sizeof told);
        zmq_recv(monitor, where, sizeof where, 0);
    }
}

/* Where the handler is gone, libzmq lets everybody in: listed or not, the gateway itself hears none of them. */
static void test_nobody_judges_who_connects(void **state)
{
    char blind_address[80], missing[40];
    int patience = PATIENCE_MS;
    struct bus_pair stranger;
    const char *why;
    (void)state;
    snprintf(blind_address, sizeof blind_address, "ipc://%s/blind", folder);
    struct bus_settings settings = {.address = blind_address,
                                    .admin = "",
                                    .keys = bus_keys_open(list_path, &why),
                                    .pair = pairs[0]};
    void *before = router;
    nobody_to_judge = true;
    struct bus *blind = bus_start(&settings);
    nobody_to_judge = false;
    router = before;
    pair_make(&stranger);
    const struct bus_pair *const keys[] = {pair_of("payment"), &stranger};
    static const char *const places[] = {"inproc://monitor-1", "inproc://monitor-2"};
    for (int i = 0; i < 2; i++) {
        void *socket = dealer(keys[i]), *monitor = zmq_socket(context, ZMQ_PAIR);
        zmq_setsockopt(monitor, ZMQ_RCVTIMEO, &patience, sizeof patience);
        assert_int_equal(zmq_socket_monitor(socket, places[i], ZMQ_EVENT_HANDSHAKE_SUCCEEDED), 0);
        assert_int_equal(zmq_connect(monitor, places[i]), 0);
        assert_int_equal(zmq_connect(socket, blind_address), 0);
        say_hello(socket, "payment", "unjudged");
        is_let_in(monitor);
        is_ignored(socket, 300);
        assert_false(bus_has_all(blind, "payment", missing, sizeof missing));
        zmq_socket_monitor(socket, NULL, 0);
        zmq_close(monitor);
        zmq_close(socket);
    }
    bus_stop(&blind);
    unlink(blind_address + strlen("ipc://"));
}

/* payment's key says that it is auth; the gateway's own key that it is the gateway: nothing that they say counts. */
static void test_a_key_of_another_service(void **state)
{
    static const char *const names[][2] = {
        {"payment", "auth"   },
        {"auth",    "nothing"}
    };
    char payload[64];
    int before = revoked;
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        void *socket = dial(names[i][0]);
        say_hello(socket, names[i][1], "liar");
        assert_true(frame_text_is(hear(socket, FRAME_REFUSE, payload).trace, "key"));
        say(socket, &(struct frame){.kind = FRAME_REVOKE, .revocation_seq = 9, .account_id = 9},
            NULL);
        hear(socket, FRAME_REFUSE, payload);
        zmq_close(socket);
    }
    void *gateway = dial(BUS_GATEWAY);
    say_hello(gateway, BUS_GATEWAY, "liar");
    is_ignored(gateway, 200);
    zmq_close(gateway);
    assert_int_equal(revoked, before);
}

/* It takes another's routing id: that is no proof of anything. */
static void test_a_borrowed_name(void **state)
{
    char payload[64];
    (void)state;
    void *owner = dial("auth");
    zmq_disconnect(owner, address);
    zmq_setsockopt(owner, ZMQ_ROUTING_ID, "same", 4);
    assert_int_equal(zmq_connect(owner, address), 0);
    say_hello(owner, "auth", "borrowed");
    hear(owner, FRAME_WELCOME, payload);
    zmq_close(owner);
    usleep(200000);
    void *thief = dial("payment");
    zmq_disconnect(thief, address);
    zmq_setsockopt(thief, ZMQ_ROUTING_ID, "same", 4);
    assert_int_equal(zmq_connect(thief, address), 0);
    int before = revoked;
    say(thief, &(struct frame){.kind = FRAME_REVOKE, .revocation_seq = 100, .account_id = 55},
        NULL);
    assert_true(frame_text_is(hear(thief, FRAME_REFUSE, payload).trace, "unknown"));
    assert_int_equal(revoked, before);
    zmq_close(thief);
}

static void ping_for(int ms)
{
    for (; ms > 0; ms -= 100) {
        say(instance, &(struct frame){.kind = FRAME_PING}, NULL);
        usleep(100000);
    }
}

/* Two keys are good at a time; the one that is taken off the list is cut off, without a restart. */
static void test_a_key_is_changed(void **state)
{
    struct bus_pair fresh;
    char payload[64], missing[40];
    uint64_t end = clock_ms() + PATIENCE_MS;
    (void)state;
    pair_make(&fresh);
    write_list("", &fresh);
    ping_for(2000); /* the gateway looks at its list each second */
    void *next = dial_with(&fresh);
    say_hello(next, "payment", "fresh");
    hear(next, FRAME_WELCOME, payload);
    say(next, &(struct frame){.kind = FRAME_BYE}, NULL);
    zmq_disconnect(next, address);
    zmq_close(next);
    ping_for(200);
    test_a_call_and_its_answer(state); /* the old one is good as well */
    write_list("payment", NULL);
    while (bus_has_all(bus, "payment", missing, sizeof missing) && clock_ms() < end)
        ping_for(100);
    assert_false(bus_has_all(bus, "payment", missing, sizeof missing));
    write_list("", NULL);
    while (!bus_has_all(bus, "payment", missing, sizeof missing) && clock_ms() < end) {
        say_hello(instance, "payment", "back");
        usleep(100000);
    }
    assert_true(bus_has_all(bus, "payment", missing, sizeof missing));
}

/* ---- */

static void on_revoked(const void *session_hash, int64_t account_id)
{
    assert_null(session_hash);
    revoked = (int)account_id;
}

static void on_forget(void)
{
    forgotten++;
}

/* An instance that was welcomed. One that said BYE is not taken back: each has a name of its own. */
static int open_instance(void **state)
{
    static char name[] = "a";
    char payload[64];
    (void)state;
    instance = dial("payment");
    name[0]++;
    say_hello(instance, "payment", name);
    hear(instance, FRAME_WELCOME, payload);
    return 0;
}

static int close_instance(void **state)
{
    (void)state;
    say(instance, &(struct frame){.kind = FRAME_BYE}, NULL);
    zmq_disconnect(instance, address);
    zmq_close(instance);
    return 0;
}

static int open_bus(void **state)
{
    (void)state;
    log_start("gateway", "test", LOGGED_ERROR);
    if (sodium_init() < 0 || mkdtemp(folder) == NULL)
        return -1;
    snprintf(address, sizeof address, "ipc://%s/bus", folder);
    snprintf(list_path, sizeof list_path, "%s/keys", folder);
    for (int i = 0; i < 4; i++)
        pair_make(&pairs[i]);
    write_list("", NULL);
    const char *why;
    struct bus_settings settings = {
        .address = address,
        .admin = "",
        .keys = bus_keys_open(list_path, &why),
        .pair = pairs[0],
        .listener = {.revoked = on_revoked, .forget = on_forget}
    };
    assert_non_null(settings.keys);
    bus = bus_start(&settings);
    context = zmq_ctx_new();
    return 0;
}

static int close_bus(void **state)
{
    (void)state;
    zmq_ctx_term(context);
    bus_stop(&bus);
    unlink(address + strlen("ipc://"));
    unlink(list_path);
    rmdir(folder);
    return 0;
}

#define BUS_TEST(name) cmocka_unit_test_setup_teardown(name, open_instance, close_instance)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BUS_TEST(test_a_call_and_its_answer),
        BUS_TEST(test_nobody_there_and_nobody_answering),
        BUS_TEST(test_junk),
        BUS_TEST(test_an_upload_given_up),
        BUS_TEST(test_an_upload_given_up_in_the_queue),
        BUS_TEST(test_an_upload_whose_instance_leaves),
        BUS_TEST(test_auth_is_listened_to),
        BUS_TEST(test_readiness),
        BUS_TEST(test_a_stuck_instance),
        BUS_TEST(test_no_drafts_are_needed),
        BUS_TEST(test_options_of_the_socket),
        BUS_TEST(test_a_full_instance),
        BUS_TEST(test_a_storm_of_connections),
        BUS_TEST(test_connections_that_speak_no_zeromq),
        BUS_TEST(test_strangers),
        BUS_TEST(test_nobody_judges_who_connects),
        BUS_TEST(test_a_key_of_another_service),
        BUS_TEST(test_a_borrowed_name),
        BUS_TEST(test_a_key_is_changed),
    };
    return cmocka_run_group_tests(tests, open_bus, close_bus);
}
