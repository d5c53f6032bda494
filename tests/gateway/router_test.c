/* The router's rules, one by one; what they make of each other is the simulator's to find. */
#include "router.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

enum { NONE = -1, PATIENCE_MS = 3000 };

static struct router *r;
static struct router_actions *out;
static uint64_t now;
static size_t carried_out;

/* Reads all that a step has put into the list, as the sender does at its end: what is gone by then, the sanitizer tells. */
static void carry_out(void)
{
    for (; carried_out < out->count; carried_out++) {
        const struct router_action *action = &out->list[carried_out];
        unsigned char header[FRAME_HEADER_MAX], payload[16];
        if (action->kind == ROUTER_SEND)
            assert_true(frame_encode(&action->frame, header) > 0);
        if (action->payload != NULL && action->payload_size <= sizeof payload)
            memcpy(payload, action->payload, action->payload_size);
    }
}

/* ---- what goes in */

static void hello(int peer, const char *service, const char *instance, uint64_t capacity)
{
    router_frame(r, peer,
                 &(struct frame){.kind = FRAME_HELLO,
                                 .service = frame_text(service),
                                 .instance = frame_text(instance),
                                 .methods = frame_text("+ReadThing\nChangeThing\nTakeFile"),
                                 .epoch = 1,
                                 .capacity = capacity},
                 "", 0, now, out);
    carry_out();
}

static void hear(int peer, enum frame_kind kind)
{
    router_frame(r, peer, &(struct frame){.kind = kind}, "", 0, now, out);
    carry_out();
}

static void say_of(int peer, enum frame_kind kind, struct frame request, enum status status)
{
    router_frame(r, peer,
                 &(struct frame){.kind = kind,
                                 .id_high = request.id_high,
                                 .id_low = request.id_low,
                                 .status = (uint64_t)status},
                 "", 0, now, out);
    carry_out();
}

static void ask_of(uint64_t number, enum router_class class, uint64_t patience_ms)
{
    router_submit(r,
                  &(struct router_ask){.request = number,
                                       .class = class,
                                       .service = "payment",
                                       .method = "ReadThing",
                                       .trace = "t",
                                       .deadline_ms = now + patience_ms},
                  now, out);
    carry_out();
}

static void submit(uint64_t number, const char *method, const char *key, uint64_t body_size)
{
    router_submit(r,
                  &(struct router_ask){.request = number,
                                       .service = "payment",
                                       .method = method,
                                       .key = key,
                                       .trace = "t",
                                       .body_size = body_size,
                                       .deadline_ms = now + PATIENCE_MS},
                  now, out);
    carry_out();
}

static void ask(uint64_t number, const char *method)
{
    submit(number, method, NULL, 0);
}

/* A service calls another's method. */
static void call(int peer, uint64_t id, const char *method, uint64_t depth)
{
    router_frame(r, peer,
                 &(struct frame){.kind = FRAME_REQ,
                                 .id_high = 1,
                                 .id_low = id,
                                 .time_left_ms = PATIENCE_MS,
                                 .depth = depth,
                                 .method = frame_text(method),
                                 .from = frame_text("gateway")},
                 "event", 5, now, out);
    carry_out();
}

/* Time goes by, as the gateway feels it; the peers of the mask PING meanwhile. */
static void pass(uint64_t ms, unsigned alive)
{
    for (uint64_t end = now + ms; now < end;) {
        now += ROUTER_TICK_MS;
        for (int i = 0; i < 8; i++)
            if ((alive >> i & 1) != 0)
                hear(i, FRAME_PING);
        router_tick(r, now, out);
        carry_out();
    }
}

/* ---- what came out */

static void forget(void)
{
    out->count = carried_out = 0;
}

static size_t count_of(enum frame_kind kind, int peer)
{
    size_t count = 0;
    for (size_t i = 0; i < out->count; i++)
        count += out->list[i].kind == ROUTER_SEND && out->list[i].frame.kind == kind &&
                 (peer == NONE || out->list[i].peer == peer);
    return count;
}

/* The last frame of the kind to the peer. */
static const struct router_action *sent(enum frame_kind kind, int peer)
{
    for (size_t i = out->count; i-- > 0;)
        if (out->list[i].kind == ROUTER_SEND && out->list[i].frame.kind == kind &&
            out->list[i].peer == peer)
            return &out->list[i];
    fail_msg("nothing of kind %d was sent to %d", (int)kind, peer);
    return NULL;
}

static struct frame request_to(int peer)
{
    return sent(FRAME_REQ, peer)->frame;
}

