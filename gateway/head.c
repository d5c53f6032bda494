#include "head.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const char digits[] = "0123456789";
static const char host_signs[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:[]";
/* RFC 9110, 5.6.2 */
static const char token_signs[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";

/* A decision hangs on each of these: two of them would be two decisions. */
static const char *const single_lines[] = {
    "Content-Type", "Idempotency-Key", "Origin", "Sec-Fetch-Site", "X-Guild-Request",
};

const char *head_value(const struct head *head, const char *name)
{
    for (size_t i = 0; i < head->count; i++)
        if (strcasecmp(head->lines[i].name, name) == 0)
            return head->lines[i].value;
    return NULL;
}

static const char *last_value(const struct head *head, const char *name)
{
    for (size_t i = head->count; i-- > 0;)
        if (strcasecmp(head->lines[i].name, name) == 0)
            return head->lines[i].value;
    return NULL;
}

static size_t count_of(const struct head *head, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < head->count; i++)
        count += strcasecmp(head->lines[i].name, name) == 0;
    return count;
}

/* ---- how it is written */

static const char *end_of(const char *piece)
{
    return piece + strlen(piece);
}

static bool consists_of(const char *text, const char *signs)
{
    return text[0] != '\0' && text[strspn(text, signs)] == '\0';
}

/* VERB TARGET HTTP/1.1, with one space each, and CR LF. */
static bool first_line_is_good(const struct head *head)
{
    const char *target_end = end_of(head->query == NULL ? head->target : head->query);
    return consists_of(head->verb, token_signs) && end_of(head->verb) + 1 == head->target &&
           (head->query == NULL || end_of(head->target) + 1 == head->query) &&
           target_end + 1 + strlen("HTTP/") == head->version &&
           end_of(head->version) + 2 == head->lines[0].name;
}

/* The colon right behind the name, then spaces at most: civetweb wrote NUL over a space before the colon, too. */
static bool line_is_good(const struct head_line *line)
{
    const char *at = end_of(line->name) + 1;
    if (at > line->value || !consists_of(line->name, token_signs))
        return false;
    while (at < line->value && *at == ' ')
        at++;
    return at == line->value;
}

/* Each line ends with CR LF, both overwritten, and behind the last one the head does. A folded line, or one that ends with
   LF alone, is found here. Where LF alone ends the last line, the byte looked at last is the first behind the head. */
static bool lines_are_good(const struct head *head)
{
    const struct head_line *last = &head->lines[head->count - 1];
    for (const struct head_line *line = head->lines; line <= last; line++)
        if (!line_is_good(line) || (line < last && end_of(line->value) + 2 != line[1].name))
            return false;
    const char *end = end_of(last->value);
    return end[1] == '\0' && end[2] == '\r' && end[3] == '\0';
}

/* One framing, told in digits only, and none where nobody expects a body: what a proxy in front and we might read
   differently is refused. */
static bool framing_is_single(const struct head *head)
{
    const char *length = head_value(head, "Content-Length");
    if (count_of(head, "Transfer-Encoding") > 0 || count_of(head, "Content-Length") > 1)
        return false;
    if (length == NULL)
        return true;
    if (strcmp(head->verb, "GET") == 0 || strcmp(head->verb, "HEAD") == 0)
        return strcmp(length, "0") == 0;
    return consists_of(length, digits) && strlen(length) < 12;
}

static bool host_is_good(const struct head *head)
{
    return count_of(head, "Host") == 1 && consists_of(head_value(head, "Host"), host_signs);
}

enum head_fault head_check(const struct head *head)
{
    if (head->count > HEAD_LINES_MAX)
        return HEAD_LARGE;
    if (head->count == 0)
        return HEAD_HOST;
    if (end_of(head->lines[head->count - 1].value) + 4 - head->verb > HEAD_BYTES_MAX)
        return HEAD_LARGE;
    if (!first_line_is_good(head) || !lines_are_good(head))
        return HEAD_MALFORMED;
    if (!framing_is_single(head))
        return HEAD_FRAMING;
    if (!host_is_good(head))
        return HEAD_HOST;
    for (size_t i = 0; i < sizeof single_lines / sizeof single_lines[0]; i++)
        if (count_of(head, single_lines[i]) > 1)
            return HEAD_MALFORMED;
    return head->target[0] == '/' && strlen(head->target) < HEAD_TARGET_MAX ? HEAD_GOOD
                                                                            : HEAD_TARGET;
}

/* ---- what it says */

void head_client(const struct head *head, const char *peer, bool trust_proxy, char ret_address[48],
                 bool *ret_https)
{
    const char *address = peer, *forwarded = last_value(head, "X-Forwarded-For");
    const char *proto = last_value(head, "X-Forwarded-Proto");
    unsigned char bytes[16];
    if (trust_proxy && forwarded != NULL) {
        const char *comma = strrchr(forwarded, ',');
        const char *last = comma == NULL ? forwarded : comma + 1;
        last += strspn(last, " ");
        if (inet_pton(AF_INET, last, bytes) == 1 || inet_pton(AF_INET6, last, bytes) == 1)
            address = last;
    }
    snprintf(ret_address, 48, "%s", address);
    *ret_https = trust_proxy && proto != NULL && strcmp(proto, "https") == 0;
}

bool head_is_from_our_page(const struct head *head)
{
    const char *site = head_value(head, "Sec-Fetch-Site"), *origin = head_value(head, "Origin");
    const char *host = head_value(head, "Host");
    if (head_value(head, "X-Guild-Request") == NULL)
        return false;
    if (site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
        return false;
    if (origin == NULL)
        return true;
    const char *rest = strstr(origin, "://");
    return rest != NULL && host != NULL && strcasecmp(rest + 3, host) == 0;
}

bool head_token(const struct head *head, const char *cookie, char ret_token[HEAD_TOKEN_SIZE + 1])
{
    const char *at = head_value(head, "Cookie");
    size_t name_size = strlen(cookie);
    while (at != NULL) {
        at += strspn(at, " ");
        if (strncmp(at, cookie, name_size) == 0 && at[name_size] == '=') {
            const char *token = at + name_size + 1;
            size_t size = strcspn(token, ";");
            if (size != HEAD_TOKEN_SIZE || strspn(token, "0123456789abcdef") != HEAD_TOKEN_SIZE)
                return false;
            memcpy(ret_token, token, HEAD_TOKEN_SIZE);
            ret_token[HEAD_TOKEN_SIZE] = '\0';
            return true;
        }
        at = strchr(at, ';');
        if (at != NULL)
            at++;
    }
    return false;
}

enum head_pair head_next_pair(char **rest, const char **ret_name, const char **ret_value)
{
    char *pair;
    do
        pair = strsep(rest, "&");
    while (pair != NULL && pair[0] == '\0');
    if (pair == NULL)
        return HEAD_PAIRS_END;
    char *value = strchr(pair, '=');
    if (value == NULL)
        return HEAD_PAIR_MALFORMED;
    *value++ = '\0';
    if (!head_decode(pair, true) || !head_decode(value, true))
        return HEAD_PAIR_MALFORMED;
    *ret_name = pair;
    *ret_value = value;
    return HEAD_PAIR;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 32);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool head_decode(char *text, bool plus_is_space)
{
    char *to = text;
    for (const char *at = text; *at != '\0'; at++) {
        int c = (unsigned char)*at;
        if (c == '%') {
            int high = hex(at[1]), low = high < 0 ? -1 : hex(at[2]);
            if (low < 0)
                return false;
            c = high * 16 + low;
            at += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        if (c < 0x20 || c == 0x7f)
            return false;
        *to++ = (char)c;
    }
    *to = '\0';
    return true;
}
