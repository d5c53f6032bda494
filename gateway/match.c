/* From verb and path to a route. */
#include "auth.pb-c.h"
#include "certification.pb-c.h"
#include "http.h"
#include "notification.pb-c.h"
#include "payment.pb-c.h"
#include <string.h>

static const char *const verbs[] = {
    [GET] = "GET", [POST] = "POST", [PUT] = "PUT", [DELETE] = "DELETE"};

/* Does the path fit the pattern, and how many of its parts are parameters? -1: it does not fit. */
static int fits(const char *pattern, const char *path)
{
    int parameters = 0;
    while (*pattern != '\0' && *path != '\0') {
        if (pattern[0] == ':') {
            size_t size = strcspn(path, "/");
            if (size == 0)
                return -1;
            parameters++;
            pattern += strcspn(pattern, "/");
            path += size;
        } else if (*pattern++ != *path++) {
            return -1;
        }
    }
    return *pattern == '\0' && *path == '\0' ? parameters : -1;
}

/* Literal parts go before parameters: /reviews/counts before /reviews/:id. */
const struct route *match_route(const char *verb, const char *path, const char **ret_allow,
                                struct arena *arena)
{
    const struct route *best = NULL;
    int least = 1000;
    *ret_allow = NULL;
    for (size_t i = 0; i < routes_count; i++) {
        int parameters = fits(routes[i].path, path);
        if (parameters < 0)
            continue;
        const char *its = verbs[routes[i].verb];
        if (*ret_allow == NULL)
            *ret_allow = its;
        else if (strstr(*ret_allow, its) == NULL) /* no verb is in another */
            *ret_allow = arena_printf(arena, "%s, %s", *ret_allow, its);
        if (strcmp(its, verb) == 0 && parameters < least) {
            best = &routes[i];
            least = parameters;
        }
    }
    return best;
}

bool match_value(const struct route *route, const char *path, size_t index, const char **ret_name,
                 const char **ret_value, struct arena *arena)
{
    const char *pattern = route->path;
    while (*pattern != '\0') {
        if (*pattern != ':') {
            pattern++;
            path++;
            continue;
        }
        size_t name = strcspn(pattern, "/"), value = strcspn(path, "/");
        if (index-- == 0) {
            *ret_name = arena_copy(arena, pattern + 1, name - 1);
            *ret_value = arena_copy(arena, path, value);
            return true;
        }
        pattern += name;
        path += value;
    }
    return false;
}

const ProtobufCMethodDescriptor *route_method(const struct route *route)
{
    static const ProtobufCServiceDescriptor *const contracts[] = {
        &auth__auth__descriptor, &certification__certification__descriptor,
        &notification__notification__descriptor, &payment__payment__descriptor};
    for (size_t i = 0; i < sizeof contracts / sizeof contracts[0]; i++)
        if (strcmp(contracts[i]->package, route->service) == 0)
            return protobuf_c_service_descriptor_get_method_by_name(contracts[i], route->method);
    return NULL;
}
