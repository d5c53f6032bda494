/* Uploaded files through the real guild-image: what comes back, what is refused as what, and what becomes of the
   parent when the child goes wrong. The files are made here. */
#include "clean.h"
#include <dirent.h>
#include <fcntl.h>
#include <gd.h>
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
#include <zlib.h>

#include <cmocka.h>

enum { RED = 0xff0000, GREEN = 0x00ff00, WHITE = 0xffffff };

/* ---- files in memory */

static void *owned(size_t size)
{
    void *data = malloc(size + 1);
    assert_non_null(data);
    return data;
}

static struct bytes bytes_of(const void *data, size_t size)
{
    struct bytes bytes = {owned(size), size};
    memcpy(bytes.data, data, size);
    return bytes;
}

static void bytes_drop(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){NULL, 0};
}

static void bytes_insert(struct bytes *bytes, size_t at, const void *data, size_t size)
{
    unsigned char *longer = owned(bytes->size + size);
    memcpy(longer, bytes->data, at);
    memcpy(longer + at, data, size);
    memcpy(longer + at + size, bytes->data + at, bytes->size - at);
    free(bytes->data);
    *bytes = (struct bytes){longer, bytes->size + size};
}

static void bytes_add(struct bytes *bytes, const void *data, size_t size)
{
    bytes_insert(bytes, bytes->size, data, size);
}

__attribute__((format(printf, 2, 3))) static void bytes_print(struct bytes *bytes,
                                                              const char *format, ...)
{
    char text[4096];
    va_list values;
    va_start(values, format);
    int size = vsnprintf(text, sizeof text, format, values);
    va_end(values);
    assert_in_range(size, 0, sizeof text - 1);
    bytes_add(bytes, text, (size_t)size);
}

static bool holds(const struct bytes *bytes, const char *text)
{
    return memmem(bytes->data, bytes->size, text, strlen(text)) != NULL;
}

static enum clean_result clean_by(const char *program, const struct bytes *file,
                                  struct cleaned *ret)
{
    int fd = memfd_create("sample", MFD_CLOEXEC);
    assert_int_equal(write(fd, file->data, file->size), file->size);
    enum clean_result result = clean_file(program, fd, file->size, ret);
    close(fd);
    return result;
}

/* For files of which nothing comes back; the file is given away. */
static enum clean_result refusal(struct bytes file)
{
    struct cleaned cleaned = {.content_type = "untouched"};
    enum clean_result result = clean_by(IMAGE_PROGRAM, &file, &cleaned);
    if (result == CLEAN_DONE)
        cleaned_free(&cleaned);
    else
        assert_string_equal(cleaned.content_type, "untouched");
    bytes_drop(&file);
    return result;
}

static struct cleaned cleaned_from(struct bytes file)
{
    struct cleaned cleaned = {0};
    assert_int_equal(clean_by(IMAGE_PROGRAM, &file, &cleaned), CLEAN_DONE);
    bytes_drop(&file);
    return cleaned;
}

/* ---- pictures */

enum kind { JPEG, PNG, WEBP };

/* White, with a red square at the beginning of row 0 and a green one at its end. */
static gdImagePtr picture_draw(int width, int height)
{
    gdImagePtr image = gdImageCreateTrueColor(width, height);
    int side = (width < height ? width : height) / 4;
    assert_non_null(image);
    gdImageFilledRectangle(image, 0, 0, width - 1, height - 1, WHITE);
    gdImageFilledRectangle(image, 0, 0, side, side, RED);
    gdImageFilledRectangle(image, width - side, 0, width - 1, side, GREEN);
    return image;
}

static struct bytes picture_encode(gdImagePtr image, enum kind kind)
{
    int size = 0;
    void *data = kind == JPEG  ? gdImageJpegPtr(image, &size, 90)
                 : kind == PNG ? gdImagePngPtrEx(image, &size, 1)
                               : gdImageWebpPtrEx(image, &size, 90);
    assert_non_null(data);
    struct bytes bytes = bytes_of(data, (size_t)size);
    gdFree(data);
    gdImageDestroy(image);
    return bytes;
}

static struct bytes picture(enum kind kind, int width, int height)
{
    return picture_encode(picture_draw(width, height), kind);
}

static gdImagePtr picture_open(const struct bytes *bytes)
{
    gdImagePtr image = gdImageCreateFromJpegPtr((int)bytes->size, bytes->data);
    assert_non_null(image);
    return image;
}

/* JPEG keeps colours only about. */
static bool is_about(int colour, int wanted)
{
    for (int shift = 0; shift <= 16; shift += 8)
        if (abs((colour >> shift & 0xff) - (wanted >> shift & 0xff)) > 24)
            return false;
    return true;
}

