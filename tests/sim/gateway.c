#include "sim.h"

#include <stdio.h>
#include <stdlib.h>

/* An answer takes no longer, as a gateway sees it: no deadline is further away, and clocks jump. */
enum { LONGEST_MS = 3000 + JUMP_MS };

static void carry_out(struct sim *sim, int g);

void gateway_start(struct sim *sim, int g)
{
    struct gateway *gateway = &sim->gateways[g];
    if (gateway->process.up)
        return;
    gateway->process.up = true;
    gateway->process.incarnation++;
    snprintf(gateway->name, sizeof gateway->name, "g%d-%u", g,
             (unsigned)gateway->process.incarnation);
    gateway->started = sim->now;
    for (int s = 0; s < SERVICES_MAX; s++)
        gateway->sent[s].firsts = gateway->sent[s].repeats = gateway->vital[s].open =
            gateway->vital[s].unsent = 0;
    gateway->router = router_new(gateway->name, sim_chance(sim, UINT64_MAX));
    for (int i = 0; i < ROUTER_PEERS_MAX; i++)
        gateway->slots[i] = -1;
    gateway->sessions = sessions_new(SESSIONS_ROOM);
    sim_trace(sim, "gateway %d starts", g);
    event_add(sim, sim_chance(sim, ROUTER_TICK_MS), EVENT_GATEWAY_TICK, g, 0);
}

/* A crash: the other ends see it and dial again. */
void gateway_stop(struct sim *sim, int g)
{
    struct gateway *gateway = &sim->gateways[g];
    gateway->process = (struct process){.incarnation = gateway->process.incarnation + 1,
                                        .clock = gateway->process.clock};
    if (ledger_lost(sim, g, -1) > 0 && gateway->drains)
        sim_fail(sim, 'e', "gateway %d has drained, and leaves somebody without an answer", g);
    gateway->drains = false;
    gateway->open_asks = 0;
    router_destroy(&gateway->router);
    sessions_destroy(&gateway->sessions);
    gateway->actions->count = 0;
    for (int i = 0; i < sim->plan.instances; i++) {
        int connection = sim->instances[i].links[g];
        if (connection < 0)
            continue;
        network_close(sim, connection, false);
        event_add(sim, sim_chance(sim, 100), EVENT_CONNECT, i, (uint64_t)g);
    }
}

void gateway_drain(struct sim *sim, int g)
{
    sim->gateways[g].drains = true;
}

/* Time in which it ran. */
static uint64_t active_time(const struct sim *sim, const struct gateway *gateway)
{
    return sim->now - gateway->paused_ms;
}

/* As bus.c finds a number for a connection. */
static int slot_of(struct gateway *gateway, int connection)
{
    int unused = -1;
    for (int i = 0; i < ROUTER_PEERS_MAX; i++) {
        if (gateway->slots[i] == connection)
            return i;
        if (unused < 0 && (gateway->slots[i] < 0 || router_peer_is_free(gateway->router, i)))
            unused = i;
    }
    if (unused >= 0)
        gateway->slots[unused] = connection;
    return unused;
}

void gateway_read(struct sim *sim, const struct event *event)
{
    struct gateway *gateway = &sim->gateways[event->who];
    struct connection *c = &sim->connections[event->number];
    struct frame frame;
    const void *payload;
    size_t size;
    if (!network_arrive(sim, event, &frame, &payload, &size))
        return;
    c->heard_active = active_time(sim, gateway);
    int slot = slot_of(gateway, (int)event->number);
    sim_trace(sim, "g%d <- %s.%d kind %d id %llu", event->who,
              sim_services[sim->instances[c->instance].service], c->instance, (int)frame.kind,
              (unsigned long long)frame.id_low);
    if (slot < 0 || c->left)
        return;
    c->left = frame.kind == FRAME_BYE;
    if ((frame.kind == FRAME_DRAIN || frame.kind == FRAME_BYE) &&
        !router_peer_is_free(gateway->router, slot))
        c->drained = true;
    if (frame.kind == FRAME_NACK) {
        c->refused_high = frame.id_high;
        c->refused_low = frame.id_low;
    }
    router_frame(gateway->router, slot, &frame, payload, size, sim_clock(sim, &gateway->process),
                 gateway->actions);
    carry_out(sim, event->who);
}

