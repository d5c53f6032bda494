/* The sessions a gateway knows: what auth signed for a cookie, kept while it is valid, so that not every request asks auth.
   A session that ends is dropped at once, and what auth says of it on a question asked before that is not kept
   afterwards: the answer may have been under way while the session ended. Safe to call from any thread; times are
   milliseconds of the caller's clock; hashes have 32 bytes. */
#ifndef GUILD_GATEWAY_SESSIONS_H
#define GUILD_GATEWAY_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sessions;

struct assertion {
    unsigned char bytes[1024];
    size_t size;
};

/* What auth said. */
struct session_answer {
    unsigned char session_hash[32];
    int64_t account_id;
    struct assertion assertion;
};

/* Room for about so many. */
struct sessions *sessions_new(size_t room);
void sessions_destroy(struct sessions **self);

/* By the hash of the cookie. */
bool sessions_find(struct sessions *sessions, const unsigned char *cookie_hash, uint64_t now,
                   struct assertion *ret);

/* Auth is about to be asked: goes with the answer to sessions_keep. */
uint64_t sessions_asking(struct sessions *sessions);
/* Not kept if any session has ended since `asking`. */
void sessions_keep(struct sessions *sessions, uint64_t asking, const unsigned char *cookie_hash,
                   const struct session_answer *answer, uint64_t until);

/* A session is over, or (hash NULL) all of an account are. */
void sessions_end(struct sessions *sessions, const void *session_hash, int64_t account_id);
/* Nobody knows which are over. */
void sessions_forget(struct sessions *sessions);

#endif
