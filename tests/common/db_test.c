/* PostgreSQL through the reactor, against a real server: GUILD_TEST_DATABASE is a superuser's conninfo. */
#include "clock.h"
#include "db.h"
#include "log.h"
#include <libpq-fe.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 10000, MANY = 300 };

#define STATEMENT(it, sql, changes, ...)                                                           \
    static const char *const params_##it[] = {__VA_ARGS__, NULL};                                  \
    static const struct statement sql_##it = {                                                     \
        .name = #it,                                                                               \
        .text = sql,                                                                               \
        .params = params_##it,                                                                     \
        .params_count = sizeof params_##it / sizeof params_##it[0] - 1,                            \
        .writes = changes,                                                                         \
    }

STATEMENT(echo, "SELECT $1::bigint AS number, $2::text AS words", false, "number", "words");
STATEMENT(insert, "INSERT INTO thing (id, name) VALUES ($1, $2) RETURNING id, made_at", true, "id",
          "name");
STATEMENT(delete, "DELETE FROM thing WHERE id <> $1", true, "id");
STATEMENT(find, "SELECT name FROM thing WHERE id = $1", false, "id");
STATEMENT(rename, "UPDATE thing SET name = $2 WHERE id = $1 RETURNING name", true, "id", "name");
STATEMENT(sleep, "SELECT pg_sleep($1::float8)", true, "seconds");
STATEMENT(backend, "SELECT pg_backend_pid() AS pid, pg_sleep($1::float8)", true, "seconds");
STATEMENT(session, "SELECT current_setting($1) AS value", false, "name");

static const struct statement *const statements[] = {&sql_echo,    &sql_insert,  &sql_delete,
                                                     &sql_find,    &sql_rename,  &sql_sleep,
                                                     &sql_session, &sql_backend, NULL};

struct world {
    char schema[64], conninfo[1024];
    PGconn *side; /* another session, blocking */
    struct loop *loop;
    struct db *db;
    struct arena *arena;
    /* the last completion */
    size_t ended;
    enum db_outcome outcome;
    const struct rows *results;
    struct db_error error;
};
static struct world w;

/* ---- the stage */

static void side(const char *sql)
{
    PGresult *result = PQexec(w.side, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(w.side));
    PQclear(result);
}

static void give_up(void *owner)
{
    (void)owner;
    fail_msg("nothing happened for %d ms", PATIENCE_MS);
}

static void stop_when_ready(void *owner)
{
    (void)owner;
    if (db_is_ready(w.db))
        loop_stop(w.loop);
}

static void run(void)
{
    int patience = loop_after(w.loop, PATIENCE_MS, give_up, NULL);
    loop_run(w.loop);
    loop_remove_timer(w.loop, patience);
}

static void run_until_ready(void)
{
    int timer = loop_add_timer(w.loop, 5, stop_when_ready, NULL);
    run();
    loop_remove_timer(w.loop, timer);
}

static void on_done(void *owner, enum db_outcome outcome, const struct rows *results,
                    const struct db_error *error)
{
    size_t *waited = owner;
    w.outcome = outcome;
    w.results = results;
    w.error = *error;
    w.ended++;
    if (--*waited == 0)
        loop_stop(w.loop);
}

static struct batch *one(const struct statement *statement, const char *a, const char *b)
{
    struct batch *batch = batch_new(w.arena);
    const char **values = arena_alloc(w.arena, 2 * sizeof *values);
    values[0] = a;
    values[1] = b;
    batch_put(batch, statement, values);
    return batch;
}

static void also(struct batch *batch, const struct statement *statement, const char *a,
                 const char *b)
{
    const char **values = arena_alloc(w.arena, 2 * sizeof *values);
    values[0] = a;
    values[1] = b;
    batch_put(batch, statement, values);
}

static enum db_outcome send_for(struct batch *batch, uint64_t ms)
{
    size_t waited = 1;
    db_send(w.db, batch, clock_ms() + ms, on_done, &waited);
    run();
    return w.outcome;
}

static enum db_outcome send_now(struct batch *batch)
{
    return send_for(batch, 3000);
}

