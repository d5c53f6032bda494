-- A term that begins or ends on another day than the rules say; what the lists of staff are asked for.

ALTER TABLE term ADD CONSTRAINT term_length CHECK (last_day < (first_day + interval '2 years')::date);

-- A term as it is asked for: a day that is not asked for is as the rules say.
CREATE TYPE term_asked AS (first_day date, last_day date, is_moved boolean, is_far boolean, is_long boolean);
CREATE FUNCTION term_asked(for_account bigint, asked_first date, asked_last date) RETURNS term_asked LANGUAGE sql STABLE AS $$
    SELECT f.day, a.day, f.day <> r.day OR a.day <> l.day,
           f.day <> r.day AND f.day NOT BETWEEN current_date - 400 AND current_date + 366,
           a.day NOT BETWEEN f.day AND (f.day + interval '2 years')::date - 1
      FROM term_first_day(for_account, current_date) AS r(day), LATERAL (SELECT coalesce(asked_first, r.day)) AS f(day),
           LATERAL (SELECT term_last_day(f.day)) AS l(day), LATERAL (SELECT coalesce(asked_last, l.day)) AS a(day)
$$;
