#include "rules.h"

#include "check.h"
#include <stdio.h>
#include <string.h>
#include <unistr.h>

/* ---- forms */

struct forms {
    const char *path; /* "form.expert." */
    const char *today;
    const char *birth_date; /* "": the form does not ask for it */
    struct field_errors *errors;
};

static void refuse(const struct forms *f, const char *field, const char *message)
{
    field_errors_add(f->errors, arena_printf(f->errors->arena, "%s%s", f->path, field), message);
}

/* Days and months are written so that their order is that of their texts; empty ones say nothing. */
static bool is_after(const char *a, const char *b)
{
    return a[0] != '\0' && b[0] != '\0' && strncmp(a, b, strlen(b)) > 0;
}

/* On `day`, born on `birth`? Both as 2006-01-31. */
static bool is_under_16(const char *birth, const char *day)
{
    int years = 0, year = 0;
    if (strlen(birth) != 10 || strlen(day) != 10 || sscanf(birth, "%4d", &years) != 1 ||
        sscanf(day, "%4d", &year) != 1)
        return false;
    return year - years - (strcmp(day + 4, birth + 4) < 0) < 16;
}

static struct forms row_of(const struct forms *f, const char *list, size_t place)
{
    const char *path = arena_printf(f->errors->arena, "%s%s.%zu.", f->path, list, place);
    return (struct forms){path, f->today, f->birth_date, f->errors};
}

static void rules_qualifications(const struct forms *f, Certification__Qualification *const *list,
                                 size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const Certification__Qualification *row = list[i];
        struct forms here = row_of(f, "qualifications", i);
        if (is_after(row->issued_on, f->today))
            refuse(&here, "issued_on", "发证日期不能晚于今天。");
        if (is_under_16(f->birth_date, row->issued_on))
            refuse(&here, "issued_on", "发证日期早于本人年满16周岁，请对照证书核对。");
        if (is_after(row->major_since, f->today))
            refuse(&here, "major_since", "起始年份不能晚于今年。");
        if (!row->valid_forever && is_after(row->issued_on, row->valid_to))
            refuse(&here, "valid_to", "有效期不能早于发证日期。");
        for (size_t j = 0; j < i; j++)
            if (strcmp(row->certificate_no, list[j]->certificate_no) == 0 &&
                strcmp(row->qualification_code, list[j]->qualification_code) == 0)
                refuse(&here, "certificate_no", "这本证书已经填写过，请勿重复。");
    }
}

static void rules_employments(const struct forms *f, const Certification__ExpertForm *form)
{
    for (size_t i = 0; i < form->n_employments; i++) {
        const Certification__Employment *row = form->employments[i];
        struct forms here = row_of(f, "employments", i);
        if (is_after(row->start_month, f->today))
            refuse(&here, "start_month", "开始时间不能晚于今天。");
        if (!row->until_now && is_after(row->start_month, row->end_month))
            refuse(&here, "end_month", "结束时间不能早于开始时间。");
        if (!row->until_now && is_after(row->end_month, f->today))
            refuse(&here, "end_month", "结束时间不能晚于今天，仍在职请勾选“至今”。");
    }
}

static void rules_educations(const struct forms *f, const Certification__ExpertForm *form)
{
    for (size_t i = 0; i < form->n_educations; i++) {
        const Certification__Education *row = form->educations[i];
        struct forms here = row_of(f, "educations", i);
        if (!is_after(row->end_month, row->start_month))
            refuse(&here, "end_month", "毕业时间应晚于入学时间。");
        if (is_after(row->end_month, f->today))
            refuse(&here, "end_month", "毕业时间不能晚于今天。");
    }
}

/* GB/T 2260, section 3: two digits for the province, two for the city, two for the county. */
static bool is_province(const char *code)
{
    return strcmp(code + 2, "0000") == 0;
}

static bool is_city(const char *code)
{
    return strcmp(code + 4, "00") == 0 && !is_province(code);
}

