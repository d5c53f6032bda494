/* What pictures are known by when they come again, through the real guild-image: slips of two banks, rendered. A copy that was
   compressed, scaled, darkened or cut is known; another slip of the same bank is not. The bounds are those of prints_alike in
   services/payment/schema/020_print.sql. */
#include "clean.h"
#include <gd.h>
#include <pango/pangocairo.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

/* fontconfig's caches end with the process */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig.so\n";
}

enum { VARIANTS = 4, PLANES = CLEAN_PRINT_SIZE / VARIANTS, HALF = PLANES / 2 };

/* ---- slips */

struct slip {
    const char *payer, *account, *amount, *in_words, *time, *serial, *purpose;
};

/* Two years of one unit, and two other units. */
static const struct slip slips[] = {
    {"长治市甲工程咨询有限公司",             "0505012309100012345", "2,000.00", "贰仟元整",
     "2026-11-03 10:32:01",                                                                                                        "20261103000123456", "2026年会费HF7K3M2P"},
    {"长治市甲工程咨询有限公司",             "0505012309100012345", "2,000.00", "贰仟元整",
     "2025-11-05 09:12:44",                                                                                                        "20251105000991027", "2025年会费HF2A9QXT"},
    {"山西某某项目管理集团股份有限公司", "0505018809200099881", "5,000.00", "伍仟元整",
     "2026-11-03 15:01:59",                                                                                                        "20261103000654321", "会费HFQ8W2N4"       },
    {"长治市乙造价事务所",                      "6222020505011234567", "3,000.00", "叁仟元整", "2026-10-28 08:00:12",
     "20261028000777777",                                                                                                                               "会费"               },
};
enum { SLIPS = sizeof slips / sizeof slips[0] };

static void text(cairo_t *cairo, double x, double y, double size, const char *words, double grey)
{
    PangoLayout *layout = pango_cairo_create_layout(cairo);
    PangoFontDescription *font = pango_font_description_from_string("Noto Sans CJK SC");
    pango_font_description_set_absolute_size(font, size * PANGO_SCALE);
    pango_layout_set_font_description(layout, font);
    pango_layout_set_text(layout, words, -1);
    cairo_set_source_rgb(cairo, grey, grey, grey);
    cairo_move_to(cairo, x, y);
    pango_cairo_show_layout(cairo, layout);
    pango_font_description_free(font);
    g_object_unref(layout);
}

static gdImagePtr drawn(cairo_t *cairo, cairo_surface_t *surface)
{
    cairo_surface_flush(surface);
    int width = cairo_image_surface_get_width(surface),
        height = cairo_image_surface_get_height(surface),
        stride = cairo_image_surface_get_stride(surface);
    const unsigned char *data = cairo_image_surface_get_data(surface);
    gdImagePtr image = gdImageCreateTrueColor(width, height);
    assert_non_null(image);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            uint32_t pixel;
            memcpy(&pixel, data + (size_t)y * (size_t)stride + 4 * (size_t)x, sizeof pixel);
            image->tpixels[y][x] = (int)(pixel & 0xffffff);
        }
    cairo_destroy(cairo);
    cairo_surface_destroy(surface);
    return image;
}

