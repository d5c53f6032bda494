#include "clean.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WALL_CLOCK_MS = 10000 };

/* What the child tells on its standard output (image/main.c). */
struct report {
    int32_t result;
    int32_t width, height;
    int32_t is_pdf;
};

extern char **environ;

/* in → 0, report → 1, content → 3, thumbnail → 4; nothing else is inherited. */
static pid_t spawn(const char *program, const int fds[static 4])
{
    char *const argv[] = {(char *)(uintptr_t)program, NULL}, *const no_environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid = -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fds[0], 0);
    posix_spawn_file_actions_adddup2(&actions, fds[1], 1);
    posix_spawn_file_actions_adddup2(&actions, fds[2], 3);
    posix_spawn_file_actions_adddup2(&actions, fds[3], 4);
    if (posix_spawn(&pid, program, &actions, NULL, argv, no_environment) != 0)
        pid = -1;
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

/* Waits at most the wall-clock limit; a child that takes longer is killed. false: it did not end well. */
static bool reap(pid_t pid, int report_end)
{
    struct pollfd end = {.fd = report_end, .events = POLLIN};
    int status = 0;
    if (poll(&end, 1, WALL_CLOCK_MS) <= 0)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool load(int fd, struct bytes *ret)
{
    struct stat status;
    if (fstat(fd, &status) != 0 || status.st_size < 0)
        return false;
    ret->size = (size_t)status.st_size;
    ret->data = malloc(ret->size + 1);
    return ret->data != NULL && pread(fd, ret->data, ret->size, 0) == status.st_size;
}

/* Descriptors above those the child gets, so that dup2 never steps on one still needed. */
static int memory_file(const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC);
    int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 10);
    if (fd >= 0)
        close(fd);
    return high;
}

enum clean_result clean_file(const char *program, int fd, size_t size, struct cleaned *ret_cleaned)
{
    enum clean_result result = CLEAN_FAILED;
    struct report report;
    struct cleaned cleaned = {.content_type = "image/jpeg"};
    int pipe_ends[2] = {-1, -1}, content = memory_file("content"),
        thumbnail = memory_file("thumbnail");
    int in = fcntl(fd, F_DUPFD_CLOEXEC, 10), out = -1;

    if (size == 0 || content < 0 || thumbnail < 0 || in < 0 || lseek(in, 0, SEEK_SET) != 0 ||
        pipe2(pipe_ends, O_CLOEXEC) != 0 || (out = fcntl(pipe_ends[1], F_DUPFD_CLOEXEC, 10)) < 0)
        goto done;
    close(pipe_ends[1]);
    pipe_ends[1] = -1;
    pid_t pid = spawn(program, (int[]){in, out, content, thumbnail});
    close(out);
    out = -1;
    if (pid < 0)
        goto done;
    bool ended_well = reap(pid, pipe_ends[0]);
    if (read(pipe_ends[0], &report, sizeof report) != sizeof report || !ended_well) {
        result = CLEAN_BROKEN; /* its limits stopped it: no honest file needs more */
        goto done;
    }
    result = report.result >= CLEAN_DONE && report.result < CLEAN_FAILED
                 ? (enum clean_result)report.result
                 : CLEAN_FAILED;
    if (result != CLEAN_DONE)
        goto done;
    if (report.is_pdf)
        cleaned.content_type = "application/pdf";
    cleaned.width = report.width;
    cleaned.height = report.height;
    if (load(content, &cleaned.content) && load(thumbnail, &cleaned.thumbnail))
        *ret_cleaned = cleaned;
    else
        result = CLEAN_FAILED;
done:
    if (result == CLEAN_FAILED)
        cleaned_free(&cleaned);
    for (size_t i = 0; i < 6; i++) {
        int open_fd = (int[]){pipe_ends[0], pipe_ends[1], content, thumbnail, in, out}[i];
        if (open_fd >= 0)
            close(open_fd);
    }
    return result;
}

void cleaned_free(struct cleaned *cleaned)
{
    free(cleaned->content.data);
    free(cleaned->thumbnail.data);
    cleaned->content = cleaned->thumbnail = (struct bytes){NULL, 0};
}
