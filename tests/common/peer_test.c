/* An instance's side of the bus, rule by rule; what the rules make of each other is the simulator's to find. */
#include "peer.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

enum { TICK_MS = 100, PATIENCE_MS = 3000 };

static struct peer *p;
static struct peer_actions *out;
static uint64_t now;
static size_t carried_out;

/* Reads all that a step has put into the list, as the sender does at its end: what is gone by then, the sanitizer tells. */
static void carry_out(void)
{
    for (; carried_out < out->count; carried_out++) {
        const struct peer_action *action = &out->list[carried_out];
        unsigned char header[FRAME_HEADER_MAX], payload[16];
        if (action->kind == PEER_SEND || action->kind == PEER_START)
            assert_true(frame_encode(&action->frame, header) > 0);
        if (action->payload != NULL && action->payload_size <= sizeof payload)
            memcpy(payload, action->payload, action->payload_size);
    }
}

static void forget(void)
{
    out->count = carried_out = 0;
}

/* ---- what comes in */

static void say(int link, const struct frame *frame, const void *payload, size_t size)
{
    peer_frame(p, link, frame, payload, size, now, out);
    carry_out();
}

static void hear(int link, enum frame_kind kind)
{
    say(link, &(struct frame){.kind = kind}, "", 0);
}

static void link_up(int link)
{
    peer_link_add(p, link, now, out);
    hear(link, FRAME_WELCOME);
}

static void ask_with(int link, uint64_t id, uint64_t time_left_ms, uint64_t body_size)
{
    char *payload = strdup("{}?"); /* goes with the frame */
    say(link,
        &(struct frame){.kind = FRAME_REQ,
                        .id_high = 9,
                        .id_low = id,
                        .time_left_ms = time_left_ms,
                        .body_size = body_size,
                        .method = frame_text("ChangeThing"),
                        .key = frame_text("key-0001"),
                        .trace = frame_text("trace"),
                        .from = frame_text("gateway")},
        payload, 3);
    free(payload);
}

static void ask(int link, uint64_t id)
{
    ask_with(link, id, PATIENCE_MS, 0);
}

static void about(int link, enum frame_kind kind, uint64_t id)
{
    say(link, &(struct frame){.kind = kind, .id_high = 9, .id_low = id}, "", 0);
}

static void feed(int link, uint64_t id, uint64_t number, size_t size)
{
    static const char piece[1000];
    say(link, &(struct frame){.kind = FRAME_CHUNK, .id_high = 9, .id_low = id, .chunks = number},
        piece, size);
}

static void done(uint64_t handle)
{
    peer_done(p, handle, STATUS_OK, "ok", 2, now, out);
    carry_out();
}

static void call(uint64_t handle)
{
    peer_call(p, handle, "notification.DeliverEvent", PATIENCE_MS, "event", 5, now, out);
    carry_out();
}

static void drain(void)
{
    peer_drain(p, now, out);
    carry_out();
}

/* Time goes by; the gateways of the mask answer each PING. */
static void pass(uint64_t ms, unsigned alive)
{
    for (uint64_t end = now + ms; now < end;) {
        size_t before = out->count;
        now += TICK_MS;
        peer_tick(p, now, out);
        carry_out();
        for (size_t i = before, count = out->count; i < count; i++) {
            const struct peer_action *action = &out->list[i];
            if (action->kind == PEER_SEND && action->frame.kind == FRAME_PING &&
                (alive >> action->link & 1) != 0)
                hear(action->link, FRAME_PONG);
        }
    }
}

/* ---- what came out */

static size_t count_of(enum peer_action_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < out->count; i++)
        count += out->list[i].kind == kind;
    return count;
}

static const struct peer_action *last(enum peer_action_kind kind)
{
    for (size_t i = out->count; i-- > 0;)
        if (out->list[i].kind == kind)
            return &out->list[i];
    fail_msg("no action of kind %d", (int)kind);
    return NULL;
}

static size_t said(enum frame_kind kind, int link)
{
    size_t count = 0;
    for (size_t i = 0; i < out->count; i++)
        count += out->list[i].kind == PEER_SEND && out->list[i].frame.kind == kind &&
                 out->list[i].link == link;
    return count;
}

/* ---- finding a gateway, losing it */

