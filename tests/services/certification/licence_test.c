/* What the QR code of a business licence says (B.17): what is read of it, and what a reviewer is told. */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "service_test.h"
#include <string.h>

#define VALUE service_test_value
#define NUMBER "91350100M000100Y43"

static struct arena *arena;

static void test_what_is_read(void **state)
{
    static const struct {
        const char *code_text, *uscc, *name;
    } cases[] = {
        {"http://www.gsxt.gov.cn/indeptinfo/index?uniscid=" NUMBER "&entName=x",                      NUMBER, ""                          },
        {"https://gsxt.gov.cn/corp/" NUMBER,                                                          NUMBER, ""                          },
        {"统一社会信用代码:" NUMBER ";企业名称:长治市某某工程咨询有限公司;", NUMBER,
         "长治市某某工程咨询有限公司"                                                                                        },
        {"统一社会信用代码：" NUMBER "；名称：某某（长治）有限公司",           NUMBER, "某某(长治)有限公司"},
        {"企业名称:某某公司 统一社会信用代码:91350100m000100y43",                     NUMBER, "某某公司"              },
        {"https://weixin.qq.com/r/abc\nhttp://www.gsxt.gov.cn/?uniscid=" NUMBER,                      NUMBER, ""                          },
        {"http://www.gsxt.gov.cn/%7B7D1A5A8E3E5B4B6F9C5A%7D",                                         "",     ""                          },
        {"http://www.gsxt.gov.cn/?uniscid=91350100M000100Y4Z",                                        "",     ""                          }, /* wrong check character */
        {"1" NUMBER,                                                                                  "",     ""                          }, /* part of something longer */
        {"CZQG:D1:RH2026112700001:v1",                                                                "",     ""                          },
        {"",                                                                                          "",     ""                          },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(VALUE("SELECT licence_uscc($t$%s$t$)", cases[i].code_text),
                            cases[i].uscc);
        assert_string_equal(VALUE("SELECT licence_name($t$%s$t$)", cases[i].code_text),
                            cases[i].name);
    }
}

/* The check in C and the check in SQL are of one opinion. */
static void test_numbers_are_judged_alike(void **state)
{
    static const char *const numbers[] = {NUMBER,
                                          "51140400MJ1637600Q",
                                          "91140403MA0K1X2Y1M",
                                          "91350100M000100Y4Z",
                                          "51140400MJ1637600A",
                                          "91140403MA0K1X2Y1I",
                                          "9114040"};
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        assert_string_equal(VALUE("SELECT uscc_is_good('%s')", numbers[i]), i < 3 ? "t" : "f");
}

/* What a reviewer reads of a unit with that number and name, whose licence says so. */
static const char *reviewed(const char *code_text)
{
    static int64_t account = 50;
    Common__Principal clerk = service_test_staff(11, "cert.review cert.owner.review");
    account++;
    service_test_sql(arena_printf(
        arena,
        "BEGIN; INSERT INTO attachment (id, account_id, purpose, file_name, content_type, "
        "size_bytes, "
        "content_hash, code_text) VALUES ('licence%1$lld', %1$lld, 'business_license_file', '', "
        "'image/jpeg', 1, '', $t$%2$s$t$); INSERT INTO identity (account_id, kind, state, "
        "last_version) "
        "VALUES (%1$lld, 'OWNER_UNIT', 'PENDING', 1); INSERT INTO submission (account_id, kind, "
        "version, "
        "application_no, form, expected_by) VALUES (%1$lld, 'OWNER_UNIT', 1, 'JS%1$lld', "
        "'{\"unit_name\": \"某某(长治)有限公司\", \"uscc\": \"" NUMBER
        "\", \"business_license_file\": [\"licence%1$lld\"]}', now()); INSERT INTO review "
        "(account_id, "
        "kind, version, is_change) VALUES (%1$lld, 'OWNER_UNIT', 1, false); COMMIT",
        (long long)account, code_text));
    return service_test_json(
        &clerk, "GetReview", "",
        arena_printf(arena, "{\"id\": %s}",
                     VALUE("SELECT id FROM review WHERE account_id = %lld", (long long)account)));
}

static void test_a_reviewer_is_told(void **state)
{
    static const char same[] = "营业执照二维码中的信用代码与填写一致",
                      other[] = "营业执照二维码中的信用代码与填写不同",
                      name[] = "营业执照二维码中的名称与填写不同";
    (void)state;
    const char *told = reviewed("http://www.gsxt.gov.cn/?uniscid=" NUMBER);
    assert_non_null(strstr(told, same));
    assert_null(strstr(told, name));
    assert_non_null(strstr(told, "\"read_uscc\":\"" NUMBER "\""));
    told = reviewed("统一社会信用代码:51140400MJ1637600Q;企业名称:另一家公司");
    assert_non_null(strstr(told, other));
    assert_non_null(strstr(told, name));
    told = reviewed("统一社会信用代码:" NUMBER ";企业名称:某某（长治）有限公司");
    assert_non_null(strstr(told, same));
    assert_null(strstr(told, name));
    told = reviewed("");
    assert_null(strstr(told, "营业执照二维码"));
}

