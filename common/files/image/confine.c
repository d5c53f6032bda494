#include "confine.h"

#include "report.h"
#include <linux/futex.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MEMORY = 512 << 20, PROCESSOR_S = 5, FILE_MAX = 24 << 20 };

/* What the libraries' code has mapped already does not count: it differs from one release to the next. */
static rlim_t mapped(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%lu", &pages) != 1)
        pages = 0;
    fclose(file);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static bool limit(int resource, rlim_t most)
{
    return setrlimit((__rlimit_resource_t)resource, &(struct rlimit){most, most}) == 0;
}

static bool limit_all(void)
{
    rlim_t now = mapped();
    return now > 0 && limit(RLIMIT_AS, now + MEMORY) && limit(RLIMIT_FSIZE, FILE_MAX) &&
           limit(RLIMIT_CORE, 0) && limit(RLIMIT_NOFILE, IMAGE_THUMBNAIL + 1) &&
           /* the soft limit first, so that it is SIGXCPU and says why */
           setrlimit(RLIMIT_CPU, &(struct rlimit){PROCESSOR_S, PROCESSOR_S + 1}) == 0 &&
           prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static bool allow_plain(scmp_filter_ctx filter)
{
    static const int calls[] = {
        SCMP_SYS(munmap),     SCMP_SYS(mremap),        SCMP_SYS(madvise),
        SCMP_SYS(brk),        SCMP_SYS(clock_gettime), SCMP_SYS(exit),
        SCMP_SYS(exit_group), SCMP_SYS(sysinfo), /* qsort asks how much memory there is */
    };
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0) != 0)
            return false;
    return true;
}

/* Reading one descriptor, writing the others, memory that is never code. */
static bool allow_with_arguments(scmp_filter_ctx filter)
{
    static const int outputs[] = {IMAGE_REPORT, STDERR_FILENO, IMAGE_CONTENT, IMAGE_THUMBNAIL};
    for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++)
        if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
                             SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)outputs[i], 0)) != 0)
            return false;
    /* what pthread_once does at its end, though nobody waits */
    if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(futex), 1,
                         SCMP_A1(SCMP_CMP_EQ, FUTEX_WAKE_PRIVATE, 0)) != 0)
        return false;
    const struct scmp_arg_cmp no_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(read), 1,
                            SCMP_A0(SCMP_CMP_EQ, IMAGE_IN, 0)) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_code) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_code) == 0;
}

bool confine(void)
{
    if (!limit_all())
        return false;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    bool loaded = filter != NULL && allow_plain(filter) && allow_with_arguments(filter) &&
                  seccomp_load(filter) == 0;
    seccomp_release(filter);
    return loaded;
}
