/* The unit directory: approvals fill it, staff search it; a unit and its people find each other, doubles are told. */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "service_test.h"
#include <string.h>

#define TEXT(t) ((char *)(uintptr_t)(t))

static struct arena *arena;
static Common__Principal reviewer, secretary, expert_reviewer, member;

/* ---- what is handed in and decided */

static void submit(const char *kind, int64_t account, const char *form)
{
    service_test_sql(arena_printf(
        arena,
        "WITH moved AS (INSERT INTO identity (account_id, kind, state, last_version) VALUES (%lld, "
        "'%s', 'PENDING', 1) ON CONFLICT (account_id, kind) DO UPDATE SET last_version = "
        "identity.last_version + 1, state = CASE WHEN identity.in_force_version IS NULL THEN "
        "'PENDING' ELSE 'APPROVED_PENDING' END RETURNING account_id, kind, last_version AS "
        "version), frozen AS (INSERT INTO submission (account_id, kind, version, application_no, "
        "form, expected_by) SELECT account_id, kind, version, gen_random_uuid(), '{%s}', now() "
        "FROM moved) INSERT INTO review (account_id, kind, version, is_change) SELECT account_id, "
        "kind, version, version > 1 FROM moved",
        (long long)account, kind, form));
}

static const char *review_of(const char *kind, int64_t account)
{
    return arena_text(arena, service_test_value("SELECT max(id) FROM review WHERE account_id = "
                                                "%lld AND kind = '%s'",
                                                (long long)account, kind));
}

static const char *decide(const char *kind, int64_t account)
{
    return service_test_json(
        &reviewer, "DecideReview", "",
        arena_printf(arena,
                     "{\"id\":\"%s\",\"submission_version\":%s,\"verdict\":\"APPROVE\","
                     "\"association_post\":\"MEMBER\",\"acknowledged\":[\"name_in_use\","
                     "\"licence_ended\",\"certificates_all_expired\"]}",
                     review_of(kind, account),
                     service_test_value("SELECT last_version FROM identity WHERE account_id = %lld "
                                        "AND kind = '%s'",
                                        (long long)account, kind)));
}

static void join(const char *kind, int64_t account, const char *form)
{
    submit(kind, account, form);
    const char *said = decide(kind, account);
    if (strstr(said, "\"state\":\"APPROVED\"") == NULL)
        fail_msg("%.300s", said);
}

static const char *owner(const char *name, const char *uscc, const char *phone)
{
    return arena_printf(arena,
                        "\"unit_name\": \"%s\", \"uscc\": \"%s\", \"contact_name\": \"王五\", "
                        "\"contact_phone\": \"%s\"",
                        name, uscc, phone);
}

static const char *member_unit(const char *name, const char *uscc, const char *phone)
{
    return arena_printf(
        arena,
        "\"unit_name\": \"%s\", \"uscc\": \"%s\", \"principal_name\": \"李四\", "
        "\"principal_phone\": \"%s\", \"legal_person_name\": \"张三\", \"legal_person_phone\": "
        "\"0355-3069919\", \"member_category\": \"COST\", \"member_category_extra\": [\"FULL\"], "
        "\"association_post\": \"MEMBER\", \"unit_nature\": \"PRIVATE\", \"license_valid_to\": "
        "\"2031-12-31\", \"unit_qualifications\": [{\"qual_name\": \"工程监理\", "
        "\"qual_valid_to\": \"2030-06-30\", \"qual_valid_forever\": false}, {\"qual_name\": "
        "\"造价咨询\", \"qual_valid_to\": \"\", \"qual_valid_forever\": true}]",
        name, uscc, phone);
}

/* ---- what is told */

static const char *get(const Common__Principal *who, const char *uscc)
{
    return service_test_json(
        who, "GetUnit", "",
        arena_printf(
            arena, "{\"id\":\"%s\"}",
            service_test_value("SELECT coalesce(max(id), 999) FROM unit WHERE uscc = '%s'", uscc)));
}

static void has(const char *said, const char *part)
{
    if (strstr(said, part) == NULL)
        fail_msg("no %s in %s", part, said);
}

static void has_not(const char *said, const char *part)
{
    if (strstr(said, part) != NULL)
        fail_msg("%s in %s", part, said);
}

