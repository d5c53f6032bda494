/* SM1's last way: an approved identity is taken back by two persons, and only so. */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "rules.h"
#include "service_test.h"
#include <stdio.h>

static Common__Principal reviewer, secretary, stranger;
static int64_t account = 500;

/* An approved unit; returns the review that approved it. */
static int64_t approved(void)
{
    char statement[900];
    account++;
    snprintf(
        statement, sizeof statement,
        "BEGIN; SET LOCAL session_replication_role = replica;"
        "INSERT INTO identity (account_id, kind, state, last_version, in_force_version, uscc) "
        "VALUES (%1$lld, 'OWNER_UNIT', 'APPROVED', 1, 1, '9114%1$lld');"
        "INSERT INTO submission (account_id, kind, version, application_no, form, expected_by) "
        "VALUES (%1$lld, 'OWNER_UNIT', 1, 'V%1$lld', '{\"unit_name\":\"单位\"}', now()::date);"
        "INSERT INTO review (account_id, kind, version, is_change, state, decided_by, decided_at) "
        "VALUES (%1$lld, 'OWNER_UNIT', 1, false, 'APPROVED', 9, now()); COMMIT",
        (long long)account);
    service_test_sql(statement);
    return atoll(service_test_value("SELECT max(id) FROM review"));
}

static const char *request(const Common__Principal *who, int64_t review, const char *reason)
{
    Certification__RequestRevocationRequest request =
        CERTIFICATION__REQUEST_REVOCATION_REQUEST__INIT;
    request.id = review;
    request.reason = (char *)(uintptr_t)reason;
    return service_test_reason(who, "RequestRevocation", &request.base);
}

static int64_t requested(void)
{
    assert_string_equal(request(&reviewer, approved(), "单位已经注销"), "");
    return atoll(service_test_value("SELECT max(id) FROM revocation"));
}

static const char *decide(const Common__Principal *who, int64_t id, bool confirm, const char *note)
{
    Certification__DecideRevocationRequest request = CERTIFICATION__DECIDE_REVOCATION_REQUEST__INIT;
    request.id = id;
    request.verdict = confirm ? CERTIFICATION__DECIDE_REVOCATION_REQUEST__VERDICT__CONFIRM
                              : CERTIFICATION__DECIDE_REVOCATION_REQUEST__VERDICT__REFUSE;
    request.note = (char *)(uintptr_t)note;
    return service_test_reason(who, "DecideRevocation", &request.base);
}

static const char *state_of_identity(void)
{
    return service_test_value("SELECT state FROM identity WHERE account_id = %lld",
                              (long long)account);
}

static void test_two_take_it_back(void **state)
{
    (void)state;
    int64_t id = requested();
    assert_string_equal(state_of_identity(), "APPROVED");
    assert_string_equal(decide(&reviewer, id, true, ""), "not_allowed");
    assert_string_equal(decide(&stranger, id, true, ""), "not_revocable");
    assert_string_equal(decide(&secretary, id, true, ""), "");
    assert_string_equal(state_of_identity(), "REVOKED");
    assert_string_equal(decide(&secretary, id, true, ""), "not_revocable");
    assert_string_equal(
        service_test_value("SELECT count(*) FROM outbox WHERE event = 'application.revoked' AND "
                           "payload ->> 'account_id' = '%lld'",
                           (long long)account),
        "1");
    assert_string_equal(
        service_test_value(
            "SELECT jsonb_path_query_first(application_timeline_json(%lld, 'OWNER_UNIT'), "
            "'$[*] ? (@.step == \"REVOKED\")') ->> 'note'",
            (long long)account),
        "单位已经注销");
    assert_string_equal(service_test_value("SELECT uscc IS NULL AND in_force_version IS NULL FROM "
                                           "identity WHERE account_id = %lld",
                                           (long long)account),
                        "t");
}

