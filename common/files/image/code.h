/* The QR codes of a picture: those that people print on paper, to be told apart later. */
#ifndef GUILD_IMAGE_CODE_H
#define GUILD_IMAGE_CODE_H

#include "report.h"
#include <gd.h>

/* Adds what the picture's codes say; texts that do not fit any more are left out. */
void code_read(gdImagePtr image, struct image_codes *codes);

#endif
