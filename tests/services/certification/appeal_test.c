/* 申诉 (B.14): every event in every state, in the service and in the database; who may decide, until when it may be filed, what an
   overturned decision brings back and what it never touches; two at the same instant. */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "service_test.h"
#include <string.h>

#define VALUE service_test_value
#define JSON(who, method, ...) service_test_json(who, method, "", arena_printf(arena, __VA_ARGS__))

#define TODAY "(now() AT TIME ZONE 'Asia/Shanghai')::date"

static struct arena *arena;
static Common__Principal reviewer, secretary, other, third, stranger;
static int64_t account = 500;

/* ---- decisions to appeal against */

enum decision { REVOCATION, REFUSAL, DECISIONS };

static const char *code_of(int64_t of)
{
    return arena_printf(arena, "9114%014lld", (long long)of);
}

/* A submission of the present account and its review, as they stand. */
static void add_submission(const char *kind, int version, const char *review, const char *more)
{
    service_test_sql(arena_printf(
        arena,
        "BEGIN; SET LOCAL session_replication_role = replica;"
        "INSERT INTO submission (account_id, kind, version, application_no, form, expected_by) "
        "VALUES (%1$lld, '%2$s', %3$d, 'V%1$lld-%3$d', '{\"unit_name\": \"单位%1$lld\", \"uscc\": "
        "\"%4$s\"}', now()::date - 1);"
        "INSERT INTO review (account_id, kind, version, is_change, state, decided_by, "
        "decided_by_name, decided_at, association_post, reason_codes, message_to_applicant) "
        "VALUES (%1$lld, '%2$s', %3$d, %3$d > 1, '%5$s', 11, '李审核', now() - interval '1 hour', "
        "CASE WHEN '%2$s' = 'MEMBER_UNIT' THEN 'COUNCIL' ELSE '' END, '{%6$s}', '条件不符'); "
        "COMMIT",
        (long long)account, kind, version, code_of(account), review, more));
}

static void add_identity(const char *kind, const char *state, int last, int in_force)
{
    service_test_sql(arena_printf(
        arena,
        "BEGIN; SET LOCAL session_replication_role = replica; INSERT INTO identity (account_id, "
        "kind, state, last_version, in_force_version, uscc, association_post) VALUES (%lld, '%s', "
        "'%s', %d, nullif(%d, 0), CASE WHEN %d > 0 THEN '%s' END, 'COUNCIL'); COMMIT",
        (long long)account, kind, state, last, in_force, in_force, code_of(account)));
}

static const char *review_of(int version)
{
    return VALUE("SELECT id FROM review WHERE account_id = %lld AND version = %d",
                 (long long)account, version);
}

/* What is in force is taken back: the reviewer asks, the secretary confirms. */
static void revoke(int version)
{
    SAYS(JSON(&reviewer, "RequestRevocation", "{\"id\": %s, \"reason\": \"单位已经注销\"}",
              review_of(version)),
         "REQUESTED");
    SAYS(JSON(&secretary, "DecideRevocation", "{\"id\": %s, \"verdict\": \"CONFIRM\"}",
              VALUE("SELECT max(id) FROM revocation")),
         "CONFIRMED");
}

/* A new account, with that decision on its identity. */
static void decided(enum decision decision, const char *kind)
{
    account++;
    if (decision == REVOCATION) {
        add_identity(kind, "APPROVED", 1, 1);
        add_submission(kind, 1, "APPROVED", "");
        revoke(1);
    } else {
        add_identity(kind, "REJECTED", 1, 0);
        add_submission(kind, 1, "REJECTED", "R14");
    }
}

/* ---- what is done */

static const char *file_with(const char *kind, const char *files)
{
    Common__Principal who = service_test_member(account);
    return JSON(
        &who, "FileAppeal",
        "{\"kind\": \"%s\", \"reason\": \"单位没有注销，请重新核实\", \"appeal_files\": [%s]}",
        kind, files);
}

static const char *file(const char *kind)
{
    return file_with(kind, "");
}

static const char *last(const char *column)
{
    return VALUE("SELECT coalesce((SELECT %s::text FROM appeal WHERE account_id = %lld ORDER BY id "
                 "DESC LIMIT 1), '')",
                 column, (long long)account);
}

/* "id": 7, "version": 1 — of none: of one that is not there. */
static const char *named(void)
{
    bool some = last("id")[0] != '\0';
    return arena_printf(arena, "\"id\": %s, \"version\": %s", some ? last("id") : "999999",
                        some ? last("version") : "1");
}

