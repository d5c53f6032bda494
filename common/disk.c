#include "disk.h"

#include "clock.h"
#include "log.h"
#include "metrics.h"
#include <stdio.h>
#include <sys/statvfs.h>

enum { LOOK_MS = 1000, CALM_PERCENT = 2, LABEL_SIZE = 40 };

#define IN_NEED "make room; in need guildctl disk release (deploy/ctl) frees the reserve"

unsigned disk_used_percent(const char *folder)
{
    struct statvfs volume;
    if (statvfs(folder, &volume) != 0)
        return 0;
    uint64_t used = volume.f_blocks - volume.f_bfree, all = used + volume.f_bavail;
    return all == 0 ? 0 : (unsigned)((used * 100 + all - 1) / all);
}

/* The highest bound that is reached; 0: none. */
static unsigned bound_of(unsigned used_percent)
{
    static const unsigned bounds[] = {DISK_WRITES_PERCENT, DISK_FILES_PERCENT, DISK_ALARM_PERCENT};
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++)
        if (used_percent >= bounds[i])
            return bounds[i];
    return 0;
}

static void tell(struct disk *disk)
{
    unsigned bound = bound_of(disk->used_percent);
    if (bound > disk->told_percent) {
        log_line(bound == DISK_WRITES_PERCENT ? LOGGED_ERROR : LOGGED_WARNING, "disk fills up",
                 "volume=%s used_percent=%u bound_percent=%u help='%s'", disk->volume,
                 disk->used_percent, bound, IN_NEED);
        disk->told_percent = bound;
    } else if (disk->used_percent + CALM_PERCENT < disk->told_percent) {
        disk->told_percent = bound;
        if (bound == 0)
            log_line(LOGGED_INFO, "disk has room again", "volume=%s used_percent=%u", disk->volume,
                     disk->used_percent);
    }
}

unsigned disk_look(struct disk *disk)
{
    char label[LABEL_SIZE];
    uint64_t now = clock_ms();
    if (disk->folder[0] == '\0' || (disk->looked_ms != 0 && now < disk->looked_ms + LOOK_MS))
        return disk->used_percent;
    disk->looked_ms = now;
    disk->used_percent = disk_used_percent(disk->folder);
    tell(disk);
    snprintf(label, sizeof label, "volume=\"%s\"", disk->volume);
    metrics_gauge("guild_disk_used_ratio", "How full the volume is, 0 to 1.", label,
                  disk->used_percent / 100.0);
    metrics_gauge("guild_disk_alarm", "1 when the volume is 85 % full.", label,
                  disk->used_percent >= DISK_ALARM_PERCENT ? 1 : 0);
    return disk->used_percent;
}

void disk_words(const struct disk *disk, char *out, size_t size)
{
    out[0] = '\0';
    if (disk->used_percent >= DISK_ALARM_PERCENT)
        snprintf(out, size, "disk of %s is %u %% full: %s\n", disk->volume, disk->used_percent,
                 IN_NEED);
}
