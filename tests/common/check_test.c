/* Field checks: the domain's vectors, and ten thousand made numbers against an independent reading of the standards. */
#include "check.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct vector {
    const char *check, *text, *normal; /* NULL: refused */
};

static const struct vector vectors[] = {
  /* V1 */
    {"mobile",          "18003551778",                              "18003551778"                        },
    {"mobile",          " 180-0355-1778 ",                          "18003551778"                        },
    {"mobile",          "+8618003551778",                           "18003551778"                        },
    {"mobile",          "008618003551778",                          "18003551778"                        },
    {"mobile",          "１８００３５５１７７８",        "18003551778"                        },
    {"mobile",          "12003551778",                              NULL                                 },
    {"mobile",          "1800355177",                               NULL                                 },
    {"mobile",          "180035517788",                             NULL                                 },
    {"mobile",          "1800355177a",                              NULL                                 },
    {"mobile",          "",                                         NULL                                 },
 /* V2 */
    {"landline",        "0355-3069919",                             "0355-3069919"                       },
    {"landline",        "03553069919",                              "0355-3069919"                       },
    {"landline",        "010-62345678",                             "010-62345678"                       },
    {"landline",        "0355-3069919-801",                         "0355-3069919-801"                   },
    {"landline",        "400-123-4567",                             "400-123-4567"                       },
    {"landline",        "4001234567",                               "400-123-4567"                       },
    {"landline",        "3069919",                                  NULL                                 },
    {"landline",        "0355-306991",                              NULL                                 },
    {"landline",        "0355-3069919-",                            NULL                                 },
    {"phone_any",       "18003551778",                              "18003551778"                        },
    {"phone_any",       "0355-3069919",                             "0355-3069919"                       },
    {"phone_any",       "12345",                                    NULL                                 },
 /* V3 */
    {"member_password", "Qz-9f3a7",                                 "Qz-9f3a7"                           },
    {"member_password", "短密码一二三四五",                 "短密码一二三四五"           },
    {"member_password", "1234567",                                  NULL                                 },
    {"member_password", "12345678",                                 NULL                                 },
    {"member_password", "PASSWORD123",                              NULL                                 },
    {"member_password", "aaaaaaaaaa",                               NULL                                 },
    {"staff_password",  "fourteen chars",                           NULL                                 },
    {"staff_password",  "a sentence that I remember",               "a sentence that I remember"         },
 /* V4 */
    {"sms_code",        "012345",                                   "012345"                             },
    {"sms_code",        "０１２ 345",                            "012345"                             },
    {"sms_code",        "12345",                                    NULL                                 },
    {"sms_code",        "12345a",                                   NULL                                 },
 /* V5 */
    {"uscc",            "51140400MJ1637600Q",                       "51140400MJ1637600Q"                 },
    {"uscc",            "51140400mj1637600q",                       "51140400MJ1637600Q"                 },
    {"uscc",            " 91350100M000100Y43",                      "91350100M000100Y43"                 },
    {"uscc",            "91140403MA0K1X2Y1M",                       "91140403MA0K1X2Y1M"                 },
    {"uscc",            "91350100M000100Y4Z",                       NULL                                 },
    {"uscc",            "91350100M000100Y4",                        NULL                                 },
    {"uscc",            "91350100I000100Y43",                       NULL                                 },
 /* V6 */
    {"id_number",       "11010519491231002X",                       "11010519491231002X"                 },
    {"id_number",       "11010519491231002x",                       "11010519491231002X"                 },
    {"id_number",       "140403198001010015",                       "140403198001010015"                 },
    {"id_number",       "140403198001010016",                       NULL                                 },
    {"id_number",       "440524188001010014",                       NULL                                 }, /* good by number, born before 1900 */
    {"id_number",       "110105491231002",                          NULL                                 },
    {"id_number",       "990105194912310021",                       NULL                                 },
    {"id_number",       "142122196503120017",                       "142122196503120017"                 }, /* 阳高县, until 1993 */
    {"id_number",       "440524196503120010",                       "440524196503120010"                 }, /* 潮阳县, until 1993 */
    {"id_number",       "142101196503120015",                       NULL                                 }, /* no region ever had it */
    {"id_number",       "149900196503120019",                       NULL                                 },
 /* of a unit */
    {"postcode",        "046000",                                   "046000"                             },
    {"postcode",        "０４６０００",                       "046000"                             },
    {"postcode",        "04600",                                    NULL                                 },
    {"postcode",        "04600a",                                   NULL                                 },
    {"website",         "www.xmqgczx.com",                          "www.xmqgczx.com"                    },
    {"website",         "https://xmqgczx.com:8443/a?b=1",           "https://xmqgczx.com:8443/a?b=1"     },
    {"website",         "javascript:alert(1)",                      NULL                                 },
    {"website",         "https://",                                 NULL                                 },
    {"website",         "http://.com",                              NULL                                 },
    {"website",         "a.b\"onload",                              NULL                                 },
    {"website",         "协会网站",                             NULL                                 },
    {"count",           "0120",                                     "120"                                },
    {"count",           "1,200",                                    "1200"                               },
    {"count",           "12人",                                    NULL                                 },
    {"count",           "-3",                                       NULL                                 },
    {"year",            "2010",                                     "2010"                               },
    {"year",            "1899",                                     NULL                                 },
    {"year",            "10",                                       NULL                                 },
 /* V7 */
    {"person_name",     "王建设",                                "王建设"                          },
    {"person_name",     "阿依古丽·买买提",                  "阿依古丽·买买提"            },
    {"person_name",     "阿依古丽•买买提",                 "阿依古丽·买买提"            },
    {"person_name",     "John Smith",                               "John Smith"                         },
    {"person_name",     "㙟𠮷",                                  "㙟𠮷"                            },
    {"person_name",     "王",                                      NULL                                 },
    {"person_name",     "王123",                                   NULL                                 },
    {"person_name",     "<script>",                                 NULL                                 },
 /* V8 */
    {"unit_name",       "长治市（潞州）建设 有限公司", "长治市(潞州)建设有限公司"},
    {"unit_name",       "ABC Engineering 工程公司",             "ABC Engineering工程公司"        },
    {"unit_name",       "甲",                                      NULL                                 },
    {"unit_name",       "12345",                                    NULL                                 },
 /* V9 */
    {"email",           "18003551778@163.com",                      "18003551778@163.com"                },
    {"email",           "a@b",                                      NULL                                 },
    {"email",           "a@@b.cn",                                  NULL                                 },
    {"email",           "a b@c.cn",                                 NULL                                 },
    {"email",           "a@b..cn",                                  NULL                                 },
 /* V10 */
    {"date",            "2024-02-29",                               "2024-02-29"                         },
    {"date",            "2023-02-29",                               NULL                                 },
    {"month",           "2024-02",                                  "2024-02"                            },
    {"month",           "2024-13",                                  NULL                                 },
    {"month",           "2024-02-01",                               NULL                                 },
    {"minute",          "2024-02-29 23:59",                         "2024-02-29 23:59"                   },
    {"minute",          "2023-02-29 09:00",                         NULL                                 },
    {"minute",          "2024-02-29 24:00",                         NULL                                 },
    {"minute",          "2024-02-29T09:00",                         NULL                                 },
    {"certificate_no",  " 建[造]１４ab-01 ",                    "建[造]14AB-01"                    },
    {"certificate_no",  "粤（2019）～a",                        "粤(2019)~A"                        },
    {"date",            "2024-2-9",                                 NULL                                 },
    {"date",            "1899-12-31",                               NULL                                 },
 /* V13 */
    {"region",          "140400",                                   "140400"                             },
    {"region",          "990000",                                   NULL                                 },
 /* V14 */
    {"money",           "5,000.00",                                 "5000.00"                            },
    {"money",           "2000",                                     "2000.00"                            },
    {"money",           "２，０００．５",                    "2000.50"                            },
    {"money",           "0.01",                                     "0.01"                               },
    {"money",           "1000000",                                  "1000000.00"                         },
    {"money",           "1000000.01",                               NULL                                 },
    {"money",           "0.001",                                    NULL                                 },
    {"money",           "0",                                        NULL                                 },
    {"money",           "-5",                                       NULL                                 },
    {"money",           "50,00",                                    NULL                                 },
    {"money",           "1000000000000000000",                      NULL                                 },
    {"money",           "1e3",                                      NULL                                 },
 /* V17 */
    {"bank_line",       "102164001041",                             "102164001041"                       },
    {"bank_line",       "10216400104",                              NULL                                 },
 /* V19 */
    {"text",            "  两头的空白去掉 ",                 "两头的空白去掉"              },
    {"text",            "一行\n两行",                           NULL                                 },
    {"text",            "e\xcc\x81",                                "\xc3\xa9"                           }, /* NFC */
    {"text",            "\xff\xfe",                                 NULL                                 },
    {"text",            "反\xe2\x80\xae转",                       NULL                                 },
    {"multiline_text",  "一行\n两行",                           "一行\n两行"                     },
};

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        const struct vector *v = &vectors[i];
        char out[256] = "";
        const char *wrong = check_find(v->check)->function(v->text, out, sizeof out);
        if ((wrong == NULL) != (v->normal != NULL))
            fail_msg("%s \"%s\": %s", v->check, v->text, wrong == NULL ? "was taken" : wrong);
        if (v->normal != NULL)
            assert_string_equal(out, v->normal);
    }
}

