-- Money before the certification, the difference of another post, receipts made void by hand, and links to renew by.
UPDATE template SET inbox_text = '已收到贵单位会费{amount}元（{year}年度）。{next}', sms_text = '【长治全咨协会】已收到贵单位会费{amount}元（{year}年度）。{next}'
 WHERE code = 'N8';
UPDATE template SET link = '/app/dues?renewal=1',
       sms_text = '【长治全咨协会】贵单位会员资格将于{last_day}到期，续费金额{amount}元。登录后核对资料并续费：{renewal_link}'
 WHERE code = 'N13';
UPDATE template SET link = '/app/dues?renewal=1',
       sms_text = '【长治全咨协会】贵单位会员资格已于{last_day}到期，宽限期至{grace_until}，请尽快续费以保留会员权益：{renewal_link}'
 WHERE code = 'N14';
INSERT INTO template (code, event, audience, title, inbox_text, sms_text, link) VALUES
    ('N55', 'bill.prepaid', 'ACCOUNT', '会费账单已生成', '贵单位{year}年度会费（{post}）{amount}元的账单已生成，已用预存款{paid}元。{next}',
     '【长治全咨协会】贵单位{year}年度会费（{post}）{amount}元的账单已生成，已用预存款{paid}元。{next}', '/app/dues'),
    ('N56', 'bill.difference', 'ACCOUNT', '会费差额账单',
     '经协会批准，贵单位会内职务由{from}变更为{to}，{year}年度会费差额{amount}元，请于{due_on}前缴纳，缴清后按新职务生效。依据：{document}',
     '【长治全咨协会】贵单位会内职务变更为{to}，{year}年度会费差额{amount}元，请于{due_on}前登录平台缴纳，缴清后生效。', '/app/dues'),
    ('N57', 'receipt.voided', 'ACCOUNT', '会费票据已作废', '贵单位{year}年度会费票据（号码尾号{tail}）已作废：{reason}。协会将重新开具，请勿再使用原票据，咨询0355-3069919。',
     '【长治全咨协会】贵单位{year}年度会费票据（号码尾号{tail}）已作废，协会将重新开具，请勿再使用原票据，咨询0355-3069919。', '/app/receipts');
