/* Credit codes on licences that are drawn here, through the real guild-ocr and tesseract; and programs that go wrong in its place,
   which are never more than that nothing was read. */
#include "clean.h"
#include "clock.h"
#include "ocr.h"
#include "ocr/find.h"
#include <fcntl.h>
#include <gd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NUMBER "91350100M000100Y43"
#define FONT "/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc"

static const struct ocr_provider *provider;

/* ---- papers */

static void write_line(gdImagePtr image, int size, int left, int top, const char *text)
{
    int box[8];
    assert_null(gdImageStringFT(image, box, 0, (char *)(uintptr_t)FONT, size, 0, left, top,
                                (char *)(uintptr_t)text));
}

static struct bytes licence(int width, const char *number)
{
    int size = 0;
    gdImagePtr image = gdImageCreateTrueColor(width, width * 7 / 10);
    struct bytes file;
    gdImageFilledRectangle(image, 0, 0, width, width, 0xfffdf5);
    write_line(image, width / 80, width / 14, width / 14, "统一社会信用代码");
    write_line(image, width / 60, width / 14, width / 10, number);
    write_line(image, width / 22, width / 3, width / 6, "营业执照");
    write_line(image, width / 70, width / 14, width / 4, "名称  长治市某某工程咨询有限公司");
    file.data = gdImageJpegPtr(image, &size, 85);
    file.size = (size_t)size;
    gdImageDestroy(image);
    return file;
}

static enum ocr_result look(const char *program, struct bytes file, int patience_ms,
                            char ret[static OCR_USCC_SIZE])
{
    return provider->read(program, file.data, file.size, patience_ms, ret);
}

static void a_code_is_read(void **state)
{
    static const int widths[] = {1000, 1600, 2000};
    (void)state;
    assert_null(provider->missing(OCR_PROGRAM));
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        char code[OCR_USCC_SIZE] = "";
        struct bytes file = licence(widths[i], NUMBER);
        assert_int_equal(look(OCR_PROGRAM, file, 20000, code), OCR_READ);
        assert_string_equal(code, NUMBER);
        gdFree(file.data);
    }
}

static void without_a_good_code_nothing_is_read(void **state)
{
    char code[OCR_USCC_SIZE] = "";
    struct bytes file = licence(1600, "91350100M000100Y44");
    static unsigned char garbage[] = "\xff\xd8\xff neither a picture nor a document";
    (void)state;
    assert_int_equal(look(OCR_PROGRAM, file, 20000, code), OCR_NOTHING);
    assert_int_equal(look(OCR_PROGRAM, (struct bytes){garbage, sizeof garbage}, 20000, code),
                     OCR_NOTHING);
    assert_string_equal(code, "");
    gdFree(file.data);
}

/* The largest that guild-image makes is read smaller: right, or not at all (tesseract 5.3 sees one 0 too many in it). */
static void a_large_one_is_not_read_wrong(void **state)
{
    char code[OCR_USCC_SIZE] = NUMBER;
    struct bytes file = licence(3508, NUMBER);
    (void)state;
    assert_int_not_equal(look(OCR_PROGRAM, file, 20000, code), OCR_FAILED);
    assert_string_equal(code, NUMBER);
    gdFree(file.data);
}

/* The photograph in a PDF, as scanners make it. */
static void a_pdf_is_read(void **state)
{
    static const char head[] = "%PDF-1.4\n4 0 obj\n<</Filter/DCTDecode>>\nstream\n",
                      tail[] = "\nendstream\nendobj\n%%EOF\n";
    char code[OCR_USCC_SIZE] = "";
    struct bytes file = licence(1600, NUMBER);
    struct bytes pdf = {malloc(sizeof head + file.size + sizeof tail), 0};
    (void)state;
    memcpy(pdf.data, head, sizeof head - 1);
    memcpy(pdf.data + sizeof head - 1, file.data, file.size);
    memcpy(pdf.data + sizeof head - 1 + file.size, tail, sizeof tail - 1);
    pdf.size = sizeof head + file.size + sizeof tail - 2;
    assert_int_equal(look(OCR_PROGRAM, pdf, 20000, code), OCR_READ);
    assert_string_equal(code, NUMBER);
    free(pdf.data);
    gdFree(file.data);
}

