/* V9: a receipt is mailed to a verified mailbox only; links that verify it, what waits meanwhile, and two instances at once. */
#include "dues.h"

#include <libpq-fe.h>

/* A unit that paid, whose voucher gave this address. */
static Common__Principal unit_with(const char *address)
{
    Common__Principal who = unit("MEMBER");
    int64_t id = who.account_id;
    char *json = arena_text(arena, voucher_json(bill_of(id), file_of(id), "2000", ""));
    json[strlen(json) - 2] = '\0'; /* receipt_info goes on */
    SAYS(JSON(&who, "SubmitVoucher", "%s,\"receipt_email\":\"%s\"}}", json, address), "SUBMITTED");
    int64_t voucher =
        atoll(VALUE("SELECT max(id) FROM voucher WHERE account_id = %lld", (long long)id));
    SAYS(confirm(&cashier, voucher, 1, "2000", bill_of(id), "2000"), "CONFIRMED");
    return who;
}

static const char *receipt_of(const Common__Principal *who)
{
    return VALUE("SELECT max(id) FROM receipt WHERE account_id = %lld", (long long)who->account_id);
}

static const char *issued(const Common__Principal *who)
{
    static int number = 9000;
    const char *id = receipt_of(who);
    const char *version = VALUE("SELECT version FROM receipt WHERE id = %s", id);
    SAYS(issue(id, (int)strtol(version, NULL, 10), arena_printf(arena, "%d", ++number), "2000",
               receipt_file()),
         "ISSUED");
    return id;
}

/* The token of the last link that was mailed there. */
static const char *token_to(const char *address)
{
    const char *link = VALUE("SELECT payload ->> 'mailbox_link' FROM outbox WHERE event = "
                             "'mailbox.link' AND payload ->> 'mail_address' = '%s' ORDER BY id "
                             "DESC LIMIT 1",
                             address);
    return strrchr(link, '/') + 1;
}

static const char *links_to(const char *address)
{
    return VALUE("SELECT count(*) FROM outbox WHERE event = 'mailbox.link' AND payload ->> "
                 "'mail_address' = '%s'",
                 address);
}

static const char *link_says(const char *method, const char *token)
{
    return JSON(NULL, method, "{\"token\":\"%s\"}", token);
}

/* Of a receipt: the address of each e-mail with it, and how often it is told as sent. */
static const char *mails_of(const char *receipt)
{
    return VALUE("SELECT coalesce(string_agg(address, ' ' ORDER BY id), '') || '/' || (SELECT "
                 "count(*) FROM outbox WHERE event IN ('receipt.issued', 'receipt.mailed', "
                 "'receipt.resent') AND payload ->> 'receipt_id' = '%s' AND payload ->> "
                 "'mail_address' <> '') FROM receipt_mail WHERE receipt_id = %s",
                 receipt, receipt);
}

static const char *mailbox_of(const Common__Principal *who)
{
    return VALUE("SELECT max(id) FROM mailbox WHERE account_id = %lld", (long long)who->account_id);
}

static const char *send_link(const Common__Principal *who, const char *mailbox)
{
    return JSON(who, "SendMailboxLink", "{\"id\":%s}", mailbox);
}

/* The last link was mailed a while ago. */
static void time_passes(const char *interval)
{
    service_test_sql(
        arena_printf(arena, "UPDATE mailbox SET link_at = link_at - interval '%s'", interval));
}

/* What notification tells of a link's e-mail. */
static void link_mail_became(const char *event, const char *mail)
{
    assert_string_equal(deliver_of(event, arena_printf(arena, "%d", ++last_event),
                                   arena_printf(arena, "{\"mail_id\":\"%s\"}", mail)),
                        "");
}

