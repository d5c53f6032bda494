/* Bank statements: files taken once however often they come, lines that pay vouchers, and the month's sheet. */
#include "dues.h"
#include <libpq-fe.h>
#include <pthread.h>

#define HEADER "交易日期,交易时间,凭证号,贷方发生额,余额,对方户名,对方账号,用途\n"

static const char *take(const char *method, const char *csv)
{
    service_test_body(csv, strlen(csv));
    return JSON(&cashier, method, "{\"kind\":\"ACCOUNT\",\"file_name\":\"明细.csv\"}");
}

static int count_lines(const char *payer)
{
    return atoi(VALUE("SELECT count(*) FROM statement_line WHERE payer_name = '%s'", payer));
}

static const char *line_of(const char *payer)
{
    return VALUE("SELECT max(id) FROM statement_line WHERE payer_name = '%s'", payer);
}

/* ---- files */

static void test_a_file_is_taken_once(void **state)
{
    const char *file = HEADER "2026-11-03,10:32:01,S1,\"2,000.00\",102000,甲方,6222,会费\n"
                              "2026-11-03,10:32:09,,2000,104000,乙方,6223,会费\n";
    (void)state;
    const char *report = take("PreviewStatement", file);
    SAYS(report, "\"lines\":2,\"added\":2");
    SAYS(report, "\"added_fen\":\"400000\"");
    SAYS(report, "甲方");
    assert_int_equal(count_lines("甲方"), 0); /* a preview keeps nothing */

    SAYS(take("ImportStatement", file), "\"added\":2");
    SAYS(take("ImportStatement", file), "\"added\":0");
    SAYS(take("PreviewStatement", file), "\"added\":0");
    assert_int_equal(count_lines("甲方"), 1);
    assert_int_equal(count_lines("乙方"), 1);
    assert_string_equal(VALUE("SELECT count(*) FROM statement"), "2");
}

/* Next month's file begins with last month's last days. */
static void test_files_overlap(void **state)
{
    (void)state;
    SAYS(take("ImportStatement", HEADER "2026-10-30,09:00:00,O1,2000,1,先来,1,\n"
                                        "2026-10-31,09:00:00,,3000,2,中间,2,\n"),
         "\"added\":2");
    SAYS(take("ImportStatement", HEADER "2026-10-31,09:00:00,,3000,2,中间,2,\n"
                                        "2026-11-01,09:00:00,O3,5000,3,后来,3,\n"),
         "\"lines\":2,\"added\":1");
    assert_int_equal(count_lines("中间"), 1);
    assert_int_equal(count_lines("后来"), 1);
}

static void test_equal_payments_stay_two(void **state)
{
    const char *file = HEADER "2026-11-04,10:00:00,,2000,,孪生,7,会费\n"
                              "2026-11-04,10:00:00,,2000,,孪生,7,会费\n";
    (void)state;
    SAYS(take("ImportStatement", file), "\"added\":2");
    SAYS(take("ImportStatement", file), "\"added\":0");
    assert_int_equal(count_lines("孪生"), 2);
}

static void test_serials_of_banks(void **state)
{
    (void)state;
    /* one line printed twice; the serial again on another day, and for another amount */
    SAYS(take("ImportStatement", HEADER "2026-11-04,10:00:00,R1,2000,1,重号,7,\n"
                                        "2026-11-04,10:00:00,R1,2000,1,重号,7,\n"
                                        "2026-11-05,10:00:00,R1,2000,2,重号,7,\n"
                                        "2026-11-05,10:00:00,R1,3000,3,重号,7,\n"),
         "\"lines\":4,\"added\":3");
}

