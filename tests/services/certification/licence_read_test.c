/* The credit code that is read on a licence whose QR code tells none (B.17): offered, held against the form and told, like a QR code's;
   a program that goes wrong keeps no file from being taken, and none is asked unless it is set so. Through the real guild-image, and
   programs of the test's own in guild-ocr's place. */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "clock.h"
#include "service_test.h"
#include <gd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NUMBER "91350100M000100Y43"
#define OTHER "51140400MJ1637600Q"
#define VALUE service_test_value

static struct arena *arena;
static char folder[] = "/tmp/guild-read-XXXXXX", program[64], asked[64];

static struct certification *opened(void)
{
    return service_state(service_test_run());
}

/* guild-ocr is now a script that writes down that it was asked. */
static void read_by(const char *script)
{
    FILE *file = fopen(program, "w");
    assert_non_null(file);
    fprintf(file, "#!/bin/dash\n[ \"$1\" = --check ] && exit 0\necho asked >>%s\n%s\n", asked,
            script);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(program, 0700), 0);
}

static bool was_asked(void)
{
    return unlink(asked) == 0;
}

static const char *uploaded(int64_t account, const char *purpose)
{
    int size = 0;
    Common__Principal person = service_test_member(account);
    gdImagePtr image = gdImageCreateTrueColor(60, 40);
    void *picture = gdImageJpegPtr(image, &size, 90);
    service_test_body(picture, (size_t)size);
    const char *told = service_test_json(
        &person, "UploadAttachment", "",
        arena_printf(arena, "{\"purpose\":\"%s\",\"file_name\":\"x\",\"size_bytes\":%d}", purpose,
                     size));
    gdFree(picture);
    gdImageDestroy(image);
    return told;
}

static const char *id_of(const char *told)
{
    const char *at = strstr(told, "\"id\":\"");
    if (at == NULL)
        fail_msg("no attachment: %s", told);
    return arena_printf(arena, "%.32s", at + strlen("\"id\":\""));
}

/* ---- */

static void test_nobody_is_asked_unless_it_is_set(void **state)
{
    struct file_reader reader = opened()->files.reader;
    (void)state;
    read_by("echo " NUMBER);
    opened()->files.reader = (struct file_reader){0};
    file_store_read_by(&opened()->files, "none", program);
    assert_null(opened()->files.reader.work);
    SAYS_NOT(uploaded(1, "business_license_file"), NUMBER);
    assert_false(was_asked());
    opened()->files.reader = reader;
}

static void test_a_licence_is_read_and_nothing_else(void **state)
{
    (void)state;
    read_by("echo " NUMBER);
    SAYS(uploaded(2, "business_license_file"), "\"seen_uscc\":\"" NUMBER "\"");
    SAYS(uploaded(2, "qualification_files"), "\"seen_uscc\":\"" NUMBER "\"");
    assert_true(was_asked());
    SAYS_NOT(uploaded(2, "certificate_files"), NUMBER);
    assert_false(was_asked());
    assert_string_equal(VALUE("SELECT string_agg(DISTINCT read_uscc, '') FROM attachment"), "");
}

/* Whatever becomes of the reader, the file is taken. */
static void test_a_reader_that_fails_is_nothing_read(void **state)
{
    static const char *const scripts[] = {
        "exit 0",   "echo 91350100M000100Y44", "echo garbage; echo more", "kill -KILL $$",
        "exec yes", "exec sleep 60",
    };
    (void)state;
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        uint64_t began = clock_ms();
        read_by(scripts[i]);
        SAYS_NOT(VALUE("SELECT seen_uscc || '.' FROM attachment WHERE id = '%s'",
                       id_of(uploaded(3, "business_license_file"))),
                 "9");
        assert_in_range(clock_ms() - began, 0, 9500);
        assert_true(was_asked());
    }
    unlink(program);
    id_of(uploaded(3, "business_license_file"));
}

