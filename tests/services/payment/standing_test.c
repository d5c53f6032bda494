/* Fees by their day, bills of several years and of years gone by, and what units ask for: to leave, and another post. */
#include "dues.h"

static int this_year(void)
{
    return atoi(VALUE("SELECT extract(year FROM current_date)"));
}

static const char *bills_of(int64_t id)
{
    return VALUE("SELECT string_agg((year - extract(year FROM current_date)::int) || CASE WHEN "
                 "arrears THEN 'a' ELSE '' END || ':' || state, ' ' ORDER BY year) FROM bill WHERE "
                 "account_id = %lld AND state <> 'CANCELLED'",
                 (long long)id);
}

static const char *save_fee(const char *post, const char *name, const char *amount,
                            const char *valid_from)
{
    return JSON(&secretary, "SaveFee",
                "{\"association_post\":\"%s\",\"association_post_name\":\"%s\",\"amount\":\"%s\","
                "\"valid_from\":\"%s\",\"document\":\"2026年会员大会决议\"}",
                post, name, amount, valid_from);
}

static void test_fees_begin_today_or_later(void **state)
{
    (void)state;
    SAYS(save_fee("MEMBER", "", "2500", VALUE("SELECT current_date - 1")), "valid_from");
    SAYS(save_fee("MEMBER", "", "2500", VALUE("SELECT current_date + 400")), "250000");
    SAYS(save_fee("NOBODY", "", "2500", today()), "fee_post_unknown");
    SAYS(save_fee("nobody'", "没有", "2500", today()), "fee_post_unknown");
    SAYS(save_fee("EXEC_COUNCIL", "常务理事单位", "4000", today()), "常务理事单位");
    const char *all = JSON(&secretary, "ListFeeSchedule", "{}");
    SAYS(all, "2026年会员大会决议");
    SAYS(all, VALUE("SELECT current_date + 400"));
    SAYS(JSON(&clerk, "ListFeeSchedule", "{}"), "not_allowed");
    SAYS(JSON(NULL, "ListFees", "{}"), "常务理事单位");
    assert_null(strstr(JSON(NULL, "ListFees", "{}"), "250000"));
    service_test_sql("DO $$ BEGIN INSERT INTO fee_schedule VALUES ('MEMBER', '会员单位', 1, "
                     "'2025-01-01', 4); RAISE 'taken'; EXCEPTION WHEN check_violation THEN NULL; "
                     "END $$");
}

/* One transfer pays three years: the first is opened by the clerk, the others follow it. */
static void test_several_years_at_once(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER");
    int year = this_year();
    SAYS(JSON(&who, "GetDues", "{}"),
         arena_printf(arena,
                      "\"offers\":[{\"year\":%d,\"arrears\":false,\"amount_fen\":\"200000\"}",
                      year + 1));
    SAYS(JSON(&who, "RequestBill", "{\"years\":[%d]}", year + 2), "bill_not_due");
    SAYS(JSON(&who, "RequestBill", "{\"years\":[4000000000]}"), "years");
    SAYS(JSON(&who, "RequestBill", "{\"years\":[%d,%d]}", year + 2, year + 1), "\"total\":2");
    SAYS(JSON(&who, "RequestBill", "{\"years\":[%d]}", year + 3), "bill_not_due");
    assert_string_equal(bills_of(account), "0:OPEN 1:OPEN 2:OPEN");
    assert_string_equal(VALUE("SELECT count(DISTINCT reference_code) FROM bill WHERE account_id = "
                              "%lld",
                              (long long)account),
                        "3");
    SAYS(JSON(&cashier, "RecordPayment",
              "{\"account_id\":%lld,\"pay_method\":\"BANK\",\"paid_amount\":\"6000\",\"paid_date\":"
              "\"%s\",\"payer_name\":\"张三\"}",
              (long long)account, today()),
         "SUBMITTED");
    SAYS(JSON(&treasurer, "DecideVoucher",
              "{\"id\":%s,\"version\":1,\"verdict\":\"CONFIRM\",\"confirmed_amount\":\"6000\","
              "\"received_date\":\"%s\"}",
              VALUE("SELECT max(id) FROM voucher"), today()),
         "CONFIRMED");
    assert_string_equal(bills_of(account), "0:PAID 1:PAID 2:PAID");
    SAYS(JSON(&clerk, "OpenMembership", "{\"account_id\":%lld,\"bill_id\":%s}", (long long)account,
              VALUE("SELECT min(id) FROM bill WHERE account_id = %lld", (long long)account)),
         "first_day");
    assert_string_equal(VALUE("SELECT count(*) || ' ' || (max(last_day) = (current_date + interval "
                              "'3 years')::date - 1) FROM term WHERE account_id = %lld",
                              (long long)account),
                        "3 true");
    SAYS(JSON(&who, "RequestBill", "{}"), "bill_not_due");
    nothing_contradicts();
}

