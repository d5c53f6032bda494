/* SM8: who keeps away, what is frozen, who draws, what the seeds give and nothing else, and how replies go on. */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "draw_rules.h"
#include "service_test.h"
#include <inttypes.h>
#include <libpq-fe.h>
#include <string.h>

#define TEXT(t) ((char *)(uintptr_t)(t))

static struct arena *arena;
static Common__Principal drawer, witness, second_witness, drawer_and_witness, member;

/* ---- experts and units, approved */

static void approve(int64_t account, const char *kind, const char *form)
{
    service_test_sql(arena_printf(
        arena,
        "BEGIN; INSERT INTO identity (account_id, kind, state, last_version) VALUES (%1$" PRId64
        ", '%2$s', 'PENDING', 1); INSERT INTO submission (account_id, kind, version, "
        "application_no, form, expected_by) VALUES (%1$" PRId64
        ", '%2$s', 1, gen_random_uuid(), '%3$s', now()); INSERT INTO review (account_id, kind, "
        "version, is_change, decided_by, decided_at) VALUES (%1$" PRId64
        ", '%2$s', 1, false, 9, now()); UPDATE identity SET state = 'APPROVED', in_force_version "
        "= 1 WHERE account_id = %1$" PRId64 " AND kind = '%2$s'; COMMIT",
        account, kind, form));
}

/* What differs from an expert of the specialty who may come. */
static void expert(int64_t account, const char *specialty, const char *differs)
{
    approve(account, "EXPERT",
            service_test_value(
                "SELECT ('{\"name\": \"专家%" PRId64
                "\", \"mobile\": \"18003551778\", \"employer_name\": \"无关单位\", "
                "\"self_employed\": false, \"province_code\": \"140000\", \"city_code\": "
                "\"140400\", \"review_specialties\": [\"%s\"], \"preferred_regions\": "
                "[\"140000\"], \"employments\": [], \"qualifications\": [{\"qualification_code\": "
                "\"TITLE_SENIOR\", \"valid_forever\": true}]}'::jsonb || '{%s}')::text",
                account, specialty, differs));
}

static void experts(int64_t first, int count, const char *specialty)
{
    for (int i = 0; i < count; i++)
        expert(first + i, specialty, "");
}

static const char *number_of(int64_t account)
{
    return service_test_value("SELECT expert_no FROM expert WHERE account_id = %" PRId64, account);
}

/* ---- a draw */

struct wish {
    Certification__CreateDrawRequest request;
    Certification__DrawConditions conditions;
    Certification__DrawRow rows[2];
    Certification__DrawRow *row_list[2];
};

static void wish_init(struct wish *wish, const char *specialty, unsigned count, unsigned alternates)
{
    certification__create_draw_request__init(&wish->request);
    certification__draw_conditions__init(&wish->conditions);
    for (size_t i = 0; i < 2; i++) {
        certification__draw_row__init(&wish->rows[i]);
        wish->row_list[i] = &wish->rows[i];
        wish->rows[i].specialty = TEXT(specialty);
        wish->rows[i].count = count;
        wish->rows[i].alternates = alternates;
    }
    wish->conditions.project_name = TEXT("漳泽湖生态修复工程");
    wish->conditions.owner_unit_name = TEXT("长治市水利局");
    wish->conditions.review_at = TEXT("2098-12-01 09:00");
    wish->conditions.reply_by = TEXT("2098-11-30 18:00");
    wish->conditions.review_place = TEXT("协会三楼会议室");
    wish->conditions.contact_phone = TEXT("0355-3069919");
    wish->conditions.rows = wish->row_list;
    wish->conditions.n_rows = 1;
    wish->request.conditions = &wish->conditions;
}

static int64_t create(struct wish *wish)
{
    ProtobufCMessage *reply;
    assert_int_equal(
        service_test_call(&drawer, "gateway", "CreateDraw", &wish->request.base, "", &reply),
        STATUS_OK);
    return ((const Certification__DrawStep *)reply)->id;
}

static const Certification__Draw *get(int64_t id)
{
    Certification__DrawRequest request = CERTIFICATION__DRAW_REQUEST__INIT;
    ProtobufCMessage *reply;
    request.id = id;
    assert_int_equal(service_test_call(&witness, "gateway", "GetDraw", &request.base, "", &reply),
                     STATUS_OK);
    return (const Certification__Draw *)reply;
}

static const char *freeze(const Common__Principal *who, int64_t id)
{
    Certification__FreezeDrawRequest request = CERTIFICATION__FREEZE_DRAW_REQUEST__INIT;
    request.id = id;
    request.version = get(id)->version;
    return service_test_reason(who, "FreezeDraw", &request.base);
}

static Certification__RunDrawRequest run_request(int64_t id)
{
    Certification__RunDrawRequest request = CERTIFICATION__RUN_DRAW_REQUEST__INIT;
    request.id = id;
    request.candidates_hash = get(id)->candidates_hash;
    request.witness_seed = TEXT("骰子 3 5 2");
    return request;
}

static const char *run(const Common__Principal *who, int64_t id)
{
    Certification__RunDrawRequest request = run_request(id);
    return service_test_reason(who, "RunDraw", &request.base);
}

static int64_t frozen(const char *specialty, unsigned count, unsigned alternates)
{
    struct wish wish;
    wish_init(&wish, specialty, count, alternates);
    int64_t id = create(&wish);
    assert_string_equal(freeze(&drawer, id), "");
    return id;
}

static const char *invite(int64_t id)
{
    Certification__DrawRequest request = CERTIFICATION__DRAW_REQUEST__INIT;
    request.id = id;
    return service_test_reason(&drawer, "InviteDrawn", &request.base);
}

static const char *ended(const char *method, int64_t id)
{
    Certification__EndDrawRequest request = CERTIFICATION__END_DRAW_REQUEST__INIT;
    request.id = id;
    request.reason = TEXT("评审改期");
    return service_test_reason(&drawer, method, &request.base);
}

static const char *record(int64_t invitation, Certification__Invitation__State reply)
{
    Certification__RecordReplyRequest request = CERTIFICATION__RECORD_REPLY_REQUEST__INIT;
    request.id = invitation;
    request.reply = reply;
    request.note = TEXT("电话答复");
    return service_test_reason(&drawer, "RecordReply", &request.base);
}

static const char *answers(int64_t account, int64_t invitation, bool accept)
{
    Common__Principal who = service_test_member(account);
    Certification__AnswerInvitationRequest request = CERTIFICATION__ANSWER_INVITATION_REQUEST__INIT;
    request.id = invitation;
    request.accept = accept;
    request.reason = TEXT(accept ? "" : "当天出差");
    return service_test_reason(&who, "AnswerInvitation", &request.base);
}

static const char *state_of(int64_t id)
{
    return service_test_value("SELECT state FROM draw WHERE id = %" PRId64, id);
}

