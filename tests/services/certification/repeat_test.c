/* Writes that are repeated: because the answer got lost, or by a thousand at once. One effect, one answer. */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "lossy.h"
#include "service_test.h"
#include <string.h>

enum { CROWD = 1000, EVERY_ANSWER = 255 };

static int64_t account;

static Certification__OwnerUnitForm form(const char *name)
{
    Certification__OwnerUnitForm form = CERTIFICATION__OWNER_UNIT_FORM__INIT;
    form.unit_name = (char *)(uintptr_t)name;
    return form;
}

static Certification__SaveDraftRequest draft(Certification__OwnerUnitForm *unit)
{
    Certification__SaveDraftRequest request = CERTIFICATION__SAVE_DRAFT_REQUEST__INIT;
    request.kind = CERTIFICATION__IDENTITY__KIND__OWNER_UNIT;
    static Certification__Form whole = CERTIFICATION__FORM__INIT;
    whole.owner_unit = unit;
    request.form = &whole;
    return request;
}

static enum status save(const char *name, const char *key, ProtobufCMessage **ret_reply)
{
    Certification__OwnerUnitForm unit = form(name);
    Certification__SaveDraftRequest request = draft(&unit);
    Common__Principal person = service_test_member(account);
    return service_test_call(&person, "gateway", "SaveDraft", &request.base, key, ret_reply);
}

static void assert_saved(const char *name, const char *key)
{
    ProtobufCMessage *reply;
    assert_int_equal(save(name, key, &reply), STATUS_OK);
    assert_int_equal(((const Certification__Draft *)reply)->version, 1);
    assert_string_equal(
        service_test_value("SELECT form ->> 'unit_name' FROM draft WHERE account_id = %lld",
                           (long long)account),
        name);
}

static const char *kept(void)
{
    return service_test_value("SELECT coalesce(max(version || ' ' || (form ->> 'unit_name')), '') "
                              "FROM draft WHERE account_id = %lld",
                              (long long)account);
}

/* ---- the connection dies between COMMIT and its answer */

static void test_a_lost_answer_is_asked_for_by_its_key(void **state)
{
    (void)state;
    lossy_lose(1);
    assert_saved("甲", "key-00000001");
    assert_string_equal(kept(), "1 甲");
    assert_saved("甲", "key-00000001"); /* as a browser would */
    assert_string_equal(kept(), "1 甲");
}

static void test_lost_again_it_is_asked_for_again(void **state)
{
    (void)state;
    lossy_lose(3); /* the write's, and those of both connections that are made anew */
    assert_saved("乙", "key-00000001");
    assert_string_equal(kept(), "1 乙");
}

static void answer_again(void *owner)
{
    (void)owner;
    lossy_lose(0);
}

/* Nothing comes through for a while, as when PostgreSQL starts anew: the call waits for its answer. */
static void test_an_answer_is_waited_for_while_the_database_is_away(void **state)
{
    (void)state;
    lossy_lose(EVERY_ANSWER);
    loop_after(service_test_run()->loop, 700, answer_again, NULL);
    assert_saved("丙", "key-00000001");
    assert_string_equal(kept(), "1 丙");
}

/* Nobody can ask what became of it: nobody says that it failed. */
static void test_without_a_key_the_outcome_is_said_to_be_unknown(void **state)
{
    ProtobufCMessage *reply;
    (void)state;
    lossy_lose(1);
    assert_int_equal(save("丁", "", &reply), STATUS_TIMEOUT);
    assert_string_equal(((const Common__Problem *)reply)->reason, "outcome_unknown");
    assert_string_equal(kept(), "1 丁");
}