/* What forms do not have, or not in every way; the others are in services/certification/violation_test.c. */
static void test_refusals_say_what_to_do(void **state)
{
    static const struct {
        const char *check, *text, *words;
    } cases[] = {
        {"landline",        "3069919",          "请输入带区号的固定电话，例如0355-3069919。"                     },
        {"member_password", "1234567",          "密码至少8个字符，请补充后再提交。"                             },
        {"member_password", "PASSWORD123",      "这个密码太常见，容易被猜到，请换一个。"                     },
        {"staff_password",  "fourteen chars",   "工作人员密码至少15个字符，可以用一句容易记住的话。"    },
        {"sms_code",        "12345",            "请输入短信中的6位数字验证码。"                                   },
        {"region",          "990000",           "请选择所在地区。"                                                      },
        {"money",           "0.001",            "请输入金额，例如2000.00，最多两位小数，0.01到1000000.00元。"},
        {"money",           "1000000.01",       "请输入金额，例如2000.00，最多两位小数，0.01到1000000.00元。"},
        {"reference_code",  "CZ23456A",         "附言码应为8位字母和数字，请核对缴费通知单。"              },
        {"bank_line",       "10216400104",      "联行号应为12位数字，可向开户银行查询。"                      },
        {"postcode",        "4600",             "邮编应为6位数字，例如046000。"                                      },
        {"website",         "xmqgczx",          "请输入网址，例如www.xmqgczx.com。"                                    },
        {"count",           "十人",           "请输入人数，只填数字。"                                             },
        {"year",            "1899",             "请输入4位年份，例如2010。"                                           },
        {"minute",          "2024-04-02 24:00", "请输入正确的日期和时间，例如2024-04-02 09:00。"                 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[256] = "";
        const char *wrong = check_find(cases[i].check)->function(cases[i].text, out, sizeof out);
        if (wrong == NULL || strcmp(wrong, cases[i].words) != 0)
            fail_msg("%s \"%s\": %s", cases[i].check, cases[i].text,
                     wrong == NULL ? "taken" : wrong);
    }
    assert_string_equal(check_password_against_phone("my18003551778!", "18003551778"),
                        "密码不能包含手机号，请换一个。");
    assert_null(check_password_against_phone("harvest moon 2026", "18003551778"));
}

static void test_unknown_check_is_none(void **state)
{
    (void)state;
    assert_null(check_find("no such check"));
}

static void test_credit_codes_explained(void **state)
{
    (void)state;
    assert_true(check_uscc_organisation_good("51140400MJ1637600Q"));
    assert_string_equal(check_uscc_kind("51140400MJ1637600Q"), "社会团体");
    assert_string_equal(check_uscc_kind("91140403MA0K1X2Y1M"), "企业");
    assert_string_equal(check_uscc_kind("311404000000000000"), "律师执业机构");
    assert_string_equal(check_uscc_kind("321404000000000000"), "公证处");
    assert_string_equal(check_uscc_kind("N21404000000000000"), "村级集体经济组织");
    assert_null(check_uscc_kind("Z9140403MA0K1X2Y1M"));
    assert_true(check_uscc_region_known("51140400MJ1637600Q"));
    assert_true(check_uscc_region_known("91140402MJ1637600Q")); /* 长治市城区, until 2018 */
    assert_true(check_uscc_region_known("91100000MJ1637600Q"));
    assert_false(check_uscc_region_known("91990000MJ1637600Q"));
    assert_false(check_uscc_region_known("91140499MJ1637600Q"));
}

static void test_identity_agrees(void **state)
{
    (void)state;
    assert_null(check_id_agrees("140403198001010015", "1", "1980-01-01"));
    assert_non_null(check_id_agrees("140403198001010015", "2", "1980-01-01"));
    assert_non_null(check_id_agrees("140403198001010015", "1", "1980-01-02"));
}

static void test_money_is_exact(void **state)
{
    (void)state;
    assert_int_equal(check_money_fen("5000.00"), 500000);
    assert_int_equal(check_money_fen("0.01"), 1);
    assert_int_equal(check_money_fen("1000000.00"), 100000000);
}

static void test_masks(void **state)
{
    char out[32];
    (void)state;
    check_mask_mobile("18512344937", out, sizeof out);
    assert_string_equal(out, "185****4937");
    check_mask_mobile("123", out, sizeof out);
    assert_string_equal(out, "****");
    check_mask_id_number("140403198001010015", out, sizeof out);
    assert_string_equal(out, "1404**********0015");
}

/* ---- made numbers: a good one is taken, with any one character changed it is refused */

static unsigned next(void)
{
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 33);
}

