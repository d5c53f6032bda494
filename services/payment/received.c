/* D-10 会费收缴明细: what was collected in a month or a year, payment by payment, as the months' sheets count it. */
#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "reasons.h"
#include "service.h"
#include "sheet.h"
#include <string.h>

enum { ROWS_MAX = 3000 };

static const struct {
    const char *code, *words;
} methods[] = {
    {"BANK",        "公户转账" },
    {"QR_ICBC",     "工银e生活"},
    {"QR_UNIONPAY", "云闪付"    },
    {"QR_WECHAT",   "微信支付" },
    {"QR_ALIPAY",   "支付宝"    },
    {"CASH",        "现金"       },
    {"OTHER",       "其他"       },
};
enum { METHODS = sizeof methods / sizeof methods[0] };

/* The last one is what has no other name. */
static size_t method_of(const struct rows *rows, size_t row)
{
    size_t i = 0;
    while (i + 1 < METHODS && strcmp(methods[i].code, rows_get(rows, row, "pay_method")) != 0)
        i++;
    return i;
}

static bool is_kind(const struct rows *rows, size_t row, const char *kind)
{
    return strcmp(rows_get(rows, row, "kind"), kind) == 0;
}

struct sum {
    size_t count;
    int64_t fen;
};

static void sum_add(struct sum *sum, int64_t fen)
{
    sum->count++;
    sum->fen += fen;
}

static const char *sum_words(struct arena *arena, const struct sum *sum)
{
    return arena_printf(arena, "%s（%zu笔）", sheet_yuan(arena, sum->fen), sum->count);
}

/* Of all, of each kind, and of each way to pay, what was taken back subtracted. */
static void sums(struct arena *arena, struct paper *paper, const struct rows *rows)
{
    struct sum all = {0, 0}, confirmed = {0, 0}, reversed = {0, 0}, refunded = {0, 0};
    struct sum by[METHODS] = {
        {0, 0}
    };
    for (size_t i = 0; i < rows->count; i++) {
        int64_t fen = rows_integer(rows, i, "amount_fen");
        sum_add(&all, fen);
        sum_add(&by[method_of(rows, i)], fen);
        sum_add(is_kind(rows, i, "REFUND")     ? &refunded
                : is_kind(rows, i, "REVERSED") ? &reversed
                                               : &confirmed,
                fen);
    }
    paper_table(paper, "合计");
    paper_field(paper, "净收会费", sum_words(arena, &all), true);
    paper_field(paper, "确认到账", sum_words(arena, &confirmed), true);
    if (reversed.count > 0)
        paper_field(paper, "冲正", sum_words(arena, &reversed), true);
    if (refunded.count > 0)
        paper_field(paper, "退款", sum_words(arena, &refunded), true);
    if (all.count > 0)
        paper_table(paper, "按缴费方式");
    for (size_t i = 0; i < METHODS; i++)
        if (by[i].count > 0)
            paper_field(paper, methods[i].words, sum_words(arena, &by[i]), true);
}

/* One payment, or what was taken back of one. */
static const char *row_words(struct arena *arena, const struct rows *rows, size_t row)
{
    const char *years = rows_get(rows, row, "years"), *day = rows_get(rows, row, "day");
    const char *came = rows_get(rows, row, "received_on"), *no = rows_get(rows, row, "receipt_no");
    const char *what = is_kind(rows, row, "REFUND")     ? "退款"
                       : is_kind(rows, row, "REVERSED") ? "冲正"
                                                        : methods[method_of(rows, row)].words;
    return arena_printf(
        arena, "%s  %s  %s  %s  %s%s%s%s%s", day, rows_get(rows, row, "unit_name"),
        years[0] == '\0' ? "预存" : arena_printf(arena, "%s年度", years), what,
        sheet_yuan(arena, rows_integer(rows, row, "amount_fen")), no[0] == '\0' ? "" : "  票据", no,
        strcmp(day, came) == 0 ? "" : "  到账日 ", strcmp(day, came) == 0 ? "" : came);
}

/* The title and the lines, one below the other: the same listing has the same digest. */
static const char *digest_of(struct arena *arena, const char *title, const char *const *lines,
                             size_t count)
{
    size_t size = strlen(title) + 1;
    for (size_t i = 0; i < count; i++)
        size += strlen(lines[i]) + 1;
    char *text = arena_alloc(arena, size + 1), *to = stpcpy(stpcpy(text, title), "\n");
    for (size_t i = 0; i < count; i++)
        to = stpcpy(stpcpy(to, lines[i]), "\n");
    return paper_digest(arena, text, size);
}

static struct paper *received_paper(struct call *c, const struct rows *of, const struct rows *rows)
{
    const struct payment *state = service_state(c->run);
    const char *period = c->state, *number = arena_printf(c->arena, "SJ-%s", period);
    bool is_closed = rows_true(of, 0, "is_closed"), is_year = strlen(period) == 4;
    const char *title = arena_printf(c->arena, "%s%s会费收缴明细%s", period, is_year ? "年" : "",
                                     is_closed ? "" : "（未结账）");
    const char **lines = arena_alloc(c->arena, (rows->count + 1) * sizeof *lines);
    for (size_t i = 0; i < rows->count; i++)
        lines[i] = row_words(c->arena, rows, i);
    struct paper *paper = paper_new(
        c->arena, &(struct paper_head){.association = state->association,
                                       .title = title,
                                       .number = number,
                                       .code = number,
                                       .made_at = rows->count > 0 ? rows_get(rows, 0, "changed_at")
                                                                  : rows_get(of, 0, "first_at"),
                                       .digest = digest_of(c->arena, title, lines, rows->count)});
    sums(c->arena, paper, rows);
    paper_table(paper, "明细");
    for (size_t i = 0; i < rows->count; i++)
        paper_text(paper, lines[i]);
    if (rows->count == 0)
        paper_text(paper, "没有到账。");
    paper_sign(paper, "签字",
               is_closed ? "以上月份均已在平台结账。" : "有月份尚未结账，数字可能变动。", "会计");
    return paper;
}

static answer received_found(struct call *c, const struct rows *results)
{
    const Payment__DuesReceivedRequest *req = c->request;
    if (results[1].count > ROWS_MAX)
        return call_fail_field(c, "year",
                               arena_printf(c->arena, "超过%d笔，请按月打印。", (int)ROWS_MAX));
    return sheet_then(
        c, &(struct sheet){
               .paper = received_paper(c, &results[0], &results[1]),
               .file_name = arena_printf(c->arena, "会费收缴明细-%s.pdf", (const char *)c->state),
               .part = req->part,
           });
}

static answer received_read(struct call *c)
{
    const Payment__DuesReceivedRequest *req = c->request;
    bool is_month = req->month[0] != '\0';
    if (is_month == (req->year != 0))
        return call_fail_field(c, "month", "请选择月份或年度。");
    c->state =
        is_month ? arena_text(c->arena, req->month) : arena_printf(c->arena, "%04u", req->year);
    call_set(c, "period_first",
             arena_printf(c->arena, "%s%s-01", (const char *)c->state, is_month ? "" : "-01"));
    call_set(c, "period_span", is_month ? "1 month" : "1 year");
    call_set_integer(c, "rows_max", ROWS_MAX);
    batch_add(c, &sql_received_period);
    batch_add(c, &sql_received_list);
    return batch_then(c, received_found);
}

const struct op received_ops[] = {
    {"ReadDuesReceived", STAFF("period.close"), received_read, 0},
    OP_END,
};
