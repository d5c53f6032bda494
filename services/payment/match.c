#include "match.h"

#include "check.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

const char *const match_evidence[MATCH_BITS] = {
    "附言码相符",         "流水号相符",
    "金额等于应缴",       "金额是会费的整数倍",
    "付款户名是该单位",   "付款人是法人或填写的付款户名",
    "付款户名相近",       "该付款账号曾为该单位缴费",
    "日期相符",           "日期相近",
    "支付渠道相符",       "金额少于填写的金额",
    "附言码是其他单位的", "摘要含退款或冲正",
    "财务已认领给该单位",
};
static const int points[MATCH_BITS] = {60, 60, 20, 10,  25,   15,   8,  25,
                                       10, 5,  5,  -30, -100, -100, 100};

enum { NAME_MAX_CHARACTERS = 60, YUAN = 100, LEAST_FEE = 2000 * YUAN / 2 };

/* ---- names: brackets and blanks do not count (V8) */

static size_t name_characters(const char *name, ucs4_t out[static NAME_MAX_CHARACTERS])
{
    size_t count = 0;
    const uint8_t *at = (const uint8_t *)name;
    for (ucs4_t c; count < NAME_MAX_CHARACTERS && (at = u8_next(&c, at)) != NULL;)
        if (c != ' ' && c != '(' && c != ')' && c != 0xff08 && c != 0xff09 && c != 0x3000)
            out[count++] = c;
    return count;
}

static bool same_name(const char *a, const char *b)
{
    ucs4_t x[NAME_MAX_CHARACTERS], y[NAME_MAX_CHARACTERS];
    size_t m = name_characters(a, x), n = name_characters(b, y);
    return m > 0 && m == n && memcmp(x, y, m * sizeof *x) == 0;
}

/* Levenshtein's distance; more than two is as good as any. */
static size_t distance(const char *a, const char *b)
{
    ucs4_t x[NAME_MAX_CHARACTERS], y[NAME_MAX_CHARACTERS];
    size_t m = name_characters(a, x), n = name_characters(b, y);
    size_t row[NAME_MAX_CHARACTERS + 1];
    if (m > n + 2 || n > m + 2 || m < 4 || n < 4)
        return 3;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; i <= m; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t above = row[j], best = corner + (x[i - 1] != y[j - 1]);
            if (above + 1 < best)
                best = above + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            corner = above;
            row[j] = best;
        }
    }
    return row[n];
}

/* ---- words in texts */

static bool has_word(const char *words, const char *word)
{
    size_t size = strlen(word);
    for (const char *at = words; size > 0 && (at = strstr(at, word)) != NULL; at += size)
        if ((at == words || at[-1] == ' ') && (at[size] == ' ' || at[size] == '\0'))
            return true;
    return false;
}

/* The next reference code in a remark, which people write in small letters and with blanks. NULL: none is left. */
static const char *next_code(const char *text, char out[static 9])
{
    for (; *text != '\0'; text++) {
        size_t used = 0;
        char raw[9];
        for (const char *c = text;
             used < 8 && (isalnum((unsigned char)*c) || (used > 0 && (*c == ' ' || *c == '-')));
             c++)
            if (isalnum((unsigned char)*c))
                raw[used++] = *c;
        raw[used] = '\0';
        if (used == 8 && toupper((unsigned char)raw[0]) == 'H' &&
            check_reference_code(raw, out, 9) == NULL)
            return text + 1;
    }
    return NULL;
}

static unsigned code_bits(const struct match_line *line, const struct match_voucher *voucher)
{
    unsigned bits = 0;
    char code[9];
    for (const char *at = line->remark; (at = next_code(at, code)) != NULL;)
        bits |= has_word(voucher->codes, code)       ? MATCH_CODE
                : has_word(voucher->own_codes, code) ? 0
                                                     : MATCH_OTHER_CODE;
    return (bits & MATCH_CODE) != 0 ? MATCH_CODE : bits; /* one transfer for two bills names both */
}

static unsigned name_bits(const struct match_line *line, const struct match_voucher *voucher)
{
    if (same_name(line->payer_name, voucher->unit_name))
        return MATCH_NAME;
    if (same_name(line->payer_name, voucher->legal_person) ||
        same_name(line->payer_name, voucher->payer_name))
        return MATCH_PERSON;
    return distance(line->payer_name, voucher->unit_name) <= 2 ? MATCH_NAME_NEAR : 0;
}

static unsigned amount_bits(const struct match_line *line, const struct match_voucher *voucher)
{
    if (line->amount_fen < voucher->paid_fen)
        return MATCH_LESS;
    if (line->amount_fen == voucher->owed_fen && line->amount_fen == voucher->paid_fen)
        return MATCH_AMOUNT;
    if (line->amount_fen == voucher->paid_fen)
        return line->amount_fen % LEAST_FEE == 0 ? MATCH_AMOUNT_MULTIPLE : 0;
    return 0;
}

