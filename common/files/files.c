#include "files.h"

#include "clean.h"
#include "disk.h"
#include "service.h"
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_SIZE = 48, PLACE_SIZE = 96, THREADS = 2, QUEUE = 16 };

void file_store_open(struct file_store *store, struct service_run *run)
{
    const char *why = "";
    store->image_program = config_text("GUILD_IMAGE_PROGRAM");
    store->keys = keyring_load(config_text("GUILD_FIELD_KEY_FILE"), &why);
    if (store->keys == NULL) {
        fprintf(stderr, "GUILD_FIELD_KEY_FILE %s\n", why);
        exit(2);
    }
    store->blobs = blob_open(config_text("GUILD_BLOB_FOLDER"));
    if (store->blobs == NULL) {
        fprintf(stderr, "GUILD_BLOB_FOLDER cannot be written\n");
        exit(2);
    }
    service_watch_files(run, config_text("GUILD_BLOB_FOLDER"));
    store->work = work_new(service_loop(run), THREADS, QUEUE);
}

void file_store_close(struct file_store *store)
{
    work_destroy(&store->work);
    blob_close(&store->blobs);
    keyring_destroy(&store->keys);
}

/* ---- taking a file: quota, then cleaning and storing in an actor, then the row */

struct upload {
    struct file_store *store;
    const struct file_statements *statements;
    const char *id;
    int64_t owner;
    int fd;
    size_t size;
    int reason; /* REASON_none: stored */
    struct cleaned cleaned;
    unsigned char hash[32];
};

/* What a file is sealed under: its own name and its owner's number. */
static void place_of(const char *id, int64_t owner, char out[static PLACE_SIZE])
{
    snprintf(out, PLACE_SIZE, "attachment|%s|%" PRId64, id, owner);
}

/* The thumbnail lies beside its file under a name of its own. */
static bool store(const struct upload *upload, const char *ending, const struct bytes *content)
{
    struct file_store *store = upload->store;
    char id[ID_SIZE], place[PLACE_SIZE];
    size_t sealed_size = 0;
    snprintf(id, sizeof id, "%s%s", upload->id, ending);
    place_of(id, upload->owner, place);
    void *sealed = secret_seal_file(store->keys, place, content->data, content->size, &sealed_size);
    bool stored = sealed != NULL && blob_put(store->blobs, id, sealed, sealed_size) == STATUS_OK;
    free(sealed);
    return stored;
}

static int reason_of_cleaning(enum clean_result result)
{
    switch (result) {
    case CLEAN_DONE:
        return REASON_none;
    case CLEAN_TYPE:
        return REASON_file_type;
    case CLEAN_TOO_LARGE:
        return REASON_image_too_large;
    case CLEAN_BROKEN:
        return REASON_file_broken;
    case CLEAN_ACTIVE:
        return REASON_pdf_active;
    case CLEAN_TOO_LONG:
        return REASON_pdf_too_long;
    case CLEAN_FAILED:
        return REASON_busy;
    }
    return REASON_internal;
}

static void upload_work(void *job)
{
    struct upload *upload = job;
    upload->reason = reason_of_cleaning(
        clean_file(upload->store->image_program, upload->fd, upload->size, &upload->cleaned));
    if (upload->reason == REASON_none && strcmp(upload->cleaned.content_type, CLEAN_OFD) == 0 &&
        !upload->statements->takes_ofd)
        upload->reason = REASON_file_type;
    if (upload->reason != REASON_none)
        return;
    crypto_generichash(upload->hash, sizeof upload->hash, upload->cleaned.content.data,
                       upload->cleaned.content.size, NULL, 0);
    bool stored =
        store(upload, "", &upload->cleaned.content) &&
        (upload->cleaned.thumbnail.size == 0 || store(upload, ".t", &upload->cleaned.thumbnail));
    if (!stored)
        upload->reason = REASON_busy;
}

static answer upload_worked(struct call *c, void *job)
{
    struct upload *upload = job;
    struct cleaned cleaned = upload->cleaned;
    cleaned_free(&upload->cleaned);
    if (upload->reason != REASON_none)
        return call_fail(c, upload->reason);

    call_set(c, "attachment_id", upload->id);
    call_set(c, "content_type", cleaned.content_type);
    call_set_integer(c, "clean_bytes", (int64_t)cleaned.content.size);
    call_set_integer(c, "width", cleaned.width);
    call_set_integer(c, "height", cleaned.height);
    call_set_integer(c, "thumbnail_bytes", (int64_t)cleaned.thumbnail.size);
    call_set(c, "code_text", arena_text(c->arena, cleaned.codes));
    call_set_bytes(c, "print", cleaned.print, cleaned.print_size);
    call_set_bytes(c, "content_hash", upload->hash, sizeof upload->hash);
    batch_add(c, upload->statements->insert);
    return batch_reply(c, REASON_internal);
}

/* May an account with so much stored store another file? An expert alone may hand in 140. */
static bool has_room(const struct rows *stored)
{
    return rows_integer(stored, 0, "files") < 200 &&
           rows_integer(stored, 0, "bytes") < INT64_C(400) * 1024 * 1024;
}

static answer upload_room(struct call *c, const struct rows *results)
{
    struct upload *upload = c->state;
    char *id = arena_alloc(c->arena, 33);
    if (!has_room(&results[0]))
        return call_fail(c, REASON_attachment_quota);
    secret_random_hex(id, 16);
    upload->id = id;
    return work_then(c, upload->store->work, upload_work, upload, upload_worked);
}

