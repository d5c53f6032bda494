/* Texts made from templates: pure. */
#ifndef GUILD_NOTIFICATION_RULES_H
#define GUILD_NOTIFICATION_RULES_H

#include "arena.h"

/* A value for {name}; NULL: there is none (nothing stands in its place). */
typedef const char *rules_value_fn(const void *source, const char *name, struct arena *arena);

/* The template with each {name} replaced; blank lines at the end go. */
const char *rules_fill(const char *text, rules_value_fn *value, const void *source,
                       struct arena *arena);

/* The handbook's word for an identity's kind: OWNER_UNIT → 建设单位. */
const char *rules_identity_word(const char *kind);

/* The permission to review an identity's kind. */
const char *rules_review_permission(const char *kind);

/* What a code is for, in the SMS: REGISTER → 注册账号. */
const char *rules_purpose_word(const char *purpose);

#endif
