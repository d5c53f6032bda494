/* A paper as a file, answered part by part: drawn in an actor, and anew for each part, since the same paper gives the same
   bytes. */
#ifndef GUILD_CERTIFICATION_PARTS_H
#define GUILD_CERTIFICATION_PARTS_H

#include "call.h"
#include "certification.pb-c.h"
#include "document.h"
#include <stdbool.h>

struct parts {
    Certification__Document__Format format;
    uint32_t page; /* of a PNG, from 1; 0: the first */
    uint32_t part; /* of 256 KiB, from 0 */
    bool may_change;
    struct paper *paper;
    const struct photo *photo; /* that is on it, loaded first; NULL: none */
    const char *title, *name;  /* of the file */
    struct file_store *store;  /* this and what follows: of the actor */
    struct paper_bytes bytes;
    enum status status;
};

/* Answers with the part that was asked for; `parts` lives in the call's arena. */
answer parts_then(struct call *c, struct parts *parts);

#endif
