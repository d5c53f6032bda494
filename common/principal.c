#include "principal.h"

#include "message.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { REMEMBERED = 1024 };

/* A signature's first bytes are as good as random: they choose the place. */
struct principals {
    unsigned char public_key[crypto_sign_PUBLICKEYBYTES];
    struct good {
        unsigned char *bytes;
        size_t size;
    } good[REMEMBERED];
};

struct principals *principals_new(const unsigned char *public_key)
{
    struct principals *principals = calloc(1, sizeof *principals);
    if (principals == NULL)
        abort();
    memcpy(principals->public_key, public_key, sizeof principals->public_key);
    return principals;
}

void principals_destroy(struct principals **self)
{
    if (*self == NULL)
        return;
    for (size_t i = 0; i < REMEMBERED; i++)
        free((*self)->good[i].bytes);
    free(*self);
    *self = NULL;
}

static bool signature_is_good(struct principals *principals, const unsigned char *bytes,
                              size_t size)
{
    struct good *good = &principals->good[(bytes[0] | bytes[1] << 8) % REMEMBERED];
    if (good->size == size && memcmp(good->bytes, bytes, size) == 0)
        return true;
    if (crypto_sign_verify_detached(bytes, bytes + crypto_sign_BYTES, size - crypto_sign_BYTES,
                                    principals->public_key) != 0)
        return false;
    unsigned char *copy = realloc(good->bytes, size);
    if (copy == NULL)
        abort();
    memcpy(copy, bytes, size);
    *good = (struct good){copy, size};
    return true;
}

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

const Common__Principal *principals_verify(struct principals *principals, const void *bytes,
                                           size_t size, int64_t now, struct arena *arena)
{
    const unsigned char *at = bytes;
    if (size <= crypto_sign_BYTES || size > PRINCIPAL_BYTES_MAX ||
        !signature_is_good(principals, at, size))
        return NULL;

    const Common__Principal *principal = (const void *)message_unpack(
        &common__principal__descriptor, at + crypto_sign_BYTES, size - crypto_sign_BYTES, arena);
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
