/* A frame and its payload as one message part. */
#include "wire.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static void test_what_is_packed_is_read(void **state)
{
    static const struct frame frame = {.kind = FRAME_REP, .id_high = 7, .id_low = 9, .status = 3};
    static const size_t sizes[] = {0, 1, 255, FRAME_PAYLOAD_MAX};
    char *payload = malloc(FRAME_PAYLOAD_MAX);
    (void)state;
    assert_non_null(payload);
    memset(payload, 'x', FRAME_PAYLOAD_MAX);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        zmq_msg_t part;
        struct frame read;
        const void *got;
        size_t size = 1;
        assert_true(wire_pack(&frame, payload, sizes[i], &part));
        assert_true(wire_read(&part, &read, &got, &size));
        assert_int_equal(read.kind, FRAME_REP);
        assert_int_equal(read.id_low, 9);
        assert_int_equal(size, sizes[i]);
        assert_memory_equal(got, payload, size);
        zmq_msg_close(&part);
    }
    free(payload);
}

/* Every part that ends too early, and one whose header is not as long as it says. */
static void test_what_is_cut_is_not_read(void **state)
{
    zmq_msg_t part;
    struct frame frame = {.kind = FRAME_REFUSE, .trace = frame_text("why")};
    const void *payload;
    size_t size;
    (void)state;
    assert_true(wire_pack(&frame, NULL, 0, &part));
    size_t all = zmq_msg_size(&part);
    for (size_t cut = 0; cut <= all; cut++) {
        zmq_msg_t piece;
        zmq_msg_init_size(&piece, cut);
        memcpy(zmq_msg_data(&piece), zmq_msg_data(&part), cut);
        assert_int_equal(wire_read(&piece, &frame, &payload, &size), cut == all);
        zmq_msg_close(&piece);
    }
    for (int wrong = -1; wrong <= 1; wrong += 2) {
        unsigned char *bytes = zmq_msg_data(&part);
        bytes[0] = (unsigned char)((int)all - 2 + wrong);
        assert_false(wire_read(&part, &frame, &payload, &size));
    }
    zmq_msg_close(&part);
}

static void test_what_cannot_be_encoded_is_no_part(void **state)
{
    zmq_msg_t part;
    (void)state;
    assert_false(wire_pack(
        &(struct frame){
            .kind = FRAME_REFUSE, .trace = {"a\0b", 3}
    },
        NULL, 0, &part));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_packed_is_read),
        cmocka_unit_test(test_what_is_cut_is_not_read),
        cmocka_unit_test(test_what_cannot_be_encoded_is_no_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
