#include "blob.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    HEX_DIGITS = 32,
    ENDING_MAX = 8,
    ID_MAX = HEX_DIGITS + ENDING_MAX + 5, /* of an unfinished one: the same with ".part" */
    PATH_SIZE = sizeof "ab/cd/" + ID_MAX,
    SHARD_SIZE = sizeof "ab/cd",
};

struct blob_store {
    int folder;
};

static bool id_is_good(const char *id)
{
    size_t size = strnlen(id, ID_MAX + 1);
    return size <= ID_MAX && strspn(id, "0123456789abcdef") == HEX_DIGITS &&
           (id[HEX_DIGITS] == '\0' || id[HEX_DIGITS] == '.') &&
           strspn(id + HEX_DIGITS, ".abcdefghijklmnopqrstuvwxyz") == size - HEX_DIGITS;
}

/* "ab/cd/abcd…": two levels keep folders short and `ls` quick. */
static void path_of(const char *id, char out[static PATH_SIZE])
{
    snprintf(out, PATH_SIZE, "%.2s/%.2s/%s", id, id + 2, id);
}

static enum status status_of_errno(void)
{
    return errno == ENOENT ? STATUS_NOT_FOUND : STATUS_UNAVAILABLE;
}

struct blob_store *blob_open(const char *folder)
{
    struct blob_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        abort();
    (void)mkdir(folder, 0700);
    store->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->folder < 0 || faccessat(store->folder, ".", W_OK | X_OK, 0) != 0)
        blob_close(&store);
    return store;
}

void blob_close(struct blob_store **self)
{
    if (*self != NULL && (*self)->folder >= 0)
        close((*self)->folder);
    free(*self);
    *self = NULL;
}

/* ---- writing */

static bool write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t some = write(fd, data, size);
        if (some < 0 && errno == EINTR)
            continue;
        if (some <= 0)
            return false;
        data += some;
        size -= (size_t)some;
    }
    return true;
}

static bool sync_folder(int at, const char *name)
{
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return done;
}

static bool make_shard(int folder, const char *id)
{
    char shard[SHARD_SIZE];
    snprintf(shard, sizeof shard, "%.2s", id);
    if (mkdirat(folder, shard, 0700) != 0 && errno != EEXIST)
        return false;
    snprintf(shard, sizeof shard, "%.2s/%.2s", id, id + 2);
    return mkdirat(folder, shard, 0700) == 0 || errno == EEXIST;
}

/* From the file's folder up: another process may have made a folder and not have synced it yet. */
static bool sync_shard(int folder, const char *id)
{
    char shard[SHARD_SIZE], level[SHARD_SIZE];
    snprintf(shard, sizeof shard, "%.2s/%.2s", id, id + 2);
    snprintf(level, sizeof level, "%.2s", id);
    return sync_folder(folder, shard) && sync_folder(folder, level) && fsync(folder) == 0;
}

/* The name comes by a link, not a rename: it never goes over another. */
static enum status publish(struct blob_store *store, const char *part, const char *path,
                           const char *id)
{
    if (linkat(store->folder, part, store->folder, path, 0) != 0)
        return errno == EEXIST ? STATUS_CONFLICT : STATUS_UNAVAILABLE;
    unlinkat(store->folder, part, 0);
    return sync_shard(store->folder, id) ? STATUS_OK : STATUS_UNAVAILABLE;
}

enum status blob_put(struct blob_store *store, const char *id, const void *data, size_t size)
{
    char path[PATH_SIZE], part[PATH_SIZE];
    if (!id_is_good(id) || strlen(id) > HEX_DIGITS + ENDING_MAX)
        return STATUS_CONFLICT;
    if (!make_shard(store->folder, id))
        return STATUS_UNAVAILABLE;
    path_of(id, path);
    snprintf(part, sizeof part, "%.2s/%.2s/%.40s.part", id, id + 2, id);

