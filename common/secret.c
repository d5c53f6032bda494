#include "secret.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
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
};

struct key {
    char id[ID_MAX + 1];
    unsigned char bytes[SECRET_KEY_BYTES];
};

struct keyring {
    size_t count;
    struct key keys[KEYS_MAX];
};

/* ---- files of keys */

static FILE *open_private(const char *path, const char **ret_why)
{
    struct stat status;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        *ret_why = "cannot be read";
        return NULL;
    }
    if (fstat(fileno(file), &status) != 0 || (status.st_mode & 077) != 0) {
        *ret_why = "may be read by others: chmod 600";
        fclose(file);
        return NULL;
    }
    return file;
}

static bool key_parse(char *line, struct key *key)
{
    char *colon = strchr(line, ':');
    size_t size = 0;
    line[strcspn(line, "\r\n")] = '\0';
    if (colon == NULL || colon == line || colon - line > ID_MAX)
        return false;
    *colon = '\0';
    memcpy(key->id, line, (size_t)(colon - line) + 1);
    return sodium_hex2bin(key->bytes, sizeof key->bytes, colon + 1, strlen(colon + 1), NULL, &size,
                          NULL) == 0 &&
           size == SECRET_KEY_BYTES;
}

struct keyring *keyring_load(const char *path, const char **ret_why)
{
    char line[160];
    FILE *file = open_private(path, ret_why);
    if (file == NULL)
        return NULL;
    struct keyring *keys = sodium_malloc(sizeof *keys); /* locked, guarded, wiped when freed */
    if (keys == NULL)
        abort();
    memset(keys, 0, sizeof *keys);
    *ret_why = "holds no key";
    while (keys->count < KEYS_MAX && fgets(line, sizeof line, file) != NULL) {
        if (line[0] == '#' || line[0] == '\n')
            continue;
        if (!key_parse(line, &keys->keys[keys->count])) {
            *ret_why = "has a line that is no key";
            keys->count = 0;
            break;
        }
        keys->count++;
    }
    sodium_memzero(line, sizeof line);
    fclose(file);
    if (keys->count == 0)
        sodium_free(keys);
    return keys->count == 0 ? NULL : keys;
}

void keyring_destroy(struct keyring **self)
{
    sodium_free(*self);
    *self = NULL;
}

bool secret_load_hex(const char *path, unsigned char *out, size_t size)
{
    char text[512] = "";
    size_t made = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    bool read = fgets(text, sizeof text, file) != NULL;
    fclose(file);
    text[strcspn(text, "\r\n")] = '\0';
    bool good = read && sodium_hex2bin(out, size, text, strlen(text), NULL, &made, NULL) == 0 &&
                made == size;
    sodium_memzero(text, sizeof text);
    return good;
}

static const struct key *key_find(const struct keyring *keys, const unsigned char *id, size_t size)
{
    for (size_t i = 0; i < keys->count; i++)
        if (strlen(keys->keys[i].id) == size && memcmp(keys->keys[i].id, id, size) == 0)
            return &keys->keys[i];
    return NULL;
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
    unsigned char *out = arena_alloc(arena, left + 1);
    if (key == NULL || crypto_aead_xchacha20poly1305_ietf_decrypt(
                           out, NULL, NULL, nonce + NONCE, left, (const unsigned char *)aad,
                           strlen(aad), nonce, key->bytes) != 0)
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
    memcpy(nonce, &part, sizeof part);
}

static size_t part_aad(char *out, size_t room, const char *aad, uint32_t part, uint32_t parts)
{
    return (size_t)snprintf(out, room, "%s|%u|%u", aad, part, parts);
}

static uint32_t parts_of(size_t size)
{
    return (uint32_t)((size + SECRET_PART_BYTES - 1) / SECRET_PART_BYTES);
}

void *secret_seal_file(const struct keyring *keys, const char *aad, const void *data, size_t size,
                       size_t *ret_size)
{
    unsigned char key[SECRET_KEY_BYTES], nonce[NONCE];
    char place[160];
    size_t head = 0, at;
    uint32_t parts = parts_of(size);
    struct arena *arena = arena_new(0);

    randombytes_buf(key, sizeof key);
    unsigned char *sealed_key = secret_seal(keys, aad, key, sizeof key, arena, &head);
    unsigned char *out = malloc(2 + head + size + (size_t)parts * TAG);
    if (out != NULL) {
        out[0] = (unsigned char)(head & 0xff);
        out[1] = (unsigned char)(head >> 8);
        memcpy(out + 2, sealed_key, head);
        at = 2 + head;
        for (uint32_t part = 0; part < parts; part++) {
            size_t from = (size_t)part * SECRET_PART_BYTES;
            size_t some = size - from < SECRET_PART_BYTES ? size - from : SECRET_PART_BYTES;
            part_nonce(part, nonce);
            crypto_aead_xchacha20poly1305_ietf_encrypt(
                out + at, NULL, (const unsigned char *)data + from, some, (unsigned char *)place,
                part_aad(place, sizeof place, aad, part, parts), NULL, nonce, key);
            at += some + TAG;
        }
        *ret_size = at;
    }
    sodium_memzero(key, sizeof key);
    arena_destroy(&arena);
    return out;
}

long secret_open_part(const struct keyring *keys, const char *aad, secret_read_fn *read_at,
                      void *source, size_t file_size, uint32_t part, unsigned char *out)
{
    unsigned char head[2 + 512], nonce[NONCE];
    char place[160];
    size_t key_size = 0, from = (size_t)part * SECRET_PART_BYTES;
    uint32_t parts = parts_of(file_size);
    long result = -1;
    if (part >= parts || !read_at(source, 0, head, 2))
        return -1;
    size_t head_size = (size_t)head[0] | (size_t)head[1] << 8;
    if (head_size > 512 || !read_at(source, 2, head + 2, head_size))
        return -1;

    struct arena *arena = arena_new(0);
    unsigned char *key = secret_open(keys, aad, head + 2, head_size, arena, &key_size);
    size_t some = file_size - from < SECRET_PART_BYTES ? file_size - from : SECRET_PART_BYTES;
    unsigned char *sealed = malloc(some + TAG);
    uint64_t offset = 2 + head_size + (uint64_t)part * (SECRET_PART_BYTES + TAG);
    part_nonce(part, nonce);
    if (sealed != NULL && key_size == SECRET_KEY_BYTES &&
        read_at(source, offset, sealed, some + TAG) &&
        crypto_aead_xchacha20poly1305_ietf_decrypt(
            out, NULL, NULL, sealed, some + TAG, (unsigned char *)place,
            part_aad(place, sizeof place, aad, part, parts), nonce, key) == 0)
        result = (long)some;
    if (key != NULL)
        sodium_memzero(key, key_size);
    free(sealed);
    arena_destroy(&arena);
    return result;
}

/* ---- the rest */

void secret_mac(const struct keyring *keys, const char *domain, const void *data, size_t size,
                unsigned char out[static 32])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, keys->keys[0].bytes, SECRET_KEY_BYTES, 32);
    crypto_generichash_update(&state, (const unsigned char *)domain, strlen(domain) + 1);
    crypto_generichash_update(&state, data, size);
    crypto_generichash_final(&state, out, 32);
}

void secret_random_hex(char *out, size_t bytes)
{
    unsigned char data[64];
    if (bytes > sizeof data)
        abort();
    randombytes_buf(data, bytes);
    sodium_bin2hex(out, 2 * bytes + 1, data, bytes);
}
