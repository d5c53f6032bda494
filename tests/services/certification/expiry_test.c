/* Papers that end: units are told once a step; identities end with them where the policy says so, and what hangs on them too. */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "service_test.h"
#include <string.h>

static struct arena *arena;
static Common__Principal secretary, reviewer;

static const char *day(int days)
{
    return arena_text(arena, service_test_value("SELECT current_date + %d", days));
}

/* An identity in force, as an approval leaves it. */
static void approved(const char *kind, int64_t account, const char *form)
{
    service_test_sql(arena_printf(
        arena,
        "INSERT INTO identity (account_id, kind, state, last_version) VALUES (%1$lld, '%2$s', "
        "'PENDING', 1) ON CONFLICT (account_id, kind) DO UPDATE SET state = 'PENDING', "
        "last_version = identity.last_version + 1; INSERT INTO submission (account_id, kind, "
        "version, application_no, form, expected_by) SELECT %1$lld, '%2$s', last_version, "
        "gen_random_uuid(), '{%3$s}', now() FROM identity WHERE account_id = %1$lld AND kind = "
        "'%2$s'; INSERT INTO review (account_id, kind, version, is_change) SELECT %1$lld, '%2$s', "
        "last_version, false FROM identity WHERE account_id = %1$lld AND kind = '%2$s'; "
        "UPDATE review SET state = 'APPROVED', association_post = 'MEMBER', decided_by = 9, "
        "decided_by_name = '王审核', decided_at = now() WHERE account_id = %1$lld AND kind = "
        "'%2$s' AND state = 'QUEUED'; UPDATE identity SET state = 'APPROVED', in_force_version = "
        "last_version, uscc = %4$s, association_post = '%5$s' WHERE account_id = %1$lld AND kind = "
        "'%2$s'",
        (long long)account, kind, form,
        strstr(kind, "UNIT") == NULL ? "NULL" : arena_printf(arena, "'U%lld'", (long long)account),
        strcmp(kind, "MEMBER_UNIT") == 0 ? "MEMBER" : ""));
}

static const char *unit(int64_t account, const char *licence_ends, const char *rows)
{
    return arena_printf(arena,
                        "\"unit_name\": \"单位%lld\", \"uscc\": \"U%lld\", "
                        "\"license_valid_to\": \"%s\", \"unit_qualifications\": [%s]",
                        (long long)account, (long long)account, licence_ends, rows);
}

static const char *row(const char *name, const char *ends)
{
    return arena_printf(arena,
                        "{\"qual_name\": \"%s\", \"qual_valid_to\": \"%s\", "
                        "\"qual_valid_forever\": %s}",
                        name, ends, ends[0] == '\0' ? "true" : "false");
}

static const char *expert(const char *ends)
{
    return arena_printf(arena,
                        "\"name\": \"张三\", \"mobile\": \"18003551778\", \"employer_name\": "
                        "\"单位\", \"province_code\": \"140000\", \"city_code\": \"140400\", "
                        "\"review_specialties\": [\"A0501\"], \"qualifications\": "
                        "[{\"qualification_code\": \"COST2\", \"valid_to\": \"2020-01-01\"}, "
                        "{\"qualification_code\": \"COST1\", \"valid_to\": \"%s\", "
                        "\"valid_forever\": %s}]",
                        ends, ends[0] == '\0' ? "true" : "false");
}

static const char *state_of(int64_t account)
{
    return service_test_value("SELECT state FROM identity WHERE account_id = %lld",
                              (long long)account);
}

static const char *policy(const char *kind, bool ends)
{
    return service_test_json(
        &secretary, "SaveExpiryPolicy", "",
        arena_printf(
            arena, "{\"kind\":\"%s\",\"ends\":%s,\"version\":%s}", kind, ends ? "true" : "false",
            service_test_value("SELECT version FROM expiry_policy WHERE kind = '%s'", kind)));
}

static void has(const char *said, const char *part)
{
    if (strstr(said, part) == NULL)
        fail_msg("no %s in %s", part, said);
}

