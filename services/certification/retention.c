/* How long what was handed in is kept: what is due is erased by and by, its row first, then its file. A file that stays
   because the process ended in between is one that no row names: `guildctl attachments check` takes it. */
#include "certification.pb-c.h"
#include "certification_queries.h"
#include "nouns.h"
#include "reasons.h"
#include "service.h"

enum { EVERY_MS = 600000, TIMEOUT_MS = 30000 };

static answer erased(struct call *c, void *job)
{
    (void)job;
    return job_end(c);
}

/* A file, and its thumbnail where it has one. */
static answer retention_due(struct call *c, const struct rows *results)
{
    struct certification *state = service_state(c->run);
    const struct rows *due = &results[0];
    if (due->count == 0)
        return job_end(c);
    const char **files = arena_alloc(c->arena, 2 * due->count * sizeof *files);
    for (size_t i = 0; i < due->count; i++) {
        files[2 * i] = rows_get(due, i, "attachment_id");
        files[2 * i + 1] = arena_printf(c->arena, "%s.t", files[2 * i]);
    }
    return file_erase(c, &state->files, files, 2 * due->count, erased);
}

void retention_run(struct service_run *run)
{
    struct call *job = service_job(run, TIMEOUT_MS);
    batch_add(job, &sql_retention_run);
    batch_then(job, retention_due);
}

static void on_time(void *owner)
{
    retention_run(owner);
}

void retention_start(struct service_run *run)
{
    loop_add_timer(service_loop(run), EVERY_MS, on_time, run);
}

static answer rule_list(struct call *c)
{
    batch_add(c, &sql_retention_rule_list);
    return batch_reply(c, REASON_none);
}

static answer rule_save(struct call *c)
{
    batch_add(c, &sql_retention_rule_save);
    return batch_reply(c, REASON_retention_rule_changed);
}

const struct op retention_ops[] = {
    {"ListRetentionRules", STAFF("param.edit"), rule_list, 0},
    {"SaveRetentionRule",  STAFF("param.edit"), rule_save, 0},
    OP_END,
};
