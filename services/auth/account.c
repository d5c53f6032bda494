/* Accounts of members: registration, passwords, phones. */
#include "auth.pb-c.h"
#include "auth_queries.h"
#include "check.h"
#include "nouns.h"
#include "password.h"
#include "reasons.h"
#include "rules.h"
#include <string.h>

/* ---- password work, also for session.c and staff.c */

static void password_work(void *data)
{
    struct password_job *job = data;
    struct auth *auth = job->auth;
    if (job->hash != NULL) {
        job->matches = password_matches(auth->pepper, job->hash, job->password, auth->argon2_mib);
        job->outdated = job->matches && password_is_outdated(job->hash, auth->argon2_mib);
        if (!job->matches)
            return;
    }
    const char *make = job->make != NULL ? job->make : job->outdated ? job->password : NULL;
    if (make != NULL)
        job->made = password_hash(auth->pepper, make, auth->argon2_mib, job->made_hash);
}

answer password_then(struct call *c, const struct password_job *job, handler_worked_fn *done)
{
    struct password_job *copy = arena_copy(c->arena, job, sizeof *job);
    copy->auth = auth_of(c);
    return work_then(c, auth_of(c)->work, password_work, copy, done);
}

/* ---- registration: the code, the hash, the account, a session */

static answer registered(struct call *c, const struct rows *results)
{
    const struct rows *row = &results[1];
    return session_answer(c,
                          &(struct session_begin){.account_id = rows_integer(row, 0, "id"),
                                                  .epoch = rows_integer(row, 0, "session_epoch")});
}

static answer register_hashed(struct call *c, void *job)
{
    const struct password_job *password = job;
    if (!password->made)
        return call_fail(c, REASON_busy);
    call_set(c, "password_hash", password->made_hash);
    batch_add(c, &sql_code_use);
    batch_add(c, &sql_account_register);
    return batch_then(c, registered);
}

static answer register_code_taken(struct call *c, const redisReply *reply)
{
    const Auth__RegisterAccountRequest *req = c->request;
    if (reply->type != REDIS_REPLY_STRING)
        return call_fail(c, REASON_code_wrong);
    call_set(c, "code_id", arena_text(c->arena, reply->str));
    return password_then(c, &(struct password_job){.make = req->password}, register_hashed);
}

static answer account_register(struct call *c)
{
    const Auth__RegisterAccountRequest *req = c->request;
    const char *wrong = rules_new_password(req->password, req->password_confirm, "", req->phone);
    if (wrong != NULL)
        return call_fail_field(
            c, strcmp(req->password, req->password_confirm) != 0 ? "password_confirm" : "password",
            wrong);
    return store_code_take(c, "REGISTER", req->phone, req->nonce,
                           code_mac(c, "REGISTER", req->phone, req->nonce, req->sms_code),
                           register_code_taken);
}

/* ---- the account itself */

static answer account_known(struct call *c, const struct rows *results)
{
    Auth__Account account = AUTH__ACCOUNT__INIT;
    char masked[32];
    if (results[0].count == 0)
        return call_fail(c, REASON_session_over);
    check_mask_mobile(rows_get(&results[0], 0, "phone"), masked, sizeof masked);
    Auth__Account *from_row =
        (Auth__Account *)message_from_rows(&auth__account__descriptor, &results[0], c->arena);
    account.account_id = rows_integer(&results[0], 0, "id");
    account.masked_phone = masked;
    account.registered_at = from_row->registered_at;
    return call_reply(c, &account.base);
}

static answer account_get(struct call *c)
{
    batch_add(c, &sql_account_by_id);
    return batch_then(c, account_known);
}

/* ---- forgotten password: same answers whether the phone is registered or not */

static answer reset_done(struct call *c, const struct rows *results)
{
    Common__Empty empty = COMMON__EMPTY__INIT;
    if (results[1].count == 0)
        return call_fail(c, REASON_code_wrong);
    session_revoke(c, NULL, rows_integer(&results[1], 0, "id"));
    return call_reply(c, &empty.base);
}

static answer reset_hashed(struct call *c, void *job)
{
    const struct password_job *password = job;
    if (!password->made)
        return call_fail(c, REASON_busy);
    call_set(c, "password_hash", password->made_hash);
    batch_add(c, &sql_code_use);
    batch_add(c, &sql_account_set_password);
    return batch_then(c, reset_done);
}

static answer reset_found(struct call *c, const struct rows *results)
{
    const Auth__ResetPasswordRequest *req = c->request;
    if (results[0].count == 0)
        return call_fail(c, REASON_code_wrong);
    call_set(c, "account_id", rows_get(&results[0], 0, "id"));
    call_set(c, "old_hash", rows_get(&results[0], 0, "password_hash"));
    return password_then(c, &(struct password_job){.make = req->new_password}, reset_hashed);
}

static answer reset_code_taken(struct call *c, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING)
        return call_fail(c, REASON_code_wrong);
    call_set(c, "code_id", arena_text(c->arena, reply->str));
    batch_add(c, &sql_account_by_phone);
    return batch_then(c, reset_found);
}

static answer password_reset(struct call *c)
{
    const Auth__ResetPasswordRequest *req = c->request;
    const char *wrong =
        rules_new_password(req->new_password, req->new_password_confirm, "", req->phone);
    if (wrong != NULL)
        return call_fail_field(c, "new_password", wrong);
    return store_code_take(c, "RESET", req->phone, req->nonce,
                           code_mac(c, "RESET", req->phone, req->nonce, req->sms_code),
                           reset_code_taken);
}

