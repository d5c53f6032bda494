-- The month's sheet: what was due, what was confirmed, what the bank has and what receipts are for; every difference between
-- them is a row, and their sum is the difference. A month that is closed takes nothing any more: what comes late is booked on the
-- first day that is open, and the sheet stays as it was signed.
CREATE TABLE month_close (
    month date PRIMARY KEY CHECK (extract(day FROM month) = 1),
    sheet jsonb NOT NULL,                        -- as it was signed
    note text NOT NULL DEFAULT '',
    closed_by bigint NOT NULL,
    closed_by_name text NOT NULL,
    closed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE month_close IS 'append-only';

-- The first day that is open; NULL: no month was closed yet. Who books holds a lock that closing waits for.
CREATE FUNCTION month_open_day() RETURNS date LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('payment.month_close'));
    RETURN (SELECT (max(month) + interval '1 month')::date FROM month_close);
END $$;

-- One after the other, and only once they are over.
CREATE FUNCTION month_close_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    next date := (SELECT (max(month) + interval '1 month')::date FROM month_close);
BEGIN
    IF NEW.month >= date_trunc('month', current_date) THEN
        RAISE EXCEPTION 'the month is not over' USING ERRCODE = 'check_violation', CONSTRAINT = 'month_not_over';
    END IF;
    IF NEW.month <> next THEN
        RAISE EXCEPTION 'another month is next' USING ERRCODE = 'check_violation', CONSTRAINT = 'month_out_of_order';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER month_close_guard BEFORE INSERT ON month_close FOR EACH ROW EXECUTE FUNCTION month_close_guard();

ALTER TABLE statement_line ADD COLUMN booked_on date;
UPDATE statement_line SET booked_on = occurred_at::date;
ALTER TABLE statement_line ALTER COLUMN booked_on SET NOT NULL;
CREATE INDEX statement_line_booked ON statement_line (booked_on);
CREATE FUNCTION statement_lines_booked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT min(booked_on) FROM added) < month_open_day() THEN
        RAISE EXCEPTION 'the month is closed' USING ERRCODE = 'check_violation', CONSTRAINT = 'month_closed';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER statement_lines_booked AFTER INSERT ON statement_line REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION statement_lines_booked();

ALTER TABLE voucher
    ADD COLUMN booked_on date,                   -- received_on, or the first open day
    ADD COLUMN reversed_on date;
UPDATE voucher v SET booked_on = received_on,
       reversed_on = CASE state WHEN 'REVERSED' THEN coalesce((SELECT max(at)::date FROM history h WHERE h.machine = 'voucher'
                                   AND h.subject = v.id::text AND h.to_state = 'REVERSED'), received_on) END
 WHERE state IN ('CONFIRMED', 'REVERSED');
ALTER TABLE voucher ADD CONSTRAINT voucher_booked CHECK (
    (state IN ('CONFIRMED', 'REVERSED')) = (booked_on IS NOT NULL) AND (state = 'REVERSED') = (reversed_on IS NOT NULL));
CREATE INDEX voucher_booked_on ON voucher (booked_on) WHERE booked_on IS NOT NULL;
CREATE INDEX voucher_reversed_on ON voucher (reversed_on) WHERE reversed_on IS NOT NULL;
CREATE FUNCTION voucher_book() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'CONFIRMED' AND OLD.state <> 'CONFIRMED' THEN
        NEW.booked_on := greatest(NEW.received_on, month_open_day());
    ELSIF NEW.state = 'REVERSED' AND OLD.state <> 'REVERSED' THEN
        NEW.reversed_on := greatest(NEW.booked_on, current_date, month_open_day());
    ELSIF (OLD.booked_on, OLD.reversed_on) IS DISTINCT FROM (NEW.booked_on, NEW.reversed_on) THEN
        RAISE EXCEPTION 'voucher % is booked', NEW.id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER voucher_book BEFORE UPDATE ON voucher FOR EACH ROW EXECUTE FUNCTION voucher_book();

ALTER TABLE receipt
    ADD COLUMN booked_on date,                   -- issued_on, or the first open day; NULL: it was never issued
    ADD COLUMN voided_on date;                   -- of one that had been issued
