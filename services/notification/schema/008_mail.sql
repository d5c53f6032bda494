-- E-mail, beside text messages: to the address that an event names, with the file that it names.
ALTER TABLE template ADD COLUMN mail_text text NOT NULL DEFAULT '';   -- its subject is the title
ALTER TABLE delivery RENAME COLUMN phone TO address;
ALTER TABLE delivery ADD COLUMN channel text NOT NULL DEFAULT 'SMS' CHECK (channel IN ('SMS', 'MAIL'));
ALTER TABLE delivery ADD COLUMN subject text NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN file_id text NOT NULL DEFAULT '';      -- of payment's files; empty: none
DROP INDEX delivery_waiting;
CREATE INDEX delivery_waiting ON delivery (channel, next_at) WHERE state IN ('QUEUED', 'SENDING');

UPDATE template SET mail_text = E'您好：\n\n{year}年度会费票据已开具（号码尾号{tail}），票据文件见附件，也可登录平台在“我的票据”中下载。\n\n长治市项目全过程咨询协会'
 WHERE code = 'N11';
