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
    /* finance hears of what came, once; what was there already is no news */
    assert_string_equal(VALUE("SELECT string_agg(payload ->> 'count' || ' ' || (payload ->> "
                              "'amount'), ', ') FROM outbox WHERE event = 'statement.waiting'"),
                        "2 4000");
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

/* 凭证号 is what the payer's bank wrote: two payers, or one of them twice, may bear the same. */
static void test_a_slip_number_is_no_identity(void **state)
{
    const char *file = HEADER "2026-11-04,10:00:00,R1,2000,1,重号,7,\n"
                              "2026-11-04,10:00:00,R1,2000,1,重号,7,\n"
                              "2026-11-04,10:00:00,R1,2000,3,另一家,8,\n"
                              "2026-11-04,11:00:00,R1,2000,4,重号,7,\n";
    (void)state;
    SAYS(take("ImportStatement", file), "\"lines\":4,\"added\":4");
    const char *again = take("PreviewStatement", file);
    SAYS(again, "\"added\":0");
    SAYS(again, "\"known\":4");
    SAYS(again, "\"known_rows\":[{\"row\":2,");
    SAYS(again, "\"state\":\"NEW\"");
    assert_int_equal(count_lines("重号"), 3);
}

/* 交易流水号 is one: printed twice it is one line, and the preview says so. */
static void test_a_serial_of_the_bank_is_one(void **state)
{
    const char *file =
        "交易日期,凭证号,交易流水号,贷方发生额,对方户名\n2026-11-04,9,F1,2000,流水一\n"
        "2026-11-04,9,F2,2000,流水二\n2026-11-04,9,F1,2000,流水一\n"
        "2026-11-04,9,F9,2000,流水甲\n2026-11-04,9,F9,2000,流水乙\n";
    (void)state;
    const char *report = take("ImportStatement", file);
    SAYS(report, "\"lines\":5,\"added\":4"); /* F9 belongs to two payers: it is none */
    report = take("PreviewStatement", file);
    SAYS(report, "\"added\":0");
    SAYS(report, "\"known\":5");
    SAYS(take("PreviewStatement", "交易日期,流水号,贷方发生额,对方户名\n2026-11-05,G1,1,甲\n"
                                  "2026-11-05,G1,1,甲\n"),
         "\"repeated\":1,\"known_rows\":[{\"row\":3,");
}

/* Lines that were taken when a 凭证号 counted as a serial are known still; the twin that was left out then comes in. */
static void test_lines_taken_long_ago(void **state)
{
    (void)state;
    service_test_sql(
        "WITH s AS (INSERT INTO statement (kind, file_name, lines, added, imported_by, "
        "imported_by_name) VALUES ('ACCOUNT', '旧.csv', 1, 1, 21, '旧') RETURNING id) "
        "INSERT INTO statement_line (statement_id, kind, identity, occurred_at, amount_fen, "
        "balance_fen, payer_name, payer_account, serial, remark, wallet, booked_on) SELECT id, "
        "'ACCOUNT', "
        "'ACCOUNT:SA7:2026-09-04:200000', '2026-09-04 10:00', 200000, 100, '从前', '7', 'A7', '', "
        "'', '2026-09-04' FROM s");
    SAYS(take("ImportStatement", HEADER "2026-09-04,10:00:00,A7,2000,1,从前,7,\n"), "\"added\":0");
    SAYS(take("ImportStatement", HEADER "2026-09-04,10:00:00,A7,2000,1,从前,7,\n"
                                        "2026-09-04,10:00:30,A7,2000,1,从前,7,\n"),
         "\"added\":1");
}

static void test_whose_file_it_is(void **state)
{
    const char *rows = HEADER "2026-11-02,10:00:00,,2000,1,谁的账户,7,\n";
    (void)state;
    SAYS(take("PreviewStatement", arena_printf(arena, "账号,6222020505011111111\n%s", rows)),
         "statement_other_account");
    SAYS(take("ImportStatement", arena_printf(arena, "账号：6222020505011111111\n%s", rows)),
         "statement_other_account");
    assert_int_equal(count_lines("谁的账户"), 0);
    SAYS(take("ImportStatement", arena_printf(arena, "账号：,0505********4816\n%s", rows)),
         "\"account_no\":\"0505********4816\"");
    assert_int_equal(count_lines("谁的账户"), 1);
}

