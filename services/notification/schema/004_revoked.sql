INSERT INTO template (code, event, audience, title, inbox_text, sms_text, link) VALUES
    ('N6', 'application.revoked', 'ACCOUNT', '认证已撤销',
     '您的{identity}认证已被撤销，原因：{reason}。您可以修改资料后重新提交；如有疑问请致电0355-3069919。',
     '【长治全咨协会】您的{identity}认证已被撤销，原因：{reason}。如有疑问请致电0355-3069919。', '/app/identities/{kind}');
