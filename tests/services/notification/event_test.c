/* Events become messages and SMS, once; through the whole skeleton, a real database and the development provider. */
#define main service_program
#include "../../../services/notification/main.c"
#undef main
#include "event.h"
#include "service_test.h"
#include <dirent.h>
#include <sodium.h>
#include <string.h>

static struct keyring *event_keys;
static struct arena *arena;
static char folder[] = "/tmp/guild-sms-XXXXXX";
static int last_event;

static char *text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

/* Delivers it, as auth's or certification's outbox does; the reason, or "". */
static const char *deliver(const char *source, const char *id, const char *name,
                           const char *payload)
{
    size_t size;
    void *packed = event_seal(event_keys, source, id, &(struct event){name, payload}, arena, &size);
    Common__DeliverEventRequest *request =
        common__deliver_event_request__unpack(NULL, size, packed);
    ProtobufCMessage *reply;
    enum status status =
        service_test_call(NULL, source, "DeliverEvent", &request->base, "", &reply);
    common__deliver_event_request__free_unpacked(request, NULL);
    return status == STATUS_OK ? "" : ((const Common__Problem *)reply)->reason;
}

static void tell(const char *source, const char *name, const char *payload)
{
    char *id = arena_printf(arena, "%d", ++last_event);
    assert_string_equal(deliver(source, id, name, payload), "");
}

/* What the phone got last; "" when nothing. */
static const char *newest_sms(const char *phone)
{
    service_test_until("SELECT NOT EXISTS (SELECT 1 FROM delivery WHERE state IN ('QUEUED', "
                       "'SENDING'))");
    static char line[2048];
    char found[2048] = "";
    FILE *file = fopen(arena_printf(arena, "%s/sms.jsonl", folder), "r");
    if (file == NULL)
        return "";
    while (fgets(line, sizeof line, file) != NULL)
        if (strstr(line, phone) != NULL)
            memcpy(found, line, sizeof found);
    fclose(file);
    return arena_text(arena, found);
}

static Notification__MessagePage *inbox(const Common__Principal *who, const char *cursor,
                                        uint32_t limit)
{
    Notification__ListMessagesRequest request = NOTIFICATION__LIST_MESSAGES_REQUEST__INIT;
    ProtobufCMessage *reply;
    request.cursor = text(cursor);
    request.limit = limit;
    assert_int_equal(service_test_call(who, "gateway", "ListMessages", &request.base, "", &reply),
                     STATUS_OK);
    return (Notification__MessagePage *)reply;
}

static uint32_t unread(const Common__Principal *who)
{
    Common__Empty nothing = COMMON__EMPTY__INIT;
    ProtobufCMessage *reply;
    assert_int_equal(service_test_call(who, "gateway", "CountUnread", &nothing.base, "", &reply),
                     STATUS_OK);
    return ((const Notification__UnreadCount *)reply)->unread;
}

static uint32_t mark_read(const Common__Principal *who, int64_t id)
{
    Notification__MarkReadRequest request = NOTIFICATION__MARK_READ_REQUEST__INIT;
    ProtobufCMessage *reply;
    request.id = id;
    assert_int_equal(service_test_call(who, "gateway", "MarkRead", &request.base, "", &reply),
                     STATUS_OK);
    return ((const Notification__UnreadCount *)reply)->unread;
}

/* ---- the tests */

/* N1 */
static void test_a_code_is_an_sms_and_no_message(void **state)
{
    char *sealed = secret_seal_text(event_keys, "event|code", "246810", arena);
    (void)state;
    tell("auth", "code.requested",
         arena_printf(arena,
                      "{\"phone\":\"19900000001\",\"purpose\":\"REGISTER\",\"sealed_code\":\"%s\"}",
                      sealed));
    assert_non_null(strstr(newest_sms("19900000001"),
                           "【长治全咨协会】验证码246810，5分钟内有效，用于注册账号。请勿告知他"
                           "人，非本人操作请忽略。"));
    /* the log keeps that it was sent, not what it said */
    assert_string_equal(service_test_value("SELECT state || ' ' || (sealed_text IS NULL) FROM "
                                           "delivery WHERE address = '19900000001'"),
                        "SENT true");
    assert_string_equal(service_test_value("SELECT count(*) FROM message"), "0");
}

