#include "sim.h"

#include <stdio.h>
#include <string.h>

enum {
    DEADLINE_LEAST_MS = 100,
    DEADLINE_MOST_MS = 3000,
    DEADLINE_STEADY_MS = 1500,
    CHUNKS_MOST = 40,
    LATE_MS = 50, /* rule a */
    REVOKED_MS = 2000,
    WAKE_MS = 20,     /* until a client's thread runs that was waiting */
    VALID_MS = 60000, /* as auth says of a session */
};

struct ask *ledger_find(struct sim *sim, uint64_t number)
{
    return number == 0 || number > sim->asks_count ? NULL : &sim->asks[number - 1];
}

struct ask_text ledger_text(uint64_t number)
{
    return (struct ask_text){.number = number, .check = ~number * 3};
}

uint64_t ledger_read(struct sim *sim, const void *payload, size_t size)
{
    struct ask_text text;
    if (size != sizeof text) {
        sim_fail(sim, 'c', "a payload has %zu bytes", size);
        return 0;
    }
    memcpy(&text, payload, sizeof text);
    if (text.check != ledger_text(text.number).check || ledger_find(sim, text.number) == NULL) {
        sim_fail(sim, 'c', "a payload is not what was sent");
        return 0;
    }
    return text.number;
}

/* ---- load */

static uint64_t ask_new(struct sim *sim, const struct ask *ask)
{
    sim->asks = sim_grow(sim->asks, sim->asks_count, &sim->asks_room, sizeof *ask);
    sim->asks[sim->asks_count] = *ask;
    return ++sim->asks_count;
}

static bool is_running(const struct sim *sim, const struct process *process)
{
    return process->up && sim->now >= process->paused_until;
}

static bool is_asked(const struct sim *sim, int g)
{
    return is_running(sim, &sim->gateways[g].process) && !sim->gateways[g].drains;
}

/* A number below `count` whose process runs, or -1. */
static int any_gateway(struct sim *sim)
{
    int g = (int)sim_chance(sim, (uint64_t)sim->plan.gateways);
    return is_asked(sim, g) ? g : -1;
}

static int any_instance(struct sim *sim)
{
    int i = (int)sim_chance(sim, (uint64_t)sim->plan.instances);
    return is_running(sim, &sim->instances[i].process) ? i : -1;
}

static uint64_t any_timeout(struct sim *sim)
{
    uint64_t least = sim->steady ? DEADLINE_STEADY_MS : DEADLINE_LEAST_MS;
    return least + sim_chance(sim, DEADLINE_MOST_MS - least);
}

static int any_service(struct sim *sim)
{
    bool nobody = !sim->steady && sim_chance(sim, 100) == 0;
    return nobody ? -1 : (int)sim_chance(sim, (uint64_t)sim->plan.services);
}

static struct ask ask_of_client(struct sim *sim, int g, int service)
{
    return (struct ask){.gateway = g,
                        .instance = -1,
                        .incarnation = sim->gateways[g].process.incarnation,
                        .service = service,
                        .submitted = sim->now,
                        .deadline = sim->now + any_timeout(sim),
                        .session.number = -1};
}

static uint64_t submit(struct sim *sim, const struct ask *ask)
{
    uint64_t number = ask_new(sim, ask);
    event_add(sim, ask->deadline - sim->now + LATE_MS + 1, EVENT_DUE, 0, number);
    if (!sim->steady && sim_chance(sim, 30) == 0)
        event_add(sim, sim_chance(sim, ask->deadline - sim->now), EVENT_ABANDON, ask->gateway,
                  number);
    sim_trace(sim, "ask %u at g%d for %d%s, %u bytes, by %u", (unsigned)number, ask->gateway,
              ask->service, ask->repeatable ? ", repeatable" : "", (unsigned)ask->body,
              (unsigned)ask->deadline);
    gateway_ask(sim, number);
    return number;
}

static void ask_at(struct sim *sim, int g, int service)
{
    struct ask ask = ask_of_client(sim, g, service);
    ask.class = (enum router_class)sim_chance(sim, ROUTER_CLASSES);
    ask.repeatable = sim_chance(sim, 2) == 0;
    ask.body = sim_chance(sim, 10) == 0 ? (1 + sim_chance(sim, CHUNKS_MOST)) * BODY_CHUNK : 0;
    submit(sim, &ask);
}

void ledger_ask(struct sim *sim)
{
    int g = any_gateway(sim);
    if (sim->now < sim->end)
        event_add(sim, 1 + sim_chance(sim, 2 * sim->plan.ask_every_ms * (sim->calm ? 10 : 1)),
                  EVENT_ASK, 0, 0);
    if (g >= 0)
        ask_at(sim, g, any_service(sim));
}

void ledger_burst(struct sim *sim, int g)
{
    for (uint64_t left = 50 + sim_chance(sim, 400); left > 0; left--)
        ask_at(sim, g, any_service(sim));
}

void ledger_surge(struct sim *sim, int g)
{
    int service = any_service(sim);
    for (int i = 0; i < SURGE; i++)
        ask_at(sim, g, service);
}

