/* Sessions: begun, resolved into signed assertions, ended. */
#include "auth.pb-c.h"
#include "auth_queries.h"
#include "check.h"
#include "clock.h"
#include "nouns.h"
#include "principal.h"
#include "reasons.h"
#include "rules.h"
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_HEX = 64 };

static void hash_of(const char *token, unsigned char hash[static 32])
{
    crypto_generichash(hash, 32, (const unsigned char *)token, strlen(token), NULL, 0);
}

static const char *session_key(struct call *c, const unsigned char hash[static 32])
{
    char hex[65];
    return arena_printf(c->arena, "s:%s", sodium_bin2hex(hex, sizeof hex, hash, 32));
}

/* ---- the end of sessions */

struct revocation {
    struct service_run *run;
    unsigned char hash[32];
    bool one;
    int64_t account_id;
};

static void revoked(void *owner, const redisReply *reply)
{
    struct revocation *revocation = owner;
    struct auth *auth = service_state(revocation->run);
    if (reply != NULL && reply->type == REDIS_REPLY_INTEGER)
        auth->revocation_seq = (uint64_t)reply->integer;
    service_revoke(revocation->run, revocation->one ? revocation->hash : NULL,
                   revocation->account_id, auth->revocation_seq);
    free(revocation);
}

void session_revoke(struct call *c, const void *session_hash, int64_t account_id)
{
    static const char *const argv[] = {"INCR", "guild:revocations"};
    struct revocation *revocation = calloc(1, sizeof *revocation);
    if (revocation == NULL)
        abort();
    revocation->run = c->run;
    revocation->account_id = account_id;
    revocation->one = session_hash != NULL;
    if (session_hash != NULL)
        memcpy(revocation->hash, session_hash, 32);
    cache_command(auth_of(c)->cache, revoked, revocation, 2, argv, NULL);
}

/* ---- beginning */

/* ARGV: value, idle, account's list, now, most. Older sessions over the number go; their hashes come back. */
static const char begin_script[] =
    "redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])\n"
    "redis.call('ZADD', KEYS[2], ARGV[3], KEYS[1])\n"
    "redis.call('EXPIRE', KEYS[2], 604800)\n"
    "local over = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[4])\n"
    "local gone = {}\n"
    "if over > 0 then\n"
    "  gone = redis.call('ZRANGE', KEYS[2], 0, over - 1)\n"
    "  for _, k in ipairs(gone) do redis.call('DEL', k) redis.call('ZREM', KEYS[2], k) end\n"
    "end\n"
    "return gone";

struct begun {
    struct session_begin begin;
    char token[TOKEN_HEX + 1];
    uint32_t max_age_s;
};

static answer session_begun(struct call *c, const redisReply *reply)
{
    struct begun *begun = c->state;
    Auth__Session session = AUTH__SESSION__INIT;
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++) {
        unsigned char hash[32];
        size_t size = 0;
        const char *key = reply->element[i]->str;
        if (sodium_hex2bin(hash, sizeof hash, key + 2, strlen(key + 2), NULL, &size, NULL) == 0)
            session_revoke(c, hash, begun->begin.account_id);
    }
    session.session_token = begun->token;
    session.max_age_s = begun->max_age_s;
    session.must_change_password = begun->begin.must_change_password;
    return call_reply(c, &session.base);
}

answer session_answer(struct call *c, const struct session_begin *begin)
{
    struct session_rules rules = rules_session(begin->staff, begin->remember_me);
    struct begun *begun = arena_alloc(c->arena, sizeof *begun);
    unsigned char hash[32];
    begun->begin = *begin;
    begun->max_age_s = begin->remember_me ? rules.whole_s : 0;
    secret_random_hex(begun->token, 32);
    hash_of(begun->token, hash);
    c->state = begun;

    const char *kind = begin->staff ? "STAFF" : "MEMBER";
    const char *argv[] = {
        "EVAL",
        begin_script,
        "2",
        session_key(c, hash),
        arena_printf(c->arena, "a:%s:%" PRId64, kind, begin->account_id),
        arena_printf(c->arena, "%s|%" PRId64 "|%" PRId64 "|%" PRId64 "|%d", kind, begin->account_id,
                     begin->epoch, clock_unix(), begin->remember_me),
        arena_printf(c->arena, "%u", rules.idle_s),
        arena_printf(c->arena, "%" PRIu64, clock_us()),
        arena_printf(c->arena, "%u", rules.at_most),
    };
    return redis_then(c, session_begun, 9, argv);
}

answer session_replace(struct call *c, const struct session_begin *begin)
{
    session_revoke(c, NULL, begin->account_id);
    return session_answer(c, begin);
}

/* ---- log-in of members */

struct login {
    const char *who; /* for counting wrong passwords */
    int64_t account_id, epoch;
    const char *hash, *new_hash, *code_id;
};

