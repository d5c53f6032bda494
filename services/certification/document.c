#include "document.h"

#include "message.h"
#include <string.h>

enum { WIDE_FROM = 60, SENTENCE_FROM = 24 };

/* What differs from kind to kind. */
struct sheet_kind {
    const char *letters, *title;
    bool photo;
    const char *declaration, *signer, *second_label, *second_signer;
};

static const struct sheet_kind kinds[] = {
    [CERTIFICATION__IDENTITY__KIND__OWNER_UNIT] =
        {
                                                     .letters = "D5",
                                                     .title = "建设单位登记表",
                                                     .declaration =
                "本单位承诺：以上所填内容及所附证照真实、有效，如有不实，由本单位承担相应责任。",
                                                     .signer = "单位（盖章）：",
                                                     .second_label = "协会意见",
                                                     .second_signer = "协会（盖章）：",
                                                     },
    [CERTIFICATION__IDENTITY__KIND__MEMBER_UNIT] =
        {
                                                     .letters = "D5",
                                                     .title = "会员单位登记表",
                                                     .declaration =
                "本单位承诺：以上所填内容及所附证照真实、有效，如有不实，由本单位承担相应责任。",
                                                     .signer = "单位（盖章）：",
                                                     .second_label = "协会意见",
                                                     .second_signer = "协会（盖章）：",
                                                     },
    [CERTIFICATION__IDENTITY__KIND__EXPERT] =
        {
                                                     .letters = "D4",
                                                     .title = "专家登记表",
                                                     .photo = true,
                                                     .declaration =
                "本人承诺：以上所填内容及所附证件真实、有效；参加评审时客观公正、遵守纪律，"
                "如有不实或违反，愿承担相应责任。",                                                                                          .signer = "本人（签字）：",
                                                     .second_label = "所在单位意见",
                                                     .second_signer = "单位（盖章）：",
                                                     },
    [CERTIFICATION__IDENTITY__KIND__NATURAL_PERSON] =
        {
                                                     .letters = "D5",
                                                     .title = "自然人登记表",
                                                     .declaration = "本人承诺：以上所填内容及所附证件真实、有效，如有不实，愿承担相应责任。",
                                                     .signer = "本人（签字）：",
                                                     .second_label = "协会意见",
                                                     .second_signer = "协会（盖章）：",
                                                     },
};

static bool is_form(const struct document *document)
{
    return document->content == CERTIFICATION__DOCUMENT__CONTENT__FORM;
}

const char *document_title(const struct document *document)
{
    return is_form(document) ? kinds[document->kind].title : "审核意见单";
}

/* ---- values as people read them */

static const char *text_of(const struct document *d, const struct field_rule *rule,
                           const char *value)
{
    const struct rows *rows = rule->file ? d->files : d->names;
    if (!rule->file && rule->dictionary[0] == '\0')
        return value;
    for (size_t i = 0; i < rows->count; i++)
        if (rule->file ? strcmp(rows_get(rows, i, "id"), value) == 0
                       : strcmp(rows_get(rows, i, "dictionary"), rule->dictionary) == 0 &&
                             strcmp(rows_get(rows, i, "code"), value) == 0)
            return arena_text(d->arena, rows_get(rows, i, rule->file ? "file_name" : "name"));
    return value;
}

static const char *list_of(const struct document *d, const struct field_rule *rule,
                           char *const *values, size_t count)
{
    const char *text = "";
    for (size_t i = 0; i < count; i++)
        text =
            arena_printf(d->arena, "%s%s%s", text, i == 0 ? "" : "、", text_of(d, rule, values[i]));
    return text;
}

/* ---- the form, field by field */

static size_t count_of(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return *(const size_t *)((const char *)message + field->quantifier_offset);
}

/* Whether it goes on with the label of the field before it: 所在省市 is one line, of 省 and 市. */
static bool goes_on(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field)
{
    const struct field_rule *rule = message_rule(type, field->name);
    return rule->part[0] != '\0' && field > type->fields &&
           strcmp(rule->label, message_rule(type, field[-1].name)->label) == 0;
}

/* The text of a field, and of those that go on with it: 山西省 长治市. */
static const char *parts_of(const struct document *d, const ProtobufCMessage *message,
                            const ProtobufCFieldDescriptor *field)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    const char *text = "";
    do {
        const char *value = *(const char *const *)((const char *)message + field->offset);
        text = arena_printf(d->arena, "%s%s%s", text, text[0] == '\0' ? "" : " ",
                            text_of(d, message_rule(type, field->name), value));
        field++;
    } while (field < type->fields + type->n_fields && goes_on(type, field));
    return text;
}

void document_field(const struct document *d, struct paper *paper, const ProtobufCMessage *message,
                    const ProtobufCFieldDescriptor *field)
{
    const struct field_rule *rule = message_rule(message->descriptor, field->name);
    const void *at = (const char *)message + field->offset;
    bool wide = rule->max >= WIDE_FROM;
    if (field->type == PROTOBUF_C_TYPE_BOOL) {
        bool yes = *(const protobuf_c_boolean *)at;
        if (strlen(rule->label) > 3 * SENTENCE_FROM)
            paper_text(paper, arena_printf(d->arena, "%s %s", yes ? "■" : "□", rule->label));
        else
            paper_field(paper, rule->label, yes ? "是" : "否", false);
    } else if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        paper_field(paper, rule->label,
                    list_of(d, rule, *(char *const *const *)at, count_of(message, field)), true);
    } else {
        paper_field(paper, rule->label, parts_of(d, message, field), wide);
    }
}

