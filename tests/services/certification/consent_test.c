/* Separate consent (PIPL 29): nothing of an identity card is kept without it, a new version asks again, it can be taken back. */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "consent.h"
#include "service_test.h"
#include <string.h>

#define VALUE service_test_value
#define JSON(who, method, ...)                                                                     \
    service_test_json(&(who), method, "", arena_printf(arena, __VA_ARGS__))
#define SAYS(answer, part) says(answer, part, __FILE__, __LINE__)

static struct arena *arena;
static int64_t last_account = 100;

static void says(const char *told, const char *part, const char *file, int line)
{
    if (strstr(told, part) == NULL) {
        print_error("%s says nothing of %s\n", told, part);
        _fail(file, line);
    }
}

static Common__Principal somebody(void)
{
    return service_test_member(++last_account);
}

static const char *save(Common__Principal who, const char *kind, const char *version)
{
    return JSON(who, "SaveDraft", "{\"kind\": \"%s\", \"version\": %s, \"form\": {\"%s\": {}}}",
                kind, version, strcmp(kind, "EXPERT") == 0 ? "expert" : "natural_person");
}

static const char *give(Common__Principal who, const char *version)
{
    return JSON(who, "GiveConsent",
                "{\"scope\": \"ID_CARD\", \"version\": \"%s\", \"text_hash\": \"%s\", \"agreed\": "
                "true}",
                version,
                VALUE("SELECT coalesce((SELECT text_hash FROM consent_text WHERE version = '%s'), "
                      "'x')",
                      version));
}

static void test_nothing_of_a_card_is_kept_without_it(void **state)
{
    Common__Principal who = somebody();
    (void)state;
    SAYS(JSON(who, "GetApplication", "{\"kind\": \"EXPERT\"}"), "\"needs_consent\":\"ID_CARD\"");
    SAYS(JSON(who, "GetApplication", "{\"kind\": \"NATURAL_PERSON\"}"),
         "\"needs_consent\":\"UNSPECIFIED\"");
    SAYS(save(who, "EXPERT", "0"), "consent_needed");
    SAYS(save(who, "NATURAL_PERSON", "0"), "\"version\":1");
    SAYS(JSON(who, "UploadAttachment", "{\"purpose\": \"id_card_files\"}"), "consent_needed");
    assert_string_equal(VALUE("SELECT count(*) FROM draft WHERE account_id = %lld AND kind = "
                              "'EXPERT'",
                              (long long)last_account),
                        "0");
    /* the text that was shown, with a tick that somebody set */
    SAYS(JSON(who, "GetConsent", "{\"scope\": \"ID_CARD\"}"), "身份证信息处理单独同意书");
    SAYS(JSON(who, "GiveConsent",
              "{\"scope\": \"ID_CARD\", \"version\": \"2026-11\", \"text_hash\": \"%s\"}",
              VALUE("SELECT text_hash FROM consent_text")),
         "agreed");
    SAYS(JSON(who, "GiveConsent",
              "{\"scope\": \"ID_CARD\", \"version\": \"2026-11\", \"text_hash\": \"other\", "
              "\"agreed\": true}"),
         "consent_text_changed");
    SAYS(give(who, "2026-11"), "\"version\":\"2026-11\"");
    SAYS(give(who, "2026-11"), "\"version\":\"2026-11\""); /* once more is once */
    assert_string_equal(VALUE("SELECT string_agg(scope || version || (text_hash = (SELECT "
                              "encode(sha256(convert_to(body, 'UTF8')), 'hex') FROM consent_text)) "
                              "|| (now() - given_at < '1 minute'), ',') FROM consent WHERE "
                              "account_id = %lld",
                              (long long)last_account),
                        "ID_CARD2026-11truetrue");
    SAYS(save(who, "EXPERT", "0"), "\"version\":1");
    SAYS(JSON(who, "UploadAttachment", "{\"purpose\": \"id_card_files\"}"), "attachment_none");
    SAYS(JSON(who, "ListConsents", "{}"), "\"holds\":true");
}

static void test_a_new_version_asks_again(void **state)
{
    Common__Principal who = somebody();
    (void)state;
    consents(last_account);
    SAYS(save(who, "EXPERT", "0"), "\"version\":1");
    service_test_sql("INSERT INTO consent_text (scope, version, title, body, text_hash, "
                     "published_at) SELECT scope, '2099-01', title, body || '新', "
                     "encode(sha256(convert_to(body || '新', 'UTF8')), 'hex'), now() + interval '1 "
                     "second' FROM consent_text");
    SAYS(JSON(who, "GetApplication", "{\"kind\": \"EXPERT\"}"), "\"needs_consent\":\"ID_CARD\"");
    SAYS(save(who, "EXPERT", "1"), "consent_needed");
    SAYS(give(who, "2026-11"), "consent_text_changed");
    SAYS(JSON(who, "ListConsents", "{}"), "\"holds\":false");
    SAYS(give(who, "2099-01"), "\"version\":\"2099-01\"");
    SAYS(save(who, "EXPERT", "1"), "\"version\":2");
    assert_string_equal(
        VALUE("SELECT count(*) FROM consent WHERE account_id = %lld", (long long)last_account),
        "2");
    service_test_sql("BEGIN; SET LOCAL session_replication_role = "
                     "replica; DELETE FROM consent WHERE version = '2099-01'; DELETE FROM "
                     "consent_text WHERE version = '2099-01'; COMMIT");
}

