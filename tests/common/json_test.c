/* JSON to messages and back, as strangers may send it. */
#include "auth.pb-c.h"
#include "certification.pb-c.h"
#include "common.pb-c.h"
#include "google/protobuf/descriptor.pb-c.h"
#include "json.h"
#include "payment.pb-c.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arena *arena;
static struct field_errors errors;

static int open_arena(void **state)
{
    (void)state;
    arena = arena_new(0);
    errors = (struct field_errors){.arena = arena};
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    arena_destroy(&arena);
    return 0;
}

static bool reads(const char *text, ProtobufCMessage *message)
{
    errors.count = 0;
    return json_read(text, strlen(text), message, &errors);
}

/* Reads as an object and names exactly one field as wrong. */
static void refuses(const char *text, const ProtobufCMessageDescriptor *type, const char *field)
{
    if (!reads(text, message_new(type, arena)))
        fail_msg("no object: %s", text);
    if (errors.count != 1)
        fail_msg("%zu errors: %s", errors.count, text);
    assert_string_equal(errors.list[0].field, field);
}

static void a_message_comes_back_as_it_went(void **state)
{
    (void)state;
    char *permissions[] = {"cert.owner.review", "a\"b\\c\n单位"};
    Common__Principal principal = COMMON__PRINCIPAL__INIT, *again;
    principal.kind = COMMON__PRINCIPAL__KIND__STAFF;
    principal.account_id = -9223372036854775807LL - 1;
    principal.session_hash = (ProtobufCBinaryData){3, (uint8_t *)"\x00\xff\x10"};
    principal.n_permissions = 2;
    principal.permissions = permissions;
    principal.must_change_password = 1;

    size_t size;
    char *text = json_write(&principal.base, arena, &size);
    assert_int_equal(strlen(text), size);
    assert_string_equal(text,
                        "{\"kind\":\"STAFF\",\"account_id\":\"-9223372036854775808\","
                        "\"session_hash\":\"AP8Q\",\"permissions\":[\"cert.owner.review\","
                        "\"a\\\"b\\\\c\\u000a单位\"],\"display_name\":\"\",\"expires_at\":\"0\","
                        "\"audience\":\"\",\"must_change_password\":true}");
    again = (Common__Principal *)message_new(&common__principal__descriptor, arena);
    assert_true(reads(text, &again->base));
    assert_int_equal(errors.count, 0);
    assert_int_equal(again->account_id, principal.account_id);
    assert_memory_equal(again->session_hash.data, "\x00\xff\x10", 3);
    assert_string_equal(again->permissions[1], permissions[1]);
    assert_int_equal(again->kind, COMMON__PRINCIPAL__KIND__STAFF);
}

static void messages_and_lists_nest(void **state)
{
    (void)state;
    Certification__SaveDraftRequest *request = (Certification__SaveDraftRequest *)message_new(
        &certification__save_draft_request__descriptor, arena);
    assert_true(reads(
        "{\"kind\":\"OWNER_UNIT\",\"version\":4294967295,\"form\":{\"owner_unit\":"
        "{\"unit_name\":\"长治市测试建设有限公司\",\"business_license_file\":[\"a\",\"b\"]}}}",
        &request->base));
    assert_int_equal(errors.count, 0);
    assert_int_equal(request->version, 4294967295u);
    assert_int_equal(request->form->owner_unit->n_business_license_file, 2);
    assert_string_equal(request->form->owner_unit->business_license_file[1], "b");
    assert_string_equal(request->form->owner_unit->uscc, "");

    size_t size;
    ProtobufCMessage *list[] = {&request->base, &request->base};
    char *one = json_write(&request->base, arena, &size);
    char *two = json_write_list(list, 2, arena);
    assert_string_equal(two, arena_printf(arena, "[%s,%s]", one, one));
}

static void what_is_absent_stays(void **state)
{
    (void)state;
    Certification__SaveDraftRequest *request = (Certification__SaveDraftRequest *)message_new(
        &certification__save_draft_request__descriptor, arena);
    request->version = 7;
    assert_true(reads("{\"version\":null,\"form\":null}", &request->base));
    assert_int_equal(errors.count, 0);
    assert_int_equal(request->version, 7);
    assert_null(request->form);
}

