/* The month's sheet: every difference is a row and their sum is the difference, whatever happened to the money; what wallets
   paid out; and a month that is closed stays as it was signed. */
#include "dues.h"

#define HEADER "交易日期,交易时间,贷方发生额,余额,对方户名,对方账号,用途\n"

static const char *day_in(int months, int day)
{
    return VALUE("SELECT (date_trunc('month', current_date) + interval '%d month')::date + %d",
                 months, day - 1);
}

static const char *month_of(int months)
{
    return VALUE("SELECT to_char(current_date + interval '%d month', 'YYYY-MM')", months);
}

static const char *take(const char *kind, const char *csv)
{
    service_test_body(csv, strlen(csv));
    return JSON(&cashier, "ImportStatement", "{\"kind\":\"%s\",\"file_name\":\"明细.csv\"}", kind);
}

static const char *line_of(const char *day, const char *yuan, const char *payer)
{
    SAYS(take("ACCOUNT",
              arena_printf(arena, HEADER "%s,10:00:00,%s,1,%s,,会费\n", day, yuan, payer)),
         "\"added\":1");
    return VALUE("SELECT max(id) FROM statement_line");
}

/* Confirmed as received on the day, by a line or by none; its number. */
static const char *received(const Common__Principal *who, const char *day, const char *yuan,
                            const char *laid, const char *line)
{
    const char *voucher = VALUE("SELECT %lld", (long long)submitted(who, yuan));
    SAYS(JSON(&treasurer, "DecideVoucher",
              "{\"id\":%s,\"version\":1,\"verdict\":\"CONFIRM\",\"confirmed_amount\":\"%s\","
              "\"received_date\":\"%s\",\"allocations\":[{\"bill_id\":%lld,\"amount\":\"%s\"}],"
              "\"bank_line_ids\":[%s]}",
              voucher, yuan, day, (long long)bill_of(who->account_id), laid, line),
         "CONFIRMED");
    return voucher;
}

static void reverse(const Common__Principal *who, const char *voucher)
{
    SAYS(JSON(&cashier, "Propose",
              "{\"kind\":\"REVERSE\",\"account_id\":%lld,\"voucher_id\":%s,\"reason\":"
              "\"记错了单位\"}",
              (long long)who->account_id, voucher),
         "REQUESTED");
    SAYS(JSON(&secretary, "DecideProposal", "{\"id\":%s,\"verdict\":\"CONFIRM\"}",
              VALUE("SELECT max(id) FROM proposal")),
         "CONFIRMED");
}

static void receipt_issued(const char *voucher, const char *day)
{
    service_test_sql(arena_printf(
        arena,
        "UPDATE receipt SET state = 'ISSUED', receipt_no = 'N%s', issued_on = '%s', file_id = 'f' "
        "WHERE voucher_id = %s AND state = 'REQUESTED'",
        voucher, day, voucher));
}