/* N2, N3, N4, N5, N24: the inbox, and an SMS to the phone that the account has now. */
static void test_a_person_is_told_each_step(void **state)
{
    static const struct {
        const char *source, *name, *more, *inbox, *sms;
    } steps[] = {
        {"auth",          "account.registered",       "\"phone\":\"19900000002\",\"changed_at_us\":1000000",
         "欢迎注册！请在个人中心选择身份完成认证：建设单位、会员单位、专家、自然人。",                                                                                                         NULL                                                                                           },
        {"certification", "application.submitted",
         "\"kind\":\"OWNER_UNIT\",\"application_no\":\"JS2026112300001\",\"expected_by\":"
         "\"2026-11-26\",\"unit_name\":\"长治市建设公司\",\"review_id\":7",                           "您提交的建设单位认证资料已收到，编号JS2026112300001，预计2026-11-26前完成审核，可在个人"
         "中心查看进度。",                                                                                                                 "【长治全咨协会】您提交的建设单位认证资料已收到，编号JS2026112300001"},
        {"certification", "application.rejected",
         "\"kind\":\"OWNER_UNIT\",\"reason_first\":\"证件照片模糊\",\"reasons_count\":2,"
         "\"reasons\":\"证件照片模糊：请重拍。\",\"message\":\"四角要完整\"",                "您的建设单位认证未通过，请修改后重新提交。\n证件照片模糊：请重拍。\n四角要完整",
         "您的建设单位认证未通过：证件照片模糊等2项。"                                                                                                                                                                                                                                                        },
        {"certification", "application.approved",     "\"kind\":\"OWNER_UNIT\"",
         "您的建设单位认证已通过审核。会员单位可登录平台缴费开通会员。",
         "【长治全咨协会】您的建设单位认证已通过审核。"                                                                                                                                                                                                                                                      },
        {"auth",          "account.password_changed", "\"x\":1",
         "您的平台账号密码已修改，非本人操作请立即致电0355-3069919。",                                                                                                                                       "【长治全咨协会】您的平台账号密码已修改"                                    },
    };
    Common__Principal member = service_test_member(2);
    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        tell(steps[i].source, steps[i].name,
             arena_printf(arena, "{\"account_id\":2,%s}", steps[i].more));
        Notification__MessagePage *page = inbox(&member, "", 0);
        assert_int_equal(page->total, i + 1);
        assert_string_equal(page->messages[0]->body, steps[i].inbox);
        assert_false(page->messages[0]->read);
        if (steps[i].sms != NULL)
            assert_non_null(strstr(newest_sms("19900000002"), steps[i].sms));
    }
    assert_string_equal(inbox(&member, "", 0)->messages[1]->link, "/app/identities/OWNER_UNIT");
}

/* N20 */
static void test_reviewers_share_their_message(void **state)
{
    Common__Principal reviewer = service_test_staff(11, "cert.owner.review"),
                      colleague = service_test_staff(12, "cert.owner.review"),
                      administrator = service_test_staff(13, "staff.manage");
    (void)state;
    Notification__MessagePage *page = inbox(&reviewer, "", 0);
    assert_int_equal(page->total, 1);
    assert_string_equal(page->messages[0]->body, "新的建设单位认证待审核：长治市建设公司。");
    assert_string_equal(page->messages[0]->link, "/console/reviews/7");
    assert_int_equal(mark_read(&reviewer, page->messages[0]->id), 0);
    assert_int_equal(unread(&colleague), 1); /* each reads for himself */
    assert_int_equal(inbox(&administrator, "", 0)->total, 0);
}

/* N60, N61: its receipt and its result, to who appealed; and to those who decide it, and review anew. */
static void test_an_appeal(void **state)
{
    Common__Principal member = service_test_member(2),
                      secretary = service_test_staff(14, "cert.revoke"),
                      colleague = service_test_staff(15, "cert.owner.review");
    const char *about = "\"account_id\":2,\"kind\":\"OWNER_UNIT\",\"appeal_id\":3,\"appeal_no\":"
                        "\"SS202611280001\",\"unit_name\":\"长治市建设公司\",\"decision\":"
                        "\"撤销认证\"";
    (void)state;
    tell("certification", "appeal.filed",
         arena_printf(arena, "{%s,\"expected_by\":\"2026-12-11\"}", about));
    assert_string_equal(inbox(&member, "", 0)->messages[0]->body,
                        "您对建设单位认证“撤销认证”决定的申诉已收到，编号SS202611280001，预计2026-"
                        "12-11前答复，可在个"
                        "人中心查看。");
    assert_non_null(
        strstr(newest_sms("19900000002"),
               "您对建设单位认证决定的申诉已收到，编号SS202611280001，预计2026-12-11前答复"));
    assert_string_equal(inbox(&secretary, "", 0)->messages[0]->link, "/console/appeals/3");
    assert_non_null(
        strstr(inbox(&secretary, "", 0)->messages[0]->body, "长治市建设公司对建设单位认证"));
    tell("certification", "appeal.decided",
         arena_printf(arena,
                      "{%s,\"result\":\"撤销原决定，认证已恢复\",\"answer\":\"单位没有注销\"}",
                      about));
    assert_non_null(strstr(inbox(&member, "", 0)->messages[0]->body,
                           "已有结果：撤销原决定，认证已恢复。\n答复：单位没有注销"));
    assert_non_null(strstr(newest_sms("19900000002"),
                           "申诉已有结果：撤销原决定，认证已恢复。请登录个人中心查看答复"));
    tell("certification", "application.reopened",
         arena_printf(arena, "{%s,\"review_id\":9}", about));
    assert_string_equal(inbox(&colleague, "", 0)->messages[0]->body,
                        "长治市建设公司的建设单位认证因申诉成立重新进入审核，请由原审核人以外的同"
                        "事处理。");
    assert_string_equal(inbox(&colleague, "", 0)->messages[0]->link, "/console/reviews/9");
}

