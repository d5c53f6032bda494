/* D-10: the month's sheet, on the page and on paper, and closing it. */
#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "reasons.h"
#include "service.h"
#include "sheet.h"
#include <string.h>

enum { PAPER_DIFFERENCES_MAX = 400 };

static void set_month(struct call *c, const char *month)
{
    call_set(c, "month_first", arena_printf(c->arena, "%s-01", month));
}

static answer month_get(struct call *c)
{
    const Payment__DuesMonthRequest *req = c->request;
    set_month(c, req->month);
    batch_add(c, &sql_month_get);
    return batch_reply(c, REASON_internal);
}

static answer month_closed(struct call *c, const struct rows *results)
{
    if (results[1].count == 0)
        return call_fail(c, REASON_month_changed);
    return call_reply(c,
                      message_from_rows(&payment__dues_month__descriptor, &results[2], c->arena));
}

static answer month_close(struct call *c)
{
    const Payment__CloseDuesMonthRequest *req = c->request;
    set_month(c, req->month);
    batch_add(c, &sql_month_lock);
    batch_add(c, &sql_month_close);
    batch_add(c, &sql_month_get);
    return batch_then(c, month_closed);
}

/* ---- on paper */

static const struct {
    const char *kind, *words;
} kinds[] = {
    {"BILL_UNPAID",           "本月应收未缴"                           },
    {"BILL_WAIVED",           "本月应收已减免"                        },
    {"BILL_PAID_OTHER_MONTH", "本月应收，其他月份到账"            },
    {"BILL_OTHER_MONTH",      "本月到账，缴其他月份应收"         },
    {"CREDIT",                "本月到账，留作预存"                  },
    {"REFUNDED",              "本月到账，已退款"                     },
    {"REFUND",                "本月退款，其他月份到账"            },
    {"REVERSED",              "冲正"                                       },
    {"LINE_UNCLAIMED",        "流水待认领"                              },
    {"LINE_OTHER_MONTH",      "流水在本月，到账记在其他月"      },
    {"VOUCHER_OTHER_MONTH",   "到账在本月，流水在其他月"         },
    {"VOUCHER_WITHOUT_LINE",  "到账没有流水"                           },
    {"CASH",                  "现金，没有流水"                        },
    {"OUT_UNCLAIMED",         "支出待核对"                              },
    {"OUT_OTHER_MONTH",       "支出流水在本月，退款记在其他月"},
    {"REFUND_WITHOUT_LINE",   "退款没有流水"                           },
    {"REFUND_OTHER_MONTH",    "退款在本月，支出流水在其他月"   },
    {"RECEIPT_MISSING",       "尚未开具票据"                           },
    {"RECEIPT_OTHER_MONTH",   "票据与到账不在同一个月"            },
    {"RECEIPT_VOID",          "票据已作废"                              },
};

static const char *kind_words(const char *kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            return kinds[i].words;
    return kind;
}

static void sums(struct arena *arena, struct paper *paper, const Payment__DuesMonth *m)
{
    paper_table(paper, "合计");
    paper_field(paper, "应收",
                arena_printf(arena, "%s（%u张账单）", sheet_yuan(arena, m->due_fen), m->bills),
                false);
    paper_field(paper, "确认到账",
                arena_printf(arena, "%s（%u笔）", sheet_yuan(arena, m->confirmed_fen), m->vouchers),
                false);
    paper_field(paper, "银行入账",
                arena_printf(arena, "%s（%u笔）", sheet_yuan(arena, m->lines_fen), m->lines),
                false);
    paper_field(paper, "开具票据",
                arena_printf(arena, "%s（%u张）", sheet_yuan(arena, m->receipts_fen), m->receipts),
                false);
    if (m->refunds > 0)
        paper_field(paper, "退款",
                    arena_printf(arena, "%s（%u笔），已从确认到账中减去",
                                 sheet_yuan(arena, m->refunded_fen), m->refunds),
                    false);
    paper_field(paper, "非会费入账", sheet_yuan(arena, m->other_fen), false);
    paper_field(paper, "钱包手续费", sheet_yuan(arena, m->fees_fen), false);
}

/* One side beside what was confirmed: its groups, then each line; the sum is the difference. */
static void side(struct arena *arena, struct paper *paper, const Payment__DuesMonth *m,
                 Payment__DuesMonth__Side which, const char *title, int64_t fen)
{
    size_t listed = 0;
    paper_table(paper, arena_printf(arena, "%s与确认到账的差异：%s", title,
                                    sheet_yuan(arena, fen - m->confirmed_fen)));
    for (size_t i = 0; i < m->n_groups; i++)
        if (m->groups[i]->side == which)
            paper_field(paper, kind_words(m->groups[i]->kind),
                        arena_printf(arena, "%s（%u笔）",
                                     sheet_yuan(arena, m->groups[i]->amount_fen),
                                     m->groups[i]->count),
                        true);
    for (size_t i = 0; i < m->n_differences && listed < PAPER_DIFFERENCES_MAX; i++) {
        const Payment__DuesMonth__Difference *d = m->differences[i];
        if (d->side != which)
            continue;
        listed++;
        paper_text(paper, arena_printf(arena, "%s  %s  %s  %s", d->day,
                                       d->unit_name[0] == '\0' ? "（没有付款人）" : d->unit_name,
                                       kind_words(d->kind), sheet_yuan(arena, d->amount_fen)));
    }
    if (listed == 0)
        paper_text(paper, "没有差异。");
    if (listed == PAPER_DIFFERENCES_MAX)
        paper_text(paper, "其余的差异见导出的表格；以上合计包含全部差异。");
}

