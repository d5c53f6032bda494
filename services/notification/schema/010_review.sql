-- Reviewers hear of what waits too long, and at nine of what waits; the applicant of a refusal that was lifted.
INSERT INTO template (code, event, audience, permission, title, inbox_text, sms_text, link) VALUES
    ('N20B', 'review.digest', 'REVIEWERS', '', '今天的认证审核', '今天有{count}份{identity}认证等待审核，其中{late}份已超过承诺日期。', '',
     '/console/reviews?view=OPEN&kind={kind}'),
    ('N21', 'review.late', 'REVIEWERS', '', '认证审核超时提醒', '{count}件{identity}认证已超过{days}个工作日未处理，请及时审核。', '',
     '/console/reviews?view=OPEN&kind={kind}'),
    ('N21B', 'review.overdue', 'REVIEWERS', 'cert.second_review', '认证审核已超期', '{count}件认证已超过{days}个工作日未处理，请督促审核，或转交其他同事。', '',
     '/console/reviews?view=OVERDUE'),
    ('N35', 'application.retry_allowed', 'ACCOUNT', '', '可以重新提交了', '您的{identity}认证现在可以修改后重新提交：{reason}。',
     '【长治全咨协会】您的{identity}认证现在可以修改后重新提交，请登录个人中心办理，咨询0355-3069919。', '/app/identities/{kind}');
