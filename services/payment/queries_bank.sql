-- Statements of payment: files of the bank, their lines, which voucher each pays, the month. Search path: its own schema.

-- name: statement_preview
-- What an import would do, row by row of the file where it does nothing.
WITH found AS MATERIALIZED (SELECT * FROM statement_rows(:kind::text, :rows::jsonb))
SELECT count(*) FILTER (WHERE is_new AND NOT is_out) AS added,
       coalesce(sum(amount_fen) FILTER (WHERE is_new AND NOT is_out), 0)::bigint AS added_fen,
       count(*) FILTER (WHERE is_new AND is_out) AS added_out, count(*) FILTER (WHERE is_new AND is_out AND NOT is_expense) AS maybe_refunds,
       min(occurred_at) FILTER (WHERE is_new)::text AS first_at, max(occurred_at) FILTER (WHERE is_new)::text AS last_at,
       count(known_id) AS known, count(*) FILTER (WHERE is_repeated AND known_id IS NULL) AS repeated,
       count(*) FILTER (WHERE is_new AND is_settlement) AS settlements,
       coalesce(sum(fee_fen) FILTER (WHERE is_new), 0)::bigint AS fees_fen,
       statement_is_own(:kind, :account_no::text) AS is_own,
       (SELECT jsonb_agg(to_jsonb(f)) FROM (
            SELECT occurred_at::text, amount_fen, payer_name, payer_account, serial, remark, wallet
              FROM found WHERE is_new AND NOT is_out ORDER BY place LIMIT 10) AS f) AS first_lines,
       (SELECT jsonb_agg(to_jsonb(f)) FROM (
            SELECT place AS row, known_id AS id, coalesce(known_state, 'UNSPECIFIED') AS state, occurred_at::text, amount_fen,
                   payer_name, wallet
              FROM found WHERE NOT is_new ORDER BY place LIMIT 100) AS f) AS known_rows
  FROM found;

-- name: statement_import
-- keyed
-- audit: statement.imported statement_id
-- Only what is new; who imports the same file at the same moment adds nothing (statement_line_once), and its row says so.
WITH found AS MATERIALIZED (SELECT * FROM statement_rows(:kind::text, :rows::jsonb)),
booking AS MATERIALIZED (SELECT month_open_day() AS open_day),
numbered AS MATERIALIZED (SELECT nextval(pg_get_serial_sequence('statement', 'id')) AS id),
added AS (
    INSERT INTO statement_line (statement_id, kind, identity, occurred_at, amount_fen, balance_fen, fee_fen, payer_name,
                                payer_account, serial, remark, wallet, is_out, state, not_dues, booked_on)
    SELECT n.id, :kind, f.identity, f.occurred_at, f.amount_fen, f.balance_fen, f.fee_fen, f.payer_name, f.payer_account,
           f.serial, f.remark, f.wallet, coalesce(f.is_out, false), CASE WHEN is_settlement OR is_expense THEN 'IGNORED' ELSE 'NEW' END,
           CASE WHEN is_settlement THEN 'SETTLEMENT' WHEN is_expense THEN 'EXPENSE' END, greatest(f.occurred_at::date, o.open_day)
      FROM found f, numbered n, booking o WHERE f.is_new ORDER BY f.place
    ON CONFLICT DO NOTHING
    RETURNING amount_fen, occurred_at, fee_fen, not_dues, is_out),
imported AS (
    INSERT INTO statement (id, kind, file_name, lines, added, imported_by, imported_by_name, account_no, first_on, last_on)
    OVERRIDING SYSTEM VALUE
    SELECT n.id, :kind, :file_name, count(f.place), (SELECT count(*) FROM added), :caller_id::bigint, :caller_name, :account_no::text,
           min(f.occurred_at)::date, max(f.occurred_at)::date
      FROM numbered n LEFT JOIN found f ON true GROUP BY n.id
    RETURNING id),
told AS (                                        -- N22: money that nobody has matched yet
    INSERT INTO outbox (event, payload)
    SELECT 'statement.waiting', jsonb_build_object('count', count(*), 'amount', yuan(sum(amount_fen)::bigint), 'by_name', :caller_name::text)
      FROM added WHERE NOT is_out AND not_dues IS NULL HAVING count(*) > 0),
