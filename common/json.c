#include "json.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading */

struct reader {
    struct field_errors *errors;
    const char *path;
    unsigned depth;
};

static void tell(const struct reader *r, const char *field, const char *message)
{
    field_errors_add(r->errors, arena_printf(r->errors->arena, "%s%s", r->path, field), message);
}

/* A decimal number, all of it. */
static bool integer_of(const json_t *value, bool is_signed, int64_t *ret_value)
{
    if (json_is_integer(value)) {
        *ret_value = json_integer_value(value);
        return is_signed || *ret_value >= 0;
    }
    const char *text = json_string_value(value);
    char *end = NULL;
    if (text == NULL || text[0] == '\0' || strspn(text, is_signed ? "-0123456789" : "0123456789") !=
                                               json_string_length(value))
        return false;
    errno = 0;
    *ret_value = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0';
}

static const char *read_integer(const ProtobufCFieldDescriptor *field, void *at,
                                const json_t *value)
{
    bool is_signed = field->type == PROTOBUF_C_TYPE_INT64 || field->type == PROTOBUF_C_TYPE_INT32;
    bool is_wide = field->type == PROTOBUF_C_TYPE_INT64 || field->type == PROTOBUF_C_TYPE_UINT64;
    int64_t number;
    if (!integer_of(value, is_signed, &number))
        return "应为整数。";
    if (is_wide) {
        *(int64_t *)at = number;
        return NULL;
    }
    if (number > (is_signed ? INT32_MAX : UINT32_MAX) || number < INT32_MIN)
        return "数字超出范围。";
    *(uint32_t *)at = (uint32_t)number;
    return NULL;
}

static const char *read_enum(const ProtobufCFieldDescriptor *field, void *at, const json_t *value)
{
    const char *name = json_string_value(value);
    const ProtobufCEnumValue *found =
        name == NULL ? NULL : protobuf_c_enum_descriptor_get_value_by_name(field->descriptor, name);
    if (found == NULL)
        return "不是可选的值。";
    *(int *)at = found->value;
    return NULL;
}

static const char *read_bytes(ProtobufCBinaryData *at, const json_t *value, struct arena *arena)
{
    size_t size = json_string_length(value);
    if (!json_is_string(value))
        return "应为文字。";
    at->data = arena_alloc(arena, size + 1);
    return sodium_base642bin(at->data, size, json_string_value(value), size, NULL, &at->len, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0
               ? NULL
               : "不是有效的 base64。";
}

static void read_object(const json_t *object, ProtobufCMessage *message, const struct reader *r);

/* One value into its place; NULL: done, else what is wrong with it. */
static const char *read_value(const ProtobufCFieldDescriptor *field, void *at, const json_t *value,
                              const struct reader *r, const char *path)
{
    struct arena *arena = r->errors->arena;
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        if (!json_is_string(value))
            return "应为文字。";
        if (strlen(json_string_value(value)) != json_string_length(value))
            return "含有不允许的字符。";
        *(char **)at = arena_text(arena, json_string_value(value));
        return NULL;
    case PROTOBUF_C_TYPE_BOOL:
        if (!json_is_boolean(value))
            return "应为 true 或 false。";
        *(protobuf_c_boolean *)at = json_is_true(value);
        return NULL;
    case PROTOBUF_C_TYPE_ENUM:
        return read_enum(field, at, value);
    case PROTOBUF_C_TYPE_BYTES:
        return read_bytes(at, value, arena);
    case PROTOBUF_C_TYPE_MESSAGE: {
        ProtobufCMessage **inner = at;
        if (!json_is_object(value))
            return "应为一组内容。";
        if (r->depth == JSON_DEPTH_MAX)
            return "层次过深。";
        *inner = message_new(field->descriptor, arena);
        read_object(value, *inner, &(struct reader){r->errors, path, r->depth + 1});
        return NULL;
    }
    default:
        return read_integer(field, at, value);
    }
}

static size_t element_size(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        return 8;
    default:
        return 4;
    }
}

static void read_list(const json_t *list, ProtobufCMessage *message,
                      const ProtobufCFieldDescriptor *field, const struct reader *r)
{
    struct arena *arena = r->errors->arena;
    if (!json_is_array(list)) {
        tell(r, field->name, "应为一个列表。");
        return;
    }
    size_t count = json_array_size(list), size = element_size(field);
    char *elements = arena_alloc(arena, (count + 1) * size);
    for (size_t i = 0; i < count; i++) {
        const char *path = arena_printf(arena, "%s%s.%zu.", r->path, field->name, i);
        const char *wrong =
            read_value(field, elements + i * size, json_array_get(list, i), r, path);
        if (wrong != NULL) {
            tell(r, arena_printf(arena, "%s.%zu", field->name, i), wrong);
            return;
        }
    }
    *(void **)((char *)message + field->offset) = elements;
    *(size_t *)((char *)message + field->quantifier_offset) = count;
}

static void read_object(const json_t *object, ProtobufCMessage *message, const struct reader *r)
{
    struct arena *arena = r->errors->arena;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(message->descriptor, key);
        if (field == NULL) {
            tell(r, key, "没有这一项。");
        } else if (json_is_null(value)) {
            continue; /* absent */
        } else if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            read_list(value, message, field, r);
        } else {
            const char *wrong =
                read_value(field, (char *)message + field->offset, value, r,
                           arena_printf(arena, "%s%s.", r->path, field->name));
            if (wrong != NULL)
                tell(r, field->name, wrong);
        }
    }
}

