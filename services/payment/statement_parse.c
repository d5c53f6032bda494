#include "statement_parse.h"

#include <csv.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

enum column {
    DAY,
    TIME,
    SERIAL,
    SLIP,
    PAYER,
    ACCOUNT,
    CREDIT,
    DEBIT,
    AMOUNT,
    SIGN,
    BALANCE,
    WALLET,
    FEE,
    NET,
    STANDING,
    OWN_ACCOUNT,
    REMARK,
    COLUMNS
};
enum { CELLS_MAX = 64, REMARKS_MAX = 4, CELL_MAX = 400, ACCOUNT_LEAST = 8 };

static const struct {
    const char *name;
    enum column column;
} aliases[] = {
    {"交易日期",       DAY        },
    {"日期",             DAY        },
    {"入账日期",       DAY        },
    {"记账日期",       DAY        },
    {"清算日期",       DAY        },
    {"交易时间",       TIME       },
    {"交易日期时间", TIME       },
    {"支付时间",       TIME       },
    {"订单时间",       TIME       },
    {"时间",             TIME       },
    {"入账时间",       TIME       },
    {"交易流水号",    SERIAL     },
    {"流水号",          SERIAL     },
    {"银行流水号",    SERIAL     },
    {"交易流水",       SERIAL     },
    {"交易序号",       SERIAL     },
    {"凭证号",          SLIP       },
    {"凭证号码",       SLIP       },
    {"凭证编号",       SLIP       },
    {"回单编号",       SERIAL     },
    {"电子回单号",    SERIAL     },
    {"订单号",          SERIAL     },
    {"商户订单号",    SERIAL     },
    {"对方户名",       PAYER      },
    {"对方单位",       PAYER      },
    {"对方单位名称", PAYER      },
    {"对方名称",       PAYER      },
    {"付款人",          PAYER      },
    {"付款人名称",    PAYER      },
    {"付款方名称",    PAYER      },
    {"付款户名",       PAYER      },
    {"对方账号",       ACCOUNT    },
    {"对方帐号",       ACCOUNT    },
    {"付款人账号",    ACCOUNT    },
    {"付款账号",       ACCOUNT    },
    {"贷方发生额",    CREDIT     },
    {"贷方金额",       CREDIT     },
    {"转入金额",       CREDIT     },
    {"收入金额",       CREDIT     },
    {"收入",             CREDIT     },
    {"借方发生额",    DEBIT      },
    {"借方金额",       DEBIT      },
    {"转出金额",       DEBIT      },
    {"支出金额",       DEBIT      },
    {"支出",             DEBIT      },
    {"交易金额",       AMOUNT     },
    {"订单金额",       AMOUNT     },
    {"发生额",          AMOUNT     },
    {"金额",             AMOUNT     },
    {"借贷标志",       SIGN       },
    {"借/贷",            SIGN       },
    {"借贷",             SIGN       },
    {"收支标志",       SIGN       },
    {"交易方向",       SIGN       },
    {"余额",             BALANCE    },
    {"账户余额",       BALANCE    },
    {"支付方式",       WALLET     },
    {"支付渠道",       WALLET     },
    {"交易渠道",       WALLET     },
    {"钱包",             WALLET     },
    {"手续费",          FEE        },
    {"商户手续费",    FEE        },
    {"交易手续费",    FEE        },
    {"入账金额",       NET        },
    {"结算金额",       NET        },
    {"清算金额",       NET        },
    {"实收金额",       NET        },
    {"交易类型",       STANDING   },
    {"交易状态",       STANDING   },
    {"订单状态",       STANDING   },
    {"状态",             STANDING   },
    {"本方账号",       OWN_ACCOUNT},
    {"本方帐号",       OWN_ACCOUNT},
    {"商户编号",       OWN_ACCOUNT},
    {"商户号",          OWN_ACCOUNT},
    {"摘要",             REMARK     },
    {"用途",             REMARK     },
    {"附言",             REMARK     },
    {"备注",             REMARK     },
    {"个性化信息",    REMARK     },
};

struct parsing {
    struct arena *arena;
    statement_line_fn *take;
    void *owner;
    struct statement_report *report;
    bool found; /* the header */
    bool after_return;
    unsigned given;     /* rows of money */
    int place[COLUMNS]; /* of each column; -1: there is none */
    int remarks[REMARKS_MAX];
    size_t remarks_count;
    char *cells[CELLS_MAX];
    size_t cells_count;
};

