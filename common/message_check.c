/* A message held against its fields' rules. */
#include "check.h"
#include "message.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

enum { TEXT_MAX = 200 }; /* characters of a text whose rule names no max */

struct walk {
    struct field_errors *errors;
    const char *path; /* "owner_unit." */
    bool draft;
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

static bool is_file_list(const struct field_rule *rule)
{
    size_t size = strlen(rule->field);
    return size > 5 && strcmp(rule->field + size - 5, "_file") == 0;
}

static void rule_text(const struct walk *w, const struct field_rule *rule, const char *field,
                       char **text)
{
    struct arena *arena = w->errors->arena;
    unsigned max = rule != NULL && rule->max > 0 ? rule->max : TEXT_MAX;
    const char *label = rule != NULL && rule->label[0] != '\0' ? rule->label : "此项";
    size_t length = characters(*text);

    if (length > max) {
        tell(w, field, arena_printf(arena, "%s最多%u个字，请缩短后再提交。", label, max));
        return;
    }
    if (rule == NULL || w->draft)
        return;
    if (length == 0) {
        if (rule->required)
            tell(w, field, arena_printf(arena, "请填写%s。", label));
        return;
    }
    if (length < rule->min) {
        tell(w, field, arena_printf(arena, "%s至少%u个字，请补充完整。", label, rule->min));
        return;
    }
    if (rule->check[0] == '\0')
        return;
    const struct check *check = check_find(rule->check);
    size_t room = strlen(*text) * 3 + 64;
    char *normal = arena_alloc(arena, room);
    const char *wrong = check == NULL ? "系统未识别的校验规则" : check->function(*text, normal, room);
    if (wrong != NULL)
        tell(w, field, wrong);
    else
        *text = normal;
}

static void rule_number(const struct walk *w, const struct field_rule *rule, const char *field,
                         int64_t value)
{
    struct arena *arena = w->errors->arena;
    if (rule == NULL || w->draft)
        return;
    if (rule->required && value == 0)
        tell(w, field, arena_printf(arena, "请选择或填写%s。", rule->label));
    else if (rule->low < rule->high && (value < rule->low || value > rule->high))
        tell(w, field,
             arena_printf(arena, "%s应在%" PRId64 "到%" PRId64 "之间。", rule->label, rule->low,
                          rule->high));
}

static void rule_count(const struct walk *w, const struct field_rule *rule, const char *field,
                        size_t count)
{
    struct arena *arena = w->errors->arena;
    unsigned max = rule != NULL && rule->max > 0 ? rule->max : TEXT_MAX;
    const char *label = rule == NULL ? "此项" : rule->label;
    if (count > max)
        tell(w, field, arena_printf(arena, "%s最多%u项，请删去多余的。", label, max));
    else if (rule != NULL && rule->required && !w->draft && (count == 0 || count < rule->min))
        tell(w, field,
             arena_printf(arena, is_file_list(rule) ? "请上传%s。" : "请选择%s。", label));
}

static void rule_message(ProtobufCMessage *message, const struct walk *w);

static void rule_inner(ProtobufCMessage *inner, const struct walk *w,
                        const struct field_rule *rule, const char *path)
{
    struct walk below = {w->errors, path, w->draft || (rule != NULL && rule->draft)};
    if (inner != NULL)
        rule_message(inner, &below);
}

static void rule_list(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                       const struct field_rule *rule, const struct walk *w)
{
    size_t count = *(size_t *)((char *)message + field->quantifier_offset);
    void **list = *(void ***)((char *)message + field->offset);
    struct arena *arena = w->errors->arena;

    rule_count(w, rule, field->name, count);
    for (size_t i = 0; i < count && i < TEXT_MAX; i++) {
        if (field->type == PROTOBUF_C_TYPE_MESSAGE)
            rule_inner(list[i], w, rule,
                        arena_printf(arena, "%s%s.%zu.", w->path, field->name, i));
        else if (field->type == PROTOBUF_C_TYPE_STRING && characters(list[i]) > TEXT_MAX)
            tell(w, field->name, "内容过长，请缩短后再提交。");
    }
}

static void rule_message(ProtobufCMessage *message, const struct walk *w)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        const struct field_rule *rule = message_rule(message->descriptor, field->name);
        void *at = (char *)message + field->offset;
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            rule_list(message, field, rule, w);
        else if (field->type == PROTOBUF_C_TYPE_STRING)
            rule_text(w, rule, field->name, at);
        else if (field->type == PROTOBUF_C_TYPE_MESSAGE)
            rule_inner(*(ProtobufCMessage **)at, w, rule,
                        arena_printf(w->errors->arena, "%s%s.", w->path, field->name));
        else if (field->type == PROTOBUF_C_TYPE_INT64)
            rule_number(w, rule, field->name, *(int64_t *)at);
        else if (field->type == PROTOBUF_C_TYPE_UINT32 || field->type == PROTOBUF_C_TYPE_INT32 ||
                 field->type == PROTOBUF_C_TYPE_ENUM)
            rule_number(w, rule, field->name, *(int32_t *)at);
    }
}

void message_check(ProtobufCMessage *message, struct field_errors *errors)
{
    rule_message(message, &(struct walk){errors, "", false});
}
