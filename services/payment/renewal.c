/* Renewals: bills sixty days before a membership ends, and reminders with a link until it has lapsed; with a dry run for staff, who
   are told of it an hour before. */
#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "reasons.h"
#include "service.h"

enum {
    EVERY_MS = 600000,
    NOTICE_EVERY_MS = 60000,
    TIMEOUT_MS = 10000,
    AT_ONCE = 200 /* reminders, each with a link */
};

static answer told(struct call *c, const struct rows *results)
{
    (void)results;
    return job_end(c);
}

/* A bill at a time, each with a code of its own, until nobody is left; then the reminders name what is owed. */
static answer billed(struct call *c, const struct rows *results)
{
    const struct payment *state = service_state(c->run);
    if (results[0].count == 0 || call_is_late(c)) {
        call_set(c, "site", state->site);
        link_tokens_set(c, state->event_keys, &renewal_link_kind, AT_ONCE);
        batch_add(c, &sql_reminder_tell);
        return batch_then(c, told);
    }
    bill_set_reference(c);
    batch_add(c, &sql_bill_make_due);
    return batch_then(c, billed);
}

void renewal_run(struct service_run *run)
{
    struct call *job = service_job(run, TIMEOUT_MS);
    bill_set_reference(job);
    batch_add(job, &sql_bill_make_due);
    batch_then(job, billed);
}

void reminder_notice_run(struct service_run *run)
{
    struct call *job = service_job(run, TIMEOUT_MS);
    batch_add(job, &sql_reminder_notice_tell);
    batch_then(job, told);
}

static void on_time(void *owner)
{
    renewal_run(owner);
}

static void on_notice_time(void *owner)
{
    reminder_notice_run(owner);
}

void renewal_start(struct service_run *run)
{
    loop_add_timer(service_loop(run), EVERY_MS, on_time, run);
    loop_add_timer(service_loop(run), NOTICE_EVERY_MS, on_notice_time, run);
}

static answer reminder_list(struct call *c)
{
    const Payment__ListRemindersRequest *req = c->request;
    bool is_last = req->sort == PAYMENT__LIST_REMINDERS_REQUEST__SORT__ENDING_LAST;
    if (!page_from(c, req->cursor, is_last))
        return call_fail_field(c, "cursor", PAGE_LOST);
    call_set(c, "is_last", is_last ? "t" : "f");
    page_begin(c, req->limit);
    batch_add(c, &sql_reminder_total);
    batch_add(c, &sql_reminder_list);
    return page_reply(c);
}

static answer reminder_told_list(struct call *c)
{
    const Payment__ListToldRemindersRequest *req = c->request;
    bool newest = req->sort == PAYMENT__LIST_TOLD_REMINDERS_REQUEST__SORT__NEWEST_FIRST;
    if (!page_from(c, req->cursor, newest))
        return call_fail_field(c, "cursor", PAGE_LOST);
    call_set(c, "is_newest", newest ? "t" : "f");
    page_begin(c, req->limit);
    batch_add(c, &sql_reminder_told_total);
    batch_add(c, &sql_reminder_told_list);
    return page_reply(c);
}

static answer reminder_skip(struct call *c)
{
    batch_add(c, &sql_reminder_skip);
    return batch_reply(c, REASON_reminder_gone);
}

const struct op renewal_ops[] = {
    {"ListReminders",     STAFF("dues.read"),   reminder_list,      0},
    {"ListToldReminders", STAFF("dues.read"),   reminder_told_list, 0},
    {"SkipReminder",      STAFF("member.open"), reminder_skip,      0},
    OP_END,
};
