/* Files of people: taken, cleaned in a confined child (guild-image), stored sealed; read part by part. The rows that name
   them are in the table `attachment` of the service that took them.

   A file may come in pieces, so that a connection that breaks costs one piece and not the file. The pieces of one upload
   have one Idempotency-Key, and each says where it begins; they lie sealed in the store, whichever instance took them, and
   are named by a row of the service's table `upload`. The last one is an ordinary upload with that key, and an `offset`
   where it begins: what then is whole is cleaned and filed like any other, once, however often the last one is repeated. */
#ifndef GUILD_FILES_H
#define GUILD_FILES_H

#include "blob.h"
#include "call.h"
#include "config.h"
#include "ocr.h"
#include "secret.h"
#include "work.h"
#include <stdatomic.h>

enum {
    FILE_UPLOAD_MAX = 10 * 1024 * 1024,
    FILE_PIECE_MAX = 512 * 1024,
    FILE_READS_MAX = 4 /* licences being read or waiting for that */
};

/* A service's statements on its table `upload`, all of the caller's own; :upload_key is bound. `find` gives a
   common.Upload: received_bytes, and attachment if it was filed; no row: nothing is known of it. `pieces` gives id and
   size_bytes of each, in their order. `begun` gives bytes and pieces of all uploads of the caller. `add` binds piece_id,
   piece_bytes and the request's offset, and gives received_bytes, or no row: the offset is another. `forget` takes the row
   away. `sweep`, of anybody, takes those away that nobody went on with for a day, and gives the ids of their pieces. */
struct upload_statements {
    const struct statement *find, *pieces, *begun, *add, *forget, *sweep;
};

/* Who looks cleaned files through for viruses. While clamd does not answer no file is taken; for some seconds nobody is kept
   waiting for it. It has actors of its own, so that a silent one keeps no reader waiting. */
struct file_scanner {
    const char *socket; /* clamd's */
    struct work *work;  /* NULL: files are not scanned */
    atomic_uint_fast64_t away_until_ms;
    bool away; /* and it was said */
};

/* Who reads licences whose QR code tells no credit code. It has actors of its own, and who comes while they are busy is not read:
   nobody waits long for what is only an offer. */
struct file_reader {
    const struct ocr_provider *provider;
    const char *program;
    struct work *work; /* NULL: nothing is read */
};

struct file_store {
    struct blob_store *blobs;
    struct keyring *keys;
    struct work *work;    /* cleaning, sealing and opening; good for printing, too */
    struct work *erasing; /* quick, and never turned away for what takes long */
    struct file_scanner scanner;
    struct file_reader reader;
    struct service_run *run;
    const struct upload_statements *uploads;
    const char *image_program;
};

/* The settings of a service that keeps files. */
#define FILE_SETTINGS                                                                              \
    {"GUILD_BLOB_FOLDER", SETTING_TEXT, NULL, "folder where attachments are stored, encrypted"},   \
        {"GUILD_FIELD_KEY_FILE", SETTING_FILE, NULL,                                               \
         "keyring that attachments and fields are sealed with"},                                   \
        {"GUILD_IMAGE_PROGRAM", SETTING_FILE, NULL, "path of guild-image, which cleans uploads"},  \
    {                                                                                              \
        "GUILD_CLAMD_SOCKET", SETTING_TEXT, "",                                                    \
            "socket of clamd, which scans uploads for viruses; none: they are not scanned"         \
    }

/* At the start; a setting that does not work ends the program with status 2. Sweeps every ten minutes from now on. */
void file_store_open(struct file_store *store, struct service_run *run,
                     const struct upload_statements *uploads);
/* From then on licences are read; a provider that does not work ends the program with status 2. */
void file_store_read_by(struct file_store *store, const char *provider, const char *program);
/* Once: what was begun and not gone on with for a day goes. */
void file_sweep_run(struct file_store *store);
void file_store_close(struct file_store *store);

/* A service's statements on its table. `room` gives what the caller has stored: files, bytes. `insert` binds attachment_id,
   content_type, clean_bytes, width, height, thumbnail_bytes, content_hash, code_text (what QR codes on it say, one a line),
   print (what a picture is known by, see image/print.h, or nothing), seen_uscc (what was read on a licence, or nothing) beside the
   request, and gives the common.Attachment. `find` gives id, account_id, file_name, content_type, size_bytes, thumbnail_bytes, if the caller may
   read it. `look` writes the audit row of a member of staff who does. */
struct file_statements {
    const struct statement *room, *insert, *find, *look;
    bool (*is_licence)(const char *purpose); /* NULL: none is */
    bool takes_ofd;                          /* beside pictures and PDF */
    bool may_change;                         /* another file may come under the same address */
};

/* Takes the file behind a common.UploadAttachmentRequest, or the rest of one that came in pieces; its purpose is checked
   already. A repeat under the same Idempotency-Key is answered with the attachment that there is. */
answer file_take(struct call *c, struct file_store *store,
                 const struct file_statements *statements);
/* Takes a piece behind a common.UploadAttachmentRequest: the next one of its upload, at most FILE_PIECE_MAX. Answers a
   common.Upload. */
answer file_take_piece(struct call *c, struct file_store *store,
                       const struct file_statements *statements);
/* Answers a common.GetUploadRequest: how much of it is there, and what it became. */
answer file_upload_get(struct call *c, struct file_store *store);

/* Answers a common.ReadAttachmentRequest. A look of staff is in the audit before the first byte leaves. */
answer file_read(struct call *c, struct file_store *store,
                 const struct file_statements *statements);

/* The same for a request of another kind. */
answer file_read_part(struct call *c, struct file_store *store,
                      const struct file_statements *statements, uint32_t part, bool thumbnail);

/* Stores a file sealed under a new id; its thumbnail lies beside it as "<id>.t". For actors. UNAVAILABLE: it is not stored. */
enum status file_put(struct file_store *store, const char *id, int64_t owner, const void *data,
                     size_t size) MUST_CHECK;

/* Erases blobs that no row names any more, then goes on with `done`; what cannot be erased is logged, and stays for `guildctl
   attachments check`. `ids` lives as long as the call. */
answer file_erase(struct call *c, struct file_store *store, const char *const *ids, size_t count,
                  handler_worked_fn *done);

/* What is said to who hands in a form whose files have more than V12's 30 MiB together, at a field that holds so many of them. */
const char *file_form_words(struct arena *arena, int64_t form_bytes, int64_t field_bytes);

/* A stored file, whole, into `out`. For actors. NOT_FOUND, UNAVAILABLE, or INTERNAL: it is another than was stored. */
enum status file_load(struct file_store *store, const char *id, int64_t owner, size_t size,
                      unsigned char *out) MUST_CHECK;

/* Answers part `number` of a file that was just made, as a common.AttachmentPart; frees `data`. */
answer file_part(struct call *c, unsigned char *data, size_t size, uint32_t number,
                 const char *content_type, const char *file_name, bool may_change);

#endif
