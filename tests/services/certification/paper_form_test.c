/* SM10: papers are filled, printed with a number, come back stamped and are accepted or returned: every event in every state,
   in the service and in the database; what the code on a scan says; and what is printed, read back. */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "printed.h"
#include "service_test.h"

#define VALUE service_test_value
#define JSON(who, method, ...) service_test_json(who, method, "", arena_printf(arena, __VA_ARGS__))

static Common__Principal clerk, stranger;

static Common__Principal member(int64_t account)
{
    Common__Principal who = service_test_member(account);
    who.display_name = (char *)(uintptr_t) "180****1778";
    return who;
}

/* ---- papers of an account, and their scans */

#define HOLDER                                                                                       \
    "{\"holder\": {\"name\": \"王负责\", \"gender\": \"1\", \"job_title\": \"办公室主任\", " \
    "\"phone\": \"18003551778\", \"account_login\": \"18003551778\", \"company_name\": "             \
    "\"长治市某某工程咨询有限公司\"}}"
#define ENTRY_WITH(name, introduction, achievements)                                                           \
    "{\"entry\": {\"unit_name\": \"" name                                                                      \
    "\", \"uscc\": \"91350100M000100Y43\", \"unit_nature\": \"PRIVATE\", \"reg_address\": "                    \
    "\"长治市潞州区太行西街406号\", \"legal_person_name\": \"王法人\", \"legal_person_phone\": " \
    "\"0355-3069919\", \"contact_name\": \"李联系\", \"contact_mobile\": \"18003551778\", "                 \
    "\"member_category\": \"COST\", \"association_post\": \"MEMBER\", \"introduction\": "                      \
    "\"" introduction "\", \"achievements\": \"" achievements "\", \"declaration\": true}}"
#define ENTRY ENTRY_WITH("长治市某某工程咨询有限公司", "简介", "业绩一\\n业绩二")

static int version_of(int64_t account, const char *kind)
{
    return atoi(VALUE("SELECT coalesce((SELECT version FROM paper_form WHERE account_id = %lld AND "
                      "kind = '%s' ORDER BY id DESC LIMIT 1), 0)",
                      (long long)account, kind));
}

static const char *state_of(int64_t account, const char *kind)
{
    return VALUE("SELECT coalesce((SELECT state FROM paper_form WHERE account_id = %lld AND kind = "
                 "'%s' ORDER BY id DESC LIMIT 1), '')",
                 (long long)account, kind);
}

static const char *code_on(int64_t account, const char *kind)
{
    return VALUE(
        "SELECT coalesce((SELECT 'CZQG:D' || CASE kind WHEN 'ENTRY' THEN 1 ELSE 2 END || ':' "
        "|| form_no || ':v' || edition FROM paper_form WHERE account_id = %lld AND kind = "
        "'%s' ORDER BY id DESC LIMIT 1), '')",
        (long long)account, kind);
}

static const char *scan(int64_t account, const char *purpose, const char *code_text)
{
    return VALUE("INSERT INTO attachment (id, account_id, purpose, file_name, content_type, "
                 "size_bytes, content_hash, code_text) VALUES (md5(random()::text), %lld, '%s', "
                 "'scan.jpg', 'image/jpeg', 10, '\\x00', '%s') RETURNING id",
                 (long long)account, purpose, code_text);
}

static const char *save(int64_t account, const char *kind)
{
    Common__Principal who = member(account);
    return JSON(&who, "SavePaperForm", "{\"kind\": \"%s\", \"version\": %d, \"fields\": %s}", kind,
                version_of(account, kind), kind[0] == 'E' ? ENTRY : HOLDER);
}

static const char *generate(int64_t account, const char *kind)
{
    Common__Principal who = member(account);
    return JSON(&who, "GeneratePaperForm", "{\"kind\": \"%s\", \"version\": %d, \"fields\": %s}",
                kind, version_of(account, kind) == 0 ? 1 : version_of(account, kind),
                kind[0] == 'E' ? ENTRY : HOLDER);
}

