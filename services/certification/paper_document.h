/* 入会申请表 (D-1) and 企业协会账号负责人说明 (D-2): as they were filled in, with number and code, or blank. */
#ifndef GUILD_CERTIFICATION_PAPER_DOCUMENT_H
#define GUILD_CERTIFICATION_PAPER_DOCUMENT_H

#include "certification.pb-c.h"
#include "paper.h"
#include "rows.h"

struct paper_document {
    struct arena *arena;
    const char *association;
    Certification__PaperForm__Kind kind;
    const ProtobufCMessage *form;
    const char *form_no, *made_at, *digest; /* form_no empty: blank, and the others do not count */
    uint32_t edition;
    const struct rows
        *names; /* dictionary, code, name: those that the form chose; blank: those to tick */
};

/* "入会申请表" */
const char *paper_document_title(Certification__PaperForm__Kind kind);

struct paper *paper_document_draw(const struct paper_document *document);

#endif
