/* F20: files of the bank looked at, taken, listed and taken back. */
#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "reasons.h"
#include "service.h"
#include "statement_parse.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { FILE_MAX = 10 * 1024 * 1024 };

/* ---- taking a file: parsed in an actor, its lines as JSON for one statement */

struct reading {
    int fd;
    size_t size;
    char *json; /* malloc */
    size_t json_size;
    FILE *out;
    bool is_import, is_merchant;
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
    if (line->is_out && reading->is_merchant)
        return; /* the wallet's own refunds: what came in by it is told net of them */
    fprintf(out,
            "%s{\"place\":%u,\"amount_fen\":%" PRId64 ",\"fee_fen\":%" PRId64
            ",\"serial_is_unique\":%s,\"is_out\":%s",
            ftell(out) > 1 ? "," : "", line->row, line->amount_fen, line->fee_fen,
            line->serial_is_unique ? "true" : "false", line->is_out ? "true" : "false");
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
    if (!rows_true(&results[0], 0, "is_own"))
        return call_fail(c, REASON_statement_other_account);
    size_t kept =
        report->errors_count < STATEMENT_ERRORS_MAX ? report->errors_count : STATEMENT_ERRORS_MAX;
    reply->lines = report->lines;
    reply->debits = report->debits;
    reply->account_no = arena_text(c->arena, report->account_no);
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
        call_set(c, "account_no", reading->report.account_no);
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
    *reading = (struct reading){
        .fd = c->body.fd,
        .size = c->body.size,
        .is_import = is_import,
        .is_merchant = req->kind == PAYMENT__STATEMENT_REQUEST__KIND__MERCHANT,
    };
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

/* ---- what was imported */

static answer statement_list(struct call *c)
{
    const Payment__ListStatementsRequest *req = c->request;
    bool newest = req->sort == PAYMENT__LIST_STATEMENTS_REQUEST__SORT__NEWEST_FIRST;
    if (!page_from(c, req->cursor, newest))
        return call_fail_field(c, "cursor", PAGE_LOST);
    call_set(c, "is_newest", newest ? "t" : "f");
    call_set(c, "month_first",
             req->month[0] == '\0' ? NULL : arena_printf(c->arena, "%s-01", req->month));
    page_begin(c, req->limit);
    batch_add(c, &sql_statement_total);
    batch_add(c, &sql_statement_list);
    return page_reply(c);
}

static answer statement_undo(struct call *c)
{
    batch_add(c, &sql_statement_undo);
    return batch_reply(c, REASON_statement_gone);
}

const struct op statement_ops[] = {
    {"PreviewStatement", STAFF("bank.import"), statement_preview, FILE_MAX},
    {"ImportStatement",  STAFF("bank.import"), statement_import,  FILE_MAX},
    {"ListStatements",   STAFF("bank.import"), statement_list,    0       },
    {"UndoStatement",    STAFF("bank.import"), statement_undo,    0       },
    OP_END,
};