static void make_uscc(char out[static 19])
{
    static const char set[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    long power = 1, sum = 0;
    for (int i = 0; i < 17; i++) {
        unsigned value = next() % 31;
        out[i] = set[value];
        sum += (long)value * power; /* weights are powers of 3 modulo 31 */
        power = power * 3 % 31;
    }
    out[17] = set[(31 - sum % 31) % 31];
    out[18] = '\0';
}

static void test_credit_codes_made(void **state)
{
    static const char set[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    char code[19], out[32];
    (void)state;
    for (int n = 0; n < 10000; n++) {
        make_uscc(code);
        assert_null(check_uscc(code, out, sizeof out));
        unsigned at = next() % 18;
        char was = code[at];
        code[at] = set[next() % 31];
        assert_true(code[at] == was || check_uscc(code, out, sizeof out) != NULL);
    }
}

/* ISO 7064 MOD 11-2 by its recursion from the left, where the check itself has GB 11643's weights. */
static char mod_11_2(const char *digits)
{
    int m = 0;
    for (int i = 0; i < 17; i++)
        m = (m + (digits[i] - '0')) * 2 % 11;
    int check = (12 - m) % 11;
    return check == 10 ? 'X' : (char)('0' + check);
}

/* Regions of today, of yesterday, and of never. */
static void test_identity_numbers_made(void **state)
{
    static const char *const known[] = {"140403", "110105", "659012", "710000", "820000",
                                        "140421", "142122", "440524", "512221", "132930"};
    static const char *const unknown[] = {"140499", "142101", "110199", "659999",
                                          "830000", "990101", "000000", "149900"};
    char id[19], out[32];
    (void)state;
    for (int n = 0; n < 10000; n++) {
        bool is_known = n % 2 == 0;
        snprintf(id, sizeof id, "%s%04u%02u%02u%03u",
                 is_known ? known[next() % (sizeof known / sizeof known[0])]
                          : unknown[next() % (sizeof unknown / sizeof unknown[0])],
                 1900 + next() % 120, 1 + next() % 12, 1 + next() % 28, next() % 1000);
        id[17] = mod_11_2(id);
        id[18] = '\0';
        assert_int_equal(check_id_number(id, out, sizeof out) == NULL, is_known);
        id[17] = id[17] == 'X' ? '0' : id[17] == '9' ? '8' : (char)(id[17] + 1);
        assert_non_null(check_id_number(id, out, sizeof out));
    }
}

static void test_reference_codes_made(void **state)
{
    char code[9], out[16];
    (void)state;
    for (uint32_t n = 0; n < 10000; n++) {
        check_reference_code_make("CZ", n * 2399, code);
        assert_null(check_reference_code(code, out, sizeof out));
        assert_string_equal(code, out);
        unsigned at = 2 + next() % 4; /* two neighbours swapped */
        if (code[at] == code[at + 1])
            continue;
        char kept = code[at];
        code[at] = code[at + 1];
        code[at + 1] = kept;
        assert_non_null(check_reference_code(code, out, sizeof out));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_refusals_say_what_to_do),
        cmocka_unit_test(test_unknown_check_is_none),
        cmocka_unit_test(test_credit_codes_explained),
        cmocka_unit_test(test_identity_agrees),
        cmocka_unit_test(test_money_is_exact),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_credit_codes_made),
        cmocka_unit_test(test_identity_numbers_made),
        cmocka_unit_test(test_reference_codes_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
