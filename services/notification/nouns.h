/* The tables of this service's nouns, and what its main opens for them. */
#ifndef GUILD_NOTIFICATION_NOUNS_H
#define GUILD_NOTIFICATION_NOUNS_H

#include "call.h"
#include "secret.h"
#include "work.h"

struct sender;

struct notification {
    struct keyring *event_keys; /* events, and texts that wait to be sent */
    struct sender *sms, *mail;
};

extern const struct op message_ops[];
extern const struct op event_ops[];

#endif
