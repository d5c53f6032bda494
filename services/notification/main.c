/* guild-notification: templates, inbox, SMS, e-mail, the delivery log.

   What it does   takes the other services' events (DeliverEvent) and makes of each what its templates say: messages
                  in the inbox, text messages and e-mails by the chosen providers. The contract is proto/notification.proto.
   Asks           payment, for the file that an e-mail encloses (ReadReceiptFile).
   Tells          payment, of e-mails that the server accepted, or that nobody took.
   Reads, writes  PostgreSQL, schema notification. Texts that wait to be sent are sealed with the event keyring.
   At night       (21:00 to 8:00) text messages wait, but for those of templates with at_night; delivery_take sees to it.
   Settings       GUILD_SMS_PROVIDER: none (messages are written down as suppressed), or development (written to
                  GUILD_SMS_FOLDER, read with `guildctl sms`; refused in production). GUILD_MAIL_PROVIDER: none,
                  development (files in the same folder), or smtp with GUILD_MAIL_URL and GUILD_MAIL_FROM.
   When PostgreSQL is away, requests are answered 503, events stay with their senders and nothing is lost. A crash
   between asking the provider and writing it down repeats a notice once and a code never. Any number of instances. */
#include "mail.h"
#include "notification.pb-c.h"
#include "notification_queries.h"
#include "nouns.h"
#include "reasons.h"
#include "sender.h"
#include "service.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct setting notification_settings[] = {
    {"GUILD_SMS_PROVIDER",       SETTING_TEXT, "none",                                 "how text messages leave: none or development"        },
    {"GUILD_SMS_FOLDER",         SETTING_TEXT, "",
     "development providers: folder that messages are written to"                                                                            },
    {"GUILD_MAIL_PROVIDER",      SETTING_TEXT, "none",                                 "how e-mails leave: none, development or smtp"        },
    {"GUILD_MAIL_URL",           SETTING_TEXT, "",                                     "smtp provider: smtp://host:port or smtps://host:port"},
    {"GUILD_MAIL_FROM",          SETTING_TEXT, "",                                     "address that e-mails are sent from"                  },
    {"GUILD_MAIL_USER",          SETTING_TEXT, "",                                     "smtp provider: who logs in; empty: nobody"           },
    {"GUILD_MAIL_PASSWORD_FILE", SETTING_FILE, "",                                     "smtp provider: file with the password"               },
    {"GUILD_ASSOCIATION",        SETTING_TEXT, "长治市项目全过程咨询协会",
     "name of the association, on what is printed"                                                                                           },
    SETTINGS_END,
};

static const struct op *const notification_nouns[] = {message_ops, event_ops, NULL};
REASONS_TABLE(notification_reasons, NOTIFICATION_REASONS);

static const struct subscription notification_subscriptions[] = {
    {"mail.sent",   "payment"},
    {"mail.failed", "payment"},
    {NULL,          NULL     },
};

static _Noreturn void refuse(const char *setting, const char *why)
{
    fprintf(stderr, "%s %s\n", setting, why);
    exit(2);
}

static const struct provider *provider_chosen(const char *setting, const struct provider *table,
                                              const char *names)
{
    const struct provider *provider = provider_find(table, config_text(setting));
    if (provider == NULL)
        refuse(setting, names);
    if (!provider->in_production && config_is_production())
        refuse(setting, "development is refused where GUILD_ENVIRONMENT is production");
    return provider;
}

static const struct provider *mail_begin(void)
{
    const struct provider *provider =
        provider_chosen("GUILD_MAIL_PROVIDER", mail_providers, "must be none, development or smtp");
    static char password[256];
    const char *url = config_text("GUILD_MAIL_URL"), *from = config_text("GUILD_MAIL_FROM");
    if (provider->sends && strchr(from, '@') == NULL)
        refuse("GUILD_MAIL_FROM", "must be an e-mail address");
    if (strcmp(provider->name, "smtp") == 0 && strncmp(url, "smtp://", 7) != 0 &&
        strncmp(url, "smtps://", 8) != 0)
        refuse("GUILD_MAIL_URL", "must be smtp://host:port or smtps://host:port");
    config_secret("GUILD_MAIL_PASSWORD_FILE", password, sizeof password);
    mail_set(&(struct mail_settings){.url = url,
                                     .from_address = from,
                                     .from_name = config_text("GUILD_ASSOCIATION"),
                                     .user = config_text("GUILD_MAIL_USER"),
                                     .password = password});
    return provider;
}

static void notification_start(struct service_run *run)
{
    static struct notification state;
    const char *why = "";
    const struct provider *sms =
        provider_chosen("GUILD_SMS_PROVIDER", sms_providers, "must be none or development");
    const struct provider *mail = mail_begin();
    provider_development_folder(config_text("GUILD_SMS_FOLDER"));
    state.event_keys = keyring_load(config_text("GUILD_EVENT_KEY_FILE"), &why);
    if (state.event_keys == NULL)
        refuse("GUILD_EVENT_KEY_FILE", why);
    state.sms = sender_new(run, state.event_keys, "SMS", sms);
    state.mail = sender_new(run, state.event_keys, "MAIL", mail);
    service_set_state(run, &state);
}

static void notification_stop(struct service_run *run)
{
    struct notification *state = service_state(run);
    sender_destroy(&state->sms);
    sender_destroy(&state->mail);
    keyring_destroy(&state->event_keys);
}

static const struct service notification = {
    .contract = &notification__notification__descriptor,
    .nouns = notification_nouns,
    .statements = notification_statements,
    .reasons = notification_reasons,
    .settings = notification_settings,
    .about = "guild-notification: inbox, text messages and their log.",
    .start = notification_start,
    .stop = notification_stop,
    .subscriptions = notification_subscriptions,
};

int main(int argc, char **argv)
{
    return service_main(&notification, argc, argv);
}
