/* Events of other services, applied once: each becomes what its templates say. */
#include "event.h"
#include "notification.pb-c.h"
#include "notification_queries.h"
#include "nouns.h"
#include "reasons.h"
#include "rules.h"
#include "sender.h"
#include "service.h"
#include <string.h>

extern const struct statement sql_inbox_insert; /* of the common statements */

static struct notification *mine(struct call *c)
{
    return service_state(c->run);
}

/* The words of a template's {names}: some are made here, the others are the event's own. */
struct words {
    const struct event *event;
    const struct keyring *keys;
};

static const char *open_code(const struct words *words, struct arena *arena)
{
    const char *sealed = event_text(words->event, "sealed_code", arena);
    return sealed == NULL ? NULL : secret_open_text(words->keys, "event|code", sealed, arena);
}

static const char *word_of(const void *source, const char *name, struct arena *arena)
{
    const struct words *words = source;
    const char *value;
    if (strcmp(name, "code") == 0)
        return open_code(words, arena);
    if (strcmp(name, "identity") == 0) {
        value = event_text(words->event, "kind", arena);
        return rules_identity_word(value == NULL ? "" : value);
    }
    value = event_text(words->event, name, arena);
    return value != NULL && strcmp(name, "purpose") == 0 ? rules_purpose_word(value) : value;
}

static const char *reviewers_of(const char *permission, const struct event *event,
                                struct arena *arena)
{
    const char *kind = event_text(event, "kind", arena);
    if (permission[0] != '\0')
        return permission;
    return rules_review_permission(kind == NULL ? "" : kind);
}

static void add_delivery(struct call *c, const char *channel, const char *address,
                         const char *subject, const char *file_id, const char *text,
                         const struct event *event)
{
    const char *mail_id =
        strcmp(channel, "MAIL") == 0 ? event_text(event, "mail_id", c->arena) : NULL;
    size_t size = 0;
    const void *sealed =
        secret_seal(mine(c)->event_keys, "delivery", text, strlen(text), c->arena, &size);
    call_set(c, "channel", channel);
    call_set(c, "address", address);
    call_set(c, "subject", subject);
    call_set(c, "file_id", file_id);
    call_set(c, "mail_id", mail_id == NULL ? "" : mail_id);
    call_set_bytes(c, "sealed_text", sealed, size);
    call_set(c, "is_code", strcmp(event->name, "code.requested") == 0 ? "t" : "f");
    batch_add(c, &sql_delivery_insert);
}

/* One template of the event becomes rows of the inbox and of the delivery log. Values are bound at once, so that
   several templates may use the same names. */
static void add_template(struct call *c, const struct rows *templates, size_t row,
                         const struct event *event)
{
    struct arena *arena = c->arena;
    struct words words = {event, mine(c)->event_keys};
    const char *inbox = rows_get(templates, row, "inbox_text"),
               *sms = rows_get(templates, row, "sms_text");
    const char *audience = rows_get(templates, row, "audience");
    bool to_reviewers = strcmp(audience, "REVIEWERS") == 0,
         to_staff = strcmp(audience, "STAFF") == 0;
    const char *phone = strcmp(audience, "PHONE") == 0 ? event_text(event, "phone", arena)
                                                       : rows_get(templates, row, "phone");
    call_set(c, "template_code", rows_get(templates, row, "code"));
    if (inbox[0] != '\0') {
        call_set(c, "to_account",
                 to_reviewers || to_staff ? NULL : event_text(event, "account_id", arena));
        call_set(c, "to_staff", to_staff ? event_text(event, "staff_id", arena) : NULL);
        call_set(c, "to_permission",
                 to_reviewers ? reviewers_of(rows_get(templates, row, "permission"), event, arena)
                              : NULL);
        call_set(c, "title", rules_fill(rows_get(templates, row, "title"), word_of, &words, arena));
        call_set(c, "body", rules_fill(inbox, word_of, &words, arena));
        call_set(c, "link", rules_fill(rows_get(templates, row, "link"), word_of, &words, arena));
        batch_add(c, &sql_message_insert);
    }
    if (sms[0] != '\0' && phone != NULL && phone[0] != '\0')
        add_delivery(c, "SMS", phone, "", "", rules_fill(sms, word_of, &words, arena), event);
    const char *mail = rows_get(templates, row, "mail_text"),
               *mailbox = event_text(event, "mail_address", arena),
               *file = event_text(event, "mail_file_id", arena);
    if (mail[0] != '\0' && mailbox != NULL && mailbox[0] != '\0')
        add_delivery(c, "MAIL", mailbox,
                     rules_fill(rows_get(templates, row, "title"), word_of, &words, arena),
                     file == NULL ? "" : file, rules_fill(mail, word_of, &words, arena), event);
}

/* Events may overtake each other: what is to be told by SMS waits for the one that tells the phone. */
static bool waits_for_contact(const struct rows *templates)
{
    for (size_t row = 0; row < templates->count; row++)
        if (strcmp(rows_get(templates, row, "audience"), "ACCOUNT") == 0 &&
            rows_get(templates, row, "sms_text")[0] != '\0' &&
            rows_get(templates, row, "phone")[0] == '\0')
            return true;
    return false;
}

static answer event_applied(struct call *c, const struct rows *results)
{
    Common__Empty empty = COMMON__EMPTY__INIT;
    (void)results;
    sender_ring(mine(c)->sms);
    sender_ring(mine(c)->mail);
    return call_reply(c, &empty.base);
}

static answer event_templates(struct call *c, const struct rows *results)
{
    const struct event *event = c->state;
    const char *changed_at = event_text(event, "changed_at_us", c->arena);
    if (waits_for_contact(&results[0]))
        return call_fail(c, REASON_contact_unknown);
    batch_add(c, &sql_inbox_insert);
    if (changed_at != NULL) {
        call_set(c, "changed_at_us", changed_at);
        batch_add(c, &sql_contact_set);
    }
    for (size_t row = 0; row < results[0].count; row++)
        add_template(c, &results[0], row, event);
    return batch_then(c, event_applied);
}

static answer event_deliver(struct call *c)
{
    const Common__DeliverEventRequest *req = c->request;
    struct event *event = arena_alloc(c->arena, sizeof *event);
    if (!event_open(mine(c)->event_keys, req, c->arena, event))
        return call_fail(c, REASON_event_unreadable);
    c->state = event;
    call_set(c, "event_source", req->source);
    call_set(c, "event_id", req->event_id);
    call_set(c, "event_name", event->name);
    call_set(c, "account_id", event_text(event, "account_id", c->arena));
    call_set(c, "phone", event_text(event, "phone", c->arena));
    batch_add(c, &sql_template_of_event);
    return batch_then(c, event_templates);
}

const struct op event_ops[] = {
    {"DeliverEvent", SERVICES_ONLY, event_deliver, 0},
    OP_END,
};
