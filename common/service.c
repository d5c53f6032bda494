#include "service.h"

#include "admin.h"
#include "bus.h"
#include "clock.h"
#include "common_queries.h"
#include "dispatch.h"
#include "log.h"
#include "metrics.h"
#include "outbox.h"
#include "principal.h"
#include "secret.h"
#include "upkeep.h"
#include <ctype.h>
#include <czmq.h>
#include <inttypes.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    JOIN_MS = 10,
    DISKS_LOOK_MS = 1000,
    READS = 2,
    WRITES = 2,
    SPARE_WRITES = 14,
    STATEMENTS_MAX = 512,
    METHODS_MAX = 256
};

static const struct setting settings_common[] = {
    {"GUILD_GATEWAYS",                  SETTING_TEXT, NULL,         "gateways to dial: ipc://path or tcp://host:port[,…]"},
    {"GUILD_BUS_SECRET_FILE",           SETTING_FILE, NULL,         "this program's secret key on the bus"                 },
    {"GUILD_BUS_KEYS_FILE",             SETTING_FILE, NULL,
     "list of the public keys of all who may speak on the bus"                                                             },
    {"GUILD_DATABASE",                  SETTING_TEXT, NULL,         "PostgreSQL conninfo of this service's role"           },
    {"GUILD_PRINCIPAL_PUBLIC_KEY_FILE", SETTING_FILE, NULL,
     "public key that principal assertions are verified with"                                                              },
    {"GUILD_EVENT_KEY_FILE",            SETTING_FILE, NULL,
     "keyring that events between services are sealed with"                                                                },
    {"GUILD_ADMIN",                     SETTING_TEXT, "",
     "admin HTTP (/healthz /readyz /metrics): socket path or host:port"                                                    },
    {"GUILD_DISK_FOLDER",               SETTING_TEXT, "",
     "folder on the database's volume: what writes is refused while that is 97 % full"                                     },
    {"GUILD_LOG_LEVEL",                 SETTING_TEXT, "info",       "debug, info, warning or error"                        },
    {"GUILD_INSTANCE",                  SETTING_TEXT, "1",          "this instance's name in log lines"                    },
    {"GUILD_ENVIRONMENT",               SETTING_TEXT, "production", "development or production"                            },
    SETTINGS_END,
};

/* ---- dispatch */

/* "certification.SaveDraft" → "SaveDraft" */
static const char *method_short(const char *method)
{
    const char *dot = strrchr(method, '.');
    return dot == NULL ? method : dot + 1;
}

/* Contract methods by these names change nothing (call.h). */
static bool method_only_reads(const char *method)
{
    static const char *const verbs[] = {"Get", "List", "Count", "Read", "Resolve"};
    method = method_short(method);
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strncmp(method, verbs[i], strlen(verbs[i])) == 0)
            return true;
    return false;
}

static const struct op *op_find(const struct service *service, const char *method)
{
    for (size_t n = 0; service->nouns[n] != NULL; n++)
        for (const struct op *op = service->nouns[n]; op->method != NULL; op++)
            if (strcmp(op->method, method) == 0)
                return op;
    return NULL;
}

static const ProtobufCMethodDescriptor *contract_find(const struct service *service,
                                                      const char *method)
{
    return protobuf_c_service_descriptor_get_method_by_name(service->contract, method);
}

/* Whom the row lets in; REASON_none: this caller. */
static int refuse_caller(const struct access *access, const Common__Principal *caller,
                         const char *from)
{
    bool from_gateway = strcmp(from, "gateway") == 0;
    if (access->kind == ACCESS_GATEWAY)
        return from_gateway ? REASON_none : REASON_not_allowed;
    if (access->kind == ACCESS_SERVICE)
        return from_gateway ? REASON_not_allowed : REASON_none;
    if (access->kind == ACCESS_PUBLIC)
        return REASON_none;
    if (caller == NULL)
        return REASON_log_in_first;
    if (caller->must_change_password && !access->before_password_change)
        return REASON_password_change_first;
    if (access->kind == ACCESS_MEMBER && caller->kind != COMMON__PRINCIPAL__KIND__MEMBER)
        return REASON_not_allowed;
    if (access->kind == ACCESS_STAFF &&
        (caller->kind != COMMON__PRINCIPAL__KIND__STAFF ||
         (access->permission != NULL && !principal_may(caller, access->permission))))
        return REASON_not_allowed;
    return REASON_none;
}

