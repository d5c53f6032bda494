/* The ZIP's central directory (APPNOTE 4.3.12) is what readers go by; each of its entries must stand where it says, under
   the same name. */
#include "ofd.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

enum {
    ENTRIES_MAX = 1000,
    INFLATED_MAX = 200 * 1024 * 1024, /* of all entries, as they say */
    NAME_MAX_BYTES = 255,
    END_SIZE = 22,
    END_COMMENT_MAX = 65535,
    CENTRAL_SIZE = 46,
    LOCAL_SIZE = 30,
    ROOT_BYTES = 4096, /* of OFD.xml, in which its root element stands */
    STORED = 0,
    DEFLATED = 8,
};

static unsigned le16(const unsigned char *at)
{
    return at[0] | (unsigned)at[1] << 8;
}

static size_t le32(const unsigned char *at)
{
    return le16(at) | (size_t)le16(at + 2) << 16;
}

struct entry {
    const unsigned char *name, *content;
    size_t name_size, packed, whole;
    unsigned method;
};

/* The end of the central directory, or NULL. */
static const unsigned char *end_of(const unsigned char *data, size_t size)
{
    for (size_t back = END_SIZE; back <= size && back <= END_SIZE + END_COMMENT_MAX; back++) {
        const unsigned char *at = data + size - back;
        if (memcmp(at, "PK\5\6", 4) == 0 && le16(at + 20) == back - END_SIZE)
            return at;
    }
    return NULL;
}

/* Inside the archive, in plain signs: no way out of it. */
static bool name_is_good(const unsigned char *name, size_t size)
{
    if (size == 0 || size > NAME_MAX_BYTES || name[0] == '/' || memmem(name, size, "..", 2) != NULL)
        return false;
    for (size_t i = 0; i < size; i++)
        if (name[i] < 0x20 || name[i] == '\\' || name[i] == ':' || name[i] == 0x7f)
            return false;
    return true;
}

/* Is the entry where the directory says? */
static bool read_local(const unsigned char *data, size_t size, size_t offset, struct entry *entry)
{
    if (offset > size || size - offset < LOCAL_SIZE)
        return false;
    const unsigned char *at = data + offset;
    size_t left = size - offset - LOCAL_SIZE, extra = le16(at + 28);
    if (memcmp(at, "PK\3\4", 4) != 0 || (le16(at + 6) & 1) != 0 ||
        le16(at + 26) != entry->name_size || left < entry->name_size + extra ||
        left - entry->name_size - extra < entry->packed ||
        memcmp(at + LOCAL_SIZE, entry->name, entry->name_size) != 0)
        return false;
    entry->content = at + LOCAL_SIZE + entry->name_size + extra;
    return true;
}

/* The next entry of the directory, from `*at` on. */
static bool read_entry(const unsigned char *data, size_t size, size_t *at, struct entry *entry)
{
    if (size - *at < CENTRAL_SIZE || memcmp(data + *at, "PK\1\2", 4) != 0)
        return false;
    const unsigned char *head = data + *at;
    size_t more = le16(head + 28) + (size_t)le16(head + 30) + le16(head + 32);
    if (size - *at - CENTRAL_SIZE < more || (le16(head + 8) & 1) != 0)
        return false;
    *entry = (struct entry){.name = head + CENTRAL_SIZE,
                            .name_size = le16(head + 28),
                            .packed = le32(head + 20),
                            .whole = le32(head + 24),
                            .method = le16(head + 10)};
    *at += CENTRAL_SIZE + more;
    return name_is_good(entry->name, entry->name_size) &&
           (entry->method == DEFLATED ||
            (entry->method == STORED && entry->packed == entry->whole)) &&
           read_local(data, size, le32(head + 42), entry);
}

static bool is_root(const struct entry *entry)
{
    return entry->name_size == strlen("OFD.xml") && memcmp(entry->name, "OFD.xml", 7) == 0;
}

/* Does OFD.xml begin as one? The prefix of its namespace is the writer's to choose. */
static bool root_is_ofd(const struct entry *entry)
{
    unsigned char text[ROOT_BYTES];
    size_t got = entry->packed < sizeof text ? entry->packed : sizeof text;
    if (entry->method == STORED) {
        memcpy(text, entry->content, got);
    } else {
        z_stream z = {.next_in =
                          (unsigned char *)(uintptr_t)entry->content, /* zlib only reads it */
                      .avail_in = (uInt)entry->packed,
                      .next_out = text,
                      .avail_out = sizeof text};
        if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
            return false;
        int ended = inflate(&z, Z_SYNC_FLUSH);
        got = z.total_out;
        inflateEnd(&z);
        if (ended != Z_OK && ended != Z_STREAM_END && ended != Z_BUF_ERROR)
            return false;
    }
    return memmem(text, got, ":OFD ", 5) != NULL || memmem(text, got, "<OFD ", 5) != NULL;
}

/* Who hands in any other ZIP is told that its kind is not taken. */
static enum ofd_verdict flawed(const unsigned char *data, size_t size)
{
    return memmem(data, size, "OFD.xml", 7) != NULL ? OFD_BROKEN : OFD_OTHER;
}

enum ofd_verdict ofd_check(const unsigned char *data, size_t size)
{
    const unsigned char *end = end_of(data, size);
    struct entry entry;
    size_t whole = 0;
    bool has_root = false, root_is_good = false;
    if (end == NULL)
        return flawed(data, size);
    size_t count = le16(end + 10), at = le32(end + 16);
    if (count == 0 || count > ENTRIES_MAX || le16(end + 8) != count || at > size)
        return flawed(data, size);
    for (size_t i = 0; i < count; i++) {
        if (!read_entry(data, size, &at, &entry))
            return flawed(data, size);
        whole += entry.whole;
        if (is_root(&entry)) {
            has_root = true;
            root_is_good = root_is_ofd(&entry);
        }
    }
    if (whole > INFLATED_MAX)
        return OFD_BROKEN;
    return has_root ? (root_is_good ? OFD_GOOD : OFD_BROKEN) : OFD_OTHER;
}