static void rules_expert(const struct forms *f, const Certification__ExpertForm *form)
{
    const char *wrong = check_id_agrees(form->id_number, form->gender, form->birth_date);
    if (wrong != NULL)
        refuse(f, "id_number", wrong);
    if (is_after(form->birth_date, f->today))
        refuse(f, "birth_date", "出生日期不能晚于今天。");
    if (strlen(form->province_code) != 6 || !is_province(form->province_code))
        refuse(f, "province_code", "请选择所在的省、自治区或直辖市。");
    if (strlen(form->city_code) != 6 || !is_city(form->city_code) ||
        strncmp(form->province_code, form->city_code, 2) != 0)
        refuse(f, "city_code", "所选城市不在所选省份内，请重新选择。");
    rules_qualifications(f, form->qualifications, form->n_qualifications);
    rules_employments(f, form);
    rules_educations(f, form);
}

void rules_form(const Certification__Form *form, const char *today, struct field_errors *errors)
{
    if (form->expert != NULL)
        rules_expert(&(struct forms){"form.expert.", today, form->expert->birth_date, errors},
                     form->expert);
    if (form->natural_person != NULL)
        rules_qualifications(&(struct forms){"form.natural_person.", today, "", errors},
                             form->natural_person->qualifications,
                             form->natural_person->n_qualifications);
}

enum { ACHIEVEMENTS_MAX = 5 };

