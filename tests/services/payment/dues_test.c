/* Dues from the bill to the receipt: what the unit, finance, the clerk and the issuer do, and what may never be. */
#include "dues.h"

/* ---- the tests */

static void test_the_whole_story(void **state)
{
    (void)state;
    Common__Principal who = unit("COUNCIL");
    const char *dues = JSON(&who, "GetDues", "{}");
    SAYS(dues, "\"amount_fen\":\"300000\"");
    SAYS(dues, "\"account_no\":\"0505010409200054816\"");
    SAYS(dues, "\"association_post_name\":\"理事单位\"");
    assert_string_equal(status_of(account), "NONE");

    int64_t voucher = submitted(&who, "3,000.00");
    assert_string_equal(status_of(account), "VOUCHER_REVIEW");
    SAYS(open_membership(account), "bill_not_settled");
    SAYS(confirm(&cashier, voucher, 1, "3000.00", bill_of(account), "3000"), "CONFIRMED");
    assert_string_equal(status_of(account), "READY");
    assert_string_equal(VALUE("SELECT string_agg(debit_kind || '>' || credit_kind || ':' || "
                              "amount_fen, ' ' ORDER BY id) "
                              "FROM transfer WHERE voucher_id = %lld",
                              (long long)voucher),
                        "BANK>CREDIT:300000 CREDIT>BILL:300000");

    SAYS(open_membership(account), "\"first_day\"");
    assert_string_equal(status_of(account), "ACTIVE");
    assert_string_equal(
        VALUE("SELECT member_no FROM membership WHERE account_id = %lld", (long long)account),
        VALUE("SELECT 'CZQG-' || extract(year FROM current_date) || '-0001'"));
    SAYS(open_membership(account), "term_of_bill");

    const char *receipt =
        VALUE("SELECT id FROM receipt WHERE voucher_id = %lld", (long long)voucher);
    service_test_sql("INSERT INTO attachment (id, account_id, purpose, file_name, content_type, "
                     "size_bytes, content_hash) "
                     "VALUES ('r1', 7, 'receipt', 'r.pdf', 'application/pdf', 10, 'x')");
    SAYS(issue(receipt, 1, "1400 12", "3000", "r1"), "receipt_no");
    SAYS(issue(receipt, 1, "140012", "2000", "r1"), "票面金额与到账金额不一致");
    SAYS(issue(receipt, 1, "140012", "3000", "r1"), "ISSUED");
    SAYS(issue(receipt, 1, "140012", "3000", "r1"), "receipt_stale");
    SAYS(JSON(&who, "ListMyReceipts", "{}"), "\"receipt_no\":\"140012\"");
    assert_string_equal(VALUE("SELECT string_agg(event, ' ' ORDER BY id) FROM outbox WHERE payload "
                              "->> 'account_id' = '%lld'",
                              (long long)account),
                        "voucher.submitted voucher.confirmed membership.opened receipt.issued");
    nothing_contradicts();
}

/* V14, and every other field: refused by its name, nothing kept. */
static void test_bad_vouchers_are_refused_by_field(void **state)
{
    static const char *const amounts[] = {"0.001",   "-1",   "1000000000000000000", "",
                                          "2,00.00", "二千", "1000000.01"};
    (void)state;
    Common__Principal who = unit("MEMBER"), stranger;
    int64_t bill = bill_of(account);
    for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++)
        SAYS(
            JSON(&who, "SubmitVoucher", "%s", voucher_json(bill, file_of(account), amounts[i], "")),
            amounts[i][0] == '\0'
                ? "{\"field\":\"paid_amount\",\"message\":\"请填写实付金额。\"}"
                : "{\"field\":\"paid_amount\",\"message\":\"请输入金额，例如2000.00，最多两位小数，"
                  "0.01到1000000.00元。\"}");
    SAYS(JSON(&who, "SubmitVoucher", "%s",
              VALUE("SELECT replace('%s', '%s', (current_date + 2)::text)",
                    voucher_json(bill, file_of(account), "2000", ""), today())),
         "{\"field\":\"paid_date\",\"message\":\"付款日期不能晚于今天。\"}"); /* V10 */
    SAYS(JSON(&who, "SubmitVoucher", "%s", voucher_json(bill, "nothing", "2000", "")),
         "voucher_files");
    SAYS(JSON(&who, "SubmitVoucher", "%s", voucher_json(bill + 1000, file_of(account), "2000", "")),
         "bill_ids");
    SAYS(JSON(&who, "SubmitVoucher", "%s", voucher_json(bill, file_of(1), "2000", "")),
         "voucher_files");
    const char *large = file_of(account);
    service_test_sql(
        arena_printf(arena, "UPDATE attachment SET size_bytes = 31457281 WHERE id = '%s'", large));
    const char *told = JSON(&who, "SubmitVoucher", "%s", voucher_json(bill, large, "2000", ""));
    SAYS(told, "\"field\":\"voucher_files\"");
    SAYS(told, "这次提交的附件共30.1MB，超过30MB的上限");
    assert_string_equal(
        VALUE("SELECT count(*) FROM voucher WHERE account_id = %lld", (long long)account), "0");

    SAYS(JSON(&who, "SubmitVoucher", "%s",
              voucher_json(bill, file_of(account), "２０００．００", "S1")),
         "\"paid_fen\":\"200000\"");
    SAYS(JSON(&who, "SubmitVoucher", "%s", voucher_json(bill, file_of(account), "2000", "")),
         "voucher_waiting");
    stranger = unit("MEMBER");
    SAYS(JSON(&stranger, "SubmitVoucher", "%s", voucher_json(bill, file_of(account), "2000", "")),
         "bill_ids");
    SAYS(JSON(&stranger, "SubmitVoucher", "%s",
              voucher_json(bill_of(account), file_of(account), "2000", "S1")),
         "voucher_serial_used");
    int64_t voucher = atoll(VALUE("SELECT max(id) FROM voucher"));
    SAYS(JSON(&cashier, "DecideVoucher",
              "{\"id\":%lld,\"version\":1,\"verdict\":\"CONFIRM\",\"confirmed_amount\":\"2000\","
              "\"received_date\":\"%s\",\"allocations\":[{\"bill_id\":%lld,\"amount\":\"2000\"}]}",
              (long long)voucher, VALUE("SELECT current_date + 2"), (long long)bill),
         "{\"field\":\"received_date\",\"message\":\"到账日期不能晚于今天。\"}");
    SAYS(JSON(&stranger, "GetMyVoucher", "{\"id\":%lld}", (long long)voucher), "voucher_gone");
    SAYS(JSON(&stranger, "WithdrawVoucher", "{\"id\":%lld}", (long long)voucher),
         "voucher_not_withdrawable");
    SAYS(JSON(&who, "WithdrawVoucher", "{\"id\":%lld}", (long long)voucher), "WITHDRAWN");
    SAYS(JSON(&cashier, "GetVoucher", "{\"id\":%lld}", (long long)voucher), "咨询公司");
}