/* Which corner is of this colour: "TL", "TR", "BL" or "BR". */
static const char *corner_of(gdImagePtr image, int colour)
{
    static const char *const names[] = {"TL", "TR", "BL", "BR"};
    int right = gdImageSX(image) - 4, bottom = gdImageSY(image) - 4;
    for (int i = 0; i < 4; i++)
        if (is_about(gdImageGetTrueColorPixel(image, i & 1 ? right : 3, i & 2 ? bottom : 3),
                     colour))
            return names[i];
    return "none";
}

static void assert_picture(const struct cleaned *cleaned, int width, int height)
{
    assert_string_equal(cleaned->content_type, "image/jpeg");
    assert_int_equal(cleaned->width, width);
    assert_int_equal(cleaned->height, height);
    gdImagePtr image = picture_open(&cleaned->content), small = picture_open(&cleaned->thumbnail);
    int longest = gdImageSX(small) > gdImageSY(small) ? gdImageSX(small) : gdImageSY(small);
    assert_int_equal(gdImageSX(image), width);
    assert_int_equal(gdImageSY(image), height);
    assert_in_range(longest, 1, 480);
    gdImageDestroy(image);
    gdImageDestroy(small);
}

/* ---- EXIF: an orientation, and a place as phones write it */

#define PLACE "N31.2156 E113.1120"

static struct bytes exif(int orientation)
{
    static const char tiff[] = "II\x2a\0\x08\0\0\0"                 /* little endian, IFD 0 at 8 */
                               "\x02\0"                             /* two entries */
                               "\x12\x01\x03\0\x01\0\0\0\0\0\0\0"   /* Orientation, a SHORT */
                               "\x25\x88\x04\0\x01\0\0\0\x26\0\0\0" /* GPS IFD at 38 */
                               "\0\0\0\0"                           /* no IFD 1 */
                               "\x01\0"                             /* one entry */
                               "\x1b\0\x07\0\x13\0\0\0\x38\0\0\0"   /* GPSProcessingMethod at 56 */
                               "\0\0\0\0" PLACE;
    struct bytes exif = bytes_of(tiff, sizeof tiff);
    exif.data[18] = (unsigned char)orientation;
    return exif;
}

static void jpeg_add_exif(struct bytes *jpeg, int orientation)
{
    struct bytes block = exif(orientation);
    size_t length = 2 + 6 + block.size;
    const unsigned char head[] = {
        0xff, 0xe1, (unsigned char)(length >> 8), (unsigned char)length, 'E', 'x', 'i', 'f', 0, 0};
    bytes_insert(&block, 0, head, sizeof head);
    bytes_insert(jpeg, 2, block.data, block.size);
    bytes_drop(&block);
}

static void put_be32(unsigned char *at, size_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (24 - 8 * i));
}

static void put_le32(unsigned char *at, size_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (8 * i));
}

/* Inserts a chunk behind IHDR. */
static void png_add_chunk(struct bytes *png, const char *type, const void *data, size_t size)
{
    unsigned char head[8], checksum[4];
    put_be32(head, size);
    memcpy(head + 4, type, 4);
    uLong crc = crc32(crc32(0, head + 4, 4), data, (uInt)size);
    put_be32(checksum, crc);
    bytes_insert(png, 33, checksum, 4);
    bytes_insert(png, 33, data, size);
    bytes_insert(png, 33, head, 8);
}

static void png_claim(struct bytes *png, size_t width, size_t height)
{
    put_be32(png->data + 16, width);
    put_be32(png->data + 20, height);
    put_be32(png->data + 29, crc32(0, png->data + 12, 17));
}

/* gd writes the short form; EXIF needs the extended one. */
static void webp_add_exif(struct bytes *webp, int width, int height, int orientation)
{
    struct bytes block = exif(orientation);
    unsigned char extended[18] = {'V', 'P', '8', 'X', 10, 0, 0, 0, 0x08}, head[8] = "EXIF";
    put_le32(extended + 12, (size_t)width - 1);
    extended[15] = (unsigned char)(height - 1);
    extended[16] = (unsigned char)((height - 1) >> 8);
    put_le32(head + 4, block.size);
    bytes_insert(webp, 12, extended, sizeof extended);
    bytes_add(webp, head, sizeof head);
    bytes_add(webp, block.data, block.size + (block.size & 1));
    put_le32(webp->data + 4, webp->size - 8);
    bytes_drop(&block);
}

