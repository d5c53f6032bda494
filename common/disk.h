/* How full volumes are, and from where on what is said and refused. */
#ifndef GUILD_DISK_H
#define GUILD_DISK_H

#include <stddef.h>
#include <stdint.h>

/* From the first on a person is told; from the others on files are taken no more, and at last nothing is written: what is left
   is for the reads to go on, and for the database to tidy up. */
enum { DISK_ALARM_PERCENT = 85, DISK_FILES_PERCENT = 92, DISK_WRITES_PERCENT = 97 };

/* Of what others than root may use, as df says it; 0: not known. */
unsigned disk_used_percent(const char *folder);

/* A volume that a program watches. All zero but the names at the beginning. */
struct disk {
    const char *volume; /* what lies there, in lines and figures: "database", "files" */
    const char *folder; /* on it; "": none is watched */
    uint64_t looked_ms;
    unsigned used_percent, told_percent;
};

/* Looks at most once a second, and returns how full it is. Each bound that is crossed is one line of the log; it is said
   again only after there was room for two percent more. Sets guild_disk_used_ratio and guild_disk_alarm. */
unsigned disk_look(struct disk *disk);

/* A line for who asks whether the program is ready; "" while there is room. */
void disk_words(const struct disk *disk, char *out, size_t size);

#endif