/* Invitations that wait, the first of their order first: "id account". */
static int64_t waiting(int64_t id, const char *column)
{
    return atoll(service_test_value("SELECT coalesce((SELECT %s FROM draw_invitation WHERE draw_id "
                                    "= %" PRId64
                                    " AND state = 'INVITED' ORDER BY slot, place LIMIT "
                                    "1), 0)",
                                    column, id));
}

static const char *why_not(const Certification__Draw *draw, const char *expert_no)
{
    for (size_t i = 0; i < draw->n_exclusions; i++) {
        const Certification__DrawExclusion *one = draw->exclusions[i];
        char *names = TEXT("");
        if (strcmp(one->expert_no, expert_no) != 0)
            continue;
        for (size_t j = 0; j < one->n_reasons; j++)
            names = arena_printf(
                arena, "%s%s%s", names, j == 0 ? "" : " ",
                protobuf_c_enum_descriptor_get_value(
                    &certification__draw_exclusion__reason__descriptor, (int)one->reasons[j])
                    ->name);
        return names;
    }
    return "";
}

/* ---- who keeps away */

static void test_each_conflict_has_its_reason(void **state)
{
    static const struct {
        const char *differs, *reason;
    } cases[] = {
        {"",                                                                                           ""                                },
        {"\"employer_name\": \"长治市（水利局）\"",                                            ""                                },
        {"\"employer_name\": \"长治市 水利局\"",                                                 "EMPLOYER_NOW"                    },
        {"\"employments\": [{\"employer_name\": \"长治市水利局\", \"until_now\": true}]",
         "EMPLOYER_NOW"                                                                                                                  },
        {"\"employments\": [{\"employer_name\": \"长治市水利局\", \"end_month\": \"2095-12\"}]",
         "EMPLOYER_RECENT"                                                                                                               },
        {"\"employments\": [{\"employer_name\": \"长治市水利局\", \"end_month\": \"2095-11\"}]",
         ""                                                                                                                              },
        {"\"employer_name\": \"子公司（一）\"",                                                  "EMPLOYER_NOW"                    },
        {"\"employer_name\": \"别名公司\"",                                                        "EMPLOYER_NOW"                    },
        {"\"avoid_units\": [{\"unit_name\": \"长治市水利局\", \"relation\": \"RELATIVE\"}]",
         "DECLARED"                                                                                                                      },
        {"\"avoid_units\": [{\"unit_name\": \"原名\", \"uscc\": \"91140400MA0000001X\"}]",
         "DECLARED"                                                                                                                      },
        {"\"avoid_units\": [{\"unit_name\": \"长治市水利局\", \"until\": \"2098-11-30\"}]",      ""                                },
        {"\"employer_name\": \"姊妹公司\"",                                                        "SHARED_PERSON"                   },
        {"\"name\": \"王法人\"",                                                                    "SHARED_PERSON"                   },
        {"\"qualifications\": [{\"qualification_code\": \"COST1\", \"valid_to\": \"2099-01-01\", "
         "\"registered_employer\": \"长治市水利局\"}]",                                 "SAME_REGISTERED"                 },
        {"\"qualifications\": [{\"qualification_code\": \"COST1\", \"valid_to\": \"2098-11-30\"}]",
         "CERTIFICATE_EXPIRED"                                                                                                           },
        {"\"employer_name\": \"长治市水利局\", \"qualifications\": [{\"qualification_code\": "
         "\"COST1\", \"valid_to\": \"2098-11-30\"}]",                                         "EMPLOYER_NOW CERTIFICATE_EXPIRED"},
    };
    enum { CASES = sizeof cases / sizeof cases[0] };
    Certification__ExcludedUnit unit = CERTIFICATION__EXCLUDED_UNIT__INIT, *units[] = {&unit};
    Certification__ExcludedExpert named = CERTIFICATION__EXCLUDED_EXPERT__INIT, *list[] = {&named};
    struct wish wish;
    (void)state;
    approve(900, "MEMBER_UNIT",
            "{\"unit_name\": \"别名公司\", \"uscc\": \"91140400MA0000001X\", "
            "\"legal_person_name\": \"王法人\", \"principal_name\": \"王负责\"}");
    approve(901, "MEMBER_UNIT",
            "{\"unit_name\": \"姊妹公司\", \"uscc\": \"91140400MA0000002X\", "
            "\"legal_person_name\": \"李法人\", \"principal_name\": \"王法人\"}");
    for (size_t i = 0; i < CASES; i++)
        expert(100 + (int64_t)i, "A0501", cases[i].differs);
    experts(150, 2, "A0501");
    expert(152, "A0501", "\"preferred_regions\": [\"110000\"]");
    service_test_sql("UPDATE expert SET state = 'PAUSED', state_reason = '出国', changed_by = 1 "
                     "WHERE account_id = 150");
    experts(153, 2, "A0501"); /* away on the day of the review, and just before it */
    wish_init(&wish, "A05", 1, 0);
    service_test_sql(arena_printf(
        arena,
        "UPDATE expert SET away_from = date '%1$.10s' - account_id::int + 152, away_until = date "
        "'%1$.10s' + CASE account_id WHEN 153 THEN 1 ELSE -1 END WHERE account_id IN (153, 154)",
        wish.conditions.review_at));
    wish.rows[0].region = TEXT("140400");
    unit.unit_name = TEXT("子公司(一)");
    unit.uscc = TEXT("");
    wish.conditions.owner_uscc = TEXT("");
    named.expert_no = TEXT(number_of(151));
    named.reason = TEXT("与投标人有利害关系");
    wish.conditions.excluded_units = units;
    wish.conditions.n_excluded_units = 1;
    wish.conditions.excluded_experts = list;
    wish.conditions.n_excluded_experts = 1;
    int64_t id = create(&wish);
    service_test_sql(arena_printf(arena,
                                  "UPDATE draw SET conditions = conditions || '{\"owner_uscc\": "
                                  "\"91140400MA0000001X\"}' WHERE id = %" PRId64,
                                  id));
    const Certification__Draw *draft = get(id);
    for (size_t i = 0; i < CASES; i++)
        assert_string_equal(why_not(draft, number_of(100 + (int64_t)i)), cases[i].reason);
    assert_string_equal(why_not(draft, number_of(150)), "PAUSED");
    assert_string_equal(why_not(draft, number_of(151)), "NAMED");
    assert_string_equal(why_not(draft, number_of(152)), ""); /* does not fit at all */
    assert_string_equal(why_not(draft, number_of(153)), "AWAY");
    assert_string_equal(why_not(draft, number_of(154)), "");
    assert_int_equal(draft->counts[0]->candidates, 5);
    assert_string_equal(freeze(&drawer, id), "");
    assert_int_equal(get(id)->n_exclusions, draft->n_exclusions);
    assert_string_equal(ended("CancelDraw", id), "");
}

