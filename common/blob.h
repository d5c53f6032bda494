/* Where file contents lie: a folder here, an S3-compatible store later, behind these five functions. A blob never
   changes: an id is written once, and what was acknowledged is on the disk.

   Ids are 32 hex digits (128 random bits: secret_random_hex), with an ending of a dot and at most seven small letters
   where several blobs belong together: "….t". Anything else is NOT_FOUND, or CONFLICT to blob_put. Several processes
   may share the folder. Blocks: for actors. */
#ifndef GUILD_BLOB_H
#define GUILD_BLOB_H

#include "status.h"
#include <stddef.h>
#include <stdint.h>

struct blob_store;

/* The folder is made if absent. NULL: it cannot be written. */
struct blob_store *blob_open(const char *folder);
void blob_close(struct blob_store **self);

/* All of it or nothing, also over a crash. CONFLICT: the id is taken. UNAVAILABLE: not stored (disk full, failing). */
enum status blob_put(struct blob_store *store, const char *id, const void *data,
                     size_t size) MUST_CHECK;
/* Exactly `size` bytes from `offset`. NOT_FOUND: no such blob, or it is shorter. */
enum status blob_get(struct blob_store *store, const char *id, uint64_t offset, void *out,
                     size_t size) MUST_CHECK;
/* Size in bytes. */
enum status blob_stat(struct blob_store *store, const char *id, uint64_t *ret_size) MUST_CHECK;
enum status blob_delete(struct blob_store *store, const char *id) MUST_CHECK;

/* Calls `found` for each blob older than `age_s` seconds, in no order; it may delete what it is told. What a crash
   left half written is among them, as "….part": it belongs to nobody and may go. */
enum status blob_list(struct blob_store *store, int64_t age_s,
                      void (*found)(void *owner, const char *id), void *owner) MUST_CHECK;

#endif
