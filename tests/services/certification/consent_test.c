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

static struct arena *arena;
static int64_t last_account = 100;

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

#define BODY                                                                                                                                  \
    "一、处理什么：您的身份证号码和照片。二、为什么处理：为审核您的专家身份，确认申请人是本人。" \
    "三、怎样处理：加密保存，只有承担审核的工作人员可以查看。"

static const char *publish(Common__Principal who, const char *after, const char *body,
                           const char *day)
{
    return JSON(who, "PublishConsentText",
                "{\"scope\": \"ID_CARD\", \"after_version\": \"%s\", \"title\": \"单独同意书\", "
                "\"body\": \"%s\", \"effective_on\": \"%s\"}",
                after, body, day);
}

/* For today: everybody is asked anew. For a later day: nobody is, until it comes. */
static void test_the_secretary_publishes_the_next_text(void **state)
{
    Common__Principal who = somebody();
    Common__Principal secretary = service_test_staff(14, "consent.publish");
    Common__Principal clerk = service_test_staff(15, "dict.edit param.edit");
    const char *yesterday = VALUE("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date - 1");
    const char *today = VALUE("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date");
    const char *tomorrow = VALUE("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date + 1");
    (void)state;
    consents(last_account);
    SAYS(save(who, "EXPERT", "0"), "\"version\":1");
    SAYS(publish(clerk, "2026-11", BODY, today), "not_allowed");
    SAYS(publish(who, "2026-11", BODY, today), "not_allowed");
    SAYS(JSON(clerk, "ListConsentTexts", "{\"scope\": \"ID_CARD\"}"), "not_allowed");

    SAYS(publish(secretary, "2026-11", BODY, yesterday), "effective_on");
    SAYS(publish(secretary, "2026-11", BODY, "2099-01-01"), "90天");
    SAYS(publish(secretary, "2026-11", "太短", today), "body");
    SAYS(publish(secretary, "2026-10", BODY, today), "consent_text_stale");
    SAYS(publish(secretary, "2026-11", BODY, today), "\"state\":\"IN_FORCE\"");
    SAYS(publish(secretary, "2026-11", BODY "四、", tomorrow), "consent_text_stale");
    SAYS(publish(secretary, today, BODY, tomorrow), "consent_text_stale"); /* says nothing else */
    SAYS(publish(secretary, today, BODY "四、", today), "consent_text_order");
    SAYS(save(who, "EXPERT", "1"), "consent_needed");
    SAYS(JSON(who, "GetConsent", "{\"scope\": \"ID_CARD\"}"), BODY);
    SAYS(give(who, today), "\"version\":\"2");

    SAYS(publish(secretary, today, BODY "四、保存多久。", tomorrow), "\"state\":\"COMING\"");
    SAYS(JSON(secretary, "ListConsentTexts", "{\"scope\": \"ID_CARD\"}"), "\"state\":\"PAST\"");
    SAYS(JSON(secretary, "ListConsentTexts", "{\"scope\": \"ID_CARD\"}"), "\"holders\":1");
    SAYS(save(who, "EXPERT", "1"), "\"version\":2");
    assert_string_equal(VALUE("SELECT string_agg(actor_id || ' ' || object, ',' ORDER BY id) FROM "
                              "audit WHERE action = 'consent.published'"),
                        arena_printf(arena, "14 ID_CARD/%s,14 ID_CARD/%s", today, tomorrow));
    assert_string_equal(VALUE("SELECT string_agg(DISTINCT published_by_name, ',') FROM "
                              "consent_text WHERE published_by = 14"),
                        secretary.display_name);
    assert_string_equal(VALUE("SELECT pg_temp.broken('UPDATE consent_text SET body = ''x''')"),
                        "consent_text_kept");

    service_test_sql("BEGIN; SET LOCAL session_replication_role = replica; UPDATE consent_text SET "
                     "effective_at = now() WHERE effective_at > now(); COMMIT"); /* its day comes */
    SAYS(save(who, "EXPERT", "2"), "consent_needed");
    SAYS(give(who, tomorrow), "\"version\":\"2");
    SAYS(save(who, "EXPERT", "2"), "\"version\":3");
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
        cmocka_unit_test(test_the_secretary_publishes_the_next_text),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