static void test_titles_and_qualifications_narrow(void **state)
{
    struct wish wish;
    (void)state;
    expert(160, "A0201", "");
    expert(
        161, "A0201",
        "\"qualifications\": [{\"qualification_code\": \"TITLE_MIDDLE\", \"valid_forever\": true}, "
        "{\"qualification_code\": \"COST1\", \"valid_to\": \"2099-06-30\"}]");
    wish_init(&wish, "A0201", 1, 0);
    wish.conditions.n_rows = 2;
    wish.rows[0].title = CERTIFICATION__DRAW_ROW__TITLE__SENIOR;
    wish.rows[1].qualification = TEXT("COST1");
    const Certification__Draw *draft = get(create(&wish));
    assert_int_equal(draft->counts[0]->candidates, 1);
    assert_int_equal(draft->counts[1]->candidates, 1);
    assert_int_equal(draft->counts[0]->needed, 1);
}

/* ---- conditions */

static void test_conditions_are_checked(void **state)
{
    Certification__ExcludedExpert named = CERTIFICATION__EXCLUDED_EXPERT__INIT, *list[] = {&named};
    struct wish wish;
    (void)state;
    wish_init(&wish, "A0501", 1, 0);
    wish.conditions.reply_by = wish.conditions.review_at;
    assert_string_equal(service_test_reason(&drawer, "CreateDraw", &wish.request.base),
                        "field_errors");
    wish_init(&wish, "NOWHERE", 1, 0);
    assert_string_equal(service_test_reason(&drawer, "CreateDraw", &wish.request.base),
                        "field_errors");
    wish_init(&wish, "A0501", 0, 0);
    assert_string_equal(service_test_reason(&drawer, "CreateDraw", &wish.request.base),
                        "field_errors");
    wish_init(&wish, "A0501", 1, 0);
    named.expert_no = TEXT("ZJ-99999");
    named.reason = TEXT("没有这个人");
    wish.conditions.excluded_experts = list;
    wish.conditions.n_excluded_experts = 1;
    assert_string_equal(service_test_reason(&drawer, "CreateDraw", &wish.request.base),
                        "field_errors");
    wish_init(&wish, "A0501", 1, 0);
    wish.conditions.review_at = TEXT("2020-12-01 09:00");
    wish.conditions.reply_by = TEXT("2020-11-01 09:00");
    assert_string_equal(freeze(&drawer, create(&wish)), "draw_late");
}

static void test_too_few_are_refused_by_row(void **state)
{
    Certification__FreezeDrawRequest request = CERTIFICATION__FREEZE_DRAW_REQUEST__INIT;
    ProtobufCMessage *reply;
    struct wish wish;
    (void)state;
    experts(200, 5, "A03");
    wish_init(&wish, "A03", 2,
              1); /* both rows may take two of the same five: each needs 2 + 1 + 2 */
    wish.conditions.n_rows = 2;
    wish.rows[1].alternates = 2;
    request.id = create(&wish);
    request.version = 1;
    assert_int_equal(service_test_call(&drawer, "gateway", "FreezeDraw", &request.base, "", &reply),
                     STATUS_INVALID);
    const Common__Problem *problem = (const Common__Problem *)reply;
    assert_int_equal(problem->n_errors, 1);
    assert_string_equal(problem->errors[0]->field, "conditions.rows.1.count");
    assert_non_null(strstr(problem->errors[0]->message, "只有5人"));
    assert_non_null(strstr(problem->errors[0]->message, "至少要6人"));
    assert_string_equal(state_of(request.id), "DRAFT");
}

/* ---- freezing and drawing */

static void test_what_is_frozen_is_hashed_and_stays(void **state)
{
    Certification__DrawPackageRequest request = CERTIFICATION__DRAW_PACKAGE_REQUEST__INIT;
    ProtobufCMessage *reply;
    (void)state;
    experts(210, 4, "A0412");
    int64_t id = frozen("A0412", 2, 1);
    const Certification__Draw *draw = get(id);
    assert_string_equal(draw->server_seed, "");
    request.draw_no = draw->draw_no;
    assert_int_equal(
        service_test_call(NULL, "gateway", "GetDrawPackage", &request.base, "", &reply), STATUS_OK);
    const Certification__DrawPackage *package = (const Certification__DrawPackage *)reply;
    assert_string_equal(package->candidates_hash, draw->candidates_hash);
    assert_string_equal(package->seed, "");
    assert_non_null(strstr(package->frozen, draw->server_commit));
    assert_null(strstr(package->frozen, "专家"));   /* no name, */
    assert_null(strstr(package->frozen, "会议室")); /* and no place */
    assert_string_equal(
        service_test_value("SELECT canonical_json(frozen::jsonb) = frozen FROM draw WHERE id = "
                           "%" PRId64,
                           id),
        "t");
    assert_string_equal(
        service_test_value("SELECT object FROM audit WHERE action = 'draw.frozen' AND object LIKE "
                           "'%s/%%'",
                           draw->draw_no),
        arena_printf(arena, "%s/%s", draw->draw_no, draw->candidates_hash));
    assert_string_equal(freeze(&drawer, id), "draw_moved");
    service_test_sql(
        arena_printf(arena,
                     "DO $$ BEGIN UPDATE draw SET conditions = '{}' WHERE id = %" PRId64
                     "; RAISE 'it went through'; EXCEPTION WHEN check_violation THEN NULL; END $$",
                     id));
    request.draw_no = TEXT("CQ000000000000");
    assert_string_equal(service_test_reason(NULL, "GetDrawPackage", &request.base),
                        "draw_unpublished");
}

static void test_the_canonical_form(void **state)
{
    (void)state;
    assert_string_equal(
        service_test_value(
            "SELECT canonical_json('{\"b\": [1, {\"z\": null, \"y\": true}], \"aa\": "
            "\"é\\u0001\\n\\\"\\\\/\", \"B\": \"\"}')"),
        "{\"B\":\"\",\"aa\":\"é\\u0001\\n\\\"\\\\/\",\"b\":[1,{\"y\":true,\"z\":null}]}");
}

static void test_the_witness_is_another_person(void **state)
{
    (void)state;
    struct wish wish;
    experts(220, 3, "A0601");
    wish_init(&wish, "A0601", 1, 0);
    int64_t id = create(&wish);
    assert_string_equal(run(&witness, id), "field_errors"); /* there is no hash yet */
    assert_string_equal(freeze(&witness, id), "not_allowed");
    assert_string_equal(freeze(&drawer_and_witness, id), "");
    assert_string_equal(run(&drawer, id), "not_allowed");
    assert_string_equal(run(&drawer_and_witness, id), "draw_same_person");
    service_test_sql(arena_printf(
        arena,
        "DO $$ DECLARE named text; BEGIN UPDATE draw SET witness_id = created_by WHERE id = "
        "%" PRId64 "; RAISE 'it went through'; EXCEPTION WHEN check_violation THEN GET STACKED "
        "DIAGNOSTICS named = CONSTRAINT_NAME; ASSERT named = 'draw_same_person'; END $$",
        id));
    assert_string_equal(run(&witness, id), "");
}

