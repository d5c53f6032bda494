-- What is told of dues. A template to staff names the permission of those who read it; without one it follows the identity.
ALTER TABLE template ADD COLUMN permission text NOT NULL DEFAULT '';
INSERT INTO template (code, event, audience, permission, title, inbox_text, sms_text, link) VALUES
    ('N7', 'voucher.submitted', 'ACCOUNT', '', '缴费凭证已提交', '缴费凭证已提交（{amount}元），财务核对到账后将通知您。', '',
     '/app/payments/{voucher_id}'),
    ('N8', 'voucher.confirmed', 'ACCOUNT', '', '会费已到账', '已收到贵单位会费{amount}元（{year}年度），协会正在办理会员开通。',
     '【长治全咨协会】已收到贵单位会费{amount}元（{year}年度），协会正在办理会员开通。', '/app/payments/{voucher_id}'),
    ('N9', 'voucher.rejected', 'ACCOUNT', '', '缴费凭证未通过', E'缴费凭证未通过：{reason}。请重新上传。\n{advice}\n{message}',
     '【长治全咨协会】缴费凭证未通过：{reason}。请登录平台重新上传，咨询0355-3069919。', '/app/payments/{voucher_id}'),
    ('N10', 'membership.opened', 'ACCOUNT', '', '会员已开通',
     '贵单位会员已开通（{post}，编号{member_no}），有效期至{last_day}，可登录平台下载电子会员证书。',
     '【长治全咨协会】贵单位会员已开通（{post}，编号{member_no}），有效期至{last_day}，可登录平台下载电子会员证书。', '/app/membership'),
    ('N11', 'receipt.issued', 'ACCOUNT', '', '会费票据已开具', '{year}年度会费票据已开具（号码尾号{tail}），可登录平台下载。',
     '【长治全咨协会】{year}年度会费票据已开具（号码尾号{tail}），可登录平台下载。', '/app/receipts'),
    ('N12', 'receipt.returned', 'ACCOUNT', '', '开票信息需更正', '开票信息需更正：{reason}。请登录平台修改。',
     '【长治全咨协会】开票信息需更正：{reason}。请登录平台修改。', '/app/receipts'),
    ('N16', 'membership.changed', 'ACCOUNT', '', '会籍变更', '贵单位会籍变更：{from}→{to}，自{date}生效。原因：{reason}',
     '【长治全咨协会】贵单位会籍变更：{from}→{to}，自{date}生效。详情见个人中心。', '/app/membership'),
    ('N22', 'voucher.submitted', 'REVIEWERS', 'voucher.review', '新的缴费凭证待核对', '新的缴费凭证待核对：{unit_name} {amount}元。', '',
     '/console/vouchers/{voucher_id}');
