/* The tables of this service's nouns, what its main opens for them, and what they share. */
#ifndef GUILD_AUTH_NOUNS_H
#define GUILD_AUTH_NOUNS_H

#include "cache.h"
#include "call.h"
#include "secret.h"
#include "service.h"

struct auth {
    struct cache *cache;
    struct work *work; /* password hashes: two at once, sixteen wait */
    struct keyring *pepper, *event_keys;
    unsigned char principal_key[64]; /* Ed25519 secret key */
    size_t argon2_mib;
    uint64_t revocation_seq;
};

struct auth *auth_of(struct call *c);

/* ---- Redis (store.c). While Redis is away the answer is 503, or 504 behind a batch that wrote. */
typedef answer redis_done_fn(struct call *c, const redisReply *reply);
answer redis_then(struct call *c, redis_done_fn *done, int argc, const char *const *argv);

/* Counts a code against the limits and keeps it if they allow. Reply: integers {sent, seconds until the next one}. */
answer store_code_put(struct call *c, const char *purpose, const char *phone, const char *nonce,
                      const char *address, const char *mac, const char *code_id,
                      redis_done_fn *done);
/* Compares a code. Reply: its id as text, or nil; the sixth wrong try ends it. */
answer store_code_take(struct call *c, const char *purpose, const char *phone, const char *nonce,
                       const char *mac, redis_done_fn *done);

/* Wrong passwords of somebody from somewhere: {count}. */
answer store_wrong_count(struct call *c, const char *who, redis_done_fn *done);
void store_wrong_more(struct call *c, const char *who);
void store_wrong_clear(struct call *c, const char *who);

/* ---- codes (code.c) */

/* The code's keyed hash, hex in the arena: what Redis keeps. */
const char *code_mac(struct call *c, const char *purpose, const char *phone, const char *nonce,
                     const char *code);

/* ---- sessions (session.c) */

struct session_begin {
    bool staff, remember_me, must_change_password;
    int64_t account_id, epoch;
};
/* Makes a session and answers the call with its token. */
answer session_answer(struct call *c, const struct session_begin *begin);
/* Ends all sessions of the account at every gateway (their epoch is over already), then does as session_answer. */
answer session_replace(struct call *c, const struct session_begin *begin);
/* Tells every gateway at once, and those that miss it by the number. */
void session_revoke(struct call *c, const void *session_hash, int64_t account_id);

/* ---- passwords (password jobs, account.c) */

struct password_job {
    struct auth *auth;
    const char *password, *hash; /* to compare with; "" never matches; NULL: nothing to compare */
    const char *make;            /* to be hashed; NULL: nothing */
    bool matches, made, outdated;
    char made_hash[128];
};
answer password_then(struct call *c, const struct password_job *job, handler_worked_fn *done);

extern const struct op account_ops[];
extern const struct op code_ops[];
extern const struct op handover_ops[];
extern const struct op session_ops[];
extern const struct op staff_ops[];

#endif
