/* Receipts: returned and corrected, asked for anew, sent and fetched; and the association's pictures. */
#include "dues.h"

static void test_a_receipt_is_returned_corrected_and_replaced(void **state)
{
    (void)state;
    Common__Principal who = paid_unit();
    const char *id = VALUE("SELECT max(id) FROM receipt");
    SAYS(JSON(&issuer, "ReturnReceipt", "{\"id\":%s,\"version\":1,\"reason\":\"抬头与单位不符\"}",
              id),
         "RETURNED");
    SAYS(JSON(&who, "CorrectReceipt",
              "{\"id\":%s,\"version\":2,\"info\":{\"receipt_title\":\"新的抬头\",\"receipt_tax_"
              "id\":\"91140403MA0K1X2Y1M\"}}",
              id),
         "receipt_email");
    SAYS(JSON(&who, "CorrectReceipt",
              "{\"id\":%s,\"version\":2,\"info\":{\"receipt_title\":\"新的抬头\",\"receipt_tax_"
              "id\":\"91140403MA0K1X2Y1M\","
              "\"receipt_email\":\"a@b.cn\"}}",
              id),
         "REQUESTED");
    SAYS(JSON(&issuer, "IssueReceipt",
              "{\"id\":%s,\"version\":3,\"receipt_no\":\"77\",\"issued_on\":\"%s\",\"amount\":"
              "\"2000\",\"file_id\":\"%s\"}",
              id, today(), receipt_file()),
         "ISSUED");
    SAYS(JSON(&cashier, "VoidReceipt", "{\"id\":%s,\"version\":4,\"reason\":\"号码填写错误\"}", id),
         "not_allowed");
    SAYS(JSON(&issuer, "VoidReceipt", "{\"id\":%s,\"version\":4,\"reason\":\"号码填写错误\"}", id),
         "VOID");
    assert_string_equal(VALUE("SELECT state || ' ' || replaces || ' ' || (info ->> "
                              "'receipt_title') FROM receipt ORDER BY id DESC LIMIT 1"),
                        arena_printf(arena, "REQUESTED %s 新的抬头", id));
    assert_string_equal(VALUE("SELECT concat_ws(' ', payload ->> 'tail', payload ->> 'reason', "
                              "payload ->> 'year' = extract(year FROM current_date)::text) FROM "
                              "outbox WHERE event = 'receipt.voided'"),
                        "77 号码填写错误 t");
    nothing_contradicts();
}

#define NEW_INFO                                                                                   \
    "{\"receipt_title\":\"换开的抬头\",\"receipt_tax_id\":\"91140403MA0K1X2Y1M\",\"receipt_"  \
    "email\":"                                                                                     \
    "\"a@b.cn\"}"

