#include "guard.h"

#include "clock.h"
#include "log.h"
#include "metrics.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PASS_MS = 100,
    WATCHED_MAX = 1024,
    NETWORK_BITS = 24,
    PEEK_BYTES = 16384, /* the largest head */
};

/* An IPv4 address and port, in one word; 0: none. */
typedef uint64_t place;

/* What one HTTP thread is at. */
struct desk {
    atomic_uint_least64_t peer, since;
    atomic_bool reads;
};

/* Bytes since a moment, as long as somebody waits for them. */
struct pace {
    uint64_t since, bytes;
};

struct watched {
    uint64_t cookie; /* the kernel's number of the socket: never used again */
    place peer;
    uint64_t acked, waits_since; /* bytes of answers; for its next request */
    struct pace body;
    bool seen;
};

struct guard {
    pthread_t thread;
    uint16_t port;
    bool trust_proxy;
    atomic_bool stopping, busy;
    struct desk *desks;
    size_t desks_count;
    atomic_size_t desks_taken;
    struct watched watched[WATCHED_MAX];
    size_t count;
};

/* ---- what HTTP threads tell */

static place place_of(const struct sockaddr_in *address)
{
    return (uint64_t)ntohl(address->sin_addr.s_addr) << 16 | ntohs(address->sin_port);
}

static struct desk *own_desk(struct guard *guard)
{
    static _Thread_local struct desk *own;
    static _Thread_local struct guard *owner;
    if (owner != guard) {
        size_t taken = atomic_fetch_add(&guard->desks_taken, 1);
        own = taken < guard->desks_count ? &guard->desks[taken] : NULL;
        owner = guard;
    }
    return own;
}

void guard_enter(struct guard *guard, const char *address, int port)
{
    struct desk *desk = own_desk(guard);
    struct sockaddr_in peer = {.sin_port = htons((uint16_t)port)};
    if (desk == NULL || inet_pton(AF_INET, address, &peer.sin_addr) != 1)
        return;
    atomic_store(&desk->reads, false);
    atomic_store(&desk->since, clock_ms());
    atomic_store(&desk->peer, place_of(&peer));
}

void guard_leave(struct guard *guard)
{
    struct desk *desk = own_desk(guard);
    if (desk != NULL)
        atomic_store(&desk->peer, 0);
}

void guard_reads(struct guard *guard, bool reads)
{
    struct desk *desk = own_desk(guard);
    if (desk != NULL)
        atomic_store(&desk->reads, reads);
}

/* The thread that works for this peer, or NULL. */
static const struct desk *desk_of(const struct guard *guard, place peer)
{
    for (size_t i = 0; i < guard->desks_count; i++)
        if (atomic_load(&guard->desks[i].peer) == peer)
            return &guard->desks[i];
    return NULL;
}

/* ---- looking at a socket, by a descriptor of our own */

static bool socket_is_ours(const struct guard *guard, int fd, place *ret_peer)
{
    struct sockaddr_in own, peer;
    socklen_t own_size = sizeof own, peer_size = sizeof peer;
    if (getsockname(fd, (struct sockaddr *)&own, &own_size) != 0 || own.sin_family != AF_INET ||
        ntohs(own.sin_port) != guard->port ||
        getpeername(fd, (struct sockaddr *)&peer, &peer_size) != 0)
        return false;
    *ret_peer = place_of(&peer);
    return true;
}

static struct watched *watched_of(struct guard *guard, int fd, place peer, uint64_t now)
{
    uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) != 0)
        return NULL;
    for (size_t i = 0; i < guard->count; i++)
        if (guard->watched[i].cookie == cookie)
            return &guard->watched[i];
    if (guard->count == WATCHED_MAX)
        return NULL;
    struct watched *watched = &guard->watched[guard->count++];
    *watched = (struct watched){
        .cookie = cookie, .peer = peer, .waits_since = now, .body = {.since = now}};
    return watched;
}

/* The request is there, and nobody has begun with it: the thread it waits for is ours. */
static bool head_is_whole(int fd)
{
    char head[PEEK_BYTES];
    ssize_t size = recv(fd, head, sizeof head, MSG_PEEK | MSG_DONTWAIT);
    return size > 0 && memmem(head, (size_t)size, "\r\n\r\n", 4) != NULL;
}

static size_t count_of(const struct guard *guard, place peer, int bits)
{
    size_t count = 0;
    for (size_t i = 0; i < guard->count; i++)
        count += guard->watched[i].peer >> (48 - bits) == peer >> (48 - bits);
    return count;
}

/* How long its peer may take for a head: shorter in a crowd. */
static uint64_t patience_ms(const struct guard *guard, const struct watched *watched)
{
    if (guard->trust_proxy)
        return GUARD_HEAD_MS;
    size_t count = count_of(guard, watched->peer, 32);
    if (count > GUARD_PER_ADDRESS_BUSY && guard->busy)
        return GUARD_BUSY_MS;
    if (count > GUARD_PER_ADDRESS ||
        count_of(guard, watched->peer, NETWORK_BITS) > GUARD_PER_NETWORK)
        return GUARD_CROWD_MS;
    return GUARD_HEAD_MS;
}

