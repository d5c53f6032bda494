#include "blob.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct blob_store {
    int folder;
};

static bool id_is_good(const char *id)
{
    size_t size = strlen(id);
    return size >= 8 && size <= 64 && strspn(id, "0123456789abcdefghijklmnopqrstuvwxyz.-") == size &&
           strspn(id, "0123456789abcdef") >= 2 && strstr(id, "..") == NULL;
}

/* "ab/abcdef…" */
static void path_of(const char *id, char out[static 80])
{
    snprintf(out, 80, "%.2s/%s", id, id);
}

struct blob_store *blob_open(const char *folder)
{
    struct blob_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        abort();
    mkdir(folder, 0700);
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

/* Temporary file, fsync, name, fsync of the folder: a crash leaves all of it or nothing. */
bool blob_put(struct blob_store *store, const char *id, const void *data, size_t size)
{
    char path[80], temporary[96], shard[3];
    if (!id_is_good(id))
        return false;
    path_of(id, path);
    snprintf(shard, sizeof shard, "%.2s", id);
    snprintf(temporary, sizeof temporary, "%s.part", path);
    bool fresh = mkdirat(store->folder, shard, 0700) == 0;

    int fd = openat(store->folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool done = write_all(fd, data, size) && fsync(fd) == 0;
    done &= close(fd) == 0;
    done = done && linkat(store->folder, temporary, store->folder, path, 0) == 0; /* never over another */
    unlinkat(store->folder, temporary, 0);
    return done && sync_folder(store->folder, shard) && (!fresh || fsync(store->folder) == 0);
}

bool blob_get(struct blob_store *store, const char *id, uint64_t offset, void *out, size_t size)
{
    char path[80];
    if (!id_is_good(id))
        return false;
    path_of(id, path);
    int fd = openat(store->folder, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    size_t done = 0;
    while (done < size) {
        ssize_t some = pread(fd, (char *)out + done, size - done, (off_t)(offset + done));
        if (some < 0 && errno == EINTR)
            continue;
        if (some <= 0)
            break;
        done += (size_t)some;
    }
    close(fd);
    return done == size;
}

int64_t blob_stat(struct blob_store *store, const char *id)
{
    char path[80];
    struct stat status;
    if (!id_is_good(id))
        return -1;
    path_of(id, path);
    return fstatat(store->folder, path, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status.st_size : -1;
}

bool blob_delete(struct blob_store *store, const char *id)
{
    char path[80];
    if (!id_is_good(id))
        return false;
    path_of(id, path);
    return unlinkat(store->folder, path, 0) == 0;
}

static void list_shard(struct blob_store *store, const char *shard, int64_t before,
                       void (*found)(void *owner, const char *id), void *owner)
{
    int fd = openat(store->folder, shard, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct stat status;
    if (dir == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        if (entry->d_name[0] != '.' && fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            status.st_mtime < before)
            found(owner, entry->d_name);
    closedir(dir);
}

void blob_list(struct blob_store *store, int64_t age_s, void (*found)(void *owner, const char *id),
               void *owner)
{
    static const char hex[] = "0123456789abcdef";
    for (int high = 0; high < 16; high++)
        for (int low = 0; low < 16; low++)
            list_shard(store, (char[]){hex[high], hex[low], '\0'}, time(NULL) - age_s, found, owner);
}
