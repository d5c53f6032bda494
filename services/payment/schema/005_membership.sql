-- Memberships: a number and a chain of terms for each unit (SM3).
CREATE EXTENSION IF NOT EXISTS btree_gist; -- trusted: whoever may create in the database may create it

INSERT INTO transition VALUES
    ('membership', '', 'ACTIVE'),
    ('membership', 'ACTIVE', 'SUSPENDED'),
    ('membership', 'SUSPENDED', 'ACTIVE'),
    ('membership', 'ACTIVE', 'TERMINATED'),
    ('membership', 'SUSPENDED', 'TERMINATED'),
    ('membership', 'TERMINATED', 'ACTIVE'),      -- opened anew, on new money
    ('proposal', '', 'REQUESTED'),
    ('proposal', 'REQUESTED', 'CONFIRMED'),
    ('proposal', 'REQUESTED', 'REFUSED');

CREATE TABLE member_number (
    year integer PRIMARY KEY,
    last integer NOT NULL
);
-- CZQG-2026-0001, without gaps: counted in the transaction that opens.
CREATE FUNCTION member_number_next(of_year integer) RETURNS text LANGUAGE sql AS $$
    INSERT INTO member_number VALUES (of_year, 1)
    ON CONFLICT (year) DO UPDATE SET last = member_number.last + 1
    RETURNING 'CZQG-' || year || '-' || lpad(last::text, greatest(4, length(last::text)), '0')
$$;

CREATE TABLE membership (
    account_id bigint PRIMARY KEY REFERENCES unit (account_id),
    member_no text NOT NULL CONSTRAINT member_no_used UNIQUE,
    state text NOT NULL DEFAULT 'ACTIVE',
    reason text NOT NULL DEFAULT '',             -- of suspension or termination; the unit reads it
    opened_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER membership_guard BEFORE INSERT OR UPDATE ON membership
    FOR EACH ROW EXECUTE FUNCTION transition_guard('membership');
CREATE TRIGGER membership_history AFTER INSERT OR UPDATE ON membership
    FOR EACH ROW EXECUTE FUNCTION history_write('membership');

-- A term stands on its bill: it counts while the bill is settled.
CREATE TABLE term (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES membership (account_id),
    bill_id bigint NOT NULL CONSTRAINT term_of_bill UNIQUE REFERENCES bill (id),
    association_post text NOT NULL,
    association_post_name text NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    reason text NOT NULL DEFAULT '',             -- why it begins on another day than the rules say
    opened_by bigint,                            -- NULL: a renewal, opened by its payment
    opened_by_name text NOT NULL DEFAULT '',
    opened_at timestamptz NOT NULL DEFAULT now(),
    CHECK (first_day <= last_day),
    CONSTRAINT term_overlap EXCLUDE USING gist (account_id WITH =, daterange(first_day, last_day, '[]') WITH &&)
);
COMMENT ON TABLE term IS 'append-only';
CREATE TRIGGER term_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON term
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Opened only when identity and money are approved, whatever statement comes.
CREATE FUNCTION term_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (SELECT certified FROM unit WHERE account_id = NEW.account_id) THEN
        RAISE EXCEPTION 'unit % is not certified', NEW.account_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'member_not_certified';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM bill WHERE id = NEW.bill_id AND account_id = NEW.account_id
                      AND state IN ('PAID', 'WRITTEN_OFF')) THEN
        RAISE EXCEPTION 'bill % is not settled', NEW.bill_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bill_not_settled';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER term_guard BEFORE INSERT ON term FOR EACH ROW EXECUTE FUNCTION term_guard();

-- The chain's end among the terms that count; NULL: there is none.
CREATE FUNCTION member_last_day(for_account bigint) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT max(t.last_day) FROM term t JOIN bill b ON b.id = t.bill_id AND b.state IN ('PAID', 'WRITTEN_OFF')
     WHERE t.account_id = for_account
