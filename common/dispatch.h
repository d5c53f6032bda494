/* Inside the service: what service.c, call.c and the tests' front door share. Handlers do not include it. */
#ifndef GUILD_DISPATCH_H
#define GUILD_DISPATCH_H

#include "call.h"
#include "disk.h"
#include "service.h"
#include "work.h"

/* Where an answer goes: to the bus, or to a test. The payload is copied or sent before it returns. */
typedef void reply_fn(void *to, enum status status, const void *payload, size_t size);

/* A request as it arrived. Texts and bytes need live only during service_dispatch. */
struct request {
    const char *method; /* "SaveDraft" */
    const void *payload;
    size_t payload_size;
    const void *assertion; /* empty for public methods */
    size_t assertion_size;
    const Common__Principal *caller; /* tests give it ready-made; else NULL */
    const char *idempotency_key;
    const char *request_id;
    const char *from; /* "gateway", or the calling service's name */
    struct call_body body;
    uint64_t deadline_ms;
    reply_fn *reply;
    void *reply_to;
};

struct named_value {
    const char *name, *value;
};

/* A statement with its values, as batch_add found them. */
struct bound {
    const struct statement *statement;
    const char *const *values;
};

/* A call with what the skeleton knows of it. */
struct service_call {
    struct call call; /* first: handlers see this part */
    const struct op *op;
    const ProtobufCMethodDescriptor *method;
    const char *idempotency_principal;
    unsigned char body_hash[32];
    reply_fn *reply;
    void *reply_to;

    struct named_value *values; /* call_set */
    size_t values_count, values_max;
    struct bound *statements; /* of the batch being made */
    size_t statements_count, statements_max;

    struct batch *sent; /* under way, kept to be sent again */
    bool sent_keyed;
    bool perhaps_done; /* a batch of it that writes was committed, or nobody knows */
    unsigned tries;
    handler_done_fn *batch_done; /* or: */
    int reason_no_row;
    handler_done_fn *repeat_done;
    handler_fn *reused; /* NULL: it is refused */
    size_t page_size;

    handler_worked_fn *worked;
    unsigned on_stack; /* a handler or continuation is running */
    int waits;         /* call_later without call_resume */
    bool answered;
    uint64_t began_us;
    int reason; /* given, for the log; REASON_none: none */
};

struct principals;

struct service_run {
    const struct service *service;
    struct loop *loop;
    struct db *db;
    void *state;
    struct bus *bus;       /* NULL until the service is able to answer, and in tests */
    int joining;           /* timer: until then */
    struct outbox *outbox; /* NULL if the service tells nobody */
    struct principals *principals;
    size_t calls;                          /* under way */
    const char *remark;                    /* of the service, at /readyz; or NULL */
    struct disk database_disk, files_disk; /* GUILD_DISK_FOLDER; where attachments lie, if any do */
    bool draining;
};

/* Reads the settings and opens database and service, without the bus: what service_main and tests begin with. */
void service_begin(struct service_run *run, const struct service *service, int argc, char **argv);
void service_end(struct service_run *run);

/* Its admin door, where GUILD_ADMIN says; for admin_destroy. NULL: none. */
struct admin *service_admin(struct service_run *run);

/* Runs a request through permission, field rules and its handler; answers exactly once, now or later. */
void service_dispatch(struct service_run *run, const struct request *request);

/* An empty call that nobody waits for, in its own arena. */
struct service_call *call_new(struct service_run *run, uint64_t deadline_ms);

/* Between enter and leave a call outlives its answer; leave lets it go once it is answered. */
void call_enter(struct service_call *c);
void call_leave(struct service_call *c);

/* The reason's row, a service's own or a common one. */
const struct reason *reason_of(const struct service *service, int reason);

#endif
