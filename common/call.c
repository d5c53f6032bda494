#include "call.h"

#include "clock.h"
#include "common_queries.h"
#include "config.h"
#include "disk.h"
#include "dispatch.h"
#include "log.h"
#include "outbox.h"
#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TRIES_MAX = 3 };

static const answer ANSWER = {1};

static struct service_call *whole(struct call *c)
{
    return (struct service_call *)c; /* its first member */
}

/* ---- the call's life */

struct service_call *call_new(struct service_run *run, uint64_t deadline_ms)
{
    struct arena *arena = arena_new(8u * 1024 * 1024);
    struct service_call *c = arena_alloc(arena, sizeof *c);
    c->call = (struct call){
        .arena = arena,
        .deadline_ms = deadline_ms,
        .body.fd = -1,
        .request_id = "",
        .service_caller = "",
        .run = run,
    };
    c->call.idempotency_key = "";
    c->idempotency_principal = "";
    c->reason = REASON_none;
    c->began_us = clock_us();
    run->calls++;
    return c;
}

static void call_free(struct service_call *c)
{
    struct arena *arena = c->call.arena;
    if (c->call.body.fd >= 0)
        close(c->call.body.fd);
    c->call.run->calls--;
    arena_destroy(&arena);
}

void call_enter(struct service_call *c)
{
    c->on_stack++;
}

static void call_release(struct service_call *c)
{
    if (c->on_stack == 0 && c->waits == 0 && c->answered)
        call_free(c);
}

void call_leave(struct service_call *c)
{
    c->on_stack--;
    call_release(c);
}

bool call_is_late(const struct call *c)
{
    return clock_ms() >= c->deadline_ms;
}

static void call_log(const struct service_call *c, enum status status)
{
    const struct service *service = c->call.run->service;
    if (c->method == NULL)
        return; /* a job of the service's own */
    log_line(status == STATUS_INTERNAL ? LOGGED_ERROR : LOGGED_INFO, "call",
             "method=%s from=%s status=%s reason=%s us=%" PRIu64 " request_id=%s", c->method->name,
             c->call.caller == NULL                                   ? "public"
             : c->call.caller->kind == COMMON__PRINCIPAL__KIND__STAFF ? "staff"
                                                                      : "member",
             status_name(status),
             c->reason == REASON_none ? "" : reason_of(service, c->reason)->name,
             clock_us() - c->began_us, c->call.request_id);
}

static answer call_answer(struct service_call *c, enum status status,
                          const ProtobufCMessage *message)
{
    size_t size = 0;
    void *payload = message_pack(message, c->call.arena, &size);
    if (!c->answered) {
        c->answered = true;
        call_log(c, status);
        if (c->reply != NULL)
            c->reply(c->reply_to, status, payload, size);
    }
    return ANSWER;
}

/* ---- refusing and replying */

const struct reason *reason_of(const struct service *service, int reason)
{
    return reason < REASON_SERVICE_FIRST ? &reasons_common[reason]
                                         : &service->reasons[reason - REASON_SERVICE_FIRST];
}

static answer fail(struct service_call *c, int reason, uint32_t retry_after_s,
                   const struct field_errors *errors)
{
    const struct reason *why = reason_of(c->call.run->service, reason);
    Common__Problem problem = COMMON__PROBLEM__INIT;
    problem.reason = (char *)(uintptr_t)why->name;
    problem.detail = (char *)(uintptr_t)why->words;
    problem.retry_after_s = retry_after_s;
    size_t count = errors == NULL ? 0 : errors->count;
    problem.errors = arena_alloc(c->call.arena, (count + 1) * sizeof *problem.errors);
    for (size_t i = 0; i < count; i++) {
        Common__FieldError *error = arena_alloc(c->call.arena, sizeof *error);
        common__field_error__init(error);
        error->field = (char *)(uintptr_t)errors->list[i].field;
        error->message = (char *)(uintptr_t)errors->list[i].message;
        problem.errors[problem.n_errors++] = error;
    }
    c->reason = reason;
    return call_answer(c, why->status, &problem.base);
}

answer call_fail(struct call *c, int reason)
{
    enum status status = reason_of(c->run->service, reason)->status;
    return call_fail_later(c, reason, status == STATUS_UNAVAILABLE ? 1 : 0);
}

/* UNAVAILABLE says that nothing was done: it is not said behind a batch that may have been. */
answer call_fail_later(struct call *c, int reason, uint32_t retry_after_s)
{
    if (whole(c)->perhaps_done && reason_of(c->run->service, reason)->status == STATUS_UNAVAILABLE)
        return fail(whole(c), REASON_outcome_unknown, 0, NULL);
    return fail(whole(c), reason, retry_after_s, NULL);
}

