/* A unit's account gets another responsible person (SM11): that he has his phone at hand, and the switch that
   certification asks for once two persons have agreed. */
#include "auth.pb-c.h"
#include "auth_queries.h"
#include "event.h"
#include "nouns.h"
#include "reasons.h"
#include <inttypes.h>
#include <string.h>

/* ---- the new phone */

static answer proof_done(struct call *c, const struct rows *results)
{
    const Auth__ProvePhoneRequest *req = c->request;
    Auth__PhoneProof reply = AUTH__PHONE_PROOF__INIT;
    const char *told = arena_printf(
        c->arena, "%" PRId64 "|%s|%" PRId64 "|%" PRId64, c->caller->account_id, req->phone,
        rows_integer(&results[1], 0, "id"), rows_integer(&results[1], 0, "proven_until"));
    reply.proof = secret_seal_text(auth_of(c)->event_keys, "proof|phone", told, c->arena);
    return call_reply(c, &reply.base);
}

static answer proof_code_taken(struct call *c, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING)
        return call_fail_field(c, "sms_code", call_words(c, REASON_code_wrong));
    call_set(c, "code_id", arena_text(c->arena, reply->str));
    batch_add(c, &sql_code_use);
    batch_add(c, &sql_phone_account);
    return batch_then(c, proof_done);
}

static answer phone_prove(struct call *c)
{
    const Auth__ProvePhoneRequest *req = c->request;
    return store_code_take(c, "HANDOVER", req->phone, req->nonce,
                           code_mac(c, "HANDOVER", req->phone, req->nonce, req->sms_code),
                           proof_code_taken);
}

/* ---- the switch: account_hand_over does it once, however often it is told */

static answer handed_over(struct call *c, const struct rows *results)
{
    Common__Empty empty = COMMON__EMPTY__INIT;
    for (size_t i = 0; i < results[0].count; i++)
        session_revoke(c, NULL, rows_integer(&results[0], i, "ended"));
    return call_reply(c, &empty.base);
}

static answer event_deliver(struct call *c)
{
    static const char *const members[] = {"handover_id",     "account_id", "new_phone",
                                          "closing_account", "unit_name",  "new_name"};
    const Common__DeliverEventRequest *req = c->request;
    struct event event;
    if (!event_open(auth_of(c)->event_keys, req, c->arena, &event) ||
        strcmp(event.name, "handover.approved") != 0)
        return call_fail(c, REASON_malformed);
    call_set(c, "event_source", req->source);
    call_set(c, "event_id", req->event_id);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        call_set(c, members[i], event_text(&event, members[i], c->arena));
    batch_add(c, &sql_account_hand_over);
    return batch_then(c, handed_over);
}

const struct op handover_ops[] = {
    {"ProvePhone",   MEMBER,        phone_prove,   0},
    {"DeliverEvent", SERVICES_ONLY, event_deliver, 0},
    OP_END,
};
