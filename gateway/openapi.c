/* The OpenAPI 3.0 document, from the routes, the contracts and their field rules. */
#include "http.h"
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct document {
    json_t *schemas;
    struct arena *arena;
};

static json_t *schema_of(struct document *d, const ProtobufCMessageDescriptor *type);

static json_t *enum_schema(const ProtobufCEnumDescriptor *type)
{
    json_t *names = json_array();
    for (unsigned i = 0; i < type->n_values; i++)
        json_array_append_new(names, json_string(type->values[i].name));
    return json_pack("{s:s, s:o}", "type", "string", "enum", names);
}

static json_t *value_schema(struct document *d, const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return json_pack("{s:s}", "type", "string");
    case PROTOBUF_C_TYPE_BYTES:
        return json_pack("{s:s, s:s}", "type", "string", "format", "byte");
    case PROTOBUF_C_TYPE_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case PROTOBUF_C_TYPE_ENUM:
        return enum_schema(field->descriptor);
    case PROTOBUF_C_TYPE_MESSAGE:
        return schema_of(d, field->descriptor);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64: /* safe for JavaScript: decimal text */
        return json_pack("{s:s, s:s, s:s}", "type", "string", "format", "int64", "pattern",
                         "^-?[0-9]+$");
    default:
        return json_pack("{s:s, s:s}", "type", "integer", "format", "int32");
    }
}

static void tell_text(json_t *rule, const char *name, const char *text)
{
    if (text[0] != '\0')
        json_object_set_new(rule, name, json_string(text));
}

/* What a page needs to draw the field and to say early what the server would refuse. */
static json_t *form_rule(const struct field_rule *rule)
{
    json_t *told = json_object();
    tell_text(told, "check", rule->check);
    tell_text(told, "dictionary", rule->dictionary);
    tell_text(told, "unless", rule->unless);
    tell_text(told, "placeholder", rule->placeholder);
    tell_text(told, "hint", rule->hint);
    tell_text(told, "suggest", rule->suggest);
    tell_text(told, "part", rule->part);
    if (rule->required)
        json_object_set_new(told, "required", json_true());
    if (rule->file)
        json_object_set_new(told, "file", json_true());
    if (rule->min > 0)
        json_object_set_new(told, "min", json_integer(rule->min));
    if (rule->max > 0)
        json_object_set_new(told, "max", json_integer(rule->max));
    return told;
}

static json_t *field_schema(struct document *d, const ProtobufCMessageDescriptor *type,
                            const ProtobufCFieldDescriptor *field)
{
    const struct field_rule *rule = message_rule(type, field->name);
    json_t *schema = value_schema(d, field);
    bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
    if (rule != NULL && rule->max > 0 && field->type == PROTOBUF_C_TYPE_STRING && !repeated)
        json_object_set_new(schema, "maxLength", json_integer(rule->max));
    if (repeated) {
        schema = json_pack("{s:s, s:o}", "type", "array", "items", schema);
        if (rule != NULL && rule->max > 0)
            json_object_set_new(schema, "maxItems", json_integer(rule->max));
    }
    if (rule != NULL && rule->label[0] != '\0' && json_object_get(schema, "$ref") == NULL) {
        json_object_set_new(schema, "title", json_string(rule->label));
        json_object_set_new(schema, "x-rule", form_rule(rule));
    }
    return schema;
}

/* A reference; the schema itself is put beside the others once. Everything is told but absent messages. */
static json_t *schema_of(struct document *d, const ProtobufCMessageDescriptor *type)
{
    const char *reference = arena_printf(d->arena, "#/components/schemas/%s", type->name);
    if (json_object_get(d->schemas, type->name) == NULL) {
        json_t *properties = json_object(), *required = json_array();
        json_object_set_new(d->schemas, type->name,
                            json_object()); /* it has a place: no recursion */
        for (unsigned i = 0; i < type->n_fields; i++) {
            const ProtobufCFieldDescriptor *field = &type->fields[i];
            json_object_set_new(properties, field->name, field_schema(d, type, field));
            if (field->type != PROTOBUF_C_TYPE_MESSAGE || field->label == PROTOBUF_C_LABEL_REPEATED)
                json_array_append_new(required, json_string(field->name));
        }
        json_t *schema = json_pack("{s:s, s:o, s:b}", "type", "object", "properties", properties,
                                   "additionalProperties", 0);
        if (json_array_size(required) > 0)
            json_object_set_new(schema, "required", required);
        else
            json_decref(required);
        json_object_set_new(d->schemas, type->name, schema);
    }
    return json_pack("{s:s}", "$ref", reference);
}

/* A request's own schema: nothing is required by shape (empty is told by the field's rule). */
static json_t *body_schema(struct document *d, const ProtobufCMessageDescriptor *type,
                           const json_t *elsewhere)
{
    json_t *properties = json_object();
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        if (json_object_get(elsewhere, field->name) == NULL &&
            strcmp(field->name, "client_address") != 0)
            json_object_set_new(properties, field->name, field_schema(d, type, field));
    }
    return json_pack("{s:s, s:o}", "type", "object", "properties", properties);
}

