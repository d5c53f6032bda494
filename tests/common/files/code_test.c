/* QR codes on uploaded files, through the real guild-image: what they say comes back whatever way the paper lies, and no
   code, and no child that goes wrong over one, keeps a file from being taken. */
#include "clean.h"
#include <fcntl.h>
#include <gd.h>
#include <qrencode.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { WHITE = 0xffffff, WIDTH = 1240, HEIGHT = 1754 };

#define LICENCE "统一社会信用代码:91350100M000100Y43;企业名称:长治市某某工程咨询有限公司"

/* ---- papers with codes on them */

static gdImagePtr paper(void)
{
    gdImagePtr image = gdImageCreateTrueColor(WIDTH, HEIGHT);
    assert_non_null(image);
    gdImageFilledRectangle(image, 0, 0, WIDTH, HEIGHT, WHITE);
    for (int y = 700; y < HEIGHT - 100; y += 24) /* lines of text, about */
        for (int x = 100; x < WIDTH - 100; x += 14)
            gdImageFilledRectangle(image, x, y, x + 3 + (x * y) % 7, y + 12, 0);
    return image;
}

static void draw(gdImagePtr image, int left, int top, int module, QRcode *code)
{
    const unsigned char *dot = code->data;
    for (int y = 0; y < code->width; y++)
        for (int x = 0; x < code->width; x++)
            if (*dot++ & 1)
                gdImageFilledRectangle(image, left + x * module, top + y * module,
                                       left + (x + 1) * module - 1, top + (y + 1) * module - 1, 0);
    QRcode_free(code);
}

static QRcode *code_of(const void *bytes, size_t size)
{
    QRcode *code = QRcode_encodeData((int)size, bytes, 0, QR_ECLEVEL_M);
    assert_non_null(code);
    return code;
}

static gdImagePtr paper_saying(const char *text, int module)
{
    gdImagePtr image = paper();
    draw(image, 800, 120, module, code_of(text, strlen(text)));
    return image;
}

static gdImagePtr turned(gdImagePtr image, float angle)
{
    gdImagePtr copy = gdImageRotateInterpolated(image, angle, WHITE);
    assert_non_null(copy);
    gdImageDestroy(image);
    return copy;
}

static struct bytes jpeg(gdImagePtr image)
{
    int size = 0;
    void *data = gdImageJpegPtr(image, &size, 80);
    struct bytes bytes = {malloc((size_t)size), (size_t)size};
    assert_non_null(bytes.data);
    memcpy(bytes.data, data, (size_t)size);
    gdFree(data);
    gdImageDestroy(image);
    return bytes;
}

/* One photograph a page, as phones and scanners make it. */
static struct bytes pdf(struct bytes photograph)
{
    static const char tail[] =
        "\nendstream\nendobj\ntrailer\n<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n";
    char head[512];
    int size = snprintf(head, sizeof head,
                        "%%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n"
                        "<</Type/Pages/Count 1/Kids[3 0 R]>>\nendobj\n3 0 obj\n"
                        "<</Type/Page/Parent 2 0 R>>\nendobj\n4 0 obj\n<</Type/XObject"
                        "/Subtype/Image/Filter/DCTDecode/Length %zu>>\nstream\r\n",
                        photograph.size);
    struct bytes bytes = {malloc((size_t)size + photograph.size + sizeof tail), 0};
    assert_non_null(bytes.data);
    memcpy(bytes.data, head, (size_t)size);
    memcpy(bytes.data + size, photograph.data, photograph.size);
    bytes.size = (size_t)size + photograph.size;
    memcpy(bytes.data + bytes.size, tail, sizeof tail - 1);
    bytes.size += sizeof tail - 1;
    free(photograph.data);
    return bytes;
}

/* ---- what comes back */

static struct cleaned cleaned_by(const char *program, struct bytes file)
{
    struct cleaned cleaned = {0};
    int fd = memfd_create("sample", MFD_CLOEXEC);
    assert_int_equal(write(fd, file.data, file.size), file.size);
    assert_int_equal(clean_file(program, fd, file.size, &cleaned), CLEAN_DONE);
    close(fd);
    free(file.data);
    return cleaned;
}

static void assert_says(struct bytes file, const char *wanted)
{
    struct cleaned cleaned = cleaned_by(IMAGE_PROGRAM, file);
    assert_string_equal(cleaned.codes, wanted);
    cleaned_free(&cleaned);
}

