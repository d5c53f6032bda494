/* B.15: what the applicant reads of the way of an application: whose turn it is, since when, by when it is promised, and nobody's
   name; ending in 结束. Through the whole skeleton and a real database. */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "json.h"
#include "service_test.h"
#include <string.h>

static struct arena *arena;
static Common__Principal person, reviewer, checker;

/* ---- what happens */

static const char *application(int version)
{
    return arena_printf(
        arena,
        "{\"kind\":\"NATURAL_PERSON\",\"version\":%d,\"form\":{\"natural_person\":{\"name\":"
        "\"王自然\",\"mobile\":\"18003551778\",\"self_employed\":true,\"qualifications\":["
        "{\"occupation_name\":\"造价工程师\",\"qualification_code\":\"COST1\","
        "\"qualification_major\":\"COST_01\",\"years_in_major\":\"5\",\"certificate_no\":"
        "\"14AB-01\",\"issuing_authority\":\"住房和城乡建设部\",\"issued_on\":\"2019-06-01\","
        "\"valid_forever\":true,\"certificate_files\":[\"c%lld\"]}]}}}",
        version, (long long)person.account_id);
}

static void done(const Common__Principal *who, const char *method, const char *request)
{
    const char *said = service_test_json(who, method, "", request);
    if (strstr(said, "\"reason\":") != NULL)
        fail_msg("%s: %s", method, said);
}

static void hand_in(void)
{
    static int64_t account = 100;
    person = service_test_member(++account);
    service_test_sql(arena_printf(
        arena,
        "INSERT INTO attachment (id, account_id, purpose, file_name, content_type, size_bytes, "
        "content_hash) VALUES ('c%lld', %lld, 'certificate_files', '证书.jpg', 'image/jpeg', 10, "
        "'')",
        (long long)account, (long long)account));
    done(&person, "SaveDraft", application(0));
    done(&person, "SubmitApplication", application(1));
}

static const char *of_review(const char *column)
{
    return service_test_value(
        "SELECT %s FROM review WHERE account_id = %lld ORDER BY id DESC LIMIT 1", column,
        (long long)person.account_id);
}

static void review_is(const char *changes)
{
    service_test_sql(arena_printf(arena, "UPDATE review SET %s WHERE account_id = %lld", changes,
                                  (long long)person.account_id));
}

static void by(const Common__Principal *who, const char *method)
{
    done(who, method, arena_printf(arena, "{\"id\":\"%s\"}", of_review("id")));
}

static void decided(const Common__Principal *who, const char *verdict, const char *more)
{
    done(who, "DecideReview",
         arena_printf(arena, "{\"id\":\"%s\",\"submission_version\":1,\"verdict\":\"%s\"%s}",
                      of_review("id"), verdict, more));
}

/* ---- what is told */

static const Certification__Application *application_read(void)
{
    Certification__ApplicationRequest request = CERTIFICATION__APPLICATION_REQUEST__INIT;
    ProtobufCMessage *reply;
    size_t size;
    request.kind = CERTIFICATION__IDENTITY__KIND__NATURAL_PERSON;
    assert_int_equal(
        service_test_call(&person, "gateway", "GetApplication", &request.base, "", &reply),
        STATUS_OK);
    assert_null(
        strstr(json_write(reply, arena, &size), "审核员")); /* they are called 审核员11, 审核员12 */
    return (const Certification__Application *)reply;
}

static const char *name_of(const ProtobufCEnumDescriptor *type, int value)
{
    return protobuf_c_enum_descriptor_get_value(type, value)->name;
}

/* "SUBMITTED+ REVIEWING+(REVIEWER taken) APPROVED FINISHED": + what was reached, in brackets whose turn it is. */
static const char *told(void)
{
    const Certification__Application *read = application_read();
    const char *text = "";
    for (size_t i = 0; i < read->n_timeline; i++) {
        const Certification__TimelineEntry *entry = read->timeline[i];
        bool waits = entry->holder != CERTIFICATION__TIMELINE_ENTRY__HOLDER__NOBODY;
        assert_int_equal(entry->since[0] != '\0', waits);
        assert_true(waits || !entry->taken);
        text = arena_printf(
            arena, "%s%s%s%s", text, i > 0 ? " " : "",
            name_of(&certification__timeline_entry__step__descriptor, (int)entry->step),
            entry->at[0] != '\0' ? "+" : "");
        if (waits)
            text = arena_printf(
                arena, "%s(%s%s)", text,
                name_of(&certification__timeline_entry__holder__descriptor, (int)entry->holder),
                entry->taken ? " taken" : "");
    }
    return text;
}

/* The entry that it waits at. */
static const Certification__TimelineEntry *turn(void)
{
    const Certification__Application *read = application_read();
    for (size_t i = 0; i < read->n_timeline; i++)
        if (read->timeline[i]->holder != CERTIFICATION__TIMELINE_ENTRY__HOLDER__NOBODY)
            return read->timeline[i];
    fail_msg("it is nobody's turn");
    return NULL;
}

static void assert_since(const char *column)
{
    assert_string_equal(of_review(arena_printf(arena, "%s = '%s'", column, turn()->since)), "t");
}

/* ---- */

static void set_policy(const char *second)
{
    service_test_sql(arena_printf(
        arena, "UPDATE review_policy SET second_review = '%s' WHERE kind = 'NATURAL_PERSON'",
        second));
}

