#include "db.h"

#include "clock.h"
#include "log.h"
#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    READ_DEPTH = 64, /* batches in flight on a reading connection */
    WRITE_DEPTH = 2, /* on a writing one, since each may wait for locks */
    WAITING_MAX = 1024,
    BACKOFF_MIN_MS = 100,
    BACKOFF_MAX_MS = 800, /* a first good write within 2 s after the database is back */
    CONNECT_MAX_MS = 3000,
    OVERDUE_MAX_MS =
        2000, /* past a batch's deadline: the server hangs, the connection is given up */
    CONNECTIONS_MAX = 24,
    TICK_MS = 50,
    AWAY_MS = 500,        /* without a tick for so long, we stood still ourselves */
    WIDEN_MS = 5,         /* a write that waits so long calls for a spare connection */
    SPARE_IDLE_MS = 30000 /* unused so long, a spare connection is closed */
};

struct entry {
    const struct statement *statement;
    const char *const *values;
    struct entry *next;
};

struct batch {
    struct arena *arena;
    struct entry *first, **last;
    size_t count;
    bool writes, patient;
};

/* A batch on its way. On the waiting list, then on a connection's list until its sync has come. */
struct flight {
    struct flight *next;
    struct batch *batch;
    uint64_t deadline_ms, queued_ms;
    db_done_fn *done;
    void *owner;
    /* what has come back */
    struct rows *results;
    size_t results_count; /* of begin and the batch's statements */
    struct db_error error;
    bool failed;
};

struct queue {
    struct flight *first, **last;
    size_t count;
};

/* OFF: waiting for its turn to connect. CONNECTING: libpq shakes hands. PREPARING: statements were sent and are
   described; no batch may go yet. READY. */
enum state { OFF, CONNECTING, PREPARING, READY };

struct connection {
    struct db *db;
    PGconn *pg;
    enum state state;
    bool writes, spare;
    int fd;
    uint64_t connect_at, began_at, used_at, backoff;
    size_t described;         /* statements whose description has come */
    bool preparing_described; /* within a statement: prepare has been answered */
    struct queue flying;
};

struct types {
    Oid *oids;
};

struct db {
    struct loop *loop;
    const char *conninfo;
    const struct statement *const *statements;
    size_t statements_count;
    struct types *types;
    struct connection connections[CONNECTIONS_MAX];
    size_t connections_count;
    struct queue reads, writes;
    int timer;
    uint64_t ticked_at, awake_since; /* since we stood still last */
    bool must_be_durable;
};

/* Once on each connection: how values are written, and that nobody waits long for a lock (the batch is tried
   again instead). Its first column names what would let the server lose or misread data. */
static const char session_text[] =
    "SELECT concat_ws(', ',"
    " CASE WHEN current_setting('data_checksums') <> 'on' THEN 'data_checksums' END,"
    " CASE WHEN current_setting('fsync') <> 'on' THEN 'fsync' END,"
    " CASE WHEN current_setting('full_page_writes') <> 'on' THEN 'full_page_writes' END,"
    " CASE WHEN current_setting('synchronous_commit') IN ('off', 'local') THEN "
    "'synchronous_commit' END,"
    " CASE WHEN current_setting('server_encoding') <> 'UTF8' THEN 'server_encoding' END,"
    " CASE WHEN current_setting('lc_ctype') !~* 'utf-?8$' THEN 'lc_ctype' END),"
    " set_config('TimeZone', 'Asia/Shanghai', false), set_config('DateStyle', 'ISO', false),"
    " set_config('bytea_output', 'hex', false), set_config('lock_timeout', '100ms', false)";

/* First in each batch: what is left of its time bounds every statement. Gone with the transaction. */
static const char begin_name[] = "guild_begin";
static const char begin_text[] = "SELECT set_config('statement_timeout', $1, true)";

/* ---- queues */

static void queue_init(struct queue *queue)
{
    *queue = (struct queue){.last = &queue->first};
}

static void queue_push(struct queue *queue, struct flight *flight)
{
    flight->next = NULL;
    *queue->last = flight;
    queue->last = &flight->next;
    queue->count++;
}

static struct flight *queue_pop(struct queue *queue)
{
    struct flight *flight = queue->first;
    if (flight == NULL)
        return NULL;
    queue->first = flight->next;
    if (queue->first == NULL)
        queue->last = &queue->first;
    queue->count--;
    return flight;
}

