/* What a verdict says and does: fields that are disputed, what is acknowledged, who is asked first, what pages hear of it;
   and what staff keep: reasons, the working calendar, who is warned when it takes too long. */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "service_test.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct arena *arena;
static Common__Principal reviewer, colleague, secretary, drawer, member;
static int64_t last_account = 5000;

/* An application of a new account, with a licence "l<account>"; its review. */
static int64_t handed_in(const char *kind, const char *more)
{
    int64_t account = ++last_account;
    service_test_sql(arena_printf(
        arena,
        "INSERT INTO identity (account_id, kind, state, last_version) VALUES (%lld, '%s', "
        "'PENDING', 1);"
        "INSERT INTO attachment (id, account_id, purpose, file_name, content_type, size_bytes, "
        "content_hash) VALUES ('l%lld', %lld, 'business_license_file', '执照.jpg', 'image/jpeg', "
        "10, '\\x00');"
        "INSERT INTO submission (account_id, kind, version, application_no, form, expected_by) "
        "VALUES (%lld, '%s', 1, 'V%lld', '{\"unit_name\":\"单位%lld\",\"uscc\":\"\","
        "\"contact_phone\":\"18003551778\",\"business_license_file\":[\"l%lld\"]}'::jsonb || "
        "'{%s}', now()::date + 3);"
        "INSERT INTO review (account_id, kind, version, is_change) VALUES (%lld, '%s', 1, false)",
        (long long)account, kind, (long long)account, (long long)account, (long long)account, kind,
        (long long)account, (long long)account, (long long)account, more, (long long)account,
        kind));
    return strtoll(service_test_value("SELECT max(id) FROM review"), NULL, 10);
}

static int64_t again(void)
{
    service_test_sql(arena_printf(
        arena,
        "UPDATE identity SET state = 'PENDING', last_version = 2 WHERE account_id = %lld;"
        "INSERT INTO submission (account_id, kind, version, application_no, form, expected_by) "
        "SELECT account_id, kind, 2, 'W%lld', form, expected_by FROM submission WHERE account_id = "
        "%lld;"
        "INSERT INTO review (account_id, kind, version, is_change) SELECT account_id, kind, 2, "
        "false FROM identity WHERE account_id = %lld",
        (long long)last_account, (long long)last_account, (long long)last_account,
        (long long)last_account));
    return strtoll(service_test_value("SELECT max(id) FROM review"), NULL, 10);
}

/* The answer as JSON; `more` begins with a comma or is empty. */
static const char *decide(const Common__Principal *who, int64_t id, int version,
                          const char *verdict, const char *more)
{
    return service_test_json(who, "DecideReview", "",
                             arena_printf(arena,
                                          "{\"id\":\"%lld\",\"submission_version\":%d,"
                                          "\"verdict\":\"%s\"%s}",
                                          (long long)id, version, verdict, more));
}

static void has(const char *said, const char *part)
{
    if (strstr(said, part) == NULL)
        fail_msg("%s is not in %s", part, said);
}

static void has_not(const char *said, const char *part)
{
    if (strstr(said, part) != NULL)
        fail_msg("%s is in %s", part, said);
}

static const char *get(const Common__Principal *who, int64_t id)
{
    return service_test_json(who, "GetReview", "",
                             arena_printf(arena, "{\"id\":\"%lld\"}", (long long)id));
}

/* ---- fields */

static void test_a_field_is_disputed_on_its_picture(void **state)
{
    (void)state;
    int64_t id = handed_in("OWNER_UNIT", "");
    Common__Principal applicant = service_test_member(last_account);
    has(decide(&reviewer, id, 1, "REJECT",
               arena_printf(
                   arena,
                   ",\"field_verdicts\":[{\"field\":\"business_license_file\","
                   "\"reason_codes\":[\"R01\"],\"note\":\"公章看不清\",\"boxes\":["
                   "{\"attachment_id\":\"l%lld\",\"left\":1000,\"top\":2000,\"width\":3000,"
                   "\"height\":4000}]},{\"field\":\"unit_name\",\"note\":\"与执照上的全称不同\"}]",
                   (long long)last_account)),
        "\"state\":\"REJECTED\"");
    const char *seen =
        service_test_json(&applicant, "GetApplication", "", "{\"kind\":\"OWNER_UNIT\"}");
    has(seen, "\"field\":\"business_license_file\"");
    has(seen, "公章看不清");
    has(seen, "\"left\":1000");
    has(seen, "证件照片模糊、反光或缺角"); /* the reason of the field is told with the others */
    has(seen, "\"refused\":{");
    has(seen, "\"may_not_retry\":false");
    has(get(&colleague, id), "公章看不清");

    id = handed_in("OWNER_UNIT", "");
    has(decide(&reviewer, id, 1, "REJECT",
               ",\"field_verdicts\":[{\"field\":\"unit_name\",\"note\":\"与执照上的全称不同\"}]"),
        "REJECTED");
    assert_string_equal(
        service_test_value("SELECT (payload ->> 'reason_first') || '/' || (payload ->> 'message') "
                           "FROM outbox WHERE payload ->> 'review_id' = '%lld'",
                           (long long)id),
        "与执照上的全称不同/与执照上的全称不同");
}

