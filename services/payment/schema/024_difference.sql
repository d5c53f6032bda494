-- C.5. Another post while a term runs: its fee counts from the next term on. If staff so decide, with the same proposal, the unit
-- is billed for what the post costs more in the term that runs; paid, the term is of the new post. Like arrears such a bill opens
-- no membership.
ALTER TABLE bill ADD COLUMN difference_of bigint REFERENCES bill (id),  -- the bill of the term that ran
    ADD CONSTRAINT bill_difference CHECK (difference_of IS NULL OR arrears);
DROP INDEX bill_of_year;
CREATE UNIQUE INDEX bill_of_year ON bill (account_id, year) WHERE state <> 'CANCELLED' AND difference_of IS NULL;
CREATE INDEX bill_difference_of ON bill (difference_of) WHERE difference_of IS NOT NULL;

ALTER TABLE proposal ADD COLUMN reference_code text NOT NULL DEFAULT ''; -- of the bill that a change of post makes

-- The bill of the term that runs today; NULL: none does.
CREATE FUNCTION term_bill(for_account bigint) RETURNS bill LANGUAGE sql STABLE AS $$
    SELECT b FROM term t JOIN bill b ON b.id = t.bill_id
     WHERE t.account_id = for_account AND t.voided_at IS NULL AND current_date BETWEEN t.first_day AND least(t.last_day, t.ended_on)
$$;
-- What was billed for that term, differences included.
CREATE FUNCTION term_billed_fen(for_account bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT b.amount_fen + coalesce((SELECT sum(d.amount_fen) FROM bill d WHERE d.difference_of = b.id AND d.state <> 'CANCELLED'), 0)::bigint
      FROM term_bill(for_account) AS b WHERE b.id IS NOT NULL
$$;
-- What a post costs more than that; NULL: no term runs.
CREATE FUNCTION difference_fen(for_account bigint, post text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT (fee_of(post, current_date)).amount_fen - term_billed_fen(for_account)
$$;

CREATE OR REPLACE FUNCTION proposal_change_post(p proposal) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p.amount_fen > coalesce(difference_fen(p.account_id, p.association_post), 0) THEN
        PERFORM proposal_stale(p.id);
    END IF;
    UPDATE unit SET association_post = p.association_post, changed_at = now()
     WHERE account_id = p.account_id AND association_post <> p.association_post
       AND (fee_of(p.association_post, current_date)).amount_fen IS NOT NULL;
    IF NOT FOUND THEN
        PERFORM proposal_stale(p.id);
    END IF;
    UPDATE bill b SET state = 'CANCELLED', cancelled_reason = '会内职务变更，按新职务重新生成', cancelled_at = now()
     WHERE b.account_id = p.account_id AND b.state = 'OPEN' AND NOT b.arrears
       AND NOT EXISTS (SELECT 1 FROM voucher v WHERE v.state = 'SUBMITTED' AND b.id = ANY (v.bill_ids));
    INSERT INTO bill (account_id, year, association_post, association_post_name, amount_fen, reference_code, due_on, arrears, difference_of)
    SELECT p.account_id, b.year, p.association_post, post_name(p.association_post), p.amount_fen, p.reference_code,
           current_date + 30, true, b.id
      FROM term_bill(p.account_id) AS b WHERE p.amount_fen IS NOT NULL;
END $$;

CREATE OR REPLACE FUNCTION member_status(for_account bigint, today date) RETURNS member_standing LANGUAGE sql STABLE AS $$
    WITH counted AS (
        SELECT t.first_day, least(t.last_day, t.ended_on) AS last_day,
               coalesce((SELECT d.association_post_name FROM bill d WHERE d.difference_of = t.bill_id AND d.state IN ('PAID', 'WRITTEN_OFF')
                          ORDER BY d.id DESC LIMIT 1), t.association_post_name) AS association_post_name
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
           CASE WHEN m.account_id IS NOT NULL AND NOT u.certified AND m.state = 'ACTIVE' THEN '会员单位认证已撤销或过期'
                ELSE coalesce(m.reason, '') END
      FROM unit u CROSS JOIN dues_policy p CROSS JOIN ended e
      LEFT JOIN membership m USING (account_id) LEFT JOIN shown s ON true
     WHERE u.account_id = for_account
$$;

CREATE OR REPLACE FUNCTION bill_json(b bill) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('id', b.id, 'year', b.year, 'state', b.state, 'association_post', b.association_post,
               'association_post_name', b.association_post_name, 'amount_fen', b.amount_fen, 'paid_fen', b.paid_fen,
               'waived_fen', b.waived_fen, 'reference_code', b.reference_code, 'due_on', b.due_on,
               'opened', EXISTS (SELECT 1 FROM term t WHERE t.bill_id = b.id AND t.voided_at IS NULL),
               'unit_name', (SELECT unit_name FROM unit u WHERE u.account_id = b.account_id),
               'account_id', b.account_id, 'created_at', b.created_at, 'cancelled_reason', b.cancelled_reason,
               'cancelled_by_name', b.cancelled_by_name, 'arrears', b.arrears, 'difference', b.difference_of IS NOT NULL)
$$;
