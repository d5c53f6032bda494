/* SM1: every state of an identity, by everything that its owner and the reviewers can do, for a unit and for an expert; and what
   the owner does at every state of the review (SM2). The states after it are those of the table here, and no others. */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "consent.h"
#include "service_test.h"
#include <string.h>

enum state {
    NONE,
    PENDING,
    APPROVED,
    REJECTED,
    APPROVED_PENDING,
    APPROVED_REJECTED,
    REVOKED,
    EXPIRED,
    STATES
};
enum event { SAVE, SUBMIT, WITHDRAW, APPROVE, REJECT, REVOKE, EXPIRE, OVERTURN, EVENTS };

static const char *const names[STATES] = {"NONE",     "PENDING",          "APPROVED",
                                          "REJECTED", "APPROVED_PENDING", "APPROVED_REJECTED",
                                          "REVOKED",  "EXPIRED"};
static const char *const event_names[EVENTS] = {"save",   "submit", "withdraw", "approve",
                                                "reject", "revoke", "expire",   "overturn"};

/* The state afterwards; NULL: it is refused, and nothing changes. */
static const char *const table[STATES][EVENTS] = {
    [NONE] = {[SAVE] = "NONE",               [SUBMIT] = "PENDING"},
    [PENDING] =
        {[SAVE] = "PENDING",            [WITHDRAW] = "NONE",  [APPROVE] = "APPROVED", [REJECT] = "REJECTED"},
    [APPROVED] = {[SAVE] = "APPROVED",
              [SUBMIT] = "APPROVED_PENDING",
              [REVOKE] = "REVOKED",
              [EXPIRE] = "EXPIRED"},
    [REJECTED] = {[SAVE] = "REJECTED", [SUBMIT] = "PENDING"                               },
    [APPROVED_PENDING] = {[SAVE] = "APPROVED_PENDING",
              [WITHDRAW] = "APPROVED",
              [APPROVE] = "APPROVED",
              [REJECT] = "APPROVED_REJECTED"},
    [APPROVED_REJECTED] = {[SAVE] = "APPROVED_REJECTED",
              [SUBMIT] = "APPROVED_PENDING",
              [REVOKE] = "REVOKED",
              [EXPIRE] = "EXPIRED"},
    [REVOKED] = {[SAVE] = "REVOKED",        [SUBMIT] = "PENDING",                      [OVERTURN] = "APPROVED"},
    [EXPIRED] = {[SAVE] = "EXPIRED",  [SUBMIT] = "PENDING"                      },
};

static struct arena *arena;
static Common__Principal reviewer, secretary, other;
static int64_t last_account = 100;

#define ROWS                                                                                          \
    "\"qualifications\":[{\"occupation_name\":\"造价工程师\",\"qualification_code\":\"COST1\","  \
    "\"qualification_major\":\"COST_01\",\"years_in_major\":\"Y10_15\",\"certificate_no\":"           \
    "\"建造1401\",\"issuing_authority\":\"住房和城乡建设部\",\"issued_on\":\"2019-06-01\"," \
    "\"valid_to\":\"2039-06-01\",\"certificate_files\":[\"c%1$lld\"]}],"                              \
    "\"employments\":[{\"start_month\":\"2004-07\",\"until_now\":true,\"employer_name\":"             \
    "\"长治市咨询有限公司\",\"job_title\":\"总工程师\"}],"                               \
    "\"educations\":[{\"start_month\":\"2000-09\",\"end_month\":\"2004-06\",\"school\":"              \
    "\"太原理工大学\",\"major\":\"工程造价\",\"education_level\":\"21\"}]"

/* A form that may be handed in, of an account; `contact` makes two of them differ. */
static const char *form(bool expert, int64_t account, const char *contact)
{
    if (!expert)
        return arena_printf(arena,
                            "{\"unit_name\":\"长治市%lld建设有限公司\",\"contact_name\":\"%s\","
                            "\"contact_phone\":\"18003551778\",\"uscc\":\"91140403MA0K1X2Y1M\","
                            "\"business_license_file\":[\"l%lld\"]}",
                            (long long)account, contact, (long long)account);
    return arena_printf(
        arena,
        "{\"name\":\"张三\",\"gender\":\"1\",\"birth_date\":\"1980-01-01\",\"ethnicity\":\"01\","
        "\"id_number\":\"140403198001010015\",\"address\":\"长治市潞州区太行西街%2$s\","
        "\"political_status\":\"13\",\"mobile\":\"18003551778\",\"employer_name\":"
        "\"长治市咨询有限公司\",\"province_code\":\"140000\",\"city_code\":\"140400\","
        "\"education_level\":\"21\",\"expert_type\":\"ECON\",\"review_specialties\":[\"A0501\"],"
        "\"preferred_regions\":[\"140400\"],\"id_card_files\":[\"f%1$lld\",\"b%1$lld\"]," ROWS "}",
        (long long)account, contact);
}

