/* Figures of this process, as Prometheus text. Any thread. Names and help are static texts; a bounded number of
   series is kept, further ones are passed over. */
#ifndef GUILD_METRICS_H
#define GUILD_METRICS_H

#include <stddef.h>
#include <stdint.h>

/* A value that goes up and down, by labels: `method="GET",code="200"`, or "" for none. */
void metrics_gauge(const char *name, const char *help, const char *labels, double value);
/* A counter, by labels. */
void metrics_count(const char *name, const char *help, const char *labels, double more);
/* A duration into the buckets 1 ms … 10 s, by labels. */
void metrics_duration(const char *name, const char *help, const char *labels, uint64_t us);

/* The text, `malloc`ed. */
char *metrics_text(size_t *ret_size);

#endif
