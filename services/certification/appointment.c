/* What experts do themselves (SM7), what is set for all of them, and their letters of appointment (D-7) with the public check of
   where they stand. */
#include "appointment_paper.h"
#include "certification.pb-c.h"
#include "certification_queries.h"
#include "clock.h"
#include "files.h"
#include "nouns.h"
#include "reasons.h"
#include "rules.h"
#include "service.h"
#include <sodium.h>
#include <string.h>

/* ---- away and back */

static answer expert_own(struct call *c)
{
    batch_add(c, &sql_expert_own);
    return batch_reply(c, REASON_expert_not_yet);
}

static answer away_set(struct call *c)
{
    const Certification__SetAwayRequest *req = c->request;
    struct field_errors errors = {.arena = c->arena};
    char today[11];
    clock_day(today);
    rules_away(req, today, &errors);
    if (errors.count > 0)
        return call_fail_fields(c, &errors);
    batch_add(c, &sql_expert_set_away);
    return batch_reply(c, REASON_expert_not_yet);
}

static answer away_end(struct call *c)
{
    batch_add(c, &sql_expert_end_away);
    return batch_reply(c, REASON_expert_not_away);
}

/* ---- what is set */

static answer policy_get(struct call *c)
{
    batch_add(c, &sql_expert_policy_get);
    return batch_reply(c, REASON_internal);
}

static answer policy_save(struct call *c)
{
    batch_add(c, &sql_expert_policy_save);
    return batch_reply(c, REASON_review_policy_changed);
}

/* ---- the letter */

enum { CHECK_HEX = 10 };

/* What makes a number one that was printed: it cannot be guessed from the numbers beside it. */
static bool check_code(const struct keyring *keys, size_t nth, const char *expert_no,
                       char out[static CHECK_HEX + 1])
{
    unsigned char mac[32];
    char hex[65];
    if (!secret_mac_nth(keys, nth, "appointment", expert_no, strlen(expert_no), mac))
        return false;
    sodium_bin2hex(hex, sizeof hex, mac, sizeof mac);
    memcpy(out, hex, CHECK_HEX);
    out[CHECK_HEX] = '\0';
    return true;
}

struct making {
    struct appointment appointment;
    bool picture;
    struct paper_bytes bytes;
    enum status status;
};

static void making_work(void *job)
{
    struct making *making = job;
    making->status = making->picture ? appointment_png(&making->appointment, &making->bytes)
                                     : appointment_pdf(&making->appointment, &making->bytes);
}

static answer making_worked(struct call *c, void *job)
{
    const Certification__AppointmentRequest *req = c->request;
    struct making *making = job;
    if (making->status != STATUS_OK)
        return call_fail(c, REASON_busy);
    const char *name = arena_printf(c->arena, "专家聘书-%s.%s", making->appointment.name,
                                    making->picture ? "png" : "pdf");
    return file_part(c, making->bytes.data, making->bytes.size, req->part,
                     making->picture ? "image/png" : "application/pdf", name, true);
}

static answer appointment_found(struct call *c, const struct rows *results)
{
    const Certification__AppointmentRequest *req = c->request;
    const struct certification *state = service_state(c->run);
    const struct rows *row = &results[0];
    char code[CHECK_HEX + 1];
    if (row->count == 0)
        return call_fail(c, REASON_appointment_none);
    struct making *making = arena_alloc(c->arena, sizeof *making);
    struct appointment *it = &making->appointment;
    making->picture = req->format == CERTIFICATION__DOCUMENT__FORMAT__PNG;
    *it = (struct appointment){.association = state->association,
                               .expert_no = rows_get(row, 0, "expert_no"),
                               .name = rows_get(row, 0, "name"),
                               .specialties = rows_get(row, 0, "specialties"),
                               .first_day = rows_get(row, 0, "appointed_on"),
                               .last_day = rows_get(row, 0, "appointed_until")};
    if (!check_code(state->files.keys, 0, it->expert_no, code))
        return call_fail(c, REASON_internal);
    it->check_code = arena_text(c->arena, code);
    it->code = arena_printf(c->arena, "%s/expert?no=%s&code=%s", state->site, it->expert_no, code);
    return work_then(c, state->files.work, making_work, making, making_worked);
}

static answer appointment_read(struct call *c)
{
    batch_add(c, &sql_appointment_get);
    return batch_then(c, appointment_found);
}

/* A look of staff is in the audit before the first byte leaves. */
static answer staff_appointment_read(struct call *c)
{
    const Certification__AppointmentRequest *req = c->request;
    batch_add(c, &sql_appointment_get);
    if (req->part == 0)
        batch_add(c, &sql_appointment_look);
    return batch_then(c, appointment_found);
}

/* ---- anybody who has it in hand */

static bool is_printed(const struct keyring *keys, const char *expert_no, const char *told)
{
    char code[CHECK_HEX + 1], typed[CHECK_HEX + 1];
    if (strlen(told) != CHECK_HEX)
        return false;
    for (size_t i = 0; i <= CHECK_HEX; i++)
        typed[i] = (char)(told[i] >= 'A' && told[i] <= 'F' ? told[i] | 32 : told[i]);
    for (size_t nth = 0; check_code(keys, nth, expert_no, code); nth++)
        if (sodium_memcmp(code, typed, CHECK_HEX) == 0)
            return true;
    return false;
}

static answer status_found(struct call *c, const struct rows *results)
{
    const Certification__AppointmentStatusRequest *req = c->request;
    const struct certification *state = service_state(c->run);
    if (results[0].count == 0 ||
        !is_printed(state->files.keys, rows_get(&results[0], 0, "expert_no"), req->check_code))
        return call_fail(c, REASON_appointment_unknown);
    return call_reply(c, message_from_rows(&certification__appointment_status__descriptor,
                                           &results[0], c->arena));
}

static answer status_get(struct call *c)
{
    batch_add(c, &sql_appointment_status);
    return batch_then(c, status_found);
}

const struct op appointment_ops[] = {
    {"GetMyExpert",          MEMBER,                 expert_own,             0},
    {"SetAway",              MEMBER,                 away_set,               0},
    {"EndAway",              MEMBER,                 away_end,               0},
    {"GetExpertPolicy",      STAFF("expert.read"),   policy_get,             0},
    {"SaveExpertPolicy",     STAFF("expert.manage"), policy_save,            0},
    {"ReadAppointment",      MEMBER,                 appointment_read,       0},
    {"ReadStaffAppointment", STAFF("expert.read"),   staff_appointment_read, 0},
    {"GetAppointmentStatus", PUBLIC,                 status_get,             0},
    OP_END,
};