static void test_a_hello_until_welcome(void **state)
{
    (void)state;
    peer_link_add(p, 0, now, out);
    carry_out();
    const struct frame *frame = &last(PEER_SEND)->frame;
    assert_true(frame_text_is(frame->service, "certification"));
    assert_true(frame_text_is(frame->instance, "instance-1"));
    assert_int_equal(frame->capacity, PEER_CAPACITY);
    pass(1000, 0);
    assert_in_range(said(FRAME_HELLO, 0), 5, 6);
    assert_int_equal(peer_links_up(p), 0);
    hear(0, FRAME_REFUSE); /* not yet: it goes on dialling, no faster */
    assert_in_range(said(FRAME_HELLO, 0), 5, 6);
    hear(0, FRAME_WELCOME);
    assert_int_equal(peer_links_up(p), 1);
    forget();
    pass(1000, 1);
    assert_int_equal(said(FRAME_HELLO, 0), 0);
    assert_int_equal(said(FRAME_PING, 0), 2);
}

static void test_a_gateway_that_forgot_us(void **state)
{
    (void)state;
    link_up(0);
    forget();
    hear(0, FRAME_REFUSE);
    assert_int_equal(peer_links_up(p), 0);
    assert_int_equal(said(FRAME_HELLO, 0), 1);
    hear(0, FRAME_REFUSE);
    assert_int_equal(said(FRAME_HELLO, 0), 1);
}

static void test_a_silent_gateway(void **state)
{
    (void)state;
    link_up(0);
    link_up(1);
    pass(PEER_DEAD_MS, 2);
    assert_int_equal(peer_links_up(p), 2);
    pass(2 * TICK_MS, 2);
    assert_int_equal(peer_links_up(p), 1);
    assert_true(said(FRAME_HELLO, 0) > 1);
    hear(0, FRAME_WELCOME);
    assert_int_equal(peer_links_up(p), 2);
}

/* We were stopped for ten seconds: nobody else was silent. */
static void test_our_own_silence_is_not_theirs(void **state)
{
    (void)state;
    link_up(0);
    pass(TICK_MS, 1);
    now += 10000;
    peer_tick(p, now, out);
    assert_int_equal(peer_links_up(p), 1);
}

static void test_a_stranger_is_not_heard(void **state)
{
    (void)state;
    for (int kind = FRAME_HELLO; kind < FRAME_KINDS; kind++)
        hear(3, (enum frame_kind)kind);
    ask(3, 1);
    assert_int_equal(out->count, 0);
}

/* ---- requests */

static void test_a_request_and_its_answer(void **state)
{
    (void)state;
    link_up(0);
    ask(0, 1);
    struct peer_action start = *last(PEER_START);
    assert_int_equal(start.deadline_ms, now + PATIENCE_MS);
    assert_int_equal(start.payload_size, 3);
    assert_memory_equal(start.payload, "{}?", 3);
    assert_true(frame_text_is(start.frame.method, "ChangeThing"));
    assert_true(frame_text_is(start.frame.key, "key-0001"));
    done(start.handle);
    assert_int_equal(said(FRAME_REP, 0), 1);
    assert_int_equal(last(PEER_SEND)->frame.id_low, 1);
    ask(0, 2);
    done(start.handle); /* an old handle finds nothing, not even what has its place now */
    assert_int_equal(said(FRAME_REP, 0), 1);
    assert_int_equal(peer_in_flight(p), 1);
}

/* However often it comes, and by whichever gateway. */
static void test_a_request_is_started_once(void **state)
{
    (void)state;
    link_up(0);
    link_up(1);
    ask(0, 1);
    ask(0, 1);
    done(last(PEER_START)->handle);
    ask(0, 1);
    ask(1, 1);
    assert_int_equal(count_of(PEER_START), 1);
    for (uint64_t id = 2; id < 2000; id++) {
        ask(0, id);
        done(last(PEER_START)->handle);
        forget();
    }
    ask(0, 1);
    ask(0, 1000);
    assert_int_equal(count_of(PEER_START), 0);
}

static void test_what_cannot_start_is_said_at_once(void **state)
{
    (void)state;
    link_up(0);
    link_up(1);
    ask_with(0, 1, 0, 0);
    assert_int_equal(said(FRAME_NACK, 0), 1);
    for (uint64_t i = 0; i < PEER_CAPACITY; i++)
        ask(0, 10 + i);
    assert_int_equal(count_of(PEER_START), PEER_CAPACITY);
    ask(0, 1000);
    assert_int_equal(said(FRAME_NACK, 0), 2);
    ask(1, 1001); /* each gateway has credits of its own */
    assert_int_equal(count_of(PEER_START), PEER_CAPACITY + 1);
    done(last(PEER_START)->handle);
    assert_int_equal(said(FRAME_REP, 1), 1);
}