/* ---- cells: full-width signs become ASCII, blanks around go, and so does what keeps a spreadsheet from taking digits for a
   number: `123 '123 ="123" */

static bool is_wrapped(const char *text, size_t size)
{
    return size >= 3 && text[0] == '=' && text[1] == '"' && text[size - 1] == '"';
}

static char *clean(struct arena *arena, const char *text, size_t size)
{
    if (is_wrapped(text, size))
        text += 2, size -= 3;
    else if (size > 1 && (text[0] == '`' || text[0] == '\''))
        text++, size--;
    char *out = arena_alloc(arena, size + 1);
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i],
                      next = i + 1 < size ? (unsigned char)text[i + 1] : 0;
        if (c == 0xef && i + 2 < size && (next == 0xbc || next == 0xbd)) {
            unsigned sign = (unsigned)(next - 0xbc) * 64 + (unsigned char)text[i + 2] - 0x80 + 0x20;
            if (sign > 0x20 && sign < 0x7f) {
                out[used++] = (char)sign;
                i += 2;
                continue;
            }
        }
        if (c == 0xe3 && i + 2 < size && next == 0x80 && (unsigned char)text[i + 2] == 0x80) {
            c = ' '; /* the ideographic space */
            i += 2;
        }
        out[used++] = (char)(c < 0x20 ? ' ' : c);
    }
    while (used > 0 && out[used - 1] == ' ')
        used--;
    out[used] = '\0';
    while (*out == ' ')
        out++;
    return out;
}

static bool is_digits(const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isdigit((unsigned char)text[i]))
            return false;
    return true;
}

bool statement_amount(const char *text, int64_t *ret_fen)
{
    static const char yuan[] = "元", sign[] = "¥", wide_sign[] = "￥";
    char digits[24];
    size_t used = 0;
    int64_t minus = 1, fen = 0;
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == ',' || *c == ' ' || *c == '+' || *c == '"')
            continue;
        if (strncmp(c, yuan, 3) == 0 || strncmp(c, wide_sign, 3) == 0)
            c += 2;
        else if (strncmp(c, sign, 2) == 0)
            c += 1;
        else if (*c == '-' && used == 0)
            minus = -1;
        else if ((isdigit((unsigned char)*c) || *c == '.') && used + 1 < sizeof digits)
            digits[used++] = *c;
        else
            return false;
    }
    digits[used] = '\0';
    const char *dot = strchr(digits, '.');
    size_t whole = dot == NULL ? used : (size_t)(dot - digits);
    const char *cents = dot == NULL ? "" : dot + 1;
    size_t places = strlen(cents);
    while (places > 2 && cents[places - 1] == '0')
        places--;
    if (whole == 0 || whole > 12 || !is_digits(digits, whole) || places > 2 ||
        !is_digits(cents, strlen(cents)))
        return false;
    fen = strtoll(digits, NULL, 10) * 100;
    if (places > 0)
        fen += (cents[0] - '0') * 10 + (places > 1 ? cents[1] - '0' : 0);
    *ret_fen = minus * fen;
    return true;
}

/* All the digits of a text, in order. */
static size_t digits_of(const char *text, char *out, size_t size)
{
    size_t used = 0;
    for (; *text != '\0' && used + 1 < size; text++)
        if (isdigit((unsigned char)*text))
            out[used++] = *text;
    out[used] = '\0';
    return used;
}

static int two(const char *text)
{
    return (text[0] - '0') * 10 + text[1] - '0';
}

/* Digits of a day stand in groups of 4, 2 and 2 or are one run; single ones get a nought before them. */
static bool day_digits(const char *day, char out[static 9], const char **ret_rest)
{
    int year, month, date, read = 0;
    if (is_digits(day, strnlen(day, 8)) && strnlen(day, 8) == 8) {
        memcpy(out, day, 8);
        out[8] = '\0';
        *ret_rest = day + 8;
        return true;
    }
    if (sscanf(day, "%4d%*[-/.年]%2d%*[-/.月]%2d%n", &year, &month, &date, &read) != 3 ||
        year < 1990 || month < 1 || date < 1)
        return false;
    snprintf(out, 9, "%04d%02d%02d", year % 10000, month % 100, date % 100);
    *ret_rest = day + read;
    return true;
}

