-- Quiet hours: at night a text message waits for the morning, whatever it tells and however often it was tried. The inbox and
-- e-mails wake nobody. What is asked for that moment, or guards an account, or calls an expert to a review, goes out at once.
ALTER TABLE template ADD COLUMN at_night boolean NOT NULL DEFAULT false;
UPDATE template SET at_night = true
 WHERE code IN ('N1', 'N18', 'N19', 'N19B', 'N23', 'N24', 'N25', 'N25B', 'N25D');

CREATE FUNCTION delivery_is_quiet(at timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT (at AT TIME ZONE 'Asia/Shanghai')::time NOT BETWEEN '08:00' AND '20:59:59.999999'
$$;

-- N22: money that came in and waits to be matched.
INSERT INTO template (code, event, audience, permission, title, inbox_text, link) VALUES
    ('N22B', 'statement.waiting', 'REVIEWERS', 'bank.allocate', '新的银行流水待核对',
     '{by_name}导入了银行流水，新增{count}笔入账共{amount}元，待核对或认领。', '/console/statements');

-- D.4: whom the day's reminders go to, to those who may leave one out, while there is still time.
INSERT INTO template (code, event, audience, permission, title, inbox_text, link) VALUES
    ('N13L', 'reminder.listed', 'REVIEWERS', 'member.open', '今天将发送的续费提醒',
     '今天9:30将向{count}家单位发送会费提醒：{units}。有不该发送的，请在发送前打开名单，选择“这次不提醒”。', '/console/reminders');
