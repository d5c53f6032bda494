#include "sessions.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { WAYS = 4 };

/* Set-associative: a session has four places, by its cookie's hash. */
struct entry {
    unsigned char cookie_hash[32];
    uint64_t until; /* 0: free */
    struct session_answer answer;
};

struct sessions {
    pthread_mutex_t lock;
    uint64_t ends; /* so many times something ended */
    size_t sets;
    struct entry entries[];
};

struct sessions *sessions_new(size_t room)
{
    size_t sets = room / WAYS + 1;
    struct sessions *sessions = calloc(1, sizeof *sessions + sets * WAYS * sizeof(struct entry));
    if (sessions == NULL)
        abort();
    pthread_mutex_init(&sessions->lock, NULL);
    sessions->sets = sets;
    return sessions;
}

void sessions_destroy(struct sessions **self)
{
    if (*self == NULL)
        return;
    pthread_mutex_destroy(&(*self)->lock);
    free(*self);
    *self = NULL;
}

static struct entry *set_of(struct sessions *sessions, const unsigned char *cookie_hash)
{
    uint32_t place;
    memcpy(&place, cookie_hash, sizeof place);
    return &sessions->entries[place % sessions->sets * WAYS];
}

bool sessions_find(struct sessions *sessions, const unsigned char *cookie_hash, uint64_t now,
                   struct assertion *ret)
{
    bool found = false;
    pthread_mutex_lock(&sessions->lock);
    struct entry *set = set_of(sessions, cookie_hash);
    for (int i = 0; i < WAYS && !found; i++)
        if (set[i].until > now && memcmp(set[i].cookie_hash, cookie_hash, 32) == 0) {
            *ret = set[i].answer.assertion;
            found = true;
        }
    pthread_mutex_unlock(&sessions->lock);
    return found;
}

uint64_t sessions_asking(struct sessions *sessions)
{
    pthread_mutex_lock(&sessions->lock);
    uint64_t ends = sessions->ends;
    pthread_mutex_unlock(&sessions->lock);
    return ends;
}

/* The place it has already, or of the one that ends first. */
static struct entry *place_for(struct entry *set, const unsigned char *cookie_hash)
{
    struct entry *entry = &set[0];
    for (int i = 0; i < WAYS; i++) {
        if (memcmp(set[i].cookie_hash, cookie_hash, 32) == 0)
            return &set[i];
        if (set[i].until < entry->until)
            entry = &set[i];
    }
    return entry;
}

void sessions_keep(struct sessions *sessions, uint64_t asking, const unsigned char *cookie_hash,
                   const struct session_answer *answer, uint64_t until)
{
    pthread_mutex_lock(&sessions->lock);
    if (asking == sessions->ends) {
        struct entry *entry = place_for(set_of(sessions, cookie_hash), cookie_hash);
        memcpy(entry->cookie_hash, cookie_hash, 32);
        entry->until = until;
        entry->answer = *answer;
    }
    pthread_mutex_unlock(&sessions->lock);
}

void sessions_end(struct sessions *sessions, const void *session_hash, int64_t account_id)
{
    pthread_mutex_lock(&sessions->lock);
    sessions->ends++;
    for (size_t i = 0; i < sessions->sets * WAYS; i++) {
        struct entry *entry = &sessions->entries[i];
        if (session_hash != NULL ? memcmp(entry->answer.session_hash, session_hash, 32) == 0
                                 : entry->answer.account_id == account_id)
            entry->until = 0;
    }
    pthread_mutex_unlock(&sessions->lock);
}

void sessions_forget(struct sessions *sessions)
{
    pthread_mutex_lock(&sessions->lock);
    sessions->ends++;
    for (size_t i = 0; i < sessions->sets * WAYS; i++)
        sessions->entries[i].until = 0;
    pthread_mutex_unlock(&sessions->lock);
}
