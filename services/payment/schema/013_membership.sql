-- Fees with their decision, bills of several years, and what units ask for: to leave, and another post.

-- ---- fees: a row is never changed, and a post that there is gets a new one from today on only

ALTER TABLE fee_schedule ADD COLUMN document text NOT NULL DEFAULT ''; -- what decided it: 2026年第2次会员大会决议
CREATE TRIGGER fee_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON fee_schedule
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE FUNCTION fee_guard() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF NEW.valid_from < current_date AND EXISTS (SELECT 1 FROM fee_schedule WHERE association_post = NEW.association_post) THEN
        RAISE EXCEPTION 'a fee from %', NEW.valid_from USING ERRCODE = 'check_violation', CONSTRAINT = 'fee_in_the_past';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fee_guard BEFORE INSERT ON fee_schedule FOR EACH ROW EXECUTE FUNCTION fee_guard();

-- ---- bills of several years. Of a year that has gone by, while there was no membership: it is owed, and opens none.

ALTER TABLE bill ADD COLUMN arrears boolean NOT NULL DEFAULT false;

CREATE OR REPLACE FUNCTION bill_waits(b bill) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT b.state IN ('PAID', 'WRITTEN_OFF') AND NOT b.arrears
       AND NOT EXISTS (SELECT 1 FROM term t WHERE t.bill_id = b.id AND t.voided_at IS NULL)
$$;

CREATE OR REPLACE FUNCTION term_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (SELECT certified FROM unit WHERE account_id = NEW.account_id) THEN
        RAISE EXCEPTION 'unit % is not certified', NEW.account_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'member_not_certified';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM bill WHERE id = NEW.bill_id AND account_id = NEW.account_id
                      AND state IN ('PAID', 'WRITTEN_OFF') AND NOT arrears) THEN
        RAISE EXCEPTION 'bill % is not settled', NEW.bill_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bill_not_settled';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION bill_due_year(for_account bigint, today date) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT greatest(CASE WHEN last_day IS NULL OR last_day + grace_days < today THEN extract(year FROM today)::int
                         WHEN last_day - today <= 90 THEN extract(year FROM last_day + 1)::int END, last_year + 1)
      FROM unit u, member_last_day(u.account_id) AS last_day, dues_policy,
           LATERAL (SELECT max(year) AS last_year FROM bill b WHERE b.account_id = u.account_id AND b.state <> 'CANCELLED') AS y
     WHERE u.account_id = for_account AND u.certified AND (last_day IS NULL OR last_day - today <= 90)
       AND NOT EXISTS (SELECT 1 FROM bill b WHERE b.account_id = u.account_id AND NOT b.arrears
                          AND (b.state IN ('OPEN', 'PARTLY_PAID') OR bill_waits(b)))
$$;

-- What a unit may be billed for: the years to come, three of them open or paid ahead at the most, from three months before the
-- membership ends; and the years since its first bill that it was never billed for, five at the most. Staff also for years
-- before the platform.
CREATE FUNCTION bill_offers(for_account bigint, today date, by_staff boolean)
RETURNS TABLE (year integer, arrears boolean, due_on date) LANGUAGE sql STABLE AS $$
    WITH stand AS (
        SELECT last_day,
               CASE WHEN last_day IS NULL OR last_day + grace_days < today THEN extract(year FROM today)::int
                    ELSE extract(year FROM last_day + 1)::int END AS first_year,
               (SELECT max(b.year) FROM bill b WHERE b.account_id = u.account_id AND b.state <> 'CANCELLED') AS last_year,
               (SELECT min(b.year) FROM bill b WHERE b.account_id = u.account_id AND b.state <> 'CANCELLED') AS oldest_year,
               (SELECT count(*) FROM bill b WHERE b.account_id = u.account_id AND NOT b.arrears
                   AND (b.state IN ('OPEN', 'PARTLY_PAID') OR bill_waits(b)))::int AS ahead
          FROM unit u, member_last_day(u.account_id) AS last_day, dues_policy
         WHERE u.account_id = for_account AND u.certified)
    SELECT y, false, (greatest(today + 30, last_day) + interval '1 year' * (ahead + y - greatest(first_year, last_year + 1)))::date
      FROM stand, generate_series(greatest(first_year, last_year + 1), greatest(first_year, last_year + 1) + 2 - ahead) AS y
     WHERE last_day IS NULL OR last_day - today <= 90
    UNION ALL
    SELECT y, true, today + 30
      FROM stand, generate_series(greatest(CASE WHEN by_staff THEN 0 ELSE oldest_year + 1 END, extract(year FROM today)::int - 5),
                                  extract(year FROM today)::int - 1) AS y
     WHERE y < first_year
       AND NOT EXISTS (SELECT 1 FROM bill b WHERE b.account_id = for_account AND b.year = y AND b.state <> 'CANCELLED')
