/* Money that comes twice, moves back or is spread: four eyes, reversals, credit, refunds, cancelled bills; and what a posting
   leaves when it is killed, or confirmed by two at once. */
#include "dues.h"

static const char *state_of(int64_t bill)
{
    return VALUE("SELECT state FROM bill WHERE id = %lld", (long long)bill);
}

static const char *credit_of(int64_t id)
{
    return VALUE("SELECT credit_fen FROM unit WHERE account_id = %lld", (long long)id);
}

static const char *terms_of(int64_t id)
{
    return VALUE(
        "SELECT coalesce(string_agg((first_day - current_date) || CASE WHEN voided_at IS "
        "NULL THEN '' ELSE 'x' END, ' ' ORDER BY id), '') FROM term WHERE account_id = %lld",
        (long long)id);
}

static int64_t voucher_of(int64_t id)
{
    return atoll(VALUE("SELECT max(id) FROM voucher WHERE account_id = %lld", (long long)id));
}

static void reversed(int64_t voucher)
{
    decided(&cashier, "REVERSE", arena_printf(arena, ",\"voucher_id\":%lld", (long long)voucher));
}

static const char *cancel(int64_t bill)
{
    return JSON(&clerk, "CancelBill", "{\"id\":%lld,\"reason\":\"职务变更，重开账单\"}",
                (long long)bill);
}

/* ---- four eyes */

/* What the first found is shown and is what the second confirms; other figures make the second the first again. */
static void test_two_confirm_the_same_figures(void **state)
{
    (void)state;
    Common__Principal who = unit("PRESIDENT");
    int64_t bill = bill_of(account), voucher = submitted(&who, "10000.01");
    SAYS(confirm(&cashier, voucher, 1, "10000.01", bill, "5000"), "\"second\":true");
    const char *shown = JSON(&treasurer, "GetVoucher", "{\"id\":%lld}", (long long)voucher);
    SAYS(shown, "\"first\":{\"confirmed_fen\":\"1000001\"");
    SAYS(shown, arena_printf(arena, "\"bill_id\":\"%lld\"", (long long)bill));
    assert_null(
        strstr(JSON(&who, "GetMyVoucher", "{\"id\":%lld}", (long long)voucher), "\"first\":{"));

    SAYS(confirm(&treasurer, voucher, 2, "10000.01", bill, "4000"), "\"second\":true");
    assert_string_equal(
        VALUE("SELECT count(*) FROM transfer WHERE voucher_id = %lld", (long long)voucher), "0");
    SAYS(confirm(&treasurer, voucher, 3, "10000.01", bill, "4000"), "voucher_same_person");
    SAYS(confirm(&cashier, voucher, 3, "9000", bill, "4000"), "\"second\":true");
    SAYS(confirm(&treasurer, voucher, 4, "9000", bill, "4000"), "CONFIRMED");
    assert_string_equal(VALUE("SELECT string_agg(amount_fen::text, ' ' ORDER BY id) FROM transfer "
                              "WHERE voucher_id = %lld",
                              (long long)voucher),
                        "900000 400000 100000"); /* the rest of the credit went to the bill, too */
    nothing_contradicts();
}

static const char *sent_back(const Common__Principal *who, int64_t voucher, int version,
                             const char *note)
{
    return JSON(who, "DecideVoucher",
                "{\"id\":%lld,\"version\":%d,\"verdict\":\"RETURN\",\"internal_note\":\"%s\"}",
                (long long)voucher, version, note);
}

