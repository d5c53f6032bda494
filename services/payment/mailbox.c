/* V9: mailboxes that receipts go to. Who opens the link that was mailed there shows that it is read; it logs nobody in. */
#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "reasons.h"
#include "service.h"

enum {
    EVERY_MS = 60000,
    TIMEOUT_MS = 10000,
    AT_ONCE = 50, /* links, by the timer */
    OF_ONE = 2    /* and by what a unit gave */
};

const struct link_kind mailbox_link_kind = {"payment|mailbox_link", 8, 12};

/* ---- links that are wanted */

static void set_links(struct call *c, size_t count)
{
    const struct payment *state = service_state(c->run);
    call_set(c, "site", state->site);
    link_tokens_set(c, state->event_keys, &mailbox_link_kind, count);
}

void mailbox_link_add(struct call *c)
{
    set_links(c, OF_ONE);
    call_set_integer(c, "of_account", c->caller->account_id);
    batch_add(c, &sql_mailbox_link_make);
}

static answer made(struct call *c, const struct rows *results)
{
    (void)results;
    return job_end(c);
}

void mailbox_run(struct service_run *run)
{
    struct call *job = service_job(run, TIMEOUT_MS);
    set_links(job, AT_ONCE);
    call_set_integer(job, "of_account", 0);
    batch_add(job, &sql_mailbox_link_make);
    batch_then(job, made);
}

static void on_time(void *owner)
{
    mailbox_run(owner);
}

void mailbox_start(struct service_run *run)
{
    loop_add_timer(service_loop(run), EVERY_MS, on_time, run);
}

/* ---- the unit */

static answer mailbox_list(struct call *c)
{
    batch_add(c, &sql_mailbox_list);
    return batch_reply(c, REASON_none);
}

static answer link_sent(struct call *c, const struct rows *results)
{
    const struct rows *row = &results[0];
    if (results[1].count > 0)
        return call_reply(c,
                          message_from_rows(&payment__mailbox__descriptor, &results[1], c->arena));
    if (row->count == 0)
        return call_fail(c, REASON_mailbox_gone);
    if (rows_true(row, 0, "is_verified"))
        return call_fail(c, REASON_mailbox_verified);
    return call_fail(c, rows_true(row, 0, "is_over") ? REASON_mailbox_link_limit
                                                     : REASON_mailbox_link_soon);
}

static answer link_send(struct call *c)
{
    set_links(c, 1);
    batch_add(c, &sql_mailbox_resend_explain);
    batch_add(c, &sql_mailbox_resend);
    return batch_then(c, link_sent);
}

/* ---- by the link */

static answer say(struct call *c, const struct rows *row)
{
    Payment__MailboxLink none = PAYMENT__MAILBOX_LINK__INIT; /* INVALID */
    if (row->count == 0)
        return call_reply(c, &none.base);
    return call_reply(c, message_from_rows(&payment__mailbox_link__descriptor, row, c->arena));
}

/* Binds :link_id. false: the token is none of ours. */
static bool set_link(struct call *c, const char *token)
{
    const struct payment *state = service_state(c->run);
    int64_t number = link_token_number(state->event_keys, &mailbox_link_kind, token);
    call_set_integer(c, "link_id", number);
    return number != 0;
}

static answer link_said(struct call *c, const struct rows *results)
{
    return say(c, &results[0]);
}

static answer link_check(struct call *c)
{
    const Payment__MailboxLinkRequest *req = c->request;
    if (!set_link(c, req->token))
        return say(c, &(struct rows){.count = 0});
    batch_add(c, &sql_mailbox_link_get);
    return batch_then(c, link_said);
}

static answer link_used(struct call *c, const struct rows *results)
{
    return say(c, &results[results[1].count > 0]);
}

static answer link_use(struct call *c)
{
    const Payment__MailboxLinkRequest *req = c->request;
    if (!set_link(c, req->token))
        return say(c, &(struct rows){.count = 0});
    batch_add(c, &sql_mailbox_link_get);
    batch_add(c, &sql_mailbox_link_use);
    return batch_then(c, link_used);
}

const struct op mailbox_ops[] = {
    {"ListMailboxes",    MEMBER, mailbox_list, 0},
    {"SendMailboxLink",  MEMBER, link_send,    0},
    {"CheckMailboxLink", PUBLIC, link_check,   0},
    {"UseMailboxLink",   PUBLIC, link_use,     0},
    OP_END,
};
