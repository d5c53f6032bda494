/* Files that are not what they seem, through the whole skeleton and the real guild-image: what their owner is told, by name and
   sentence, and that nothing of them stays. What is made of each kind stands in tests/common/files. */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "service_test.h"
#include <gd.h>
#include <string.h>
#include <zlib.h>

struct file {
    const void *data;
    size_t size;
};

static struct arena *arena;
static Common__Principal person;

static struct certification *opened(void)
{
    return service_state(service_test_run());
}

/* ---- files */

static struct file file_of(const void *data, size_t size)
{
    return (struct file){arena_copy(arena, data, size), size};
}

static struct file joined(struct file a, const void *data, size_t size)
{
    unsigned char *whole = arena_alloc(arena, a.size + size);
    memcpy(whole, a.data, a.size);
    memcpy(whole + a.size, data, size);
    return (struct file){whole, a.size + size};
}

static struct file words(const char *text)
{
    return file_of(text, strlen(text));
}

static struct file jpeg(void)
{
    int size = 0;
    gdImagePtr image = gdImageCreateTrueColor(600, 400);
    gdImageFilledRectangle(image, 100, 100, 300, 300, 0xffffff);
    void *data = gdImageJpegPtr(image, &size, 90);
    struct file file = file_of(data, (size_t)size);
    gdFree(data);
    gdImageDestroy(image);
    return file;
}

/* One colour: some ten KB, whatever its sides. */
static struct file png(int width, int height)
{
    int size = 0;
    gdImagePtr image = gdImageCreate(width, height);
    gdImageColorAllocate(image, 255, 255, 255);
    void *data = gdImagePngPtr(image, &size);
    struct file file = file_of(data, (size_t)size);
    gdFree(data);
    gdImageDestroy(image);
    return file;
}

static void put_be32(unsigned char *at, size_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (24 - 8 * i));
}

/* Its head says so; the pixels are not there. */
static struct file png_that_claims(size_t width, size_t height)
{
    struct file small = png(32, 32);
    unsigned char *bytes = arena_copy(arena, small.data, small.size);
    put_be32(bytes + 16, width);
    put_be32(bytes + 20, height);
    put_be32(bytes + 29, crc32(0, bytes + 12, 17));
    return (struct file){bytes, small.size};
}

#define PLACE "N36.1952 E113.1163"

/* EXIF as a phone writes it: lying on its side (6), and where it was. */
static struct file jpeg_with_a_place(void)
{
    static const unsigned char block[] =
        "\xff\xe1\x00\x53"
        "Exif\0\0II\x2a\0\x08\0\0\0"
        "\x02\0"                             /* two entries */
        "\x12\x01\x03\0\x01\0\0\0\x06\0\0\0" /* Orientation */
        "\x25\x88\x04\0\x01\0\0\0\x26\0\0\0" /* GPS IFD at 38 */
        "\0\0\0\0"
        "\x01\0"
        "\x1b\0\x07\0\x13\0\0\0\x38\0\0\0" /* GPSProcessingMethod at 56 */
        "\0\0\0\0" PLACE;
    struct file plain = jpeg(), file = file_of(plain.data, 2);
    file = joined(file, block, sizeof block);
    return joined(file, (const char *)plain.data + 2, plain.size - 2);
}

static struct file pdf(const char *catalog, int pages)
{
    char *text = arena_printf(arena,
                              "%%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R %s >>\nendobj\n"
                              "2 0 obj\n<</Type/Pages/Count %d/Kids[10 0 R]>>\nendobj\n",
                              catalog, pages);
    for (int i = 0; i < pages; i++)
        text = arena_printf(arena, "%s%d 0 obj\n<< /Type /Page /Parent 2 0 R >>\nendobj\n", text,
                            10 + i);
    return words(arena_printf(
        arena, "%strailer\n<< /Root 1 0 R /Size 99 >>\nstartxref\n0\n%%%%EOF\n", text));
}

/* ---- what is asked, and what is told */

static const char *uploaded(struct file file, const char *name)
{
    if (file.size > 0)
        service_test_body(file.data, file.size);
    return service_test_json(&person, "UploadAttachment", "",
                             arena_printf(arena,
                                          "{\"purpose\":\"business_license_file\",\"file_name\":"
                                          "\"%s\",\"size_bytes\":%zu}",
                                          name, file.size));
}

static int blobs(void)
{
    return service_test_blobs(opened()->files.blobs);
}

static void refused(struct file file, const char *name, const char *reason, const char *sentence)
{
    int before = blobs();
    const char *said = uploaded(file, name);
    const char *told =
        arena_printf(arena, "{\"reason\":\"%s\",\"detail\":\"%s\"", reason, sentence);
    if (strstr(said, told) == NULL)
        fail_msg("%s: no %s in %s", name, told, said);
    assert_int_equal(blobs(), before);
    assert_string_equal(
        service_test_value("SELECT count(*) FROM attachment WHERE file_name = '%s'", name), "0");
}

static const char *taken(struct file file, const char *name)
{
    const char *said = uploaded(file, name), *at = strstr(said, "\"id\":\"");
    if (at == NULL)
        fail_msg("%s: %s", name, said);
    return arena_printf(arena, "%.32s", at + sizeof "\"id\":\"" - 1);
}

/* ---- */