static void test_who_asked_does_not_decide(void **state)
{
    (void)state;
    assert_string_equal(request(&secretary, approved(), "资料系伪造的"), "");
    int64_t id = atoll(service_test_value("SELECT max(id) FROM revocation"));
    assert_string_equal(decide(&secretary, id, true, ""), "revocation_same_person");
    assert_string_equal(decide(&secretary, id, false, "还是不撤销了"), "revocation_same_person");
    assert_string_equal(state_of_identity(), "APPROVED");
}

static void test_a_refused_request_changes_nothing(void **state)
{
    (void)state;
    int64_t id = requested();
    assert_string_equal(decide(&secretary, id, false, "短"), "refusing_has_a_note");
    assert_string_equal(decide(&secretary, id, false, "证据不足，请补充"), "");
    assert_string_equal(state_of_identity(), "APPROVED");
    int64_t review = atoll(service_test_value("SELECT max(id) FROM review WHERE account_id = %lld",
                                              (long long)account));
    assert_string_equal(request(&reviewer, review, "单位已经注销了"),
                        ""); /* it may be asked for again */
    assert_string_equal(request(&reviewer, review, "单位已经注销了"), "revocation_requested");
}

static void test_what_is_not_in_force_is_not_taken_back(void **state)
{
    (void)state;
    int64_t review = approved(), id;
    assert_string_equal(request(&stranger, review, "单位已经注销"), "not_allowed");
    service_test_sql("UPDATE identity SET last_version = 2, state = 'APPROVED_PENDING' WHERE "
                     "account_id = (SELECT max(account_id) FROM identity)");
    assert_string_equal(request(&reviewer, review, "单位已经注销"), "not_revocable");

    id = requested(); /* a change that came after the request is decided first */
    service_test_sql("UPDATE identity SET last_version = 2, state = 'APPROVED_PENDING' WHERE "
                     "account_id = (SELECT max(account_id) FROM identity)");
    assert_string_equal(decide(&secretary, id, true, ""), "not_revocable");
    service_test_sql("UPDATE identity SET state = 'APPROVED_REJECTED' WHERE "
                     "account_id = (SELECT max(account_id) FROM identity)");
    assert_string_equal(decide(&secretary, id, true, ""), "");
    assert_string_equal(state_of_identity(), "REVOKED");
}

/* The database says so itself. */
static void test_nobody_takes_it_back_alone(void **state)
{
    (void)state;
    service_test_sql(
        "CREATE FUNCTION pg_temp.broken(statement text) RETURNS text LANGUAGE plpgsql "
        "AS $$ DECLARE broken text; BEGIN EXECUTE statement; RETURN ''; EXCEPTION WHEN "
        "check_violation THEN GET STACKED DIAGNOSTICS broken = CONSTRAINT_NAME; RETURN "
        "broken; END $$");
    int64_t id = requested();
    assert_string_equal(service_test_value("SELECT pg_temp.broken('UPDATE identity SET state = "
                                           "''REVOKED'' WHERE account_id = %lld')",
                                           (long long)account),
                        "state_changed");
    assert_string_equal(
        service_test_value("SELECT pg_temp.broken('UPDATE revocation SET state = ''CONFIRMED'', "
                           "decided_by = requested_by WHERE id = %lld')",
                           (long long)id),
        "revocation_same_person");
}

static int open_service(void **state)
{
    (void)state;
    service_test_open(&certification);
    reviewer = service_test_staff(11, "cert.review cert.owner.review");
    secretary = service_test_staff(12, "cert.review cert.owner.review cert.revoke");
    stranger = service_test_staff(13, "cert.person.review cert.revoke");
    return 0;
}

static int close_service(void **state)
{
    (void)state;
    service_test_close();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_take_it_back),
        cmocka_unit_test(test_who_asked_does_not_decide),
        cmocka_unit_test(test_a_refused_request_changes_nothing),
        cmocka_unit_test(test_what_is_not_in_force_is_not_taken_back),
        cmocka_unit_test(test_nobody_takes_it_back_alone),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
