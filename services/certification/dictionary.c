/* Dictionaries: what can be chosen, and how staff change it. Nothing is deleted (schema/003_dictionary.sql). */
#include "certification.pb-c.h"
#include "certification_queries.h"
#include "nouns.h"
#include "reasons.h"

/* Each row of the second result is an item; the rest is told by the first. */
static answer dictionary_get_done(struct call *c, const struct rows *results)
{
    const Certification__DictionaryRequest *req = c->request;
    if (results[0].count == 0)
        return call_fail(c, REASON_dictionary_gone);
    ProtobufCMessage *message =
        message_from_rows(&certification__dictionary__descriptor, &results[1], c->arena);
    Certification__Dictionary *dictionary = (Certification__Dictionary *)message;
    if (dictionary == NULL)
        return call_fail(c, REASON_internal);
    dictionary->name = req->name;
    dictionary->title = arena_text(c->arena, rows_get(&results[0], 0, "title"));
    dictionary->version = (uint32_t)rows_integer(&results[0], 0, "version");
    return call_reply(c, &dictionary->base);
}

static answer dictionary_get(struct call *c)
{
    batch_add(c, &sql_dictionary_head);
    batch_add(c, &sql_dictionary_offered);
    return batch_then(c, dictionary_get_done);
}

static answer dictionary_get_whole(struct call *c)
{
    batch_add(c, &sql_dictionary_head);
    batch_add(c, &sql_dictionary_items);
    return batch_then(c, dictionary_get_done);
}

static answer dictionary_list(struct call *c)
{
    batch_add(c, &sql_dictionary_list);
    return batch_reply(c, REASON_none);
}

static answer dictionary_item_save(struct call *c)
{
    batch_add(c, &sql_dictionary_item_save);
    return batch_reply(c, REASON_dictionary_changed);
}

#define EDITOR STAFF("dict.edit")

const struct op dictionary_ops[] = {
    {"GetDictionary",      PUBLIC, dictionary_get,       0},
    {"ListDictionaries",   EDITOR, dictionary_list,      0},
    {"GetWholeDictionary", EDITOR, dictionary_get_whole, 0},
    {"SaveDictionaryItem", EDITOR, dictionary_item_save, 0},
    OP_END,
};
