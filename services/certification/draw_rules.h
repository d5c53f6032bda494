/* The draw that anybody can recompute: pure functions, no I/O, no clock, no randomness of their own.

   candidates_hash  SHA-256 of the frozen list, canonical JSON
   seed             SHA-256 (server_seed ‖ witness_seed ‖ beacon ‖ candidates_hash): 32 bytes, the text's UTF-8, none or
                    32 bytes, 32 bytes
   key              HMAC-SHA-256 (seed, slot ‖ expert_no): the slot in decimal digits, from 1

   In each slot candidates stand in the order of their keys. The slots are drawn one after the other: the first of each who
   were not drawn for a slot before are drawn, the others are alternates in that order. */
#ifndef GUILD_CERTIFICATION_DRAW_RULES_H
#define GUILD_CERTIFICATION_DRAW_RULES_H

#include "certification.pb-c.h"
#include "message.h"
#include <stdbool.h>
#include <stddef.h>

enum {
    DRAW_BYTES = 32,
    DRAW_PLACES_MAX = 20 * 50 /* rows and places of each that the contract takes */
};

/* Times that follow each other, nothing named twice. */
void draw_rules_conditions(const Certification__DrawConditions *conditions,
                           struct field_errors *errors);

/* Exactly 64 hex digits into 32 bytes. */
bool draw_rules_hex(const char *hex, unsigned char out[static DRAW_BYTES]);

/* `beacon`: 32 bytes, or NULL where none was agreed. */
void draw_rules_seed(const unsigned char server_seed[static DRAW_BYTES], const char *witness_seed,
                     const unsigned char *beacon,
                     const unsigned char candidates_hash[static DRAW_BYTES],
                     unsigned char out[static DRAW_BYTES]);

struct draw_entry {
    unsigned slot;
    const char *expert_no;
    unsigned char key[DRAW_BYTES]; /* this and what follows: what draw_rules_order says */
    unsigned place;                /* in its slot, from 1 */
    Certification__DrawResult__Outcome outcome;
};

/* Puts entries into the order of their slots and keys. `counts[slot - 1]` of a slot are drawn, or fewer if it has fewer. */
void draw_rules_order(const unsigned char seed[static DRAW_BYTES], const unsigned *counts,
                      struct draw_entry *entries, size_t entries_count);

#endif