static void test_the_second_sends_it_back(void **state)
{
    (void)state;
    Common__Principal who = unit("PRESIDENT");
    int64_t bill = bill_of(account), voucher = submitted(&who, "10000.01");
    SAYS(sent_back(&treasurer, voucher, 1, "日期与回单不符"),
         "voucher_stale"); /* nobody was first */
    SAYS(confirm(&cashier, voucher, 1, "10000.01", bill, "5000"), "\"second\":true");
    SAYS(sent_back(&treasurer, voucher, 2, "错"), "returning_has_a_note");
    SAYS(sent_back(&cashier, voucher, 2, "日期与回单不符"), "voucher_same_person");
    SAYS(sent_back(&treasurer, voucher, 2, "日期与回单不符"), "SUBMITTED");
    assert_string_equal(VALUE("SELECT first_by IS NULL AND confirmed_fen IS NULL AND first_laid IS "
                              "NULL FROM voucher WHERE id = %lld",
                              (long long)voucher),
                        "t");
    SAYS(JSON(&cashier, "GetVoucher", "{\"id\":%lld}", (long long)voucher), "日期与回单不符");
    assert_string_equal(VALUE("SELECT event || ' ' || (payload ->> 'note') FROM outbox ORDER BY id "
                              "DESC LIMIT 1"),
                        "voucher.sent_back 日期与回单不符");
    SAYS(confirm(&cashier, voucher, 3, "10000.01", bill, "5000"), "\"second\":true");
    SAYS(confirm(&treasurer, voucher, 4, "10000.01", bill, "5000"), "CONFIRMED");
    nothing_contradicts();
}

static void test_bills_that_are_not_there(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER");
    int64_t voucher = submitted(&who, "2000");
    SAYS(confirm(&cashier, voucher, 1, "2000", 99999999, "2000"), "allocations");
    SAYS(confirm(&cashier, voucher, 1, "2000", bill_of(account), "2000"), "CONFIRMED");
}

/* ---- terms of money that left */

static void test_a_reversed_renewal_can_be_paid_anew(void **state)
{
    (void)state;
    Common__Principal who = paid_unit();
    SAYS(open_membership(account), "first_day");
    days_pass(account, 300);
    SAYS(JSON(&who, "RequestBill", "{}"), "\"id\"");
    int64_t renewal = bill_of(account);
    SAYS(confirm(&cashier, submitted(&who, "2000"), 1, "2000", renewal, "2000"), "CONFIRMED");
    assert_string_equal(terms_of(account), "-300 65");
    reversed(voucher_of(account));
    assert_string_equal(terms_of(account), "-300 65x");
    SAYS(JSON(&who, "RequestBill", "{}"), "bill_not_due"); /* it owes that one again */
    SAYS(cancel(renewal), "CANCELLED");
    SAYS(JSON(&who, "RequestBill", "{}"),
         arena_printf(arena, "\"year\":%s",
                      VALUE("SELECT year FROM bill WHERE id = %lld", (long long)renewal)));
    SAYS(confirm(&cashier, submitted(&who, "2000"), 1, "2000", bill_of(account), "2000"),
         "CONFIRMED");
    assert_string_equal(terms_of(account), "-300 65x 65");
    nothing_contradicts();
}

/* Paid again, the same bill gives the days that it had. */
static void test_a_reversed_bill_paid_again_has_its_days(void **state)
{
    (void)state;
    Common__Principal who = paid_unit();
    SAYS(open_membership(account), "first_day");
    days_pass(account, 10);
    reversed(voucher_of(account));
    assert_string_equal(status_of(account), "NONE");
    SAYS(confirm(&cashier, submitted(&who, "2000"), 1, "2000", bill_of(account), "2000"),
         "CONFIRMED");
    assert_string_equal(terms_of(account), "-10x -10");
    assert_string_equal(status_of(account), "ACTIVE");
    nothing_contradicts();
}

/* ---- credit */

