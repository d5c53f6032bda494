/* What takes two persons: one proposes, another decides; the database carries it out (proposal_carry_out). */
#include "check.h"
#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "principal.h"
#include "reasons.h"
#include "rules.h"

/* Money is proposed by finance, standing by whoever keeps the members. */
static bool may_propose(const struct call *c, Payment__Proposal__Kind kind)
{
    return principal_may(c->caller, kind == PAYMENT__PROPOSAL__KIND__REVERSE ||
                                            kind == PAYMENT__PROPOSAL__KIND__REFUND
                                        ? "voucher.reverse"
                                        : "member.suspend");
}

/* Why a change of post with a difference is refused: it is more than the post costs more in the term that runs. */
static answer difference_proposed(struct call *c, const struct rows *results)
{
    int64_t most = rows_integer(&results[0], 0, "most_fen");
    const Payment__ProposeRequest *req = c->request;
    if (results[1].count > 0)
        return call_reply(c,
                          message_from_rows(&payment__proposal__descriptor, &results[1], c->arena));
    if (most <= 0)
        return call_fail_field(c, "amount",
                               "没有可以补收的差额：会员资格须有效，且新职务的会费高于本期会费。");
    if (check_money_fen(req->amount) > most)
        return call_fail_field(c, "amount",
                               arena_printf(c->arena, "本期差额最多%lld.%02lld元。",
                                            (long long)(most / 100), (long long)(most % 100)));
    return call_fail(c, REASON_proposal_not_possible);
}

static answer propose(struct call *c)
{
    const Payment__ProposeRequest *req = c->request;
    if (!may_propose(c, req->kind))
        return call_fail(c, REASON_not_allowed);
    if (req->kind == PAYMENT__PROPOSAL__KIND__REFUND && req->amount[0] == '\0')
        return call_fail_field(c, "amount", "请填写退款金额。");
    if (req->kind == PAYMENT__PROPOSAL__KIND__TERMINATE &&
        req->leave_reason == PAYMENT__LEAVE_REASON__LEAVE_UNSPECIFIED)
        return call_fail_field(c, "leave_reason", "请选择退会原因。");
    if (req->kind == PAYMENT__PROPOSAL__KIND__CHANGE_POST && req->association_post[0] == '\0')
        return call_fail_field(c, "association_post", "请选择会内职务。");
    if (req->kind == PAYMENT__PROPOSAL__KIND__CHANGE_POST && req->document[0] == '\0')
        return call_fail_field(c, "document", "请填写变更职务的依据文件，例如会议决议。");
    if (req->amount[0] == '\0')
        call_set(c, "amount_fen", NULL);
    else
        call_set_integer(c, "amount_fen", check_money_fen(req->amount));
    bill_set_reference(c);
    if (req->kind == PAYMENT__PROPOSAL__KIND__CHANGE_POST && req->amount[0] != '\0') {
        batch_add(c, &sql_difference_get);
        batch_add(c, &sql_propose);
        return batch_then(c, difference_proposed);
    }
    batch_add(c, &sql_propose);
    return batch_reply(c, REASON_proposal_not_possible);
}

static answer proposal_list(struct call *c)
{
    const Payment__ListProposalsRequest *req = c->request;
    bool newest = req->sort == PAYMENT__LIST_PROPOSALS_REQUEST__SORT__BY_VIEW
                      ? req->view != PAYMENT__LIST_PROPOSALS_REQUEST__VIEW__UNSPECIFIED
                      : req->sort == PAYMENT__LIST_PROPOSALS_REQUEST__SORT__NEWEST_FIRST;
    if (!page_from(c, req->cursor, newest))
        return call_fail_field(c, "cursor", PAGE_LOST);
    call_set(c, "is_newest", newest ? "t" : "f");
    page_begin(c, req->limit);
    batch_add(c, &sql_proposal_total);
    batch_add(c, &sql_proposal_list);
    return page_reply(c);
}

static answer proposal_decided(struct call *c, const struct rows *results)
{
    if (results[1].count > 0)
        return call_reply(c,
                          message_from_rows(&payment__proposal__descriptor, &results[1], c->arena));
    if (results[0].count > 0 && rows_true(&results[0], 0, "is_own"))
        return call_fail(c, REASON_proposal_same_person);
    return call_fail(c, REASON_proposal_gone);
}

static answer proposal_decide(struct call *c)
{
    const Payment__DecideProposalRequest *req = c->request;
    if (req->verdict == PAYMENT__DECIDE_PROPOSAL_REQUEST__VERDICT__REFUSE &&
        !rules_refusal_is_founded(0, req->note))
        return call_fail(c, REASON_refusing_has_a_note);
    batch_add(c, &sql_proposal_state);
    batch_add(c, &sql_proposal_decide);
    return batch_then(c, proposal_decided);
}

static answer refund_record(struct call *c)
{
    batch_add(c, &sql_refund_record);
    return batch_reply(c, REASON_refund_gone);
}

const struct op proposal_ops[] = {
    {"Propose",        STAFF("dues.read"),       propose,         0},
    {"ListProposals",  STAFF("dues.read"),       proposal_list,   0},
    {"DecideProposal", STAFF("dues.read"),       proposal_decide, 0},
    {"RecordRefund",   STAFF("voucher.reverse"), refund_record,   0},
    OP_END,
};