/* N21C: to one of them alone, whatever the others may do; a member with the same number has nothing of it. */
static void test_one_reviewer_is_reminded(void **state)
{
    Common__Principal reviewer = service_test_staff(31, "cert.owner.review"),
                      colleague = service_test_staff(32, "cert.owner.review"),
                      member = service_test_member(31);
    uint32_t before = unread(&colleague);
    (void)state;
    tell("certification", "review.reminded",
         "{\"staff_id\":31,\"review_id\":7,\"kind\":\"OWNER_UNIT\",\"by_name\":\"李秘书\","
         "\"unit_name\":\"长治市建设公司\",\"application_no\":\"JS1\",\"promised_by\":\"2026-12-"
         "01\"}");
    Notification__MessagePage *page = inbox(&reviewer, "", 0);
    assert_string_equal(
        page->messages[0]->body,
        "李秘书催办：长治市建设公司的建设单位认证（编号JS1）由您审核，承诺2026-12-01前"
        "完成。请尽快处理，或转交其他同事。");
    assert_string_equal(page->messages[0]->link, "/console/reviews/7");
    assert_int_equal(unread(&reviewer), before + 1);
    assert_int_equal(unread(&colleague), before);
    assert_int_equal(unread(&member), 0);
    assert_int_equal(mark_read(&reviewer, page->messages[0]->id), before);
}

/* N23 goes to the old phone; later notices to the new one, whatever the order in which the events come. */
static void test_a_changed_phone(void **state)
{
    (void)state;
    tell("auth", "account.phone_changed",
         "{\"phone\":\"19900000002\",\"new_phone_masked\":\"199****0003\"}");
    assert_non_null(
        strstr(newest_sms("19900000002"),
               "您的平台账号手机号已更换为199****0003，非本人操作请立即致电0355-3069919。"));
    tell("auth", "account.phone_set",
         "{\"account_id\":2,\"phone\":\"19900000003\",\"changed_at_us\":3000000}");
    tell("auth", "account.phone_set",
         "{\"account_id\":2,\"phone\":\"19900000009\",\"changed_at_us\":2000000}"); /* late */
    tell("certification", "application.approved", "{\"account_id\":2,\"kind\":\"EXPERT\"}");
    assert_non_null(strstr(newest_sms("19900000003"), "您的专家认证已通过审核。"));
    assert_string_equal(newest_sms("19900000009"), "");
}

static void test_what_overtakes_the_phone_waits_for_it(void **state)
{
    static const char payload[] = "{\"account_id\":40,\"kind\":\"EXPERT\"}";
    (void)state;
    assert_string_equal(deliver("certification", "early", "application.approved", payload),
                        "contact_unknown");
    tell("auth", "account.registered",
         "{\"account_id\":40,\"phone\":\"19900000044\",\"changed_at_us\":1000000}");
    assert_string_equal(deliver("certification", "early", "application.approved", payload), "");
    assert_non_null(strstr(newest_sms("19900000044"), "您的专家认证已通过审核。"));
}

static void test_an_event_counts_once(void **state)
{
    Common__Principal member = service_test_member(3);
    static const char payload[] = "{\"account_id\":3,\"kind\":\"EXPERT\"}";
    (void)state;
    service_test_sql("INSERT INTO contact (account_id, phone) VALUES (3, '19900000033')");
    assert_string_equal(deliver("certification", "once", "application.approved", payload), "");
    for (int i = 0; i < 3; i++) /* the relay takes this word for "delivered" */
        assert_string_equal(deliver("certification", "once", "application.approved", payload),
                            "inbox_once");
    assert_int_equal(inbox(&member, "", 0)->total, 1);
    /* the same number of another service is another event */
    assert_string_equal(deliver("auth", "once", "account.password_changed", payload), "");
    assert_int_equal(inbox(&member, "", 0)->total, 2);
}

