#include "lossy.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PAIRS_MAX = 32, SIDES = 2, FIXED = 2 };

/* The parent's side */
static struct {
    pid_t child;
    int control;
} lossy;

/* The child's: fds[0] are orders, fds[1] listens; then a client and its server side by side. -1: none. */
static struct {
    struct pollfd fds[FIXED + PAIRS_MAX * SIDES];
    struct sockaddr_un server;
    unsigned lose;
} p;

static struct sockaddr_un address_of(const char *folder, const char *port)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int size = snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.%s", folder, port);
    assert_in_range(size, 1, sizeof address.sun_path - 1);
    return address;
}

static void pair_end(struct pollfd *pair)
{
    for (int i = 0; i < SIDES; i++) {
        close(pair[i].fd);
        pair[i].fd = -1;
    }
}

static void pair_begin(void)
{
    int client = accept(p.fds[1].fd, NULL, NULL), server = socket(AF_UNIX, SOCK_STREAM, 0);
    struct pollfd *pair = p.fds + FIXED;
    while (pair < p.fds + FIXED + PAIRS_MAX * SIDES && pair->fd >= 0)
        pair += SIDES;
    if (pair == p.fds + FIXED + PAIRS_MAX * SIDES ||
        connect(server, (struct sockaddr *)&p.server, sizeof p.server) != 0)
        _exit(1);
    pair[0] = (struct pollfd){.fd = client, .events = POLLIN};
    pair[1] = (struct pollfd){.fd = server, .events = POLLIN};
}

static void pass_on(struct pollfd *pair, int from)
{
    char bytes[65536];
    ssize_t size = read(pair[from].fd, bytes, sizeof bytes);
    bool lost = size > 0 && from == 1 && p.lose > 0;
    p.lose -= lost;
    for (ssize_t sent = 0, some; size > 0 && !lost && sent < size; sent += some) {
        some = send(pair[1 - from].fd, bytes + sent, (size_t)(size - sent), MSG_NOSIGNAL);
        if (some <= 0)
            size = -1;
    }
    if (size <= 0 || lost)
        pair_end(pair);
}

/* What was ordered holds once it has been acknowledged. */
static void obey(void)
{
    unsigned char count;
    if (read(p.fds[0].fd, &count, 1) != 1)
        _exit(0);
    p.lose = count;
    if (write(p.fds[0].fd, &count, 1) != 1)
        _exit(0);
}

static _Noreturn void serve(void)
{
    for (;;) {
        if (poll(p.fds, sizeof p.fds / sizeof p.fds[0], -1) < 0)
            _exit(1);
        if (p.fds[0].revents != 0)
            obey();
        if (p.fds[1].revents != 0)
            pair_begin();
        for (struct pollfd *pair = p.fds + FIXED; pair < p.fds + FIXED + PAIRS_MAX * SIDES;
             pair += SIDES)
            for (int i = 0; i < SIDES; i++)
                if (pair[i].fd >= 0 && (pair[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
                    pass_on(pair, i);
    }
}

void lossy_open(const char *server, const char *port, const char *folder)
{
    struct sockaddr_un address = address_of(folder, port);
    int control[2], listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control), 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, PAIRS_MAX), 0);
    lossy.child = fork();
    if (lossy.child == 0) {
        close(control[0]);
        p.server = address_of(server, port);
        memset(p.fds, -1, sizeof p.fds);
        p.fds[0] = (struct pollfd){.fd = control[1], .events = POLLIN};
        p.fds[1] = (struct pollfd){.fd = listener, .events = POLLIN};
        serve();
    }
    assert_true(lossy.child > 0);
    lossy.control = control[0];
    close(control[1]);
    close(listener);
}

void lossy_lose(unsigned count)
{
    unsigned char order = (unsigned char)count;
    assert_int_equal(write(lossy.control, &order, 1), 1);
    assert_int_equal(read(lossy.control, &order, 1), 1);
}

void lossy_close(void)
{
    if (lossy.child == 0)
        return;
    close(lossy.control);
    waitpid(lossy.child, NULL, 0);
    lossy.child = 0;
}
