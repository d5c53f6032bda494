/* What a file is, by its bytes, before anything is decoded. */
#ifndef GUILD_IMAGE_PROBE_H
#define GUILD_IMAGE_PROBE_H

#include <stddef.h>
#include <stdint.h>

enum probe_kind { PROBE_UNKNOWN, PROBE_JPEG, PROBE_PNG, PROBE_WEBP, PROBE_PDF };

struct probe {
    enum probe_kind kind;
    int32_t width, height; /* 0: the header does not say */
};

struct probe probe_file(const unsigned char *data, size_t size);

enum pdf_verdict { PDF_GOOD, PDF_BROKEN, PDF_ACTIVE };

/* Looks for scripts, launches, attached files, encryption, and more than 30 pages, in the plain text of the file and in
   its object streams (inflated, at most 32 MiB in all). What cannot be inflated is refused. */
enum pdf_verdict probe_pdf(const unsigned char *data, size_t size);

#endif