static void flight_end(struct flight *flight, enum db_outcome outcome)
{
    const struct rows *results = flight->results == NULL ? NULL : flight->results + 1;
    flight->done(flight->owner, outcome, results, &flight->error); /* [0] is begin's */
    free(flight);
}

/* ---- batches */

struct batch *batch_new(struct arena *arena)
{
    struct batch *batch = arena_alloc(arena, sizeof *batch);
    batch->arena = arena;
    batch->last = &batch->first;
    return batch;
}

void batch_put(struct batch *batch, const struct statement *statement, const char *const *values)
{
    struct entry *entry = arena_alloc(batch->arena, sizeof *entry);
    entry->statement = statement;
    entry->values = values;
    *batch->last = entry;
    batch->last = &entry->next;
    batch->count++;
    batch->writes |= statement->writes;
}

size_t batch_count(const struct batch *batch)
{
    return batch->count;
}

bool batch_writes(const struct batch *batch)
{
    return batch->writes;
}

void batch_be_patient(struct batch *batch)
{
    batch->patient = true;
}

static void connection_close(struct connection *c)
{
    if (c->fd >= 0)
        loop_remove_fd(c->db->loop, c->fd);
    if (c->pg != NULL)
        PQfinish(c->pg);
    c->pg = NULL;
    c->fd = -1;
    c->state = OFF;
}

/* ---- a connection lost: what flew is unknown */

static void connection_lost(struct connection *c, const char *why)
{
    struct flight *flying = c->flying.first;
    if (c->state == READY || c->state == PREPARING)
        log_line(LOGGED_WARNING, "database connection lost", "said='%s'", why);
    connection_close(c);
    c->backoff = c->backoff == 0                   ? BACKOFF_MIN_MS
                 : c->backoff * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS
                                                   : c->backoff * 2;
    c->connect_at = clock_ms() + c->backoff / 2 + randombytes_uniform((uint32_t)c->backoff);
    queue_init(&c->flying);
    for (struct flight *next; flying != NULL; flying = next) {
        next = flying->next;
        flight_end(flying, DB_UNKNOWN);
    }
}

static void connection_flush(struct connection *c)
{
    int left = PQflush(c->pg);
    if (left < 0)
        connection_lost(c, PQerrorMessage(c->pg));
    else
        loop_want_write(c->db->loop, c->fd, left > 0);
}

/* ---- statements are prepared and described on each new connection */

static void prepare_all(struct connection *c)
{
    struct db *db = c->db;
    bool sent = PQenterPipelineMode(c->pg) &&
                PQsendQueryParams(c->pg, session_text, 0, NULL, NULL, NULL, NULL, 0) &&
                PQsendPrepare(c->pg, begin_name, begin_text, 0, NULL) &&
                PQsendDescribePrepared(c->pg, begin_name);
    for (size_t i = 0; sent && i < db->statements_count; i++)
        sent = PQsendPrepare(c->pg, db->statements[i]->name, db->statements[i]->text, 0, NULL) &&
               PQsendDescribePrepared(c->pg, db->statements[i]->name);
    if (!sent || !PQpipelineSync(c->pg)) {
        connection_lost(c, PQerrorMessage(c->pg));
        return;
    }
    c->state = PREPARING;
    c->described = 0;
    c->preparing_described = false;
    connection_flush(c);
}

static void take_types(struct db *db, size_t index, const PGresult *result)
{
    const struct statement *statement = db->statements[index];
    if (db->types[index].oids != NULL)
        return;
    Oid *oids = calloc(statement->params_count + 1, sizeof *oids);
    if (oids == NULL)
        abort();
    for (size_t i = 0; i < statement->params_count; i++)
        oids[i] = PQparamtype(result, (int)i);
    db->types[index].oids = oids;
}

/* Is a refusal to prepare about the server's state, rather than about the statement? */
static bool is_passing(const char *sqlstate)
{
    static const char *const classes[] = {"08", "40", "53", "55", "57", "58"};
    for (size_t i = 0; sqlstate != NULL && i < sizeof classes / sizeof classes[0]; i++)
        if (strncmp(sqlstate, classes[i], 2) == 0)
            return true;
    return sqlstate == NULL;
}

