-- E.12: the same picture again, compressed anew, scaled or cut. A print is what guild-image makes of a picture
-- (common/files/image/print.h): cells that are clearly brighter than their left neighbours, then those that are clearly darker.
CREATE TABLE attachment_print (
    attachment_id text NOT NULL REFERENCES attachment (id),
    variant smallint NOT NULL,                   -- 0: of the whole; 1: without its first line; 2: without its last; 3: without both
    planes bit(8192) NOT NULL,
    cells integer NOT NULL GENERATED ALWAYS AS (bit_count(planes)) STORED,
    PRIMARY KEY (attachment_id, variant)
);
ALTER TABLE attachment_print ALTER planes SET STORAGE PLAIN;
COMMENT ON TABLE attachment_print IS 'append-only';

-- A print comes as its variants one behind the other; one that says the same as the whole is left out.
CREATE FUNCTION print_rows(print bytea) RETURNS TABLE (variant smallint, planes bit(8192)) LANGUAGE sql IMMUTABLE AS $$
    SELECT DISTINCT ON (planes) variant::smallint, planes
      FROM (SELECT n AS variant, ('x' || encode(substring(print FROM n * 1024 + 1 FOR 1024), 'hex'))::bit(8192) AS planes
              FROM generate_series(0, coalesce(octet_length(print), 0) / 1024 - 1) AS n) AS each
     ORDER BY planes, variant
$$;

-- Pictures alike: of each, how many cells contradict (one says brighter, the other darker), and how many agree. Measured on
-- rendered slips (tests/common/files/print_test.c): copies contradict in at most 2.7 of a thousand, other slips of the same
-- bank in 7.4 and more; only two that one unit made within minutes are nearer. The bound is 4; three in five cells agree.
CREATE FUNCTION prints_alike(of_file text) RETURNS TABLE (file_id text, contradicting integer, agreeing integer)
LANGUAGE sql STABLE AS $$
    WITH mine AS MATERIALIZED (
        SELECT variant, planes, cells, substring(planes FROM 4097) || substring(planes FOR 4096) AS swapped
          FROM attachment_print WHERE attachment_id = of_file)
    SELECT DISTINCT ON (p.attachment_id) p.attachment_id, bit_count(m.swapped & p.planes)::int, bit_count(m.planes & p.planes)::int
      FROM mine m JOIN attachment_print p ON m.variant = 0 OR p.variant = 0 OR m.variant = p.variant
     WHERE p.attachment_id <> of_file AND bit_count(m.swapped & p.planes) * 250 <= m.cells
       AND bit_count(m.swapped & p.planes) * 250 <= bit_count(m.planes & p.planes)
       AND bit_count(m.planes & p.planes) * 5 >= greatest(m.cells, p.cells) * 3
     ORDER BY p.attachment_id, bit_count(m.swapped & p.planes), bit_count(m.planes & p.planes) DESC
$$;

-- Found once, when a file comes: each pair by the later of the two.
CREATE TABLE attachment_alike (
    file_id text NOT NULL REFERENCES attachment (id),
    other_id text NOT NULL REFERENCES attachment (id),
    PRIMARY KEY (file_id, other_id)
);
CREATE INDEX attachment_alike_other ON attachment_alike (other_id);
COMMENT ON TABLE attachment_alike IS 'append-only';
CREATE FUNCTION prints_compare() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO attachment_alike (file_id, other_id)
    SELECT a.attachment_id, p.file_id FROM (SELECT DISTINCT attachment_id FROM added) AS a, prints_alike(a.attachment_id) AS p;
    RETURN NULL;
END $$;
CREATE TRIGGER prints_compare AFTER INSERT ON attachment_print REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION prints_compare();

CREATE FUNCTION voucher_word(state text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE state WHEN 'CONFIRMED' THEN '已到账' WHEN 'SUBMITTED' THEN '审核中' WHEN 'REJECTED' THEN '已驳回'
                      WHEN 'REVERSED' THEN '已冲正' ELSE '已撤回' END
$$;

-- What should be looked at before a voucher is confirmed. A unit that mends what was refused hands in the same scans again.
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
        SELECT 'YELLOW', '该单位的会员单位认证尚未生效或已撤销，确认缴费后仍不能开通会员'
          FROM unit u WHERE u.account_id = v.account_id AND NOT u.certified
        UNION ALL
        SELECT 'YELLOW', '付款日期早于账单生成日期' WHERE v.paid_date < (SELECT min(created_at)::date - 30 FROM bill WHERE id = ANY (v.bill_ids)))
    SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object('level', level, 'text', text)), '[]') FROM found
$$;
