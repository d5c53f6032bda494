/* Whatever comes over the bus as the request of any method, or as its answer: it is refused, or told as JSON that reads back
   the same. A request is held against its rules first, as a service does; an answer is told as it came, as the gateway does
   (answer_json in gateway/http.c), and so is the problem of one that refuses. The first two bytes choose the method, their
   highest bit the answer. */
#include "auth.pb-c.h"
#include "certification.pb-c.h"
#include "common.pb-c.h"
#include "json.h"
#include "notification.pb-c.h"
#include "payment.pb-c.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY_MAX = 8 * 1024 * 1024, /* as for a request */ ANSWER = 0x8000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const ProtobufCServiceDescriptor *const services[] = {
    &auth__auth__descriptor, &certification__certification__descriptor,
    &notification__notification__descriptor, &payment__payment__descriptor};
enum { SERVICES = sizeof services / sizeof services[0] };

/* Behind the last method is the problem. */
static const ProtobufCMessageDescriptor *type_of(size_t number, bool answer)
{
    size_t all = 1;
    for (size_t i = 0; i < SERVICES; i++)
        all += services[i]->n_methods;
    number %= all;
    for (size_t i = 0; i < SERVICES; number -= services[i++]->n_methods)
        if (number < services[i]->n_methods)
            return answer ? services[i]->methods[number].output
                          : services[i]->methods[number].input;
    return &common__problem__descriptor;
}

/* Of a name that an enum does not have nothing can be read: then it is read no further. */
static void read_back(const ProtobufCMessage *message, struct arena *arena)
{
    struct field_errors errors = {.arena = arena};
    ProtobufCMessage *again = message_new(message->descriptor, arena);
    size_t written, rewritten;
    const char *json = json_write(message, arena, &written);
    if (strlen(json) != written)
        abort();
    if (written > JSON_SIZE_MAX)
        return;
    if (!json_read(json, written, again, &errors))
        abort();
    if (errors.count > 0)
        return;
    const char *second = json_write(again, arena, &rewritten);
    if (written != rewritten || memcmp(json, second, written) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t chosen = (size_t)data[0] << 8 | data[1];
    bool answer = (chosen & ANSWER) != 0;
    struct arena *arena = arena_new(MEMORY_MAX);
    struct field_errors errors = {.arena = arena};
    ProtobufCMessage *message =
        message_unpack(type_of(chosen & ~(size_t)ANSWER, answer), data + 2, size - 2, arena);
    if (message != NULL && !answer)
        message_check(message, &errors);
    if (message != NULL)
        read_back(message, arena);
    arena_destroy(&arena);
    return 0;
}