static void refuse_preparation(struct connection *c, const PGresult *result)
{
    const struct db *db = c->db;
    const char *said = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (is_passing(PQresultErrorField(result, PG_DIAG_SQLSTATE))) {
        connection_lost(c, said == NULL ? "" : said);
        return;
    }
    log_line(LOGGED_ERROR, "a statement does not prepare", "statement=%s said='%s'",
             c->described == 0 ? begin_name : db->statements[c->described - 1]->name, said);
    exit(1);
}

static void check_durable(const struct db *db, const PGresult *session)
{
    const char *wrong = PQgetvalue(session, 0, 0);
    if (wrong[0] == '\0')
        return;
    log_line(db->must_be_durable ? LOGGED_ERROR : LOGGED_WARNING,
             "the database's settings may lose data", "settings='%s'", wrong);
    if (db->must_be_durable)
        exit(1);
}

/* Results come as prepare, describe, prepare, describe …, then the sync. Index 0 is begin's. */
static void take_preparation(struct connection *c, PGresult *result)
{
    switch (PQresultStatus(result)) {
    case PGRES_PIPELINE_SYNC:
        c->state = READY;
        c->backoff = 0;
        break;
    case PGRES_TUPLES_OK:
        check_durable(c->db, result);
        break;
    case PGRES_COMMAND_OK:
        if (c->preparing_described && c->described > 0)
            take_types(c->db, c->described - 1, result);
        c->described += c->preparing_described;
        c->preparing_described = !c->preparing_described;
        break;
    default:
        refuse_preparation(c, result);
        break;
    }
}

/* ---- results */

static void take_rows(struct flight *flight, const PGresult *result)
{
    struct arena *arena = flight->batch->arena;
    if (flight->results == NULL)
        flight->results = arena_alloc(arena, (flight->batch->count + 1) * sizeof(struct rows));
    struct rows *rows = &flight->results[flight->results_count++];
    if (flight->results_count == 1)
        return; /* begin's own row */
    size_t count = (size_t)PQntuples(result), columns = (size_t)PQnfields(result);
    const char **names = arena_alloc(arena, (columns + 1) * sizeof *names);
    const char **values = arena_alloc(arena, (count * columns + 1) * sizeof *values);

    for (size_t i = 0; i < columns; i++)
        names[i] = arena_text(arena, PQfname(result, (int)i));
    for (size_t row = 0; row < count; row++)
        for (size_t i = 0; i < columns; i++)
            if (!PQgetisnull(result, (int)row, (int)i))
                values[row * columns + i] =
                    arena_copy(arena, PQgetvalue(result, (int)row, (int)i),
                               (size_t)PQgetlength(result, (int)row, (int)i));
    *rows = (struct rows){count, columns, names, values,
                          strtoul(PQcmdTuples((PGresult *)(uintptr_t)result), NULL, 10)};
}

static const char *diagnosis(const struct flight *flight, const PGresult *result, int field)
{
    const char *text = PQresultErrorField(result, field);
    return text == NULL ? NULL : arena_text(flight->batch->arena, text);
}

static void take_error(struct flight *flight, const PGresult *result)
{
    if (flight->failed || PQresultStatus(result) != PGRES_FATAL_ERROR)
        return; /* the first error is the cause; what follows was skipped */
    flight->failed = true;
    const struct entry *entry = flight->batch->first;
    for (size_t i = 1; i < flight->results_count && entry != NULL; i++)
        entry = entry->next;
    flight->error = (struct db_error){
        .sqlstate = diagnosis(flight, result, PG_DIAG_SQLSTATE),
        .constraint = diagnosis(flight, result, PG_DIAG_CONSTRAINT_NAME),
        .column = diagnosis(flight, result, PG_DIAG_COLUMN_NAME),
        .message = diagnosis(flight, result, PG_DIAG_MESSAGE_PRIMARY),
        .statement = entry == NULL ? NULL : entry->statement->name,
    };
}

static enum db_outcome outcome_of(const struct flight *flight)
{
    static const char *const again[] = {"40001", "40P01", "55P03", "57014"};
    const char *state = flight->error.sqlstate;
    if (!flight->failed)
        return DB_COMMITTED;
    for (size_t i = 0; state != NULL && i < sizeof again / sizeof again[0]; i++)
        if (strcmp(state, again[i]) == 0)
            return DB_RETRY;
    if (state == NULL || strncmp(state, "57P", 3) == 0 || strncmp(state, "08", 2) == 0)
        return DB_UNKNOWN;
    return DB_REFUSED;
}

