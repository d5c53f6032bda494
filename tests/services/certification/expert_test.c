/* The expert pool: approvals fill it, staff search it and move experts; what SM7 does not know happens to nobody. */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "service_test.h"
#include <string.h>

#define TEXT(t) ((char *)(uintptr_t)(t))

static struct arena *arena;
static Common__Principal reviewer, reader, manager, member;

/* ---- how experts come in */

#define CERTIFICATE                                                                                \
    "\"qualifications\": [{\"qualification_code\": \"COST1\", \"valid_to\": \"2031-06-30\", "      \
    "\"valid_forever\": false}]"

/* What differs from the form of 张三. */
static void submit(int64_t account, const char *differs)
{
    service_test_sql(arena_printf(
        arena,
        "WITH moved AS (INSERT INTO identity (account_id, kind, state, last_version) VALUES (%lld, "
        "'EXPERT', 'PENDING', 1) ON CONFLICT (account_id, kind) DO UPDATE SET last_version = "
        "identity.last_version + 1, state = 'APPROVED_PENDING' RETURNING account_id, last_version "
        "AS version), frozen AS (INSERT INTO submission (account_id, kind, version, "
        "application_no, form, expected_by) SELECT account_id, 'EXPERT', version, "
        "gen_random_uuid(), '{\"name\": \"张三\", \"mobile\": \"18003551778\", "
        "\"employer_name\": \"长治市咨询有限公司\", \"self_employed\": false, \"province_code\": "
        "\"140000\", \"city_code\": \"140400\", \"review_specialties\": [\"A0501\"], " CERTIFICATE
        "}'::jsonb || '{%s}', now() FROM moved) INSERT INTO review (account_id, kind, version, "
        "is_change) SELECT account_id, 'EXPERT', version, version > 1 FROM moved",
        (long long)account, differs));
}

static const char *decide(int64_t account, bool approve)
{
    Certification__DecideReviewRequest request = CERTIFICATION__DECIDE_REVIEW_REQUEST__INIT;
    request.id = atoll(
        service_test_value("SELECT id FROM review WHERE account_id = %lld ORDER BY id DESC LIMIT 1",
                           (long long)account));
    request.submission_version = (uint32_t)atoi(service_test_value(
        "SELECT last_version FROM identity WHERE account_id = %lld", (long long)account));
    request.verdict = approve ? CERTIFICATION__DECIDE_REVIEW_REQUEST__VERDICT__APPROVE
                              : CERTIFICATION__DECIDE_REVIEW_REQUEST__VERDICT__REJECT;
    request.message_to_applicant = TEXT(approve ? "" : "请补充评审专业。");
    char *expired[] = {TEXT("certificates_all_expired")};
    request.acknowledged = expired;
    request.n_acknowledged = 1;
    return service_test_reason(&reviewer, "DecideReview", &request.base);
}

static void join(int64_t account, const char *differs)
{
    submit(account, differs);
    assert_string_equal(decide(account, true), "");
}

/* ---- what staff do with them */

static const Certification__ExpertRecord *record(const Common__Principal *who, int64_t account)
{
    Certification__ExpertRequest request = CERTIFICATION__EXPERT_REQUEST__INIT;
    ProtobufCMessage *reply;
    request.id = account;
    assert_int_equal(service_test_call(who, "gateway", "GetExpert", &request.base, "", &reply),
                     STATUS_OK);
    return (const Certification__ExpertRecord *)reply;
}

static const char *move(const char *method, int64_t account, const char *reason)
{
    Certification__MoveExpertRequest request = CERTIFICATION__MOVE_EXPERT_REQUEST__INIT;
    request.id = account;
    request.reason = TEXT(reason);
    return service_test_reason(&manager, method, &request.base);
}

static const char *state_of(int64_t account)
{
    return service_test_value("SELECT state FROM expert WHERE account_id = %lld",
                              (long long)account);
}

static const char *history_of(int64_t account)
{
    return service_test_value(
        "SELECT string_agg(concat_ws(' ', event, in_force_version, state, nullif(reason, ''), "
        "changed_by), ', ' ORDER BY id) FROM expert_history WHERE account_id = %lld",
        (long long)account);
}