static void test_a_receipt_waits_for_its_mailbox(void **state)
{
    (void)state;
    Common__Principal who = unit_with("Caiwu@one.cn");
    assert_string_equal(links_to("Caiwu@one.cn"), "1");
    SAYS(JSON(&who, "ListMailboxes", "{}"),
         "\"address\":\"Caiwu@one.cn\",\"verified\":false,\"link_at\":\"20");
    SAYS(JSON(&who, "GetDues", "{}"), "\"unverified_mail\":\"Caiwu@one.cn\"");
    const char *sought =
        arena_printf(arena, "{\"view\":\"ALL\",\"q\":\"咨询公司%lld\"}", (long long)who.account_id);
    SAYS(JSON(&issuer, "ListReceipts", "%s", sought), "\"mail_unverified\":true");

    const char *id = issued(&who);
    assert_string_equal(mails_of(id), "/0");
    SAYS(JSON(&who, "ListMyReceipts", "{}"), "\"held_address\":\"Caiwu@one.cn\"");
    SAYS(JSON(&issuer, "ListReceipts", "%s", sought), "\"held_address\":\"Caiwu@one.cn\"");
    SAYS(JSON(&issuer, "SendReceipts", "{\"ids\":[%s]}", id),
         "\"mail_address\":\"Caiwu@one.cn\",\"held\":true");
    assert_string_equal(mails_of(id), "/0");
    assert_string_equal(links_to("Caiwu@one.cn"), "1"); /* the link still holds */

    const char *token = token_to("Caiwu@one.cn");
    SAYS(link_says("CheckMailboxLink", token), "\"state\":\"VALID\"");
    SAYS(link_says("CheckMailboxLink", token),
         arena_printf(arena, "\"unit_name\":\"咨询公司%lld\",\"mail_address\":\"C***u@one.cn\"",
                      (long long)who.account_id));
    assert_string_equal(mails_of(id), "/0"); /* who looks has not said yes */
    SAYS(link_says("UseMailboxLink", token), "\"state\":\"VERIFIED\"");
    assert_string_equal(mails_of(id), "Caiwu@one.cn/1"); /* asked for twice, sent once */
    assert_string_equal(
        VALUE("SELECT (payload ->> 'mail_file_id' = (SELECT file_id FROM receipt WHERE id = %s)) "
              "::text || (payload ->> 'mail_id' = m.id::text)::text FROM outbox, receipt_mail m "
              "WHERE event = 'receipt.mailed' AND m.receipt_id = %s AND payload ->> 'receipt_id' = "
              "'%s'",
              id, id, id),
        "truetrue");
    SAYS(link_says("UseMailboxLink", token), "\"state\":\"USED\"");
    SAYS(link_says("CheckMailboxLink", token), "\"state\":\"USED\"");
    assert_string_equal(mails_of(id), "Caiwu@one.cn/1");
    SAYS(JSON(&who, "ListMyReceipts", "{}"), "\"held_address\":\"\"");
    SAYS(JSON(&who, "ListMailboxes", "{}"), "\"verified\":true");
    SAYS(JSON(&who, "GetDues", "{}"), "\"unverified_mail\":\"\"");
    SAYS(JSON(&issuer, "ListReceipts", "%s", sought), "\"mail_unverified\":false");
    SAYS(JSON(&issuer, "SendReceipts", "{\"ids\":[%s]}", id), "\"held\":false");
    assert_string_equal(
        VALUE("SELECT string_agg(DISTINCT actor_kind || ' ' || action, ', ') FROM audit "
              "WHERE action = 'mailbox.verified'"),
        VALUE("SELECT actor_kind || ' mailbox.verified' FROM audit WHERE action = "
              "'mailbox.verified' LIMIT 1"));
}

