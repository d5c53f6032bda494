#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void carry_out(struct sim *sim, int i);

void instance_start(struct sim *sim, int i)
{
    struct instance *instance = &sim->instances[i];
    const char *service = sim_services[instance->service];
    if (instance->process.up)
        return;
    instance->process.up = true;
    instance->process.incarnation++;
    snprintf(instance->name, sizeof instance->name, "%s-%d-%u", service, i,
             (unsigned)instance->process.incarnation);
    instance->peer = peer_new(service, instance->name, sim->now, "+Read\nWrite\n");
    instance->hangs_until = 0;
    peer_set_revocation_seq(instance->peer, sim->revocation_seq);
    for (int slot = 0; slot < RUNS_MAX; slot++)
        instance->runs[slot] = (struct run){.running = false};
    sim_trace(sim, "instance %d (%s) starts", i, service);
    for (int g = 0; g < sim->plan.gateways; g++) {
        instance->links[g] = -1;
        peer_link_add(instance->peer, g, sim_clock(sim, &instance->process), instance->actions);
        event_add(sim, sim_chance(sim, 50), EVENT_CONNECT, i, (uint64_t)g);
    }
    carry_out(sim, i);
    event_add(sim, sim_chance(sim, INSTANCE_TICK_MS), EVENT_INSTANCE_TICK, i, 0);
}

void instance_stop(struct sim *sim, int i)
{
    struct instance *instance = &sim->instances[i];
    instance->process = (struct process){.incarnation = instance->process.incarnation + 1,
                                         .clock = instance->process.clock};
    instance->drains_since = 0;
    ledger_lost(sim, -1, i);
    peer_destroy(&instance->peer);
    instance->actions->count = 0;
    for (int g = 0; g < sim->plan.gateways; g++)
        if (instance->links[g] >= 0)
            network_close(sim, instance->links[g], false);
    event_add(sim, sim_chance(sim, sim->calm ? 300 : 2000), EVENT_START_INSTANCE, i, 0);
}

void instance_connect(struct sim *sim, int i, int g)
{
    struct instance *instance = &sim->instances[i];
    if (instance->links[g] >= 0)
        return;
    if (sim->gateways[g].process.up && sim->now >= sim->parted_until[0][g][i] &&
        sim->now >= sim->parted_until[1][g][i])
        instance->links[g] = network_open(sim, g, i);
    else
        event_add(sim, 100, EVENT_CONNECT, i, (uint64_t)g);
}

/* ---- handlers */

static struct run *run_of(struct instance *instance, uint64_t handle)
{
    return &instance->runs[handle % RUNS_MAX];
}

static void body_data(struct sim *sim, struct run *run, const struct peer_action *action)
{
    struct ask_piece piece;
    memcpy(&piece, action->payload, sizeof piece);
    struct ask *ask = ledger_find(sim, piece.number);
    if (run->body == 0)
        run->ask = piece.number;
    if (ask == NULL || piece.number != run->ask || piece.at != run->body)
        run->spoiled = true;
    else
        ask->chunks_taken++;
    run->body += action->payload_size;
}

static bool is_sick(const struct sim *sim, int i)
{
    return sim->now < sim->instances[i].sick_until;
}

/* How long a handler runs now. */
static uint64_t run_ms(struct sim *sim, int i)
{
    uint64_t hangs_until = sim->instances[i].hangs_until;
    if (sim->now < hangs_until)
        return hangs_until - sim->now;
    if (is_sick(sim, i))
        return 0;
    return sim_chance(sim, sim->plan.handle_ms * (sim->plan.slow == i ? 10 : 1) + 1);
}

static void start(struct sim *sim, int i, const struct peer_action *action)
{
    struct instance *instance = &sim->instances[i];
    struct run *run = run_of(instance, action->handle);
    if (run->handle != action->handle)
        *run = (struct run){.handle = action->handle};
    if (run->running)
        sim_fail(sim, 'b', "instance %d starts what runs", i);
    uint64_t ask = ledger_read(sim, action->payload, action->payload_size);
    run->spoiled = run->spoiled || (run->body > 0 && run->ask != ask);
    if (instance->drains_since != 0 && run->body == 0)
        sim_fail(sim, 'e', "instance %d starts ask %u while it drains", i, (unsigned)ask);
    run->running = true;
    run->ask = ask;
    const struct ask *asked = ledger_find(sim, ask);
    run->alive = asked != NULL && asked->session.number >= 0 && ledger_session_lives(sim, asked);
    ledger_started(sim, run->ask, run);
    instance->starts++;
    event_add(sim, run_ms(sim, i), EVENT_HANDLED, i, action->handle);
}