static void test_a_unit_asks_for_another_receipt(void **state)
{
    (void)state;
    Common__Principal who = paid_unit(), other = paid_unit();
    const char *id =
        VALUE("SELECT id FROM receipt WHERE account_id = %lld", (long long)who.account_id);
    const char *ask = arena_printf(
        arena, "{\"id\":%s,\"version\":2,\"reason\":\"抬头写错了一个字\",\"info\":" NEW_INFO "}",
        id);
    SAYS(JSON(&who, "AskReissue", "%s", ask), "reissue_not_possible"); /* there is none yet */
    SAYS(issue(id, 1, "331", "2000", receipt_file()), "ISSUED");
    SAYS(JSON(&who, "ListMyReceipts", "{}"), "\"may_reissue\":true");
    SAYS(JSON(&other, "AskReissue", "%s", ask), "reissue_not_possible");
    SAYS(JSON(&who, "AskReissue", "{\"id\":%s,\"version\":2,\"info\":" NEW_INFO "}", id), "reason");
    SAYS(JSON(&who, "AskReissue", "%s", ask), "抬头写错了一个字");
    SAYS(JSON(&who, "AskReissue", "%s", ask), "reissue_not_possible");
    SAYS(JSON(&issuer, "ListReceipts", "{\"view\":\"REISSUE\"}"), "换开的抬头");

    SAYS(JSON(&issuer, "DeclineReissue",
              "{\"id\":%s,\"version\":3,\"reason\":\"抬头与营业执照一致\"}", id),
         "抬头与营业执照一致");
    SAYS(JSON(&issuer, "ListReceipts", "{\"view\":\"REISSUE\"}"), "\"total\":0");
    SAYS(JSON(&who, "AskReissue",
              "{\"id\":%s,\"version\":4,\"reason\":\"单位更名了，请换开\",\"info\":" NEW_INFO "}",
              id),
         "ISSUED");
    SAYS(JSON(&issuer, "VoidReceipt", "{\"id\":%s,\"version\":5,\"reason\":\"单位更名了，请换开\"}",
              id),
         "VOID");
    assert_string_equal(VALUE("SELECT state || ' ' || replaces || ' ' || (info ->> "
                              "'receipt_title') FROM receipt ORDER BY id DESC LIMIT 1"),
                        arena_printf(arena, "REQUESTED %s 换开的抬头", id));

    /* half a year later it is too late */
    const char *late =
        VALUE("SELECT id FROM receipt WHERE account_id = %lld", (long long)other.account_id);
    SAYS(issue(late, 1, "332", "2000", receipt_file()), "ISSUED");
    service_test_sql(arena_printf(
        arena, "UPDATE receipt SET issued_on = current_date - 181 WHERE id = %s", late));
    SAYS(JSON(&other, "ListMyReceipts", "{}"), "\"may_reissue\":false");
    SAYS(JSON(&other, "AskReissue",
              "{\"id\":%s,\"version\":2,\"reason\":\"太晚了还想换\",\"info\":" NEW_INFO "}", late),
         "reissue_not_possible");
    nothing_contradicts();
}

/* ---- on its way */

/* What certification, or here notification, tells. */
static void mail_became(const char *event, const char *mail)
{
    size_t size;
    ProtobufCMessage *reply;
    const char *id = arena_printf(arena, "%d", ++last_event);
    void *packed = event_seal(event_keys, "notification", id,
                              &(struct event){event, arena_printf(arena, "{\"mail_id\":%s}", mail)},
                              arena, &size);
    Common__DeliverEventRequest *request =
        common__deliver_event_request__unpack(NULL, size, packed);
    assert_int_equal(
        service_test_call(NULL, "notification", "DeliverEvent", &request->base, "", &reply),
        STATUS_OK);
    common__deliver_event_request__free_unpacked(request, NULL);
}

/* A mailbox that the unit has verified. */
static void reads_mail(const Common__Principal *who, const char *address)
{
    service_test_sql(arena_printf(
        arena, "INSERT INTO mailbox (account_id, address, verified_at) VALUES (%lld, '%s', now())",
        (long long)who->account_id, address));
}

/* The receipt of a unit that wants it by e-mail, issued. */
static const char *issued(const Common__Principal *who, const char *file)
{
    static int number = 5000;
    const char *id =
        VALUE("SELECT max(id) FROM receipt WHERE account_id = %lld", (long long)who->account_id);
    reads_mail(who, "caiwu@example.cn");
    service_test_sql(arena_printf(arena,
                                  "UPDATE receipt SET info = info || "
                                  "'{\"receipt_email\":\"caiwu@example.cn\"}' WHERE id = %s",
                                  id));
    SAYS(issue(id, 1, arena_printf(arena, "%d", ++number), "2000", file), "ISSUED");
    return id;
}

static const char *state_of(const char *receipt)
{
    return VALUE("SELECT state || ' ' || version FROM receipt WHERE id = %s", receipt);
}

static const char *mail_of(const char *receipt)
{
    return VALUE("SELECT max(id) FROM receipt_mail WHERE receipt_id = %s", receipt);
}

