/* SM11: a unit's account gets another responsible person. Every event in every state, in the service and in the database; who
   may ask, for which phone; two persons; what auth is asked for, once. */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "clock.h"
#include "event.h"
#include "service_test.h"
#include <stdio.h>
#include <string.h>

#define VALUE service_test_value
#define JSON(who, method, ...) service_test_json(who, method, "", arena_printf(arena, __VA_ARGS__))

static struct arena *arena;
static Common__Principal first, second, stranger;

/* ---- units, phones and letters */

static int64_t last_account = 1000;

/* The account of an approved unit; its credit code is code_of. */
static int64_t unit(void)
{
    static const char *const codes[] = {"91350100M000100Y43", "91110000600037341L",
                                        "9144030071526726XG"};
    last_account++;
    service_test_sql(arena_printf(
        arena,
        "BEGIN; SET LOCAL session_replication_role = replica; UPDATE identity SET uscc = NULL "
        "WHERE uscc = '%2$s'; INSERT INTO identity (account_id, kind, state, last_version, "
        "in_force_version, uscc) VALUES (%1$lld, 'MEMBER_UNIT', 'APPROVED', 1, 1, '%2$s'); "
        "INSERT INTO submission (account_id, kind, version, application_no, form, expected_by) "
        "VALUES (%1$lld, 'MEMBER_UNIT', 1, 'V%1$lld', '{\"unit_name\": \"单位%1$lld\", \"uscc\": "
        "\"%2$s\", \"principal_name\": \"赵负责\"}', now()::date); COMMIT",
        (long long)last_account, codes[last_account % 3]));
    return last_account;
}

static const char *code_of(int64_t account)
{
    return VALUE("SELECT uscc FROM identity WHERE account_id = %lld", (long long)account);
}

static const char *phone_of(int64_t account)
{
    return arena_printf(arena, "199%08lld", (long long)account);
}

static const char *letter(int64_t account, const char *purpose)
{
    return VALUE("INSERT INTO attachment (id, account_id, purpose, file_name, content_type, "
                 "size_bytes, content_hash) VALUES (md5(random()::text), %lld, '%s', 'scan.jpg', "
                 "'image/jpeg', 10, '\\x00') RETURNING id",
                 (long long)account, purpose);
}

/* As auth makes it: `owner` has the phone now; 0: nobody. */
static const char *proof(int64_t caller, const char *phone, int64_t owner, int64_t until)
{
    const struct certification *state = service_state(service_test_run());
    return secret_seal_text(state->event_keys, "proof|phone",
                            arena_printf(arena, "%lld|%s|%lld|%lld", (long long)caller, phone,
                                         (long long)owner, (long long)until),
                            arena);
}

static const char *ask(int64_t caller, const char *code, const char *phone, int64_t owner)
{
    Common__Principal who = service_test_member(caller);
    return JSON(&who, "RequestHandover",
                "{\"uscc\": \"%s\", \"new_name\": \"钱接任\", \"phone_proof\": \"%s\", "
                "\"handover_letter\": [\"%s\"]}",
                code, proof(caller, phone, owner, clock_unix() + 60),
                letter(caller, "handover_letter"));
}

static const char *last_of(int64_t account, const char *column)
{
    return VALUE("SELECT coalesce((SELECT %s::text FROM handover WHERE account_id = %lld "
                 "ORDER BY id DESC LIMIT 1), '')",
                 column, (long long)account);
}

/* "id": 7, "version": 2 — of none: of one that is not there. */
static const char *last_named(int64_t account)
{
    bool some = last_of(account, "id")[0] != '\0';
    return arena_printf(arena, "\"id\": %s, \"version\": %s",
                        some ? last_of(account, "id") : "999999",
                        some ? last_of(account, "version") : "1");
}

static const char *decide(const Common__Principal *who, int64_t account, const char *verdict)
{
    return JSON(who, "DecideHandover",
                "{%s, \"verdict\": \"%s\", \"reason\": \"公章不清晰，请重新拍摄\"}",
                last_named(account), verdict);
}

static enum status deliver(const char *event_id, const char *name, const char *payload)
{
    const struct certification *state = service_state(service_test_run());
    size_t size;
    void *packed = event_seal(state->event_keys, "auth", event_id, &(struct event){name, payload},
                              arena, &size);
    Common__DeliverEventRequest *request =
        common__deliver_event_request__unpack(NULL, size, packed);
    ProtobufCMessage *reply;
    enum status status =
        service_test_call(NULL, "auth", "DeliverEvent", &request->base, "", &reply);
    common__deliver_event_request__free_unpacked(request, NULL);
    return status;
}

