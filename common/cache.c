#include "cache.h"

#include "clock.h"
#include "host.h"
#include "work.h"
#include <hiredis/async.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    COMMAND_MS = 200,
    CONNECT_MS = 300,
    BACKOFF_MIN_MS = 100,
    BACKOFF_MAX_MS = 800,
    HOST_MAX = 256,
};

/* One command on its way. Oldest first: Redis answers in order. */
struct command {
    struct command *next;
    cache_done_fn *done;
    void *owner;
    uint64_t sent_at;
};

/* A name's address: looked up in an actor, since a name server may take seconds. */
struct lookup {
    char host[HOST_MAX], address[HOST_ADDRESS_MAX];
    bool is_found, under_way;
};

struct cache {
    struct loop *loop;
    const char *where, *password;
    int port; /* 0: a socket's path */
    struct work *work;
    struct lookup lookup;
    redisAsyncContext *context;
    int fd;
    bool ready;
    uint64_t connect_at, began_at, backoff;
    struct command *first, **last;
    int timer;
};

static void cache_lost(struct cache *cache);

/* -- hiredis' view of the loop */

static void on_readable(void *owner)
{
    struct cache *cache = owner;
    if (cache->context != NULL)
        redisAsyncHandleRead(cache->context);
}

static void on_writable(void *owner)
{
    struct cache *cache = owner;
    if (cache->context != NULL)
        redisAsyncHandleWrite(cache->context);
    /* hiredis 0.14 takes a new buffer without looking whether it got one; out of memory ends the process */
    if (cache->context != NULL && cache->context->c.obuf == NULL)
        abort();
}

static void want_nothing(void *owner)
{
    (void)owner; /* reading is always wanted */
}

static void want_write(void *owner)
{
    struct cache *cache = owner;
    loop_want_write(cache->loop, cache->fd, true);
}

static void want_no_write(void *owner)
{
    struct cache *cache = owner;
    loop_want_write(cache->loop, cache->fd, false);
}

static void let_go(void *owner)
{
    struct cache *cache = owner;
    if (cache->fd >= 0)
        loop_remove_fd(cache->loop, cache->fd);
    cache->fd = -1;
}

/* -- the connection: made, used until the first error, made again */

static void cache_is_there(struct cache *cache)
{
    cache->ready = true;
    cache->backoff = BACKOFF_MIN_MS;
}

/* A wrong password closes the connection; the next one asks again. */
static void on_let_in(redisAsyncContext *context, void *reply, void *data)
{
    const redisReply *answer = reply;
    struct cache *cache = context->data;
    (void)data;
    if (answer != NULL && answer->type == REDIS_REPLY_STATUS)
        cache_is_there(cache);
    else if (answer != NULL)
        redisAsyncDisconnect(context);
}

static void on_connect(const redisAsyncContext *context, int status)
{
    struct cache *cache = context->data;
    if (status != REDIS_OK) {
        cache->context = NULL; /* hiredis frees it */
        cache_lost(cache);
    } else if (cache->password[0] == '\0') {
        cache_is_there(cache);
    } else {
        const char *argv[] = {"AUTH", cache->password};
        redisAsyncCommandArgv(cache->context, on_let_in, NULL, 2, argv, NULL);
    }
}

static void on_disconnect(const redisAsyncContext *context, int status)
{
    struct cache *cache = context->data;
    (void)status;
    if (cache->context == context) {
        cache->context = NULL;
        cache_lost(cache);
    }
}

static void cache_lost(struct cache *cache)
{
    cache->ready = false;
    cache->connect_at =
        clock_ms() + cache->backoff / 2 + randombytes_uniform((uint32_t)cache->backoff);
    cache->backoff = cache->backoff * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : cache->backoff * 2;
}

static void cache_open(struct cache *cache, redisAsyncContext *context)
{
    if (context == NULL || context->err != 0) {
        if (context != NULL)
            redisAsyncFree(context);
        cache_lost(cache);
        return;
    }
    cache->context = context;
    cache->fd = context->c.fd;
    cache->began_at = clock_ms();
    context->data = cache;
    context->ev.data = cache;
    context->ev.addRead = want_nothing;
    context->ev.delRead = want_nothing;
    context->ev.addWrite = want_write;
    context->ev.delWrite = want_no_write;
    context->ev.cleanup = let_go;
    loop_add_fd(cache->loop, cache->fd, on_readable, on_writable, cache);
    redisAsyncSetConnectCallback(context, on_connect);
    redisAsyncSetDisconnectCallback(context, on_disconnect);
}

