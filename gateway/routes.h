/* Every URL of the API, as data. Path parameters (`:id`) and the query fill the request's fields of their
   names; a JSON body fills the rest. The OpenAPI document is printed from this table and the contracts. */
#ifndef GUILD_ROUTES_H
#define GUILD_ROUTES_H

#include "router.h"
#include <stddef.h>

enum route_verb { GET, POST, PUT, DELETE };

/* Whose cookie opens the route. The service checks permission again on the signed assertion;
   this only tells the gateway which cookie to resolve. */
enum route_session { PUBLIC, MEMBER, STAFF };

/* How the answer is made. JSON unless the row says otherwise. */
enum route_form {
    JSON = 0,
    LOG_IN,   /* the reply's session_token becomes the cookie of the route's kind */
    LOG_OUT,  /* the cookie goes */
    UPLOAD,   /* the body is a file: streamed behind the request */
    DOWNLOAD, /* the answer is a file: read part by part */
    POLLED, /* JSON that pages ask for again and again: the connection is not kept, so that a page that is merely
                 open takes no thread */
};

struct route {
    enum route_verb verb;
    const char *path;
    enum route_session session;
    const char *service; /* proto package: "certification" */
    const char *method;  /* "SubmitApplication" */
    enum route_form form;
    enum route_session cookie; /* LOG_IN, LOG_OUT: which cookie is set or cleared */
};

/* What gives way to what under load. */
enum router_class route_class(const struct route *route);

extern const struct route routes[];
extern const size_t routes_count;

#endif