$$;

-- A year from a day: the day before it comes again; from 29 February to 28 February. By the calendar: to 31 December.
CREATE FUNCTION term_last_day(first_day date) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT CASE term_mode
           WHEN 'CALENDAR' THEN make_date(extract(year FROM first_day)::int, 12, 31)
           ELSE (first_day + interval '1 year')::date - 1 + (to_char(first_day, 'MMDD') = '0229')::int END
      FROM dues_policy
$$;
-- Renewed before the end or in grace: the day after the end. Otherwise today.
CREATE FUNCTION term_first_day(for_account bigint, today date) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN last_day + grace_days >= today THEN last_day + 1 ELSE today END
      FROM member_last_day(for_account) AS last_day, dues_policy
$$;

-- SM3: where a unit stands, from its terms, money, standing and certification. Nobody derives it elsewhere.
CREATE TYPE member_standing AS (
    state text, member_no text, association_post_name text, first_day date, last_day date, grace_until date, reason text);
CREATE FUNCTION member_status(for_account bigint, today date) RETURNS member_standing LANGUAGE sql STABLE AS $$
    WITH counted AS (
        SELECT t.* FROM term t JOIN bill b ON b.id = t.bill_id AND b.state IN ('PAID', 'WRITTEN_OFF')
         WHERE t.account_id = for_account),
    shown AS (                                   -- the one that runs, else the nearest
        SELECT * FROM counted ORDER BY today BETWEEN first_day AND last_day DESC, abs(first_day - today) LIMIT 1),
    ended AS (SELECT max(last_day) AS last_day FROM counted)
    SELECT CASE
               WHEN m.state = 'TERMINATED' THEN 'TERMINATED'
               WHEN m.state = 'SUSPENDED' OR m.account_id IS NOT NULL AND NOT u.certified THEN 'SUSPENDED'
               WHEN s.first_day <= today AND e.last_day >= today + 61 THEN 'ACTIVE'
               WHEN s.first_day <= today AND e.last_day >= today THEN 'EXPIRING'
               WHEN e.last_day + p.grace_days >= today AND s.first_day <= today THEN 'GRACE'
               WHEN u.certified AND EXISTS (
                   SELECT 1 FROM bill b WHERE b.account_id = u.account_id AND b.state IN ('PAID', 'WRITTEN_OFF')
                      AND NOT EXISTS (SELECT 1 FROM term t WHERE t.bill_id = b.id)) THEN 'READY'
               WHEN s.first_day > today THEN 'READY'
               WHEN EXISTS (SELECT 1 FROM voucher v WHERE v.account_id = u.account_id AND v.state = 'SUBMITTED')
                   THEN 'VOUCHER_REVIEW'
               WHEN (SELECT v.state FROM voucher v WHERE v.account_id = u.account_id ORDER BY v.id DESC LIMIT 1) = 'REJECTED'
                   THEN 'VOUCHER_REJECTED'
               WHEN e.last_day IS NOT NULL THEN 'EXPIRED'
               ELSE 'NONE' END,
           coalesce(m.member_no, ''), coalesce(s.association_post_name, ''), s.first_day, e.last_day,
           e.last_day + p.grace_days,
           CASE WHEN m.account_id IS NOT NULL AND NOT u.certified AND m.state = 'ACTIVE' THEN '会员单位认证已撤销'
                ELSE coalesce(m.reason, '') END
      FROM unit u CROSS JOIN dues_policy p CROSS JOIN ended e
      LEFT JOIN membership m USING (account_id) LEFT JOIN shown s ON true
     WHERE u.account_id = for_account
$$;