static int stage_open(void **state)
{
    char sql[1024];
    (void)state;
    const char *given = getenv("GUILD_TEST_DATABASE");
    if (given == NULL)
        fail_msg(
            "GUILD_TEST_DATABASE must name a PostgreSQL to test with (a superuser's conninfo)");
    w = (struct world){.side = PQconnectdb(given)};
    if (PQstatus(w.side) != CONNECTION_OK)
        fail_msg("GUILD_TEST_DATABASE: %s", PQerrorMessage(w.side));
    snprintf(w.schema, sizeof w.schema, "db_test_%d", (int)getpid());
    snprintf(w.conninfo, sizeof w.conninfo, "%s application_name=%s options=-csearch_path=%s",
             given, w.schema, w.schema);
    snprintf(sql, sizeof sql,
             "SET client_min_messages = error; DROP SCHEMA IF EXISTS %s CASCADE; CREATE SCHEMA %s;"
             "CREATE TABLE %s.thing (id bigint CONSTRAINT thing_known_already PRIMARY KEY,"
             " name text NOT NULL CONSTRAINT name_too_long CHECK (length(name) < 9),"
             " made_at timestamptz NOT NULL DEFAULT now()); SET search_path = %s",
             w.schema, w.schema, w.schema, w.schema);
    side(sql);
    w.loop = loop_new();
    w.arena = arena_new(0);
    w.db = db_new(w.loop, w.conninfo, statements, 2, 1, 0);
    run_until_ready();
    return 0;
}

static int stage_close(void **state)
{
    char sql[128];
    (void)state;
    db_destroy(&w.db);
    loop_destroy(&w.loop);
    arena_destroy(&w.arena);
    snprintf(sql, sizeof sql, "DROP SCHEMA %s CASCADE", w.schema);
    side(sql);
    PQfinish(w.side);
    return 0;
}

/* ---- what a handler may rely on */

static void a_batch_commits_and_gives_its_rows(void **state)
{
    (void)state;
    struct batch *batch = one(&sql_insert, "1", "first");
    also(batch, &sql_rename, "1", "second");
    also(batch, &sql_delete, "1", NULL);
    assert_true(batch_writes(batch));
    assert_int_equal(batch_count(batch), 3);
    assert_int_equal(send_now(batch), DB_COMMITTED);
    assert_int_equal(w.results[0].count, 1);
    assert_string_equal(rows_get(&w.results[0], 0, "id"), "1");
    const char *made_at = rows_get(&w.results[0], 0, "made_at");
    assert_string_equal(made_at + strlen(made_at) - 3, "+08");
    assert_string_equal(rows_get(&w.results[1], 0, "name"), "second");
    assert_null(rows_get(&w.results[1], 0, "no_such_column"));
    assert_int_equal(w.results[2].affected, 0);
}

static void a_refused_statement_undoes_the_batch(void **state)
{
    (void)state;
    struct batch *batch = one(&sql_insert, "1", "first");
    also(batch, &sql_insert, "1", "again");
    also(batch, &sql_insert, "2", "never");
    assert_int_equal(send_now(batch), DB_REFUSED);
    assert_string_equal(w.error.sqlstate, "23505");
    assert_string_equal(w.error.constraint, "thing_known_already");
    assert_string_equal(w.error.statement, "insert");
    assert_int_equal(send_now(one(&sql_find, "1", NULL)), DB_COMMITTED);
    assert_int_equal(w.results[0].count, 0);
}

static void constraints_and_columns_are_named(void **state)
{
    (void)state;
    assert_int_equal(send_now(one(&sql_insert, "1", "far too long")), DB_REFUSED);
    assert_string_equal(w.error.constraint, "name_too_long");
    assert_int_equal(send_now(one(&sql_insert, "1", NULL)), DB_REFUSED);
    assert_string_equal(w.error.sqlstate, "23502");
    assert_string_equal(w.error.column, "name");
}