static void test_links_end_and_are_not_forged(void **state)
{
    (void)state;
    Common__Principal who = unit_with("caiwu@two.cn");
    const char *token = token_to("caiwu@two.cn");
    char *forged = arena_text(arena, token);
    assert_int_equal(strlen(token), 27);
    forged[12] = forged[12] == 'A' ? 'B' : 'A';
    SAYS(link_says("CheckMailboxLink", forged), "\"state\":\"INVALID\"");
    SAYS(link_says("UseMailboxLink", forged), "\"state\":\"INVALID\"");
    SAYS(link_says("UseMailboxLink", "x"), "\"state\":\"INVALID\"");
    service_test_sql("UPDATE mailbox_link SET expires_at = now() - interval '1 second'");
    SAYS(link_says("CheckMailboxLink", token), "\"state\":\"EXPIRED\"");
    SAYS(link_says("UseMailboxLink", token), "\"state\":\"EXPIRED\"");
    SAYS(JSON(&who, "ListMailboxes", "{}"), "\"verified\":false");

    /* whose receipt is issued after that hears again, by the timer */
    issued(&who);
    mailbox_run(service_test_run());
    service_test_until("SELECT count(*) = 2 FROM outbox WHERE event = 'mailbox.link' AND payload "
                       "->> 'mail_address' = 'caiwu@two.cn'");
    SAYS(link_says("UseMailboxLink", token_to("caiwu@two.cn")), "\"state\":\"VERIFIED\"");
    SAYS(link_says("CheckMailboxLink", token), "\"state\":\"USED\""); /* it is verified */
    mailbox_run(service_test_run());
    service_test_until("SELECT NOT EXISTS (SELECT 1 FROM mailbox WHERE wants_link)");
    assert_string_equal(links_to("caiwu@two.cn"), "2");
}

static void test_a_link_is_sent_again_within_bounds(void **state)
{
    (void)state;
    Common__Principal who = unit_with("caiwu@three.cn"), other = unit_with("kuaiji@three.cn");
    const char *mailbox = mailbox_of(&who), *first = token_to("caiwu@three.cn");
    SAYS(send_link(&who, mailbox), "mailbox_link_soon");
    SAYS(send_link(&other, mailbox), "mailbox_gone");
    time_passes("61 seconds");
    SAYS(send_link(&who, mailbox), "\"link_state\":\"QUEUED\"");
    assert_string_not_equal(token_to("caiwu@three.cn"), first);
    SAYS(send_link(&who, mailbox), "mailbox_link_soon");
    for (int i = 2; i < 10; i++) {
        time_passes("1 minute");
        SAYS(send_link(&who, mailbox), "\"link_state\":\"QUEUED\"");
    }
    time_passes("1 minute");
    SAYS(send_link(&who, mailbox), "mailbox_link_limit");
    assert_string_equal(links_to("caiwu@three.cn"), "10");

    /* another address of the same unit waits for the next day, too */
    service_test_sql(arena_printf(arena, "SELECT mailbox_given(%lld, 'weitere@three.cn')",
                                  (long long)who.account_id));
    mailbox_run(service_test_run());
    SAYS(JSON(&who, "ListMailboxes", "{}"), "caiwu@three.cn");
    assert_string_equal(links_to("weitere@three.cn"), "0");
    service_test_sql("UPDATE mailbox_link SET made_at = made_at - interval '1 day'");
    mailbox_run(service_test_run());
    service_test_until("SELECT count(*) = 1 FROM outbox WHERE event = 'mailbox.link' AND payload "
                       "->> 'mail_address' = 'weitere@three.cn'");

    SAYS(link_says("UseMailboxLink", first), "\"state\":\"VERIFIED\""); /* the oldest holds, too */
    SAYS(send_link(&who, mailbox), "mailbox_verified");
}

/* What became of the e-mail with the link is shown; one that failed is made up for when the address is given again. */
static void test_a_link_that_was_not_delivered(void **state)
{
    (void)state;
    Common__Principal who = unit_with("falsch@four.cn");
    const char *mail = VALUE("SELECT id FROM mailbox_link ORDER BY made_at DESC LIMIT 1");
    link_mail_became("mail.failed", mail);
    SAYS(JSON(&who, "ListMailboxes", "{}"), "\"link_state\":\"FAILED\"");
    link_mail_became("mail.sent", mail); /* too late to be true */
    SAYS(JSON(&who, "ListMailboxes", "{}"), "\"link_state\":\"FAILED\"");
    const char *id = issued(&who);
    SAYS(JSON(&who, "SendMyReceipt", "{\"id\":%s,\"receipt_email\":\"FALSCH@four.cn\"}", id),
         "\"held\":true");
    assert_string_equal(links_to("falsch@four.cn"),
                        "2"); /* the same mailbox, as it was given first */
    link_mail_became("mail.sent",
                     VALUE("SELECT id FROM mailbox_link ORDER BY made_at DESC LIMIT 1"));
    SAYS(JSON(&who, "ListMailboxes", "{}"), "\"link_state\":\"SENT\"");
}

