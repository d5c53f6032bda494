#include "rules.h"

#include "check.h"
#include <stdio.h>
#include <string.h>
#include <unistr.h>

bool rules_kind_is_open(Certification__Identity__Kind kind)
{
    return kind == CERTIFICATION__IDENTITY__KIND__OWNER_UNIT;
}

bool rules_may_store(int64_t files, int64_t bytes)
{
    return files < 100 && bytes < INT64_C(200) * 1024 * 1024;
}

bool rules_rejection_is_founded(size_t reasons, const char *message)
{
    return reasons > 0 || u8_mbsnlen((const uint8_t *)message, strlen(message)) >= 5;
}

static struct precheck say(Certification__Precheck__Level level, const char *text)
{
    return (struct precheck){level, text};
}

size_t rules_precheck(const struct precheck_facts *facts, struct precheck out[static PRECHECKS_MAX])
{
    static const Certification__Precheck__Level GOOD = CERTIFICATION__PRECHECK__LEVEL__GOOD,
                                                WARNING = CERTIFICATION__PRECHECK__LEVEL__WARNING,
                                                BAD = CERTIFICATION__PRECHECK__LEVEL__BAD;
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
    if (check_uscc_kind(normal) == NULL)
        out[n++] = say(WARNING, "机构类别代码不常见，请对照执照核对");
    if (!check_uscc_region_known(normal))
        out[n++] = say(WARNING, "登记机关行政区划不在现行代码内，可能已撤并");
    if (facts->uscc_in_use)
        out[n++] = say(BAD, "该信用代码已由其他账号认证");
    else if (facts->uscc_elsewhere > 0)
        out[n++] = say(WARNING, "该信用代码在其他账号的申请中出现过");
    if (facts->phone_elsewhere > 3)
        out[n++] = say(WARNING, "联系方式在3个以上账号的申请中出现过");
    return n;
}

bool rules_cursor(const char *cursor, bool newest_first, int64_t *ret_us, int64_t *ret_id)
{
    static const int64_t YEAR_2200_US = INT64_C(7258118400000000);
    long long us, id;
    int read = 0;
    if (cursor[0] == '\0') {
        *ret_us = newest_first ? YEAR_2200_US : 0;
        *ret_id = 0;
        return true;
    }
    if (sscanf(cursor, "%18lld.%18lld%n", &us, &id, &read) != 2 || cursor[read] != '\0' || us < 0 ||
        id < 0 || us > YEAR_2200_US)
        return false;
    *ret_us = us;
    *ret_id = id;
    return true;
}