static void test_credit_goes_to_what_is_open(void **state)
{
    (void)state;
    Common__Principal who = paid_unit();
    int64_t first = bill_of(account);
    SAYS(open_membership(account), "first_day");
    days_pass(account, 300);
    SAYS(JSON(&who, "RequestBill", "{}"), "\"id\"");
    int64_t next = bill_of(account);
    /* more than the bill that it names: the rest pays the one that is there already */
    SAYS(JSON(&cashier, "RecordPayment",
              "{\"account_id\":%lld,\"pay_method\":\"CASH\",\"paid_amount\":\"2500\",\"paid_date\":"
              "\"%s\",\"payer_name\":\"张三\"}",
              (long long)account, today()),
         "SUBMITTED");
    SAYS(JSON(&treasurer, "DecideVoucher",
              "{\"id\":%lld,\"version\":1,\"verdict\":\"CONFIRM\",\"confirmed_amount\":\"2500\","
              "\"received_date\":\"%s\"}",
              (long long)voucher_of(account), today()),
         "CONFIRMED");
    assert_string_equal(state_of(next), "PAID");
    assert_string_equal(credit_of(account), "50000");
    assert_string_equal(terms_of(account), "-300 65");
    /* and a bill that opens again takes what is there */
    reversed(
        atoll(VALUE("SELECT min(id) FROM voucher WHERE account_id = %lld", (long long)account)));
    assert_string_equal(
        VALUE("SELECT state || ' ' || paid_fen FROM bill WHERE id = %lld", (long long)first),
        "PARTLY_PAID 50000");
    assert_string_equal(credit_of(account), "0");
    nothing_contradicts();
}

/* ---- bills */

static void test_a_bill_is_cancelled_never_with_money_on_it(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER");
    int64_t bill = bill_of(account), id = account;
    int64_t voucher = submitted(&who, "500");
    SAYS(cancel(bill), "bill_has_voucher");
    SAYS(JSON(&who, "WithdrawVoucher", "{\"id\":%lld}", (long long)voucher), "WITHDRAWN");
    SAYS(JSON(&clerk, "CancelBill", "{\"id\":%lld}", (long long)bill), "reason");
    SAYS(JSON(&cashier, "CancelBill", "{\"id\":%lld,\"reason\":\"不该由我取消\"}", (long long)bill),
         "not_allowed");
    unit_told(id, 2, true, "COUNCIL");
    SAYS(cancel(bill), "CANCELLED");
    SAYS(cancel(bill), "bill_not_cancellable");
    SAYS(cancel(99999999), "bill_gone");
    SAYS(JSON(&who, "GetDues", "{}"), "职务变更，重开账单");
    SAYS(JSON(&cashier, "ListBills", "{\"view\":\"CANCELLED\",\"q\":\"咨询公司%lld\"}",
              (long long)id),
         "职务变更，重开账单");
    SAYS(JSON(&who, "RequestBill", "{}"), "\"amount_fen\":\"300000\"");
    SAYS(confirm(&cashier, submitted(&who, "1000"), 1, "1000", bill, "1000"), "allocations");
    SAYS(confirm(&cashier, voucher_of(id), 1, "1000", bill_of(id), "1000"), "CONFIRMED");
    SAYS(cancel(bill_of(id)), "bill_not_cancellable");
    nothing_contradicts();
}

static void test_waivers_in_part_and_taken_back(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER");
    int64_t bill = bill_of(account);
    const char *this = arena_printf(arena, ",\"bill_id\":%lld", (long long)bill);
    SAYS(JSON(&clerk, "Propose",
              "{\"kind\":\"WAIVE\",\"account_id\":%lld%s,\"amount\":\"2000.01\",\"reason\":"
              "\"按章程的规定办理\"}",
              (long long)account, this),
         "proposal_not_possible");
    decided(&clerk, "WAIVE", arena_printf(arena, "%s,\"amount\":\"500\"", this));
    assert_string_equal(state_of(bill), "PARTLY_PAID");
    SAYS(confirm(&cashier, submitted(&who, "1500"), 1, "1500", bill, "1500"), "CONFIRMED");
    assert_string_equal(state_of(bill), "WRITTEN_OFF");
    SAYS(open_membership(account), "first_day");
    /* its money goes back although a part was waived */
    reversed(voucher_of(account));
    assert_string_equal(state_of(bill), "PARTLY_PAID");
    decided(&clerk, "UNWAIVE", this);
    assert_string_equal(state_of(bill), "OPEN");
    SAYS(JSON(&clerk, "Propose",
              "{\"kind\":\"UNWAIVE\",\"account_id\":%lld%s,\"reason\":\"按章程的规定办理\"}",
              (long long)account, this),
         "proposal_not_possible");
    /* what was proposed is what is done: paid in the meantime, it is stale */
    const char *late = proposed(&clerk, "WAIVE", this);
    SAYS(confirm(&cashier, submitted(&who, "1"), 1, "1", bill, "1"), "CONFIRMED");
    SAYS(JSON(&secretary, "DecideProposal", "{\"id\":%s,\"verdict\":\"CONFIRM\"}", late),
         "proposal_stale");
    nothing_contradicts();
}

