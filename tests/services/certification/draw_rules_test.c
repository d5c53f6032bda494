/* The draw's vectors, which another implementation (Python's hashlib and hmac) made; and that every candidate counts once. */
#include "draw_rules.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char WITNESS[] = "骰子 3 5 2";

static void seed_of(const char *beacon_hex, unsigned char seed[DRAW_BYTES])
{
    unsigned char server_seed[DRAW_BYTES], hash[DRAW_BYTES], beacon[DRAW_BYTES];
    for (unsigned i = 0; i < DRAW_BYTES; i++)
        server_seed[i] = (unsigned char)i;
    crypto_hash_sha256(hash, (const unsigned char *)"{\"candidates\":[]}", 17);
    if (beacon_hex != NULL)
        assert_true(draw_rules_hex(beacon_hex, beacon));
    draw_rules_seed(server_seed, WITNESS, beacon_hex == NULL ? NULL : beacon, hash, seed);
}

static void assert_hex(const unsigned char *bytes, const char *expected)
{
    char hex[2 * DRAW_BYTES + 1];
    sodium_bin2hex(hex, sizeof hex, bytes, DRAW_BYTES);
    assert_int_equal(strncmp(hex, expected, strlen(expected)), 0);
}

static void test_seeds(void **state)
{
    static const char ones[] = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
    unsigned char seed[DRAW_BYTES];
    (void)state;
    seed_of(NULL, seed);
    assert_hex(seed, "b4d79f3bc517c1d26faa645ecfeec3754f04224183c72c453653d295e74b8439");
    seed_of(ones, seed);
    assert_hex(seed, "2e8939c37465ffeb3b0d554ebd1e01a7d7259370bea243ba1fbda80f349fd9ee");
}

static void test_the_order(void **state)
{
    static const unsigned counts[] = {2, 1};
    struct draw_entry entries[] = {
        {.slot = 1, .expert_no = "ZJ-10001"},
        {.slot = 1, .expert_no = "ZJ-10002"},
        {.slot = 1, .expert_no = "ZJ-10003"},
        {.slot = 1, .expert_no = "ZJ-10004"},
        {.slot = 2, .expert_no = "ZJ-10001"},
        {.slot = 2, .expert_no = "ZJ-10002"},
        {.slot = 2, .expert_no = "ZJ-10003"}
    };
    static const struct {
        unsigned slot, place;
        const char *expert_no, *key;
        Certification__DrawResult__Outcome outcome;
    } expected[] = {
        {1, 1, "ZJ-10002", "10f2f803462990af", CERTIFICATION__DRAW_RESULT__OUTCOME__DRAWN    },
        {1, 2, "ZJ-10003", "26488bfea50c6cff", CERTIFICATION__DRAW_RESULT__OUTCOME__DRAWN    },
        {1, 3, "ZJ-10001", "2a106ca68def33e0", CERTIFICATION__DRAW_RESULT__OUTCOME__ALTERNATE},
        {1, 4, "ZJ-10004", "860c035507fc4b0c", CERTIFICATION__DRAW_RESULT__OUTCOME__ALTERNATE},
        {2, 1, "ZJ-10001", "400c256278ad7df4", CERTIFICATION__DRAW_RESULT__OUTCOME__DRAWN    },
        {2, 2, "ZJ-10003", "56770839ae456e71", CERTIFICATION__DRAW_RESULT__OUTCOME__ELSEWHERE},
        {2, 3, "ZJ-10002", "66ed17689576e18c", CERTIFICATION__DRAW_RESULT__OUTCOME__ELSEWHERE},
    };
    unsigned char seed[DRAW_BYTES];
    (void)state;
    seed_of(NULL, seed);
    draw_rules_order(seed, counts, entries, sizeof entries / sizeof entries[0]);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_int_equal(entries[i].slot, expected[i].slot);
        assert_int_equal(entries[i].place, expected[i].place);
        assert_string_equal(entries[i].expert_no, expected[i].expert_no);
        assert_hex(entries[i].key, expected[i].key);
        assert_int_equal(entries[i].outcome, expected[i].outcome);
    }
}

/* Of ten, three are drawn 3000 times: each about 900 times (six standard deviations are 150). */
static void test_nobody_is_preferred(void **state)
{
    static const unsigned counts[] = {3};
    static const char *const numbers[] = {"ZJ-10001", "ZJ-10002", "ZJ-10003", "ZJ-10004",
                                          "ZJ-10005", "ZJ-10006", "ZJ-10007", "ZJ-10008",
                                          "ZJ-10009", "ZJ-10010"};
    unsigned times[10] = {0};
    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        struct draw_entry entries[10];
        unsigned char seed[DRAW_BYTES];
        crypto_hash_sha256(seed, (const unsigned char *)&round, sizeof round);
        for (size_t i = 0; i < 10; i++)
            entries[i] = (struct draw_entry){.slot = 1, .expert_no = numbers[i]};
        draw_rules_order(seed, counts, entries, 10);
        for (size_t i = 0; i < 10; i++)
            for (size_t j = 0;
                 j < 10 && entries[i].outcome == CERTIFICATION__DRAW_RESULT__OUTCOME__DRAWN; j++)
                times[j] += strcmp(entries[i].expert_no, numbers[j]) == 0;
    }
    for (size_t i = 0; i < 10; i++)
        assert_in_range(times[i], 750, 1050);
}

static void test_hex(void **state)
{
    unsigned char out[DRAW_BYTES];
    (void)state;
    assert_false(draw_rules_hex("", out));
    assert_false(draw_rules_hex("ff", out));
    assert_false(
        draw_rules_hex("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffgg", out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_the_order),
        cmocka_unit_test(test_nobody_is_preferred),
        cmocka_unit_test(test_hex),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
