/* Bills: what a unit owes, and where it stands. */
#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "reasons.h"
#include "rules.h"
#include <sodium.h>

void bill_set_reference(struct call *c)
{
    char code[RULES_REFERENCE_SIZE];
    rules_reference(randombytes_random(), code);
    call_set(c, "reference_code", arena_text(c->arena, code));
}

static answer dues_get(struct call *c)
{
    batch_add(c, &sql_dues_get);
    return batch_reply(c, REASON_not_certified_yet);
}

static answer bill_request(struct call *c)
{
    bill_set_reference(c);
    batch_add(c, &sql_bill_request);
    return batch_reply(c, REASON_bill_not_due);
}

static answer bill_list(struct call *c)
{
    const Payment__ListBillsRequest *req = c->request;
    if (!page_from(c, req->cursor, false))
        return call_fail_field(c, "cursor", PAGE_LOST);
    page_begin(c, req->limit);
    batch_add(c, &sql_bill_total);
    batch_add(c, &sql_bill_list);
    return page_reply(c);
}

const struct op bill_ops[] = {
    {"GetDues",     MEMBER,             dues_get,     0},
    {"RequestBill", MEMBER,             bill_request, 0},
    {"ListBills",   STAFF("dues.read"), bill_list,    0},
    OP_END,
};
