/* Stamped papers that came in: the queue, one of them, and the verdict. */
#include "certification.pb-c.h"
#include "certification_queries.h"
#include "nouns.h"
#include "reasons.h"
#include "rules.h"
#include "service.h"

static answer paper_list(struct call *c)
{
    const Certification__ListPapersRequest *req = c->request;
    bool newest = req->view != CERTIFICATION__LIST_PAPERS_REQUEST__VIEW__UNSPECIFIED;
    if (!page_from(c, req->cursor, newest))
        return call_fail_field(c, "cursor", PAGE_LOST);
    page_begin(c, req->limit);
    batch_add(c, &sql_paper_total);
    batch_add(c, newest ? &sql_paper_list_newest : &sql_paper_list_oldest);
    return page_reply(c);
}

/* ---- one of them, and what the platform sees by itself */

static void add_precheck(struct call *c, Certification__Paper *paper, bool is_good,
                         const char *good, const char *bad)
{
    Certification__Precheck *precheck = arena_alloc(c->arena, sizeof *precheck);
    certification__precheck__init(precheck);
    precheck->level =
        is_good ? CERTIFICATION__PRECHECK__LEVEL__GOOD : CERTIFICATION__PRECHECK__LEVEL__WARNING;
    precheck->text = arena_text(c->arena, is_good ? good : bad);
    paper->prechecks[paper->n_prechecks++] = precheck;
}

static void add_prechecks(struct call *c, const struct rows *row, Certification__Paper *paper)
{
    enum { MOST = 3 };
    paper->prechecks = arena_alloc(c->arena, MOST * sizeof *paper->prechecks);
    add_precheck(c, paper, rows_true(row, 0, "is_filed_by_code"),
                 "扫描件上的二维码与编号、版次一致",
                 "扫描件上没有读出二维码，由单位选择归档，请核对编号和版次");
    if (!rows_true(row, 0, "is_certified")) {
        add_precheck(c, paper, false, "", "该账号还没有通过会员单位认证");
        return;
    }
    add_precheck(c, paper, rows_true(row, 0, "name_agrees"), "单位名称与认证资料一致",
                 "单位名称与认证资料不同，请核对");
    if (paper->fields != NULL && paper->fields->entry != NULL)
        add_precheck(c, paper, rows_true(row, 0, "uscc_agrees"), "信用代码与认证资料一致",
                     "信用代码与认证资料不同，请核对");
}

static answer paper_get_done(struct call *c, const struct rows *results)
{
    if (results[0].count == 0)
        return call_fail(c, REASON_paper_gone);
    Certification__Paper *paper = (Certification__Paper *)message_from_rows(
        &certification__paper__descriptor, &results[0], c->arena);
    if (paper == NULL)
        return call_fail(c, REASON_internal);
    add_prechecks(c, &results[0], paper);
    return call_reply(c, &paper->base);
}

static answer paper_get(struct call *c)
{
    batch_add(c, &sql_paper_get);
    return batch_then(c, paper_get_done);
}

/* ---- the verdict */

static answer paper_decide_done(struct call *c, const struct rows *results)
{
    if (results[1].count > 0)
        return call_reply(c, message_from_rows(&certification__paper_decision__descriptor,
                                               &results[1], c->arena));
    return call_fail(c, results[0].count > 0 ? REASON_paper_form_moved : REASON_paper_gone);
}

static answer paper_decide(struct call *c)
{
    const Certification__DecidePaperRequest *req = c->request;
    if (req->verdict == CERTIFICATION__DECIDE_PAPER_REQUEST__VERDICT__RETURN &&
        !rules_rejection_is_founded(0, req->reason))
        return call_fail(c, REASON_paper_form_return_has_a_reason);
    batch_add(c, &sql_paper_state);
    batch_add(c, &sql_paper_decide);
    return batch_then(c, paper_decide_done);
}

#define REVIEWER STAFF("cert.member.review")

const struct op paper_review_ops[] = {
    {"ListPapers",  REVIEWER, paper_list,   0},
    {"GetPaper",    REVIEWER, paper_get,    0},
    {"DecidePaper", REVIEWER, paper_decide, 0},
    OP_END,
};
