/* What every service clears away: answers kept for repeats (30 days), events told (7 days) and applied (90 days). */
#ifndef GUILD_UPKEEP_H
#define GUILD_UPKEEP_H

struct service_run;

/* Every ten minutes from now on. */
void upkeep_start(struct service_run *run);

/* Once; goes on by itself until nothing old is left. */
void upkeep_run(struct service_run *run);

#endif
