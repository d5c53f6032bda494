-- 换开: a unit asks for a receipt to be made out anew, with a reason and what is to stand on it; staff make it void or decline.
ALTER TABLE receipt ADD COLUMN reissue_reason text NOT NULL DEFAULT '';   -- asked for, and not yet answered
ALTER TABLE receipt ADD COLUMN reissue_info jsonb;
ALTER TABLE receipt ADD CONSTRAINT receipt_reissue_whole CHECK ((reissue_reason = '') = (reissue_info IS NULL));
CREATE INDEX receipt_reissue ON receipt (requested_at, id) WHERE reissue_reason <> '';

-- Half a year from the day of issue.
CREATE FUNCTION receipt_may_reissue(r receipt) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT r.state IN ('ISSUED', 'DELIVERED') AND r.reissue_reason = '' AND r.issued_on >= current_date - 180
$$;

ALTER TYPE receipt_told ADD ATTRIBUTE reissue_reason text, ADD ATTRIBUTE reissue_info jsonb, ADD ATTRIBUTE may_reissue boolean;
CREATE OR REPLACE FUNCTION receipt_told(r receipt) RETURNS receipt_told LANGUAGE sql STABLE AS $$
    SELECT r.id, r.state, r.voucher_id, u.unit_name, voucher_years(v), r.amount_fen, r.info, r.receipt_no, r.receipt_code,
           r.check_code, r.issued_on, r.file_id, r.note, r.replaces, r.version, v.received_on, r.requested_at, r.issued_by_name,
           r.reissue_reason, r.reissue_info, receipt_may_reissue(r)
      FROM voucher v JOIN unit u USING (account_id) WHERE v.id = r.voucher_id
$$;

CREATE OR REPLACE FUNCTION receipt_found(view text, of_year integer, q text) RETURNS SETOF receipt LANGUAGE sql STABLE AS $$
    SELECT r.* FROM receipt r JOIN unit u USING (account_id)
     WHERE CASE view WHEN 'RETURNED' THEN r.state = 'RETURNED' WHEN 'DONE' THEN r.state IN ('ISSUED', 'DELIVERED')
                     WHEN 'REISSUE' THEN r.reissue_reason <> '' AND r.state <> 'VOID'
                     WHEN 'VOID' THEN r.state = 'VOID' WHEN 'ALL' THEN true ELSE r.state = 'REQUESTED' END
       AND (of_year = 0 OR extract(year FROM r.issued_on) = of_year)
       AND (q = '' OR position(q IN u.unit_name) > 0 OR r.receipt_no = q OR position(q IN r.info ->> 'receipt_title') > 0)
$$;

-- The new one has what was asked for.
CREATE OR REPLACE FUNCTION receipt_replace() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO receipt (voucher_id, account_id, amount_fen, info, replaces)
    SELECT NEW.voucher_id, NEW.account_id, NEW.amount_fen, coalesce(OLD.reissue_info, NEW.info), NEW.id
      FROM voucher v WHERE v.id = NEW.voucher_id AND v.state = 'CONFIRMED';
    RETURN NULL;
END $$;
