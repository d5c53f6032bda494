/* What the router knows of an instance's health, and what it expects of it. Private to router.c; the peers are its
   tables' (router_table.h), times milliseconds. */
#ifndef GUILD_ROUTER_CHOICE_H
#define GUILD_ROUTER_CHOICE_H

#include "router_table.h"

/* It has just come. */
void peer_begins(struct peer *peer, uint64_t now);
/* It answered after so long. */
void peer_did_well(struct peer *peer, uint64_t ms);
/* It refused after so long, could not, or gave no answer until the deadline. A quick failure does not make it quick. */
void peer_failed(struct peer *peer, uint64_t ms, uint64_t now);
/* It had nothing to do: what was slow may be tried again, as if it were more and more like the quickest. */
void peer_fade(const struct router *r, struct peer *peer);

/* Expected work in front of one more request, to be compared; one that is stalled or fails comes after all others. */
uint64_t peer_load(const struct peer *peer, uint64_t now);
/* How long a request would wait behind those before it, at the pace of the instances that take work. */
uint64_t service_wait_ms(const struct router *r, int service, enum router_class class,
                         uint64_t deadline);

#endif
