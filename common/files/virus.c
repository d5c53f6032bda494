#include "virus.h"

#include "clock.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024, REPLY_MAX = 512 };

#define CLEAN "stream: OK"
#define BEFORE "stream: "
#define BEHIND " FOUND"

struct asking {
    int fd;
    uint64_t until_ms;
};

/* -1: nobody listens there. What does not take a connection at once has a full queue: EAGAIN. */
static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return -1;
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* What happens first, of `events` or the end; 0: nothing in time. */
static short await(const struct asking *asking, short events)
{
    struct pollfd one = {.fd = asking->fd, .events = events};
    for (;;) {
        uint64_t now = clock_ms();
        int left = now < asking->until_ms ? (int)(asking->until_ms - now) : 0;
        int count = poll(&one, 1, left);
        if (count > 0)
            return one.revents;
        if (count == 0 || errno != EINTR)
            return 0;
    }
}

/* An answer before the end is none to this file: what was sent is too large, or somebody else listens there. */
static bool send_all(const struct asking *asking, const void *data, size_t size)
{
    for (const char *at = data; size > 0;) {
        if (await(asking, POLLIN | POLLOUT) != POLLOUT)
            return false;
        ssize_t some = send(asking->fd, at, size, MSG_NOSIGNAL);
        if (some < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        at += some > 0 ? some : 0;
        size -= some > 0 ? (size_t)some : 0;
    }
    return true;
}

static bool send_length(const struct asking *asking, size_t size)
{
    uint32_t length = htonl((uint32_t)size);
    return send_all(asking, &length, sizeof length);
}

static bool send_file(const struct asking *asking, const char *data, size_t size)
{
    static const char command[] = "zINSTREAM"; /* with its NUL */
    bool sent = send_all(asking, command, sizeof command);
    for (size_t at = 0, some; sent && at < size; at += some) {
        some = size - at < CHUNK ? size - at : CHUNK;
        sent = send_length(asking, some) && send_all(asking, data + at, some);
    }
    return sent && send_length(asking, 0);
}

/* A whole one: what has no NUL at its end was cut off. */
static bool read_reply(const struct asking *asking, char reply[static REPLY_MAX])
{
    for (size_t got = 0; got < REPLY_MAX;) {
        if ((await(asking, POLLIN) & POLLIN) == 0)
            return false;
        ssize_t some = recv(asking->fd, reply + got, REPLY_MAX - got, 0);
        if (some == 0 || (some < 0 && errno != EAGAIN && errno != EINTR))
            return false;
        got += some > 0 ? (size_t)some : 0;
        if (got > 0 && reply[got - 1] == '\0')
            return strlen(reply) == got - 1;
    }
    return false;
}

static void copy_name(const char *from, size_t size, char ret_name[static VIRUS_NAME_SIZE])
{
    size_t length = size < VIRUS_NAME_SIZE ? size : VIRUS_NAME_SIZE - 1;
    for (size_t i = 0; i < length; i++)
        ret_name[i] =
            isalnum((unsigned char)from[i]) || strchr("._-/:", from[i]) != NULL ? from[i] : '?';
    ret_name[length] = '\0';
}

static enum virus_result understand(const char *reply, char ret_name[static VIRUS_NAME_SIZE])
{
    const size_t before = strlen(BEFORE), behind = strlen(BEHIND), size = strlen(reply);
    if (strcmp(reply, CLEAN) == 0)
        return VIRUS_NONE;
    if (size <= before + behind || strncmp(reply, BEFORE, before) != 0 ||
        strcmp(reply + size - behind, BEHIND) != 0)
        return VIRUS_UNKNOWN;
    copy_name(reply + before, size - before - behind, ret_name);
    return VIRUS_FOUND;
}

enum virus_result virus_scan(const char *socket, const void *data, size_t size, int patience_ms,
                             char ret_name[static VIRUS_NAME_SIZE])
{
    struct asking asking = {connect_to(socket), clock_ms() + (uint64_t)patience_ms};
    char reply[REPLY_MAX];
    enum virus_result result = VIRUS_UNKNOWN;
    if (asking.fd < 0)
        return result;
    if (send_file(&asking, data, size) && read_reply(&asking, reply))
        result = understand(reply, ret_name);
    close(asking.fd);
    return result;
}
