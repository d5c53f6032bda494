/* Applications and reviews, through the whole skeleton and a real database. */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "rules.h"
#include "service_test.h"
#include <stdio.h>
#include <string.h>

static Common__Principal member, stranger, reviewer, colleague, administrator;

static Certification__OwnerUnitForm form(const char *name, const char *uscc, char **files,
                                         size_t count)
{
    Certification__OwnerUnitForm form = CERTIFICATION__OWNER_UNIT_FORM__INIT;
    form.unit_name = (char *)(uintptr_t)name;
    form.contact_name = (char *)(uintptr_t) "王建设";
    form.contact_phone = (char *)(uintptr_t) "18003551778";
    form.uscc = (char *)(uintptr_t)uscc;
    form.business_license_file = files;
    form.n_business_license_file = count;
    return form;
}

static char *licence_of(int64_t account)
{
    static char id[64];
    snprintf(id, sizeof id, "%032lld", (long long)account);
    (void)service_test_value(
        "INSERT INTO attachment (id, account_id, purpose, file_name, content_type, size_bytes, "
        "content_hash) "
        "VALUES ('%s', %lld, 'business_license_file', '执照.jpg', 'image/jpeg', 10, '\\x00') "
        "ON CONFLICT (id) DO UPDATE SET size_bytes = 10 RETURNING id",
        id, (long long)account);
    return id;
}

static uint32_t draft_version(int64_t account)
{
    return (uint32_t)strtoul(
        service_test_value("SELECT version FROM draft WHERE account_id = %lld", (long long)account),
        NULL, 10);
}

static const char *save_reason(const Common__Principal *who, uint32_t version,
                               Certification__OwnerUnitForm *unit)
{
    Certification__SaveDraftRequest request = CERTIFICATION__SAVE_DRAFT_REQUEST__INIT;
    Certification__Form whole = CERTIFICATION__FORM__INIT;
    request.kind = CERTIFICATION__IDENTITY__KIND__OWNER_UNIT;
    request.version = version;
    whole.owner_unit = unit;
    request.form = &whole;
    return service_test_reason(who, "SaveDraft", &request.base);
}

static uint32_t save(const Common__Principal *who, uint32_t version,
                     Certification__OwnerUnitForm *unit)
{
    assert_string_equal(save_reason(who, version, unit), "");
    return draft_version(who->account_id);
}

static const char *submit(const Common__Principal *who, uint32_t version,
                          Certification__OwnerUnitForm *unit)
{
    Certification__SubmitApplicationRequest request =
        CERTIFICATION__SUBMIT_APPLICATION_REQUEST__INIT;
    request.kind = CERTIFICATION__IDENTITY__KIND__OWNER_UNIT;
    request.version = version;
    Certification__Form whole = CERTIFICATION__FORM__INIT;
    whole.owner_unit = unit;
    request.form = &whole;
    return service_test_reason(who, "SubmitApplication", &request.base);
}

static const char *withdraw(const Common__Principal *who, uint32_t version)
{
    Certification__WithdrawApplicationRequest request =
        CERTIFICATION__WITHDRAW_APPLICATION_REQUEST__INIT;
    request.kind = CERTIFICATION__IDENTITY__KIND__OWNER_UNIT;
    request.submission_version = version;
    return service_test_reason(who, "WithdrawApplication", &request.base);
}

static int64_t review_of(int64_t account)
{
    return strtoll(service_test_value("SELECT max(id) FROM review WHERE account_id = %lld",
                                      (long long)account),
                   NULL, 10);
}

static const char *decide(const Common__Principal *who, int64_t id, uint32_t version, bool approve,
                          const char *reason, const char *message)
{
    Certification__DecideReviewRequest request = CERTIFICATION__DECIDE_REVIEW_REQUEST__INIT;
    char *codes[] = {(char *)(uintptr_t)reason};
    request.id = id;
    request.submission_version = version;
    request.verdict = approve ? CERTIFICATION__DECIDE_REVIEW_REQUEST__VERDICT__APPROVE
                              : CERTIFICATION__DECIDE_REVIEW_REQUEST__VERDICT__REJECT;
    request.n_reason_codes = reason == NULL ? 0 : 1;
    request.reason_codes = codes;
    request.message_to_applicant = (char *)(uintptr_t)message;
    return service_test_reason(who, "DecideReview", &request.base);
}

static const char *claim(const Common__Principal *who, const char *method, int64_t id)
{
    Certification__ReviewRequest request = CERTIFICATION__REVIEW_REQUEST__INIT;
    request.id = id;
    return service_test_reason(who, method, &request.base);
}

