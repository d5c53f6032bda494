/* Applications: drafts, submissions and their withdrawal. */
#include "certification.pb-c.h"
#include "certification_queries.h"
#include "clock.h"
#include "form.h"
#include "nouns.h"
#include "reasons.h"
#include "rules.h"
#include "service.h"
#include <string.h>

static answer identity_list(struct call *c)
{
    batch_add(c, &sql_identity_list);
    return batch_reply(c, REASON_none);
}

static const struct keyring *field_keys(struct call *c)
{
    const struct certification *state = service_state(c->run);
    return state->files.keys;
}

static answer application_get_done(struct call *c, const struct rows *results)
{
    Certification__Application *application = (Certification__Application *)message_from_rows(
        &certification__application__descriptor, &results[0], c->arena);
    if (application == NULL)
        return call_fail(c, REASON_internal);
    if (application->draft != NULL)
        form_open(c, field_keys(c), application->draft->form, c->caller->account_id);
    form_open(c, field_keys(c), application->in_force, c->caller->account_id);
    return call_reply(c, &application->base);
}

static answer application_get(struct call *c)
{
    batch_add(c, &sql_application_get);
    return batch_then(c, application_get_done);
}

static answer form_is_absent(struct call *c)
{
    return call_fail_field(c, "form", "没有收到这个身份的表单内容，请刷新页面后重试。");
}

static answer draft_save(struct call *c)
{
    const Certification__SaveDraftRequest *req = c->request;

    if (!form_bind(c, field_keys(c), req->form, req->kind))
        return form_is_absent(c);

    batch_add(c, &sql_draft_save);
    return batch_reply(c, REASON_draft_changed);
}

static int submission_refusal(const struct rows *facts)
{
    if (rows_true(facts, 0, "is_open"))
        return REASON_application_open;
    if (!rows_true(facts, 0, "draft_is_current"))
        return REASON_draft_changed;
    if (rows_true(facts, 0, "uscc_taken"))
        return REASON_uscc_taken;
    if (rows_true(facts, 0, "id_number_taken"))
        return REASON_id_number_taken;
    if (rows_true(facts, 0, "is_appealed"))
        return REASON_appeal_waits;
    if (rows_true(facts, 0, "may_not_retry"))
        return REASON_may_not_retry;
    if (rows_true(facts, 0, "nothing_changed"))
        return REASON_nothing_changed;
    if (!rows_true(facts, 0, "files_are_there"))
        return REASON_files_missing;
    return REASON_state_changed;
}

/* Each field of a list as the database gives it, "{one,two}". */
static answer fields_refused(struct call *c, const char *fields, const char *message)
{
    const Certification__SubmitApplicationRequest *req = c->request;
    struct field_errors errors = {.arena = c->arena};
    const char *name = form_name(req->kind);
    for (const char *at = fields; *at != '\0' && *at != '}';) {
        size_t size = strcspn(++at, ",}");
        field_errors_add(&errors, arena_printf(c->arena, "form.%s.%.*s", name, (int)size, at),
                         message);
        at += size;
    }
    return call_fail_fields(c, &errors);
}

static bool names_fields(const struct rows *facts, const char *column)
{
    const char *fields = rows_get(facts, 0, column);
    return fields != NULL && strcmp(fields, "{}") != 0;
}

static answer application_submit_explained(struct call *c, const struct rows *results)
{
    const Certification__SubmitApplicationRequest *req = c->request;
    const struct rows *facts = &results[0], *over = &results[1];
    int refusal = submission_refusal(facts);
    if (names_fields(facts, "fields_unknown"))
        return fields_refused(c, rows_get(facts, 0, "fields_unknown"),
                              "这个选项已停用或不存在，请重新选择。");
    if (over->count > 0)
        return form_files_refused(c, arena_printf(c->arena, "form.%s.", form_name(req->kind)),
                                  over);
    if (refusal == REASON_state_changed && names_fields(facts, "fields_doubted"))
        return fields_refused(
            c, rows_get(facts, 0, "fields_doubted"),
            "与营业执照上的内容（二维码或图片识别）不同，请更正；填写无误的，请先勾选确认。");
    return call_fail(c, refusal);
}

/* No row was made: why is looked up afterwards, when whoever was quicker is to be seen; and again for each repeat. */
static answer application_submit_done(struct call *c, const struct rows *results)
{
    if (results[0].count > 0)
        return call_reply(
            c, message_from_rows(&certification__identity__descriptor, &results[0], c->arena));
    batch_add(c, &sql_application_explain);
    batch_add(c, &sql_form_files_over);
    return batch_then(c, application_submit_explained);
}

static answer application_submit(struct call *c)
{
    const Certification__SubmitApplicationRequest *req = c->request;

    struct field_errors errors = {.arena = c->arena};
    char today[11];

    if (form_of(req->form, req->kind) == NULL)
        return form_is_absent(c);
    clock_day(today);
    rules_form(req->form, today, &errors);
    if (errors.count > 0)
        return call_fail_fields(c, &errors);
    if (!form_bind(c, field_keys(c), req->form, req->kind))
        return form_is_absent(c);

    batch_add(c, &sql_application_submit);
    return batch_then(c, application_submit_done);
}

static answer application_withdraw(struct call *c)
{
    batch_add(c, &sql_application_withdraw);
    return batch_reply(c, REASON_nothing_to_withdraw);
}

const struct op application_ops[] = {
    {"ListIdentities",      MEMBER, identity_list,        0},
    {"GetApplication",      MEMBER, application_get,      0},
    {"SaveDraft",           MEMBER, draft_save,           0},
    {"SubmitApplication",   MEMBER, application_submit,   0},
    {"WithdrawApplication", MEMBER, application_withdraw, 0},
    OP_END,
};
