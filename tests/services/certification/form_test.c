/* The forms of units and persons, through the whole skeleton and a real database: what is checked, sealed and shown. */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "consent.h"
#include "service_test.h"
#include <string.h>

#define TEXT(t) ((char *)(uintptr_t)(t))

static struct arena *arena;
static Common__Principal expert, other, secretary, reviewer;

/* ---- forms as people fill them */

static char *stored(int64_t account, const char *purpose)
{
    const char *id = service_test_value(
        "INSERT INTO attachment (id, account_id, purpose, file_name, content_type, size_bytes, "
        "content_hash) VALUES (md5(random()::text), %lld, '%s', '照片.jpg', 'image/jpeg', 10, "
        "'\\x00') RETURNING id",
        (long long)account, purpose);
    return arena_text(arena, id);
}

static Certification__Qualification *qualification(int64_t account)
{
    Certification__Qualification *row = arena_alloc(arena, sizeof *row);
    certification__qualification__init(row);
    row->occupation_name = TEXT("造价工程师");
    row->qualification_code = TEXT("COST1");
    row->qualification_major = TEXT("COST_01");
    row->years_in_major =
        arena_text(arena, service_test_value("SELECT code FROM dictionary_item WHERE dictionary = "
                                             "'years_in_major' AND enabled LIMIT 1"));
    row->certificate_no = TEXT("建造１４ab-01");
    row->issuing_authority = TEXT("住房和城乡建设部");
    row->issued_on = TEXT("2019-06-01");
    row->valid_forever = true;
    row->certificate_files = arena_alloc(arena, sizeof(char *));
    row->certificate_files[0] = stored(account, "certificate_files");
    row->n_certificate_files = 1;
    return row;
}

static Certification__NaturalPersonForm *person_form(int64_t account, const char *name)
{
    Certification__NaturalPersonForm *form = arena_alloc(arena, sizeof *form);
    certification__natural_person_form__init(form);
    form->name = TEXT(name);
    form->mobile = TEXT("18003551778");
    form->self_employed = true;
    form->qualifications = arena_alloc(arena, sizeof *form->qualifications);
    form->qualifications[0] = qualification(account);
    form->n_qualifications = 1;
    return form;
}

static char **texts(const char *first, const char *second)
{
    char **list = arena_alloc(arena, 2 * sizeof *list);
    list[0] = TEXT(first);
    list[1] = TEXT(second);
    return list;
}

static Certification__ExpertForm *expert_form(int64_t account)
{
    Certification__ExpertForm *form = arena_alloc(arena, sizeof *form);
    Certification__Employment *job = arena_alloc(arena, sizeof *job);
    Certification__Education *school = arena_alloc(arena, sizeof *school);
    certification__expert_form__init(form);
    certification__employment__init(job);
    certification__education__init(school);
    form->name = TEXT("李专家");
    form->gender = TEXT("1");
    form->birth_date = TEXT("1980-01-01");
    form->ethnicity = TEXT("01");
    form->id_number = TEXT("140403198001010015");
    form->address = TEXT("长治市潞州区太行西街406号");
    form->political_status = TEXT("13");
    form->mobile = TEXT("18003551778");
    form->employer_name = TEXT("长治市咨询有限公司");
    form->province_code = TEXT("140000");
    form->city_code = TEXT("140400");
    form->education_level = TEXT("21");
    form->expert_type = TEXT("TECH");
    form->review_specialties =
        texts(arena_text(arena, service_test_value(
                                    "SELECT code FROM dictionary_item WHERE dictionary = "
                                    "'review_specialty' AND enabled ORDER BY place LIMIT 1")),
              NULL);
    form->n_review_specialties = 1;
    form->preferred_regions = texts("140400", NULL);
    form->n_preferred_regions = 1;
    form->id_card_files = texts(stored(account, "id_card_files"), stored(account, "id_card_files"));
    form->n_id_card_files = 2;
    form->qualifications = arena_alloc(arena, sizeof *form->qualifications);
    form->qualifications[0] = qualification(account);
    form->n_qualifications = 1;
    job->start_month = TEXT("2004-07");
    job->until_now = true;
    job->employer_name = TEXT("长治市咨询有限公司");
    job->job_title = TEXT("总工程师");
    form->employments = arena_alloc(arena, sizeof *form->employments);
    form->employments[0] = job;
    form->n_employments = 1;
    school->start_month = TEXT("2000-09");
    school->end_month = TEXT("2004-06");
    school->school = TEXT("太原理工大学");
    school->major = TEXT("土木工程");
    school->education_level = TEXT("21");
    form->educations = arena_alloc(arena, sizeof *form->educations);
    form->educations[0] = school;
    form->n_educations = 1;
    return form;
}