void instance_handled(struct sim *sim, int i, uint64_t handle)
{
    struct instance *instance = &sim->instances[i];
    struct run *run = run_of(instance, handle);
    struct ask_text text = ledger_text(run->ask);
    text.alive = run->alive;
    enum status status = sim_chance(sim, 10) == 0 ? STATUS_CONFLICT : STATUS_OK;
    if (is_sick(sim, i))
        status = STATUS_INTERNAL;
    run->running = false;
    peer_done(instance->peer, handle, status, &text, sizeof text,
              sim_clock(sim, &instance->process), instance->actions);
    carry_out(sim, i);
}

/* ---- what the core wants done */

static void send_frame(struct sim *sim, int i, const struct peer_action *action)
{
    sim_trace(sim, "%d -> g%d kind %d id %llu", i, action->link, (int)action->frame.kind,
              (unsigned long long)action->frame.id_low);
    if (!network_send(sim, sim->instances[i].links[action->link], true, &action->frame,
                      action->payload, action->payload_size))
        sim_trace(sim, "%d refused", i);
}

static void carry_out(struct sim *sim, int i)
{
    struct instance *instance = &sim->instances[i];
    bool drained = false;
    for (size_t n = 0; n < instance->actions->count && !sim->failed; n++) {
        const struct peer_action *action = &instance->actions->list[n];
        switch (action->kind) {
        case PEER_SEND:
            send_frame(sim, i, action);
            break;
        case PEER_BODY_OPEN:
            *run_of(instance, action->handle) = (struct run){.handle = action->handle};
            break;
        case PEER_BODY_DATA:
            body_data(sim, run_of(instance, action->handle), action);
            break;
        case PEER_START:
            start(sim, i, action);
            break;
        case PEER_CANCEL: /* what runs ends in its time */
            break;
        case PEER_CALL_DONE:
            ledger_ended(sim, action->handle, action->status, action->payload,
                         action->payload_size);
            break;
        case PEER_DRAINED:
            drained = true;
            break;
        }
    }
    instance->actions->count = 0;
    if (drained) {
        sim_trace(sim, "instance %d has drained", i);
        for (size_t n = 0; n < RUNS_MAX; n++)
            if (instance->runs[n].running &&
                sim_clock(sim, &instance->process) < instance->drains_since + PEER_DRAIN_MS)
                sim_fail(sim, 'e', "instance %d ends while ask %u runs", i,
                         (unsigned)instance->runs[n].ask);
        instance_stop(sim, i);
    }
}

void instance_read(struct sim *sim, const struct event *event)
{
    struct instance *instance = &sim->instances[event->who];
    const struct connection *c = &sim->connections[event->number];
    struct frame frame;
    const void *payload;
    size_t size;
    if (!network_arrive(sim, event, &frame, &payload, &size))
        return;
    sim_trace(sim, "%d <- g%d kind %d id %llu", event->who, c->gateway, (int)frame.kind,
              (unsigned long long)frame.id_low);
    peer_frame(instance->peer, c->gateway, &frame, payload, size,
               sim_clock(sim, &instance->process), instance->actions);
    carry_out(sim, event->who);
}

void instance_tick(struct sim *sim, int i)
{
    struct instance *instance = &sim->instances[i];
    if (peer_in_flight(instance->peer) > (size_t)PEER_CAPACITY * (size_t)sim->plan.gateways)
        sim_fail(sim, 'f', "instance %d has more requests than credits", i);
    event_add(sim, INSTANCE_TICK_MS, EVENT_INSTANCE_TICK, i, 0);
    peer_tick(instance->peer, sim_clock(sim, &instance->process), instance->actions);
    carry_out(sim, i);
}

void instance_drain(struct sim *sim, int i)
{
    struct instance *instance = &sim->instances[i];
    if (instance->drains_since == 0)
        instance->drains_since = sim_clock(sim, &instance->process);
    peer_drain(instance->peer, sim_clock(sim, &instance->process), instance->actions);
    carry_out(sim, i);
}

void instance_call(struct sim *sim, int i, uint64_t number, const char *method, uint64_t timeout_ms)
{
    struct ask_text text = ledger_text(number);
    struct instance *instance = &sim->instances[i];
    peer_call(instance->peer, number, method, timeout_ms, &text, sizeof text,
              sim_clock(sim, &instance->process), instance->actions);
    carry_out(sim, i);
}

void instance_revoke(struct sim *sim, int i, int session)
{
    unsigned char hash[FRAME_HASH_MAX];
    ledger_session_hash(session, sim->sessions[session].life, hash);
    sim->revocation_seq++;
    peer_revoke(sim->instances[i].peer, hash, 0, sim->revocation_seq, sim->instances[i].actions);
    carry_out(sim, i);
    for (int other = 0; other < sim->plan.instances; other++)
        if (sim->instances[other].process.up)
            peer_set_revocation_seq(sim->instances[other].peer, sim->revocation_seq);
}
