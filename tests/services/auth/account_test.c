/* Accounts, codes and sessions, through the whole skeleton, a real database and a real Redis. */
#define main service_program
#include "../../../services/auth/main.c"
#undef main
#include "event.h"
#include "password.h"
#include "principal.h"
#include "rules.h"
#include "service_test.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char PASSWORD[] = "harvest moon 2026";
static struct keyring *event_keys;
static struct arena *arena;
static char nonce[33]; /* of the page; a new one for each test, since codes of a page are counted */

/* ---- people */

/* Nobody has had it: limits that Redis still counts belong to others. */
static char *new_phone(void)
{
    return arena_printf(arena, "199%08u", randombytes_uniform(100000000));
}

static char *new_address(void)
{
    return arena_printf(arena, "10.%u.%u.%u", randombytes_uniform(256), randombytes_uniform(256),
                        randombytes_uniform(256));
}

static char *text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

/* ---- codes */

static int codes_of(const char *phone)
{
    return (int)strtol(service_test_value("SELECT count(*) FROM outbox WHERE event = "
                                          "'code.requested' AND payload ->> 'phone' = '%s'",
                                          phone),
                       NULL, 10);
}

static const Auth__SendCodeReply *send_code_from(const char *address, const char *phone,
                                                 Auth__SendCodeRequest__Purpose purpose)
{
    Auth__SendCodeRequest request = AUTH__SEND_CODE_REQUEST__INIT;
    ProtobufCMessage *reply;
    request.phone = text(phone);
    request.purpose = purpose;
    request.nonce = nonce;
    request.client_address = text(address);
    assert_int_equal(service_test_call(NULL, "gateway", "SendCode", &request.base, "", &reply),
                     STATUS_OK);
    return (const Auth__SendCodeReply *)reply;
}

static const Auth__SendCodeReply *send_code(const char *phone,
                                            Auth__SendCodeRequest__Purpose purpose)
{
    return send_code_from(new_address(), phone, purpose);
}

/* What the SMS would say. */
static char *sent_code(const char *phone)
{
    const char *sealed = service_test_value(
        "SELECT payload ->> 'sealed_code' FROM outbox WHERE event = 'code.requested' AND "
        "payload ->> 'phone' = '%s' ORDER BY id DESC LIMIT 1",
        phone);
    char *code = secret_open_text(event_keys, "event|code", sealed, arena);
    assert_non_null(code);
    return code;
}

/* Some other six digits. */
static char *wrong_code(const char *code)
{
    char *wrong = arena_text(arena, code);
    wrong[5] = (char)(wrong[5] == '9' ? '0' : wrong[5] + 1);
    return wrong;
}

/* A person may ask again after a minute: here the minute is over at once. */
static char *code_for(const char *phone, Auth__SendCodeRequest__Purpose purpose)
{
    redisContext *redis = redisConnectUnix(getenv("GUILD_REDIS"));
    assert_non_null(redis);
    freeReplyObject(redisCommand(redis, "DEL n:m:%s", phone));
    redisFree(redis);
    int before = codes_of(phone);
    (void)send_code(phone, purpose);
    assert_int_equal(codes_of(phone), before + 1);
    return sent_code(phone);
}

/* ---- calls */

static Auth__RegisterAccountRequest registration(const char *phone, const char *code)
{
    Auth__RegisterAccountRequest request = AUTH__REGISTER_ACCOUNT_REQUEST__INIT;
    request.phone = text(phone);
    request.password = request.password_confirm = text(PASSWORD);
    request.sms_code = text(code);
    request.nonce = nonce;
    request.terms_version = request.privacy_version = text("2026-11");
    request.client_address = text("127.0.0.1");
    return request;
}

static const char *register_with(const char *phone, const char *code)
{
    Auth__RegisterAccountRequest request = registration(phone, code);
    return service_test_reason(NULL, "RegisterAccount", &request.base);
}

static int64_t account_of(const char *phone)
{
    return strtoll(
        service_test_value("SELECT coalesce(max(id), 0) FROM account WHERE phone = '%s'", phone),
        NULL, 10);
}

static int64_t new_account(const char *phone)
{
    char *code = code_for(phone, AUTH__SEND_CODE_REQUEST__PURPOSE__REGISTER);
    assert_string_equal(register_with(phone, code), "");
    return account_of(phone);
}

static Auth__LogInRequest login(const char *phone, const char *password, const char *code)
{
    Auth__LogInRequest request = AUTH__LOG_IN_REQUEST__INIT;
    request.phone = text(phone);
    request.password = text(password);
    request.sms_code = text(code);
    request.nonce = nonce;
    request.client_address = text("127.0.0.1");
    return request;
}

static const char *log_in(const char *phone, const char *password, const char *code)
{
    Auth__LogInRequest request = login(phone, password, code);
    return service_test_reason(NULL, "LogIn", &request.base);
}

static char *token_of(const char *phone, const char *password)
{
    Auth__LogInRequest request = login(phone, password, "");
    ProtobufCMessage *reply;
    assert_int_equal(service_test_call(NULL, "gateway", "LogIn", &request.base, "", &reply),
                     STATUS_OK);
    return arena_text(arena, ((const Auth__Session *)reply)->session_token);
}