static void a_photo_comes_back_upright_and_without_its_place(void **state)
{
    (void)state;
    struct bytes jpeg = picture(JPEG, 640, 400);
    jpeg_add_exif(&jpeg, 6);
    assert_true(holds(&jpeg, "Exif") && holds(&jpeg, PLACE));
    struct cleaned cleaned = cleaned_from(jpeg);
    assert_picture(&cleaned, 400, 640);
    assert_false(holds(&cleaned.content, "Exif"));
    assert_false(holds(&cleaned.content, PLACE));
    assert_false(holds(&cleaned.thumbnail, PLACE));
    cleaned_free(&cleaned);
}

/* EXIF 2.3, 4.6.4: where the ends of row 0 belong. */
static void all_eight_orientations_are_turned(void **state)
{
    (void)state;
    static const struct {
        const char *red, *green;
    } wanted[] = {
        {"TL", "TR"},
        {"TR", "TL"},
        {"BR", "BL"},
        {"BL", "BR"},
        {"TL", "BL"},
        {"TR", "BR"},
        {"BR", "TR"},
        {"BL", "TL"},
    };
    for (int orientation = 1; orientation <= 8; orientation++) {
        bool lies = orientation >= 5;
        struct bytes jpeg = picture(JPEG, 160, 96);
        jpeg_add_exif(&jpeg, orientation);
        struct cleaned cleaned = cleaned_from(jpeg);
        assert_picture(&cleaned, lies ? 96 : 160, lies ? 160 : 96);
        gdImagePtr image = picture_open(&cleaned.content);
        assert_string_equal(corner_of(image, RED), wanted[orientation - 1].red);
        assert_string_equal(corner_of(image, GREEN), wanted[orientation - 1].green);
        gdImageDestroy(image);
        cleaned_free(&cleaned);
    }
}

static void png_and_webp_are_turned_as_well(void **state)
{
    (void)state;
    struct bytes png = picture(PNG, 160, 96), webp = picture(WEBP, 160, 96), block = exif(8);
    png_add_chunk(&png, "eXIf", block.data, block.size);
    bytes_drop(&block);
    webp_add_exif(&webp, 160, 96, 8);
    for (int i = 0; i < 2; i++) {
        struct cleaned cleaned = cleaned_from(i == 0 ? png : webp);
        assert_picture(&cleaned, 96, 160);
        assert_false(holds(&cleaned.content, PLACE));
        gdImagePtr image = picture_open(&cleaned.content);
        assert_string_equal(corner_of(image, RED), "BL");
        gdImageDestroy(image);
        cleaned_free(&cleaned);
    }
}

static void what_is_transparent_becomes_white(void **state)
{
    (void)state;
    for (int palette = 0; palette < 2; palette++) {
        gdImagePtr image = palette ? gdImageCreate(120, 80) : gdImageCreateTrueColor(120, 80);
        gdImageAlphaBlending(image, 0);
        gdImageSaveAlpha(image, 1);
        int clear = gdImageColorAllocateAlpha(image, 0, 0, 0, gdAlphaTransparent);
        int red = gdImageColorAllocate(image, 255, 0, 0);
        gdImageFilledRectangle(image, 0, 0, 119, 79, clear);
        gdImageFilledRectangle(image, 0, 0, 40, 40, red);
        struct cleaned cleaned = cleaned_from(picture_encode(image, PNG));
        assert_picture(&cleaned, 120, 80);
        image = picture_open(&cleaned.content);
        assert_true(is_about(gdImageGetTrueColorPixel(image, 10, 10), RED));
        assert_true(is_about(gdImageGetTrueColorPixel(image, 100, 60), WHITE));
        gdImageDestroy(image);
        cleaned_free(&cleaned);
    }
}

static void webp_becomes_jpeg(void **state)
{
    (void)state;
    struct cleaned cleaned = cleaned_from(picture(WEBP, 300, 200));
    assert_picture(&cleaned, 300, 200);
    cleaned_free(&cleaned);
}

/* libpng has something to say of this one, and says it on descriptor 2. */
static void a_flaw_that_does_not_matter_is_passed(void **state)
{
    (void)state;
    struct bytes png = picture(PNG, 64, 64);
    png_add_chunk(&png, "gAMA", "no", 2);
    png_add_chunk(&png, "iCCP", "profile\0\0not deflated", 20);
    struct cleaned cleaned = cleaned_from(png);
    assert_picture(&cleaned, 64, 64);
    cleaned_free(&cleaned);
}

