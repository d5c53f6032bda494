/* Automatic confirmation, where the policy says so: what the match is sure of (match.h), and about which there is nothing to look at,
   is confirmed by the statement that confirms for a person (voucher_decide). The database refuses whatever else says that the
   platform decided (voucher_auto_guard). */
#include "nouns.h"
#include "pairing.h"
#include "payment_queries.h"
#include "service.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { EVERY_MS = 60000, TIMEOUT_MS = 10000, AT_ONCE_MAX = 50, SCORE_SHOWN_MAX = 100 };

#define NAME "自动确认"

static answer decided(struct call *c, const struct rows *results)
{
    (void)results;
    return job_end(c);
}

/* [{"bill_id":17,"amount":"2000.00"}] */
static const char *laid(struct call *c, const Payment__Match *match)
{
    const char *text = "[";
    for (size_t i = 0; i < match->n_parts; i++)
        text = arena_printf(
            c->arena, "%s%s{\"bill_id\":%" PRId64 ",\"amount\":\"%" PRId64 ".%02d\"}", text,
            i > 0 ? "," : "", match->parts[i]->bill_id, match->parts[i]->amount_fen / 100,
            (int)(match->parts[i]->amount_fen % 100));
    return arena_printf(c->arena, "%s]", text);
}

/* Its score and why, in the records. */
static const char *evidence(struct call *c, const Payment__Match *match)
{
    int score = match->score < SCORE_SHOWN_MAX ? match->score : SCORE_SHOWN_MAX;
    const char *text = arena_printf(c->arena, NAME "（%d分，其次%d分）：", score, match->runner_up);
    for (size_t i = 0; i < match->n_evidence; i++)
        text = arena_printf(c->arena, "%s%s%s", text, i > 0 ? "、" : "", match->evidence[i]);
    return text;
}

/* A job of its own: what one is refused for does not hold up the others. */
static void decide(struct call *of, const Payment__Match *match)
{
    struct call *c = service_job(of->run, TIMEOUT_MS);
    call_set(c, "caller_kind", "SYSTEM");
    call_set_integer(c, "caller_id", 0);
    call_set(c, "caller_name", NAME);
    call_set(c, "verdict", "CONFIRM");
    call_set_integer(c, "id", match->voucher->id);
    call_set_integer(c, "version", match->version);
    call_set_integer(c, "confirmed_fen", match->line->dues_fen);
    call_set(c, "received_date", arena_printf(c->arena, "%.10s", match->line->occurred_at));
    call_set(c, "allocations", laid(c, match));
    call_set(c, "bank_line_ids", arena_printf(c->arena, "{%" PRId64 "}", match->line->id));
    call_set(c, "evidence", evidence(c, match));
    call_set(c, "reason_codes", "{}");
    call_set(c, "message_to_payer", "");
    call_set(c, "internal_note", "");
    batch_add(c, &sql_voucher_decide);
    batch_then(c, decided);
}

static answer may_found(struct call *c, const struct rows *results)
{
    const struct matching *m = c->state;
    for (size_t i = 0; i < m->matches_count; i++) {
        const Payment__Match *match = matching_message(c, m, &m->matches[i]);
        for (size_t row = 0; row < results[0].count; row++)
            if (rows_integer(&results[0], row, "id") == match->voucher->id)
                decide(c, match);
    }
    return job_end(c);
}

/* Only what is green by its score: a claim is as sure as the person who made it, and takes another. */
static bool is_sure(const struct match *match)
{
    return match->green && match->score >= MATCH_GREEN_SCORE &&
           match->runner_up <= MATCH_RUNNER_UP_MAX && (match->evidence & MATCH_CLAIMED) == 0;
}

static answer matched(struct call *c, void *job)
{
    struct matching *m = job;
    const char *ids = "";
    size_t sure = 0;
    if (m->matches_count == SIZE_MAX)
        return job_end(c);
    for (size_t i = 0; i < m->matches_count && sure < AT_ONCE_MAX; i++) {
        if (!is_sure(&m->matches[i]))
            continue;
        m->matches[sure++] = m->matches[i];
        ids = arena_printf(c->arena, "%s%s%s", ids, ids[0] == '\0' ? "" : ",",
                           rows_get(&m->voucher_rows, m->matches[sure - 1].voucher, "id"));
    }
    m->matches_count = sure;
    if (sure == 0)
        return job_end(c);
    c->state = m;
    call_set(c, "voucher_ids", arena_printf(c->arena, "{%s}", ids));
    batch_add(c, &sql_auto_may);
    return batch_then(c, may_found);
}

static answer pairs_read(struct call *c, const struct rows *results)
{
    struct payment *state = service_state(c->run);
    struct matching *m = arena_alloc(c->arena, sizeof *m);
    *m = (struct matching){.line_rows = results[1], .voucher_rows = results[2]};
    matching_fill(c, m);
    return work_then(c, state->files.work, matching_work, m, matched);
}

static answer wanted(struct call *c, const struct rows *results)
{
    if (results[0].count == 0 || !rows_true(&results[0], 0, "is_wanted"))
        return job_end(c);
    call_set_integer(c, "voucher_id", 0);
    matching_read(c);
    return batch_then(c, pairs_read);
}

void auto_run(struct service_run *run)
{
    struct call *job = service_job(run, TIMEOUT_MS);
    batch_add(job, &sql_auto_wanted);
    batch_then(job, wanted);
}

static void on_time(void *owner)
{
    auto_run(owner);
}

void auto_start(struct service_run *run)
{
    loop_add_timer(service_loop(run), EVERY_MS, on_time, run);
}