static enum status resolve(const char *token, Common__Principal__Kind kind,
                           const Auth__ResolvedSession **ret_session)
{
    Auth__ResolveSessionRequest request = AUTH__RESOLVE_SESSION_REQUEST__INIT;
    ProtobufCMessage *reply;
    request.session_token = text(token);
    request.kind = kind;
    enum status status =
        service_test_call(NULL, "gateway", "ResolveSession", &request.base, "", &reply);
    if (ret_session != NULL)
        *ret_session = (const Auth__ResolvedSession *)reply;
    return status;
}

static bool opens(const char *token)
{
    return resolve(token, COMMON__PRINCIPAL__KIND__MEMBER, NULL) == STATUS_OK;
}

/* What Redis keeps a session under. */
static char *redis_key(const Auth__ResolvedSession *session)
{
    char hex[65];
    sodium_bin2hex(hex, sizeof hex, session->session_hash.data, session->session_hash.len);
    return arena_printf(arena, "s:%s", hex);
}

/* A command with its key and perhaps a value, past the service. */
static char *redis_tell(const char *command, const char *key, const char *value)
{
    redisContext *redis = redisConnectUnix(config_text("GUILD_REDIS"));
    assert_true(redis != NULL && redis->err == 0);
    const char *argv[] = {command, key, value};
    redisReply *reply = redisCommandArgv(redis, value == NULL ? 2 : 3, argv, NULL);
    assert_true(reply != NULL && reply->type != REDIS_REPLY_ERROR);
    char *told = reply->str == NULL ? NULL : arena_text(arena, reply->str);
    freeReplyObject(reply);
    redisFree(redis);
    return told;
}

/* The one field that was refused, or the reason. */
static const char *refusal(const Common__Principal *caller, const char *method,
                           const ProtobufCMessage *request)
{
    ProtobufCMessage *reply;
    if (service_test_call(caller, "gateway", method, request, "", &reply) == STATUS_OK)
        return "";
    const Common__Problem *problem = (const Common__Problem *)reply;
    return problem->n_errors > 0 ? problem->errors[0]->field : problem->reason;
}

/* The same request again, as a gateway repeats it elsewhere when an instance does not answer: the reason, or "". */
static const char *reason_under(const char *key, const Common__Principal *caller,
                                const char *method, const ProtobufCMessage *request)
{
    ProtobufCMessage *reply;
    return service_test_call(caller, "gateway", method, request, key, &reply) == STATUS_OK
               ? ""
               : ((const Common__Problem *)reply)->reason;
}

/* ---- the tests */

static void test_a_code_registers_once(void **state)
{
    char *phone = new_phone(), *other = new_phone();
    char *code = code_for(phone, AUTH__SEND_CODE_REQUEST__PURPOSE__REGISTER);
    (void)state;
    assert_string_equal(register_with(phone, wrong_code(code)), "code_wrong");
    assert_string_equal(register_with(other, code), "code_wrong"); /* bound to the phone */
    Auth__RegisterAccountRequest elsewhere = registration(phone, code);
    elsewhere.nonce = text("fedcba9876543210fedcba9876543210"); /* and to the page */
    assert_string_equal(service_test_reason(NULL, "RegisterAccount", &elsewhere.base),
                        "code_wrong");
    assert_string_equal(log_in(phone, "", code), "code_wrong"); /* and to its purpose */

    assert_string_equal(register_with(phone, code), "");
    assert_true(account_of(phone) > 0);
    assert_string_equal(register_with(phone, code), "code_wrong");
    assert_string_equal(
        service_test_value("SELECT string_agg(scope || version, ' ' ORDER BY scope) FROM consent "
                           "WHERE account_id = %lld",
                           (long long)account_of(phone)),
        "PRIVACY2026-11 TERMS2026-11");
    assert_string_equal(service_test_value("SELECT count(*) FROM audit WHERE action = "
                                           "'account.registered' AND object = '%lld'",
                                           (long long)account_of(phone)),
                        "1");
}

static void test_five_wrong_tries_burn_a_code(void **state)
{
    char *phone = new_phone();
    char *code = code_for(phone, AUTH__SEND_CODE_REQUEST__PURPOSE__REGISTER);
    (void)state;
    for (int i = 0; i < 5; i++)
        assert_string_equal(register_with(phone, wrong_code(code)), "code_wrong");
    assert_string_equal(register_with(phone, code), "code_wrong");
    assert_int_equal(account_of(phone), 0);
}

static void test_a_registered_phone_is_told_to_its_owner_only(void **state)
{
    char *known = new_phone(), *unknown = new_phone();
    (void)state;
    new_account(known);
    /* with a code in hand */
    char *code = code_for(known, AUTH__SEND_CODE_REQUEST__PURPOSE__REGISTER);
    assert_string_equal(register_with(known, code), "phone_registered");
    /* without: the answers are the same, but nobody gets a message */
    const Auth__SendCodeReply *reply = send_code(unknown, AUTH__SEND_CODE_REQUEST__PURPOSE__LOG_IN);
    assert_int_equal(reply->resend_after_s, 60);
    assert_int_equal(codes_of(unknown), 0);
    (void)code_for(known, AUTH__SEND_CODE_REQUEST__PURPOSE__LOG_IN);
    assert_string_equal(log_in(known, "", "000000"), log_in(unknown, "", "000000"));
    assert_string_equal(log_in(known, "wrong password", ""), "login_wrong");
    assert_string_equal(log_in(unknown, "wrong password", ""), "login_wrong");
}

static void test_a_phone_gets_one_code_a_minute(void **state)
{
    char *phone = new_phone();
    (void)state;
    (void)code_for(phone, AUTH__SEND_CODE_REQUEST__PURPOSE__REGISTER);
    const Auth__SendCodeReply *reply = send_code(phone, AUTH__SEND_CODE_REQUEST__PURPOSE__REGISTER);
    assert_in_range(reply->resend_after_s, 50, 60);
    assert_int_equal(codes_of(phone), 1);
}