static const Certification__ExpertPage *page(const Certification__ListExpertsRequest *request)
{
    ProtobufCMessage *reply;
    assert_int_equal(
        service_test_call(&reader, "gateway", "ListExperts", &request->base, "", &reply),
        STATUS_OK);
    return (const Certification__ExpertPage *)reply;
}

/* The names found, in their order; the total is told alike. */
static const char *found(const Certification__ListExpertsRequest *request)
{
    const Certification__ExpertPage *list = page(request);
    char *names = TEXT("");
    for (size_t i = 0; i < list->n_experts; i++)
        names = arena_printf(arena, "%s%s%s", names, i > 0 ? " " : "", list->experts[i]->name);
    assert_int_equal(list->total, list->n_experts);
    return names;
}

static const char *found_by_words(const char *words)
{
    Certification__ListExpertsRequest request = CERTIFICATION__LIST_EXPERTS_REQUEST__INIT;
    request.q = TEXT(words);
    return found(&request);
}

/* ---- */

static void test_an_approval_puts_in_the_pool(void **state)
{
    (void)state;
    submit(1, "");
    assert_string_equal(service_test_value("SELECT count(*) FROM expert"), "0");
    assert_string_equal(decide(1, true), "");
    const Certification__Expert *expert = record(&reader, 1)->expert;
    assert_string_equal(expert->expert_no, "ZJ-10001");
    assert_string_equal(expert->name, "张三");
    assert_string_equal(expert->employer_name, "长治市咨询有限公司");
    assert_string_equal(expert->city_code, "140400");
    assert_string_equal(expert->review_specialties[0], "A0501");
    assert_string_equal(expert->qualification_codes[0], "COST1");
    assert_string_equal(expert->highest_title, "");
    assert_string_equal(expert->first_expiry, "2031-06-30");
    assert_string_equal(expert->last_expiry, "2031-06-30");
    assert_int_equal(expert->state, CERTIFICATION__EXPERT__STATE__IN_POOL);
    assert_string_equal(history_of(1), "JOINED 1 IN_POOL 11");
}

static void test_a_refusal_and_other_identities_change_nothing(void **state)
{
    (void)state;
    submit(2, "");
    assert_string_equal(decide(2, false), "");
    service_test_sql("INSERT INTO identity (account_id, kind, state, last_version) VALUES (2, "
                     "'OWNER_UNIT', 'PENDING', 1); UPDATE identity SET state = 'APPROVED', "
                     "in_force_version = 1 WHERE account_id = 2 AND kind = 'OWNER_UNIT'");
    assert_string_equal(service_test_value("SELECT count(*) FROM expert WHERE account_id = 2"),
                        "0");
    submit(1, "\"name\": \"张三三\"");
    assert_string_equal(decide(1, false), "");
    assert_string_equal(record(&reader, 1)->expert->name, "张三");
    assert_string_equal(history_of(1), "JOINED 1 IN_POOL 11");
}

static void test_a_change_renews_the_record_and_keeps_its_history(void **state)
{
    (void)state;
    join(1, "\"employer_name\": \"别处\", \"self_employed\": true, \"qualifications\": ["
            "{\"qualification_code\": \"TITLE_MIDDLE\", \"valid_forever\": true}, "
            "{\"qualification_code\": \"TITLE_SENIOR\", \"valid_forever\": true}, "
            "{\"qualification_code\": \"COST1\", \"valid_to\": \"2030-01-31\"}]");
    const Certification__ExpertRecord *now = record(&reader, 1);
    assert_string_equal(now->expert->expert_no, "ZJ-10001");
    assert_string_equal(now->expert->employer_name, "");
    assert_string_equal(now->expert->highest_title, "TITLE_SENIOR");
    assert_int_equal(now->expert->n_qualification_codes, 3);
    assert_string_equal(now->expert->first_expiry, "2030-01-31");
    assert_string_equal(now->expert->last_expiry, "");
    assert_int_equal(now->n_history, 2);
    assert_int_equal(now->history[1]->event, CERTIFICATION__EXPERT_HISTORY_ENTRY__EVENT__CHANGED);
    assert_string_equal(history_of(1), "JOINED 1 IN_POOL 11, CHANGED 3 IN_POOL 11");
}

