/* Papers that end (G.3): units are told in time, once a step; where staff set it so, identities end with their papers (SM1). */
#include "certification.pb-c.h"
#include "certification_queries.h"
#include "nouns.h"
#include "reasons.h"
#include "service.h"

/* ---- what the service does by itself */

enum { EVERY_MS = 600000, TIMEOUT_MS = 10000 };

static answer watched(struct call *c, const struct rows *results)
{
    (void)results;
    return job_end(c);
}

void expiry_watch_run(struct service_run *run)
{
    struct call *job = service_job(run, TIMEOUT_MS);
    batch_add(job, &sql_unit_remind);
    batch_add(job, &sql_identities_expire);
    batch_then(job, watched);
}

static void on_time(void *owner)
{
    expiry_watch_run(owner);
}

void expiry_watch_start(struct service_run *run)
{
    loop_add_timer(service_loop(run), EVERY_MS, on_time, run);
}

/* ---- the policy */

static answer policy_list(struct call *c)
{
    batch_add(c, &sql_expiry_policy_list);
    return batch_reply(c, REASON_none);
}

static answer policy_save(struct call *c)
{
    batch_add(c, &sql_expiry_policy_save);
    return batch_reply(c, REASON_review_policy_changed);
}

const struct op expiry_ops[] = {
    {"ListExpiryPolicies", STAFF("param.edit"), policy_list, 0},
    {"SaveExpiryPolicy",   STAFF("param.edit"), policy_save, 0},
    OP_END,
};
