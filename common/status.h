/* The one status enum: what became of a call, for machines. What a person reads is a reason (reason.h).
   Its numbers travel in frames; its HTTP form is in status.c alone. */
#ifndef GUILD_STATUS_H
#define GUILD_STATUS_H

#include <stdint.h>

#define STATUS_LIST(S)                                                                             \
    S(OK, 200)                                                                                     \
    S(MALFORMED, 400)       /* the request cannot be read */                                       \
    S(UNAUTHENTICATED, 401) /* nobody is logged in, or no longer */                                \
    S(FORBIDDEN, 403)                                                                              \
    S(NOT_FOUND, 404)                                                                              \
    S(CONFLICT, 409) /* the state of things does not allow it (any more) */                        \
    S(TOO_LARGE, 413)                                                                              \
    S(UNSUPPORTED, 415) /* a kind of content that is not taken */                                  \
    S(INVALID, 422)     /* read, but a field or a rule refuses it */                               \
    S(TOO_MANY, 429)                                                                               \
    S(INTERNAL, 500)    /* our mistake */                                                          \
    S(UNAVAILABLE, 503) /* certainly not done; later it may be */                                  \
    S(TIMEOUT, 504)     /* perhaps done: ask again with the same key */

enum status {
#define STATUS_ENUM(name, http) STATUS_##name,
    STATUS_LIST(STATUS_ENUM)
#undef STATUS_ENUM
        STATUS_COUNT
};

/* Functions that can fail return a status, and its caller must look at it. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* The HTTP status code of a status. */
int status_http(enum status status);

/* Its name, "CONFLICT", for logs and metrics. */
const char *status_name(enum status status);

#endif
