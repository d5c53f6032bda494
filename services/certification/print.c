/* Printable documents over the bus: what a submission says is read, drawn in an actor, and answered part by part. */
#include "certification.pb-c.h"
#include "certification_queries.h"
#include "document.h"
#include "form.h"
#include "nouns.h"
#include "parts.h"
#include "reasons.h"
#include "service.h"

/* One request, whoever made it. */
struct print {
    struct document document;
    struct parts parts;
    bool only_counts;
};

/* ---- only counting its pages */

static void count_work(void *job)
{
    struct print *print = job;
    print->parts.page = paper_pages(print->parts.paper);
}

static answer count_worked(struct call *c, void *job)
{
    const struct print *print = job;
    Certification__Document facts = CERTIFICATION__DOCUMENT__INIT;
    facts.title = arena_text(c->arena, document_title(&print->document));
    facts.application_no = arena_text(c->arena, print->document.application_no);
    facts.version = print->document.version;
    facts.pages = print->parts.page;
    return call_reply(c, &facts.base);
}

/* ---- what is on it */

/* The small picture: 480 pixels for an inch and a half of paper. One that is too large is none. */
enum { PHOTO_BYTES_MAX = 1024 * 1024 };

static struct photo photo_from(const struct rows *row, struct arena *arena)
{
    int64_t size = row->count == 0 ? 0 : rows_integer(row, 0, "thumbnail_bytes");
    if (size <= 0 || size > PHOTO_BYTES_MAX)
        return (struct photo){.size = 0};
    return (struct photo){.id = rows_get(row, 0, "id"),
                          .owner = rows_integer(row, 0, "account_id"),
                          .size = (size_t)size,
                          .bytes = arena_alloc(arena, (size_t)size)};
}

static answer print_named(struct call *c, const struct rows *results)
{
    const struct certification *state = service_state(c->run);
    struct print *print = c->state;
    print->document.names = &results[0];
    print->document.files = &results[1];
    if (print->document.content == CERTIFICATION__DOCUMENT__CONTENT__FORM)
        print->document.photo = photo_from(&results[2], c->arena);
    print->parts.photo = &print->document.photo;
    print->parts.paper = document_paper(&print->document);
    print->parts.title = document_title(&print->document);
    print->parts.name = print->document.name;
    return print->only_counts ? work_then(c, state->files.work, count_work, print, count_worked)
                              : parts_then(c, &print->parts);
}

static bool fill(struct call *c, struct print *print, const struct rows *row,
                 Certification__Draft *submitted)
{
    const struct certification *state = service_state(c->run);
    int64_t owner = rows_integer(row, 0, "account_id");
    form_open(c, state->files.keys, submitted->form, owner);
    if (c->caller->kind == COMMON__PRINCIPAL__KIND__STAFF)
        form_mask(c, submitted->form);
    ProtobufCMessage *form = form_of(submitted->form, submitted->kind);
    print->document = (struct document){
        .arena = c->arena,
        .content = print->document.content,
        .review = *row,
        .association = state->association,
        .kind = submitted->kind,
        .form = form,
        .application_no = rows_get(row, 0, "application_no"),
        .name = rows_get(row, 0, "unit_name"),
        .version = submitted->version,
        .made_at = rows_get(row, 0, "made_at"),
        .digest = rows_get(row, 0, "digest"),
    };
    call_set_integer(c, "owner", owner);
    call_set(c, "named_at", print->document.made_at);
    if (form != NULL)
        form_bind_named(c, form);
    return form != NULL;
}

static answer print_found(struct call *c, const struct rows *results)
{
    struct print *print = c->state;
    bool opinion = print->document.content == CERTIFICATION__DOCUMENT__CONTENT__OPINION;
    if (results[0].count == 0)
        return call_fail(c, REASON_document_gone);
    if (opinion && rows_get(&results[0], 0, "decided_at") == NULL)
        return call_fail(c, REASON_opinion_none);
    ProtobufCMessage *submitted =
        message_from_rows(&certification__draft__descriptor, &results[0], c->arena);
    if (submitted == NULL || !fill(c, print, &results[0], (Certification__Draft *)submitted))
        return call_fail(c, REASON_internal);
    batch_add(c, &sql_document_names);
    batch_add(c, &sql_document_files);
    batch_add(c, &sql_document_photo);
    return batch_then(c, print_named);
}

/* ---- who asks */

static struct print *print_new(struct call *c, Certification__Document__Content content,
                               struct parts parts)
{
    struct print *print = arena_alloc(c->arena, sizeof *print);
    print->document.content = content;
    print->parts = parts;
    c->state = print;
    return print;
}

static answer document_get(struct call *c)
{
    const Certification__DocumentRequest *req = c->request;
    print_new(c, req->content, (struct parts){0})->only_counts = true;
    batch_add(c, &sql_document_of_member);
    return batch_then(c, print_found);
}

static answer review_document_get(struct call *c)
{
    const Certification__ReviewDocumentRequest *req = c->request;
    print_new(c, req->content, (struct parts){0})->only_counts = true;
    batch_add(c, &sql_document_of_review);
    return batch_then(c, print_found);
}

static answer document_read(struct call *c)
{
    const Certification__ReadDocumentRequest *req = c->request;
    print_new(c, req->content,
              (struct parts){.format = req->format,
                             .page = req->page,
                             .part = req->part,
                             .may_change = req->version == 0});
    batch_add(c, &sql_document_of_member);
    return batch_then(c, print_found);
}

/* A look of staff is in the audit before the first byte leaves. */
static answer review_document_read(struct call *c)
{
    const Certification__ReadReviewDocumentRequest *req = c->request;
    print_new(c, req->content,
              (struct parts){
                  .format = req->format, .page = req->page, .part = req->part, .may_change = true});
    batch_add(c, &sql_document_of_review);
    if (req->part == 0)
        batch_add(c, &sql_document_look);
    return batch_then(c, print_found);
}

const struct op document_ops[] = {
    {"GetDocument",        MEMBER,               document_get,         0},
    {"ReadDocument",       MEMBER,               document_read,        0},
    {"GetReviewDocument",  STAFF("cert.review"), review_document_get,  0},
    {"ReadReviewDocument", STAFF("cert.review"), review_document_read, 0},
    OP_END,
};