static void null_is_bound_by_type(void **state)
{
    (void)state;
    assert_false(db_param_is_text(w.db, &sql_echo, 0));
    assert_true(db_param_is_text(w.db, &sql_echo, 1));
    assert_int_equal(db_param_type(w.db, &sql_insert, 0), 20); /* bigint */
    assert_int_equal(send_now(one(&sql_echo, NULL, "")), DB_COMMITTED);
    assert_null(rows_get(&w.results[0], 0, "number"));
    assert_string_equal(rows_get(&w.results[0], 0, "words"), "");
    assert_int_equal(rows_integer(&w.results[0], 0, "number"), 0);
}

static void the_session_is_as_promised(void **state)
{
    static const char *const promised[][2] = {
        {"TimeZone",        "Asia/Shanghai"},
        {"lock_timeout",    "100ms"        },
        {"client_encoding", "UTF8"         },
    };
    (void)state;
    for (size_t i = 0; i < sizeof promised / sizeof promised[0]; i++) {
        assert_int_equal(send_now(one(&sql_session, promised[i][0], NULL)), DB_COMMITTED);
        assert_string_equal(rows_get(&w.results[0], 0, "value"), promised[i][1]);
    }
    assert_int_equal(send_now(one(&sql_session, "search_path", NULL)), DB_COMMITTED);
    assert_string_equal(rows_get(&w.results[0], 0, "value"), w.schema);
}

/* ---- waiting */

static void a_lock_is_not_waited_for(void **state)
{
    (void)state;
    struct batch *batch = one(&sql_rename, "1", "renamed");
    assert_int_equal(send_now(one(&sql_insert, "1", "first")), DB_COMMITTED);
    side("BEGIN; SELECT * FROM thing FOR UPDATE");
    uint64_t before = clock_ms();
    assert_int_equal(send_now(batch), DB_RETRY);
    assert_string_equal(w.error.sqlstate, "55P03");
    assert_in_range(clock_ms() - before, 90, 1000);
    side("COMMIT");
    assert_int_equal(send_now(batch), DB_COMMITTED); /* the same batch again */
    assert_string_equal(rows_get(&w.results[0], 0, "name"), "renamed");
}

static void a_statement_ends_with_its_time(void **state)
{
    (void)state;
    uint64_t before = clock_ms();
    assert_int_equal(send_for(one(&sql_sleep, "5", NULL), 200), DB_RETRY);
    assert_string_equal(w.error.sqlstate, "57014");
    assert_in_range(clock_ms() - before, 150, 1500);
    assert_int_equal(send_now(one(&sql_sleep, "0", NULL)), DB_COMMITTED);
}

static void a_batch_whose_time_is_over_is_not_sent(void **state)
{
    (void)state;
    size_t waited = 3;
    /* One connection writes, two batches at a time: the third waits, and is told when its own time is over. */
    uint64_t now = clock_ms();
    db_send(w.db, one(&sql_sleep, "0.5", NULL), now + 3000, on_done, &waited);
    db_send(w.db, one(&sql_sleep, "0.5", NULL), now + 3000, on_done, &waited);
    waited = 1;
    db_send(w.db, one(&sql_insert, "7", "late"), now + 100, on_done, &waited);
    run();
    assert_int_equal(w.outcome, DB_AWAY);
    assert_in_range(clock_ms() - now, 100, 450);
    waited = 2;
    run();
    assert_int_equal(w.outcome, DB_COMMITTED);
    assert_int_equal(send_now(one(&sql_find, "7", NULL)), DB_COMMITTED);
    assert_int_equal(w.results[0].count, 0);
}

static void stand_still(void *once)
{
    bool *stood = once;
    if (!*stood)
        poll(NULL, 0, 2500);
    *stood = true;
}

/* The answer came while we stood still: the connection is not held to be stuck. */
static void standing_still_loses_no_connection(void **state)
{
    (void)state;
    bool stood = false;
    int timer = loop_add_timer(w.loop, 20, stand_still, &stood);
    assert_int_equal(send_for(one(&sql_sleep, "0.1", NULL), 200), DB_COMMITTED);
    loop_remove_timer(w.loop, timer);
    assert_true(stood);
    assert_true(db_is_ready(w.db));
}

/* ---- many at once */