static const char *undelivered(const Common__Principal *who)
{
    return JSON(&issuer, "ListReceipts", "{\"view\":\"UNDELIVERED\",\"q\":\"咨询公司%lld\"}",
                (long long)who->account_id);
}

/* Accepted by the mail server: delivered; what it says is as it was. */
static void test_a_mailed_receipt_is_delivered(void **state)
{
    (void)state;
    Common__Principal who = paid_unit();
    const char *id = issued(&who, receipt_file());
    assert_string_equal(
        VALUE("SELECT payload ->> 'mail_address' || ' ' || (payload ->> 'mail_id') FROM outbox "
              "WHERE event = 'receipt.issued' ORDER BY id DESC LIMIT 1"),
        arena_printf(arena, "caiwu@example.cn %s", mail_of(id)));
    SAYS(JSON(&who, "ListMyReceipts", "{}"), "\"mail_state\":\"QUEUED\"");
    SAYS(undelivered(&who), "\"total\":1");
    mail_became("mail.failed", mail_of(id));
    SAYS(undelivered(&who), "\"mail_state\":\"FAILED\"");
    assert_string_equal(state_of(id), "ISSUED 2");

    SAYS(JSON(&cashier, "SendReceipts", "{\"ids\":[%s]}", id), "not_allowed");
    SAYS(JSON(&issuer, "SendReceipts", "{\"ids\":[%s]}", id), "caiwu@example.cn");
    assert_string_equal(
        VALUE("SELECT event || ' ' || (payload ->> 'mail_address') || ' ' || (payload ->> 'tail') "
              "FROM outbox ORDER BY id DESC LIMIT 1"),
        VALUE("SELECT 'receipt.resent caiwu@example.cn ' || right(receipt_no, 4) FROM receipt "
              "WHERE id = %s",
              id));
    mail_became("mail.sent", mail_of(id));
    assert_string_equal(state_of(id), "DELIVERED 2");
    SAYS(undelivered(&who), "\"total\":0");
    SAYS(JSON(&who, "ListMyReceipts", "{}"), "\"mail_state\":\"SENT\"");
    mail_became("mail.failed", mail_of(id)); /* too late to be true */
    SAYS(JSON(&who, "ListMyReceipts", "{}"), "\"mail_state\":\"SENT\"");
}

/* Several at once: one without an address is told apart, one that is not issued is left alone. */
static void test_receipts_are_sent_together(void **state)
{
    (void)state;
    Common__Principal one = paid_unit(), two = paid_unit(), three = paid_unit();
    const char *first = issued(&one, receipt_file()), *second = issued(&two, receipt_file());
    const char *waiting =
        VALUE("SELECT max(id) FROM receipt WHERE account_id = %lld", (long long)three.account_id);
    service_test_sql(arena_printf(
        arena, "UPDATE receipt SET info = info - 'receipt_email' WHERE id = %s", second));
    const char *told =
        JSON(&issuer, "SendReceipts", "{\"ids\":[%s,%s,%s]}", first, second, waiting);
    SAYS(told,
         arena_printf(arena, "{\"id\":\"%s\",\"mail_address\":\"caiwu@example.cn\",\"held\":false}",
                      first));
    SAYS(told, arena_printf(arena, "{\"id\":\"%s\",\"mail_address\":\"\",\"held\":false}", second));
    assert_null(strstr(told, arena_printf(arena, "\"%s\"", waiting)));
    SAYS(JSON(&issuer, "SendReceipts", "{\"ids\":[%s]}", waiting), "receipt_gone");
    SAYS(JSON(&issuer, "SendReceipts", "{\"ids\":[]}"), "ids");
}

