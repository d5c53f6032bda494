/* Renewals: who is reminded of what and when, each time once; how members are numbered and their years counted; what the
   figures say of it all. */
#include "dues.h"
#include <libpq-fe.h>

/* A membership whose last day is so many days away. */
static int64_t member_ending_in(int days)
{
    paid_unit();
    SAYS(open_membership(account), "first_day");
    service_test_sql(arena_printf(arena,
                                  "ALTER TABLE term DISABLE TRIGGER term_append_only; UPDATE term "
                                  "SET first_day = current_date + %d - 365, "
                                  "last_day = current_date + %d WHERE account_id = %lld; ALTER "
                                  "TABLE term ENABLE TRIGGER term_append_only",
                                  days, days, (long long)account));
    return account;
}

static const char *told_of(int64_t id)
{
    return VALUE("SELECT coalesce(string_agg(event || ' ' || (payload ->> 'amount'), ', ' ORDER BY "
                 "id), '') FROM outbox "
                 "WHERE event LIKE 'membership.%%' AND event <> 'membership.opened' AND payload "
                 "->> 'account_id' = '%lld'",
                 (long long)id);
}

static void remind(void)
{
    renewal_run(service_test_run());
    service_test_until("SELECT NOT EXISTS (SELECT 1 FROM reminders_due(current_date))");
}

/* N13 to N15: each step once, whoever runs; the bill of the next year comes with the first; who pays hears no more. */
static void test_reminders(void **state)
{
    (void)state;
    int64_t far = member_ending_in(61), soon = member_ending_in(59), late = member_ending_in(-3),
            lapsed = member_ending_in(-31), waiting = member_ending_in(20),
            spared = member_ending_in(6);
    service_test_sql("CREATE OR REPLACE FUNCTION reminder_hours(at timestamptz) RETURNS boolean "
                     "LANGUAGE sql AS 'SELECT true'");
    service_test_sql("CREATE OR REPLACE FUNCTION reminder_day_runs(at timestamptz) RETURNS boolean "
                     "LANGUAGE sql AS 'SELECT true'");
    Common__Principal who = service_test_member(waiting);
    SAYS(JSON(&who, "RequestBill", "{}"), "\"id\"");
    submitted(&who, "2000");
    const char *dry = JSON(&clerk, "ListReminders", "{}");
    SAYS(dry, arena_printf(arena, "咨询公司%lld", (long long)soon));
    assert_null(strstr(dry, arena_printf(arena, "咨询公司%lld\"", (long long)far)));
    assert_null(strstr(dry, arena_printf(arena, "咨询公司%lld\"", (long long)waiting)));
    const char *skip = arena_printf(arena, "{\"account_id\":%lld,\"last_day\":\"%s\",\"step\":-7}",
                                    (long long)spared, VALUE("SELECT current_date + 6"));
    SAYS(JSON(&issuer, "SkipReminder", "%s", skip), "not_allowed");
    SAYS(JSON(&clerk, "SkipReminder", "%s", skip), "\"step\":-7");
    SAYS(JSON(&clerk, "SkipReminder", "%s", skip), "reminder_gone");
    remind();
    remind(); /* again: nothing new */
    assert_string_equal(told_of(spared), "");
    assert_string_equal(told_of(soon), "membership.ending 2000");
    assert_string_equal(told_of(late), "membership.ended 2000");
    assert_string_equal(told_of(lapsed), "membership.lapsed 2000");
    assert_string_equal(told_of(far), "");
    assert_string_equal(told_of(waiting), "");
    assert_string_equal(
        VALUE("SELECT string_agg(state, ' ' ORDER BY id) FROM bill WHERE account_id = %lld",
              (long long)soon),
        "PAID OPEN");
    service_test_sql(
        arena_printf(arena,
                     "ALTER TABLE term DISABLE TRIGGER term_append_only; UPDATE term SET first_day "
                     "= first_day - 30, last_day = last_day - 30 "
                     "WHERE account_id = %lld; ALTER TABLE term ENABLE TRIGGER term_append_only",
                     (long long)soon));
    remind();
    assert_string_equal(told_of(soon), "membership.ending 2000, membership.ending 2000");
    nothing_contradicts();
}

