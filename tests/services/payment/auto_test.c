/* Automatic confirmation: off until it is set, then only what is sure, small, a unit's own and without a warning. */
#include "dues.h"

#define HEADER "交易日期,交易时间,交易流水号,贷方发生额,对方户名,对方账号,用途\n"

/* A transfer of a unit with its reference code, on today's statement. */
static void came(int64_t id, const char *amount, const char *serial)
{
    const char *csv = arena_printf(
        arena, HEADER "%s,10:00:00,%s,%s,咨询公司%lld,6222%lld,会费%s\n", today(), serial, amount,
        (long long)id, (long long)id,
        VALUE("SELECT max(reference_code) FROM bill WHERE account_id = %lld", (long long)id));
    service_test_body(csv, strlen(csv));
    SAYS(JSON(&cashier, "ImportStatement", "{\"kind\":\"ACCOUNT\",\"file_name\":\"明细.csv\"}"),
         "\"added\":1");
}

static const char *saved(const Common__Principal *who, bool is_on)
{
    return JSON(who, "SaveDuesPolicy",
                "{\"term_mode\":\"ROLLING\",\"grace_days\":30,\"second_over\":\"10000\","
                "\"reminder_days\":[-60,-30,-7,0,15,30],\"auto_confirm\":%s,\"version\":%s}",
                is_on ? "true" : "false", VALUE("SELECT version FROM dues_policy"));
}

static const char *state_of(int64_t voucher)
{
    return VALUE("SELECT state FROM voucher WHERE id = %lld", (long long)voucher);
}

/* Runs it until a sure one, which is made for that, is through: whatever comes before it was decided, or was not. */
static void run_through(void)
{
    Common__Principal who = unit("MEMBER");
    int64_t voucher = submitted(&who, "2000");
    came(account, "2000", arena_printf(arena, "Z%lld", (long long)account));
    auto_run(service_test_run());
    service_test_until(arena_printf(
        arena, "SELECT state = 'CONFIRMED' FROM voucher WHERE id = %lld", (long long)voucher));
}

static void test_it_is_off(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER");
    int64_t voucher = submitted(&who, "2000");
    came(account, "2000", "A1");
    SAYS(JSON(&cashier, "ListMatches", "{}"), "\"green\":true");
    SAYS(JSON(&secretary, "GetDuesPolicy", "{}"), "\"auto_confirm\":false");
    auto_run(service_test_run());
    for (int i = 0; i < 20; i++) /* whatever it began has come back by then */
        JSON(&secretary, "GetDuesPolicy", "{}");
    assert_string_equal(state_of(voucher), "SUBMITTED");

    SAYS(saved(&cashier, true), "not_allowed");
    SAYS(saved(&secretary, true), "\"auto_confirm\":true");
    assert_string_equal(
        VALUE("SELECT count(*) FROM audit WHERE action = 'dues.policy_changed' AND actor_id = 23"),
        "1");
    auto_run(service_test_run());
    service_test_until(arena_printf(
        arena, "SELECT state = 'CONFIRMED' FROM voucher WHERE id = %lld", (long long)voucher));
    const char *shown = JSON(&cashier, "GetVoucher", "{\"id\":%lld}", (long long)voucher);
    SAYS(shown, "\"decided_by_name\":\"自动确认\"");
    const char *line =
        JSON(&cashier, "ListStatementLines", "{\"q\":\"A1\",\"view\":\"ALLOCATED\"}");
    SAYS(line, "\"evidence\":\"自动确认（100分，其次0分）：附言码相符、金额等于应缴");
    SAYS(line, "\"changed_by_name\":\"自动确认\"");
    assert_string_equal(VALUE("SELECT string_agg(DISTINCT recorder || ' ' || approver, ',') FROM "
                              "transfer WHERE voucher_id = %lld",
                              (long long)voucher),
                        VALUE("SELECT 'MEMBER:%lld SYSTEM:AUTO'", (long long)who.account_id));
    assert_string_equal(VALUE("SELECT actor_kind || actor_id FROM audit WHERE action = "
                              "'voucher.decided' AND object = '%lld'",
                              (long long)voucher),
                        "SYSTEM0");
    assert_string_equal(VALUE("SELECT count(*) FROM learned_payer WHERE account_id = %lld",
                              (long long)who.account_id),
                        "0"); /* an account is learnt from persons */
    assert_string_equal(
        VALUE("SELECT count(*) FROM receipt WHERE voucher_id = %lld", (long long)voucher), "1");
    nothing_contradicts();
}

