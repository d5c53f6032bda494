/* The tables of this service's nouns, and what its main opens for them. */
#ifndef GUILD_PAYMENT_NOUNS_H
#define GUILD_PAYMENT_NOUNS_H

#include "call.h"
#include "files.h"
#include "link_token.h"

struct payment {
    struct file_store files;
    struct keyring *event_keys;
    const char *association;
    const char *site;                                              /* where the public check is */
    unsigned char certificate_key[64], certificate_public_key[32]; /* Ed25519 */
};

extern const struct op attachment_ops[];
extern const struct op badge_ops[];
extern const struct op bill_ops[];
extern const struct op certificate_ops[];
extern const struct op fee_ops[];
extern const struct op figures_ops[];
extern const struct op line_ops[];
extern const struct op mailbox_ops[];
extern const struct op member_ops[];
extern const struct op month_ops[];
extern const struct op pairing_ops[];
extern const struct op picture_ops[];
extern const struct op policy_ops[];
extern const struct op proposal_ops[];
extern const struct op receipt_ops[];
extern const struct op received_ops[];
extern const struct op renewal_link_ops[];
extern const struct op renewal_ops[];
extern const struct op petition_ops[];
extern const struct op slip_ops[];
extern const struct op statement_ops[];
extern const struct op unit_ops[];
extern const struct op verdict_ops[];
extern const struct op voucher_ops[];

/* Links to renew by, which reminders carry: 96 bits are signature. */
extern const struct link_kind renewal_link_kind;

/* Links that verify mailboxes; 96 bits are signature. */
extern const struct link_kind mailbox_link_kind;

/* Adds to a batch, behind what gave an address of the caller's, that its mailbox is sent a link where it wants one. */
void mailbox_link_add(struct call *c);
/* Those that want one still: every minute from now on, or once. */
void mailbox_start(struct service_run *run);
void mailbox_run(struct service_run *run);

/* Bills and reminders of renewal: every ten minutes from now on, or once. */
void renewal_start(struct service_run *run);
void renewal_run(struct service_run *run);
/* The day's list, to staff: looked at every minute from renewal_start on, or once. */
void reminder_notice_run(struct service_run *run);

/* Automatic confirmation, if the policy says so: every minute from now on, or once. */
void auto_start(struct service_run *run);
void auto_run(struct service_run *run);

/* The check of the ledger, once a night: looked at every minute from now on, or once. */
void ledger_watch_start(struct service_run *run);
void ledger_watch_run(struct service_run *run);

/* Binds :reference_code to a new one. */
void bill_set_reference(struct call *c);

#endif
