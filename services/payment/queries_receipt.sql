-- Statements of payment: receipts, from the queue to the unit. Search path: its own schema.

-- name: my_receipt_list
SELECT t.*, receipt_held_address(r.id) AS held_address, t.id || '.0' AS position
  FROM my_receipt_found(:caller_id::bigint, :state::text, :year::int) AS r, receipt_told(r) AS t
 WHERE CASE WHEN :oldest_first::boolean THEN r.id > :cursor_place::bigint ELSE r.id < :cursor_place::bigint END
 ORDER BY CASE WHEN :oldest_first THEN r.id ELSE -r.id END LIMIT :page_size::int + 1;

-- name: my_receipt_total
SELECT count(*) AS total FROM my_receipt_found(:caller_id::bigint, :state::text, :year::int) AS r;

-- name: receipt_correct
-- keyed
-- audit: receipt.corrected id
WITH moved AS (
    UPDATE receipt SET state = 'REQUESTED', version = version + 1, info = :info::jsonb, note = ''
     WHERE id = :id::bigint AND account_id = :caller_id::bigint AND state = 'RETURNED' AND version = :version::int
    RETURNING *),
answer AS (SELECT id, state, voucher_id, amount_fen, info, version FROM moved)
SELECT * FROM answer;

-- name: my_receipt_asked
-- How many e-mails the unit asked for today.
SELECT receipt_mails_asked(:caller_id::bigint) AS asked;

-- name: my_receipt_send
-- keyed
-- audit: receipt.sent id
-- What is held is no row of receipt_mail (receipt_mail_hold).
WITH own AS (
    SELECT r.id, r.account_id FROM receipt r
     WHERE r.id = :id::bigint AND r.account_id = :caller_id::bigint AND r.state IN ('ISSUED', 'DELIVERED')
       AND receipt_mails_asked(r.account_id) < :mails_a_day::int),
mailed AS (
    INSERT INTO receipt_mail (receipt_id, address, asked_by) SELECT id, :receipt_email, 'MEMBER:' || account_id FROM own
    RETURNING *),
told AS (INSERT INTO outbox (event, payload) SELECT 'receipt.resent', receipt_mail_payload(m) FROM mailed m),
answer AS (SELECT id, :receipt_email::text AS mail_address, NOT EXISTS (SELECT 1 FROM mailed) AS held FROM own)
SELECT * FROM answer;

-- name: receipt_send
-- keyed
-- audit: receipt.sent id
WITH chosen AS (
    SELECT r.id, r.info ->> 'receipt_email' AS address FROM receipt r
     WHERE r.id = ANY (:ids::bigint[]) AND r.state IN ('ISSUED', 'DELIVERED')),
mailed AS (
    INSERT INTO receipt_mail (receipt_id, address, asked_by)
    SELECT id, address, 'STAFF:' || :caller_id::bigint FROM chosen WHERE address <> '' ORDER BY id
    RETURNING *),
told AS (INSERT INTO outbox (event, payload) SELECT 'receipt.resent', receipt_mail_payload(m) FROM mailed m),
answer AS (
    SELECT id, coalesce(address, '') AS mail_address, address <> '' AND id NOT IN (SELECT receipt_id FROM mailed) AS held FROM chosen)
SELECT * FROM answer;

-- name: receipt_mail_told
UPDATE receipt_mail SET state = :mail_state::text, told_at = now() WHERE id = :mail_id::bigint AND state = 'QUEUED';

-- name: reissue_ask
-- keyed
-- audit: receipt.reissue_asked id
WITH moved AS (
    UPDATE receipt r SET version = r.version + 1, reissue_reason = :reason, reissue_info = :info::jsonb
     WHERE r.id = :id::bigint AND r.account_id = :caller_id::bigint AND r.version = :version::int AND receipt_may_reissue(r)
    RETURNING r.*),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'receipt.reissue_asked', jsonb_build_object('receipt_id', m.id, 'unit_name', u.unit_name, 'reason', m.reissue_reason)
      FROM moved m JOIN unit u USING (account_id)),
answer AS (SELECT id, state, voucher_id, amount_fen, reissue_reason, version FROM moved)
SELECT * FROM answer;

-- name: reissue_decline
-- keyed
-- audit: receipt.reissue_declined id
WITH moved AS (
    UPDATE receipt SET version = version + 1, reissue_reason = '', reissue_info = NULL, note = :reason
     WHERE id = :id::bigint AND version = :version::int AND reissue_reason <> '' AND state IN ('ISSUED', 'DELIVERED')
    RETURNING *),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'receipt.reissue_declined', jsonb_build_object('account_id', account_id, 'receipt_id', id, 'reason', note) FROM moved),
