/* A disk that fills up: files are refused first, then writes, and reads go on. The disk is a small tmpfs, for which root is
   needed. */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "service_test.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

enum { DISK_BYTES = 4 * 1024 * 1024 };

static char disk[] = "/tmp/guild-disk-XXXXXX";
static bool mounted;

/* Lets the disk be so full. The service looks once a second. */
static void fill(int percent)
{
    char path[64];
    snprintf(path, sizeof path, "%s/filling", disk);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(posix_fallocate(fd, 0, (off_t)percent * DISK_BYTES / 100), 0);
    close(fd);
    usleep(1100 * 1000);
}

static const char *upload(void)
{
    Common__Principal member = service_test_member(1);
    Common__UploadAttachmentRequest request = COMMON__UPLOAD_ATTACHMENT_REQUEST__INIT;
    request.purpose = (char *)(uintptr_t) "business_license_file";
    request.file_name = (char *)(uintptr_t) "x.jpg";
    request.size_bytes = 1;
    return service_test_reason(&member, "UploadAttachment", &request.base);
}

static const char *save(uint32_t version)
{
    Common__Principal member = service_test_member(1);
    Certification__OwnerUnitForm unit = CERTIFICATION__OWNER_UNIT_FORM__INIT;
    Certification__SaveDraftRequest request = CERTIFICATION__SAVE_DRAFT_REQUEST__INIT;
    request.kind = CERTIFICATION__IDENTITY__KIND__OWNER_UNIT;
    request.version = version;
    static Certification__Form whole = CERTIFICATION__FORM__INIT;
    whole.owner_unit = &unit;
    request.form = &whole;
    return service_test_reason(&member, "SaveDraft", &request.base);
}

static const char *read_list(void)
{
    Common__Principal member = service_test_member(1);
    Common__Empty nothing = COMMON__EMPTY__INIT;
    return service_test_reason(&member, "ListIdentities", &nothing.base);
}

static bool has(const char *text, const char *words)
{
    return strstr(text, words) != NULL;
}

static void test_a_disk_that_fills_up_is_told(void **state)
{
    (void)state;
    if (!mounted)
        skip();
    fill(80);
    assert_true(has(service_test_ask("/metrics"), "guild_disk_alarm{volume=\"database\"} 0\n"));
    assert_false(has(service_test_ask("/readyz"), "disk"));
    fill(88);
    const char *metrics = service_test_ask("/metrics");
    assert_true(has(metrics, "guild_disk_alarm{volume=\"database\"} 1\n"));
    assert_true(has(metrics, "guild_disk_alarm{volume=\"files\"} 1\n"));
    assert_true(has(metrics, "guild_disk_used_ratio{volume=\"files\"} 0.8"));
    const char *words = service_test_ask("/readyz");
    assert_true(has(words, "disk of database is 8") && has(words, "disk of files is 8"));
    assert_true(has(words, "guildctl disk release"));
}

static void test_files_are_refused_first_then_writes_and_reads_never(void **state)
{
    (void)state;
    if (!mounted) {
        printf("no tmpfs can be mounted here (root may): not tested\n");
        skip();
    }
    fill(88);
    assert_string_equal(upload(), "attachment_none"); /* there is room: the empty file is refused */
    assert_string_equal(save(0), "");
    fill(93);
    assert_string_equal(upload(), "storage_full");
    assert_string_equal(save(1), "");
    fill(98);
    assert_string_equal(upload(), "storage_full");
    assert_string_equal(save(2), "storage_full");
    assert_string_equal(read_list(), "");
    fill(50);
    assert_string_equal(upload(), "attachment_none");
    assert_string_equal(save(2), "");
}

/* Nobody said where clamd is. */
static void test_that_files_are_not_scanned_is_told(void **state)
{
    (void)state;
    assert_true(has(service_test_ask("/readyz"),
                    "files are not scanned for viruses: GUILD_CLAMD_SOCKET is empty\n"));
    assert_true(has(service_test_ask("/metrics"), "guild_files_scanned 0\n"));
}

/* PostgreSQL's own volume may be elsewhere: it says so itself. */
static void test_the_database_says_that_it_is_full(void **state)
{
    Common__Principal member = service_test_member(1);
    ProtobufCMessage *reply;
    Certification__WithdrawApplicationRequest request =
        CERTIFICATION__WITHDRAW_APPLICATION_REQUEST__INIT;
    (void)state;
    service_test_sql(
        "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;"
        "CREATE TRIGGER no_room BEFORE UPDATE ON review FOR EACH STATEMENT EXECUTE FUNCTION "
        "no_room()");
    request.kind = CERTIFICATION__IDENTITY__KIND__OWNER_UNIT;
    request.submission_version = 1;
    assert_int_equal(
        service_test_call(&member, "gateway", "WithdrawApplication", &request.base, "", &reply),
        STATUS_UNAVAILABLE);
    assert_string_equal(((const Common__Problem *)reply)->reason, "storage_full");
    service_test_sql("DROP TRIGGER no_room ON review");
}

static int open_service(void **state)
{
    (void)state;
    char blobs[64], door[64];
    assert_non_null(mkdtemp(disk));
    mounted = mount("none", disk, "tmpfs", 0, "size=4m") == 0;
    snprintf(blobs, sizeof blobs, "%s/blobs", disk);
    setenv("GUILD_BLOB_FOLDER", blobs, 1);
    setenv("GUILD_DISK_FOLDER", disk, 1);
    snprintf(door, sizeof door, "%s/admin", disk);
    setenv("GUILD_ADMIN", door, 1);
    service_test_open(&certification);
    return 0;
}

static int close_service(void **state)
{
    char command[64];
    (void)state;
    service_test_close();
    if (mounted)
        assert_int_equal(umount(disk), 0);
    snprintf(command, sizeof command, "rm -r %s", disk);
    return system(command); /* NOLINT(cert-env33-c): a name this test made */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_disk_that_fills_up_is_told),
        cmocka_unit_test(test_files_are_refused_first_then_writes_and_reads_never),
        cmocka_unit_test(test_that_files_are_not_scanned_is_told),
        cmocka_unit_test(test_the_database_says_that_it_is_full),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