static void test_what_is_not_sure_waits(void **state)
{
    (void)state;
    Common__Principal large = unit("MEMBER"); /* takes two */
    service_test_sql(arena_printf(
        arena, "UPDATE bill SET amount_fen = 1200000 WHERE account_id = %lld", (long long)account));
    int64_t takes_two = submitted(&large, "12000");
    came(account, "12000", "B1");

    Common__Principal warned = unit("MEMBER"); /* 500 more than is owed */
    int64_t overpaid = submitted(&warned, "2500");
    came(account, "2500", "B2");

    Common__Principal claimed = unit("MEMBER"); /* entered by staff */
    const char *csv = arena_printf(arena, HEADER "%s,10:00:00,B3,2000,某人,1,\n", today());
    service_test_body(csv, strlen(csv));
    JSON(&cashier, "ImportStatement", "{\"kind\":\"ACCOUNT\",\"file_name\":\"明细.csv\"}");
    SAYS(JSON(&cashier, "RecordPayment",
              "{\"account_id\":%lld,\"pay_method\":\"BANK\",\"paid_amount\":\"2000\",\"paid_date\":"
              "\"%s\",\"payer_name\":\"咨询公司%lld\",\"bank_line_id\":%s}",
              (long long)account, today(), (long long)account,
              VALUE("SELECT max(id) FROM statement_line WHERE serial = 'B3'")),
         "SUBMITTED");
    int64_t by_staff = atoll(VALUE("SELECT max(id) FROM voucher"));
    (void)claimed;

    Common__Principal nameless = unit("MEMBER"); /* a name and an amount alone are yellow */
    int64_t yellow = submitted(&nameless, "2000");
    csv = arena_printf(arena, HEADER "%s,10:00:00,B4,2000,咨询公司%lld,1,\n", today(),
                       (long long)account);
    service_test_body(csv, strlen(csv));
    JSON(&cashier, "ImportStatement", "{\"kind\":\"ACCOUNT\",\"file_name\":\"明细.csv\"}");

    run_through();
    run_through();
    assert_string_equal(state_of(takes_two), "SUBMITTED");
    assert_string_equal(state_of(overpaid), "SUBMITTED");
    assert_string_equal(state_of(by_staff), "SUBMITTED");
    assert_string_equal(state_of(yellow), "SUBMITTED");
    assert_string_equal(
        VALUE("SELECT count(*) FROM voucher WHERE state = 'SUBMITTED' AND first_by IS NOT NULL"),
        "0");

    SAYS(saved(&secretary, false), "\"auto_confirm\":false");
}

/* Nobody gets round it by the database. */
static void test_the_database_sees_to_it(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER");
    int64_t voucher = submitted(&who, "2000");
    came(account, "2000", "C1");
    const char *line = VALUE("SELECT max(id) FROM statement_line WHERE serial = 'C1'");
    const char *sql = arena_printf(arena,
                                   "DO $$ BEGIN UPDATE statement_line SET state = 'ALLOCATED', "
                                   "voucher_id = %lld WHERE id = %s; "
                                   "UPDATE voucher SET state = 'CONFIRMED', confirmed_fen = "
                                   "200000, received_on = current_date, "
                                   "decided_by = 0 WHERE id = %lld; RAISE EXCEPTION 'done'; "
                                   "EXCEPTION WHEN check_violation THEN "
                                   "RAISE NOTICE 'refused'; END $$",
                                   (long long)voucher, line, (long long)voucher);
    service_test_sql(sql); /* 'done' would fail it */
    assert_string_equal(state_of(voucher), "SUBMITTED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_is_off),
        cmocka_unit_test(test_what_is_not_sure_waits),
        cmocka_unit_test(test_the_database_sees_to_it),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
