/* The store of file contents: written once, whole or not at all, found only by a proper id. */
#include "blob.h"
#include "secret.h"
#include <fcntl.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ID "00112233445566778899aabbccddeeff"

struct place {
    char folder[64];
    struct blob_store *store;
};

static int place_open(void **state)
{
    static struct place place;
    snprintf(place.folder, sizeof place.folder, "/tmp/blob_test_XXXXXX");
    assert_non_null(mkdtemp(place.folder));
    place.store = blob_open(place.folder);
    assert_non_null(place.store);
    *state = &place;
    return 0;
}

static int place_close(void **state)
{
    struct place *place = *state;
    char command[96];
    blob_close(&place->store);
    snprintf(command, sizeof command, "rm -rf %s", place->folder);
    return system(command); /* NOLINT(cert-env33-c): a name this test made */
}

static void what_is_put_is_got(void **state)
{
    struct place *place = *state;
    uint64_t size = 0;
    char out[8] = "";
    assert_int_equal(blob_put(place->store, ID, "attached", 8), STATUS_OK);
    assert_int_equal(blob_stat(place->store, ID, &size), STATUS_OK);
    assert_int_equal(size, 8);
    assert_int_equal(blob_get(place->store, ID, 2, out, 6), STATUS_OK);
    assert_memory_equal(out, "tached", 6);
    assert_int_equal(blob_get(place->store, ID, 2, out, 7), STATUS_NOT_FOUND);
    assert_int_equal(blob_get(place->store, ID, UINT64_MAX, out, 1), STATUS_NOT_FOUND);
}

static void it_lies_two_levels_deep_and_is_private(void **state)
{
    struct place *place = *state;
    char path[160];
    struct stat status;
    assert_int_equal(blob_put(place->store, ID ".t", "x", 1), STATUS_OK);
    snprintf(path, sizeof path, "%s/00/11/" ID ".t", place->folder);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(status.st_nlink, 1);
}

static void nothing_is_written_over(void **state)
{
    struct place *place = *state;
    char out[5] = "";
    assert_int_equal(blob_put(place->store, ID, "first", 5), STATUS_OK);
    assert_int_equal(blob_put(place->store, ID, "other", 5), STATUS_CONFLICT);
    assert_int_equal(blob_get(place->store, ID, 0, out, 5), STATUS_OK);
    assert_memory_equal(out, "first", 5);
}

static void only_ids_lead_to_files(void **state)
{
    static const char *const ids[] = {
        "",
        "..",
        "/etc/passwd",
        "../../../../../../../../etc/passwd",
        "00112233445566778899aabbccddeef",
        "00112233445566778899aabbccddeefff",
        "00112233445566778899AABBCCDDEEFF",
        ID "/x",
        ID ".T",
        ID ".verylongending",
        "00112233445566778899aabbccddee/f",
    };
    struct place *place = *state;
    uint64_t size;
    char out[1];
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        assert_int_equal(blob_put(place->store, ids[i], "x", 1), STATUS_CONFLICT);
        assert_int_equal(blob_get(place->store, ids[i], 0, out, 1), STATUS_NOT_FOUND);
        assert_int_equal(blob_stat(place->store, ids[i], &size), STATUS_NOT_FOUND);
        assert_int_equal(blob_delete(place->store, ids[i]), STATUS_NOT_FOUND);
    }
}

static void a_link_is_not_followed(void **state)
{
    struct place *place = *state;
    char path[160], out[4];
    assert_int_equal(blob_put(place->store, ID, "x", 1), STATUS_OK);
    snprintf(path, sizeof path, "%s/00/11/" ID ".t", place->folder);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(blob_get(place->store, ID ".t", 0, out, 4), STATUS_UNAVAILABLE);
}

static void deleted_is_gone(void **state)
{
    struct place *place = *state;
    char out[1];
    assert_int_equal(blob_put(place->store, ID, "x", 1), STATUS_OK);
    assert_int_equal(blob_delete(place->store, ID), STATUS_OK);
    assert_int_equal(blob_delete(place->store, ID), STATUS_NOT_FOUND);
    assert_int_equal(blob_get(place->store, ID, 0, out, 1), STATUS_NOT_FOUND);
}

struct seen {
    size_t count, parts;
    struct blob_store *store;
};

