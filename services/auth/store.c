/* What auth keeps in Redis, each step one round trip. Keys: c:… codes, n:… counters, w:… wrong passwords, s:…
   sessions, a:… an account's sessions, guild:revocations. Nothing here decides alone: a code's use and a session's epoch
   are settled in PostgreSQL. */
#include "nouns.h"
#include "reasons.h"
#include "rules.h"
#include <stdio.h>
#include <string.h>

struct wait {
    struct call *c;
    redis_done_fn *done;
};

struct auth *auth_of(struct call *c)
{
    return service_state(c->run);
}

static void on_reply(void *owner, const redisReply *reply)
{
    struct wait *wait = owner;
    bool away = reply == NULL || reply->type == REDIS_REPLY_ERROR;
    call_resume(wait->c,
                away ? call_fail(wait->c, REASON_database_away) : wait->done(wait->c, reply));
}

answer redis_then(struct call *c, redis_done_fn *done, int argc, const char *const *argv)
{
    struct wait *wait = arena_alloc(c->arena, sizeof *wait);
    *wait = (struct wait){c, done};
    answer later = call_later(c);
    cache_command(auth_of(c)->cache, on_reply, wait, argc, argv, NULL);
    return later;
}

static void nobody_waits(void *owner, const redisReply *reply)
{
    (void)owner;
    (void)reply;
}

/* ---- codes */

/* ARGV: phone, address, nonce, mac, id. The limits of every window are looked at before any is counted. The
   /24 of the address has one too, so that a row of addresses is no way around. */
static const char put_script[] =
    "local function over(k, most) return tonumber(redis.call('GET', k) or '0') >= most end\n"
    "local function count(k, s) if redis.call('INCR', k) == 1 then redis.call('EXPIRE', k, s) end "
    "end\n"
    "local p, a, n = ARGV[1], ARGV[2], ARGV[3]\n"
    "local wait = redis.call('TTL', 'n:m:' .. p)\n"
    "if wait > 0 then return {0, wait} end\n"
    "local net = string.match(a, '^(%d+%.%d+%.%d+)%.') or a\n"
    "if over('n:ph:' .. p, 5) or over('n:pd:' .. p, 8) or over('n:ah:' .. a, tonumber(ARGV[6])) "
    "or\n"
    "   over('n:ad:' .. a, 3 * tonumber(ARGV[6])) or over('n:nd:' .. net, 10 * tonumber(ARGV[6])) "
    "or\n"
    "   over('n:nh:' .. n, 5) or over('n:site', 300) then return {0, 60} end\n"
    "redis.call('SET', 'n:m:' .. p, '1', 'EX', 60)\n"
    "count('n:ph:' .. p, 3600) count('n:pd:' .. p, 86400) count('n:ah:' .. a, 3600)\n"
    "count('n:ad:' .. a, 86400) count('n:nd:' .. net, 86400) count('n:nh:' .. n, 3600) "
    "count('n:site', 3600)\n"
    "redis.call('HSET', KEYS[1], 'mac', ARGV[4], 'id', ARGV[5], 'tries', '0')\n"
    "redis.call('EXPIRE', KEYS[1], 300)\n"
    "return {1, 60}";

static const char take_script[] = "local mac = redis.call('HGET', KEYS[1], 'mac')\n"
                                  "if not mac then return false end\n"
                                  "if redis.call('HINCRBY', KEYS[1], 'tries', 1) > 5 then "
                                  "redis.call('DEL', KEYS[1]) return false end\n"
                                  "if mac ~= ARGV[1] then return false end\n"
                                  "return redis.call('HGET', KEYS[1], 'id')";

static const char *code_key(struct call *c, const char *purpose, const char *phone,
                            const char *nonce)
{
    return arena_printf(c->arena, "c:%s:%s:%s", purpose, phone, nonce);
}

answer store_code_put(struct call *c, const char *purpose, const char *phone, const char *nonce,
                      const char *address, const char *mac, const char *code_id,
                      redis_done_fn *done)
{
    const char *argv[] = {
        "EVAL", put_script, "1",     code_key(c, purpose, phone, nonce),       phone, address,
        nonce,  mac,        code_id, config_text("GUILD_SMS_PER_ADDRESS_HOUR")};
    return redis_then(c, done, 10, argv);
}

answer store_code_take(struct call *c, const char *purpose, const char *phone, const char *nonce,
                       const char *mac, redis_done_fn *done)
{
    const char *argv[] = {"EVAL", take_script, "1", code_key(c, purpose, phone, nonce), mac};
    return redis_then(c, done, 5, argv);
}

/* ---- wrong passwords */

static const char *wrong_key(struct call *c, const char *who)
{
    return arena_printf(c->arena, "w:%s", who);
}

answer store_wrong_count(struct call *c, const char *who, redis_done_fn *done)
{
    const char *argv[] = {"GET", wrong_key(c, who)};
    return redis_then(c, done, 2, argv);
}

void store_wrong_more(struct call *c, const char *who)
{
    const char *argv[] = {"EVAL",
                          "redis.call('INCR', KEYS[1]) redis.call('EXPIRE', KEYS[1], ARGV[1])", "1",
                          wrong_key(c, who), arena_printf(c->arena, "%d", RULES_LOCKED_S)};
    cache_command(auth_of(c)->cache, nobody_waits, NULL, 5, argv, NULL);
}

void store_wrong_clear(struct call *c, const char *who)
{
    const char *argv[] = {"DEL", wrong_key(c, who)};
    cache_command(auth_of(c)->cache, nobody_waits, NULL, 2, argv, NULL);
}