/* Measured from the moment on at which somebody begins to wait, and anew after each time that was quick enough. */
static bool is_slow(struct pace *pace, bool waited_for, uint64_t bytes, uint64_t over_ms,
                    uint64_t now)
{
    uint64_t ms = now - pace->since;
    if (waited_for && ms <= over_ms)
        return false;
    bool slow = waited_for && (bytes - pace->bytes) * 1000 / ms < GUARD_SLOW_BYTES_PER_S;
    *pace = (struct pace){now, bytes};
    return slow;
}

/* Of one whose request a thread is at. */
static const char *rule_of_running(const struct guard *guard, struct watched *watched,
                                   const struct desk *desk, const struct tcp_info *info,
                                   uint64_t now)
{
    uint64_t since = atomic_load(&desk->since), patience = patience_ms(guard, watched);
    if (patience == GUARD_HEAD_MS)
        patience = GUARD_SLOW_MS;
    if (is_slow(&watched->body, atomic_load(&desk->reads), info->tcpi_bytes_received, patience,
                now))
        return patience == GUARD_SLOW_MS ? "body" : "address";
    return now > since && now - since > GUARD_AGE_MS ? "age" : NULL;
}

static bool has_said_nothing(int fd)
{
    int bytes = 0;
    return ioctl(fd, FIONREAD, &bytes) == 0 && bytes == 0;
}

/* `info` tells whether it had an answer before. */
static const char *rule_of_waiting(const struct guard *guard, const struct watched *watched, int fd,
                                   const struct tcp_info *info, uint64_t now)
{
    uint64_t patience = patience_ms(guard, watched);
    if (guard->busy && info->tcpi_data_segs_out > 0 && now - watched->waits_since > GUARD_IDLE_MS &&
        has_said_nothing(fd))
        return "idle";
    if (now - watched->waits_since <= patience || head_is_whole(fd))
        return NULL;
    return patience == GUARD_HEAD_MS ? "head" : "address";
}

/* The rule that is broken, or NULL. */
static const char *rule_broken(const struct guard *guard, struct watched *watched, int fd,
                               uint64_t now)
{
    struct tcp_info info = {.tcpi_state = 0};
    socklen_t size = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return NULL;
    const struct desk *desk = desk_of(guard, watched->peer);
    bool answered = info.tcpi_bytes_acked != watched->acked;
    watched->acked = info.tcpi_bytes_acked;
    if (desk != NULL || answered)
        watched->waits_since = now;
    return desk != NULL ? rule_of_running(guard, watched, desk, &info, now)
                        : rule_of_waiting(guard, watched, fd, &info, now);
}

static void look_at(struct guard *guard, int fd, uint64_t now)
{
    place peer;
    struct watched *watched;
    if (!socket_is_ours(guard, fd, &peer) || (watched = watched_of(guard, fd, peer, now)) == NULL)
        return;
    watched->seen = true;
    const char *rule = rule_broken(guard, watched, fd, now);
    if (rule == NULL)
        return;
    char labels[32];
    snprintf(labels, sizeof labels, "rule=\"%s\"", rule);
    metrics_count("guild_http_cut_total", "Connections that the guard shut, by rule.", labels, 1);
    /* the thread can still answer; and a request that an idle one sends just now is still read */
    bool gently = strcmp(rule, "body") == 0 || strcmp(rule, "idle") == 0;
    shutdown(fd, gently ? SHUT_RD : SHUT_RDWR);
}

/* ---- the pass */

static void forget_the_gone(struct guard *guard)
{
    size_t kept = 0;
    for (size_t i = 0; i < guard->count; i++) {
        if (!guard->watched[i].seen)
            continue;
        guard->watched[kept] = guard->watched[i];
        guard->watched[kept++].seen = false;
    }
    guard->count = kept;
}

static void pass(struct guard *guard, DIR *descriptors)
{
    uint64_t now = clock_ms();
    rewinddir(descriptors);
    for (struct dirent *entry; (entry = readdir(descriptors)) != NULL;) {
        int own = entry->d_name[0] == '.'
                      ? -1
                      : fcntl((int)strtol(entry->d_name, NULL, 10), F_DUPFD_CLOEXEC, 3);
        if (own < 0)
            continue;
        look_at(guard, own, now);
        close(own);
    }
    forget_the_gone(guard);
    atomic_store(&guard->busy, guard->count * 4 > guard->desks_count * 3);
}

static void *watch(void *owner)
{
    struct guard *guard = owner;
    DIR *descriptors = opendir("/proc/self/fd");
    if (descriptors == NULL)
        log_line(LOGGED_ERROR, "connections are not watched: /proc/self/fd cannot be read",
                 "pid=%d", (int)getpid());
    while (descriptors != NULL && !guard->stopping) {
        pass(guard, descriptors);
        usleep(PASS_MS * 1000);
    }
    if (descriptors != NULL)
        closedir(descriptors);
    return NULL;
}

struct guard *guard_start(uint16_t port, size_t threads, bool trust_proxy)
{
    struct guard *guard = calloc(1, sizeof *guard);
    struct desk *desks = calloc(threads, sizeof *desks);
    if (guard == NULL || desks == NULL)
        abort();
    guard->port = port;
    guard->trust_proxy = trust_proxy;
    guard->desks = desks;
    guard->desks_count = threads;
    if (pthread_create(&guard->thread, NULL, watch, guard) != 0)
        abort();
    return guard;
}

void guard_stop(struct guard **self)
{
    struct guard *guard = *self;
    if (guard == NULL)
        return;
    guard->stopping = true;
    pthread_join(guard->thread, NULL);
    free(guard->desks);
    free(guard);
    *self = NULL;
}