answer call_fail_fields(struct call *c, const struct field_errors *errors)
{
    return fail(whole(c), REASON_field_errors, 0, errors);
}

answer call_fail_field(struct call *c, const char *field, const char *message)
{
    struct field_errors errors = {.arena = c->arena};
    field_errors_add(&errors, field, message);
    return call_fail_fields(c, &errors);
}

const char *call_words(const struct call *c, int reason)
{
    return reason_of(c->run->service, reason)->words;
}

const char *call_reason_name(const struct call *c, int reason)
{
    return reason_of(c->run->service, reason)->name;
}

/* Rows that could not become a message (out of memory, or a value that does not fit) are no answer. */
answer call_reply(struct call *c, const ProtobufCMessage *reply)
{
    if (reply == NULL)
        return call_fail(c, REASON_internal);
    return call_answer(whole(c), STATUS_OK, reply);
}

/* ---- values by name */

void call_set(struct call *c, const char *name, const char *value)
{
    struct service_call *all = whole(c);
    for (size_t i = 0; i < all->values_count; i++)
        if (strcmp(all->values[i].name, name) == 0) {
            all->values[i].value = value;
            return;
        }
    if (all->values_count == all->values_max) {
        size_t max = all->values_max == 0 ? 8 : all->values_max * 2;
        struct named_value *more = arena_alloc(c->arena, max * sizeof *more);
        if (all->values_count > 0)
            memcpy(more, all->values, all->values_count * sizeof *more);
        all->values = more;
        all->values_max = max;
    }
    all->values[all->values_count++] = (struct named_value){name, value};
}

void call_set_integer(struct call *c, const char *name, int64_t value)
{
    call_set(c, name, arena_printf(c->arena, "%" PRId64, value));
}

static char *bytes_text(struct arena *arena, const void *data, size_t size)
{
    static const char hex[] = "0123456789abcdef";
    const unsigned char *bytes = data;
    char *text = arena_alloc(arena, 2 * size + 3);
    text[0] = '\\';
    text[1] = 'x';
    for (size_t i = 0; i < size; i++) {
        text[2 + 2 * i] = hex[bytes[i] >> 4];
        text[3 + 2 * i] = hex[bytes[i] & 15];
    }
    return text;
}

void call_set_bytes(struct call *c, const char *name, const void *data, size_t size)
{
    call_set(c, name, bytes_text(c->arena, data, size));
}

static const char *caller_permissions(struct call *c)
{
    const char *value = NULL;
    if (c->caller == NULL || !message_bind(&c->caller->base, "permissions", c->arena, &value))
        return "{}";
    return value;
}

/* The names that every statement may use. false: not one of them. */
static bool known_value(struct service_call *all, const char *name, const char **ret_value)
{
    struct call *c = &all->call;
    const Common__Principal *caller = c->caller;
    bool staff = caller != NULL && caller->kind == COMMON__PRINCIPAL__KIND__STAFF;

    if (strcmp(name, "caller_id") == 0)
        *ret_value = caller == NULL ? NULL : arena_printf(c->arena, "%" PRId64, caller->account_id);
    else if (strcmp(name, "caller_kind") == 0)
        *ret_value = caller == NULL ? "PUBLIC" : staff ? "STAFF" : "MEMBER";
    else if (strcmp(name, "caller_name") == 0)
        *ret_value = caller == NULL ? "" : caller->display_name;
    else if (strcmp(name, "caller_permissions") == 0)
        *ret_value = caller_permissions(c);
    else if (strcmp(name, "caller_session") == 0)
        *ret_value = caller == NULL ? NULL
                                    : bytes_text(c->arena, caller->session_hash.data,
                                                 caller->session_hash.len);
    else if (strcmp(name, "request_id") == 0)
        *ret_value = c->request_id;
    else if (strcmp(name, "method_name") == 0)
        *ret_value = all->method == NULL ? "" : all->method->name;
    else if (strcmp(name, "idempotency_key") == 0)
        *ret_value = c->idempotency_key;
    else if (strcmp(name, "idempotency_principal") == 0)
        *ret_value = all->idempotency_principal;
    else if (strcmp(name, "body_hash") == 0)
        *ret_value = bytes_text(c->arena, all->body_hash, sizeof all->body_hash);
    else
        return false;
    return true;
}

