/* Keys and what is done with them (libsodium). Keys come from files that only their owner may read:
   a keyring is a file of lines `id:64 hex digits`; the first seals, all of them open (rotation). */
#ifndef GUILD_SECRET_H
#define GUILD_SECRET_H

#include "arena.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SECRET_KEY_BYTES = 32, SECRET_PART_BYTES = 256 * 1024 };

struct keyring;

/* NULL when the file is absent, readable by others, or holds no key; `ret_why` then says so. Keys are locked in
   memory and wiped at the end. */
struct keyring *keyring_load(const char *path, const char **ret_why);
void keyring_destroy(struct keyring **self);

/* A file of one line of hex into `out`; false: not so. */
bool secret_load_hex(const char *path, unsigned char *out, size_t size);

/* Seals `data` (XChaCha20-Poly1305; the key's id stands in front). `aad` names the place it belongs to,
   "table|column|row": sealed text moved elsewhere does not open. Arena memory. */
void *secret_seal(const struct keyring *keys, const char *aad, const void *data, size_t size,
                  struct arena *arena, size_t *ret_size);
/* NULL: wrong key, place or content. The result is NUL-terminated behind its size. */
void *secret_open(const struct keyring *keys, const char *aad, const void *sealed, size_t size,
                  struct arena *arena, size_t *ret_size);

/* The same for a text, as base64, to stand in JSON. */
char *secret_seal_text(const struct keyring *keys, const char *aad, const char *text,
                       struct arena *arena);
char *secret_open_text(const struct keyring *keys, const char *aad, const char *sealed,
                       struct arena *arena);

/* A file sealed in parts of 256 KiB under its own random key, which the keyring wraps. `malloc`ed; NULL: no memory. */
void *secret_seal_file(const struct keyring *keys, const char *aad, const void *data, size_t size,
                       size_t *ret_size);

/* Opens one part. `pread_at` gives bytes of the sealed file. Returns the part's size, or -1. `out` holds
   SECRET_PART_BYTES. */
typedef bool secret_read_fn(void *source, uint64_t offset, void *out, size_t size);
long secret_open_part(const struct keyring *keys, const char *aad, secret_read_fn *read_at,
                      void *source, size_t file_size, uint32_t part, unsigned char *out);

/* Keyed BLAKE2b-256 with the ring's first key: codes, peppers, blind indexes. `domain` keeps uses apart. */
void secret_mac(const struct keyring *keys, const char *domain, const void *data, size_t size,
                unsigned char out[static 32]);

/* `bytes` of randomness as hex; `out` holds 2 * bytes + 1. */
void secret_random_hex(char *out, size_t bytes);

#endif
