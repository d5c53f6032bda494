/* A proxy between sockets that can be told to misbehave.

   guild-test-proxy LISTEN UPSTREAM

   Each is a UNIX socket's path, or tcp:ADDRESS:PORT (numbers).

   What it does to the bytes is told on its stdin, a word a line; it ends with its stdin.

   pass      nothing: the start
   delay MS  each arrives MS later
   swallow up, swallow down, swallow both
             those to the upstream, from it, or all are lost while the connections stay. TCP loses nothing in the
             middle of a stream: a connection that lost some ends as soon as they pass again.
   cut BYTES each connection ends after so many more from the upstream: in the middle of a message
   refuse    connections end; new ones do at once */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { LINKS_MAX = 256, CHUNK_BYTES = 16384, CHUNKS_MAX = 64 };

struct chunk {
    int64_t due;
    size_t size, sent;
    char bytes[CHUNK_BYTES];
};

/* The bytes that go one way, in their order. */
struct way {
    struct chunk *chunks[CHUNKS_MAX];
    size_t first, count;
    bool ended; /* the sender closed */
};

enum { UP, DOWN };

struct link {
    bool used, lost; /* lost: something was swallowed */
    int fds[2];      /* where the bytes of way i come from; those of the other go to */
    struct way ways[2];
    int64_t left; /* bytes until it is cut; negative: never */
};

struct address {
    struct sockaddr_storage bytes;
    socklen_t size;
};

static struct {
    struct address upstream;
    int listener, input;
    int64_t delay_ms;
    bool swallows[2], refuses;
    struct link links[LINKS_MAX];
} self;

#define EACH_LINK(l)                                                                               \
    for (struct link *l = self.links; l < self.links + LINKS_MAX; l++)                             \
        if (l->used)

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "guild-test-proxy: %s: %s\n", what, strerror(errno));
    exit(1);
}

static struct address address_of(const char *text)
{
    struct address address = {.size = 0};
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    struct sockaddr_in place = {.sin_family = AF_INET};
    char host[16] = "";
    unsigned port = 0;
    if (sscanf(text, "tcp:%15[0-9.]:%u", host, &port) == 2) {
        place.sin_port = htons((uint16_t)port);
        if (inet_pton(AF_INET, host, &place.sin_addr) != 1)
            die(text);
        memcpy(&address.bytes, &place, address.size = sizeof place);
    } else {
        if (strlen(text) >= sizeof path.sun_path)
            die(text);
        memcpy(path.sun_path, text, strlen(text));
        memcpy(&address.bytes, &path, address.size = sizeof path);
    }
    return address;
}

