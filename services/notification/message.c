/* The inbox. */
#include "notification.pb-c.h"
#include "notification_queries.h"
#include "nouns.h"
#include "reasons.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { PAGE_DEFAULT = 20 };

static size_t page_size(const Notification__ListMessagesRequest *req)
{
    return req->limit == 0 ? PAGE_DEFAULT : req->limit;
}

static answer message_list_done(struct call *c, const struct rows *results)
{
    struct rows list = results[1];
    size_t size = page_size(c->request);
    bool more = list.count > size;
    if (more)
        list.count = size;
    ProtobufCMessage *message =
        message_from_rows(&notification__message_page__descriptor, &list, c->arena);
    Notification__MessagePage *page = (Notification__MessagePage *)message;
    if (page == NULL)
        return call_fail(c, REASON_internal);
    page->total = (uint32_t)rows_integer(&results[0], 0, "total");
    if (more)
        page->next_cursor = arena_text(c->arena, rows_get(&list, size - 1, "id"));
    return call_reply(c, &page->base);
}

static answer message_list(struct call *c)
{
    const Notification__ListMessagesRequest *req = c->request;
    char *end = NULL;
    long long before = req->cursor[0] == '\0' ? INT64_MAX : strtoll(req->cursor, &end, 10);
    if (before <= 0 || (end != NULL && *end != '\0'))
        return call_fail_field(c, "cursor", "分页位置无效，请返回列表首页。");
    call_set_integer(c, "before_id", before);
    call_set_integer(c, "page_size", (int64_t)page_size(req));
    batch_add(c, &sql_message_total);
    batch_add(c, &sql_message_list);
    return batch_then(c, message_list_done);
}

static answer message_unread(struct call *c)
{
    batch_add(c, &sql_message_unread);
    return batch_reply(c, REASON_none);
}

static answer message_mark_read(struct call *c)
{
    batch_add(c, &sql_message_mark_read);
    batch_add(c, &sql_message_unread);
    return batch_reply(c, REASON_none);
}

static answer message_mark_all_read(struct call *c)
{
    call_set_integer(c, "id", 0);
    return message_mark_read(c);
}

const struct op message_ops[] = {
    {"ListMessages", ANYONE_LOGGED_IN, message_list,          0},
    {"CountUnread",  ANYONE_LOGGED_IN, message_unread,        0},
    {"MarkRead",     ANYONE_LOGGED_IN, message_mark_read,     0},
    {"MarkAllRead",  ANYONE_LOGGED_IN, message_mark_all_read, 0},
    OP_END,
};