/* ---- reminders */

/* Of an account: the days until each paper that it was reminded of ends, and the step. */
static const char *reminders_of(int64_t account)
{
    return service_test_value(
        "SELECT coalesce(string_agg(paper || ' ' || (valid_to - current_date) || ' ' || step, ', ' "
        "ORDER BY valid_to DESC, step), '') FROM unit_reminder WHERE account_id = %lld",
        (long long)account);
}

static void test_units_are_told_once_a_step(void **state)
{
    static const char told[] = "丙 90 90, 丁 31 90, 戊 30 30, 营业执照 10 30, 己 0 0, 庚 -7 0";
    (void)state;
    approved("MEMBER_UNIT", 1,
             unit(1, day(10),
                  arena_printf(arena, "%s, %s, %s, %s, %s, %s, %s, %s", row("甲", ""),
                               row("乙", day(91)), row("丙", day(90)), row("丁", day(31)),
                               row("戊", day(30)), row("己", day(0)), row("庚", day(-7)),
                               row("辛", day(-8)))));
    approved("OWNER_UNIT", 1, unit(1, day(10), "")); /* the same licence, of the same account */
    approved("OWNER_UNIT", 2, unit(2, "", ""));
    expiry_watch_run(service_test_run());
    service_test_until("SELECT EXISTS (SELECT FROM unit_reminder WHERE account_id = 1)");
    assert_string_equal(reminders_of(1), told);
    approved("OWNER_UNIT", 3, unit(3, day(80), ""));
    expiry_watch_run(service_test_run());
    expiry_watch_run(service_test_run()); /* another instance */
    service_test_until("SELECT EXISTS (SELECT FROM unit_reminder WHERE account_id = 3)");
    assert_string_equal(reminders_of(1), told);
    assert_string_equal(reminders_of(2), "");
    assert_string_equal(
        service_test_value("SELECT count(*) || ' ' || (array_agg(payload ->> 'paper' ORDER BY id "
                           "DESC))[1] FROM outbox WHERE event = 'unit.paper_ending'"),
        "7 营业执照");
}

/* ---- SM1's expired */

static void test_off_unless_staff_say_so(void **state)
{
    (void)state;
    approved("OWNER_UNIT", 10, unit(10, day(-1), ""));
    assert_string_equal(service_test_value("SELECT identities_expire(100)"), "0");
    assert_string_equal(state_of(10), "APPROVED");
    Common__Principal stranger = service_test_staff(14, "cert.review");
    has(service_test_json(&stranger, "SaveExpiryPolicy", "",
                          "{\"kind\":\"OWNER_UNIT\",\"ends\":true,\"version\":1}"),
        "not_allowed");
    has(policy("OWNER_UNIT", true), "\"ends\":true,\"version\":2");
    has(service_test_json(&secretary, "SaveExpiryPolicy", "",
                          "{\"kind\":\"OWNER_UNIT\",\"ends\":false,\"version\":1}"),
        "review_policy_changed");
    has(service_test_json(&secretary, "ListExpiryPolicies", "", "{}"),
        "\"kind\":\"MEMBER_UNIT\",\"ends\":false");
}

