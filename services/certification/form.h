/* What the four forms have in common: which of them it is, what of it goes to the database, what comes back. */
#ifndef GUILD_CERTIFICATION_FORM_H
#define GUILD_CERTIFICATION_FORM_H

#include "call.h"
#include "certification.pb-c.h"
#include "secret.h"

/* The form of the kind; NULL: it is absent, or another one came. */
ProtobufCMessage *form_of(const Certification__Form *form, Certification__Identity__Kind kind);

/* Its name in the contract: "owner_unit". */
const char *form_name(Certification__Identity__Kind kind);

/* Binds what a form of some kind names, for a statement:
   :file_ids, :file_purposes, :file_fields
                                 text[], each attachment that it names, the field that names it, and its path
   :code_fields, :code_dictionaries, :codes
                                 text[], each code of an option list that it names */
void form_bind_named(struct call *c, ProtobufCMessage *message);

/* Refuses a form whose files have too many bytes: what the statement form_files_over gave. `path` is the form's, with a dot. */
answer form_files_refused(struct call *c, const char *path, const struct rows *over);

/* Binds the form of the kind for a statement, what nobody but its owner may read sealed; beside what it names:
   :form                         jsonb, the form itself
   :id_number_index              text, the blind index of the identity card's number; empty: it has none
   The request's own texts become the sealed ones. false: nothing to bind (form_of). */
bool form_bind(struct call *c, const struct keyring *keys, const Certification__Form *form,
               Certification__Identity__Kind kind);

/* Opens what is sealed in a form that came back from the database, for its owner `account_id`. */
void form_open(struct call *c, const struct keyring *keys, Certification__Form *form,
               int64_t account_id);
/* Once it is open, for a member of staff: the identity card's number masked, and telephones too where the caller may not
   reveal them (pii.reveal). */
void form_mask(struct call *c, Certification__Form *form);

/* Is there a field of that name that holds attachments? */
bool form_has_file_field(const char *purpose);

/* Is there a field of that name in one of the forms, or in a row of one? */
bool form_has_field(const char *name);

#endif
