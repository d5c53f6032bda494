/* J.3 to J.5: what the association's dues and memberships come to, month by month. Derived when asked, kept nowhere. */
#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "reasons.h"

static answer figures_get(struct call *c)
{
    batch_add(c, &sql_figures_get);
    return batch_reply(c, REASON_internal);
}

/* S1: the numbers of the console's first page. */
static answer dues_count(struct call *c)
{
    batch_add(c, &sql_dues_counts);
    return batch_reply(c, REASON_internal);
}

const struct op figures_ops[] = {
    {"GetDuesFigures", STAFF("dues.read"), figures_get, 0},
    {"CountDues",      STAFF("dues.read"), dues_count,  0},
    OP_END,
};
