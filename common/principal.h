/* The principal assertion: who is calling, signed by auth (Ed25519), verified by every service itself.
   Its bytes: 64 of signature, then the packed common.Principal. */
#ifndef GUILD_PRINCIPAL_H
#define GUILD_PRINCIPAL_H

#include "arena.h"
#include "common.pb-c.h"
#include <stdbool.h>
#include <stddef.h>

enum {
    PRINCIPAL_BYTES_MAX = 1024,
    PRINCIPAL_MEMBER_SECONDS = 60, /* the longest validity */
    PRINCIPAL_STAFF_SECONDS = 15,
    /* so long before its end no request begins with it any more: one that waits for an instance must still be believed */
    PRINCIPAL_WAIT_SECONDS = 9,
};
#define PRINCIPAL_AUDIENCE "guild"

/* `secret_key` has crypto_sign_SECRETKEYBYTES. Returns the size written, 0 if it does not fit. */
size_t principal_sign(const Common__Principal *principal, const unsigned char *secret_key,
                      unsigned char out[static PRINCIPAL_BYTES_MAX]);

/* Verifies assertions with auth's public key (copied). A signature costs more than the rest of a small read, and a
   session sends the same assertion until it ends: those that were good are remembered, byte for byte. */
struct principals;
struct principals *principals_new(const unsigned char *public_key);
void principals_destroy(struct principals **self);

/* NULL unless signature, audience and time hold. `now` in seconds since 1970. */
const Common__Principal *principals_verify(struct principals *principals, const void *bytes,
                                           size_t size, int64_t now, struct arena *arena);

/* Does a principal hold the permission? */
bool principal_may(const Common__Principal *principal, const char *permission);

#endif
