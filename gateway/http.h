/* What the gateway's files share: one HTTP request being answered. */
#ifndef GUILD_GATEWAY_HTTP_H
#define GUILD_GATEWAY_HTTP_H

#include "arena.h"
#include "bus.h"
#include "common.pb-c.h"
#include "guard.h"
#include "head.h"
#include "limit.h"
#include "message.h"
#include "routes.h"
#include "sessions.h"
#include <civetweb.h>
#include <stdatomic.h>

enum {
    HTTP_READ_MS = 3000,
    HTTP_WRITE_MS = 8000,
    HTTP_DOWNLOAD_MS = 8000, /* many are drawn first: pages of fonts, codes and pictures */
    HTTP_UPLOAD_MS = 120000,
    HTTP_BUS_MARGIN_MS = 100, /* the bus gets so much less than the client waits */
    HTTP_UPLOAD_MAX = 10 * 1024 * 1024,
};

struct gateway {
    struct bus *bus;
    struct guard *guard;
    struct limit *limit;  /* of requests of one address */
    const char *services; /* that readiness asks for */
    size_t threads;       /* of HTTP; a connection has one as long as it lasts */
    atomic_size_t connections, calls;
    bool trust_proxy; /* X-Forwarded-For and -Proto are set by a proxy in front */
    atomic_bool draining;
    atomic_uint running; /* requests being answered */
};

struct http {
    struct gateway *gateway;
    struct mg_connection *conn;
    const struct mg_request_info *info;
    struct head head;
    struct head_line lines[HEAD_LINES_MAX + 1];
    struct arena *arena;
    char request_id[33];
    char address[48]; /* of the client */
    bool https;       /* the client came by HTTPS, through the trusted proxy */
    char *path;       /* decoded */
    const struct route *route;
    uint64_t began_us;
    int status;         /* sent */
    bool last;          /* the connection ends after this */
    const char *cookie; /* Set-Cookie to be sent, or NULL */
};

/* A header's value, or NULL. */
const char *http_header(const struct http *h, const char *name);

/* Reads `size` bytes of the body. false: it ended before, or comes too slowly; the connection will not be used again. */
bool http_read(struct http *h, void *out, size_t size);

/* Sends the head with the security headers and, unless the verb is HEAD or the status 304, the body. `lines`: further
   header lines. */
void http_send(struct http *h, int status, const char *type, const char *lines, const void *body,
               size_t size);

/* An RFC 9457 problem document. `reason` is stable, `detail` Chinese; errors may be NULL. */
void http_problem(struct http *h, int status, const char *reason, const char *detail,
                  const struct field_errors *errors, uint32_t retry_after_s);

/* The problem that a service (or the bus) answered. */
void http_refusal(struct http *h, const struct exchange *exchange);

/* The same by what the gateway itself knows. */
void http_status_problem(struct http *h, enum status status, uint32_t retry_after_s);

/* match.c: the route of a verb and path; path parameters go to `message` later by http_path_value. When the path exists
   with other verbs, `ret_allow` names them. */
const struct route *match_route(const char *verb, const char *path, const char **ret_allow,
                                struct arena *arena);
/* The value that the path has for the route's `:name`, copied; NULL at the end. Walks by index. */
bool match_value(const struct route *route, const char *path, size_t index, const char **ret_name,
                 const char **ret_value, struct arena *arena);

/* The contract's method of a route, with its request and reply types. */
const ProtobufCMethodDescriptor *route_method(const struct route *route);

/* login.c: the assertion for the route's cookie. false: it has answered already. */
bool login_assertion(struct http *h, struct assertion *ret);
/* The same, asked of auth whatever is known: a service did not believe what was. */
bool login_assertion_anew(struct http *h, struct assertion *ret);
/* Takes session_token out of a LOG_IN reply and makes the cookie. false: it has answered already. */
bool login_cookie_set(struct http *h, ProtobufCMessage *reply);
void login_cookie_clear(struct http *h);
/* May a session be begun on this connection? Only by HTTPS, or on loopback. */
bool login_allowed(struct http *h);
/* Once, before the bus is there. */
struct bus_listener login_listener(void);

/* files.c */
void files_upload(struct http *h, const struct assertion *assertion, ProtobufCMessage *request);
void files_download(struct http *h, const struct assertion *assertion, ProtobufCMessage *request);

/* pages.c: static pages, loaded once. `keys`, apart by blanks, are printed where a page says @certificate-keys@. */
void pages_load(const char *root, const char *keys);
void pages_serve(struct http *h, const char *verb);

/* openapi.c: the document, made once from the routes and contracts; malloced. */
char *openapi_document(void);

/* http.c: civetweb's one handler, and what answers instead where civetweb itself could not read the request. */
int http_handle(struct mg_connection *conn, void *gateway);
int http_unreadable(struct mg_connection *conn, int status, const char *message);
/* It tells of each connection that gets a thread, and gives it back. */
int http_opened(const struct mg_connection *conn, void **unused);
void http_closed(const struct mg_connection *conn);
/* The exchange of a request with the route's method, which the client waits `patience_ms` for. */
struct exchange http_exchange(struct http *h, const struct assertion *assertion,
                              const ProtobufCMessage *request, uint64_t patience_ms);
/* Runs it, unless three quarters of the threads wait for calls already: then it is UNAVAILABLE at once, and there is always
   a thread to say so, or to serve a page. */
void http_run(struct http *h, struct exchange *exchange);
/* The same; a service that does not believe who asks is asked once more, by what auth says now. false: it has been
   answered, nobody is logged in. */
bool http_run_believed(struct http *h, struct exchange *exchange);
/* One call of the route's method, with the verb's deadline; the reply is unpacked into ret_reply on OK. */
bool http_call(struct http *h, const struct assertion *assertion, const ProtobufCMessage *request,
               ProtobufCMessage **ret_reply);

#endif
