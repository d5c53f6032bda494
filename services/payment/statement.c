/* F20: bank statements taken, their lines claimed or set aside, proposals which voucher each pays, and the month's sheet. */
#include "match.h"
#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "reasons.h"
#include "service.h"
#include "statement_parse.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { FILE_MAX = 10 * 1024 * 1024, SUGGESTIONS_MAX = 5 };

/* ---- taking a file: parsed in an actor, its lines as JSON for one statement */

struct reading {
    int fd;
    size_t size;
    char *json; /* malloc */
    size_t json_size;
    FILE *out;
    bool is_import;
    struct statement_report report;
};

static void put_text(FILE *out, const char *name, const char *text)
{
    fprintf(out, ",\"%s\":\"", name);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void put_line(void *owner, const struct statement_line *line)
{
    struct reading *reading = owner;
    FILE *out = reading->out;
    fprintf(out, "%s{\"place\":%u,\"amount_fen\":%" PRId64, ftell(out) > 1 ? "," : "", line->row,
            line->amount_fen);
    if (line->balance_fen >= 0)
        fprintf(out, ",\"balance_fen\":%" PRId64, line->balance_fen);
    put_text(out, "occurred_at", line->at);
    put_text(out, "payer_name", line->payer_name);
    put_text(out, "payer_account", line->payer_account);
    put_text(out, "serial", line->serial);
    put_text(out, "remark", line->remark);
    put_text(out, "wallet", line->wallet);
    fputc('}', out);
}

static void read_work(void *job)
{
    struct reading *reading = job;
    char *text = mmap(NULL, reading->size, PROT_READ, MAP_SHARED, reading->fd, 0);
    struct arena *arena = arena_new(0);
    reading->out = open_memstream(&reading->json, &reading->json_size);
    if (text == MAP_FAILED || reading->out == NULL) {
        reading->report.refusal = "系统繁忙，请稍后再试。";
    } else {
        fputc('[', reading->out);
        statement_parse(text, reading->size, arena, put_line, reading, &reading->report);
        fputc(']', reading->out);
    }
    if (reading->out != NULL)
        fclose(reading->out);
    if (text != MAP_FAILED)
        munmap(text, reading->size);
    arena_destroy(&arena);
}

static answer taken(struct call *c, const struct rows *results)
{
    const struct reading *reading = c->state;
    const struct statement_report *report = &reading->report;
    Payment__StatementReport *reply = (Payment__StatementReport *)message_from_rows(
        &payment__statement_report__descriptor, &results[0], c->arena);
    if (reply == NULL)
        return call_fail(c, REASON_internal);
    size_t kept =
        report->errors_count < STATEMENT_ERRORS_MAX ? report->errors_count : STATEMENT_ERRORS_MAX;
    reply->lines = report->lines;
    reply->debits = report->debits;
    reply->errors_count = report->errors_count;
    reply->errors = arena_alloc(c->arena, kept * sizeof *reply->errors);
    for (size_t i = 0; i < kept; i++) {
        Payment__StatementRowError *error = arena_alloc(c->arena, sizeof *error);
        payment__statement_row_error__init(error);
        error->row = report->errors[i].row;
        error->words = arena_text(c->arena, report->errors[i].words);
        reply->errors[reply->n_errors++] = error;
    }
    return call_reply(c, &reply->base);
}

static answer read_worked(struct call *c, void *job)
{
    struct reading *reading = job;
    const char *refusal = reading->report.refusal;
    if (refusal == NULL) {
        call_set(c, "rows", arena_copy(c->arena, reading->json, reading->json_size + 1));
        batch_add(c, reading->is_import ? &sql_statement_import : &sql_statement_preview);
    }
    free(reading->json);
    if (refusal != NULL)
        return call_fail_field(c, "file_name", refusal);
    c->state = reading;
    return batch_then(c, taken);
}

static answer take(struct call *c, bool is_import)
{
    const Payment__StatementRequest *req = c->request;
    struct payment *state = service_state(c->run);
    if (req->size_bytes > FILE_MAX)
        return call_fail(c, REASON_file_too_large);
    if (c->body.fd < 0 || c->body.size == 0)
        return call_fail(c, REASON_attachment_none);
    struct reading *reading = arena_alloc(c->arena, sizeof *reading);
    *reading = (struct reading){.fd = c->body.fd, .size = c->body.size, .is_import = is_import};
    return work_then(c, state->files.work, read_work, reading, read_worked);
}

static answer statement_preview(struct call *c)
{
    return take(c, false);
}

static answer statement_import(struct call *c)
{
    return take(c, true);
}

/* ---- lines */

static void set_month(struct call *c, const char *month)
{
    call_set(c, "month_first", month[0] == '\0' ? NULL : arena_printf(c->arena, "%s-01", month));
}

static answer line_list(struct call *c)
{
    const Payment__ListStatementLinesRequest *req = c->request;
    if (!page_from(c, req->cursor, true))
        return call_fail_field(c, "cursor", PAGE_LOST);
    set_month(c, req->month);
    page_begin(c, req->limit);
    batch_add(c, &sql_line_total);
    batch_add(c, &sql_line_list);
    return page_reply(c);
}

static answer line_ignore(struct call *c)
{
    const Payment__MoveStatementLineRequest *req = c->request;
    if (strlen(req->reason) < 6)
        return call_fail_field(c, "reason", "请写明忽略的原因。");
    batch_add(c, &sql_line_ignore);
    return batch_reply(c, REASON_line_gone);
}

static answer line_restore(struct call *c)
{
    batch_add(c, &sql_line_restore);
    return batch_reply(c, REASON_line_gone);
}

/* ---- proposals */

struct matching {
    struct rows line_rows, voucher_rows;
    struct match_line *lines;
    struct match_voucher *vouchers;
    struct match *matches;
    size_t matches_count;
    bool of_one; /* all that fit one voucher, not one line for each */
};

static int by_score(const void *a, const void *b)
{
    return ((const struct match *)b)->score - ((const struct match *)a)->score;
}

static size_t match_one(struct matching *m)
{
    size_t count = 0;
    for (size_t i = 0; i < m->line_rows.count; i++) {
        struct match match = {.line = i};
        match.score = match_score(&m->lines[i], &m->vouchers[0], &match.evidence);
        if (match.score >= MATCH_YELLOW_SCORE / 2)
            m->matches[count++] = match;
    }
    qsort(m->matches, count, sizeof *m->matches, by_score);
    return count < SUGGESTIONS_MAX ? count : SUGGESTIONS_MAX;
}

static void match_work(void *job)
{
    struct matching *m = job;
    m->matches_count = m->of_one ? match_one(m)
                                 : match_all(m->lines, m->line_rows.count, m->vouchers,
                                             m->voucher_rows.count, m->matches);
}

/* "17:200000 18:300000", laid out from the amount, the oldest bill first. */
static void lay_out(struct call *c, const char *owed_parts, int64_t amount, Payment__Match *match)
{
    long long bill, owed;
    match->parts = arena_alloc(c->arena, (strlen(owed_parts) / 3 + 1) * sizeof *match->parts);
    for (int read = 0;
         amount > 0 && sscanf(owed_parts, "%18lld:%18lld%n", &bill, &owed, &read) == 2;
         owed_parts += read) {
        Payment__MatchPart *part = arena_alloc(c->arena, sizeof *part);
        payment__match_part__init(part);
        part->bill_id = bill;
        part->amount_fen = amount < owed ? amount : owed;
        amount -= part->amount_fen;
        match->parts[match->n_parts++] = part;
    }
}

/* One row of a result as the message of its columns. */
static ProtobufCMessage *row_message(struct call *c, const ProtobufCMessageDescriptor *type,
                                     const struct rows *rows, size_t row)
{
    struct rows one = rows_one(rows, row);
    return message_from_rows(type, &one, c->arena);
}

static Payment__Match *match_message(struct call *c, const struct matching *m,
                                     const struct match *found)
{
    Payment__Match *match = arena_alloc(c->arena, sizeof *match);
    payment__match__init(match);
    match->line = (Payment__StatementLine *)row_message(c, &payment__statement_line__descriptor,
                                                        &m->line_rows, found->line);
    match->voucher = (Payment__VoucherItem *)row_message(c, &payment__voucher_item__descriptor,
                                                         &m->voucher_rows, found->voucher);
    match->version = (uint32_t)rows_integer(&m->voucher_rows, found->voucher, "version");
    match->score = found->score;
    match->runner_up = found->runner_up;
    match->green = found->green;
    match->evidence = arena_alloc(c->arena, MATCH_BITS * sizeof *match->evidence);
    for (int bit = 0; bit < MATCH_BITS; bit++)
        if ((found->evidence >> bit & 1) != 0)
            match->evidence[match->n_evidence++] = arena_text(c->arena, match_evidence[bit]);
    lay_out(c, rows_get(&m->voucher_rows, found->voucher, "owed_parts"),
            m->lines[found->line].amount_fen, match);
    return match;
}

static answer match_worked(struct call *c, void *job)
{
    const struct matching *m = job;
    Payment__MatchList reply = PAYMENT__MATCH_LIST__INIT;
    if (m->matches_count == SIZE_MAX)
        return call_fail(c, REASON_busy);
    reply.lines = (uint32_t)m->line_rows.count;
    reply.vouchers = (uint32_t)m->voucher_rows.count;
    reply.matches = arena_alloc(c->arena, (m->matches_count + 1) * sizeof *reply.matches);
    for (size_t i = 0; i < m->matches_count; i++)
        reply.matches[reply.n_matches++] = match_message(c, m, &m->matches[i]);
    return call_reply(c, &reply.base);
}

static void fill(struct call *c, struct matching *m)
{
    const struct rows *l = &m->line_rows, *v = &m->voucher_rows;
    m->lines = arena_alloc(c->arena, (l->count + 1) * sizeof *m->lines);
    m->vouchers = arena_alloc(c->arena, (v->count + 1) * sizeof *m->vouchers);
    m->matches = arena_alloc(c->arena, (l->count + v->count + 1) * sizeof *m->matches);
    for (size_t i = 0; i < l->count; i++)
        m->lines[i] = (struct match_line){.id = rows_integer(l, i, "id"),
                                          .amount_fen = rows_integer(l, i, "amount_fen"),
                                          .day = (int)rows_integer(l, i, "day"),
                                          .payer_name = rows_get(l, i, "payer_name"),
                                          .payer_account = rows_get(l, i, "payer_account"),
                                          .remark = rows_get(l, i, "remark"),
                                          .serial = rows_get(l, i, "serial"),
                                          .wallet = rows_get(l, i, "wallet")};
    for (size_t i = 0; i < v->count; i++)
        m->vouchers[i] = (struct match_voucher){.id = rows_integer(v, i, "id"),
                                                .paid_fen = rows_integer(v, i, "paid_fen"),
                                                .owed_fen = rows_integer(v, i, "owed_fen"),
                                                .day = (int)rows_integer(v, i, "day"),
                                                .unit_name = rows_get(v, i, "unit_name"),
                                                .payer_name = rows_get(v, i, "payer_name"),
                                                .legal_person = rows_get(v, i, "legal_person_name"),
                                                .serial = rows_get(v, i, "bank_serial"),
                                                .pay_method = rows_get(v, i, "pay_method"),
                                                .codes = rows_get(v, i, "codes"),
                                                .accounts = rows_get(v, i, "accounts")};
}

static answer match_found(struct call *c, const struct rows *results)
{
    const Payment__ListMatchesRequest *req = c->request;
    struct payment *state = service_state(c->run);
    struct matching *m = arena_alloc(c->arena, sizeof *m);
    *m = (struct matching){
        .line_rows = results[0],
        .voucher_rows = results[1],
        .of_one = req->voucher_id != 0,
    };
    if (m->of_one && m->voucher_rows.count == 0)
        return call_fail(c, REASON_voucher_stale);
    fill(c, m);
    return work_then(c, state->files.work, match_work, m, match_worked);
}

static answer match_list(struct call *c)
{
    batch_add(c, &sql_match_lines);
    batch_add(c, &sql_match_vouchers);
    return batch_then(c, match_found);
}

/* ---- the month */

static answer month_get(struct call *c)
{
    const Payment__DuesMonthRequest *req = c->request;
    set_month(c, req->month);
    batch_add(c, &sql_month_get);
    return batch_reply(c, REASON_internal);
}

const struct op statement_ops[] = {
    {"PreviewStatement",     STAFF("bank.import"),    statement_preview, FILE_MAX},
    {"ImportStatement",      STAFF("bank.import"),    statement_import,  FILE_MAX},
    {"ListStatementLines",   STAFF("bank.import"),    line_list,         0       },
    {"IgnoreStatementLine",  STAFF("bank.allocate"),  line_ignore,       0       },
    {"RestoreStatementLine", STAFF("bank.allocate"),  line_restore,      0       },
    {"ListMatches",          STAFF("voucher.review"), match_list,        0       },
    {"GetDuesMonth",         STAFF("period.close"),   month_get,         0       },
    OP_END,
};
