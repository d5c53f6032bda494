#include "password.h"

#include <sodium.h>
#include <string.h>

enum { PASSES = 2, MEMORY_BYTES = 64 * 1024 * 1024, PEPPERED_BYTES = 32 };

_Static_assert(PASSWORD_HASH_BYTES >= crypto_pwhash_STRBYTES, "a hash fits");

static void pepper_on(const struct keyring *pepper, const char *password,
                      unsigned char out[static PEPPERED_BYTES])
{
    secret_mac(pepper, "password", password, strlen(password), out);
}

bool password_hash(const struct keyring *pepper, const char *password,
                   char out[static PASSWORD_HASH_BYTES])
{
    unsigned char peppered[PEPPERED_BYTES];
    pepper_on(pepper, password, peppered);
    int failed = crypto_pwhash_str_alg(out, (const char *)peppered, sizeof peppered, PASSES,
                                       MEMORY_BYTES, crypto_pwhash_ALG_ARGON2ID13);
    sodium_memzero(peppered, sizeof peppered);
    return failed == 0;
}

bool password_is_right(const struct keyring *pepper, const char *password, const char *hash)
{
    unsigned char peppered[PEPPERED_BYTES];
    pepper_on(pepper, password, peppered);
    int failed = crypto_pwhash_str_verify(hash, (const char *)peppered, sizeof peppered);
    sodium_memzero(peppered, sizeof peppered);
    return failed == 0;
}

bool password_is_dated(const char *hash)
{
    return crypto_pwhash_str_needs_rehash(hash, PASSES, MEMORY_BYTES) != 0;
}

void password_waste(const struct keyring *pepper, const char *password)
{
    char hash[PASSWORD_HASH_BYTES];
    (void)password_hash(pepper, password, hash);
}
