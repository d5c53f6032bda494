/* Letters of appointment (D-7), read back, and their public check; experts who pause themselves, and those whom a setting
   pauses (SM7). */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "printed.h"

#define VALUE service_test_value
#define JSON(who, method, ...) service_test_json(who, method, "", arena_printf(arena, __VA_ARGS__))

static Common__Principal manager, reader;
static int64_t last_account = 300;

/* A form in force is in the pool, whatever approved it. */
static void approve(int64_t account, int version, const char *valid_to)
{
    service_test_sql(arena_printf(
        arena,
        "BEGIN; SET LOCAL session_replication_role = replica; INSERT INTO identity (account_id, "
        "kind, state, last_version, in_force_version) VALUES (%1$lld, 'EXPERT', 'APPROVED', %2$d, "
        "%2$d) ON CONFLICT (account_id, kind) DO UPDATE SET last_version = %2$d, in_force_version "
        "= %2$d; INSERT INTO submission (account_id, kind, version, application_no, form, "
        "expected_by) VALUES (%1$lld, 'EXPERT', %2$d, 'A%1$lld-%2$d', '{\"name\": \"欧阳三\", "
        "\"mobile\": \"18003551778\", \"employer_name\": \"长治市咨询有限公司\", "
        "\"province_code\": "
        "\"140000\", \"city_code\": \"140400\", \"review_specialties\": [\"A0501\", \"A0201\"], "
        "\"preferred_regions\": [\"140400\"], \"qualifications\": [{\"qualification_code\": "
        "\"COST1\", \"occupation_name\": \"造价工程师\", \"certificate_no\": \"B1\", \"valid_to\": "
        "\"%3$s\"}]}', now()::date); INSERT INTO review (account_id, "
        "kind, "
        "version, is_change, state, decided_by, decided_at) VALUES (%1$lld, 'EXPERT', %2$d, false, "
        "'APPROVED', 9, now()); COMMIT; SELECT expert_keep(%1$lld, %2$d)",
        (long long)account, version, valid_to));
}

static Common__Principal expert(const char *valid_to)
{
    approve(++last_account, 1, valid_to);
    return service_test_member(last_account);
}

static const char *of_expert(const char *column)
{
    return VALUE("SELECT (%s)::text FROM expert WHERE account_id = %lld", column,
                 (long long)last_account);
}

static const char *day(int ahead)
{
    return VALUE("SELECT current_date + %d", ahead);
}

static const char *away(const Common__Principal *who, const char *from, const char *until)
{
    return JSON(who, "SetAway", "{\"away_from\": \"%s\", \"away_until\": \"%s\"}", from, until);
}

/* ---- the letter */

static struct file printed(const Common__Principal *who, const char *method, int64_t id, bool png)
{
    Certification__AppointmentRequest request = CERTIFICATION__APPOINTMENT_REQUEST__INIT;
    struct file file = {NULL, 0, NULL, NULL};
    request.id = id;
    request.format =
        png ? CERTIFICATION__DOCUMENT__FORMAT__PNG : CERTIFICATION__DOCUMENT__FORMAT__PDF;
    do {
        ProtobufCMessage *reply;
        assert_int_equal(service_test_call(who, "gateway", method, &request.base, "", &reply),
                         STATUS_OK);
        const Common__AttachmentPart *part = (const Common__AttachmentPart *)reply;
        append(&file, part);
        request.part++;
        if (file.size == part->size_bytes)
            break;
    } while (request.part < 20);
    return file;
}

/* The number and the code of an address, as a request of the public check. */
static const char *asked(const char *address)
{
    char number[21], code[21];
    const char *query = strstr(address, "/expert?no=");
    assert_non_null(query);
    assert_int_equal(sscanf(query, "/expert?no=%20[^&]&code=%20s", number, code), 2);
    return arena_printf(arena, "{\"expert_no\": \"%s\", \"check_code\": \"%s\"}", number, code);
}

static const char *status(const char *request)
{
    return service_test_json(NULL, "GetAppointmentStatus", "", request);
}