static void test_bad_rows_and_bad_files(void **state)
{
    (void)state;
    const char *report = take("ImportStatement", HEADER "2026-13-03,10:00:00,B1,2000,1,坏日期,7,\n"
                                                        "2026-11-03,10:00:00,B2,两千,1,坏金额,7,\n"
                                                        "2026-11-03,10:00:00,B3,2000,1,好的,7,\n");
    SAYS(report, "\"added\":1");
    SAYS(report, "\"errors_count\":2");
    SAYS(report, "{\"row\":2,\"words\":\"日期无法识别\"}");
    assert_int_equal(count_lines("好的"), 1);

    SAYS(take("ImportStatement", "姓名,电话\n张三,1\n"), "没有找到表头");
    SAYS(take("ImportStatement", HEADER), "没有收入记录");
    SAYS(take("ImportStatement", HEADER "2026-11-03,1,\xd6\xd0,1,1,1,1,1\n"), "UTF-8");
    SAYS(take("ImportStatement", HEADER "2026-11-03,10:00:00,\"Q\\\",2000,1,\"引\"\"号\\\",7,{}\n"),
         "\"added\":1");
    assert_int_equal(count_lines("引\"号\\"), 1);
    SAYS(JSON(&cashier, "ImportStatement", "{\"kind\":\"ACCOUNT\",\"file_name\":\"没有.csv\"}"),
         "attachment_none");
    SAYS(JSON(&clerk, "ImportStatement", "{\"kind\":\"ACCOUNT\",\"file_name\":\"无权.csv\"}"),
         "not_allowed");
}

static void test_a_large_file(void **state)
{
    enum { ROWS = 20000 };
    size_t size;
    char *text;
    FILE *out = open_memstream(&text, &size);
    (void)state;
    fputs(HEADER, out);
    for (int i = 0; i < ROWS; i++)
        fprintf(out, "2025-%02d-%02d,10:00:00,L%d,2000.00,1,大文件,6222,会费\n", i % 12 + 1,
                i % 28 + 1, i);
    fclose(out);
    service_test_body(text, size);
    SAYS(JSON(&cashier, "ImportStatement", "{\"kind\":\"ACCOUNT\",\"file_name\":\"年.csv\"}"),
         "\"lines\":20000,\"added\":20000");
    free(text);
    SAYS(JSON(&cashier, "ListStatementLines", "{\"month\":\"2025-03\",\"limit\":2}"),
         "\"total\":1667");
    service_test_sql("DELETE FROM statement_line WHERE payer_name = '大文件'");
}

/* ---- lines */

static void test_lines_are_worked_off(void **state)
{
    (void)state;
    take("ImportStatement", HEADER "2026-11-06,10:00:00,W1,66.60,1,利息来源,7,利息\n");
    const char *line = line_of("利息来源");
    SAYS(JSON(&cashier, "ListStatementLines", "{\"q\":\"利息\"}"), "\"total\":1");
    SAYS(JSON(&cashier, "IgnoreStatementLine", "{\"id\":%s,\"reason\":\"\"}", line), "\"reason\"");
    SAYS(JSON(&cashier, "IgnoreStatementLine", "{\"id\":%s,\"reason\":\"银行利息\"}", line),
         "\"state\":\"IGNORED\"");
    SAYS(JSON(&cashier, "IgnoreStatementLine", "{\"id\":%s,\"reason\":\"银行利息\"}", line),
         "line_gone");
    SAYS(JSON(&cashier, "ListStatementLines", "{\"q\":\"利息\"}"), "\"total\":0");
    SAYS(JSON(&cashier, "ListStatementLines", "{\"q\":\"利息\",\"view\":\"IGNORED\"}"), "银行利息");
    SAYS(JSON(&cashier, "RestoreStatementLine", "{\"id\":%s}", line), "\"state\":\"NEW\"");
    SAYS(JSON(&clerk, "IgnoreStatementLine", "{\"id\":%s,\"reason\":\"银行利息\"}", line),
         "not_allowed");
}

static const char *code_of(int64_t id)
{
    return VALUE("SELECT max(reference_code) FROM bill WHERE account_id = %lld", (long long)id);
}

