/* SM2: every situation of a review, by every event, by everyone who may come; and the rules of the second person. */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "rules.h"
#include "service_test.h"
#include <stdio.h>
#include <string.h>

enum who { MAKER, SECRETARY, CHECKER, WHO_COUNT };
enum event { CLAIM, RELEASE, TRANSFER, APPROVE, REJECT, SEND_BACK, EVENT_COUNT };
enum holder { NOBODY, HOLDER_MAKER, HOLDER_SECRETARY, HOLDER_CHECKER, GONE, HOLDER_COUNT };

static const char *const event_names[] = {"claim",   "release", "transfer",
                                          "approve", "reject",  "send back"};
static Common__Principal people[WHO_COUNT];
static int64_t last_account = 1000;

/* A review of its own account, in the situation that is asked for: first_by is 0, or who approved it first. */
static int64_t given(const char *kind, const char *state, int64_t first_by, enum holder holder)
{
    int64_t account = ++last_account;
    char statement[2400], claimed[100] = "NULL, NULL";
    if (holder != NOBODY)
        snprintf(claimed, sizeof claimed, "%lld, now() + interval '%d minutes'",
                 (long long)(holder == GONE ? 77 : people[holder - 1].account_id),
                 holder == GONE ? -1 : 20);
    snprintf(statement, sizeof statement,
             "BEGIN; SET LOCAL session_replication_role = replica;"
             "INSERT INTO identity (account_id, kind, state, last_version) VALUES (%lld, '%s', "
             "'PENDING', 1);"
             "INSERT INTO submission (account_id, kind, version, application_no, form, "
             "expected_by) VALUES "
             "(%lld, '%s', 1, 'T%lld', "
             "'{\"unit_name\":\"单位\",\"name\":\"张三\",\"mobile\":\"18003551778\",\"employer_"
             "name\":\"单位\",\"self_employed\":false,\"province_code\":\"140000\",\"city_code\":"
             "\"140400\",\"review_specialties\":[\"A0501\"],\"qualifications\":[{\"qualification_"
             "code\":\"COST1\",\"valid_to\":\"2039-01-01\"}]}'::jsonb || "
             "jsonb_build_object('unit_name', '单位%lld'), now()::date);"
             "INSERT INTO review (account_id, kind, version, is_change, state, first_by, "
             "message_to_applicant, claimed_by, claimed_until) "
             "VALUES (%lld, '%s', 1, false, '%s', nullif(%lld, 0), '说明一二三', %s); COMMIT",
             (long long)account, kind, (long long)account, kind, (long long)account,
             (long long)account, (long long)account, kind, state, (long long)first_by, claimed);
    service_test_sql(statement);
    return atoll(service_test_value("SELECT max(id) FROM review WHERE account_id = %lld",
                                    (long long)account));
}

static const char *decide(const Common__Principal *who, int64_t id, enum event event,
                          const char *post)
{
    Certification__DecideReviewRequest request = CERTIFICATION__DECIDE_REVIEW_REQUEST__INIT;
    request.id = id;
    request.submission_version = 1;
    request.association_post = (char *)(uintptr_t)post;
    request.verdict = event == APPROVE  ? CERTIFICATION__DECIDE_REVIEW_REQUEST__VERDICT__APPROVE
                      : event == REJECT ? CERTIFICATION__DECIDE_REVIEW_REQUEST__VERDICT__REJECT
                                        : CERTIFICATION__DECIDE_REVIEW_REQUEST__VERDICT__SEND_BACK;
    if (event == REJECT)
        request.message_to_applicant = (char *)(uintptr_t) "请补充清晰的照片";
    if (event == SEND_BACK)
        request.internal_note = (char *)(uintptr_t) "名称与执照不一致";
    return service_test_reason(who, "DecideReview", &request.base);
}

static const char *transfer(const Common__Principal *who, int64_t id, int64_t to)
{
    Certification__TransferReviewRequest request = CERTIFICATION__TRANSFER_REVIEW_REQUEST__INIT;
    request.id = id;
    request.reviewer_id = to;
    request.note = (char *)(uintptr_t) "请您来看";
    return service_test_reason(who, "TransferReview", &request.base);
}

