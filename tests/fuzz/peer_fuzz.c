/* The service's core against gateways that say anything at any time: what starts ends, a call ends once, and nothing is left
   over. Each step is one byte that says what happens, and what it needs behind it. */
#include "peer.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { LINKS = 3, RUNS_MAX = 2048, CALLS_MAX = 256 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    struct peer *peer;
    struct peer_actions *actions;
    uint64_t now, calls, runs[RUNS_MAX];
    size_t running;
    bool called[CALLS_MAX + 1], drained;
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

static void carry_out(void)
{
    unsigned char header[FRAME_HEADER_MAX];
    for (size_t i = 0; i < it.actions->count; i++) {
        const struct peer_action *action = &it.actions->list[i];
        if (action->kind == PEER_SEND && frame_encode(&action->frame, header) == 0)
            abort();
        if (action->kind == PEER_START && it.drained)
            abort(); /* the process may have ended */
        if (action->kind == PEER_START && it.running < RUNS_MAX)
            it.runs[it.running++] = action->handle;
        if (action->kind == PEER_CALL_DONE) {
            if (action->handle == 0 || action->handle > it.calls || !it.called[action->handle])
                abort(); /* it has ended already */
            it.called[action->handle] = false;
        }
        it.drained |= action->kind == PEER_DRAINED;
    }
    it.actions->count = 0;
}

static void request(void)
{
    uint8_t what = next();
    struct frame frame = {.kind = FRAME_REQ,
                          .id_high = 1 + (what & 1),
                          .id_low = next(),
                          .time_left_ms = next() * 16,
                          .body_size = what & 2 ? next() : 0,
                          .method = frame_text("Read"),
                          .key = frame_text(what & 4 ? "key" : "")};
    peer_frame(it.peer, what % LINKS, &frame, "payload", 7, it.now, it.actions);
}

static void frame(void)
{
    static const char piece[64];
    uint8_t what = next();
    struct frame frame = {.kind = (enum frame_kind)(what % FRAME_KINDS),
                          .id_high = 1 + (next() & 1),
                          .id_low = next(),
                          .chunks = next() % 8,
                          .status = next() % 20};
    peer_frame(it.peer, what / FRAME_KINDS % LINKS, &frame, piece, next() % sizeof piece, it.now,
               it.actions);
}

static void raw_frame(void)
{
    struct frame frame;
    size_t size = next();
    size = size < it.left ? size : it.left;
    if (frame_decode(it.data, size, &frame))
        peer_frame(it.peer, (int)(size % LINKS), &frame, "", 0, it.now, it.actions);
    it.data += size;
    it.left -= size;
}

static void done(void)
{
    if (it.running == 0)
        return;
    size_t which = next() % it.running;
    uint64_t handle = it.runs[which];
    it.runs[which] = it.runs[--it.running];
    peer_done(it.peer, handle, STATUS_OK, "reply", 5, it.now, it.actions);
}

static void call(void)
{
    if (it.calls == CALLS_MAX)
        return;
    it.called[++it.calls] = true;
    peer_call(it.peer, it.calls, "payment.Read", next() * 16, "payload", 7, it.now, it.actions);
}

static void link(void)
{
    uint8_t what = next();
    if (what & 1)
        peer_link_remove(it.peer, what / 2 % LINKS, it.actions);
    else
        peer_link_add(it.peer, what / 2 % LINKS, it.now, it.actions);
}

static void pass(void)
{
    it.now += next() * 8;
    peer_tick(it.peer, it.now, it.actions);
}

static void drain(void)
{
    if (next() == 77)
        peer_drain(it.peer, it.now, it.actions);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const steps[])(void) = {request, frame, raw_frame, done, call, link, pass, drain};
    static struct peer_actions actions;
    actions.count = 0;
    memset(&it, 0, sizeof it);
    it.peer = peer_new("payment", "fuzz", 1, "+Read\n");
    it.actions = &actions;
    it.now = 1000;
    it.data = data;
    it.left = size;
    for (int i = 0; i < LINKS; i++)
        peer_link_add(it.peer, i, it.now, it.actions);
    carry_out();
    while (it.left > 0 && !it.drained) {
        steps[next() % (sizeof steps / sizeof steps[0])]();
        carry_out();
    }
    while (it.running > 0) {
        done();
        carry_out();
    }
    for (uint64_t end = it.now + PEER_LIFE_MS; it.now < end && !it.drained; it.now += 5000) {
        peer_tick(it.peer, it.now, it.actions);
        carry_out();
    }
    for (uint64_t i = 1; i <= it.calls && !it.drained; i++)
        if (it.called[i])
            abort(); /* it has no end */
    if (peer_in_flight(it.peer) != 0 && !it.drained)
        abort(); /* something is left over */
    peer_destroy(&it.peer);
    return 0;
}
