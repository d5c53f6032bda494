#include "sender.h"

#include "clock.h"
#include "enclosure.h"
#include "log.h"
#include "notification_queries.h"
#include "work.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_MS = 1000, TIMEOUT_MS = 5000, ACTORS = 2 };

struct sender {
    struct service_run *run;
    const struct keyring *keys;
    const char *channel;
    const struct provider *provider;
    struct work *work;
    int timer;
    bool looking, rung;
    size_t fetching; /* files that are awaited */
    bool ended;      /* destroyed; goes with the last of them */
};

/* One message on its way to the provider; its texts are its own. */
struct parcel {
    struct sender *sender;
    int64_t delivery_id;
    char *address, *text, *subject;
    struct enclosure enclosure; /* without bytes: none */
    char error[200];
    bool sent;
};

static void look(void *owner);

/* ---- what became of it */

static answer written(struct call *c, const struct rows *results)
{
    (void)results;
    return job_end(c);
}

static void write_down(struct sender *sender, int64_t id, const struct statement *statement,
                       const char *error)
{
    struct call *job = service_job(sender->run, TIMEOUT_MS);
    call_set_integer(job, "delivery_id", id);
    call_set(job, "error_text", arena_text(job->arena, error));
    batch_add(job, statement);
    batch_then(job, written);
}

static char *copy(const char *text)
{
    char *made = strdup(text);
    if (made == NULL)
        abort();
    return made;
}

static void parcel_free(struct parcel *parcel)
{
    free(parcel->address);
    free(parcel->text);
    free(parcel->subject);
    free(parcel->enclosure.bytes);
    free(parcel);
}

static void send_work(void *job)
{
    struct parcel *parcel = job;
    struct letter letter = {
        .address = parcel->address,
        .text = parcel->text,
        .subject = parcel->subject,
        .file = parcel->enclosure.bytes,
        .file_size = parcel->enclosure.size,
        .file_name = parcel->enclosure.name,
        .file_type = parcel->enclosure.type,
    };
    parcel->sent = parcel->sender->provider->send(&letter, parcel->error, sizeof parcel->error);
}

static void send_done(void *owner, void *job)
{
    struct parcel *parcel = job;
    struct sender *sender = owner;
    if (!parcel->sent)
        log_line(LOGGED_WARNING, "the provider refused",
                 "channel=%s delivery=%" PRId64 " said='%s'", sender->channel, parcel->delivery_id,
                 parcel->error);
    write_down(sender, parcel->delivery_id,
               parcel->sent ? &sql_delivery_sent : &sql_delivery_failed, parcel->error);
    parcel_free(parcel);
    if (sender->rung)
        look(sender);
}

static void submit(struct parcel *parcel)
{
    struct sender *sender = parcel->sender;
    if (work_submit(sender->work, send_work, parcel, send_done, sender) == STATUS_OK)
        return;
    write_down(sender, parcel->delivery_id, &sql_delivery_put_back,
               ""); /* several looks came back at once */
    parcel_free(parcel);
}

/* Destroyed, and no file is awaited any more? */
static void sender_part(struct sender *sender)
{
    if (sender->ended && sender->fetching == 0)
        free(sender);
}

static void on_fetched(void *owner, struct enclosure *enclosure)
{
    struct parcel *parcel = owner;
    struct sender *sender = parcel->sender;
    sender->fetching--;
    if (enclosure != NULL)
        parcel->enclosure = *enclosure;
    if (!sender->ended && enclosure != NULL) {
        submit(parcel);
        return;
    }
    if (!sender->ended)
        write_down(sender, parcel->delivery_id, &sql_delivery_failed, "its file was not got");
    parcel_free(parcel); /* ended: its minute runs out, and another takes it */
    sender_part(sender);
}

/* ---- one delivery */

static const char *text_of(struct sender *sender, struct call *c, const struct rows *rows,
                           size_t row)
{
    const char *hex = rows_get(rows, row, "sealed_text");
    size_t size = hex == NULL ? 0 : (strlen(hex) - 2) / 2, opened = 0;
    unsigned char *sealed = arena_alloc(c->arena, size + 1);
    for (size_t i = 0; i < size; i++) {
        char pair[3] = {hex[2 + 2 * i], hex[3 + 2 * i], '\0'};
        sealed[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
    return secret_open(sender->keys, "delivery", sealed, size, c->arena, &opened);
}

static void deliver(struct sender *sender, struct call *c, const struct rows *rows, size_t row)
{
    int64_t id = rows_integer(rows, row, "id");
    const char *text = text_of(sender, c, rows, row);
    if (!sender->provider->sends) {
        write_down(sender, id, &sql_delivery_suppressed, "no provider");
    } else if (rows_true(rows, row, "is_code") && rows_true(rows, row, "stale")) {
        write_down(sender, id, &sql_delivery_suppressed, "code expired");
    } else if (text == NULL) {
        write_down(sender, id, &sql_delivery_suppressed, "text cannot be opened");
    } else {
        struct parcel *parcel = calloc(1, sizeof *parcel);
        const char *file_id = rows_get(rows, row, "file_id");
        if (parcel == NULL)
            abort();
        *parcel = (struct parcel){.sender = sender,
                                  .delivery_id = id,
                                  .address = copy(rows_get(rows, row, "address")),
                                  .text = copy(text),
                                  .subject = copy(rows_get(rows, row, "subject"))};
        if (file_id[0] == '\0') {
            submit(parcel);
        } else {
            sender->fetching++;
            enclosure_fetch(sender->run, file_id, on_fetched, parcel);
        }
    }
}

static answer taken(struct call *c, const struct rows *results)
{
    struct sender *sender = c->state;
    sender->looking = false;
    for (size_t row = 0; row < results[0].count; row++)
        deliver(sender, c, &results[0], row);
    if (results[0].count > 0 || sender->rung)
        look(sender);
    return job_end(c);
}

static void look(void *owner)
{
    struct sender *sender = owner;
    /* What is taken must be sent at once: its minute runs. */
    size_t under_way = work_load(sender->work) + sender->fetching;
    sender->rung = sender->looking || under_way >= ACTORS;
    if (sender->rung)
        return;
    sender->looking = true;
    struct call *job = service_job(sender->run, TIMEOUT_MS);
    job->state = sender;
    call_set(job, "channel", sender->channel);
    call_set_integer(job, "room", ACTORS - (int64_t)under_way);
    batch_add(job, &sql_delivery_take);
    batch_add(job, &sql_delivery_give_up);
    batch_then(job, taken);
}

/* A look whose batch failed never came back to `taken`: the tick begins anew. */
static void tick(void *owner)
{
    struct sender *sender = owner;
    sender->looking = false;
    look(sender);
}

struct sender *sender_new(struct service_run *run, const struct keyring *keys, const char *channel,
                          const struct provider *provider)
{
    struct sender *sender = calloc(1, sizeof *sender);
    if (sender == NULL)
        abort();
    *sender = (struct sender){.run = run, .keys = keys, .channel = channel, .provider = provider};
    sender->work = work_new(service_loop(run), ACTORS, ACTORS);
    sender->timer = loop_add_timer(service_loop(run), LOOK_MS, tick, sender);
    return sender;
}

void sender_destroy(struct sender **self)
{
    struct sender *sender = *self;
    if (sender == NULL)
        return;
    loop_remove_timer(service_loop(sender->run), sender->timer);
    work_destroy(&sender->work);
    *self = NULL;
    sender->ended = true;
    sender_part(sender);
}

void sender_ring(struct sender *sender)
{
    look(sender);
}
