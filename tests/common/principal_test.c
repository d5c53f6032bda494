/* Assertions of who is calling: what is believed, and what is not. */
#include "principal.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>
#include <string.h>

static unsigned char public_key[crypto_sign_PUBLICKEYBYTES], secret_key[crypto_sign_SECRETKEYBYTES];
static struct principals *principals;
static struct arena *arena;

static const int64_t NOW = 1000000;

static size_t sign(int64_t account, int64_t expires_at, const char *audience,
                   unsigned char out[static PRINCIPAL_BYTES_MAX])
{
    Common__Principal principal = COMMON__PRINCIPAL__INIT;
    principal.kind = COMMON__PRINCIPAL__KIND__MEMBER;
    principal.account_id = account;
    principal.expires_at = expires_at;
    principal.audience = (char *)(uintptr_t)audience;
    return principal_sign(&principal, secret_key, out);
}

static const Common__Principal *verify(const unsigned char *bytes, size_t size, int64_t now)
{
    return principals_verify(principals, bytes, size, now, arena);
}

static void test_a_good_one_is_believed_again_and_again(void **state)
{
    unsigned char bytes[PRINCIPAL_BYTES_MAX];
    size_t size = sign(7, NOW + 30, PRINCIPAL_AUDIENCE, bytes);
    (void)state;
    for (int i = 0; i < 3; i++) {
        const Common__Principal *principal = verify(bytes, size, NOW);
        assert_non_null(principal);
        assert_int_equal(principal->account_id, 7);
    }
}

/* Also of one that was good before: every bit counts. */
static void test_a_changed_one_is_not(void **state)
{
    unsigned char bytes[PRINCIPAL_BYTES_MAX];
    size_t size = sign(7, NOW + 30, PRINCIPAL_AUDIENCE, bytes);
    (void)state;
    assert_non_null(verify(bytes, size, NOW));
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= 1;
        assert_null(verify(bytes, size, NOW));
        bytes[i] ^= 1;
    }
    assert_null(verify(bytes, size - 1, NOW));
    assert_null(verify(bytes, crypto_sign_BYTES, NOW));
    assert_null(verify(bytes, 0, NOW));
    assert_non_null(verify(bytes, size, NOW));
}

static void test_its_time_ends_although_it_was_good(void **state)
{
    unsigned char bytes[PRINCIPAL_BYTES_MAX];
    size_t size = sign(7, NOW + 30, PRINCIPAL_AUDIENCE, bytes);
    (void)state;
    assert_non_null(verify(bytes, size, NOW));
    assert_null(verify(bytes, size, NOW + 31));
    size = sign(7, NOW + PRINCIPAL_MEMBER_SECONDS + 2, PRINCIPAL_AUDIENCE, bytes);
    assert_null(verify(bytes, size, NOW)); /* longer than any may be */
}

static void test_another_platform_or_key_is_not_ours(void **state)
{
    unsigned char bytes[PRINCIPAL_BYTES_MAX], other[crypto_sign_PUBLICKEYBYTES],
        others_secret[crypto_sign_SECRETKEYBYTES];
    size_t size = sign(7, NOW + 30, "elsewhere", bytes);
    (void)state;
    assert_null(verify(bytes, size, NOW));
    size = sign(7, NOW + 30, PRINCIPAL_AUDIENCE, bytes);
    crypto_sign_keypair(other, others_secret);
    struct principals *elsewhere = principals_new(other);
    assert_null(principals_verify(elsewhere, bytes, size, NOW, arena));
    principals_destroy(&elsewhere);
}

/* More of them than are remembered push each other out; the answers stay right. */
static void test_many_sessions(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++)
        for (int64_t account = 1; account <= 2000; account++) {
            unsigned char bytes[PRINCIPAL_BYTES_MAX];
            size_t size = sign(account, NOW + 30, PRINCIPAL_AUDIENCE, bytes);
            const Common__Principal *principal = verify(bytes, size, NOW);
            assert_non_null(principal);
            assert_int_equal(principal->account_id, account);
        }
}

static int open_all(void **state)
{
    (void)state;
    if (sodium_init() < 0)
        return -1;
    crypto_sign_keypair(public_key, secret_key);
    principals = principals_new(public_key);
    arena = arena_new(0);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    principals_destroy(&principals);
    arena_destroy(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_one_is_believed_again_and_again),
        cmocka_unit_test(test_a_changed_one_is_not),
        cmocka_unit_test(test_its_time_ends_although_it_was_good),
        cmocka_unit_test(test_another_platform_or_key_is_not_ours),
        cmocka_unit_test(test_many_sessions),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