/* The end of a client's request, which comes once; NONE: not yet. */
static int end_of(uint64_t number)
{
    int status = NONE;
    for (size_t i = 0; i < out->count; i++)
        if (out->list[i].kind == ROUTER_ANSWER && out->list[i].request == number) {
            assert_int_equal(status, NONE);
            status = (int)out->list[i].status;
        }
    return status;
}

static uint64_t windows_of(uint64_t number)
{
    uint64_t chunks = 0;
    for (size_t i = 0; i < out->count; i++)
        if (out->list[i].kind == ROUTER_WINDOW && out->list[i].request == number)
            chunks += out->list[i].chunks;
    return chunks;
}

/* The connection takes nothing: as in bus.c the list grows, and what stands behind the action is still to be carried out. */
static void refuse(const struct router_action *action)
{
    struct router_action copy = *action;
    carried_out = (size_t)(action - out->list) + 1;
    router_send_failed(r, &copy, now, out);
    carry_out();
}

/* ---- who gets it */

static void test_the_least_loaded_gets_it(void **state)
{
    (void)state;
    hello(0, "payment", "a", 64);
    hello(1, "payment", "b", 64);
    for (uint64_t i = 1; i <= 20; i++)
        ask(i, "ReadThing");
    assert_int_equal(count_of(FRAME_REQ, 0), 10);
    assert_int_equal(count_of(FRAME_REQ, 1), 10);
}

/* Answers within a millisecond measure as no time at all; what is under way counts nevertheless. */
static void test_quick_instances_share_alike(void **state)
{
    (void)state;
    hello(0, "payment", "a", 64);
    hello(1, "payment", "b", 64);
    for (uint64_t i = 1; i <= 400; i += 8) {
        forget();
        for (uint64_t n = 0; n < 8; n++)
            ask(i + n, "ReadThing");
        for (size_t n = 0; n < 8; n++) {
            struct router_action action = out->list[n];
            say_of(action.peer, FRAME_REP, action.frame, STATUS_OK);
        }
    }
    forget();
    for (uint64_t i = 1001; i <= 1020; i++)
        ask(i, "ReadThing");
    assert_int_equal(count_of(FRAME_REQ, 0), 10);
}

/* What other gateways gave it counts; a stalled one comes last. */
static void test_a_busy_instance_gets_less(void **state)
{
    (void)state;
    hello(0, "payment", "a", 64);
    hello(1, "payment", "b", 64);
    router_frame(r, 0, &(struct frame){.kind = FRAME_PING, .in_flight = 12}, "", 0, now, out);
    for (uint64_t i = 1; i <= 12; i++)
        ask(i, "ReadThing");
    assert_int_equal(count_of(FRAME_REQ, 1), 12);
    router_frame(r, 1, &(struct frame){.kind = FRAME_PING, .in_flight = 12, .oldest_ms = 900}, "",
                 0, now, out);
    forget();
    ask(13, "ReadThing");
    assert_int_equal(count_of(FRAME_REQ, 0), 1);
}

static void test_credits_are_given_once(void **state)
{
    (void)state;
    hello(0, "payment", "a", 2);
    for (uint64_t i = 1; i <= 6; i++)
        ask(i, "ReadThing");
    assert_int_equal(count_of(FRAME_REQ, 0), 2);
    assert_int_equal(router_waiting(r), 4);
    struct frame last = request_to(0);
    forget();
    say_of(0, FRAME_REP, last, STATUS_OK);
    assert_int_equal(count_of(FRAME_REQ, 0), 1);
    for (int i = 0; i < 3; i++) {
        say_of(0, FRAME_REP, last, STATUS_OK);
        say_of(0, FRAME_NACK, last, STATUS_OK);
        hello(0, "payment", "a", 2);
    }
    assert_int_equal(count_of(FRAME_REQ, 0), 1);
    assert_int_equal(router_in_flight(r), 5);
}

/* A full service says so at once; another service and a free place in the queue are not touched by it. */
static void test_the_queue_is_bounded(void **state)
{
    (void)state;
    hello(0, "payment", "a", 1);
    hello(1, "auth", "c", 1);
    for (uint64_t i = 1; i <= 1 + ROUTER_QUEUE_MAX; i++) {
        ask(i, "ReadThing");
        assert_int_equal(end_of(i), NONE);
    }
    ask(1000, "ReadThing");
    assert_int_equal(end_of(1000), STATUS_UNAVAILABLE);
    assert_true(out->list[out->count - 1].retry_after_s > 0);
    router_submit(r,
                  &(struct router_ask){.request = 2000,
                                       .service = "auth",
                                       .method = "LogIn",
                                       .deadline_ms = now + PATIENCE_MS},
                  now, out);
    assert_int_equal(count_of(FRAME_REQ, 1), 1);
    say_of(0, FRAME_REP, request_to(0), STATUS_OK);
    ask(1001, "ReadThing");
    assert_int_equal(end_of(1001), NONE);
}

