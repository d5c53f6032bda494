/* guild-certification: the four identities.

   What it does   drafts, submissions and their reviews (SM1, SM2); attachments; dictionaries; the expert pool, the unit
                  directory; verifiable draws of experts (SM8); printable documents; papers that come back stamped (SM10);
                  other persons for units' accounts (SM11); appeals.
   Operations     appeal.c, application.c, appointment.c, consent.c, attachment.c, blank_form.c, dictionary.c, draw.c, draw_document.c, expert.c, expiry.c, figures.c,
                  handover.c, invitation.c, paper_form.c, paper_review.c, print.c, retention.c, review.c, review_rules.c, review_watch.c, revocation.c, unit.c; the contract is proto/certification.proto.
   Reads, writes  PostgreSQL, schema certification; the blob folder (contents sealed with the field keyring).
   Starts         guild-image, once per upload, confined, no network, no files; guild-ocr, confined alike, for licences whose QR code tells
                  nothing, if GUILD_OCR_PROVIDER is tesseract.
   Tells          notification, of each submission, paper, appeal and decision, of reviews that wait too long, of experts moved and drawn, of draws that need more, and of their certificates that
                  end, of units' papers and identities that end; payment, of member units that apply, are certified or revoked;
                  auth, of hand-overs that two persons agreed to; through its outbox. Hears from auth what became of them.
   When PostgreSQL is away, requests are answered 503 and it reconnects by itself; when the blob folder cannot be
   written or its volume is 92 % full, uploads are answered 503. Any number of instances; on several machines they need one blob store. */
#include "certification.pb-c.h"
#include "certification_queries.h"
#include "nouns.h"
#include "reasons.h"
#include "service.h"
#include <stdio.h>
#include <stdlib.h>

static const struct setting certification_settings[] = {
    FILE_SETTINGS,
    {"GUILD_ASSOCIATION",  SETTING_TEXT, "长治市项目全过程咨询协会",
      "name of the association, on what is printed"                                                                      },
    {"GUILD_SITE",         SETTING_TEXT, "https://www.xmqgczx.com",              "address of the website, in QR codes"  },
    {"GUILD_OCR_PROVIDER", SETTING_TEXT, "none",
      "who reads the credit code on licences without a QR code: none or tesseract"                                       },
    {"GUILD_OCR_PROGRAM",  SETTING_TEXT, "",                                     "tesseract provider: path of guild-ocr"},
    SETTINGS_END,
};

static const struct op *const certification_nouns[] = {application_ops,
                                                       attachment_ops,
                                                       blank_form_ops,
                                                       dictionary_ops,
                                                       document_ops,
                                                       draw_ops,
                                                       draw_document_ops,
                                                       expert_ops,
                                                       figures_ops,
                                                       paper_form_ops,
                                                       paper_review_ops,
                                                       retention_ops,
                                                       review_ops,
                                                       review_rules_ops,
                                                       revocation_ops,
                                                       unit_ops,
                                                       expiry_ops,
                                                       handover_ops,
                                                       consent_ops,
                                                       appointment_ops,
                                                       invitation_ops,
                                                       appeal_ops,
                                                       NULL};
REASONS_TABLE(certification_reasons, CERTIFICATION_REASONS);

static const struct subscription certification_subscriptions[] = {
    {"application.submitted",     "notification"},
    {"application.approved",      "notification"},
    {"application.rejected",      "notification"},
    {"application.revoked",       "notification"},
    {"application.expired",       "notification"},
    {"unit.paper_ending",         "notification"},
    {"application.withdrawn",     "notification"},
    {"paper.uploaded",            "notification"},
    {"paper.accepted",            "notification"},
    {"paper.returned",            "notification"},
    {"application.retry_allowed", "notification"},
    {"review.late",               "notification"},
    {"review.overdue",            "notification"},
    {"review.digest",             "notification"},
    {"review.reminded",           "notification"},
    {"calendar.changed",          "payment"     },
    {"unit.applied",              "payment"     },
    {"consent.withdrawn",         "notification"},
    {"appeal.filed",              "notification"},
    {"appeal.decided",            "notification"},
    {"application.reopened",      "notification"},
    {"handover.requested",        "notification"},
    {"handover.claimed",          "notification"},
    {"handover.refused",          "notification"},
    {"handover.approved",         "auth"        },
    {"unit.changed",              "payment"     },
    {"draw.invited",              "notification"},
    {"draw.confirmed",            "notification"},
    {"draw.called_off",           "notification"},
    {"draw.needs_more",           "notification"},
    {"expert.paused",             "notification"},
    {"expert.resumed",            "notification"},
    {"expert.removed",            "notification"},
    {"expert.certificate_ending", "notification"},
    {NULL,                        NULL          },
};

static const struct upload_statements uploads = {
    .find = &sql_upload_find,
    .pieces = &sql_upload_pieces,
    .begun = &sql_upload_begun,
    .add = &sql_upload_add,
    .forget = &sql_upload_forget,
    .sweep = &sql_upload_sweep,
};

static void certification_start(struct service_run *run)
{
    static struct certification state;
    const char *why = "";
    state.event_keys = keyring_load(config_text("GUILD_EVENT_KEY_FILE"), &why);
    if (state.event_keys == NULL) {
        fprintf(stderr, "GUILD_EVENT_KEY_FILE %s\n", why);
        exit(2);
    }
    state.association = config_text("GUILD_ASSOCIATION");
    state.site = config_text("GUILD_SITE");
    file_store_open(&state.files, run, &uploads);
    file_store_read_by(&state.files, config_text("GUILD_OCR_PROVIDER"),
                       config_text("GUILD_OCR_PROGRAM"));
    state.blank_forms = blank_forms_new();
    service_set_state(run, &state);
    expert_watch_start(run);
    expiry_watch_start(run);
    invitation_watch_start(run);
    retention_start(run);
    review_watch_start(run);
}

static void certification_stop(struct service_run *run)
{
    struct certification *state = service_state(run);
    file_store_close(&state->files);
    blank_forms_destroy(&state->blank_forms);
    keyring_destroy(&state->event_keys);
}

static const struct service certification = {
    .contract = &certification__certification__descriptor,
    .nouns = certification_nouns,
    .statements = certification_statements,
    .reasons = certification_reasons,
    .settings = certification_settings,
    .about = "guild-certification: the four identities, their drafts, submissions and reviews.",
    .start = certification_start,
    .stop = certification_stop,
    .subscriptions = certification_subscriptions,
};

int main(int argc, char **argv)
{
    return service_main(&certification, argc, argv);
}
