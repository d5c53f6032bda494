/* How dues are kept: the membership year, grace, and what takes two persons. */
#include "check.h"
#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "reasons.h"

static answer policy_get(struct call *c)
{
    batch_add(c, &sql_policy_get);
    return batch_reply(c, REASON_internal);
}

static answer policy_save(struct call *c)
{
    const Payment__SaveDuesPolicyRequest *req = c->request;
    call_set_integer(c, "second_over_fen", check_money_fen(req->second_over));
    batch_add(c, &sql_policy_save);
    return batch_reply(c, REASON_policy_changed);
}

const struct op policy_ops[] = {
    {"GetDuesPolicy",  STAFF("dues.read"),  policy_get,  0},
    {"SaveDuesPolicy", STAFF("param.edit"), policy_save, 0},
    OP_END,
};