/* ---- what they do with them */

static Certification__Form of_expert(Certification__ExpertForm *inner)
{
    Certification__Form form = CERTIFICATION__FORM__INIT;
    form.expert = inner;
    return form;
}

static Certification__Form of_person(Certification__NaturalPersonForm *inner)
{
    Certification__Form form = CERTIFICATION__FORM__INIT;
    form.natural_person = inner;
    return form;
}

static uint32_t save(const Common__Principal *who, Certification__Identity__Kind kind,
                     uint32_t version, Certification__Form form)
{
    Certification__SaveDraftRequest request = CERTIFICATION__SAVE_DRAFT_REQUEST__INIT;
    ProtobufCMessage *reply;
    request.kind = kind;
    request.version = version;
    request.form = &form;
    assert_int_equal(service_test_call(who, "gateway", "SaveDraft", &request.base, "", &reply),
                     STATUS_OK);
    return ((Certification__Draft *)reply)->version;
}

static enum status submit(const Common__Principal *who, Certification__Identity__Kind kind,
                          uint32_t version, Certification__Form form, ProtobufCMessage **ret_reply)
{
    Certification__SubmitApplicationRequest request =
        CERTIFICATION__SUBMIT_APPLICATION_REQUEST__INIT;
    request.kind = kind;
    request.version = version;
    request.form = &form;
    return service_test_call(who, "gateway", "SubmitApplication", &request.base, "", ret_reply);
}

/* The other person's submission of what is wrong. */
static const Common__Problem *refused(Certification__Identity__Kind kind, Certification__Form form)
{
    ProtobufCMessage *reply;
    uint32_t version = (uint32_t)atoi(service_test_value(
        "SELECT coalesce(max(version), 0) FROM draft WHERE account_id = 2 AND kind = '%s'",
        kind == CERTIFICATION__IDENTITY__KIND__EXPERT ? "EXPERT" : "NATURAL_PERSON"));
    assert_int_equal(submit(&other, kind, version, form, &reply), STATUS_INVALID);
    return (const Common__Problem *)reply;
}

static void assert_named(const Common__Problem *problem, const char *field)
{
    for (size_t i = 0; i < problem->n_errors; i++)
        if (strcmp(problem->errors[i]->field, field) == 0)
            return;
    fail_msg("%s is not named; %s is", field,
             problem->n_errors > 0 ? problem->errors[0]->field : problem->detail);
}

static int64_t review_of(int64_t account)
{
    return atoll(
        service_test_value("SELECT id FROM review WHERE account_id = %lld ORDER BY id DESC LIMIT 1",
                           (long long)account));
}

static const char *approve(const Common__Principal *who, int64_t account)
{
    Certification__DecideReviewRequest request = CERTIFICATION__DECIDE_REVIEW_REQUEST__INIT;
    request.id = review_of(account);
    request.submission_version = 1;
    request.verdict = CERTIFICATION__DECIDE_REVIEW_REQUEST__VERDICT__APPROVE;
    return service_test_reason(who, "DecideReview", &request.base);
}

static const enum _Certification__Identity__Kind EXPERT = CERTIFICATION__IDENTITY__KIND__EXPERT,
                                                 PERSON =
                                                     CERTIFICATION__IDENTITY__KIND__NATURAL_PERSON;

/* ---- */

