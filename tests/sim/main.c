/* guild-sim: runs the bus in a box, seed after seed; see sim.h. Ends with 1 if a rule does not hold in one of them. */
#include "sim.h"

#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum {
    TAIL_MS = 4000, /* behind the end: what was asked last has its time */
    FIRST_MS = 1000,
    CLOCK_MOST_MS = 1000000000,
    FAILURES_MAX = 5,
    LOOK_S = 5, /* of processor; a step takes microseconds */
};

const char *const sim_services[SERVICES_MAX] = {"auth", "alpha", "beta"};

/* ---- chance, words, memory */

uint64_t sim_chance(struct sim *sim, uint64_t below)
{
    sim->random += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
    uint64_t z = sim->random;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

uint64_t sim_clock(const struct sim *sim, const struct process *process)
{
    return sim->now + process->clock;
}

void sim_trace(const struct sim *sim, const char *format, ...)
{
    va_list values;
    if (!sim->trace)
        return;
    printf("%6u ms  ", (unsigned)(sim->now - FIRST_MS));
    va_start(values, format);
    vprintf(format, values);
    va_end(values);
    putchar('\n');
}

void sim_fail(struct sim *sim, char rule, const char *format, ...)
{
    va_list values;
    if (sim->failed)
        return;
    sim->failed = true;
    printf("seed %llu at %u ms, rule %c: ", (unsigned long long)sim->seed,
           (unsigned)(sim->now - FIRST_MS), rule);
    va_start(values, format);
    vprintf(format, values);
    va_end(values);
    putchar('\n');
}

void *sim_grow(void *array, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return array;
    *room = *room == 0 ? 256 : 2 * *room;
    array = realloc(array, *room * size);
    if (array == NULL)
        abort();
    return array;
}

/* ---- one seed */

/* The process an event is for, or NULL. */
static const struct process *process_of(const struct sim *sim, const struct event *event)
{
    switch (event->kind) {
    case EVENT_TO_GATEWAY:
    case EVENT_GATEWAY_TICK:
    case EVENT_CHUNK:
    case EVENT_ABANDON:
    case EVENT_KEEP:
        return &sim->gateways[event->who].process;
    case EVENT_TO_INSTANCE:
    case EVENT_INSTANCE_TICK:
    case EVENT_HANDLED:
    case EVENT_CONNECT:
        return &sim->instances[event->who].process;
    default:
        return NULL;
    }
}

static void happen(struct sim *sim, const struct event *event)
{
    switch (event->kind) {
    case EVENT_TO_GATEWAY:
        gateway_read(sim, event);
        break;
    case EVENT_TO_INSTANCE:
        instance_read(sim, event);
        break;
    case EVENT_GATEWAY_TICK:
        gateway_tick(sim, event->who);
        break;
    case EVENT_INSTANCE_TICK:
        instance_tick(sim, event->who);
        break;
    case EVENT_HANDLED:
        instance_handled(sim, event->who, event->number);
        break;
    case EVENT_CONNECT:
        instance_connect(sim, event->who, (int)event->number);
        break;
    case EVENT_CHUNK:
        gateway_chunk(sim, event->who, event->number);
        break;
    case EVENT_ABANDON:
        gateway_abandon(sim, event->who, event->number);
        break;
    case EVENT_KEEP:
        ledger_keep(sim, event->number);
        break;
    case EVENT_ASK:
        ledger_ask(sim);
        break;
    case EVENT_CALL:
        ledger_call(sim);
        break;
    case EVENT_SESSION:
        ledger_session(sim);
        break;
    case EVENT_DUE:
        ledger_due(sim, event);
        break;
    case EVENT_REVOKED_DUE:
        ledger_revoked_due(sim, event);
        break;
    case EVENT_FAULT:
        fault_happen(sim);
        break;
    case EVENT_START_GATEWAY:
        gateway_start(sim, event->who);
        break;
    case EVENT_START_INSTANCE:
        instance_start(sim, event->who);
        break;
    case EVENT_CALM:
        fault_calm(sim);
        break;
    case EVENT_STEADY:
        fault_steady(sim);
        break;
    case EVENT_KINDS:
        break;
    }
}

/* Events of a stopped process wait, in their order, until it goes on; those of a dead one are void. */
static void run_event(struct sim *sim, struct event *event)
{
    const struct process *process = process_of(sim, event);
    sim->now = event->at;
    if (process != NULL && process->incarnation == event->incarnation &&
        sim->now < process->paused_until) {
        event_postpone(sim, event, process->paused_until);
        return;
    }
    if (process == NULL || process->incarnation == event->incarnation)
        happen(sim, event);
    free(event->message);
}

static void *actions_new(size_t size)
{
    void *actions = malloc(size);
    if (actions == NULL)
        abort();
    return actions;
}

static void sim_open(struct sim *sim, uint64_t ms)
{
    sim->random = sim->seed;
    sim->now = FIRST_MS;
    sim->end = FIRST_MS + ms;
    fault_plan(sim);
    for (int g = 0; g < sim->plan.gateways; g++) {
        sim->gateways[g].process.clock = sim_chance(sim, CLOCK_MOST_MS);
        sim->gateways[g].actions = actions_new(sizeof(struct router_actions));
        sim->gateways[g].actions->count = 0;
        event_add(sim, sim_chance(sim, 500), EVENT_START_GATEWAY, g, 0);
    }
    for (int i = 0; i < sim->plan.instances; i++) {
        sim->instances[i].process.clock = sim_chance(sim, CLOCK_MOST_MS);
        sim->instances[i].actions = actions_new(sizeof(struct peer_actions));
        sim->instances[i].actions->count = 0;
        event_add(sim, sim_chance(sim, 500), EVENT_START_INSTANCE, i, 0);
    }
    event_add(sim, 0, EVENT_ASK, 0, 0);
    event_add(sim, 0, EVENT_CALL, 0, 0);
    event_add(sim, 0, EVENT_SESSION, 0, 0);
    event_add(sim, 600, EVENT_FAULT, 0, 0);
    event_add(sim, ms - CALM_MS, EVENT_CALM, 0, 0);
    event_add(sim, ms - CALM_MS + STEADY_MS, EVENT_STEADY, 0, 0);
}

static void sim_close(struct sim *sim)
{
    struct event event;
    while (event_next(sim, &event))
        free(event.message);
    for (int g = 0; g < sim->plan.gateways; g++) {
        router_destroy(&sim->gateways[g].router);
        sessions_destroy(&sim->gateways[g].sessions);
        free(sim->gateways[g].actions);
    }
    for (int i = 0; i < sim->plan.instances; i++) {
        peer_destroy(&sim->instances[i].peer);
        free(sim->instances[i].actions);
    }
    free(sim->events);
    free(sim->connections);
    free(sim->asks);
}

/* ---- a step that never ends */

static const struct sim *running;

/* It stands where it stood before: that is the end of all seeds. */
static void look(int number)
{
    static uint64_t seed, now;
    (void)number;
    if (running == NULL)
        return;
    if (running->seed == seed && running->now == now) {
        printf("seed %llu at %u ms, rule l: a step does not end\n", (unsigned long long)seed,
               (unsigned)(now - FIRST_MS));
        fflush(stdout);
        _exit(1);
    }
    seed = running->seed;
    now = running->now;
}

static void watch(void)
{
    const struct itimerval every = {.it_interval.tv_sec = LOOK_S, .it_value.tv_sec = LOOK_S};
    signal(SIGVTALRM, look);
    setitimer(ITIMER_VIRTUAL, &every, NULL);
}

/* ---- many seeds */

struct totals {
    uint64_t seeds, failed, asks, starts, faults, counts[STATUS_COUNT];
};

static void run_seed(uint64_t seed, uint64_t ms, bool trace, struct totals *totals)
{
    struct sim *sim = calloc(1, sizeof *sim);
    struct event event;
    if (sim == NULL)
        abort();
    sim->seed = seed;
    sim->trace = trace;
    running = sim;
    sim_open(sim, ms);
    while (!sim->failed && event_next(sim, &event) && event.at <= sim->end + TAIL_MS)
        run_event(sim, &event);
    if (!sim->failed) {
        free(event.message);
        ledger_end(sim);
    }
    totals->seeds++;
    totals->failed += sim->failed;
    totals->asks += sim->asks_count;
    totals->starts += sim->starts;
    totals->faults += sim->faults;
    for (size_t i = 0; i < STATUS_COUNT; i++)
        totals->counts[i] += sim->counts[i];
    running = NULL;
    sim_close(sim);
    free(sim);
}

/* ---- the program */

static uint64_t number(const char *text)
{
    char *end;
    uint64_t value = strtoull(text, &end, 10);
    if (end == text || *end != '\0') {
        fprintf(stderr, "not a number: %s\n", text);
        exit(2);
    }
    return value;
}

static void usage(void)
{
    printf("Usage: guild-sim [--seeds N] [--from S] [--seconds T] [--trace SEED]\n"
           "Runs N seeds (200) from S (1) on, each T (60, at least 10) simulated seconds;\n"
           "with --trace this seed alone, telling everything that happens.\n");
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"seeds",   required_argument, NULL, 'n'},
        {"from",    required_argument, NULL, 'f'},
        {"seconds", required_argument, NULL, 's'},
        {"trace",   required_argument, NULL, 't'},
        {"help",    no_argument,       NULL, 'h'},
        {NULL,      0,                 NULL, 0  },
    };
    uint64_t seeds = 200, from = 1, seconds = 60;
    bool trace = false;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'n')
            seeds = number(optarg);
        else if (option == 'f')
            from = number(optarg);
        else if (option == 's')
            seconds = number(optarg);
        else if (option == 'h')
            return usage(), 0;
        else if (option != 't')
            return 2;
        if (option == 't') {
            from = number(optarg);
            seeds = 1;
            trace = true;
        }
    }
    if (seconds < 10)
        seconds = 10;
    struct totals totals = {.seeds = 0};
    clock_t began = clock();
    watch();
    for (uint64_t seed = from; seed < from + seeds && totals.failed < FAILURES_MAX; seed++) {
        uint64_t failed = totals.failed;
        run_seed(seed, seconds * 1000, trace, &totals);
        if (totals.failed > failed)
            printf("replay: tests/sim/run --seconds %u --trace %llu\n", (unsigned)seconds,
                   (unsigned long long)seed);
    }
    printf("%u seeds of %u s: %u failed; %u requests, %u starts, %u faults;",
           (unsigned)totals.seeds, (unsigned)seconds, (unsigned)totals.failed,
           (unsigned)totals.asks, (unsigned)totals.starts, (unsigned)totals.faults);
    for (size_t i = 0; i < STATUS_COUNT; i++)
        if (totals.counts[i] > 0)
            printf(" %s %u", status_name((enum status)i), (unsigned)totals.counts[i]);
    printf("; %.1f s\n", (double)(clock() - began) / CLOCKS_PER_SEC);
    return totals.failed > 0;
}
