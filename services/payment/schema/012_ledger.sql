-- Money and terms that move back: who confirms first binds the second person; a term whose money left does not count; credit
-- pays whatever is open; refunds name their money; bills can be cancelled and waivers taken back.

INSERT INTO transition VALUES
    ('bill', 'WRITTEN_OFF', 'PARTLY_PAID'),      -- its money, or its waiver, was taken back
    ('bill', 'WRITTEN_OFF', 'OPEN');

-- ---- bills that are cancelled: never once there is money on them

ALTER TABLE bill ADD COLUMN cancelled_reason text NOT NULL DEFAULT '',
    ADD COLUMN cancelled_by_name text NOT NULL DEFAULT '',
    ADD COLUMN cancelled_at timestamptz,
    ADD CONSTRAINT bill_cancelled_whole CHECK (
        state <> 'CANCELLED' OR cancelled_reason <> '' AND cancelled_at IS NOT NULL AND paid_fen + waived_fen = 0);

CREATE OR REPLACE FUNCTION transfer_apply_side(side text, side_of bigint, other text, fen bigint) RETURNS void LANGUAGE plpgsql AS $$
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
            RAISE EXCEPTION 'bill % takes nothing', side_of
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'bill_cancelled';
        END IF;
    END IF;
END $$;

-- ---- a voucher is posted once, and how it was laid out stays

CREATE UNIQUE INDEX transfer_posted_once ON transfer (voucher_id)
    WHERE debit_kind = 'BANK' AND credit_kind = 'CREDIT' AND reverses IS NULL;

CREATE FUNCTION allocation_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM transfer WHERE voucher_id = NEW.voucher_id) THEN
        RAISE EXCEPTION 'voucher % is posted', NEW.voucher_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'allocation_posted';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER allocation_guard BEFORE INSERT ON voucher_allocation FOR EACH ROW EXECUTE FUNCTION allocation_guard();
CREATE TRIGGER allocation_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON voucher_allocation
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
COMMENT ON TABLE voucher_allocation IS 'append-only';

-- ---- four eyes on the same figures: what the first person found, the second confirms as it is, or sends it back

ALTER TABLE voucher ADD COLUMN first_at timestamptz,
    ADD COLUMN first_laid jsonb,                 -- [{bill_id, amount_fen}], by bill
    ADD COLUMN first_line_ids bigint[] NOT NULL DEFAULT '{}',
    ADD COLUMN first_evidence text NOT NULL DEFAULT '';

CREATE FUNCTION voucher_laid(of_voucher bigint) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('bill_id', bill_id, 'amount_fen', amount_fen) ORDER BY bill_id), '[]')
      FROM voucher_allocation WHERE voucher_id = of_voucher
$$;

-- What of each confirmed voucher is still the unit's credit.
CREATE FUNCTION credit_sources(for_account bigint)
RETURNS TABLE (id bigint, rest_fen bigint, by_recorder text, by_approver text) LANGUAGE sql STABLE AS $$
    SELECT v.id, sum(CASE WHEN t.credit_kind = 'CREDIT' THEN t.amount_fen ELSE -t.amount_fen END)::bigint AS rest_fen,
           CASE WHEN v.first_by IS NULL THEN v.recorder ELSE 'STAFF:' || v.first_by END, 'STAFF:' || v.decided_by
      FROM voucher v JOIN transfer t ON t.voucher_id = v.id AND 'CREDIT' IN (t.credit_kind, t.debit_kind)
     WHERE v.account_id = for_account AND v.state = 'CONFIRMED'
     GROUP BY v.id HAVING sum(CASE WHEN t.credit_kind = 'CREDIT' THEN t.amount_fen ELSE -t.amount_fen END) > 0
$$;

