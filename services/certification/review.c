/* Reviews: the queue, one case, and the verdict. */
#include "certification.pb-c.h"
#include "certification_queries.h"
#include "check.h"
#include "clock.h"
#include "form.h"
#include "nouns.h"
#include "reasons.h"
#include "rules.h"
#include "service.h"
#include <string.h>

static answer review_counts(struct call *c)
{
    batch_add(c, &sql_review_counts);
    return batch_reply(c, REASON_none);
}

/* ---- the list */

/* %text%, with LIKE's own signs taken literally. */
static const char *like_pattern(struct call *c, const char *text)
{
    char *pattern = arena_alloc(c->arena, 2 * strlen(text) + 3), *at = pattern;
    *at++ = '%';
    for (; *text != '\0'; text++) {
        if (*text == '%' || *text == '_' || *text == '\\')
            *at++ = '\\';
        *at++ = *text;
    }
    *at = '%';
    return pattern;
}

static answer review_list(struct call *c)
{
    const Certification__ListReviewsRequest *req = c->request;
    bool newest = req->sort == CERTIFICATION__LIST_REVIEWS_REQUEST__SORT__NEWEST_FIRST;
    if (!page_from(c, req->cursor, newest))
        return call_fail_field(c, "cursor", PAGE_LOST);
    page_begin(c, req->limit);
    call_set(c, "q_like", like_pattern(c, req->q));
    batch_add(c, &sql_review_total);
    batch_add(c, newest ? &sql_review_list_newest : &sql_review_list_oldest);
    return page_reply(c);
}

/* What changed since a page looked, so that it need not read its list anew. */
static answer review_changes(struct call *c)
{
    batch_add(c, &sql_review_changes);
    return batch_reply(c, REASON_none);
}

/* ---- one case */

/* Of the open form, before it is masked. */
static void add_prechecks(struct call *c, const struct rows *row, Certification__Review *review)
{
    const char *reds = rows_get(row, 0, "reds");
    struct precheck found[PRECHECKS_MAX];
    char today[11];
    clock_day(today);
    size_t count = rules_precheck(
        &(struct precheck_facts){
            .form = review->submitted,
            .today = today,
            .uscc = rows_get(row, 0, "uscc"),
            .region = rows_get(row, 0, "region"),
            .uscc_in_use = rows_true(row, 0, "uscc_in_use"),
            .uscc_elsewhere = rows_integer(row, 0, "uscc_elsewhere"),
            .name_in_use = strstr(reds, "name_in_use") != NULL,
            .name_elsewhere = rows_integer(row, 0, "name_elsewhere"),
            .phone_elsewhere = rows_integer(row, 0, "phone_elsewhere"),
            .names_near = rows_get(row, 0, "names_near"),
            .phones_shared = rows_get(row, 0, "phones_shared"),
            .id_number_in_use = rows_true(row, 0, "id_number_in_use"),
            .certificates_expired = rows_integer(row, 0, "certificates_expired"),
            .certificates_all_expired = strstr(reds, "certificates_all_expired") != NULL,
            .certificates_elsewhere = rows_integer(row, 0, "certificates_elsewhere"),
            .licence_is_read = rows_true(row, 0, "licence_is_read"),
            .licence_uscc_other = rows_get(row, 0, "licence_uscc_other"),
            .licence_name_other = rows_get(row, 0, "licence_name_other"),
            .licence_is_seen = rows_true(row, 0, "licence_is_seen"),
            .licence_seen_other = rows_get(row, 0, "licence_seen_other"),
        },
        found);
    review->prechecks = arena_alloc(c->arena, count * sizeof *review->prechecks);
    for (size_t i = 0; i < count; i++) {
        Certification__Precheck *precheck = arena_alloc(c->arena, sizeof *precheck);
        certification__precheck__init(precheck);
        precheck->level = found[i].level;
        precheck->text = arena_printf(c->arena, "%s%s", found[i].text, found[i].detail);
        precheck->code = arena_text(c->arena, found[i].code);
        review->prechecks[review->n_prechecks++] = precheck;
    }
}

static answer review_get_done(struct call *c, const struct rows *results)
{
    char masked[32];
    const char *phone = rows_get(&results[0], 0, "contact_phone");
    if (results[0].count == 0)
        return call_fail(c, REASON_review_gone);
    ProtobufCMessage *message =
        message_from_rows(&certification__review__descriptor, &results[0], c->arena);
    Certification__Review *review = (Certification__Review *)message;
    if (review == NULL)
        return call_fail(c, REASON_internal);
    const struct certification *state = service_state(c->run);
    int64_t owner = rows_integer(&results[0], 0, "account_id");
    form_open(c, state->files.keys, review->submitted, owner);
    form_open(c, state->files.keys, review->in_force, owner);
    if (review->last_refusal != NULL) {
        form_open(c, state->files.keys, review->last_refusal->form, owner);
        form_mask(c, review->last_refusal->form);
    }
    add_prechecks(c, &results[0], review);
    form_mask(c, review->submitted);
    form_mask(c, review->in_force);
    check_mask_mobile(phone == NULL ? "" : phone, masked, sizeof masked);
    review->applicant_phone_masked = arena_text(c->arena, masked);
    return call_reply(c, &review->base);
}

static answer review_get(struct call *c)
{
    batch_add(c, &sql_review_get);
    return batch_then(c, review_get_done);
}

