/* Every way notification says no. */
#ifndef GUILD_NOTIFICATION_REASONS_H
#define GUILD_NOTIFICATION_REASONS_H

#include "reason.h"

#define NOTIFICATION_REASONS(R)                                                                    \
    R(event_unreadable, INVALID, "事件内容无法读取。")                                             \
    R(contact_unknown, UNAVAILABLE, "还不知道该账号的手机号，稍后再试。")

REASONS_DECLARE(NOTIFICATION_REASONS)

#endif
