/* The child's confinement: limits of memory, time and size, and a filter of system calls. */
#ifndef GUILD_IMAGE_CONFINE_H
#define GUILD_IMAGE_CONFINE_H

#include <stdbool.h>

/* From here on the process reads IMAGE_IN, writes its outputs, takes at most 512 MiB more, uses at most 5 s of
   processor, and ends; anything else kills it. false: the system does not confine us, so nothing may be read. */
bool confine(void);

#endif
