/* The built web as it is served: codings, tags, the applications' own addresses, nothing from outside its folder, and no
   more to one address than it may have.
   A real civetweb on a loopback port answers; the requests are written byte by byte. */
#include "http.h"
#include "log.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ANSWER_MAX = 8192 };

static char folder[] = "/tmp/guild-pages-XXXXXX";
static struct gateway gateway = {.services = ""};
static struct mg_context *server;
static int port;
static char answer[ANSWER_MAX + 1];

/* ---- a visit */

static int connect_here(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

/* The answer's status; the whole of it is in `answer`. `lines`: further header lines. */
static int visit(const char *verb, const char *target, const char *lines)
{
    char request[4096];
    size_t got = 0;
    ssize_t more;
    int fd = connect_here();
    int size = snprintf(request, sizeof request,
                        "%s %s HTTP/1.1\r\nHost: here\r\nConnection: close\r\n%s\r\n", verb, target,
                        lines);
    assert_int_equal(write(fd, request, (size_t)size), size);
    while (got < ANSWER_MAX && (more = read(fd, answer + got, ANSWER_MAX - got)) > 0)
        got += (size_t)more;
    close(fd);
    answer[got] = '\0';
    assert_int_equal(strncmp(answer, "HTTP/1.1 ", 9), 0);
    return (int)strtol(answer + 9, NULL, 10);
}

static const char *body(void)
{
    const char *end = strstr(answer, "\r\n\r\n");
    assert_non_null(end);
    return end + 4;
}

/* A header's value, or "". */
static const char *header(const char *name)
{
    static char value[256];
    char start[64];
    snprintf(start, sizeof start, "\r\n%s: ", name);
    const char *line = strstr(answer, start);
    value[0] = '\0';
    if (line != NULL && line < body())
        snprintf(value, sizeof value, "%.*s", (int)strcspn(line + strlen(start), "\r"),
                 line + strlen(start));
    return value;
}

static int get(const char *target)
{
    return visit("GET", target, "");
}

/* ---- */

static void test_pages_have_types_and_shields(void **state)
{
    static const char *const cases[][3] = {
        {"/",                    "text/html; charset=utf-8", "home"   },
        {"/index.html",          "text/html; charset=utf-8", "home"   },
        {"/fees",                "text/html; charset=utf-8", "fees"   },
        {"/assets/site-abc.css", "text/css; charset=utf-8",  "style"  },
        {"/data.unknown",        "application/octet-stream", "unknown"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(get(cases[i][0]), 200);
        assert_string_equal(header("Content-Type"), cases[i][1]);
        assert_string_equal(body(), cases[i][2]);
        assert_string_equal(header("X-Content-Type-Options"), "nosniff");
        assert_non_null(strstr(header("Content-Security-Policy"), "default-src 'self'"));
        assert_int_equal(strlen(header("X-Request-Id")), 32);
    }
}

static void test_only_names_with_a_hash_are_kept_for_ever(void **state)
{
    (void)state;
    get("/");
    assert_string_equal(header("Cache-Control"), "no-cache");
    get("/assets/site-abc.css");
    assert_non_null(strstr(header("Cache-Control"), "immutable"));
}

static void test_codings(void **state)
{
    static const char *const cases[][2] = {
        {"",                                         ""    },
        {"Accept-Encoding: gzip, deflate, br\r\n",   "br"  },
        {"Accept-Encoding: gzip\r\n",                "gzip"},
        {"Accept-Encoding: GZIP\r\n",                "gzip"},
        {"Accept-Encoding: br;q=0.5, gzip\r\n",      "br"  },
        {"Accept-Encoding: br;q=0, gzip;q=0.1\r\n",  "gzip"},
        {"Accept-Encoding: br ; q=0.000, gzip\r\n",  "gzip"},
        {"Accept-Encoding: gzip; q=0,br;q=0\r\n",    ""    },
        {"Accept-Encoding: abr, brx, x-gzip\r\n",    ""    },
        {"Accept-Encoding: identity;q=1, *;q=0\r\n", ""    },
        {"Accept-Encoding: ,,;=,q=,br;q=,gzip;\r\n", "gzip"},
        {"Accept-Encoding:\r\n",                     ""    },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(visit("GET", "/", cases[i][0]), 200);
        assert_string_equal(header("Content-Encoding"), cases[i][1]);
        assert_string_equal(header("Vary"), "Accept-Encoding");
        assert_string_equal(body(), cases[i][1][0] == 'b'   ? "as brotli"
                                    : cases[i][1][0] == 'g' ? "as gzip"
                                                            : "home");
    }
    visit("GET", "/fees", "Accept-Encoding: br, gzip\r\n"); /* has no other form */
    assert_string_equal(header("Content-Encoding"), "");
    assert_string_equal(body(), "fees");
}

/* The tag is of the content in any coding; a 304 has no body, and says of the size what a 200 would. */
static void test_what_the_browser_has_already(void **state)
{
    char tag[64], lines[160];
    (void)state;
    get("/");
    snprintf(tag, sizeof tag, "%s", header("ETag"));
    for (int i = 0; i < 3; i++) {
        snprintf(lines, sizeof lines, "If-None-Match: %s%s\r\n", i == 1 ? "\"other\", " : "",
                 i == 2 ? "*" : tag);
        assert_int_equal(visit("GET", "/", lines), 304);
        assert_string_equal(body(), "");
        assert_string_equal(header("Content-Length"), "4");
        assert_string_equal(header("ETag"), tag);
        assert_string_equal(header("Vary"), "Accept-Encoding");
    }
    assert_int_equal(visit("GET", "/", "If-None-Match: \"other\"\r\n"), 200);
    snprintf(lines, sizeof lines, "If-None-Match: %s\r\n", tag);
    assert_int_equal(visit("GET", "/fees", lines), 200);
    assert_string_not_equal(header("ETag"), tag);
}

/* The page that verifies certificates comes with the keys; what was packed before it knew them is not sent. */
static void test_keys_are_printed_into_their_page(void **state)
{
    (void)state;
    assert_int_equal(visit("GET", "/verify", "Accept-Encoding: br, gzip\r\n"), 200);
    assert_string_equal(body(), "<main data-keys=\"aa bb\"></main>");
    assert_string_equal(header("Content-Encoding"), "");
}

static void test_head_is_get_without_the_body(void **state)
{
    (void)state;
    assert_int_equal(visit("HEAD", "/", ""), 200);
    assert_string_equal(body(), "");
    assert_string_equal(header("Content-Length"), "4");
    assert_int_equal(visit("HEAD", "/gone", ""), 404);
    assert_string_equal(body(), "");
    assert_int_equal(visit("PUT", "/", "X-Guild-Request: 1\r\nContent-Length: 0\r\n"), 405);
    assert_string_equal(header("Allow"), "GET, HEAD");
}

/* What an application shows at an address is its own affair; a file that is missing is missing. */
static void test_addresses_of_the_applications(void **state)
{
    (void)state;
    assert_int_equal(get("/app/"), 200);
    assert_string_equal(body(), "application");
    assert_int_equal(get("/app/identities/OWNER_UNIT"), 200);
    assert_string_equal(body(), "application");
    assert_int_equal(get("/console/reviews/7?state=waiting"), 200);
    assert_string_equal(body(), "console");
    assert_int_equal(get("/app/assets/gone.js"), 404);
    assert_int_equal(get("/application"), 404);
    assert_int_equal(get("/app"), 308);
    assert_string_equal(header("Location"), "/app/");
    assert_int_equal(get("/gone/"), 404);
    assert_string_equal(body(), "lost");
}

/* Nothing but the folder's own files is known: no links, no hidden files, no second forms by their names. */
static void test_nothing_from_outside(void **state)
{
    static const char *const targets[] = {"/link.txt",
                                          "/linked/passwd",
                                          "/fifo.txt",
                                          "/.hidden.html",
                                          "/.hidden",
                                          "/index.html.gz",
                                          "/index.html.br",
                                          "/../outside.txt",
                                          "/%2e%2e/outside.txt",
                                          "/..%2foutside.txt",
                                          "/assets/../../outside.txt",
                                          "/assets/%2e%2e/fees.html",
                                          "/assets",
                                          "/assets/",
                                          "//etc/passwd",
                                          "/%5c..%5coutside.txt",
                                          "/%252e%252e/outside.txt",
                                          "/index.html/",
                                          "/index.html%20",
                                          "/%ff"};
    (void)state;
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++)
        assert_in_range(get(targets[i]), 400, 404);
    assert_int_equal(get("/index.html%00.txt"), 400);
    assert_int_equal(get("/app/../outside"), 200); /* an address of the application, no file */
    assert_string_equal(body(), "application");
}

/* ---- */

static void put(const char *name, const char *content)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(content, file);
    fclose(file);
}

