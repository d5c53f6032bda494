/* What staff print, read back: the listing of what was collected and the month's sheet (D-10), and a member's certificate. */
#include "../certification/printed.h"
#include "dues.h"

/* Until the last part has come. */
static struct file printed(const Common__Principal *who, const char *method,
                           const ProtobufCMessage *request, uint32_t *part)
{
    struct file file = {NULL, 0, NULL, NULL};
    for (*part = 0; *part < 20; (*part)++) {
        ProtobufCMessage *reply;
        assert_int_equal(service_test_call(who, "gateway", method, request, "", &reply), STATUS_OK);
        const Common__AttachmentPart *piece = (const Common__AttachmentPart *)reply;
        append(&file, piece);
        if (file.size == piece->size_bytes)
            break;
    }
    return file;
}

static const char *text_of(const struct file *pdf)
{
    return without_blanks(said(pdf, "pdftotext -raw", "-"));
}

static struct file listing(const char *month, int year)
{
    Payment__DuesReceivedRequest request = PAYMENT__DUES_RECEIVED_REQUEST__INIT;
    request.month = arena_text(arena, month);
    request.year = (uint32_t)year;
    return printed(&cashier, "ReadDuesReceived", &request.base, &request.part);
}

static const char *this_month(void)
{
    return VALUE("SELECT to_char(current_date, 'YYYY-MM')");
}

/* The foot of what is printed has 64 hex digits of SHA-256. */
static void has_digest(const char *text)
{
    static const char before[] = "SHA-256：";
    const char *at = strstr(text, before);
    assert_non_null(at);
    assert_int_equal(strspn(at + sizeof before - 1, "0123456789abcdef"), 64);
}

static void test_what_was_collected_is_listed(void **state)
{
    (void)state;
    SAYS(JSON(&cashier, "ReadDuesReceived", "{}"), "\"month\"");
    SAYS(JSON(&cashier, "ReadDuesReceived", "{\"month\":\"2026-01\",\"year\":2026}"), "\"month\"");
    SAYS(JSON(&cashier, "ReadDuesReceived", "{\"month\":\"2026-13\"}"), "month");
    SAYS(JSON(&clerk, "ReadDuesReceived", "{\"year\":2026}"), "not_allowed");
    struct file none = listing("2020-02", 0);
    assert_says(text_of(&none), "没有到账。");
    assert_string_equal(none.name, "会费收缴明细-2020-02.pdf");

    Common__Principal kept = paid_unit();
    SAYS(issue(VALUE("SELECT id FROM receipt WHERE account_id = %lld", (long long)kept.account_id),
               1, "4400771", "2000", receipt_file()),
         "ISSUED");
    paid_unit();
    decided(&cashier, "REVERSE",
            arena_printf(arena, ",\"voucher_id\":%s", VALUE("SELECT max(id) FROM voucher")));
    int64_t reversed = account;
    Common__Principal more = unit("MEMBER");
    SAYS(confirm(&cashier, submitted(&more, "2300.50"), 1, "2300.50", bill_of(account), "2000"),
         "CONFIRMED");
    decided(&cashier, "REFUND", ",\"amount\":\"300.50\"");

    struct file pdf = listing(this_month(), 0);
    assert_string_equal(pdf.type, "application/pdf");
    const char *text = text_of(&pdf), *year = VALUE("SELECT extract(year FROM current_date)");
    assert_says(text, arena_printf(arena, "%s会费收缴明细（未结账）", this_month()));
    assert_says(text, "净收会费4000.00元（5笔）");
    assert_says(text, "确认到账6300.50元（3笔）");
    assert_says(text, "冲正-2000.00元（1笔）");
    assert_says(text, "退款-300.50元（1笔）");
    assert_says(text, "公户转账4000.00元（5笔）");
    assert_says(text, arena_printf(arena, "%s咨询公司%lld%s年度公户转账2000.00元票据4400771",
                                   today(), (long long)kept.account_id, year));
    assert_says(text, arena_printf(arena, "咨询公司%lld", (long long)reversed));
    assert_says(text, "冲正-2000.00元");
    assert_says(text, "退款-300.50元");
    has_digest(text);
    SAYS(JSON(&cashier, "GetDuesMonth", "{\"month\":\"%s\"}", this_month()),
         "\"confirmed_fen\":\"400000\""); /* the sheet says the same */

    struct file again = listing(this_month(), 0);
    assert_int_equal(again.size, pdf.size);
    assert_memory_equal(again.data, pdf.data, pdf.size);
    struct file whole = listing("", atoi(year));
    assert_says(text_of(&whole), arena_printf(arena, "%s年会费收缴明细（未结账）", year));
    assert_says(text_of(&whole), "净收会费4000.00元（5笔）");
    assert_string_equal(whole.name, arena_printf(arena, "会费收缴明细-%s.pdf", year));
}

static void test_the_months_sheet_has_a_digest(void **state)
{
    (void)state;
    Payment__DuesMonthDocumentRequest request = PAYMENT__DUES_MONTH_DOCUMENT_REQUEST__INIT;
    request.month = arena_text(arena, this_month());
    struct file pdf = printed(&cashier, "ReadDuesMonth", &request.base, &request.part);
    const char *text = text_of(&pdf);
    assert_says(text, "会费月结表（未结账）");
    has_digest(text);
}

/* Staff print a member's certificate, as the member does; each look is in the audit, once,
   however many parts it comes in. */
static void test_staff_print_a_certificate(void **state)
{
    (void)state;
    Common__Principal who = paid_unit();
    Payment__StaffCertificateRequest request = PAYMENT__STAFF_CERTIFICATE_REQUEST__INIT;
    Payment__CertificateRequest own = PAYMENT__CERTIFICATE_REQUEST__INIT;
    request.account_id = account;
    SAYS(JSON(&clerk, "ReadStaffCertificate", "{\"account_id\":%lld}", (long long)account),
         "certificate_none");
    SAYS(open_membership(account), "first_day");
    struct file pdf = printed(&clerk, "ReadStaffCertificate", &request.base, &request.part);
    struct file same = printed(&who, "ReadCertificate", &own.base, &own.part);
    assert_int_equal(pdf.size, same.size);
    assert_memory_equal(pdf.data, same.data, pdf.size);
    assert_says(text_of(&pdf), arena_printf(arena, "咨询公司%lld", (long long)account));
    assert_string_equal(
        VALUE(
            "SELECT string_agg(concat_ws(' ', actor_kind, actor_id, object), ',') FROM audit WHERE "
            "action = 'certificate.read'"),
        arena_printf(arena, "STAFF 20 %1$lld,STAFF 20 %1$lld", (long long)account));
    request.format = PAYMENT__CERTIFICATE_REQUEST__FORMAT__PNG;
    struct file png = printed(&clerk, "ReadStaffCertificate", &request.base, &request.part);
    assert_string_equal(png.type, "image/png");
    Common__Principal nobody = service_test_staff(30, "");
    SAYS(JSON(&nobody, "ReadStaffCertificate", "{\"account_id\":%lld}", (long long)account),
         "not_allowed");
    SAYS(JSON(&who, "ReadStaffCertificate", "{\"account_id\":%lld}", (long long)account), "reason");
    SAYS(JSON(&clerk, "ReadStaffCertificate", "{\"account_id\":999999}"), "certificate_none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_collected_is_listed),
        cmocka_unit_test(test_the_months_sheet_has_a_digest),
        cmocka_unit_test(test_staff_print_a_certificate),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
