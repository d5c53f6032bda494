/* Dictionaries: what is offered, how staff change it, and what the database lets nobody do. */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "frame.h"
#include "service_test.h"
#include <string.h>

static Common__Principal editor, reviewer, member;

static Certification__Dictionary *dictionary(const Common__Principal *who, const char *method,
                                             const char *name)
{
    Certification__DictionaryRequest request = CERTIFICATION__DICTIONARY_REQUEST__INIT;
    ProtobufCMessage *reply;
    request.name = (char *)(uintptr_t)name;
    assert_int_equal(service_test_call(who, "gateway", method, &request.base, "", &reply),
                     STATUS_OK);
    return (Certification__Dictionary *)reply;
}

static Certification__Dictionary *offered(const char *name)
{
    return dictionary(NULL, "GetDictionary", name);
}

static const Certification__DictionaryItem *item(const Certification__Dictionary *d,
                                                 const char *code)
{
    for (size_t i = 0; i < d->n_items; i++)
        if (strcmp(d->items[i]->code, code) == 0)
            return d->items[i];
    return NULL;
}

static void assert_item(const char *name, const char *code, const char *text, const char *parent,
                        const char *note)
{
    const Certification__DictionaryItem *found = item(offered(name), code);
    assert_non_null(found);
    assert_string_equal(found->name, text);
    assert_string_equal(found->parent, parent);
    assert_string_equal(found->note, note);
    assert_true(found->enabled);
}

static Certification__SaveDictionaryItemRequest change(uint32_t version, const char *code,
                                                       const char *name)
{
    Certification__SaveDictionaryItemRequest request =
        CERTIFICATION__SAVE_DICTIONARY_ITEM_REQUEST__INIT;
    request.dictionary = (char *)(uintptr_t) "unit_nature";
    request.version = version;
    request.code = (char *)(uintptr_t)code;
    request.name = (char *)(uintptr_t)name;
    request.place = 90;
    request.enabled = true;
    return request;
}

static const char *save(const Common__Principal *who,
                        const Certification__SaveDictionaryItemRequest *request)
{
    return service_test_reason(who, "SaveDictionaryItem", &request->base);
}

static void test_each_dictionary_has_its_items(void **state)
{
    static const struct {
        const char *name;
        size_t offered;
    } expected[] = {
        {"association_post",    3   },
        {"job_title",           14  },
        {"member_category",     22  },
        {"gender",              2   },
        {"ethnicity",           57  },
        {"political_status",    13  },
        {"education_level",     11  },
        {"degree",              4   },
        {"study_mode",          5   },
        {"region",              3225},
        {"expert_type",         6   },
        {"qualification",       53  },
        {"qualification_major", 74  },
        {"years_in_major",      7   },
        {"pay_method",          6   },
        {"avoid_relation",      7   },
        {"unit_nature",         9   },
        {"withdrawal_reason",   5   },
    };
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const Certification__Dictionary *d = offered(expected[i].name);
        assert_string_equal(d->name, expected[i].name);
        assert_string_not_equal(d->title, "");
        assert_int_equal(d->version, 1);
        assert_int_equal(d->n_items, expected[i].offered);
    }
}

static void test_items_are_what_the_standards_say(void **state)
{
    (void)state;
    assert_item("association_post", "MEMBER", "会员单位", "", "");
    assert_item("member_category", "COST", "工程造价咨询", "",
                "营业执照；信用评价证书(企业资质自 2021-07-01 起已取消，旧证可不传)");
    assert_item("ethnicity", "56", "基诺族", "", "");
    assert_item("ethnicity", "97", "其他", "", "");
    assert_item("education_level", "21", "大学本科毕业", "", "大学本科");
    assert_item("degree", "4", "学士", "", "");
    assert_item("qualification", "COST1", "一级造价工程师", "COST", "造价");
    assert_item("qualification", "TITLE_MIDDLE", "中级(工程师/经济师/会计师)", "TITLE", "职称");
    assert_item("qualification_major", "SUPERVISE_04", "房屋建筑", "SUPERVISE", "注册专业");
}