static void a_code_is_read_whatever_way_the_paper_lies(void **state)
{
    (void)state;
    static const float angles[] = {0, 90, 180, 270, 3, -12, 30};
    for (size_t i = 0; i < sizeof angles / sizeof angles[0]; i++)
        assert_says(jpeg(turned(paper_saying("CZQG:D1:RH2026112700001:v1", 5), angles[i])),
                    "CZQG:D1:RH2026112700001:v1");
    assert_says(jpeg(paper_saying("CZQG:D1:RH2026112700001:v1", 3)), "CZQG:D1:RH2026112700001:v1");
}

static void a_paper_without_a_code_says_nothing(void **state)
{
    (void)state;
    assert_says(jpeg(paper()), "");
}

static void the_photographs_in_a_pdf_are_read(void **state)
{
    (void)state;
    assert_says(pdf(jpeg(turned(paper_saying(LICENCE, 4), 2))), LICENCE);
    assert_says(pdf(jpeg(paper())), "");
}

/* zbar would ask the system for a charset by its name, and there are no files in the child. */
static void charsets_are_found_out(void **state)
{
    (void)state;
    static const unsigned char of_china[] = "\xc6\xf3\xd2\xb5\xc3\xfb\xb3\xc6:"; /* 企业名称 */
    static const unsigned char of_nobody[] = "\xff\xfe\xfd\xfc\xfb";
    gdImagePtr image = paper();
    draw(image, 800, 120, 5, code_of(of_china, sizeof of_china - 1));
    assert_says(jpeg(image), "企业名称:");
    image = paper();
    draw(image, 800, 120, 5, code_of(of_nobody, sizeof of_nobody - 1));
    assert_says(jpeg(image), "");
    QRinput *named = QRinput_new();
    assert_int_equal(QRinput_appendECIheader(named, 13), 0); /* ISO 8859-11 */
    assert_int_equal(QRinput_append(named, QR_MODE_8, 3, (const unsigned char *)"abc"), 0);
    image = paper();
    draw(image, 800, 120, 5, QRcode_encodeInput(named));
    QRinput_free(named);
    assert_says(jpeg(image), "abc");
}

static void several_codes_are_several_lines(void **state)
{
    (void)state;
    gdImagePtr image = paper();
    draw(image, 100, 120, 5, code_of("one\nline", 8));
    draw(image, 800, 120, 5, code_of("another", 7));
    struct cleaned cleaned = cleaned_by(IMAGE_PROGRAM, jpeg(image));
    assert_non_null(strstr(cleaned.codes, "one line"));
    assert_non_null(strstr(cleaned.codes, "another"));
    assert_int_equal(strlen(cleaned.codes), strlen("one line\nanother"));
    cleaned_free(&cleaned);
}

/* ---- children that go wrong after the file was cleaned */

#define DONE "echo content >&3; printf '\\0\\0\\0\\0\\1\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0'; "
#define CODES "printf '\\1\\0\\0\\0"

static void a_child_is_not_believed(void **state)
{
    (void)state;
    static const char *const scripts[] = {
        DONE "exit 1",
        DONE "kill -SYS $$",
        DONE "kill -XCPU $$",
        DONE CODES "\\4\\0\\0\\0abc'",                                       /* cut off */
        DONE CODES "\\377\\377\\0\\0'; head -c 1024 /dev/zero | tr '\\0' a", /* longer than it is */
        DONE CODES "\\4\\0\\0\\0a'; head -c 1023 /dev/zero",                 /* a NUL in it */
    };
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        char path[] = "/tmp/code_test_XXXXXX";
        int fd = mkstemp(path);
        assert_true(fd >= 0);
        dprintf(fd, "#!/bin/dash\n%s\n", scripts[i]);
        fchmod(fd, 0700);
        close(fd);
        struct cleaned cleaned =
            cleaned_by(path, (struct bytes){(unsigned char *)strdup("file"), 4});
        assert_string_equal(cleaned.codes, "");
        cleaned_free(&cleaned);
        unlink(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_is_read_whatever_way_the_paper_lies),
        cmocka_unit_test(a_paper_without_a_code_says_nothing),
        cmocka_unit_test(the_photographs_in_a_pdf_are_read),
        cmocka_unit_test(charsets_are_found_out),
        cmocka_unit_test(several_codes_are_several_lines),
        cmocka_unit_test(a_child_is_not_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
