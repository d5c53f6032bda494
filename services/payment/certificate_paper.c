#include "certificate_paper.h"

#include "pen.h"
#include <stdio.h>

#define WIDTH 841.89
#define HEIGHT 595.276
#define LEFT 120.0
#define CODE_SIZE 118.0
#define SEAL_SIZE 120.0

static void frame(const struct pen *pen, double inset, double width)
{
    cairo_rectangle(pen->cr, inset, inset, WIDTH - 2 * inset, HEIGHT - 2 * inset);
    cairo_set_line_width(pen->cr, width);
    cairo_stroke(pen->cr);
}

static void fact(const struct pen *pen, double y, const char *label, const char *value)
{
    cairo_set_source_rgb(pen->cr, 0.36, 0.40, 0.46);
    pen_text(pen, LEFT, y, 0, 14, false, label);
    cairo_set_source_rgb(pen->cr, 0.10, 0.14, 0.19);
    pen_text(pen, LEFT + 130, y, 0, 16, true, value);
}

/* A name is as long as it likes: it is written smaller until it fits its line. */
static void name_line(const struct pen *pen, double y, const char *name)
{
    int size = 27;
    double width;
    do {
        PangoLayout *layout = pen_layout(pen, name, --size, true, 0);
        width = pen_line_width(pango_layout_get_line_readonly(layout, 0));
        g_object_unref(layout);
    } while (width > WIDTH - 2 * LEFT && size > 8);
    pen_text(pen, WIDTH / 2, y, 0.5, size, true, name);
}

static void draw(const struct pen *pen, const struct certificate *c)
{
    char valid[80], foot[120];
    unsigned modules = pen_code_width(c->code);
    snprintf(valid, sizeof valid, "%s 至 %s", c->first_day, c->last_day);
    snprintf(foot, sizeof foot, "扫描二维码核验真伪与当前状态　签发于 %.10s", c->opened_at);
    cairo_set_source_rgb(pen->cr, 0.08, 0.22, 0.39);
    frame(pen, 28, 3);
    frame(pen, 36, 0.8);
    pen_text(pen, WIDTH / 2, 104, 0.5, 40, true, "会员证书");
    cairo_set_source_rgb(pen->cr, 0.10, 0.14, 0.19);
    name_line(pen, 178, c->unit_name);
    pen_text(pen, WIDTH / 2, 216, 0.5, 16, false, "经审核，为本协会会员，特发此证。");
    fact(pen, 282, "会内职务", c->post);
    fact(pen, 320, "会员编号", c->member_no);
    fact(pen, 358, "统一社会信用代码", c->uscc);
    fact(pen, 396, "有效期", valid);
    pen_text(pen, WIDTH - LEFT + 20, 500, 1, 18, true, c->association);
    if (c->seal != NULL) /* over the name, as one stamps paper */
        pen_picture(pen, WIDTH - LEFT - 190, 434, SEAL_SIZE, SEAL_SIZE, c->seal, c->seal_size,
                    true);
    if (modules > 0)
        pen_code(pen, WIDTH - LEFT - CODE_SIZE + 20, 262, CODE_SIZE / modules, c->code);
    cairo_set_source_rgb(pen->cr, 0.36, 0.40, 0.46);
    pen_text(pen, LEFT - 20, 530, 0, 10, false, foot);
    snprintf(foot, sizeof foot, "内容摘要 SHA-256：%s", c->digest);
    pen_text(pen, LEFT - 20, 543, 0, 6, false, foot);
}

enum status certificate_pdf(const struct certificate *certificate, struct paper_bytes *out)
{
    struct pen pen;
    cairo_surface_t *surface = pen_pdf(out, WIDTH, HEIGHT, "会员证书", certificate->association,
                                       certificate->member_no, certificate->opened_at);
    pen_open(&pen, surface, 1);
    draw(&pen, certificate);
    pen_close(&pen);
    return pen_pdf_end(surface, out);
}

enum status certificate_png(const struct certificate *certificate, struct paper_bytes *out)
{
    struct pen pen;
    cairo_surface_t *surface = pen_png(WIDTH, HEIGHT);
    pen_open(&pen, surface, PEN_PNG_SCALE);
    draw(&pen, certificate);
    pen_close(&pen);
    return pen_png_end(surface, out);
}
