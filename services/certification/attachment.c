/* Attachments of the forms. */
#include "certification_queries.h"
#include "files.h"
#include "form.h"
#include "nouns.h"
#include "reasons.h"
#include "service.h"
#include <string.h>

/* As the schema has it, whose QR codes are looked at (read_uscc). */
static bool is_licence(const char *purpose)
{
    return strcmp(purpose, "business_license_file") == 0 ||
           strcmp(purpose, "qualification_files") == 0;
}

static const struct file_statements statements = {
    .room = &sql_attachment_room,
    .insert = &sql_attachment_insert,
    .find = &sql_attachment_find,
    .look = &sql_attachment_look,
    .is_licence = is_licence,
};

static struct file_store *store_of(struct call *c)
{
    struct certification *state = service_state(c->run);
    return &state->files;
}

/* Of the whole file, or of a piece. */
struct taking {
    answer (*take)(struct call *c, struct file_store *store,
                   const struct file_statements *statements);
};

/* A picture of an identity card is taken from nobody who has not agreed to it. */
static answer card_consented(struct call *c, const struct rows *results)
{
    const struct taking *taking = c->state;
    if (!rows_true(&results[0], 0, "is_given"))
        return call_fail(c, REASON_consent_needed);
    return taking->take(c, store_of(c), &statements);
}

static answer take(struct call *c, struct taking how)
{
    const Common__UploadAttachmentRequest *req = c->request;
    if (!form_has_file_field(req->purpose))
        return call_fail_field(c, "purpose", "没有这种用途的附件，请刷新页面后重试。");
    if (strcmp(req->purpose, "id_card_files") != 0)
        return how.take(c, store_of(c), &statements);
    c->state = arena_copy(c->arena, &how, sizeof how);
    batch_add(c, &sql_consent_of_card);
    return batch_then(c, card_consented);
}

static answer attachment_upload(struct call *c)
{
    return take(c, (struct taking){file_take});
}

static answer piece_upload(struct call *c)
{
    return take(c, (struct taking){file_take_piece});
}

static answer upload_get(struct call *c)
{
    return file_upload_get(c, store_of(c));
}

static answer attachment_read(struct call *c)
{
    return file_read(c, store_of(c), &statements);
}

const struct op attachment_ops[] = {
    {"UploadAttachment", MEMBER,           attachment_upload, FILE_UPLOAD_MAX},
    {"UploadPiece",      MEMBER,           piece_upload,      FILE_PIECE_MAX },
    {"GetUpload",        MEMBER,           upload_get,        0              },
    {"ReadAttachment",   ANYONE_LOGGED_IN, attachment_read,   0              },
    OP_END,
};
