#include "probe.h"

#include <string.h>

static int32_t be16(const unsigned char *at)
{
    return at[0] << 8 | at[1];
}

static uint32_t be32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int32_t le16(const unsigned char *at)
{
    return at[0] | at[1] << 8;
}

static int32_t le24(const unsigned char *at)
{
    return at[0] | at[1] << 8 | at[2] << 16;
}

static uint32_t le32(const unsigned char *at)
{
    return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

/* ---- JPEG (ITU T.81, B.1) */

enum { JPEG_TEM = 0x01, JPEG_RST0 = 0xd0, JPEG_RST7 = 0xd7, JPEG_EOI = 0xd9, JPEG_APP1 = 0xe1 };

/* C4, C8 and CC lie among the starts of frames and are none. */
static bool starts_frame(unsigned char marker)
{
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

static bool stands_alone(unsigned char marker)
{
    return marker == JPEG_TEM || (marker >= JPEG_RST0 && marker <= JPEG_RST7);
}

/* `at` is the segment's length, which counts itself. */
static void note_segment(struct probe *probe, unsigned char marker, const unsigned char *data,
                         size_t at, size_t length)
{
    if (starts_frame(marker) && length >= 7 && probe->width == 0) {
        probe->height = be16(data + at + 3);
        probe->width = be16(data + at + 5);
    }
    if (marker == JPEG_APP1 && length > 8 && probe->exif_size == 0 &&
        memcmp(data + at + 2, "Exif\0", 6) == 0) {
        probe->exif_at = at + 2;
        probe->exif_size = length - 2;
    }
}

/* Looks for markers as libjpeg does, over whatever lies between them, so that both find the same frame. Compressed
   bytes are passed in the same way: there, ff is followed by 00. */
static struct probe probe_jpeg(const unsigned char *data, size_t size)
{
    struct probe probe = {.kind = PROBE_JPEG, .is_cut = true};
    for (size_t at = 2; size - at >= 2;) {
        unsigned char marker = data[at + 1];
        if (data[at] != 0xff || marker == 0xff || marker == 0) {
            at++;
            continue;
        }
        at += 2;
        if (marker == JPEG_EOI) {
            probe.is_cut = false;
            break;
        }
        if (stands_alone(marker))
            continue;
        size_t length = size - at >= 2 ? (size_t)be16(data + at) : 0;
        if (length < 2 || length > size - at)
            break;
        note_segment(&probe, marker, data, at, length);
        at += length;
    }
    return probe;
}

/* ---- PNG (W3C PNG, 5.3): length, type, data, checksum */

static struct probe probe_png(const unsigned char *data, size_t size)
{
    struct probe probe = {.kind = PROBE_PNG, .is_cut = true};
    for (size_t at = 8; size - at >= 12;) {
        size_t length = be32(data + at);
        const unsigned char *type = data + at + 4, *content = data + at + 8;
        if (length > size - at - 12)
            break;
        if (at == 8 && length >= 8 && memcmp(type, "IHDR", 4) == 0 && be32(content) <= INT32_MAX &&
            be32(content + 4) <= INT32_MAX) {
            probe.width = (int32_t)be32(content);
            probe.height = (int32_t)be32(content + 4);
        }
        if (memcmp(type, "eXIf", 4) == 0) {
            probe.exif_at = at + 8;
            probe.exif_size = length;
        }
        if (memcmp(type, "IEND", 4) == 0) {
            probe.is_cut = false;
            break;
        }
        at += 12 + length;
    }
    return probe;
}

/* ---- WebP (RFC 9649): RIFF, chunks of type, length and data, padded to even */

enum { RIFF_HEADER = 12, CHUNK_HEADER = 8 };

/* VP8X, VP8L and VP8 say their size in the first 10 bytes. */
static void note_chunk(struct probe *probe, const unsigned char *type, const unsigned char *content)
{
    if (memcmp(type, "VP8X", 4) == 0) {
        probe->width = le24(content + 4) + 1;
        probe->height = le24(content + 7) + 1;
    } else if (memcmp(type, "VP8L", 4) == 0) {
        probe->width = (le16(content + 1) & 0x3fff) + 1;
        probe->height = ((le24(content + 2) >> 6) & 0x3fff) + 1;
    } else if (memcmp(type, "VP8 ", 4) == 0) {
        probe->width = le16(content + 6) & 0x3fff;
        probe->height = le16(content + 8) & 0x3fff;
    }
}

static struct probe probe_webp(const unsigned char *data, size_t size)
{
    struct probe probe = {.kind = PROBE_WEBP};
    size_t end = (size_t)le32(data + 4) + 8;
    probe.is_cut = end > size;
    if (probe.is_cut)
        end = size;
    for (size_t at = RIFF_HEADER; at < end && end - at >= CHUNK_HEADER;) {
        size_t length = le32(data + at + 4), left = end - at - CHUNK_HEADER;
        if (length > left)
            break;
        if (at == RIFF_HEADER && length >= 10)
            note_chunk(&probe, data + at, data + at + CHUNK_HEADER);
        if (memcmp(data + at, "EXIF", 4) == 0) {
            probe.exif_at = at + CHUNK_HEADER;
            probe.exif_size = length;
        }
        at += CHUNK_HEADER + length + (length & 1);
    }
    return probe;
}

/* ---- HEIC (ISO/IEC 23008-12): a box with the kinds of picture that it may be read as */

enum { BOX_HEAD = 8, BRAND = 4, BRANDS_AT = BOX_HEAD + 2 * BRAND };

static bool is_heic(const unsigned char *data, size_t size)
{
    if (size < BRANDS_AT || memcmp(data + 4, "ftyp", 4) != 0)
        return false;
    size_t end = be32(data) < size ? be32(data) : size;
    bool is =
        memcmp(data + BOX_HEAD, "heic", BRAND) == 0 || memcmp(data + BOX_HEAD, "heix", BRAND) == 0;
    for (size_t at = BRANDS_AT; !is && end >= BRAND && at <= end - BRAND; at += BRAND)
        is = memcmp(data + at, "heic", BRAND) == 0 || memcmp(data + at, "heix", BRAND) == 0;
    return is;
}

/* ---- which of them */

static bool begins(const unsigned char *data, size_t size, const char *with, size_t length)
{
    return size >= length && memcmp(data, with, length) == 0;
}

struct probe probe_file(const unsigned char *data, size_t size)
{
    if (begins(data, size, "\xff\xd8\xff", 3))
        return probe_jpeg(data, size);
    if (begins(data, size, "\x89PNG\r\n\x1a\n", 8))
        return probe_png(data, size);
    if (begins(data, size, "RIFF", 4) && size >= RIFF_HEADER && memcmp(data + 8, "WEBP", 4) == 0)
        return probe_webp(data, size);
    if (is_heic(data, size))
        return (struct probe){.kind = PROBE_HEIC};
    if (begins(data, size, "%PDF-", 5))
        return (struct probe){.kind = PROBE_PDF};
    if (begins(data, size, "PK\3\4", 4))
        return (struct probe){.kind = PROBE_ZIP};
    return (struct probe){.kind = PROBE_UNKNOWN};
}
