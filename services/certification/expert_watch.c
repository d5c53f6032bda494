/* Certificates that end: who holds one is told in time, once a step. Who has no valid one any more is paused where staff set
   it so, and comes back with a new one. */
#include "certification_queries.h"
#include "nouns.h"
#include "service.h"

enum { EVERY_MS = 600000, TIMEOUT_MS = 10000 };

static answer reminded(struct call *c, const struct rows *results)
{
    (void)results;
    return job_end(c);
}

void expert_watch_run(struct service_run *run)
{
    struct call *job = service_job(run, TIMEOUT_MS);
    batch_add(job, &sql_expert_remind);
    batch_add(job, &sql_expert_pause_expired);
    batch_add(job, &sql_expert_resume_renewed);
    batch_then(job, reminded);
}

static void on_time(void *owner)
{
    expert_watch_run(owner);
}

void expert_watch_start(struct service_run *run)
{
    loop_add_timer(service_loop(run), EVERY_MS, on_time, run);
}
