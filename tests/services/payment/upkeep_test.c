/* What every service clears away by itself, shown with the smallest of them. */
#define main service_program
#include "../../../services/payment/main.c"
#undef main
#include "service_test.h"
#include "upkeep.h"

static void test_what_is_old_goes_and_what_may_be_asked_for_stays(void **state)
{
    (void)state;
    service_test_sql(
        "INSERT INTO idempotency (principal, key, method, body_hash, created_at) "
        "SELECT 'MEMBER:1', 'old' || i, 'X', '\\x00', now() - interval '31 days' "
        "FROM generate_series(1, 2500) i;"
        "INSERT INTO idempotency (principal, key, method, body_hash, created_at) VALUES "
        "('MEMBER:1', 'young', 'X', '\\x00', now() - interval '29 days');"
        "INSERT INTO outbox (event, delivered_at) VALUES ('told', now() - interval '8 days'), "
        "('told lately', now() - interval '6 days');"
        "INSERT INTO outbox (event, created_at) VALUES ('never told', now() - interval '1 year');"
        "INSERT INTO inbox VALUES ('auth', '1', now() - interval '91 days'), "
        "('auth', '2', now() - interval '89 days');");
    upkeep_run(service_test_run());
    service_test_until("SELECT count(*) = 1 FROM idempotency");
    assert_string_equal(service_test_value("SELECT key FROM idempotency"), "young");
    assert_string_equal(
        service_test_value("SELECT string_agg(event, ', ' ORDER BY id) FROM outbox"),
        "told lately, never told");
    assert_string_equal(service_test_value("SELECT event_id FROM inbox"), "2");
}

static int open_service(void **state)
{
    (void)state;
    service_test_open(&payment);
    return 0;
}

static int close_service(void **state)
{
    (void)state;
    service_test_close();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_old_goes_and_what_may_be_asked_for_stays),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