static void put_folder(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void put_link(const char *name, const char *to)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(symlink(to, path), 0);
}

static void put_web(void)
{
    static const char *const folders[] = {"web", "web/app", "web/console", "web/assets"};
    static const char *const files[][2] = {
        {"web/index.html",          "home"                                          },
        {"web/index.html.gz",       "as gzip"                                       },
        {"web/index.html.br",       "as brotli"                                     },
        {"web/fees.html",           "fees"                                          },
        {"web/404.html",            "lost"                                          },
        {"web/verify.html",         "<main data-keys=\"@certificate-keys@\"></main>"},
        {"web/verify.html.br",      "without keys"                                  },
        {"web/app/index.html",      "application"                                   },
        {"web/console/index.html",  "console"                                       },
        {"web/assets/site-abc.css", "style"                                         },
        {"web/data.unknown",        "unknown"                                       },
        {"web/.hidden.html",        "hidden"                                        },
        {"outside.txt",             "outside"                                       },
    };
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        put_folder(folders[i]);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        put(files[i][0], files[i][1]);
    put_link("web/link.txt", "../outside.txt");
    put_link("web/fees.html.gz", "../outside.txt");
    put_link("web/linked", "/etc");
    put_link("web/round", ".");
    char path[256];
    snprintf(path, sizeof path, "%s/web/fifo.txt", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
}

/* Five requests of a visitor whom only a limit of one a second stands for: the burst is four. */
static int fifth_of(const char *lines)
{
    for (int i = 0; i < LIMIT_BURST_S; i++)
        assert_int_equal(visit("GET", "/fees", lines), 200);
    return visit("GET", "/fees", lines);
}

static void test_too_many_requests(void **state)
{
    (void)state;
    limit_destroy(&gateway.limit);
    gateway.limit = limit_new(1);
    assert_int_equal(fifth_of(""), 429);
    assert_string_equal(header("Retry-After"), "1");
    assert_non_null(strstr(body(), "too_many_requests"));
    assert_non_null(strstr(body(), "您的网络发来的请求过多"));
    assert_int_equal(get("/healthz"), 200);
    /* what a stranger says of himself counts nothing; what the trusted proxy adds at the end does */
    assert_int_equal(visit("GET", "/fees", "X-Forwarded-For: 10.0.0.1\r\n"), 429);
    gateway.trust_proxy = true;
    assert_int_equal(fifth_of("X-Forwarded-For: 10.0.0.9, 10.0.0.1\r\n"), 429);
    assert_int_equal(visit("GET", "/fees", "X-Forwarded-For: 10.0.0.8, 10.0.0.1\r\n"), 429);
    assert_int_equal(
        visit("GET", "/fees", "X-Forwarded-For: 10.0.0.8\r\nX-Forwarded-For: 10.0.0.1\r\n"), 429);
    assert_int_equal(fifth_of("X-Forwarded-For: 10.0.0.1, 10.0.0.2\r\n"), 429);
    gateway.trust_proxy = false;
    limit_destroy(&gateway.limit);
    gateway.limit = limit_new(0);
}

static int open_server(void **state)
{
    const char *options[] = {"listening_ports", "127.0.0.1:0", "num_threads", "1",
                             "decode_url",      "no",          NULL};
    struct mg_server_port bound[1];
    char root[64];
    (void)state;
    log_start("gateway", "test", LOGGED_ERROR);
    if (sodium_init() < 0 || mkdtemp(folder) == NULL)
        return -1;
    put_web();
    snprintf(root, sizeof root, "%s/web", folder);
    pages_load(root, "aa bb");
    server = mg_start(NULL, NULL, options);
    if (server == NULL || mg_get_server_ports(server, 1, bound) != 1)
        return -1;
    port = bound[0].port;
    gateway.limit = limit_new(0);
    gateway.guard = guard_start((uint16_t)port, 8, false);
    mg_set_request_handler(server, "/", http_handle, &gateway);
    return 0;
}

static int close_server(void **state)
{
    char command[128];
    (void)state;
    mg_stop(server);
    guard_stop(&gateway.guard);
    limit_destroy(&gateway.limit);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages_have_types_and_shields),
        cmocka_unit_test(test_only_names_with_a_hash_are_kept_for_ever),
        cmocka_unit_test(test_codings),
        cmocka_unit_test(test_what_the_browser_has_already),
        cmocka_unit_test(test_keys_are_printed_into_their_page),
        cmocka_unit_test(test_head_is_get_without_the_body),
        cmocka_unit_test(test_addresses_of_the_applications),
        cmocka_unit_test(test_nothing_from_outside),
        cmocka_unit_test(test_too_many_requests),
    };
    return cmocka_run_group_tests(tests, open_server, close_server);
}
