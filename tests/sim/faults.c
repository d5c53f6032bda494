#include "sim.h"

#include <string.h>

typedef void fault_fn(struct sim *sim, int g, int i);

static const char *const names[] = {
    "crash of an instance",
    "pause of an instance",
    "drain",
    "crash of a gateway",
    "pause of a gateway",
    "partition",
    "break",
    "burst",
    "partition one way",
    "hang",
    "sickness",
    "drain of a gateway",
    "jump of a clock",
};
enum {
    FAULTS_COUNT = sizeof names / sizeof names[0],
    DRAIN_MOST_MS = 8000, /* a gateway's, its return and a pause in between */
};

/* One instance of several is slow, or sick; the network is quick and whole, and nothing happens. */
static void plan_grey(struct sim *sim)
{
    struct plan *plan = &sim->plan;
    plan->grey = true;
    plan->instances = 2 + (int)sim_chance(sim, INSTANCES_MAX - 1);
    plan->services = 1;
    plan->loss = plan->duplicate = plan->faults = 0;
    plan->delay_ms = 2;
    int which = (int)sim_chance(sim, (uint64_t)plan->instances);
    plan->slow = sim_chance(sim, 2) == 0 ? which : -1;
    plan->sick = plan->slow < 0 ? which : -1;
    if (plan->sick >= 0)
        sim->instances[which].sick_until = sim->end - CALM_MS;
}

void fault_plan(struct sim *sim)
{
    static const uint64_t delays[] = {2, 20, 200, 1000};
    struct plan *plan = &sim->plan;
    plan->gateways = 1 + (int)sim_chance(sim, GATEWAYS_MAX);
    plan->instances = 1 + (int)sim_chance(sim, INSTANCES_MAX);
    plan->services = plan->instances < SERVICES_MAX ? plan->instances : SERVICES_MAX;
    plan->services = 1 + (int)sim_chance(sim, (uint64_t)plan->services);
    if (sim_chance(sim, 4) > 0) {
        plan->loss = (unsigned)sim_chance(sim, 50);
        plan->duplicate = (unsigned)sim_chance(sim, 50);
        plan->overtaking = sim_chance(sim, 2) == 0;
    }
    plan->delay_ms = delays[sim_chance(sim, sizeof delays / sizeof delays[0])];
    plan->faults = (unsigned)sim_chance(sim, 1 << FAULTS_COUNT);
    plan->fault_every_ms = 100 + sim_chance(sim, 2000);
    plan->ask_every_ms = 2 + sim_chance(sim, 30);
    plan->handle_ms = 1 + sim_chance(sim, 60);
    plan->slow = sim_chance(sim, 3) == 0 ? (int)sim_chance(sim, (uint64_t)plan->instances) : -1;
    plan->sick = -1;
    if (sim_chance(sim, 16) == 0)
        plan_grey(sim);
    for (int i = 0; i < plan->instances; i++)
        sim->instances[i].service = i % plan->services;
    sim_trace(sim,
              "%d gateways, %d instances of %d services, loss %u, doubled %u, delay %u, %s, "
              "faults %x each %u ms, asks each %u ms, handlers %u ms, slow %d",
              plan->gateways, plan->instances, plan->services, plan->loss, plan->duplicate,
              (unsigned)plan->delay_ms, plan->overtaking ? "overtaking" : "in order", plan->faults,
              (unsigned)plan->fault_every_ms, (unsigned)plan->ask_every_ms,
              (unsigned)plan->handle_ms, plan->slow);
}

/* So long, but over when the calm begins. */
static uint64_t duration(struct sim *sim, uint64_t most_ms)
{
    uint64_t left = sim->end - CALM_MS - sim->now, ms = 50 + sim_chance(sim, most_ms);
    return ms < left ? ms : left;
}

static void crash_instance(struct sim *sim, int g, int i)
{
    (void)g;
    instance_stop(sim, i);
}

static void pause_instance(struct sim *sim, int g, int i)
{
    (void)g;
    sim->instances[i].process.paused_until = sim->now + duration(sim, 4000);
}

/* With time left to end, to come back and to be connected before all must be well. */
static void drain_instance(struct sim *sim, int g, int i)
{
    (void)g;
    if (sim->now + DRAIN_MOST_MS < sim->end - CALM_MS + STEADY_MS)
        instance_drain(sim, i);
}

static void crash_gateway(struct sim *sim, int g, int i)
{
    (void)i;
    gateway_stop(sim, g);
    event_add(sim, sim_chance(sim, 2000), EVENT_START_GATEWAY, g, 0);
}

static void pause_gateway(struct sim *sim, int g, int i)
{
    uint64_t ms = duration(sim, 3000);
    (void)i;
    sim->gateways[g].process.paused_until = sim->now + ms;
    sim->gateways[g].paused_ms += ms;
}

static void part(struct sim *sim, int g, int i)
{
    sim->parted_until[0][g][i] = sim->parted_until[1][g][i] = sim->now + duration(sim, 5000);
}