static const char *happens(enum event event, enum who who, int64_t id)
{
    Certification__ReviewRequest request = CERTIFICATION__REVIEW_REQUEST__INIT;
    request.id = id;
    switch (event) {
    case CLAIM:
        return service_test_reason(&people[who], "ClaimReview", &request.base);
    case RELEASE:
        return service_test_reason(&people[who], "ReleaseReview", &request.base);
    case TRANSFER:
        return transfer(&people[who], id, people[who == CHECKER ? SECRETARY : CHECKER].account_id);
    case APPROVE:
    case REJECT:
    case SEND_BACK:
    case EVENT_COUNT:
        return decide(&people[who], id, event, "");
    }
    return "";
}

/* What SM2 says: the state afterwards, or NULL when it is refused. `first`: who approved first, or WHO_COUNT. */
static const char *expected(const char *state, enum who first, enum holder holder, bool always,
                            enum event event, enum who who)
{
    bool open = strcmp(state, "QUEUED") == 0 || strcmp(state, "CLAIMED") == 0;
    bool mine = holder != NOBODY && holder != GONE && holder - 1 == who;
    bool free_to_take = holder == NOBODY || holder == GONE || mine;
    bool may = first == WHO_COUNT || (who != MAKER && who != first);
    enum who next = who == CHECKER ? SECRETARY : CHECKER;

    if (!open)
        return NULL;
    switch (event) {
    case CLAIM:
        return may && free_to_take ? "CLAIMED" : NULL;
    case RELEASE:
        return mine ? "QUEUED" : NULL;
    case TRANSFER:
        return mine && next != first ? "CLAIMED" : NULL;
    case APPROVE:
        return !may || !free_to_take ? NULL : always && first == WHO_COUNT ? "QUEUED" : "APPROVED";
    case REJECT:
        return may && free_to_take ? "REJECTED" : NULL;
    case SEND_BACK:
        return may && free_to_take && first != WHO_COUNT ? "QUEUED" : NULL;
    case EVENT_COUNT:
        break;
    }
    return NULL;
}

static void try_it(const char *kind, const char *state, enum who first, enum holder holder,
                   bool always, enum event event, enum who who)
{
    int64_t id = given(kind, state, first == WHO_COUNT ? 0 : people[first].account_id, holder);
    const char *refused = happens(event, who, id);
    const char *after =
        service_test_value("SELECT state FROM review WHERE id = %lld", (long long)id);
    const char *should = expected(state, first, holder, always, event, who);
    if ((should == NULL) != (refused[0] != '\0') ||
        strcmp(after, should == NULL ? state : should) != 0)
        fail_msg("%s, first %d, holder %d, policy %d: %s by %d gives \"%s\" %s, not %s", state,
                 first, holder, always, event_names[event], who, refused, after,
                 should == NULL ? "a refusal" : should);
}

static void set_policy(const char *kind, const char *second)
{
    char statement[200];
    snprintf(statement, sizeof statement,
             "UPDATE review_policy SET second_review = '%s' WHERE kind = '%s'", second, kind);
    service_test_sql(statement);
}

static void every_situation_of(const char *kind)
{
    static const char *const closed[] = {"APPROVED", "REJECTED", "CANCELLED"};
    for (int always = 0; always <= 1; always++) {
        set_policy(kind, always ? "ALWAYS" : "NEVER");
        for (int event = 0; event < EVENT_COUNT; event++)
            for (int who = 0; who < WHO_COUNT; who++) {
                for (int first = 0; first <= WHO_COUNT; first++)
                    for (int holder = 0; holder < HOLDER_COUNT; holder++)
                        try_it(kind, holder == NOBODY ? "QUEUED" : "CLAIMED", (enum who)first,
                               (enum holder)holder, always, (enum event)event, (enum who)who);
                for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++)
                    try_it(kind, closed[i], WHO_COUNT, NOBODY, always, (enum event)event,
                           (enum who)who);
            }
    }
}

