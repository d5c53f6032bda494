/* The fee schedule: effective-dated, public; staff add rows, and never change one. */
#include "check.h"
#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "reasons.h"

static answer fee_list(struct call *c)
{
    batch_add(c, &sql_fee_list);
    return batch_reply(c, REASON_fees_missing);
}

static answer fee_save(struct call *c)
{
    const Payment__SaveFeeRequest *req = c->request;
    call_set_integer(c, "amount_fen", check_money_fen(req->amount));
    batch_add(c, &sql_fee_save);
    return batch_reply(c, REASON_fee_post_unknown);
}

const struct op fee_ops[] = {
    {"ListFees", PUBLIC,                     fee_list, 0},
    {"SaveFee",  STAFF("fee.schedule.edit"), fee_save, 0},
    OP_END,
};
