#include "secret.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    KEYS_MAX = 8,
    ID_MAX = 16,
    VERSION = 1,
    NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    HEAD_SIZE = 2,
    HEAD_MAX = 2 + ID_MAX + NONCE + SECRET_KEY_BYTES + TAG,
};

struct key {
    char id[ID_MAX + 1];
    unsigned char bytes[SECRET_KEY_BYTES];
};

struct keyring {
    size_t count;
    struct key keys[KEYS_MAX];
};

/* ---- files of keys; read without stdio, whose buffers nobody wipes */

/* The whole file with a NUL; false: absent, longer than `room`, or open to others as `forbidden` says. */
static bool read_text(const char *path, mode_t forbidden, char *out, size_t room,
                      const char **ret_why)
{
    struct stat status;
    ssize_t size = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *ret_why = "cannot be read";
    if (fd >= 0 && fstat(fd, &status) == 0) {
        if ((status.st_mode & forbidden) == 0)
            size = read(fd, out, room - 1);
        else
            *ret_why = "is open to others: chmod 600";
    }
    if (fd >= 0)
        close(fd);
    if (size < 0 || (size_t)size == room - 1)
        return false;
    out[size] = '\0';
    return true;
}

static const struct key *key_find(const struct keyring *keys, const void *id, size_t size)
{
    for (size_t i = 0; i < keys->count; i++)
        if (strlen(keys->keys[i].id) == size && memcmp(keys->keys[i].id, id, size) == 0)
            return &keys->keys[i];
    return NULL;
}

static bool hex_read(const char *hex, unsigned char *out, size_t size)
{
    size_t made = 0;
    return strlen(hex) == 2 * size &&
           sodium_hex2bin(out, size, hex, 2 * size, NULL, &made, NULL) == 0 && made == size;
}

static bool key_read(struct keyring *keys, const char *line)
{
    struct key *key = &keys->keys[keys->count];
    const char *colon = strchr(line, ':');
    size_t id = colon == NULL ? 0 : (size_t)(colon - line);
    if (id == 0 || id > ID_MAX || keys->count == KEYS_MAX || key_find(keys, line, id) != NULL)
        return false;
    memcpy(key->id, line, id);
    keys->count++;
    return hex_read(colon + 1, key->bytes, sizeof key->bytes);
}

static bool keys_read(struct keyring *keys, char *text, const char **ret_why)
{
    char *rest = NULL;
    for (char *line = strtok_r(text, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest))
        if (line[0] != '#' && !key_read(keys, line)) {
            *ret_why = "has a line that is no key, or a ninth, or one of the same id";
            return false;
        }
    *ret_why = "holds no key";
    return keys->count > 0;
}

struct keyring *keyring_load(const char *path, const char **ret_why)
{
    char text[4096];
    struct keyring *keys = sodium_malloc(sizeof *keys); /* locked, guarded, wiped when freed */
    if (keys == NULL)
        abort();
    memset(keys, 0, sizeof *keys);
    if (!read_text(path, 077, text, sizeof text, ret_why) || !keys_read(keys, text, ret_why))
        keyring_destroy(&keys);
    sodium_memzero(text, sizeof text);
    return keys;
}

void keyring_destroy(struct keyring **self)
{
    sodium_free(*self);
    *self = NULL;
}

static bool load_hex(const char *path, mode_t forbidden, unsigned char *out, size_t size)
{
    char text[512];
    const char *why;
    bool good = read_text(path, forbidden, text, sizeof text, &why);
    if (good) {
        text[strcspn(text, "\r\n")] = '\0';
        good = hex_read(text, out, size);
    }
    sodium_memzero(text, sizeof text);
    return good;
}

bool secret_load_hex(const char *path, unsigned char *out, size_t size)
{
    return load_hex(path, 077, out, size);
}

bool secret_load_public_hex(const char *path, unsigned char *out, size_t size)
{
    return load_hex(path, 022, out, size);
}

/* ---- fields: version, size of id, id, nonce, ciphertext with tag */

