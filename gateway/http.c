/* civetweb <─> calls of services: the request checked and read, the answer written. */
#include "http.h"

#include "clock.h"
#include "json.h"
#include "log.h"
#include "metrics.h"
#include "secret.h"
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COPIED_MAX = 64 * 1024 };

/* Nothing from elsewhere, nothing inline; who needs more is told by a violation in tests/pages. */
static const char security_lines[] =
    "Content-Security-Policy: default-src 'self'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob: data:; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: same-origin\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n";

/* ---- answering */

const char *http_header(const struct http *h, const char *name)
{
    return head_value(&h->head, name);
}

/* As civetweb decides after the answer. */
static bool keeps_alive(const struct http *h)
{
    const char *wish = http_header(h, "Connection");
    if (h->last)
        return false;
    return wish != NULL ? strcasestr(wish, "keep-alive") != NULL
                        : strcmp(h->head.version, "1.1") == 0;
}

static const char *head_of(const struct http *h, int status, const char *type, const char *lines,
                           size_t size)
{
    const char *cookie = h->cookie == NULL ? "" : h->cookie;
    char date[40];
    time_t now = time(NULL);
    struct tm utc;
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &utc));
    return arena_printf(h->arena,
                        "HTTP/1.1 %d %s\r\nDate: %s\r\nConnection: %s\r\nContent-Type: %s\r\n"
                        "Content-Length: %zu\r\nX-Request-Id: %s\r\n%s%s%s%s%s\r\n",
                        status, mg_get_response_code_text(h->conn, status), date,
                        keeps_alive(h) ? "keep-alive" : "close", type, size, h->request_id,
                        cookie[0] == '\0' ? "" : "Set-Cookie: ", cookie,
                        cookie[0] == '\0' ? "" : "\r\n", security_lines, lines);
}

/* One write for the head and a body that is worth copying: civetweb's own functions make one for each header line. */
void http_send(struct http *h, int status, const char *type, const char *lines, const void *body,
               size_t size)
{
    h->status = status;
    const char *head = head_of(h, status, type, lines, size);
    size_t head_size = strlen(head);
    if (status == 304 || strcmp(h->head.verb, "HEAD") == 0)
        size = 0;
    if (size > COPIED_MAX) {
        mg_write(h->conn, head, head_size);
        mg_write(h->conn, body, size);
        return;
    }
    char *whole = arena_alloc(h->arena, head_size + size + 1);
    memcpy(whole, head, head_size + 1);
    if (size > 0)
        memcpy(whole + head_size, body, size);
    mg_write(h->conn, whole, head_size + size);
}

static const char *title_of(int status)
{
    switch (status) {
    case 400:
        return "请求无法识别";
    case 401:
        return "需要登录";
    case 403:
        return "没有权限";
    case 404:
        return "没有找到";
    case 409:
        return "状态已变化";
    case 413:
        return "内容过大";
    case 415:
        return "类型不支持";
    case 422:
        return "填写有误";
    case 429:
        return "操作过于频繁";
    case 503:
        return "暂时无法服务";
    case 504:
        return "等待超时";
    default:
        return status < 500 ? "请求未被接受" : "系统错误";
    }
}

void http_problem(struct http *h, int status, const char *reason, const char *detail,
                  const struct field_errors *errors, uint32_t retry_after_s)
{
    json_t *list = json_array();
    for (size_t i = 0; errors != NULL && i < errors->count; i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "field", errors->list[i].field,
                                              "message", errors->list[i].message));
    json_t *problem =
        json_pack("{s:s, s:s, s:i, s:s, s:s, s:o, s:s, s:i}", "type", "about:blank", "title",
                  title_of(status), "status", status, "detail", detail, "reason", reason, "errors",
                  list, "request_id", h->request_id, "retry_after_s", (int)retry_after_s);
    char *text = json_dumps(problem, JSON_COMPACT);
    const char *lines = "Cache-Control: no-store\r\n";
    if (retry_after_s > 0)
        lines = arena_printf(h->arena, "%sRetry-After: %" PRIu32 "\r\n", lines, retry_after_s);
    if (text != NULL)
        http_send(h, status, "application/problem+json; charset=utf-8", lines, text, strlen(text));
    free(text);
    json_decref(problem);
}