/* A request was sent while we stood still: how much of its time is left is not what it says. */
static void test_what_waited_while_we_stood_still(void **state)
{
    (void)state;
    link_up(0);
    pass(300, 1);
    forget();
    now += 2000;
    ask_with(0, 1, 1900, 0);
    assert_int_equal(last(PEER_SEND)->frame.kind, FRAME_NACK);
    assert_int_equal(count_of(PEER_START), 0);
    ask_with(0, 5, 2000 + PEER_WORTH_MS, 0); /* perhaps hardly any */
    assert_int_equal(last(PEER_SEND)->frame.kind, FRAME_NACK);
    assert_int_equal(count_of(PEER_START), 0);
    ask_with(0, 2, 8000, 0);
    assert_true(last(PEER_START)->deadline_ms < now + 6000);
    done(last(PEER_START)->handle);
    forget();
    pass(TICK_MS, 1); /* the same turn may have gone on with what it found */
    ask_with(0, 3, 1900, 0);
    assert_int_equal(last(PEER_SEND)->frame.kind, FRAME_NACK);
    pass(TICK_MS, 1);
    ask_with(0, 4, 1900, 0);
    assert_int_equal(last(PEER_START)->deadline_ms, now + 1900);
}

/* Nobody waits: it runs to its end, and then says no more than that; a second CANCEL changes nothing. */
static void test_a_cancelled_request(void **state)
{
    (void)state;
    link_up(0);
    ask(0, 1);
    about(0, FRAME_CANCEL, 1);
    about(0, FRAME_CANCEL, 1);
    about(0, FRAME_CANCEL, 2);
    assert_int_equal(count_of(PEER_CANCEL), 1);
    assert_int_equal(peer_in_flight(p), 1);
    done(last(PEER_START)->handle);
    assert_int_equal(said(FRAME_REP, 0), 1);
    assert_null(last(PEER_SEND)->payload);
    assert_int_equal(peer_in_flight(p), 0);
}

/* The load it tells: what runs, how long, how many were answered. */
static void test_a_ping_tells_the_load(void **state)
{
    (void)state;
    link_up(0);
    ask(0, 1);
    done(last(PEER_START)->handle);
    ask(0, 2);
    peer_set_revocation_seq(p, 5);
    peer_set_revocation_seq(p, 3); /* only rises */
    pass(PEER_HEARTBEAT_MS, 0);
    const struct frame *ping = &last(PEER_SEND)->frame;
    assert_int_equal(ping->kind, FRAME_PING);
    assert_int_equal(ping->in_flight, 1);
    assert_int_equal(ping->oldest_ms, PEER_HEARTBEAT_MS);
    assert_int_equal(ping->progress, 1);
    assert_int_equal(ping->credits, PEER_CAPACITY - 1);
    assert_int_equal(ping->revocation_seq, 5);
}

/* What runs when its gateway goes is answered when it comes back; one no longer dialled is told nothing. */
static void test_a_request_outlives_its_link(void **state)
{
    (void)state;
    link_up(0);
    link_up(1);
    ask(0, 1);
    uint64_t first = last(PEER_START)->handle;
    ask(1, 2);
    uint64_t second = last(PEER_START)->handle;
    hear(0, FRAME_REFUSE);
    hear(0, FRAME_WELCOME);
    done(first);
    assert_int_equal(said(FRAME_REP, 0), 1);
    peer_link_remove(p, 1, out);
    done(second);
    assert_int_equal(said(FRAME_REP, 1), 0);
    link_up(1);
    for (uint64_t i = 0; i < PEER_CAPACITY; i++)
        ask(1, 10 + i);
    assert_int_equal(said(FRAME_NACK, 1), 0);
}

/* ---- bodies */

static void test_a_body_in_pieces(void **state)
{
    (void)state;
    link_up(0);
    ask_with(0, 1, PATIENCE_MS, 6000);
    assert_int_equal(count_of(PEER_START), 0);
    uint64_t handle = last(PEER_BODY_OPEN)->handle;
    for (uint64_t i = 1; i <= 6; i++)
        feed(0, 1, i, 1000);
    assert_int_equal(count_of(PEER_BODY_DATA), 6);
    assert_int_equal(said(FRAME_WINDOW_MORE, 0), 1);
    assert_int_equal(last(PEER_START)->handle, handle);
    feed(0, 1, 7, 1000); /* after its end */
    assert_int_equal(count_of(PEER_BODY_DATA), 6);
    done(handle);
    assert_int_equal(said(FRAME_REP, 0), 1);
}

