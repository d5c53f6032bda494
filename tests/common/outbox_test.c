/* The relay with a real database and a subscriber played here. GUILD_TEST_DATABASE is a superuser's conninfo. */
#include "common.pb-c.h"
#include "common_queries.h"
#include "dispatch.h"
#include "event.h"
#include "log.h"
#include "outbox.h"
#include <fcntl.h>
#include <libpq-fe.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 10000 };

static const struct setting settings[] = {
    {"GUILD_EVENT_KEY_FILE", SETTING_FILE, NULL, "the event key"         },
    {"GUILD_TEST_DATABASE",  SETTING_TEXT, NULL, "a superuser's conninfo"},
    SETTINGS_END,
};
static const ProtobufCServiceDescriptor contract = {.package = "certification"};
static const struct service service = {.contract = &contract};
static const struct subscription subscriptions[] = {
    {"application.approved", "notification"},
    {"application.approved", "payment"     },
    {"application.rejected", "notification"},
    {NULL,                   NULL          },
};

static struct {
    char schema[64], key_file[64];
    PGconn *side, *slow; /* slow: has a transaction open */
    struct service_run run;
    struct outbox *outbox;
    struct arena *arena;
    /* what the subscribers were told */
    size_t told, wanted, refusing; /* refusing: the first so many are not taken */
    struct event last;
    char services[256];
    int outbox_left;
} w;

