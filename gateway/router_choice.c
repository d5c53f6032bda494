#include "router_choice.h"

enum {
    USUAL_LEAST_US = 500, /* times are whole milliseconds: a quick answer takes none */
    RAMP_LEAST_PERCENT = 25,
};

void peer_begins(struct peer *peer, uint64_t now)
{
    peer->ewma_us = USUAL_LEAST_US;
    peer->ramps_from = now;
}

/* ---- how it does */

static void peer_took(struct peer *peer, uint64_t ms)
{
    peer->ewma_us = (peer->ewma_us * 7 + ms * 1000) / 8;
}

void peer_fade(const struct router *r, struct peer *peer)
{
    uint64_t quickest_us = peer->ewma_us;
    for (int i = 0; i < ROUTER_PEERS_MAX; i++) {
        const struct peer *other = &r->peers[i];
        if (other->state == LIVE && other->service == peer->service && other->ewma_us < quickest_us)
            quickest_us = other->ewma_us;
    }
    peer->ewma_us -= (peer->ewma_us - quickest_us) / 8;
}

void peer_did_well(struct peer *peer, uint64_t ms)
{
    peer_took(peer, ms);
    peer->failures = 0;
    peer->eject_ms = 0;
}

/* After its return one more failure is enough. */
void peer_failed(struct peer *peer, uint64_t ms, uint64_t now)
{
    if (ms * 1000 > peer->ewma_us)
        peer_took(peer, ms);
    if (now < peer->ejected_until || ++peer->failures < ROUTER_EJECT_FAILURES)
        return;
    peer->failures = ROUTER_EJECT_FAILURES - 1;
    peer->eject_ms = peer->eject_ms == 0 ? ROUTER_EJECT_MS : 2 * peer->eject_ms;
    if (peer->eject_ms > ROUTER_EJECT_MOST_MS)
        peer->eject_ms = ROUTER_EJECT_MOST_MS;
    peer->ejected_until = peer->ramps_from = now + peer->eject_ms;
}

/* ---- what to expect of it */

/* How much of an instance counts: a herd on one that has just come would push it over. */
static uint64_t ramp_percent(const struct peer *peer, uint64_t now)
{
    uint64_t age = now > peer->ramps_from ? now - peer->ramps_from : 0;
    if (age >= ROUTER_RAMP_MS)
        return 100;
    return RAMP_LEAST_PERCENT + (100 - RAMP_LEAST_PERCENT) * age / ROUTER_RAMP_MS;
}

static uint64_t usual_us(const struct peer *peer)
{
    return peer->ewma_us > USUAL_LEAST_US ? peer->ewma_us : USUAL_LEAST_US;
}

uint64_t peer_load(const struct peer *peer, uint64_t now)
{
    uint64_t before = peer->outstanding + peer->owed + peer->others + 1;
    uint64_t load = before * usual_us(peer) * 100 / (peer->capacity * ramp_percent(peer, now));
    return peer->stalled || now < peer->ejected_until ? load | UINT64_C(1) << 62 : load;
}

uint64_t service_wait_ms(const struct router *r, int service, enum router_class class,
                         uint64_t deadline)
{
    uint64_t before = 0, capacity = 0, weighed_us = 0;
    for (const struct request *at = r->services[service].first;
         at != NULL && queue_is_before(at, class, deadline); at = at->next)
        before++;
    for (int i = 0; before > 0 && i < ROUTER_PEERS_MAX; i++) {
        const struct peer *peer = &r->peers[i];
        if (peer->state != LIVE || peer->service != service)
            continue;
        capacity += peer->capacity;
        weighed_us += peer->capacity * usual_us(peer);
    }
    return capacity == 0 ? 0 : before * weighed_us / capacity / capacity / 1000;
}
