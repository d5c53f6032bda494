/* Whatever a PDF holds, pdf_check ends well; and a file with a script's name put before its end is never good. */
#include "image/pdf.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char script[] = "\n/S /#4aavaScript\n%%EOF";
    if (pdf_check(data, size) == PDF_GOOD && memmem(data, size, "/Launch ", 8) != NULL)
        abort();
    uint8_t *longer = malloc(size + sizeof script);
    if (longer == NULL)
        abort();
    memcpy(longer, data, size);
    memcpy(longer + size, script, sizeof script - 1);
    if (pdf_check(longer, size + sizeof script - 1) != PDF_ACTIVE)
        abort();
    free(longer);
    return 0;
}