static const char *review_says(const char *kind, int64_t account)
{
    return service_test_json(&secretary, "GetReview", "",
                             arena_printf(arena, "{\"id\":\"%s\"}", review_of(kind, account)));
}

static const char *history_of(const char *uscc)
{
    return service_test_value(
        "SELECT string_agg(concat_ws(' ', event, kind, h.account_id, version, nullif(reason, ''), "
        "nullif(changed_by_name, '')), ', ' ORDER BY h.id) FROM unit_history h JOIN unit u ON "
        "u.id = h.unit_id WHERE u.uscc = '%s'",
        uscc);
}

static const Certification__UnitPage *page(const Certification__ListUnitsRequest *request)
{
    ProtobufCMessage *reply;
    assert_int_equal(
        service_test_call(&reviewer, "gateway", "ListUnits", &request->base, "", &reply),
        STATUS_OK);
    return (const Certification__UnitPage *)reply;
}

/* The names found, in their order; the total is told alike. */
static const char *found(const Certification__ListUnitsRequest *request)
{
    const Certification__UnitPage *list = page(request);
    char *names = TEXT("");
    for (size_t i = 0; i < list->n_units; i++)
        names = arena_printf(arena, "%s%s%s", names, i > 0 ? " " : "", list->units[i]->unit_name);
    assert_int_equal(list->total, list->n_units);
    return names;
}

static const char *found_by_words(const char *words)
{
    Certification__ListUnitsRequest request = CERTIFICATION__LIST_UNITS_REQUEST__INIT;
    request.q = TEXT(words);
    return found(&request);
}

/* ---- */

#define HUATAI "长治市华泰工程咨询有限公司"
#define HUATAI_G "长治市华泰工程咨询（集团）有限责任公司"
#define JINDONG "晋东建设（山西）有限公司"
#define OLD "长治城投建设有限公司"

static void test_an_approval_writes_the_unit(void **state)
{
    (void)state;
    submit("MEMBER_UNIT", 1, member_unit(HUATAI, "91140403MA0K1X2Y1M", "18003551778"));
    assert_string_equal(service_test_value("SELECT count(*) FROM unit"), "0");
    has(decide("MEMBER_UNIT", 1), "APPROVED");
    const char *said = get(&reviewer, "91140403MA0K1X2Y1M");
    has(said, "\"kinds\":[\"MEMBER_UNIT\"],\"unit_name\":\"" HUATAI "\"");
    has(said, "\"region\":\"140403\",\"region_name\":\"山西省长治市潞州区\"");
    has(said, "\"categories\":[\"COST\",\"FULL\"],\"unit_nature\":\"PRIVATE\",\"association_post\":"
              "\"MEMBER\",\"responsible_name\":\"李四\"");
    has(said, "\"license_valid_to\":\"2031-12-31\",\"first_expiry\":\"2030-06-30\",\"state\":"
              "\"IN_FORCE\"");
    has(said, "\"is_doubtful\":false");
    has(said, "180****1778"); /* this reviewer may not reveal */
    assert_string_equal(history_of("91140403MA0K1X2Y1M"), "JOINED MEMBER_UNIT 1 1 审核员11");
}

static void test_one_row_a_credit_code(void **state)
{
    (void)state;
    join("OWNER_UNIT", 1, owner(HUATAI, "91140403MA0K1X2Y1M", "18003551778"));
    has(get(&reviewer, "91140403MA0K1X2Y1M"), "\"kinds\":[\"MEMBER_UNIT\",\"OWNER_UNIT\"]");
    has(get(&reviewer, "91140403MA0K1X2Y1M"), "\"is_doubtful\":false"); /* of one account */
    assert_string_equal(service_test_value("SELECT count(*) FROM unit"), "1");
}

static void test_an_application_elsewhere_is_told(void **state)
{
    (void)state;
    submit("OWNER_UNIT", 2, owner(HUATAI, "91140403MA0K1X2Y1M", "18003551000"));
    const char *said = review_says("OWNER_UNIT", 2);
    has(said, "该信用代码已由其他账号认证，不能通过");
    has(said, "\"units\":[{\"kind\":\"MEMBER_UNIT\",\"unit_name\":\"" HUATAI "\"");
    has(get(&reviewer, "91140403MA0K1X2Y1M"),
        "\"elsewhere\":[{\"kind\":\"OWNER_UNIT\",\"unit_name\":\"" HUATAI "\",");
    service_test_sql("UPDATE review SET state = 'CANCELLED', decided_at = now() WHERE account_id = "
                     "2; UPDATE identity SET state = 'NONE' WHERE account_id = 2");
}

