#include "upkeep.h"

#include "common_queries.h"
#include "dispatch.h"
#include "service.h"

enum { EVERY_MS = 600000, TIMEOUT_MS = 10000, AT_ONCE = 1000 };

static answer cleared(struct call *c, const struct rows *results)
{
    struct service_run *run = c->run;
    bool more = false;
    for (int i = 0; i < 3; i++)
        more |= results[i].affected == AT_ONCE;
    answer end = job_end(c);
    if (more)
        upkeep_run(run);
    return end;
}

void upkeep_run(struct service_run *run)
{
    struct call *job = service_job(run, TIMEOUT_MS);
    batch_add(job, &sql_upkeep_idempotency);
    batch_add(job, &sql_upkeep_outbox);
    batch_add(job, &sql_upkeep_inbox);
    batch_then(job, cleared);
}

static void on_time(void *owner)
{
    upkeep_run(owner);
}

void upkeep_start(struct service_run *run)
{
    loop_add_timer(run->loop, EVERY_MS, on_time, run);
}
