/* A clamd for tests: listens at a socket and answers INSTREAM as its manual says, clamd(8), or in other ways. What it knows as a
   virus is EICAR's test file, wherever it stands in what it is sent. */
#ifndef GUILD_TEST_CLAMD_H
#define GUILD_TEST_CLAMD_H

#include <stddef.h>

enum clamd_way {
    CLAMD_ANSWERS,
    CLAMD_IS_SILENT,  /* takes all, and says nothing until it is another way */
    CLAMD_READS_NOT,  /* takes the connection, and nothing more */
    CLAMD_IS_HASTY,   /* says that all is well before it was sent anything */
    CLAMD_CUTS,       /* its answer ends in the middle */
    CLAMD_TALKS,      /* of something else */
    CLAMD_HANGS_UP,   /* without an answer */
    CLAMD_TAKES_LESS, /* than it is sent: its StreamMaxLength */
    CLAMD_NAMES_BADLY /* what it found, at length and with what no name has */
};

struct clamd;

struct clamd *clamd_start(const char *path);
void clamd_be(struct clamd *clamd, enum clamd_way way);
/* How many it was asked about. */
int clamd_asked(const struct clamd *clamd);
/* Nobody listens there any more. */
void clamd_stop(struct clamd **self);

/* EICAR's 68 letters, put together so that no scanner finds them in what we store. */
const char *clamd_eicar(void);

#endif
