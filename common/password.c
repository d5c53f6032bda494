#include "password.h"

#include <sodium.h>
#include <string.h>

enum { PASSES = 2 };

static void pepper_password(const struct keyring *pepper, const char *password, char out[static 65])
{
    unsigned char mac[32];
    secret_mac(pepper, "password", password, strlen(password), mac);
    sodium_bin2hex(out, 65, mac, sizeof mac);
    sodium_memzero(mac, sizeof mac);
}

bool password_hash(const struct keyring *pepper, const char *password, size_t mib,
                   char out[static PASSWORD_HASH_SIZE])
{
    char peppered[65];
    pepper_password(pepper, password, peppered);
    bool done = crypto_pwhash_str_alg(out, peppered, 64, PASSES, mib << 20,
                                      crypto_pwhash_ALG_ARGON2ID13) == 0;
    sodium_memzero(peppered, sizeof peppered);
    return done;
}

bool password_matches(const struct keyring *pepper, const char *hash, const char *password,
                      size_t mib)
{
    char peppered[65], wasted[PASSWORD_HASH_SIZE];
    if (hash[0] == '\0') {
        (void)!password_hash(pepper, password, mib, wasted);
        return false;
    }
    pepper_password(pepper, password, peppered);
    bool matches = crypto_pwhash_str_verify(hash, peppered, 64) == 0;
    sodium_memzero(peppered, sizeof peppered);
    return matches;
}

bool password_is_outdated(const char *hash, size_t mib)
{
    return crypto_pwhash_str_needs_rehash(hash, PASSES, mib << 20) != 0;
}
