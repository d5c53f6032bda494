/* An event on its way from one service to another: sealed with the services' event key, bound to its source and
   number, so that only services can make or read one and none passes for another. */
#ifndef GUILD_EVENT_H
#define GUILD_EVENT_H

#include "arena.h"
#include "common.pb-c.h"
#include "secret.h"
#include <stdbool.h>

struct event {
    const char *name;    /* "application.submitted" */
    const char *payload; /* a JSON object, as the outbox had it */
};

/* The packed common.DeliverEventRequest, in arena memory. */
void *event_seal(const struct keyring *keys, const char *source, const char *event_id,
                 const struct event *event, struct arena *arena, size_t *ret_size);

/* false: not sealed with these keys, for this source and number, or no event. Results are in arena memory. */
bool event_open(const struct keyring *keys, const Common__DeliverEventRequest *request,
                struct arena *arena, struct event *ret_event);

/* A member of the payload as text: strings as they are, numbers and truths as JSON writes them; NULL: not there, or
   null, or no scalar. */
const char *event_text(const struct event *event, const char *member, struct arena *arena);

#endif
