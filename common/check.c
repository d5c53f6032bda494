#include "check.h"

#include "passwords.h"
#include "regions.h"
#include "uscc.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <uniconv.h>
#include <uninorm.h>
#include <unistr.h>

/* ---- V19: text */

static const char *clean_text(const char *text, char *out, size_t size, bool lines)
{
    size_t length = strlen(text);
    const uint8_t *in = (const uint8_t *)text;
    if (u8_check(in, length) != NULL)
        return "含有无法识别的字符，请重新输入。";
    for (size_t i = 0; i < length;) {
        ucs4_t c;
        i += (size_t)u8_mbtouc(&c, in + i, length - i);
        if ((c < 0x20 && !(lines && (c == '\n' || c == '\t'))) || (c >= 0x7f && c < 0xa0) ||
            (c >= 0x202a && c <= 0x202e) || c == 0x2028 || c == 0x2029 || c == 0xfeff)
            return "含有不允许的控制字符，请删除后重试。";
    }
    size_t made = size - 1;
    uint8_t *normal = u8_normalize(UNINORM_NFC, in, length, (uint8_t *)out, &made);
    if (normal == NULL || normal != (uint8_t *)out) {
        if (normal != NULL && normal != (uint8_t *)out)
            free(normal);
        if (length == 0) {
            out[0] = '\0';
            return NULL;
        }
        return "内容过长，请缩短后重试。";
    }
    out[made] = '\0';
    /* blanks at both ends */
    size_t from = strspn(out, " \t\n");
    memmove(out, out + from, strlen(out + from) + 1);
    for (size_t end = strlen(out); end > 0 && strchr(" \t\n", out[end - 1]) != NULL; end--)
        out[end - 1] = '\0';
    return NULL;
}

const char *check_text(const char *text, char *out, size_t size)
{
    return clean_text(text, out, size, false);
}

const char *check_multiline_text(const char *text, char *out, size_t size)
{
    return clean_text(text, out, size, true);
}

/* ASCII of a text: full-width forms (U+FF01…FF5E, U+3000) become half-width, the bytes in `drop` go, others outside
   ASCII refuse. */
static bool ascii_of(const char *text, const char *drop, char *out, size_t size)
{
    const uint8_t *at = (const uint8_t *)text;
    size_t left = strlen(text), made = 0;
    while (left > 0) {
        ucs4_t c;
        int step = u8_mbtoucr(&c, at, left);
        if (step <= 0)
            return false;
        at += step;
        left -= (size_t)step;
        if (c >= 0xff01 && c <= 0xff5e)
            c -= 0xfee0;
        if (c == 0x3000)
            c = ' ';
        if (c < 0x20 || c > 0x7e)
            return false;
        if (strchr(drop, (int)c) != NULL)
            continue;
        if (made + 1 >= size)
            return false;
        out[made++] = (char)c;
    }
    out[made] = '\0';
    return true;
}

static bool all_digits(const char *text, size_t least, size_t most)
{
    size_t size = strlen(text);
    return size >= least && size <= most && strspn(text, "0123456789") == size;
}

/* ---- V1, V2: phones */

const char *check_mobile(const char *text, char *out, size_t size)
{
    static const char wrong[] = "请输入11位手机号码，例如18003551778。";
    char digits[32];
    const char *at = digits;
    if (!ascii_of(text, " -", digits, sizeof digits))
        return wrong;
    if (strncmp(at, "+86", 3) == 0)
        at += 3;
    else if (strncmp(at, "0086", 4) == 0)
        at += 4;
    if (!all_digits(at, 11, 11) || at[0] != '1' || at[1] < '3' || size < 12)
        return wrong;
    snprintf(out, size, "%s", at);
    return NULL;
}

