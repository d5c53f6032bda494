#include "paper.h"

#include <cairo-pdf.h>
#include <limits.h>
#include <pango/pangocairo.h>
#include <qrencode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is on it */

enum item_kind { ITEM_TABLE, ITEM_PHOTO, ITEM_FIELD, ITEM_TEXT, ITEM_SIGN };

struct item {
    enum item_kind kind;
    bool wide;
    const char *label, *text, *signer;
    struct item *next;
};

struct paper {
    struct arena *arena;
    struct paper_head head;
    struct item *first, **last;
};

struct paper *paper_new(struct arena *arena, const struct paper_head *head)
{
    struct paper *paper = arena_alloc(arena, sizeof *paper);
    *paper = (struct paper){.arena = arena, .head = *head};
    paper->last = &paper->first;
    return paper;
}

static struct item *add(struct paper *paper, enum item_kind kind, const char *label,
                        const char *text)
{
    struct item *item = arena_alloc(paper->arena, sizeof *item);
    *item = (struct item){.kind = kind, .label = label, .text = text};
    *paper->last = item;
    paper->last = &item->next;
    return item;
}

void paper_table(struct paper *paper, const char *title)
{
    add(paper, ITEM_TABLE, title, "");
}

void paper_photo(struct paper *paper, const char *words)
{
    add(paper, ITEM_PHOTO, "", words);
}

void paper_field(struct paper *paper, const char *label, const char *value, bool wide)
{
    add(paper, ITEM_FIELD, label, value)->wide = wide;
}

void paper_text(struct paper *paper, const char *text)
{
    add(paper, ITEM_TEXT, "", text);
}

void paper_sign(struct paper *paper, const char *label, const char *statement, const char *signer)
{
    add(paper, ITEM_SIGN, label, statement)->signer = signer;
}

/* ---- the sheet it is drawn on; lengths are points */

#define A4_WIDTH 595.276
#define A4_HEIGHT 841.89
#define MARGIN 51.0
#define BODY_WIDTH (A4_WIDTH - 2 * MARGIN)
#define BODY_BOTTOM 786.0
#define FIRST_TOP 130.0
#define NEXT_TOP 70.0
#define LABEL_WIDTH 84.5
#define PHOTO_WIDTH 99.0
#define PHOTO_HEIGHT 122.0
#define TEXT_SIZE 10.5
#define LINE 16.0
#define BASELINE 12.0 /* of a line, from its top */
#define PADDING 5.0
#define ROW_MIN 25.0
#define SIGN_HEIGHT 104.0
#define QR_MODULE 2.4 /* five pixels at 150 dpi */
#define QR_TOP (14 * QR_MODULE)

enum { PIXELS_PER_INCH = 150, PNG_WIDTH = 1240, PNG_HEIGHT = 1754, CELLS = 4 };

struct sheet {
    const struct paper *paper;
    cairo_t *cr;
    PangoContext *context;
    unsigned page, pages; /* pages is 0 while they are counted */
    unsigned only;        /* the page that is drawn; 0: all */
    double y;
    double photo_top; /* 0: no photo beside the rows */
    const char *photo_words;
};

static bool draws(const struct sheet *s)
{
    return s->pages > 0 && (s->only == 0 || s->only == s->page);
}

