/* V1 to V19, each broken on purpose in a form that is good otherwise: which field is named, and in which words; and what of it
   only a reviewer is told. Through the whole skeleton and a real database; the days stand to the day in rules_test.c. */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "consent.h"
#include "form.h"
#include "service_test.h"
#include <string.h>

static struct arena *arena;
static Common__Principal secretary;

/* ---- good forms; # is the account */

#define QUALIFICATION                                                                                    \
    "{\"occupation_name\":\"造价工程师\",\"qualification_code\":\"COST1\","                         \
    "\"qualification_major\":\"COST_01\",\"years_in_major\":\"5\",\"certificate_no\":"                   \
    "\"建造14AB-01\",\"issuing_authority\":\"住房和城乡建设部\",\"issued_on\":\"2019-06-01\"," \
    "\"valid_to\":\"2090-06-01\",\"registered_employer\":\"长治市咨询（集团）有限公司\","   \
    "\"certificate_files\":[\"#-certificate_files-1\"]}"
#define EMPLOYMENT                                                                                        \
    "{\"start_month\":\"2004-07\",\"end_month\":\"2010-01\",\"employer_name\":\"长治市咨询有限公" \
    "司\",\"job_title\":\"总工程师\"}"
#define EDUCATION                                                                                  \
    "{\"start_month\":\"2000-09\",\"end_month\":\"2004-06\",\"school\":\"太原理工大学\","    \
    "\"major\":\"土木工程\",\"education_level\":\"21\"}"

static const struct {
    const char *kind, *form;
} good[] = {
    {"OWNER_UNIT",
     "{\"owner_unit\":{\"unit_name\":\"长治市甲建设有限公司\",\"contact_name\":\"王建设\","
     "\"contact_phone\":\"0355-3069919\",\"uscc\":\"51140400MJ1637600Q\","
     "\"business_license_file\":[\"#-business_license_file-1\"]}}"                     },
    {"MEMBER_UNIT",
     "{\"member_unit\":{\"unit_name\":\"长治市乙咨询有限公司\",\"association_post\":\"MEMBER\","
     "\"legal_person_name\":\"张三丰\",\"legal_person_phone\":\"0355-3069919\","
     "\"principal_name\":\"李四光\",\"principal_phone\":\"18003551778\",\"uscc\":"
     "\"91140403MA0K1X2Y1M\",\"member_category\":\"COST\",\"qualification_files\":"
     "[\"#-qualification_files-1\"],\"unit_qualifications\":[{\"qual_name\":\"工程监理\","
     "\"qual_valid_to\":\"2090-06-01\"}]}}"                                            },
    {"EXPERT",
     "{\"expert\":{\"name\":\"李专家\",\"gender\":\"1\",\"birth_date\":\"1980-01-01\","
     "\"ethnicity\":\"01\",\"id_number\":\"140403198001010015\",\"address\":"
     "\"长治市潞州区太行西街406号\",\"political_status\":\"13\",\"mobile\":\"18003551778\","
     "\"employer_name\":\"长治市咨询有限公司\",\"province_code\":\"140000\",\"city_code\":"
     "\"140400\",\"education_level\":\"21\",\"expert_type\":\"TECH\",\"review_specialties\":"
     "[\"A0501\"],\"preferred_regions\":[\"140400\"],\"id_card_files\":[\"#-id_card_files-1\","
     "\"#-id_card_files-2\"],\"qualifications\":[" QUALIFICATION "],\"employments\":[" EMPLOYMENT
     "],\"educations\":[" EDUCATION "],\"avoid_units\":[{\"unit_name\":\"长治市丙有限公司\","
     "\"relation\":\"OTHER\",\"until\":\"2090-06-01\"}]}}"                             },
    {"NATURAL_PERSON",
     "{\"natural_person\":{\"name\":\"王自然\",\"mobile\":\"18003551778\",\"employer_name\":"
     "\"长治市咨询(集团)有限公司\",\"qualifications\":[" QUALIFICATION "]}}"},
};

/* The request of a kind with the field at `path` set to a text, or to a list; path "": as it is. */
static const char *request(const char *kind, int64_t account, int version, const char *path,
                           const char *value)
{
    service_test_sql(arena_printf(
        arena, "DELETE FROM changed; INSERT INTO changed VALUES ('%s', '%s')", path, value));
    return service_test_value(
        "SELECT CASE path WHEN '' THEN request ELSE jsonb_set(request, string_to_array(path, '.'), "
        "CASE WHEN value LIKE '[%%' THEN value::jsonb ELSE to_jsonb(value) END) END "
        "FROM changed, (SELECT jsonb_build_object('kind', kind, 'version', %d, 'form', "
        "replace(form, '#', '%lld')::jsonb) AS request FROM good WHERE kind = '%s') AS r",
        version, (long long)account, kind);
}