/* Just under 40 megapixels: memory and processor suffice, whatever the kind. */
static void the_largest_picture_is_taken_and_made_smaller(void **state)
{
    (void)state;
    for (enum kind kind = JPEG; kind <= PNG; kind++) {
        struct bytes file = picture(kind, 7300, 5475);
        if (kind == JPEG)
            jpeg_add_exif(&file, 6);
        struct cleaned cleaned = cleaned_from(file);
        assert_picture(&cleaned, kind == JPEG ? 2631 : 3508, kind == JPEG ? 3508 : 2631);
        cleaned_free(&cleaned);
    }
}

static void a_line_of_pixels_is_a_picture(void **state)
{
    (void)state;
    struct cleaned cleaned = cleaned_from(picture(PNG, 12000, 1));
    assert_picture(&cleaned, 3508, 1);
    cleaned_free(&cleaned);
}

static size_t jpeg_frame(const struct bytes *jpeg)
{
    const unsigned char *at = memmem(jpeg->data, jpeg->size, "\xff\xc0\x00\x11", 4);
    assert_non_null(at);
    return (size_t)(at - jpeg->data);
}

/* None of these holds the pixels it claims: decoding would say broken. */
static void bombs_are_refused_by_their_heads(void **state)
{
    (void)state;
    static const size_t sizes[][2] = {
        {50000,      50000     },
        {30000,      1000      },
        {1000,       12001     },
        {6400,       6400      },
        {0x7fffffff, 0x7fffffff},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct bytes png = picture(PNG, 32, 32);
        png_claim(&png, sizes[i][0], sizes[i][1]);
        assert_int_equal(refusal(png), CLEAN_TOO_LARGE);
    }
    struct bytes jpeg = picture(JPEG, 32, 32);
    memcpy(jpeg.data + jpeg_frame(&jpeg) + 5, "\xff\xff\xff\xff", 4);
    assert_int_equal(refusal(jpeg), CLEAN_TOO_LARGE);
    struct bytes webp = picture(WEBP, 32, 32);
    webp_add_exif(&webp, 16000, 16000, 1);
    assert_int_equal(refusal(webp), CLEAN_TOO_LARGE);
}

static void sizes_of_nothing_are_broken(void **state)
{
    (void)state;
    struct bytes png = picture(PNG, 32, 32), jpeg = picture(JPEG, 32, 32);
    png_claim(&png, 0, 32);
    assert_int_equal(refusal(png), CLEAN_BROKEN);
    memset(jpeg.data + jpeg_frame(&jpeg) + 5, 0, 2);
    assert_int_equal(refusal(jpeg), CLEAN_BROKEN);
}

static void what_is_cut_off_is_broken(void **state)
{
    (void)state;
    for (enum kind kind = JPEG; kind <= WEBP; kind++) {
        struct bytes whole = picture(kind, 200, 150);
        const size_t kept[] = {16, 40, whole.size / 2, whole.size - 30, whole.size - 1};
        for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
            assert_int_equal(refusal(bytes_of(whole.data, kept[i])), CLEAN_BROKEN);
        bytes_drop(&whole);
    }
}

static void damaged_pixels_are_broken(void **state)
{
    (void)state;
    struct bytes png = picture(PNG, 200, 150);
    png.data[png.size / 2] ^= 0x55;
    assert_int_equal(refusal(png), CLEAN_BROKEN);
}

/* ---- what is no picture, whatever it is called */

static void other_kinds_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "x",
        "A plain text, called licence.jpg",
        "<!DOCTYPE html><script>alert(1)</script>",
        "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>",
        "PK\x03\x04\x14 a document of Word",
        "GIF89a a gif",
        "\177ELF a program",
        "MZ a program",
        "II* a picture that is not taken",
        "BM a bitmap",
        "RIFF....WAVEfmt ",
        "\n%PDF-1.7 not at the start %%EOF",
        "<html>%PDF-1.4 /Type /Page %%EOF",
        "....ftypavif....mif1avif",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(refusal(bytes_of(texts[i], strlen(texts[i]))), CLEAN_TYPE);
}

/* Two kinds in one: only the picture comes back. */
static void a_second_file_behind_a_picture_is_gone(void **state)
{
    (void)state;
    static const char behind[] = "PK\x03\x04 <script>alert(1)</script> %PDF-1.4 <?php";
    for (enum kind kind = JPEG; kind <= WEBP; kind++) {
        struct bytes file = picture(kind, 100, 60);
        if (kind == JPEG)
            bytes_insert(&file, 2, "\xff\xfe\x00\x0a*/<?php*", 12);
        bytes_add(&file, behind, sizeof behind);
        struct cleaned cleaned = cleaned_from(file);
        assert_picture(&cleaned, 100, 60);
        assert_false(holds(&cleaned.content, "<?php") || holds(&cleaned.content, "PK\x03\x04") ||
                     holds(&cleaned.content, "<script>"));
        cleaned_free(&cleaned);
    }
    static const char page[] = "\xff\xd8\xff<script>alert(1)</script>\xff\xd9";
    assert_int_equal(refusal(bytes_of(page, sizeof page)), CLEAN_BROKEN);
}

