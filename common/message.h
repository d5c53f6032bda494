/* Messages walked by descriptor: by name to statement parameters, from rows, and checked by their field rules. */
#ifndef GUILD_MESSAGE_H
#define GUILD_MESSAGE_H

#include "arena.h"
#include "rows.h"
#include <stdbool.h>

/* A field's rule, from proto/options.proto; the build makes the table (common/tools/rules.c). */
struct field_rule {
    const char *message; /* full name: certification.OwnerUnitForm */
    const char *field;
    const char *label;
    const char *check;
    const char *dictionary, *unless, *placeholder, *hint, *suggest, *part;
    bool required, draft, file;
    unsigned min, max;
    int64_t low, high;
};
extern const struct field_rule field_rules[]; /* sorted by message, field */
extern const size_t field_rules_count;

/* The rule of a field, or NULL. */
const struct field_rule *message_rule(const ProtobufCMessageDescriptor *type, const char *field);

/* Where field errors go: path in the request ("owner_unit.uscc") and Chinese words; arena memory. */
struct field_errors {
    struct arena *arena;
    size_t count;
    struct field_error {
        const char *field;
        const char *message;
    } list[32]; /* more are not told */
};
void field_errors_add(struct field_errors *errors, const char *field, const char *message);

/* An empty message of a type, in the arena. */
ProtobufCMessage *message_new(const ProtobufCMessageDescriptor *type, struct arena *arena);

/* Unpacks strictly: valid UTF-8 without NUL in every text, lengths bounded; NULL when it is not so. */
ProtobufCMessage *message_unpack(const ProtobufCMessageDescriptor *type, const void *data,
                                 size_t size, struct arena *arena);

/* Packs into arena memory. */
void *message_pack(const ProtobufCMessage *message, struct arena *arena, size_t *ret_size);

/* Holds the message against its fields' rules and puts normal forms in place (check.h). Nested messages are
   checked too; below a field whose rule says draft only cleanness and `max` count. */
void message_check(ProtobufCMessage *message, struct field_errors *errors);

/* Gives every text of the message that has a rule, at any depth and of lists each element, with its path:
   "expert.qualifications.0.certificate_no". `text` may be replaced. Paths are arena memory. */
typedef void message_visit_fn(void *context, const char *path, const struct field_rule *rule,
                              char **text);
void message_visit(ProtobufCMessage *message, struct arena *arena, message_visit_fn *visit,
                   void *context);

/* The value of a field as a statement's parameter: numbers and enums' names as text, bool as t/f, bytes as \x…,
   repeated scalars as a PostgreSQL array literal, messages (and lists of them) as JSON. false: no such field. An
   absent message gives NULL. Empty text gives "": the caller makes NULL of it where the type is not text. */
bool message_bind(const ProtobufCMessage *message, const char *name, struct arena *arena,
                  const char **ret_value);

/* {"a","b"}: texts as a PostgreSQL array literal, every element quoted. Arena memory. */
const char *message_array(const char *const *texts, size_t count, struct arena *arena);

/* A reply made from rows by name. Fields of the message are filled from the first row; if the message has exactly
   one repeated message field and no column of its name, each row becomes one element of it. Columns in jsonb
   fill messages and lists, arrays lists of scalars; text values become the field's type; a value that does not fit its field is a
   programmer's error and gives NULL. */
ProtobufCMessage *message_from_rows(const ProtobufCMessageDescriptor *type, const struct rows *rows,
                                    struct arena *arena);

#endif