static bool wallet_fits(const char *wallet, const char *method)
{
    static const struct {
        const char *method, *word;
    } words[] = {
        {"QR_WECHAT",   "微信"   },
        {"QR_ALIPAY",   "支付宝"},
        {"QR_UNIONPAY", "云闪付"},
        {"QR_UNIONPAY", "银联"   },
        {"QR_ICBC",     "工银"   },
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i].method, method) == 0 && strstr(wallet, words[i].word) != NULL)
            return true;
    return wallet[0] == '\0' && strcmp(method, "BANK") == 0;
}

int match_score(const struct match_line *line, const struct match_voucher *voucher,
                unsigned *ret_evidence)
{
    enum { NOT_ITS = -1000 };
    int apart = abs(line->day - voucher->day), score = 0;
    if (line->voucher_id != 0 && line->voucher_id != voucher->id) {
        *ret_evidence = 0;
        return NOT_ITS;
    }
    unsigned bits =
        code_bits(line, voucher) | name_bits(line, voucher) | amount_bits(line, voucher);
    if (line->voucher_id != 0)
        bits |= MATCH_CLAIMED;
    if (line->serial[0] != '\0' && strcmp(line->serial, voucher->serial) == 0)
        bits |= MATCH_SERIAL;
    if (has_word(voucher->accounts, line->payer_account))
        bits |= MATCH_LEARNT;
    if (apart <= 5)
        bits |= apart <= 1 ? MATCH_DAY : MATCH_DAYS;
    if (wallet_fits(line->wallet, voucher->pay_method))
        bits |= MATCH_WALLET;
    if (strstr(line->remark, "退款") != NULL || strstr(line->remark, "冲正") != NULL ||
        strstr(line->remark, "退回") != NULL)
        bits |= MATCH_RETURNED;
    for (int i = 0; i < MATCH_BITS; i++)
        score += (bits >> i & 1) != 0 ? points[i] : 0;
    *ret_evidence = bits;
    return score;
}

/* ---- one line for one voucher */

static int by_score(const void *a, const void *b)
{
    const struct match *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->line != y->line ? (x->line < y->line ? -1 : 1)
                              : (x->voucher < y->voucher ? -1 : x->voucher > y->voucher);
}

static int best_other(const struct match *pairs, size_t count, const struct match *of)
{
    for (size_t i = 0; i < count; i++)
        if (&pairs[i] != of && (pairs[i].line == of->line) != (pairs[i].voucher == of->voucher))
            return pairs[i].score; /* they are sorted */
    return 0;
}

size_t match_all(const struct match_line *lines, size_t lines_count,
                 const struct match_voucher *vouchers, size_t vouchers_count, struct match *out)
{
    size_t count = 0, room = 256, made = 0;
    struct match *pairs = malloc(room * sizeof *pairs);
    bool *line_used = calloc(lines_count + 1, 1), *voucher_used = calloc(vouchers_count + 1, 1);
    for (size_t l = 0; l < lines_count && pairs != NULL; l++)
        for (size_t v = 0; v < vouchers_count && pairs != NULL; v++) {
            struct match pair = {.line = l, .voucher = v};
            pair.score = match_score(&lines[l], &vouchers[v], &pair.evidence);
            if (pair.score < MATCH_YELLOW_SCORE)
                continue;
            if (count == room) {
                struct match *more = realloc(pairs, (room *= 2) * sizeof *pairs);
                if (more == NULL)
                    free(pairs);
                pairs = more;
            }
            if (pairs != NULL)
                pairs[count++] = pair;
        }
    if (pairs == NULL || line_used == NULL || voucher_used == NULL)
        made = SIZE_MAX;
    else
        qsort(pairs, count, sizeof *pairs, by_score);
    for (size_t i = 0; i < count && made != SIZE_MAX; i++) {
        struct match *pair = &pairs[i];
        if (line_used[pair->line] || voucher_used[pair->voucher])
            continue;
        line_used[pair->line] = voucher_used[pair->voucher] = true;
        pair->runner_up = best_other(pairs, count, pair);
        pair->green =
            lines[pair->line].amount_fen == vouchers[pair->voucher].paid_fen &&
            ((pair->evidence & MATCH_CLAIMED) != 0 ||
             (pair->score >= MATCH_GREEN_SCORE && pair->runner_up <= MATCH_RUNNER_UP_MAX));
        out[made++] = *pair;
    }
    free(pairs);
    free(line_used);
    free(voucher_used);
    return made;
}
