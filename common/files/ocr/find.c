#include "find.h"

#include <string.h>

enum { REGION_AT = 2, REGION_SIZE = 6, LINE_MAX_LETTERS = 200 };

/* 0: no letter or digit. */
static char meant(char c)
{
    static const char never[] = "OISZ", likely[] = "0152";
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    const char *at = c == '\0' ? NULL : strchr(never, c);
    if (at != NULL)
        return likely[at - never];
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ? c : '\0';
}

static bool is_code(const char *letters)
{
    for (int i = REGION_AT; i < REGION_AT + REGION_SIZE; i++)
        if (letters[i] < '0' || letters[i] > '9')
            return false;
    return uscc_is_good(letters);
}

/* The letters of one line, and which of them begin a word. */
struct line {
    char letters[LINE_MAX_LETTERS + 1];
    bool begins[LINE_MAX_LETTERS + 1]; /* and so does the end */
    int size;
};

/* Gives where the next one begins. What is longer than any line with a code is cut. */
static const char *read_line(const char *text, struct line *line)
{
    bool is_new = true;
    line->size = 0;
    for (; *text != '\0' && *text != '\n'; text++) {
        char letter = meant(*text);
        if (letter != '\0' && line->size < LINE_MAX_LETTERS) {
            line->begins[line->size] = is_new;
            line->letters[line->size++] = letter;
        }
        is_new = letter == '\0';
    }
    line->begins[line->size] = true;
    return *text == '\n' ? text + 1 : text;
}

bool find_uscc(const char *text, char ret_code[static USCC_LENGTH])
{
    struct line line;
    while (*text != '\0') {
        text = read_line(text, &line);
        for (int i = 0; i + USCC_LENGTH <= line.size; i++)
            if (line.begins[i] && line.begins[i + USCC_LENGTH] && is_code(line.letters + i)) {
                memcpy(ret_code, line.letters + i, USCC_LENGTH);
                return true;
            }
    }
    return false;
}