/* A piece that is missing, empty or too much ends it, unstarted; one that came before is passed over. */
static void test_a_body_that_goes_wrong(void **state)
{
    const struct {
        uint64_t number;
        size_t size;
    } wrong[] = {
        {3, 400 },
        {2, 0   },
        {2, 1000}
    };
    (void)state;
    link_up(0);
    for (uint64_t i = 0; i < 3; i++) {
        forget();
        ask_with(0, 10 + i, PATIENCE_MS, 1500);
        feed(0, 10 + i, 1, 1000);
        feed(0, 10 + i, 1, 1000);
        assert_int_equal(count_of(PEER_CANCEL), 0);
        feed(0, 10 + i, wrong[i].number, wrong[i].size);
        assert_int_equal(last(PEER_CANCEL)->handle, last(PEER_BODY_OPEN)->handle);
        assert_int_equal(said(FRAME_NACK, 0), 1);
        feed(0, 10 + i, 2, 500);
        assert_int_equal(count_of(PEER_BODY_DATA), 1);
        assert_int_equal(count_of(PEER_START), 0);
    }
    assert_int_equal(peer_in_flight(p), 0);
}

static void test_a_body_that_is_late(void **state)
{
    (void)state;
    link_up(0);
    ask_with(0, 1, 300, 1500);
    feed(0, 1, 1, 1000);
    pass(400, 1);
    assert_int_equal(count_of(PEER_CANCEL), 1);
    assert_int_equal(said(FRAME_NACK, 0), 1);
    assert_int_equal(peer_in_flight(p), 0);
}

/* However the gateway goes, a body that was coming is closed, once, and its place is free. */
static void test_a_body_whose_link_is_lost(void **state)
{
    (void)state;
    for (uint64_t way = 0; way < 4; way++) {
        link_up(0);
        forget();
        ask_with(0, 10 + way, PATIENCE_MS, 1500);
        feed(0, 10 + way, 1, 1000);
        if (way == 0)
            hear(0, FRAME_REFUSE);
        else if (way == 1)
            peer_link_remove(p, 0, out);
        else if (way == 2)
            about(0, FRAME_CANCEL, 10 + way);
        else
            pass(PEER_DEAD_MS + 2 * TICK_MS, 0);
        assert_int_equal(count_of(PEER_CANCEL), 1);
        assert_int_equal(count_of(PEER_START), 0);
        assert_int_equal(peer_in_flight(p), 0);
        feed(0, 10 + way, 2, 500);
        assert_int_equal(count_of(PEER_BODY_DATA), 1);
    }
}

/* ---- own calls */

static void answer_call(int link, enum frame_kind kind, struct frame request, enum status status)
{
    say(link,
        &(struct frame){.kind = kind,
                        .id_high = request.id_high,
                        .id_low = request.id_low,
                        .status = (uint64_t)status},
        "", 0);
}

static void test_calls_end_once(void **state)
{
    (void)state;
    call(1); /* no gateway */
    assert_int_equal(last(PEER_CALL_DONE)->status, STATUS_UNAVAILABLE);
    link_up(0);
    link_up(1);
    call(2);
    struct peer_action request = *last(PEER_SEND);
    assert_int_equal(request.frame.depth, 1);
    answer_call(1 - request.link, FRAME_REP, request.frame, STATUS_OK); /* not asked there */
    assert_int_equal(count_of(PEER_CALL_DONE), 1);
    answer_call(request.link, FRAME_REP, request.frame, STATUS_CONFLICT);
    assert_int_equal(last(PEER_CALL_DONE)->handle, 2);
    assert_int_equal(last(PEER_CALL_DONE)->status, STATUS_CONFLICT);
    answer_call(request.link, FRAME_REP, request.frame, STATUS_OK);
    assert_int_equal(count_of(PEER_CALL_DONE), 2);
    call(3);
    answer_call(request.link, FRAME_NACK, last(PEER_SEND)->frame, STATUS_OK);
    assert_int_equal(last(PEER_CALL_DONE)->status, STATUS_UNAVAILABLE);
    call(4);
    answer_call(request.link, FRAME_REP, last(PEER_SEND)->frame, (enum status)200);
    assert_int_equal(last(PEER_CALL_DONE)->status, STATUS_INTERNAL);
}