UPDATE receipt r SET booked_on = issued_on,
       voided_on = CASE state WHEN 'VOID' THEN coalesce((SELECT max(at)::date FROM history h WHERE h.machine = 'receipt'
                                   AND h.subject = r.id::text AND h.to_state = 'VOID'), issued_on) END
 WHERE issued_on IS NOT NULL;
CREATE INDEX receipt_booked_on ON receipt (booked_on) WHERE booked_on IS NOT NULL;
CREATE FUNCTION receipt_book() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'ISSUED' AND OLD.state <> 'ISSUED' AND OLD.booked_on IS NULL THEN
        NEW.booked_on := greatest(NEW.issued_on, month_open_day());
    ELSIF NEW.state = 'VOID' AND OLD.state <> 'VOID' AND OLD.booked_on IS NOT NULL THEN
        NEW.voided_on := greatest(NEW.booked_on, current_date, month_open_day());
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER receipt_book BEFORE UPDATE ON receipt FOR EACH ROW EXECUTE FUNCTION receipt_book();

-- What of each voucher a month has: its money, and again with a minus where it was taken back.
CREATE FUNCTION month_vouchers(first date, after date) RETURNS TABLE (id bigint, fen bigint) LANGUAGE sql STABLE AS $$
    SELECT v.id, CASE WHEN v.booked_on >= first AND v.booked_on < after THEN v.confirmed_fen ELSE 0 END
                 - CASE WHEN v.reversed_on >= first AND v.reversed_on < after THEN v.confirmed_fen ELSE 0 END
      FROM voucher v
     WHERE v.booked_on >= first AND v.booked_on < after OR v.reversed_on >= first AND v.reversed_on < after
$$;