static void integers_are_exact(void **state)
{
    static const struct {
        const char *json;
        int64_t number;
    } good[] = {
        {"{\"account_id\":\"9223372036854775807\"}",  INT64_MAX       },
        {"{\"account_id\":\"-9223372036854775808\"}", INT64_MIN       },
        {"{\"account_id\":9007199254740993}",         9007199254740993},
        {"{\"account_id\":\"0\"}",                    0               },
    };
    static const char *const bad[] = {
        "{\"account_id\":\"9223372036854775808\"}",
        "{\"account_id\":\"-9223372036854775809\"}",
        "{\"account_id\":\"\"}",
        "{\"account_id\":\"-\"}",
        "{\"account_id\":\"+1\"}",
        "{\"account_id\":\" 1\"}",
        "{\"account_id\":\"1 \"}",
        "{\"account_id\":\"1e3\"}",
        "{\"account_id\":\"0x10\"}",
        "{\"account_id\":\"1\\u0000\"}",
        "{\"account_id\":1.0}",
        "{\"account_id\":true}",
        "{\"account_id\":[1]}",
        "{\"account_id\":{}}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        Common__Principal *p =
            (Common__Principal *)message_new(&common__principal__descriptor, arena);
        assert_true(reads(good[i].json, &p->base));
        assert_int_equal(errors.count, 0);
        assert_int_equal(p->account_id, good[i].number);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuses(bad[i], &common__principal__descriptor, "account_id");
}

static void each_fault_is_told_with_its_path(void **state)
{
    static const ProtobufCMessageDescriptor *const save =
        &certification__save_draft_request__descriptor;
    (void)state;
    refuses("{\"verson\":1}", save, "verson");
    refuses("{\"version\":4294967296}", save, "version");
    refuses("{\"version\":-1}", save, "version");
    refuses("{\"kind\":\"KING\"}", save, "kind");
    refuses("{\"kind\":1}", save, "kind");
    refuses("{\"form\":{\"owner_unit\":[]}}", save, "form.owner_unit");
    refuses("{\"form\":{\"owner_unit\":{\"unit\":\"x\"}}}", save, "form.owner_unit.unit");
    refuses("{\"form\":{\"owner_unit\":{\"unit_name\":5}}}", save, "form.owner_unit.unit_name");
    refuses("{\"form\":{\"owner_unit\":{\"unit_name\":\"a\\u0000b\"}}}", save,
            "form.owner_unit.unit_name");
    refuses("{\"form\":{\"owner_unit\":{\"business_license_file\":\"a\"}}}", save,
            "form.owner_unit.business_license_file");
    refuses("{\"form\":{\"owner_unit\":{\"business_license_file\":[\"a\",null]}}}", save,
            "form.owner_unit.business_license_file.1");
    refuses("{\"must_change_password\":\"true\"}", &common__principal__descriptor,
            "must_change_password");
    refuses("{\"session_hash\":\"AP8\"}", &common__principal__descriptor, "session_hash");
    refuses("{\"session_hash\":\"****\"}", &common__principal__descriptor, "session_hash");
}

static void what_is_no_object_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "null",
        "[]",
        "\"x\"",
        "{",
        "{}}",
        "{} x",
        "{\"version\":1,\"version\":2}",
        "{\"version\":99999999999999999999}",
        "{'version':1}",
        "{\"version\":1,}",
        "{\"display_name\":\"\xff\"}",
        "{\"display_name\":\"\xed\xa0\x80\"}",
        "{\"display_name\":\"\\ud800\"}",
        "{\"a\\u0000b\":1}",
        "// {}\n{}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (reads(bad[i], message_new(&common__principal__descriptor, arena)))
            fail_msg("was read: %s", bad[i]);

    size_t size = JSON_SIZE_MAX + 1;
    char *large = arena_alloc(arena, size + 1);
    memset(large, ' ', size);
    large[0] = '{';
    large[size - 1] = '}';
    assert_false(reads(large, message_new(&common__principal__descriptor, arena)));

    char *deep = arena_alloc(arena, 20001);
    memset(deep, '[', 20000);
    memcpy(deep, "{\"a\":", 5);
    assert_false(reads(deep, message_new(&common__principal__descriptor, arena)));
}

