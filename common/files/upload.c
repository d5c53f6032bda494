/* Taking a file. It is looked whether there is room, then the content is cleaned in an actor, scanned in another if there is a
   scanner, and stored, then comes the row.
   Of one that comes in pieces each is stored as it came, and the last one brings them together. */
#include "check.h"
#include "clean.h"
#include "clock.h"
#include "common_queries.h"
#include "disk.h"
#include "files.h"
#include "log.h"
#include "metrics.h"
#include "service.h"
#include "virus.h"
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    /* Of an account: README.md says why so many. attachment_quota has both figures. */
    FILES_MAX = 200,
    BEGUN_PIECES_MAX = 256,
    /* the page sends three files at once; what is under way beside it may be over it by the length of the queue */
    BEGUN_BYTES_MAX = 64 * 1024 * 1024,
    /* clamd takes a second or two, and some more while it reads new signatures */
    SCAN_PATIENCE_MS = 15000,
    SCAN_PAUSE_MS = 5000,
};
#define SCANNER_AWAY "clamd does not answer: uploads are refused"
static const int64_t stored_bytes_max = INT64_C(400) * 1024 * 1024;

struct piece {
    const char *id;
    size_t size;
};

struct upload {
    struct file_store *store;
    const struct file_statements *statements;
    const char *id;
    int64_t owner;
    int fd; /* what came with this request, and its size */
    size_t size;
    const struct piece *pieces; /* what came before it */
    size_t pieces_count, before;
    int reason; /* REASON_none: stored */
    struct cleaned cleaned;
    unsigned char hash[32];
    bool looked_through; /* clamd answered */
    char found[VIRUS_NAME_SIZE];
    uint64_t answer_by_ms;
    char seen[OCR_USCC_SIZE]; /* read on a licence */
    const char **erased;      /* blobs that are not needed any more */
    size_t erased_count;
};

/* ---- in the actor */

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

static bool write_all(int fd, const unsigned char *data, size_t size)
{
    while (size > 0) {
        ssize_t some = write(fd, data, size);
        if (some <= 0 && errno != EINTR)
            return false;
        if (some > 0) {
            data += some;
            size -= (size_t)some;
        }
    }
    return true;
}

static bool read_all(int fd, unsigned char *data, size_t size)
{
    for (size_t got = 0; got < size;) {
        ssize_t some = pread(fd, data + got, size - got, (off_t)got);
        if (some <= 0)
            return false;
        got += (size_t)some;
    }
    return true;
}

/* The pieces and what came last, one behind the other. */
static int join_into(const struct upload *upload, int whole, unsigned char *bytes)
{
    for (size_t i = 0; i < upload->pieces_count; i++) {
        const struct piece *piece = &upload->pieces[i];
        enum status status = file_load(upload->store, piece->id, upload->owner, piece->size, bytes);
        if (status != STATUS_OK)
            return status == STATUS_UNAVAILABLE ? REASON_busy : REASON_upload_gone;
        if (!write_all(whole, bytes, piece->size))
            return REASON_busy;
    }
    return read_all(upload->fd, bytes, upload->size) && write_all(whole, bytes, upload->size)
               ? REASON_none
               : REASON_busy;
}

static int join(const struct upload *upload, int *ret_fd)
{
    unsigned char *bytes = malloc(FILE_UPLOAD_MAX);
    int whole = memfd_create("upload", MFD_CLOEXEC);
    int reason = bytes == NULL || whole < 0 ? REASON_busy : join_into(upload, whole, bytes);
    free(bytes);
    *ret_fd = whole;
    return reason;
}

/* The thumbnail lies beside its file under a name of its own. */
static bool store_cleaned(const struct upload *upload)
{
    const struct bytes *content = &upload->cleaned.content, *small = &upload->cleaned.thumbnail;
    char thumbnail[40];
    snprintf(thumbnail, sizeof thumbnail, "%s.t", upload->id);
    return file_put(upload->store, upload->id, upload->owner, content->data, content->size) ==
               STATUS_OK &&
           (small->size == 0 || file_put(upload->store, thumbnail, upload->owner, small->data,
                                         small->size) == STATUS_OK);
}

static void keep(struct upload *upload)
{
    if (!store_cleaned(upload))
        upload->reason = REASON_busy;
}