/* 0[0-9]{2,3}-?[0-9]{7,8}(-[0-9]{1,6})? or [48]00-?[0-9]{3}-?[0-9]{4} */
const char *check_landline(const char *text, char *out, size_t size)
{
    static const char wrong[] = "请输入带区号的固定电话，例如0355-3069919。";
    char t[32];
    size_t area, number, extension = 0;
    if (!ascii_of(text, " ", t, sizeof t) || strlen(t) + 3 > size)
        return wrong;
    if ((t[0] == '4' || t[0] == '8') && strncmp(t + 1, "00", 2) == 0) {
        char digits[32];
        size_t dashes = 0;
        for (const char *c = t; *c != '\0'; c++)
            dashes += *c == '-';
        ascii_of(t, "-", digits, sizeof digits);
        if (!all_digits(digits, 10, 10) || dashes > 2)
            return wrong;
        snprintf(out, size, "%.3s-%.3s-%.4s", digits, digits + 3, digits + 6);
        return NULL;
    }
    if (t[0] != '0')
        return wrong;
    const char *dash = strchr(t, '-');
    area = dash != NULL && dash - t <= 4 ? (size_t)(dash - t) : t[1] == '1' || t[1] == '2' ? 3 : 4;
    if (strspn(t, "0123456789") < area || area < 3 || area > 4)
        return wrong;
    const char *rest = t + area + (t[area] == '-');
    number = strspn(rest, "0123456789");
    if (rest[number] == '-') {
        extension = strspn(rest + number + 1, "0123456789");
        if (extension < 1 || extension > 6 || rest[number + 1 + extension] != '\0')
            return wrong;
    } else if (rest[number] != '\0') {
        return wrong;
    }
    if (number < 7 || number > 8)
        return wrong;
    snprintf(out, size, "%.*s-%s", (int)area, t, rest);
    return NULL;
}

const char *check_phone_any(const char *text, char *out, size_t size)
{
    if (check_mobile(text, out, size) == NULL || check_landline(text, out, size) == NULL)
        return NULL;
    return "请输入手机号或带区号的固定电话，例如18003551778或0355-3069919。";
}

/* ---- V3: passwords; length and a blocklist, no composition rules (NIST SP 800-63B, 5.1.1.2) */

static int compare_text(const void *key, const void *row)
{
    return strcmp(key, *(const char *const *)row);
}

static bool is_common(const char *password)
{
    char lower[64];
    size_t size = strlen(password);
    if (size >= sizeof lower)
        return false;
    for (size_t i = 0; i <= size; i++)
        lower[i] = (char)tolower((unsigned char)password[i]);
    bool same = true;
    for (size_t i = 1; i < size; i++)
        same &= lower[i] == lower[0];
    return same || bsearch(lower, passwords_common, passwords_common_count,
                           sizeof passwords_common[0], compare_text) != NULL;
}

static const char *check_password(const char *text, char *out, size_t size, size_t least,
                                  const char *too_short)
{
    size_t made = size - 1;
    if (strlen(text) > 256)
        return "密码最多256个字节，请缩短后重试。";
    if (u8_check((const uint8_t *)text, strlen(text)) != NULL)
        return "密码含有无法识别的字符，请重新输入。";
    uint8_t *normal =
        u8_normalize(UNINORM_NFC, (const uint8_t *)text, strlen(text), (uint8_t *)out, &made);
    if (normal != (uint8_t *)out) {
        free(normal);
        return too_short;
    }
    out[made] = '\0';
    if (u8_mbsnlen((const uint8_t *)out, made) < least)
        return too_short;
    return is_common(out) ? "这个密码太常见，容易被猜到，请换一个。" : NULL;
}

const char *check_member_password(const char *text, char *out, size_t size)
{
    return check_password(text, out, size, 8, "密码至少8个字符，请补充后再提交。");
}

const char *check_staff_password(const char *text, char *out, size_t size)
{
    return check_password(text, out, size, 15,
                          "工作人员密码至少15个字符，可以用一句容易记住的话。");
}

const char *check_password_against_phone(const char *password, const char *phone)
{
    return strstr(password, phone) != NULL ? "密码不能包含手机号，请换一个。" : NULL;
}

/* ---- V4 */