/* A bank's receipt: a table on white, with a seal. */
static gdImagePtr receipt(const struct slip *s)
{
    const char *const rows[][2] = {
        {"付款人户名",    s->payer                              },
        {"付款人账号",    s->account                            },
        {"收款人户名",    "长治市项目全过程咨询协会"},
        {"收款人账号",    "0505010409200054816"                 },
        {"金额（小写）", s->amount                             },
        {"金额（大写）", s->in_words                           },
        {"用途",             s->purpose                            },
        {"交易流水号",    s->serial                             },
        {"交易日期",       s->time                               },
    };
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 1600, 900);
    cairo_t *cairo = cairo_create(surface);
    cairo_set_source_rgb(cairo, 1, 1, 1);
    cairo_paint(cairo);
    text(cairo, 520, 40, 44, "中国工商银行 网上银行电子回单", 0.1);
    cairo_set_source_rgb(cairo, 0, 0, 0);
    cairo_set_line_width(cairo, 2);
    for (int i = 0; i < 9; i++) {
        double y = 130 + i * 75;
        cairo_rectangle(cairo, 80, y, 1440, 75);
        cairo_move_to(cairo, 360, y);
        cairo_line_to(cairo, 360, y + 75);
        cairo_stroke(cairo);
        text(cairo, 100, y + 18, 30, rows[i][0], 0.1);
        text(cairo, 390, y + 18, 30, rows[i][1], 0);
    }
    cairo_new_path(cairo);
    cairo_set_source_rgb(cairo, .8, .1, .1);
    cairo_set_line_width(cairo, 5);
    cairo_arc(cairo, 1350, 690, 95, 0, 6.3);
    cairo_stroke(cairo);
    text(cairo, 1275, 670, 28, "电子回单专用章", 0.35);
    text(cairo, 80, 830, 24, "重要提示：本回单不作为收款方发货依据，并请勿重复记账。", 0.35);
    return drawn(cairo, surface);
}

/* A telephone's screen: a card on grey, below the clock. */
static gdImagePtr screen(const struct slip *s)
{
    const char *const rows[][2] = {
        {"付款户名", s->payer                              },
        {"付款账号", s->account                            },
        {"收款户名", "长治市项目全过程咨询协会"},
        {"收款账号", "0505010409200054816"                 },
        {"收款银行", "中国工商银行"                  },
        {"转账时间", s->time                               },
        {"流水号",    s->serial                             },
        {"附言",       s->purpose                            },
    };
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 1080, 2160);
    cairo_t *cairo = cairo_create(surface);
    cairo_set_source_rgb(cairo, .95, .95, .95);
    cairo_paint(cairo);
    text(cairo, 60, 30, 36, "10:32", 0);
    text(cairo, 820, 30, 36, "5G  87%", 0);
    text(cairo, 400, 130, 48, "转账详情", 0);
    cairo_set_source_rgb(cairo, 1, 1, 1);
    cairo_rectangle(cairo, 40, 240, 1000, 1500);
    cairo_fill(cairo);
    cairo_set_source_rgb(cairo, .1, .7, .3);
    cairo_arc(cairo, 540, 370, 60, 0, 6.3);
    cairo_fill(cairo);
    text(cairo, 440, 460, 44, "转账成功", 0.1);
    text(cairo, 340, 540, 84, s->amount, 0);
    for (int i = 0; i < 8; i++) {
        text(cairo, 90, 720 + i * 110, 38, rows[i][0], 0.5);
        text(cairo, 360, 720 + i * 110, 38, rows[i][1], 0.1);
    }
    text(cairo, 380, 1850, 38, "返回首页", 0.25);
    return drawn(cairo, surface);
}

static gdImagePtr (*const banks[])(const struct slip *) = {receipt, screen};
enum { BANKS = sizeof banks / sizeof banks[0] };

/* ---- copies */

struct copy {
    const char *what;
    double left, top, right, bottom; /* parts of it that are cut off */
    double scale, contrast, brighter;
    int quality;
};

static const struct copy copies[] = {
    {"compressed at 50",  0,   0,   0,    0,   1,   1,  0,  50},
    {"compressed at 20",  0,   0,   0,    0,   1,   1,  0,  20},
    {"of half the size",  0,   0,   0,    0,   .5,  1,  0,  85},
    {"of a third",        0,   0,   0,    0,   .33, 1,  0,  60},
    {"larger",            0,   0,   0,    0,   1.3, 1,  0,  85},
    {"darker",            0,   0,   0,    0,   1,   .7, 0,  85},
    {"washed out",        0,   0,   0,    0,   1,   .6, 90, 85},
    {"cut by 1 % a side", .01, .01, .01,  .01, 1,   1,  0,  85},
    {"cut by 2 % a side", .02, .02, .02,  .02, 1,   1,  0,  85},
    {"cut by 3 % a side", .03, .03, .03,  .03, 1,   1,  0,  85},
    {"cut by 4 % above",  0,   .04, 0,    0,   1,   1,  0,  85},
    {"cut by 6 % above",  0,   .06, 0,    0,   1,   1,  0,  85},
    {"cut by 5 % below",  0,   0,   0,    .05, 1,   1,  0,  85},
    {"cut by 3 % left",   .03, 0,   0,    0,   1,   1,  0,  85},
    {"all of it",         .01, .02, .015, .01, .7,  .9, 10, 50},
};
enum { COPIES = sizeof copies / sizeof copies[0] };

