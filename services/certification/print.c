/* Printable documents over the bus: what a submission says is read, drawn in an actor, and answered part by part. Each part is
   drawn anew, since the same version gives the same bytes. */
#include "certification.pb-c.h"
#include "certification_queries.h"
#include "document.h"
#include "form.h"
#include "nouns.h"
#include "reasons.h"
#include "service.h"
#include <stdlib.h>
#include <string.h>

enum { PART_BYTES = 256 * 1024 };

/* One request, whoever made it. */
struct print {
    struct document document;
    Certification__Document__Format format;
    uint32_t page, part;
    bool may_change;
    struct paper *paper;
    work_fn *work;
    handler_worked_fn *worked;
    struct paper_bytes bytes;
    enum status status;
};

/* ---- drawing it */

static void print_work(void *job)
{
    struct print *print = job;
    print->status = print->format == CERTIFICATION__DOCUMENT__FORMAT__PNG
                        ? paper_png(print->paper, print->page, &print->bytes)
                        : paper_pdf(print->paper, &print->bytes);
}

static char *file_name(const struct print *print)
{
    const struct document *document = &print->document;
    const char *title = document_title(document);
    if (print->format == CERTIFICATION__DOCUMENT__FORMAT__PNG)
        return arena_printf(document->arena, "%s-%s-第%u页.png", title, document->name,
                            print->page);
    return arena_printf(document->arena, "%s-%s.pdf", title, document->name);
}

static answer print_worked(struct call *c, void *job)
{
    struct print *print = job;
    struct paper_bytes bytes = print->bytes;
    if (print->status != STATUS_OK)
        return call_fail(c, print->status == STATUS_NOT_FOUND ? REASON_document_page_gone
                                                              : REASON_busy);
    return file_part(c, bytes.data, bytes.size, print->part,
                     print->format == CERTIFICATION__DOCUMENT__FORMAT__PNG ? "image/png"
                                                                           : "application/pdf",
                     file_name(print), print->may_change);
}

/* ---- or only counting its pages */

static void count_work(void *job)
{
    struct print *print = job;
    print->page = paper_pages(print->paper);
}

static answer count_worked(struct call *c, void *job)
{
    const struct print *print = job;
    Certification__Document facts = CERTIFICATION__DOCUMENT__INIT;
    facts.title = arena_text(c->arena, document_title(&print->document));
    facts.application_no = arena_text(c->arena, print->document.application_no);
    facts.version = print->document.version;
    facts.pages = print->page;
    return call_reply(c, &facts.base);
}

/* ---- what is on it */

static answer print_named(struct call *c, const struct rows *results)
{
    const struct certification *state = service_state(c->run);
    struct print *print = c->state;
    print->document.names = &results[0];
    print->document.files = &results[1];
    print->paper = document_paper(&print->document);
    return work_then(c, state->files.work, print->work, print, print->worked);
}

static bool fill(struct call *c, struct print *print, const struct rows *row,
                 Certification__Draft *submitted)
{
    const struct certification *state = service_state(c->run);
    int64_t owner = rows_integer(row, 0, "account_id");
    if (c->caller->kind == COMMON__PRINCIPAL__KIND__STAFF)
        form_open_masked(c, state->files.keys, submitted->form, owner);
    else
        form_open(c, state->files.keys, submitted->form, owner);
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
    if (!document_exists(&print->document))
        return call_fail(c, REASON_document_gone);
    batch_add(c, &sql_document_names);
    batch_add(c, &sql_document_files);
    return batch_then(c, print_named);
}

/* ---- who asks */

static struct print *print_new(struct call *c, Certification__Document__Content content,
                               Certification__Document__Format format, uint32_t page, uint32_t part)
{
    struct print *print = arena_alloc(c->arena, sizeof *print);
    print->work = print_work;
    print->worked = print_worked;
    print->document.content = content;
    print->format = format;
    print->page = page == 0 ? 1 : page;
    print->part = part;
    c->state = print;
    return print;
}

static answer document_get(struct call *c)
{
    const Certification__DocumentRequest *req = c->request;
    struct print *print = print_new(c, req->content, CERTIFICATION__DOCUMENT__FORMAT__PDF, 0, 0);
    print->work = count_work;
    print->worked = count_worked;
    batch_add(c, &sql_document_of_member);
    return batch_then(c, print_found);
}

static answer document_read(struct call *c)
{
    const Certification__ReadDocumentRequest *req = c->request;
    struct print *print = print_new(c, req->content, req->format, req->page, req->part);
    print->may_change = req->version == 0;
    batch_add(c, &sql_document_of_member);
    return batch_then(c, print_found);
}

/* A look of staff is in the audit before the first byte leaves. */
static answer review_document_read(struct call *c)
{
    const Certification__ReadReviewDocumentRequest *req = c->request;
    struct print *print = print_new(c, req->content, req->format, req->page, req->part);
    print->may_change = true;
    batch_add(c, &sql_document_of_review);
    if (req->part == 0)
        batch_add(c, &sql_document_look);
    return batch_then(c, print_found);
}

const struct op document_ops[] = {
    {"GetDocument",        MEMBER,               document_get,         0},
    {"ReadDocument",       MEMBER,               document_read,        0},
    {"ReadReviewDocument", STAFF("cert.review"), review_document_read, 0},
    OP_END,
};
