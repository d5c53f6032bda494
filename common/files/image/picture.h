/* A picture decoded, turned upright and written again: nothing of the original's metadata is left. */
#ifndef GUILD_IMAGE_PICTURE_H
#define GUILD_IMAGE_PICTURE_H

#include "../clean.h"
#include "probe.h"
#include "report.h"
#include <stddef.h>

/* Writes content and thumbnail and fills the report's width and height. `data` is what `probe` was made from. */
enum clean_result picture_clean(const struct probe *probe, unsigned char *data, size_t size,
                                struct image_report *report);

#endif
