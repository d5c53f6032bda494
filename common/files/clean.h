/* Cleaning of an uploaded file in a confined child process (guild-image): nothing a stranger made is decoded in the
   service itself. Blocks: for actors. */
#ifndef GUILD_CERTIFICATION_CLEAN_H
#define GUILD_CERTIFICATION_CLEAN_H

#include <stddef.h>
#include <stdint.h>

enum { CLEAN_CODES_SIZE = 1536, CLEAN_PRINT_SIZE = 4096 };

struct bytes {
    unsigned char *data;
    size_t size;
};

#define CLEAN_OFD "application/ofd"

struct cleaned {
    const char *content_type; /* image/jpeg, application/pdf or CLEAN_OFD */
    struct bytes content;
    struct bytes thumbnail;                /* JPEG, long side 480; empty for a PDF and an OFD */
    int64_t width, height;                 /* 0 for a PDF and an OFD */
    char codes[CLEAN_CODES_SIZE];          /* what QR codes on it say, one a line; UTF-8 */
    unsigned char print[CLEAN_PRINT_SIZE]; /* what it is known by (image/print.h) */
    size_t print_size;                     /* 0: it has none */
};

enum clean_result {
    CLEAN_DONE,
    CLEAN_TYPE,      /* not a kind that is taken, whatever its name says */
    CLEAN_TOO_LARGE, /* more than 40 megapixels, or a side over 12 000 */
    CLEAN_BROKEN, /* does not decode, has no end, or drove the child against a limit or into a fault */
    CLEAN_ACTIVE,   /* a PDF with scripts, attached files or encryption */
    CLEAN_TOO_LONG, /* a PDF of more than 30 pages */
    CLEAN_FAILED,   /* no child, or it was stopped: not the file's fault, as far as we know */
};

/* `fd` holds `size` bytes; its offset is moved. Takes at most 10 s. `program` is the path of guild-image. Only if done,
   ret_cleaned is written and is the caller's: cleaned_free. */
enum clean_result clean_file(const char *program, int fd, size_t size, struct cleaned *ret_cleaned);
void cleaned_free(struct cleaned *cleaned);

#endif
