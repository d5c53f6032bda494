#include "sim.h"

#include <stdlib.h>
#include <string.h>

/* ---- events: a binary heap by time, then by order of coming */

static bool is_before(const struct event *a, const struct event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void heap_push(struct sim *sim, struct event event)
{
    sim->events = sim_grow(sim->events, sim->events_count, &sim->events_room, sizeof event);
    size_t at = sim->events_count++;
    event.order = ++sim->order;
    for (; at > 0 && is_before(&event, &sim->events[(at - 1) / 2]); at = (at - 1) / 2)
        sim->events[at] = sim->events[(at - 1) / 2];
    sim->events[at] = event;
}

static uint64_t incarnation_of(const struct sim *sim, enum event_kind kind, int who)
{
    switch (kind) {
    case EVENT_TO_GATEWAY:
    case EVENT_GATEWAY_TICK:
    case EVENT_CHUNK:
    case EVENT_ABANDON:
    case EVENT_KEEP:
        return sim->gateways[who].process.incarnation;
    case EVENT_TO_INSTANCE:
    case EVENT_INSTANCE_TICK:
    case EVENT_HANDLED:
    case EVENT_CONNECT:
        return sim->instances[who].process.incarnation;
    default:
        return 0;
    }
}

void event_add(struct sim *sim, uint64_t after_ms, enum event_kind kind, int who, uint64_t number)
{
    heap_push(sim, (struct event){.at = sim->now + after_ms,
                                  .kind = kind,
                                  .who = who,
                                  .incarnation = incarnation_of(sim, kind, who),
                                  .number = number});
}

void event_postpone(struct sim *sim, const struct event *event, uint64_t at)
{
    struct event later = *event;
    later.at = at;
    heap_push(sim, later);
}

bool event_next(struct sim *sim, struct event *ret_event)
{
    if (sim->events_count == 0)
        return false;
    *ret_event = sim->events[0];
    struct event last = sim->events[--sim->events_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= sim->events_count)
            break;
        if (child + 1 < sim->events_count &&
            is_before(&sim->events[child + 1], &sim->events[child]))
            child++;
        if (!is_before(&sim->events[child], &last))
            break;
        sim->events[at] = sim->events[child];
        at = child;
    }
    sim->events[at] = last;
    return true;
}

/* ---- connections */

int network_open(struct sim *sim, int gateway, int instance)
{
    sim->connections = sim_grow(sim->connections, sim->connections_count, &sim->connections_room,
                                sizeof *sim->connections);
    sim->connections[sim->connections_count] =
        (struct connection){.gateway = gateway, .instance = instance, .open = true};
    return (int)sim->connections_count++;
}

void network_close(struct sim *sim, int connection, bool broken)
{
    struct connection *c = &sim->connections[connection];
    c->open = false;
    sim->instances[c->instance].links[c->gateway] = -1;
    for (size_t i = 0; broken && i < sim->events_count; i++) {
        struct event *event = &sim->events[i];
        if (event->message == NULL || event->number != (uint64_t)connection)
            continue;
        free(event->message);
        event->message = NULL;
    }
}

/* ---- messages */

static void deliver(struct sim *sim, int connection, bool to_gateway, const struct message *message)
{
    struct connection *c = &sim->connections[connection];
    uint64_t at = sim->now + sim_chance(sim, sim->calm ? 3 : sim->plan.delay_ms + 1);
    size_t size = sizeof *message + message->header_size + message->payload_size;
    if ((!sim->plan.overtaking || sim->calm) && at < c->latest[to_gateway])
        at = c->latest[to_gateway];
    if (at > c->latest[to_gateway])
        c->latest[to_gateway] = at;
    struct message *copy = malloc(size);
    if (copy == NULL)
        abort();
    memcpy(copy, message, size);
    enum event_kind kind = to_gateway ? EVENT_TO_GATEWAY : EVENT_TO_INSTANCE;
    int who = to_gateway ? c->gateway : c->instance;
    c->under_way[to_gateway]++;
    heap_push(sim, (struct event){.at = at,
                                  .kind = kind,
                                  .who = who,
                                  .incarnation = incarnation_of(sim, kind, who),
                                  .number = (uint64_t)connection,
                                  .message = copy});
}

bool network_send(struct sim *sim, int connection, bool to_gateway, const struct frame *frame,
                  const void *payload, size_t size)
{
    static union {
        struct message message;
        unsigned char room[sizeof(struct message) + FRAME_HEADER_MAX + BODY_CHUNK];
    } buffer;
    if (connection < 0 || !sim->connections[connection].open ||
        sim->connections[connection].under_way[to_gateway] >= HIGH_WATER)
        return false;
    const struct connection *c = &sim->connections[connection];
    struct message *message = &buffer.message;
    message->header_size = frame_encode(frame, message->bytes);
    message->payload_size = size;
    if (message->header_size == 0 || size > BODY_CHUNK) {
        sim_fail(sim, 'f', "a frame of kind %d cannot be sent", (int)frame->kind);
        return true;
    }
    if (size > 0)
        memcpy(message->bytes + message->header_size, payload, size);
    if (sim->now < sim->parted_until[!to_gateway][c->gateway][c->instance])
        return true;
    if (!sim->calm && sim_chance(sim, 1000) < sim->plan.loss)
        return true;
    deliver(sim, connection, to_gateway, message);
    if (!sim->calm && sim_chance(sim, 1000) < sim->plan.duplicate)
        deliver(sim, connection, to_gateway, message);
    return true;
}

bool network_arrive(struct sim *sim, const struct event *event, struct frame *ret_frame,
                    const void **ret_payload, size_t *ret_size)
{
    struct connection *c = &sim->connections[event->number];
    const struct message *message = event->message;
    c->under_way[event->kind == EVENT_TO_GATEWAY]--;
    if (message == NULL ||
        sim->now < sim->parted_until[event->kind != EVENT_TO_GATEWAY][c->gateway][c->instance])
        return false;
    if (!frame_decode(message->bytes, message->header_size, ret_frame)) {
        sim_fail(sim, 'f', "a frame cannot be read");
        return false;
    }
    *ret_payload = message->bytes + message->header_size;
    *ret_size = message->payload_size;
    return true;
}