/* "/api/v1/reviews/:id" → "/api/v1/reviews/{id}", its names into `names`. */
static const char *template_of(struct document *d, const char *path, json_t *names)
{
    char *out = arena_alloc(d->arena, 2 * strlen(path) + 1), *to = out;
    while (*path != '\0') {
        if (*path != ':') {
            *to++ = *path++;
            continue;
        }
        size_t size = strcspn(path, "/");
        to += snprintf(to, size + 3, "{%.*s}", (int)size - 1, path + 1);
        json_object_set_new(names, arena_copy(d->arena, path + 1, size - 1), json_true());
        path += size;
    }
    return out;
}

static json_t *parameters(struct document *d, const struct route *route,
                          const ProtobufCMessageDescriptor *type, const json_t *in_path)
{
    json_t *list = json_array();
    bool query = route->verb == GET || route->form == UPLOAD;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        bool path = json_object_get(in_path, field->name) != NULL;
        if ((!path && !query) || field->type == PROTOBUF_C_TYPE_MESSAGE)
            continue;
        json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:o}", "name", field->name, "in",
                                              path ? "path" : "query", "required", path, "schema",
                                              field_schema(d, type, field)));
    }
    return list;
}

static json_t *content(const char *type, json_t *schema)
{
    return json_pack("{s:{s:o}}", type, "schema", schema);
}

/* Members come to the method by a route of their own, which stands before. */
static bool has_other_door(const struct route *route)
{
    for (const struct route *other = routes; other < route; other++)
        if (strcmp(other->method, route->method) == 0)
            return true;
    return false;
}

static json_t *operation(struct document *d, const struct route *route, const json_t *in_path)
{
    const ProtobufCMethodDescriptor *method = route_method(route);
    char *name = arena_text(d->arena, route->method);
    name[0] = (char)tolower((unsigned char)name[0]);
    if (has_other_door(route))
        name = arena_printf(d->arena, "staff%s", route->method);
    json_t *answer = route->form == DOWNLOAD
                         ? content("application/octet-stream",
                                   json_pack("{s:s, s:s}", "type", "string", "format", "binary"))
                         : content("application/json", schema_of(d, method->output));
    json_t *operation =
        json_pack("{s:s, s:[s], s:o, s:{s:{s:s, s:o}, s:{s:s, s:o}}}", "operationId", name, "tags",
                  route->service, "parameters", parameters(d, route, method->input, in_path),
                  "responses", "200", "description", "done", "content", answer, "default",
                  "description", "refused: an RFC 9457 problem document", "content",
                  content("application/problem+json",
                          json_pack("{s:s}", "$ref", "#/components/schemas/Problem")));
    if (route->form == UPLOAD)
        json_object_set_new(
            operation, "requestBody",
            json_pack("{s:b, s:o}", "required", 1, "content",
                      content("application/octet-stream",
                              json_pack("{s:s, s:s}", "type", "string", "format", "binary"))));
    else if (route->verb != GET && method->input->n_fields > json_object_size(in_path))
        json_object_set_new(
            operation, "requestBody",
            json_pack("{s:b, s:o}", "required", 1, "content",
                      content("application/json", body_schema(d, method->input, in_path))));
    if (route->session != PUBLIC)
        json_object_set_new(operation, "security",
                            json_pack("[{s:[]}]", route->session == STAFF ? "staff" : "member"));
    return operation;
}

static json_t *problem_schema(void)
{
    return json_pack(
        "{s:s, s:[s,s,s,s,s], s:{s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, "
        "s:{s:s, s:{s:s, s:[s,s], s:{s:{s:s}, s:{s:s}}}}}}",
        "type", "object", "required", "status", "detail", "reason", "errors", "request_id",
        "properties", "type", "type", "string", "title", "type", "string", "status", "type",
        "integer", "detail", "type", "string", "reason", "type", "string", "request_id", "type",
        "string", "retry_after_s", "type", "integer", "errors", "type", "array", "items", "type",
        "object", "required", "field", "message", "properties", "field", "type", "string",
        "message", "type", "string");
}

static json_t *cookie_scheme(const char *name)
{
    return json_pack("{s:s, s:s, s:s}", "type", "apiKey", "in", "cookie", "name", name);
}

char *openapi_document(void)
{
    static const char *const verbs[] = {
        [GET] = "get", [POST] = "post", [PUT] = "put", [DELETE] = "delete"};
    struct document d = {json_object(), arena_new(0)};
    json_t *paths = json_object();
    for (size_t i = 0; i < routes_count; i++) {
        json_t *in_path = json_object();
        const char *path = template_of(&d, routes[i].path, in_path);
        if (json_object_get(paths, path) == NULL)
            json_object_set_new(paths, path, json_object());
        json_object_set_new(json_object_get(paths, path), verbs[routes[i].verb],
                            operation(&d, &routes[i], in_path));
        json_decref(in_path);
    }
    json_object_set_new(d.schemas, "Problem", problem_schema());
    json_t *document = json_pack(
        "{s:s, s:{s:s, s:s, s:s}, s:[{s:s}], s:o, s:{s:o, s:{s:o, s:o}}}", "openapi", "3.0.3",
        "info", "title", "长治市项目全过程咨询协会数字化平台", "version", "1", "description",
        "The platform's API. Writes carry X-Guild-Request and may carry Idempotency-Key.",
        "servers", "url", "/", "paths", paths, "components", "schemas", d.schemas,
        "securitySchemes", "member", cookie_scheme("sid"), "staff", cookie_scheme("staff_sid"));
    char *text = json_dumps(document, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
    json_decref(document);
    arena_destroy(&d.arena);
    return text;
}