static void test_a_verdict_is_about_this_form(void **state)
{
    static const char *const misplaced[] = {
        "{\"field\":\"education_level\",\"note\":\"没有这一项\"}",
        "{\"field\":\"business_license_file.3\",\"note\":\"没有第四份\"}",
        "{\"field\":\"unit_name\",\"reason_codes\":[\"R98\"]}",
        "{\"field\":\"business_license_file\",\"boxes\":[{\"attachment_id\":\"l1\",\"left\":0,"
        "\"top\":0,\"width\":10,\"height\":10}]}",
        "{\"field\":\"business_license_file\",\"boxes\":[{\"attachment_id\":\"l%lld\",\"left\":"
        "9000,"
        "\"top\":0,\"width\":1001,\"height\":10}]}",
    };
    (void)state;
    int64_t id = handed_in("OWNER_UNIT", "");
    for (size_t i = 0; i < sizeof misplaced / sizeof misplaced[0]; i++) {
        const char *mark = strstr(misplaced[i], "%lld");
        const char *one = mark == NULL
                              ? misplaced[i]
                              : arena_printf(arena, "%.*s%lld%s", (int)(mark - misplaced[i]),
                                             misplaced[i], (long long)last_account, mark + 4);
        has(decide(&reviewer, id, 1, "REJECT",
                   arena_printf(arena,
                                ",\"message_to_applicant\":\"请按标记修改\","
                                "\"field_verdicts\":[%s]",
                                one)),
            "field_verdict_misplaced");
    }
    has(decide(&reviewer, id, 1, "REJECT", ",\"field_verdicts\":[{\"field\":\"unit_name\"}]"),
        "rejection_has_a_reason");
    has(decide(&reviewer, id, 1, "REJECT",
               ",\"field_verdicts\":[{\"field\":\"unit_name\",\"note\":\"短\"}]"),
        "rejection_has_a_reason");
    has(decide(
            &reviewer, id, 1, "REJECT",
            ",\"field_verdicts\":[{\"field\":\"unit_name\",\"note\":\"与执照全称不同\",\"boxes\":["
            "{\"attachment_id\":\"x\",\"left\":10000,\"width\":1,\"height\":1}]}]"),
        "field_errors");
}

static const char *told_of(int64_t id, const char *event)
{
    return service_test_value("SELECT count(*) FROM outbox WHERE event = '%s' AND payload ->> "
                              "'review_id' = '%lld'",
                              event, (long long)id);
}

static void test_a_refusal_may_be_silent(void **state)
{
    (void)state;
    int64_t loud = handed_in("OWNER_UNIT", "");
    decide(&reviewer, loud, 1, "REJECT", ",\"reason_codes\":[\"R01\"]");
    int64_t quiet = handed_in("OWNER_UNIT", "");
    decide(&reviewer, quiet, 1, "REJECT", ",\"reason_codes\":[\"R01\"],\"silent\":true");
    assert_string_equal(told_of(loud, "application.rejected"), "1");
    assert_string_equal(told_of(quiet, "application.rejected"), "0");
    assert_string_equal(service_test_value("SELECT state FROM identity WHERE account_id = %lld",
                                           (long long)last_account),
                        "REJECTED");
}

/* ---- who is asked first */

