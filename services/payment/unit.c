/* What other services tell: certification of member units (who applies may pay ahead, the first certification brings the first
   bill) and of the working calendar, notification of e-mails. */
#include "event.h"
#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "service.h"
#include <string.h>

extern const struct statement sql_inbox_insert; /* of the common statements */

static answer told(struct call *c, const struct rows *results)
{
    Common__Empty empty = COMMON__EMPTY__INIT;
    (void)results;
    return call_reply(c, &empty.base);
}

/* What became of an e-mail with a receipt, or with a link that verifies a mailbox. */
static answer mail_told(struct call *c, const struct event *event)
{
    call_set(c, "mail_id", event_text(event, "mail_id", c->arena));
    call_set(c, "mail_state", strcmp(event->name, "mail.sent") == 0 ? "SENT" : "FAILED");
    batch_add(c, &sql_inbox_insert);
    batch_add(c, &sql_receipt_mail_told);
    batch_add(c, &sql_mailbox_link_told);
    return batch_then(c, told);
}

static void set_members(struct call *c, const struct event *event)
{
    static const char *const members[] = {"account_id",       "unit_name",         "uscc",
                                          "association_post", "certified",         "ended",
                                          "applying",         "legal_person_name", NULL};
    for (size_t i = 0; members[i] != NULL; i++)
        call_set(c, members[i], event_text(event, members[i], c->arena));
    call_set(c, "unit_version", event_text(event, "version", c->arena));
    batch_add(c, &sql_inbox_insert);
}

static answer applicant_told(struct call *c, const struct event *event)
{
    set_members(c, event);
    batch_add(c, &sql_unit_apply);
    return batch_then(c, told);
}

static answer certified_told(struct call *c, const struct event *event)
{
    set_members(c, event);
    bill_set_reference(c);
    batch_add(c, &sql_unit_tell);
    batch_add(c, &sql_bill_make_first);
    batch_add(c, &sql_bill_prepaid_tell);
    return batch_then(c, told);
}

static answer calendar_told(struct call *c, const struct event *event)
{
    call_set(c, "days", event_text(event, "days", c->arena));
    batch_add(c, &sql_inbox_insert);
    batch_add(c, &sql_calendar_set);
    return batch_then(c, told);
}

static answer event_deliver(struct call *c)
{
    static const struct {
        const char *name;
        answer (*tell)(struct call *c, const struct event *event);
    } events[] = {
        {"unit.applied",     applicant_told},
        {"unit.changed",     certified_told},
        {"calendar.changed", calendar_told },
        {"mail.sent",        mail_told     },
        {"mail.failed",      mail_told     },
    };
    const Common__DeliverEventRequest *req = c->request;
    const struct payment *state = service_state(c->run);
    struct event event;
    if (!event_open(state->event_keys, req, c->arena, &event))
        return call_fail(c, REASON_malformed);
    call_set(c, "event_source", req->source);
    call_set(c, "event_id", req->event_id);
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (strcmp(event.name, events[i].name) == 0)
            return events[i].tell(c, &event);
    return call_fail(c, REASON_malformed);
}

const struct op unit_ops[] = {
    {"DeliverEvent", SERVICES_ONLY, event_deliver, 0},
    OP_END,
};
