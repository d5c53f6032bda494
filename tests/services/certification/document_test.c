/* What is printed of each form, read back: its text by pdftotext, its picture and its QR code by eyes of their own. */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "consent.h"
#include "paper.h"
#include "printed.h"
#include "service_test.h"

#define TEXT(t) ((char *)(uintptr_t)(t))
#define LAST_KIND CERTIFICATION__IDENTITY__KIND__NATURAL_PERSON

enum { EMPLOYMENTS = 30 };

static Common__Principal secretary, reviewer;

/* ---- forms filled by their rules */

static const char *option(const char *dictionary)
{
    return arena_text(
        arena, service_test_value("SELECT code FROM dictionary_item WHERE dictionary = '%s' AND "
                                  "enabled ORDER BY place, code LIMIT 1",
                                  dictionary));
}

static const char *stored(int64_t account, const char *purpose, size_t n)
{
    return arena_text(
        arena, service_test_value(
                   "INSERT INTO attachment (id, account_id, purpose, file_name, content_type, "
                   "size_bytes, content_hash) VALUES (md5(random()::text), %lld, '%s', "
                   "'%s-%zu.jpg', 'image/jpeg', 10, '\\x00') RETURNING id",
                   (long long)account, purpose, purpose, n));
}

/* Values that rules between fields ask for, and those of each check. */
static const char *typed(const struct field_rule *rule)
{
    static const char *const values[][2] = {
        {"start_month",    "2004-07"                                 },
        {"end_month",      "2008-06"                                 },
        {"birth_date",     "1980-01-01"                              },
        {"valid_to",       "2099-12-31"                              },
        {"gender",         "1"                                       },
        {"province_code",  "140000"                                  },
        {"city_code",      "140400"                                  },
        {"name",           "䶮㙟𠮷"                              },
        {"date",           "2019-06-01"                              },
        {"id_number",      "140403198001010015"                      },
        {"mobile",         "18003551778"                             },
        {"phone_any",      "0355-3069919"                            },
        {"uscc",           "91350100M000100Y43"                      },
        {"email",          "office@example.com"                      },
        {"certificate_no", "JZ-2019-1"                               },
        {"unit_name",      "长治市𠮷㙟工程咨询有限公司"},
        {"postcode",       "046000"                                  },
        {"website",        "www.xmqgczx.com"                         },
        {"count",          "120"                                     },
        {"year",           "2010"                                    },
        {"person_name",    "王䶮"                                  },
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        if (strcmp(values[i][0], rule->field) == 0)
            return values[i][1];
    if (rule->dictionary[0] != '\0')
        return option(rule->dictionary);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        if (strcmp(values[i][0], rule->check) == 0)
            return values[i][1];
    return arena_printf(arena, "填写的%s", rule->label);
}

static ProtobufCMessage *filled(const ProtobufCMessageDescriptor *type, int64_t account);

static void fill_list(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                      const struct field_rule *rule, int64_t account)
{
    size_t count = rule->min > 0 ? rule->min : 1;
    void **list = arena_alloc(arena, count * sizeof *list);
    for (size_t i = 0; i < count; i++)
        list[i] = field->type == PROTOBUF_C_TYPE_MESSAGE
                      ? (void *)filled(field->descriptor, account)
                  : rule->file ? TEXT(stored(account, rule->field, i))
                               : TEXT(typed(rule));
    *(size_t *)((char *)message + field->quantifier_offset) = count;
    *(void ***)((char *)message + field->offset) = list;
}

static ProtobufCMessage *filled(const ProtobufCMessageDescriptor *type, int64_t account)
{
    ProtobufCMessage *message = message_new(type, arena);
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        const struct field_rule *rule = message_rule(type, field->name);
        void *at = (char *)message + field->offset;
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            fill_list(message, field, rule, account);
        else if (field->type == PROTOBUF_C_TYPE_BOOL)
            *(protobuf_c_boolean *)at = rule->required;
        else
            *(const char **)at = typed(rule);
    }
    return message;
}

