/* What the lists of staff find, by each of their filters, and in which order. */
#include "dues.h"

static const char *name_of(int64_t id)
{
    return arena_printf(arena, "咨询公司%lld", (long long)id);
}

/* A list asked for so finds so many. */
static void finds(const Common__Principal *who, const char *method, int total, const char *asked)
{
    const char *told = JSON(who, method, "{%s}", asked), *at = strstr(told, "\"total\":");
    if (at == NULL || strtol(at + strlen("\"total\":"), NULL, 10) != total)
        fail_msg("%s {%s} gives %s", method, asked, told);
}

/* The names of units stand in the told in this order. */
static void in_order(const char *told, int64_t first, int64_t second)
{
    const char *a = strstr(told, name_of(first)), *b = strstr(told, name_of(second));
    assert_true(a != NULL && b != NULL && a < b);
}

static const char *cursor_of(const char *told)
{
    const char *at = strstr(told, "\"next_cursor\":\"") + strlen("\"next_cursor\":\"");
    return arena_printf(arena, "%.*s", (int)strcspn(at, "\""), at);
}

static void test_bills_by_post_and_part_payment(void **state)
{
    (void)state;
    Common__Principal part = unit("MEMBER");
    SAYS(confirm(&cashier, submitted(&part, "1000"), 1, "1000", bill_of(account), "1000"),
         "CONFIRMED");
    unit("COUNCIL");
    finds(&cashier, "ListBills", 2, "\"view\":\"UNPAID\"");
    finds(&cashier, "ListBills", 1, "\"view\":\"PARTLY_PAID\"");
    finds(&cashier, "ListBills", 1, "\"association_post\":\"COUNCIL\"");
    finds(&cashier, "ListBills", 0, "\"association_post\":\"COUNCIL\",\"view\":\"PARTLY_PAID\"");
    finds(&cashier, "ListBills", 0, "\"association_post\":\"PRESIDENT\"");
    SAYS(JSON(&cashier, "ListBills", "{\"view\":\"PARTLY_PAID\",\"sort\":\"NEWEST_FIRST\"}"),
         "\"paid_fen\":\"100000\"");
}

/* Who reads a list to its end is given its rows, and no number of them. */
static void test_members_are_counted_or_not(void **state)
{
    (void)state;
    paid_unit();
    SAYS(open_membership(account), "first_day");
    const char *number =
        VALUE("SELECT member_no FROM membership WHERE account_id = %lld", (long long)account);
    const char *by_number = arena_printf(arena, "\"state\":\"ACTIVE\",\"q\":\"%s\"", number);
    finds(&clerk, "ListMembers", 1, by_number);
    finds(&clerk, "ListMembers", 1,
          arena_printf(arena, "\"any_state\":true,\"q\":\"%s\"", name_of(account)));
    finds(&clerk, "ListMembers", 0,
          arena_printf(arena, "\"state\":\"GRACE\",\"q\":\"%s\"", number));
    const char *told =
        JSON(&clerk, "ListMembers", "{%s,\"limit\":500,\"uncounted\":true}", by_number);
    SAYS(told, name_of(account));
    SAYS(told, "\"total\":0");
    told = JSON(&cashier, "ListBills", "{\"q\":\"%s\",\"limit\":500,\"uncounted\":true}",
                name_of(account));
    SAYS(told, name_of(account));
    SAYS(told, "\"total\":0");
}

static int64_t rejected(void)
{
    Common__Principal who = unit("MEMBER");
    int64_t voucher = submitted(&who, "2500.50");
    SAYS(JSON(&cashier, "DecideVoucher",
              "{\"id\":%lld,\"version\":1,\"verdict\":\"REJECT\",\"reason_codes\":[\"V02\"]}",
              (long long)voucher),
         "REJECTED");
    return voucher;
}

