/* Time. Timers and deadlines are monotonic; dates on paper are Asia/Shanghai (UTC+8, no daylight saving). */
#ifndef GUILD_CLOCK_H
#define GUILD_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* Milliseconds of the monotonic clock. */
uint64_t clock_ms(void);

/* Microseconds of the monotonic clock, for measuring. */
uint64_t clock_us(void);

/* Seconds since 1970. */
int64_t clock_unix(void);

/* "2026-11-23T05:18:57.123Z", for log lines. `out` holds at least 25 bytes. */
void clock_utc_text(char out[static 25]);

/* "2026-11-23", the day it is in Shanghai. */
void clock_day(char out[static 11]);

/* The day that it will be there in so many days. */
void clock_day_in(int days, char out[static 11]);

#endif
