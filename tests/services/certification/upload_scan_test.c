/* Files that clamd looks through before anybody may see them: what it finds is refused and audited, and while it gives no answer
   nothing is taken. Through the real guild-image, and a clamd of the test's own (tests/support/clamd.h). */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "clamd.h"
#include "clock.h"
#include "service_test.h"
#include <gd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/guild-scan-XXXXXX", door[64], listens_at[64];
static struct arena *arena;
static struct clamd *clamd;
static Common__Principal person;
static const char *infected; /* a PDF: it is kept as it came */

static struct certification *opened(void)
{
    return service_state(service_test_run());
}

static const char *send(const char *method, const char *key, const void *data, size_t offset,
                        size_t size)
{
    service_test_body((const char *)data + offset, size);
    return service_test_json(&person, method, key,
                             arena_printf(arena,
                                          "{\"purpose\":\"business_license_file\",\"file_name\":"
                                          "\"x\",\"offset\":%zu,\"size_bytes\":%zu}",
                                          offset, size));
}

static const char *uploaded(const char *key, const char *text)
{
    return send("UploadAttachment", key, text, 0, strlen(text));
}

/* Small, and larger than the piece that it begins with. */
static const char *pdf(const char *remark)
{
    return arena_printf(
        arena,
        "%%PDF-1.4\n%%%s\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        "3 0 obj<</Type/Page/Parent 2 0 R>>endobj\ntrailer<</Root 1 0 R>>\n%%%%EOF\n",
        remark);
}

static const char *count(const char *table)
{
    return service_test_value("SELECT count(*) FROM %s", table);
}

static int blobs(void)
{
    return service_test_blobs(opened()->files.blobs);
}

/* Nobody waits for what did not answer just now; the next one asks again. */
static void forget_the_pause(void)
{
    atomic_store(&opened()->files.scanner.away_until_ms, 0);
}

/* ---- */

static void test_what_is_clean_is_taken(void **state)
{
    int size = 0, asked = clamd_asked(clamd);
    gdImagePtr image = gdImageCreateTrueColor(60, 40);
    void *picture = gdImageJpegPtr(image, &size, 90);
    (void)state;
    SAYS(send("UploadAttachment", "clean-01", picture, 0, (size_t)size), "\"id\":");
    SAYS(uploaded("clean-02", pdf("clean")), "\"id\":");
    gdFree(picture);
    gdImageDestroy(image);
    assert_int_equal(clamd_asked(clamd), asked + 2);
    SAYS_NOT(service_test_ask("/readyz"), "scanned");
    SAYS(service_test_ask("/metrics"), "guild_files_scanned 1\n");
    SAYS(service_test_ask("/metrics"), "guild_file_scans_total{result=\"clean\"} 2\n");
}

static void test_what_is_found_is_refused_and_audited(void **state)
{
    const char *filed = count("attachment");
    int before = blobs();
    (void)state;
    for (int i = 0; i < 2; i++) /* the same request, repeated */
        SAYS(uploaded("found-01", infected),
             "{\"reason\":\"file_infected\",\"detail\":\"安全检查在文件中发现了病毒或恶意内容，"
             "文件没有保存。请查杀病毒后重新导出，或拍照上传。\"");
    assert_int_equal(blobs(), before);
    assert_string_equal(count("attachment"), filed);
    assert_string_equal(
        service_test_value(
            "SELECT actor_kind || ' ' || actor_id || ' ' || (detail - 'hash') || ' ' "
            "|| length(detail ->> 'hash') || ' ' || count(*) FROM audit WHERE action "
            "= 'attachment.infected' GROUP BY actor_kind, actor_id, detail"),
        arena_printf(arena,
                     "MEMBER 1 {\"found\": \"Eicar-Test-Signature\", \"purpose\": "
                     "\"business_license_file\", \"size_bytes\": %zu} 64 2",
                     strlen(infected)));
    SAYS(uploaded("found-01", pdf("clean")), "\"id\":"); /* the key was not used */
}

/* What was taken of it goes with it. */
static void test_what_came_in_pieces_is_scanned_whole(void **state)
{
    size_t half = (size_t)(strstr(infected, "STANDARD") - infected);
    int before = blobs();
    (void)state;
    SAYS(send("UploadPiece", "pieces-1", infected, 0, half), "\"received_bytes\"");
    assert_int_equal(blobs(), before + 1);
    SAYS(send("UploadAttachment", "pieces-1", infected, half, strlen(infected) - half),
         "file_infected");
    assert_int_equal(blobs(), before);
    assert_string_equal(count("upload"), "0");
}

static void is_refused(const char *key, const char *text)
{
    const char *filed = count("attachment");
    int before = blobs();
    SAYS(uploaded(key, text), "{\"reason\":\"scan_away\",\"detail\":\"文件安全检查暂时无法进行，"
                              "文件没有保存，请稍后再试。\"");
    assert_int_equal(blobs(), before);
    assert_string_equal(count("attachment"), filed);
}

