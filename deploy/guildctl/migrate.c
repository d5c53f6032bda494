/* Migrations: plain SQL files, applied once, in the order of their names, each in one transaction with the search
   path of its service. DIR/common holds what every service keeps; DIR/<service> is a service's own. The table
   public.guild_migration knows what was applied, and from which text: a file that changed afterwards is refused. */
#include "guildctl.h"

#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHECKSUM_BYTES = 32, LOCK = 7264501 };

struct wish {
    const char *schema, *passwords, *association;
    bool status;
};

struct run {
    PGconn *pg;
    const struct wish *wish;
    size_t applied, waiting;
};

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int is_sql(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name);
    return entry->d_name[0] != '.' && size > 4 && strcmp(entry->d_name + size - 4, ".sql") == 0;
}

/* A folder's name becomes the name of a schema and of a role. */
static void check_name(const char *name)
{
    if (strspn(name, "abcdefghijklmnopqrstuvwxyz_") != strlen(name) || strlen(name) > 40)
        die("%s is no name for a service: small letters and _ only", name);
}

static void list_begin(PGconn *pg)
{
    database_do(pg, "SELECT pg_advisory_lock(%d)", LOCK); /* goes with the connection */
    database_do(pg, "CREATE TABLE IF NOT EXISTS public.guild_migration ("
                    "schema text NOT NULL, name text NOT NULL, checksum text NOT NULL,"
                    " applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (schema, name))");
}

/* Was a file applied to a service's schema? Dies when it was, from another text. */
static bool is_applied(PGconn *pg, const char *service, const char *name, const char *checksum)
{
    const char *const values[] = {service, name};
    PGresult *found = database_ask(
        pg, "SELECT checksum FROM public.guild_migration WHERE schema = $1 AND name = $2", 2,
        values);
    bool applied = PQntuples(found) == 1;
    if (applied && strcmp(PQgetvalue(found, 0, 0), checksum) != 0)
        die("%s was applied to %s already, but its text has changed since.\n"
            "Put the file back as it was, and write the change as a new file.",
            name, service);
    PQclear(found);
    return applied;
}

static void file_apply(struct run *run, const char *service, const char *name, const char *text,
                       const char *checksum)
{
    const char *const values[] = {service, name, checksum};
    database_do(run->pg, "BEGIN");
    database_do(run->pg, "SET LOCAL search_path = %s", service);
    PGresult *result = PQexec(run->pg, text);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        die("%s, for %s: %s", name, service, PQerrorMessage(run->pg));
    PQclear(result);
    if (PQtransactionStatus(run->pg) != PQTRANS_INTRANS)
        die("%s, for %s: a migration must not end its transaction", name, service);
    PQclear(database_ask(
        run->pg, "INSERT INTO public.guild_migration (schema, name, checksum) VALUES ($1, $2, $3)",
        3, values));
    database_do(run->pg, "COMMIT");
}

static void file_migrate(struct run *run, const char *service, const char *folder, const char *file)
{
    unsigned char hash[CHECKSUM_BYTES];
    char path[4096], name[512], checksum[2 * CHECKSUM_BYTES + 1];
    size_t size;
    snprintf(path, sizeof path, "%s/%s/%s", run->wish->schema, folder, file);
    snprintf(name, sizeof name, "%s/%s", folder, file);
    char *text = file_read(path, &size);
    crypto_generichash(hash, sizeof hash, (const unsigned char *)text, size, NULL, 0);
    sodium_bin2hex(checksum, sizeof checksum, hash, sizeof hash);

    bool applied = is_applied(run->pg, service, name, checksum);
    if (run->wish->status)
        printf("%-16s %-40s %s\n", service, name, applied ? "applied" : "waiting");
    run->waiting += !applied;
    if (!applied && !run->wish->status) {
        file_apply(run, service, name, text, checksum);
        printf("%s: %s\n", service, name);
        run->applied++;
    }
    free(text);
}

static void folder_migrate(struct run *run, const char *service, const char *folder)
{
    char path[4096];
    struct dirent **files = NULL;
    snprintf(path, sizeof path, "%s/%s", run->wish->schema, folder);
    int count = scandir(path, &files, is_sql, alphasort);
    if (count < 0)
        die("%s: %s", path, strerror(errno));
    for (int i = 0; i < count; i++) {
        file_migrate(run, service, folder, files[i]->d_name);
        free(files[i]);
    }
    free(files);
}

static void rights_give(struct run *run, const char *service)
{
    char path[4096];
    size_t size;
    snprintf(path, sizeof path, "%s/%s", run->wish->passwords, service);
    char *password = file_read(path, &size);
    password[strcspn(password, "\r\n")] = '\0';
    if (password[0] == '\0')
        die("%s holds no password", path);
    database_do(run->pg, "BEGIN");
    role_grant(run->pg, service, password);
    database_do(run->pg, "COMMIT");
    sodium_memzero(password, size);
    free(password);
}

static void service_migrate(struct run *run, const char *service)
{
    check_name(service);
    if (!run->wish->status)
        database_do(run->pg, "CREATE SCHEMA IF NOT EXISTS %s", service);
    folder_migrate(run, service, "common");
    folder_migrate(run, service, service);
    if (!run->wish->status)
        rights_give(run, service);
}

static void all_migrate(struct run *run)
{
    struct dirent **folders = NULL;
    int count = scandir(run->wish->schema, &folders, is_visible, alphasort);
    if (count < 0)
        die("%s: %s", run->wish->schema, strerror(errno));
    for (int i = 0; i < count; i++) {
        if (strcmp(folders[i]->d_name, "common") != 0)
            service_migrate(run, folders[i]->d_name);
        free(folders[i]);
    }
    free(folders);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct wish *wish = state->input;
    switch (key) {
    case 's':
        wish->schema = text;
        return 0;
    case 'p':
        wish->passwords = text;
        return 0;
    case 'a':
        wish->association = text;
        return 0;
    case 't':
        wish->status = true;
        return 0;
    case ARGP_KEY_END:
        if (wish->schema == NULL || (wish->passwords == NULL && !wish->status))
            argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int migrate_main(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"schema",                                                's', "DIR", 0, "folders of SQL files: common and one of each service", 0},
        {"passwords",                                                  'p', "DIR", 0, "a file of each service's name: its role's password", 0},
        {"association", 'a', "FILE", 0, "also write the fee schedule, if there is none yet", 0},
        {"status",                                                       't', NULL, 0, "only tell what is applied; exit code 1: something waits", 0},
        {0  }
    };
    static const struct argp argp = {options,
                                     parse,
                                     NULL,
                                     "Brings the schemas of all services up to date, and gives "
                                     "each service's role guild_<service> "
                                     "its password and the least rights it needs.",
                                     NULL,
                                     NULL,
                                     NULL};
    struct wish wish = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &wish);
    struct run run = {.pg = database_open(), .wish = &wish};

    list_begin(run.pg);
    all_migrate(&run);
    if (!wish.status && wish.association != NULL && seed_fees(run.pg, wish.association))
        puts("payment: fee schedule written");
    if (!wish.status && run.applied == 0)
        puts("up to date");
    PQfinish(run.pg);
    return wish.status && run.waiting > 0 ? 1 : 0;
}
