/* The head of a request from anybody: cut into pieces as civetweb does, looked at by head_check, and read by a strict reader
   of RFC 9112 that never saw a piece. What head_check takes, the strict reader takes, and finds the same lines. Then what
   the head says: the client, the cookie, the query. */
#include "head.h"
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { PIECES_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct request {
    struct head head;
    struct head_line lines[PIECES_MAX];
    size_t size; /* of the head */
};

static void expect(bool holds)
{
    if (!holds)
        abort();
}

/* ---- as civetweb 1.15 reads, with what it lets pass */

/* Where the head ends, or 0. */
static size_t size_of_head(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 128 && c != '\r' && c != '\n' && !isprint(c))
            return 0;
        if (i + 1 < size && memcmp(text + i, "\n\n", 2) == 0)
            return i + 2;
        if (i + 3 < size && memcmp(text + i, "\r\n\r\n", 4) == 0)
            return i + 4;
    }
    return 0;
}

static bool cut_word(char **at, bool ends_line)
{
    while (isgraph((unsigned char)**at))
        (*at)++;
    if (ends_line ? **at != '\r' && **at != '\n' : **at != ' ')
        return false;
    do
        *(*at)++ = '\0';
    while (isspace((unsigned char)**at));
    return ends_line || isgraph((unsigned char)**at);
}

/* 1: a line; 0: no more; -1: none that can be one. */
static int cut_line(char **text, struct head_line *ret)
{
    char *at = *text;
    while (*at != ':' && *at >= 33 && *at <= 126)
        at++;
    if (at == *text)
        return 0;
    while (*at == ' ')
        *at++ = '\0';
    if (*at != ':')
        return -1;
    *at++ = '\0';
    ret->name = *text;
    while (*at == ' ' || *at == '\t')
        at++;
    ret->value = at;
    while (*at != '\0' && *at != '\r' && *at != '\n')
        at++;
    if (*at == '\r') {
        *at++ = '\0';
        if (*at != '\n')
            return -1;
    }
    if (*at != '\0')
        *at++ = '\0';
    *text = at;
    return 1;
}

static bool cut(char *text, size_t size, struct request *ret)
{
    while (size > 0 && isspace((unsigned char)*text)) {
        text++;
        size--;
    }
    ret->size = size_of_head(text, size);
    if (ret->size == 0)
        return false;
    text[ret->size - 1] = '\0';
    ret->head.verb = text;
    if (!cut_word(&text, false))
        return false;
    ret->head.target = text;
    if (!cut_word(&text, false))
        return false;
    ret->head.version = text;
    if (!cut_word(&text, true) || strncmp(ret->head.version, "HTTP/", 5) != 0)
        return false;
    ret->head.version += 5;
    int got = 1;
    while (ret->head.count < PIECES_MAX &&
           (got = cut_line(&text, &ret->lines[ret->head.count])) == 1) {
        ret->head.count++;
        if (text[0] == '\r' || text[0] == '\n')
            break;
    }
    ret->head.lines = ret->lines;
    char *query = strchr(ret->head.target, '?');
    if (query != NULL) {
        *query = '\0';
        ret->head.query = query + 1;
    }
    return got >= 0 &&
           (strcmp(ret->head.version, "1.0") == 0 || strcmp(ret->head.version, "1.1") == 0);
}

/* ---- as RFC 9112 has it */

static const char *after(const char *at, const char *signs)
{
    return at + strspn(at, signs);
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define TOKEN LETTERS "0123456789!#$%&'*+-.^_`|~"

static const char *past(const char *at, const char *text)
{
    expect(strncmp(at, text, strlen(text)) == 0);
    return at + strlen(text);
}

/* `text` is the head as it came, ended by NUL. */
static void read_strictly(const char *text, const struct head *head)
{
    const char *at = after(text, TOKEN);
    size_t lengths = 0, hosts = 0, encodings = 0, count = 0;
    at = past(at, " ");
    expect(*at == '/');
    at += strcspn(at, " \r\n");
    at = past(at, " HTTP/1.");
    at++;
    expect((at[0] == '\r' || at[0] == '\n') &&
           isspace((unsigned char)at[1])); /* not to be seen (head.h) */
    at += 2;
    for (; strncmp(at, "\r\n", 2) != 0; count++) {
        const char *name = at, *colon = after(at, TOKEN), *value = after(colon + 1, " ");
        size_t size = strcspn(value, "\r\n");
        expect(colon > name && *colon == ':' && count < head->count);
        lengths += colon - name == 14 && strncasecmp(name, "Content-Length", 14) == 0;
        hosts += colon - name == 4 && strncasecmp(name, "Host", 4) == 0;
        encodings += colon - name == 17 && strncasecmp(name, "Transfer-Encoding", 17) == 0;
        const struct head_line *line = &head->lines[count];
        expect(strlen(line->name) == (size_t)(colon - name) &&
               memcmp(line->name, name, (size_t)(colon - name)) == 0);
        expect(strlen(line->value) == size && memcmp(line->value, value, size) == 0);
        at = past(value + size, "\r\n");
    }
    at = past(at, "\r\n");
    expect(*at == '\0' && count == head->count);
    expect(hosts == 1 && lengths <= 1 && encodings == 0);
}

/* ---- what it says */

static void try_query(const struct head *head)
{
    char *query = head->query == NULL ? NULL : strdup(head->query), *rest = query;
    const char *name, *value;
    for (enum head_pair pair = HEAD_PAIR; query != NULL && pair == HEAD_PAIR;) {
        pair = head_next_pair(&rest, &name, &value);
        expect(pair != HEAD_PAIR ||
               (strpbrk(name, "\r\n\t") == NULL && strpbrk(value, "\r\n\t") == NULL));
    }
    free(query);
}

static void try_all(const struct head *head)
{
    char address[48], token[HEAD_TOKEN_SIZE + 1];
    bool https;
    head_client(head, "10.0.0.1", true, address, &https);
    expect(strspn(address, "0123456789abcdefABCDEF.:") == strlen(address) && address[0] != '\0');
    if (head_token(head, "sid", token)) {
        expect(strspn(token, "0123456789abcdef") == HEAD_TOKEN_SIZE);
        expect(strstr(head_value(head, "Cookie"), token) != NULL);
    }
    if (head_is_from_our_page(head))
        expect(head_value(head, "X-Guild-Request") != NULL);
    try_query(head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct request request = {.size = 0};
    char *text = malloc(size + 2),
         *whole = malloc(size + 1); /* a byte behind the head may be looked at */
    if (text == NULL || whole == NULL)
        abort();
    if (size > 0)
        memcpy(text, data, size);
    text[size] = text[size + 1] = '\0';
    if (cut(text, size, &request)) {
        enum head_fault fault = head_check(&request.head);
        if (fault == HEAD_GOOD) {
            memcpy(whole, data + (request.head.verb - text), request.size);
            whole[request.size] = '\0';
            read_strictly(whole, &request.head);
        }
        try_all(&request.head);
    }
    free(text);
    free(whole);
    return 0;
}
