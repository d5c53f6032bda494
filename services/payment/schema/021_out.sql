-- Money that went out. A line out is a refund that was decided, or it is set aside; refunds are in the month's sheet on the day
-- that they were decided, beside the bank's lines.
ALTER TABLE statement_line
    ADD COLUMN is_out boolean NOT NULL DEFAULT false,
    ADD COLUMN proposal_id bigint REFERENCES proposal (id),  -- the refund that it is
    DROP CONSTRAINT line_has_voucher,
    DROP CONSTRAINT statement_line_not_dues_check;
ALTER TABLE statement_line
    ADD CONSTRAINT line_has_voucher CHECK ((NOT is_out AND state IN ('PROPOSED', 'ALLOCATED')) = (voucher_id IS NOT NULL)),
    ADD CONSTRAINT line_has_refund CHECK ((is_out AND state = 'ALLOCATED') = (proposal_id IS NOT NULL)),
    ADD CONSTRAINT line_out_whole CHECK (NOT is_out OR state <> 'PROPOSED' AND other_fen = 0 AND fee_fen = 0),
    ADD CONSTRAINT statement_line_not_dues_check CHECK (
        not_dues IN ('INTEREST', 'SETTLEMENT', 'EVENT', 'RETURNED', 'OWN_TRANSFER', 'DONATION', 'EXPENSE', 'OTHER')),
    ADD CONSTRAINT expense_goes_out CHECK (not_dues IS DISTINCT FROM 'EXPENSE' OR is_out);
CREATE UNIQUE INDEX refund_has_line ON statement_line (proposal_id) WHERE proposal_id IS NOT NULL;

CREATE OR REPLACE FUNCTION statement_line_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.kind, OLD.identity, OLD.occurred_at, OLD.amount_fen, OLD.fee_fen, OLD.balance_fen, OLD.payer_name, OLD.payer_account,
        OLD.serial, OLD.remark, OLD.wallet, OLD.is_out)
       IS DISTINCT FROM (NEW.kind, NEW.identity, NEW.occurred_at, NEW.amount_fen, NEW.fee_fen, NEW.balance_fen, NEW.payer_name,
        NEW.payer_account, NEW.serial, NEW.remark, NEW.wallet, NEW.is_out)
    THEN
        RAISE EXCEPTION 'the facts of line % are the bank''s', OLD.id;
    END IF;
    IF OLD.other_fen <> NEW.other_fen AND OLD.state <> 'NEW' THEN
        RAISE EXCEPTION 'line % is taken', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'line_gone';
    END IF;
    RETURN NEW;
END $$;

-- Just what was decided left, or it is not this refund.
CREATE FUNCTION statement_line_refunds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM proposal p WHERE p.id = NEW.proposal_id AND p.kind = 'REFUND' AND p.state = 'CONFIRMED'
                      AND p.amount_fen = NEW.amount_fen) THEN
        RAISE EXCEPTION 'line % is no refund %', NEW.id, NEW.proposal_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'refund_other_amount';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER statement_line_refunds BEFORE INSERT OR UPDATE OF proposal_id ON statement_line
    FOR EACH ROW WHEN (NEW.proposal_id IS NOT NULL) EXECUTE FUNCTION statement_line_refunds();

-- ---- refunds in the books

ALTER TABLE proposal
    ADD COLUMN booked_on date,                   -- of a refund: the day of its decision, or the first open day
    ADD COLUMN paid_back_by_line boolean NOT NULL DEFAULT false;  -- the bank's line said when, and by what it is found
UPDATE proposal SET booked_on = greatest(decided_at::date, (SELECT (max(month) + interval '1 month')::date FROM month_close))
 WHERE kind = 'REFUND' AND state = 'CONFIRMED';
ALTER TABLE proposal ADD CONSTRAINT proposal_booked CHECK ((kind = 'REFUND' AND state = 'CONFIRMED') = (booked_on IS NOT NULL));
CREATE INDEX proposal_booked_on ON proposal (booked_on) WHERE booked_on IS NOT NULL;
CREATE FUNCTION proposal_book() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'CONFIRMED' AND OLD.state <> 'CONFIRMED' THEN
        NEW.booked_on := greatest(current_date, month_open_day());
    ELSIF OLD.booked_on IS DISTINCT FROM NEW.booked_on THEN
        RAISE EXCEPTION 'proposal % is booked', NEW.id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER proposal_book BEFORE UPDATE ON proposal
    FOR EACH ROW WHEN (NEW.kind = 'REFUND') EXECUTE FUNCTION proposal_book();

