/* Every way auth says no. */
#ifndef GUILD_AUTH_REASONS_H
#define GUILD_AUTH_REASONS_H

#include "reason.h"

#define AUTH_REASONS(R)                                                                            \
    R(code_wrong, INVALID, "验证码不正确或已失效，请核对短信，或重新获取验证码。")                 \
    R(phone_registered, CONFLICT, "该手机号已注册，请直接登录；忘记密码可以用验证码重置。")        \
    R(login_wrong, UNAUTHENTICATED, "手机号或密码不正确，请核对后重试，也可以用验证码登录。")      \
    R(staff_login_wrong, UNAUTHENTICATED, "工号或密码不正确，请核对后重试。")                      \
    R(locked, TOO_MANY, "密码错误次数过多，请10分钟后再试，或用验证码重置密码。")                  \
    R(old_password_wrong, INVALID, "原密码不正确，请重新输入。")                                   \
    R(password_unset, CONFLICT,                                                                    \
      "账号负责人已变更，请先在“忘记密码”中用短信验证码设置新密码，再登录。")                      \
    R(account_changed, CONFLICT, "账号信息刚刚在别处修改过，请重新登录后再试。")                   \
    R(session_over, UNAUTHENTICATED, "登录已失效，请重新登录。")

REASONS_DECLARE(AUTH_REASONS)

#endif
