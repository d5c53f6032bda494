#include "print.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    UNITS = 640,          /* of the long side: the size at which borders are looked for */
    GAP_ROWS = 6,         /* between lines, in half units */
    INK_LEAST = 6,        /* places along a border, half a unit apart, that make it one */
    INK_PART = 30,        /* of 255, of the range from dark to bright: a border */
    CLEARLY = 6,          /* of 255: cells differ */
    FEATURES_LEAST = 150, /* cells that say something: fewer would look like anything */
    GREYS = 256,
    PIXELS_MAX = UINT32_MAX / GREYS, /* whose greys can be added up */
};

/* Sums of grey over everything above and left of a place, so that any rectangle's mean takes four looks. Of a picture that is
   too large for them (in a PDF), every second pixel or fewer. */
struct sums {
    uint32_t *at;
    int width, height;
    double unit;
    int edge;      /* how much greys differ at a border */
    int wide;      /* places along a row, half a unit apart */
    double *means; /* room for those of three rows */
};

struct box {
    double left, top, right, bottom;
};

/* How many units lie in `length`, one every `step`. */
static int units_in(const struct sums *sums, double length, double step)
{
    return length < sums->unit ? 0 : 1 + (int)((length - sums->unit) / step);
}

static bool sums_make(struct sums *sums, gdImagePtr picture)
{
    int step = 1;
    while ((long)(gdImageSX(picture) / step) * (gdImageSY(picture) / step) > PIXELS_MAX)
        step++;
    int width = gdImageSX(picture) / step, height = gdImageSY(picture) / step;
    size_t row = (size_t)width + 1;
    sums->width = width;
    sums->height = height;
    sums->unit = (width > height ? width : height) / (double)UNITS;
    sums->at = calloc(row * ((size_t)height + 1), sizeof *sums->at);
    for (int y = 0; sums->at != NULL && y < height; y++) {
        uint32_t of_row = 0, *above = sums->at + (size_t)y * row, *here = above + row;
        for (int x = 0; x < width; x++) {
            int colour = gdImageTrueColorPixel(picture, x * step, y * step);
            of_row +=
                (uint32_t)(gdTrueColorGetRed(colour) * 77 + gdTrueColorGetGreen(colour) * 150 +
                           gdTrueColorGetBlue(colour) * 29) >>
                8;
            here[x + 1] = above[x + 1] + of_row;
        }
    }
    sums->wide = units_in(sums, width, sums->unit / 2);
    sums->means = calloc(3 * (size_t)sums->wide + 1, sizeof *sums->means);
    return sums->at != NULL && sums->means != NULL;
}

