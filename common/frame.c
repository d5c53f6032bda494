#include "frame.h"

#include <string.h>

enum { FIELDS_MAX = 12 };

/* A field of struct frame: a number, or a text (bytes: a NUL may be in it) with its longest size. */
struct field {
    size_t offset;
    size_t text_max; /* 0: a number */
    bool bytes;
};
#define NUMBER(name)                                                                               \
    {                                                                                              \
        offsetof(struct frame, name), 0, false                                                     \
    }
#define TEXT(name, max)                                                                            \
    {                                                                                              \
        offsetof(struct frame, name), max, false                                                   \
    }
#define BYTES(name, max)                                                                           \
    {                                                                                              \
        offsetof(struct frame, name), max, true                                                    \
    }
#define ID NUMBER(id_high), NUMBER(id_low)
#define END                                                                                        \
    {                                                                                              \
        0, 0, false                                                                                \
    }

/* `kind` stands at offset 0, so that an END can be told from every field. Laid out by hand: clang-format does it anew each time. */
/* clang-format off */
static const struct field layouts[FRAME_KINDS][FIELDS_MAX] = {
    [FRAME_HELLO] = {TEXT(service, FRAME_SERVICE_MAX), TEXT(instance, FRAME_INSTANCE_MAX), NUMBER(epoch), NUMBER(capacity),
                     TEXT(methods, FRAME_METHODS_MAX), END},
    [FRAME_WELCOME] = {TEXT(instance, FRAME_INSTANCE_MAX), END},
    [FRAME_REFUSE] = {TEXT(trace, FRAME_TRACE_MAX), END},
    [FRAME_REQ] = {ID, NUMBER(time_left_ms), NUMBER(attempt), NUMBER(depth), NUMBER(body_size),
                   TEXT(method, FRAME_METHOD_MAX), TEXT(key, FRAME_KEY_MAX), TEXT(trace, FRAME_TRACE_MAX),
                   TEXT(from, FRAME_SERVICE_MAX), BYTES(assertion, FRAME_ASSERTION_MAX), END},
    [FRAME_REP] = {ID, NUMBER(status), END},
    [FRAME_NACK] = {ID, END},
    [FRAME_CANCEL] = {ID, END},
    [FRAME_PING] = {NUMBER(in_flight), NUMBER(oldest_ms), NUMBER(progress), NUMBER(ewma_us), NUMBER(credits),
                    NUMBER(revocation_seq), END},
    [FRAME_PONG] = {END},
    [FRAME_DRAIN] = {END},
    [FRAME_DRAIN_OK] = {END},
    [FRAME_BYE] = {END},
    [FRAME_CHUNK] = {ID, NUMBER(chunks), END},
    [FRAME_WINDOW_MORE] = {ID, NUMBER(chunks), END},
    [FRAME_REVOKE] = {NUMBER(revocation_seq), NUMBER(account_id), BYTES(session_hash, FRAME_HASH_MAX), END},
};
/* clang-format on */

static bool is_end(const struct field *field)
{
    return field->offset == 0;
}

static bool text_is_good(const struct field *field, struct frame_text text)
{
    return text.size <= field->text_max &&
           (field->bytes || text.size == 0 || memchr(text.data, '\0', text.size) == NULL);
}

static size_t number_encode(uint64_t number, unsigned char *out)
{
    for (int i = 0; i < 8; i++)
        out[i] = (unsigned char)(number >> (8 * i));
    return 8;
}

static size_t text_encode(struct frame_text text, unsigned char *out)
{
    out[0] = (unsigned char)text.size;
    out[1] = (unsigned char)(text.size >> 8);
    if (text.size > 0)
        memcpy(out + 2, text.data, text.size);
    return 2 + text.size;
}

size_t frame_encode(const struct frame *frame, unsigned char *out)
{
    size_t at = 2;
    out[0] = FRAME_VERSION;
    out[1] = (unsigned char)frame->kind;
    for (const struct field *field = layouts[frame->kind]; !is_end(field); field++) {
        const void *value = (const char *)frame + field->offset;
        if (field->text_max == 0) {
            at += number_encode(*(const uint64_t *)value, out + at);
            continue;
        }
        const struct frame_text *text = value;
        if (!text_is_good(field, *text))
            return 0;
        at += text_encode(*text, out + at);
    }
    return at;
}

/* Bytes read, 0 if they are too few or the text is not allowed there. */
static size_t field_decode(const struct field *field, const unsigned char *in, size_t size,
                           void *ret_value)
{
    if (field->text_max == 0) {
        uint64_t number = 0;
        if (size < 8)
            return 0;
        for (int i = 0; i < 8; i++)
            number |= (uint64_t)in[i] << (8 * i);
        *(uint64_t *)ret_value = number;
        return 8;
    }
    if (size < 2)
        return 0;
    struct frame_text text = {(const char *)in + 2, (size_t)in[0] | (size_t)in[1] << 8};
    if (text.size > size - 2 || !text_is_good(field, text))
        return 0;
    *(struct frame_text *)ret_value = text;
    return 2 + text.size;
}

bool frame_decode(const void *data, size_t size, struct frame *ret_frame)
{
    const unsigned char *in = data;
    struct frame frame = {.kind = FRAME_HELLO};
    size_t at = 2;
    if (size < 2 || size > FRAME_HEADER_MAX || in[0] != FRAME_VERSION || in[1] < FRAME_HELLO ||
        in[1] >= FRAME_KINDS)
        return false;
    frame.kind = (enum frame_kind)in[1];
    for (const struct field *field = layouts[frame.kind]; !is_end(field); field++) {
        size_t used = field_decode(field, in + at, size - at, (char *)&frame + field->offset);
        if (used == 0)
            return false;
        at += used;
    }
    if (at != size)
        return false;
    *ret_frame = frame;
    return true;
}

struct frame_text frame_text(const char *text)
{
    return (struct frame_text){text, text == NULL ? 0 : strlen(text)};
}

bool frame_text_is(struct frame_text text, const char *other)
{
    return strlen(other) == text.size &&
           (text.size == 0 || memcmp(text.data, other, text.size) == 0);
}

void frame_text_copy(struct frame_text text, char *out, size_t room)
{
    size_t size = text.size < room - 1 ? text.size : room - 1;
    if (size > 0)
        memcpy(out, text.data, size);
    out[size] = '\0';
}
