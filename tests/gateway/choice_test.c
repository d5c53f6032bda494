/* Who gets a request when instances are new, slow, sick or full, and who gets none. */
#include "router.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

enum { PATIENCE_MS = 3000, NOBODY = -1 };

static struct router *r;
static struct router_actions *out;
static uint64_t now, asked;

static void take(int peer, const struct frame *frame)
{
    router_frame(r, peer, frame, "", 0, now, out);
}

static void enter(int peer, const char *instance, uint64_t capacity)
{
    take(peer, &(struct frame){.kind = FRAME_HELLO,
                               .service = frame_text("payment"),
                               .instance = frame_text(instance),
                               .methods = frame_text("+ReadThing\nChangeThing"),
                               .epoch = 1,
                               .capacity = capacity});
}

/* Time goes by; the first `alive` peers are heard. */
static void pass(uint64_t ms, int alive)
{
    for (uint64_t end = now + ms; now < end;) {
        now += ROUTER_TICK_MS;
        for (int i = 0; i < alive; i++)
            take(i, &(struct frame){.kind = FRAME_PING});
        router_tick(r, now, out);
    }
}

/* The peer that the last request went to, and the frame. */
static int last_sent(struct frame *ret_frame)
{
    for (size_t i = out->count; i-- > 0;)
        if (out->list[i].kind == ROUTER_SEND && out->list[i].frame.kind == FRAME_REQ) {
            *ret_frame = out->list[i].frame;
            return out->list[i].peer;
        }
    return NOBODY;
}

/* A request, and who got it at once. */
static int ask(const char *method, struct frame *ret_frame)
{
    out->count = 0;
    router_submit(r,
                  &(struct router_ask){.request = ++asked,
                                       .service = "payment",
                                       .method = method,
                                       .trace = "t",
                                       .deadline_ms = now + PATIENCE_MS},
                  now, out);
    return last_sent(ret_frame);
}

static void answer(int peer, const struct frame *request, enum frame_kind kind, enum status status)
{
    out->count = 0;
    take(peer, &(struct frame){.kind = kind,
                               .id_high = request->id_high,
                               .id_low = request->id_low,
                               .status = (uint64_t)status});
}

static const struct router_action *end_of_last(void)
{
    for (size_t i = 0; i < out->count; i++)
        if (out->list[i].kind == ROUTER_ANSWER && out->list[i].request == asked)
            return &out->list[i];
    return NULL;
}

/* Two instances that refuse everything: what came to the one goes to the other, as long as there are repeats. */
static void test_repeats_are_bounded(void **state)
{
    enum { REQUESTS = 500 };
    struct frame frame;
    unsigned repeats = 0;
    (void)state;
    enter(0, "a", 64);
    enter(1, "b", 64);
    for (int i = 0; i < REQUESTS; i++) {
        int peer = ask("ChangeThing", &frame);
        answer(peer, &frame, FRAME_NACK, STATUS_OK);
        if (end_of_last() != NULL) {
            assert_int_equal(end_of_last()->status, STATUS_UNAVAILABLE);
            continue;
        }
        peer = last_sent(&frame);
        assert_int_not_equal(peer, NOBODY);
        repeats++;
        answer(peer, &frame, FRAME_REP, STATUS_OK);
    }
    assert_in_range(repeats, REQUESTS / 10, REQUESTS / 10 + ROUTER_REPEATS_RESERVE);
    pass(5000, 2); /* some come back with time, but never more than the reserve */
    for (repeats = 0; repeats <= ROUTER_REPEATS_RESERVE; repeats++) {
        answer(ask("ChangeThing", &frame), &frame, FRAME_NACK, STATUS_OK);
        if (end_of_last() != NULL)
            break;
        int peer = last_sent(&frame);
        answer(peer, &frame, FRAME_REP, STATUS_OK);
    }
    assert_in_range(repeats, 3, 8);
}