static const char *state_of(int64_t account)
{
    return service_test_value("SELECT state FROM identity WHERE account_id = %lld",
                              (long long)account);
}

static void test_a_unit_is_rejected_corrects_and_is_approved(void **state)
{
    char *files[] = {licence_of(1)};
    Certification__OwnerUnitForm unit =
        form("长治市甲建设有限公司", "51140400MJ1637600Q", files, 1);
    (void)state;
    uint32_t version = save(&member, 0, &unit);
    assert_string_equal(submit(&member, version, &unit), "");
    assert_string_equal(state_of(1), "PENDING");
    assert_string_equal(submit(&member, version, &unit), "application_open");

    /* a page that was left open elsewhere changes nothing of what is under review, nor after the verdict */
    assert_string_equal(save_reason(&member, version, &unit), "draft_changed");
    assert_string_equal(save_reason(&member, draft_version(1), &unit), "application_open");

    int64_t review = review_of(1);
    assert_string_equal(decide(&reviewer, review, 1, false, NULL, "短"), "rejection_has_a_reason");
    assert_string_equal(decide(&reviewer, review, 1, false, "R77", ""), "reason_unknown");
    assert_string_equal(decide(&reviewer, review, 1, false, "R01", ""), "");
    assert_string_equal(state_of(1), "REJECTED");

    assert_string_equal(save_reason(&member, version, &unit), "draft_changed");
    version = save(&member, draft_version(1), &unit);
    assert_string_equal(submit(&member, version, &unit), "");
    assert_string_equal(decide(&reviewer, review_of(1), 1, true, NULL, ""), "review_stale");
    assert_string_equal(decide(&reviewer, review_of(1), 2, true, NULL, ""), "");
    assert_string_equal(state_of(1), "APPROVED");
    assert_string_equal(submit(&member, draft_version(1), &unit), "nothing_changed");
}

static void test_an_approved_version_stays_in_force(void **state)
{
    char *files[] = {licence_of(1)};
    Certification__OwnerUnitForm unit =
        form("长治市甲建设集团有限公司", "51140400MJ1637600Q", files, 1);
    (void)state;
    uint32_t version = draft_version(1);
    version = save(&member, version, &unit);
    assert_string_equal(submit(&member, version, &unit), "");
    assert_string_equal(state_of(1), "APPROVED_PENDING");
    assert_string_equal(withdraw(&member, 3), "");
    assert_string_equal(state_of(1), "APPROVED");
    assert_string_equal(withdraw(&member, 3), "nothing_to_withdraw");
    assert_string_equal(
        service_test_value("SELECT in_force_version FROM identity WHERE account_id = 1"), "2");
}

static void test_a_unit_is_certified_by_one_account_only(void **state)
{
    char *files[] = {licence_of(2)};
    Certification__OwnerUnitForm unit =
        form("长治市甲建设有限公司", "51140400MJ1637600Q", files, 1);
    (void)state;
    uint32_t version = save(&stranger, 0, &unit);
    assert_string_equal(submit(&stranger, version, &unit), "uscc_taken");
}

static void test_files_of_others_are_none(void **state)
{
    char *files[] = {licence_of(1)};
    Certification__OwnerUnitForm unit =
        form("长治市乙建设有限公司", "91350100M000100Y43", files, 1);
    (void)state;
    uint32_t version = draft_version(2);
    version = save(&stranger, version, &unit);
    assert_string_equal(submit(&stranger, version, &unit), "files_missing");
}

static void test_two_reviewers_do_not_share_a_case(void **state)
{
    char *files[] = {licence_of(2)};
    Certification__OwnerUnitForm unit =
        form("长治市乙建设有限公司", "91350100M000100Y43", files, 1);
    (void)state;
    uint32_t version = draft_version(2);
    assert_string_equal(submit(&stranger, version, &unit), "");
    int64_t review = review_of(2);
    assert_string_equal(claim(&reviewer, "ClaimReview", review), "");
    assert_string_equal(claim(&colleague, "ClaimReview", review), "review_taken");
    assert_string_equal(decide(&colleague, review, 1, true, NULL, ""), "review_taken");
    assert_string_equal(claim(&colleague, "ReleaseReview", review), "review_not_yours");
    assert_string_equal(claim(&reviewer, "ReleaseReview", review), "");
    assert_string_equal(claim(&colleague, "ClaimReview", review), "");
    (void)service_test_value("UPDATE review SET claimed_until = now() - interval '1 second' "
                             "WHERE account_id = 2 RETURNING id");
    assert_string_equal(claim(&reviewer, "ClaimReview", review), "");
    assert_string_equal(withdraw(&stranger, 1), "");
    assert_string_equal(decide(&reviewer, review, 1, true, NULL, ""), "review_stale");
}