static void test_a_record_shows_the_form_masked_and_the_unit(void **state)
{
    const struct certification *service = service_state(service_test_run());
    const char *sealed =
        secret_seal_text(service->files.keys, "form|id_number|3", "140403198001010015", arena);
    (void)state;
    service_test_sql(
        "INSERT INTO identity (account_id, kind, state, last_version) VALUES (90, 'MEMBER_UNIT', "
        "'PENDING', 1); INSERT INTO submission (account_id, kind, version, application_no, form, "
        "expected_by) VALUES (90, 'MEMBER_UNIT', 1, 'HY1', '{\"unit_name\": \"晋东造价有限公司\", "
        "\"uscc\": \"91140400MA0GTC1234\"}', now())");
    join(3, arena_printf(arena,
                         "\"name\": \"单田\", \"id_number\": \"%s\", \"employer_name\": "
                         "\"晋东造价有限公司\"",
                         sealed));
    assert_int_equal(record(&reader, 3)->n_units, 0); /* not approved yet */
    service_test_sql("UPDATE identity SET state = 'APPROVED', in_force_version = 1 WHERE "
                     "account_id = 90");
    const Certification__ExpertRecord *shown = record(&reader, 3);
    assert_string_equal(shown->in_force->expert->id_number, "1404**********0015");
    assert_int_equal(shown->n_units, 1);
    assert_string_equal(shown->units[0]->uscc, "91140400MA0GTC1234");
    assert_int_equal(shown->units[0]->kind, CERTIFICATION__IDENTITY__KIND__MEMBER_UNIT);
}

static void test_attachments_are_shown_to_reviewers_only(void **state)
{
    (void)state;
    Common__Principal both = service_test_staff(14, "expert.read cert.expert.review");
    service_test_sql("INSERT INTO attachment (id, account_id, purpose, file_name, content_type, "
                     "size_bytes, content_hash) VALUES ('card', 4, 'id_card_files', '人像面.jpg', "
                     "'image/jpeg', 10, '\\x00')");
    join(4, "\"name\": \"欧阳清\", \"id_card_files\": [\"card\"]");
    assert_int_equal(record(&reader, 4)->n_attachments, 0);
    assert_int_equal(record(&both, 4)->n_attachments, 1);
}

/* ---- SM7 */

static void test_every_state_and_every_move(void **state)
{
    static const struct {
        const char *from, *method, *to;
    } moves[] = {
        {"IN_POOL", "PauseExpert",  "PAUSED" },
        {"IN_POOL", "ResumeExpert", NULL     },
        {"IN_POOL", "RemoveExpert", "REMOVED"},
        {"PAUSED",  "PauseExpert",  NULL     },
        {"PAUSED",  "ResumeExpert", "IN_POOL"},
        {"PAUSED",  "RemoveExpert", "REMOVED"},
        {"REMOVED", "PauseExpert",  NULL     },
        {"REMOVED", "ResumeExpert", NULL     },
        {"REMOVED", "RemoveExpert", NULL     },
    };
    (void)state;
    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++) {
        int64_t account = 20 + (int64_t)i;
        join(account, "\"name\": \"移动\"");
        if (strcmp(moves[i].from, "PAUSED") == 0)
            assert_string_equal(move("PauseExpert", account, "出国"), "");
        if (strcmp(moves[i].from, "REMOVED") == 0)
            assert_string_equal(move("RemoveExpert", account, "本人申请"), "");
        assert_string_equal(move(moves[i].method, account, "核对后"),
                            moves[i].to == NULL ? "expert_moved" : "");
        assert_string_equal(state_of(account), moves[i].to == NULL ? moves[i].from : moves[i].to);
    }
}