static void test_what_was_not_sealed_for_us_is_refused(void **state)
{
    Common__DeliverEventRequest request = COMMON__DELIVER_EVENT_REQUEST__INIT;
    ProtobufCMessage *reply;
    (void)state;
    request.source = text("certification");
    request.event_id = text("x");
    request.sealed.data = (uint8_t *)text("nonsense");
    request.sealed.len = 8;
    assert_int_equal(
        service_test_call(NULL, "certification", "DeliverEvent", &request.base, "", &reply),
        STATUS_INVALID);
    Common__Principal member = service_test_member(1);
    assert_int_equal(
        service_test_call(&member, "gateway", "DeliverEvent", &request.base, "", &reply),
        STATUS_FORBIDDEN);
}

static void test_an_inbox_pages_and_keeps_to_its_owner(void **state)
{
    Common__Principal member = service_test_member(4), stranger = service_test_member(5);
    Common__Empty nothing = COMMON__EMPTY__INIT;
    ProtobufCMessage *reply;
    char cursor[64] = "";
    size_t seen = 0;
    (void)state;
    service_test_sql("INSERT INTO contact (account_id, phone) VALUES (4, '19900000034')");
    for (int i = 0; i < 7; i++)
        tell("certification", "application.approved", "{\"account_id\":4,\"kind\":\"EXPERT\"}");
    int64_t last = INT64_MAX;
    for (int pages = 0; pages < 3; pages++) {
        Notification__MessagePage *page = inbox(&member, cursor, 3);
        assert_int_equal(page->total, 7);
        for (size_t i = 0; i < page->n_messages; i++) {
            assert_true(page->messages[i]->id < last); /* newest first, none twice */
            last = page->messages[i]->id;
            seen++;
        }
        snprintf(cursor, sizeof cursor, "%s", page->next_cursor);
    }
    assert_int_equal(seen, 7);
    assert_string_equal(cursor, "");

    assert_int_equal(unread(&member), 7);
    assert_int_equal(mark_read(&stranger, last), 0);
    assert_int_equal(unread(&member), 7); /* nobody reads for another */
    assert_int_equal(mark_read(&member, last), 6);
    assert_int_equal(mark_read(&member, last), 6);
    assert_int_equal(
        service_test_call(&member, "gateway", "MarkAllRead", &nothing.base, "", &reply), STATUS_OK);
    assert_int_equal(((const Notification__UnreadCount *)reply)->unread, 0);
    Notification__ListMessagesRequest request = NOTIFICATION__LIST_MESSAGES_REQUEST__INIT;
    request.cursor = text("seven");
    assert_string_equal(service_test_reason(&member, "ListMessages", &request.base),
                        "field_errors");
}

/* Does an e-mail of the folder hold the words? Its text is base64. */
static bool mail_says(const char *words)
{
    static char message[20000];
    static unsigned char text_of[15000];
    struct dirent *entry;
    bool found = false;
    DIR *dir = opendir(folder);
    while (!found && (entry = readdir(dir)) != NULL) {
        if (strstr(entry->d_name, ".eml") == NULL)
            continue;
        FILE *file = fopen(arena_printf(arena, "%s/%s", folder, entry->d_name), "r");
        message[fread(message, 1, sizeof message - 1, file)] = '\0';
        fclose(file);
        size_t size = 0;
        const char *from = strstr(message, "\r\n\r\n");
        sodium_base642bin(text_of, sizeof text_of - 1, from + 4, strlen(from + 4), "\r\n", &size,
                          NULL, sodium_base64_VARIANT_ORIGINAL);
        text_of[size] = '\0';
        found = strstr((const char *)text_of, words) != NULL;
    }
    closedir(dir);
    return found;
}

/* Where an event names an address, its template's e-mail goes there; the file that it encloses is asked of payment, which is
   not here: it is tried again. */