static answer login_wrong(struct call *c)
{
    const struct login *login = c->state;
    store_wrong_more(c, login->who);
    return call_fail(c, REASON_login_wrong);
}

static answer login_noted(struct call *c, const struct rows *results)
{
    const Auth__LogInRequest *req = c->request;
    const struct login *login = c->state;
    (void)results;
    store_wrong_clear(c, login->who);
    return session_answer(c, &(struct session_begin){.remember_me = req->remember_me,
                                                     .account_id = login->account_id,
                                                     .epoch = login->epoch});
}

static answer login_good(struct call *c)
{
    const struct login *login = c->state;
    call_set(c, "actor_kind", "MEMBER");
    call_set_integer(c, "actor_id", login->account_id);
    call_set(c, "action", login->code_id == NULL ? "session.password" : "session.code");
    call_set(c, "object", "");
    batch_add(c, &sql_audit_event);
    if (login->code_id != NULL) {
        call_set(c, "code_id", login->code_id);
        batch_add(c, &sql_code_use);
    }
    if (login->new_hash != NULL) {
        call_set_integer(c, "account_id", login->account_id);
        call_set(c, "old_hash", login->hash);
        call_set(c, "new_hash", login->new_hash);
        batch_add(c, &sql_account_rehash);
    }
    return batch_then(c, login_noted);
}

static answer login_compared(struct call *c, void *job)
{
    const struct password_job *password = job;
    struct login *login = c->state;
    if (!password->matches)
        return login_wrong(c);
    if (password->outdated && password->made)
        login->new_hash = password->made_hash;
    return login_good(c);
}

static answer login_found(struct call *c, const struct rows *results)
{
    const Auth__LogInRequest *req = c->request;
    struct login *login = c->state;
    login->account_id = rows_integer(&results[0], 0, "id");
    login->epoch = rows_integer(&results[0], 0, "session_epoch");
    login->hash = results[0].count == 0 ? "" : rows_get(&results[0], 0, "password_hash");
    if (login->code_id != NULL && login->account_id != 0 && login->hash[0] == '\0')
        return call_fail(c, REASON_password_unset);
    if (login->code_id != NULL)
        return login->account_id == 0 ? login_wrong(c) : login_good(c);
    return password_then(c, &(struct password_job){.password = req->password, .hash = login->hash},
                         login_compared);
}

static answer login_find(struct call *c)
{
    batch_add(c, &sql_account_by_phone);
    return batch_then(c, login_found);
}

static answer login_code_taken(struct call *c, const redisReply *reply)
{
    struct login *login = c->state;
    if (reply->type != REDIS_REPLY_STRING)
        return call_fail(c, REASON_code_wrong);
    login->code_id = arena_text(c->arena, reply->str);
    return login_find(c);
}

static answer login_counted(struct call *c, const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_STRING && strtol(reply->str, NULL, 10) >= RULES_WRONG_PASSWORDS)
        return call_fail_later(c, REASON_locked, RULES_LOCKED_S);
    return login_find(c);
}

static answer session_log_in(struct call *c)
{
    const Auth__LogInRequest *req = c->request;
    struct login *login = arena_alloc(c->arena, sizeof *login);
    login->who = arena_printf(c->arena, "M:%s:%s", req->phone, req->client_address);
    c->state = login;
    if (req->sms_code[0] != '\0')
        return store_code_take(c, "LOG_IN", req->phone, req->nonce,
                               code_mac(c, "LOG_IN", req->phone, req->nonce, req->sms_code),
                               login_code_taken);
    if (req->password[0] == '\0')
        return call_fail_field(c, "password", "请填写密码，或用短信验证码登录。");
    return store_wrong_count(c, login->who, login_counted);
}

/* ---- log-out */

static answer session_ended(struct call *c, const redisReply *reply)
{
    Common__Empty empty = COMMON__EMPTY__INIT;
    (void)reply;
    session_revoke(c, c->caller->session_hash.data, c->caller->account_id);
    return call_reply(c, &empty.base);
}

static answer session_end_kept(struct call *c, const struct rows *results)
{
    const char *argv[] = {"DEL", session_key(c, c->caller->session_hash.data)};
    (void)results;
    return redis_then(c, session_ended, 2, argv);
}

/* PostgreSQL first: what Redis forgets in a crash may be that the session was deleted. */
static answer session_log_out(struct call *c)
{
    batch_add(c, &sql_session_end);
    return batch_then(c, session_end_kept);
}

/* ---- from token to assertion */

struct resolving {
    unsigned char hash[32];
    bool staff, remember_me;
    int64_t account_id, epoch, began;
};

