/* The unit directory: finding a unit, its record, its people. Approvals write it by themselves (schema/031_unit.sql). */
#include "certification.pb-c.h"
#include "certification_queries.h"
#include "form.h"
#include "nouns.h"
#include "reasons.h"
#include "service.h"

static answer unit_list(struct call *c)
{
    const Certification__ListUnitsRequest *req = c->request;
    bool newest = req->sort == CERTIFICATION__LIST_UNITS_REQUEST__SORT__NEWEST_FIRST;
    if (!page_from(c, req->cursor, newest))
        return call_fail_field(c, "cursor", PAGE_LOST);
    page_begin(c, req->limit);
    batch_add(c, &sql_unit_total);
    batch_add(c, newest ? &sql_unit_list_newest : &sql_unit_list_ending);
    return page_reply(c);
}

static answer unit_get_done(struct call *c, const struct rows *results)
{
    if (results[0].count == 0)
        return call_fail(c, REASON_unit_gone);
    Certification__UnitRecord *record = (Certification__UnitRecord *)message_from_rows(
        &certification__unit_record__descriptor, &results[0], c->arena);
    if (record == NULL)
        return call_fail(c, REASON_internal);
    for (size_t i = 0; i < record->n_identities; i++)
        form_mask(c, record->identities[i]->form);
    return call_reply(c, &record->base);
}

static answer unit_get(struct call *c)
{
    batch_add(c, &sql_unit_get);
    return batch_then(c, unit_get_done);
}

#define REVIEWER STAFF("cert.review")

const struct op unit_ops[] = {
    {"ListUnits", REVIEWER, unit_list, 0},
    {"GetUnit",   REVIEWER, unit_get,  0},
    OP_END,
};
