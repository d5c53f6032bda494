/* Holds one thread of a process still, while its others go on: what a loop that never returns looks like from outside.

   guild-test-freeze THREAD

   It is held from the line `held` on stdout until stdin ends. By ptrace: the program needs no hook for it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "guild-test-freeze: %s: %s\n", what, strerror(errno));
    exit(1);
}

int main(int argc, char **argv)
{
    pid_t thread = argc == 2 ? (pid_t)strtol(argv[1], NULL, 10) : 0;
    char unread[64];
    int state;
    if (thread <= 0 || ptrace(PTRACE_SEIZE, thread, NULL, NULL) != 0 ||
        ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) != 0)
        die("usage: guild-test-freeze THREAD");
    if (waitpid(thread, &state, __WALL) != thread || !WIFSTOPPED(state))
        die("it does not stop");
    puts("held");
    fflush(stdout);
    while (read(STDIN_FILENO, unread, sizeof unread) > 0)
        continue;
    return 0; /* whom it held goes on */
}