static void test_near_names_and_phones_are_told(void **state)
{
    (void)state;
    submit("OWNER_UNIT", 3, owner(HUATAI_G, "91140402MA0K1X2Y17", "18003551778"));
    const char *said = review_says("OWNER_UNIT", 3);
    has(said, "名称与名录中的单位相同或相近：" HUATAI);
    has(said, "电话与名录中的其他单位相同：" HUATAI);
    has(decide("OWNER_UNIT", 3), "APPROVED");
    said = get(&reviewer, "91140402MA0K1X2Y17");
    has(said, "\"alikes\":[{\"id\":\"1\",\"unit_name\":\"" HUATAI
              "\",\"uscc\":\"91140403MA0K1X2Y1M\",\"by_name\":true,\"by_phone\":true}]");
    has(said, "\"region_name\":\"\""); /* 长治市城区 is no more */
    has(get(&reviewer, "91140403MA0K1X2Y1M"), "\"unit_name\":\"" HUATAI_G "\"");

    join("OWNER_UNIT", 4, owner(JINDONG, "91140105MA0K1X2Y1A", "18003551778"));
    has(get(&reviewer, "91140105MA0K1X2Y1A"), "\"by_name\":false,\"by_phone\":true");
    join("OWNER_UNIT", 5, owner(OLD, "91140400MADEM00001", "18003551005"));
    has(get(&reviewer, "91140400MADEM00001"), "\"is_doubtful\":false");
    has_not(review_says("OWNER_UNIT", 5), "名称与名录中的单位");

    Certification__ListUnitsRequest request = CERTIFICATION__LIST_UNITS_REQUEST__INIT;
    request.doubtful = true;
    assert_string_equal(found(&request), JINDONG " " HUATAI_G " " HUATAI);
}

static void test_two_accounts_of_one_credit_code_are_told(void **state)
{
    (void)state;
    join("MEMBER_UNIT", 6, member_unit(OLD, "91140400MADEM00001", "18003551005"));
    has(get(&reviewer, "91140400MADEM00001"), "\"is_doubtful\":true");
    assert_string_equal(history_of("91140400MADEM00001"),
                        "JOINED OWNER_UNIT 5 1 审核员11, JOINED MEMBER_UNIT 6 1 审核员11");
}

static void test_a_corrected_code_renames_the_unit(void **state)
{
    (void)state;
    join("OWNER_UNIT", 4, owner(JINDONG, "91140105MA0K1X2Y1B", "18003551004"));
    assert_string_equal(history_of("91140105MA0K1X2Y1B"),
                        "JOINED OWNER_UNIT 4 1 审核员11, CHANGED OWNER_UNIT 4 2 审核员11");
    has(get(&reviewer, "91140105MA0K1X2Y1B"), "\"alikes\":[]"); /* its phone is its own by now */
    has(get(&reviewer, "91140105MA0K1X2Y1A"), "unit_gone");

    join("OWNER_UNIT", 7, owner("错码建设有限公司", "91140105MA0K1X2Y1C", "18003551007"));
    join("OWNER_UNIT", 7, owner("错码建设有限公司", "91140105MA0K1X2Y1D", "18003551007"));
    join("MEMBER_UNIT", 7, member_unit("错码建设有限公司", "91140105MA0K1X2Y1D", "18003551007"));
    join("OWNER_UNIT", 7, owner("错码建设有限公司", "91140105MA0K1X2Y1E", "18003551007"));
    assert_string_equal(history_of("91140105MA0K1X2Y1D"),
                        "JOINED OWNER_UNIT 7 1 审核员11, CHANGED OWNER_UNIT 7 2 审核员11, JOINED "
                        "MEMBER_UNIT 7 1 审核员11, LEFT OWNER_UNIT 7 3 信用代码改为"
                        "91140105MA0K1X2Y1E 审核员11");
    assert_string_equal(
        service_test_value("SELECT string_agg(uscc || ' ' || kinds::text, ', ' "
                           "ORDER BY uscc) FROM unit WHERE unit_name LIKE '错码%%'"),
        "91140105MA0K1X2Y1D {MEMBER_UNIT}, 91140105MA0K1X2Y1E {OWNER_UNIT}");
}

