/* The token of a link to renew by (D.3), as a reminder carries it: a random number and 96 bits of a keyed BLAKE2b over it, in
   base64url; 27 characters, for text messages. It tells nothing of anybody and logs nobody in: whose it is, until when, and
   whether it was used is the row's to say (renewal_link). A forged one asks the database nothing. */
#ifndef GUILD_PAYMENT_RENEWAL_LINK_H
#define GUILD_PAYMENT_RENEWAL_LINK_H

#include "secret.h"

enum { RENEWAL_TOKEN_SIZE = 28 }; /* with its NUL */

/* A new number, above zero, and its token. */
int64_t renewal_link_new(const struct keyring *keys, char out[static RENEWAL_TOKEN_SIZE]);

/* The number of a token that one of the keys made; 0: none did. */
int64_t renewal_link_number(const struct keyring *keys, const char *token);

#endif
