/* What staff set for reviews: which approvals take two, the reasons of a refusal (D16), the working calendar. */
#include "certification.pb-c.h"
#include "certification_queries.h"
#include "form.h"
#include "nouns.h"
#include "reasons.h"
#include "service.h"

/* ---- which approvals take two */

static answer policy_list(struct call *c)
{
    batch_add(c, &sql_review_policy_list);
    return batch_reply(c, REASON_none);
}

static answer policy_save(struct call *c)
{
    batch_add(c, &sql_review_policy_save);
    return batch_reply(c, REASON_review_policy_changed);
}

/* ---- why an application may be refused */

static answer reject_reason_list(struct call *c)
{
    batch_add(c, &sql_reject_reason_list);
    return batch_reply(c, REASON_none);
}

static answer reject_reason_list_all(struct call *c)
{
    batch_add(c, &sql_reject_reason_list_all);
    return batch_reply(c, REASON_none);
}

static answer reject_reason_save(struct call *c)
{
    const Certification__RejectReason *req = c->request;

    for (size_t i = 0; i < req->n_fields; i++)
        if (!form_has_field(req->fields[i]))
            return call_fail_field(c, "fields", "所选的项目不在任何表单中，请刷新页面后重选。");
    batch_add(c, &sql_reject_reason_save);
    return batch_reply(c, REASON_reject_reason_changed);
}

/* ---- the working calendar */

static answer calendar_list(struct call *c)
{
    batch_add(c, &sql_calendar_list);
    return batch_reply(c, REASON_none);
}

static answer calendar_save(struct call *c)
{
    batch_add(c, &sql_calendar_save);
    return batch_reply(c, REASON_none);
}

static answer calendar_remove(struct call *c)
{
    batch_add(c, &sql_calendar_remove);
    return batch_reply(c, REASON_calendar_day_gone);
}

#define REVIEWER STAFF("cert.review")

const struct op review_rules_ops[] = {
    {"ListReviewPolicies",   REVIEWER,            policy_list,            0},
    {"SaveReviewPolicy",     STAFF("param.edit"), policy_save,            0},
    {"ListRejectReasons",    REVIEWER,            reject_reason_list,     0},
    {"ListAllRejectReasons", STAFF("dict.edit"),  reject_reason_list_all, 0},
    {"SaveRejectReason",     STAFF("dict.edit"),  reject_reason_save,     0},
    {"ListCalendarDays",     STAFF("param.edit"), calendar_list,          0},
    {"SaveCalendarDays",     STAFF("param.edit"), calendar_save,          0},
    {"RemoveCalendarDay",    STAFF("param.edit"), calendar_remove,        0},
    OP_END,
};
