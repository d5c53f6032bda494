-- Lines of the bank: known again whatever file brings them, tied to a voucher while it waits, split, set aside with a class, and
-- a file taken back. What a wallet settles is told apart from what was paid.
INSERT INTO transition VALUES
    ('statement_line', '', 'IGNORED'),           -- a settlement of the collection code
    ('statement_line', 'NEW', 'PROPOSED'),
    ('statement_line', 'PROPOSED', 'ALLOCATED'),
    ('statement_line', 'PROPOSED', 'NEW');       -- its voucher was refused or withdrawn

ALTER TABLE statement
    ADD COLUMN account_no text NOT NULL DEFAULT '',   -- as the file says, perhaps with * in it
    ADD COLUMN first_on date,
    ADD COLUMN last_on date;

-- A file is the association's own, if it says whose it is.
CREATE FUNCTION statement_is_own(of_kind text, account_no text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT statement_is_own.account_no = ''
           OR NOT EXISTS (SELECT 1 FROM payee p, LATERAL (SELECT CASE of_kind WHEN 'MERCHANT' THEN p.collection_merchant
                                                                              ELSE p.account_no END AS no) AS own
                           WHERE own.no <> '' AND own.no NOT LIKE regexp_replace(statement_is_own.account_no, '\*+', '%', 'g'))
$$;
CREATE FUNCTION statement_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT statement_is_own(NEW.kind, NEW.account_no) THEN
        RAISE EXCEPTION 'a file of another account' USING ERRCODE = 'check_violation', CONSTRAINT = 'statement_other_account';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER statement_guard BEFORE INSERT ON statement FOR EACH ROW EXECUTE FUNCTION statement_guard();

CREATE TABLE statement_undo (
    statement_id bigint PRIMARY KEY REFERENCES statement (id),
    lines integer NOT NULL,
    undone_by bigint NOT NULL,
    undone_by_name text NOT NULL,
    undone_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE statement_undo IS 'append-only';

ALTER TABLE statement_line DROP CONSTRAINT line_has_voucher, DROP CONSTRAINT line_has_reason;
ALTER TABLE statement_line
    ADD COLUMN fee_fen bigint NOT NULL DEFAULT 0 CHECK (fee_fen >= 0 AND fee_fen <= amount_fen),  -- kept by the wallet
    ADD COLUMN other_fen bigint NOT NULL DEFAULT 0,                                              -- of the amount: no dues
    ADD COLUMN dues_fen bigint NOT NULL GENERATED ALWAYS AS (amount_fen - other_fen) STORED,
    ADD COLUMN not_dues text                     -- what the other part, or an ignored line, is
        CHECK (not_dues IN ('INTEREST', 'SETTLEMENT', 'EVENT', 'RETURNED', 'OWN_TRANSFER', 'DONATION', 'OTHER'));
UPDATE statement_line SET not_dues = 'OTHER' WHERE state = 'IGNORED';
ALTER TABLE statement_line
    ADD CONSTRAINT line_has_voucher CHECK ((state IN ('PROPOSED', 'ALLOCATED')) = (voucher_id IS NOT NULL)),
    ADD CONSTRAINT line_other_part CHECK (other_fen = 0 OR other_fen > 0 AND other_fen < amount_fen AND state <> 'IGNORED'),
    ADD CONSTRAINT line_has_class CHECK ((state = 'IGNORED' OR other_fen > 0) = (not_dues IS NOT NULL)),
    ADD CONSTRAINT line_has_reason CHECK (not_dues IS DISTINCT FROM 'OTHER' OR reason <> '');
CREATE INDEX statement_line_of_statement ON statement_line (statement_id);
CREATE INDEX statement_line_settlement ON statement_line (occurred_at) WHERE not_dues = 'SETTLEMENT';

-- The facts of a line are the bank's; how it is split is settled while nobody has taken it.
CREATE OR REPLACE FUNCTION statement_line_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.kind, OLD.identity, OLD.occurred_at, OLD.amount_fen, OLD.fee_fen, OLD.balance_fen, OLD.payer_name, OLD.payer_account,
        OLD.serial, OLD.remark, OLD.wallet)
       IS DISTINCT FROM (NEW.kind, NEW.identity, NEW.occurred_at, NEW.amount_fen, NEW.fee_fen, NEW.balance_fen, NEW.payer_name,
        NEW.payer_account, NEW.serial, NEW.remark, NEW.wallet)
    THEN
        RAISE EXCEPTION 'the facts of line % are the bank''s', OLD.id;
    END IF;
    IF OLD.other_fen <> NEW.other_fen AND OLD.state <> 'NEW' THEN
        RAISE EXCEPTION 'line % is taken', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'line_gone';
    END IF;
    RETURN NEW;
END $$;

-- What anybody worked with stays.
CREATE FUNCTION statement_line_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state NOT IN ('NEW', 'IGNORED') OR OLD.other_fen > 0 THEN
        RAISE EXCEPTION 'line % is in use', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'statement_in_use';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER statement_line_kept BEFORE DELETE ON statement_line FOR EACH ROW EXECUTE FUNCTION statement_line_kept();

-- Lines pay for just what they are; those that a voucher does not use after all are free again.
CREATE OR REPLACE FUNCTION voucher_lines_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'CONFIRMED' AND EXISTS (SELECT 1 FROM statement_line WHERE voucher_id = NEW.id AND state = 'ALLOCATED')
       AND (SELECT sum(dues_fen) FROM statement_line WHERE voucher_id = NEW.id AND state = 'ALLOCATED') <> NEW.confirmed_fen
    THEN
        RAISE EXCEPTION 'the lines of voucher % are another amount', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'lines_other_amount';
    END IF;
    UPDATE statement_line SET state = 'NEW', voucher_id = NULL, evidence = '', changed_at = now()
     WHERE voucher_id = NEW.id AND (NEW.state <> 'CONFIRMED' OR state = 'PROPOSED');
    RETURN NULL;
END $$;
DROP TRIGGER voucher_lines ON voucher;
CREATE TRIGGER voucher_lines AFTER UPDATE OF state ON voucher
    FOR EACH ROW WHEN (NEW.state IN ('CONFIRMED', 'REVERSED', 'REJECTED', 'WITHDRAWN')) EXECUTE FUNCTION voucher_lines_guard();

-- What the acquirer pays out of the collection code in one sum: the dues are the single payments in the merchant's list. Nobody
-- names a bill in it.
CREATE FUNCTION line_is_settlement(of_kind text, payer_name text, remark text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT of_kind = 'ACCOUNT'
           AND (concat_ws(' ', payer_name, remark) ~ '收单结算|收单清算|商户结算|商户清算|商户资金|商户入账|收款码结算|二维码结算|聚合支付结算|银联商务'
                OR EXISTS (SELECT 1 FROM payee WHERE collection_merchant <> ''
                              AND position(collection_merchant IN concat_ws(' ', payer_name, remark)) > 0))
           AND NOT EXISTS (SELECT 1 FROM bill b WHERE position(b.reference_code IN upper(translate(remark, ' -', ''))) > 0)
$$;

-- Rows of a file, as lines: which are known, which come twice. A real serial of the bank names a line, and for the same day and
-- amount it is the same one. A 凭证号 does not: payers' banks give it again. Such a line is known by all its facts, and by how
-- many equal ones stand before it in the file. Lines taken while a 凭证号 counted as a serial are known by it still.
DROP FUNCTION statement_rows(text, jsonb);
CREATE FUNCTION statement_rows(of_kind text, rows jsonb)
RETURNS TABLE (place int, identity text, occurred_at timestamp, amount_fen bigint, balance_fen bigint, fee_fen bigint,
               payer_name text, payer_account text, serial text, remark text, wallet text, is_settlement boolean,
               is_repeated boolean, known_id bigint, known_state text, is_new boolean)
LANGUAGE sql STABLE AS $$
    WITH told AS (
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
    keyed AS (SELECT c.*, CASE WHEN is_named THEN by_serial ELSE by_facts || nth END AS identity FROM counted c)
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

-- What the pool looks through. An amount is found as it is written: 2,000.00.
DROP FUNCTION line_found(text, text, date);
CREATE FUNCTION line_found(view text, q text, q_fen bigint, month date, of_statement bigint)
RETURNS SETOF statement_line LANGUAGE sql STABLE AS $$
    SELECT l.* FROM statement_line l
     WHERE CASE view WHEN 'ALL' THEN true WHEN 'UNSPECIFIED' THEN l.state = 'NEW' ELSE l.state = view END
       AND (q = '' OR position(q IN l.payer_name) > 0 OR position(upper(q) IN upper(l.remark)) > 0 OR l.serial = q
            OR position(q IN l.payer_account) > 0 OR position(q IN l.wallet) > 0 OR q_fen IN (l.amount_fen, l.dues_fen))
       AND (month IS NULL OR l.occurred_at >= month AND l.occurred_at < month + interval '1 month')
       AND (of_statement = 0 OR l.statement_id = of_statement)
$$;

CREATE TYPE line_told AS (
    id bigint, kind text, state text, occurred_at text, amount_fen bigint, payer_name text, payer_account text, serial text,
    remark text, wallet text, voucher_id bigint, evidence text, reason text, changed_by_name text, suggested_account_id bigint,
    suggested_unit_name text, fee_fen bigint, other_fen bigint, dues_fen bigint, not_dues text, voucher_unit_name text,
    may_release boolean);
CREATE FUNCTION line_told(l statement_line) RETURNS line_told LANGUAGE sql STABLE AS $$
    SELECT l.id, l.kind, l.state, l.occurred_at::text, l.amount_fen, l.payer_name, l.payer_account, l.serial, l.remark, l.wallet,
           l.voucher_id, l.evidence, l.reason, l.changed_by_name, s.account_id, s.unit_name, l.fee_fen, l.other_fen, l.dues_fen,
           l.not_dues, u.unit_name,
           coalesce(l.state = 'PROPOSED' AND v.state = 'SUBMITTED' AND v.recorder LIKE 'STAFF:%' AND v.first_by IS NULL, false)
      FROM (SELECT CASE WHEN l.state = 'NEW' THEN line_suggestion(l) END AS account_id) AS g
      LEFT JOIN unit s ON s.account_id = g.account_id
      LEFT JOIN voucher v ON v.id = l.voucher_id LEFT JOIN unit u ON u.account_id = v.account_id
$$;
