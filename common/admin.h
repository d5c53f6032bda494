/* The admin door of a process, on its reactor: GET /healthz (the loop turns), /readyz (it can do its work), /metrics.
   For operators and their tools; never the public's. */
#ifndef GUILD_ADMIN_H
#define GUILD_ADMIN_H

#include "loop.h"
#include <stdbool.h>
#include <stddef.h>

struct admin;

/* `where`: a socket's path, 127.0.0.1:port, or "" for none. A place that cannot be had ends the process with words.
   `describe` (may be NULL) adds lines for a person to what /readyz answers; `refresh` may set gauges before /metrics is
   answered. All callbacks run in the loop. */
struct admin *admin_new(struct loop *loop, const char *where, bool (*is_ready)(void *owner),
                        void (*describe)(void *owner, char *out, size_t size),
                        void (*refresh)(void *owner), void *owner);
void admin_destroy(struct admin **self);

#endif
