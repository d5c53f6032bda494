/* What a file is, by its bytes, before anything is decoded. */
#ifndef GUILD_IMAGE_PROBE_H
#define GUILD_IMAGE_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum probe_kind {
    PROBE_UNKNOWN,
    PROBE_JPEG,
    PROBE_PNG,
    PROBE_WEBP,
    PROBE_HEIC,
    PROBE_PDF,
    PROBE_ZIP
};

struct probe {
    enum probe_kind kind;
    int32_t width,
        height; /* of a picture, in pixels, as it lies in the file; 0: the header does not say; of HEIC never */
    size_t exif_at,
        exif_size; /* where its EXIF data stands, with or without "Exif\0\0" before; size 0: nowhere */
    bool is_cut; /* a picture without its end: decoders would fill the rest with grey */
};

/* The kind is told by how the file begins and by nothing else. Any bytes will do; no memory is taken. */
struct probe probe_file(const unsigned char *data, size_t size);

#endif