static const char *withdraw(void)
{
    Common__Principal who = service_test_member(account);
    return JSON(&who, "WithdrawAppeal", "{%s}", named());
}

static const char *decide(const Common__Principal *who, const char *verdict)
{
    return JSON(who, "DecideAppeal", "{%s, \"verdict\": \"%s\", \"answer\": \"经核实，说明如下\"}",
                named(), verdict);
}

static const char *state_of_identity(void)
{
    return VALUE("SELECT state FROM identity WHERE account_id = %lld", (long long)account);
}

static void assert_identity(const char *state)
{
    assert_string_equal(state_of_identity(), state);
}

/* ---- every event in every state */

enum event { FILE_IT, WITHDRAW, UPHOLD, OVERTURN, DECIDE_OWN, EVENTS };

static const char *const states[] = {"", "OPEN", "WITHDRAWN", "UPHELD", "OVERTURNED"};
enum { STATES = sizeof states / sizeof states[0] };

static const char *happens(enum event event, enum decision decision)
{
    switch (event) {
    case FILE_IT:
        return file("OWNER_UNIT");
    case WITHDRAW:
        return withdraw();
    case UPHOLD:
        return decide(&other, "UPHOLD");
    case OVERTURN:
        return decide(&other, "OVERTURN");
    case DECIDE_OWN:
        return decide(decision == REVOCATION ? &secretary : &reviewer, "OVERTURN");
    case EVENTS:
        break;
    }
    return "";
}

static void brought_to(size_t state, enum decision decision)
{
    static const enum event ways[STATES] = {EVENTS, EVENTS, WITHDRAW, UPHOLD, OVERTURN};
    decided(decision, "OWNER_UNIT");
    if (state > 0)
        (void)file("OWNER_UNIT");
    if (ways[state] != EVENTS)
        (void)happens(ways[state], decision);
    assert_string_equal(last("state"), states[state]);
}

static void test_every_event_in_every_state(void **unused)
{
    /* the state that follows, or the reason why it does not happen */
    static const char *const wanted[STATES][EVENTS] = {
        {"OPEN",        "appeal_moved", "appeal_gone",  "appeal_gone",  "appeal_gone"       },
        {"appeal_open", "WITHDRAWN",    "UPHELD",       "OVERTURNED",   "appeal_same_person"},
        {"OPEN",        "appeal_moved", "appeal_moved", "appeal_moved", "appeal_moved"      },
        {"appeal_none", "appeal_moved", "appeal_moved", "appeal_moved", "appeal_moved"      },
        {"appeal_none", "appeal_moved", "appeal_moved", "appeal_moved", "appeal_moved"      },
    };
    (void)unused;
    for (int decision = 0; decision < DECISIONS; decision++)
        for (size_t state = 0; state < STATES; state++)
            for (int event = 0; event < EVENTS; event++) {
                brought_to(state, (enum decision)decision);
                const char *before = state_of_identity();
                const char *said = happens((enum event)event, (enum decision)decision);
                if (strstr(said, wanted[state][event]) == NULL)
                    fail_msg("decision %d, %s, event %d: %.300s", decision, states[state], event,
                             said);
                const char *after = event != OVERTURN || state != 1 ? before
                                    : decision == REVOCATION        ? "APPROVED"
                                                                    : "PENDING";
                assert_identity(after);
            }
}

/* ---- the database says so itself */

static const char *broken(const char *statement)
{
    service_test_sql(
        "CREATE OR REPLACE FUNCTION pg_temp.broken(statement text) RETURNS text LANGUAGE plpgsql "
        "AS $$ DECLARE broken text; BEGIN EXECUTE statement; RETURN ''; EXCEPTION WHEN "
        "check_violation OR unique_violation THEN GET STACKED DIAGNOSTICS broken = "
        "CONSTRAINT_NAME; RETURN broken; END $$");
    return VALUE("SELECT pg_temp.broken($s$%s$s$)", statement);
}