/* ---- limits: over any of them the answer is as ever, and nothing goes out */

static bool is_sent(const char *phone, const char *address)
{
    int before = codes_of(phone);
    const Auth__SendCodeReply *reply =
        send_code_from(address, phone, AUTH__SEND_CODE_REQUEST__PURPOSE__REGISTER);
    assert_int_equal(reply->resend_after_s, RULES_RESEND_S);
    assert_int_equal(reply->valid_for_s, RULES_CODE_S);
    return codes_of(phone) == before + 1;
}

/* What Redis counts of somebody (store.c); NULL: its time is over. */
static void set_count(const char *window, const char *of, const char *count)
{
    redis_tell(count == NULL ? "DEL" : "SET", arena_printf(arena, "n:%s:%s", window, of), count);
}

static void forget_phone(const char *phone)
{
    set_count("m", phone, NULL);
    set_count("ph", phone, NULL);
    set_count("pd", phone, NULL);
}

static void turn_page(void)
{
    secret_random_hex(nonce, 16);
}

static void test_a_phone_gets_five_codes_an_hour(void **state)
{
    char *phone = new_phone();
    (void)state;
    for (int i = 0; i < 5; i++) {
        assert_true(is_sent(phone, new_address()));
        set_count("m", phone, NULL);
        turn_page();
    }
    assert_false(is_sent(phone, new_address()));
    set_count("ph", phone, NULL);
    assert_true(is_sent(phone, new_address()));
    forget_phone(phone);
    set_count("pd", phone, "8");
    assert_false(is_sent(phone, new_address()));
}

/* Eight, as PostgreSQL counts them: Redis has lost all that it knew, time and again. */
static void test_a_phone_gets_eight_codes_a_day_whatever_redis_forgets(void **state)
{
    char *phone = new_phone();
    (void)state;
    for (int i = 0; i < 8; i++) {
        assert_true(is_sent(phone, new_address()));
        forget_phone(phone);
        turn_page();
    }
    for (int i = 0; i < 2; i++) {
        assert_false(is_sent(phone, new_address()));
        forget_phone(phone);
    }
    assert_string_equal(
        service_test_value("SELECT count FROM sms_day WHERE phone = '%s' AND day = current_date",
                           phone),
        "8");
    assert_true(is_sent(new_phone(), new_address())); /* of others nothing was counted */
    service_test_sql(
        arena_printf(arena, "UPDATE sms_day SET day = day - 1 WHERE phone = '%s'", phone));
    assert_true(is_sent(phone, new_address()));
}

static void test_a_page_gets_five_codes_an_hour(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        assert_true(is_sent(new_phone(), new_address()));
    assert_false(is_sent(new_phone(), new_address()));
    turn_page();
    assert_true(is_sent(new_phone(), new_address()));
}

static void test_an_address_gets_ten_codes_an_hour(void **state)
{
    char *address = new_address();
    (void)state;
    for (int i = 0; i < 10; i++, turn_page())
        assert_true(is_sent(new_phone(), address));
    assert_false(is_sent(new_phone(), address));
    assert_true(is_sent(new_phone(), new_address()));
    set_count("ah", address, NULL);
    assert_true(is_sent(new_phone(), address));
}

/* Thirty an address, a hundred a network, whose addresses are as good as one another. */
static void test_an_address_and_its_network_have_their_day(void **state)
{
    char *net = arena_printf(arena, "10.%u.%u", randombytes_uniform(256), randombytes_uniform(256));
    char *address = arena_printf(arena, "%s.1", net), *next = arena_printf(arena, "%s.2", net);
    (void)state;
    set_count("ad", address, "29");
    assert_true(is_sent(new_phone(), address));
    assert_false(is_sent(new_phone(), address));
    set_count("nd", net, "99");
    assert_true(is_sent(new_phone(), next));
    assert_false(is_sent(new_phone(), next));
    set_count("ad", address, NULL);
    assert_false(is_sent(new_phone(), address));
    set_count("nd", net, NULL);
    assert_true(is_sent(new_phone(), address));
}

static void test_the_site_sends_three_hundred_codes_an_hour(void **state)
{
    (void)state;
    redis_tell("SET", "n:site", "299");
    assert_true(is_sent(new_phone(), new_address()));
    assert_false(is_sent(new_phone(), new_address()));
    redis_tell("DEL", "n:site", NULL);
    assert_true(is_sent(new_phone(), new_address()));
}

static void test_wrong_passwords_lock(void **state)
{
    char *phone = new_phone();
    (void)state;
    new_account(phone);
    for (int i = 0; i < RULES_WRONG_PASSWORDS; i++)
        assert_string_equal(log_in(phone, "wrong password", ""), "login_wrong");
    assert_string_equal(log_in(phone, PASSWORD, ""), "locked");
    Auth__LogInRequest elsewhere = login(phone, PASSWORD, "");
    elsewhere.client_address = new_address(); /* whoever tries locks only his own way in */
    assert_string_equal(service_test_reason(NULL, "LogIn", &elsewhere.base), "");
    char *code = code_for(phone, AUTH__SEND_CODE_REQUEST__PURPOSE__LOG_IN);
    assert_string_equal(log_in(phone, "", code), "");
}

