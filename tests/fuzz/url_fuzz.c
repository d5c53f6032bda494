/* Paths and queries from anybody: decoding, the search for a route, its values, and fields set from text. */
#include "http.h"
#include "json.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_query(const struct route *route, char *query, struct arena *arena)
{
    ProtobufCMessage *request = message_new(route_method(route)->input, arena);
    struct field_errors errors = {.arena = arena};
    const char *name, *value;
    for (enum head_pair pair; (pair = head_next_pair(&query, &name, &value)) == HEAD_PAIR;)
        json_set_text(request, name, value, &errors);
    message_check(request, &errors);
}

static void try_path(const char *verb, const char *path, char *query, struct arena *arena)
{
    const char *allow, *name, *value;
    const struct route *route = match_route(verb, path, &allow, arena);
    if (route == NULL)
        return;
    for (size_t i = 0; match_value(route, path, i, &name, &value, arena); i++)
        if (strchr(value, '/') != NULL)
            abort(); /* a value is one part of the path */
    try_query(route, query, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const verbs[] = {"GET", "POST", "PUT", "DELETE"};
    struct arena *arena = arena_new(0);
    char *path = arena_alloc(arena, size + 1);
    if (size > 0)
        memcpy(path, data, size);
    path[size] = '\0';
    char *query = strchr(path, '?'), none[] = "";
    if (query != NULL)
        *query++ = '\0';
    size_t before = strlen(path);
    if (head_decode(path, false)) {
        if (strlen(path) > before || strpbrk(path, "\r\n\t") != NULL)
            abort(); /* shorter at most, and without control characters */
        for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
            try_path(verbs[i], path, query == NULL ? none : arena_text(arena, query), arena);
    }
    arena_destroy(&arena);
    return 0;
}