/* What the next day brings is told before: with the day, the step and the words' values; a veto holds then. */
static void test_the_next_day_is_told(void **state)
{
    (void)state;
    const char *next = VALUE("SELECT reminder_day_after(current_date)");
    int64_t id = member_ending_in(0);
    service_test_sql(arena_printf(
        arena,
        "INSERT INTO reminder (account_id, last_day, step) SELECT %lld, current_date, -7;"
        "UPDATE dues_policy SET reminder_days = array_append(reminder_days, date '%s' - "
        "current_date)",
        (long long)id, next));
    remind(); /* the day's own */
    const char *told = JSON(&clerk, "ListReminders", "{\"day\":\"NEXT\"}");
    SAYS(told, arena_printf(arena, "\"account_id\":\"%lld\"", (long long)id));
    SAYS(told, arena_printf(arena, "\"send_on\":\"%s\"", next));
    SAYS(told, "\"event\":\"membership.ended\"");
    SAYS(told, "\"amount\":\"2000\"");
    SAYS(JSON(&clerk, "ListReminders", "{\"day\":\"TODAY\"}"), "\"total\":0");
    const char *skip =
        arena_printf(arena, "{\"account_id\":%lld,\"last_day\":\"%s\",\"step\":%s}", (long long)id,
                     today(), VALUE("SELECT date '%s' - current_date", next));
    SAYS(JSON(&clerk, "SkipReminder", "%s", skip), "\"step\"");
    SAYS(JSON(&clerk, "SkipReminder", "%s", skip), "reminder_gone");
    assert_null(strstr(JSON(&clerk, "ListReminders", "{\"day\":\"NEXT\"}"),
                       arena_printf(arena, "\"account_id\":\"%lld\"", (long long)id)));
    service_test_sql("UPDATE dues_policy SET reminder_days = '{-60,-30,-7,0,15,30}'");
    assert_string_equal(VALUE("SELECT reminder_day_after('2026-11-26') || ' ' || "
                              "reminder_day_after('2026-11-27') || ' ' || "
                              "reminder_day_after('2026-11-28') || ' ' || "
                              "reminder_day_after('2026-11-29')"),
                        "2026-11-27 2026-11-30 2026-11-30 2026-11-30");
}

/* D.4: an hour before the day's reminders go out staff hear of them, once, whoever looks; who was left out is not among them. */
static void test_staff_hear_of_the_day(void **state)
{
    static const char told[] = "SELECT coalesce(string_agg(payload ->> 'count' || ' ' || (payload "
                               "->> 'units'), ', '), '') FROM outbox WHERE event = "
                               "'reminder.listed'";
    (void)state;
    assert_string_equal(VALUE("SELECT string_agg(reminder_notice_hours(at)::text, ' ' ORDER BY at) "
                              "FROM unnest('{2026-11-27 00:29:59+00, 2026-11-27 00:30+00, "
                              "2026-11-27 01:29:59+00, 2026-11-27 01:30+00, 2026-11-28 "
                              "00:30+00}'::timestamptz[]) AS at"),
                        "false true true false false");
    remind();
    service_test_sql("CREATE OR REPLACE FUNCTION reminder_notice_hours(at timestamptz) RETURNS "
                     "boolean LANGUAGE sql AS 'SELECT true'");
    reminder_notice_run(service_test_run()); /* nobody is reminded: it may still come */
    service_test_sql("CREATE OR REPLACE FUNCTION reminder_hours(at timestamptz) RETURNS boolean "
                     "LANGUAGE sql AS 'SELECT false'");
    int64_t first = member_ending_in(5), spared = member_ending_in(6);
    SAYS(JSON(&clerk, "SkipReminder", "{\"account_id\":%lld,\"last_day\":\"%s\",\"step\":-7}",
              (long long)spared, VALUE("SELECT current_date + 6")),
         "\"step\":-7");
    for (int i = 0; i < 3; i++)
        reminder_notice_run(service_test_run());
    service_test_until("SELECT EXISTS (SELECT 1 FROM outbox WHERE event = 'reminder.listed')");
    int64_t later = member_ending_in(4);
    for (int i = 0; i < 3; i++)
        reminder_notice_run(service_test_run());
    service_test_sql("CREATE OR REPLACE FUNCTION reminder_hours(at timestamptz) RETURNS boolean "
                     "LANGUAGE sql AS 'SELECT true'");
    remind(); /* after them */
    assert_string_equal(VALUE(told), arena_printf(arena, "1 咨询公司%lld", (long long)first));
    assert_string_equal(told_of(later), "membership.ending 2000"); /* and goes out all the same */
    service_test_sql("CREATE OR REPLACE FUNCTION reminder_notice_hours(at timestamptz) RETURNS "
                     "boolean LANGUAGE sql AS 'SELECT false'");
}