/* A full queue's last, of the highest class, gives way; nothing gives way to its equal. */
static void test_the_highest_class_gives_way(void **state)
{
    (void)state;
    hello(0, "payment", "a", 1);
    ask_of(1, ROUTER_READ, PATIENCE_MS); /* takes the credit */
    for (uint64_t i = 0; i < ROUTER_QUEUE_MAX; i++)
        ask_of(100 + i, i % 2 == 0 ? ROUTER_READ : ROUTER_BULK, PATIENCE_MS + i);
    ask_of(200, ROUTER_BULK, 1000);
    assert_int_equal(end_of(200), STATUS_UNAVAILABLE);
    ask_of(201, ROUTER_WRITE, PATIENCE_MS);
    assert_int_equal(end_of(201), NONE);
    assert_int_equal(end_of(100 + ROUTER_QUEUE_MAX - 1), STATUS_UNAVAILABLE);
    assert_int_equal(end_of(100 + ROUTER_QUEUE_MAX - 2), NONE);
    assert_int_equal(router_waiting(r), ROUTER_QUEUE_MAX);
    for (uint64_t i = 0; i < ROUTER_QUEUE_MAX; i++)
        ask_of(300 + i, ROUTER_VITAL, PATIENCE_MS);
    assert_int_equal(end_of(201), STATUS_UNAVAILABLE);
    for (uint64_t i = 0; i < ROUTER_QUEUE_MAX; i++)
        assert_int_equal(end_of(300 + i), NONE);
    ask_of(400, ROUTER_VITAL, PATIENCE_MS);
    assert_int_equal(end_of(400), STATUS_UNAVAILABLE);
}

/* A steady stream of others with earlier deadlines does not keep a log-in waiting, nor from being let in. */
static void test_the_lowest_class_goes_first(void **state)
{
    (void)state;
    hello(0, "payment", "a", 1);
    ask_of(1, ROUTER_READ, PATIENCE_MS);
    ask_of(2, ROUTER_READ, 500);
    ask_of(3, ROUTER_BULK, 400);
    ask_of(4, ROUTER_VITAL, PATIENCE_MS);
    ask_of(5, ROUTER_WRITE, PATIENCE_MS);
    static const uint64_t order[] = {1, 4, 5, 2, 3};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(sent(FRAME_REQ, 0)->request, order[i]);
        say_of(0, FRAME_REP, request_to(0), STATUS_OK);
    }
}

static void test_without_instance_it_is_said_at_once(void **state)
{
    (void)state;
    ask(1, "ReadThing");
    assert_int_equal(end_of(1), STATUS_UNAVAILABLE);
    hello(0, "payment", "a", 8);
    pass(ROUTER_TICK_MS, 1);
    hear(0, FRAME_BYE);
    ask(2, "ReadThing"); /* the last one left just now: its successor is awaited */
    assert_int_equal(end_of(2), NONE);
    hello(1, "payment", "b", 8);
    assert_int_equal(count_of(FRAME_REQ, 1), 1);
}

/* ---- when it ends */

/* What was sent is perhaps done, what waited certainly not; a late answer finds nothing. */
static void test_deadlines(void **state)
{
    (void)state;
    hello(0, "payment", "a", 1);
    ask(1, "ChangeThing");
    ask(2, "ChangeThing");
    struct frame first = request_to(0);
    assert_int_equal(first.time_left_ms, PATIENCE_MS);
    pass(PATIENCE_MS, 1);
    assert_int_equal(end_of(1), STATUS_TIMEOUT);
    assert_int_equal(end_of(2), STATUS_UNAVAILABLE);
    assert_int_equal(sent(FRAME_CANCEL, 0)->frame.id_low, first.id_low);
    forget();
    say_of(0, FRAME_REP, first, STATUS_OK);
    assert_int_equal(out->count, 0);
    assert_int_equal(router_in_flight(r), 0);
}

