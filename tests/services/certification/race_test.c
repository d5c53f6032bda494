/* What two do at the same instant: one submission pressed twice, an applicant who withdraws while a reviewer decides, two
   reviewers of one case. One of them is right, and the other reads what is so. */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "service_test.h"
#include <string.h>

enum { CROWD = 180, KEYS = 3, ROUNDS = 12 };

struct asked {
    enum status status;
    const void *payload;
    size_t size;
};

static struct arena *arena;
static Common__Principal person, reviewer, colleague;
static size_t waiting;

/* ---- asking, without waiting for the answer */

static void on_answer(void *to, enum status status, const void *payload, size_t size)
{
    struct asked *asked = to;
    *asked = (struct asked){status, arena_copy(arena, payload, size), size};
    if (--waiting == 0)
        loop_stop(service_test_run()->loop);
}

static void ask(struct asked *to, const Common__Principal *who, const char *method, const char *key,
                const char *json)
{
    waiting++;
    service_test_begin(who, method, service_test_request(method, json), key, on_answer, to);
}

static void until_all_are_answered(void)
{
    if (waiting > 0)
        loop_run(service_test_run()->loop);
}

/* Holds a row until two wait for it. */
static void held(const char *table)
{
    service_test_sql(arena_printf(arena, "BEGIN; SELECT FROM %s WHERE account_id = %lld FOR UPDATE",
                                  table, (long long)person.account_id));
}

static void let_go(void)
{
    service_test_until(
        "SELECT (SELECT count(DISTINCT l.pid) = 2 FROM pg_locks l JOIN pg_stat_activity a USING "
        "(pid) WHERE NOT l.granted AND a.datname = current_database()) FROM "
        "pg_stat_clear_snapshot()");
    service_test_sql("COMMIT");
    until_all_are_answered();
}

static void assert_told(const struct asked *asked, const char *reason, const char *words)
{
    assert_int_not_equal(asked->status, STATUS_OK);
    const Common__Problem *problem = (const Common__Problem *)message_unpack(
        &common__problem__descriptor, asked->payload, asked->size, arena);
    assert_string_equal(problem->reason, reason);
    assert_string_equal(problem->detail, words);
}

/* ---- an application of the person */

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

/* Somebody new, with a draft that can be handed in. */
static void draft(void)
{
    static int64_t account = 100;
    person = service_test_member(++account);
    service_test_sql(arena_printf(
        arena,
        "INSERT INTO attachment (id, account_id, purpose, file_name, content_type, size_bytes, "
        "content_hash) VALUES ('c%lld', %lld, 'certificate_files', '证书.jpg', 'image/jpeg', 10, "
        "'')",
        (long long)account, (long long)account));
    service_test_json(&person, "SaveDraft", "", application(0));
}

static void hand_in(void)
{
    draft();
    service_test_json(&person, "SubmitApplication", "", application(1));
}

static void assert_events(const char *event, const char *wanted)
{
    assert_string_equal(
        service_test_value("SELECT count(*) FROM outbox WHERE event = '%s' AND payload ->> "
                           "'account_id' = '%lld'",
                           event, (long long)person.account_id),
        wanted);
}

static void assert_handed_in_once(void)
{
    assert_string_equal(service_test_value("SELECT (SELECT count(*) FROM submission WHERE "
                                           "account_id = %lld) || ' ' || (SELECT count(*) FROM "
                                           "review WHERE account_id = %lld) || ' ' || (SELECT "
                                           "count(*) FROM audit WHERE action = "
                                           "'application.submitted' AND actor_id = %lld)",
                                           (long long)person.account_id,
                                           (long long)person.account_id,
                                           (long long)person.account_id),
                        "1 1 1");
    assert_events("application.submitted", "1");
}

/* ---- submit pressed twice */

static const char IS_OPEN[] = "您已有一份申请正在审核，请等待结果，或先撤回再修改。";

static void assert_same(const struct asked *a, const struct asked *b)
{
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->size, b->size);
    assert_memory_equal(a->payload, b->payload, a->size);
}

static void test_one_press_that_comes_often(void **state)
{
    static struct asked asked[CROWD];
    (void)state;
    draft();
    for (size_t i = 0; i < CROWD; i++)
        ask(&asked[i], &person, "SubmitApplication", "press-000001", application(1));
    until_all_are_answered();
    for (size_t i = 0; i < CROWD; i++) {
        assert_int_equal(asked[i].status, STATUS_OK);
        assert_same(&asked[i], &asked[0]);
    }
    assert_handed_in_once();
}

/* One counts; whoever pressed the other is told that there is one already, and reads it as often as he asks. */
static void test_two_presses_at_the_same_instant(void **state)
{
    struct asked asked[2], again[2];
    static const char *const keys[] = {"press-000001", "press-000002"};
    (void)state;
    draft();
    held("draft");
    for (size_t i = 0; i < 2; i++)
        ask(&asked[i], &person, "SubmitApplication", keys[i], application(1));
    let_go();
    size_t won = asked[0].status == STATUS_OK ? 0 : 1;
    assert_int_equal(asked[won].status, STATUS_OK);
    assert_told(&asked[1 - won], "application_open", IS_OPEN);
    for (size_t i = 0; i < 2; i++)
        ask(&again[i], &person, "SubmitApplication", keys[i], application(1));
    until_all_are_answered();
    assert_same(&again[won], &asked[won]);
    assert_told(&again[1 - won], "application_open", IS_OPEN);
    assert_handed_in_once();
}