static void test_persons_are_certified_side_by_side(void **state)
{
    (void)state;
    for (int64_t account = 101; account <= 102; account++) {
        Common__Principal person = service_test_member(account);
        ProtobufCMessage *reply;
        Certification__NaturalPersonForm *form = person_form(account, "王自然");
        uint32_t version = save(&person, PERSON, 0, of_person(form));
        assert_int_equal(submit(&person, PERSON, version, of_person(form), &reply), STATUS_OK);
        assert_memory_equal(((Certification__Identity *)reply)->application_no, "ZR", 2);
        assert_string_equal(approve(&reviewer, account), "");
    }
    assert_string_equal(
        service_test_value(
            "SELECT unit_name || ' ' || (form #>> '{qualifications,0,certificate_no}') "
            "FROM submission WHERE account_id = 101"),
        "王自然 建造14AB-01");
}

static void test_an_identity_number_is_read_by_its_owner_only(void **state)
{
    Certification__ApplicationRequest read = CERTIFICATION__APPLICATION_REQUEST__INIT;
    Certification__ReviewRequest look = CERTIFICATION__REVIEW_REQUEST__INIT;
    ProtobufCMessage *reply;
    (void)state;
    uint32_t version = save(&expert, EXPERT, 0, of_expert(expert_form(1)));
    assert_int_equal(submit(&expert, EXPERT, version, of_expert(expert_form(1)), &reply),
                     STATUS_OK);
    assert_string_equal(
        service_test_value("SELECT count(*) FROM (SELECT form FROM draft UNION ALL SELECT form "
                           "FROM submission) AS f WHERE form::text LIKE '%%19800101001%%'"),
        "0");

    read.kind = EXPERT;
    assert_int_equal(
        service_test_call(&expert, "gateway", "GetApplication", &read.base, "", &reply), STATUS_OK);
    assert_string_equal(((Certification__Application *)reply)->draft->form->expert->id_number,
                        "140403198001010015");

    look.id = review_of(1);
    assert_int_equal(service_test_call(&secretary, "gateway", "GetReview", &look.base, "", &reply),
                     STATUS_OK);
    const char *shown = ((Certification__Review *)reply)->submitted->expert->id_number;
    assert_null(strstr(shown, "19800101"));
    assert_non_null(strchr(shown, '*'));

    Certification__RevealIdNumberRequest reveal = CERTIFICATION__REVEAL_ID_NUMBER_REQUEST__INIT;
    reveal.id = look.id;
    assert_int_equal(
        service_test_call(&secretary, "gateway", "RevealIdNumber", &reveal.base, "", &reply),
        STATUS_INVALID); /* nobody looks without saying why */
    reveal.purpose = (char *)(uintptr_t) "与身份证照片核对";
    assert_string_equal(service_test_reason(&reviewer, "RevealIdNumber", &reveal.base),
                        "not_allowed");
    assert_int_equal(
        service_test_call(&secretary, "gateway", "RevealIdNumber", &reveal.base, "", &reply),
        STATUS_OK);
    assert_string_equal(((Certification__RevealedIdNumber *)reply)->id_number,
                        "140403198001010015");
    assert_string_equal(service_test_value("SELECT count(*) FROM audit WHERE action = "
                                           "'review.id_number_revealed' AND object LIKE "
                                           "'%% 与身份证照片核对'"),
                        "1");

    assert_string_equal(service_test_reason(&reviewer, "GetReview", &look.base), "review_gone");
    assert_string_equal(approve(&reviewer, 1), "review_gone");
    assert_string_equal(approve(&secretary, 1), "");
}

static void test_a_person_is_an_expert_once(void **state)
{
    ProtobufCMessage *reply;
    (void)state;
    uint32_t version = save(&other, EXPERT, 0, of_expert(expert_form(2)));
    assert_int_equal(submit(&other, EXPERT, version, of_expert(expert_form(2)), &reply),
                     STATUS_CONFLICT);
    assert_string_equal(((Common__Problem *)reply)->reason, "id_number_taken");
}

static void test_what_was_approved_is_no_change(void **state)
{
    Certification__ApplicationRequest read = CERTIFICATION__APPLICATION_REQUEST__INIT;
    ProtobufCMessage *reply;
    (void)state;
    read.kind = EXPERT;
    assert_int_equal(
        service_test_call(&expert, "gateway", "GetApplication", &read.base, "", &reply), STATUS_OK);
    const Certification__Application *application = (Certification__Application *)reply;
    uint32_t version = application->draft->version;
    assert_int_equal(submit(&expert, EXPERT, version, *application->draft->form, &reply),
                     STATUS_CONFLICT);
    assert_string_equal(((Common__Problem *)reply)->reason, "nothing_changed");
}

