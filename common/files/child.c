#include "child.h"

#include "clock.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOOK_MS = 2, LOOKS = 100 };

/* ---- descriptors */

int child_lift(int fd)
{
    return fcntl(fd, F_DUPFD_CLOEXEC, CHILD_DESCRIPTORS);
}

void child_shut(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

int child_memory_file(const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC);
    int high = fd < 0 ? -1 : child_lift(fd);
    child_shut(&fd);
    return high;
}

bool child_pipe(int ret_ends[static 2])
{
    int ends[2] = {-1, -1};
    ret_ends[0] = ret_ends[1] = -1;
    if (pipe2(ends, O_CLOEXEC) == 0) {
        ret_ends[0] = child_lift(ends[0]);
        ret_ends[1] = child_lift(ends[1]);
    }
    child_shut(&ends[0]);
    child_shut(&ends[1]);
    return ret_ends[0] >= 0 && ret_ends[1] >= 0;
}

/* ---- starting */

/* Signals are as at a program's start: what a thread of ours blocks, and SIGXCPU among it, must reach the child. */
static bool set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    return posix_spawnattr_setsigmask(attributes, &none) == 0 &&
           posix_spawnattr_setsigdefault(attributes, &all) == 0 &&
           posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) ==
               0;
}

static bool place_descriptors(posix_spawn_file_actions_t *actions, const int *descriptors,
                              size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int failed = descriptors[i] == CHILD_NOTHING
                         ? posix_spawn_file_actions_addopen(actions, (int)i, "/dev/null", O_RDWR, 0)
                         : posix_spawn_file_actions_adddup2(actions, descriptors[i], (int)i);
        if (failed != 0)
            return false;
    }
    return posix_spawn_file_actions_addclosefrom_np(actions, (int)count) == 0;
}

pid_t child_spawn(const char *program, const char *option, const int *descriptors, size_t count)
{
    char *const argv[] = {(char *)(uintptr_t)program, (char *)(uintptr_t)option, NULL},
                *const no_environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t pid = -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    if (!set_signals(&attributes) || !place_descriptors(&actions, descriptors, count) ||
        posix_spawn(&pid, program, &actions, &attributes, argv, no_environment) != 0)
        pid = -1;
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

/* ---- ending */

bool child_has_ended(int pipe_end, int patience_ms)
{
    uint64_t until = clock_ms() + (uint64_t)patience_ms;
    struct pollfd end = {.fd = pipe_end, .events = 0};
    for (;;) {
        uint64_t now = clock_ms();
        int count = poll(&end, 1, now < until ? (int)(until - now) : 0);
        if (count > 0 || (count < 0 && errno != EINTR))
            return count > 0;
        if (now >= until)
            return false;
    }
}

int child_reap(pid_t pid, bool has_ended)
{
    int status = 0;
    pid_t ended = 0;
    for (int i = 0; has_ended && ended == 0 && i < LOOKS; i++) {
        ended = waitpid(pid, &status, WNOHANG);
        if (ended == 0)
            poll(NULL, 0, LOOK_MS);
    }
    if (ended == 0)
        kill(pid, SIGKILL);
    while (ended != pid && (ended = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
        ;
    return ended == pid ? status : -1;
}
