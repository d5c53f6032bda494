/* What the commands share. Each command is a function of its own argc and argv, returns the process's exit code, and
   answers --help itself. */
#ifndef GUILDCTL_H
#define GUILDCTL_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

typedef int command_fn(int argc, char **argv);

struct command {
    const char *name;
    const char *help; /* one line */
    command_fn *function;
};

command_fn migrate_main, keys_main, staff_main, sms_main, seed_main, expire_main, attachments_main,
    disk_main;

/* Says what is wrong, and what to do, on stderr; ends the process with 1. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A setting that the command cannot do without. */
const char *setting(const char *name);

/* A whole text file, `malloc`ed; dies when it cannot be read or is larger than 4 MiB. */
char *file_read(const char *path, size_t *ret_size);

/* The database of GUILD_DATABASE, as its owner; dies when it is away. */
PGconn *database_open(void);
/* Runs SQL made by printf from trusted words; dies with PostgreSQL's own words. The result is for PQclear. */
PGresult *database_run(PGconn *pg, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same, for nothing but its effect. */
void database_do(PGconn *pg, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* One statement with values; dies like database_run. */
PGresult *database_ask(PGconn *pg, const char *sql, int count, const char *const *values);

/* A role of its own with least privilege for a service, whose schema exists: reads and writes its own tables, may
   neither change nor remove rows of `audit` and of tables whose comment begins with "append-only", and has no
   rights elsewhere. Runs inside the caller's transaction. */
void role_grant(PGconn *pg, const char *service, const char *password);

/* Writes the fee schedule from the association's data if there is none yet; true: it was written. */
bool seed_fees(PGconn *pg, const char *association);

#endif
