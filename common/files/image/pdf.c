/* How an object stream is found, though a file may be written to hide it. Viewers start to read at any byte that the
   cross-reference names, so we cannot know where their dictionaries begin. But an object stream's has the key /First,
   so we look at each /First: it must stand inside a dictionary, as we read the file from its start, and not in a
   string, a comment or a stream; else the file is refused. From there on viewers and we read the same text, whatever
   stood before, and the next "stream" is the object stream. Ends of objects count outside of dictionaries only. */
#include "pdf.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
    INFLATED_MAX = 32 * 1024 * 1024, /* of all object streams together */
    INFLATED_PER_BYTE = 1032,        /* deflate cannot do better */
    TAIL = 2048,                     /* where the end marker must stand */
    NAME_SIZE = 32,
};

/* What was read since the last end of an object. */
struct object {
    bool has_first, has_parameters;
    int filters, plain_filters; /* /Filter keys, and those that say FlateDecode and nothing else */
};

struct scan {
    int pages;
    bool is_refused; /* something active, or not readable */
    size_t depth;    /* of dictionaries */
    struct object object;
    unsigned char *inflated;
    size_t inflated_left, deflated_left;
};

/* ---- the alphabet (7.2) */

static bool is_space(unsigned char c)
{
    return c == '\0' || c == '\t' || c == '\n' || c == '\f' || c == '\r' || c == ' ';
}

static bool ends_name(unsigned char c)
{
    return is_space(c) || strchr("()<>[]{}/%", c) != NULL;
}

static int hex_digit(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static size_t spaces(const unsigned char *at, size_t left)
{
    size_t i = 0;
    while (i < left && is_space(at[i]))
        i++;
    return i;
}

static bool word_is(const unsigned char *at, size_t left, const char *word)
{
    size_t size = strlen(word);
    return left >= size && memcmp(at, word, size) == 0;
}

/* A name behind its slash, with #xx resolved (7.3.5). Returns how many bytes it took. */
static size_t read_name(const unsigned char *at, size_t left, char out[static NAME_SIZE])
{
    size_t i = 0, made = 0;
    for (; i < left && !ends_name(at[i]); i++) {
        unsigned char c = at[i];
        if (c == '#' && left - i > 2 && hex_digit(at[i + 1]) >= 0 && hex_digit(at[i + 2]) >= 0) {
            c = (unsigned char)(hex_digit(at[i + 1]) * 16 + hex_digit(at[i + 2]));
            i += 2;
        }
        if (made < NAME_SIZE - 1)
            out[made++] = (char)c;
    }
    out[made] = '\0';
    return i;
}

/* ---- names that tell of something active, and pages */

static bool is_one_of(const char *name, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(name, *list) == 0)
            return true;
    return false;
}

/* Does a value follow that such a key may have? Compressed bytes spell two-letter names by chance, about once in ten
   megabytes; they seldom go on like this. */
static bool value_follows(const unsigned char *at, size_t left)
{
    size_t i = spaces(at, left);
    return i == left || strchr("(<[/%", at[i]) != NULL || (i > 0 && at[i] >= '0' && at[i] <= '9');
}

static bool is_active(const char *name, const unsigned char *after, size_t left)
{
    static const char *const always[] = {
        "JavaScript", "Launch",     "EmbeddedFile", "EmbeddedFiles", "FileAttachment", "RichMedia",
        "SubmitForm", "ImportData", "GoToE",        "Encrypt",       "Rendition",      NULL};
    static const char *const with_value[] = {"JS", "AA", "EF", "XFA", NULL};
    return is_one_of(name, always) || (is_one_of(name, with_value) && value_follows(after, left));
}

/* /Type/Page, and not /Pages or /PageLabel. */
static bool is_page(const char *name, const unsigned char *after, size_t left)
{
    char value[NAME_SIZE];
    size_t i = spaces(after, left);
    if (strcmp(name, "Type") != 0 || i == left || after[i] != '/')
        return false;
    read_name(after + i + 1, left - i - 1, value);
    return strcmp(value, "Page") == 0;
}

/* At a slash. Returns the bytes taken. */
static size_t scan_name(const unsigned char *at, size_t left, struct scan *scan,
                        char name[static NAME_SIZE])
{
    size_t taken = 1 + read_name(at + 1, left - 1, name);
    scan->is_refused |= is_active(name, at + taken, left - taken);
    scan->pages += is_page(name, at + taken, left - taken);
    return taken;
}

/* ---- object streams (7.5.7) */

static void scan_inflated(const unsigned char *data, size_t size, struct scan *scan)
{
    char name[NAME_SIZE];
    for (size_t at = 0; at < size;)
        at += data[at] == '/' ? scan_name(data + at, size - at, scan, name) : 1;
}

/* false: not readable, or too much. What follows the deflated bytes does not matter. */
static bool inflate_all(const unsigned char *data, size_t size, struct scan *scan)
{
    if (scan->inflated == NULL)
        scan->inflated = malloc(scan->inflated_left);
    z_stream z = {.next_in = (unsigned char *)(uintptr_t)data, /* zlib only reads it */
                  .avail_in = (uInt)(size < scan->deflated_left ? size : scan->deflated_left),
                  .next_out = scan->inflated,
                  .avail_out = (uInt)scan->inflated_left};
    if (scan->inflated == NULL || inflateInit(&z) != Z_OK)
        return false;
    bool good = inflate(&z, Z_FINISH) == Z_STREAM_END;
    scan->deflated_left -= z.total_in;
    scan->inflated_left -= z.total_out;
    if (good)
        scan_inflated(scan->inflated, z.total_out, scan);
    inflateEnd(&z);
    return good;
}

