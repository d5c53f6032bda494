/* Messages by descriptor: unpacked strictly, checked by their rules, bound to statements, filled from rows. */
#include "auth.pb-c.h"
#include "certification.pb-c.h"
#include "common.pb-c.h"
#include "message.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arena *arena;
static struct field_errors errors;

static int open_arena(void **state)
{
    (void)state;
    arena = arena_new(8 * 1024 * 1024);
    errors = (struct field_errors){.arena = arena};
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    arena_destroy(&arena);
    return 0;
}

/* ---- unpacking */

static void *unpack(const char *bytes, size_t size)
{
    return message_unpack(&common__problem__descriptor, bytes, size, arena);
}

static void unpacking_is_strict(void **state)
{
    (void)state;
    Common__Problem *problem = unpack("\x0a\x02hi", 4);
    assert_non_null(problem);
    assert_string_equal(problem->reason, "hi");
    assert_string_equal(problem->detail, "");

    assert_null(unpack("\x0a\x06hi\0you", 8));      /* NUL */
    assert_null(unpack("\x0a\x02\xff\xfe", 4));     /* no UTF-8 */
    assert_null(unpack("\x0a\x03\xed\xa0\x80", 5)); /* a surrogate */
    assert_null(unpack("\x0a\x7fhi", 4));           /* cut off */
    assert_null(unpack("\x1a\x04\x0a\x02\xff\xff", 6));
    assert_non_null(unpack("\x0a\x02hi\xf8\x3e\x01", 7)); /* a field of a later version */
}

/* 52 bytes of memory for each byte sent: what protobuf-c may take is bounded. */
static void unpacking_is_bounded(void **state)
{
    size_t size = 400 * 1000;
    (void)state;
    char *bytes = arena_alloc(arena, size);
    for (size_t i = 0; i + 1 < size; i += 2) {
        bytes[i] = 0x1a; /* errors {} */
        bytes[i + 1] = 0;
    }
    assert_null(unpack(bytes, size));
}

/* ---- rules */

static Certification__SubmitApplicationRequest *submission(void)
{
    static char *files[] = {"0193c0de"};
    Certification__SubmitApplicationRequest *request =
        (Certification__SubmitApplicationRequest *)message_new(
            &certification__submit_application_request__descriptor, arena);
    Certification__OwnerUnitForm *form = (Certification__OwnerUnitForm *)message_new(
        &certification__owner_unit_form__descriptor, arena);
    form->unit_name = "长治市测试建设（集团）有限公司";
    form->contact_name = "张三";
    form->contact_phone = " +86 180-0355-1778";
    form->uscc = "91350100M000100Y43";
    form->n_business_license_file = 1;
    form->business_license_file = files;
    request->kind = CERTIFICATION__IDENTITY__KIND__OWNER_UNIT;
    request->form = (Certification__Form *)message_new(&certification__form__descriptor, arena);
    request->form->owner_unit = form;
    return request;
}

static void is_told(ProtobufCMessage *message, const char *field, const char *words)
{
    errors.count = 0;
    message_check(message, &errors);
    if (errors.count != 1)
        fail_msg("%zu errors, wanted one of %s", errors.count, field);
    assert_string_equal(errors.list[0].field, field);
    assert_string_equal(errors.list[0].message, words);
}

static void a_good_form_takes_its_normal_forms(void **state)
{
    (void)state;
    Certification__SubmitApplicationRequest *request = submission();
    message_check(&request->base, &errors);
    if (errors.count > 0)
        fail_msg("%s: %s", errors.list[0].field, errors.list[0].message);
    assert_string_equal(request->form->owner_unit->contact_phone, "18003551778");
}

static void each_rule_is_told_in_words(void **state)
{
    (void)state;
    Certification__SubmitApplicationRequest *request = submission();
    Certification__OwnerUnitForm *form = request->form->owner_unit;
    char *good = form->unit_name;

    form->unit_name = "";
    is_told(&request->base, "form.owner_unit.unit_name", "请填写单位名称。");
    form->unit_name = "长";
    is_told(&request->base, "form.owner_unit.unit_name", "单位名称至少2个字。");
    form->unit_name = arena_alloc(arena, 101 * 3 + 1);
    for (int i = 0; i < 101; i++)
        memcpy(form->unit_name + 3 * i, "长", 3);
    is_told(&request->base, "form.owner_unit.unit_name", "单位名称最多100个字。");
    form->unit_name = "长治\x01公司";
    is_told(&request->base, "form.owner_unit.unit_name",
            "单位名称含有不允许的字符，请删除后重新输入。");
    form->unit_name = good;

    form->n_business_license_file = 0;
    is_told(&request->base, "form.owner_unit.business_license_file", "至少上传1份营业执照。");
    form->n_business_license_file = 3;
    is_told(&request->base, "form.owner_unit.business_license_file", "营业执照最多2份。");
    form->n_business_license_file = 1;

    request->kind = CERTIFICATION__IDENTITY__KIND__UNSPECIFIED;
    is_told(&request->base, "kind", "请选择身份。");
    request->kind = (Certification__Identity__Kind)99;
    is_told(&request->base, "kind", "不是可选的内容，请重新选择。");
}

