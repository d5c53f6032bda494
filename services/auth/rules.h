/* What an association might argue about: pure. */
#ifndef GUILD_AUTH_RULES_H
#define GUILD_AUTH_RULES_H

#include <stdbool.h>
#include <stdint.h>

struct session_rules {
    uint32_t idle_s, whole_s; /* over after so long without use, and after so long at all */
    uint32_t at_most;         /* sessions of one account at a time */
};

/* Members: 2 h idle, or 7 d when remembered; staff: 15 min idle, 8 h in all, one at a time. */
struct session_rules rules_session(bool staff, bool remember_me);

/* A new password against what must differ; NULL: good. */
const char *rules_new_password(const char *password, const char *confirm, const char *old,
                               const char *phone);

enum { RULES_WRONG_PASSWORDS = 5, RULES_LOCKED_S = 600, RULES_CODE_S = 300, RULES_RESEND_S = 60 };

#endif
