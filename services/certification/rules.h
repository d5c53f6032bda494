/* What an association might argue about: pure functions, no I/O, no clock. */
#ifndef GUILD_CERTIFICATION_RULES_H
#define GUILD_CERTIFICATION_RULES_H

#include "certification.pb-c.h"
#include "message.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the fields' own rules cannot see: the identity card's number against gender and birth date (V11), cities in their
   provinces, days in their order, nothing that ends before it begins, nothing issued tomorrow. `today`: YYYY-MM-DD. */
void rules_form(const Certification__Form *form, const char *today, struct field_errors *errors);

/* The same of a paper: nothing was founded tomorrow, and of achievements there are no more than the paper has room for. */
void rules_paper_fields(const Certification__PaperFields *fields, const char *today,
                        struct field_errors *errors);

/* The days of which an expert takes no review: from today on, in their order, within a year. */
void rules_away(const Certification__SetAwayRequest *away, const char *today,
                struct field_errors *errors);

/* A refusal tells why: at least one canned reason, or five characters of text. */
bool rules_rejection_is_founded(size_t reasons, const char *message);

/* The same, of the whole and of single fields. Each field that is named has a reason, a note or a box. */
bool rules_verdict_is_founded(const Certification__DecideReviewRequest *verdict);

/* What the machine sees in a submission before the reviewer looks. */
struct precheck_facts {
    const Certification__Form *form; /* open, not masked; NULL: none */
    const char *today;               /* YYYY-MM-DD */
    const char *uscc;                /* empty: a person's form */
    const char *region;              /* where it was registered, in words; empty: unknown today */
    bool uscc_in_use;                /* another account's unit in force has it */
    int64_t uscc_elsewhere;          /* submissions of other accounts with it */
    bool name_in_use;                /* another account's unit in force has the same name */
    int64_t name_elsewhere;          /* other accounts whose unit has the same name */
    int64_t phone_elsewhere;         /* other accounts that named the same contact phone */
    const char *names_near;          /* units called nearly alike, each name once; empty: none */
    const char *phones_shared;       /* units with one of the phones; empty: none */
    bool id_number_in_use;           /* another account's expert in force has it */
    int64_t certificates_expired;
    bool certificates_all_expired;
    int64_t certificates_elsewhere; /* registered with another unit than the person's own */
    bool licence_is_read;           /* the QR code of a licence gave a credit code */
    const char *licence_uscc_other,
        *licence_name_other;        /* what it says against the form; or empty */
    bool licence_is_seen;           /* a credit code was read in the text of a licence */
    const char *licence_seen_other; /* one that is against the form; or empty */
};
/* The sentence is `text` and `detail`. `code`: who approves acknowledges it (review_reds_told); empty: need not. */
struct precheck {
    Certification__Precheck__Level level;
    const char *text, *detail, *code;
};
enum { PRECHECKS_MAX = 24 };
/* Fills `out`, returns how many. */
size_t rules_precheck(const struct precheck_facts *facts,
                      struct precheck out[static PRECHECKS_MAX]);

#endif
