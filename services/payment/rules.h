/* Rules of payment that need no database: pure functions. */
#ifndef GUILD_PAYMENT_RULES_H
#define GUILD_PAYMENT_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A refusal names a listed reason, or says at least five characters. */
bool rules_refusal_is_founded(size_t reasons, const char *words);

/* F19: digits only, 1 to 20. */
bool rules_receipt_no(const char *text);

/* "1234": empty, or the last four digits of an account. */
bool rules_account_tail(const char *text);

/* A post as the option list has it: EXEC_COUNCIL. */
bool rules_post_code(const char *text);

enum { RULES_REFERENCE_SIZE = 9 };
/* V15 of dues: HF and a number of 0 … 29^5 − 1. */
void rules_reference(uint32_t random, char out[static RULES_REFERENCE_SIZE]);

#endif