/* Years gone by are owed, and open no membership. */
static void test_arrears(void **state)
{
    (void)state;
    Common__Principal who = paid_unit();
    int year = this_year();
    service_test_sql(arena_printf(arena, "UPDATE bill SET year = %d WHERE account_id = %lld",
                                  year - 3, (long long)account));
    SAYS(open_membership(account), "first_day");
    days_pass(account, 3 * 365);
    assert_string_equal(status_of(account), "EXPIRED");
    SAYS(JSON(&who, "RequestBill", "{\"years\":[%d]}", year - 4), "bill_not_due");
    SAYS(JSON(&clerk, "MakeBills", "{\"account_id\":%lld,\"years\":[%d]}", (long long)account,
              year - 4),
         "\"arrears\":true");
    SAYS(JSON(&cashier, "MakeBills", "{\"account_id\":%lld,\"years\":[%d]}", (long long)account,
              year - 1),
         "not_allowed");
    SAYS(JSON(&who, "RequestBill", "{\"years\":[%d,%d]}", year - 1, year), "\"total\":2");
    assert_string_equal(bills_of(account), "-4a:OPEN -3:PAID -1a:OPEN 0:OPEN");
    int64_t gone = atoll(VALUE("SELECT id FROM bill WHERE account_id = %lld AND year = %d",
                               (long long)account, year - 1));
    int64_t voucher = submitted(&who, "2000");
    SAYS(confirm(&cashier, voucher, 1, "2000", gone, "2000"), "CONFIRMED");
    assert_string_equal(status_of(account), "EXPIRED"); /* nothing waits to be opened */
    SAYS(JSON(&clerk, "OpenMembership", "{\"account_id\":%lld,\"bill_id\":%lld}",
              (long long)account, (long long)gone),
         "bill_not_settled");
    nothing_contradicts();
}

static const char *ask(const Common__Principal *who, const char *more)
{
    return JSON(who, "SubmitPetition", "{\"reason\":\"公司业务调整，特此申请\"%s}", more);
}

#define LEAVE ",\"kind\":\"LEAVE\",\"leave_reason\":\"VOLUNTARY\""
#define POST ",\"kind\":\"CHANGE_POST\",\"association_post\":\"COUNCIL\""

static void test_a_unit_asks_to_leave(void **state)
{
    (void)state;
    Common__Principal who = paid_unit();
    SAYS(ask(&who, LEAVE), "petition_not_possible"); /* it is no member yet */
    SAYS(open_membership(account), "first_day");
    SAYS(ask(&who, ",\"kind\":\"LEAVE\""), "leave_reason");
    SAYS(ask(&who, ",\"kind\":\"LEAVE\",\"leave_reason\":\"VIOLATION\""), "petition_not_possible");
    SAYS(ask(&who, LEAVE), "REQUESTED");
    SAYS(ask(&who, LEAVE), "petition_open");
    const char *id = VALUE("SELECT max(id) FROM petition");
    SAYS(JSON(&who, "WithdrawPetition", "{\"id\":%s}", id), "WITHDRAWN");
    SAYS(JSON(&who, "WithdrawPetition", "{\"id\":%s}", id), "petition_gone");
    SAYS(ask(&who, LEAVE), "REQUESTED");
    id = VALUE("SELECT max(id) FROM petition");
    SAYS(JSON(&clerk, "ListMembers", "{\"any_state\":true,\"has_petition\":true}"),
         arena_printf(arena, "咨询公司%lld", (long long)account));
    SAYS(JSON(&clerk, "DeclinePetition", "{\"id\":%s,\"note\":\"请先交清去年的会费\"}", id),
         "DECLINED");
    SAYS(JSON(&who, "GetDues", "{}"), "请先交清去年的会费");
    SAYS(ask(&who, LEAVE), "REQUESTED");
    SAYS(JSON(&clerk, "Propose",
              "{\"kind\":\"TERMINATE\",\"account_id\":%lld,\"reason\":\"按章程的规定办理\"}",
              (long long)account),
         "leave_reason");
    decided(&clerk, "TERMINATE", ",\"leave_reason\":\"VOLUNTARY\"");
    assert_string_equal(status_of(account), "TERMINATED");
    SAYS(JSON(&who, "GetDues", "{}"), "主动申请：按章程的规定办理");
    assert_string_equal(VALUE("SELECT state FROM petition ORDER BY id DESC LIMIT 1"), "ACCEPTED");
}