const char *check_sms_code(const char *text, char *out, size_t size)
{
    char digits[16];
    if (!ascii_of(text, " ", digits, sizeof digits) || !all_digits(digits, 6, 6) || size < 7)
        return "请输入短信中的6位数字验证码。";
    memcpy(out, digits, 7);
    return NULL;
}

/* ---- V5: GB 32100-2015 */

const char *check_uscc(const char *text, char *out, size_t size)
{
    char code[40];
    if (!ascii_of(text, " ", code, sizeof code) || strlen(code) != 18 || size < 19)
        return "统一社会信用代码应为18位，请对照营业执照填写。";
    for (int i = 0; i < 18; i++) {
        code[i] = (char)toupper((unsigned char)code[i]);
        if (uscc_value(code[i]) < 0)
            return "统一社会信用代码只含数字和大写字母（不含I、O、S、V、Z），请对照营业执照填写。";
    }
    if (!uscc_is_good(code))
        return "统一社会信用代码校验不通过，请对照营业执照逐位核对。";
    memcpy(out, code, 19);
    return NULL;
}

bool check_uscc_organisation_good(const char *uscc)
{
    static const int weights[] = {3, 7, 9, 10, 5, 8, 4, 2};
    int sum = 0;
    for (int i = 0; i < 8; i++) {
        char c = uscc[8 + i];
        sum += weights[i] * (isdigit((unsigned char)c) ? c - '0' : c - 'A' + 10);
    }
    int check = 11 - sum % 11;
    return uscc[16] == (check == 10 ? 'X' : check == 11 ? '0' : (char)('0' + check));
}

const char *check_uscc_kind(const char *uscc)
{
    static const struct {
        char code[3];
        const char *kind;
    } kinds[] = {
        {"11", "机关"                                 },
        {"12", "事业单位"                           },
        {"13", "编办直接管理的群众团体"      },
        {"19", "编办登记的其他机构"            },
        {"21", "外国常驻新闻机构"               },
        {"31", "律师执业机构"                     },
        {"32", "公证处"                              },
        {"33", "基层法律服务所"                  },
        {"34", "司法鉴定机构"                     },
        {"35", "仲裁委员会"                        },
        {"39", "司法行政部门登记的其他机构"},
        {"51", "社会团体"                           },
        {"52", "民办非企业单位"                  },
        {"53", "基金会"                              },
        {"59", "民政部门登记的其他机构"      },
        {"71", "宗教活动场所"                     },
        {"72", "宗教院校"                           },
        {"79", "宗教部门登记的其他机构"      },
        {"81", "基层工会"                           },
        {"89", "工会登记的其他机构"            },
        {"91", "企业"                                 },
        {"92", "个体工商户"                        },
        {"93", "农民专业合作社"                  },
        {"A1", "军队事业单位"                     },
        {"N1", "组级集体经济组织"               },
        {"N2", "村级集体经济组织"               },
        {"N3", "乡镇级集体经济组织"            },
        {"N9", "农业部门登记的其他机构"      },
        {"Y1", "其他机构"                           },
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (memcmp(uscc, kinds[i].code, 2) == 0)
            return kinds[i].kind;
    return NULL;
}

/* ---- V13: provinces of GB/T 2260 */

static bool province_known(const char *code)
{
    static const char provinces[] =
        "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 "
        "50 51 52 53 54 61 62 63 64 65 71 81 82 ";
    char wanted[4] = {code[0], code[1], ' ', '\0'};
    return isdigit((unsigned char)code[0]) && isdigit((unsigned char)code[1]) &&
           strstr(provinces, wanted) != NULL;
}

bool check_uscc_region_known(const char *uscc)
{
    return strncmp(uscc + 2, "10", 2) == 0 /* the national registrar, 100000 */ ||
           region_known(uscc + 2);
}

const char *check_region(const char *text, char *out, size_t size)
{
    if (!all_digits(text, 6, 6) || !province_known(text) || size < 7)
        return "请选择所在地区。";
    memcpy(out, text, 7);
    return NULL;
}

/* ---- V10 */

static bool date_is_real(int year, int month, int day)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (year < 1900 || year > 2999 || month < 1 || month > 12 || day < 1)
        return false;
    return day <= days[month - 1] + (month == 2 && leap);
}