/* ---- refunds */

static void test_a_refund_is_shown_and_changes_the_receipt(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER");
    SAYS(confirm(&cashier, submitted(&who, "2500"), 1, "2500", bill_of(account), "2000"),
         "CONFIRMED");
    int64_t voucher = voucher_of(account);
    decided(&cashier, "REFUND",
            arena_printf(arena, ",\"amount\":\"500\",\"voucher_id\":%lld", (long long)voucher));
    const char *refund = VALUE("SELECT max(id) FROM proposal");
    assert_string_equal(credit_of(account), "0");
    assert_string_equal(VALUE("SELECT state || ' ' || amount_fen FROM receipt WHERE voucher_id = "
                              "%lld ORDER BY id DESC LIMIT 1",
                              (long long)voucher),
                        "REQUESTED 200000");
    SAYS(JSON(&cashier, "Propose",
              "{\"kind\":\"REVERSE\",\"account_id\":%lld,\"voucher_id\":%lld,\"reason\":"
              "\"款项退回付款人\"}",
              (long long)account, (long long)voucher),
         "proposal_not_possible");
    SAYS(JSON(&cashier, "RecordRefund",
              "{\"id\":%s,\"paid_back_on\":\"2099-01-01\",\"paid_back_reference\":\"R77\"}",
              refund),
         "refund_gone");
    SAYS(JSON(&cashier, "RecordRefund", "{\"id\":%s,\"paid_back_on\":\"%s\"}", refund, today()),
         "paid_back_reference");
    SAYS(JSON(&cashier, "RecordRefund",
              "{\"id\":%s,\"paid_back_on\":\"%s\",\"paid_back_reference\":\"R77\"}", refund,
              today()),
         "R77");
    SAYS(JSON(&cashier, "RecordRefund",
              "{\"id\":%s,\"paid_back_on\":\"%s\",\"paid_back_reference\":\"R77\"}", refund,
              today()),
         "refund_gone");
    const char *mine = JSON(&who, "GetMyVoucher", "{\"id\":%lld}", (long long)voucher);
    SAYS(mine, "\"refunded_fen\":\"50000\"");
    SAYS(mine, "\"paid_back_reference\":\"R77\"");
    SAYS(JSON(&cashier, "GetMember", "{\"account_id\":%lld}", (long long)account), "R77");
    assert_string_equal(VALUE("SELECT event FROM outbox ORDER BY id DESC LIMIT 1"), "refund.paid");
    nothing_contradicts();

    /* all of it: no receipt is made out for nothing; an issued one is void, another has what was kept */
    Common__Principal other = unit("MEMBER");
    SAYS(JSON(&cashier, "RecordPayment",
              "{\"account_id\":%lld,\"pay_method\":\"BANK\",\"paid_amount\":\"3000\",\"paid_date\":"
              "\"%s\",\"payer_name\":\"张三\"}",
              (long long)account, today()),
         "SUBMITTED");
    SAYS(confirm(&treasurer, voucher_of(account), 1, "3000", bill_of(account), "2000"),
         "CONFIRMED");
    service_test_sql("INSERT INTO attachment (id, account_id, purpose, file_name, content_type, "
                     "size_bytes, content_hash) VALUES ('r1', 7, 'receipt', 'r.pdf', "
                     "'application/pdf', 10, 'x')");
    SAYS(JSON(&issuer, "IssueReceipt",
              "{\"id\":%s,\"version\":1,\"receipt_no\":\"140012\",\"issued_on\":\"%s\",\"amount\":"
              "\"3000\",\"file_id\":\"r1\"}",
              VALUE("SELECT max(id) FROM receipt"), today()),
         "ISSUED");
    decided(&cashier, "REFUND", ",\"amount\":\"1000\"");
    assert_string_equal(
        VALUE("SELECT string_agg(state || ' ' || amount_fen, ', ' ORDER BY id) FROM "
              "receipt WHERE account_id = %lld",
              (long long)other.account_id),
        "VOID 300000, REQUESTED 200000");
    nothing_contradicts();
}

