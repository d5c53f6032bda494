/* To be a service: loop, bus, dispatch, permission, field rules, deadline, drain, health, metrics, outbox relay.
   main.c of a service is its manual page, its tables and one line. */
#ifndef GUILD_SERVICE_H
#define GUILD_SERVICE_H

#include "call.h"
#include "config.h"

/* An event of the outbox and the method that takes it: {"auth.code", "notification"}. */
struct subscription {
    const char *event;   /* name as the outbox has it */
    const char *service; /* its DeliverEvent is called */
};

typedef void service_asked_fn(void *owner, enum status status, const void *payload, size_t size);

struct service {
    const ProtobufCServiceDescriptor *contract;
    const struct op *const *nouns;             /* NULL-terminated list of tables */
    const struct statement *const *statements; /* NULL-terminated, made by the build */
    const struct reason *reasons;              /* table made by REASONS_TABLE */
    const struct setting *settings;            /* the service's own; may be NULL */
    const char *about;                         /* first lines of --help */
    void (*start)(struct service_run *run); /* opens what the service needs besides the database */
    void (*stop)(struct service_run *run);
    bool (*is_ready)(struct service_run *run); /* besides the database; may be NULL */
    const struct subscription *subscriptions;  /* ends with {NULL}; NULL: tells nobody */
};

/* Never returns before SIGTERM has been drained. */
int service_main(const struct service *service, int argc, char **argv);

/* -- for start, stop and handlers */
struct loop *service_loop(struct service_run *run);
struct db *service_db(struct service_run *run);
/* What the service opened in start. */
void service_set_state(struct service_run *run, void *state);
void *service_state(const struct service_run *run);
/* Pushes REVOKE to all gateways: the session's hash, or all sessions of an account (hash NULL). */
void service_revoke(struct service_run *run, const void *session_hash, int64_t account_id,
                    uint64_t revocation_seq);
/* The number told in each PING (auth). */
void service_set_revocation_seq(struct service_run *run, uint64_t revocation_seq);
/* Attachments lie there: told when the volume fills up. The text stays the caller's. */
void service_watch_files(struct service_run *run, const char *folder);
/* A line for who asks at /readyz, which stays what it is; NULL: none. The text stays the caller's. */
void service_set_remark(struct service_run *run, const char *remark);
/* Asks another service; `done` runs exactly once, at once with UNAVAILABLE where there is no bus. `payload` is a packed request. */
void service_ask(struct service_run *run, const char *service, const char *method,
                 const void *payload, size_t size, uint64_t timeout_ms, service_asked_fn *done,
                 void *owner);
/* Work that no call asked for (timers, projections): a call without request, caller or reply, for batch_add and
   batch_then. Its last continuation returns job_end (or a failure, which nobody hears). */
struct call *service_job(struct service_run *run, uint64_t timeout_ms);
answer job_end(struct call *c);

#endif
