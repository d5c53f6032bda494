/* The numeric addresses of a host, as name servers tell them. That may take seconds: it is asked in an actor (work.h). */
#ifndef GUILD_HOST_H
#define GUILD_HOST_H

#include <stddef.h>

enum { HOST_ADDRESS_MAX = 64 };

/* At most `most` of them; gives how many, 0 where nobody tells any. */
size_t host_addresses(const char *host, char addresses[][HOST_ADDRESS_MAX], size_t most);

#endif