/* Where there is a scanner, it is scanned before it is kept. */
static void clean(struct upload *upload, int fd)
{
    upload->reason = reason_of_cleaning(clean_file(
        upload->store->image_program, fd, upload->before + upload->size, &upload->cleaned));
    if (upload->reason == REASON_none && strcmp(upload->cleaned.content_type, CLEAN_OFD) == 0 &&
        !upload->statements->takes_ofd)
        upload->reason = REASON_file_type;
    if (upload->reason != REASON_none)
        return;
    crypto_generichash(upload->hash, sizeof upload->hash, upload->cleaned.content.data,
                       upload->cleaned.content.size, NULL, 0);
    if (upload->store->scanner.work == NULL)
        keep(upload);
}

static void take_work(void *job)
{
    struct upload *upload = job;
    int whole = -1;
    if (upload->pieces_count == 0) {
        clean(upload, upload->fd);
        return;
    }
    upload->reason = join(upload, &whole);
    if (upload->reason == REASON_none)
        clean(upload, whole);
    if (whole >= 0)
        close(whole);
}

/* Who has to wait in vain for one file does not wait for the next ones. */
static enum virus_result ask_scanner(struct upload *upload)
{
    struct file_scanner *scanner = &upload->store->scanner;
    const struct bytes *content = &upload->cleaned.content;
    if (clock_ms() < atomic_load(&scanner->away_until_ms))
        return VIRUS_UNKNOWN;
    enum virus_result result =
        virus_scan(scanner->socket, content->data, content->size, SCAN_PATIENCE_MS, upload->found);
    upload->looked_through = result != VIRUS_UNKNOWN;
    atomic_store(&scanner->away_until_ms, upload->looked_through ? 0 : clock_ms() + SCAN_PAUSE_MS);
    return result;
}

static void scan_work(void *job)
{
    struct upload *upload = job;
    enum virus_result result = ask_scanner(upload);
    static const char *const labels[] = {[VIRUS_NONE] = "result=\"clean\"",
                                         [VIRUS_FOUND] = "result=\"found\"",
                                         [VIRUS_UNKNOWN] = "result=\"away\""};
    metrics_count("guild_file_scans_total", "Uploads by what clamd said of them.", labels[result],
                  1);
    switch (result) {
    case VIRUS_NONE:
        keep(upload);
        break;
    case VIRUS_FOUND:
        upload->reason = REASON_file_infected;
        break;
    case VIRUS_UNKNOWN:
        upload->reason = REASON_scan_away;
        break;
    }
}

/* Of what is left until the answer is due a second is for the row. */
static void read_work(void *job)
{
    struct upload *upload = job;
    const struct file_reader *reader = &upload->store->reader;
    const struct bytes *content = &upload->cleaned.content;
    uint64_t now = clock_ms(), until = upload->answer_by_ms - 1000;
    int patience = now >= until                    ? 0
                   : until - now > OCR_PATIENCE_MS ? OCR_PATIENCE_MS
                                                   : (int)(until - now);
    enum ocr_result result = patience == 0
                                 ? OCR_FAILED
                                 : reader->provider->read(reader->program, content->data,
                                                          content->size, patience, upload->seen);
    static const char *const labels[] = {[OCR_READ] = "result=\"code\"",
                                         [OCR_NOTHING] = "result=\"nothing\"",
                                         [OCR_FAILED] = "result=\"failed\""};
    metrics_count("guild_licences_read_total", "Licences whose text was to be read, by result.",
                  labels[result], 1);
    if (result == OCR_FAILED)
        log_line(LOGGED_WARNING, "a licence could not be read", "provider=%s patience_ms=%d",
                 reader->provider->name, patience);
    if (result != OCR_READ)
        upload->seen[0] = '\0';
}

static void piece_work(void *job)
{
    struct upload *upload = job;
    unsigned char *bytes = malloc(upload->size);
    bool stored =
        bytes != NULL && read_all(upload->fd, bytes, upload->size) &&
        file_put(upload->store, upload->id, upload->owner, bytes, upload->size) == STATUS_OK;
    upload->reason = stored ? REASON_none : REASON_busy;
    free(bytes);
}

/* ---- both begin so */

/* The first bytes of a file are taken in. */
static void count_begun(const struct call *c)
{
    const Common__UploadAttachmentRequest *req = c->request;
    if (req->offset == 0)
        metrics_count("guild_uploads_begun_total", "Files that began to come.", "", 1);
}

