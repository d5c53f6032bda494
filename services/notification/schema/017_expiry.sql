-- Papers that end: of units, as N17 of experts; and an identity that ended with its papers.
INSERT INTO template (code, event, audience, title, inbox_text, sms_text, link) VALUES
    ('N17U', 'unit.paper_ending', 'ACCOUNT', '证照即将到期',
     '贵单位的{paper}有效期至{valid_to}，请及时更新，并在平台修改资料、重新上传。',
     '【长治全咨协会】贵单位的{paper}有效期至{valid_to}，请及时更新并在平台修改资料。', '/app/identities/{kind}'),
    ('N6E', 'application.expired', 'ACCOUNT', '认证已过期',
     '您的{identity}认证已过期，原因：{reason}。请更新证照后修改资料，重新提交；如有疑问请致电0355-3069919。',
     '【长治全咨协会】您的{identity}认证已过期，原因：{reason}。请更新证照后重新提交，咨询0355-3069919。', '/app/identities/{kind}');
