/* Statements as banks write them: where the header is, what columns are called, how days and amounts look. */
#include "statement_parse.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct arena *arena;
static struct statement_report report;
static char told[4096], uniques[200], fees[200];

static void keep(void *owner, const struct statement_line *line)
{
    size_t used = strlen(told), fees_used = strlen(fees);
    (void)owner;
    snprintf(told + used, sizeof told - used, "%u|%s|%lld|%s|%s|%s|%s|%s|%lld\n", line->row,
             line->at, (long long)(line->is_out ? -line->amount_fen : line->amount_fen),
             line->payer_name, line->payer_account, line->serial, line->remark, line->wallet,
             (long long)line->balance_fen);
    strcat(uniques, line->serial_is_unique ? "yes " : "no ");
    snprintf(fees + fees_used, sizeof fees - fees_used, "%lld ", (long long)line->fee_fen);
}

static void parse(const char *text)
{
    told[0] = uniques[0] = fees[0] = '\0';
    statement_parse(text, strlen(text), arena, keep, NULL, &report);
}

static void test_the_account_statement(void **state)
{
    (void)state;
    parse("\xef\xbb\xbf中国工商银行账户明细,,,,\n账号：,0505010409200054816,,,\n\n"
          "交易日期,交易时间,凭证号,借方发生额,贷方发生额,余额,对方户名,对方账号,摘要,用途\n"
          "2026-11-03,10:32:01,00000000,,\"2,000.00\",\"102,000.00\",长治市甲咨询有限公司,"
          "6222021234,转账,会费 HFNHMCR5\n"
          "20261104,93205,2026110400017,500.00,,101500.00,电费,1,,\n"
          "2026/11/5,,A77,,5000,,乙公司,,会费,\n"
          "合计,,,500.00,\"7,000.00\",,,,,\n");
    assert_null(report.refusal);
    assert_string_equal(told,
                        "5|2026-11-03 10:32:01|200000|长治市甲咨询有限公司|6222021234||转账；会费 "
                        "HFNHMCR5||10200000\n"
                        "6|2026-11-04 09:32:05|-50000|电费|1|2026110400017|||10150000\n"
                        "7|2026-11-05 00:00:00|500000|乙公司||A77|会费||-1\n");
    assert_int_equal(report.lines, 2);
    assert_int_equal(report.debits, 1);
    assert_int_equal(report.errors_count, 0);
}

static void test_one_amount_with_a_sign(void **state)
{
    (void)state;
    parse("交易时间,借贷标志,交易金额(元),付款人名称,备注\n"
          "2026年11月3日 8:05,贷,２０００．００,张三,\n2026-11-03 08:06:00,借,30.00,手续费,\n"
          "2026-11-03 08:07:00,贷,¥3000元,李四,\n");
    assert_string_equal(told, "2|2026-11-03 08:05:00|200000|张三||||\x7c-1\n3|2026-11-03 "
                              "08:06:00|-3000|手续费||||\x7c-1\n4|2026-11-03 "
                              "08:07:00|300000|李四||||\x7c-1\n");
    assert_int_equal(report.debits, 1);
}

static void test_the_merchant_list(void **state)
{
    (void)state;
    parse("商户编号,050582490012\r\n订单号,支付时间,支付方式,订单金额,手续费,备注\r\n"
          "4200001,2026-11-06 12:00:00,微信支付,2000.00,5.00,会费\n");
    assert_string_equal(told, "3|2026-11-06 12:00:00|200000|||4200001|会费|微信支付|-1\n");
}

/* 交易流水号 names a line; 凭证号 does so only while there is nothing better, and never alone. */
static void test_the_better_serial_wins(void **state)
{
    (void)state;
    parse("交易日期,凭证号,交易流水号,贷方发生额,对方户名\n2026-11-03,78,F1,2000,甲\n"
          "2026-11-03,78,,2000,乙\n2026-11-03,00000000,0000,2000,丙\n");
    assert_string_equal(told, "2|2026-11-03 00:00:00|200000|甲||F1|||-1\n"
                              "3|2026-11-03 00:00:00|200000|乙||78|||-1\n"
                              "4|2026-11-03 00:00:00|200000|丙|||||-1\n");
    assert_string_equal(uniques, "yes no no ");
}

static void test_what_the_wallet_keeps(void **state)
{
    (void)state;
    parse("商户编号：050582490012\n订单号,支付时间,订单金额,手续费,入账金额,交易状态\n"
          "1001,2026-11-06 12:00:00,2000.00,5.00,1995.00,成功\n"
          "1002,2026-11-06 12:00:01,2000.00,,1995.00,成功\n"
          "1003,2026-11-06 12:00:02,2000.00,5.00,1990.00,成功\n"
          "1004,2026-11-06 12:00:03,2000.00,5.00,1995.00,已退款\n"
          "1005,2026-11-06 12:00:04,-2000.00,0,-2000.00,成功\n");
    assert_string_equal(report.account_no, "050582490012");
    assert_string_equal(fees, "500 500 0 ");
    assert_int_equal(report.lines, 2);
    assert_int_equal(report.errors_count, 2);
    assert_int_equal(report.errors[0].row, 5);
    assert_string_equal(report.errors[0].words, "金额、手续费和入账金额对不上");
    assert_int_equal(report.errors[1].row, 6);
    assert_int_equal(report.debits, 1);
}

