/* Draws of experts (SM8): one prepares the conditions and freezes the list, another witnesses and draws, and the experts
   reply. What is drawn follows from what was frozen and both seeds (draw_rules.h); the database computes it once more. */
#include "certification.pb-c.h"
#include "certification_queries.h"
#include "draw_rules.h"
#include "form.h"
#include "nouns.h"
#include "reasons.h"
#include "service.h"
#include <sodium.h>
#include <string.h>

static answer draw_list(struct call *c)
{
    const Certification__ListDrawsRequest *req = c->request;
    if (!page_from(c, req->cursor, true))
        return call_fail_field(c, "cursor", PAGE_LOST);
    page_begin(c, req->limit);
    batch_add(c, &sql_draw_total);
    batch_add(c, &sql_draw_list);
    return page_reply(c);
}

static answer draw_get(struct call *c)
{
    batch_add(c, &sql_draw_get);
    return batch_reply(c, REASON_draw_gone);
}

/* ---- the conditions */

static answer draw_saved(struct call *c, const struct rows *results)
{
    struct field_errors errors = {.arena = c->arena};
    if (results[1].count > 0)
        return call_reply(
            c, message_from_rows(&certification__draw_step__descriptor, &results[1], c->arena));
    for (size_t i = 0; i < results[0].count; i++)
        field_errors_add(&errors, rows_get(&results[0], i, "field"),
                         "没有这个选项或专家，或已停用，请核对后重新填写。");
    return errors.count > 0 ? call_fail_fields(c, &errors) : call_fail(c, REASON_draw_moved);
}

static answer draw_save(struct call *c, const Certification__DrawConditions *conditions,
                        const struct statement *statement)
{
    struct field_errors errors = {.arena = c->arena};
    draw_rules_conditions(conditions, &errors);
    if (errors.count > 0)
        return call_fail_fields(c, &errors);
    form_bind_named(c, (ProtobufCMessage *)(uintptr_t)c->request);
    batch_add(c, &sql_draw_unknown);
    batch_add(c, statement);
    return batch_then(c, draw_saved);
}

static answer draw_create(struct call *c)
{
    const Certification__CreateDrawRequest *req = c->request;
    return draw_save(c, req->conditions, &sql_draw_create);
}

static answer draw_change(struct call *c)
{
    const Certification__ChangeDrawRequest *req = c->request;
    return draw_save(c, req->conditions, &sql_draw_change);
}

/* ---- the list is frozen, and the server commits itself */

static answer draw_freeze_done(struct call *c, const struct rows *results)
{
    const struct rows *why = &results[0];
    struct field_errors errors = {.arena = c->arena};
    if (results[1].count > 0)
        return call_reply(
            c, message_from_rows(&certification__draw_step__descriptor, &results[1], c->arena));
    if (why->count == 0)
        return call_fail(c, REASON_draw_gone);
    if (!rows_true(why, 0, "is_current"))
        return call_fail(c, REASON_draw_moved);
    if (rows_true(why, 0, "is_late"))
        return call_fail(c, REASON_draw_late);
    for (size_t i = 0; i < why->count; i++)
        field_errors_add(
            &errors,
            arena_printf(c->arena, "conditions.rows.%lld.count",
                         (long long)rows_integer(why, i, "slot") - 1),
            arena_printf(c->arena,
                         "第%lld项可抽取的专家只有%lld人，连同备选和各项共用的至少要%lld"
                         "人，请减少人数或放宽要求。",
                         (long long)rows_integer(why, i, "slot"),
                         (long long)rows_integer(why, i, "candidates"),
                         (long long)rows_integer(why, i, "needed")));
    return call_fail_fields(c, &errors);
}

