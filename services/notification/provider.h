/* How messages leave. A provider is a row in sms.c or mail.c; a setting chooses it. */
#ifndef GUILD_NOTIFICATION_PROVIDER_H
#define GUILD_NOTIFICATION_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>

/* What goes out: a text message has an address (the phone) and a text, an e-mail a subject, too, and perhaps a file. */
struct letter {
    const char *address, *text, *subject;
    const char *file_name, *file_type; /* of `file` */
    const void *file;                  /* NULL: there is none */
    size_t file_size;
};

struct provider {
    const char *name;
    bool sends; /* false: messages are written down as suppressed */
    bool in_production;
    /* Blocks; runs in an actor. false: not taken by the provider, `error` says why. */
    bool (*send)(const struct letter *letter, char *error, size_t size);
};

/* Tables that end with an empty row. */
extern const struct provider sms_providers[], mail_providers[];

/* NULL: no provider of that name. */
const struct provider *provider_find(const struct provider *table, const char *name);

/* The folder of the development providers: text messages are lines of FOLDER/sms.jsonl, {"at","phone","text"}; each e-mail is a
   file FOLDER/NAME.eml. */
void provider_development_folder(const char *folder);
const char *provider_folder(void);

#endif
