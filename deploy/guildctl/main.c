/* guildctl: the operator's tool.

       guildctl COMMAND [ARGUMENT…]

   `guildctl --help` prints the table below; `guildctl COMMAND --help` prints what a command takes. Settings:
   GUILD_DATABASE (conninfo of the database's owner) for whatever touches the database, GUILD_SMS_FOLDER for sms.
   Exit code 0: done; 1: not done, and stderr says why; 2: the command line is wrong. */
#include "guildctl.h"
#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 4 * 1024 * 1024 };

static const struct command commands[] = {
    {"migrate",     "bring the database's schemas, roles and rights up to date",           migrate_main    },
    {"keys",        "make the platform's keys that are absent, change keys of the bus",    keys_main       },
    {"staff",       "make a staff account, or reset its password: a one-time one",         staff_main      },
    {"seed",        "write the fee schedule, if there is none yet",                        seed_main       },
    {"expire",      "end at once what the policy of ended papers ends",                    expire_main     },
    {"attachments", "remove files of no row, open and hash all others",                    attachments_main},
    {"disk",        "show each volume and its reserve; release it in need, make it again", disk_main       },
    {"sms",         "show the SMS of a development platform",                              sms_main        },
};

void die(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    fputs("guildctl: ", stderr);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    va_end(values);
    exit(1);
}

const char *setting(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL || value[0] == '\0')
        die("the setting %s must be given", name);
    return value;
}

char *file_read(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "re");
    char *text = malloc(FILE_MAX + 1);
    if (file == NULL)
        die("%s: %s", path, strerror(errno));
    if (text == NULL)
        abort();
    *ret_size = fread(text, 1, FILE_MAX, file);
    if (ferror(file) || !(fgetc(file) == EOF))
        die("%s cannot be read, or is larger than %d bytes", path, FILE_MAX);
    fclose(file);
    text[*ret_size] = '\0';
    return text;
}

static int usage(FILE *out)
{
    fprintf(out, "usage: guildctl COMMAND [ARGUMENT…]\n\n");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        fprintf(out, "  %-11s  %s\n", commands[i].name, commands[i].help);
    fprintf(out, "\nguildctl COMMAND --help tells what a command takes.\n");
    return out == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
    if (sodium_init() < 0)
        die("libsodium does not start");
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return usage(stdout);
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].function(argc - 1, argv + 1);
    return usage(stderr);
}