void *secret_seal(const struct keyring *keys, const char *aad, const void *data, size_t size,
                  struct arena *arena, size_t *ret_size)
{
    const struct key *key = &keys->keys[0];
    size_t id = strlen(key->id);
    unsigned char *out = arena_alloc(arena, 2 + id + NONCE + size + TAG);
    unsigned char *nonce = out + 2 + id;
    out[0] = VERSION;
    out[1] = (unsigned char)id;
    memcpy(out + 2, key->id, id);
    randombytes_buf(nonce, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + NONCE, NULL, data, size,
                                               (const unsigned char *)aad, strlen(aad), NULL, nonce,
                                               key->bytes);
    *ret_size = 2 + id + NONCE + size + TAG;
    return out;
}

void *secret_open(const struct keyring *keys, const char *aad, const void *sealed, size_t size,
                  struct arena *arena, size_t *ret_size)
{
    const unsigned char *in = sealed;
    if (size < 2 || in[0] != VERSION || size < 2u + in[1] + NONCE + TAG)
        return NULL;
    const struct key *key = key_find(keys, in + 2, in[1]);
    const unsigned char *nonce = in + 2 + in[1];
    size_t left = size - (size_t)(nonce - in) - NONCE;
    if (key == NULL)
        return NULL;
    unsigned char *out = arena_alloc(arena, left + 1);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, nonce + NONCE, left,
                                                   (const unsigned char *)aad, strlen(aad), nonce,
                                                   key->bytes) != 0)
        return NULL;
    *ret_size = left - TAG;
    out[left - TAG] = '\0';
    return out;
}

char *secret_seal_text(const struct keyring *keys, const char *aad, const char *text,
                       struct arena *arena)
{
    size_t size = 0;
    const void *sealed = secret_seal(keys, aad, text, strlen(text), arena, &size);
    size_t room = sodium_base64_encoded_len(size, sodium_base64_VARIANT_ORIGINAL);
    return sodium_bin2base64(arena_alloc(arena, room), room, sealed, size,
                             sodium_base64_VARIANT_ORIGINAL);
}

