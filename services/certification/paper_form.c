/* Papers that a unit fills, prints, stamps and sends back (SM10). What was printed has a number and an edition, which its code
   says: a scan files itself. */
#include "certification.pb-c.h"
#include "certification_queries.h"
#include "check.h"
#include "clock.h"
#include "form.h"
#include "nouns.h"
#include "paper_document.h"
#include "parts.h"
#include "reasons.h"
#include "rules.h"
#include "service.h"
#include <string.h>

static ProtobufCMessage *fields_of(const Certification__PaperFields *fields,
                                   Certification__PaperForm__Kind kind)
{
    if (fields == NULL || (fields->entry == NULL) == (fields->holder == NULL))
        return NULL;
    switch (kind) {
    case CERTIFICATION__PAPER_FORM__KIND__ENTRY:
        return fields->entry == NULL ? NULL : &fields->entry->base;
    case CERTIFICATION__PAPER_FORM__KIND__HOLDER:
        return fields->holder == NULL ? NULL : &fields->holder->base;
    case CERTIFICATION__PAPER_FORM__KIND__UNSPECIFIED:
    case _CERTIFICATION__PAPER_FORM__KIND_IS_INT_SIZE:
        return NULL;
    }
    return NULL;
}

static const char *name_of(Certification__PaperForm__Kind kind)
{
    return kind == CERTIFICATION__PAPER_FORM__KIND__ENTRY ? "entry" : "holder";
}

/* false: the fields of that kind are absent. */
static bool bind_fields(struct call *c, const Certification__PaperFields *fields,
                        Certification__PaperForm__Kind kind)
{
    ProtobufCMessage *form = fields_of(fields, kind);
    const char *json = NULL;
    if (form == NULL || !message_bind(&fields->base, name_of(kind), c->arena, &json))
        return false;
    form_bind_named(c, form);
    call_set(c, "form", json);
    return true;
}

static answer fields_are_absent(struct call *c)
{
    return call_fail_field(c, "fields", "没有收到这份表格的内容，请刷新页面后重试。");
}

/* ---- filling */

static answer paper_form_list(struct call *c)
{
    batch_add(c, &sql_paper_form_list);
    return batch_reply(c, REASON_none);
}

static answer paper_form_get(struct call *c)
{
    batch_add(c, &sql_paper_form_get);
    return batch_reply(c, REASON_internal);
}

static answer paper_form_save(struct call *c)
{
    const Certification__SavePaperFormRequest *req = c->request;
    if (!bind_fields(c, req->fields, req->kind))
        return fields_are_absent(c);
    batch_add(c, &sql_paper_form_save);
    return batch_reply(c, REASON_paper_form_changed);
}

/* ---- printing */

/* The account is the phone that its holder logs in with; the platform tells this service a masked one. */
static void check_account(struct call *c, const Certification__HolderForm *form,
                          struct field_errors *errors)
{
    char masked[32];
    check_mask_mobile(form->account_login, masked, sizeof masked);
    if (strcmp(masked, c->caller->display_name) != 0)
        field_errors_add(errors, "fields.holder.account_login",
                         "这不是您登录平台的手机号，请填写当前登录的账号。");
}

static answer paper_form_generate_done(struct call *c, const struct rows *results)
{
    const Certification__GeneratePaperFormRequest *req = c->request;
    struct field_errors errors = {.arena = c->arena};
    const char *unknown = rows_get(&results[0], 0, "fields_unknown");
    if (results[1].count > 0)
        return call_reply(c, message_from_rows(&certification__paper_form_step__descriptor,
                                               &results[1], c->arena));
    for (const char *at = unknown == NULL ? "" : unknown; *at != '\0' && *at != '}';) {
        size_t size = strcspn(++at, ",}");
        if (size > 0)
            field_errors_add(
                &errors,
                arena_printf(c->arena, "fields.%s.%.*s", name_of(req->kind), (int)size, at),
                "这个选项已停用或不存在，请重新选择。");
        at += size;
    }
    return errors.count > 0 ? call_fail_fields(c, &errors)
                            : call_fail(c, REASON_paper_form_changed);
}

static answer paper_form_generate(struct call *c)
{
    const Certification__GeneratePaperFormRequest *req = c->request;
    struct field_errors errors = {.arena = c->arena};
    char today[11];
    if (fields_of(req->fields, req->kind) == NULL)
        return fields_are_absent(c);
    clock_day(today);
    rules_paper_fields(req->fields, today, &errors);
    if (req->fields->holder != NULL)
        check_account(c, req->fields->holder, &errors);
    if (errors.count > 0)
        return call_fail_fields(c, &errors);
    bind_fields(c, req->fields, req->kind);
    batch_add(c, &sql_paper_form_unknown);
    batch_add(c, &sql_paper_form_generate);
    return batch_then(c, paper_form_generate_done);
}

/* ---- the scan comes back */