-- Refunds of a month, of which vouchers.
CREATE FUNCTION month_refunds(first date, after date) RETURNS TABLE (proposal_id bigint, voucher_id bigint, fen bigint)
LANGUAGE sql STABLE AS $$
    SELECT p.id, t.voucher_id, sum(t.amount_fen)::bigint FROM proposal p JOIN transfer t ON t.proposal_id = p.id
     WHERE p.kind = 'REFUND' AND p.booked_on >= first AND p.booked_on < after GROUP BY p.id, t.voucher_id
$$;

-- Each difference: how much more the side has than what was confirmed less what was refunded. A voucher whose two sides are in
-- one month is none; what was paid back needs no receipt.
CREATE OR REPLACE FUNCTION month_differences(first date, after date)
RETURNS TABLE (side text, kind text, unit_name text, amount_fen bigint, day date, voucher_id bigint, line_id bigint, bill_id bigint)
LANGUAGE sql STABLE AS $$
    WITH money AS MATERIALIZED (SELECT m.id, m.fen FROM month_vouchers(first, after) AS m WHERE m.fen <> 0),
    refunds AS MATERIALIZED (SELECT * FROM month_refunds(first, after)),
    due AS MATERIALIZED (SELECT b.* FROM bill b WHERE b.due_on >= first AND b.due_on < after AND b.state <> 'CANCELLED'),
    laid AS MATERIALIZED (                       -- of each voucher on each bill, what is left of it
        SELECT t.voucher_id AS voucher, s.bill, sum(s.fen)::bigint AS fen
          FROM transfer t,
               LATERAL (VALUES (CASE t.credit_kind WHEN 'BILL' THEN t.credit_of END, t.amount_fen),
                               (CASE t.debit_kind WHEN 'BILL' THEN t.debit_of END, -t.amount_fen)) AS s(bill, fen)
         WHERE s.bill IS NOT NULL AND t.voucher_id IS NOT NULL
           AND (t.voucher_id IN (SELECT id FROM money) OR s.bill IN (SELECT id FROM due))
         GROUP BY t.voucher_id, s.bill HAVING sum(s.fen) <> 0),
    rest AS (                                    -- of each voucher: on no bill, and what of that was paid back, and in this month
        SELECT m.id, m.fen - coalesce((SELECT sum(l.fen) FROM laid l WHERE l.voucher = m.id), 0)::bigint AS fen,
               voucher_refunded_fen(m.id) AS refunded,
               coalesce((SELECT sum(r.fen) FROM refunds r WHERE r.voucher_id = m.id), 0)::bigint AS refunded_now
          FROM money m),
    net AS (
        SELECT x.id, sum(x.fen)::bigint AS fen
          FROM (SELECT m.id, m.fen FROM money m UNION ALL SELECT r.voucher_id, -r.fen FROM refunds r) AS x
         GROUP BY x.id HAVING sum(x.fen) <> 0),
    found AS (
        SELECT l.voucher_id AS id, sum(l.dues_fen)::bigint AS fen FROM statement_line l
         WHERE l.state = 'ALLOCATED' AND NOT l.is_out AND l.booked_on >= first AND l.booked_on < after GROUP BY l.voucher_id),
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
        UNION ALL                                -- in this month, and paid back in another
        SELECT 'DUE', 'REFUNDED', v.account_id, NULL, r.refunded_now - r.refunded, v.booked_on, v.id, 0, 0
          FROM rest r JOIN voucher v USING (id) WHERE v.state = 'CONFIRMED'
        UNION ALL                                -- the other way round
        SELECT 'DUE', 'REFUND', v.account_id, NULL, r.fen, p.booked_on, v.id, 0, 0
          FROM refunds r JOIN proposal p ON p.id = r.proposal_id JOIN voucher v ON v.id = r.voucher_id
         WHERE r.voucher_id NOT IN (SELECT id FROM money)
        UNION ALL
        SELECT 'DUE', CASE v.state WHEN 'REVERSED' THEN 'REVERSED' ELSE 'CREDIT' END, v.account_id, NULL,
               CASE v.state WHEN 'REVERSED' THEN -r.fen ELSE r.refunded - r.fen END,
               CASE WHEN r.fen < 0 THEN v.reversed_on ELSE v.booked_on END, v.id, 0, 0
          FROM rest r JOIN voucher v USING (id)
        UNION ALL
        SELECT 'BANK', CASE WHEN l.is_out THEN 'OUT_UNCLAIMED' ELSE 'LINE_UNCLAIMED' END, NULL,
               coalesce(nullif(l.payer_name, ''), l.wallet), CASE WHEN l.is_out THEN -l.dues_fen ELSE l.dues_fen END,
               l.occurred_at::date, coalesce(l.voucher_id, 0), l.id, 0
          FROM statement_line l WHERE l.state IN ('NEW', 'PROPOSED') AND l.booked_on >= first AND l.booked_on < after
        UNION ALL
        SELECT 'BANK', CASE WHEN v.state = 'REVERSED' THEN 'REVERSED' WHEN coalesce(m.fen, 0) = 0 THEN 'LINE_OTHER_MONTH'
                            WHEN EXISTS (SELECT 1 FROM statement_line l WHERE l.voucher_id = v.id) THEN 'VOUCHER_OTHER_MONTH'
                            WHEN v.pay_method = 'CASH' THEN 'CASH' ELSE 'VOUCHER_WITHOUT_LINE' END,
               v.account_id, NULL, coalesce(f.fen, 0) - coalesce(m.fen, 0),
               CASE WHEN coalesce(m.fen, 0) < 0 THEN v.reversed_on ELSE v.booked_on END, v.id, 0, 0
          FROM money m FULL JOIN found f USING (id) JOIN voucher v USING (id)
        UNION ALL
        SELECT 'BANK', CASE WHEN l.id IS NULL THEN 'REFUND_WITHOUT_LINE' ELSE 'REFUND_OTHER_MONTH' END, p.account_id, NULL,
               p.amount_fen, coalesce(p.paid_back_on, p.booked_on), coalesce(p.voucher_id, 0), coalesce(l.id, 0), 0
          FROM proposal p LEFT JOIN statement_line l ON l.proposal_id = p.id
         WHERE p.kind = 'REFUND' AND p.booked_on >= first AND p.booked_on < after
           AND (l.id IS NULL OR l.booked_on < first OR l.booked_on >= after)
        UNION ALL
        SELECT 'BANK', 'OUT_OTHER_MONTH', p.account_id, NULL, -l.dues_fen, l.occurred_at::date, coalesce(p.voucher_id, 0), l.id, 0
          FROM statement_line l JOIN proposal p ON p.id = l.proposal_id
         WHERE l.booked_on >= first AND l.booked_on < after AND (p.booked_on < first OR p.booked_on >= after)
        UNION ALL
        SELECT 'RECEIPT', CASE WHEN v.state = 'REVERSED' THEN 'REVERSED'
                               WHEN EXISTS (SELECT 1 FROM receipt r WHERE r.voucher_id = v.id AND r.state IN ('ISSUED', 'DELIVERED'))
                               THEN 'RECEIPT_OTHER_MONTH' WHEN p.fen < 0 THEN 'RECEIPT_VOID'
                               WHEN n.fen < 0 THEN 'REFUND'
                               WHEN voucher_refunded_fen(v.id) = v.confirmed_fen THEN 'REFUNDED' ELSE 'RECEIPT_MISSING' END,
               v.account_id, NULL, coalesce(p.fen, 0) - coalesce(n.fen, 0),
               CASE WHEN coalesce(n.fen, 0) < 0 THEN coalesce(v.reversed_on, v.booked_on) ELSE v.booked_on END, v.id, 0, 0
          FROM net n FULL JOIN papers p USING (id) JOIN voucher v USING (id))
    SELECT d.side, d.kind, coalesce(u.unit_name, d.name), d.fen::bigint, d.day, d.voucher, d.line, d.bill
      FROM differences d LEFT JOIN unit u ON u.account_id = d.account WHERE d.fen <> 0
