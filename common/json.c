#include "json.h"

#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading */

static const size_t ALONE = SIZE_MAX; /* a value that is no element of a list */

struct reader {
    struct field_errors *errors;
    const char *path;
    unsigned depth;
};

static void tell(const struct reader *r, const char *field, const char *message)
{
    field_errors_add(r->errors, arena_printf(r->errors->arena, "%s%s", r->path, field), message);
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

/* A whole number between the bounds, from a JSON integer or decimal digits. */
static bool integer_between(const json_t *value, int64_t least, uint64_t most, uint64_t *ret_value)
{
    char digits[32];
    const char *text = json_string_value(value);
    char *end = NULL;
    if (json_is_integer(value)) {
        snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        text = digits;
    }
    bool negative = text != NULL && text[0] == '-';
    if (text == NULL || text[negative] < '0' || text[negative] > '9')
        return false;
    errno = 0;
    *ret_value = negative ? (uint64_t)strtoll(text, &end, 10) : strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' ||
        (text != digits && (size_t)(end - text) != json_string_length(value)))
        return false;
    return negative ? (int64_t)*ret_value >= least : *ret_value <= most;
}

static const char *read_integer(const ProtobufCFieldDescriptor *field, void *at,
                                const json_t *value)
{
    uint64_t number = 0;
    bool good = false;
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
        good = integer_between(value, INT64_MIN, INT64_MAX, &number);
        break;
    case PROTOBUF_C_TYPE_UINT64:
        good = integer_between(value, 0, UINT64_MAX, &number);
        break;
    case PROTOBUF_C_TYPE_INT32:
        good = integer_between(value, INT32_MIN, INT32_MAX, &number);
        break;
    case PROTOBUF_C_TYPE_UINT32:
        good = integer_between(value, 0, UINT32_MAX, &number);
        break;
    default:
        break; /* no contract has others: no fractions, no fixed widths (json_test looks) */
    }
    if (!good)
        return "应为整数，且不超出范围。";
    memcpy(at, &number, element_size(field)); /* little-endian: the low bytes come first */
    return NULL;
}

static const char *read_enum(const ProtobufCFieldDescriptor *field, void *at, const json_t *value)
{
    const char *name = json_string_value(value);
    const ProtobufCEnumValue *found =
        name == NULL ? NULL : protobuf_c_enum_descriptor_get_value_by_name(field->descriptor, name);
    if (found == NULL)
        return "不是可选的内容，请重新选择。";
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
               : "不是有效的base64编码。";
}

static void read_object(const json_t *object, ProtobufCMessage *message, const struct reader *r);

static const char *read_text(char **at, const json_t *value, struct arena *arena)
{
    if (!json_is_string(value))
        return "应为文字。";
    if (strlen(json_string_value(value)) != json_string_length(value))
        return "含有不允许的字符。";
    *at = arena_text(arena, json_string_value(value));
    return NULL;
}

static const char *read_inner(const ProtobufCFieldDescriptor *field, ProtobufCMessage **at,
                              const json_t *value, const struct reader *r, size_t index)
{
    struct arena *arena = r->errors->arena;
    if (!json_is_object(value))
        return "应为一组内容。";
    if (r->depth == JSON_DEPTH_MAX)
        return "层次过深。";
    const char *path = index == ALONE
                           ? arena_printf(arena, "%s%s.", r->path, field->name)
                           : arena_printf(arena, "%s%s.%zu.", r->path, field->name, index);
    *at = message_new(field->descriptor, arena);
    read_object(value, *at, &(struct reader){r->errors, path, r->depth + 1});
    return NULL;
}