/* ---- PDF */

static struct bytes pdf_begin(void)
{
    return bytes_of("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", 15);
}

static void pdf_add_pages(struct bytes *pdf, const char *catalog, int pages)
{
    bytes_print(pdf, "1 0 obj\n<< /Type /Catalog /Pages 2 0 R %s >>\nendobj\n", catalog);
    bytes_print(pdf, "2 0 obj\n<</Type/Pages/Count %d/Kids[10 0 R]>>\nendobj\n", pages);
    for (int i = 0; i < pages; i++)
        bytes_print(pdf, "%d 0 obj\n<< /Type /Page /Parent 2 0 R /Contents 3 0 R >>\nendobj\n",
                    10 + i);
    bytes_print(pdf, "3 0 obj\n<</Length 38>>\nstream\nBT /F1 12 Tf (Licence \\(copy) Tj ET\n"
                     "endstream\nendobj\n");
}

static void pdf_end(struct bytes *pdf)
{
    bytes_print(pdf, "trailer\n<< /Root 1 0 R /Size 99 >>\nstartxref\n0\n%%%%EOF\n");
}

static struct bytes pdf(const char *catalog, int pages)
{
    struct bytes pdf = pdf_begin();
    pdf_add_pages(&pdf, catalog, pages);
    pdf_end(&pdf);
    return pdf;
}

static void a_plain_pdf_passes_unchanged(void **state)
{
    (void)state;
    static const char *const catalogs[] = {
        "",
        "/OpenAction [10 0 R /Fit] /PageMode /UseNone",
        "/Outlines << /First 7 0 R /Last 8 0 R >>",
        "/Names << /Dests 4 0 R >> /AAPL:Keywords [ (a) ] /JSON 5 /EFX 1 /XFAB 1",
        "/Lang (zh-CN) /Title <FEFF4F01> /A << /S /URI /URI (https://example.org/) >>",
    };
    for (size_t i = 0; i < sizeof catalogs / sizeof catalogs[0]; i++) {
        struct bytes file = pdf(catalogs[i], 1 + (int)i), kept = bytes_of(file.data, file.size);
        struct cleaned cleaned = cleaned_from(file);
        assert_string_equal(cleaned.content_type, "application/pdf");
        assert_int_equal(cleaned.content.size, kept.size);
        assert_memory_equal(cleaned.content.data, kept.data, kept.size);
        assert_int_equal(cleaned.thumbnail.size, 0);
        cleaned_free(&cleaned);
        bytes_drop(&kept);
    }
}

static void a_pdf_that_does_something_is_refused(void **state)
{
    (void)state;
    static const char *const catalogs[] = {
        "/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>",
        "/Names << /JavaScript 4 0 R >>",
        "/OpenAction <</S/#4aava#53cript>>",
        "/X << /#4a#53 (app.alert) >>",
        "/X << /J#53\n5 0 R >>",
        "/X << /JS<6170> >>",
        "/OpenAction << /S /Launch /F (cmd.exe) >>",
        "/X << /Type /EmbeddedFile >>",
        "/Names << /EmbeddedFiles 4 0 R >>",
        "/X << /EF << /F 5 0 R >> >>",
        "/X << /Subtype /FileAttachment >>",
        "/Encrypt 5 0 R",
        "/AA << /O 5 0 R >>",
        "/AcroForm << /XFA [ (template) 5 0 R ] >>",
        "/X << /S /SubmitForm >>",
        "/X << /S /ImportData >>",
        "/X << /S /GoToE >>",
        "/X << /Subtype /RichMedia >>",
        "/X << /S /Rendition >>",
        "% /JavaScript in a comment, where a cross-reference may point\n",
        "/X (a string with /JavaScript in it)",
    };
    for (size_t i = 0; i < sizeof catalogs / sizeof catalogs[0]; i++)
        assert_int_equal(refusal(pdf(catalogs[i], 1)), CLEAN_ACTIVE);
}