static void test_a_draft_of_another_tab_is_not_overwritten(void **state)
{
    Certification__OwnerUnitForm unit = form("半张", "", NULL, 0);
    (void)state;
    assert_string_equal(save_reason(&member, 77, &unit), "draft_changed");
}

static void test_a_repeat_under_one_key_counts_once(void **state)
{
    Certification__SaveDraftRequest request = CERTIFICATION__SAVE_DRAFT_REQUEST__INIT;
    Certification__OwnerUnitForm unit = form("一次", "", NULL, 0);
    Common__Principal third = service_test_member(3);
    ProtobufCMessage *reply;
    (void)state;
    request.kind = CERTIFICATION__IDENTITY__KIND__OWNER_UNIT;
    Certification__Form whole = CERTIFICATION__FORM__INIT;
    whole.owner_unit = &unit;
    request.form = &whole;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(service_test_call(&third, "gateway", "SaveDraft", &request.base,
                                           "key-00000001", &reply),
                         STATUS_OK);
        assert_int_equal(((Certification__Draft *)reply)->version, 1);
        assert_int_equal(((Certification__Draft *)reply)->version, 1);
    }
    unit.unit_name = (char *)(uintptr_t) "另一次";
    assert_int_equal(
        service_test_call(&third, "gateway", "SaveDraft", &request.base, "key-00000001", &reply),
        STATUS_INVALID);
    assert_string_equal(((Common__Problem *)reply)->reason, "key_reused");
    assert_string_equal(service_test_value("SELECT version FROM draft WHERE account_id = 3"), "1");
}

static void test_missing_fields_are_named(void **state)
{
    Certification__SubmitApplicationRequest request =
        CERTIFICATION__SUBMIT_APPLICATION_REQUEST__INIT;
    Certification__OwnerUnitForm unit = form("", "51140400MJ1637600A", NULL, 0);
    ProtobufCMessage *reply;
    (void)state;
    request.kind = CERTIFICATION__IDENTITY__KIND__OWNER_UNIT;
    Certification__Form whole = CERTIFICATION__FORM__INIT;
    whole.owner_unit = &unit;
    request.form = &whole;
    assert_int_equal(
        service_test_call(&member, "gateway", "SubmitApplication", &request.base, "", &reply),
        STATUS_INVALID);
    const Common__Problem *problem = (const Common__Problem *)reply;
    assert_int_equal(problem->n_errors, 3);
    assert_string_equal(problem->errors[0]->field, "form.owner_unit.unit_name");
    assert_string_equal(problem->errors[1]->field, "form.owner_unit.uscc");
    assert_string_equal(problem->errors[2]->field, "form.owner_unit.business_license_file");
}

static bool is_of_staff(const char *method)
{
    static const char *const words[] = {"Review",    "RejectReason", "Revocation", "RevealIdNumber",
                                        "Draw",      "RecordReply",  "AllowRetry", "CalendarDay",
                                        "Retention", "Unit",         "Expiry",     "ListAppeals",
                                        "GetAppeal", "DecideAppeal"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strstr(method, words[i]) != NULL)
            return true;
    return false;
}

/* Every method, by everybody: nobody gets further than the row says. */
static void test_who_may_call(void **state)
{
    (void)state;
    for (unsigned i = 0; i < certification.contract->n_methods; i++) {
        const ProtobufCMethodDescriptor *method = &certification.contract->methods[i];
        if (strstr(method->name, "Dictionar") != NULL)
            continue; /* dictionary_test.c */
        if (strcmp(method->name, "GetDrawPackage") == 0 ||
            strcmp(method->name, "ReadBlankForm") == 0 ||
            strcmp(method->name, "GetInvitationLink") == 0 ||
            strcmp(method->name, "AnswerInvitationLink") == 0 ||
            strcmp(method->name, "GetAppointmentStatus") == 0)
            continue; /* anybody's: draw_test.c, paper_form_test.c, appointment_test.c */
        if (strcmp(method->name, "DeliverEvent") == 0)
            continue; /* services': handover_test.c */
        struct arena *arena = arena_new(0);
        ProtobufCMessage *request = message_new(method->input, arena);
        bool of_staff = is_of_staff(method->name);
        bool of_both = strcmp(method->name, "ReadAttachment") == 0;
        assert_string_equal(service_test_reason(NULL, method->name, request), "log_in_first");
        if (of_staff) {
            assert_string_equal(service_test_reason(&member, method->name, request), "not_allowed");
            assert_string_equal(service_test_reason(&administrator, method->name, request),
                                "not_allowed");
        } else if (!of_both) {
            assert_string_equal(service_test_reason(&reviewer, method->name, request),
                                "not_allowed");
        }
        arena_destroy(&arena);
    }
    reviewer.must_change_password = true;
    Certification__ReviewRequest request = CERTIFICATION__REVIEW_REQUEST__INIT;
    request.id = 1;
    assert_string_equal(service_test_reason(&reviewer, "GetReview", &request.base),
                        "password_change_first");
    reviewer.must_change_password = false;
}