static void test_specialties_are_the_national_classification(void **state)
{
    const Certification__Dictionary *d = offered("review_specialty");
    (void)state;
    assert_int_equal(d->n_items, 2217);
    assert_item("review_specialty", "A", "工程", "", "");
    assert_item("review_specialty", "A0501", "建筑工程", "A05", "常用");
    assert_item("review_specialty", "A010204", "乡和村庄规划", "A0102", "");
    assert_item("review_specialty", "A043003", "土地复垦", "A0430", "");
    assert_item("review_specialty", "A081008", "变电工程", "A0810", "");
    assert_item("review_specialty", "B014705", "水下与海洋测绘设备", "B0147", "");
    assert_item("review_specialty", "C020114", "采购与招标投标咨询", "C0201", "常用");
    assert_item("review_specialty", "C0201", "咨询服务", "C02_2018", "");
    assert_string_equal(
        service_test_value("SELECT count(*) FROM dictionary_item WHERE dictionary = "
                           "'review_specialty' AND enabled AND code <> 'A' AND parent <> '' AND "
                           "NOT starts_with(code, replace(parent, '_2018', ''))"),
        "0");
    assert_string_equal(/* as many on each level as in the migration's list */
                        service_test_value(
                            "SELECT string_agg(digits || ':' || items, ' ' ORDER BY digits) FROM ("
                            "SELECT length(replace(code, '_2018', '')) AS digits, count(*) AS "
                            "items "
                            "FROM dictionary_item WHERE dictionary = 'review_specialty' AND "
                            "enabled GROUP BY 1) g"),
                        "1:3 3:33 5:314 7:1867");
}

/* The first letters of the pinyin, as they are typed; only of the list that is searched by them. */
static void test_specialties_have_initials(void **state)
{
    static const struct {
        const char *code, *initials;
    } expected[] = {
        {"A0102",   "cxgh"           },
        {"A0201",   "xmjykxxyjpgjhpj"},
        {"A06",     "gczj"           },
        {"A010103", "qygh"           }, /* 区 is a surname, too, and read otherwise there */
        {"A081802", "zzygc"          },
        {"B013408", "vocszlsb"       },
        {"C0502",   "kj"             },
    };
    const Certification__Dictionary *d = offered("review_specialty");
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_string_equal(item(d, expected[i].code)->initials, expected[i].initials);
    assert_string_equal(item(offered("region"), "140400")->initials, "");
    assert_string_equal(service_test_value("SELECT pinyin_initials('区明')"), "om");
}

/* What the house called by the standard's codes stays what it was, and papers keep the names of their day. */
static void test_older_specialties_are_kept(void **state)
{
    static const char *const gone[] = {"C01", "C02", "C03", "C04", "C05", "C06"};
    const Certification__Dictionary *whole =
        dictionary(&editor, "GetWholeDictionary", "review_specialty");
    (void)state;
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++) {
        assert_false(item(whole, gone[i])->enabled);
        assert_null(item(offered("review_specialty"), gone[i]));
    }
    assert_string_equal(item(whole, "C02")->name, "造价咨询");
    assert_item("review_specialty", "A1001", "全过程工程咨询", "A10", "常用");
    assert_string_equal(service_test_value("SELECT dictionary_name('review_specialty', 'A010204', "
                                           "now() - interval '1 day') || ' ' || dictionary_name("
                                           "'review_specialty', 'A010204', now())"),
                        "乡和村庄 乡和村庄规划");
}

static void test_disabled_items_are_told_to_staff_only(void **state)
{
    static const char *const disabled[] = {"PRESIDENT", "EXEC_COUNCIL", "SUPERVISOR", "HONORARY"};
    const Certification__Dictionary *whole =
        dictionary(&editor, "GetWholeDictionary", "association_post");
    (void)state;
    assert_int_equal(whole->n_items, 7);
    for (size_t i = 0; i < sizeof disabled / sizeof disabled[0]; i++) {
        assert_null(item(offered("association_post"), disabled[i]));
        assert_false(item(whole, disabled[i])->enabled);
    }
}

static void test_regions_are_a_tree(void **state)
{
    (void)state;
    assert_item("region", "140400", "长治市", "140000", "");
    assert_item("region", "140403", "潞州区", "140400", "");
    assert_item("region", "140404", "上党区", "140400", "");
    assert_item("region", "140405", "屯留区", "140400", "");
    assert_item("region", "140406", "潞城区", "140400", "");
    assert_item("region", "110101", "东城区", "110100", "");
    assert_string_equal(
        service_test_value("SELECT concat_ws(' ', count(*) FILTER (WHERE code LIKE '%%0000'), "
                           "count(*) FILTER (WHERE code LIKE '%%00' AND code NOT LIKE '%%0000'), "
                           "count(*) FILTER (WHERE code NOT LIKE '%%00')) FROM dictionary_item "
                           "WHERE dictionary = 'region'"),
        "34 342 2849");
}

