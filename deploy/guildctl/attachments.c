/* The files of attachments, and the pieces of those that are not whole yet, against the rows that name them. A file is stored
   before its row, so that a crash may leave one that no row names: after a day it goes. What a row names is opened and hashed: a disk may change it unseen. */
#include "guildctl.h"

#include "blob.h"
#include "secret.h"
#include <argp.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_S = 86400, ID_DIGITS = 32, PAGE = 100 };

struct check {
    PGconn *pg;
    struct blob_store *blobs;
    struct keyring *keys;
    size_t removed, whole, broken;
};

/* ---- files without a row */

static void remove_unnamed(void *owner, const char *file)
{
    struct check *check = owner;
    char id[ID_DIGITS + 1];
    const char *const values[] = {id};
    snprintf(id, sizeof id, "%.*s", ID_DIGITS, file);
    PGresult *named = database_ask(check->pg,
                                   "SELECT FROM certification.attachment WHERE id = $1 UNION ALL "
                                   "SELECT FROM payment.attachment WHERE id = $1 UNION ALL "
                                   "SELECT FROM certification.upload WHERE $1 = ANY (pieces) UNION "
                                   "ALL SELECT FROM payment.upload WHERE $1 = ANY (pieces)",
                                   1, values);
    bool unfinished = strstr(file, ".part") != NULL;
    if ((unfinished || PQntuples(named) == 0) && blob_delete(check->blobs, file) == STATUS_OK) {
        printf("removed %s: no row names it\n", file);
        check->removed++;
    }
    PQclear(named);
}

/* ---- rows and their files */

struct file {
    struct blob_store *blobs;
    char id[ID_DIGITS + 8];
};

static enum status read_file(void *source, uint64_t offset, void *out, size_t size)
{
    struct file *file = source;
    return blob_get(file->blobs, file->id, offset, out, size);
}

/* Opens every part as common/files/files.c seals them. `hash`: of the content. */
static bool file_opens(const struct check *check, const char *id, const char *ending,
                       const char *owner, size_t size, unsigned char hash[static 32])
{
    static unsigned char bytes[SECRET_PART_BYTES];
    struct file file = {.blobs = check->blobs};
    char place[128];
    crypto_generichash_state state;
    enum status status = STATUS_OK;
    snprintf(file.id, sizeof file.id, "%s%s", id, ending);
    snprintf(place, sizeof place, "attachment|%s|%s", file.id, owner);
    crypto_generichash_init(&state, NULL, 0, 32);
    for (size_t part = 0, some; part * SECRET_PART_BYTES < size && status == STATUS_OK; part++) {
        status = secret_open_part(check->keys, place, read_file, &file, size, (uint32_t)part, bytes,
                                  &some);
        if (status == STATUS_OK)
            crypto_generichash_update(&state, bytes, some);
    }
    crypto_generichash_final(&state, hash, 32);
    return status == STATUS_OK;
}

static void check_row(struct check *check, const PGresult *rows, int row)
{
    const char *id = PQgetvalue(rows, row, 0), *owner = PQgetvalue(rows, row, 1);
    size_t size = strtoul(PQgetvalue(rows, row, 2), NULL, 10);
    size_t thumbnail = strtoul(PQgetvalue(rows, row, 3), NULL, 10);
    unsigned char hash[32], unused[32];
    char hex[65];
    bool whole =
        file_opens(check, id, "", owner, size, hash) &&
        strcmp(sodium_bin2hex(hex, sizeof hex, hash, sizeof hash), PQgetvalue(rows, row, 4)) == 0 &&
        (thumbnail == 0 || file_opens(check, id, ".t", owner, thumbnail, unused));
    check->whole += whole;
    check->broken += !whole;
    if (!whole)
        printf("BROKEN %s: put it back from the backup\n", id);
}

static void check_rows(struct check *check)
{
    char after[ID_DIGITS * 2] = "";
    const char *const values[] = {after};
    for (int count = PAGE; count == PAGE;) {
        PGresult *rows = database_ask(check->pg,
                                      "SELECT id, account_id, size_bytes, thumbnail_bytes,"
                                      " encode(content_hash, 'hex') FROM (SELECT id,"
                                      " account_id, size_bytes, thumbnail_bytes, content_hash FROM"
                                      " certification.attachment UNION ALL SELECT id, account_id,"
                                      " size_bytes, thumbnail_bytes, content_hash FROM"
                                      " payment.attachment) AS of_both"
                                      " WHERE id > $1 ORDER BY id LIMIT 100",
                                      1, values);
        count = PQntuples(rows);
        for (int row = 0; row < count; row++)
            check_row(check, rows, row);
        if (count > 0)
            snprintf(after, sizeof after, "%s", PQgetvalue(rows, count - 1, 0));
        PQclear(rows);
    }
}

/* ---- */

static error_t parse(int key, char *text, struct argp_state *state)
{
    if (key == ARGP_KEY_ARG && (state->arg_num > 0 || strcmp(text, "check") != 0))
        argp_usage(state);
    if (key == ARGP_KEY_END && state->arg_num != 1)
        argp_usage(state);
    return key == ARGP_KEY_ARG || key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
}

int attachments_main(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        parse,
        "check",
        "Removes files of attachments that no row has named for a day, as a crash leaves them, and "
        "opens and hashes all others; for every night. The exit code is 1 if one is broken. Needs "
        "GUILD_DATABASE, GUILD_BLOB_FOLDER and GUILD_FIELD_KEY_FILE.",
        NULL,
        NULL,
        NULL};
    const char *why = NULL;
    argp_parse(&argp, argc, argv, 0, NULL, NULL);
    struct check check = {.blobs = blob_open(setting("GUILD_BLOB_FOLDER")),
                          .keys = keyring_load(setting("GUILD_FIELD_KEY_FILE"), &why)};
    if (check.blobs == NULL)
        die("GUILD_BLOB_FOLDER cannot be written");
    if (check.keys == NULL)
        die("GUILD_FIELD_KEY_FILE %s", why);
    check.pg = database_open();
    if (blob_list(check.blobs, DAY_S, remove_unnamed, &check) != STATUS_OK)
        die("GUILD_BLOB_FOLDER cannot be read");
    check_rows(&check);
    printf("%zu whole, %zu broken, %zu removed\n", check.whole, check.broken, check.removed);
    PQfinish(check.pg);
    keyring_destroy(&check.keys);
    blob_close(&check.blobs);
    return check.broken == 0 ? 0 : 1;
}