static void test_staff_without_the_permission_reads_no_file(void **state)
{
    Common__ReadAttachmentRequest request = COMMON__READ_ATTACHMENT_REQUEST__INIT;
    (void)state;
    request.id = licence_of(1);
    assert_string_equal(service_test_reason(&administrator, "ReadAttachment", &request.base),
                        "attachment_gone");
    assert_string_equal(service_test_reason(&stranger, "ReadAttachment", &request.base),
                        "attachment_gone");
}

/* Two accounts hand in the same unit before either is approved: the database lets one be it. */
static void test_a_unit_is_approved_once(void **state)
{
    Common__Principal first = service_test_member(21), second = service_test_member(22);
    char *files[] = {NULL};
    Certification__OwnerUnitForm unit =
        form("长治市丙建设有限公司", "91350211M000100Y46", files, 1);
    (void)state;
    files[0] = licence_of(21);
    assert_string_equal(submit(&first, save(&first, 0, &unit), &unit), "");
    files[0] = licence_of(22);
    unit.unit_name = (char *)(uintptr_t) "长治市丙建设集团有限公司";
    assert_string_equal(submit(&second, save(&second, 0, &unit), &unit), "");
    assert_string_equal(decide(&reviewer, review_of(21), 1, true, NULL, ""), "");
    assert_string_equal(decide(&colleague, review_of(22), 1, true, NULL, ""), "uscc_taken");
    assert_string_equal(state_of(22), "PENDING");
}

/* After all that the tests before have done: each step begins where the one before ended, is one that the table allows,
   and the last one is what the row says. */
static void test_histories_are_paths_of_the_transition_table(void **state)
{
    (void)state;
    assert_string_equal(
        service_test_value(
            "SELECT string_agg(format('%%s %%s>%%s', machine || subject, from_state, to_state), "
            "',') FROM (SELECT *, lag(to_state, 1, '') OVER (PARTITION BY machine, subject ORDER "
            "BY id) AS before FROM history) h WHERE before <> from_state OR NOT EXISTS (SELECT "
            "FROM transition t WHERE (t.machine, t.from_state, t.to_state) = (h.machine, "
            "h.from_state, h.to_state))"),
        "");
    assert_string_equal(
        service_test_value(
            "SELECT count(*) FROM (SELECT 'review' AS machine, id::text AS subject, state FROM "
            "review UNION ALL SELECT 'identity', account_id || ':' || kind, state FROM identity) r "
            "WHERE state IS DISTINCT FROM (SELECT to_state FROM history h WHERE (h.machine, "
            "h.subject) = (r.machine, r.subject) ORDER BY id DESC LIMIT 1)"),
        "0");
    assert_string_equal(
        service_test_value("SELECT string_agg(to_state, ' ' ORDER BY id) FROM history WHERE "
                           "machine = 'identity' AND subject = '1:OWNER_UNIT'"),
        "PENDING REJECTED PENDING APPROVED APPROVED_PENDING APPROVED");
}

/* Takes account 99 from a state to another by a plain statement; '': it begins. `founded`: a revocation of what is in force is
   confirmed, or an appeal against it overturned, and its licence has ended where such identities end. */
static bool may_go(const char *from, const char *to, bool founded)
{
    return strcmp(service_test_value("SELECT pg_temp.may_go('%s', '%s', %s)", from, to,
                                     founded ? "true" : "false"),
                  "t") == 0;
}

/* Is "FROM>TO " one of the list's? */
static bool is_listed(const char *list, const char *from, const char *to)
{
    char step[64];
    snprintf(step, sizeof step, " %s>%s ", from, to);
    return strstr(list, step) != NULL;
}

