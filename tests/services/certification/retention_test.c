/* What nobody needs any more is erased, row and file; what somebody needs stays. */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "service_test.h"
#include <stdio.h>
#include <string.h>

static const struct certification *opened(void)
{
    return service_state(service_test_run());
}

/* A file of an account, uploaded so many days ago, with its thumbnail. */
static void file(const char *id, int account, const char *purpose, int days)
{
    char thumbnail[64];
    snprintf(thumbnail, sizeof thumbnail, "%s.t", id);
    assert_int_equal(blob_put(opened()->files.blobs, id, "whole", 5), STATUS_OK);
    assert_int_equal(blob_put(opened()->files.blobs, thumbnail, "small", 5), STATUS_OK);
    (void)service_test_value(
        "INSERT INTO attachment (id, account_id, purpose, file_name, content_type, size_bytes, "
        "content_hash, created_at, looked_at) VALUES ('%s', %d, '%s', '照片.jpg', 'image/jpeg', 5, "
        "'\\x00', now() - interval '%d days', now() - interval '1 day') RETURNING id",
        id, account, purpose, days);
}

static bool is_stored(const char *id)
{
    uint64_t size;
    return blob_stat(opened()->files.blobs, id, &size) == STATUS_OK;
}

static bool has_row(const char *id)
{
    return strcmp(service_test_value("SELECT count(*) FROM attachment WHERE id = '%s'", id), "1") ==
           0;
}

static void draft(int account, const char *kind, const char *id, int days)
{
    (void)service_test_value("INSERT INTO draft (account_id, kind, version, form, saved_at) VALUES "
                             "(%d, '%s', 1, '{\"some_files\": [\"%s\"]}', now() - interval '%d "
                             "days') RETURNING version",
                             account, kind, id, days);
}

/* An expert's application with a number and a file, decided so many days ago. */
static void application(int account, const char *state, const char *id, int days)
{
    (void)service_test_value(
        "WITH i AS (INSERT INTO identity (account_id, kind, state, last_version, decided_at, "
        "in_force_version) VALUES (%d, 'EXPERT', 'PENDING', 1, now() - interval '%d days', NULL)) "
        "INSERT INTO submission (account_id, kind, version, application_no, form, id_number_index, "
        "expected_by, submitted_at) VALUES (%d, 'EXPERT', 1, gen_random_uuid(), '{\"name\": "
        "\"张三\", \"id_number\": \"sealed\", \"id_card_files\": [\"%s\"]}', 'index', now(), now() "
        "- interval '%d days') RETURNING id",
        account, days, account, id, days);
    (void)service_test_value("INSERT INTO review (account_id, kind, version, is_change, "
                             "submitted_at) VALUES (%d, 'EXPERT', 1, false, now() - interval "
                             "'%d days') RETURNING id",
                             account, days);
    if (strcmp(state, "PENDING") == 0)
        return;
    (void)service_test_value(
        "UPDATE review SET state = '%s', reason_codes = '{R01}', decided_at = now() - interval "
        "'%d days' WHERE account_id = %d RETURNING id",
        state, days, account);
    (void)service_test_value("UPDATE identity SET state = '%s' WHERE account_id = %d RETURNING "
                             "state",
                             state, account);
}

static void run(void)
{
    service_test_sql("UPDATE attachment SET looked_at = now() - interval '1 day'");
    retention_run(service_test_run());
    service_test_until("SELECT NOT EXISTS (SELECT FROM attachment WHERE looked_at < now() - "
                       "interval '1 hour' AND created_at < now() - interval '1 day' AND purpose <> "
                       "'stamped_scan')");
}

static void wait_for_file(const char *id)
{
    for (int i = 0; i < 1000 && (is_stored(id) || service_test_run()->calls > 0); i++)
        service_test_until("SELECT pg_sleep(0.01) IS NOT NULL");
    assert_false(is_stored(id));
}

static const char UNUSED[] = "00000000000000000000000000000001",
                  FRESH[] = "00000000000000000000000000000002",
                  USED[] = "00000000000000000000000000000003",
                  REFUSED[] = "00000000000000000000000000000004",
                  LATELY[] = "00000000000000000000000000000005",
                  WAITING[] = "00000000000000000000000000000006",
                  LONG_AGO[] = "00000000000000000000000000000007",
                  OTHERS[] = "00000000000000000000000000000008";

static void test_what_nobody_needs_is_erased(void **state)
{
    (void)state;
    file(UNUSED, 1, "business_license_file", 3);
    file(FRESH, 1, "business_license_file", 1);
    file(USED, 1, "business_license_file", 3);
    draft(1, "OWNER_UNIT", USED, 3);
    file(REFUSED, 2, "id_card_files", 200);
    application(2, "REJECTED", REFUSED, 181);
    file(LATELY, 3, "id_card_files", 200);
    application(3, "REJECTED", LATELY, 179);
    file(WAITING, 4, "id_card_files", 400);
    application(4, "PENDING", WAITING, 400);
    file(LONG_AGO, 5, "qualification_files", 1900);
    draft(5, "MEMBER_UNIT", LONG_AGO, 1900);
    file(OTHERS, 6, "stamped_scan", 1900); /* of no form: another's rule */
    run();

    static const char *const gone[] = {UNUSED, REFUSED, LONG_AGO};
    static const char *const kept[] = {FRESH, USED, LATELY, WAITING, OTHERS};
    for (size_t i = 0; i < 3; i++) {
        assert_false(has_row(gone[i]));
        wait_for_file(gone[i]);
    }
    for (size_t i = 0; i < 5; i++) {
        assert_true(has_row(kept[i]));
        assert_true(is_stored(kept[i]));
    }
    assert_string_equal(service_test_value("SELECT string_agg(account_id::text, ',' ORDER BY "
                                           "account_id) FROM submission WHERE form ->> "
                                           "'id_number' = '' AND id_number_index = ''"),
                        "2");
    assert_string_equal(
        service_test_value("SELECT string_agg(rule || ' ' || object, ', ' ORDER BY rule, object) "
                           "FROM erasure"),
        "ENDED_IDENTITY qualification_files 00000000000000000000000000000007, "
        "REFUSED_ID_CARD EXPERT 1, "
        "REFUSED_ID_CARD id_card_files 00000000000000000000000000000004, "
        "UNUSED_FILE business_license_file 00000000000000000000000000000001");
}