static void take_result(struct connection *c, PGresult *result)
{
    struct flight *flight = c->flying.first;
    ExecStatusType status = PQresultStatus(result);
    if (c->state == PREPARING) {
        take_preparation(c, result);
        return;
    }
    if (flight == NULL)
        return;
    switch (status) {
    case PGRES_PIPELINE_SYNC:
        queue_pop(&c->flying);
        flight_end(flight, outcome_of(flight));
        break;
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
        if (!flight->failed)
            take_rows(flight, result);
        break;
    default:
        take_error(flight, result);
        break;
    }
}

/* What arrived before the end still counts: a sync that came means committed. */
static void on_readable(void *owner)
{
    struct connection *c = owner;
    bool alive = PQconsumeInput(c->pg) == 1;
    unsigned nulls = 0;
    while (c->pg != NULL && nulls < 2 && !PQisBusy(c->pg)) {
        PGresult *result = PQgetResult(c->pg);
        if (result == NULL) {
            nulls++; /* between two statements; twice: nothing more */
            continue;
        }
        nulls = 0;
        take_result(c, result);
        PQclear(result);
    }
    if (c->pg != NULL && (!alive || PQstatus(c->pg) == CONNECTION_BAD))
        connection_lost(c, PQerrorMessage(c->pg));
}

static void on_writable(void *owner)
{
    connection_flush(owner);
}

/* ---- connecting */

static void poll_connect(void *owner)
{
    struct connection *c = owner;
    PostgresPollingStatusType status = PQconnectPoll(c->pg);
    if (PQsocket(c->pg) != c->fd) { /* the next address of several */
        loop_remove_fd(c->db->loop, c->fd);
        c->fd = PQsocket(c->pg);
        if (c->fd >= 0)
            loop_add_fd(c->db->loop, c->fd, poll_connect, poll_connect, c);
    }
    switch (status) {
    case PGRES_POLLING_OK:
        loop_remove_fd(c->db->loop, c->fd);
        loop_add_fd(c->db->loop, c->fd, on_readable, on_writable, c);
        PQsetnonblocking(c->pg, 1);
        prepare_all(c);
        break;
    case PGRES_POLLING_WRITING:
        loop_want_write(c->db->loop, c->fd, true);
        break;
    case PGRES_POLLING_READING:
    case PGRES_POLLING_ACTIVE:
        loop_want_write(c->db->loop, c->fd, false);
        break;
    case PGRES_POLLING_FAILED:
        log_line(LOGGED_WARNING, "no database connection", "said='%s'", PQerrorMessage(c->pg));
        connection_lost(c, "");
        break;
    }
}

static void notice_nothing(void *owner, const PGresult *result)
{
    (void)owner;
    (void)result;
}

static void connection_open(struct connection *c)
{
    static const char *const keywords[] = {
        "dbname",          "tcp_user_timeout",          "keepalives_idle",
        "client_encoding", "fallback_application_name", NULL};
    const char *const values[] = {
        c->db->conninfo, "3000", "5", "UTF8", program_invocation_short_name, NULL};

    c->pg = PQconnectStartParams(keywords, values, 1);
    c->began_at = clock_ms();
    if (c->pg == NULL || PQstatus(c->pg) == CONNECTION_BAD) {
        log_line(LOGGED_WARNING, "no database connection", "said='%s'", PQerrorMessage(c->pg));
        connection_lost(c, "");
        return;
    }
    PQsetNoticeReceiver(c->pg, notice_nothing, NULL);
    c->state = CONNECTING;
    c->fd = PQsocket(c->pg);
    loop_add_fd(c->db->loop, c->fd, poll_connect, poll_connect, c);
    loop_want_write(c->db->loop, c->fd, true);
}

/* ---- sending */

static bool batch_to_wire(struct connection *c, const struct flight *flight, uint64_t left_ms)
{
    char timeout[24];
    snprintf(timeout, sizeof timeout, "%" PRIu64, left_ms);
    const char *const begin[] = {timeout};
    if (!PQsendQueryPrepared(c->pg, begin_name, 1, begin, NULL, NULL, 0))
        return false;
    for (const struct entry *entry = flight->batch->first; entry != NULL; entry = entry->next)
        if (!PQsendQueryPrepared(c->pg, entry->statement->name, (int)entry->statement->params_count,
                                 entry->values, NULL, NULL, 0))
            return false;
    return PQpipelineSync(c->pg) == 1;
}

