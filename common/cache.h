/* Redis for one reactor (hiredis async). A connection is discarded after any error or time-out and made again with
   back-off; while Redis is away every command fails at once: callers deny. */
#ifndef GUILD_CACHE_H
#define GUILD_CACHE_H

#include "loop.h"
#include <hiredis/hiredis.h>
#include <stdbool.h>

struct cache;

/* `where`: path of a Unix socket, or host:port, whose name is looked up anew for each connection. `password`: "" for none. */
struct cache *cache_new(struct loop *loop, const char *where, const char *password);
void cache_destroy(struct cache **self);
bool cache_is_ready(const struct cache *cache);

/* `reply` is NULL when Redis is away or slow (200 ms); it lives during the callback only. Runs exactly once. */
typedef void cache_done_fn(void *owner, const redisReply *reply);
void cache_command(struct cache *cache, cache_done_fn *done, void *owner, int argc,
                   const char *const *argv, const size_t *lengths);

#endif