/* A hand-over of 单位's account that came to its end so many days ago, with its letter. */
static void handover(int account, const char *state, const char *letter, int days, int closing)
{
    char statement[1200];
    snprintf(
        statement, sizeof statement,
        "BEGIN; SET LOCAL session_replication_role = replica; INSERT INTO handover (account_id, "
        "kind, unit_name, uscc, state, asked_by, asker_id, new_name, new_phone, "
        "closing_account, letter, refusal, first_by, decided_by, requested_at, decided_at, "
        "switched_at) SELECT %d, 'OWNER_UNIT', '单位', 'U%d', '%s', 'HOLDER', %d, '李四', "
        "'18003551778', nullif(%d, 0), '{%s}', '说明不清楚', 1, 2, at, at, at FROM (SELECT "
        "now() - interval '%d days' AS at) AS t; COMMIT",
        account, account, state, account, closing, letter, days);
    service_test_sql(statement);
}

/* Letters go by what became of the hand-over; one that is named twice by the later; the closed account's drafts go, too. */
static void test_hand_overs_leave_nothing_behind(void **state)
{
    static const char *const letters[] = {
        "0000000000000000000000000000000a", "0000000000000000000000000000000b",
        "0000000000000000000000000000000c", "0000000000000000000000000000000d",
        "0000000000000000000000000000000e", "0000000000000000000000000000000f"};
    (void)state;
    file(letters[0], 30, "handover_letter", 2000);
    handover(30, "SWITCHED", letters[0], 1827, 0);
    file(letters[1], 31, "handover_letter", 2000);
    handover(31, "SWITCHED", letters[1], 1825, 0);
    file(letters[2], 9, "recorded_letter", 200); /* of staff */
    handover(32, "REFUSED", letters[2], 181, 0);
    file(letters[3], 33, "handover_letter", 200); /* asked once more with the same */
    handover(33, "WITHDRAWN", letters[3], 181, 0);
    handover(33, "REQUESTED", letters[3], 181, 0);
    file(letters[4], 34, "handover_letter", 3); /* never handed in */
    file(letters[5], 40, "business_license_file", 40);
    draft(40, "OWNER_UNIT", letters[5], 40);
    handover(35, "SWITCHED", letters[1], 31, 40);
    draft(41, "OWNER_UNIT", "none", 40);
    handover(36, "SWITCHED", letters[1], 29, 41);
    run();
    run(); /* what only a draft named is unused from then on */
    assert_false(has_row(letters[0]));
    assert_false(has_row(letters[2]));
    assert_false(has_row(letters[4]));
    assert_false(has_row(letters[5]));
    wait_for_file(letters[0]);
    wait_for_file(letters[2]);
    assert_true(has_row(letters[1]));
    assert_true(has_row(letters[3]));
    assert_string_equal(
        service_test_value("SELECT string_agg(account_id::text, ',') FROM draft WHERE account_id "
                           "IN (40, 41)"),
        "41");
    assert_string_equal(
        service_test_value("SELECT string_agg(rule || ' ' || account_id, ', ' ORDER BY rule, "
                           "account_id) FROM erasure WHERE account_id IN (9, 30, 31, 33, 34, 40)"),
        "CLOSED_DRAFT 40, HANDOVER_LETTER 30, REFUSED_HANDOVER 9, UNUSED_FILE 34, UNUSED_FILE 40");
}

static void test_staff_set_how_long(void **state)
{
    Common__Principal secretary = service_test_staff(9, "param.edit");
    Common__Principal clerk = service_test_staff(8, "cert.review");
    (void)state;
    assert_non_null(
        strstr(service_test_json(&clerk, "ListRetentionRules", "", "{}"), "not_allowed"));
    const char *rules = service_test_json(&secretary, "ListRetentionRules", "", "{}");
    assert_non_null(strstr(rules, "\"name\":\"REFUSED_ID_CARD\""));
    assert_non_null(strstr(rules, "\"erased\":2"));
    const char *change = "{\"name\":\"REFUSED_ID_CARD\",\"days\":90,\"version\":1}";
    assert_non_null(
        strstr(service_test_json(&secretary, "SaveRetentionRule", "", change), "\"days\":90"));
    assert_non_null(strstr(service_test_json(&secretary, "SaveRetentionRule", "", change),
                           "retention_rule_changed"));
    assert_non_null(strstr(service_test_json(&secretary, "SaveRetentionRule", "",
                                             "{\"name\":\"UNUSED_FILE\",\"days\":0,\"version\":1}"),
                           "days"));
    run();
    assert_false(has_row(LATELY));
    wait_for_file(LATELY);
}

static int open_service(void **state)
{
    (void)state;
    service_test_open(&certification);
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
        cmocka_unit_test(test_what_nobody_needs_is_erased),
        cmocka_unit_test(test_hand_overs_leave_nothing_behind),
        cmocka_unit_test(test_staff_set_how_long),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