bool json_read(const char *text, size_t size, ProtobufCMessage *message,
               struct field_errors *errors)
{
    json_error_t why;
    if (size > JSON_SIZE_MAX)
        return false;
    json_t *object = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
    bool readable = json_is_object(object);
    if (readable)
        read_object(object, message, &(struct reader){errors, "", 0});
    json_decref(object);
    return readable;
}

bool json_set_text(ProtobufCMessage *message, const char *name, const char *value,
                   struct field_errors *errors)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
    if (field == NULL || field->label == PROTOBUF_C_LABEL_REPEATED ||
        field->type == PROTOBUF_C_TYPE_MESSAGE)
        return false;
    struct reader r = {errors, "", 0};
    json_t *json = field->type == PROTOBUF_C_TYPE_BOOL && strcmp(value, "true") == 0 ? json_true()
                   : field->type == PROTOBUF_C_TYPE_BOOL && strcmp(value, "false") == 0
                       ? json_false()
                       : json_string(value);
    const char *wrong = json == NULL ? "含有不允许的字符。"
                                     : read_value(field, (char *)message + field->offset, json, &r, "");
    if (wrong != NULL)
        tell(&r, name, wrong);
    json_decref(json);
    return true;
}

/* ---- writing: straight to text, since every answer passes here */

struct writer {
    struct arena *arena;
    char *text;
    size_t size, room;
};

static char *room_for(struct writer *w, size_t size)
{
    if (w->size + size + 1 > w->room) {
        size_t room = (w->size + size + 1) * 2;
        char *more = arena_alloc(w->arena, room);
        memcpy(more, w->text, w->size);
        w->text = more;
        w->room = room;
    }
    return w->text + w->size;
}

static void put(struct writer *w, const char *text, size_t size)
{
    memcpy(room_for(w, size), text, size);
    w->size += size;
}

static void put_string(struct writer *w, const char *text)
{
    char *start = room_for(w, 6 * strlen(text) + 2), *at = start;
    *at++ = '"';
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            *at++ = '\\';
            *at++ = (char)*c;
        } else if (*c < 0x20 || *c == 0x7f) {
            at += sprintf(at, "\\u%04x", *c);
        } else {
            *at++ = (char)*c;
        }
    }
    *at++ = '"';
    w->size += (size_t)(at - start);
}

static void put_number(struct writer *w, const char *format, long long number)
{
    char text[32];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    int size = snprintf(text, sizeof text, format, number);
#pragma GCC diagnostic pop
    put(w, text, (size_t)size);
}

static void put_bytes(struct writer *w, const ProtobufCBinaryData *data)
{
    size_t size = sodium_base64_encoded_len(data->len, sodium_base64_VARIANT_ORIGINAL);
    put(w, "\"", 1);
    sodium_bin2base64(room_for(w, size), size, data->data, data->len,
                      sodium_base64_VARIANT_ORIGINAL);
    w->size += size - 1;
    put(w, "\"", 1);
}

static void put_message(struct writer *w, const ProtobufCMessage *message);

static void put_value(struct writer *w, const ProtobufCFieldDescriptor *field, const void *at)
{
    const ProtobufCEnumValue *value;
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        put_string(w, *(const char *const *)at == NULL ? "" : *(const char *const *)at);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        put(w, *(const protobuf_c_boolean *)at ? "true" : "false",
            *(const protobuf_c_boolean *)at ? 4 : 5);
        break;
    case PROTOBUF_C_TYPE_ENUM:
        value = protobuf_c_enum_descriptor_get_value(field->descriptor, *(const int *)at);
        put_string(w, value == NULL ? "UNSPECIFIED" : value->name);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        put_bytes(w, at);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        put_message(w, *(const ProtobufCMessage *const *)at);
        break;
    case PROTOBUF_C_TYPE_INT64:
        put_number(w, "\"%lld\"", *(const int64_t *)at);
        break;
    case PROTOBUF_C_TYPE_UINT64:
        put_number(w, "\"%llu\"", *(const int64_t *)at);
        break;
    case PROTOBUF_C_TYPE_INT32:
        put_number(w, "%lld", *(const int32_t *)at);
        break;
    default:
        put_number(w, "%lld", *(const uint32_t *)at);
        break;
    }
}

static void put_message(struct writer *w, const ProtobufCMessage *message)
{
    bool first = true;
    put(w, "{", 1);
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        const char *at = (const char *)message + field->offset;
        bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
        if (!repeated && field->type == PROTOBUF_C_TYPE_MESSAGE &&
            *(const ProtobufCMessage *const *)at == NULL)
            continue;
        if (!first)
            put(w, ",", 1);
        first = false;
        put_string(w, field->name);
        put(w, ":", 1);
        if (!repeated) {
            put_value(w, field, at);
            continue;
        }
        size_t count = *(const size_t *)((const char *)message + field->quantifier_offset);
        put(w, "[", 1);
        for (size_t n = 0; n < count; n++) {
            if (n > 0)
                put(w, ",", 1);
            put_value(w, field, *(const char *const *)at + n * element_size(field));
        }
        put(w, "]", 1);
    }
    put(w, "}", 1);
}

char *json_write(const ProtobufCMessage *message, struct arena *arena, size_t *ret_size)
{
    struct writer w = {.arena = arena};
    put_message(&w, message);
    *ret_size = w.size;
    return room_for(&w, 0);
}
