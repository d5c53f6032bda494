/* Applications: drafts, submissions and their withdrawal. */
#include "certification.pb-c.h"
#include "certification_queries.h"
#include "nouns.h"
#include "reasons.h"
#include "rules.h"

static answer identity_list(struct call *c)
{
    batch_add(c, &sql_identity_list);
    return batch_reply(c, REASON_none);
}

static answer application_get(struct call *c)
{
    batch_add(c, &sql_application_get);
    return batch_reply(c, REASON_none);
}

static answer draft_save(struct call *c)
{
    const Certification__SaveDraftRequest *req = c->request;

    if (!rules_kind_is_open(req->kind))
        return call_fail(c, REASON_identity_not_open);
    if (req->owner_unit == NULL)
        return call_fail_field(c, "owner_unit", "没有收到表单内容，请刷新页面后重试。");

    batch_add(c, &sql_draft_save);
    return batch_reply(c, REASON_draft_changed);
}

/* No row was made: the facts read in the same batch say why. A repeat of a refused submission has no facts. */
static int submission_refusal(const struct rows *facts)
{
    if (rows_true(facts, 0, "is_open"))
        return REASON_application_open;
    if (facts->count > 0 && !rows_true(facts, 0, "draft_is_current"))
        return REASON_draft_changed;
    if (rows_true(facts, 0, "uscc_taken"))
        return REASON_uscc_taken;
    if (rows_true(facts, 0, "may_not_retry"))
        return REASON_may_not_retry;
    if (rows_true(facts, 0, "nothing_changed"))
        return REASON_nothing_changed;
    if (facts->count > 0 && !rows_true(facts, 0, "files_are_there"))
        return REASON_files_missing;
    return REASON_state_changed;
}

static answer application_submit_done(struct call *c, const struct rows *results)
{
    if (results[1].count == 0)
        return call_fail(c, submission_refusal(&results[0]));
    return call_reply(
        c, message_from_rows(&certification__identity__descriptor, &results[1], c->arena));
}

static answer application_submit(struct call *c)
{
    const Certification__SubmitApplicationRequest *req = c->request;

    if (!rules_kind_is_open(req->kind))
        return call_fail(c, REASON_identity_not_open);
    if (req->owner_unit == NULL)
        return call_fail_field(c, "owner_unit", "没有收到表单内容，请刷新页面后重试。");

    batch_add(c, &sql_application_explain);
    batch_add(c, &sql_application_submit);
    return batch_then(c, application_submit_done);
}

static answer application_withdraw(struct call *c)
{
    batch_add(c, &sql_application_withdraw);
    return batch_reply(c, REASON_nothing_to_withdraw);
}

const struct op application_ops[] = {
    {"ListIdentities",      MEMBER, identity_list,        0},
    {"GetApplication",      MEMBER, application_get,      0},
    {"SaveDraft",           MEMBER, draft_save,           0},
    {"SubmitApplication",   MEMBER, application_submit,   0},
    {"WithdrawApplication", MEMBER, application_withdraw, 0},
    OP_END,
};
