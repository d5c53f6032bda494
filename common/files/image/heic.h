/* HEIC, as phones photograph: HEVC pictures in a HEIF file (ISO/IEC 23008-12), by libheif and libde265. */
#ifndef GUILD_IMAGE_HEIC_H
#define GUILD_IMAGE_HEIC_H

#include <gd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Before the process is confined: what the libraries read and set up. false: they cannot be used. */
bool heic_prepare(void);

/* Of the file's primary picture as it lies there, in pixels; false if the file cannot be read. */
bool heic_size(const unsigned char *data, size_t size, int32_t *ret_width, int32_t *ret_height);

/* The primary picture, upright (HEIF's own turns are done; its EXIF orientation says the same once more and is not to
   be looked at); NULL if it does not decode. For gdImageDestroy. */
gdImagePtr heic_decode(const unsigned char *data, size_t size);

#endif