/* The acquirer's sum is no dues by itself: the single payments are. */
static void test_money_of_the_wallet_counts_once(void **state)
{
    (void)state;
    const char *report = take("ImportStatement", HEADER
                              "2026-11-07,06:00:00,,1990,1,工商银行待清算,,商户结算 050582490012\n"
                              "2026-11-07,06:00:01,,2000,2,扫码单位,7,会费\n");
    SAYS(report, "\"added\":2");
    SAYS(report, "\"settlements\":1");
    SAYS(JSON(&cashier, "ListStatementLines", "{\"q\":\"待清算\",\"view\":\"IGNORED\"}"),
         "\"not_dues\":\"SETTLEMENT\"");
    service_test_body(
        "商户编号,050582490012\n订单号,支付时间,支付方式,订单金额,手续费,入账金额\n"
        "42001,2026-11-06 12:00:00,微信支付,2000.00,10.00,1990.00\n",
        strlen("商户编号,050582490012\n订单号,支付时间,支付方式,订单金额,手续费,入账金额\n"
               "42001,2026-11-06 12:00:00,微信支付,2000.00,10.00,1990.00\n"));
    SAYS(JSON(&cashier, "ImportStatement", "{\"kind\":\"MERCHANT\",\"file_name\":\"商户.csv\"}"),
         "\"fees_fen\":\"1000\"");
    SAYS(JSON(&cashier, "ListStatementLines", "{\"q\":\"微信\"}"), "\"fee_fen\":\"1000\"");
}