static const char *bound_value(struct service_call *all, const char *name)
{
    const char *value = NULL;
    for (size_t i = 0; i < all->values_count; i++)
        if (strcmp(all->values[i].name, name) == 0)
            return all->values[i].value;
    if (known_value(all, name, &value))
        return value;
    if (all->call.request != NULL && message_bind(all->call.request, name, all->call.arena, &value))
        return value;
    log_line(LOGGED_ERROR, "a statement's parameter has no value", "parameter=%s", name);
    return NULL; /* the batch then fails on its column, or finds nothing */
}

/* ---- one batch */

static struct bound bind(struct service_call *all, const struct statement *statement)
{
    struct db *db = all->call.run->db;
    const char **values =
        arena_alloc(all->call.arena, (statement->params_count + 1) * sizeof *values);
    for (size_t i = 0; i < statement->params_count; i++) {
        values[i] = bound_value(all, statement->params[i]);
        if (values[i] != NULL && values[i][0] == '\0' && !db_param_is_text(db, statement, i))
            values[i] = NULL;
    }
    return (struct bound){statement, values};
}

void batch_add(struct call *c, const struct statement *statement)
{
    struct service_call *all = whole(c);
    if (all->statements_count == all->statements_max) {
        size_t max = all->statements_max == 0 ? 4 : all->statements_max * 2;
        struct bound *more = arena_alloc(c->arena, max * sizeof *more);
        if (all->statements_count > 0)
            memcpy(more, all->statements, all->statements_count * sizeof *more);
        all->statements = more;
        all->statements_max = max;
    }
    all->statements[all->statements_count++] = bind(all, statement);
}

static void put_bound(struct batch *batch, struct bound bound)
{
    batch_put(batch, bound.statement, bound.values);
}

static void batch_made(void *owner, enum db_outcome outcome, const struct rows *results,
                       const struct db_error *error);

/* The service's own jobs go on: they tidy up. */
static bool is_refused_room(const struct service_call *all, const struct batch *batch)
{
    return all->method != NULL && batch_writes(batch) &&
           disk_look(&all->call.run->database_disk) >= DISK_WRITES_PERCENT;
}

static answer batch_send(struct service_call *all)
{
    struct batch *batch = batch_new(all->call.arena);
    all->sent_keyed = false;
    for (size_t i = 0; i < all->statements_count; i++)
        all->sent_keyed |=
            all->statements[i].statement->keyed && all->call.idempotency_key[0] != '\0';
    if (all->sent_keyed)
        put_bound(batch, bind(all, &sql_idempotency_insert));
    for (size_t i = 0; i < all->statements_count; i++)
        put_bound(batch, all->statements[i]);
    if (is_refused_room(all, batch))
        return call_fail(&all->call, REASON_storage_full);
    all->sent = batch;
    all->tries = 0;
    db_send(all->call.run->db, batch, all->call.deadline_ms, batch_made, all);
    return ANSWER;
}

answer batch_reply(struct call *c, int reason_no_row)
{
    whole(c)->batch_done = NULL;
    whole(c)->reason_no_row = reason_no_row;
    return batch_send(whole(c));
}

answer batch_then(struct call *c, handler_done_fn *done)
{
    whole(c)->batch_done = done;
    return batch_send(whole(c));
}

static answer reply_from_rows(struct service_call *all, const struct rows *rows)
{
    if (rows->count == 0 && all->reason_no_row != REASON_none)
        return call_fail(&all->call, all->reason_no_row);
    ProtobufCMessage *reply = message_from_rows(all->method->output, rows, all->call.arena);
    if (reply == NULL) {
        log_line(LOGGED_ERROR, "rows do not fit the reply", "method=%s", all->method->name);
        return call_fail(&all->call, REASON_internal);
    }
    return call_reply(&all->call, reply);
}

/* ---- pages of lists */

enum { PAGE_DEFAULT = 20 };

bool page_from(struct call *c, const char *cursor, bool newest_first)
{
    /* of lists by time, places are microseconds since 1970: none is after the year 2200 */
    static const long long LAST = 7258118400000000;
    long long place = newest_first ? LAST : 0, id = 0;
    int read = 0;
    if (cursor[0] != '\0' && (sscanf(cursor, "%18lld.%18lld%n", &place, &id, &read) != 2 ||
                              cursor[read] != '\0' || place < 0 || id < 0 || place > LAST))
        return false;
    call_set_integer(c, "cursor_place", place);
    call_set_integer(c, "cursor_id", id);
    return true;
}

void page_begin(struct call *c, uint32_t limit)
{
    whole(c)->page_size = limit == 0 ? PAGE_DEFAULT : limit;
    call_set_integer(c, "page_size", (int64_t)whole(c)->page_size);
}

/* A member of a message by its name in the contract. */
static void *message_member(ProtobufCMessage *message, const char *name)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
    assert(field != NULL);
    return (char *)message + field->offset;
}

