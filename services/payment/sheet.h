/* What finance prints. */
#ifndef GUILD_PAYMENT_SHEET_H
#define GUILD_PAYMENT_SHEET_H

#include "call.h"
#include "paper.h"

/* "-12.30元" */
const char *sheet_yuan(struct arena *arena, int64_t fen);

/* Draws the paper in an actor, and answers a part of the PDF. The name lives as long as the call. */
answer sheet_then(struct call *c, const struct paper *paper, const char *file_name, uint32_t part);

#endif
