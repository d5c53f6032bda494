/* guild-payment: fees now; bills, vouchers, memberships and receipts with the dues.

   What it does   tells the fee schedule in force. The contract is proto/payment.proto.
   Reads, writes  PostgreSQL, schema payment; the schedule is seeded by `guildctl seed` from deploy/association.json.
   When PostgreSQL is away, requests are answered 503 and it reconnects by itself. Any number of instances. */
#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "reasons.h"
#include "service.h"

static const struct op *const payment_nouns[] = {fee_ops, NULL};
REASONS_TABLE(payment_reasons, PAYMENT_REASONS);

static const struct service payment = {
    .contract = &payment__payment__descriptor,
    .nouns = payment_nouns,
    .statements = payment_statements,
    .reasons = payment_reasons,
    .about = "guild-payment: the fee schedule.",
};

int main(int argc, char **argv)
{
    return service_main(&payment, argc, argv);
}