static double between(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

/* Between pixels, too. */
static double sum_at(const struct sums *sums, double x, double y)
{
    size_t left = (size_t)x, top = (size_t)y, row = (size_t)sums->width + 1;
    size_t right = left < (size_t)sums->width ? left + 1 : left;
    size_t below = top < (size_t)sums->height ? top + 1 : top;
    double across = x - (double)left, down = y - (double)top;
    const uint32_t *at = sums->at;
    return (1 - across) * (1 - down) * at[top * row + left] +
           across * (1 - down) * at[top * row + right] +
           (1 - across) * down * at[below * row + left] + across * down * at[below * row + right];
}

/* Of at least a pixel, within the picture. */
static double mean(const struct sums *sums, double left, double top, double right, double bottom)
{
    left = between(left, 0, sums->width - 1);
    right = between(right, left + 1, sums->width);
    top = between(top, 0, sums->height - 1);
    bottom = between(bottom, top + 1, sums->height);
    return (sum_at(sums, right, bottom) - sum_at(sums, left, bottom) - sum_at(sums, right, top) +
            sum_at(sums, left, top)) /
           ((right - left) * (bottom - top));
}

static double unit_at(const struct sums *sums, double x, double y)
{
    return mean(sums, x, y, x + sums->unit, y + sums->unit);
}

/* A border is a part of the range of greys that the picture has, less the outermost of them. */
static int edge_of(const struct sums *sums)
{
    int counts[GREYS] = {0}, low = 0, high = GREYS - 1;
    double unit = sums->unit;
    int wide = units_in(sums, sums->width, unit), tall = units_in(sums, sums->height, unit);
    for (int row = 0; row < tall; row++)
        for (int column = 0; column < wide; column++)
            counts[(int)unit_at(sums, column * unit, row * unit)]++;
    int most = wide * tall / 200;
    for (int passed = counts[low]; passed <= most && low < high; low++)
        passed += counts[low + 1];
    for (int passed = counts[high]; passed <= most && high > low; high--)
        passed += counts[high - 1];
    return (high - low) * INK_PART / (GREYS - 1);
}

/* ---- where what is printed begins and ends */

/* The grey of the units along a row. Neighbours share their borders, so each of these is summed once. */
static void row_means(const struct sums *sums, double y, double *means)
{
    double unit = sums->unit, half = unit / 2, before[2] = {0, 0};
    double top = between(y, 0, sums->height - 1), bottom = between(y + unit, top + 1, sums->height);
    for (int i = 0; unit < 1 && i < sums->wide; i++)
        means[i] = unit_at(sums, i * half, y);
    for (int i = 0; unit >= 1 && i < sums->wide + 2; i++) {
        double x = between(i * half, 0, sums->width);
        double left_of = sum_at(sums, x, bottom) - sum_at(sums, x, top);
        if (i >= 2)
            means[i - 2] = (left_of - before[i % 2]) / (unit * (bottom - top));
        before[i % 2] = left_of;
    }
}

static bool rows_differ(const struct sums *sums, const double *means, const double *others)
{
    int places = 0;
    for (int i = 0; places < INK_LEAST && i < sums->wide; i++)
        places += fabs(means[i] - others[i]) > sums->edge;
    return places >= INK_LEAST;
}

static bool row_has_ink(const struct sums *sums, double y)
{
    double *above = sums->means, *here = above + sums->wide;
    row_means(sums, y - sums->unit, above);
    row_means(sums, y, here);
    return rows_differ(sums, here, above);
}

static bool column_has_ink(const struct sums *sums, double x, double top, double bottom)
{
    double unit = sums->unit, half = unit / 2;
    int places = 0, all = units_in(sums, bottom - top, half);
    for (int i = 0; places < INK_LEAST && i < all; i++)
        places += fabs(unit_at(sums, x, top + i * half) - unit_at(sums, x - unit, top + i * half)) >
                  sums->edge;
    return places >= INK_LEAST;
}

/* From `from` on, `step` by step, at most `steps`: the first row that has ink. */
static double first_row(const struct sums *sums, double from, double step, int steps)
{
    for (; steps > 0 && !row_has_ink(sums, from); steps--)
        from += step;
    return from;
}

static double first_column(const struct sums *sums, double from, double step, int steps,
                           const struct box *box)
{
    for (; steps > 0 && !column_has_ink(sums, from, box->top, box->bottom); steps--)
        from += step;
    return from;
}

/* Of ink in rows `first` to `last` of half a unit; its borders to an eighth, its sides looked for anew. */
static struct box box_of(const struct sums *sums, int first, int last)
{
    double unit = sums->unit, fine = unit / 8, half = unit / 2;
    int halves = (int)(sums->width / half / 2);
    struct box box = {.top = first_row(sums, first * half - unit, fine, 16),
                      .bottom = first_row(sums, last * half + unit, -fine, 16)};
    double left = first_column(sums, 0, half, halves, &box),
           right = first_column(sums, sums->width, -half, halves, &box);
    box.left = first_column(sums, left - unit, fine, 16, &box);
    box.right = first_column(sums, right + unit, -fine, 16, &box);
    return box;
}

struct lines {
    int rows;           /* of half a unit */
    int first, last;    /* with ink; first < 0: there is none */
    int second, before; /* where the second line begins, and the one before the last ends */
};

/* Away from `from` to `to`: the first ink behind a gap, or `from`. */
static int behind_gap(const char *ink, int from, int to)
{
    int step = from < to ? 1 : -1;
    for (int i = from, blank = 0; i != to + step; i += step) {
        if (ink[i] && blank >= GAP_ROWS)
            return i;
        blank = ink[i] ? 0 : blank + 1;
    }
    return from;
}

static struct lines lines_of(const struct sums *sums)
{
    struct lines lines = {.rows = (int)(2 * sums->height / sums->unit), .first = -1};
    char *ink = calloc((size_t)lines.rows + 1, 1);
    for (int i = -2; ink != NULL && i < lines.rows; i++) {
        /* each row is held against the one a unit above, which is two before it */
        double *here = sums->means + (i + 2) % 3 * sums->wide;
        row_means(sums, i * sums->unit / 2, here);
        if (i < 0)
            continue;
        ink[i] = rows_differ(sums, here, sums->means + i % 3 * sums->wide);
        if (!ink[i])
            continue;
        lines.first = lines.first < 0 ? i : lines.first;
        lines.last = i;
    }
    if (lines.first >= 0) {
        lines.second = behind_gap(ink, lines.first, lines.last);
        lines.before = behind_gap(ink, lines.last, lines.first);
    }
    free(ink);
    return lines;
}

/* ---- its cells */

/* How many cells say something. */
static int planes_make(const struct sums *sums, const struct box *box,
                       unsigned char planes[static PRINT_BYTES])
{
    double wide = (box->right - box->left) / (PRINT_CELLS + 1),
           high = (box->bottom - box->top) / PRINT_CELLS;
    int features = 0;
    for (int row = 0; row < PRINT_CELLS; row++) {
        double top = box->top + row * high, before = 0;
        for (int column = 0; column <= PRINT_CELLS; column++) {
            double left = box->left + column * wide,
                   grey = mean(sums, left, top, left + wide, top + high);
            int bit =
                row * PRINT_CELLS + column - 1 + (grey < before ? PRINT_CELLS * PRINT_CELLS : 0);
            if (column > 0 && fabs(grey - before) > CLEARLY) {
                planes[bit / 8] |= (unsigned char)(0x80 >> bit % 8);
                features++;
            }
            before = grey;
        }
    }
    return features;
}

void print_make(gdImagePtr picture, struct image_print *print)
{
    struct sums sums = {.at = NULL, .means = NULL};
    struct lines lines = {.first = -1};
    memset(print, 0, sizeof *print);
    if (gdImageTrueColor(picture) && sums_make(&sums, picture)) {
        sums.edge = edge_of(&sums);
        lines = lines_of(&sums);
    }
    for (int variant = 0; lines.first >= 0 && variant < PRINT_VARIANTS; variant++) {
        int first = (variant & 1) != 0 ? lines.second : lines.first,
            last = (variant & 2) != 0 ? lines.before : lines.last;
        if (last - first < lines.rows / 4)
            first = lines.first, last = lines.last;
        struct box box = box_of(&sums, first, last);
        int features = planes_make(&sums, &box, print->planes[variant]);
        print->count = variant == 0 && features < FEATURES_LEAST ? 0 : PRINT_VARIANTS;
        if (print->count == 0)
            break;
    }
    free(sums.at);
    free(sums.means);
}
