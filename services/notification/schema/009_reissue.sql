-- 换开 of receipts.
INSERT INTO template (code, event, audience, permission, title, inbox_text, sms_text, link) VALUES
    ('N33', 'receipt.reissue_asked', 'REVIEWERS', 'receipt.issue', '申请换开票据', '{unit_name}申请换开会费票据：{reason}', '',
     '/console/receipts?view=REISSUE'),
    ('N34', 'receipt.reissue_declined', 'ACCOUNT', '', '换开申请未通过', '您的票据换开申请未通过：{reason}。原票据继续有效，咨询0355-3069919。',
     '【长治全咨协会】您的票据换开申请未通过：{reason}。原票据继续有效，咨询0355-3069919。', '/app/receipts');