static void test_a_session_opens_until_it_is_ended(void **state)
{
    char *phone = new_phone();
    int64_t account = new_account(phone);
    char *token = token_of(phone, PASSWORD);
    const Auth__ResolvedSession *session;
    (void)state;
    assert_int_equal(resolve(token, COMMON__PRINCIPAL__KIND__MEMBER, &session), STATUS_OK);
    assert_int_equal(session->account_id, account);
    /* a member's cookie is no key to the console, nor is half a token to anything */
    assert_int_equal(resolve(token, COMMON__PRINCIPAL__KIND__STAFF, NULL), STATUS_UNAUTHENTICATED);
    assert_false(opens(arena_printf(arena, "%.63sx", token)));
    assert_false(opens("x"));

    Common__Principal caller = service_test_member(account);
    caller.session_hash = session->session_hash;
    Common__Empty nothing = COMMON__EMPTY__INIT;
    char *key = redis_key(session), *kept = redis_tell("GET", key, NULL);
    assert_string_equal(service_test_reason(&caller, "LogOut", &nothing.base), "");
    assert_false(opens(token));
    redis_tell("SET", key, kept); /* back from a crash, Redis has it again */
    assert_false(opens(token));
}

static void test_a_sixth_session_ends_the_first(void **state)
{
    char *phone = new_phone(), *tokens[6];
    (void)state;
    new_account(phone); /* which is logged in already */
    for (int i = 0; i < 6; i++)
        tokens[i] = token_of(phone, PASSWORD);
    assert_false(opens(tokens[0]));
    for (int i = 1; i < 6; i++)
        assert_true(opens(tokens[i]));
}

/* ---- Redis, back from a crash without what it did last */

static redisReply *redis_do(const char *format, const char *key, const redisReply *value)
{
    redisContext *redis = redisConnectUnix(getenv("GUILD_REDIS"));
    assert_non_null(redis);
    redisReply *reply = value == NULL ? redisCommand(redis, format, key)
                                      : redisCommand(redis, format, key, value->str, value->len);
    assert_non_null(reply);
    assert_int_not_equal(reply->type, REDIS_REPLY_ERROR);
    redisFree(redis);
    return reply;
}

/* What Redis has under the key, for redis_restore. */
static redisReply *redis_remember(const char *key)
{
    redisReply *dump = redis_do("DUMP %s", key, NULL);
    assert_int_equal(dump->type, REDIS_REPLY_STRING);
    return dump;
}

static void redis_restore(const char *key, redisReply *dump)
{
    freeReplyObject(redis_do("DEL %s", key, NULL));
    freeReplyObject(redis_do("RESTORE %s 60000 %b", key, dump));
    freeReplyObject(dump);
}

static const char *key_of_session(const Common__Principal *caller)
{
    char *hex = arena_alloc(arena, 65);
    return arena_printf(arena, "s:%s", sodium_bin2hex(hex, 65, caller->session_hash.data, 32));
}

static Common__Principal logged_in(const char *phone, int64_t account, char **ret_token)
{
    const Auth__ResolvedSession *session;
    Common__Principal caller = service_test_member(account);
    *ret_token = token_of(phone, PASSWORD);
    assert_int_equal(resolve(*ret_token, COMMON__PRINCIPAL__KIND__MEMBER, &session), STATUS_OK);
    caller.session_hash = session->session_hash;
    return caller;
}

static void test_an_ended_session_stays_ended_when_redis_forgets_it(void **state)
{
    char *phone = new_phone(), *token;
    Common__Principal caller = logged_in(phone, new_account(phone), &token);
    Common__Empty nothing = COMMON__EMPTY__INIT;
    (void)state;
    redisReply *before = redis_remember(key_of_session(&caller));
    assert_string_equal(service_test_reason(&caller, "LogOut", &nothing.base), "");
    redis_restore(key_of_session(&caller), before);
    assert_false(opens(token));
    assert_string_equal(service_test_reason(&caller, "LogOut", &nothing.base), "");
}

static void test_ended_sessions_are_kept_for_longer_than_they_can_last(void **state)
{
    char *phone = new_phone(), *token;
    Common__Principal caller = logged_in(phone, new_account(phone), &token);
    Common__Empty nothing = COMMON__EMPTY__INIT;
    (void)state;
    service_test_sql("INSERT INTO ended_session VALUES ('\\x01', now() - interval '9 days'), "
                     "('\\x02', now() - interval '7 days')");
    assert_string_equal(service_test_reason(&caller, "LogOut", &nothing.base), "");
    assert_string_equal(service_test_value("SELECT string_agg(session_hash::text, ' ') FROM "
                                           "ended_session WHERE length(session_hash) = 1"),
                        "\\x02");
}

static void test_a_used_code_stays_used_when_redis_forgets_it(void **state)
{
    char *phone = new_phone();
    int64_t account = new_account(phone);
    char *code = code_for(phone, AUTH__SEND_CODE_REQUEST__PURPOSE__LOG_IN);
    const char *key = arena_printf(arena, "c:LOG_IN:%s:%s", phone, nonce);
    (void)state;
    redisReply *before = redis_remember(key);
    assert_string_equal(log_in(phone, "", code), "");
    redis_restore(key, before);
    assert_string_equal(log_in(phone, "", code), "code_wrong");
    assert_string_equal(service_test_value("SELECT count(*) FROM audit WHERE action = "
                                           "'session.code' AND actor_id = %lld",
                                           (long long)account),
                        "1");
}

