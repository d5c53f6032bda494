/* M.5: the badge for a member's own website. It is drawn anew for who looks, and says what holds then: a membership that ended
   is not worn on. */
#include "files.h"
#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "reasons.h"
#include <string.h>

enum { NAME_MAX_CHARACTERS = 13 };

static const struct {
    const char *state;
    bool holds;
    const char *title;
    const char *words; /* before the day; NULL: there is none */
    const char *day;   /* whose column it is */
} faces[] = {
    {"ACTIVE",     true,  "会员单位",             "有效期至", "last_day"   },
    {"EXPIRING",   true,  "会员单位",             "有效期至", "last_day"   },
    {"GRACE",      true,  "会员单位",             "宽限期至", "grace_until"},
    {"EXPIRED",    false, "会员资格已过期",    "到期日",    "last_day"   },
    {"SUSPENDED",  false, "会籍已暂停",          NULL,           NULL         },
    {"TERMINATED", false, "已退会",                NULL,           NULL         },
    {"",           false, "目前不是会员单位", NULL,           NULL         },
};

/* The last one is for who has no membership now. */
static size_t face_of(const char *state)
{
    size_t i = 0;
    while (faces[i].state[0] != '\0' && strcmp(faces[i].state, state) != 0)
        i++;
    return i;
}

/* So many characters of a text at the most. */
static const char *cut(struct arena *arena, const char *text)
{
    size_t characters = 0, size = 0;
    while (text[size] != '\0') {
        if (((unsigned char)text[size] & 0xc0) != 0x80 && ++characters > NAME_MAX_CHARACTERS)
            return arena_printf(arena, "%.*s…", (int)size, text);
        size++;
    }
    return text;
}

/* As text or an attribute's value of XML; what XML has no word for becomes a blank. */
static const char *escaped(struct arena *arena, const char *text)
{
    static const char marks[] = "&<>\"'";
    static const char *const words[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    char *out = arena_alloc(arena, 6 * strlen(text) + 1), *to = out;
    for (const char *at = text; *at != '\0'; at++) {
        const char *mark = strchr(marks, *at);
        if (mark != NULL)
            to = stpcpy(to, words[mark - marks]);
        else
            *to++ = (char)((unsigned char)*at < 0x20 ? ' ' : *at);
    }
    *to = '\0';
    return out;
}

#define LINE(y, size, more)                                                                        \
    "<text x=\"64\" y=\"" y "\" font-family=\"'PingFang SC','Microsoft YaHei','Noto Sans CJK "     \
    "SC',sans-serif\" font-size=\"" size "\" " more ">%s</text>"

/* All texts are escaped. */
static const char *drawn(struct arena *arena, bool holds, const char *title, const char *name,
                         const char *foot)
{
    const char *ink = holds ? "#143863" : "#6b7280";
    return arena_printf(
        arena,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 220 64\" width=\"220\" "
        "height=\"64\" role=\"img\" aria-label=\"%s：%s，点击核验\"><rect x=\"1\" y=\"1\" "
        "width=\"218\" height=\"62\" rx=\"8\" fill=\"#fff\" stroke=\"%s\" stroke-width=\"2\"/>"
        "<path d=\"M34 14a18 18 0 1 0 18 18\" fill=\"none\" stroke=\"%s\" stroke-width=\"4\" "
        "stroke-linecap=\"round\"/>%s" LINE("25", "16", "font-weight=\"700\" fill=\"%s\"")
            LINE("41", "11", "fill=\"#465161\"") LINE("55", "10", "fill=\"#465161\"") "</svg>",
        title, name, ink, ink,
        holds ? "<circle cx=\"47\" cy=\"18\" r=\"4\" fill=\"#b3261e\"/>"
              : "<path d=\"M18 46L48 18\" stroke=\"#b3261e\" stroke-width=\"3\"/>",
        ink, title, name, foot);
}

static answer badge_found(struct call *c, const struct rows *results)
{
    const Payment__BadgeRequest *req = c->request;
    const struct rows *row = &results[0];
    const char *svg;
    if (row->count == 0) {
        svg = drawn(c->arena, false, "查无此会员", escaped(c->arena, cut(c->arena, req->member_no)),
                    "点击核验");
    } else {
        size_t face = face_of(rows_get(row, 0, "state"));
        const char *foot = faces[face].words == NULL
                               ? rows_get(row, 0, "member_no")
                               : arena_printf(c->arena, "%s %s · 点击核验", faces[face].words,
                                              rows_get(row, 0, faces[face].day));
        svg = drawn(c->arena, faces[face].holds, faces[face].title,
                    escaped(c->arena, cut(c->arena, rows_get(row, 0, "unit_name"))),
                    escaped(c->arena, foot));
    }
    unsigned char *copy = (unsigned char *)strdup(svg);
    if (copy == NULL)
        return call_fail(c, REASON_busy);
    return file_part(c, copy, strlen(svg), req->part, "image/svg+xml", "badge.svg", false);
}

static answer badge_read(struct call *c)
{
    batch_add(c, &sql_badge_get);
    return batch_then(c, badge_found);
}

const struct op badge_ops[] = {
    {"ReadBadge", PUBLIC, badge_read, 0},
    OP_END,
};