static void test_one_person_approves(void **state)
{
    (void)state;
    set_policy("NEVER");
    hand_in();
    assert_string_equal(told(), "SUBMITTED+ REVIEWING(REVIEWER) APPROVED FINISHED");
    assert_since("submitted_at");
    by(&reviewer, "ClaimReview");
    assert_string_equal(told(), "SUBMITTED+ REVIEWING+(REVIEWER taken) APPROVED FINISHED");
    assert_since("claimed_at");
    by(&reviewer, "ReleaseReview");
    assert_string_equal(told(), "SUBMITTED+ REVIEWING+(REVIEWER) APPROVED FINISHED");
    assert_since("held_since");
    decided(&reviewer, "APPROVE", "");
    assert_string_equal(told(), "SUBMITTED+ REVIEWING+ APPROVED+ FINISHED+");
}

/* Who let it lie has it no more; who takes it up has it from then on. */
static void test_a_lease_runs_out(void **state)
{
    (void)state;
    hand_in();
    by(&reviewer, "ClaimReview");
    review_is("held_since = now() - interval '1 hour'");
    by(&reviewer, "ClaimReview"); /* renewed: it is still the same turn */
    assert_string_equal(of_review("held_since < now() - interval '59 minutes'"), "t");
    review_is("claimed_until = now() - interval '1 minute'");
    assert_string_equal(told(), "SUBMITTED+ REVIEWING+(REVIEWER) APPROVED FINISHED");
    assert_since("claimed_until");
    by(&checker, "ClaimReview");
    assert_string_equal(told(), "SUBMITTED+ REVIEWING+(REVIEWER taken) APPROVED FINISHED");
    assert_string_equal(of_review("held_since > now() - interval '1 minute'"), "t");
    assert_since("held_since");
}

static void test_two_persons_approve(void **state)
{
    (void)state;
    set_policy("ALWAYS");
    hand_in();
    assert_string_equal(told(), "SUBMITTED+ REVIEWING(REVIEWER) SECOND_REVIEW APPROVED FINISHED");
    decided(&reviewer, "APPROVE", ",\"message_to_applicant\":\"欢迎加入\"");
    assert_string_equal(told(), "SUBMITTED+ REVIEWING+ SECOND_REVIEW+(CHECKER) APPROVED FINISHED");
    assert_since("first_at");
    assert_string_equal(application_read()->timeline[3]->note, ""); /* not before the verdict */
    by(&checker, "ClaimReview");
    assert_string_equal(told(),
                        "SUBMITTED+ REVIEWING+ SECOND_REVIEW+(CHECKER taken) APPROVED FINISHED");
    decided(&checker, "SEND_BACK", ",\"internal_note\":\"名称与执照不一致\"");
    assert_string_equal(told(), "SUBMITTED+ REVIEWING+(REVIEWER) SECOND_REVIEW APPROVED FINISHED");
    assert_since("held_since");
    decided(&reviewer, "APPROVE", "");
    decided(&checker, "APPROVE", ",\"message_to_applicant\":\"欢迎加入\"");
    assert_string_equal(told(), "SUBMITTED+ REVIEWING+ SECOND_REVIEW+ APPROVED+ FINISHED+");
    assert_string_equal(application_read()->timeline[3]->note, "欢迎加入");
    set_policy("NEVER");
}

static void test_what_was_refused_is_the_applicants(void **state)
{
    (void)state;
    hand_in();
    decided(&reviewer, "REJECT", ",\"message_to_applicant\":\"请补充清晰的照片\"");
    assert_string_equal(told(), "SUBMITTED+ REVIEWING+ REJECTED+(APPLICANT)");
    assert_since("decided_at");
    assert_string_equal(turn()->note, "请补充清晰的照片");
    hand_in();
    decided(&reviewer, "REJECT", ",\"reason_codes\":[\"R14\"]"); /* for good */
    assert_string_equal(told(), "SUBMITTED+ REVIEWING+ REJECTED+");
    hand_in();
    done(&person, "WithdrawApplication", "{\"kind\":\"NATURAL_PERSON\",\"submission_version\":1}");
    assert_string_equal(told(), "SUBMITTED+ WITHDRAWN+");
}

/* In working days; the day itself is still in time. */
static void test_by_when_it_is_promised(void **state)
{
    (void)state;
    hand_in();
    const char *day = service_test_value("SELECT working_day_after(now()::date, 3)");
    assert_string_equal(turn()->note, arena_printf(arena, "预计%s前完成审核", day));
    by(&reviewer, "ClaimReview");
    assert_string_equal(turn()->note, arena_printf(arena, "预计%s前完成审核", day));
    review_is("promised_by = now()::date");
    day = service_test_value("SELECT now()::date");
    assert_string_equal(turn()->note, arena_printf(arena, "预计%s前完成审核", day));
    review_is("promised_by = now()::date - 1");
    day = service_test_value("SELECT now()::date - 1");
    assert_string_equal(turn()->note,
                        arena_printf(arena, "已超过承诺的%s，急需的请致电0355-3069919", day));
}

/* Of a case from before it was kept, the times that there are. */
static void test_what_was_claimed_before(void **state)
{
    (void)state;
    hand_in();
    by(&reviewer, "ClaimReview");
    review_is("held_since = NULL");
    assert_since("claimed_at");
}

static int open_service(void **state)
{
    (void)state;
    arena = arena_new(0);
    service_test_open(&certification);
    reviewer = service_test_staff(11, "cert.review cert.person.review");
    checker = service_test_staff(12, "cert.review cert.person.review cert.second_review");
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
        cmocka_unit_test(test_one_person_approves),
        cmocka_unit_test(test_a_lease_runs_out),
        cmocka_unit_test(test_two_persons_approve),
        cmocka_unit_test(test_what_was_refused_is_the_applicants),
        cmocka_unit_test(test_by_when_it_is_promised),
        cmocka_unit_test(test_what_was_claimed_before),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
