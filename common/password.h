/* Passwords at rest: argon2id (RFC 9106; 64 MiB, 2 passes, about 70 ms) of a keyed hash whose key, the pepper, is not
   in the database. Burns a core: services do it in an actor (work.h). */
#ifndef GUILD_PASSWORD_H
#define GUILD_PASSWORD_H

#include "secret.h"
#include <stdbool.h>

enum { PASSWORD_HASH_BYTES = 128 };

/* A text with its own salt and parameters. false: no memory. */
bool password_hash(const struct keyring *pepper, const char *password,
                   char out[static PASSWORD_HASH_BYTES]);

bool password_is_right(const struct keyring *pepper, const char *password, const char *hash);

/* Was the hash made with other parameters than today's? Then make it again, now that the password is at hand. */
bool password_is_dated(const char *hash);

/* Burns as long as password_is_right does, where there is no account to look at. */
void password_waste(const struct keyring *pepper, const char *password);

#endif
