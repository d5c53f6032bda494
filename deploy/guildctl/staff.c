/* Staff accounts: made, or given another password; a one-time password, which must be changed at the next log-in. */
#include "guildctl.h"

#include "password.h"
#include <argp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUPS = 4, GROUP_LETTERS = 5, PASSWORD_SIZE = GROUPS * (GROUP_LETTERS + 1) };

struct wish {
    const char *command, *login, *name, *role;
};

/* Four groups of five letters that nobody mistakes for one another: 98 bits. */
static void password_make(char out[static PASSWORD_SIZE])
{
    static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789";
    for (size_t i = 0; i < PASSWORD_SIZE - 1; i++)
        out[i] = i % (GROUP_LETTERS + 1) == GROUP_LETTERS
                     ? '-'
                     : letters[randombytes_uniform(sizeof letters - 1)];
    out[PASSWORD_SIZE - 1] = '\0';
}

static void hash_make(const char *password, char hash[static PASSWORD_HASH_SIZE])
{
    const char *path = setting("GUILD_PEPPER_KEY_FILE"), *why = NULL;
    struct keyring *pepper = keyring_load(path, &why);
    if (pepper == NULL)
        die("%s %s", path, why);
    if (!password_hash(pepper, password, PASSWORD_MIB, hash))
        die("no memory for a password's hash");
    keyring_destroy(&pepper);
}

static void staff_insert(const struct wish *wish, const char *hash)
{
    const char *const values[] = {wish->login, wish->name, hash, wish->role};
    PGconn *pg = database_open();
    PGresult *made = database_ask(
        pg,
        "WITH made AS (INSERT INTO auth.staff (login, name, password_hash, must_change_password)"
        " VALUES ($1, $2, $3, true) ON CONFLICT (login) DO NOTHING RETURNING id),"
        " may AS (INSERT INTO auth.staff_role (staff_id, role) SELECT id, $4 FROM made),"
        " audited AS (INSERT INTO auth.audit (actor_kind, action, object)"
        " SELECT 'SYSTEM', 'staff.created', id::text FROM made)"
        " SELECT id FROM made",
        4, values);
    if (PQntuples(made) == 0)
        die("there is a staff account %s already", wish->login);
    PQclear(made);
    PQfinish(pg);
}

/* The epoch ends every session: auth asks for it again at least every PRINCIPAL_STAFF_SECONDS. */
static void password_reset(const struct wish *wish, const char *hash)
{
    const char *const values[] = {wish->login, hash};
    PGconn *pg = database_open();
    PGresult *reset = database_ask(
        pg,
        "WITH reset AS (UPDATE auth.staff SET password_hash = $2, must_change_password = true,"
        " session_epoch = session_epoch + 1 WHERE login = $1 AND enabled RETURNING id),"
        " audited AS (INSERT INTO auth.audit (actor_kind, action, object)"
        " SELECT 'SYSTEM', 'staff.password_reset', id::text FROM reset)"
        " SELECT id FROM reset",
        2, values);
    if (PQntuples(reset) == 0)
        die("there is no staff account %s that may log in", wish->login);
    PQclear(reset);
    PQfinish(pg);
}

#define ROLES                                                                                      \
    "administrator, secretary, reviewer, expert_reviewer, drawer, draw_witness, finance or "       \
    "invoicing"

static bool is_role(const char *text)
{
    static const char *const roles[] = {"administrator",   "secretary", "reviewer",
                                        "expert_reviewer", "drawer",    "draw_witness",
                                        "finance",         "invoicing"};
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (strcmp(text, roles[i]) == 0)
            return true;
    return false;
}

static bool is_create(const struct wish *wish)
{
    return strcmp(wish->command, "create") == 0;
}

static bool is_reset(const struct wish *wish)
{
    return strcmp(wish->command, "reset-password") == 0;
}

/* Each command has all that it needs, and nothing that it would not look at. */
static bool is_whole(const struct wish *wish)
{
    if (wish->command == NULL || wish->login == NULL)
        return false;
    return is_create(wish) ? wish->name != NULL && wish->role != NULL
                           : is_reset(wish) && wish->name == NULL && wish->role == NULL;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct wish *wish = state->input;
    switch (key) {
    case 'l':
        wish->login = text;
        return 0;
    case 'n':
        wish->name = text;
        return 0;
    case 'r':
        if (!is_role(text))
            argp_error(state, "a role is " ROLES);
        wish->role = text;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_usage(state);
        wish->command = text;
        return 0;
    case ARGP_KEY_END:
        if (!is_whole(wish))
            argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int staff_main(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"login",                         'l', "LOGIN", 0, "what the person logs in with", 0},
        {"name",                        'n', "NAME", 0, "the person's name, shown to others (create)", 0},
        {"role", 'r', "ROLE", 0, ROLES " (create)", 0},
        {0                              }
    };
    static const struct argp argp = {
        options,
        parse,
        "create --login LOGIN --name NAME --role ROLE\nreset-password --login LOGIN",
        "create makes a staff account; reset-password is for who lost the password, or must be "
        "kept out: sessions end within fifteen seconds. Both print a one-time password: it is "
        "shown this once, and must be changed at the next log-in. Wrong passwords that were "
        "counted before still lock for ten minutes.\n\n"
        "Needs GUILD_DATABASE and GUILD_PEPPER_KEY_FILE.",
        NULL,
        NULL,
        NULL};
    struct wish wish = {NULL, NULL, NULL, NULL};
    char password[PASSWORD_SIZE], hash[PASSWORD_HASH_SIZE];
    argp_parse(&argp, argc, argv, 0, NULL, &wish);
    password_make(password);
    hash_make(password, hash);
    (is_create(&wish) ? staff_insert : password_reset)(&wish, hash);
    printf("login     %s\npassword  %s\n", wish.login, password);
    sodium_memzero(password, sizeof password);
    return 0;
}
