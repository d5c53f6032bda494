/* D-6 会员证书: one page, A4 across. */
#ifndef GUILD_PAYMENT_CERTIFICATE_PAPER_H
#define GUILD_PAYMENT_CERTIFICATE_PAPER_H

#include "paper.h"

struct certificate {
    const char *association, *unit_name, *uscc, *post, *member_no, *first_day, *last_day;
    const char *opened_at; /* when the last term was opened */
    const char *code;      /* what the QR code says */
    const char *digest;    /* of what is signed, for the foot */
    const void *seal;      /* JPEG, as pen_picture takes it; NULL: none */
    size_t seal_size;
};

/* The same certificate gives the same bytes. UNAVAILABLE: no memory. */
enum status certificate_pdf(const struct certificate *certificate,
                            struct paper_bytes *out) MUST_CHECK;
enum status certificate_png(const struct certificate *certificate,
                            struct paper_bytes *out) MUST_CHECK;

#endif
