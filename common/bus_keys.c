#include "bus_keys.h"

#include "frame.h"
#include "log.h"
#include "secret.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 32 * 1024 };

struct line {
    char name[FRAME_SERVICE_MAX + 1], hex[BUS_KEY_HEX + 1];
};

struct bus_keys {
    char *path;
    struct stat read; /* the file as it was when it was read */
    struct line lines[BUS_KEYS_MAX];
    size_t count;
};

/* ---- reading */

static bool line_take(struct bus_keys *keys, const char *text, size_t size)
{
    unsigned char key[BUS_KEY_BYTES];
    size_t name = 0, bytes = 0;
    while (name < size && text[name] >= 'a' && text[name] <= 'z')
        name++;
    struct line *line = &keys->lines[keys->count];
    if (keys->count == BUS_KEYS_MAX || name == 0 || name > FRAME_SERVICE_MAX ||
        size != name + 1 + BUS_KEY_HEX || text[name] != ' ' ||
        sodium_hex2bin(key, sizeof key, text + name + 1, BUS_KEY_HEX, NULL, &bytes, NULL) != 0 ||
        bytes != sizeof key)
        return false;
    memcpy(line->name, text, name);
    line->name[name] = '\0';
    sodium_bin2hex(line->hex, sizeof line->hex, key, sizeof key);
    keys->count++;
    return true;
}

static const char *lines_take(struct bus_keys *keys, const char *text)
{
    keys->count = 0;
    for (size_t size; *text != '\0'; text += size + (text[size] == '\n')) {
        size = strcspn(text, "\n");
        if (size > 0 && text[0] != '#' && !line_take(keys, text, size))
            return "has a line that is not `NAME 64 hex digits`, or too many";
    }
    return keys->count == 0 ? "has no key" : NULL;
}

/* Fills `keys` but for its path; says why it cannot. */
static const char *file_take(struct bus_keys *keys, const char *path)
{
    char text[FILE_MAX + 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return strerror(errno);
    ssize_t size = fstat(fd, &keys->read) == 0 ? read(fd, text, sizeof text) : -1;
    close(fd);
    if (size < 0 || (size_t)size > FILE_MAX)
        return "cannot be read";
    if ((keys->read.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return "may be written by others";
    text[size] = '\0';
    return lines_take(keys, text);
}

struct bus_keys *bus_keys_open(const char *path, const char **ret_why)
{
    struct bus_keys *keys = calloc(1, sizeof *keys);
    if (keys == NULL || (keys->path = strdup(path)) == NULL)
        abort();
    *ret_why = file_take(keys, path);
    if (*ret_why != NULL)
        bus_keys_close(&keys);
    return keys;
}

void bus_keys_close(struct bus_keys **self)
{
    if (*self == NULL)
        return;
    free((*self)->path);
    free(*self);
    *self = NULL;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

bool bus_keys_refresh(struct bus_keys *keys)
{
    struct stat now;
    if (stat(keys->path, &now) != 0 || is_same_file(&now, &keys->read))
        return false;
    struct bus_keys *fresh = calloc(1, sizeof *fresh);
    if (fresh == NULL)
        abort();
    const char *why = file_take(fresh, keys->path);
    if (why != NULL) {
        log_line(LOGGED_ERROR, "the list of the bus's keys stays as it was", "why='%s'", why);
        keys->read = now; /* told once */
    } else {
        fresh->path = keys->path;
        *keys = *fresh;
    }
    free(fresh);
    return why == NULL;
}

/* ---- asking */

bool bus_keys_has(const struct bus_keys *keys, const char *name, const char *hex)
{
    for (size_t i = 0; i < keys->count; i++) {
        const struct line *line = &keys->lines[i];
        bool named =
            name == NULL ? strcmp(line->name, BUS_GATEWAY) != 0 : strcmp(line->name, name) == 0;
        if (named && strcmp(line->hex, hex) == 0)
            return true;
    }
    return false;
}

bool bus_keys_nth(const struct bus_keys *keys, const char *name, size_t nth,
                  unsigned char out[static BUS_KEY_BYTES])
{
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->lines[i].name, name) == 0 && nth-- == 0)
            return sodium_hex2bin(out, BUS_KEY_BYTES, keys->lines[i].hex, BUS_KEY_HEX, NULL, NULL,
                                  NULL) == 0;
    return false;
}

bool bus_pair_load(const char *path, struct bus_pair *ret_pair)
{
    if (!secret_load_hex(path, ret_pair->secret, sizeof ret_pair->secret) ||
        crypto_scalarmult_base(ret_pair->public, ret_pair->secret) != 0)
        return false;
    sodium_bin2hex(ret_pair->public_hex, sizeof ret_pair->public_hex, ret_pair->public,
                   sizeof ret_pair->public);
    return true;
}

struct bus_keys *bus_keys_of_process(const char *name, const char *secret_path,
                                     const char *list_path, struct bus_pair *ret_pair)
{
    const char *why;
    struct bus_keys *keys = bus_keys_open(list_path, &why);
    if (keys == NULL) {
        fprintf(stderr, "GUILD_BUS_KEYS_FILE %s: %s\n", why, list_path);
        exit(2);
    }
    if (!bus_pair_load(secret_path, ret_pair)) {
        fprintf(stderr, "GUILD_BUS_SECRET_FILE holds no key, or others may read it: %s\n",
                secret_path);
        exit(2);
    }
    if (!bus_keys_has(keys, name, ret_pair->public_hex)) {
        fprintf(stderr,
                "GUILD_BUS_KEYS_FILE does not list the key of GUILD_BUS_SECRET_FILE for %s\n",
                name);
        exit(2);
    }
    return keys;
}
