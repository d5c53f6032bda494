/* guild-supervise: keeps the programs of one machine running.

   guild-supervise RUN LOGS

   RUN/programs names them, one group to a line, `name` or `name:INT` (the signal that stops it; TERM if not
   said). For each name RUN/<name>.run is executed, RUN/<name>.pid tells its process, and what it writes goes to
   LOGS/<name>.log, which is renamed to <name>.log.1 at 16 MiB.

   A program that ends is started again: at once if it had lived for ten seconds, else after 100 ms, 200 ms … 5 s.
   To restart one on purpose, send it SIGTERM.

   SIGHUP   reads RUN/programs again: starts what is new, stops what is gone, leaves the rest alone
   SIGTERM  stops all, the last group first; 30 s after its signal a program is killed

   RUN/supervise.lock is locked as long as it lives: only one supervisor runs in a folder. If the supervisor
   itself is killed, the kernel stops its programs. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    PROGRAMS_MAX = 64,
    NAME_MAX_BYTES = 40,
    LOG_BYTES_MAX = 16 * 1024 * 1024,
    STOP_MS = 30 * 1000,
    HEALTHY_MS = 10 * 1000,
    DELAY_MIN_MS = 100,
    DELAY_MAX_MS = 5 * 1000,
};

struct program {
    char name[NAME_MAX_BYTES]; /* empty: a free place */
    int group;                 /* line of RUN/programs */
    int stop_signal;
    bool wanted;
    pid_t pid; /* 0: not running */
    int64_t started_at;
    int64_t start_at; /* not before */
    int64_t delay_ms; /* before the start after the next early end */
    int64_t kill_at;  /* 0: nobody asked it to stop */
    int output[2];    /* the pipe that it writes to, kept over its restarts */
    int log;
    off_t log_size;
    bool log_in_line; /* what was written last was no whole line */
};

static struct {
    const char *run;
    const char *logs;
    bool stopping;
    int signals;
    struct program programs[PROGRAMS_MAX];
} self;

#define EACH_PROGRAM(p)                                                                            \
    for (struct program *p = self.programs; p < self.programs + PROGRAMS_MAX; p++)                 \
        if (p->name[0] != '\0')

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    char at[32];
    time_t now = time(NULL);
    struct tm parts;
    va_list args;
    strftime(at, sizeof at, "%FT%T%z", localtime_r(&now, &parts));
    fprintf(stderr, "%s ", at);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