/* What the bus says without a service's words. */
void http_status_problem(struct http *h, enum status status, uint32_t retry_after_s)
{
    switch (status) {
    case STATUS_UNAVAILABLE:
        http_problem(h, 503, "busy", "系统繁忙或正在维护，请稍后再试，您填写的内容不会丢失。", NULL,
                     retry_after_s == 0 ? 1 : retry_after_s);
        break;
    case STATUS_TIMEOUT:
        http_problem(h, 504, "outcome_unknown",
                     "等待超时，结果未知，可能已经成功。请先刷新页面查看结果，再决定是否重试。",
                     NULL, 1);
        break;
    case STATUS_UNAUTHENTICATED:
        http_problem(h, 401, "log_in_first", "登录已失效，请重新登录。", NULL, 0);
        break;
    default:
        http_problem(h, status_http(status), "internal",
                     "系统出现错误，我们已记录。请稍后再试，或致电0355-3069919。", NULL, 0);
        break;
    }
}

void http_refusal(struct http *h, const struct exchange *exchange)
{
    const Common__Problem *problem =
        exchange->reply == NULL
            ? NULL
            : (const Common__Problem *)message_unpack(&common__problem__descriptor, exchange->reply,
                                                      exchange->reply_size, h->arena);
    if (problem == NULL || problem->reason[0] == '\0') {
        http_status_problem(h, exchange->status, exchange->retry_after_s);
        return;
    }
    struct field_errors errors = {.arena = h->arena};
    for (size_t i = 0; i < problem->n_errors; i++)
        field_errors_add(&errors, problem->errors[i]->field, problem->errors[i]->message);
    http_problem(h, status_http(exchange->status), problem->reason, problem->detail, &errors,
                 problem->retry_after_s);
}

/* ---- the request, checked before anything of it is believed */

/* Who asks strangely is not kept: there may be more where it came from. */
static bool refuse(struct http *h, int status, const char *reason, const char *detail)
{
    h->last = true;
    http_problem(h, status, reason, detail, NULL, 0);
    return false;
}

static bool refuse_head(struct http *h, enum head_fault fault)
{
    static const struct {
        int status;
        const char *reason, *detail;
    } faults[] = {
        [HEAD_LARGE] = {431, "head_large",     "请求头过多或过长。"                     },
        [HEAD_MALFORMED] = {400, "head_malformed", "请求头的格式不正确。"                  },
        [HEAD_FRAMING] = {400, "framing",        "请求的长度说明不明确。"               },
        [HEAD_HOST] = {400, "host",           "请求缺少主机名，或主机名不正确。"},
        [HEAD_TARGET] = {400, "path",           "网址不正确，请检查后重试。"         },
    };
    return refuse(h, faults[fault].status, faults[fault].reason, faults[fault].detail);
}

static bool verb_is_known(const char *verb)
{
    static const char *const verbs[] = {"GET", "HEAD", "POST", "PUT", "DELETE"};
    bool known = false;
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        known |= strcmp(verb, verbs[i]) == 0;
    return known;
}

static bool check_request(struct http *h)
{
    const char *verb = h->head.verb;
    enum head_fault fault = head_check(&h->head);
    if (fault != HEAD_GOOD)
        return refuse_head(h, fault);
    if (!verb_is_known(verb))
        return refuse(h, 501, "verb_unknown", "不支持这种请求方式。");
    h->path = arena_text(h->arena, h->head.target);
    if (!head_decode(h->path, false))
        return refuse_head(h, HEAD_TARGET);
    if (strcmp(verb, "GET") != 0 && strcmp(verb, "HEAD") != 0 && !head_is_from_our_page(&h->head))
        return refuse(h, 403, "foreign_page", "请求不是从本站页面发出的，请打开本站页面后重试。");
    return true;
}

/* ---- filling the request message: body, then query, path and what only the gateway knows */

bool http_read(struct http *h, void *out, size_t size)
{
    size_t got = 0;
    guard_reads(h->gateway->guard, true);
    for (int some = 1; got < size && some > 0; got += some > 0 ? (size_t)some : 0)
        some = mg_read(h->conn, (char *)out + got, size - got);
    guard_reads(h->gateway->guard, false);
    if (got < size)
        h->last = true;
    return got == size;
}

static bool read_body(struct http *h, char **ret_text, size_t *ret_size)
{
    long long length = h->info->content_length;
    *ret_text = NULL;
    *ret_size = 0;
    if (length <= 0)
        return true;
    if (length > JSON_SIZE_MAX)
        return refuse(h, 413, "too_large", "提交的内容过多，请精简后重试。");
    char *text = arena_alloc(h->arena, (size_t)length + 1);
    if (!http_read(h, text, (size_t)length))
        return refuse(h, 400, "body_short", "网络中断或过慢，内容没有收全，请重试。");
    *ret_text = text;
    *ret_size = (size_t)length;
    return true;
}