static const char *tried(const char *kind, int64_t account, const char *path, const char *value)
{
    Common__Principal who = service_test_member(account);
    return service_test_json(&who, "SubmitApplication", "", request(kind, account, 0, path, value));
}

/* Drafted and handed in. */
static void submitted(const char *kind, int64_t account, const char *path, const char *value)
{
    Common__Principal who = service_test_member(account);
    consents(account);
    service_test_sql(arena_printf(
        arena,
        "INSERT INTO attachment (id, account_id, purpose, file_name, content_type, size_bytes, "
        "content_hash) SELECT concat_ws('-', %lld, purpose, n), %lld, purpose, '照片.jpg', "
        "'image/jpeg', 10, '' FROM unnest(ARRAY['business_license_file', 'qualification_files', "
        "'certificate_files', 'id_card_files']) AS purpose, generate_series(1, 2) AS n "
        "ON CONFLICT DO NOTHING",
        (long long)account, (long long)account));
    service_test_json(&who, "SaveDraft", "", request(kind, account, 0, path, value));
    const char *said =
        service_test_json(&who, "SubmitApplication", "", request(kind, account, 1, path, value));
    if (strstr(said, "\"state\":\"PENDING\"") == NULL)
        fail_msg("%s: %s", kind, said);
}

/* ---- what the applicant is told */

#define TEN "一二三四五六七八九十"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

