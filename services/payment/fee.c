/* The fee schedule: effective-dated, public; staff add rows, and never change one. */
#include "check.h"
#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "reasons.h"
#include "rules.h"

static answer fee_list(struct call *c)
{
    batch_add(c, &sql_fee_list);
    return batch_reply(c, REASON_fees_missing);
}

static answer fee_schedule_list(struct call *c)
{
    batch_add(c, &sql_fee_schedule_list);
    return batch_reply(c, REASON_none);
}

static answer fee_saved(struct call *c, const struct rows *results)
{
    if (rows_true(&results[0], 0, "is_past"))
        return call_fail_field(c, "valid_from", "新标准最早从今天起生效，请重新选择日期。");
    if (results[1].count == 0)
        return call_fail(c, REASON_fee_post_unknown);
    return call_reply(c, message_from_rows(&payment__fee__descriptor, &results[1], c->arena));
}

static answer fee_save(struct call *c)
{
    const Payment__SaveFeeRequest *req = c->request;
    if (!rules_post_code(req->association_post))
        return call_fail(c, REASON_fee_post_unknown);
    call_set_integer(c, "amount_fen", check_money_fen(req->amount));
    batch_add(c, &sql_fee_explain);
    batch_add(c, &sql_fee_save);
    return batch_then(c, fee_saved);
}

const struct op fee_ops[] = {
    {"ListFees",        PUBLIC,                     fee_list,          0},
    {"ListFeeSchedule", STAFF("fee.schedule.edit"), fee_schedule_list, 0},
    {"SaveFee",         STAFF("fee.schedule.edit"), fee_save,          0},
    OP_END,
};