$$;

-- Makes them, each with a code of its own, at today's fee; none named: the year that is due. The years to come follow each
-- other. No row: they cannot be had.
CREATE FUNCTION bills_make(for_account bigint, years integer[], codes text[], by_staff boolean) RETURNS SETOF bill
LANGUAGE plpgsql AS $$
DECLARE
    wanted integer[] := CASE WHEN cardinality(years) > 0 THEN (SELECT array_agg(DISTINCT y ORDER BY y) FROM unnest(years) AS y)
                             ELSE ARRAY[bill_due_year(for_account, current_date)] END;
    skipped integer;
BEGIN
    PERFORM 1 FROM unit WHERE account_id = for_account FOR UPDATE;
    SELECT count(*) INTO skipped FROM unnest(wanted) AS y
     WHERE y IS NULL OR NOT EXISTS (SELECT 1 FROM bill_offers(for_account, current_date, by_staff) AS o
                                     WHERE o.year = y AND (o.arrears OR NOT EXISTS (
                                         SELECT 1 FROM bill_offers(for_account, current_date, by_staff) AS before
                                          WHERE NOT before.arrears AND before.year < o.year AND before.year <> ALL (wanted))));
    IF skipped > 0 THEN
        RETURN;
    END IF;
    RETURN QUERY
        INSERT INTO bill (account_id, year, association_post, association_post_name, amount_fen, reference_code, due_on, arrears)
        SELECT u.account_id, o.year, f.association_post, f.association_post_name, f.amount_fen,
               codes[array_position(wanted, o.year)], o.due_on, o.arrears
          FROM unit u, bill_offers(u.account_id, current_date, by_staff) AS o, fee_of(u.association_post, current_date) AS f
         WHERE u.account_id = for_account AND o.year = ANY (wanted) AND f.amount_fen IS NOT NULL
         ORDER BY o.year
        RETURNING *;
END $$;

CREATE FUNCTION offers_json(for_account bigint, by_staff boolean) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('year', o.year, 'arrears', o.arrears, 'amount_fen', f.amount_fen) ORDER BY o.year), '[]')
      FROM unit u, bill_offers(u.account_id, current_date, by_staff) AS o, fee_of(u.association_post, current_date) AS f
     WHERE u.account_id = for_account AND f.amount_fen IS NOT NULL
$$;

CREATE OR REPLACE FUNCTION bill_json(b bill) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('id', b.id, 'year', b.year, 'state', b.state, 'association_post', b.association_post,
               'association_post_name', b.association_post_name, 'amount_fen', b.amount_fen, 'paid_fen', b.paid_fen,
               'waived_fen', b.waived_fen, 'reference_code', b.reference_code, 'due_on', b.due_on,
               'opened', EXISTS (SELECT 1 FROM term t WHERE t.bill_id = b.id AND t.voided_at IS NULL),
               'unit_name', (SELECT unit_name FROM unit u WHERE u.account_id = b.account_id),
               'account_id', b.account_id, 'created_at', b.created_at, 'cancelled_reason', b.cancelled_reason,
               'cancelled_by_name', b.cancelled_by_name, 'arrears', b.arrears)