/* Holidays, and weekends that are worked instead: as certification tells of them, the newest of each day. */
static void calendar_told(const char *days)
{
    const char *payload = arena_printf(arena, "{\"days\":\"%s\"}", days);
    assert_string_equal(
        deliver_of("calendar.changed", arena_printf(arena, "%d", ++last_event), payload), "");
}

#define DAY(day, working, at)                                                                      \
    "{\\\"day\\\":\\\"" day "\\\",\\\"working\\\":" working ",\\\"changed_at\\\":\\\"" at "\\\"}"

static void test_reminders_go_by_the_working_calendar(void **state)
{
    (void)state;
    /* the National Day of 2026: Thursday to Wednesday free, Saturday the 10th worked */
    calendar_told(
        "[" DAY("2026-10-01", "false", "2026-01-02") "," DAY("2026-10-02", "false", "2026-01-02") "," DAY(
            "2026-10-05", "false",
            "2026-01-02") "," DAY("2026-10-06", "false",
                                  "2026-01-02") "," DAY("2026-10-07", "false",
                                                        "2026-01-02") "," DAY("2026-10-10", "true",
                                                                              "2026-01-02") "]");
    assert_string_equal(VALUE("SELECT reminder_day_after('2026-09-30') || ' ' || "
                              "reminder_day_after('2026-10-09')"),
                        "2026-10-08 2026-10-10");
    assert_string_equal(VALUE("SELECT reminder_hours('2026-10-01 12:00+08') || ' ' || "
                              "reminder_hours('2026-10-10 12:00+08') || ' ' || "
                              "reminder_hours('2026-10-11 12:00+08')"),
                        "false true false");
    calendar_told("[" DAY("2026-10-10", "null", "2026-02-02") "]");
    calendar_told("[" DAY("2026-10-10", "true", "2026-02-01") "]"); /* comes late */
    assert_string_equal(VALUE("SELECT reminder_day_after('2026-10-09')"), "2026-10-12");
    service_test_sql("DELETE FROM calendar_day");
}

/* D.3: a link holds once, for its own account; what is forged, used or old says so, and logs nobody in. */
static const char *link_state(const Common__Principal *who, const char *method, const char *token)
{
    const char *said = JSON(who, method, "{\"token\":\"%s\"}", token);
    SAYS(said, "\"state\"");
    return arena_printf(arena, "%.*s", (int)strcspn(strstr(said, "\"state\":\"") + 9, "\""),
                        strstr(said, "\"state\":\"") + 9);
}

static void test_a_reminder_carries_a_link(void **state)
{
    (void)state;
    int64_t id = member_ending_in(28);
    Common__Principal who = service_test_member(id), other = service_test_member(id - 1);
    remind();
    const char *link = VALUE("SELECT payload ->> 'renewal_link' FROM outbox WHERE event = "
                             "'membership.ending' AND payload ->> 'account_id' = '%lld'",
                             (long long)id);
    const char *token = strrchr(link, '/') + 1;
    assert_int_equal(strlen(token), 27);
    char *forged = arena_text(arena, token);
    forged[12] = forged[12] == 'A' ? 'B' : 'A';
    assert_string_equal(link_state(NULL, "CheckRenewalLink", token), "VALID");
    assert_string_equal(link_state(NULL, "CheckRenewalLink", forged), "INVALID");
    assert_string_equal(link_state(NULL, "CheckRenewalLink", "x"), "INVALID");
    assert_string_equal(link_state(&other, "UseRenewalLink", token), "OF_ANOTHER");
    assert_string_equal(link_state(&who, "UseRenewalLink", forged), "INVALID");
    service_test_sql("UPDATE renewal_link SET expires_on = current_date - 1");
    assert_string_equal(link_state(NULL, "CheckRenewalLink", token), "EXPIRED");
    assert_string_equal(link_state(&who, "UseRenewalLink", token), "EXPIRED");
    service_test_sql("UPDATE renewal_link SET expires_on = current_date");
    assert_string_equal(link_state(&who, "UseRenewalLink", token), "VALID");
    assert_string_equal(link_state(&who, "UseRenewalLink", token), "USED");
    assert_string_equal(link_state(NULL, "CheckRenewalLink", token), "USED");
    SAYS(JSON(NULL, "UseRenewalLink", "{\"token\":\"%s\"}", token), "log_in_first");
}