-- The year a unit is to be billed for; NULL: no bill is to be made. Three months before the end, not earlier. A term that was
-- begun on another day than the rules say may end in the year of its bill: the next bill is of the next year all the same.
CREATE FUNCTION bill_due_year(for_account bigint, today date) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT greatest(CASE WHEN last_day IS NULL OR last_day + grace_days < today THEN extract(year FROM today)::int
                         WHEN last_day - today <= 90 THEN extract(year FROM last_day + 1)::int END, last_year + 1)
      FROM unit u, member_last_day(u.account_id) AS last_day, dues_policy,
           LATERAL (SELECT max(year) AS last_year FROM bill b WHERE b.account_id = u.account_id AND b.state <> 'CANCELLED') AS y
     WHERE u.account_id = for_account AND u.certified AND (last_day IS NULL OR last_day - today <= 90)
       AND NOT EXISTS (SELECT 1 FROM bill b WHERE b.account_id = u.account_id AND b.state <> 'CANCELLED'
                          AND NOT EXISTS (SELECT 1 FROM term t WHERE t.bill_id = b.id))
$$;

CREATE FUNCTION membership_told(t term) RETURNS void LANGUAGE sql AS $$
    INSERT INTO outbox (event, payload)
    SELECT 'membership.opened', jsonb_build_object('account_id', t.account_id, 'post', t.association_post_name,
               'member_no', m.member_no, 'first_day', t.first_day, 'last_day', t.last_day)
      FROM membership m WHERE m.account_id = t.account_id
$$;
CREATE FUNCTION term_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM membership_told(NEW);
    RETURN NULL;
END $$;
CREATE TRIGGER term_tell AFTER INSERT ON term FOR EACH ROW EXECUTE FUNCTION term_tell();

-- A renewal is opened by its payment, while the chain has not ended.
CREATE FUNCTION bill_settled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO term (account_id, bill_id, association_post, association_post_name, first_day, last_day)
    SELECT m.account_id, NEW.id, NEW.association_post, NEW.association_post_name, f, term_last_day(f)
      FROM membership m JOIN unit u USING (account_id), member_last_day(m.account_id) AS last_day, dues_policy p,
           term_first_day(m.account_id, current_date) AS f
     WHERE m.account_id = NEW.account_id AND m.state = 'ACTIVE' AND u.certified AND last_day + p.grace_days >= current_date
       AND NOT EXISTS (SELECT 1 FROM term t WHERE t.bill_id = NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER bill_settled AFTER UPDATE OF state ON bill
    FOR EACH ROW WHEN (NEW.state IN ('PAID', 'WRITTEN_OFF') AND OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION bill_settled();

-- What takes two persons: one proposes, another decides; whatever confirms carries it out.
CREATE TABLE proposal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('SUSPEND', 'RESUME', 'TERMINATE', 'WAIVE', 'REVERSE', 'REFUND')),
    state text NOT NULL DEFAULT 'REQUESTED',
    account_id bigint NOT NULL REFERENCES unit (account_id),
    bill_id bigint REFERENCES bill (id),
    voucher_id bigint REFERENCES voucher (id),
    amount_fen bigint CHECK (amount_fen > 0),
    reason text NOT NULL,
    requested_by bigint NOT NULL,
    requested_by_name text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    decided_by bigint,
    decided_by_name text NOT NULL DEFAULT '',
    decided_at timestamptz,
    note text NOT NULL DEFAULT '',
    CONSTRAINT proposal_same_person CHECK (decided_by <> requested_by),
    CONSTRAINT proposal_bill CHECK (kind <> 'WAIVE' OR bill_id IS NOT NULL),
    CONSTRAINT proposal_voucher CHECK (kind <> 'REVERSE' OR voucher_id IS NOT NULL),
    CONSTRAINT proposal_amount CHECK (kind <> 'REFUND' OR amount_fen IS NOT NULL)
);
CREATE UNIQUE INDEX proposal_requested ON proposal (account_id, kind, coalesce(bill_id, 0), coalesce(voucher_id, 0))
    WHERE state = 'REQUESTED';
