/* Vouchers as the unit hands them in, and as either side reads them. */
#include "check.h"
#include "files.h"
#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "principal.h"
#include "reasons.h"
#include "rules.h"

static answer voucher_submitted(struct call *c, const struct rows *results)
{
    const Payment__SubmitVoucherRequest *req = c->request;
    const struct rows *row = &results[0];
    if (results[1].count > 0)
        return call_reply(
            c, message_from_rows(&payment__voucher_item__descriptor, &results[1], c->arena));
    if (rows_true(row, 0, "is_draft_changed"))
        return call_fail(c, REASON_voucher_draft_changed);
    if (rows_true(row, 0, "is_locked"))
        return call_fail(c, REASON_pay_after_approval);
    if (req->n_bill_ids == 0 && rows_true(row, 0, "is_certified"))
        return call_fail_field(c, "bill_ids", "请选择要缴的账单。刚通过认证的，请刷新页面。");
    if (rows_integer(row, 0, "open_bills") != (int64_t)req->n_bill_ids)
        return call_fail_field(c, "bill_ids", "所选账单已缴清或已变动，请刷新页面后重新选择。");
    if (rows_integer(row, 0, "own_files") != (int64_t)req->n_voucher_files)
        return call_fail_field(c, "voucher_files", "有凭证文件没有上传成功，请重新上传。");
    if (rows_true(row, 0, "is_over"))
        return call_fail_field(c, "voucher_files",
                               file_form_words(c->arena, rows_integer(row, 0, "file_bytes"),
                                               rows_integer(row, 0, "file_bytes")));
    if (rows_integer(row, 0, "used_files") > 0)
        return call_fail_field(c, "voucher_files",
                               "这份凭证文件已随另一笔缴费提交，请上传本次付款的凭证。");
    if (rows_true(row, 0, "in_future"))
        return call_fail_field(c, "paid_date", "付款日期不能晚于今天。");
    if (rows_true(row, 0, "too_old"))
        return call_fail_field(c, "paid_date", "付款日期距今超过400天，请核对日期。");
    return call_fail(c, REASON_not_certified_yet);
}

static answer voucher_submit(struct call *c)
{
    const Payment__SubmitVoucherRequest *req = c->request;
    const Payment__ReceiptInfo *info = req->receipt_info;
    if (req->pay_method == PAYMENT__PAY_METHOD__CASH)
        return call_fail_field(c, "pay_method", "现金请到协会当面缴纳，由工作人员登记。");
    if (!rules_account_tail(req->payer_account_tail))
        return call_fail_field(c, "payer_account_tail", "请填写付款账号的后四位数字，或留空。");
    if (info->receipt_email[0] == '\0' && info->receipt_phone[0] == '\0')
        return call_fail_field(c, "receipt_info.receipt_email",
                               "邮箱和手机至少填写一项，用于接收票据。");
    call_set_integer(c, "paid_fen", check_money_fen(req->paid_amount));
    batch_add(c, &sql_voucher_explain);
    batch_add(c, &sql_voucher_submit);
    mailbox_link_add(c);
    return batch_then(c, voucher_submitted);
}

static answer voucher_draft_save(struct call *c)
{
    batch_add(c, &sql_voucher_draft_save);
    return batch_reply(c, REASON_voucher_draft_changed);
}

static answer voucher_withdraw(struct call *c)
{
    batch_add(c, &sql_voucher_withdraw);
    return batch_reply(c, REASON_voucher_not_withdrawable);
}

static answer my_voucher_list(struct call *c)
{
    const Payment__ListMyVouchersRequest *req = c->request;
    if (!page_from(c, req->cursor,
                   req->sort == PAYMENT__LIST_MY_VOUCHERS_REQUEST__SORT__NEWEST_FIRST))
        return call_fail_field(c, "cursor", PAGE_LOST);
    page_begin(c, req->limit);
    batch_add(c, &sql_my_voucher_total);
    batch_add(c, &sql_my_voucher_list);
    return page_reply(c);
}

static answer voucher_get(struct call *c)
{
    batch_add(c, &sql_voucher_get);
    return batch_reply(c, REASON_voucher_gone);
}

/* Finance; and who decides about a reversal or a refund reads what it is about. */
static answer voucher_read(struct call *c)
{
    if (!principal_may(c->caller, "voucher.review") &&
        !principal_may(c->caller, "voucher.reverse.confirm"))
        return call_fail(c, REASON_not_allowed);
    return voucher_get(c);
}

const struct op voucher_ops[] = {
    {"SaveVoucherDraft", MEMBER,             voucher_draft_save, 0},
    {"SubmitVoucher",    MEMBER,             voucher_submit,     0},
    {"WithdrawVoucher",  MEMBER,             voucher_withdraw,   0},
    {"ListMyVouchers",   MEMBER,             my_voucher_list,    0},
    {"GetMyVoucher",     MEMBER,             voucher_get,        0},
    {"GetVoucher",       STAFF("dues.read"), voucher_read,       0},
    OP_END,
};
