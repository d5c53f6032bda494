/* Lines and vouchers that are put beside each other: all that may belong together, however old and however many, or it is told. */
#include "dues.h"

#define HEADER "交易日期,交易时间,交易流水号,贷方发生额,余额,对方户名,对方账号,用途\n"
#define OLD "2024-03-05,09:00:00"

static const char *code_of(int64_t id)
{
    return VALUE("SELECT max(reference_code) FROM bill WHERE account_id = %lld", (long long)id);
}

static void import(const char *csv)
{
    service_test_body(csv, strlen(csv));
    SAYS(JSON(&cashier, "ImportStatement", "{\"kind\":\"ACCOUNT\",\"file_name\":\"明细.csv\"}"),
         "\"errors_count\":0");
}

/* Newer than OLD, nobody's, and of the amount that everybody pays. */
static void import_others(int count)
{
    size_t size;
    char *text;
    FILE *out = open_memstream(&text, &size);
    fputs(HEADER, out);
    for (int i = 0; i < count; i++)
        fprintf(out, "2025-%02d-%02d,10:00:00,R%d,2000.00,1,无关单位%d,7%d,货款\n", i % 12 + 1,
                i % 28 + 1, i, i, i);
    fclose(out);
    import(text);
    free(text);
}

/* How often a line, by its serial, is put beside a voucher. */
static const char *pairs_of(int64_t voucher, const char *serial)
{
    return VALUE("SELECT count(*) FROM match_pairs(0) p JOIN statement_line l ON l.id = p.line_id "
                 "WHERE p.voucher_id = %lld AND l.serial = '%s'",
                 (long long)voucher, serial);
}

static void test_an_old_line_meets_its_voucher(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER");
    int64_t voucher = submitted(&who, "2000");
    import(
        arena_printf(arena, HEADER OLD ",OLD1,2000.00,1,别的户名,6222,会费%s\n", code_of(account)));
    import_others(5000);
    const char *found = JSON(&cashier, "ListMatches", "{}");
    SAYS(found, arena_printf(arena, "\"voucher\":{\"id\":\"%lld\"", (long long)voucher));
    SAYS(found, "\"serial\":\"OLD1\"");
    SAYS(found, "附言码相符");
    SAYS(found, "\"lines\":5001,");
    found = JSON(&cashier, "ListMatches", "{\"voucher_id\":%lld}", (long long)voucher);
    SAYS(found, "{\"matches\":[{\"line\":{\"id\":");
    SAYS(strstr(found, "\"serial\""), "\"serial\":\"OLD1\""); /* it is the first */
    SAYS(confirm(&cashier, voucher, 1, "2000", bill_of(account), "2000"), "CONFIRMED");
}

/* Whatever a line has in common with a voucher. */
static void test_what_makes_a_pair(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER");
    int64_t id = account;
    const char *code = code_of(id);
    SAYS(JSON(&who, "SubmitVoucher", "%s",
              voucher_json(bill_of(id), file_of(id), "2000", "SERIAL1")),
         "SUBMITTED");
    int64_t voucher = atoll(VALUE("SELECT max(id) FROM voucher"));
    service_test_sql(
        arena_printf(arena, "INSERT INTO learned_payer VALUES ('62228888', %lld)", (long long)id));
    import(arena_printf(arena,
                        HEADER OLD
                        ",SERIAL1,1.00,1,甲,1,\n" OLD ",A1,1.00,1,乙,62228888,\n" OLD
                        ",N1,1.00,1,（咨询公司） %lld,2,\n" OLD ",N2,1.00,1,张三,2,\n" OLD
                        ",C1,1.00,1,丙,3,会费 %.2s-%.3s %s\n" OLD ",C2,1.00,1,丁,3,hfHF%sHF\n" OLD
                        ",X1,1.00,1,戊,6222,会费HF\n" OLD ",X2,2000.00,1,己,62228,\n",
                        (long long)id, code, code + 2, code + 5, code));
    static const char *const serials[] = {"SERIAL1", "A1", "N1", "N2", "C1", "C2"};
    for (size_t i = 0; i < sizeof serials / sizeof serials[0]; i++)
        assert_string_equal(pairs_of(voucher, serials[i]), "1");
    assert_string_equal(pairs_of(voucher, "X1"), "0");
    assert_string_equal(pairs_of(voucher, "X2"), "0");
    SAYS(JSON(&cashier, "ListMatches", "{\"voucher_id\":%lld,\"q\":\"己\"}", (long long)voucher),
         "\"serial\":\"X2\""); /* whoever looks for it finds it */
    SAYS(JSON(&who, "WithdrawVoucher", "{\"id\":%lld}", (long long)voucher), "WITHDRAWN");
    assert_string_equal(pairs_of(voucher, "C1"), "0");
}

