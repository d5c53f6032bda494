#include "arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 8 * 1024 - 32, ALIGN = 16 };

struct chunk {
    struct chunk *next;
    size_t used, size;
    _Alignas(ALIGN) unsigned char data[];
};

struct arena {
    struct chunk *chunks;
    size_t limit, foreign; /* bytes that protobuf-c may take, and took */
    ProtobufCAllocator allocator;
};

static struct chunk *chunk_new(size_t size)
{
    struct chunk *chunk = malloc(sizeof *chunk + size);
    if (chunk == NULL)
        abort();
    chunk->next = NULL;
    chunk->used = 0;
    chunk->size = size;
    return chunk;
}

static void *take_foreign(void *owner, size_t size)
{
    struct arena *arena = owner;
    if (arena->limit != 0 && size > arena->limit - arena->foreign)
        return NULL;
    arena->foreign += size;
    return arena_alloc(arena, size);
}

static void free_nothing(void *owner, void *data)
{
    (void)owner;
    (void)data;
}

struct arena *arena_new(size_t limit)
{
    struct chunk *chunk = chunk_new(CHUNK);
    struct arena *arena = (void *)chunk->data; /* it lives in its own first chunk */

    chunk->used = (sizeof *arena + ALIGN - 1) / ALIGN * ALIGN;
    *arena = (struct arena){
        .chunks = chunk,
        .limit = limit,
        .allocator = {.alloc = take_foreign, .free = free_nothing, .allocator_data = arena},
    };
    return arena;
}

void arena_destroy(struct arena **self)
{
    if (*self == NULL)
        return;
    struct chunk *chunk = (*self)->chunks;
    while (chunk != NULL) {
        struct chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    *self = NULL;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2)
        abort();
    size = (size + ALIGN - 1) / ALIGN * ALIGN;
    struct chunk *chunk = arena->chunks;
    if (chunk->size - chunk->used < size) {
        struct chunk *more = chunk_new(size > CHUNK ? size : CHUNK);
        more->next = chunk;
        arena->chunks = chunk = more;
    }
    void *data = chunk->data + chunk->used;
    chunk->used += size;
    return memset(data, 0, size);
}

void *arena_copy(struct arena *arena, const void *data, size_t size)
{
    void *copy = arena_alloc(arena, size + 1); /* what is text stays text */
    if (size > 0)
        memcpy(copy, data, size);
    return copy;
}

char *arena_text(struct arena *arena, const char *text)
{
    return arena_copy(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list values, again;
    va_start(values, format);
    va_copy(again, values);
    int size = vsnprintf(NULL, 0, format, values);
    va_end(values);
    if (size < 0)
        abort();
    char *text = arena_alloc(arena, (size_t)size + 1);
    vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    return text;
}

ProtobufCAllocator *arena_protobuf(struct arena *arena)
{
    return &arena->allocator;
}
