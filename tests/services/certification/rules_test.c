/* The rules by tables, on one made-up day: what a form may not say, and what the machine sees in it before the reviewer looks. */
#include "rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(t) ((char *)(uintptr_t)(t))

static const char TODAY[] = "2026-06-15";

static struct arena *arena;

/* ---- what is asked of the rules */

static struct precheck_facts facts_of(const Certification__Form *form, const char *uscc)
{
    return (struct precheck_facts){.form = form,
                                   .today = TODAY,
                                   .uscc = uscc,
                                   .region = "",
                                   .names_near = "",
                                   .phones_shared = "",
                                   .licence_uscc_other = "",
                                   .licence_name_other = "",
                                   .licence_seen_other = ""};
}

/* The level with which a sentence that has the words is told; 0: none has them. */
static int told_of(const struct precheck_facts *facts, const char *words)
{
    struct precheck found[PRECHECKS_MAX];
    size_t count = rules_precheck(facts, found);
    for (size_t i = 0; i < count; i++) {
        const char *sentence = arena_printf(arena, "%s%s", found[i].text, found[i].detail);
        if (strstr(sentence, words) != NULL)
            return (int)found[i].level;
    }
    return 0;
}

static int told(const Certification__Form *form, const char *uscc, const char *words)
{
    struct precheck_facts facts = facts_of(form, uscc);
    return told_of(&facts, words);
}

/* Is the field refused with these words? */
static bool refuses(const Certification__Form *form, const char *field, const char *words)
{
    struct field_errors errors = {.arena = arena};
    rules_form(form, TODAY, &errors);
    for (size_t i = 0; i < errors.count; i++)
        if (strcmp(errors.list[i].field, field) == 0 && strcmp(errors.list[i].message, words) == 0)
            return true;
    return false;
}

static const int GOOD = CERTIFICATION__PRECHECK__LEVEL__GOOD,
                 WARNING = CERTIFICATION__PRECHECK__LEVEL__WARNING,
                 BAD = CERTIFICATION__PRECHECK__LEVEL__BAD;

/* ---- what a form may not say */

/* V10, to the day: what happens today is past enough. */
static void test_nothing_happened_tomorrow(void **state)
{
    Certification__Qualification qualification = CERTIFICATION__QUALIFICATION__INIT;
    Certification__Employment employment = CERTIFICATION__EMPLOYMENT__INIT;
    Certification__Education education = CERTIFICATION__EDUCATION__INIT;
    Certification__Qualification *qualifications[] = {&qualification};
    Certification__Employment *employments[] = {&employment};
    Certification__Education *educations[] = {&education};
    Certification__ExpertForm expert = CERTIFICATION__EXPERT_FORM__INIT;
    Certification__Form form = CERTIFICATION__FORM__INIT;
    const struct {
        char **text;
        const char *field, *last, *next, *words;
    } cases[] = {
        {&expert.birth_date,         "birth_date",                   TODAY,     "2026-06-16", "出生日期不能晚于今天。"},
        {&qualification.issued_on,   "qualifications.0.issued_on",   TODAY,     "2026-06-16",
         "发证日期不能晚于今天。"                                                                                     },
        {&qualification.major_since, "qualifications.0.major_since", "2026",    "2027",
         "起始年份不能晚于今年。"                                                                                     },
        {&employment.start_month,    "employments.0.start_month",    "2026-06", "2026-07",
         "开始时间不能晚于今天。"                                                                                     },
        {&employment.end_month,      "employments.0.end_month",      "2026-06", "2026-07",
         "结束时间不能晚于今天，仍在职请勾选“至今”。"                                                    },
        {&education.end_month,       "educations.0.end_month",       "2026-06", "2026-07",
         "毕业时间不能晚于今天。"                                                                                     },
    };
    (void)state;
    form.expert = &expert;
    expert.id_number = TEXT("140403198001010015");
    expert.qualifications = qualifications;
    expert.employments = employments;
    expert.educations = educations;
    expert.n_qualifications = expert.n_employments = expert.n_educations = 1;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *field = arena_printf(arena, "form.expert.%s", cases[i].field);
        *cases[i].text = TEXT(cases[i].last);
        assert_false(refuses(&form, field, cases[i].words));
        *cases[i].text = TEXT(cases[i].next);
        assert_true(refuses(&form, field, cases[i].words));
        *cases[i].text = TEXT("");
    }
    employment.until_now = true;
    employment.end_month = TEXT("2026-07"); /* goes on: whatever was left in the field */
    assert_false(refuses(&form, "form.expert.employments.0.end_month", cases[4].words));
}

