/* Codes by SMS: six digits, five minutes, five tries, bound to phone, purpose and page, used once. */
#include "auth.pb-c.h"
#include "auth_queries.h"
#include "nouns.h"
#include "reasons.h"
#include "rules.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

const char *code_mac(struct call *c, const char *purpose, const char *phone, const char *nonce,
                     const char *code)
{
    unsigned char mac[32];
    const char *text = arena_printf(c->arena, "%s|%s|%s|%s", purpose, phone, nonce, code);
    char *hex = arena_alloc(c->arena, 65);
    secret_mac(auth_of(c)->pepper, "code", text, strlen(text), mac);
    return sodium_bin2hex(hex, 65, mac, sizeof mac);
}

/* The same words whether a message went out or not. */
static answer say_sent(struct call *c, uint32_t resend_after_s)
{
    Auth__SendCodeReply reply = AUTH__SEND_CODE_REPLY__INIT;
    reply.resend_after_s = resend_after_s;
    reply.valid_for_s = RULES_CODE_S;
    return call_reply(c, &reply.base);
}

static answer code_told(struct call *c, const struct rows *results)
{
    (void)results;
    return say_sent(c, RULES_RESEND_S);
}

static answer code_counted(struct call *c, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
        return call_fail(c, REASON_internal);
    if (reply->element[0]->integer == 0)
        return say_sent(c, (uint32_t)reply->element[1]->integer);
    batch_add(c, &sql_code_request);
    return batch_then(c, code_told);
}

static answer code_send(struct call *c)
{
    const Auth__SendCodeRequest *req = c->request;
    char code[8], id[33];
    const char *purpose = NULL;
    message_bind(&req->base, "purpose", c->arena, &purpose);
    snprintf(code, sizeof code, "%06u", randombytes_uniform(1000000));
    secret_random_hex(id, 16);
    call_set(c, "sealed_code",
             secret_seal_text(auth_of(c)->event_keys, "event|code", code, c->arena));
    return store_code_put(c, purpose, req->phone, req->nonce, req->client_address,
                          code_mac(c, purpose, req->phone, req->nonce, code),
                          arena_text(c->arena, id), code_counted);
}

const struct op code_ops[] = {
    {"SendCode", PUBLIC, code_send, 0},
    OP_END,
};