static enum status auth_says(int64_t account, const char *name)
{
    static int last;
    const char *id = last_of(account, "id");
    return deliver(arena_printf(arena, "%d", ++last), name,
                   arena_printf(arena, "{\"handover_id\": %s, \"why\": \"phone_registered\"}",
                                id[0] == '\0' ? "999999" : id));
}

/* ---- every event in every state */

enum step { ASK, WITHDRAW, CONFIRM_FIRST, CONFIRM_SECOND, REFUSE, SWITCHED, FAILED, EVENTS };

static const char *const states[] = {"",         "REQUESTED", "REVIEWED", "APPROVED",
                                     "SWITCHED", "REFUSED",   "WITHDRAWN"};
enum { STATES = sizeof states / sizeof states[0] };

static const char *happens(enum step event, int64_t account)
{
    Common__Principal holder = service_test_member(account);
    switch (event) {
    case ASK:
        return ask(account, "", phone_of(account), 0);
    case WITHDRAW:
        return JSON(&holder, "WithdrawHandover", "{%s}", last_named(account));
    case CONFIRM_FIRST:
        return decide(&first, account, "CONFIRM");
    case CONFIRM_SECOND:
        return decide(&second, account, "CONFIRM");
    case REFUSE:
        return decide(&second, account, "REFUSE");
    case SWITCHED:
    case FAILED:
        assert_int_equal(
            auth_says(account, event == SWITCHED ? "handover.switched" : "handover.failed"),
            STATUS_OK);
        return arena_printf(arena, "\"%s\"", last_of(account, "state"));
    case EVENTS:
        break;
    }
    return "";
}

/* A hand-over of a new unit, brought to a state; the first person has looked at it where one has. */
static int64_t brought_to(const char *state)
{
    static const struct {
        const char *state;
        enum step way[5];
    } ways[] = {
        {"",          {EVENTS}                                              },
        {"REQUESTED", {ASK, EVENTS}                                         },
        {"REVIEWED",  {ASK, CONFIRM_FIRST, EVENTS}                          },
        {"APPROVED",  {ASK, CONFIRM_FIRST, CONFIRM_SECOND, EVENTS}          },
        {"SWITCHED",  {ASK, CONFIRM_FIRST, CONFIRM_SECOND, SWITCHED, EVENTS}},
        {"REFUSED",   {ASK, REFUSE, EVENTS}                                 },
        {"WITHDRAWN", {ASK, WITHDRAW, EVENTS}                               },
    };
    int64_t account = unit();
    for (size_t i = 0; i < STATES; i++)
        for (const enum step *event = ways[i].way;
             strcmp(ways[i].state, state) == 0 && *event != EVENTS; event++)
            (void)happens(*event, account);
    assert_string_equal(last_of(account, "state"), state);
    return account;
}

static void test_every_event_in_every_state(void **state)
{
    /* the state that follows, or the reason why it does not happen; "": auth's word changes nothing */
    static const char *const wanted[STATES][EVENTS] = {
        {"REQUESTED",     "handover_moved", "handover_gone",        "handover_gone",  "handover_gone",  "", ""       },
        {"handover_open", "WITHDRAWN",      "REVIEWED",             "REVIEWED",       "REFUSED",        "", ""       },
        {"handover_open", "WITHDRAWN",      "handover_same_person", "APPROVED",       "REFUSED",        "", ""       },
        {"handover_open", "handover_moved", "handover_moved",       "handover_moved", "handover_moved",
         "SWITCHED",                                                                                        "REFUSED"},
        {"REQUESTED",     "handover_moved", "handover_moved",       "handover_moved", "handover_moved", "",
         ""                                                                                                          },
        {"REQUESTED",     "handover_moved", "handover_moved",       "handover_moved", "handover_moved", "",
         ""                                                                                                          },
        {"REQUESTED",     "handover_moved", "handover_moved",       "handover_moved", "handover_moved", "",
         ""                                                                                                          },
    };
    (void)state;
    for (size_t from = 0; from < STATES; from++)
        for (enum step event = 0; event < EVENTS; event++) {
            int64_t account = brought_to(states[from]);
            const char *told = happens(event, account), *now = wanted[from][event];
            if (now[0] == '\0')
                now = states[from];
            if (strstr(told, arena_printf(arena, "\"%s\"", now)) == NULL)
                fail_msg("event %d in state %s: %s", event, states[from], told);
            assert_string_equal(last_of(account, "state"),
                                now[0] >= 'a' || now[0] == '\0' ? states[from] : now);
        }
}

