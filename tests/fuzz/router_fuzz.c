/* The router's core against peers that say anything at any time: no request is lost or ends twice, and nothing is left over
   when all deadlines have passed. Each step is one byte that says what happens, and what it needs behind it. */
#include "router.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ASKS_MAX = 256, PATIENCE_MS = 4000, PEERS = 6 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    struct router *router;
    struct router_actions *actions;
    uint64_t now;
    enum { NONE, OPEN, ENDED } asks[ASKS_MAX + 1];
    uint64_t asked, last_id, last_high;
    const uint8_t *data;
    size_t left;
} it;

static uint8_t next(void)
{
    if (it.left == 0)
        return 0;
    it.left--;
    return *it.data++;
}

/* Reads everything that is to be sent; now and then it is refused. */
static void carry_out(void)
{
    unsigned char header[FRAME_HEADER_MAX];
    for (size_t i = 0; i < it.actions->count; i++) {
        struct router_action action = it.actions->list[i];
        if (action.kind == ROUTER_ANSWER) {
            if (action.request == 0 || action.request > it.asked || it.asks[action.request] != OPEN)
                abort(); /* nobody waits for it */
            it.asks[action.request] = ENDED;
        }
        if (action.kind != ROUTER_SEND)
            continue;
        if (action.peer < 0 || action.peer >= ROUTER_PEERS_MAX ||
            frame_encode(&action.frame, header) == 0)
            abort();
        if (action.frame.kind == FRAME_REQ) {
            it.last_id = action.frame.id_low;
            it.last_high = action.frame.id_high;
        }
        if (action.frame.kind == FRAME_REQ && it.left % 7 == 3)
            router_send_failed(it.router, &action, it.now, it.actions);
    }
    it.actions->count = 0;
}

static void submit(void)
{
    static const char *const services[] = {"auth", "payment", "nobody", ""};
    static const char *const methods[] = {"Read", "Write"};
    uint8_t what = next();
    if (it.asked == ASKS_MAX)
        return;
    it.asks[++it.asked] = OPEN;
    router_submit(it.router,
                  &(struct router_ask){.request = it.asked,
                                       .class = (enum router_class)(what >> 6 & 3),
                                       .service = services[what & 3],
                                       .method = methods[what >> 2 & 1],
                                       .key = (what & 8) != 0 ? "key" : NULL,
                                       .trace = "trace",
                                       .body_size = (what & 16) != 0 ? 1000 : 0,
                                       .deadline_ms = it.now + (what & 32 ? PATIENCE_MS : 50)},
                  it.now, it.actions);
}

static void chunk(void)
{
    static const char piece[200];
    uint64_t number = it.asked == 0 ? 0 : 1 + next() % it.asked;
    if (number != 0 && it.asks[number] == OPEN)
        router_chunk(it.router, number, piece, sizeof piece, it.actions);
}

static void abandon(void)
{
    uint64_t number = it.asked == 0 ? 0 : 1 + next() % it.asked;
    if (number == 0 || it.asks[number] != OPEN)
        return;
    it.asks[number] = ENDED;
    router_abandon(it.router, number, it.actions);
}

static void hello(void)
{
    static const char *const services[] = {"auth", "payment", "Bad Name", ""};
    static const char *const instances[] = {"a", "b", "c", "d"};
    uint8_t what = next();
    router_frame(it.router, what % PEERS,
                 &(struct frame){.kind = FRAME_HELLO,
                                 .service = frame_text(services[what >> 4 & 3]),
                                 .instance = frame_text(instances[what >> 2 & 3]),
                                 .methods = frame_text("+Read\nWrite"),
                                 .epoch = what >> 6,
                                 .capacity = next() % 5},
                 "", 0, it.now, it.actions);
}

/* Any kind, about the last request or any other. */
static void frame(void)
{
    uint8_t what = next(), about = next();
    struct frame frame = {.kind = (enum frame_kind)(what % FRAME_KINDS),
                          .id_high = about & 1 ? it.last_high : 1,
                          .id_low = about & 2 ? it.last_id : next(),
                          .status = next() % 20,
                          .time_left_ms = next() * 16,
                          .depth = about >> 2 & 3,
                          .in_flight = next(),
                          .oldest_ms = next() * 16,
                          .progress = about >> 4,
                          .credits = next() % 8,
                          .chunks = next() % 8,
                          .revocation_seq = next(),
                          .method = frame_text(about & 4 ? "payment.Read" : "Read")};
    router_frame(it.router, next() % PEERS, &frame, "payload", 7, it.now, it.actions);
}

/* Bytes as they come from the socket. */
static void raw_frame(void)
{
    struct frame frame;
    size_t size = next();
    size = size < it.left ? size : it.left;
    if (frame_decode(it.data, size, &frame))
        router_frame(it.router, (int)(size % PEERS), &frame, "", 0, it.now, it.actions);
    it.data += size;
    it.left -= size;
}

static void pass(void)
{
    it.now += next() * 8;
    router_tick(it.router, it.now, it.actions);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const steps[])(void) = {submit, chunk,     abandon, hello,
                                          frame,  raw_frame, pass,    frame};
    static struct router_actions actions;
    actions.count = 0;
    memset(&it, 0, sizeof it);
    it.router = router_new("fuzz", 1);
    it.actions = &actions;
    it.now = 1000;
    it.data = data;
    it.left = size;
    while (it.left > 0) {
        steps[next() % (sizeof steps / sizeof steps[0])]();
        carry_out();
    }
    for (uint64_t end = it.now + ROUTER_LIFE_MS + PATIENCE_MS; it.now < end; it.now += 5000) {
        router_tick(it.router, it.now, it.actions);
        carry_out();
    }
    for (uint64_t i = 1; i <= it.asked; i++)
        if (it.asks[i] == OPEN)
            abort(); /* it has no end */
    if (router_in_flight(it.router) != 0 || router_waiting(it.router) != 0)
        abort(); /* something is left over */
    router_destroy(&it.router);
    return 0;
}
