#include "cache.h"

#include "clock.h"
#include <hiredis/async.h>
#include <sodium.h>
#include <stdlib.h>

enum { COMMAND_MS = 200, CONNECT_MS = 300, BACKOFF_MIN_MS = 100, BACKOFF_MAX_MS = 800 };

/* One command on its way. Oldest first: Redis answers in order. */
struct command {
    struct command *next;
    cache_done_fn *done;
    void *owner;
    uint64_t sent_at;
};

struct cache {
    struct loop *loop;
    const char *path;
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

static void on_connect(const redisAsyncContext *context, int status)
{
    struct cache *cache = context->data;
    if (status == REDIS_OK) {
        cache->ready = true;
        cache->backoff = BACKOFF_MIN_MS;
    } else {
        cache->context = NULL; /* hiredis frees it */
        cache_lost(cache);
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

static void cache_connect(struct cache *cache)
{
    redisAsyncContext *context = redisAsyncConnectUnix(cache->path);
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

struct cache *cache_new(struct loop *loop, const char *socket_path)
{
    struct cache *cache = calloc(1, sizeof *cache);
    if (cache == NULL)
        abort();
    cache->loop = loop;
    cache->path = socket_path;
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
