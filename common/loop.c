#include "loop.h"

#include "clock.h"
#include <stdlib.h>
#include <zmq.h>

/* Few of each: a service has some gateways, some connections, some timers. */
enum { SOURCES_MAX = 128, TIMERS_MAX = 64, FLUSHES_MAX = 8 };

struct source {
    void *socket; /* or a descriptor */
    int fd;
    bool want_write;
    loop_fn *readable, *writable;
    void *owner;
};

struct timer {
    int id; /* 0: free */
    uint64_t due, every;
    loop_fn *fn;
    void *owner;
};

struct loop {
    struct source sources[SOURCES_MAX];
    zmq_pollitem_t items[SOURCES_MAX];
    size_t sources_count;
    struct timer timers[TIMERS_MAX];
    struct {
        loop_fn *fn;
        void *owner;
    } flushes[FLUSHES_MAX];
    size_t flushes_count;
    int last_timer;
    bool changed; /* sources came or went during this turn: positions are no longer those polled */
    bool stopped;
};

struct loop *loop_new(void)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL)
        abort();
    return loop;
}

void loop_destroy(struct loop **self)
{
    free(*self);
    *self = NULL;
}

static struct source *source_add(struct loop *loop)
{
    if (loop->sources_count == SOURCES_MAX)
        abort(); /* more sources than a process is made for */
    loop->changed = true;
    return &loop->sources[loop->sources_count++];
}

static struct source *source_of_fd(struct loop *loop, int fd)
{
    for (size_t i = 0; i < loop->sources_count; i++)
        if (loop->sources[i].socket == NULL && loop->sources[i].fd == fd)
            return &loop->sources[i];
    return NULL;
}

static void source_remove(struct loop *loop, struct source *source)
{
    *source = loop->sources[--loop->sources_count];
    loop->changed = true;
}

void loop_add_socket(struct loop *loop, void *zmq_socket, loop_fn *readable, void *owner)
{
    *source_add(loop) =
        (struct source){.socket = zmq_socket, .fd = -1, .readable = readable, .owner = owner};
}

void loop_remove_socket(struct loop *loop, void *zmq_socket)
{
    for (size_t i = 0; i < loop->sources_count; i++)
        if (loop->sources[i].socket == zmq_socket) {
            source_remove(loop, &loop->sources[i]);
            return;
        }
}

void loop_add_fd(struct loop *loop, int fd, loop_fn *readable, loop_fn *writable, void *owner)
{
    *source_add(loop) =
        (struct source){.fd = fd, .readable = readable, .writable = writable, .owner = owner};
}

void loop_want_write(struct loop *loop, int fd, bool wanted)
{
    struct source *source = source_of_fd(loop, fd);
    if (source != NULL)
        source->want_write = wanted;
}

void loop_remove_fd(struct loop *loop, int fd)
{
    struct source *source = source_of_fd(loop, fd);
    if (source != NULL)
        source_remove(loop, source);
}

static int timer_add(struct loop *loop, uint64_t after, uint64_t every, loop_fn *fn, void *owner)
{
    for (size_t i = 0; i < TIMERS_MAX; i++) {
        struct timer *timer = &loop->timers[i];
        if (timer->id != 0)
            continue;
        *timer = (struct timer){++loop->last_timer, clock_ms() + after, every, fn, owner};
        return timer->id;
    }
    abort(); /* more timers than a process is made for */
}

int loop_add_timer(struct loop *loop, uint64_t every_ms, loop_fn *fn, void *owner)
{
    return timer_add(loop, every_ms, every_ms, fn, owner);
}

int loop_after(struct loop *loop, uint64_t after_ms, loop_fn *fn, void *owner)
{
    return timer_add(loop, after_ms, 0, fn, owner);
}

void loop_remove_timer(struct loop *loop, int id)
{
    for (size_t i = 0; i < TIMERS_MAX; i++)
        if (loop->timers[i].id == id)
            loop->timers[i].id = 0;
}

void loop_add_flush(struct loop *loop, loop_fn *fn, void *owner)
{
    if (loop->flushes_count == FLUSHES_MAX)
        abort();
    loop->flushes[loop->flushes_count].fn = fn;
    loop->flushes[loop->flushes_count++].owner = owner;
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}

static long until_next_timer(const struct loop *loop, uint64_t now)
{
    uint64_t wait = 1000;
    for (size_t i = 0; i < TIMERS_MAX; i++) {
        const struct timer *timer = &loop->timers[i];
        if (timer->id == 0)
            continue;
        uint64_t left = timer->due > now ? timer->due - now : 0;
        if (left < wait)
            wait = left;
    }
    return (long)wait;
}

static void run_timers(struct loop *loop)
{
    uint64_t now = clock_ms();
    for (size_t i = 0; i < TIMERS_MAX; i++) {
        struct timer *timer = &loop->timers[i];
        if (timer->id == 0 || timer->due > now)
            continue;
        loop_fn *fn = timer->fn;
        void *owner = timer->owner;
        if (timer->every == 0)
            timer->id = 0;
        else
            timer->due = now + timer->every; /* a late tick is not made up for */
        fn(owner);
    }
}

static void run_flushes(struct loop *loop)
{
    for (size_t i = 0; i < loop->flushes_count; i++)
        loop->flushes[i].fn(loop->flushes[i].owner);
}

static void poll_sources(struct loop *loop, long timeout)
{
    size_t count = loop->sources_count;
    for (size_t i = 0; i < count; i++) {
        const struct source *source = &loop->sources[i];
        loop->items[i] = (zmq_pollitem_t){
            .socket = source->socket,
            .fd = source->fd,
            .events = (short)(ZMQ_POLLIN | (source->want_write ? ZMQ_POLLOUT : 0)),
        };
    }
    loop->changed = false;
    if (zmq_poll(loop->items, (int)count, timeout) <= 0)
        return;
    for (size_t i = 0; i < count && !loop->changed; i++) {
        short ready = loop->items[i].revents;
        struct source source = loop->sources[i];
        if ((ready & ZMQ_POLLOUT) && source.writable != NULL)
            source.writable(source.owner);
        if ((ready & (ZMQ_POLLIN | ZMQ_POLLERR)) && !loop->changed)
            source.readable(source.owner);
    }
}

void loop_run(struct loop *loop)
{
    loop->stopped = false;
    while (!loop->stopped) {
        run_flushes(loop);
        poll_sources(loop, until_next_timer(loop, clock_ms()));
        run_timers(loop);
    }
    run_flushes(loop);
}
