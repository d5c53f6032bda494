/* Every way payment says no. */
#ifndef GUILD_PAYMENT_REASONS_H
#define GUILD_PAYMENT_REASONS_H

#include "reason.h"

#define PAYMENT_REASONS(R)                                                                         \
    R(fees_missing, UNAVAILABLE, "会费标准暂时无法显示，请稍后再试，或致电0355-3069919。")

REASONS_DECLARE(PAYMENT_REASONS)

#endif