/* As a confirmed revocation leaves it; revocation_test.c has who may. */
static void test_what_is_taken_back_stays_in_the_directory(void **state)
{
    (void)state;
    const char *said =
        service_test_json(&secretary, "RequestRevocation", "",
                          arena_printf(arena, "{\"id\":\"%s\",\"reason\":\"单位已经注销\"}",
                                       review_of("OWNER_UNIT", 3)));
    has_not(said, "\"detail\"");
    Common__Principal other = service_test_staff(15, "cert.review cert.owner.review cert.revoke");
    said = service_test_json(
        &other, "DecideRevocation", "",
        arena_printf(arena, "{\"id\":\"%s\",\"verdict\":\"CONFIRM\"}",
                     service_test_value("SELECT id FROM revocation WHERE account_id = 3")));
    has_not(said, "\"detail\"");
    said = get(&reviewer, "91140402MA0K1X2Y17");
    has(said, "\"kinds\":[]");
    has(said, "\"state\":\"REVOKED\",\"state_reason\":\"单位已经注销\"");
    has(said, "\"event\":\"REVOKED\",\"kind\":\"OWNER_UNIT\"");
    join("OWNER_UNIT", 3, owner(HUATAI_G, "91140402MA0K1X2Y17", "18003551003"));
    has(get(&reviewer, "91140402MA0K1X2Y17"), "\"state\":\"IN_FORCE\",\"state_reason\":\"\"");
    assert_string_equal(
        history_of("91140402MA0K1X2Y17"),
        "JOINED OWNER_UNIT 3 1 审核员11, REVOKED OWNER_UNIT 3 1 单位已经注销 审核员15, "
        "JOINED OWNER_UNIT 3 2 审核员11");
}

/* ---- C.9 */

static const char *person(const char *name, const char *employer, const char *more)
{
    return arena_printf(arena,
                        "\"name\": \"%s\", \"mobile\": \"18003551999\", \"employer_name\": \"%s\", "
                        "\"province_code\": \"140000\", \"city_code\": \"140400\", "
                        "\"review_specialties\": [\"A0501\"], \"qualifications\": "
                        "[{\"qualification_code\": \"COST1\", \"valid_forever\": true}]%s",
                        name, employer, more);
}

static const char *natural(const char *name, const char *employer)
{
    return arena_printf(arena,
                        "\"name\": \"%s\", \"mobile\": \"18003551999\", \"employer_name\": \"%s\"",
                        name, employer);
}

static void test_a_unit_and_its_people(void **state)
{
    (void)state;
    join("EXPERT", 51, person("单田", "晋东建设(山西) 有限公司", ""));
    join("EXPERT", 52,
         person("马六", "晋东",
                ", \"employments\": [{\"until_now\": true, "
                "\"employer_uscc\": \"91140105MA0K1X2Y1B\"}]"));
    join("EXPERT", 53,
         person("旧人", "晋东",
                ", \"employments\": [{\"until_now\": false, "
                "\"employer_uscc\": \"91140105MA0K1X2Y1B\"}]"));
    join("EXPERT", 54, person("自由", JINDONG, ", \"self_employed\": true"));
    join("NATURAL_PERSON", 55, natural("王自然", JINDONG));
    join("NATURAL_PERSON", 56, natural("李走了", JINDONG));
    join("NATURAL_PERSON", 56, natural("李走了", "别处有限公司"));

    const char *said = get(&secretary, "91140105MA0K1X2Y1B");
    said = strstr(said, "\"people\":");
    has(said, "\"name\":\"单田\",\"id\":\"51\",\"expert_no\":\"ZJ-10001\",\"expert_state\":"
              "\"IN_POOL\"");
    has(said, "\"name\":\"马六\"");
    has(said, "\"name\":\"王自然\"");
    has_not(said, "旧人");
    has_not(said, "自由");
    has_not(said, "李走了");

    Certification__ExpertRequest request = CERTIFICATION__EXPERT_REQUEST__INIT;
    Common__Principal reader = service_test_staff(16, "expert.read");
    ProtobufCMessage *reply;
    request.id = 52;
    assert_int_equal(service_test_call(&reader, "gateway", "GetExpert", &request.base, "", &reply),
                     STATUS_OK);
    const Certification__ExpertRecord *record = (const Certification__ExpertRecord *)reply;
    assert_int_equal(record->n_units, 1);
    assert_string_equal(record->units[0]->unit_name, JINDONG);
    assert_int_equal(
        record->units[0]->id,
        atoll(service_test_value("SELECT id FROM unit WHERE uscc = '91140105MA0K1X2Y1B'")));
    has(review_says("NATURAL_PERSON", 55),
        "\"units\":[{\"kind\":\"OWNER_UNIT\",\"unit_name\":\"" JINDONG);
    has(review_says("NATURAL_PERSON", 56), "\"units\":[]");
}

