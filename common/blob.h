/* Where file contents lie: a folder here, an S3-compatible store later, behind these five functions. Blobs never
   change: an id is written once. */
#ifndef GUILD_BLOB_H
#define GUILD_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct blob_store;

/* The folder is made if absent. NULL: it cannot be written. */
struct blob_store *blob_open(const char *folder);
void blob_close(struct blob_store **self);

/* Ids are 8 to 64 characters of [0-9a-z.-], beginning with two hex digits. */
bool blob_put(struct blob_store *store, const char *id, const void *data, size_t size);
/* Exactly `size` bytes from `offset`; false: not there, or shorter. */
bool blob_get(struct blob_store *store, const char *id, uint64_t offset, void *out, size_t size);
/* Size in bytes, or -1. */
int64_t blob_stat(struct blob_store *store, const char *id);
/* false: it was not there. */
bool blob_delete(struct blob_store *store, const char *id);
/* Calls `found` for each blob older than `age_s` seconds. */
void blob_list(struct blob_store *store, int64_t age_s, void (*found)(void *owner, const char *id),
               void *owner);

#endif
