/* guild-rules: makes the table of field rules (message.h) from protoc's descriptor set.

       guild-rules CONTRACTS.pb OUT.c

   A rule is the extension guild.rule of a field's options. protobuf-c keeps extensions as unknown fields. */
#include "google/protobuf/descriptor.pb-c.h"
#include "options.pb-c.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RULE_TAG = 50001, RULES_MAX = 2048 };

struct row {
    char message[128];
    const char *field;
    const Guild__FieldRule *rule;
};
static struct row rows[RULES_MAX];
static size_t rows_count;

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "guild-rules: %s\n", what);
    exit(1);
}

/* The extension's bytes are its tag's value: a length, then the message. */
static const Guild__FieldRule *rule_of(const Google__Protobuf__FieldOptions *options)
{
    if (options == NULL)
        return NULL;
    for (unsigned i = 0; i < options->base.n_unknown_fields; i++) {
        const ProtobufCMessageUnknownField *unknown = &options->base.unknown_fields[i];
        size_t skip = 1;
        if (unknown->tag != RULE_TAG)
            continue;
        while (skip < unknown->len && (unknown->data[skip - 1] & 0x80))
            skip++;
        const Guild__FieldRule *rule =
            guild__field_rule__unpack(NULL, unknown->len - skip, unknown->data + skip);
        if (rule == NULL)
            fail("a rule that cannot be read");
        return rule;
    }
    return NULL;
}

static void take_message(const char *prefix, const Google__Protobuf__DescriptorProto *message)
{
    char name[128];
    if (snprintf(name, sizeof name, "%s.%s", prefix, message->name) >= (int)sizeof name)
        fail("a message's name is too long");
    for (size_t i = 0; i < message->n_field; i++) {
        const Guild__FieldRule *rule = rule_of(message->field[i]->options);
        if (rule == NULL)
            continue;
        if (rows_count == RULES_MAX)
            fail("too many rules");
        memcpy(rows[rows_count].message, name, sizeof name);
        rows[rows_count].field = message->field[i]->name;
        rows[rows_count++].rule = rule;
    }
    for (size_t i = 0; i < message->n_nested_type; i++)
        take_message(name, message->nested_type[i]);
}

static int compare(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    int order = strcmp(x->message, y->message);
    return order != 0 ? order : strcmp(x->field, y->field);
}

static void write_text(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputs("\", ", out);
}

static void write_row(FILE *out, const struct row *row)
{
    const Guild__FieldRule *rule = row->rule;
    fputs("    {", out);
    write_text(out, row->message);
    write_text(out, row->field);
    write_text(out, rule->label);
    write_text(out, rule->check);
    write_text(out, rule->dictionary);
    write_text(out, rule->unless);
    write_text(out, rule->placeholder);
    write_text(out, rule->hint);
    write_text(out, rule->suggest);
    write_text(out, rule->part);
    fprintf(out, "%s, %s, %s, %u, %u, INT64_C(%" PRId64 "), INT64_C(%" PRId64 ")},\n",
            rule->required ? "true" : "false", rule->draft ? "true" : "false",
            rule->file ? "true" : "false", rule->min, rule->max, rule->low, rule->high);
}

static Google__Protobuf__FileDescriptorSet *read_set(const char *path)
{
    static uint8_t bytes[4 * 1024 * 1024];
    FILE *in = fopen(path, "rb");
    if (in == NULL)
        fail("cannot open the descriptor set");
    size_t size = fread(bytes, 1, sizeof bytes, in);
    fclose(in);
    Google__Protobuf__FileDescriptorSet *set =
        google__protobuf__file_descriptor_set__unpack(NULL, size, bytes);
    if (set == NULL)
        fail("the descriptor set cannot be read");
    return set;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: guild-rules CONTRACTS.pb OUT.c\n");
        return 2;
    }
    Google__Protobuf__FileDescriptorSet *set = read_set(argv[1]);
    for (size_t f = 0; f < set->n_file; f++)
        for (size_t m = 0; m < set->file[f]->n_message_type; m++)
            take_message(set->file[f]->package, set->file[f]->message_type[m]);
    qsort(rows, rows_count, sizeof rows[0], compare);

    FILE *out = fopen(argv[2], "w");
    if (out == NULL)
        fail("cannot write the table");
    fprintf(out, "/* Made by the build from the contracts. */\n#include \"message.h\"\n\n"
                 "const struct field_rule field_rules[] = {\n");
    for (size_t i = 0; i < rows_count; i++)
        write_row(out, &rows[i]);
    fprintf(out, "};\nconst size_t field_rules_count = %zu;\n", rows_count);
    google__protobuf__file_descriptor_set__free_unpacked(set, NULL);
    return fclose(out) == 0 ? 0 : 1;
}
