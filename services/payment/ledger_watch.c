/* C.11: every night one instance looks for what may never be in the ledger (ledger_differences). Its kinds are told in the log,
   and how many there are as a figure, by every instance, so that whoever watches hears of it. */
#include "log.h"
#include "metrics.h"
#include "nouns.h"
#include "payment_queries.h"
#include "service.h"
#include <inttypes.h>

enum { EVERY_MS = 60000, TIMEOUT_MS = 120000 /* it reads all that was ever posted */ };

static answer checked(struct call *c, const struct rows *results)
{
    const struct rows *last = &results[1];
    if (last->count == 0)
        return job_end(c);
    int64_t differences = rows_integer(last, 0, "differences");
    metrics_gauge("guild_ledger_differences",
                  "Contradictions that the last check of the ledger found.", "",
                  (double)differences);
    metrics_gauge("guild_ledger_checked_seconds",
                  "When the ledger was checked last, in seconds since 1970.", "",
                  (double)rows_integer(last, 0, "checked_seconds"));
    if (results[0].count > 0 && differences > 0)
        log_line(LOGGED_ERROR, "the ledger contradicts itself",
                 "differences=%" PRId64 " kinds='%s'", differences, rows_get(last, 0, "kinds"));
    return job_end(c);
}

void ledger_watch_run(struct service_run *run)
{
    struct call *job = service_job(run, TIMEOUT_MS);
    batch_add(job, &sql_ledger_check);
    batch_add(job, &sql_ledger_checked);
    batch_then(job, checked);
}

static void on_time(void *owner)
{
    ledger_watch_run(owner);
}

void ledger_watch_start(struct service_run *run)
{
    loop_add_timer(service_loop(run), EVERY_MS, on_time, run);
}
