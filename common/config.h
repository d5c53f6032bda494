/* Settings: environment variables, declared in one table per process. */
#ifndef GUILD_CONFIG_H
#define GUILD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum setting_type {
    SETTING_TEXT,
    SETTING_INTEGER,
    SETTING_FILE, /* path of a file that must be readable */
};

struct setting {
    const char *name; /* GUILD_… */
    enum setting_type type;
    const char *fallback; /* NULL: must be given */
    const char *help;     /* one line, with the unit */
};
#define SETTINGS_END                                                                               \
    {                                                                                              \
        0                                                                                          \
    }

/* Reads and checks the tables (NULL-terminated list; each ends with SETTINGS_END). `--help` prints `about` and
   the table and exits 0; a bad or missing value, or a GUILD_ name that no table knows, says so and exits 2. */
void config_load(int argc, char **argv, const char *about, const struct setting *const *tables);

/* Values after config_load. Asking for a name that no table declares is a programmer's error. */
const char *config_text(const char *name);
int64_t config_integer(const char *name);
bool config_is_production(void);

/* The first line of the file that a SETTING_FILE names; "" where it names none. A file without one ends the process like a
   bad setting. */
void config_secret(const char *name, char *out, size_t size);

#endif
