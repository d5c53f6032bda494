/* What member units ask for: to leave, and another post. Two members of staff decide it by a proposal (proposal_carry_out). */
#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "reasons.h"

static answer petition_submit(struct call *c)
{
    const Payment__SubmitPetitionRequest *req = c->request;
    if (req->kind == PAYMENT__PETITION__KIND__LEAVE &&
        req->leave_reason == PAYMENT__LEAVE_REASON__LEAVE_UNSPECIFIED)
        return call_fail_field(c, "leave_reason", "请选择退会原因。");
    if (req->kind == PAYMENT__PETITION__KIND__CHANGE_POST && req->association_post[0] == '\0')
        return call_fail_field(c, "association_post", "请选择希望变更到的会内职务。");
    batch_add(c, &sql_petition_submit);
    return batch_reply(c, REASON_petition_not_possible);
}

static answer petition_withdraw(struct call *c)
{
    batch_add(c, &sql_petition_withdraw);
    return batch_reply(c, REASON_petition_gone);
}

static answer petition_decline(struct call *c)
{
    batch_add(c, &sql_petition_decline);
    return batch_reply(c, REASON_petition_gone);
}

const struct op petition_ops[] = {
    {"SubmitPetition",   MEMBER,                  petition_submit,   0},
    {"WithdrawPetition", MEMBER,                  petition_withdraw, 0},
    {"DeclinePetition",  STAFF("member.suspend"), petition_decline,  0},
    OP_END,
};