static void test_every_situation_by_every_event(void **state)
{
    (void)state;
    every_situation_of("OWNER_UNIT");
    every_situation_of("EXPERT");
}

/* The database says so itself, whatever statement comes. */
static void test_nobody_approves_around_the_second_person(void **state)
{
    (void)state;
    set_policy("OWNER_UNIT", "ALWAYS");
    int64_t id = given("OWNER_UNIT", "QUEUED", 0, NOBODY);
    service_test_sql(
        "CREATE FUNCTION pg_temp.approve(wanted bigint, by bigint) RETURNS text LANGUAGE plpgsql "
        "AS $$ "
        "DECLARE broken text; BEGIN "
        "UPDATE review SET state = 'APPROVED', decided_by = by WHERE id = wanted; RETURN ''; "
        "EXCEPTION WHEN check_violation THEN GET STACKED DIAGNOSTICS broken = CONSTRAINT_NAME; "
        "RETURN broken; END $$");
    assert_string_equal(service_test_value("SELECT pg_temp.approve(%lld, 5)", (long long)id),
                        "review_needs_second");
    id = given("OWNER_UNIT", "QUEUED", 5, NOBODY);
    assert_string_equal(service_test_value("SELECT pg_temp.approve(%lld, 5)", (long long)id),
                        "review_same_person");
    assert_string_equal(service_test_value("SELECT pg_temp.approve(%lld, 6)", (long long)id), "");
}

/* The rule that a statement on the table breaks; "": none, and it is done. */
static const char *broken_by(const char *statement)
{
    return service_test_value("SELECT pg_temp.broken_by($q$%s$q$)", statement);
}

/* From a state to another by a plain statement; "": it begins. */
static const char *moved(const char *from, const char *to)
{
    char statement[400];
    int64_t id = given("OWNER_UNIT", from[0] == '\0' ? "APPROVED" : from, 0, NOBODY);
    if (from[0] != '\0') {
        snprintf(statement, sizeof statement,
                 "UPDATE review SET state = '%s', decided_by = 5 WHERE id = %lld", to,
                 (long long)id);
        return broken_by(statement);
    }
    snprintf(statement, sizeof statement,
             "DELETE FROM review WHERE id = %lld; INSERT INTO review (account_id, kind, version, "
             "is_change, state, decided_by, message_to_applicant) VALUES (%lld, 'OWNER_UNIT', 1, "
             "false, '%s', 5, '说明一二三')",
             (long long)id, (long long)last_account, to);
    return broken_by(statement);
}

