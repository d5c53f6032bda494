/* What is printed of a submission: the form as a sheet to sign and seal, and the opinion of its review. */
#ifndef GUILD_CERTIFICATION_DOCUMENT_H
#define GUILD_CERTIFICATION_DOCUMENT_H

#include "certification.pb-c.h"
#include "paper.h"
#include "rows.h"

/* What is known of a submission; texts of the same arena. */
struct document {
    struct arena *arena;
    const char *association;
    Certification__Identity__Kind kind;
    const ProtobufCMessage *form;
    const char *application_no, *name, *version, *made_at, *digest;
    const struct rows *names; /* dictionary, code, name */
    const struct rows *files; /* id, file_name */
};

/* "建设单位登记表" */
const char *document_title(Certification__Identity__Kind kind);

/* Every field that has a label, in the contract's order, then the places to sign. */
struct paper *document_of_form(const struct document *document);

/* 审核意见单, of a row of document_of_review. */
struct paper *document_of_opinion(const struct document *document, const struct rows *review);

#endif
