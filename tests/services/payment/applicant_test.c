/* Payment before approval: a unit whose form waits pays, its money is its credit, and the first bill takes it. */
#include "dues.h"

static Common__Principal applicant(const char *post)
{
    unit_applied(++account, 1, true, post);
    return service_test_member(account);
}

/* Of a unit without a bill. Gives the voucher's number. */
static int64_t paid_ahead(const Common__Principal *who, const char *amount)
{
    const char *json = arena_printf(
        arena,
        "{\"pay_method\":\"BANK\",\"voucher_files\":[\"%s\"],\"paid_amount\":\"%s\",\"paid_date\":"
        "\"%s\",\"payer_name\":\"咨询公司%lld\",\"receipt_info\":{\"receipt_title\":\"咨询公司%"
        "lld\","
        "\"receipt_tax_id\":\"91140403MA0K1X2Y1M\",\"receipt_phone\":\"18003551778\"}}",
        file_of(account), amount, today(), (long long)account, (long long)account);
    SAYS(JSON(who, "SubmitVoucher", "%s", json), "\"state\":\"SUBMITTED\"");
    return atoll(VALUE("SELECT max(id) FROM voucher"));
}

static void confirm_ahead(int64_t voucher, const char *amount)
{
    SAYS(JSON(&cashier, "DecideVoucher",
              "{\"id\":%lld,\"version\":1,\"verdict\":\"CONFIRM\",\"confirmed_amount\":\"%s\","
              "\"received_date\":\"%s\"}",
              (long long)voucher, amount, today()),
         "CONFIRMED");
}

static const char *credit(void)
{
    return VALUE("SELECT credit_fen FROM unit WHERE account_id = %lld", (long long)account);
}

static const char *bills(void)
{
    return VALUE(
        "SELECT coalesce(string_agg(state || ' ' || amount_fen || ' ' || paid_fen, ', '), '') "
        "FROM bill WHERE account_id = %lld",
        (long long)account);
}

static const char *last_told(const char *event)
{
    return VALUE(
        "SELECT payload ->> 'next' FROM outbox WHERE event = '%s' ORDER BY id DESC LIMIT 1", event);
}

static void test_money_comes_before_the_certification(void **state)
{
    (void)state;
    Common__Principal who = applicant("MEMBER");
    const char *dues = JSON(&who, "GetDues", "{}");
    SAYS(dues, "\"applying\":true");
    SAYS(dues, "\"certified\":false");
    SAYS(dues, "\"expected_fen\":\"200000\"");
    SAYS(dues, "\"association_post_name\":\"会员单位\"");
    SAYS(dues, "\"account_no\":\"0505010409200054816\"");
    SAYS(JSON(&who, "RequestBill", "{}"), "bill_not_due");
    int64_t voucher = paid_ahead(&who, "2000");
    assert_string_equal(status_of(account), "VOUCHER_REVIEW");
    SAYS(JSON(&cashier, "GetVoucher", "{\"id\":%lld}", (long long)voucher), "认证尚未生效");
    confirm_ahead(voucher, "2000");
    assert_string_equal(status_of(account), "NONE");
    assert_string_equal(credit(), "200000");
    SAYS(last_told("voucher.confirmed"), "等待会员单位认证");
    SAYS(JSON(&who, "ListMyVouchers", "{}"),
         VALUE("SELECT '\"years\":\"' || extract(year FROM current_date) || '\"'"));
    nothing_contradicts();

    unit_told(account, 1, true, "MEMBER");
    assert_string_equal(bills(), "PAID 200000 200000");
    assert_string_equal(status_of(account), "READY");
    SAYS(last_told("bill.prepaid"), "已缴清");
    SAYS(open_membership(account), "first_day");
    assert_string_equal(status_of(account), "ACTIVE");
    nothing_contradicts();
}

/* The bill is by the post that staff confirm: what is too much stays credit, what is too little stays open. */
static void test_another_post_is_confirmed(void **state)
{
    (void)state;
    Common__Principal who = applicant("PRESIDENT");
    confirm_ahead(paid_ahead(&who, "5000"), "5000");
    unit_told(account, 1, true, "COUNCIL");
    assert_string_equal(bills(), "PAID 300000 300000");
    assert_string_equal(credit(), "200000");

    who = applicant("MEMBER");
    confirm_ahead(paid_ahead(&who, "2000"), "2000");
    unit_told(account, 1, true, "COUNCIL");
    assert_string_equal(bills(), "PARTLY_PAID 300000 200000");
    SAYS(last_told("bill.prepaid"), "还需缴纳1000元");
    SAYS(open_membership(account), "bill_not_settled");
    SAYS(confirm(&cashier, submitted(&who, "1000"), 1, "1000", bill_of(account), "1000"),
         "CONFIRMED");
    assert_string_equal(status_of(account), "READY");
    nothing_contradicts();
}