static void test_reminders_come_in_pages(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        member_ending_in(30);
    const char *page = JSON(&clerk, "ListReminders", "{\"limit\":2}");
    SAYS(page, "\"total\":3");
    const char *cursor = strstr(page, "\"next_cursor\":\"") + strlen("\"next_cursor\":\"");
    SAYS(JSON(&clerk, "ListReminders", "{\"limit\":2,\"cursor\":\"%.*s\"}",
              (int)strcspn(cursor, "\""), cursor),
         "\"next_cursor\":\"\"");
    SAYS(JSON(&clerk, "ListReminders", "{\"cursor\":\"x\"}"), "cursor");
    SAYS(JSON(&clerk, "ListReminders", "{\"q\":\"咨询公司%lld\"}", (long long)account),
         "\"total\":1");
    SAYS(JSON(&clerk, "ListReminders", "{\"q\":\"没有这个单位\"}"), "\"total\":0");
    int64_t late = member_ending_in(31);
    const char *last = arena_printf(arena, "咨询公司%lld\"", (long long)late);
    page = JSON(&clerk, "ListReminders", "{\"sort\":\"ENDING_LAST\",\"limit\":2}");
    SAYS(page, last);
    cursor = strstr(page, "\"next_cursor\":\"") + strlen("\"next_cursor\":\"");
    page =
        JSON(&clerk, "ListReminders", "{\"sort\":\"ENDING_LAST\",\"limit\":2,\"cursor\":\"%.*s\"}",
             (int)strcspn(cursor, "\""), cursor);
    assert_null(strstr(page, last));
    SAYS(page, "\"next_cursor\":\"\"");
    remind();
}

/* ---- two instances at once, and one that ends in the middle */

extern const struct statement sql_reminder_tell;

static PGconn *instance(void)
{
    PGconn *pg = PQconnectdb(getenv("GUILD_DATABASE"));
    assert_int_equal(PQstatus(pg), CONNECTION_OK);
    return pg;
}

static void begin_to_tell(PGconn *pg)
{
    const char *values[3] = {NULL};
    size_t count = sql_reminder_tell.params_count;
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++) {
        const char *name = sql_reminder_tell.params[i];
        values[i] = strcmp(name, "site") == 0 ? "https://x.cn"
                    : strcmp(name, "link_tokens") == 0
                        ? "{a,b,c,d,e,f,g,h,i}"
                        : VALUE("SELECT array_agg((random() * 1e15)::bigint) FROM "
                                "generate_series(1, 9)");
    }
    PQclear(PQexec(pg, "BEGIN"));
    assert_int_equal(
        PQsendQueryParams(pg, sql_reminder_tell.text, (int)count, NULL, values, NULL, NULL, 0), 1);
}

static void await_told(PGconn *pg)
{
    for (PGresult *told; (told = PQgetResult(pg)) != NULL; PQclear(told))
        assert_int_equal(PQresultStatus(told), PGRES_COMMAND_OK);
}

static const char *times_told(int64_t id)
{
    return VALUE(
        "SELECT count(*) || ' ' || (SELECT count(*) FROM reminder WHERE account_id = %lld) "
        "FROM outbox WHERE event = 'membership.ending' AND payload ->> 'account_id' = "
        "'%lld'",
        (long long)id, (long long)id);
}

