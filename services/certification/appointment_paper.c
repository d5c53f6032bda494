#include "appointment_paper.h"

#include "pen.h"
#include <stdio.h>

#define WIDTH 841.89
#define HEIGHT 595.276
#define LEFT 120.0
#define CODE_SIZE 104.0
#define LINE 30.0

static void frame(const struct pen *pen, double inset, double width)
{
    cairo_rectangle(pen->cr, inset, inset, WIDTH - 2 * inset, HEIGHT - 2 * inset);
    cairo_set_line_width(pen->cr, width);
    cairo_stroke(pen->cr);
}

static void dark(const struct pen *pen)
{
    cairo_set_source_rgb(pen->cr, 0.10, 0.14, 0.19);
}

static void soft(const struct pen *pen)
{
    cairo_set_source_rgb(pen->cr, 0.36, 0.40, 0.46);
}

static void fact(const struct pen *pen, double y, const char *label, const char *value)
{
    soft(pen);
    pen_text(pen, LEFT, y, 0, 14, false, label);
    dark(pen);
    pen_text(pen, LEFT + 90, y, 0, 16, true, value);
}

/* As many lines as it takes, smaller where they are many; returns the baseline of the one below. */
static double words(const struct pen *pen, double y, const char *label, const char *text)
{
    soft(pen);
    pen_text(pen, LEFT, y, 0, 14, false, label);
    dark(pen);
    double size = 17, room = WIDTH - 2 * LEFT - 90 - CODE_SIZE - 24;
    PangoLayout *layout;
    do {
        size -= 1;
        layout = pen_layout(pen, text, size, true, room);
        if (pango_layout_get_line_count(layout) <= 3 || size <= 8)
            break;
        g_object_unref(layout);
    } while (true);
    int lines = pango_layout_get_line_count(layout);
    double step = size * 1.5;
    for (int i = 0; i < lines; i++)
        pen_line(pen, LEFT + 90, y + i * step, 0, pango_layout_get_line_readonly(layout, i));
    g_object_unref(layout);
    return y + (lines - 1) * step + LINE + 8;
}

static void draw(const struct pen *pen, const struct appointment *a)
{
    char text[400];
    unsigned modules = pen_code_width(a->code);
    cairo_set_source_rgb(pen->cr, 0.08, 0.22, 0.39);
    frame(pen, 28, 3);
    frame(pen, 36, 0.8);
    pen_text(pen, WIDTH / 2, 112, 0.5, 44, true, "聘　书");
    dark(pen);
    snprintf(text, sizeof text, "兹聘请 %s 为本协会专家库专家，参加项目评审工作。", a->name);
    pen_text(pen, WIDTH / 2, 184, 0.5, 19, false, text);
    fact(pen, 250, "姓　　名", a->name);
    fact(pen, 288, "专家编号", a->expert_no);
    double y = words(pen, 326, "评审专业", a->specialties);
    snprintf(text, sizeof text, "%s 至 %s", a->first_day, a->last_day);
    fact(pen, y, "聘　　期", text);
    pen_text(pen, WIDTH - LEFT + 20, 484, 1, 18, true, a->association);
    pen_text(pen, WIDTH - LEFT + 20, 508, 1, 14, false, a->first_day);
    if (modules > 0)
        pen_code(pen, WIDTH - LEFT - CODE_SIZE + 20, 236, CODE_SIZE / modules, a->code);
    soft(pen);
    snprintf(text, sizeof text, "扫描二维码核验当前状态　校验码 %s", a->check_code);
    pen_text(pen, LEFT - 20, 535, 0, 10, false, text);
}

enum status appointment_pdf(const struct appointment *appointment, struct paper_bytes *out)
{
    struct pen pen;
    char made_at[40];
    snprintf(made_at, sizeof made_at,
             "%s"
             "T00:00:00+08:00",
             appointment->first_day);
    cairo_surface_t *surface = pen_pdf(out, WIDTH, HEIGHT, "专家聘书", appointment->association,
                                       appointment->expert_no, made_at);
    pen_open(&pen, surface, 1);
    draw(&pen, appointment);
    pen_close(&pen);
    return pen_pdf_end(surface, out);
}

enum status appointment_png(const struct appointment *appointment, struct paper_bytes *out)
{
    struct pen pen;
    cairo_surface_t *surface = pen_png(WIDTH, HEIGHT);
    pen_open(&pen, surface, PEN_PNG_SCALE);
    draw(&pen, appointment);
    pen_close(&pen);
    return pen_png_end(surface, out);
}