static int number_at(const char *text, int size)
{
    int number = 0;
    for (int i = 0; i < size; i++)
        number = number * 10 + (text[i] - '0');
    return number;
}

const char *check_date(const char *text, char *out, size_t size)
{
    bool shape = strlen(text) == 10 && text[4] == '-' && text[7] == '-' && size > 10;
    for (int i = 0; shape && i < 10; i++)
        shape = i == 4 || i == 7 || isdigit((unsigned char)text[i]);
    if (!shape || !date_is_real(number_at(text, 4), number_at(text + 5, 2), number_at(text + 8, 2)))
        return "请输入正确的日期，例如2024-04-02。";
    memcpy(out, text, 11);
    return NULL;
}

const char *check_month(const char *text, char *out, size_t size)
{
    char day[11], normal[11];
    if (strlen(text) != 7 || size < 8)
        return "请输入正确的年月，例如2024-04。";
    snprintf(day, sizeof day, "%s-01", text);
    if (check_date(day, normal, sizeof normal) != NULL)
        return "请输入正确的年月，例如2024-04。";
    memcpy(out, text, 8);
    return NULL;
}

const char *check_minute(const char *text, char *out, size_t size)
{
    static const char wrong[] = "请输入正确的日期和时间，例如2024-04-02 09:00。";
    char day[11], normal[11];
    bool shape = strlen(text) == 16 && size > 16 && text[10] == ' ' && text[13] == ':';
    for (int i = 11; shape && i < 16; i++)
        shape = i == 13 || isdigit((unsigned char)text[i]);
    if (!shape)
        return wrong;
    snprintf(day, sizeof day, "%.10s", text);
    if (check_date(day, normal, sizeof normal) != NULL || number_at(text + 11, 2) > 23 ||
        number_at(text + 14, 2) > 59)
        return wrong;
    memcpy(out, text, 17);
    return NULL;
}

/* ---- V6: GB 11643-1999; V11 */

const char *check_id_number(const char *text, char *out, size_t size)
{
    static const int weights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    char id[40];
    int sum = 0;
    if (!ascii_of(text, " ", id, sizeof id) || size < 19)
        return "请输入18位身份证号。";
    if (all_digits(id, 15, 15))
        return "15位身份证号已停用，请输入18位身份证号。";
    if (strlen(id) != 18 || strspn(id, "0123456789") < 17)
        return "请输入18位身份证号。";
    id[17] = (char)toupper((unsigned char)id[17]);
    for (int i = 0; i < 17; i++)
        sum += weights[i] * (id[i] - '0');
    if (!date_is_real(number_at(id + 6, 4), number_at(id + 10, 2), number_at(id + 12, 2)) ||
        id[17] != "10X98765432"[sum % 11])
        return "身份证号校验不通过，请对照证件逐位核对。";
    if (!region_known(id))
        return "身份证号前6位不是任何行政区划的代码，请对照证件逐位核对。";
    memcpy(out, id, 19);
    return NULL;
}

const char *check_id_agrees(const char *id_number, const char *gender, const char *birth_date)
{
    char birth[11];
    snprintf(birth, sizeof birth, "%.4s-%.2s-%.2s", id_number + 6, id_number + 10, id_number + 12);
    if (strcmp(birth, birth_date) != 0)
        return "出生日期与身份证号不一致，请核对。";
    if (((id_number[16] - '0') % 2 == 1) != (gender[0] == '1'))
        return "性别与身份证号不一致，请核对。";
    return NULL;
}

/* ---- V7, V8: names */