/* clang-format off */
static const struct {
    const char *path, *value;
    const char *field; /* that is named; NULL: the one that is wrong */
    const char *words;
} broken[] = {
    /* V1, V2: telephones */
    {"form.natural_person.mobile", "12003551778", NULL, "请输入11位手机号码，例如18003551778。"},
    {"form.expert.mobile", "1800355177", NULL, "请输入11位手机号码，例如18003551778。"},
    {"form.member_unit.principal_phone", "0355-3069919", NULL, "请输入11位手机号码，例如18003551778。"},
    {"form.owner_unit.contact_phone", "3069919", NULL,
     "请输入手机号或带区号的固定电话，例如18003551778或0355-3069919。"},
    /* V5: credit codes */
    {"form.owner_unit.uscc", "51140400MJ1637600", NULL, "统一社会信用代码应为18位，请对照营业执照填写。"},
    {"form.owner_unit.uscc", "51140400MI1637600Q", NULL,
     "统一社会信用代码只含数字和大写字母（不含I、O、S、V、Z），请对照营业执照填写。"},
    {"form.member_unit.uscc", "51140400MJ1637600A", NULL, "统一社会信用代码校验不通过，请对照营业执照逐位核对。"},
    /* V6: identity cards */
    {"form.expert.id_number", "1404031980010100", NULL, "请输入18位身份证号。"},
    {"form.expert.id_number", "140403800101001", NULL, "15位身份证号已停用，请输入18位身份证号。"},
    {"form.expert.id_number", "140403198001010016", NULL, "身份证号校验不通过，请对照证件逐位核对。"},
    {"form.expert.id_number", "140403198002300014", NULL, "身份证号校验不通过，请对照证件逐位核对。"},
    {"form.expert.id_number", "999999198001010011", NULL, "身份证号前6位不是任何行政区划的代码，请对照证件逐位核对。"},
    /* V7, V8: names */
    {"form.owner_unit.contact_name", "王建设1", NULL, "请输入真实姓名，2到50个汉字或字母，不含数字和符号。"},
    {"form.expert.name", "李", NULL, "姓名至少2个字。"},
    {"form.owner_unit.unit_name", "甲", NULL, "单位名称至少2个字。"},
    {"form.owner_unit.unit_name", "1234567", NULL, "请按营业执照填写单位全称，2到100个字。"},
    /* V9: e-mail */
    {"form.member_unit.email", "a at 163.com", NULL, "请输入正确的电子邮箱，例如name@163.com。"},
    /* V10: days that are none, days still to come, days out of their order */
    {"form.owner_unit.license_valid_to", "2027-02-29", NULL, "请输入正确的日期，例如2024-04-02。"},
    {"form.expert.employments.0.start_month", "2004-13", NULL, "请输入正确的年月，例如2024-04。"},
    {"form.expert.birth_date", "2099-12-31", NULL, "出生日期不能晚于今天。"},
    {"form.expert.qualifications.0.issued_on", "2089-12-31", NULL, "发证日期不能晚于今天。"},
    {"form.natural_person.qualifications.0.issued_on", "2089-12-31", NULL, "发证日期不能晚于今天。"},
    {"form.natural_person.qualifications.0.major_since", "2099", NULL, "起始年份不能晚于今年。"},
    {"form.expert.employments.0.start_month", "2099-12", NULL, "开始时间不能晚于今天。"},
    {"form.expert.employments.0.end_month", "2099-12", NULL, "结束时间不能晚于今天，仍在职请勾选“至今”。"},
    {"form.expert.educations.0.end_month", "2099-12", NULL, "毕业时间不能晚于今天。"},
    {"form.expert.qualifications.0.valid_to", "2019-05-31", NULL, "有效期不能早于发证日期。"},
    {"form.expert.employments.0.end_month", "2004-06", NULL, "结束时间不能早于开始时间。"},
    {"form.expert.educations.0.end_month", "2000-09", NULL, "毕业时间应晚于入学时间。"},
    {"form.expert.qualifications.0.issued_on", "1995-12-31", NULL, "发证日期早于本人年满16周岁，请对照证书核对。"},
    /* V11: number, gender and birthday of one person */
    {"form.expert.gender", "2", "form.expert.id_number", "性别与身份证号不一致，请核对。"},
    {"form.expert.birth_date", "1980-01-02", "form.expert.id_number", "出生日期与身份证号不一致，请核对。"},
    /* V12: files; their bytes together are in form_test.c, what is in them in upload_test.c */
    {"form.owner_unit.business_license_file", "[]", NULL, "至少上传1份营业执照。"},
    {"form.owner_unit.business_license_file", "[\"a\", \"b\", \"c\"]", NULL, "营业执照最多2份。"},
    {"form.expert.id_card_files", "[\"a\"]", NULL, "至少上传2份身份证照片。"},
    {"form.expert.id_card_files", "[\"a\", \"a\"]", "form.expert.id_card_files.1", "身份证照片中有重复的内容，请删除多余的一项。"},
    /* V13: regions */
    {"form.expert.province_code", "140400", NULL, "请选择所在的省、自治区或直辖市。"},
    {"form.expert.city_code", "110100", NULL, "所选城市不在所选省份内，请重新选择。"},
    {"form.expert.preferred_regions", "[\"149999\"]", "form.expert.preferred_regions.0", "这个选项已停用或不存在，请重新选择。"},
    /* V16: codes of the lists */
    {"form.expert.ethnicity", "58", NULL, "这个选项已停用或不存在，请重新选择。"},
    {"form.expert.political_status", "", NULL, "请选择政治面貌。"},
    {"form.expert.education_level", "00", NULL, "这个选项已停用或不存在，请重新选择。"},
    {"form.member_unit.association_post", "EXEC_COUNCIL", NULL, "这个选项已停用或不存在，请重新选择。"},
    {"form.expert.qualifications.0.qualification_major", "SUPERVISE_01", NULL, "这个选项已停用或不存在，请重新选择。"},
    /* V18 within one form; across accounts it is below */
    {"form.natural_person.qualifications", "[" QUALIFICATION "," QUALIFICATION "]",
     "form.natural_person.qualifications.1.certificate_no", "这本证书已经填写过，请勿重复。"},
    /* V19: every text */
    {"form.owner_unit.unit_name", "甲\u202e有限公司", NULL, "请按营业执照填写单位全称，2到100个字。"},
    {"form.member_unit.reg_address", "太行西街\x07", NULL, "注册地址含有不允许的字符，请删除后重新输入。"},
    {"form.expert.address", "太行西街\ufeff406号", NULL, "含有不允许的控制字符，请删除后重试。"},
    {"form.member_unit.unit_name", HUNDRED "一", NULL, "单位名称最多100个字。"},
};
/* clang-format on */

static const char *kind_of(const char *path)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        Certification__Identity__Kind kind = (Certification__Identity__Kind)(i + 1);
        const char *name = arena_printf(arena, "form.%s.", form_name(kind));
        if (strncmp(path, name, strlen(name)) == 0)
            return good[i].kind;
    }
    fail_msg("no form has %s", path);
    return "";
}

static void test_each_rule_is_broken_by_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        const char *field = broken[i].field == NULL ? broken[i].path : broken[i].field;
        const char *said = tried(kind_of(broken[i].path), 7, broken[i].path, broken[i].value);
        const char *told =
            arena_printf(arena, "{\"field\":\"%s\",\"message\":\"%s\"}", field, broken[i].words);
        if (strstr(said, told) == NULL)
            fail_msg("%s = %s: no %s in %s", broken[i].path, broken[i].value, told, said);
    }
    assert_string_equal(service_test_value("SELECT count(*) FROM submission"), "0");
}

