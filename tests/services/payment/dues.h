/* The payment service in this process, its staff, and units that are certified, pay and are confirmed: what the tests of dues
   and of the bank have in common. For one program. */
#ifndef GUILD_TESTS_DUES_H
#define GUILD_TESTS_DUES_H

#define main service_program
#include "../../../services/payment/main.c"
#undef main
#include "event.h"
#include "service_test.h"
#include <string.h>

static Common__Principal clerk, cashier, treasurer, secretary, issuer;
static struct arena *arena;
static struct keyring *event_keys;
static int64_t account = 2000;
static int last_event;

#define FINANCE_MAY                                                                                \
    "dues.read voucher.review voucher.reverse bank.import bank.allocate period.close"
#define VALUE service_test_value
#define JSON(who, method, ...) service_test_json(who, method, "", arena_printf(arena, __VA_ARGS__))

/* ---- what certification tells */

static inline const char *deliver_of(const char *name, const char *id, const char *payload)
{
    size_t size;
    ProtobufCMessage *reply;
    void *packed =
        event_seal(event_keys, "certification", id, &(struct event){name, payload}, arena, &size);
    Common__DeliverEventRequest *request =
        common__deliver_event_request__unpack(NULL, size, packed);
    enum status status =
        service_test_call(NULL, "certification", "DeliverEvent", &request->base, "", &reply);
    common__deliver_event_request__free_unpacked(request, NULL);
    return status == STATUS_OK ? "" : ((const Common__Problem *)reply)->reason;
}

static inline const char *deliver(const char *id, const char *payload)
{
    return deliver_of("unit.changed", id, payload);
}

static inline void unit_told(int64_t id, int version, bool certified, const char *post)
{
    const char *payload = arena_printf(
        arena,
        "{\"account_id\":%lld,\"version\":%d,\"certified\":%s,\"unit_name\":\"咨询公司%lld\","
        "\"uscc\":\"91140403MA0K1X2Y1M\",\"association_post\":\"%s\",\"legal_person_name\":"
        "\"张三\"}",
        (long long)id, version, certified ? "true" : "false", (long long)id, post);
    assert_string_equal(deliver(arena_printf(arena, "%d", ++last_event), payload), "");
}

/* Its form was handed in, or no longer waits. */
static inline void unit_applied(int64_t id, int version, bool applying, const char *post)
{
    const char *payload = arena_printf(
        arena,
        "{\"account_id\":%lld,\"version\":%d,\"applying\":%s,\"unit_name\":\"咨询公司%lld\","
        "\"uscc\":\"91140403MA0K1X2Y1M\",\"association_post\":\"%s\",\"legal_person_name\":"
        "\"张三\"}",
        (long long)id, version, applying ? "true" : "false", (long long)id, post);
    assert_string_equal(
        deliver_of("unit.applied", arena_printf(arena, "%d", ++last_event), payload), "");
}

/* A certified unit with its first bill. */
static inline Common__Principal unit(const char *post)
{
    unit_told(++account, 1, true, post);
    return service_test_member(account);
}

static inline int64_t bill_of(int64_t id)
{
    return atoll(VALUE("SELECT max(id) FROM bill WHERE account_id = %lld", (long long)id));
}

static inline const char *file_of(int64_t id)
{
    const char *name = arena_printf(arena, "f%d", ++last_event);
    service_test_sql(arena_printf(
        arena,
        "INSERT INTO attachment (id, account_id, purpose, file_name, content_type, size_bytes, "
        "content_hash) "
        "VALUES ('%s', %lld, 'voucher_files', 'v.png', 'image/png', 10, decode(md5('%s'), 'hex'))",
        name, (long long)id, name));
    return name;
}

static inline const char *today(void)
{
    return VALUE("SELECT current_date");
}

static inline const char *voucher_json(int64_t bill, const char *file, const char *amount,
                                       const char *serial)
{
    return arena_printf(
        arena,
        "{\"bill_ids\":[%lld],\"pay_method\":\"BANK\",\"voucher_files\":[\"%s\"],\"paid_amount\":"
        "\"%s\","
        "\"paid_date\":\"%s\",\"payer_name\":\"咨询公司%lld\",\"bank_serial\":\"%s\",\"receipt_"
        "info\":{"
        "\"receipt_title\":\"咨询公司%lld\",\"receipt_tax_id\":\"91140403MA0K1X2Y1M\","
        "\"receipt_phone\":\"18003551778\"}}",
        (long long)bill, file, amount, today(), (long long)account, serial, (long long)account);
}

/* The voucher's number. */
static inline int64_t submitted(const Common__Principal *who, const char *amount)
{
    int64_t id = who->account_id;
    SAYS(JSON(who, "SubmitVoucher", "%s", voucher_json(bill_of(id), file_of(id), amount, "")),
         "\"state\":\"SUBMITTED\"");
    return atoll(VALUE("SELECT max(id) FROM voucher WHERE account_id = %lld", (long long)id));
}