/* A file that was handed in for one payment is not handed in for another, and the same picture is told to finance. */
static void test_a_voucher_used_twice(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER");
    const char *file = file_of(account);
    SAYS(JSON(&who, "SubmitVoucher", "%s", voucher_json(bill_of(account), file, "1000", "")),
         "SUBMITTED");
    int64_t first = atoll(VALUE("SELECT max(id) FROM voucher"));
    SAYS(confirm(&cashier, first, 1, "1000", bill_of(account), "1000"), "CONFIRMED");
    SAYS(JSON(&who, "SubmitVoucher", "%s", voucher_json(bill_of(account), file, "1000", "")),
         "已随另一笔缴费提交");
    Common__Principal other = unit("MEMBER");
    const char *copy = file_of(account);
    service_test_sql(arena_printf(
        arena,
        "ALTER TABLE attachment DISABLE TRIGGER ALL; UPDATE attachment SET content_hash = (SELECT "
        "content_hash FROM attachment WHERE id = '%s') WHERE id = '%s'",
        file, copy));
    SAYS(JSON(&other, "SubmitVoucher", "%s", voucher_json(bill_of(account), copy, "2000", "")),
         "SUBMITTED");
    SAYS(JSON(&cashier, "GetVoucher", "{\"id\":%s}", VALUE("SELECT max(id) FROM voucher")),
         "同一张凭证图片已用于");
    nothing_contradicts();
}

static void test_part_payment_and_overpayment(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER");
    int64_t bill = bill_of(account);
    SAYS(confirm(&cashier, submitted(&who, "500"), 1, "500", bill, "500"), "CONFIRMED");
    assert_string_equal(VALUE("SELECT state FROM bill WHERE id = %lld", (long long)bill),
                        "PARTLY_PAID");
    SAYS(open_membership(account), "bill_not_settled");
    int64_t rest = submitted(&who, "3500");
    SAYS(confirm(&cashier, rest, 1, "3500", bill, "1500.01"), "bill_overpaid");
    SAYS(confirm(&cashier, rest, 1, "3500", bill, "3500.01"), "allocation_too_large");
    SAYS(confirm(&cashier, rest, 1, "3500", bill, "1500"), "CONFIRMED");
    assert_string_equal(
        VALUE("SELECT credit_fen FROM unit WHERE account_id = %lld", (long long)account), "200000");
    SAYS(open_membership(account), "first_day");

    /* ten months later the next year's bill takes the credit, and the renewal is open by itself */
    service_test_sql(arena_printf(arena,
                                  "ALTER TABLE term DISABLE TRIGGER term_append_only; UPDATE term "
                                  "SET first_day = first_day - 300, "
                                  "last_day = last_day - 300 WHERE account_id = %lld; ALTER TABLE "
                                  "term ENABLE TRIGGER term_append_only",
                                  (long long)account));
    SAYS(JSON(&who, "RequestBill", "{}"), "\"id\"");
    assert_string_equal(
        VALUE("SELECT state FROM bill WHERE id = %lld", (long long)bill_of(account)), "PAID");
    assert_string_equal(
        VALUE("SELECT credit_fen FROM unit WHERE account_id = %lld", (long long)account), "0");
    assert_string_equal(VALUE("SELECT string_agg((first_day - current_date) || ':' || (opened_by "
                              "IS NULL), ' ' ORDER BY first_day) "
                              "FROM term WHERE account_id = %lld",
                              (long long)account),
                        "-300:false 65:true");
    assert_string_equal(status_of(account), "ACTIVE");
    SAYS(JSON(&who, "RequestBill", "{}"), "bill_not_due");
    nothing_contradicts();
}

static void test_one_transfer_for_two_units(void **state)
{
    (void)state;
    unit("MEMBER");
    int64_t sister = bill_of(account);
    Common__Principal who = unit("MEMBER");
    int64_t voucher = submitted(&who, "4000");
    SAYS(JSON(&cashier, "DecideVoucher",
              "{\"id\":%lld,\"version\":1,\"verdict\":\"CONFIRM\",\"confirmed_amount\":\"4000\","
              "\"received_date\":\"%s\","
              "\"allocations\":[{\"bill_id\":%lld,\"amount\":\"2000\"},{\"bill_id\":%lld,"
              "\"amount\":\"2000\"}]}",
              (long long)voucher, today(), (long long)bill_of(account), (long long)sister),
         "CONFIRMED");
    assert_string_equal(VALUE("SELECT string_agg(state, ' ') FROM bill WHERE id IN (%lld, %lld)",
                              (long long)sister, (long long)bill_of(account)),
                        "PAID PAID");
    nothing_contradicts();
}

