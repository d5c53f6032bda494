/* Work in actors: what is refused, and that the rest is done. */
#include "metrics.h"
#include "work.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { JOB_MS = 40, QUEUE = 8 };

static struct {
    struct loop *loop;
    struct work *work;
    int under_way, done;
} test;

static void takes_a_while(void *job)
{
    (void)job;
    usleep(JOB_MS * 1000);
}

static void is_done(void *owner, void *job)
{
    (void)owner;
    (void)job;
    test.done++;
    if (--test.under_way == 0)
        loop_stop(test.loop);
}

/* How many of so many are taken; returns when those are done. */
static int taken_of(int count)
{
    int taken = 0;
    for (int i = 0; i < count; i++)
        taken += work_submit(test.work, takes_a_while, NULL, is_done, NULL) == STATUS_OK;
    test.under_way = taken;
    test.done = 0;
    loop_run(test.loop);
    assert_int_equal(test.done, taken);
    assert_int_equal(work_load(test.work), 0);
    return taken;
}

static void test_a_full_queue_refuses(void **state)
{
    (void)state;
    assert_int_equal(taken_of(QUEUE + 5), QUEUE + 1);
}

/* One runs, two wait for at most twice what a job takes; a busy machine makes them longer, and fewer are taken. */
static void test_a_long_wait_is_refused(void **state)
{
    (void)state;
    (void)taken_of(1); /* what is usual is known */
    work_limit_wait(test.work, 2 * JOB_MS + JOB_MS / 2);
    int taken = taken_of(QUEUE + 5);
    assert_in_range(taken, 1, 3);
    work_limit_wait(test.work, 0);
    assert_int_equal(taken_of(QUEUE + 5), QUEUE + 1);
}

static void figures_say(const char *line)
{
    size_t size;
    char *text = metrics_text(&size);
    assert_non_null(strstr(text, line));
    free(text);
}

static void test_what_is_refused_is_counted(void **state)
{
    (void)state;
    work_count_refused(test.work, "passwords");
    figures_say("# TYPE guild_work_refused_total counter\n"
                "guild_work_refused_total{queue=\"passwords\"} 0\n");
    (void)taken_of(QUEUE + 5);
    figures_say("\nguild_work_refused_total{queue=\"passwords\"} 4\n");
}

static int begin(void **state)
{
    (void)state;
    test.loop = loop_new();
    test.work = work_new(test.loop, 1, QUEUE);
    return 0;
}

static int end(void **state)
{
    (void)state;
    work_destroy(&test.work);
    loop_destroy(&test.loop);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_full_queue_refuses, begin, end),
        cmocka_unit_test_setup_teardown(test_a_long_wait_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(test_what_is_refused_is_counted, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