static answer page_done(struct call *c, const struct rows *results)
{
    struct rows list = results[1];
    size_t size = whole(c)->page_size;
    bool more = list.count > size;
    if (more)
        list.count = size;
    ProtobufCMessage *page = message_from_rows(whole(c)->method->output, &list, c->arena);
    if (page == NULL)
        return call_fail(c, REASON_internal);
    *(uint32_t *)message_member(page, "total") = (uint32_t)rows_integer(&results[0], 0, "total");
    if (more)
        *(char **)message_member(page, "next_cursor") =
            arena_text(c->arena, rows_get(&list, size - 1, "position"));
    return call_reply(c, page);
}

answer page_reply(struct call *c)
{
    return batch_then(c, page_done);
}

static answer batch_complete(struct service_call *all, const struct rows *results)
{
    size_t count = all->statements_count;
    handler_done_fn *done = all->batch_done;
    all->statements_count = 0;
    if (all->call.run->outbox != NULL && all->sent != NULL && batch_writes(all->sent))
        outbox_ring(all->call.run->outbox);
    return done != NULL ? done(&all->call, results) : reply_from_rows(all, &results[count - 1]);
}

/* ---- a repeated request is answered from what was stored */

static const char *json_value_text(struct arena *arena, const json_t *value)
{
    if (value == NULL || json_is_null(value))
        return NULL;
    if (json_is_string(value))
        return arena_copy(arena, json_string_value(value), json_string_length(value));
    char *dumped = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    char *text = arena_text(arena, dumped == NULL ? "" : dumped);
    free(dumped);
    return text;
}

static bool rows_from_json(const char *text, struct arena *arena, struct rows *ret_rows)
{
    json_t *list = json_loads(text, JSON_DECODE_ANY, NULL);
    if (!json_is_array(list)) {
        json_decref(list);
        return false;
    }
    const json_t *first = json_array_get(list, 0);
    size_t count = json_array_size(list), columns = json_object_size(first), i = 0;
    const char **names = arena_alloc(arena, (columns + 1) * sizeof *names);
    const char **values = arena_alloc(arena, (count * columns + 1) * sizeof *values);
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)first, name, value) names[i++] =
        arena_text(arena, name);
    for (size_t row = 0; row < count; row++)
        for (size_t column = 0; column < columns; column++)
            values[row * columns + column] =
                json_value_text(arena, json_object_get(json_array_get(list, row), names[column]));
    json_decref(list);
    *ret_rows = (struct rows){.count = count, .columns = columns, .names = names, .values = values};
    return true;
}

static bool is_of_this_body(const struct service_call *all, const struct rows *stored)
{
    const char *hash = rows_get(stored, 0, "body_hash");
    return hash != NULL &&
           strcmp(hash, bytes_text(all->call.arena, all->body_hash, sizeof all->body_hash)) == 0;
}

static answer replay(struct service_call *all, const struct rows *stored)
{
    const char *kept = rows_get(stored, 0, "answer");
    if (kept == NULL)
        return call_fail(&all->call, REASON_outcome_unknown);
    if (!is_of_this_body(all, stored))
        return all->reused == NULL ? call_fail(&all->call, REASON_key_reused)
                                   : all->reused(&all->call);

    struct rows *results =
        arena_alloc(all->call.arena, (all->statements_count + 1) * sizeof *results);
    for (size_t i = 0; i < all->statements_count; i++)
        if (all->statements[i].statement->keyed &&
            !rows_from_json(kept, all->call.arena, &results[i]))
            return call_fail(&all->call, REASON_internal);
    return batch_complete(all, results);
}

static answer repeat_looked_up(struct call *c, const struct rows *results)
{
    const struct service_call *all = whole(c);
    const char *kept = rows_get(&results[0], 0, "answer");
    struct rows rows = {.count = 0};
    if (kept != NULL && is_of_this_body(all, &results[0]))
        (void)rows_from_json(kept, c->arena, &rows);
    return all->repeat_done(c, &rows);
}

void batch_if_reused(struct call *c, handler_fn *undo)
{
    whole(c)->reused = undo;
}

answer repeat_then(struct call *c, handler_done_fn *done)
{
    whole(c)->repeat_done = done;
    batch_add(c, &sql_idempotency_find);
    return batch_then(c, repeat_looked_up);
}

/* Asked for the key's row, which is there: what was wanted has been done, whether it can be told or not. */
static void replay_made(void *owner, enum db_outcome outcome, const struct rows *results,
                        const struct db_error *error)
{
    struct service_call *all = owner;
    (void)error;
    call_enter(all);
    if (outcome == DB_COMMITTED)
        replay(all, &results[0]);
    else
        call_fail(&all->call, outcome == DB_REFUSED ? REASON_internal : REASON_outcome_unknown);
    call_leave(all);
}

