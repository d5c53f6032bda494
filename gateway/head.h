/* The head of a request: is it written so that everybody reads the same in it, and what it says. Pure, and no civetweb in it.

   A proxy in front and we must agree where a request ends and who sent it; else one hides in another (request smuggling).
   civetweb is generous: it drops spaces before a colon, takes bare line feeds, ends the headers at a folded line, and
   shows the first 64 only. But it cuts the head into pieces where it lies, writing NUL over what ends one, and moves
   nothing. So the bytes between two pieces tell how the head was written, and head_check looks at each of them.

   Two things are not to be seen so. White space before the request line is skipped: after two empty lines there civetweb
   takes the head for the body, which is then refused as such. And the two signs between the request line and the first
   header are overwritten both: they may be LF and a space as well as CR LF. A proxy in front must not pass on such a thing
   (RFC 9112, 2.2, forbids it to). */
#ifndef GUILD_GATEWAY_HEAD_H
#define GUILD_GATEWAY_HEAD_H

#include <stdbool.h>
#include <stddef.h>

enum {
    HEAD_LINES_MAX = 63, /* civetweb shows 64: one more than these, and some may be hidden */
    HEAD_BYTES_MAX = 16384,
    HEAD_TARGET_MAX = 2048,
    HEAD_TOKEN_SIZE = 64,
};

struct head_line {
    const char *name, *value;
};

/* All pieces lie in one buffer, in this order, as civetweb cut them. */
struct head {
    const char *verb, *target, *query; /* query: NULL without a question mark */
    const char *version;               /* behind "HTTP/" */
    const struct head_line *lines;
    size_t count;
};

enum head_fault {
    HEAD_GOOD,
    HEAD_LARGE,     /* more lines or bytes than are looked at */
    HEAD_MALFORMED, /* not written as RFC 9112 says, or a header twice that stands once */
    HEAD_FRAMING,   /* the body's length is not told once, in digits only */
    HEAD_HOST,      /* not exactly one Host, or none that can be one */
    HEAD_TARGET,    /* no path, or a too long one */
};

enum head_fault head_check(const struct head *head);

/* The first such header's value, or NULL. Names have no case. */
const char *head_value(const struct head *head, const char *name);

/* Who sent it: the peer, or behind a trusted proxy the last address of the last X-Forwarded-For: that one the proxy itself
   wrote. What is no address there, counts as the peer's. */
void head_client(const struct head *head, const char *peer, bool trust_proxy, char ret_address[48],
                 bool *ret_https);

/* Was it made by a page of ours? Browsers tell the site, and only a page of ours can set X-Guild-Request. */
bool head_is_from_our_page(const struct head *head);

/* The session token in the cookie of that name; false: no such cookie, or not of a token's shape. */
bool head_token(const struct head *head, const char *cookie, char ret_token[HEAD_TOKEN_SIZE + 1]);

enum head_pair { HEAD_PAIR, HEAD_PAIRS_END, HEAD_PAIR_MALFORMED };

/* The next name and value of a query, decoded where they lie; `rest` goes on behind them. */
enum head_pair head_next_pair(char **rest, const char **ret_name, const char **ret_value);

/* %-decodes in place (plus stays plus in paths); false: bad escape, NUL or control character. */
bool head_decode(char *text, bool plus_is_space);

#endif