/* The unit sends it where it likes, five times a day; nobody sends another's. */
static void test_a_unit_sends_its_receipt_again(void **state)
{
    (void)state;
    Common__Principal who = paid_unit(), other = paid_unit();
    const char *id = issued(&who, receipt_file());
    const char *send =
        arena_printf(arena, "{\"id\":%s,\"receipt_email\":\"kuaiji@example.cn\"}", id);
    reads_mail(&who, "kuaiji@example.cn");
    SAYS(JSON(&other, "SendMyReceipt", "%s", send), "receipt_gone");
    SAYS(JSON(&who, "SendMyReceipt", "{\"id\":%s,\"receipt_email\":\"kuaiji\"}", id),
         "receipt_email");
    for (int i = 0; i < 5; i++)
        SAYS(JSON(&who, "SendMyReceipt", "%s", send), "kuaiji@example.cn");
    SAYS(JSON(&who, "SendMyReceipt", "%s", send), "receipt_mail_limit");
    SAYS(JSON(&who, "ListMyReceipts", "{}"), "\"mail_address\":\"kuaiji@example.cn\"");
}

/* The unit's first look at the file is its delivery; staff's, or another's, is not. */
static void test_a_fetched_receipt_is_delivered(void **state)
{
    (void)state;
    Common__Principal who = paid_unit(), other = paid_unit();
    const char *file = receipt_file(), *id = issued(&who, file);
    const char *read = arena_printf(arena, "{\"id\":\"%s\"}", file);
    JSON(&issuer, "ReadPaymentFile", "%s", read);
    JSON(&other, "ReadPaymentFile", "%s", read);
    JSON(&who, "ReadPaymentFile", "{\"id\":\"%s\",\"part\":1}", file);
    assert_string_equal(state_of(id), "ISSUED 2");
    JSON(&who, "ReadPaymentFile", "%s", read);
    service_test_until(arena_printf(
        arena, "SELECT state = 'DELIVERED' AND fetched_at IS NOT NULL FROM receipt WHERE id = %s",
        id));
    SAYS(JSON(&who, "AskReissue",
              "{\"id\":%s,\"version\":2,\"reason\":\"抬头写错了一个字\",\"info\":" NEW_INFO "}",
              id),
         "DELIVERED"); /* the page that showed it before still may ask */
}

/* ---- lists */

static void test_lists_are_filtered_and_sorted(void **state)
{
    (void)state;
    Common__Principal who = paid_unit();
    const char *id = issued(&who, receipt_file()), *year = VALUE("SELECT extract(year FROM now())");
    SAYS(JSON(&issuer, "VoidReceipt", "{\"id\":%s,\"version\":2,\"reason\":\"号码填写错误\"}", id),
         "VOID");
    SAYS(JSON(&who, "ListMyReceipts", "{}"), "\"total\":2");
    SAYS(JSON(&who, "ListMyReceipts", "{\"state\":\"VOID\"}"), "\"total\":1");
    SAYS(JSON(&who, "ListMyReceipts", "{\"year\":%s}", year), "\"total\":2");
    SAYS(JSON(&who, "ListMyReceipts", "{\"year\":2020}"), "\"total\":0");
    const char *oldest = JSON(&who, "ListMyReceipts", "{\"sort\":\"OLDEST_FIRST\",\"limit\":1}");
    SAYS(oldest, arena_printf(arena, "\"id\":\"%s\"", id));
    SAYS(JSON(&who, "ListMyReceipts", "{\"sort\":\"OLDEST_FIRST\",\"limit\":1,\"cursor\":\"%s.0\"}",
              id),
         "\"next_cursor\":\"\"");
    SAYS(JSON(&who, "ListMyReceipts", "{\"limit\":1}"), "REQUESTED");
    SAYS(JSON(&issuer, "ListReceipts",
              "{\"view\":\"ALL\",\"q\":\"咨询公司%lld\",\"sort\":\"OLDEST_FIRST\",\"limit\":1}",
              (long long)account),
         "VOID");
    SAYS(JSON(&issuer, "ListReceipts",
              "{\"view\":\"ALL\",\"q\":\"咨询公司%lld\",\"sort\":\"NEWEST_FIRST\",\"limit\":1}",
              (long long)account),
         "REQUESTED");
}