static void on_ordered(void *owner, enum db_outcome outcome, const struct rows *results,
                       const struct db_error *error)
{
    size_t *number = owner;
    (void)error;
    assert_int_equal(outcome, DB_COMMITTED);
    assert_int_equal(rows_integer(&results[0], 0, "number"), *number);
    if (++w.ended == MANY)
        loop_stop(w.loop);
}

static void many_fly_at_once_and_each_gets_its_own(void **state)
{
    static size_t numbers[MANY];
    (void)state;
    w.ended = 0;
    for (size_t i = 0; i < MANY; i++) {
        numbers[i] = i;
        db_send(w.db, one(&sql_echo, arena_printf(w.arena, "%zu", i), "x"), clock_ms() + 3000,
                on_ordered, &numbers[i]);
    }
    assert_int_equal(db_load(w.db), MANY);
    run();
    assert_int_equal(w.ended, MANY);
    assert_int_equal(db_load(w.db), 0);
}

static void end_backends(void *owner)
{
    char sql[256];
    (void)owner;
    snprintf(sql, sizeof sql,
             "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '%s'",
             w.schema);
    side(sql);
}

enum { SLOW = 12 };

static struct {
    int64_t pids[SLOW];
    size_t count;
} backends;

static void on_backend(void *owner, enum db_outcome outcome, const struct rows *results,
                       const struct db_error *error)
{
    size_t *waited = owner, i = 0;
    (void)error;
    assert_int_equal(outcome, DB_COMMITTED);
    int64_t pid = rows_integer(&results[0], 0, "pid");
    while (i < backends.count && backends.pids[i] != pid)
        i++;
    backends.pids[i] = pid;
    backends.count += i == backends.count;
    if (--*waited == 0)
        loop_stop(w.loop);
}

static void writes_that_wait_get_spare_connections(void **state)
{
    (void)state;
    size_t waited = SLOW;
    db_destroy(&w.db);
    loop_destroy(&w.loop);
    w.loop = loop_new();
    w.db = db_new(w.loop, w.conninfo, statements, 1, 1, 3);
    run_until_ready();
    assert_int_equal(send_now(one(&sql_insert, "1", "one")), DB_COMMITTED);
    side("DO $$ BEGIN ASSERT (SELECT count(*) FROM pg_stat_activity"
         " WHERE application_name = current_schema()) = 2, 'spare before it is needed'; END $$");
    backends.count = 0;
    for (size_t i = 0; i < SLOW; i++)
        db_send(w.db, one(&sql_backend, "0.1", NULL), clock_ms() + PATIENCE_MS, on_backend,
                &waited);
    run();
    assert_in_range(backends.count, 2, 4);
    /* a spare one that is lost comes back when it is needed, and nothing else waits for it */
    size_t lost = 1;
    end_backends(NULL);
    db_send(w.db, one(&sql_echo, "1", "x"), clock_ms() + 200, on_done, &lost);
    run();
    run_until_ready();
    assert_int_equal(send_now(one(&sql_insert, "2", "two")), DB_COMMITTED);
}

/* ---- loss */

static void a_connection_lost_leaves_the_outcome_unknown(void **state)
{
    (void)state;
    loop_after(w.loop, 50, end_backends, NULL);
    assert_int_equal(send_now(one(&sql_sleep, "1", NULL)), DB_UNKNOWN);
    assert_int_not_equal(send_now(one(&sql_echo, "1", "x")), DB_COMMITTED);
}

static void connections_come_back(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        end_backends(NULL);
        while (db_is_ready(w.db))
            send_now(one(&sql_sleep, "0", NULL)); /* until the loss is seen */
        run_until_ready();
        assert_int_equal(send_now(one(&sql_insert, arena_printf(w.arena, "%d", i), "x")),
                         DB_COMMITTED);
    }
}

static void a_database_that_is_away_is_told_at_once(void **state)
{
    (void)state;
    db_destroy(&w.db);
    loop_destroy(&w.loop);
    w.loop = loop_new();
    w.db = db_new(w.loop, "host=/nonexistent user=nobody dbname=nothing", statements, 1, 1, 0);
    assert_false(db_is_ready(w.db));
    uint64_t before = clock_ms();
    assert_int_equal(send_now(one(&sql_echo, "1", "x")), DB_AWAY);
    assert_in_range(clock_ms() - before, 0, 100);
}