/* Nothing is printed of what may be and is empty. */
static bool is_told(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const void *at = (const char *)message + field->offset;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return false; /* a table of its own */
    if (goes_on(message->descriptor, field))
        return false;
    if (field->type == PROTOBUF_C_TYPE_BOOL ||
        message_rule(message->descriptor, field->name)->required)
        return true;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return count_of(message, field) > 0;
    return (*(const char *const *)at)[0] != '\0';
}

static void add_fields(const struct document *d, struct paper *paper,
                       const ProtobufCMessage *message)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++)
        if (is_told(message, &message->descriptor->fields[i]))
            document_field(d, paper, message, &message->descriptor->fields[i]);
}

static void add_rows(const struct document *d, struct paper *paper)
{
    const ProtobufCMessage *form = d->form;
    for (unsigned i = 0; i < form->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &form->descriptor->fields[i];
        if (field->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        const char *label = message_rule(form->descriptor, field->name)->label;
        const void *at = (const char *)form + field->offset;
        ProtobufCMessage *const *rows = *(ProtobufCMessage *const *const *)at;
        size_t count = count_of(form, field);
        for (size_t n = 0; n < count; n++) {
            paper_table(paper,
                        count == 1 ? label : arena_printf(d->arena, "%s（%zu）", label, n + 1));
            add_fields(d, paper, rows[n]);
        }
    }
}

/* ---- whole documents */

static struct paper *begin(const struct document *d, const char *made_at, const char *digest)
{
    const char *letters = is_form(d) ? kinds[d->kind].letters : "D8";
    return paper_new(d->arena, &(struct paper_head){
                                   .association = d->association,
                                   .title = document_title(d),
                                   .number = arena_printf(d->arena, "%s-%s-%u", letters,
                                                          d->application_no, d->version),
                                   .code = arena_printf(d->arena, "CZQG:%s:%s:v%u", letters,
                                                        d->application_no, d->version),
                                   .made_at = made_at,
                                   .digest = digest,
                               });
}

static struct paper *of_form(const struct document *document)
{
    const struct sheet_kind *kind = &kinds[document->kind];
    struct paper *paper = begin(document, document->made_at, document->digest);
    paper_table(paper, "基本信息");
    if (kind->photo)
        paper_photo(paper, "照　片", document->photo.bytes, document->photo.size);
    add_fields(document, paper, document->form);
    add_rows(document, paper);
    paper_table(paper, "签字盖章");
    paper_sign(paper, "申请人声明", kind->declaration, kind->signer);
    paper_sign(paper, kind->second_label, "", kind->second_signer);
    return paper;
}

/* Of the form and of all that was said of it. */
static const char *opinion_digest(const struct document *d)
{
    static const char *const said[] = {"digest",        "state",      "reviewer",
                                       "first_by_name", "first_at",   "reasons",
                                       "claimed_at",    "decided_at", "message_to_applicant"};
    const char *all = "";
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        const char *one = rows_get(&d->review, 0, said[i]);
        all = arena_printf(d->arena, "%s%s\n", all, one == NULL ? "" : one);
    }
    return paper_digest(d->arena, all, strlen(all));
}

static struct paper *of_opinion(const struct document *document)
{
    const struct rows *review = &document->review;
    bool approved = strcmp(rows_get(review, 0, "state"), "APPROVED") == 0;
    const char *decided_at = rows_get(review, 0, "decided_at");
    const char *claimed_at = rows_get(review, 0, "claimed_at");
    bool two = rows_get(review, 0, "first_at") != NULL;
    struct paper *paper = begin(document, decided_at, opinion_digest(document));
    struct arena *arena = document->arena;
    paper_table(paper, "申请");
    paper_field(paper, "申请编号", document->application_no, false);
    paper_field(paper, "提交版本", arena_printf(arena, "%u", document->version), false);
    paper_field(paper, "申请材料", kinds[document->kind].title, false);
    paper_field(paper, "提交时间",
                arena_printf(arena, "%.10s %.5s", document->made_at, document->made_at + 11),
                false);
    paper_field(paper, "名称", document->name, true);
    paper_table(paper, "审核意见");
    paper_field(paper, "审核结论", approved ? "审核通过" : "驳回", false);
    paper_field(paper, two ? "复核人" : "审核人", rows_get(review, 0, "reviewer"), false);
    if (two) {
        paper_field(paper, "初审人", rows_get(review, 0, "first_by_name"), false);
        paper_field(paper, "初审时间", rows_get(review, 0, "first_at"), false);
    }
    paper_field(paper, "受理时间", claimed_at == NULL ? "" : claimed_at, false);
    paper_field(paper, two ? "复核时间" : "审核时间",
                arena_printf(arena, "%.10s %.5s", decided_at, decided_at + 11), false);
    paper_field(paper, "驳回原因", rows_get(review, 0, "reasons"), true);
    paper_field(paper, "审核说明", rows_get(review, 0, "message_to_applicant"), true);
    paper_sign(paper, "协会意见", "", "协会（盖章）：");
    return paper;
}

struct paper *document_paper(const struct document *document)
{
    return is_form(document) ? of_form(document) : of_opinion(document);
}
