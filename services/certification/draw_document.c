/* 专家抽取记录表 (D-9): conditions, the frozen list, both seeds, the result, the replies, and places to sign. */
#include "certification.pb-c.h"
#include "certification_queries.h"
#include "form.h"
#include "nouns.h"
#include "paper.h"
#include "parts.h"
#include "reasons.h"
#include "service.h"
#include <sodium.h>
#include <string.h>

/* ---- words */

static const char *const titles[] = {"不限", "初级及以上", "中级及以上", "副高及以上", "正高"};
static const char *const outcomes[] = {"", "抽中", "备选", "已在其他项抽中"};
static const char *const replies[] = {"", "待答复", "参加", "不参加", "未答复"};
static const char *const reasons[] = {"",
                                      "现工作单位",
                                      "近三年工作单位",
                                      "本人申报回避",
                                      "单位法人或负责人相同",
                                      "证书注册单位相同",
                                      "工作人员指定回避",
                                      "暂停参评",
                                      "评审日证书已过期",
                                      "同一半天已被抽中",
                                      "参评次数已达上限",
                                      "本人暂停参评",
                                      "近三年曾与须回避的人共同评审"};

static const char *name_of(const struct rows *names, const char *code)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(rows_get(names, i, "code"), code) == 0)
            return rows_get(names, i, "name");
    return code[0] == '\0' ? "不限" : code;
}

/* ---- the sheet */

struct sheet {
    struct arena *arena;
    struct paper *paper;
    const Certification__Draw *draw;
    const struct rows *names;
};

static const char *minute_of(struct arena *arena, const char *time)
{
    return time[0] == '\0' ? "" : arena_printf(arena, "%.10s %.5s", time, time + 11);
}

static void add_conditions(const struct sheet *s)
{
    const Certification__DrawConditions *told = s->draw->conditions;
    const char *units = "";
    paper_table(s->paper, "抽取条件");
    paper_field(s->paper, "项目名称", told->project_name, true);
    paper_field(s->paper, "项目编号", told->project_no, false);
    paper_field(s->paper, "评审时间", told->review_at, false);
    paper_field(s->paper, "建设单位", told->owner_unit_name, true);
    for (size_t i = 0; i < told->n_excluded_units; i++)
        units = arena_printf(s->arena, "%s%s%s", units, i == 0 ? "" : "、",
                             told->excluded_units[i]->unit_name);
    paper_field(s->paper, "回避单位", units, true);
    for (size_t i = 0; i < told->n_excluded_experts; i++)
        paper_field(s->paper, "回避专家",
                    arena_printf(s->arena, "%s：%s", told->excluded_experts[i]->expert_no,
                                 told->excluded_experts[i]->reason),
                    true);
    for (size_t i = 0; i < told->n_rows; i++) {
        const Certification__DrawRow *row = told->rows[i];
        paper_field(s->paper, arena_printf(s->arena, "第%zu项", i + 1),
                    arena_printf(s->arena, "%s %u人，备选%u人；地区：%s；职业资格：%s；职称：%s",
                                 name_of(s->names, row->specialty), row->count, row->alternates,
                                 name_of(s->names, row->region),
                                 name_of(s->names, row->qualification), titles[row->title]),
                    true);
    }
}

static void add_list(const struct sheet *s)
{
    const Certification__Draw *draw = s->draw;
    paper_table(s->paper, "锁定的名单");
    paper_field(s->paper, "锁定人", draw->frozen_by_name, false);
    paper_field(s->paper, "锁定时间", minute_of(s->arena, draw->frozen_at), false);
    for (size_t i = 0; i < draw->n_counts; i++)
        paper_field(s->paper, arena_printf(s->arena, "第%u项候选", draw->counts[i]->slot),
                    arena_printf(s->arena, "%u人", draw->counts[i]->candidates), false);
    paper_field(s->paper, "名单指纹", draw->candidates_hash, true);
    paper_field(s->paper, "平台承诺", draw->server_commit, true);
    for (size_t i = 0; i < draw->n_exclusions; i++) {
        const Certification__DrawExclusion *one = draw->exclusions[i];
        const char *why = "";
        for (size_t j = 0; j < one->n_reasons; j++)
            why =
                arena_printf(s->arena, "%s%s%s", why, j == 0 ? "" : "、", reasons[one->reasons[j]]);
        paper_field(s->paper, arena_printf(s->arena, "回避 %s", one->expert_no), why, false);
    }
}

