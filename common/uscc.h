/* 统一社会信用代码, GB 32100-2015: which characters it has, and its check character. Needs nothing else of the platform, so that the
   confined reader of licences (files/ocr) has the same check as everybody. */
#ifndef GUILD_USCC_H
#define GUILD_USCC_H

#include <stdbool.h>

enum { USCC_LENGTH = 18 };

/* What a character is worth; -1: no code has it. */
int uscc_value(char c);
/* Of so many characters in capitals: all are a code's, and the last one fits the others. */
bool uscc_is_good(const char *code);

#endif
