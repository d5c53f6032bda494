-- A term that begins or ends on another day than the rules say; what the lists of staff are asked for; what was collected.

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

-- ---- what the lists look through; each is asked for its rows and for their number

CREATE FUNCTION bill_found(view text, of_year integer, q text, post text) RETURNS SETOF bill LANGUAGE sql STABLE AS $$
    SELECT b.* FROM bill b JOIN unit u USING (account_id)
     WHERE CASE view WHEN 'UNPAID' THEN b.state IN ('OPEN', 'PARTLY_PAID')
                     WHEN 'PARTLY_PAID' THEN b.state = 'PARTLY_PAID'
                     WHEN 'OVERDUE' THEN b.state IN ('OPEN', 'PARTLY_PAID') AND b.due_on < current_date
                     WHEN 'SETTLED' THEN b.state IN ('PAID', 'WRITTEN_OFF')
                     WHEN 'CANCELLED' THEN b.state = 'CANCELLED' ELSE true END
       AND (of_year = 0 OR b.year = of_year) AND (post = '' OR b.association_post = post)
       AND (q = '' OR position(q IN u.unit_name) > 0 OR u.uscc = upper(q) OR b.reference_code = upper(q))
$$;

-- By the day it was paid on, and what was confirmed, else stated; a bound that is NULL is none.
CREATE FUNCTION voucher_found(view text, method text, q text, day_from date, day_to date, fen_from bigint, fen_to bigint)
RETURNS SETOF voucher LANGUAGE sql STABLE AS $$
    SELECT v.* FROM voucher v JOIN unit u USING (account_id)
     WHERE CASE view WHEN 'ALL' THEN true WHEN 'DECIDED' THEN v.state IN ('CONFIRMED', 'REJECTED', 'REVERSED')
                     WHEN 'UNSPECIFIED' THEN v.state = 'SUBMITTED' ELSE v.state = view END
       AND (method = 'PAY_METHOD_UNSPECIFIED' OR v.pay_method = method)
       AND coalesce(v.paid_date >= day_from, true) AND coalesce(v.paid_date <= day_to, true)
       AND (fen_from IS NULL AND fen_to IS NULL
            OR CASE v.state WHEN 'CONFIRMED' THEN v.confirmed_fen ELSE v.paid_fen END
               BETWEEN coalesce(fen_from, 0) AND coalesce(fen_to, 9223372036854775807))
       AND (q = '' OR position(q IN u.unit_name) > 0 OR position(q IN v.payer_name) > 0 OR v.bank_serial = q
            OR u.uscc = upper(q) OR EXISTS (SELECT 1 FROM bill b WHERE b.id = ANY (v.bill_ids) AND b.reference_code = upper(q)))
$$;

CREATE FUNCTION statement_found(view text, of_kind text, month_first date, q text) RETURNS SETOF statement LANGUAGE sql STABLE AS $$
    SELECT s.* FROM statement s
     WHERE (view = 'UNSPECIFIED'
            OR EXISTS (SELECT 1 FROM statement_undo u WHERE u.statement_id = s.id) = (view = 'UNDONE'))
       AND (of_kind = 'UNSPECIFIED' OR s.kind = of_kind)
       AND coalesce(s.first_on < (month_first + interval '1 month')::date AND s.last_on >= month_first, month_first IS NULL)
       AND (q = '' OR position(lower(q) IN lower(s.file_name)) > 0 OR s.account_no = q OR position(q IN s.imported_by_name) > 0)
$$;

CREATE FUNCTION proposal_found(view text, permissions text[], of_kind text, q text) RETURNS SETOF proposal LANGUAGE sql STABLE AS $$
    SELECT p.* FROM proposal_found(view, permissions) AS p JOIN unit u USING (account_id)
     WHERE (of_kind = 'UNSPECIFIED' OR p.kind = of_kind)
       AND (q = '' OR position(q IN u.unit_name) > 0 OR u.uscc = upper(q) OR p.requested_by_name = q OR p.decided_by_name = q
            OR position(q IN p.reason) > 0)
$$;

-- Is it this unit that is searched for?
CREATE FUNCTION unit_sought(of_unit bigint, q text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT q = '' OR EXISTS (SELECT 1 FROM unit u LEFT JOIN membership m USING (account_id)
                              WHERE u.account_id = of_unit AND (position(q IN u.unit_name) > 0 OR u.uscc = upper(q) OR m.member_no = upper(q)))
$$;

-- Reminders that went out, and those that were left out.
CREATE FUNCTION reminder_told(view text, q text) RETURNS SETOF reminder LANGUAGE sql STABLE AS $$
    SELECT r.* FROM reminder r
     WHERE (view = 'UNSPECIFIED' OR (r.skipped_by_name <> '') = (view = 'SKIPPED'))
       AND (unit_sought(r.account_id, q) OR r.skipped_by_name = q)
$$;
CREATE INDEX reminder_by_time ON reminder (told_at, account_id);

-- ---- what was collected between two days, as the months' sheets count it: money confirmed, and with a minus what was taken back

CREATE FUNCTION dues_received(first date, after date)
RETURNS TABLE (day date, kind text, voucher_id bigint, amount_fen bigint, changed_at timestamptz) LANGUAGE sql STABLE AS $$
    SELECT v.booked_on, 'CONFIRMED', v.id, v.confirmed_fen, v.decided_at
      FROM voucher v WHERE v.booked_on >= first AND v.booked_on < after
    UNION ALL
    SELECT v.reversed_on, 'REVERSED', v.id, -v.confirmed_fen,
           (SELECT max(p.decided_at) FROM proposal p WHERE p.voucher_id = v.id AND p.kind = 'REVERSE' AND p.state = 'CONFIRMED')
      FROM voucher v WHERE v.reversed_on >= first AND v.reversed_on < after
    UNION ALL
    SELECT p.booked_on, 'REFUND', r.voucher_id, -r.fen, p.decided_at
      FROM month_refunds(first, after) AS r JOIN proposal p ON p.id = r.proposal_id
$$;
