/* Confined programs of ours, guild-image and guild-ocr, as actors start them: no environment, no descriptors but those they are
   given, signals as at a program's start. All that is opened here lies above those, so that putting one in its place never steps
   on another. */
#ifndef GUILD_CHILD_H
#define GUILD_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { CHILD_DESCRIPTORS = 5, CHILD_NOTHING = -1 };

/* -1: none could be opened. */
int child_lift(int fd);
int child_memory_file(const char *name);
/* ret_ends[0] is read, ret_ends[1] the child's. */
bool child_pipe(int ret_ends[static 2]);
/* Closes it if it is open. */
void child_shut(int *fd);

/* The child's descriptor i is descriptors[i]; CHILD_NOTHING: /dev/null. `option` may be NULL. -1: there is no child. */
pid_t child_spawn(const char *program, const char *option, const int *descriptors, size_t count);
/* Has it ended in time? Its end of the pipe, which nobody else has any more, is closed by that. */
bool child_has_ended(int pipe_end, int patience_ms);
/* Its status, as waitpid has it; -1: unknown. Who has not ended is killed, and so is who only closed its pipe. */
int child_reap(pid_t pid, bool has_ended);

#endif