/* Descriptors name themselves within themselves, which no contract may; here they show that depth is bounded. */
static void depth_is_bounded(void **state)
{
    (void)state;
    char text[JSON_DEPTH_MAX * 32 + 64] = "";
    for (int i = 0; i <= JSON_DEPTH_MAX; i++)
        strcat(text, "{\"nested_type\":[");
    strcat(text, "{}");
    for (int i = 0; i <= JSON_DEPTH_MAX; i++)
        strcat(text, "]}");
    assert_true(reads(text, message_new(&google__protobuf__descriptor_proto__descriptor, arena)));
    assert_int_equal(errors.count, 1);
}

static void errors_are_bounded(void **state)
{
    (void)state;
    char text[4096] = "{";
    for (int i = 0; i < 200; i++)
        snprintf(text + strlen(text), 32, "%s\"k%d\":1", i == 0 ? "" : ",", i);
    strcat(text, "}");
    assert_true(reads(text, message_new(&common__empty__descriptor, arena)));
    assert_int_equal(errors.count, sizeof errors.list / sizeof errors.list[0]);
}

static void a_path_or_query_sets_one_field(void **state)
{
    (void)state;
    Common__Principal *p = (Common__Principal *)message_new(&common__principal__descriptor, arena);
    assert_true(json_set_text(&p->base, "account_id", "17", &errors));
    assert_true(json_set_text(&p->base, "kind", "MEMBER", &errors));
    assert_true(json_set_text(&p->base, "must_change_password", "true", &errors));
    assert_true(json_set_text(&p->base, "display_name", "张三", &errors));
    assert_int_equal(errors.count, 0);
    assert_int_equal(p->account_id, 17);
    assert_int_equal(p->kind, COMMON__PRINCIPAL__KIND__MEMBER);
    assert_true(p->must_change_password);
    assert_string_equal(p->display_name, "张三");

    assert_false(json_set_text(&p->base, "nothing", "1", &errors));
    assert_false(json_set_text(&p->base, "permissions", "x", &errors));
    assert_true(json_set_text(&p->base, "account_id", "x17", &errors));
    assert_true(json_set_text(&p->base, "display_name", "\xff", &errors));
    assert_int_equal(errors.count, 2);
}

/* json.c and message.c know these types; a contract that needs another must teach them first. */
static void contracts_use_known_types_only(void **state)
{
    static const ProtobufCServiceDescriptor *const services[] = {
        &auth__auth__descriptor, &certification__certification__descriptor,
        &payment__payment__descriptor};
    (void)state;
    for (size_t s = 0; s < sizeof services / sizeof services[0]; s++)
        for (unsigned m = 0; m < services[s]->n_methods; m++) {
            const ProtobufCMessageDescriptor *both[] = {services[s]->methods[m].input,
                                                        services[s]->methods[m].output};
            for (int i = 0; i < 2; i++)
                for (unsigned f = 0; f < both[i]->n_fields; f++)
                    switch (both[i]->fields[f].type) {
                    case PROTOBUF_C_TYPE_STRING:
                    case PROTOBUF_C_TYPE_BYTES:
                    case PROTOBUF_C_TYPE_BOOL:
                    case PROTOBUF_C_TYPE_ENUM:
                    case PROTOBUF_C_TYPE_MESSAGE:
                    case PROTOBUF_C_TYPE_INT32:
                    case PROTOBUF_C_TYPE_UINT32:
                    case PROTOBUF_C_TYPE_INT64:
                    case PROTOBUF_C_TYPE_UINT64:
                        break;
                    default:
                        fail_msg("%s.%s has a type that JSON does not know", both[i]->name,
                                 both[i]->fields[f].name);
                    }
        }
}

int main(void)
{
#define TEST(it) cmocka_unit_test_setup_teardown(it, open_arena, close_arena)
    const struct CMUnitTest tests[] = {
        TEST(a_message_comes_back_as_it_went),
        TEST(messages_and_lists_nest),
        TEST(what_is_absent_stays),
        TEST(integers_are_exact),
        TEST(each_fault_is_told_with_its_path),
        TEST(what_is_no_object_is_refused),
        TEST(depth_is_bounded),
        TEST(errors_are_bounded),
        TEST(a_path_or_query_sets_one_field),
        TEST(contracts_use_known_types_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