static void test_vouchers_by_state_day_and_amount(void **state)
{
    (void)state;
    Common__Principal withdrawn = unit("MEMBER");
    int64_t voucher = submitted(&withdrawn, "2000");
    SAYS(JSON(&withdrawn, "WithdrawVoucher", "{\"id\":%lld}", (long long)voucher), "WITHDRAWN");
    rejected();
    paid_unit();
    decided(&cashier, "REVERSE",
            arena_printf(arena, ",\"voucher_id\":%s", VALUE("SELECT max(id) FROM voucher")));
    unit("MEMBER");
    SAYS(JSON(&cashier, "RecordPayment",
              "{\"account_id\":%lld,\"pay_method\":\"BANK\",\"paid_amount\":\"3000\",\"paid_date\":"
              "\"%s\",\"payer_name\":\"张三\"}",
              (long long)account, VALUE("SELECT current_date - 3")),
         "SUBMITTED");

    finds(&cashier, "ListVouchers", 1, "");
    finds(&cashier, "ListVouchers", 1, "\"view\":\"REJECTED\"");
    finds(&cashier, "ListVouchers", 1, "\"view\":\"REVERSED\"");
    finds(&cashier, "ListVouchers", 1, "\"view\":\"WITHDRAWN\"");
    finds(&cashier, "ListVouchers", 1, "\"view\":\"CONFIRMED\""); /* of the test before */
    finds(&cashier, "ListVouchers", 3, "\"view\":\"DECIDED\"");
    finds(&cashier, "ListVouchers", 5, "\"view\":\"ALL\"");

    finds(&cashier, "ListVouchers", 1, "\"view\":\"ALL\",\"amount_from\":\"2,500.51\"");
    finds(&cashier, "ListVouchers", 2, "\"view\":\"ALL\",\"amount_from\":\"2500.5\"");
    finds(&cashier, "ListVouchers", 1, "\"view\":\"ALL\",\"amount_to\":\"1000\"");
    finds(&cashier, "ListVouchers", 2,
          "\"view\":\"ALL\",\"amount_from\":\"2000\",\"amount_to\":\"2000\"");
    SAYS(JSON(&cashier, "ListVouchers", "{\"amount_from\":\"2000\",\"amount_to\":\"1999.99\"}"),
         "amount_to");
    SAYS(JSON(&cashier, "ListVouchers", "{\"amount_from\":\"很多\"}"), "amount_from");

    finds(&cashier, "ListVouchers", 4,
          arena_printf(arena, "\"view\":\"ALL\",\"day_from\":\"%s\"", today()));
    finds(&cashier, "ListVouchers", 1,
          arena_printf(arena, "\"view\":\"ALL\",\"day_to\":\"%s\"",
                       VALUE("SELECT current_date - 3")));
    finds(&cashier, "ListVouchers", 0,
          arena_printf(arena, "\"view\":\"ALL\",\"day_to\":\"%s\"",
                       VALUE("SELECT current_date - 4")));
    SAYS(JSON(&cashier, "ListVouchers", "{\"day_from\":\"2026-03-02\",\"day_to\":\"2026-03-01\"}"),
         "day_to");
    SAYS(JSON(&cashier, "ListVouchers", "{\"day_from\":\"2026-02-30\"}"), "day_from");
}

static void test_proposals_are_searched(void **state)
{
    (void)state;
    paid_unit();
    SAYS(open_membership(account), "first_day");
    proposed(&clerk, "SUSPEND", "");
    int64_t first = account;
    paid_unit();
    SAYS(open_membership(account), "first_day");
    proposed(&clerk, "SUSPEND", "");
    proposed(&clerk, "TERMINATE", ",\"leave_reason\":\"VOLUNTARY\"");

    finds(&secretary, "ListProposals", 3, "");
    finds(&secretary, "ListProposals", 2, "\"kind\":\"SUSPEND\"");
    finds(&secretary, "ListProposals", 0, "\"kind\":\"WAIVE\"");
    finds(&secretary, "ListProposals", 1, "\"kind\":\"REVERSE\",\"view\":\"ALL\"");
    finds(&secretary, "ListProposals", 1, arena_printf(arena, "\"q\":\"%s\"", name_of(first)));
    finds(&secretary, "ListProposals", 3, "\"q\":\"审核员20\"");
    finds(&secretary, "ListProposals", 0, "\"q\":\"审核员\"");
    finds(&secretary, "ListProposals", 3, "\"q\":\"章程\"");
    finds(&secretary, "ListProposals", 0, "\"q\":\"' OR true --\"");
    finds(&issuer, "ListProposals", 0, "\"q\":\"章程\""); /* who neither asks nor decides */
    in_order(JSON(&secretary, "ListProposals", "{}"), first, account);
    in_order(JSON(&secretary, "ListProposals", "{\"sort\":\"NEWEST_FIRST\"}"), account, first);
    in_order(JSON(&secretary, "ListProposals", "{\"view\":\"ALL\"}"), account, first);
    const char *page = JSON(&secretary, "ListProposals",
                            "{\"sort\":\"NEWEST_FIRST\",\"kind\":\"SUSPEND\",\"limit\":1}");
    SAYS(page, name_of(account));
    SAYS(JSON(&secretary, "ListProposals",
              "{\"sort\":\"NEWEST_FIRST\",\"kind\":\"SUSPEND\",\"limit\":1,\"cursor\":\"%s\"}",
              cursor_of(page)),
         name_of(first));
}