static void test_a_unit_ends_with_its_licence(void **state)
{
    (void)state;
    approved("OWNER_UNIT", 11, unit(11, day(0), ""));
    approved("OWNER_UNIT", 12, unit(12, "", row("监理", day(-1))));
    approved("MEMBER_UNIT", 13, unit(13, day(-1), ""));
    expiry_watch_run(service_test_run());
    service_test_until("SELECT state = 'EXPIRED' FROM identity WHERE account_id = 10");
    assert_string_equal(state_of(11), "APPROVED"); /* its last day */
    assert_string_equal(state_of(12), "APPROVED"); /* a qualification alone ends nothing */
    assert_string_equal(state_of(13), "APPROVED"); /* off for members */
    assert_string_equal(
        service_test_value("SELECT state || ' ' || state_reason FROM unit WHERE uscc = 'U10'"),
        "EXPIRED 证照已过有效期");
    assert_string_equal(
        service_test_value(
            "SELECT jsonb_path_query_first(application_timeline_json(10, 'OWNER_UNIT'), "
            "'$[*] ? (@.step == \"EXPIRED\")') ->> 'note'"),
        arena_printf(arena, "证照有效期至%s", day(-1)));
    assert_string_equal(
        service_test_value("SELECT payload ->> 'reason' FROM outbox WHERE event = "
                           "'application.expired' AND payload ->> 'account_id' = '10'"),
        arena_printf(arena, "营业执照有效期至%s", day(-1)));
    assert_string_equal(service_test_value("SELECT uscc IS NULL AND in_force_version IS NULL FROM "
                                           "identity WHERE account_id = 10"),
                        "t");

    has(policy("MEMBER_UNIT", true), "\"ends\":true");
    assert_string_equal(service_test_value("SELECT identities_expire(100)"), "1");
    assert_string_equal(service_test_value("SELECT payload ->> 'certified' FROM outbox WHERE event "
                                           "= 'unit.changed' AND payload ->> 'account_id' = '13' "
                                           "ORDER BY id DESC LIMIT 1"),
                        "false");
    assert_string_equal(service_test_value("SELECT payload ->> 'ended' FROM outbox WHERE event = "
                                           "'unit.changed' AND payload ->> 'account_id' = '13' "
                                           "ORDER BY id DESC LIMIT 1"),
                        "EXPIRED");
    Common__Principal member = service_test_member(13);
    has(service_test_json(&member, "ListIdentities", "", "{}"),
        arena_printf(arena, "\"ending_paper\":\"营业执照\",\"ending_on\":\"%s\"", day(-1)));
    has(service_test_json(&member, "GetApplication", "", "{\"kind\":\"MEMBER_UNIT\"}"),
        arena_printf(arena, "\"ending_on\":\"%s\"", day(-1)));
    approved("MEMBER_UNIT", 13, unit(13, day(300), ""));
    assert_string_equal(service_test_value("SELECT state FROM unit WHERE uscc = 'U13'"),
                        "IN_FORCE");
}

/* What the personal centre tells beforehand: the first of what ends in 90 days; what ended long ago only of the licence. */
static void test_what_ends_soon_is_told(void **state)
{
    static const struct {
        int licence, qualification;
        const char *paper;
        int ends;
    } cases[] = {
        {91,   91,  "",             0   },
        {90,   91,  "营业执照", 90  },
        {300,  20,  "监理",       20  },
        {30,   -10, "监理",       -10 },
        {300,  -31, "",             0   },
        {-400, 300, "营业执照", -400},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t account = 60 + (int64_t)i;
        approved("OWNER_UNIT", account,
                 unit(account, day(cases[i].licence), row("监理", day(cases[i].qualification))));
        assert_string_equal(
            service_test_value("SELECT coalesce((SELECT paper || ' ' || ends_on FROM identity i, "
                               "identity_ending(i) WHERE account_id = %lld), '')",
                               (long long)account),
            cases[i].paper[0] == '\0'
                ? ""
                : arena_printf(arena, "%s %s", cases[i].paper, day(cases[i].ends)));
    }
}

