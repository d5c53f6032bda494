#include "host.h"

#include <netdb.h>

size_t host_addresses(const char *host, char addresses[][HOST_ADDRESS_MAX], size_t most)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found = NULL;
    size_t count = 0;
    if (getaddrinfo(host, NULL, &hints, &found) != 0)
        return 0;
    for (const struct addrinfo *at = found; at != NULL && count < most; at = at->ai_next)
        if (getnameinfo(at->ai_addr, at->ai_addrlen, addresses[count], HOST_ADDRESS_MAX, NULL, 0,
                        NI_NUMERICHOST) == 0)
            count++;
    freeaddrinfo(found);
    return count;
}