static void numbers_have_ranges(void **state)
{
    (void)state;
    Certification__WithdrawApplicationRequest *request =
        (Certification__WithdrawApplicationRequest *)message_new(
            &certification__withdraw_application_request__descriptor, arena);
    request->kind = CERTIFICATION__IDENTITY__KIND__OWNER_UNIT;
    is_told(&request->base, "submission_version", "请填写提交版本。");
    request->submission_version = 4000000000u;
    is_told(&request->base, "submission_version", "提交版本应在1到1000000之间。");
}

/* A form being filled may be empty and wrong, but neither endless nor dirty. */
static void a_draft_may_be_unfinished(void **state)
{
    (void)state;
    Certification__SaveDraftRequest *request = (Certification__SaveDraftRequest *)message_new(
        &certification__save_draft_request__descriptor, arena);
    request->kind = CERTIFICATION__IDENTITY__KIND__OWNER_UNIT;
    request->form = submission()->form;
    request->form->owner_unit->unit_name = "长";
    request->form->owner_unit->uscc = "9135";
    request->form->owner_unit->n_business_license_file = 0;
    message_check(&request->base, &errors);
    assert_int_equal(errors.count, 0);
    request->form->owner_unit->uscc = "0123456789012345678901234567890";
    is_told(&request->base, "form.owner_unit.uscc", "社会信用代码最多30个字。");
}

static void rules_are_found_by_name(void **state)
{
    (void)state;
    for (size_t i = 1; i < field_rules_count; i++) {
        int order = strcmp(field_rules[i - 1].message, field_rules[i].message);
        assert_true(order < 0 ||
                    (order == 0 && strcmp(field_rules[i - 1].field, field_rules[i].field) < 0));
    }
    const struct field_rule *rule =
        message_rule(&certification__owner_unit_form__descriptor, "unit_name");
    assert_string_equal(rule->label, "单位名称");
    assert_string_equal(rule->check, "unit_name");
    assert_int_equal(rule->max, 100);
    assert_string_equal(rule->part, "");
    assert_null(message_rule(&certification__owner_unit_form__descriptor, "nothing"));
    rule = message_rule(&certification__expert_form__descriptor, "city_code");
    assert_string_equal(rule->label, "所在省市");
    assert_string_equal(rule->part, "市");
}

/* ---- binding */

static const char *bound(const ProtobufCMessage *message, const char *name)
{
    const char *value = "unset";
    assert_true(message_bind(message, name, arena, &value));
    return value;
}

static void fields_become_parameters(void **state)
{
    char *permissions[] = {"a,b", "c\"d\\", "", "NULL"};
    (void)state;
    Common__Principal p = COMMON__PRINCIPAL__INIT;
    p.kind = COMMON__PRINCIPAL__KIND__STAFF;
    p.account_id = -5;
    p.must_change_password = 1;
    p.session_hash = (ProtobufCBinaryData){2, (uint8_t *)"\x0f\xa0"};
    p.permissions = permissions;
    p.n_permissions = 4;
    assert_string_equal(bound(&p.base, "kind"), "STAFF");
    assert_string_equal(bound(&p.base, "account_id"), "-5");
    assert_string_equal(bound(&p.base, "must_change_password"), "t");
    assert_string_equal(bound(&p.base, "session_hash"), "\\x0fa0");
    assert_string_equal(bound(&p.base, "display_name"), "");
    assert_string_equal(bound(&p.base, "permissions"), "{\"a,b\",\"c\\\"d\\\\\",\"\",\"NULL\"}");

    Certification__SubmitApplicationRequest *request = submission();
    assert_memory_equal(bound(&request->base, "form"), "{\"owner_unit\":{\"unit_name\":\"长治", 34);
    request->form = NULL;
    assert_null(bound(&request->base, "form"));
    const char *value;
    assert_false(message_bind(&request->base, "nothing", arena, &value));
}

/* ---- rows */