static const char *hand_in(int64_t account, const char *kind, const char *code_text)
{
    Common__Principal who = member(account);
    const char *license = scan(account, "stamped_license", "");
    return JSON(&who, "HandInPaperForm",
                "{\"kind\": \"%s\", \"stamped_scan\": [\"%s\"], \"stamped_license\": [\"%s\"]}",
                kind, scan(account, "stamped_scan", code_text), license);
}

static const char *withdraw(int64_t account, const char *kind)
{
    Common__Principal who = member(account);
    int version = version_of(account, kind);
    return JSON(&who, "WithdrawPaperForm", "{\"kind\": \"%s\", \"version\": %d}", kind,
                version == 0 ? 1 : version);
}

static const char *decide(int64_t account, const char *kind, const char *verdict)
{
    int version = version_of(account, kind);
    return JSON(&clerk, "DecidePaper",
                "{\"id\": %s, \"version\": %d, \"verdict\": \"%s\", \"reason\": "
                "\"公章不清晰，请重新扫描\"}",
                VALUE("SELECT coalesce((SELECT id FROM paper_form WHERE account_id = %lld AND kind "
                      "= '%s' ORDER BY id DESC LIMIT 1), 999999999)",
                      (long long)account, kind),
                version == 0 ? 1 : version, verdict);
}

/* ---- every event in every state */

enum event { SAVE, GENERATE, BY_HAND, BY_CODE, WITHDRAW, ACCEPT, RETURN, EVENTS };

static const char *const states[] = {"",         "FILLING",  "GENERATED",
                                     "UPLOADED", "ACCEPTED", "RETURNED"};
enum { STATES = sizeof states / sizeof states[0] };

/* A paper of a new account, brought to a state. */
static int64_t brought_to(const char *state, const char *kind)
{
    static int64_t account = 100;
    account++;
    if (state[0] == '\0')
        return account;
    SAYS(save(account, kind), "\"FILLING\"");
    if (strcmp(state, "FILLING") == 0)
        return account;
    SAYS(generate(account, kind), "\"GENERATED\"");
    if (strcmp(state, "GENERATED") == 0)
        return account;
    SAYS(hand_in(account, kind, ""), "\"UPLOADED\"");
    if (strcmp(state, "UPLOADED") != 0)
        SAYS(decide(account, kind, strcmp(state, "ACCEPTED") == 0 ? "ACCEPT" : "RETURN"), state);
    assert_string_equal(state_of(account, kind), state);
    return account;
}

static const char *happens(enum event event, int64_t account, const char *kind)
{
    switch (event) {
    case SAVE:
        return save(account, kind);
    case GENERATE:
        return generate(account, kind);
    case BY_HAND:
        return hand_in(account, kind, "https://www.example.org/");
    case BY_CODE:
        return hand_in(account, "UNSPECIFIED", code_on(account, kind));
    case WITHDRAW:
        return withdraw(account, kind);
    case ACCEPT:
        return decide(account, kind, "ACCEPT");
    case RETURN:
        return decide(account, kind, "RETURN");
    case EVENTS:
        break;
    }
    return "";
}