/* Two people press at once: the second finds it decided. The same key twice is one posting. */
static void test_a_voucher_is_decided_once(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER");
    int64_t voucher = submitted(&who, "2000");
    const char *request = arena_printf(arena,
                                       "{\"id\":%lld,\"version\":1,\"verdict\":\"CONFIRM\","
                                       "\"confirmed_amount\":\"2000\",\"received_date\":\"%s\","
                                       "\"allocations\":[{\"bill_id\":%lld,\"amount\":\"2000\"}]}",
                                       (long long)voucher, today(), (long long)bill_of(account));
    const char *first = service_test_json(&cashier, "DecideVoucher", "k1", request);
    SAYS(first, "CONFIRMED");
    assert_string_equal(service_test_json(&cashier, "DecideVoucher", "k1", request), first);
    SAYS(service_test_json(&treasurer, "DecideVoucher", "k2", request), "voucher_stale");
    SAYS(JSON(&cashier, "DecideVoucher",
              "{\"id\":%lld,\"version\":2,\"verdict\":\"REJECT\",\"reason_codes\":[\"V02\"]}",
              (long long)voucher),
         "voucher_stale");
    assert_string_equal(
        VALUE("SELECT count(*) FROM transfer WHERE voucher_id = %lld", (long long)voucher), "2");
    assert_string_equal(
        VALUE("SELECT count(*) FROM receipt WHERE voucher_id = %lld", (long long)voucher), "1");
}

static void test_large_amounts_take_two(void **state)
{
    (void)state;
    Common__Principal who = unit("PRESIDENT");
    int64_t bill = bill_of(account), voucher = submitted(&who, "10000.01");
    SAYS(confirm(&cashier, voucher, 1, "10000.01", bill, "5000"), "\"second\":true");
    assert_string_equal(
        VALUE("SELECT count(*) FROM transfer WHERE voucher_id = %lld", (long long)voucher), "0");
    SAYS(confirm(&cashier, voucher, 2, "10000.01", bill, "5000"), "voucher_same_person");
    SAYS(confirm(&treasurer, voucher, 2, "10000.01", bill, "5000"), "CONFIRMED");
    assert_string_equal(
        VALUE("SELECT DISTINCT recorder || ' ' || approver FROM transfer WHERE voucher_id = %lld",
              (long long)voucher),
        "STAFF:21 STAFF:22");
    nothing_contradicts();
}

static void test_what_staff_record_another_confirms(void **state)
{
    (void)state;
    unit("MEMBER");
    SAYS(JSON(&cashier, "RecordPayment",
              "{\"account_id\":%lld,\"pay_method\":\"CASH\",\"paid_amount\":\"2000\",\"paid_date\":"
              "\"%s\",\"payer_name\":\"张三\"}",
              (long long)account, today()),
         "SUBMITTED");
    int64_t voucher = atoll(VALUE("SELECT max(id) FROM voucher"));
    SAYS(confirm(&cashier, voucher, 1, "2000", bill_of(account), "2000"), "voucher_same_person");
    SAYS(confirm(&treasurer, voucher, 1, "2000", bill_of(account), "2000"), "CONFIRMED");
    nothing_contradicts();
}

static void test_a_rejected_voucher_tells_why(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER");
    int64_t voucher = submitted(&who, "2000");
    SAYS(JSON(&cashier, "DecideVoucher", "{\"id\":%lld,\"version\":1,\"verdict\":\"REJECT\"}",
              (long long)voucher),
         "rejection_has_a_reason");
    SAYS(JSON(&cashier, "DecideVoucher",
              "{\"id\":%lld,\"version\":1,\"verdict\":\"REJECT\",\"reason_codes\":[\"V77\"]}",
              (long long)voucher),
         "reason_unknown");
    SAYS(JSON(&cashier, "DecideVoucher",
              "{\"id\":%lld,\"version\":1,\"verdict\":\"REJECT\",\"reason_codes\":[\"V02\"]}",
              (long long)voucher),
         "REJECTED");
    assert_string_equal(status_of(account), "VOUCHER_REJECTED");
    SAYS(JSON(&who, "GetMyVoucher", "{\"id\":%lld}", (long long)voucher), "未查到到账");
    assert_string_equal(VALUE("SELECT payload ->> 'reason' FROM outbox WHERE event = "
                              "'voucher.rejected' ORDER BY id DESC LIMIT 1"),
                        "未查到到账");
    SAYS(JSON(&who, "GetDues", "{}"),
         arena_printf(arena, "\"rejected_voucher_id\":\"%lld\"", (long long)voucher));
    submitted(&who, "2000"); /* and it may be handed in again */
}