static void test_an_email(void **state)
{
    (void)state;
    tell("auth", "account.registered",
         "{\"account_id\":77,\"phone\":\"19900000077\",\"changed_at_us\":1}");
    tell("payment", "receipt.issued",
         "{\"account_id\":77,\"tail\":\"0001\",\"year\":\"2026\",\"mail_address\":\"a@b.cn\"}");
    service_test_until("SELECT state = 'SENT' FROM delivery WHERE address = 'a@b.cn'");
    assert_string_equal(service_test_value("SELECT channel || ' ' || subject FROM delivery WHERE "
                                           "address = 'a@b.cn'"),
                        "MAIL 会费票据已开具");
    tell("payment", "receipt.issued",
         "{\"account_id\":77,\"tail\":\"0001\",\"year\":\"2026\",\"mail_address\":\"c@d.cn\","
         "\"mail_file_id\":\"f1\"}");
    service_test_until("SELECT state = 'QUEUED' AND error <> '' AND next_at > now() FROM delivery "
                       "WHERE address = 'c@d.cn'");
    tell("payment", "receipt.issued",
         "{\"account_id\":77,\"tail\":\"0001\",\"year\":\"2026\",\"mail_address\":\"\"}");
    assert_string_equal(service_test_value("SELECT count(*) FROM delivery WHERE channel = 'MAIL'"),
                        "2");
    /* sent again: to the mailbox alone, and its sender hears what became of it */
    tell("payment", "receipt.resent",
         "{\"account_id\":77,\"tail\":\"0001\",\"year\":\"2026\",\"mail_address\":\"e@f.cn\","
         "\"mail_id\":9}");
    service_test_until("SELECT EXISTS (SELECT 1 FROM outbox WHERE event = 'mail.sent' AND payload "
                       "->> 'mail_id' = '9')");
    service_test_sql("UPDATE delivery SET attempts = 6, mail_id = '8', next_at = now() WHERE "
                     "address = 'c@d.cn'");
    service_test_until("SELECT EXISTS (SELECT 1 FROM outbox WHERE event = 'mail.failed' AND "
                       "payload ->> 'mail_id' = '8')");
    assert_string_equal(service_test_value("SELECT count(*) FROM message WHERE template = 'N11R'"),
                        "0");
}

/* V9: the link that verifies a mailbox goes there and nowhere else; its sender hears what became of it. So do receipts that waited. */
static void test_a_mailbox_is_verified(void **state)
{
    (void)state;
    tell("payment", "mailbox.link",
         "{\"account_id\":77,\"unit_name\":\"长治市甲方咨询有限公司\",\"mail_address\":\"s@t.cn\","
         "\"mail_id\":\"-77\",\"mailbox_link\":\"https://x.cn/app/m/AbCdEf\"}");
    service_test_until("SELECT EXISTS (SELECT 1 FROM outbox WHERE event = 'mail.sent' AND payload "
                       "->> 'mail_id' = '-77')");
    assert_true(mail_says("长治市甲方咨询有限公司在长治市项目全过程咨询协会平台填写了此邮箱"));
    assert_true(mail_says("\nhttps://x.cn/app/m/AbCdEf\n"));
    tell("payment", "receipt.mailed",
         "{\"account_id\":77,\"tail\":\"0042\",\"year\":\"2026\",\"mail_address\":\"s@t.cn\","
         "\"mail_id\":\"7\"}");
    service_test_until("SELECT EXISTS (SELECT 1 FROM outbox WHERE event = 'mail.sent' AND payload "
                       "->> 'mail_id' = '7')");
    assert_true(mail_says("此邮箱已验证，现发送2026年度会费票据（号码尾号0042）"));
    assert_string_equal(
        service_test_value("SELECT (SELECT count(*) FROM delivery WHERE template IN "
                           "('N11M', 'N11V')) || ' ' || count(*) FROM message "
                           "WHERE template IN ('N11M', 'N11V')"),
        "2 0");
}

/* The opening and the ending of a membership, by e-mail too: with what to do, and where. */
static void test_memberships_by_email(void **state)
{
    (void)state;
    tell("payment", "membership.opened",
         "{\"account_id\":77,\"post\":\"理事单位\",\"member_no\":\"CZQG-2026-0001\",\"last_day\":"
         "\"2027-11-26\",\"mail_address\":\"o@p.cn\"}");
    tell("payment", "membership.ending",
         "{\"account_id\":77,\"last_day\":\"2027-11-26\",\"amount\":\"3000\",\"mail_address\":"
         "\"q@r.cn\",\"renewal_link\":\"https://x.cn/app/dues?renewal=1\"}");
    service_test_until("SELECT count(*) = 2 FROM delivery WHERE address IN ('o@p.cn', 'q@r.cn') "
                       "AND state = 'SENT'");
    assert_true(mail_says("CZQG-2026-0001"));
    assert_true(mail_says("https://x.cn/app/dues?renewal=1"));
}

