/* D.3: links to renew by. Anybody may ask whether one holds; the account that it was made for uses it once, logged in. */
#include "renewal_link.h"

#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "reasons.h"
#include "service.h"
#include <sodium.h>
#include <string.h>

#define DOMAIN "payment|renewal_link"
#define BASE64URL sodium_base64_VARIANT_URLSAFE_NO_PADDING
enum { NUMBER_BYTES = 8, MAC_BYTES = 12, TOKEN_BYTES = NUMBER_BYTES + MAC_BYTES };

int64_t renewal_link_new(const struct keyring *keys, char out[static RENEWAL_TOKEN_SIZE])
{
    unsigned char token[TOKEN_BYTES], mac[32];
    uint64_t number = 0;
    randombytes_buf(token, NUMBER_BYTES);
    token[0] &= 0x7f;
    token[NUMBER_BYTES - 1] |= 1;
    for (size_t i = 0; i < NUMBER_BYTES; i++)
        number = number << 8 | token[i];
    secret_mac(keys, DOMAIN, token, NUMBER_BYTES, mac);
    memcpy(token + NUMBER_BYTES, mac, MAC_BYTES);
    sodium_bin2base64(out, RENEWAL_TOKEN_SIZE, token, sizeof token, BASE64URL);
    return (int64_t)number;
}

int64_t renewal_link_number(const struct keyring *keys, const char *token)
{
    unsigned char bytes[TOKEN_BYTES], mac[32];
    uint64_t number = 0;
    size_t size = 0;
    if (sodium_base642bin(bytes, sizeof bytes, token, strlen(token), NULL, &size, NULL,
                          BASE64URL) != 0 ||
        size != sizeof bytes)
        return 0;
    for (size_t i = 0; i < NUMBER_BYTES; i++)
        number = number << 8 | bytes[i];
    for (size_t nth = 0; secret_mac_nth(keys, nth, DOMAIN, bytes, NUMBER_BYTES, mac); nth++)
        if (sodium_memcmp(mac, bytes + NUMBER_BYTES, MAC_BYTES) == 0)
            return (int64_t)number;
    return 0;
}

/* ---- operations */

typedef Payment__RenewalLink__State link_state;

static answer say(struct call *c, link_state state)
{
    Payment__RenewalLink reply = PAYMENT__RENEWAL_LINK__INIT;
    reply.state = state;
    return call_reply(c, &reply.base);
}

static link_state state_of(const struct rows *row)
{
    if (row->count == 0)
        return PAYMENT__RENEWAL_LINK__STATE__INVALID;
    if (rows_true(row, 0, "is_used"))
        return PAYMENT__RENEWAL_LINK__STATE__USED;
    return rows_true(row, 0, "is_over") ? PAYMENT__RENEWAL_LINK__STATE__EXPIRED
                                        : PAYMENT__RENEWAL_LINK__STATE__VALID;
}

/* Binds :link_id. false: the token is none of ours. */
static bool set_link(struct call *c, const char *token)
{
    const struct payment *state = service_state(c->run);
    int64_t number = renewal_link_number(state->event_keys, token);
    call_set_integer(c, "link_id", number);
    return number != 0;
}

static answer link_checked(struct call *c, const struct rows *results)
{
    return say(c, state_of(&results[0]));
}

static answer link_check(struct call *c)
{
    const Payment__RenewalLinkRequest *req = c->request;
    if (!set_link(c, req->token))
        return say(c, PAYMENT__RENEWAL_LINK__STATE__INVALID);
    batch_add(c, &sql_renewal_link_get);
    return batch_then(c, link_checked);
}

static answer link_used(struct call *c, const struct rows *results)
{
    if (results[1].count > 0)
        return say(c, PAYMENT__RENEWAL_LINK__STATE__VALID);
    link_state state = state_of(&results[0]);
    return say(c, state == PAYMENT__RENEWAL_LINK__STATE__VALID
                      ? PAYMENT__RENEWAL_LINK__STATE__OF_ANOTHER
                      : state);
}

static answer link_use(struct call *c)
{
    const Payment__RenewalLinkRequest *req = c->request;
    if (!set_link(c, req->token))
        return say(c, PAYMENT__RENEWAL_LINK__STATE__INVALID);
    batch_add(c, &sql_renewal_link_get);
    batch_add(c, &sql_renewal_link_use);
    return batch_then(c, link_used);
}

const struct op renewal_link_ops[] = {
    {"CheckRenewalLink", PUBLIC, link_check, 0},
    {"UseRenewalLink",   MEMBER, link_use,   0},
    OP_END,
};
