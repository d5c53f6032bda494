/* A bank's statement as anybody may make one: what is taken as a line is money that came in, in clean text; and each row is
   counted once. Then the first line as an amount and as a day. */
#include "statement_parse.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
    if (!holds)
        abort();
}

static void expect_clean(const char *text)
{
    expect(text != NULL && u8_check((const uint8_t *)text, strlen(text)) == NULL);
    for (; *text != '\0'; text++)
        expect((unsigned char)*text >= 0x20);
}

static void take(void *owner, const struct statement_line *line)
{
    unsigned *last_row = owner;
    expect(line->row > *last_row && line->amount_fen > 0 && line->balance_fen >= -1);
    *last_row = line->row;
    expect(strlen(line->at) == 19 && strspn(line->at, "0123456789-: ") == 19);
    expect_clean(line->serial);
    expect_clean(line->payer_name);
    expect_clean(line->payer_account);
    expect_clean(line->remark);
    expect_clean(line->wallet);
}

static void try_words(const char *text, size_t size)
{
    char word[128], out[20];
    int64_t fen;
    size = size < sizeof word - 1 ? size : sizeof word - 1;
    if (size > 0)
        memcpy(word, text, size);
    word[size] = '\0';
    char *time = strpbrk(word, ",\n");
    if (time != NULL)
        *time++ = '\0';
    statement_amount(word, &fen);
    if (statement_time(word, time == NULL ? "" : time, out))
        expect(strlen(out) == 19);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(0);
    struct statement_report report;
    unsigned last_row = 0;
    statement_parse((const char *)data, size, arena, take, &last_row, &report);
    expect(report.lines + report.debits + report.errors_count <= report.rows + 1);
    expect(report.refusal == NULL || report.lines == 0);
    try_words((const char *)data, size);
    arena_destroy(&arena);
    return 0;
}