static void add_result(const struct sheet *s)
{
    const Certification__Draw *draw = s->draw;
    paper_table(s->paper, "抽取");
    paper_field(s->paper, "监督人", draw->witness_name, false);
    paper_field(s->paper, "抽取时间", minute_of(s->arena, draw->drawn_at), false);
    paper_field(s->paper, "监督数字", draw->witness_seed, true);
    paper_field(s->paper, "平台种子", draw->server_seed, true);
    if (draw->beacon[0] != '\0')
        paper_field(s->paper, "公共随机数",
                    arena_printf(s->arena, "%s %s", draw->conditions->beacon_round, draw->beacon),
                    true);
    paper_field(s->paper, "合成种子", draw->seed, true);
    for (size_t i = 0; i < draw->n_results; i++) {
        const Certification__DrawResult *one = draw->results[i];
        paper_field(s->paper, arena_printf(s->arena, "第%u项 %u", one->slot, one->place),
                    arena_printf(s->arena, "%s %s %s%s%s%s%s", one->expert_no, one->name,
                                 outcomes[one->outcome], one->reply == 0 ? "" : "，",
                                 replies[one->reply], one->note[0] == '\0' ? "" : "：", one->note),
                    false);
    }
}

/* Of all that the draw says, whoever asks. */
static const char *digest_of(struct call *c, const Certification__Draw *draw)
{
    Certification__Draw told = *draw;
    unsigned char hash[crypto_hash_sha256_BYTES];
    char *hex = arena_alloc(c->arena, 2 * sizeof hash + 1);
    size_t size = 0;
    told.prepared_by_me = false;
    const void *packed = message_pack(&told.base, c->arena, &size);
    crypto_hash_sha256(hash, packed, size);
    return sodium_bin2hex(hex, 2 * sizeof hash + 1, hash, sizeof hash);
}

static struct paper *paper_of(struct call *c, const Certification__Draw *draw,
                              const struct rows *names)
{
    const struct certification *state = service_state(c->run);
    struct sheet s = {.arena = c->arena, .draw = draw, .names = names};
    s.paper = paper_new(
        c->arena,
        &(struct paper_head){
            .association = state->association,
            .title = "专家抽取记录表",
            .number = arena_printf(c->arena, "D9-%s-%u", draw->draw_no, draw->version),
            .code = arena_printf(c->arena, "CZQG:D9:%s:v%u", draw->draw_no, draw->version),
            .made_at = draw->drawn_at[0] == '\0' ? draw->frozen_at : draw->drawn_at,
            .digest = digest_of(c, draw),
        });
    add_conditions(&s);
    add_list(&s);
    if (draw->drawn_at[0] != '\0')
        add_result(&s);
    if (draw->end_reason[0] != '\0')
        paper_field(s.paper, "结束说明", draw->end_reason, true);
    paper_table(s.paper, "签字");
    paper_field(s.paper, "在场人员", draw->conditions->observers, true);
    paper_sign(s.paper, "抽取人", "", "抽取人（签字）：");
    paper_sign(s.paper, "监督人", "", "监督人（签字）：");
    return s.paper;
}

/* ---- who asks */

static answer draw_document_named(struct call *c, const struct rows *results)
{
    const Certification__ReadDrawDocumentRequest *req = c->request;
    const Certification__Draw *draw = c->state;
    struct parts *parts = arena_alloc(c->arena, sizeof *parts);
    *parts = (struct parts){.format = req->format,
                            .page = req->page,
                            .part = req->part,
                            .may_change = true,
                            .paper = paper_of(c, draw, &results[0]),
                            .title = "专家抽取记录表",
                            .name = draw->draw_no};
    return parts_then(c, parts);
}

static answer draw_document_found(struct call *c, const struct rows *results)
{
    if (results[0].count == 0)
        return call_fail(c, REASON_draw_gone);
    ProtobufCMessage *message =
        message_from_rows(&certification__draw__descriptor, &results[0], c->arena);
    const Certification__Draw *draw = (const Certification__Draw *)message;
    if (draw == NULL)
        return call_fail(c, REASON_internal);
    if (draw->candidates_hash[0] == '\0')
        return call_fail(c, REASON_draw_unfrozen);
    c->state = message;
    form_bind_named(c, message);
    call_set(c, "named_at", draw->frozen_at);
    batch_add(c, &sql_document_names);
    return batch_then(c, draw_document_named);
}

/* A look is in the audit before the first byte leaves. */
static answer draw_document_read(struct call *c)
{
    const Certification__ReadDrawDocumentRequest *req = c->request;
    batch_add(c, &sql_draw_get);
    if (req->part == 0)
        batch_add(c, &sql_draw_look);
    return batch_then(c, draw_document_found);
}

const struct op draw_document_ops[] = {
    {"ReadDrawDocument", STAFF("draw.read"), draw_document_read, 0},
    OP_END,
};
