/* How full a volume is. */
#ifndef GUILD_DISK_H
#define GUILD_DISK_H

/* Above these, files are taken no more, and at last nothing is written: what is left is for the reads to go on, and for
   the database to tidy up. */
enum { DISK_FILES_PERCENT = 92, DISK_WRITES_PERCENT = 97 };

/* Of what others than root may use, as df says it; 0: not known. */
unsigned disk_used_percent(const char *folder);

#endif
