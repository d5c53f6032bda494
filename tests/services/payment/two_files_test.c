/* Y4 through the service: a month of sixty vouchers, the account's file and the collection code's, with what months bring: codes
   as people write them, serials, payers known from before, a boss who pays himself, one payer for two units, two years at once,
   equal payments in one minute, a returned transfer, sums of the wallet less fees, and the last days of the month before. At
   least nine of ten are proposed with their own line, no wrong pair is green, and the green ones are confirmed together. */
#include "dues.h"

enum { VOUCHERS = 60, WAYS = 20, NAME_ONLY = 16 };

static struct {
    int64_t account, voucher, bill;
    const char *code, *name;
} units[VOUCHERS];
static FILE *account_file, *merchant_file;
static char *account_text, *merchant_text;
static size_t account_size, merchant_size;

static const char *day_of(int i)
{
    return VALUE("SELECT (current_date - %d)::text", i % 20 + 1);
}

static bool by_wallet(int way)
{
    return way == 14 || way == 15;
}

static void handed_in(int i)
{
    int way = i % WAYS;
    Common__Principal who = unit("MEMBER");
    int64_t id = units[i].account = who.account_id;
    units[i].bill = bill_of(id);
    units[i].name = arena_printf(arena, "咨询公司%lld", (long long)id);
    units[i].code = arena_text(
        arena, VALUE("SELECT reference_code FROM bill WHERE id = %lld", (long long)units[i].bill));
    const char *serial = way == 9 || way == 10 ? arena_printf(arena, "F%04d", i)
                         : way == 15           ? arena_printf(arena, "M%04d", i)
                                               : "";
    SAYS(
        JSON(
            &who, "SubmitVoucher",
            "{\"bill_ids\":[%lld],\"pay_method\":\"%s\",\"voucher_files\":[\"%s\"],\"paid_amount\":"
            "\"%s\",\"paid_date\":\"%s\",\"payer_name\":\"%s\",\"bank_serial\":\"%s\",\"receipt_"
            "info\":{\"receipt_title\":\"%s\",\"receipt_tax_id\":\"91140403MA0K1X2Y1M\","
            "\"receipt_phone\":\"18003551778\"}}",
            (long long)units[i].bill, by_wallet(way) ? "QR_WECHAT" : "BANK", file_of(id),
            way == 17 ? "4000" : "2000", day_of(i), units[i].name, serial, units[i].name),
        "SUBMITTED");
    units[i].voucher =
        atoll(VALUE("SELECT max(id) FROM voucher WHERE account_id = %lld", (long long)id));
    if (way == 11 || way == 12)
        service_test_sql(arena_printf(arena, "INSERT INTO learned_payer VALUES ('6222%04d', %lld)",
                                      i, (long long)id));
}

/* In small letters with a blank, as the bank's form takes them. */
static const char *written(const char *code)
{
    char *out = arena_printf(arena, "会费 %.4s %s", code, code + 4);
    for (char *c = out; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + 'a' - 'A');
    return out;
}

static void paid(int i)
{
    int way = i % WAYS;
    const char *payer = units[i].name, *remark = "会费", *amount = "\"2,000.00\"";
    if (by_wallet(way)) {
        fprintf(merchant_file, "M%04d,%s 12:00:00,微信支付,\"2,000.00\",10.00,\"1,990.00\",%s\n", i,
                day_of(i), way == 14 ? units[i].code : "");
        return;
    }
    if (way < 8 || way == 17)
        remark = arena_printf(arena, "会费%s", units[i].code);
    else if (way == 8 || way == 13)
        remark = written(units[i].code);
    if (way == 11)
        payer = arena_printf(arena, "咨询公司%lld第一分公司", (long long)units[i].account);
    else if (way == 12 || way == 13)
        payer = "张三"; /* the boss himself */
    else if (way == 17)
        amount = "\"4,000.00\"";
    else if (way == 18 || way == 19) {
        payer = "集团财务公司"; /* for two units, in one minute */
        remark = arena_printf(arena, "代缴%s", units[i].code);
    }
    fprintf(account_file, "%s,10:00:00,7,F%04d,,%s,1,%s,6222%04d,%s\n", day_of(i), i, amount, payer,
            i, remark);
}

static const char *import(const char *kind, const char *text, size_t size)
{
    service_test_body(text, size);
    return JSON(&cashier, "ImportStatement", "{\"kind\":\"%s\",\"file_name\":\"本月.csv\"}", kind);
}

#define ACCOUNT_HEAD                                                                               \
    "中国工商银行账户明细\n账号：,0505010409200054816\n"                              \
    "交易日期,交易时间,凭证号,交易流水号,借方发生额,贷方发生额,余额,对方户名,对方账号,用途\n"

