#include "message.h"

#include "json.h"
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

void field_errors_add(struct field_errors *errors, const char *field, const char *message)
{
    size_t max = sizeof errors->list / sizeof errors->list[0];
    if (errors->count < max)
        errors->list[errors->count++] = (struct field_error){arena_text(errors->arena, field),
                                                             arena_text(errors->arena, message)};
}

ProtobufCMessage *message_new(const ProtobufCMessageDescriptor *type, struct arena *arena)
{
    ProtobufCMessage *message = arena_alloc(arena, type->sizeof_message);
    protobuf_c_message_init(type, message);
    return message;
}

void *message_pack(const ProtobufCMessage *message, struct arena *arena, size_t *ret_size)
{
    *ret_size = protobuf_c_message_get_packed_size(message);
    void *data = arena_alloc(arena, *ret_size + 1);
    protobuf_c_message_pack(message, data);
    return data;
}

/* ---- unpacking what a stranger may have packed */

static bool text_is_clean(const char *text)
{
    return u8_check((const uint8_t *)text, strlen(text)) == NULL;
}

static void *member(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return (char *)(uintptr_t)message + field->offset;
}

static size_t member_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return *(const size_t *)((const char *)message + field->quantifier_offset);
}

static bool message_is_clean(const ProtobufCMessage *message);

static bool value_is_clean(const ProtobufCFieldDescriptor *field, const void *at)
{
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return *(char *const *)at == NULL || text_is_clean(*(char *const *)at);
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return *(ProtobufCMessage *const *)at == NULL ||
               message_is_clean(*(ProtobufCMessage *const *)at);
    return true;
}

static bool message_is_clean(const ProtobufCMessage *message)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        if (field->label != PROTOBUF_C_LABEL_REPEATED) {
            if (!value_is_clean(field, member(message, field)))
                return false;
            continue;
        }
        void *const *list = *(void *const *const *)member(message, field);
        for (size_t n = 0; n < member_count(message, field); n++)
            if (!value_is_clean(field, &list[n]))
                return false;
    }
    return true;
}

/* The packed form gives a string's length, protobuf-c a C string: a NUL inside would cut it short unseen. Packing
   again then gives another size than came. Fields that this instance does not know yet are kept, and counted. */
ProtobufCMessage *message_unpack(const ProtobufCMessageDescriptor *type, const void *data,
                                 size_t size, struct arena *arena)
{
    ProtobufCMessage *message = protobuf_c_message_unpack(type, arena_protobuf(arena), size, data);
    if (message == NULL || !message_is_clean(message))
        return NULL;
    return protobuf_c_message_get_packed_size(message) == size ? message : NULL;
}

/* ---- a field as a statement's parameter */

static const char *enum_name(const ProtobufCFieldDescriptor *field, int value)
{
    const ProtobufCEnumValue *found =
        protobuf_c_enum_descriptor_get_value(field->descriptor, value);
    return found == NULL ? "" : found->name;
}

static const char *bytes_hex(struct arena *arena, const ProtobufCBinaryData *data)
{
    char *text = arena_alloc(arena, 2 * data->len + 3);
    text[0] = '\\';
    text[1] = 'x';
    sodium_bin2hex(text + 2, 2 * data->len + 1, data->data, data->len);
    return text;
}

static const char *scalar_text(const ProtobufCFieldDescriptor *field, const void *at,
                               struct arena *arena)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return *(const char *const *)at;
    case PROTOBUF_C_TYPE_ENUM:
        return enum_name(field, *(const int *)at);
    case PROTOBUF_C_TYPE_BOOL:
        return *(const protobuf_c_boolean *)at ? "t" : "f";
    case PROTOBUF_C_TYPE_BYTES:
        return bytes_hex(arena, at);
    case PROTOBUF_C_TYPE_UINT32:
        return arena_printf(arena, "%" PRIu32, *(const uint32_t *)at);
    case PROTOBUF_C_TYPE_INT32:
        return arena_printf(arena, "%" PRId32, *(const int32_t *)at);
    case PROTOBUF_C_TYPE_INT64:
        return arena_printf(arena, "%" PRId64, *(const int64_t *)at);
    case PROTOBUF_C_TYPE_UINT64:
        return arena_printf(arena, "%" PRIu64, *(const uint64_t *)at);
    default:
        abort(); /* a type that no contract uses (message_test looks) */
    }
}

