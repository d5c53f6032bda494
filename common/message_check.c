/* A message held against its fields' rules. */
#include "check.h"
#include "message.h"
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

/* Characters of a text and elements of a list whose rule names no max. */
enum { TEXT_MAX = 200, LIST_MAX = 200 };

struct walk {
    struct field_errors *errors;
    const char *path; /* "owner_unit." */
    bool draft;
    bool
        lifted; /* the field at hand is not required: the one that its rule names in `unless` is true */
};

static int compare_rule(const void *key, const void *row)
{
    const char *const *wanted = key;
    const struct field_rule *rule = row;
    int order = strcmp(wanted[0], rule->message);
    return order != 0 ? order : strcmp(wanted[1], rule->field);
}

const struct field_rule *message_rule(const ProtobufCMessageDescriptor *type, const char *field)
{
    const char *key[] = {type->name, field};
    return bsearch(key, field_rules, field_rules_count, sizeof field_rules[0], compare_rule);
}

static void tell(const struct walk *w, const char *field, const char *message)
{
    struct arena *arena = w->errors->arena;
    field_errors_add(w->errors, arena_printf(arena, "%s%s", w->path, field), message);
}

static size_t characters(const char *text)
{
    return u8_mbsnlen((const uint8_t *)text, strlen(text));
}

static const char *label_of(const struct field_rule *rule)
{
    return rule == NULL || rule->label[0] == '\0' ? "此项" : rule->label;
}

/* No text may hold what cannot be seen and means something to a machine; a check is often stricter. */
static bool has_controls(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (((unsigned char)*c < 0x20 && strchr("\t\n\r", *c) == NULL) || *c == 0x7f)
            return true;
    return false;
}

/* Puts the normal form in place; NULL, or what is wrong. */
static const char *normalize(const struct field_rule *rule, char **text, struct arena *arena)
{
    const struct check *check = check_find(rule->check);
    assert(check != NULL); /* a contract names a check that check.c does not have */
    size_t room = strlen(*text) * 3 + 64;
    char *normal = arena_alloc(arena, room);
    const char *wrong = check->function(*text, normal, room);
    if (wrong == NULL)
        *text = normal;
    return wrong;
}

/* NULL: as the rule wants it. */
static const char *text_fault(const struct walk *w, const struct field_rule *rule, char **text)
{
    struct arena *arena = w->errors->arena;
    unsigned max = rule != NULL && rule->max > 0 ? rule->max : TEXT_MAX;
    size_t length = characters(*text);

    if (has_controls(*text))
        return arena_printf(arena, "%s含有不允许的字符，请删除后重新输入。", label_of(rule));
    if (length > max)
        return arena_printf(arena, "%s最多%u个字。", label_of(rule), max);
    if (rule == NULL || w->draft)
        return NULL;
    if (length > 0 && length < rule->min)
        return arena_printf(arena, "%s至少%u个字。", rule->label, rule->min);
    if (length > 0 && rule->check[0] != '\0') {
        const char *wrong = normalize(rule, text, arena);
        if (wrong != NULL)
            return wrong;
    }
    if (rule->required && **text == '\0' && !w->lifted)
        return arena_printf(arena, rule->dictionary[0] != '\0' ? "请选择%s。" : "请填写%s。",
                            rule->label);
    return NULL;
}

static const char *number_fault(const struct walk *w, const struct field_rule *rule, int64_t value)
{
    struct arena *arena = w->errors->arena;
    if (rule == NULL || w->draft)
        return NULL;
    if (rule->required && value == 0)
        return arena_printf(arena, "请填写%s。", rule->label);
    if (rule->low < rule->high && (value < rule->low || value > rule->high))
        return arena_printf(arena, "%s应在%" PRId64 "到%" PRId64 "之间。", rule->label, rule->low,
                            rule->high);
    return NULL;
}

static const char *enum_fault(const struct walk *w, const struct field_rule *rule,
                              const ProtobufCEnumDescriptor *type, int value)
{
    if (protobuf_c_enum_descriptor_get_value(type, value) == NULL)
        return "不是可选的内容，请重新选择。";
    if (rule != NULL && rule->required && value == 0 && !w->draft)
        return arena_printf(w->errors->arena, "请选择%s。", rule->label);
    return NULL;
}

static const char *count_fault(const struct walk *w, const struct field_rule *rule, size_t count)
{
    struct arena *arena = w->errors->arena;
    unsigned max = rule != NULL && rule->max > 0 ? rule->max : LIST_MAX;
    bool files = rule != NULL && rule->file;

    if (count > max)
        return arena_printf(arena, files ? "%s最多%u份。" : "%s最多%u项。", label_of(rule), max);
    if (rule == NULL || w->draft)
        return NULL;
    unsigned min = rule->required && rule->min == 0 ? 1 : rule->min;
    if (count < min && (rule->required || count > 0))
        return arena_printf(arena, files ? "至少上传%u份%s。" : "至少选择%u项%s。", min,
                            rule->label);
    return NULL;
}

/* One text of a list: each says something, and something else than those before it. */
static const char *element_fault(const struct walk *w, const struct field_rule *rule, char **list,
                                 size_t place)
{
    struct arena *arena = w->errors->arena;
    const char *wrong = text_fault(w, NULL, &list[place]);
    if (wrong != NULL || rule == NULL || w->draft)
        return wrong;
    if (list[place][0] == '\0')
        return arena_printf(arena, "%s中有一项是空的，请删除或重新选择。", rule->label);
    for (size_t i = 0; i < place; i++)
        if (strcmp(list[i], list[place]) == 0)
            return arena_printf(arena, "%s中有重复的内容，请删除多余的一项。", rule->label);
    return NULL;
}

