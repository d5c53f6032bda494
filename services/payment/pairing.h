/* Lines and vouchers that wait, read and matched (match.h): for the list that finance sees, and for what confirms itself. */
#ifndef GUILD_PAYMENT_PAIRING_H
#define GUILD_PAYMENT_PAIRING_H

#include "call.h"
#include "match.h"
#include "payment.pb-c.h"

struct matching {
    struct rows line_rows, voucher_rows; /* of match_lines… and match_vouchers */
    struct rows total_rows;              /* of match_totals; for the list that finance sees */
    struct match_line *lines;
    struct match_voucher *vouchers;
    struct match *matches;
    size_t matches_count; /* SIZE_MAX: no memory */
    bool of_one;          /* all that fit one voucher, not one line for each */
    bool searched;        /* whatever was asked for, fitting or not */
};

/* Asks for all that may belong together: three results, of which the second has the lines and the third the vouchers. Binds nothing:
   :voucher_id is 0. */
void matching_read(struct call *c);
/* From the rows; in the call's arena. */
void matching_fill(struct call *c, struct matching *m);
/* For an actor. */
void matching_work(void *job);
/* A proposal as the contract has it, with the amount laid on the voucher's bills. */
Payment__Match *matching_message(struct call *c, const struct matching *m,
                                 const struct match *found);

#endif
