/* Bank statements: the account's (工商银行 账户明细) and the collection code's (商户明细), as CSV in UTF-8. The header row is
   found by its words in the first rows; columns are known by many names. Pure: no clock, no I/O. */
#ifndef GUILD_PAYMENT_STATEMENT_PARSE_H
#define GUILD_PAYMENT_STATEMENT_PARSE_H

#include "arena.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STATEMENT_HEADER_ROWS = 15, STATEMENT_ERRORS_MAX = 20 };

/* Money that came in, or went out. Texts are cleaned, and live until the callback returns. */
struct statement_line {
    unsigned row;          /* in the file, from 1 */
    const char *at;        /* 2026-11-24 10:32:00; without a time 00:00:00 */
    bool is_out;           /* it went out: the payer is who got it */
    int64_t amount_fen;    /* > 0 */
    int64_t balance_fen;   /* -1: not told, or below zero */
    int64_t fee_fen;       /* what the wallet kept of it */
    const char *serial;    /* empty: none, or one that says nothing (000000) */
    bool serial_is_unique; /* false: a 凭证号, which other lines may bear too */
    const char *payer_name, *payer_account, *remark, *wallet;
};
typedef void statement_line_fn(void *owner, const struct statement_line *line);

struct statement_error {
    unsigned row;
    const char *words;
};
struct statement_report {
    unsigned lines, debits, rows; /* money in, money out, all rows of the file */
    char account_no[40]; /* whose file it is, perhaps with * in it; empty: it does not say */
    const char *refusal; /* NULL: it was read; else why not a line was */
    struct statement_error errors[STATEMENT_ERRORS_MAX]; /* rows that were left out */
    unsigned errors_count;                               /* perhaps more than are kept */
};

/* Calls `take` for each row of money. */
void statement_parse(const char *text, size_t size, struct arena *arena, statement_line_fn *take,
                     void *owner, struct statement_report *report);

/* "¥2,000.00" or "２０００" in fen; false: no amount. */
bool statement_amount(const char *text, int64_t *ret_fen);
/* A day and perhaps a time, in the ways that banks write them, as 2026-11-24 10:32:00. */
bool statement_time(const char *day, const char *time, char out[static 20]);

#endif
