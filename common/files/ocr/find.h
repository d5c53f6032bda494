/* The credit code among what was read. */
#ifndef GUILD_OCR_FIND_H
#define GUILD_OCR_FIND_H

#include "../../uscc.h"

/* The first words of a line with 18 letters and digits together that are a code with its check character and a region's six digits; O,
   I, S and Z, which no code has, are what they look like. Whole words only: where a letter too many was read, one part in thirty-one
   would be a code by chance. */
bool find_uscc(const char *text, char ret_code[static USCC_LENGTH]);

#endif