/* N18 leaves room for its link: with the longest day it is one SMS. Who draws hears when somebody else is to be asked. */
static void test_an_invitation_is_one_sms(void **state)
{
    Common__Principal staff = service_test_staff(5, "expert.draw");
    (void)state;
    tell("auth", "account.registered",
         "{\"account_id\":79,\"phone\":\"19900000079\",\"changed_at_us\":\"1\"}");
    tell("certification", "draw.invited",
         "{\"account_id\":79,\"review_at\":\"2026-12-11 "
         "09:00\",\"review_day\":\"12月11日\",\"reply_by\":"
         "\"2026-12-10 18:00\",\"url\":\"https://www.xmqgczx.com/i?AbCdEfGhIjKlMnOpQrSt\"}");
    const char *line = newest_sms("19900000079"),
               *sms = strstr(line, "【长治全咨协会】诚邀您12月11日评审，请答复："
                                   "https://www.xmqgczx.com/i?AbCdEfGhIjKlMnOpQrSt\"");
    assert_non_null(sms);
    const char *quote = strchr(sms, '"');
    assert_string_equal(service_test_value("SELECT char_length('%.*s')", (int)(quote - sms), sms),
                        "70");
    tell("certification", "draw.needs_more",
         "{\"draw_id\":\"12\",\"draw_no\":\"CQ202612010001\",\"project_name\":"
         "\"漳泽湖生态修复工程\","
         "\"missing\":\"2\"}");
    const Notification__Message *told = inbox(&staff, "", 1)->messages[0];
    assert_string_equal(told->body, "漳泽湖生态修复工程（CQ202612010001）有专家不能参加或到期没有答"
                                    "复，还缺2人，请打开抽取，按次序递补下一位。");
    assert_string_equal(told->link, "/console/draws/12");
}

/* What happens to a unit's money and papers by the hand of staff: in the inbox, and by SMS. */
static void test_dues_are_told(void **state)
{
    static const struct {
        const char *name, *more, *sms;
    } steps[] = {
        {"voucher.confirmed",
         "\"amount\":\"2000\",\"year\":\"2026\",\"next\":"
         "\"等待会员单位认证，认证通过后办理会员开通。\"",                        "已收到贵单位会费2000元（2026年度）。等待会员单位认证，认证通过后办理会员开通。"},
        {"bill.prepaid",
         "\"amount\":\"3000\",\"year\":\"2026\",\"post\":\"理事单位\",\"paid\":\"2000\",\"next\":"
         "\"还需缴纳1000元。\"",                                                                 "2026年度会费（理事单位）3000元的账单已生成，已用预存款2000元。还需缴纳1000元。"    },
        {"receipt.voided",    "\"tail\":\"0012\",\"year\":\"2026\",\"reason\":\"金额打印不清\"",
         "2026年度会费票据（号码尾号0012）已作废，协会将重新开具"                                                                                                                                  },
    };
    (void)state;
    tell("auth", "account.registered",
         "{\"account_id\":78,\"phone\":\"19900000078\",\"changed_at_us\":1}");
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        tell("payment", steps[i].name,
             arena_printf(arena, "{\"account_id\":78,%s}", steps[i].more));
        assert_non_null(strstr(newest_sms("19900000078"), steps[i].sms));
    }
    Common__Principal member = service_test_member(78);
    assert_non_null(strstr(inbox(&member, "", 0)->messages[0]->body, "已作废：金额打印不清。"));
}

/* A code that could not go out in its five minutes does not go out at all. */
static void test_a_stale_code_is_dropped(void **state)
{
    (void)state;
    service_test_sql("INSERT INTO delivery (template, address, sealed_text, is_code, created_at) "
                     "VALUES ('N1', '19900000006', '\\x00', true, now() - interval '6 minutes')");
    service_test_until("SELECT state = 'SUPPRESSED' AND sealed_text IS NULL FROM delivery WHERE "
                       "address = '19900000006'");
}

