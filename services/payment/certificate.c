/* D-6, W7: the certificate of a membership that holds, signed so that it verifies without this server; and the public check
   of where a member stands now. */
#include "certificate_paper.h"
#include "files.h"
#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "picture.h"
#include "reasons.h"
#include "service.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

struct making {
    struct file_store *store;
    struct picture seal;
    struct certificate certificate;
    bool picture;
    uint32_t part;
    struct paper_bytes bytes;
    enum status status;
};

static const char *base64url(struct arena *arena, const void *data, size_t size)
{
    size_t room = sodium_base64_encoded_len(size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return sodium_bin2base64(arena_alloc(arena, room), room, data, size,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* Which key signed: the first eight digits of its public half. */
enum { KEY_ID = 8 };

static const char *public_hex(struct call *c)
{
    const struct payment *state = service_state(c->run);
    char hex[2 * sizeof state->certificate_public_key + 1];
    return arena_text(c->arena, sodium_bin2hex(hex, sizeof hex, state->certificate_public_key,
                                               sizeof state->certificate_public_key));
}

/* The address of the check, and the digest of what is signed, which stands behind #: browsers keep that to themselves. */
static const char *code_of(struct call *c, struct certificate *it)
{
    const struct payment *state = service_state(c->run);
    unsigned char signature[crypto_sign_BYTES];
    const char *text = arena_printf(c->arena, "guild-certificate-2\n%s\n%s\n%s\n%s\n%s\n%s\n%.*s",
                                    it->member_no, it->unit_name, it->uscc, it->post, it->first_day,
                                    it->last_day, KEY_ID, public_hex(c));
    crypto_sign_detached(signature, NULL, (const unsigned char *)text, strlen(text),
                         state->certificate_key);
    it->digest = paper_digest(c->arena, text, strlen(text));
    return arena_printf(c->arena, "%s/verify#%s.%s", state->site,
                        base64url(c->arena, text, strlen(text)),
                        base64url(c->arena, signature, sizeof signature));
}

static void making_work(void *job)
{
    struct making *making = job;
    making->status = picture_load(making->store, &making->seal);
    if (making->status != STATUS_OK)
        return;
    making->status = making->picture ? certificate_png(&making->certificate, &making->bytes)
                                     : certificate_pdf(&making->certificate, &making->bytes);
}

static answer making_worked(struct call *c, void *job)
{
    struct making *making = job;
    if (making->status != STATUS_OK)
        return call_fail(c, REASON_busy);
    const char *name = arena_printf(c->arena, "会员证书-%s.%s", making->certificate.unit_name,
                                    making->picture ? "png" : "pdf");
    return file_part(c, making->bytes.data, making->bytes.size, making->part,
                     making->picture ? "image/png" : "application/pdf", name, true);
}

static answer certificate_found(struct call *c, const struct rows *results)
{
    struct payment *state = service_state(c->run);
    struct making *making = c->state;
    const struct rows *row = &results[0];
    if (row->count == 0)
        return call_fail(c, REASON_certificate_none);
    *making = (struct making){
        .store = &state->files,
        .seal = picture_from(row, c->arena),
        .picture = making->picture,
        .part = making->part,
        .certificate = {.association = state->association,
                        .unit_name = rows_get(row, 0, "unit_name"),
                        .uscc = rows_get(row, 0, "uscc"),
                        .post = rows_get(row, 0, "association_post_name"),
                        .member_no = rows_get(row, 0, "member_no"),
                        .first_day = rows_get(row, 0, "first_day"),
                        .last_day = rows_get(row, 0, "last_day"),
                        .opened_at = rows_get(row, 0, "opened_at")},
    };
    making->certificate.seal = making->seal.bytes;
    making->certificate.seal_size = making->seal.size;
    making->certificate.code = code_of(c, &making->certificate);
    return work_then(c, state->files.work, making_work, making, making_worked);
}

static void certificate_ask(struct call *c, int64_t account_id,
                            Payment__CertificateRequest__Format format, uint32_t part)
{
    struct making *making = arena_alloc(c->arena, sizeof *making);
    making->picture = format == PAYMENT__CERTIFICATE_REQUEST__FORMAT__PNG;
    making->part = part;
    c->state = making;
    call_set_integer(c, "account_id", account_id);
    batch_add(c, &sql_certificate_get);
}

static answer certificate_read(struct call *c)
{
    const Payment__CertificateRequest *req = c->request;
    certificate_ask(c, c->caller->account_id, req->format, req->part);
    return batch_then(c, certificate_found);
}

/* A look of staff is in the audit before the first byte leaves. */
static answer staff_certificate_read(struct call *c)
{
    const Payment__StaffCertificateRequest *req = c->request;
    certificate_ask(c, req->account_id, req->format, req->part);
    if (req->part == 0)
        batch_add(c, &sql_certificate_look);
    return batch_then(c, certificate_found);
}

static answer member_status_get(struct call *c)
{
    batch_add(c, &sql_member_status_get);
    return batch_reply(c, REASON_member_unknown);
}

static answer certificate_key_get(struct call *c)
{
    Payment__CertificateKey reply = PAYMENT__CERTIFICATE_KEY__INIT;
    const char *hex = public_hex(c);
    reply.public_key = arena_text(c->arena, hex);
    reply.key_id = arena_printf(c->arena, "%.*s", KEY_ID, hex);
    return call_reply(c, &reply.base);
}

const struct op certificate_ops[] = {
    {"ReadCertificate",      MEMBER,             certificate_read,       0},
    {"ReadStaffCertificate", STAFF("dues.read"), staff_certificate_read, 0},
    {"GetMemberStatus",      PUBLIC,             member_status_get,      0},
    {"GetCertificateKey",    PUBLIC,             certificate_key_get,    0},
    OP_END,
};