answer AS (SELECT id, state, voucher_id, amount_fen, note, version FROM moved)
SELECT * FROM answer;

-- name: receipt_list
SELECT t.*, receipt_held_address(r.id) AS held_address,
       r.info ->> 'receipt_email' <> '' AND NOT mailbox_is_verified(r.account_id, r.info ->> 'receipt_email') AS mail_unverified,
       (extract(epoch FROM r.requested_at) * 1000000)::bigint || '.' || r.id AS position
  FROM receipt_found(:view::text, :year::int, :q::text) AS r, receipt_told(r) AS t
 WHERE CASE WHEN :oldest_first::boolean
            THEN (r.requested_at, r.id) > (to_timestamp(:cursor_place::bigint / 1000000.0), :cursor_id::bigint)
            ELSE (r.requested_at, r.id) < (to_timestamp(:cursor_place::bigint / 1000000.0), :cursor_id::bigint) END
 ORDER BY CASE WHEN :oldest_first THEN r.id ELSE -r.id END LIMIT :page_size::int + 1;

-- name: receipt_total
SELECT count(*) AS total FROM receipt_found(:view::text, :year::int, :q::text) AS r;

-- name: receipt_state
SELECT state, version = :version::int AS is_same, amount_fen FROM receipt WHERE id = :id::bigint;

-- name: receipt_issue
-- keyed
-- audit: receipt.issued id
-- Its amount is the money's; its file was taken here.
WITH moved AS (
    UPDATE receipt r SET state = 'ISSUED', version = r.version + 1, receipt_no = :receipt_no, receipt_code = :receipt_code,
           check_code = :check_code, issued_on = :issued_on::date, file_id = :file_id, issued_by = :caller_id::bigint,
           issued_by_name = :caller_name
     WHERE r.id = :id::bigint AND r.version = :version::int AND r.state = 'REQUESTED' AND r.amount_fen = :amount_fen::bigint
       AND :issued_on::date <= current_date
       AND EXISTS (SELECT 1 FROM attachment a WHERE a.id = :file_id AND a.purpose = 'receipt')
    RETURNING r.*),
mailed AS (
    INSERT INTO receipt_mail (receipt_id, address, asked_by)
    SELECT id, info ->> 'receipt_email', 'STAFF:' || :caller_id::bigint FROM moved WHERE info ->> 'receipt_email' <> ''
    RETURNING *),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'receipt.issued', jsonb_build_object('account_id', m.account_id, 'receipt_id', m.id, 'tail', right(m.receipt_no, 4),
               'year', (SELECT voucher_years(v) FROM voucher v WHERE v.id = m.voucher_id), 'mail_address', a.address,
               'mail_file_id', m.file_id, 'mail_id', a.id)
      FROM moved m LEFT JOIN mailed a ON a.receipt_id = m.id),
answer AS (SELECT id, state, voucher_id, amount_fen, receipt_no, issued_on, file_id, version FROM moved)
SELECT * FROM answer;

-- name: receipt_return
-- keyed
-- audit: receipt.returned id
WITH moved AS (
    UPDATE receipt SET state = 'RETURNED', version = version + 1, note = :reason
     WHERE id = :id::bigint AND version = :version::int AND state = 'REQUESTED'
    RETURNING *),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'receipt.returned', jsonb_build_object('account_id', account_id, 'receipt_id', id, 'reason', note) FROM moved),
answer AS (SELECT id, state, voucher_id, amount_fen, note, version FROM moved)
SELECT * FROM answer;

-- name: receipt_void
-- keyed
-- audit: receipt.void id
-- The void one stays; another takes its place and is to be issued (receipt_replace).
WITH moved AS (
    UPDATE receipt SET state = 'VOID', version = version + 1, note = :reason, reissue_reason = '', reissue_info = NULL
     WHERE id = :id::bigint AND version = :version::int AND state IN ('ISSUED', 'DELIVERED')
    RETURNING *),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'receipt.voided', jsonb_build_object('account_id', m.account_id, 'receipt_id', m.id, 'tail', right(m.receipt_no, 4),
               'year', (SELECT voucher_years(v) FROM voucher v WHERE v.id = m.voucher_id), 'reason', m.note)
      FROM moved m),
answer AS (SELECT id, state, voucher_id, amount_fen, note, version FROM moved)
SELECT * FROM answer;