static answer refuse(struct call *c, int reason)
{
    char label[80];
    snprintf(label, sizeof label, "reason=\"%s\"", call_reason_name(c, reason));
    metrics_count("guild_uploads_refused_total", "Files and pieces refused, by reason.", label, 1);
    return call_fail(c, reason);
}

static bool has_room(const struct rows *stored)
{
    return rows_integer(stored, 0, "files") < FILES_MAX &&
           rows_integer(stored, 0, "bytes") < stored_bytes_max;
}

static int refusal(const struct call *c)
{
    const Common__UploadAttachmentRequest *req = c->request;
    if ((uint64_t)req->offset + req->size_bytes > FILE_UPLOAD_MAX)
        return REASON_file_too_large;
    if (disk_used_percent(config_text("GUILD_BLOB_FOLDER")) >= DISK_FILES_PERCENT)
        return REASON_storage_full;
    return c->body.fd < 0 || c->body.size == 0 ? REASON_attachment_none : REASON_none;
}

static struct upload *upload_begin(struct call *c, struct file_store *store,
                                   const struct file_statements *statements)
{
    struct upload *upload = arena_alloc(c->arena, sizeof *upload);
    char *id = arena_alloc(c->arena, 33);
    secret_random_hex(id, 16);
    *upload = (struct upload){.store = store,
                              .statements = statements,
                              .id = id,
                              .owner = c->caller->account_id,
                              .fd = c->body.fd,
                              .size = c->body.size};
    c->state = upload;
    call_set(c, "upload_key", c->idempotency_key);
    batch_add(c, statements->room);
    batch_add(c, store->uploads->find);
    return upload;
}

static bool is_filed(const struct rows *found)
{
    return rows_get(found, 0, "attachment") != NULL;
}

static answer refused_erased(struct call *c, void *job)
{
    const struct upload *upload = c->state;
    (void)job;
    return refuse(c, upload->reason);
}

/* ---- a whole file, or the rest of one */

static answer take_answer(struct call *c, const struct rows *row)
{
    return call_reply(c, message_from_rows(&common__attachment__descriptor, row, c->arena));
}

/* What was filed with this key before; where nothing was, the upload's reason. */
static answer take_repeated(struct call *c, const struct rows *filed)
{
    const struct upload *upload = c->state;
    return filed->count == 0 ? refuse(c, upload->reason) : take_answer(c, filed);
}

/* What this request stored is not needed. */
static void erase_own(struct call *c, struct upload *upload)
{
    upload->erased[upload->erased_count++] = upload->id;
    upload->erased[upload->erased_count++] = arena_printf(c->arena, "%s.t", upload->id);
}

/* Another file was filed with the same key meanwhile, and has taken the pieces. */
static answer take_reused(struct call *c)
{
    struct upload *upload = c->state;
    upload->reason = REASON_key_reused;
    upload->erased_count = 0;
    erase_own(c, upload);
    return file_erase(c, upload->store, upload->erased, upload->erased_count, refused_erased);
}

static answer refused_forgotten(struct call *c, const struct rows *results)
{
    struct upload *upload = c->state;
    (void)results;
    return file_erase(c, upload->store, upload->erased, upload->erased_count, refused_erased);
}

/* Pieces of what will never be a file go at once: they count against what a person may have begun. Where a piece is gone, another
   request with this key may have filed it. */
static answer take_refused(struct call *c, struct upload *upload)
{
    bool passes = upload->reason == REASON_busy || upload->reason == REASON_scan_away;
    bool infected = upload->reason == REASON_file_infected;
    if (upload->reason == REASON_upload_gone && c->idempotency_key[0] != '\0')
        return repeat_then(c, take_repeated);
    if (passes || (upload->erased_count == 0 && !infected))
        return refuse(c, upload->reason);
    if (infected)
        batch_add(c, &sql_audit_infected);
    if (upload->erased_count > 0)
        batch_add(c, upload->store->uploads->forget);
    return batch_then(c, refused_forgotten);
}

static answer take_erased(struct call *c, void *job)
{
    (void)job;
    return take_answer(c, c->state);
}