/* ---- changed password */

static answer password_changed(struct call *c, const struct rows *results)
{
    const struct rows *row = &results[0];
    if (row->count == 0)
        return call_fail(c, REASON_account_changed);
    return session_replace(c,
                           &(struct session_begin){.account_id = rows_integer(row, 0, "id"),
                                                   .epoch = rows_integer(row, 0, "session_epoch")});
}

/* The old password is wrong, unless this is a repeat of what changed it. */
static answer change_repeated(struct call *c, const struct rows *kept)
{
    if (kept->count == 0)
        return call_fail_field(c, "old_password", call_words(c, REASON_old_password_wrong));
    return password_changed(c, kept);
}

static answer change_compared(struct call *c, void *job)
{
    const struct password_job *password = job;
    if (!password->matches)
        return repeat_then(c, change_repeated);
    if (!password->made)
        return call_fail(c, REASON_busy);
    call_set(c, "account_id", arena_printf(c->arena, "%lld", (long long)c->caller->account_id));
    call_set(c, "password_hash", password->made_hash);
    batch_add(c, &sql_account_set_password);
    return batch_then(c, password_changed);
}

static answer change_found(struct call *c, const struct rows *results)
{
    const Auth__ChangePasswordRequest *req = c->request;
    char normal[512];
    if (results[0].count == 0)
        return call_fail(c, REASON_session_over);
    const char *wrong = check_member_password(req->new_password, normal, sizeof normal);
    if (wrong == NULL)
        wrong = rules_new_password(req->new_password, req->new_password_confirm, req->old_password,
                                   rows_get(&results[0], 0, "phone"));
    if (wrong != NULL)
        return call_fail_field(c, "new_password", wrong);
    call_set(c, "old_hash", rows_get(&results[0], 0, "password_hash"));
    return password_then(c,
                         &(struct password_job){.password = req->old_password,
                                                .hash = rows_get(&results[0], 0, "password_hash"),
                                                .make = arena_text(c->arena, normal)},
                         change_compared);
}

static answer password_change(struct call *c)
{
    batch_add(c, &sql_account_by_id);
    return batch_then(c, change_found);
}

/* ---- changed phone: a code to the old one and a code to the new one */

static answer phone_session(struct call *c, const struct rows *row)
{
    return session_replace(c,
                           &(struct session_begin){.account_id = rows_integer(row, 0, "id"),
                                                   .epoch = rows_integer(row, 0, "session_epoch")});
}

static answer phone_changed(struct call *c, const struct rows *results)
{
    return results[2].count == 0 ? call_fail(c, REASON_account_changed)
                                 : phone_session(c, &results[2]);
}

/* It is the phone in use, unless this is a repeat of what made it so. */
static answer phone_repeated(struct call *c, const struct rows *kept)
{
    if (kept->count == 0)
        return call_fail_field(c, "new_phone", "新手机号与原手机号相同，无需更换。");
    return phone_session(c, kept);
}

static answer phone_new_code_taken(struct call *c, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING)
        return call_fail_field(c, "new_sms_code", call_words(c, REASON_code_wrong));
    call_set(c, "code_id", c->state);
    batch_add(c, &sql_code_use);
    call_set(c, "code_id", arena_text(c->arena, reply->str));
    batch_add(c, &sql_code_use);
    batch_add(c, &sql_account_set_phone);
    return batch_then(c, phone_changed);
}

static answer phone_old_code_taken(struct call *c, const redisReply *reply)
{
    const Auth__ChangePhoneRequest *req = c->request;
    if (reply->type != REDIS_REPLY_STRING)
        return call_fail_field(c, "old_sms_code", call_words(c, REASON_code_wrong));
    c->state = arena_text(c->arena, reply->str);
    return store_code_take(
        c, "CHANGE_PHONE_NEW", req->new_phone, req->nonce,
        code_mac(c, "CHANGE_PHONE_NEW", req->new_phone, req->nonce, req->new_sms_code),
        phone_new_code_taken);
}

static answer phone_found(struct call *c, const struct rows *results)
{
    const Auth__ChangePhoneRequest *req = c->request;
    const char *old = rows_get(&results[0], 0, "phone");
    if (old == NULL)
        return call_fail(c, REASON_session_over);
    if (strcmp(old, req->new_phone) == 0)
        return repeat_then(c, phone_repeated);
    call_set(c, "old_phone", old);
    return store_code_take(c, "CHANGE_PHONE_OLD", old, req->nonce,
                           code_mac(c, "CHANGE_PHONE_OLD", old, req->nonce, req->old_sms_code),
                           phone_old_code_taken);
}

static answer phone_change(struct call *c)
{
    batch_add(c, &sql_account_by_id);
    return batch_then(c, phone_found);
}

const struct op account_ops[] = {
    {"RegisterAccount", PUBLIC, account_register, 0},
    {"GetAccount",      MEMBER, account_get,      0},
    {"ResetPassword",   PUBLIC, password_reset,   0},
    {"ChangePassword",  MEMBER, password_change,  0},
    {"ChangePhone",     MEMBER, phone_change,     0},
    OP_END,
};