/* SM2 holds whoever writes: every state by every state, and what must be so in each. */
static void test_the_database_keeps_the_states(void **state)
{
    static const char *const states[] = {"",         "QUEUED",   "CLAIMED",
                                         "APPROVED", "REJECTED", "CANCELLED"};
    static const char allowed[] = " >QUEUED QUEUED>CLAIMED CLAIMED>QUEUED QUEUED>APPROVED "
                                  "QUEUED>REJECTED QUEUED>CANCELLED CLAIMED>APPROVED "
                                  "CLAIMED>REJECTED CLAIMED>CANCELLED ";
    (void)state;
    set_policy("OWNER_UNIT", "NEVER");
    service_test_sql("CREATE FUNCTION pg_temp.broken_by(statement text) RETURNS text LANGUAGE "
                     "plpgsql AS $$ DECLARE broken text; BEGIN EXECUTE statement; RETURN ''; "
                     "EXCEPTION WHEN check_violation OR unique_violation THEN "
                     "GET STACKED DIAGNOSTICS broken = CONSTRAINT_NAME; RETURN broken; END $$");
    for (size_t from = 0; from < sizeof states / sizeof states[0]; from++)
        for (size_t to = 1; to < sizeof states / sizeof states[0]; to++) {
            char step[64];
            snprintf(step, sizeof step, " %s>%s ", states[from], states[to]);
            const char *wanted = from == to || strstr(allowed, step) != NULL ? "" : "state_changed";
            const char *broken = moved(states[from], states[to]);
            if (strcmp(broken, wanted) != 0)
                fail_msg("%s: \"%s\" instead of \"%s\"", step, broken, wanted);
        }

    static const char *const refused[][2] = {
        {"UPDATE review SET state = 'REJECTED', message_to_applicant = '短' WHERE id = ",
         "rejection_has_a_reason"                                                                            },
        {"UPDATE review SET state = 'APPROVED', first_by = 5, decided_by = 5 WHERE id = ",
         "review_same_person"                                                                                },
        {"UPDATE review SET state = 'APPROVED', kind = 'MEMBER_UNIT' WHERE id = ",
         "association_post_needed"                                                                           },
        {"INSERT INTO review (account_id, kind, version, is_change) SELECT account_id, kind, "
         "version, false FROM review WHERE id = ",                                "application_open"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        char statement[400];
        snprintf(statement, sizeof statement, "%s%lld", refused[i][0],
                 (long long)given("OWNER_UNIT", "QUEUED", 0, NOBODY));
        assert_string_equal(broken_by(statement), refused[i][1]);
    }
}

/* A change of the name takes two, one of the telephone does not. */
static void test_a_change_of_the_name_takes_two(void **state)
{
    static const struct {
        const char *form, *after;
    } changes[] = {
        {"{\"unit_name\":\"单位\",\"contact_phone\":\"2\"}",   "APPROVED"},
        {"{\"unit_name\":\"另一单位\"}",                     "QUEUED"  },
        {"{\"unit_name\":\"单位\",\"uscc\":\"另一代码\"}", "QUEUED"  }
    };
    (void)state;
    set_policy("OWNER_UNIT", "SENSITIVE");
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char statement[800];
        int64_t id = given("OWNER_UNIT", "QUEUED", 0, NOBODY);
        assert_string_equal(decide(&people[MAKER], id, APPROVE, ""), "");
        snprintf(statement, sizeof statement,
                 "UPDATE identity SET last_version = 2, state = 'APPROVED_PENDING' WHERE "
                 "account_id = %lld;"
                 "INSERT INTO submission (account_id, kind, version, application_no, form, "
                 "expected_by) VALUES "
                 "(%lld, 'OWNER_UNIT', 2, 'S%zu', replace('%s', '单位', '单位%lld')::jsonb, "
                 "now()::date);"
                 "INSERT INTO review (account_id, kind, version, is_change) VALUES (%lld, "
                 "'OWNER_UNIT', 2, true)",
                 (long long)last_account, (long long)last_account, i, changes[i].form,
                 (long long)last_account, (long long)last_account);
        service_test_sql(statement);
        Certification__DecideReviewRequest request = CERTIFICATION__DECIDE_REVIEW_REQUEST__INIT;
        request.id = id + 1;
        request.submission_version = 2;
        request.verdict = CERTIFICATION__DECIDE_REVIEW_REQUEST__VERDICT__APPROVE;
        assert_string_equal(service_test_reason(&people[MAKER], "DecideReview", &request.base), "");
        assert_string_equal(
            service_test_value("SELECT state FROM review WHERE id = %lld", (long long)id + 1),
            changes[i].after);
    }
}

/* F16: the post is confirmed by staff, whatever the unit asked for; dues go by it. */
static void test_a_member_unit_is_approved_with_its_post(void **state)
{
    (void)state;
    int64_t id = given("MEMBER_UNIT", "QUEUED", 0, NOBODY);
    assert_string_equal(decide(&people[SECRETARY], id, APPROVE, ""), "association_post_needed");
    assert_string_equal(decide(&people[SECRETARY], id, APPROVE, "EMPEROR"),
                        "association_post_needed");
    const char *post = service_test_value(
        "SELECT min(code) FROM dictionary_item WHERE dictionary = 'association_post' AND enabled");
    assert_string_equal(decide(&people[SECRETARY], id, APPROVE, post), "");
    assert_string_equal(
        service_test_value("SELECT association_post FROM identity WHERE account_id = %lld",
                           (long long)last_account),
        post);
}