static PangoLayout *layout_new(const struct sheet *s, const char *text, double size, bool bold,
                               double width)
{
    PangoLayout *layout = pango_layout_new(s->context);
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

static double line_width(PangoLayoutLine *line)
{
    PangoRectangle logical;
    pango_layout_line_get_extents(line, NULL, &logical);
    return (double)logical.width / PANGO_SCALE;
}

/* One line; `place` is 0 left of x, 0.5 in the middle of it, 1 right. */
static void write_line(const struct sheet *s, double x, double baseline, double place,
                       PangoLayoutLine *line)
{
    cairo_move_to(s->cr, x - place * line_width(line), baseline);
    pango_cairo_show_layout_line(s->cr, line);
}

static void write_text(const struct sheet *s, double x, double baseline, double place, double size,
                       bool bold, const char *text)
{
    PangoLayout *layout = layout_new(s, text, size, bold, 0);
    write_line(s, x, baseline, place, pango_layout_get_line_readonly(layout, 0));
    g_object_unref(layout);
}

static void box(const struct sheet *s, double x, double y, double width, double height, bool shaded)
{
    cairo_rectangle(s->cr, x, y, width, height);
    if (shaded) {
        cairo_set_source_rgb(s->cr, 0.93, 0.94, 0.96);
        cairo_fill_preserve(s->cr);
        cairo_set_source_rgb(s->cr, 0, 0, 0);
    }
    cairo_set_line_width(s->cr, 0.6);
    cairo_stroke(s->cr);
}

/* ---- head and foot */

static void draw_code(const struct sheet *s)
{
    QRcode *code = QRcode_encodeString(s->paper->head.code, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
    if (code == NULL)
        return;
    double left = MARGIN + BODY_WIDTH - code->width * QR_MODULE;
    left = QR_MODULE * (int)(left / QR_MODULE);
    const unsigned char *module = code->data;
    for (int row = 0; row < code->width; row++)
        for (int column = 0; column < code->width; column++)
            if (*module++ & 1)
                cairo_rectangle(s->cr, left + column * QR_MODULE, QR_TOP + row * QR_MODULE,
                                QR_MODULE, QR_MODULE);
    cairo_set_antialias(s->cr, CAIRO_ANTIALIAS_NONE);
    cairo_fill(s->cr);
    cairo_set_antialias(s->cr, CAIRO_ANTIALIAS_DEFAULT);
    QRcode_free(code);
}

static void draw_head(const struct sheet *s)
{
    const struct paper_head *head = &s->paper->head;
    if (s->page > 1) {
        write_text(s, MARGIN, NEXT_TOP - 8, 0, 9, false, head->title);
        write_text(s, MARGIN + BODY_WIDTH, NEXT_TOP - 8, 1, 9, false, head->number);
        return;
    }
    char number[80];
    snprintf(number, sizeof number, "编号：%s", head->number);
    write_text(s, A4_WIDTH / 2, 62, 0.5, 14, false, head->association);
    write_text(s, A4_WIDTH / 2, 96, 0.5, 22, true, head->title);
    write_text(s, MARGIN, FIRST_TOP - 8, 0, 9, false, number);
    draw_code(s);
}

static void draw_foot(const struct sheet *s)
{
    const struct paper_head *head = &s->paper->head;
    double y = BODY_BOTTOM + 16;
    char made[80], pages[80], digest[160];
    snprintf(made, sizeof made, "生成时间：%.10s %.5s", head->made_at, head->made_at + 11);
    snprintf(pages, sizeof pages, "第 %u 页　共 %u 页", s->page, s->pages);
    snprintf(digest, sizeof digest, "内容摘要 SHA-256：%s", head->digest);
    write_text(s, MARGIN, y, 0, 8, false, made);
    write_text(s, MARGIN + BODY_WIDTH, y, 1, 8, false, pages);
    write_text(s, MARGIN, y + 12, 0, 6, false, digest);
}

static void page_begin(struct sheet *s)
{
    s->page++;
    s->y = s->page == 1 ? FIRST_TOP : NEXT_TOP;
    if (!draws(s))
        return;
    draw_head(s);
    draw_foot(s);
}

/* The photo's place ends where a row does, and at the latest with the page. */
static void photo_close(struct sheet *s)
{
    double x = MARGIN + BODY_WIDTH - PHOTO_WIDTH, height = s->y - s->photo_top;
    if (s->photo_top > 0 && draws(s)) {
        box(s, x, s->photo_top, PHOTO_WIDTH, height, false);
        write_text(s, x + PHOTO_WIDTH / 2, s->photo_top + height / 2 + 4, 0.5, TEXT_SIZE, false,
                   s->photo_words);
    }
    s->photo_top = 0;
}

static void page_turn(struct sheet *s)
{
    photo_close(s);
    if (draws(s))
        cairo_show_page(s->cr);
    page_begin(s);
}

/* Begins a new page unless so much fits on this one. */
static void need(struct sheet *s, double height)
{
    if (s->y + height > BODY_BOTTOM)
        page_turn(s);
}

/* ---- rows; a long one is drawn in slices, each on a page of its own */

struct cell {
    PangoLayout *layout;
    double width;
    bool is_label;
};

struct row {
    struct cell cells[CELLS];
    size_t count;
    int lines, drawn; /* of its longest cell */
};

static void cell_add(const struct sheet *s, struct row *row, const char *text, double width,
                     bool is_label)
{
    struct cell *cell = &row->cells[row->count++];
    *cell =
        (struct cell){layout_new(s, text, TEXT_SIZE, false, width - 2 * PADDING), width, is_label};
    int lines = pango_layout_get_line_count(cell->layout);
    row->lines = lines > row->lines ? lines : row->lines;
}

static void cell_write(const struct sheet *s, const struct cell *cell, double x, double height,
                       const struct row *row, int until)
{
    int lines = pango_layout_get_line_count(cell->layout);
    bool whole = row->drawn == 0 && until == row->lines;
    double top = whole ? (height - lines * LINE) / 2 : PADDING;
    for (int i = row->drawn; i < until && i < lines; i++)
        write_line(s, cell->is_label ? x + cell->width / 2 : x + PADDING,
                   s->y + top + (i - row->drawn) * LINE + BASELINE, cell->is_label ? 0.5 : 0,
                   pango_layout_get_line_readonly(cell->layout, i));
}

static double height_of(int lines)
{
    double height = lines * LINE + 2 * PADDING;
    return height < ROW_MIN ? ROW_MIN : height;
}

/* As many lines as fit. */
static void slice_draw(struct sheet *s, struct row *row)
{
    int room = (int)((BODY_BOTTOM - s->y - 2 * PADDING) / LINE);
    int until = row->lines - row->drawn > room ? row->drawn + room : row->lines;
    double x = MARGIN, height = height_of(until - row->drawn);
    for (size_t i = 0; draws(s) && i < row->count; i++) {
        const struct cell *cell = &row->cells[i];
        box(s, x, s->y, cell->width, height, cell->is_label);
        cell_write(s, cell, x, height, row, until);
        x += cell->width;
    }
    row->drawn = until;
    s->y += height;
}

/* A row that is shorter than a third of a page stays whole. */
static void row_draw(struct sheet *s, struct row *row)
{
    double height = height_of(row->lines);
    need(s, height < (BODY_BOTTOM - NEXT_TOP) / 3 ? height : height_of(2));
    slice_draw(s, row);
    while (row->drawn < row->lines) {
        page_turn(s);
        slice_draw(s, row);
    }
    for (size_t i = 0; i < row->count; i++)
        g_object_unref(row->cells[i].layout);
    if (s->photo_top > 0 && s->y >= s->photo_top + PHOTO_HEIGHT)
        photo_close(s);
}

static double row_width(const struct sheet *s)
{
    return BODY_WIDTH - (s->photo_top > 0 ? PHOTO_WIDTH : 0);
}

/* Returns the last item that the row took. */
static const struct item *fields_draw(struct sheet *s, const struct item *item)
{
    struct row row = {.count = 0};
    const struct item *next = item->next;
    bool shared = !item->wide && next != NULL && next->kind == ITEM_FIELD && !next->wide;
    double value = row_width(s) - LABEL_WIDTH;
    if (shared)
        value = (value - LABEL_WIDTH) / 2;
    cell_add(s, &row, item->label, LABEL_WIDTH, true);
    cell_add(s, &row, item->text, value, false);
    if (shared) {
        cell_add(s, &row, next->label, LABEL_WIDTH, true);
        cell_add(s, &row, next->text, value, false);
    }
    row_draw(s, &row);
    return shared ? next : item;
}

static void text_draw(struct sheet *s, const struct item *item)
{
    struct row row = {.count = 0};
    cell_add(s, &row, item->text, row_width(s), false);
    row_draw(s, &row);
}

/* A heading is never the last on a page. */
static void table_draw(struct sheet *s, const struct item *item)
{
    photo_close(s);
    need(s, 3 * ROW_MIN);
    if (draws(s)) {
        box(s, MARGIN, s->y, BODY_WIDTH, ROW_MIN, true);
        write_text(s, A4_WIDTH / 2, s->y + 17, 0.5, 11, true, item->label);
    }
    s->y += ROW_MIN;
}

static void sign_write(const struct sheet *s, const struct item *item, PangoLayout *statement,
                       double height)
{
    double x = MARGIN + LABEL_WIDTH, right = MARGIN + BODY_WIDTH - 2 * LINE;
    PangoLayout *label = layout_new(s, item->label, TEXT_SIZE, false, LABEL_WIDTH - 2 * PADDING);
    struct row row = {.lines = pango_layout_get_line_count(label)};
    box(s, MARGIN, s->y, LABEL_WIDTH, height, true);
    box(s, x, s->y, BODY_WIDTH - LABEL_WIDTH, height, false);
    cell_write(s, &(struct cell){label, LABEL_WIDTH, true}, MARGIN, height, &row, row.lines);
    for (int i = 0; i < pango_layout_get_line_count(statement); i++)
        write_line(s, x + PADDING, s->y + PADDING + i * LINE + BASELINE, 0,
                   pango_layout_get_line_readonly(statement, i));
    write_text(s, right - 186, s->y + height - 31, 0, TEXT_SIZE, false, item->signer);
    write_text(s, right, s->y + height - 11, 1, TEXT_SIZE, false, "年　　　月　　　日");
    g_object_unref(label);
}

static void sign_draw(struct sheet *s, const struct item *item)
{
    PangoLayout *statement =
        layout_new(s, item->text, TEXT_SIZE, false, BODY_WIDTH - LABEL_WIDTH - 2 * PADDING);
    double height = height_of(pango_layout_get_line_count(statement)) + 50;
    height = height < SIGN_HEIGHT ? SIGN_HEIGHT : height;
    photo_close(s);
    need(s, height);
    if (draws(s))
        sign_write(s, item, statement, height);
    s->y += height;
    g_object_unref(statement);
}

/* ---- from the first page to the last */

static void flow(struct sheet *s)
{
    s->page = 0;
    page_begin(s);
    for (const struct item *item = s->paper->first; item != NULL; item = item->next) {
        switch (item->kind) {
        case ITEM_TABLE:
            table_draw(s, item);
            break;
        case ITEM_PHOTO:
            s->photo_top = s->y;
            s->photo_words = item->text;
            break;
        case ITEM_FIELD:
            item = fields_draw(s, item);
            break;
        case ITEM_TEXT:
            text_draw(s, item);
            break;
        case ITEM_SIGN:
            sign_draw(s, item);
            break;
        }
    }
    photo_close(s);
}

/* Counts the pages, then draws them; gives their number. Measures do not depend on the pixels of the surface. */
static unsigned draw(const struct paper *paper, cairo_surface_t *surface, double scale,
                     unsigned only)
{
    struct sheet s = {.paper = paper, .cr = cairo_create(surface), .only = only};
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_scale(s.cr, scale, scale);
    s.context = pango_font_map_create_context(pango_cairo_font_map_get_default());
    pango_cairo_context_set_font_options(s.context, options);
    pango_cairo_context_set_resolution(s.context, 72);
    pango_context_set_round_glyph_positions(s.context, FALSE);
    pango_context_set_language(s.context, pango_language_from_string("zh-cn"));
    pango_cairo_update_context(s.cr, s.context);
    flow(&s);
    s.pages = s.page;
    if (only <= s.pages)
        flow(&s);
    g_object_unref(s.context);
    cairo_font_options_destroy(options);
    cairo_destroy(s.cr);
    return s.pages;
}

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

unsigned paper_pages(const struct paper *paper)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1);
    unsigned pages = draw(paper, surface, 1, UINT_MAX);
    cairo_surface_destroy(surface);
    return pages;
}

