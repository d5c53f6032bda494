/* The sender: takes waiting deliveries with a lease, hands each to the SMS provider in an actor, writes down what
   became of it. */
#ifndef GUILD_NOTIFICATION_SENDER_H
#define GUILD_NOTIFICATION_SENDER_H

#include "secret.h"
#include "service.h"
#include "sms.h"

struct sender;

struct sender *sender_new(struct service_run *run, const struct keyring *keys,
                          const struct sms_provider *provider);
void sender_destroy(struct sender **self);

/* Something may wait: look at once. */
void sender_ring(struct sender *sender);

#endif
