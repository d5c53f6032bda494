#include "frame.h"

#include <string.h>

enum { FIELDS_MAX = 12 };

/* A field of struct frame: a number, or a text with its longest size. */
struct field {
    size_t offset;
    size_t text_max; /* 0: a number */
};
#define NUMBER(name)                                                                               \
    {                                                                                              \
        offsetof(struct frame, name), 0                                                            \
    }
#define TEXT(name, max)                                                                            \
    {                                                                                              \
        offsetof(struct frame, name), max                                                          \
    }
#define ID NUMBER(id_high), NUMBER(id_low)
#define END                                                                                        \
    {                                                                                              \
        0, 0                                                                                       \
    }

/* `kind` stands at offset 0, so that an END can be told from every field. */
static const struct field layouts[FRAME_KINDS][FIELDS_MAX] = {
    [FRAME_HELLO] = {TEXT(service, 32), TEXT(instance, 64), NUMBER(epoch), NUMBER(capacity),
                     TEXT(methods, 4096), END},
    [FRAME_WELCOME] = {TEXT(instance, 64), END},
    [FRAME_REFUSE] = {TEXT(trace, 64), END},
    [FRAME_REQ] = {ID, NUMBER(time_left_ms), NUMBER(attempt), NUMBER(depth), NUMBER(body_size),
                   TEXT(method, 96), TEXT(key, 64), TEXT(trace, 64), TEXT(from, 32),
                   TEXT(assertion, 1024), END},
    [FRAME_REP] = {ID, NUMBER(status), END},
    [FRAME_NACK] = {ID, END},
    [FRAME_CANCEL] = {ID, END},
    [FRAME_PING] = {NUMBER(in_flight), NUMBER(progress), NUMBER(ewma_us), NUMBER(revocation_seq),
                    END},
    [FRAME_PONG] = {END},
    [FRAME_DRAIN] = {END},
    [FRAME_DRAIN_OK] = {END},
    [FRAME_BYE] = {END},
    [FRAME_CHUNK] = {ID, NUMBER(chunks), END},
    [FRAME_WINDOW_MORE] = {ID, NUMBER(chunks), END},
    [FRAME_REVOKE] = {NUMBER(revocation_seq), NUMBER(account_id), TEXT(session_hash, 32), END},
};

static const struct field *layout_next(const struct field *field)
{
    return field->offset == 0 ? NULL : field;
}

size_t frame_encode(const struct frame *frame, unsigned char *out)
{
    size_t at = 2;
    out[0] = FRAME_VERSION;
    out[1] = (unsigned char)frame->kind;
    for (const struct field *field = layouts[frame->kind]; layout_next(field) != NULL; field++) {
        const void *value = (const char *)frame + field->offset;
        if (field->text_max == 0) {
            uint64_t number = *(const uint64_t *)value;
            for (int i = 0; i < 8; i++)
                out[at++] = (unsigned char)(number >> (8 * i));
            continue;
        }
        const struct frame_text *text = value;
        if (text->size > field->text_max)
            return 0;
        out[at++] = (unsigned char)text->size;
        out[at++] = (unsigned char)(text->size >> 8);
        if (text->size > 0)
            memcpy(out + at, text->data, text->size);
        at += text->size;
    }
    return at;
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
    for (const struct field *field = layouts[frame.kind]; layout_next(field) != NULL; field++) {
        void *value = (char *)&frame + field->offset;
        if (field->text_max == 0) {
            uint64_t number = 0;
            if (size - at < 8)
                return false;
            for (int i = 0; i < 8; i++)
                number |= (uint64_t)in[at++] << (8 * i);
            *(uint64_t *)value = number;
            continue;
        }
        if (size - at < 2)
            return false;
        size_t length = (size_t)in[at] | (size_t)in[at + 1] << 8;
        at += 2;
        if (length > field->text_max || length > size - at)
            return false;
        *(struct frame_text *)value = (struct frame_text){(const char *)in + at, length};
        at += length;
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
    return strlen(other) == text.size && (text.size == 0 || memcmp(text.data, other, text.size) == 0);
}

void frame_text_copy(struct frame_text text, char *out, size_t room)
{
    size_t size = text.size < room - 1 ? text.size : room - 1;
    if (size > 0)
        memcpy(out, text.data, size);
    out[size] = '\0';
}