/* Whatever writes to the table. */
static void test_the_database_keeps_the_states(void **state)
{
    static const char *const may =
        " REQUESTED>REVIEWED REQUESTED>REFUSED REQUESTED>WITHDRAWN REVIEWED>APPROVED "
        "REVIEWED>REFUSED REVIEWED>WITHDRAWN APPROVED>SWITCHED APPROVED>REFUSED ";
    (void)state;
    for (size_t from = 1; from < STATES; from++)
        for (size_t to = 1; to < STATES; to++) {
            int64_t account = brought_to(states[from]);
            bool allowed = from == to || strstr(may, arena_printf(arena, " %s>%s ", states[from],
                                                                  states[to])) != NULL;
            service_test_sql(arena_printf(
                arena,
                "DO $$ BEGIN UPDATE handover SET state = '%s', first_by = 1, decided_by = 2, "
                "refusal = '因为不清晰' WHERE account_id = %lld; EXCEPTION WHEN check_violation "
                "THEN END $$",
                states[to], (long long)account));
            if ((strcmp(last_of(account, "state"), states[to]) == 0) != allowed)
                fail_msg("%s>%s", states[from], states[to]);
        }
}

static const char *broken(const char *statement)
{
    return VALUE("SELECT pg_temp.broken($s$%s$s$)", statement);
}

static void test_two_persons_and_what_was_asked_stay(void **state)
{
    int64_t account = brought_to("REVIEWED");
    const char *id = last_of(account, "id");
    (void)state;
    assert_string_equal(broken(arena_printf(arena,
                                            "UPDATE handover SET state = 'APPROVED', decided_by "
                                            "= first_by WHERE id = %s",
                                            id)),
                        "handover_same_person");
    assert_string_equal(
        broken(arena_printf(
            arena, "UPDATE handover SET state = 'REFUSED', refusal = '短' WHERE id = %s", id)),
        "handover_refusal_has_a_reason");
    assert_string_equal(
        broken(
            arena_printf(arena, "UPDATE handover SET new_phone = '19912345678' WHERE id = %s", id)),
        "handover_moved");
    SAYS(JSON(&second, "DecideHandover", "{%s, \"verdict\": \"REFUSE\", \"reason\": \"短\"}",
              last_named(account)),
         "handover_refusal_has_a_reason");
    SAYS(JSON(&second, "DecideHandover", "{\"id\": %s, \"version\": 1, \"verdict\": \"CONFIRM\"}",
              id),
         "handover_moved"); /* another one has looked since */
    SAYS(decide(&stranger, account, "CONFIRM"), "not_allowed");
}

/* ---- who may ask, and for which phone */

static void test_who_follows_asks_with_his_own_account(void **state)
{
    int64_t account = unit(), successor = 50;
    (void)state;
    SAYS(ask(successor, code_of(account), phone_of(successor), successor), "\"REQUESTED\"");
    assert_string_equal(last_of(account, "asked_by"), "SUCCESSOR");
    assert_string_equal(last_of(account, "closing_account"), "50");
    /* the present person is told, and sees it without being able to take it back */
    assert_string_equal(VALUE("SELECT count(*) FROM outbox WHERE event = 'handover.claimed' AND "
                              "payload ->> 'account_id' = '%lld'",
                              (long long)account),
                        "1");
    Common__Principal holder = service_test_member(account);
    const char *own = JSON(&holder, "ListMyHandovers", "{}");
    SAYS(own, "\"asked_by_me\":false");
    SAYS(own, "\"new_phone\":\"199****0050\"");
    SAYS(JSON(&holder, "WithdrawHandover", "{%s}", last_named(account)), "handover_moved");
    /* the account that ends takes no identity any more, and one that got any does not end */
    assert_string_equal(
        broken("INSERT INTO submission (account_id, kind, version, application_no, form, "
               "expected_by) VALUES (50, 'NATURAL_PERSON', 1, 'X50', '{}', now()::date)"),
        "handover_closes_account");
    SAYS(decide(&first, account, "CONFIRM"), "\"REVIEWED\"");
    service_test_sql("BEGIN; SET LOCAL session_replication_role = replica; INSERT INTO identity "
                     "(account_id, kind, state, last_version) VALUES (50, 'NATURAL_PERSON', "
                     "'PENDING', 1); COMMIT");
    SAYS(decide(&second, account, "CONFIRM"), "handover_account_in_use");
    SAYS(JSON(&second, "GetHandover", "{\"id\": %s}", last_of(account, "id")),
         "新手机号原有的账号已有认证");
    assert_string_equal(last_of(account, "state"), "REVIEWED");
}

