/* How a text message leaves. A provider is a row in sms.c; the setting GUILD_SMS_PROVIDER chooses it. */
#ifndef GUILD_NOTIFICATION_SMS_H
#define GUILD_NOTIFICATION_SMS_H

#include <stdbool.h>
#include <stddef.h>

struct sms_provider {
    const char *name;
    bool sends; /* false: messages are written down as suppressed */
    bool in_production;
    /* Blocks; runs in an actor. false: not taken by the provider, `error` says why. */
    bool (*send)(const char *phone, const char *text, char *error, size_t size);
};

/* NULL: no provider of that name. */
const struct sms_provider *sms_provider_find(const char *name);

/* The development provider appends one JSON line a message to FOLDER/sms.jsonl: {"at","phone","text"}. */
void sms_development_folder(const char *folder);

#endif
