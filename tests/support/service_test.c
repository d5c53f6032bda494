#include "service_test.h"
#include "json.h"

#include "admin.h"
#include "clock.h"
#include "lossy.h"
#include "secret.h"
#include <dirent.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct {
    struct service_run run;
    struct arena *arena;
    PGconn *pg;
    char server[512], name[64], folder[64];
    bool lossy;
    struct call_body body; /* of the next call */
} test;

/* ---- the database */

void service_test_sql(const char *text)
{
    PGresult *result = PQexec(test.pg, text);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fail_msg("%.200s: %s", text, PQerrorMessage(test.pg));
    PQclear(result);
}

static void connect_to(const char *database)
{
    PQfinish(test.pg);
    test.pg = PQconnectdb(arena_printf(test.arena, "%s dbname=%s", test.server, database));
    if (PQstatus(test.pg) != CONNECTION_OK)
        fail_msg("GUILD_TEST_DATABASE: %s", PQerrorMessage(test.pg));
}

static void run_file(const char *path)
{
    static char text[256 * 1024];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    service_test_sql(text);
}

static void run_folder(const char *folder)
{
    struct dirent **files = NULL;
    int count = scandir(folder, &files, NULL, alphasort);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        if (strstr(files[i]->d_name, ".sql") != NULL)
            run_file(arena_printf(test.arena, "%s/%s", folder, files[i]->d_name));
        free(files[i]);
    }
    free(files);
}

static void create_database(const char *schema)
{
    const char *server = getenv("GUILD_TEST_DATABASE");
    if (server == NULL)
        fail_msg("GUILD_TEST_DATABASE is not set: run it by tests/run");
    snprintf(test.server, sizeof test.server, "%s", server);
    snprintf(test.name, sizeof test.name, "test_%s_%d", schema, (int)getpid());
    connect_to("postgres");
    service_test_sql(arena_printf(test.arena, "CREATE DATABASE %s TEMPLATE template0", test.name));
    connect_to(test.name);
    service_test_sql(arena_printf(
        test.arena, "CREATE SCHEMA %s; SET search_path = %s; SET TimeZone = 'Asia/Shanghai'",
        schema, schema));
    run_folder("common/schema");
    run_folder(arena_printf(test.arena, "services/%s/schema", schema));
}

/* ---- keys and settings */