static void test_who_gives_up_hears_nothing(void **state)
{
    (void)state;
    hello(0, "payment", "a", 1);
    ask(1, "ChangeThing");
    struct frame first = request_to(0);
    router_abandon(r, 1, out);
    assert_int_equal(count_of(FRAME_CANCEL, 0), 1);
    say_of(0, FRAME_REP, first, STATUS_OK);
    router_abandon(r, 1, out);
    assert_int_equal(end_of(1), NONE);
    assert_int_equal(router_in_flight(r), 0);
}

/* ---- when an instance fails */

static void test_what_was_perhaps_begun_is_not_repeated(void **state)
{
    (void)state;
    hello(0, "payment", "a", 8);
    ask(1, "ChangeThing");
    hello(1, "payment", "b", 8);
    pass(ROUTER_DEAD_MS + 2 * ROUTER_TICK_MS, 2);
    assert_int_equal(end_of(1), STATUS_TIMEOUT);
    assert_int_equal(count_of(FRAME_REQ, 1), 0);
}

/* A method that only reads, or a key: after a moment, once, elsewhere, under an id of its own. */
static void test_what_may_be_repeated_is(void **state)
{
    (void)state;
    hello(0, "payment", "a", 8);
    ask(1, "ReadThing");
    submit(2, "ChangeThing", "key-0001", 0);
    struct frame second = request_to(0);
    hello(1, "payment", "b", 8);
    hear(0, FRAME_BYE);
    assert_int_equal(count_of(FRAME_REQ, 1), 0);
    pass(5 * ROUTER_JITTER_MS, 2);
    assert_int_equal(count_of(FRAME_REQ, 1), 2);
    assert_int_equal(request_to(1).attempt, 2);
    say_of(0, FRAME_REP, second, STATUS_OK); /* the first attempt's, late */
    assert_int_equal(end_of(2), NONE);
    assert_int_equal(end_of(1), NONE);
}

static void test_repeats_end(void **state)
{
    (void)state;
    for (int i = 0; i < ROUTER_ATTEMPTS_MAX + 2; i++)
        hello(i, "payment", (const char[]){(char)('a' + i), '\0'}, 8);
    ask(1, "ReadThing");
    for (int i = 0; i < ROUTER_ATTEMPTS_MAX; i++)
        for (int peer = 0; peer < ROUTER_ATTEMPTS_MAX + 2; peer++)
            if (count_of(FRAME_REQ, peer) > 0)
                say_of(peer, FRAME_NACK, request_to(peer), STATUS_OK);
    assert_int_equal(count_of(FRAME_REQ, NONE), ROUTER_ATTEMPTS_MAX);
    assert_int_equal(end_of(1), STATUS_UNAVAILABLE);
}

/* Not started, says the instance: any method goes elsewhere, at once; and to it again when nobody else has room. */
static void test_a_nack_goes_elsewhere(void **state)
{
    (void)state;
    hello(0, "payment", "a", 8);
    ask(1, "ChangeThing");
    hello(1, "payment", "b", 8);
    say_of(0, FRAME_NACK, request_to(0), STATUS_OK);
    assert_int_equal(count_of(FRAME_REQ, 1), 1);
    say_of(1, FRAME_NACK, request_to(1), STATUS_OK);
    assert_int_equal(count_of(FRAME_REQ, NONE), 2);
    pass(5 * ROUTER_JITTER_MS, 3);
    assert_int_equal(count_of(FRAME_REQ, NONE), 3);
    say_of(count_of(FRAME_REQ, 0) == 2 ? 0 : 1, FRAME_REP,
           request_to(count_of(FRAME_REQ, 0) == 2 ? 0 : 1), STATUS_OK);
    assert_int_equal(end_of(1), STATUS_OK);
}

/* Its only instance has no room for a moment. */
static void test_a_full_service_is_asked_again(void **state)
{
    (void)state;
    hello(0, "payment", "a", 8);
    ask(1, "ChangeThing");
    for (int i = 1; i < ROUTER_ATTEMPTS_MAX; i++) {
        say_of(0, FRAME_NACK, request_to(0), STATUS_OK);
        pass(5 * ROUTER_JITTER_MS, 1);
        assert_int_equal(count_of(FRAME_REQ, 0), i + 1);
    }
    say_of(0, FRAME_NACK, request_to(0), STATUS_OK);
    assert_int_equal(end_of(1), STATUS_UNAVAILABLE);
}

