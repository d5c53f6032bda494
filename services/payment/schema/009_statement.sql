-- Bank statements: what came in, line by line, and which voucher each line paid.
INSERT INTO transition VALUES
    ('statement_line', '', 'NEW'),
    ('statement_line', 'NEW', 'ALLOCATED'),
    ('statement_line', 'NEW', 'IGNORED'),
    ('statement_line', 'IGNORED', 'NEW'),
    ('statement_line', 'ALLOCATED', 'NEW');      -- its voucher was reversed

CREATE TABLE statement (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('ACCOUNT', 'MERCHANT')),
    file_name text NOT NULL,
    lines integer NOT NULL,
    added integer NOT NULL,
    imported_by bigint NOT NULL,
    imported_by_name text NOT NULL,
    imported_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE statement IS 'append-only';

-- The facts of a line never change; only where it stands does.
CREATE TABLE statement_line (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    statement_id bigint NOT NULL REFERENCES statement (id),
    kind text NOT NULL,
    identity text NOT NULL CONSTRAINT statement_line_once UNIQUE,
    occurred_at timestamp NOT NULL,              -- as the bank's clock has it
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    balance_fen bigint,
    payer_name text NOT NULL,
    payer_account text NOT NULL,
    serial text NOT NULL,
    remark text NOT NULL,
    wallet text NOT NULL,
    state text NOT NULL DEFAULT 'NEW',
    voucher_id bigint REFERENCES voucher (id),
    evidence text NOT NULL DEFAULT '',           -- by which it was confirmed
    reason text NOT NULL DEFAULT '',             -- why it is ignored
    changed_by bigint,
    changed_by_name text NOT NULL DEFAULT '',
    changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT line_has_voucher CHECK ((state = 'ALLOCATED') = (voucher_id IS NOT NULL)),
    CONSTRAINT line_has_reason CHECK (state <> 'IGNORED' OR reason <> '')
);
CREATE INDEX statement_line_new ON statement_line (occurred_at, id) WHERE state = 'NEW';
CREATE INDEX statement_line_by_time ON statement_line (occurred_at, id);
CREATE INDEX statement_line_voucher ON statement_line (voucher_id);
CREATE TRIGGER statement_line_guard BEFORE INSERT OR UPDATE ON statement_line
    FOR EACH ROW EXECUTE FUNCTION transition_guard('statement_line');
CREATE TRIGGER statement_line_history AFTER INSERT OR UPDATE ON statement_line
    FOR EACH ROW EXECUTE FUNCTION history_write('statement_line');

CREATE FUNCTION statement_line_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.identity, OLD.occurred_at, OLD.amount_fen, OLD.payer_name, OLD.payer_account, OLD.serial, OLD.remark)
       IS DISTINCT FROM (NEW.identity, NEW.occurred_at, NEW.amount_fen, NEW.payer_name, NEW.payer_account, NEW.serial, NEW.remark)
    THEN
        RAISE EXCEPTION 'the facts of line % are the bank''s', OLD.id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER statement_line_fixed BEFORE UPDATE ON statement_line FOR EACH ROW EXECUTE FUNCTION statement_line_fixed();

-- A payer's account that a person confirmed for a unit.
CREATE TABLE learned_payer (
    payer_account text NOT NULL,
    account_id bigint NOT NULL REFERENCES unit (account_id),
    learned_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (payer_account, account_id)
);
CREATE FUNCTION payer_learn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO learned_payer (payer_account, account_id)
    SELECT NEW.payer_account, v.account_id FROM voucher v WHERE v.id = NEW.voucher_id AND NEW.payer_account <> ''
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER payer_learn AFTER UPDATE OF state ON statement_line
    FOR EACH ROW WHEN (NEW.state = 'ALLOCATED') EXECUTE FUNCTION payer_learn();

-- Lines never pay for more than they are, and a reversed voucher gives its lines back.
CREATE FUNCTION voucher_lines_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'CONFIRMED' AND EXISTS (SELECT 1 FROM statement_line WHERE voucher_id = NEW.id)
       AND (SELECT sum(amount_fen) FROM statement_line WHERE voucher_id = NEW.id) <> NEW.confirmed_fen
    THEN
        RAISE EXCEPTION 'the lines of voucher % are another amount', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'lines_other_amount';
    END IF;
    IF NEW.state = 'REVERSED' THEN
        UPDATE statement_line SET state = 'NEW', voucher_id = NULL, evidence = '' WHERE voucher_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER voucher_lines AFTER UPDATE OF state ON voucher
    FOR EACH ROW WHEN (NEW.state IN ('CONFIRMED', 'REVERSED')) EXECUTE FUNCTION voucher_lines_guard();

-- Rows of a file, as lines: which are new. The same line twice in one file is two, with a serial of the bank it is one. Banks
-- use a serial (凭证号) again on another day or for another amount: that is another line.
CREATE FUNCTION statement_rows(of_kind text, rows jsonb)
RETURNS TABLE (place int, identity text, occurred_at timestamp, amount_fen bigint, balance_fen bigint, payer_name text,
               payer_account text, serial text, remark text, wallet text, is_new boolean)
LANGUAGE sql STABLE AS $$
    SELECT place, identity, occurred_at, amount_fen, balance_fen, payer_name, payer_account, serial, remark, wallet,
           twin = 1 AND NOT EXISTS (SELECT 1 FROM statement_line l WHERE l.identity = numbered.identity)
      FROM (SELECT keyed.*, row_number() OVER (PARTITION BY keyed.identity ORDER BY keyed.place) AS twin
              FROM (SELECT hashed.*, of_kind || ':' || CASE WHEN serial <> '' THEN concat_ws(':', 'S' || serial, occurred_at::date, amount_fen)
                               ELSE 'H' || hash || ':' || row_number() OVER (PARTITION BY hash ORDER BY place) END AS identity
                      FROM (SELECT r.*, encode(sha256(convert_to(concat_ws('|', occurred_at, payer_name, payer_account, amount_fen,
                                                                            balance_fen), 'UTF8')), 'hex') AS hash
                              FROM jsonb_to_recordset(rows) AS r(place int, occurred_at timestamp, amount_fen bigint,
                                       balance_fen bigint, payer_name text, payer_account text, serial text, remark text,
                                       wallet text)) AS hashed) AS keyed) AS numbered
$$;

-- Whose a line probably is, for the pool: by the code in its remark, an account learnt, or the name.
CREATE FUNCTION line_suggestion(l statement_line) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT b.account_id FROM bill b WHERE position(b.reference_code IN upper(translate(l.remark, ' -', ''))) > 0 LIMIT 1),
        (SELECT p.account_id FROM learned_payer p WHERE l.payer_account <> '' AND p.payer_account = l.payer_account
          ORDER BY p.learned_at DESC LIMIT 1),
        (SELECT u.account_id FROM unit u WHERE u.unit_name = l.payer_name ORDER BY u.account_id DESC LIMIT 1))
$$;

CREATE FUNCTION line_found(view text, q text, month date) RETURNS SETOF statement_line LANGUAGE sql STABLE AS $$
    SELECT l.* FROM statement_line l
     WHERE CASE view WHEN 'ALLOCATED' THEN l.state = 'ALLOCATED' WHEN 'IGNORED' THEN l.state = 'IGNORED'
                     WHEN 'ALL' THEN true ELSE l.state = 'NEW' END
       AND (q = '' OR position(q IN l.payer_name) > 0 OR position(upper(q) IN upper(l.remark)) > 0 OR l.serial = q
            OR l.payer_account = q)
       AND (month IS NULL OR l.occurred_at >= month AND l.occurred_at < month + interval '1 month')
$$;
