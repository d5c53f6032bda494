#include "principal.h"

#include "message.h"
#include <sodium.h>
#include <string.h>

size_t principal_sign(const Common__Principal *principal, const unsigned char *secret_key,
                      unsigned char out[static PRINCIPAL_BYTES_MAX])
{
    size_t size = common__principal__get_packed_size(principal);
    if (size > PRINCIPAL_BYTES_MAX - crypto_sign_BYTES)
        return 0;
    common__principal__pack(principal, out + crypto_sign_BYTES);
    crypto_sign_detached(out, NULL, out + crypto_sign_BYTES, size, secret_key);
    return crypto_sign_BYTES + size;
}

const Common__Principal *principal_verify(const void *bytes, size_t size,
                                          const unsigned char *public_key, int64_t now,
                                          struct arena *arena)
{
    const unsigned char *at = bytes;
    if (size <= crypto_sign_BYTES || size > PRINCIPAL_BYTES_MAX)
        return NULL;
    at += crypto_sign_BYTES;
    size -= crypto_sign_BYTES;
    if (crypto_sign_verify_detached(bytes, at, size, public_key) != 0)
        return NULL;

    const Common__Principal *principal =
        (const void *)message_unpack(&common__principal__descriptor, at, size, arena);
    if (principal == NULL || strcmp(principal->audience, PRINCIPAL_AUDIENCE) != 0)
        return NULL;
    int64_t longest = principal->kind == COMMON__PRINCIPAL__KIND__STAFF ? PRINCIPAL_STAFF_SECONDS
                                                                        : PRINCIPAL_MEMBER_SECONDS;
    /* a second's grace for clocks that differ between machines */
    if (principal->expires_at < now || principal->expires_at > now + longest + 1)
        return NULL;
    return principal;
}

bool principal_may(const Common__Principal *principal, const char *permission)
{
    for (size_t i = 0; i < principal->n_permissions; i++)
        if (strcmp(principal->permissions[i], permission) == 0)
            return true;
    return false;
}