bool statement_time(const char *day, const char *time, char out[static 20])
{
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    char date[9], clock[16];
    const char *rest;
    if (!day_digits(day, date, &rest))
        return false;
    int month = two(date + 4), year = two(date) * 100 + two(date + 2);
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (month < 1 || month > 12 || two(date + 6) < 1 ||
        two(date + 6) > days[month - 1] - (month == 2 && !leap))
        return false;
    size_t count = digits_of(time[0] == '\0' ? rest : time, clock, sizeof clock);
    if (count >= 14) /* the time's column has the day, too */
        memmove(clock, clock + 8, 7), count = 6;
    if (count == 5 || count == 3)
        memmove(clock + 1, clock, count + 1), clock[0] = '0', count++;
    if (count == 4)
        memcpy(clock + 4, "00", 3), count = 6;
    if (count == 0)
        memcpy(clock, "000000", 7), count = 6;
    if (count != 6 || two(clock) > 23 || two(clock + 2) > 59 || two(clock + 4) > 59)
        return false;
    snprintf(out, 20, "%.4s-%.2s-%.2s %.2s:%.2s:%.2s", date, date + 4, date + 6, clock, clock + 2,
             clock + 4);
    return true;
}

/* ---- the header */

/* "金额 (元)" is 金额. */
static const char *header_name(struct arena *arena, const char *cell)
{
    char *name = arena_alloc(arena, strlen(cell) + 1);
    size_t used = 0;
    for (; *cell != '\0' && *cell != '(' && *cell != ':'; cell++)
        if (*cell != ' ' && *cell != '*')
            name[used++] = *cell;
    name[used] = '\0';
    return name;
}

static int column_of(const char *name)
{
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        if (strcmp(aliases[i].name, name) == 0)
            return (int)aliases[i].column;
    return -1;
}

static void header_try(struct parsing *p)
{
    unsigned hits = 0;
    p->remarks_count = 0;
    for (size_t i = 0; i < COLUMNS; i++)
        p->place[i] = -1;
    for (size_t i = 0; i < p->cells_count; i++) {
        int column = column_of(header_name(p->arena, p->cells[i]));
        if (column < 0)
            continue;
        hits++;
        if (column == REMARK && p->remarks_count < REMARKS_MAX)
            p->remarks[p->remarks_count++] = (int)i;
        else if (p->place[column] < 0)
            p->place[column] = (int)i;
    }
    if (p->place[DAY] < 0) {
        p->place[DAY] = p->place[TIME];
        p->place[TIME] = -1;
    }
    p->found = hits >= 3 && p->place[DAY] >= 0 &&
               (p->place[CREDIT] >= 0 || p->place[AMOUNT] >= 0 || p->place[NET] >= 0);
}

/* Whose account it is stands above the header, beside its label or behind it: 账号： 0505010409200054816. Hidden digits (*) are
   kept. */
static void account_read(struct statement_report *report, const char *text)
{
    char found[sizeof report->account_no];
    size_t used = 0;
    for (; *text != '\0' && used + 1 < sizeof found; text++)
        if (isdigit((unsigned char)*text) || *text == '*')
            found[used++] = *text;
        else if (used > 0 && *text != ' ' && *text != '-')
            break;
    found[used] = '\0';
    if (report->account_no[0] == '\0' && used >= ACCOUNT_LEAST)
        memcpy(report->account_no, found, used + 1);
}

static void account_find(struct parsing *p)
{
    static const char *const labels[] = {"账号", "帐号", "卡号", "商户编号", "商户号"};
    for (size_t i = 0; i < p->cells_count; i++)
        for (size_t label = 0; label < sizeof labels / sizeof labels[0]; label++) {
            const char *at = strstr(p->cells[i], labels[label]);
            if (at == NULL || strstr(p->cells[i], "对方") != NULL)
                continue;
            account_read(p->report, at);
            if (i + 1 < p->cells_count)
                account_read(p->report, p->cells[i + 1]);
        }
}

static void header_look(struct parsing *p)
{
    header_try(p);
    if (!p->found)
        account_find(p);
}

/* ---- rows */

static const char *cell(const struct parsing *p, enum column column)
{
    int place = p->place[column];
    return place < 0 || (size_t)place >= p->cells_count ? "" : p->cells[place];
}