/* "Certainly not done" of the second instance says nothing about the first, which fell silent. */
static void test_the_second_cannot_speak_for_the_first(void **state)
{
    (void)state;
    hello(0, "payment", "a", 8);
    submit(1, "ChangeThing", "key-0001", 0);
    submit(2, "ChangeThing", "key-0002", 0);
    hello(1, "payment", "b", 8);
    hear(0, FRAME_BYE);
    pass(5 * ROUTER_JITTER_MS, 2);
    assert_int_equal(count_of(FRAME_REQ, 1), 2);
    say_of(1, FRAME_REP, request_to(1), STATUS_UNAVAILABLE);
    hear(1, FRAME_BYE);
    pass(PATIENCE_MS, 0);
    assert_int_equal(end_of(1), STATUS_TIMEOUT);
    assert_int_equal(end_of(2), STATUS_TIMEOUT);
}

static void test_silence(void **state)
{
    (void)state;
    hello(0, "payment", "a", 8);
    hello(1, "payment", "b", 8);
    pass(ROUTER_SUSPECT_MS + 2 * ROUTER_TICK_MS, 2);
    assert_int_equal(router_live(r, "payment"), 1);
    for (uint64_t i = 1; i <= 4; i++)
        ask(i, "ReadThing");
    assert_int_equal(count_of(FRAME_REQ, 0), 0);
    hear(0, FRAME_PING);
    assert_int_equal(router_live(r, "payment"), 2);
    assert_false(router_peer_is_free(r, 0));
    pass(ROUTER_DEAD_MS + 2 * ROUTER_TICK_MS, 2);
    assert_true(router_peer_is_free(r, 0));
}

/* We were stopped for ten seconds: nobody else was silent. */
static void test_our_own_silence_is_not_theirs(void **state)
{
    (void)state;
    hello(0, "payment", "a", 8);
    pass(ROUTER_TICK_MS, 1);
    now += 10000;
    router_tick(r, now, out);
    assert_int_equal(router_live(r, "payment"), 1);
}

static void test_drain(void **state)
{
    (void)state;
    hello(0, "payment", "a", 8);
    ask(1, "ChangeThing");
    struct frame first = request_to(0);
    hello(1, "payment", "b", 8);
    hear(0, FRAME_DRAIN);
    assert_int_equal(count_of(FRAME_DRAIN_OK, 0), 1);
    for (uint64_t i = 2; i <= 5; i++)
        ask(i, "ReadThing");
    hear(0, FRAME_PING);
    hello(0, "payment", "a", 8);
    ask(6, "ReadThing");
    assert_int_equal(count_of(FRAME_REQ, 0), 1);
    assert_int_equal(count_of(FRAME_REQ, 1), 5);
    say_of(0, FRAME_REP, first, STATUS_OK);
    assert_int_equal(end_of(1), STATUS_OK);
    hear(0, FRAME_BYE);
    hello(0, "payment", "a", 8); /* was under way when it left */
    assert_true(router_peer_is_free(r, 0));
}

/* A refused send was not started: elsewhere for any method, and the connection is let alone until heard of. */
static void test_a_refused_send(void **state)
{
    (void)state;
    hello(0, "payment", "a", 8);
    ask(1, "ChangeThing");
    hello(1, "payment", "b", 8);
    refuse(sent(FRAME_REQ, 0));
    assert_int_equal(count_of(FRAME_REQ, 1), 1);
    assert_int_equal(router_live(r, "payment"), 1);
    say_of(1, FRAME_REP, request_to(1), STATUS_CONFLICT);
    assert_int_equal(end_of(1), STATUS_CONFLICT);
}

/* ---- who says what */

static void test_strangers_change_nothing(void **state)
{
    (void)state;
    hello(0, "payment", "a", 8);
    ask(1, "ChangeThing");
    struct frame first = request_to(0);
    forget();
    hear(5, FRAME_BYE);
    assert_int_equal(out->count, 0);
    for (int kind = FRAME_HELLO + 1; kind < FRAME_KINDS; kind++) {
        if (kind == FRAME_BYE)
            continue;
        forget();
        say_of(5, (enum frame_kind)kind, first, STATUS_OK);
        assert_int_equal(out->count, 1);
        assert_true(frame_text_is(sent(FRAME_REFUSE, 5)->frame.trace, "unknown"));
    }
    hello(1, "payment", "b", 8);
    forget();
    say_of(1, FRAME_REP, first, STATUS_OK); /* another's */
    say_of(1, FRAME_NACK, first, STATUS_OK);
    first.id_low++;
    say_of(0, FRAME_REP, first, STATUS_OK); /* nobody's */
    assert_int_equal(out->count, 0);
}