static void test_files_of_the_bank_are_searched(void **state)
{
    (void)state;
    service_test_sql(
        "INSERT INTO statement (kind, file_name, lines, added, imported_by, imported_by_name, "
        "account_no, first_on, last_on) VALUES "
        "('ACCOUNT', '流水-9月.CSV', 2, 2, 21, '赵会计', '0505010409200054816', '2026-09-01', "
        "'2026-09-30'), "
        "('MERCHANT', '收款码.csv', 2, 2, 21, '赵会计', '', '2026-09-30', '2026-10-02'), "
        "('ACCOUNT', '空.csv', 0, 0, 22, '钱会计', '', NULL, NULL);"
        "INSERT INTO statement_undo (statement_id, lines, undone_by, undone_by_name) SELECT id, 2, "
        "21, '赵会计' FROM statement WHERE kind = 'MERCHANT'");
    finds(&cashier, "ListStatements", 3, "");
    finds(&cashier, "ListStatements", 2, "\"view\":\"KEPT\"");
    finds(&cashier, "ListStatements", 1, "\"view\":\"UNDONE\"");
    finds(&cashier, "ListStatements", 2, "\"kind\":\"ACCOUNT\"");
    finds(&cashier, "ListStatements", 2, "\"month\":\"2026-09\"");
    finds(&cashier, "ListStatements", 1, "\"month\":\"2026-10\"");
    finds(&cashier, "ListStatements", 0, "\"month\":\"2026-08\"");
    finds(&cashier, "ListStatements", 1, "\"q\":\"9月.csv\"");
    finds(&cashier, "ListStatements", 1, "\"q\":\"0505010409200054816\"");
    finds(&cashier, "ListStatements", 1, "\"q\":\"钱会计\"");
    SAYS(JSON(&cashier, "ListStatements", "{\"month\":\"2026-13\"}"), "month");
    SAYS(JSON(&clerk, "ListStatements", "{}"), "not_allowed");
    const char *page = JSON(&cashier, "ListStatements", "{\"sort\":\"OLDEST_FIRST\",\"limit\":2}");
    assert_true(strstr(page, "流水-9月") < strstr(page, "收款码.csv"));
    SAYS(JSON(&cashier, "ListStatements",
              "{\"sort\":\"OLDEST_FIRST\",\"limit\":2,\"cursor\":\"%s\"}", cursor_of(page)),
         "空.csv");
    SAYS(JSON(&cashier, "ListStatements", "{\"limit\":1}"), "空.csv");
}

/* D.4: what went out, and what was left out and by whom. */
static void test_reminders_that_went_out(void **state)
{
    (void)state;
    int64_t first = account - 1;
    service_test_sql(arena_printf(
        arena,
        "INSERT INTO reminder (account_id, last_day, step, told_at, skipped_by_name) VALUES "
        "(%lld, '2026-10-01', -7, '2026-09-24 10:00:00.123456+08', ''), "
        "(%lld, '2026-10-01', 0, '2026-10-01 10:00:00.654321+08', '孙审核'), "
        "(%lld, '2026-10-01', 0, '2026-10-01 10:00:00.654321+08', '')",
        (long long)first, (long long)first, (long long)account));
    finds(&clerk, "ListToldReminders", 3, "");
    finds(&clerk, "ListToldReminders", 2, "\"view\":\"SENT\"");
    finds(&clerk, "ListToldReminders", 1, "\"view\":\"SKIPPED\"");
    finds(&clerk, "ListToldReminders", 1, "\"q\":\"孙审核\"");
    finds(&clerk, "ListToldReminders", 2, arena_printf(arena, "\"q\":\"%s\"", name_of(first)));
    finds(&clerk, "ListToldReminders", 1,
          arena_printf(arena, "\"q\":\"%s\"",
                       VALUE("SELECT lower(member_no) FROM membership WHERE account_id = %lld",
                             (long long)account)));
    SAYS(JSON(&clerk, "ListToldReminders", "{\"view\":\"SKIPPED\"}"),
         "\"step\":0,\"told_at\":\"2026-10-01");
    SAYS(JSON(&clerk, "ListToldReminders", "{\"view\":\"SKIPPED\"}"),
         "\"skipped_by_name\":\"孙审核\"");
    const char *page = JSON(&clerk, "ListToldReminders", "{\"limit\":1}");
    SAYS(page, name_of(account));
    page = JSON(&clerk, "ListToldReminders", "{\"limit\":1,\"cursor\":\"%s\"}", cursor_of(page));
    SAYS(page, "孙审核");
    page = JSON(&clerk, "ListToldReminders", "{\"limit\":1,\"cursor\":\"%s\"}", cursor_of(page));
    SAYS(page, "\"step\":-7");
    assert_string_equal(cursor_of(page), "");
    SAYS(JSON(&clerk, "ListToldReminders", "{\"sort\":\"OLDEST_FIRST\",\"limit\":1}"),
         "\"step\":-7");
    SAYS(JSON(&clerk, "ListToldReminders", "{\"cursor\":\"1\"}"), "cursor");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bills_by_post_and_part_payment),
        cmocka_unit_test(test_vouchers_by_state_day_and_amount),
        cmocka_unit_test(test_proposals_are_searched),
        cmocka_unit_test(test_files_of_the_bank_are_searched),
        cmocka_unit_test(test_reminders_that_went_out),
        cmocka_unit_test(test_members_are_counted_or_not),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