static const char *side(const char *sql)
{
    static char value[64];
    PGresult *result = PQexec(w.side, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(w.side));
    snprintf(value, sizeof value, "%s", PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    return value;
}

static void subscriber(void *bus, const char *name, const char *method, const void *payload,
                       size_t size, uint64_t timeout_ms, bus_call_done_fn *done, void *owner)
{
    const char *why;
    (void)bus, (void)timeout_ms;
    struct keyring *keys = keyring_load(w.key_file, &why);
    Common__DeliverEventRequest *request = (Common__DeliverEventRequest *)message_unpack(
        &common__deliver_event_request__descriptor, payload, size, w.arena);
    assert_string_equal(method, "DeliverEvent");
    assert_non_null(request);
    assert_string_equal(request->source, "certification");
    assert_true(event_open(keys, request, w.arena, &w.last));

    request->event_id = arena_printf(w.arena, "%s0", request->event_id); /* another's number */
    struct event other;
    assert_false(event_open(keys, request, w.arena, &other));
    keyring_destroy(&keys);

    size_t length = strlen(w.services);
    snprintf(w.services + length, sizeof w.services - length, "%s ", name);
    w.told++;
    done(owner, w.told <= w.refusing ? STATUS_UNAVAILABLE : STATUS_OK, NULL, 0);
}

static void look(void *owner)
{
    (void)owner;
    if (w.told >= w.wanted &&
        atoi(side("SELECT count(*) FROM outbox WHERE delivered_at IS NULL")) == w.outbox_left)
        loop_stop(w.run.loop);
    if (db_is_ready(w.run.db))
        outbox_ring(w.outbox);
}

static void give_up(void *owner)
{
    (void)owner;
    fail_msg("told %zu of %zu", w.told, w.wanted);
}

static void run_until(size_t told, int left)
{
    w.wanted = told;
    w.outbox_left = left;
    int timer = loop_add_timer(w.run.loop, 10, look, NULL);
    int patience = loop_after(w.run.loop, PATIENCE_MS, give_up, NULL);
    loop_run(w.run.loop);
    loop_remove_timer(w.run.loop, timer);
    loop_remove_timer(w.run.loop, patience);
}

static int stage_open(void **state)
{
    char sql[512], conninfo[1024];
    (void)state;
    memset(&w, 0, sizeof w);
    w.side = PQconnectdb(config_text("GUILD_TEST_DATABASE"));
    if (PQstatus(w.side) != CONNECTION_OK)
        fail_msg("GUILD_TEST_DATABASE: %s", PQerrorMessage(w.side));
    snprintf(w.key_file, sizeof w.key_file, "%s", config_text("GUILD_EVENT_KEY_FILE"));
    snprintf(w.schema, sizeof w.schema, "outbox_test_%d", (int)getpid());
    snprintf(conninfo, sizeof conninfo, "%s options=-csearch_path=%s",
             config_text("GUILD_TEST_DATABASE"), w.schema);
    snprintf(sql, sizeof sql,
             "SET client_min_messages = error; DROP SCHEMA IF EXISTS %s CASCADE; CREATE SCHEMA %s;"
             "SET search_path = %s",
             w.schema, w.schema, w.schema);
    side(sql);
    side("CREATE TABLE outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event text,"
         " payload jsonb, created_at timestamptz DEFAULT now(), next_at timestamptz DEFAULT now(),"
         " attempts integer DEFAULT 0, delivered_at timestamptz)");
    static const struct statement *const statements[] = {&sql_outbox_take, &sql_outbox_delivered,
                                                         &sql_outbox_later, NULL};
    w.run = (struct service_run){.service = &service, .loop = loop_new()};
    w.run.db = db_new(w.run.loop, conninfo, statements, 1, 1, 0);
    w.arena = arena_new(0);
    w.outbox = outbox_new(&w.run, subscriptions, subscriber, NULL);
    return 0;
}

static int stage_close(void **state)
{
    char sql[128];
    (void)state;
    PQfinish(w.slow);
    outbox_destroy(&w.outbox);
    db_destroy(&w.run.db);
    loop_destroy(&w.run.loop);
    arena_destroy(&w.arena);
    snprintf(sql, sizeof sql, "DROP SCHEMA %s CASCADE", w.schema);
    side(sql);
    PQfinish(w.side);
    return 0;
}

static void an_event_reaches_all_who_take_it(void **state)
{
    (void)state;
    side("INSERT INTO outbox (event, payload) VALUES ('application.approved',"
         " '{\"account_id\": 17, \"unit_name\": \"长治\\\"建设\", \"expected_by\": null}')");
    run_until(2, 0);
    assert_string_equal(w.services, "notification payment ");
    assert_string_equal(w.last.name, "application.approved");
    assert_string_equal(event_text(&w.last, "account_id", w.arena), "17");
    assert_string_equal(event_text(&w.last, "unit_name", w.arena), "长治\"建设");
    assert_null(event_text(&w.last, "expected_by", w.arena));
    assert_null(event_text(&w.last, "nothing", w.arena));
    assert_int_equal(w.told, 2);
}

static void what_is_not_taken_comes_again(void **state)
{
    (void)state;
    w.refusing = 1;
    side("INSERT INTO outbox (event, payload) VALUES ('application.rejected', '{}')");
    run_until(1, 1);
    assert_string_equal(side("SELECT attempts FROM outbox"), "1");
    run_until(2, 0);
    assert_string_equal(side("SELECT attempts FROM outbox"), "2");
    assert_true(atof(side("SELECT extract(epoch FROM delivered_at - created_at) FROM outbox")) >
                0.9);
}

static void many_events_go_in_turns(void **state)
{
    (void)state;
    side("INSERT INTO outbox (event, payload) SELECT 'application.rejected', '{}' FROM"
         " generate_series(1, 200)");
    run_until(200, 0);
    assert_int_equal(w.told, 200);
}

static void an_event_that_nobody_takes_is_done(void **state)
{
    (void)state;
    side("INSERT INTO outbox (event, payload) VALUES ('application.looked_at', '{}')");
    run_until(0, 0);
    assert_int_equal(w.told, 0);
}

static void a_leased_event_is_left_alone(void **state)
{
    (void)state;
    side("INSERT INTO outbox (event, payload, next_at) VALUES ('application.rejected', '{}',"
         " now() + interval '30 seconds'), ('application.rejected', '{\"n\": 2}', now())");
    run_until(1, 1);
    assert_string_equal(event_text(&w.last, "n", w.arena), "2");
}

/* Numbers are given out before commits: a transaction that takes long commits an event with a low one. */
static void a_late_commit_is_not_skipped(void **state)
{
    (void)state;
    w.slow = PQconnectdb(config_text("GUILD_TEST_DATABASE"));
    assert_int_equal(PQstatus(w.slow), CONNECTION_OK);
    PQclear(PQexec(w.slow, arena_printf(w.arena,
                                        "SET search_path = %s; BEGIN; INSERT INTO outbox (event, "
                                        "payload) VALUES ('application.rejected', '{\"n\": 1}')",
                                        w.schema)));
    side("INSERT INTO outbox (event, payload) SELECT 'application.rejected', '{\"n\": 2}' FROM"
         " generate_series(1, 100)");
    run_until(100, 0);
    assert_string_equal(event_text(&w.last, "n", w.arena), "2");
    PQclear(PQexec(w.slow, "COMMIT"));
    assert_string_equal(side("SELECT min(id)::text FROM outbox WHERE delivered_at IS NULL"), "1");
    run_until(101, 0);
    assert_string_equal(event_text(&w.last, "n", w.arena), "1");
}

/* A relay that ended between taking and delivering: its lease runs out, another takes the event. */
static void what_a_dead_relay_had_taken_comes_again(void **state)
{
    (void)state;
    side("INSERT INTO outbox (event, payload, attempts, next_at) VALUES ('application.rejected', "
         "'{}', 1, now() + interval '300 milliseconds')");
    run_until(1, 0);
    assert_string_equal(side("SELECT attempts FROM outbox"), "2");
}

int main(int argc, char **argv)
{
    static const struct setting *const tables[] = {settings, NULL};
    char key_file[] = "/tmp/outbox_test_XXXXXX";
    unsigned char key[SECRET_KEY_BYTES];
    char hex[2 * SECRET_KEY_BYTES + 1];
    int fd = mkstemp(key_file);
    if (fd < 0 || sodium_init() < 0)
        return 1;
    randombytes_buf(key, sizeof key);
    dprintf(fd, "1:%s\n", sodium_bin2hex(hex, sizeof hex, key, sizeof key));
    close(fd);
    char *database = getenv("GUILD_TEST_DATABASE");
    database = database == NULL ? NULL : strdup(database);
    clearenv(); /* config_load refuses settings that are other programs' */
    setenv("GUILD_EVENT_KEY_FILE", key_file, 1);
    if (database != NULL)
        setenv("GUILD_TEST_DATABASE", database, 1);
    free(database);
    config_load(argc, argv, "outbox_test", tables);
    log_start("outbox_test", "1", LOGGED_ERROR);
#define TEST(it) cmocka_unit_test_setup_teardown(it, stage_open, stage_close)
    const struct CMUnitTest tests[] = {
        TEST(an_event_reaches_all_who_take_it),
        TEST(what_is_not_taken_comes_again),
        TEST(many_events_go_in_turns),
        TEST(an_event_that_nobody_takes_is_done),
        TEST(a_leased_event_is_left_alone),
        TEST(a_late_commit_is_not_skipped),
        TEST(what_a_dead_relay_had_taken_comes_again),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(key_file);
    return failed;
}