/* Where a request may go. */
static void check_receiver(struct sim *sim, const struct gateway *gateway, int connection)
{
    const struct connection *c = &sim->connections[connection];
    uint64_t silent = active_time(sim, gateway) - c->heard_active;
    if (c->drained)
        sim_fail(sim, 'd', "a request goes to instance %d, which drains", c->instance);
    if (silent > ROUTER_SUSPECT_MS + ROUTER_TICK_MS)
        sim_fail(sim, 'd', "a request goes to instance %d, silent for %u ms", c->instance,
                 (unsigned)silent);
}

/* Each first sending of a request earns a tenth of a repeat. */
static void check_repeats(struct sim *sim, int g, uint64_t number)
{
    struct gateway *gateway = &sim->gateways[g];
    struct ask *ask = ledger_find(sim, number);
    uint64_t firsts, repeats, seconds = (sim->now - gateway->started) / 1000 + 1;
    if (ask == NULL || ask->service < 0)
        return;
    gateway->sent[ask->service].repeats += ask->sent++ > 0;
    firsts = gateway->sent[ask->service].firsts;
    repeats = gateway->sent[ask->service].repeats;
    if (repeats > firsts * ROUTER_REPEAT_PERCENT / 100 + ROUTER_REPEATS_RESERVE + seconds)
        sim_fail(sim, 'g', "gateway %d repeats %u of %u requests in %u s", g, (unsigned)repeats,
                 (unsigned)firsts, (unsigned)seconds);
}

static bool is_vital(const struct ask *ask)
{
    return ask->class == ROUTER_VITAL && ask->gateway >= 0 && ask->service >= 0;
}

static void vital_begins(struct sim *sim, const struct ask *ask)
{
    if (!is_vital(ask))
        return;
    sim->gateways[ask->gateway].vital[ask->service].open++;
    sim->gateways[ask->gateway].vital[ask->service].unsent++;
}

static void vital_ends(struct sim *sim, const struct ask *ask)
{
    if (!is_vital(ask))
        return;
    sim->gateways[ask->gateway].vital[ask->service].open--;
    sim->gateways[ask->gateway].vital[ask->service].unsent -= !ask->tried;
}

/* One whose time is over goes nowhere: the next tick ends it. */
static bool vital_waits(const struct sim *sim, int g, int service)
{
    for (size_t i = sim->asks_count; i-- > 0;) {
        const struct ask *ask = &sim->asks[i];
        if (ask->gateway == g && ask->service == service && is_vital(ask) && !ask->tried &&
            ask->state == ASK_OPEN &&
            sim_clock(sim, &sim->gateways[g].process) < ask->deadline_there)
            return true;
    }
    return false;
}

/* It leaves the queue for the first time: who still waits there must be of a class that does not go before it. */
static void check_class(struct sim *sim, int g, uint64_t number)
{
    struct gateway *gateway = &sim->gateways[g];
    struct ask *ask = ledger_find(sim, number);
    if (ask == NULL || ask->service < 0 || ask->tried)
        return;
    ask->tried = true;
    if (is_vital(ask))
        gateway->vital[ask->service].unsent--;
    else if (gateway->vital[ask->service].unsent > 0 && vital_waits(sim, g, ask->service))
        sim_fail(sim, 'p', "ask %u of class %d is sent before one of the lowest", (unsigned)number,
                 (int)ask->class);
}

/* It was refused at once, though there are instances. It would have waited for those of its class alone: each of them
   for a share of the longest that an answer takes. */