static void delete_what_is_found(void *owner, const char *id)
{
    struct seen *seen = owner;
    seen->count++;
    seen->parts += strstr(id, ".part") != NULL;
    assert_int_equal(blob_delete(seen->store, id), STATUS_OK);
}

static void the_old_are_listed_and_may_be_deleted(void **state)
{
    struct place *place = *state;
    struct seen seen = {.store = place->store};
    char id[33], path[160];
    for (int i = 0; i < 40; i++) {
        secret_random_hex(id, 16);
        assert_int_equal(blob_put(place->store, id, "x", 1), STATUS_OK);
    }
    snprintf(path, sizeof path, "%s/%.2s/%.2s/%s.t.part", place->folder, id, id + 2, id);
    close(open(path, O_CREAT | O_WRONLY, 0600)); /* as a crash leaves it */
    snprintf(path, sizeof path, "%s/lost+found", place->folder);
    assert_int_equal(mkdir(path, 0700), 0);

    assert_int_equal(blob_list(place->store, 3600, delete_what_is_found, &seen), STATUS_OK);
    assert_int_equal(seen.count, 0);
    assert_int_equal(blob_list(place->store, -5, delete_what_is_found, &seen), STATUS_OK);
    assert_int_equal(seen.count, 41);
    assert_int_equal(seen.parts, 1);
    seen.count = 0;
    assert_int_equal(blob_list(place->store, -5, delete_what_is_found, &seen), STATUS_OK);
    assert_int_equal(seen.count, 0);
}

/* A full disk, as a file may grow no further: nothing is left behind. */
static void what_does_not_fit_leaves_nothing(void **state)
{
    struct place *place = *state;
    struct rlimit whole, little = {.rlim_cur = 4096};
    static char data[8192];
    uint64_t size;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &whole), 0);
    little.rlim_max = whole.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    assert_int_equal(blob_put(place->store, ID, data, sizeof data), STATUS_UNAVAILABLE);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &whole), 0);
    assert_int_equal(blob_stat(place->store, ID, &size), STATUS_NOT_FOUND);
    assert_int_equal(blob_put(place->store, ID, data, sizeof data), STATUS_OK);
}

/* Killed at any moment, a writer leaves blobs that are whole, and perhaps an unfinished part. */
static void a_killed_writer_leaves_whole_blobs(void **state)
{
    enum { SIZE = 256 * 1024, ROUNDS = 20 };
    struct place *place = *state;
    size_t *whole =
        mmap(NULL, sizeof *whole, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char *data = malloc(SIZE), *out = malloc(SIZE), id[33];
    memset(data, 'x', SIZE);
    for (unsigned round = 0; round < ROUNDS; round++) {
        pid_t pid = fork();
        if (pid == 0)
            for (unsigned n = 0;; n++) {
                snprintf(id, sizeof id, "%08x%08x%016x", round, n, 0);
                if (blob_put(place->store, id, data, SIZE) != STATUS_OK)
                    _exit(1);
                *whole = n + 1;
            }
        *whole = 0;
        usleep(2000 + 1500 * round); /* the writer's moment of death, not a wait for something */
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        for (unsigned n = 0; n <= *whole; n++) {
            snprintf(id, sizeof id, "%08x%08x%016x", round, n, 0);
            enum status status = blob_get(place->store, id, 0, out, SIZE);
            assert_true(status == STATUS_OK || (n == *whole && status == STATUS_NOT_FOUND));
            if (status == STATUS_OK)
                assert_memory_equal(out, data, SIZE);
            else
                assert_int_equal(blob_get(place->store, id, 0, out, 1), STATUS_NOT_FOUND);
        }
    }
    free(data);
    free(out);
    munmap(whole, sizeof *whole);
}

int main(void)
{
#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, place_open, place_close)
    const struct CMUnitTest tests[] = {
        IN_PLACE(what_is_put_is_got),
        IN_PLACE(it_lies_two_levels_deep_and_is_private),
        IN_PLACE(nothing_is_written_over),
        IN_PLACE(only_ids_lead_to_files),
        IN_PLACE(a_link_is_not_followed),
        IN_PLACE(deleted_is_gone),
        IN_PLACE(the_old_are_listed_and_may_be_deleted),
        IN_PLACE(what_does_not_fit_leaves_nothing),
        IN_PLACE(a_killed_writer_leaves_whole_blobs),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
