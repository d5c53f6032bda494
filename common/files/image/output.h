/* All of it, or false. */
#ifndef GUILD_IMAGE_OUTPUT_H
#define GUILD_IMAGE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

bool output_write(int fd, const void *data, size_t size);

#endif
