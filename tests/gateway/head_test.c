/* Heads that are written otherwise than they should be, byte by byte, to a real civetweb on a loopback port: what we take, a
   strict reader would read the same, and where a proxy might read it otherwise, there is one refusal and the end. Then what
   a good head says. */
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
#include <unistd.h>

enum { ANSWER_MAX = 8192 };

/* What a trick wants to be taken for a second request. */
#define HIDDEN "GET /healthz HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"

static struct gateway gateway = {.services = ""};
static struct mg_context *server;
static int port;
static char answer[ANSWER_MAX + 1];

static int connect_here(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

/* Says these bytes and hears until the other side has closed: the status of the one answer, 0: there was none. */
static int say_bytes(const char *bytes, size_t size)
{
    size_t got = 0;
    ssize_t more;
    int fd = connect_here();
    assert_int_equal(send(fd, bytes, size, MSG_NOSIGNAL), size);
    while (got < ANSWER_MAX && (more = read(fd, answer + got, ANSWER_MAX - got)) > 0)
        got += (size_t)more;
    close(fd);
    answer[got] = '\0';
    if (got == 0)
        return 0;
    assert_int_equal(strncmp(answer, "HTTP/1.1 ", 9), 0);
    const char *second = strstr(answer + 9, "HTTP/1.1 ");
    if (second != NULL)
        fail_msg("two answers to: %s", bytes);
    assert_non_null(strstr(answer, "\r\nX-Content-Type-Options: nosniff\r\n"));
    assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
    return (int)strtol(answer + 9, NULL, 10);
}

static int say(const char *text)
{
    return say_bytes(text, strlen(text));
}

/* A request with so many header lines, among them Host and Connection. */
static int say_lines(int count, const char *last)
{
    static char text[32 * 1024];
    size_t size =
        (size_t)sprintf(text, "GET /healthz HTTP/1.1\r\nHost: here\r\nConnection: close\r\n");
    for (int i = 2; i < count - (last[0] != '\0'); i++)
        size += (size_t)sprintf(text + size, "X-Number-%d: a\r\n", i);
    sprintf(text + size, "%s\r\n", last);
    return say(text);
}

/* ---- */

static void test_what_is_taken(void **state)
{
    static const char *const cases[] = {
        "GET /healthz HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost:here\r\nConnection:close\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost:   here\r\nConnection: close\r\nX-A:\r\nX-B: \r\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost: [::1]:8080\r\nCONNECTION: close\r\n\r\n",
        "GET /healthz?a=b?c HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n",
        "GET /healthz? HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n",
        "GET /healthz HTTP/1.0\r\nHost: here\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: here\r\nX-A: a: b, \"c\" \xe5\x90\x8d\r\nConnection: "
        "close\r\n\r\n",
        "\r\nGET /healthz HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (say(cases[i]) != 200)
            fail_msg("%s: %s", cases[i], answer);
}

/* Two good requests, one after the other, are two answers: what is refused below is not refused for its company. */
static void test_one_after_the_other(void **state)
{
    char reply[ANSWER_MAX + 1];
    (void)state;
    int fd = connect_here();
    static const char two[] = "GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n" HIDDEN;
    assert_int_equal(write(fd, two, sizeof two - 1), sizeof two - 1);
    size_t got = 0;
    for (ssize_t more; (more = read(fd, reply + got, ANSWER_MAX - got)) > 0;)
        got += (size_t)more;
    reply[got] = '\0';
    close(fd);
    const char *second = strstr(reply + 1, "HTTP/1.1 200 ");
    assert_int_equal(strncmp(reply, "HTTP/1.1 200 ", 13), 0);
    assert_non_null(second);
}

static void test_what_is_read_two_ways(void **state)
{
    static const char *const cases[] = {
        /* folded */
        "GET /healthz HTTP/1.1\r\nHost: here\r\nX-A: a\r\n b\r\n\r\n" HIDDEN,
        "GET /healthz HTTP/1.1\r\nHost: here\r\nX-A: a\r\n\tb\r\n\r\n" HIDDEN,
        "POST /healthz HTTP/1.1\r\nHost: here\r\nX-A: a\r\n b\r\nContent-Length: 4\r\n\r\n" HIDDEN,
        "GET /healthz HTTP/1.1\r\n Host: here\r\nHost: here\r\n\r\n" HIDDEN,
        "GET /healthz HTTP/1.1\r\nHost: here\r\n \r\nContent-Length: 4\r\n\r\n" HIDDEN,
        /* a space before the colon */
        "GET /healthz HTTP/1.1\r\nHost : here\r\n\r\n" HIDDEN,
        "POST /healthz HTTP/1.1\r\nHost: here\r\nContent-Length : 4\r\n\r\n" HIDDEN,
        "POST /healthz HTTP/1.1\r\nHost: here\r\nContent-Length  : 4\r\n\r\n" HIDDEN,
        "POST /healthz HTTP/1.1\r\nHost: here\r\nTransfer-Encoding : "
        "chunked\r\n\r\n0\r\n\r\n" HIDDEN,
        "POST /healthz HTTP/1.1\r\nHost: here\r\nContent-Length\t: 4\r\n\r\n" HIDDEN,
        "GET /healthz HTTP/1.1\r\nHost: here\r\nX-A : a\r\n\r\n" HIDDEN,
        /* no colon, no name, a name of other signs */
        "GET /healthz HTTP/1.1\r\nHost: here\r\nX-A\r\n\r\n" HIDDEN,
        "GET /healthz HTTP/1.1\r\nHost: here\r\n: a\r\n\r\n" HIDDEN,
        "GET /healthz HTTP/1.1\r\nHost: here\r\nX(A): a\r\n\r\n" HIDDEN,
        "GET /healthz HTTP/1.1\r\nHost: here\r\nX A: a\r\n\r\n" HIDDEN,
        "GET /healthz HTTP/1.1\r\nHost: here\r\nContent-Length\xa0: 4\r\n\r\n" HIDDEN,
        /* line feeds and carriage returns alone */
        "GET /healthz HTTP/1.1\nHost: here\n\n" HIDDEN,
        "GET /healthz HTTP/1.1\nHost: here\r\n\r\n" HIDDEN,
        "GET /healthz HTTP/1.1\r\nHost: here\nX-A: a\r\n\r\n" HIDDEN,
        "GET /healthz HTTP/1.1\r\nHost: here\r\nX-A: a\nContent-Length: 4\r\n\r\n" HIDDEN,
        "GET /healthz HTTP/1.1\r\nHost: here\r\nX-A: a\n\n" HIDDEN,
        "GET /healthz HTTP/1.1\r\nHost: here\r\nX-A: a\r\n\n" HIDDEN,
        "GET /healthz HTTP/1.1\r\nHost: here\r\nX-A: a\rContent-Length: 4\r\n\r\n" HIDDEN,
        /* the first line */
        "GET  /healthz HTTP/1.1\r\nHost: here\r\n\r\n" HIDDEN,
        "GET /healthz  HTTP/1.1\r\nHost: here\r\n\r\n" HIDDEN,
        "GET /healthz HTTP/1.1 \r\nHost: here\r\n\r\n" HIDDEN,
        "GET /healthz\r\nHost: here\r\n\r\n" HIDDEN,
        "GET\t/healthz HTTP/1.1\r\nHost: here\r\n\r\n" HIDDEN,
        "get /healthz HTTP/1.1\r\nHost: here\r\n\r\n" HIDDEN,
        "GET healthz HTTP/1.1\r\nHost: here\r\n\r\n" HIDDEN,
        "GET /healthz HTTPS/1.1\r\nHost: here\r\n\r\n" HIDDEN,
        /* the framing */
        "POST /healthz HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\nContent-Length: "
        "5\r\n\r\n" HIDDEN,
        "POST /healthz HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\nContent-Length: "
        "4\r\n\r\n" HIDDEN,
        "POST /healthz HTTP/1.1\r\nHost: here\r\nContent-Length: 4, 4\r\n\r\n" HIDDEN,
        "POST /healthz HTTP/1.1\r\nHost: here\r\nContent-Length: +4\r\n\r\n" HIDDEN,
        "POST /healthz HTTP/1.1\r\nHost: here\r\nContent-Length: -4\r\n\r\n" HIDDEN,
        "POST /healthz HTTP/1.1\r\nHost: here\r\nContent-Length: 4abc\r\n\r\n" HIDDEN,
        "POST /healthz HTTP/1.1\r\nHost: here\r\nContent-Length: 0x4\r\n\r\n" HIDDEN,
        "POST /healthz HTTP/1.1\r\nHost: here\r\nContent-Length: 4 4\r\n\r\n" HIDDEN,
        "POST /healthz HTTP/1.1\r\nHost: here\r\nContent-Length: \"4\"\r\n\r\n" HIDDEN,
        "POST /healthz HTTP/1.1\r\nHost: here\r\nContent-Length:\r\n\r\n" HIDDEN,
        "POST /healthz HTTP/1.1\r\nHost: here\r\nContent-Length: "
        "18446744073709551620\r\n\r\n" HIDDEN,
        "POST /healthz HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n\r\n" HIDDEN,
        "POST /healthz HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\nContent-Length: "
        "4\r\n\r\n0\r\n\r\n" HIDDEN,
        "POST /healthz HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n\r\n" HIDDEN,
        "POST /healthz HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: "
        "xchunked\r\n\r\n0\r\n\r\n" HIDDEN,
        "POST /healthz HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: identity\r\nContent-Length: "
        "4\r\n\r\n" HIDDEN,
        "POST /healthz HTTP/1.0\r\nHost: here\r\nConnection: keep-alive\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n\r\n" HIDDEN,
        /* who it is for, and what stands once */
        "GET /healthz HTTP/1.1\r\nX-A: a\r\n\r\n" HIDDEN,
        "GET /healthz HTTP/1.1\r\n\r\n" HIDDEN,
        "GET /healthz HTTP/1.1\r\nHost:\r\n\r\n" HIDDEN,
        "GET /healthz HTTP/1.1\r\nHost: here\r\nHost: here\r\n\r\n" HIDDEN,
        "GET /healthz HTTP/1.1\r\nHost: here, there\r\n\r\n" HIDDEN,
        "GET /healthz HTTP/1.1\r\nHost: here/there\r\n\r\n" HIDDEN,
        "GET /healthz HTTP/1.1\r\nHost: me@here\r\n\r\n" HIDDEN,
        "POST /healthz HTTP/1.1\r\nHost: here\r\nOrigin: http://here\r\nOrigin: "
        "http://there\r\n\r\n" HIDDEN,
        "POST /healthz HTTP/1.1\r\nHost: here\r\nContent-Type: a/b\r\nContent-Type: "
        "c/d\r\n\r\n" HIDDEN,
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int status = say(cases[i]);
        if (status != 400)
            fail_msg("%d to %s: %s", status, cases[i], answer);
    }
}

static void test_nul_in_a_head(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } cases[] = {
#define BYTES(text) {text, sizeof text - 1}
        BYTES("GET /healthz HTTP/1.1\r\nHost: here\r\nX-A: a\0b\r\n\r\n" HIDDEN),
        BYTES("GET /healthz HTTP/1.1\r\nHost: here\r\nX-A: a\0\0\r\n\r\n" HIDDEN),
        BYTES("GET /healthz HTTP/1.1\r\nHost\0: here\r\nHost: here\r\n\r\n" HIDDEN),
        BYTES("GET /health\0z HTTP/1.1\r\nHost: here\r\n\r\n" HIDDEN),
        BYTES("GET /healthz HTTP/1.1\0\0Host: here\r\n\r\n" HIDDEN),
        BYTES("\0GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n" HIDDEN),
#undef BYTES
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (say_bytes(cases[i].bytes, cases[i].size) != 400)
            fail_msg("%zu: %s", i, answer);
}

/* civetweb shows 64: where there may be more, what a proxy adds at the end is not to be seen. */
static void test_more_than_is_looked_at(void **state)
{
    (void)state;
    assert_int_equal(say_lines(63, ""), 200);
    for (int count = 64; count < 70; count++)
        assert_int_equal(say_lines(count, ""), 431);
    assert_int_equal(say_lines(80, "X-Real-IP: 10.0.0.1\r\n"), 431);
    assert_int_equal(say_lines(80, "Content-Length: 4\r\n"), 431);
    assert_int_equal(say_lines(63, "Host: there\r\n"), 400);

    static char large[20000];
    snprintf(large, sizeof large,
             "GET /dir?%016000d HTTP/1.1\r\nHost: here\r\nX-A: %01000d\r\n\r\n", 7, 7);
    assert_int_equal(say(large), 400);
    snprintf(large, sizeof large,
             "GET /healthz?%015000d HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n", 7);
    assert_int_equal(say(large), 200);
    snprintf(large, sizeof large, "GET /%03000d HTTP/1.1\r\nHost: here\r\n\r\n" HIDDEN, 7);
    assert_int_equal(say(large), 400);
}

/* civetweb takes the head that follows two empty lines for its own body: nothing of it is obeyed. */
static void test_empty_lines_before_a_request(void **state)
{
    (void)state;
    assert_int_equal(say("\r\n\r\nPOST /api/v1/sessions HTTP/1.1\r\nHost: here\r\n"
                         "Content-Length: 10\r\n\r\n" HIDDEN),
                     403);
}

static void test_other_refusals(void **state)
{
    (void)state;
    assert_int_equal(say("GET /healthz HTTP/9.9\r\nHost: here\r\n\r\n" HIDDEN), 505);
    assert_int_equal(say("hello\r\n\r\n"), 400);
    assert_int_equal(say("BREW /healthz HTTP/1.1\r\nHost: here\r\n\r\n" HIDDEN), 400);
    assert_int_equal(say("OPTIONS /healthz HTTP/1.1\r\nHost: here\r\nOrigin: http://there\r\n"
                         "Access-Control-Request-Method: POST\r\nConnection: close\r\n\r\n"),
                     501);
    assert_null(strcasestr(answer, "Access-Control"));
    /* civetweb closes without a word: we are nobody's proxy */
    assert_int_equal(say("GET http://there/healthz HTTP/1.1\r\nHost: here\r\n\r\n" HIDDEN), 0);
}

/* ---- what a head says */

/* One of these lines, the last with no name. */
static struct head head_of(const struct head_line *lines)
{
    struct head head = {.lines = lines};
    while (lines[head.count].name != NULL)
        head.count++;
    return head;
}

static void test_escapes(void **state)
{
    static const struct {
        const char *text, *path, *query; /* NULL: refused */
    } cases[] = {
        {"",              "",             ""            },
        {"/a+b",          "/a+b",         "/a b"        },
        {"%2e%2E/%2fetc", "..//etc",      "..//etc"     },
        {"%E5%90%8D",     "\xe5\x90\x8d", "\xe5\x90\x8d"},
        {"%252e",         "%2e",          "%2e"         }, /* once only */
        {"%00",           NULL,           NULL          },
        {"a%0d%0aSet: b", NULL,           NULL          },
        {"%7f",           NULL,           NULL          },
        {"a\tb",          NULL,           NULL          },
        {"%",             NULL,           NULL          },
        {"%4",            NULL,           NULL          },
        {"%4x",           NULL,           NULL          },
        {"%x4",           NULL,           NULL          },
        {"%\xb0\xb1",     NULL,           NULL          },
        {"%%30",          NULL,           NULL          },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int plus_is_space = 0; plus_is_space < 2; plus_is_space++) {
            const char *expected = plus_is_space ? cases[i].query : cases[i].path;
            char text[64];
            snprintf(text, sizeof text, "%s", cases[i].text);
            assert_int_equal(head_decode(text, plus_is_space), expected != NULL);
            if (expected != NULL)
                assert_string_equal(text, expected);
        }
}

static void test_who_sent_it(void **state)
{
    static const struct {
        struct head_line lines[4];
        const char *trusted;
        bool https;
    } cases[] = {
        {{{"X-A", "a"}},                                                     "10.9.9.9",    false},
        {{{"X-Forwarded-For", "10.0.0.1"}, {"x-forwarded-proto", "https"}},  "10.0.0.1",    true },
        {{{"X-Forwarded-For", "10.0.0.8, 10.0.0.1"}},                        "10.0.0.1",    false},
        {{{"X-Forwarded-For", "10.0.0.8,10.0.0.1"}},                         "10.0.0.1",    false},
        {{{"X-Forwarded-For", "10.0.0.8"}, {"X-Forwarded-For", "10.0.0.1"}}, "10.0.0.1",    false},
        {{{"X-Forwarded-For", "2001:db8::7"}},                               "2001:db8::7", false},
        {{{"X-Forwarded-For", "10.0.0.8, unknown"}},                         "10.9.9.9",    false},
        {{{"X-Forwarded-For", "10.0.0.1,"}},                                 "10.9.9.9",    false},
        {{{"X-Forwarded-For", ""}},                                          "10.9.9.9",    false},
        {{{"X-Forwarded-For", "10.0.0.1\" or 1"}},                           "10.9.9.9",    false},
        {{{"X-Forwarded-Proto", "https"}, {"X-Forwarded-Proto", "http"}},    "10.9.9.9",    false},
    };
    char address[48];
    bool https;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct head head = head_of(cases[i].lines);
        head_client(&head, "10.9.9.9", true, address, &https);
        assert_string_equal(address, cases[i].trusted);
        assert_int_equal(https, cases[i].https);
        head_client(&head, "10.9.9.9", false, address, &https);
        assert_string_equal(address, "10.9.9.9");
        assert_false(https);
    }
}

#define TOKEN "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_the_token_in_a_cookie(void **state)
{
    static const struct {
        const char *value;
        bool is_there;
    } cases[] = {
        {"sid=" TOKEN,              true },
        {"a=b; sid=" TOKEN "; c=d", true },
        {"a=b;sid=" TOKEN,          true },
        {"xsid=" TOKEN,             false},
        {"sid =" TOKEN,             false},
        {"sid=" TOKEN "0",          false},
        {"sid=\"" TOKEN "\"",       false},
        {"sid=x; sid=" TOKEN,       false}, /* the first decides */
        {"sid",                     false},
        {"",                        false},
        {";;;",                     false},
    };
    char token[HEAD_TOKEN_SIZE + 1];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct head head = head_of((const struct head_line[]){
            {"Cookie", cases[i].value},
            {NULL,     NULL          }
        });
        assert_int_equal(head_token(&head, "sid", token), cases[i].is_there);
        if (cases[i].is_there)
            assert_string_equal(token, TOKEN);
    }
}