static void test_the_second_persons_word_reaches_the_first(void **state)
{
    (void)state;
    set_policy("OWNER_UNIT", "ALWAYS");
    int64_t id = given("OWNER_UNIT", "QUEUED", 0, NOBODY);
    assert_string_equal(decide(&people[MAKER], id, APPROVE, ""), "");
    assert_string_equal(decide(&people[MAKER], id, APPROVE, ""), "review_same_person");
    assert_string_equal(
        service_test_value("SELECT count(*) FROM outbox WHERE payload ->> 'account_id' = '%lld'",
                           (long long)last_account),
        "0");

    Certification__DecideReviewRequest silent = CERTIFICATION__DECIDE_REVIEW_REQUEST__INIT;
    silent.id = id;
    silent.submission_version = 1;
    silent.verdict = CERTIFICATION__DECIDE_REVIEW_REQUEST__VERDICT__SEND_BACK;
    assert_string_equal(service_test_reason(&people[CHECKER], "DecideReview", &silent.base),
                        "sending_back_has_a_note");
    assert_string_equal(decide(&people[CHECKER], id, SEND_BACK, ""), "");
    assert_string_equal(
        service_test_value(
            "SELECT internal_note LIKE '%%退回初审：名称与执照不一致' AND first_by IS NULL "
            "FROM review WHERE id = %lld",
            (long long)id),
        "t");
    assert_string_equal(decide(&people[MAKER], id, APPROVE, ""), "");
    assert_string_equal(decide(&people[CHECKER], id, APPROVE, ""), "");
    assert_string_equal(service_test_value("SELECT state FROM identity WHERE account_id = %lld",
                                           (long long)last_account),
                        "APPROVED");
    set_policy("OWNER_UNIT", "NEVER");
}

static void test_a_review_is_handed_to_a_colleague_who_may_take_it(void **state)
{
    Certification__ReviewRequest request = CERTIFICATION__REVIEW_REQUEST__INIT;
    ProtobufCMessage *reply;
    (void)state;
    int64_t id = given("OWNER_UNIT", "CLAIMED", 0, HOLDER_MAKER);
    request.id = id;
    assert_int_equal(
        service_test_call(&people[MAKER], "gateway", "ListReviewers", &request.base, "", &reply),
        STATUS_OK);
    assert_int_equal(((Certification__ReviewerList *)reply)->n_reviewers, 2);
    assert_string_equal(transfer(&people[MAKER], id, 4711), "review_not_transferred");
    assert_string_equal(transfer(&people[MAKER], id, people[MAKER].account_id),
                        "review_not_transferred");
    assert_string_equal(transfer(&people[MAKER], id, people[CHECKER].account_id), "");
    assert_string_equal(happens(CLAIM, MAKER, id), "review_taken");
    assert_string_equal(happens(APPROVE, CHECKER, id), "");
}

static const char *remind(enum who who, int64_t id)
{
    Certification__ReviewRequest request = CERTIFICATION__REVIEW_REQUEST__INIT;
    request.id = id;
    return service_test_reason(&people[who], "RemindReviewer", &request.base);
}

static const char *reminders(int64_t id)
{
    return service_test_value("SELECT count(*) FROM outbox WHERE event = 'review.reminded' AND "
                              "payload ->> 'review_id' = '%lld'",
                              (long long)id);
}