/* Another address is verified anew, for each unit by itself; the one before stays verified. */
static void test_another_address_is_verified_anew(void **state)
{
    (void)state;
    Common__Principal who = unit_with("alt@five.cn"), other = unit_with("alt@five.cn");
    const char *id = receipt_of(&who);
    SAYS(link_says("UseMailboxLink", token_to("alt@five.cn")), "VERIFIED"); /* the other's */
    SAYS(JSON(&other, "ListMailboxes", "{}"), "\"verified\":true");
    SAYS(JSON(&who, "ListMailboxes", "{}"), "\"verified\":false");

    SAYS(JSON(&issuer, "ReturnReceipt", "{\"id\":%s,\"version\":1,\"reason\":\"邮箱写错了\"}", id),
         "RETURNED");
    SAYS(JSON(&who, "CorrectReceipt",
              "{\"id\":%s,\"version\":2,\"info\":{\"receipt_title\":\"抬头\",\"receipt_tax_id\":"
              "\"91140403MA0K1X2Y1M\",\"receipt_email\":\"neu@five.cn\"}}",
              id),
         "REQUESTED");
    assert_string_equal(links_to("neu@five.cn"), "1");
    issued(&who);
    SAYS(JSON(&who, "ListMyReceipts", "{}"), "\"held_address\":\"neu@five.cn\"");
    SAYS(JSON(&who, "SendMyReceipt", "{\"id\":%s,\"receipt_email\":\"dritt@five.cn\"}", id),
         "\"held\":true");
    assert_string_equal(mails_of(id), "/0");
    SAYS(link_says("UseMailboxLink", token_to("neu@five.cn")), "VERIFIED");
    assert_string_equal(mails_of(id), "neu@five.cn/1");
    SAYS(link_says("UseMailboxLink", token_to("dritt@five.cn")), "VERIFIED");
    assert_string_equal(mails_of(id), "neu@five.cn dritt@five.cn/2");
    SAYS(JSON(&who, "SendMyReceipt", "{\"id\":%s,\"receipt_email\":\"dritt@five.cn\"}", id),
         "\"held\":false");

    SAYS(JSON(&who, "AskReissue",
              "{\"id\":%s,\"version\":4,\"reason\":\"抬头写错了一个字\",\"info\":{\"receipt_"
              "title\":\"抬头\",\"receipt_tax_id\":\"91140403MA0K1X2Y1M\",\"receipt_email\":"
              "\"viert@five.cn\"}}",
              id),
         "抬头写错了一个字");
    assert_string_equal(links_to("viert@five.cn"), "1");
}

/* A receipt that is void meanwhile is not mailed, the one in its place is. */
static void test_only_what_holds_is_mailed(void **state)
{
    (void)state;
    Common__Principal who = unit_with("caiwu@six.cn");
    const char *gone = issued(&who);
    SAYS(
        JSON(&issuer, "VoidReceipt", "{\"id\":%s,\"version\":2,\"reason\":\"号码填写错误\"}", gone),
        "VOID");
    const char *id = issued(&who);
    SAYS(link_says("UseMailboxLink", token_to("caiwu@six.cn")), "VERIFIED");
    assert_string_equal(mails_of(gone), "/0");
    assert_string_equal(mails_of(id), "caiwu@six.cn/1");
    nothing_contradicts();
}

/* ---- two instances at once: what is issued beside the verification is mailed, once, whichever comes first */

