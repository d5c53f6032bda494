/* Scores and proposals: the fixtures of the domain page, one by one. */
#include "match.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* HFNHMCR5 and HFYG2WQV are good codes (V15). */
static const struct match_line line = {.amount_fen = 200000,
                                       .day = 100,
                                       .payer_name = "甲公司咨询",
                                       .payer_account = "6222",
                                       .remark = "",
                                       .serial = "",
                                       .wallet = ""};
static const struct match_voucher voucher = {.paid_fen = 200000,
                                             .owed_fen = 200000,
                                             .day = 100,
                                             .unit_name = "甲公司咨询",
                                             .payer_name = "甲公司咨询",
                                             .legal_person = "张三丰",
                                             .serial = "",
                                             .pay_method = "BANK",
                                             .codes = "HFNHMCR5",
                                             .own_codes = "",
                                             .accounts = ""};

static int score(struct match_line l, struct match_voucher v)
{
    unsigned evidence;
    return match_score(&l, &v, &evidence);
}

static void test_points(void **state)
{
    struct match_line l = line;
    struct match_voucher v = voucher;
    (void)state;
    assert_int_equal(score(l, v), 20 + 25 + 10 + 5);
    l.remark = "2026年会费 hfnh mcr5";
    assert_int_equal(score(l, v), 60 + 60);
    l.remark = "HFYG2WQV";
    assert_int_equal(score(l, v), 60 - 100);
    v.own_codes = "HFYG2WQV"; /* of another bill of the same unit */
    assert_int_equal(score(l, v), 60);
    v = voucher, l.remark = "退款";
    assert_int_equal(score(l, v), 60 - 100);
    l = line, l.serial = v.serial = "77";
    assert_int_equal(score(l, v), 60 + 60);
    v = voucher, v.accounts = "1 6222 3";
    assert_int_equal(score(line, v), 60 + 25);
    v.accounts = "62221";
    assert_int_equal(score(line, v), 60);
    l = line, l.day = 104;
    assert_int_equal(score(l, voucher), 60 - 10 + 5);
    l.day = 106;
    assert_int_equal(score(l, voucher), 60 - 10);
    l = line, l.amount_fen = 199500; /* settled without the wallet's fee */
    assert_int_equal(score(l, voucher), 60 - 20 - 30);
    l = line, l.payer_name = "张三丰"; /* the boss pays from his own account */
    assert_int_equal(score(l, voucher), 60 - 25 + 15);
    l.payer_name = "甲公司咨";
    assert_int_equal(score(l, voucher), 60 - 25 + 8);
    l.payer_name = "（甲公司）咨询";
    assert_int_equal(score(l, voucher), 60);
    l = line, l.wallet = "微信支付";
    assert_int_equal(score(l, voucher), 60 - 5);
    v = voucher, v.pay_method = "QR_WECHAT";
    assert_int_equal(score(l, v), 60);
    l = line, v = voucher, l.amount_fen = v.paid_fen = 400000; /* for two years */
    assert_int_equal(score(l, v), 60 - 20 + 10);
}

static void test_a_pair_is_green_only_alone(void **state)
{
    struct match_line lines[2] = {line, line};
    struct match_voucher vouchers[2] = {voucher, voucher};
    struct match out[2];
    (void)state;
    lines[0].remark = lines[1].remark = "HFNHMCR5";
    assert_int_equal(match_all(lines, 1, vouchers, 1, out), 1);
    assert_true(out[0].green);
    /* two equal payments in one minute: a person looks */
    assert_int_equal(match_all(lines, 2, vouchers, 1, out), 1);
    assert_false(out[0].green);
    assert_int_equal(out[0].runner_up, out[0].score);
    /* the same payer for two units: each line has its own code */
    lines[1].remark = vouchers[1].codes = "HFYG2WQV";
    assert_int_equal(match_all(lines, 2, vouchers, 2, out), 2);
    assert_true(out[0].green && out[1].green && out[0].line == out[0].voucher &&
                out[1].line == out[1].voucher);
    /* without codes they are equal: neither is green, each is used once */
    lines[0].remark = lines[1].remark = "";
    assert_int_equal(match_all(lines, 2, vouchers, 2, out), 2);
    assert_false(out[0].green || out[1].green);
    assert_true(out[0].line != out[1].line && out[0].voucher != out[1].voucher);
    /* and what is far off is no pair */
    lines[0].payer_name = "别的单位", lines[0].day = 10;
    assert_int_equal(match_all(lines, 1, vouchers, 1, out), 0);
}

/* Lines are read by what they have in common with a voucher (schema/029_match.sql): without any of that there is no pair. */
static void test_without_anything_in_common(void **state)
{
    struct match_line l = line;
    (void)state;
    l.payer_name = "甲公司咨"; /* near, of its amount, on its day, by its way */
    l.payer_account = "";
    assert_true(score(l, voucher) < MATCH_YELLOW_SCORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points),
        cmocka_unit_test(test_a_pair_is_green_only_alone),
        cmocka_unit_test(test_without_anything_in_common),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
