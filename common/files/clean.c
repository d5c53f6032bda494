#include "clean.h"

#include "image/report.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <unistr.h>

enum { WALL_CLOCK_MS = 10000 };

/* One cleaning: the parent's descriptors, -1 where there is none. All lie above those the child gets, so that putting
   one in its place never steps on another. */
struct cleaning {
    int in, content, thumbnail;
    int report, report_end; /* the pipe: read here, written by the child */
};

/* ---- descriptors */

static int lift(int fd)
{
    return fcntl(fd, F_DUPFD_CLOEXEC, IMAGE_THUMBNAIL + 1);
}

static void shut(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int memory_file(const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC);
    int high = fd < 0 ? -1 : lift(fd);
    shut(&fd);
    return high;
}

static void cleaning_close(struct cleaning *cleaning)
{
    shut(&cleaning->in);
    shut(&cleaning->content);
    shut(&cleaning->thumbnail);
    shut(&cleaning->report);
    shut(&cleaning->report_end);
}

static bool cleaning_open(struct cleaning *ret, int fd)
{
    int ends[2] = {-1, -1};
    *ret = (struct cleaning){lift(fd), memory_file("content"), memory_file("thumbnail"), -1, -1};
    if (pipe2(ends, O_CLOEXEC) == 0) {
        ret->report = lift(ends[0]);
        ret->report_end = lift(ends[1]);
    }
    shut(&ends[0]);
    shut(&ends[1]);
    return ret->in >= 0 && ret->content >= 0 && ret->thumbnail >= 0 && ret->report >= 0 &&
           ret->report_end >= 0 && lseek(ret->in, 0, SEEK_SET) == 0;
}

/* ---- the child */

/* Signals are as at a program's start: what a thread of ours blocks, and SIGXCPU among it, must reach the child. */
static bool set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    return posix_spawnattr_setsigmask(attributes, &none) == 0 &&
           posix_spawnattr_setsigdefault(attributes, &all) == 0 &&
           posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) ==
               0;
}

static bool place_descriptors(posix_spawn_file_actions_t *actions, const struct cleaning *cleaning)
{
    return posix_spawn_file_actions_adddup2(actions, cleaning->in, IMAGE_IN) == 0 &&
           posix_spawn_file_actions_adddup2(actions, cleaning->report_end, IMAGE_REPORT) == 0 &&
           posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) ==
               0 &&
           posix_spawn_file_actions_adddup2(actions, cleaning->content, IMAGE_CONTENT) == 0 &&
           posix_spawn_file_actions_adddup2(actions, cleaning->thumbnail, IMAGE_THUMBNAIL) == 0 &&
           posix_spawn_file_actions_addclosefrom_np(actions, IMAGE_THUMBNAIL + 1) == 0;
}