/* Late, or its gateway gone: perhaps done. */
static void test_calls_without_answer(void **state)
{
    (void)state;
    link_up(0);
    call(1);
    pass(PATIENCE_MS, 1);
    assert_int_equal(last(PEER_CALL_DONE)->status, STATUS_TIMEOUT);
    call(2);
    hear(0, FRAME_REFUSE);
    assert_int_equal(last(PEER_CALL_DONE)->handle, 2);
    assert_int_equal(last(PEER_CALL_DONE)->status, STATUS_TIMEOUT);
    assert_int_equal(count_of(PEER_CALL_DONE), 2);
}

static void test_calls_are_bounded(void **state)
{
    (void)state;
    link_up(0);
    for (uint64_t i = 1; i <= PEER_CALLS_MAX; i++)
        call(i);
    assert_int_equal(count_of(PEER_CALL_DONE), 0);
    call(1000);
    assert_int_equal(last(PEER_CALL_DONE)->status, STATUS_UNAVAILABLE);
    peer_call(p, 1001, "auth.X", 100, "", FRAME_PAYLOAD_MAX + 1, now, out);
    assert_int_equal(last(PEER_CALL_DONE)->status, STATUS_TOO_LARGE);
}

/* ---- revocations */

static void test_a_revocation_goes_to_every_gateway(void **state)
{
    static const unsigned char hash[FRAME_HASH_MAX] = {7};
    (void)state;
    link_up(0);
    link_up(1);
    peer_revoke(p, hash, 0, 1, out);
    assert_int_equal(said(FRAME_REVOKE, 0), 1);
    assert_int_equal(said(FRAME_REVOKE, 1), 1);
    assert_int_equal(last(PEER_SEND)->frame.session_hash.size, FRAME_HASH_MAX);
    peer_revoke(p, NULL, 42, 2, out);
    assert_int_equal(last(PEER_SEND)->frame.account_id, 42);
    assert_int_equal(last(PEER_SEND)->frame.session_hash.size, 0);
}

/* ---- the end */

/* No new requests; those under way are answered; each gateway knows, then BYE, and once DRAINED. */
static void test_drain(void **state)
{
    (void)state;
    link_up(0);
    link_up(1);
    ask(0, 1);
    uint64_t handle = last(PEER_START)->handle;
    hear(0, FRAME_DRAIN_OK); /* to nothing we said */
    drain();
    drain();
    assert_int_equal(said(FRAME_DRAIN, 0), 1);
    pass(PEER_HEARTBEAT_MS, 3);
    assert_int_equal(said(FRAME_DRAIN, 0), 2); /* until it is known */
    ask(0, 2);
    assert_int_equal(said(FRAME_NACK, 0), 1);
    hear(0, FRAME_DRAIN_OK);
    done(handle);
    assert_int_equal(said(FRAME_REP, 0), 1);
    assert_int_equal(count_of(PEER_DRAINED), 0); /* the other does not know yet */
    pass(PEER_HEARTBEAT_MS + TICK_MS, 3);
    assert_int_equal(said(FRAME_DRAIN, 1), 3);
    hear(1, FRAME_DRAIN_OK);
    pass(TICK_MS, 3);
    assert_int_equal(said(FRAME_BYE, 0), 1);
    assert_int_equal(said(FRAME_BYE, 1), 1);
    pass(2 * PEER_DRAIN_MS, 3);
    assert_int_equal(count_of(PEER_DRAINED), 1);
}

/* A body follows its request at once and cannot be sent anew: who did not know yet may end it. */
static void test_a_drain_takes_a_body_that_crosses_it(void **state)
{
    (void)state;
    link_up(0);
    drain();
    ask_with(0, 1, PATIENCE_MS, 2000);
    feed(0, 1, 1, 1000);
    hear(0, FRAME_DRAIN_OK);
    feed(0, 1, 2, 1000);
    assert_int_equal(said(FRAME_NACK, 0), 0);
    ask_with(0, 2, PATIENCE_MS, 2000);
    assert_int_equal(said(FRAME_NACK, 0), 1);
    done(last(PEER_START)->handle);
    assert_int_equal(said(FRAME_REP, 0), 1);
    pass(TICK_MS, 1);
    ask_with(0, 3, PATIENCE_MS, 2000);
    assert_int_equal(said(FRAME_NACK, 0), 2);
    assert_int_equal(count_of(PEER_DRAINED), 1);
}

