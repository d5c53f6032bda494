#include "paper_document.h"

#include "document.h"
#include "message.h"
#include <stdbool.h>
#include <string.h>

/* The handbook's line to write an account on, and when the blank papers came to be: the same bytes every day. */
#define BLANK_ACCOUNT "＿＿＿＿＿＿＿＿＿＿＿＿"
#define BLANK_MADE_AT "2026-11-01T00:00:00+08:00"

enum { WIDE_FROM = 60, LONG_FROM = 300 };

static bool is_entry(const struct paper_document *d)
{
    return d->kind == CERTIFICATION__PAPER_FORM__KIND__ENTRY;
}

static bool is_blank(const struct paper_document *d)
{
    return d->form_no[0] == '\0';
}

const char *paper_document_title(Certification__PaperForm__Kind kind)
{
    return kind == CERTIFICATION__PAPER_FORM__KIND__ENTRY ? "入会申请表" : "企业协会账号负责人说明";
}

static struct paper *begin(const struct paper_document *d)
{
    const char *letters = is_entry(d) ? "D1" : "D2";
    bool blank = is_blank(d);
    return paper_new(
        d->arena,
        &(struct paper_head){
            .association = d->association,
            .title = paper_document_title(d->kind),
            .number = blank ? "" : arena_printf(d->arena, "%s-%u", d->form_no, d->edition),
            .code = blank
                        ? ""
                        : arena_printf(d->arena, "CZQG:%s:%s:v%u", letters, d->form_no, d->edition),
            .made_at = blank ? BLANK_MADE_AT : d->made_at,
            .digest = blank ? "" : d->digest,
        });
}

/* ---- to be filled in by hand: boxes to tick where there are few options, room where much is written */

static const char *boxes(const struct paper_document *d, const char *dictionary)
{
    const char *text = "";
    for (size_t i = 0; i < d->names->count; i++)
        if (strcmp(rows_get(d->names, i, "dictionary"), dictionary) == 0)
            text = arena_printf(d->arena, "%s%s□%s", text, text[0] == '\0' ? "" : "　",
                                rows_get(d->names, i, "name"));
    return text;
}

static void blank_field(const struct paper_document *d, struct paper *paper,
                        const struct field_rule *rule)
{
    const char *tick = boxes(d, rule->dictionary);
    bool is_long = rule->max >= LONG_FROM && strcmp(rule->check, "multiline_text") == 0;
    bool is_choice = rule->dictionary[0] != '\0' && strlen(tick) > 30;
    paper_field(paper, rule->label, is_long ? "\n\n\n\n" : tick,
                rule->max >= WIDE_FROM || is_choice);
}

/* ---- 入会申请表 */

/* The heading above a field, where one begins. */
static const char *heading_of(const char *field)
{
    static const struct {
        const char *field, *title;
    } groups[] = {
        {"unit_name",         "单位信息"         },
        {"legal_person_name", "法定代表人"      },
        {"contact_name",      "联系人"            },
        {"member_category",   "业务与入会意向"},
    };
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        if (strcmp(groups[i].field, field) == 0)
            return groups[i].title;
    return NULL;
}

static struct paper *of_entry(const struct paper_document *d)
{
    const ProtobufCMessageDescriptor *type = d->form->descriptor;
    const struct document named = {.arena = d->arena, .names = d->names};
    const char *declaration = "";
    struct paper *paper = begin(d);
    for (unsigned i = 0; i < type->n_fields; i++) {
        const struct field_rule *rule = message_rule(type, type->fields[i].name);
        const char *heading = heading_of(rule->field);
        if (heading != NULL)
            paper_table(paper, heading);
        if (type->fields[i].type == PROTOBUF_C_TYPE_BOOL)
            declaration = rule->label;
        else if (is_blank(d))
            blank_field(d, paper, rule);
        else
            document_field(&named, paper, d->form, &type->fields[i]);
    }
    paper_table(paper, "签字盖章");
    paper_sign(paper, "单位意见", arena_printf(d->arena, "入会声明：%s。", declaration),
               "单位（盖章）：");
    paper_sign(paper, "协会意见", "", "协会（盖章）：");
    return paper;
}

/* ---- 企业协会账号负责人说明 */

static struct paper *of_holder(const struct paper_document *d)
{
    const Certification__HolderForm *form = (const Certification__HolderForm *)d->form;
    const ProtobufCMessageDescriptor *type = d->form->descriptor;
    const struct document named = {.arena = d->arena, .names = d->names};
    static const char *const fields[] = {"name", "gender", "job_title", "phone"};
    struct paper *paper = begin(d);
    paper_table(paper, "账号负责人");
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (is_blank(d))
            blank_field(d, paper, message_rule(type, fields[i]));
        else
            document_field(&named, paper, d->form,
                           protobuf_c_message_descriptor_get_field_by_name(type, fields[i]));
    paper_text(paper,
               arena_printf(d->arena,
                            "经决定，由我公司该员工负责在“%s数字化平台”注册的%s（企业协会账号），"
                            "负责对接本公司与协会各项工作事宜。",
                            d->association, is_blank(d) ? BLANK_ACCOUNT : form->account_login));
    paper_field(paper, message_rule(type, "company_name")->label, form->company_name, true);
    paper_sign(paper, "公司意见", "", "公司（盖章）：");
    return paper;
}

struct paper *paper_document_draw(const struct paper_document *document)
{
    return is_entry(document) ? of_entry(document) : of_holder(document);
}
