/* Which voucher a bank line pays: scores with their evidence, and proposals of one line for one voucher. A person confirms
   them; nothing here books anything. Pure. */
#ifndef GUILD_PAYMENT_MATCH_H
#define GUILD_PAYMENT_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct match_line {
    int64_t id, amount_fen; /* the part of it that is dues */
    int day;                /* since any day */
    int64_t voucher_id;     /* a person tied it to this one; 0: to none */
    const char *payer_name, *payer_account, *remark, *serial, *wallet;
};
struct match_voucher {
    int64_t id, paid_fen, owed_fen; /* as stated; of the bills that it is for */
    int day;
    const char *unit_name, *payer_name, *legal_person, *serial, *pay_method;
    const char *codes;     /* of its bills, between blanks */
    const char *own_codes; /* of the unit's other bills: no evidence, and none against it */
    const char *accounts;  /* learnt ones of the unit, between blanks */
};

/* Evidence, as bits: what the page says of each stands in match_evidence. */
enum {
    MATCH_CODE = 1 << 0,
    MATCH_SERIAL = 1 << 1,
    MATCH_AMOUNT = 1 << 2,
    MATCH_AMOUNT_MULTIPLE = 1 << 3,
    MATCH_NAME = 1 << 4,
    MATCH_PERSON = 1 << 5,
    MATCH_NAME_NEAR = 1 << 6,
    MATCH_LEARNT = 1 << 7,
    MATCH_DAY = 1 << 8,
    MATCH_DAYS = 1 << 9,
    MATCH_WALLET = 1 << 10,
    MATCH_LESS = 1 << 11,
    MATCH_OTHER_CODE = 1 << 12,
    MATCH_RETURNED = 1 << 13,
    MATCH_CLAIMED = 1 << 14,
    MATCH_BITS = 15
};
extern const char *const match_evidence[MATCH_BITS];

/* 0 to 100 and beyond; `ret_evidence` are the bits. */
int match_score(const struct match_line *line, const struct match_voucher *voucher,
                unsigned *ret_evidence);

enum { MATCH_GREEN_SCORE = 85, MATCH_RUNNER_UP_MAX = 60, MATCH_YELLOW_SCORE = 50 };

struct match {
    size_t line, voucher; /* places in what was given */
    int score, runner_up; /* the best other pair with the same line or voucher */
    unsigned evidence;
    bool green; /* may be confirmed with others at once: sure, and just what the voucher says */
};

/* The best pairs, each line and each voucher in one at the most, best first. `out` has room for the smaller count.
   SIZE_MAX: no memory. */
size_t match_all(const struct match_line *lines, size_t lines_count,
                 const struct match_voucher *vouchers, size_t vouchers_count, struct match *out);

#endif
