-- E-mails whose sender wants to know what became of them; receipts sent again; and the opening and ending of a membership by
-- e-mail, too.
ALTER TABLE delivery ADD COLUMN mail_id text NOT NULL DEFAULT '';   -- what its asker calls it; empty: nobody is told

INSERT INTO template (code, event, audience, title, mail_text) VALUES
    ('N11R', 'receipt.resent', 'ACCOUNT', '会费票据',
     E'您好：\n\n应贵单位或协会工作人员的要求，再次发送{year}年度会费票据（号码尾号{tail}），票据文件见附件。\n\n长治市项目全过程咨询协会');
UPDATE template SET mail_text = E'您好：\n\n贵单位会员已开通（{post}，编号{member_no}），有效期至{last_day}。可登录平台，在“我的会籍”中下载电子会员证书。\n\n长治市项目全过程咨询协会'
 WHERE code = 'N10';
UPDATE template SET mail_text = E'您好：\n\n贵单位会员资格将于{last_day}到期，续费金额{amount}元。请点击下面的链接，登录后核对单位资料并缴费：\n{renewal_link}\n\n已经缴费的请忽略本邮件。\n\n长治市项目全过程咨询协会'
 WHERE code = 'N13';
