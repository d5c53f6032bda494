/* The tables of this service's nouns. */
#ifndef GUILD_PAYMENT_NOUNS_H
#define GUILD_PAYMENT_NOUNS_H

#include "call.h"

extern const struct op fee_ops[];

#endif
