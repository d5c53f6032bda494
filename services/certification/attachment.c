/* Attachments of the forms. */
#include "certification_queries.h"
#include "files.h"
#include "form.h"
#include "nouns.h"
#include "service.h"

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

static answer attachment_upload(struct call *c)
{
    const Common__UploadAttachmentRequest *req = c->request;
    if (!form_has_file_field(req->purpose))
        return call_fail_field(c, "purpose", "没有这种用途的附件，请刷新页面后重试。");
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
