/* Files of people: taken, cleaned in a confined child (guild-image), stored sealed; read part by part. The rows that name
   them are in the table `attachment` of the service that took them. */
#ifndef GUILD_FILES_H
#define GUILD_FILES_H

#include "blob.h"
#include "call.h"
#include "config.h"
#include "secret.h"
#include "work.h"

enum { FILE_UPLOAD_MAX = 10 * 1024 * 1024 };

struct file_store {
    struct blob_store *blobs;
    struct keyring *keys;
    struct work *work; /* cleaning, sealing and opening; good for printing, too */
    const char *image_program;
};

/* The settings of a service that keeps files. */
#define FILE_SETTINGS                                                                              \
    {"GUILD_BLOB_FOLDER", SETTING_TEXT, NULL, "folder where attachments are stored, encrypted"},   \
        {"GUILD_FIELD_KEY_FILE", SETTING_FILE, NULL,                                               \
         "keyring that attachments and fields are sealed with"},                                   \
    {                                                                                              \
        "GUILD_IMAGE_PROGRAM", SETTING_FILE, NULL, "path of guild-image, which cleans uploads"     \
    }

/* At the start; a setting that does not work ends the program with status 2. */
void file_store_open(struct file_store *store, struct service_run *run);
void file_store_close(struct file_store *store);

/* A service's statements on its table. `room` gives what the caller has stored: files, bytes. `insert` binds attachment_id,
   content_type, clean_bytes, width, height, thumbnail_bytes, content_hash, code_text (what QR codes on it say, one a line),
   print (what a picture is known by, see image/print.h, or nothing) beside the request, and gives the common.Attachment. `find` gives id, account_id, file_name, content_type, size_bytes, thumbnail_bytes, if the caller may
   read it. `look` writes the audit row of a member of staff who does. */
struct file_statements {
    const struct statement *room, *insert, *find, *look;
    bool takes_ofd;  /* beside pictures and PDF */
    bool may_change; /* another file may come under the same address */
};

/* Takes the file behind a common.UploadAttachmentRequest; its purpose is checked already. */
answer file_take(struct call *c, struct file_store *store,
                 const struct file_statements *statements);

/* Answers a common.ReadAttachmentRequest. A look of staff is in the audit before the first byte leaves. */
answer file_read(struct call *c, struct file_store *store,
                 const struct file_statements *statements);

/* The same for a request of another kind. */
answer file_read_part(struct call *c, struct file_store *store,
                      const struct file_statements *statements, uint32_t part, bool thumbnail);

/* A stored file, whole, into `out`. For actors. NOT_FOUND, UNAVAILABLE, or INTERNAL: it is another than was stored. */
enum status file_load(struct file_store *store, const char *id, int64_t owner, size_t size,
                      unsigned char *out) MUST_CHECK;

/* Answers part `number` of a file that was just made, as a common.AttachmentPart; frees `data`. */
answer file_part(struct call *c, unsigned char *data, size_t size, uint32_t number,
                 const char *content_type, const char *file_name, bool may_change);

#endif