static void test_the_letter_says_who_and_checks(void **state)
{
    Common__Principal who = expert("2039-06-01");
    (void)state;
    struct file pdf = printed(&who, "ReadAppointment", 0, false);
    const char *text = without_blanks(said(&pdf, "pdftotext -raw", "-"));
    assert_says(text, "聘书");
    assert_says(text, "兹聘请欧阳三为本协会专家库专家");
    assert_says(text, of_expert("expert_no"));
    assert_says(text, VALUE("SELECT name FROM dictionary_item WHERE code = 'A0501'"));
    assert_says(text, VALUE("SELECT name FROM dictionary_item WHERE code = 'A0201'"));
    assert_says(text, arena_printf(arena, "%s至%s", day(0), of_expert("appointed_until")));
    assert_says(said(&pdf, "pdffonts", ""), "NotoSansCJK");
    struct file png = printed(&who, "ReadAppointment", 0, true);
    keep("appointment.png", png.data, png.size);
    const char *address = code_of_size(&png, PAGE_HEIGHT, PAGE_WIDTH);
    SAYS(address, "https://www.xmqgczx.com/expert?no=");
    /* the same for staff, each look kept */
    struct file same = printed(&reader, "ReadStaffAppointment", last_account, false);
    assert_int_equal(same.size, pdf.size);
    assert_memory_equal(same.data, pdf.data, pdf.size);
    assert_string_equal(VALUE("SELECT count(*) FROM audit WHERE action = 'appointment.read' AND "
                              "object = '%lld'",
                              (long long)last_account),
                        "1");

    const char *request = asked(address);
    SAYS(status(request), "\"masked_name\":\"欧**\"");
    SAYS(status(request), "\"state\":\"VALID\"");
    assert_null(strstr(status(request), "欧阳三"));
    SAYS(status(arena_printf(arena, "{\"expert_no\": \"%s\", \"check_code\": \"0123456789\"}",
                             of_expert("expert_no"))),
         "appointment_unknown");
    SAYS(status("{\"expert_no\": \"ZJ-1\", \"check_code\": \"0123456789\"}"),
         "appointment_unknown");
    /* where the expert stands now */
    SAYS(away(&who, day(0), day(3)), "\"is_away\":true");
    SAYS(status(request), "\"state\":\"PAUSED\"");
    SAYS(JSON(&who, "EndAway", "{}"), "\"is_away\":false");
    SAYS(status(request), "\"state\":\"VALID\"");
    service_test_sql(arena_printf(arena,
                                  "UPDATE expert SET appointed_until = current_date - 1 WHERE "
                                  "account_id = %lld",
                                  (long long)last_account));
    SAYS(status(request), "\"state\":\"EXPIRED\"");
    approve(last_account, 2, "2039-06-01"); /* a new form is a new term, and the old code holds */
    SAYS(status(request), "\"state\":\"VALID\"");
    SAYS(JSON(&manager, "RemoveExpert", "{\"id\": %lld, \"reason\": \"本人申请\"}",
              (long long)last_account),
         "\"REMOVED\"");
    SAYS(status(request), "\"state\":\"ENDED\"");
    SAYS(JSON(&who, "ReadAppointment", "{}"), "appointment_none");
}

static void test_the_term_is_what_was_set_then(void **state)
{
    (void)state;
    (void)expert("2039-06-01");
    assert_string_equal(of_expert("appointed_until = appointed_on + interval '3 years' - interval "
                                  "'1 day'"),
                        "true");
    SAYS(JSON(&reader, "GetExpertPolicy", "{}"), "\"appointment_years\":3");
    SAYS(JSON(&manager, "SaveExpertPolicy", "{\"appointment_years\": 5, \"version\": 1}"),
         "\"version\":2");
    SAYS(JSON(&manager, "SaveExpertPolicy", "{\"appointment_years\": 4, \"version\": 1}"),
         "review_policy_changed");
    SAYS(JSON(&manager, "SaveExpertPolicy", "{\"appointment_years\": 11, \"version\": 2}"),
         "appointment_years");
    SAYS(JSON(&reader, "SaveExpertPolicy", "{\"appointment_years\": 1, \"version\": 2}"),
         "not_allowed");
    assert_string_equal(of_expert("appointed_until < appointed_on + interval '4 years'"), "true");
    (void)expert("2039-06-01");
    assert_string_equal(of_expert("appointed_until = appointed_on + interval '5 years' - interval "
                                  "'1 day'"),
                        "true");
}

/* ---- away by his own word */