/* The year's list has every number that was given out in it, the void ones too; what was never issued has none. */
static void test_a_year_has_every_number(void **state)
{
    (void)state;
    const char *year = VALUE("SELECT extract(year FROM now())");
    const char *all =
        JSON(&issuer, "ListReceipts", "{\"view\":\"ALL\",\"year\":%s,\"limit\":100}", year);
    SAYS(all, arena_printf(arena, "\"total\":%s",
                           VALUE("SELECT count(*) FROM receipt WHERE receipt_no <> ''")));
    SAYS(all, "\"next_cursor\":\"\"");
    const char *numbers =
        VALUE("SELECT string_agg(receipt_no, ' ') FROM receipt WHERE receipt_no <> ''");
    char *rest = NULL, *copy = arena_text(arena, numbers);
    for (char *one = strtok_r(copy, " ", &rest); one != NULL; one = strtok_r(NULL, " ", &rest))
        SAYS(all, arena_printf(arena, "\"receipt_no\":\"%s\"", one));
    SAYS(all, "\"state\":\"VOID\"");
    assert_null(strstr(all, "\"receipt_no\":\"\""));
    SAYS(JSON(&issuer, "ListReceipts", "{\"view\":\"ALL\",\"year\":%d}", atoi(year) - 1),
         "\"total\":0");
}

/* ---- pictures of the association */

static const char *picture_file(void)
{
    const char *name = arena_printf(arena, "p%d", ++last_event);
    service_test_sql(arena_printf(
        arena,
        "INSERT INTO attachment (id, account_id, purpose, file_name, content_type, size_bytes, "
        "width, height, content_hash) VALUES ('%s', 7, 'association_picture', 'p.jpg', "
        "'image/jpeg', 10, 300, 300, '%s')",
        name, name));
    return name;
}

#define SET "{\"kind\":\"COLLECTION_CODE\",\"file_id\":\"%s\",\"version\":%d}"

static void test_pictures_are_set_by_who_may(void **state)
{
    (void)state;
    Common__Principal who = paid_unit();
    const char *file = picture_file();
    SAYS(JSON(NULL, "ReadCollectionCode", "{}"), "attachment_gone");
    SAYS(JSON(&who, "GetDues", "{}"), "\"has_collection_code\":false");
    SAYS(JSON(&cashier, "SetPicture", SET, file, 0), "not_allowed");
    SAYS(JSON(&secretary, "SetPicture", SET, receipt_file(), 0), "picture_changed");
    SAYS(JSON(&secretary, "SetPicture", SET, file, 0), "\"version\":1");
    SAYS(JSON(&secretary, "SetPicture", SET, file, 0), "picture_changed");
    SAYS(JSON(&clerk, "ListPictures", "{}"), file);
    SAYS(JSON(&who, "GetDues", "{}"), "\"has_collection_code\":true");
    SAYS(JSON(&secretary, "SetPicture", "{\"kind\":\"COLLECTION_CODE\",\"version\":1}"),
         "\"file_id\":\"\"");
    SAYS(JSON(&who, "GetDues", "{}"), "\"has_collection_code\":false");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_receipt_is_returned_corrected_and_replaced),
        cmocka_unit_test(test_a_unit_asks_for_another_receipt),
        cmocka_unit_test(test_a_mailed_receipt_is_delivered),
        cmocka_unit_test(test_receipts_are_sent_together),
        cmocka_unit_test(test_a_unit_sends_its_receipt_again),
        cmocka_unit_test(test_a_fetched_receipt_is_delivered),
        cmocka_unit_test(test_lists_are_filtered_and_sorted),
        cmocka_unit_test(test_a_year_has_every_number),
        cmocka_unit_test(test_pictures_are_set_by_who_may),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