static bool session_read(const char *value, struct resolving *ret)
{
    char kind[8];
    int remember_me;
    if (sscanf(value, "%7[A-Z]|%" SCNd64 "|%" SCNd64 "|%" SCNd64 "|%d", kind, &ret->account_id,
               &ret->epoch, &ret->began, &remember_me) != 5)
        return false;
    ret->staff = strcmp(kind, "STAFF") == 0;
    ret->remember_me = remember_me != 0;
    return true;
}

/* PostgreSQL's array literal of plain words: {a,b} */
static void take_permissions(struct call *c, const char *literal, Common__Principal *principal)
{
    char *rest = arena_text(c->arena, literal + 1), *word;
    rest[strcspn(rest, "}")] = '\0';
    principal->permissions = arena_alloc(c->arena, 64 * sizeof(char *));
    while (rest != NULL && rest[0] != '\0' && principal->n_permissions < 64 &&
           (word = strsep(&rest, ",")) != NULL)
        principal->permissions[principal->n_permissions++] = word;
}

static answer session_known(struct call *c, const struct rows *results)
{
    const struct resolving *s = c->state;
    const struct rows *row = &results[0];
    unsigned char bytes[PRINCIPAL_BYTES_MAX];
    char masked[32];
    if (row->count == 0 || rows_integer(row, 0, "session_epoch") != s->epoch)
        return call_fail(c, REASON_session_over);

    Common__Principal principal = COMMON__PRINCIPAL__INIT;
    uint32_t seconds = s->staff ? PRINCIPAL_STAFF_SECONDS : PRINCIPAL_MEMBER_SECONDS;
    principal.kind = s->staff ? COMMON__PRINCIPAL__KIND__STAFF : COMMON__PRINCIPAL__KIND__MEMBER;
    principal.account_id = s->account_id;
    principal.session_hash.data = (uint8_t *)(uintptr_t)s->hash;
    principal.session_hash.len = 32;
    check_mask_mobile(rows_get(row, 0, "name"), masked, sizeof masked);
    principal.display_name = s->staff ? (char *)(uintptr_t)rows_get(row, 0, "name") : masked;
    principal.expires_at = clock_unix() + seconds;
    principal.audience = (char *)(uintptr_t)PRINCIPAL_AUDIENCE;
    principal.must_change_password = rows_true(row, 0, "must_change_password");
    take_permissions(c, rows_get(row, 0, "permissions"), &principal);

    Auth__ResolvedSession resolved = AUTH__RESOLVED_SESSION__INIT;
    resolved.assertion.len = principal_sign(&principal, auth_of(c)->principal_key, bytes);
    resolved.assertion.data = bytes;
    resolved.account_id = s->account_id;
    resolved.session_hash = principal.session_hash;
    resolved.valid_for_ms = (seconds - PRINCIPAL_WAIT_SECONDS) * 1000;
    return resolved.assertion.len == 0 ? call_fail(c, REASON_internal)
                                       : call_reply(c, &resolved.base);
}

static answer session_found(struct call *c, const redisReply *reply)
{
    const Auth__ResolveSessionRequest *req = c->request;
    struct resolving *s = c->state;
    if (reply->type != REDIS_REPLY_STRING || !session_read(reply->str, s) ||
        s->staff != (req->kind == COMMON__PRINCIPAL__KIND__STAFF) ||
        clock_unix() - s->began > rules_session(s->staff, s->remember_me).whole_s)
        return call_fail(c, REASON_session_over);
    call_set_integer(c, "account_id", s->account_id);
    call_set_bytes(c, "session_hash", s->hash, sizeof s->hash);
    batch_add(c, s->staff ? &sql_session_staff : &sql_session_account);
    return batch_then(c, session_known);
}

/* Looked up, its idle time begins anew (the gateway asks at least once a minute while it is used). */
static answer session_resolve(struct call *c)
{
    const Auth__ResolveSessionRequest *req = c->request;
    struct resolving *s = arena_alloc(c->arena, sizeof *s);
    if (strlen(req->session_token) != TOKEN_HEX)
        return call_fail(c, REASON_session_over);
    hash_of(req->session_token, s->hash);
    c->state = s;
    static const char script[] = "local v = redis.call('GET', KEYS[1])\n"
                                 "if not v then return false end\n"
                                 "local idle = string.sub(v, 1, 5) == 'STAFF' and 900 or\n"
                                 "             (string.sub(v, -1) == '1' and 604800 or 7200)\n"
                                 "redis.call('EXPIRE', KEYS[1], idle)\n"
                                 "return v";
    const char *argv[] = {"EVAL", script, "1", session_key(c, s->hash)};
    return redis_then(c, session_found, 4, argv);
}

const struct op session_ops[] = {
    {"LogIn",          PUBLIC,                   session_log_in,  0},
    {"LogOut",         LOGGED_IN_FIRST_PASSWORD, session_log_out, 0},
    {"ResolveSession", GATEWAY_ONLY,             session_resolve, 0},
    OP_END,
};