static void test_an_expert_pauses_himself(void **state)
{
    Common__Principal who = expert("2039-06-01"), nobody = service_test_member(9999);
    (void)state;
    SAYS(JSON(&who, "EndAway", "{}"), "expert_not_away");
    SAYS(away(&who, day(-1), day(3)), "开始日期不能早于今天");
    SAYS(away(&who, day(3), day(2)), "结束日期不能早于开始日期");
    SAYS(away(&who, day(0), day(800)), "一次最多暂停到一年后");
    SAYS(away(&who, "2026-13-01", day(3)), "away_from");
    SAYS(away(&nobody, day(0), day(3)), "expert_not_yet");
    SAYS(away(&who, day(2), day(5)), "\"is_away\":false");
    const char *record = JSON(&reader, "GetExpert", "{\"id\": %lld}", (long long)last_account);
    SAYS(record, arena_printf(arena, "\"away_until\":\"%s\"", day(5)));
    SAYS(record, "\"AWAY\"");
    assert_string_equal(of_expert("state"), "IN_POOL");
    /* days that are over are not told, and stand in nobody's way */
    service_test_sql(arena_printf(arena,
                                  "UPDATE expert SET away_from = current_date - 9, away_until = "
                                  "current_date - 1 WHERE account_id = %lld",
                                  (long long)last_account));
    SAYS(JSON(&who, "GetMyExpert", "{}"), "\"away_until\":\"\"");
    SAYS(JSON(&nobody, "GetMyExpert", "{}"), "expert_not_yet");
    SAYS(away(&who, day(0), day(0)), "\"is_away\":true");
    SAYS(JSON(&who, "EndAway", "{}"), "\"state\":\"IN_POOL\"");
    assert_string_equal(VALUE("SELECT string_agg(event || changed_by_name, ' ' ORDER BY id) FROM "
                              "expert_history WHERE account_id = %lld AND event <> 'JOINED'",
                              (long long)last_account),
                        "AWAY本人 AWAY本人 AWAY本人 BACK本人");
}

/* ---- paused by a setting */

static void test_without_a_valid_certificate(void **state)
{
    int64_t other;
    (void)state;
    (void)expert(day(-1));
    expert_watch_run(service_test_run());
    (void)expert(day(0)); /* valid today still */
    other = last_account--;
    expert_watch_run(service_test_run());
    service_test_until("SELECT EXISTS (SELECT FROM expert_reminder)"); /* has run: off by default */
    assert_string_equal(of_expert("state"), "IN_POOL");
    SAYS(JSON(&manager, "SaveExpertPolicy",
              "{\"appointment_years\": 3, \"pause_without_certificate\": true, \"version\": %s}",
              VALUE("SELECT version FROM expert_policy")),
         "\"pause_without_certificate\":true");
    expert_watch_run(service_test_run());
    service_test_until("SELECT EXISTS (SELECT FROM expert WHERE paused_for_certificate)");
    assert_string_equal(of_expert("state || state_reason"),
                        "PAUSED证书均已过期，更新并审核通过后自动恢复");
    assert_string_equal(VALUE("SELECT count(*) FROM expert WHERE account_id = %lld AND state = "
                              "'IN_POOL'",
                              (long long)other),
                        "1");
    assert_string_equal(VALUE("SELECT count(*) FROM outbox WHERE event = 'expert.paused' AND "
                              "payload ->> 'account_id' = '%lld'",
                              (long long)last_account),
                        "1");
    SAYS(JSON(&manager, "ResumeExpert", "{\"id\": %lld, \"reason\": \"提前恢复\"}",
              (long long)last_account),
         "expert_no_certificate");
    approve(last_account, 2, "2039-06-01");
    expert_watch_run(service_test_run());
    service_test_until("SELECT NOT EXISTS (SELECT FROM expert WHERE paused_for_certificate)");
    assert_string_equal(of_expert("state"), "IN_POOL");
    /* a pause of another reason is nobody's but staff's */
    SAYS(JSON(&manager, "PauseExpert", "{\"id\": %lld, \"reason\": \"本人出国\"}",
              (long long)last_account),
         "\"PAUSED\"");
    expert_watch_run(service_test_run());
    approve(last_account, 3, "2039-06-01");
    expert_watch_run(service_test_run());
    assert_string_equal(of_expert("state"), "PAUSED");
}

static int open_service(void **state)
{
    (void)state;
    arena = arena_new(1 << 20);
    service_test_open(&certification);
    manager = service_test_staff(11, "expert.read expert.manage");
    reader = service_test_staff(12, "expert.read");
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
        cmocka_unit_test(test_the_letter_says_who_and_checks),
        cmocka_unit_test(test_the_term_is_what_was_set_then),
        cmocka_unit_test(test_an_expert_pauses_himself),
        cmocka_unit_test(test_without_a_valid_certificate),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
