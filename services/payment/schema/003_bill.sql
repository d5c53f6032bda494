-- Units as certification tells of them, what they owe, and the ledger. Amounts are fen.

-- Allowed changes of state (SM3, SM4, SM5, two-person decisions); '' is the state of a row that begins.
CREATE TABLE transition (
    machine text NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL,
    PRIMARY KEY (machine, from_state, to_state)
);
COMMENT ON TABLE transition IS 'append-only: changed by migrations';
INSERT INTO transition VALUES
    ('bill', '', 'OPEN'),
    ('bill', 'OPEN', 'PARTLY_PAID'),
    ('bill', 'OPEN', 'PAID'),
    ('bill', 'OPEN', 'WRITTEN_OFF'),
    ('bill', 'OPEN', 'CANCELLED'),
    ('bill', 'PARTLY_PAID', 'OPEN'),             -- reversed
    ('bill', 'PARTLY_PAID', 'PAID'),
    ('bill', 'PARTLY_PAID', 'WRITTEN_OFF'),
    ('bill', 'PAID', 'PARTLY_PAID'),             -- reversed
    ('bill', 'PAID', 'OPEN');

CREATE FUNCTION transition_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text := CASE WHEN TG_OP = 'INSERT' THEN '' ELSE OLD.state END;
BEGIN
    IF before IS DISTINCT FROM NEW.state AND NOT EXISTS (
        SELECT 1 FROM transition WHERE machine = TG_ARGV[0] AND from_state = before AND to_state = NEW.state)
    THEN
        RAISE EXCEPTION '% may not go from "%" to "%"', TG_ARGV[0], before, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'state_changed';
    END IF;
    RETURN NEW;
END $$;

-- Every change of a state: a path of the transition table.
CREATE TABLE history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    machine text NOT NULL,
    subject text NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE history IS 'append-only';
CREATE INDEX history_of ON history (machine, subject, id);

CREATE FUNCTION history_write() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text := CASE WHEN TG_OP = 'INSERT' THEN '' ELSE OLD.state END;
    changed jsonb := to_jsonb(NEW);
BEGIN
    IF before <> NEW.state THEN
        INSERT INTO history (machine, subject, from_state, to_state)
        VALUES (TG_ARGV[0], coalesce(changed ->> 'id', changed ->> 'account_id'), before, NEW.state);
    END IF;
    RETURN NULL;
END $$;