static void test_what_is_no_picture(void **state)
{
    static const char *const texts[] = {"营业执照的文字，不是照片",
                                        "GIF89a a gif",
                                        "MZ a program",
                                        "\177ELF a program",
                                        "PK\x03\x04\x14 a document of Word",
                                        "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
                                        "<!DOCTYPE html><script>alert(1)</script>"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        refused(words(texts[i]), "执照.jpg", "file_type",
                "只能上传JPG、PNG、WebP、HEIC图片或PDF文件，请重新选择。");
}

static void test_nothing_at_all(void **state)
{
    (void)state;
    refused((struct file){"", 0}, "空.jpg", "attachment_none",
            "没有收到文件内容，请重新选择文件上传。");
}

/* A few KB each. The first has its pixels, sixty million of them; the others only say so. */
static void test_bombs(void **state)
{
    static const char sentence[] = "图片尺寸过大，请缩小到4000万像素以内再上传。";
    (void)state;
    struct file sixty = png(10000, 6000);
    assert_in_range(sixty.size, 1, 512 * 1024);
    refused(sixty, "六千万.png", "image_too_large", sentence);
    refused(png_that_claims(50000, 50000), "炸弹.png", "image_too_large", sentence);
    refused(png_that_claims(0x7fffffff, 0x7fffffff), "炸弹.png", "image_too_large", sentence);
    refused(png_that_claims(12001, 1), "长条.png", "image_too_large", sentence);
}

static void test_more_than_ten_megabytes(void **state)
{
    const char *told = service_test_json(
        &person, "UploadAttachment", "",
        "{\"purpose\":\"business_license_file\",\"file_name\":\"大.jpg\",\"size_bytes\":10485761}");
    (void)state;
    assert_non_null(strstr(told, "{\"reason\":\"file_too_large\",\"detail\":\"文件过大，请上传10MB"
                                 "以内的文件。\""));
}

static void test_what_was_cut_off(void **state)
{
    static const char sentence[] = "文件无法打开，可能已损坏，请重新拍摄或导出后上传。";
    struct file whole = jpeg(), flat = png(600, 400), paper = pdf("", 2);
    (void)state;
    refused(file_of(whole.data, whole.size / 2), "半张.jpg", "file_broken", sentence);
    refused(file_of(whole.data, whole.size - 1), "半张.jpg", "file_broken", sentence);
    refused(file_of(flat.data, flat.size - 30), "半张.png", "file_broken", sentence);
    refused(file_of(paper.data, paper.size - 20), "半份.pdf", "file_broken", sentence);
}

static void test_a_pdf_that_does_something(void **state)
{
    static const char *const catalogs[] = {"/OpenAction << /S /JavaScript /JS (app.alert) >>",
                                           "/OpenAction <</S/#4aava#53cript>>",
                                           "/Names << /EmbeddedFiles 4 0 R >>", "/Encrypt 5 0 R"};
    (void)state;
    for (size_t i = 0; i < sizeof catalogs / sizeof catalogs[0]; i++)
        refused(pdf(catalogs[i], 1), "脚本.pdf", "pdf_active",
                "PDF中含有脚本、附件或加密内容，请打印成普通PDF或拍照上传。");
}

static void test_a_pdf_of_too_many_pages(void **state)
{
    (void)state;
    taken(pdf("", 30), "三十页.pdf");
    refused(pdf("", 31), "三十一页.pdf", "pdf_too_long",
            "PDF超过30页，请只保留所需的页面，或拍照上传。");
}

/* It is taken, stands upright, and what is kept does not say where it was taken. */
static void test_a_photo_forgets_its_place(void **state)
{
    struct file photo = jpeg_with_a_place();
    Common__ReadAttachmentRequest request = COMMON__READ_ATTACHMENT_REQUEST__INIT;
    ProtobufCMessage *reply;
    (void)state;
    assert_non_null(memmem(photo.data, photo.size, PLACE, strlen(PLACE)));
    const char *id = taken(photo, "手机.jpg");
    assert_string_equal(
        service_test_value("SELECT width || 'x' || height FROM attachment WHERE id = '%s'", id),
        "400x600");
    request.id = arena_text(arena, id);
    for (int thumbnail = 0; thumbnail < 2; thumbnail++) {
        request.thumbnail = thumbnail;
        assert_int_equal(
            service_test_call(&person, "gateway", "ReadAttachment", &request.base, "", &reply),
            STATUS_OK);
        const Common__AttachmentPart *part = (const Common__AttachmentPart *)reply;
        assert_string_equal(part->content_type, "image/jpeg");
        assert_int_equal(part->content.len, part->size_bytes);
        assert_null(memmem(part->content.data, part->content.len, PLACE, strlen(PLACE)));
        assert_null(memmem(part->content.data, part->content.len, "Exif", 4));
    }
}

static int open_service(void **state)
{
    (void)state;
    arena = arena_new(0);
    service_test_open(&certification);
    opened()->files.image_program = IMAGE_PROGRAM;
    person = service_test_member(1);
    return 0;
}

static int close_service(void **state)
{
    (void)state;
    service_test_close();
    arena_destroy(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_no_picture),
        cmocka_unit_test(test_nothing_at_all),
        cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_more_than_ten_megabytes),
        cmocka_unit_test(test_what_was_cut_off),
        cmocka_unit_test(test_a_pdf_that_does_something),
        cmocka_unit_test(test_a_pdf_of_too_many_pages),
        cmocka_unit_test(test_a_photo_forgets_its_place),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
