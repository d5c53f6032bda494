/* Every field check on any text: what it takes is clean, and taken again unchanged. */
#include "check.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

static const char *const names[] = {
    "mobile", "landline",  "phone_any",      "member_password", "staff_password", "sms_code",
    "uscc",   "id_number", "person_name",    "unit_name",       "email",          "date",
    "region", "money",     "reference_code", "bank_line",       "text",           "multiline_text"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[1024], normal[4096], again[4096];
    if (size >= sizeof text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        check_fn *check = check_find(names[i])->function;
        if (check(text, normal, sizeof normal) != NULL)
            continue;
        if (u8_check((const uint8_t *)normal, strlen(normal)) != NULL ||
            check(normal, again, sizeof again) != NULL || strcmp(normal, again) != 0)
            abort();
    }
    return 0;
}
