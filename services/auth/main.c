/* guild-auth: accounts, sessions, codes, passwords, staff.

   What it does   F1 to F5: registration, log-in by password or code, forgotten and changed passwords, changed phones;
                  staff log-in; resolves session tokens into signed principal assertions for the gateways;
                  hands a unit's account over when certification tells that two persons agreed (SM11, handover.c).
                  The contract is proto/auth.proto.
   Reads, writes  PostgreSQL, schema auth; Redis: codes, sessions, limits (store.c).
   Signs          principal assertions; only this service holds the secret key.
   Tells          notification: codes, registrations, changed phones and passwords, accounts handed over;
                  certification: what became of a hand-over.
   When Redis is away nobody logs in (503) and sessions known to the gateways last their minute; when PostgreSQL is away
   requests are answered 503. Both come back by themselves. A used code and an ended session stay dead whatever Redis
   forgets: the first is a unique row, the second a row or its account's epoch, in PostgreSQL. Any number of instances. */
#include "auth.pb-c.h"
#include "auth_queries.h"
#include "nouns.h"
#include "reasons.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const struct setting auth_settings[] = {
    {"GUILD_REDIS",                     SETTING_TEXT,    NULL, "Redis: path of its socket, or host:port"        },
    {"GUILD_REDIS_PASSWORD_FILE",       SETTING_FILE,    "",   "file with Redis's password"                     },
    {"GUILD_PRINCIPAL_SECRET_KEY_FILE", SETTING_FILE,    NULL,
     "key that principal assertions are signed with"                                                            },
    {"GUILD_PEPPER_KEY_FILE",           SETTING_FILE,    NULL,
     "keyring that passwords and codes are keyed with"                                                          },
    {"GUILD_ARGON2_MIB",                SETTING_INTEGER, "64", "memory of a password hash, in MiB (at least 19)"},
    {"GUILD_SMS_PER_ADDRESS_HOUR",      SETTING_INTEGER, "10", "codes sent for one address in an hour"          },
    SETTINGS_END,
};

static const struct op *const auth_nouns[] = {account_ops, code_ops,  handover_ops,
                                              session_ops, staff_ops, NULL};
REASONS_TABLE(auth_reasons, AUTH_REASONS);

static const struct subscription auth_subscriptions[] = {
    {"code.requested",           "notification" },
    {"account.registered",       "notification" },
    {"account.phone_set",        "notification" },
    {"account.phone_changed",    "notification" },
    {"account.password_changed", "notification" },
    {"account.handed_over",      "notification" },
    {"account.taken_over",       "notification" },
    {"handover.switched",        "certification"},
    {"handover.failed",          "certification"},
    {NULL,                       NULL           },
};

static struct keyring *load_keys(const char *setting)
{
    const char *why = "";
    struct keyring *keys = keyring_load(config_text(setting), &why);
    if (keys == NULL) {
        fprintf(stderr, "%s %s\n", setting, why);
        exit(2);
    }
    return keys;
}

/* The number of revocations, shared by all instances: each tells it in its PINGs. It never falls, also where Redis
   comes back from a crash with an older one. */
static void on_seq(void *owner, const redisReply *reply)
{
    struct service_run *run = owner;
    struct auth *auth = service_state(run);
    if (reply == NULL || reply->type != REDIS_REPLY_STRING)
        return;
    uint64_t seq = strtoull(reply->str, NULL, 10);
    if (seq > auth->revocation_seq)
        auth->revocation_seq = seq;
    service_set_revocation_seq(run, auth->revocation_seq);
}

static void poll_seq(void *owner)
{
    static const char script[] = "local v = redis.call('GET', KEYS[1]) or '0'\n"
                                 "if tonumber(v) >= tonumber(ARGV[1]) then return v end\n"
                                 "redis.call('SET', KEYS[1], ARGV[1])\n"
                                 "return ARGV[1]";
    struct service_run *run = owner;
    struct auth *auth = service_state(run);
    char known[24];
    snprintf(known, sizeof known, "%" PRIu64, auth->revocation_seq);
    const char *argv[] = {"EVAL", script, "1", "guild:revocations", known};
    cache_command(auth->cache, on_seq, run, 5, argv, NULL);
}

/* Behind it the hash itself and the answer must fit into what a page waits for. */
enum { HASH_WAIT_MS = 2500 };

static void auth_start(struct service_run *run)
{
    static struct auth state;
    static char redis_password[256];
    state.pepper = load_keys("GUILD_PEPPER_KEY_FILE");
    state.event_keys = load_keys("GUILD_EVENT_KEY_FILE");
    if (!secret_load_hex(config_text("GUILD_PRINCIPAL_SECRET_KEY_FILE"), state.principal_key,
                         sizeof state.principal_key)) {
        fprintf(stderr, "GUILD_PRINCIPAL_SECRET_KEY_FILE holds no key\n");
        exit(2);
    }
    if (config_integer("GUILD_ARGON2_MIB") < 1 || config_integer("GUILD_ARGON2_MIB") > 1024) {
        fprintf(stderr, "GUILD_ARGON2_MIB must be between 1 and 1024\n");
        exit(2);
    }
    state.argon2_mib = (size_t)config_integer("GUILD_ARGON2_MIB");
    config_secret("GUILD_REDIS_PASSWORD_FILE", redis_password, sizeof redis_password);
    state.cache = cache_new(service_loop(run), config_text("GUILD_REDIS"), redis_password);
    state.work = work_new(service_loop(run), 2, 16);
    work_limit_wait(state.work, HASH_WAIT_MS);
    work_count_refused(state.work, "passwords");
    service_set_state(run, &state);
    loop_add_timer(service_loop(run), 500, poll_seq, run);
}

static void auth_stop(struct service_run *run)
{
    struct auth *state = service_state(run);
    work_destroy(&state->work);
    cache_destroy(&state->cache);
    keyring_destroy(&state->pepper);
    keyring_destroy(&state->event_keys);
}

static bool auth_is_ready(struct service_run *run)
{
    const struct auth *state = service_state(run);
    return cache_is_ready(state->cache);
}

static const struct service auth = {
    .contract = &auth__auth__descriptor,
    .nouns = auth_nouns,
    .statements = auth_statements,
    .reasons = auth_reasons,
    .settings = auth_settings,
    .about = "guild-auth: accounts, sessions, codes, passwords, staff.",
    .start = auth_start,
    .stop = auth_stop,
    .is_ready = auth_is_ready,
    .subscriptions = auth_subscriptions,
};

int main(int argc, char **argv)
{
    return service_main(&auth, argc, argv);
}
