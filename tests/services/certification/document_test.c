/* What is printed of each form, read back: its text by pdftotext, its picture and its QR code by eyes of their own. */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "consent.h"
#include "paper.h"
#include "printed.h"
#include "service_test.h"
#include <gd.h>

#define TEXT(t) ((char *)(uintptr_t)(t))
#define LAST_KIND CERTIFICATION__IDENTITY__KIND__NATURAL_PERSON

enum { EMPLOYMENTS = 30 };

static Common__Principal secretary, reviewer, colleague;

/* ---- forms filled by their rules */

static struct certification *opened(void)
{
    return service_state(service_test_run());
}

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

static struct file staff_document(const Common__Principal *who, int64_t account,
                                  Certification__Document__Content content,
                                  Certification__Document__Format format)
{
    Certification__ReadReviewDocumentRequest request =
        CERTIFICATION__READ_REVIEW_DOCUMENT_REQUEST__INIT;
    struct file file = {NULL, 0, NULL, NULL};
    ProtobufCMessage *reply;
    request.id = review_of(account);
    request.content = content;
    request.format = format;
    do {
        assert_int_equal(
            service_test_call(who, "gateway", "ReadReviewDocument", &request.base, "", &reply),
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
    struct file theirs = staff_document(&secretary, 3, CERTIFICATION__DOCUMENT__CONTENT__FORM,
                                        CERTIFICATION__DOCUMENT__FORMAT__PDF);
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

    struct file pdf = staff_document(&secretary, 1, CERTIFICATION__DOCUMENT__CONTENT__OPINION,
                                     CERTIFICATION__DOCUMENT__FORMAT__PDF);
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

static const char *reviews(const Common__Principal *who, const char *method, const char *request)
{
    return service_test_json(who, method, "", request);
}

static const char *opinion_of(int64_t account)
{
    return arena_printf(arena, "{\"id\":%lld,\"content\":\"OPINION\"}",
                        (long long)review_of(account));
}

/* One that took two: its head has a number, which is what its code says, too. */
static void test_an_opinion_names_both_reviewers(void **state)
{
    const char *no = service_test_value("SELECT application_no FROM submission WHERE account_id "
                                        "= 4");
    const char *approve =
        arena_printf(arena, "{\"id\":%lld,\"submission_version\":1,\"verdict\":\"APPROVE\"}",
                     (long long)review_of(4));
    (void)state;
    service_test_sql("UPDATE review_policy SET second_review = 'ALWAYS' WHERE kind = "
                     "'NATURAL_PERSON'");
    assert_says(reviews(&reviewer, "DecideReview", approve), "QUEUED");
    assert_says(reviews(&colleague, "GetReviewDocument", opinion_of(4)), "opinion_none");
    assert_says(reviews(&colleague, "DecideReview", approve), "APPROVED");

    struct file pdf = staff_document(&colleague, 4, CERTIFICATION__DOCUMENT__CONTENT__OPINION,
                                     CERTIFICATION__DOCUMENT__FORMAT__PDF);
    struct file png = staff_document(&colleague, 4, CERTIFICATION__DOCUMENT__CONTENT__OPINION,
                                     CERTIFICATION__DOCUMENT__FORMAT__PNG);
    const char *text = text_of_pdf(&pdf), *page = without_blanks(said(&pdf, "pdftotext", "-"));
    keep("opinion-two.pdf", pdf.data, pdf.size);
    keep("opinion-two.png", png.data, png.size);
    assert_says(text, arena_printf(arena, "申请编号%s", no));
    assert_says(text, "提交版本1");
    assert_says(text, "名称䶮㙟𠮷");
    assert_says(text, "审核结论审核通过复核人审核员13初审人审核员12");
    assert_says(page, arena_printf(arena, "编号：D8-%s-1", no));
    assert_string_equal(pdf.name, "审核意见单-䶮㙟𠮷.pdf");
    assert_string_equal(code_of(&png), arena_printf(arena, "CZQG:D8:%s:v1", no));
    assert_says(reviews(&colleague, "GetReviewDocument", opinion_of(4)),
                arena_printf(arena, "\"pages\":%u", pages_of(&pdf)));
}

static void test_nobody_else_reads_an_opinion(void **state)
{
    Common__Principal owner = service_test_member(4);
    static const char *const methods[] = {"GetReviewDocument", "ReadReviewDocument"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_says(reviews(&owner, methods[i], opinion_of(4)), "not_allowed");
        assert_says(reviews(&secretary, methods[i], opinion_of(4)), "document_gone");
        assert_says(reviews(&secretary, methods[i], "{\"id\":987654,\"content\":\"OPINION\"}"),
                    "document_gone");
    }
    assert_says(
        reviews(&owner, "ReadDocument", "{\"kind\":\"NATURAL_PERSON\",\"content\":\"OPINION\"}"),
        "opinion_none");
}

/* The words of that day, whatever the reason is called later. */
static void test_an_opinion_says_for_ever_what_it_said(void **state)
{
    (void)state;
    struct file before = staff_document(&secretary, 1, CERTIFICATION__DOCUMENT__CONTENT__OPINION,
                                        CERTIFICATION__DOCUMENT__FORMAT__PDF);
    service_test_sql("UPDATE reject_reason SET text = '改过的原因' WHERE code = 'R01'");
    struct file after = staff_document(&secretary, 1, CERTIFICATION__DOCUMENT__CONTENT__OPINION,
                                       CERTIFICATION__DOCUMENT__FORMAT__PDF);
    assert_int_equal(before.size, after.size);
    assert_memory_equal(before.data, after.data, before.size);
}

/* ---- the photo */

/* Of the place, behind the value of the row that ends beside it. */
#define PHOTO_WORDS "18003551778照片"

enum { PHOTO_ACCOUNT = 6, RED = 0xc81e1e, BLUE = 0x1e1ec8, NEAR = 40 };

/* Red above, blue below, as a camera writes it, through the real guild-image. */
static const char *photo_taken(int64_t account)
{
    Common__Principal who = service_test_member(account);
    int size = 0;
    gdImagePtr image = gdImageCreateTrueColor(1000, 1400);
    gdImageFilledRectangle(image, 0, 0, 999, 699, RED);
    gdImageFilledRectangle(image, 0, 700, 999, 1399, BLUE);
    void *jpeg = gdImageJpegPtr(image, &size, 90);
    gdImageDestroy(image);
    service_test_body(jpeg, (size_t)size);
    gdFree(jpeg);
    const char *told = service_test_json(
        &who, "UploadAttachment", "photo-01",
        arena_printf(arena,
                     "{\"purpose\":\"photo_files\",\"file_name\":\"照.jpg\",\"size_bytes\":%d}",
                     size));
    const char *id = strstr(told, "\"id\":\"");
    if (id == NULL)
        fail_msg("no attachment: %s", told);
    return arena_printf(arena, "%.32s", id + sizeof "\"id\":\"" - 1);
}

struct seen {
    int count, left, right, top, bottom;
};

static bool is_near(uint32_t pixel, uint32_t colour)
{
    for (int shift = 0; shift < 24; shift += 8)
        if (abs((int)(pixel >> shift & 0xff) - (int)(colour >> shift & 0xff)) > NEAR)
            return false;
    return true;
}

/* Where a colour is on a picture. */
static struct seen seen_of(const struct file *png, uint32_t colour)
{
    struct picture picture = {png->data, png->size};
    struct seen seen = {.left = PAGE_WIDTH, .top = PAGE_HEIGHT};
    cairo_surface_t *surface = cairo_image_surface_create_from_png_stream(picture_read, &picture);
    assert_int_equal(cairo_surface_status(surface), CAIRO_STATUS_SUCCESS);
    for (int y = 0; y < cairo_image_surface_get_height(surface); y++)
        for (int x = 0; x < cairo_image_surface_get_width(surface); x++) {
            uint32_t pixel;
            memcpy(&pixel,
                   cairo_image_surface_get_data(surface) +
                       (ptrdiff_t)y * cairo_image_surface_get_stride(surface) + (ptrdiff_t)4 * x,
                   sizeof pixel);
            if (!is_near(pixel, colour))
                continue;
            seen.count++;
            seen.left = x < seen.left ? x : seen.left;
            seen.right = x > seen.right ? x : seen.right;
            seen.top = y < seen.top ? y : seen.top;
            seen.bottom = y > seen.bottom ? y : seen.bottom;
        }
    cairo_surface_destroy(surface);
    return seen;
}

/* At 150 dots an inch: in the place beside the rows, upright. */
static void assert_photo(const struct file *png)
{
    struct seen red = seen_of(png, RED), blue = seen_of(png, BLUE);
    assert_in_range(red.count, 15000, 40000);
    assert_in_range(blue.count, 15000, 40000);
    assert_in_range(red.left, 927, 1000);
    assert_in_range(red.right, 1060, 1134);
    assert_true(red.bottom <= blue.top);
}

static struct file first_page(const struct file *pdf)
{
    return made_of(pdf, "pdftoppm -r 150 -f 1 -l 1 -png", "");
}

static void assert_words_only(int64_t account)
{
    struct file pdf = document(account, 3, CERTIFICATION__DOCUMENT__FORMAT__PDF, 0);
    struct file png = document(account, 3, CERTIFICATION__DOCUMENT__FORMAT__PNG, 1);
    assert_says(text_of_pdf(&pdf), PHOTO_WORDS);
    assert_int_equal(seen_of(&png, RED).count, 0);
}

static void test_the_photo_is_on_the_experts_form(void **state)
{
    Certification__Form form = form_filled(CERTIFICATION__IDENTITY__KIND__EXPERT, PHOTO_ACCOUNT);
    (void)state;
    assert_words_only(3); /* whose photo is a file without a picture */
    form.expert->id_number = TEXT("140403198001010031");
    form.expert->photo_files[0] = TEXT(photo_taken(PHOTO_ACCOUNT));
    hand_in(PHOTO_ACCOUNT, CERTIFICATION__IDENTITY__KIND__EXPERT, form);

    struct file pdf = document(PHOTO_ACCOUNT, 3, CERTIFICATION__DOCUMENT__FORMAT__PDF, 0);
    struct file png = document(PHOTO_ACCOUNT, 3, CERTIFICATION__DOCUMENT__FORMAT__PNG, 1);
    struct file page = first_page(&pdf);
    const char *text = text_of_pdf(&pdf);
    keep("photo.pdf", pdf.data, pdf.size);
    keep("photo.png", png.data, png.size);
    assert_photo(&png);
    assert_photo(&page);
    assert_null(strstr(text, PHOTO_WORDS));
    assert_says_all(text, &form.expert->base);
    struct file again = document(PHOTO_ACCOUNT, 3, CERTIFICATION__DOCUMENT__FORMAT__PDF, 0);
    assert_int_equal(again.size, pdf.size);
    assert_memory_equal(again.data, pdf.data, pdf.size);
    struct file theirs =
        staff_document(&secretary, PHOTO_ACCOUNT, CERTIFICATION__DOCUMENT__CONTENT__FORM,
                       CERTIFICATION__DOCUMENT__FORMAT__PNG);
    assert_photo(&theirs);
}

/* Altered, then lost. */
static void test_a_broken_photo_leaves_the_words(void **state)
{
    const char *id = arena_printf(
        arena, "%s.t",
        service_test_value("SELECT id FROM attachment WHERE account_id = %d AND purpose = "
                           "'photo_files' AND thumbnail_bytes > 0",
                           PHOTO_ACCOUNT));
    struct blob_store *blobs = opened()->files.blobs;
    (void)state;
    assert_int_equal(blob_delete(blobs, id), STATUS_OK);
    assert_int_equal(blob_put(blobs, id, arena_alloc(arena, 9000), 9000), STATUS_OK);
    assert_words_only(PHOTO_ACCOUNT);
    assert_int_equal(blob_delete(blobs, id), STATUS_OK);
    assert_words_only(PHOTO_ACCOUNT);
    /* sealed as it should be, and no picture */
    size_t size = (size_t)atoll(service_test_value(
        "SELECT thumbnail_bytes FROM attachment WHERE account_id = %d AND thumbnail_bytes > 0",
        PHOTO_ACCOUNT));
    unsigned char *noise = arena_alloc(arena, size);
    memcpy(noise, "\xff\xd8\xff\xe0", 4);
    assert_int_equal(file_put(&opened()->files, id, PHOTO_ACCOUNT, noise, size), STATUS_OK);
    assert_words_only(PHOTO_ACCOUNT);
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
    colleague = service_test_staff(13, "cert.review cert.person.review cert.second_review");
    opened()->files.image_program = IMAGE_PROGRAM;
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
        cmocka_unit_test(test_an_opinion_names_both_reviewers),
        cmocka_unit_test(test_nobody_else_reads_an_opinion),
        cmocka_unit_test(test_an_opinion_says_for_ever_what_it_said),
        cmocka_unit_test(test_the_photo_is_on_the_experts_form),
        cmocka_unit_test(test_a_broken_photo_leaves_the_words),
        cmocka_unit_test(test_a_long_form_goes_on_on_the_next_page),
        cmocka_unit_test(test_a_row_longer_than_a_page_is_not_cut),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
