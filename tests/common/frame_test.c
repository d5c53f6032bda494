/* Frames: what is written is read again, and nothing else is read. */
#include "frame.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static char letters[FRAME_METHODS_MAX + 1];

static struct frame_text text_of(size_t size)
{
    return (struct frame_text){letters, size};
}

/* Every field as large as it may be, whichever the kind has. */
static struct frame full(enum frame_kind kind)
{
    return (struct frame){
        .kind = kind,
        .id_high = UINT64_MAX,
        .id_low = UINT64_MAX - 1,
        .time_left_ms = 3000,
        .attempt = 2,
        .depth = 1,
        .status = 4,
        .body_size = UINT64_C(1) << 40,
        .epoch = 5,
        .capacity = 64,
        .in_flight = 6,
        .oldest_ms = 7,
        .progress = 8,
        .ewma_us = 9,
        .credits = 10,
        .revocation_seq = 11,
        .chunks = 12,
        .account_id = 13,
        .service = text_of(FRAME_SERVICE_MAX),
        .instance = text_of(FRAME_INSTANCE_MAX),
        .methods = text_of(FRAME_METHODS_MAX),
        .method = text_of(FRAME_METHOD_MAX),
        .key = text_of(FRAME_KEY_MAX),
        .trace = text_of(FRAME_TRACE_MAX),
        .from = text_of(FRAME_SERVICE_MAX),
        .assertion = text_of(FRAME_ASSERTION_MAX),
        .session_hash = text_of(FRAME_HASH_MAX),
    };
}

static void test_every_kind_there_and_back(void **state)
{
    (void)state;
    for (int kind = FRAME_HELLO; kind < FRAME_KINDS; kind++) {
        unsigned char bytes[FRAME_HEADER_MAX], again[FRAME_HEADER_MAX];
        struct frame frame = full((enum frame_kind)kind), read;
        size_t size = frame_encode(&frame, bytes);
        assert_in_range(size, 2, FRAME_HEADER_MAX);
        assert_true(frame_decode(bytes, size, &read));
        assert_int_equal(read.kind, kind);
        assert_int_equal(frame_encode(&read, again), size);
        assert_memory_equal(bytes, again, size);
    }
}

/* Read from memory of just that size, so that a step beyond it is seen. */
static bool decodes(const unsigned char *bytes, size_t size)
{
    struct frame frame;
    unsigned char *exact = malloc(size == 0 ? 1 : size);
    assert_non_null(exact);
    memcpy(exact, bytes, size);
    bool done = frame_decode(exact, size, &frame);
    free(exact);
    return done;
}

static void test_nothing_shorter_or_longer(void **state)
{
    (void)state;
    for (int kind = FRAME_HELLO; kind < FRAME_KINDS; kind++) {
        unsigned char bytes[FRAME_HEADER_MAX] = {0};
        struct frame frame = full((enum frame_kind)kind);
        size_t size = frame_encode(&frame, bytes);
        for (size_t shorter = 0; shorter < size; shorter++)
            assert_false(decodes(bytes, shorter));
        assert_true(decodes(bytes, size));
        assert_false(decodes(bytes, size + 1));
    }
}

static void test_no_other_version_or_kind(void **state)
{
    unsigned char bytes[FRAME_HEADER_MAX];
    size_t size = frame_encode(&(struct frame){.kind = FRAME_PONG}, bytes);
    (void)state;
    assert_true(decodes(bytes, size));
    for (int kind = 0; kind < 256; kind++) {
        bytes[1] = (unsigned char)kind;
        bool bare = kind == FRAME_PONG || kind == FRAME_DRAIN || kind == FRAME_DRAIN_OK ||
                    kind == FRAME_BYE;
        assert_int_equal(decodes(bytes, size), bare);
    }
    bytes[1] = FRAME_PONG;
    bytes[0] = FRAME_VERSION + 1;
    assert_false(decodes(bytes, size));
}

/* Neither written nor read: a text that is too long, or holds a NUL where it is not bytes. */
static void test_texts_are_bounded(void **state)
{
    unsigned char bytes[FRAME_HEADER_MAX];
    struct frame frame = {.kind = FRAME_REFUSE, .trace = text_of(FRAME_TRACE_MAX + 1)};
    (void)state;
    assert_int_equal(frame_encode(&frame, bytes), 0);
    frame.trace = (struct frame_text){"a\0b", 3};
    assert_int_equal(frame_encode(&frame, bytes), 0);
    frame.trace = frame_text("abc");
    size_t size = frame_encode(&frame, bytes);
    assert_true(decodes(bytes, size));
    bytes[size - 2] = '\0';
    assert_false(decodes(bytes, size));
    frame = (struct frame){
        .kind = FRAME_REVOKE, .session_hash = {"a\0b", 3}
    };
    assert_true(decodes(bytes, frame_encode(&frame, bytes)));
}

static void test_texts_are_copied_with_an_end(void **state)
{
    char copy[4];
    (void)state;
    frame_text_copy(frame_text("abcdef"), copy, sizeof copy);
    assert_string_equal(copy, "abc");
    frame_text_copy(frame_text(NULL), copy, sizeof copy);
    assert_string_equal(copy, "");
    assert_true(frame_text_is(frame_text("abc"), "abc"));
    assert_false(frame_text_is(frame_text("abc"), "abcd"));
    assert_false(frame_text_is(frame_text("abc"), "ab"));
    assert_true(frame_text_is(frame_text(NULL), ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_there_and_back),
        cmocka_unit_test(test_nothing_shorter_or_longer),
        cmocka_unit_test(test_no_other_version_or_kind),
        cmocka_unit_test(test_texts_are_bounded),
        cmocka_unit_test(test_texts_are_copied_with_an_end),
    };
    memset(letters, 'x', sizeof letters - 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