static const char *in_form(bool expert, const char *content)
{
    return arena_printf(arena, "{\"%s\":%s}", expert ? "expert" : "owner_unit", content);
}

static void add_files(int64_t account)
{
    static const char *const files[][2] = {
        {"l", "business_license_file"},
        {"f", "id_card_files"        },
        {"b", "id_card_files"        },
        {"c", "certificate_files"    }
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        service_test_sql(arena_printf(
            arena,
            "INSERT INTO attachment (id, account_id, purpose, file_name, content_type, size_bytes, "
            "content_hash) VALUES ('%s%lld', %lld, '%s', 'a.jpg', 'image/jpeg', 10, '\\x00')",
            files[i][0], (long long)account, (long long)account, files[i][1]));
}

static void add_submission(bool expert, int64_t account, int version, const char *contact,
                           const char *review)
{
    const char *kind = expert ? "EXPERT" : "OWNER_UNIT";
    service_test_sql(arena_printf(
        arena,
        "BEGIN; SET LOCAL session_replication_role = replica;"
        "INSERT INTO submission (account_id, kind, version, application_no, form, expected_by) "
        "VALUES (%lld, '%s', %d, 'I%lld-%d', '%s', now()::date);"
        "INSERT INTO review (account_id, kind, version, is_change, state, message_to_applicant, "
        "decided_by) VALUES (%lld, '%s', %d, %s, '%s', '说明一二三', 5); COMMIT",
        (long long)account, kind, version, (long long)account, version,
        form(expert, account, contact), (long long)account, kind, version,
        version > 1 ? "true" : "false", review));
}

/* An account whose identity is in the state, with what led there. */
static int64_t given(bool expert, enum state state)
{
    bool in_force = state == APPROVED || state == APPROVED_PENDING || state == APPROVED_REJECTED;
    bool two = state == APPROVED_PENDING || state == APPROVED_REJECTED;
    int64_t account = ++last_account;
    service_test_sql("UPDATE identity SET uscc = NULL, id_number_index = NULL; DELETE FROM "
                     "unit_identity");
    add_files(account);
    consents(account);
    service_test_sql(arena_printf(
        arena,
        "BEGIN; SET LOCAL session_replication_role = replica; INSERT INTO identity (account_id, "
        "kind, state, last_version, in_force_version) VALUES (%lld, '%s', '%s', %d, %s); COMMIT",
        (long long)account, expert ? "EXPERT" : "OWNER_UNIT", names[state],
        two             ? 2
        : state == NONE ? 0
                        : 1,
        in_force ? "1" : "NULL"));
    if (state == PENDING)
        add_submission(expert, account, 1, "王一", "QUEUED");
    else if (state == REJECTED)
        add_submission(expert, account, 1, "王一", "REJECTED");
    else if (state != NONE)
        add_submission(expert, account, 1, "王一", "APPROVED");
    if (two)
        add_submission(expert, account, 2, "王二",
                       state == APPROVED_PENDING ? "QUEUED" : "REJECTED");
    if (state == REVOKED)
        service_test_sql(arena_printf(
            arena,
            "INSERT INTO revocation (account_id, kind, version, reason, requested_by, "
            "requested_by_name) VALUES (%1$lld, '%2$s', 1, '单位已经注销', 11, ''); UPDATE "
            "revocation SET state = 'CONFIRMED', decided_by = 12, decided_at = now() WHERE "
            "account_id = %1$lld; UPDATE review SET decided_at = now() WHERE account_id = %1$lld",
            (long long)account, expert ? "EXPERT" : "OWNER_UNIT"));
    return account;
}

static const char *value_of(int64_t account, const char *what)
{
    return service_test_value(
        "SELECT coalesce((SELECT %s FROM review WHERE account_id = %lld ORDER "
        "BY version DESC LIMIT 1)::text, '0')",
        what, (long long)account);
}

static const char *call(const Common__Principal *who, const char *method, const char *request)
{
    return service_test_json(who, method, "", request);
}

static const char *save(bool expert, int64_t account)
{
    Common__Principal owner = service_test_member(account);
    return call(&owner, "SaveDraft",
                arena_printf(arena, "{\"kind\":\"%s\",\"version\":%s,\"form\":%s}",
                             expert ? "EXPERT" : "OWNER_UNIT",
                             service_test_value("SELECT coalesce(max(version), 0) FROM draft WHERE "
                                                "account_id = %lld",
                                                (long long)account),
                             in_form(expert, form(expert, account, "王三"))));
}

static const char *submit(bool expert, int64_t account)
{
    Common__Principal owner = service_test_member(account);
    save(expert, account);
    return call(&owner, "SubmitApplication",
                arena_printf(arena, "{\"kind\":\"%s\",\"version\":1,\"form\":%s}",
                             expert ? "EXPERT" : "OWNER_UNIT",
                             in_form(expert, form(expert, account, "王三"))));
}

static const char *withdraw(bool expert, int64_t account)
{
    Common__Principal owner = service_test_member(account);
    return call(
        &owner, "WithdrawApplication",
        arena_printf(
            arena, "{\"kind\":\"%s\",\"submission_version\":%s}", expert ? "EXPERT" : "OWNER_UNIT",
            strcmp(value_of(account, "version"), "0") == 0 ? "1" : value_of(account, "version")));
}

static const char *decide(int64_t account, const char *verdict)
{
    return call(
        &reviewer, "DecideReview",
        arena_printf(
            arena,
            "{\"id\":\"%s\",\"submission_version\":%s,\"verdict\":\"%s\","
            "\"message_to_applicant\":\"请补充清晰的照片\"}",
            strcmp(value_of(account, "id"), "0") == 0 ? "999999999" : value_of(account, "id"),
            strcmp(value_of(account, "version"), "0") == 0 ? "1" : value_of(account, "version"),
            verdict));
}

static const char *revoke(int64_t account)
{
    const char *review = service_test_value(
        "SELECT coalesce(min(id), 999999999) FROM review WHERE account_id = %lld AND version = 1",
        (long long)account);
    const char *said =
        call(&reviewer, "RequestRevocation",
             arena_printf(arena, "{\"id\":\"%s\",\"reason\":\"单位已经注销\"}", review));
    if (strstr(said, "\"detail\"") != NULL)
        return said;
    return call(&secretary, "DecideRevocation",
                arena_printf(arena, "{\"id\":\"%s\",\"verdict\":\"CONFIRM\"}",
                             service_test_value("SELECT id FROM revocation WHERE account_id = %lld",
                                                (long long)account)));
}

/* Every paper of the account ended yesterday. */
static const char *expire(int64_t account)
{
    service_test_sql(arena_printf(
        arena,
        "UPDATE submission SET form = form || jsonb_build_object('license_valid_to', "
        "(current_date - 1)::text, 'qualifications', form -> 'qualifications') || CASE WHEN form ? "
        "'qualifications' THEN jsonb_build_object('qualifications', jsonb_set(form -> "
        "'qualifications', '{0,valid_to}', to_jsonb((current_date - 1)::text))) ELSE '{}' END "
        "WHERE account_id = %lld",
        (long long)account));
    return strcmp(service_test_value("SELECT identities_expire(10)"), "0") == 0 ? "\"detail\":\""
                                                                                : "";
}

/* It is appealed against, and another person overturns it. A refusal that may be mended is none to appeal against; appeal_test.c
   has those for good. */
static const char *overturn(bool expert, int64_t account)
{
    Common__Principal owner = service_test_member(account);
    const char *said =
        call(&owner, "FileAppeal",
             arena_printf(arena, "{\"kind\":\"%s\",\"reason\":\"没有这回事，请重新核实\"}",
                          expert ? "EXPERT" : "OWNER_UNIT"));
    if (strstr(said, "\"detail\"") != NULL)
        return said;
    return call(&other, "DecideAppeal",
                arena_printf(arena,
                             "{\"id\":\"%s\",\"version\":1,\"verdict\":\"OVERTURN\",\"answer\":"
                             "\"经核实，予以恢复\"}",
                             service_test_value("SELECT max(id) FROM appeal")));
}

static const char *happens(bool expert, int64_t account, enum event event)
{
    switch (event) {
    case SAVE:
        return save(expert, account);
    case SUBMIT:
        return submit(expert, account);
    case WITHDRAW:
        return withdraw(expert, account);
    case APPROVE:
        return decide(account, "APPROVE");
    case REJECT:
        return decide(account, "REJECT");
    case REVOKE:
        return revoke(account);
    case EXPIRE:
        return expire(account);
    case OVERTURN:
        return overturn(expert, account);
    case EVENTS:
        break;
    }
    return "";
}

static const char *state_of(int64_t account)
{
    return service_test_value("SELECT state FROM identity WHERE account_id = %lld",
                              (long long)account);
}

static void test_every_state_by_every_event(void **unused)
{
    (void)unused;
    for (int expert = 0; expert <= 1; expert++)
        for (int state = 0; state < STATES; state++)
            for (int event = 0; event < EVENTS; event++) {
                int64_t account = given(expert, (enum state)state);
                const char *said = happens(expert, account, (enum event)event);
                const char *should = table[state][event];
                bool refused = strstr(said, "\"detail\":\"") != NULL;
                if (refused != (should == NULL) ||
                    strcmp(state_of(account), should == NULL ? names[state] : should) != 0)
                    fail_msg("%s, %s: %s gives %s, %.300s", expert ? "expert" : "unit",
                             names[state], event_names[event], state_of(account), said);
            }
}

/* SM2 from the owner's side: taken back at any time while it is open, whoever has it; never afterwards. */
static void test_the_owner_at_every_state_of_the_review(void **unused)
{
    static const struct {
        const char *review, *sets, *after; /* after a withdrawal */
    } cases[] = {
        {"QUEUED",    "",                                                                "CANCELLED"},
        {"QUEUED",    ", first_by = 11, first_at = now()",                               "CANCELLED"},
        {"CLAIMED",   ", claimed_by = 11, claimed_until = now() + interval '5 minutes'", "CANCELLED"},
        {"CLAIMED",
         ", claimed_by = 12, claimed_until = now() + interval '5 minutes', "
         "first_by = 11, first_at = now()",                                              "CANCELLED"},
        {"CLAIMED",   ", claimed_by = 11, claimed_until = now() - interval '5 minutes'", "CANCELLED"},
        {"APPROVED",  ", decided_at = now()",                                            "APPROVED" },
        {"REJECTED",  ", decided_at = now()",                                            "REJECTED" },
        {"CANCELLED", ", decided_at = now()",                                            "CANCELLED"},
    };
    (void)unused;
    for (int expert = 0; expert <= 1; expert++)
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            bool open = cases[i].review[0] == 'Q' || strcmp(cases[i].review, "CLAIMED") == 0;
            int64_t account = given(expert, PENDING);
            service_test_sql(arena_printf(
                arena,
                "BEGIN; SET LOCAL session_replication_role = replica; UPDATE review SET state = "
                "'%s'%s WHERE account_id = %lld; COMMIT",
                cases[i].review, cases[i].sets, (long long)account));
            if (open)
                assert_non_null(strstr(submit(expert, account), "application_open"));
            const char *said = withdraw(expert, account);
            assert_int_equal(strstr(said, "nothing_to_withdraw") != NULL, !open);
            assert_string_equal(value_of(account, "state"), cases[i].after);
            if (open) /* the page that the reviewer still has open is told */
                assert_non_null(strstr(decide(account, "APPROVE"), "review_stale"));
        }
}

static int open_service(void **unused)
{
    (void)unused;
    service_test_open(&certification);
    arena = arena_new(16 << 20);
    service_test_sql(
        "UPDATE review_policy SET second_review = 'NEVER'; UPDATE expiry_policy SET ends = true");
    service_test_sql("INSERT INTO dictionary_item (dictionary, code, name, place) VALUES "
                     "('years_in_major', 'Y10_15', '10–15年', 9) ON CONFLICT DO NOTHING");
    reviewer = service_test_staff(11, "cert.review cert.owner.review cert.expert.review");
    secretary = service_test_staff(
        12, "cert.review cert.owner.review cert.expert.review cert.second_review cert.revoke");
    other = service_test_staff(13, "cert.owner.review cert.expert.review cert.revoke");
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
        cmocka_unit_test(test_every_state_by_every_event),
        cmocka_unit_test(test_the_owner_at_every_state_of_the_review),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
