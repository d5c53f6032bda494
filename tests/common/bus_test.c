/* The service's sockets: made-up gateways on the other side. */
#include "bus.h"
#include "clock.h"
#include "log.h"
#include "wire.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <czmq.h>
#include <dlfcn.h>
#include <netdb.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { GATEWAYS = 2, SOON_MS = 8000 };

static char folder[] = "/tmp/guild-service-bus-XXXXXX";
static char list_path[64];
static void *context, *gateways[GATEWAYS];
static struct bus_pair own, fresh, old; /* the service's; the gateways' two */
static struct loop *loop;
static bool heard[GATEWAYS];
static size_t wanted;
static uint64_t give_up_at;

/* ---- a name with two addresses */

static struct sockaddr_in places[GATEWAYS];
static struct addrinfo entries[GATEWAYS];

/* Instead of libc's, which still sees to all other names (libzmq asks it for numbers, too). */
int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **ret_found)
{
    int (*libc)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&libc = dlsym(RTLD_NEXT, "getaddrinfo");
    if (strcmp(host, "gateways.test") != 0)
        return libc(host, service, hints, ret_found);
    for (int i = 0; i < GATEWAYS; i++) {
        places[i] = (struct sockaddr_in){.sin_family = AF_INET,
                                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)i)};
        entries[i] = (struct addrinfo){.ai_family = AF_INET,
                                       .ai_addr = (struct sockaddr *)&places[i],
                                       .ai_addrlen = sizeof places[i],
                                       .ai_next = i + 1 < GATEWAYS ? &entries[i + 1] : NULL};
    }
    *ret_found = entries;
    return 0;
}

void freeaddrinfo(struct addrinfo *found)
{
    void (*libc)(struct addrinfo *);
    *(void **)&libc = dlsym(RTLD_NEXT, "freeaddrinfo");
    if (found != entries)
        libc(found);
}

/* ---- libzmq's sockets, looked at on their way */

static void *dealer; /* the service's last */

void *zmq_socket(void *of, int type)
{
    void *(*libzmq)(void *, int);
    *(void **)&libzmq = dlsym(RTLD_NEXT, "zmq_socket");
    void *socket = libzmq(of, type);
    if (type == ZMQ_DEALER)
        dealer = socket;
    return socket;
}

static void check_options(void)
{
    static const int options[][2] = {
        {ZMQ_SNDTIMEO,          0   },
        {ZMQ_SNDHWM,            256 },
        {ZMQ_RCVHWM,            256 },
        {ZMQ_LINGER,            0   },
        {ZMQ_IMMEDIATE,         1   },
        {ZMQ_RECONNECT_IVL,     100 },
        {ZMQ_RECONNECT_IVL_MAX, 3200},
        {ZMQ_HANDSHAKE_IVL,     5000},
        {ZMQ_HEARTBEAT_IVL,     1000},
        {ZMQ_HEARTBEAT_TIMEOUT, 2000},
        {ZMQ_HEARTBEAT_TTL,     3000},
        {ZMQ_CURVE_SERVER,      0   },
    };
    int64_t largest = 0;
    size_t room = sizeof largest;
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        int value = -1;
        size_t size = sizeof value;
        assert_int_equal(zmq_getsockopt(dealer, options[i][0], &value, &size), 0);
        assert_int_equal(value, options[i][1]);
    }
    assert_int_equal(zmq_getsockopt(dealer, ZMQ_MAXMSGSIZE, &largest, &room), 0);
    assert_int_equal(largest, 1024 * 1024);
}

/* ---- gateways */

static void *gateway_open(const char *address, const struct bus_pair *pair, char *ret_bound)
{
    int server = 1, none = 0;
    size_t room = 128;
    void *socket = zmq_socket(context, ZMQ_ROUTER);
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &server, sizeof server);
    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, pair->secret, BUS_KEY_BYTES);
    if (zmq_bind(socket, address) != 0)
        fail_msg("%s: %s", address, zmq_strerror(zmq_errno()));
    zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, ret_bound, &room);
    return socket;
}

/* A HELLO is answered by a WELCOME, as long as nobody is on that line yet. */
static void gateway_listen(void *socket, bool *ret_heard)
{
    static const struct frame welcome = {
        .kind = FRAME_WELCOME, .instance = {"g", 1}
    };
    unsigned char id[64];
    struct frame frame;
    const void *payload;
    zmq_msg_t part;
    size_t size;
    int id_size;
    while ((id_size = zmq_recv(socket, id, sizeof id, ZMQ_DONTWAIT)) > 0) {
        zmq_msg_init(&part);
        assert_true(zmq_msg_recv(&part, socket, 0) >= 0);
        assert_true(wire_read(&part, &frame, &payload, &size));
        bool hello = frame.kind == FRAME_HELLO;
        assert_true(!hello || frame_text_is(frame.service, "payment"));
        zmq_msg_close(&part);
        if (!hello)
            continue;
        *ret_heard = true;
        assert_true(wire_pack(&welcome, NULL, 0, &part));
        zmq_send(socket, id, (size_t)id_size, ZMQ_SNDMORE);
        zmq_msg_send(&part, socket, 0);
    }
}

static void look(void *bus)
{
    size_t count = 0;
    for (int i = 0; i < GATEWAYS; i++) {
        if (gateways[i] != NULL)
            gateway_listen(gateways[i], &heard[i]);
        count += heard[i];
    }
    if ((count == wanted && bus_is_ready(bus)) || clock_ms() > give_up_at)
        loop_stop(loop);
}