-- Each difference: how much more the side has than what was confirmed. A voucher whose two sides are in one month is none.
CREATE FUNCTION month_differences(first date, after date)
RETURNS TABLE (side text, kind text, unit_name text, amount_fen bigint, day date, voucher_id bigint, line_id bigint, bill_id bigint)
LANGUAGE sql STABLE AS $$
    WITH money AS MATERIALIZED (SELECT m.id, m.fen FROM month_vouchers(first, after) AS m WHERE m.fen <> 0),
    due AS MATERIALIZED (SELECT b.* FROM bill b WHERE b.due_on >= first AND b.due_on < after AND b.state <> 'CANCELLED'),
    laid AS MATERIALIZED (                       -- of each voucher on each bill, what is left of it
        SELECT t.voucher_id AS voucher, s.bill, sum(s.fen)::bigint AS fen
          FROM transfer t,
               LATERAL (VALUES (CASE t.credit_kind WHEN 'BILL' THEN t.credit_of END, t.amount_fen),
                               (CASE t.debit_kind WHEN 'BILL' THEN t.debit_of END, -t.amount_fen)) AS s(bill, fen)
         WHERE s.bill IS NOT NULL AND t.voucher_id IS NOT NULL
           AND (t.voucher_id IN (SELECT id FROM money) OR s.bill IN (SELECT id FROM due))
         GROUP BY t.voucher_id, s.bill HAVING sum(s.fen) <> 0),
    rest AS (                                    -- of each voucher: on no bill
        SELECT m.id, m.fen - coalesce((SELECT sum(l.fen) FROM laid l WHERE l.voucher = m.id), 0)::bigint AS fen,
               coalesce((SELECT sum(t.amount_fen) FROM transfer t JOIN proposal p ON p.id = t.proposal_id AND p.kind = 'REFUND'
                          WHERE t.voucher_id = m.id), 0)::bigint AS refunded
          FROM money m),
    found AS (
        SELECT l.voucher_id AS id, sum(l.dues_fen)::bigint AS fen FROM statement_line l
         WHERE l.state = 'ALLOCATED' AND l.booked_on >= first AND l.booked_on < after GROUP BY l.voucher_id),
    papers AS (
        SELECT r.voucher_id AS id,
               sum(CASE WHEN r.booked_on >= first AND r.booked_on < after THEN r.amount_fen ELSE 0 END
                   - CASE WHEN r.voided_on >= first AND r.voided_on < after THEN r.amount_fen ELSE 0 END)::bigint AS fen
          FROM receipt r WHERE r.booked_on >= first AND r.booked_on < after OR r.voided_on >= first AND r.voided_on < after
         GROUP BY r.voucher_id),
    differences(side, kind, account, name, fen, day, voucher, line, bill) AS (
        SELECT 'DUE', 'BILL_UNPAID', account_id, NULL, amount_fen - paid_fen - waived_fen, due_on, 0::bigint, 0::bigint, id FROM due
        UNION ALL
        SELECT 'DUE', 'BILL_WAIVED', account_id, NULL, waived_fen, due_on, 0, 0, id FROM due
        UNION ALL
        SELECT 'DUE', 'BILL_PAID_OTHER_MONTH', d.account_id, NULL, l.fen, d.due_on, l.voucher, 0, d.id
          FROM due d JOIN laid l ON l.bill = d.id WHERE l.voucher NOT IN (SELECT id FROM money)
        UNION ALL
        SELECT 'DUE', 'BILL_OTHER_MONTH', b.account_id, NULL, -l.fen, b.due_on, l.voucher, 0, b.id
          FROM laid l JOIN money m ON m.id = l.voucher JOIN bill b ON b.id = l.bill WHERE l.bill NOT IN (SELECT id FROM due)
        UNION ALL
        SELECT 'DUE', 'REFUNDED', v.account_id, NULL, -r.refunded, v.booked_on, v.id, 0, 0
          FROM rest r JOIN voucher v USING (id) WHERE v.state = 'CONFIRMED'
        UNION ALL
        SELECT 'DUE', CASE v.state WHEN 'REVERSED' THEN 'REVERSED' ELSE 'CREDIT' END, v.account_id, NULL,
               CASE v.state WHEN 'REVERSED' THEN -r.fen ELSE r.refunded - r.fen END,
               CASE WHEN r.fen < 0 THEN v.reversed_on ELSE v.booked_on END, v.id, 0, 0
          FROM rest r JOIN voucher v USING (id)
        UNION ALL
        SELECT 'BANK', 'LINE_UNCLAIMED', NULL, coalesce(nullif(l.payer_name, ''), l.wallet), l.dues_fen, l.occurred_at::date,
               coalesce(l.voucher_id, 0), l.id, 0
          FROM statement_line l WHERE l.state IN ('NEW', 'PROPOSED') AND l.booked_on >= first AND l.booked_on < after
        UNION ALL
        SELECT 'BANK', CASE WHEN v.state = 'REVERSED' THEN 'REVERSED' WHEN coalesce(m.fen, 0) = 0 THEN 'LINE_OTHER_MONTH'
                            WHEN EXISTS (SELECT 1 FROM statement_line l WHERE l.voucher_id = v.id) THEN 'VOUCHER_OTHER_MONTH'
                            WHEN v.pay_method = 'CASH' THEN 'CASH' ELSE 'VOUCHER_WITHOUT_LINE' END,
               v.account_id, NULL, coalesce(f.fen, 0) - coalesce(m.fen, 0),
               CASE WHEN coalesce(m.fen, 0) < 0 THEN v.reversed_on ELSE v.booked_on END, v.id, 0, 0
          FROM money m FULL JOIN found f USING (id) JOIN voucher v USING (id)
        UNION ALL
        SELECT 'RECEIPT', CASE WHEN v.state = 'REVERSED' THEN 'REVERSED'
                               WHEN EXISTS (SELECT 1 FROM receipt r WHERE r.voucher_id = v.id AND r.state IN ('ISSUED', 'DELIVERED'))
                               THEN 'RECEIPT_OTHER_MONTH' WHEN p.fen < 0 THEN 'RECEIPT_VOID' ELSE 'RECEIPT_MISSING' END,
               v.account_id, NULL, coalesce(p.fen, 0) - coalesce(m.fen, 0),
               CASE WHEN coalesce(m.fen, 0) < 0 THEN v.reversed_on ELSE v.booked_on END, v.id, 0, 0
          FROM money m FULL JOIN papers p USING (id) JOIN voucher v USING (id))
    SELECT d.side, d.kind, coalesce(u.unit_name, d.name), d.fen::bigint, d.day, d.voucher, d.line, d.bill
      FROM differences d LEFT JOIN unit u ON u.account_id = d.account WHERE d.fen <> 0
