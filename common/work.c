#include "work.h"

#include "clock.h"
#include "metrics.h"
#include <czmq.h>
#include <stdio.h>

enum {
    ACTORS_MAX = 8,
    REMEMBERED = 8, /* jobs, about, that make what is usual */
};

/* A job on its way to an actor and back: its address is the message. */
struct task {
    work_fn *fn;
    void *job;
    work_done_fn *done;
    void *owner;
    uint64_t began_us;
    struct task *next;
};

struct actor {
    struct work *work;
    zactor_t *actor;
    bool busy;
};

struct work {
    struct loop *loop;
    struct actor actors[ACTORS_MAX];
    size_t actors_count;
    struct task *first, **last; /* waiting */
    size_t waiting, waiting_max, running;
    uint64_t usual_us, wait_max_us; /* of a job; 0: none has been done; 0: no bound */
    const char *queue;              /* its name in the figures; NULL: in none */
};

static void actor_main(zsock_t *pipe, void *unused)
{
    (void)unused;
    zsock_signal(pipe, 0);
    for (;;) {
        struct task *task = NULL;
        zmsg_t *message = zmsg_recv(pipe);
        if (message == NULL)
            return;
        zframe_t *frame = zmsg_first(message);
        bool is_task = zframe_size(frame) == sizeof task;
        if (is_task)
            memcpy(&task, zframe_data(frame), sizeof task);
        zmsg_destroy(&message);
        if (!is_task)
            return; /* $TERM */
        task->fn(task->job);
        zsock_bsend(pipe, "p", task);
    }
}

static void actor_give(struct actor *actor, struct task *task)
{
    actor->busy = true;
    actor->work->running++;
    task->began_us = clock_us();
    zmq_send(zsock_resolve(actor->actor), &task, sizeof task, 0);
}

static void remember(struct work *work, uint64_t took_us)
{
    if (work->usual_us == 0)
        work->usual_us = took_us;
    else
        work->usual_us += took_us / REMEMBERED - work->usual_us / REMEMBERED;
}

static void actor_readable(void *owner)
{
    struct actor *actor = owner;
    struct work *work = actor->work;
    void *pointer = NULL;

    zsock_brecv(actor->actor, "p", &pointer);
    struct task *task = pointer;
    actor->busy = false;
    work->running--;
    remember(work, clock_us() - task->began_us);
    if (work->first != NULL) {
        struct task *next = work->first;
        work->first = next->next;
        if (work->first == NULL)
            work->last = &work->first;
        work->waiting--;
        actor_give(actor, next);
    }
    task->done(task->owner, task->job);
    free(task);
}

struct work *work_new(struct loop *loop, size_t actors, size_t queue)
{
    struct work *work = calloc(1, sizeof *work);
    if (work == NULL || actors == 0 || actors > ACTORS_MAX)
        abort();
    work->loop = loop;
    work->actors_count = actors;
    work->waiting_max = queue;
    work->last = &work->first;
    for (size_t i = 0; i < actors; i++) {
        struct actor *actor = &work->actors[i];
        actor->work = work;
        actor->actor = zactor_new(actor_main, NULL);
        if (actor->actor == NULL)
            abort();
        loop_add_socket(loop, zsock_resolve(actor->actor), actor_readable, actor);
    }
    return work;
}

void work_destroy(struct work **self)
{
    struct work *work = *self;
    if (work == NULL)
        return;
    for (size_t i = 0; i < work->actors_count; i++) {
        loop_remove_socket(work->loop, zsock_resolve(work->actors[i].actor));
        zactor_destroy(&work->actors[i].actor);
    }
    while (work->first != NULL) {
        struct task *next = work->first->next;
        free(work->first);
        work->first = next;
    }
    free(work);
    *self = NULL;
}

void work_limit_wait(struct work *work, uint64_t ms)
{
    work->wait_max_us = ms * 1000;
}

static void count_refused(const struct work *work, double more)
{
    char label[64];
    if (work->queue == NULL)
        return;
    snprintf(label, sizeof label, "queue=\"%s\"", work->queue);
    metrics_count("guild_work_refused_total", "Jobs refused since too many waited, by queue.",
                  label, more);
}

/* The series is there before the first refusal. */
void work_count_refused(struct work *work, const char *queue)
{
    work->queue = queue;
    count_refused(work, 0);
}

static bool is_full(const struct work *work)
{
    uint64_t wait_us = (work->waiting + 1) * work->usual_us / work->actors_count;
    return work->waiting >= work->waiting_max ||
           (work->wait_max_us > 0 && wait_us > work->wait_max_us);
}

enum status work_submit(struct work *work, work_fn *fn, void *job, work_done_fn *done, void *owner)
{
    struct actor *idle = NULL;
    for (size_t i = 0; i < work->actors_count && idle == NULL; i++)
        if (!work->actors[i].busy)
            idle = &work->actors[i];
    if (idle == NULL && is_full(work)) {
        count_refused(work, 1);
        return STATUS_UNAVAILABLE;
    }

    struct task *task = malloc(sizeof *task);
    if (task == NULL)
        abort();
    *task = (struct task){fn, job, done, owner, 0, NULL};
    if (idle != NULL) {
        actor_give(idle, task);
    } else {
        *work->last = task;
        work->last = &task->next;
        work->waiting++;
    }
    return STATUS_OK;
}

size_t work_load(const struct work *work)
{
    return work->waiting + work->running;
}