static Auth__ChangePasswordRequest change(const char *old, const char *new, const char *confirm)
{
    Auth__ChangePasswordRequest request = AUTH__CHANGE_PASSWORD_REQUEST__INIT;
    request.old_password = text(old);
    request.new_password = text(new);
    request.new_password_confirm = text(confirm);
    return request;
}

static void test_a_changed_password_ends_the_other_sessions(void **state)
{
    char *phone = new_phone();
    Common__Principal caller = service_test_member(new_account(phone));
    char *token = token_of(phone, PASSWORD);
    static const struct {
        const char *old, *new, *confirm, *field;
    } wrong[] = {
        {"another one",       "evening star 2026", "evening star 2026", "old_password"},
        {"harvest moon 2026", "short",             "short",             "new_password"},
        {"harvest moon 2026", "12345678",          "12345678",          "new_password"},
        {"harvest moon 2026", "evening star 2026", "evening stars",     "new_password"},
        {"harvest moon 2026", "harvest moon 2026", "harvest moon 2026", "new_password"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        Auth__ChangePasswordRequest request = change(wrong[i].old, wrong[i].new, wrong[i].confirm);
        assert_string_equal(refusal(&caller, "ChangePassword", &request.base), wrong[i].field);
    }
    assert_true(opens(token));
    Auth__ChangePasswordRequest request =
        change(PASSWORD, "evening star 2026", "evening star 2026");
    assert_string_equal(refusal(&caller, "ChangePassword", &request.base), "");
    assert_false(opens(token));
    assert_string_equal(log_in(phone, PASSWORD, ""), "login_wrong");
    assert_string_equal(log_in(phone, "evening star 2026", ""), "");
}

/* The session that comes with a new password needs Redis: without it nobody says "nothing was done". */
static void test_a_changed_password_without_redis_is_no_failure(void **state)
{
    char *phone = new_phone();
    Common__Principal caller = service_test_member(new_account(phone));
    struct auth *mine = service_state(service_test_run());
    struct cache *redis = mine->cache;
    Auth__ChangePasswordRequest request =
        change(PASSWORD, "evening star 2026", "evening star 2026");
    (void)state;
    mine->cache = cache_new(service_loop(service_test_run()), "/nowhere", "");
    const char *reason = refusal(&caller, "ChangePassword", &request.base);
    cache_destroy(&mine->cache);
    mine->cache = redis;
    assert_string_equal(reason, "outcome_unknown");
    assert_string_equal(log_in(phone, "evening star 2026", ""), "");
}

static void test_a_password_like_the_phone_is_refused(void **state)
{
    char *phone = new_phone();
    (void)state;
    char *code = code_for(phone, AUTH__SEND_CODE_REQUEST__PURPOSE__REGISTER);
    Auth__RegisterAccountRequest request = registration(phone, code);
    request.password = request.password_confirm = phone;
    assert_string_equal(refusal(NULL, "RegisterAccount", &request.base), "password");
    request.password = text("evening star 2026");
    assert_string_equal(refusal(NULL, "RegisterAccount", &request.base), "password_confirm");
}

static void test_a_forgotten_password_is_set_with_a_code(void **state)
{
    char *phone = new_phone();
    (void)state;
    new_account(phone);
    char *token = token_of(phone, PASSWORD);
    Auth__ResetPasswordRequest request = AUTH__RESET_PASSWORD_REQUEST__INIT;
    char *code = code_for(phone, AUTH__SEND_CODE_REQUEST__PURPOSE__RESET);
    request.phone = phone;
    request.nonce = nonce;
    request.new_password = request.new_password_confirm = text("evening star 2026");
    request.sms_code = wrong_code(code);
    assert_string_equal(service_test_reason(NULL, "ResetPassword", &request.base), "code_wrong");
    request.phone = new_phone(); /* not registered: the same words */
    assert_string_equal(service_test_reason(NULL, "ResetPassword", &request.base), "code_wrong");
    request.phone = phone;
    request.sms_code = code;
    assert_string_equal(service_test_reason(NULL, "ResetPassword", &request.base), "");
    assert_string_equal(service_test_reason(NULL, "ResetPassword", &request.base), "code_wrong");
    assert_false(opens(token));
    assert_string_equal(log_in(phone, "evening star 2026", ""), "");
}

static void test_a_changed_phone_needs_both(void **state)
{
    char *phone = new_phone(), *new = new_phone(), *taken = new_phone();
    int64_t account = new_account(phone);
    Common__Principal caller = service_test_member(account);
    Auth__ChangePhoneRequest request = AUTH__CHANGE_PHONE_REQUEST__INIT;
    (void)state;
    new_account(taken);
    char *old_code = code_for(phone, AUTH__SEND_CODE_REQUEST__PURPOSE__CHANGE_PHONE_OLD);
    char *new_code = code_for(new, AUTH__SEND_CODE_REQUEST__PURPOSE__CHANGE_PHONE_NEW);
    request.nonce = nonce;
    request.new_phone = new;
    request.old_sms_code = wrong_code(old_code);
    request.new_sms_code = new_code;
    assert_string_equal(refusal(&caller, "ChangePhone", &request.base), "old_sms_code");
    request.old_sms_code = old_code;
    request.new_sms_code = wrong_code(new_code);
    assert_string_equal(refusal(&caller, "ChangePhone", &request.base), "new_sms_code");
    request.new_phone = phone;
    assert_string_equal(refusal(&caller, "ChangePhone", &request.base), "new_phone");
    request.new_phone = taken;
    request.new_sms_code = code_for(taken, AUTH__SEND_CODE_REQUEST__PURPOSE__CHANGE_PHONE_NEW);
    assert_string_equal(refusal(&caller, "ChangePhone", &request.base), "phone_registered");

    request.new_phone = new;
    request.new_sms_code = new_code;
    assert_string_equal(refusal(&caller, "ChangePhone", &request.base), "");
    assert_int_equal(account_of(new), account);
    assert_string_equal(log_in(phone, PASSWORD, ""), "login_wrong");
    assert_string_equal(log_in(new, PASSWORD, ""), "");
    /* the old phone is told */
    assert_string_equal(service_test_value("SELECT payload ->> 'phone' FROM outbox WHERE event = "
                                           "'account.phone_changed' ORDER BY id DESC LIMIT 1"),
                        phone);
}

/* ---- a unit's account is handed over (SM11) */

/* Delivers what certification's outbox has, once two persons agreed. */
static enum status hand_over(const char *event_id, int64_t account, const char *phone,
                             int64_t closing)
{
    const char *payload = arena_printf(
        arena,
        "{\"handover_id\": %s, \"account_id\": %lld, \"new_phone\": \"%s\", "
        "\"closing_account\": %lld, \"unit_name\": \"单位\", \"new_name\": \"钱接任\"}",
        event_id, (long long)account, phone, (long long)closing);
    size_t size;
    void *packed = event_seal(event_keys, "certification", event_id,
                              &(struct event){"handover.approved", payload}, arena, &size);
    Common__DeliverEventRequest *request =
        common__deliver_event_request__unpack(NULL, size, packed);
    ProtobufCMessage *reply;
    enum status status =
        service_test_call(NULL, "certification", "DeliverEvent", &request->base, "", &reply);
    common__deliver_event_request__free_unpacked(request, NULL);
    return status;
}

/* What others hear of it: the values of all such events. */
static const char *told(const char *event, const char *member)
{
    return service_test_value("SELECT coalesce(string_agg(payload ->> '%s', ',' ORDER BY id), '') "
                              "FROM outbox WHERE event = '%s'",
                              member, event);
}

static void test_a_phone_is_proven_with_its_code(void **state)
{
    char *phone = new_phone(), *other = new_phone();
    Common__Principal caller = service_test_member(new_account(phone));
    Auth__ProvePhoneRequest request = AUTH__PROVE_PHONE_REQUEST__INIT;
    ProtobufCMessage *reply;
    (void)state;
    request.phone = other;
    request.nonce = nonce;
    char *code = code_for(other, AUTH__SEND_CODE_REQUEST__PURPOSE__HANDOVER); /* not registered */
    request.sms_code = wrong_code(code);
    assert_string_equal(refusal(&caller, "ProvePhone", &request.base), "sms_code");
    request.sms_code = code;
    assert_int_equal(service_test_call(&caller, "gateway", "ProvePhone", &request.base, "", &reply),
                     STATUS_OK);
    char *proof = secret_open_text(event_keys, "proof|phone",
                                   ((const Auth__PhoneProof *)reply)->proof, arena);
    char *start = arena_printf(arena, "%lld|%s|0|", (long long)caller.account_id, other);
    assert_memory_equal(proof, start, strlen(start));
    assert_string_equal(refusal(&caller, "ProvePhone", &request.base), "code_wrong"); /* once */

    request.phone = phone;
    request.sms_code = code_for(phone, AUTH__SEND_CODE_REQUEST__PURPOSE__HANDOVER);
    assert_int_equal(service_test_call(&caller, "gateway", "ProvePhone", &request.base, "", &reply),
                     STATUS_OK);
    proof = secret_open_text(event_keys, "proof|phone", ((const Auth__PhoneProof *)reply)->proof,
                             arena);
    start = arena_printf(arena, "%lld|%s|%lld|", (long long)caller.account_id, phone,
                         (long long)caller.account_id);
    assert_memory_equal(proof, start, strlen(start));
}

static void test_an_account_is_handed_over_once(void **state)
{
    char *before = new_phone(), *phone = new_phone();
    int64_t unit = new_account(before), closing = new_account(phone);
    char *token = token_of(before, PASSWORD), *closing_token = token_of(phone, PASSWORD);
    (void)state;
    assert_int_equal(hand_over("71", unit, phone, closing), STATUS_OK);
    assert_false(opens(token));
    assert_false(opens(closing_token));
    assert_int_equal(hand_over("71", unit, phone, closing), STATUS_OK); /* told again */
    assert_string_equal(
        service_test_value("SELECT phone || '/' || session_epoch || '/' || (SELECT state FROM "
                           "account WHERE id = %lld) FROM account WHERE id = %lld",
                           (long long)closing, (long long)unit),
        arena_printf(arena, "%s/2/CLOSED", phone));
    assert_string_equal(told("handover.switched", "handover_id"), "71");
    assert_string_equal(told("account.handed_over", "phone"), before);
    assert_string_equal(told("account.taken_over", "phone"), phone);

    /* neither password opens it: the new person sets his own, by a code to the new phone */
    assert_string_equal(log_in(phone, PASSWORD, ""), "login_wrong");
    assert_string_equal(log_in(before, PASSWORD, ""), "login_wrong");
    char *code = code_for(phone, AUTH__SEND_CODE_REQUEST__PURPOSE__LOG_IN);
    assert_string_equal(log_in(phone, "", code), "password_unset");
    Auth__ResetPasswordRequest request = AUTH__RESET_PASSWORD_REQUEST__INIT;
    request.phone = phone;
    request.nonce = nonce;
    request.new_password = request.new_password_confirm = text("evening star 2026");
    request.sms_code = code_for(phone, AUTH__SEND_CODE_REQUEST__PURPOSE__RESET);
    assert_string_equal(service_test_reason(NULL, "ResetPassword", &request.base), "");
    assert_true(opens(token_of(phone, "evening star 2026")));
    /* the phone before is free again */
    assert_true(new_account(before) > closing);
}

static void test_a_phone_of_somebody_else_is_not_taken(void **state)
{
    char *before = new_phone(), *phone = new_phone();
    int64_t unit = new_account(before), other = new_account(phone);
    char *token = token_of(before, PASSWORD);
    (void)state;
    assert_int_equal(hand_over("81", unit, phone, 0), STATUS_OK);
    assert_int_equal(hand_over("82", unit, phone, unit), STATUS_OK);
    assert_int_equal(hand_over("83", 999999, new_phone(), 0), STATUS_OK);
    assert_string_equal(told("handover.failed", "why"),
                        "phone_registered,phone_registered,account_closed");
    assert_true(opens(token));
    assert_int_equal(account_of(phone), other);
    assert_string_equal(log_in(before, PASSWORD, ""), "");
}

/* ---- staff */

static int64_t new_staff(const char *name, const char *role)
{
    char hash[PASSWORD_HASH_SIZE];
    const char *why;
    struct keyring *pepper = keyring_load(getenv("GUILD_PEPPER_KEY_FILE"), &why);
    assert_true(password_hash(pepper, "one time only 26", 1, hash));
    keyring_destroy(&pepper);
    return strtoll(
        service_test_value("WITH made AS (INSERT INTO staff (login, name, password_hash) VALUES "
                           "('%s', '李审核', '%s') RETURNING id), given AS (INSERT INTO staff_role "
                           "SELECT id, '%s' FROM made) SELECT id FROM made",
                           name, hash, role),
        NULL, 10);
}

static Auth__LogInStaffRequest staff_login(const char *name, const char *password)
{
    Auth__LogInStaffRequest request = AUTH__LOG_IN_STAFF_REQUEST__INIT;
    request.login = text(name);
    request.password = text(password);
    request.client_address = text("127.0.0.1");
    return request;
}

static const Auth__Session *staff_session(const char *name, const char *password)
{
    Auth__LogInStaffRequest request = staff_login(name, password);
    ProtobufCMessage *reply;
    assert_int_equal(service_test_call(NULL, "gateway", "LogInStaff", &request.base, "", &reply),
                     STATUS_OK);
    return (const Auth__Session *)reply;
}

static void test_a_repeated_change_is_answered_as_the_first(void **state)
{
    char *phone = new_phone(), *next = new_phone();
    Common__Principal caller = service_test_member(new_account(phone));
    char *name = arena_printf(arena, "clerk%u", randombytes_uniform(1000000));
    Common__Principal clerk = service_test_staff(new_staff(name, "reviewer"), NULL);
    Auth__ChangePasswordRequest request =
        change(PASSWORD, "evening star 2026", "evening star 2026");
    Auth__ChangePasswordRequest staff =
        change("one time only 26", "a clerk's own words", "a clerk's own words");
    Auth__ChangePhoneRequest move = AUTH__CHANGE_PHONE_REQUEST__INIT;
    (void)state;
    move.nonce = nonce;
    move.new_phone = next;
    move.old_sms_code = code_for(phone, AUTH__SEND_CODE_REQUEST__PURPOSE__CHANGE_PHONE_OLD);
    move.new_sms_code = code_for(next, AUTH__SEND_CODE_REQUEST__PURPOSE__CHANGE_PHONE_NEW);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(reason_under("k-1", &caller, "ChangePassword", &request.base), "");
        assert_string_equal(reason_under("k-1", &clerk, "ChangeStaffPassword", &staff.base), "");
        assert_string_equal(reason_under("k-1", &caller, "ChangePhone", &move.base), "");
    }
    /* under another key, or with another content, it is no repeat */
    assert_string_equal(refusal(&caller, "ChangePassword", &request.base), "old_password");
    assert_string_equal(refusal(&clerk, "ChangeStaffPassword", &staff.base), "old_password");
    assert_string_equal(refusal(&caller, "ChangePhone", &move.base), "new_phone");
    request.new_password = request.new_password_confirm = text("another evening 26");
    assert_string_equal(reason_under("k-1", &caller, "ChangePassword", &request.base),
                        "field_errors");
    assert_string_equal(
        service_test_value("SELECT session_epoch FROM account WHERE phone = '%s'", next), "3");
}