static void settlements(struct arena *arena, struct paper *paper, const Payment__DuesMonth *m)
{
    if (m->n_settlements == 0)
        return;
    paper_table(paper, "收款码结算（结算款 - 商户明细净额）");
    for (size_t i = 0; i < m->n_settlements; i++) {
        const Payment__DuesMonth__Settlement *s = m->settlements[i];
        const char *days = s->first_day[0] == '\0'
                               ? "没有对应的商户明细"
                               : arena_printf(arena, "%s至%s的收款%s", s->first_day, s->last_day,
                                              s->line_id == 0 ? "，未见结算款" : "");
        paper_text(paper, arena_printf(arena, "%s  结算%s  %s，本月净额%s，差异%s", s->day,
                                       sheet_yuan(arena, s->amount_fen), days,
                                       sheet_yuan(arena, s->net_fen),
                                       sheet_yuan(arena, s->difference_fen)));
    }
}

/* The same sheet has the same digest: sums, differences and who signed; not what moved since. */
static const char *digest_of(struct arena *arena, const Payment__DuesMonth *m)
{
    Payment__DuesMonth as_signed = *m;
    as_signed.may_close = false;
    as_signed.changed_due_fen = as_signed.changed_confirmed_fen = 0;
    as_signed.changed_lines_fen = as_signed.changed_receipts_fen = 0;
    size_t size = payment__dues_month__get_packed_size(&as_signed);
    unsigned char *packed = arena_alloc(arena, size);
    payment__dues_month__pack(&as_signed, packed);
    return paper_digest(arena, packed, size);
}

static struct paper *month_paper(struct call *c, const Payment__DuesMonth *m)
{
    const Payment__DuesMonthDocumentRequest *req = c->request;
    const struct payment *state = service_state(c->run);
    bool is_closed = m->closed_at[0] != '\0';
    const char *title =
        arena_printf(c->arena, "%s会费月结表%s", req->month, is_closed ? "" : "（未结账）");
    struct paper *paper = paper_new(
        c->arena,
        &(struct paper_head){
            .association = state->association,
            .title = title,
            .number = arena_printf(c->arena, "YJ-%s", req->month),
            .code = arena_printf(c->arena, "YJ-%s", req->month),
            .made_at = is_closed ? m->closed_at
                                 : arena_printf(c->arena, "%s-01T00:00:00+08:00", req->month),
            .digest = digest_of(c->arena, m)});
    sums(c->arena, paper, m);
    side(c->arena, paper, m, PAYMENT__DUES_MONTH__SIDE__DUE, "应收", m->due_fen);
    side(c->arena, paper, m, PAYMENT__DUES_MONTH__SIDE__BANK, "银行入账", m->lines_fen);
    side(c->arena, paper, m, PAYMENT__DUES_MONTH__SIDE__RECEIPT, "开具票据", m->receipts_fen);
    settlements(c->arena, paper, m);
    for (size_t i = 0; i < m->n_late; i++) {
        if (i == 0)
            paper_table(paper, "以前月份的到账，已结账，记入本月");
        paper_text(paper,
                   arena_printf(c->arena, "%s  %s  %s", m->late[i]->day, m->late[i]->unit_name,
                                sheet_yuan(c->arena, m->late[i]->amount_fen)));
    }
    if (m->note[0] != '\0') {
        paper_table(paper, "结账说明");
        paper_text(paper, m->note);
    }
    paper_sign(paper, "签字",
               is_closed
                   ? arena_printf(c->arena, "%s已由%s在平台结账。", req->month, m->closed_by_name)
                   : "本月尚未结账，数字可能变动。",
               "会计");
    return paper;
}

static answer sheet_found(struct call *c, const struct rows *results)
{
    const Payment__DuesMonthDocumentRequest *req = c->request;
    const Payment__DuesMonth *month = (const Payment__DuesMonth *)message_from_rows(
        &payment__dues_month__descriptor, &results[0], c->arena);
    if (month == NULL)
        return call_fail(c, REASON_internal);
    return sheet_then(c, &(struct sheet){
                             .paper = month_paper(c, month),
                             .file_name = arena_printf(c->arena, "会费月结表-%s.pdf", req->month),
                             .part = req->part,
                         });
}

static answer month_read(struct call *c)
{
    const Payment__DuesMonthDocumentRequest *req = c->request;
    set_month(c, req->month);
    batch_add(c, &sql_month_get);
    return batch_then(c, sheet_found);
}

const struct op month_ops[] = {
    {"GetDuesMonth",   STAFF("period.close"), month_get,   0},
    {"CloseDuesMonth", STAFF("period.close"), month_close, 0},
    {"ReadDuesMonth",  STAFF("period.close"), month_read,  0},
    OP_END,
};
