/* How long what was handed in is kept: what is due is erased by and by, its row first, then its file. A file that stays
   because the process ended in between is one that no row names: `guildctl attachments check` takes it. */
#include "certification.pb-c.h"
#include "certification_queries.h"
#include "log.h"
#include "nouns.h"
#include "reasons.h"
#include "service.h"

enum { EVERY_MS = 600000, TIMEOUT_MS = 30000 };

struct erasing {
    struct blob_store *blobs;
    size_t count;
    const char **files;
    size_t failed;
};

static void erase_work(void *job)
{
    struct erasing *erasing = job;
    for (size_t i = 0; i < erasing->count; i++)
        erasing->failed += blob_delete(erasing->blobs, erasing->files[i]) == STATUS_UNAVAILABLE;
}

static answer erased(struct call *c, void *job)
{
    const struct erasing *erasing = job;
    if (erasing->failed > 0)
        log_line(LOGGED_WARNING, "files could not be erased", "files=%zu", erasing->failed);
    return job_end(c);
}

/* A file, and its thumbnail where it has one. */
static answer retention_due(struct call *c, const struct rows *results)
{
    const struct certification *state = service_state(c->run);
    const struct rows *due = &results[0];
    struct erasing *erasing = arena_alloc(c->arena, sizeof *erasing);
    if (due->count == 0)
        return job_end(c);
    *erasing = (struct erasing){.blobs = state->files.blobs,
                                .files = arena_alloc(c->arena, 2 * due->count * sizeof(char *))};
    for (size_t i = 0; i < due->count; i++) {
        const char *id = rows_get(due, i, "attachment_id");
        erasing->files[erasing->count++] = id;
        erasing->files[erasing->count++] = arena_printf(c->arena, "%s.t", id);
    }
    return work_then(c, state->files.work, erase_work, erasing, erased);
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