static void test_no_unit_was_founded_tomorrow(void **state)
{
    Certification__EntryForm entry = CERTIFICATION__ENTRY_FORM__INIT;
    Certification__PaperFields fields = CERTIFICATION__PAPER_FIELDS__INIT;
    struct field_errors errors = {.arena = arena};
    (void)state;
    fields.entry = &entry;
    entry.founded_on = TEXT(TODAY);
    rules_paper_fields(&fields, TODAY, &errors);
    assert_int_equal(errors.count, 0);
    entry.founded_on = TEXT("2026-06-16");
    rules_paper_fields(&fields, TODAY, &errors);
    assert_int_equal(errors.count, 1);
    assert_string_equal(errors.list[0].field, "fields.entry.founded_on");
    assert_string_equal(errors.list[0].message, "成立日期不能晚于今天。");
}

/* One certificate is one row; the same number on another kind of certificate is another one. */
static void test_a_certificate_is_filled_in_once(void **state)
{
    static const char words[] = "这本证书已经填写过，请勿重复。";
    static const char field[] = "form.natural_person.qualifications.1.certificate_no";
    Certification__Qualification rows[2] = {CERTIFICATION__QUALIFICATION__INIT,
                                            CERTIFICATION__QUALIFICATION__INIT};
    Certification__Qualification *list[] = {&rows[0], &rows[1]};
    Certification__NaturalPersonForm person = CERTIFICATION__NATURAL_PERSON_FORM__INIT;
    Certification__Form form = CERTIFICATION__FORM__INIT;
    (void)state;
    form.natural_person = &person;
    person.qualifications = list;
    person.n_qualifications = 2;
    for (size_t i = 0; i < 2; i++) {
        rows[i].certificate_no = TEXT("建造14AB-01");
        rows[i].qualification_code = TEXT("COST1");
    }
    assert_true(refuses(&form, field, words));
    rows[1].qualification_code = TEXT("COST2");
    assert_false(refuses(&form, field, words));
    rows[1].qualification_code = TEXT("COST1");
    rows[1].certificate_no = TEXT("建造14AB-02");
    assert_false(refuses(&form, field, words));
}

/* ---- what the reviewer is told */

/* V18: a fourth account with one phone is remarked on. */
static void test_a_phone_of_many_accounts(void **state)
{
    static const char words[] = "联系方式在3个以上账号的申请中出现过";
    (void)state;
    for (int64_t others = 0; others <= 5; others++) {
        struct precheck_facts person = facts_of(NULL, ""),
                              unit = facts_of(NULL, "91140403MA0K1X2Y1M");
        person.phone_elsewhere = unit.phone_elsewhere = others;
        assert_int_equal(told_of(&person, words), others >= 3 ? WARNING : 0);
        assert_int_equal(told_of(&unit, words), others >= 3 ? WARNING : 0);
    }
}

/* F10: somebody's certificate that hangs with another unit. */
static void test_certificates_that_hang_elsewhere(void **state)
{
    struct precheck_facts facts = facts_of(NULL, "");
    (void)state;
    assert_int_equal(told_of(&facts, "有证书的注册单位与所在单位不同，请核对"), 0);
    facts.certificates_elsewhere = 1;
    assert_int_equal(told_of(&facts, "有证书的注册单位与所在单位不同，请核对"), WARNING);
}

