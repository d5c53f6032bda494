/* The inbox. */
#include "notification.pb-c.h"
#include "notification_queries.h"
#include "nouns.h"
#include "reasons.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static answer message_list(struct call *c)
{
    const Notification__ListMessagesRequest *req = c->request;
    char *end = NULL;
    long long before = req->cursor[0] == '\0' ? INT64_MAX : strtoll(req->cursor, &end, 10);
    if (before <= 0 || (end != NULL && *end != '\0'))
        return call_fail_field(c, "cursor", "分页位置无效，请返回列表首页。");
    call_set_integer(c, "before_id", before);
    page_begin(c, req->limit);
    batch_add(c, &sql_message_total);
    batch_add(c, &sql_message_list);
    return page_reply(c);
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

static answer template_list(struct call *c)
{
    batch_add(c, &sql_template_list);
    return batch_reply(c, REASON_none);
}

const struct op message_ops[] = {
    {"ListMessages",  ANYONE_LOGGED_IN,   message_list,          0},
    {"CountUnread",   ANYONE_LOGGED_IN,   message_unread,        0},
    {"MarkRead",      ANYONE_LOGGED_IN,   message_mark_read,     0},
    {"MarkAllRead",   ANYONE_LOGGED_IN,   message_mark_all_read, 0},
    {"ListTemplates", STAFF("dues.read"), template_list,         0},
    OP_END,
};