static void test_every_event_in_every_state(void **state)
{
    /* the state that follows, or the reason why it does not happen */
    static const char *const wanted[STATES][EVENTS] = {
        {"FILLING",            "paper_form_changed", "paper_form_moved",     "paper_form_unread",
         "paper_form_moved",                                                                                          "paper_gone",       "paper_gone"      },
        {"FILLING",            "GENERATED",          "paper_form_unprinted", "paper_form_unread", "paper_form_moved",
         "paper_form_moved",                                                                                                              "paper_form_moved"},
        {"FILLING",            "paper_form_changed", "UPLOADED",             "UPLOADED",          "paper_form_moved",
         "paper_form_moved",                                                                                                              "paper_form_moved"},
        {"paper_form_changed", "paper_form_changed", "paper_form_moved",     "paper_form_moved",
         "GENERATED",                                                                                                 "ACCEPTED",         "RETURNED"        },
        {"paper_form_changed", "paper_form_changed", "paper_form_moved",     "paper_form_moved",
         "paper_form_moved",                                                                                          "paper_form_moved", "paper_form_moved"},
        {"FILLING",            "GENERATED",          "UPLOADED",             "UPLOADED",          "paper_form_moved", "paper_form_moved",
         "paper_form_moved"                                                                                                                                 },
    };
    static const char *const kinds[] = {"ENTRY", "HOLDER"};
    (void)state;
    for (size_t kind = 0; kind < 2; kind++)
        for (size_t from = 0; from < STATES; from++)
            for (enum event event = 0; event < EVENTS; event++) {
                int64_t account = brought_to(states[from], kinds[kind]);
                const char *told = happens(event, account, kinds[kind]);
                const char *now = wanted[from][event];
                if (strstr(told, arena_printf(arena, "\"%s\"", now)) == NULL)
                    fail_msg("%s, event %d in state %s: %s", kinds[kind], event, states[from],
                             told);
                assert_string_equal(state_of(account, kinds[kind]),
                                    now[0] >= 'a' ? states[from] : now);
            }
}

/* Whatever writes to the table. */
static void test_the_database_keeps_the_states(void **state)
{
    static const char *const may[] = {"FILLING>GENERATED",  "GENERATED>FILLING",
                                      "GENERATED>UPLOADED", "UPLOADED>GENERATED",
                                      "UPLOADED>ACCEPTED",  "UPLOADED>RETURNED",
                                      "RETURNED>FILLING",   "RETURNED>GENERATED",
                                      "RETURNED>UPLOADED",  NULL};
    (void)state;
    for (size_t from = 1; from < STATES; from++)
        for (size_t to = 1; to < STATES; to++) {
            int64_t account = brought_to(states[from], "HOLDER");
            const char *step = arena_printf(arena, "%s>%s", states[from], states[to]);
            bool allowed = from == to;
            for (const char *const *one = may; *one != NULL; one++)
                allowed |= strcmp(*one, step) == 0;
            service_test_sql(arena_printf(
                arena,
                "DO $$ BEGIN UPDATE paper_form SET state = '%s', form_no = coalesce(form_no, 'X' "
                "|| "
                "account_id), edition = greatest(edition, 1), decided_by = 1, return_reason = "
                "'因为不清晰', stamped_scan = '{a}' WHERE account_id = %lld; EXCEPTION WHEN "
                "check_violation THEN END $$",
                states[to], (long long)account));
            if ((strcmp(state_of(account, "HOLDER"), states[to]) == 0) != allowed)
                fail_msg("%s", step);
        }
    /* what was printed stays what it says, and a scan is there before it is looked at */
    static const char *const refused[] = {
        "UPDATE paper_form SET form = '{}' WHERE state = 'GENERATED'",
        "UPDATE paper_form SET form_no = 'Y' WHERE form_no IS NOT NULL",
        "UPDATE paper_form SET state = 'UPLOADED', stamped_scan = '{}' WHERE state = 'GENERATED'",
        "UPDATE paper_form SET state = 'RETURNED', decided_by = 1, return_reason = '短' WHERE "
        "state "
        "= 'UPLOADED'",
        "UPDATE paper_form SET state = 'ACCEPTED', decided_by = NULL WHERE state = 'UPLOADED'"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        service_test_sql(arena_printf(arena,
                                      "CREATE TEMP TABLE tried (done boolean); DO $$ BEGIN %s; "
                                      "INSERT INTO tried VALUES (true); EXCEPTION WHEN "
                                      "check_violation THEN END $$; DO $$ BEGIN IF EXISTS (SELECT "
                                      "FROM tried) THEN RAISE 'was not refused'; END IF; END $$; "
                                      "DROP TABLE tried",
                                      refused[i]));
    }
}

/* ---- filling */

