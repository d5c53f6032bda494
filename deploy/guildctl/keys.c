/* Keys of a platform: a keyring is `id:64 hex digits` (common/secret.h), a key of assertions is hex
   (common/principal.h), and on the bus each NAME has bus-NAME.key (secret, hex) and lines in bus.keys
   (common/bus_keys.h). certificate.keys lists the public halves of certificate.key and of those before it in the same way.
   Files that are there already stay. */
#include "guildctl.h"

#include "bus_keys.h"
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

enum { NAMES_MAX = 32, LIST_MAX = 32 * 1024 };

static const char *const keyrings[] = {"pepper.key", "event.key", "field.key", "index.key"};

struct wanted {
    const char *command, *folder;
    const char *names[NAMES_MAX];
    size_t names_count;
};

/* ---- files */

/* Whole or not at all, and on the disk before its name is. */
static void key_write(const char *folder, const char *name, mode_t mode, const char *text)
{
    char path[4096], aside[4200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    snprintf(aside, sizeof aside, "%s.new", path);
    unlink(aside);
    int fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0 || dprintf(fd, "%s\n", text) < 0 || fsync(fd) != 0 || close(fd) != 0 ||
        rename(aside, path) != 0)
        die("%s: %s", path, strerror(errno));
    printf("wrote %s\n", name);
}

static bool key_exists(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

/* ---- keyrings, and the key of assertions */

static void keyring_make(const char *folder, const char *name)
{
    char text[2 + 2 * SECRET_KEY_BYTES + 1] = "1:";
    secret_random_hex(text + 2, SECRET_KEY_BYTES);
    key_write(folder, name, 0600, text);
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
        key_write(folder, "principal-secret.key", 0600,
                  sodium_bin2hex(secret_text, sizeof secret_text, secret_key, sizeof secret_key));
    } else if (!secret_load_hex(path, secret_key, sizeof secret_key)) {
        die("%s holds no key; put it back from the backup", path);
    } else {
        crypto_sign_ed25519_sk_to_pk(public_key, secret_key);
        if (key_exists(folder, "principal-public.key"))
            return;
    }
    key_write(folder, "principal-public.key", 0600,
              sodium_bin2hex(public_text, sizeof public_text, public_key, sizeof public_key));
    sodium_memzero(secret_key, sizeof secret_key);
    sodium_memzero(secret_text, sizeof secret_text);
}

/* ---- lists of public keys: `NAME HEX`, a line each, the newest of a name first */

static const char *bus_file(const char *name)
{
    static char file[64];
    snprintf(file, sizeof file, "bus-%s.key", name);
    return file;
}

/* The list as it is, "" where there is none. */
static char *list_read(const char *folder, const char *list)
{
    char path[4096];
    size_t size;
    snprintf(path, sizeof path, "%s/%s", folder, list);
    char *text = access(path, F_OK) == 0 ? file_read(path, &size) : strdup("");
    if (text == NULL)
        abort();
    if (strlen(text) > LIST_MAX)
        die("%s is too large", path);
    return text;
}

static bool line_is_of(const char *line, const char *name)
{
    size_t size = strlen(name);
    return strncmp(line, name, size) == 0 && line[size] == ' ';
}

/* Writes the list with `hex` on top as the key of `name`; of its other keys, the first `keep` stay. */
static void list_write(const char *folder, const char *file, const char *name, const char *hex,
                       size_t keep)
{
    char *text = list_read(folder, file), *rest = text, *list = malloc(2 * LIST_MAX);
    size_t size;
    if (list == NULL)
        abort();
    size = (size_t)snprintf(list, 2 * LIST_MAX, "%s %s", name, hex);
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        bool other = !line_is_of(line, name);
        bool same = !other && strcmp(line + strlen(name) + 1, hex) == 0;
        if (line[0] == '\0' || same || (!other && keep == 0))
            continue;
        keep -= !other;
        size += (size_t)snprintf(list + size, 2 * LIST_MAX - size, "\n%s", line);
    }
    key_write(folder, file, 0644, list);
    free(list);
    free(text);
}

/* ---- the bus */

/* The new key is listed before it is used, so that nobody is kept off meanwhile. */
static void bus_rotate(const char *folder, const char *name)
{
    unsigned char public[BUS_KEY_BYTES], secret[BUS_KEY_BYTES];
    char public_hex[BUS_KEY_HEX + 1], secret_hex[BUS_KEY_HEX + 1];
    crypto_box_keypair(public, secret);
    sodium_bin2hex(public_hex, sizeof public_hex, public, sizeof public);
    list_write(folder, "bus.keys", name, public_hex, 1);
    key_write(folder, bus_file(name), 0600,
              sodium_bin2hex(secret_hex, sizeof secret_hex, secret, sizeof secret));
    sodium_memzero(secret, sizeof secret);
    sodium_memzero(secret_hex, sizeof secret_hex);
}

/* Only the key that is in its file stays on the list. */
static void bus_retire(const char *folder, const char *name)
{
    struct bus_pair pair;
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, bus_file(name));
    if (!bus_pair_load(path, &pair))
        die("%s holds no key; put it back from the backup", path);
    list_write(folder, "bus.keys", name, pair.public_hex, 0);
    sodium_memzero(&pair, sizeof pair);
}

static bool is_listed(const char *folder, const char *list, const char *name)
{
    char *text = list_read(folder, list), *rest = text;
    bool listed = false;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;)
        listed = listed || line_is_of(line, name);
    free(text);
    return listed;
}

