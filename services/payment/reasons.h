/* Every way payment says no. */
#ifndef GUILD_PAYMENT_REASONS_H
#define GUILD_PAYMENT_REASONS_H

#include "reason.h"

#define PAYMENT_REASONS(R)                                                                                                                   \
    R(fees_missing, UNAVAILABLE, "会费标准暂时无法显示，请稍后再试，或致电0355-3069919。")                                                   \
    R(fee_post_unknown, INVALID, "没有这种会内职务，请刷新页面后重试。")                                                                     \
    R(fee_schedule_pkey, CONFLICT, "该职务已有从这一天起生效的会费标准，请换一个生效日期。")                                                 \
    R(policy_changed, CONFLICT, "规则刚被其他人修改，请刷新后重试。")                                                                        \
    R(reminder_days_range, INVALID, "提醒日程最多12次，每次在到期日前后180天以内。")                                                         \
    R(member_no_pattern, INVALID,                                                                                                            \
      "会员编号格式须由大写字母、数字、短横线、{yyyy}（年份）和末尾的{seq4}（序号）组成。")                                                  \
    R(rollover_from, INVALID, "转入下一年度的日期请写月-日，例如11-01，不用则留空。")                                                        \
    R(not_certified_yet, NOT_FOUND, "请先在个人中心提交会员单位认证资料，提交后可以在这里缴费。")                                            \
    R(pay_after_approval, CONFLICT, "协会设置为先认证后缴费，会员单位认证通过后再来缴费。")                                                  \
    R(bill_not_due, CONFLICT, "现在还不需要缴费：已有待缴账单，或距到期还有三个月以上。")                                                    \
    R(bill_reference, CONFLICT, "系统繁忙，请再点一次。")                                                                                    \
    R(bill_of_year, CONFLICT, "本年度的账单已经生成，请刷新页面。")                                                                          \
    R(bill_gone, NOT_FOUND, "没有找到这张账单，请刷新页面后重试。")                                                                          \
    R(bill_cancelled, CONFLICT, "这张账单已取消，请刷新页面后重试。")                                                                        \
    R(bill_not_cancellable, CONFLICT, "账单已有款项或已处理，不能取消，请刷新页面。")                                                        \
    R(bill_has_voucher, CONFLICT, "这张账单有凭证正在审核，请先处理凭证，再取消账单。")                                                      \
    R(voucher_other_figures, CONFLICT,                                                                                                       \
      "金额、日期或分配与初核不同，请刷新后按初核的内容确认，或退回初核。")                                                                  \
    R(returning_has_a_note, INVALID, "退回须填写至少5个字的说明。")                                                                          \
    R(voucher_refunded, CONFLICT, "这笔款项已退还一部分，不能再冲正。")                                                                      \
    R(membership_pkey, CONFLICT, "该单位的会员刚被其他人开通，请刷新页面。")                                                                 \
    R(membership_suspended, CONFLICT, "该单位会籍已暂停，请先恢复会籍，已缴的会费届时自动计入。")                                            \
    R(refund_gone, CONFLICT, "这笔退款已登记，或退款日期不对：不晚于今天，不早于批准前31天。")                                               \
    R(petition_open, CONFLICT, "您已有同样的申请正在处理，请等待协会答复，或先撤回。")                                                       \
    R(petition_not_possible, CONFLICT,                                                                                                       \
      "现在不能提交这项申请：会员资格须有效，且职务须与现任不同。")                                                                          \
    R(petition_gone, NOT_FOUND, "没有找到这项申请，或它已被处理，请刷新页面。")                                                              \
    R(fee_in_the_past, INVALID, "新标准最早从今天起生效，请重新选择日期。")                                                                  \
    R(bill_overpaid, CONFLICT, "分配的金额超过账单欠款，请刷新页面后按最新欠款填写。")                                                       \
    R(voucher_gone, NOT_FOUND, "没有找到这份缴费凭证，请返回列表刷新。")                                                                     \
    R(voucher_waiting, CONFLICT, "您已有一份凭证正在审核，请等审核结果，或先撤回再重新提交。")                                               \
    R(voucher_serial_used, CONFLICT,                                                                                                         \
      "该交易流水号已用于另一笔缴费，请核对流水号；如确未重复，请致电0355-3069919。")                                                        \
    R(voucher_not_withdrawable, CONFLICT, "凭证已由财务处理，不能撤回，请刷新页面查看结果。")                                                \
    R(voucher_draft_changed, CONFLICT,                                                                                                       \
      "这份草稿在另一处（别的页面或手机）修改过，请核对后再保存。")                                                                          \
    R(voucher_stale, CONFLICT, "这份凭证刚被其他人处理或有变动，请刷新后再审核。")                                                           \
    R(voucher_same_person, FORBIDDEN, "这份凭证由您初核或录入，须由另一位财务人员确认。")                                                    \
    R(voucher_not_automatic, CONFLICT, "这份凭证不符合自动确认的条件，须由财务人员确认。")                                                   \
    R(voucher_needs_second, CONFLICT, "该金额须两人核对，请刷新后重试。")                                                                    \
    R(transfer_same_person, FORBIDDEN, "录入和确认须为不同的人。")                                                                           \
    R(allocation_too_large, INVALID, "分配到账单的金额合计超过了到账金额，请修改。")                                                         \
    R(credit_too_small, CONFLICT, "该单位的预存余额不足，可能已用于其他账单，请刷新后重试。")                                                \
    R(reason_unknown, INVALID, "驳回原因已停用，请刷新页面后重新选择。")                                                                     \
    R(voucher_reason_changed, CONFLICT,                                                                                                      \
      "这条原因已被其他同事修改，或代码已被使用，您的修改没有保存，请刷新后再改。")                                                          \
    R(voucher_reason_code, INVALID, "代码是字母V加2到4位数字，例如V08。")                                                                    \
    R(payment_not_recorded, INVALID, "没有找到该单位，或付款日期不在最近400天内，请核对。")                                                  \
    R(line_gone, CONFLICT, "这笔流水刚被其他人处理，请刷新页面。")                                                                           \
    R(line_not_split, CONFLICT,                                                                                                              \
      "非会费的部分须小于这笔流水的金额。整笔都不是会费的，请标记为非会费。")                                                                \
    R(refund_not_tied, CONFLICT,                                                                                                             \
      "这笔支出或退款刚被其他人处理，或金额不同，请刷新页面后重新选择。")                                                                    \
    R(refund_has_line, CONFLICT, "这笔退款已对上另一笔支出流水，请刷新页面。")                                                               \
    R(refund_other_amount, CONFLICT, "这笔支出与退款的金额不同，不能对应。")                                                                 \
    R(expense_goes_out, INVALID, "收入不能标记为协会支出，请选择其他种类。")                                                                 \
    R(line_not_released, CONFLICT, "这笔认领已由另一位财务人员处理，请刷新页面。")                                                           \
    R(statement_other_account, INVALID,                                                                                                      \
      "这份文件不是协会账户的：文件里的账号与协会的收款账号不同，请核对后重新选择文件和流水种类" \
      "。")                                                                                                                                  \
    R(statement_in_use, CONFLICT,                                                                                                            \
      "这份文件里的流水已有人认领、核对或拆分，不能撤销导入。请先处理那些流水。")                                                            \
    R(statement_gone, CONFLICT, "这份文件已经撤销，或没有新增的流水，请刷新页面。")                                                          \
    R(month_not_over, CONFLICT, "这个月还没有结束，不能结账。")                                                                              \
    R(month_out_of_order, CONFLICT,                                                                                                          \
      "请按月份顺序结账：这个月已经结账，或前面还有没有结账的月份。")                                                                        \
    R(month_close_pkey, CONFLICT, "这个月已经结账，请刷新页面。")                                                                            \
    R(month_closed, CONFLICT, "有月份刚刚结账，请重新导入，晚到的流水会记在结账后的第一天。")                                                \
    R(month_changed, CONFLICT, "合计刚有变动，请刷新页面核对后再结账。")                                                                     \
    R(lines_other_amount, CONFLICT, "所选银行流水的金额与到账金额不一致，请核对。")                                                          \
    R(rejection_has_a_reason, INVALID, "驳回须选择原因，或填写至少5个字的说明。")                                                            \
    R(member_gone, NOT_FOUND, "没有找到这个单位，请返回列表刷新。")                                                                          \
    R(member_not_certified, CONFLICT, "该单位的会员单位认证尚未生效，不能开通会员。")                                                        \
    R(bill_not_settled, CONFLICT, "该账单还没有缴清，不能开通会员。")                                                                        \
    R(term_of_bill, CONFLICT, "该账单已经开通过会员，请刷新页面。")                                                                          \
    R(term_overlap, CONFLICT, "会员期限与已有期限重叠，请修改开始日期。")                                                                    \
    R(term_length, INVALID, "会员期限最长两年，请修改结束日期。")                                                                            \
    R(member_no_used, CONFLICT, "系统繁忙，请再点一次。")                                                                                    \
    R(certificate_none, NOT_FOUND, "会员资格有效时才能下载会员证书。")                                                                       \
    R(member_unknown, NOT_FOUND,                                                                                                             \
      "没有查到这个会员。请核对单位全称、统一社会信用代码或会员编号，或致电0355-3069919。")                                                  \
    R(proposal_gone, NOT_FOUND, "没有找到这项申请，或它已被处理，请刷新列表。")                                                              \
    R(proposal_not_possible, CONFLICT, "按现在的状态不能这样办理，请刷新页面核对后重试。")                                                   \
    R(proposal_stale, CONFLICT, "情况已有变化，这项申请不能再执行，请拒绝后重新提请。")                                                      \
    R(proposal_requested, CONFLICT, "同样的申请已在等待复核，不必重复提请。")                                                                \
    R(proposal_same_person, FORBIDDEN, "提请和复核须为不同的人，请由另一位有权限的同事处理。")                                               \
    R(refusing_has_a_note, INVALID, "拒绝须填写至少5个字的说明。")                                                                           \
    R(reminder_gone, NOT_FOUND, "这条提醒已经发出或不再需要，请刷新。")                                                                      \
    R(receipt_gone, NOT_FOUND, "没有找到这张票据，请返回列表刷新。")                                                                         \
    R(receipt_mail_limit, TOO_MANY, "今天已经发送过5次，请明天再试，或直接下载票据。")                                                       \
    R(mailbox_gone, NOT_FOUND, "没有找到这个邮箱，请刷新页面。")                                                                             \
    R(mailbox_verified, CONFLICT, "这个邮箱已经验证过，票据可以发到这里，请刷新页面。")                                                      \
    R(mailbox_link_soon, TOO_MANY, "刚刚发送过验证邮件，请一分钟后再试，并看看垃圾邮件文件夹。")                                             \
    R(mailbox_link_limit, TOO_MANY,                                                                                                          \
      "今天的验证邮件已发送10次，请明天再试。票据可以随时在“我的票据”中下载。")                                                              \
    R(picture_changed, CONFLICT, "图片刚被其他人修改，或文件已失效，请刷新后重试。")                                                         \
    R(receipt_stale, CONFLICT, "这张票据刚被其他人处理，请刷新后重试。")                                                                     \
    R(reissue_not_possible, CONFLICT, "这张票据现在不能申请换开：开具已超过180天，或已在处理。")                                             \
    R(receipt_no_used, CONFLICT, "该票据号码已经使用过，请核对号码。")

REASONS_DECLARE(PAYMENT_REASONS)

#endif
