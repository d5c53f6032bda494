/* D-10: the month's sheet. */
#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "reasons.h"

static answer month_get(struct call *c)
{
    const Payment__DuesMonthRequest *req = c->request;
    call_set(c, "month_first", arena_printf(c->arena, "%s-01", req->month));
    batch_add(c, &sql_month_get);
    return batch_reply(c, REASON_internal);
}

const struct op month_ops[] = {
    {"GetDuesMonth", STAFF("period.close"), month_get, 0},
    OP_END,
};