static PGconn *instance(void)
{
    PGconn *pg = PQconnectdb(getenv("GUILD_DATABASE"));
    assert_int_equal(PQstatus(pg), CONNECTION_OK);
    return pg;
}

static void begin(PGconn *pg, const char *sql)
{
    PQclear(PQexec(pg, "BEGIN"));
    assert_int_equal(PQsendQuery(pg, sql), 1);
}

static void commit(PGconn *pg)
{
    for (PGresult *done; (done = PQgetResult(pg)) != NULL; PQclear(done))
        assert_int_equal(PQresultStatus(done), PGRES_COMMAND_OK);
    PQclear(PQexec(pg, "COMMIT"));
    PQfinish(pg);
}

static const char *mailed_when(const char *address, bool verified_first)
{
    Common__Principal who = unit_with(address);
    const char *id = issued(&who);
    service_test_sql("DELETE FROM receipt_mail_held"); /* as if it was being issued just now */
    const char *verifies =
        arena_printf(arena, "UPDATE mailbox SET verified_at = now() WHERE address = '%s'", address);
    const char *mails = arena_printf(
        arena,
        "INSERT INTO receipt_mail (receipt_id, address, asked_by) VALUES (%s, '%s', 'STAFF:1')", id,
        address);
    PGconn *first = instance(), *second = instance();
    begin(first, verified_first ? verifies : mails);
    while (PQconsumeInput(first) == 1 && PQisBusy(first) == 1) /* it has its lock */
        continue;
    begin(second, verified_first ? mails : verifies);
    commit(first);
    commit(second);
    return VALUE("SELECT count(*) || ' ' || (SELECT count(*) FROM receipt_mail_held WHERE "
                 "receipt_id = %s) FROM receipt_mail WHERE receipt_id = %s",
                 id, id);
}

static void test_nothing_is_held_beside_the_verification(void **state)
{
    (void)state;
    assert_string_equal(mailed_when("caiwu@seven.cn", true), "1 0");
    assert_string_equal(mailed_when("kuaiji@seven.cn", false), "1 0");
}

/* ---- addresses of before */

/* The statement of the schema file that takes them over. */
static const char *take_over(void)
{
    FILE *file = fopen("services/payment/schema/035_mailbox.sql", "r");
    assert_non_null(file);
    char *text = arena_alloc(arena, 100000);
    text[fread(text, 1, 99999, file)] = '\0';
    fclose(file);
    char *start = strstr(text, "INSERT INTO mailbox (");
    assert_non_null(start);
    char *end = strchr(start, ';');
    end[1] = '\0';
    return start;
}

static void test_addresses_of_before(void **state)
{
    (void)state;
    Common__Principal who = unit_with("gut@eight.cn");
    const char *id = issued(&who);
    SAYS(link_says("UseMailboxLink", token_to("gut@eight.cn")), "VERIFIED");
    link_mail_became("mail.sent", VALUE("SELECT id FROM receipt_mail WHERE receipt_id = %s", id));
    unit_with("nie@eight.cn");
    service_test_sql("TRUNCATE mailbox CASCADE");
    service_test_sql(take_over());
    assert_string_equal(
        VALUE("SELECT string_agg(address || ' ' || (verified_at IS NOT NULL) || ' ' || wants_link, "
              "', ' ORDER BY address) FROM mailbox WHERE address LIKE '%%@eight.cn'"),
        "gut@eight.cn true false, nie@eight.cn false false");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_receipt_waits_for_its_mailbox),
        cmocka_unit_test(test_links_end_and_are_not_forged),
        cmocka_unit_test(test_a_link_is_sent_again_within_bounds),
        cmocka_unit_test(test_a_link_that_was_not_delivered),
        cmocka_unit_test(test_another_address_is_verified_anew),
        cmocka_unit_test(test_only_what_holds_is_mailed),
        cmocka_unit_test(test_nothing_is_held_beside_the_verification),
        cmocka_unit_test(test_addresses_of_before),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
