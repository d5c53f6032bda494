/* D.3: links to renew by. Anybody may ask whether one holds; the account that it was made for uses it once, logged in. */
#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "reasons.h"
#include "service.h"

const struct link_kind renewal_link_kind = {"payment|renewal_link", 8, 12};

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
    int64_t number = link_token_number(state->event_keys, &renewal_link_kind, token);
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
