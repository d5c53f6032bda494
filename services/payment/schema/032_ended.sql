-- Why a unit is certified no more, as certification told; and the day's reminders, told to staff before they go out.

-- REVOKED, EXPIRED; '': it is certified, never was, or its end was told before this was kept.
ALTER TABLE unit ADD COLUMN ended text NOT NULL DEFAULT '' CHECK (ended IN ('', 'REVOKED', 'EXPIRED'));

CREATE FUNCTION ended_word(ended text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE ended WHEN 'REVOKED' THEN '已撤销' WHEN 'EXPIRED' THEN '已过期' ELSE '已撤销或过期' END
$$;
CREATE FUNCTION certification_ended(u unit) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN u.certified OR u.ended = '' THEN 'END_UNSPECIFIED' ELSE u.ended END
$$;

CREATE OR REPLACE FUNCTION member_status(for_account bigint, today date) RETURNS member_standing LANGUAGE sql STABLE AS $$
    WITH counted AS (
        SELECT t.first_day, least(t.last_day, t.ended_on) AS last_day,
               coalesce((SELECT d.association_post_name FROM bill d WHERE d.difference_of = t.bill_id AND d.state IN ('PAID', 'WRITTEN_OFF')
                          ORDER BY d.id DESC LIMIT 1), t.association_post_name) AS association_post_name
          FROM term t JOIN membership m USING (account_id)
         WHERE t.account_id = for_account AND t.voided_at IS NULL AND (t.ended_on IS NULL OR m.state = 'TERMINATED')),
    shown AS (                                   -- the one that runs, else the nearest
        SELECT * FROM counted ORDER BY today BETWEEN first_day AND last_day DESC, abs(first_day - today) LIMIT 1),
    ended AS (SELECT max(last_day) AS last_day FROM counted)
    SELECT CASE
               WHEN m.state = 'TERMINATED' THEN 'TERMINATED'
               WHEN m.state = 'SUSPENDED' OR m.account_id IS NOT NULL AND NOT u.certified THEN 'SUSPENDED'
               WHEN s.first_day <= today AND e.last_day >= today + 61 THEN 'ACTIVE'
               WHEN s.first_day <= today AND e.last_day >= today THEN 'EXPIRING'
               WHEN e.last_day + p.grace_days >= today AND s.first_day <= today THEN 'GRACE'
               WHEN u.certified AND EXISTS (SELECT 1 FROM bill b WHERE b.account_id = u.account_id AND bill_waits(b)) THEN 'READY'
               WHEN s.first_day > today THEN 'READY'
               WHEN EXISTS (SELECT 1 FROM voucher v WHERE v.account_id = u.account_id AND v.state = 'SUBMITTED')
                   THEN 'VOUCHER_REVIEW'
               WHEN (SELECT v.state FROM voucher v WHERE v.account_id = u.account_id ORDER BY v.id DESC LIMIT 1) = 'REJECTED'
                   THEN 'VOUCHER_REJECTED'
               WHEN e.last_day IS NOT NULL THEN 'EXPIRED'
               ELSE 'NONE' END,
           coalesce(m.member_no, ''), coalesce(s.association_post_name, ''), s.first_day, e.last_day,
           e.last_day + p.grace_days,
           CASE WHEN m.account_id IS NOT NULL AND NOT u.certified AND m.state = 'ACTIVE' THEN '会员单位认证' || ended_word(u.ended)
                ELSE coalesce(m.reason, '') END
      FROM unit u CROSS JOIN dues_policy p CROSS JOIN ended e
      LEFT JOIN membership m USING (account_id) LEFT JOIN shown s ON true
     WHERE u.account_id = for_account
$$;

-- ---- D.4: who is reminded today, once a day, whoever asks; an hour before it goes out (reminder_hours)

CREATE TABLE reminder_notice (
    day date PRIMARY KEY,
    units integer NOT NULL,
    told_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE reminder_notice IS 'append-only';

CREATE FUNCTION reminder_notice_hours(at timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT is_working_day((at AT TIME ZONE 'Asia/Shanghai')::date)
       AND (at AT TIME ZONE 'Asia/Shanghai')::time BETWEEN '08:30' AND '09:29:59.999999'
$$;