answer AS (
    SELECT (SELECT id FROM imported) AS statement_id, count(*) FILTER (WHERE NOT is_out) AS added,
           coalesce(sum(amount_fen) FILTER (WHERE NOT is_out), 0)::bigint AS added_fen,
           count(*) FILTER (WHERE is_out) AS added_out, count(*) FILTER (WHERE is_out AND not_dues IS NULL) AS maybe_refunds,
           min(occurred_at)::text AS first_at, max(occurred_at)::text AS last_at,
           count(*) FILTER (WHERE not_dues = 'SETTLEMENT') AS settlements,
           coalesce(sum(fee_fen), 0)::bigint AS fees_fen, true AS is_own
      FROM added)
SELECT * FROM answer;

-- name: statement_list
SELECT s.id, s.kind, s.file_name, s.account_no, s.lines, s.added, s.first_on, s.last_on, s.imported_by_name, s.imported_at,
       u.undone_by_name, u.undone_at, n.used, n.left_lines,
       s.id || '.0' AS position
  FROM statement_found(:view::text, :kind::text, :month_first::date, :q::text) AS s LEFT JOIN statement_undo u ON u.statement_id = s.id,
       LATERAL (SELECT count(*) AS left_lines, count(*) FILTER (WHERE l.state NOT IN ('NEW', 'IGNORED') OR l.other_fen > 0) AS used
                  FROM statement_line l WHERE l.statement_id = s.id) AS n
 WHERE CASE WHEN :is_newest::boolean THEN s.id < :cursor_place::bigint ELSE s.id > :cursor_place::bigint END
 ORDER BY CASE WHEN :is_newest THEN -s.id ELSE s.id END LIMIT :page_size::int + 1;

-- name: statement_total
SELECT count(*) AS total FROM statement_found(:view::text, :kind::text, :month_first::date, :q::text) AS s;

-- name: statement_undo
-- keyed
-- audit: statement.undone id
-- While nobody works with one of its lines (statement_line_kept); that it was imported stays told.
WITH gone AS (
    DELETE FROM statement_line l USING statement s
     WHERE s.id = :id::bigint AND l.statement_id = s.id AND NOT EXISTS (SELECT 1 FROM statement_undo u WHERE u.statement_id = s.id)
    RETURNING l.id),
undone AS (
    INSERT INTO statement_undo (statement_id, lines, undone_by, undone_by_name)
    SELECT :id::bigint, count(*), :caller_id::bigint, :caller_name FROM gone HAVING count(*) > 0
    RETURNING *),
answer AS (
    SELECT s.id, s.kind, s.file_name, s.lines, s.added, s.imported_by_name, s.imported_at, u.undone_by_name, u.undone_at
      FROM undone u JOIN statement s ON s.id = u.statement_id)
SELECT * FROM answer;

-- name: line_list
SELECT t.*, (extract(epoch FROM l.occurred_at) * 1000000)::bigint || '.' || l.id AS position
  FROM line_found(:view::text, :q::text, :q_fen::bigint, :month_first::date, :statement_id::bigint) AS l, line_told(l) AS t
 WHERE (l.occurred_at, l.id) < (to_timestamp(:cursor_place::bigint / 1000000.0) AT TIME ZONE 'UTC', :cursor_id::bigint)
 ORDER BY l.occurred_at DESC, l.id DESC LIMIT :page_size::int + 1;

-- name: line_list_by
-- In another order: the oldest, the largest or the smallest first.
SELECT t.*, k.place || '.' || l.id AS position
  FROM line_found(:view::text, :q::text, :q_fen::bigint, :month_first::date, :statement_id::bigint) AS l, line_told(l) AS t,
       LATERAL (SELECT CASE :sort::text WHEN 'OLDEST_FIRST' THEN (extract(epoch FROM l.occurred_at) * 1000000)::bigint
                                        WHEN 'LARGEST_FIRST' THEN 1000000000000000 - l.amount_fen ELSE l.amount_fen END AS place) AS k
 WHERE (k.place, l.id) > (:cursor_place::bigint, :cursor_id::bigint)
 ORDER BY k.place, l.id LIMIT :page_size::int + 1;

-- name: line_total
SELECT count(*) AS total FROM line_found(:view::text, :q::text, :q_fen::bigint, :month_first::date, :statement_id::bigint) AS l;

-- name: line_ignore
-- keyed
-- audit: statement.line_ignored id
WITH moved AS (
    UPDATE statement_line SET state = 'IGNORED', not_dues = :not_dues::text, reason = :reason, other_fen = 0,
           changed_by = :caller_id::bigint, changed_by_name = :caller_name, changed_at = now()
     WHERE id = :id::bigint AND state = 'NEW'
    RETURNING *),
