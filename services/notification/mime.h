/* An e-mail as text: UTF-8 in base64, with a file or without (RFC 5322, 2045, 2046, 2047, 2231). */
#ifndef GUILD_NOTIFICATION_MIME_H
#define GUILD_NOTIFICATION_MIME_H

#include "provider.h"

/* The text of the message (malloc), lines ending in CR LF; NULL: an address or a name has control characters, or there is no
   memory. `from` is "name <address>" or an address; `name` and `id` say who sends and which message it is. */
char *mime_make(const struct letter *letter, const char *from_name, const char *from_address,
                const char *id, size_t *ret_size);

#endif