static void test_a_hello_without_sense_is_refused(void **state)
{
    (void)state;
    hello(0, "", "a", 8);
    hello(1, "Pay ment", "a", 8);
    hello(2, "payment", "a", 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(count_of(FRAME_REFUSE, i), 1);
        assert_true(router_peer_is_free(r, i));
    }
    for (int i = 0; i < ROUTER_SERVICES_MAX + 4; i++) /* made-up names do not fill the table */
        hello(3, (const char[]){(char)('a' + i), 'x', '\0'}, "a", 8);
    hello(4, "payment", "a", 8);
    assert_int_equal(router_live(r, "payment"), 1);
}

/* A known instance dials anew: what it has goes on over the new connection, and its credits with it. */
static void test_an_instance_dials_anew(void **state)
{
    (void)state;
    hello(0, "payment", "a", 2);
    ask(1, "ChangeThing");
    ask(2, "ChangeThing");
    ask(3, "ChangeThing");
    struct frame second = request_to(0);
    hello(3, "payment", "a", 2);
    assert_true(router_peer_is_free(r, 0));
    assert_int_equal(router_live(r, "payment"), 1);
    assert_int_equal(count_of(FRAME_REQ, NONE), 2);
    say_of(0, FRAME_REP, second, STATUS_OK); /* by the old way: no longer */
    assert_int_equal(end_of(2), NONE);
    say_of(3, FRAME_REP, second, STATUS_OK);
    assert_int_equal(end_of(2), STATUS_OK);
    assert_int_equal(count_of(FRAME_REQ, 3), 1);
}

/* ---- uploads */

static const char piece[1000];

static bool feed(uint64_t number)
{
    bool fed = router_chunk(r, number, piece, sizeof piece, out);
    carry_out();
    return fed;
}

static void take(int peer, struct frame request, uint64_t chunks)
{
    router_frame(r, peer,
                 &(struct frame){.kind = FRAME_WINDOW_MORE,
                                 .id_high = request.id_high,
                                 .id_low = request.id_low,
                                 .chunks = chunks},
                 "", 0, now, out);
    carry_out();
}

/* Never more than a window is under way, whatever the instance says. */
static void test_windows_are_given_once(void **state)
{
    (void)state;
    hello(0, "payment", "a", 8);
    submit(1, "TakeFile", NULL, 100 * sizeof piece);
    struct frame request = request_to(0);
    assert_int_equal(windows_of(1), FRAME_WINDOW);
    for (int i = 0; i < FRAME_WINDOW; i++)
        assert_true(feed(1));
    take(0, request, 1000);
    assert_int_equal(windows_of(1), FRAME_WINDOW);
    take(0, request, 4);
    take(0, request, 4);
    take(0, request, 3);
    assert_int_equal(windows_of(1), FRAME_WINDOW + 4);
    for (int i = 0; i < 4; i++)
        assert_true(feed(1));
    assert_false(feed(1));
    assert_int_equal(end_of(1), STATUS_UNAVAILABLE);
    assert_int_equal(count_of(FRAME_CANCEL, 0), 1);
    assert_false(feed(1));
}

/* Before its first piece an upload can go elsewhere, with the window it has; after it no more. */
static void test_an_upload_that_goes_elsewhere(void **state)
{
    (void)state;
    hello(0, "payment", "a", 8);
    submit(1, "TakeFile", NULL, 100 * sizeof piece);
    hello(1, "payment", "b", 8);
    say_of(0, FRAME_NACK, request_to(0), STATUS_OK);
    assert_int_equal(count_of(FRAME_REQ, 1), 1);
    assert_int_equal(windows_of(1), FRAME_WINDOW);
    assert_true(feed(1));
    hello(2, "payment", "c", 8);
    say_of(1, FRAME_NACK, request_to(1), STATUS_OK);
    assert_int_equal(end_of(1), STATUS_UNAVAILABLE);
    assert_int_equal(count_of(FRAME_REQ, 2), 0);
}

/* An incomplete body was not begun with; a complete one perhaps. */
static void test_an_upload_whose_instance_dies(void **state)
{
    (void)state;
    hello(0, "payment", "a", 8);
    submit(1, "TakeFile", NULL, 2 * sizeof piece);
    submit(2, "TakeFile", NULL, 2 * sizeof piece);
    feed(1);
    feed(2);
    feed(2);
    hear(0, FRAME_BYE);
    assert_int_equal(end_of(1), STATUS_UNAVAILABLE);
    assert_int_equal(end_of(2), STATUS_TIMEOUT);
    submit(3, "TakeFile", NULL, sizeof piece);
    assert_false(router_chunk(r, 3, piece, 0, out));
}

