/* Passwords that everybody tries first: lower case, eight characters or more, sorted for bsearch. */
#ifndef GUILD_PASSWORDS_H
#define GUILD_PASSWORDS_H

#include <stddef.h>

extern const char *const passwords_common[];
extern const size_t passwords_common_count;

#endif