/* How often the phone got it. */
static int times_sent(const char *phone)
{
    static char line[2048];
    int times = 0;
    FILE *file = fopen(arena_printf(arena, "%s/sms.jsonl", folder), "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL)
        times += strstr(line, phone) != NULL;
    fclose(file);
    return times;
}

/* As a sender leaves it that ends between `sending` and `sent`, after it was refused `attempts` - 1 times. */
static void left_half_way(const char *phone, bool is_code, int attempts)
{
    size_t size;
    char hex[512];
    const void *sealed = secret_seal(event_keys, "delivery", "短信", strlen("短信"), arena, &size);
    sodium_bin2hex(hex, sizeof hex, sealed, size);
    service_test_sql(arena_printf(
        arena,
        "INSERT INTO delivery (template, address, sealed_text, is_code, state, attempts, next_at) "
        "VALUES ('%s', '%s', '\\x%s', %s, 'SENDING', %d, now())",
        is_code ? "N1" : "N4", phone, hex, is_code ? "true" : "false", attempts));
}

static const char *state_of(const char *phone)
{
    return service_test_value("SELECT state || (sealed_text IS NOT NULL) FROM delivery WHERE "
                              "address = '%s'",
                              phone);
}

static void test_a_code_that_a_crash_left_half_way_is_not_repeated(void **state)
{
    (void)state;
    left_half_way("19900000021", true, 1);
    service_test_until("SELECT state <> 'SENDING' FROM delivery WHERE address = '19900000021'");
    assert_string_equal(state_of("19900000021"), "FAILEDfalse");
    assert_int_equal(times_sent("19900000021"), 0);
}

static void test_a_notice_that_a_crash_left_half_way_is_repeated_once(void **state)
{
    (void)state;
    left_half_way("19900000022", false, 3);
    service_test_until("SELECT state <> 'SENDING' FROM delivery WHERE address = '19900000022'");
    assert_string_equal(state_of("19900000022"), "SENTfalse");
    assert_int_equal(times_sent("19900000022"), 1);
    /* and the repeat's sender ends half-way as well */
    service_test_sql("UPDATE delivery SET state = 'SENDING', next_at = now() WHERE address = "
                     "'19900000022'");
    service_test_until("SELECT state <> 'SENDING' FROM delivery WHERE address = '19900000022'");
    assert_string_equal(state_of("19900000022"), "FAILEDfalse");
    assert_int_equal(times_sent("19900000022"), 1);
}

/* More than the queue holds: none is lost, none comes twice. */
static void test_many_codes_at_once_all_go_out(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++)
        left_half_way("19900000023", true, 0);
    service_test_sql("UPDATE delivery SET state = 'QUEUED' WHERE address = '19900000023'");
    service_test_until("SELECT count(*) = 200 FROM delivery WHERE address = '19900000023' AND "
                       "state = 'SENT'");
    assert_int_equal(times_sent("19900000023"), 200);
}