static void test_the_database_refuses_other_ways(void **unused)
{
    (void)unused;
    for (size_t from = 1; from < STATES; from++)
        for (size_t to = 1; to < STATES; to++) {
            brought_to(from, REVOCATION);
            const char *said = broken(arena_printf(
                arena,
                "UPDATE appeal SET state = '%s', decided_by = 13, decided_at = now(), answer = "
                "'经核实，说明如下' WHERE account_id = %lld",
                states[to], (long long)account));
            bool may = from == 1;
            if ((said[0] == '\0') != may)
                fail_msg("%s to %s: %s", states[from], states[to], said);
        }
    brought_to(1, REVOCATION);
    static const char *const people[] = {"11", "12"}; /* who asked, and who confirmed */
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(
            broken(arena_printf(arena,
                                "UPDATE appeal SET state = 'OVERTURNED', decided_by = %s, "
                                "decided_at = now(), answer = '经核实，说明如下' WHERE "
                                "account_id = %lld",
                                people[i], (long long)account)),
            "appeal_same_person");
    assert_string_equal(broken(arena_printf(arena,
                                            "UPDATE appeal SET state = 'UPHELD', decided_by = 13 "
                                            "WHERE account_id = %lld",
                                            (long long)account)),
                        "appeal_has_an_answer");
    assert_string_equal(broken(arena_printf(arena,
                                            "UPDATE appeal SET decision_by = '{}' WHERE "
                                            "account_id = %lld",
                                            (long long)account)),
                        "appeal_moved");
}

/* Nothing is given back, and no refusal waits anew, without an appeal that says so. */
static void test_nobody_gives_it_back_without_an_appeal(void **unused)
{
    static const char *const changes[] = {
        "state = 'APPROVED', in_force_version = 1, overturned = overturned + 1",
        "state = 'APPROVED_REJECTED', in_force_version = 1"};
    (void)unused;
    brought_to(1, REVOCATION);
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(
            broken(arena_printf(arena, "UPDATE identity SET %s WHERE account_id = %lld", changes[i],
                                (long long)account)),
            "state_changed");
    brought_to(3, REFUSAL);
    assert_string_equal(broken(arena_printf(arena,
                                            "UPDATE review SET state = 'QUEUED', decided_by = NULL "
                                            "WHERE account_id = %lld",
                                            (long long)account)),
                        "state_changed");
}

/* ---- what an overturned revocation brings back */

static const char *last_event(const char *event, const char *member)
{
    return VALUE("SELECT payload ->> '%s' FROM outbox WHERE event = '%s' AND payload ->> "
                 "'account_id' = '%lld' ORDER BY id DESC LIMIT 1",
                 member, event, (long long)account);
}

static const char *of_identity(const char *what)
{
    return VALUE("SELECT %s FROM identity WHERE account_id = %lld", what, (long long)account);
}

/* Payment orders what it is told by the number: what comes back is newer than that it was taken back. */
static void test_a_member_unit_is_given_back(void **unused)
{
    (void)unused;
    decided(REVOCATION, "MEMBER_UNIT");
    assert_string_equal(last_event("unit.changed", "certified"), "false");
    assert_string_equal(last_event("unit.changed", "version"), "1");
    SAYS(file("MEMBER_UNIT"), "OPEN");
    SAYS(decide(&other, "OVERTURN"), "OVERTURNED");
    assert_identity("APPROVED");
    assert_string_equal(
        of_identity(
            "in_force_version || ' ' || uscc || ' ' || association_post || ' ' || overturned"),
        arena_printf(arena, "1 %s COUNCIL 1", code_of(account)));
    assert_string_equal(last_event("unit.changed", "certified"), "true");
    assert_string_equal(last_event("unit.changed", "version"), "2");
    assert_string_equal(VALUE("SELECT u.state || ' ' || h.event || ' ' || h.reason FROM "
                              "unit_identity t JOIN unit u ON u.id = t.unit_id JOIN unit_history h "
                              "ON h.unit_id = u.id WHERE t.account_id = %lld ORDER BY h.id DESC "
                              "LIMIT 1",
                              (long long)account),
                        "IN_FORCE JOINED 申诉成立，认证恢复");

    /* it may be taken back anew, by two again, and appealed against anew */
    assert_string_equal(
        broken(arena_printf(arena,
                            "UPDATE identity SET state = 'REVOKED', in_force_version = NULL WHERE "
                            "account_id = %lld",
                            (long long)account)),
        "state_changed");
    revoke(1);
    assert_string_equal(last_event("unit.changed", "certified"), "false");
    assert_string_equal(last_event("unit.changed", "version"), "2");
    SAYS(file("MEMBER_UNIT"), "OPEN");
    SAYS(decide(&other, "UPHOLD"), "UPHELD");
    assert_identity("REVOKED");
}

static void test_a_change_that_was_refused_stays_refused(void **unused)
{
    (void)unused;
    account++;
    add_identity("OWNER_UNIT", "APPROVED_REJECTED", 2, 1);
    add_submission("OWNER_UNIT", 1, "APPROVED", "");
    add_submission("OWNER_UNIT", 2, "REJECTED", "R01");
    revoke(1);
    assert_identity("REVOKED");
    SAYS(file("OWNER_UNIT"), "OPEN");
    SAYS(decide(&other, "OVERTURN"), "OVERTURNED");
    assert_identity("APPROVED_REJECTED");
    assert_string_equal(of_identity("in_force_version || ' ' || last_version"), "1 2");
}