static gdImagePtr copied(gdImagePtr image, const struct copy *copy)
{
    int width = gdImageSX(image), height = gdImageSY(image);
    int left = (int)(copy->left * width), top = (int)(copy->top * height);
    int wide = (int)((1 - copy->left - copy->right) * width),
        high = (int)((1 - copy->top - copy->bottom) * height);
    int to_width = (int)(wide * copy->scale), to_height = (int)(high * copy->scale);
    gdImagePtr made = gdImageCreateTrueColor(to_width, to_height);
    assert_non_null(made);
    gdImageCopyResampled(made, image, 0, 0, left, top, to_width, to_height, wide, high);
    for (int y = 0; y < to_height; y++)
        for (int x = 0; x < to_width; x++) {
            int colour = 0;
            for (int shift = 0; shift < 24; shift += 8) {
                double value =
                    (made->tpixels[y][x] >> shift & 255) * copy->contrast + copy->brighter;
                colour |= (value > 255 ? 255 : (int)value) << shift;
            }
            made->tpixels[y][x] = colour;
        }
    return made;
}

/* ---- prints */

struct print {
    unsigned char bytes[CLEAN_PRINT_SIZE];
};

static size_t print_of_file(const void *data, size_t size, struct print *print)
{
    struct cleaned cleaned = {0};
    int fd = memfd_create("slip", MFD_CLOEXEC);
    assert_int_equal(write(fd, data, size), size);
    assert_int_equal(clean_file(IMAGE_PROGRAM, fd, size, &cleaned), CLEAN_DONE);
    close(fd);
    memcpy(print->bytes, cleaned.print, sizeof print->bytes);
    size_t print_size = cleaned.print_size;
    cleaned_free(&cleaned);
    return print_size;
}

static size_t print_of(gdImagePtr image, int quality, struct print *print)
{
    int size = 0;
    void *data = gdImageJpegPtr(image, &size, quality);
    size_t print_size = print_of_file(data, (size_t)size, print);
    gdFree(data);
    gdImageDestroy(image);
    return print_size;
}

static unsigned ones(unsigned byte)
{
    return (unsigned)__builtin_popcount(byte);
}

/* Cells that contradict, of a thousand; 1000: too few agree. */
static double between(const unsigned char *a, const unsigned char *b)
{
    unsigned contradicting = 0, agreeing = 0, of_a = 0, of_b = 0;
    for (int i = 0; i < PLANES; i++) {
        agreeing += ones(a[i] & b[i]);
        contradicting += ones(a[i] & b[(i + HALF) % PLANES]);
        of_a += ones(a[i]);
        of_b += ones(b[i]);
    }
    unsigned most = of_a > of_b ? of_a : of_b, least = of_a < of_b ? of_a : of_b;
    return least * 5 < most * 3 || agreeing * 5 < most * 3 ? 1000
                                                           : 1000.0 * contradicting / agreeing;
}

static double distance(const struct print *a, const struct print *b)
{
    double nearest = 1000;
    for (int i = 0; i < VARIANTS; i++)
        for (int j = 0; j < VARIANTS; j++) {
            if (i != 0 && j != 0 && i != j)
                continue;
            double one = between(a->bytes + i * PLANES, b->bytes + j * PLANES);
            nearest = one < nearest ? one : nearest;
        }
    return nearest;
}

static struct print originals[BANKS][SLIPS];