$$;

-- What the acquirer paid out beside what was paid by the code, less fees: each sum covers whole days, the oldest that are open
-- first, ten days back at most. What does not fit is named.
CREATE FUNCTION month_settlements(first date, after date)
RETURNS TABLE (day date, line_id bigint, amount_fen bigint, first_day date, last_day date, net_fen bigint, difference_fen bigint)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    sum_of record;
    paid record;
    start date;
    total bigint;
    done date[] := '{}';
    days date[];
BEGIN
    FOR sum_of IN SELECT l.id, l.occurred_at::date AS day, l.amount_fen AS fen FROM statement_line l
                   WHERE l.kind = 'ACCOUNT' AND l.not_dues = 'SETTLEMENT' AND l.state = 'IGNORED'
                     AND l.occurred_at >= first - 40 AND l.occurred_at < after + 11
                   ORDER BY l.occurred_at, l.id
    LOOP
        start := NULL;
        total := 0;
        days := '{}';
        FOR paid IN SELECT l.occurred_at::date AS day, sum(l.amount_fen - l.fee_fen)::bigint AS net FROM statement_line l
                     WHERE l.kind = 'MERCHANT' AND l.occurred_at >= sum_of.day - 10 AND l.occurred_at < sum_of.day + 1
                       AND l.occurred_at::date <> ALL (done)
                     GROUP BY 1 ORDER BY 1
        LOOP
            total := total + paid.net;
            days := days || paid.day;
            WHILE total > sum_of.fen AND cardinality(days) > 1 LOOP  -- an older day was never paid out: leave it open
                total := total - (SELECT sum(l.amount_fen - l.fee_fen) FROM statement_line l
                                   WHERE l.kind = 'MERCHANT' AND l.occurred_at >= days[1] AND l.occurred_at < days[1] + 1);
                days := days[2:];
            END LOOP;
            EXIT WHEN total = sum_of.fen;
        END LOOP;
        IF total = sum_of.fen THEN
            done := done || days;
            start := days[1];
        ELSE
            total := 0;
        END IF;
        day := sum_of.day;
        line_id := sum_of.id;
        amount_fen := sum_of.fen;
        first_day := start;
        last_day := CASE WHEN start IS NOT NULL THEN days[cardinality(days)] END;
        net_fen := (SELECT coalesce(sum(l.amount_fen - l.fee_fen), 0) FROM statement_line l
                     WHERE start IS NOT NULL AND l.kind = 'MERCHANT' AND l.occurred_at >= first AND l.occurred_at < after
                       AND l.occurred_at::date = ANY (days));
        difference_fen := CASE WHEN day >= first AND day < after THEN sum_of.fen ELSE 0 END - net_fen;
        CONTINUE WHEN (day < first OR day >= after) AND net_fen = 0;
        RETURN NEXT;
    END LOOP;
    RETURN QUERY SELECT l.occurred_at::date, 0::bigint, 0::bigint, l.occurred_at::date, l.occurred_at::date,
                        sum(l.amount_fen - l.fee_fen)::bigint, -sum(l.amount_fen - l.fee_fen)::bigint
                   FROM statement_line l
                  WHERE l.kind = 'MERCHANT' AND l.occurred_at >= first AND l.occurred_at < after
                    AND l.occurred_at::date <> ALL (done)
                  GROUP BY l.occurred_at::date ORDER BY l.occurred_at::date;
END $$;

