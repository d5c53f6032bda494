/* Work that blocks or burns: password hashes, image cleaning, provider calls. A few czmq actors take jobs from
   a bounded queue; results come back to the loop as messages. */
#ifndef GUILD_WORK_H
#define GUILD_WORK_H

#include "loop.h"
#include "status.h"
#include <stddef.h>
#include <stdint.h>

struct work;

/* Runs in an actor's thread: touches nothing but its argument. */
typedef void work_fn(void *job);
/* Runs in the loop. */
typedef void work_done_fn(void *owner, void *job);

/* `actors` threads; at most `queue` jobs wait. */
struct work *work_new(struct loop *loop, size_t actors, size_t queue);
/* Waits for jobs under way; jobs that only wait are dropped. */
void work_destroy(struct work **self);

/* Refuses, too, what would wait for longer, by what jobs took lately: who is told at once comes again, who waits in vain
   does not. 0, as at first: no such bound. */
void work_limit_wait(struct work *work, uint64_t ms);

/* What is refused is counted from now on, as of this queue (a static word). */
void work_count_refused(struct work *work, const char *queue);

/* UNAVAILABLE at once when the queue is full or the wait too long. `job` must live until done. */
enum status work_submit(struct work *work, work_fn *fn, void *job, work_done_fn *done,
                        void *owner) MUST_CHECK;

/* Jobs queued and running, for metrics. */
size_t work_load(const struct work *work);

#endif
