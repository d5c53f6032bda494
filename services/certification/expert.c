/* The expert pool: finding an expert, the record, and who stays in (SM7). Approvals put experts in by themselves
   (schema/007_expert.sql). */
#include "certification.pb-c.h"
#include "certification_queries.h"
#include "form.h"
#include "nouns.h"
#include "reasons.h"
#include "rules.h"
#include "service.h"

static answer expert_list(struct call *c)
{
    const Certification__ListExpertsRequest *req = c->request;
    bool newest = req->sort == CERTIFICATION__LIST_EXPERTS_REQUEST__SORT__NEWEST_FIRST;
    if (!page_from(c, req->cursor, newest))
        return call_fail_field(c, "cursor", PAGE_LOST);
    page_begin(c, req->limit);
    batch_add(c, &sql_expert_total);
    batch_add(c, newest ? &sql_expert_list_newest : &sql_expert_list_ending);
    return page_reply(c);
}

static answer expert_get_done(struct call *c, const struct rows *results)
{
    if (results[0].count == 0)
        return call_fail(c, REASON_expert_gone);
    ProtobufCMessage *message =
        message_from_rows(&certification__expert_record__descriptor, &results[0], c->arena);
    Certification__ExpertRecord *record = (Certification__ExpertRecord *)message;
    if (record == NULL)
        return call_fail(c, REASON_internal);
    const struct certification *state = service_state(c->run);
    form_open(c, state->files.keys, record->in_force, rows_integer(&results[0], 0, "account_id"));
    form_mask(c, record->in_force);
    return call_reply(c, &record->base);
}

static answer expert_get(struct call *c)
{
    batch_add(c, &sql_expert_get);
    return batch_then(c, expert_get_done);
}

/* ---- in, paused, out */

static answer expert_move_done(struct call *c, const struct rows *results)
{
    if (results[1].count > 0)
        return call_reply(
            c, message_from_rows(&certification__expert__descriptor, &results[1], c->arena));
    return call_fail(c, results[0].count > 0 ? REASON_expert_moved : REASON_expert_gone);
}

static answer expert_move(struct call *c, const char *to_state)
{
    call_set(c, "to_state", to_state);
    batch_add(c, &sql_expert_exists);
    batch_add(c, &sql_expert_move);
    return batch_then(c, expert_move_done);
}

static answer expert_pause(struct call *c)
{
    return expert_move(c, "PAUSED");
}

static answer expert_resume(struct call *c)
{
    return expert_move(c, "IN_POOL");
}

static answer expert_remove(struct call *c)
{
    return expert_move(c, "REMOVED");
}

#define READER STAFF("expert.read")
#define MANAGER STAFF("expert.manage")

const struct op expert_ops[] = {
    {"ListExperts",  READER,  expert_list,   0},
    {"GetExpert",    READER,  expert_get,    0},
    {"PauseExpert",  MANAGER, expert_pause,  0},
    {"ResumeExpert", MANAGER, expert_resume, 0},
    {"RemoveExpert", MANAGER, expert_remove, 0},
    OP_END,
};
