#include "event.h"

#include "message.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char *place_of(const char *source, const char *event_id, struct arena *arena)
{
    return arena_printf(arena, "event|%s|%s", source, event_id);
}

void *event_seal(const struct keyring *keys, const char *source, const char *event_id,
                 const struct event *event, struct arena *arena, size_t *ret_size)
{
    Common__DeliverEventRequest request = COMMON__DELIVER_EVENT_REQUEST__INIT;
    const char *content =
        arena_printf(arena, "{\"name\":\"%s\",\"payload\":%s}", event->name, event->payload);
    request.source = (char *)(uintptr_t)source;
    request.event_id = (char *)(uintptr_t)event_id;
    request.sealed.data = secret_seal(keys, place_of(source, event_id, arena), content,
                                      strlen(content), arena, &request.sealed.len);
    return message_pack(&request.base, arena, ret_size);
}

static const char *json_text(const json_t *value, struct arena *arena)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (text == NULL)
        abort();
    const char *copy = arena_text(arena, text);
    free(text);
    return copy;
}

bool event_open(const struct keyring *keys, const Common__DeliverEventRequest *request,
                struct arena *arena, struct event *ret_event)
{
    size_t size;
    const char *content = secret_open(keys, place_of(request->source, request->event_id, arena),
                                      request->sealed.data, request->sealed.len, arena, &size);
    if (content == NULL)
        return false;
    json_t *event = json_loadb(content, size, 0, NULL);
    const json_t *payload = json_object_get(event, "payload");
    const char *name = json_string_value(json_object_get(event, "name"));
    bool whole = name != NULL && json_is_object(payload);
    if (whole)
        *ret_event = (struct event){arena_text(arena, name), json_text(payload, arena)};
    json_decref(event);
    return whole;
}

const char *event_text(const struct event *event, const char *member, struct arena *arena)
{
    json_t *payload = json_loads(event->payload, 0, NULL);
    const json_t *value = json_object_get(payload, member);
    const char *text = NULL;
    if (json_is_string(value))
        text = arena_text(arena, json_string_value(value));
    else if (json_is_number(value) || json_is_boolean(value))
        text = json_text(value, arena);
    json_decref(payload);
    return text;
}
