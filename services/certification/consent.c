/* Separate consent (PIPL 29): the text that holds, what was agreed to and when, taking it back, and the next text. The drafts that need one
   are kept by the database (schema/027_consent.sql). */
#include "certification.pb-c.h"
#include "certification_queries.h"
#include "clock.h"
#include "nouns.h"
#include "reasons.h"
#include "service.h"
#include <string.h>

static answer consent_get(struct call *c)
{
    batch_add(c, &sql_consent_get);
    return batch_reply(c, REASON_internal);
}

static answer consent_list(struct call *c)
{
    batch_add(c, &sql_consent_list);
    return batch_reply(c, REASON_none);
}

static answer consent_give(struct call *c)
{
    batch_add(c, &sql_consent_give);
    return batch_reply(c, REASON_consent_text_changed);
}

static answer consent_withdraw(struct call *c)
{
    batch_add(c, &sql_consent_withdraw);
    return batch_reply(c, REASON_consent_gone);
}

static answer text_list(struct call *c)
{
    batch_add(c, &sql_consent_text_list);
    return batch_reply(c, REASON_none);
}

/* A slip of the year would bar every other text until then: none is taken back. */
enum { AHEAD_DAYS = 90 };

static answer text_publish(struct call *c)
{
    const Certification__PublishConsentTextRequest *req = c->request;
    char today[11], last[11];
    clock_day(today);
    clock_day_in(AHEAD_DAYS, last);
    if (strcmp(req->effective_on, today) < 0)
        return call_fail_field(c, "effective_on", "生效日期不能早于今天。");
    if (strcmp(req->effective_on, last) > 0)
        return call_fail_field(c, "effective_on", "生效日期最晚在今天起90天内。");
    batch_add(c, &sql_consent_text_publish);
    return batch_reply(c, REASON_consent_text_stale);
}

#define PUBLISHER STAFF("consent.publish")

const struct op consent_ops[] = {
    {"GetConsent",         MEMBER,    consent_get,      0},
    {"ListConsents",       MEMBER,    consent_list,     0},
    {"GiveConsent",        MEMBER,    consent_give,     0},
    {"WithdrawConsent",    MEMBER,    consent_withdraw, 0},
    {"ListConsentTexts",   PUBLISHER, text_list,        0},
    {"PublishConsentText", PUBLISHER, text_publish,     0},
    OP_END,
};
