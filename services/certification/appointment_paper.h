/* D-7 专家聘书: one page, A4 across. */
#ifndef GUILD_CERTIFICATION_APPOINTMENT_PAPER_H
#define GUILD_CERTIFICATION_APPOINTMENT_PAPER_H

#include "paper.h"

struct appointment {
    const char *association, *expert_no, *name, *specialties;
    const char *first_day, *last_day; /* 2026-11-27 */
    const char *check_code;
    const char *code; /* what the QR code says */
};

/* The same appointment gives the same bytes. UNAVAILABLE: no memory. */
enum status appointment_pdf(const struct appointment *appointment,
                            struct paper_bytes *out) MUST_CHECK;
enum status appointment_png(const struct appointment *appointment,
                            struct paper_bytes *out) MUST_CHECK;

#endif
