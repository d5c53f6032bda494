/* The fee schedule: effective-dated, public. */
#include "nouns.h"
#include "payment_queries.h"
#include "reasons.h"

static answer fee_list(struct call *c)
{
    batch_add(c, &sql_fee_list);
    return batch_reply(c, REASON_fees_missing);
}

const struct op fee_ops[] = {
    {"ListFees", PUBLIC, fee_list, 0},
    OP_END,
};