static void test_instances_remind_once(void **state)
{
    (void)state;
    int64_t one = member_ending_in(25), two = member_ending_in(26);
    PGconn *dies = instance(), *first = instance(), *second = instance();
    begin_to_tell(dies);
    await_told(dies);
    PQfinish(dies); /* before it committed: nobody was told */
    assert_string_equal(times_told(one), "0 0");

    begin_to_tell(first);
    await_told(first);
    begin_to_tell(second); /* waits for the first, or finds its rows */
    PQclear(PQexec(first, "COMMIT"));
    await_told(second);
    PQclear(PQexec(second, "COMMIT"));
    PQfinish(first);
    PQfinish(second);
    assert_string_equal(times_told(one), "1 1");
    assert_string_equal(times_told(two), "1 1");
    assert_string_equal(VALUE("SELECT count(DISTINCT payload ->> 'renewal_link') FROM outbox WHERE "
                              "payload ->> 'renewal_link' ~ '^https://x.cn/app/r/[a-i]$'"),
                        "2");
    remind(); /* and a third one finds nothing left */
    assert_string_equal(times_told(one), "1 1");
}

/* ---- numbers and years, as the association sets them */

#define POLICY                                                                                     \
    "{\"term_mode\":\"%s\",\"grace_days\":30,\"second_over\":\"10000\",\"reminder_days\":[-60,-"   \
    "30,-7,0,15,30],\"member_no_pattern\":\"%s\",\"term_start\":\"%s\",\"rollover_from\":\"%s\","  \
    "\"version\":%s}"

static const char *policy_set(const char *mode, const char *pattern, const char *start,
                              const char *rollover)
{
    return JSON(&secretary, "SaveDuesPolicy", POLICY, mode, pattern, start, rollover,
                VALUE("SELECT version FROM dues_policy"));
}

static const char *end_of(const char *first_day)
{
    return VALUE("SELECT term_last_day('%s')", first_day);
}