/* The pieces go; and where another request with the same key was quicker, what this one stored. */
static answer take_filed(struct call *c, const struct rows *results)
{
    struct upload *upload = c->state;
    struct rows *row = arena_alloc(c->arena, sizeof *row);
    if (results[0].count == 0)
        return call_fail(c, REASON_internal);
    if (strcmp(rows_get(&results[0], 0, "id"), upload->id) != 0)
        erase_own(c, upload);
    if (upload->erased_count == 0)
        return take_answer(c, &results[0]);
    *row = results[0];
    c->state = row;
    return file_erase(c, upload->store, upload->erased, upload->erased_count, take_erased);
}

/* What is known of it is bound to the statement that files it, or tells that it was infected. */
static answer take_kept(struct call *c, struct upload *upload)
{
    struct cleaned cleaned = upload->cleaned;
    cleaned_free(&upload->cleaned);
    call_set_integer(c, "clean_bytes", (int64_t)cleaned.content.size);
    call_set_bytes(c, "content_hash", upload->hash, sizeof upload->hash);
    call_set(c, "found", upload->found);
    if (upload->reason != REASON_none)
        return take_refused(c, upload);

    call_set(c, "attachment_id", upload->id);
    call_set(c, "content_type", cleaned.content_type);
    call_set_integer(c, "width", cleaned.width);
    call_set_integer(c, "height", cleaned.height);
    call_set_integer(c, "thumbnail_bytes", (int64_t)cleaned.thumbnail.size);
    call_set(c, "code_text", arena_text(c->arena, cleaned.codes));
    call_set_bytes(c, "print", cleaned.print, cleaned.print_size);
    call_set(c, "seen_uscc", upload->seen);
    batch_add(c, upload->statements->insert);
    if (upload->erased_count > 0)
        batch_add(c, upload->store->uploads->forget);
    batch_if_reused(c, take_reused);
    return batch_then(c, take_filed);
}

/* Does a QR code tell a credit code already? As the database has it (licence_uscc). */
static bool tells_uscc(const char *codes)
{
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    char code[OCR_USCC_SIZE], normal[OCR_USCC_SIZE];
    for (size_t size; *codes != '\0'; codes += size > 0 ? size : 1) {
        size = strspn(codes, letters);
        if (size != OCR_USCC_SIZE - 1)
            continue;
        memcpy(code, codes, size);
        code[size] = '\0';
        if (check_uscc(code, normal, sizeof normal) == NULL)
            return true;
    }
    return false;
}

static bool may_be_read(const struct call *c, const struct upload *upload)
{
    const Common__UploadAttachmentRequest *req = c->request;
    const struct file_reader *reader = &upload->store->reader;
    return upload->reason == REASON_none && reader->work != NULL &&
           work_load(reader->work) < FILE_READS_MAX && upload->statements->is_licence != NULL &&
           upload->statements->is_licence(req->purpose) && !tells_uscc(upload->cleaned.codes);
}

static answer take_read(struct call *c, void *job)
{
    return take_kept(c, job);
}

/* A licence is read where its QR code tells no credit code; that nothing was read keeps no file from being taken. */
static answer take_known(struct call *c, struct upload *upload)
{
    if (!may_be_read(c, upload))
        return take_kept(c, upload);
    upload->answer_by_ms = c->deadline_ms;
    return work_then(c, upload->store->reader.work, read_work, upload, take_read);
}

/* Said when it changes, and not for every file. */
static void scanner_note(struct file_store *store, bool away)
{
    if (store->scanner.away == away)
        return;
    store->scanner.away = away;
    service_set_remark(store->run, away ? SCANNER_AWAY : NULL);
    if (away)
        log_line(LOGGED_ERROR, SCANNER_AWAY, "socket='%s'", store->scanner.socket);
    else
        log_line(LOGGED_INFO, "clamd answers again", "socket='%s'", store->scanner.socket);
}

static answer take_scanned(struct call *c, void *job)
{
    struct upload *upload = job;
    scanner_note(upload->store, !upload->looked_through);
    if (upload->reason == REASON_file_infected)
        log_line(LOGGED_WARNING, "an upload is infected", "found='%s' request_id=%s", upload->found,
                 c->request_id);
    return take_known(c, upload);
}

static answer take_worked(struct call *c, void *job)
{
    struct upload *upload = job;
    struct work *scanning = upload->store->scanner.work;
    if (upload->reason == REASON_none && scanning != NULL)
        return work_then(c, scanning, scan_work, upload, take_scanned);
    return take_known(c, upload);
}

