#include "output.h"

#include <errno.h>
#include <unistd.h>

bool output_write(int fd, const void *data, size_t size)
{
    const char *at = data;
    while (size > 0) {
        ssize_t some = write(fd, at, size);
        if (some < 0 && errno == EINTR)
            continue;
        if (some <= 0)
            return false;
        at += some;
        size -= (size_t)some;
    }
    return true;
}
