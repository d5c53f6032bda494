/* The fees and the account of deploy/association.json into payment.fee_schedule and payment.payee: names of members are names
   of columns. */
#include "guildctl.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `member`: an object of the file, or a list of them. Returns whether rows were written. */
static bool seed_table(PGconn *pg, const char *text, const char *member, const char *table)
{
    const char *const values[] = {text, member};
    PGresult *columns = database_ask(
        pg,
        "SELECT string_agg(format('%I', name), ', ') FROM jsonb_object_keys(CASE"
        " jsonb_typeof($1::jsonb -> $2) WHEN 'array' THEN $1::jsonb -> $2 -> 0 ELSE $1::jsonb -> $2"
        " END) AS name",
        2, values);
    char *sql = NULL;
    if (PQgetisnull(columns, 0, 0))
        die("the association's file has no %s", member);
    if (asprintf(&sql,
                 "INSERT INTO payment.%2$s (%1$s) SELECT %1$s FROM"
                 " jsonb_populate_recordset(NULL::payment.%2$s, CASE jsonb_typeof($1::jsonb -> $2)"
                 " WHEN 'array' THEN $1::jsonb -> $2 ELSE jsonb_build_array($1::jsonb -> $2) END)"
                 " WHERE NOT EXISTS (SELECT FROM payment.%2$s)",
                 PQgetvalue(columns, 0, 0), table) < 0)
        abort();
    PGresult *written = database_ask(pg, sql, 2, values);
    bool any = strcmp(PQcmdTuples(written), "0") != 0;
    PQclear(written);
    PQclear(columns);
    free(sql);
    return any;
}

bool seed_fees(PGconn *pg, const char *association)
{
    size_t size;
    char *text = file_read(association, &size);
    bool fees = seed_table(pg, text, "fees", "fee_schedule");
    bool payee = seed_table(pg, text, "bank", "payee");
    free(text);
    return fees || payee;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    const char **association = state->input;
    switch (key) {
    case 'a':
        *association = text;
        return 0;
    case ARGP_KEY_END:
        if (*association == NULL)
            argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int seed_main(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"association", 'a', "FILE", 0, "the association's data (deploy/association.json)", 0},
        {0      }
    };
    static const struct argp argp = {
        options, parse, NULL, "Writes the fee schedule into the database, if there is none yet.",
        NULL,    NULL,  NULL};
    const char *association = NULL;
    argp_parse(&argp, argc, argv, 0, NULL, &association);
    PGconn *pg = database_open();
    puts(seed_fees(pg, association) ? "fee schedule written" : "there is a fee schedule already");
    PQfinish(pg);
    return 0;
}
