/* How many requests one address may make: so many a second, in bursts of four seconds' worth; behind a trusted proxy the
   address is the one that the proxy tells. An office behind one address is one address: the number must be generous. Any
   thread. */
#ifndef GUILD_LIMIT_H
#define GUILD_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LIMIT_BURST_S = 4,
    LIMIT_ADDRESSES =
        8192, /* remembered; the one that has asked for the least is forgotten first */
};

struct limit;

/* `per_second` 0: any number. */
struct limit *limit_new(uint32_t per_second);
void limit_destroy(struct limit **self);

/* One more request of the address. False: too many; `ret_after_s` says when there may be one again. */
bool limit_take(struct limit *limit, const char *address, uint64_t now_ms, uint32_t *ret_after_s);

#endif
