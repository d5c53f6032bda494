-- What an expert is told of a review that he was drawn for.
INSERT INTO template (code, event, audience, title, inbox_text, sms_text, link) VALUES
    ('N18', 'draw.invited', 'ACCOUNT', '邀请您参加评审',
     '诚邀您参加{review_at}的评审，地点届时告知。请于{reply_by}前答复参加或不参加。',
     '【长治全咨协会】诚邀您参加{review_at}评审，地点届时告知。请于{reply_by}前登录平台答复。', '/app/invitations'),
    ('N19', 'draw.confirmed', 'ACCOUNT', '评审确认',
     '评审确认：{review_at}，{place}，联系电话{phone_of_office}。请携带身份证准时到场。',
     '【长治全咨协会】评审确认：{review_at}，{place}，联系电话{phone_of_office}。请携带身份证准时到场。', '/app/invitations'),
    ('N19B', 'draw.called_off', 'ACCOUNT', '评审取消',
     '原定{review_at}的评审取消，您无需到场。如有疑问请致电{phone_of_office}。',
     '【长治全咨协会】原定{review_at}的评审取消，您无需到场。如有疑问请致电{phone_of_office}。', '/app/invitations');
