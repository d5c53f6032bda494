/* The reactor: one thread, sockets, descriptors, timers. Callbacks never block for more than a millisecond. */
#ifndef GUILD_LOOP_H
#define GUILD_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
typedef void loop_fn(void *owner);

struct loop *loop_new(void);
void loop_destroy(struct loop **self);

/* Runs until loop_stop. SIGTERM and SIGINT are not touched; see service.c. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* A ZeroMQ socket that became readable; the callback reads until nothing is left, or up to a bound of its own. */
void loop_add_socket(struct loop *loop, void *zmq_socket, loop_fn *readable, void *owner);
void loop_remove_socket(struct loop *loop, void *zmq_socket);

/* A descriptor. `writable` is asked for only while loop_want_write says so. */
void loop_add_fd(struct loop *loop, int fd, loop_fn *readable, loop_fn *writable, void *owner);
void loop_want_write(struct loop *loop, int fd, bool wanted);
void loop_remove_fd(struct loop *loop, int fd);

/* Called each `every_ms` from now on. Returns an id for loop_remove_timer. */
int loop_add_timer(struct loop *loop, uint64_t every_ms, loop_fn *fn, void *owner);
void loop_remove_timer(struct loop *loop, int id);

/* Called once, after `after_ms`. */
int loop_after(struct loop *loop, uint64_t after_ms, loop_fn *fn, void *owner);

/* Called at the end of each turn, before the loop sleeps: where batches are flushed. */
void loop_add_flush(struct loop *loop, loop_fn *fn, void *owner);

#endif