static size_t scalar_size(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        return 8;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return 4;
    }
}

const char *message_array(const char *const *texts, size_t count, struct arena *arena)
{
    size_t size = 3;
    for (size_t i = 0; i < count; i++)
        size += 2 * strlen(texts[i]) + 3;
    char *text = arena_alloc(arena, size), *at = text;
    *at++ = '{';
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *at++ = ',';
        *at++ = '"';
        for (const char *c = texts[i]; *c; c++) {
            if (*c == '"' || *c == '\\')
                *at++ = '\\';
            *at++ = *c;
        }
        *at++ = '"';
    }
    *at = '}';
    return text;
}

static const char *array_text(const ProtobufCFieldDescriptor *field, const char *list, size_t count,
                              struct arena *arena)
{
    const char **texts = arena_alloc(arena, (count + 1) * sizeof *texts);
    for (size_t i = 0; i < count; i++)
        texts[i] = scalar_text(field, list + i * scalar_size(field), arena);
    return message_array(texts, count, arena);
}

bool message_bind(const ProtobufCMessage *message, const char *name, struct arena *arena,
                  const char **ret_value)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
    if (field == NULL)
        return false;
    const void *at = member(message, field);
    size_t size;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t count = member_count(message, field);
        *ret_value = field->type == PROTOBUF_C_TYPE_MESSAGE
                         ? json_write_list(*(ProtobufCMessage *const *const *)at, count, arena)
                         : array_text(field, *(const char *const *)at, count, arena);
    } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        const ProtobufCMessage *inner = *(const ProtobufCMessage *const *)at;
        *ret_value = inner == NULL ? NULL : json_write(inner, arena, &size);
    } else {
        *ret_value = scalar_text(field, at, arena);
    }
    return true;
}

/* ---- a reply from rows */

/* PostgreSQL's `2026-11-23 13:18:57.1+08` as RFC 3339; other texts stay. */
static const char *time_text(const char *text, struct arena *arena)
{
    static const char form[] = "dddd-dd-dd dd:dd:dd";
    size_t size = sizeof form - 1;
    for (size_t i = 0; i < size; i++)
        if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return text;
    if (text[size] == '.')
        size += 1 + strspn(text + size + 1, "0123456789");
    if ((text[size] != '+' && text[size] != '-') || strspn(text + size + 1, "0123456789") != 2 ||
        text[size + 3] != '\0')
        return text;
    char *out = arena_printf(arena, "%s:00", text);
    out[10] = 'T';
    return out;
}

static bool set_bytes(ProtobufCBinaryData *at, const char *text, struct arena *arena)
{
    size_t size = strlen(text);
    if (strncmp(text, "\\x", 2) != 0)
        return false;
    at->data = arena_alloc(arena, size / 2 + 1);
    return sodium_hex2bin(at->data, size / 2, text + 2, size - 2, NULL, &at->len, NULL) == 0;
}

static bool set_integer(const ProtobufCFieldDescriptor *field, void *at, const char *text)
{
    bool wide = scalar_size(field) == 8, is_signed = field->type == PROTOBUF_C_TYPE_INT32;
    int64_t least = wide ? INT64_MIN : is_signed ? INT32_MIN : 0;
    int64_t most = wide ? INT64_MAX : is_signed ? INT32_MAX : UINT32_MAX;
    char *end = NULL;
    errno = 0;
    int64_t number = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || number < least || number > most)
        return false;
    memcpy(at, &number, scalar_size(field)); /* little-endian: the low bytes come first */
    return true;
}