static const char *confirm_by(int64_t voucher, int64_t bill, const char *amount, const char *line)
{
    return JSON(&cashier, "DecideVoucher",
                "{\"id\":%lld,\"version\":1,\"verdict\":\"CONFIRM\",\"confirmed_amount\":\"%s\","
                "\"received_date\":\"%s\",\"allocations\":[{\"bill_id\":%lld,\"amount\":\"%s\"}],"
                "\"bank_line_ids\":[%s],\"evidence\":\"附言码相符\"}",
                (long long)voucher, amount, today(), (long long)bill, amount, line);
}

/* A transfer with the code is proposed, confirmed by a person, and tells whose the payer's account is. */
static void test_a_line_pays_a_voucher(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER");
    int64_t id = who.account_id, voucher = submitted(&who, "2000");
    take("ImportStatement",
         arena_printf(arena, HEADER "%s,10:00:00,P1,2000.00,1,咨询公司%lld,62229999,会费%s\n",
                      today(), (long long)id, code_of(id)));
    const char *line = VALUE("SELECT max(id) FROM statement_line WHERE serial = 'P1'");
    const char *found = JSON(&cashier, "ListMatches", "{\"voucher_id\":0}");
    SAYS(found, arena_printf(arena, "\"voucher\":{\"id\":\"%lld\"", (long long)voucher));
    SAYS(found, "\"green\":true");
    SAYS(found, "附言码相符");
    SAYS(found, arena_printf(arena, "{\"bill_id\":\"%lld\",\"amount_fen\":\"200000\"}",
                             (long long)bill_of(id)));
    SAYS(JSON(&cashier, "ListMatches", "{\"voucher_id\":%lld}", (long long)voucher), "62229999");

    SAYS(confirm_by(voucher, bill_of(id), "1999", line), "lines_other_amount");
    SAYS(confirm_by(voucher, bill_of(id), "2000", "999999"), "line_gone");
    SAYS(confirm_by(voucher, bill_of(id), "2000", line), "\"state\":\"CONFIRMED\"");
    assert_string_equal(
        VALUE("SELECT state || ' ' || evidence || ' ' || changed_by_name FROM "
              "statement_line WHERE id = %s",
              line),
        VALUE("SELECT 'ALLOCATED 附言码相符 ' || decided_by_name FROM voucher WHERE "
              "id = %lld",
              (long long)voucher));
    assert_string_equal(VALUE("SELECT account_id FROM learned_payer WHERE payer_account = "
                              "'62229999'"),
                        VALUE("SELECT %lld", (long long)id));
    SAYS(JSON(&cashier, "IgnoreStatementLine", "{\"id\":%s,\"reason\":\"不要了\"}", line),
         "line_gone");
    nothing_contradicts();

    /* the account is known: money without a word finds its unit in the pool */
    take("ImportStatement", HEADER "2026-11-20,10:00:00,P2,2000.00,1,谁也不是,62229999,\n");
    SAYS(JSON(&cashier, "ListStatementLines", "{\"q\":\"谁也不是\"}"),
         arena_printf(arena, "\"suggested_account_id\":\"%lld\"", (long long)id));
}

/* Somebody else's hand on a line: it is his when he lets go. */
static void *ignore_slowly(void *line)
{
    PGconn *pg = PQconnectdb(getenv("GUILD_DATABASE"));
    char sql[300];
    snprintf(
        sql, sizeof sql,
        "SET search_path = payment; BEGIN; UPDATE statement_line SET state = 'IGNORED', reason = "
        "'同时' WHERE id = %s; SELECT pg_sleep(0.2); COMMIT",
        (const char *)line);
    PQclear(PQexec(pg, sql));
    PQfinish(pg);
    return NULL;
}