/* V11 and V18 once more: what was handed in before a rule, or by two at a time, is seen by who decides. */
static void test_identity_numbers(void **state)
{
    Certification__ExpertForm expert = CERTIFICATION__EXPERT_FORM__INIT;
    Certification__Form form = CERTIFICATION__FORM__INIT;
    struct precheck_facts facts = facts_of(&form, "");
    (void)state;
    form.expert = &expert;
    expert.id_number = TEXT("140403198001010015");
    expert.gender = TEXT("1");
    expert.birth_date = TEXT("1980-01-01");
    assert_int_equal(told_of(&facts, "身份证号与性别、出生日期相符"), GOOD);
    assert_int_equal(told_of(&facts, "身份证号需核对"), 0);
    expert.gender = TEXT("2");
    assert_int_equal(told_of(&facts, "身份证号需核对：性别与身份证号不一致，请核对。"), BAD);
    expert.birth_date = TEXT("1981-01-01");
    assert_int_equal(told_of(&facts, "身份证号需核对：出生日期与身份证号不一致，请核对。"), BAD);
    assert_int_equal(told_of(&facts, "身份证号与性别、出生日期相符"), 0);
    assert_int_equal(told_of(&facts, "该身份证号已由其他账号认证，不能通过"), 0);
    facts.id_number_in_use = true;
    assert_int_equal(told_of(&facts, "该身份证号已由其他账号认证，不能通过"), BAD);
}