/* Whoever writes: what becomes of accounts 1 (in the pool), 23 (paused) and 22 (out). */
static void test_the_database_knows_the_same_moves(void **state)
{
    (void)state;
    service_test_sql(
        "CREATE FUNCTION pg_temp.tried(account bigint, wanted text, why text) RETURNS text "
        "LANGUAGE plpgsql AS $$ DECLARE named text; BEGIN UPDATE expert SET state = wanted, "
        "state_reason = why WHERE account_id = account; RAISE 'undone' USING ERRCODE = 'UNDON'; "
        "EXCEPTION WHEN check_violation THEN GET STACKED DIAGNOSTICS named = CONSTRAINT_NAME; "
        "RETURN named; WHEN SQLSTATE 'UNDON' THEN RETURN 'may'; END $$");
    assert_string_equal(
        service_test_value(
            "SELECT string_agg(state || '>' || wanted || ' ' || pg_temp.tried(account_id, wanted, "
            "'核对'), ', ' ORDER BY state, wanted) FROM expert, unnest('{IN_POOL,PAUSED,REMOVED,"
            "GONE}'::text[]) AS wanted WHERE account_id IN (1, 23, 22) AND state <> wanted"),
        "IN_POOL>GONE state_changed, IN_POOL>PAUSED may, IN_POOL>REMOVED may, "
        "PAUSED>GONE state_changed, PAUSED>IN_POOL may, PAUSED>REMOVED may, "
        "REMOVED>GONE state_changed, REMOVED>IN_POOL state_changed, REMOVED>PAUSED state_changed");
    assert_string_equal(service_test_value("SELECT pg_temp.tried(1, 'PAUSED', '')"),
                        "expert_reason");
}

static void test_a_move_is_kept_told_and_audited(void **state)
{
    (void)state;
    join(5, "\"name\": \"曾小贤\"");
    assert_string_equal(move("PauseExpert", 5, "出国半年"), "");
    assert_string_equal(move("ResumeExpert", 5, "已经回国"), "");
    assert_string_equal(history_of(5),
                        "JOINED 1 IN_POOL 11, PAUSED 1 PAUSED 出国半年 12, RESUMED 1 IN_POOL "
                        "已经回国 12");
    assert_string_equal(
        service_test_value("SELECT string_agg(event || ' ' || (payload ->> 'reason'), ',' ORDER BY "
                           "id) FROM outbox WHERE event LIKE 'expert.%%' AND payload ->> "
                           "'account_id' = '5'"),
        "expert.paused 出国半年,expert.resumed 已经回国");
    assert_string_equal(
        service_test_value("SELECT string_agg(concat_ws(' ', action, object, actor_id), ',' ORDER "
                           "BY id) FROM audit WHERE object LIKE (SELECT expert_no || '/%%' FROM "
                           "expert WHERE account_id = 5)"),
        arena_printf(arena, "expert.moved %s/PAUSED 12,expert.moved %s/IN_POOL 12",
                     record(&reader, 5)->expert->expert_no, record(&reader, 5)->expert->expert_no));
    assert_string_equal(move("PauseExpert", 999, "无此人"), "expert_gone");
    assert_string_equal(move("PauseExpert", 5, ""), "field_errors");
}

static void test_a_pause_outlives_a_change(void **state)
{
    (void)state;
    assert_string_equal(move("PauseExpert", 5, "出国半年"), "");
    join(5, "\"name\": \"曾小贤\", \"city_code\": \"140100\"");
    assert_string_equal(state_of(5), "PAUSED");
    assert_string_equal(record(&reader, 5)->expert->state_reason, "出国半年");
    assert_string_equal(record(&reader, 5)->expert->city_code, "140100");
}