/* Text messages rest from nine in the evening until eight in the morning, where the people are. */
static void test_the_night_has_its_hours(void **state)
{
    static const struct {
        const char *utc, *is_quiet;
    } moments[] = {
        {"12:59:59", "f"},
        {"13:00:00", "t"},
        {"16:00:00", "t"},
        {"23:59:59", "t"},
        {"00:00:00", "f"},
        {"04:00:00", "f"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++)
        assert_string_equal(service_test_value("SELECT CASE WHEN hours('2026-11-27 %s+00') THEN "
                                               "'t' ELSE 'f' END",
                                               moments[i].utc),
                            moments[i].is_quiet);
}

static void set_night(bool is_night)
{
    service_test_sql(arena_printf(
        arena,
        "CREATE OR REPLACE FUNCTION delivery_is_quiet(at timestamptz) RETURNS boolean LANGUAGE sql "
        "IMMUTABLE AS 'SELECT %s'",
        is_night ? "true" : "false"));
}

/* Money is told in the inbox at once, and by SMS in the morning, once; what cannot wait does not. */
static void test_an_sms_waits_for_the_morning(void **state)
{
    static const char money[] = "{\"account_id\":80,\"amount\":\"2000\",\"year\":\"2026\","
                                "\"next\":\"协会正在办理会员开通。\",\"voucher_id\":5}";
    Common__Principal member = service_test_member(80);
    (void)state;
    tell("auth", "account.registered",
         "{\"account_id\":80,\"phone\":\"19900000080\",\"changed_at_us\":1}");
    set_night(true);
    assert_string_equal(deliver("payment", "night", "voucher.confirmed", money), "");
    assert_string_equal(deliver("payment", "night", "voucher.confirmed", money), "inbox_once");
    left_half_way("19900000081", false, 1); /* and what was being sent when the day ended */
    assert_non_null(strstr(inbox(&member, "", 0)->messages[0]->body, "已收到贵单位会费2000元"));
    tell("auth", "account.password_changed", "{\"account_id\":80}"); /* N24 */
    service_test_until("SELECT state = 'SENT' FROM delivery WHERE template = 'N24' AND address = "
                       "'19900000080'");
    tell("payment", "receipt.issued",
         "{\"account_id\":80,\"tail\":\"0001\",\"year\":\"2026\",\"mail_address\":\"g@h.cn\"}");
    service_test_until(
        "SELECT state = 'SENT' FROM delivery WHERE address = 'g@h.cn'"); /* wakes nobody */
    assert_string_equal(
        service_test_value("SELECT string_agg(template || ' ' || state || ' ' || attempts, ', ' "
                           "ORDER BY id) FROM delivery WHERE channel = 'SMS' AND state <> 'SENT' "
                           "AND address IN ('19900000080', '19900000081')"),
        "N8 QUEUED 0, N4 SENDING 1, N11 QUEUED 0");
    assert_int_equal(times_sent("19900000080"), 1);
    set_night(false);
    service_test_until("SELECT NOT EXISTS (SELECT 1 FROM delivery WHERE state IN ('QUEUED', "
                       "'SENDING') AND channel = 'SMS')");
    assert_int_equal(times_sent("19900000080"), 3); /* N24 in the night, N8 and N11 now */
    assert_int_equal(times_sent("19900000081"), 1);
}

/* D.4: who may leave one out hears whom the day's reminders go to; finance, what money waits. */
static void test_staff_are_told_what_waits(void **state)
{
    Common__Principal clerk = service_test_staff(51, "member.open"),
                      issuer = service_test_staff(52, "receipt.issue");
    (void)state;
    tell("payment", "reminder.listed",
         "{\"count\":7,\"units\":\"甲公司、乙公司、丙公司、丁公司、戊公司等\"}");
    const Notification__Message *told = inbox(&clerk, "", 1)->messages[0];
    assert_string_equal(
        told->body, "今天9:30将向7家单位发送会费提醒：甲公司、乙公司、丙公司、丁公司、戊公司等。"
                    "有不该发送的，请在发送前打开名单，选择“这次不提醒”。");
    assert_string_equal(told->link, "/console/reminders");
    assert_int_equal(unread(&issuer), 0);
    Common__Principal cashier = service_test_staff(53, "bank.allocate");
    tell("payment", "statement.waiting", /* N22 */
         "{\"count\":12,\"amount\":\"26000\",\"by_name\":\"赵会计\"}");
    assert_string_equal(inbox(&cashier, "", 1)->messages[0]->body,
                        "赵会计导入了银行流水，新增12笔入账共26000元，待核对或认领。");
}

static int open_service(void **state)
{
    const char *why;
    (void)state;
    assert_non_null(mkdtemp(folder));
    setenv("GUILD_SMS_PROVIDER", "development", 1);
    setenv("GUILD_SMS_FOLDER", folder, 1);
    setenv("GUILD_MAIL_PROVIDER", "development", 1);
    setenv("GUILD_MAIL_FROM", "xiehui@example.cn", 1);
    service_test_open(&notification);
    service_test_sql(
        "DO $$ BEGIN EXECUTE replace(pg_get_functiondef('delivery_is_quiet'::regproc), "
        "'delivery_is_quiet', 'hours'); END $$");
    event_keys = keyring_load(getenv("GUILD_EVENT_KEY_FILE"), &why);
    arena = arena_new(0);
    set_night(false); /* the tests do not wait for the morning */
    return event_keys == NULL ? -1 : 0;
}

static int close_service(void **state)
{
    (void)state;
    keyring_destroy(&event_keys);
    service_test_close();
    int left = system(arena_printf(arena, "rm -r %s", folder));
    arena_destroy(&arena);
    return left;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_code_is_an_sms_and_no_message),
        cmocka_unit_test(test_a_person_is_told_each_step),
        cmocka_unit_test(test_reviewers_share_their_message),
        cmocka_unit_test(test_an_appeal),
        cmocka_unit_test(test_one_reviewer_is_reminded),
        cmocka_unit_test(test_a_changed_phone),
        cmocka_unit_test(test_what_overtakes_the_phone_waits_for_it),
        cmocka_unit_test(test_an_event_counts_once),
        cmocka_unit_test(test_what_was_not_sealed_for_us_is_refused),
        cmocka_unit_test(test_an_inbox_pages_and_keeps_to_its_owner),
        cmocka_unit_test(test_an_email),
        cmocka_unit_test(test_a_mailbox_is_verified),
        cmocka_unit_test(test_memberships_by_email),
        cmocka_unit_test(test_an_invitation_is_one_sms),
        cmocka_unit_test(test_dues_are_told),
        cmocka_unit_test(test_a_stale_code_is_dropped),
        cmocka_unit_test(test_a_code_that_a_crash_left_half_way_is_not_repeated),
        cmocka_unit_test(test_a_notice_that_a_crash_left_half_way_is_repeated_once),
        cmocka_unit_test(test_many_codes_at_once_all_go_out),
        cmocka_unit_test(test_the_night_has_its_hours),
        cmocka_unit_test(test_an_sms_waits_for_the_morning),
        cmocka_unit_test(test_staff_are_told_what_waits),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
