-- Lines are chosen by the vouchers that wait, however old a line is and however many there are. What match.c scores high enough to
-- propose it (MATCH_YELLOW_SCORE) shares a claim, a code, a serial, a learnt account or a name with its voucher; match_test.c keeps
-- that true. Only what shares one of them is read and scored.

-- As match.c compares names: without brackets and blanks, their first sixty characters.
CREATE FUNCTION match_name(name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT left(translate(name, ' ()（）' || U&'\3000', ''), 60)
$$;

-- What may be a reference code in a remark, which people write in small letters, with blanks and hyphens.
CREATE FUNCTION match_codes(remark text) RETURNS SETOF text LANGUAGE sql IMMUTABLE AS $$
    SELECT 'HF' || left(array_to_string(parts[n:], 'HF'), 6)
      FROM (SELECT string_to_array(upper(translate(remark, ' -', '')), 'HF') AS parts) AS split, generate_series(2, cardinality(parts)) AS n
$$;

-- Which line may pay which voucher, of one that waits or (0) of all. A file that was just taken is not in the planner's figures yet:
-- by hashes, whatever the sizes.
CREATE FUNCTION match_pairs(of_voucher bigint) RETURNS TABLE (line_id bigint, voucher_id bigint)
LANGUAGE sql STABLE SET enable_nestloop = off SET enable_mergejoin = off AS $$
    WITH waiting AS MATERIALIZED (
        SELECT v.id, v.account_id, v.bank_serial, v.bill_ids, v.payer_name, u.unit_name, u.legal_person_name
          FROM voucher v JOIN unit u USING (account_id) WHERE v.state = 'SUBMITTED' AND of_voucher IN (0, v.id)),
    line AS MATERIALIZED (
        SELECT l.id, l.state, l.voucher_id, l.serial, l.payer_account, l.remark, match_name(l.payer_name) AS name
          FROM statement_line l WHERE l.state IN ('NEW', 'PROPOSED') AND NOT l.is_out)
    SELECT l.id, w.id FROM line l JOIN waiting w ON w.id = l.voucher_id
    UNION
    SELECT l.id, w.id FROM line l JOIN waiting w ON w.bank_serial = l.serial WHERE l.state = 'NEW' AND l.serial <> ''
    UNION
    SELECT l.id, w.id FROM line l JOIN learned_payer p USING (payer_account) JOIN waiting w ON w.account_id = p.account_id
     WHERE l.state = 'NEW' AND l.payer_account <> ''
    UNION
    SELECT l.id, w.id
      FROM line l
      JOIN (SELECT id, match_name(unnest(ARRAY[unit_name, legal_person_name, payer_name])) AS name FROM waiting) AS w USING (name)
     WHERE l.state = 'NEW' AND l.name <> ''
    UNION
    SELECT l.id, w.id
      FROM line l CROSS JOIN LATERAL match_codes(l.remark) AS c(code)
      JOIN (SELECT x.id, b.reference_code AS code FROM (SELECT id, unnest(bill_ids) AS bill FROM waiting) AS x JOIN bill b ON b.id = x.bill)
           AS w USING (code)
     WHERE l.state = 'NEW' AND l.remark ~* 'H[ -]*F'
$$;

-- Of all, as many as one look takes: the oldest vouchers that have lines, their lines, and whoever else may have one of those, so
-- that none is taken for sure which two may have. `matchable`: vouchers that have lines.
CREATE FUNCTION match_chosen() RETURNS TABLE (line_id bigint, voucher_id bigint, matchable bigint) LANGUAGE sql STABLE AS $$
    WITH pairs AS MATERIALIZED (SELECT * FROM match_pairs(0)),
    oldest AS MATERIALIZED (
        SELECT v.id FROM voucher v WHERE v.id IN (SELECT p.voucher_id FROM pairs p) ORDER BY v.submitted_at, v.id LIMIT 400)
    SELECT p.line_id, p.voucher_id, (SELECT count(DISTINCT a.voucher_id) FROM pairs a)
      FROM pairs p WHERE p.line_id IN (SELECT o.line_id FROM pairs o WHERE o.voucher_id IN (SELECT id FROM oldest))
$$;