static void codes_are_found_in_text(void **state)
{
    static const struct {
        const char *text;
        bool is_there;
    } cases[] = {
        {"统一社会信用代码\n" NUMBER "\n", true },
        {"Hi 91350100 M000100Y43",                 true },
        {"9i35Oi00MO00i00Y43",                     true }, /* what no code has is what it looks like */
        {"12" NUMBER,                              false},
        {"12 " NUMBER " 3456",                     true },
        {"91350100M0000100Y43",                    false}, /* a 0 too many, and its first 18 hold */
        {"91350100 M0000100Y43",                   false},
        {"913501\n00M000100Y43",                   false},
        {"91350100M000100Y44",                     false},
        {"9135010",                                false},
        {"",                                       false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char code[USCC_LENGTH + 1] = "";
        assert_int_equal(find_uscc(cases[i].text, code), cases[i].is_there);
        if (cases[i].is_there)
            assert_string_equal(code, NUMBER);
    }
}

/* ---- programs that go wrong */

static enum ocr_result said_by(const char *script, char code[static OCR_USCC_SIZE])
{
    char path[] = "/tmp/ocr_test_XXXXXX";
    static unsigned char anything[] = "anything";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    dprintf(fd, "#!/bin/dash\n%s\n", script);
    fchmod(fd, 0700);
    close(fd);
    enum ocr_result result = look(path, (struct bytes){anything, sizeof anything}, 1500, code);
    unlink(path);
    return result;
}

static void a_program_is_not_believed(void **state)
{
    static const struct {
        const char *script;
        enum ocr_result wanted;
    } cases[] = {
        {"echo " NUMBER,                   OCR_READ   },
        {"exit 0",                         OCR_NOTHING},
        {"echo " NUMBER "; exit 1",        OCR_FAILED },
        {"echo 91350100M000100Y44",        OCR_FAILED }, /* a wrong check character */
        {"echo " NUMBER " and more",       OCR_FAILED },
        {"printf " NUMBER,                 OCR_FAILED },
        {"head -c 18 /dev/zero; echo",     OCR_FAILED },
        {"echo " NUMBER "; kill -KILL $$", OCR_FAILED },
        {"kill -SYS $$",                   OCR_FAILED },
        {"exec yes",                       OCR_FAILED },
        {"echo " NUMBER "; exec sleep 60", OCR_FAILED },
        {"exec >&-; exec sleep 60",        OCR_FAILED },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char code[OCR_USCC_SIZE] = "";
        uint64_t began = clock_ms();
        enum ocr_result result = said_by(cases[i].script, code);
        if (result != cases[i].wanted)
            fail_msg("%s: %d", cases[i].script, (int)result);
        assert_string_equal(code, result == OCR_READ ? NUMBER : "");
        assert_in_range(clock_ms() - began, 0, 10000);
    }
}

static void what_is_missing_is_told(void **state)
{
    char code[OCR_USCC_SIZE] = "";
    struct bytes file = licence(200, "");
    (void)state;
    assert_non_null(strstr(provider->missing("/nonexistent/guild-ocr"), "does not run"));
    assert_non_null(strstr(provider->missing("/bin/false"), "does not run"));
    assert_int_equal(look("/nonexistent/guild-ocr", file, 1000, code), OCR_FAILED);
    assert_null(ocr_provider_find("other"));
    assert_null(ocr_provider_find("none")->read);
    gdFree(file.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_is_read),
        cmocka_unit_test(without_a_good_code_nothing_is_read),
        cmocka_unit_test(a_large_one_is_not_read_wrong),
        cmocka_unit_test(a_pdf_is_read),
        cmocka_unit_test(codes_are_found_in_text),
        cmocka_unit_test(a_program_is_not_believed),
        cmocka_unit_test(what_is_missing_is_told),
    };
    provider = ocr_provider_find("tesseract");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
