-- Rows as the contract has them.
CREATE FUNCTION bill_json(b bill) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('id', b.id, 'year', b.year, 'state', b.state, 'association_post', b.association_post,
               'association_post_name', b.association_post_name, 'amount_fen', b.amount_fen, 'paid_fen', b.paid_fen,
               'waived_fen', b.waived_fen, 'reference_code', b.reference_code, 'due_on', b.due_on,
               'opened', EXISTS (SELECT 1 FROM term t WHERE t.bill_id = b.id),
               'unit_name', (SELECT unit_name FROM unit u WHERE u.account_id = b.account_id),
               'account_id', b.account_id, 'created_at', b.created_at)
$$;

CREATE FUNCTION bills_json(for_account bigint) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(bill_json(b) ORDER BY b.year DESC, b.id DESC), '[]') FROM bill b WHERE b.account_id = for_account
$$;

CREATE FUNCTION terms_json(for_account bigint) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'bill_id', t.bill_id, 'reason', t.reason,
               'association_post_name', t.association_post_name, 'first_day', t.first_day, 'last_day', t.last_day,
               'opened_by_name', t.opened_by_name, 'opened_at', t.opened_at, 'member_no', m.member_no)
               ORDER BY t.first_day DESC), '[]')
      FROM term t JOIN membership m USING (account_id) WHERE t.account_id = for_account
$$;

CREATE FUNCTION status_json(s member_standing) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_strip_nulls(to_jsonb(s))
$$;

CREATE FUNCTION years_of(bills bigint[]) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(string_agg(DISTINCT year::text, '、'), '') FROM bill WHERE id = ANY (bills)
$$;
-- The years a voucher's money went to; while nobody has decided, those it is for.
CREATE FUNCTION voucher_years(v voucher) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT years_of(coalesce((SELECT array_agg(bill_id) FROM voucher_allocation a WHERE a.voucher_id = v.id), v.bill_ids))
$$;

CREATE TYPE voucher_told AS (
    id bigint, state text, unit_name text, years text, pay_method text, paid_fen bigint, confirmed_fen bigint, paid_date date,
    submitted_at timestamptz, decided_at timestamptz, second boolean, payer_name text, account_id bigint, received_on date);
CREATE FUNCTION voucher_told(v voucher) RETURNS voucher_told LANGUAGE sql STABLE AS $$
    SELECT v.id, v.state, u.unit_name, voucher_years(v), v.pay_method, v.paid_fen, v.confirmed_fen, v.paid_date, v.submitted_at,
           v.decided_at, v.state = 'SUBMITTED' AND v.first_by IS NOT NULL, v.payer_name, v.account_id, v.received_on
      FROM unit u WHERE u.account_id = v.account_id
$$;

CREATE TYPE receipt_told AS (
    id bigint, state text, voucher_id bigint, unit_name text, years text, amount_fen bigint, info jsonb, receipt_no text,
    receipt_code text, check_code text, issued_on date, file_id text, note text, replaces bigint, version integer,
    received_on date, requested_at timestamptz, issued_by_name text);
CREATE FUNCTION receipt_told(r receipt) RETURNS receipt_told LANGUAGE sql STABLE AS $$
    SELECT r.id, r.state, r.voucher_id, u.unit_name, voucher_years(v), r.amount_fen, r.info, r.receipt_no, r.receipt_code,
           r.check_code, r.issued_on, r.file_id, r.note, r.replaces, r.version, v.received_on, r.requested_at, r.issued_by_name
      FROM voucher v JOIN unit u USING (account_id) WHERE v.id = r.voucher_id
$$;

CREATE TYPE proposal_told AS (
    id bigint, kind text, state text, account_id bigint, unit_name text, bill_id bigint, voucher_id bigint, amount_fen bigint,
    reason text, requested_by_name text, requested_by_me boolean, requested_at timestamptz, decided_by_name text,
    decided_at timestamptz, note text);
CREATE FUNCTION proposal_told(p proposal, caller bigint) RETURNS proposal_told LANGUAGE sql STABLE AS $$
    SELECT p.id, p.kind, p.state, p.account_id, u.unit_name, p.bill_id, p.voucher_id, p.amount_fen, p.reason,
           p.requested_by_name, p.requested_by = caller, p.requested_at, p.decided_by_name, p.decided_at, p.note
      FROM unit u WHERE u.account_id = p.account_id
$$;

