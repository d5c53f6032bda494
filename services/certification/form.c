#include "form.h"

#include "check.h"
#include "files.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

ProtobufCMessage *form_of(const Certification__Form *form, Certification__Identity__Kind kind)
{
    unsigned present = 0;
    if (form == NULL)
        return NULL;
    present += form->owner_unit != NULL;
    present += form->member_unit != NULL;
    present += form->expert != NULL;
    present += form->natural_person != NULL;
    if (present != 1)
        return NULL;
    switch (kind) {
    case CERTIFICATION__IDENTITY__KIND__OWNER_UNIT:
        return form->owner_unit == NULL ? NULL : &form->owner_unit->base;
    case CERTIFICATION__IDENTITY__KIND__MEMBER_UNIT:
        return form->member_unit == NULL ? NULL : &form->member_unit->base;
    case CERTIFICATION__IDENTITY__KIND__EXPERT:
        return form->expert == NULL ? NULL : &form->expert->base;
    case CERTIFICATION__IDENTITY__KIND__NATURAL_PERSON:
        return form->natural_person == NULL ? NULL : &form->natural_person->base;
    case CERTIFICATION__IDENTITY__KIND__UNSPECIFIED:
    case _CERTIFICATION__IDENTITY__KIND_IS_INT_SIZE:
        return NULL;
    }
    return NULL;
}

const char *form_name(Certification__Identity__Kind kind)
{
    static const char *const names[] = {"", "owner_unit", "member_unit", "expert",
                                        "natural_person"};
    return names[kind];
}

/* What a number is sealed under: its field and its owner. */
static const char *place_of(struct call *c, int64_t account_id)
{
    return arena_printf(c->arena, "form|id_number|%" PRId64, account_id);
}

/* ---- to the database */

/* Lists of texts that grow together. */
struct columns {
    struct arena *arena;
    const char **texts[3];
    size_t count, max;
};

static void columns_add(struct columns *columns, const char *a, const char *b, const char *c)
{
    const char *const row[3] = {a, b, c};
    if (columns->count == columns->max) {
        columns->max = columns->max == 0 ? 32 : 2 * columns->max;
        for (size_t i = 0; i < 3; i++) {
            const char **more = arena_alloc(columns->arena, columns->max * sizeof *more);
            if (columns->count > 0)
                memcpy(more, columns->texts[i], columns->count * sizeof *more);
            columns->texts[i] = more;
        }
    }
    for (size_t i = 0; i < 3; i++)
        columns->texts[i][columns->count] = row[i];
    columns->count++;
}

static const char *column(const struct columns *columns, size_t place)
{
    return message_array(columns->texts[place], columns->count, columns->arena);
}

struct found {
    struct columns files, codes;
};

static void find(void *context, const char *path, const struct field_rule *rule, char **text)
{
    struct found *found = context;
    if (rule->file)
        columns_add(&found->files, *text, rule->field, path);
    else if (rule->dictionary[0] != '\0' && **text != '\0')
        columns_add(&found->codes, path, rule->dictionary, *text);
}

/* The number's blind index, then the number sealed. */
static const char *seal_id_number(struct call *c, const struct keyring *keys, char **number)
{
    unsigned char mac[32];
    char *hex = arena_alloc(c->arena, 65);
    if (**number == '\0')
        return "";
    secret_mac(keys, "id_number", *number, strlen(*number), mac);
    for (size_t i = 0; i < sizeof mac; i++)
        snprintf(hex + 2 * i, 3, "%02x", mac[i]);
    *number = secret_seal_text(keys, place_of(c, c->caller->account_id), *number, c->arena);
    return hex;
}

void form_bind_named(struct call *c, ProtobufCMessage *message)
{
    struct found found = {{.arena = c->arena}, {.arena = c->arena}};
    message_visit(message, c->arena, find, &found);
    call_set(c, "file_ids", column(&found.files, 0));
    call_set(c, "file_purposes", column(&found.files, 1));
    call_set(c, "file_fields", column(&found.files, 2));
    call_set(c, "code_fields", column(&found.codes, 0));
    call_set(c, "code_dictionaries", column(&found.codes, 1));
    call_set(c, "codes", column(&found.codes, 2));
}