/* What the gateway filled in is no part of what the person asked: a repeat may come from elsewhere. */
static void hash_request(struct service_call *c, ProtobufCMessage *request)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(request->descriptor, "client_address");
    char **address = field == NULL ? NULL : (char **)((char *)request + field->offset),
         *kept = NULL;
    size_t size = 0;
    if (address != NULL) {
        kept = *address;
        *address = arena_text(c->call.arena, "");
    }
    const void *packed = message_pack(request, c->call.arena, &size);
    crypto_generichash(c->body_hash, sizeof c->body_hash, packed, size, NULL, 0);
    if (address != NULL)
        *address = kept;
}

static const char *idempotency_principal(struct service_call *c)
{
    const Common__Principal *caller = c->call.caller;
    const char *nonce = "";
    if (caller != NULL)
        return arena_printf(c->call.arena, "%s:%" PRId64,
                            caller->kind == COMMON__PRINCIPAL__KIND__STAFF ? "STAFF" : "MEMBER",
                            caller->account_id);
    if (!message_bind(c->call.request, "nonce", c->call.arena, &nonce) || nonce == NULL)
        nonce = "";
    return arena_printf(c->call.arena, "PUBLIC:%s", nonce);
}

static answer answer_request(struct service_call *c, const struct request *request)
{
    struct call *call = &c->call;
    int refused = refuse_caller(&c->op->access, call->caller, call->service_caller);
    if (refused != REASON_none)
        return call_fail(call, refused);

    ProtobufCMessage *message =
        message_unpack(c->method->input, request->payload, request->payload_size, call->arena);
    if (message == NULL)
        return call_fail(call, REASON_malformed);
    struct field_errors errors = {.arena = call->arena};
    message_check(message, &errors);
    if (errors.count > 0)
        return call_fail_fields(call, &errors);
    call->request = message;

    if (request->idempotency_key[0] != '\0') {
        call->idempotency_key = arena_text(call->arena, request->idempotency_key);
        c->idempotency_principal = idempotency_principal(c);
        hash_request(c, message);
    }
    return c->op->handler(call);
}

void service_dispatch(struct service_run *run, const struct request *request)
{
    struct service_call *c = call_new(run, request->deadline_ms);
    const char *method = method_short(request->method);

    c->call.request_id = arena_text(c->call.arena, request->request_id);
    c->call.service_caller = arena_text(c->call.arena, request->from);
    c->call.body = request->body;
    c->reply = request->reply;
    c->reply_to = request->reply_to;
    c->call.caller = request->caller;
    if (request->assertion_size > 0)
        c->call.caller = principals_verify(run->principals, request->assertion,
                                           request->assertion_size, clock_unix(), c->call.arena);
    c->op = op_find(run->service, method);
    c->method = contract_find(run->service, method);

    call_enter(c);
    if (c->op == NULL || c->method == NULL)
        call_fail(&c->call, REASON_malformed);
    else
        answer_request(c, request);
    call_leave(c);
}

/* ---- what handlers ask of the service */

struct loop *service_loop(struct service_run *run)
{
    return run->loop;
}

struct db *service_db(struct service_run *run)
{
    return run->db;
}

void service_set_state(struct service_run *run, void *state)
{
    run->state = state;
}

void *service_state(const struct service_run *run)
{
    return run->state;
}

void service_watch_files(struct service_run *run, const char *folder)
{
    run->files_disk.folder = folder;
}

void service_set_remark(struct service_run *run, const char *remark)
{
    run->remark = remark;
}

void service_revoke(struct service_run *run, const void *session_hash, int64_t account_id,
                    uint64_t revocation_seq)
{
    if (run->bus != NULL)
        bus_revoke(run->bus, session_hash, account_id, revocation_seq);
}

void service_set_revocation_seq(struct service_run *run, uint64_t revocation_seq)
{
    if (run->bus != NULL)
        bus_set_revocation_seq(run->bus, revocation_seq);
}

void service_ask(struct service_run *run, const char *service, const char *method,
                 const void *payload, size_t size, uint64_t timeout_ms, service_asked_fn *done,
                 void *owner)
{
    if (run->bus == NULL)
        done(owner, STATUS_UNAVAILABLE, NULL, 0);
    else
        bus_call(run->bus, service, method, payload, size, timeout_ms, done, owner);
}

struct call *service_job(struct service_run *run, uint64_t timeout_ms)
{
    return &call_new(run, clock_ms() + timeout_ms)->call;
}

/* ---- the tables agree, or the service does not start */

static _Noreturn void refuse_start(const char *what, const char *which)
{
    log_line(LOGGED_ERROR, "cannot start", "why='%s' which=%s", what, which);
    exit(1);
}