static void test_a_refused_piece(void **state)
{
    (void)state;
    hello(0, "payment", "a", 8);
    submit(1, "TakeFile", "key-0001", sizeof piece);
    hello(1, "payment", "b", 8);
    assert_true(feed(1));
    refuse(sent(FRAME_CHUNK, 0));
    assert_int_equal(end_of(1), STATUS_UNAVAILABLE);
    assert_int_equal(count_of(FRAME_CANCEL, 0), 1);
}

/* ---- services call services */

static void two_services(void)
{
    hello(0, "certification", "c", 8);
    hello(1, "payment", "a", 8);
    forget();
}

static void test_a_call_and_its_answer(void **state)
{
    (void)state;
    two_services();
    call(0, 1, "payment.ChangeThing", 1);
    struct router_action request = *sent(FRAME_REQ, 1);
    assert_true(frame_text_is(request.frame.method, "ChangeThing"));
    assert_true(frame_text_is(request.frame.from, "certification")); /* whatever its frame said */
    assert_int_equal(request.payload_size, 5);
    assert_memory_equal(request.payload, "event", 5);
    call(0, 1, "payment.ChangeThing", 1); /* has been here before */
    assert_int_equal(count_of(FRAME_REQ, 1), 1);
    say_of(1, FRAME_REP, request.frame, STATUS_CONFLICT);
    assert_int_equal(sent(FRAME_REP, 0)->frame.status, STATUS_CONFLICT);
    assert_int_equal(sent(FRAME_REP, 0)->frame.id_low, 1);
    say_of(1, FRAME_REP, request.frame, STATUS_OK);
    assert_int_equal(count_of(FRAME_REP, 0), 1);
}

static void test_calls_are_bounded(void **state)
{
    (void)state;
    two_services();
    call(0, 1, "payment.ChangeThing", ROUTER_DEPTH_MAX + 1);
    call(0, 2, "payment.ChangeThing", 0);
    call(0, 3, "nobody.ChangeThing", 1);
    call(0, 4, "ChangeThing", 1);
    assert_int_equal(count_of(FRAME_NACK, 0), 4);
    for (uint64_t i = 0; i < ROUTER_CALLS_MAX + 3; i++)
        call(0, 10 + i, "payment.ChangeThing", 1);
    assert_int_equal(count_of(FRAME_NACK, 0), 4 + 3);
    assert_int_equal(router_in_flight(r), ROUTER_CALLS_MAX);
    say_of(1, FRAME_REP, request_to(1), STATUS_OK);
    call(0, 1000, "payment.ChangeThing", 1);
    assert_int_equal(count_of(FRAME_NACK, 0), 4 + 3);
}

static void test_a_refused_call_goes_elsewhere(void **state)
{
    (void)state;
    two_services();
    call(0, 1, "payment.ChangeThing", 1);
    hello(2, "payment", "b", 8);
    refuse(sent(FRAME_REQ, 1));
    assert_int_equal(count_of(FRAME_REQ, 2), 1);
    assert_memory_equal(sent(FRAME_REQ, 2)->payload, "event", 5);
    refuse(sent(FRAME_REQ, 2));
    pass(ROUTER_APPEAR_MS + 2 * ROUTER_TICK_MS, 1);
    assert_int_equal(sent(FRAME_REP, 0)->frame.status, STATUS_UNAVAILABLE);
}

/* Who asks and who answers fall silent together, in either order; queued calls of the dead one go as well. */
static void test_an_asker_dies_with_its_answerer(void **state)
{
    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        hello(turn, "certification", "c", 8);
        hello(1 - turn, "payment", "a", 1);
        call(turn, 1, "payment.ChangeThing", 1);
        call(turn, 2, "payment.ChangeThing", 1);
        call(1 - turn, 1, "certification.ChangeThing", 1);
        pass(ROUTER_SUSPECT_MS, 0);
        for (int i = 0; i < 2; i++) { /* both in the second tick */
            now += ROUTER_AWAY_MS;
            router_tick(r, now, out);
            carry_out();
        }
        forget();
        assert_int_equal(router_in_flight(r), 0);
        assert_true(router_peer_is_free(r, 0) && router_peer_is_free(r, 1));
    }
}

