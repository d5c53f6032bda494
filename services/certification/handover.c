/* 更换负责人 of a unit's account (SM11): asked for by its present person, by the one who follows, or by staff on behalf; two
   members of staff agree; auth switches, and tells what became of it. */
#include "certification.pb-c.h"
#include "certification_queries.h"
#include "event.h"
#include "files.h"
#include "form.h"
#include "nouns.h"
#include "reasons.h"
#include "rules.h"
#include "service.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

extern const struct statement sql_inbox_insert; /* of the common statements */

static answer handover_list_own(struct call *c)
{
    batch_add(c, &sql_handover_list_own);
    return batch_reply(c, REASON_internal);
}

/* ---- asking */

/* What auth says of the new phone; false: it is not of this caller, or none. */
static bool take_proof(struct call *c, const char *proof)
{
    const struct certification *state = service_state(c->run);
    const char *told = secret_open_text(state->event_keys, "proof|phone", proof, c->arena);
    int64_t caller, phone_account, until;
    char phone[12];
    if (told == NULL || sscanf(told, "%" SCNd64 "|%11[0-9]|%" SCNd64 "|%" SCNd64, &caller, phone,
                               &phone_account, &until) != 4)
        return false;
    call_set(c, "new_phone", arena_text(c->arena, phone));
    call_set_integer(c, "phone_account", phone_account);
    call_set_integer(c, "proven_until", until);
    return caller == c->caller->account_id;
}

static void bind_letter(struct call *c, const char *field, char *const *ids, size_t count)
{
    const char *letter = message_array((const char *const *)ids, count, c->arena);
    const char **fields = arena_alloc(c->arena, (count + 1) * sizeof *fields);
    for (size_t i = 0; i < count; i++)
        fields[i] = field;
    call_set(c, "letter", letter);
    call_set(c, "file_ids", letter);
    call_set(c, "file_fields", message_array(fields, count, c->arena));
}

/* No row was made: the facts read in the same batch say why. A repeat of a refused one has no facts. */
static answer ask_refused(struct call *c, const struct rows *facts)
{
    if (facts->count == 0)
        return call_fail(c, REASON_handover_moved);
    if (!rows_true(facts, 0, "is_proven"))
        return call_fail(c, REASON_phone_unproven);
    if (!rows_true(facts, 0, "is_found"))
        return call_fail(c, REASON_handover_unit_gone);
    if (!rows_true(facts, 0, "files_are_there"))
        return call_fail(c, REASON_files_missing);
    if (rows_true(facts, 0, "is_open"))
        return call_fail(c, REASON_handover_open);
    if (rows_true(facts, 0, "is_open_for_phone"))
        return call_fail(c, REASON_handover_phone_open);
    if (rows_true(facts, 0, "is_own_phone"))
        return call_fail(c, REASON_handover_same_phone);
    if (!rows_true(facts, 0, "is_free"))
        return call_fail(c, REASON_handover_account_in_use);
    return call_fail(c, REASON_handover_moved);
}

static answer handover_asked(struct call *c, const struct rows *results)
{
    if (results[2].count > 0)
        return call_reply(
            c, message_from_rows(&certification__handover_step__descriptor, &results[2], c->arena));
    if (results[1].count > 0)
        return form_files_refused(c, "", &results[1]);
    return ask_refused(c, &results[0]);
}

static answer handover_request(struct call *c)
{
    const Certification__RequestHandoverRequest *req = c->request;
    if (!take_proof(c, req->phone_proof))
        return call_fail(c, REASON_phone_unproven);
    bind_letter(c, "handover_letter", req->handover_letter, req->n_handover_letter);
    batch_add(c, &sql_handover_explain);
    batch_add(c, &sql_form_files_over);
    batch_add(c, &sql_handover_request);
    return batch_then(c, handover_asked);
}

static answer handover_withdraw(struct call *c)
{
    batch_add(c, &sql_handover_withdraw);
    return batch_reply(c, REASON_handover_moved);
}

/* ---- on behalf */

static answer letter_upload(struct call *c)
{
    static const struct file_statements statements = {
        .room = &sql_attachment_room,
        .insert = &sql_attachment_insert,
    };
    const Common__UploadAttachmentRequest *req = c->request;
    struct certification *state = service_state(c->run);
    if (strcmp(req->purpose, "recorded_letter") != 0)
        return call_fail_field(c, "purpose", "没有这种用途的附件，请刷新页面后重试。");
    return file_take(c, &state->files, &statements);
}

static answer handover_record(struct call *c)
{
    const Certification__RecordHandoverRequest *req = c->request;
    call_set(c, "phone_account", "0"); /* auth looks whose it is */
    call_set(c, "proven_until", NULL);
    bind_letter(c, "recorded_letter", req->recorded_letter, req->n_recorded_letter);
    batch_add(c, &sql_handover_explain);
    batch_add(c, &sql_form_files_over);
    batch_add(c, &sql_handover_record);
    return batch_then(c, handover_asked);
}

/* ---- two persons */

static answer handover_list(struct call *c)
{
    const Certification__ListHandoversRequest *req = c->request;
    bool newest = req->view != CERTIFICATION__LIST_HANDOVERS_REQUEST__VIEW__UNSPECIFIED;
    if (!page_from(c, req->cursor, newest))
        return call_fail_field(c, "cursor", PAGE_LOST);
    page_begin(c, req->limit);
    batch_add(c, &sql_handover_total);
    batch_add(c, newest ? &sql_handover_list_newest : &sql_handover_list_oldest);
    return page_reply(c);
}