static void test_a_drain_ends_although_a_request_does_not(void **state)
{
    (void)state;
    link_up(0);
    ask(0, 1);
    drain();
    hear(0, FRAME_DRAIN_OK);
    pass(PEER_DRAIN_MS - TICK_MS, 1);
    assert_int_equal(count_of(PEER_DRAINED), 0);
    pass(TICK_MS, 1);
    assert_int_equal(count_of(PEER_DRAINED), 1);
    done(last(PEER_START)->handle);
    assert_int_equal(count_of(PEER_DRAINED), 1);
}

/* Whoever made them is told before the process ends. */
static void test_a_drain_ends_own_calls(void **state)
{
    (void)state;
    link_up(0);
    call(7);
    drain();
    hear(0, FRAME_DRAIN_OK);
    pass(TICK_MS, 1);
    assert_int_equal(count_of(PEER_DRAINED), 1);
    assert_int_equal(last(PEER_CALL_DONE)->handle, 7);
    assert_int_equal(last(PEER_CALL_DONE)->status, STATUS_TIMEOUT);
    call(8);
    assert_int_equal(last(PEER_CALL_DONE)->handle, 8);
    assert_int_equal(last(PEER_CALL_DONE)->status, STATUS_UNAVAILABLE);
    assert_int_equal(count_of(PEER_CALL_DONE), 2);
}

static void test_a_drain_with_nobody_is_at_once(void **state)
{
    (void)state;
    peer_link_add(p, 0, now, out);
    drain();
    assert_int_equal(count_of(PEER_DRAINED), 1);
}

/* The gateway is gone in the middle of it: it is not dialled again. */
static void test_a_drain_without_its_gateway(void **state)
{
    (void)state;
    link_up(0);
    ask(0, 1);
    drain();
    forget();
    hear(0, FRAME_REFUSE);
    pass(1000, 0);
    assert_int_equal(said(FRAME_HELLO, 0), 0);
    peer_link_add(p, 1, now, out);
    assert_int_equal(said(FRAME_HELLO, 1), 0);
}

/* ---- */

static int open_peer(void **state)
{
    (void)state;
    now = 10000;
    p = peer_new("certification", "instance-1", 3, "ChangeThing\n+ReadThing");
    out = malloc(sizeof *out);
    if (out == NULL)
        return -1;
    forget();
    return 0;
}

static int close_peer(void **state)
{
    (void)state;
    peer_destroy(&p);
    free(out);
    return 0;
}

#define PEER_TEST(name) cmocka_unit_test_setup_teardown(name, open_peer, close_peer)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PEER_TEST(test_a_hello_until_welcome),
        PEER_TEST(test_a_gateway_that_forgot_us),
        PEER_TEST(test_a_silent_gateway),
        PEER_TEST(test_our_own_silence_is_not_theirs),
        PEER_TEST(test_a_stranger_is_not_heard),
        PEER_TEST(test_a_request_and_its_answer),
        PEER_TEST(test_a_request_is_started_once),
        PEER_TEST(test_what_cannot_start_is_said_at_once),
        PEER_TEST(test_what_waited_while_we_stood_still),
        PEER_TEST(test_a_cancelled_request),
        PEER_TEST(test_a_ping_tells_the_load),
        PEER_TEST(test_a_request_outlives_its_link),
        PEER_TEST(test_a_body_in_pieces),
        PEER_TEST(test_a_body_that_goes_wrong),
        PEER_TEST(test_a_body_that_is_late),
        PEER_TEST(test_a_body_whose_link_is_lost),
        PEER_TEST(test_calls_end_once),
        PEER_TEST(test_calls_without_answer),
        PEER_TEST(test_calls_are_bounded),
        PEER_TEST(test_a_revocation_goes_to_every_gateway),
        PEER_TEST(test_drain),
        PEER_TEST(test_a_drain_takes_a_body_that_crosses_it),
        PEER_TEST(test_a_drain_ends_although_a_request_does_not),
        PEER_TEST(test_a_drain_ends_own_calls),
        PEER_TEST(test_a_drain_with_nobody_is_at_once),
        PEER_TEST(test_a_drain_without_its_gateway),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