static Certification__Form form_filled(Certification__Identity__Kind kind, int64_t account)
{
    Certification__Form form = CERTIFICATION__FORM__INIT;
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(&certification__form__descriptor, kind);
    *(ProtobufCMessage **)((char *)&form + field->offset) = filled(field->descriptor, account);
    return form;
}

static void hand_in(int64_t account, Certification__Identity__Kind kind, Certification__Form form)
{
    Common__Principal who = service_test_member(account);
    Certification__SaveDraftRequest draft = CERTIFICATION__SAVE_DRAFT_REQUEST__INIT;
    Certification__SubmitApplicationRequest request =
        CERTIFICATION__SUBMIT_APPLICATION_REQUEST__INIT;
    ProtobufCMessage *reply;
    Certification__ExpertForm *expert = form.expert;
    char *number = expert == NULL ? NULL : expert->id_number;
    consents(account);
    draft.kind = request.kind = kind;
    draft.form = request.form = &form;
    assert_int_equal(service_test_call(&who, "gateway", "SaveDraft", &draft.base, "", &reply),
                     STATUS_OK);
    request.version = ((Certification__Draft *)reply)->version;
    if (expert != NULL)
        expert->id_number = number; /* saving sealed it */
    enum status status =
        service_test_call(&who, "gateway", "SubmitApplication", &request.base, "", &reply);
    if (status != STATUS_OK)
        fail_msg("%s: %s", ((Common__Problem *)reply)->reason,
                 ((Common__Problem *)reply)->n_errors > 0
                     ? ((Common__Problem *)reply)->errors[0]->field
                     : "");
    if (expert != NULL)
        expert->id_number = number;
}

/* ---- documents, put together of their parts */

static struct file document(int64_t account, Certification__Identity__Kind kind,
                            Certification__Document__Format format, uint32_t page)
{
    Common__Principal who = service_test_member(account);
    Certification__ReadDocumentRequest request = CERTIFICATION__READ_DOCUMENT_REQUEST__INIT;
    struct file file = {NULL, 0, NULL, NULL};
    ProtobufCMessage *reply;
    request.kind = kind;
    request.format = format;
    request.page = page;
    do {
        assert_int_equal(
            service_test_call(&who, "gateway", "ReadDocument", &request.base, "", &reply),
            STATUS_OK);
        append(&file, (Common__AttachmentPart *)reply);
        request.part++;
    } while (file.size < ((Common__AttachmentPart *)reply)->size_bytes);
    return file;
}

static int64_t review_of(int64_t account)
{
    return atoll(
        service_test_value("SELECT id FROM review WHERE account_id = %lld ORDER BY id DESC LIMIT 1",
                           (long long)account));
}

static struct file staff_document(int64_t account, Certification__Document__Content content)
{
    Certification__ReadReviewDocumentRequest request =
        CERTIFICATION__READ_REVIEW_DOCUMENT_REQUEST__INIT;
    struct file file = {NULL, 0, NULL, NULL};
    ProtobufCMessage *reply;
    request.id = review_of(account);
    request.content = content;
    do {
        assert_int_equal(service_test_call(&secretary, "gateway", "ReadReviewDocument",
                                           &request.base, "", &reply),
                         STATUS_OK);
        append(&file, (Common__AttachmentPart *)reply);
        request.part++;
    } while (file.size < ((Common__AttachmentPart *)reply)->size_bytes);
    return file;
}

/* ---- every label and every value */

static const char *shown(const struct field_rule *rule, const char *value)
{
    if (rule->file)
        return service_test_value("SELECT file_name FROM attachment WHERE id = '%s'", value);
    if (rule->dictionary[0] != '\0')
        return service_test_value(
            "SELECT name FROM dictionary_item WHERE dictionary = '%s' AND code = '%s'",
            rule->dictionary, value);
    return value;
}