static void test_who_may(void **state)
{
    static const char *const methods[] = {"ListUnits", "GetUnit"};
    Certification__UnitRequest request = CERTIFICATION__UNIT_REQUEST__INIT;
    Common__Principal reader = service_test_staff(16, "expert.read");
    (void)state;
    request.id = 1;
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(service_test_reason(NULL, methods[i], &request.base), "log_in_first");
        assert_string_equal(service_test_reason(&member, methods[i], &request.base), "not_allowed");
        assert_string_equal(service_test_reason(&reader, methods[i], &request.base), "not_allowed");
    }
    /* Who reviews experts sees which unit it is, its experts, and no form and no natural person. */
    const char *said = get(&expert_reviewer, "91140105MA0K1X2Y1B");
    has(said, "\"name\":\"单田\"");
    has_not(said, "王自然");
    has_not(said, "contact_phone");
    has(get(&secretary, "91140105MA0K1X2Y1B"), "18003551004"); /* may reveal */
}

/* ---- the search */

static void test_units_are_found(void **state)
{
    static const struct {
        const char *words, *names;
    } cases[] = {
        {"华泰",             HUATAI_G " " HUATAI        },
        {"工程咨询有限", HUATAI                     },
        {"（集团）",       HUATAI_G                   },
        {"ht",                 HUATAI_G " " HUATAI        },
        {"HTGC",               HUATAI_G " " HUATAI        },
        {"czsht",              HUATAI_G " " HUATAI        },
        {"czct",               OLD                        },
        {"91140105ma0k1x2y1b", JINDONG                    },
        {"9114040",            OLD " " HUATAI_G " " HUATAI},
        {"泰华",             ""                         },
        {"%",                  ""                         },
        {"_",                  ""                         },
        {"\\",                 ""                         },
        {"'",                  ""                         },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(found_by_words(cases[i].words), cases[i].names);
}

static void test_each_criterion(void **state)
{
    Certification__ListUnitsRequest request = CERTIFICATION__LIST_UNITS_REQUEST__INIT;
    (void)state;
    request.region = TEXT("140400"); /* 140400, 140402 (until 2018) and 140403 */
    assert_string_equal(found(&request), OLD " " HUATAI_G " " HUATAI);
    request.region = TEXT("140403");
    assert_string_equal(found(&request), HUATAI);
    request.region = TEXT("140000");
    assert_int_equal(page(&request)->total, 6);
    request.region = TEXT("130000");
    assert_string_equal(found(&request), "");

    request = (Certification__ListUnitsRequest)CERTIFICATION__LIST_UNITS_REQUEST__INIT;
    request.category = TEXT("FULL");
    request.nature = TEXT("PRIVATE");
    request.kind = CERTIFICATION__IDENTITY__KIND__OWNER_UNIT;
    assert_string_equal(found(&request), OLD " " HUATAI);
    request.nature = TEXT("STATE");
    assert_string_equal(found(&request), "");

    request = (Certification__ListUnitsRequest)CERTIFICATION__LIST_UNITS_REQUEST__INIT;
    request.ending_by = TEXT("2030-06-30");
    request.sort = CERTIFICATION__LIST_UNITS_REQUEST__SORT__ENDING_FIRST;
    assert_int_equal(page(&request)->total, 3);
    request.ending_by = TEXT("2030-06-29");
    assert_string_equal(found(&request), "");

    service_test_sql("UPDATE unit SET kinds = '{}', state = 'REVOKED' WHERE unit_name = '" OLD "'");
    request = (Certification__ListUnitsRequest)CERTIFICATION__LIST_UNITS_REQUEST__INIT;
    request.state = CERTIFICATION__UNIT__STATE__REVOKED;
    assert_string_equal(found(&request), OLD);
    request.ending_by = TEXT("2030-06-30"); /* what is no more in force has nothing to renew */
    assert_string_equal(found(&request), "");
}

static void test_a_wrong_question_is_named(void **state)
{
    Certification__ListUnitsRequest request = CERTIFICATION__LIST_UNITS_REQUEST__INIT;
    (void)state;
    request.ending_by = TEXT("2025-02-30");
    assert_string_equal(service_test_reason(&reviewer, "ListUnits", &request.base), "field_errors");
    request = (Certification__ListUnitsRequest)CERTIFICATION__LIST_UNITS_REQUEST__INIT;
    request.cursor = TEXT("1.x");
    assert_string_equal(service_test_reason(&reviewer, "ListUnits", &request.base), "field_errors");
}

/* Every unit once, whatever the order; most joined in the same moment and nothing of them ends. */
static void test_pages_are_complete_without_doubles(void **state)
{
    (void)state;
    service_test_sql(
        "INSERT INTO unit (uscc, kinds, unit_name, name_key, name_words, initials, region, "
        "categories, unit_nature, association_post, responsible_name, phones, license_valid_to, "
        "first_expiry, state, joined_at, changed_at) SELECT 'U' || n, '{OWNER_UNIT}', '众多', "
        "'众多', ' 众 多 ', 'zd zd', '110000', '{}', '', '', '', '{}', '9999-12-31', CASE WHEN n "
        "% 3 = 0 THEN date '2029-01-01' + n ELSE '9999-12-31' END, 'IN_FORCE', now(), now() FROM "
        "generate_series(1, 60) AS n");
    for (int sort = 0; sort < 2; sort++) {
        Certification__ListUnitsRequest request = CERTIFICATION__LIST_UNITS_REQUEST__INIT;
        static bool seen[200];
        size_t count = 0;
        memset(seen, 0, sizeof seen);
        request.limit = 7;
        request.sort = (Certification__ListUnitsRequest__Sort)sort;
        do {
            const Certification__UnitPage *list = page(&request);
            assert_in_range(list->n_units, 1, 7);
            for (size_t i = 0; i < list->n_units; i++) {
                assert_in_range(list->units[i]->id, 1, 199);
                assert_false(seen[list->units[i]->id]);
                seen[list->units[i]->id] = true;
            }
            count += list->n_units;
            assert_int_equal(list->total, 66);
            request.cursor = list->next_cursor;
        } while (request.cursor[0] != '\0');
        assert_int_equal(count, 66);
    }
}

static int open_service(void **state)
{
    (void)state;
    service_test_open(&certification);
    service_test_sql("UPDATE review_policy SET second_review = 'NEVER'");
    arena = arena_new(16 << 20);
    reviewer = service_test_staff(
        11,
        "cert.review cert.owner.review cert.member.review cert.expert.review cert.person.review");
    secretary = service_test_staff(12, "cert.review cert.owner.review cert.member.review "
                                       "cert.expert.review cert.person.review pii.reveal");
    expert_reviewer = service_test_staff(13, "cert.review cert.expert.review");
    member = service_test_member(1);
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
        cmocka_unit_test(test_an_approval_writes_the_unit),
        cmocka_unit_test(test_one_row_a_credit_code),
        cmocka_unit_test(test_an_application_elsewhere_is_told),
        cmocka_unit_test(test_near_names_and_phones_are_told),
        cmocka_unit_test(test_two_accounts_of_one_credit_code_are_told),
        cmocka_unit_test(test_a_corrected_code_renames_the_unit),
        cmocka_unit_test(test_what_is_taken_back_stays_in_the_directory),
        cmocka_unit_test(test_a_unit_and_its_people),
        cmocka_unit_test(test_who_may),
        cmocka_unit_test(test_units_are_found),
        cmocka_unit_test(test_each_criterion),
        cmocka_unit_test(test_a_wrong_question_is_named),
        cmocka_unit_test(test_pages_are_complete_without_doubles),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