static void test_who_refused_is_asked_first_and_nobody_waits_for_him(void **state)
{
    (void)state;
    int64_t id = handed_in("OWNER_UNIT", "");
    has(decide(&reviewer, id, 1, "REJECT", ",\"reason_codes\":[\"R01\"]"), "REJECTED");
    int64_t old = handed_in("OWNER_UNIT", "");
    last_account--;
    int64_t back = again();
    last_account++;
    service_test_sql(arena_printf(
        arena,
        "UPDATE review SET state = 'CANCELLED', decided_at = now() WHERE state = 'QUEUED' "
        "AND id NOT IN (%lld, %lld)",
        (long long)old, (long long)back));
    has(get(&reviewer, back), "\"preferred_me\":true");
    has(get(&colleague, back), "\"preferred_name\":\"审核员11\",\"preferred_me\":false");
    has(get(&reviewer, back), "\"last_refusal\":{\"reasons\":[{\"code\":\"R01\"");

    int64_t other = handed_in("OWNER_UNIT", "");
    has(decide(&colleague, other, 1, "APPROVE", ""),
        arena_printf(arena, "\"next_id\":\"%lld\"", (long long)old));
    other = handed_in("OWNER_UNIT", "");
    has(decide(&reviewer, other, 1, "APPROVE", ""),
        arena_printf(arena, "\"next_id\":\"%lld\"", (long long)back));

    service_test_sql(
        "UPDATE review SET preferred_until = now() - interval '1 minute', submitted_at "
        "= now() - interval '1 hour' WHERE preferred_by IS NOT NULL");
    other = handed_in("OWNER_UNIT", "");
    has(decide(&colleague, other, 1, "APPROVE", ""),
        arena_printf(arena, "\"next_id\":\"%lld\"", (long long)back));
    has(decide(&colleague, back, 2, "APPROVE", ""), "\"state\":\"APPROVED\"");
}

/* ---- what is approved knowingly, and by two */

static void test_a_contradiction_is_acknowledged(void **state)
{
    (void)state;
    int64_t first = handed_in("OWNER_UNIT", "\"unit_name\":\"长治市丁（集团）建设有限公司\"");
    has(decide(&reviewer, first, 1, "APPROVE", ""), "APPROVED");
    int64_t second =
        handed_in("OWNER_UNIT",
                  "\"uscc\":\"91140403MA0K1X2Y1M\",\"unit_name\":\"长治市丁(集团) 建设有限公司\"");
    has(get(&reviewer, second), "\"code\":\"name_in_use\"");
    has(decide(&reviewer, second, 1, "APPROVE", ""), "reds_unacknowledged");
    has(decide(&reviewer, second, 1, "APPROVE", ",\"acknowledged\":[\"name_in_use\"]"), "APPROVED");
    assert_string_equal(
        service_test_value("SELECT acknowledged FROM review WHERE id = %lld", (long long)second),
        "{name_in_use}");

    int64_t person = handed_in("NATURAL_PERSON",
                               "\"qualifications\":[{\"valid_to\":\"2020-01-01\",\"valid_forever\":"
                               "false},{\"valid_to\":\"2021-01-01\",\"valid_forever\":false}]");
    has(decide(&reviewer, person, 1, "APPROVE", ""), "reds_unacknowledged");
}

static void test_kind_and_place_are_told_in_words(void **state)
{
    (void)state;
    int64_t id = handed_in("OWNER_UNIT", "\"uscc\":\"91140403MA0K1X2Y1M\"");
    const char *said = get(&reviewer, id);
    has(said, "信用代码所示的机构类别：企业");
    has(said, "信用代码所示的登记地区：山西省长治市潞州区");
}