/* The least loaded connection that still takes a batch. */
static struct connection *connection_for(struct db *db, bool writes)
{
    struct connection *best = NULL;
    for (size_t i = 0; i < db->connections_count; i++) {
        struct connection *c = &db->connections[i];
        if (c->writes != writes || c->state != READY ||
            c->flying.count >= (writes ? WRITE_DEPTH : READ_DEPTH))
            continue;
        if (best == NULL || c->flying.count < best->flying.count)
            best = c;
    }
    return best;
}

static void send_waiting(struct db *db, struct queue *waiting, bool writes)
{
    while (waiting->first != NULL) {
        uint64_t now = clock_ms();
        struct connection *c = connection_for(db, writes);
        if (waiting->first->deadline_ms <= now) {
            flight_end(queue_pop(waiting), DB_AWAY);
            continue;
        }
        if (c == NULL)
            return;
        struct flight *flight = queue_pop(waiting);
        queue_push(&c->flying, flight);
        c->used_at = now;
        if (!batch_to_wire(c, flight, flight->deadline_ms - now))
            connection_lost(c, PQerrorMessage(c->pg));
    }
}

static bool any_ready(const struct db *db, bool writes)
{
    for (size_t i = 0; i < db->connections_count; i++)
        if (db->connections[i].writes == writes && db->connections[i].state == READY)
            return true;
    return false;
}

/* Each write connection commits one batch after the other, and on a disk a commit takes milliseconds. Commits of several
   connections share one flush of the log: while writes wait, there are more of them, opened one at a time. */
static void widen(struct db *db)
{
    struct connection *off = NULL;
    if (db->writes.first == NULL || clock_ms() < db->writes.first->queued_ms + WIDEN_MS ||
        !any_ready(db, true))
        return;
    for (size_t i = 0; i < db->connections_count; i++) {
        struct connection *c = &db->connections[i];
        if (!c->spare)
            continue;
        if (c->state == CONNECTING || c->state == PREPARING)
            return;
        if (c->state == OFF && clock_ms() >= c->connect_at)
            off = c;
    }
    if (off != NULL)
        connection_open(off);
}

static void on_flush(void *owner)
{
    struct db *db = owner;
    send_waiting(db, &db->reads, false);
    send_waiting(db, &db->writes, true);
    widen(db);
    for (size_t i = 0; i < db->connections_count; i++)
        if (db->connections[i].state == READY && db->connections[i].flying.count > 0)
            connection_flush(&db->connections[i]);
}

/* Nobody waits past his time, nor for a database that is away. */
static void drop_waiting(struct db *db, struct queue *waiting, bool writes, uint64_t now)
{
    bool away = !any_ready(db, writes);
    struct queue all = *waiting;
    queue_init(waiting);
    for (struct flight *flight = all.first, *next; flight != NULL; flight = next) {
        next = flight->next;
        if ((away && !flight->batch->patient) || flight->deadline_ms <= now)
            flight_end(flight, DB_AWAY);
        else
            queue_push(waiting, flight);
    }
}

/* libpq has no timeouts of its own when nobody blocks in it. Where we stood still, what came meanwhile is yet to be read. */
static bool is_overdue(const struct db *db, uint64_t since, uint64_t most_ms, uint64_t now)
{
    return now > (since > db->awake_since ? since : db->awake_since) + most_ms;
}

static bool is_stuck(const struct connection *c, uint64_t now)
{
    if (c->state == CONNECTING || c->state == PREPARING)
        return is_overdue(c->db, c->began_at, CONNECT_MAX_MS, now);
    return c->state == READY && c->flying.first != NULL &&
           is_overdue(c->db, c->flying.first->deadline_ms, OVERDUE_MAX_MS, now);
}

