/* JSON ⇄ protobuf by reflection. 64-bit integers are decimal strings, enums their names, bytes base64; every
   field is written, absent messages are left out; unknown keys, wrong types and numbers out of range are refused,
   each with the field's path. */
#ifndef GUILD_JSON_H
#define GUILD_JSON_H

#include "arena.h"
#include "message.h"
#include <stddef.h>

enum { JSON_DEPTH_MAX = 16, JSON_SIZE_MAX = 256 * 1024 };

/* Reads a JSON object into `message` (fields already set stay unless named). Field errors go to `errors`; false
   when the text is no JSON object at all, too deep, too large, not UTF-8 or has a key twice. */
bool json_read(const char *text, size_t size, ProtobufCMessage *message,
               struct field_errors *errors);

/* Sets one scalar field from text (a path or query value), converting as json_read does for strings; false: no such
   field. A value that does not fit is told to `errors`. */
bool json_set_text(ProtobufCMessage *message, const char *field, const char *value,
                   struct field_errors *errors);

/* The message as JSON in arena memory, NUL-terminated. */
char *json_write(const ProtobufCMessage *message, struct arena *arena, size_t *ret_size);

/* The same for a list of messages: "[{…},{…}]". */
char *json_write_list(ProtobufCMessage *const *list, size_t count, struct arena *arena);

#endif