static void test_staff_change_the_one_time_password_first(void **state)
{
    char *name = arena_printf(arena, "clerk%u", randombytes_uniform(1000000));
    int64_t id = new_staff(name, "reviewer");
    const Auth__ResolvedSession *resolved;
    (void)state;
    Auth__LogInStaffRequest wrong = staff_login(name, "another one");
    assert_string_equal(service_test_reason(NULL, "LogInStaff", &wrong.base), "staff_login_wrong");
    wrong.login = text("nobody.at.all");
    assert_string_equal(service_test_reason(NULL, "LogInStaff", &wrong.base), "staff_login_wrong");

    const Auth__Session *session = staff_session(name, "one time only 26");
    assert_true(session->must_change_password);
    char *token = arena_text(arena, session->session_token);
    assert_int_equal(resolve(token, COMMON__PRINCIPAL__KIND__STAFF, &resolved), STATUS_OK);
    const Common__Principal *principal =
        common__principal__unpack(NULL, resolved->assertion.len - crypto_sign_BYTES,
                                  resolved->assertion.data + crypto_sign_BYTES);
    assert_true(principal->must_change_password);
    assert_true(principal_may(principal, "cert.owner.review"));
    assert_false(principal_may(principal, "staff.manage"));
    common__principal__free_unpacked((Common__Principal *)(uintptr_t)principal, NULL);

    Common__Principal caller = service_test_staff(id, "cert.owner.review");
    caller.must_change_password = true;
    Auth__ChangePasswordRequest request = change("one time only 26", "fourteen sign.", "");
    request.new_password_confirm = request.new_password;
    assert_string_equal(refusal(&caller, "ChangeStaffPassword", &request.base), "new_password");
    request.new_password = request.new_password_confirm = text("a clerk's own words");
    assert_string_equal(refusal(&caller, "ChangeStaffPassword", &request.base), "");
    assert_int_equal(resolve(token, COMMON__PRINCIPAL__KIND__STAFF, NULL), STATUS_UNAUTHENTICATED);
    assert_false(staff_session(name, "a clerk's own words")->must_change_password);
}

