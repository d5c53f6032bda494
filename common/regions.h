/* GB/T 2260: the regions of today and those that were abolished since 1980. */
#ifndef GUILD_REGIONS_H
#define GUILD_REGIONS_H

#include <stdbool.h>

/* Did a region ever have the code that the first six characters are? */
bool region_known(const char *code);

#endif
