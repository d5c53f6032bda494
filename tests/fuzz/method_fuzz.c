/* Whatever a peer sends as the request of any method: it is refused, or checked, told as JSON and read back the same. The
   first byte chooses the method. */
#include "auth.pb-c.h"
#include "certification.pb-c.h"
#include "json.h"
#include "notification.pb-c.h"
#include "payment.pb-c.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY_MAX = 8 * 1024 * 1024 }; /* as for a request */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const ProtobufCServiceDescriptor *const services[] = {
    &auth__auth__descriptor, &certification__certification__descriptor,
    &notification__notification__descriptor, &payment__payment__descriptor};

static const ProtobufCMessageDescriptor *type_of(size_t number)
{
    size_t all = 0;
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++)
        all += services[i]->n_methods;
    number %= all;
    for (size_t i = 0;; number -= services[i++]->n_methods)
        if (number < services[i]->n_methods)
            return services[i]->methods[number].input;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const ProtobufCMessageDescriptor *type = type_of(data[0]);
    struct arena *arena = arena_new(MEMORY_MAX);
    struct field_errors errors = {.arena = arena};
    ProtobufCMessage *message = message_unpack(type, data + 1, size - 1, arena);
    if (message != NULL) {
        size_t written, rewritten;
        ProtobufCMessage *again = message_new(type, arena);
        message_check(message, &errors);
        const char *json = json_write(message, arena, &written);
        errors.count = 0;
        if (json_read(json, written, again, &errors) && errors.count == 0) {
            const char *second = json_write(again, arena, &rewritten);
            if (written != rewritten || memcmp(json, second, written) != 0)
                abort();
        }
    }
    arena_destroy(&arena);
    return 0;
}