static answer draw_freeze(struct call *c)
{
    const Certification__FreezeDrawRequest *req = c->request;
    const struct certification *state = service_state(c->run);
    unsigned char seed[DRAW_BYTES], commit[DRAW_BYTES];
    char seed_hex[2 * DRAW_BYTES + 1], commit_hex[2 * DRAW_BYTES + 1];

    secret_random_hex(seed_hex, DRAW_BYTES);
    if (!draw_rules_hex(seed_hex, seed))
        return call_fail(c, REASON_internal);
    crypto_hash_sha256(commit, seed, sizeof seed);
    sodium_bin2hex(commit_hex, sizeof commit_hex, commit, sizeof commit);
    call_set(c, "server_commit", arena_text(c->arena, commit_hex));
    call_set(c, "sealed_server_seed",
             secret_seal_text(state->files.keys,
                              arena_printf(c->arena, "draw|server_seed|%lld", (long long)req->id),
                              seed_hex, c->arena));
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(seed_hex, sizeof seed_hex);
    batch_add(c, &sql_draw_explain);
    batch_add(c, &sql_draw_freeze);
    return batch_then(c, draw_freeze_done);
}

/* ---- the witness draws */

static const char *hex_of(struct call *c, const unsigned char bytes[static DRAW_BYTES])
{
    char *hex = arena_alloc(c->arena, 2 * DRAW_BYTES + 1);
    return sodium_bin2hex(hex, 2 * DRAW_BYTES + 1, bytes, DRAW_BYTES);
}

static void bind_results(struct call *c, const struct draw_entry *entries, size_t count)
{
    const char **columns[4];
    static const char *const names[] = {"slots", "places", "expert_nos", "outcomes"};
    for (size_t i = 0; i < 4; i++)
        columns[i] = arena_alloc(c->arena, (count + 1) * sizeof *columns[i]);
    for (size_t i = 0; i < count; i++) {
        columns[0][i] = arena_printf(c->arena, "%u", entries[i].slot);
        columns[1][i] = arena_printf(c->arena, "%u", entries[i].place);
        columns[2][i] = entries[i].expert_no;
        columns[3][i] =
            protobuf_c_enum_descriptor_get_value(&certification__draw_result__outcome__descriptor,
                                                 (int)entries[i].outcome)
                ->name;
    }
    for (size_t i = 0; i < 4; i++)
        call_set(c, names[i], message_array(columns[i], count, c->arena));
}

/* The order that the frozen list and both seeds give, bound for the statement. */
static void bind_order(struct call *c, const struct rows *wanted, const struct rows *found,
                       const unsigned char seed[static DRAW_BYTES])
{
    unsigned *counts = arena_alloc(c->arena, (wanted->count + 1) * sizeof *counts);
    struct draw_entry *entries = arena_alloc(c->arena, (found->count + 1) * sizeof *entries);
    for (size_t i = 0; i < wanted->count; i++)
        counts[i] = (unsigned)rows_integer(wanted, i, "count");
    for (size_t i = 0; i < found->count; i++)
        entries[i] = (struct draw_entry){.slot = (unsigned)rows_integer(found, i, "slot"),
                                         .expert_no = rows_get(found, i, "expert_no")};
    draw_rules_order(seed, counts, entries, found->count);
    bind_results(c, entries, found->count);
}

static answer draw_run_done(struct call *c, const struct rows *results)
{
    if (results[0].count == 0)
        return call_fail(c, REASON_draw_moved);
    return call_reply(
        c, message_from_rows(&certification__draw_step__descriptor, &results[0], c->arena));
}