/* The differences of a month explain each side to the fen, one by one and in their groups. */
static void explained(int months)
{
    static const char *const lists[] = {"differences", "groups"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        assert_string_equal(
            VALUE("WITH s AS (SELECT month_sheet('%s-01') AS of), g AS (SELECT d.side, "
                  "sum(d.amount_fen) AS fen FROM s, jsonb_to_recordset(of -> '%s') AS d(side "
                  "text, amount_fen bigint) GROUP BY 1) SELECT coalesce(string_agg(x.side || ' ' "
                  "|| (of ->> x.key) || ' - ' || (of ->> 'confirmed_fen') || ' <> ' || "
                  "coalesce(g.fen, 0), '; '), '') FROM s, (VALUES ('DUE', 'due_fen'), ('BANK', "
                  "'lines_fen'), ('RECEIPT', 'receipts_fen')) AS x(side, key) LEFT JOIN g USING "
                  "(side) WHERE coalesce(g.fen, 0) <> (of ->> x.key)::bigint - (of ->> "
                  "'confirmed_fen')::bigint",
                  month_of(months), lists[i]),
            "");
}

static void explained_all(void)
{
    for (int months = -3; months <= 1; months++)
        explained(months);
}

static const char *sheet(int months)
{
    return JSON(&cashier, "GetDuesMonth", "{\"month\":\"%s\"}", month_of(months));
}

static void test_every_difference_is_listed(void **state)
{
    (void)state;
    explained_all();
    Common__Principal cash = unit("MEMBER");
    SAYS(JSON(&cashier, "RecordPayment",
              "{\"account_id\":%lld,\"pay_method\":\"CASH\",\"paid_amount\":\"2000\",\"paid_date\":"
              "\"%s\",\"payer_name\":\"现金单位\"}",
              (long long)cash.account_id, day_in(-1, 5)),
         "SUBMITTED");
    SAYS(JSON(&treasurer, "DecideVoucher",
              "{\"id\":%s,\"version\":1,\"verdict\":\"CONFIRM\",\"confirmed_amount\":\"2000\","
              "\"received_date\":\"%s\",\"allocations\":[{\"bill_id\":%lld,\"amount\":\"1500\"}]}",
              VALUE("SELECT max(id) FROM voucher"), day_in(-1, 5),
              (long long)bill_of(cash.account_id)),
         "CONFIRMED");
    explained_all();
    SAYS(sheet(-1), "\"kind\":\"CASH\"");

    Common__Principal other = unit("MEMBER"); /* the bank had it a month before; due then */
    const char *voucher =
        received(&other, day_in(-1, 1), "2000", "2000", line_of(day_in(-2, 28), "2000", "跨月"));
    service_test_sql(arena_printf(arena, "UPDATE bill SET due_on = '%s' WHERE account_id = %lld",
                                  day_in(-2, 20), (long long)other.account_id));
    explained_all();
    SAYS(sheet(-1), "VOUCHER_OTHER_MONTH");
    SAYS(sheet(-1), "BILL_OTHER_MONTH");
    SAYS(sheet(-2), "LINE_OTHER_MONTH");
    SAYS(sheet(-2), "BILL_PAID_OTHER_MONTH");
    receipt_issued(voucher, day_in(0, 1));
    explained_all();
    SAYS(sheet(-1), "RECEIPT_OTHER_MONTH");
    SAYS(sheet(0), "RECEIPT_OTHER_MONTH");

    Common__Principal rich = unit("MEMBER"); /* more than due, some of it paid back */
    received(&rich, day_in(-1, 7), "2500", "2000", "");
    explained_all();
    SAYS(sheet(-1), "\"kind\":\"CREDIT\"");
    SAYS(sheet(-1), "VOUCHER_WITHOUT_LINE");
    JSON(&cashier, "Propose",
         "{\"kind\":\"REFUND\",\"account_id\":%lld,\"amount\":\"300\",\"reason\":\"多付的退回\"}",
         (long long)rich.account_id);
    JSON(&secretary, "DecideProposal", "{\"id\":%s,\"verdict\":\"CONFIRM\"}",
         VALUE("SELECT max(id) FROM proposal"));
    explained_all();

    Common__Principal wrong = unit("MEMBER"); /* taken back this month, with its receipt */
    voucher =
        received(&wrong, day_in(-1, 8), "2000", "2000", line_of(day_in(-1, 8), "2000", "冲正"));
    receipt_issued(voucher, day_in(-1, 9));
    explained_all();
    reverse(&wrong, voucher);
    explained_all();
    SAYS(sheet(0), "\"kind\":\"REVERSED\"");
    SAYS(sheet(0), "\"reversed_fen\":\"200000\"");
    assert_string_equal(VALUE("SELECT string_agg(kind, ' ' ORDER BY kind) FROM "
                              "month_differences('%s', '%s') WHERE voucher_id = %s",
                              day_in(0, 1), day_in(1, 1), voucher),
                        "REVERSED REVERSED");

    line_of(day_in(-1, 11), "88.00", "没人认领");
    SAYS(JSON(&cashier, "IgnoreStatementLine", "{\"id\":%s,\"not_dues\":\"INTEREST\"}",
              line_of(day_in(-1, 12), "66.60", "利息")),
         "IGNORED");
    SAYS(JSON(&cashier, "SplitStatementLine",
              "{\"id\":%s,\"other_amount\":\"300\",\"not_dues\":\"EVENT\"}",
              line_of(day_in(-1, 13), "2300", "会费和培训")),
         "\"dues_fen\":\"200000\"");
    explained_all();
    SAYS(sheet(-1), "\"other_lines\":2,\"other_fen\":\"36660\"");
    SAYS(JSON(&cashier, "GetDuesMonth", "{\"month\":\"2020-13\"}"), "month");
    SAYS(JSON(&clerk, "GetDuesMonth", "{\"month\":\"2020-01\"}"), "not_allowed");
    nothing_contradicts();
}

/* Each sum covers whole days, less fees; a day that was never paid out and a sum for nothing are named. */
static void test_what_the_wallet_paid_out(void **state)
{
    (void)state;
    const char *first = day_in(-1, 3), *second = day_in(-1, 4), *third = day_in(-1, 5),
               *fourth = day_in(-1, 6);
    SAYS(take("MERCHANT",
              arena_printf(arena,
                           "订单号,支付时间,支付方式,订单金额,手续费\n"
                           "W1,%s 12:00:00,微信支付,2000,10\nW2,%s 13:00:00,支付宝,3000,15\n"
                           "W3,%s 12:00:00,微信支付,2000,10\nW4,%s 12:00:00,微信支付,500,2\n",
                           first, first, second, third)),
         "\"fees_fen\":\"3700\"");
    SAYS(take("ACCOUNT",
              arena_printf(arena,
                           HEADER "%s,06:00:00,4975,1,清算,,商户结算\n%s,06:00:00,1990,2,清算,,"
                                  "商户结算\n%s,06:00:00,77,3,清算,,商户结算\n",
                           second, third, fourth)),
         "\"settlements\":3");
    const char *told = strstr(sheet(-1), "\"settlements\"");
    assert_non_null(told);
    SAYS(told, arena_printf(arena,
                            "\"amount_fen\":\"497500\",\"first_day\":\"%s\",\"last_day\":\"%s\","
                            "\"net_fen\":\"497500\"",
                            first, first));
    SAYS(told, "\"net_fen\":\"0\",\"difference_fen\":\"7700\"");
    SAYS(told, "\"difference_fen\":\"-49800\"");
    assert_string_equal(
        VALUE("SELECT sum(difference_fen) = (SELECT sum(amount_fen) FROM statement_line WHERE "
              "not_dues = 'SETTLEMENT') - (SELECT sum(amount_fen - fee_fen) FROM statement_line "
              "WHERE kind = 'MERCHANT') FROM month_settlements('%s', '%s')",
              day_in(-1, 1), day_in(0, 1)),
        "t");
    explained_all();
}

static const char *close_month(int months, const char *confirmed_more)
{
    const char *sums =
        VALUE("SELECT format('\"due_fen\":%%s,\"lines_fen\":%%s,\"receipts_fen\":%%s,"
              "\"confirmed_fen\":%%s', s ->> 'due_fen', s ->> 'lines_fen', s ->> "
              "'receipts_fen', (s ->> 'confirmed_fen')::bigint + %s) FROM "
              "month_sheet('%s-01') AS s",
              confirmed_more, month_of(months));
    return JSON(&cashier, "CloseDuesMonth", "{\"month\":\"%s\",\"note\":\"已核对\",%s}",
                month_of(months), sums);
}

static void test_a_closed_month_stays(void **state)
{
    (void)state;
    SAYS(close_month(0, "0"), "month_not_over");
    SAYS(close_month(-1, "100"), "month_changed");
    SAYS(JSON(&clerk, "CloseDuesMonth", "{\"month\":\"%s\"}", month_of(-1)), "not_allowed");
    SAYS(sheet(-1), "\"may_close\":true");
    SAYS(close_month(-1, "0"), "\"closed_by_name\"");
    SAYS(close_month(-1, "0"), "month_out_of_order");
    SAYS(close_month(-2, "0"), "month_out_of_order");
    const char *confirmed = VALUE("SELECT sheet ->> 'confirmed_fen' FROM month_close");
    const char *signed_sums = arena_printf(arena, "\"confirmed_fen\":\"%s\"", confirmed);

    /* what comes late is booked on the first day that is open, and said so */
    Common__Principal late = unit("MEMBER");
    const char *line = line_of(day_in(-1, 20), "2000", "迟到者");
    const char *voucher = received(&late, day_in(-1, 20), "2000", "2000", line);
    assert_string_equal(VALUE("SELECT booked_on FROM voucher WHERE id = %s", voucher),
                        day_in(0, 1));
    assert_string_equal(VALUE("SELECT booked_on FROM statement_line WHERE id = %s", line),
                        day_in(0, 1));
    receipt_issued(voucher, day_in(-1, 21));
    assert_string_equal(VALUE("SELECT booked_on FROM receipt WHERE voucher_id = %s", voucher),
                        day_in(0, 1));
    SAYS(sheet(0), "\"late\":[{\"kind\":\"LATE\"");
    SAYS(sheet(-1), signed_sums);
    reverse(&late, voucher);
    SAYS(sheet(-1), signed_sums);
    explained_all();

    /* what is no dues after all moves the bank's side alone: the sheet stays, and says that it moved */
    const char *unclaimed =
        VALUE("SELECT max(id) FROM statement_line WHERE payer_name = '没人认领'");
    SAYS(JSON(&cashier, "IgnoreStatementLine", "{\"id\":%s,\"not_dues\":\"EVENT\"}", unclaimed),
         "IGNORED");
    SAYS(sheet(-1), signed_sums);
    SAYS(sheet(-1), "\"changed_lines_fen\":\"-8800\"");

    const char *paper =
        JSON(&cashier, "ReadDuesMonth", "{\"month\":\"%s\",\"part\":0}", month_of(-1));
    SAYS(paper, "application/pdf");
    SAYS(paper, "\"file_name\":\"会费月结表-");
    SAYS(JSON(&cashier, "ReadDuesMonth", "{\"month\":\"%s\",\"part\":0}", month_of(0)),
         "application/pdf");
    nothing_contradicts();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_difference_is_listed),
        cmocka_unit_test(test_what_the_wallet_paid_out),
        cmocka_unit_test(test_a_closed_month_stays),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