/* One value into its place, alone or at an index of a list; NULL: done, else what is wrong with it. */
static const char *read_value(const ProtobufCFieldDescriptor *field, void *at, const json_t *value,
                              const struct reader *r, size_t index)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return read_text(at, value, r->errors->arena);
    case PROTOBUF_C_TYPE_BOOL:
        if (!json_is_boolean(value))
            return "应为true或false。";
        *(protobuf_c_boolean *)at = json_is_true(value);
        return NULL;
    case PROTOBUF_C_TYPE_ENUM:
        return read_enum(field, at, value);
    case PROTOBUF_C_TYPE_BYTES:
        return read_bytes(at, value, r->errors->arena);
    case PROTOBUF_C_TYPE_MESSAGE:
        return read_inner(field, at, value, r, index);
    default:
        return read_integer(field, at, value);
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
        const char *wrong = read_value(field, elements + i * size, json_array_get(list, i), r, i);
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
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(message->descriptor, key);
        if (field == NULL) {
            tell(r, arena_printf(r->errors->arena, "%.64s", key), "没有这一项内容。");
        } else if (json_is_null(value)) {
            continue; /* absent */
        } else if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            read_list(value, message, field, r);
        } else {
            const char *wrong = read_value(field, (char *)message + field->offset, value, r, ALONE);
            if (wrong != NULL)
                tell(r, field->name, wrong);
        }
    }
}

/* jansson goes down 2048 levels by recursion, which is more than the stack of an HTTP thread. */
static bool is_shallow(const char *text, size_t size)
{
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < size; i++) {
        if (in_string && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            in_string = !in_string;
        else if (!in_string && (text[i] == '{' || text[i] == '['))
            depth++;
        else if (!in_string && (text[i] == '}' || text[i] == ']') && depth > 0)
            depth--;
        if (depth > 3 * JSON_DEPTH_MAX) /* of lists and objects; read_object counts objects */
            return false;
    }
    return true;
}

bool json_read(const char *text, size_t size, ProtobufCMessage *message,
               struct field_errors *errors)
{
    json_error_t why;
    if (size > JSON_SIZE_MAX || !is_shallow(text, size))
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
    const char *wrong = json == NULL
                            ? "含有不允许的字符。"
                            : read_value(field, (char *)message + field->offset, json, &r, ALONE);
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
        size_t room = (w->size + size + 256) * 2;
        char *more = arena_alloc(w->arena, room);
        if (w->size > 0)
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
            at += snprintf(at, sizeof "\\u0000", "\\u%04x", *c);
        } else {
            *at++ = (char)*c;
        }
    }
    *at++ = '"';
    w->size += (size_t)(at - start);
}

/* Digits from the last to the first. */
static void put_number(struct writer *w, uint64_t number, bool negative, bool quoted)
{
    char text[24], *at = text + sizeof text;
    if (quoted)
        *--at = '"';
    do
        *--at = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    if (negative)
        *--at = '-';
    if (quoted)
        *--at = '"';
    put(w, at, (size_t)(text + sizeof text - at));
}

static void put_signed(struct writer *w, int64_t number, bool quoted)
{
    put_number(w, number < 0 ? -(uint64_t)number : (uint64_t)number, number < 0, quoted);
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
        put_signed(w, *(const int64_t *)at, true);
        break;
    case PROTOBUF_C_TYPE_UINT64:
        put_number(w, *(const uint64_t *)at, false, true);
        break;
    case PROTOBUF_C_TYPE_INT32:
        put_signed(w, *(const int32_t *)at, false);
        break;
    default:
        put_number(w, *(const uint32_t *)at, false, false);
        break;
    }
}

static void put_list(struct writer *w, const ProtobufCFieldDescriptor *field, const char *list,
                     size_t count)
{
    put(w, "[", 1);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            put(w, ",", 1);
        put_value(w, field, list + i * element_size(field));
    }
    put(w, "]", 1);
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
        put(w, "\"", 1);
        put(w, field->name, strlen(field->name));
        put(w, "\":", 2);
        if (repeated)
            put_list(w, field, *(const char *const *)at,
                     *(const size_t *)((const char *)message + field->quantifier_offset));
        else
            put_value(w, field, at);
    }
    put(w, "}", 1);
}

char *json_write(const ProtobufCMessage *message, struct arena *arena, size_t *ret_size)
{
    struct writer w = {.arena = arena};
    put_message(&w, message);
    *ret_size = w.size;
    *room_for(&w, 0) = '\0';
    return w.text;
}

char *json_write_list(ProtobufCMessage *const *list, size_t count, struct arena *arena)
{
    struct writer w = {.arena = arena};
    put(&w, "[", 1);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            put(&w, ",", 1);
        put_message(&w, list[i]);
    }
    put(&w, "]", 1);
    *room_for(&w, 0) = '\0';
    return w.text;
}
