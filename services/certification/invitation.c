/* What a drawn expert answers: logged in, or by the link of the SMS (N18), once by either; and what nobody answers in time.
   The link's token is a number and its signature (link_token.h); all else is the invitation's row to say. */
#include "certification.pb-c.h"
#include "certification_queries.h"
#include "nouns.h"
#include "reasons.h"
#include "service.h"

enum { EVERY_MS = 60000, TIMEOUT_MS = 10000 };

const struct link_kind invitation_link_kind = {"certification|invitation", 5, 10};

static answer invitation_list(struct call *c)
{
    batch_add(c, &sql_invitation_list);
    return batch_reply(c, REASON_none);
}

/* Who declines says why: whoever asks the next one will be asked. */
static answer reply(struct call *c, bool accept, const char *reason,
                    const struct statement *statement)
{
    if (!accept && reason[0] == '\0')
        return call_fail_field(c, "reason", "请写明不能参加的原因。");
    batch_add(c, statement);
    return batch_reply(c, REASON_invitation_over);
}

static answer invitation_answer(struct call *c)
{
    const Certification__AnswerInvitationRequest *req = c->request;
    return reply(c, req->accept, req->reason, &sql_invitation_answer);
}

/* ---- by the link */

/* Binds :link_no. false: the token is none of ours. */
static bool set_link(struct call *c, const char *token)
{
    const struct certification *state = service_state(c->run);
    int64_t number = link_token_number(state->event_keys, &invitation_link_kind, token);
    call_set_integer(c, "link_no", number);
    return number != 0;
}

static answer link_get(struct call *c)
{
    const Certification__InvitationLinkRequest *req = c->request;
    if (!set_link(c, req->token))
        return call_fail(c, REASON_invitation_link_gone);
    batch_add(c, &sql_invitation_link_get);
    return batch_reply(c, REASON_invitation_link_gone);
}

static answer link_answer(struct call *c)
{
    const Certification__AnswerInvitationLinkRequest *req = c->request;
    if (!set_link(c, req->token))
        return call_fail(c, REASON_invitation_link_gone);
    return reply(c, req->accept, req->reason, &sql_invitation_link_answer);
}

/* ---- nobody answers */

static answer lapsed(struct call *c, const struct rows *results)
{
    (void)results;
    return job_end(c);
}

void invitation_watch_run(struct service_run *run)
{
    struct call *job = service_job(run, TIMEOUT_MS);
    batch_add(job, &sql_invitation_lapse);
    batch_then(job, lapsed);
}

static void on_time(void *owner)
{
    invitation_watch_run(owner);
}

void invitation_watch_start(struct service_run *run)
{
    loop_add_timer(service_loop(run), EVERY_MS, on_time, run);
}

const struct op invitation_ops[] = {
    {"ListInvitations",      MEMBER, invitation_list,   0},
    {"AnswerInvitation",     MEMBER, invitation_answer, 0},
    {"GetInvitationLink",    PUBLIC, link_get,          0},
    {"AnswerInvitationLink", PUBLIC, link_answer,       0},
    OP_END,
};