/* In an actor's thread. */
static void look_up(void *job)
{
    struct lookup *lookup = job;
    lookup->is_found = host_addresses(lookup->host, &lookup->address, 1) == 1;
}

static void looked_up(void *owner, void *job)
{
    struct cache *cache = owner;
    struct lookup *lookup = job;
    lookup->under_way = false;
    if (lookup->is_found)
        cache_open(cache, redisAsyncConnect(lookup->address, cache->port));
    else
        cache_lost(cache);
}

static void cache_connect(struct cache *cache)
{
    if (cache->port == 0)
        cache_open(cache, redisAsyncConnectUnix(cache->where));
    else if (!cache->lookup.under_way)
        cache->lookup.under_way =
            work_submit(cache->work, look_up, &cache->lookup, looked_up, cache) == STATUS_OK;
}

/* A late reply must never answer the next caller: the connection goes with its first late command. */
static void cache_drop(struct cache *cache)
{
    redisAsyncContext *context = cache->context;
    cache->context = NULL;
    if (context != NULL)
        redisAsyncFree(context); /* tells every command under way NULL */
    cache_lost(cache);
}

static void on_tick(void *owner)
{
    struct cache *cache = owner;
    uint64_t now = clock_ms();
    if (cache->context == NULL) {
        if (now >= cache->connect_at)
            cache_connect(cache);
    } else if (!cache->ready && now > cache->began_at + CONNECT_MS) {
        cache_drop(cache);
    } else if (cache->first != NULL && now > cache->first->sent_at + COMMAND_MS) {
        cache_drop(cache);
    }
}

static void on_reply(redisAsyncContext *context, void *reply, void *data)
{
    struct command *command = data;
    struct cache *cache = context->data;
    (void)data;
    cache->first = command->next;
    if (cache->first == NULL)
        cache->last = &cache->first;
    command->done(command->owner, reply);
    free(command);
}

/* "redis:6379" */
static void host_take(struct cache *cache)
{
    const char *colon = strrchr(cache->where, ':');
    if (cache->where[0] == '/' || colon == NULL)
        return;
    snprintf(cache->lookup.host, sizeof cache->lookup.host, "%.*s", (int)(colon - cache->where),
             cache->where);
    cache->port = (int)strtol(colon + 1, NULL, 10);
    cache->work = work_new(cache->loop, 1, 1);
}

struct cache *cache_new(struct loop *loop, const char *where, const char *password)
{
    struct cache *cache = calloc(1, sizeof *cache);
    if (cache == NULL)
        abort();
    cache->loop = loop;
    cache->where = where;
    cache->password = password;
    host_take(cache);
    cache->fd = -1;
    cache->backoff = BACKOFF_MIN_MS;
    cache->last = &cache->first;
    cache->timer = loop_add_timer(loop, 50, on_tick, cache);
    cache_connect(cache);
    return cache;
}

void cache_destroy(struct cache **self)
{
    struct cache *cache = *self;
    if (cache == NULL)
        return;
    loop_remove_timer(cache->loop, cache->timer);
    redisAsyncContext *context = cache->context;
    cache->context = NULL;
    if (context != NULL)
        redisAsyncFree(context);
    work_destroy(&cache->work);
    free(cache);
    *self = NULL;
}

bool cache_is_ready(const struct cache *cache)
{
    return cache->ready;
}

void cache_command(struct cache *cache, cache_done_fn *done, void *owner, int argc,
                   const char *const *argv, const size_t *lengths)
{
    struct command *command = cache->ready ? calloc(1, sizeof *command) : NULL;
    if (command == NULL) {
        done(owner, NULL);
        return;
    }
    *command = (struct command){.done = done, .owner = owner, .sent_at = clock_ms()};
    if (redisAsyncCommandArgv(cache->context, on_reply, command, argc,
                              (const char **)(uintptr_t)argv, lengths) != REDIS_OK) {
        free(command);
        done(owner, NULL);
        return;
    }
    *cache->last = command;
    cache->last = &command->next;
}