static void test_an_import_is_taken_back(void **state)
{
    const char *file =
        HEADER "2026-11-08,10:00:00,,10,1,撤销者,7,\n2026-11-08,10:00:00,,20,2,撤销者,7,\n";
    (void)state;
    take("ImportStatement", file);
    const char *id = VALUE("SELECT max(id) FROM statement");
    SAYS(JSON(&cashier, "ListStatements", "{\"limit\":1}"),
         arena_printf(arena, "{\"id\":\"%s\",\"kind\":\"ACCOUNT\",\"file_name\":\"明细.csv\"", id));
    SAYS(JSON(&cashier, "SplitStatementLine",
              "{\"id\":%s,\"other_amount\":\"1\",\"not_dues\":\"EVENT\"}", line_of("撤销者")),
         "\"dues_fen\":\"1900\"");
    SAYS(JSON(&cashier, "UndoStatement", "{\"id\":%s}", id), "statement_in_use");
    assert_int_equal(count_lines("撤销者"), 2);
    SAYS(JSON(&cashier, "SplitStatementLine", "{\"id\":%s}", line_of("撤销者")),
         "\"dues_fen\":\"2000\"");
    SAYS(JSON(&cashier, "UndoStatement", "{\"id\":%s}", id), "\"undone_by_name\"");
    SAYS(JSON(&cashier, "UndoStatement", "{\"id\":%s}", id), "statement_gone");
    assert_int_equal(count_lines("撤销者"), 0);
    SAYS(take("ImportStatement", file), "\"added\":2");
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
    SAYS(JSON(&cashier, "IgnoreStatementLine", "{\"id\":%s,\"not_dues\":\"OTHER\"}", line),
         "\"reason\"");
    SAYS(JSON(&cashier, "IgnoreStatementLine", "{\"id\":%s,\"reason\":\"银行利息\"}", line),
         "\"not_dues\"");
    SAYS(JSON(&cashier, "IgnoreStatementLine",
              "{\"id\":%s,\"not_dues\":\"INTEREST\",\"reason\":\"银行利息\"}", line),
         "\"state\":\"IGNORED\"");
    SAYS(JSON(&cashier, "IgnoreStatementLine", "{\"id\":%s,\"not_dues\":\"INTEREST\"}", line),
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
    SAYS(JSON(&cashier, "IgnoreStatementLine", "{\"id\":%s,\"not_dues\":\"RETURNED\"}", line),
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
        "SET search_path = payment; BEGIN; UPDATE statement_line SET state = 'IGNORED', not_dues = "
        "'EVENT' WHERE id = %s; SELECT pg_sleep(0.2); COMMIT",
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

/* ---- claims: a line and the voucher that staff enter for it are one from then on */

static const char *claim_as(const Common__Principal *who, int64_t id, const char *line,
                            const char *amount)
{
    return JSON(who, "RecordPayment",
                "{\"account_id\":%lld,\"pay_method\":\"BANK\",\"paid_amount\":\"%s\",\"paid_date\":"
                "\"%s\",\"payer_name\":\"认领单位\",\"bank_serial\":\"C1\",\"bank_line_id\":%s}",
                (long long)id, amount, today(), line);
}

static const char *claim(const Common__Principal *who, int64_t id, const char *line)
{
    return claim_as(who, id, line,
                    VALUE("SELECT dues_fen / 100 FROM statement_line WHERE id = %s", line));
}

static const char *claimable(const char *payer)
{
    take("ImportStatement",
         arena_printf(arena, HEADER "2026-11-09,10:00:00,C1,2000,1,%s,1,\n", payer));
    return line_of(payer);
}

static const char *line_state(const char *line)
{
    return VALUE("SELECT state FROM statement_line WHERE id = %s", line);
}

static void test_a_claimed_line_is_taken(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER");
    int64_t id = who.account_id;
    const char *line = claimable("认领者");
    /* another clerk has split it since the page was loaded */
    SAYS(claim_as(&cashier, id, line, "2500"), "line_gone");
    SAYS(claim(&cashier, id, line), "\"paid_fen\":\"200000\"");
    int64_t voucher = atoll(VALUE("SELECT max(id) FROM voucher"));
    SAYS(claim(&treasurer, id, line), "line_gone");
    SAYS(JSON(&cashier, "ListStatementLines", "{\"q\":\"认领者\"}"), "\"total\":0");
    const char *pool =
        JSON(&cashier, "ListStatementLines", "{\"q\":\"认领者\",\"view\":\"PROPOSED\"}");
    SAYS(pool, arena_printf(arena, "\"voucher_unit_name\":\"咨询公司%lld\"", (long long)id));
    SAYS(pool, "\"may_release\":true");
    SAYS(JSON(&cashier, "IgnoreStatementLine", "{\"id\":%s,\"not_dues\":\"EVENT\"}", line),
         "line_gone");

    /* another voucher cannot have it; its own is proposed with it, and another person confirms */
    Common__Principal other = unit("MEMBER");
    int64_t theirs = submitted(&other, "2000");
    SAYS(confirm_by(theirs, bill_of(other.account_id), "2000", line), "line_gone");
    const char *found =
        JSON(&treasurer, "ListMatches", "{\"voucher_id\":%lld}", (long long)voucher);
    SAYS(found, "财务已认领给该单位");
    SAYS(confirm_by(voucher, bill_of(id), "2000", line), "voucher_same_person");
    SAYS(JSON(&treasurer, "DecideVoucher",
              "{\"id\":%lld,\"version\":1,\"verdict\":\"CONFIRM\",\"confirmed_amount\":\"2000\","
              "\"received_date\":\"2026-11-09\",\"allocations\":[{\"bill_id\":%lld,\"amount\":"
              "\"2000\"}"
              "],\"bank_line_ids\":[%s],\"evidence\":\"财务已认领给该单位\"}",
              (long long)voucher, (long long)bill_of(id), line),
         "CONFIRMED");
    assert_string_equal(line_state(line), "ALLOCATED");
    nothing_contradicts();
}

/* The same 凭证号 again, and a claim that was a mistake: taken back, refused, confirmed without its line. */
static void test_a_claim_that_comes_to_nothing(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER");
    int64_t id = who.account_id;
    const char *line = claimable("误认者");
    SAYS(claim(&cashier, id, line), "SUBMITTED");
    SAYS(JSON(&treasurer, "ReleaseStatementLine", "{\"id\":%s}", line), "\"state\":\"NEW\"");
    SAYS(JSON(&treasurer, "ReleaseStatementLine", "{\"id\":%s}", line), "line_not_released");
    assert_string_equal(line_state(line), "NEW");
    assert_string_equal(VALUE("SELECT state FROM voucher WHERE account_id = %lld", (long long)id),
                        "WITHDRAWN");

    SAYS(claim(&cashier, id, line), "SUBMITTED");
    SAYS(JSON(&treasurer, "DecideVoucher",
              "{\"id\":%s,\"version\":1,\"verdict\":\"REJECT\",\"reason_codes\":[\"V02\"]}",
              VALUE("SELECT max(id) FROM voucher")),
         "REJECTED");
    assert_string_equal(line_state(line), "NEW");

    SAYS(claim(&cashier, id, line), "SUBMITTED");
    SAYS(confirm(&treasurer, atoll(VALUE("SELECT max(id) FROM voucher")), 1, "2000", bill_of(id),
                 "2000"),
         "CONFIRMED");
    assert_string_equal(line_state(line), "NEW");
    SAYS(claim(&cashier, 999999, line), "payment_not_recorded");
}

/* What the first of two chose is kept for the second. */
static void test_two_persons_and_one_line(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER");
    int64_t id = who.account_id, voucher = submitted(&who, "20000");
    take("ImportStatement", HEADER "2026-11-09,12:00:00,,20000,1,大额,1,\n");
    const char *line = line_of("大额");
    SAYS(JSON(&cashier, "DecideVoucher",
              "{\"id\":%lld,\"version\":1,\"verdict\":\"CONFIRM\",\"confirmed_amount\":\"20000\","
              "\"received_date\":\"2026-11-09\",\"allocations\":[],\"bank_line_ids\":[%s]}",
              (long long)voucher, line),
         "\"second\":true");
    assert_string_equal(line_state(line), "PROPOSED");
    SAYS(claim(&treasurer, id, line), "line_gone");
    SAYS(JSON(&treasurer, "ReleaseStatementLine", "{\"id\":%s}", line), "line_not_released");
    SAYS(JSON(&treasurer, "DecideVoucher",
              "{\"id\":%lld,\"version\":2,\"verdict\":\"CONFIRM\",\"confirmed_amount\":\"20000\","
              "\"received_date\":\"2026-11-09\",\"allocations\":[],\"bank_line_ids\":[%s]}",
              (long long)voucher, line),
         "CONFIRMED");
    assert_string_equal(line_state(line), "ALLOCATED");

    who = unit("MEMBER"); /* sent back: the line is anybody's again */
    voucher = submitted(&who, "20000");
    take("ImportStatement", HEADER "2026-11-09,12:30:00,,20000,1,退回者,1,\n");
    line = line_of("退回者");
    SAYS(JSON(&cashier, "DecideVoucher",
              "{\"id\":%lld,\"version\":1,\"verdict\":\"CONFIRM\",\"confirmed_amount\":\"20000\","
              "\"received_date\":\"2026-11-09\",\"allocations\":[],\"bank_line_ids\":[%s]}",
              (long long)voucher, line),
         "\"second\":true");
    SAYS(JSON(&treasurer, "DecideVoucher",
              "{\"id\":%lld,\"version\":2,\"verdict\":\"RETURN\",\"internal_note\":"
              "\"金额请再核对\"}",
              (long long)voucher),
         "SUBMITTED");
    assert_string_equal(line_state(line), "NEW");
}

/* A claim that the second person sends back gives its line up: it may be another's. */
static void test_a_claim_that_is_sent_back(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER"), other = unit("MEMBER");
    take("ImportStatement", HEADER "2026-11-09,15:00:00,,20000,1,退回的认领,1,\n");
    const char *line = line_of("退回的认领");
    SAYS(claim(&cashier, who.account_id, line), "SUBMITTED");
    int64_t voucher = atoll(VALUE("SELECT max(id) FROM voucher"));
    Common__Principal third = service_test_staff(28, FINANCE_MAY);
    SAYS(JSON(&treasurer, "DecideVoucher",
              "{\"id\":%lld,\"version\":1,\"verdict\":\"CONFIRM\",\"confirmed_amount\":\"20000\","
              "\"received_date\":\"2026-11-09\",\"allocations\":[],\"bank_line_ids\":[%s]}",
              (long long)voucher, line),
         "\"second\":true");
    SAYS(JSON(&third, "DecideVoucher",
              "{\"id\":%lld,\"version\":2,\"verdict\":\"RETURN\",\"internal_note\":"
              "\"不是这个单位的款\"}",
              (long long)voucher),
         "SUBMITTED");
    assert_string_equal(line_state(line), "NEW");
    SAYS(JSON(&third, "ListMatches", "{\"q\":\"退回的认领\",\"voucher_id\":%lld}",
              (long long)submitted(&other, "20000")),
         arena_printf(arena, "\"id\":\"%s\"", line));
    SAYS(claim(&third, other.account_id, line), "SUBMITTED");
    assert_string_equal(line_state(line), "PROPOSED");
}

/* Dues and a course in one transfer; a group that pays by two. */
static void test_parts_and_sums(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER");
    int64_t id = who.account_id, voucher = submitted(&who, "2000");
    take("ImportStatement", HEADER "2026-11-09,13:00:00,,1600,1,拆分者,1,会费和培训费\n"
                                   "2026-11-09,14:00:00,,1000,2,补缴者,1,\n");
    const char *line = line_of("拆分者");
    SAYS(JSON(&cashier, "SplitStatementLine",
              "{\"id\":%s,\"other_amount\":\"1600\",\"not_dues\":\"EVENT\"}", line),
         "line_not_split");
    SAYS(JSON(&cashier, "SplitStatementLine", "{\"id\":%s,\"other_amount\":\"600\"}", line),
         "\"not_dues\"");
    SAYS(JSON(&cashier, "SplitStatementLine",
              "{\"id\":%s,\"other_amount\":\"600.00\",\"not_dues\":\"EVENT\"}", line),
         "\"dues_fen\":\"100000\"");
    SAYS(
        JSON(&cashier, "ListMatches", "{\"voucher_id\":%lld,\"q\":\"补缴者\"}", (long long)voucher),
        "补缴者");
    SAYS(confirm_by(voucher, bill_of(id), "2000",
                    arena_printf(arena, "%s,%s", line, line_of("补缴者"))),
         "CONFIRMED");
    SAYS(JSON(&cashier, "SplitStatementLine", "{\"id\":%s}", line), "line_gone");
    SAYS(JSON(&cashier, "ListStatementLines", "{\"q\":\"1,600.00\",\"view\":\"ALLOCATED\"}"),
         "拆分者");
    const char *sorted = JSON(&cashier, "ListStatementLines",
                              "{\"view\":\"ALL\",\"sort\":\"LARGEST_FIRST\",\"limit\":1}");
    SAYS(sorted, "大额");
    SAYS(sorted, "next_cursor");
    SAYS(JSON(&cashier, "ListStatementLines",
              "{\"view\":\"ALL\",\"sort\":\"SMALLEST_FIRST\",\"limit\":1}"),
         "\"amount_fen\":\"1000\"");
}

/* ---- the month: what was confirmed, what the bank has, what receipts are for */

static void test_the_month(void **state)
{
    (void)state;
    service_test_sql(
        "UPDATE statement_line SET state = 'IGNORED', not_dues = 'EVENT', other_fen = 0 WHERE "
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
        cmocka_unit_test(test_a_slip_number_is_no_identity),
        cmocka_unit_test(test_a_serial_of_the_bank_is_one),
        cmocka_unit_test(test_lines_taken_long_ago),
        cmocka_unit_test(test_whose_file_it_is),
        cmocka_unit_test(test_money_of_the_wallet_counts_once),
        cmocka_unit_test(test_an_import_is_taken_back),
        cmocka_unit_test(test_bad_rows_and_bad_files),
        cmocka_unit_test(test_a_large_file),
        cmocka_unit_test(test_lines_are_worked_off),
        cmocka_unit_test(test_a_line_pays_a_voucher),
        cmocka_unit_test(test_a_line_that_another_takes_meanwhile),
        cmocka_unit_test(test_a_reversed_voucher_frees_its_line),
        cmocka_unit_test(test_a_claimed_line_is_taken),
        cmocka_unit_test(test_a_claim_that_comes_to_nothing),
        cmocka_unit_test(test_two_persons_and_one_line),
        cmocka_unit_test(test_a_claim_that_is_sent_back),
        cmocka_unit_test(test_parts_and_sums),
        cmocka_unit_test(test_the_month),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
