-- The working calendar that staff keep, and who is told when a review takes longer than promised.
ALTER TABLE calendar_day ADD COLUMN changed_by bigint NOT NULL DEFAULT 0;      -- staff; 0: a migration
ALTER TABLE calendar_day ADD COLUMN changed_at timestamptz NOT NULL DEFAULT now();

CREATE FUNCTION is_working_day(d date) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT working FROM calendar_day WHERE day = d), extract(isodow FROM d) < 6)
$$;

-- N21: each step of each review is told once, whoever looks at the same moment.
CREATE TABLE review_warned (
    review_id bigint NOT NULL REFERENCES review (id),
    days integer NOT NULL CHECK (days IN (2, 3)),       -- working days that have passed
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (review_id, days)
);
-- N20's digest: once a day for each identity.
CREATE TABLE review_digest (
    day date NOT NULL,
    kind text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (day, kind)
);
-- What waited too long before anybody was told is old news.
INSERT INTO review_warned (review_id, days)
SELECT r.id, days FROM review r, unnest(ARRAY[2, 3]) AS days
 WHERE r.state IN ('QUEUED', 'CLAIMED') AND r.promised_by < now()::date;