static void test_the_result_is_what_the_seeds_give(void **state)
{
    unsigned char server_seed[DRAW_BYTES], hash[DRAW_BYTES], seed[DRAW_BYTES];
    static const unsigned counts[] = {2, 2};
    struct wish wish;
    (void)state;
    experts(230, 8, "A0701");
    wish_init(&wish, "A0701", 2, 1);
    wish.conditions.n_rows = 2;
    int64_t id = create(&wish);
    assert_string_equal(freeze(&drawer, id), "");
    assert_string_equal(run(&witness, id), "");
    const Certification__Draw *draw = get(id);
    assert_int_equal(draw->state, CERTIFICATION__DRAW__STATE__DRAWN);
    assert_string_equal(draw->witness_name, witness.display_name);
    assert_int_equal(draw->n_results, 16);
    assert_true(draw_rules_hex(draw->server_seed, server_seed));
    assert_true(draw_rules_hex(draw->candidates_hash, hash));
    draw_rules_seed(server_seed, "骰子 3 5 2", NULL, hash, seed);
    struct draw_entry *list = arena_alloc(arena, 16 * sizeof *list);
    for (unsigned i = 0; i < 16; i++)
        list[i] = (struct draw_entry){.slot = 1 + i / 8, .expert_no = number_of(230 + i % 8)};
    draw_rules_order(seed, counts, list, 16);
    for (size_t i = 0; i < 16; i++) {
        assert_string_equal(draw->results[i]->expert_no, list[i].expert_no);
        assert_int_equal(draw->results[i]->outcome, list[i].outcome);
    }
    assert_string_equal(
        service_test_value("SELECT count(*) || ' ' || count(DISTINCT expert_no) FROM draw_result "
                           "WHERE draw_id = %" PRId64 " AND outcome = 'DRAWN'",
                           id),
        "4 4");
}

/* A hand in the database: a friend's place for another's, or seeds that are not those that were committed. */
static void test_the_database_takes_no_other_result(void **state)
{
    (void)state;
    experts(240, 3, "A0801");
    int64_t id = frozen("A0801", 1, 0);
    service_test_sql(arena_printf(
        arena,
        "DO $$ DECLARE named text; BEGIN UPDATE draw SET state = 'DRAWN', server_seed = "
        "sha256(''), "
        "witness_seed = '1', beacon = '', seed = sha256(''), witness_id = 77, drawn_at = now() "
        "WHERE "
        "id = %" PRId64 "; RAISE 'it went through'; EXCEPTION WHEN check_violation THEN GET "
        "STACKED DIAGNOSTICS named = CONSTRAINT_NAME; ASSERT named = 'draw_drawn_whole'; END $$",
        id));
    service_test_sql(arena_printf(
        arena,
        "CREATE FUNCTION favour() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.expert_no := "
        "CASE "
        "NEW.expert_no WHEN '%1$s' THEN '%2$s' WHEN '%2$s' THEN '%1$s' ELSE NEW.expert_no END; "
        "RETURN NEW; END $$; CREATE TRIGGER favour BEFORE INSERT ON draw_result FOR EACH ROW "
        "EXECUTE "
        "FUNCTION favour()",
        number_of(240), number_of(241)));
    assert_string_equal(run(&witness, id), "draw_not_reproduced");
    service_test_sql("DROP TRIGGER favour ON draw_result; DROP FUNCTION favour");
    assert_string_equal(state_of(id), "FROZEN");
    assert_string_equal(run(&witness, id), "");
}

static void test_it_is_drawn_once_however_often_it_is_asked(void **state)
{
    ProtobufCMessage *first, *again;
    (void)state;
    experts(250, 3, "A09");
    int64_t id = frozen("A09", 1, 0);
    Certification__RunDrawRequest request = run_request(id);
    assert_int_equal(
        service_test_call(&witness, "gateway", "RunDraw", &request.base, "key-1", &first),
        STATUS_OK);
    const char *before = service_test_value("SELECT string_agg(expert_no, ' ' ORDER BY place) FROM "
                                            "draw_result WHERE draw_id = %" PRId64,
                                            id);
    assert_int_equal(
        service_test_call(&witness, "gateway", "RunDraw", &request.base, "key-1", &again),
        STATUS_OK);
    assert_string_equal(((const Certification__DrawStep *)again)->draw_no,
                        ((const Certification__DrawStep *)first)->draw_no);
    request.witness_seed = TEXT("另一个数");
    assert_string_equal(service_test_reason(&witness, "RunDraw", &request.base), "draw_moved");
    assert_string_equal(service_test_reason(&second_witness, "RunDraw", &request.base),
                        "draw_moved");
    assert_string_equal(service_test_value("SELECT string_agg(expert_no, ' ' ORDER BY place) FROM "
                                           "draw_result WHERE draw_id = %" PRId64,
                                           id),
                        before);
    assert_string_equal(ended("CancelDraw", id), "draw_moved");
}

/* Two witnesses, each in the middle of it, when one has the row: the other finds it drawn. */
static void test_of_two_at_once_one_draws(void **state)
{
    (void)state;
    experts(260, 3, "A0802");
    int64_t id = frozen("A0802", 1, 0);
    service_test_sql(arena_printf(
        arena,
        "CREATE FUNCTION first_come() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.state <> "
        "'FROZEN' OR NEW.witness_id IS DISTINCT FROM %" PRId64
        " THEN RETURN NEW; END IF; RETURN NULL; END $$; CREATE TRIGGER a_first_come BEFORE UPDATE "
        "ON draw FOR EACH ROW EXECUTE FUNCTION first_come()",
        second_witness.account_id));
    assert_string_equal(run(&second_witness, id), "draw_moved"); /* its row was taken between */
    service_test_sql("DROP TRIGGER a_first_come ON draw; DROP FUNCTION first_come");
    assert_string_equal(service_test_value("SELECT count(*) FROM draw_result WHERE draw_id = "
                                           "%" PRId64,
                                           id),
                        "0");
    assert_string_equal(run(&witness, id), "");
    assert_string_equal(run(&second_witness, id), "draw_moved");
}

