/* Memory of one call: everything is taken from it and all goes at once. Out of memory ends the process. */
#ifndef GUILD_ARENA_H
#define GUILD_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

struct arena;

/* `limit` bounds what protobuf-c may take (a stranger chooses that); 0: no bound. */
struct arena *arena_new(size_t limit);
void arena_destroy(struct arena **self);

/* Zeroed memory, aligned for anything. Never NULL. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_copy(struct arena *arena, const void *data, size_t size);
char *arena_text(struct arena *arena, const char *text);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* For protobuf-c's unpack; its free does nothing. Past the limit it says NULL and unpack fails. */
ProtobufCAllocator *arena_protobuf(struct arena *arena);

#endif
