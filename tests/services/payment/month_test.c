/* Y4: a month of sixty vouchers and two bank files, made from a seed with what months bring: codes, serials, payers known from
   before, a boss who pays himself, one payer for two units, refunds, a settlement less a fee, equal payments. At least nine
   of ten vouchers are proposed with their own line, and no wrong pair is green. */
#include "check.h"
#include "match.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { VOUCHERS = 60, NOISE = 25, TEXT = 80 };

static struct match_voucher vouchers[VOUCHERS];
static struct match_line lines[VOUCHERS + NOISE];
static int owner[VOUCHERS + NOISE]; /* of each line: its voucher; -1: none */
static char texts[VOUCHERS * 8 + NOISE * 4][TEXT];
static size_t texts_count, lines_count;
static uint32_t seed;

static unsigned below(unsigned count)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % count;
}

static const char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *text(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(texts[texts_count], TEXT, format, values);
    va_end(values);
    return texts[texts_count++];
}

static void voucher_make(int i)
{
    static const int64_t fees[] = {200000, 200000, 200000, 300000, 500000};
    static const char *const methods[] = {"BANK", "BANK", "BANK", "QR_WECHAT", "QR_ALIPAY"};
    static const char *const kinds[] = {"咨询", "造价", "监理", "招标代理", "工程管理"};
    char code[9];
    int64_t fee = fees[below(5)];
    check_reference_code_make("HF", 1000003u * (unsigned)i + seed % 1000, code);
    const char *unit = text("长治市第%d%s有限公司", i, kinds[below(5)]);
    vouchers[i] = (struct match_voucher){.id = i,
                                         .paid_fen = fee,
                                         .owed_fen = fee,
                                         .day = (int)below(28),
                                         .unit_name = unit,
                                         .payer_name = unit,
                                         .legal_person = text("法人%d", i),
                                         .serial = "",
                                         .pay_method = methods[below(5)],
                                         .codes = text("%s", code),
                                         .own_codes = "",
                                         .accounts = ""};
}

/* How the money of a voucher came: every way comes three times a month. A branch office that names no code cannot be known. */
static void line_make(int i)
{
    struct match_voucher *v = &vouchers[i];
    int way = i % 20;
    const char *wallet = strcmp(v->pay_method, "QR_WECHAT") == 0   ? "微信支付"
                         : strcmp(v->pay_method, "QR_ALIPAY") == 0 ? "支付宝"
                                                                   : "";
    struct match_line l = {.id = i,
                           .amount_fen = v->paid_fen,
                           .day = v->day + (int)below(2),
                           .payer_name = v->unit_name,
                           .payer_account = text("6222%08u", below(100000000)),
                           .remark = "会费",
                           .serial = text("2026%08u", below(100000000)),
                           .wallet = wallet};
    if (way < 9)
        l.remark = text("会费 %s", v->codes);
    else if (way < 12)
        v->serial = l.serial;
    else if (way < 15)
        v->accounts = l.payer_account;
    else if (way == 15)
        l.payer_name = v->legal_person;
    else if (way == 16)
        l.remark = text("%c%c%s", 'h', 'f', v->codes + 2); /* in small letters */
    else if (way == 17)
        l.payer_name = text("%s分公司", v->unit_name);
    else if (way == 18)
        v->paid_fen = l.amount_fen = 2 * v->owed_fen, l.remark = text("两年会费%s", v->codes);
    owner[lines_count] = i;
    lines[lines_count++] = l;
}

static void noise_make(void)
{
    static const char *const remarks[] = {"利息", "退款", "往来款", "培训费", "会费"};
    lines[lines_count] =
        (struct match_line){.id = 1000,
                            .amount_fen = below(3) == 0 ? 200000 : (int64_t)below(900000) + 1,
                            .day = (int)below(30),
                            .payer_name = text("其他单位%u", below(1000)),
                            .payer_account = "",
                            .remark = remarks[below(5)],
                            .serial = text("N%u", below(1000000)),
                            .wallet = ""};
    owner[lines_count++] = -1;
}

static void month(uint32_t from, size_t *right, size_t *green, size_t *wrong_green)
{
    struct match out[VOUCHERS];
    seed = from;
    texts_count = lines_count = 0;
    for (int i = 0; i < VOUCHERS; i++)
        voucher_make(i);
    for (int i = 0; i < VOUCHERS; i++)
        line_make(i);
    for (int i = 0; i < NOISE; i++)
        noise_make();
    size_t count = match_all(lines, lines_count, vouchers, VOUCHERS, out);
    *right = *green = *wrong_green = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_right = owner[out[i].line] == (int)out[i].voucher;
        *right += is_right;
        *green += out[i].green;
        *wrong_green += out[i].green && !is_right;
    }
}

static void test_months(void **state)
{
    size_t all_right = 0, all_green = 0, all_wrong = 0, months = 0, worst = VOUCHERS;
    (void)state;
    for (uint32_t from = 1; from <= 200; from++, months++) {
        size_t right, green, wrong;
        month(from, &right, &green, &wrong);
        all_right += right, all_green += green, all_wrong += wrong;
        worst = right < worst ? right : worst;
    }
    printf("%zu months of %d vouchers: %.1f %% proposed right (worst month %.1f %%), %.1f %% "
           "green, %zu wrong green\n",
           months, VOUCHERS, 100.0 * (double)all_right / (double)(months * VOUCHERS),
           100.0 * (double)worst / VOUCHERS,
           100.0 * (double)all_green / (double)(months * VOUCHERS), all_wrong);
    assert_int_equal(all_wrong, 0);
    assert_true(10 * worst >= 9 * VOUCHERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_months)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