/* An expert in the pool; `state` before the revocation. */
static void expert_revoked(const char *state)
{
    account++;
    add_identity("EXPERT", "APPROVED", 1, 1);
    add_submission("EXPERT", 1, "APPROVED", "");
    service_test_sql(arena_printf(
        arena,
        "INSERT INTO expert (account_id, in_force_version, name, initials, mobile, employer_name, "
        "province_code, city_code, review_specialties, qualification_codes, highest_title, "
        "first_expiry, last_expiry, changed_by, changed_by_name, changed_at, joined_at) VALUES "
        "(%lld, 1, '张三', 'zs', '', '', '', '', '{A0501}', '{COST1}', '', '9999-12-31', "
        "'9999-12-31', 9, '', now(), now())",
        (long long)account));
    if (strcmp(state, "PAUSED") == 0)
        service_test_sql(arena_printf(arena,
                                      "UPDATE expert SET state = 'PAUSED', state_reason = "
                                      "'联系不上' WHERE account_id = %lld",
                                      (long long)account));
    service_test_sql(arena_printf(
        arena,
        "UPDATE submission SET form = form || '{\"name\": \"张三\", \"mobile\": "
        "\"18003551778\", \"employer_name\": \"\", \"province_code\": \"140000\", "
        "\"city_code\": \"140400\", \"review_specialties\": [\"A0501\"], \"qualifications\": "
        "[{\"qualification_code\": \"COST1\", \"valid_forever\": true}]}' WHERE account_id = "
        "%lld",
        (long long)account));
    revoke(1);
}

static const char *of_expert(void)
{
    return VALUE("SELECT state || ' ' || state_reason FROM expert WHERE account_id = %lld",
                 (long long)account);
}

static void test_an_expert_is_in_the_pool_again(void **unused)
{
    (void)unused;
    expert_revoked("IN_POOL");
    assert_string_equal(of_expert(), "PAUSED 认证已撤销");
    SAYS(file("EXPERT"), "OPEN");
    SAYS(decide(&other, "OVERTURN"), "OVERTURNED");
    assert_string_equal(of_expert(), "IN_POOL ");

    expert_revoked("PAUSED"); /* for another reason, which stays */
    SAYS(file("EXPERT"), "OPEN");
    SAYS(decide(&other, "OVERTURN"), "OVERTURNED");
    assert_string_equal(of_expert(), "PAUSED 联系不上");
}

/* ---- a refusal that waits anew */

static void test_another_reviewer_decides_anew(void **unused)
{
    (void)unused;
    brought_to(4, REFUSAL);
    assert_string_equal(
        VALUE("SELECT state || ' ' || reason_codes::text || ' ' || message_to_applicant || ' ' || "
              "(promised_by = working_day_after(" TODAY ", 3)) FROM review WHERE account_id = "
              "%lld",
              (long long)account),
        "QUEUED {}  true");
    SAYS(JSON(&reviewer, "ClaimReview", "{\"id\": %s}", review_of(1)), "review_overturned");
    SAYS(JSON(&reviewer, "DecideReview",
              "{\"id\": %s, \"submission_version\": 1, \"verdict\": \"APPROVE\"}", review_of(1)),
         "review_overturned");
    assert_string_equal(broken(arena_printf(arena,
                                            "UPDATE review SET state = 'APPROVED', decided_by = 11 "
                                            "WHERE account_id = %lld",
                                            (long long)account)),
                        "review_overturned");
    SAYS(JSON(&reviewer, "GetReview", "{\"id\": %s}", review_of(1)), "\"is_barred\":true");
    SAYS(JSON(&third, "GetReview", "{\"id\": %s}", review_of(1)), "撤销原决定：经核实，说明如下");
    SAYS(JSON(&third, "DecideReview",
              "{\"id\": %s, \"submission_version\": 1, \"verdict\": \"REJECT\", \"reason_codes\": "
              "[\"R14\"]}",
              review_of(1)),
         "REJECTED");
    assert_identity("REJECTED");
    SAYS(file("OWNER_UNIT"), "OPEN"); /* that is another decision */
    SAYS(decide(&third, "UPHOLD"), "appeal_same_person");
    SAYS(decide(&reviewer, "UPHOLD"), "UPHELD");
}

/* ---- when, and by whom */

