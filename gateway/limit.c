#include "limit.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { PROBES = 8 };

/* A bucket that drips: how full it was, and when. In thousandths of a request. */
struct bucket {
    uint64_t address, at, level; /* address 0: free */
};

struct limit {
    uint64_t per_second;
    pthread_mutex_t lock;
    unsigned char
        key[crypto_shorthash_KEYBYTES]; /* nobody can choose whom he shares a place with */
    struct bucket buckets[LIMIT_ADDRESSES];
};

struct limit *limit_new(uint32_t per_second)
{
    struct limit *limit = calloc(1, sizeof *limit);
    if (limit == NULL)
        abort();
    limit->per_second = per_second;
    pthread_mutex_init(&limit->lock, NULL);
    crypto_shorthash_keygen(limit->key);
    return limit;
}

void limit_destroy(struct limit **self)
{
    if (*self == NULL)
        return;
    pthread_mutex_destroy(&(*self)->lock);
    free(*self);
    *self = NULL;
}

static uint64_t level_now(const struct limit *limit, const struct bucket *bucket, uint64_t now)
{
    uint64_t gone = now <= bucket->at ? 0 : (now - bucket->at) * limit->per_second;
    return gone < bucket->level ? bucket->level - gone : 0;
}

/* Its own, or the emptiest of those where it may stand. */
static struct bucket *bucket_of(struct limit *limit, uint64_t address, uint64_t now)
{
    struct bucket *emptiest = NULL;
    for (size_t i = 0; i < PROBES; i++) {
        struct bucket *bucket = &limit->buckets[(address + i) % LIMIT_ADDRESSES];
        if (bucket->address == address)
            return bucket;
        if (emptiest == NULL || level_now(limit, bucket, now) < level_now(limit, emptiest, now))
            emptiest = bucket;
    }
    *emptiest = (struct bucket){.address = address, .at = now};
    return emptiest;
}

bool limit_take(struct limit *limit, const char *address, uint64_t now_ms, uint32_t *ret_after_s)
{
    uint64_t hash = 0;
    if (limit->per_second == 0)
        return true;
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)address, strlen(address),
                     limit->key);
    pthread_mutex_lock(&limit->lock);
    struct bucket *bucket = bucket_of(limit, hash | 1, now_ms);
    uint64_t most = (uint64_t)limit->per_second * LIMIT_BURST_S * 1000;
    bucket->level = level_now(limit, bucket, now_ms);
    if (now_ms > bucket->at)
        bucket->at = now_ms; /* threads may come in another order than they read the clock */
    bool fits = bucket->level + 1000 <= most;
    if (fits)
        bucket->level += 1000;
    else
        *ret_after_s = (uint32_t)((bucket->level + 1000 - most + 1000 * limit->per_second - 1) /
                                  (1000 * limit->per_second));
    pthread_mutex_unlock(&limit->lock);
    return fits;
}
