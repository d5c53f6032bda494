/* What is made of the answers of a clamd (tests/support/clamd.h), and of those that are none. */
#include "clamd.h"
#include "clock.h"
#include "virus.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 400, LARGE = 10 * 1024 * 1024 };

static char folder[] = "/tmp/guild-clamd-XXXXXX", path[64];
static struct clamd *clamd;
static char name[VIRUS_NAME_SIZE];
static char *large; /* some MB that a socket's buffer does not take */

static enum virus_result scanned(const void *data, size_t size)
{
    snprintf(name, sizeof name, "untouched");
    return virus_scan(path, data, size, PATIENCE_MS, name);
}

static void finds_nothing(const void *data, size_t size)
{
    assert_int_equal(scanned(data, size), VIRUS_NONE);
    assert_string_equal(name, "untouched");
}

static void is_no_answer(enum clamd_way way, const void *data, size_t size)
{
    clamd_be(clamd, way);
    assert_int_equal(scanned(data, size), VIRUS_UNKNOWN);
    assert_string_equal(name, "untouched");
}

/* ---- */

static void test_what_is_clean(void **state)
{
    (void)state;
    finds_nothing("a", 1);
    finds_nothing(large, (size_t)64 * 1024); /* a chunk, and one byte more and less */
    finds_nothing(large, (size_t)64 * 1024 + 1);
    finds_nothing(large, (size_t)64 * 1024 - 1);
    finds_nothing(large, LARGE);
}

static void test_what_is_found(void **state)
{
    const char *eicar = clamd_eicar();
    (void)state;
    assert_int_equal(strlen(eicar), 68);
    assert_int_equal(scanned(eicar, strlen(eicar)), VIRUS_FOUND);
    assert_string_equal(name, "Eicar-Test-Signature");
    memcpy(large + 64 * 1024 - 30, eicar, strlen(eicar)); /* over the end of a chunk */
    assert_int_equal(scanned(large, LARGE), VIRUS_FOUND);
    memset(large, 'x', LARGE);
    finds_nothing(large, LARGE);
}

static void test_a_name_is_bounded_and_plain(void **state)
{
    (void)state;
    clamd_be(clamd, CLAMD_NAMES_BADLY);
    assert_int_equal(scanned("a", 1), VIRUS_FOUND);
    assert_int_equal(strlen(name), VIRUS_NAME_SIZE - 1);
    assert_memory_equal(name, "???????0123", 11);
}

static void test_what_is_no_answer(void **state)
{
    static const enum clamd_way ways[] = {CLAMD_CUTS, CLAMD_TALKS, CLAMD_HANGS_UP, CLAMD_IS_HASTY,
                                          CLAMD_TAKES_LESS};
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        is_no_answer(ways[i], large, LARGE);
    is_no_answer(CLAMD_CUTS, "a", 1);
    is_no_answer(CLAMD_TALKS, "a", 1);
    clamd_be(clamd, CLAMD_ANSWERS);
    finds_nothing("a", 1);
}

/* Whoever says nothing, and whoever does not even read, is waited for so long and no longer. */
static void test_who_is_silent(void **state)
{
    static const enum clamd_way ways[] = {CLAMD_IS_SILENT, CLAMD_READS_NOT};
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        uint64_t began = clock_ms();
        is_no_answer(ways[i], large, LARGE);
        assert_in_range(clock_ms() - began, PATIENCE_MS, PATIENCE_MS + 5000);
        clamd_be(clamd, CLAMD_ANSWERS);
    }
}

static void test_who_is_away(void **state)
{
    char long_path[200];
    (void)state;
    clamd_stop(&clamd);
    assert_int_equal(scanned("a", 1), VIRUS_UNKNOWN);
    memset(long_path, 'x', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = '\0';
    assert_int_equal(virus_scan(long_path, "a", 1, PATIENCE_MS, name), VIRUS_UNKNOWN);
}

static int open_clamd(void **state)
{
    (void)state;
    clamd = clamd_start(path);
    return 0;
}

static int close_clamd(void **state)
{
    (void)state;
    clamd_stop(&clamd);
    return 0;
}

static int open_folder(void **state)
{
    (void)state;
    large = malloc(LARGE);
    if (large == NULL || mkdtemp(folder) == NULL)
        return 1;
    memset(large, 'x', LARGE);
    snprintf(path, sizeof path, "%s/clamd", folder);
    return 0;
}

static int close_folder(void **state)
{
    (void)state;
    free(large);
    return rmdir(folder);
}

int main(void)
{
#define TEST(it) cmocka_unit_test_setup_teardown(it, open_clamd, close_clamd)
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_clean),
        TEST(test_what_is_found),
        TEST(test_a_name_is_bounded_and_plain),
        TEST(test_what_is_no_answer),
        TEST(test_who_is_silent),
        TEST(test_who_is_away),
    };
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
