/* Pictures that the association gives: the code that dues are paid by, which everybody sees, and its seal, which is drawn on
   certificates. */
#include "picture.h"

#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "reasons.h"
#include "service.h"

struct picture picture_from(const struct rows *row, struct arena *arena)
{
    struct picture picture = {.id = rows_get(row, 0, "picture_id")};
    if (picture.id == NULL)
        return picture;
    picture.owner = rows_integer(row, 0, "picture_owner");
    picture.size = (size_t)rows_integer(row, 0, "picture_bytes");
    picture.bytes = arena_alloc(arena, picture.size);
    return picture;
}

enum status picture_load(struct file_store *store, const struct picture *picture)
{
    return picture->size == 0
               ? STATUS_OK
               : file_load(store, picture->id, picture->owner, picture->size, picture->bytes);
}

static answer collection_code_read(struct call *c)
{
    static const struct file_statements shown = {.find = &sql_collection_code_find,
                                                 .may_change = true};
    const Payment__CollectionCodeRequest *req = c->request;
    struct payment *state = service_state(c->run);
    return file_read_part(c, &state->files, &shown, req->part, false);
}

static answer picture_list(struct call *c)
{
    batch_add(c, &sql_picture_list);
    return batch_reply(c, REASON_none);
}

static answer picture_set(struct call *c)
{
    batch_add(c, &sql_picture_set);
    return batch_reply(c, REASON_picture_changed);
}

const struct op picture_ops[] = {
    {"ReadCollectionCode", PUBLIC,                     collection_code_read, 0},
    {"ListPictures",       STAFF("dues.read"),         picture_list,         0},
    {"SetPicture",         STAFF("fee.schedule.edit"), picture_set,          0},
    OP_END,
};