/* ---- the service */

static bool never(const char *method)
{
    (void)method;
    return false;
}

static size_t nothing(void *owner, const char *method)
{
    (void)owner;
    (void)method;
    return 0;
}

static void refuse(void *owner, const struct bus_request *request)
{
    (void)owner;
    (void)request;
    fail_msg("nobody asked");
}

/* Runs the service until it has said HELLO to so many gateways and was welcomed, or for so long. */
static void run_for(const char *names, size_t count, uint64_t ms)
{
    static const char *const methods[] = {"ListFees", NULL};
    const char *why;
    struct bus_settings settings = {.service = "payment",
                                    .gateways = names,
                                    .keys = bus_keys_open(list_path, &why),
                                    .pair = own,
                                    .methods = methods,
                                    .is_idempotent = never,
                                    .body_max = nothing,
                                    .request = refuse};
    assert_non_null(settings.keys);
    loop = loop_new();
    wanted = count;
    give_up_at = clock_ms() + ms;
    memset(heard, 0, sizeof heard);
    struct bus *bus = bus_new(loop, &settings);
    loop_add_timer(loop, 20, look, bus);
    loop_run(loop);
    size_t found = 0;
    for (int i = 0; i < GATEWAYS; i++)
        found += heard[i];
    assert_int_equal(found, ms == SOON_MS ? count : 0);
    assert_int_equal(bus_is_ready(bus), ms == SOON_MS);
    check_options();
    bus_destroy(&bus);
    loop_destroy(&loop);
}

static void run(const char *names, size_t count)
{
    run_for(names, count, SOON_MS);
}

static void test_every_address_of_a_name(void **state)
{
    char bound[128], second[160], names[160];
    (void)state;
    gateways[0] = gateway_open("tcp://127.0.0.1:*", &fresh, bound);
    const char *port = strrchr(bound, ':') + 1;
    snprintf(second, sizeof second, "tcp://127.0.0.2:%s", port);
    gateways[1] = gateway_open(second, &fresh, second);
    snprintf(names, sizeof names, "tcp://nobody.invalid:1,tcp://gateways.test:%s", port);
    run(names, 2);
}

/* The list has two keys of the gateway's, and it runs with the older one still. */
static void test_a_gateway_with_its_old_key(void **state)
{
    char bound[128], address[64];
    (void)state;
    snprintf(address, sizeof address, "ipc://%s/bus", folder);
    gateways[0] = gateway_open(address, &old, bound);
    run(address, 1);
    unlink(address + strlen("ipc://"));
}

/* One whose key is not on the list is told nothing, not even a name; and the service lives on. */
static void test_a_gateway_that_is_none(void **state)
{
    char bound[128], address[64];
    struct bus_pair stranger;
    (void)state;
    crypto_box_keypair(stranger.public, stranger.secret);
    snprintf(address, sizeof address, "ipc://%s/bus", folder);
    gateways[0] = gateway_open(address, &stranger, bound);
    run_for(address, 1, 1000);
    unlink(address + strlen("ipc://"));
}

/* ---- */

static void write_list(const char *text)
{
    FILE *file = fopen(list_path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void test_a_list_with_mistakes(void **state)
{
    static const char *const wrong[] = {
        "",
        "# nothing but words\n",
        "payment\n",
        "payment 00\n",
        "Payment 0000000000000000000000000000000000000000000000000000000000000000\n",
        "payment 000000000000000000000000000000000000000000000000000000000000000g\n",
        "payment  0000000000000000000000000000000000000000000000000000000000000000\n",
        "payment 0000000000000000000000000000000000000000000000000000000000000000 \n",
    };
    const char *why;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        write_list(wrong[i]);
        assert_null(bus_keys_open(list_path, &why));
        assert_non_null(why);
    }
    unlink(list_path);
    assert_null(bus_keys_open(list_path, &why));
}

static void pair_make(struct bus_pair *pair)
{
    crypto_box_keypair(pair->public, pair->secret);
    sodium_bin2hex(pair->public_hex, sizeof pair->public_hex, pair->public, sizeof pair->public);
}

static int open_keys(void **state)
{
    char text[512];
    (void)state;
    snprintf(list_path, sizeof list_path, "%s/keys", folder);
    pair_make(&own);
    pair_make(&fresh);
    pair_make(&old);
    snprintf(text, sizeof text, "gateway %s\npayment %s\ngateway %s\n", fresh.public_hex,
             own.public_hex, old.public_hex);
    write_list(text);
    return 0;
}

static int close_gateways(void **state)
{
    (void)state;
    for (int i = 0; i < GATEWAYS; i++) {
        if (gateways[i] != NULL)
            zmq_close(gateways[i]);
        gateways[i] = NULL;
    }
    unlink(list_path);
    return 0;
}

static int open_all(void **state)
{
    (void)state;
    log_start("payment", "test", LOGGED_ERROR);
    context = zmq_ctx_new();
    zsys_handler_set(NULL);
    return sodium_init() < 0 || mkdtemp(folder) == NULL ? -1 : 0;
}

static int close_all(void **state)
{
    (void)state;
    zmq_ctx_term(context);
    return rmdir(folder);
}

#define BUS_TEST(name) cmocka_unit_test_setup_teardown(name, open_keys, close_gateways)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BUS_TEST(test_every_address_of_a_name),
        BUS_TEST(test_a_gateway_with_its_old_key),
        BUS_TEST(test_a_gateway_that_is_none),
        BUS_TEST(test_a_list_with_mistakes),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