static void test_what_is_known_is_filled_in(void **state)
{
    Common__Principal who = member(3);
    (void)state;
    service_test_sql(
        "INSERT INTO draft (account_id, kind, version, form) VALUES (3, 'MEMBER_UNIT', 1, "
        "'{\"unit_name\": \"已知单位\", \"uscc\": \"91350100M000100Y43\", "
        "\"legal_person_name\": \"王法人\", \"principal_name\": \"赵负责\", "
        "\"principal_phone\": \"18003551778\", \"member_category\": \"COST\"}')");
    const char *entry = JSON(&who, "GetPaperForm", "{\"kind\": \"ENTRY\"}");
    SAYS(entry, "\"state\":\"NONE\"");
    SAYS(entry, "\"unit_name\":\"已知单位\"");
    SAYS(entry, "\"legal_person_name\":\"王法人\"");
    SAYS(entry, "\"contact_name\":\"赵负责\"");
    SAYS(entry, "\"member_category\":\"COST\"");
    const char *holder = JSON(&who, "GetPaperForm", "{\"kind\": \"HOLDER\"}");
    SAYS(holder, "\"name\":\"赵负责\"");
    SAYS(holder, "\"company_name\":\"已知单位\"");
    /* after one was accepted, the next begins with what it said */
    int64_t account = brought_to("ACCEPTED", "HOLDER");
    who = member(account);
    SAYS(JSON(&who, "SavePaperForm", "{\"kind\": \"HOLDER\", \"version\": 0, \"fields\": %s}",
              HOLDER),
         "\"FILLING\"");
    assert_string_equal(
        VALUE("SELECT count(*) FROM paper_form WHERE account_id = %lld", (long long)account), "2");
}

static void test_a_draft_of_two_pages_is_not_overwritten(void **state)
{
    Common__Principal who = member(4);
    (void)state;
    for (int version = 0; version < 2; version++)
        SAYS(JSON(&who, "SavePaperForm",
                  "{\"kind\": \"ENTRY\", \"version\": %d, \"fields\": {\"entry\": {\"unit_name\": "
                  "\"一\"}}}",
                  version),
             arena_printf(arena, "\"version\":%d", version + 1));
    for (int version = 0; version < 2; version++)
        SAYS(JSON(&who, "SavePaperForm",
                  "{\"kind\": \"ENTRY\", \"version\": %d, \"fields\": {\"entry\": {\"unit_name\": "
                  "\"二\"}}}",
                  version),
             "paper_form_changed");
    SAYS(JSON(&who, "GetPaperForm", "{\"kind\": \"ENTRY\"}"), "\"unit_name\":\"一\"");
    SAYS(JSON(&who, "SavePaperForm",
              "{\"kind\": \"ENTRY\", \"version\": 2, \"fields\": {\"holder\": {}}}"),
         "没有收到这份表格的内容");
}

static void test_what_is_wrong_is_named(void **state)
{
    Common__Principal who = member(5);
    (void)state;
    save(5, "ENTRY");
    const char *empty = JSON(&who, "GeneratePaperForm",
                             "{\"kind\": \"ENTRY\", \"version\": 1, \"fields\": {\"entry\": {}}}");
    static const char *const missing[] = {
        "unit_name",         "uscc",           "unit_nature", "reg_address",
        "legal_person_name", "contact_mobile", "declaration"};
    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++)
        SAYS(empty, arena_printf(arena, "\"fields.entry.%s\"", missing[i]));
    SAYS(JSON(&who, "GeneratePaperForm", "{\"kind\": \"ENTRY\", \"version\": 1, \"fields\": %s}",
              ENTRY_WITH("长治", "", "1\\n2\\n3\\n4\\n5\\n6")),
         "{\"field\":\"fields.entry.achievements\",\"message\":\"主要业绩最多5条，每条一行，"
         "请删减后再生成。\"}");
    SAYS(JSON(&who, "GeneratePaperForm", "{\"kind\": \"ENTRY\", \"version\": 1, \"fields\": %s}",
              ENTRY_WITH("长治", "\", \"founded_on\": \"2099-12-31", "")),
         "{\"field\":\"fields.entry.founded_on\",\"message\":\"成立日期不能晚于今天。\"}");
    save(5, "HOLDER");
    who.display_name = (char *)(uintptr_t) "199****0000";
    SAYS(JSON(&who, "GeneratePaperForm", "{\"kind\": \"HOLDER\", \"version\": 1, \"fields\": %s}",
              HOLDER),
         "fields.holder.account_login");
    service_test_sql(
        "UPDATE dictionary_item SET enabled = false WHERE dictionary = 'unit_nature' AND code "
        "= 'PRIVATE'");
    SAYS(generate(5, "ENTRY"), "\"fields.entry.unit_nature\"");
    service_test_sql("UPDATE dictionary_item SET enabled = true WHERE dictionary = 'unit_nature'");
}

