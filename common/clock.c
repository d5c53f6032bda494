#include "clock.h"

#include <stdio.h>
#include <time.h>

uint64_t clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t clock_ms(void)
{
    return clock_us() / 1000;
}

int64_t clock_unix(void)
{
    return (int64_t)time(NULL);
}

void clock_utc_text(char out[static 25])
{
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t size = strftime(out, 25, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out + size, 25 - size, ".%03uZ", (unsigned)(now.tv_nsec / 1000000) % 1000u);
}

void clock_day(char out[static 11])
{
    clock_day_in(0, out);
}

void clock_day_in(int days, char out[static 11])
{
    time_t shanghai = time(NULL) + 8 * 3600 + (time_t)days * 86400;
    struct tm day;
    gmtime_r(&shanghai, &day);
    strftime(out, 11, "%Y-%m-%d", &day);
}
