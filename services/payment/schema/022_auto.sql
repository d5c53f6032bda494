-- Sure proposals may confirm themselves, if the policy says so, by the way that a person's confirmation goes. And lines of a
-- file begin all at once.

-- ---- who decided: a member of staff by number, or, by 0, the platform

ALTER TABLE dues_policy ADD COLUMN auto_confirm boolean NOT NULL DEFAULT false;

CREATE FUNCTION decider(decided_by bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE decided_by WHEN 0 THEN 'SYSTEM:AUTO' ELSE 'STAFF:' || decided_by END
$$;

CREATE OR REPLACE FUNCTION credit_sources(for_account bigint)
RETURNS TABLE (id bigint, rest_fen bigint, by_recorder text, by_approver text) LANGUAGE sql STABLE AS $$
    SELECT v.id, sum(CASE WHEN t.credit_kind = 'CREDIT' THEN t.amount_fen ELSE -t.amount_fen END)::bigint AS rest_fen,
           CASE WHEN v.first_by IS NULL THEN v.recorder ELSE 'STAFF:' || v.first_by END, decider(v.decided_by)
      FROM voucher v JOIN transfer t ON t.voucher_id = v.id AND 'CREDIT' IN (t.credit_kind, t.debit_kind)
     WHERE v.account_id = for_account AND v.state = 'CONFIRMED'
     GROUP BY v.id HAVING sum(CASE WHEN t.credit_kind = 'CREDIT' THEN t.amount_fen ELSE -t.amount_fen END) > 0
$$;

CREATE OR REPLACE FUNCTION voucher_post() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    by_recorder text := CASE WHEN NEW.first_by IS NULL THEN NEW.recorder ELSE 'STAFF:' || NEW.first_by END;
    by_approver text := decider(NEW.decided_by);
    laid bigint := coalesce((SELECT sum(amount_fen) FROM voucher_allocation WHERE voucher_id = NEW.id), 0);
    part record;
BEGIN
    IF NEW.first_by IS NULL AND voucher_needs_second(NEW.confirmed_fen) THEN
        RAISE EXCEPTION 'voucher % needs a second person', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'voucher_needs_second';
    END IF;
    IF NEW.recorder = by_approver THEN
        RAISE EXCEPTION 'voucher % is confirmed by who entered it', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'voucher_same_person';
    END IF;
    IF NEW.first_by IS NOT NULL AND (NEW.first_by, NEW.confirmed_fen, NEW.received_on, voucher_laid(NEW.id)) IS DISTINCT FROM
                                    (OLD.first_by, OLD.confirmed_fen, OLD.received_on, OLD.first_laid) THEN
        RAISE EXCEPTION 'voucher % is confirmed with other figures', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'voucher_other_figures';
    END IF;
    IF laid > NEW.confirmed_fen THEN
        RAISE EXCEPTION 'voucher % is laid out beyond its amount', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'allocation_too_large';
    END IF;
    INSERT INTO transfer (debit_kind, debit_of, credit_kind, credit_of, amount_fen, voucher_id, recorder, approver)
    VALUES ('BANK', 0, 'CREDIT', NEW.account_id, NEW.confirmed_fen, NEW.id, by_recorder, by_approver);
    FOR part IN SELECT * FROM voucher_allocation WHERE voucher_id = NEW.id ORDER BY bill_id LOOP
        INSERT INTO transfer (debit_kind, debit_of, credit_kind, credit_of, amount_fen, voucher_id, recorder, approver)
        VALUES ('CREDIT', NEW.account_id, 'BILL', part.bill_id, part.amount_fen, NEW.id, by_recorder, by_approver);
    END LOOP;
    INSERT INTO receipt (voucher_id, account_id, amount_fen, info)
    VALUES (NEW.id, NEW.account_id, NEW.confirmed_fen, NEW.receipt_info);
    PERFORM credit_use(NEW.account_id);
    RETURN NULL;
END $$;

-- What may confirm itself: a unit's own voucher, which nobody has begun to decide, of an amount that takes one person, and
-- nothing about it is to be looked at. What staff entered takes another of them.
CREATE FUNCTION voucher_may_auto(v voucher) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT v.state = 'SUBMITTED' AND v.recorder LIKE 'MEMBER:%' AND v.first_by IS NULL AND NOT voucher_needs_second(v.paid_fen)
           AND voucher_warnings(v) = '[]' AND (SELECT auto_confirm FROM dues_policy)
$$;

-- Whatever says that the platform decided: it confirms only what it may, for just what the voucher says, by lines of the bank.
-- Before voucher_post, so that the bills are as they were.
CREATE FUNCTION voucher_auto_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> 'CONFIRMED' OR NEW.confirmed_fen <> OLD.paid_fen OR NOT voucher_may_auto(OLD)
       OR NOT EXISTS (SELECT 1 FROM statement_line l WHERE l.voucher_id = NEW.id AND l.state = 'ALLOCATED') THEN
        RAISE EXCEPTION 'voucher % does not confirm itself', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'voucher_not_automatic';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER voucher_auto_guard AFTER UPDATE OF state ON voucher
    FOR EACH ROW WHEN (NEW.decided_by = 0) EXECUTE FUNCTION voucher_auto_guard();

-- A payer's account is learnt from persons only.
CREATE OR REPLACE FUNCTION payer_learn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO learned_payer (payer_account, account_id)
    SELECT NEW.payer_account, v.account_id FROM voucher v
     WHERE v.id = NEW.voucher_id AND NEW.payer_account <> '' AND v.decided_by IS DISTINCT FROM 0
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

-- ---- lines of a file: where they begin is looked at, and their history written, for all of them at once

DROP TRIGGER statement_line_guard ON statement_line;
CREATE TRIGGER statement_line_guard BEFORE UPDATE ON statement_line
    FOR EACH ROW EXECUTE FUNCTION transition_guard('statement_line');
DROP TRIGGER statement_line_history ON statement_line;
CREATE TRIGGER statement_line_history AFTER UPDATE ON statement_line
    FOR EACH ROW EXECUTE FUNCTION history_write('statement_line');
CREATE FUNCTION statement_lines_begin() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong text := (SELECT min(a.state) FROM (SELECT DISTINCT state FROM added) AS a
                    WHERE NOT EXISTS (SELECT 1 FROM transition t
                                       WHERE t.machine = 'statement_line' AND t.from_state = '' AND t.to_state = a.state));
BEGIN
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'statement_line may not go from "" to "%"', wrong
            USING ERRCODE = 'check_violation', CONSTRAINT = 'state_changed';
    END IF;
    INSERT INTO history (machine, subject, from_state, to_state)
    SELECT 'statement_line', id::text, '', state FROM added ORDER BY id;
    RETURN NULL;
END $$;
CREATE TRIGGER statement_lines_begin AFTER INSERT ON statement_line REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION statement_lines_begin();
-- Few of them have a voucher.
DROP INDEX statement_line_voucher;
CREATE INDEX statement_line_voucher ON statement_line (voucher_id) WHERE voucher_id IS NOT NULL;
