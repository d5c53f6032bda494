/* A development platform writes its SMS to sms.jsonl in GUILD_SMS_FOLDER, one JSON object a line:
   {"at", "phone", "text"}. */
#include "guildctl.h"

#include <argp.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 20, CODE_DIGITS = 6 };

struct wish {
    const char *phone; /* NULL: any */
    bool code;
};

/* Six digits that stand alone. */
static const char *code_in(const char *text)
{
    for (const char *at = text; *at != '\0';) {
        size_t digits = strspn(at, "0123456789");
        if (digits == CODE_DIGITS)
            return at;
        at += digits > 0 ? digits : 1;
    }
    return NULL;
}

static const char *member(const json_t *message, const char *name)
{
    const char *text = json_string_value(json_object_get(message, name));
    return text == NULL ? "" : text;
}

static bool is_wished(const json_t *message, const struct wish *wish)
{
    return message != NULL &&
           (wish->phone == NULL || strcmp(member(message, "phone"), wish->phone) == 0) &&
           (!wish->code || code_in(member(message, "text")) != NULL);
}

/* The newest wished ones, oldest first; returns their number. */
static size_t read_newest(FILE *file, const struct wish *wish, json_t *list[SHOWN])
{
    char *line = NULL;
    size_t room = 0, count = 0;
    while (getline(&line, &room, file) > 0) {
        json_t *message = json_loads(line, 0, NULL); /* NULL: a line that is being written */
        if (!is_wished(message, wish)) {
            json_decref(message);
            continue;
        }
        if (count == SHOWN) {
            json_decref(list[0]);
            memmove(list, list + 1, --count * sizeof *list);
        }
        list[count++] = message;
    }
    free(line);
    return count;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct wish *wish = state->input;
    switch (key) {
    case 'c':
        wish->code = true;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_usage(state);
        wish->phone = text;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int sms_main(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"code", 'c', NULL, 0, "print the newest verification code alone", 0},
        {0 }
    };
    static const struct argp argp = {
        options,
        parse,
        "[PHONE]",
        "Shows the newest SMS of a development platform, the newest last, to all phones or to one.",
        NULL,
        NULL,
        NULL};
    struct wish wish = {NULL, false};
    json_t *list[SHOWN];
    char path[4096];
    argp_parse(&argp, argc, argv, 0, NULL, &wish);
    snprintf(path, sizeof path, "%s/sms.jsonl", setting("GUILD_SMS_FOLDER"));
    FILE *file = fopen(path, "re");
    size_t count = file == NULL ? 0 : read_newest(file, &wish, list);

    if (count == 0)
        die("no such SMS yet");
    if (wish.code)
        printf("%.*s\n", CODE_DIGITS, code_in(member(list[count - 1], "text")));
    for (size_t i = 0; i < count; i++) {
        if (!wish.code)
            printf("%s  %s  %s\n", member(list[i], "at"), member(list[i], "phone"),
                   member(list[i], "text"));
        json_decref(list[i]);
    }
    fclose(file);
    return 0;
}
