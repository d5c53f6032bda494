/* What a gateway keeps of sessions, and what it must not. */
#include "sessions.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

enum { NOW = 1000, UNTIL = 60000 };

static const unsigned char cookie[32] = {1}, other_cookie[32] = {2};

static struct session_answer answer_of(unsigned char session, int64_t account_id)
{
    struct session_answer answer = {.session_hash = {session}, .account_id = account_id};
    answer.assertion.size = 1;
    answer.assertion.bytes[0] = session;
    return answer;
}

static void keep(struct sessions *sessions, const unsigned char *hash, unsigned char session,
                 int64_t account_id)
{
    struct session_answer answer = answer_of(session, account_id);
    sessions_keep(sessions, sessions_asking(sessions), hash, &answer, UNTIL);
}

static bool is_known(struct sessions *sessions, const unsigned char *hash, uint64_t now)
{
    struct assertion assertion;
    return sessions_find(sessions, hash, now, &assertion);
}

static int open_sessions(void **state)
{
    *state = sessions_new(64);
    return 0;
}

static int close_sessions(void **state)
{
    sessions_destroy((struct sessions **)state);
    return 0;
}

static void test_kept_until_its_time(void **state)
{
    struct assertion assertion;
    keep(*state, cookie, 7, 1);
    assert_true(sessions_find(*state, cookie, NOW, &assertion));
    assert_int_equal(assertion.bytes[0], 7);
    assert_false(is_known(*state, other_cookie, NOW));
    assert_false(is_known(*state, cookie, UNTIL));
}

static void test_the_end_of_one_and_of_an_account(void **state)
{
    const unsigned char first[32] = {7};
    keep(*state, cookie, 7, 1);
    keep(*state, other_cookie, 8, 1);
    sessions_end(*state, first, 0);
    assert_false(is_known(*state, cookie, NOW));
    assert_true(is_known(*state, other_cookie, NOW));
    sessions_end(*state, NULL, 1);
    assert_false(is_known(*state, other_cookie, NOW));
}

/* Auth says that it is alive, it ends, the gateway hears of the end, and only then of the answer. */
static void test_an_answer_that_was_under_way(void **state)
{
    const unsigned char hash[32] = {7};
    struct session_answer answer = answer_of(7, 1);
    uint64_t asking = sessions_asking(*state);
    sessions_end(*state, hash, 1);
    sessions_keep(*state, asking, cookie, &answer, UNTIL);
    assert_false(is_known(*state, cookie, NOW));

    asking = sessions_asking(*state);
    sessions_end(*state, NULL, 1);
    sessions_keep(*state, asking, cookie, &answer, UNTIL);
    assert_false(is_known(*state, cookie, NOW));

    asking = sessions_asking(*state);
    sessions_forget(*state);
    sessions_keep(*state, asking, cookie, &answer, UNTIL);
    assert_false(is_known(*state, cookie, NOW));

    sessions_keep(*state, sessions_asking(*state), cookie, &answer, UNTIL);
    assert_true(is_known(*state, cookie, NOW));
}

static void test_the_one_that_ends_first_makes_room(void **state)
{
    unsigned char hashes[6][32] = {{0}};
    for (unsigned char i = 0; i < 6; i++) { /* all of one set: the hash begins alike */
        struct session_answer answer = answer_of(i, i);
        hashes[i][31] = (unsigned char)(i + 1);
        sessions_keep(*state, sessions_asking(*state), hashes[i], &answer, UNTIL + i);
    }
    for (int i = 0; i < 6; i++)
        assert_int_equal(is_known(*state, hashes[i], NOW), i >= 2);
}

#define SESSIONS_TEST(name) cmocka_unit_test_setup_teardown(name, open_sessions, close_sessions)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SESSIONS_TEST(test_kept_until_its_time),
        SESSIONS_TEST(test_the_end_of_one_and_of_an_account),
        SESSIONS_TEST(test_an_answer_that_was_under_way),
        SESSIONS_TEST(test_the_one_that_ends_first_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
