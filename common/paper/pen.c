#include "pen.h"

#include <gd.h>
#include <limits.h>
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

void pen_open(struct pen *pen, cairo_surface_t *surface, double scale)
{
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    pen->cr = cairo_create(surface);
    cairo_scale(pen->cr, scale, scale);
    pen->context = pango_font_map_create_context(pango_cairo_font_map_get_default());
    pango_cairo_context_set_font_options(pen->context, options);
    pango_cairo_context_set_resolution(pen->context, 72);
    pango_context_set_round_glyph_positions(pen->context, FALSE);
    pango_context_set_language(pen->context, pango_language_from_string("zh-cn"));
    pango_cairo_update_context(pen->cr, pen->context);
    cairo_font_options_destroy(options);
}

void pen_close(struct pen *pen)
{
    g_object_unref(pen->context);
    cairo_destroy(pen->cr);
}

/* ---- text */

PangoLayout *pen_layout(const struct pen *pen, const char *text, double size, bool bold,
                        double width)
{
    PangoLayout *layout = pango_layout_new(pen->context);
    PangoFontDescription *font = pango_font_description_from_string("Noto Sans CJK SC");
    pango_font_description_set_size(font, (int)(size * PANGO_SCALE));
    pango_font_description_set_weight(font, bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_width(layout, width > 0 ? (int)(width * PANGO_SCALE) : -1);
    pango_layout_set_text(layout, text, -1);
    return layout;
}

double pen_line_width(PangoLayoutLine *line)
{
    PangoRectangle logical;
    pango_layout_line_get_extents(line, NULL, &logical);
    return (double)logical.width / PANGO_SCALE;
}

void pen_line(const struct pen *pen, double x, double baseline, double place, PangoLayoutLine *line)
{
    cairo_move_to(pen->cr, x - place * pen_line_width(line), baseline);
    pango_cairo_show_layout_line(pen->cr, line);
}

void pen_text(const struct pen *pen, double x, double baseline, double place, double size,
              bool bold, const char *text)
{
    PangoLayout *layout = pen_layout(pen, text, size, bold, 0);
    pen_line(pen, x, baseline, place, pango_layout_get_line_readonly(layout, 0));
    g_object_unref(layout);
}

/* ---- codes */

static QRcode *code_of(const char *text)
{
    return QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
}

unsigned pen_code_width(const char *text)
{
    QRcode *code = code_of(text);
    unsigned width = code == NULL ? 0 : (unsigned)code->width;
    QRcode_free(code);
    return width;
}

void pen_code(const struct pen *pen, double left, double top, double module, const char *text)
{
    QRcode *code = code_of(text);
    if (code == NULL)
        return;
    const unsigned char *dot = code->data;
    for (int row = 0; row < code->width; row++)
        for (int column = 0; column < code->width; column++)
            if (*dot++ & 1)
                cairo_rectangle(pen->cr, left + column * module, top + row * module, module,
                                module);
    cairo_set_antialias(pen->cr, CAIRO_ANTIALIAS_NONE);
    cairo_fill(pen->cr);
    cairo_set_antialias(pen->cr, CAIRO_ANTIALIAS_DEFAULT);
    QRcode_free(code);
}

/* ---- pictures */

/* What gd would say of anything else does not belong into a log. */
static bool begins_as_jpeg(const void *data, size_t size)
{
    return size > 2 && size <= INT_MAX && memcmp(data, "\xff\xd8", 2) == 0;
}

/* NULL: it does not decode. */
static cairo_surface_t *decoded(const void *jpeg, size_t size)
{
    gdImagePtr image = begins_as_jpeg(jpeg, size)
                           ? gdImageCreateFromJpegPtr((int)size, (void *)(uintptr_t)jpeg)
                           : NULL;
    if (image == NULL)
        return NULL;
    int width = gdImageSX(image), height = gdImageSY(image);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    unsigned char *to = cairo_image_surface_get_data(surface);
    int stride = cairo_image_surface_get_stride(surface);
    cairo_surface_flush(surface);
    for (int y = 0; to != NULL && y < height; y++)
        for (int x = 0; x < width; x++) {
            uint32_t pixel = (uint32_t)gdImageGetTrueColorPixel(image, x, y) & 0xffffff;
            memcpy(to + (size_t)y * (size_t)stride + 4 * (size_t)x, &pixel, sizeof pixel);
        }
    cairo_surface_mark_dirty(surface);
    gdImageDestroy(image);
    return surface;
}

bool pen_picture(const struct pen *pen, double left, double top, double width, double height,
                 const void *jpeg, size_t size, bool stamped)
{
    cairo_surface_t *surface = decoded(jpeg, size);
    if (surface == NULL || cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS) {
        cairo_surface_destroy(surface);
        return false;
    }
    double across = cairo_image_surface_get_width(surface),
           down = cairo_image_surface_get_height(surface);
    double scale = width / across < height / down ? width / across : height / down;
    cairo_save(pen->cr);
    cairo_translate(pen->cr, left + (width - across * scale) / 2,
                    top + (height - down * scale) / 2);
    cairo_scale(pen->cr, scale, scale);
    cairo_set_operator(pen->cr, stamped ? CAIRO_OPERATOR_MULTIPLY : CAIRO_OPERATOR_OVER);
    cairo_set_source_surface(pen->cr, surface, 0, 0);
    cairo_paint(pen->cr);
    cairo_restore(pen->cr);
    cairo_surface_destroy(surface);
    return true;
}

/* ---- surfaces */

static cairo_status_t take(void *out, const unsigned char *data, unsigned size)
{
    struct paper_bytes *bytes = out;
    unsigned char *more = realloc(bytes->data, bytes->size + size);
    if (more == NULL)
        return CAIRO_STATUS_NO_MEMORY;
    memcpy(more + bytes->size, data, size);
    bytes->data = more;
    bytes->size += size;
    return CAIRO_STATUS_SUCCESS;
}

static enum status taken(cairo_status_t status, struct paper_bytes *out)
{
    if (status == CAIRO_STATUS_SUCCESS)
        return STATUS_OK;
    free(out->data);
    *out = (struct paper_bytes){NULL, 0};
    return STATUS_UNAVAILABLE;
}

cairo_surface_t *pen_pdf(struct paper_bytes *out, double width, double height, const char *title,
                         const char *author, const char *subject, const char *made_at)
{
    *out = (struct paper_bytes){NULL, 0};
    cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(take, out, width, height);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, title);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_AUTHOR, author);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_SUBJECT, subject);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, made_at);
    return surface;
}

enum status pen_pdf_end(cairo_surface_t *surface, struct paper_bytes *out)
{
    cairo_surface_finish(surface);
    cairo_status_t status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    return taken(status, out);
}

cairo_surface_t *pen_png(double width, double height)
{
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(width * PEN_PNG_SCALE + 0.5),
                                   (int)(height * PEN_PNG_SCALE + 0.5));
    cairo_t *white = cairo_create(surface);
    cairo_set_source_rgb(white, 1, 1, 1);
    cairo_paint(white);
    cairo_destroy(white);
    return surface;
}

enum status pen_png_end(cairo_surface_t *surface, struct paper_bytes *out)
{
    *out = (struct paper_bytes){NULL, 0};
    cairo_status_t status = cairo_surface_status(surface);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_write_to_png_stream(surface, take, out);
    cairo_surface_destroy(surface);
    return taken(status, out);
}

#ifdef GUILD_LEAKS_ARE_LOOKED_FOR
/* cairo 1.16 forgets 768 bytes of each font that a PDF takes a part of; fontconfig's caches end with the process. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libcairo.so\nleak:libfontconfig.so\n";
}
#endif