/* Certified while its voucher waits: the bill is paid as soon as the money is found. */
static void test_certified_while_the_voucher_waits(void **state)
{
    (void)state;
    Common__Principal who = applicant("MEMBER");
    int64_t voucher = paid_ahead(&who, "2000");
    unit_told(account, 1, true, "MEMBER");
    assert_string_equal(bills(), "OPEN 200000 0");
    confirm_ahead(voucher, "2000");
    assert_string_equal(bills(), "PAID 200000 200000");
    SAYS(JSON(&who, "WithdrawVoucher", "{\"id\":%lld}", (long long)voucher),
         "voucher_not_withdrawable");
    SAYS(JSON(&who, "SubmitVoucher",
              "{\"pay_method\":\"BANK\",\"voucher_files\":[\"%s\"],\"paid_amount\":\"1\",\"paid_"
              "date\":\"%s\","
              "\"payer_name\":\"咨询公司\",\"receipt_info\":{\"receipt_title\":\"咨询公司\","
              "\"receipt_tax_id\":"
              "\"91140403MA0K1X2Y1M\",\"receipt_phone\":\"18003551778\"}}",
              file_of(account), today()),
         "请选择要缴的账单");
    nothing_contradicts();
}

/* Refused: the money lies as credit until the unit hands in again, or two persons pay it back. */
static void test_a_refused_unit_gets_its_money_back(void **state)
{
    (void)state;
    Common__Principal who = applicant("MEMBER");
    confirm_ahead(paid_ahead(&who, "2000"), "2000");
    unit_applied(account, 1, false, "MEMBER");
    const char *dues = JSON(&who, "GetDues", "{}");
    SAYS(dues, "\"applying\":false");
    SAYS(dues, "\"credit_fen\":\"200000\"");
    unit_applied(account, 1, true, "MEMBER"); /* comes late */
    SAYS(JSON(&who, "GetDues", "{}"), "\"applying\":false");
    SAYS(JSON(&cashier, "Propose",
              "{\"kind\":\"REFUND\",\"account_id\":%lld,\"amount\":\"2000.01\",\"reason\":"
              "\"认证未通过，退还会费\"}",
              (long long)account),
         "proposal_not_possible");
    decided(&cashier, "REFUND", ",\"amount\":\"2000\"");
    assert_string_equal(credit(), "0");
    assert_string_equal(
        VALUE("SELECT state FROM receipt WHERE account_id = %lld", (long long)account), "VOID");
    unit_applied(account, 2, true, "COUNCIL");
    SAYS(JSON(&who, "GetDues", "{}"), "\"expected_fen\":\"300000\"");
    nothing_contradicts();
}

/* Events overtake each other: what was decided stays; a certified unit's change is no application. */
static void test_old_news_changes_nothing(void **state)
{
    (void)state;
    unit("MEMBER");
    Common__Principal who = service_test_member(account);
    unit_applied(account, 1, true, "PRESIDENT");
    unit_applied(account, 2, true, "PRESIDENT");
    SAYS(JSON(&who, "GetDues", "{}"), "\"applying\":false");
    SAYS(JSON(&who, "GetDues", "{}"), "\"association_post_name\":\"会员单位\"");
    unit_told(account, 1, false, "MEMBER");
    unit_applied(account, 3, true, "PRESIDENT"); /* applies anew */
    const char *dues = JSON(&who, "GetDues", "{}");
    SAYS(dues, "\"applying\":true");
    SAYS(dues, "\"association_post_name\":\"会员单位\"");
}

/* Approve first: nobody pays ahead; the page is told. */
static void test_payment_may_be_locked(void **state)
{
    (void)state;
    Common__Principal who = applicant("MEMBER");
    SAYS(
        JSON(&secretary, "SaveDuesPolicy",
             "{\"term_mode\":\"ROLLING\",\"grace_days\":30,\"second_over\":\"10000\",\"version\":1,"
             "\"reminder_days\":[-60,-30,-7,0,15,30],\"approve_first\":true}"),
        "\"approve_first\":true");
    SAYS(JSON(&who, "GetDues", "{}"), "\"pay_locked\":true");
    SAYS(JSON(&who, "SubmitVoucher",
              "{\"pay_method\":\"BANK\",\"voucher_files\":[\"%s\"],\"paid_amount\":\"2000\",\"paid_"
              "date\":\"%s\","
              "\"payer_name\":\"咨询公司\",\"receipt_info\":{\"receipt_title\":\"咨询公司\","
              "\"receipt_tax_id\":"
              "\"91140403MA0K1X2Y1M\",\"receipt_phone\":\"18003551778\"}}",
              file_of(account), today()),
         "pay_after_approval");
    unit_told(account, 1, true, "MEMBER");
    SAYS(JSON(&who, "GetDues", "{}"), "\"pay_locked\":false");
    submitted(&who, "2000");
    nothing_contradicts();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_money_comes_before_the_certification),
        cmocka_unit_test(test_another_post_is_confirmed),
        cmocka_unit_test(test_certified_while_the_voucher_waits),
        cmocka_unit_test(test_a_refused_unit_gets_its_money_back),
        cmocka_unit_test(test_old_news_changes_nothing),
        cmocka_unit_test(test_payment_may_be_locked),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
