-- What should be looked at before a voucher is confirmed; a certification that ended says why (032_ended.sql). A unit that mends what was refused hands in the same scans again.
CREATE OR REPLACE FUNCTION voucher_warnings(v voucher) RETURNS jsonb LANGUAGE sql STABLE AS $$
    WITH other AS (
        SELECT o.*, u.unit_name, u.unit_name || to_char(o.submitted_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD')
                                 || '提交的缴费（编号' || o.id || '，' || voucher_word(o.state) || '）' AS words
          FROM voucher o JOIN unit u USING (account_id)
         WHERE o.id <> v.id AND NOT (o.account_id = v.account_id AND o.state IN ('REJECTED', 'WITHDRAWN'))),
    same AS (
        SELECT DISTINCT o.id, o.words
          FROM attachment a JOIN attachment b ON b.content_hash = a.content_hash JOIN other o ON b.id = ANY (o.file_ids)
         WHERE a.id = ANY (v.file_ids)),
    found(level, text) AS (
        SELECT 'RED', '同一张凭证图片已用于' || words FROM same
        UNION ALL
        SELECT 'RED', '凭证图片与' || words || '的图片几乎相同，可能是同一张回单经过裁剪或重新保存，请打开核对'
          FROM other o
         WHERE o.file_ids && (SELECT array_agg(x) FROM (
                   SELECT other_id FROM attachment_alike WHERE file_id = ANY (v.file_ids)
                   UNION SELECT file_id FROM attachment_alike WHERE other_id = ANY (v.file_ids)) AS alike(x))
           AND o.id NOT IN (SELECT id FROM same)
        UNION ALL
        SELECT 'RED', '该交易流水号已出现在' || unit_name || '提交的另一笔缴费中' FROM other
         WHERE v.bank_serial <> '' AND bank_serial = v.bank_serial
        UNION ALL
        SELECT 'YELLOW', unit_name || '也提交了同日、同金额、同付款户名的缴费，请核对是否为同一笔' FROM other
         WHERE state IN ('SUBMITTED', 'CONFIRMED') AND (paid_date, paid_fen, payer_name) =
               (v.paid_date, v.paid_fen, v.payer_name) AND (v.bank_serial = '' OR bank_serial <> v.bank_serial)
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
        SELECT 'YELLOW', '该单位的会员单位认证' || CASE u.ended WHEN '' THEN '尚未生效、已撤销或已过期' ELSE ended_word(u.ended) END
                         || '，确认缴费后仍不能开通会员'
          FROM unit u WHERE u.account_id = v.account_id AND NOT u.certified
        UNION ALL
        SELECT 'YELLOW', '付款日期早于账单生成日期' WHERE v.paid_date < (SELECT min(created_at)::date - 30 FROM bill WHERE id = ANY (v.bill_ids)))
    SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object('level', level, 'text', text)), '[]') FROM found
$$;
