/* guild-gateway: the public door.

   What it does   terminates HTTP, serves the built web pages, turns JSON into messages and back, knows the routes
                  (routes.c), forwards over the bus to the services that dialled in, streams files.
   Has not        a database, Redis, a business rule, a key that signs: the public process is the poorest one.
   Settings       below; `--openapi` prints the API's document and ends.
   TLS            is a proxy's in front of it (GUILD_TRUST_PROXY=1 then believes X-Forwarded-For and -Proto).
   SIGTERM        /readyz answers 503 and every answer closes its connection, for GUILD_DRAIN_MS, in which a balancer finds
                  others; when the requests under way are answered (it waits ten seconds at most), it ends. A second one
                  ends it at once.
   A service that is away is answered 503 with Retry-After by its own queue; the others notice nothing. */
#include "clock.h"
#include "config.h"
#include "http.h"
#include "log.h"
#include <czmq.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    DRAIN_MOST_MS = 10000, /* for what is under way: no write takes longer, an upload may */
    DRAIN_LOOK_MS = 10,
};

static const struct setting gateway_settings[] = {
    {"GUILD_HTTP",                  SETTING_TEXT,    "127.0.0.1:8080",                          "address and port that HTTP is listened at"               },
    {"GUILD_HTTP_THREADS",          SETTING_INTEGER, "192",                                     "connections answered at a time"                          },
    {"GUILD_BUS",                   SETTING_TEXT,    NULL,                                      "where services dial in: ipc://path or tcp://address:port"},
    {"GUILD_BUS_SECRET_FILE",       SETTING_FILE,    NULL,                                      "this program's secret key on the bus"                    },
    {"GUILD_BUS_KEYS_FILE",         SETTING_FILE,    NULL,
     "list of the public keys of all who may speak on the bus"                                                                                            },
    {"GUILD_SERVICES",              SETTING_TEXT,    "auth,certification,payment,notification",
     "services that /readyz asks for"                                                                                                                     },
    {"GUILD_WEB_ROOT",              SETTING_TEXT,    "",                                        "folder of the built web pages"                           },
    {"GUILD_DRAIN_MS",              SETTING_INTEGER, "3000",
     "how long it goes on after SIGTERM, until a balancer has noticed /readyz"                                                                            },
    {"GUILD_CERTIFICATE_KEYS_FILE", SETTING_TEXT,    "",
     "list of the public keys of membership certificates, printed into the page that verifies "
     "them"                                                                                                                                               },
    {"GUILD_REQUESTS_PER_ADDRESS",  SETTING_INTEGER, "50",
     "requests a second of one address, in bursts of four seconds; 0: any number"                                                                         },
    {"GUILD_TRUST_PROXY",           SETTING_INTEGER, "0",
     "1: a proxy in front sets X-Forwarded-For and -Proto"                                                                                                },
    {"GUILD_ADMIN",                 SETTING_TEXT,    "",
     "admin HTTP (/healthz /readyz /metrics): socket path or host:port"                                                                                   },
    {"GUILD_LOG_LEVEL",             SETTING_TEXT,    "info",                                    "debug, info, warning or error"                           },
    {"GUILD_INSTANCE",              SETTING_TEXT,    "1",                                       "this instance's name in log lines"                       },
    {"GUILD_ENVIRONMENT",           SETTING_TEXT,    "production",                              "development or production"                               },
    SETTINGS_END,
};

static const char about[] =
    "guild-gateway: the public door, HTTP on one side, the bus on the other.";

static enum log_level log_level_set(void)
{
    const char *name = config_text("GUILD_LOG_LEVEL");
    return strcmp(name, "debug") == 0     ? LOGGED_DEBUG
           : strcmp(name, "warning") == 0 ? LOGGED_WARNING
           : strcmp(name, "error") == 0   ? LOGGED_ERROR
                                          : LOGGED_INFO;
}

static int say_nothing(const struct mg_connection *conn, const char *message)
{
    (void)conn;
    log_line(LOGGED_DEBUG, "civetweb", "said='%s'", message);
    return 1;
}

/* Without a handler of its own, civetweb looks for /.htpasswd at each request. Who may do what, routes and services say. */
static int let_in(struct mg_connection *conn, void *nothing)
{
    (void)conn;
    (void)nothing;
    return 1;
}

static struct bus *start_bus(void)
{
    struct bus_settings settings = {.address = config_text("GUILD_BUS"),
                                    .admin = config_text("GUILD_ADMIN"),
                                    .listener = login_listener()};
    settings.keys = bus_keys_of_process(BUS_GATEWAY, config_text("GUILD_BUS_SECRET_FILE"),
                                        config_text("GUILD_BUS_KEYS_FILE"), &settings.pair);
    return bus_start(&settings);
}

static struct guard *start_guard(const struct mg_context *context, bool trust_proxy)
{
    struct mg_server_port port;
    if (mg_get_server_ports(context, 1, &port) != 1)
        abort();
    return guard_start((uint16_t)port.port, (size_t)config_integer("GUILD_HTTP_THREADS"),
                       trust_proxy);
}