/* ---- the code on a scan */

static void test_a_scan_files_itself_to_its_paper(void **state)
{
    int64_t account = brought_to("GENERATED", "HOLDER");
    (void)state;
    SAYS(hand_in(account, "UNSPECIFIED",
                 arena_printf(arena, "https://weixin.qq.com/x\n%s", code_on(account, "HOLDER"))),
         "\"UPLOADED\"");
    assert_string_equal(
        VALUE("SELECT filing FROM paper_form WHERE account_id = %lld", (long long)account),
        "BY_CODE");
}

static void test_the_entry_form_waits_for_the_stamped_licence(void **state)
{
    int64_t account = brought_to("GENERATED", "ENTRY");
    Common__Principal who = member(account);
    (void)state;
    SAYS(JSON(&who, "HandInPaperForm", "{\"stamped_scan\": [\"%s\"]}",
              scan(account, "stamped_scan", code_on(account, "ENTRY"))),
         "\"needs_license\":true");
    assert_string_equal(state_of(account, "ENTRY"), "GENERATED");
    SAYS(JSON(&who, "HandInPaperForm",
              "{\"kind\": \"ENTRY\", \"stamped_scan\": [\"%s\"], \"stamped_license\": [\"%s\"]}",
              scan(account, "stamped_scan", code_on(account, "ENTRY")),
              scan(account, "stamped_license", "")),
         "\"UPLOADED\"");
}

static void test_a_scan_of_another_paper_is_refused(void **state)
{
    int64_t account = brought_to("GENERATED", "HOLDER");
    int64_t other = brought_to("GENERATED", "HOLDER");
    (void)state;
    static const char *const kinds[] = {"HOLDER", "UNSPECIFIED"};
    for (size_t i = 0; i < 2; i++) {
        SAYS(hand_in(account, kinds[i], code_on(other, "HOLDER")), "paper_form_of_others");
        SAYS(hand_in(account, kinds[i], "CZQG:D1:RH2026010199999:v1"), "paper_form_of_others");
    }
    SAYS(hand_in(account, "UNSPECIFIED", "https://www.example.org/"), "paper_form_unread");
    SAYS(hand_in(account, "UNSPECIFIED", "xCZQG:D2:FZ2026010199999:v1"), "paper_form_unread");
    save(account, "ENTRY");
    generate(account, "ENTRY");
    SAYS(hand_in(account, "ENTRY", code_on(account, "HOLDER")), "paper_form_other_kind");
    const char *old = code_on(account, "HOLDER");
    save(account, "HOLDER");
    SAYS(hand_in(account, "HOLDER", old), "paper_form_old_edition");
    generate(account, "HOLDER");
    SAYS(hand_in(account, "HOLDER", old), "paper_form_old_edition");
    SAYS(hand_in(
             account, "HOLDER",
             arena_printf(arena, "%s\n%s", code_on(account, "HOLDER"), code_on(other, "HOLDER"))),
         "paper_form_of_others");
    SAYS(hand_in(account, "HOLDER", code_on(account, "HOLDER")), "\"UPLOADED\"");
}

