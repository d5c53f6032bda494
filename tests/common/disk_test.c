/* What is said of a disk that fills up: each bound once, and again only after there was room. The disk is a small tmpfs, for
   which root is needed. */
#include "disk.h"

#include "log.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

enum { DISK_BYTES = 4 * 1024 * 1024 };

static char folder[] = "/tmp/guild-disk-XXXXXX";
static struct disk disk = {.volume = "files", .folder = folder};

static void fill(unsigned percent)
{
    char path[64];
    snprintf(path, sizeof path, "%s/filling", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(posix_fallocate(fd, 0, (off_t)percent * DISK_BYTES / 100), 0);
    close(fd);
}

/* Fills it so far and looks; the lines that were said. */
static const char *said_at(unsigned percent)
{
    static char text[4096];
    FILE *lines = tmpfile();
    assert_non_null(lines);
    int before = dup(STDERR_FILENO);
    fill(percent);
    disk.looked_ms = 0;
    dup2(fileno(lines), STDERR_FILENO);
    unsigned used = disk_look(&disk);
    dup2(before, STDERR_FILENO);
    close(before);
    assert_in_range(used, percent, percent + 1);
    rewind(lines);
    text[fread(text, 1, sizeof text - 1, lines)] = '\0';
    fclose(lines);
    return text;
}

static void assert_says(unsigned percent, const char *level, const char *bound)
{
    const char *text = said_at(percent);
    assert_non_null(strstr(text, level));
    assert_non_null(strstr(text, bound));
    assert_non_null(strstr(text, "guildctl disk release"));
    assert_ptr_equal(strchr(text, '\n'), strrchr(text, '\n'));
}

static void test_each_bound_is_said_once(void **state)
{
    char words[256];
    (void)state;
    assert_string_equal(said_at(60), "");
    disk_words(&disk, words, sizeof words);
    assert_string_equal(words, "");
    assert_says(86, "warning", "\"bound_percent\":85");
    disk_words(&disk, words, sizeof words);
    assert_non_null(strstr(words, "disk of files is 8"));
    assert_string_equal(said_at(87), "");
    assert_string_equal(said_at(83), ""); /* hardly any room */
    assert_string_equal(said_at(86), "");
    assert_says(93, "warning", "\"bound_percent\":92");
    assert_says(98, "error", "\"bound_percent\":97");
    assert_string_equal(said_at(95), "");
    assert_string_equal(said_at(88), "");
    assert_non_null(strstr(said_at(60), "disk has room again"));
    assert_says(99, "error", "\"bound_percent\":97");
}

static void test_it_is_looked_at_once_a_second(void **state)
{
    (void)state;
    said_at(60);
    fill(90);
    assert_in_range(disk_look(&disk), 60, 61);
    usleep(1050 * 1000);
    assert_in_range(disk_look(&disk), 90, 91);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_bound_is_said_once),
        cmocka_unit_test(test_it_is_looked_at_once_a_second),
    };
    int failed = 0;
    if (mkdtemp(folder) == NULL)
        return 1;
    if (mount("none", folder, "tmpfs", 0, "size=4m") == 0) {
        failed = cmocka_run_group_tests(tests, NULL, NULL);
        umount(folder);
    } else {
        printf("no tmpfs can be mounted here (root may): not tested\n");
    }
    rmdir(folder);
    return failed;
}
