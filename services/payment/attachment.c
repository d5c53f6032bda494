/* Files: vouchers of units, receipts of the association. */
#include "files.h"
#include "nouns.h"
#include "payment_queries.h"
#include "service.h"
#include <string.h>

static const struct file_statements statements = {
    .room = &sql_attachment_room,
    .insert = &sql_attachment_insert,
    .find = &sql_attachment_find,
    .look = &sql_attachment_look,
};

static struct file_store *store_of(struct call *c)
{
    struct payment *state = service_state(c->run);
    return &state->files;
}

static answer take(struct call *c, const char *purpose)
{
    const Common__UploadAttachmentRequest *req = c->request;
    if (strcmp(req->purpose, purpose) != 0)
        return call_fail_field(c, "purpose", "没有这种用途的附件，请刷新页面后重试。");
    return file_take(c, store_of(c), &statements);
}

static answer voucher_upload(struct call *c)
{
    return take(c, "voucher_files");
}

static answer receipt_upload(struct call *c)
{
    return take(c, "receipt");
}

static answer attachment_read(struct call *c)
{
    return file_read(c, store_of(c), &statements);
}

/* For notification, which sends it to the unit. */
static answer receipt_file_read(struct call *c)
{
    static const struct file_statements receipts = {.find = &sql_receipt_file_find};
    return file_read(c, store_of(c), &receipts);
}

const struct op attachment_ops[] = {
    {"UploadVoucherFile", MEMBER,                 voucher_upload,    FILE_UPLOAD_MAX},
    {"UploadReceiptFile", STAFF("receipt.issue"), receipt_upload,    FILE_UPLOAD_MAX},
    {"ReadPaymentFile",   ANYONE_LOGGED_IN,       attachment_read,   0              },
    {"ReadReceiptFile",   SERVICES_ONLY,          receipt_file_read, 0              },
    OP_END,
};
