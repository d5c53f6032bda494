-- How members are numbered, when a membership begins, and from which day of a calendar year on the next one is included.
ALTER TABLE dues_policy
    ADD COLUMN member_no_pattern text NOT NULL DEFAULT 'CZQG-{yyyy}-{seq4}',
    ADD COLUMN term_start text NOT NULL DEFAULT 'OPENED' CHECK (term_start IN ('OPENED', 'RECEIVED')),
    ADD COLUMN rollover_from text NOT NULL DEFAULT '',       -- 11-01; empty: no year includes the next
    ADD CONSTRAINT member_no_pattern CHECK (member_no_pattern ~ '^[A-Z0-9-]{0,20}({yyyy}[A-Z0-9-]{0,10})?{seq[3-6]}$'),
    ADD CONSTRAINT rollover_from CHECK (rollover_from = '' OR rollover_from ~ '^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$');

-- Counted in the transaction that opens, so without gaps; where the year is no part of a number, all years count as one.
CREATE OR REPLACE FUNCTION member_number_next(of_year integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    pattern text := (SELECT member_no_pattern FROM dues_policy);
    digits integer := substring(pattern FROM '{seq([3-6])}')::integer;
    number integer;
BEGIN
    INSERT INTO member_number VALUES (CASE WHEN position('{yyyy}' IN pattern) > 0 THEN of_year ELSE 0 END, 1)
    ON CONFLICT (year) DO UPDATE SET last = member_number.last + 1
    RETURNING last INTO number;
    RETURN replace(regexp_replace(pattern, '{seq[3-6]}', lpad(number::text, greatest(digits, length(number::text)), '0')),
                   '{yyyy}', of_year::text);
END $$;

CREATE OR REPLACE FUNCTION term_last_day(first_day date) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT CASE term_mode
           WHEN 'CALENDAR' THEN make_date(extract(year FROM first_day)::int
                                          + (rollover_from <> '' AND to_char(first_day, 'MM-DD') >= rollover_from)::int, 12, 31)
           ELSE (first_day + interval '1 year')::date - 1 + (to_char(first_day, 'MMDD') = '0229')::int END
      FROM dues_policy
$$;

-- The day when the money came that no membership stands on yet.
CREATE FUNCTION member_money_day(for_account bigint) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT max(v.received_on)
      FROM bill b JOIN voucher_allocation a ON a.bill_id = b.id JOIN voucher v ON v.id = a.voucher_id AND v.state = 'CONFIRMED'
     WHERE b.account_id = for_account AND bill_waits(b)
$$;
CREATE OR REPLACE FUNCTION term_first_day(for_account bigint, today date) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN last_day + grace_days >= today THEN last_day + 1
                WHEN term_start = 'RECEIVED' THEN greatest(last_day + 1, coalesce(member_money_day(for_account), today))
                ELSE today END
      FROM member_last_day(for_account) AS last_day, dues_policy
$$;

-- ---- reminders: what goes out today, and on the next day that any go out

-- Does anything still go out today?
CREATE FUNCTION reminder_day_runs(at timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT extract(isodow FROM at AT TIME ZONE 'Asia/Shanghai') < 6 AND (at AT TIME ZONE 'Asia/Shanghai')::time < '20:00'
$$;
CREATE FUNCTION reminder_day_after(day date) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT day + CASE extract(isodow FROM day)::int WHEN 5 THEN 3 WHEN 6 THEN 2 ELSE 1 END
$$;

-- The dry run of a day: TODAY, or NEXT without what is gone by then.
CREATE FUNCTION reminders_listed(of_day text)
RETURNS TABLE (send_on date, account_id bigint, unit_name text, last_day date, grace_until date, step integer, event text,
               amount_fen bigint)
LANGUAGE sql STABLE AS $$
    SELECT current_date, d.* FROM reminders_due(current_date) AS d WHERE of_day <> 'NEXT' AND reminder_day_runs(now())
    UNION ALL
    SELECT next, d.* FROM reminder_day_after(current_date) AS next, reminders_due(next) AS d
     WHERE of_day = 'NEXT' AND NOT (reminder_day_runs(now()) AND EXISTS (
         SELECT 1 FROM reminders_due(current_date) AS t
          WHERE t.account_id = d.account_id AND t.last_day = d.last_day AND t.step = d.step))
$$;