static void test_members_and_staff_keep_to_their_doors(void **state)
{
    Common__Principal member = service_test_member(1), clerk = service_test_staff(1, NULL);
    Common__Empty nothing = COMMON__EMPTY__INIT;
    (void)state;
    assert_string_equal(service_test_reason(&member, "GetStaff", &nothing.base), "not_allowed");
    assert_string_equal(service_test_reason(&clerk, "GetAccount", &nothing.base), "not_allowed");
    assert_string_equal(service_test_reason(NULL, "GetAccount", &nothing.base), "log_in_first");
    /* only a gateway resolves sessions */
    Auth__ResolveSessionRequest request = AUTH__RESOLVE_SESSION_REQUEST__INIT;
    ProtobufCMessage *reply;
    request.session_token = text("x");
    request.kind = COMMON__PRINCIPAL__KIND__MEMBER;
    assert_int_equal(
        service_test_call(NULL, "payment", "ResolveSession", &request.base, "", &reply),
        STATUS_FORBIDDEN);
}

static int open_service(void **state)
{
    const char *why;
    (void)state;
    service_test_open(&auth);
    event_keys = keyring_load(getenv("GUILD_EVENT_KEY_FILE"), &why);
    arena = arena_new(0);
    return event_keys == NULL ? -1 : 0;
}

