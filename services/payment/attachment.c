/* Files: vouchers of units, receipts of the association. */
#include "files.h"
#include "nouns.h"
#include "payment_queries.h"
#include "service.h"
#include <string.h>

enum { NOTE_MS = 5000 };

static const struct file_statements statements = {
    .room = &sql_attachment_room,
    .insert = &sql_attachment_insert,
    .find = &sql_attachment_find,
    .look = &sql_attachment_look,
};

/* The province's receipts come as OFD, too; they are given back as they came. */
static const struct file_statements receipt_statements = {
    .room = &sql_attachment_room,
    .insert = &sql_attachment_insert,
    .find = &sql_attachment_find,
    .look = &sql_attachment_look,
    .takes_ofd = true,
};

static struct file_store *store_of(struct call *c)
{
    struct payment *state = service_state(c->run);
    return &state->files;
}

static bool is_for(struct call *c, const char *purpose)
{
    const Common__UploadAttachmentRequest *req = c->request;
    return strcmp(req->purpose, purpose) == 0;
}

static answer refuse_purpose(struct call *c)
{
    return call_fail_field(c, "purpose", "没有这种用途的附件，请刷新页面后重试。");
}

static answer take(struct call *c, const char *purpose, const struct file_statements *how)
{
    return is_for(c, purpose) ? file_take(c, store_of(c), how) : refuse_purpose(c);
}

static answer voucher_upload(struct call *c)
{
    return take(c, "voucher_files", &statements);
}

static answer voucher_piece_upload(struct call *c)
{
    return is_for(c, "voucher_files") ? file_take_piece(c, store_of(c), &statements)
                                      : refuse_purpose(c);
}

static answer voucher_upload_get(struct call *c)
{
    return file_upload_get(c, store_of(c));
}

static answer receipt_upload(struct call *c)
{
    return take(c, "receipt", &receipt_statements);
}

static answer picture_upload(struct call *c)
{
    return take(c, "association_picture", &statements);
}

static answer fetched(struct call *c, const struct rows *results)
{
    (void)results;
    return job_end(c);
}

/* The first download of a receipt by its unit is its delivery. Beside the reading, which goes on while nothing can be written. */
static void note_fetched(struct call *c, const char *file_id)
{
    struct call *job = service_job(c->run, NOTE_MS);
    call_set(job, "file_id", arena_text(job->arena, file_id));
    call_set_integer(job, "account_id", c->caller->account_id);
    batch_add(job, &sql_receipt_fetched);
    batch_then(job, fetched);
}

static answer attachment_read(struct call *c)
{
    const Common__ReadAttachmentRequest *req = c->request;
    if (c->caller->kind == COMMON__PRINCIPAL__KIND__MEMBER && req->part == 0 && !req->thumbnail)
        note_fetched(c, req->id);
    return file_read(c, store_of(c), &statements);
}

/* For notification, which sends it to the unit. */
static answer receipt_file_read(struct call *c)
{
    static const struct file_statements receipts = {.find = &sql_receipt_file_find};
    return file_read(c, store_of(c), &receipts);
}

const struct op attachment_ops[] = {
    {"UploadVoucherFile",  MEMBER,                     voucher_upload,       FILE_UPLOAD_MAX},
    {"UploadVoucherPiece", MEMBER,                     voucher_piece_upload, FILE_PIECE_MAX },
    {"GetVoucherUpload",   MEMBER,                     voucher_upload_get,   0              },
    {"UploadReceiptFile",  STAFF("receipt.issue"),     receipt_upload,       FILE_UPLOAD_MAX},
    {"UploadPicture",      STAFF("fee.schedule.edit"), picture_upload,       FILE_UPLOAD_MAX},
    {"ReadPaymentFile",    ANYONE_LOGGED_IN,           attachment_read,      0              },
    {"ReadReceiptFile",    SERVICES_ONLY,              receipt_file_read,    0              },
    OP_END,
};
