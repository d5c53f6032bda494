/* Preloaded: the allocation number FAIL_AT fails, once. FAIL_TEST, if it is not empty, is the one test of the program that is
   run. FAIL_COUNT names a file to which the number of allocations is written at the end, and how many of them were before the
   first test. Spared are the loader, the tests' own frame (libcmocka), and libcivetweb and libfontconfig, which go
   through NULL where memory fails: they are not what is tested; and the libraries that FAIL_SPARED names, between blanks.
   FAIL_MADE names a file to which the process's number is written, and the path of each temporary file and folder: a program
   that aborts leaves them. */
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SPARED_MAX = 24 };

static void *(*real_malloc)(size_t size);
static void *(*real_calloc)(size_t count, size_t size);
static void *(*real_realloc)(void *old, size_t size);
static struct {
    uintptr_t from, to;
} spared[SPARED_MAX];
static size_t spared_count;
static const char *count_path, *made_path; /* kept, since a program may clear its environment */
static unsigned long fail_at;
static atomic_ulong count;
static unsigned long before; /* the first test */
static bool begun, in_test;
static _Thread_local bool notes; /* this file's own work */

/* `names`, between blanks, has one that the path has in it. */
static bool has_name(const char *path, const char *names)
{
    for (size_t size; *(names += strspn(names, " ")) != '\0'; names += size) {
        size = strcspn(names, " ");
        if (memmem(path, strlen(path), names, size) != NULL)
            return true;
    }
    return false;
}

static int spare(struct dl_phdr_info *info, size_t size, void *more)
{
    (void)size;
    bool is_spared = has_name(info->dlpi_name, "libcmocka libcivetweb libfontconfig /ld-") ||
                     (more != NULL && has_name(info->dlpi_name, more));
    for (int i = 0; is_spared && i < info->dlpi_phnum && spared_count < SPARED_MAX; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X) != 0) {
            uintptr_t from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            spared[spared_count].from = from;
            spared[spared_count++].to = from + info->dlpi_phdr[i].p_memsz;
        }
    return 0;
}

static void find_real(void)
{
    *(void **)&real_malloc = dlsym(RTLD_NEXT, "malloc");
    *(void **)&real_calloc = dlsym(RTLD_NEXT, "calloc");
    *(void **)&real_realloc = dlsym(RTLD_NEXT, "realloc");
}

static void choose_test(const char *name)
{
    void (*set_filter)(const char *);
    *(void **)&set_filter = dlsym(RTLD_DEFAULT, "cmocka_set_test_filter");
    if (name != NULL && *name != '\0' && set_filter != NULL)
        set_filter(name);
}

static void note_made(const char *path)
{
    notes = true;
    FILE *file = made_path == NULL ? NULL : fopen(made_path, "a");
    if (file != NULL) {
        fprintf(file, "%s\n", path);
        fclose(file);
    }
    notes = false;
}

__attribute__((constructor)) static void begin(void)
{
    const char *at = getenv("FAIL_AT");
    char number[16];
    made_path = getenv("FAIL_MADE");
    snprintf(number, sizeof number, "%d", (int)getpid());
    note_made(number);
    dl_iterate_phdr(spare, getenv("FAIL_SPARED"));
    choose_test(getenv("FAIL_TEST"));
    fail_at = at == NULL ? 0 : strtoul(at, NULL, 10);
    count_path = getenv("FAIL_COUNT");
    begun = true;
}

__attribute__((destructor)) static void end(void)
{
    FILE *file = count_path == NULL ? NULL : fopen(count_path, "w");
    begun = false;
    if (file == NULL)
        return;
    fprintf(file, "%lu %lu\n", atomic_load(&count), before);
    fclose(file);
}

static bool fails(const void *caller)
{
    if (!begun || notes)
        return false;
    for (size_t i = 0; i < spared_count; i++)
        if ((uintptr_t)caller >= spared[i].from && (uintptr_t)caller < spared[i].to)
            return false;
    if (atomic_fetch_add(&count, 1) + 1 != fail_at)
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    if (real_malloc == NULL)
        find_real();
    return fails(__builtin_return_address(0)) ? NULL : real_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    if (real_calloc == NULL)
        find_real();
    return fails(__builtin_return_address(0)) ? NULL : real_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
    if (real_realloc == NULL)
        find_real();
    return fails(__builtin_return_address(0)) ? NULL : real_realloc(old, size);
}

/* cmocka's word for a test that begins, among others. */
void print_message(const char *format, ...)
{
    va_list values;
    void (*print)(const char *, va_list);
    *(void **)&print = dlsym(RTLD_NEXT, "vprint_message");
    if (!in_test && strncmp(format, "[ RUN", 5) == 0) {
        in_test = true;
        before = atomic_load(&count);
    }
    va_start(values, format);
    print(format, values);
    va_end(values);
}

/* ---- what it leaves, and whom it waits for */

char *mkdtemp(char *template)
{
    char *(*real)(char *);
    *(void **)&real = dlsym(RTLD_NEXT, "mkdtemp");
    char *path = real(template);
    if (path != NULL)
        note_made(path);
    return path;
}

int mkstemp(char *template)
{
    int (*real)(char *);
    *(void **)&real = dlsym(RTLD_NEXT, "mkstemp");
    int fd = real(template);
    if (fd >= 0)
        note_made(template);
    return fd;
}

/* At the end czmq ends its context, which waits for sockets that a failed test has left open. */
int zmq_ctx_term(void *context)
{
    int (*real)(void *);
    *(void **)&real = dlsym(RTLD_NEXT, "zmq_ctx_term");
    return fail_at != 0 && atomic_load(&count) >= fail_at ? 0 : real(context);
}

int zmq_term(void *context)
{
    return zmq_ctx_term(context);
}
