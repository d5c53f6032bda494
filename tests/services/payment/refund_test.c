/* Money that goes back: lines out that are refunds, and the month's sheet that explains them. */
#include "dues.h"

#define HEADER "交易日期,交易时间,交易流水号,借方发生额,贷方发生额,对方户名,对方账号,用途\n"

static const char *take(const char *method, const char *csv)
{
    service_test_body(csv, strlen(csv));
    return JSON(&cashier, method, "{\"kind\":\"ACCOUNT\",\"file_name\":\"明细.csv\"}");
}

static const char *line_of(const char *serial)
{
    return VALUE("SELECT max(id) FROM statement_line WHERE serial = '%s'", serial);
}

static const char *line_is(const char *line)
{
    return VALUE("SELECT concat_ws(' ', state, not_dues) FROM statement_line WHERE id = %s", line);
}

static const char *sheet(void)
{
    return JSON(&cashier, "GetDuesMonth", "{\"month\":\"%s\"}",
                VALUE("SELECT to_char(current_date, 'YYYY-MM')"));
}

/* Each side's differences add up to what it has more than was confirmed. */
static void it_adds_up(void)
{
    assert_string_equal(
        VALUE(
            "WITH s AS (SELECT m::date AS first, (m + interval '1 month')::date AS after, "
            "month_sheet(m::date) AS of FROM generate_series(date_trunc('month', current_date) - "
            "interval '2 months', current_date, '1 month') AS m) "
            "SELECT coalesce(string_agg(first || x.side || ' ' || (x.has - (of ->> "
            "'confirmed_fen')::bigint) || '/' || d.fen, ' '), '') FROM s, LATERAL (VALUES ('DUE', "
            "(of ->> 'due_fen')::bigint), ('BANK', (of ->> 'lines_fen')::bigint), ('RECEIPT', (of "
            "->> 'receipts_fen')::bigint)) AS x(side, has), LATERAL (SELECT "
            "coalesce(sum(amount_fen), 0) AS fen FROM month_differences(first, after) m WHERE "
            "m.side = x.side) AS d WHERE x.has - (of ->> 'confirmed_fen')::bigint <> d.fen"),
        "");
}

static const char *difference(const char *kind, int64_t fen)
{
    return arena_printf(arena,
                        "{\"kind\":\"%s\",\"unit_name\":\"咨询公司%lld\",\"amount_fen\":\"%lld\"",
                        kind, (long long)account, (long long)fen);
}

/* A unit that paid so much more than its 2000, and is given it back; the proposal's number. */
static const char *refunded(const char *paid, const char *back)
{
    Common__Principal who = unit("MEMBER");
    SAYS(confirm(&cashier, submitted(&who, paid), 1, paid, bill_of(account), "2000"), "CONFIRMED");
    decided(&cashier, "REFUND", arena_printf(arena, ",\"amount\":\"%s\"", back));
    return VALUE("SELECT max(id) FROM proposal");
}

static const char *tie(const char *line, const char *refund)
{
    return JSON(&cashier, "RefundStatementLine", "{\"id\":%s,\"proposal_id\":%s}", line, refund);
}