static void test_words_that_find_many(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER");
    int64_t voucher = submitted(&who, "2000");
    const char *found = JSON(&cashier, "ListMatches", "{\"voucher_id\":%lld,\"q\":\"无关单位\"}",
                             (long long)voucher);
    SAYS(found, "\"lines\":5000,");
    size_t listed = 0;
    for (const char *at = found; (at = strstr(at, "\"line\":{")) != NULL; at++)
        listed++;
    assert_int_equal(listed, 20);
    SAYS(JSON(&who, "WithdrawVoucher", "{\"id\":%lld}", (long long)voucher), "WITHDRAWN");
}

/* What may belong together is looked for once a list, however many read of it. */
static void test_it_is_looked_for_once(void **state)
{
    (void)state;
    service_test_sql("CREATE SEQUENCE looks; GRANT USAGE ON SEQUENCE looks TO PUBLIC; DO $$ BEGIN "
                     "EXECUTE replace(pg_get_functiondef('match_chosen'::regproc), 'SELECT * FROM "
                     "match_pairs(0)', 'SELECT m.* FROM (SELECT nextval(''looks'') OFFSET 0) AS n, "
                     "match_pairs(0) AS m'); END $$");
    Common__Principal who = unit("MEMBER");
    int64_t voucher = submitted(&who, "2000");
    import(arena_printf(arena, HEADER OLD ",ONCE1,2000.00,1,别的户名,6223,会费%s\n",
                        code_of(account)));
    const char *found = JSON(&cashier, "ListMatches", "{}");
    SAYS(found, arena_printf(arena, "\"voucher\":{\"id\":\"%lld\"", (long long)voucher));
    SAYS(found, "\"serial\":\"ONCE1\"");
    assert_string_equal(VALUE("SELECT last_value FROM looks"), "1");
    SAYS(JSON(&cashier, "ListMatches", "{\"voucher_id\":%lld}", (long long)voucher),
         "\"serial\":\"ONCE1\"");
    assert_string_equal(VALUE("SELECT last_value FROM looks"), "1"); /* one has its own */
    SAYS(confirm(&cashier, voucher, 1, "2000", bill_of(account), "2000"), "CONFIRMED");
}

/* More than one look takes: the oldest, and how many are left; they come when those are decided. */
static void test_more_than_one_look_takes(void **state)
{
    (void)state;
    service_test_sql(
        "SET session_replication_role = replica;"
        "INSERT INTO unit (account_id, version, certified, unit_name, uscc, association_post, "
        "legal_person_name) SELECT 900000 + n, 1, true, '单位' || n, '', 'MEMBER', '' FROM "
        "generate_series(1, 450) AS n;"
        "INSERT INTO voucher (account_id, recorder, pay_method, paid_fen, paid_date, payer_name, "
        "bill_ids, receipt_info, submitted_at) SELECT account_id, 'MEMBER:' || account_id, 'BANK', "
        "200000, current_date, unit_name, '{}', '{}', now() + account_id * interval '1 second' "
        "FROM unit WHERE account_id > 900000;"
        "INSERT INTO statement_line (statement_id, kind, identity, occurred_at, amount_fen, "
        "payer_name, payer_account, serial, remark, wallet, booked_on) SELECT 1, 'ACCOUNT', 'V' || "
        "account_id, current_date, 200000, unit_name, '', 'V' || account_id, '', '', current_date "
        "FROM unit WHERE account_id > 900000;"
        "UPDATE voucher SET payer_name = '单位1' WHERE account_id = 900450;"
        "SET session_replication_role = origin");
    const char *found = JSON(&cashier, "ListMatches", "{}");
    SAYS(found, "\"vouchers\":450,");
    SAYS(found, "\"vouchers_left\":49");
    SAYS(found, "\"serial\":\"V900001\"");
    assert_null(strstr(found, "\"serial\":\"V900401\""));
    /* the newest may own the oldest's line, too, and is looked at with it: nothing that two may own is sure */
    assert_string_equal(VALUE("SELECT count(*) FROM match_chosen() WHERE line_id = (SELECT id FROM "
                              "statement_line WHERE serial = 'V900001')"),
                        "2");

    service_test_sql("UPDATE voucher SET state = 'WITHDRAWN' WHERE account_id BETWEEN 900001 AND "
                     "900100");
    found = JSON(&cashier, "ListMatches", "{}");
    SAYS(found, "\"vouchers\":350");
    SAYS(found, "\"serial\":\"V900401\"");
    assert_null(strstr(found, "\"vouchers_left\":4"));
    service_test_sql("UPDATE voucher SET state = 'WITHDRAWN' WHERE state = 'SUBMITTED'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_old_line_meets_its_voucher),
        cmocka_unit_test(test_what_makes_a_pair),
        cmocka_unit_test(test_words_that_find_many),
        cmocka_unit_test(test_it_is_looked_for_once),
        cmocka_unit_test(test_more_than_one_look_takes),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