/* No row was made: the facts read in the same batch say why. A repeat of a refused one has no facts. */
static int hand_in_refusal(const struct rows *facts, bool by_code)
{
    if (facts->count == 0)
        return REASON_paper_form_moved;
    if (!rows_true(facts, 0, "files_are_there"))
        return REASON_files_missing;
    if (by_code && !rows_true(facts, 0, "has_code"))
        return REASON_paper_form_unread;
    if (rows_true(facts, 0, "is_of_others"))
        return REASON_paper_form_of_others;
    if (rows_true(facts, 0, "is_other_kind"))
        return REASON_paper_form_other_kind;
    if (rows_true(facts, 0, "is_old_edition"))
        return REASON_paper_form_old_edition;
    if (rows_true(facts, 0, "is_unprinted"))
        return REASON_paper_form_unprinted;
    return REASON_paper_form_moved;
}

static answer paper_form_hand_in_done(struct call *c, const struct rows *results)
{
    const Certification__HandInPaperFormRequest *req = c->request;
    if (results[2].count > 0)
        return call_reply(c, message_from_rows(&certification__paper_form_step__descriptor,
                                               &results[2], c->arena));
    if (results[1].count > 0)
        return form_files_refused(c, "", &results[1]);
    return call_fail(
        c, hand_in_refusal(&results[0], req->kind == CERTIFICATION__PAPER_FORM__KIND__UNSPECIFIED));
}

static answer paper_form_hand_in(struct call *c)
{
    const Certification__HandInPaperFormRequest *req = c->request;
    form_bind_named(c, (ProtobufCMessage *)(uintptr_t)&req->base);
    batch_add(c, &sql_paper_form_explain);
    batch_add(c, &sql_form_files_over);
    batch_add(c, &sql_paper_form_hand_in);
    return batch_then(c, paper_form_hand_in_done);
}

static answer paper_form_withdraw(struct call *c)
{
    batch_add(c, &sql_paper_form_withdraw);
    return batch_reply(c, REASON_paper_form_moved);
}

/* ---- on paper */

struct print {
    struct paper_document document;
    struct parts parts;
    const char *name;
    bool only_counts;
};

static void count_work(void *job)
{
    struct print *print = job;
    print->parts.page = paper_pages(print->parts.paper);
}

static answer count_worked(struct call *c, void *job)
{
    const struct print *print = job;
    Certification__Document facts = CERTIFICATION__DOCUMENT__INIT;
    facts.title = arena_text(c->arena, paper_document_title(print->document.kind));
    facts.application_no = arena_text(c->arena, print->document.form_no);
    facts.version = print->document.edition;
    facts.pages = print->parts.page;
    return call_reply(c, &facts.base);
}

static answer print_named(struct call *c, const struct rows *results)
{
    const struct certification *state = service_state(c->run);
    struct print *print = c->state;
    print->document.names = &results[0];
    print->parts.paper = paper_document_draw(&print->document);
    print->parts.title = paper_document_title(print->document.kind);
    print->parts.name = print->name;
    return print->only_counts ? work_then(c, state->files.work, count_work, print, count_worked)
                              : parts_then(c, &print->parts);
}

static answer print_found(struct call *c, const struct rows *results)
{
    const struct certification *state = service_state(c->run);
    struct print *print = c->state;
    if (results[0].count == 0)
        return call_fail(c, REASON_paper_form_unprinted);
    Certification__PaperForm *row = (Certification__PaperForm *)message_from_rows(
        &certification__paper_form__descriptor, &results[0], c->arena);
    ProtobufCMessage *form = row == NULL ? NULL : fields_of(row->fields, row->kind);
    if (form == NULL)
        return call_fail(c, REASON_internal);
    print->document = (struct paper_document){
        .arena = c->arena,
        .association = state->association,
        .kind = row->kind,
        .form = form,
        .form_no = rows_get(&results[0], 0, "form_no"),
        .edition = row->version,
        .made_at = rows_get(&results[0], 0, "made_at"),
        .digest = rows_get(&results[0], 0, "digest"),
    };
    print->name = rows_get(&results[0], 0, "unit_name");
    call_set(c, "named_at", print->document.made_at);
    form_bind_named(c, form);
    batch_add(c, &sql_document_names);
    return batch_then(c, print_named);
}

static answer print_begin(struct call *c, struct print *print)
{
    c->state = print;
    batch_add(c, &sql_paper_form_document);
    return batch_then(c, print_found);
}

static answer paper_document_get(struct call *c)
{
    struct print *print = arena_alloc(c->arena, sizeof *print);
    print->only_counts = true;
    return print_begin(c, print);
}

static answer paper_document_read(struct call *c)
{
    const Certification__ReadPaperDocumentRequest *req = c->request;
    struct print *print = arena_alloc(c->arena, sizeof *print);
    print->parts = (struct parts){
        .format = req->format, .page = req->page, .part = req->part, .may_change = true};
    return print_begin(c, print);
}

const struct op paper_form_ops[] = {
    {"ListPaperForms",    MEMBER, paper_form_list,     0},
    {"GetPaperForm",      MEMBER, paper_form_get,      0},
    {"SavePaperForm",     MEMBER, paper_form_save,     0},
    {"GeneratePaperForm", MEMBER, paper_form_generate, 0},
    {"HandInPaperForm",   MEMBER, paper_form_hand_in,  0},
    {"WithdrawPaperForm", MEMBER, paper_form_withdraw, 0},
    {"GetPaperDocument",  MEMBER, paper_document_get,  0},
    {"ReadPaperDocument", MEMBER, paper_document_read, 0},
    OP_END,
};
