#include "rules.h"

#include <string.h>

const char *rules_fill(const char *text, rules_value_fn *value, const void *source,
                       struct arena *arena)
{
    const char *made = "";
    for (const char *open; (open = strchr(text, '{')) != NULL;) {
        const char *close = strchr(open, '}');
        if (close == NULL)
            break;
        char *name = arena_printf(arena, "%.*s", (int)(close - open - 1), open + 1);
        const char *word = value(source, name, arena);
        made = arena_printf(arena, "%s%.*s%s", made, (int)(open - text), text,
                            word == NULL ? "" : word);
        text = close + 1;
    }
    char *whole = arena_printf(arena, "%s%s", made, text);
    for (size_t size = strlen(whole); size > 0 && whole[size - 1] == '\n'; size--)
        whole[size - 1] = '\0';
    return whole;
}

struct word {
    const char *name, *word;
};

static const char *word_of(const struct word *words, const char *name)
{
    while (words->name != NULL && strcmp(words->name, name) != 0)
        words++;
    return words->word;
}

const char *rules_identity_word(const char *kind)
{
    static const struct word words[] = {
        {"OWNER_UNIT",     "建设单位"},
        {"MEMBER_UNIT",    "会员单位"},
        {"EXPERT",         "专家"      },
        {"NATURAL_PERSON", "自然人"   },
        {NULL,             "身份"      },
    };
    return word_of(words, kind);
}

const char *rules_review_permission(const char *kind)
{
    static const struct word words[] = {
        {"OWNER_UNIT",     "cert.owner.review" },
        {"MEMBER_UNIT",    "cert.member.review"},
        {"EXPERT",         "cert.expert.review"},
        {"NATURAL_PERSON", "cert.person.review"},
        {NULL,             "cert.review"       },
    };
    return word_of(words, kind);
}

const char *rules_purpose_word(const char *purpose)
{
    static const struct word words[] = {
        {"REGISTER",         "注册账号"   },
        {"LOG_IN",           "登录"         },
        {"RESET",            "重置密码"   },
        {"CHANGE_PHONE_OLD", "更换手机号"},
        {"CHANGE_PHONE_NEW", "更换手机号"},
        {"HANDOVER",         "更换负责人"},
        {NULL,               "身份验证"   },
    };
    return word_of(words, purpose);
}
