-- What the ledger is guarded by, whatever statement comes: a posting is the money of a voucher that counts, or was decided by two
-- persons, and says what its cause says; what a bill or a credit stands at moves with a posting, by its amount, and never else.
ALTER TABLE transfer
    ADD CONSTRAINT transfer_voucher FOREIGN KEY (voucher_id) REFERENCES voucher (id),
    ADD CONSTRAINT transfer_proposal FOREIGN KEY (proposal_id) REFERENCES proposal (id);

-- Of a posting, its voucher, its proposal and the posting that it reverses; what a posting has not is NULL.
CREATE FUNCTION transfer_fits(t transfer, v voucher, p proposal, r transfer) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce((t.voucher_id IS NULL) = (v.id IS NULL) AND (t.proposal_id IS NULL OR p.state = 'CONFIRMED') AND
        CASE WHEN t.reverses IS NOT NULL THEN    -- the same the other way round
                 r.reverses IS NULL AND t.voucher_id IS NOT DISTINCT FROM r.voucher_id
                 AND (t.debit_kind, t.debit_of, t.credit_kind, t.credit_of, t.amount_fen)
                     = (r.credit_kind, r.credit_of, r.debit_kind, r.debit_of, r.amount_fen)
                 AND CASE WHEN t.voucher_id IS NULL THEN p.kind = 'UNWAIVE' AND p.bill_id = t.debit_of
                          ELSE p.kind = 'REVERSE' AND p.voucher_id = t.voucher_id END
             ELSE CASE t.debit_kind || '>' || t.credit_kind
                  WHEN 'BANK>CREDIT' THEN t.proposal_id IS NULL AND t.credit_of = v.account_id AND t.amount_fen = v.confirmed_fen
                  WHEN 'CREDIT>BILL' THEN t.proposal_id IS NULL AND t.debit_of = v.account_id
                  WHEN 'CREDIT>BANK' THEN p.kind = 'REFUND' AND t.debit_of = v.account_id AND p.account_id = v.account_id
                                          AND coalesce(p.voucher_id, v.id) = v.id AND t.amount_fen <= p.amount_fen
                  WHEN 'WAIVER>BILL' THEN t.voucher_id IS NULL AND p.kind = 'WAIVE' AND p.bill_id = t.credit_of END
        END, false)
$$;

-- A voucher's money is posted while it is confirmed, and taken back when it is reversed.
CREATE FUNCTION transfer_accept() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v voucher;
    p proposal;
    r transfer;
BEGIN
    IF NEW.voucher_id IS NOT NULL THEN
        SELECT * INTO v FROM voucher WHERE id = NEW.voucher_id;
    END IF;
    IF NEW.proposal_id IS NOT NULL THEN
        SELECT * INTO p FROM proposal WHERE id = NEW.proposal_id;
    END IF;
    IF NEW.reverses IS NOT NULL THEN
        SELECT * INTO r FROM transfer WHERE id = NEW.reverses;
    END IF;
    IF NOT transfer_fits(NEW, v, p, r)
       OR v.id IS NOT NULL AND v.state <> (CASE WHEN NEW.reverses IS NULL THEN 'CONFIRMED' ELSE 'REVERSED' END) THEN
        RAISE EXCEPTION 'transfer % is not what its cause says', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_fits';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER transfer_accept AFTER INSERT ON transfer FOR EACH ROW EXECUTE FUNCTION transfer_accept(); -- before transfer_apply

-- ---- what bills and credits stand at