/* A start with a provider that cannot read ends at once, with words. */
static void test_a_missing_reader_stops_the_start(void **state)
{
    static const char *const wrong[][2] = {
        {"tesseract", ""          },
        {"tesseract", "/bin/false"},
        {"else",      ""          }
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        pid_t pid = fork();
        int status = 0;
        if (pid == 0) {
            struct file_store store = {.run = service_test_run()};
            close(STDERR_FILENO);
            file_store_read_by(&store, wrong[i][0], wrong[i][1]);
            _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_not_equal(WEXITSTATUS(status), 0);
    }
}

/* ---- what becomes of it */

static const char *handed_in(int64_t account, const char *id, const char *acknowledged)
{
    Common__Principal member = service_test_member(account);
    const char *form = arena_printf(
        arena,
        "{\"owner_unit\":{\"unit_name\":\"某某（长治）有限公司\",\"contact_name\":\"王建设\","
        "\"contact_phone\":\"18003551778\",\"uscc\":\"" NUMBER
        "\",\"business_license_file\":[\"%s\"]}}",
        id);
    (void)service_test_json(&member, "SaveDraft", "",
                            arena_printf(arena,
                                         "{\"kind\":\"OWNER_UNIT\",\"version\":%s,\"form\":%s}",
                                         VALUE("SELECT coalesce(max(version), 0) FROM draft WHERE "
                                               "account_id = %lld",
                                               (long long)account),
                                         form));
    return service_test_json(
        &member, "SubmitApplication", "",
        arena_printf(arena,
                     "{\"kind\":\"OWNER_UNIT\",\"version\":%s,\"form\":%s,\"acknowledged\":[%s]}",
                     VALUE("SELECT version FROM draft WHERE account_id = %lld", (long long)account),
                     form, acknowledged));
}

static const char *review_of(int64_t account)
{
    return VALUE("SELECT id FROM review WHERE account_id = %lld", (long long)account);
}

static const char *reviewed(int64_t account)
{
    Common__Principal clerk = service_test_staff(11, "cert.review cert.owner.review");
    return service_test_json(&clerk, "GetReview", "",
                             arena_printf(arena, "{\"id\": %s}", review_of(account)));
}

static void test_one_that_agrees_is_told(void **state)
{
    (void)state;
    read_by("echo " NUMBER);
    SAYS(handed_in(20, id_of(uploaded(20, "business_license_file")), ""), "PENDING");
    const char *told = reviewed(20);
    SAYS(told, "营业执照图片识别出的信用代码与填写一致（文字识别）");
    SAYS(told, "\"seen_uscc\":\"" NUMBER "\"");
    SAYS_NOT(told, "营业执照二维码");
}

/* Corrected or acknowledged by who applies, seen by who reviews, and approved knowingly. */
static void test_one_that_differs_is_acknowledged(void **state)
{
    Common__Principal clerk = service_test_staff(11, "cert.review cert.owner.review");
    const char *id, *told;
    (void)state;
    read_by("echo " OTHER);
    id = id_of(uploaded(21, "business_license_file"));
    SAYS(handed_in(21, id, ""), "form.owner_unit.uscc");
    assert_string_equal(VALUE("SELECT count(*) FROM submission WHERE account_id = 21"), "0");
    SAYS(handed_in(21, id, "\"uscc=" OTHER "\""), "PENDING");
    told = reviewed(21);
    SAYS(told, "营业执照图片识别出的信用代码与填写不同（文字识别），请对照执照核对。识别为" OTHER
               "（申请人提交时已确认填写无误）");
    SAYS(told, "licence_uscc");
    SAYS_NOT(told, "营业执照二维码");
    (void)service_test_json(&clerk, "ClaimReview", "",
                            arena_printf(arena, "{\"id\": %s}", review_of(21)));
    SAYS(service_test_json(&clerk, "DecideReview", "",
                           arena_printf(arena,
                                        "{\"id\":%s,\"submission_version\":1,\"verdict\":"
                                        "\"APPROVE\"}",
                                        review_of(21))),
         "reason");
    assert_string_equal(VALUE("SELECT state FROM review WHERE account_id = 21"), "CLAIMED");
}

/* Of two licences one that agrees is enough; but a text takes no doubt of a QR code away. */
static void test_one_that_agrees_is_enough(void **state)
{
    static const struct {
        const char *code[2], *seen[2], *doubts;
    } cases[] = {
        {{"", ""},     {OTHER, NUMBER}, "{}"              },
        {{NUMBER, ""}, {"", OTHER},     "{}"              },
        {{OTHER, ""},  {"", NUMBER},    "{uscc=" OTHER "}"},
        {{"", ""},     {OTHER, OTHER},  "{uscc=" OTHER "}"},
        {{OTHER, ""},  {"", OTHER},     "{uscc=" OTHER "}"},
        {{"", ""},     {"", ""},        "{}"              },
    };
    (void)state;
    for (int i = 0; i < (int)(sizeof cases / sizeof cases[0]); i++) {
        for (int n = 0; n < 2; n++)
            service_test_sql(arena_printf(
                arena,
                "INSERT INTO attachment (id, account_id, purpose, file_name, content_type, "
                "size_bytes, content_hash, code_text, seen_uscc) VALUES ('two%d%d', 40, "
                "'business_license_file', '', 'image/jpeg', 1, '', '%s', '%s')",
                i, n, cases[i].code[n], cases[i].seen[n]));
        assert_string_equal(VALUE("SELECT licence_all_doubts(40, '{\"uscc\": \"" NUMBER
                                  "\", \"business_license_file\": [\"two%d0\", \"two%d1\"]}')",
                                  i, i),
                            cases[i].doubts);
    }
}

static int open_service(void **state)
{
    (void)state;
    arena = arena_new(0);
    assert_non_null(mkdtemp(folder));
    snprintf(program, sizeof program, "%s/guild-ocr", folder);
    snprintf(asked, sizeof asked, "%s/asked", folder);
    read_by("exit 0");
    setenv("GUILD_OCR_PROVIDER", "tesseract", 1);
    setenv("GUILD_OCR_PROGRAM", program, 1);
    service_test_open(&certification);
    opened()->files.image_program = IMAGE_PROGRAM;
    return 0;
}

static int close_service(void **state)
{
    (void)state;
    service_test_close();
    arena_destroy(&arena);
    unlink(program);
    unlink(asked);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_is_asked_unless_it_is_set),
        cmocka_unit_test(test_a_licence_is_read_and_nothing_else),
        cmocka_unit_test(test_a_reader_that_fails_is_nothing_read),
        cmocka_unit_test(test_a_missing_reader_stops_the_start),
        cmocka_unit_test(test_one_that_agrees_is_told),
        cmocka_unit_test(test_one_that_differs_is_acknowledged),
        cmocka_unit_test(test_one_that_agrees_is_enough),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
