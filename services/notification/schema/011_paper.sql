-- N26: a stamped paper was accepted, or sent back; and to those who look through them, that one came.
INSERT INTO template (code, event, audience, permission, title, inbox_text, sms_text, link) VALUES
    ('N26', 'paper.accepted', 'ACCOUNT', '', '{document}已接收', '{document}已接收（编号{form_no}），协会存档备查。',
     '【长治全咨协会】{document}已接收。', '/app/papers/{kind}'),
    ('N26B', 'paper.returned', 'ACCOUNT', '', '{document}已退回', '{document}已退回：{reason}。请按原因处理后重新上传。',
     '【长治全咨协会】{document}已退回。{reason}', '/app/papers/{kind}'),
    ('N26C', 'paper.uploaded', 'REVIEWERS', 'cert.member.review', '新的盖章表格待核对', '{unit_name}上传了{document}，编号{form_no}。', '',
     '/console/papers/{paper_id}');