static void row_wrong(struct parsing *p, const char *words)
{
    struct statement_report *report = p->report;
    if (report->errors_count < STATEMENT_ERRORS_MAX)
        report->errors[report->errors_count] = (struct statement_error){report->rows, words};
    report->errors_count++;
}

static bool is_debit(const char *sign)
{
    static const char *const words[] = {"借", "支", "转出", "D", "d", "-"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strncmp(sign, words[i], strlen(words[i])) == 0)
            return true;
    return false;
}

/* The same digit over and over says nothing: 00000000. */
static const char *serial_of(const char *text)
{
    size_t same = 0, size = strlen(text);
    while (same < size && text[same] == text[0] && isdigit((unsigned char)text[0]))
        same++;
    return same == size ? "" : text;
}

static const char *remark_of(struct parsing *p)
{
    const char *remark = "";
    for (size_t i = 0; i < p->remarks_count; i++) {
        const char *part = (size_t)p->remarks[i] < p->cells_count ? p->cells[p->remarks[i]] : "";
        if (part[0] != '\0')
            remark = remark[0] == '\0' ? part : arena_printf(p->arena, "%s；%s", remark, part);
    }
    return remark;
}

/* What stands below the rows. */
static bool is_total(const struct parsing *p)
{
    static const char *const words[] = {"合计", "小计", "总计"};
    for (size_t i = 0; i < p->cells_count; i++)
        for (size_t word = 0; word < sizeof words / sizeof words[0]; word++)
            if (strncmp(p->cells[i], words[word], strlen(words[word])) == 0)
                return true;
    return false;
}

/* Each printed page begins with the header. */
static bool header_again(struct parsing *p)
{
    struct parsing before = *p;
    int column = column_of(header_name(p->arena, cell(p, DAY)));
    if (column != DAY && column != TIME)
        return false;
    header_try(p);
    if (!p->found)
        *p = before;
    return true;
}

static bool is_undone(const char *standing)
{
    static const char *const words[] = {"退款", "退货", "撤销", "冲正", "失败", "关闭", "未支付"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strstr(standing, words[i]) != NULL)
            return true;
    return false;
}

/* What the wallet kept of it: said, or the difference to what arrived. -1: the two contradict each other. */
static int64_t fee_of(const struct parsing *p, int64_t fen)
{
    int64_t fee = 0, net = fen;
    if (p->place[AMOUNT] < 0)
        return 0;
    bool has_fee = statement_amount(cell(p, FEE), &fee),
         has_net = statement_amount(cell(p, NET), &net);
    if (fee < 0)
        fee = -fee;
    if (has_net && !has_fee)
        fee = fen - net;
    return fee < 0 || fee > fen || (has_net && fen - fee != net) ? -1 : fee;
}

/* NULL: it came in, `ret_fen` of it, or went out, with a minus; "": it went out, and how much is not told; else what is wrong
   with the row. */
static const char *row_money(const struct parsing *p, int64_t *ret_fen)
{
    bool own_column = p->place[CREDIT] >= 0;
    const char *money = cell(p, own_column ? CREDIT : p->place[AMOUNT] >= 0 ? AMOUNT : NET);
    int64_t fen = 0, out = 0;
    bool went_out = own_column && statement_amount(cell(p, DEBIT), &out) && out != 0;
    if (went_out && out < 0)
        return "支出金额是负数（冲正），请核对后手工处理";
    if (money[0] != '\0' && !statement_amount(money, &fen))
        return "金额无法识别";
    if (own_column && fen < 0)
        return "收入金额是负数（冲正），请找到被冲正的那笔流水处理";
    if (fen == 0 && !went_out)
        return own_column && p->place[DEBIT] < 0 ? "" : "没有金额";
    if (fen == 0)
        fen = -out;
    if (!own_column && p->place[SIGN] >= 0 && fen < 0)
        return "金额是负数（冲正），请找到被冲正的那笔流水处理";
    *ret_fen = fen > 0 && !own_column && is_debit(cell(p, SIGN)) ? -fen : fen;
    return NULL;
}

static bool has_amount(const struct parsing *p)
{
    static const enum column columns[] = {CREDIT, AMOUNT, DEBIT, NET};
    int64_t fen;
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        if (statement_amount(cell(p, columns[i]), &fen) && fen != 0)
            return true;
    return false;
}