static unsigned lines_in(const char *text)
{
    unsigned count = text[0] != '\0';
    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

void rules_paper_fields(const Certification__PaperFields *fields, const char *today,
                        struct field_errors *errors)
{
    struct forms here = {.path = "fields.entry.", .today = today, .errors = errors};
    const Certification__EntryForm *entry = fields->entry;
    if (entry == NULL)
        return;
    if (is_after(entry->founded_on, today))
        refuse(&here, "founded_on", "成立日期不能晚于今天。");
    if (lines_in(entry->achievements) > ACHIEVEMENTS_MAX)
        refuse(&here, "achievements", "主要业绩最多5条，每条一行，请删减后再生成。");
}

/* ---- what may be refused */

/* A year after the day; both as 2006-01-31. */
static bool is_beyond_a_year(const char *day, const char *today)
{
    int year = 0, this_year = 0;
    if (sscanf(day, "%4d", &year) != 1 || sscanf(today, "%4d", &this_year) != 1)
        return false;
    return year > this_year + 1 || (year == this_year + 1 && strcmp(day + 4, today + 4) > 0);
}

void rules_away(const Certification__SetAwayRequest *away, const char *today,
                struct field_errors *errors)
{
    if (strcmp(away->away_from, today) < 0)
        field_errors_add(errors, "away_from", "开始日期不能早于今天。");
    if (strcmp(away->away_until, away->away_from) < 0)
        field_errors_add(errors, "away_until", "结束日期不能早于开始日期。");
    else if (is_beyond_a_year(away->away_until, today))
        field_errors_add(errors, "away_until",
                         "一次最多暂停到一年后；长期不参评的，请致电0355-3069919。");
}

bool rules_rejection_is_founded(size_t reasons, const char *message)
{
    return reasons > 0 || u8_mbsnlen((const uint8_t *)message, strlen(message)) >= 5;
}

static bool is_founded(const Certification__FieldVerdict *verdict)
{
    return verdict->n_reason_codes + verdict->n_boxes > 0 || verdict->note[0] != '\0';
}

bool rules_verdict_is_founded(const Certification__DecideReviewRequest *verdict)
{
    bool founded =
        rules_rejection_is_founded(verdict->n_reason_codes, verdict->message_to_applicant);
    for (size_t i = 0; i < verdict->n_field_verdicts; i++) {
        const Certification__FieldVerdict *one = verdict->field_verdicts[i];
        if (!is_founded(one))
            return false;
        founded |= rules_rejection_is_founded(one->n_reason_codes, one->note);
    }
    return founded;
}

static struct precheck say(Certification__Precheck__Level level, const char *text)
{
    return (struct precheck){level, text, "", ""};
}

static struct precheck say_more(Certification__Precheck__Level level, const char *text,
                                const char *detail)
{
    return (struct precheck){level, text, detail, ""};
}

static const Certification__Precheck__Level GOOD = CERTIFICATION__PRECHECK__LEVEL__GOOD,
                                            WARNING = CERTIFICATION__PRECHECK__LEVEL__WARNING,
                                            BAD = CERTIFICATION__PRECHECK__LEVEL__BAD;

/* The day, when it has passed; what is empty never ends. */
static bool has_ended(const char *day, const char *today)
{
    return day[0] != '\0' && strcmp(day, today) < 0;
}

static bool one_has_ended(const Certification__MemberUnitForm *form, const char *today)
{
    for (size_t i = 0; form != NULL && i < form->n_unit_qualifications; i++)
        if (!form->unit_qualifications[i]->qual_valid_forever &&
            has_ended(form->unit_qualifications[i]->qual_valid_to, today))
            return true;
    return false;
}

/* What a unit's papers say of their own end (G.3). */
static size_t precheck_ends(const struct precheck_facts *facts, struct precheck *out)
{
    const Certification__Form *form = facts->form;
    const char *day = form == NULL                ? ""
                      : form->owner_unit != NULL  ? form->owner_unit->license_valid_to
                      : form->member_unit != NULL ? form->member_unit->license_valid_to
                                                  : "";
    size_t n = 0;
    if (has_ended(day, facts->today))
        out[n++] = (struct precheck){BAD, "营业执照已过有效期，有效期至", day, "licence_ended"};
    else if (day[0] != '\0')
        out[n++] = say_more(GOOD, "营业执照在有效期内，有效期至", day);
    if (form != NULL && one_has_ended(form->member_unit, facts->today))
        out[n++] = say(WARNING, "有单位资质已过有效期");
    return n;
}

static size_t precheck_unit(const struct precheck_facts *facts, struct precheck *out)
{
    char normal[19];
    size_t n = 0;
    if (check_uscc(facts->uscc, normal, sizeof normal) != NULL) {
        out[n++] = say(BAD, "社会信用代码校验不通过");
        return n;
    }
    out[n++] = say(GOOD, "社会信用代码校验通过（GB 32100）");
    out[n++] = check_uscc_organisation_good(normal)
                   ? say(GOOD, "组织机构代码校验通过（GB 11714）")
                   : say(WARNING, "组织机构代码校验位不符，请对照执照核对（老个体户代码可能如此）");
    const char *kind = check_uscc_kind(normal);
    out[n++] = kind == NULL ? say(WARNING, "机构类别代码不常见，请对照执照核对")
                            : say_more(GOOD, "信用代码所示的机构类别：", kind);
    if (facts->region[0] != '\0')
        out[n++] = say_more(GOOD, "信用代码所示的登记地区：", facts->region);
    else if (strncmp(normal + 2, "100000", 6) == 0)
        out[n++] = say(GOOD, "信用代码所示的登记机关：国家登记机关");
    else
        out[n++] =
            check_uscc_region_known(normal)
                ? say(WARNING, "信用代码中的登记地区已撤并，请对照执照核对")
                : say(WARNING, "信用代码中的登记地区不在现行和历史的行政区划内，请对照执照核对");
    if (facts->uscc_in_use)
        out[n++] = say(BAD, "该信用代码已由其他账号认证，不能通过");
    else if (facts->uscc_elsewhere > 0)
        out[n++] = say(WARNING, "该信用代码在其他账号的申请中出现过");
    if (facts->name_in_use)
        out[n++] = (struct precheck){BAD, "同名单位已由其他账号认证", "", "name_in_use"};
    else if (facts->name_elsewhere > 0)
        out[n++] = say(WARNING, "同名单位在其他账号的申请中出现过");
    if (facts->names_near[0] != '\0')
        out[n++] = say_more(WARNING, "名称与名录中的单位相同或相近：", facts->names_near);
    if (facts->phones_shared[0] != '\0')
        out[n++] = say_more(WARNING, "电话与名录中的其他单位相同：", facts->phones_shared);
    if (facts->licence_is_read)
        out[n++] =
            facts->licence_uscc_other[0] == '\0'
                ? say(GOOD, "营业执照二维码中的信用代码与填写一致")
                : (struct precheck){
                      BAD, "营业执照二维码中的信用代码与填写不同，请对照执照核对。二维码中为",
                      facts->licence_uscc_other, "licence_uscc"};
    if (facts->licence_name_other[0] != '\0')
        out[n++] = say_more(WARNING, "营业执照二维码中的名称与填写不同，请对照执照核对。二维码中为",
                            facts->licence_name_other);
    if (facts->licence_is_seen)
        out[n++] =
            facts->licence_seen_other[0] == '\0'
                ? say(GOOD, "营业执照图片识别出的信用代码与填写一致（文字识别）")
                : (struct precheck){
                      BAD,
                      "营业执照图片识别出的信用代码与填写不同（文字识别），请对照执照核对。识别为",
                      facts->licence_seen_other, "licence_uscc"};
    return n + precheck_ends(facts, out + n);
}

static struct precheck precheck_certificates(const struct precheck_facts *facts)
{
    if (facts->certificates_all_expired)
        return (struct precheck){BAD, "所填的职业资格证书都已过有效期", "",
                                 "certificates_all_expired"};
    return facts->certificates_expired > 0 ? say(WARNING, "有职业资格证书已过有效期")
                                           : say(GOOD, "职业资格证书均在有效期内");
}

/* The month after the last of an employment, as far as it may be compared; one that goes on has none. */
static const char *end_of(const Certification__Employment *row)
{
    return row->until_now || row->end_month[0] == '\0' ? "9999-12" : row->end_month;
}

/* Two at a time; who leaves and begins in the same month does not overlap. */
static bool employments_overlap(const Certification__ExpertForm *form)
{
    for (size_t i = 0; i < form->n_employments; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(form->employments[i]->start_month, end_of(form->employments[j])) < 0 &&
                strcmp(form->employments[j]->start_month, end_of(form->employments[i])) < 0)
                return true;
    return false;
}

/* GB/T 4658 gives the higher education the smaller number. NULL: there is no row. */
static const Certification__Education *highest_education(const Certification__ExpertForm *form)
{
    const Certification__Education *best = NULL;
    for (size_t i = 0; i < form->n_educations; i++)
        if (best == NULL || strcmp(form->educations[i]->education_level, best->education_level) < 0)
            best = form->educations[i];
    return best;
}

/* 最高学历 against the rows, F11 against itself. */
static size_t precheck_career(const Certification__ExpertForm *form, struct precheck *out)
{
    const Certification__Education *best = highest_education(form);
    size_t n = 0;
    if (best != NULL) {
        int differs = strcmp(form->education_level, best->education_level);
        if (differs < 0)
            out[n++] = say(WARNING, "所填最高学历高于教育经历中的学历，请核对");
        else if (differs > 0)
            out[n++] = say(WARNING, "教育经历中有比所填最高学历更高的学历，请核对");
        if (best->n_education_files == 0)
            out[n++] = say(WARNING, "最高学历没有上传学历、学位证书");
    }
    if (employments_overlap(form))
        out[n++] = say(WARNING, "工作经历的起止时间有重叠，请核对");
    return n;
}

static size_t precheck_person(const struct precheck_facts *facts, struct precheck *out)
{
    const Certification__ExpertForm *expert = facts->form == NULL ? NULL : facts->form->expert;
    size_t n = 0;
    if (expert != NULL && expert->id_number[0] != '\0') {
        const char *wrong = check_id_agrees(expert->id_number, expert->gender, expert->birth_date);
        out[n++] = wrong == NULL ? say(GOOD, "身份证号与性别、出生日期相符")
                                 : say_more(BAD, "身份证号需核对：", wrong);
    }
    if (facts->id_number_in_use)
        out[n++] = say(BAD, "该身份证号已由其他账号认证，不能通过");
    out[n++] = precheck_certificates(facts);
    if (facts->certificates_elsewhere > 0)
        out[n++] = say(WARNING, "有证书的注册单位与所在单位不同，请核对");
    return expert == NULL ? n : n + precheck_career(expert, out + n);
}

size_t rules_precheck(const struct precheck_facts *facts, struct precheck out[static PRECHECKS_MAX])
{
    size_t n = facts->uscc[0] != '\0' ? precheck_unit(facts, out) : precheck_person(facts, out);
    if (facts->phone_elsewhere >= 3) /* with this one in more than three (V18) */
        out[n++] = say(WARNING, "联系方式在3个以上账号的申请中出现过");
    return n;
}