void ledger_call(struct sim *sim)
{
    int i = any_instance(sim);
    if (sim->now < sim->end)
        event_add(sim, 1 + sim_chance(sim, 10 * sim->plan.ask_every_ms), EVENT_CALL, 0, 0);
    if (i < 0)
        return;
    char method[64];
    struct ask ask = {.gateway = -1,
                      .instance = i,
                      .class = ROUTER_WRITE,
                      .submitted = sim->now,
                      .session.number = -1};
    ask.incarnation = sim->instances[i].process.incarnation;
    ask.service = (int)sim_chance(sim, (uint64_t)sim->plan.services);
    ask.repeatable = sim_chance(sim, 2) == 0;
    ask.deadline = sim->now + any_timeout(sim);
    uint64_t number = ask_new(sim, &ask);
    event_add(sim, ask.deadline - sim->now + INSTANCE_TICK_MS + LATE_MS + 1, EVENT_DUE, 0, number);
    snprintf(method, sizeof method, "%s.%s", sim_services[ask.service],
             ask.repeatable ? "Read" : "Write");
    sim_trace(sim, "call %u of instance %d: %s, by %u", (unsigned)number, i, method,
              (unsigned)ask.deadline);
    instance_call(sim, i, number, method, ask.deadline - sim->now);
}

/* ---- what becomes of it */

/* How late a handler may start: a call has two ways to go, and two processes that may have stood still. */
static uint64_t late_ms(const struct sim *sim, const struct ask *ask)
{
    uint64_t hops = ask->instance >= 0 ? 2 : 1;
    return hops * (sim->plan.delay_ms + PEER_AWAY_MS);
}

void ledger_started(struct sim *sim, uint64_t number, const struct run *run)
{
    struct ask *ask = ledger_find(sim, number);
    if (ask == NULL)
        return; /* ledger_read has said so */
    sim_trace(sim, "ask %u is started", (unsigned)number);
    sim->starts++;
    if (++ask->started > 1 && !ask->repeatable)
        sim_fail(sim, 'b', "ask %u is started again", (unsigned)number);
    if (ask->refused)
        sim_fail(sim, 'b', "ask %u is started after its end as UNAVAILABLE", (unsigned)number);
    if (sim->now > ask->deadline + late_ms(sim, ask))
        sim_fail(sim, 't', "ask %u is started %u ms after its deadline", (unsigned)number,
                 (unsigned)(sim->now - ask->deadline));
    if (run->body != ask->body || run->spoiled)
        sim_fail(sim, 'c', "ask %u: its body has %zu of %zu bytes, %s", (unsigned)number, run->body,
                 ask->body, run->spoiled ? "spoiled" : "whole");
}

static void take_session(struct sim *sim, uint64_t number, struct ask *ask, const void *payload)
{
    struct ask_text text;
    memcpy(&text, payload, sizeof text);
    ask->session.alive = text.alive;
    event_add(sim, sim_chance(sim, WAKE_MS), EVENT_KEEP, ask->gateway, number);
}

static void check_answer(struct sim *sim, uint64_t number, struct ask *ask, enum status status,
                         const void *payload, size_t size)
{
    if (status == STATUS_OK || status == STATUS_CONFLICT) {
        if (ledger_read(sim, payload, size) != number || ask->started == 0)
            sim_fail(sim, 'c', "ask %u gets another's answer", (unsigned)number);
        else if (status == STATUS_OK && ask->session.number >= 0)
            take_session(sim, number, ask, payload);
        return;
    }
    ask->refused = status == STATUS_UNAVAILABLE;
    if (ask->refused && ask->started > 0)
        sim_fail(sim, 'b', "ask %u was started, and ends as UNAVAILABLE", (unsigned)number);
    bool sick = status == STATUS_INTERNAL && ask->started > 0 && !sim->steady;
    if (status != STATUS_UNAVAILABLE && status != STATUS_TIMEOUT && !sick)
        sim_fail(sim, 'a', "ask %u ends as %s", (unsigned)number, status_name(status));
    if (sim->steady && ask->submitted >= sim->end - CALM_MS + STEADY_MS)
        sim_fail(sim, 'h', "ask %u ends as %s in steady times", (unsigned)number,
                 status_name(status));
}

void ledger_ended(struct sim *sim, uint64_t number, enum status status, const void *payload,
                  size_t size)
{
    struct ask *ask = ledger_find(sim, number);
    sim_trace(sim, "ask %u ends as %s", (unsigned)number, status_name(status));
    if (ask == NULL || ask->state != ASK_OPEN) {
        sim_fail(sim, 'a', "ask %u ends once more", (unsigned)number);
        return;
    }
    ask->state = ASK_ENDED;
    sim->counts[status]++;
    check_answer(sim, number, ask, status, payload, size);
}