CREATE INDEX proposal_of_account ON proposal (account_id, id);
CREATE TRIGGER proposal_guard BEFORE INSERT OR UPDATE ON proposal
    FOR EACH ROW EXECUTE FUNCTION transition_guard('proposal');
CREATE TRIGGER proposal_history AFTER INSERT OR UPDATE ON proposal
    FOR EACH ROW EXECUTE FUNCTION history_write('proposal');

CREATE FUNCTION proposal_carry_out() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    by_recorder text := 'STAFF:' || NEW.requested_by;
    by_approver text := 'STAFF:' || NEW.decided_by;
    done record;
BEGIN
    IF NEW.kind IN ('SUSPEND', 'RESUME', 'TERMINATE') THEN
        UPDATE membership SET state = CASE NEW.kind WHEN 'SUSPEND' THEN 'SUSPENDED' WHEN 'RESUME' THEN 'ACTIVE'
                                                    ELSE 'TERMINATED' END,
               reason = CASE NEW.kind WHEN 'RESUME' THEN '' ELSE NEW.reason END, changed_at = now()
         WHERE account_id = NEW.account_id
           AND state = ANY (CASE NEW.kind WHEN 'SUSPEND' THEN '{ACTIVE}' WHEN 'RESUME' THEN '{SUSPENDED}'
                                          ELSE '{ACTIVE,SUSPENDED}' END::text[]);
        IF NOT FOUND THEN
            RAISE EXCEPTION 'membership % cannot %', NEW.account_id, NEW.kind
                USING ERRCODE = 'check_violation', CONSTRAINT = 'proposal_stale';
        END IF;
    ELSIF NEW.kind = 'WAIVE' THEN
        INSERT INTO transfer (debit_kind, debit_of, credit_kind, credit_of, amount_fen, proposal_id, recorder, approver)
        SELECT 'WAIVER', 0, 'BILL', id, amount_fen - paid_fen - waived_fen, NEW.id, by_recorder, by_approver
          FROM bill WHERE id = NEW.bill_id AND state IN ('OPEN', 'PARTLY_PAID') FOR UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'bill % is settled', NEW.bill_id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'proposal_stale';
        END IF;
    ELSIF NEW.kind = 'REFUND' THEN
        INSERT INTO transfer (debit_kind, debit_of, credit_kind, credit_of, amount_fen, proposal_id, recorder, approver)
        VALUES ('CREDIT', NEW.account_id, 'BANK', 0, NEW.amount_fen, NEW.id, by_recorder, by_approver);
    ELSE
        UPDATE voucher SET state = 'REVERSED', version = version + 1 WHERE id = NEW.voucher_id AND state = 'CONFIRMED';
        IF NOT FOUND THEN
            RAISE EXCEPTION 'voucher % is not confirmed', NEW.voucher_id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'proposal_stale';
        END IF;
        FOR done IN SELECT * FROM transfer WHERE voucher_id = NEW.voucher_id ORDER BY id DESC LOOP
            INSERT INTO transfer (debit_kind, debit_of, credit_kind, credit_of, amount_fen, voucher_id, proposal_id, reverses,
                                  recorder, approver)
            VALUES (done.credit_kind, done.credit_of, done.debit_kind, done.debit_of, done.amount_fen, done.voucher_id, NEW.id,
                    done.id, by_recorder, by_approver);
        END LOOP;
        UPDATE receipt SET state = 'VOID', version = version + 1, note = '款项已冲正：' || NEW.reason
         WHERE voucher_id = NEW.voucher_id AND state <> 'VOID';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER proposal_carry_out AFTER UPDATE OF state ON proposal
    FOR EACH ROW WHEN (NEW.state = 'CONFIRMED') EXECUTE FUNCTION proposal_carry_out();

