/* Is a PDF (ISO 32000-1) one that does nothing? It is shown to reviewers as it came, so what cannot be checked is
   refused. A small reader of our own, since the question is small: names in the file's bytes and in its object
   streams. A library would read the file as its cross-reference table says, and viewers that repair files may read
   another; here every byte counts, wherever the table points. */
#ifndef GUILD_IMAGE_PDF_H
#define GUILD_IMAGE_PDF_H

#include <stddef.h>

enum { PDF_PAGES_MAX = 30 };

enum pdf_verdict {
    PDF_GOOD,
    PDF_BROKEN, /* no end, or no page */
    PDF_ACTIVE, /* scripts, launches, forms that send, attached files; encryption, or else not readable */
    PDF_TOO_LONG, /* more than PDF_PAGES_MAX pages */
};

/* Any bytes will do. Takes at most 33 MiB of memory, and time that grows with the size. */
enum pdf_verdict pdf_check(const unsigned char *data, size_t size);

#endif