$$;

-- What of a bill's money has a receipt that is issued (C.12): by voucher, the oldest first, as it was laid out.
CREATE FUNCTION bill_receipted_fen(of_bill bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(CASE WHEN t.credit_kind = 'BILL' THEN t.amount_fen ELSE -t.amount_fen END), 0)::bigint
      FROM transfer t
     WHERE (t.credit_kind = 'BILL' AND t.credit_of = of_bill OR t.debit_kind = 'BILL' AND t.debit_of = of_bill)
       AND EXISTS (SELECT 1 FROM receipt r WHERE r.voucher_id = t.voucher_id AND r.state IN ('ISSUED', 'DELIVERED'))
$$;

-- ---- what a unit asks for

INSERT INTO transition VALUES
    ('petition', '', 'REQUESTED'),
    ('petition', 'REQUESTED', 'WITHDRAWN'),
    ('petition', 'REQUESTED', 'ACCEPTED'), -- by the proposal that two persons decided
    ('petition', 'REQUESTED', 'DECLINED');

CREATE TABLE petition (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES membership (account_id),
    kind text NOT NULL CHECK (kind IN ('LEAVE', 'CHANGE_POST')),
    state text NOT NULL DEFAULT 'REQUESTED',
    leave_reason text NOT NULL DEFAULT '',       -- D20
    association_post text NOT NULL DEFAULT '',   -- that it wishes for
    reason text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    answered_by_name text NOT NULL DEFAULT '',
    answered_at timestamptz,
    note text NOT NULL DEFAULT '',
    CONSTRAINT petition_whole CHECK (CASE kind WHEN 'LEAVE' THEN leave_reason <> '' ELSE association_post <> '' END)
);
CREATE UNIQUE INDEX petition_open ON petition (account_id, kind) WHERE state = 'REQUESTED';
CREATE INDEX petition_of_account ON petition (account_id, id);
CREATE TRIGGER petition_guard BEFORE INSERT OR UPDATE ON petition
    FOR EACH ROW EXECUTE FUNCTION transition_guard('petition');
CREATE TRIGGER petition_history AFTER INSERT OR UPDATE ON petition
    FOR EACH ROW EXECUTE FUNCTION history_write('petition');

CREATE FUNCTION leave_word(leave_reason text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE leave_reason WHEN 'VOLUNTARY' THEN '主动申请' WHEN 'UNPAID' THEN '逾期未缴' WHEN 'DISSOLVED' THEN '单位注销或合并'
                             WHEN 'VIOLATION' THEN '违反章程' WHEN 'LEAVE_OTHER' THEN '其他' ELSE '' END
$$;
CREATE FUNCTION post_name(post text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT association_post_name FROM fee_of(post, 'infinity')), post)
$$;
CREATE FUNCTION petitions_json(for_account bigint) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('id', id, 'kind', kind, 'state', state,
               'leave_reason', coalesce(nullif(leave_reason, ''), 'LEAVE_UNSPECIFIED'), 'association_post', association_post,
               'association_post_name', post_name(association_post), 'reason', reason, 'requested_at', requested_at,
               'answered_by_name', answered_by_name, 'answered_at', answered_at, 'note', note)) ORDER BY id DESC), '[]')
      FROM petition WHERE account_id = for_account
$$;

-- ---- another post, decided by two: the next bill is made by it, the term that runs keeps its own. Certification's word counts
-- again when it tells of another post than it told before.

ALTER TABLE unit ADD COLUMN told_post text NOT NULL DEFAULT '';
UPDATE unit SET told_post = association_post;

ALTER TABLE proposal ADD COLUMN leave_reason text NOT NULL DEFAULT '',
    ADD COLUMN association_post text NOT NULL DEFAULT '',
    ADD COLUMN document text NOT NULL DEFAULT '', -- by which a post is changed
    ADD CONSTRAINT proposal_post CHECK (kind <> 'CHANGE_POST' OR association_post <> '' AND document <> '');

