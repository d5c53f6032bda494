-- Reminders of renewal: each step of each end of membership once, whoever else asks at the same moment.
CREATE TABLE reminder (
    account_id bigint NOT NULL REFERENCES unit (account_id),
    last_day date NOT NULL,
    step integer NOT NULL,                       -- days from the last day: -60, …
    told_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, last_day, step)
);
COMMENT ON TABLE reminder IS 'append-only';

-- SMS about money go out in the day, on weekdays.
CREATE FUNCTION reminder_hours(at timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT extract(isodow FROM at AT TIME ZONE 'Asia/Shanghai') < 6
       AND (at AT TIME ZONE 'Asia/Shanghai')::time BETWEEN '09:30' AND '20:00'
$$;

-- Whom to remind on a day, of what. Who comes late to a step hears the last one only; who has paid, or whose voucher is being
-- checked, is left alone; a week after the chain has lapsed it is no news.
CREATE FUNCTION reminders_due(today date)
RETURNS TABLE (account_id bigint, unit_name text, last_day date, grace_until date, step integer, event text, amount_fen bigint)
LANGUAGE sql STABLE AS $$
    SELECT u.account_id, u.unit_name, e.last_day, e.last_day + p.grace_days, s.step,
           CASE WHEN s.step < 0 THEN 'membership.ending' WHEN s.step <= p.grace_days THEN 'membership.ended'
                ELSE 'membership.lapsed' END,
           coalesce((SELECT b.amount_fen - b.paid_fen - b.waived_fen FROM bill b
                      WHERE b.account_id = u.account_id AND b.state IN ('OPEN', 'PARTLY_PAID') ORDER BY b.year DESC LIMIT 1),
                    (SELECT f.amount_fen FROM fee_of(u.association_post, today) AS f), 0)
      FROM membership m JOIN unit u USING (account_id) CROSS JOIN dues_policy p
      CROSS JOIN LATERAL (SELECT member_last_day(m.account_id) AS last_day) AS e
      CROSS JOIN LATERAL (
          SELECT max(step) AS step FROM unnest('{-60,-30,-7,0,15,30}'::int[] || (p.grace_days + 1)) AS step
           WHERE step <= least(p.grace_days + 1, today - e.last_day)) AS s
     WHERE m.state = 'ACTIVE' AND u.certified AND today - e.last_day BETWEEN -60 AND p.grace_days + 8
       AND NOT EXISTS (SELECT 1 FROM voucher v WHERE v.account_id = u.account_id AND v.state = 'SUBMITTED')
       AND NOT EXISTS (SELECT 1 FROM reminder r WHERE r.account_id = u.account_id AND r.last_day = e.last_day AND r.step = s.step)
$$;
