/* Opens stored attachments and compares them with the hash in their row.

   guild-test-blobs FOLDER KEYRING

   Reads lines `id account bytes hash` (of table attachment; the hash in hex) and writes a line for each that is absent
   or another. */
#include "blob.h"
#include "secret.h"
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct attachment {
    struct blob_store *store;
    const char *id;
};

static enum status read_at(void *source, uint64_t offset, void *out, size_t size)
{
    const struct attachment *a = source;
    return blob_get(a->store, a->id, offset, out, size);
}

static enum status hash_file(struct attachment *a, const struct keyring *keys, int64_t account,
                             size_t bytes, char hex[static 65])
{
    static unsigned char content[SECRET_PART_BYTES];
    crypto_generichash_state state;
    unsigned char hash[32];
    char place[96];
    snprintf(place, sizeof place, "attachment|%s|%" PRId64, a->id, account);
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    for (size_t done = 0, size = 0; done < bytes; done += size) {
        enum status status = secret_open_part(keys, place, read_at, a, bytes,
                                              (uint32_t)(done / SECRET_PART_BYTES), content, &size);
        if (status != STATUS_OK)
            return status;
        crypto_generichash_update(&state, content, size);
    }
    crypto_generichash_final(&state, hash, sizeof hash);
    sodium_bin2hex(hex, 65, hash, sizeof hash);
    return STATUS_OK;
}

int main(int argc, char **argv)
{
    char id[64], wanted[65], found[65];
    int64_t account;
    size_t bytes;
    const char *why = "";
    if (argc != 3 || sodium_init() < 0)
        return 2;
    struct blob_store *store = blob_open(argv[1]);
    struct keyring *keys = keyring_load(argv[2], &why);
    if (store == NULL || keys == NULL) {
        fprintf(stderr, "guild-test-blobs: %s: %s\n", store == NULL ? argv[1] : argv[2], why);
        return 2;
    }
    while (scanf("%63s %" SCNd64 " %zu %64s", id, &account, &bytes, wanted) == 4) {
        struct attachment a = {store, id};
        enum status status = hash_file(&a, keys, account, bytes, found);
        if (status != STATUS_OK)
            printf("%s %s\n", id, status_name(status));
        else if (strcmp(found, wanted) != 0)
            printf("%s another hash\n", id);
    }
    keyring_destroy(&keys);
    blob_close(&store);
    return 0;
}