/* Copies `text` with characters mapped by `map` (0: dropped). */
static void map_text(char *text, ucs4_t (*map)(ucs4_t))
{
    uint8_t *from = (uint8_t *)text, *to = from;
    size_t left = strlen(text);
    while (left > 0) {
        ucs4_t c;
        int step = u8_mbtouc(&c, from, left);
        from += step;
        left -= (size_t)step;
        c = map(c);
        if (c != 0)
            to += u8_uctomb(to, c, step); /* no mapping makes a character longer */
    }
    *to = '\0';
}

static bool is_cjk(ucs4_t c)
{
    return (c >= 0x3400 && c <= 0x9fff) || (c >= 0xf900 && c <= 0xfaff) ||
           (c >= 0x20000 && c <= 0x3ffff) || c == 0x3007;
}

/* One kind of middle dot (U+00B7) for 阿依古丽·买买提. */
static ucs4_t map_dot(ucs4_t c)
{
    return c == 0x2022 || c == 0x2027 || c == 0x30fb || c == 0xff65 ? 0xb7 : c;
}

const char *check_person_name(const char *text, char *out, size_t size)
{
    static const char wrong[] = "请输入真实姓名，2到50个汉字或字母，不含数字和符号。";
    if (check_text(text, out, size) != NULL)
        return wrong;
    map_text(out, map_dot);
    size_t characters = 0, letters = 0;
    const uint8_t *at = (const uint8_t *)out;
    for (size_t left = strlen(out); left > 0; characters++) {
        ucs4_t c;
        int step = u8_mbtouc(&c, at, left);
        at += step;
        left -= (size_t)step;
        bool letter = is_cjk(c) || (c < 0x80 && isalpha((int)c)) || (c >= 0xc0 && c < 0x250);
        letters += letter;
        if (!letter && c != 0xb7 && c != ' ' && c != '.' && c != '-')
            return wrong;
    }
    return characters < 2 || characters > 50 || letters < 2 ? wrong : NULL;
}

static ucs4_t map_unit(ucs4_t c)
{
    return c == 0xff08 ? '(' : c == 0xff09 ? ')' : c == 0x3000 ? ' ' : c;
}

const char *check_unit_name(const char *text, char *out, size_t size)
{
    static const char wrong[] = "请按营业执照填写单位全称，2到100个字。";
    if (check_text(text, out, size) != NULL)
        return wrong;
    map_text(out, map_unit);
    /* a blank stays only between two Latin letters or digits */
    char *to = out;
    for (const char *c = out; *c != '\0'; c++)
        if (*c != ' ' ||
            (to > out && isalnum((unsigned char)to[-1]) && isalnum((unsigned char)c[1])))
            *to++ = *c;
    *to = '\0';
    size_t characters = u8_mbsnlen((const uint8_t *)out, strlen(out)), letters = 0;
    for (const char *c = out; *c != '\0'; c++)
        letters += (unsigned char)*c >= 0x80 || isalpha((unsigned char)*c);
    return characters < 2 || characters > 100 || letters < 2 ? wrong : NULL;
}

/* ---- V9 */

const char *check_email(const char *text, char *out, size_t size)
{
    static const char wrong[] = "请输入正确的电子邮箱，例如name@163.com。";
    char t[300];
    if (!ascii_of(text, "", t, sizeof t) || strlen(t) > 254 || strlen(t) >= size)
        return wrong;
    const char *at = strchr(t, '@'), *dot = strrchr(t, '.');
    if (at == NULL || at == t || strchr(at + 1, '@') != NULL || at - t > 64 || dot == NULL ||
        dot < at + 2 || dot[1] == '\0' || strstr(t, "..") != NULL ||
        strpbrk(t, " \"(),:;<>[\\]") != NULL)
        return wrong;
    for (const char *c = at + 1; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && *c != '.' && *c != '-')
            return wrong;
    snprintf(out, size, "%s", t);
    return NULL;
}

/* ---- V14: money, in integers only */

