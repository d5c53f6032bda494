-- E.12: what should be looked at before a voucher is confirmed. A unit that mends what was refused hands in the same scans again.
CREATE OR REPLACE FUNCTION voucher_warnings(v voucher) RETURNS jsonb LANGUAGE sql STABLE AS $$
    WITH found(level, text) AS (
        SELECT 'RED', '同一张凭证图片已用于' || u.unit_name || to_char(o.submitted_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD')
                      || '提交的缴费（' || CASE o.state WHEN 'CONFIRMED' THEN '已到账' WHEN 'SUBMITTED' THEN '审核中'
                                                       WHEN 'REJECTED' THEN '已驳回' WHEN 'REVERSED' THEN '已冲正' ELSE '已撤回' END || '）'
          FROM attachment a JOIN attachment b ON b.content_hash = a.content_hash
          JOIN voucher o ON b.id = ANY (o.file_ids) JOIN unit u ON u.account_id = o.account_id
         WHERE a.id = ANY (v.file_ids) AND o.id <> v.id
           AND NOT (o.account_id = v.account_id AND o.state IN ('REJECTED', 'WITHDRAWN'))
        UNION ALL
        SELECT 'RED', '该交易流水号已出现在' || u.unit_name || '提交的另一笔缴费中'
          FROM voucher o JOIN unit u USING (account_id)
         WHERE v.bank_serial <> '' AND o.bank_serial = v.bank_serial AND o.id <> v.id
           AND NOT (o.account_id = v.account_id AND o.state IN ('REJECTED', 'WITHDRAWN'))
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