static void decided_at(const char *time)
{
    service_test_sql(arena_printf(
        arena,
        "UPDATE revocation SET decided_at = (%s) AT TIME ZONE 'Asia/Shanghai' WHERE account_id = "
        "%lld",
        time, (long long)account));
}

static void test_fifteen_days(void **unused)
{
    (void)unused;
    decided(REVOCATION, "OWNER_UNIT");
    decided_at(TODAY " - interval '15 days 1 second'");
    SAYS(file("OWNER_UNIT"), "appeal_late");
    assert_string_equal(
        broken(arena_printf(arena,
                            "INSERT INTO appeal (account_id, kind, reason) VALUES (%lld, "
                            "'OWNER_UNIT', '单位没有注销')",
                            (long long)account)),
        "appeal_late");
    Common__Principal who = service_test_member(account);
    SAYS(JSON(&who, "GetApplication", "{\"kind\": \"OWNER_UNIT\"}"), "\"appeal_until\":\"\"");
    decided_at(TODAY " - interval '15 days'");
    SAYS(JSON(&who, "GetApplication", "{\"kind\": \"OWNER_UNIT\"}"),
         arena_printf(arena, "\"appeal_until\":\"%s\"", VALUE("SELECT " TODAY)));
    SAYS(file("OWNER_UNIT"), "OPEN");
}

static void test_only_decisions_that_stand(void **unused)
{
    (void)unused;
    account++;
    SAYS(file("OWNER_UNIT"), "appeal_none"); /* nothing was ever handed in */
    add_identity("OWNER_UNIT", "REJECTED", 1, 0);
    add_submission("OWNER_UNIT", 1, "REJECTED", "R01");
    SAYS(file("OWNER_UNIT"), "appeal_none"); /* may be mended and handed in again */
    account++;
    add_identity("OWNER_UNIT", "APPROVED", 1, 1);
    add_submission("OWNER_UNIT", 1, "APPROVED", "");
    SAYS(file("OWNER_UNIT"), "appeal_none");
    assert_string_equal(
        broken(arena_printf(arena,
                            "INSERT INTO appeal (account_id, kind, reason) VALUES (%lld, "
                            "'OWNER_UNIT', '单位没有注销')",
                            (long long)account)),
        "appeal_none");
}

static const char *paper(int64_t of)
{
    return VALUE("INSERT INTO attachment (id, account_id, purpose, file_name, content_type, "
                 "size_bytes, content_hash) VALUES (md5(random()::text), %lld, 'appeal_files', "
                 "'证明.jpg', 'image/jpeg', 10, '\\x00') RETURNING id",
                 (long long)of);
}

static void test_others_have_nothing_of_it(void **unused)
{
    Common__Principal neighbour = service_test_member(499);
    (void)unused;
    decided(REVOCATION, "OWNER_UNIT");
    const char *own = paper(account);
    SAYS(file_with("OWNER_UNIT", arena_printf(arena, "\"%s\"", paper(499))), "files_missing");
    SAYS(file_with("OWNER_UNIT", arena_printf(arena, "\"%s\"", own)), "OPEN");
    Common__Principal who = service_test_member(account);
    SAYS(JSON(&who, "GetApplication", "{\"kind\": \"OWNER_UNIT\"}"), own);
    SAYS(JSON(&neighbour, "GetApplication", "{\"kind\": \"OWNER_UNIT\"}"), "\"appeals\":[]");
    SAYS(JSON(&neighbour, "WithdrawAppeal", "{%s}", named()), "appeal_moved");
    SAYS(JSON(&neighbour, "ReadAttachment", "{\"id\": \"%s\"}", own), "attachment_gone");
    SAYS(JSON(&neighbour, "GetAppeal", "{\"id\": %s}", last("id")), "not_allowed");
    SAYS(JSON(&third, "GetAppeal", "{\"id\": %s}", last("id")), own);
    SAYS(JSON(&stranger, "GetAppeal", "{\"id\": %s}", last("id")), "appeal_gone"); /* other kinds */
    SAYS(decide(&stranger, "UPHOLD"), "appeal_gone");
    SAYS(JSON(&stranger, "ListAppeals", "{\"view\": \"ALL\"}"), "\"appeals\":[]");
    assert_string_equal(last("state"), "OPEN");
}