static void assert_says_all(const char *text, const ProtobufCMessage *message)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        const struct field_rule *rule = message_rule(message->descriptor, field->name);
        const void *at = (const char *)message + field->offset;
        bool many = field->label == PROTOBUF_C_LABEL_REPEATED;
        size_t count =
            many ? *(const size_t *)((const char *)message + field->quantifier_offset) : 1;
        void *const *list = many ? *(void *const *const *)at : (void *const *)at;
        assert_says(text, rule->label);
        for (size_t n = 0; n < count && field->type != PROTOBUF_C_TYPE_BOOL; n++)
            if (field->type == PROTOBUF_C_TYPE_MESSAGE)
                assert_says_all(text, list[n]);
            else
                assert_says(text, shown(rule, list[n]));
    }
}

static Certification__Form handed_in[LAST_KIND + 1];

static void test_every_field_is_printed(void **state)
{
    static const char *const titles[] = {"", "建设单位登记表", "会员单位登记表", "专家登记表",
                                         "自然人登记表"};
    (void)state;
    for (Certification__Identity__Kind kind = 1; kind <= LAST_KIND; kind++) {
        struct file pdf = document(kind, kind, CERTIFICATION__DOCUMENT__FORMAT__PDF, 0);
        const char *text = text_of_pdf(&pdf);
        const ProtobufCMessage *form =
            *(ProtobufCMessage **)((char *)&handed_in[kind] +
                                   protobuf_c_message_descriptor_get_field(
                                       &certification__form__descriptor, (unsigned)kind)
                                       ->offset);
        keep(arena_printf(arena, "%d.pdf", kind), pdf.data, pdf.size);
        assert_says(text, titles[kind]);
        assert_says(without_blanks(said(&pdf, "pdftotext", "-")), "长治市项目全过程咨询协会");
        assert_says_all(text, form);
        assert_string_equal(pdf.type, "application/pdf");
        assert_non_null(strstr(pdf.name, titles[kind]));
    }
}

static void test_the_font_is_embedded(void **state)
{
    (void)state;
    struct file pdf = document(1, 1, CERTIFICATION__DOCUMENT__FORMAT__PDF, 0);
    const char *fonts = said(&pdf, "pdffonts", "");
    assert_non_null(strstr(fonts, "NotoSansCJKsc"));
    assert_null(strstr(fonts, " no  no"));
}

static void test_a_picture_is_a_page_with_its_code(void **state)
{
    static const char *const letters[] = {"", "D5", "D5", "D4", "D5"};
    (void)state;
    for (Certification__Identity__Kind kind = 1; kind <= LAST_KIND; kind++) {
        struct file png = document(kind, kind, CERTIFICATION__DOCUMENT__FORMAT__PNG, 0);
        const char *number = service_test_value(
            "SELECT application_no FROM submission WHERE account_id = %d AND version = 1", kind);
        keep(arena_printf(arena, "%d.png", kind), png.data, png.size);
        assert_string_equal(png.type, "image/png");
        assert_string_equal(code_of(&png),
                            arena_printf(arena, "CZQG:%s:%s:v1", letters[kind], number));
    }
}

static void test_a_page_that_is_not_there(void **state)
{
    Certification__ReadDocumentRequest request = CERTIFICATION__READ_DOCUMENT_REQUEST__INIT;
    Common__Principal who = service_test_member(1);
    (void)state;
    request.kind = CERTIFICATION__IDENTITY__KIND__OWNER_UNIT;
    request.format = CERTIFICATION__DOCUMENT__FORMAT__PNG;
    request.page = 2;
    assert_string_equal(service_test_reason(&who, "ReadDocument", &request.base),
                        "document_page_gone");
}

static void test_the_same_version_is_the_same_bytes(void **state)
{
    (void)state;
    for (Certification__Document__Format format = 0; format < 2; format++) {
        struct file first = document(3, 3, format, 1);
        sleep(1); /* a clock would have moved on */
        struct file second = document(3, 3, format, 1);
        assert_int_equal(first.size, second.size);
        assert_memory_equal(first.data, second.data, first.size);
    }
}