static answer draw_run_found(struct call *c, const struct rows *results)
{
    const Certification__RunDrawRequest *req = c->request;
    const struct certification *state = service_state(c->run);
    const struct rows *draw = &results[0];
    unsigned char server_seed[DRAW_BYTES], beacon[DRAW_BYTES], hash[DRAW_BYTES], seed[DRAW_BYTES];

    if (draw->count == 0)
        return call_fail(c, REASON_draw_gone);
    if (strcmp(rows_get(draw, 0, "state"), "FROZEN") != 0)
        return repeat_then(c, draw_run_done);
    if (rows_true(draw, 0, "is_same_person"))
        return call_fail(c, REASON_draw_same_person);
    if (strcmp(rows_get(draw, 0, "candidates_hash"), req->candidates_hash) != 0)
        return call_fail(c, REASON_draw_moved);
    bool has_beacon = rows_get(draw, 0, "beacon_round")[0] != '\0';
    if (has_beacon ? !draw_rules_hex(req->beacon, beacon) : req->beacon[0] != '\0')
        return call_fail_field(c, "beacon",
                               has_beacon ? "请填写公布的随机数，64位十六进制数字。"
                                          : "这次抽取没有约定公共随机数，请留空。");
    const char *opened = secret_open_text(
        state->files.keys, arena_printf(c->arena, "draw|server_seed|%lld", (long long)req->id),
        rows_get(draw, 0, "sealed_server_seed"), c->arena);
    if (opened == NULL || !draw_rules_hex(opened, server_seed) ||
        !draw_rules_hex(req->candidates_hash, hash))
        return call_fail(c, REASON_internal);
    draw_rules_seed(server_seed, req->witness_seed, has_beacon ? beacon : NULL, hash, seed);
    call_set(c, "server_seed_hex", opened);
    call_set(c, "seed_hex", hex_of(c, seed));
    bind_order(c, &results[1], &results[2], seed);
    batch_add(c, &sql_draw_run);
    return batch_then(c, draw_run_done);
}

static answer draw_run(struct call *c)
{
    batch_add(c, &sql_draw_frozen);
    batch_add(c, &sql_draw_wanted);
    batch_add(c, &sql_draw_entries);
    return batch_then(c, draw_run_found);
}

/* ---- invitations and replies */

static answer draw_invite_done(struct call *c, const struct rows *results)
{
    const char *state = rows_get(&results[0], 0, "state");
    if (results[1].count > 0)
        return call_reply(
            c, message_from_rows(&certification__draw_step__descriptor, &results[1], c->arena));
    if (state == NULL)
        return call_fail(c, REASON_draw_gone);
    if (rows_true(&results[0], 0, "is_over"))
        return call_fail(c, REASON_draw_over);
    bool waits = strcmp(state, "DRAWN") == 0 || strcmp(state, "NEEDS_MORE") == 0;
    return call_fail(c, waits ? REASON_draw_exhausted : REASON_draw_moved);
}

static answer draw_invite(struct call *c)
{
    const struct certification *state = service_state(c->run);
    call_set(c, "site", state->site);
    link_tokens_set(c, state->event_keys, &invitation_link_kind, DRAW_PLACES_MAX);
    batch_add(c, &sql_draw_state);
    batch_add(c, &sql_draw_invite);
    return batch_then(c, draw_invite_done);
}

static answer draw_reply(struct call *c)
{
    batch_add(c, &sql_draw_reply);
    return batch_reply(c, REASON_reply_moved);
}

static answer draw_cancel(struct call *c)
{
    batch_add(c, &sql_draw_cancel);
    return batch_reply(c, REASON_draw_moved);
}

static answer draw_close(struct call *c)
{
    batch_add(c, &sql_draw_close);
    return batch_reply(c, REASON_draw_moved);
}

/* ---- what anybody may recompute */

static answer draw_package(struct call *c)
{
    batch_add(c, &sql_draw_package);
    return batch_reply(c, REASON_draw_unpublished);
}

#define READER STAFF("draw.read")
#define DRAWER STAFF("expert.draw")

const struct op draw_ops[] = {
    {"ListDraws",      READER,                draw_list,    0},
    {"GetDraw",        READER,                draw_get,     0},
    {"CreateDraw",     DRAWER,                draw_create,  0},
    {"ChangeDraw",     DRAWER,                draw_change,  0},
    {"FreezeDraw",     DRAWER,                draw_freeze,  0},
    {"RunDraw",        STAFF("draw.witness"), draw_run,     0},
    {"CancelDraw",     DRAWER,                draw_cancel,  0},
    {"InviteDrawn",    DRAWER,                draw_invite,  0},
    {"RecordReply",    DRAWER,                draw_reply,   0},
    {"CloseDraw",      DRAWER,                draw_close,   0},
    {"GetDrawPackage", PUBLIC,                draw_package, 0},
    OP_END,
};
