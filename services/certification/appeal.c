/* 申诉 (B.14): who was taken back, or refused for good, asks that another person looks at that decision; one who had no part in it
   upholds or overturns it. The rule stands in schema/050_appeal.sql. */
#include "certification.pb-c.h"
#include "certification_queries.h"
#include "files.h"
#include "form.h"
#include "nouns.h"
#include "reasons.h"
#include "service.h"
#include <string.h>

/* ---- who appeals */

static answer appeal_step(struct call *c, const struct rows *row)
{
    return call_reply(c, message_from_rows(&certification__appeal_step__descriptor, row, c->arena));
}

/* No row was made: the facts read in the same batch say why. A repeat of a refused one has no facts. */
static answer file_refused(struct call *c, const struct rows *facts)
{
    if (facts->count == 0)
        return call_fail(c, REASON_appeal_none);
    if (rows_true(facts, 0, "is_open"))
        return call_fail(c, REASON_appeal_open);
    if (!rows_true(facts, 0, "is_standing"))
        return call_fail(c, REASON_appeal_none);
    if (rows_true(facts, 0, "is_late"))
        return call_fail(c, REASON_appeal_late);
    if (!rows_true(facts, 0, "files_are_there"))
        return call_fail(c, REASON_files_missing);
    return call_fail(c, REASON_appeal_none);
}

static answer appeal_file_done(struct call *c, const struct rows *results)
{
    if (results[2].count > 0)
        return appeal_step(c, &results[2]);
    if (results[1].count > 0)
        return form_files_refused(c, "", &results[1]);
    return file_refused(c, &results[0]);
}

static answer appeal_file(struct call *c)
{
    const Certification__FileAppealRequest *req = c->request;

    form_bind_named(c, (ProtobufCMessage *)(uintptr_t)&req->base);
    batch_add(c, &sql_appeal_explain);
    batch_add(c, &sql_form_files_over);
    batch_add(c, &sql_appeal_file);
    return batch_then(c, appeal_file_done);
}

static answer appeal_withdraw(struct call *c)
{
    batch_add(c, &sql_appeal_withdraw);
    return batch_reply(c, REASON_appeal_moved);
}

/* ---- staff */

static answer appeal_list(struct call *c)
{
    const Certification__ListAppealsRequest *req = c->request;
    bool newest = req->view != CERTIFICATION__LIST_APPEALS_REQUEST__VIEW__UNSPECIFIED;
    if (!page_from(c, req->cursor, newest))
        return call_fail_field(c, "cursor", PAGE_LOST);
    page_begin(c, req->limit);
    batch_add(c, &sql_appeal_total);
    batch_add(c, newest ? &sql_appeal_list_newest : &sql_appeal_list_oldest);
    return page_reply(c);
}

/* Why a decision cannot be overturned any more, as appeal_obstacle names it; REASON_none: it can. */
static int obstacle_of(const struct rows *row)
{
    const char *name = rows_get(row, 0, "obstacle");
    if (name == NULL || name[0] == '\0')
        return REASON_none;
    return strcmp(name, "appeal_superseded") == 0 ? REASON_appeal_superseded
                                                  : REASON_appeal_certified_elsewhere;
}

static answer appeal_get_done(struct call *c, const struct rows *results)
{
    const struct certification *state = service_state(c->run);
    if (results[0].count == 0)
        return call_fail(c, REASON_appeal_gone);
    Certification__AppealCase *whole = (Certification__AppealCase *)message_from_rows(
        &certification__appeal_case__descriptor, &results[0], c->arena);
    if (whole == NULL || whole->appeal == NULL)
        return call_fail(c, REASON_internal);
    form_open(c, state->files.keys, whole->submitted, rows_integer(&results[0], 0, "account_id"));
    form_mask(c, whole->submitted);
    return call_reply(c, &whole->base);
}

static answer appeal_get(struct call *c)
{
    batch_add(c, &sql_appeal_get);
    return batch_then(c, appeal_get_done);
}

static answer appeal_decide_done(struct call *c, const struct rows *results)
{
    if (results[1].count > 0)
        return appeal_step(c, &results[1]);
    if (results[0].count == 0)
        return call_fail(c, REASON_appeal_gone);
    if (!rows_true(&results[0], 0, "is_current"))
        return call_fail(c, REASON_appeal_moved);
    if (rows_true(&results[0], 0, "is_own"))
        return call_fail(c, REASON_appeal_same_person);
    int obstacle = obstacle_of(&results[0]);
    return call_fail(c, obstacle == REASON_none ? REASON_appeal_moved : obstacle);
}

static answer appeal_decide(struct call *c)
{
    batch_add(c, &sql_appeal_state);
    batch_add(c, &sql_appeal_decide);
    return batch_then(c, appeal_decide_done);
}

#define REVIEWER STAFF("cert.revoke")

const struct op appeal_ops[] = {
    {"FileAppeal",     MEMBER,   appeal_file,     0},
    {"WithdrawAppeal", MEMBER,   appeal_withdraw, 0},
    {"ListAppeals",    REVIEWER, appeal_list,     0},
    {"GetAppeal",      REVIEWER, appeal_get,      0},
    {"DecideAppeal",   REVIEWER, appeal_decide,   0},
    OP_END,
};
