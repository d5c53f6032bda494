#include "log.h"

#include "clock.h"
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HELD_MS = 50 };

static struct {
    char service[32], instance[40];
    enum log_level least;
    pthread_mutex_t lock; /* of what is held */
    bool holds;
    char held[32 * 1024];
    size_t size;
} logger = {.service = "guild", .least = LOGGED_INFO, .lock = PTHREAD_MUTEX_INITIALIZER};

struct line {
    char text[4096];
    size_t size;
};

static void write_held(void)
{
    for (size_t at = 0; at < logger.size;) {
        ssize_t some = write(STDERR_FILENO, logger.held + at, logger.size - at);
        if (some < 0 && errno == EINTR)
            continue;
        if (some <= 0)
            break; /* nowhere to tell it */
        at += (size_t)some;
    }
    logger.size = 0;
}

static void line_raw(struct line *line, const char *text, size_t size)
{
    size_t left = sizeof line->text - 8 - line->size; /* the closing always fits */
    if (size > left)
        size = left;
    memcpy(line->text + line->size, text, size);
    line->size += size;
}

static void line_string(struct line *line, const char *text, size_t size)
{
    line_raw(line, "\"", 1);
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        char escaped[8];
        if (c == '"' || c == '\\')
            line_raw(line, escaped, (size_t)snprintf(escaped, sizeof escaped, "\\%c", c));
        else if (c < 0x20 || c == 0x7f)
            line_raw(line, escaped, (size_t)snprintf(escaped, sizeof escaped, "\\u%04x", c));
        else
            line_raw(line, text + i, 1);
    }
    line_raw(line, "\"", 1);
}

static void line_pair(struct line *line, const char *name, const char *value)
{
    line_raw(line, ",", 1);
    line_string(line, name, strlen(name));
    line_raw(line, ":", 1);
    line_string(line, value, strlen(value));
}

static bool is_number(const char *text, size_t size)
{
    size_t digits = strspn(text, "0123456789");
    return size > 0 && size < 16 && digits >= size && (text[0] != '0' || size == 1);
}

/* name=value name='a b' … */
static void line_pairs(struct line *line, const char *at)
{
    while (*(at += strspn(at, " ")) != '\0') {
        size_t name = strcspn(at, "= ");
        if (at[name] != '=')
            return;
        const char *value = at + name + 1;
        bool quoted = *value == '\'';
        value += quoted;
        size_t size = strcspn(value, quoted ? "'" : " ");
        line_raw(line, ",", 1);
        line_string(line, at, name);
        line_raw(line, ":", 1);
        if (!quoted && is_number(value, size))
            line_raw(line, value, size);
        else
            line_string(line, value, size);
        at = value + size + (quoted && value[size] == '\'');
    }
}

void log_start(const char *service, const char *instance, enum log_level least)
{
    snprintf(logger.service, sizeof logger.service, "%s", service);
    snprintf(logger.instance, sizeof logger.instance, "%s", instance);
    logger.least = least;
}

void log_line(enum log_level level, const char *message, const char *pairs, ...)
{
    static const char *const levels[] = {"debug", "info", "warning", "error"};
    if (level < logger.least)
        return;

    char now[25], values[2048];
    va_list list;
    va_start(list, pairs);
    vsnprintf(values, sizeof values, pairs, list);
    va_end(list);
    clock_utc_text(now);

    struct line line = {.size = 0};
    line_raw(&line, "{\"at\":", 6);
    line_string(&line, now, strlen(now));
    line_pair(&line, "level", levels[level]);
    line_pair(&line, "service", logger.service);
    line_pair(&line, "instance", logger.instance);
    line_pair(&line, "message", message);
    line_pairs(&line, values);
    memcpy(line.text + line.size, "}\n", 2);
    line.size += 2;

    pthread_mutex_lock(&logger.lock);
    if (logger.size + line.size > sizeof logger.held)
        write_held();
    memcpy(logger.held + logger.size, line.text, line.size);
    logger.size += line.size;
    if (!logger.holds || level >= LOGGED_WARNING)
        write_held();
    pthread_mutex_unlock(&logger.lock);
}

void log_flush(void)
{
    pthread_mutex_lock(&logger.lock);
    write_held();
    pthread_mutex_unlock(&logger.lock);
}

static void on_flush(void *nothing)
{
    (void)nothing;
    log_flush();
}

void log_hold(struct loop *loop)
{
    logger.holds = true;
    loop_add_timer(loop, HELD_MS, on_flush, NULL);
    atexit(log_flush);
}
