/* The relay: events that stand in this service's outbox go to their subscribers over the bus, sealed, again and again
   until acknowledged (their DeliverEvent answers OK, or CONFLICT: it had the event before). Several instances share one outbox: each takes rows with a
   lease. Looks once a second, and at once when rung. A subscriber that fails is asked again after 1 s, 2 s … 60 s. */
#ifndef GUILD_OUTBOX_H
#define GUILD_OUTBOX_H

#include "bus.h"
#include "service.h"

struct outbox;

/* How a subscriber is called: bus_call, or a test. `done` runs exactly once. */
typedef void outbox_call_fn(void *bus, const char *service, const char *method, const void *payload,
                            size_t size, uint64_t timeout_ms, bus_call_done_fn *done, void *owner);

/* `subscriptions` ends with {NULL}; an event that several services take is done when all have it. The event key
   comes from the setting GUILD_EVENT_KEY_FILE; a key that does not load ends the process. */
struct outbox *outbox_new(struct service_run *run, const struct subscription *subscriptions,
                          outbox_call_fn *call, void *bus);
/* When the loop has ended, before the bus and the database go. */
void outbox_destroy(struct outbox **self);

/* A batch may have written events: look at once. */
void outbox_ring(struct outbox *outbox);

#endif
