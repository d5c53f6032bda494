#include "probe.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { INFLATED_MAX = 32 * 1024 * 1024, PAGES_MAX = 30 };

static uint32_t be32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int32_t be16(const unsigned char *at)
{
    return at[0] << 8 | at[1];
}

static int32_t le24(const unsigned char *at)
{
    return at[0] | at[1] << 8 | at[2] << 16;
}

/* ITU T.81, B.1.1: segments of marker and length, up to a start of frame. */
static struct probe probe_jpeg(const unsigned char *data, size_t size)
{
    struct probe probe = {.kind = PROBE_JPEG};
    for (size_t at = 2; at + 9 < size && data[at] == 0xff;) {
        unsigned char marker = data[at + 1];
        if (marker == 0xff) {
            at++;
            continue;
        }
        if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 &&
            marker != 0xcc) {
            probe.height = be16(data + at + 5);
            probe.width = be16(data + at + 7);
            break;
        }
        at += 2 + (size_t)be16(data + at + 2);
    }
    return probe;
}

static struct probe probe_webp(const unsigned char *data, size_t size)
{
    struct probe probe = {.kind = PROBE_WEBP};
    if (size < 30)
        return probe;
    if (memcmp(data + 12, "VP8X", 4) == 0) {
        probe.width = le24(data + 24) + 1;
        probe.height = le24(data + 27) + 1;
    } else if (memcmp(data + 12, "VP8L", 4) == 0) {
        probe.width = 1 + (((data[22] & 0x3f) << 8) | data[21]);
        probe.height = 1 + (((data[24] & 0x0f) << 10) | (data[23] << 2) | (data[22] >> 6));
    } else if (memcmp(data + 12, "VP8 ", 4) == 0) {
        probe.width = (data[26] | data[27] << 8) & 0x3fff;
        probe.height = (data[28] | data[29] << 8) & 0x3fff;
    }
    return probe;
}

static struct probe probe_png(const unsigned char *data, size_t size)
{
    struct probe probe = {.kind = PROBE_PNG};
    if (size >= 24 && memcmp(data + 12, "IHDR", 4) == 0 && be32(data + 16) <= INT32_MAX &&
        be32(data + 20) <= INT32_MAX) {
        probe.width = (int32_t)be32(data + 16);
        probe.height = (int32_t)be32(data + 20);
    }
    return probe;
}

struct probe probe_file(const unsigned char *data, size_t size)
{
    if (size >= 3 && memcmp(data, "\xff\xd8\xff", 3) == 0)
        return probe_jpeg(data, size);
    if (size >= 8 && memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0)
        return probe_png(data, size);
    if (size >= 16 && memcmp(data, "RIFF", 4) == 0 && memcmp(data + 8, "WEBP", 4) == 0)
        return probe_webp(data, size);
    if (size >= 5 && memcmp(data, "%PDF-", 5) == 0)
        return (struct probe){.kind = PROBE_PDF};
    return (struct probe){.kind = PROBE_UNKNOWN};
}

/* ---- PDF (ISO 32000-1) */

struct scan {
    int pages;
    bool active;
};

static bool name_ends(unsigned char c)
{
    return c <= ' ' || strchr("()<>[]{}/%", c) != NULL;
}

static int hex_digit(unsigned char c)
{
    return c >= '0' && c <= '9'                 ? c - '0'
           : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                : -1;
}

/* A name after its slash, with #xx resolved (7.3.5). Returns how many bytes it took. */
static size_t read_name(const unsigned char *at, size_t left, char out[static 32])
{
    size_t i = 0, made = 0;
    while (i < left && !name_ends(at[i])) {
        unsigned char c = at[i];
        if (c == '#' && i + 2 < left && hex_digit(at[i + 1]) >= 0 && hex_digit(at[i + 2]) >= 0) {
            c = (unsigned char)(hex_digit(at[i + 1]) * 16 + hex_digit(at[i + 2]));
            i += 2;
        }
        if (made < 31)
            out[made++] = (char)c;
        i++;
    }
    out[made] = '\0';
    return i;
}

static void scan_names(const unsigned char *data, size_t size, struct scan *scan)
{
    static const char *const active[] = {"JavaScript",    "JS",         "Launch", "EmbeddedFile",
                                         "EmbeddedFiles", "RichMedia",  "AA",     "Encrypt",
                                         "SubmitForm",    "ImportData", "GoToE",  "XFA",
                                         "OpenAction"};
    char name[32], before[32] = "";
    for (size_t at = 0; at < size; at++) {
        if (data[at] != '/')
            continue;
        at += read_name(data + at + 1, size - at - 1, name);
        for (size_t i = 0; i < sizeof active / sizeof active[0]; i++)
            /* an OpenAction that only opens a page is common: it counts with an action's name elsewhere */
            if (strcmp(name, active[i]) == 0 && strcmp(name, "OpenAction") != 0)
                scan->active = true;
        if (strcmp(before, "Type") == 0 && strcmp(name, "Page") == 0)
            scan->pages++;
        memcpy(before, name, sizeof before);
    }
}

static const unsigned char *find(const unsigned char *from, const unsigned char *end,
                                 const char *word)
{
    return end > from ? memmem(from, (size_t)(end - from), word, strlen(word)) : NULL;
}

/* Inflates one object stream and scans it; false: it is not what it says. */
static bool scan_object_stream(const unsigned char *data, size_t size, size_t *room,
                               struct scan *scan)
{
    unsigned char *out = malloc(*room);
    z_stream z = {.next_in = (unsigned char *)(uintptr_t)data,
                  .avail_in = (uInt)size,
                  .next_out = out,
                  .avail_out = (uInt)*room};
    bool good = out != NULL && inflateInit(&z) == Z_OK;
    if (good) {
        int code = inflate(&z, Z_FINISH);
        good = code == Z_STREAM_END || (code == Z_BUF_ERROR && z.avail_out > 0 && z.total_out > 0);
        scan_names(out, z.total_out, scan);
        *room -= z.total_out;
        inflateEnd(&z);
    }
    free(out);
    return good;
}

/* Every stream whose dictionary (the text since the last "obj") names ObjStm must be plain Flate. */
static bool scan_streams(const unsigned char *data, size_t size, struct scan *scan)
{
    const unsigned char *end = data + size, *at = data, *next;
    size_t room = INFLATED_MAX;
    while ((next = find(at, end, "stream")) != NULL) {
        const unsigned char *object = at;
        for (const unsigned char *o; (o = find(object, next, " obj")) != NULL;)
            object = o + 4;
        const unsigned char *close = find(next, end, "endstream");
        if (close == NULL)
            return true; /* the word in a comment or trailer */
        if (find(object, next, "/ObjStm") != NULL) {
            const unsigned char *body = next + 6;
            body += body < close && *body == '\r';
            body += body < close && *body == '\n';
            if (find(object, next, "/FlateDecode") == NULL ||
                find(object, next, "/DecodeParms") != NULL ||
                !scan_object_stream(body, (size_t)(close - body), &room, scan))
                return false;
        }
        at = close + 9;
    }
    return true;
}

enum pdf_verdict probe_pdf(const unsigned char *data, size_t size)
{
    struct scan scan = {0};
    size_t tail = size < 2048 ? size : 2048;
    if (size < 64 || memmem(data + size - tail, tail, "%%EOF", 5) == NULL)
        return PDF_BROKEN;
    scan_names(data, size, &scan);
    if (!scan_streams(data, size, &scan) || scan.active)
        return PDF_ACTIVE;
    return scan.pages >= 1 && scan.pages <= PAGES_MAX ? PDF_GOOD : PDF_BROKEN;
}