static bool fill_body(struct http *h, ProtobufCMessage *request, struct field_errors *errors)
{
    char *text;
    size_t size;
    const char *type = http_header(h, "Content-Type");
    if (!read_body(h, &text, &size))
        return false;
    if (size == 0)
        return true;
    if (type == NULL || strncasecmp(type, "application/json", 16) != 0)
        return refuse(h, 415, "json_only", "请以JSON格式提交。");
    if (!json_read(text, size, request, errors))
        return refuse(h, 400, "malformed", "提交的内容格式不正确，请刷新页面后重试。");
    return true;
}

static bool fill_query(struct http *h, ProtobufCMessage *request, struct field_errors *errors)
{
    if (h->head.query == NULL)
        return true;
    const char *name, *value;
    char *rest = arena_text(h->arena, h->head.query);
    for (enum head_pair pair; (pair = head_next_pair(&rest, &name, &value)) != HEAD_PAIRS_END;) {
        if (pair == HEAD_PAIR_MALFORMED)
            return refuse(h, 400, "query", "网址中的参数不正确。");
        if (!json_set_text(request, name, value, errors))
            field_errors_add(errors, name, "没有这个参数。");
    }
    return true;
}

static void fill_path(struct http *h, ProtobufCMessage *request, struct field_errors *errors)
{
    const char *name, *value;
    for (size_t i = 0; match_value(h->route, h->path, i, &name, &value, h->arena); i++)
        json_set_text(request, name, value, errors);
}

/* Fields that a browser never fills itself. */
static void fill_own(struct http *h, ProtobufCMessage *request)
{
    struct field_errors ignored = {.arena = h->arena};
    json_set_text(request, "client_address", h->address, &ignored);
    if (h->route->form == UPLOAD)
        json_set_text(request, "size_bytes",
                      arena_printf(h->arena, "%lld",
                                   h->info->content_length < 0 ? 0 : h->info->content_length),
                      &ignored);
}

/* ---- the call */

struct exchange http_exchange(struct http *h, const struct assertion *assertion,
                              const ProtobufCMessage *request, uint64_t patience_ms)
{
    const char *key = http_header(h, "Idempotency-Key");
    struct exchange exchange = {
        .service = h->route->service,
        .method = h->route->method,
        .class = route_class(h->route),
        .key = key == NULL ? "" : key,
        .trace = h->request_id,
        .assertion = assertion->bytes,
        .assertion_size = assertion->size,
        .deadline_ms = clock_ms() + patience_ms - HTTP_BUS_MARGIN_MS,
    };
    exchange.payload = message_pack(request, h->arena, &exchange.payload_size);
    return exchange;
}

static bool is_most_of(const struct gateway *gateway, size_t threads)
{
    return threads * 4 > gateway->threads * 3;
}

void http_run(struct http *h, struct exchange *exchange)
{
    struct gateway *gateway = h->gateway;
    if (!is_most_of(gateway, atomic_fetch_add(&gateway->calls, 1))) {
        exchange_run(gateway->bus, exchange);
    } else {
        exchange->status = STATUS_UNAVAILABLE;
        metrics_count("guild_http_shed_total", "Calls refused since too many were under way.", "",
                      1);
    }
    atomic_fetch_sub(&gateway->calls, 1);
}

/* Nothing was begun: the service did not believe who asks. What auth signed has expired, or the machine's clock was set. */
static bool is_disbelieved(struct http *h, const struct exchange *exchange)
{
    const Common__Problem *problem =
        h->route->session == PUBLIC || exchange->status != STATUS_UNAUTHENTICATED ||
                exchange->reply == NULL
            ? NULL
            : (const Common__Problem *)message_unpack(&common__problem__descriptor, exchange->reply,
                                                      exchange->reply_size, h->arena);
    return problem != NULL && strcmp(problem->reason, "log_in_first") == 0;
}

bool http_run_believed(struct http *h, struct exchange *exchange)
{
    http_run(h, exchange);
    if (!is_disbelieved(h, exchange))
        return true;
    struct assertion *anew = arena_alloc(h->arena, sizeof *anew);
    free(exchange->reply);
    exchange->reply = NULL;
    if (!login_assertion_anew(h, anew))
        return false;
    exchange->assertion = anew->bytes;
    exchange->assertion_size = anew->size;
    http_run(h, exchange);
    return true;
}