static void test_without_an_answer_in_time_the_outcome_is_unknown(void **state)
{
    Certification__OwnerUnitForm unit = form("戊");
    Certification__SaveDraftRequest request = draft(&unit);
    Common__Principal person = service_test_member(account);
    ProtobufCMessage *reply;
    (void)state;
    lossy_lose(EVERY_ANSWER);
    assert_int_equal(service_test_call_for(1000, &person, "gateway", "SaveDraft", &request.base,
                                           "key-00000001", &reply),
                     STATUS_TIMEOUT);
    lossy_lose(0);
    service_test_until_ready();
    assert_string_equal(kept(), "1 戊");
    assert_saved("戊", "key-00000001"); /* the key tells later */
}

/* ---- the connection dies before COMMIT */

static void test_what_was_not_done_is_done_once(void **state)
{
    (void)state;
    service_test_sql(
        "CREATE SEQUENCE deaths; GRANT ALL ON SEQUENCE deaths TO PUBLIC;"
        "CREATE FUNCTION die_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF nextval('deaths') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;"
        " RETURN NEW; END $$;"
        "CREATE TRIGGER die_once BEFORE INSERT ON draft FOR EACH ROW EXECUTE FUNCTION die_once()");
    assert_saved("己", "key-00000001");
    assert_string_equal(kept(), "1 己");
    assert_string_equal(service_test_value("SELECT (last_value > 1)::text FROM deaths"), "true");
    service_test_sql("DROP TRIGGER die_once ON draft");
}

/* ---- many at once */

static struct {
    struct arena *arena;
    size_t answered, refused;
    const void *first;
    size_t size;
} crowd;

static void on_answer(void *to, enum status status, const void *payload, size_t size)
{
    bool other = to != NULL;
    if (other) {
        assert_int_equal(status, STATUS_INVALID);
        crowd.refused++;
    } else {
        assert_int_equal(status, STATUS_OK);
        if (crowd.first == NULL) {
            crowd.first = arena_copy(crowd.arena, payload, size);
            crowd.size = size;
        }
        assert_int_equal(size, crowd.size);
        assert_memory_equal(payload, crowd.first, size);
    }
    if (++crowd.answered == CROWD + 1)
        loop_stop(service_test_run()->loop);
}

static void ask(const char *name, void *to)
{
    Certification__OwnerUnitForm unit = form(name);
    Certification__SaveDraftRequest request = draft(&unit);
    Common__Principal *person = arena_alloc(crowd.arena, sizeof *person);
    *person = service_test_member(account);
    service_test_begin(person, "SaveDraft", &request.base, "key-00000001", on_answer, to);
}

static void test_a_thousand_with_one_key_have_one_effect_and_one_answer(void **state)
{
    (void)state;
    crowd.arena = arena_new(0);
    for (int i = 0; i < CROWD; i++)
        ask("庚", NULL);
    ask("另一个", &crowd); /* the same key for something else */
    loop_run(service_test_run()->loop);
    assert_int_equal(crowd.answered, CROWD + 1);
    assert_int_equal(crowd.refused, 1);
    assert_string_equal(kept(), "1 庚");
    assert_string_equal(service_test_value("SELECT count(*) FROM idempotency WHERE principal = "
                                           "'MEMBER:%lld'",
                                           (long long)account),
                        "1");
    arena_destroy(&crowd.arena);
}

static int open_service(void **state)
{
    (void)state;
    service_test_be_lossy();
    service_test_open(&certification);
    return 0;
}

/* Each test has an account of its own. */
static int open_account(void **state)
{
    (void)state;
    account++;
    service_test_until_ready();
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
#define TEST(it) cmocka_unit_test_setup(it, open_account)
    const struct CMUnitTest tests[] = {
        TEST(test_a_lost_answer_is_asked_for_by_its_key),
        TEST(test_lost_again_it_is_asked_for_again),
        TEST(test_an_answer_is_waited_for_while_the_database_is_away),
        TEST(test_without_a_key_the_outcome_is_said_to_be_unknown),
        TEST(test_without_an_answer_in_time_the_outcome_is_unknown),
        TEST(test_what_was_not_done_is_done_once),
        TEST(test_a_thousand_with_one_key_have_one_effect_and_one_answer),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
