#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static const struct setting *const *config_tables;

static const struct setting *setting_find(const char *name, size_t size)
{
    for (size_t t = 0; config_tables[t] != NULL; t++)
        for (const struct setting *s = config_tables[t]; s->name != NULL; s++)
            if (strlen(s->name) == size && memcmp(s->name, name, size) == 0)
                return s;
    return NULL;
}

static void setting_help(const char *program, const char *about)
{
    printf("%s\n\nUsage: %s [--help]\n\nSettings (environment variables):\n", about, program);
    for (size_t t = 0; config_tables[t] != NULL; t++)
        for (const struct setting *s = config_tables[t]; s->name != NULL; s++)
            printf("  %-32s %s (%s%s)\n", s->name, s->help,
                   s->fallback == NULL ? "must be given" : "default: ",
                   s->fallback == NULL      ? ""
                   : s->fallback[0] == '\0' ? "none"
                                            : s->fallback);
}

static _Noreturn void refuse(const char *name, const char *why, const char *value)
{
    fprintf(stderr, "%s %s%s%s; --help lists the settings\n", name, why, value[0] ? ": " : "",
            value);
    exit(2);
}

static void setting_check(const struct setting *s)
{
    const char *value = getenv(s->name);
    if (value == NULL)
        value = s->fallback;
    if (value == NULL)
        refuse(s->name, "must be set", "");
    if (s->type == SETTING_INTEGER) {
        char *end;
        errno = 0;
        strtoll(value, &end, 10);
        if (errno != 0 || *end != '\0' || end == value)
            refuse(s->name, "must be a whole number", value);
    }
    if (s->type == SETTING_FILE && value[0] != '\0' && access(value, R_OK) != 0)
        refuse(s->name, "names a file that cannot be read", value);
}

void config_load(int argc, char **argv, const char *about, const struct setting *const *tables)
{
    config_tables = tables;
    if (argc > 1) {
        setting_help(argv[0], about);
        exit(strcmp(argv[1], "--help") == 0 ? 0 : 2);
    }
    for (char **variable = environ; *variable != NULL; variable++) {
        size_t size = strcspn(*variable, "=");
        if (strncmp(*variable, "GUILD_", 6) == 0 && setting_find(*variable, size) == NULL) {
            (*variable)[size] = '\0';
            refuse(*variable, "is no setting of this program", "");
        }
    }
    for (size_t t = 0; tables[t] != NULL; t++)
        for (const struct setting *s = tables[t]; s->name != NULL; s++)
            setting_check(s);
}

const char *config_text(const char *name)
{
    const struct setting *s = setting_find(name, strlen(name));
    if (s == NULL)
        abort(); /* not in any table */
    const char *value = getenv(name);
    return value != NULL ? value : s->fallback;
}

int64_t config_integer(const char *name)
{
    return strtoll(config_text(name), NULL, 10);
}

bool config_is_production(void)
{
    return strcmp(config_text("GUILD_ENVIRONMENT"), "production") == 0;
}

void config_secret(const char *name, char *out, size_t size)
{
    const char *path = config_text(name);
    FILE *file = path[0] == '\0' ? NULL : fopen(path, "re");
    out[0] = '\0';
    if (file != NULL && fgets(out, (int)size, file) != NULL)
        out[strcspn(out, "\r\n")] = '\0';
    if (file != NULL)
        fclose(file);
    if (path[0] != '\0' && out[0] == '\0')
        refuse(name, "names a file that cannot be read, or is empty", path);
}
