#include "clean.h"

#include "child.h"
#include "image/report.h"
#include <assert.h>
#include <iconv.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unistr.h>

enum { WALL_CLOCK_MS = 10000 };

/* One cleaning: the parent's descriptors, -1 where there is none. */
struct cleaning {
    int in, content, thumbnail;
    int report, report_end; /* the pipe: read here, written by the child */
};

static void cleaning_close(struct cleaning *cleaning)
{
    child_shut(&cleaning->in);
    child_shut(&cleaning->content);
    child_shut(&cleaning->thumbnail);
    child_shut(&cleaning->report);
    child_shut(&cleaning->report_end);
}

static bool cleaning_open(struct cleaning *ret, int fd)
{
    int ends[2];
    bool has_pipe = child_pipe(ends);
    *ret = (struct cleaning){child_lift(fd), child_memory_file("content"),
                             child_memory_file("thumbnail"), ends[0], ends[1]};
    return has_pipe && ret->in >= 0 && ret->content >= 0 && ret->thumbnail >= 0 &&
           lseek(ret->in, 0, SEEK_SET) == 0;
}

/* -1: there is none. */
static pid_t spawn(const char *program, const struct cleaning *cleaning)
{
    const int descriptors[] = {
        [IMAGE_IN] = cleaning->in,
        [IMAGE_REPORT] = cleaning->report_end,
        [STDERR_FILENO] = CHILD_NOTHING,
        [IMAGE_CONTENT] = cleaning->content,
        [IMAGE_THUMBNAIL] = cleaning->thumbnail,
    };
    static_assert(sizeof descriptors / sizeof descriptors[0] == CHILD_DESCRIPTORS,
                  "what is opened lies above these");
    return child_spawn(program, NULL, descriptors, CHILD_DESCRIPTORS);
}

/* A child that takes longer than the wall-clock limit is killed. CLEAN_DONE: it ended well. */
static enum clean_result reap(pid_t pid, int report)
{
    int status = child_reap(pid, child_has_ended(report, WALL_CLOCK_MS));
    if (status == 0)
        return CLEAN_DONE;
    /* Killed by us, by an operator or for want of memory, the next attempt may do better. Any other signal means that
       its limits, the filter or a fault stopped it, and no honest file does that. */
    bool is_fault = status != -1 && WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL &&
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
        child_shut(&cleaning.report_end);
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
