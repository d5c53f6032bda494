#include "sheet.h"

#include "files.h"
#include "nouns.h"
#include "reasons.h"
#include "service.h"
#include <inttypes.h>

struct drawing {
    struct sheet sheet;
    struct file_store *store;
    struct paper_bytes bytes;
    enum status status;
};

const char *sheet_yuan(struct arena *arena, int64_t fen)
{
    int64_t size = fen < 0 ? -fen : fen;
    return arena_printf(arena, "%s%" PRId64 ".%02d元", fen < 0 ? "-" : "", size / 100,
                        (int)(size % 100));
}

static void drawing_work(void *job)
{
    struct drawing *drawing = job;
    const struct sheet *sheet = &drawing->sheet;
    drawing->status = picture_load(drawing->store, &sheet->picture);
    if (drawing->status != STATUS_OK)
        return;
    drawing->status = sheet->is_png ? paper_png(sheet->paper, 1, &drawing->bytes)
                                    : paper_pdf(sheet->paper, &drawing->bytes);
}

static answer drawing_worked(struct call *c, void *job)
{
    struct drawing *drawing = job;
    const struct sheet *sheet = &drawing->sheet;
    if (drawing->status != STATUS_OK)
        return call_fail(c, REASON_busy);
    return file_part(c, drawing->bytes.data, drawing->bytes.size, sheet->part,
                     sheet->is_png ? "image/png" : "application/pdf", sheet->file_name, true);
}

answer sheet_then(struct call *c, const struct sheet *sheet)
{
    struct payment *state = service_state(c->run);
    struct drawing *drawing = arena_alloc(c->arena, sizeof *drawing);
    *drawing = (struct drawing){.sheet = *sheet, .store = &state->files};
    return work_then(c, state->files.work, drawing_work, drawing, drawing_worked);
}