static void write_key(const char *setting, const char *name, const char *text)
{
    const char *path = arena_printf(test.arena, "%s/%s", test.folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    setenv(setting, path, 1);
}

static void create_keys(void)
{
    unsigned char public_key[crypto_sign_PUBLICKEYBYTES], secret_key[crypto_sign_SECRETKEYBYTES];
    char hex[2 * sizeof secret_key + 1];
    strcpy(test.folder, "/tmp/guild-test-XXXXXX");
    assert_non_null(mkdtemp(test.folder));
    crypto_sign_keypair(public_key, secret_key);
    write_key("GUILD_PRINCIPAL_PUBLIC_KEY_FILE", "public",
              sodium_bin2hex(hex, sizeof hex, public_key, sizeof public_key));
    write_key("GUILD_PRINCIPAL_SECRET_KEY_FILE", "secret",
              sodium_bin2hex(hex, sizeof hex, secret_key, sizeof secret_key));
    write_key("GUILD_CERTIFICATE_KEY_FILE", "certificate",
              sodium_bin2hex(hex, sizeof hex, secret_key, sizeof secret_key));
    char secret[65];
    secret_random_hex(secret, 32);
    write_key("GUILD_BUS_SECRET_FILE", "bus-secret", secret);
    write_key("GUILD_BUS_KEYS_FILE", "bus.keys", "");
    static const char *const rings[] = {"GUILD_EVENT_KEY_FILE", "GUILD_PEPPER_KEY_FILE",
                                        "GUILD_FIELD_KEY_FILE"};
    for (size_t i = 0; i < sizeof rings / sizeof rings[0]; i++) {
        char key[65];
        secret_random_hex(key, 32);
        write_key(rings[i], rings[i], arena_printf(test.arena, "1:%s\n", key));
    }
}

/* Only settings that the service knows may be set: the others go. */
static void keep_known_settings(const struct service *service)
{
    static const char *const optional[] = {"GUILD_PRINCIPAL_SECRET_KEY_FILE",
                                           "GUILD_PEPPER_KEY_FILE",
                                           "GUILD_FIELD_KEY_FILE",
                                           "GUILD_BLOB_FOLDER",
                                           "GUILD_IMAGE_PROGRAM",
                                           "GUILD_CERTIFICATE_KEY_FILE",
                                           "GUILD_REDIS",
                                           "GUILD_ARGON2_MIB"};
    for (size_t i = 0; i < sizeof optional / sizeof optional[0]; i++) {
        bool known = false;
        for (const struct setting *s = service->settings; s != NULL && s->name != NULL; s++)
            known |= strcmp(s->name, optional[i]) == 0;
        if (!known)
            unsetenv(optional[i]);
    }
    unsetenv("GUILD_TEST_DATABASE");
    unsetenv("GUILD_TEST_REDIS");
    unsetenv("GUILD_TEST_LONG");
    unsetenv("GUILD_TEST_CLUSTER");
}

static void wait_until_ready(void *owner)
{
    struct service_run *run = owner;
    if (db_is_ready(run->db) && (run->service->is_ready == NULL || run->service->is_ready(run)))
        loop_stop(run->loop);
}

void service_test_until_ready(void)
{
    int timer = loop_add_timer(test.run.loop, 10, wait_until_ready, &test.run);
    loop_run(test.run.loop);
    loop_remove_timer(test.run.loop, timer);
}

void service_test_be_lossy(void)
{
    test.lossy = true;
}

static const char *host(void)
{
    if (!test.lossy)
        return PQhost(test.pg);
    lossy_open(PQhost(test.pg), PQport(test.pg), test.folder);
    return test.folder;
}

void service_test_open(const struct service *service)
{
    char *argv[] = {(char *)(uintptr_t)service->contract->package, NULL};
    assert_true(sodium_init() >= 0);
    test.arena = arena_new(0);
    create_database(service->contract->package);
    create_keys();
    setenv("GUILD_GATEWAYS", "ipc:///nowhere", 1);
    setenv("GUILD_DATABASE",
           arena_printf(test.arena, "%s dbname=%s host=%s options=-csearch_path=%s", test.server,
                        test.name, host(), service->contract->package),
           1);
    setenv("GUILD_ENVIRONMENT", "development", 1);
    setenv("GUILD_LOG_LEVEL", "error", 1);
    setenv("GUILD_BLOB_FOLDER", arena_printf(test.arena, "%s/blobs", test.folder), 0);
    setenv("GUILD_IMAGE_PROGRAM", "/bin/true", 1);
    setenv("GUILD_ARGON2_MIB", "1", 1);
    if (getenv("GUILD_TEST_REDIS") != NULL)
        setenv("GUILD_REDIS", getenv("GUILD_TEST_REDIS"), 1);
    keep_known_settings(service);
    service_begin(&test.run, service, 1, argv);
    service_test_until_ready();
}

struct service_run *service_test_run(void)
{
    return &test.run;
}

void service_test_close(void)
{
    if (test.run.service == NULL)
        return; /* it was never open */
    service_end(&test.run);
    lossy_close();
    connect_to("postgres");
    service_test_sql(arena_printf(test.arena, "DROP DATABASE %s WITH (FORCE)", test.name));
    PQfinish(test.pg);
    test.pg = NULL;
    if (system(arena_printf(test.arena, "rm -r %s", test.folder)) != 0)
        fail_msg("%s stays behind", test.folder);
    arena_destroy(&test.arena);
}

/* ---- waiting for what the service does by itself */

struct condition {
    const char *query;
    uint64_t until_ms;
};

static void look_at(void *owner)
{
    const struct condition *condition = owner;
    if (strcmp(service_test_value("%s", condition->query), "t") == 0)
        loop_stop(test.run.loop);
    else if (clock_ms() > condition->until_ms)
        fail_msg("not within 10 s: %s", condition->query);
}

void service_test_until(const char *query)
{
    struct condition condition = {query, clock_ms() + 10000};
    int timer = loop_add_timer(test.run.loop, 5, look_at, &condition);
    loop_run(test.run.loop);
    loop_remove_timer(test.run.loop, timer);
}

/* ---- calling */

static Common__Principal principal_of(Common__Principal__Kind kind, int64_t account_id)
{
    static uint8_t session[32];
    Common__Principal principal = COMMON__PRINCIPAL__INIT;
    principal.kind = kind;
    principal.account_id = account_id;
    principal.session_hash.data = session;
    principal.session_hash.len = sizeof session;
    return principal;
}

Common__Principal service_test_member(int64_t account_id)
{
    return principal_of(COMMON__PRINCIPAL__KIND__MEMBER, account_id);
}

Common__Principal service_test_staff(int64_t account_id, const char *permissions)
{
    Common__Principal principal = principal_of(COMMON__PRINCIPAL__KIND__STAFF, account_id);
    char *rest = NULL, *copy = arena_text(test.arena, permissions == NULL ? "" : permissions);
    principal.permissions = arena_alloc(test.arena, (strlen(copy) + 1) * sizeof(char *));
    for (char *one = strtok_r(copy, " ", &rest); one != NULL; one = strtok_r(NULL, " ", &rest))
        principal.permissions[principal.n_permissions++] = one;
    principal.display_name = arena_printf(test.arena, "审核员%lld", (long long)account_id);
    return principal;
}

struct answer_kept {
    enum status status;
    void *payload;
    size_t size;
};

static void on_answer(void *to, enum status status, const void *payload, size_t size)
{
    struct answer_kept *kept = to;
    *kept = (struct answer_kept){status, arena_copy(test.arena, payload, size), size};
    loop_stop(test.run.loop);
}

/* Takes the body that waits for a call. */
static void begin(uint64_t timeout_ms, const Common__Principal *caller, const char *from,
                  const char *method, const ProtobufCMessage *request, const char *key,
                  reply_fn *reply, void *reply_to)
{
    struct call_body body = test.body.size > 0 ? test.body : (struct call_body){-1, 0};
    size_t size;
    test.body = (struct call_body){-1, 0};
    const void *payload = message_pack(request, test.arena, &size);
    service_dispatch(&test.run, &(struct request){.method = method,
                                                  .payload = payload,
                                                  .payload_size = size,
                                                  .caller = caller,
                                                  .idempotency_key = key,
                                                  .request_id = "test",
                                                  .from = from,
                                                  .body = body,
                                                  .deadline_ms = clock_ms() + timeout_ms,
                                                  .reply = reply,
                                                  .reply_to = reply_to});
}

void service_test_begin(const Common__Principal *caller, const char *method,
                        const ProtobufCMessage *request, const char *key, reply_fn *reply,
                        void *reply_to)
{
    begin(60000, caller, "gateway", method, request, key, reply, reply_to);
}

enum status service_test_call_for(uint64_t timeout_ms, const Common__Principal *caller,
                                  const char *from, const char *method,
                                  const ProtobufCMessage *request, const char *key,
                                  ProtobufCMessage **ret_message)
{
    struct answer_kept kept = {.payload = NULL};
    begin(timeout_ms, caller, from, method, request, key, on_answer, &kept);
    if (kept.payload == NULL)
        loop_run(test.run.loop);
    const ProtobufCMessageDescriptor *type = &common__problem__descriptor;
    if (kept.status == STATUS_OK)
        type = protobuf_c_service_descriptor_get_method_by_name(test.run.service->contract, method)
                   ->output;
    *ret_message = message_unpack(type, kept.payload, kept.size, test.arena);
    assert_non_null(*ret_message);
    return kept.status;
}

enum status service_test_call(const Common__Principal *caller, const char *from, const char *method,
                              const ProtobufCMessage *request, const char *key,
                              ProtobufCMessage **ret_message)
{
    return service_test_call_for(10000, caller, from, method, request, key, ret_message);
}

const char *service_test_reason(const Common__Principal *caller, const char *method,
                                const ProtobufCMessage *request)
{
    ProtobufCMessage *message;
    if (service_test_call(caller, "gateway", method, request, "", &message) == STATUS_OK)
        return "";
    return ((const Common__Problem *)message)->reason;
}

void service_test_body(const void *data, size_t size)
{
    int fd = memfd_create("body", MFD_CLOEXEC);
    assert_int_equal(write(fd, data, size), size);
    test.body = (struct call_body){fd, size};
}

const ProtobufCMessage *service_test_request(const char *method, const char *json)
{
    const ProtobufCMethodDescriptor *of =
        protobuf_c_service_descriptor_get_method_by_name(test.run.service->contract, method);
    struct field_errors errors = {.arena = test.arena};
    ProtobufCMessage *message = message_new(of->input, test.arena);
    assert_true(json_read(json, strlen(json), message, &errors));
    assert_int_equal(errors.count, 0);
    return message;
}

const char *service_test_json(const Common__Principal *caller, const char *method, const char *key,
                              const char *request)
{
    ProtobufCMessage *reply;
    size_t size;
    service_test_call(caller, "gateway", method, service_test_request(method, request), key,
                      &reply);
    return json_write(reply, test.arena, &size);
}

static void count_one(void *count, const char *id)
{
    (void)id;
    ++*(int *)count;
}

int service_test_blobs(struct blob_store *store)
{
    int count = 0;
    assert_int_equal(blob_list(store, -5, count_one, &count), STATUS_OK);
    return count;
}

const char *service_test_ask(const char *target)
{
    static char text[64 * 1024];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct admin *admin = service_admin(&test.run);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), size;
    snprintf(address.sun_path, sizeof address.sun_path, "%s", getenv("GUILD_ADMIN"));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    size = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n\r\n", target);
    assert_int_equal(send(fd, text, (size_t)size, 0), size);
    shutdown(fd, SHUT_WR);
    size_t got = 0;
    ssize_t some = -1;
    for (int tries = 0; some != 0 && tries < 1000;
         tries++) { /* the service answers while it is let */
        service_test_until("SELECT true");
        some = recv(fd, text + got, sizeof text - 1 - got, MSG_DONTWAIT);
        got += some > 0 ? (size_t)some : 0;
    }
    assert_true(some == 0 && got > 0);
    text[got] = '\0';
    close(fd);
    admin_destroy(&admin);
    return text;
}

const char *service_test_value(const char *format, ...)
{
    char query[2048];
    va_list values;
    va_start(values, format);
    int length = vsnprintf(query, sizeof query, format, values);
    va_end(values);
    assert_in_range(length, 1, sizeof query - 1);
    PGresult *result = PQexec(test.pg, query);
    if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) == 0)
        fail_msg("%s: %s", query, PQerrorMessage(test.pg));
    const char *value = arena_text(test.arena, PQgetvalue(result, 0, 0));
    PQclear(result);
    return value;
}

void service_test_says(const char *told, const char *part, bool wanted, const char *file, int line)
{
    if ((strstr(told, part) != NULL) == wanted)
        return;
    print_error("%s says %s of %s\n", told, wanted ? "nothing" : "something", part);
    _fail(file, line);
}