static struct mg_context *start_http(struct gateway *gateway)
{
    const char *options[] = {"listening_ports",
                             config_text("GUILD_HTTP"),
                             "num_threads",
                             config_text("GUILD_HTTP_THREADS"),
                             "connection_queue",
                             "128",
                             "listen_backlog",
                             "512",
                             "request_timeout_ms",
                             "5000",
                             "enable_keep_alive",
                             "yes",
                             "keep_alive_timeout_ms",
                             "2000",
                             "tcp_nodelay",
                             "1",
                             "max_request_size",
                             "16384",
                             "decode_url", /* match.c does, and finds what hides in it */
                             "no",
                             "enable_directory_listing",
                             "no",
                             "access_control_allow_origin",
                             "",
                             "cgi_pattern",
                             "",
                             NULL};
    struct mg_callbacks callbacks = {.log_message = say_nothing,
                                     .http_error = http_unreadable,
                                     .init_connection = http_opened,
                                     .connection_closed = http_closed};
    mg_init_library(0);
    struct mg_context *context = mg_start(&callbacks, gateway, options);
    if (context == NULL) {
        fprintf(stderr, "GUILD_HTTP cannot be listened at: %s\n", config_text("GUILD_HTTP"));
        exit(2);
    }
    gateway->guard = start_guard(context, gateway->trust_proxy);
    mg_set_request_handler(context, "/", http_handle, gateway);
    mg_set_auth_handler(context, "/", let_in, NULL);
    return context;
}

/* civetweb's own end cuts off what is still being read: nothing may be under way then. */
static void drain(struct gateway *gateway)
{
    gateway->draining = true;
    bus_drains(gateway->bus);
    usleep((useconds_t)config_integer("GUILD_DRAIN_MS") * 1000);
    uint64_t end = clock_ms() + DRAIN_MOST_MS;
    while (atomic_load(&gateway->running) > 0 && clock_ms() < end)
        usleep(DRAIN_LOOK_MS * 1000);
    if (atomic_load(&gateway->running) > 0)
        log_line(LOGGED_WARNING, "requests are cut off", "running=%u",
                 atomic_load(&gateway->running));
}

/* The keys of the list (`certificate HEX`, a line each), apart by blanks; it lives as long as the process. */
static const char *certificate_keys(const char *path)
{
    enum { KEYS_MAX = 64, HEX = 64 };
    static char keys[KEYS_MAX * (HEX + 1) + 1];
    char line[128], hex[HEX + 1];
    size_t size = 0;
    if (path[0] == '\0')
        return keys;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        fprintf(stderr, "GUILD_CERTIFICATE_KEYS_FILE cannot be read: %s\n", path);
        exit(2);
    }
    while (size < sizeof keys - 1 && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "certificate %64[0-9a-f]", hex) == 1 && strlen(hex) == HEX)
            size += (size_t)snprintf(keys + size, sizeof keys - size, "%s ", hex);
    fclose(file);
    return keys;
}

int main(int argc, char **argv)
{
    static const struct setting *const tables[] = {gateway_settings, NULL};
    static struct gateway gateway;
    sigset_t set;
    int signal_number;

    if (argc == 2 && strcmp(argv[1], "--openapi") == 0) {
        char *document = openapi_document();
        puts(document);
        free(document);
        return 0;
    }
    config_load(argc, argv, about, tables);
    log_start("gateway", config_text("GUILD_INSTANCE"), log_level_set());
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL); /* before the first thread */
    signal(SIGPIPE, SIG_IGN);
    if (sodium_init() < 0)
        return 1;
    zsys_handler_set(NULL);

    gateway.services = config_text("GUILD_SERVICES");
    gateway.trust_proxy = config_integer("GUILD_TRUST_PROXY") == 1;
    gateway.threads = (size_t)config_integer("GUILD_HTTP_THREADS");
    pages_load(config_text("GUILD_WEB_ROOT"),
               certificate_keys(config_text("GUILD_CERTIFICATE_KEYS_FILE")));
    gateway.limit = limit_new((uint32_t)config_integer("GUILD_REQUESTS_PER_ADDRESS"));
    gateway.bus = start_bus();
    struct mg_context *http = start_http(&gateway);
    log_line(LOGGED_INFO, "started", "pid=%d", (int)getpid());

    sigwait(&set, &signal_number);
    sigprocmask(SIG_UNBLOCK, &set, NULL); /* a second one ends it at once */
    signal(SIGTERM, SIG_DFL);
    log_line(LOGGED_INFO, "draining", "signal=%d", signal_number);
    drain(&gateway);
    mg_stop(http);
    guard_stop(&gateway.guard);
    bus_stop(&gateway.bus);
    limit_destroy(&gateway.limit);
    log_line(LOGGED_INFO, "stopped", "pid=%d", (int)getpid());
    return 0;
}
