/* One JSON object per line on stderr. Programs log, libraries return. Never a code, token, password, number
   or name of a person. */
#ifndef GUILD_LOG_H
#define GUILD_LOG_H

#include "loop.h"
#include <stdint.h>

/* Not LOG_…: syslog.h, which czmq.h brings, has those. */
enum log_level { LOGGED_DEBUG, LOGGED_INFO, LOGGED_WARNING, LOGGED_ERROR };

/* Once, before any thread: the process's name in each line, and the least level written. */
void log_start(const char *service, const char *instance, enum log_level least);

/* A line with a message and the fields given as printf-made text values:
       log_line(LOGGED_INFO, "drained", "waited_ms=%d", 12);
   The format is a list of name=value pairs separated by spaces; a value in single quotes may hold spaces.
   Each pair becomes a JSON string or, where it is a number, a JSON number. */
void log_line(enum log_level level, const char *message, const char *pairs, ...)
    __attribute__((format(printf, 3, 4)));

/* From now on lines are written together, 50 ms late at most: a write for each request wakes whoever reads the pipe.
   A warning or an error, and all before it, is written at once. */
void log_hold(struct loop *loop);
void log_flush(void);

#endif
