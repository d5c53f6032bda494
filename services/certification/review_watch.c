/* Reviews that wait too long (N21), and what waits at nine in the morning (N20): reviewers are told, each thing once.
   And payment, of the working calendar that it goes by, too. */
#include "certification_queries.h"
#include "nouns.h"
#include "service.h"

enum { EVERY_MS = 600000, TIMEOUT_MS = 10000 };

static answer told(struct call *c, const struct rows *results)
{
    (void)results;
    return job_end(c);
}

void review_watch_run(struct service_run *run, const char *at)
{
    struct call *job = service_job(run, TIMEOUT_MS);
    call_set(job, "at", at);
    batch_add(job, &sql_review_warn);
    batch_add(job, &sql_review_digest);
    batch_add(job, &sql_calendar_tell);
    batch_then(job, told);
}

static void on_time(void *owner)
{
    review_watch_run(owner, NULL);
}

void review_watch_start(struct service_run *run)
{
    loop_add_timer(service_loop(run), EVERY_MS, on_time, run);
}
