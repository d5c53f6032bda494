/* Which voucher each line of the bank pays: proposals that a person confirms (match.h). */
#include "pairing.h"

#include "nouns.h"
#include "payment_queries.h"
#include "reasons.h"
#include "service.h"
#include "statement_parse.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUGGESTIONS_MAX = 5, FOUND_MAX = 20 };

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
        if (m->searched || match.score >= MATCH_YELLOW_SCORE / 2)
            m->matches[count++] = match;
    }
    qsort(m->matches, count, sizeof *m->matches, by_score);
    size_t most = m->searched ? FOUND_MAX : SUGGESTIONS_MAX;
    return count < most ? count : most;
}

void matching_work(void *job)
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

Payment__Match *matching_message(struct call *c, const struct matching *m,
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

/* How many there are besides the rows: each says how many were found. */
static uint32_t left_of(const struct rows *rows, const char *column)
{
    return rows->count > 0 ? (uint32_t)rows_integer(rows, 0, column) - (uint32_t)rows->count : 0;
}

static void count_all(const struct matching *m, Payment__MatchList *reply)
{
    reply->vouchers = (uint32_t)rows_integer(&m->total_rows, 0, "vouchers");
    reply->lines = m->of_one ? (uint32_t)m->line_rows.count
                             : (uint32_t)rows_integer(&m->total_rows, 0, "lines");
    reply->lines_left = left_of(&m->line_rows, "found");
    if (m->of_one)
        reply->lines += reply->lines_left;
    else
        reply->vouchers_left = left_of(&m->voucher_rows, "matchable");
}

static answer match_worked(struct call *c, void *job)
{
    const struct matching *m = job;
    Payment__MatchList reply = PAYMENT__MATCH_LIST__INIT;
    if (m->matches_count == SIZE_MAX)
        return call_fail(c, REASON_busy);
    count_all(m, &reply);
    reply.matches = arena_alloc(c->arena, (m->matches_count + 1) * sizeof *reply.matches);
    for (size_t i = 0; i < m->matches_count; i++)
        reply.matches[reply.n_matches++] = matching_message(c, m, &m->matches[i]);
    return call_reply(c, &reply.base);
}

void matching_read(struct call *c)
{
    batch_add(c, &sql_match_choose);
    batch_add(c, &sql_match_lines);
    batch_add(c, &sql_match_vouchers);
}

void matching_fill(struct call *c, struct matching *m)
{
    const struct rows *l = &m->line_rows, *v = &m->voucher_rows;
    m->lines = arena_alloc(c->arena, (l->count + 1) * sizeof *m->lines);
    m->vouchers = arena_alloc(c->arena, (v->count + 1) * sizeof *m->vouchers);
    m->matches = arena_alloc(c->arena, (l->count + v->count + 1) * sizeof *m->matches);
    for (size_t i = 0; i < l->count; i++)
        m->lines[i] = (struct match_line){.id = rows_integer(l, i, "id"),
                                          .amount_fen = rows_integer(l, i, "dues_fen"),
                                          .day = (int)rows_integer(l, i, "day"),
                                          .payer_name = rows_get(l, i, "payer_name"),
                                          .payer_account = rows_get(l, i, "payer_account"),
                                          .remark = rows_get(l, i, "remark"),
                                          .voucher_id = rows_integer(l, i, "voucher_id"),
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
                                                .own_codes = rows_get(v, i, "own_codes"),
                                                .accounts = rows_get(v, i, "accounts")};
}

static answer match_found(struct call *c, const struct rows *results)
{
    const Payment__ListMatchesRequest *req = c->request;
    struct payment *state = service_state(c->run);
    struct matching *m = arena_alloc(c->arena, sizeof *m);
    *m = (struct matching){
        .total_rows = results[0],
        .line_rows = results[req->voucher_id != 0 ? 1 : 2],
        .voucher_rows = results[req->voucher_id != 0 ? 2 : 3],
        .of_one = req->voucher_id != 0,
        .searched = req->q[0] != '\0',
    };
    if (m->of_one && m->voucher_rows.count == 0)
        return call_fail(c, REASON_voucher_stale);
    matching_fill(c, m);
    return work_then(c, state->files.work, matching_work, m, match_worked);
}

static answer match_list(struct call *c)
{
    const Payment__ListMatchesRequest *req = c->request;
    int64_t fen;
    if (statement_amount(req->q, &fen))
        call_set_integer(c, "q_fen", fen);
    else
        call_set(c, "q_fen", NULL);
    batch_add(c, &sql_match_totals);
    if (req->voucher_id == 0) {
        matching_read(c);
    } else {
        batch_add(c, &sql_match_lines_of_one);
        batch_add(c, &sql_match_vouchers);
    }
    return batch_then(c, match_found);
}

const struct op pairing_ops[] = {
    {"ListMatches", STAFF("voucher.review"), match_list, 0},
    OP_END,
};