/* ---- what stops the start */

/* The exit code of a process that opens the database so; 0 when it got ready. */
static int start_elsewhere(const char *conninfo, const struct statement *const *list, bool durable)
{
    /* What the child leaves alone is still in reach, not leaked. */
    static void *volatile parents[2] __attribute__((unused));
    int status;
    pid_t child = fork();
    if (child == 0) {
        parents[0] = w.loop;
        parents[1] = w.db;
        w.loop = loop_new();
        w.db = db_new(w.loop, conninfo, list, 1, 1, 0);
        if (durable)
            db_require_durable(w.db);
        run_until_ready();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The server's settings as they ought to be, but for one: functions of ours stand before PostgreSQL's own. */
static int start_with_setting(const char *name, const char *value)
{
    char sql[1024];
    snprintf(sql, sizeof sql,
             "CREATE OR REPLACE FUNCTION current_setting(name text) RETURNS text LANGUAGE sql AS "
             "$$ SELECT CASE name WHEN '%s' THEN '%s' WHEN 'server_encoding' THEN 'UTF8' "
             "WHEN 'lc_ctype' THEN 'C.UTF-8' ELSE 'on' END $$",
             name, value);
    side(sql);
    return start_elsewhere(arena_printf(w.arena, "%s options=-csearch_path=%s,pg_catalog",
                                        getenv("GUILD_TEST_DATABASE"), w.schema),
                           statements, true);
}

static void a_server_that_may_lose_data_is_refused(void **state)
{
    static const char *const wrong[][2] = {
        {"fsync",              "off"   },
        {"full_page_writes",   "off"   },
        {"synchronous_commit", "off"   },
        {"synchronous_commit", "local" },
        {"data_checksums",     "off"   },
        {"server_encoding",    "LATIN1"},
        {"lc_ctype",           "C"     },
    };
    (void)state;
    assert_int_equal(start_with_setting("none", ""), 0);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(start_with_setting(wrong[i][0], wrong[i][1]), 1);
}

/* The names are PostgreSQL's own, and in development it is only told. */
static void in_development_it_is_only_told(void **state)
{
    const char *careless =
        arena_printf(w.arena, "%s options='-csearch_path=%s -csynchronous_commit=off'",
                     getenv("GUILD_TEST_DATABASE"), w.schema);
    (void)state;
    assert_int_equal(start_elsewhere(careless, statements, false), 0);
    assert_int_equal(start_elsewhere(careless, statements, true), 1);
}

static void a_statement_that_does_not_prepare_is_refused(void **state)
{
    static const struct statement wrong = {.name = "wrong",
                                           .text = "SELECT no_such_column FROM thing"};
    static const struct statement *const list[] = {&sql_echo, &wrong, NULL};
    (void)state;
    assert_int_equal(start_elsewhere(w.conninfo, list, false), 1);
}

int main(void)
{
    log_start("db_test", "1", LOGGED_ERROR);
#define TEST(it) cmocka_unit_test_setup_teardown(it, stage_open, stage_close)
    const struct CMUnitTest tests[] = {
        TEST(a_batch_commits_and_gives_its_rows),
        TEST(a_refused_statement_undoes_the_batch),
        TEST(constraints_and_columns_are_named),
        TEST(null_is_bound_by_type),
        TEST(the_session_is_as_promised),
        TEST(a_lock_is_not_waited_for),
        TEST(a_statement_ends_with_its_time),
        TEST(a_batch_whose_time_is_over_is_not_sent),
        TEST(standing_still_loses_no_connection),
        TEST(many_fly_at_once_and_each_gets_its_own),
        TEST(writes_that_wait_get_spare_connections),
        TEST(a_connection_lost_leaves_the_outcome_unknown),
        TEST(connections_come_back),
        TEST(a_database_that_is_away_is_told_at_once),
        TEST(a_server_that_may_lose_data_is_refused),
        TEST(in_development_it_is_only_told),
        TEST(a_statement_that_does_not_prepare_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
