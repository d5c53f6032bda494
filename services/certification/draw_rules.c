#include "draw_rules.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- conditions */

void draw_rules_conditions(const Certification__DrawConditions *conditions,
                           struct field_errors *errors)
{
    if (strcmp(conditions->reply_by, conditions->review_at) >= 0)
        field_errors_add(errors, "conditions.reply_by", "答复截止应早于评审时间。");
    for (size_t i = 0; i < conditions->n_excluded_experts; i++)
        for (size_t j = 0; j < i; j++)
            if (strcasecmp(conditions->excluded_experts[i]->expert_no,
                           conditions->excluded_experts[j]->expert_no) == 0)
                field_errors_add(
                    errors,
                    arena_printf(errors->arena, "conditions.excluded_experts.%zu.expert_no", i),
                    "这位专家已经填写过，请勿重复。");
}

/* ---- seed and order */

bool draw_rules_hex(const char *hex, unsigned char out[static DRAW_BYTES])
{
    size_t size = 0;
    return strlen(hex) == 2 * DRAW_BYTES &&
           sodium_hex2bin(out, DRAW_BYTES, hex, 2 * DRAW_BYTES, NULL, &size, NULL) == 0 &&
           size == DRAW_BYTES;
}

void draw_rules_seed(const unsigned char server_seed[static DRAW_BYTES], const char *witness_seed,
                     const unsigned char *beacon,
                     const unsigned char candidates_hash[static DRAW_BYTES],
                     unsigned char out[static DRAW_BYTES])
{
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, server_seed, DRAW_BYTES);
    crypto_hash_sha256_update(&state, (const unsigned char *)witness_seed, strlen(witness_seed));
    if (beacon != NULL)
        crypto_hash_sha256_update(&state, beacon, DRAW_BYTES);
    crypto_hash_sha256_update(&state, candidates_hash, DRAW_BYTES);
    crypto_hash_sha256_final(&state, out);
}

static void key_of(const unsigned char seed[static DRAW_BYTES], struct draw_entry *entry)
{
    crypto_auth_hmacsha256_state state;
    char slot[12];
    snprintf(slot, sizeof slot, "%u", entry->slot);
    crypto_auth_hmacsha256_init(&state, seed, DRAW_BYTES);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)slot, strlen(slot));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)entry->expert_no,
                                  strlen(entry->expert_no));
    crypto_auth_hmacsha256_final(&state, entry->key);
}

static int by_slot_and_key(const void *left, const void *right)
{
    const struct draw_entry *a = left, *b = right;
    if (a->slot != b->slot)
        return a->slot < b->slot ? -1 : 1;
    return memcmp(a->key, b->key, DRAW_BYTES);
}

static bool drawn_before(const struct draw_entry *entries, const struct draw_entry *entry)
{
    for (const struct draw_entry *other = entries; other->slot < entry->slot; other++)
        if (other->outcome == CERTIFICATION__DRAW_RESULT__OUTCOME__DRAWN &&
            strcmp(other->expert_no, entry->expert_no) == 0)
            return true;
    return false;
}

void draw_rules_order(const unsigned char seed[static DRAW_BYTES], const unsigned *counts,
                      struct draw_entry *entries, size_t entries_count)
{
    unsigned slot = 0, place = 0, drawn = 0;
    for (size_t i = 0; i < entries_count; i++)
        key_of(seed, &entries[i]);
    qsort(entries, entries_count, sizeof *entries, by_slot_and_key);
    for (size_t i = 0; i < entries_count; i++) {
        struct draw_entry *entry = &entries[i];
        if (entry->slot != slot) {
            slot = entry->slot;
            place = drawn = 0;
        }
        entry->place = ++place;
        if (drawn_before(entries, entry)) {
            entry->outcome = CERTIFICATION__DRAW_RESULT__OUTCOME__ELSEWHERE;
        } else if (drawn < counts[slot - 1]) {
            entry->outcome = CERTIFICATION__DRAW_RESULT__OUTCOME__DRAWN;
            drawn++;
        } else {
            entry->outcome = CERTIFICATION__DRAW_RESULT__OUTCOME__ALTERNATE;
        }
    }
}