/* Nothing that bears an amount goes without a word. */
static void test_no_row_is_lost_silently(void **state)
{
    (void)state;
    parse("账号,0505 0104 0920 0054 816\n"
          "交易日期,借方发生额,贷方发生额,对方户名\n,,2000,没有日期\n2026-11-03,,-2000,冲正\n"
          "2026-11-03,-30,,冲正支出\n2026-11-03,0.00,0.00,零\n2026-11-03,35.50,0.00,电费\n"
          "交易日期,借方发生额,贷方发生额,对方户名\n2026-11-04,0.00,3000,翻页后\n"
          ",,\"5,000.00\",合计\n打印日期：2026-11-30,,,\n");
    assert_string_equal(report.account_no, "0505010409200054816");
    assert_string_equal(told, "7|2026-11-03 00:00:00|-3550|电费|||||-1\n"
                              "9|2026-11-04 00:00:00|300000|翻页后|||||-1\n");
    assert_int_equal(report.debits, 1);
    assert_int_equal(report.errors_count, 4);
    assert_string_equal(report.errors[0].words, "有金额但没有日期");
    assert_non_null(strstr(report.errors[1].words, "收入金额是负数（冲正）"));
    assert_non_null(strstr(report.errors[2].words, "支出金额是负数（冲正）"));
    assert_string_equal(report.errors[3].words, "没有金额");
}

static void test_digits_that_are_kept_from_spreadsheets(void **state)
{
    (void)state;
    parse("交易时间,微信订单号,订单号,订单金额\n`2026-11-06 "
          "12:00:00,`1,`4200001,\"=\"\"2000.00\"\"\"\n"
          "2026-11-07,'2,=\"4200002\",`3000\n");
    assert_string_equal(told, "2|2026-11-06 12:00:00|200000|||4200001|||-1\n3|2026-11-07 "
                              "00:00:00|300000|||4200002|||-1\n");
}

static void test_bad_rows_are_named_and_the_others_kept(void **state)
{
    (void)state;
    parse("日期,收入金额,对方户名\n2026-02-30,2000,甲\n2026-02-28,二千,乙\n2026-02-28,2000.001,"
          "丙\n2026-02-28,2000.000,丁\n");
    assert_int_equal(report.errors_count, 3);
    assert_int_equal(report.errors[0].row, 2);
    assert_string_equal(report.errors[0].words, "日期无法识别");
    assert_string_equal(report.errors[1].words, "金额无法识别");
    assert_int_equal(report.lines, 1);
}

static void test_other_files_are_refused(void **state)
{
    (void)state;
    parse("姓名,电话\n张三,1\n");
    assert_non_null(strstr(report.refusal, "没有找到表头"));
    parse("日期,收入金额,对方户名\n2026-02-28,,甲\n");
    assert_non_null(strstr(report.refusal, "没有收入记录"));
    parse("\xc8\xd5\xc6\xda,1\n");
    assert_non_null(strstr(report.refusal, "文字编码"));
    parse("");
    assert_non_null(report.refusal);
    parse("x\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\n" /* the header stands too low */
          "日期,收入金额,对方户名\n2026-02-28,1,甲\n");
    assert_non_null(strstr(report.refusal, "没有找到表头"));
}

static void test_amounts(void **state)
{
    static const struct {
        const char *text;
        long long fen;
    } good[] = {
        {"2,000.00",    200000},
        {"0.01",        1     },
        {"-5",          -500  },
        {"1.5",         150   },
        {"￥3 000.00", 300000},
        {"2000.0000",   200000}
    };
    static const char *const bad[] = {"", "abc", "1.2.3", "0.001", "9999999999999", "--1"};
    int64_t fen;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(statement_amount(good[i].text, &fen));
        assert_int_equal(fen, good[i].fen);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(statement_amount(bad[i], &fen) && bad[i][1] != '-');
}

static int begin(void **state)
{
    (void)state;
    arena = arena_new(0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_destroy(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_account_statement),
        cmocka_unit_test(test_one_amount_with_a_sign),
        cmocka_unit_test(test_the_merchant_list),
        cmocka_unit_test(test_the_better_serial_wins),
        cmocka_unit_test(test_what_the_wallet_keeps),
        cmocka_unit_test(test_no_row_is_lost_silently),
        cmocka_unit_test(test_digits_that_are_kept_from_spreadsheets),
        cmocka_unit_test(test_bad_rows_are_named_and_the_others_kept),
        cmocka_unit_test(test_other_files_are_refused),
        cmocka_unit_test(test_amounts),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
