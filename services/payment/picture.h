/* A picture of the association's, as documents draw it. */
#ifndef GUILD_PAYMENT_PICTURE_H
#define GUILD_PAYMENT_PICTURE_H

#include "files.h"

/* `size` 0: the association gave none. */
struct picture {
    const char *id;
    int64_t owner;
    size_t size;
    unsigned char *bytes; /* JPEG, once it is loaded */
};

/* From the row's picture_id, picture_owner and picture_bytes, with room for the content in the arena. */
struct picture picture_from(const struct rows *row, struct arena *arena);
/* For actors. Without a picture nothing is done. */
enum status picture_load(struct file_store *store, const struct picture *picture) MUST_CHECK;

#endif