-- What one side of a posting moves: so much money, so much that is waived.
CREATE FUNCTION posting_moves(side text, side_of bigint, fen bigint, waived_fen bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT side || ' ' || side_of || ' ' || fen || ' ' || waived_fen
$$;

-- Says what may move just now, and that nothing may any more.
CREATE OR REPLACE FUNCTION transfer_apply() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    waived bigint := CASE WHEN 'WAIVER' IN (NEW.debit_kind, NEW.credit_kind) THEN NEW.amount_fen ELSE 0 END;
BEGIN
    PERFORM set_config('payment.posting', posting_moves(NEW.debit_kind, NEW.debit_of, waived - NEW.amount_fen, -waived), true);
    PERFORM transfer_apply_side(NEW.debit_kind, NEW.debit_of, NEW.credit_kind, -NEW.amount_fen);
    PERFORM set_config('payment.posting', posting_moves(NEW.credit_kind, NEW.credit_of, NEW.amount_fen - waived, waived), true);
    PERFORM transfer_apply_side(NEW.credit_kind, NEW.credit_of, NEW.debit_kind, NEW.amount_fen);
    PERFORM set_config('payment.posting', '', true);
    RETURN NULL;
END $$;

CREATE FUNCTION bill_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('payment.posting', true) IS DISTINCT FROM
       posting_moves('BILL', NEW.id, NEW.paid_fen - coalesce(OLD.paid_fen, 0), NEW.waived_fen - coalesce(OLD.waived_fen, 0)) THEN
        RAISE EXCEPTION 'bill % moves without a posting', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'bill_stands';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bill_stands BEFORE UPDATE ON bill
    FOR EACH ROW WHEN (NEW.paid_fen <> OLD.paid_fen OR NEW.waived_fen <> OLD.waived_fen) EXECUTE FUNCTION bill_stands();
CREATE TRIGGER bill_begins BEFORE INSERT ON bill
    FOR EACH ROW WHEN (NEW.paid_fen <> 0 OR NEW.waived_fen <> 0) EXECUTE FUNCTION bill_stands();

CREATE FUNCTION credit_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('payment.posting', true) IS DISTINCT FROM
       posting_moves('CREDIT', NEW.account_id, NEW.credit_fen - coalesce(OLD.credit_fen, 0), 0) THEN
        RAISE EXCEPTION 'credit of unit % moves without a posting', NEW.account_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'credit_stands';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER credit_stands BEFORE UPDATE ON unit
    FOR EACH ROW WHEN (NEW.credit_fen <> OLD.credit_fen) EXECUTE FUNCTION credit_stands();
CREATE TRIGGER credit_begins BEFORE INSERT ON unit
    FOR EACH ROW WHEN (NEW.credit_fen <> 0) EXECUTE FUNCTION credit_stands();

-- ---- what may never be: sums that are others (012), and postings by themselves

ALTER FUNCTION ledger_differences() RENAME TO balance_differences;

CREATE FUNCTION transfer_differences() RETURNS TABLE (what text, subject bigint, expected_fen bigint, found_fen bigint)
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT CASE WHEN t.voucher_id IS NOT NULL AND v.id IS NULL THEN 'voucher of transfer'
                WHEN t.proposal_id IS NOT NULL AND p.id IS NULL THEN 'proposal of transfer'
                ELSE 'cause of transfer' END, t.id, coalesce(v.confirmed_fen, p.amount_fen, 0), t.amount_fen
      FROM transfer t LEFT JOIN voucher v ON v.id = t.voucher_id LEFT JOIN proposal p ON p.id = t.proposal_id
      LEFT JOIN transfer r ON r.id = t.reverses
     WHERE NOT (transfer_fits(t, v, p, r) AND (v.id IS NULL OR v.state = 'REVERSED' OR v.state = 'CONFIRMED' AND t.reverses IS NULL))
    UNION ALL
    SELECT 'account of transfer', t.id, 0, t.amount_fen
      FROM transfer t,
           LATERAL (VALUES (t.debit_kind, t.debit_of), (t.credit_kind, t.credit_of)) AS s(kind, of)
      LEFT JOIN unit u ON s.kind = 'CREDIT' AND u.account_id = s.of LEFT JOIN bill b ON s.kind = 'BILL' AND b.id = s.of
     WHERE CASE s.kind WHEN 'CREDIT' THEN u.account_id IS NULL WHEN 'BILL' THEN b.id IS NULL ELSE s.of <> 0 END
$$;

CREATE FUNCTION ledger_differences() RETURNS TABLE (what text, subject bigint, expected_fen bigint, found_fen bigint)
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT * FROM balance_differences() UNION ALL SELECT * FROM transfer_differences()
$$;