-- How dues are kept. One row.
CREATE TABLE dues_policy (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    term_mode text NOT NULL DEFAULT 'ROLLING' CHECK (term_mode IN ('ROLLING', 'CALENDAR')),
    grace_days integer NOT NULL DEFAULT 30 CHECK (grace_days BETWEEN 0 AND 180),
    second_over_fen bigint NOT NULL DEFAULT 1000000 CHECK (second_over_fen > 0),  -- a voucher of more takes two persons
    version integer NOT NULL DEFAULT 1,
    changed_by_name text NOT NULL DEFAULT '',
    changed_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO dues_policy DEFAULT VALUES;

-- A member unit, as certification told of it last. Its credit is what it paid and no bill has taken.
CREATE TABLE unit (
    account_id bigint PRIMARY KEY,
    version integer NOT NULL,                    -- of the submission that was told of
    certified boolean NOT NULL,
    unit_name text NOT NULL,
    uscc text NOT NULL,
    association_post text NOT NULL,              -- as staff confirmed it
    legal_person_name text NOT NULL,
    credit_fen bigint NOT NULL DEFAULT 0,        -- kept by transfer_apply
    changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT credit_too_small CHECK (credit_fen >= 0)
);
CREATE INDEX unit_uscc ON unit (uscc);

-- The row of the schedule in force on a day.
CREATE FUNCTION fee_of(post text, day date) RETURNS fee_schedule LANGUAGE sql STABLE AS $$
    SELECT f FROM fee_schedule f WHERE f.association_post = post AND f.valid_from <= day ORDER BY f.valid_from DESC LIMIT 1
$$;

CREATE FUNCTION yuan(fen bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN fen % 100 = 0 THEN (fen / 100)::text ELSE to_char(fen / 100.0, 'FM999999999990.00') END
$$;

-- One bill per unit and year, by the post confirmed and the fee in force on the day it is made.
CREATE TABLE bill (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES unit (account_id),
    year integer NOT NULL,
    state text NOT NULL DEFAULT 'OPEN',
    association_post text NOT NULL,
    association_post_name text NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    paid_fen bigint NOT NULL DEFAULT 0 CHECK (paid_fen >= 0),      -- both kept by transfer_apply
    waived_fen bigint NOT NULL DEFAULT 0 CHECK (waived_fen >= 0),
    reference_code text NOT NULL CONSTRAINT bill_reference UNIQUE,  -- V15
    due_on date NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT bill_overpaid CHECK (paid_fen + waived_fen <= amount_fen)
);
CREATE UNIQUE INDEX bill_of_year ON bill (account_id, year) WHERE state <> 'CANCELLED';
CREATE INDEX bill_unpaid ON bill (due_on, id) WHERE state IN ('OPEN', 'PARTLY_PAID');
CREATE TRIGGER bill_guard BEFORE INSERT OR UPDATE ON bill
    FOR EACH ROW EXECUTE FUNCTION transition_guard('bill');
CREATE TRIGGER bill_history AFTER INSERT OR UPDATE ON bill
    FOR EACH ROW EXECUTE FUNCTION history_write('bill');

-- The ledger: each row moves an amount from one account to another, so debits equal credits. Accounts: BANK and WAIVER (of
-- 0), CREDIT of a unit's account_id, BILL of a bill's id. Only what is posted is here: what waits is a voucher or a
-- proposal. A mistake is corrected by a reversing row, never by an update.
CREATE TABLE transfer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    debit_kind text NOT NULL CHECK (debit_kind IN ('BANK', 'WAIVER', 'CREDIT', 'BILL')),
    debit_of bigint NOT NULL,
    credit_kind text NOT NULL CHECK (credit_kind IN ('BANK', 'WAIVER', 'CREDIT', 'BILL')),
    credit_of bigint NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    voucher_id bigint,                           -- whose money it is
    proposal_id bigint,                          -- the decision behind a waiver, refund or reversal
    reverses bigint CONSTRAINT transfer_reversed_once UNIQUE REFERENCES transfer (id),
    recorder text NOT NULL,                      -- MEMBER:17, STAFF:3
    approver text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT transfer_same_person CHECK (recorder <> approver),
    CONSTRAINT transfer_sides CHECK ((debit_kind, debit_of) <> (credit_kind, credit_of)),
    CONSTRAINT transfer_has_cause CHECK (voucher_id IS NOT NULL OR proposal_id IS NOT NULL)
);
COMMENT ON TABLE transfer IS 'append-only';
CREATE INDEX transfer_of_voucher ON transfer (voucher_id);
CREATE INDEX transfer_debit ON transfer (debit_kind, debit_of);
CREATE INDEX transfer_credit ON transfer (credit_kind, credit_of);

CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER transfer_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- What a bill or a credit stands at follows from the ledger; the state of a bill follows from what it stands at.
CREATE FUNCTION transfer_apply_side(side text, side_of bigint, other text, fen bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF side = 'CREDIT' THEN
        UPDATE unit SET credit_fen = credit_fen + fen WHERE account_id = side_of;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'no unit %', side_of USING ERRCODE = 'foreign_key_violation';
        END IF;
    ELSIF side = 'BILL' THEN
        UPDATE bill b SET paid_fen = n.paid, waived_fen = n.waived,
               state = CASE WHEN n.paid + n.waived = b.amount_fen THEN CASE WHEN n.waived > 0 THEN 'WRITTEN_OFF' ELSE 'PAID' END
                            WHEN n.paid + n.waived > 0 THEN 'PARTLY_PAID' ELSE 'OPEN' END
          FROM (SELECT id, paid_fen + CASE WHEN other = 'WAIVER' THEN 0 ELSE fen END AS paid,
                       waived_fen + CASE WHEN other = 'WAIVER' THEN fen ELSE 0 END AS waived
                  FROM bill WHERE id = side_of FOR UPDATE) AS n
         WHERE b.id = n.id AND b.state <> 'CANCELLED';
        IF NOT FOUND THEN
            RAISE EXCEPTION 'no bill %', side_of USING ERRCODE = 'foreign_key_violation';
        END IF;
    END IF;
END $$;
CREATE FUNCTION transfer_apply() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM transfer_apply_side(NEW.debit_kind, NEW.debit_of, NEW.credit_kind, -NEW.amount_fen);
    PERFORM transfer_apply_side(NEW.credit_kind, NEW.credit_of, NEW.debit_kind, NEW.amount_fen);
    RETURN NULL;
END $$;
CREATE TRIGGER transfer_apply AFTER INSERT ON transfer FOR EACH ROW EXECUTE FUNCTION transfer_apply();
