/* The fee schedule of deploy/association.json into payment.fee_schedule: names of members are names of columns. */
#include "guildctl.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool seed_fees(PGconn *pg, const char *association)
{
    size_t size;
    char *text = file_read(association, &size);
    const char *const values[] = {text};
    PGresult *columns = database_ask(pg,
                                     "SELECT string_agg(format('%I', member), ', ') FROM "
                                     "jsonb_object_keys($1::jsonb -> 'fees' -> 0)"
                                     " AS member",
                                     1, values);
    char *sql = NULL;
    if (PQgetisnull(columns, 0, 0))
        die("%s has no fees", association);
    if (asprintf(&sql,
                 "INSERT INTO payment.fee_schedule (%1$s) SELECT %1$s FROM"
                 " jsonb_populate_recordset(NULL::payment.fee_schedule, $1::jsonb -> 'fees')"
                 " WHERE NOT EXISTS (SELECT FROM payment.fee_schedule)",
                 PQgetvalue(columns, 0, 0)) < 0)
        abort();
    PGresult *written = database_ask(pg, sql, 1, values);
    bool any = strcmp(PQcmdTuples(written), "0") != 0;
    PQclear(written);
    PQclear(columns);
    free(sql);
    free(text);
    return any;
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
