/* guild-notification: templates, inbox, SMS, the delivery log.

   What it does   takes the other services' events (DeliverEvent) and makes of each what its templates say: messages
                  in the inbox, text messages by the chosen provider. The contract is proto/notification.proto.
   Reads, writes  PostgreSQL, schema notification. Texts that wait to be sent are sealed with the event keyring.
   Settings       GUILD_SMS_PROVIDER: none (messages are written down as suppressed), or development (written to
                  GUILD_SMS_FOLDER, read with `guildctl sms`; refused in production).
   When PostgreSQL is away, requests are answered 503, events stay with their senders and nothing is lost. A crash
   between asking the provider and writing it down repeats a notice once and a code never. Any number of instances. */
#include "notification.pb-c.h"
#include "notification_queries.h"
#include "nouns.h"
#include "reasons.h"
#include "sender.h"
#include "service.h"
#include <stdio.h>
#include <stdlib.h>

static const struct setting notification_settings[] = {
    {"GUILD_SMS_PROVIDER", SETTING_TEXT, "none", "how text messages leave: none or development"},
    {"GUILD_SMS_FOLDER",   SETTING_TEXT, "",
     "development provider: folder that messages are written to"                               },
    SETTINGS_END,
};

static const struct op *const notification_nouns[] = {message_ops, event_ops, NULL};
REASONS_TABLE(notification_reasons, NOTIFICATION_REASONS);

static _Noreturn void refuse(const char *setting, const char *why)
{
    fprintf(stderr, "%s %s\n", setting, why);
    exit(2);
}

static void notification_start(struct service_run *run)
{
    static struct notification state;
    const char *why = "";
    const struct sms_provider *provider = sms_provider_find(config_text("GUILD_SMS_PROVIDER"));
    if (provider == NULL)
        refuse("GUILD_SMS_PROVIDER", "must be none or development");
    if (!provider->in_production && config_is_production())
        refuse("GUILD_SMS_PROVIDER",
               "development is refused where GUILD_ENVIRONMENT is production");
    sms_development_folder(config_text("GUILD_SMS_FOLDER"));
    state.event_keys = keyring_load(config_text("GUILD_EVENT_KEY_FILE"), &why);
    if (state.event_keys == NULL)
        refuse("GUILD_EVENT_KEY_FILE", why);
    state.sender = sender_new(run, state.event_keys, provider);
    service_set_state(run, &state);
}

static void notification_stop(struct service_run *run)
{
    struct notification *state = service_state(run);
    sender_destroy(&state->sender);
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
};

int main(int argc, char **argv)
{
    return service_main(&notification, argc, argv);
}