/* Behind the word "stream": the end of its line, then the bytes. Viewers skip different things in its place. */
static bool scan_object_stream(const unsigned char *at, size_t left, struct scan *scan)
{
    const struct object *object = &scan->object;
    size_t i = 0;
    if (object->filters != 1 || object->plain_filters != 1 || object->has_parameters)
        return false;
    while (i < left && (at[i] == ' ' || at[i] == '\t'))
        i++;
    if (i == left || (at[i] != '\r' && at[i] != '\n'))
        return false;
    i += at[i] == '\r' && left - i > 1 && at[i + 1] == '\n' ? 2 : 1;
    return inflate_all(at + i, left - i, scan);
}

/* ---- the file */

static size_t comment_length(const unsigned char *at, size_t left)
{
    size_t i = 0;
    while (i < left && at[i] != '\r' && at[i] != '\n')
        i++;
    return i;
}

static size_t string_length(const unsigned char *at, size_t left)
{
    size_t open = 0;
    for (size_t i = 0; i < left; i++) {
        if (at[i] == '\\')
            i++;
        else if (at[i] == '(')
            open++;
        else if (at[i] == ')' && --open == 0)
            return i + 1;
    }
    return left;
}

/* Up to a word, without it. */
static size_t length_to(const unsigned char *at, size_t left, const char *word)
{
    const unsigned char *end = memmem(at, left, word, strlen(word));
    return end == NULL ? left : (size_t)(end - at);
}

/* Strings, comments, the insides of streams. */
static size_t scan_apart(const unsigned char *at, size_t size, struct scan *scan)
{
    char name[NAME_SIZE];
    for (size_t i = 0; i < size;) {
        if (at[i] != '/') {
            i++;
            continue;
        }
        i += scan_name(at + i, size - i, scan, name);
        scan->is_refused |= strcmp(name, "First") == 0;
    }
    return size;
}

/* The value of /Filter: /FlateDecode, maybe in brackets. */
static bool is_plain_filter(const unsigned char *at, size_t left)
{
    char name[NAME_SIZE];
    size_t i = spaces(at, left);
    bool in_brackets = i < left && at[i] == '[';
    if (in_brackets)
        i += 1 + spaces(at + i + 1, left - i - 1);
    if (i == left || at[i] != '/')
        return false;
    i += 1 + read_name(at + i + 1, left - i - 1, name);
    i += spaces(at + i, left - i);
    return strcmp(name, "FlateDecode") == 0 && (!in_brackets || (i < left && at[i] == ']'));
}

static size_t scan_key(const unsigned char *at, size_t left, struct scan *scan)
{
    char name[NAME_SIZE];
    size_t taken = scan_name(at, left, scan, name);
    if (strcmp(name, "First") == 0) {
        scan->object.has_first = true;
        scan->is_refused |= scan->depth == 0;
    } else if (strcmp(name, "Filter") == 0) {
        scan->object.filters++;
        scan->object.plain_filters += is_plain_filter(at + taken, left - taken);
    } else if (strcmp(name, "DecodeParms") == 0 || strcmp(name, "DP") == 0) {
        scan->object.has_parameters = true;
    }
    return taken;
}

static size_t scan_word(const unsigned char *at, size_t left, struct scan *scan)
{
    if (word_is(at, left, "stream")) {
        if (scan->object.has_first)
            scan->is_refused |= !scan_object_stream(at + 6, left - 6, scan);
        return 6 + scan_apart(at + 6, length_to(at + 6, left - 6, "endstream"), scan);
    }
    bool is_end = word_is(at, left, "endstream") || word_is(at, left, "endobj");
    if (is_end && scan->depth == 0)
        scan->object = (struct object){0};
    return is_end ? 6 : 1; /* "endstr" and "endobj" */
}

/* Returns the bytes taken. */
static size_t scan_token(const unsigned char *at, size_t left, struct scan *scan)
{
    bool is_double = left > 1 && at[1] == at[0];
    switch (*at) {
    case '/':
        return scan_key(at, left, scan);
    case '%':
        return scan_apart(at, comment_length(at, left), scan);
    case '(':
        return scan_apart(at, string_length(at, left), scan);
    case '<':
        scan->depth += is_double;
        return is_double ? 2 : scan_apart(at, length_to(at, left, ">"), scan);
    case '>':
        scan->depth -= is_double && scan->depth > 0;
        return is_double ? 2 : 1;
    default:
        return scan_word(at, left, scan);
    }
}

enum pdf_verdict pdf_check(const unsigned char *data, size_t size)
{
    /* No file need be inflated twice: an object stream that reaches into the next is made to cost time. */
    struct scan scan = {.inflated_left = INFLATED_MAX, .deflated_left = 2 * size};
    if (size < INFLATED_MAX / INFLATED_PER_BYTE)
        scan.inflated_left = INFLATED_PER_BYTE * size;
    size_t tail = size < TAIL ? size : TAIL;
    if (memmem(data + size - tail, tail, "%%EOF", 5) == NULL)
        return PDF_BROKEN;
    for (size_t at = 0; at < size && !scan.is_refused;)
        at += scan_token(data + at, size - at, &scan);
    free(scan.inflated);
    if (scan.is_refused)
        return PDF_ACTIVE;
    if (scan.pages > PDF_PAGES_MAX)
        return PDF_TOO_LONG;
    return scan.pages > 0 ? PDF_GOOD : PDF_BROKEN;
}