answer file_take(struct call *c, struct file_store *store, const struct file_statements *statements)
{
    const Common__UploadAttachmentRequest *req = c->request;
    if (req->size_bytes > FILE_UPLOAD_MAX)
        return call_fail(c, REASON_file_too_large);
    if (disk_used_percent(config_text("GUILD_BLOB_FOLDER")) >= DISK_FILES_PERCENT)
        return call_fail(c, REASON_storage_full);
    if (c->body.fd < 0 || c->body.size == 0)
        return call_fail(c, REASON_attachment_none);

    struct upload *upload = arena_alloc(c->arena, sizeof *upload);
    *upload = (struct upload){.store = store,
                              .statements = statements,
                              .owner = c->caller->account_id,
                              .fd = c->body.fd,
                              .size = c->body.size};
    c->state = upload;
    batch_add(c, statements->room);
    return batch_then(c, upload_room);
}

/* ---- reading a part */

struct reading {
    struct file_store *store;
    char id[ID_SIZE], place[PLACE_SIZE];
    size_t file_size, size;
    uint32_t part;
    enum status status;
    const char *content_type, *file_name;
    bool may_change;
    unsigned char bytes[SECRET_PART_BYTES];
};

static enum status read_blob(void *source, uint64_t offset, void *out, size_t size)
{
    struct reading *reading = source;
    return blob_get(reading->store->blobs, reading->id, offset, out, size);
}

enum status file_load(struct file_store *store, const char *id, int64_t owner, size_t size,
                      unsigned char *out)
{
    struct reading reading = {.store = store, .file_size = size};
    snprintf(reading.id, sizeof reading.id, "%s", id);
    place_of(id, owner, reading.place);
    for (size_t got = 0; got < size; reading.part++) {
        enum status status = secret_open_part(store->keys, reading.place, read_blob, &reading, size,
                                              reading.part, reading.bytes, &reading.size);
        if (status != STATUS_OK)
            return status;
        if (reading.size == 0 || reading.size > size - got)
            return STATUS_INTERNAL;
        memcpy(out + got, reading.bytes, reading.size);
        got += reading.size;
    }
    return STATUS_OK;
}

static void read_work(void *job)
{
    struct reading *reading = job;
    reading->status =
        secret_open_part(reading->store->keys, reading->place, read_blob, reading,
                         reading->file_size, reading->part, reading->bytes, &reading->size);
}

static answer read_worked(struct call *c, void *job)
{
    struct reading *reading = job;
    Common__AttachmentPart part = COMMON__ATTACHMENT_PART__INIT;
    if (reading->status != STATUS_OK)
        return call_fail(c, reading->status == STATUS_NOT_FOUND     ? REASON_attachment_gone
                            : reading->status == STATUS_UNAVAILABLE ? REASON_busy
                                                                    : REASON_internal);
    part.content.data = reading->bytes;
    part.content.len = reading->size;
    part.content_type = arena_text(c->arena, reading->content_type);
    part.file_name = arena_text(c->arena, reading->file_name);
    part.size_bytes = (uint32_t)reading->file_size;
    part.may_change = reading->may_change;
    return call_reply(c, &part.base);
}

struct looking {
    struct file_store *store;
    const struct file_statements *statements;
    uint32_t part;
    bool thumbnail;
};

static answer read_found(struct call *c, const struct rows *results)
{
    const struct looking *looking = c->state;
    struct file_store *store = looking->store;
    const struct rows *row = &results[0];
    if (row->count == 0)
        return call_fail(c, REASON_attachment_gone);

    bool thumbnail = looking->thumbnail && rows_integer(row, 0, "thumbnail_bytes") > 0;
    struct reading *reading = arena_alloc(c->arena, sizeof *reading);
    reading->store = store;
    reading->may_change = looking->statements->may_change;
    snprintf(reading->id, sizeof reading->id, "%s%s", rows_get(row, 0, "id"),
             thumbnail ? ".t" : "");
    place_of(reading->id, rows_integer(row, 0, "account_id"), reading->place);
    reading->file_size = (size_t)rows_integer(row, 0, thumbnail ? "thumbnail_bytes" : "size_bytes");
    reading->part = looking->part;
    reading->content_type = thumbnail ? "image/jpeg" : rows_get(row, 0, "content_type");
    reading->file_name = rows_get(row, 0, "file_name");
    return work_then(c, store->work, read_work, reading, read_worked);
}

answer file_read(struct call *c, struct file_store *store, const struct file_statements *statements)
{
    const Common__ReadAttachmentRequest *req = c->request;
    return file_read_part(c, store, statements, req->part, req->thumbnail);
}

answer file_read_part(struct call *c, struct file_store *store,
                      const struct file_statements *statements, uint32_t part, bool thumbnail)
{
    struct looking *looking = arena_alloc(c->arena, sizeof *looking);
    *looking = (struct looking){store, statements, part, thumbnail};
    c->state = looking;
    batch_add(c, statements->find);
    if (c->caller != NULL && c->caller->kind == COMMON__PRINCIPAL__KIND__STAFF && part == 0 &&
        statements->look != NULL)
        batch_add(c, statements->look);
    return batch_then(c, read_found);
}

/* ---- a part of what is made here */

answer file_part(struct call *c, unsigned char *data, size_t size, uint32_t number,
                 const char *content_type, const char *file_name, bool may_change)
{
    Common__AttachmentPart part = COMMON__ATTACHMENT_PART__INIT;
    size_t from = (size_t)number * SECRET_PART_BYTES, left = from < size ? size - from : 0;
    part.content.len = left < SECRET_PART_BYTES ? left : SECRET_PART_BYTES;
    part.content.data = arena_copy(c->arena, data + size - left, part.content.len);
    free(data);
    part.content_type = arena_text(c->arena, content_type);
    part.file_name = arena_text(c->arena, file_name);
    part.size_bytes = (uint32_t)size;
    part.may_change = may_change;
    return call_reply(c, &part.base);
}