static void test_a_unit_asks_for_another_post(void **state)
{
    (void)state;
    Common__Principal who = paid_unit();
    SAYS(open_membership(account), "first_day");
    days_pass(account, 300);
    SAYS(JSON(&who, "RequestBill", "{}"), "\"amount_fen\":\"200000\"");
    SAYS(ask(&who, ",\"kind\":\"CHANGE_POST\",\"association_post\":\"MEMBER\""),
         "petition_not_possible");
    SAYS(ask(&who, POST), "REQUESTED");
    SAYS(JSON(&clerk, "Propose",
              "{\"kind\":\"CHANGE_POST\",\"account_id\":%lld,\"association_post\":\"COUNCIL\","
              "\"reason\":\"按章程的规定办理\"}",
              (long long)account),
         "document");
    decided(&clerk, "CHANGE_POST",
            ",\"association_post\":\"COUNCIL\",\"document\":\"理事会2026年第3号决议\"");
    assert_string_equal(VALUE("SELECT state FROM petition ORDER BY id DESC LIMIT 1"), "ACCEPTED");
    assert_string_equal(VALUE("SELECT (payload ->> 'from') || (payload ->> 'to') || ((payload ->> "
                              "'date')::date - current_date) FROM outbox WHERE event = "
                              "'membership.changed' ORDER BY id DESC LIMIT 1"),
                        "会员单位理事单位65");
    /* the bill of the old post is gone, the next is of the new one; the term that runs keeps its own */
    SAYS(JSON(&who, "RequestBill", "{}"), "\"amount_fen\":\"300000\"");
    SAYS(JSON(&who, "GetDues", "{}"), "\"association_post_name\":\"会员单位\",\"first_day\"");
    /* certification tells of the same as before: nothing changes; of something else: that counts */
    unit_told(account, 2, true, "MEMBER");
    assert_string_equal(
        VALUE("SELECT association_post FROM unit WHERE account_id = %lld", (long long)account),
        "COUNCIL");
    unit_told(account, 3, true, "PRESIDENT");
    assert_string_equal(
        VALUE("SELECT association_post FROM unit WHERE account_id = %lld", (long long)account),
        "PRESIDENT");
    nothing_contradicts();
}

static const char *post_now(void)
{
    return VALUE("SELECT (member_status(%lld, current_date)).association_post_name",
                 (long long)account);
}

#define TO(post) ",\"association_post\":\"" post "\",\"document\":\"理事会2026年第3号决议\""