static void test_who_may(void **state)
{
    static const char *const methods[] = {"ListExperts", "GetExpert", "PauseExpert", "ResumeExpert",
                                          "RemoveExpert"};
    Certification__MoveExpertRequest request = CERTIFICATION__MOVE_EXPERT_REQUEST__INIT;
    (void)state;
    request.id = 5;
    request.reason = TEXT("没有权限");
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        assert_string_equal(service_test_reason(NULL, methods[i], &request.base), "log_in_first");
        assert_string_equal(service_test_reason(&member, methods[i], &request.base), "not_allowed");
        assert_string_equal(service_test_reason(&reviewer, methods[i], &request.base),
                            "not_allowed");
        if (i >= 2)
            assert_string_equal(service_test_reason(&reader, methods[i], &request.base),
                                "not_allowed");
    }
    assert_string_equal(state_of(5), "PAUSED");
}

/* ---- the search; 张三, 单田, 欧阳清, 曾小贤 and nine of 移动 are there */

static void test_names_are_found(void **state)
{
    (void)state;
    join(6, "\"name\": \"张三丰\", \"mobile\": \"13903550001\"");
    assert_string_equal(found_by_words("张三"), "张三丰 张三");
    assert_string_equal(found_by_words("三丰"), "张三丰");
    assert_string_equal(found_by_words("丰"), "张三丰");
    assert_string_equal(found_by_words("张丰"), "");
    assert_string_equal(found_by_words("zs"), "张三丰 张三");
    assert_string_equal(found_by_words("ZSF"), "张三丰");
    assert_string_equal(found_by_words("sf"), "");
    assert_string_equal(found_by_words("st"), "单田");
    assert_string_equal(found_by_words("zxx"), "曾小贤");
    assert_string_equal(found_by_words("oyq"), "欧阳清");
    assert_string_equal(found_by_words("ZJ-10001"), "张三");
    assert_string_equal(found_by_words("zj-10001"), "张三");
    assert_string_equal(found_by_words("10001"), "张三");
    assert_string_equal(found_by_words("139035"), "张三丰");
}

static void test_like_signs_are_letters(void **state)
{
    static const char *const signs[] = {"%", "_", "\\", "张_丰", "张%丰", "z_f", "'"};
    (void)state;
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        assert_string_equal(found_by_words(signs[i]), "");
}

static void test_each_criterion(void **state)
{
    Certification__ListExpertsRequest request = CERTIFICATION__LIST_EXPERTS_REQUEST__INIT;
    (void)state;
    join(7, "\"name\": \"马六\", \"province_code\": \"130000\", \"city_code\": \"130100\", "
            "\"review_specialties\": [\"C0201\", \"A010204\"], \"qualifications\": ["
            "{\"qualification_code\": \"CONSULT1\", \"valid_to\": \"2024-05-01\"}, "
            "{\"qualification_code\": \"PROFESSOR\", \"valid_to\": \"2025-05-01\"}]");

    static const char *const specialties[] = {"A", "A01", "A0102", "A010204", "C0201"};
    for (size_t i = 1; i < sizeof specialties / sizeof specialties[0]; i++) {
        request.specialty = TEXT(specialties[i]);
        assert_string_equal(found(&request), "马六");
    }
    request.specialty = TEXT(specialties[0]); /* covers A0501 too */
    assert_int_equal(page(&request)->total, 15);
    request.specialty = TEXT("A0103");
    assert_string_equal(found(&request), "");

    request = (Certification__ListExpertsRequest)CERTIFICATION__LIST_EXPERTS_REQUEST__INIT;
    request.region = TEXT("130000");
    assert_string_equal(found(&request), "马六");
    request.region = TEXT("130100");
    assert_string_equal(found(&request), "马六");
    request.region = TEXT("140100");
    assert_string_equal(found(&request), "曾小贤");
    request.region = TEXT("140000");
    assert_int_equal(page(&request)->total, 14);

    request = (Certification__ListExpertsRequest)CERTIFICATION__LIST_EXPERTS_REQUEST__INIT;
    request.qualification = TEXT("CONSULT1");
    assert_string_equal(found(&request), "马六");
    request.qualification = TEXT("TITLE"); /* a group */
    assert_string_equal(found(&request), "马六 张三");

    request = (Certification__ListExpertsRequest)CERTIFICATION__LIST_EXPERTS_REQUEST__INIT;
    request.ending_by = TEXT("2030-02-01");
    assert_string_equal(found(&request), "马六 张三");
    request.sort = CERTIFICATION__LIST_EXPERTS_REQUEST__SORT__ENDING_FIRST;
    assert_string_equal(found(&request), "马六 张三");
    request.valid_on = TEXT("2025-05-01"); /* the last day that one is valid */
    assert_string_equal(found(&request), "马六 张三");
    request.valid_on = TEXT("2025-05-02");
    assert_string_equal(found(&request), "张三");
}

