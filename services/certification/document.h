/* What is printed of a submission: the form as a sheet to sign and seal, and the opinion of a review. */
#ifndef GUILD_CERTIFICATION_DOCUMENT_H
#define GUILD_CERTIFICATION_DOCUMENT_H

#include "certification.pb-c.h"
#include "paper.h"
#include "rows.h"
#include <stdbool.h>

/* A photo for the form's place of one; `size` 0: there is none. Loaded before the form is drawn. */
struct photo {
    const char *id;
    int64_t owner;
    size_t size;
    unsigned char *bytes; /* a JPEG */
};

/* What is known of a submission; texts of the same arena. */
struct document {
    struct arena *arena;
    const char *association;
    Certification__Document__Content content;
    Certification__Identity__Kind kind;
    const ProtobufCMessage *form;
    const char *application_no, *name, *made_at, *digest;
    uint32_t version;         /* of the submission */
    const struct rows *names; /* dictionary, code, name */
    const struct rows *files; /* id, file_name */
    struct photo photo;
    struct rows review; /* document_of_review's row */
};

/* "建设单位登记表" */
const char *document_title(const struct document *document);

/* A form has every field that has a label, in the contract's order, then the places to sign. */
struct paper *document_paper(const struct document *document);

/* One field of a form, as people read it; of the document its arena, names and files count. */
void document_field(const struct document *document, struct paper *paper,
                    const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

#endif
