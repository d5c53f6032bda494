/* The bytes that protobuf-c 1.4.1 is hurt by, as every message that any method of any service takes or gives: nested 34 KB
   deep, 52 bytes of memory for each one sent, texts with a NUL or that are no UTF-8. */
#include "auth.pb-c.h"
#include "certification.pb-c.h"
#include "message.h"
#include "notification.pb-c.h"
#include "payment.pb-c.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NESTED_SIZE = 34 * 1024, MANY = 200000, MEMORY_MAX = 8 * 1024 * 1024, DEPTH_MAX = 8 };

static const ProtobufCServiceDescriptor *const services[] = {
    &auth__auth__descriptor, &certification__certification__descriptor,
    &notification__notification__descriptor, &payment__payment__descriptor};

typedef void type_fn(const ProtobufCMessageDescriptor *type);

static void each_type(type_fn *run)
{
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++)
        for (unsigned n = 0; n < services[i]->n_methods; n++) {
            run(services[i]->methods[n].input);
            run(services[i]->methods[n].output);
        }
}

/* Does this go in? */
static bool is_taken(const ProtobufCMessageDescriptor *type, const unsigned char *bytes,
                     size_t size)
{
    struct arena *arena = arena_new(MEMORY_MAX);
    bool taken = message_unpack(type, bytes, size, arena) != NULL;
    arena_destroy(&arena);
    return taken;
}

/* ---- bytes, written from their end on: so a length is known when it is written */

static unsigned char room[NESTED_SIZE + 64], *start;

static size_t size_now(void)
{
    return (size_t)(room + sizeof room - start);
}

static void put_number(uint64_t number)
{
    unsigned char bytes[10];
    size_t size = 0;
    for (; number >= 0x80; number >>= 7)
        bytes[size++] = (unsigned char)(number | 0x80);
    bytes[size++] = (unsigned char)number;
    start -= size;
    memcpy(start, bytes, size);
}

static void put_around(uint32_t field, size_t size)
{
    put_number(size);
    put_number((uint64_t)field << 3 | 2);
}

static void put_text(const char *text, size_t size)
{
    start = room + sizeof room - size;
    memcpy(start, text, size);
}

/* ---- */

static void nest(const ProtobufCMessageDescriptor *type)
{
    for (unsigned i = 0; i <= type->n_fields; i++) {
        uint32_t field = i == type->n_fields ? 1 : type->fields[i].id;
        put_text("", 0);
        while (size_now() < NESTED_SIZE)
            put_around(field, size_now());
        is_taken(type, start, size_now());
    }
}

static void test_nested_deep(void **state)
{
    (void)state;
    each_type(nest);
}

static void multiply(const ProtobufCMessageDescriptor *type)
{
    static unsigned char bytes[MANY * 3];
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        uint32_t tag = field->id << 3 | 2;
        size_t size = 0;
        if (field->label != PROTOBUF_C_LABEL_REPEATED || field->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        for (size_t n = 0; n < MANY; n++) {
            if (tag >= 0x80)
                bytes[size++] = (unsigned char)(tag | 0x80);
            bytes[size++] = (unsigned char)(tag >= 0x80 ? tag >> 7 : tag);
            bytes[size++] = 0;
        }
        size_t each = ((const ProtobufCMessageDescriptor *)field->descriptor)->sizeof_message;
        if (each * MANY > MEMORY_MAX && is_taken(type, bytes, size))
            fail_msg("%s.%s: %zu bytes for %zu", type->name, field->name, each * MANY, size);
    }
}

static void test_more_memory_than_bytes(void **state)
{
    (void)state;
    each_type(multiply);
}

static struct {
    const ProtobufCMessageDescriptor *type;
    uint32_t path[DEPTH_MAX];
    size_t depth, texts;
} here;

static bool text_is_taken(const char *text, size_t size)
{
    put_text(text, size);
    for (size_t i = here.depth; i-- > 0;)
        put_around(here.path[i], size_now());
    return is_taken(here.type, start, size_now());
}

static void try_text(const char *message, const char *field)
{
    static const struct {
        const char *text;
        size_t size;
    } bad[] = {
        {"hi\0you",      6},
        {"\0",           1},
        {"\xff\xfe",     2},
        {"\xed\xa0\x80", 3},
        {"\xc0\xaf",     2}
    };
    here.texts++;
    if (!text_is_taken("hi", 2))
        fail_msg("%s.%s does not take a text", message, field);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (text_is_taken(bad[i].text, bad[i].size))
            fail_msg("%s.%s takes text %zu", message, field, i);
}

/* No message holds itself (tests/lint/recursion), so this ends. */
static void walk(const ProtobufCMessageDescriptor *type)
{
    assert_true(here.depth < DEPTH_MAX);
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        here.path[here.depth++] = field->id;
        if (field->type == PROTOBUF_C_TYPE_STRING)
            try_text(type->name, field->name);
        else if (field->type == PROTOBUF_C_TYPE_MESSAGE)
            walk(field->descriptor);
        here.depth--;
    }
}

static void try_texts(const ProtobufCMessageDescriptor *type)
{
    here.type = type;
    walk(type);
}

static void test_texts_that_are_none(void **state)
{
    (void)state;
    each_type(try_texts);
    assert_true(here.texts > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nested_deep),
        cmocka_unit_test(test_more_memory_than_bytes),
        cmocka_unit_test(test_texts_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