answer AS (
    SELECT id, kind, state, occurred_at::text AS occurred_at, amount_fen, dues_fen, payer_name, not_dues, reason FROM moved)
SELECT * FROM answer;

-- name: line_restore
-- keyed
-- audit: statement.line_restored id
WITH moved AS (
    UPDATE statement_line SET state = 'NEW', not_dues = NULL, reason = '', changed_by = :caller_id::bigint,
           changed_by_name = :caller_name, changed_at = now()
     WHERE id = :id::bigint AND state = 'IGNORED'
    RETURNING *),
answer AS (SELECT id, kind, state, occurred_at::text AS occurred_at, amount_fen, dues_fen, payer_name, reason FROM moved)
SELECT * FROM answer;

-- name: line_split
-- keyed
-- audit: statement.line_split id
-- Into dues and something else; an amount of nothing makes it whole again.
WITH moved AS (
    UPDATE statement_line SET other_fen = :other_fen::bigint, not_dues = CASE WHEN :other_fen > 0 THEN :not_dues::text END,
           reason = CASE WHEN :other_fen > 0 THEN :reason ELSE '' END, changed_by = :caller_id::bigint,
           changed_by_name = :caller_name, changed_at = now()
     WHERE id = :id::bigint AND state = 'NEW' AND NOT is_out AND :other_fen < amount_fen
    RETURNING *),
answer AS (
    SELECT id, kind, state, occurred_at::text AS occurred_at, amount_fen, other_fen, dues_fen, payer_name, not_dues, reason
      FROM moved)
SELECT * FROM answer;

-- name: line_state
SELECT state = 'NEW' AND NOT is_out AS is_free, amount_fen FROM statement_line WHERE id = :id::bigint;

-- name: line_release
-- keyed
-- audit: statement.line_released id
-- A claim is taken back: the voucher that it made goes, its line is free again (voucher_lines). Nobody is told. Or a line out is no
-- refund after all: what it said of the day is forgotten, what finance had said stays.
WITH withdrawn AS (
    UPDATE voucher v SET state = 'WITHDRAWN', version = v.version + 1, decided_at = now()
      FROM statement_line l
     WHERE l.id = :id::bigint AND l.state = 'PROPOSED' AND v.id = l.voucher_id AND v.state = 'SUBMITTED'
       AND v.recorder LIKE 'STAFF:%' AND v.first_by IS NULL
    RETURNING l.id, l.kind, l.occurred_at, l.amount_fen, l.dues_fen, l.payer_name),
tied AS MATERIALIZED (
    SELECT id, proposal_id FROM statement_line WHERE id = :id::bigint AND is_out AND state = 'ALLOCATED' FOR UPDATE),
untied AS (
    UPDATE statement_line l SET state = 'NEW', proposal_id = NULL, evidence = '', changed_by = :caller_id::bigint,
           changed_by_name = :caller_name, changed_at = now()
      FROM tied t WHERE l.id = t.id
    RETURNING l.id, l.kind, l.occurred_at, l.amount_fen, l.dues_fen, l.payer_name),
forgotten AS (
    UPDATE proposal p SET paid_back_on = NULL, paid_back_reference = '', paid_back_by_name = '', paid_back_by_line = false
      FROM tied t WHERE p.id = t.proposal_id AND p.paid_back_by_line),
answer AS (
    SELECT id, kind, 'NEW' AS state, occurred_at::text AS occurred_at, amount_fen, dues_fen, payer_name
      FROM (SELECT * FROM withdrawn UNION ALL SELECT * FROM untied) AS free)
SELECT * FROM answer;

-- name: line_refund_list
-- Refunds that a line out may be, the likeliest first.
SELECT t.* FROM statement_line l, line_refunds(l) AS p, proposal_told(p, :caller_id::bigint) AS t
 WHERE l.id = :id::bigint AND l.state = 'NEW' LIMIT 20;

-- name: line_refund
-- keyed
-- audit: statement.line_refunded id
-- A line out is a refund that was decided (statement_line_refunds). When the money left, and by what it is found, the bank says, unless
-- finance has said so; then the unit is told.
WITH wanted AS MATERIALIZED (
    SELECT l.id AS line, p.id AS refund, l.occurred_at::date AS day, coalesce(nullif(l.serial, ''), '流水' || l.id) AS reference,
           concat_ws('、', '金额相符', CASE WHEN l.serial <> '' AND l.serial = p.paid_back_reference THEN '凭据号相符' END,
                     CASE WHEN l.payer_name = u.unit_name THEN '收款户名是该单位' END) AS evidence
      FROM statement_line l, line_refunds(l) AS f JOIN proposal p ON p.id = f.id JOIN unit u ON u.account_id = p.account_id
     WHERE l.id = :id::bigint AND l.is_out AND l.state = 'NEW' AND p.id = :proposal_id::bigint
       FOR UPDATE OF l, p),