/* The audit row is of the same batch: the number leaves only when it is kept who looked, and why. */
static answer review_reveal_done(struct call *c, const struct rows *results)
{
    const struct certification *state = service_state(c->run);
    Certification__RevealedIdNumber reply = CERTIFICATION__REVEALED_ID_NUMBER__INIT;
    if (results[0].count == 0)
        return call_fail(c, REASON_review_gone);
    Certification__Review *review = (Certification__Review *)message_from_rows(
        &certification__review__descriptor, &results[0], c->arena);
    if (review == NULL || review->submitted == NULL || review->submitted->expert == NULL)
        return call_fail(c, REASON_internal);
    form_open(c, state->files.keys, review->submitted, rows_integer(&results[0], 0, "account_id"));
    reply.id_number = review->submitted->expert->id_number;
    return call_reply(c, &reply.base);
}

static answer review_reveal(struct call *c)
{
    batch_add(c, &sql_review_reveal);
    return batch_then(c, review_reveal_done);
}

/* ---- taking it, and giving it back */

/* Why nobody got it: gone, waiting for another person (his own refusal was overturned, or his own approval is to be confirmed), with
   somebody else, or decided. */
static int refusal(const struct rows *state)
{
    if (state->count == 0)
        return REASON_review_gone;
    if (!rows_true(state, 0, "is_open"))
        return REASON_review_stale;
    if (rows_true(state, 0, "is_barred"))
        return REASON_review_overturned;
    if (!rows_true(state, 0, "may_act"))
        return REASON_review_same_person;
    return rows_true(state, 0, "is_others") ? REASON_review_taken : REASON_review_stale;
}

static answer review_claim_done(struct call *c, const struct rows *results)
{
    if (results[0].count == 0)
        return call_fail(c, refusal(&results[1]));
    return call_reply(
        c, message_from_rows(&certification__review_claim__descriptor, &results[0], c->arena));
}

static answer review_claim(struct call *c)
{
    batch_add(c, &sql_review_claim);
    batch_add(c, &sql_review_state);
    return batch_then(c, review_claim_done);
}

static answer review_release(struct call *c)
{
    batch_add(c, &sql_review_release);
    return batch_reply(c, REASON_review_not_yours);
}

static answer reviewer_list(struct call *c)
{
    batch_add(c, &sql_reviewer_list);
    return batch_reply(c, REASON_none);
}

static answer review_transfer(struct call *c)
{
    batch_add(c, &sql_review_transfer);
    return batch_reply(c, REASON_review_not_transferred);
}

/* Who has it in hand hears that a colleague waits. */
static answer review_remind_done(struct call *c, const struct rows *results)
{
    if (results[0].count > 0)
        return call_reply(c, message_from_rows(&certification__review_reminder__descriptor,
                                               &results[0], c->arena));
    if (results[1].count == 0)
        return call_fail(c, REASON_review_gone);
    if (!rows_true(&results[1], 0, "is_open"))
        return call_fail(c, REASON_review_stale);
    return call_fail(c, rows_true(&results[1], 0, "is_others") ? REASON_review_reminded
                                                               : REASON_review_unclaimed);
}

static answer review_remind(struct call *c)
{
    batch_add(c, &sql_review_remind);
    batch_add(c, &sql_review_state);
    return batch_then(c, review_remind_done);
}

/* ---- the verdict */

static answer review_decide_done(struct call *c, const struct rows *results)
{
    if (results[4].count > 0)
        return call_reply(c, message_from_rows(&certification__review_decision__descriptor,
                                               &results[4], c->arena));
    if (rows_integer(&results[0], 0, "unknown") > 0)
        return call_fail(c, REASON_reason_unknown);
    if (results[1].count > 0)
        return call_fail(c, REASON_association_post_needed);
    if (rows_true(&results[2], 0, "misplaced"))
        return call_fail(c, REASON_field_verdict_misplaced);
    if (rows_true(&results[2], 0, "unacknowledged"))
        return call_fail(c, REASON_reds_unacknowledged);
    return call_fail(c, refusal(&results[3]));
}

static answer review_decide(struct call *c)
{
    const Certification__DecideReviewRequest *req = c->request;

    if (req->verdict == CERTIFICATION__DECIDE_REVIEW_REQUEST__VERDICT__REJECT &&
        !rules_verdict_is_founded(req))
        return call_fail(c, REASON_rejection_has_a_reason);
    if (req->verdict == CERTIFICATION__DECIDE_REVIEW_REQUEST__VERDICT__SEND_BACK &&
        !rules_rejection_is_founded(0, req->internal_note))
        return call_fail(c, REASON_sending_back_has_a_note);

    batch_add(c, &sql_reject_reason_unknown);
    batch_add(c, &sql_review_post_missing);
    batch_add(c, &sql_review_verdict_wrong);
    batch_add(c, &sql_review_state);
    batch_add(c, &sql_review_decide);
    return batch_then(c, review_decide_done);
}

static answer retry_allow(struct call *c)
{
    batch_add(c, &sql_retry_allow);
    return batch_reply(c, REASON_retry_not_allowed);
}

#define REVIEWER STAFF("cert.review")

const struct op review_ops[] = {
    {"CountReviews",      REVIEWER,            review_counts,   0},
    {"ListReviews",       REVIEWER,            review_list,     0},
    {"ListReviewChanges", REVIEWER,            review_changes,  0},
    {"GetReview",         REVIEWER,            review_get,      0},
    {"ClaimReview",       REVIEWER,            review_claim,    0},
    {"ReleaseReview",     REVIEWER,            review_release,  0},
    {"ListReviewers",     REVIEWER,            reviewer_list,   0},
    {"TransferReview",    REVIEWER,            review_transfer, 0},
    {"RemindReviewer",    REVIEWER,            review_remind,   0},
    {"DecideReview",      REVIEWER,            review_decide,   0},
    {"RevealIdNumber",    STAFF("pii.reveal"), review_reveal,   0},
    {"AllowRetry",        REVIEWER,            retry_allow,     0},
    OP_END,
};
