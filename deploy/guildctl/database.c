#include "guildctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void ignore_notice(void *owner, const PGresult *result)
{
    (void)owner;
    (void)result;
}

PGconn *database_open(void)
{
    PGconn *pg = PQconnectdb(setting("GUILD_DATABASE"));
    if (PQstatus(pg) != CONNECTION_OK)
        die("the database of GUILD_DATABASE: %s", PQerrorMessage(pg));
    PQsetNoticeReceiver(pg, ignore_notice, NULL); /* "already exists, skipping" */
    return pg;
}

static PGresult *whole(PGconn *pg, PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        die("the database refused: %s", PQerrorMessage(pg));
    return result;
}

static PGresult *__attribute__((format(printf, 2, 0)))
run(PGconn *pg, const char *format, va_list values)
{
    char *sql = NULL;
    if (vasprintf(&sql, format, values) < 0)
        abort();
    PGresult *result = whole(pg, PQexec(pg, sql));
    free(sql);
    return result;
}

PGresult *database_run(PGconn *pg, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    PGresult *result = run(pg, format, values);
    va_end(values);
    return result;
}

void database_do(PGconn *pg, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    PQclear(run(pg, format, values));
    va_end(values);
}

PGresult *database_ask(PGconn *pg, const char *sql, int count, const char *const *values)
{
    return whole(pg, PQexecParams(pg, sql, count, NULL, values, NULL, NULL, 0));
}
