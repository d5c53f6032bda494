#include "zap.h"

#include "log.h"
#include "metrics.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The parts of a request: version, request id, domain, address, identity, mechanism, and the mechanism's credentials. */
enum { VERSION, REQUEST_ID, DOMAIN, ADDRESS, IDENTITY, MECHANISM, CREDENTIALS, PARTS };

struct zap {
    struct loop *loop;
    const struct bus_keys *keys;
    void *socket;
};

struct part {
    unsigned char data[256];
    size_t size;
};

/* False: there is none. What is too long is cut: nothing that is welcome is. */
static bool receive(void *socket, struct part parts[static PARTS], size_t *ret_count)
{
    int more = 1;
    size_t room = sizeof more;
    *ret_count = 0;
    while (more != 0) {
        struct part excess, *part = *ret_count < PARTS ? &parts[*ret_count] : &excess;
        int size = zmq_recv(socket, part->data, sizeof part->data, ZMQ_DONTWAIT);
        if (size < 0)
            return false;
        part->size = (size_t)size < sizeof part->data ? (size_t)size : sizeof part->data;
        ++*ret_count;
        zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &room);
    }
    return true;
}

static bool part_is(const struct part *part, const char *text)
{
    return part->size == strlen(text) && memcmp(part->data, text, part->size) == 0;
}

/* The key in hex, if it may come in. */
static bool is_welcome(const struct zap *zap, const struct part *parts, size_t count,
                       char hex[static BUS_KEY_HEX + 1])
{
    if (count != PARTS || !part_is(&parts[MECHANISM], "CURVE") ||
        parts[CREDENTIALS].size != BUS_KEY_BYTES)
        return false;
    sodium_bin2hex(hex, BUS_KEY_HEX + 1, parts[CREDENTIALS].data, BUS_KEY_BYTES);
    return bus_keys_has(zap->keys, NULL, hex);
}

static void send_text(void *socket, const char *text, int flags)
{
    zmq_send(socket, text, strlen(text), ZMQ_DONTWAIT | flags);
}

static void on_request(void *owner)
{
    struct zap *zap = owner;
    struct part parts[PARTS];
    size_t count;
    while (receive(zap->socket, parts, &count)) {
        char hex[BUS_KEY_HEX + 1] = "";
        bool welcome = is_welcome(zap, parts, count, hex);
        if (!welcome) {
            log_line(LOGGED_WARNING, "a key that is not listed was kept off the bus", "key=%s",
                     hex);
            metrics_count("guild_bus_denied_total", "Connections kept off the bus.", "", 1);
        }
        send_text(zap->socket, "1.0", ZMQ_SNDMORE);
        zmq_send(zap->socket, parts[REQUEST_ID].data,
                 count > REQUEST_ID ? parts[REQUEST_ID].size : 0, ZMQ_DONTWAIT | ZMQ_SNDMORE);
        send_text(zap->socket, welcome ? "200" : "400", ZMQ_SNDMORE);
        send_text(zap->socket, welcome ? "" : "not listed", ZMQ_SNDMORE);
        send_text(zap->socket, welcome ? hex : "", ZMQ_SNDMORE);
        send_text(zap->socket, "", 0);
    }
}

struct zap *zap_open(void *context, struct loop *loop, const struct bus_keys *keys)
{
    struct zap *zap = calloc(1, sizeof *zap);
    if (zap == NULL)
        abort();
    *zap = (struct zap){.loop = loop, .keys = keys, .socket = zmq_socket(context, ZMQ_REP)};
    if (zap->socket == NULL || zmq_bind(zap->socket, "inproc://zeromq.zap.01") != 0) {
        fprintf(stderr, "the bus cannot judge who connects: %s\n", zmq_strerror(zmq_errno()));
        exit(1);
    }
    loop_add_socket(loop, zap->socket, on_request, zap);
    return zap;
}

void zap_close(struct zap **self)
{
    struct zap *zap = *self;
    loop_remove_socket(zap->loop, zap->socket);
    zmq_close(zap->socket);
    free(zap);
    *self = NULL;
}

const char *zap_user(zmq_msg_t *part)
{
    return zmq_msg_gets(part, "User-Id");
}