-- The sheet as the contract has it. Of many differences the first thousand are listed; their groups count all.
CREATE FUNCTION month_sheet(month date) RETURNS jsonb LANGUAGE sql STABLE AS $$
    WITH bounds AS (SELECT month AS first, (month + interval '1 month')::date AS after),
    money AS (SELECT m.* FROM bounds, month_vouchers(first, after) AS m),
    lines AS (SELECT l.* FROM statement_line l, bounds WHERE l.booked_on >= first AND l.booked_on < after),
    papers AS (
        SELECT r.* , r.booked_on >= first AND r.booked_on < after AS is_issued, r.voided_on >= first AND r.voided_on < after AS is_void
          FROM receipt r, bounds WHERE r.booked_on >= first AND r.booked_on < after OR r.voided_on >= first AND r.voided_on < after),
    differences AS MATERIALIZED (SELECT d.* FROM bounds, month_differences(first, after) AS d)
    SELECT jsonb_build_object(
        'bills', (SELECT count(*) FROM bill b, bounds WHERE b.due_on >= first AND b.due_on < after AND b.state <> 'CANCELLED'),
        'due_fen', (SELECT coalesce(sum(b.amount_fen), 0) FROM bill b, bounds
                     WHERE b.due_on >= first AND b.due_on < after AND b.state <> 'CANCELLED'),
        'vouchers', (SELECT count(*) FROM money WHERE fen <> 0),
        'confirmed_fen', (SELECT coalesce(sum(fen), 0) FROM money),
        'lines', (SELECT count(*) FROM lines WHERE state <> 'IGNORED'),
        'lines_fen', (SELECT coalesce(sum(dues_fen), 0) FROM lines WHERE state <> 'IGNORED'),
        'allocated_fen', (SELECT coalesce(sum(dues_fen), 0) FROM lines WHERE state = 'ALLOCATED'),
        'other_lines', (SELECT count(*) FROM lines WHERE state = 'IGNORED' OR other_fen > 0),
        'other_fen', (SELECT coalesce(sum(CASE state WHEN 'IGNORED' THEN amount_fen ELSE other_fen END), 0) FROM lines
                       WHERE not_dues IS DISTINCT FROM 'SETTLEMENT'),
        'fees_fen', (SELECT coalesce(sum(fee_fen), 0) FROM lines),
        'receipts', (SELECT count(*) FROM papers WHERE is_issued),
        'receipts_fen', (SELECT coalesce(sum(CASE WHEN is_issued THEN amount_fen ELSE 0 END
                                             - CASE WHEN is_void THEN amount_fen ELSE 0 END), 0) FROM papers),
        'reversed_fen', (SELECT coalesce(sum(v.confirmed_fen), 0) FROM voucher v, bounds
                          WHERE v.reversed_on >= first AND v.reversed_on < after),
        'groups', (SELECT coalesce(jsonb_agg(to_jsonb(g)), '[]') FROM (
                       SELECT side, kind, count(*) AS count, sum(amount_fen)::bigint AS amount_fen FROM differences
                        GROUP BY side, kind ORDER BY side, kind) AS g),
        'differences', (SELECT coalesce(jsonb_agg(to_jsonb(d)), '[]') FROM (
                            SELECT * FROM differences ORDER BY side, kind, day, voucher_id, line_id, bill_id LIMIT 1000) AS d),
        'late', (SELECT coalesce(jsonb_agg(to_jsonb(d)), '[]') FROM (
                     SELECT 'LATE' AS kind, u.unit_name, v.confirmed_fen AS amount_fen, v.received_on AS day, v.id AS voucher_id
                       FROM voucher v JOIN unit u USING (account_id), bounds
                      WHERE v.booked_on >= first AND v.booked_on < after AND v.received_on < first
                      ORDER BY v.received_on, v.id LIMIT 200) AS d),
        'settlements', (SELECT coalesce(jsonb_agg(jsonb_strip_nulls(to_jsonb(s))), '[]') FROM (
                            SELECT s.* FROM bounds, month_settlements(first, after) AS s ORDER BY s.day, s.line_id LIMIT 200) AS s))
$$;

CREATE TYPE month_told AS (
    bills bigint, due_fen bigint, vouchers bigint, confirmed_fen bigint, lines bigint, lines_fen bigint, allocated_fen bigint,
    other_lines bigint, other_fen bigint, fees_fen bigint, receipts bigint, receipts_fen bigint, reversed_fen bigint, groups jsonb,
    differences jsonb, late jsonb, settlements jsonb, closed_by_name text, closed_at timestamptz, note text, may_close boolean,
    changed_due_fen bigint, changed_confirmed_fen bigint, changed_lines_fen bigint, changed_receipts_fen bigint);
