/* Attachments: taken, cleaned in a confined child, stored encrypted; read part by part. */
#include "certification.pb-c.h"
#include "certification_queries.h"
#include "clean.h"
#include "config.h"
#include "disk.h"
#include "form.h"
#include "nouns.h"
#include "reasons.h"
#include "rules.h"
#include "service.h"
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { UPLOAD_MAX = 10 * 1024 * 1024, ID_SIZE = 48, PLACE_SIZE = 96 };

static struct certification *mine(struct call *c)
{
    return service_state(c->run);
}

/* ---- taking a file: quota, then cleaning and storing in an actor, then the row */

struct upload {
    struct certification *service;
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
    struct certification *service = upload->service;
    char id[ID_SIZE], place[PLACE_SIZE];
    size_t sealed_size = 0;
    snprintf(id, sizeof id, "%s%s", upload->id, ending);
    place_of(id, upload->owner, place);
    void *sealed =
        secret_seal_file(service->field_keys, place, content->data, content->size, &sealed_size);
    bool stored = sealed != NULL && blob_put(service->blobs, id, sealed, sealed_size) == STATUS_OK;
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
        clean_file(upload->service->image_program, upload->fd, upload->size, &upload->cleaned));
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
    call_set_bytes(c, "content_hash", upload->hash, sizeof upload->hash);
    batch_add(c, &sql_attachment_insert);
    return batch_reply(c, REASON_internal);
}

static answer upload_done(struct call *c, const struct rows *results)
{
    struct upload *upload = arena_alloc(c->arena, sizeof *upload);
    char *id = arena_alloc(c->arena, 33);
    if (!rules_may_store(rows_integer(&results[0], 0, "files"),
                         rows_integer(&results[0], 0, "bytes")))
        return call_fail(c, REASON_attachment_quota);
    secret_random_hex(id, 16);
    *upload = (struct upload){.service = mine(c),
                              .id = id,
                              .owner = c->caller->account_id,
                              .fd = c->body.fd,
                              .size = c->body.size};
    return work_then(c, mine(c)->work, upload_work, upload, upload_worked);
}

static answer attachment_upload(struct call *c)
{
    const Certification__UploadAttachmentRequest *req = c->request;
    if (!form_has_file_field(req->purpose))
        return call_fail_field(c, "purpose", "没有这种用途的附件，请刷新页面后重试。");
    if (req->size_bytes > UPLOAD_MAX)
        return call_fail(c, REASON_file_too_large);
    if (disk_used_percent(config_text("GUILD_BLOB_FOLDER")) >= DISK_FILES_PERCENT)
        return call_fail(c, REASON_storage_full);
    if (c->body.fd < 0 || c->body.size == 0)
        return call_fail(c, REASON_attachment_none);

    batch_add(c, &sql_attachment_room);
    return batch_then(c, upload_done);
}

/* ---- reading a part */

struct reading {
    struct certification *service;
    char id[ID_SIZE], place[PLACE_SIZE];
    size_t file_size, size;
    uint32_t part;
    enum status status;
    const char *content_type, *file_name;
    unsigned char bytes[SECRET_PART_BYTES];
};

static enum status read_blob(void *source, uint64_t offset, void *out, size_t size)
{
    struct reading *reading = source;
    return blob_get(reading->service->blobs, reading->id, offset, out, size);
}

static void read_work(void *job)
{
    struct reading *reading = job;
    reading->status =
        secret_open_part(reading->service->field_keys, reading->place, read_blob, reading,
                         reading->file_size, reading->part, reading->bytes, &reading->size);
}

static answer read_worked(struct call *c, void *job)
{
    struct reading *reading = job;
    Certification__AttachmentPart part = CERTIFICATION__ATTACHMENT_PART__INIT;
    if (reading->status != STATUS_OK)
        return call_fail(c, reading->status == STATUS_NOT_FOUND     ? REASON_attachment_gone
                            : reading->status == STATUS_UNAVAILABLE ? REASON_busy
                                                                    : REASON_internal);
    part.content.data = reading->bytes;
    part.content.len = reading->size;
    part.content_type = arena_text(c->arena, reading->content_type);
    part.file_name = arena_text(c->arena, reading->file_name);
    part.size_bytes = (uint32_t)reading->file_size;
    return call_reply(c, &part.base);
}

static answer read_found(struct call *c, const struct rows *results)
{
    const Certification__ReadAttachmentRequest *req = c->request;
    const struct rows *row = &results[0];
    if (row->count == 0)
        return call_fail(c, REASON_attachment_gone);

    bool thumbnail = req->thumbnail && rows_integer(row, 0, "thumbnail_bytes") > 0;
    struct reading *reading = arena_alloc(c->arena, sizeof *reading);
    reading->service = mine(c);
    snprintf(reading->id, sizeof reading->id, "%s%s", rows_get(row, 0, "id"),
             thumbnail ? ".t" : "");
    place_of(reading->id, rows_integer(row, 0, "account_id"), reading->place);
    reading->file_size = (size_t)rows_integer(row, 0, thumbnail ? "thumbnail_bytes" : "size_bytes");
    reading->part = req->part;
    reading->content_type = thumbnail ? "image/jpeg" : rows_get(row, 0, "content_type");
    reading->file_name = rows_get(row, 0, "file_name");
    return work_then(c, mine(c)->work, read_work, reading, read_worked);
}

/* A look of staff at somebody's file is in the audit before the first byte leaves. */
static answer attachment_read(struct call *c)
{
    const Certification__ReadAttachmentRequest *req = c->request;
    batch_add(c, &sql_attachment_find);
    if (c->caller->kind == COMMON__PRINCIPAL__KIND__STAFF && req->part == 0)
        batch_add(c, &sql_attachment_look);
    return batch_then(c, read_found);
}

const struct op attachment_ops[] = {
    {"UploadAttachment", MEMBER,           attachment_upload, UPLOAD_MAX},
    {"ReadAttachment",   ANYONE_LOGGED_IN, attachment_read,   0         },
    OP_END,
};