static void test_what_stands_against_it_is_named(void **state)
{
    int64_t account = unit(), other = unit();
    Common__Principal who = service_test_member(60);
    const char *mine = letter(60, "handover_letter");
    (void)state;
    SAYS(ask(60, "", phone_of(60), 60), "handover_unit_gone"); /* he has none of his own */
    SAYS(ask(60, "91140400MA0ABCDE1X", phone_of(60), 60), "uscc");
    SAYS(ask(account, "", phone_of(account), account), "handover_same_phone");
    SAYS(ask(account, "", phone_of(other), other), "handover_account_in_use");
    SAYS(JSON(&who, "RequestHandover",
              "{\"uscc\": \"%s\", \"new_name\": \"钱接任\", \"phone_proof\": \"%s\", "
              "\"handover_letter\": [\"%s\"]}",
              code_of(account), proof(60, phone_of(60), 60, clock_unix() - 1), mine),
         "phone_unproven"); /* too old */
    SAYS(JSON(&who, "RequestHandover",
              "{\"uscc\": \"%s\", \"new_name\": \"钱接任\", \"phone_proof\": \"%s\", "
              "\"handover_letter\": [\"%s\"]}",
              code_of(account), proof(61, phone_of(60), 0, clock_unix() + 60), mine),
         "phone_unproven"); /* another's */
    const char *large = letter(60, "handover_letter");
    service_test_sql(
        arena_printf(arena, "UPDATE attachment SET size_bytes = 31457281 WHERE id = '%s'", large));
    const char *told = JSON(&who, "RequestHandover",
                            "{\"uscc\": \"%s\", \"new_name\": \"钱接任\", \"phone_proof\": \"%s\", "
                            "\"handover_letter\": [\"%s\"]}",
                            code_of(account), proof(60, phone_of(60), 0, clock_unix() + 60), large);
    SAYS(told, "\"field\":\"handover_letter\"");
    SAYS(told, "超过30MB的上限");
    SAYS(JSON(&who, "RequestHandover",
              "{\"uscc\": \"%s\", \"new_name\": \"钱接任\", \"phone_proof\": \"x\", "
              "\"handover_letter\": [\"%s\"]}",
              code_of(account), mine),
         "phone_unproven");
    SAYS(JSON(&who, "RequestHandover",
              "{\"uscc\": \"%s\", \"new_name\": \"钱接任\", \"phone_proof\": \"%s\", "
              "\"handover_letter\": [\"%s\"]}",
              code_of(account), proof(60, phone_of(60), 0, clock_unix() + 60),
              letter(61, "handover_letter")),
         "files_missing");
    SAYS(ask(60, code_of(account), phone_of(60), 60), "\"REQUESTED\"");
    SAYS(ask(account, "", phone_of(70), 0), "handover_open");
    SAYS(ask(other, "", phone_of(60), 0), "handover_phone_open");
}

static void test_staff_record_it_for_somebody_without_a_phone(void **state)
{
    int64_t account = unit();
    const char *scan = letter((int64_t)first.account_id, "recorded_letter");
    const char *request = arena_printf(
        arena,
        "{\"kind\": \"MEMBER_UNIT\", \"uscc\": \"%s\", \"new_name\": \"钱接任\", \"new_phone\": "
        "\"%s\", \"recorded_letter\": [\"%s\"], \"note\": \"核对了身份证原件\"}",
        code_of(account), phone_of(account), scan);
    (void)state;
    SAYS(service_test_json(&second, "RecordHandover", "", request), "files_missing");
    SAYS(service_test_json(&stranger, "RecordHandover", "", request), "not_allowed");
    SAYS(service_test_json(&first, "RecordHandover", "", request), "\"REQUESTED\"");
    const char *whole = JSON(&second, "GetHandover", "{\"id\": %s}", last_of(account, "id"));
    SAYS(whole, "核对了身份证原件");
    SAYS(whole, "新手机号由工作人员登记");
    SAYS(whole, "赵负责");
    SAYS(decide(&first, account, "CONFIRM"), "\"REVIEWED\"");
    SAYS(decide(&second, account, "CONFIRM"), "\"APPROVED\"");
    /* a member who happens to have the number of the member of staff has nothing of it */
    Common__Principal namesake = service_test_member(first.account_id);
    SAYS(JSON(&namesake, "ReadAttachment", "{\"id\": \"%s\"}", scan), "attachment_gone");
    SAYS(JSON(&namesake, "UploadAttachment", "{\"purpose\": \"recorded_letter\"}"), "purpose");
    SAYS(JSON(&stranger, "ReadAttachment", "{\"id\": \"%s\"}", scan), "attachment_gone");
}