/* -1: there is none. */
static pid_t spawn(const char *program, const struct cleaning *cleaning)
{
    char *const argv[] = {(char *)(uintptr_t)program, NULL}, *const no_environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t pid = -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    if (!set_signals(&attributes) || !place_descriptors(&actions, cleaning) ||
        posix_spawn(&pid, program, &actions, &attributes, argv, no_environment) != 0)
        pid = -1;
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Has the child ended? Its end of the pipe is closed by that, and by nothing else it may do. */
static bool await_end(int report)
{
    int64_t until = now_ms() + WALL_CLOCK_MS;
    struct pollfd end = {.fd = report, .events = 0};
    for (;;) {
        int64_t left = until - now_ms();
        int count = poll(&end, 1, left > 0 ? (int)left : 0);
        if (count > 0 || (count < 0 && errno != EINTR))
            return count > 0;
        if (left <= 0)
            return false;
    }
}

/* A child that takes longer than the wall-clock limit is killed. CLEAN_DONE: it ended well. */
static enum clean_result reap(pid_t pid, int report)
{
    int status = 0;
    pid_t ended;
    if (!await_end(report))
        kill(pid, SIGKILL);
    while ((ended = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
        ;
    if (ended == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return CLEAN_DONE;
    /* Killed by us, by an operator or for want of memory, the next attempt may do better. Any other signal means that
       its limits, the filter or a fault stopped it, and no honest file does that. */
    bool is_fault = ended == pid && WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL &&
                    WTERMSIG(status) != SIGTERM;
    return is_fault ? CLEAN_BROKEN : CLEAN_FAILED;
}

/* ---- what it left */

static bool load(int fd, struct bytes *ret)
{
    struct stat status;
    if (fstat(fd, &status) != 0 || status.st_size < 0)
        return false;
    ret->size = (size_t)status.st_size;
    ret->data = malloc(ret->size + 1);
    return ret->data != NULL && pread(fd, ret->data, ret->size, 0) == status.st_size;
}

/* The report, and then the codes. The child may have been taken over by the file: its word is checked as a stranger's. */
static bool has_reported(int fd, struct image_report *report)
{
    return read(fd, report, sizeof *report) == sizeof *report && report->result >= CLEAN_DONE &&
           report->result < CLEAN_FAILED;
}

/* Old licences have codes in GB 18030. false: the bytes are neither. */
static bool to_utf8(const char *text, size_t size, char *out, size_t room, size_t *ret_size)
{
    if (u8_check((const uint8_t *)text, size) == NULL) {
        *ret_size = size;
        if (size > room)
            return false;
        memcpy(out, text, size);
        return true;
    }
    char *in = (char *)(uintptr_t)text, *to = out;
    size_t left = size, out_left = room;
    iconv_t converter = iconv_open("UTF-8", "GB18030");
    if (converter == (iconv_t)-1)
        return false;
    bool good = iconv(converter, &in, &left, &to, &out_left) != (size_t)-1 && left == 0;
    iconv_close(converter);
    *ret_size = (size_t)(to - out);
    return good && u8_check((const uint8_t *)out, *ret_size) == NULL;
}

static void collect_codes(int fd, char out[static CLEAN_CODES_SIZE])
{
    struct image_codes codes;
    size_t made = 0;
    if (read(fd, &codes, sizeof codes) == sizeof codes && codes.size <= sizeof codes.text &&
        memchr(codes.text, '\0', codes.size) == NULL)
        for (size_t at = 0, size, some; at < codes.size; at += size + 1) {
            const char *end = memchr(codes.text + at, '\n', codes.size - at);
            size = (end == NULL ? codes.size : (size_t)(end - codes.text)) - at;
            if (size > 0 &&
                to_utf8(codes.text + at, size, out + made, CLEAN_CODES_SIZE - 2 - made, &some)) {
                out[made + some] = '\n';
                made += some + 1;
            }
        }
    out[made > 0 ? made - 1 : 0] = '\0';
}

static size_t collect_print(int fd, unsigned char out[static CLEAN_PRINT_SIZE])
{
    struct image_print print;
    size_t got = 0;
    for (ssize_t some = 1; got < sizeof print && some > 0; got += (size_t)(some > 0 ? some : 0))
        some = read(fd, (char *)&print + got, sizeof print - got);
    if (got < sizeof print || print.count != PRINT_VARIANTS)
        return 0;
    static_assert(sizeof print.planes == CLEAN_PRINT_SIZE, "the header says how large");
    memcpy(out, print.planes, sizeof print.planes);
    return sizeof print.planes;
}

/* How the child ended counts only where it has not reported: after that nothing but codes and the print can get
   lost. */
static enum clean_result collect(const struct cleaning *cleaning, enum clean_result ended,
                                 struct cleaned *ret_cleaned)
{
    struct image_report report;
    if (!has_reported(cleaning->report, &report))
        return ended == CLEAN_DONE ? CLEAN_FAILED : ended;
    if (report.result != CLEAN_DONE)
        return (enum clean_result)report.result;
    if (report.kind < IMAGE_PICTURE || report.kind > IMAGE_OFD)
        return CLEAN_FAILED;

    static const char *const types[] = {"image/jpeg", "application/pdf", CLEAN_OFD};
    struct cleaned cleaned = {
        .content_type = types[report.kind],
        .width = report.width,
        .height = report.height,
    };
    if (!load(cleaning->content, &cleaned.content) ||
        !load(cleaning->thumbnail, &cleaned.thumbnail) || cleaned.content.size == 0 ||
        (cleaned.thumbnail.size == 0) != (report.kind != IMAGE_PICTURE)) {
        cleaned_free(&cleaned);
        return CLEAN_FAILED;
    }
    collect_codes(cleaning->report, cleaned.codes);
    cleaned.print_size = collect_print(cleaning->report, cleaned.print);
    *ret_cleaned = cleaned;
    return CLEAN_DONE;
}

enum clean_result clean_file(const char *program, int fd, size_t size, struct cleaned *ret_cleaned)
{
    struct cleaning cleaning;
    enum clean_result result = CLEAN_FAILED;
    if (cleaning_open(&cleaning, fd) && size > 0) {
        pid_t pid = spawn(program, &cleaning);
        shut(&cleaning.report_end);
        if (pid > 0)
            result = collect(&cleaning, reap(pid, cleaning.report), ret_cleaned);
    }
    cleaning_close(&cleaning);
    return result;
}

void cleaned_free(struct cleaned *cleaned)
{
    free(cleaned->content.data);
    free(cleaned->thumbnail.data);
    cleaned->content = cleaned->thumbnail = (struct bytes){NULL, 0};
}
