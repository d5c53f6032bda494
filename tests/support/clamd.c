#include "clamd.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { STREAM_MAX = 24 * 1024 * 1024, LESS = 1024, LOOK_MS = 20 };

struct clamd {
    int fd;
    pthread_t thread;
    atomic_int way, asked;
    atomic_bool over;
    char path[108];
};

const char *clamd_eicar(void)
{
    static char text[80];
    snprintf(text, sizeof text, "X5O!P%%@AP[4\\PZX54(P^)7CC)7}$%s!$H+H*",
             "EICAR-STANDARD-ANTIVIRUS-TEST-FILE");
    return text;
}

static bool read_all(int fd, void *out, size_t size)
{
    for (size_t got = 0; got < size;) {
        ssize_t some = recv(fd, (char *)out + got, size - got, 0);
        if (some <= 0)
            return false;
        got += (size_t)some;
    }
    return true;
}

static void say(int fd, const char *words, size_t size)
{
    (void)send(fd, words, size, MSG_NOSIGNAL);
}

/* Command and chunks; the size of what came, or -1 where it is not as the manual says, -2 where it is too much. */
static long read_stream(int fd, char *data, size_t most)
{
    char command[sizeof "zINSTREAM"];
    uint32_t length;
    size_t size = 0;
    if (!read_all(fd, command, sizeof command) || strcmp(command, "zINSTREAM") != 0)
        return -1;
    while (read_all(fd, &length, sizeof length)) {
        size_t some = ntohl(length);
        if (some == 0)
            return (long)size;
        if (size + some > most)
            return -2;
        if (!read_all(fd, data + size, some))
            return -1;
        size += some;
    }
    return -1;
}

static void wait_while(struct clamd *clamd, enum clamd_way way)
{
    while (atomic_load(&clamd->way) == (int)way && !atomic_load(&clamd->over))
        poll(NULL, 0, LOOK_MS);
}

static void answer(struct clamd *clamd, int fd, const char *data, long size)
{
    static const char clean[] = "stream: OK", found[] = "stream: Eicar-Test-Signature FOUND",
                      large[] = "INSTREAM size limit exceeded. ERROR", pong[] = "PONG",
                      odd[] = "stream: \"'\\ \n\x01 "
                              "0123456789012345678901234567890123456789012345678901234567890123456"
                              "789 FOUND";
    wait_while(clamd, CLAMD_IS_SILENT);
    switch ((enum clamd_way)atomic_load(&clamd->way)) {
    case CLAMD_CUTS:
        say(fd, clean, sizeof clean - 1);
        break;
    case CLAMD_TALKS:
        say(fd, pong, sizeof pong);
        break;
    case CLAMD_NAMES_BADLY:
        say(fd, odd, sizeof odd);
        break;
    case CLAMD_HANGS_UP:
        break;
    case CLAMD_ANSWERS:
    case CLAMD_IS_SILENT:
    case CLAMD_READS_NOT:
    case CLAMD_IS_HASTY:
    case CLAMD_TAKES_LESS:
        if (size == -2)
            say(fd, large, sizeof large);
        else if (size >= 0 && memmem(data, (size_t)size, clamd_eicar(), strlen(clamd_eicar())))
            say(fd, found, sizeof found);
        else if (size >= 0)
            say(fd, clean, sizeof clean);
    }
}

static void serve(struct clamd *clamd, int fd, char *data)
{
    int way = atomic_load(&clamd->way);
    atomic_fetch_add(&clamd->asked, 1);
    if (way == CLAMD_READS_NOT)
        wait_while(clamd, CLAMD_READS_NOT);
    if (way == CLAMD_IS_HASTY)
        say(fd, "stream: OK", sizeof "stream: OK");
    answer(clamd, fd, data, read_stream(fd, data, way == CLAMD_TAKES_LESS ? LESS : STREAM_MAX));
}

static void *clamd_main(void *owner)
{
    struct clamd *clamd = owner;
    struct pollfd door = {.fd = clamd->fd, .events = POLLIN};
    char *data = malloc(STREAM_MAX);
    while (data != NULL && !atomic_load(&clamd->over)) {
        int fd = poll(&door, 1, LOOK_MS) > 0 ? accept(clamd->fd, NULL, NULL) : -1;
        if (fd < 0)
            continue;
        serve(clamd, fd, data);
        close(fd);
    }
    free(data);
    return NULL;
}

struct clamd *clamd_start(const char *path)
{
    struct clamd *clamd = calloc(1, sizeof *clamd);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (clamd == NULL)
        abort();
    snprintf(clamd->path, sizeof clamd->path, "%s", path);
    memcpy(address.sun_path, clamd->path, sizeof address.sun_path);
    unlink(path);
    clamd->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(clamd->fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(clamd->fd, 16) != 0 || pthread_create(&clamd->thread, NULL, clamd_main, clamd) != 0)
        abort();
    return clamd;
}

void clamd_be(struct clamd *clamd, enum clamd_way way)
{
    atomic_store(&clamd->way, (int)way);
}

int clamd_asked(const struct clamd *clamd)
{
    return atomic_load(&clamd->asked);
}

void clamd_stop(struct clamd **self)
{
    struct clamd *clamd = *self;
    if (clamd == NULL)
        return;
    atomic_store(&clamd->over, true);
    pthread_join(clamd->thread, NULL);
    close(clamd->fd);
    unlink(clamd->path);
    free(clamd);
    *self = NULL;
}