/* What other tests have sent is none of this one's business. */
static int open_page(void **state)
{
    (void)state;
    turn_page();
    redis_tell("DEL", "n:site", NULL);
    return 0;
}

static int close_service(void **state)
{
    (void)state;
    keyring_destroy(&event_keys);
    arena_destroy(&arena);
    service_test_close();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_code_registers_once, open_page),
        cmocka_unit_test_setup(test_five_wrong_tries_burn_a_code, open_page),
        cmocka_unit_test_setup(test_a_registered_phone_is_told_to_its_owner_only, open_page),
        cmocka_unit_test_setup(test_a_phone_gets_one_code_a_minute, open_page),
        cmocka_unit_test_setup(test_a_phone_gets_five_codes_an_hour, open_page),
        cmocka_unit_test_setup(test_a_phone_gets_eight_codes_a_day_whatever_redis_forgets,
                               open_page),
        cmocka_unit_test_setup(test_a_page_gets_five_codes_an_hour, open_page),
        cmocka_unit_test_setup(test_an_address_gets_ten_codes_an_hour, open_page),
        cmocka_unit_test_setup(test_an_address_and_its_network_have_their_day, open_page),
        cmocka_unit_test_setup(test_the_site_sends_three_hundred_codes_an_hour, open_page),
        cmocka_unit_test_setup(test_wrong_passwords_lock, open_page),
        cmocka_unit_test_setup(test_a_session_opens_until_it_is_ended, open_page),
        cmocka_unit_test_setup(test_a_sixth_session_ends_the_first, open_page),
        cmocka_unit_test_setup(test_an_ended_session_stays_ended_when_redis_forgets_it, open_page),
        cmocka_unit_test_setup(test_ended_sessions_are_kept_for_longer_than_they_can_last,
                               open_page),
        cmocka_unit_test_setup(test_a_used_code_stays_used_when_redis_forgets_it, open_page),
        cmocka_unit_test_setup(test_a_changed_password_ends_the_other_sessions, open_page),
        cmocka_unit_test_setup(test_a_changed_password_without_redis_is_no_failure, open_page),
        cmocka_unit_test_setup(test_a_password_like_the_phone_is_refused, open_page),
        cmocka_unit_test_setup(test_a_forgotten_password_is_set_with_a_code, open_page),
        cmocka_unit_test_setup(test_a_repeated_change_is_answered_as_the_first, open_page),
        cmocka_unit_test_setup(test_a_changed_phone_needs_both, open_page),
        cmocka_unit_test_setup(test_a_phone_is_proven_with_its_code, open_page),
        cmocka_unit_test_setup(test_an_account_is_handed_over_once, open_page),
        cmocka_unit_test_setup(test_a_phone_of_somebody_else_is_not_taken, open_page),
        cmocka_unit_test_setup(test_staff_change_the_one_time_password_first, open_page),
        cmocka_unit_test_setup(test_members_and_staff_keep_to_their_doors, open_page),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
