#include "sheet.h"

#include "files.h"
#include "nouns.h"
#include "reasons.h"
#include "service.h"
#include <inttypes.h>

struct sheet {
    const struct paper *paper;
    const char *file_name;
    uint32_t part;
    struct paper_bytes bytes;
    enum status status;
};

const char *sheet_yuan(struct arena *arena, int64_t fen)
{
    int64_t size = fen < 0 ? -fen : fen;
    return arena_printf(arena, "%s%" PRId64 ".%02d元", fen < 0 ? "-" : "", size / 100,
                        (int)(size % 100));
}

static void sheet_work(void *job)
{
    struct sheet *sheet = job;
    sheet->status = paper_pdf(sheet->paper, &sheet->bytes);
}

static answer sheet_worked(struct call *c, void *job)
{
    struct sheet *sheet = job;
    if (sheet->status != STATUS_OK)
        return call_fail(c, REASON_busy);
    return file_part(c, sheet->bytes.data, sheet->bytes.size, sheet->part, "application/pdf",
                     sheet->file_name, true);
}

answer sheet_then(struct call *c, const struct paper *paper, const char *file_name, uint32_t part)
{
    const struct payment *state = service_state(c->run);
    struct sheet *sheet = arena_alloc(c->arena, sizeof *sheet);
    *sheet = (struct sheet){.paper = paper, .file_name = file_name, .part = part};
    return work_then(c, state->files.work, sheet_work, sheet, sheet_worked);
}