/* ---- what auth is asked for */

static void test_auth_is_told_once(void **state)
{
    int64_t account = brought_to("APPROVED");
    const char *id = last_of(account, "id");
    (void)state;
    assert_string_equal(
        VALUE("SELECT string_agg(payload ->> 'new_phone' || '/' || (payload ->> 'account_id') || "
              "'/' || (payload ->> 'closing_account'), ',') FROM outbox WHERE event = "
              "'handover.approved' AND payload ->> 'handover_id' = '%s'",
              id),
        arena_printf(arena, "%s/%lld/0", phone_of(account), (long long)account));
    const char *payload = arena_printf(arena, "{\"handover_id\": %s}", id);
    assert_int_equal(deliver("again", "handover.switched", payload), STATUS_OK);
    assert_int_equal(deliver("again", "handover.switched", payload), STATUS_CONFLICT);
    assert_string_equal(last_of(account, "state"), "SWITCHED");
    assert_string_equal(VALUE("SELECT count(*) FROM history WHERE machine = 'handover' AND "
                              "subject = '%s' AND to_state = 'SWITCHED'",
                              id),
                        "1");
    account = brought_to("APPROVED");
    assert_int_equal(auth_says(account, "handover.failed"), STATUS_OK);
    assert_string_equal(VALUE("SELECT payload ->> 'reason' ~ '已注册' FROM outbox WHERE event = "
                              "'handover.refused' AND payload ->> 'handover_id' = '%s'",
                              last_of(account, "id")),
                        "t");
    assert_int_equal(deliver("other", "unit.changed", "{}"), STATUS_MALFORMED);
}

static void test_the_queue_has_the_oldest_first(void **state)
{
    (void)state;
    int64_t one = brought_to("REQUESTED"), two = brought_to("REQUESTED");
    const char *list = JSON(&first, "ListHandovers", "{\"limit\": 100}");
    const char *of_one = strstr(list, last_of(one, "handover_no"));
    assert_true(of_one != NULL && strstr(of_one, last_of(two, "handover_no")) != NULL);
    SAYS(JSON(&first, "ListHandovers", "{\"view\": \"ALL\", \"q\": \"%s\"}",
              last_of(one, "handover_no")),
         "\"total\":1");
    SAYS(JSON(&stranger, "ListHandovers", "{}"), "not_allowed");
}

static int open_service(void **state)
{
    (void)state;
    service_test_open(&certification);
    arena = arena_new(0);
    first = service_test_staff(11, "cert.handover");
    second = service_test_staff(12, "cert.handover");
    stranger = service_test_staff(13, "cert.member.review");
    service_test_sql(
        "CREATE FUNCTION pg_temp.broken(statement text) RETURNS text LANGUAGE plpgsql "
        "AS $$ DECLARE broken text; BEGIN EXECUTE statement; RETURN ''; EXCEPTION WHEN "
        "check_violation THEN GET STACKED DIAGNOSTICS broken = CONSTRAINT_NAME; RETURN "
        "broken; END $$");
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
        cmocka_unit_test(test_every_event_in_every_state),
        cmocka_unit_test(test_the_database_keeps_the_states),
        cmocka_unit_test(test_two_persons_and_what_was_asked_stay),
        cmocka_unit_test(test_who_follows_asks_with_his_own_account),
        cmocka_unit_test(test_what_stands_against_it_is_named),
        cmocka_unit_test(test_staff_record_it_for_somebody_without_a_phone),
        cmocka_unit_test(test_auth_is_told_once),
        cmocka_unit_test(test_the_queue_has_the_oldest_first),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
