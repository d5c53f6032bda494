#include "guildctl.h"

#include <string.h>

static void role_create(PGconn *pg, const char *service, const char *password)
{
    char role[96];
    snprintf(role, sizeof role, "guild_%s", service);
    const char *const values[] = {role};
    PGresult *found = database_ask(pg, "SELECT FROM pg_roles WHERE rolname = $1", 1, values);
    if (PQntuples(found) == 0)
        database_do(pg, "CREATE ROLE %s", role);
    PQclear(found);

    char *verifier = PQencryptPasswordConn(pg, password, role, "scram-sha-256");
    if (verifier == NULL)
        die("a password for %s cannot be made: %s", role, PQerrorMessage(pg));
    database_do(pg,
                "ALTER ROLE %s LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
                " PASSWORD '%s'",
                role, verifier); /* a verifier holds neither quotes nor backslashes */
    PQfreemem(verifier);
    database_do(pg, "ALTER ROLE %s SET search_path = %s", role, service);
    database_do(pg, "ALTER ROLE %s SET timezone = 'Asia/Shanghai'", role);
}

/* What everybody may do by default, nobody may. */
static void revoke_public(PGconn *pg, const char *service)
{
    database_do(pg, "REVOKE ALL ON SCHEMA public FROM PUBLIC");
    database_do(pg, "REVOKE ALL ON SCHEMA %s FROM PUBLIC", service);
    database_do(pg, "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA %s FROM PUBLIC", service);
    database_do(pg, "DO $$ BEGIN EXECUTE format('REVOKE ALL ON DATABASE %%I FROM PUBLIC',"
                    " current_database()); END $$");
    database_do(pg,
                "DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %%I TO guild_%s',"
                " current_database()); END $$",
                service);
}

static void table_grant(PGconn *pg, const char *service, const char *table, bool append_only)
{
    char *name = PQescapeIdentifier(pg, table, strlen(table));
    database_do(pg, "REVOKE ALL ON %s.%s FROM PUBLIC, guild_%s", service, name, service);
    database_do(pg, "GRANT %s ON %s.%s TO guild_%s",
                append_only ? "SELECT, INSERT" : "SELECT, INSERT, UPDATE, DELETE", service, name,
                service);
    PQfreemem(name);
}

void role_grant(PGconn *pg, const char *service, const char *password)
{
    const char *const values[] = {service};
    role_create(pg, service, password);
    revoke_public(pg, service);
    database_do(pg, "GRANT USAGE ON SCHEMA %s TO guild_%s", service, service);
    database_do(pg, "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA %s TO guild_%s", service,
                service);
    database_do(pg, "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA %s TO guild_%s", service, service);
    PGresult *tables = database_ask(
        pg,
        "SELECT relname, relname = 'audit' OR coalesce(obj_description(oid, 'pg_class'), '') LIKE"
        " 'append-only%' FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind IN"
        " ('r', 'p', 'v', 'm') ORDER BY relname",
        1, values);
    for (int i = 0; i < PQntuples(tables); i++)
        table_grant(pg, service, PQgetvalue(tables, i, 0), *PQgetvalue(tables, i, 1) == 't');
    PQclear(tables);
}
