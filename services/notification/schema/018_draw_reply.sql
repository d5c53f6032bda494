-- N18 with its link: one SMS of 70 characters, of which the site's address and the link take 46; until when, the page says.
UPDATE template SET sms_text = '【长治全咨协会】诚邀您{review_day}评审，请答复：{url}',
       inbox_text = '诚邀您参加{review_at}的评审，地点届时告知。请于{reply_by}前答复参加或不参加，也可用短信中的链接答复。'
 WHERE code = 'N18';
INSERT INTO template (code, event, audience, permission, title, inbox_text, sms_text, link) VALUES
    ('N18B', 'draw.needs_more', 'REVIEWERS', 'expert.draw', '需要递补专家', '{project_name}（{draw_no}）有专家不能参加或到期没有答复，还缺{missing}人，请打开抽取，按次序递补下一位。', '',
     '/console/draws/{draw_id}');
