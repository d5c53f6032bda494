#include "outbox.h"

#include "clock.h"
#include "common_queries.h"
#include "config.h"
#include "dispatch.h"
#include "event.h"
#include "log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    POLL_MS = 1000,
    RING_MS = 5,        /* rings within that time are one: most writes tell nobody anything */
    DELIVER_MS = 5000,  /* well within the lease of outbox_take */
    DATABASE_MS = 3000, /* for a batch of the relay's own */
    TAKEN_MAX = 32,     /* rows that outbox_take gives at most */
    FLYING_MAX = 64,    /* deliveries under way */
};

struct outbox {
    struct service_run *run;
    const struct subscription *subscriptions;
    outbox_call_fn *call;
    void *bus;
    struct keyring *keys;
    int timer, ringing;   /* timers; 0: nobody has rung */
    size_t flying;        /* deliveries under way */
    struct arena *taking; /* of the batch that takes rows; NULL: none is under way */
    bool rung;
    bool ended; /* destroyed; goes with the last that bus or database have of it */
};

/* One event on its way, in its own arena. */
struct delivery {
    struct outbox *outbox;
    struct arena *arena;
    const char *id, *event;
    size_t left; /* subscribers that have not answered, and deliver itself */
    bool failed;
};

static void outbox_take(struct outbox *outbox);

/* Destroyed, and nobody has anything of it any more? */
static void outbox_part(struct outbox *outbox)
{
    if (!outbox->ended || outbox->flying > 0 || outbox->taking != NULL)
        return;
    keyring_destroy(&outbox->keys);
    free(outbox);
}

/* ---- one delivery */

static void delivery_free(struct delivery *delivery)
{
    struct arena *arena = delivery->arena;
    delivery->outbox->flying--;
    arena_destroy(&arena);
}

/* Whether it was written down or not: if not, the lease ends, and the inbox of the subscriber knows the event. */
static void on_noted(void *owner, enum db_outcome outcome, const struct rows *results,
                     const struct db_error *error)
{
    struct delivery *delivery = owner;
    struct outbox *outbox = delivery->outbox;
    (void)outcome, (void)results, (void)error;
    delivery_free(delivery);
    if (outbox->rung)
        outbox_take(outbox);
    outbox_part(outbox);
}

static void delivery_note(struct delivery *delivery)
{
    const char **values = arena_alloc(delivery->arena, sizeof *values);
    struct batch *batch = batch_new(delivery->arena);
    values[0] = delivery->id;
    batch_put(batch, delivery->failed ? &sql_outbox_later : &sql_outbox_delivered, values);
    db_send(delivery->outbox->run->db, batch, clock_ms() + DATABASE_MS, on_noted, delivery);
}

static void on_answered(void *owner, enum status status, const void *payload, size_t size)
{
    struct delivery *delivery = owner;
    struct outbox *outbox = delivery->outbox;
    (void)payload, (void)size;
    if (status != STATUS_OK && status != STATUS_CONFLICT) { /* CONFLICT: it had it before */
        delivery->failed = true;
        log_line(LOGGED_WARNING, "an event was not taken", "event=%s id=%s status=%s",
                 delivery->event, delivery->id, status_name(status));
    }
    if (--delivery->left > 0)
        return;
    if (!outbox->ended) {
        delivery_note(delivery);
        return;
    }
    delivery_free(delivery);
    outbox_part(outbox);
}

static void deliver(struct outbox *outbox, const char *id, const char *name, const char *payload)
{
    struct arena *arena = arena_new(0);
    struct delivery *delivery = arena_alloc(arena, sizeof *delivery);
    delivery->outbox = outbox;
    delivery->arena = arena;
    delivery->id = arena_text(arena, id);
    delivery->event = arena_text(arena, name);
    delivery->left = 1;
    outbox->flying++;

    size_t size;
    const void *sealed = event_seal(outbox->keys, outbox->run->service->contract->package, id,
                                    &(struct event){name, payload}, arena, &size);
    for (const struct subscription *s = outbox->subscriptions; s->event != NULL; s++)
        if (strcmp(s->event, name) == 0) {
            delivery->left++;
            outbox->call(outbox->bus, s->service, "DeliverEvent", sealed, size, DELIVER_MS,
                         on_answered, delivery);
        }
    on_answered(delivery, STATUS_OK, NULL, 0); /* an event that nobody takes is done */
}

/* ---- taking */

static void on_taken(void *owner, enum db_outcome outcome, const struct rows *results,
                     const struct db_error *error)
{
    struct outbox *outbox = owner;
    struct arena *arena = outbox->taking;
    size_t count = outcome == DB_COMMITTED && !outbox->ended ? results[0].count : 0;

    if (outcome == DB_REFUSED)
        log_line(LOGGED_ERROR, "the outbox cannot be read", "sqlstate=%s said='%s'",
                 error->sqlstate, error->message);
    outbox->taking = NULL;
    for (size_t i = 0; i < count; i++)
        deliver(outbox, rows_get(&results[0], i, "id"), rows_get(&results[0], i, "event"),
                rows_get(&results[0], i, "payload"));
    arena_destroy(&arena);
    if (outbox->rung || count == TAKEN_MAX)
        outbox_take(outbox);
    outbox_part(outbox);
}

static void outbox_take(struct outbox *outbox)
{
    outbox->rung = true;
    if (outbox->ended || outbox->taking != NULL || outbox->flying >= FLYING_MAX ||
        !db_is_ready(outbox->run->db))
        return; /* whoever ends next, or the next poll, comes back */
    outbox->rung = false;
    outbox->taking = arena_new(0);
    struct batch *batch = batch_new(outbox->taking);
    batch_put(batch, &sql_outbox_take, NULL);
    db_send(outbox->run->db, batch, clock_ms() + DATABASE_MS, on_taken, outbox);
}

static void on_poll(void *owner)
{
    outbox_take(owner);
}

static void on_rung(void *owner)
{
    struct outbox *outbox = owner;
    outbox->ringing = 0;
    outbox_take(outbox);
}

void outbox_ring(struct outbox *outbox)
{
    if (outbox->ringing == 0)
        outbox->ringing = loop_after(outbox->run->loop, RING_MS, on_rung, outbox);
}

struct outbox *outbox_new(struct service_run *run, const struct subscription *subscriptions,
                          outbox_call_fn *call, void *bus)
{
    struct outbox *outbox = calloc(1, sizeof *outbox);
    const char *why = NULL;
    if (outbox == NULL)
        abort();
    outbox->run = run;
    outbox->subscriptions = subscriptions;
    outbox->call = call;
    outbox->bus = bus;
    outbox->keys = keyring_load(config_text("GUILD_EVENT_KEY_FILE"), &why);
    if (outbox->keys == NULL) {
        fprintf(stderr, "GUILD_EVENT_KEY_FILE %s\n", why);
        exit(2);
    }
    outbox->timer = loop_add_timer(run->loop, POLL_MS, on_poll, outbox);
    return outbox;
}

void outbox_destroy(struct outbox **self)
{
    struct outbox *outbox = *self;
    if (outbox == NULL)
        return;
    *self = NULL;
    outbox->ended = true;
    loop_remove_timer(outbox->run->loop, outbox->timer);
    loop_remove_timer(outbox->run->loop, outbox->ringing);
    outbox_part(outbox);
}