static void test_a_line_that_another_takes_meanwhile(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER");
    int64_t id = who.account_id, voucher = submitted(&who, "2000");
    pthread_t other;
    take("ImportStatement", arena_printf(arena, HEADER "%s,10:00:00,T1,2000.00,1,抢先者,1,%s\n",
                                         today(), code_of(id)));
    const char *line = line_of("抢先者");
    assert_int_equal(pthread_create(&other, NULL, ignore_slowly, (void *)(uintptr_t)line), 0);
    service_test_until("SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    SAYS(confirm_by(voucher, bill_of(id), "2000", line), "line_gone");
    pthread_join(other, NULL);
    assert_string_equal(VALUE("SELECT state FROM voucher WHERE id = %lld", (long long)voucher),
                        "SUBMITTED");
    assert_string_equal(VALUE("SELECT state FROM statement_line WHERE id = %s", line), "IGNORED");
}

/* A reversal gives the line back: it pays for something else. */
static void test_a_reversed_voucher_frees_its_line(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER");
    int64_t id = who.account_id, voucher = submitted(&who, "2000");
    take("ImportStatement", arena_printf(arena, HEADER "%s,10:00:00,V1,2000.00,1,冲正者,1,%s\n",
                                         today(), code_of(id)));
    const char *line = line_of("冲正者");
    SAYS(confirm_by(voucher, bill_of(id), "2000", line), "CONFIRMED");
    JSON(&cashier, "Propose",
         "{\"kind\":\"REVERSE\",\"account_id\":%lld,\"voucher_id\":%lld,\"reason\":\"记错了单位\"}",
         (long long)id, (long long)voucher);
    const char *proposal = VALUE("SELECT max(id) FROM proposal");
    SAYS(JSON(&secretary, "DecideProposal", "{\"id\":%s,\"verdict\":\"CONFIRM\"}", proposal), "{");
    assert_string_equal(VALUE("SELECT state FROM voucher WHERE id = %lld", (long long)voucher),
                        "REVERSED");
    assert_string_equal(VALUE("SELECT state FROM statement_line WHERE id = %s", line), "NEW");
    nothing_contradicts();
}

/* ---- the month: what was confirmed, what the bank has, what receipts are for */

static void test_the_month(void **state)
{
    (void)state;
    service_test_sql("UPDATE statement_line SET state = 'IGNORED', reason = '前面的测试' WHERE "
                     "state = 'NEW'");
    const char *month = VALUE("SELECT to_char(current_date, 'YYYY-MM')");
    Common__Principal who = paid_unit(); /* without a line, without a receipt */
    take("ImportStatement",
         arena_printf(arena, HEADER "%s,10:00:00,M1,88.00,1,没人认领,1,\n", today()));
    const char *sheet = JSON(&cashier, "GetDuesMonth", "{\"month\":\"%s\"}", month);
    SAYS(sheet, "{\"kind\":\"LINE_UNCLAIMED\",\"unit_name\":\"没人认领\",\"amount_fen\":\"8800\"");
    SAYS(sheet,
         arena_printf(arena, "{\"kind\":\"VOUCHER_WITHOUT_LINE\",\"unit_name\":\"咨询公司%lld\"",
                      (long long)who.account_id));
    SAYS(sheet, arena_printf(arena, "{\"kind\":\"RECEIPT_MISSING\",\"unit_name\":\"咨询公司%lld\"",
                             (long long)who.account_id));
    SAYS(JSON(&cashier, "GetDuesMonth", "{\"month\":\"2020-01\"}"), "{");
    SAYS(JSON(&cashier, "GetDuesMonth", "{\"month\":\"2020-13\"}"), "month");
    SAYS(JSON(&clerk, "GetDuesMonth", "{\"month\":\"2020-01\"}"), "not_allowed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_file_is_taken_once),
        cmocka_unit_test(test_files_overlap),
        cmocka_unit_test(test_equal_payments_stay_two),
        cmocka_unit_test(test_serials_of_banks),
        cmocka_unit_test(test_bad_rows_and_bad_files),
        cmocka_unit_test(test_a_large_file),
        cmocka_unit_test(test_lines_are_worked_off),
        cmocka_unit_test(test_a_line_pays_a_voucher),
        cmocka_unit_test(test_a_line_that_another_takes_meanwhile),
        cmocka_unit_test(test_a_reversed_voucher_frees_its_line),
        cmocka_unit_test(test_the_month),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