/* So that what was refused was refused for the one thing. */
static void test_what_breaks_none_is_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        submitted(good[i].kind, 7, "", "");
}

/* ---- what the reviewer is told */

static const char *review_of(int64_t account)
{
    return service_test_value("SELECT max(id) FROM review WHERE account_id = %lld",
                              (long long)account);
}

static void warned(int64_t account, const char *level, const char *words, bool is)
{
    const char *said = service_test_json(
        &secretary, "GetReview", "", arena_printf(arena, "{\"id\":\"%s\"}", review_of(account)));
    const char *told = arena_printf(arena, "{\"level\":\"%s\",\"text\":\"%s\"", level, words);
    if ((strstr(said, told) != NULL) != is)
        fail_msg("%s %s: %s", is ? "no" : "there is", told, said);
}

/* V18: the fourth account with one telephone, whatever its kind. */
static void test_one_phone_of_four_accounts(void **state)
{
    static const char words[] = "联系方式在3个以上账号的申请中出现过";
    (void)state;
    submitted("OWNER_UNIT", 31, "form.owner_unit.contact_phone", "13835500000");
    submitted("MEMBER_UNIT", 32, "form.member_unit.principal_phone", "13835500000");
    submitted("NATURAL_PERSON", 33, "form.natural_person.mobile", "138-3550-0000");
    warned(33, "WARNING", words, false);
    submitted("NATURAL_PERSON", 34, "form.natural_person.mobile", "+86 13835500000");
    for (int64_t account = 31; account <= 34; account++)
        warned(account, "WARNING", words, true);
}

/* F10: brackets of another width are no other unit. */
static void test_a_certificate_that_hangs_elsewhere(void **state)
{
    static const char words[] = "有证书的注册单位与所在单位不同，请核对";
    (void)state;
    submitted("NATURAL_PERSON", 35, "", "");
    warned(35, "WARNING", words, false);
    submitted("NATURAL_PERSON", 36, "form.natural_person.qualifications.0.registered_employer",
              "长治市挂靠有限公司");
    warned(36, "WARNING", words, true);
    submitted("NATURAL_PERSON", 37, "form.natural_person.qualifications.0.registered_employer", "");
    warned(37, "WARNING", words, false);
}

static const char *approved(int64_t account)
{
    return service_test_json(&secretary, "DecideReview", "",
                             arena_printf(arena,
                                          "{\"id\":\"%s\",\"submission_version\":1,\"verdict\":"
                                          "\"APPROVE\"}",
                                          review_of(account)));
}

/* V18: two hand the same number in before either is approved. */
static void test_an_identity_number_of_two_accounts(void **state)
{
    static const char words[] = "该身份证号已由其他账号认证，不能通过";
    (void)state;
    submitted("EXPERT", 41, "", "");
    submitted("EXPERT", 42, "", "");
    warned(42, "GOOD", "身份证号与性别、出生日期相符", true);
    warned(42, "BAD", words, false);
    assert_non_null(strstr(approved(41), "\"state\":\"APPROVED\""));
    warned(42, "BAD", words, true);
    assert_non_null(strstr(approved(42), "\"reason\":\"id_number_taken\""));
    assert_non_null(strstr(
        approved(42), "该身份证号已由其他账号认证为专家，请用原账号登录，或致电0355-3069919。"));
}

static int open_service(void **state)
{
    (void)state;
    arena = arena_new(0);
    service_test_open(&certification);
    service_test_sql("UPDATE review_policy SET second_review = 'NEVER'");
    service_test_sql("CREATE TEMP TABLE good (kind text, form text); "
                     "CREATE TEMP TABLE changed (path text, value text)");
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        service_test_sql(arena_printf(arena, "INSERT INTO good VALUES ('%s', '%s')", good[i].kind,
                                      good[i].form));
    secretary = service_test_staff(11, "cert.review cert.owner.review cert.member.review "
                                       "cert.person.review cert.expert.review");
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
        cmocka_unit_test(test_each_rule_is_broken_by_itself),
        cmocka_unit_test(test_what_breaks_none_is_taken),
        cmocka_unit_test(test_one_phone_of_four_accounts),
        cmocka_unit_test(test_a_certificate_that_hangs_elsewhere),
        cmocka_unit_test(test_an_identity_number_of_two_accounts),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
