/* F18, S8: member units, and the opening of memberships. Whether one may be opened is the database's to say (term_guard). */
#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "reasons.h"
#include "rules.h"

static answer member_list(struct call *c)
{
    const Payment__ListMembersRequest *req = c->request;
    bool ending = req->sort == PAYMENT__LIST_MEMBERS_REQUEST__SORT__ENDING_FIRST;
    if (!page_from(c, req->cursor, !ending))
        return call_fail_field(c, "cursor", PAGE_LOST);
    page_begin(c, req->limit);
    batch_add(c, req->uncounted ? &sql_uncounted : &sql_member_total);
    batch_add(c, ending ? &sql_member_list_ending : &sql_member_list);
    return page_reply(c);
}

static answer member_get(struct call *c)
{
    batch_add(c, &sql_member_get);
    return batch_reply(c, REASON_member_gone);
}

static answer term_plan(struct call *c)
{
    batch_add(c, &sql_term_plan);
    return batch_reply(c, REASON_member_gone);
}

static answer membership_opened(struct call *c, const struct rows *results)
{
    const Payment__OpenMembershipRequest *req = c->request;
    const struct rows *why = &results[0];
    if (results[1].count > 0)
        return call_reply(c, message_from_rows(&payment__term__descriptor, &results[1], c->arena));
    if (rows_true(why, 0, "is_suspended"))
        return call_fail(c, REASON_membership_suspended);
    if (rows_true(why, 0, "is_far"))
        return call_fail_field(c, "first_day", "开始日期须在最近400天内，或以后一年内。");
    if (rows_true(why, 0, "is_long"))
        return call_fail_field(c, "last_day", "结束日期不能早于开始日期，期限最长两年。");
    if (rows_true(why, 0, "is_moved") && !rules_refusal_is_founded(0, req->reason))
        return call_fail_field(c, "reason", "改动开始或结束日期须说明理由，至少5个字。");
    return call_fail(c, REASON_bill_gone);
}

static answer membership_open(struct call *c)
{
    const Payment__OpenMembershipRequest *req = c->request;
    call_set(c, "is_founded", rules_refusal_is_founded(0, req->reason) ? "t" : "f");
    batch_add(c, &sql_membership_explain);
    batch_add(c, &sql_membership_open);
    return batch_then(c, membership_opened);
}

const struct op member_ops[] = {
    {"ListMembers",    STAFF("dues.read"),   member_list,     0},
    {"GetMember",      STAFF("dues.read"),   member_get,      0},
    {"GetTermPlan",    STAFF("member.open"), term_plan,       0},
    {"OpenMembership", STAFF("member.open"), membership_open, 0},
    OP_END,
};