tied AS (
    UPDATE statement_line l SET state = 'ALLOCATED', proposal_id = w.refund, evidence = w.evidence, changed_by = :caller_id::bigint,
           changed_by_name = :caller_name, changed_at = now()
      FROM wanted w WHERE l.id = w.line
    RETURNING l.*),
paid AS (
    UPDATE proposal p SET paid_back_on = w.day, paid_back_reference = w.reference, paid_back_by_name = :caller_name, paid_back_by_line = true
      FROM wanted w WHERE p.id = w.refund AND p.paid_back_on IS NULL
    RETURNING p.*),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'refund.paid', jsonb_build_object('account_id', account_id, 'amount', yuan(amount_fen), 'date', paid_back_on,
               'reference', paid_back_reference)
      FROM paid),
answer AS (
    SELECT t.id, t.kind, t.state, t.occurred_at::text AS occurred_at, t.amount_fen, t.dues_fen, t.payer_name, t.evidence, t.is_out,
           t.proposal_id, u.unit_name AS voucher_unit_name
      FROM tied t JOIN proposal p ON p.id = t.proposal_id JOIN unit u ON u.account_id = p.account_id)
SELECT * FROM answer;

-- name: match_choose
-- Which lines may pay which of the vouchers that wait, told to the two that follow in the same transaction.
WITH chosen AS MATERIALIZED (SELECT * FROM match_chosen())
SELECT set_config('payment.match_lines', coalesce(array_agg(DISTINCT line_id), '{}')::text, true),
       set_config('payment.match_vouchers', coalesce(array_agg(DISTINCT voucher_id), '{}')::text, true),
       set_config('payment.matchable', coalesce(max(matchable), 0)::text, true)
  FROM chosen;

-- name: match_lines
-- Those that may pay one of the vouchers that wait (match_choose).
SELECT id, kind, state, occurred_at::text AS occurred_at, occurred_at::date - date '2000-01-01' AS day, amount_fen, other_fen,
       dues_fen, payer_name, payer_account, serial, remark, wallet, voucher_id, changed_by_name, count(*) OVER () AS found
  FROM statement_line l WHERE id = ANY (current_setting('payment.match_lines')::bigint[])
 ORDER BY state = 'PROPOSED' DESC, occurred_at DESC, id DESC LIMIT 4000;

-- name: match_lines_of_one
-- Those that may pay one voucher, or are of its amount; with words or an amount in mind, those that bear them. The likeliest and
-- nearest come first.
WITH pairs AS MATERIALIZED (SELECT line_id FROM match_pairs(:voucher_id::bigint))
SELECT l.id, l.kind, l.state, l.occurred_at::text AS occurred_at, l.occurred_at::date - date '2000-01-01' AS day, l.amount_fen,
       l.other_fen, l.dues_fen, l.payer_name, l.payer_account, l.serial, l.remark, l.wallet, l.voucher_id, l.changed_by_name,
       count(*) OVER () AS found
  FROM voucher v, statement_line l
 WHERE v.id = :voucher_id::bigint AND NOT l.is_out AND (l.state = 'NEW' OR l.state = 'PROPOSED' AND l.voucher_id = v.id)
   AND CASE WHEN :q::text = '' THEN l.dues_fen = v.paid_fen OR l.id IN (SELECT line_id FROM pairs)
            ELSE l.id IN (SELECT f.id FROM line_found('ALL', :q, :q_fen::bigint, NULL, 0) AS f) END
 ORDER BY l.state = 'PROPOSED' DESC, l.id IN (SELECT line_id FROM pairs) DESC, abs(l.occurred_at::date - v.paid_date), l.id DESC
 LIMIT 1000;

