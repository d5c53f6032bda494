/* What was printed, read back: its text by pdftotext, its picture and its QR code by eyes of their own. For one program. */
#ifndef GUILD_TESTS_PRINTED_H
#define GUILD_TESTS_PRINTED_H

#include "arena.h"
#include "service_test.h"
#include <cairo.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zbar.h>

static struct arena *arena;

enum { PAGE_WIDTH = 1240, PAGE_HEIGHT = 1754, OUTPUT_MAX = 400000 };

struct file {
    unsigned char *data;
    size_t size;
    const char *name, *type;
};

static inline void append(struct file *file, const Common__AttachmentPart *part)
{
    if (file->data == NULL)
        file->data = arena_alloc(arena, part->size_bytes + 1);
    assert_true(file->size + part->content.len <= part->size_bytes);
    memcpy(file->data + file->size, part->content.data, part->content.len);
    file->size += part->content.len;
    file->name = part->file_name;
    file->type = part->content_type;
}

/* For a look at them: PRINTED_FOLDER is a folder. */
static inline void keep(const char *name, const void *data, size_t size)
{
    const char *folder = getenv("PRINTED_FOLDER");
    FILE *out = folder == NULL ? NULL : fopen(arena_printf(arena, "%s/%s", folder, name), "wb");
    if (out == NULL)
        return;
    assert_int_equal(fwrite(data, 1, size, out), size);
    fclose(out);
}

/* What a program makes of a PDF; a NUL stands behind it. */
static inline struct file made_of(const struct file *pdf, const char *program, const char *rest)
{
    char path[] = "/tmp/guild-document-XXXXXX";
    struct file made = {.data = arena_alloc(arena, OUTPUT_MAX + 1)};
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, pdf->data, pdf->size) == (ssize_t)pdf->size);
    close(fd);
    FILE *pipe = popen(arena_printf(arena, "%s %s %s", program, path, rest), "r");
    assert_non_null(pipe);
    made.size = fread(made.data, 1, OUTPUT_MAX, pipe);
    assert_int_equal(pclose(pipe), 0);
    unlink(path);
    return made;
}

static inline const char *said(const struct file *pdf, const char *program, const char *rest)
{
    return (const char *)made_of(pdf, program, rest).data;
}

static inline const char *without_blanks(const char *text)
{
    char *out = arena_text(arena, text), *to = out;
    for (const char *at = out; *at != '\0'; at++)
        if (strchr(" \n\f\r", *at) == NULL)
            *to++ = *at;
    *to = '\0';
    return out;
}

/* What stands between the head and the foot of each page, in the order of drawing: cell by cell. */
static inline const char *text_of_pdf(const struct file *pdf)
{
    return without_blanks(said(pdf, "pdftotext -raw -r 72 -x 0 -y 66 -W 596 -H 722", "-"));
}

static inline void assert_says(const char *text, const char *words)
{
    if (strstr(text, without_blanks(words)) == NULL)
        fail_msg("%s is not in: %s", words, text);
}

static inline unsigned pages_of(const struct file *pdf)
{
    const char *line = strstr(said(pdf, "pdfinfo", ""), "Pages:");
    assert_non_null(line);
    return (unsigned)atoi(line + 6);
}

struct picture {
    const unsigned char *data;
    size_t left;
};

static inline cairo_status_t picture_read(void *from, unsigned char *out, unsigned size)
{
    struct picture *picture = from;
    if (size > picture->left)
        return CAIRO_STATUS_READ_ERROR;
    memcpy(out, picture->data, size);
    picture->data += size;
    picture->left -= size;
    return CAIRO_STATUS_SUCCESS;
}

/* The QR code of a picture of that size. */
static inline const char *code_of_size(const struct file *png, int page_width, int page_height)
{
    struct picture picture = {png->data, png->size};
    cairo_surface_t *surface = cairo_image_surface_create_from_png_stream(picture_read, &picture);
    int width = cairo_image_surface_get_width(surface);
    int height = cairo_image_surface_get_height(surface);
    int stride = cairo_image_surface_get_stride(surface);
    const unsigned char *pixels = cairo_image_surface_get_data(surface);
    assert_int_equal(width, page_width);
    assert_int_equal(height, page_height);
    unsigned char *grey = arena_alloc(arena, (size_t)width * (size_t)height);
    for (int i = 0; i < width * height; i++)
        grey[i] = pixels[i / width * stride + i % width * 4 + 1];
    cairo_surface_destroy(surface);

    zbar_image_scanner_t *scanner = zbar_image_scanner_create();
    zbar_image_t *image = zbar_image_create();
    zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
    zbar_image_set_size(image, (unsigned)width, (unsigned)height);
    zbar_image_set_data(image, grey, (unsigned long)width * (unsigned long)height, NULL);
    int found = zbar_scan_image(scanner, image);
    const zbar_symbol_t *symbol = zbar_image_first_symbol(image);
    const char *text = found == 1 ? arena_text(arena, zbar_symbol_get_data(symbol)) : "";
    zbar_image_destroy(image);
    zbar_image_scanner_destroy(scanner);
    return text;
}

/* Of an A4 picture. */
static inline const char *code_of(const struct file *png)
{
    return code_of_size(png, PAGE_WIDTH, PAGE_HEIGHT);
}

#endif
