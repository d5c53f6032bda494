-- Invitations are answered by a link, too (N18), each has its own deadline, and what nobody answered until then ends by itself.
ALTER TABLE draw_invitation
    ADD COLUMN link_no bigint UNIQUE,            -- at random, what the link's token says (draw_reply.c); NULL: it has none
    ADD COLUMN reply_by timestamp;               -- of Shanghai
UPDATE draw_invitation v SET reply_by = (d.conditions ->> 'reply_by')::timestamp FROM draw d WHERE d.id = v.draw_id;
ALTER TABLE draw_invitation ALTER COLUMN reply_by SET NOT NULL;
CREATE INDEX draw_invitation_due ON draw_invitation (reply_by) WHERE state = 'INVITED';

CREATE FUNCTION shanghai_now() RETURNS timestamp LANGUAGE sql STABLE AS $$ SELECT now() AT TIME ZONE 'Asia/Shanghai' $$;

-- Until when those reply who are invited now. Whom the draw gave, until the hour that its conditions say; who comes in another's
-- place has a day at least; nobody longer than until the review.
CREATE FUNCTION draw_reply_by(d draw) RETURNS timestamp LANGUAGE sql STABLE AS $$
    SELECT least(d.review_at, CASE WHEN d.state = 'DRAWN' AND c.reply_by > shanghai_now() THEN c.reply_by
                                   ELSE greatest(c.reply_by, date_trunc('minute', shanghai_now() + interval '1 day')) END)
      FROM (SELECT (d.conditions ->> 'reply_by')::timestamp AS reply_by) AS c
$$;

-- How many places of a slot have nobody who is asked or has accepted.
CREATE FUNCTION draw_slot_vacancies(d draw, of_slot integer) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT (d.conditions -> 'rows' -> (of_slot - 1) ->> 'count')::integer
         - (SELECT count(*) FROM draw_invitation v
             WHERE v.draw_id = d.id AND v.slot = of_slot AND v.state IN ('INVITED', 'ACCEPTED'))
$$;

-- May it be answered now?
CREATE FUNCTION invitation_is_open(v draw_invitation, d draw) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT v.state = 'INVITED' AND v.reply_by > shanghai_now() AND d.state IN ('NOTIFYING', 'NEEDS_MORE')
$$;

DROP FUNCTION invitation_told(draw_invitation, draw);
-- An invitation as the contract has it.
CREATE FUNCTION invitation_told(v draw_invitation, d draw) RETURNS TABLE (
    id bigint, state text, review_at text, reply_by text, review_place text, contact_phone text, replied_at timestamptz,
    may_answer boolean) LANGUAGE sql STABLE AS $$
    SELECT v.id, v.state, d.conditions ->> 'review_at', to_char(v.reply_by, 'YYYY-MM-DD HH24:MI'),
           CASE WHEN d.state = 'CONFIRMED' AND v.state = 'ACCEPTED' THEN d.conditions ->> 'review_place' ELSE '' END,
           d.conditions ->> 'contact_phone', v.replied_at, invitation_is_open(v, d)
$$;

-- What whoever has the link in hand is told: nothing of a person, of the project or of the place.
CREATE FUNCTION invitation_link_told(v draw_invitation, d draw) RETURNS TABLE (
    state text, review_at text, reply_by text, contact_phone text) LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN invitation_is_open(v, d) THEN 'OPEN'
                WHEN v.state = 'DECLINED' THEN 'DECLINED'
                WHEN d.state = 'CLOSED' AND draw_vacancies(d) > 0 THEN 'CANCELLED' -- without all its experts it does not take place
                WHEN v.state = 'ACCEPTED' THEN 'ACCEPTED'
                WHEN v.state = 'NO_ANSWER' AND draw_slot_vacancies(d, v.slot) <= 0 THEN 'REPLACED'
                ELSE 'EXPIRED' END,
           d.conditions ->> 'review_at', to_char(v.reply_by, 'YYYY-MM-DD HH24:MI'), d.conditions ->> 'contact_phone'
$$;

-- A reply by the expert himself, logged in or by the link: whoever comes first of all who try.
CREATE FUNCTION invitation_reply(of_invitation bigint, accept boolean, reason text) RETURNS SETOF draw_invitation LANGUAGE sql AS $$
    UPDATE draw_invitation v SET state = CASE WHEN accept THEN 'ACCEPTED' ELSE 'DECLINED' END, replied_at = now(),
           note = CASE WHEN accept THEN '' ELSE reason END
      FROM draw d
     WHERE v.id = of_invitation AND d.id = v.draw_id AND invitation_is_open(v, d)
    RETURNING v.*
$$;

-- A draw follows its replies, whoever gives or records them, one after the other; whoever draws is told when it needs more.
CREATE OR REPLACE FUNCTION draw_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    followed draw;
BEGIN
    SELECT * INTO followed FROM draw WHERE id = NEW.draw_id FOR UPDATE;
    UPDATE draw SET version = version + 1 WHERE id = NEW.draw_id;
    IF draw_vacancies(followed) > 0 AND followed.state IN ('NOTIFYING', 'CONFIRMED') THEN
        UPDATE draw SET state = 'NEEDS_MORE' WHERE id = NEW.draw_id;
        INSERT INTO outbox (event, payload)
        VALUES ('draw.needs_more', jsonb_build_object('draw_id', followed.id::text, 'draw_no', followed.draw_no,
                   'project_name', followed.conditions ->> 'project_name', 'missing', draw_vacancies(followed)::text));
    ELSIF draw_vacancies(followed) = 0 AND followed.state = 'NOTIFYING' AND NOT EXISTS (
        SELECT FROM draw_invitation WHERE draw_id = NEW.draw_id AND state = 'INVITED') THEN
        UPDATE draw SET state = 'CONFIRMED' WHERE id = NEW.draw_id;
        INSERT INTO outbox (event, payload)
        SELECT 'draw.confirmed', jsonb_build_object('account_id', v.account_id, 'review_at', followed.conditions ->> 'review_at',
                   'place', followed.conditions ->> 'review_place', 'phone_of_office', followed.conditions ->> 'contact_phone')
          FROM draw_invitation v WHERE v.draw_id = NEW.draw_id AND v.state = 'ACCEPTED';
    END IF;
    RETURN NULL;
END $$;