CREATE FUNCTION month_told(of_month date) RETURNS month_told LANGUAGE sql STABLE AS $$
    SELECT s.*, c.closed_by_name, c.closed_at, c.note,
           of_month < date_trunc('month', current_date)
               AND of_month = coalesce((SELECT (max(month) + interval '1 month')::date FROM month_close), of_month),
           n.due_fen - s.due_fen, n.confirmed_fen - s.confirmed_fen, n.lines_fen - s.lines_fen, n.receipts_fen - s.receipts_fen
      FROM (SELECT month_sheet(of_month) AS sheet) AS now LEFT JOIN month_close c ON c.month = of_month,
           jsonb_to_record(coalesce(c.sheet, now.sheet)) AS s(
               bills bigint, due_fen bigint, vouchers bigint, confirmed_fen bigint, lines bigint, lines_fen bigint,
               allocated_fen bigint, other_lines bigint, other_fen bigint, fees_fen bigint, receipts bigint, receipts_fen bigint,
               reversed_fen bigint, groups jsonb, differences jsonb, late jsonb, settlements jsonb),
           jsonb_to_record(now.sheet) AS n(due_fen bigint, confirmed_fen bigint, lines_fen bigint, receipts_fen bigint)
$$;

-- As before, with each row's digest made once.
CREATE OR REPLACE FUNCTION statement_rows(of_kind text, rows jsonb)
RETURNS TABLE (place int, identity text, occurred_at timestamp, amount_fen bigint, balance_fen bigint, fee_fen bigint,
               payer_name text, payer_account text, serial text, remark text, wallet text, is_settlement boolean,
               is_repeated boolean, known_id bigint, known_state text, is_new boolean)
LANGUAGE sql STABLE AS $$
    WITH told AS MATERIALIZED (
        SELECT r.*, encode(sha256(convert_to(concat_ws('|', r.occurred_at, r.payer_name, r.payer_account, r.amount_fen, r.balance_fen,
                                                       nullif(r.serial, '')), 'UTF8')), 'hex') AS facts
          FROM jsonb_to_recordset(rows) AS r(place int, occurred_at timestamp, amount_fen bigint, balance_fen bigint,
                   fee_fen bigint, payer_name text, payer_account text, serial text, serial_is_unique boolean, remark text,
                   wallet text)),
    counted AS (
        SELECT t.*, row_number() OVER (PARTITION BY facts ORDER BY place) AS nth,
               serial_is_unique AND min(facts) OVER same = max(facts) OVER same AS is_named,
               of_kind || ':S' || concat_ws(':', serial, t.occurred_at::date, t.amount_fen) AS by_serial,
               of_kind || ':H' || facts || ':' AS by_facts
          FROM told t WINDOW same AS (PARTITION BY serial, t.occurred_at::date, t.amount_fen)),
    keyed AS MATERIALIZED (SELECT c.*, CASE WHEN is_named THEN by_serial ELSE by_facts || nth END AS identity FROM counted c)
    SELECT k.place, k.identity, k.occurred_at, k.amount_fen, k.balance_fen, k.fee_fen, k.payer_name, k.payer_account, k.serial,
           k.remark, k.wallet, line_is_settlement(of_kind, k.payer_name, k.remark), is_named AND nth > 1, l.id, l.state,
           l.id IS NULL AND NOT (is_named AND nth > 1)
      FROM keyed k
      LEFT JOIN LATERAL (
            SELECT s.id, s.state FROM statement_line s
             WHERE s.identity IN (k.identity, k.by_serial, k.by_facts || '1')
               AND (s.identity = k.identity OR k.nth = 1 AND k.serial <> ''
                    AND (s.occurred_at, s.payer_name, s.payer_account, s.balance_fen) IS NOT DISTINCT FROM
                        (k.occurred_at, k.payer_name, k.payer_account, k.balance_fen))
             ORDER BY s.identity = k.identity DESC LIMIT 1) AS l ON true
$$;