static void test_a_scan_must_be_ones_own(void **state)
{
    int64_t account = brought_to("GENERATED", "HOLDER");
    Common__Principal who = member(account);
    (void)state;
    SAYS(JSON(&who, "HandInPaperForm", "{\"kind\": \"HOLDER\", \"stamped_scan\": [\"%s\"]}",
              scan(account + 1, "stamped_scan", "")),
         "files_missing");
    SAYS(JSON(&who, "HandInPaperForm", "{\"kind\": \"HOLDER\", \"stamped_scan\": [\"%s\"]}",
              scan(account, "qualification_files", "")),
         "files_missing");
    SAYS(JSON(&who, "HandInPaperForm", "{\"kind\": \"HOLDER\"}"), "stamped_scan");
    const char *large = scan(account, "stamped_scan", "");
    service_test_sql(
        arena_printf(arena, "UPDATE attachment SET size_bytes = 31457281 WHERE id = '%s'", large));
    const char *told =
        JSON(&who, "HandInPaperForm", "{\"kind\": \"HOLDER\", \"stamped_scan\": [\"%s\"]}", large);
    SAYS(told, "\"field\":\"stamped_scan\"");
    SAYS(told, "超过30MB的上限");
    assert_string_equal(state_of(account, "HOLDER"), "GENERATED");
}

/* ---- those who look through them */

static void test_the_queue_and_the_verdict(void **state)
{
    int64_t first = brought_to("UPLOADED", "ENTRY"), second = brought_to("UPLOADED", "HOLDER");
    (void)state;
    service_test_sql(arena_printf(arena,
                                  "UPDATE paper_form SET uploaded_at = now() - interval '2 days' "
                                  "WHERE account_id = %lld",
                                  (long long)first));
    const char *number =
        VALUE("SELECT form_no FROM paper_form WHERE account_id = %lld", (long long)first);
    const char *page = JSON(&clerk, "ListPapers", "{\"limit\": 100}");
    assert_non_null(strstr(page, number));
    assert_true(strstr(page, number) <
                strstr(page, VALUE("SELECT form_no FROM paper_form WHERE account_id = %lld",
                                   (long long)second)));
    SAYS(JSON(&clerk, "ListPapers", "{\"q\": \"%s\"}", number), "\"total\":1");
    SAYS(JSON(&clerk, "ListPapers", "{\"q\": \"没有这个单位\"}"), "\"total\":0");
    SAYS(JSON(&stranger, "ListPapers", "{}"), "not_allowed");
    const char *id = VALUE("SELECT id FROM paper_form WHERE account_id = %lld", (long long)first);
    const char *paper = JSON(&clerk, "GetPaper", "{\"id\": %s}", id);
    SAYS(paper, "\"unit_name\":\"长治市某某工程咨询有限公司\"");
    SAYS(paper, "由单位选择归档");
    SAYS(paper, "还没有通过会员单位认证");
    SAYS(JSON(&clerk, "GetPaper", "{\"id\": %s}",
              VALUE("SELECT id FROM paper_form WHERE account_id = %lld",
                    (long long)brought_to("GENERATED", "HOLDER"))),
         "paper_gone");
    SAYS(JSON(&clerk, "DecidePaper",
              "{\"id\": %s, \"version\": 3, \"verdict\": \"RETURN\", \"reason\": \"短\"}", id),
         "paper_form_return_has_a_reason");
    withdraw(first, "ENTRY");
    SAYS(JSON(&clerk, "DecidePaper", "{\"id\": %s, \"version\": 3, \"verdict\": \"ACCEPT\"}", id),
         "paper_form_moved");
    SAYS(decide(second, "HOLDER", "RETURN"), "\"RETURNED\"");
    SAYS(
        VALUE("SELECT payload FROM outbox WHERE event = 'paper.returned' ORDER BY id DESC LIMIT 1"),
        "公章不清晰，请重新扫描");
    SAYS(JSON(&clerk, "ListPapers", "{\"view\": \"DECIDED\"}"), "\"RETURNED\"");
    assert_string_equal(
        VALUE("SELECT count(*) FROM audit WHERE action = 'paper_form.decided' AND object = '%s'",
              VALUE("SELECT id FROM paper_form WHERE account_id = %lld", (long long)second)),
        "1");
}