/* As from one machine to another: nothing waits for more to come. UNIX sockets know no such option. */
static int socket_for(const struct address *address)
{
    int yes = 1, fd = socket(address->bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    return fd;
}

/* ---- a way */

static void way_clear(struct way *way)
{
    for (; way->count > 0; way->count--)
        free(way->chunks[way->first++ % CHUNKS_MAX]);
    *way = (struct way){.ended = false};
}

static struct chunk *way_head(const struct way *way)
{
    return way->count > 0 ? way->chunks[way->first % CHUNKS_MAX] : NULL;
}

static void way_drop(struct way *way)
{
    free(way_head(way));
    way->first++;
    way->count--;
}

/* ---- a link */

static void link_end(struct link *l)
{
    for (int i = UP; i <= DOWN; i++) {
        close(l->fds[i]);
        way_clear(&l->ways[i]);
    }
    *l = (struct link){.used = false};
}

static void link_take(int client)
{
    struct link *l = self.links;
    while (l < self.links + LINKS_MAX && l->used)
        l++;
    int yes = 1, server = socket_for(&self.upstream);
    if (self.refuses || l == self.links + LINKS_MAX || server < 0 ||
        connect(server, (struct sockaddr *)&self.upstream.bytes, self.upstream.size) != 0) {
        close(client);
        if (server >= 0)
            close(server);
        return;
    }
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    fcntl(client, F_SETFL, O_NONBLOCK);
    fcntl(server, F_SETFL, O_NONBLOCK);
    *l = (struct link){
        .used = true, .fds = {[UP] = client, [DOWN] = server},
             .left = -1
    };
}

/* false: the link is over */
static bool link_read(struct link *l, int i)
{
    struct way *way = &l->ways[i];
    struct chunk *chunk = malloc(sizeof *chunk);
    if (chunk == NULL)
        die("no memory");
    ssize_t size = read(l->fds[i], chunk->bytes, CHUNK_BYTES);
    if (size <= 0 || self.swallows[i]) {
        l->lost |= size > 0;
        way->ended |= size == 0;
        free(chunk);
        return size >= 0 || errno == EAGAIN || errno == EINTR;
    }
    chunk->size = (size_t)size;
    chunk->sent = 0;
    chunk->due = now_ms() + self.delay_ms;
    way->chunks[(way->first + way->count++) % CHUNKS_MAX] = chunk;
    return true;
}

static size_t link_allowance(const struct link *l, int i, size_t wanted)
{
    return i == DOWN && l->left >= 0 && (int64_t)wanted > l->left ? (size_t)l->left : wanted;
}

static bool link_write(struct link *l, int i, int64_t now)
{
    struct way *way = &l->ways[i];
    for (struct chunk *c; (c = way_head(way)) != NULL && c->due <= now;) {
        ssize_t size = send(l->fds[!i], c->bytes + c->sent, link_allowance(l, i, c->size - c->sent),
                            MSG_NOSIGNAL);
        if (size < 0)
            return errno == EAGAIN || errno == EINTR;
        if (i == DOWN && l->left >= 0 && (l->left -= size) == 0)
            return false;
        c->sent += (size_t)size;
        if (c->sent < c->size)
            return true;
        way_drop(way);
    }
    return !(way->ended && way->count == 0);
}

/* ---- what it is told */

static void links_each(void (*act)(struct link *l, long number), long number)
{
    EACH_LINK(l)
    act(l, number);
}

static void end_any(struct link *l, long number)
{
    (void)number;
    link_end(l);
}

static void forgive(struct link *l, long number)
{
    (void)number;
    l->left = -1;
    if (l->lost)
        link_end(l);
}

static void cut_after(struct link *l, long number)
{
    l->left = number;
}

static void obey(const char *line)
{
    char word[16] = "", more[16] = "";
    sscanf(line, "%15s %15s", word, more);
    long number = strtol(more, NULL, 10);
    self.delay_ms = strcmp(word, "delay") == 0 ? number : 0;
    self.refuses = strcmp(word, "refuse") == 0;
    bool swallows = strcmp(word, "swallow") == 0;
    self.swallows[UP] = swallows && strcmp(more, "down") != 0;
    self.swallows[DOWN] = swallows && strcmp(more, "up") != 0;
    if (strcmp(word, "pass") == 0)
        links_each(forgive, 0);
    if (strcmp(word, "cut") == 0)
        links_each(cut_after, number > 0 ? number : 1);
    if (self.refuses)
        links_each(end_any, 0);
}

/* false: nobody is there to tell any more */
static bool input_read(void)
{
    char line[256];
    ssize_t size = read(self.input, line, sizeof line - 1);
    if (size <= 0)
        return false;
    line[size] = '\0';
    for (char *rest = line, *one; (one = strsep(&rest, "\n")) != NULL;)
        if (one[0] != '\0')
            obey(one);
    return true;
}

/* ---- the loop */

/* How long until the first delayed chunk is due; -1: none waits. */
static int wait_ms(int64_t now)
{
    int64_t least = -1;
    EACH_LINK(l)
    for (int i = UP; i <= DOWN; i++) {
        const struct chunk *head = way_head(&l->ways[i]);
        int64_t wait = head == NULL ? -1 : head->due > now ? head->due - now : 0;
        if (head != NULL && head->due > now && (least < 0 || wait < least))
            least = wait;
    }
    return (int)least;
}

static short events_of(const struct link *l, int i, int64_t now)
{
    const struct chunk *out = way_head(&l->ways[!i]);
    bool reads = !l->ways[i].ended && l->ways[i].count < CHUNKS_MAX;
    bool writes = out != NULL && out->due <= now;
    return (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));
}

static void link_serve(struct link *l, const struct pollfd *polled, int64_t now)
{
    bool alive = true;
    for (int i = UP; i <= DOWN && alive; i++) {
        bool wants = (events_of(l, i, now) & POLLIN) != 0;
        if (wants && (polled[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
            alive = link_read(l, i);
    }
    for (int i = UP; i <= DOWN && alive; i++)
        alive = link_write(l, i, now);
    if (!alive)
        link_end(l);
}

static bool turn(void)
{
    static struct pollfd fds[2 + 2 * LINKS_MAX];
    int64_t now = now_ms();
    fds[0] = (struct pollfd){.fd = self.input, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = self.listener, .events = POLLIN};
    for (size_t n = 0; n < 2 * LINKS_MAX; n++) {
        const struct link *l = &self.links[n / 2];
        short events = l->used ? events_of(l, n % 2, now) : 0;
        fds[2 + n] = (struct pollfd){.fd = events != 0 ? l->fds[n % 2] : -1, .events = events};
    }
    if (poll(fds, 2 + 2 * LINKS_MAX, wait_ms(now)) < 0)
        return errno == EINTR;
    now = now_ms();
    for (size_t n = 0; n < LINKS_MAX; n++)
        if (self.links[n].used)
            link_serve(&self.links[n], &fds[2 + 2 * n], now);
    int client = fds[1].revents != 0 ? accept4(self.listener, NULL, NULL, SOCK_CLOEXEC) : -1;
    if (client >= 0)
        link_take(client);
    return fds[0].revents == 0 || input_read();
}

int main(int argc, char **argv)
{
    if (argc != 3)
        die("usage: guild-test-proxy LISTEN UPSTREAM");
    struct address address = address_of(argv[1]);
    bool is_path = address.bytes.ss_family == AF_UNIX;
    signal(SIGPIPE, SIG_IGN);
    if (is_path)
        unlink(argv[1]);
    self.upstream = address_of(argv[2]);
    self.input = STDIN_FILENO;
    self.listener = socket_for(&address);
    if (self.listener < 0 ||
        bind(self.listener, (struct sockaddr *)&address.bytes, address.size) != 0 ||
        (is_path && chmod(argv[1], 0666) != 0) || listen(self.listener, LINKS_MAX) != 0)
        die(argv[1]);
    while (turn())
        continue;
    if (is_path)
        unlink(argv[1]);
    return 0;
}