static void test_states_are_found_and_criteria_add_up(void **state)
{
    Certification__ListExpertsRequest request = CERTIFICATION__LIST_EXPERTS_REQUEST__INIT;
    (void)state;
    request.state = CERTIFICATION__EXPERT__STATE__PAUSED;
    request.region = TEXT("140100");
    assert_string_equal(found(&request), "曾小贤");
    request.state = CERTIFICATION__EXPERT__STATE__IN_POOL;
    assert_string_equal(found(&request), "");
    request.state = CERTIFICATION__EXPERT__STATE__REMOVED;
    request.region = TEXT("");
    assert_int_equal(page(&request)->total, 5);
    request.q = TEXT("张三");
    assert_string_equal(found(&request), "");
}

static void test_a_wrong_question_is_named(void **state)
{
    Certification__ListExpertsRequest request = CERTIFICATION__LIST_EXPERTS_REQUEST__INIT;
    (void)state;
    request.valid_on = TEXT("2025-02-30");
    assert_string_equal(service_test_reason(&reader, "ListExperts", &request.base), "field_errors");
    request = (Certification__ListExpertsRequest)CERTIFICATION__LIST_EXPERTS_REQUEST__INIT;
    request.cursor = TEXT("1.x");
    assert_string_equal(service_test_reason(&reader, "ListExperts", &request.base), "field_errors");
    request.cursor = TEXT("7258118400000000.1");
    assert_string_equal(service_test_reason(&reader, "ListExperts", &request.base), "");
    request.sort = CERTIFICATION__LIST_EXPERTS_REQUEST__SORT__ENDING_FIRST;
    assert_string_equal(service_test_reason(&reader, "ListExperts", &request.base), "");
}

/* Every expert once, whatever the order; most joined in the same moment and have no certificate that ends. */
static void test_pages_are_complete_without_doubles(void **state)
{
    (void)state;
    service_test_sql(
        "INSERT INTO expert (account_id, in_force_version, name, initials, mobile, employer_name, "
        "province_code, city_code, review_specialties, qualification_codes, highest_title, "
        "first_expiry, last_expiry, changed_by, changed_by_name, changed_at, joined_at) SELECT "
        "1000 + n, 1, '众人', 'zr', '18000000000', '', '110000', '110100', '{A03}', '{COST1}', '', "
        "CASE WHEN n % 3 = 0 THEN date '2029-01-01' + n ELSE '9999-12-31' END, '9999-12-31', 1, "
        "'', now(), now() FROM generate_series(1, 60) AS n");
    for (int sort = 0; sort < 2; sort++) {
        Certification__ListExpertsRequest request = CERTIFICATION__LIST_EXPERTS_REQUEST__INIT;
        static bool seen[2000];
        size_t count = 0;
        memset(seen, 0, sizeof seen);
        request.limit = 7;
        request.sort = (Certification__ListExpertsRequest__Sort)sort;
        do {
            const Certification__ExpertPage *list = page(&request);
            assert_in_range(list->n_experts, 1, 7);
            for (size_t i = 0; i < list->n_experts; i++) {
                assert_in_range(list->experts[i]->id, 1, 1999);
                assert_false(seen[list->experts[i]->id]);
                seen[list->experts[i]->id] = true;
            }
            count += list->n_experts;
            assert_int_equal(list->total, 75);
            request.cursor = list->next_cursor;
        } while (request.cursor[0] != '\0');
        assert_int_equal(count, 75);
    }
}

/* ---- certificates that end */

