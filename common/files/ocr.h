/* Who reads what is printed on a licence. A provider is a row in ocr.c; a setting chooses it. Read is the 统一社会信用代码 alone, which its
   check character proves; README.md says how well. */
#ifndef GUILD_OCR_H
#define GUILD_OCR_H

#include <stddef.h>

enum { OCR_USCC_SIZE = 19, OCR_PATIENCE_MS = 6000 };

enum ocr_result {
    OCR_READ,
    OCR_NOTHING, /* it was looked at, and no code was found */
    OCR_FAILED, /* nobody could look: no program, a slow one, one that was stopped or says something else */
};

struct ocr_provider {
    const char *name;
    /* At the start: why it cannot be used; NULL: it can. */
    const char *(*missing)(const char *program);
    /* Of a file as guild-image cleans it, in at most so long. Blocks: for actors. Only if read, ret_uscc is a code with its check
       character. NULL: nobody reads. */
    enum ocr_result (*read)(const char *program, const void *file, size_t size, int patience_ms,
                            char ret_uscc[static OCR_USCC_SIZE]);
};

/* A table that ends with an empty row. */
extern const struct ocr_provider ocr_providers[];

/* NULL: no provider of that name. */
const struct ocr_provider *ocr_provider_find(const char *name);

#endif