/* C.5: staff may decide that the dearer post is paid for in the term that runs, whole or in part; paid, the term is of it. */
static void test_the_difference_of_a_post_is_billed(void **state)
{
    (void)state;
    Common__Principal who = paid_unit();
    SAYS(open_membership(account), "first_day");
    SAYS(JSON(&clerk, "GetMember", "{\"account_id\":%lld}", (long long)account),
         "\"term_billed_fen\":\"200000\"");
    SAYS(JSON(&clerk, "Propose",
              "{\"kind\":\"CHANGE_POST\",\"account_id\":%lld,\"amount\":\"1000.01\",\"reason\":"
              "\"按章程的规定办理\"" TO("COUNCIL") "}",
              (long long)account),
         "最多1000.00元");
    decided(&clerk, "CHANGE_POST", ",\"amount\":\"1000\"" TO("COUNCIL"));
    assert_string_equal(
        VALUE("SELECT (payload ->> 'to') || (payload ->> 'amount') FROM outbox "
              "WHERE event = 'bill.difference' AND payload ->> 'account_id' = '%lld'",
              (long long)account),
        "理事单位1000");
    assert_string_equal(post_now(), "会员单位");
    assert_string_equal(status_of(account), "ACTIVE");
    SAYS(JSON(&who, "GetDues", "{}"), "\"difference\":true");
    SAYS(JSON(&who, "RequestBill", "{}"), "bill_not_due");
    SAYS(confirm(&cashier, submitted(&who, "1000"), 1, "1000", bill_of(account), "1000"),
         "CONFIRMED");
    assert_string_equal(post_now(), "理事单位");
    assert_string_equal(status_of(account), "ACTIVE");
    assert_string_equal(
        VALUE("SELECT count(*) FROM term WHERE account_id = %lld", (long long)account), "1");
    nothing_contradicts();

    /* higher once more, a part of the difference, which credit pays at once */
    service_test_sql(
        arena_printf(arena,
                     "INSERT INTO voucher (account_id, recorder, pay_method, paid_fen, "
                     "paid_date, payer_name, bill_ids, receipt_info) VALUES (%lld, "
                     "'STAFF:1', 'BANK', 70000, current_date, 'x', '{}', '{}')",
                     (long long)account));
    SAYS(JSON(&cashier, "DecideVoucher",
              "{\"id\":%s,\"version\":1,\"verdict\":\"CONFIRM\",\"confirmed_amount\":\"700\","
              "\"received_date\":\"%s\"}",
              VALUE("SELECT max(id) FROM voucher"), today()),
         "CONFIRMED");
    decided(&clerk, "CHANGE_POST", ",\"amount\":\"700\"" TO("PRESIDENT"));
    assert_string_equal(post_now(), "会长单位");
    assert_string_equal(
        VALUE("SELECT (payload ->> 'to') || (payload ->> 'date' = current_date::text) FROM "
              "outbox WHERE event = 'membership.changed' ORDER BY id DESC LIMIT 1"),
        "会长单位true");

    /* lower: from the next term on, and nothing to bill */
    SAYS(JSON(&clerk, "Propose",
              "{\"kind\":\"CHANGE_POST\",\"account_id\":%lld,\"amount\":\"1\",\"reason\":"
              "\"按章程的规定办理\"" TO("MEMBER") "}",
              (long long)account),
         "没有可以补收的差额");
    decided(&clerk, "CHANGE_POST", TO("MEMBER"));
    assert_string_equal(post_now(), "会长单位");
    days_pass(account, 300);
    SAYS(JSON(&who, "RequestBill", "{}"), "\"amount_fen\":\"200000\"");
    nothing_contradicts();
}

static void test_lists_are_sorted_as_asked(void **state)
{
    (void)state;
    SAYS(JSON(&clerk, "ListMembers", "{\"any_state\":true,\"sort\":\"ENDING_FIRST\",\"limit\":2}"),
         "next_cursor");
    SAYS(JSON(&cashier, "ListBills", "{\"sort\":\"NEWEST_FIRST\",\"limit\":2}"), "receipted_fen");
    Common__Principal who = service_test_member(account);
    SAYS(JSON(&who, "ListMyVouchers", "{\"sort\":\"OLDEST_FIRST\",\"limit\":1}"), "CONFIRMED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fees_begin_today_or_later),
        cmocka_unit_test(test_several_years_at_once),
        cmocka_unit_test(test_arrears),
        cmocka_unit_test(test_a_unit_asks_to_leave),
        cmocka_unit_test(test_a_unit_asks_for_another_post),
        cmocka_unit_test(test_the_difference_of_a_post_is_billed),
        cmocka_unit_test(test_lists_are_sorted_as_asked),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