/* ---- printed */

static struct file printed(const Common__Principal *who, const char *method, const char *kind,
                           const char *format, unsigned page)
{
    struct file file = {NULL, 0, NULL, NULL};
    Certification__ReadPaperDocumentRequest request =
        CERTIFICATION__READ_PAPER_DOCUMENT_REQUEST__INIT;
    ProtobufCMessage *reply;
    request.kind = kind[0] == 'E' ? CERTIFICATION__PAPER_FORM__KIND__ENTRY
                                  : CERTIFICATION__PAPER_FORM__KIND__HOLDER;
    request.format = format[1] == 'N' ? CERTIFICATION__DOCUMENT__FORMAT__PNG
                                      : CERTIFICATION__DOCUMENT__FORMAT__PDF;
    request.page = page;
    do {
        assert_int_equal(service_test_call(who, "gateway", method, &request.base, "", &reply),
                         STATUS_OK);
        append(&file, (Common__AttachmentPart *)reply);
        request.part++;
    } while (file.size < ((Common__AttachmentPart *)reply)->size_bytes);
    keep(arena_printf(arena, "%s-%s-%u.%s", method, kind, page, format), file.data, file.size);
    return file;
}

static void test_a_paper_says_what_was_filled_in(void **state)
{
    int64_t account = brought_to("GENERATED", "ENTRY");
    Common__Principal who = member(account);
    (void)state;
    struct file pdf = printed(&who, "ReadPaperDocument", "ENTRY", "PDF", 0);
    const char *text = text_of_pdf(&pdf);
    static const char *const words[] = {"入会申请表",
                                        "长治市某某工程咨询有限公司",
                                        "91350100M000100Y43",
                                        "民营企业",
                                        "长治市潞州区太行西街406号",
                                        "王法人",
                                        "李联系",
                                        "18003551778",
                                        "工程造价咨询",
                                        "会员单位",
                                        "业绩一",
                                        "业绩二",
                                        "拥护协会章程",
                                        "单位（盖章）：",
                                        "协会（盖章）："};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        assert_says(text, words[i]);
    for (unsigned i = 0; i < certification__entry_form__descriptor.n_fields - 1; i++)
        assert_says(text, message_rule(&certification__entry_form__descriptor,
                                       certification__entry_form__descriptor.fields[i].name)
                              ->label);
    struct file png = printed(&who, "ReadPaperDocument", "ENTRY", "PNG", 1);
    assert_string_equal(code_of(&png), code_on(account, "ENTRY"));
    SAYS(JSON(&who, "GetPaperDocument", "{\"kind\": \"ENTRY\"}"),
         arena_printf(arena, "\"pages\":%u", pages_of(&pdf)));
    /* while it is changed there is nothing to print */
    save(account, "ENTRY");
    SAYS(JSON(&who, "GetPaperDocument", "{\"kind\": \"ENTRY\"}"), "paper_form_unprinted");
}

static void test_the_sentence_of_the_handbook(void **state)
{
    int64_t account = brought_to("GENERATED", "HOLDER");
    Common__Principal who = member(account);
    (void)state;
    struct file pdf = printed(&who, "ReadPaperDocument", "HOLDER", "PDF", 0);
    const char *text = text_of_pdf(&pdf);
    assert_says(text, "王负责");
    assert_says(text, "男");
    assert_says(text, "办公室主任");
    assert_says(text,
                "经决定，由我公司该员工负责在“长治市项目全过程咨询协会数字化平台”注册的18003551778"
                "（企业协会账号），负责对接本公司与协会各项工作事宜。");
    assert_says(text, "公司名称（盖章）");
    assert_int_equal(pages_of(&pdf), 1);
    struct file png = printed(&who, "ReadPaperDocument", "HOLDER", "PNG", 1);
    assert_string_equal(code_of(&png), code_on(account, "HOLDER"));
}