/* A process that was stopped has a moment to catch up. */
void ledger_due(struct sim *sim, const struct event *event)
{
    const struct ask *ask = ledger_find(sim, event->number);
    const struct process *process = ask->gateway >= 0 ? &sim->gateways[ask->gateway].process
                                                      : &sim->instances[ask->instance].process;
    uint64_t awake = process->paused_until + LATE_MS + INSTANCE_TICK_MS;
    if (ask->state != ASK_OPEN || process->incarnation != ask->incarnation)
        return;
    if (sim->now < awake)
        event_postpone(sim, event, awake);
    else
        sim_fail(sim, 'a', "ask %u has no end in time", (unsigned)event->number);
}

size_t ledger_lost(struct sim *sim, int gateway, int instance)
{
    size_t lost = 0;
    for (size_t i = 0; i < sim->asks_count; i++) {
        struct ask *ask = &sim->asks[i];
        if (ask->state != ASK_OPEN || ask->gateway != gateway || ask->instance != instance)
            continue;
        ask->state = ASK_LOST;
        lost++;
    }
    return lost;
}

/* ---- sessions: auth is asked for them, gateways keep what it says, and then they are revoked */

void ledger_session_hash(int session, uint64_t life, unsigned char hash[static FRAME_HASH_MAX])
{
    memset(hash, 0, FRAME_HASH_MAX);
    hash[0] = (unsigned char)session;
    memcpy(hash + 8, &life, sizeof life);
}

bool ledger_session_lives(const struct sim *sim, const struct ask *ask)
{
    const struct session *session = &sim->sessions[ask->session.number];
    return !session->revoked && session->life == ask->session.life;
}

static bool is_known(const struct sim *sim, int g, int s)
{
    const struct gateway *gateway = &sim->gateways[g];
    unsigned char hash[FRAME_HASH_MAX];
    struct assertion assertion;
    ledger_session_hash(s, sim->sessions[s].life, hash);
    return sessions_find(gateway->sessions, hash, sim_clock(sim, &gateway->process), &assertion);
}

/* Who has a session comes to a gateway: auth is asked, unless the gateway knows. */
static void visit(struct sim *sim, int g, int s)
{
    if (!is_asked(sim, g) || is_known(sim, g, s))
        return;
    struct ask ask = ask_of_client(sim, g, 0);
    ask.repeatable = true;
    ask.session.number = s;
    ask.session.life = sim->sessions[s].life;
    ask.session.asking = sessions_asking(sim->gateways[g].sessions);
    submit(sim, &ask);
}

void ledger_session(struct sim *sim)
{
    int i = any_instance(sim), s = (int)sim_chance(sim, SESSIONS_MAX);
    struct session *session = &sim->sessions[s];
    if (sim->now < sim->end)
        event_add(sim, 1 + sim_chance(sim, 100), EVENT_SESSION, 0, 0);
    if (session->revoked)
        return;
    for (int g = 0; g < sim->plan.gateways; g++)
        if (sim_chance(sim, 2) == 0)
            visit(sim, g, s);
    if (i >= 0 && sim->instances[i].service == 0 && sim_chance(sim, 3) == 0) {
        session->revoked = true;
        sim_trace(sim, "session %d is revoked by instance %d", s, i);
        event_add(sim, REVOKED_MS + sim->plan.delay_ms, EVENT_REVOKED_DUE, 0, (uint64_t)s);
        instance_revoke(sim, i, s);
    }
}

void ledger_keep(struct sim *sim, uint64_t number)
{
    const struct ask *ask = ledger_find(sim, number);
    struct gateway *gateway = &sim->gateways[ask->gateway];
    struct session_answer answer = {.account_id = ask->session.number};
    if (!ask->session.alive)
        return;
    sim_trace(sim, "session %d becomes known to gateway %d", ask->session.number, ask->gateway);
    ledger_session_hash(ask->session.number, ask->session.life, answer.session_hash);
    sessions_keep(gateway->sessions, ask->session.asking, answer.session_hash, &answer,
                  sim_clock(sim, &gateway->process) + VALID_MS);
}

void ledger_revoked_due(struct sim *sim, const struct event *event)
{
    struct session *session = &sim->sessions[event->number];
    for (int g = 0; g < sim->plan.gateways; g++) {
        uint64_t awake = sim->gateways[g].process.paused_until + LATE_MS;
        if (!sim->gateways[g].process.up || !is_known(sim, g, (int)event->number))
            continue;
        if (sim->now < awake) {
            event_postpone(sim, event, awake);
            return;
        }
        sim_fail(sim, 'r', "session %u is alive at gateway %d", (unsigned)event->number, g);
    }
    *session = (struct session){.life = session->life + 1};
}

/* ---- the end */

void ledger_end(struct sim *sim)
{
    for (int g = 0; g < sim->plan.gateways; g++)
        if (router_in_flight(sim->gateways[g].router) > 0)
            sim_fail(sim, 'f', "gateway %d keeps requests at the end", g);
    for (int i = 0; i < sim->plan.instances; i++)
        if (peer_in_flight(sim->instances[i].peer) > 0)
            sim_fail(sim, 'f', "instance %d keeps requests at the end", i);
}