static void check_message(ProtobufCMessage *message, const struct walk *w);

static void check_list(const struct walk *w, const ProtobufCFieldDescriptor *field,
                       const struct field_rule *rule, size_t count, void **list)
{
    struct arena *arena = w->errors->arena;
    bool draft = w->draft || (rule != NULL && rule->draft);
    const char *wrong = count_fault(w, rule, count);

    if (wrong != NULL) {
        tell(w, field->name, wrong);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const char *name = arena_printf(arena, "%s.%zu", field->name, i);
        if (field->type == PROTOBUF_C_TYPE_MESSAGE)
            check_message(list[i],
                          &(struct walk){w->errors, arena_printf(arena, "%s%s.", w->path, name),
                                         draft, false});
        else if (field->type == PROTOBUF_C_TYPE_STRING &&
                 (wrong = element_fault(w, rule, (char **)list, i)) != NULL)
            tell(w, name, wrong);
    }
}

static void check_inner(const struct walk *w, const ProtobufCFieldDescriptor *field,
                        const struct field_rule *rule, ProtobufCMessage *inner)
{
    struct arena *arena = w->errors->arena;
    bool draft = w->draft || (rule != NULL && rule->draft);
    if (inner != NULL)
        check_message(inner,
                      &(struct walk){w->errors, arena_printf(arena, "%s%s.", w->path, field->name),
                                     draft, false});
    else if (rule != NULL && rule->required && !w->draft)
        tell(w, field->name, arena_printf(arena, "请填写%s。", rule->label));
}

/* NULL: nothing wrong with a single value. */
static const char *value_fault(const struct walk *w, const ProtobufCFieldDescriptor *field,
                               const struct field_rule *rule, void *at)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return text_fault(w, rule, at);
    case PROTOBUF_C_TYPE_ENUM:
        return enum_fault(w, rule, field->descriptor, *(int *)at);
    case PROTOBUF_C_TYPE_INT32:
        return number_fault(w, rule, *(int32_t *)at);
    case PROTOBUF_C_TYPE_UINT32:
        return number_fault(w, rule, *(uint32_t *)at);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        return number_fault(w, rule, *(int64_t *)at);
    case PROTOBUF_C_TYPE_BOOL:
        return rule != NULL && rule->required && !w->draft && *(protobuf_c_boolean *)at == 0
                   ? arena_printf(w->errors->arena, "请先勾选：%s。", rule->label)
                   : NULL;
    default:
        return NULL;
    }
}

static bool is_lifted(const ProtobufCMessage *message, const struct field_rule *rule)
{
    if (rule == NULL || rule->unless[0] == '\0')
        return false;
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, rule->unless);
    assert(field != NULL && field->type == PROTOBUF_C_TYPE_BOOL);
    return *(const protobuf_c_boolean *)((const char *)message + field->offset) != 0;
}

static void check_message(ProtobufCMessage *message, const struct walk *w)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        const struct field_rule *rule = message_rule(message->descriptor, field->name);
        void *at = (char *)message + field->offset;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            check_list(w, field, rule, *(size_t *)((char *)message + field->quantifier_offset),
                       *(void ***)at);
        } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            check_inner(w, field, rule, *(ProtobufCMessage **)at);
        } else {
            const struct walk here = {w->errors, w->path, w->draft, is_lifted(message, rule)};
            const char *wrong = value_fault(&here, field, rule, at);
            if (wrong != NULL)
                tell(w, field->name, wrong);
        }
    }
}

void message_check(ProtobufCMessage *message, struct field_errors *errors)
{
    check_message(message, &(struct walk){errors, "", false, false});
}

static void visit_texts(const ProtobufCFieldDescriptor *field, const struct field_rule *rule,
                        const char *path, void *at, size_t count, struct arena *arena,
                        message_visit_fn *visit, void *context)
{
    char **list = field->label == PROTOBUF_C_LABEL_REPEATED ? *(char ***)at : at;
    for (size_t i = 0; i < count; i++)
        visit(context,
              field->label == PROTOBUF_C_LABEL_REPEATED ? arena_printf(arena, "%s.%zu", path, i)
                                                        : path,
              rule, &list[i]);
}

static void visit_message(ProtobufCMessage *message, const char *path, struct arena *arena,
                          message_visit_fn *visit, void *context)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        const struct field_rule *rule = message_rule(message->descriptor, field->name);
        const char *here = arena_printf(arena, "%s%s", path, field->name);
        bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
        void *at = (char *)message + field->offset;
        size_t count = repeated ? *(size_t *)((char *)message + field->quantifier_offset) : 1;
        if (field->type == PROTOBUF_C_TYPE_STRING && rule != NULL)
            visit_texts(field, rule, here, at, count, arena, visit, context);
        if (field->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        ProtobufCMessage **list = repeated ? *(ProtobufCMessage ***)at : at;
        for (size_t j = 0; j < count; j++)
            if (list[j] != NULL)
                visit_message(list[j],
                              repeated ? arena_printf(arena, "%s.%zu.", here, j)
                                       : arena_printf(arena, "%s.", here),
                              arena, visit, context);
    }
}

void message_visit(ProtobufCMessage *message, struct arena *arena, message_visit_fn *visit,
                   void *context)
{
    visit_message(message, "", arena, visit, context);
}
