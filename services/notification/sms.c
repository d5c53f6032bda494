/* Providers of text messages. */
#include "provider.h"

#include "clock.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One write of a whole line: lines of several instances do not mix. */
static bool development_send(const struct letter *letter, char *error, size_t size)
{
    char now[25], path[600];
    clock_utc_text(now);
    snprintf(path, sizeof path, "%s/sms.jsonl", provider_folder());
    json_t *message =
        json_pack("{s:s, s:s, s:s}", "at", now, "phone", letter->address, "text", letter->text);
    char *line = json_dumps(message, JSON_COMPACT | JSON_PRESERVE_ORDER);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    bool done = false;
    if (line != NULL && fd >= 0) {
        size_t length = strlen(line);
        line[length] = '\n'; /* in place of the NUL */
        done = write(fd, line, length + 1) == (ssize_t)length + 1;
    }
    if (!done)
        snprintf(error, size, "%s", strerror(errno));
    if (fd >= 0)
        close(fd);
    free(line);
    json_decref(message);
    return done;
}

const struct provider sms_providers[] = {
    {"none",        false, true,  NULL            },
    {"development", true,  false, development_send},
    {NULL,          false, false, NULL            },
};