/* D16b, as staff keep them: an old refusal says what it said, what is switched off is not chosen, nothing is lost. */
static void test_reasons_of_refusals_are_kept(void **state)
{
    Common__Principal editor = service_test_staff(29, "dict.edit");
    (void)state;
    Common__Principal who = unit("MEMBER");
    int64_t voucher = submitted(&who, "2000");
    SAYS(JSON(&editor, "SaveVoucherReason",
              "{\"code\":\"V08\",\"text\":\"回单没有盖章\",\"advice\":\"请上传盖章的回单。\","
              "\"enabled\":true}"),
         "\"version\":1");
    SAYS(JSON(&editor, "SaveVoucherReason",
              "{\"code\":\"V08\",\"text\":\"又一条\",\"advice\":\"请上传。\",\"enabled\":true}"),
         "voucher_reason_changed");
    SAYS(JSON(&editor, "SaveVoucherReason",
              "{\"code\":\"R16\",\"text\":\"又一条\",\"advice\":\"请上传。\",\"enabled\":true}"),
         "voucher_reason_code");
    SAYS(JSON(&cashier, "SaveVoucherReason",
              "{\"code\":\"V10\",\"text\":\"又一条\",\"advice\":\"请上传。\",\"enabled\":true}"),
         "not_allowed");
    SAYS(JSON(&cashier, "DecideVoucher",
              "{\"id\":%lld,\"version\":1,\"verdict\":\"REJECT\",\"reason_codes\":[\"V08\"]}",
              (long long)voucher),
         "REJECTED");
    SAYS(JSON(&editor, "SaveVoucherReason",
              "{\"code\":\"V08\",\"text\":\"回单上没有章\",\"advice\":\"请补章。\","
              "\"enabled\":false,\"version\":1}"),
         "\"version\":2");
    SAYS(JSON(&who, "GetMyVoucher", "{\"id\":%lld}", (long long)voucher), "回单没有盖章");
    assert_null(strstr(JSON(&cashier, "ListVoucherReasons", "{}"), "V08"));
    SAYS(JSON(&editor, "ListAllDuesReasons", "{}"), "回单上没有章");
    voucher = submitted(&who, "2000");
    SAYS(JSON(&cashier, "DecideVoucher",
              "{\"id\":%lld,\"version\":1,\"verdict\":\"REJECT\",\"reason_codes\":[\"V08\"]}",
              (long long)voucher),
         "reason_unknown");
    assert_string_equal(VALUE("SELECT string_agg(version || ' ' || (after ->> 'text'), ', ' ORDER "
                              "BY version) FROM voucher_reason_change WHERE code = 'V08'"),
                        "1 回单没有盖章, 2 回单上没有章");
}

/* What two decide: reversal takes the money back, and with it the membership and the receipt; paid again, all is back. */
static void test_a_reversal(void **state)
{
    (void)state;
    Common__Principal who = paid_unit();
    SAYS(open_membership(account), "first_day");
    int64_t voucher =
        atoll(VALUE("SELECT max(id) FROM voucher WHERE account_id = %lld", (long long)account));
    const char *ask = arena_printf(arena,
                                   "{\"kind\":\"REVERSE\",\"account_id\":%lld,\"voucher_id\":%lld,"
                                   "\"reason\":\"款项退回付款人\"}",
                                   (long long)account, (long long)voucher);
    SAYS(service_test_json(&clerk, "Propose", "", ask), "not_allowed");
    SAYS(service_test_json(&cashier, "Propose", "", ask), "REQUESTED");
    SAYS(service_test_json(&cashier, "Propose", "", ask), "proposal_requested");
    const char *id = VALUE("SELECT max(id) FROM proposal");
    SAYS(JSON(&cashier, "DecideProposal", "{\"id\":%s,\"verdict\":\"CONFIRM\"}", id),
         "proposal_same_person");
    SAYS(JSON(&treasurer, "DecideProposal", "{\"id\":%s,\"verdict\":\"CONFIRM\"}", id),
         "proposal_gone");
    SAYS(JSON(&secretary, "DecideProposal", "{\"id\":%s,\"verdict\":\"CONFIRM\"}", id),
         "CONFIRMED");
    assert_string_equal(
        VALUE("SELECT state FROM bill WHERE id = %lld", (long long)bill_of(account)), "OPEN");
    assert_string_not_equal(status_of(account), "ACTIVE");
    assert_string_equal(
        VALUE("SELECT state FROM receipt WHERE voucher_id = %lld", (long long)voucher), "VOID");
    nothing_contradicts();
    SAYS(confirm(&cashier, submitted(&who, "2000"), 1, "2000", bill_of(account), "2000"),
         "CONFIRMED");
    assert_string_equal(status_of(account), "ACTIVE");
    nothing_contradicts();
}

static void test_standing_waiver_and_refund(void **state)
{
    (void)state;
    paid_unit();
    SAYS(open_membership(account), "first_day");
    decided(&clerk, "SUSPEND", "");
    assert_string_equal(status_of(account), "SUSPENDED");
    SAYS(JSON(&clerk, "Propose",
              "{\"kind\":\"SUSPEND\",\"account_id\":%lld,\"reason\":\"再暂停一次看看\"}",
              (long long)account),
         "proposal_not_possible");
    decided(&clerk, "RESUME", "");
    assert_string_equal(status_of(account), "ACTIVE");
    decided(&clerk, "TERMINATE", ",\"leave_reason\":\"VOLUNTARY\"");
    assert_string_equal(status_of(account), "TERMINATED");

    unit("MEMBER");
    decided(&clerk, "WAIVE", arena_printf(arena, ",\"bill_id\":%lld", (long long)bill_of(account)));
    assert_string_equal(
        VALUE("SELECT state FROM bill WHERE id = %lld", (long long)bill_of(account)),
        "WRITTEN_OFF");
    SAYS(open_membership(account), "first_day");
    assert_string_equal(status_of(account), "ACTIVE");

    Common__Principal who = unit("MEMBER");
    SAYS(confirm(&cashier, submitted(&who, "2500"), 1, "2500", bill_of(account), "2000"),
         "CONFIRMED");
    SAYS(JSON(&cashier, "Propose",
              "{\"kind\":\"REFUND\",\"account_id\":%lld,\"amount\":\"500.01\",\"reason\":"
              "\"多缴的会费退回\"}",
              (long long)account),
         "proposal_not_possible");
    decided(&cashier, "REFUND", ",\"amount\":\"500\"");
    assert_string_equal(
        VALUE("SELECT credit_fen FROM unit WHERE account_id = %lld", (long long)account), "0");
    nothing_contradicts();
}