/* The asker leaves while its call is out: the answer is for nobody, its credit comes back, deadlines find nothing. */
static void test_an_asker_leaves_before_its_answer(void **state)
{
    (void)state;
    two_services();
    call(0, 1, "payment.ChangeThing", 1);
    struct frame request = request_to(1);
    hear(0, FRAME_BYE);
    assert_int_equal(sent(FRAME_CANCEL, 1)->frame.id_low, request.id_low);
    say_of(1, FRAME_REP, request, STATUS_OK);
    assert_int_equal(count_of(FRAME_REP, NONE), 0);
    pass(PATIENCE_MS, 2);
    assert_int_equal(router_in_flight(r), 0);
}

/* ---- sessions */

static size_t count_actions(enum router_action_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < out->count; i++)
        count += out->list[i].kind == kind;
    return count;
}

static void revoke(int peer, uint64_t seq)
{
    router_frame(r, peer,
                 &(struct frame){.kind = FRAME_REVOKE, .revocation_seq = seq, .account_id = 7}, "",
                 0, now, out);
    carry_out();
}

static void test_revocations(void **state)
{
    (void)state;
    hello(0, "auth", "a", 8);
    hello(1, "payment", "p", 8);
    revoke(1, 1); /* not its to say */
    assert_int_equal(count_actions(ROUTER_REVOKED), 0);
    revoke(0, 1);
    assert_int_equal(count_actions(ROUTER_REVOKED), 1);
    revoke(0, 3); /* the second was missed */
    assert_int_equal(count_actions(ROUTER_FORGET), 1);
    router_frame(r, 0, &(struct frame){.kind = FRAME_PING, .revocation_seq = 4}, "", 0, now, out);
    assert_int_equal(count_actions(ROUTER_FORGET), 2);
    pass(ROUTER_TICK_MS, 1);
    pass(ROUTER_DEAD_MS + 2 * ROUTER_TICK_MS, 2); /* auth is not heard */
    assert_int_equal(count_actions(ROUTER_FORGET), 3);
}

/* ---- */

static int open_router(void **state)
{
    (void)state;
    now = 10000;
    r = router_new("gateway-1", 7);
    out = malloc(sizeof *out);
    if (out == NULL)
        return -1;
    forget();
    return 0;
}

static int close_router(void **state)
{
    (void)state;
    router_destroy(&r);
    free(out);
    return 0;
}

#define ROUTER_TEST(name) cmocka_unit_test_setup_teardown(name, open_router, close_router)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROUTER_TEST(test_the_least_loaded_gets_it),
        ROUTER_TEST(test_quick_instances_share_alike),
        ROUTER_TEST(test_a_busy_instance_gets_less),
        ROUTER_TEST(test_credits_are_given_once),
        ROUTER_TEST(test_the_queue_is_bounded),
        ROUTER_TEST(test_the_highest_class_gives_way),
        ROUTER_TEST(test_the_lowest_class_goes_first),
        ROUTER_TEST(test_without_instance_it_is_said_at_once),
        ROUTER_TEST(test_deadlines),
        ROUTER_TEST(test_who_gives_up_hears_nothing),
        ROUTER_TEST(test_what_was_perhaps_begun_is_not_repeated),
        ROUTER_TEST(test_what_may_be_repeated_is),
        ROUTER_TEST(test_repeats_end),
        ROUTER_TEST(test_a_nack_goes_elsewhere),
        ROUTER_TEST(test_a_full_service_is_asked_again),
        ROUTER_TEST(test_the_second_cannot_speak_for_the_first),
        ROUTER_TEST(test_silence),
        ROUTER_TEST(test_our_own_silence_is_not_theirs),
        ROUTER_TEST(test_drain),
        ROUTER_TEST(test_a_refused_send),
        ROUTER_TEST(test_strangers_change_nothing),
        ROUTER_TEST(test_a_hello_without_sense_is_refused),
        ROUTER_TEST(test_an_instance_dials_anew),
        ROUTER_TEST(test_windows_are_given_once),
        ROUTER_TEST(test_an_upload_that_goes_elsewhere),
        ROUTER_TEST(test_an_upload_whose_instance_dies),
        ROUTER_TEST(test_a_refused_piece),
        ROUTER_TEST(test_a_call_and_its_answer),
        ROUTER_TEST(test_calls_are_bounded),
        ROUTER_TEST(test_a_refused_call_goes_elsewhere),
        ROUTER_TEST(test_an_asker_dies_with_its_answerer),
        ROUTER_TEST(test_an_asker_leaves_before_its_answer),
        ROUTER_TEST(test_revocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
