#include "disk.h"

#include <stdint.h>
#include <sys/statvfs.h>

unsigned disk_used_percent(const char *folder)
{
    struct statvfs volume;
    if (statvfs(folder, &volume) != 0)
        return 0;
    uint64_t used = volume.f_blocks - volume.f_bfree, all = used + volume.f_bavail;
    return all == 0 ? 0 : (unsigned)((used * 100 + all - 1) / all);
}