/* Every parent is an item; those of qualifications are groups, and each has majors or OTHER's. */
static void test_parents_are_there(void **state)
{
    (void)state;
    assert_string_equal(
        service_test_value("SELECT count(*) FROM dictionary_item i WHERE parent <> '' AND "
                           "dictionary NOT LIKE 'qualification%%' AND NOT EXISTS (SELECT FROM "
                           "dictionary_item p WHERE p.dictionary = i.dictionary AND p.code = "
                           "i.parent)"),
        "0");
    assert_string_equal(
        service_test_value("SELECT string_agg(parent, ' ' ORDER BY first) FROM (SELECT parent, "
                           "min(place) AS first FROM dictionary_item WHERE dictionary = "
                           "'qualification' GROUP BY parent) g"),
        "COST SUPERVISE CONSULT BUILD1 BUILD2 ARCHITECT SURVEY_DESIGN SAFETY ECONOMY OTHER TITLE");
    assert_string_equal(
        service_test_value("SELECT string_agg(parent || ' ' || items, ' ' ORDER BY first) FROM "
                           "(SELECT parent, min(place) AS first, count(*) AS items FROM "
                           "dictionary_item WHERE dictionary = 'qualification_major' GROUP BY "
                           "parent) g"),
        "COST 4 SUPERVISE 11 CONSULT 21 BUILD1 10 BUILD2 6 SAFETY 7 OTHER 15");
}

/* One answer holds all regions: far from the bus's limit. */
static void test_regions_fit_one_answer(void **state)
{
    const Certification__Dictionary *d = offered("region");
    (void)state;
    assert_in_range(protobuf_c_message_get_packed_size(&d->base), 1, FRAME_PAYLOAD_MAX / 2);
}

static void test_codes_that_may_not_be_chosen_are_named(void **state)
{
    (void)state;
    assert_string_equal(
        service_test_value("SELECT array_agg(path) FROM codes_unknown("
                           "'{a.gender,b.gender,c.post,d.region,e.region,f.none}', "
                           "'{gender,gender,association_post,region,region,crown}', "
                           "'{1,9,PRESIDENT,140403,140402,1}') AS path"),
        "{b.gender,c.post,e.region,f.none}");
    assert_string_equal(service_test_value("SELECT count(*) FROM codes_unknown('{}', '{}', '{}')"),
                        "0");
}

static void test_a_change_raises_the_version_and_is_kept(void **state)
{
    Certification__SaveDictionaryItemRequest request = change(1, "FOUNDATION", "基金会");
    ProtobufCMessage *reply;
    (void)state;
    for (int i = 0; i < 2; i++) { /* a repeat under its key counts once */
        assert_int_equal(service_test_call(&editor, "gateway", "SaveDictionaryItem", &request.base,
                                           "key-00000001", &reply),
                         STATUS_OK);
        const Certification__SavedDictionaryItem *saved =
            (const Certification__SavedDictionaryItem *)reply;
        assert_string_equal(saved->dictionary, "unit_nature");
        assert_int_equal(saved->version, 2);
        assert_string_equal(saved->item->name, "基金会");
    }
    assert_int_equal(offered("unit_nature")->version, 2);
    assert_item("unit_nature", "FOUNDATION", "基金会", "", "");

    request = change(2, "FOUNDATION", "基金会(慈善)");
    request.enabled = false;
    assert_string_equal(save(&editor, &request), "");
    assert_null(item(offered("unit_nature"), "FOUNDATION"));
    assert_string_equal(
        service_test_value("SELECT string_agg(concat_ws(' ', version, code, changed_by, "
                           "before ->> 'name', after ->> 'name', after ->> 'enabled'), ',' ORDER "
                           "BY id) FROM dictionary_change WHERE dictionary = 'unit_nature'"),
        "2 FOUNDATION 14 基金会 true,3 FOUNDATION 14 基金会 基金会(慈善) false");
    assert_string_equal(
        service_test_value("SELECT string_agg(concat_ws(' ', actor_id, object), ',') FROM audit "
                           "WHERE action = 'dictionary.changed'"),
        "14 unit_nature/FOUNDATION,14 unit_nature/FOUNDATION");
}