static void replay_find(struct service_call *all)
{
    struct batch *lookup = batch_new(all->call.arena);
    put_bound(lookup, bind(all, &sql_idempotency_find));
    batch_be_patient(lookup);
    db_send(all->call.run->db, lookup, all->call.deadline_ms, replay_made, all);
}

/* ---- what became of a batch */

static int reason_by_name(const struct service *service, const char *name)
{
    if (name == NULL)
        return REASON_none;
    for (int i = 0; service->reasons[i].name != NULL; i++)
        if (strcmp(service->reasons[i].name, name) == 0)
            return REASON_SERVICE_FIRST + i;
    for (int i = 0; reasons_common[i].name != NULL; i++)
        if (strcmp(reasons_common[i].name, name) == 0)
            return i;
    return REASON_none;
}

static answer refused(struct service_call *all, const struct db_error *error)
{
    struct call *c = &all->call;
    int reason = reason_by_name(c->run->service, error->constraint);
    if (reason != REASON_none)
        return call_fail(c, reason);
    if (error->sqlstate != NULL && strcmp(error->sqlstate, "23502") == 0 && error->column != NULL)
        return call_fail_field(c, error->column, "此项不能为空，请填写后再提交。");
    log_line(LOGGED_ERROR, "a statement was refused", "statement=%s sqlstate=%s said='%s'",
             error->statement == NULL ? "" : error->statement,
             error->sqlstate == NULL ? "" : error->sqlstate,
             error->message == NULL ? "" : error->message);
    bool no_room = error->sqlstate != NULL && strcmp(error->sqlstate, "53100") == 0;
    return call_fail(c, no_room ? REASON_storage_full : REASON_internal);
}

/* Nothing changed, or a repeat would show it: the same batch may go once more. */
static bool may_send_again(const struct service_call *all, enum db_outcome outcome)
{
    if (all->tries >= TRIES_MAX || call_is_late(&all->call))
        return false;
    return outcome == DB_RETRY ||
           (outcome == DB_UNKNOWN && (all->sent_keyed || !batch_writes(all->sent)));
}

static void batch_made(void *owner, enum db_outcome outcome, const struct rows *results,
                       const struct db_error *error)
{
    struct service_call *all = owner;
    struct call *c = &all->call;
    bool repeated = outcome == DB_REFUSED && all->sent_keyed && error->constraint != NULL &&
                    strcmp(error->constraint, "idempotency_key") == 0;

    all->perhaps_done |=
        batch_writes(all->sent) && (outcome == DB_COMMITTED || outcome == DB_UNKNOWN || repeated);
    if (may_send_again(all, outcome)) {
        all->tries++;
        if (outcome == DB_UNKNOWN && batch_writes(all->sent))
            batch_be_patient(all->sent); /* its key tells what became of it, on a new connection */
        db_send(c->run->db, all->sent, c->deadline_ms, batch_made, all);
        return;
    }
    call_enter(all);
    switch (outcome) {
    case DB_COMMITTED:
        batch_complete(all, results + (all->sent_keyed ? 1 : 0));
        break;
    case DB_REFUSED:
        if (repeated)
            replay_find(all);
        else
            refused(all, error);
        break;
    case DB_RETRY:
        call_fail(c, REASON_busy);
        break;
    case DB_AWAY:
    case DB_UNKNOWN: /* of a batch that writes, call_fail makes something else */
        call_fail(c, REASON_database_away);
        break;
    }
    call_leave(all);
}

/* ---- waiting for other things */

static void worked(void *owner, void *job)
{
    struct service_call *all = owner;
    call_enter(all);
    all->worked(&all->call, job);
    call_leave(all);
}

answer work_then(struct call *c, struct work *work, work_fn *fn, void *job, handler_worked_fn *done)
{
    whole(c)->worked = done;
    if (work_submit(work, fn, job, worked, whole(c)) != STATUS_OK)
        return call_fail_later(c, REASON_busy, 2);
    return ANSWER;
}

answer call_later(struct call *c)
{
    whole(c)->waits++;
    return ANSWER;
}

/* The wait may end before the handler has returned call_later: then `waits` is -1 for that while. */
void call_resume(struct call *c, answer from_continuation)
{
    (void)from_continuation;
    whole(c)->waits--;
    call_release(whole(c));
}

answer job_end(struct call *c)
{
    whole(c)->answered = true;
    return ANSWER;
}