-- E.12: what should be looked at before a voucher is confirmed.
CREATE FUNCTION voucher_warnings(v voucher) RETURNS jsonb LANGUAGE sql STABLE AS $$
    WITH found(level, text) AS (
        SELECT 'RED', '同一张凭证图片已用于' || u.unit_name || to_char(o.submitted_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD')
                      || '提交的缴费（' || CASE o.state WHEN 'CONFIRMED' THEN '已到账' WHEN 'SUBMITTED' THEN '审核中'
                                                       WHEN 'REJECTED' THEN '已驳回' ELSE '已撤回' END || '）'
          FROM attachment a JOIN attachment b ON b.content_hash = a.content_hash
          JOIN voucher o ON b.id = ANY (o.file_ids) JOIN unit u ON u.account_id = o.account_id
         WHERE a.id = ANY (v.file_ids) AND o.id <> v.id
        UNION ALL
        SELECT 'RED', '该交易流水号已出现在' || u.unit_name || '提交的另一笔缴费中'
          FROM voucher o JOIN unit u USING (account_id)
         WHERE v.bank_serial <> '' AND o.bank_serial = v.bank_serial AND o.id <> v.id
        UNION ALL
        SELECT 'YELLOW', u.unit_name || '也提交了同日、同金额、同付款户名的缴费，请核对是否为同一笔'
          FROM voucher o JOIN unit u USING (account_id)
         WHERE o.id <> v.id AND o.state IN ('SUBMITTED', 'CONFIRMED') AND (o.paid_date, o.paid_fen, o.payer_name) =
               (v.paid_date, v.paid_fen, v.payer_name) AND (v.bank_serial = '' OR o.bank_serial <> v.bank_serial)
        UNION ALL
        SELECT 'YELLOW', '付款户名与单位名称不一致（代付），请核对代付说明'
          FROM unit u WHERE u.account_id = v.account_id AND u.unit_name <> v.payer_name
        UNION ALL
        SELECT 'YELLOW', '票据抬头与单位名称不一致'
          FROM unit u WHERE u.account_id = v.account_id AND u.unit_name <> v.receipt_info ->> 'receipt_title'
        UNION ALL
        SELECT 'YELLOW', CASE WHEN v.paid_fen < due THEN '实付金额比应缴少' || yuan(due - v.paid_fen) || '元'
                              ELSE '实付金额比应缴多' || yuan(v.paid_fen - due) || '元，多出部分将留作预存' END
          FROM (SELECT coalesce(sum(amount_fen - paid_fen - waived_fen), 0)::bigint AS due FROM bill
                 WHERE id = ANY (v.bill_ids)) AS d
         WHERE v.state = 'SUBMITTED' AND due <> v.paid_fen
        UNION ALL
        SELECT 'YELLOW', '该单位的会员单位认证尚未生效或已撤销，确认缴费后仍不能开通会员'
          FROM unit u WHERE u.account_id = v.account_id AND NOT u.certified
        UNION ALL
        SELECT 'YELLOW', '付款日期早于账单生成日期' WHERE v.paid_date < (SELECT min(created_at)::date - 30 FROM bill WHERE id = ANY (v.bill_ids)))
    SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object('level', level, 'text', text)), '[]') FROM found
$$;

-- What the lists of finance look through; each is asked for its rows and for their number.
CREATE FUNCTION voucher_found(view text, method text, q text) RETURNS SETOF voucher LANGUAGE sql STABLE AS $$
    SELECT v.* FROM voucher v JOIN unit u USING (account_id)
     WHERE CASE view WHEN 'ALL' THEN true WHEN 'DECIDED' THEN v.state IN ('CONFIRMED', 'REJECTED', 'REVERSED')
                     ELSE v.state = 'SUBMITTED' END
       AND (method = 'PAY_METHOD_UNSPECIFIED' OR v.pay_method = method)
       AND (q = '' OR position(q IN u.unit_name) > 0 OR position(q IN v.payer_name) > 0 OR v.bank_serial = q
            OR u.uscc = upper(q) OR EXISTS (SELECT 1 FROM bill b WHERE b.id = ANY (v.bill_ids) AND b.reference_code = upper(q)))
$$;
CREATE FUNCTION bill_found(view text, of_year integer, q text) RETURNS SETOF bill LANGUAGE sql STABLE AS $$
    SELECT b.* FROM bill b JOIN unit u USING (account_id)
     WHERE CASE view WHEN 'UNPAID' THEN b.state IN ('OPEN', 'PARTLY_PAID')
                     WHEN 'OVERDUE' THEN b.state IN ('OPEN', 'PARTLY_PAID') AND b.due_on < current_date
                     WHEN 'SETTLED' THEN b.state IN ('PAID', 'WRITTEN_OFF') ELSE true END
       AND (of_year = 0 OR b.year = of_year)
       AND (q = '' OR position(q IN u.unit_name) > 0 OR u.uscc = upper(q) OR b.reference_code = upper(q))
$$;
CREATE FUNCTION receipt_found(view text, of_year integer, q text) RETURNS SETOF receipt LANGUAGE sql STABLE AS $$
    SELECT r.* FROM receipt r JOIN unit u USING (account_id)
     WHERE CASE view WHEN 'RETURNED' THEN r.state = 'RETURNED' WHEN 'DONE' THEN r.state IN ('ISSUED', 'DELIVERED')
                     WHEN 'VOID' THEN r.state = 'VOID' WHEN 'ALL' THEN true ELSE r.state = 'REQUESTED' END
       AND (of_year = 0 OR extract(year FROM r.issued_on) = of_year)
       AND (q = '' OR position(q IN u.unit_name) > 0 OR r.receipt_no = q OR position(q IN r.info ->> 'receipt_title') > 0)
$$;

-- Who decides what was proposed.
CREATE FUNCTION proposal_permission(kind text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN kind IN ('REVERSE', 'REFUND') THEN 'voucher.reverse.confirm' ELSE 'member.suspend.confirm' END
$$;

-- A void receipt whose money stands is replaced, to be issued anew.
CREATE FUNCTION receipt_replace() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO receipt (voucher_id, account_id, amount_fen, info, replaces)
    SELECT NEW.voucher_id, NEW.account_id, NEW.amount_fen, NEW.info, NEW.id
      FROM voucher v WHERE v.id = NEW.voucher_id AND v.state = 'CONFIRMED';
    RETURN NULL;
END $$;
CREATE TRIGGER receipt_replace AFTER UPDATE OF state ON receipt
    FOR EACH ROW WHEN (NEW.state = 'VOID' AND OLD.state <> 'VOID') EXECUTE FUNCTION receipt_replace();

CREATE FUNCTION attachments_json(ids text[]) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', a.id, 'file_name', a.file_name, 'content_type', a.content_type,
               'size_bytes', a.size_bytes, 'width', a.width, 'height', a.height, 'created_at', a.created_at)
               ORDER BY array_position(ids, a.id)), '[]')
      FROM attachment a WHERE a.id = ANY (ids)
$$;