static void test_numbers_follow_their_pattern(void **state)
{
    static const char *const bad[] = {"czqg-{seq4}",   "CZQG",      "{seq4}-CZQG",
                                      "CZ{yy}-{seq4}", "CZ-{seq2}", "CZ {yyyy}{seq4}"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        SAYS(policy_set("ROLLING", bad[i], "OPENED", ""), "member_no_pattern");
    SAYS(policy_set("ROLLING", "HY{yyyy}{seq3}", "OPENED", ""), "HY{yyyy}{seq3}");
    assert_string_equal(VALUE("SELECT member_number_next(2031) || ' ' || member_number_next(2031)"),
                        "HY2031001 HY2031002");
    SAYS(policy_set("ROLLING", "CZQG-{seq5}", "OPENED", ""), "CZQG-{seq5}");
    assert_string_equal(VALUE("SELECT member_number_next(2031) || ' ' || member_number_next(2032)"),
                        "CZQG-00001 CZQG-00002");
    service_test_sql("UPDATE member_number SET last = 99999 WHERE year = 0");
    assert_string_equal(VALUE("SELECT member_number_next(2033)"), "CZQG-100000");
    SAYS(policy_set("ROLLING", "CZQG-{yyyy}-{seq4}", "OPENED", ""), "CZQG-{yyyy}-{seq4}");
}

static void test_a_year_may_include_the_next(void **state)
{
    (void)state;
    SAYS(policy_set("CALENDAR", "", "OPENED", "11-1"), "rollover_from");
    SAYS(policy_set("CALENDAR", "", "OPENED", "11-01"), "\"rollover_from\":\"11-01\"");
    assert_string_equal(end_of("2026-10-31"), "2026-12-31");
    assert_string_equal(end_of("2026-11-01"), "2027-12-31");
    assert_string_equal(end_of("2027-01-01"), "2027-12-31");
    SAYS(policy_set("ROLLING", "", "OPENED", ""), "ROLLING");
}

/* Counted from the day the money came, where the association wants that; the next year goes on from the end. */
static void test_a_term_may_begin_with_the_money(void **state)
{
    (void)state;
    Common__Principal who = paid_unit();
    service_test_sql(arena_printf(
        arena, "UPDATE voucher SET received_on = current_date - 9 WHERE account_id = %lld",
        (long long)who.account_id));
    assert_string_equal(
        VALUE("SELECT term_first_day(%lld, current_date) = current_date", (long long)account), "t");
    SAYS(policy_set("ROLLING", "", "RECEIVED", ""), "\"term_start\":\"RECEIVED\"");
    SAYS(open_membership(account),
         arena_printf(arena, "\"first_day\":\"%s\"", VALUE("SELECT current_date - 9")));
    assert_string_equal(
        VALUE("SELECT term_first_day(%lld, current_date) = member_last_day(%lld) + 1",
              (long long)account, (long long)account),
        "t");
    SAYS(policy_set("ROLLING", "", "OPENED", ""), "\"term_start\":\"OPENED\"");
    nothing_contradicts();
}

static const char *plan(int64_t id, const char *first_day)
{
    return JSON(&clerk, "GetTermPlan", "{\"account_id\":%lld,\"first_day\":\"%s\"}", (long long)id,
                first_day);
}

static const char *open_on(const char *first_day, const char *last_day, const char *reason)
{
    return JSON(&clerk, "OpenMembership",
                "{\"account_id\":%lld,\"bill_id\":%lld,\"first_day\":\"%s\",\"last_day\":\"%s\","
                "\"reason\":\"%s\"}",
                (long long)account, (long long)bill_of(account), first_day, last_day, reason);
}

/* The service tells what the rules give; other days are opened with a reason, which stays with them. */
static void test_a_term_ends_on_another_day_with_a_reason(void **state)
{
    (void)state;
    paid_unit();
    SAYS(policy_set("CALENDAR", "", "OPENED", "11-01"), "\"rollover_from\":\"11-01\"");
    SAYS(plan(account, "2031-10-31"), "\"last_day\":\"2031-12-31\"");
    SAYS(plan(account, "2031-11-01"), "\"last_day\":\"2032-12-31\"");
    SAYS(plan(account, ""), arena_printf(arena, "{\"first_day\":\"%s\",\"last_day\":\"%s\"}",
                                         today(), end_of(today())));
    SAYS(plan(account, "2031-02-30"), "first_day");
    SAYS(plan(999999, ""), "member_gone");
    SAYS(JSON(&cashier, "GetTermPlan", "{\"account_id\":%lld}", (long long)account), "not_allowed");

    const char *sooner = VALUE("SELECT current_date + 99");
    const char *late = VALUE("SELECT (current_date + interval '2 years')::date");
    SAYS(open_on("", sooner, ""), "\"reason\"");
    SAYS(open_on("", sooner, "短"), "\"reason\"");
    SAYS(open_on("", VALUE("SELECT current_date - 1"), "按理事会决议缩短"), "\"last_day\"");
    SAYS(open_on("", late, "按理事会决议延长"), "\"last_day\"");
    SAYS(open_on(VALUE("SELECT current_date + 1"), late, ""), "\"reason\"");
    SAYS(open_on("", "2031-02-30", "按理事会决议延长"), "\"last_day\"");
    assert_string_equal(
        VALUE("SELECT count(*) FROM term WHERE account_id = %lld", (long long)account), "0");
    SAYS(open_on(today(), sooner, "按理事会决议缩短"),
         arena_printf(arena, "\"last_day\":\"%s\"", sooner));
    assert_string_equal(VALUE("SELECT member_last_day(%lld)", (long long)account), sooner);
    SAYS(JSON(&clerk, "GetMember", "{\"account_id\":%lld}", (long long)account),
         "按理事会决议缩短");
    assert_string_equal(
        VALUE("SELECT a.object = concat_ws('/', t.id, t.first_day, t.last_day) FROM "
              "audit a, term t WHERE a.action = 'membership.opened' AND t.account_id = %lld "
              "ORDER BY a.id DESC "
              "LIMIT 1",
              (long long)account),
        "t");

    paid_unit(); /* the days of the rules need no reason, and keep none */
    SAYS(open_on(today(), end_of(today()), "按理事会决议缩短"), "\"first_day\"");
    assert_string_equal(
        VALUE("SELECT reason FROM term WHERE account_id = %lld", (long long)account), "");
    SAYS(policy_set("ROLLING", "", "OPENED", ""), "ROLLING");
}

/* ---- figures */

static int64_t forecast_fen(void)
{
    service_test_sql(arena_printf(arena,
                                  "DROP TABLE IF EXISTS told; CREATE TEMP TABLE told AS SELECT "
                                  "'%s'::jsonb -> 'forecast' AS forecast",
                                  JSON(&cashier, "GetDuesFigures", "{}")));
    return atoll(VALUE("SELECT sum((m ->> 'amount_fen')::bigint) FROM told, "
                       "jsonb_array_elements(forecast) AS m"));
}

/* J.3 to J.5: a unit that came, renewed and left, and one whose paid time runs. */
static void test_the_figures(void **state)
{
    (void)state;
    Common__Principal gone = paid_unit(), stays = paid_unit();
    int64_t before = forecast_fen();
    SAYS(open_membership(stays.account_id), "last_day");
    assert_int_equal(forecast_fen() - before, 200000); /* in a year, if it stays */
    service_test_sql(arena_printf(
        arena,
        "SET session_replication_role = replica;"
        "INSERT INTO membership (account_id, member_no) VALUES (%lld, 'CZQG-2020-0001');"
        "INSERT INTO bill (account_id, year, state, association_post, association_post_name, "
        "amount_fen, paid_fen, reference_code, due_on) SELECT %lld, y, 'PAID', 'MEMBER', "
        "'会员单位', 200000, 200000, 'OLD' || y, make_date(y, 1, 1) FROM (VALUES (extract(year "
        "FROM "
        "current_date)::int - 3), (extract(year FROM current_date)::int - 2)) AS v(y);"
        "INSERT INTO term (account_id, bill_id, association_post, association_post_name, "
        "first_day, last_day) SELECT account_id, id, 'MEMBER', '会员单位', make_date(year, 1, 1), "
        "make_date(year, 12, 31) FROM bill WHERE reference_code LIKE 'OLD%%';"
        "SET session_replication_role = origin",
        (long long)gone.account_id, (long long)gone.account_id));
    int year = atoi(VALUE("SELECT extract(year FROM current_date)"));
    const char *figures = JSON(&cashier, "GetDuesFigures", "{}");
    SAYS(figures, arena_printf(arena,
                               "{\"year\":%d,\"billed_fen\":\"200000\",\"paid_fen\":"
                               "\"200000\",\"waived_fen\":\"0\",\"owed_fen\":\"0\","
                               "\"ended\":1,\"renewed\":1}",
                               year - 3));
    SAYS(figures, arena_printf(arena,
                               "{\"year\":%d,\"billed_fen\":\"200000\",\"paid_fen\":"
                               "\"200000\",\"waived_fen\":\"0\",\"owed_fen\":\"0\","
                               "\"ended\":1,\"renewed\":0}",
                               year - 2));
    /* what comes: every running membership once, at the fee of its post */
    SAYS(JSON(&stays, "GetDuesFigures", "{}"), "not_allowed");
}

static int64_t told_fen(const char *figures, const char *list, const char *name)
{
    service_test_sql(arena_printf(arena,
                                  "DROP TABLE IF EXISTS told; CREATE TEMP TABLE told AS SELECT "
                                  "'%s'::jsonb -> '%s' AS list",
                                  figures, list));
    return atoll(VALUE("SELECT coalesce(sum((m ->> '%s')::bigint), 0) FROM told, "
                       "jsonb_array_elements(list) AS m",
                       name));
}

static int64_t ledger_fen(const char *sum)
{
    return atoll(VALUE("SELECT coalesce(sum(%s), 0) FROM transfer t", sum));
}

/* What the figures say is what the ledger has: part payments, credit, waivers, reversals and refunds among them. */
static void test_the_figures_agree_with_the_ledger(void **state)
{
    (void)state;
    Common__Principal part = unit("MEMBER");
    SAYS(confirm(&cashier, submitted(&part, "1500.01"), 1, "1500.01", bill_of(account), "1500.01"),
         "CONFIRMED");
    Common__Principal more = unit("COUNCIL");
    SAYS(confirm(&cashier, submitted(&more, "3500"), 1, "3500", bill_of(account), "3000"),
         "CONFIRMED");
    decided(&cashier, "REFUND", ",\"amount\":\"200\"");
    unit("PRESIDENT");
    decided(&clerk, "WAIVE", arena_printf(arena, ",\"bill_id\":%lld", (long long)bill_of(account)));
    paid_unit();
    decided(&cashier, "REVERSE",
            arena_printf(arena, ",\"voucher_id\":%s", VALUE("SELECT max(id) FROM voucher")));
    nothing_contradicts();

    const char *figures = JSON(&cashier, "GetDuesFigures", "{}");
    assert_int_equal(
        told_fen(figures, "years", "paid_fen"),
        ledger_fen("CASE WHEN 'WAIVER' IN (debit_kind, credit_kind) THEN 0 WHEN credit_kind = "
                   "'BILL' THEN t.amount_fen WHEN debit_kind = 'BILL' THEN -t.amount_fen END"));
    assert_int_equal(told_fen(figures, "years", "waived_fen"),
                     ledger_fen("CASE WHEN debit_kind = 'WAIVER' THEN t.amount_fen WHEN "
                                "credit_kind = 'WAIVER' THEN -t.amount_fen END"));
    assert_int_equal(told_fen(figures, "months", "received_fen"),
                     ledger_fen("CASE WHEN debit_kind = 'BANK' THEN t.amount_fen WHEN credit_kind "
                                "= 'BANK' AND reverses IS NOT NULL THEN -t.amount_fen END"));
    assert_int_equal(told_fen(figures, "years", "owed_fen"),
                     atoll(VALUE("SELECT sum(amount_fen - paid_fen - waived_fen) FROM bill WHERE "
                                 "state IN ('OPEN', 'PARTLY_PAID')")));
    assert_int_equal(told_fen(figures, "forecast", "members"),
                     atoll(VALUE("SELECT count(*) FROM unit u, member_status(u.account_id, "
                                 "current_date) s WHERE s.state IN ('ACTIVE', 'EXPIRING', "
                                 "'GRACE')")));
}

/* S1: what waits, for who may do it; and the same numbers as the lists have. */
static void test_what_waits_is_counted(void **state)
{
    (void)state;
    const char *ready = VALUE("SELECT count(*) FROM unit u, member_status(u.account_id, "
                              "current_date) s WHERE s.state = 'READY'");
    const char *expiring = VALUE("SELECT count(*) FROM unit u, member_status(u.account_id, "
                                 "current_date) s WHERE s.state = 'EXPIRING'");
    const char *of_clerk = JSON(&clerk, "CountDues", "{}");
    SAYS(of_clerk, arena_printf(arena, "\"members_ready\":%s", ready));
    SAYS(of_clerk, arena_printf(arena, "\"members_expiring\":%s", expiring));
    SAYS(of_clerk, "\"receipts_waiting\":0");
    SAYS(JSON(&issuer, "CountDues", "{}"),
         arena_printf(arena, "\"receipts_waiting\":%s",
                      VALUE("SELECT count(*) FROM receipt WHERE state = 'REQUESTED'")));
    SAYS(JSON(&issuer, "CountDues", "{}"), "\"members_ready\":0");
    SAYS(JSON(&cashier, "CountDues", "{}"), "\"members_ready\":0");
    Common__Principal who = paid_unit();
    const char *receipt = VALUE("SELECT max(id) FROM receipt");
    SAYS(JSON(&who, "GetDues", "{}"), "\"returned_receipt_id\":\"0\"");
    SAYS(JSON(&issuer, "ReturnReceipt", "{\"id\":%s,\"version\":1,\"reason\":\"抬头与单位不符\"}",
              receipt),
         "RETURNED");
    SAYS(JSON(&who, "GetDues", "{}"),
         arena_printf(arena, "\"returned_receipt_id\":\"%s\"", receipt));
    SAYS(JSON(&who, "CountDues", "{}"), "not_allowed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reminders_go_by_the_working_calendar),
        cmocka_unit_test(test_reminders),
        cmocka_unit_test(test_the_next_day_is_told),
        cmocka_unit_test(test_staff_hear_of_the_day),
        cmocka_unit_test(test_a_reminder_carries_a_link),
        cmocka_unit_test(test_reminders_come_in_pages),
        cmocka_unit_test(test_instances_remind_once),
        cmocka_unit_test(test_numbers_follow_their_pattern),
        cmocka_unit_test(test_a_year_may_include_the_next),
        cmocka_unit_test(test_a_term_may_begin_with_the_money),
        cmocka_unit_test(test_the_figures_agree_with_the_ledger),
        cmocka_unit_test(test_the_figures),
        cmocka_unit_test(test_what_waits_is_counted),
        cmocka_unit_test(test_a_term_ends_on_another_day_with_a_reason),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
