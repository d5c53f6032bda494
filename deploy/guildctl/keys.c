/* Keys of a platform, made once: a keyring is `id:64 hex digits` (common/secret.h), a key of assertions is hex
   (common/principal.h). Files that are there already stay. */
#include "guildctl.h"

#include "secret.h"
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const keyrings[] = {"pepper.key", "event.key", "field.key", "index.key"};

/* Whole or not at all, and on the disk before its name is. */
static void key_write(const char *folder, const char *name, const char *text)
{
    char path[4096], aside[4200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    snprintf(aside, sizeof aside, "%s.new", path);
    unlink(aside);
    int fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || dprintf(fd, "%s\n", text) < 0 || fsync(fd) != 0 || close(fd) != 0 ||
        rename(aside, path) != 0)
        die("%s: %s", path, strerror(errno));
    printf("made %s\n", name);
}

static bool key_exists(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

static void keyring_make(const char *folder, const char *name)
{
    char text[2 + 2 * SECRET_KEY_BYTES + 1] = "1:";
    secret_random_hex(text + 2, SECRET_KEY_BYTES);
    key_write(folder, name, text);
    sodium_memzero(text, sizeof text);
}

/* The public half is made again from the secret one if it alone is absent. */
static void principal_make(const char *folder)
{
    unsigned char public_key[crypto_sign_PUBLICKEYBYTES], secret_key[crypto_sign_SECRETKEYBYTES];
    char public_text[2 * sizeof public_key + 1], secret_text[2 * sizeof secret_key + 1];
    char path[4096];
    snprintf(path, sizeof path, "%s/principal-secret.key", folder);
    if (!key_exists(folder, "principal-secret.key")) {
        crypto_sign_keypair(public_key, secret_key);
        key_write(folder, "principal-secret.key",
                  sodium_bin2hex(secret_text, sizeof secret_text, secret_key, sizeof secret_key));
    } else if (!secret_load_hex(path, secret_key, sizeof secret_key)) {
        die("%s holds no key; put it back from the backup", path);
    } else {
        crypto_sign_ed25519_sk_to_pk(public_key, secret_key);
        if (key_exists(folder, "principal-public.key"))
            return;
    }
    key_write(folder, "principal-public.key",
              sodium_bin2hex(public_text, sizeof public_text, public_key, sizeof public_key));
    sodium_memzero(secret_key, sizeof secret_key);
    sodium_memzero(secret_text, sizeof secret_text);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    const char **folder = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        if (state->arg_num == 0 && strcmp(text, "create") != 0)
            argp_usage(state);
        if (state->arg_num == 1)
            *folder = text;
        if (state->arg_num > 1)
            argp_usage(state);
        return 0;
    case ARGP_KEY_END:
        if (state->arg_num < 2)
            argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int keys_main(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        parse,
        "create DIR",
        "Makes in DIR the keys that are absent: principal-secret.key and principal-public.key "
        "(assertions), and the keyrings pepper.key (passwords), event.key (events between "
        "services), "
        "field.key (personal data) and index.key (blind indexes).",
        NULL,
        NULL,
        NULL};
    const char *folder = NULL;
    argp_parse(&argp, argc, argv, 0, NULL, &folder);
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        die("%s: %s", folder, strerror(errno));
    principal_make(folder);
    for (size_t i = 0; i < sizeof keyrings / sizeof keyrings[0]; i++)
        if (!key_exists(folder, keyrings[i]))
            keyring_make(folder, keyrings[i]);
    return 0;
}
