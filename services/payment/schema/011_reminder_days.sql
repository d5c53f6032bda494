-- When to remind is the association's to say; and a clerk may leave somebody out.
ALTER TABLE dues_policy ADD COLUMN reminder_days integer[] NOT NULL DEFAULT '{-60,-30,-7,0,15,30}'
    CONSTRAINT reminder_days_range CHECK (cardinality(reminder_days) <= 12 AND -180 <= ALL (reminder_days) AND 180 >= ALL (reminder_days));
ALTER TABLE reminder ADD COLUMN skipped_by_name text NOT NULL DEFAULT '';  -- a clerk, who left it out

CREATE OR REPLACE FUNCTION reminders_due(today date)
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
          SELECT max(step) AS step FROM unnest(p.reminder_days || (p.grace_days + 1)) AS step
           WHERE step <= least(p.grace_days + 1, today - e.last_day)) AS s
     WHERE m.state = 'ACTIVE' AND u.certified AND s.step IS NOT NULL AND today - e.last_day <= p.grace_days + 8
       AND NOT EXISTS (SELECT 1 FROM voucher v WHERE v.account_id = u.account_id AND v.state = 'SUBMITTED')
       AND NOT EXISTS (SELECT 1 FROM reminder r WHERE r.account_id = u.account_id AND r.last_day = e.last_day AND r.step = s.step)
$$;