char *secret_open_text(const struct keyring *keys, const char *aad, const char *sealed,
                       struct arena *arena)
{
    size_t room = strlen(sealed), size = 0, opened = 0;
    unsigned char *bytes = arena_alloc(arena, room + 1);
    if (sodium_base642bin(bytes, room, sealed, room, NULL, &size, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return NULL;
    return secret_open(keys, aad, bytes, size, arena, &opened);
}

/* ---- files: two bytes of size, the sealed file key, then parts; a part's nonce is its number, its AAD the file's
   name with number and number of parts, so that parts are neither swapped nor cut off */

static void part_nonce(uint32_t part, unsigned char nonce[static NONCE])
{
    memset(nonce, 0, NONCE);
    for (int i = 0; i < 4; i++)
        nonce[i] = (unsigned char)(part >> 8 * i);
}

static const char *part_aad(struct arena *arena, const char *aad, uint32_t part, uint32_t parts)
{
    return arena_printf(arena, "%s|%u|%u", aad, part, parts);
}

static uint32_t parts_of(size_t size)
{
    return (uint32_t)((size + SECRET_PART_BYTES - 1) / SECRET_PART_BYTES);
}

static size_t part_size(size_t file_size, uint32_t part)
{
    size_t left = file_size - (size_t)part * SECRET_PART_BYTES;
    return left < SECRET_PART_BYTES ? left : SECRET_PART_BYTES;
}

static void seal_parts(const unsigned char *key, const char *aad, const unsigned char *data,
                       size_t size, struct arena *arena, unsigned char *out)
{
    unsigned char nonce[NONCE];
    for (uint32_t part = 0, parts = parts_of(size); part < parts; part++) {
        size_t some = part_size(size, part);
        const char *place = part_aad(arena, aad, part, parts);
        part_nonce(part, nonce); /* never twice: the key is this file's alone */
        crypto_aead_xchacha20poly1305_ietf_encrypt(
            out, NULL, data, some, (const unsigned char *)place, strlen(place), NULL, nonce, key);
        data += some;
        out += some + TAG;
    }
}

void *secret_seal_file(const struct keyring *keys, const char *aad, const void *data, size_t size,
                       size_t *ret_size)
{
    unsigned char key[SECRET_KEY_BYTES];
    size_t head = 0;
    struct arena *arena = arena_new(0);

    randombytes_buf(key, sizeof key);
    const void *sealed_key = secret_seal(keys, aad, key, sizeof key, arena, &head);
    size_t sealed_size = HEAD_SIZE + head + size + (size_t)parts_of(size) * TAG;
    unsigned char *out = malloc(sealed_size);
    if (out != NULL) {
        out[0] = (unsigned char)(head & 0xff);
        out[1] = (unsigned char)(head >> 8);
        memcpy(out + HEAD_SIZE, sealed_key, head);
        seal_parts(key, aad, data, size, arena, out + HEAD_SIZE + head);
        *ret_size = sealed_size;
    }
    sodium_memzero(key, sizeof key);
    arena_destroy(&arena);
    return out;
}

static enum status open_part(const struct keyring *keys, const char *aad, secret_read_fn *read_at,
                             void *source, size_t size, uint32_t part, struct arena *arena,
                             unsigned char *out)
{
    unsigned char head[HEAD_MAX], nonce[NONCE];
    size_t key_size = 0, some = part_size(size, part);
    enum status status = read_at(source, 0, head, HEAD_SIZE);
    if (status != STATUS_OK)
        return status;
    size_t head_size = (size_t)head[0] | (size_t)head[1] << 8;
    if (head_size > sizeof head)
        return STATUS_INTERNAL;
    if ((status = read_at(source, HEAD_SIZE, head, head_size)) != STATUS_OK)
        return status;
    unsigned char *key = secret_open(keys, aad, head, head_size, arena, &key_size);
    if (key == NULL || key_size != SECRET_KEY_BYTES)
        return STATUS_INTERNAL;

    unsigned char *sealed = arena_alloc(arena, some + TAG);
    const char *place = part_aad(arena, aad, part, parts_of(size));
    uint64_t offset = HEAD_SIZE + head_size + (uint64_t)part * (SECRET_PART_BYTES + TAG);
    part_nonce(part, nonce);
    status = read_at(source, offset, sealed, some + TAG);
    if (status == STATUS_OK && crypto_aead_xchacha20poly1305_ietf_decrypt(
                                   out, NULL, NULL, sealed, some + TAG,
                                   (const unsigned char *)place, strlen(place), nonce, key) != 0)
        status = STATUS_INTERNAL;
    sodium_memzero(key, key_size);
    return status;
}

enum status secret_open_part(const struct keyring *keys, const char *aad, secret_read_fn *read_at,
                             void *source, size_t file_size, uint32_t part, unsigned char *out,
                             size_t *ret_size)
{
    if (part >= parts_of(file_size))
        return STATUS_NOT_FOUND;
    struct arena *arena = arena_new(0);
    enum status status = open_part(keys, aad, read_at, source, file_size, part, arena, out);
    arena_destroy(&arena);
    if (status == STATUS_OK)
        *ret_size = part_size(file_size, part);
    return status;
}

/* ---- the rest */

bool secret_mac_nth(const struct keyring *keys, size_t nth, const char *domain, const void *data,
                    size_t size, unsigned char out[static 32])
{
    crypto_generichash_state state;
    if (nth >= keys->count)
        return false;
    crypto_generichash_init(&state, keys->keys[nth].bytes, SECRET_KEY_BYTES, 32);
    crypto_generichash_update(&state, (const unsigned char *)domain, strlen(domain) + 1);
    crypto_generichash_update(&state, data, size);
    crypto_generichash_final(&state, out, 32);
    sodium_memzero(&state, sizeof state);
    return true;
}

void secret_mac(const struct keyring *keys, const char *domain, const void *data, size_t size,
                unsigned char out[static 32])
{
    secret_mac_nth(keys, 0, domain, data, size, out);
}

void secret_random_hex(char *out, size_t bytes)
{
    unsigned char data[64];
    if (bytes > sizeof data)
        abort();
    randombytes_buf(data, bytes);
    sodium_bin2hex(out, 2 * bytes + 1, data, bytes);
}
