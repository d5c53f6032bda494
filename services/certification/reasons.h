/* Every way certification says no. */
#ifndef GUILD_CERTIFICATION_REASONS_H
#define GUILD_CERTIFICATION_REASONS_H

#include "reason.h"

#define CERTIFICATION_REASONS(R)                                                                   \
    R(application_open, CONFLICT, "您已有一份申请正在审核，请等待结果，或先撤回再修改。")          \
    R(draft_changed, CONFLICT,                                                                     \
      "这份草稿已在别处（其他页面或手机）修改过，请选择保留哪一份后再继续。")                      \
    R(consent_needed, CONFLICT,                                                                    \
      "请先阅读并单独同意身份证信息的处理，再填写专家资料；已填写的内容不会丢失。")                \
    R(consent_text_changed, CONFLICT, "同意书已更新，请刷新页面，阅读新的内容后再决定。")          \
    R(consent_text_stale, CONFLICT,                                                                \
      "内容与最后一版相同，或已有同事发布了新的一版，请刷新页面核对后再发布。")                    \
    R(consent_text_order, CONFLICT, "生效日期须晚于已发布的最后一版，请改选之后的日期。")          \
    R(consent_gone, CONFLICT, "没有可以撤回的同意，它可能已经撤回，请刷新页面。")                  \
    R(nothing_changed, CONFLICT, "内容与已认证的资料相同，没有需要重新审核的修改。")               \
    R(uscc_taken, CONFLICT,                                                                        \
      "该单位已由其他账号认证。换了负责人的，请凭单位盖章说明申请更换负责人。")                    \
    R(id_number_taken, CONFLICT,                                                                   \
      "该身份证号已由其他账号认证为专家，请用原账号登录，或致电0355-3069919。")                    \
    R(may_not_retry, CONFLICT, "该申请已被驳回且不可再次提交，如有疑问请致电0355-3069919。")       \
    R(files_missing, INVALID, "附件不存在或不属于您，请重新上传附件。")                            \
    R(nothing_to_withdraw, CONFLICT, "没有可以撤回的申请，它可能已经审核完毕，请刷新页面。")       \
    R(state_changed, CONFLICT, "申请的状态已经变化，请刷新页面查看最新情况。")                     \
    R(document_gone, NOT_FOUND, "没有可以打印的资料，请先提交申请，再回来打印。")                  \
    R(document_page_gone, NOT_FOUND, "这份资料没有这一页，请返回前一页。")                         \
    R(opinion_none, CONFLICT, "这份申请还没有审核结论，请先审核，再打印审核意见单。")              \
    R(review_gone, NOT_FOUND, "没有找到这份申请，它可能已被撤回，请返回列表刷新。")                \
    R(review_taken, CONFLICT, "这份申请正由其他同事审核，请选择下一份。")                          \
    R(review_stale, CONFLICT,                                                                      \
      "这份申请已被撤回、修改或处理完毕，您的结论没有保存，请刷新后再看。")                        \
    R(review_not_yours, CONFLICT, "这份申请不在您手中，无需释放。")                                \
    R(review_same_person, CONFLICT,                                                                \
      "这份申请已通过初审，须由另一位有复核权限的同事处理，请选择下一份。")                        \
    R(review_needs_second, CONFLICT, "复核规则刚刚改变，您的结论没有保存，请刷新后再看。")         \
    R(review_not_transferred, CONFLICT,                                                            \
      "没有转交：这份申请已不在您手中，或那位同事不能处理，请刷新后另选。")                        \
    R(review_unclaimed, CONFLICT, "现在没有其他同事在审核这份申请，请领取后自己审核。")            \
    R(review_reminded, CONFLICT, "这位同事4小时内已被催办过，请稍后再催，或当面联系。")            \
    R(expert_not_certified, CONFLICT, "该专家的认证已撤销或已过期，重新认证通过后才能恢复入库。")  \
    R(not_revocable, CONFLICT,                                                                     \
      "这项认证现在不能撤销：它已不在有效状态，或有修改正在审核，请刷新后再看。")                  \
    R(revocation_requested, CONFLICT, "这项认证已有同事提请撤销，正等待确认，请刷新后再看。")      \
    R(revocation_same_person, CONFLICT, "撤销须由另一位同事确认，提请人不能自己确认。")            \
    R(refusing_has_a_note, INVALID, "不同意撤销时请写明至少5个字的理由。")                         \
    R(appeal_open, CONFLICT, "您的申诉正在处理，请等待答复；需要补充的，可以撤回后重新申诉。")     \
    R(appeal_waits, CONFLICT,                                                                      \
      "您的申诉正在处理，期间不能重新提交；要修改后重新提交，请先撤回申诉。")                      \
    R(appeal_none, CONFLICT,                                                                       \
      "现在没有可以申诉的决定：它已经申诉过、已经改变，或您已重新提交，请刷新页面查看。")          \
    R(appeal_late, CONFLICT,                                                                       \
      "申诉期限已过，须在决定作出后15天内提出。如有疑问请致电0355-3069919。")                      \
    R(appeal_moved, CONFLICT, "这份申诉的状态已经变化，您的操作没有保存，请刷新页面后再看。")      \
    R(appeal_gone, NOT_FOUND, "没有找到这份申诉，请返回列表刷新。")                                \
    R(appeal_same_person, CONFLICT,                                                                \
      "提请、确认或作出原决定的人不能处理对它的申诉，请由另一位同事处理。")                        \
    R(appeal_superseded, CONFLICT,                                                                 \
      "这项认证后来又有了变化（撤销、过期或解除），原决定不能再撤销，请维持并向申请人说明。")      \
    R(appeal_certified_elsewhere, CONFLICT,                                                        \
      "该单位或本人已由其他账号认证，不能恢复这项认证，请维持原决定并向申请人说明。")              \
    R(appeal_has_an_answer, INVALID, "请写明至少5个字的答复，申请人会看到。")                      \
    R(review_overturned, CONFLICT,                                                                 \
      "您的驳回决定已因申诉撤销，这份申请须由另一位同事审核，请选择下一份。")                      \
    R(review_policy_changed, CONFLICT, "规则已被其他同事修改，您的修改没有保存，请刷新后再改。")   \
    R(retention_rule_changed, CONFLICT,                                                            \
      "保存期限已被其他同事修改，您的修改没有保存，请刷新后再改。")                                \
    R(sending_back_has_a_note, INVALID, "退回初审时请在内部备注中写明至少5个字的理由。")           \
    R(field_verdicts_size, INVALID, "逐项结论太多，请合并成给申请人的说明。")                      \
    R(field_verdict_misplaced, INVALID,                                                            \
      "逐项结论与这份申请的内容或驳回原因对不上，请刷新页面后重新标记。")                          \
    R(reds_unacknowledged, CONFLICT, "自动核对发现了新的问题，请刷新后逐条确认，再作结论。")       \
    R(reject_reason_changed, CONFLICT,                                                             \
      "这条原因已被其他同事修改，或代码已被使用，您的修改没有保存，请刷新后再改。")                \
    R(reject_reason_code, INVALID, "代码是字母R加2到4位数字，例如R16。")                           \
    R(retry_not_allowed, CONFLICT, "这份申请不需要解除限制，可能已由同事处理，请刷新后再看。")     \
    R(calendar_day_gone, NOT_FOUND, "日历中没有这一天，可能已由同事删除，请刷新页面。")            \
    R(association_post_needed, INVALID, "请先确认该单位的会内职务，会费按职务收取。")              \
    R(rejection_has_a_reason, INVALID, "驳回时请至少选择一条原因，或写明至少5个字的说明。")        \
    R(reason_unknown, INVALID, "所选的驳回原因已停用，请刷新页面后重新选择。")                     \
    R(expert_gone, NOT_FOUND, "专家库中没有这位专家，请返回列表刷新。")                            \
    R(expert_moved, CONFLICT,                                                                      \
      "这位专家目前的状态不能这样操作，可能已由同事处理，请刷新页面后再看。")                      \
    R(unit_gone, NOT_FOUND, "单位名录中没有这个单位，请返回列表刷新。")                            \
    R(expert_not_yet, NOT_FOUND, "您还不在专家库中，专家认证通过后自动入库。")                     \
    R(expert_not_away, CONFLICT, "您没有暂停参评，无需恢复，请刷新页面。")                         \
    R(expert_no_certificate, CONFLICT,                                                             \
      "该专家的证书均已过期，更新资料并审核通过后自动恢复，不能提前恢复。")                        \
    R(appointment_none, NOT_FOUND, "没有可以下载的聘书，专家认证有效且在库时才有聘书。")           \
    R(appointment_unknown, NOT_FOUND, "没有查到这份聘书，请核对专家编号和校验码。")                \
    R(draw_gone, NOT_FOUND, "没有找到这次抽取，请返回列表刷新。")                                  \
    R(draw_moved, CONFLICT,                                                                        \
      "这次抽取已被同事修改或已进入下一步，您的操作没有保存，请刷新后再看。")                      \
    R(draw_late, CONFLICT, "评审时间已过，请先修改评审时间，再锁定名单。")                         \
    R(draw_same_person, CONFLICT, "抽取须由另一位监督人员进行，准备或锁定名单的人不能自己抽取。")  \
    R(draw_not_reproduced, CONFLICT, "抽取结果没有通过复核，没有保存，请刷新后重试。")             \
    R(draw_exhausted, CONFLICT, "没有可以通知的专家了，请结束这次抽取，放宽要求后重新抽取。")      \
    R(draw_half_day, CONFLICT,                                                                     \
      "其中有专家刚被另一次抽取邀请参加同一半天的评审，请重新操作，将由下一位递补。")              \
    R(draw_unfrozen, CONFLICT, "名单还没有锁定，请先锁定名单，再打印抽取记录表。")                 \
    R(draw_unpublished, NOT_FOUND, "没有这个抽取编号，或名单还没有锁定公布，请核对编号。")         \
    R(reply_moved, CONFLICT, "这份邀请的答复已经变化，您的操作没有保存，请刷新后再看。")           \
    R(invitation_over, CONFLICT,                                                                   \
      "这份邀请已经答复或已过截止时间，如需变更请致电邀请中的联系电话。")                          \
    R(draw_over, CONFLICT, "评审时间已过，不能再通知专家，请结束这次抽取。")                       \
    R(invitation_link_gone, NOT_FOUND,                                                             \
      "这个链接不完整，或不是协会发出的。请核对短信中的链接，或登录平台，在“评审邀请”中答复。")    \
    R(paper_form_changed, CONFLICT,                                                                \
      "这份表格已在别处（其他页面或手机）修改过，请选择保留哪一份后再继续。")                      \
    R(paper_form_moved, CONFLICT, "这份表格的状态已经变化，请刷新页面查看最新情况。")              \
    R(paper_form_unprinted, CONFLICT, "这份表格还没有生成，请先生成并打印、盖章，再上传扫描件。")  \
    R(paper_form_unread, INVALID, "没有从扫描件上读出二维码，请打开对应的表格，在那里上传。")      \
    R(paper_form_of_others, CONFLICT,                                                              \
      "扫描件上的编号不是您账号的表格，没有归档。请核对后上传本单位打印的那一份。")                \
    R(paper_form_other_kind, CONFLICT, "扫描件上的编号是另一份表格，请在那份表格的页面上传。")     \
    R(paper_form_old_edition, CONFLICT,                                                            \
      "扫描件是修改前打印的旧版，请重新打印最新的一份，盖章后再上传。")                            \
    R(paper_form_return_has_a_reason, INVALID, "退回时请写明至少5个字的原因，单位会看到。")        \
    R(paper_gone, NOT_FOUND, "没有找到这份表格，它可能已被单位撤回，请返回列表刷新。")             \
    R(handover_unit_gone, NOT_FOUND,                                                               \
      "没有找到已认证的这个单位，请核对信用代码；还没有认证的可以直接提交认证。")                  \
    R(handover_open, CONFLICT, "该单位已有一份更换负责人的申请正在办理，请等待结果。")             \
    R(handover_phone_open, CONFLICT, "这个手机号已用于另一份正在办理的申请，请等待结果。")         \
    R(handover_same_phone, CONFLICT,                                                               \
      "这就是该单位账号现在的手机号，无需更换；忘记密码可以用验证码重置。")                        \
    R(handover_account_in_use, CONFLICT,                                                           \
      "新手机号的账号已有认证或正在审核，不能并入，请换一个没有注册过的手机号。")                  \
    R(handover_closes_account, CONFLICT,                                                           \
      "您的账号将随更换负责人的申请关闭，如要认证，请先撤回那份申请。")                            \
    R(handover_moved, CONFLICT, "这份申请的状态已经变化，您的操作没有保存，请刷新页面后再看。")    \
    R(handover_gone, NOT_FOUND, "没有找到这份申请，请返回列表刷新。")                              \
    R(handover_same_person, CONFLICT, "更换负责人须由另一位同事复核，同一人不能核对两次。")        \
    R(handover_refusal_has_a_reason, INVALID, "不同意时请写明至少5个字的原因，申请人会看到。")     \
    R(phone_unproven, INVALID, "新手机号的验证已过期，请重新获取短信验证码。")                     \
    R(dictionary_gone, NOT_FOUND, "没有这个字典，请返回字典列表刷新。")                            \
    R(dictionary_changed, CONFLICT, "字典已被其他同事修改，您的修改没有保存，请刷新后再改。")      \
    R(dictionary_code, INVALID, "代码只能由大写字母、数字和下划线组成，最多40个。")                \
    R(dictionary_parent, INVALID, "上级代码只能由大写字母、数字和下划线组成，最多40个。")          \
    R(dictionary_parent_fixed, CONFLICT, "已有条目的上级代码不能修改，请停用它并新增一条。")

REASONS_DECLARE(CERTIFICATION_REASONS)

#endif
