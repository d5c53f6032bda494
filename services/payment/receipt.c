/* SM5: the association's receipts for dues, as the unit and as the issuer see them. */
#include "check.h"
#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "reasons.h"
#include "rules.h"

enum { MAILS_A_DAY = 5 }; /* that a unit may ask for */

static answer my_receipt_list(struct call *c)
{
    const Payment__ListMyReceiptsRequest *req = c->request;
    bool oldest = req->sort == PAYMENT__RECEIPT_SORT__OLDEST_FIRST;
    if (!page_from(c, req->cursor, !oldest))
        return call_fail_field(c, "cursor", PAGE_LOST);
    call_set(c, "oldest_first", oldest ? "t" : "f");
    page_begin(c, req->limit);
    batch_add(c, &sql_my_receipt_total);
    batch_add(c, &sql_my_receipt_list);
    return page_reply(c);
}

/* Both are for receiving it: one of them at least. */
static bool can_receive(const Payment__ReceiptInfo *info)
{
    return info->receipt_email[0] != '\0' || info->receipt_phone[0] != '\0';
}

static answer nowhere_to_go(struct call *c)
{
    return call_fail_field(c, "info.receipt_email", "邮箱和手机至少填写一项，用于接收票据。");
}

/* The first statement's row, or why there is none. */
static answer moved(struct call *c, const struct rows *results, int reason_no_row)
{
    if (results[0].count == 0)
        return call_fail(c, reason_no_row);
    return call_reply(c, message_from_rows(&payment__receipt__descriptor, &results[0], c->arena));
}

static answer receipt_corrected(struct call *c, const struct rows *results)
{
    return moved(c, results, REASON_receipt_stale);
}

static answer receipt_correct(struct call *c)
{
    const Payment__CorrectReceiptRequest *req = c->request;
    if (!can_receive(req->info))
        return nowhere_to_go(c);
    batch_add(c, &sql_receipt_correct);
    mailbox_link_add(c);
    return batch_then(c, receipt_corrected);
}

static answer reissue_asked(struct call *c, const struct rows *results)
{
    return moved(c, results, REASON_reissue_not_possible);
}

static answer reissue_ask(struct call *c)
{
    const Payment__AskReissueRequest *req = c->request;
    if (!can_receive(req->info))
        return nowhere_to_go(c);
    batch_add(c, &sql_reissue_ask);
    mailbox_link_add(c);
    return batch_then(c, reissue_asked);
}

static answer reissue_decline(struct call *c)
{
    batch_add(c, &sql_reissue_decline);
    return batch_reply(c, REASON_receipt_stale);
}

/* By the unit: to whom it says. Why nothing was sent: it is none of its own, or it was sent too often. */
static answer my_receipt_sent(struct call *c, const struct rows *results)
{
    if (results[1].count > 0)
        return call_reply(
            c, message_from_rows(&payment__sent_receipt__descriptor, &results[1], c->arena));
    return call_fail(c, rows_integer(&results[0], 0, "asked") >= MAILS_A_DAY
                            ? REASON_receipt_mail_limit
                            : REASON_receipt_gone);
}

static answer my_receipt_send(struct call *c)
{
    call_set_integer(c, "mails_a_day", MAILS_A_DAY);
    batch_add(c, &sql_my_receipt_asked);
    batch_add(c, &sql_my_receipt_send);
    mailbox_link_add(c);
    return batch_then(c, my_receipt_sent);
}

static answer receipts_send(struct call *c)
{
    batch_add(c, &sql_receipt_send);
    return batch_reply(c, REASON_receipt_gone);
}

static answer receipt_list(struct call *c)
{
    const Payment__ListReceiptsRequest *req = c->request;
    bool waiting = req->view == PAYMENT__LIST_RECEIPTS_REQUEST__VIEW__UNSPECIFIED ||
                   req->view == PAYMENT__LIST_RECEIPTS_REQUEST__VIEW__RETURNED ||
                   req->view == PAYMENT__LIST_RECEIPTS_REQUEST__VIEW__REISSUE;
    bool oldest = req->sort == PAYMENT__RECEIPT_SORT__BY_VIEW
                      ? waiting
                      : req->sort == PAYMENT__RECEIPT_SORT__OLDEST_FIRST;
    if (!page_from(c, req->cursor, !oldest))
        return call_fail_field(c, "cursor", PAGE_LOST);
    call_set(c, "oldest_first", oldest ? "t" : "f");
    page_begin(c, req->limit);
    batch_add(c, &sql_receipt_total);
    batch_add(c, &sql_receipt_list);
    return page_reply(c);
}

static answer receipt_issued(struct call *c, const struct rows *results)
{
    const Payment__IssueReceiptRequest *req = c->request;
    const struct rows *state = &results[0];
    if (results[1].count > 0)
        return call_reply(c,
                          message_from_rows(&payment__receipt__descriptor, &results[1], c->arena));
    if (state->count == 0)
        return call_fail(c, REASON_receipt_gone);
    if (!rows_true(state, 0, "is_same"))
        return call_fail(c, REASON_receipt_stale);
    if (rows_integer(state, 0, "amount_fen") != check_money_fen(req->amount))
        return call_fail_field(c, "amount", "票面金额与到账金额不一致，请核对。");
    return call_fail_field(c, "issued_on", "请核对开票日期（不能晚于今天）和票据文件。");
}

static answer receipt_issue(struct call *c)
{
    const Payment__IssueReceiptRequest *req = c->request;
    if (!rules_receipt_no(req->receipt_no))
        return call_fail_field(c, "receipt_no", "票据号码应为20位以内的数字。");
    call_set_integer(c, "amount_fen", check_money_fen(req->amount));
    batch_add(c, &sql_receipt_state);
    batch_add(c, &sql_receipt_issue);
    return batch_then(c, receipt_issued);
}

static answer receipt_return(struct call *c)
{
    batch_add(c, &sql_receipt_return);
    return batch_reply(c, REASON_receipt_stale);
}

static answer receipt_void(struct call *c)
{
    batch_add(c, &sql_receipt_void);
    return batch_reply(c, REASON_receipt_stale);
}

#define ISSUER STAFF("receipt.issue")

const struct op receipt_ops[] = {
    {"ListMyReceipts", MEMBER,                my_receipt_list, 0},
    {"CorrectReceipt", MEMBER,                receipt_correct, 0},
    {"SendMyReceipt",  MEMBER,                my_receipt_send, 0},
    {"AskReissue",     MEMBER,                reissue_ask,     0},
    {"ListReceipts",   ISSUER,                receipt_list,    0},
    {"IssueReceipt",   ISSUER,                receipt_issue,   0},
    {"SendReceipts",   ISSUER,                receipts_send,   0},
    {"ReturnReceipt",  ISSUER,                receipt_return,  0},
    {"VoidReceipt",    STAFF("receipt.void"), receipt_void,    0},
    {"DeclineReissue", STAFF("receipt.void"), reissue_decline, 0},
    OP_END,
};