static inline const char *confirm(const Common__Principal *who, int64_t voucher, int version,
                                  const char *amount, int64_t bill, const char *laid)
{
    return JSON(who, "DecideVoucher",
                "{\"id\":%lld,\"version\":%d,\"verdict\":\"CONFIRM\",\"confirmed_amount\":\"%s\","
                "\"received_date\":\"%s\",\"allocations\":[{\"bill_id\":%lld,\"amount\":\"%s\"}]}",
                (long long)voucher, version, amount, today(), (long long)bill, laid);
}

/* A unit whose first dues are paid. */
static inline Common__Principal paid_unit(void)
{
    Common__Principal who = unit("MEMBER");
    int64_t voucher = submitted(&who, "2000");
    SAYS(confirm(&cashier, voucher, 1, "2000", bill_of(account), "2000"), "CONFIRMED");
    return who;
}

static inline const char *open_membership(int64_t id)
{
    return JSON(&clerk, "OpenMembership", "{\"account_id\":%lld,\"bill_id\":%lld}", (long long)id,
                (long long)bill_of(id));
}

static inline const char *status_of(int64_t id)
{
    return VALUE("SELECT (member_status(%lld, current_date)).state", (long long)id);
}

/* Proposed by one and confirmed by the secretary, for the unit that came last. Gives the proposal's number. */
static inline const char *proposed(const Common__Principal *asks, const char *kind,
                                   const char *more)
{
    SAYS(JSON(asks, "Propose",
              "{\"kind\":\"%s\",\"account_id\":%lld%s,\"reason\":\"按章程的规定办理\"}", kind,
              (long long)account, more),
         "REQUESTED");
    return VALUE("SELECT max(id) FROM proposal");
}

static inline void decided(const Common__Principal *asks, const char *kind, const char *more)
{
    SAYS(JSON(&secretary, "DecideProposal", "{\"id\":%s,\"verdict\":\"CONFIRM\"}",
              proposed(asks, kind, more)),
         "CONFIRMED");
}

/* The terms of a unit go back in time: so many days. */
static inline void days_pass(int64_t id, int days)
{
    service_test_sql(arena_printf(
        arena,
        "ALTER TABLE term DISABLE TRIGGER term_append_only; UPDATE term SET first_day = first_day "
        "- %d, last_day = last_day - %d WHERE account_id = %lld; ALTER TABLE term ENABLE TRIGGER "
        "term_append_only",
        days, days, (long long)id));
}

/* A file of a receipt. */
static inline const char *receipt_file(void)
{
    const char *name = arena_printf(arena, "r%d", ++last_event);
    service_test_sql(arena_printf(
        arena,
        "INSERT INTO attachment (id, account_id, purpose, file_name, content_type, size_bytes, "
        "content_hash) VALUES ('%s', 7, 'receipt', 'r.pdf', 'application/pdf', 10, '%s')",
        name, name));
    return name;
}

static inline const char *issue(const char *receipt, int version, const char *number,
                                const char *amount, const char *file)
{
    return JSON(&issuer, "IssueReceipt",
                "{\"id\":%s,\"version\":%d,\"receipt_no\":\"%s\",\"issued_on\":\"%s\","
                "\"amount\":\"%s\",\"file_id\":\"%s\"}",
                receipt, version, number, today(), amount, file);
}

static inline void nothing_contradicts(void)
{
    assert_string_equal(
        VALUE("SELECT coalesce(string_agg(d::text, ' '), '') FROM ledger_differences() d"), "");
}

static inline int open_service(void **state)
{
    const char *why;
    (void)state;
    service_test_open(&payment);
    arena = arena_new(0);
    event_keys = keyring_load(getenv("GUILD_EVENT_KEY_FILE"), &why);
    clerk = service_test_staff(20, "dues.read member.open member.suspend");
    cashier = service_test_staff(21, FINANCE_MAY);
    treasurer = service_test_staff(22, FINANCE_MAY);
    secretary = service_test_staff(
        23,
        "dues.read member.suspend.confirm voucher.reverse.confirm param.edit fee.schedule.edit");
    issuer = service_test_staff(24, "dues.read receipt.issue receipt.void");
    service_test_sql(
        "INSERT INTO fee_schedule VALUES ('MEMBER', '会员单位', 200000, '2024-04-02', 4), "
        "('COUNCIL', '理事单位', 300000, '2024-04-02', 3), ('PRESIDENT', '会长单位', 500000, "
        "'2024-04-02', 1)");
    service_test_sql("INSERT INTO payee VALUES (true, '协会', '工商银行', '102164001041', "
                     "'0505010409200054816', '050582490012', "
                     "'会费票据')");
    return 0;
}

static inline int close_service(void **state)
{
    (void)state;
    keyring_destroy(&event_keys);
    arena_destroy(&arena);
    service_test_close();
    return 0;
}

#endif