/* B.13: who has it in hand hears of it, not twice in four hours; whoever has it next may be reminded at once. */
static void test_a_colleague_is_reminded(void **state)
{
    Common__Principal stranger = service_test_staff(21, "cert.review cert.person.review");
    Certification__ReviewRequest request = CERTIFICATION__REVIEW_REQUEST__INIT;
    int64_t id = given("OWNER_UNIT", "CLAIMED", 0, HOLDER_MAKER);
    (void)state;
    assert_string_equal(remind(SECRETARY, given("OWNER_UNIT", "QUEUED", 0, NOBODY)),
                        "review_unclaimed");
    assert_string_equal(remind(SECRETARY, given("OWNER_UNIT", "CLAIMED", 0, GONE)),
                        "review_unclaimed");
    assert_string_equal(remind(SECRETARY, given("OWNER_UNIT", "APPROVED", 0, HOLDER_MAKER)),
                        "review_stale");
    assert_string_equal(remind(MAKER, id), "review_unclaimed"); /* nobody reminds himself */
    request.id = id;
    assert_string_equal(service_test_reason(&stranger, "RemindReviewer", &request.base),
                        "review_gone");
    assert_string_equal(reminders(id), "0");
    assert_string_equal(remind(SECRETARY, id), "");
    assert_string_equal(remind(CHECKER, id), "review_reminded");
    assert_string_equal(reminders(id), "1");
    assert_string_equal(
        service_test_value("SELECT payload ->> 'staff_id' FROM outbox WHERE event = "
                           "'review.reminded'"),
        "11");
    assert_string_equal(service_test_value("SELECT count(*) FROM audit WHERE action = "
                                           "'review.reminded' AND object = '%lld'",
                                           (long long)id),
                        "1");
    (void)service_test_value("UPDATE review SET reminded_at = now() - interval '241 minutes' WHERE "
                             "id = %lld RETURNING id",
                             (long long)id);
    assert_string_equal(remind(CHECKER, id), "");
    assert_string_equal(transfer(&people[MAKER], id, people[CHECKER].account_id), "");
    assert_string_equal(remind(SECRETARY, id), "");
    assert_string_equal(reminders(id), "3");
}

static void test_a_policy_is_changed_by_who_saw_it(void **state)
{
    Certification__SaveReviewPolicyRequest request =
        CERTIFICATION__SAVE_REVIEW_POLICY_REQUEST__INIT;
    (void)state;
    request.kind = CERTIFICATION__IDENTITY__KIND__EXPERT;
    request.second_review = CERTIFICATION__REVIEW_POLICY__SECOND_REVIEW__ALWAYS;
    request.version = 1;
    assert_string_equal(service_test_reason(&people[MAKER], "SaveReviewPolicy", &request.base),
                        "not_allowed");
    assert_string_equal(service_test_reason(&people[SECRETARY], "SaveReviewPolicy", &request.base),
                        "");
    assert_string_equal(service_test_reason(&people[SECRETARY], "SaveReviewPolicy", &request.base),
                        "review_policy_changed");
}

static int open_service(void **state)
{
    (void)state;
    service_test_open(&certification);
    people[MAKER] = service_test_staff(11, "cert.review cert.owner.review cert.expert.review");
    people[SECRETARY] = service_test_staff(12, "cert.review cert.owner.review cert.expert.review "
                                               "cert.member.review cert.second_review param.edit");
    people[CHECKER] = service_test_staff(
        13, "cert.review cert.owner.review cert.expert.review cert.second_review");
    for (int who = 0; who < WHO_COUNT; who++)
        assert_string_equal(happens(CLAIM, (enum who)who, given("OWNER_UNIT", "QUEUED", 0, NOBODY)),
                            "");
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
        cmocka_unit_test(test_every_situation_by_every_event),
        cmocka_unit_test(test_nobody_approves_around_the_second_person),
        cmocka_unit_test(test_the_database_keeps_the_states),
        cmocka_unit_test(test_a_change_of_the_name_takes_two),
        cmocka_unit_test(test_a_member_unit_is_approved_with_its_post),
        cmocka_unit_test(test_the_second_persons_word_reaches_the_first),
        cmocka_unit_test(test_a_review_is_handed_to_a_colleague_who_may_take_it),
        cmocka_unit_test(test_a_colleague_is_reminded),
        cmocka_unit_test(test_a_policy_is_changed_by_who_saw_it),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
