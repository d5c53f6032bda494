/* F17: finance looks at vouchers and decides them. What a confirmation posts is done by the database (voucher_post). */
#include "check.h"
#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "reasons.h"
#include "rules.h"
#include <string.h>

static answer voucher_counts(struct call *c)
{
    batch_add(c, &sql_voucher_counts);
    return batch_reply(c, REASON_internal);
}

/* A bound of amounts; empty: there is none. */
static void set_bound(struct call *c, const char *name, const char *amount)
{
    if (amount[0] == '\0')
        call_set(c, name, NULL);
    else
        call_set_integer(c, name, check_money_fen(amount));
}

static answer voucher_list(struct call *c)
{
    const Payment__ListVouchersRequest *req = c->request;
    bool newest = req->sort == PAYMENT__LIST_VOUCHERS_REQUEST__SORT__NEWEST_FIRST;
    if (!page_from(c, req->cursor, newest))
        return call_fail_field(c, "cursor", PAGE_LOST);
    if (req->day_to[0] != '\0' && strcmp(req->day_from, req->day_to) > 0)
        return call_fail_field(c, "day_to", "截止日期不能早于起始日期。");
    if (req->amount_from[0] != '\0' && req->amount_to[0] != '\0' &&
        check_money_fen(req->amount_from) > check_money_fen(req->amount_to))
        return call_fail_field(c, "amount_to", "最高金额不能低于最低金额。");
    set_bound(c, "fen_from", req->amount_from);
    set_bound(c, "fen_to", req->amount_to);
    page_begin(c, req->limit);
    batch_add(c, &sql_voucher_total);
    batch_add(c, newest ? &sql_voucher_list_newest : &sql_voucher_list_oldest);
    return page_reply(c);
}

static answer voucher_decided(struct call *c, const struct rows *results)
{
    const struct rows *state = &results[1];
    if (results[0].count > 0)
        return call_reply(
            c, message_from_rows(&payment__voucher_decision__descriptor, &results[0], c->arena));
    if (state->count == 0)
        return call_fail(c, REASON_voucher_gone);
    if (rows_integer(state, 0, "unknown_reasons") > 0)
        return call_fail(c, REASON_reason_unknown);
    if (!rows_true(state, 0, "is_open") || !rows_true(state, 0, "is_same"))
        return call_fail(c, REASON_voucher_stale);
    if (rows_integer(state, 0, "unknown_bills") > 0)
        return call_fail_field(c, "allocations", "有账单不存在或已取消，请刷新页面后重新分配。");
    if (!rows_true(state, 0, "lines_are_free"))
        return call_fail(c, REASON_line_gone);
    if (rows_true(state, 0, "is_own"))
        return call_fail(c, REASON_voucher_same_person);
    if (!rows_true(state, 0, "is_second") &&
        ((const Payment__DecideVoucherRequest *)c->request)->verdict ==
            PAYMENT__DECIDE_VOUCHER_REQUEST__VERDICT__RETURN)
        return call_fail(c, REASON_voucher_stale);
    return call_fail_field(c, "received_date", "到账日期不能晚于今天。");
}

static answer confirm(struct call *c, const Payment__DecideVoucherRequest *req)
{
    int64_t confirmed = 0, laid = 0;
    if (req->confirmed_amount[0] == '\0')
        return call_fail_field(c, "confirmed_amount", "请填写到账金额。");
    if (req->received_date[0] == '\0')
        return call_fail_field(c, "received_date", "请选择到账日期。");
    confirmed = check_money_fen(req->confirmed_amount);
    for (size_t i = 0; i < req->n_allocations; i++) {
        for (size_t j = 0; j < i; j++)
            if (req->allocations[j]->bill_id == req->allocations[i]->bill_id)
                return call_fail_field(c, "allocations", "同一张账单出现了两次，请合并为一行。");
        laid += check_money_fen(req->allocations[i]->amount);
    }
    if (laid > confirmed)
        return call_fail(c, REASON_allocation_too_large);
    call_set_integer(c, "confirmed_fen", confirmed);
    batch_add(c, &sql_voucher_decide);
    batch_add(c, &sql_voucher_state);
    return batch_then(c, voucher_decided);
}

static answer voucher_decide(struct call *c)
{
    const Payment__DecideVoucherRequest *req = c->request;
    if (req->verdict == PAYMENT__DECIDE_VOUCHER_REQUEST__VERDICT__CONFIRM)
        return confirm(c, req);
    if (req->verdict == PAYMENT__DECIDE_VOUCHER_REQUEST__VERDICT__RETURN) {
        if (!rules_refusal_is_founded(0, req->internal_note))
            return call_fail(c, REASON_returning_has_a_note);
    } else if (!rules_refusal_is_founded(req->n_reason_codes, req->message_to_payer))
        return call_fail(c, REASON_rejection_has_a_reason);
    call_set(c, "confirmed_fen", NULL);
    batch_add(c, &sql_voucher_decide);
    batch_add(c, &sql_voucher_state);
    return batch_then(c, voucher_decided);
}

static answer payment_recorded(struct call *c, const struct rows *results)
{
    if (results[0].count > 0)
        return call_reply(
            c, message_from_rows(&payment__voucher_item__descriptor, &results[0], c->arena));
    return call_fail(c, rows_true(&results[1], 0, "line_is_free") ? REASON_payment_not_recorded
                                                                  : REASON_line_gone);
}

static answer payment_record(struct call *c)
{
    const Payment__RecordPaymentRequest *req = c->request;
    call_set_integer(c, "paid_fen", check_money_fen(req->paid_amount));
    batch_add(c, &sql_payment_record);
    batch_add(c, &sql_payment_record_state);
    return batch_then(c, payment_recorded);
}

static answer voucher_reason_list(struct call *c)
{
    batch_add(c, &sql_voucher_reason_list);
    return batch_reply(c, REASON_none);
}

static answer voucher_reason_list_all(struct call *c)
{
    batch_add(c, &sql_voucher_reason_list_all);
    return batch_reply(c, REASON_none);
}

static answer voucher_reason_save(struct call *c)
{
    batch_add(c, &sql_voucher_reason_save);
    return batch_reply(c, REASON_voucher_reason_changed);
}

#define FINANCE STAFF("voucher.review")

const struct op verdict_ops[] = {
    {"CountVouchers",      FINANCE,            voucher_counts,          0},
    {"ListVouchers",       FINANCE,            voucher_list,            0},
    {"DecideVoucher",      FINANCE,            voucher_decide,          0},
    {"RecordPayment",      FINANCE,            payment_record,          0},
    {"ListVoucherReasons", FINANCE,            voucher_reason_list,     0},
    {"ListAllDuesReasons", STAFF("dict.edit"), voucher_reason_list_all, 0},
    {"SaveVoucherReason",  STAFF("dict.edit"), voucher_reason_save,     0},
    OP_END,
};
