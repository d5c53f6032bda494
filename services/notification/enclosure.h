/* The file that a message encloses, fetched from the service that keeps it. */
#ifndef GUILD_NOTIFICATION_ENCLOSURE_H
#define GUILD_NOTIFICATION_ENCLOSURE_H

#include "service.h"

struct enclosure {
    unsigned char *bytes; /* malloc; the taker's */
    size_t size;
    char name[300], type[100];
};
/* Runs exactly once; `enclosure` is NULL when the file was not got. */
typedef void enclosure_fn(void *owner, struct enclosure *enclosure);

void enclosure_fetch(struct service_run *run, const char *file_id, enclosure_fn *done, void *owner);

#endif