__attribute__((format(printf, 1, 2))) static _Noreturn void die(const char *format, ...)
{
    va_list args;
    fputs("guild-supervise: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

static const char *path_of(const char *folder, const char *name, const char *ending)
{
    static char path[4096];
    int size = snprintf(path, sizeof path, "%s/%s%s", folder, name, ending);
    if (size < 0 || (size_t)size >= sizeof path)
        die("%s is too long a path", folder);
    return path;
}

/* ---- logs */

static void log_open(struct program *p)
{
    struct stat state;
    p->log =
        open(path_of(self.logs, p->name, ".log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    p->log_size = p->log >= 0 && fstat(p->log, &state) == 0 ? state.st_size : 0;
}

static void log_rotate(struct program *p)
{
    char current[4096];
    snprintf(current, sizeof current, "%s", path_of(self.logs, p->name, ".log"));
    rename(current, path_of(self.logs, p->name, ".log.1"));
    if (p->log >= 0)
        close(p->log);
    log_open(p);
}

/* A log that cannot be written (a full disk) loses lines; it never stops the program that writes them. */
static void log_copy(struct program *p)
{
    char bytes[65536];
    ssize_t size;
    while ((size = read(p->output[0], bytes, sizeof bytes)) > 0) {
        if (p->log < 0 || (p->log_size >= LOG_BYTES_MAX && !p->log_in_line))
            log_rotate(p);
        if (p->log >= 0 && write(p->log, bytes, (size_t)size) == size)
            p->log_size += size;
        p->log_in_line = bytes[size - 1] != '\n';
    }
}

/* ---- one program */

static void pid_write(const struct program *p)
{
    FILE *file = fopen(path_of(self.run, p->name, ".pid"), "we");
    if (file == NULL || fprintf(file, "%ld\n", (long)p->pid) < 0)
        say("%s: its pid file cannot be written: %s", p->name, strerror(errno));
    if (file != NULL)
        fclose(file);
}

/* In the child. Shells start what they put aside with SIGINT ignored, which is inherited: undone here. A parent
   that died before prctl would never be noticed, hence the second look. */
static _Noreturn void program_become(const struct program *p, pid_t parent)
{
    const char *path = path_of(self.run, p->name, ".run");
    static const int usual[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE};
    sigset_t none;
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        signal(usual[i], SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    prctl(PR_SET_PDEATHSIG, p->stop_signal);
    if (getppid() != parent)
        _exit(1);
    dup2(p->output[1], STDOUT_FILENO);
    dup2(p->output[1], STDERR_FILENO);
    execl(path, path, (char *)NULL);
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    _exit(127);
}

static void program_start(struct program *p, int64_t now)
{
    pid_t parent = getpid();
    p->pid = fork();
    if (p->pid == 0)
        program_become(p, parent);
    if (p->pid < 0) {
        p->pid = 0;
        p->start_at = now + DELAY_MAX_MS;
        return;
    }
    p->started_at = now;
    p->kill_at = 0;
    pid_write(p);
    say("%s: started, process %ld", p->name, (long)p->pid);
}

static void program_stop(struct program *p, int64_t now)
{
    if (p->kill_at == 0) {
        p->kill_at = now + STOP_MS;
        kill(p->pid, p->stop_signal);
    } else if (now >= p->kill_at) {
        say("%s: does not end, killed", p->name);
        p->kill_at = now + STOP_MS;
        kill(-p->pid, SIGKILL);
    }
}

static void program_ended(struct program *p, int how, int64_t now)
{
    bool healthy = now - p->started_at >= HEALTHY_MS;
    log_copy(p);
    p->pid = 0;
    p->start_at = healthy ? now : now + p->delay_ms;
    p->delay_ms = healthy ? DELAY_MIN_MS : 2 * p->delay_ms;
    if (p->delay_ms > DELAY_MAX_MS)
        p->delay_ms = DELAY_MAX_MS;
    unlink(path_of(self.run, p->name, ".pid"));
    if (WIFSIGNALED(how))
        say("%s: ended by signal %d", p->name, WTERMSIG(how));
    else
        say("%s: ended with %d", p->name, WEXITSTATUS(how));
}

static void program_forget(struct program *p)
{
    close(p->output[0]);
    close(p->output[1]);
    if (p->log >= 0)
        close(p->log);
    p->name[0] = '\0';
}

/* ---- all of them */

static struct program *program_find(const char *name)
{
    EACH_PROGRAM(p)
    if (strcmp(p->name, name) == 0)
        return p;
    return NULL;
}

static struct program *program_add(const char *name)
{
    for (struct program *p = self.programs; p < self.programs + PROGRAMS_MAX; p++) {
        if (p->name[0] != '\0')
            continue;
        *p = (struct program){.delay_ms = DELAY_MIN_MS};
        if (pipe2(p->output, O_CLOEXEC) != 0)
            die("no pipe for %s: %s", name, strerror(errno));
        fcntl(p->output[0], F_SETFL, O_NONBLOCK);
        snprintf(p->name, sizeof p->name, "%s", name);
        log_open(p);
        return p;
    }
    die("more than %d programs", PROGRAMS_MAX);
}

static void programs_read_word(char *word, int group)
{
    char *colon = strchr(word, ':');
    if (colon != NULL)
        *colon++ = '\0';
    if (strlen(word) >= NAME_MAX_BYTES || strpbrk(word, "/.") != NULL)
        die("%s is no name of a program", word);
    struct program *p = program_find(word);
    if (p == NULL)
        p = program_add(word);
    p->wanted = true;
    p->group = group;
    p->stop_signal = colon != NULL && strcmp(colon, "INT") == 0 ? SIGINT : SIGTERM;
}

static void programs_read(void)
{
    char line[4096];
    FILE *file = fopen(path_of(self.run, "programs", ""), "re");
    if (file == NULL)
        die("%s/programs: %s", self.run, strerror(errno));
    EACH_PROGRAM(p)
    p->wanted = false;
    for (int group = 0; fgets(line, sizeof line, file) != NULL; group++) {
        char *rest = line;
        for (char *word; (word = strsep(&rest, " \t\n")) != NULL;)
            if (word[0] != '\0')
                programs_read_word(word, group);
    }
    fclose(file);
}

static void programs_reap(int64_t now)
{
    int how;
    for (pid_t pid; (pid = waitpid(-1, &how, WNOHANG)) > 0;)
        EACH_PROGRAM(p)
    if (p->pid == pid)
        program_ended(p, how, now);
}

static int last_running_group(void)
{
    int last = -1;
    EACH_PROGRAM(p)
    if (p->pid != 0 && p->group > last)
        last = p->group;
    return last;
}

static void programs_step(int64_t now)
{
    int last = last_running_group();
    EACH_PROGRAM(p)
    {
        bool runs = p->wanted && !self.stopping;
        if (runs && p->pid == 0 && now >= p->start_at)
            program_start(p, now);
        else if (!runs && p->pid != 0 && (!p->wanted || p->group == last))
            program_stop(p, now);
        else if (!p->wanted && p->pid == 0)
            program_forget(p);
    }
}

static void signals_take(void)
{
    struct signalfd_siginfo info;
    while (read(self.signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
            self.stopping = true;
        if (info.ssi_signo == SIGHUP && !self.stopping)
            programs_read();
    }
}

/* Sleeps until something is written, a signal comes or a start is due. */
static void programs_wait(void)
{
    struct pollfd fds[PROGRAMS_MAX + 1];
    struct program *owners[PROGRAMS_MAX + 1];
    nfds_t count = 1;
    int64_t wait = 1000, now = now_ms();
    fds[0] = (struct pollfd){.fd = self.signals, .events = POLLIN};
    EACH_PROGRAM(p)
    {
        if (p->pid == 0 && p->start_at - now < wait)
            wait = p->start_at > now ? p->start_at - now : 0;
        owners[count] = p;
        fds[count++] = (struct pollfd){.fd = p->output[0], .events = POLLIN};
    }
    if (poll(fds, count, (int)wait) <= 0)
        return;
    for (nfds_t i = 1; i < count; i++)
        if (fds[i].revents != 0)
            log_copy(owners[i]);
    if (fds[0].revents != 0)
        signals_take();
}

static void lock_take(void)
{
    int lock = open(path_of(self.run, "supervise", ".lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0)
        die("%s/supervise.lock: %s", self.run, strerror(errno));
    if (flock(lock, LOCK_EX | LOCK_NB) != 0)
        die("one is running in %s already", self.run);
    if (ftruncate(lock, 0) != 0 || dprintf(lock, "%ld\n", (long)getpid()) < 0)
        die("%s/supervise.lock: %s", self.run, strerror(errno));
}

static void signals_open(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    self.signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (self.signals < 0)
        die("no signalfd: %s", strerror(errno));
}

int main(int argc, char **argv)
{
    if (argc != 3)
        die("usage: guild-supervise RUN LOGS");
    self.run = argv[1];
    self.logs = argv[2];
    lock_take();
    signals_open();
    programs_read();
    while (!self.stopping || last_running_group() >= 0) {
        programs_step(now_ms());
        programs_wait();
        programs_reap(now_ms());
    }
    say("stopped");
    return 0;
}
