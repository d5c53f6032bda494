/* J.3: the certified member units by category and by where they are registered. */
#include "certification.pb-c.h"
#include "certification_queries.h"
#include "nouns.h"
#include "reasons.h"

static answer member_figures(struct call *c)
{
    batch_add(c, &sql_member_figures);
    return batch_reply(c, REASON_none);
}

const struct op figures_ops[] = {
    {"GetMemberFigures", STAFF("dues.read"), member_figures, 0},
    OP_END,
};