static void bus_make(const char *folder, const char *name)
{
    if (!key_exists(folder, bus_file(name)))
        bus_rotate(folder, name);
    else if (!is_listed(folder, "bus.keys", name))
        bus_retire(folder, name);
}

/* ---- membership certificates: those signed with an older key verify as long as it is listed */

static const char certificate[] = "certificate", certificate_list[] = "certificate.keys";

static void certificate_list_write(const char *folder, const unsigned char *secret_key, size_t keep)
{
    unsigned char public_key[crypto_sign_PUBLICKEYBYTES];
    char hex[2 * sizeof public_key + 1];
    crypto_sign_ed25519_sk_to_pk(public_key, secret_key);
    list_write(folder, certificate_list, certificate,
               sodium_bin2hex(hex, sizeof hex, public_key, sizeof public_key), keep);
}

/* Listed before it signs. */
static void certificate_rotate(const char *folder)
{
    unsigned char public_key[crypto_sign_PUBLICKEYBYTES], secret_key[crypto_sign_SECRETKEYBYTES];
    char text[2 * sizeof secret_key + 1];
    crypto_sign_keypair(public_key, secret_key);
    certificate_list_write(folder, secret_key, SIZE_MAX);
    key_write(folder, "certificate.key", 0600,
              sodium_bin2hex(text, sizeof text, secret_key, sizeof secret_key));
    sodium_memzero(secret_key, sizeof secret_key);
    sodium_memzero(text, sizeof text);
}

/* The key in the file is listed; of the others on the list, the first `keep` stay. */
static void certificate_relist(const char *folder, size_t keep)
{
    unsigned char secret_key[crypto_sign_SECRETKEYBYTES];
    char path[4096];
    snprintf(path, sizeof path, "%s/certificate.key", folder);
    if (!secret_load_hex(path, secret_key, sizeof secret_key))
        die("%s holds no key; put it back from the backup", path);
    certificate_list_write(folder, secret_key, keep);
    sodium_memzero(secret_key, sizeof secret_key);
}

static void certificate_retire(const char *folder)
{
    certificate_relist(folder, 0);
}

static void certificate_make(const char *folder)
{
    if (!key_exists(folder, "certificate.key"))
        certificate_rotate(folder);
    else if (!is_listed(folder, certificate_list, certificate))
        certificate_relist(folder, SIZE_MAX);
}

/* ---- */

static bool name_is_good(const char *name)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz");
    return size > 0 && size <= 32 && name[size] == '\0';
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct wanted *wanted = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        if (state->arg_num == 0)
            wanted->command = text;
        else if (state->arg_num == 1)
            wanted->folder = text;
        else if (wanted->names_count == NAMES_MAX || !name_is_good(text))
            argp_error(state, "%s is no name of a service, or one too many", text);
        else
            wanted->names[wanted->names_count++] = text;
        return 0;
    case ARGP_KEY_END:
        if (state->arg_num < 2)
            argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void create(const struct wanted *wanted)
{
    const char *folder = wanted->folder;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        die("%s: %s", folder, strerror(errno));
    principal_make(folder);
    certificate_make(folder);
    for (size_t i = 0; i < sizeof keyrings / sizeof keyrings[0]; i++)
        if (!key_exists(folder, keyrings[i]))
            keyring_make(folder, keyrings[i]);
    for (size_t i = 0; i < wanted->names_count; i++)
        bus_make(folder, wanted->names[i]);
}

static void key_change(const char *folder, const char *name, bool rotate)
{
    if (strcmp(name, certificate) == 0)
        (rotate ? certificate_rotate : certificate_retire)(folder);
    else
        (rotate ? bus_rotate : bus_retire)(folder, name);
}

int keys_main(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        parse,
        "create DIR [NAME…]\nrotate DIR NAME…\nretire DIR NAME…",
        "create makes in DIR the keys that are absent: principal-secret.key and "
        "principal-public.key (assertions), certificate.key and certificate.keys (membership "
        "certificates), the "
        "keyrings pepper.key (passwords), event.key (events "
        "between services), field.key (personal data) and index.key (blind indexes), and for each "
        "NAME (gateway, or a service) its key on the bus: bus-NAME.key, and a line in bus.keys.\n\n"
        "To change a key on the bus: rotate makes a new one, and lists it above the old; both are "
        "good now. Restart NAME's processes one by one; then retire takes the old one off the "
        "list, and who still uses it is cut off.\n\n"
        "The NAME certificate is the key that membership certificates are signed with: after "
        "rotate, "
        "restart payment and the gateways; certificates of the older keys go on to verify until "
        "retire "
        "takes those off the list.",
        NULL,
        NULL,
        NULL};
    struct wanted wanted = {.command = NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &wanted);
    bool rotate = strcmp(wanted.command, "rotate") == 0;
    bool retire = strcmp(wanted.command, "retire") == 0;
    if (strcmp(wanted.command, "create") == 0) {
        create(&wanted);
    } else if ((rotate || retire) && wanted.names_count > 0) {
        for (size_t i = 0; i < wanted.names_count; i++)
            key_change(wanted.folder, wanted.names[i], rotate);
    } else {
        argp_help(&argp, stderr, ARGP_HELP_USAGE, "guildctl keys");
        return 2;
    }
    return 0;
}
