#include "rules.h"

#include "check.h"
#include <ctype.h>
#include <string.h>

bool rules_refusal_is_founded(size_t reasons, const char *words)
{
    size_t characters = 0;
    for (const char *c = words; *c != '\0'; c++)
        characters += ((unsigned char)*c & 0xc0) != 0x80 && *c != ' ' && *c != '\n';
    return reasons > 0 || characters >= 5;
}

static bool digits_only(const char *text, size_t least, size_t most)
{
    size_t count = 0;
    for (; isdigit((unsigned char)text[count]); count++)
        ;
    return text[count] == '\0' && count >= least && count <= most;
}

bool rules_receipt_no(const char *text)
{
    return digits_only(text, 1, 20);
}

bool rules_account_tail(const char *text)
{
    return text[0] == '\0' || digits_only(text, 4, 4);
}

bool rules_post_code(const char *text)
{
    size_t count = 0;
    for (; isupper((unsigned char)text[count]) || text[count] == '_'; count++)
        ;
    return text[count] == '\0' && count >= 2;
}

void rules_reference(uint32_t random, char out[static RULES_REFERENCE_SIZE])
{
    enum { CODES = 29 * 29 * 29 * 29 * 29 };
    check_reference_code_make("HF", random % CODES, out);
}