enum status paper_pdf(const struct paper *paper, struct paper_bytes *out)
{
    *out = (struct paper_bytes){NULL, 0};
    cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(take, out, A4_WIDTH, A4_HEIGHT);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, paper->head.title);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_AUTHOR, paper->head.association);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_SUBJECT, paper->head.number);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, paper->head.made_at);
    draw(paper, surface, 1, 0);
    cairo_surface_finish(surface);
    cairo_status_t status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    return taken(status, out);
}

enum status paper_png(const struct paper *paper, unsigned page, struct paper_bytes *out)
{
    *out = (struct paper_bytes){NULL, 0};
    if (page == 0)
        return STATUS_NOT_FOUND;
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, PNG_WIDTH, PNG_HEIGHT);
    cairo_t *white = cairo_create(surface);
    cairo_set_source_rgb(white, 1, 1, 1);
    cairo_paint(white);
    cairo_destroy(white);
    bool found = page <= draw(paper, surface, PIXELS_PER_INCH / 72.0, page);
    cairo_status_t status = cairo_surface_status(surface);
    if (found && status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_write_to_png_stream(surface, take, out);
    cairo_surface_destroy(surface);
    return found ? taken(status, out) : STATUS_NOT_FOUND;
}

#ifdef GUILD_LEAKS_ARE_LOOKED_FOR
/* cairo 1.16 forgets 768 bytes of each font that a PDF takes a part of; fontconfig's caches end with the process. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libcairo.so\nleak:libfontconfig.so\n";
}
#endif