static void add_precheck(struct call *c, Certification__HandoverCase *whole, bool is_good,
                         const char *text)
{
    Certification__Precheck *precheck = arena_alloc(c->arena, sizeof *precheck);
    certification__precheck__init(precheck);
    precheck->level =
        is_good ? CERTIFICATION__PRECHECK__LEVEL__GOOD : CERTIFICATION__PRECHECK__LEVEL__WARNING;
    precheck->text = arena_text(c->arena, text);
    whole->prechecks[whole->n_prechecks++] = precheck;
}

static void add_prechecks(struct call *c, const struct rows *row,
                          Certification__HandoverCase *whole)
{
    enum { MOST = 3 };
    bool by_staff = whole->handover->asked_by == CERTIFICATION__HANDOVER__ASKER__STAFF;
    bool certified = rows_true(row, 0, "is_certified");
    whole->prechecks = arena_alloc(c->arena, MOST * sizeof *whole->prechecks);
    add_precheck(c, whole, certified,
                 certified ? "该单位的认证有效" : "该单位的认证现已失效，请先核实");
    add_precheck(c, whole, !by_staff,
                 by_staff ? "新手机号由工作人员登记，没有用短信验证"
                          : "新手机号已用短信验证码验证");
    if (whole->closes_account) {
        bool is_free = rows_true(row, 0, "closing_is_free");
        add_precheck(c, whole, is_free,
                     is_free ? "新手机号原有的账号没有认证任何身份，更换后关闭"
                             : "新手机号原有的账号已有认证，不能更换");
    }
}

static answer handover_get_done(struct call *c, const struct rows *results)
{
    if (results[0].count == 0)
        return call_fail(c, REASON_handover_gone);
    Certification__HandoverCase *whole = (Certification__HandoverCase *)message_from_rows(
        &certification__handover_case__descriptor, &results[0], c->arena);
    if (whole == NULL || whole->handover == NULL)
        return call_fail(c, REASON_internal);
    add_prechecks(c, &results[0], whole);
    return call_reply(c, &whole->base);
}

static answer handover_get(struct call *c)
{
    batch_add(c, &sql_handover_get);
    return batch_then(c, handover_get_done);
}

static answer handover_decide_done(struct call *c, const struct rows *results)
{
    const Certification__DecideHandoverRequest *req = c->request;
    if (results[1].count > 0)
        return call_reply(
            c, message_from_rows(&certification__handover_step__descriptor, &results[1], c->arena));
    if (results[0].count == 0)
        return call_fail(c, REASON_handover_gone);
    bool same = req->verdict == CERTIFICATION__DECIDE_HANDOVER_REQUEST__VERDICT__CONFIRM &&
                strcmp(rows_get(&results[0], 0, "state"), "REVIEWED") == 0 &&
                rows_true(&results[0], 0, "is_own");
    return call_fail(c, same ? REASON_handover_same_person : REASON_handover_moved);
}

static answer handover_decide(struct call *c)
{
    const Certification__DecideHandoverRequest *req = c->request;
    if (req->verdict == CERTIFICATION__DECIDE_HANDOVER_REQUEST__VERDICT__REFUSE &&
        !rules_rejection_is_founded(0, req->reason))
        return call_fail(c, REASON_handover_refusal_has_a_reason);
    batch_add(c, &sql_handover_state);
    batch_add(c, &sql_handover_decide);
    return batch_then(c, handover_decide_done);
}

/* ---- what auth did */

static answer event_taken(struct call *c, const struct rows *results)
{
    Common__Empty empty = COMMON__EMPTY__INIT;
    (void)results;
    return call_reply(c, &empty.base);
}

static answer event_deliver(struct call *c)
{
    const Common__DeliverEventRequest *req = c->request;
    const struct certification *state = service_state(c->run);
    struct event event;
    if (!event_open(state->event_keys, req, c->arena, &event))
        return call_fail(c, REASON_malformed);
    bool switched = strcmp(event.name, "handover.switched") == 0;
    if (!switched && strcmp(event.name, "handover.failed") != 0)
        return call_fail(c, REASON_malformed);
    call_set(c, "event_source", req->source);
    call_set(c, "event_id", req->event_id);
    call_set(c, "handover_id", event_text(&event, "handover_id", c->arena));
    call_set(c, "why", event_text(&event, "why", c->arena));
    batch_add(c, &sql_inbox_insert);
    batch_add(c, switched ? &sql_handover_switched : &sql_handover_failed);
    return batch_then(c, event_taken);
}

#define REVIEWER STAFF("cert.handover")

const struct op handover_ops[] = {
    {"ListMyHandovers",      MEMBER,        handover_list_own, 0              },
    {"RequestHandover",      MEMBER,        handover_request,  0              },
    {"WithdrawHandover",     MEMBER,        handover_withdraw, 0              },
    {"ListHandovers",        REVIEWER,      handover_list,     0              },
    {"GetHandover",          REVIEWER,      handover_get,      0              },
    {"UploadRecordedLetter", REVIEWER,      letter_upload,     FILE_UPLOAD_MAX},
    {"RecordHandover",       REVIEWER,      handover_record,   0              },
    {"DecideHandover",       REVIEWER,      handover_decide,   0              },
    {"DeliverEvent",         SERVICES_ONLY, event_deliver,     0              },
    OP_END,
};