static void part_one_way(struct sim *sim, int g, int i)
{
    sim->parted_until[sim_chance(sim, 2)][g][i] = sim->now + duration(sim, 5000);
}

static void hang(struct sim *sim, int g, int i)
{
    (void)g;
    sim->instances[i].hangs_until = sim->now + duration(sim, 5000);
}

/* With time left to end and to come back before the calm. */
static void drain_gateway(struct sim *sim, int g, int i)
{
    (void)i;
    if (sim->now + DRAIN_MOST_MS < sim->end - CALM_MS)
        gateway_drain(sim, g);
}

/* What a process sees after its machine has slept. */
static void jump(struct sim *sim, int g, int i)
{
    struct process *process =
        sim_chance(sim, 2) == 0 ? &sim->gateways[g].process : &sim->instances[i].process;
    process->clock += sim_chance(sim, JUMP_MS);
}

static void sicken(struct sim *sim, int g, int i)
{
    (void)g;
    sim->instances[i].sick_until = sim->now + duration(sim, 5000);
}

static void break_connection(struct sim *sim, int g, int i)
{
    if (sim->instances[i].links[g] < 0)
        return;
    network_close(sim, sim->instances[i].links[g], true);
    event_add(sim, sim_chance(sim, 200), EVENT_CONNECT, i, (uint64_t)g);
}

static void burst(struct sim *sim, int g, int i)
{
    (void)i;
    ledger_burst(sim, g);
}

static fault_fn *const faults[FAULTS_COUNT] = {
    crash_instance, pause_instance,   drain_instance, crash_gateway, pause_gateway,
    part,           break_connection, burst,          part_one_way,  hang,
    sicken,         drain_gateway,    jump,
};

void fault_happen(struct sim *sim)
{
    int g = (int)sim_chance(sim, (uint64_t)sim->plan.gateways);
    int i = (int)sim_chance(sim, (uint64_t)sim->plan.instances);
    unsigned kind = (unsigned)sim_chance(sim, FAULTS_COUNT);
    const struct process *gateway = &sim->gateways[g].process;
    const struct process *instance = &sim->instances[i].process;
    if (sim->calm)
        return;
    event_add(sim, 1 + sim_chance(sim, 2 * sim->plan.fault_every_ms), EVENT_FAULT, 0, 0);
    while (sim->plan.faults != 0 && (sim->plan.faults >> kind & 1) == 0)
        kind = (kind + 1) % FAULTS_COUNT;
    if (sim->plan.faults == 0 || !gateway->up || sim->gateways[g].drains || !instance->up ||
        sim->now < gateway->paused_until || sim->now < instance->paused_until)
        return;
    sim_trace(sim, "%s: gateway %d, instance %d", names[kind], g, i);
    sim->faults++;
    faults[kind](sim, g, i);
}

/* Who got how much until the calm. */
static void check_shares(struct sim *sim)
{
    int grey = sim->plan.slow >= 0 ? sim->plan.slow : sim->plan.sick;
    uint64_t all = 0, had = sim->instances[grey].starts;
    for (int i = 0; i < sim->plan.instances; i++)
        all += sim->instances[i].starts;
    uint64_t fair = all / (uint64_t)sim->plan.instances;
    sim_trace(sim, "instance %d had %u of %u", grey, (unsigned)had, (unsigned)all);
    if (had > fair / 6 + 30 * (uint64_t)sim->plan.gateways)
        sim_fail(sim, 's', "instance %d, %s, had %u requests, a fair share is %u", grey,
                 sim->plan.slow >= 0 ? "slow" : "sick", (unsigned)had, (unsigned)fair);
}

void fault_calm(struct sim *sim)
{
    sim_trace(sim, "calm");
    if (sim->plan.grey)
        check_shares(sim);
    sim->calm = true;
}

static size_t instances_of(const struct sim *sim, int service)
{
    size_t count = 0;
    for (int i = 0; i < sim->plan.instances; i++)
        count += sim->instances[i].service == service;
    return count;
}

void fault_steady(struct sim *sim)
{
    sim_trace(sim, "steady");
    sim->steady = true;
    for (int i = 0; i < sim->plan.instances; i++)
        if (!sim->instances[i].process.up ||
            peer_links_up(sim->instances[i].peer) != (size_t)sim->plan.gateways)
            sim_fail(sim, 'h', "instance %d is not connected with every gateway", i);
    for (int g = 0; g < sim->plan.gateways; g++)
        for (int s = 0; s < sim->plan.services; s++)
            if (!sim->gateways[g].process.up ||
                router_live(sim->gateways[g].router, sim_services[s]) != instances_of(sim, s))
                sim_fail(sim, 'h', "gateway %d does not know every instance of %s", g,
                         sim_services[s]);
    for (int g = 0; g < sim->plan.gateways; g++)
        ledger_surge(sim, g);
}
