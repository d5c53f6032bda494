/* Attachments of the forms. */
#include "certification_queries.h"
#include "files.h"
#include "form.h"
#include "nouns.h"
#include "reasons.h"
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
    struct certification *state = service_state(c->run);
    return &state->files;
}

/* A picture of an identity card is taken from nobody who has not agreed to it. */
static answer card_consented(struct call *c, const struct rows *results)
{
    if (!rows_true(&results[0], 0, "is_given"))
        return call_fail(c, REASON_consent_needed);
    return file_take(c, store_of(c), &statements);
}

static answer attachment_upload(struct call *c)
{
    const Common__UploadAttachmentRequest *req = c->request;
    if (!form_has_file_field(req->purpose))
        return call_fail_field(c, "purpose", "没有这种用途的附件，请刷新页面后重试。");
    if (strcmp(req->purpose, "id_card_files") == 0) {
        batch_add(c, &sql_consent_of_card);
        return batch_then(c, card_consented);
    }
    return file_take(c, store_of(c), &statements);
}

static answer attachment_read(struct call *c)
{
    return file_read(c, store_of(c), &statements);
}

const struct op attachment_ops[] = {
    {"UploadAttachment", MEMBER,           attachment_upload, FILE_UPLOAD_MAX},
    {"ReadAttachment",   ANYONE_LOGGED_IN, attachment_read,   0              },
    OP_END,
};