/* A real serial of the bank names one line; 凭证号 is what the payer's bank wrote, and may come again. */
static void row_give(struct parsing *p, const char *at, int64_t fen, int64_t fee)
{
    int64_t balance = -1;
    const char *serial = serial_of(cell(p, SERIAL));
    if (!statement_amount(cell(p, BALANCE), &balance) || balance < 0)
        balance = -1;
    account_read(p->report, cell(p, OWN_ACCOUNT));
    if (fen < 0)
        p->report->debits++;
    else
        p->report->lines++;
    p->given++;
    p->take(p->owner, &(struct statement_line){
                          .row = p->report->rows,
                          .at = at,
                          .is_out = fen < 0,
                          .amount_fen = fen < 0 ? -fen : fen,
                          .balance_fen = balance,
                          .fee_fen = fee,
                          .serial = serial[0] != '\0' ? serial : serial_of(cell(p, SLIP)),
                          .serial_is_unique = serial[0] != '\0',
                          .payer_name = cell(p, PAYER),
                          .payer_account = cell(p, ACCOUNT),
                          .remark = remark_of(p),
                          .wallet = cell(p, WALLET)});
}

/* Every row is money that came in, money that went out, named as wrong, or bears no amount and no day. */
static void row_take(struct parsing *p)
{
    char at[20];
    int64_t fen = 0, fee = 0;
    bool has_day = statement_time(cell(p, DAY), cell(p, TIME), at);
    if (is_total(p) || header_again(p) || (!has_day && !has_amount(p)))
        return;
    const char *wrong = row_money(p, &fen);
    if (wrong != NULL && wrong[0] == '\0') {
        p->report->debits++;
        return;
    }
    if (wrong == NULL && !has_day)
        wrong = cell(p, DAY)[0] == '\0' ? "有金额但没有日期" : "日期无法识别";
    if (wrong == NULL && fen > 0 && is_undone(cell(p, STANDING)))
        wrong = "退款、撤销或没有成功的交易";
    if (wrong == NULL && fen > 0 && (fee = fee_of(p, fen)) < 0)
        wrong = "金额、手续费和入账金额对不上";
    if (wrong != NULL)
        row_wrong(p, wrong);
    else
        row_give(p, at, fen, fee);
}

/* `text` has no NUL behind it. */
static void on_cell(void *text, size_t size, void *owner)
{
    struct parsing *p = owner;
    if (p->cells_count == CELLS_MAX)
        return;
    if (size > CELL_MAX)
        size = CELL_MAX;
    while (size > 0 && u8_check((const uint8_t *)text, size) != NULL)
        size--; /* cut between characters */
    p->cells[p->cells_count++] = clean(p->arena, text, size);
}

static void on_row(int end, void *owner)
{
    struct parsing *p = owner;
    bool second_half = end == '\n' && p->after_return && p->cells_count == 0; /* of CR LF */
    p->after_return = end == '\r';
    if (second_half)
        return;
    p->report->rows++;
    if (p->found)
        row_take(p);
    else if (p->report->rows <= STATEMENT_HEADER_ROWS)
        header_look(p);
    p->cells_count = 0;
}

void statement_parse(const char *text, size_t size, struct arena *arena, statement_line_fn *take,
                     void *owner, struct statement_report *report)
{
    struct parsing p = {.arena = arena, .take = take, .owner = owner, .report = report};
    struct csv_parser parser;
    *report = (struct statement_report){0};
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3, size -= 3;
    if (u8_check((const uint8_t *)text, size) != NULL) {
        report->refusal = "文件的文字编码无法识别，请从网上银行重新导出，或另存为UTF-8编码的CSV。";
        return;
    }
    if (csv_init(&parser, CSV_REPALL_NL) != 0) {
        report->refusal = "系统繁忙，请稍后再试。";
        return;
    }
    csv_parse(&parser, text, size, on_cell, on_row, &p);
    csv_fini(&parser, on_cell, on_row, &p);
    csv_free(&parser);
    if (!p.found)
        report->refusal = "没有找到表头：前15行里须有日期和金额（贷方发生额、收入金额或交易金额）等"
                          "列名。请上传网上银行导出的原文件。";
    else if (p.given == 0 && report->errors_count == 0)
        report->refusal = "文件里没有收入记录，也没有支出记录。";
}