static void files_made(const char *overlap)
{
    account_file = open_memstream(&account_text, &account_size);
    merchant_file = open_memstream(&merchant_text, &merchant_size);
    fprintf(account_file, ACCOUNT_HEAD "%s", overlap);
    fputs("商户编号,050582490012\n订单号,支付时间,支付方式,订单金额,手续费,入账金额,备注\n",
          merchant_file);
    for (int i = 0; i < VOUCHERS; i++)
        paid(i);
    for (int i = 0; i < 5; i++)
        fprintf(account_file,
                "%s,11:00:00,7,,,2000.00,,同名商贸,,货款\n%s,11:00:00,7,,,2000.00,,同名商贸,,货款\n"
                "%s,12:00:00,,N%d,,2000.00,1,%s,,退款\n%s,13:00:00,,K%d,35.50,,1,供电公司,,电费\n"
                "%s,06:00:00,,J%d,,1990.00,1,待清算,,商户结算\n",
                day_of(i), day_of(i), day_of(i), i, units[NAME_ONLY].name, day_of(i), i, day_of(i),
                i);
    fputs("合计,,,,,,,,,\n", account_file);
    fclose(account_file);
    fclose(merchant_file);
}

/* Which unit's money a line is; -1: nobody's here. */
static int owner_of(const char *serial)
{
    return serial[0] == 'F' || serial[0] == 'M' ? atoi(serial + 1) : -1;
}

static void confirm_green(const Payment__Match *match)
{
    const char *parts = "";
    for (size_t i = 0; i < match->n_parts; i++)
        parts = arena_printf(arena, "%s%s{\"bill_id\":%lld,\"amount\":\"%lld\"}", parts,
                             i > 0 ? "," : "", (long long)match->parts[i]->bill_id,
                             (long long)match->parts[i]->amount_fen / 100);
    SAYS(JSON(&treasurer, "DecideVoucher",
              "{\"id\":%lld,\"version\":%u,\"verdict\":\"CONFIRM\",\"confirmed_amount\":\"%lld\","
              "\"received_date\":\"%.10s\",\"allocations\":[%s],\"bank_line_ids\":[%lld]}",
              (long long)match->voucher->id, match->version, (long long)match->line->dues_fen / 100,
              match->line->occurred_at, parts, (long long)match->line->id),
         "CONFIRMED");
}

static void test_a_month_of_two_files(void **state)
{
    const char *overlap = arena_printf(arena, "%s,09:00:00,7,F9998,,3000.00,1,上月的,6,会费\n",
                                       VALUE("SELECT (current_date - 25)::text"));
    Payment__ListMatchesRequest request = PAYMENT__LIST_MATCHES_REQUEST__INIT;
    ProtobufCMessage *reply;
    size_t right = 0, green = 0, wrong_green = 0;
    (void)state;
    for (int i = 0; i < VOUCHERS; i++)
        handed_in(i);
    const char *before = arena_printf(arena, ACCOUNT_HEAD "%s", overlap);
    SAYS(import("ACCOUNT", before, strlen(before)), "\"added\":1");
    files_made(overlap);
    const char *report = import("ACCOUNT", account_text, account_size);
    SAYS(report, "\"lines\":75,\"added\":74,\"debits\":5");
    SAYS(report, "\"settlements\":5");
    SAYS(report, "\"added_out\":5");
    assert_string_equal(
        VALUE("SELECT count(*) FROM statement_line WHERE is_out AND not_dues = 'EXPENSE'"), "5");
    SAYS(import("ACCOUNT", account_text, account_size), "\"added\":0");
    SAYS(import("MERCHANT", merchant_text, merchant_size), "\"added\":6");

    service_test_call(&treasurer, "gateway", "ListMatches", &request.base, "", &reply);
    const Payment__MatchList *list = (const Payment__MatchList *)reply;
    for (size_t i = 0; i < list->n_matches; i++) {
        const Payment__Match *match = list->matches[i];
        int owner = owner_of(match->line->serial);
        bool is_right =
            owner >= 0 && owner < VOUCHERS && units[owner].voucher == match->voucher->id;
        right += is_right;
        green += match->green ? 1 : 0;
        wrong_green += match->green && !is_right;
        if (match->green && is_right)
            confirm_green(match);
    }
    printf("%d vouchers, two files: %.1f %% proposed right, %.1f %% green and confirmed, %zu wrong "
           "green\n",
           VOUCHERS, 100.0 * (double)right / VOUCHERS, 100.0 * (double)green / VOUCHERS,
           wrong_green);
    assert_int_equal(wrong_green, 0);
    assert_true(10 * right >= 9 * VOUCHERS);
    assert_true(2 * green >= VOUCHERS);
    assert_int_equal(atoi(VALUE("SELECT count(*) FROM voucher WHERE state = 'CONFIRMED'")), green);
    assert_int_equal(atoi(VALUE("SELECT count(*) FROM statement_line WHERE state = 'ALLOCATED'")),
                     green);
    assert_int_equal(
        atoi(VALUE("SELECT count(*) FROM statement_line WHERE payer_name = '同名商贸'")), 10);
    nothing_contradicts();
    free(account_text);
    free(merchant_text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_month_of_two_files)};
    return cmocka_run_group_tests(tests, open_service, close_service);
}
