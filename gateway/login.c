/* Sessions at the gateway: the cookie, and from it to what auth signed for it. */
#include "auth.pb-c.h"
#include "clock.h"
#include "http.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SESSIONS_ROOM = 4096 };

static struct sessions *sessions;

static void on_revoked(const void *session_hash, int64_t account_id)
{
    sessions_end(sessions, session_hash, account_id);
}

static void on_forget(void)
{
    sessions_forget(sessions);
}

struct bus_listener login_listener(void)
{
    sessions = sessions_new(SESSIONS_ROOM);
    return (struct bus_listener){on_revoked, on_forget};
}

/* ---- the cookie */

static const char *cookie_name(const struct http *h, enum route_session kind)
{
    if (kind == STAFF)
        return h->https ? "__Host-staff_sid" : "staff_sid";
    return h->https ? "__Host-sid" : "sid";
}

static const char *cookie_line(struct http *h, const char *token, uint32_t max_age_s, bool clear)
{
    const char *age = max_age_s == 0 && !clear
                          ? ""
                          : arena_printf(h->arena, "; Max-Age=%u", clear ? 0 : max_age_s);
    return arena_printf(h->arena, "%s=%s; Path=/; HttpOnly; SameSite=Lax%s%s",
                        cookie_name(h, h->route->cookie), token, h->https ? "; Secure" : "", age);
}

bool login_allowed(struct http *h)
{
    if (h->https || strncmp(h->address, "127.", 4) == 0)
        return true;
    http_problem(h, 403, "https_only", "为保护您的密码，请使用https网址登录。", NULL, 0);
    return false;
}

bool login_cookie_set(struct http *h, ProtobufCMessage *reply)
{
    Auth__Session *session = (Auth__Session *)reply;
    if (reply->descriptor != &auth__session__descriptor) {
        http_status_problem(h, STATUS_INTERNAL, 0);
        return false;
    }
    h->cookie = cookie_line(h, session->session_token, session->max_age_s, false);
    session->session_token = arena_text(h->arena, "");
    return true;
}

void login_cookie_clear(struct http *h)
{
    h->cookie = cookie_line(h, "", 0, true);
}

/* ---- from cookie to assertion */

/* What auth says may be kept, unless a session ends meanwhile. */
static bool resolve(struct http *h, const char *token, const unsigned char hash[static 32],
                    struct assertion *ret)
{
    Auth__ResolveSessionRequest request = AUTH__RESOLVE_SESSION_REQUEST__INIT;
    struct session_answer answer;
    uint64_t asking = sessions_asking(sessions);
    request.session_token = (char *)(uintptr_t)token;
    request.kind = h->route->session == STAFF ? COMMON__PRINCIPAL__KIND__STAFF
                                              : COMMON__PRINCIPAL__KIND__MEMBER;
    struct exchange exchange = {.service = "auth",
                                .method = "ResolveSession",
                                .class = ROUTER_VITAL,
                                .key = "",
                                .trace = h->request_id,
                                .deadline_ms = clock_ms() + HTTP_READ_MS - HTTP_BUS_MARGIN_MS};
    exchange.payload = message_pack(&request.base, h->arena, &exchange.payload_size);
    http_run(h, &exchange);
    const Auth__ResolvedSession *session = exchange.status != STATUS_OK
                                               ? NULL
                                               : (const Auth__ResolvedSession *)message_unpack(
                                                     &auth__resolved_session__descriptor,
                                                     exchange.reply, exchange.reply_size, h->arena);
    bool good = session != NULL && session->assertion.len <= sizeof ret->bytes &&
                session->session_hash.len == sizeof answer.session_hash;
    if (good) {
        ret->size = session->assertion.len;
        memcpy(ret->bytes, session->assertion.data, ret->size);
        memcpy(answer.session_hash, session->session_hash.data, sizeof answer.session_hash);
        answer.account_id = session->account_id;
        answer.assertion = *ret;
        sessions_keep(sessions, asking, hash, &answer, clock_ms() + session->valid_for_ms);
    } else {
        http_refusal(h, &exchange);
    }
    free(exchange.reply);
    return good;
}

/* By the cookie's token and its hash. false: there is none, and it has been answered. */
static bool find_cookie(struct http *h, char token[static HEAD_TOKEN_SIZE + 1],
                        unsigned char hash[static 32])
{
    if (!head_token(&h->head, cookie_name(h, h->route->session), token)) {
        http_status_problem(h, STATUS_UNAUTHENTICATED, 0);
        return false;
    }
    crypto_generichash(hash, 32, (const unsigned char *)token, HEAD_TOKEN_SIZE, NULL, 0);
    hash[0] ^= h->route->session == STAFF; /* the same token as another kind's is another session */
    return true;
}

bool login_assertion(struct http *h, struct assertion *ret)
{
    unsigned char hash[32];
    char token[HEAD_TOKEN_SIZE + 1];
    return find_cookie(h, token, hash) &&
           (sessions_find(sessions, hash, clock_ms(), ret) || resolve(h, token, hash, ret));
}

bool login_assertion_anew(struct http *h, struct assertion *ret)
{
    unsigned char hash[32];
    char token[HEAD_TOKEN_SIZE + 1];
    return find_cookie(h, token, hash) && resolve(h, token, hash, ret);
}
