#include "metrics.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SERIES_MAX = 512, LABELS_MAX = 160 };

static const double bounds[] = {0.001, 0.005, 0.02, 0.1, 0.5, 2, 10};
enum { BOUNDS = sizeof bounds / sizeof bounds[0] };

enum kind { GAUGE, COUNTER, HISTOGRAM };

struct series {
    const char *name, *help;
    enum kind kind;
    char labels[LABELS_MAX];
    double value; /* a histogram's sum, in seconds */
    uint64_t count, buckets[BOUNDS];
};

static struct {
    pthread_mutex_t lock;
    struct series series[SERIES_MAX];
    size_t count;
} metrics = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct series *series_of(enum kind kind, const char *name, const char *help,
                                const char *labels)
{
    for (size_t i = 0; i < metrics.count; i++)
        if (strcmp(metrics.series[i].name, name) == 0 &&
            strcmp(metrics.series[i].labels, labels) == 0)
            return &metrics.series[i];
    if (metrics.count == SERIES_MAX || strlen(labels) >= LABELS_MAX)
        return NULL;
    struct series *series = &metrics.series[metrics.count++];
    *series = (struct series){.name = name, .help = help, .kind = kind};
    memcpy(series->labels, labels, strlen(labels) + 1);
    return series;
}

void metrics_gauge(const char *name, const char *help, const char *labels, double value)
{
    pthread_mutex_lock(&metrics.lock);
    struct series *series = series_of(GAUGE, name, help, labels);
    if (series != NULL)
        series->value = value;
    pthread_mutex_unlock(&metrics.lock);
}

void metrics_count(const char *name, const char *help, const char *labels, double more)
{
    pthread_mutex_lock(&metrics.lock);
    struct series *series = series_of(COUNTER, name, help, labels);
    if (series != NULL)
        series->value += more;
    pthread_mutex_unlock(&metrics.lock);
}

void metrics_duration(const char *name, const char *help, const char *labels, uint64_t us)
{
    double seconds = (double)us / 1e6;
    pthread_mutex_lock(&metrics.lock);
    struct series *series = series_of(HISTOGRAM, name, help, labels);
    if (series != NULL) {
        series->value += seconds;
        series->count++;
        for (size_t i = 0; i < BOUNDS; i++)
            series->buckets[i] += seconds <= bounds[i];
    }
    pthread_mutex_unlock(&metrics.lock);
}

static void write_histogram(FILE *out, const struct series *s)
{
    const char *comma = s->labels[0] == '\0' ? "" : ",";
    for (size_t i = 0; i < BOUNDS; i++)
        fprintf(out, "%s_bucket{%s%sle=\"%g\"} %lu\n", s->name, s->labels, comma, bounds[i],
                (unsigned long)s->buckets[i]);
    fprintf(out, "%s_bucket{%s%sle=\"+Inf\"} %lu\n", s->name, s->labels, comma,
            (unsigned long)s->count);
    fprintf(out, "%s_sum{%s} %g\n%s_count{%s} %lu\n", s->name, s->labels, s->value, s->name,
            s->labels, (unsigned long)s->count);
}

/* All series of a name stand together, below its help. */
static void write_family(FILE *out, size_t first)
{
    static const char *const kinds[] = {"gauge", "counter", "histogram"};
    const struct series *head = &metrics.series[first];
    for (size_t i = 0; i < first; i++)
        if (strcmp(metrics.series[i].name, head->name) == 0)
            return; /* written with an earlier one */
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", head->name, head->help, head->name,
            kinds[head->kind]);
    for (size_t i = first; i < metrics.count; i++) {
        const struct series *s = &metrics.series[i];
        if (strcmp(s->name, head->name) != 0)
            continue;
        if (s->kind == HISTOGRAM)
            write_histogram(out, s);
        else if (s->labels[0] == '\0')
            fprintf(out, "%s %.17g\n", s->name, s->value);
        else
            fprintf(out, "%s{%s} %.17g\n", s->name, s->labels, s->value);
    }
}

char *metrics_text(size_t *ret_size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, ret_size);
    if (out == NULL)
        abort();
    pthread_mutex_lock(&metrics.lock);
    for (size_t i = 0; i < metrics.count; i++)
        write_family(out, i);
    pthread_mutex_unlock(&metrics.lock);
    fclose(out);
    return text;
}
