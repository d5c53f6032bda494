/* So many requests an address, and no more; others are not touched. */
#include "limit.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>

enum { PER_SECOND = 10, BURST = PER_SECOND * LIMIT_BURST_S };

static unsigned taken(struct limit *limit, const char *address, unsigned tries, uint64_t now)
{
    uint32_t after_s = 0;
    unsigned count = 0;
    for (unsigned i = 0; i < tries; i++)
        if (limit_take(limit, address, now, &after_s))
            count++;
        else
            assert_int_equal(after_s, 1);
    return count;
}

static void test_a_burst_and_a_rate(void **state)
{
    struct limit *limit = limit_new(PER_SECOND);
    (void)state;
    assert_int_equal(taken(limit, "10.0.0.1", 1000, 1000), BURST);
    assert_int_equal(taken(limit, "10.0.0.2", 5, 1000), 5);
    assert_int_equal(taken(limit, "10.0.0.1", 1000, 2000), PER_SECOND);
    for (uint64_t now = 3000; now < 13000; now += 100)
        assert_int_equal(taken(limit, "10.0.0.1", 1, now),
                         1); /* as many as it may, for as long as it likes */
    assert_int_equal(taken(limit, "10.0.0.1", 1000, 60000), BURST);
    limit_destroy(&limit);
}

/* Threads come in another order than they have read the clock. */
static void test_clocks_that_cross(void **state)
{
    struct limit *limit = limit_new(PER_SECOND);
    (void)state;
    assert_int_equal(taken(limit, "10.0.0.1", BURST, 1001), BURST);
    assert_int_equal(taken(limit, "10.0.0.1", 100, 1000), 0);
    limit_destroy(&limit);
}

/* A hundred thousand addresses cannot make it forget one that asks too much. */
static void test_many_addresses(void **state)
{
    struct limit *limit = limit_new(PER_SECOND);
    char address[32];
    (void)state;
    assert_int_equal(taken(limit, "10.0.0.1", BURST, 1000), BURST);
    for (unsigned i = 0; i < 100000; i++) {
        snprintf(address, sizeof address, "2001:db8::%x", i);
        assert_int_equal(taken(limit, address, 1, 1000), 1);
    }
    assert_int_equal(taken(limit, "10.0.0.1", 100, 1000), 0);
    limit_destroy(&limit);
}

static void test_no_limit(void **state)
{
    struct limit *limit = limit_new(0);
    (void)state;
    assert_int_equal(taken(limit, "10.0.0.1", 100000, 1000), 100000);
    limit_destroy(&limit);
    limit_destroy(&limit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_burst_and_a_rate),
        cmocka_unit_test(test_clocks_that_cross),
        cmocka_unit_test(test_many_addresses),
        cmocka_unit_test(test_no_limit),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
