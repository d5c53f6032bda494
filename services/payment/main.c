/* guild-payment: dues.

   What it does   tells the fee schedule; bills units, takes their vouchers, posts what finance confirms to the ledger, opens
                  and renews memberships, keeps the receipts.
   Operations     attachment.c, auto.c, badge.c, bill.c, certificate.c, fee.c, member.c, picture.c, policy.c, proposal.c, receipt.c, received.c, renewal.c, renewal_link.c, petition.c, slip.c, statement.c, unit.c, verdict.c,
                  voucher.c; the contract is proto/payment.proto.
   Reads, writes  PostgreSQL, schema payment; what must never break about money is said there (schema/003 to 006, 012, 013,
                  027), and looked for every night (ledger_watch.c). The fee schedule and the account that dues are paid to
                  are seeded by `guildctl seed` from deploy/association.json. The blob folder (contents sealed with the field keyring).
   Starts         guild-image, once per upload, confined, no network, no files.
   Is told        by certification, of member units that apply, are certified or revoked, and of the working calendar; by notification, of e-mails that went.
   Tells          notification, of vouchers, memberships and receipts, through its outbox.
   When PostgreSQL is away, requests are answered 503 and it reconnects by itself. Any number of instances; on several
   machines they need one blob store. */
#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "reasons.h"
#include "service.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

static const struct setting payment_settings[] = {
    FILE_SETTINGS,
    {"GUILD_ASSOCIATION",          SETTING_TEXT, "长治市项目全过程咨询协会",
      "name of the association, on what is printed"                                                                            },
    {"GUILD_SITE",                 SETTING_TEXT, "https://www.xmqgczx.com",              "address of the website, in QR codes"},
    {"GUILD_CERTIFICATE_KEY_FILE", SETTING_FILE, NULL,
      "key that membership certificates are signed with"                                                                       },
    SETTINGS_END,
};

static const struct op *const payment_nouns[] = {
    attachment_ops, badge_ops,   bill_ops,         certificate_ops, fee_ops,
    figures_ops,    line_ops,    mailbox_ops,      member_ops,      month_ops,
    pairing_ops,    picture_ops, policy_ops,       proposal_ops,    receipt_ops,
    received_ops,   renewal_ops, renewal_link_ops, petition_ops,    slip_ops,
    statement_ops,  unit_ops,    verdict_ops,      voucher_ops,     NULL};
REASONS_TABLE(payment_reasons, PAYMENT_REASONS);

static const struct subscription payment_subscriptions[] = {
    {"voucher.submitted",           "notification"},
    {"voucher.recorded",            "notification"},
    {"voucher.second",              "notification"},
    {"voucher.sent_back",           "notification"},
    {"voucher.reversed",            "notification"},
    {"bill.cancelled",              "notification"},
    {"bill.prepaid",                "notification"},
    {"bill.difference",             "notification"},
    {"bill.waived",                 "notification"},
    {"bill.waiver_reversed",        "notification"},
    {"member.requested",            "notification"},
    {"member.request_declined",     "notification"},
    {"refund.paid",                 "notification"},
    {"proposal.money_requested",    "notification"},
    {"proposal.standing_requested", "notification"},
    {"proposal.money_decided",      "notification"},
    {"proposal.standing_decided",   "notification"},
    {"voucher.confirmed",           "notification"},
    {"voucher.rejected",            "notification"},
    {"membership.opened",           "notification"},
    {"membership.changed",          "notification"},
    {"membership.ending",           "notification"},
    {"membership.ended",            "notification"},
    {"membership.lapsed",           "notification"},
    {"reminder.listed",             "notification"},
    {"statement.waiting",           "notification"},
    {"receipt.issued",              "notification"},
    {"receipt.resent",              "notification"},
    {"receipt.mailed",              "notification"},
    {"mailbox.link",                "notification"},
    {"receipt.returned",            "notification"},
    {"receipt.voided",              "notification"},
    {"receipt.reissue_asked",       "notification"},
    {"receipt.reissue_declined",    "notification"},
    {NULL,                          NULL          },
};

static const struct upload_statements uploads = {
    .find = &sql_upload_find,
    .pieces = &sql_upload_pieces,
    .begun = &sql_upload_begun,
    .add = &sql_upload_add,
    .forget = &sql_upload_forget,
    .sweep = &sql_upload_sweep,
};

static void payment_start(struct service_run *run)
{
    static struct payment state;
    const char *why = "";
    state.association = config_text("GUILD_ASSOCIATION");
    state.event_keys = keyring_load(config_text("GUILD_EVENT_KEY_FILE"), &why);
    if (state.event_keys == NULL) {
        fprintf(stderr, "GUILD_EVENT_KEY_FILE %s\n", why);
        exit(2);
    }
    state.site = config_text("GUILD_SITE");
    if (!secret_load_hex(config_text("GUILD_CERTIFICATE_KEY_FILE"), state.certificate_key,
                         sizeof state.certificate_key)) {
        fprintf(stderr, "GUILD_CERTIFICATE_KEY_FILE holds no key\n");
        exit(2);
    }
    crypto_sign_ed25519_sk_to_pk(state.certificate_public_key, state.certificate_key);
    file_store_open(&state.files, run, &uploads);
    service_set_state(run, &state);
    renewal_start(run);
    auto_start(run);
    mailbox_start(run);
    ledger_watch_start(run);
}

static void payment_stop(struct service_run *run)
{
    struct payment *state = service_state(run);
    file_store_close(&state->files);
    keyring_destroy(&state->event_keys);
}

static const struct service payment = {
    .contract = &payment__payment__descriptor,
    .nouns = payment_nouns,
    .statements = payment_statements,
    .reasons = payment_reasons,
    .settings = payment_settings,
    .about = "guild-payment: dues, from the bill to the receipt.",
    .start = payment_start,
    .stop = payment_stop,
    .subscriptions = payment_subscriptions,
};

int main(int argc, char **argv)
{
    return service_main(&payment, argc, argv);
}
