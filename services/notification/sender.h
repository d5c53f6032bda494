/* A sender of one channel: takes waiting deliveries with a lease, hands each to the provider in an actor, writes down what
   became of it. */
#ifndef GUILD_NOTIFICATION_SENDER_H
#define GUILD_NOTIFICATION_SENDER_H

#include "provider.h"
#include "secret.h"
#include "service.h"

struct sender;

/* `channel` is SMS or MAIL. */
struct sender *sender_new(struct service_run *run, const struct keyring *keys, const char *channel,
                          const struct provider *provider);
void sender_destroy(struct sender **self);

/* Something may wait: look at once. */
void sender_ring(struct sender *sender);

#endif
