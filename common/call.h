/* One request being answered. A handler returns an `answer`, and only the functions below make one, so that
   the compiler finds the path that forgot to answer. Everything a handler allocates lives in the call's arena
   and goes when the answer has been sent. */
#ifndef GUILD_CALL_H
#define GUILD_CALL_H

#include "arena.h"
#include "common.pb-c.h"
#include "db.h"
#include "message.h"
#include "reason.h"
#include "rows.h"
#include "work.h"
#include <stdint.h>

struct service_run;

/* A file that came behind the request (UploadAttachment): complete, in a sealed memory file. */
struct call_body {
    int fd; /* -1: none; closed with the call */
    size_t size;
};

struct call {
    const void *request; /* the unpacked, checked request; type it on the handler's first line */
    const Common__Principal *caller; /* verified; NULL in public methods */
    const char *service_caller;  /* name of the calling service or "gateway", as the bus knows it */
    const char *request_id;      /* for logs and errors */
    const char *idempotency_key; /* "": none */
    struct arena *arena;
    uint64_t deadline_ms; /* clock_ms */
    struct call_body body;
    void *state; /* what a handler keeps for its continuation */
    struct service_run *run;
};

typedef struct {
    int made;
} answer;

typedef answer handler_fn(struct call *c);
typedef answer handler_done_fn(struct call *c, const struct rows *results);
typedef answer handler_worked_fn(struct call *c, void *job);

/* Who may call, declared beside the handler. */
struct access {
    enum {
        ACCESS_PUBLIC,
        ACCESS_MEMBER,
        ACCESS_STAFF,
        ACCESS_ANYONE,
        ACCESS_GATEWAY,
        ACCESS_SERVICE
    } kind;
    const char *permission;      /* ACCESS_STAFF; NULL: any staff */
    bool before_password_change; /* also for a session that must change its password first */
};
#define PUBLIC                                                                                     \
    {                                                                                              \
        ACCESS_PUBLIC, NULL, false                                                                 \
    }
#define MEMBER                                                                                     \
    {                                                                                              \
        ACCESS_MEMBER, NULL, false                                                                 \
    }
#define STAFF(permission)                                                                          \
    {                                                                                              \
        ACCESS_STAFF, permission, false                                                            \
    }
#define ANYONE_LOGGED_IN                                                                           \
    {                                                                                              \
        ACCESS_ANYONE, NULL, false                                                                 \
    }
#define LOGGED_IN_FIRST_PASSWORD                                                                   \
    {                                                                                              \
        ACCESS_ANYONE, NULL, true                                                                  \
    }
#define GATEWAY_ONLY                                                                               \
    {                                                                                              \
        ACCESS_GATEWAY, NULL, false                                                                \
    }
#define SERVICES_ONLY                                                                              \
    {                                                                                              \
        ACCESS_SERVICE, NULL, false                                                                \
    }

/* One row per method. Methods whose names begin with Get, List, Count, Read or Resolve change nothing and may be
   repeated; all others are repeated only under an idempotency key. */
struct op {
    const char *method;
    struct access access;
    handler_fn *handler;
    size_t body_max; /* bytes of the file behind the request; 0: none is taken */
};
#define OP_END                                                                                     \
    {                                                                                              \
        .method = NULL                                                                             \
    }

/* -- refusing and replying */
answer call_fail(struct call *c, int reason);
/* The same, telling after how many seconds to come again. */
answer call_fail_later(struct call *c, int reason, uint32_t retry_after_s);
/* One field is to blame; the status is INVALID. */
answer call_fail_field(struct call *c, const char *field, const char *message);
/* A reason's words, for a field's error. */
const char *call_words(const struct call *c, int reason);
/* A reason's stable name, for figures. */
const char *call_reason_name(const struct call *c, int reason);
answer call_fail_fields(struct call *c, const struct field_errors *errors);
answer call_reply(struct call *c, const ProtobufCMessage *reply);

/* -- values made in C, bound by name like fields of the request (they go before them). NULL value: SQL NULL. */
void call_set(struct call *c, const char *name, const char *value);
void call_set_integer(struct call *c, const char *name, int64_t value);
void call_set_bytes(struct call *c, const char *name, const void *data, size_t size);

/* -- one batch. Names that are always known: caller_id, caller_kind ("MEMBER", "STAFF"), caller_name,
   caller_permissions (text[]), caller_session (bytea), request_id, idempotency_key. Time is PostgreSQL's now().
   A call with an idempotency key and a batch that writes gets the key's row as its first statement, keyed to the
   caller; a repeat is answered from what was stored. */
/* Values are bound now: call_set comes before. */
void batch_add(struct call *c, const struct statement *statement);
/* The rows of the last statement become the reply (message_from_rows); no row: the reason (REASON_none: an empty
   reply). */
answer batch_reply(struct call *c, int reason_no_row);
/* A page of a list. page_from binds :cursor_place and :cursor_id, from a cursor "place.id" of two whole numbers, or where the
   list begins in its order when the cursor is empty; false: it is none (PAGE_LOST says so). page_begin binds :page_size (`limit`, 0: 20). Then the handler adds two statements: one that gives
   `total`, and one of at most page_size + 1 rows, each with its cursor in `position`. The reply has the rows, `total`
   and `next_cursor`, which stays empty on the last page. */
#define PAGE_LOST "分页位置无效，请返回列表首页。"
bool page_from(struct call *c, const char *cursor, bool newest_first);
void page_begin(struct call *c, uint32_t limit);
answer page_reply(struct call *c);
/* `done` gets one struct rows per statement that the handler added, in order. It may add a further batch. */
answer batch_then(struct call *c, handler_done_fn *done);

/* For a handler that is about to refuse because of what it would have changed itself: was it done before, under the key of
   this call? `done` gets the rows that its keyed statement gave then, or none. */
answer repeat_then(struct call *c, handler_done_fn *done);

/* Before batch_then: what comes where the key is found to be another request's, to take back what was done outside the
   database; it ends in call_fail(key_reused). */
void batch_if_reused(struct call *c, handler_fn *undo);

/* -- work in an actor; `busy` answers the call when the queue is full */
answer work_then(struct call *c, struct work *work, work_fn *fn, void *job,
                 handler_worked_fn *done);

/* -- waiting for anything else that ends in the loop (Redis): the handler begins the wait and returns call_later;
   whoever ends the wait (perhaps at once, before the handler has returned) calls call_resume with a
   continuation's answer: call_resume(c, handler_x_done(c, …)). */
answer call_later(struct call *c);
void call_resume(struct call *c, answer from_continuation);

/* Is it too late to begin anything more? */
bool call_is_late(const struct call *c);

#endif