/* Who decides sees what it is about, and may open it; who asked sees what became of it. */
static void test_what_waits_for_a_second_person(void **state)
{
    (void)state;
    paid_unit();
    int64_t voucher = voucher_of(account);
    const char *open = arena_printf(arena, "{\"id\":%lld}", (long long)voucher);
    const char *id = proposed(&cashier, "REVERSE",
                              arena_printf(arena, ",\"voucher_id\":%lld", (long long)voucher));
    assert_string_equal(VALUE("SELECT event || ' ' || (payload ->> 'what') FROM outbox ORDER BY id "
                              "DESC LIMIT 1"),
                        "proposal.money_requested 冲正入账");
    const char *list = JSON(&secretary, "ListProposals", "{}");
    SAYS(list, "\"amount_fen\":\"200000\"");
    SAYS(list, "\"payer_name\":");
    SAYS(list, "\"may_decide\":true");
    SAYS(service_test_json(&secretary, "GetVoucher", "", open), "\"confirmed_fen\":\"200000\"");
    SAYS(service_test_json(&issuer, "GetVoucher", "", open), "not_allowed");
    SAYS(JSON(&cashier, "ListProposals", "{}"), "\"may_decide\":false");
    assert_null(strstr(JSON(&clerk, "ListProposals", "{\"view\":\"ALL\"}"), "REVERSE"));
    SAYS(JSON(&secretary, "DecideProposal",
              "{\"id\":%s,\"verdict\":\"REFUSE\",\"note\":\"这笔款项没有退回\"}", id),
         "REFUSED");
    SAYS(JSON(&cashier, "ListProposals", "{\"view\":\"DECIDED\",\"limit\":1}"), "这笔款项没有退回");
    assert_string_equal(VALUE("SELECT event || ' ' || (payload ->> 'verdict') FROM outbox ORDER BY "
                              "id DESC LIMIT 1"),
                        "proposal.money_decided 已拒绝");
}

/* ---- standing */

static void test_who_is_suspended_pays_and_goes_on(void **state)
{
    (void)state;
    Common__Principal who = paid_unit();
    SAYS(open_membership(account), "first_day");
    days_pass(account, 300);
    SAYS(JSON(&who, "RequestBill", "{}"), "\"id\"");
    decided(&clerk, "SUSPEND", "");
    SAYS(confirm(&cashier, submitted(&who, "2000"), 1, "2000", bill_of(account), "2000"),
         "CONFIRMED");
    assert_string_equal(terms_of(account), "-300");
    SAYS(JSON(&who, "GetDues", "{}"), "\"settled_waits\":true");
    SAYS(open_membership(account), "membership_suspended");
    decided(&clerk, "RESUME", "");
    assert_string_equal(terms_of(account), "-300 65");
    /* it leaves while suspended: told so; what it owes is cancelled, what it had ends */
    decided(&clerk, "SUSPEND", "");
    decided(&clerk, "TERMINATE", ",\"leave_reason\":\"VOLUNTARY\"");
    assert_string_equal(VALUE("SELECT (payload ->> 'from') || (payload ->> 'to') FROM outbox WHERE "
                              "event = 'membership.changed' ORDER BY id DESC LIMIT 1"),
                        "已暂停已退会");
    assert_string_equal(VALUE("SELECT string_agg((coalesce(ended_on, current_date) - current_date) "
                              "|| ' ' || (voided_at IS NOT NULL), ', ' ORDER BY id) FROM term "
                              "WHERE account_id = %lld",
                              (long long)account),
                        "-1 false, 0 true");
    assert_string_equal(status_of(account), "TERMINATED");
    nothing_contradicts();
}