static void check_refusal(struct sim *sim, int g, const struct ask *ask, uint64_t number)
{
    const struct gateway *gateway = &sim->gateways[g];
    const struct router_action *first = &gateway->actions->list[0];
    if (!is_vital(ask) || gateway->actions->count == 0 || first->kind != ROUTER_ANSWER ||
        first->request != number || first->status != STATUS_UNAVAILABLE)
        return;
    uint64_t before_ms = gateway->vital[ask->service].open * LONGEST_MS / PEER_CAPACITY;
    if (router_live(gateway->router, sim_services[ask->service]) > 0 &&
        router_in_flight(gateway->router) < ROUTER_REQUESTS_MAX &&
        sim->now + before_ms < ask->deadline)
        sim_fail(sim, 'p', "ask %u is of the lowest class, and refused", (unsigned)number);
}

static void send_frame(struct sim *sim, int g, const struct router_action *action)
{
    struct gateway *gateway = &sim->gateways[g];
    int connection = gateway->slots[action->peer];
    const void *payload = action->payload;
    size_t size = action->payload_size;
    struct ask_text text;
    if (action->frame.kind == FRAME_REQ) {
        check_receiver(sim, gateway, connection);
        if (payload == NULL) {
            text = ledger_text(action->request);
            payload = &text;
            size = sizeof text;
        }
        check_class(sim, g, ((const struct ask_text *)payload)->number);
        const struct ask *ask = ledger_find(sim, ((const struct ask_text *)payload)->number);
        if (ask != NULL && ask->service >= 0)
            gateway->sent[ask->service].firsts += action->frame.attempt == 1;
    }
    if (action->frame.kind == FRAME_CHUNK &&
        action->frame.id_high == sim->connections[connection].refused_high &&
        action->frame.id_low == sim->connections[connection].refused_low)
        sim_fail(sim, 'd', "a piece goes to instance %d, which refused it",
                 sim->connections[connection].instance);
    sim_trace(sim, "g%d -> %d kind %d id %llu", g, sim->connections[connection].instance,
              (int)action->frame.kind, (unsigned long long)action->frame.id_low);
    if (!network_send(sim, connection, false, &action->frame, payload, size)) {
        sim_trace(sim, "g%d refused", g);
        router_send_failed(gateway->router, action, sim_clock(sim, &gateway->process),
                           gateway->actions);
    } else if (action->frame.kind == FRAME_REQ) {
        check_repeats(sim, g, ((const struct ask_text *)payload)->number);
    }
}

static void open_window(struct sim *sim, int g, const struct router_action *action)
{
    struct ask *ask = ledger_find(sim, action->request);
    ask->windows += action->chunks;
    if (ask->windows > ask->chunks_taken + FRAME_WINDOW)
        sim_fail(sim, 'f', "ask %u: its window is %u wide", (unsigned)action->request,
                 (unsigned)(ask->windows - ask->chunks_taken));
    for (uint32_t i = 0; i < action->chunks; i++)
        event_add(sim, sim_chance(sim, 5), EVENT_CHUNK, g, action->request);
}

static void carry_out(struct sim *sim, int g)
{
    struct gateway *gateway = &sim->gateways[g];
    for (size_t i = 0; i < gateway->actions->count && !sim->failed; i++) {
        struct router_action action = gateway->actions->list[i];
        switch (action.kind) {
        case ROUTER_SEND:
            send_frame(sim, g, &action);
            break;
        case ROUTER_ANSWER:
            gateway->open_asks--;
            vital_ends(sim, ledger_find(sim, action.request));
            ledger_ended(sim, action.request, action.status, action.payload, action.payload_size);
            break;
        case ROUTER_WINDOW:
            open_window(sim, g, &action);
            break;
        case ROUTER_REVOKED:
            sessions_end(gateway->sessions, action.frame.session_hash.data, 0);
            break;
        case ROUTER_FORGET:
            sim_trace(sim, "gateway %d forgets all sessions", g);
            sessions_forget(gateway->sessions);
            break;
        }
    }
    gateway->actions->count = 0;
}

