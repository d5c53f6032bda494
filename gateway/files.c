/* Uploads, streamed behind their request; downloads, read part by part. */
#include "clock.h"
#include "frame.h"
#include "http.h"
#include "json.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The body, piece by piece, as long as it comes and somebody takes it. */
static bool feed_body(struct http *h, struct exchange *exchange)
{
    /* not on the stack, nor thread-local: civetweb's threads have 100 KiB for both */
    unsigned char *piece = arena_alloc(h->arena, FRAME_CHUNK_MAX);
    for (size_t left = (size_t)h->info->content_length, size; left > 0; left -= size) {
        size = left < FRAME_CHUNK_MAX ? left : FRAME_CHUNK_MAX;
        if (!http_read(h, piece, size))
            return false;
        if (!exchange_feed(h->gateway->bus, exchange, piece, size))
            return left == size;
    }
    return true;
}

void files_upload(struct http *h, const struct assertion *assertion, ProtobufCMessage *request)
{
    long long length = h->info->content_length;
    if (length < 0) {
        http_problem(h, 411, "length_required", "请求缺少文件大小，请更换浏览器后重试。", NULL, 0);
        return;
    }
    if (length == 0) {
        http_problem(h, 422, "attachment_none", "文件是空的，请重新选择。", NULL, 0);
        return;
    }
    if (length > HTTP_UPLOAD_MAX) {
        http_problem(h, 413, "file_too_large", "文件过大，请上传10MB以内的文件。", NULL, 0);
        return;
    }
    struct exchange exchange = http_exchange(h, assertion, request, HTTP_UPLOAD_MS);
    exchange.body_size = (uint64_t)length;
    exchange_begin(h->gateway->bus, &exchange);
    bool whole = feed_body(h, &exchange);
    if (whole)
        exchange_end(h->gateway->bus, &exchange);
    else
        exchange_abandon(h->gateway->bus, &exchange);

    ProtobufCMessage *reply = exchange.status != STATUS_OK
                                  ? NULL
                                  : message_unpack(route_method(h->route)->output, exchange.reply,
                                                   exchange.reply_size, h->arena);
    if (reply != NULL) {
        size_t size;
        const char *json = json_write(reply, h->arena, &size);
        http_send(h, 200, "application/json; charset=utf-8", "Cache-Control: no-store\r\n", json,
                  size);
    } else if (!whole && exchange.reply == NULL && exchange.status == STATUS_TIMEOUT) {
        http_problem(h, 400, "body_short", "网络中断或过慢，文件没有传完，请重新上传。", NULL, 0);
    } else {
        http_refusal(h, &exchange);
    }
    free(exchange.reply);
}

/* ---- downloads */

static const Common__AttachmentPart *read_part(struct http *h, const struct assertion *assertion,
                                               ProtobufCMessage *request, uint32_t part)
{
    struct field_errors ignored = {.arena = h->arena};
    json_set_text(request, "part", arena_printf(h->arena, "%" PRIu32, part), &ignored);
    struct exchange exchange = http_exchange(h, assertion, request, HTTP_DOWNLOAD_MS);
    if (!http_run_believed(h, &exchange))
        return NULL;
    const Common__AttachmentPart *got = exchange.status != STATUS_OK
                                            ? NULL
                                            : (const Common__AttachmentPart *)message_unpack(
                                                  &common__attachment_part__descriptor,
                                                  exchange.reply, exchange.reply_size, h->arena);
    if (got == NULL)
        http_refusal(h, &exchange);
    free(exchange.reply);
    return got;
}

/* A PDF that was drawn here is shown, for printing. Somebody's is not rendered as a page of ours: it is saved. */
static bool is_own_pdf(const Common__AttachmentPart *part)
{
    return part->made_here && strcmp(part->content_type, "application/pdf") == 0;
}

/* RFC 6266: an ASCII stand-in, and the real name in UTF-8. */
static const char *disposition(struct http *h, const Common__AttachmentPart *part)
{
    const char *name = part->file_name;
    bool shown = strncmp(part->content_type, "image/", 6) == 0 || is_own_pdf(part);
    char *encoded = arena_alloc(h->arena, 3 * strlen(name) + 1), *at = encoded;
    for (const unsigned char *c = (const unsigned char *)name; *c != '\0'; c++) {
        bool plain = (*c >= '0' && *c <= '9') || ((*c | 32) >= 'a' && (*c | 32) <= 'z') ||
                     *c == '.' || *c == '-';
        if (plain)
            *at++ = (char)*c;
        else
            at += snprintf(at, 4, "%%%02X", *c);
    }
    return arena_printf(h->arena, "%s; filename=\"attachment\"; filename*=UTF-8''%s",
                        shown ? "inline" : "attachment", encoded);
}

/* Beside the policy of all answers, and both hold: whatever a browser makes of the file, it has no origin, and loads and runs
   nothing. Browsers do not show a PDF in a sandbox. */
static const char *sandbox_line(const Common__AttachmentPart *part)
{
    return is_own_pdf(part) ? "" : "Content-Security-Policy: default-src 'none'; sandbox\r\n";
}

void files_download(struct http *h, const struct assertion *assertion, ProtobufCMessage *request)
{
    const Common__AttachmentPart *part = read_part(h, assertion, request, 0);
    if (part == NULL)
        return;
    size_t size = part->size_bytes, sent = part->content.len;
    unsigned char *whole = arena_alloc(h->arena, size + part->content.len + 1);
    memcpy(whole, part->content.data, part->content.len);
    const char *lines = arena_printf(h->arena,
                                     "Content-Disposition: %s\r\n%s"
                                     "Cache-Control: %s, %s\r\n",
                                     disposition(h, part), sandbox_line(part),
                                     h->route->session == PUBLIC ? "public" : "private",
                                     h->route->session == STAFF ? "no-store" /* each look is one */
                                     : part->may_change         ? "no-cache"
                                                                : "max-age=300");
    const char *type = part->content_type;
    for (uint32_t n = 1; sent < size; n++) {
        part = read_part(h, assertion, request, n);
        if (part == NULL)
            return; /* told by read_part; nothing was sent yet */
        if (part->size_bytes != size || part->content.len == 0 || part->content.len > size - sent) {
            http_status_problem(h, STATUS_INTERNAL, 0);
            return;
        }
        memcpy(whole + sent, part->content.data, part->content.len);
        sent += part->content.len;
    }
    http_send(h, 200, type, lines, whole, size);
}