static void test_who_comes_back_starts_anew(void **state)
{
    (void)state;
    Common__Principal who = paid_unit();
    SAYS(open_membership(account), "first_day");
    days_pass(account, 100);
    decided(&clerk, "TERMINATE", ",\"leave_reason\":\"VOLUNTARY\"");
    SAYS(JSON(&who, "RequestBill", "{}"), "\"id\"");
    SAYS(confirm(&cashier, submitted(&who, "2000"), 1, "2000", bill_of(account), "2000"),
         "CONFIRMED");
    assert_string_equal(status_of(account), "TERMINATED");
    SAYS(JSON(&who, "GetDues", "{}"), "\"settled_waits\":true");
    SAYS(open_membership(account), arena_printf(arena, "\"first_day\":\"%s\"", today()));
    assert_string_equal(terms_of(account), "-100 0");
    assert_string_equal(status_of(account), "ACTIVE");
    SAYS(JSON(&clerk, "OpenMembership",
              "{\"account_id\":%lld,\"bill_id\":%lld,\"first_day\":\"2199-01-01\",\"reason\":"
              "\"写错了年份看看\"}",
              (long long)account, (long long)bill_of(account)),
         "first_day");
    nothing_contradicts();
}

static void test_what_staff_entered_does_not_stop_the_unit(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER");
    SAYS(JSON(&cashier, "RecordPayment",
              "{\"account_id\":%lld,\"pay_method\":\"CASH\",\"paid_amount\":\"100\",\"paid_date\":"
              "\"%s\",\"payer_name\":\"张三\"}",
              (long long)account, today()),
         "SUBMITTED");
    assert_string_equal(VALUE("SELECT event FROM outbox ORDER BY id DESC LIMIT 1"),
                        "voucher.recorded");
    const char *dues = JSON(&who, "GetDues", "{}");
    SAYS(dues, "\"waiting_voucher_id\":\"0\"");
    SAYS(dues, "\"recorded_fen\":\"10000\"");
    submitted(&who, "1900");
}

/* ---- what two do at the same moment, and what a crash leaves */

static struct {
    int answered, done;
} race;

static void on_answer(void *to, enum status status, const void *payload, size_t size)
{
    (void)to, (void)payload, (void)size;
    race.done += status == STATUS_OK;
    if (++race.answered == 2)
        loop_stop(service_test_run()->loop);
}

static void sent(const Common__Principal *who, const char *method, const ProtobufCMessage *request)
{
    service_test_begin(who, method, request, "", on_answer, NULL);
}

static void test_two_press_confirm_at_once(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER");
    int64_t voucher = submitted(&who, "2000");
    Payment__DecideVoucherRequest request = PAYMENT__DECIDE_VOUCHER_REQUEST__INIT;
    Payment__Allocation part = PAYMENT__ALLOCATION__INIT, *parts[] = {&part};
    part.bill_id = bill_of(account), part.amount = (char *)(uintptr_t) "2000";
    request.id = voucher, request.version = 1;
    request.verdict = PAYMENT__DECIDE_VOUCHER_REQUEST__VERDICT__CONFIRM;
    request.confirmed_amount = (char *)(uintptr_t) "2000";
    request.received_date = (char *)(uintptr_t)today();
    request.allocations = parts, request.n_allocations = 1;
    race.answered = race.done = 0;
    sent(&cashier, "DecideVoucher", &request.base);
    sent(&treasurer, "DecideVoucher", &request.base);
    loop_run(service_test_run()->loop);
    assert_int_equal(race.done, 1);
    assert_string_equal(
        VALUE("SELECT count(*) FROM transfer WHERE voucher_id = %lld", (long long)voucher), "2");

    Common__Principal opener = service_test_staff(25, "dues.read member.open");
    Payment__OpenMembershipRequest open = PAYMENT__OPEN_MEMBERSHIP_REQUEST__INIT;
    open.account_id = account, open.bill_id = bill_of(account);
    race.answered = race.done = 0;
    sent(&clerk, "OpenMembership", &open.base);
    sent(&opener, "OpenMembership", &open.base);
    loop_run(service_test_run()->loop);
    assert_int_equal(race.done, 1);
    assert_string_equal(
        VALUE("SELECT count(*) FROM term WHERE account_id = %lld", (long long)account), "1");
    nothing_contradicts();
}