static void test_a_president_takes_two_whatever_the_policy(void **state)
{
    static const char *const posts[] = {"PRESIDENT", "VICE_PRESIDENT"};
    (void)state;
    service_test_sql("UPDATE dictionary_item SET enabled = true WHERE code = 'PRESIDENT'");
    for (size_t i = 0; i < 2; i++) {
        int64_t id = handed_in("MEMBER_UNIT", "");
        const char *post = arena_printf(arena, ",\"association_post\":\"%s\"", posts[i]);
        has(decide(&reviewer, id, 1, "APPROVE", post), "\"state\":\"QUEUED\"");
        has(decide(&reviewer, id, 1, "APPROVE", post), "review_same_person");
        has(decide(&secretary, id, 1, "APPROVE", post), "\"state\":\"APPROVED\"");
    }
    int64_t id = handed_in("MEMBER_UNIT", "");
    has(decide(&reviewer, id, 1, "APPROVE", ",\"association_post\":\"MEMBER\""),
        "\"state\":\"APPROVED\"");
    id = handed_in("MEMBER_UNIT", "");
    service_test_sql("CREATE FUNCTION pg_temp.crown(wanted bigint) RETURNS text LANGUAGE plpgsql "
                     "AS $$ DECLARE broken text; BEGIN UPDATE review SET state = 'APPROVED', "
                     "association_post = 'PRESIDENT', decided_by = 5 WHERE id = wanted; RETURN ''; "
                     "EXCEPTION WHEN check_violation THEN GET STACKED DIAGNOSTICS broken = "
                     "CONSTRAINT_NAME; RETURN broken; END $$");
    assert_string_equal(service_test_value("SELECT pg_temp.crown(%lld)", (long long)id),
                        "review_needs_second");
}

/* Payment hears that a unit no longer applies, even if the applicant is not told. */
static void test_payment_hears_of_a_refused_unit(void **state)
{
    (void)state;
    int64_t id = handed_in("MEMBER_UNIT", "\"association_post\":\"COUNCIL\"");
    has(decide(&reviewer, id, 1, "REJECT", ",\"reason_codes\":[\"R01\"],\"silent\":true"),
        "\"state\":\"REJECTED\"");
    assert_string_equal(
        service_test_value("SELECT concat_ws(' ', payload ->> 'version', payload ->> 'applying', "
                           "payload ->> 'association_post') FROM outbox WHERE event = "
                           "'unit.applied' AND payload ->> 'account_id' = '%lld'",
                           (long long)last_account),
        "1 false COUNCIL");
}

/* ---- what pages hear */

static long long now_of(const char *said)
{
    return strtoll(strstr(said, "\"now\":\"") + 7, NULL, 10);
}

static const char *changes(const Common__Principal *who, long long since)
{
    return service_test_json(who, "ListReviewChanges", "",
                             arena_printf(arena, "{\"since\":\"%lld\"}", since));
}

/* Whoever asks again is told nothing twice, except what is younger than the oldest transaction of
   the whole server: those of other tests end by themselves. */
static long long until_nothing_is_new(const Common__Principal *who, long long since)
{
    for (int tries = 0; tries < 300; tries++) {
        const char *said = changes(who, since);
        since = now_of(said);
        if (strstr(said, "\"reviews\":[]") != NULL)
            return since;
        usleep(100000);
    }
    fail_msg("each answer tells of changes, though nothing changes");
    return 0;
}

static void test_a_page_hears_of_each_change(void **state)
{
    char part[40];
    (void)state;
    const char *said = changes(&reviewer, 0);
    has(said, "\"reviews\":[]");
    long long since = until_nothing_is_new(&reviewer, now_of(said));

    int64_t id = handed_in("OWNER_UNIT", "");
    snprintf(part, sizeof part, "\"id\":\"%lld\"", (long long)id);
    said = changes(&reviewer, since);
    has(said, part);
    has(said, "\"state\":\"QUEUED\"");
    has(changes(&drawer, since), "\"reviews\":[]"); /* no permission for the kind */

    since = now_of(said);
    service_test_json(&colleague, "ClaimReview", "", arena_printf(arena, "{%s}", part));
    said = changes(&reviewer, since);
    has(said, "\"claimed_by_name\":\"审核员12\",\"claimed_by_me\":false");
    since = now_of(said);
    service_test_sql(arena_printf(
        arena, "UPDATE review SET state = 'CANCELLED', decided_at = now() WHERE id = %lld",
        (long long)id));
    has(changes(&reviewer, since), "\"state\":\"CANCELLED\"");
}

/* A transaction that began before the page asked and ends after it: it is told. */
static void test_a_late_transaction_is_heard(void **state)
{
    (void)state;
    int64_t id = handed_in("OWNER_UNIT", "");
    service_test_sql("BEGIN");
    service_test_sql(arena_printf(arena, "UPDATE review SET internal_note = '慢' WHERE id = %lld",
                                  (long long)id));
    /* the service asks on connections of its own */
    long long since = now_of(changes(&reviewer, 0));
    since = now_of(changes(&reviewer, since));
    service_test_sql("COMMIT");
    has(changes(&reviewer, since), arena_printf(arena, "\"id\":\"%lld\"", (long long)id));
}

