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

/* Binds :reference_codes to as many as there are years, one at the least. */
static void set_references(struct call *c, size_t years)
{
    char code[RULES_REFERENCE_SIZE];
    const char *list = "";
    for (size_t i = 0; i == 0 || i < years; i++) {
        rules_reference(randombytes_random(), code);
        list = arena_printf(c->arena, "%s%s%s", list, i == 0 ? "" : ",", code);
    }
    call_set(c, "reference_codes", arena_printf(c->arena, "{%s}", list));
}

static bool are_years(const uint32_t *years, size_t count)
{
    while (count > 0 && years[count - 1] <= 9999)
        count--;
    return count == 0;
}

static answer bill_request(struct call *c)
{
    const Payment__RequestBillRequest *req = c->request;
    if (!are_years(req->years, req->n_years))
        return call_fail_field(c, "years", "请选择列出的年度。");
    set_references(c, req->n_years);
    batch_add(c, &sql_bill_request);
    return batch_reply(c, REASON_bill_not_due);
}

static answer bill_make(struct call *c)
{
    const Payment__MakeBillsRequest *req = c->request;
    if (!are_years(req->years, req->n_years))
        return call_fail_field(c, "years", "请选择列出的年度。");
    set_references(c, req->n_years);
    batch_add(c, &sql_bill_make);
    return batch_reply(c, REASON_bill_not_due);
}

static answer bill_list(struct call *c)
{
    const Payment__ListBillsRequest *req = c->request;
    bool newest = req->sort == PAYMENT__LIST_BILLS_REQUEST__SORT__NEWEST_FIRST;
    if (!page_from(c, req->cursor, newest))
        return call_fail_field(c, "cursor", PAGE_LOST);
    page_begin(c, req->limit);
    batch_add(c, req->uncounted ? &sql_uncounted : &sql_bill_total);
    batch_add(c, newest ? &sql_bill_list_newest : &sql_bill_list);
    return page_reply(c);
}

static answer bill_cancelled(struct call *c, const struct rows *results)
{
    const struct rows *state = &results[1];
    if (results[0].count > 0)
        return call_reply(c, message_from_rows(&payment__bill__descriptor, &results[0], c->arena));
    if (state->count == 0)
        return call_fail(c, REASON_bill_gone);
    return call_fail(c, rows_true(state, 0, "has_voucher") ? REASON_bill_has_voucher
                                                           : REASON_bill_not_cancellable);
}

static answer bill_cancel(struct call *c)
{
    batch_add(c, &sql_bill_cancel);
    batch_add(c, &sql_bill_state);
    return batch_then(c, bill_cancelled);
}

const struct op bill_ops[] = {
    {"GetDues",     MEMBER,               dues_get,     0},
    {"RequestBill", MEMBER,               bill_request, 0},
    {"ListBills",   STAFF("dues.read"),   bill_list,    0},
    {"CancelBill",  STAFF("member.open"), bill_cancel,  0},
    {"MakeBills",   STAFF("member.open"), bill_make,    0},
    OP_END,
};
