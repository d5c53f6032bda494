/* Field checks: pure functions of a text. Each writes the normal form to `out` and returns NULL, or returns a Chinese
   sentence that says what to do. V-numbers are the domain's validation rules. No locale, no clock, no state. */
#ifndef GUILD_CHECK_H
#define GUILD_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef const char *check_fn(const char *text, char *out, size_t size);

struct check {
    const char *name;
    check_fn *function;
};

/* By the name that a field's rule gives (proto/options.proto); NULL: no such check. */
const struct check *check_find(const char *name);

check_fn check_mobile;          /* V1: mainland mobile; blanks, dashes, +86/0086 go */
check_fn check_landline;        /* V2: 0355-3069919, 400/800 numbers */
check_fn check_phone_any;       /* V1 or V2 */
check_fn check_member_password; /* V3: at least 8 characters, not a common one */
check_fn check_staff_password;  /* V3: at least 15 characters, not a common one */
check_fn check_sms_code;        /* V4: six digits; full-width ones too */
check_fn check_uscc;            /* V5: GB 32100-2015, 统一社会信用代码 */
check_fn check_id_number; /* V6: GB 11643-1999, 居民身份证号; of a region that is or was one */
check_fn check_person_name; /* V7 */
check_fn check_unit_name;   /* V8: brackets become half-width, blanks inside go between CJK */
check_fn check_email;       /* V9 */
check_fn check_date;        /* V10: YYYY-MM-DD, a real day since 1900 */
check_fn check_month;       /* YYYY-MM, since 1900 */
check_fn check_minute;      /* YYYY-MM-DD HH:MM, of a real day */
check_fn
    check_certificate_no; /* one line without blanks, full-width and small letters become ASCII capitals */
check_fn check_region;         /* V13: GB/T 2260, six digits of a known province */
check_fn check_money;          /* V14: normal form "5000.00", 0.01 to 1 000 000.00 yuan */
check_fn check_reference_code; /* V15 */
check_fn check_bank_line;      /* V17: 12 digits */
check_fn check_postcode;       /* six digits */
check_fn check_website;        /* a host with a dot, with or without http(s):// and what follows */
check_fn check_count;          /* 0 to 999999; separators of thousands go */
check_fn check_year;           /* YYYY, since 1900 */
check_fn check_text;           /* V19: one line, NFC, no control characters */
check_fn check_multiline_text; /* V19, with line breaks */

/* V3's second half: a password must not hold the phone. NULL: good. */
const char *check_password_against_phone(const char *password, const char *phone);

/* V5: the organisation code inside (GB 11714) fails its own check digit: a warning, since old codes of individual
   businesses do. `uscc` in normal form. */
bool check_uscc_organisation_good(const char *uscc);
/* V5: what kind of body, "企业"; NULL: unknown. */
const char *check_uscc_kind(const char *uscc);
/* V5: the registrar's region is one, or was; 10….: the national registrar. Unknown is a warning. */
bool check_uscc_region_known(const char *uscc);

/* V11: number, gender (1 男, 2 女) and birth date (YYYY-MM-DD) agree; NULL: they do. */
const char *check_id_agrees(const char *id_number, const char *gender, const char *birth_date);

/* V14: the amount in fen of a normal form. */
int64_t check_money_fen(const char *normal);

/* V15: two capital letters, five of 29 characters (no I L O U Z 0 1) and a check character, from a number. */
void check_reference_code_make(const char letters[static 2], uint32_t number, char out[static 9]);

/* "185****4937"; anything shorter than 7 characters becomes "****". `size` ≥ 16. */
void check_mask_mobile(const char *mobile, char *out, size_t size);
/* "1404**********0015" */
void check_mask_id_number(const char *id_number, char *out, size_t size);

#endif