static void test_the_list(void **unused)
{
    (void)unused;
    decided(REVOCATION, "OWNER_UNIT");
    (void)file("OWNER_UNIT");
    const char *name = arena_printf(arena, "单位%lld", (long long)account);
#define LISTED(more) JSON(&other, "ListAppeals", "{\"q\": \"%s\"%s}", name, more)
    SAYS(LISTED(""), "\"may_act\":true");
    SAYS(LISTED(", \"decision\": \"REVOCATION\", \"kind\": \"OWNER_UNIT\""), "\"total\":1");
    SAYS(LISTED(", \"decision\": \"REFUSAL\""), "\"appeals\":[]");
    SAYS(LISTED(", \"kind\": \"EXPERT\""), "\"appeals\":[]");
    SAYS(LISTED(", \"view\": \"DECIDED\""), "\"appeals\":[]");
    SAYS(JSON(&secretary, "ListAppeals", "{\"q\": \"%s\"}", name), "\"may_act\":false");
    const char *page = JSON(&other, "ListAppeals", "{\"limit\": 1}");
    SAYS(page, "\"next_cursor\":\"1"); /* there are more, of the tests before */
    const char *waiting = VALUE("SELECT count(*) FROM appeal WHERE state = 'OPEN' AND kind = "
                                "'OWNER_UNIT'");
    Common__Principal owners = service_test_staff(16, "cert.review cert.owner.review cert.revoke");
    SAYS(JSON(&owners, "CountReviews", "{}"), arena_printf(arena, "\"appeals\":%s", waiting));
    SAYS(JSON(&reviewer, "GetAppeal", "{\"id\": %s}", last("id")), "\"is_own\":true");
    (void)decide(&other, "UPHOLD");
    SAYS(LISTED(", \"view\": \"DECIDED\""), "UPHELD");
    SAYS(LISTED(""), "\"appeals\":[]");
#undef LISTED
}

/* ---- a newer submission */

static const char *form(void)
{
    return arena_printf(
        arena,
        "{\"owner_unit\": {\"unit_name\": \"长治市甲建设有限公司\", "
        "\"contact_name\": \"王建设\", \"contact_phone\": \"18003551778\", "
        "\"uscc\": \"91140403MA0K1X2Y1M\", \"business_license_file\": [\"l%lld\"]}}",
        (long long)account);
}

static const char *hand_in(void)
{
    Common__Principal who = service_test_member(account);
    service_test_sql(arena_printf(
        arena,
        "INSERT INTO attachment (id, account_id, purpose, file_name, content_type, size_bytes, "
        "content_hash) VALUES ('l%1$lld', %1$lld, 'business_license_file', 'a.jpg', 'image/jpeg', "
        "10, '\\x00') ON CONFLICT DO NOTHING",
        (long long)account));
    (void)JSON(&who, "SaveDraft", "{\"kind\": \"OWNER_UNIT\", \"version\": 0, \"form\": %s}",
               form());
    return JSON(&who, "SubmitApplication",
                "{\"kind\": \"OWNER_UNIT\", \"version\": 1, \"form\": %s}", form());
}

static void test_nothing_is_handed_in_while_it_waits(void **unused)
{
    (void)unused;
    decided(REVOCATION, "OWNER_UNIT");
    SAYS(file("OWNER_UNIT"), "OPEN");
    SAYS(hand_in(), "appeal_waits");
    assert_string_equal(
        broken(arena_printf(arena,
                            "INSERT INTO submission (account_id, kind, version, application_no, "
                            "form, expected_by) VALUES (%1$lld, 'OWNER_UNIT', 2, 'W%1$lld', '{}', "
                            "now())",
                            (long long)account)),
        "appeal_waits");
    assert_identity("REVOKED");
    SAYS(withdraw(), "WITHDRAWN");
    SAYS(hand_in(), "PENDING");
    SAYS(file("OWNER_UNIT"), "appeal_none");
    assert_identity("PENDING");
}

static void test_what_another_account_has_by_now(void **unused)
{
    (void)unused;
    decided(REVOCATION, "OWNER_UNIT");
    (void)file("OWNER_UNIT");
    service_test_sql(arena_printf(
        arena,
        "BEGIN; SET LOCAL session_replication_role = replica; INSERT INTO identity (account_id, "
        "kind, state, last_version, in_force_version, uscc) VALUES (%lld, 'OWNER_UNIT', "
        "'APPROVED', 1, 1, '%s'); COMMIT",
        (long long)account + 100000, code_of(account)));
    SAYS(JSON(&other, "GetAppeal", "{\"id\": %s}", last("id")), "appeal_certified_elsewhere");
    SAYS(decide(&other, "OVERTURN"), "appeal_certified_elsewhere");
    assert_string_equal(
        broken(arena_printf(arena,
                            "UPDATE appeal SET state = 'OVERTURNED', decided_by = 13, decided_at = "
                            "now(), answer = '经核实，说明如下' WHERE account_id = %lld",
                            (long long)account)),
        "appeal_certified_elsewhere");
    SAYS(decide(&other, "UPHOLD"), "UPHELD");
    assert_identity("REVOKED");
}

