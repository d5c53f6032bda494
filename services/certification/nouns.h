/* The tables of this service's nouns, and what its main opens for them. */
#ifndef GUILD_CERTIFICATION_NOUNS_H
#define GUILD_CERTIFICATION_NOUNS_H

#include "call.h"
#include "files.h"
#include "link_token.h"

struct blank_forms;

struct certification {
    struct file_store files;
    struct keyring *event_keys; /* what services seal for each other */
    const char *association, *site;
    struct blank_forms *blank_forms;
};

/* Blank papers that were drawn lately. */
struct blank_forms *blank_forms_new(void);
void blank_forms_destroy(struct blank_forms **self);

/* Reminds experts of certificates that end (N17), and pauses who has none where staff set it so: every ten minutes from now on, or
   once. */
void expert_watch_start(struct service_run *run);
void expert_watch_run(struct service_run *run);

/* Tells units of papers that end, and ends identities with theirs: every ten minutes from now on, or once. */
void expiry_watch_start(struct service_run *run);
void expiry_watch_run(struct service_run *run);

/* Erases what is due: every ten minutes from now on, or once. */
void retention_start(struct service_run *run);
void retention_run(struct service_run *run);

/* Tells reviewers of what waits too long and, at nine, of what waits: every ten minutes from now on, or once. `at`:
   "YYYY-MM-DD HH:MM" of Shanghai; NULL: now. */
void review_watch_start(struct service_run *run);
void review_watch_run(struct service_run *run, const char *at);

/* Invitations that nobody answered in time: every minute from now on, or once. */
void invitation_watch_start(struct service_run *run);
void invitation_watch_run(struct service_run *run);

/* Links to answer an invitation by: short, for one SMS. 39 bits at random and 80 of signature. */
extern const struct link_kind invitation_link_kind;

extern const struct op appeal_ops[];
extern const struct op application_ops[];
extern const struct op appointment_ops[];
extern const struct op attachment_ops[];
extern const struct op blank_form_ops[];
extern const struct op consent_ops[];
extern const struct op dictionary_ops[];
extern const struct op document_ops[];
extern const struct op draw_ops[];
extern const struct op draw_document_ops[];
extern const struct op expert_ops[];
extern const struct op expiry_ops[];
extern const struct op figures_ops[];
extern const struct op handover_ops[];
extern const struct op invitation_ops[];
extern const struct op paper_form_ops[];
extern const struct op paper_review_ops[];
extern const struct op retention_ops[];
extern const struct op review_ops[];
extern const struct op review_rules_ops[];
extern const struct op revocation_ops[];
extern const struct op unit_ops[];

#endif
