-- Links to renew by, which reminders carry (D.3): each is used once, within thirty days, by the account that it was made for and
-- after its log-in. The link says a number and its signature, nothing else (renewal_link.c).
CREATE TABLE renewal_link (
    id bigint PRIMARY KEY,                       -- at random
    account_id bigint NOT NULL REFERENCES unit (account_id),
    expires_on date NOT NULL,                    -- the last day it may be used
    used_at timestamptz
);
CREATE INDEX renewal_link_of_account ON renewal_link (account_id);

-- The working calendar, as certification tells of it (calendar.changed): days that differ from Monday to Friday.
CREATE TABLE calendar_day (
    day date PRIMARY KEY,
    working boolean,                             -- NULL: as the week says, again
    changed_at timestamptz NOT NULL
);
CREATE FUNCTION is_working_day(d date) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT working FROM calendar_day WHERE day = d), extract(isodow FROM d) < 6)
$$;

-- SMS about money go out in the day, on working days.
CREATE OR REPLACE FUNCTION reminder_hours(at timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT is_working_day((at AT TIME ZONE 'Asia/Shanghai')::date)
       AND (at AT TIME ZONE 'Asia/Shanghai')::time BETWEEN '09:30' AND '20:00'
$$;
CREATE OR REPLACE FUNCTION reminder_day_runs(at timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT is_working_day((at AT TIME ZONE 'Asia/Shanghai')::date) AND (at AT TIME ZONE 'Asia/Shanghai')::time < '20:00'
$$;
CREATE OR REPLACE FUNCTION reminder_day_after(day date) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT min(d)::date FROM generate_series(day + 1, day + 60, interval '1 day') AS d WHERE is_working_day(d::date)
$$;