/* Its pieces, which all go when it is filed; they are of use if the request says that it comes behind them. */
static void take_pieces(struct call *c, struct upload *upload, const struct rows *rows, bool joins)
{
    struct piece *pieces = arena_alloc(c->arena, (rows->count + 1) * sizeof *pieces);
    upload->erased = arena_alloc(c->arena, (rows->count + 2) * sizeof *upload->erased);
    for (size_t i = 0; i < rows->count; i++) {
        pieces[i] =
            (struct piece){rows_get(rows, i, "id"), (size_t)rows_integer(rows, i, "size_bytes")};
        upload->erased[upload->erased_count++] = pieces[i].id;
        upload->before += joins ? pieces[i].size : 0;
    }
    upload->pieces = pieces;
    upload->pieces_count = joins ? rows->count : 0;
}

static answer take_looked(struct call *c, const struct rows *results)
{
    const Common__UploadAttachmentRequest *req = c->request;
    struct upload *upload = c->state;
    upload->reason = REASON_key_reused;
    if (is_filed(&results[1]))
        return repeat_then(c, take_repeated);
    take_pieces(c, upload, &results[2], req->offset > 0);
    if (upload->before != req->offset)
        return refuse(c, REASON_upload_offset);
    if (!has_room(&results[0]))
        return refuse(c, REASON_attachment_quota);
    count_begun(c);
    return work_then(c, upload->store->work, take_work, upload, take_worked);
}

answer file_take(struct call *c, struct file_store *store, const struct file_statements *statements)
{
    int refused = refusal(c);
    if (refused != REASON_none)
        return refuse(c, refused);
    upload_begin(c, store, statements);
    batch_add(c, store->uploads->pieces);
    return batch_then(c, take_looked);
}

/* ---- a piece */

/* No row: another request was quicker. */
static answer piece_added(struct call *c, const struct rows *results)
{
    struct upload *upload = c->state;
    upload->reason = REASON_upload_offset;
    if (results[0].count == 0)
        return file_erase(c, upload->store, &upload->id, 1, refused_erased);
    return call_reply(c, message_from_rows(&common__upload__descriptor, &results[0], c->arena));
}

static answer piece_worked(struct call *c, void *job)
{
    struct upload *upload = job;
    if (upload->reason != REASON_none)
        return refuse(c, upload->reason);
    call_set(c, "piece_id", upload->id);
    call_set_integer(c, "piece_bytes", (int64_t)upload->size);
    batch_add(c, upload->store->uploads->add);
    return batch_then(c, piece_added);
}

static answer piece_looked(struct call *c, const struct rows *results)
{
    const Common__UploadAttachmentRequest *req = c->request;
    struct upload *upload = c->state;
    const struct rows *found = &results[1], *begun = &results[2];
    int64_t received = found->count == 0 ? 0 : rows_integer(found, 0, "received_bytes");
    if (is_filed(found) || received != req->offset)
        return refuse(c, REASON_upload_offset);
    if (!has_room(&results[0]))
        return refuse(c, REASON_attachment_quota);
    if (rows_integer(begun, 0, "bytes") + (int64_t)upload->size > BEGUN_BYTES_MAX ||
        rows_integer(begun, 0, "pieces") >= BEGUN_PIECES_MAX)
        return refuse(c, REASON_upload_quota);
    count_begun(c);
    return work_then(c, upload->store->work, piece_work, upload, piece_worked);
}

answer file_take_piece(struct call *c, struct file_store *store,
                       const struct file_statements *statements)
{
    const Common__UploadAttachmentRequest *req = c->request;
    int refused = refusal(c);
    if (c->idempotency_key[0] == '\0')
        return refuse(c, REASON_upload_key);
    if (req->size_bytes > FILE_PIECE_MAX)
        return call_fail_field(c, "size_bytes", "文件分段上传时，每段不超过512KB。");
    if (refused != REASON_none)
        return refuse(c, refused);
    upload_begin(c, store, statements);
    batch_add(c, store->uploads->begun);
    return batch_then(c, piece_looked);
}

/* ---- how far it is */

answer file_upload_get(struct call *c, struct file_store *store)
{
    const Common__GetUploadRequest *req = c->request;
    call_set(c, "upload_key", req->key);
    batch_add(c, store->uploads->find);
    return batch_reply(c, REASON_upload_gone);
}
