/* Lines of the bank, as finance works them off: found, set aside with a class, split, tied to refunds, and claims taken back. */
#include "check.h"
#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "reasons.h"
#include "statement_parse.h"
#include <string.h>

static bool not_dues_is_said(struct call *c, Payment__StatementLine__NotDues class,
                             const char *reason, answer *ret_refusal)
{
    if (class == PAYMENT__STATEMENT_LINE__NOT_DUES__DUES)
        *ret_refusal = call_fail_field(c, "not_dues", "请选择这笔款项是什么。");
    else if (class == PAYMENT__STATEMENT_LINE__NOT_DUES__OTHER && strlen(reason) < 6)
        *ret_refusal = call_fail_field(c, "reason", "选择“其他”时，请写明是什么款项。");
    else
        return true;
    return false;
}

static answer line_list(struct call *c)
{
    const Payment__ListStatementLinesRequest *req = c->request;
    bool newest = req->sort == PAYMENT__LIST_STATEMENT_LINES_REQUEST__SORT__NEWEST_FIRST;
    int64_t fen;
    if (!page_from(c, req->cursor, newest))
        return call_fail_field(c, "cursor", PAGE_LOST);
    call_set(c, "month_first",
             req->month[0] == '\0' ? NULL : arena_printf(c->arena, "%s-01", req->month));
    if (statement_amount(req->q, &fen))
        call_set_integer(c, "q_fen", fen);
    else
        call_set(c, "q_fen", NULL);
    page_begin(c, req->limit);
    batch_add(c, &sql_line_total);
    batch_add(c, newest ? &sql_line_list : &sql_line_list_by);
    return page_reply(c);
}

static answer line_ignore(struct call *c)
{
    const Payment__MoveStatementLineRequest *req = c->request;
    answer refusal;
    if (!not_dues_is_said(c, req->not_dues, req->reason, &refusal))
        return refusal;
    batch_add(c, &sql_line_ignore);
    return batch_reply(c, REASON_line_gone);
}

static answer line_restore(struct call *c)
{
    batch_add(c, &sql_line_restore);
    return batch_reply(c, REASON_line_gone);
}

static answer line_was_split(struct call *c, const struct rows *results)
{
    if (results[0].count > 0)
        return call_reply(
            c, message_from_rows(&payment__statement_line__descriptor, &results[0], c->arena));
    bool is_free = results[1].count > 0 && rows_true(&results[1], 0, "is_free");
    return call_fail(c, is_free ? REASON_line_not_split : REASON_line_gone);
}

static answer line_split(struct call *c)
{
    const Payment__SplitStatementLineRequest *req = c->request;
    int64_t other = req->other_amount[0] == '\0' ? 0 : check_money_fen(req->other_amount);
    answer refusal;
    if (other > 0 && !not_dues_is_said(c, req->not_dues, req->reason, &refusal))
        return refusal;
    call_set_integer(c, "other_fen", other);
    batch_add(c, &sql_line_split);
    batch_add(c, &sql_line_state);
    return batch_then(c, line_was_split);
}

static answer line_release(struct call *c)
{
    batch_add(c, &sql_line_release);
    return batch_reply(c, REASON_line_not_released);
}

static answer line_refund_list(struct call *c)
{
    batch_add(c, &sql_line_refund_list);
    return batch_reply(c, REASON_none);
}

static answer line_refund(struct call *c)
{
    batch_add(c, &sql_line_refund);
    return batch_reply(c, REASON_refund_not_tied);
}

const struct op line_ops[] = {
    {"ListStatementLines",   STAFF("bank.import"),   line_list,        0},
    {"IgnoreStatementLine",  STAFF("bank.allocate"), line_ignore,      0},
    {"RestoreStatementLine", STAFF("bank.allocate"), line_restore,     0},
    {"SplitStatementLine",   STAFF("bank.allocate"), line_split,       0},
    {"ReleaseStatementLine", STAFF("bank.allocate"), line_release,     0},
    {"ListLineRefunds",      STAFF("bank.allocate"), line_refund_list, 0},
    {"RefundStatementLine",  STAFF("bank.allocate"), line_refund,      0},
    OP_END,
};
