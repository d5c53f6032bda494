/* F8: what is typed of a voucher is kept, on two devices at once, too, and is taken by what is handed in. */
#include "dues.h"

/* As its page sends it: `more` is added to the form. */
static const char *form_json(const Common__Principal *who, const char *file, const char *more)
{
    return arena_printf(arena,
                        "{\"bill_ids\":[%lld],\"pay_method\":\"BANK\",\"voucher_files\":[\"%s\"],"
                        "\"paid_date\":\"%s\","
                        "\"payer_name\":\"付款单位\",\"receipt_info\":{\"receipt_title\":"
                        "\"付款单位\",\"receipt_tax_"
                        "id\":\"91140403MA0K1X2Y1M\",\"receipt_phone\":\"18003551778\"},%s}",
                        (long long)bill_of(who->account_id), file, today(), more);
}

static const char *saved(const Common__Principal *who, const char *key, int version,
                         const char *form)
{
    return service_test_json(who, "SaveVoucherDraft", key,
                             arena_printf(arena, "{\"version\":%d,\"form\":%s}", version, form));
}

static void says_nothing_of(const char *told, const char *part)
{
    if (strstr(told, part) != NULL)
        fail_msg("%s says %s", told, part);
}

static void test_what_is_typed_is_kept(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER"), other = unit("MEMBER");
    const char *file = file_of(who.account_id), *strange = file_of(other.account_id);
    const char *form = form_json(&who, file, "\"paid_amount\":\"二千\""); /* half typed */
    SAYS(saved(&who, "", 2, form), "voucher_draft_changed");              /* there is none */
    SAYS(saved(&who, "draft-key-of-the-first-save", 0, form), "\"version\":1,\"saved_at\":\"20");
    SAYS(saved(&who, "draft-key-of-the-first-save", 0, form), "\"version\":1"); /* its repeat */
    SAYS(saved(&who, "", 0, form), "voucher_draft_changed");
    const char *told = JSON(&who, "GetDues", "{}");
    SAYS(told, "\"paid_amount\":\"二千\"");
    SAYS(told, arena_printf(arena, "\"files\":[{\"id\":\"%s\"", file));
    says_nothing_of(JSON(&other, "GetDues", "{}"), "二千");

    SAYS(saved(&who, "", 1, form_json(&who, strange, "\"paid_amount\":\"2000\"")), "\"version\":2");
    told = JSON(&who, "GetDues", "{}");
    SAYS(told, "\"paid_amount\":\"2000\"");
    SAYS(told, "\"files\":[]"); /* another's file is not shown */
    SAYS(saved(&who, "", 1, form), "voucher_draft_changed");
    char *more = arena_printf(arena, "\"remark\":\"%0250d\"", 0);
    SAYS(saved(&who, "", 2, form_json(&who, file, more)), "remark");
}

static const char *handed_in(const Common__Principal *who, const char *file, int version)
{
    return JSON(
        who, "SubmitVoucher", "%s",
        form_json(who, file,
                  arena_printf(arena, "\"paid_amount\":\"2000\",\"draft_version\":%d", version)));
}

static void test_the_voucher_takes_its_draft(void **state)
{
    (void)state;
    Common__Principal who = unit("MEMBER");
    const char *file = file_of(who.account_id);
    const char *form = form_json(&who, file, "\"paid_amount\":\"2000\",\"remark\":\"草稿里的话\"");
    SAYS(saved(&who, "", 0, form), "\"version\":1");
    SAYS(saved(&who, "", 1, form), "\"version\":2");
    SAYS(handed_in(&who, file, 1), "voucher_draft_changed"); /* of the page that has not seen it */
    SAYS(JSON(&who, "ListMyVouchers", "{}"), "\"total\":0");
    SAYS(handed_in(&who, file, 2), "SUBMITTED");
    const char *told = JSON(&who, "GetDues", "{}");
    says_nothing_of(told, "草稿里的话");
    SAYS(told, "\"withdrawn_voucher_id\":\"0\"");
    SAYS(saved(&who, "", 2, form), "voucher_draft_changed"); /* the other page hears of it */

    const char *voucher =
        VALUE("SELECT max(id) FROM voucher WHERE account_id = %lld", (long long)who.account_id);
    SAYS(JSON(&who, "WithdrawVoucher", "{\"id\":%s}", voucher), "WITHDRAWN");
    SAYS(JSON(&who, "GetDues", "{}"),
         arena_printf(arena, "\"withdrawn_voucher_id\":\"%s\"", voucher));
    SAYS(saved(&who, "", 3, form), "\"version\":4");
    SAYS(JSON(&who, "GetDues", "{}"), "草稿里的话");
    SAYS(handed_in(&who, file, 0), "SUBMITTED"); /* by who knows of no draft */
    says_nothing_of(JSON(&who, "GetDues", "{}"), "草稿里的话");
    assert_string_equal(
        VALUE("SELECT version || ' ' || submitted || ' ' || form FROM voucher_draft "
              "WHERE account_id = %lld",
              (long long)who.account_id),
        "5 true {}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_typed_is_kept),
        cmocka_unit_test(test_the_voucher_takes_its_draft),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