static bool set_scalar(const ProtobufCFieldDescriptor *field, void *at, const char *text,
                       struct arena *arena)
{
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        *(const char **)at = time_text(text, arena);
        return true;
    }
    if (field->type == PROTOBUF_C_TYPE_BOOL) {
        *(protobuf_c_boolean *)at = text[0] == 't';
        return true;
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES)
        return set_bytes(at, text, arena);
    if (field->type == PROTOBUF_C_TYPE_ENUM) {
        const ProtobufCEnumValue *value =
            protobuf_c_enum_descriptor_get_value_by_name(field->descriptor, text);
        if (value != NULL)
            *(int *)at = value->value;
        return value != NULL;
    }
    return set_integer(field, at, text);
}

/* The element of an array literal that begins at *at, unescaped in place; *at moves behind it, to NULL after the last.
   NULL: no array literal. */
static char *array_element(char **at)
{
    char *in = *at, *out = in, *element = in;
    bool quoted = *in == '"';
    for (in += quoted; *in != '\0' && (quoted ? *in != '"' : *in != ',' && *in != '}'); in++) {
        in += *in == '\\' && in[1] != '\0';
        *out++ = *in;
    }
    in += quoted && *in == '"';
    char end = *in;
    *at = end == ',' ? in + 1 : NULL;
    *out = '\0';
    return end == ',' || end == '}' ? element : NULL;
}

/* PostgreSQL's {a,"b c"} into a repeated scalar; one dimension, no NULL. */
static bool set_from_array(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                           const char *text, struct arena *arena)
{
    size_t size = scalar_size(field), count = 0;
    char *list = arena_alloc(arena, strlen(text) * size), *at = arena_text(arena, text + 1);
    while (at != NULL && strcmp(at, "}") != 0) {
        const char *element = array_element(&at);
        if (element == NULL || !set_scalar(field, list + count++ * size, element, arena))
            return false;
    }
    *(size_t *)((char *)message + field->quantifier_offset) = count;
    *(void **)member(message, field) = list;
    return true;
}

/* A column in jsonb: {"field": it} goes through the JSON reader. */
static bool set_from_json(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                          const char *text, struct arena *arena)
{
    struct field_errors errors = {.arena = arena};
    const char *json = arena_printf(arena, "{\"%s\":%s}", field->name, text);
    return json_read(json, strlen(json), message, &errors) && errors.count == 0;
}

static bool fill_row(ProtobufCMessage *message, const struct rows *rows, size_t row,
                     struct arena *arena)
{
    for (size_t column = 0; column < rows->columns; column++) {
        const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(
            message->descriptor, rows->names[column]);
        const char *text = rows->values[row * rows->columns + column];
        if (field == NULL || text == NULL)
            continue;
        bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
        bool done;
        if (repeated && text[0] == '{')
            done = set_from_array(message, field, text, arena);
        else if (repeated || field->type == PROTOBUF_C_TYPE_MESSAGE)
            done = set_from_json(message, field, text, arena);
        else
            done = set_scalar(field, member(message, field), text, arena);
        if (!done)
            return false;
    }
    return true;
}

/* The message's one repeated message field, if no column fills it. */
static const ProtobufCFieldDescriptor *rows_field(const ProtobufCMessageDescriptor *type,
                                                  const struct rows *rows)
{
    const ProtobufCFieldDescriptor *found = NULL;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        if (field->label != PROTOBUF_C_LABEL_REPEATED || field->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        if (found != NULL || rows_column(rows, field->name) >= 0)
            return NULL;
        found = field;
    }
    return found;
}

ProtobufCMessage *message_from_rows(const ProtobufCMessageDescriptor *type, const struct rows *rows,
                                    struct arena *arena)
{
    ProtobufCMessage *message = message_new(type, arena);
    const ProtobufCFieldDescriptor *field = rows_field(type, rows);
    if (rows->count > 0 && !fill_row(message, rows, 0, arena))
        return NULL;
    if (field == NULL)
        return message;

    ProtobufCMessage **list = arena_alloc(arena, (rows->count + 1) * sizeof(ProtobufCMessage *));
    for (size_t row = 0; row < rows->count; row++) {
        list[row] = message_new(field->descriptor, arena);
        if (!fill_row(list[row], rows, row, arena))
            return NULL;
    }
    *(size_t *)((char *)message + field->quantifier_offset) = rows->count;
    *(ProtobufCMessage ***)member(message, field) = list;
    return message;
}