-- A unit's credit goes to what it owes, the bill that is due first from the oldest voucher; it was two persons' when the
-- voucher was confirmed. Asked for wherever credit or an open bill appears.
DROP TRIGGER credit_apply ON bill;
DROP FUNCTION credit_apply();
CREATE FUNCTION credit_use(for_account bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    credit bigint := (SELECT credit_fen FROM unit WHERE account_id = for_account FOR UPDATE);
    owed record;
    source record;
    part bigint;
BEGIN
    IF coalesce(credit, 0) = 0 THEN
        RETURN;
    END IF;
    FOR owed IN SELECT id, amount_fen - paid_fen - waived_fen AS fen FROM bill
                 WHERE account_id = for_account AND state IN ('OPEN', 'PARTLY_PAID') ORDER BY due_on, year, id FOR UPDATE
    LOOP
        owed.fen := least(owed.fen, credit);
        credit := credit - owed.fen;
        FOR source IN SELECT * FROM credit_sources(for_account) ORDER BY id LOOP
            EXIT WHEN owed.fen = 0;
            part := least(owed.fen, source.rest_fen);
            INSERT INTO transfer (debit_kind, debit_of, credit_kind, credit_of, amount_fen, voucher_id, recorder, approver)
            VALUES ('CREDIT', for_account, 'BILL', owed.id, part, source.id, source.by_recorder, source.by_approver);
            owed.fen := owed.fen - part;
        END LOOP;
        EXIT WHEN credit = 0;
    END LOOP;
END $$;
CREATE FUNCTION bill_takes_credit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM credit_use(NEW.account_id);
    RETURN NULL;
END $$;
CREATE TRIGGER bill_takes_credit AFTER INSERT ON bill FOR EACH ROW EXECUTE FUNCTION bill_takes_credit();

CREATE OR REPLACE FUNCTION voucher_post() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    by_recorder text := CASE WHEN NEW.first_by IS NULL THEN NEW.recorder ELSE 'STAFF:' || NEW.first_by END;
    by_approver text := 'STAFF:' || NEW.decided_by;
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

-- ---- terms: a row is never edited, but its money may leave it (it counts no more), and a membership may end before its day

ALTER TABLE term ADD COLUMN voided_at timestamptz, -- when its bill was no longer settled
    ADD COLUMN ended_on date,                      -- terminated: the last day that counted
    ADD CONSTRAINT term_ended CHECK (ended_on BETWEEN first_day AND last_day);
COMMENT ON TABLE term IS 'never edited (term_fixed)';

DROP TRIGGER term_append_only ON term;
CREATE FUNCTION term_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    edited term := NEW;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        edited.voided_at := coalesce(OLD.voided_at, NEW.voided_at);
        edited.ended_on := coalesce(OLD.ended_on, NEW.ended_on);
        IF edited IS NOT DISTINCT FROM NEW THEN
            edited.voided_at := OLD.voided_at;
            edited.ended_on := OLD.ended_on;
            IF edited IS NOT DISTINCT FROM OLD THEN
                RETURN NEW;
            END IF;
        END IF;
    END IF;
    RAISE EXCEPTION 'term is append-only';
END $$;

UPDATE term t SET voided_at = now() FROM bill b WHERE b.id = t.bill_id AND b.state NOT IN ('PAID', 'WRITTEN_OFF');
CREATE TRIGGER term_append_only BEFORE UPDATE OR DELETE ON term FOR EACH ROW EXECUTE FUNCTION term_fixed();
CREATE TRIGGER term_never_emptied BEFORE TRUNCATE ON term FOR EACH STATEMENT EXECUTE FUNCTION append_only();

ALTER TABLE term DROP CONSTRAINT term_overlap, DROP CONSTRAINT term_of_bill;
ALTER TABLE term ADD CONSTRAINT term_overlap
    EXCLUDE USING gist (account_id WITH =, daterange(first_day, least(last_day, ended_on), '[]') WITH &&) WHERE (voided_at IS NULL);
CREATE UNIQUE INDEX term_of_bill ON term (bill_id) WHERE voided_at IS NULL;
CREATE INDEX term_by_bill ON term (bill_id);

-- Paid or written off, and no membership stands on it yet.
CREATE FUNCTION bill_waits(b bill) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT b.state IN ('PAID', 'WRITTEN_OFF') AND NOT EXISTS (SELECT 1 FROM term t WHERE t.bill_id = b.id AND t.voided_at IS NULL)
$$;

-- The chain's end among the terms that count; NULL: there is none. What ended by a termination is no chain to go on.
CREATE OR REPLACE FUNCTION member_last_day(for_account bigint) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT max(last_day) FROM term WHERE account_id = for_account AND voided_at IS NULL AND ended_on IS NULL
$$;

CREATE OR REPLACE FUNCTION member_status(for_account bigint, today date) RETURNS member_standing LANGUAGE sql STABLE AS $$
    WITH counted AS (
        SELECT t.first_day, least(t.last_day, t.ended_on) AS last_day, t.association_post_name
          FROM term t JOIN membership m USING (account_id)
         WHERE t.account_id = for_account AND t.voided_at IS NULL AND (t.ended_on IS NULL OR m.state = 'TERMINATED')),
    shown AS (                                   -- the one that runs, else the nearest
        SELECT * FROM counted ORDER BY today BETWEEN first_day AND last_day DESC, abs(first_day - today) LIMIT 1),
    ended AS (SELECT max(last_day) AS last_day FROM counted)
    SELECT CASE
               WHEN m.state = 'TERMINATED' THEN 'TERMINATED'
               WHEN m.state = 'SUSPENDED' OR m.account_id IS NOT NULL AND NOT u.certified THEN 'SUSPENDED'
               WHEN s.first_day <= today AND e.last_day >= today + 61 THEN 'ACTIVE'
               WHEN s.first_day <= today AND e.last_day >= today THEN 'EXPIRING'
               WHEN e.last_day + p.grace_days >= today AND s.first_day <= today THEN 'GRACE'
               WHEN u.certified AND EXISTS (SELECT 1 FROM bill b WHERE b.account_id = u.account_id AND bill_waits(b)) THEN 'READY'
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

CREATE FUNCTION standing_word(state text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE state WHEN 'VOUCHER_REVIEW' THEN '凭证审核中' WHEN 'VOUCHER_REJECTED' THEN '凭证被驳回' WHEN 'READY' THEN '待开通'
                      WHEN 'ACTIVE' THEN '会员有效' WHEN 'EXPIRING' THEN '即将到期' WHEN 'GRACE' THEN '宽限期'
                      WHEN 'EXPIRED' THEN '已过期' WHEN 'SUSPENDED' THEN '已暂停' WHEN 'TERMINATED' THEN '已退会' ELSE '未开通' END
$$;

CREATE OR REPLACE FUNCTION bill_due_year(for_account bigint, today date) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT greatest(CASE WHEN last_day IS NULL OR last_day + grace_days < today THEN extract(year FROM today)::int
                         WHEN last_day - today <= 90 THEN extract(year FROM last_day + 1)::int END, last_year + 1)
      FROM unit u, member_last_day(u.account_id) AS last_day, dues_policy,
           LATERAL (SELECT max(year) AS last_year FROM bill b WHERE b.account_id = u.account_id AND b.state <> 'CANCELLED') AS y
     WHERE u.account_id = for_account AND u.certified AND (last_day IS NULL OR last_day - today <= 90)
       AND NOT EXISTS (SELECT 1 FROM bill b WHERE b.account_id = u.account_id
                          AND (b.state IN ('OPEN', 'PARTLY_PAID') OR bill_waits(b)))
$$;

-- Renewals open by themselves: settled bills of a running membership, in the order of their years. Paid again after its money
-- had left, a bill has the days it had before; else the chain goes on, while it has not ended.
CREATE FUNCTION renewals_open(for_account bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    settled bill;
    had term;
    begins date;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM membership m JOIN unit u USING (account_id)
                    WHERE m.account_id = for_account AND m.state = 'ACTIVE' AND u.certified) THEN
        RETURN;
    END IF;
    FOR settled IN SELECT b.* FROM bill b WHERE b.account_id = for_account AND bill_waits(b) ORDER BY b.year, b.id LOOP
        SELECT * INTO had FROM term t
         WHERE t.bill_id = settled.id AND NOT EXISTS (
             SELECT 1 FROM term o WHERE o.account_id = for_account AND o.voided_at IS NULL
                AND o.first_day <= t.last_day AND least(o.last_day, o.ended_on) >= t.first_day)
         ORDER BY t.id DESC LIMIT 1;
        IF FOUND THEN
            INSERT INTO term (account_id, bill_id, association_post, association_post_name, first_day, last_day, reason, opened_by_name)
            VALUES (for_account, settled.id, had.association_post, had.association_post_name, had.first_day, had.last_day,
                    had.reason, had.opened_by_name);
        ELSIF (SELECT member_last_day(for_account) + grace_days >= current_date FROM dues_policy) THEN
            begins := term_first_day(for_account, current_date);
            INSERT INTO term (account_id, bill_id, association_post, association_post_name, first_day, last_day)
            VALUES (for_account, settled.id, settled.association_post, settled.association_post_name, begins, term_last_day(begins));
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION renewals_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM renewals_open(NEW.account_id);
    RETURN NULL;
END $$;
DROP TRIGGER bill_settled ON bill;
DROP FUNCTION bill_settled();
CREATE TRIGGER bill_settled AFTER UPDATE OF state ON bill
    FOR EACH ROW WHEN (NEW.state IN ('PAID', 'WRITTEN_OFF') AND OLD.state NOT IN ('PAID', 'WRITTEN_OFF'))
    EXECUTE FUNCTION renewals_follow();
-- What was paid while a membership was suspended, or its unit not certified, opens when that is over; what was paid for
-- several years at once, when the first of them is opened.
CREATE TRIGGER membership_resumed AFTER UPDATE OF state ON membership
    FOR EACH ROW WHEN (NEW.state = 'ACTIVE' AND OLD.state = 'SUSPENDED') EXECUTE FUNCTION renewals_follow();
CREATE TRIGGER unit_certified_again AFTER UPDATE OF certified ON unit
    FOR EACH ROW WHEN (NEW.certified AND NOT OLD.certified) EXECUTE FUNCTION renewals_follow();
CREATE TRIGGER term_opened_by_staff AFTER INSERT ON term
    FOR EACH ROW WHEN (NEW.opened_by IS NOT NULL) EXECUTE FUNCTION renewals_follow();

CREATE FUNCTION bill_unsettled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE term SET voided_at = now() WHERE bill_id = NEW.id AND voided_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER bill_unsettled AFTER UPDATE OF state ON bill
    FOR EACH ROW WHEN (OLD.state IN ('PAID', 'WRITTEN_OFF') AND NEW.state NOT IN ('PAID', 'WRITTEN_OFF'))
    EXECUTE FUNCTION bill_unsettled();

-- The end of a membership ends its terms with the day before, and what it was to pay; what has not begun is void.
CREATE FUNCTION membership_terminated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE term SET ended_on = CASE WHEN first_day < current_date THEN current_date - 1 END,
           voided_at = CASE WHEN first_day >= current_date THEN now() END
     WHERE account_id = NEW.account_id AND voided_at IS NULL AND ended_on IS NULL AND last_day >= current_date;
    UPDATE bill SET state = 'CANCELLED', cancelled_reason = '会籍终止', cancelled_at = now()
     WHERE account_id = NEW.account_id AND state = 'OPEN';
    RETURN NULL;
END $$;
CREATE TRIGGER membership_terminated AFTER UPDATE OF state ON membership
    FOR EACH ROW WHEN (NEW.state = 'TERMINATED' AND OLD.state <> 'TERMINATED') EXECUTE FUNCTION membership_terminated();

-- ---- refunds

-- What of a confirmed voucher was paid back, and what its receipt is made out for.
CREATE FUNCTION voucher_refunded_fen(of_voucher bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(amount_fen), 0)::bigint FROM transfer
     WHERE voucher_id = of_voucher AND credit_kind = 'BANK' AND reverses IS NULL
$$;

-- A receipt is made out for what was kept, whatever asks for it; for nothing there is none.
CREATE FUNCTION receipt_amount() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.amount_fen := (SELECT confirmed_fen FROM voucher WHERE id = NEW.voucher_id) - voucher_refunded_fen(NEW.voucher_id);
    IF NEW.amount_fen = 0 THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER receipt_amount BEFORE INSERT ON receipt FOR EACH ROW EXECUTE FUNCTION receipt_amount();

CREATE FUNCTION receipt_follow(of_voucher bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    kept bigint := (SELECT confirmed_fen FROM voucher WHERE id = of_voucher) - voucher_refunded_fen(of_voucher);
BEGIN
    UPDATE receipt SET amount_fen = kept, version = version + 1
     WHERE voucher_id = of_voucher AND state IN ('REQUESTED', 'RETURNED') AND kept > 0;
    UPDATE receipt SET state = 'VOID', version = version + 1,
           note = CASE WHEN kept > 0 THEN '部分款项已退还，按余额重新开具' ELSE '款项已全部退还' END
     WHERE voucher_id = of_voucher AND state <> 'VOID' AND amount_fen <> kept;
END $$;

ALTER TYPE voucher_told ADD ATTRIBUTE refunded_fen bigint;
CREATE OR REPLACE FUNCTION voucher_told(v voucher) RETURNS voucher_told LANGUAGE sql STABLE AS $$
    SELECT v.id, v.state, u.unit_name, voucher_years(v), v.pay_method, v.paid_fen, v.confirmed_fen, v.paid_date, v.submitted_at,
           v.decided_at, v.state = 'SUBMITTED' AND v.first_by IS NOT NULL, v.payer_name, v.account_id, v.received_on,
           CASE WHEN v.state = 'CONFIRMED' THEN voucher_refunded_fen(v.id) END
      FROM unit u WHERE u.account_id = v.account_id
$$;

-- ---- what takes two persons

ALTER TABLE proposal DROP CONSTRAINT proposal_kind_check, DROP CONSTRAINT proposal_bill;
ALTER TABLE proposal ADD CONSTRAINT proposal_kind_check
        CHECK (kind IN ('SUSPEND', 'RESUME', 'TERMINATE', 'WAIVE', 'UNWAIVE', 'REVERSE', 'REFUND', 'CHANGE_POST')),
    ADD CONSTRAINT proposal_bill CHECK (kind NOT IN ('WAIVE', 'UNWAIVE') OR bill_id IS NOT NULL),
    ADD COLUMN paid_back_on date,                -- a refund, when the money left
    ADD COLUMN paid_back_reference text NOT NULL DEFAULT '', -- the bank's serial, the cashier's slip
    ADD COLUMN paid_back_by_name text NOT NULL DEFAULT '',
    ADD CONSTRAINT proposal_paid_back CHECK (
        paid_back_on IS NULL OR kind = 'REFUND' AND state = 'CONFIRMED' AND paid_back_reference <> '');

CREATE FUNCTION proposal_stale(of_proposal bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'proposal % cannot be carried out', of_proposal
        USING ERRCODE = 'check_violation', CONSTRAINT = 'proposal_stale';
END $$;

CREATE FUNCTION proposal_refund(p proposal) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    rest bigint := p.amount_fen;
    source record;
BEGIN
    PERFORM 1 FROM unit WHERE account_id = p.account_id FOR UPDATE;
    FOR source IN SELECT * FROM credit_sources(p.account_id) WHERE p.voucher_id IS NULL OR id = p.voucher_id ORDER BY id DESC LOOP
        EXIT WHEN rest = 0;
        INSERT INTO transfer (debit_kind, debit_of, credit_kind, credit_of, amount_fen, voucher_id, proposal_id, recorder, approver)
        VALUES ('CREDIT', p.account_id, 'BANK', 0, least(rest, source.rest_fen), source.id, p.id, 'STAFF:' || p.requested_by,
                'STAFF:' || p.decided_by);
        rest := rest - least(rest, source.rest_fen);
        PERFORM receipt_follow(source.id);
    END LOOP;
    IF rest > 0 THEN
        RAISE EXCEPTION 'unit % has less credit', p.account_id USING ERRCODE = 'check_violation', CONSTRAINT = 'credit_too_small';
    END IF;
END $$;

-- Each transfer once more, the other way round, the last one first.
CREATE FUNCTION transfers_reverse(p proposal, wanted bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    done record;
BEGIN
    FOR done IN SELECT * FROM transfer WHERE id = ANY (wanted) ORDER BY id DESC LOOP
        INSERT INTO transfer (debit_kind, debit_of, credit_kind, credit_of, amount_fen, voucher_id, proposal_id, reverses,
                              recorder, approver)
        VALUES (done.credit_kind, done.credit_of, done.debit_kind, done.debit_of, done.amount_fen, done.voucher_id, p.id,
                done.id, 'STAFF:' || p.requested_by, 'STAFF:' || p.decided_by);
    END LOOP;
END $$;

CREATE FUNCTION proposal_reverse(p proposal) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    owner record;
BEGIN
    IF voucher_refunded_fen(p.voucher_id) > 0 THEN
        RAISE EXCEPTION 'voucher % was paid back', p.voucher_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'voucher_refunded';
    END IF;
    UPDATE voucher SET state = 'REVERSED', version = version + 1 WHERE id = p.voucher_id AND state = 'CONFIRMED';
    IF NOT FOUND THEN
        PERFORM proposal_stale(p.id);
    END IF;
    PERFORM transfers_reverse(p, array_agg(id)) FROM transfer WHERE voucher_id = p.voucher_id;
    UPDATE receipt SET state = 'VOID', version = version + 1, note = '款项已冲正：' || p.reason
     WHERE voucher_id = p.voucher_id AND state <> 'VOID';
    FOR owner IN SELECT DISTINCT b.account_id FROM transfer t JOIN bill b ON t.credit_kind = 'BILL' AND b.id = t.credit_of
                  WHERE t.voucher_id = p.voucher_id ORDER BY b.account_id LOOP
        PERFORM credit_use(owner.account_id);    -- other money of theirs
    END LOOP;
END $$;

-- What was proposed is what is done, to the fen; if it cannot be any more, it is stale.
CREATE FUNCTION proposal_waive(p proposal) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    owed bill;
BEGIN
    SELECT * INTO owed FROM bill WHERE id = p.bill_id FOR UPDATE;
    IF p.kind = 'WAIVE' THEN
        IF owed.state NOT IN ('OPEN', 'PARTLY_PAID') OR p.amount_fen > owed.amount_fen - owed.paid_fen - owed.waived_fen THEN
            PERFORM proposal_stale(p.id);
        END IF;
        INSERT INTO transfer (debit_kind, debit_of, credit_kind, credit_of, amount_fen, proposal_id, recorder, approver)
        VALUES ('WAIVER', 0, 'BILL', owed.id, coalesce(p.amount_fen, owed.amount_fen - owed.paid_fen - owed.waived_fen), p.id,
                'STAFF:' || p.requested_by, 'STAFF:' || p.decided_by);
        RETURN;
    END IF;
    IF owed.waived_fen = 0 OR owed.waived_fen <> p.amount_fen THEN
        PERFORM proposal_stale(p.id);
    END IF;
    PERFORM transfers_reverse(p, array_agg(t.id)) FROM transfer t
      WHERE t.debit_kind = 'WAIVER' AND t.credit_kind = 'BILL' AND t.credit_of = owed.id
        AND NOT EXISTS (SELECT 1 FROM transfer r WHERE r.reverses = t.id);
    PERFORM credit_use(owed.account_id);
END $$;

CREATE FUNCTION proposal_stand(p proposal) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE membership SET state = CASE p.kind WHEN 'SUSPEND' THEN 'SUSPENDED' WHEN 'RESUME' THEN 'ACTIVE' ELSE 'TERMINATED' END,
           reason = CASE p.kind WHEN 'RESUME' THEN '' ELSE p.reason END, changed_at = now()
     WHERE account_id = p.account_id
       AND state = ANY (CASE p.kind WHEN 'SUSPEND' THEN '{ACTIVE}' WHEN 'RESUME' THEN '{SUSPENDED}'
                                    ELSE '{ACTIVE,SUSPENDED}' END::text[]);
    IF NOT FOUND THEN
        PERFORM proposal_stale(p.id);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION proposal_carry_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE NEW.kind
        WHEN 'SUSPEND', 'RESUME', 'TERMINATE' THEN PERFORM proposal_stand(NEW);
        WHEN 'WAIVE', 'UNWAIVE' THEN PERFORM proposal_waive(NEW);
        WHEN 'REFUND' THEN PERFORM proposal_refund(NEW);
        WHEN 'REVERSE' THEN PERFORM proposal_reverse(NEW);
    END CASE;
    RETURN NULL;
END $$;

CREATE FUNCTION proposal_word(kind text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE kind WHEN 'SUSPEND' THEN '暂停会籍' WHEN 'RESUME' THEN '恢复会籍' WHEN 'TERMINATE' THEN '退会、除名'
                     WHEN 'WAIVE' THEN '减免会费' WHEN 'UNWAIVE' THEN '撤销减免' WHEN 'REVERSE' THEN '冲正入账'
                     WHEN 'REFUND' THEN '退还预存余额' WHEN 'CHANGE_POST' THEN '变更会内职务' ELSE kind END
$$;

CREATE FUNCTION proposal_asking(kind text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN kind IN ('REVERSE', 'REFUND') THEN 'voucher.reverse' ELSE 'member.suspend' END
$$;
-- Who decides a kind sees it, and who asks for it.
CREATE FUNCTION proposal_found(view text, permissions text[]) RETURNS SETOF proposal LANGUAGE sql STABLE AS $$
    SELECT p.* FROM proposal p
     WHERE CASE view WHEN 'DECIDED' THEN p.state <> 'REQUESTED' WHEN 'ALL' THEN true ELSE p.state = 'REQUESTED' END
       AND (proposal_permission(p.kind) = ANY (permissions) OR proposal_asking(p.kind) = ANY (permissions))
$$;
CREATE INDEX proposal_waiting ON proposal (id) WHERE state = 'REQUESTED';

ALTER TYPE proposal_told ADD ATTRIBUTE bill jsonb, ADD ATTRIBUTE voucher jsonb, ADD ATTRIBUTE paid_back_on date,
    ADD ATTRIBUTE paid_back_reference text, ADD ATTRIBUTE paid_back_by_name text;
CREATE OR REPLACE FUNCTION proposal_told(p proposal, caller bigint) RETURNS proposal_told LANGUAGE sql STABLE AS $$
    SELECT p.id, p.kind, p.state, p.account_id, u.unit_name, p.bill_id, p.voucher_id, p.amount_fen, p.reason,
           p.requested_by_name, p.requested_by = caller, p.requested_at, p.decided_by_name, p.decided_at, p.note,
           (SELECT jsonb_strip_nulls(bill_json(b)) FROM bill b WHERE b.id = p.bill_id),
           (SELECT jsonb_strip_nulls(to_jsonb(t)) FROM voucher v, voucher_told(v) AS t WHERE v.id = p.voucher_id),
           p.paid_back_on, p.paid_back_reference, p.paid_back_by_name
      FROM unit u WHERE u.account_id = p.account_id
$$;

-- ---- what may never be

CREATE OR REPLACE FUNCTION ledger_differences() RETURNS TABLE (what text, subject bigint, expected_fen bigint, found_fen bigint)
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
           coalesce(sum(CASE WHEN t.debit_kind = 'BANK' THEN t.amount_fen ELSE -t.amount_fen END), 0)::bigint
      FROM voucher v LEFT JOIN transfer t ON t.voucher_id = v.id
                     AND (t.debit_kind = 'BANK' OR t.credit_kind = 'BANK' AND t.reverses IS NOT NULL)
     GROUP BY v.id HAVING coalesce(sum(CASE WHEN t.debit_kind = 'BANK' THEN t.amount_fen ELSE -t.amount_fen END), 0)
                          <> CASE v.state WHEN 'CONFIRMED' THEN v.confirmed_fen ELSE 0 END
    UNION ALL                                    -- credit may have gone to the same bill later
    SELECT 'allocation of voucher', a.voucher_id, a.amount_fen, coalesce(sum(s.fen), 0)::bigint
      FROM voucher_allocation a JOIN voucher v ON v.id = a.voucher_id
      LEFT JOIN side s ON s.kind = 'BILL' AND s.of = a.bill_id AND s.voucher_id = a.voucher_id
     GROUP BY a.voucher_id, a.bill_id, a.amount_fen, v.state
    HAVING CASE v.state WHEN 'CONFIRMED' THEN coalesce(sum(s.fen), 0) < a.amount_fen ELSE coalesce(sum(s.fen), 0) <> 0 END
    UNION ALL                                    -- of a line perhaps a part only is dues (015)
    SELECT 'lines of voucher', v.id, v.confirmed_fen, sum(coalesce((to_jsonb(l) ->> 'dues_fen')::bigint, l.amount_fen))::bigint
      FROM voucher v JOIN statement_line l ON l.voucher_id = v.id AND l.state = 'ALLOCATED'
     WHERE v.state = 'CONFIRMED' GROUP BY v.id
    HAVING sum(coalesce((to_jsonb(l) ->> 'dues_fen')::bigint, l.amount_fen)) <> v.confirmed_fen
    UNION ALL
    SELECT 'transfers of proposal', p.id, p.amount_fen, coalesce(sum(t.amount_fen), 0)::bigint
      FROM proposal p LEFT JOIN transfer t ON t.proposal_id = p.id
     WHERE p.state = 'CONFIRMED' AND p.kind IN ('REFUND', 'WAIVE', 'UNWAIVE') AND p.amount_fen IS NOT NULL
     GROUP BY p.id HAVING coalesce(sum(t.amount_fen), 0) <> p.amount_fen
    UNION ALL
    SELECT 'receipts of voucher', v.id, (v.state = 'CONFIRMED' AND v.confirmed_fen > voucher_refunded_fen(v.id))::int, count(r.id)
      FROM voucher v LEFT JOIN receipt r ON r.voucher_id = v.id AND r.state <> 'VOID'
     GROUP BY v.id HAVING count(r.id) <> (v.state = 'CONFIRMED' AND v.confirmed_fen > voucher_refunded_fen(v.id))::int
    UNION ALL
    SELECT 'amount of receipt', r.id, v.confirmed_fen - voucher_refunded_fen(v.id), r.amount_fen
      FROM receipt r JOIN voucher v ON v.id = r.voucher_id
     WHERE r.state <> 'VOID' AND r.amount_fen <> v.confirmed_fen - voucher_refunded_fen(v.id)
    UNION ALL
    SELECT 'membership without money', t.account_id, b.amount_fen, b.paid_fen + b.waived_fen
      FROM term t JOIN bill b ON b.id = t.bill_id
     WHERE t.voided_at IS NULL AND (b.state NOT IN ('PAID', 'WRITTEN_OFF') OR b.paid_fen + b.waived_fen <> b.amount_fen)
    UNION ALL
    SELECT 'credit beside a debt', u.account_id, 0, u.credit_fen
      FROM unit u WHERE u.credit_fen > 0 AND EXISTS (
          SELECT 1 FROM bill b WHERE b.account_id = u.account_id AND b.state IN ('OPEN', 'PARTLY_PAID'))
$$;

-- What is there already: credit that lies beside an open bill pays it.
DO $$ BEGIN PERFORM credit_use(account_id) FROM unit WHERE credit_fen > 0 ORDER BY account_id; END $$;

CREATE OR REPLACE FUNCTION bill_json(b bill) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('id', b.id, 'year', b.year, 'state', b.state, 'association_post', b.association_post,
               'association_post_name', b.association_post_name, 'amount_fen', b.amount_fen, 'paid_fen', b.paid_fen,
               'waived_fen', b.waived_fen, 'reference_code', b.reference_code, 'due_on', b.due_on,
               'opened', EXISTS (SELECT 1 FROM term t WHERE t.bill_id = b.id AND t.voided_at IS NULL),
               'unit_name', (SELECT unit_name FROM unit u WHERE u.account_id = b.account_id),
               'account_id', b.account_id, 'created_at', b.created_at, 'cancelled_reason', b.cancelled_reason,
               'cancelled_by_name', b.cancelled_by_name)
$$;

CREATE OR REPLACE FUNCTION terms_json(for_account bigint) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('id', t.id, 'bill_id', t.bill_id, 'reason', t.reason,
               'association_post_name', t.association_post_name, 'first_day', t.first_day, 'last_day', t.last_day,
               'opened_by_name', t.opened_by_name, 'opened_at', t.opened_at, 'member_no', m.member_no,
               'voided', t.voided_at IS NOT NULL, 'ended_on', t.ended_on))
               ORDER BY t.first_day DESC, t.id DESC), '[]')
      FROM term t JOIN membership m USING (account_id) WHERE t.account_id = for_account
$$;

CREATE OR REPLACE FUNCTION bill_found(view text, of_year integer, q text) RETURNS SETOF bill LANGUAGE sql STABLE AS $$
    SELECT b.* FROM bill b JOIN unit u USING (account_id)
     WHERE CASE view WHEN 'UNPAID' THEN b.state IN ('OPEN', 'PARTLY_PAID')
                     WHEN 'OVERDUE' THEN b.state IN ('OPEN', 'PARTLY_PAID') AND b.due_on < current_date
                     WHEN 'SETTLED' THEN b.state IN ('PAID', 'WRITTEN_OFF')
                     WHEN 'CANCELLED' THEN b.state = 'CANCELLED' ELSE true END
       AND (of_year = 0 OR b.year = of_year)
       AND (q = '' OR position(q IN u.unit_name) > 0 OR u.uscc = upper(q) OR b.reference_code = upper(q))
$$;
