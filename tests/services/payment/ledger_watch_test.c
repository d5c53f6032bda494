/* The nightly check of the ledger: once a night, in figures and in the log. */
#include "dues.h"
#include "metrics.h"
#include <stdio.h>
#include <unistd.h>

static void stop_when_done(void *owner)
{
    struct service_run *run = owner;
    if (run->calls == 0)
        loop_stop(run->loop);
}

/* Looks at its time; the lines that were said. */
static const char *watched(void)
{
    static char text[4096];
    struct service_run *run = service_test_run();
    FILE *lines = tmpfile();
    assert_non_null(lines);
    int before = dup(STDERR_FILENO);
    dup2(fileno(lines), STDERR_FILENO);
    ledger_watch_run(run);
    int timer = loop_add_timer(run->loop, 5, stop_when_done, run);
    loop_run(run->loop);
    loop_remove_timer(run->loop, timer);
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(lines);
    text[fread(text, 1, sizeof text - 1, lines)] = '\0';
    fclose(lines);
    return text;
}

static void figures_say(const char *line)
{
    size_t size;
    char *text = metrics_text(&size);
    SAYS(text, line);
    free(text);
}

static void test_the_ledger_is_checked_once_a_night(void **state)
{
    (void)state;
    paid_unit();
    assert_string_equal(watched(), "");
    figures_say("\nguild_ledger_differences 0\n");
    figures_say("\nguild_ledger_checked_seconds 1");

    /* a broken disk in the night: found in the next one, and told once */
    service_test_sql(arena_printf(arena,
                                  "SET session_replication_role = replica; "
                                  "UPDATE bill SET paid_fen = paid_fen - 1 WHERE id = %lld; "
                                  "UPDATE transfer SET voucher_id = 999999 WHERE debit_kind = "
                                  "'CREDIT'; SET session_replication_role = origin",
                                  (long long)bill_of(account)));
    assert_string_equal(watched(), "");
    figures_say("\nguild_ledger_differences 0\n");
    service_test_sql("UPDATE ledger_check SET night = night - 1");
    const char *told = watched();
    SAYS(told, "\"level\":\"error\"");
    SAYS(told, "the ledger contradicts itself");
    SAYS(told, "1 money of bill");
    SAYS(told, "1 voucher of transfer");
    assert_null(strstr(told, "咨询公司"));
    assert_ptr_equal(strchr(told, '\n'), strrchr(told, '\n'));
    assert_string_equal(VALUE("SELECT count(*) FROM ledger_check"), "2");
    figures_say(arena_printf(arena, "\nguild_ledger_differences %s\n",
                             VALUE("SELECT count(*) FROM ledger_differences()")));
    assert_string_equal(watched(), "");
}

/* Whoever comes while another is at it leaves it to him, and comes again. */
static void test_one_instance_checks(void **state)
{
    (void)state;
    service_test_sql("DELETE FROM ledger_check");
    service_test_sql("BEGIN; SELECT pg_advisory_xact_lock(hashtext('payment.ledger_check'))");
    watched();
    service_test_sql("COMMIT");
    assert_string_equal(VALUE("SELECT count(*) FROM ledger_check"), "0");
    watched();
    assert_string_equal(VALUE("SELECT count(*) FROM ledger_check"), "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_ledger_is_checked_once_a_night),
        cmocka_unit_test(test_one_instance_checks),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