/* The change was refused for good; what was in force is taken back while that is under appeal. */
static void test_what_was_decided_after_it_stays(void **unused)
{
    (void)unused;
    account++;
    add_identity("OWNER_UNIT", "APPROVED_REJECTED", 2, 1);
    add_submission("OWNER_UNIT", 1, "APPROVED", "");
    add_submission("OWNER_UNIT", 2, "REJECTED", "R14");
    SAYS(file("OWNER_UNIT"), "OPEN");
    revoke(1);
    SAYS(decide(&other, "OVERTURN"), "appeal_superseded");
    assert_identity("REVOKED");
    SAYS(withdraw(), "WITHDRAWN");
    SAYS(file("OWNER_UNIT"), "OPEN"); /* against the revocation, now */
    assert_string_equal(last("decision"), "REVOCATION");
    SAYS(decide(&other, "OVERTURN"), "OVERTURNED");
    assert_identity("APPROVED_REJECTED");
    SAYS(file("OWNER_UNIT"), "OPEN"); /* and against the refusal, which stands again */
    SAYS(decide(&other, "OVERTURN"), "OVERTURNED");
    assert_identity("APPROVED_PENDING");
    assert_string_equal(of_identity("in_force_version || ' ' || overturned"), "1 2");
}

/* ---- told, kept, and once */

static void test_all_are_told_once(void **unused)
{
    Common__Principal who;
    (void)unused;
    decided(REFUSAL, "OWNER_UNIT");
    who = service_test_member(account);
    const char *request = "{\"kind\": \"OWNER_UNIT\", \"reason\": \"单位没有注销，请重新核实\"}";
    const char *said = service_test_json(&who, "FileAppeal", "appeal-key-01", request);
    assert_string_equal(service_test_json(&who, "FileAppeal", "appeal-key-01", request), said);
    assert_string_equal(last_event("appeal.filed", "appeal_no"), last("appeal_no"));
    assert_string_equal(last_event("appeal.filed", "expected_by"),
                        VALUE("SELECT working_day_after(" TODAY ", 10)"));
    const char *verdict = arena_printf(
        arena, "{%s, \"verdict\": \"OVERTURN\", \"answer\": \"经核实，同意重新审核\"}", named());
    said = service_test_json(&other, "DecideAppeal", "appeal-key-02", verdict);
    SAYS(said, "OVERTURNED");
    assert_string_equal(service_test_json(&other, "DecideAppeal", "appeal-key-02", verdict), said);
    assert_string_equal(last_event("appeal.decided", "answer"), "经核实，同意重新审核");
    assert_string_equal(last_event("appeal.decided", "result"),
                        "撤销原决定，申请由其他人员重新审核");
    assert_string_equal(last_event("application.reopened", "review_id"), review_of(1));
    assert_string_equal(
        VALUE("SELECT string_agg(event, ' ' ORDER BY id) FROM outbox WHERE payload ->> "
              "'account_id' = '%lld'",
              (long long)account),
        "appeal.filed appeal.decided application.reopened");
    assert_string_equal(
        VALUE("SELECT string_agg(action || ' ' || actor_id, ', ' ORDER BY id) FROM "
              "audit WHERE object LIKE '%s%%'",
              last("appeal_no")),
        arena_printf(arena, "appeal.filed %lld, appeal.decided 13", (long long)account));
}

struct asked {
    enum status status;
    const void *payload;
    size_t size;
};
static size_t waiting;

static void on_answer(void *to, enum status status, const void *payload, size_t size)
{
    struct asked *asked = to;
    *asked = (struct asked){status, arena_copy(arena, payload, size), size};
    if (--waiting == 0)
        loop_stop(service_test_run()->loop);
}

static void ask(struct asked *to, const Common__Principal *who, const char *method,
                const char *json)
{
    waiting++;
    service_test_begin(who, method, service_test_request(method, json), "", on_answer, to);
}