static void test_what_contradicts_itself_is_named(void **state)
{
    (void)state;
    Certification__ExpertForm *form = expert_form(2);
    form->gender = TEXT("2");
    form->city_code = TEXT("110100");
    form->qualifications[0]->valid_forever = false;
    form->qualifications[0]->valid_to = TEXT("2018-01-01");
    form->employments[0]->until_now = false;
    form->employments[0]->end_month = TEXT("2003-01");
    form->educations[0]->end_month = TEXT("1999-01");
    const Common__Problem *problem = refused(EXPERT, of_expert(form));
    assert_named(problem, "form.expert.id_number");
    assert_named(problem, "form.expert.city_code");
    assert_named(problem, "form.expert.qualifications.0.valid_to");
    assert_named(problem, "form.expert.employments.0.end_month");
    assert_named(problem, "form.expert.educations.0.end_month");
}

static void test_what_is_missing_is_named(void **state)
{
    (void)state;
    Certification__NaturalPersonForm *form = person_form(2, "");
    form->self_employed = false;
    form->qualifications[0]->valid_forever = false;
    form->qualifications[0]->n_certificate_files = 0;
    const Common__Problem *problem = refused(PERSON, of_person(form));
    assert_named(problem, "form.natural_person.name");
    assert_named(problem, "form.natural_person.employer_name");
    assert_named(problem, "form.natural_person.qualifications.0.valid_to");
    assert_named(problem, "form.natural_person.qualifications.0.certificate_files");
    form = person_form(2, "王自然");
    form->n_qualifications = 0;
    assert_named(refused(PERSON, of_person(form)), "form.natural_person.qualifications");
}

static void test_codes_must_be_on_their_lists(void **state)
{
    (void)state;
    Certification__ExpertForm *form = expert_form(2);
    form->id_number = TEXT("11010519491231002X");
    form->birth_date = TEXT("1949-12-31");
    form->gender = TEXT("2");
    form->ethnicity = TEXT("58");
    form->preferred_regions[0] = TEXT("149999");
    form->qualifications[0]->qualification_code = TEXT("KING");
    save(&other, EXPERT, 1, of_expert(form));
    form->id_number = TEXT("11010519491231002X"); /* saving sealed it */
    const Common__Problem *problem = refused(EXPERT, of_expert(form));
    assert_named(problem, "form.expert.ethnicity");
    assert_named(problem, "form.expert.preferred_regions.0");
    assert_named(problem, "form.expert.qualifications.0.qualification_code");
}

/* What the pages do not offer is not taken either. */
static void test_what_is_chosen_belongs_together(void **state)
{
    (void)state;
    Certification__ExpertForm *form = expert_form(2);
    form->city_code = TEXT("140403");
    assert_named(refused(EXPERT, of_expert(form)), "form.expert.city_code");
    form->city_code = TEXT("140000");
    assert_named(refused(EXPERT, of_expert(form)), "form.expert.city_code");
    form->province_code = TEXT("140400");
    assert_named(refused(EXPERT, of_expert(form)), "form.expert.province_code");

    form = expert_form(2);
    form->review_specialties[0] = TEXT("");
    assert_named(refused(EXPERT, of_expert(form)), "form.expert.review_specialties.0");
    form = expert_form(2);
    form->id_card_files[1] = form->id_card_files[0];
    assert_named(refused(EXPERT, of_expert(form)), "form.expert.id_card_files.1");

    form = expert_form(2);
    form->qualifications[0]->issued_on = TEXT("1995-12-31");
    assert_named(refused(EXPERT, of_expert(form)), "form.expert.qualifications.0.issued_on");

    form = expert_form(2);
    form->id_number = TEXT("11010519491231002X");
    form->birth_date = TEXT("1949-12-31");
    form->gender = TEXT("2");
    form->qualifications[0]->qualification_major = TEXT("SUPERVISE_01");
    assert_named(refused(EXPERT, of_expert(form)),
                 "form.expert.qualifications.0.qualification_major");
}