static void check_tables(const struct service *service)
{
    if (service->contract->n_methods > METHODS_MAX)
        refuse_start("more methods than this is made for", service->contract->name);
    for (unsigned i = 0; i < service->contract->n_methods; i++)
        if (op_find(service, service->contract->methods[i].name) == NULL)
            refuse_start("a method of the contract has no row", service->contract->methods[i].name);
    for (size_t n = 0; service->nouns[n] != NULL; n++)
        for (const struct op *op = service->nouns[n]; op->method != NULL; op++)
            if (contract_find(service, op->method) == NULL)
                refuse_start("a row has no method in the contract", op->method);
}

/* A service's statements and the common ones, as one list for the database. */
static const struct statement *const *all_statements(const struct service *service)
{
    static const struct statement *list[STATEMENTS_MAX + 1];
    size_t count = 0;
    for (size_t i = 0; common_statements[i] != NULL; i++)
        list[count++] = common_statements[i];
    for (size_t i = 0; service->statements[i] != NULL; i++) {
        if (count == STATEMENTS_MAX)
            refuse_start("more statements than this is made for", service->contract->name);
        list[count++] = service->statements[i];
    }
    list[count] = NULL;
    return list;
}

/* ---- the bus's side */

/* Which request of the bus an answer belongs to. */
struct ticket {
    struct service_run *run;
    uint64_t handle;
};

static void reply_to_bus(void *to, enum status status, const void *payload, size_t size)
{
    struct ticket *ticket = to;
    bus_reply(ticket->run->bus, ticket->handle, status, payload, size);
    free(ticket);
}

static void on_request(void *owner, const struct bus_request *request)
{
    struct service_run *run = owner;
    struct ticket *ticket = malloc(sizeof *ticket);
    if (ticket == NULL)
        abort();
    *ticket = (struct ticket){run, request->handle};
    service_dispatch(run, &(struct request){
                              .method = request->method,
                              .payload = request->payload,
                              .payload_size = request->payload_size,
                              .assertion = request->assertion,
                              .assertion_size = request->assertion_size,
                              .idempotency_key = request->idempotency_key,
                              .request_id = request->request_id,
                              .from = request->from,
                              .body = {request->body_fd, request->body_size},
                              .deadline_ms = request->deadline_ms,
                              .reply = reply_to_bus,
                              .reply_to = ticket,
    });
}

static size_t body_max(void *owner, const char *method)
{
    struct service_run *run = owner;
    const struct op *op = op_find(run->service, method_short(method));
    return op == NULL ? 0 : op->body_max;
}

static void outbox_to_bus(void *bus, const char *service, const char *method, const void *payload,
                          size_t size, uint64_t timeout_ms, bus_call_done_fn *done, void *owner)
{
    bus_call(bus, service, method, payload, size, timeout_ms, done, owner);
}

static struct bus *open_bus(struct service_run *run)
{
    const ProtobufCServiceDescriptor *contract = run->service->contract;
    static const char *methods[METHODS_MAX + 1];
    for (unsigned i = 0; i < contract->n_methods; i++)
        methods[i] = contract->methods[i].name;
    struct bus_settings settings = {.service = contract->package,
                                    .gateways = config_text("GUILD_GATEWAYS"),
                                    .methods = methods,
                                    .is_idempotent = method_only_reads,
                                    .body_max = body_max,
                                    .request = on_request,
                                    .owner = run};
    settings.keys = bus_keys_of_process(contract->package, config_text("GUILD_BUS_SECRET_FILE"),
                                        config_text("GUILD_BUS_KEYS_FILE"), &settings.pair);
    return bus_new(run->loop, &settings);
}

/* ---- health */

static bool can_answer(struct service_run *run)
{
    return !run->draining && db_is_ready(run->db) &&
           (run->service->is_ready == NULL || run->service->is_ready(run));
}

static bool is_ready(void *owner)
{
    struct service_run *run = owner;
    return can_answer(run) && run->bus != NULL && bus_is_ready(run->bus);
}

static void look_at_disks(void *owner)
{
    struct service_run *run = owner;
    disk_look(&run->database_disk);
    disk_look(&run->files_disk);
}

/* A disk that fills up is said, and so is what the service remarks; it changes nothing: it is the same for all instances, and
   reads go on. */
static void describe(void *owner, char *out, size_t size)
{
    struct service_run *run = owner;
    look_at_disks(run);
    disk_words(&run->database_disk, out, size);
    size_t used = strlen(out);
    disk_words(&run->files_disk, out + used, size - used);
    used = strlen(out);
    if (run->remark != NULL)
        snprintf(out + used, size - used, "%s\n", run->remark);
}

static void refresh_metrics(void *owner)
{
    struct service_run *run = owner;
    look_at_disks(run);
    metrics_gauge("guild_calls_in_flight", "Calls being answered.", "", (double)run->calls);
    metrics_gauge("guild_database_batches", "Batches sent or waiting.", "",
                  (double)db_load(run->db));
    metrics_gauge("guild_ready", "1 when the service can answer.", "", is_ready(run) ? 1 : 0);
}

