/* Revocations: a reviewer asks for an approved identity to be taken back, another person decides. */
#include "certification.pb-c.h"
#include "certification_queries.h"
#include "nouns.h"
#include "reasons.h"
#include "rules.h"
#include "service.h"

static answer revocation_request(struct call *c)
{
    batch_add(c, &sql_revocation_request);
    return batch_reply(c, REASON_not_revocable);
}

static answer revocation_list(struct call *c)
{
    batch_add(c, &sql_revocation_list);
    return batch_reply(c, REASON_none);
}

static answer revocation_decide_done(struct call *c, const struct rows *results)
{
    if (results[1].count > 0)
        return call_reply(
            c, message_from_rows(&certification__revocation__descriptor, &results[1], c->arena));
    return call_fail(c, rows_true(&results[0], 0, "is_own") ? REASON_revocation_same_person
                                                            : REASON_not_revocable);
}

static answer revocation_decide(struct call *c)
{
    const Certification__DecideRevocationRequest *req = c->request;

    if (req->verdict == CERTIFICATION__DECIDE_REVOCATION_REQUEST__VERDICT__REFUSE &&
        !rules_rejection_is_founded(0, req->note))
        return call_fail(c, REASON_refusing_has_a_note);

    batch_add(c, &sql_revocation_own);
    batch_add(c, &sql_revocation_decide);
    return batch_then(c, revocation_decide_done);
}

const struct op revocation_ops[] = {
    {"RequestRevocation", STAFF("cert.review"), revocation_request, 0},
    {"ListRevocations",   STAFF("cert.review"), revocation_list,    0},
    {"DecideRevocation",  STAFF("cert.revoke"), revocation_decide,  0},
    OP_END,
};
