/* Password hashes: argon2id over the peppered password (the pepper is a keyring outside the database). Burns 64 MiB
   and some 70 ms: for actors. */
#ifndef GUILD_PASSWORD_H
#define GUILD_PASSWORD_H

#include "secret.h"
#include <stdbool.h>
#include <stddef.h>

enum { PASSWORD_HASH_SIZE = 128, PASSWORD_MIB = 64 };

/* `mib`: memory in MiB (PASSWORD_MIB; 19 is the least that is documented). false: no memory for it. */
bool password_hash(const struct keyring *pepper, const char *password, size_t mib,
                   char out[static PASSWORD_HASH_SIZE]);

/* An empty hash takes as long as any and never matches: an unknown account answers like a known one. */
bool password_matches(const struct keyring *pepper, const char *hash, const char *password,
                      size_t mib);

/* Was it made with less than today's parameters? */
bool password_is_outdated(const char *hash, size_t mib);

#endif