static void test_a_beacon_is_given_where_one_was_agreed(void **state)
{
    struct wish wish;
    (void)state;
    experts(270, 2, "A0803");
    wish_init(&wish, "A0803", 1, 0);
    wish.conditions.beacon_round = TEXT("drand 轮次 5000000");
    int64_t id = create(&wish);
    assert_string_equal(freeze(&drawer, id), "");
    Certification__RunDrawRequest request = run_request(id);
    assert_string_equal(service_test_reason(&witness, "RunDraw", &request.base), "field_errors");
    request.beacon = TEXT("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
    assert_string_equal(service_test_reason(&witness, "RunDraw", &request.base), "");
    assert_string_equal(get(id)->beacon, request.beacon);
}

static void test_another_list_is_not_drawn(void **state)
{
    (void)state;
    experts(280, 2, "A0602");
    int64_t id = frozen("A0602", 1, 0);
    Certification__RunDrawRequest request = run_request(id);
    request.candidates_hash =
        TEXT("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
    assert_string_equal(service_test_reason(&witness, "RunDraw", &request.base), "draw_moved");
    assert_string_equal(state_of(id), "FROZEN");
}

/* ---- replies */

static void test_replies_lead_to_the_next_alternate(void **state)
{
    (void)state;
    experts(300, 4, "C07");
    int64_t id = frozen("C07", 2, 1);
    assert_string_equal(invite(id), "draw_moved");
    assert_string_equal(run(&witness, id), "");
    assert_string_equal(invite(id), "");
    assert_string_equal(state_of(id), "NOTIFYING");
    assert_string_equal(
        service_test_value("SELECT string_agg(place || '', ',' ORDER BY place) FROM "
                           "draw_invitation WHERE draw_id = %" PRId64,
                           id),
        "1,2");
    int64_t first = waiting(id, "id"), account = waiting(id, "account_id");
    assert_string_equal(answers(account + 1000, first, true), "invitation_over"); /* not his */
    assert_string_equal(answers(account, first, false), "");
    assert_string_equal(answers(account, first, true), "invitation_over");
    assert_string_equal(state_of(id), "NEEDS_MORE");
    assert_string_equal(invite(id), "");
    assert_string_equal(
        service_test_value("SELECT string_agg(place || state, ',' ORDER BY place) FROM "
                           "draw_invitation WHERE draw_id = %" PRId64,
                           id),
        "1DECLINED,2INVITED,3INVITED");
    assert_string_equal(answers(waiting(id, "account_id"), waiting(id, "id"), true), "");
    assert_string_equal(state_of(id), "NOTIFYING");
    int64_t last = waiting(id, "id");
    assert_string_equal(record(last, CERTIFICATION__INVITATION__STATE__NO_ANSWER), "");
    assert_string_equal(invite(id), "");
    last = waiting(id, "id");
    assert_string_equal(record(last, CERTIFICATION__INVITATION__STATE__ACCEPTED), "");
    assert_string_equal(record(last, CERTIFICATION__INVITATION__STATE__ACCEPTED), "reply_moved");
    assert_string_equal(state_of(id), "CONFIRMED");
    assert_string_equal(
        service_test_value(
            "SELECT count(*) FILTER (WHERE event = 'draw.invited') || ' ' || "
            "count(*) FILTER (WHERE event = 'draw.confirmed' AND payload ->> 'place' "
            "= '协会三楼会议室') FROM outbox WHERE payload ->> 'account_id' IN "
            "('300', '301', '302', '303')"),
        "4 2");
    assert_string_equal(record(last, CERTIFICATION__INVITATION__STATE__DECLINED), "");
    assert_string_equal(state_of(id), "NEEDS_MORE");
    assert_string_equal(invite(id), "draw_exhausted");
    assert_string_equal(ended("CloseDraw", id), "");
    assert_string_equal(
        service_test_value("SELECT count(*) FROM outbox WHERE event = 'draw.called_off'"), "1");
    assert_string_equal(
        service_test_value(
            "SELECT string_agg(to_state, '>' ORDER BY id) FROM history WHERE machine "
            "= 'draw' AND subject = '%" PRId64 "'",
            id),
        "DRAFT>FROZEN>DRAWN>NOTIFYING>NEEDS_MORE>NOTIFYING>NEEDS_MORE>NOTIFYING>CONFIRMED>NEEDS_"
        "MORE>CLOSED");
}

static void test_nobody_is_drawn_twice_for_a_half_day(void **state)
{
    struct wish wish;
    (void)state;
    experts(310, 2, "C08");
    int64_t id = frozen("C08", 1, 0);
    int64_t beside = frozen("C08", 2, 0);
    assert_string_equal(run(&witness, id), "");
    assert_string_equal(invite(id), "");
    const char *taken = number_of(waiting(id, "account_id"));
    wish_init(&wish, "C08", 1, 0);
    int64_t after = create(&wish);
    assert_string_equal(why_not(get(after), taken), "SAME_HALF_DAY");
    assert_int_equal(get(after)->counts[0]->candidates, 1);
    wish.conditions.review_at = TEXT("2098-12-01 14:00");
    assert_int_equal(get(create(&wish))->counts[0]->candidates, 2);
    assert_string_equal(run(&witness, beside), ""); /* frozen before the other was drawn */
    assert_string_equal(invite(beside), "");
    assert_string_equal(
        service_test_value("SELECT count(*) FROM draw_invitation WHERE draw_id = %" PRId64, beside),
        "1");
}

static void test_a_cap_leaves_out_who_came_often(void **state)
{
    struct wish wish;
    (void)state;
    experts(320, 2, "C09");
    int64_t id = frozen("C09", 1, 0);
    assert_string_equal(run(&witness, id), "");
    assert_string_equal(invite(id), "");
    const char *came = number_of(waiting(id, "account_id"));
    assert_string_equal(record(waiting(id, "id"), CERTIFICATION__INVITATION__STATE__ACCEPTED), "");
    wish_init(&wish, "C09", 1, 0);
    wish.conditions.review_at = TEXT("2098-12-20 09:00");
    wish.conditions.frequency_cap = 1;
    assert_string_equal(why_not(get(create(&wish)), came), "FREQUENCY");
    wish.conditions.frequency_cap = 2;
    assert_string_equal(why_not(get(create(&wish)), came), "");
}

static void test_names_are_withheld_until_their_hour(void **state)
{
    struct wish wish;
    (void)state;
    experts(330, 2, "C10");
    wish_init(&wish, "C10", 1, 0);
    int64_t open = create(&wish);
    wish.conditions.hide_until = TEXT("2098-12-01 08:00");
    int64_t hidden = create(&wish);
    assert_string_equal(freeze(&drawer, open), "");
    assert_string_equal(freeze(&drawer, hidden), "");
    assert_string_equal(run(&witness, open), "");
    assert_string_equal(run(&witness, hidden), "");
    assert_string_not_equal(get(open)->results[0]->name, "");
    assert_true(get(hidden)->names_withheld);
    assert_string_equal(get(hidden)->results[0]->name, "");
    assert_string_equal(get(hidden)->results[0]->mobile, "");
}

/* ---- the link of the SMS, and who answers nothing */

static int64_t notified(const char *specialty, unsigned count)
{
    int64_t id = frozen(specialty, count, 0);
    assert_string_equal(run(&witness, id), "");
    assert_string_equal(invite(id), "");
    return id;
}

/* The token of the last link that went to the account. */
static const char *token_of(int64_t account)
{
    const char *url = service_test_value("SELECT payload ->> 'url' FROM outbox WHERE event = "
                                         "'draw.invited' AND payload ->> 'account_id' = '%" PRId64
                                         "' ORDER BY id DESC LIMIT 1",
                                         account);
    static const char site[] = "https://www.xmqgczx.com/i?";
    assert_memory_equal(url, site, strlen(site));
    assert_int_equal(strlen(url), strlen(site) + 20);
    return url + strlen(site);
}

static const char *link_says(const char *token)
{
    return service_test_json(NULL, "GetInvitationLink", "",
                             arena_printf(arena, "{\"token\":\"%s\"}", token));
}

static const char *link_answer_is(const char *token, const char *key, const char *accept,
                                  const char *reason)
{
    return service_test_json(NULL, "AnswerInvitationLink", key,
                             arena_printf(arena,
                                          "{\"token\":\"%s\",\"accept\":%s,\"reason\":\"%s\"}",
                                          token, accept, reason));
}

static void test_the_link_answers_once(void **state)
{
    (void)state;
    experts(350, 2, "C12");
    int64_t id = notified("C12", 1);
    int64_t invitation = waiting(id, "id");
    const char *token = token_of(waiting(id, "account_id"));
    const char *told = link_says(token);
    SAYS(told, "\"state\":\"OPEN\"");
    SAYS(told, "\"review_at\":\"2098-12-01 09:00\"");
    SAYS(told, "\"reply_by\":\"2098-11-30 18:00\"");
    SAYS(told, "\"contact_phone\":\"0355-3069919\"");
    static const char *const secrets[] = {"专家35", "ZJ-",    "18003551778",
                                          "会议室", "漳泽湖", "水利局"};
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        assert_null(strstr(told, secrets[i]));
    for (size_t i = 0; i < strlen(token); i++) {
        char *forged = arena_text(arena, token);
        forged[i] = forged[i] == 'A' ? 'B' : 'A';
        SAYS(link_says(forged), "invitation_link_gone");
        SAYS(link_answer_is(forged, "", "true", ""), "invitation_link_gone");
    }
    SAYS(link_says(arena_printf(arena, "%sA", token)), "invitation_link_gone");
    SAYS(link_says("x"), "invitation_link_gone");

    told = link_answer_is(token, "", "false", "");
    SAYS(told, "field_errors");
    SAYS(told, "\"field\":\"reason\"");
    SAYS(link_says(token), "OPEN");
    SAYS(link_answer_is(token, "key-link", "false", "当天在外地开会"), "\"state\":\"DECLINED\"");
    SAYS(link_answer_is(token, "key-link", "false", "当天在外地开会"), "\"state\":\"DECLINED\"");
    SAYS(link_answer_is(token, "", "true", ""), "invitation_over");
    SAYS(link_says(token), "DECLINED");
    assert_string_equal(
        service_test_value(
            "SELECT concat_ws(' ', state, note, recorded_by IS NULL, replied_at IS NOT NULL) "
            "FROM draw_invitation WHERE id = %" PRId64,
            invitation),
        "DECLINED 当天在外地开会 t t");
    assert_string_equal(
        service_test_value("SELECT string_agg(concat_ws(' ', actor_kind, actor_id, action), ',') "
                           "FROM audit WHERE object LIKE 'CQ%%/%" PRId64 "/DECLINED'",
                           invitation),
        "PUBLIC draw.answered_by_link");
    assert_string_equal(state_of(id), "NEEDS_MORE");

    assert_string_equal(invite(id), "");
    int64_t account = waiting(id, "account_id");
    token = token_of(account);
    SAYS(link_answer_is(token, "", "true", "不该留下"), "\"state\":\"ACCEPTED\"");
    assert_string_equal(state_of(id), "CONFIRMED");
    SAYS(link_says(token), "ACCEPTED");
    SAYS(link_answer_is(token, "", "false", "改主意了"), "invitation_over");
    assert_string_equal(service_test_value("SELECT note FROM draw_invitation WHERE draw_id = "
                                           "%" PRId64 " AND state = 'ACCEPTED'",
                                           id),
                        "");
    service_test_sql("UPDATE draw_invitation SET link_no = NULL"); /* signed, but nobody's */
    SAYS(link_says(token), "invitation_link_gone");
}

/* Logged in and by the link it is one answer. */
static void test_either_way_it_is_one_answer(void **state)
{
    Certification__AnswerInvitationRequest silent = CERTIFICATION__ANSWER_INVITATION_REQUEST__INIT;
    (void)state;
    experts(355, 1, "A0502");
    int64_t id = notified("A0502", 1);
    int64_t account = waiting(id, "account_id");
    Common__Principal who = service_test_member(account);
    silent.id = waiting(id, "id");
    assert_string_equal(service_test_reason(&who, "AnswerInvitation", &silent.base),
                        "field_errors");
    assert_string_equal(answers(account, waiting(id, "id"), true), "");
    SAYS(link_says(token_of(account)), "ACCEPTED");
    SAYS(link_answer_is(token_of(account), "", "true", ""), "invitation_over");
}

static void deadlines_pass(int64_t id)
{
    service_test_sql(arena_printf(arena,
                                  "UPDATE draw_invitation SET reply_by = shanghai_now() - interval "
                                  "'1 second' WHERE draw_id = %" PRId64 " AND state = 'INVITED'",
                                  id));
}

static PGconn *instance(void)
{
    PGconn *pg = PQconnectdb(getenv("GUILD_DATABASE"));
    assert_int_equal(PQstatus(pg), CONNECTION_OK);
    return pg;
}

static void lapse_in(PGconn *pg)
{
    PGresult *result = PQexec(pg, "BEGIN");
    PQclear(result);
    result = PQexec(pg, sql_invitation_lapse.text);
    assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
    PQclear(result);
}

static const char *passed_over(int64_t id)
{
    return service_test_value(
        "SELECT (SELECT string_agg(concat_ws(' ', state, note, recorded_by, replied_at), ',' ORDER "
        "BY id) "
        "FROM draw_invitation WHERE draw_id = %1$" PRId64
        ") || ' ' || (SELECT count(*) FROM history WHERE machine = 'draw_invitation' AND to_state "
        "= 'NO_ANSWER' AND subject IN (SELECT id::text FROM draw_invitation WHERE draw_id = "
        "%1$" PRId64 "))",
        id);
}

#define PASSED_OVER "NO_ANSWER 到期未答复，系统登记"

/* Of several instances at once, and one that dies before it commits: each invitation ends once, and whoever draws is told once. */
static void test_who_answers_nothing_in_time_is_passed_over(void **state)
{
    (void)state;
    experts(360, 4, "A0503");
    int64_t id = notified("A0503", 2);
    int64_t first = waiting(id, "account_id"), invitation = waiting(id, "id");
    const char *token = token_of(first);
    deadlines_pass(id);
    SAYS(link_says(token), "EXPIRED");
    SAYS(link_answer_is(token, "", "true", ""), "invitation_over");
    assert_string_equal(answers(first, invitation, true), "invitation_over");

    PGconn *dies = instance(), *one = instance(), *two = instance();
    lapse_in(dies);
    PQfinish(dies);
    assert_string_equal(passed_over(id), "INVITED ,INVITED  0");
    lapse_in(one);
    lapse_in(two); /* goes past what the first has */
    PQclear(PQexec(one, "COMMIT"));
    PQclear(PQexec(two, "COMMIT"));
    PQfinish(one);
    PQfinish(two);
    assert_string_equal(passed_over(id), PASSED_OVER "," PASSED_OVER " 2");
    assert_string_equal(state_of(id), "NEEDS_MORE");
    SAYS(link_says(token), "EXPIRED");

    assert_string_equal(invite(id), "");
    SAYS(link_says(token), "REPLACED");
    int64_t next = waiting(id, "account_id");
    const char *token_of_next = token_of(next);
    assert_string_equal(answers(next, waiting(id, "id"), false), "");
    assert_string_equal(ended("CloseDraw", id), "");
    SAYS(link_says(token_of_next), "DECLINED");
    SAYS(link_says(token_of(waiting(id, "account_id"))), "CANCELLED");
    assert_string_equal(
        service_test_value(
            "SELECT string_agg((payload ->> 'missing') || (payload ->> 'project_name'), ' ' ORDER "
            "BY id) "
            "FROM outbox WHERE event = 'draw.needs_more' AND payload ->> 'draw_id' = '%" PRId64 "'",
            id),
        "2漳泽湖生态修复工程 1漳泽湖生态修复工程");
}

/* By the service's own watch: what is due, and nothing else. */
static void test_the_watch_passes_over_what_is_due(void **state)
{
    (void)state;
    experts(365, 1, "A0508");
    experts(366, 1, "A0509");
    int64_t id = notified("A0508", 1), later = notified("A0509", 1);
    deadlines_pass(id);
    invitation_watch_run(service_test_run());
    service_test_until(
        arena_printf(arena, "SELECT state = 'NEEDS_MORE' FROM draw WHERE id = %" PRId64, id));
    assert_string_equal(passed_over(id), PASSED_OVER " 1");
    assert_string_equal(state_of(later), "NOTIFYING");
    assert_int_not_equal(waiting(later, "id"), 0);
}

/* Deadlines from now, in hours, of who is invited now. */
static void test_each_has_time_to_answer(void **state)
{
    static const struct {
        const char *state;
        int reply_by, review_at, expected;
    } cases[] = {
        {"DRAWN",      5,   100, 5 }, /* as the conditions say */
        {"DRAWN",      -1,  100, 24}, /* drawn late */
        {"NEEDS_MORE", 5,   100, 24},
        {"NEEDS_MORE", 50,  100, 50},
        {"NEEDS_MORE", -10, 6,   6 }, /* until the review at the latest */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(
            service_test_value(
                "SELECT round(extract(epoch FROM draw_reply_by(jsonb_populate_record(NULL::draw, "
                "jsonb_build_object('state', '%s', 'review_at', shanghai_now() + interval '%d "
                "hours', 'conditions', jsonb_build_object('reply_by', shanghai_now() + interval "
                "'%d hours')))) - shanghai_now()) / 3600)",
                cases[i].state, cases[i].review_at, cases[i].reply_by),
            arena_printf(arena, "%d", cases[i].expected));
}

static void test_nobody_is_invited_to_what_is_over(void **state)
{
    (void)state;
    experts(370, 2, "A0504");
    int64_t id = frozen("A0504", 1, 0);
    assert_string_equal(run(&witness, id), "");
    service_test_sql("ALTER TABLE draw DISABLE TRIGGER draw_kept");
    service_test_sql(
        arena_printf(arena, "UPDATE draw SET review_at = shanghai_now() WHERE id = %" PRId64, id));
    service_test_sql("ALTER TABLE draw ENABLE TRIGGER draw_kept");
    assert_string_equal(invite(id), "draw_over");
    assert_string_equal(state_of(id), "DRAWN");
}

/* ---- who sat beside whom */

static int64_t sat_together(const char *specialty, const char *review_at, unsigned count,
                            bool takes_place)
{
    struct wish wish;
    wish_init(&wish, specialty, count, 0);
    wish.conditions.review_at = TEXT(review_at);
    wish.conditions.reply_by = TEXT("2095-01-01 09:00");
    int64_t id = create(&wish);
    assert_string_equal(freeze(&drawer, id), "");
    assert_string_equal(run(&witness, id), "");
    assert_string_equal(invite(id), "");
    for (int64_t next; (next = waiting(id, "id")) != 0;)
        assert_string_equal(record(next, CERTIFICATION__INVITATION__STATE__ACCEPTED), "");
    assert_string_equal(state_of(id), "CONFIRMED");
    if (!takes_place) {
        int64_t one = atoll(
            service_test_value("SELECT max(id) FROM draw_invitation WHERE draw_id = %" PRId64, id));
        assert_string_equal(record(one, CERTIFICATION__INVITATION__STATE__DECLINED), "");
    }
    assert_string_equal(ended("CloseDraw", id), "");
    return id;
}

static void test_who_sat_beside_one_who_keeps_away_keeps_away(void **state)
{
    Certification__ExcludedExpert named = CERTIFICATION__EXCLUDED_EXPERT__INIT, *list[] = {&named};
    Certification__ExcludedUnit unit = CERTIFICATION__EXCLUDED_UNIT__INIT, *units[] = {&unit};
    Certification__ReadDrawDocumentRequest record_sheet =
        CERTIFICATION__READ_DRAW_DOCUMENT_REQUEST__INIT;
    struct wish wish;
    (void)state;
    expert(380, "A0505", "\"employer_name\": \"丙公司\"");
    experts(381, 2, "A0505");
    sat_together("A0505", "2095-12-01 09:00", 3, true);
    expert(383, "A0505", ""); /* who sat in none */
    experts(384, 2, "A0505");
    wish_init(&wish, "A0505", 1, 0);
    wish.conditions.review_at = TEXT("2098-12-01 09:00"); /* 36 months after, to the minute */
    assert_string_equal(why_not(get(create(&wish)), number_of(381)), "");

    named.expert_no = TEXT(number_of(380));
    named.reason = TEXT("与投标人有利害关系");
    wish.conditions.excluded_experts = list;
    wish.conditions.n_excluded_experts = 1;
    int64_t id = create(&wish);
    const Certification__Draw *draft = get(id);
    assert_string_equal(why_not(draft, number_of(380)), "NAMED");
    assert_string_equal(why_not(draft, number_of(381)), "CO_SERVICE");
    assert_string_equal(why_not(draft, number_of(382)), "CO_SERVICE");
    assert_string_equal(why_not(draft, number_of(383)), "");
    assert_int_equal(draft->counts[0]->candidates, 3);

    assert_string_equal(freeze(&drawer, id), "");
    assert_string_equal(
        service_test_value("SELECT count(*) FROM draw, jsonb_array_elements(frozen::jsonb -> "
                           "'exclusions') AS x WHERE id = %" PRId64
                           " AND x -> 'reasons' = '[\"CO_SERVICE\"]'",
                           id),
        "2");
    record_sheet.id = id;
    assert_string_equal(service_test_reason(&drawer, "ReadDrawDocument", &record_sheet.base), "");

    wish.conditions.review_at = TEXT("2098-12-01 09:01");
    assert_string_equal(why_not(get(create(&wish)), number_of(381)), "");

    wish.conditions.review_at = TEXT("2096-12-01 09:00");
    wish.conditions.reply_by = TEXT("2096-11-30 18:00");
    wish.conditions.n_excluded_experts = 0;
    wish.conditions.owner_unit_name =
        TEXT("丙公司"); /* the owner: its own people keep away, no more */
    assert_string_equal(why_not(get(create(&wish)), number_of(380)), "EMPLOYER_NOW");
    assert_string_equal(why_not(get(create(&wish)), number_of(381)), "");
    wish.conditions.owner_unit_name = TEXT("长治市水利局");
    unit.unit_name = TEXT("丙公司");
    unit.uscc = TEXT("");
    wish.conditions.excluded_units = units;
    wish.conditions.n_excluded_units = 1;
    assert_string_equal(why_not(get(create(&wish)), number_of(380)), "EMPLOYER_NOW");
    assert_string_equal(why_not(get(create(&wish)), number_of(381)), "CO_SERVICE");
}

static void test_what_did_not_take_place_brings_nobody_together(void **state)
{
    Certification__ExcludedExpert named = CERTIFICATION__EXCLUDED_EXPERT__INIT, *list[] = {&named};
    struct wish wish;
    (void)state;
    experts(390, 3, "A0506");
    sat_together("A0506", "2095-12-01 09:00", 3, false);
    named.expert_no = TEXT(number_of(390));
    named.reason = TEXT("与投标人有利害关系");
    wish_init(&wish, "A0506", 1, 0);
    wish.conditions.review_at = TEXT("2096-12-01 09:00");
    wish.conditions.reply_by = TEXT("2096-11-30 18:00");
    wish.conditions.excluded_experts = list;
    wish.conditions.n_excluded_experts = 1;
    const Certification__Draw *draft = get(create(&wish));
    assert_string_equal(why_not(draft, number_of(391)), "");
    assert_string_equal(why_not(draft, number_of(392)), "");
}

/* ---- the record, and who may */

static void test_the_record_is_printed(void **state)
{
    Certification__ReadDrawDocumentRequest request =
        CERTIFICATION__READ_DRAW_DOCUMENT_REQUEST__INIT;
    ProtobufCMessage *reply;
    struct wish wish;
    (void)state;
    experts(340, 3, "C11");
    wish_init(&wish, "C11", 1, 1);
    request.id = create(&wish);
    assert_string_equal(service_test_reason(&drawer, "ReadDrawDocument", &request.base),
                        "draw_unfrozen");
    assert_string_equal(freeze(&drawer, request.id), "");
    assert_string_equal(service_test_reason(&drawer, "ReadDrawDocument", &request.base), "");
    assert_string_equal(run(&witness, request.id), "");
    assert_int_equal(
        service_test_call(&drawer, "gateway", "ReadDrawDocument", &request.base, "", &reply),
        STATUS_OK);
    const Common__AttachmentPart *part = (const Common__AttachmentPart *)reply;
    assert_string_equal(part->content_type, "application/pdf");
    assert_memory_equal(part->content.data, "%PDF", 4);
    assert_non_null(strstr(part->file_name, "专家抽取记录表-CQ"));
}

static void test_who_may(void **state)
{
    static const struct {
        const char *method;
        bool drawer, witness;
    } methods[] = {
        {"GetDraw",     true, true },
        {"InviteDrawn", true, false},
    };
    Certification__DrawRequest request = CERTIFICATION__DRAW_REQUEST__INIT;
    (void)state;
    request.id = 999999;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        assert_string_equal(service_test_reason(NULL, methods[i].method, &request.base),
                            "log_in_first");
        assert_string_equal(service_test_reason(&member, methods[i].method, &request.base),
                            "not_allowed");
        assert_string_equal(service_test_reason(&drawer, methods[i].method, &request.base),
                            methods[i].drawer ? "draw_gone" : "not_allowed");
        assert_string_equal(service_test_reason(&witness, methods[i].method, &request.base),
                            methods[i].witness ? "draw_gone" : "not_allowed");
    }
}

static int open_service(void **state)
{
    (void)state;
    service_test_open(&certification);
    arena = arena_new(4 << 20);
    drawer = service_test_staff(21, "expert.draw draw.read");
    witness = service_test_staff(22, "draw.witness draw.read");
    second_witness = service_test_staff(23, "draw.witness draw.read");
    drawer_and_witness = service_test_staff(24, "expert.draw draw.witness draw.read");
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
        cmocka_unit_test(test_each_conflict_has_its_reason),
        cmocka_unit_test(test_titles_and_qualifications_narrow),
        cmocka_unit_test(test_conditions_are_checked),
        cmocka_unit_test(test_too_few_are_refused_by_row),
        cmocka_unit_test(test_what_is_frozen_is_hashed_and_stays),
        cmocka_unit_test(test_the_canonical_form),
        cmocka_unit_test(test_the_witness_is_another_person),
        cmocka_unit_test(test_the_result_is_what_the_seeds_give),
        cmocka_unit_test(test_the_database_takes_no_other_result),
        cmocka_unit_test(test_it_is_drawn_once_however_often_it_is_asked),
        cmocka_unit_test(test_of_two_at_once_one_draws),
        cmocka_unit_test(test_a_beacon_is_given_where_one_was_agreed),
        cmocka_unit_test(test_another_list_is_not_drawn),
        cmocka_unit_test(test_replies_lead_to_the_next_alternate),
        cmocka_unit_test(test_nobody_is_drawn_twice_for_a_half_day),
        cmocka_unit_test(test_a_cap_leaves_out_who_came_often),
        cmocka_unit_test(test_names_are_withheld_until_their_hour),
        cmocka_unit_test(test_the_link_answers_once),
        cmocka_unit_test(test_either_way_it_is_one_answer),
        cmocka_unit_test(test_who_answers_nothing_in_time_is_passed_over),
        cmocka_unit_test(test_the_watch_passes_over_what_is_due),
        cmocka_unit_test(test_each_has_time_to_answer),
        cmocka_unit_test(test_nobody_is_invited_to_what_is_over),
        cmocka_unit_test(test_who_sat_beside_one_who_keeps_away_keeps_away),
        cmocka_unit_test(test_what_did_not_take_place_brings_nobody_together),
        cmocka_unit_test(test_the_record_is_printed),
        cmocka_unit_test(test_who_may),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