static void test_the_owner_reads_the_identity_number_and_staff_do_not(void **state)
{
    (void)state;
    struct file own = document(3, 3, CERTIFICATION__DOCUMENT__FORMAT__PDF, 0);
    struct file theirs = staff_document(3, CERTIFICATION__DOCUMENT__CONTENT__FORM);
    assert_says(text_of_pdf(&own), "140403198001010015");
    const char *text = text_of_pdf(&theirs);
    assert_null(strstr(text, "19800101001"));
    assert_says(text, "1404**********0015");
    assert_string_equal(
        service_test_value("SELECT count(*) FROM audit WHERE action = 'document.read' AND "
                           "object = '%lld'",
                           (long long)review_of(3)),
        "1");
}

static void test_nobody_else_reads_it(void **state)
{
    Certification__ReadDocumentRequest mine = CERTIFICATION__READ_DOCUMENT_REQUEST__INIT;
    Certification__ReadReviewDocumentRequest theirs =
        CERTIFICATION__READ_REVIEW_DOCUMENT_REQUEST__INIT;
    Common__Principal other = service_test_member(9);
    (void)state;
    mine.kind = CERTIFICATION__IDENTITY__KIND__EXPERT;
    theirs.id = review_of(3);
    assert_string_equal(service_test_reason(&other, "ReadDocument", &mine.base), "document_gone");
    assert_string_equal(service_test_reason(&reviewer, "ReadReviewDocument", &theirs.base),
                        "document_gone");
    assert_string_equal(service_test_reason(&other, "ReadReviewDocument", &theirs.base),
                        "not_allowed");
    assert_string_equal(service_test_reason(&secretary, "ReadDocument", &mine.base), "not_allowed");
}

static void test_an_opinion_is_printed_once_there_is_one(void **state)
{
    Certification__ReadReviewDocumentRequest early =
        CERTIFICATION__READ_REVIEW_DOCUMENT_REQUEST__INIT;
    Certification__DecideReviewRequest verdict = CERTIFICATION__DECIDE_REVIEW_REQUEST__INIT;
    char *codes[] = {TEXT("R01"), TEXT("R03")};
    (void)state;
    early.id = verdict.id = review_of(1);
    early.content = CERTIFICATION__DOCUMENT__CONTENT__OPINION;
    assert_string_equal(service_test_reason(&secretary, "ReadReviewDocument", &early.base),
                        "opinion_none");
    verdict.submission_version = 1;
    verdict.verdict = CERTIFICATION__DECIDE_REVIEW_REQUEST__VERDICT__REJECT;
    verdict.reason_codes = codes;
    verdict.n_reason_codes = 2;
    verdict.message_to_applicant = TEXT("请重新拍摄营业执照。\n四角完整。");
    assert_string_equal(service_test_reason(&secretary, "DecideReview", &verdict.base), "");

    struct file pdf = staff_document(1, CERTIFICATION__DOCUMENT__CONTENT__OPINION);
    const char *text = text_of_pdf(&pdf);
    keep("opinion.pdf", pdf.data, pdf.size);
    assert_says(text, "审核意见单");
    assert_says(text, "驳回");
    assert_says(text, "R01 证件照片模糊、反光或缺角");
    assert_says(text, "R03 信用代码与证照不一致");
    assert_says(text, "请重新拍摄营业执照。四角完整。");
    assert_says(text,
                service_test_value(
                    "SELECT to_char(decided_at, 'YYYY-MM-DD HH24:MI') FROM review WHERE id = %lld",
                    (long long)early.id));
}

/* ---- long ones */

static char *long_text(size_t place, size_t characters)
{
    char *text = arena_alloc(arena, 3 * characters + 64);
    size_t size = (size_t)sprintf(text, "第%zu段开头", place);
    for (size_t i = 0; i < characters; i++)
        size += (size_t)sprintf(text + size, "%s", i % 9 == 8 ? "，" : "业");
    sprintf(text + size, "第%zu段结尾", place);
    return text;
}

