#include "uscc.h"

#include <string.h>

int uscc_value(char c)
{
    static const char charset[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    const char *at = c == '\0' ? NULL : strchr(charset, c);
    return at == NULL ? -1 : (int)(at - charset);
}

bool uscc_is_good(const char *code)
{
    static const int weights[USCC_LENGTH] = {1,  3,  9,  27, 19, 26, 16, 17, 20,
                                             29, 25, 13, 8,  24, 10, 30, 28, 1};
    int sum = 0;
    for (int i = 0; i < USCC_LENGTH; i++) {
        int value = uscc_value(code[i]);
        if (value < 0)
            return false;
        sum += value * weights[i];
    }
    return sum % 31 == 0;
}