/* What a unit is told that hands in a form against its licence, with what it acknowledges; "" when it is taken. */
static const char *handed_in(int64_t account, const char *uscc, const char *acknowledged)
{
    Common__Principal member = service_test_member(account);
    const char *form = arena_printf(
        arena,
        "{\"owner_unit\":{\"unit_name\":\"某某（长治）有限公司\",\"contact_name\":\"王建设\","
        "\"contact_phone\":\"18003551778\",\"uscc\":\"%s\",\"business_license_file\":[\"l%lld\"]}}",
        uscc, (long long)account);
    (void)service_test_json(&member, "SaveDraft", "",
                            arena_printf(arena,
                                         "{\"kind\":\"OWNER_UNIT\",\"version\":%s,\"form\":%s}",
                                         VALUE("SELECT coalesce(max(version), 0) FROM draft WHERE "
                                               "account_id = %lld",
                                               (long long)account),
                                         form));
    return service_test_json(
        &member, "SubmitApplication", "",
        arena_printf(arena,
                     "{\"kind\":\"OWNER_UNIT\",\"version\":%s,\"form\":%s,\"acknowledged\":[%s]}",
                     VALUE("SELECT version FROM draft WHERE account_id = %lld", (long long)account),
                     form, acknowledged));
}

static void licence(int64_t account, const char *code_text)
{
    service_test_sql(arena_printf(
        arena,
        "INSERT INTO attachment (id, account_id, purpose, file_name, content_type, size_bytes, "
        "content_hash, code_text) VALUES ('l%1$lld', %1$lld, 'business_license_file', '', "
        "'image/jpeg', 1, '', $t$%2$s$t$)",
        (long long)account, code_text));
}

/* Corrected or acknowledged; what the reviewer reads says which, and nothing is approved by it. */
static void test_a_difference_is_acknowledged(void **state)
{
    Common__Principal clerk = service_test_staff(11, "cert.review cert.owner.review");
    const char *told, *id;
    (void)state;
    licence(80, "统一社会信用代码:51140400MJ1637600Q;企业名称:另一家公司");
    told = handed_in(80, NUMBER, "");
    assert_non_null(strstr(told, "form.owner_unit.uscc"));
    assert_non_null(strstr(told, "form.owner_unit.unit_name"));
    told = handed_in(80, NUMBER, "\"uscc=51140400MJ1637600Q\",\"unit_name=某某公司\"");
    assert_null(strstr(told, "form.owner_unit.uscc")); /* the other name is another one */
    assert_non_null(strstr(told, "form.owner_unit.unit_name"));
    assert_string_equal(VALUE("SELECT count(*) FROM submission WHERE account_id = 80"), "0");
    told = handed_in(80, NUMBER,
                     "\"uscc=51140400MJ1637600Q\",\"unit_name=另一家公司\",\"uscc=nothing\"");
    assert_non_null(strstr(told, "PENDING"));
    assert_string_equal(VALUE("SELECT acknowledged FROM submission WHERE account_id = 80"),
                        "{unit_name=另一家公司,uscc=51140400MJ1637600Q}");
    id = VALUE("SELECT id FROM review WHERE account_id = 80");
    told = service_test_json(&clerk, "GetReview", "", arena_printf(arena, "{\"id\": %s}", id));
    assert_non_null(strstr(told, "二维码中为51140400MJ1637600Q（申请人提交时已确认填写无误）"));
    assert_non_null(strstr(told, "二维码中为另一家公司（申请人提交时已确认填写无误）"));
    told = service_test_json(
        &clerk, "DecideReview", "",
        arena_printf(arena, "{\"id\":%s,\"submission_version\":1,\"verdict\":\"APPROVE\"}", id));
    assert_non_null(strstr(told, "reds_unacknowledged"));
}

static void test_a_form_that_agrees_needs_nothing(void **state)
{
    (void)state;
    licence(81, "统一社会信用代码:51140400MJ1637600Q;企业名称:某某（长治）有限公司");
    assert_non_null(strstr(handed_in(81, NUMBER, ""), "form.owner_unit.uscc"));
    assert_non_null(strstr(handed_in(81, "51140400MJ1637600Q", ""), "PENDING")); /* corrected */
    assert_string_equal(VALUE("SELECT acknowledged FROM submission WHERE account_id = 81"), "{}");
}

static int open_service(void **state)
{
    (void)state;
    arena = arena_new(1 << 20);
    service_test_open(&certification);
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
        cmocka_unit_test(test_what_is_read),
        cmocka_unit_test(test_numbers_are_judged_alike),
        cmocka_unit_test(test_a_reviewer_is_told),
        cmocka_unit_test(test_a_difference_is_acknowledged),
        cmocka_unit_test(test_a_form_that_agrees_needs_nothing),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
