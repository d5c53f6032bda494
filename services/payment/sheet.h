/* Papers of payment, drawn in an actor and answered part by part. */
#ifndef GUILD_PAYMENT_SHEET_H
#define GUILD_PAYMENT_SHEET_H

#include "call.h"
#include "paper.h"
#include "picture.h"

struct sheet {
    const struct paper *paper;
    const char *file_name;
    uint32_t part;
    bool is_png;            /* else PDF */
    struct picture picture; /* that is on it, loaded first */
};

/* "-12.30元" */
const char *sheet_yuan(struct arena *arena, int64_t fen);

/* Draws it, and answers its part. What it points at lives as long as the call. */
answer sheet_then(struct call *c, const struct sheet *sheet);

#endif