struct admin *service_admin(struct service_run *run)
{
    return admin_new(run->loop, config_text("GUILD_ADMIN"), is_ready, describe, refresh_metrics,
                     run);
}

/* ---- beginning and end */

static void on_drained(void *owner)
{
    struct service_run *run = owner;
    loop_stop(run->loop);
}

static struct {
    int fd;
    struct service_run *run;
} signals;

static void on_signal(void *owner)
{
    struct service_run *run = owner;
    struct signalfd_siginfo info;
    if (read(signals.fd, &info, sizeof info) != sizeof info)
        return;
    if (run->draining)
        _exit(1); /* asked twice: at once */
    run->draining = true;
    log_line(LOGGED_INFO, "draining", "calls=%zu", run->calls);
    if (run->bus == NULL)
        loop_stop(run->loop);
    else
        bus_drain(run->bus, on_drained, run);
}

/* Blocked before the first thread exists, so that no thread of a library ever takes one. */
static void block_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static enum log_level log_level_set(void)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    const char *name = config_text("GUILD_LOG_LEVEL");
    for (int i = 0; i < 4; i++)
        if (strcmp(name, names[i]) == 0)
            return (enum log_level)i;
    fprintf(stderr, "GUILD_LOG_LEVEL must be debug, info, warning or error: %s\n", name);
    exit(2);
}

static struct principals *open_principals(void)
{
    unsigned char key[crypto_sign_PUBLICKEYBYTES];
    if (!secret_load_public_hex(config_text("GUILD_PRINCIPAL_PUBLIC_KEY_FILE"), key, sizeof key)) {
        fprintf(stderr, "GUILD_PRINCIPAL_PUBLIC_KEY_FILE holds no public key\n");
        exit(2);
    }
    return principals_new(key);
}

void service_begin(struct service_run *run, const struct service *service, int argc, char **argv)
{
    static const struct setting *tables[] = {settings_common, NULL, NULL}; /* config keeps it */
    tables[1] = service->settings;
    config_load(argc, argv, service->about, tables);
    log_start(service->contract->package, config_text("GUILD_INSTANCE"), log_level_set());
    check_tables(service);
    if (sodium_init() < 0)
        abort();
    zsys_handler_set(NULL);
    *run = (struct service_run){
        .service = service,
        .loop = loop_new(),
        .database_disk = {.volume = "database", .folder = config_text("GUILD_DISK_FOLDER")},
        .files_disk = {.volume = "files",    .folder = ""                              },
    };
    run->principals = open_principals();
    run->db = db_new(run->loop, config_text("GUILD_DATABASE"), all_statements(service), READS,
                     WRITES, SPARE_WRITES);
    if (config_is_production())
        db_require_durable(run->db);
    if (service->start != NULL)
        service->start(run);
    loop_add_timer(run->loop, DISKS_LOOK_MS, look_at_disks, run);
}

void service_end(struct service_run *run)
{
    if (run->service->stop != NULL)
        run->service->stop(run);
    db_destroy(&run->db); /* calls under way end, while there is a bus to answer by */
    bus_destroy(&run->bus);
    principals_destroy(&run->principals);
    loop_destroy(&run->loop);
}

/* Who is not able to answer yet asks for no work: an instance that is added or restarted costs nobody an error. */
static void join_when_able(void *owner)
{
    struct service_run *run = owner;
    if (!can_answer(run))
        return;
    loop_remove_timer(run->loop, run->joining);
    run->bus = open_bus(run);
    if (run->service->subscriptions != NULL)
        run->outbox = outbox_new(run, run->service->subscriptions, outbox_to_bus, run->bus);
    upkeep_start(run);
    log_line(LOGGED_INFO, "on the bus", "pid=%d", (int)getpid());
}

int service_main(const struct service *service, int argc, char **argv)
{
    struct service_run run;
    block_signals();
    service_begin(&run, service, argc, argv);
    run.joining = loop_add_timer(run.loop, JOIN_MS, join_when_able, &run);
    struct admin *admin = service_admin(&run);
    loop_add_fd(run.loop, signals.fd, on_signal, NULL, &run);
    log_line(LOGGED_INFO, "started", "pid=%d", (int)getpid());
    log_hold(run.loop);

    loop_run(run.loop);

    admin_destroy(&admin);
    outbox_destroy(&run.outbox);
    service_end(&run);
    log_line(LOGGED_INFO, "stopped", "pid=%d", (int)getpid());
    return 0;
}