const char *check_money(const char *text, char *out, size_t size)
{
    static const char wrong[] = "请输入金额，例如2000.00，最多两位小数，0.01到1000000.00元。";
    char t[32];
    if (!ascii_of(text, " ", t, sizeof t))
        return wrong;
    char *dot = strchr(t, '.');
    size_t whole = dot == NULL ? strlen(t) : (size_t)(dot - t);
    /* thousands separators stand where they belong, or nowhere */
    char digits[32];
    size_t made = 0;
    bool separated = memchr(t, ',', whole) != NULL;
    for (size_t i = 0; i < whole; i++) {
        bool place = separated && whole - i >= 4 && (whole - i) % 4 == 0;
        if (place ? t[i] != ',' : !isdigit((unsigned char)t[i]))
            return wrong;
        if (!place)
            digits[made++] = t[i];
    }
    digits[made] = '\0';
    const char *fraction = dot == NULL ? "" : dot + 1;
    if (made == 0 || made > 9 || (dot != NULL && !all_digits(fraction, 1, 2)))
        return wrong;
    int64_t fen = strtoll(digits, NULL, 10) * 100;
    if (fraction[0] != '\0')
        fen += (fraction[0] - '0') * 10 + (fraction[1] == '\0' ? 0 : fraction[1] - '0');
    if (fen < 1 || fen > INT64_C(100000000) || size < 16)
        return wrong;
    snprintf(out, size, "%lld.%02lld", (long long)(fen / 100), (long long)(fen % 100));
    return NULL;
}

int64_t check_money_fen(const char *normal)
{
    const char *dot = strchr(normal, '.');
    return strtoll(normal, NULL, 10) * 100 + strtoll(dot + 1, NULL, 10);
}

/* ---- V15 */

/* No I L O U 0 1, and no Z, so that there are 29 of them: a prime, and the sum below finds every wrong character and
   every swap of neighbours. */
static const char base29[] = "23456789ABCDEFGHJKMNPQRSTVWXY";
enum { BASE = sizeof base29 - 1 };

static unsigned reference_value(char c, bool letter)
{
    return letter ? (unsigned)(c - 'A') : (unsigned)(strchr(base29, c) - base29);
}

static char reference_check(const char *code)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < 7; i++)
        sum += reference_value(code[i], i < 2) * (i + 1);
    return base29[sum % BASE];
}

void check_reference_code_make(const char letters[static 2], uint32_t number, char out[static 9])
{
    out[0] = letters[0];
    out[1] = letters[1];
    for (int i = 6; i >= 2; i--) {
        out[i] = base29[number % BASE];
        number /= BASE;
    }
    out[7] = reference_check(out);
    out[8] = '\0';
}

const char *check_reference_code(const char *text, char *out, size_t size)
{
    static const char wrong[] = "附言码应为8位字母和数字，请核对缴费通知单。";
    char code[24];
    if (!ascii_of(text, " -", code, sizeof code) || strlen(code) != 8 || size < 9)
        return wrong;
    for (int i = 0; i < 8; i++) {
        code[i] = (char)toupper((unsigned char)code[i]);
        if (i < 2 ? !isupper((unsigned char)code[i]) : strchr(base29, code[i]) == NULL)
            return wrong;
    }
    if (code[7] != reference_check(code))
        return wrong;
    memcpy(out, code, 9);
    return NULL;
}

/* ---- addresses and numbers of a unit */

const char *check_postcode(const char *text, char *out, size_t size)
{
    char digits[16];
    if (!ascii_of(text, " ", digits, sizeof digits) || !all_digits(digits, 6, 6) || size < 7)
        return "邮编应为6位数字，例如046000。";
    memcpy(out, digits, 7);
    return NULL;
}

const char *check_website(const char *text, char *out, size_t size)
{
    static const char wrong[] = "请输入网址，例如www.xmqgczx.com。";
    char t[256];
    if (!ascii_of(text, "", t, sizeof t) || strlen(t) + 1 > size)
        return wrong;
    const char *host = strncmp(t, "https://", 8) == 0  ? t + 8
                       : strncmp(t, "http://", 7) == 0 ? t + 7
                                                       : t;
    size_t length = strcspn(host, "/?#");
    const char *dot = memchr(host, '.', length);
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)host[i]) && strchr(".-:", host[i]) == NULL)
            return wrong;
    if (dot == NULL || dot == host || dot == host + length - 1 || strpbrk(t, " \"<>") != NULL)
        return wrong;
    snprintf(out, size, "%s", t);
    return NULL;
}