void gateway_tick(struct sim *sim, int g)
{
    struct gateway *gateway = &sim->gateways[g];
    router_tick(gateway->router, sim_clock(sim, &gateway->process), gateway->actions);
    carry_out(sim, g);
    if (router_in_flight(gateway->router) < gateway->open_asks)
        sim_fail(sim, 'f', "gateway %d has lost count of its requests", g);
    if (router_waiting(gateway->router) > ROUTER_REQUESTS_MAX)
        sim_fail(sim, 'f', "gateway %d: too many wait", g);
    if (gateway->drains && gateway->open_asks == 0) {
        sim_trace(sim, "gateway %d has drained", g);
        gateway_stop(sim, g);
        event_add(sim, sim_chance(sim, 1000), EVENT_START_GATEWAY, g, 0);
    } else {
        event_add(sim, ROUTER_TICK_MS, EVENT_GATEWAY_TICK, g, 0);
    }
}

void gateway_ask(struct sim *sim, uint64_t number)
{
    struct ask *ask = ledger_find(sim, number);
    int g = ask->gateway;
    struct gateway *gateway = &sim->gateways[g];
    bool keyed = ask->repeatable && number % 2 == 0;
    size_t waiting = router_waiting(gateway->router);
    ask->deadline_there = ask->deadline + gateway->process.clock;
    gateway->open_asks++;
    vital_begins(sim, ask);
    router_submit(gateway->router,
                  &(struct router_ask){
                      .request = number,
                      .class = ask->class,
                      .service = ask->service < 0 ? "nobody" : sim_services[ask->service],
                      .method = ask->repeatable && !keyed ? "Read" : "Write",
                      .key = keyed ? "key" : NULL,
                      .trace = "trace",
                      .assertion = "who",
                      .assertion_size = 3,
                      .body_size = ask->body,
                      .deadline_ms = ask->deadline_there,
                  },
                  sim_clock(sim, &gateway->process), gateway->actions);
    /* with one service the whole is its queue */
    if (sim->plan.services == 1 && waiting >= ROUTER_QUEUE_MAX &&
        router_waiting(gateway->router) > waiting)
        sim_fail(sim, 'f', "gateway %d lets %u wait for a service", g, (unsigned)waiting + 1);
    check_refusal(sim, g, ask, number);
    carry_out(sim, g);
}

void gateway_chunk(struct sim *sim, int g, uint64_t number)
{
    struct gateway *gateway = &sim->gateways[g];
    struct ask *ask = ledger_find(sim, number);
    union {
        struct ask_piece piece;
        unsigned char bytes[BODY_CHUNK];
    } chunk = {
        .piece = {number, ask->fed}
    };
    if (ask->state != ASK_OPEN || ask->fed == ask->body)
        return;
    if (router_chunk(gateway->router, number, chunk.bytes, BODY_CHUNK, gateway->actions)) {
        ask->fed += BODY_CHUNK;
        ask->chunks_sent++;
        if (ask->chunks_sent > ask->chunks_taken + FRAME_WINDOW)
            sim_fail(sim, 'f', "ask %u: %u chunks are under way", (unsigned)number,
                     (unsigned)(ask->chunks_sent - ask->chunks_taken));
    }
    carry_out(sim, g);
}

void gateway_abandon(struct sim *sim, int g, uint64_t number)
{
    struct gateway *gateway = &sim->gateways[g];
    struct ask *ask = ledger_find(sim, number);
    if (ask->state != ASK_OPEN)
        return;
    ask->state = ASK_LOST;
    gateway->open_asks--;
    vital_ends(sim, ask);
    router_abandon(gateway->router, number, gateway->actions);
    carry_out(sim, g);
}
