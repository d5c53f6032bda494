/* Keys and what is done with them (libsodium). Keys come from files that only their owner may read:
   a keyring is a file of lines `id:64 hex digits`; the first seals, all of them open. A key is rotated by putting a new
   line on top; an old line may go when nothing sealed with it is left. sodium_init comes first. */
#ifndef GUILD_SECRET_H
#define GUILD_SECRET_H

#include "arena.h"
#include "status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SECRET_KEY_BYTES = 32, SECRET_PART_BYTES = 256 * 1024 };

struct keyring;

/* NULL when the file is absent, readable by others, or is no list of 1 to 8 keys with different ids of at most 16
   bytes; `ret_why` then says so. Keys are locked in memory and wiped at the end. Lines that begin with # say nothing. */
struct keyring *keyring_load(const char *path, const char **ret_why);
void keyring_destroy(struct keyring **self);

/* A file of one line of hex, exactly `size` bytes of it, into `out`. false: it is not so, or others may read it. */
bool secret_load_hex(const char *path, unsigned char *out, size_t size);
/* The same of a public key: others may read it, but not write it. */
bool secret_load_public_hex(const char *path, unsigned char *out, size_t size);

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

/* A file sealed in parts of 256 KiB under its own random key, which the keyring wraps; to forget the first bytes is to
   forget the file. `aad` names the file and its owner. `malloc`ed; NULL: no memory. */
void *secret_seal_file(const struct keyring *keys, const char *aad, const void *data, size_t size,
                       size_t *ret_size);

/* Gives `size` bytes at `offset` of the sealed file. */
typedef enum status secret_read_fn(void *source, uint64_t offset, void *out, size_t size);

/* Opens one part of a file that had `file_size` bytes. `out` holds SECRET_PART_BYTES. NOT_FOUND: no such part; INTERNAL:
   wrong key, place or size, or altered; what `read_at` fails with is passed on. */
enum status secret_open_part(const struct keyring *keys, const char *aad, secret_read_fn *read_at,
                             void *source, size_t file_size, uint32_t part, unsigned char *out,
                             size_t *ret_size) MUST_CHECK;

/* Keyed BLAKE2b-256 with the ring's first key: codes, peppers, blind indexes. `domain` keeps uses apart. */
void secret_mac(const struct keyring *keys, const char *domain, const void *data, size_t size,
                unsigned char out[static 32]);
/* The same with the nth key, for what was made before a rotation. false: there are not so many. */
bool secret_mac_nth(const struct keyring *keys, size_t nth, const char *domain, const void *data,
                    size_t size, unsigned char out[static 32]);

/* `bytes` of randomness, at most 64, as hex; `out` holds 2 * bytes + 1. */
void secret_random_hex(char *out, size_t bytes);

#endif