const char *check_count(const char *text, char *out, size_t size)
{
    char digits[16];
    if (!ascii_of(text, " ,", digits, sizeof digits) || !all_digits(digits, 1, 6) || size < 7)
        return "请输入人数，只填数字。";
    snprintf(out, size, "%ld", strtol(digits, NULL, 10));
    return NULL;
}

const char *check_year(const char *text, char *out, size_t size)
{
    char digits[16];
    if (!ascii_of(text, " ", digits, sizeof digits) || !all_digits(digits, 4, 4) ||
        number_at(digits, 4) < 1900 || size < 5)
        return "请输入4位年份，例如2010。";
    memcpy(out, digits, 5);
    return NULL;
}

/* ---- V17 */

const char *check_bank_line(const char *text, char *out, size_t size)
{
    char digits[24];
    if (!ascii_of(text, " -", digits, sizeof digits) || !all_digits(digits, 12, 12) || size < 13)
        return "联行号应为12位数字，可向开户银行查询。";
    memcpy(out, digits, 13);
    return NULL;
}

/* ---- masks */

void check_mask_mobile(const char *mobile, char *out, size_t size)
{
    size_t length = strlen(mobile);
    if (length < 7)
        snprintf(out, size, "****");
    else
        snprintf(out, size, "%.3s****%s", mobile, mobile + length - 4);
}

void check_mask_id_number(const char *id_number, char *out, size_t size)
{
    if (strlen(id_number) != 18)
        snprintf(out, size, "****");
    else
        snprintf(out, size, "%.4s**********%s", id_number, id_number + 14);
}

/* Certificates write their numbers with dashes, brackets and Chinese signs: only the writing is unified. */
const char *check_certificate_no(const char *text, char *out, size_t size)
{
    const char *wrong = check_text(text, out, size);
    size_t used = 0;
    if (wrong != NULL)
        return wrong;
    for (size_t i = 0; out[i] != '\0'; i++) {
        unsigned char c = (unsigned char)out[i], after = c == 0xef ? (unsigned char)out[i + 1] : 0;
        if (c == ' ')
            continue;
        /* U+FF01 to U+FF5E are U+0021 to U+007E in full width: EF BC 81 … EF BD 9E */
        if (after == 0xbc || (after == 0xbd && (unsigned char)out[i + 2] <= 0x9e)) {
            c = (unsigned char)((after - 0xbc) * 64 + (unsigned char)out[i + 2] - 0x80 + 0x20);
            i += 2;
        }
        out[used++] = (char)(c < 0x80 ? toupper(c) : c);
    }
    out[used] = '\0';
    return NULL;
}

/* ---- by name */

static const struct check checks[] = {
    {"mobile",          check_mobile         },
    {"landline",        check_landline       },
    {"phone_any",       check_phone_any      },
    {"member_password", check_member_password},
    {"staff_password",  check_staff_password },
    {"sms_code",        check_sms_code       },
    {"uscc",            check_uscc           },
    {"id_number",       check_id_number      },
    {"person_name",     check_person_name    },
    {"unit_name",       check_unit_name      },
    {"email",           check_email          },
    {"date",            check_date           },
    {"month",           check_month          },
    {"minute",          check_minute         },
    {"certificate_no",  check_certificate_no },
    {"region",          check_region         },
    {"money",           check_money          },
    {"reference_code",  check_reference_code },
    {"bank_line",       check_bank_line      },
    {"postcode",        check_postcode       },
    {"website",         check_website        },
    {"count",           check_count          },
    {"year",            check_year           },
    {"text",            check_text           },
    {"multiline_text",  check_multiline_text },
};

const struct check *check_find(const char *name)
{
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        if (strcmp(checks[i].name, name) == 0)
            return &checks[i];
    return NULL;
}