static void test_a_long_form_goes_on_on_the_next_page(void **state)
{
    Certification__Form form = form_filled(CERTIFICATION__IDENTITY__KIND__EXPERT, 5);
    Certification__ExpertForm *expert = form.expert;
    const Certification__Employment *first = expert->employments[0];
    (void)state;
    expert->id_number = TEXT("11010519491231002X");
    expert->gender = TEXT("2");
    expert->birth_date = TEXT("1949-12-31");
    expert->employments = arena_alloc(arena, EMPLOYMENTS * sizeof *expert->employments);
    expert->n_employments = EMPLOYMENTS;
    for (size_t i = 0; i < EMPLOYMENTS; i++) {
        expert->employments[i] = arena_copy(arena, first, sizeof *first);
        expert->employments[i]->duties = long_text(i, 900);
    }
    hand_in(5, CERTIFICATION__IDENTITY__KIND__EXPERT, form);
    struct file pdf = document(5, 3, CERTIFICATION__DOCUMENT__FORMAT__PDF, 0);
    const char *text = text_of_pdf(&pdf);
    unsigned pages = pages_of(&pdf);
    Common__Principal who = service_test_member(5);
    Certification__DocumentRequest facts = CERTIFICATION__DOCUMENT_REQUEST__INIT;
    ProtobufCMessage *reply;
    facts.kind = CERTIFICATION__IDENTITY__KIND__EXPERT;
    keep("long.pdf", pdf.data, pdf.size);
    assert_true(pages > 10);
    assert_int_equal(service_test_call(&who, "gateway", "GetDocument", &facts.base, "", &reply),
                     STATUS_OK);
    assert_int_equal(((Certification__Document *)reply)->pages, pages);
    assert_says_all(text, &expert->base);
    assert_says(without_blanks(said(&pdf, "pdftotext", "-")), arena_printf(arena, "共%u页", pages));
    struct file last = document(5, 3, CERTIFICATION__DOCUMENT__FORMAT__PNG, pages);
    keep("long-last.png", last.data, last.size);
}

/* A value that is longer than a page: each of its lines once. */
static void test_a_row_longer_than_a_page_is_not_cut(void **state)
{
    struct paper *paper = paper_new(
        arena, &(struct paper_head){"协会", "长表", "N1", "N1", "2026-11-24T10:32:00+08:00", "0"});
    struct paper_bytes bytes;
    char *lines = arena_alloc(arena, 400 * 16);
    (void)state;
    for (int i = 0, size = 0; i < 400; i++)
        size += sprintf(lines + size, "行%d。\n", i);
    paper_table(paper, "表");
    paper_field(paper, "长", lines, true);
    assert_int_equal(paper_pdf(paper, &bytes), STATUS_OK);
    struct file pdf = {bytes.data, bytes.size, "", ""};
    const char *text = text_of_pdf(&pdf);
    assert_true(pages_of(&pdf) >= 9);
    for (int i = 0; i < 400; i++)
        assert_says(text, arena_printf(arena, "行%d。", i));
    free(bytes.data);
}

static int open_service(void **state)
{
    (void)state;
    arena = arena_new(1 << 20);
    service_test_open(&certification);
    secretary = service_test_staff(11, "cert.review cert.owner.review cert.expert.review");
    reviewer = service_test_staff(12, "cert.review cert.owner.review cert.person.review");
    for (Certification__Identity__Kind kind = 1; kind <= LAST_KIND; kind++) {
        handed_in[kind] = form_filled(kind, kind);
        hand_in(kind, kind, handed_in[kind]);
    }
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
        cmocka_unit_test(test_every_field_is_printed),
        cmocka_unit_test(test_the_font_is_embedded),
        cmocka_unit_test(test_a_picture_is_a_page_with_its_code),
        cmocka_unit_test(test_a_page_that_is_not_there),
        cmocka_unit_test(test_the_same_version_is_the_same_bytes),
        cmocka_unit_test(test_the_owner_reads_the_identity_number_and_staff_do_not),
        cmocka_unit_test(test_nobody_else_reads_it),
        cmocka_unit_test(test_an_opinion_is_printed_once_there_is_one),
        cmocka_unit_test(test_a_long_form_goes_on_on_the_next_page),
        cmocka_unit_test(test_a_row_longer_than_a_page_is_not_cut),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