static void test_many_presses_of_three_tabs(void **state)
{
    static struct asked asked[CROWD];
    size_t won = KEYS;
    (void)state;
    draft();
    for (size_t i = 0; i < CROWD; i++)
        ask(&asked[i], &person, "SubmitApplication", arena_printf(arena, "press-%06zu", i % KEYS),
            application(1));
    until_all_are_answered();
    for (size_t i = 0; i < KEYS; i++)
        if (asked[i].status == STATUS_OK)
            won = i;
    assert_in_range(won, 0, KEYS - 1);
    for (size_t i = 0; i < CROWD; i++)
        if (i % KEYS == won)
            assert_same(&asked[i], &asked[won]);
        else
            assert_told(&asked[i], "application_open", IS_OPEN);
    assert_handed_in_once();
}

/* ---- both sides of a review */

static const char *decision(const char *verdict)
{
    return arena_printf(
        arena,
        "{\"id\":\"%s\",\"submission_version\":1,\"verdict\":\"%s\",\"message_to_applicant\":"
        "\"请补充清晰的照片\"}",
        service_test_value("SELECT max(id) FROM review WHERE account_id = %lld",
                           (long long)person.account_id),
        verdict);
}

static const char STALE[] = "这份申请已被撤回、修改或处理完毕，您的结论没有保存，请刷新后再看。";

static void assert_state(const char *identity, const char *review)
{
    assert_string_equal(
        service_test_value("SELECT i.state || ' ' || r.state FROM identity i JOIN review r USING "
                           "(account_id, kind) WHERE account_id = %lld",
                           (long long)person.account_id),
        arena_printf(arena, "%s %s", identity, review));
}

/* Whoever was quicker: the outcome is his alone, the other reads so, and the bell rings for what happened. */
static void assert_one_was_right(const struct asked *withdrawn, const struct asked *decided,
                                 bool approves)
{
    const char *event = approves ? "application.approved" : "application.rejected";
    if (withdrawn->status == STATUS_OK) {
        assert_told(decided, "review_stale", STALE);
        assert_state("NONE", "CANCELLED");
        assert_string_equal(service_test_value("SELECT submitted FROM draft WHERE account_id = "
                                               "%lld",
                                               (long long)person.account_id),
                            "f");
    } else {
        assert_told(withdrawn, "nothing_to_withdraw",
                    "没有可以撤回的申请，它可能已经审核完毕，请刷新页面。");
        assert_int_equal(decided->status, STATUS_OK);
        assert_state(approves ? "APPROVED" : "REJECTED", approves ? "APPROVED" : "REJECTED");
    }
    assert_events("application.withdrawn", withdrawn->status == STATUS_OK ? "1" : "0");
    assert_events(event, decided->status == STATUS_OK ? "1" : "0");
}

static const char WITHDRAWAL[] = "{\"kind\":\"NATURAL_PERSON\",\"submission_version\":1}";

static void test_a_withdrawal_and_a_verdict_at_the_same_instant(void **state)
{
    (void)state;
    for (int round = 0; round < 4; round++) {
        const char *verdict = round % 2 == 0 ? "APPROVE" : "REJECT";
        struct asked withdrawn, decided;
        hand_in();
        held("review");
        if (round < 2)
            ask(&withdrawn, &person, "WithdrawApplication", "key-00000001", WITHDRAWAL);
        ask(&decided, &reviewer, "DecideReview", "", decision(verdict));
        if (round >= 2)
            ask(&withdrawn, &person, "WithdrawApplication", "key-00000001", WITHDRAWAL);
        let_go();
        assert_one_was_right(&withdrawn, &decided, round % 2 == 0);
    }
}

/* The same without being held, as it falls. */
static void test_a_withdrawal_and_a_verdict_as_they_fall(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct asked withdrawn, decided;
        hand_in();
        const char *verdict = decision("APPROVE");
        ask(&decided, &reviewer, "DecideReview", "", verdict);
        ask(&withdrawn, &person, "WithdrawApplication", "key-00000001", WITHDRAWAL);
        until_all_are_answered();
        assert_one_was_right(&withdrawn, &decided, true);
    }
}

/* One approves, the other refuses: the applicant hears one of it. */
static void test_two_reviewers_at_the_same_instant(void **state)
{
    struct asked asked[2];
    (void)state;
    hand_in();
    held("review");
    ask(&asked[0], &reviewer, "DecideReview", "", decision("APPROVE"));
    ask(&asked[1], &colleague, "DecideReview", "", decision("REJECT"));
    let_go();
    bool approved = asked[0].status == STATUS_OK;
    assert_told(&asked[approved ? 1 : 0], "review_stale", STALE);
    assert_int_equal(asked[approved ? 0 : 1].status, STATUS_OK);
    assert_state(approved ? "APPROVED" : "REJECTED", approved ? "APPROVED" : "REJECTED");
    assert_events("application.approved", approved ? "1" : "0");
    assert_events("application.rejected", approved ? "0" : "1");
}

static int open_service(void **state)
{
    (void)state;
    arena = arena_new(0);
    service_test_open(&certification);
    service_test_sql("UPDATE review_policy SET second_review = 'NEVER'");
    reviewer = service_test_staff(11, "cert.review cert.person.review");
    colleague = service_test_staff(12, "cert.review cert.person.review");
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
        cmocka_unit_test(test_one_press_that_comes_often),
        cmocka_unit_test(test_two_presses_at_the_same_instant),
        cmocka_unit_test(test_many_presses_of_three_tabs),
        cmocka_unit_test(test_a_withdrawal_and_a_verdict_at_the_same_instant),
        cmocka_unit_test(test_a_withdrawal_and_a_verdict_as_they_fall),
        cmocka_unit_test(test_two_reviewers_at_the_same_instant),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
