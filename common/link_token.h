/* Tokens of links that go out in text messages and e-mails: a random number, and part of a keyed BLAKE2b over it, in base64url. They tell
   nothing of anybody and log nobody in: what a link is good for, until when, and whether it was used is to be kept by whoever
   made it, under its number. A forged one asks the database nothing. */
#ifndef GUILD_LINK_TOKEN_H
#define GUILD_LINK_TOKEN_H

#include "call.h"
#include "secret.h"

struct link_kind {
    const char *domain;  /* keeps the kinds apart */
    size_t number_bytes; /* 1 to 8 */
    size_t
        signature_bytes; /* with these at most 20 bytes, a multiple of three leaves nothing unused */
};

enum { LINK_TOKEN_SIZE = 28 }; /* at most, with its NUL */

/* Binds `count` new numbers as :link_ids, none of them zero, and their tokens as :link_tokens. */
void link_tokens_set(struct call *c, const struct keyring *keys, const struct link_kind *kind,
                     size_t count);

/* The number of a token that one of the keys made; 0: none did. */
int64_t link_token_number(const struct keyring *keys, const struct link_kind *kind,
                          const char *token);

#endif