/* Money without certification opens nothing; certification taken back suspends. Late and old events change nothing. */
static void test_identity_and_money(void **state)
{
    (void)state;
    paid_unit();
    int64_t id = account;
    unit_told(id, 1, false, "MEMBER");
    unit_told(id, 1, true, "MEMBER"); /* overtaken */
    SAYS(open_membership(id), "member_not_certified");
    unit_told(id, 2, true, "COUNCIL");
    SAYS(open_membership(id), "first_day");
    assert_string_equal(status_of(id), "ACTIVE");
    unit_told(id, 2, false, "COUNCIL");
    assert_string_equal(status_of(id), "SUSPENDED");
    unit_told(id, 3, true, "COUNCIL"); /* an appeal brought it back */
    unit_told(id, 2, false, "COUNCIL");
    assert_string_equal(status_of(id), "ACTIVE");
    assert_string_equal(VALUE("SELECT count(*) FROM bill WHERE account_id = %lld", (long long)id),
                        "1");
    assert_string_equal(deliver("7777", "{}"), "field_errors");
}

/* A certification that ended says why, to the unit and to staff, until it holds again; an event of before does not know. */
static void test_why_a_certification_ended(void **state)
{
    static const struct {
        const char *ended, *kept, *reason, *warning;
    } ends[] = {
        {",\"ended\":\"EXPIRED\"", "EXPIRED",         "会员单位认证已过期\"",          "会员单位认证已过期，"         },
        {",\"ended\":\"REVOKED\"", "REVOKED",         "会员单位认证已撤销\"",          "会员单位认证已撤销，"         },
        {"",                       "END_UNSPECIFIED", "会员单位认证已撤销或过期\"", "尚未生效、已撤销或已过期，"},
    };
    (void)state;
    paid_unit();
    int64_t id = account;
    SAYS(open_membership(id), "first_day");
    Common__Principal who = service_test_member(id);
    const char *voucher =
        VALUE("SELECT max(id) FROM voucher WHERE account_id = %lld", (long long)id);
    for (int i = 0; i < 3; i++) {
        const char *payload =
            arena_printf(arena,
                         "{\"account_id\":%lld,\"version\":%d,\"certified\":false,\"unit_name\":"
                         "\"咨询公司%lld\","
                         "\"uscc\":\"91140403MA0K1X2Y1M\",\"association_post\":\"MEMBER\","
                         "\"legal_person_name\":\"张三\"%s}",
                         (long long)id, 10 + 2 * i, (long long)id, ends[i].ended);
        assert_string_equal(deliver(arena_printf(arena, "%d", ++last_event), payload), "");
        const char *kept = arena_printf(arena, "\"certification_ended\":\"%s\"", ends[i].kept);
        const char *record = JSON(&clerk, "GetMember", "{\"account_id\":%lld}", (long long)id);
        SAYS(record, kept);
        SAYS(record, ends[i].reason);
        SAYS(JSON(&who, "GetDues", "{}"), kept);
        SAYS(JSON(&cashier, "GetVoucher", "{\"id\":%s}", voucher), ends[i].warning);
        SAYS(JSON(&clerk, "ListMembers", "{\"any_state\":true,\"q\":\"咨询公司%lld\"}",
                  (long long)id),
             kept);
        unit_told(id, 11 + 2 * i, true, "MEMBER");
        assert_string_equal(status_of(id), "ACTIVE");
        SAYS(JSON(&who, "GetDues", "{}"), "\"certification_ended\":\"END_UNSPECIFIED\"");
    }
}

static const char *end_of(const char *first_day)
{
    return VALUE("SELECT term_last_day('%s')", first_day);
}