/* Not taken, not even what is clean; readiness stays, and says why. What began in pieces goes on afterwards. */
static void test_without_an_answer_nothing_is_taken(void **state)
{
    static const enum clamd_way ways[] = {CLAMD_TALKS, CLAMD_CUTS, CLAMD_HANGS_UP};
    const char *clean = pdf("clean");
    (void)state;
    SAYS(send("UploadPiece", "later-01", clean, 0, 20), "\"received_bytes\"");
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        clamd_be(clamd, ways[i]);
        is_refused("later-02", clean);
        forget_the_pause();
    }
    SAYS(service_test_ask("/readyz"), "clamd does not answer: uploads are refused\n");
    clamd_stop(&clamd);
    is_refused("later-02", clean);
    clamd = clamd_start(listens_at);
    is_refused("later-02", clean); /* it is back, and not asked yet */
    assert_int_equal(clamd_asked(clamd), 0);
    forget_the_pause();
    SAYS(send("UploadAttachment", "later-01", clean, 20, strlen(clean) - 20), "\"id\":");
    SAYS_NOT(service_test_ask("/readyz"), "clamd");
    SAYS(service_test_ask("/metrics"), "guild_file_scans_total{result=\"away\"} 5\n");
}

static void on_answer(void *to, enum status status, const void *payload, size_t size)
{
    (void)payload;
    (void)size;
    *(enum status *)to = status;
    loop_stop(service_test_run()->loop);
}

/* As many uploads wait as there are scanning: who reads a file, or asks anything, is served meanwhile. */
static void test_a_silent_clamd_keeps_nobody_else(void **state)
{
    enum { WAITING = 6 };
    enum status became[WAITING];
    const char *clean = pdf("clean"), *told = uploaded("silent-0", clean);
    const char *id = arena_printf(arena, "%.32s", strstr(told, "\"id\":\"") + 6);
    Common__UploadAttachmentRequest request = COMMON__UPLOAD_ATTACHMENT_REQUEST__INIT;
    (void)state;
    request.purpose = (char *)(uintptr_t) "business_license_file";
    request.size_bytes = (uint32_t)strlen(clean);
    clamd_be(clamd, CLAMD_IS_SILENT);
    for (int i = 0; i < WAITING; i++) {
        became[i] = STATUS_TIMEOUT;
        service_test_body(clean, strlen(clean));
        service_test_begin(&person, "UploadAttachment", &request.base,
                           arena_printf(arena, "silent-1%d", i), on_answer, &became[i]);
    }
    uint64_t began = clock_ms();
    SAYS(service_test_json(&person, "ListIdentities", "", "{}"), "identities");
    SAYS(service_test_json(&person, "ReadAttachment", "",
                           arena_printf(arena, "{\"id\":\"%s\"}", id)),
         "application/pdf");
    assert_in_range(clock_ms() - began, 0, 8000); /* it would be silent for longer */
    for (int i = 0; i < WAITING; i++)
        assert_int_equal(became[i], STATUS_TIMEOUT);
    clamd_be(clamd, CLAMD_ANSWERS);
    for (int i = 0; i < WAITING; i++)
        while (became[i] == STATUS_TIMEOUT)
            loop_run(service_test_run()->loop);
    for (int i = 0; i < WAITING; i++)
        assert_int_equal(became[i], STATUS_OK);
}

static int open_service(void **state)
{
    (void)state;
    arena = arena_new(0);
    assert_non_null(mkdtemp(folder));
    snprintf(listens_at, sizeof listens_at, "%s/clamd", folder);
    snprintf(door, sizeof door, "%s/admin", folder);
    setenv("GUILD_CLAMD_SOCKET", listens_at, 1);
    setenv("GUILD_ADMIN", door, 1);
    clamd = clamd_start(listens_at);
    service_test_open(&certification);
    opened()->files.image_program = IMAGE_PROGRAM;
    person = service_test_member(1);
    infected = pdf(clamd_eicar());
    return 0;
}

static int close_service(void **state)
{
    (void)state;
    service_test_close();
    clamd_stop(&clamd);
    unlink(door);
    arena_destroy(&arena);
    return rmdir(folder);
}

static int answer_again(void **state)
{
    (void)state;
    clamd_be(clamd, CLAMD_ANSWERS);
    return 0;
}

int main(void)
{
#define TEST(it) cmocka_unit_test_setup(it, answer_again)
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_clean_is_taken),
        TEST(test_what_is_found_is_refused_and_audited),
        TEST(test_what_came_in_pieces_is_scanned_whole),
        TEST(test_without_an_answer_nothing_is_taken),
        TEST(test_a_silent_clamd_keeps_nobody_else),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