-- What may never be: each row is one contradiction between ledger, bills, vouchers, receipts and memberships (C.11).
CREATE FUNCTION ledger_differences() RETURNS TABLE (what text, subject bigint, expected_fen bigint, found_fen bigint)
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    WITH side AS (
        SELECT credit_kind AS kind, credit_of AS of, debit_kind AS other, amount_fen AS fen, voucher_id FROM transfer
        UNION ALL SELECT debit_kind, debit_of, credit_kind, -amount_fen, voucher_id FROM transfer)
    SELECT 'credit of unit', u.account_id, coalesce(sum(s.fen), 0)::bigint, u.credit_fen
      FROM unit u LEFT JOIN side s ON s.kind = 'CREDIT' AND s.of = u.account_id
     GROUP BY u.account_id HAVING coalesce(sum(s.fen), 0) <> u.credit_fen
    UNION ALL
    SELECT 'money of bill', b.id, coalesce(sum(s.fen) FILTER (WHERE s.other <> 'WAIVER'), 0)::bigint, b.paid_fen
      FROM bill b LEFT JOIN side s ON s.kind = 'BILL' AND s.of = b.id
     GROUP BY b.id HAVING coalesce(sum(s.fen) FILTER (WHERE s.other <> 'WAIVER'), 0) <> b.paid_fen
    UNION ALL
    SELECT 'waiver of bill', b.id, coalesce(sum(s.fen) FILTER (WHERE s.other = 'WAIVER'), 0)::bigint, b.waived_fen
      FROM bill b LEFT JOIN side s ON s.kind = 'BILL' AND s.of = b.id
     GROUP BY b.id HAVING coalesce(sum(s.fen) FILTER (WHERE s.other = 'WAIVER'), 0) <> b.waived_fen
    UNION ALL
    SELECT 'state of bill', id, amount_fen, paid_fen + waived_fen FROM bill
     WHERE state <> 'CANCELLED' AND state <> CASE WHEN paid_fen + waived_fen = amount_fen
                                                  THEN CASE WHEN waived_fen > 0 THEN 'WRITTEN_OFF' ELSE 'PAID' END
                                                  WHEN paid_fen + waived_fen > 0 THEN 'PARTLY_PAID' ELSE 'OPEN' END
    UNION ALL
    SELECT 'posting of voucher', v.id, CASE v.state WHEN 'CONFIRMED' THEN v.confirmed_fen ELSE 0 END,
           coalesce(-sum(s.fen), 0)::bigint
      FROM voucher v LEFT JOIN side s ON s.kind = 'BANK' AND s.voucher_id = v.id
     GROUP BY v.id HAVING coalesce(-sum(s.fen), 0) <> CASE v.state WHEN 'CONFIRMED' THEN v.confirmed_fen ELSE 0 END
    UNION ALL
    SELECT 'receipts of voucher', v.id, (v.state = 'CONFIRMED')::int, count(r.id)
      FROM voucher v LEFT JOIN receipt r ON r.voucher_id = v.id AND r.state <> 'VOID'
     GROUP BY v.id HAVING count(r.id) <> (v.state = 'CONFIRMED')::int
    UNION ALL
    SELECT 'amount of receipt', r.id, v.confirmed_fen, r.amount_fen
      FROM receipt r JOIN voucher v ON v.id = r.voucher_id WHERE r.state <> 'VOID' AND r.amount_fen <> v.confirmed_fen
    UNION ALL
    SELECT 'membership without money', t.account_id, b.amount_fen, b.paid_fen + b.waived_fen
      FROM term t JOIN bill b ON b.id = t.bill_id
     WHERE b.state NOT IN ('PAID', 'WRITTEN_OFF')
       AND (member_status(t.account_id, t.first_day)).state IN ('ACTIVE', 'EXPIRING')
       AND NOT EXISTS (SELECT 1 FROM term o JOIN bill ob ON ob.id = o.bill_id AND ob.state IN ('PAID', 'WRITTEN_OFF')
                        WHERE o.account_id = t.account_id AND t.first_day BETWEEN o.first_day AND o.last_day)
$$;