/* An object stream: `before` and `inner` are what its dictionary and its object say. */
static struct bytes pdf_with_objects(const char *before, const char *line, const char *inner)
{
    unsigned char deflated[4096];
    uLongf size = sizeof deflated;
    char plain[1024];
    int length = snprintf(plain, sizeof plain, "20 0 %s", inner);
    assert_int_equal(compress(deflated, &size, (const unsigned char *)plain, (uLong)length), Z_OK);
    struct bytes pdf = pdf_begin();
    pdf_add_pages(&pdf, "", 1);
    bytes_print(&pdf, "5 0 obj\n<< /Type /ObjStm /N 1 %s /Length %lu >>\nstream%s", before, size,
                line);
    bytes_add(&pdf, deflated, size);
    bytes_print(&pdf, "\nendstream\nendobj\n");
    pdf_end(&pdf);
    return pdf;
}

static void object_streams_are_looked_into(void **state)
{
    (void)state;
    static const char harmless[] = "<< /Outlines << /First 7 0 R >> >>";
    static const char *const readable[][2] = {
        {"/First 5 /Filter /FlateDecode",                                 "\n"  },
        {"/First 5/Filter[/FlateDecode]",                                 "\r\n"},
        {"/Filter [ /FlateDecode ] /First 5",                             "\r"  },
        {"/#46irst 5 /Filter /Flate#44ecode",                             " \n" },
        {"/First 5 /Filter /FlateDecode % endobj\n",                      "\n"  },
        {"/First 5 /Filter /FlateDecode /X (\nendobj\n) /Y <656E6464>",   "\n"  },
        {"/First 5 /Filter /FlateDecode /X << >> endobj /Y (\\) endobj)", "\n"  },
    };
    for (size_t i = 0; i < sizeof readable / sizeof readable[0]; i++) {
        const char *before = readable[i][0], *line = readable[i][1];
        assert_int_equal(refusal(pdf_with_objects(before, line, harmless)), CLEAN_DONE);
        assert_int_equal(refusal(pdf_with_objects(before, line, "<< /JS (x) >>")), CLEAN_ACTIVE);
        assert_int_equal(refusal(pdf_with_objects(before, line, "<</S/#4aavaScript>>")),
                         CLEAN_ACTIVE);
    }
}

static void object_streams_that_hide_are_refused(void **state)
{
    (void)state;
    static const char *const hidden[][2] = {
        {"/First 5",                                                     "\n"      },
        {"/First 5 /Filter 9 0 R /X /FlateDecode",                       "\n"      },
        {"/First 5 /Filter /ASCIIHexDecode",                             "\n"      },
        {"/First 5 /Filter [/FlateDecode /FlateDecode]",                 "\n"      },
        {"/First 5 /Filter /FlateDecode /Filter /LZWDecode",             "\n"      },
        {"/First 5 /Filter /FlateDecode /DecodeParms <</Predictor 12>>", "\n"      },
        {"/First 5 /Filter /FlateDecode",                                " x\n"    },
        {"/First 5 /Filter /FlateDecode",                                ""        },
        {"/First 5 /Filter /FlateDecode",                                "\nbefore"},
        {"/X (/First 5 /Filter /FlateDecode)",                           "\n"      },
        {"% /First 5 /Filter /FlateDecode\n",                            "\n"      },
        {">> /First 5 /Filter /FlateDecode",                             "\n"      },
        {">>\nstream\n6 0 obj << /First 5 /Filter /FlateDecode",         "\n"      },
    };
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        assert_int_equal(refusal(pdf_with_objects(hidden[i][0], hidden[i][1], "<< >>")),
                         CLEAN_ACTIVE);
}

/* 40 MiB of spaces in 40 KiB. */
static void an_object_stream_that_swells_is_refused(void **state)
{
    (void)state;
    size_t plain_size = (size_t)40 * 1024 * 1024;
    uLongf size = compressBound(plain_size);
    unsigned char *plain = owned(plain_size), *deflated = owned(size);
    memset(plain, ' ', plain_size);
    assert_int_equal(compress(deflated, &size, plain, plain_size), Z_OK);
    struct bytes pdf = pdf_begin();
    pdf_add_pages(&pdf, "", 1);
    bytes_print(&pdf, "5 0 obj\n<</Type/ObjStm/N 1/First 5/Filter/FlateDecode>>\nstream\n");
    bytes_add(&pdf, deflated, size);
    bytes_print(&pdf, "\nendstream\nendobj\n");
    pdf_end(&pdf);
    assert_int_equal(refusal(pdf), CLEAN_ACTIVE);
    free(plain);
    free(deflated);
}

