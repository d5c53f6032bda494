#include "parts.h"

#include "nouns.h"
#include "reasons.h"
#include "service.h"
#include <string.h>

/* One that is lost or altered leaves its place with the words; while the store is away the paper is not drawn without it. */
static enum status load_photo(const struct parts *parts)
{
    const struct photo *photo = parts->photo;
    if (photo == NULL || photo->size == 0)
        return STATUS_OK;
    enum status status =
        file_load(parts->store, photo->id, photo->owner, photo->size, photo->bytes);
    if (status == STATUS_UNAVAILABLE)
        return status;
    if (status != STATUS_OK)
        memset(photo->bytes, 0, photo->size);
    return STATUS_OK;
}

static void parts_work(void *job)
{
    struct parts *parts = job;
    parts->status = load_photo(parts);
    if (parts->status != STATUS_OK)
        return;
    parts->status = parts->format == CERTIFICATION__DOCUMENT__FORMAT__PNG
                        ? paper_png(parts->paper, parts->page, &parts->bytes)
                        : paper_pdf(parts->paper, &parts->bytes);
}

static char *file_name(const struct parts *parts, struct arena *arena)
{
    if (parts->format == CERTIFICATION__DOCUMENT__FORMAT__PNG)
        return arena_printf(arena, "%s-%s-第%u页.png", parts->title, parts->name, parts->page);
    return arena_printf(arena, "%s-%s.pdf", parts->title, parts->name);
}

static answer parts_worked(struct call *c, void *job)
{
    const struct parts *parts = job;
    if (parts->status != STATUS_OK)
        return call_fail(c, parts->status == STATUS_NOT_FOUND ? REASON_document_page_gone
                                                              : REASON_busy);
    return file_part(c, parts->bytes.data, parts->bytes.size, parts->part,
                     parts->format == CERTIFICATION__DOCUMENT__FORMAT__PNG ? "image/png"
                                                                           : "application/pdf",
                     file_name(parts, c->arena), parts->may_change);
}

answer parts_then(struct call *c, struct parts *parts)
{
    struct certification *state = service_state(c->run);
    parts->store = &state->files;
    parts->page = parts->page == 0 ? 1 : parts->page;
    return work_then(c, state->files.work, parts_work, parts, parts_worked);
}