$$;

-- The sheet as the contract has it. Of many differences the first thousand are listed; their groups count all. What was
-- confirmed is less what was refunded, and what the bank has is less what went out for it.
CREATE OR REPLACE FUNCTION month_sheet(month date) RETURNS jsonb LANGUAGE sql STABLE AS $$
    WITH bounds AS (SELECT month AS first, (month + interval '1 month')::date AS after),
    money AS (SELECT m.* FROM bounds, month_vouchers(first, after) AS m),
    refunds AS (SELECT r.* FROM bounds, month_refunds(first, after) AS r),
    lines AS (
        SELECT l.*, CASE WHEN l.is_out THEN -l.dues_fen ELSE l.dues_fen END AS signed_fen
          FROM statement_line l, bounds WHERE l.booked_on >= first AND l.booked_on < after),
    papers AS (
        SELECT r.* , r.booked_on >= first AND r.booked_on < after AS is_issued, r.voided_on >= first AND r.voided_on < after AS is_void
          FROM receipt r, bounds WHERE r.booked_on >= first AND r.booked_on < after OR r.voided_on >= first AND r.voided_on < after),
    differences AS MATERIALIZED (SELECT d.* FROM bounds, month_differences(first, after) AS d)
    SELECT jsonb_build_object(
        'bills', (SELECT count(*) FROM bill b, bounds WHERE b.due_on >= first AND b.due_on < after AND b.state <> 'CANCELLED'),
        'due_fen', (SELECT coalesce(sum(b.amount_fen), 0) FROM bill b, bounds
                     WHERE b.due_on >= first AND b.due_on < after AND b.state <> 'CANCELLED'),
        'vouchers', (SELECT count(*) FROM money WHERE fen <> 0),
        'confirmed_fen', (SELECT coalesce(sum(fen), 0) FROM money) - (SELECT coalesce(sum(fen), 0) FROM refunds),
        'refunds', (SELECT count(DISTINCT proposal_id) FROM refunds),
        'refunded_fen', (SELECT coalesce(sum(fen), 0) FROM refunds),
        'lines', (SELECT count(*) FROM lines WHERE state <> 'IGNORED'),
        'lines_fen', (SELECT coalesce(sum(signed_fen), 0) FROM lines WHERE state <> 'IGNORED'),
        'allocated_fen', (SELECT coalesce(sum(signed_fen), 0) FROM lines WHERE state = 'ALLOCATED'),
        'other_lines', (SELECT count(*) FROM lines WHERE NOT is_out AND (state = 'IGNORED' OR other_fen > 0)),
        'other_fen', (SELECT coalesce(sum(CASE state WHEN 'IGNORED' THEN amount_fen ELSE other_fen END), 0) FROM lines
                       WHERE NOT is_out AND not_dues IS DISTINCT FROM 'SETTLEMENT'),
        'other_out_fen', (SELECT coalesce(sum(amount_fen), 0) FROM lines WHERE is_out AND state = 'IGNORED'),
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

-- A month that was signed before refunds were in it has none.
ALTER TYPE month_told ADD ATTRIBUTE refunds bigint, ADD ATTRIBUTE refunded_fen bigint, ADD ATTRIBUTE other_out_fen bigint;
CREATE OR REPLACE FUNCTION month_told(of_month date) RETURNS month_told LANGUAGE sql STABLE AS $$
    SELECT s.bills, s.due_fen, s.vouchers, s.confirmed_fen, s.lines, s.lines_fen, s.allocated_fen, s.other_lines, s.other_fen,
           s.fees_fen, s.receipts, s.receipts_fen, s.reversed_fen, s.groups, s.differences, s.late, s.settlements,
           c.closed_by_name, c.closed_at, c.note,
           of_month < date_trunc('month', current_date)
               AND of_month = coalesce((SELECT (max(month) + interval '1 month')::date FROM month_close), of_month),
           n.due_fen - s.due_fen, n.confirmed_fen - s.confirmed_fen, n.lines_fen - s.lines_fen, n.receipts_fen - s.receipts_fen,
           coalesce(s.refunds, 0), coalesce(s.refunded_fen, 0), coalesce(s.other_out_fen, 0)
      FROM (SELECT month_sheet(of_month) AS sheet) AS now LEFT JOIN month_close c ON c.month = of_month,
           jsonb_to_record(coalesce(c.sheet, now.sheet)) AS s(
               bills bigint, due_fen bigint, vouchers bigint, confirmed_fen bigint, lines bigint, lines_fen bigint,
               allocated_fen bigint, other_lines bigint, other_fen bigint, fees_fen bigint, receipts bigint, receipts_fen bigint,
               reversed_fen bigint, groups jsonb, differences jsonb, late jsonb, settlements jsonb, refunds bigint,
               refunded_fen bigint, other_out_fen bigint),
           jsonb_to_record(now.sheet) AS n(due_fen bigint, confirmed_fen bigint, lines_fen bigint, receipts_fen bigint)
$$;

-- ---- lines out: found, and told apart

CREATE OR REPLACE FUNCTION line_found(view text, q text, q_fen bigint, month date, of_statement bigint)
RETURNS SETOF statement_line LANGUAGE sql STABLE AS $$
    SELECT l.* FROM statement_line l
     WHERE CASE view WHEN 'ALL' THEN true WHEN 'UNSPECIFIED' THEN l.state = 'NEW' AND NOT l.is_out
                     WHEN 'OUT' THEN l.is_out AND l.state = 'NEW' ELSE l.state = view END
       AND (q = '' OR position(q IN l.payer_name) > 0 OR position(upper(q) IN upper(l.remark)) > 0 OR l.serial = q
            OR position(q IN l.payer_account) > 0 OR position(q IN l.wallet) > 0 OR q_fen IN (l.amount_fen, l.dues_fen))
       AND (month IS NULL OR l.occurred_at >= month AND l.occurred_at < month + interval '1 month')
       AND (of_statement = 0 OR l.statement_id = of_statement)
$$;

ALTER TYPE line_told ADD ATTRIBUTE is_out boolean, ADD ATTRIBUTE proposal_id bigint;
CREATE OR REPLACE FUNCTION line_told(l statement_line) RETURNS line_told LANGUAGE sql STABLE AS $$
    SELECT l.id, l.kind, l.state, l.occurred_at::text, l.amount_fen, l.payer_name, l.payer_account, l.serial, l.remark, l.wallet,
           l.voucher_id, l.evidence, l.reason, l.changed_by_name, s.account_id, s.unit_name, l.fee_fen, l.other_fen, l.dues_fen,
           l.not_dues, u.unit_name,
           coalesce(l.is_out AND l.state = 'ALLOCATED'
                    OR l.state = 'PROPOSED' AND v.state = 'SUBMITTED' AND v.recorder LIKE 'STAFF:%' AND v.first_by IS NULL, false),
           l.is_out, l.proposal_id
      FROM (SELECT CASE WHEN l.state = 'NEW' THEN line_suggestion(l) END AS account_id) AS g
      LEFT JOIN unit s ON s.account_id = g.account_id
      LEFT JOIN voucher v ON v.id = l.voucher_id LEFT JOIN proposal p ON p.id = l.proposal_id
      LEFT JOIN unit u ON u.account_id = coalesce(v.account_id, p.account_id)
$$;

-- A refund, perhaps: it names a unit or one who paid, its remark says so, or as much was decided and has no line yet. The rest is
-- what the association spends.
CREATE FUNCTION line_may_refund(payer_name text, payer_account text, serial text, remark text, fen bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT remark ~ '退|会费'
           OR EXISTS (SELECT 1 FROM unit u WHERE u.unit_name = line_may_refund.payer_name)
           OR payer_account <> '' AND EXISTS (SELECT 1 FROM learned_payer p WHERE p.payer_account = line_may_refund.payer_account)
           OR EXISTS (SELECT 1 FROM proposal p WHERE p.kind = 'REFUND' AND p.state = 'CONFIRMED'
                         AND (p.amount_fen = fen OR line_may_refund.serial <> '' AND p.paid_back_reference = line_may_refund.serial)
                         AND NOT EXISTS (SELECT 1 FROM statement_line l WHERE l.proposal_id = p.id))
$$;

-- Refunds that a line may be: of its amount, and with no line yet; the likeliest first.
CREATE FUNCTION line_refunds(l statement_line) RETURNS SETOF proposal LANGUAGE sql STABLE AS $$
    SELECT p.* FROM proposal p JOIN unit u USING (account_id)
     WHERE l.is_out AND p.kind = 'REFUND' AND p.state = 'CONFIRMED' AND p.amount_fen = l.amount_fen
       AND NOT EXISTS (SELECT 1 FROM statement_line o WHERE o.proposal_id = p.id)
       AND l.occurred_at::date >= p.decided_at::date - 31
     ORDER BY l.serial <> '' AND p.paid_back_reference = l.serial DESC, u.unit_name = l.payer_name DESC,
              abs(l.occurred_at::date - coalesce(p.paid_back_on, p.decided_at::date)), p.id
$$;

-- Rows of a file, as lines. Each row's digest is made once; texts are compared by their bytes; a settlement is looked at closely
-- only where a word of it stands.
DROP FUNCTION statement_rows(text, jsonb);
CREATE FUNCTION statement_rows(of_kind text, rows jsonb)
RETURNS TABLE (place int, identity text, occurred_at timestamp, amount_fen bigint, balance_fen bigint, fee_fen bigint,
               payer_name text, payer_account text, serial text, remark text, wallet text, is_out boolean, is_settlement boolean,
               is_expense boolean, is_repeated boolean, known_id bigint, known_state text, is_new boolean)
LANGUAGE sql STABLE AS $$
    WITH merchant AS MATERIALIZED (SELECT coalesce((SELECT nullif(collection_merchant, '') FROM payee), '-') AS no),
    told AS MATERIALIZED (
        SELECT r.*, encode(sha256(convert_to(concat_ws('|', CASE WHEN r.is_out THEN 'OUT' END, r.occurred_at, r.payer_name,
                                                       r.payer_account, r.amount_fen, r.balance_fen, nullif(r.serial, '')),
                                             'UTF8')), 'hex') COLLATE "C" AS facts
          FROM jsonb_to_recordset(rows) AS r(place int, occurred_at timestamp, amount_fen bigint, balance_fen bigint,
                   fee_fen bigint, payer_name text, payer_account text, serial text, serial_is_unique boolean, remark text,
                   wallet text, is_out boolean)),
    counted AS (
        SELECT t.*, row_number() OVER (PARTITION BY facts ORDER BY place) AS nth,
               serial_is_unique AND min(facts) OVER same = max(facts) OVER same AS is_named,
               of_kind || CASE WHEN is_out THEN ':OUT' ELSE '' END AS way
          FROM told t WINDOW same AS (PARTITION BY serial COLLATE "C", t.occurred_at::date, t.amount_fen, t.is_out)),
    keyed AS MATERIALIZED (
        SELECT c.*, k.by_serial, k.by_facts, CASE WHEN is_named THEN k.by_serial ELSE k.by_facts || nth END AS identity
          FROM counted c, LATERAL (SELECT way || ':S' || concat_ws(':', serial, c.occurred_at::date, c.amount_fen) AS by_serial,
                                          way || ':H' || facts COLLATE "default" || ':' AS by_facts) AS k)
    SELECT k.place, k.identity, k.occurred_at, k.amount_fen, k.balance_fen, k.fee_fen, k.payer_name, k.payer_account, k.serial,
           k.remark, k.wallet, k.is_out,
           CASE WHEN of_kind = 'ACCOUNT' AND NOT k.is_out AND (k.payer_name || k.remark ~ '结算|清算|商户|银联'
                                                               OR position(m.no IN k.payer_name || k.remark) > 0)
                THEN line_is_settlement(of_kind, k.payer_name, k.remark) ELSE false END,
           CASE WHEN k.is_out THEN NOT line_may_refund(k.payer_name, k.payer_account, k.serial, k.remark, k.amount_fen) ELSE false END,
           is_named AND nth > 1, l.id, l.state, l.id IS NULL AND NOT (is_named AND nth > 1)
      FROM keyed k CROSS JOIN merchant m
      LEFT JOIN LATERAL (
            SELECT s.id, s.state FROM statement_line s
             WHERE s.identity IN (k.identity, k.by_serial, k.by_facts || '1')
               AND (s.identity = k.identity OR k.nth = 1 AND k.serial <> ''
                    AND (s.occurred_at, s.payer_name, s.payer_account, s.balance_fen) IS NOT DISTINCT FROM
                        (k.occurred_at, k.payer_name, k.payer_account, k.balance_fen))
             ORDER BY s.identity = k.identity DESC LIMIT 1) AS l ON true
$$;