/* ---- reasons */

static const char *save_reason(const char *fields)
{
    return service_test_json(&secretary, "SaveRejectReason", "", fields);
}

static void test_reasons_are_kept_and_versioned(void **state)
{
    (void)state;
    has(save_reason("{\"code\":\"R77\",\"text\":\"照片不是本人\",\"advice\":\"请上传本人照片。\","
                    "\"fields\":[\"id_card_files\"],\"retryable\":true,\"enabled\":true}"),
        "\"version\":1");
    has(save_reason(
            "{\"code\":\"R77\",\"text\":\"再建一次\",\"advice\":\"不行的。\",\"enabled\":true}"),
        "reject_reason_changed");
    has(save_reason(
            "{\"code\":\"X1\",\"text\":\"代码不对\",\"advice\":\"不行的。\",\"enabled\":true}"),
        "reject_reason_code");
    has(save_reason("{\"code\":\"R78\",\"text\":\"没有这项\",\"advice\":\"不行的。\",\"fields\":["
                    "\"password\"],\"enabled\":true}"),
        "\"field\":\"fields\"");

    int64_t id = handed_in("OWNER_UNIT", "");
    Common__Principal applicant = service_test_member(last_account);
    has(decide(&reviewer, id, 1, "REJECT", ",\"reason_codes\":[\"R77\"]"), "REJECTED");
    has(save_reason("{\"code\":\"R77\",\"version\":1,\"text\":\"照片与证件不符\",\"advice\":"
                    "\"请重新拍摄。\",\"retryable\":true,\"enabled\":false}"),
        "\"version\":2");
    has(service_test_json(&applicant, "GetApplication", "", "{\"kind\":\"OWNER_UNIT\"}"),
        "照片不是本人"); /* what it said that day */
    has_not(service_test_json(&reviewer, "ListRejectReasons", "", "{}"), "R77");
    has(service_test_json(&secretary, "ListAllRejectReasons", "", "{}"), "R77");
    id = handed_in("OWNER_UNIT", "");
    has(decide(&reviewer, id, 1, "REJECT", ",\"reason_codes\":[\"R77\"]"), "reason_unknown");
    assert_string_equal(
        service_test_value("SELECT string_agg(version || ' ' || (after ->> 'text'), "
                           "',' ORDER BY version) FROM reject_reason_change WHERE "
                           "code = 'R77'"),
        "1 照片不是本人,2 照片与证件不符");
    service_test_sql(
        "DO $$ BEGIN DELETE FROM reject_reason WHERE code = 'R77'; RAISE 'it went'; EXCEPTION WHEN "
        "check_violation THEN NULL; END $$");
}

static void test_a_refusal_for_good_is_lifted_once(void **state)
{
    (void)state;
    int64_t id = handed_in("OWNER_UNIT", "");
    Common__Principal applicant = service_test_member(last_account);
    const char *allow = arena_printf(
        arena, "{\"id\":\"%lld\",\"reason\":\"协会复议后同意重新申请\"}", (long long)id);
    has(service_test_json(&reviewer, "AllowRetry", "", allow), "retry_not_allowed");
    has(decide(&reviewer, id, 1, "REJECT", ",\"reason_codes\":[\"R14\"]"), "REJECTED");
    has(service_test_json(&applicant, "GetApplication", "", "{\"kind\":\"OWNER_UNIT\"}"),
        "\"may_not_retry\":true");
    has(get(&reviewer, id), "\"may_allow_retry\":true");
    has(service_test_json(&drawer, "AllowRetry", "", allow), "retry_not_allowed");
    has(service_test_json(&reviewer, "AllowRetry", "", allow),
        arena_printf(arena, "\"id\":\"%lld\"", (long long)id));
    has(service_test_json(&applicant, "GetApplication", "", "{\"kind\":\"OWNER_UNIT\"}"),
        "\"may_not_retry\":false");
    has(service_test_json(&reviewer, "AllowRetry", "", allow), "retry_not_allowed");
    assert_string_equal(service_test_value("SELECT count(*) FROM audit WHERE action = "
                                           "'review.retry_allowed' AND object LIKE '%lld %%'",
                                           (long long)id),
                        "1");
    assert_string_equal(
        service_test_value("SELECT count(*) FROM outbox WHERE event = 'application.retry_allowed'"),
        "1");
}

