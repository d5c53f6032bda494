/* The badge for a member's website (M.5): who looks sees what holds then, in well-formed XML. */
#include "dues.h"

static const char *badge(const char *member_no)
{
    Payment__BadgeRequest request = PAYMENT__BADGE_REQUEST__INIT;
    ProtobufCMessage *reply;
    request.member_no = arena_text(arena, member_no);
    assert_int_equal(service_test_call(NULL, "gateway", "ReadBadge", &request.base, "", &reply),
                     STATUS_OK);
    const Common__AttachmentPart *part = (const Common__AttachmentPart *)reply;
    assert_string_equal(part->content_type, "image/svg+xml");
    assert_false(part->may_change);
    assert_int_equal(part->size_bytes, part->content.len);
    return arena_printf(arena, "%.*s", (int)part->content.len, (const char *)part->content.data);
}

static const char *number_of(int64_t id)
{
    return VALUE("SELECT member_no FROM membership WHERE account_id = %lld", (long long)id);
}

static void test_it_says_where_the_member_stands(void **state)
{
    /* the last day is so many days away */
    static const struct {
        int days;
        const char *title;
        bool holds;
    } stands[] = {
        {100, ">会员单位<",          true },
        {10,  ">会员单位<",          true },
        {-3,  ">会员单位<",          true },
        {-40, ">会员资格已过期<", false},
    };
    (void)state;
    paid_unit();
    SAYS(open_membership(account), "first_day");
    const char *number = number_of(account);
    for (size_t i = 0; i < sizeof stands / sizeof stands[0]; i++) {
        int left = atoi(VALUE("SELECT member_last_day(%lld) - current_date", (long long)account));
        days_pass(account, left - stands[i].days);
        const char *svg = badge(number);
        SAYS(svg, stands[i].title);
        SAYS(svg, arena_printf(arena, "咨询公司%lld", (long long)account));
        SAYS(svg, stands[i].days == -3 ? "宽限期至"
                                       : VALUE("SELECT member_last_day(%lld)", (long long)account));
        assert_true((strstr(svg, ">会员单位<") != NULL) == stands[i].holds);
    }
    SAYS(badge(arena_printf(arena, "%s", VALUE("SELECT lower('%s')", number))), "会员资格已过期");
}

static void test_who_is_no_member_any_more(void **state)
{
    (void)state;
    paid_unit();
    SAYS(open_membership(account), "first_day");
    const char *number = number_of(account);
    decided(&clerk, "SUSPEND", "");
    SAYS(badge(number), ">会籍已暂停<");
    decided(&clerk, "RESUME", "");
    SAYS(badge(number), ">会员单位<");
    decided(&clerk, "TERMINATE", ",\"leave_reason\":\"VOLUNTARY\"");
    SAYS(badge(number), ">已退会<");
    assert_null(strstr(badge(number), ">会员单位<"));
    SAYS(badge("CZQG-1999-0001"), ">查无此会员<");
}

/* Names and numbers are text, whatever is in them, and cut where they are long. */
static void test_what_strangers_write_is_text(void **state)
{
    (void)state;
    paid_unit();
    SAYS(open_membership(account), "first_day");
    service_test_sql(arena_printf(
        arena, "UPDATE unit SET unit_name = '<b>&\"''甲乙丙丁戊己庚辛' WHERE account_id = %lld",
        (long long)account));
    const char *svg = badge(number_of(account));
    SAYS(svg, "&lt;b&gt;&amp;&quot;&#39;甲乙丙丁戊己庚…<");
    assert_null(strstr(svg, "<b>"));
    svg = badge("</text><script>alert(1)</script>");
    SAYS(svg, "&lt;/text&gt;&lt;scrip…");
    assert_null(strstr(svg, "<script"));
    SAYS(JSON(NULL, "ReadBadge", "{}"), "member_no");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_says_where_the_member_stands),
        cmocka_unit_test(test_who_is_no_member_any_more),
        cmocka_unit_test(test_what_strangers_write_is_text),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
