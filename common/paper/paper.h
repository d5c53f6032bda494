/* Printable documents: a head with a QR code, titled tables of labels and values, places to sign. A4, as PDF or as the
   picture of a page at 150 dpi, from the same drawing. The same paper gives the same bytes: no clock, no random number.
   The text is Noto Sans CJK SC, embedded. What does not fit on a page goes on on the next one; nothing is cut. */
#ifndef GUILD_PAPER_H
#define GUILD_PAPER_H

#include "arena.h"
#include "status.h"
#include <stdbool.h>

struct paper;

struct paper_head {
    const char *association;
    const char *title;
    const char *number;  /* of the document; empty: a line to write it on */
    const char *code;    /* what the QR code says; empty: there is none */
    const char *made_at; /* 2026-11-24T10:32:00+08:00: when the content came to be */
    const char *digest; /* of the content, for the foot of each page; empty: neither stands there */
};

/* Keeps what it is given: texts live as long as the paper, which lives in the arena. */
struct paper *paper_new(struct arena *arena, const struct paper_head *head);

/* SHA-256 of the content in hex digits, for the foot. */
const char *paper_digest(struct arena *arena, const void *data, size_t size);

/* The heading of a table; what follows is in it. */
void paper_table(struct paper *paper, const char *title);
/* A photo to the right of the rows that follow: the picture (a JPEG, as pen_picture takes it), or where there is none, and where
   it does not decode, a place to glue one with the words in it. */
void paper_photo(struct paper *paper, const char *words, const void *jpeg, size_t size);
/* A label and its value; two that are not wide share a row. */
void paper_field(struct paper *paper, const char *label, const char *value, bool wide);
/* A row that is one sentence. */
void paper_text(struct paper *paper, const char *text);
/* A label, and beside it a picture (a JPEG, as pen_picture takes it) with a line of words below. */
void paper_picture(struct paper *paper, const char *label, const char *words, const void *jpeg,
                   size_t size);
/* A place to sign: what is declared, and below it who signs, with the day. */
void paper_sign(struct paper *paper, const char *label, const char *statement, const char *signer);

struct paper_bytes {
    unsigned char *data; /* malloc */
    size_t size;
};

/* How many pages it has. This and what follows may run in any thread. */
unsigned paper_pages(const struct paper *paper);

/* UNAVAILABLE: no memory. */
enum status paper_pdf(const struct paper *paper, struct paper_bytes *out) MUST_CHECK;
/* Pages count from 1; NOT_FOUND: the paper has fewer. */
enum status paper_png(const struct paper *paper, unsigned page, struct paper_bytes *out) MUST_CHECK;

#endif