static void test_long_names_and_introductions_are_not_cut(void **state)
{
    Common__Principal who = member(6);
    char name[600] = "", words[4000] = "";
    (void)state;
    for (int i = 0; i < 100; i++)
        snprintf(name + strlen(name), 4, "%s", i % 10 == 9 ? "司" : "长");
    for (int i = 0; i < 800; i++)
        snprintf(words + strlen(words), 4, "%s", i % 9 == 8 ? "，" : "业");
    const char *fields =
        arena_printf(arena, ENTRY_WITH("%s", "%s", "%.900s\\n%.300s"), name, words, words, words);
    SAYS(JSON(&who, "SavePaperForm", "{\"kind\": \"ENTRY\", \"fields\": %s}", fields), "FILLING");
    SAYS(JSON(&who, "GeneratePaperForm", "{\"kind\": \"ENTRY\", \"version\": 1, \"fields\": %s}",
              fields),
         "GENERATED");
    struct file pdf = printed(&who, "ReadPaperDocument", "ENTRY", "PDF", 9);
    const char *text = text_of_pdf(&pdf);
    assert_says(text, name);
    assert_says(text, words);
    for (unsigned page = 1; page <= pages_of(&pdf); page++)
        printed(&who, "ReadPaperDocument", "ENTRY", "PNG", page);
}

static void test_blank_papers_are_for_everybody(void **state)
{
    (void)state;
    struct file entry = printed(NULL, "ReadBlankForm", "ENTRY", "PDF", 0);
    const char *text = text_of_pdf(&entry);
    assert_says(text, "□民营企业");
    assert_says(text, "单位简介");
    assert_null(strstr(text, "长治市某某"));
    struct file holder = printed(NULL, "ReadBlankForm", "HOLDER", "PDF", 0);
    text = text_of_pdf(&holder);
    assert_says(text, "□男□女");
    assert_says(text, "（企业协会账号），负责对接本公司与协会各项工作事宜。");
    struct file png = printed(NULL, "ReadBlankForm", "HOLDER", "PNG", 1);
    assert_string_equal(code_of(&png), "");
    struct file again = printed(NULL, "ReadBlankForm", "HOLDER", "PDF", 0);
    assert_memory_equal(holder.data, again.data, holder.size);
    for (unsigned page = 1; page <= pages_of(&entry); page++)
        printed(NULL, "ReadBlankForm", "ENTRY", "PNG", page);
    for (unsigned page = pages_of(&entry) + 1; page < 8; page++)
        SAYS(service_test_json(
                 NULL, "ReadBlankForm", "",
                 arena_printf(arena, "{\"kind\": \"ENTRY\", \"format\": \"PNG\", \"page\": %u}",
                              page)),
             "document_page_gone");
}

static int open_service(void **state)
{
    (void)state;
    arena = arena_new(1 << 20);
    service_test_open(&certification);
    clerk = service_test_staff(11, "cert.review cert.member.review");
    stranger = service_test_staff(12, "cert.review cert.expert.review");
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
        cmocka_unit_test(test_every_event_in_every_state),
        cmocka_unit_test(test_the_database_keeps_the_states),
        cmocka_unit_test(test_what_is_known_is_filled_in),
        cmocka_unit_test(test_a_draft_of_two_pages_is_not_overwritten),
        cmocka_unit_test(test_what_is_wrong_is_named),
        cmocka_unit_test(test_a_scan_files_itself_to_its_paper),
        cmocka_unit_test(test_the_entry_form_waits_for_the_stamped_licence),
        cmocka_unit_test(test_a_scan_of_another_paper_is_refused),
        cmocka_unit_test(test_a_scan_must_be_ones_own),
        cmocka_unit_test(test_the_queue_and_the_verdict),
        cmocka_unit_test(test_a_paper_says_what_was_filled_in),
        cmocka_unit_test(test_the_sentence_of_the_handbook),
        cmocka_unit_test(test_long_names_and_introductions_are_not_cut),
        cmocka_unit_test(test_blank_papers_are_for_everybody),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
