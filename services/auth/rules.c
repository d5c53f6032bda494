#include "rules.h"

#include "check.h"
#include <string.h>

struct session_rules rules_session(bool staff, bool remember_me)
{
    enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };
    if (staff)
        return (struct session_rules){15 * MINUTE, 8 * HOUR, 1};
    return remember_me ? (struct session_rules){7 * DAY, 7 * DAY, 5}
                       : (struct session_rules){2 * HOUR, 7 * DAY, 5};
}

const char *rules_new_password(const char *password, const char *confirm, const char *old,
                               const char *phone)
{
    if (strcmp(password, confirm) != 0)
        return "两次输入的密码不一致，请重新输入。";
    if (old[0] != '\0' && strcmp(password, old) == 0)
        return "新密码不能与原密码相同。";
    return phone[0] == '\0' ? NULL : check_password_against_phone(password, phone);
}