static void test_terms_and_their_ends(void **state)
{
    (void)state;
    assert_string_equal(end_of("2026-03-15"), "2027-03-14");
    assert_string_equal(end_of("2026-01-01"), "2026-12-31");
    assert_string_equal(end_of("2024-02-29"), "2025-02-28");
    assert_string_equal(end_of("2024-02-28"), "2025-02-27");
    SAYS(JSON(&secretary, "GetDuesPolicy", "{}"), "ROLLING");
    SAYS(JSON(&secretary, "SaveDuesPolicy",
              "{\"term_mode\":\"CALENDAR\",\"grace_days\":30,\"second_over\":\"10000\",\"reminder_"
              "days\":[-60,-30,-7,0,15,30],\"version\":"
              "1}"),
         "CALENDAR");
    SAYS(JSON(&secretary, "SaveDuesPolicy",
              "{\"term_mode\":\"ROLLING\",\"second_over\":\"10000\",\"reminder_days\":[-200],"
              "\"version\":2}"),
         "reminder_days_range");
    assert_string_equal(end_of("2026-03-15"), "2026-12-31");
    SAYS(JSON(&secretary, "SaveDuesPolicy",
              "{\"term_mode\":\"ROLLING\",\"grace_days\":30,\"second_over\":\"10000\",\"reminder_"
              "days\":[-60,-30,-7,0,15,30],\"version\":"
              "1}"),
         "policy_changed");
    SAYS(JSON(&secretary, "SaveDuesPolicy",
              "{\"term_mode\":\"ROLLING\",\"grace_days\":30,\"second_over\":\"10000\",\"reminder_"
              "days\":[-60,-30,-7,0,15,30],\"version\":"
              "2}"),
         "ROLLING");

    /* SMS about money: weekdays from 9:30 to 20:00, in Shanghai */
    assert_string_equal(VALUE("SELECT string_agg(reminder_hours(at::timestamptz)::text, ' ' ORDER "
                              "BY at) FROM unnest('{"
                              "2026-11-23 09:29+08,2026-11-23 09:30+08,2026-11-23 "
                              "20:01+08,2026-11-28 12:00+08}'::text[]) AS at"),
                        "false true false false");

    /* where a unit stands as its last day goes by */
    static const struct {
        int days;
        const char *state;
    } stands[] = {
        {61,  "ACTIVE"  },
        {60,  "EXPIRING"},
        {0,   "EXPIRING"},
        {-1,  "GRACE"   },
        {-30, "GRACE"   },
        {-31, "EXPIRED" }
    };
    paid_unit();
    SAYS(open_membership(account), "first_day");
    for (size_t i = 0; i < sizeof stands / sizeof stands[0]; i++)
        assert_string_equal(VALUE("SELECT (member_status(%lld, last_day - (%d))).state FROM term "
                                  "WHERE account_id = %lld",
                                  (long long)account, stands[i].days, (long long)account),
                            stands[i].state);
    /* renewed in grace it goes on the day after; later, anew */
    assert_string_equal(VALUE("SELECT term_first_day(%lld, last_day + 30) - last_day FROM term "
                              "WHERE account_id = %lld",
                              (long long)account, (long long)account),
                        "1");
    assert_string_equal(VALUE("SELECT term_first_day(%lld, last_day + 31) - last_day FROM term "
                              "WHERE account_id = %lld",
                              (long long)account, (long long)account),
                        "31");
}

/* ---- the database says so itself, whatever statement comes */

/* The rule that a statement breaks, or the words that refuse it; "": it is taken. */
static const char *said(const char *statement)
{
    return VALUE("SELECT pg_temp.said($q$%s$q$)", statement);
}

static void said_begin(void)
{
    service_test_sql(
        "CREATE OR REPLACE FUNCTION pg_temp.said(statement text) RETURNS text LANGUAGE plpgsql AS "
        "$$ DECLARE rule text; BEGIN EXECUTE statement; RETURN ''; EXCEPTION WHEN "
        "integrity_constraint_violation OR check_violation OR exclusion_violation OR "
        "unique_violation OR foreign_key_violation OR insufficient_privilege OR raise_exception "
        "THEN GET STACKED DIAGNOSTICS rule = CONSTRAINT_NAME; RETURN coalesce(nullif(rule, ''), "
        "SQLERRM); END $$");
}

#define POSTING                                                                                    \
    "INSERT INTO transfer (debit_kind, debit_of, credit_kind, credit_of, amount_fen, voucher_id, " \
    "proposal_id, recorder, approver) "

/* Of the unit that came last, a term is open and a voucher waits. */
static const char *const forbidden[][2] = {
    {"UPDATE transfer SET amount_fen = 1",                                               "transfer is append-only"},
    {"DELETE FROM transfer",                                                             "transfer is append-only"},
    {"TRUNCATE transfer",                                                                "transfer is append-only"},
    {"DELETE FROM term",                                                                 "term is append-only"    },
    {"TRUNCATE term",                                                                    "term is append-only"    },
    {"UPDATE voucher SET state = 'SUBMITTED' WHERE state = 'CONFIRMED'",                 "state_changed"          },
    {"DELETE FROM voucher_reason",                                                       "voucher_reason_kept"    },
    {"UPDATE voucher_reason SET code = 'V98' WHERE code = 'V99'",                        "voucher_reason_kept"    },
 /* a posting has two persons, a cause that is there, and says what that says */
    {POSTING "SELECT 'BANK', 0, 'CREDIT', account_id, 100, id, NULL, 'STAFF:1', 'STAFF:1' FROM "
             "voucher LIMIT 1",                                                     "transfer_same_person"   },
    {POSTING "SELECT 'BANK', 0, 'CREDIT', account_id, 100, NULL, NULL, 'STAFF:1', 'STAFF:2' FROM "
             "unit LIMIT 1",                                                        "transfer_has_cause"     },
    {POSTING "SELECT 'BANK', 0, 'CREDIT', account_id, 100, 999999, NULL, 'STAFF:1', 'STAFF:2' "
             "FROM unit LIMIT 1",                                                   "transfer_voucher"       },
    {POSTING "SELECT 'WAIVER', 0, 'BILL', max(id), 100, NULL, 999999, 'STAFF:1', 'STAFF:2' FROM "
             "bill",                                                                "transfer_proposal"      },
    {POSTING "SELECT 'BANK', 0, 'CREDIT', account_id, paid_fen, id, NULL, 'STAFF:1', 'STAFF:2' "
             "FROM voucher WHERE state = 'SUBMITTED' ORDER BY id DESC LIMIT 1",     "transfer_fits"          },
    {POSTING "SELECT 'BANK', 0, 'CREDIT', account_id, confirmed_fen, id, NULL, 'STAFF:1', "
             "'STAFF:2' FROM voucher WHERE state = 'CONFIRMED' LIMIT 1",            "transfer_posted_once"   },
    {POSTING "SELECT 'BANK', 0, 'BILL', bill_ids[1], confirmed_fen, id, NULL, 'STAFF:1', 'STAFF:2' "
             "FROM voucher WHERE state = 'CONFIRMED' LIMIT 1",                      "transfer_fits"          },
    {POSTING "SELECT 'CREDIT', u.account_id, 'BILL', v.bill_ids[1], 100, v.id, NULL, 'STAFF:1', "
             "'STAFF:2' FROM voucher v, unit u WHERE v.state = 'CONFIRMED' AND u.account_id <> "
             "v.account_id LIMIT 1",                                                "transfer_fits"          },
    {POSTING "SELECT 'CREDIT', account_id, 'BANK', 0, 100000000, id, NULL, 'STAFF:1', 'STAFF:2' "
             "FROM voucher WHERE state = 'CONFIRMED' LIMIT 1",                      "transfer_fits"          },
 /* what is owed and what is left move with a posting only */
    {"UPDATE bill SET paid_fen = paid_fen + 1",                                          "bill_stands"            },
    {"UPDATE bill SET paid_fen = 0 WHERE state = 'PAID'",                                "bill_stands"            },
    {"UPDATE bill SET waived_fen = amount_fen - paid_fen, state = 'WRITTEN_OFF' WHERE state = "
     "'OPEN'",                                                                      "bill_stands"            },
    {"UPDATE unit SET credit_fen = credit_fen + 1",                                      "credit_stands"          },
    {"SELECT transfer_apply_side('BILL', max(id), 'CREDIT', 1) FROM bill",               "bill_stands"            },
    {"SELECT transfer_apply_side('CREDIT', max(account_id), 'BANK', 1) FROM unit",       "credit_stands"          },
    {"INSERT INTO unit (account_id, version, certified, unit_name, uscc, association_post, "
     "legal_person_name, credit_fen) VALUES (1, 1, true, '', '', 'MEMBER', '', 1)", "credit_stands"          },
    {"INSERT INTO bill (account_id, year, association_post, association_post_name, amount_fen, "
     "paid_fen, reference_code, due_on) SELECT max(account_id), 1999, 'MEMBER', '', 2, 1, "
     "'HF', current_date FROM unit",                                                "bill_stands"            },
 /* nobody is a member twice on one day */
    {"INSERT INTO term (account_id, bill_id, association_post, association_post_name, first_day, "
     "last_day) SELECT account_id, bill_id, association_post, association_post_name, last_day, "
     "last_day + 365 FROM term WHERE voided_at IS NULL ORDER BY id DESC LIMIT 1",   "term_overlap"           },
};

