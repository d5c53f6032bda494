-- 申诉: its receipt and its result, and to those who decide and review; who was taken back hears that he may appeal.
INSERT INTO template (code, event, audience, permission, title, inbox_text, sms_text, link) VALUES
    ('N60', 'appeal.filed', 'ACCOUNT', '', '申诉已收到',
     '您对{identity}认证“{decision}”决定的申诉已收到，编号{appeal_no}，预计{expected_by}前答复，可在个人中心查看。',
     '【长治全咨协会】您对{identity}认证决定的申诉已收到，编号{appeal_no}，预计{expected_by}前答复，可在个人中心查看。', '/app/identities/{kind}'),
    ('N60B', 'appeal.filed', 'REVIEWERS', 'cert.revoke', '新的申诉待处理',
     '{unit_name}对{identity}认证“{decision}”决定提出申诉，编号{appeal_no}，请在{expected_by}前答复。作出原决定的人不能处理。', '',
     '/console/appeals/{appeal_id}'),
    ('N61', 'appeal.decided', 'ACCOUNT', '', '申诉已有结果',
     E'您对{identity}认证“{decision}”决定的申诉（编号{appeal_no}）已有结果：{result}。\n答复：{answer}',
     '【长治全咨协会】您对{identity}认证决定的申诉已有结果：{result}。请登录个人中心查看答复，咨询0355-3069919。', '/app/identities/{kind}'),
    ('N61B', 'application.reopened', 'REVIEWERS', '', '申诉成立，重新审核',
     '{unit_name}的{identity}认证因申诉成立重新进入审核，请由原审核人以外的同事处理。', '', '/console/reviews/{review_id}');

UPDATE template SET
       inbox_text = '您的{identity}认证已被撤销，原因：{reason}。您可以在15天内登录个人中心申诉，也可以修改资料后重新提交；如有疑问请致电0355-3069919。',
       sms_text = '【长治全咨协会】您的{identity}认证已被撤销，原因：{reason}。可在15天内登录个人中心申诉，咨询0355-3069919。'
 WHERE code = 'N6';