/* SM1 holds whoever writes: every state by every state. */
static void test_the_database_refuses_other_transitions(void **state)
{
    static const char *const states[] = {"",
                                         "NONE",
                                         "PENDING",
                                         "APPROVED",
                                         "REJECTED",
                                         "APPROVED_PENDING",
                                         "APPROVED_REJECTED",
                                         "REVOKED",
                                         "EXPIRED"};
    static const char allowed[] = " >PENDING NONE>PENDING PENDING>NONE PENDING>APPROVED "
                                  "PENDING>REJECTED REJECTED>PENDING APPROVED>APPROVED_PENDING "
                                  "APPROVED_PENDING>APPROVED APPROVED_PENDING>APPROVED_REJECTED "
                                  "APPROVED_REJECTED>APPROVED_PENDING "
                                  "REVOKED>PENDING EXPIRED>PENDING ";
    static const char when_founded[] = " APPROVED>REVOKED APPROVED_REJECTED>REVOKED "
                                       "APPROVED>EXPIRED APPROVED_REJECTED>EXPIRED "
                                       "REVOKED>APPROVED ";
    (void)state;
    service_test_sql(
        "BEGIN; SET LOCAL session_replication_role = replica;"
        "INSERT INTO submission (account_id, kind, version, application_no, form, expected_by) "
        "VALUES (99, 'OWNER_UNIT', 1, 'T99', '{\"license_valid_to\":\"2001-01-01\"}', now());"
        "INSERT INTO revocation (account_id, kind, version, state, reason, requested_by, "
        "requested_by_name, decided_by) VALUES (99, 'OWNER_UNIT', 1, 'CONFIRMED', '', 1, '', 2);"
        "INSERT INTO appeal (account_id, kind, submission_version, review_id, revocation_id, "
        "decision_reason, decision_at, decision_by, decision_by_names, reason, state, decided_by, "
        "answer) SELECT 99, 'OWNER_UNIT', 1, 0, id, '', now(), '{1,2}', '{}', '', 'OVERTURNED', 3, "
        "'经核实，予以恢复' FROM revocation WHERE account_id = 99;"
        "UPDATE expiry_policy SET ends = true WHERE kind = 'OWNER_UNIT'; COMMIT");
    service_test_sql("CREATE FUNCTION pg_temp.may_go(a text, b text, founded boolean) RETURNS "
                     "boolean LANGUAGE plpgsql AS $$ BEGIN "
                     "SET LOCAL session_replication_role = replica; "
                     "DELETE FROM identity WHERE account_id = 99; "
                     "INSERT INTO identity (account_id, kind, state, last_version, "
                     "in_force_version) SELECT 99, 'OWNER_UNIT', a, 1, CASE WHEN founded THEN 1 "
                     "END WHERE a <> ''; "
                     "SET LOCAL session_replication_role = origin; "
                     "INSERT INTO identity (account_id, kind, state) SELECT 99, 'OWNER_UNIT', b "
                     "WHERE a = ''; "
                     "UPDATE identity SET state = b, overturned = overturned + (founded AND a = "
                     "'REVOKED')::integer WHERE account_id = 99; RETURN true; "
                     "EXCEPTION WHEN check_violation THEN RETURN false; END $$");
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        for (size_t k = 1; k < sizeof states / sizeof states[0]; k++)
            for (int founded = 0; founded < 2; founded++) {
                bool may = i == k || is_listed(allowed, states[i], states[k]) ||
                           (founded && is_listed(when_founded, states[i], states[k]));
                if (may_go(states[i], states[k], founded) != may)
                    fail_msg("%s>%s, founded %d: not %d", states[i], states[k], founded, may);
            }
}

static int open_service(void **state)
{
    (void)state;
    service_test_open(&certification);
    member = service_test_member(1);
    stranger = service_test_member(2);
    reviewer = service_test_staff(11, "cert.review cert.owner.review");
    colleague = service_test_staff(12, "cert.review cert.owner.review");
    administrator = service_test_staff(13, "staff.manage");
    return 0;
}

static int close_service(void **state)
{
    (void)state;
    service_test_close();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_unit_is_rejected_corrects_and_is_approved),
        cmocka_unit_test(test_an_approved_version_stays_in_force),
        cmocka_unit_test(test_a_unit_is_certified_by_one_account_only),
        cmocka_unit_test(test_files_of_others_are_none),
        cmocka_unit_test(test_two_reviewers_do_not_share_a_case),
        cmocka_unit_test(test_a_draft_of_another_tab_is_not_overwritten),
        cmocka_unit_test(test_a_repeat_under_one_key_counts_once),
        cmocka_unit_test(test_missing_fields_are_named),
        cmocka_unit_test(test_who_may_call),
        cmocka_unit_test(test_staff_without_the_permission_reads_no_file),
        cmocka_unit_test(test_a_unit_is_approved_once),
        cmocka_unit_test(test_histories_are_paths_of_the_transition_table),
        cmocka_unit_test(test_the_database_refuses_other_transitions),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