static void test_licences_that_end(void **state)
{
    static const struct {
        const char *day;
        int ended, valid;
    } cases[] = {
        {"",           0, 0},
        {"2026-06-14", 1, 0},
        {"2026-06-15", 0, 1}, /* the last day counts */
        {"2030-01-01", 0, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Certification__OwnerUnitForm owner = CERTIFICATION__OWNER_UNIT_FORM__INIT;
        Certification__MemberUnitForm member = CERTIFICATION__MEMBER_UNIT_FORM__INIT;
        Certification__Form forms[] = {CERTIFICATION__FORM__INIT, CERTIFICATION__FORM__INIT};
        forms[0].owner_unit = &owner;
        forms[1].member_unit = &member;
        owner.license_valid_to = member.license_valid_to = TEXT(cases[i].day);
        for (size_t kind = 0; kind < 2; kind++) {
            assert_int_equal(told(&forms[kind], "91140403MA0K1X2Y1M", "营业执照已过有效期"),
                             cases[i].ended ? BAD : 0);
            assert_int_equal(told(&forms[kind], "91140403MA0K1X2Y1M", "营业执照在有效期内"),
                             cases[i].valid ? GOOD : 0);
        }
    }
}

static void test_qualifications_of_a_unit_that_end(void **state)
{
    Certification__UnitQualification row = CERTIFICATION__UNIT_QUALIFICATION__INIT;
    Certification__UnitQualification *rows[] = {&row};
    Certification__MemberUnitForm member = CERTIFICATION__MEMBER_UNIT_FORM__INIT;
    Certification__Form form = CERTIFICATION__FORM__INIT;
    (void)state;
    form.member_unit = &member;
    member.unit_qualifications = rows;
    member.n_unit_qualifications = 1;
    row.qual_valid_to = TEXT("2026-06-14");
    assert_int_equal(told(&form, "91140403MA0K1X2Y1M", "有单位资质已过有效期"), WARNING);
    row.qual_valid_to = TEXT(TODAY);
    assert_int_equal(told(&form, "91140403MA0K1X2Y1M", "有单位资质已过有效期"), 0);
    row.qual_valid_to = TEXT("");
    row.qual_valid_forever = true;
    assert_int_equal(told(&form, "91140403MA0K1X2Y1M", "有单位资质已过有效期"), 0);
}

static void test_regions_of_credit_codes(void **state)
{
    (void)state;
    assert_int_equal(told(NULL, "91100000100003962T", "国家登记机关"), GOOD);
    assert_int_equal(told(NULL, "91140402MA0K1X2Y17", "已撤并"), WARNING);
    assert_int_equal(told(NULL, "91149900MA0K1X2Y1K", "不在现行和历史的行政区划内"), WARNING);
}

static void test_employments_that_overlap(void **state)
{
    static const struct {
        const char *periods[3][2]; /* ends: "" goes on */
        int level;
    } cases[] = {
        {{{"2001-01", "2005-06"}, {"2005-06", "2010-01"}, {"2010-02", ""}}, 0      },
        {{{"2010-02", ""}, {"2001-01", "2005-06"}, {"2005-06", "2010-01"}}, 0      },
        {{{"2001-01", "2005-06"}, {"2005-05", "2010-01"}, {"2010-02", ""}}, WARNING},
        {{{"2001-01", ""}, {"2005-06", "2010-01"}, {"2011-01", "2011-02"}}, WARNING},
        {{{"2001-01", "2001-01"}, {"2001-01", "2001-01"}, {"2001-02", ""}}, 0      },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Certification__Employment rows[3], *list[3];
        Certification__ExpertForm expert = CERTIFICATION__EXPERT_FORM__INIT;
        Certification__Form form = CERTIFICATION__FORM__INIT;
        form.expert = &expert;
        expert.employments = list;
        expert.n_employments = 3;
        for (size_t j = 0; j < 3; j++) {
            certification__employment__init(&rows[j]);
            rows[j].start_month = TEXT(cases[i].periods[j][0]);
            rows[j].end_month = TEXT(cases[i].periods[j][1]);
            rows[j].until_now = cases[i].periods[j][1][0] == '\0';
            list[j] = &rows[j];
        }
        assert_int_equal(told(&form, "", "有重叠"), cases[i].level);
    }
}

static void test_the_highest_education(void **state)
{
    static const struct {
        const char *claimed, *rows[2];
        int above, below;
    } cases[] = {
        {"21", {"21", "31"}, 0, 0},
        {"14", {"21", "31"}, 1, 0},
        {"31", {"31", "21"}, 0, 1},
        {"11", {"11", "14"}, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *files[] = {TEXT("file")};
        Certification__Education rows[2] = {CERTIFICATION__EDUCATION__INIT,
                                            CERTIFICATION__EDUCATION__INIT};
        Certification__Education *list[] = {&rows[0], &rows[1]};
        Certification__ExpertForm expert = CERTIFICATION__EXPERT_FORM__INIT;
        Certification__Form form = CERTIFICATION__FORM__INIT;
        size_t best = strcmp(cases[i].rows[0], cases[i].rows[1]) < 0 ? 0 : 1;
        form.expert = &expert;
        expert.education_level = TEXT(cases[i].claimed);
        expert.educations = list;
        expert.n_educations = 2;
        for (size_t j = 0; j < 2; j++)
            rows[j].education_level = TEXT(cases[i].rows[j]);
        assert_int_equal(told(&form, "", "高于教育经历中的学历"), cases[i].above ? WARNING : 0);
        assert_int_equal(told(&form, "", "有比所填最高学历更高"), cases[i].below ? WARNING : 0);
        rows[1 - best].education_files = files; /* not the one that counts */
        rows[1 - best].n_education_files = 1;
        assert_int_equal(told(&form, "", "最高学历没有上传"), WARNING);
        rows[best].education_files = files;
        rows[best].n_education_files = 1;
        assert_int_equal(told(&form, "", "最高学历没有上传"), 0);
    }
}

static int open_arena(void **state)
{
    (void)state;
    arena = arena_new(0);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    arena_destroy(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_happened_tomorrow),
        cmocka_unit_test(test_no_unit_was_founded_tomorrow),
        cmocka_unit_test(test_a_certificate_is_filled_in_once),
        cmocka_unit_test(test_a_phone_of_many_accounts),
        cmocka_unit_test(test_certificates_that_hang_elsewhere),
        cmocka_unit_test(test_identity_numbers),
        cmocka_unit_test(test_licences_that_end),
        cmocka_unit_test(test_qualifications_of_a_unit_that_end),
        cmocka_unit_test(test_regions_of_credit_codes),
        cmocka_unit_test(test_employments_that_overlap),
        cmocka_unit_test(test_the_highest_education),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