static void test_a_refund_finds_its_line(void **state)
{
    (void)state;
    const char *refund = refunded("2500", "500");
    SAYS(sheet(), difference("REFUND_WITHOUT_LINE", 50000));
    it_adds_up();
    const char *report = take(
        "ImportStatement",
        arena_printf(arena,
                     HEADER "%s,15:00:00,O1,500.00,,咨询公司%lld,62221,\n"
                            "%s,15:01:00,O2,35.50,,供电公司,7,电费\n%s,15:02:00,O3,,88,有人,8,\n",
                     today(), (long long)account, today(), today()));
    SAYS(report, "\"lines\":1,\"added\":1,\"debits\":2,\"added_fen\":\"8800\"");
    SAYS(report, "\"added_out\":2,\"maybe_refunds\":1");
    const char *line = line_of("O1");
    assert_string_equal(line_is(line), "NEW");
    assert_string_equal(line_is(line_of("O2")), "IGNORED EXPENSE");
    SAYS(sheet(), "{\"kind\":\"OUT_UNCLAIMED\"");

    /* money out is never money in */
    SAYS(JSON(&cashier, "ListStatementLines", "{\"q\":\"62221\"}"), "\"total\":0");
    SAYS(JSON(&cashier, "ListStatementLines", "{\"view\":\"OUT\"}"), "\"total\":1");
    SAYS(JSON(&cashier, "RecordPayment",
              "{\"account_id\":%lld,\"pay_method\":\"BANK\",\"paid_amount\":\"500\",\"paid_date\":"
              "\"%s\",\"payer_name\":\"认领单位\",\"bank_line_id\":%s}",
              (long long)account, today(), line),
         "line_gone");
    SAYS(JSON(&cashier, "SplitStatementLine",
              "{\"id\":%s,\"other_amount\":\"1\",\"not_dues\":\"EVENT\"}", line),
         "line_gone");
    SAYS(JSON(&cashier, "IgnoreStatementLine", "{\"id\":%s,\"not_dues\":\"EXPENSE\"}",
              line_of("O3")),
         "expense_goes_out");

    SAYS(JSON(&cashier, "ListLineRefunds", "{\"id\":%s}", line),
         arena_printf(arena, "{\"id\":\"%s\",\"kind\":\"REFUND\"", refund));
    SAYS(tie(line, refund), "金额相符、收款户名是该单位");
    SAYS(tie(line, refund), "refund_not_tied");
    assert_string_equal(
        VALUE("SELECT paid_back_on || ' ' || paid_back_reference FROM proposal WHERE id = %s",
              refund),
        arena_printf(arena, "%s O1", today()));
    assert_string_equal(VALUE("SELECT count(*) FROM outbox WHERE event = 'refund.paid' AND payload "
                              "->> 'account_id' = '%lld'",
                              (long long)account),
                        "1");
    assert_null(strstr(sheet(), "REFUND_WITHOUT_LINE"));
    assert_null(strstr(sheet(), "OUT_UNCLAIMED"));
    SAYS(sheet(), "\"refunds\":1,\"refunded_fen\":\"50000\",\"other_out_fen\":\"3550\"");
    it_adds_up();

    /* a mistake is taken back, and what the line said of the day with it */
    SAYS(JSON(&cashier, "ReleaseStatementLine", "{\"id\":%s}", line), "\"state\":\"NEW\"");
    assert_string_equal(VALUE("SELECT paid_back_on IS NULL FROM proposal WHERE id = %s", refund),
                        "t");
    SAYS(sheet(), difference("REFUND_WITHOUT_LINE", 50000));
    SAYS(tie(line, refund), "ALLOCATED");
    SAYS(JSON(&cashier, "UndoStatement", "{\"id\":%s}", VALUE("SELECT max(id) FROM statement")),
         "statement_in_use");
    nothing_contradicts();
}

/* What finance had recorded stays, and only an equal amount is it. */
static void test_a_refund_that_was_recorded(void **state)
{
    (void)state;
    const char *refund = refunded("2700", "700");
    SAYS(JSON(&cashier, "RecordRefund",
              "{\"id\":%s,\"paid_back_on\":\"%s\",\"paid_back_reference\":\"GH700\"}", refund,
              today()),
         "GH700");
    take("ImportStatement",
         arena_printf(
             arena,
             HEADER "%s,16:00:00,GH700,700,,法人张三,9,还款\n%s,16:01:00,O5,699,,咨询公司%lld,9,\n",
             today(), today(), (long long)account));
    SAYS(JSON(&cashier, "ListLineRefunds", "{\"id\":%s}", line_of("O5")), "{");
    SAYS(tie(line_of("O5"), refund), "refund_not_tied");
    SAYS(tie(line_of("GH700"), refund), "金额相符、凭据号相符");
    SAYS(JSON(&cashier, "ReleaseStatementLine", "{\"id\":%s}", line_of("GH700")), "NEW");
    assert_string_equal(VALUE("SELECT paid_back_reference FROM proposal WHERE id = %s", refund),
                        "GH700");
    SAYS(tie(line_of("GH700"), refund), "ALLOCATED");
    SAYS(JSON(&cashier, "IgnoreStatementLine", "{\"id\":%s,\"not_dues\":\"RETURNED\"}",
              line_of("O5")),
         "IGNORED");
    it_adds_up();
}

