/* The reserve of each volume: a file of 256 MiB that is good for nothing but to be removed. Where a full disk has stopped
   everything, it is the room in which PostgreSQL starts again and a person tidies up. */
#include "guildctl.h"

#include "disk.h"
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define RESERVE_FILE "disk-reserve"

enum { MIB = 1024 * 1024, RESERVE_MIB = 256, VOLUME_SHARE = 20, FOLDERS_MAX = 16, BLOCK = 512 };

struct place {
    const char *folder;
    char file[4096];
    dev_t volume;
};

/* One folder a volume: the first that is named. */
static size_t places_find(char *folders, struct place *places)
{
    size_t count = 0;
    for (char *folder; (folder = strsep(&folders, ",")) != NULL;) {
        struct stat about;
        bool known = false;
        if (stat(folder, &about) != 0)
            die("%s: %s", folder, strerror(errno));
        for (size_t i = 0; i < count; i++)
            known |= places[i].volume == about.st_dev;
        if (known)
            continue;
        if (count == FOLDERS_MAX)
            die("GUILD_RESERVE_FOLDERS names more than %d volumes", FOLDERS_MAX);
        struct place *place = &places[count++];
        *place = (struct place){.folder = folder, .volume = about.st_dev};
        int size = snprintf(place->file, sizeof place->file, "%s/" RESERVE_FILE, folder);
        if (size >= (int)sizeof place->file)
            die("%s: the path is too long", folder);
    }
    return count;
}

/* Of a small volume, a twentieth. */
static off_t reserve_bytes(const char *folder)
{
    struct statvfs volume;
    if (statvfs(folder, &volume) != 0)
        die("%s: %s", folder, strerror(errno));
    uint64_t share = (uint64_t)volume.f_blocks * volume.f_frsize / VOLUME_SHARE;
    return (off_t)(share < (uint64_t)RESERVE_MIB * MIB ? share : (uint64_t)RESERVE_MIB * MIB);
}

static off_t allocated_bytes(const char *file)
{
    struct stat about;
    return stat(file, &about) == 0 ? (off_t)about.st_blocks * BLOCK : 0;
}

/* The blocks are really there: a hole would give back nothing. */
static bool place_reserve(const struct place *place)
{
    off_t wanted = reserve_bytes(place->folder);
    int fd = open(place->file, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        die("%s: %s", place->file, strerror(errno));
    int error = posix_fallocate(fd, 0, wanted);
    if (error == 0 && fsync(fd) != 0)
        error = errno;
    close(fd);
    if (error == 0 && allocated_bytes(place->file) >= wanted &&
        disk_used_percent(place->folder) < DISK_FILES_PERCENT)
        return true;
    unlink(place->file);
    fprintf(stderr, "guildctl: %s has no room for a reserve of %" PRIdMAX " MiB%s%s\n",
            place->folder, (intmax_t)wanted / MIB, error == 0 ? "" : ": ",
            error == 0 ? "" : strerror(error));
    return false;
}

static bool place_release(const struct place *place)
{
    if (unlink(place->file) != 0 && errno != ENOENT)
        die("%s: %s", place->file, strerror(errno));
    return true;
}

static void place_show(const struct place *place)
{
    printf("%s: %u %% full, reserve %" PRIdMAX " MiB\n", place->folder,
           disk_used_percent(place->folder), (intmax_t)allocated_bytes(place->file) / MIB);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    const char **act = state->input;
    if (key != ARGP_KEY_ARG)
        return key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
    if (state->arg_num > 0 || (strcmp(text, "reserve") != 0 && strcmp(text, "release") != 0))
        argp_usage(state);
    *act = text;
    return 0;
}

int disk_main(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        parse,
        "\nreserve\nrelease",
        "Shows how full each volume is, and its reserve: a file of 256 MiB (of a small volume, a "
        "twentieth). `release` removes it, in need; `reserve` makes it where it is absent, once "
        "there is room again, as deploy/up does. Needs GUILD_RESERVE_FOLDERS, folders between "
        "commas: one on each volume, the first counts. The exit code is 1 if there is no room.",
        NULL,
        NULL,
        NULL};
    static struct place places[FOLDERS_MAX];
    const char *act = "";
    bool done = true;
    argp_parse(&argp, argc, argv, 0, NULL, &act);
    char *folders = strdup(setting("GUILD_RESERVE_FOLDERS"));
    if (folders == NULL)
        abort();
    size_t count = places_find(folders, places);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(act, "reserve") == 0)
            done &= place_reserve(&places[i]);
        if (strcmp(act, "release") == 0)
            done &= place_release(&places[i]);
        place_show(&places[i]);
    }
    free(folders);
    return done ? 0 : 1;
}