/* Of an account: the days until each certificate that it was reminded of ends, and the step. */
static const char *reminders_of(int64_t account)
{
    return service_test_value("SELECT coalesce(string_agg(certificate_no || ' ' || (valid_to - "
                              "current_date) || ' ' || step, ', ' ORDER BY certificate_no, step), "
                              "'') FROM expert_reminder WHERE account_id = %lld",
                              (long long)account);
}

static const char *certificates(const int *days, size_t count)
{
    const char *text = "\"qualifications\": [{\"qualification_code\": \"COST2\", "
                       "\"certificate_no\": \"ever\", \"valid_forever\": true}";
    for (size_t i = 0; i < count; i++)
        text = arena_printf(
            arena,
            "%s, {\"qualification_code\": \"COST1\", \"occupation_name\": \"造价工程师\", "
            "\"certificate_no\": \"%c\", \"valid_to\": \"%s\"}",
            text, (char)('a' + i), service_test_value("SELECT current_date + %d", days[i]));
    return arena_printf(arena, "%s], \"name\": \"到期\"", text);
}

static void test_reminders_come_once_a_step(void **state)
{
    static const int days[] = {91, 90, 31, 30, 1, 0, -7, -8};
    static const int soon[] = {10};
    static const char told[] = "b 90 90, c 31 90, d 30 30, e 1 30, f 0 0, g -7 0";
    (void)state;
    join(50, certificates(days, 8));
    join(51, certificates(soon, 1));
    assert_string_equal(move("RemoveExpert", 51, "本人申请"), "");
    expert_watch_run(service_test_run());
    service_test_until("SELECT EXISTS (SELECT FROM expert_reminder WHERE account_id = 50)");
    assert_string_equal(reminders_of(50), told);
    assert_string_equal(reminders_of(51), "");
    join(52, certificates(soon, 1));
    expert_watch_run(service_test_run());
    expert_watch_run(service_test_run());
    service_test_until("SELECT EXISTS (SELECT FROM expert_reminder WHERE account_id = 52)");
    join(52, certificates((const int[]){80}, 1)); /* renewed, under its number */
    expert_watch_run(service_test_run());
    service_test_until("SELECT count(*) = 2 FROM expert_reminder WHERE account_id = 52");
    assert_string_equal(reminders_of(50), told);
    assert_string_equal(
        service_test_value("SELECT count(*) || ' ' || min(payload ->> 'certificate') FROM outbox "
                           "WHERE event = 'expert.certificate_ending'"),
        "8 造价工程师");
}

static int open_service(void **state)
{
    (void)state;
    service_test_open(&certification);
    service_test_sql(
        "UPDATE review_policy SET second_review = 'NEVER'"); /* review_test.c has the second person */
    arena = arena_new(1 << 20);
    reviewer = service_test_staff(11, "cert.review cert.owner.review cert.expert.review");
    manager = service_test_staff(12, "expert.manage");
    reader = service_test_staff(13, "expert.read");
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
        cmocka_unit_test(test_an_approval_puts_in_the_pool),
        cmocka_unit_test(test_a_refusal_and_other_identities_change_nothing),
        cmocka_unit_test(test_a_change_renews_the_record_and_keeps_its_history),
        cmocka_unit_test(test_a_record_shows_the_form_masked_and_the_unit),
        cmocka_unit_test(test_attachments_are_shown_to_reviewers_only),
        cmocka_unit_test(test_every_state_and_every_move),
        cmocka_unit_test(test_the_database_knows_the_same_moves),
        cmocka_unit_test(test_a_move_is_kept_told_and_audited),
        cmocka_unit_test(test_a_pause_outlives_a_change),
        cmocka_unit_test(test_who_may),
        cmocka_unit_test(test_names_are_found),
        cmocka_unit_test(test_like_signs_are_letters),
        cmocka_unit_test(test_each_criterion),
        cmocka_unit_test(test_states_are_found_and_criteria_add_up),
        cmocka_unit_test(test_a_wrong_question_is_named),
        cmocka_unit_test(test_pages_are_complete_without_doubles),
        cmocka_unit_test(test_reminders_come_once_a_step),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