/* ---- promises */

static void run_watch(const char *at, const char *until)
{
    review_watch_run(service_test_run(), at);
    service_test_until(until);
}

static void test_promises_go_by_the_calendar_of_staff(void **state)
{
    (void)state;
    has(service_test_json(&reviewer, "SaveCalendarDays", "",
                          "{\"days\":[{\"day\":\"2030-10-01\",\"name\":\"国庆节\"}]}"),
        "not_allowed");
    has(service_test_json(&secretary, "SaveCalendarDays", "",
                          "{\"days\":[{\"day\":\"2030-10-01\",\"name\":\"国庆节\"},{\"day\":"
                          "\"2030-10-02\",\"name\":\"国庆节\"},{\"day\":\"2030-09-29\",\"working\":"
                          "true,\"name\":\"国庆节调休\"}]}"),
        "2030-09-29");
    /* Friday 27, Sunday 29 worked, Monday 30, the 3rd: a Thursday */
    assert_string_equal(service_test_value("SELECT working_day_after('2030-09-27', 3)"),
                        "2030-10-03");
    has(service_test_json(&secretary, "ListCalendarDays", "", "{\"year\":2030}"),
        "{\"day\":\"2030-10-01\",\"working\":false,\"name\":\"国庆节\"}");
    has(service_test_json(&secretary, "RemoveCalendarDay", "", "{\"day\":\"2030-10-01\"}"),
        "2030-10-01");
    has(service_test_json(&secretary, "RemoveCalendarDay", "", "{\"day\":\"2030-10-01\"}"),
        "calendar_day_gone");
    assert_string_equal(service_test_value("SELECT working_day_after('2030-09-27', 3)"),
                        "2030-10-01");
    /* payment hears of each change; and of the whole once, if it may have missed one */
    assert_string_equal(
        service_test_value(
            "SELECT string_agg(d.day || ' ' || coalesce(d.working::text, '-'), ', ' ORDER BY o.id, "
            "d.day) FROM outbox o, jsonb_to_recordset((o.payload ->> 'days')::jsonb) AS d(day "
            "date, working boolean) WHERE event = 'calendar.changed'"),
        "2030-09-29 true, 2030-10-01 false, 2030-10-02 false, 2030-10-01 -");
    service_test_sql("DELETE FROM outbox WHERE event = 'calendar.changed'");
    run_watch(NULL, "SELECT EXISTS (SELECT 1 FROM outbox WHERE event = 'calendar.changed' AND "
                    "payload ->> 'days' LIKE '%2030-09-29%2030-10-02%')");
}

static const char *told(const char *event)
{
    return service_test_value("SELECT coalesce(string_agg((payload ->> 'kind') || ' ' || (payload "
                              "->> 'days') || ' ' || (payload ->> 'count'), ',' ORDER BY id), '') "
                              "FROM outbox WHERE event = '%s'",
                              event);
}

/* Handed in on Friday 2030-03-01: two working days have passed on Wednesday, three on Thursday. */
static void test_each_step_is_warned_of_once(void **state)
{
    (void)state;
    service_test_sql("UPDATE review SET state = 'CANCELLED', decided_at = now() WHERE state IN "
                     "('QUEUED', 'CLAIMED')");
    for (int i = 0; i < 2; i++)
        handed_in("OWNER_UNIT", "");
    service_test_sql("UPDATE review SET submitted_at = '2030-03-01 10:00+08', promised_by = "
                     "'2030-03-06' WHERE state = 'QUEUED'; CREATE TABLE ran (n integer)");
    run_watch("2030-03-05 23:50",
              "SELECT count(*) = 0 FROM review_warned WHERE review_id IN (SELECT "
              "id FROM review WHERE state = 'QUEUED')");
    run_watch("2030-03-06 00:10", "SELECT count(*) = 2 FROM review_warned WHERE days = 2");
    assert_string_equal(told("review.late"), "OWNER_UNIT 2 2");
    run_watch("2030-03-07 00:10", "SELECT count(*) = 2 FROM review_warned WHERE days = 3");
    run_watch("2030-03-07 00:20", "SELECT count(*) = 2 FROM review_warned WHERE days = 3");
    run_watch("2030-03-08 09:20", "SELECT count(*) = 1 FROM review_digest");
    assert_string_equal(told("review.late"), "OWNER_UNIT 2 2,OWNER_UNIT 3 2");
    assert_string_equal(
        service_test_value("SELECT count(*) FROM outbox WHERE event = 'review.overdue'"), "1");
    run_watch("2030-03-08 09:30", "SELECT count(*) = 1 FROM outbox WHERE event = 'review.digest'");
    run_watch("2030-03-11 09:01", "SELECT count(*) = 2 FROM outbox WHERE event = 'review.digest'");
    assert_string_equal(
        service_test_value("SELECT string_agg(day::text, ',' ORDER BY day) FROM review_digest"),
        "2030-03-08,2030-03-11");
    run_watch("2030-03-12 08:59", "SELECT count(*) = 2 FROM outbox WHERE event = 'review.digest'");
}