CREATE FUNCTION proposal_change_post(p proposal) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE unit SET association_post = p.association_post, changed_at = now()
     WHERE account_id = p.account_id AND association_post <> p.association_post
       AND (fee_of(p.association_post, current_date)).amount_fen IS NOT NULL;
    IF NOT FOUND THEN
        PERFORM proposal_stale(p.id);
    END IF;
    UPDATE bill b SET state = 'CANCELLED', cancelled_reason = '会内职务变更，按新职务重新生成', cancelled_at = now()
     WHERE b.account_id = p.account_id AND b.state = 'OPEN' AND NOT b.arrears
       AND NOT EXISTS (SELECT 1 FROM voucher v WHERE v.state = 'SUBMITTED' AND b.id = ANY (v.bill_ids));
END $$;

CREATE OR REPLACE FUNCTION proposal_carry_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE NEW.kind
        WHEN 'SUSPEND', 'RESUME', 'TERMINATE' THEN PERFORM proposal_stand(NEW);
        WHEN 'CHANGE_POST' THEN PERFORM proposal_change_post(NEW);
        WHEN 'WAIVE', 'UNWAIVE' THEN PERFORM proposal_waive(NEW);
        WHEN 'REFUND' THEN PERFORM proposal_refund(NEW);
        WHEN 'REVERSE' THEN PERFORM proposal_reverse(NEW);
    END CASE;
    UPDATE petition SET state = 'ACCEPTED', answered_by_name = NEW.decided_by_name, answered_at = now()
     WHERE account_id = NEW.account_id AND state = 'REQUESTED'
       AND kind = CASE NEW.kind WHEN 'TERMINATE' THEN 'LEAVE' WHEN 'CHANGE_POST' THEN 'CHANGE_POST' END;
    RETURN NULL;
END $$;

ALTER TYPE proposal_told ADD ATTRIBUTE leave_reason text, ADD ATTRIBUTE association_post_name text, ADD ATTRIBUTE document text;
CREATE OR REPLACE FUNCTION proposal_told(p proposal, caller bigint) RETURNS proposal_told LANGUAGE sql STABLE AS $$
    SELECT p.id, p.kind, p.state, p.account_id, u.unit_name, p.bill_id, p.voucher_id, p.amount_fen, p.reason,
           p.requested_by_name, p.requested_by = caller, p.requested_at, p.decided_by_name, p.decided_at, p.note,
           (SELECT jsonb_strip_nulls(bill_json(b)) FROM bill b WHERE b.id = p.bill_id),
           (SELECT jsonb_strip_nulls(to_jsonb(t)) FROM voucher v, voucher_told(v) AS t WHERE v.id = p.voucher_id),
           p.paid_back_on, p.paid_back_reference, p.paid_back_by_name,
           coalesce(nullif(p.leave_reason, ''), 'LEAVE_UNSPECIFIED'),
           CASE WHEN p.association_post <> '' THEN post_name(p.association_post) ELSE '' END, p.document
      FROM unit u WHERE u.account_id = p.account_id
$$;

CREATE OR REPLACE FUNCTION proposal_stand(p proposal) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE membership SET state = CASE p.kind WHEN 'SUSPEND' THEN 'SUSPENDED' WHEN 'RESUME' THEN 'ACTIVE' ELSE 'TERMINATED' END,
           reason = CASE p.kind WHEN 'RESUME' THEN '' ELSE concat_ws('：', nullif(leave_word(p.leave_reason), ''), p.reason) END,
           changed_at = now()
     WHERE account_id = p.account_id
       AND state = ANY (CASE p.kind WHEN 'SUSPEND' THEN '{ACTIVE}' WHEN 'RESUME' THEN '{SUSPENDED}'
                                    ELSE '{ACTIVE,SUSPENDED}' END::text[]);
    IF NOT FOUND THEN
        PERFORM proposal_stale(p.id);
    END IF;
END $$;
