/* A picture decoded, turned upright and written again: nothing of the original's metadata is left. */
#ifndef GUILD_IMAGE_PICTURE_H
#define GUILD_IMAGE_PICTURE_H

#include "../clean.h"
#include "probe.h"
#include "report.h"
#include <gd.h>
#include <stddef.h>

/* Writes content and thumbnail and fills the report's result, width and height. `data` is what `probe` was made from;
   the size of a HEIC, which it leaves out, is put in.
   Gives the picture as it was written, for gdImageDestroy; NULL: it is not clean. */
gdImagePtr picture_clean(struct probe *probe, unsigned char *data, size_t size,
                         struct image_report *report);

#endif