static void test_an_expert_ends_with_the_last_certificate(void **state)
{
    (void)state;
    approved("EXPERT", 20, expert(day(-1)));
    approved("EXPERT", 21, expert(day(0)));
    approved("EXPERT", 22, expert(""));
    approved("NATURAL_PERSON", 23, expert(day(-1)));
    has(policy("EXPERT", true), "\"ends\":true");
    has(policy("NATURAL_PERSON", true), "\"ends\":true");
    assert_string_equal(service_test_value("SELECT identities_expire(100)"), "2");
    assert_string_equal(
        service_test_value("SELECT string_agg(state, ' ' ORDER BY account_id) FROM identity WHERE "
                           "account_id BETWEEN 20 AND 23"),
        "EXPIRED APPROVED APPROVED EXPIRED");
    assert_string_equal(
        service_test_value("SELECT state || ' ' || state_reason FROM expert WHERE account_id = 20"),
        "PAUSED 认证已过期");
    approved("EXPERT", 20, expert(day(200)));
    assert_string_equal(service_test_value("SELECT state FROM expert WHERE account_id = 20"),
                        "IN_POOL");
    assert_string_equal(
        service_test_value("SELECT string_agg(event, ' ' ORDER BY id) FROM expert_history WHERE "
                           "account_id = 20"),
        "JOINED PAUSED CHANGED RESUMED");
}

/* Whoever writes. */
static void test_the_database_ends_nothing_that_is_good(void **state)
{
    (void)state;
    service_test_sql(
        "CREATE FUNCTION pg_temp.ended(account bigint) RETURNS text LANGUAGE plpgsql AS $$ DECLARE "
        "broken text; BEGIN UPDATE identity SET state = 'EXPIRED' WHERE account_id = account; "
        "RETURN ''; EXCEPTION WHEN check_violation THEN GET STACKED DIAGNOSTICS broken = "
        "CONSTRAINT_NAME; RETURN broken; END $$");
    assert_string_equal(service_test_value("SELECT pg_temp.ended(11)"), "state_changed");
    assert_string_equal(service_test_value("SELECT pg_temp.ended(22)"), "state_changed");
    approved("OWNER_UNIT", 14, unit(14, day(-1), ""));
    has(policy("OWNER_UNIT", false), "\"ends\":false");
    assert_string_equal(service_test_value("SELECT pg_temp.ended(14)"), "state_changed");
}

static void test_an_ended_licence_is_approved_knowingly(void **state)
{
    (void)state;
    service_test_sql(arena_printf(
        arena,
        "INSERT INTO identity (account_id, kind, state, last_version) VALUES (30, 'OWNER_UNIT', "
        "'PENDING', 1); INSERT INTO submission (account_id, kind, version, application_no, form, "
        "expected_by) VALUES (30, 'OWNER_UNIT', 1, 'L30', '{%s}', now()); INSERT INTO review "
        "(account_id, kind, version, is_change) VALUES (30, 'OWNER_UNIT', 1, false)",
        unit(30, day(-1), "")));
    const char *id =
        arena_text(arena, service_test_value("SELECT id FROM review WHERE account_id = 30"));
    const char *said = service_test_json(
        &reviewer, "DecideReview", "",
        arena_printf(arena, "{\"id\":\"%s\",\"submission_version\":1,\"verdict\":\"APPROVE\"}",
                     id));
    has(said, "reds_unacknowledged");
    said = service_test_json(&reviewer, "DecideReview", "",
                             arena_printf(arena,
                                          "{\"id\":\"%s\",\"submission_version\":1,\"verdict\":"
                                          "\"APPROVE\",\"acknowledged\":[\"licence_ended\"]}",
                                          id));
    has(said, "APPROVED");
}

static int open_service(void **state)
{
    (void)state;
    service_test_open(&certification);
    service_test_sql("UPDATE review_policy SET second_review = 'NEVER'");
    arena = arena_new(4 << 20);
    secretary = service_test_staff(12, "param.edit");
    reviewer = service_test_staff(11, "cert.review cert.owner.review");
    return 0;
}

static int close_service(void **state)
{
    (void)state;
    service_test_close();
    arena_destroy(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_units_are_told_once_a_step),
        cmocka_unit_test(test_off_unless_staff_say_so),
        cmocka_unit_test(test_a_unit_ends_with_its_licence),
        cmocka_unit_test(test_an_expert_ends_with_the_last_certificate),
        cmocka_unit_test(test_the_database_ends_nothing_that_is_good),
        cmocka_unit_test(test_an_ended_licence_is_approved_knowingly),
        cmocka_unit_test(test_what_ends_soon_is_told),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
