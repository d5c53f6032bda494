#include "enclosure.h"

#include "common.pb-c.h"
#include "log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PART_MS = 5000, FILE_MAX = 25 * 1024 * 1024 };

struct fetching {
    struct service_run *run;
    enclosure_fn *done;
    void *owner;
    uint32_t part;
    size_t got;
    struct enclosure enclosure;
    char file_id[100];
};

static void ask(struct fetching *fetching);

static void finish(struct fetching *fetching, bool is_whole)
{
    if (!is_whole) {
        log_line(LOGGED_WARNING, "the file of an e-mail was not got", "file=%s part=%u",
                 fetching->file_id, fetching->part);
        free(fetching->enclosure.bytes);
    }
    fetching->done(fetching->owner, is_whole ? &fetching->enclosure : NULL);
    free(fetching);
}

/* false: it is no part of this file. */
static bool keep(struct fetching *fetching, const Common__AttachmentPart *part)
{
    struct enclosure *enclosure = &fetching->enclosure;
    if (fetching->part == 0) {
        if (part->size_bytes == 0 || part->size_bytes > FILE_MAX)
            return false;
        enclosure->size = part->size_bytes;
        enclosure->bytes = malloc(enclosure->size);
        snprintf(enclosure->name, sizeof enclosure->name, "%s", part->file_name);
        snprintf(enclosure->type, sizeof enclosure->type, "%s", part->content_type);
    }
    if (enclosure->bytes == NULL || part->size_bytes != enclosure->size || part->content.len == 0 ||
        part->content.len > enclosure->size - fetching->got)
        return false;
    memcpy(enclosure->bytes + fetching->got, part->content.data, part->content.len);
    fetching->got += part->content.len;
    fetching->part++;
    return true;
}

static void on_part(void *owner, enum status status, const void *payload, size_t size)
{
    struct fetching *fetching = owner;
    Common__AttachmentPart *part =
        status == STATUS_OK ? common__attachment_part__unpack(NULL, size, payload) : NULL;
    bool good = part != NULL && keep(fetching, part);
    if (part != NULL)
        common__attachment_part__free_unpacked(part, NULL);
    if (good && fetching->got < fetching->enclosure.size)
        ask(fetching);
    else
        finish(fetching, good);
}

static void ask(struct fetching *fetching)
{
    uint8_t packed[200];
    Common__ReadAttachmentRequest request = COMMON__READ_ATTACHMENT_REQUEST__INIT;
    request.id = fetching->file_id;
    request.part = fetching->part;
    service_ask(fetching->run, "payment", "ReadReceiptFile", packed,
                common__read_attachment_request__pack(&request, packed), PART_MS, on_part,
                fetching);
}

void enclosure_fetch(struct service_run *run, const char *file_id, enclosure_fn *done, void *owner)
{
    struct fetching *fetching = calloc(1, sizeof *fetching);
    if (fetching == NULL)
        abort();
    fetching->run = run;
    fetching->done = done;
    fetching->owner = owner;
    snprintf(fetching->file_id, sizeof fetching->file_id, "%s", file_id);
    ask(fetching);
}
