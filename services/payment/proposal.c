/* What takes two persons: one proposes, another decides; the database carries it out (proposal_carry_out). */
#include "check.h"
#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "reasons.h"
#include "rules.h"
#include <string.h>

/* Money is proposed by finance, standing by whoever keeps the members. */
static bool may_propose(const struct call *c, Payment__Proposal__Kind kind)
{
    const char *wanted =
        kind == PAYMENT__PROPOSAL__KIND__REVERSE || kind == PAYMENT__PROPOSAL__KIND__REFUND
            ? "voucher.reverse"
            : "member.suspend";
    for (size_t i = 0; i < c->caller->n_permissions; i++)
        if (strcmp(c->caller->permissions[i], wanted) == 0)
            return true;
    return false;
}

static answer propose(struct call *c)
{
    const Payment__ProposeRequest *req = c->request;
    if (!may_propose(c, req->kind))
        return call_fail(c, REASON_not_allowed);
    if (req->kind == PAYMENT__PROPOSAL__KIND__REFUND && req->amount[0] == '\0')
        return call_fail_field(c, "amount", "请填写退款金额。");
    if (req->amount[0] == '\0')
        call_set(c, "amount_fen", NULL);
    else
        call_set_integer(c, "amount_fen", check_money_fen(req->amount));
    batch_add(c, &sql_propose);
    return batch_reply(c, REASON_proposal_not_possible);
}

static answer proposal_list(struct call *c)
{
    batch_add(c, &sql_proposal_list);
    return batch_reply(c, REASON_none);
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

const struct op proposal_ops[] = {
    {"Propose",        STAFF("dues.read"), propose,         0},
    {"ListProposals",  STAFF("dues.read"), proposal_list,   0},
    {"DecideProposal", STAFF("dues.read"), proposal_decide, 0},
    OP_END,
};
