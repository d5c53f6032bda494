/* The fee schedule, through the whole skeleton and a real database. */
#define main service_program
#include "../../../services/payment/main.c"
#undef main
#include "service_test.h"

static Payment__FeeList *fees(void)
{
    Common__Empty nothing = COMMON__EMPTY__INIT;
    ProtobufCMessage *reply;
    assert_int_equal(service_test_call(NULL, "gateway", "ListFees", &nothing.base, "", &reply),
                     STATUS_OK);
    return (Payment__FeeList *)reply;
}

static void test_an_empty_schedule_is_told(void **state)
{
    Common__Empty nothing = COMMON__EMPTY__INIT;
    (void)state;
    assert_string_equal(service_test_reason(NULL, "ListFees", &nothing.base), "fees_missing");
}

/* The handbook's: 5000, 5000, 3000 and 2000 元 a year. What begins tomorrow is not told today; what began today is. */
static void test_the_fee_in_force_is_told(void **state)
{
    (void)state;
    service_test_sql("INSERT INTO fee_schedule VALUES "
                     "('MEMBER', '会员单位', 200000, '2024-04-02', 4), ('COUNCIL', '理事单位', "
                     "300000, '2024-04-02', 3), "
                     "('VICE_PRESIDENT', '副会长单位', 500000, '2024-04-02', 2), "
                     "('PRESIDENT', '会长单位', 500000, '2024-04-02', 1), "
                     "('MEMBER', '会员单位', 250000, now()::date + 1, 4)");
    static const struct {
        const char *post, *name;
        int64_t fen;
    } expected[] = {
        {"PRESIDENT",      "会长单位",    500000},
        {"VICE_PRESIDENT", "副会长单位", 500000},
        {"COUNCIL",        "理事单位",    300000},
        {"MEMBER",         "会员单位",    200000},
    };
    Payment__FeeList *list = fees();
    assert_int_equal(list->n_fees, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(list->fees[i]->association_post, expected[i].post);
        assert_string_equal(list->fees[i]->association_post_name, expected[i].name);
        assert_int_equal(list->fees[i]->amount_fen, expected[i].fen);
        assert_string_equal(list->fees[i]->valid_from, "2024-04-02");
    }
    service_test_sql(
        "INSERT INTO fee_schedule VALUES ('COUNCIL', '理事单位', 350000, now()::date, 3)");
    assert_int_equal(fees()->fees[2]->amount_fen, 350000);
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
        cmocka_unit_test(test_an_empty_schedule_is_told),
        cmocka_unit_test(test_the_fee_in_force_is_told),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