static void test_it_can_be_taken_back(void **state)
{
    Common__Principal who = somebody();
    (void)state;
    SAYS(JSON(who, "WithdrawConsent", "{\"scope\": \"ID_CARD\"}"), "consent_gone");
    consents(last_account);
    SAYS(save(who, "EXPERT", "0"), "\"version\":1");
    service_test_sql(arena_printf(
        arena,
        "BEGIN; SET LOCAL session_replication_role = replica; INSERT INTO identity (account_id, "
        "kind, state, last_version) VALUES (%1$lld, 'EXPERT', 'PENDING', 1); INSERT INTO "
        "submission "
        "(account_id, kind, version, application_no, form, expected_by) VALUES (%1$lld, 'EXPERT', "
        "1, 'C%1$lld', '{\"name\": \"王专家\", \"sensitive_consent\": true}', now()::date); INSERT "
        "INTO review (account_id, kind, version, is_change) VALUES (%1$lld, 'EXPERT', 1, false); "
        "INSERT INTO expert (account_id, in_force_version, name, initials, mobile, employer_name, "
        "province_code, city_code, review_specialties, qualification_codes, highest_title, "
        "first_expiry, last_expiry, changed_by, changed_by_name, changed_at, joined_at) VALUES "
        "(%1$lld, 1, '王专家', 'wzj', '18003551778', '', '140000', '140400', '{}', '{}', '', "
        "'9999-12-31', '9999-12-31', 1, '', now(), now()); COMMIT",
        (long long)last_account));
    SAYS(JSON(who, "WithdrawConsent", "{\"scope\": \"ID_CARD\"}"), "\"withdrawn_at\":\"2");
    SAYS(save(who, "EXPERT", "1"), "consent_needed");
    SAYS(JSON(who, "UploadAttachment", "{\"purpose\": \"id_card_files\"}"), "consent_needed");
    assert_string_equal(VALUE("SELECT payload ->> 'name' FROM outbox WHERE event = "
                              "'consent.withdrawn' AND payload ->> 'account_id' = '%lld'",
                              (long long)last_account),
                        "王专家");
    /* what was handed in before can be taken back without it, but not handed in; a tick of old is not told */
    const char *back =
        JSON(who, "WithdrawApplication", "{\"kind\": \"EXPERT\", \"submission_version\": 1}");
    SAYS(back, "\"state\":\"NONE\"");
    assert_string_equal(VALUE("SELECT form_json('EXPERT', form) -> 'expert' ? 'sensitive_consent' "
                              "FROM submission WHERE account_id = %lld",
                              (long long)last_account),
                        "f");
    SAYS(give(who, "2026-11"), "\"version\":\"2026-11\"");
    SAYS(JSON(who, "ListConsents", "{}"), "\"holds\":true");
    SAYS(save(who, "EXPERT", "2"), "\"version\":3");
}

static void test_the_database_keeps_what_was_agreed(void **state)
{
    (void)state;
    (void)somebody();
    consents(last_account);
    service_test_sql(
        "CREATE FUNCTION pg_temp.broken(statement text) RETURNS text LANGUAGE plpgsql "
        "AS $$ DECLARE broken text; BEGIN EXECUTE statement; RETURN ''; EXCEPTION WHEN "
        "check_violation THEN GET STACKED DIAGNOSTICS broken = CONSTRAINT_NAME; RETURN "
        "broken; END $$");
    static const char *const refused[][2] = {
        {"UPDATE consent SET given_at = now() - interval ''1 day''",                               "consent_moved"},
        {"UPDATE consent SET text_hash = ''x''",                                                   "consent_moved"},
        {"DELETE FROM consent",                                                                    "consent_moved"},
        {"INSERT INTO consent_text VALUES (''ID_CARD'', ''3'', ''x'', ''y'', ''z'')",
         "consent_text_hash"                                                                                      },
        {"INSERT INTO draft (account_id, kind, version, form) VALUES (99, ''EXPERT'', 1, ''{}'')",
         "consent_needed"                                                                                         },
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_string_equal(VALUE("SELECT pg_temp.broken('%s')", refused[i][0]), refused[i][1]);
}

static int open_service(void **state)
{
    (void)state;
    service_test_open(&certification);
    arena = arena_new(0);
    return 0;
}

static int close_service(void **state)
{
    (void)state;
    arena_destroy(&arena);
    service_test_close();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_of_a_card_is_kept_without_it),
        cmocka_unit_test(test_a_new_version_asks_again),
        cmocka_unit_test(test_it_can_be_taken_back),
        cmocka_unit_test(test_the_database_keeps_what_was_agreed),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