-- name: match_vouchers
-- One, or those that lines may pay (match_choose; it was not asked for one, and then says nothing).
SELECT t.*, v.version, v.paid_date - date '2000-01-01' AS day, v.bank_serial, u.legal_person_name,
       nullif(current_setting('payment.matchable', true), '')::bigint AS matchable,
       (SELECT coalesce(string_agg(b.reference_code, ' '), '') FROM bill b WHERE b.id = ANY (v.bill_ids)) AS codes,
       (SELECT coalesce(string_agg(b.reference_code, ' '), '') FROM bill b
         WHERE b.account_id = v.account_id AND b.id <> ALL (v.bill_ids)) AS own_codes,
       (SELECT coalesce(sum(b.amount_fen - b.paid_fen - b.waived_fen), 0)::bigint FROM bill b WHERE b.id = ANY (v.bill_ids))
           AS owed_fen,
       (SELECT coalesce(string_agg(p.payer_account, ' '), '') FROM learned_payer p WHERE p.account_id = v.account_id) AS accounts,
       (SELECT coalesce(string_agg(b.id || ':' || (b.amount_fen - b.paid_fen - b.waived_fen), ' ' ORDER BY b.year, b.id), '')
          FROM bill b WHERE b.id = ANY (v.bill_ids) AND b.state IN ('OPEN', 'PARTLY_PAID')) AS owed_parts
  FROM voucher v JOIN unit u USING (account_id), voucher_told(v) AS t
 WHERE v.state = 'SUBMITTED'
   AND v.id = ANY (:voucher_id::bigint || coalesce(nullif(current_setting('payment.match_vouchers', true), '')::bigint[], '{}'))
 ORDER BY v.submitted_at, v.id LIMIT 800;

-- name: match_totals
SELECT (SELECT count(*) FROM statement_line WHERE state = 'NEW' AND NOT is_out) AS lines,
       (SELECT count(*) FROM voucher WHERE state = 'SUBMITTED') AS vouchers;

-- name: auto_wanted
-- Does anything confirm itself, and could it be now?
SELECT auto_confirm AND EXISTS (SELECT 1 FROM voucher WHERE state = 'SUBMITTED')
       AND EXISTS (SELECT 1 FROM statement_line WHERE state = 'NEW' AND NOT is_out) AS is_wanted
  FROM dues_policy;

-- name: auto_may
SELECT v.id FROM voucher v WHERE v.id = ANY (:voucher_ids::bigint[]) AND voucher_may_auto(v);

-- name: month_get
-- A closed month as it was signed, and what moved since.
SELECT m.* FROM month_told(:month_first::date) AS m;

-- name: month_lock
-- Who books meanwhile is waited for, and those that come wait (month_open_day).
SELECT pg_advisory_xact_lock(hashtext('payment.month_close'));

-- name: month_close
-- keyed
-- audit: month.closed month
-- What is signed is what was seen: other sums close nothing.
WITH sheet AS MATERIALIZED (SELECT month_sheet(:month_first::date) AS of),
closed AS (
    INSERT INTO month_close (month, sheet, note, closed_by, closed_by_name)
    SELECT :month_first::date, of, :note, :caller_id::bigint, :caller_name FROM sheet
     WHERE (of ->> 'due_fen', of ->> 'confirmed_fen', of ->> 'lines_fen', of ->> 'receipts_fen')
           = (:due_fen::bigint::text, :confirmed_fen::bigint::text, :lines_fen::bigint::text, :receipts_fen::bigint::text)
    RETURNING *),
answer AS (
    SELECT c.month::text AS month, (c.sheet ->> 'confirmed_fen')::bigint AS confirmed_fen, c.closed_by_name, c.closed_at, c.note
      FROM closed c)
SELECT * FROM answer;

-- name: received_period
SELECT :period_first::date::timestamptz AS first_at,
       coalesce((SELECT max(month) FROM month_close) >= :period_first::date + :period_span::interval - interval '1 month', false)
           AS is_closed;

-- name: received_list
-- Payment by payment, as the months' sheets count them; each tells when the last of them changed.
SELECT d.day, d.kind, d.amount_fen, u.unit_name, voucher_years(v) AS years, v.pay_method, v.received_on,
       coalesce(r.receipt_no, '') AS receipt_no, max(greatest(d.changed_at, r.issued_on::timestamptz)) OVER () AS changed_at
  FROM dues_received(:period_first::date, (:period_first::date + :period_span::interval)::date) AS d
  JOIN voucher v ON v.id = d.voucher_id JOIN unit u USING (account_id)
  LEFT JOIN receipt r ON r.voucher_id = v.id AND r.state IN ('ISSUED', 'DELIVERED') AND d.kind = 'CONFIRMED'
 ORDER BY d.day, d.voucher_id, d.kind LIMIT :rows_max::int + 1;
