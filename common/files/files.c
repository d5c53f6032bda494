#include "files.h"

#include "log.h"
#include "metrics.h"
#include "service.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ID_SIZE = 48,
    PLACE_SIZE = 96,
    THREADS = 2,
    QUEUE = 16,
    CALLS_QUEUE = 1024, /* more than calls can be under way: nothing is turned away */
    SCANS = 4,          /* clamd takes ten at a time, unless told otherwise */
    SWEEP_EVERY_MS = 600000,
    SWEEP_TIMEOUT_MS = 10000,
    READERS = 2,
};

#define FILES_NOT_SCANNED "files are not scanned for viruses: GUILD_CLAMD_SOCKET is empty"

/* ---- storing */

/* What a file is sealed under: its own name and its owner's number. */
static void place_of(const char *id, int64_t owner, char out[static PLACE_SIZE])
{
    snprintf(out, PLACE_SIZE, "attachment|%s|%" PRId64, id, owner);
}

enum status file_put(struct file_store *store, const char *id, int64_t owner, const void *data,
                     size_t size)
{
    char place[PLACE_SIZE];
    size_t sealed_size = 0;
    place_of(id, owner, place);
    void *sealed = secret_seal_file(store->keys, place, data, size, &sealed_size);
    enum status status =
        sealed == NULL ? STATUS_UNAVAILABLE : blob_put(store->blobs, id, sealed, sealed_size);
    free(sealed);
    return status;
}

/* In tenths of a megabyte, rounded up: what is over 30 MB is not called 30.0 MB. */
static const char *megabytes(struct arena *arena, int64_t bytes)
{
    int64_t tenths = (bytes * 10 + 1024 * 1024 - 1) / (1024 * 1024);
    return arena_printf(arena, "%" PRId64 ".%" PRId64 "MB", tenths / 10, tenths % 10);
}

const char *file_form_words(struct arena *arena, int64_t form_bytes, int64_t field_bytes)
{
    return arena_printf(arena,
                        "这次提交的附件共%s，超过30MB的上限，其中此项%s。请删除不需要的文件，"
                        "或压缩后重新上传。",
                        megabytes(arena, form_bytes), megabytes(arena, field_bytes));
}

/* ---- erasing */

struct erasing {
    struct blob_store *blobs;
    const char *const *ids;
    size_t count, failed;
};

static void erase_work(void *job)
{
    struct erasing *erasing = job;
    for (size_t i = 0; i < erasing->count; i++)
        erasing->failed += blob_delete(erasing->blobs, erasing->ids[i]) == STATUS_UNAVAILABLE;
    if (erasing->failed > 0)
        log_line(LOGGED_WARNING, "files could not be erased", "files=%zu", erasing->failed);
}

answer file_erase(struct call *c, struct file_store *store, const char *const *ids, size_t count,
                  handler_worked_fn *done)
{
    struct erasing *erasing = arena_alloc(c->arena, sizeof *erasing);
    *erasing = (struct erasing){.blobs = store->blobs, .ids = ids, .count = count};
    return work_then(c, store->erasing, erase_work, erasing, done);
}

/* ---- uploads that nobody went on with */

static answer swept(struct call *c, void *job)
{
    (void)job;
    return job_end(c);
}

static answer sweep_found(struct call *c, const struct rows *results)
{
    const struct rows *pieces = &results[0];
    if (pieces->count == 0)
        return job_end(c);
    const char **ids = arena_alloc(c->arena, pieces->count * sizeof *ids);
    for (size_t i = 0; i < pieces->count; i++)
        ids[i] = rows_get(pieces, i, "id");
    return file_erase(c, c->state, ids, pieces->count, swept);
}

void file_sweep_run(struct file_store *store)
{
    struct call *job = service_job(store->run, SWEEP_TIMEOUT_MS);
    job->state = store;
    batch_add(job, store->uploads->sweep);
    batch_then(job, sweep_found);
}

static void on_time(void *store)
{
    file_sweep_run(store);
}

/* ---- the store */

static void scanner_open(struct file_store *store)
{
    struct file_scanner *scanner = &store->scanner;
    scanner->socket = config_text("GUILD_CLAMD_SOCKET");
    scanner->work = NULL;
    scanner->away = false;
    atomic_store(&scanner->away_until_ms, 0);
    if (scanner->socket[0] == '\0')
        service_set_remark(store->run, FILES_NOT_SCANNED);
    else
        scanner->work = work_new(service_loop(store->run), SCANS, CALLS_QUEUE);
    metrics_gauge("guild_files_scanned", "1 when uploads are scanned for viruses.", "",
                  scanner->work == NULL ? 0 : 1);
}

void file_store_read_by(struct file_store *store, const char *provider, const char *program)
{
    struct file_reader *reader = &store->reader;
    const struct ocr_provider *found = ocr_provider_find(provider);
    const char *missing = found == NULL            ? "is none that there is: none or tesseract"
                          : found->missing == NULL ? NULL
                                                   : found->missing(program);
    if (missing != NULL) {
        fprintf(stderr, "GUILD_OCR_PROVIDER=%s %s\n", provider, missing);
        exit(2);
    }
    *reader = (struct file_reader){.provider = found, .program = program};
    if (found->read != NULL)
        reader->work = work_new(service_loop(store->run), READERS, FILE_READS_MAX);
}

void file_store_open(struct file_store *store, struct service_run *run,
                     const struct upload_statements *uploads)
{
    const char *why = "";
    store->run = run;
    store->uploads = uploads;
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
    work_count_refused(store->work, "files");
    store->erasing = work_new(service_loop(run), 1, CALLS_QUEUE);
    scanner_open(store);
    store->reader = (struct file_reader){NULL, NULL, NULL};
    loop_add_timer(service_loop(run), SWEEP_EVERY_MS, on_time, store);
}

void file_store_close(struct file_store *store)
{
    work_destroy(&store->work);
    work_destroy(&store->erasing);
    work_destroy(&store->scanner.work);
    work_destroy(&store->reader.work);
    blob_close(&store->blobs);
    keyring_destroy(&store->keys);
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
    part.made_here = true;
    return call_reply(c, &part.base);
}
