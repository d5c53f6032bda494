/* PostgreSQL for one reactor: a small pool of connections in libpq pipeline mode, prepared statements by name,
   batches as implicit transactions.

   A batch is the statements sent between two pipeline syncs: they commit together or not at all, in one round
   trip. Its completion runs only after the sync. Reads and writes go by separate connections, so that a lock
   wait never stands in front of a read. A connection lost before the sync leaves the outcome unknown; callers
   with an idempotency key ask again, the others tell the person. */
#ifndef GUILD_DB_H
#define GUILD_DB_H

#include "arena.h"
#include "loop.h"
#include "rows.h"
#include <stdbool.h>
#include <stdint.h>

/* Made by the build from queries.sql (common/tools/queries.c). Parameters are bound by name. */
struct statement {
    const char *name;
    const char *text;          /* with $1 … */
    const char *const *params; /* names in the order of $1 … */
    size_t params_count;
    bool writes; /* INSERT, UPDATE, DELETE or a row lock in it */
    bool keyed;  /* its answer is kept with the idempotency key of the call */
};

struct db;
struct batch;

enum db_outcome {
    DB_COMMITTED,
    DB_REFUSED, /* a statement failed; nothing changed; see struct db_error */
    DB_RETRY,   /* lock, deadlock or statement time-out; nothing changed; may be tried again */
    DB_AWAY,    /* no connection, or no time left: nothing was sent */
    DB_UNKNOWN, /* the connection broke after sending: committed or not */
};

/* What PostgreSQL said. Texts live as long as the call; NULL where it said nothing. */
struct db_error {
    const char *sqlstate;
    const char *constraint;
    const char *column;
    const char *message; /* for the log, never for a person */
    const char *statement;
};

/* `results` has one entry per statement of the batch, in order; valid in DB_COMMITTED only. They, and error's
   texts, are in the batch's arena. The batch may be sent again. */
typedef void db_done_fn(void *owner, enum db_outcome outcome, const struct rows *results,
                        const struct db_error *error);

/* Starts connecting and prepares all statements (NULL-terminated list) on each connection. A database that is
   away is tried again with back-off (100 ms to 1.2 s, with jitter); a statement that does not prepare ends the process
   with its name and PostgreSQL's words. `reads` and `writes` are numbers of connections; while writes wait, up to
   `spare_writes` more are opened, and closed when they have not been used for half a minute. `conninfo` must live as long;
   time zone, lock_timeout (100 ms) and date style are set here, the search path comes with conninfo or the role. */
struct db *db_new(struct loop *loop, const char *conninfo,
                  const struct statement *const *statements, size_t reads, size_t writes,
                  size_t spare_writes);
void db_destroy(struct db **self);

/* Right after db_new, in production: a server whose settings may lose data (data checksums, fsync, full_page_writes,
   synchronous_commit) or that does not know Chinese letters (encoding, LC_CTYPE) ends the process; else it is told in
   the log. */
void db_require_durable(struct db *db);

/* A read and a write connection at least are up. */
bool db_is_ready(const struct db *db);

/* A statement's parameter at `index` is of a text type: then empty stays empty, else empty becomes NULL.
   Known once a connection has been up. */
bool db_param_is_text(const struct db *db, const struct statement *statement, size_t index);

/* The parameter's type OID (libpq's catalog numbers; 0 while unknown). */
uint32_t db_param_type(const struct db *db, const struct statement *statement, size_t index);

struct batch *batch_new(struct arena *arena);
/* `values` in the order of the statement's params, text form, NULL for SQL NULL; arena memory. */
void batch_put(struct batch *batch, const struct statement *statement, const char *const *values);
size_t batch_count(const struct batch *batch);
bool batch_writes(const struct batch *batch);
/* While no connection is up it waits, until its deadline, instead of being told at once. */
void batch_be_patient(struct batch *batch);

/* Sends at the loop's next flush. statement_timeout is what is left until `deadline_ms` (clock_ms); a batch whose
   time is over is not sent, nor one that finds no connection up or 1024 batches before it. `done` runs exactly once:
   never before db_send returns, in db_destroy at the latest. */
void db_send(struct db *db, struct batch *batch, uint64_t deadline_ms, db_done_fn *done,
             void *owner);

/* For metrics: batches in flight and waiting. */
size_t db_load(const struct db *db);

#endif
