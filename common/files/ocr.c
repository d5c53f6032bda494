#include "ocr.h"

#include "check.h"
#include "child.h"
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHECK_MS = 20000, NO_TESSERACT = 3 /* guild-ocr's */ };

/* ---- tesseract: guild-ocr, one for each licence */

static const char *tesseract_missing(const char *program)
{
    int ends[2], status = -1;
    if (child_pipe(ends)) {
        const int descriptors[] = {CHILD_NOTHING, ends[1], CHILD_NOTHING};
        pid_t pid = child_spawn(program, "--check", descriptors, 3);
        child_shut(&ends[1]);
        if (pid > 0)
            status = child_reap(pid, child_has_ended(ends[0], CHECK_MS));
    }
    child_shut(&ends[0]);
    child_shut(&ends[1]);
    if (status == 0)
        return NULL;
    return status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == NO_TESSERACT
               ? "needs tesseract, which is not installed (Debian's libtesseract5 and "
                 "tesseract-ocr-eng)"
               : "needs GUILD_OCR_PROGRAM, the path of guild-ocr, which does not run";
}

static bool write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t some = write(fd, data, size);
        if (some < 0 && errno != EINTR)
            return false;
        data += some > 0 ? some : 0;
        size -= some > 0 ? (size_t)some : 0;
    }
    return true;
}

/* One line that is a code, or nothing at all. */
static enum ocr_result understand(int fd, int status, char ret_uscc[static OCR_USCC_SIZE])
{
    char line[2 * OCR_USCC_SIZE] = {0};
    ssize_t size = status == 0 ? read(fd, line, sizeof line - 1) : -1;
    if (size == 0)
        return OCR_NOTHING;
    if (size != OCR_USCC_SIZE || line[OCR_USCC_SIZE - 1] != '\n')
        return OCR_FAILED;
    line[OCR_USCC_SIZE - 1] = '\0';
    return check_uscc(line, ret_uscc, OCR_USCC_SIZE) == NULL ? OCR_READ : OCR_FAILED;
}

static enum ocr_result tesseract_read(const char *program, const void *file, size_t size,
                                      int patience_ms, char ret_uscc[static OCR_USCC_SIZE])
{
    int in = child_memory_file("licence"), ends[2];
    enum ocr_result result = OCR_FAILED;
    if (child_pipe(ends) && in >= 0 && write_all(in, file, size) && lseek(in, 0, SEEK_SET) == 0) {
        const int descriptors[] = {in, ends[1], CHILD_NOTHING};
        pid_t pid = child_spawn(program, NULL, descriptors, 3);
        child_shut(&ends[1]);
        if (pid > 0)
            result = understand(ends[0], child_reap(pid, child_has_ended(ends[0], patience_ms)),
                                ret_uscc);
    }
    child_shut(&in);
    child_shut(&ends[0]);
    child_shut(&ends[1]);
    return result;
}

/* ---- the table */

const struct ocr_provider ocr_providers[] = {
    {"none",      NULL,              NULL          },
    {"tesseract", tesseract_missing, tesseract_read},
    {NULL,        NULL,              NULL          },
};

const struct ocr_provider *ocr_provider_find(const char *name)
{
    for (const struct ocr_provider *one = ocr_providers; one->name != NULL; one++)
        if (strcmp(one->name, name) == 0)
            return one;
    return NULL;
}