/* The role of the service, with what guildctl grants it. */
static const char *const forbidden_to_the_service[][2] = {
    {"UPDATE transfer SET amount_fen = 1",                                 "permission denied for table transfer"},
    {"DELETE FROM transfer",                                               "permission denied for table transfer"},
    {"TRUNCATE transfer",                                                  "permission denied for table transfer"},
    {"TRUNCATE bill CASCADE",                                              "permission denied for table bill"    },
    {"ALTER TABLE bill DISABLE TRIGGER bill_stands",                       "must be owner of table bill"         },
    {POSTING "SELECT 'BANK', 0, 'CREDIT', account_id, 100, 999999, NULL, 'STAFF:1', 'STAFF:2' "
             "FROM unit LIMIT 1",                                     "transfer_voucher"                    },
    {"UPDATE bill SET paid_fen = 0 WHERE state = 'PAID'",                  "bill_stands"                         },
    {"UPDATE unit SET credit_fen = credit_fen + 1",                        "credit_stands"                       },
    {"SELECT transfer_apply_side('BILL', max(id), 'CREDIT', 1) FROM bill", "bill_stands"                         },
};

static void test_the_ledger_is_guarded(void **state)
{
    (void)state;
    paid_unit();
    SAYS(open_membership(account), "first_day");
    Common__Principal who = unit("MEMBER");
    submitted(&who, "2000");
    said_begin();
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++)
        assert_string_equal(said(forbidden[i][0]), forbidden[i][1]);

    service_test_sql(
        "CREATE ROLE guild_payment; GRANT USAGE ON SCHEMA payment TO guild_payment; "
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA payment TO guild_payment; "
        "DO $$ DECLARE name regclass; BEGIN FOR name IN SELECT oid FROM pg_class WHERE "
        "relnamespace = 'payment'::regnamespace AND obj_description(oid, 'pg_class') LIKE "
        "'append-only%' LOOP EXECUTE format('REVOKE UPDATE, DELETE ON %s FROM guild_payment', "
        "name); END LOOP; END $$; SET ROLE guild_payment");
    for (size_t i = 0; i < sizeof forbidden_to_the_service / sizeof forbidden_to_the_service[0];
         i++)
        assert_string_equal(said(forbidden_to_the_service[i][0]), forbidden_to_the_service[i][1]);
    service_test_sql("RESET ROLE; DROP OWNED BY guild_payment; DROP ROLE guild_payment");
    nothing_contradicts();
}

/* Where the rules were off, as on a broken disk, the differences tell of it. */
static void test_the_differences_tell_of_postings(void **state)
{
    static const char *const planted[][2] = {
        {"voucher_id = 999999",                                                  "voucher of transfer" },
        {"proposal_id = 999999",                                                 "proposal of transfer"},
        {"debit_of = 999999",                                                    "account of transfer" },
        {"debit_of = debit_of - 1",                                              "cause of transfer"   },
        {"voucher_id = (SELECT min(id) FROM voucher WHERE state = 'SUBMITTED')",
         "cause of transfer"                                                                           },
        {"reverses = (SELECT min(id) FROM transfer)",                            "cause of transfer"   },
    };
    (void)state;
    Common__Principal who = unit("MEMBER");
    submitted(&who, "2000");
    paid_unit();
    for (size_t i = 0; i < sizeof planted / sizeof planted[0]; i++) {
        service_test_sql(arena_printf(
            arena,
            "BEGIN; SET LOCAL session_replication_role = replica; UPDATE transfer SET %s WHERE id "
            "= (SELECT max(id) FROM transfer)",
            planted[i][0]));
        SAYS(VALUE("SELECT string_agg(DISTINCT what, ', ') FROM ledger_differences()"),
             planted[i][1]);
        service_test_sql("ROLLBACK");
    }
    nothing_contradicts();
}