/* One answers nothing but errors: five, and then the other gets all, for two seconds, four, and so on. */
static void test_who_fails_is_the_last_choice(void **state)
{
    struct frame frame;
    unsigned failed = 0;
    (void)state;
    enter(0, "sick", 64);
    enter(1, "well", 64);
    for (uint64_t round_ms = ROUTER_EJECT_MS; round_ms <= 8000; round_ms *= 2) {
        failed = 0;
        for (int i = 0; i < 200; i++) {
            int peer = ask("ReadThing", &frame);
            failed += peer == 0;
            answer(peer, &frame, FRAME_REP, peer == 0 ? STATUS_INTERNAL : STATUS_OK);
        }
        assert_int_equal(failed, round_ms == ROUTER_EJECT_MS ? ROUTER_EJECT_FAILURES : 1);
        pass(round_ms - ROUTER_TICK_MS, 2);
        for (int i = 0; i < 50; i++) {
            assert_int_equal(ask("ReadThing", &frame), 1);
            answer(1, &frame, FRAME_REP, STATUS_OK);
        }
        pass(ROUTER_RAMP_MS + ROUTER_TICK_MS, 2);
    }
    router_frame(r, 1, &(struct frame){.kind = FRAME_BYE}, "", 0, now, out);
    assert_int_equal(ask("ReadThing", &frame), 0); /* better than nobody */
    answer(0, &frame, FRAME_REP, STATUS_OK);
}

/* What it refuses because of the request (a conflict, a field) is no failure. */
static void test_a_refusal_is_no_failure(void **state)
{
    struct frame frame;
    int first = 0;
    (void)state;
    enter(0, "a", 64);
    enter(1, "b", 64);
    pass(ROUTER_RAMP_MS, 2);
    for (int i = 0; i < 400; i++) {
        int peer = ask("ChangeThing", &frame);
        first += peer == 0;
        answer(peer, &frame, FRAME_REP, STATUS_CONFLICT);
    }
    assert_in_range(first, 100, 300);
}

/* Beside one with three requests a new one is empty, but counts a quarter; two seconds later it counts fully. */
static void test_a_new_instance_is_ramped(void **state)
{
    struct frame frame;
    (void)state;
    enter(0, "old", 64);
    pass(ROUTER_RAMP_MS, 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask("ReadThing", &frame), 0);
    enter(1, "new", 64);
    assert_int_not_equal(ask("ReadThing", &frame), NOBODY); /* four against four: by chance */
    for (int i = 0; i < 3; i++)
        ask("ReadThing", &frame);
    assert_int_equal(ask("ReadThing", &frame), 0);
    pass(ROUTER_RAMP_MS, 2);
    assert_int_equal(ask("ReadThing", &frame), 1);
}

/* One at a time, each takes a second: the queue holds who will have his turn in three seconds, and no more. */
static void test_who_would_be_late_is_refused_at_once(void **state)
{
    struct frame frame;
    (void)state;
    enter(0, "slow", 1);
    for (int i = 0; i < 30; i++) {
        assert_int_equal(ask("ReadThing", &frame), 0);
        pass(1000, 1);
        answer(0, &frame, FRAME_REP, STATUS_OK);
    }
    assert_int_equal(ask("ReadThing", &frame), 0);
    for (int waiting = 0; waiting < 4; waiting++) {
        ask("ReadThing", &frame);
        assert_null(end_of_last());
    }
    ask("ReadThing", &frame);
    assert_non_null(end_of_last());
    assert_int_equal(end_of_last()->status, STATUS_UNAVAILABLE);
    assert_true(end_of_last()->retry_after_s > 0);
}

/* A request whose deadline is over may still run: until its instance says otherwise it takes up its place. */
static void test_what_was_given_up_keeps_its_credit(void **state)
{
    struct frame first, frame;
    (void)state;
    enter(0, "a", 1);
    assert_int_equal(ask("ChangeThing", &first), 0);
    pass(PATIENCE_MS, 1);
    assert_int_equal(ask("ChangeThing", &frame), NOBODY);
    answer(0, &first, FRAME_REP, STATUS_OK);
    assert_int_equal(last_sent(&frame), 0);
    pass(PATIENCE_MS, 1);
    assert_int_equal(ask("ChangeThing", &frame),
                     NOBODY); /* again, and this time the word is lost */
    out->count = 0;
    take(0, &(struct frame){.kind = FRAME_PING, .credits = 1});
    assert_int_equal(last_sent(&frame), 0);
}

static int open_router(void **state)
{
    (void)state;
    r = router_new("g", 7);
    out = calloc(1, sizeof *out);
    now = 1000;
    return out == NULL;
}

static int close_router(void **state)
{
    (void)state;
    router_destroy(&r);
    free(out);
    return 0;
}

#define CHOICE_TEST(name) cmocka_unit_test_setup_teardown(name, open_router, close_router)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CHOICE_TEST(test_repeats_are_bounded),
        CHOICE_TEST(test_who_fails_is_the_last_choice),
        CHOICE_TEST(test_a_refusal_is_no_failure),
        CHOICE_TEST(test_a_new_instance_is_ramped),
        CHOICE_TEST(test_who_would_be_late_is_refused_at_once),
        CHOICE_TEST(test_what_was_given_up_keeps_its_credit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
