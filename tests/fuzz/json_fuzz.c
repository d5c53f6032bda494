/* Whatever stands in a request's body, json_read must end well; what it takes comes back as it was written. */
#include "auth.pb-c.h"
#include "certification.pb-c.h"
#include "common.pb-c.h"
#include "json.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_as(const ProtobufCMessageDescriptor *type, const char *text, size_t size)
{
    struct arena *arena = arena_new(0);
    struct field_errors errors = {.arena = arena};
    ProtobufCMessage *message = message_new(type, arena), *again = message_new(type, arena);
    if (json_read(text, size, message, &errors) && errors.count == 0) {
        size_t written, rewritten, packed;
        const char *json = json_write(message, arena, &written);
        if (!json_read(json, written, again, &errors) || errors.count > 0 ||
            strcmp(json, json_write(again, arena, &rewritten)) != 0)
            abort();
        const void *bytes = message_pack(message, arena, &packed);
        if (message_unpack(type, bytes, packed, arena) == NULL)
            abort();
        message_check(message, &errors);
    }
    arena_destroy(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const ProtobufCMessageDescriptor *const types[] = {
        &certification__save_draft_request__descriptor,
        &certification__application__descriptor,
        &auth__register_account_request__descriptor,
        &common__principal__descriptor,
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        try_as(types[i], (const char *)data, size);
    return 0;
}
