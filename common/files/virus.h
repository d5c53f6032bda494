/* Files looked through for viruses by ClamAV's daemon, clamd, before anybody may see them. Spoken is clamd's own protocol as its
   manual has it, clamd(8), command INSTREAM: the command with a NUL at its end, the file in chunks, each behind its length in four
   bytes, the highest first, and a length of 0; then comes one reply, "stream: OK" or "stream: NAME FOUND", with a NUL at its end.
   Whatever else comes, or nothing, is no answer, and a file without one is not taken. */
#ifndef GUILD_VIRUS_H
#define GUILD_VIRUS_H

#include <stddef.h>

enum { VIRUS_NAME_SIZE = 64 };

enum virus_result {
    VIRUS_NONE,
    VIRUS_FOUND,
    VIRUS_UNKNOWN, /* clamd is away, silent, or says something else */
};

/* Asks the clamd that listens at `socket`, for at most `patience_ms`. Blocks: for actors. Only if found, ret_name is what clamd
   calls it: letters, digits and marks of ASCII. */
enum virus_result virus_scan(const char *socket, const void *data, size_t size, int patience_ms,
                             char ret_name[static VIRUS_NAME_SIZE]);

#endif
