-- V9: the link that verifies a mailbox, and the receipts that waited for it.
INSERT INTO template (code, event, audience, title, mail_text) VALUES
    ('N11M', 'mailbox.link', 'ACCOUNT', '请验证接收票据的邮箱',
     E'您好：\n\n{unit_name}在长治市项目全过程咨询协会平台填写了此邮箱，用来接收会费票据。请在7天内打开下面的链接，按页面提示确认：\n{mailbox_link}\n\n确认后，已开具的票据会自动发到此邮箱。如果不是贵单位填写的，请忽略本邮件，不会再收到票据。\n\n长治市项目全过程咨询协会'),
    ('N11V', 'receipt.mailed', 'ACCOUNT', '会费票据',
     E'您好：\n\n此邮箱已验证，现发送{year}年度会费票据（号码尾号{tail}），票据文件见附件，也可登录平台在“我的票据”中下载。\n\n长治市项目全过程咨询协会');