/* The certificate holds while the membership does; anybody may ask by what names a member, whole. */
static void test_the_certificate_and_the_check(void **state)
{
    (void)state;
    Common__Principal who = paid_unit();
    SAYS(JSON(&who, "ReadCertificate", "{}"), "certificate_none");
    SAYS(open_membership(account), "first_day");
    SAYS(JSON(&who, "ReadCertificate", "{}"), "application/pdf");
    SAYS(JSON(&who, "ReadCertificate", "{\"format\":\"PNG\"}"), "image/png");
    const char *number =
        VALUE("SELECT member_no FROM membership WHERE account_id = %lld", (long long)account);
    SAYS(JSON(NULL, "GetMemberStatus", "{\"q\":\"%s\"}", number), "ACTIVE");
    SAYS(JSON(NULL, "GetMemberStatus", "{\"q\":\"咨询公司%lld\"}", (long long)account), number);
    SAYS(JSON(NULL, "GetMemberStatus", "{\"q\":\"咨询公司\"}"), "member_unknown");
    SAYS(JSON(NULL, "GetCertificateKey", "{}"), "public_key");
    decided(&clerk, "SUSPEND", "");
    SAYS(JSON(&who, "ReadCertificate", "{}"), "certificate_none");
    SAYS(JSON(NULL, "GetMemberStatus", "{\"q\":\"%s\"}", number), "SUSPENDED");
}

static void test_lists(void **state)
{
    (void)state;
    SAYS(JSON(&cashier, "CountVouchers", "{}"), "\"waiting\":");
    SAYS(JSON(&cashier, "ListVouchers", "{\"view\":\"ALL\",\"limit\":2}"), "next_cursor");
    SAYS(JSON(&cashier, "ListVouchers",
              "{\"view\":\"DECIDED\",\"sort\":\"NEWEST_FIRST\",\"q\":\"咨询公司\"}"),
         "CONFIRMED");
    SAYS(JSON(&cashier, "ListVouchers", "{\"cursor\":\"x\"}"), "cursor");
    SAYS(JSON(&clerk, "ListMembers", "{\"any_state\":true}"), "咨询公司");
    SAYS(JSON(&clerk, "ListMembers", "{\"state\":\"ACTIVE\"}"), "CZQG-");
    SAYS(JSON(&clerk, "GetMember", "{\"account_id\":%lld}", (long long)account), "next_first_day");
    SAYS(JSON(&cashier, "ListBills", "{\"view\":\"SETTLED\"}"), "PAID");
    SAYS(JSON(&issuer, "ListReceipts", "{}"), "REQUESTED");
    SAYS(JSON(&cashier, "ListVoucherReasons", "{}"), "V01");
    SAYS(JSON(&secretary, "ListProposals", "{}"), "{");
    SAYS(JSON(&issuer, "ListVouchers", "{}"), "not_allowed");
    SAYS(
        JSON(&secretary, "SaveFee",
             "{\"association_post\":\"MEMBER\",\"amount\":\"2500\",\"valid_from\":\"2099-01-01\"}"),
        "250000");
    SAYS(
        JSON(&secretary, "SaveFee",
             "{\"association_post\":\"NOBODY\",\"amount\":\"2500\",\"valid_from\":\"2099-01-01\"}"),
        "fee_post_unknown");
    SAYS(
        JSON(&secretary, "SaveFee",
             "{\"association_post\":\"MEMBER\",\"amount\":\"2600\",\"valid_from\":\"2099-01-01\"}"),
        "fee_schedule_pkey");
    Common__Principal who = service_test_member(account);
    SAYS(JSON(&who, "ListMyVouchers", "{\"year\":%s}",
              VALUE("SELECT extract(year FROM current_date)")),
         "voucher");
    SAYS(JSON(&who, "ReadPaymentSlip", "{\"id\":%lld}", (long long)bill_of(account)),
         "application/pdf");
    Common__Principal stranger = service_test_member(1);
    SAYS(JSON(&stranger, "ReadPaymentSlip", "{\"id\":%lld}", (long long)bill_of(account)),
         "bill_gone");
    SAYS(JSON(&stranger, "GetDues", "{}"), "not_certified_yet");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_whole_story),
        cmocka_unit_test(test_bad_vouchers_are_refused_by_field),
        cmocka_unit_test(test_a_voucher_used_twice),
        cmocka_unit_test(test_part_payment_and_overpayment),
        cmocka_unit_test(test_one_transfer_for_two_units),
        cmocka_unit_test(test_a_voucher_is_decided_once),
        cmocka_unit_test(test_large_amounts_take_two),
        cmocka_unit_test(test_what_staff_record_another_confirms),
        cmocka_unit_test(test_a_rejected_voucher_tells_why),
        cmocka_unit_test(test_reasons_of_refusals_are_kept),
        cmocka_unit_test(test_a_reversal),
        cmocka_unit_test(test_standing_waiver_and_refund),
        cmocka_unit_test(test_identity_and_money),
        cmocka_unit_test(test_why_a_certification_ended),
        cmocka_unit_test(test_terms_and_their_ends),
        cmocka_unit_test(test_the_ledger_is_guarded),
        cmocka_unit_test(test_the_differences_tell_of_postings),
        cmocka_unit_test(test_the_certificate_and_the_check),
        cmocka_unit_test(test_lists),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