static void test_a_change_that_does_not_fit_is_refused(void **state)
{
    Certification__SaveDictionaryItemRequest request = change(1, "STATE", "国企");
    (void)state;
    assert_string_equal(save(&editor, &request), "dictionary_changed");
    request = change(3, "STATE", "国企");
    request.parent = (char *)(uintptr_t) "PRIVATE";
    assert_string_equal(save(&editor, &request), "dictionary_parent_fixed");
    request = change(3, "小写", "国企");
    assert_string_equal(save(&editor, &request), "dictionary_code");
    request = change(3, "CLUB", "俱乐部");
    request.parent = (char *)(uintptr_t) "a b";
    assert_string_equal(save(&editor, &request), "dictionary_parent");
    request.parent = (char *)(uintptr_t) "";
    request.dictionary = (char *)(uintptr_t) "crowns";
    assert_string_equal(save(&editor, &request), "dictionary_gone");
    assert_int_equal(offered("unit_nature")->version, 3);
    assert_item("unit_nature", "STATE", "国有企业", "", "");

    Certification__DictionaryRequest unknown = CERTIFICATION__DICTIONARY_REQUEST__INIT;
    unknown.name = (char *)(uintptr_t) "crowns";
    assert_string_equal(service_test_reason(NULL, "GetDictionary", &unknown.base),
                        "dictionary_gone");
}

static void test_the_list_counts(void **state)
{
    Common__Empty nothing = COMMON__EMPTY__INIT;
    ProtobufCMessage *reply;
    (void)state;
    assert_int_equal(
        service_test_call(&editor, "gateway", "ListDictionaries", &nothing.base, "", &reply),
        STATUS_OK);
    const Certification__DictionaryList *list = (const Certification__DictionaryList *)reply;
    assert_int_equal(list->n_dictionaries, 23);
    assert_string_equal(list->dictionaries[0]->name, "association_post");
    assert_int_equal(list->dictionaries[0]->items_count, 7);
    assert_int_equal(list->dictionaries[0]->enabled_count, 3);
}

static void test_who_may_edit(void **state)
{
    static const char *const methods[] = {"ListDictionaries", "GetWholeDictionary",
                                          "SaveDictionaryItem"};
    Certification__SaveDictionaryItemRequest request = change(3, "STATE", "国企");
    (void)state;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        assert_string_equal(service_test_reason(NULL, methods[i], &request.base), "log_in_first");
        assert_string_equal(service_test_reason(&member, methods[i], &request.base), "not_allowed");
        assert_string_equal(service_test_reason(&reviewer, methods[i], &request.base),
                            "not_allowed");
    }
}

/* Whoever writes. */
static void test_the_database_deletes_and_renames_nothing(void **state)
{
    (void)state;
    service_test_sql("CREATE FUNCTION pg_temp.refusal(statement text) RETURNS text "
                     "LANGUAGE plpgsql AS $$ DECLARE named text; BEGIN EXECUTE statement; "
                     "RETURN ''; EXCEPTION WHEN integrity_constraint_violation OR check_violation "
                     "THEN GET STACKED DIAGNOSTICS named = CONSTRAINT_NAME; RETURN named; END $$");
    assert_string_equal(service_test_value("SELECT pg_temp.refusal('DELETE FROM dictionary_item')"),
                        "dictionary_kept");
    assert_string_equal(
        service_test_value("SELECT pg_temp.refusal('DELETE FROM dictionary WHERE name = "
                           "''gender''')"),
        "dictionary_kept");
    assert_string_equal(
        service_test_value("SELECT pg_temp.refusal('UPDATE dictionary_item SET code = ''3'' WHERE "
                           "dictionary = ''gender'' AND code = ''1''')"),
        "dictionary_parent_fixed");
    assert_string_equal(service_test_value("SELECT version FROM dictionary WHERE name = 'gender'"),
                        "1");
}

static int open_service(void **state)
{
    (void)state;
    service_test_open(&certification);
    editor = service_test_staff(14, "dict.edit");
    reviewer = service_test_staff(11, "cert.review cert.owner.review");
    member = service_test_member(1);
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
        cmocka_unit_test(test_each_dictionary_has_its_items),
        cmocka_unit_test(test_items_are_what_the_standards_say),
        cmocka_unit_test(test_specialties_are_the_national_classification),
        cmocka_unit_test(test_specialties_have_initials),
        cmocka_unit_test(test_older_specialties_are_kept),
        cmocka_unit_test(test_disabled_items_are_told_to_staff_only),
        cmocka_unit_test(test_regions_are_a_tree),
        cmocka_unit_test(test_parents_are_there),
        cmocka_unit_test(test_regions_fit_one_answer),
        cmocka_unit_test(test_codes_that_may_not_be_chosen_are_named),
        cmocka_unit_test(test_a_change_raises_the_version_and_is_kept),
        cmocka_unit_test(test_a_change_that_does_not_fit_is_refused),
        cmocka_unit_test(test_the_list_counts),
        cmocka_unit_test(test_who_may_edit),
        cmocka_unit_test(test_the_database_deletes_and_renames_nothing),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
