-- What an expert is told of his place in the pool.
INSERT INTO template (code, event, audience, title, inbox_text, link) VALUES
    ('N30', 'expert.paused', 'ACCOUNT', '已暂停参评', '您在专家库中的参评资格已暂停，原因：{reason}。如有疑问请致电0355-3069919。',
     '/app/identities/EXPERT'),
    ('N31', 'expert.resumed', 'ACCOUNT', '已恢复参评', '您在专家库中的参评资格已恢复，说明：{reason}。', '/app/identities/EXPERT'),
    ('N32', 'expert.removed', 'ACCOUNT', '已移出专家库', '您已被移出专家库，原因：{reason}。如有疑问请致电0355-3069919。',
     '/app/identities/EXPERT');
INSERT INTO template (code, event, audience, title, inbox_text, sms_text, link) VALUES
    ('N17', 'expert.certificate_ending', 'ACCOUNT', '证书即将到期',
     '您的{certificate}有效期至{valid_to}，请及时更新，逾期将暂停参评资格。',
     '【长治全咨协会】您的{certificate}有效期至{valid_to}，请及时更新，逾期将暂停参评资格。', '/app/identities/EXPERT');
