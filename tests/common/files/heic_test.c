/* Photographs of phones through the real guild-image. They are encoded here, by libheif. */
#include "clean.h"
#include <gd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <libheif/heif.h>

/* of the encoder's, which is the test's alone */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libx265.so\n";
}

enum { WIDTH = 160, HEIGHT = 96, RED = 0xff0000, GREEN = 0x00ff00, FILE_MAX = 1 << 20 };

static unsigned char file[FILE_MAX];
static size_t file_size;

static struct heif_error keep(struct heif_context *context, const void *data, size_t size,
                              void *unused)
{
    (void)context;
    (void)unused;
    assert_in_range(size, 1, FILE_MAX);
    memcpy(file, data, size);
    file_size = size;
    return (struct heif_error){heif_error_Ok, heif_suberror_Unspecified, ""};
}

/* White, with a red square at the beginning of row 0 and a green one at its end. */
static struct heif_image *picture(void)
{
    struct heif_image *image;
    int stride;
    heif_image_create(WIDTH, HEIGHT, heif_colorspace_RGB, heif_chroma_interleaved_RGB, &image);
    heif_image_add_plane(image, heif_channel_interleaved, WIDTH, HEIGHT, 8);
    uint8_t *plane = heif_image_get_plane(image, heif_channel_interleaved, &stride);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            uint8_t *at = plane + y * stride + 3 * x;
            memset(at, 0xff, 3);
            if (y < 24 && x < 24)
                at[1] = at[2] = 0;
            if (y < 24 && x >= WIDTH - 24)
                at[0] = at[2] = 0;
        }
    return image;
}

/* Fills `file`. */
static void photograph(enum heif_compression_format format, enum heif_orientation orientation)
{
    struct heif_context *context = heif_context_alloc();
    struct heif_encoder *encoder;
    struct heif_image *image = picture();
    struct heif_encoding_options *options = heif_encoding_options_alloc();
    struct heif_writer writer = {.writer_api_version = 1, .write = keep};
    options->image_orientation = orientation;
    assert_int_equal(heif_context_get_encoder_for_format(context, format, &encoder).code, 0);
    heif_encoder_set_lossy_quality(encoder, 90);
    assert_int_equal(heif_context_encode_image(context, image, encoder, options, NULL).code, 0);
    assert_int_equal(heif_context_write(context, &writer, NULL).code, 0);
    heif_encoding_options_free(options);
    heif_encoder_release(encoder);
    heif_image_release(image);
    heif_context_free(context);
}

static enum clean_result clean(size_t size, struct cleaned *ret_cleaned)
{
    int fd = memfd_create("photograph", MFD_CLOEXEC);
    assert_int_equal(write(fd, file, size), size);
    enum clean_result result = clean_file(IMAGE_PROGRAM, fd, size, ret_cleaned);
    close(fd);
    return result;
}

static enum clean_result refusal(size_t size)
{
    struct cleaned cleaned = {0};
    enum clean_result result = clean(size, &cleaned);
    cleaned_free(&cleaned);
    return result;
}

static bool is_about(int colour, int wanted)
{
    for (int shift = 0; shift <= 16; shift += 8)
        if (abs((colour >> shift & 0xff) - (wanted >> shift & 0xff)) > 32)
            return false;
    return true;
}

static void assert_corner(gdImagePtr image, const char *corner, int colour)
{
    int x = corner[1] == 'L' ? 6 : gdImageSX(image) - 7,
        y = corner[0] == 'T' ? 6 : gdImageSY(image) - 7;
    if (!is_about(gdImageGetTrueColorPixel(image, x, y), colour))
        fail_msg("%s is %06x and not %06x", corner, gdImageGetTrueColorPixel(image, x, y), colour);
}

/* Turned and mirrored as EXIF's orientations 1 to 8 say. */
static void test_it_becomes_a_jpeg_and_stands_upright(void **state)
{
    static const char *const red[] = {"TL", "TR", "BR", "BL", "TL", "TR", "BR", "BL"};
    static const char *const green[] = {"TR", "TL", "BL", "BR", "BL", "BR", "TR", "TL"};
    (void)state;
    for (int i = 0; i < 8; i++) {
        struct cleaned cleaned;
        photograph(heif_compression_HEVC, (enum heif_orientation)(i + 1));
        assert_int_equal(clean(file_size, &cleaned), CLEAN_DONE);
        assert_string_equal(cleaned.content_type, "image/jpeg");
        assert_int_equal(cleaned.width, i < 4 ? WIDTH : HEIGHT);
        assert_int_equal(cleaned.height, i < 4 ? HEIGHT : WIDTH);
        gdImagePtr image =
            gdImageCreateFromJpegPtr((int)cleaned.content.size, cleaned.content.data);
        assert_non_null(image);
        assert_corner(image, red[i], RED);
        assert_corner(image, green[i], GREEN);
        gdImageDestroy(image);
        cleaned_free(&cleaned);
    }
}

static void test_what_is_cut_off_is_broken(void **state)
{
    (void)state;
    photograph(heif_compression_HEVC, heif_orientation_normal);
    for (size_t part = 1; part < 8; part++)
        assert_int_equal(refusal(file_size * part / 8), CLEAN_BROKEN);
    assert_int_equal(refusal(file_size - 1), CLEAN_BROKEN);
}

/* Its head says how large it is; nothing of it is decoded. */
static void test_a_bomb_is_refused_by_its_head(void **state)
{
    (void)state;
    photograph(heif_compression_HEVC, heif_orientation_normal);
    unsigned char *box = memmem(file, file_size, "ispe", 4);
    assert_non_null(box);
    memcpy(box + 8, "\0\0\x19\0\0\0\x19\0", 8); /* 6400 × 6400 */
    assert_int_equal(refusal(file_size), CLEAN_TOO_LARGE);
}

static void test_damage_is_no_fault_of_ours(void **state)
{
    (void)state;
    for (size_t seed = 1; seed <= 40; seed++) {
        photograph(heif_compression_HEVC, heif_orientation_normal);
        for (size_t i = 0; i < 8; i++)
            file[12 + (seed * 2654435761u + i * 40503u) % (file_size - 12)] ^= 0x55;
        enum clean_result result = refusal(file_size);
        assert_true(result == CLEAN_DONE || result == CLEAN_BROKEN || result == CLEAN_TOO_LARGE ||
                    result == CLEAN_TYPE);
    }
}

/* The same box with pictures of another kind in it. */
static void test_avif_is_not_taken(void **state)
{
    (void)state;
    photograph(heif_compression_AV1, heif_orientation_normal);
    assert_int_equal(refusal(file_size), CLEAN_TYPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_becomes_a_jpeg_and_stands_upright),
        cmocka_unit_test(test_what_is_cut_off_is_broken),
        cmocka_unit_test(test_a_bomb_is_refused_by_its_head),
        cmocka_unit_test(test_damage_is_no_fault_of_ours),
        cmocka_unit_test(test_avif_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