answer form_files_refused(struct call *c, const char *path, const struct rows *over)
{
    struct field_errors errors = {.arena = c->arena};
    for (size_t i = 0; i < over->count; i++)
        field_errors_add(&errors, arena_printf(c->arena, "%s%s", path, rows_get(over, i, "field")),
                         file_form_words(c->arena, rows_integer(over, i, "form_bytes"),
                                         rows_integer(over, i, "field_bytes")));
    return call_fail_fields(c, &errors);
}

bool form_bind(struct call *c, const struct keyring *keys, const Certification__Form *form,
               Certification__Identity__Kind kind)
{
    ProtobufCMessage *message = form_of(form, kind);
    const char *json = NULL;
    if (message == NULL)
        return false;
    form_bind_named(c, message);
    call_set(c, "id_number_index",
             form->expert == NULL ? "" : seal_id_number(c, keys, &form->expert->id_number));
    if (!message_bind(&form->base, form_name(kind), c->arena, &json))
        return false;
    call_set(c, "form", json);
    return true;
}

/* ---- back from it */

static const char *opened(struct call *c, const struct keyring *keys, const char *sealed,
                          int64_t account_id)
{
    const char *text = secret_open_text(keys, place_of(c, account_id), sealed, c->arena);
    return text == NULL ? "" : text; /* its key is gone: it must be typed again */
}

void form_open(struct call *c, const struct keyring *keys, Certification__Form *form,
               int64_t account_id)
{
    if (form != NULL && form->expert != NULL && form->expert->id_number[0] != '\0')
        form->expert->id_number =
            arena_text(c->arena, opened(c, keys, form->expert->id_number, account_id));
}

static bool may_see_phones(const struct call *c)
{
    for (size_t i = 0; i < c->caller->n_permissions; i++)
        if (strcmp(c->caller->permissions[i], "pii.reveal") == 0)
            return true;
    return false;
}

static void mask_phone(void *context, const char *path, const struct field_rule *rule, char **text)
{
    struct arena *arena = context;
    char masked[32];
    (void)path;
    if (**text == '\0' ||
        (strcmp(rule->check, "mobile") != 0 && strcmp(rule->check, "phone_any") != 0))
        return;
    check_mask_mobile(*text, masked, sizeof masked);
    *text = arena_text(arena, masked);
}

void form_mask(struct call *c, Certification__Form *form)
{
    char masked[32];
    if (form == NULL)
        return;
    if (!may_see_phones(c))
        message_visit(&form->base, c->arena, mask_phone, c->arena);
    if (form->expert == NULL || form->expert->id_number[0] == '\0')
        return;
    check_mask_id_number(form->expert->id_number, masked, sizeof masked);
    form->expert->id_number = arena_text(c->arena, masked);
}

/* ---- attachments */

bool form_has_file_field(const char *purpose)
{
    for (size_t i = 0; i < field_rules_count; i++)
        if (field_rules[i].file && strcmp(field_rules[i].field, purpose) == 0)
            return true;
    return false;
}

/* A form's own field, or one of a list in it. */
static bool has_field(const ProtobufCMessageDescriptor *form, const char *name)
{
    for (size_t i = 0; i < form->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &form->fields[i];
        if (strcmp(field->name, name) == 0)
            return true;
        if (field->type == PROTOBUF_C_TYPE_MESSAGE &&
            protobuf_c_message_descriptor_get_field_by_name(field->descriptor, name) != NULL)
            return true;
    }
    return false;
}

bool form_has_field(const char *name)
{
    const ProtobufCMessageDescriptor *forms = &certification__form__descriptor;
    for (size_t i = 0; i < forms->n_fields; i++)
        if (has_field(forms->fields[i].descriptor, name))
            return true;
    return false;
}