static void rows_become_a_reply(void **state)
{
    static const char *const names[] = {"kind", "version", "saved_at", "form", "ignored"};
    static const char *const values[] = {"OWNER_UNIT", "4294967295", "2026-11-23 13:18:57.1+08",
                                         "{\"owner_unit\": {\"unit_name\": \"长治\"}}", "x"};
    (void)state;
    struct rows rows = {1, 5, names, values, 0};
    Certification__Draft *draft =
        (Certification__Draft *)message_from_rows(&certification__draft__descriptor, &rows, arena);
    assert_non_null(draft);
    assert_int_equal(draft->kind, CERTIFICATION__IDENTITY__KIND__OWNER_UNIT);
    assert_int_equal(draft->version, 4294967295u);
    assert_string_equal(draft->saved_at, "2026-11-23T13:18:57.1+08:00");
    assert_string_equal(draft->form->owner_unit->unit_name, "长治");
}

static void several_rows_fill_the_one_list(void **state)
{
    static const char *const names[] = {"code", "text", "retryable", "fields"};
    static const char *const values[] = {
        "R01", "营业执照不清晰",
        "t",   "[\"business_license_file\"]",
        "R02", NULL,
        "f",   "{unit_name,\"a,\\\"b\",uscc}",
        "R03", "",
        "f",   "{}",
    };
    (void)state;
    struct rows rows = {3, 4, names, values, 0};
    Certification__RejectReasonList *list = (Certification__RejectReasonList *)message_from_rows(
        &certification__reject_reason_list__descriptor, &rows, arena);
    assert_non_null(list);
    assert_int_equal(list->n_reasons, 3);
    assert_true(list->reasons[0]->retryable);
    assert_string_equal(list->reasons[0]->fields[0], "business_license_file");
    assert_string_equal(list->reasons[1]->text, "");
    assert_int_equal(list->reasons[1]->n_fields, 3);
    assert_string_equal(list->reasons[1]->fields[0], "unit_name");
    assert_string_equal(list->reasons[1]->fields[1], "a,\"b");
    assert_int_equal(list->reasons[2]->n_fields, 0);

    rows.count = 0;
    list = (Certification__RejectReasonList *)message_from_rows(
        &certification__reject_reason_list__descriptor, &rows, arena);
    assert_int_equal(list->n_reasons, 0);
}

static void what_does_not_fit_is_a_mistake(void **state)
{
    static const char *const bad[][2] = {
        {"version", "-1"          },
        {"version", "4294967296"  },
        {"version", "1x"          },
        {"kind",    "KING"        },
        {"form",    "{\"unit\":1}"},
        {"form",    "no json"     },
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct rows rows = {1, 1, &bad[i][0], &bad[i][1], 0};
        assert_null(message_from_rows(&certification__draft__descriptor, &rows, arena));
    }
}

static void only_times_are_rewritten(void **state)
{
    static const char *const texts[][2] = {
        {"2026-11-23 13:18:57+08",        "2026-11-23T13:18:57+08:00"       },
        {"2026-11-23 13:18:57.123456-03", "2026-11-23T13:18:57.123456-03:00"},
        {"2026-11-23",                    "2026-11-23"                      },
        {"2026-11-23 13:18:57",           "2026-11-23 13:18:57"             },
        {"2026-11-23 13:18:57+08 开会", "2026-11-23 13:18:57+08 开会"   },
        {"2026-11-23T13:18:57.1+08:00",   "2026-11-23T13:18:57.1+08:00"     },
        {"",                              ""                                },
    };
    static const char *const name = "saved_at";
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct rows rows = {1, 1, &name, &texts[i][0], 0};
        Certification__Draft *draft = (Certification__Draft *)message_from_rows(
            &certification__draft__descriptor, &rows, arena);
        assert_string_equal(draft->saved_at, texts[i][1]);
    }
}

int main(void)
{
#define TEST(it) cmocka_unit_test_setup_teardown(it, open_arena, close_arena)
    const struct CMUnitTest tests[] = {
        TEST(unpacking_is_strict),
        TEST(unpacking_is_bounded),
        TEST(a_good_form_takes_its_normal_forms),
        TEST(each_rule_is_told_in_words),
        TEST(numbers_have_ranges),
        TEST(a_draft_may_be_unfinished),
        TEST(rules_are_found_by_name),
        TEST(fields_become_parameters),
        TEST(rows_become_a_reply),
        TEST(several_rows_fill_the_one_list),
        TEST(what_does_not_fit_is_a_mistake),
        TEST(only_times_are_rewritten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