/* The server process dies at each write of a posting in turn; asked again by its key, it is posted once. */
static void test_a_posting_killed_at_every_write(void **state)
{
    static const char *const writes[] = {
        "idempotency", "voucher_allocation",
        "voucher",     "transfer",
        "unit",        "bill",
        "receipt",     "term",
        "history",     "outbox",
        "audit",
    };
    (void)state;
    service_test_sql("CREATE SEQUENCE deaths; GRANT ALL ON SEQUENCE deaths TO PUBLIC;"
                     "CREATE FUNCTION die_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                     " IF nextval('deaths') = TG_ARGV[0]::bigint THEN PERFORM "
                     "pg_terminate_backend(pg_backend_pid()); END IF; RETURN NULL; END $$");
    for (size_t i = 0; i < 2 * sizeof writes / sizeof writes[0]; i++) {
        const char *table = writes[i / 2];
        Common__Principal who = paid_unit();
        SAYS(open_membership(account), "first_day");
        days_pass(account, 300);
        SAYS(JSON(&who, "RequestBill", "{}"), "\"id\"");
        int64_t voucher = submitted(&who, "2500");
        service_test_sql(arena_printf(
            arena,
            "ALTER SEQUENCE deaths RESTART; CREATE TRIGGER die_once AFTER INSERT OR UPDATE ON %s "
            "FOR EACH ROW EXECUTE FUNCTION die_once(%d)",
            table, (int)(i % 2) + 1)); /* the first row of it, and the second */
        const char *key = arena_printf(arena, "posting-%zu", i);
        SAYS(service_test_json(
                 &cashier, "DecideVoucher", key,
                 arena_printf(arena,
                              "{\"id\":%lld,\"version\":1,\"verdict\":\"CONFIRM\",\"confirmed_"
                              "amount\":\"2500\",\"received_date\":\"%s\",\"allocations\":[{\"bill_"
                              "id\":%lld,\"amount\":\"2000\"}]}",
                              (long long)voucher, today(), (long long)bill_of(account))),
             "CONFIRMED");
        service_test_sql(arena_printf(arena, "DROP TRIGGER die_once ON %s", table));
        service_test_until_ready();
        assert_string_equal(VALUE("SELECT count(*) || ' ' || (SELECT count(*) FROM receipt r WHERE "
                                  "r.voucher_id = %lld) FROM transfer WHERE voucher_id = %lld",
                                  (long long)voucher, (long long)voucher),
                            "2 1");
        assert_string_equal(terms_of(account), "-300 65");
        nothing_contradicts();
    }
    assert_string_equal(VALUE("SELECT count(*) > 0 FROM pg_stat_database WHERE datname = "
                              "current_database() AND sessions_killed >= 11"),
                        "t");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_confirm_the_same_figures),
        cmocka_unit_test(test_the_second_sends_it_back),
        cmocka_unit_test(test_bills_that_are_not_there),
        cmocka_unit_test(test_a_reversed_renewal_can_be_paid_anew),
        cmocka_unit_test(test_a_reversed_bill_paid_again_has_its_days),
        cmocka_unit_test(test_credit_goes_to_what_is_open),
        cmocka_unit_test(test_a_bill_is_cancelled_never_with_money_on_it),
        cmocka_unit_test(test_waivers_in_part_and_taken_back),
        cmocka_unit_test(test_a_refund_is_shown_and_changes_the_receipt),
        cmocka_unit_test(test_what_waits_for_a_second_person),
        cmocka_unit_test(test_who_is_suspended_pays_and_goes_on),
        cmocka_unit_test(test_who_comes_back_starts_anew),
        cmocka_unit_test(test_what_staff_entered_does_not_stop_the_unit),
        cmocka_unit_test(test_two_press_confirm_at_once),
        cmocka_unit_test(test_a_posting_killed_at_every_write),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
