/* Staff: their log-in, themselves, their passwords. */
#include "auth.pb-c.h"
#include "auth_queries.h"
#include "check.h"
#include "nouns.h"
#include "password.h"
#include "reasons.h"
#include "rules.h"
#include <stdlib.h>

struct login {
    const char *who;
    struct session_begin begin;
};

static answer login_noted(struct call *c, const struct rows *results)
{
    const struct login *login = c->state;
    (void)results;
    store_wrong_clear(c, login->who);
    return session_answer(c, &login->begin);
}

static answer login_failed_noted(struct call *c, const struct rows *results)
{
    (void)results;
    return call_fail(c, REASON_staff_login_wrong);
}

static answer login_compared(struct call *c, void *job)
{
    const struct password_job *password = job;
    const struct login *login = c->state;
    call_set(c, "actor_kind", "STAFF");
    call_set(c, "actor_id",
             login->begin.account_id == 0
                 ? NULL
                 : arena_printf(c->arena, "%lld", (long long)login->begin.account_id));
    call_set(c, "object", "");
    call_set(c, "action", password->matches ? "staff.logged_in" : "staff.login_failed");
    batch_add(c, &sql_audit_event);
    if (password->matches)
        return batch_then(c, login_noted);
    store_wrong_more(c, login->who);
    return batch_then(c, login_failed_noted);
}

static answer login_found(struct call *c, const struct rows *results)
{
    const Auth__LogInStaffRequest *req = c->request;
    struct login *login = c->state;
    const struct rows *row = &results[0];
    login->begin = (struct session_begin){
        .staff = true,
        .account_id = rows_integer(row, 0, "id"),
        .epoch = rows_integer(row, 0, "session_epoch"),
        .must_change_password = rows_true(row, 0, "must_change_password"),
    };
    return password_then(
        c,
        &(struct password_job){.password = req->password,
                               .hash = row->count == 0 ? "" : rows_get(row, 0, "password_hash")},
        login_compared);
}

static answer login_counted(struct call *c, const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_STRING && strtol(reply->str, NULL, 10) >= RULES_WRONG_PASSWORDS)
        return call_fail_later(c, REASON_locked, RULES_LOCKED_S);
    batch_add(c, &sql_staff_by_login);
    return batch_then(c, login_found);
}

static answer staff_log_in(struct call *c)
{
    const Auth__LogInStaffRequest *req = c->request;
    struct login *login = arena_alloc(c->arena, sizeof *login);
    login->who = arena_printf(c->arena, "S:%s:%s", req->login, req->client_address);
    c->state = login;
    return store_wrong_count(c, login->who, login_counted);
}

static answer staff_get(struct call *c)
{
    batch_add(c, &sql_staff_by_id);
    return batch_reply(c, REASON_session_over);
}

/* ---- password */

static answer password_changed(struct call *c, const struct rows *results)
{
    const struct rows *row = &results[0];
    if (row->count == 0)
        return call_fail(c, REASON_account_changed);
    return session_replace(c,
                           &(struct session_begin){.staff = true,
                                                   .account_id = rows_integer(row, 0, "id"),
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
    call_set(c, "password_hash", password->made_hash);
    batch_add(c, &sql_staff_set_password);
    return batch_then(c, password_changed);
}

static answer change_found(struct call *c, const struct rows *results)
{
    const Auth__ChangePasswordRequest *req = c->request;
    const char *hash = rows_get(&results[0], 0, "password_hash");
    call_set(c, "old_hash", hash);
    if (hash == NULL)
        return call_fail(c, REASON_session_over);
    return password_then(c,
                         &(struct password_job){.password = req->old_password,
                                                .hash = hash,
                                                .make = req->new_password},
                         change_compared);
}

static answer staff_password_change(struct call *c)
{
    const Auth__ChangePasswordRequest *req = c->request;
    char normal[512];
    const char *wrong = check_staff_password(req->new_password, normal, sizeof normal);
    if (wrong == NULL)
        wrong =
            rules_new_password(req->new_password, req->new_password_confirm, req->old_password, "");
    if (wrong != NULL)
        return call_fail_field(c, "new_password", wrong);
    batch_add(c, &sql_staff_by_id);
    return batch_then(c, change_found);
}

#define STAFF_FIRST_PASSWORD                                                                       \
    {                                                                                              \
        ACCESS_STAFF, NULL, true                                                                   \
    }

const struct op staff_ops[] = {
    {"LogInStaff",          PUBLIC,               staff_log_in,          0},
    {"GetStaff",            STAFF_FIRST_PASSWORD, staff_get,             0},
    {"ChangeStaffPassword", STAFF_FIRST_PASSWORD, staff_password_change, 0},
    OP_END,
};