    int fd = openat(store->folder, part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == EEXIST ? STATUS_CONFLICT : STATUS_UNAVAILABLE;
    bool written = write_all(fd, data, size) && fsync(fd) == 0;
    written = close(fd) == 0 && written;
    enum status status = written ? publish(store, part, path, id) : STATUS_UNAVAILABLE;
    if (status != STATUS_OK)
        unlinkat(store->folder, part, 0);
    return status;
}

/* ---- reading */

static enum status read_exactly(int fd, uint64_t offset, char *out, size_t size)
{
    while (size > 0) {
        ssize_t some = pread(fd, out, size, (off_t)offset);
        if (some < 0 && errno == EINTR)
            continue;
        if (some <= 0)
            return some == 0 ? STATUS_NOT_FOUND : STATUS_UNAVAILABLE;
        out += some;
        size -= (size_t)some;
        offset += (uint64_t)some;
    }
    return STATUS_OK;
}

enum status blob_get(struct blob_store *store, const char *id, uint64_t offset, void *out,
                     size_t size)
{
    char path[PATH_SIZE];
    if (!id_is_good(id) || offset > INT64_MAX - size)
        return STATUS_NOT_FOUND;
    path_of(id, path);
    int fd = openat(store->folder, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return status_of_errno();
    enum status status = read_exactly(fd, offset, out, size);
    close(fd);
    return status;
}

enum status blob_stat(struct blob_store *store, const char *id, uint64_t *ret_size)
{
    char path[PATH_SIZE];
    struct stat found;
    if (!id_is_good(id))
        return STATUS_NOT_FOUND;
    path_of(id, path);
    if (fstatat(store->folder, path, &found, AT_SYMLINK_NOFOLLOW) != 0)
        return status_of_errno();
    *ret_size = (uint64_t)found.st_size;
    return STATUS_OK;
}

enum status blob_delete(struct blob_store *store, const char *id)
{
    char path[PATH_SIZE];
    if (!id_is_good(id))
        return STATUS_NOT_FOUND;
    path_of(id, path);
    return unlinkat(store->folder, path, 0) == 0 ? STATUS_OK : status_of_errno();
}

/* ---- listing */

struct listing {
    struct blob_store *store;
    time_t before;
    void (*found)(void *owner, const char *id);
    void *owner;
};

static DIR *open_folder(struct blob_store *store, const char *path)
{
    int fd = openat(store->folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (fd >= 0 && folder == NULL)
        close(fd);
    return folder;
}

static bool is_shard(const char *name)
{
    return strlen(name) == 2 && strspn(name, "0123456789abcdef") == 2;
}

static enum status list_blobs(const struct listing *listing, const char *shard)
{
    DIR *folder = open_folder(listing->store, shard);
    struct stat status;
    if (folder == NULL)
        return STATUS_UNAVAILABLE;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (id_is_good(entry->d_name) &&
            fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            status.st_mtime < listing->before)
            listing->found(listing->owner, entry->d_name);
    closedir(folder);
    return STATUS_OK;
}

static enum status list_level(const struct listing *listing, const char *level)
{
    DIR *folder = open_folder(listing->store, level);
    char shard[SHARD_SIZE];
    enum status status = STATUS_OK;
    if (folder == NULL)
        return STATUS_UNAVAILABLE;
    for (struct dirent *entry; status == STATUS_OK && (entry = readdir(folder)) != NULL;)
        if (is_shard(entry->d_name)) {
            snprintf(shard, sizeof shard, "%.2s/%.2s", level, entry->d_name);
            status = list_blobs(listing, shard);
        }
    closedir(folder);
    return status;
}

enum status blob_list(struct blob_store *store, int64_t age_s,
                      void (*found)(void *owner, const char *id), void *owner)
{
    const struct listing listing = {store, time(NULL) - age_s, found, owner};
    DIR *folder = open_folder(store, ".");
    enum status status = STATUS_OK;
    if (folder == NULL)
        return STATUS_UNAVAILABLE;
    for (struct dirent *entry; status == STATUS_OK && (entry = readdir(folder)) != NULL;)
        if (is_shard(entry->d_name))
            status = list_level(&listing, entry->d_name);
    closedir(folder);
    return status;
}
