/* E.12: the picture of a voucher that was saved anew is told to finance, with the other voucher; another slip of the same bank
   is not; and it is found among ten thousand. Files go through the real guild-image. */
#include "dues.h"
#include <gd.h>
#include <time.h>

enum { WIDTH = 1000, HEIGHT = 1400, LINES = 24, WHITE = 0xffffff };

/* ---- slips: lines of words, about, that differ with their seeds */

static void line(gdImagePtr image, int y, unsigned seed)
{
    for (int x = 80; x < WIDTH - 100;) {
        seed = seed * 1664525 + 1013904223;
        int wide = 6 + (int)(seed >> 24) % 22;
        gdImageFilledRectangle(image, x, y, x + wide, y + 8 + (int)(seed >> 16) % 16, 0x202020);
        x += wide + 4 + (int)(seed >> 20) % 12;
    }
}

/* All lines but some are the bank's. */
static gdImagePtr slip(unsigned number)
{
    gdImagePtr image = gdImageCreateTrueColor(WIDTH, HEIGHT);
    gdImageFilledRectangle(image, 0, 0, WIDTH - 1, HEIGHT - 1, WHITE);
    for (int i = 0; i < LINES; i++)
        line(image, 60 + i * 52, i % 6 == 3 ? number * 100 + (unsigned)i : (unsigned)i);
    return image;
}

/* Smaller, and without its margins. */
static gdImagePtr saved_anew(gdImagePtr image)
{
    gdImagePtr copy = gdImageCreateTrueColor(700, 1000);
    gdImageCopyResampled(copy, image, 0, 0, 30, 28, 700, 1000, WIDTH - 60, HEIGHT - 56);
    gdImageDestroy(image);
    return copy;
}

/* The uploaded file's id. */
static const char *uploaded(const Common__Principal *who, gdImagePtr image, int quality)
{
    int size = 0;
    void *data = gdImageJpegPtr(image, &size, quality);
    service_test_body(data, (size_t)size);
    const char *told =
        JSON(who, "UploadVoucherFile",
             "{\"purpose\":\"voucher_files\",\"file_name\":\"v.jpg\",\"size_bytes\":%d}", size);
    SAYS(told, "\"content_type\":\"image/jpeg\"");
    gdFree(data);
    gdImageDestroy(image);
    return VALUE(
        "SELECT id FROM attachment WHERE account_id = %lld ORDER BY created_at DESC LIMIT 1",
        (long long)who->account_id);
}

/* The voucher's number. */
static const char *handed_in(const Common__Principal *who, const char *file)
{
    SAYS(JSON(who, "SubmitVoucher", "%s", voucher_json(bill_of(who->account_id), file, "2000", "")),
         "\"state\":\"SUBMITTED\"");
    return VALUE("SELECT max(id) FROM voucher");
}

static const char *shown(const char *voucher)
{
    return JSON(&cashier, "GetVoucher", "{\"id\":%s}", voucher);
}

static void test_a_picture_saved_anew(void **state)
{
    (void)state;
    Common__Principal first = unit("MEMBER");
    const char *original = handed_in(&first, uploaded(&first, slip(1), 90));
    assert_null(strstr(shown(original), "几乎相同"));

    Common__Principal second = unit("MEMBER");
    const char *copy = handed_in(&second, uploaded(&second, saved_anew(slip(1)), 60));
    SAYS(shown(copy), arena_printf(arena, "凭证图片与咨询公司%lld", (long long)first.account_id));
    SAYS(shown(copy), arena_printf(arena, "（编号%s，审核中）的图片几乎相同", original));
    SAYS(shown(original), arena_printf(arena, "（编号%s，审核中）的图片几乎相同", copy));

    Common__Principal third = unit("MEMBER");
    assert_null(strstr(shown(handed_in(&third, uploaded(&third, slip(2), 90))), "几乎相同"));

    /* it is a warning: finance decides */
    SAYS(confirm(&cashier, atoll(copy), 1, "2000", bill_of(second.account_id), "2000"),
         "CONFIRMED");
    SAYS(shown(original), arena_printf(arena, "（编号%s，已到账）的图片几乎相同", copy));
}

/* A unit that mends what was refused hands in the same scan, or a better one of it. */
static void test_the_own_picture_again(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER");
    const char *refused = handed_in(&who, uploaded(&who, slip(7), 90));
    SAYS(JSON(&cashier, "DecideVoucher",
              "{\"id\":%s,\"version\":1,\"verdict\":\"REJECT\",\"reason_codes\":[\"V01\"]}",
              refused),
         "REJECTED");
    const char *mended = handed_in(&who, uploaded(&who, saved_anew(slip(7)), 80));
    assert_null(strstr(shown(mended), "几乎相同"));
    assert_string_equal(VALUE("SELECT count(*) FROM attachment_alike a, voucher v WHERE v.id = %s "
                              "AND a.file_id = ANY (v.file_ids)",
                              mended),
                        "1"); /* it was seen all the same */
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void test_among_ten_thousand(void **state)
{
    (void)state;
    service_test_sql(
        "INSERT INTO attachment (id, account_id, purpose, file_name, content_type, size_bytes, "
        "content_hash) SELECT 'many' || n, 1, 'voucher_files', 'v.jpg', 'image/jpeg', 10, "
        "decode(md5('many' || n), 'hex') FROM generate_series(1, 10000) AS n; "
        "ALTER TABLE attachment_print DISABLE TRIGGER prints_compare; "
        "INSERT INTO attachment_print (attachment_id, variant, planes) SELECT 'many' || n, v, "
        "('x' || repeat(md5(n || ':' || v), 64))::bit(8192) FROM generate_series(1, 10000) AS n, "
        "generate_series(0, 3) AS v; "
        "ALTER TABLE attachment_print ENABLE TRIGGER prints_compare; ANALYZE attachment_print");
    Common__Principal first = unit("MEMBER");
    const char *original = handed_in(&first, uploaded(&first, slip(11), 90));
    Common__Principal second = unit("MEMBER");
    int64_t began = now_ms();
    const char *file = uploaded(&second, saved_anew(slip(11)), 70);
    int64_t took = now_ms() - began;
    SAYS(shown(handed_in(&second, file)),
         arena_printf(arena, "（编号%s，审核中）的图片几乎相同", original));
    printf("cleaned, stored and compared with 10,000 others in %lld ms\n", (long long)took);
    assert_true(took < 5000);
}

static int open_with_images(void **state)
{
    open_service(state);
    struct payment *payment_state = service_state(service_test_run());
    payment_state->files.image_program = IMAGE_PROGRAM;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_picture_saved_anew),
        cmocka_unit_test(test_the_own_picture_again),
        cmocka_unit_test(test_among_ten_thousand),
    };
    return cmocka_run_group_tests(tests, open_with_images, close_service);
}
