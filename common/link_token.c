#include "link_token.h"

#include <sodium.h>
#include <string.h>

#define BASE64URL sodium_base64_VARIANT_URLSAFE_NO_PADDING
enum { TOKEN_MAX = 20 };

static int64_t number_of(const unsigned char *bytes, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++)
        number = number << 8 | bytes[i];
    return (int64_t)number;
}

static int64_t token_new(const struct keyring *keys, const struct link_kind *kind,
                         char out[static LINK_TOKEN_SIZE])
{
    unsigned char token[TOKEN_MAX], mac[32];
    randombytes_buf(token, kind->number_bytes);
    token[0] &= 0x7f;
    token[kind->number_bytes - 1] |= 1;
    secret_mac(keys, kind->domain, token, kind->number_bytes, mac);
    memcpy(token + kind->number_bytes, mac, kind->signature_bytes);
    sodium_bin2base64(out, LINK_TOKEN_SIZE, token, kind->number_bytes + kind->signature_bytes,
                      BASE64URL);
    return number_of(token, kind->number_bytes);
}

void link_tokens_set(struct call *c, const struct keyring *keys, const struct link_kind *kind,
                     size_t count)
{
    const char **ids = arena_alloc(c->arena, (count + 1) * sizeof *ids),
               **tokens = arena_alloc(c->arena, (count + 1) * sizeof *tokens);
    char token[LINK_TOKEN_SIZE];
    for (size_t i = 0; i < count; i++) {
        ids[i] = arena_printf(c->arena, "%lld", (long long)token_new(keys, kind, token));
        tokens[i] = arena_text(c->arena, token);
    }
    call_set(c, "link_ids", message_array(ids, count, c->arena));
    call_set(c, "link_tokens", message_array(tokens, count, c->arena));
}

int64_t link_token_number(const struct keyring *keys, const struct link_kind *kind,
                          const char *token)
{
    unsigned char bytes[TOKEN_MAX], mac[32];
    size_t size = 0;
    if (sodium_base642bin(bytes, sizeof bytes, token, strlen(token), NULL, &size, NULL,
                          BASE64URL) != 0 ||
        size != kind->number_bytes + kind->signature_bytes)
        return 0;
    for (size_t nth = 0; secret_mac_nth(keys, nth, kind->domain, bytes, kind->number_bytes, mac);
         nth++)
        if (sodium_memcmp(mac, bytes + kind->number_bytes, kind->signature_bytes) == 0)
            return number_of(bytes, kind->number_bytes);
    return 0;
}