bool http_call(struct http *h, const struct assertion *assertion, const ProtobufCMessage *request,
               ProtobufCMessage **ret_reply)
{
    const ProtobufCMethodDescriptor *method = route_method(h->route);
    struct exchange exchange =
        http_exchange(h, assertion, request, h->route->verb == GET ? HTTP_READ_MS : HTTP_WRITE_MS);
    if (!http_run_believed(h, &exchange))
        return false;
    *ret_reply = exchange.status != STATUS_OK ? NULL
                                              : message_unpack(method->output, exchange.reply,
                                                               exchange.reply_size, h->arena);
    if (*ret_reply == NULL)
        http_refusal(h, &exchange);
    free(exchange.reply);
    return *ret_reply != NULL;
}

static void answer_json(struct http *h, const ProtobufCMessage *reply)
{
    size_t size;
    const char *json = json_write(reply, h->arena, &size);
    http_send(h, 200, "application/json; charset=utf-8", "Cache-Control: no-store\r\n", json, size);
}

static bool key_is_good(const char *key)
{
    size_t size = key == NULL ? 8 : strlen(key);
    return key == NULL ||
           (size >= 8 && size <= 64 &&
            strspn(key, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") ==
                size);
}

/* The body of an upload is not sent twice, so its first assertion is a fresh one. */
static bool find_assertion(struct http *h, struct assertion *ret)
{
    return h->route->form == UPLOAD ? login_assertion_anew(h, ret) : login_assertion(h, ret);
}

static void answer_route(struct http *h)
{
    struct field_errors errors = {.arena = h->arena};
    struct assertion assertion = {.size = 0};
    ProtobufCMessage *request = message_new(route_method(h->route)->input, h->arena), *reply;

    if (!key_is_good(http_header(h, "Idempotency-Key"))) {
        refuse(h, 400, "idempotency_key", "请求编号不正确，请刷新页面后重试。");
        return;
    }
    if (h->route->form == LOG_IN && !login_allowed(h))
        return;
    if (h->route->session != PUBLIC && !find_assertion(h, &assertion))
        return;
    if (h->route->form != UPLOAD && !fill_body(h, request, &errors))
        return;
    if (!fill_query(h, request, &errors))
        return;
    fill_path(h, request, &errors);
    fill_own(h, request);
    if (errors.count > 0) {
        http_problem(h, 422, "field_errors", "填写的内容有误，请按提示修改后再提交。", &errors, 0);
        return;
    }
    h->last |= h->route->form == POLLED;
    if (h->route->form == UPLOAD) {
        files_upload(h, &assertion, request);
    } else if (h->route->form == DOWNLOAD) {
        files_download(h, &assertion, request);
    } else if (http_call(h, &assertion, request, &reply)) {
        if (h->route->form == LOG_OUT)
            login_cookie_clear(h);
        if (h->route->form != LOG_IN || login_cookie_set(h, reply))
            answer_json(h, reply);
    }
}

/* ---- the few paths that are no route */

static void answer_ready(struct http *h)
{
    char missing[40] = "", body[80];
    bool ready = !h->gateway->draining &&
                 bus_has_all(h->gateway->bus, h->gateway->services, missing, sizeof missing);
    snprintf(body, sizeof body, "%s%s\n", ready ? "ready" : "not ready: ", ready ? "" : missing);
    http_send(h, ready ? 200 : 503, "text/plain; charset=utf-8", "Cache-Control: no-store\r\n",
              body, strlen(body));
}

static void answer_openapi(struct http *h)
{
    char *document = openapi_document();
    http_send(h, 200, "application/json; charset=utf-8", "Cache-Control: no-cache\r\n", document,
              strlen(document));
    free(document);
}

static bool check_limit(struct http *h)
{
    uint32_t after_s = 0;
    if (limit_take(h->gateway->limit, h->address, clock_ms(), &after_s))
        return true;
    h->last = true;
    http_problem(h, 429, "too_many_requests", "您的网络发来的请求过多，请稍等几秒后再试。", NULL,
                 after_s);
    return false;
}

static void answer(struct http *h)
{
    const char *allow = NULL, *verb = h->head.verb;
    if (!check_request(h))
        return;
    if (strcmp(h->path, "/healthz") == 0) {
        http_send(h, 200, "text/plain; charset=utf-8", "Cache-Control: no-store\r\n", "ok\n", 3);
    } else if (strcmp(h->path, "/readyz") == 0) {
        answer_ready(h);
    } else if (!check_limit(h)) {
        return;
    } else if (strcmp(h->path, "/api/v1/openapi.json") == 0) {
        answer_openapi(h);
    } else if (strncmp(h->path, "/api/", 5) != 0) {
        pages_serve(h, verb);
    } else if ((h->route = match_route(verb, h->path, &allow, h->arena)) != NULL) {
        answer_route(h);
    } else if (allow != NULL) {
        http_send(h, 405, "text/plain; charset=utf-8",
                  arena_printf(h->arena, "Allow: %s\r\n", allow), "", 0);
    } else {
        refuse(h, 404, "not_found", "没有这个接口。");
    }
}

/* civetweb has no call for this: it closes where the request asked for that, so the request is made to have asked. */
static void close_connection(struct http *h)
{
    struct mg_request_info *info = (struct mg_request_info *)(uintptr_t)h->info;
    info->http_headers[0] = (struct mg_header){.name = "Connection", .value = "close"};
    if (info->num_headers == 0)
        info->num_headers = 1;
}

static void take_head(struct http *h)
{
    for (int i = 0; i < h->info->num_headers && i <= HEAD_LINES_MAX; i++)
        h->lines[i] =
            (struct head_line){h->info->http_headers[i].name, h->info->http_headers[i].value};
    h->head = (struct head){.verb = h->info->request_method,
                            .target = h->info->request_uri,
                            .query = h->info->query_string,
                            .version = h->info->http_version,
                            .lines = h->lines,
                            .count = (size_t)h->info->num_headers};
}

static void tell(const struct http *h, const char *pattern)
{
    char labels[160];
    const char *verb = h->status == 501 ? "other" : h->head.verb;
    uint64_t us = clock_us() - h->began_us;
    snprintf(labels, sizeof labels, "route=\"%s\",verb=\"%s\",code=\"%d\"", pattern, verb,
             h->status);
    metrics_duration("guild_http_request_seconds", "Requests by route and code.", labels, us);
    log_line(LOGGED_INFO, "request", "verb=%s route=%s status=%d us=%" PRIu64 " request_id=%s",
             verb, pattern, h->status, us, h->request_id);
}

int http_handle(struct mg_connection *conn, void *gateway)
{
    struct http h = {.gateway = gateway,
                     .conn = conn,
                     .info = mg_get_request_info(conn),
                     .arena = arena_new(8u * 1024 * 1024),
                     .began_us = clock_us()};
    atomic_fetch_add(&h.gateway->running, 1);
    secret_random_hex(h.request_id, 16);
    take_head(&h);
    head_client(&h.head, h.info->remote_addr, h.gateway->trust_proxy, h.address, &h.https);
    guard_enter(h.gateway->guard, h.info->remote_addr, h.info->remote_port);
    h.last = h.gateway->draining || is_most_of(h.gateway, atomic_load(&h.gateway->connections));
    answer(&h);
    guard_leave(h.gateway->guard);
    tell(&h, h.route != NULL ? h.route->path : "page");
    if (h.last)
        close_connection(&h);
    int status = h.status;
    arena_destroy(&h.arena);
    atomic_fetch_sub(&h.gateway->running, 1);
    return status == 0 ? 500 : status;
}

static struct gateway *gateway_of(const struct mg_connection *conn)
{
    return mg_get_user_data(mg_get_context(conn));
}

int http_opened(const struct mg_connection *conn, void **unused)
{
    (void)unused;
    atomic_fetch_add(&gateway_of(conn)->connections, 1);
    return 0;
}

void http_closed(const struct mg_connection *conn)
{
    atomic_fetch_sub(&gateway_of(conn)->connections, 1);
}

/* civetweb ends the connection afterwards. What it has of the request may be another one's. */
int http_unreadable(struct mg_connection *conn, int status, const char *message)
{
    (void)message;
    struct http h = {
        .conn = conn,
        .head = {.verb = "GET", .version = ""},
        .arena = arena_new(0),
        .began_us = clock_us(),
        .last = true
    };
    secret_random_hex(h.request_id, 16);
    if (status == 505)
        refuse(&h, 505, "version", "只支持HTTP/1.1。");
    else if (status == 400 || status == 411 || status == 413)
        refuse_head(&h, status == 413 ? HEAD_LARGE : HEAD_MALFORMED);
    else /* 404: it came before there was a handler */
        http_status_problem(&h, STATUS_UNAVAILABLE, 1);
    tell(&h, "unreadable");
    arena_destroy(&h.arena);
    return 0;
}
