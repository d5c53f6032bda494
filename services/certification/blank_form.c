/* Blank papers, for everybody. Strangers may ask for them as often as they like, so what was drawn is kept for a minute. */
#include "certification.pb-c.h"
#include "certification_queries.h"
#include "clock.h"
#include "files.h"
#include "nouns.h"
#include "paper_document.h"
#include "reasons.h"
#include "service.h"
#include <stdlib.h>
#include <string.h>

enum { KEPT_MS = 60000, KINDS = 2, FILES = 5 }; /* of each kind the PDF, and up to four pages */

struct blank_forms {
    struct kept {
        uint64_t until_ms;
        struct paper_bytes bytes; /* NULL: there is no such page */
    } kept[KINDS][FILES];
};

struct blank_forms *blank_forms_new(void)
{
    struct blank_forms *self = calloc(1, sizeof *self);
    if (self == NULL)
        abort();
    return self;
}

void blank_forms_destroy(struct blank_forms **self)
{
    if (*self == NULL)
        return;
    for (size_t kind = 0; kind < KINDS; kind++)
        for (size_t file = 0; file < FILES; file++)
            free((*self)->kept[kind][file].bytes.data);
    free(*self);
    *self = NULL;
}

/* NULL: a page that no blank paper has. */
static struct kept *place_of(struct call *c)
{
    const Certification__ReadPaperDocumentRequest *req = c->request;
    const struct certification *state = service_state(c->run);
    uint32_t page = req->page == 0 ? 1 : req->page;
    bool is_picture = req->format == CERTIFICATION__DOCUMENT__FORMAT__PNG;
    if (is_picture && page >= FILES)
        return NULL;
    return &state->blank_forms->kept[req->kind - 1][is_picture ? page : 0];
}

static answer reply(struct call *c, const struct paper_bytes *bytes)
{
    const Certification__ReadPaperDocumentRequest *req = c->request;
    bool is_picture = req->format == CERTIFICATION__DOCUMENT__FORMAT__PNG;
    const char *title = paper_document_title(req->kind);
    if (bytes->data == NULL)
        return call_fail(c, REASON_document_page_gone);
    unsigned char *copy = malloc(bytes->size + 1);
    if (copy == NULL)
        return call_fail(c, REASON_busy);
    memcpy(copy, bytes->data, bytes->size);
    return file_part(c, copy, bytes->size, req->part, is_picture ? "image/png" : "application/pdf",
                     is_picture ? arena_printf(c->arena, "%s-空白-第%u页.png", title,
                                               req->page == 0 ? 1 : req->page)
                                : arena_printf(c->arena, "%s-空白.pdf", title),
                     false);
}

/* ---- drawing */

struct drawing {
    struct paper *paper;
    Certification__Document__Format format;
    uint32_t page;
    struct paper_bytes bytes;
    enum status status;
};

static void draw_work(void *job)
{
    struct drawing *drawing = job;
    drawing->status = drawing->format == CERTIFICATION__DOCUMENT__FORMAT__PNG
                          ? paper_png(drawing->paper, drawing->page, &drawing->bytes)
                          : paper_pdf(drawing->paper, &drawing->bytes);
}

static answer draw_worked(struct call *c, void *job)
{
    const struct drawing *drawing = job;
    struct kept *kept = place_of(c);
    if (drawing->status != STATUS_OK && drawing->status != STATUS_NOT_FOUND)
        return call_fail(c, REASON_busy);
    free(kept->bytes.data);
    *kept = (struct kept){clock_ms() + KEPT_MS, drawing->bytes};
    return reply(c, &kept->bytes);
}

static answer blank_form_named(struct call *c, const struct rows *results)
{
    const Certification__ReadPaperDocumentRequest *req = c->request;
    const struct certification *state = service_state(c->run);
    bool is_entry = req->kind == CERTIFICATION__PAPER_FORM__KIND__ENTRY;
    struct paper_document document = {
        .arena = c->arena,
        .association = state->association,
        .kind = req->kind,
        .form = message_new(is_entry ? &certification__entry_form__descriptor
                                     : &certification__holder_form__descriptor,
                            c->arena),
        .form_no = "",
        .names = &results[0],
    };
    struct drawing *drawing = arena_alloc(c->arena, sizeof *drawing);
    drawing->paper = paper_document_draw(&document);
    drawing->format = req->format;
    drawing->page = req->page == 0 ? 1 : req->page;
    return work_then(c, state->files.work, draw_work, drawing, draw_worked);
}

static answer blank_form_read(struct call *c)
{
    const struct kept *kept = place_of(c);
    if (kept == NULL)
        return call_fail(c, REASON_document_page_gone);
    if (kept->until_ms > clock_ms())
        return reply(c, &kept->bytes);
    batch_add(c, &sql_blank_form_options);
    return batch_then(c, blank_form_named);
}

const struct op blank_form_ops[] = {
    {"ReadBlankForm", PUBLIC, blank_form_read, 0},
    OP_END,
};
