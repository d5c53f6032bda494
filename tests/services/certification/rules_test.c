/* What the machine sees in a form before the reviewer looks, by tables: ends of licences, careers that contradict themselves. */
#include "rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(t) ((char *)(uintptr_t)(t))

static const char TODAY[] = "2026-06-15";

/* The level with which a sentence that has the words is told; 0: none has them. */
static int told(const Certification__Form *form, const char *uscc, const char *words)
{
    struct precheck found[PRECHECKS_MAX];
    struct precheck_facts facts = {.form = form,
                                   .today = TODAY,
                                   .uscc = uscc,
                                   .region = "",
                                   .names_near = "",
                                   .phones_shared = "",
                                   .licence_uscc_other = "",
                                   .licence_name_other = ""};
    size_t count = rules_precheck(&facts, found);
    for (size_t i = 0; i < count; i++)
        if (strstr(found[i].text, words) != NULL)
            return (int)found[i].level;
    return 0;
}

static const int GOOD = CERTIFICATION__PRECHECK__LEVEL__GOOD,
                 WARNING = CERTIFICATION__PRECHECK__LEVEL__WARNING,
                 BAD = CERTIFICATION__PRECHECK__LEVEL__BAD;

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_licences_that_end),
        cmocka_unit_test(test_qualifications_of_a_unit_that_end),
        cmocka_unit_test(test_regions_of_credit_codes),
        cmocka_unit_test(test_employments_that_overlap),
        cmocka_unit_test(test_the_highest_education),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
