#include "admin.h"

#include "metrics.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { CLIENTS_MAX = 8, REQUEST_MAX = 1024, WORDS_MAX = 1024 };

struct client {
    struct admin *admin;
    int fd; /* -1: free */
    char request[REQUEST_MAX + 1];
    size_t size;
};

struct admin {
    struct loop *loop;
    int fd;
    bool (*is_ready)(void *owner);
    void (*describe)(void *owner, char *out, size_t size);
    void (*refresh)(void *owner);
    void *owner;
    struct client clients[CLIENTS_MAX];
};

static void client_close(struct client *client)
{
    loop_remove_fd(client->admin->loop, client->fd);
    close(client->fd);
    client->fd = -1;
}

/* What is answered fits a socket's buffer; a reader that does not read it gets less. */
static void client_answer(struct client *client, const char *status, const char *type,
                          const char *body, size_t size)
{
    char head[200];
    int length = snprintf(head, sizeof head,
                          "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                          "Connection: close\r\n\r\n",
                          status, type, size);
    if (send(client->fd, head, (size_t)length, MSG_NOSIGNAL) == length)
        send(client->fd, body, size, MSG_NOSIGNAL);
}

static void client_serve(struct client *client)
{
    struct admin *admin = client->admin;
    if (strncmp(client->request, "GET /healthz ", 13) == 0) {
        client_answer(client, "200 OK", "text/plain", "ok\n", 3);
    } else if (strncmp(client->request, "GET /readyz ", 12) == 0) {
        bool ready = admin->is_ready(admin->owner);
        char words[WORDS_MAX];
        int size = snprintf(words, sizeof words, ready ? "ready\n" : "not ready\n");
        if (admin->describe != NULL)
            admin->describe(admin->owner, words + size, sizeof words - (size_t)size);
        client_answer(client, ready ? "200 OK" : "503 Service Unavailable", "text/plain", words,
                      strlen(words));
    } else if (strncmp(client->request, "GET /metrics ", 13) == 0) {
        size_t size = 0;
        admin->refresh(admin->owner);
        char *text = metrics_text(&size);
        client_answer(client, "200 OK", "text/plain; version=0.0.4", text, size);
        free(text);
    } else {
        client_answer(client, "404 Not Found", "text/plain", "not found\n", 10);
    }
}

static void on_client(void *owner)
{
    struct client *client = owner;
    ssize_t got =
        recv(client->fd, client->request + client->size, REQUEST_MAX - client->size, MSG_DONTWAIT);
    if (got > 0) {
        client->size += (size_t)got;
        client->request[client->size] = '\0';
        if (strstr(client->request, "\r\n\r\n") == NULL && client->size < REQUEST_MAX)
            return;
        client_serve(client);
    }
    client_close(client);
}

static void on_accept(void *owner)
{
    struct admin *admin = owner;
    int fd = accept4(admin->fd, NULL, NULL, SOCK_CLOEXEC);
    struct timeval patience = {.tv_sec = 1};
    if (fd < 0)
        return;
    for (int i = 0; i < CLIENTS_MAX; i++) {
        struct client *client = &admin->clients[i];
        if (client->fd >= 0)
            continue;
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        *client = (struct client){.admin = admin, .fd = fd};
        loop_add_fd(admin->loop, fd, on_client, NULL, client);
        return;
    }
    close(fd);
}

static int listen_at_path(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (strlen(path) >= sizeof address.sun_path)
        return -1;
    memcpy(address.sun_path, path, strlen(path) + 1);
    unlink(path);
    mode_t before = umask(0177);
    bool bound = bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    umask(before);
    return bound && listen(fd, 16) == 0 ? fd : -1;
}

static int listen_at_port(const char *where)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    char host[64];
    int yes = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const char *colon = strrchr(where, ':');
    if (colon == NULL || (size_t)(colon - where) >= sizeof host)
        return -1;
    snprintf(host, sizeof host, "%.*s", (int)(colon - where), where);
    address.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    return bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 16) == 0 ? fd
                                                                                             : -1;
}

struct admin *admin_new(struct loop *loop, const char *where, bool (*is_ready)(void *owner),
                        void (*describe)(void *owner, char *out, size_t size),
                        void (*refresh)(void *owner), void *owner)
{
    if (where[0] == '\0')
        return NULL;
    struct admin *admin = calloc(1, sizeof *admin);
    if (admin == NULL)
        abort();
    *admin = (struct admin){.loop = loop,
                            .is_ready = is_ready,
                            .describe = describe,
                            .refresh = refresh,
                            .owner = owner};
    for (int i = 0; i < CLIENTS_MAX; i++)
        admin->clients[i].fd = -1;
    admin->fd = where[0] == '/' ? listen_at_path(where) : listen_at_port(where);
    if (admin->fd < 0) {
        fprintf(stderr, "GUILD_ADMIN cannot be listened at: %s\n", where);
        exit(2);
    }
    loop_add_fd(loop, admin->fd, on_accept, NULL, admin);
    return admin;
}

void admin_destroy(struct admin **self)
{
    struct admin *admin = *self;
    if (admin == NULL)
        return;
    for (int i = 0; i < CLIENTS_MAX; i++)
        if (admin->clients[i].fd >= 0)
            client_close(&admin->clients[i]);
    loop_remove_fd(admin->loop, admin->fd);
    close(admin->fd);
    free(admin);
    *self = NULL;
}