static void a_long_or_broken_pdf_is_refused(void **state)
{
    (void)state;
    assert_int_equal(refusal(pdf("", 30)), CLEAN_DONE);
    assert_int_equal(refusal(pdf("", 31)), CLEAN_TOO_LONG);
    assert_int_equal(refusal(pdf("", 0)), CLEAN_BROKEN);
    assert_int_equal(refusal(bytes_of("%PDF-", 5)), CLEAN_BROKEN);
    struct bytes whole = pdf("", 2);
    assert_int_equal(refusal(bytes_of(whole.data, whole.size - 20)), CLEAN_BROKEN);
    bytes_drop(&whole);
}

/* ---- OFD: a ZIP with OFD.xml at its root, stored or deflated */

#define OFD_ROOT                                                                                   \
    "<?xml version=\"1.0\"?><ofd:OFD xmlns:ofd=\"http://www.ofdspec.org/2016\"></ofd:OFD>"

/* A ZIP of one stored file. `flags` 1: encrypted. */
static struct bytes zip(const char *name, const char *content, int flags, size_t claimed)
{
    unsigned char local[30] = "PK\3\4\24", central[46] = "PK\1\2\24", end[22] = "PK\5\6";
    size_t size = strlen(content), names = strlen(name);
    local[6] = central[8] = (unsigned char)flags;
    put_le32(local + 18, size);
    put_le32(local + 22, size);
    local[26] = central[28] = (unsigned char)names;
    put_le32(central + 20, claimed);
    put_le32(central + 24, claimed);
    end[8] = end[10] = 1;
    put_le32(end + 12, sizeof central + names);
    put_le32(end + 16, sizeof local + names + size);
    struct bytes file = bytes_of(local, sizeof local);
    bytes_add(&file, name, names);
    bytes_add(&file, content, size);
    bytes_add(&file, central, sizeof central);
    bytes_add(&file, name, names);
    bytes_add(&file, end, sizeof end);
    return file;
}

static struct bytes zip_of(const char *name, const char *content)
{
    return zip(name, content, 0, strlen(content));
}

static void an_ofd_passes_unchanged(void **state)
{
    (void)state;
    struct bytes file = zip_of("OFD.xml", OFD_ROOT), kept = bytes_of(file.data, file.size);
    struct cleaned cleaned = cleaned_from(file);
    assert_string_equal(cleaned.content_type, "application/ofd");
    assert_int_equal(cleaned.content.size, kept.size);
    assert_memory_equal(cleaned.content.data, kept.data, kept.size);
    assert_int_equal(cleaned.thumbnail.size, 0);
    cleaned_free(&cleaned);

    assert_int_equal(refusal(bytes_of(kept.data, kept.size - 22)), CLEAN_BROKEN);
    assert_int_equal(refusal(bytes_of(kept.data, kept.size - 1)), CLEAN_BROKEN);
    bytes_drop(&kept);
    assert_int_equal(refusal(zip("OFD.xml", OFD_ROOT, 1, strlen(OFD_ROOT))), CLEAN_BROKEN);
    assert_int_equal(refusal(zip("OFD.xml", OFD_ROOT, 0, 1 << 30)), CLEAN_BROKEN);
    assert_int_equal(refusal(zip_of("OFD.xml", "<html>")), CLEAN_BROKEN);
    assert_int_equal(refusal(zip_of("../OFD.xml", OFD_ROOT)), CLEAN_BROKEN);
    assert_int_equal(refusal(zip_of("word/document.xml", "<w/>")), CLEAN_TYPE);
}

/* ---- children that go wrong */

static void without_a_child_cleaning_fails(void **state)
{
    (void)state;
    static const char *const programs[] = {"/bin/false", "/bin/true", "/nonexistent/guild-image",
                                           "/etc/hostname"};
    struct bytes file = picture(JPEG, 32, 32);
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        struct cleaned cleaned = {0};
        assert_int_equal(clean_by(programs[i], &file, &cleaned), CLEAN_FAILED);
        assert_null(cleaned.content.data);
    }
    bytes_drop(&file);
}

static void an_empty_file_fails(void **state)
{
    (void)state;
    assert_int_equal(refusal(bytes_of("", 0)), CLEAN_FAILED);
}

/* A child of our own making, in place of guild-image. */
static enum clean_result clean_by_script(const char *script, struct cleaned *ret)
{
    char path[] = "/tmp/clean_test_XXXXXX";
    struct bytes file = bytes_of("anything", 8);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    dprintf(fd, "#!/bin/dash\n%s\n", script);
    fchmod(fd, 0700);
    close(fd);
    enum clean_result result = clean_by(path, &file, ret);
    unlink(path);
    bytes_drop(&file);
    return result;
}

#define SAY_DONE_PICTURE "printf '\\0\\0\\0\\0\\0\\0\\0\\0\\1\\0\\0\\0\\1\\0\\0\\0'; "
#define SAY_DONE_PDF "printf '\\0\\0\\0\\0\\1\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0'; "

