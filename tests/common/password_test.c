/* Passwords at rest. */
#include "password.h"
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct keyring *pepper_new(void)
{
    char path[] = "/tmp/password_test_XXXXXX", hex[2 * SECRET_KEY_BYTES + 1];
    const char *why = NULL;
    int fd = mkstemp(path);
    secret_random_hex(hex, SECRET_KEY_BYTES);
    dprintf(fd, "1:%s\n", hex);
    close(fd);
    struct keyring *pepper = keyring_load(path, &why);
    unlink(path);
    assert_non_null(pepper);
    return pepper;
}

static void only_the_password_is_right(void **state)
{
    char hash[PASSWORD_HASH_SIZE], other[PASSWORD_HASH_SIZE];
    struct keyring *pepper = pepper_new();
    (void)state;
    assert_true(password_hash(pepper, "晨曦照在太行山上", PASSWORD_MIB, hash));
    assert_true(password_hash(pepper, "晨曦照在太行山上", PASSWORD_MIB, other));
    assert_string_not_equal(hash, other);
    assert_memory_equal(hash, "$argon2id$v=19$m=65536,t=2,p=1$", 31);
    assert_true(password_matches(pepper, hash, "晨曦照在太行山上", PASSWORD_MIB));
    assert_false(password_matches(pepper, hash, "晨曦照在太行山下", PASSWORD_MIB));
    assert_false(password_matches(pepper, hash, "", PASSWORD_MIB));
    assert_false(password_matches(pepper, "no hash", "晨曦照在太行山上", PASSWORD_MIB));
    assert_false(password_matches(pepper, "", "晨曦照在太行山上", PASSWORD_MIB));
    assert_false(password_is_outdated(hash, PASSWORD_MIB));
    keyring_destroy(&pepper);
}

static void without_the_pepper_it_is_not_right(void **state)
{
    char hash[PASSWORD_HASH_SIZE];
    struct keyring *pepper = pepper_new(), *another = pepper_new();
    (void)state;
    assert_true(password_hash(pepper, "correct horse", PASSWORD_MIB, hash));
    assert_false(password_matches(another, hash, "correct horse", PASSWORD_MIB));
    keyring_destroy(&pepper);
    keyring_destroy(&another);
}

static void weaker_parameters_are_dated(void **state)
{
    char hash[PASSWORD_HASH_SIZE];
    (void)state;
    assert_int_equal(crypto_pwhash_str_alg(hash, "x", 1, crypto_pwhash_OPSLIMIT_MIN,
                                           crypto_pwhash_MEMLIMIT_MIN,
                                           crypto_pwhash_ALG_ARGON2ID13),
                     0);
    assert_true(password_is_outdated(hash, PASSWORD_MIB));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_password_is_right),
        cmocka_unit_test(without_the_pepper_it_is_not_right),
        cmocka_unit_test(weaker_parameters_are_dated),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
