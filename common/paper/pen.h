/* What draws on a page: text in Noto Sans CJK SC, QR codes, onto a PDF or a picture at 150 dpi. Lengths are points. */
#ifndef GUILD_PEN_H
#define GUILD_PEN_H

#include "paper.h"
#include <cairo-pdf.h>
#include <pango/pangocairo.h>

struct pen {
    cairo_t *cr;
    PangoContext *context;
};

#define PEN_PNG_SCALE (150 / 72.0)

void pen_open(struct pen *pen, cairo_surface_t *surface, double scale);
void pen_close(struct pen *pen);

/* g_object_unref it. `width` 0: one line. */
PangoLayout *pen_layout(const struct pen *pen, const char *text, double size, bool bold,
                        double width);
double pen_line_width(PangoLayoutLine *line);
/* One line; `place` is 0 left of x, 0.5 in the middle of it, 1 right. */
void pen_line(const struct pen *pen, double x, double baseline, double place,
              PangoLayoutLine *line);
void pen_text(const struct pen *pen, double x, double baseline, double place, double size,
              bool bold, const char *text);

/* A QR code of the text: modules across (0: too long), and drawn from its upper left corner. */
unsigned pen_code_width(const char *text);
void pen_code(const struct pen *pen, double left, double top, double module, const char *text);

/* A JPEG of our own making (guild-image's), as large as fits into the box, in its middle. `stamped`: what is dark darkens what
   lies below, white leaves it. false: it does not decode. */
bool pen_picture(const struct pen *pen, double left, double top, double width, double height,
                 const void *jpeg, size_t size, bool stamped);

/* A page to draw on, and its bytes. The end destroys the surface. `out`: UNAVAILABLE, no memory. */
cairo_surface_t *pen_pdf(struct paper_bytes *out, double width, double height, const char *title,
                         const char *author, const char *subject, const char *made_at);
enum status pen_pdf_end(cairo_surface_t *surface, struct paper_bytes *out) MUST_CHECK;
cairo_surface_t *pen_png(double width, double height);
enum status pen_png_end(cairo_surface_t *surface, struct paper_bytes *out) MUST_CHECK;

#endif