static void on_tick(void *owner)
{
    struct db *db = owner;
    uint64_t now = clock_ms();
    if (now > db->ticked_at + AWAY_MS)
        db->awake_since = now;
    db->ticked_at = now;
    for (size_t i = 0; i < db->connections_count; i++) {
        struct connection *c = &db->connections[i];
        if (c->state == OFF && !c->spare && now >= c->connect_at)
            connection_open(c);
        else if (is_stuck(c, now))
            connection_lost(c, "no answer in time");
        else if (c->spare && c->state == READY && c->flying.count == 0 &&
                 now > c->used_at + SPARE_IDLE_MS)
            connection_close(c);
    }
    drop_waiting(db, &db->reads, false, now);
    drop_waiting(db, &db->writes, true, now);
}

struct db *db_new(struct loop *loop, const char *conninfo,
                  const struct statement *const *statements, size_t reads, size_t writes,
                  size_t spare_writes)
{
    struct db *db = calloc(1, sizeof *db);
    if (db == NULL || reads + writes + spare_writes > CONNECTIONS_MAX)
        abort();
    db->loop = loop;
    db->conninfo = conninfo;
    db->statements = statements;
    while (statements[db->statements_count] != NULL)
        db->statements_count++;
    db->types = calloc(db->statements_count + 1, sizeof *db->types);
    if (db->types == NULL)
        abort();
    queue_init(&db->reads);
    queue_init(&db->writes);
    db->connections_count = reads + writes + spare_writes;
    for (size_t i = 0; i < db->connections_count; i++) {
        db->connections[i] = (struct connection){
            .db = db, .fd = -1, .writes = i >= reads, .spare = i >= reads + writes};
        queue_init(&db->connections[i].flying);
    }
    loop_add_flush(loop, on_flush, db);
    db->timer = loop_add_timer(loop, TICK_MS, on_tick, db);
    on_tick(db);
    return db;
}

void db_destroy(struct db **self)
{
    struct db *db = *self;
    if (db == NULL)
        return;
    loop_remove_timer(db->loop, db->timer);
    for (size_t i = 0; i < db->connections_count; i++)
        connection_close(&db->connections[i]);
    for (size_t i = 0; i < db->connections_count; i++)
        for (struct flight *f; (f = queue_pop(&db->connections[i].flying)) != NULL;)
            flight_end(f, DB_UNKNOWN);
    for (struct flight *f;
         (f = queue_pop(&db->reads)) != NULL;) /* among them what is tried again */
        flight_end(f, DB_AWAY);
    for (struct flight *f; (f = queue_pop(&db->writes)) != NULL;)
        flight_end(f, DB_AWAY);
    for (size_t i = 0; i < db->statements_count; i++)
        free(db->types[i].oids);
    free(db->types);
    free(db);
    *self = NULL;
}

void db_require_durable(struct db *db)
{
    db->must_be_durable = true;
}

bool db_is_ready(const struct db *db)
{
    return any_ready(db, false) && any_ready(db, true);
}

uint32_t db_param_type(const struct db *db, const struct statement *statement, size_t index)
{
    for (size_t i = 0; i < db->statements_count; i++)
        if (db->statements[i] == statement)
            return db->types[i].oids == NULL ? 0 : db->types[i].oids[index];
    return 0;
}

bool db_param_is_text(const struct db *db, const struct statement *statement, size_t index)
{
    enum { TEXT = 25, VARCHAR = 1043, BPCHAR = 1042, UNKNOWN = 705 };
    uint32_t type = db_param_type(db, statement, index);
    return type == TEXT || type == VARCHAR || type == BPCHAR || type == UNKNOWN;
}

void db_send(struct db *db, struct batch *batch, uint64_t deadline_ms, db_done_fn *done,
             void *owner)
{
    struct queue *waiting = batch->writes ? &db->writes : &db->reads;
    struct flight *flight = calloc(1, sizeof *flight);
    if (flight == NULL)
        abort();
    *flight = (struct flight){.batch = batch,
                              .deadline_ms = deadline_ms,
                              .queued_ms = clock_ms(),
                              .done = done,
                              .owner = owner};
    /* With nobody to send to, or too many before it, its time is over at the next flush. */
    if (waiting->count >= WAITING_MAX || (!batch->patient && !any_ready(db, batch->writes)))
        flight->deadline_ms = 0;
    queue_push(waiting, flight);
}

size_t db_load(const struct db *db)
{
    size_t load = db->reads.count + db->writes.count;
    for (size_t i = 0; i < db->connections_count; i++)
        load += db->connections[i].flying.count;
    return load;
}