static int open_server(void **state)
{
    const char *options[] = {"listening_ports",
                             "127.0.0.1:0",
                             "num_threads",
                             "1",
                             "decode_url",
                             "no",
                             "enable_keep_alive",
                             "yes",
                             "keep_alive_timeout_ms",
                             "500",
                             "access_control_allow_origin",
                             "",
                             NULL};
    struct mg_callbacks callbacks = {.http_error = http_unreadable};
    struct mg_server_port bound[1];
    (void)state;
    log_start("gateway", "test", LOGGED_ERROR);
    if (sodium_init() < 0)
        return -1;
    server = mg_start(&callbacks, NULL, options);
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
    (void)state;
    mg_stop(server);
    guard_stop(&gateway.guard);
    limit_destroy(&gateway.limit);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_taken),
        cmocka_unit_test(test_one_after_the_other),
        cmocka_unit_test(test_what_is_read_two_ways),
        cmocka_unit_test(test_nul_in_a_head),
        cmocka_unit_test(test_more_than_is_looked_at),
        cmocka_unit_test(test_empty_lines_before_a_request),
        cmocka_unit_test(test_other_refusals),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_who_sent_it),
        cmocka_unit_test(test_the_token_in_a_cookie),
    };
    return cmocka_run_group_tests(tests, open_server, close_server);
}
