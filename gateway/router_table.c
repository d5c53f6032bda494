#include "router_table.h"

#include <stdlib.h>
#include <string.h>

/* ---- services by name */

int service_find(const struct router *r, const char *name)
{
    for (int i = 0; i < ROUTER_SERVICES_MAX; i++)
        if (r->services[i].name[0] != '\0' && strcmp(r->services[i].name, name) == 0)
            return i;
    return NOBODY;
}

static bool service_is_used(const struct router *r, int service)
{
    for (int i = 0; i < ROUTER_PEERS_MAX; i++)
        if (r->peers[i].state != FREE && r->peers[i].service == service)
            return true;
    return r->services[service].name[0] != '\0' && r->services[service].waiting > 0;
}

/* The place of a name nobody uses is given to the next, so that made-up names cannot fill the table. */
int service_add(struct router *r, const char *name)
{
    int service = service_find(r, name);
    if (service != NOBODY || strlen(name) > FRAME_SERVICE_MAX)
        return service;
    for (int i = ROUTER_SERVICES_MAX; i-- > 0;)
        if (!service_is_used(r, i) && (service == NOBODY || r->services[i].name[0] == '\0'))
            service = i; /* rather one that nobody ever had */
    if (service == NOBODY)
        return NOBODY;
    r->services[service] = (struct service){.repeats = 100 * ROUTER_REPEATS_RESERVE};
    memcpy(r->services[service].name, name, strlen(name) + 1);
    return service;
}

size_t service_live(const struct router *r, int service, uint64_t except)
{
    size_t live = 0;
    for (int i = 0; i < ROUTER_PEERS_MAX; i++)
        live +=
            r->peers[i].state == LIVE && r->peers[i].service == service && (except >> i & 1) == 0;
    return live;
}

/* ---- requests: taken, queued, found, given back */

struct request *request_new(struct router *r, int service, uint64_t now)
{
    if (r->in_flight == ROUTER_REQUESTS_MAX)
        return NULL;
    struct request *request = &r->requests[r->order[r->in_flight++]];
    memset(request, 0, sizeof *request);
    request->asker = request->peer = NOBODY;
    request->service = service;
    request->since = request->not_before = now;
    return request;
}

/* The i-th of those in use. */
struct request *request_at(struct router *r, size_t i)
{
    return &r->requests[r->order[i]];
}

bool queue_is_before(const struct request *at, enum router_class class, uint64_t deadline)
{
    return at->class != class ? at->class < class : at->deadline <= deadline;
}

void queue_insert(struct router *r, struct request *request)
{
    struct service *service = &r->services[request->service];
    struct request *before = service->last;
    while (before != NULL && !queue_is_before(before, request->class, request->deadline))
        before = before->previous;
    struct request *after = before == NULL ? service->first : before->next;
    request->previous = before;
    request->next = after;
    *(before == NULL ? &service->first : &before->next) = request;
    *(after == NULL ? &service->last : &after->previous) = request;
    service->waiting++;
    request->state = WAITING;
}

static void queue_remove(struct router *r, struct request *request)
{
    struct service *service = &r->services[request->service];
    struct request *before = request->previous, *after = request->next;
    *(before == NULL ? &service->first : &before->next) = after;
    *(after == NULL ? &service->last : &after->previous) = before;
    service->waiting--;
}

/* Out of the queue, or off its peer. */
void request_take_back(struct router *r, struct request *request)
{
    if (request->state == WAITING)
        queue_remove(r, request);
    else if (request->state == SENT && r->peers[request->peer].outstanding > 0)
        r->peers[request->peer].outstanding--;
}

void request_free(struct router *r, struct request *request)
{
    size_t slot = (size_t)(request - r->requests), at = r->place[slot];
    uint16_t last = r->order[--r->in_flight];
    request_take_back(r, request);
    if (request->asker != NOBODY)
        r->peers[request->asker].calls--;
    free(request->payload);
    request->payload = NULL;
    request->state = UNUSED;
    r->order[at] = last;
    r->place[last] = (uint16_t)at;
    r->order[r->in_flight] = (uint16_t)slot;
    r->place[slot] = (uint16_t)r->in_flight;
}

struct request *request_of_client(struct router *r, uint64_t number)
{
    for (size_t i = 0; i < r->in_flight; i++) {
        struct request *request = request_at(r, i);
        if (request->asker == NOBODY && request->number == number)
            return request;
    }
    return NULL;
}

/* An id names the slot of its request. */
struct request *request_sent(struct router *r, int peer, const struct frame *frame)
{
    struct request *request = &r->requests[frame->id_low % ROUTER_REQUESTS_MAX];
    bool found = frame->id_high == r->session && request->state == SENT && request->peer == peer &&
                 request->id_low == frame->id_low;
    return found ? request : NULL;
}