#define SAY_DONE_UNKNOWN "printf '\\0\\0\\0\\0\\7\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0'; "

static void a_child_is_not_believed(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        enum clean_result wanted;
    } cases[] = {
        {"kill -KILL $$",                       CLEAN_FAILED},
        {"kill -TERM $$",                       CLEAN_FAILED},
        {"kill -SEGV $$",                       CLEAN_BROKEN},
        {"kill -XCPU $$",                       CLEAN_BROKEN},
        {"kill -SYS $$",                        CLEAN_BROKEN},
        {"printf short",                        CLEAN_FAILED},
        {"printf 'not a result at all'",        CLEAN_FAILED},
        {SAY_DONE_PICTURE,                      CLEAN_FAILED},
        {SAY_DONE_PDF,                          CLEAN_FAILED},
        {"echo content >&3; " SAY_DONE_PICTURE, CLEAN_FAILED},
        {"echo content >&3; " SAY_DONE_UNKNOWN, CLEAN_FAILED},
        {"echo content >&3; exit 1",            CLEAN_FAILED},
        {"echo content >&3; kill -9 $$",        CLEAN_FAILED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cleaned cleaned = {0};
        assert_int_equal(clean_by_script(cases[i].script, &cleaned), cases[i].wanted);
    }
}

/* It never reports, and writes on; nobody reads that. */
static void a_child_that_does_not_end_is_ended(void **state)
{
    (void)state;
    struct cleaned cleaned = {0};
    assert_int_equal(clean_by_script("echo content >&3; exec yes", &cleaned), CLEAN_FAILED);
}

/* 5 is the folder that ls reads. */
static void a_child_gets_five_descriptors_and_no_environment(void **state)
{
    (void)state;
    struct cleaned cleaned = {0};
    int ours = open("/dev/null", O_RDONLY); /* NOLINT(android-cloexec-open): a careless library's */
    assert_int_equal(clean_by_script("ls /proc/self/fd >&3; readlink /proc/self/fd/2 >&3; "
                                     "cat /proc/$$/environ >&3; " SAY_DONE_PDF,
                                     &cleaned),
                     CLEAN_DONE);
    close(ours);
    cleaned.content.data[cleaned.content.size] = '\0';
    assert_string_equal((char *)cleaned.content.data, "0\n1\n2\n3\n4\n5\n/dev/null\n");
    cleaned_free(&cleaned);
}

/* ---- none of it costs a descriptor */

static int descriptors(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static int count_before(void **state)
{
    static int before;
    before = descriptors();
    *state = &before;
    return 0;
}

static int count_after(void **state)
{
    const int *before = *state;
    assert_int_equal(descriptors(), *before);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_photo_comes_back_upright_and_without_its_place),
        cmocka_unit_test(all_eight_orientations_are_turned),
        cmocka_unit_test(png_and_webp_are_turned_as_well),
        cmocka_unit_test(what_is_transparent_becomes_white),
        cmocka_unit_test(webp_becomes_jpeg),
        cmocka_unit_test(a_flaw_that_does_not_matter_is_passed),
        cmocka_unit_test(the_largest_picture_is_taken_and_made_smaller),
        cmocka_unit_test(a_line_of_pixels_is_a_picture),
        cmocka_unit_test(bombs_are_refused_by_their_heads),
        cmocka_unit_test(sizes_of_nothing_are_broken),
        cmocka_unit_test(what_is_cut_off_is_broken),
        cmocka_unit_test(damaged_pixels_are_broken),
        cmocka_unit_test(other_kinds_are_refused),
        cmocka_unit_test(a_second_file_behind_a_picture_is_gone),
        cmocka_unit_test(a_plain_pdf_passes_unchanged),
        cmocka_unit_test(a_pdf_that_does_something_is_refused),
        cmocka_unit_test(object_streams_are_looked_into),
        cmocka_unit_test(object_streams_that_hide_are_refused),
        cmocka_unit_test(an_object_stream_that_swells_is_refused),
        cmocka_unit_test(a_long_or_broken_pdf_is_refused),
        cmocka_unit_test(an_ofd_passes_unchanged),
        cmocka_unit_test(without_a_child_cleaning_fails),
        cmocka_unit_test(an_empty_file_fails),
        cmocka_unit_test(a_child_is_not_believed),
        cmocka_unit_test(a_child_that_does_not_end_is_ended),
        cmocka_unit_test(a_child_gets_five_descriptors_and_no_environment),
    };
    return cmocka_run_group_tests(tests, count_before, count_after);
}
