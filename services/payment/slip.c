/* D-3 缴费通知单: what to pay, to whom, and what to write in the remark; as PDF, and as a picture for who has a phone only. */
#include "nouns.h"
#include "payment.pb-c.h"
#include "payment_queries.h"
#include "reasons.h"
#include "service.h"
#include "sheet.h"
#include <string.h>

/* What is owed changes with every payment: the digest tells one slip from another. */
static const char *digest_of(struct arena *arena, const struct rows *row)
{
    const char *text = arena_printf(arena, "%s|%s|%s", rows_get(row, 0, "reference_code"),
                                    rows_get(row, 0, "due_yuan"), rows_get(row, 0, "unit_name"));
    return paper_digest(arena, text, strlen(text));
}

static struct paper *slip_paper(struct call *c, const struct rows *row,
                                const struct picture *picture)
{
    const struct payment *state = service_state(c->run);
    const char *code = rows_get(row, 0, "reference_code");
    const char *title = arena_printf(c->arena, "%s年度会费缴费通知单", rows_get(row, 0, "year"));
    struct paper *paper =
        paper_new(c->arena, &(struct paper_head){.association = state->association,
                                                 .title = title,
                                                 .number = code,
                                                 .code = code,
                                                 .made_at = rows_get(row, 0, "created_at"),
                                                 .digest = digest_of(c->arena, row)});
    paper_table(paper, "应缴会费");
    paper_field(paper, "单位名称", rows_get(row, 0, "unit_name"), true);
    paper_field(paper, "统一社会信用代码", rows_get(row, 0, "uscc"), true);
    paper_field(paper, "会内职务", rows_get(row, 0, "association_post_name"), false);
    paper_field(paper, "年度", rows_get(row, 0, "year"), false);
    paper_field(paper, "应缴金额", arena_printf(c->arena, "%s元", rows_get(row, 0, "due_yuan")),
                false);
    paper_field(paper, "请于此日前缴纳", rows_get(row, 0, "due_on"), false);
    paper_table(paper, "收款账户");
    paper_field(paper, "户名", rows_get(row, 0, "account_name"), true);
    paper_field(paper, "开户行", rows_get(row, 0, "bank_name"), true);
    paper_field(paper, "账号", rows_get(row, 0, "account_no"), true);
    paper_field(paper, "联行号", rows_get(row, 0, "bank_line"), false);
    paper_field(paper, "收款码商户编号", rows_get(row, 0, "collection_merchant"), false);
    paper_field(paper, "转账附言", code, true);
    if (picture->size > 0)
        paper_picture(paper, "收款码", "付款前请核对商户名称和编号", picture->bytes, picture->size);
    else
        paper_field(paper, "收款码", "协会尚未提供图片，扫码缴费请向协会微信索取", true);
    paper_table(paper, "说明");
    paper_text(paper,
               arena_printf(
                   c->arena,
                   "转账时请在附言（用途、备注）中填写“%s”，协会据此核对到账。"
                   "付款后请登录平台上传支付凭证、填写开票信息；协会核对到账后开通会员，并开具%s。",
                   code, rows_get(row, 0, "receipt_name")));
    return paper;
}

static answer slip_found(struct call *c, const struct rows *results)
{
    const Payment__BillDocumentRequest *req = c->request;
    bool is_png = req->format == PAYMENT__BILL_DOCUMENT_REQUEST__FORMAT__PNG;
    if (results[0].count == 0)
        return call_fail(c, REASON_bill_gone);
    struct picture code = picture_from(&results[0], c->arena); /* to pay by */
    return sheet_then(c, &(struct sheet){
                             .paper = slip_paper(c, &results[0], &code),
                             .file_name = arena_printf(c->arena, "缴费通知单-%s.%s",
                                                       rows_get(&results[0], 0, "unit_name"),
                                                       is_png ? "png" : "pdf"),
                             .part = req->part,
                             .is_png = is_png,
                             .picture = code,
                         });
}

static answer slip_read(struct call *c)
{
    batch_add(c, &sql_bill_slip);
    return batch_then(c, slip_found);
}

const struct op slip_ops[] = {
    {"ReadPaymentSlip", MEMBER, slip_read, 0},
    OP_END,
};