/* Two at the same instant: one of them is right, and the other is told so. */
static void race(const Common__Principal *a, const char *method, const char *json)
{
    struct asked asked[2];
    service_test_sql(arena_printf(arena,
                                  "BEGIN; SELECT FROM appeal WHERE account_id = %lld FOR "
                                  "UPDATE",
                                  (long long)account));
    ask(&asked[0], a, method, json);
    ask(&asked[1], &other, "DecideAppeal",
        arena_printf(arena, "{%s, \"verdict\": \"UPHOLD\", \"answer\": \"经核实，维持原决定\"}",
                     named()));
    service_test_until(
        "SELECT (SELECT count(DISTINCT l.pid) = 2 FROM pg_locks l JOIN pg_stat_activity a USING "
        "(pid) WHERE NOT l.granted AND a.datname = current_database()) FROM "
        "pg_stat_clear_snapshot()");
    service_test_sql("COMMIT");
    if (waiting > 0)
        loop_run(service_test_run()->loop);
    assert_int_equal((asked[0].status == STATUS_OK) + (asked[1].status == STATUS_OK), 1);
    const struct asked *lost = &asked[asked[0].status == STATUS_OK ? 1 : 0];
    assert_int_equal(lost->status, STATUS_CONFLICT);
    const Common__Problem *problem = (const Common__Problem *)message_unpack(
        &common__problem__descriptor, lost->payload, lost->size, arena);
    assert_string_equal(problem->reason, "appeal_moved");
    assert_string_equal(last("version"), "2");
}

static void test_two_at_the_same_instant(void **unused)
{
    (void)unused;
    brought_to(1, REVOCATION);
    race(&third, "DecideAppeal",
         arena_printf(arena, "{%s, \"verdict\": \"OVERTURN\", \"answer\": \"经核实，撤销原决定\"}",
                      named()));
    assert_identity(strcmp(last("state"), "UPHELD") == 0 ? "REVOKED" : "APPROVED");
    brought_to(1, REVOCATION);
    Common__Principal who = service_test_member(account);
    race(&who, "WithdrawAppeal", arena_printf(arena, "{%s}", named()));
    assert_identity("REVOKED");
}

/* Its files stay while it is open, and go with their rule. */
static void test_how_long_files_are_kept(void **unused)
{
    (void)unused;
    decided(REVOCATION, "OWNER_UNIT");
    const char *own = paper(account), *unused_one = paper(account);
    (void)file_with("OWNER_UNIT", arena_printf(arena, "\"%s\"", own));
#define DUE(id) VALUE("SELECT coalesce(letter_due(a), '') FROM attachment a WHERE id = '%s'", id)
    service_test_sql("UPDATE attachment SET created_at = now() - interval '9 years'");
    assert_string_equal(DUE(own), "");
    assert_string_equal(DUE(unused_one), "UNUSED_FILE");
    (void)withdraw();
    assert_string_equal(DUE(own), "");
    service_test_sql(arena_printf(arena,
                                  "BEGIN; SET LOCAL session_replication_role = replica; UPDATE "
                                  "appeal SET withdrawn_at = now() - interval '9 years' WHERE "
                                  "account_id = %lld; COMMIT",
                                  (long long)account));
    assert_string_equal(DUE(own), "APPEAL_FILE");
#undef DUE
}

#define KINDS "cert.review cert.owner.review cert.member.review cert.expert.review "

static int open_service(void **unused)
{
    (void)unused;
    service_test_open(&certification);
    arena = arena_new(16 << 20);
    service_test_sql("UPDATE review_policy SET second_review = 'NEVER'");
    reviewer = service_test_staff(11, KINDS "cert.revoke");
    secretary = service_test_staff(12, KINDS "cert.revoke");
    other = service_test_staff(13, KINDS "cert.revoke");
    third = service_test_staff(14, KINDS "cert.revoke");
    stranger = service_test_staff(15, "cert.person.review cert.revoke");
    return 0;
}

static int close_service(void **unused)
{
    (void)unused;
    service_test_close();
    arena_destroy(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_event_in_every_state),
        cmocka_unit_test(test_the_database_refuses_other_ways),
        cmocka_unit_test(test_nobody_gives_it_back_without_an_appeal),
        cmocka_unit_test(test_a_member_unit_is_given_back),
        cmocka_unit_test(test_a_change_that_was_refused_stays_refused),
        cmocka_unit_test(test_an_expert_is_in_the_pool_again),
        cmocka_unit_test(test_another_reviewer_decides_anew),
        cmocka_unit_test(test_fifteen_days),
        cmocka_unit_test(test_only_decisions_that_stand),
        cmocka_unit_test(test_others_have_nothing_of_it),
        cmocka_unit_test(test_the_list),
        cmocka_unit_test(test_nothing_is_handed_in_while_it_waits),
        cmocka_unit_test(test_what_another_account_has_by_now),
        cmocka_unit_test(test_what_was_decided_after_it_stays),
        cmocka_unit_test(test_all_are_told_once),
        cmocka_unit_test(test_two_at_the_same_instant),
        cmocka_unit_test(test_how_long_files_are_kept),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