/* The money came in one month and went back in the next. */
static void test_a_refund_in_another_month(void **state)
{
    (void)state;
    refunded("2600", "600");
    int64_t id = account;
    service_test_sql(arena_printf(
        arena,
        "ALTER TABLE voucher DISABLE TRIGGER voucher_book; UPDATE voucher SET booked_on = "
        "date_trunc('month', current_date)::date - 10 WHERE account_id = %lld; ALTER TABLE voucher "
        "ENABLE TRIGGER voucher_book",
        (long long)id));
    const char *now = sheet(),
               *before = JSON(&cashier, "GetDuesMonth", "{\"month\":\"%s\"}",
                              VALUE("SELECT to_char(date_trunc('month', "
                                    "current_date) - interval '10 days', 'YYYY-MM')"));
    SAYS(now, difference("REFUND", 60000));
    SAYS(before, difference("REFUNDED", -60000));
    SAYS(before, "\"confirmed_fen\":\"260000\"");
    it_adds_up();
}

/* All of it was paid back: there is no receipt, and none is missing. */
static void test_what_was_wholly_refunded_needs_no_receipt(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER");
    int64_t id = account;
    SAYS(confirm(&cashier, submitted(&who, "1500"), 1, "1500", bill_of(id), "0.01"), "CONFIRMED");
    SAYS(sheet(), difference("RECEIPT_MISSING", -150000));
    Common__Principal none = unit("MEMBER");
    const char *other = voucher_json(bill_of(account), file_of(account), "900", "");
    SAYS(JSON(&none, "SubmitVoucher", "%s", other), "SUBMITTED");
    const char *voucher = VALUE("SELECT max(id) FROM voucher");
    service_test_sql(arena_printf(arena,
                                  "UPDATE bill SET state = 'CANCELLED', cancelled_reason = '误开', "
                                  "cancelled_at = now() WHERE account_id = %lld",
                                  (long long)account)); /* so that all of it is credit */
    SAYS(JSON(&cashier, "DecideVoucher",
              "{\"id\":%s,\"version\":1,\"verdict\":\"CONFIRM\",\"confirmed_amount\":\"900\","
              "\"received_date\":\"%s\",\"allocations\":[]}",
              voucher, today()),
         "CONFIRMED");
    SAYS(sheet(), difference("RECEIPT_MISSING", -90000));
    decided(&cashier, "REFUND", ",\"amount\":\"900\"");
    assert_null(strstr(sheet(), difference("RECEIPT_MISSING", -90000)));
    it_adds_up();

    /* refunded a month later: neither month misses it */
    service_test_sql(arena_printf(
        arena,
        "ALTER TABLE voucher DISABLE TRIGGER voucher_book; UPDATE voucher SET booked_on = "
        "date_trunc('month', current_date)::date - 10 WHERE id = %s; ALTER TABLE voucher ENABLE "
        "TRIGGER voucher_book",
        voucher));
    const char *before =
        JSON(&cashier, "GetDuesMonth", "{\"month\":\"%s\"}",
             VALUE("SELECT to_char(date_trunc('month', current_date) - interval '10 "
                   "days', 'YYYY-MM')"));
    assert_null(strstr(before, difference("RECEIPT_MISSING", -90000)));
    SAYS(before, difference("REFUNDED", -90000));
    it_adds_up();
    nothing_contradicts();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_refund_finds_its_line),
        cmocka_unit_test(test_a_refund_that_was_recorded),
        cmocka_unit_test(test_a_refund_in_another_month),
        cmocka_unit_test(test_what_was_wholly_refunded_needs_no_receipt),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
