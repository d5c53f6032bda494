#include "paper.h"

#include "pen.h"
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is on it */

enum item_kind { ITEM_TABLE, ITEM_PHOTO, ITEM_FIELD, ITEM_TEXT, ITEM_SIGN, ITEM_PICTURE };

struct item {
    enum item_kind kind;
    bool wide;
    const char *label, *text, *signer;
    const void *jpeg;
    size_t size;
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

const char *paper_digest(struct arena *arena, const void *data, size_t size)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char hex[sizeof hash * 2 + 1];
    crypto_hash_sha256(hash, data, size);
    return arena_text(arena, sodium_bin2hex(hex, sizeof hex, hash, sizeof hash));
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

static void add_picture(struct paper *paper, enum item_kind kind, const char *label,
                        const char *words, const void *jpeg, size_t size)
{
    struct item *item = add(paper, kind, label, words);
    item->jpeg = jpeg;
    item->size = size;
}

void paper_table(struct paper *paper, const char *title)
{
    add(paper, ITEM_TABLE, title, "");
}

void paper_photo(struct paper *paper, const char *words, const void *jpeg, size_t size)
{
    add_picture(paper, ITEM_PHOTO, "", words, jpeg, size);
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

void paper_picture(struct paper *paper, const char *label, const char *words, const void *jpeg,
                   size_t size)
{
    add_picture(paper, ITEM_PICTURE, label, words, jpeg, size);
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
#define PHOTO_PADDING 3.0
#define TEXT_SIZE 10.5
#define LINE 16.0
#define BASELINE 12.0 /* of a line, from its top */
#define PADDING 5.0
#define ROW_MIN 25.0
#define SIGN_HEIGHT 104.0
#define PICTURE_SIZE 150.0
#define QR_MODULE 2.4 /* five pixels at 150 dpi */
#define QR_TOP (14 * QR_MODULE)

enum { CELLS = 4 };

struct sheet {
    const struct paper *paper;
    struct pen pen;
    unsigned page, pages; /* pages is 0 while they are counted */
    unsigned only;        /* the page that is drawn; 0: all */
    double y;
    double photo_top; /* 0: no photo beside the rows */
    const struct item *photo;
};

static bool draws(const struct sheet *s)
{
    return s->pages > 0 && (s->only == 0 || s->only == s->page);
}

static void box(const struct sheet *s, double x, double y, double width, double height, bool shaded)
{
    cairo_rectangle(s->pen.cr, x, y, width, height);
    if (shaded) {
        cairo_set_source_rgb(s->pen.cr, 0.93, 0.94, 0.96);
        cairo_fill_preserve(s->pen.cr);
        cairo_set_source_rgb(s->pen.cr, 0, 0, 0);
    }
    cairo_set_line_width(s->pen.cr, 0.6);
    cairo_stroke(s->pen.cr);
}

/* ---- head and foot */

static void draw_code(const struct sheet *s)
{
    unsigned width = pen_code_width(s->paper->head.code);
    double left = MARGIN + BODY_WIDTH - width * QR_MODULE;
    pen_code(&s->pen, QR_MODULE * (int)(left / QR_MODULE), QR_TOP, QR_MODULE, s->paper->head.code);
}

static void draw_head(const struct sheet *s)
{
    const struct paper_head *head = &s->paper->head;
    if (s->page > 1) {
        pen_text(&s->pen, MARGIN, NEXT_TOP - 8, 0, 9, false, head->title);
        pen_text(&s->pen, MARGIN + BODY_WIDTH, NEXT_TOP - 8, 1, 9, false, head->number);
        return;
    }
    char number[80];
    snprintf(number, sizeof number, "编号：%s",
             head->number[0] == '\0' ? "＿＿＿＿＿＿＿＿＿＿" : head->number);
    pen_text(&s->pen, A4_WIDTH / 2, 62, 0.5, 14, false, head->association);
    pen_text(&s->pen, A4_WIDTH / 2, 96, 0.5, 22, true, head->title);
    pen_text(&s->pen, MARGIN, FIRST_TOP - 8, 0, 9, false, number);
    if (head->code[0] != '\0')
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
    pen_text(&s->pen, MARGIN + BODY_WIDTH, y, 1, 8, false, pages);
    if (head->digest[0] == '\0')
        return;
    pen_text(&s->pen, MARGIN, y, 0, 8, false, made);
    pen_text(&s->pen, MARGIN, y + 12, 0, 6, false, digest);
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

static void photo_draw(const struct sheet *s, double x, double height)
{
    const struct item *photo = s->photo;
    if (!pen_picture(&s->pen, x + PHOTO_PADDING, s->photo_top + PHOTO_PADDING,
                     PHOTO_WIDTH - 2 * PHOTO_PADDING, height - 2 * PHOTO_PADDING, photo->jpeg,
                     photo->size, false))
        pen_text(&s->pen, x + PHOTO_WIDTH / 2, s->photo_top + height / 2 + 4, 0.5, TEXT_SIZE, false,
                 photo->text);
}

/* The photo's place ends where a row does, and at the latest with the page. */
static void photo_close(struct sheet *s)
{
    double x = MARGIN + BODY_WIDTH - PHOTO_WIDTH, height = s->y - s->photo_top;
    if (s->photo_top > 0 && draws(s)) {
        box(s, x, s->photo_top, PHOTO_WIDTH, height, false);
        photo_draw(s, x, height);
    }
    s->photo_top = 0;
}

static void page_turn(struct sheet *s)
{
    photo_close(s);
    if (draws(s))
        cairo_show_page(s->pen.cr);
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
    *cell = (struct cell){pen_layout(&s->pen, text, TEXT_SIZE, false, width - 2 * PADDING), width,
                          is_label};
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
        pen_line(&s->pen, cell->is_label ? x + cell->width / 2 : x + PADDING,
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
        pen_text(&s->pen, A4_WIDTH / 2, s->y + 17, 0.5, 11, true, item->label);
    }
    s->y += ROW_MIN;
}

static void label_draw(const struct sheet *s, const char *text, double height)
{
    PangoLayout *label = pen_layout(&s->pen, text, TEXT_SIZE, false, LABEL_WIDTH - 2 * PADDING);
    struct row row = {.lines = pango_layout_get_line_count(label)};
    box(s, MARGIN, s->y, LABEL_WIDTH, height, true);
    cell_write(s, &(struct cell){label, LABEL_WIDTH, true}, MARGIN, height, &row, row.lines);
    g_object_unref(label);
}

static void picture_draw(struct sheet *s, const struct item *item)
{
    double height = PICTURE_SIZE + LINE + 3 * PADDING, x = MARGIN + LABEL_WIDTH;
    photo_close(s);
    need(s, height);
    if (draws(s)) {
        label_draw(s, item->label, height);
        box(s, x, s->y, BODY_WIDTH - LABEL_WIDTH, height, false);
        pen_picture(&s->pen, x + PADDING, s->y + PADDING, BODY_WIDTH - LABEL_WIDTH - 2 * PADDING,
                    PICTURE_SIZE, item->jpeg, item->size, false);
        pen_text(&s->pen, x + (BODY_WIDTH - LABEL_WIDTH) / 2,
                 s->y + PICTURE_SIZE + 2 * PADDING + BASELINE, 0.5, TEXT_SIZE, false, item->text);
    }
    s->y += height;
}

static void sign_write(const struct sheet *s, const struct item *item, PangoLayout *statement,
                       double height)
{
    double x = MARGIN + LABEL_WIDTH, right = MARGIN + BODY_WIDTH - 2 * LINE;
    label_draw(s, item->label, height);
    box(s, x, s->y, BODY_WIDTH - LABEL_WIDTH, height, false);
    for (int i = 0; i < pango_layout_get_line_count(statement); i++)
        pen_line(&s->pen, x + PADDING, s->y + PADDING + i * LINE + BASELINE, 0,
                 pango_layout_get_line_readonly(statement, i));
    pen_text(&s->pen, right - 186, s->y + height - 31, 0, TEXT_SIZE, false, item->signer);
    pen_text(&s->pen, right, s->y + height - 11, 1, TEXT_SIZE, false, "年　　　月　　　日");
}

static void sign_draw(struct sheet *s, const struct item *item)
{
    PangoLayout *statement =
        pen_layout(&s->pen, item->text, TEXT_SIZE, false, BODY_WIDTH - LABEL_WIDTH - 2 * PADDING);
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
            s->photo = item;
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
        case ITEM_PICTURE:
            picture_draw(s, item);
            break;
        }
    }
    photo_close(s);
}

/* Counts the pages, then draws them; gives their number. Measures do not depend on the pixels of the surface. */
static unsigned draw(const struct paper *paper, cairo_surface_t *surface, double scale,
                     unsigned only)
{
    struct sheet s = {.paper = paper, .only = only};
    pen_open(&s.pen, surface, scale);
    flow(&s);
    s.pages = s.page;
    if (only <= s.pages)
        flow(&s);
    pen_close(&s.pen);
    return s.pages;
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
    const struct paper_head *head = &paper->head;
    cairo_surface_t *surface = pen_pdf(out, A4_WIDTH, A4_HEIGHT, head->title, head->association,
                                       head->number, head->made_at);
    draw(paper, surface, 1, 0);
    return pen_pdf_end(surface, out);
}

enum status paper_png(const struct paper *paper, unsigned page, struct paper_bytes *out)
{
    *out = (struct paper_bytes){NULL, 0};
    if (page == 0)
        return STATUS_NOT_FOUND;
    cairo_surface_t *surface = pen_png(A4_WIDTH, A4_HEIGHT);
    bool found = page <= draw(paper, surface, PEN_PNG_SCALE, page);
    if (found)
        return pen_png_end(surface, out);
    cairo_surface_destroy(surface);
    return STATUS_NOT_FOUND;
}