static void test_files_deep_in_a_form_are_the_persons_own(void **state)
{
    (void)state;
    Certification__NaturalPersonForm *form = person_form(1, "王自然"); /* another one's files */
    save(&other, PERSON, 0, of_person(form));
    assert_string_equal(refused(PERSON, of_person(form))->reason, "files_missing");
}

static void test_a_form_of_another_kind_is_none(void **state)
{
    (void)state;
    assert_named(refused(EXPERT, of_person(person_form(2, "王自然"))), "form");
}

static void weighs(const char *id, int bytes)
{
    service_test_sql(
        arena_printf(arena, "UPDATE attachment SET size_bytes = %d WHERE id = '%s'", bytes, id));
}

/* V12: 30 MiB of files a form, counted where they lie; the fields that hold most are named, and what to do. */
static void test_the_files_of_a_form_have_a_limit_together(void **state)
{
    enum { MOST = 30 * 1024 * 1024 };
    Common__Principal person = service_test_member(103);
    ProtobufCMessage *reply;
    (void)state;
    Certification__NaturalPersonForm *form = person_form(103, "王自然");
    Certification__Qualification **rows = arena_alloc(arena, 2 * sizeof(void *));
    rows[0] = form->qualifications[0];
    rows[1] = qualification(103);
    rows[1]->certificate_no = TEXT("建造14CD-02");
    form->qualifications = rows;
    form->n_qualifications = 2;
    weighs(rows[0]->certificate_files[0], 10 * 1024 * 1024);
    weighs(rows[1]->certificate_files[0], MOST - 10 * 1024 * 1024 + 1);
    uint32_t version = save(&person, PERSON, 0, of_person(form));
    assert_int_equal(submit(&person, PERSON, version, of_person(form), &reply), STATUS_INVALID);
    const Common__Problem *problem = (const Common__Problem *)reply;
    assert_int_equal(problem->n_errors, 2);
    assert_string_equal(problem->errors[0]->field,
                        "form.natural_person.qualifications.1.certificate_files");
    assert_string_equal(
        problem->errors[0]->message,
        "这次提交的附件共30.1MB，超过30MB的上限，其中此项20.1MB。请删除不需要的文件，"
        "或压缩后重新上传。");
    assert_string_equal(problem->errors[1]->field,
                        "form.natural_person.qualifications.0.certificate_files");
    assert_string_equal(
        service_test_value("SELECT count(*) FROM submission WHERE account_id = 103"), "0");
    weighs(rows[1]->certificate_files[0], MOST - 10 * 1024 * 1024);
    assert_int_equal(submit(&person, PERSON, version, of_person(form), &reply), STATUS_OK);
}

static int open_service(void **state)
{
    (void)state;
    arena = arena_new(1 << 20);
    service_test_open(&certification);
    service_test_sql(
        "UPDATE review_policy SET second_review = 'NEVER'"); /* review_test.c has the second person */
    expert = service_test_member(1);
    other = service_test_member(2);
    consents(1);
    consents(2);
    secretary =
        service_test_staff(11, "cert.review cert.owner.review cert.expert.review pii.reveal");
    reviewer = service_test_staff(12, "cert.review cert.owner.review cert.person.review");
    return 0;
}

static int close_service(void **state)
{
    (void)state;
    service_test_close();
    arena_destroy(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_persons_are_certified_side_by_side),
        cmocka_unit_test(test_an_identity_number_is_read_by_its_owner_only),
        cmocka_unit_test(test_a_person_is_an_expert_once),
        cmocka_unit_test(test_what_was_approved_is_no_change),
        cmocka_unit_test(test_what_contradicts_itself_is_named),
        cmocka_unit_test(test_what_is_missing_is_named),
        cmocka_unit_test(test_codes_must_be_on_their_lists),
        cmocka_unit_test(test_what_is_chosen_belongs_together),
        cmocka_unit_test(test_files_deep_in_a_form_are_the_persons_own),
        cmocka_unit_test(test_the_files_of_a_form_have_a_limit_together),
        cmocka_unit_test(test_a_form_of_another_kind_is_none),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