static int make_originals(void **state)
{
    (void)state;
    for (int bank = 0; bank < BANKS; bank++)
        for (int i = 0; i < SLIPS; i++)
            assert_int_equal(print_of(banks[bank](&slips[i]), 85, &originals[bank][i]),
                             CLEAN_PRINT_SIZE);
    return 0;
}

static void a_copy_is_known_and_no_other_slip(void **state)
{
    double farthest = 0, nearest = 1000;
    (void)state;
    for (int bank = 0; bank < BANKS; bank++) {
        gdImagePtr original = banks[bank](&slips[0]);
        for (int c = 0; c < COPIES; c++) {
            struct print print;
            assert_int_equal(print_of(copied(original, &copies[c]), copies[c].quality, &print),
                             CLEAN_PRINT_SIZE);
            double own = distance(&print, &originals[bank][0]);
            farthest = own > farthest ? own : farthest;
            printf("%s, %s: %.1f; others", bank == 0 ? "receipt" : "screen", copies[c].what, own);
            for (int i = 1; i < SLIPS; i++) {
                double other = distance(&print, &originals[bank][i]);
                nearest = other < nearest ? other : nearest;
                printf(" %.1f", other);
            }
            printf("\n");
        }
        gdImageDestroy(original);
    }
    printf("of a thousand cells: a copy at most %.1f, another slip at least %.1f\n", farthest,
           nearest);
    assert_true(farthest <= 4.0 && nearest > 4.0);
}

static void slips_of_one_bank_are_told_apart(void **state)
{
    (void)state;
    for (int bank = 0; bank < BANKS; bank++)
        for (int i = 0; i < SLIPS; i++)
            for (int j = 0; j < i; j++)
                assert_true(distance(&originals[bank][i], &originals[bank][j]) > 4.0);
    assert_true(distance(&originals[0][0], &originals[1][0]) > 4.0);
}

static void a_photograph_in_a_pdf_has_the_print_of_its_picture(void **state)
{
    static const char head[] =
        "%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n"
        "<</Type/Pages/Count 1/Kids[3 0 R]>>\nendobj\n3 0 obj\n<</Type/Page/Parent 2 0 R>>\n"
        "endobj\n4 0 obj\n<</Type/XObject/Subtype/Image/Filter/DCTDecode>>\nstream\r\n",
                      tail[] =
                          "\nendstream\nendobj\ntrailer\n<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n";
    gdImagePtr image = receipt(&slips[0]);
    struct print print;
    int size = 0;
    (void)state;
    char *photograph = gdImageJpegPtr(image, &size, 80);
    size_t whole = sizeof head - 1 + (size_t)size + sizeof tail - 1;
    char *pdf = malloc(whole);
    memcpy(pdf, head, sizeof head - 1);
    memcpy(pdf + sizeof head - 1, photograph, (size_t)size);
    memcpy(pdf + sizeof head - 1 + size, tail, sizeof tail - 1);
    assert_int_equal(print_of_file(pdf, whole, &print), CLEAN_PRINT_SIZE);
    assert_true(distance(&print, &originals[0][0]) <= 4.0);
    free(pdf);
    gdFree(photograph);
    gdImageDestroy(image);
}

static void a_picture_with_nothing_on_it_has_none(void **state)
{
    gdImagePtr blank = gdImageCreateTrueColor(1000, 1400), small = gdImageCreateTrueColor(1, 1);
    struct print print;
    (void)state;
    gdImageFilledRectangle(blank, 0, 0, 999, 1399, 0xf0f0f0);
    assert_int_equal(print_of(blank, 85, &print), 0);
    assert_int_equal(print_of(small, 85, &print), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_is_known_and_no_other_slip),
        cmocka_unit_test(slips_of_one_bank_are_told_apart),
        cmocka_unit_test(a_photograph_in_a_pdf_has_the_print_of_its_picture),
        cmocka_unit_test(a_picture_with_nothing_on_it_has_none),
    };
    return cmocka_run_group_tests(tests, make_originals, NULL);
}