static void test_what_is_overdue_is_listed(void **state)
{
    (void)state;
    int64_t id = handed_in("OWNER_UNIT", "");
    service_test_sql(arena_printf(
        arena, "UPDATE review SET promised_by = now()::date - 1 WHERE id = %lld", (long long)id));
    const char *said = service_test_json(&reviewer, "ListReviews", "", "{\"view\":\"OVERDUE\"}");
    has(said, arena_printf(arena, "\"id\":\"%lld\"", (long long)id));
    has(said, "\"total\":1}");
}

/* ---- who sees what */

static void test_telephones_are_whole_for_those_who_may_reveal(void **state)
{
    (void)state;
    int64_t id = handed_in("OWNER_UNIT", "");
    has(get(&reviewer, id), "\"contact_phone\":\"18003551778\"");
    has(get(&colleague, id), "\"contact_phone\":\"180****1778\"");
    has_not(get(&colleague, id), "18003551778");
}

static void test_a_look_at_an_identity_card_is_audited(void **state)
{
    (void)state;
    service_test_sql("INSERT INTO attachment (id, account_id, purpose, file_name, content_type, "
                     "size_bytes, content_hash) VALUES ('card', 9, 'id_card_files', '人像面.jpg', "
                     "'image/jpeg', 10, '\\x00')");
    service_test_json(&secretary, "ReadAttachment", "", "{\"id\":\"card\",\"thumbnail\":true}");
    assert_string_equal(
        service_test_value("SELECT actor_id || ' ' || (detail ->> 'purpose') FROM audit WHERE "
                           "action = 'attachment.read' AND object = 'card'"),
        "13 id_card_files");
}

static int open_service(void **state)
{
    (void)state;
    service_test_open(&certification);
    arena = arena_new(8 << 20);
    service_test_sql("UPDATE review_policy SET second_review = 'NEVER'");
    reviewer = service_test_staff(
        11, "cert.review cert.owner.review cert.member.review cert.person.review pii.reveal");
    colleague = service_test_staff(12, "cert.review cert.owner.review");
    secretary =
        service_test_staff(13, "cert.review cert.owner.review cert.member.review "
                               "cert.expert.review cert.second_review param.edit dict.edit");
    drawer = service_test_staff(14, "cert.review");
    member = service_test_member(9);
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
        cmocka_unit_test(test_a_field_is_disputed_on_its_picture),
        cmocka_unit_test(test_a_verdict_is_about_this_form),
        cmocka_unit_test(test_a_refusal_may_be_silent),
        cmocka_unit_test(test_who_refused_is_asked_first_and_nobody_waits_for_him),
        cmocka_unit_test(test_a_contradiction_is_acknowledged),
        cmocka_unit_test(test_kind_and_place_are_told_in_words),
        cmocka_unit_test(test_a_president_takes_two_whatever_the_policy),
        cmocka_unit_test(test_a_page_hears_of_each_change),
        cmocka_unit_test(test_a_late_transaction_is_heard),
        cmocka_unit_test(test_reasons_are_kept_and_versioned),
        cmocka_unit_test(test_a_refusal_for_good_is_lifted_once),
        cmocka_unit_test(test_promises_go_by_the_calendar_of_staff),
        cmocka_unit_test(test_each_step_is_warned_of_once),
        cmocka_unit_test(test_what_is_overdue_is_listed),
        cmocka_unit_test(test_telephones_are_whole_for_those_who_may_reveal),
        cmocka_unit_test(test_a_look_at_an_identity_card_is_audited),
        cmocka_unit_test(test_payment_hears_of_a_refused_unit),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
