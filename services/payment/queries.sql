-- Statements of payment. Search path: its own schema.

-- name: fee_list
-- Of each post the row in force today.
SELECT association_post, association_post_name, amount_fen, valid_from::text AS valid_from
  FROM (SELECT DISTINCT ON (association_post) * FROM fee_schedule
         WHERE valid_from <= now()::date ORDER BY association_post, valid_from DESC) AS current
 ORDER BY place;

-- name: fee_save
-- keyed
-- audit: fee.saved object
-- A new row of a post there is, from a day to come: what was billed keeps its fee.
WITH answer AS (
    INSERT INTO fee_schedule (association_post, association_post_name, amount_fen, valid_from, place)
    SELECT f.association_post, f.association_post_name, :amount_fen::bigint, :valid_from::date, f.place
      FROM fee_of(:association_post::text, 'infinity') AS f WHERE f.association_post IS NOT NULL
    RETURNING association_post, association_post_name, amount_fen, valid_from::text AS valid_from,
              association_post || '/' || valid_from AS object)
SELECT * FROM answer;

-- name: policy_get
SELECT term_mode, grace_days, second_over_fen, array_to_json(reminder_days) AS reminder_days, member_no_pattern, term_start,
       rollover_from, version, changed_by_name, changed_at
  FROM dues_policy;

-- name: policy_save
-- keyed
-- audit: dues.policy_changed term_mode
WITH answer AS (
    UPDATE dues_policy SET term_mode = :term_mode::text, grace_days = :grace_days::int,
           second_over_fen = :second_over_fen::bigint, version = version + 1, member_no_pattern = coalesce(nullif(:member_no_pattern::text, ''), member_no_pattern),
           term_start = coalesce(nullif(:term_start::text, 'TERM_START_UNSPECIFIED'), term_start), rollover_from = :rollover_from::text,
           reminder_days = (SELECT coalesce(array_agg(DISTINCT day ORDER BY day), '{}') FROM unnest(:reminder_days::int[]) AS day),
           changed_by_name = :caller_name, changed_at = now()
     WHERE version = :version::int
    RETURNING term_mode, grace_days, second_over_fen, array_to_json(reminder_days) AS reminder_days, member_no_pattern,
              term_start, rollover_from, version, changed_by_name, changed_at)
SELECT * FROM answer;

-- ---- files

-- name: attachment_room
-- What somebody has stored (the quota), before more is taken. Receipts are the association's: as many as there are.
SELECT count(*) AS files, coalesce(sum(size_bytes), 0) AS bytes FROM attachment
 WHERE account_id = :caller_id::bigint AND purpose = 'voucher_files' AND :caller_kind::text = 'MEMBER';

-- name: attachment_insert
INSERT INTO attachment (id, account_id, purpose, file_name, content_type, size_bytes, width, height, content_hash,
                        thumbnail_bytes)
VALUES (:attachment_id, :caller_id, :purpose, :file_name, :content_type, :clean_bytes::int, :width::int, :height::int,
        :content_hash, :thumbnail_bytes::int)
RETURNING id, file_name, content_type, size_bytes, width, height, created_at;

-- name: attachment_find
-- A unit its own vouchers, and the receipts made out to it; staff what their work needs.
SELECT id, account_id, file_name, content_type, size_bytes, thumbnail_bytes FROM attachment a
 WHERE id = :id::text
   AND CASE WHEN :caller_kind::text = 'STAFF'
            THEN '{voucher.review,voucher.reverse.confirm}' && :caller_permissions::text[]
                 OR a.purpose = 'receipt' AND 'receipt.issue' = ANY (:caller_permissions::text[])
                 OR a.purpose = 'association_picture' AND 'dues.read' = ANY (:caller_permissions::text[])
            ELSE a.purpose = 'voucher_files' AND account_id = :caller_id::bigint
                 OR EXISTS (SELECT 1 FROM receipt r WHERE r.file_id = a.id AND r.account_id = :caller_id::bigint
                               AND r.state IN ('ISSUED', 'DELIVERED')) END;

-- name: receipt_file_find
-- An issued one, by its file.
SELECT id, account_id, file_name, content_type, size_bytes, thumbnail_bytes FROM attachment a
 WHERE id = :id::text AND a.purpose = 'receipt'
   AND EXISTS (SELECT 1 FROM receipt r WHERE r.file_id = a.id AND r.state IN ('ISSUED', 'DELIVERED'));

-- name: receipt_fetched
UPDATE receipt SET fetched_at = now(), state = 'DELIVERED'
 WHERE file_id = :file_id::text AND account_id = :account_id::bigint AND state IN ('ISSUED', 'DELIVERED') AND fetched_at IS NULL;

-- name: collection_code_find
SELECT a.id, a.account_id, a.file_name, a.content_type, a.size_bytes, a.thumbnail_bytes
  FROM association_picture p JOIN attachment a ON a.id = p.file_id WHERE p.kind = 'COLLECTION_CODE';

-- name: picture_list
SELECT kind, coalesce(file_id, '') AS file_id, version, changed_by_name, changed_at FROM association_picture ORDER BY kind;

-- name: picture_set
-- keyed
-- audit: association.picture_set kind
-- Who pays by the code pays to whom it says: only what was uploaded for it, and only over what was read.
WITH wanted AS (
    SELECT :kind::text AS kind, nullif(:file_id::text, '') AS file_id
     WHERE :file_id::text = '' OR EXISTS (SELECT 1 FROM attachment a WHERE a.id = :file_id AND a.purpose = 'association_picture'
                                             AND a.width > 0)),
changed AS (
    UPDATE association_picture p SET file_id = w.file_id, version = p.version + 1, changed_by = :caller_id::bigint,
           changed_by_name = :caller_name, changed_at = now()
      FROM wanted w WHERE p.kind = w.kind AND p.version = :version::int
    RETURNING p.*),
first AS (
    INSERT INTO association_picture (kind, file_id, changed_by, changed_by_name)
    SELECT w.kind, w.file_id, :caller_id::bigint, :caller_name FROM wanted w WHERE :version::int = 0
    ON CONFLICT DO NOTHING
    RETURNING *),
answer AS (
    SELECT kind, coalesce(file_id, '') AS file_id, version, changed_by_name, changed_at
      FROM (SELECT * FROM changed UNION ALL SELECT * FROM first) AS done)
SELECT * FROM answer;

-- name: attachment_look
-- A member of staff opened somebody's file.
INSERT INTO audit (actor_kind, actor_id, session, action, object, request_id)
VALUES (:caller_kind, :caller_id, :caller_session, 'attachment.read', :id, :request_id);

-- ---- units, as certification tells of them

-- name: unit_tell
-- Events may overtake each other: what is older than what is known changes nothing; what was taken back stays so.
INSERT INTO unit (account_id, version, certified, unit_name, uscc, association_post, legal_person_name)
VALUES (:account_id::bigint, :unit_version::int, :certified::boolean, :unit_name::text, :uscc::text, :association_post::text,
        :legal_person_name::text)
ON CONFLICT (account_id) DO UPDATE
   SET version = excluded.version, certified = excluded.certified, unit_name = excluded.unit_name, uscc = excluded.uscc,
       association_post = excluded.association_post, legal_person_name = excluded.legal_person_name, changed_at = now()
 WHERE excluded.version > unit.version OR excluded.version = unit.version AND NOT excluded.certified;

-- name: bill_make_first
-- With the certification comes the first bill.
INSERT INTO bill (account_id, year, association_post, association_post_name, amount_fen, reference_code, due_on)
SELECT u.account_id, year, f.association_post, f.association_post_name, f.amount_fen, :reference_code::text, current_date + 30
  FROM unit u, bill_due_year(u.account_id, current_date) AS year, fee_of(u.association_post, current_date) AS f
 WHERE u.account_id = :account_id::bigint AND year IS NOT NULL AND f.amount_fen IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM membership m WHERE m.account_id = u.account_id);

-- ---- the unit's own

-- name: dues_get
SELECT u.certified, u.unit_name, u.uscc,
       (SELECT association_post_name FROM fee_of(u.association_post, current_date)) AS association_post_name,
       status_json(member_status(u.account_id, current_date)) AS status, bills_json(u.account_id) AS bills,
       terms_json(u.account_id) AS terms, u.credit_fen,
       coalesce((SELECT v.receipt_info FROM voucher v WHERE v.account_id = u.account_id ORDER BY v.id DESC LIMIT 1),
                jsonb_build_object('receipt_title', u.unit_name, 'receipt_tax_id', u.uscc)) AS receipt_info,
       coalesce((SELECT max(v.id) FROM voucher v WHERE v.account_id = u.account_id AND v.state = 'SUBMITTED'
                    AND v.recorder LIKE 'MEMBER:%'), 0) AS waiting_voucher_id,
       coalesce((SELECT l.id FROM (SELECT id, state FROM voucher v WHERE v.account_id = u.account_id AND v.recorder LIKE 'MEMBER:%'
                                    ORDER BY id DESC LIMIT 1) AS l
                  WHERE l.state = 'REJECTED'), 0) AS rejected_voucher_id,
       coalesce((SELECT sum(v.paid_fen) FROM voucher v WHERE v.account_id = u.account_id AND v.state = 'SUBMITTED'
                    AND v.recorder LIKE 'STAFF:%'), 0)::bigint AS recorded_fen,
       EXISTS (SELECT 1 FROM bill b WHERE b.account_id = u.account_id AND bill_waits(b)) AS settled_waits,
       coalesce((SELECT max(r.id) FROM receipt r WHERE r.account_id = u.account_id AND r.state = 'RETURNED'), 0)
           AS returned_receipt_id,
       bill_due_year(u.account_id, current_date) IS NOT NULL AS may_request_bill,
       (SELECT to_jsonb(p) - 'one' || jsonb_build_object('has_collection_code', EXISTS (
            SELECT 1 FROM association_picture WHERE kind = 'COLLECTION_CODE' AND file_id IS NOT NULL)) FROM payee p) AS payee
  FROM unit u WHERE u.account_id = :caller_id::bigint;

-- name: bill_request
-- keyed
-- audit: bill.requested id
WITH made AS (
    INSERT INTO bill (account_id, year, association_post, association_post_name, amount_fen, reference_code, due_on)
    SELECT u.account_id, year, f.association_post, f.association_post_name, f.amount_fen, :reference_code::text,
           greatest(current_date + 30, member_last_day(u.account_id))
      FROM unit u, bill_due_year(u.account_id, current_date) AS year, fee_of(u.association_post, current_date) AS f
     WHERE u.account_id = :caller_id::bigint AND year IS NOT NULL AND f.amount_fen IS NOT NULL
    RETURNING *),
answer AS (
    SELECT id, year, state, association_post, association_post_name, amount_fen, paid_fen, reference_code, due_on FROM made)
SELECT * FROM answer;

-- name: voucher_explain
-- Why a voucher that is about to be handed in is refused.
SELECT (SELECT count(*) FROM bill WHERE id = ANY (:bill_ids::bigint[]) AND account_id = :caller_id::bigint
           AND state IN ('OPEN', 'PARTLY_PAID')) AS open_bills,
       (SELECT count(*) FROM attachment WHERE id = ANY (:voucher_files::text[]) AND account_id = :caller_id::bigint
           AND purpose = 'voucher_files') AS own_files,
       (SELECT count(*) FROM voucher v WHERE v.file_ids && :voucher_files::text[] AND v.state IN ('SUBMITTED', 'CONFIRMED'))
           AS used_files,
       :paid_date::date > current_date AS in_future, :paid_date::date < current_date - 400 AS too_old;

-- name: voucher_submit
-- keyed
-- audit: voucher.submitted id
-- Any rule broken meanwhile: no row, nobody told.
WITH made AS (
    INSERT INTO voucher (account_id, recorder, pay_method, paid_fen, paid_date, payer_name, payer_account_tail, bank_serial,
                         remark, file_ids, bill_ids, receipt_info)
    SELECT u.account_id, 'MEMBER:' || u.account_id, :pay_method::text, :paid_fen::bigint, :paid_date::date, :payer_name,
           :payer_account_tail, :bank_serial, :remark, :voucher_files::text[], :bill_ids::bigint[], :receipt_info::jsonb
      FROM unit u
     WHERE u.account_id = :caller_id::bigint AND :paid_date::date BETWEEN current_date - 400 AND current_date
       AND (SELECT count(*) FROM bill b WHERE b.id = ANY (:bill_ids::bigint[]) AND b.account_id = u.account_id
               AND b.state IN ('OPEN', 'PARTLY_PAID')) = cardinality(:bill_ids::bigint[])
       AND (SELECT count(*) FROM attachment a WHERE a.id = ANY (:voucher_files::text[]) AND a.account_id = u.account_id
               AND a.purpose = 'voucher_files') = cardinality(:voucher_files::text[])
       AND NOT EXISTS (SELECT 1 FROM voucher v WHERE v.file_ids && :voucher_files::text[]
                          AND v.state IN ('SUBMITTED', 'CONFIRMED'))
    RETURNING *),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'voucher.submitted', jsonb_build_object('account_id', m.account_id, 'voucher_id', m.id, 'amount', yuan(m.paid_fen),
               'unit_name', u.unit_name)
      FROM made m JOIN unit u USING (account_id)),
answer AS (
    SELECT m.id, m.state, u.unit_name, years_of(m.bill_ids) AS years, m.pay_method, m.paid_fen, m.paid_date, m.submitted_at,
           m.payer_name, m.account_id
      FROM made m JOIN unit u USING (account_id))
SELECT * FROM answer;

-- name: voucher_withdraw
-- keyed
-- audit: voucher.withdrawn id
WITH moved AS (
    UPDATE voucher SET state = 'WITHDRAWN', version = version + 1, decided_at = now()
     WHERE id = :id::bigint AND account_id = :caller_id::bigint AND state = 'SUBMITTED' AND first_by IS NULL
       AND recorder = 'MEMBER:' || account_id
    RETURNING *),
answer AS (SELECT m.id, m.state, m.account_id, m.paid_fen, m.pay_method FROM moved m)
SELECT * FROM answer;

-- name: my_voucher_list
SELECT t.*, t.id || '.0' AS position,
       (SELECT r.file_id FROM receipt r WHERE r.voucher_id = v.id AND r.state IN ('ISSUED', 'DELIVERED')) AS receipt_file_id
  FROM voucher v, voucher_told(v) AS t
 WHERE v.account_id = :caller_id::bigint AND (:state::text = 'UNSPECIFIED' OR v.state = :state)
   AND (:year::int = 0 OR :year::text = ANY (string_to_array(t.years, '、')))
   AND v.id < :cursor_place::bigint
 ORDER BY v.id DESC LIMIT :page_size::int + 1;

-- name: my_voucher_total
SELECT count(*) AS total FROM voucher v
 WHERE v.account_id = :caller_id::bigint AND (:state::text = 'UNSPECIFIED' OR v.state = :state)
   AND (:year::int = 0 OR :year::text = ANY (string_to_array(voucher_years(v), '、')));

-- name: voucher_get
-- The unit's own without what is for staff only, or anyone's for finance.
SELECT to_jsonb(voucher_told(v)) AS item, v.version, u.uscc, v.payer_account_tail, v.bank_serial, v.remark,
       attachments_json(v.file_ids) AS files, v.receipt_info,
       (SELECT jsonb_agg(bill_json(b) ORDER BY b.year) FROM bill b WHERE b.id = ANY (v.bill_ids)) AS bills,
       CASE WHEN :caller_kind = 'STAFF' THEN
           (SELECT jsonb_agg(bill_json(b) ORDER BY b.year) FROM bill b
             WHERE b.account_id = v.account_id AND b.state IN ('OPEN', 'PARTLY_PAID') AND b.id <> ALL (v.bill_ids)) END
           AS other_bills,
       (SELECT jsonb_agg(jsonb_build_object('bill_id', a.bill_id, 'year', b.year, 'amount_fen', a.amount_fen,
                             'unit_name', bu.unit_name) ORDER BY b.year, b.id)
          FROM voucher_allocation a JOIN bill b ON b.id = a.bill_id JOIN unit bu ON bu.account_id = b.account_id
         WHERE a.voucher_id = v.id) AS allocations,
       CASE WHEN :caller_kind = 'STAFF' AND v.state = 'SUBMITTED' AND v.first_by IS NOT NULL THEN
           jsonb_build_object('confirmed_fen', v.confirmed_fen, 'received_on', v.received_on, 'line_ids', v.first_line_ids,
               'evidence', v.first_evidence, 'by_name', v.first_by_name, 'at', v.first_at, 'parts',
               (SELECT jsonb_agg(jsonb_build_object('bill_id', l.bill_id, 'year', b.year, 'amount_fen', l.amount_fen,
                                     'unit_name', bu.unit_name) ORDER BY b.year, b.id)
                  FROM jsonb_to_recordset(v.first_laid) AS l(bill_id bigint, amount_fen bigint)
                  JOIN bill b ON b.id = l.bill_id JOIN unit bu ON bu.account_id = b.account_id),
               'lines', (SELECT jsonb_agg(jsonb_build_object('id', l.id, 'occurred_at', l.occurred_at::text, 'amount_fen', l.amount_fen,
                                              'payer_name', l.payer_name, 'remark', l.remark) ORDER BY l.id)
                           FROM statement_line l WHERE l.id = ANY (v.first_line_ids))) END AS first,
       (SELECT jsonb_agg(jsonb_build_object('amount_fen', t.amount_fen, 'decided_at', p.decided_at, 'paid_back_on', p.paid_back_on,
                             'paid_back_reference', p.paid_back_reference) ORDER BY t.id)
          FROM transfer t JOIN proposal p ON p.id = t.proposal_id AND p.kind = 'REFUND' WHERE t.voucher_id = v.id) AS refunds,
       (SELECT jsonb_agg(jsonb_build_object('code', code, 'text', text, 'advice', advice) ORDER BY code)
          FROM voucher_reason WHERE code = ANY (v.reason_codes)) AS reasons,
       v.message_to_payer, CASE WHEN :caller_kind = 'STAFF' THEN v.internal_note END AS internal_note,
       CASE WHEN :caller_kind = 'STAFF' THEN v.first_by_name END AS first_by_name,
       coalesce(:caller_kind = 'STAFF' AND v.first_by = :caller_id::bigint, false) AS first_by_me,
       CASE WHEN :caller_kind = 'STAFF' THEN v.decided_by_name END AS decided_by_name,
       CASE WHEN :caller_kind = 'STAFF' THEN voucher_warnings(v) END AS warnings,
       status_json(member_status(v.account_id, current_date)) AS status,
       (SELECT r.state FROM receipt r WHERE r.voucher_id = v.id ORDER BY r.id DESC LIMIT 1) AS receipt_state,
       v.recorded_by_name
  FROM voucher v JOIN unit u USING (account_id)
 WHERE v.id = :id::bigint AND (:caller_kind = 'STAFF' OR v.account_id = :caller_id::bigint);

-- ---- finance

-- name: voucher_counts
SELECT count(*) FILTER (WHERE state = 'SUBMITTED') AS waiting,
       count(*) FILTER (WHERE state = 'SUBMITTED' AND first_by IS NOT NULL) AS second,
       count(*) FILTER (WHERE decided_at >= current_date AND state <> 'WITHDRAWN') AS decided_today,
       coalesce(sum(confirmed_fen) FILTER (WHERE decided_at >= current_date AND state = 'CONFIRMED'), 0)::bigint
           AS confirmed_today_fen,
       min(submitted_at) FILTER (WHERE state = 'SUBMITTED') AS oldest_submitted_at
  FROM voucher WHERE state = 'SUBMITTED' OR decided_at >= current_date;

-- name: voucher_list_oldest
SELECT t.*, (extract(epoch FROM v.submitted_at) * 1000000)::bigint || '.' || v.id AS position
  FROM voucher_found(:view::text, :pay_method::text, :q::text) AS v, voucher_told(v) AS t
 WHERE (v.submitted_at, v.id) > (to_timestamp(:cursor_place::bigint / 1000000.0), :cursor_id::bigint)
 ORDER BY v.submitted_at, v.id LIMIT :page_size::int + 1;

-- name: voucher_list_newest
SELECT t.*, (extract(epoch FROM v.submitted_at) * 1000000)::bigint || '.' || v.id AS position
  FROM voucher_found(:view::text, :pay_method::text, :q::text) AS v, voucher_told(v) AS t
 WHERE (v.submitted_at, v.id) < (to_timestamp(:cursor_place::bigint / 1000000.0), :cursor_id::bigint)
 ORDER BY v.submitted_at DESC, v.id DESC LIMIT :page_size::int + 1;

-- name: voucher_total
SELECT count(*) AS total FROM voucher_found(:view::text, :pay_method::text, :q::text) AS v;

-- name: voucher_decide
-- keyed
-- audit: voucher.decided id
-- Only the version that was read, only lines that nobody else takes at the same moment. A confirmation that takes two waits
-- for the second person: the same figures post it, others make that person the first, RETURN gives it back.
-- The posting, the receipt and the renewal follow from the confirmed row (voucher_post, renewals_open).
WITH laid AS (
    SELECT bill_id, round(amount::numeric * 100)::bigint AS amount_fen
      FROM jsonb_to_recordset(:allocations::jsonb) AS a(bill_id bigint, amount text)),
free AS MATERIALIZED (
    SELECT id FROM statement_line
     WHERE id = ANY (:bank_line_ids::bigint[]) AND (state = 'NEW' OR state = 'PROPOSED' AND voucher_id = :id::bigint)
     ORDER BY id FOR UPDATE),
wanted AS (
    SELECT (SELECT coalesce(jsonb_agg(jsonb_build_object('bill_id', bill_id, 'amount_fen', amount_fen) ORDER BY bill_id), '[]')
              FROM laid) AS parts,
           (SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM free) AS line_ids),
chosen AS MATERIALIZED (
    SELECT v.id, CASE WHEN :verdict::text = 'REJECT' THEN 'REJECTED'
                      WHEN :verdict = 'RETURN' THEN 'SUBMITTED'
                      WHEN v.first_by IS NULL AND NOT voucher_needs_second(:confirmed_fen::bigint) THEN 'CONFIRMED'
                      WHEN v.first_by IS NOT NULL AND v.confirmed_fen = :confirmed_fen AND v.received_on = :received_date::date
                           AND v.first_laid = w.parts AND v.first_line_ids = w.line_ids THEN 'CONFIRMED'
                      ELSE 'SUBMITTED' END AS state
      FROM voucher v, wanted w
     WHERE v.id = :id::bigint AND v.version = :version::int AND v.state = 'SUBMITTED'
       AND CASE :verdict WHEN 'REJECT' THEN true WHEN 'RETURN' THEN v.first_by <> :caller_id::bigint
                ELSE (v.first_by IS NULL OR v.first_by <> :caller_id::bigint)
                     AND v.recorder <> 'STAFF:' || :caller_id::bigint AND :received_date::date <= current_date END
       AND NOT EXISTS (SELECT 1 FROM unnest(:reason_codes::text[]) AS wanted(code)
                        WHERE NOT EXISTS (SELECT 1 FROM voucher_reason x WHERE x.code = wanted.code AND x.enabled))
       AND NOT EXISTS (SELECT 1 FROM laid WHERE NOT EXISTS (SELECT 1 FROM bill b WHERE b.id = laid.bill_id AND b.state <> 'CANCELLED'))
       AND cardinality(w.line_ids) = cardinality(:bank_line_ids::bigint[])
       FOR UPDATE OF v),
placed AS (
    INSERT INTO voucher_allocation (voucher_id, bill_id, amount_fen)
    SELECT c.id, l.bill_id, l.amount_fen FROM chosen c, laid l WHERE c.state = 'CONFIRMED'),
linked AS (
    UPDATE statement_line l SET state = CASE c.state WHEN 'CONFIRMED' THEN 'ALLOCATED' ELSE 'PROPOSED' END, voucher_id = c.id,
           evidence = CASE c.state WHEN 'CONFIRMED' THEN coalesce(nullif(v.first_evidence, ''), :evidence) ELSE :evidence END,
           changed_by = :caller_id::bigint, changed_by_name = :caller_name, changed_at = now()
      FROM chosen c JOIN voucher v USING (id), free f WHERE :verdict = 'CONFIRM' AND l.id = f.id),
changed AS (
    UPDATE voucher v SET state = c.state, version = v.version + 1,
           first_by = CASE c.state WHEN 'SUBMITTED' THEN f.caller ELSE v.first_by END,
           first_by_name = CASE c.state WHEN 'SUBMITTED' THEN f.caller_name ELSE v.first_by_name END,
           first_at = CASE c.state WHEN 'SUBMITTED' THEN f.at ELSE v.first_at END,
           first_laid = CASE c.state WHEN 'SUBMITTED' THEN f.parts ELSE v.first_laid END,
           first_line_ids = CASE c.state WHEN 'SUBMITTED' THEN f.line_ids ELSE v.first_line_ids END,
           first_evidence = CASE c.state WHEN 'SUBMITTED' THEN f.evidence ELSE v.first_evidence END,
           confirmed_fen = CASE WHEN :verdict = 'CONFIRM' THEN :confirmed_fen::bigint END,
           received_on = CASE WHEN :verdict = 'CONFIRM' THEN :received_date::date END,
           reason_codes = :reason_codes::text[], message_to_payer = :message_to_payer,
           internal_note = CASE WHEN :internal_note = '' THEN v.internal_note
               ELSE trim(E'\n' FROM v.internal_note || E'\n' || :caller_name || '：' || :internal_note) END,
           decided_by = CASE WHEN c.state <> 'SUBMITTED' THEN :caller_id::bigint END,
           decided_by_name = CASE WHEN c.state <> 'SUBMITTED' THEN :caller_name ELSE '' END,
           decided_at = CASE WHEN c.state <> 'SUBMITTED' THEN now() END
      FROM chosen c, wanted w,
           LATERAL (SELECT CASE :verdict WHEN 'CONFIRM' THEN :caller_id::bigint END AS caller,
                           CASE :verdict WHEN 'CONFIRM' THEN :caller_name ELSE '' END AS caller_name,
                           CASE :verdict WHEN 'CONFIRM' THEN now() END AS at, CASE :verdict WHEN 'CONFIRM' THEN w.parts END AS parts,
                           CASE :verdict WHEN 'CONFIRM' THEN w.line_ids ELSE '{}' END AS line_ids,
                           CASE :verdict WHEN 'CONFIRM' THEN :evidence ELSE '' END AS evidence) AS f
     WHERE v.id = c.id
    RETURNING v.*),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT CASE state WHEN 'CONFIRMED' THEN 'voucher.confirmed' ELSE 'voucher.rejected' END,
           jsonb_build_object('account_id', account_id, 'voucher_id', id, 'amount', yuan(coalesce(confirmed_fen, paid_fen)),
               'year', years_of(coalesce((SELECT array_agg(bill_id) FROM laid), bill_ids)),
               'reason', coalesce((SELECT string_agg(text, '、' ORDER BY code) FROM voucher_reason
                                    WHERE code = ANY (reason_codes)), message_to_payer),
               'message', message_to_payer,
               'advice', (SELECT coalesce(string_agg(advice, E'\n' ORDER BY code), '') FROM voucher_reason
                           WHERE code = ANY (reason_codes)))
      FROM changed WHERE state <> 'SUBMITTED'
    UNION ALL
    SELECT CASE WHEN c.first_by IS NULL THEN 'voucher.sent_back' ELSE 'voucher.second' END,
           jsonb_build_object('voucher_id', c.id, 'unit_name', u.unit_name, 'amount', yuan(coalesce(c.confirmed_fen, c.paid_fen)),
               'by_name', :caller_name::text, 'note', :internal_note::text)
      FROM changed c JOIN unit u USING (account_id) WHERE c.state = 'SUBMITTED'),
answer AS (
    SELECT c.id, c.state, c.first_by IS NOT NULL AND c.state = 'SUBMITTED' AS second,
           coalesce((SELECT v.id FROM voucher v
                      WHERE v.state = 'SUBMITTED' AND v.id <> c.id AND (v.first_by IS NULL OR v.first_by <> :caller_id::bigint)
                      ORDER BY v.submitted_at, v.id LIMIT 1), 0) AS next_id
      FROM changed c)
SELECT * FROM answer;

-- name: voucher_state
-- Why it was not decided, as it is now: somebody else may just have done it.
SELECT state, state = 'SUBMITTED' AS is_open, version = :version::int AS is_same,
       first_by = :caller_id::bigint OR recorder = 'STAFF:' || :caller_id::bigint AS is_own,
       (SELECT count(*) FROM unnest(:reason_codes::text[]) AS wanted(code)
         WHERE NOT EXISTS (SELECT 1 FROM voucher_reason x WHERE x.code = wanted.code AND x.enabled)) AS unknown_reasons,
       (SELECT count(*) FROM statement_line l WHERE l.id = ANY (:bank_line_ids::bigint[])
           AND (l.state = 'NEW' OR l.state = 'PROPOSED' AND l.voucher_id = :id))
           = cardinality(:bank_line_ids::bigint[]) AS lines_are_free,
       (SELECT count(*) FROM jsonb_to_recordset(:allocations::jsonb) AS a(bill_id bigint)
         WHERE NOT EXISTS (SELECT 1 FROM bill b WHERE b.id = a.bill_id AND b.state <> 'CANCELLED')) AS unknown_bills,
       first_by IS NOT NULL AS is_second
  FROM voucher WHERE id = :id::bigint;

-- name: payment_record
-- keyed
-- audit: voucher.recorded id
-- By staff: it waits for another of them. For a line of the bank: what came is what the bank says, and the line is taken.
WITH line AS MATERIALIZED (
    SELECT * FROM statement_line WHERE id = :bank_line_id::bigint AND state = 'NEW' FOR UPDATE),
made AS (
    INSERT INTO voucher (account_id, recorder, recorded_by_name, pay_method, paid_fen, paid_date, payer_name, bank_serial,
                         remark, bill_ids, receipt_info)
    SELECT u.account_id, 'STAFF:' || :caller_id::bigint, :caller_name, :pay_method::text, coalesce(l.dues_fen, :paid_fen::bigint),
           coalesce(l.occurred_at::date, :paid_date::date), :payer_name, CASE WHEN l.id IS NULL THEN :bank_serial ELSE '' END,
           :remark,
           coalesce((SELECT array_agg(b.id ORDER BY b.year) FROM bill b
                      WHERE b.account_id = u.account_id AND b.state IN ('OPEN', 'PARTLY_PAID')), '{}'),
           coalesce((SELECT v.receipt_info FROM voucher v WHERE v.account_id = u.account_id ORDER BY v.id DESC LIMIT 1),
                    jsonb_build_object('receipt_title', u.unit_name, 'receipt_tax_id', u.uscc))
      FROM unit u LEFT JOIN line l ON true
     WHERE u.account_id = :account_id::bigint
       AND CASE WHEN :bank_line_id::bigint = 0 THEN :paid_date::date BETWEEN current_date - 400 AND current_date
                ELSE l.id IS NOT NULL END
    RETURNING *),
tied AS (
    UPDATE statement_line s SET state = 'PROPOSED', voucher_id = m.id, evidence = '由财务认领', changed_by = :caller_id::bigint,
           changed_by_name = :caller_name, changed_at = now()
      FROM made m, line l WHERE s.id = l.id),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'voucher.recorded', jsonb_build_object('account_id', m.account_id, 'voucher_id', m.id, 'amount', yuan(m.paid_fen),
               'unit_name', u.unit_name, 'by_name', m.recorded_by_name)
      FROM made m JOIN unit u USING (account_id)),
answer AS (
    SELECT m.id, m.state, u.unit_name, years_of(m.bill_ids) AS years, m.pay_method, m.paid_fen, m.paid_date, m.submitted_at,
           m.payer_name, m.account_id
      FROM made m JOIN unit u USING (account_id))
SELECT * FROM answer;

-- name: payment_record_state
SELECT :bank_line_id::bigint = 0 OR EXISTS (SELECT 1 FROM statement_line l WHERE l.id = :bank_line_id AND l.state = 'NEW')
           AS line_is_free;

-- name: voucher_reason_list
SELECT code, text, advice FROM voucher_reason WHERE enabled ORDER BY code;

-- name: bill_list
SELECT b.id, b.year, b.state, b.association_post, b.association_post_name, b.amount_fen, b.paid_fen, b.waived_fen,
       b.reference_code, b.due_on, u.unit_name, b.account_id, b.created_at,
       EXISTS (SELECT 1 FROM term t WHERE t.bill_id = b.id AND t.voided_at IS NULL) AS opened, b.cancelled_reason, b.cancelled_by_name,
       (b.due_on - date '1900-01-01') || '.' || b.id AS position
  FROM bill_found(:view::text, :year::int, :q::text) AS b JOIN unit u USING (account_id)
 WHERE (b.due_on, b.id) > (date '1900-01-01' + least(:cursor_place::bigint, 3000000)::int, :cursor_id::bigint)
 ORDER BY b.due_on, b.id LIMIT :page_size::int + 1;

-- name: bill_total
SELECT count(*) AS total FROM bill_found(:view::text, :year::int, :q::text) AS b;

-- name: bill_cancel
-- keyed
-- audit: bill.cancelled id
-- Never with money on it, nor while somebody says that there is some.
WITH moved AS (
    UPDATE bill b SET state = 'CANCELLED', cancelled_reason = :reason, cancelled_by_name = :caller_name, cancelled_at = now()
     WHERE b.id = :id::bigint AND b.state = 'OPEN'
       AND NOT EXISTS (SELECT 1 FROM voucher v WHERE v.state = 'SUBMITTED' AND b.id = ANY (v.bill_ids))
    RETURNING *),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'bill.cancelled', jsonb_build_object('account_id', account_id, 'year', year, 'reason', cancelled_reason) FROM moved),
answer AS (
    SELECT id, year, state, association_post, association_post_name, amount_fen, account_id, cancelled_reason, cancelled_by_name
      FROM moved)
SELECT * FROM answer;

-- name: bill_state
SELECT state, EXISTS (SELECT 1 FROM voucher v WHERE v.state = 'SUBMITTED' AND b.id = ANY (v.bill_ids)) AS has_voucher
  FROM bill b WHERE id = :id::bigint;

-- name: bill_slip
-- What the payment slip says (D-3).
SELECT b.id, b.year, b.amount_fen - b.paid_fen - b.waived_fen AS due_fen, b.association_post_name, b.reference_code,
       b.due_on, u.unit_name, u.uscc, b.created_at, p.account_name, p.bank_name, p.bank_line, p.account_no,
       p.collection_merchant, p.receipt_name, yuan(b.amount_fen - b.paid_fen - b.waived_fen) AS due_yuan,
       a.id AS picture_id, a.account_id AS picture_owner, a.size_bytes AS picture_bytes
  FROM bill b JOIN unit u USING (account_id) CROSS JOIN payee p
  LEFT JOIN association_picture c ON c.kind = 'COLLECTION_CODE' LEFT JOIN attachment a ON a.id = c.file_id
 WHERE b.id = :id::bigint AND b.account_id = :caller_id::bigint;

-- name: dues_counts
-- Few units are asked for their standing: those that may have it.
WITH may AS (
    SELECT 'receipt.issue' = ANY (:caller_permissions::text[]) AS receipts,
           'member.open' = ANY (:caller_permissions::text[]) AS members,
           'bank.allocate' = ANY (:caller_permissions::text[]) AS bank,
           'voucher.review' = ANY (:caller_permissions::text[]) AS vouchers),
standing AS MATERIALIZED (
    SELECT (member_status(account_id, current_date)).state
      FROM (SELECT b.account_id FROM bill b WHERE bill_waits(b)
            UNION SELECT m.account_id FROM membership m, dues_policy p
             WHERE m.state = 'ACTIVE' AND member_last_day(m.account_id) BETWEEN current_date - p.grace_days AND current_date + 60) AS near
     WHERE (SELECT members FROM may)),
lines AS MATERIALIZED (SELECT amount_fen FROM statement_line WHERE state = 'NEW' AND (SELECT bank FROM may)),
overdue AS MATERIALIZED (
    SELECT amount_fen - paid_fen - waived_fen AS owed_fen FROM bill WHERE state IN ('OPEN', 'PARTLY_PAID') AND due_on < current_date)
SELECT (SELECT count(*) FROM receipt WHERE state = 'REQUESTED' AND may.receipts) AS receipts_waiting,
       (SELECT count(*) FROM receipt WHERE reissue_reason <> '' AND state <> 'VOID' AND may.receipts) AS receipts_reissue,
       (SELECT count(*) FROM receipt WHERE state = 'ISSUED' AND may.receipts) AS receipts_undelivered,
       (SELECT count(*) FROM standing WHERE state = 'READY') AS members_ready,
       (SELECT count(*) FROM standing WHERE state = 'EXPIRING') AS members_expiring,
       (SELECT count(*) FROM standing WHERE state = 'GRACE') AS members_grace,
       (SELECT count(*) FROM proposal p WHERE p.state = 'REQUESTED' AND p.requested_by <> :caller_id::bigint
           AND proposal_permission(p.kind) = ANY (:caller_permissions::text[])) AS proposals,
       (SELECT count(*) FROM lines) AS lines, (SELECT coalesce(sum(amount_fen), 0)::bigint FROM lines) AS lines_fen,
       (SELECT count(*) FROM overdue) AS bills_overdue, (SELECT coalesce(sum(owed_fen), 0)::bigint FROM overdue) AS bills_overdue_fen,
       (SELECT coalesce(sum(confirmed_fen), 0)::bigint FROM voucher
         WHERE state = 'CONFIRMED' AND decided_at >= current_date AND may.vouchers) AS received_today_fen
  FROM may;

-- name: figures_get
-- Terms count as in member_status; a term is followed when another begins before its grace ends.
WITH policy AS (SELECT grace_days FROM dues_policy),
this AS (SELECT date_trunc('month', current_date)::date AS month),
counted AS MATERIALIZED (
    SELECT t.*, lag(last_day) OVER chain AS before, lead(first_day) OVER chain AS next
      FROM (SELECT account_id, first_day, least(last_day, ended_on) AS last_day FROM term WHERE voided_at IS NULL) AS t
    WINDOW chain AS (PARTITION BY t.account_id ORDER BY t.first_day)),
marked AS MATERIALIZED (
    SELECT c.*, next IS NOT NULL AND next <= last_day + grace_days + 1 AS followed, last_day + grace_days < current_date AS over
      FROM counted c, policy),
standing AS MATERIALIZED (
    SELECT u.account_id, u.association_post, s.* FROM unit u, member_status(u.account_id, current_date) AS s),
months AS (
    SELECT m::date AS first, (m + interval '1 month')::date AS after
      FROM this, generate_series(month - interval '24 months', month, interval '1 month') AS m),
coming AS (
    SELECT m::date AS first, (m + interval '1 month')::date AS after
      FROM this, generate_series(month, month + interval '12 months', interval '1 month') AS m),
ends AS (                                        -- who is in grace pays now
    SELECT greatest(last_day + 1, current_date) AS day, f.amount_fen
      FROM standing, fee_of(association_post, greatest(last_day + 1, current_date)) AS f
     WHERE state IN ('ACTIVE', 'EXPIRING', 'GRACE')),
years AS (SELECT extract(year FROM current_date)::int - n AS year FROM generate_series(-1, 4) AS n), -- renewals are billed before their year begins
overdue AS (SELECT * FROM bill WHERE state IN ('OPEN', 'PARTLY_PAID') AND due_on < current_date)
SELECT (SELECT jsonb_agg(to_jsonb(p)) FROM (
            SELECT f.association_post_name, f.amount_fen, (SELECT count(*) FROM standing s
                     WHERE s.association_post = f.association_post AND s.state IN ('ACTIVE', 'EXPIRING', 'GRACE')) AS members
              FROM (SELECT DISTINCT association_post FROM fee_schedule) AS x, fee_of(x.association_post, current_date) AS f
             WHERE f.association_post IS NOT NULL ORDER BY f.place) AS p) AS posts,
       (SELECT jsonb_agg(to_jsonb(p)) FROM (SELECT state, count(*) AS units FROM standing GROUP BY state) AS p) AS standings,
       (SELECT jsonb_agg(to_jsonb(p)) FROM (
            SELECT to_char(first, 'YYYY-MM') AS month,
                   (SELECT count(*) FROM marked WHERE before IS NULL AND first_day >= first AND first_day < after) AS joined,
                   (SELECT count(*) FROM marked, policy WHERE first_day >= first AND first_day < after
                       AND before + grace_days + 1 >= first_day) AS renewed,
                   (SELECT count(*) FROM marked WHERE over AND NOT followed AND last_day >= first AND last_day < after) AS lapsed,
                   (SELECT coalesce(sum(confirmed_fen), 0)::bigint FROM voucher
                     WHERE state = 'CONFIRMED' AND received_on >= first AND received_on < after) AS received_fen
              FROM months ORDER BY first) AS p) AS months,
       (SELECT jsonb_agg(to_jsonb(p)) FROM (
            SELECT to_char(first, 'YYYY-MM') AS month,
                   (SELECT count(*) FROM ends WHERE day >= first AND day < after) AS members,
                   (SELECT coalesce(sum(amount_fen), 0)::bigint FROM ends WHERE day >= first AND day < after) AS amount_fen
              FROM coming ORDER BY first) AS p) AS forecast,
       (SELECT jsonb_agg(to_jsonb(p)) FROM (
            SELECT y.year, b.*, t.*
              FROM years y,
                   LATERAL (SELECT coalesce(sum(amount_fen), 0)::bigint AS billed_fen, coalesce(sum(paid_fen), 0)::bigint AS paid_fen,
                                   coalesce(sum(waived_fen), 0)::bigint AS waived_fen,
                                   coalesce(sum(amount_fen - paid_fen - waived_fen), 0)::bigint AS owed_fen
                              FROM bill WHERE year = y.year AND state <> 'CANCELLED') AS b,
                   LATERAL (SELECT count(*) AS ended, count(*) FILTER (WHERE followed) AS renewed FROM marked
                             WHERE over AND last_day >= make_date(y.year, 1, 1) AND last_day <= make_date(y.year, 12, 31)) AS t
             WHERE b.billed_fen > 0 OR t.ended > 0 ORDER BY y.year DESC) AS p) AS years,
       (SELECT coalesce(sum(amount_fen - paid_fen - waived_fen), 0)::bigint FROM overdue) AS overdue_fen,
       (SELECT count(DISTINCT account_id) FROM overdue) AS overdue_units;

-- ---- memberships

-- name: member_list
SELECT u.account_id, u.unit_name, u.uscc, u.certified, f.association_post_name, status_json(s) AS status,
       u.account_id || '.0' AS position
  FROM unit u, member_status(u.account_id, current_date) AS s, fee_of(u.association_post, current_date) AS f
 WHERE (:any_state::boolean OR s.state = :state::text)
   AND (:association_post::text = '' OR u.association_post = :association_post)
   AND (:q::text = '' OR position(:q IN u.unit_name) > 0 OR position(upper(:q) IN u.uscc) > 0 OR s.member_no = upper(:q))
   AND u.account_id < :cursor_place::bigint
 ORDER BY u.account_id DESC LIMIT :page_size::int + 1;

-- name: member_total
SELECT count(*) AS total
  FROM unit u, member_status(u.account_id, current_date) AS s
 WHERE (:any_state::boolean OR s.state = :state::text)
   AND (:association_post::text = '' OR u.association_post = :association_post)
   AND (:q::text = '' OR position(:q IN u.unit_name) > 0 OR position(upper(:q) IN u.uscc) > 0 OR s.member_no = upper(:q));

-- name: member_get
SELECT jsonb_build_object('account_id', u.account_id, 'unit_name', u.unit_name, 'uscc', u.uscc, 'certified', u.certified,
           'association_post_name', coalesce((SELECT association_post_name FROM fee_of(u.association_post, current_date)), ''),
           'status', status_json(member_status(u.account_id, current_date))) AS item,
       bills_json(u.account_id) AS bills, terms_json(u.account_id) AS terms, u.credit_fen,
       (SELECT jsonb_agg(jsonb_strip_nulls(to_jsonb(t)) ORDER BY t.id DESC) FROM voucher v, voucher_told(v) AS t
         WHERE v.account_id = u.account_id) AS vouchers,
       (SELECT jsonb_agg(jsonb_strip_nulls(to_jsonb(t)) ORDER BY t.id DESC) FROM proposal p, proposal_told(p, :caller_id::bigint) AS t
         WHERE p.account_id = u.account_id) AS proposals,
       coalesce((SELECT b.id FROM bill b WHERE b.account_id = u.account_id AND bill_waits(b) ORDER BY b.year, b.id LIMIT 1), 0)
           AS ready_bill_id,
       n.first_day AS next_first_day, term_last_day(n.first_day) AS next_last_day
  FROM unit u, term_first_day(u.account_id, current_date) AS n(first_day) WHERE u.account_id = :account_id::bigint;

-- name: membership_open
-- keyed
-- audit: membership.opened id
-- The number is given with the first term. Who is not certified, or has not paid: term_guard says so. Another first day is a
-- year away at the most.
WITH wanted AS (
    SELECT u.account_id, b.id AS bill_id, b.association_post, b.association_post_name,
           coalesce(:first_day::date, term_first_day(u.account_id, current_date)) AS first_day
      FROM unit u JOIN bill b ON b.id = :bill_id::bigint AND b.account_id = u.account_id
     WHERE u.account_id = :account_id::bigint
       AND coalesce(:first_day::date BETWEEN current_date - 366 AND current_date + 366, true)
       AND NOT EXISTS (SELECT 1 FROM membership m WHERE m.account_id = u.account_id AND m.state = 'SUSPENDED')),
member AS (
    INSERT INTO membership (account_id, member_no)
    SELECT account_id, member_number_next(extract(year FROM first_day)::int) FROM wanted
     WHERE NOT EXISTS (SELECT 1 FROM membership m WHERE m.account_id = wanted.account_id)
    RETURNING account_id),
again AS (
    UPDATE membership m SET state = 'ACTIVE', reason = '', changed_at = now()
      FROM wanted w WHERE m.account_id = w.account_id AND m.state = 'TERMINATED'),
opened AS (
    INSERT INTO term (account_id, bill_id, association_post, association_post_name, first_day, last_day, reason, opened_by,
                      opened_by_name)
    SELECT account_id, bill_id, association_post, association_post_name, first_day, term_last_day(first_day), :reason,
           :caller_id::bigint, :caller_name
      FROM wanted
    RETURNING *),
answer AS (
    SELECT o.id, o.bill_id, o.association_post_name, o.first_day, o.last_day, o.opened_by_name, o.opened_at FROM opened o)
SELECT * FROM answer;

-- name: membership_explain
SELECT coalesce(:first_day::date NOT BETWEEN current_date - 366 AND current_date + 366, false) AS is_far,
       EXISTS (SELECT 1 FROM membership m WHERE m.account_id = :account_id::bigint AND m.state = 'SUSPENDED') AS is_suspended;

-- name: certificate_get
-- Of a membership that holds.
SELECT u.unit_name, u.uscc, s.member_no, s.association_post_name, s.first_day, s.last_day,
       (SELECT max(t.opened_at) FROM term t WHERE t.account_id = u.account_id AND t.voided_at IS NULL) AS opened_at,
       a.id AS picture_id, a.account_id AS picture_owner, a.size_bytes AS picture_bytes
  FROM unit u CROSS JOIN member_status(u.account_id, current_date) AS s
  LEFT JOIN association_picture c ON c.kind = 'SEAL' LEFT JOIN attachment a ON a.id = c.file_id
 WHERE u.account_id = :caller_id::bigint AND s.state IN ('ACTIVE', 'EXPIRING', 'GRACE');

-- name: member_status_get
-- By what names one unit, whole: nobody lists the members here. Only who is or was a member.
SELECT u.unit_name, u.uscc, s.member_no, s.association_post_name, s.state, s.first_day, s.last_day, now() AS checked_at
  FROM unit u JOIN membership m USING (account_id), member_status(u.account_id, current_date) AS s
 WHERE m.member_no = upper(:q::text) OR u.uscc = upper(:q) OR u.unit_name = :q
 ORDER BY u.account_id DESC LIMIT 1;

-- ---- renewals

-- name: bill_make_due
-- One unit whose membership ends within sixty days and that has no bill for the next year yet.
WITH made AS (
    INSERT INTO bill (account_id, year, association_post, association_post_name, amount_fen, reference_code, due_on)
    SELECT m.account_id, year, f.association_post, f.association_post_name, f.amount_fen, :reference_code::text, last_day
      FROM membership m JOIN unit u USING (account_id), member_last_day(m.account_id) AS last_day,
           bill_due_year(m.account_id, current_date) AS year, fee_of(u.association_post, current_date) AS f
     WHERE m.state = 'ACTIVE' AND last_day BETWEEN current_date AND current_date + 60 AND year IS NOT NULL
       AND f.amount_fen IS NOT NULL
     LIMIT 1
    ON CONFLICT DO NOTHING
    RETURNING id)
SELECT id FROM made;

-- name: reminder_tell
WITH told AS (
    INSERT INTO reminder (account_id, last_day, step)
    SELECT account_id, last_day, step FROM reminders_due(current_date) WHERE reminder_hours(now()) LIMIT 500
    ON CONFLICT DO NOTHING
    RETURNING account_id, last_day, step)
INSERT INTO outbox (event, payload)
SELECT d.event, jsonb_build_object('account_id', d.account_id, 'last_day', d.last_day, 'grace_until', d.grace_until,
           'amount', yuan(d.amount_fen), 'mail_address', unit_mail(d.account_id),
           'renewal_link', :site::text || '/app/dues?renewal=1')
  FROM told t JOIN reminders_due(current_date) AS d USING (account_id, last_day, step);

-- name: reminder_list
-- The dry run: who is reminded today or on the next day, and of what. In the order of their last days.
SELECT r.*, yuan(r.amount_fen) AS amount, (r.last_day - date '1900-01-01') || '.' || r.account_id AS position
  FROM reminders_listed(:day::text) AS r
 WHERE (r.last_day, r.account_id) > (date '1900-01-01' + least(:cursor_place::bigint, 3000000)::int, :cursor_id::bigint)
 ORDER BY r.last_day, r.account_id LIMIT :page_size::int + 1;

-- name: reminder_total
SELECT count(*) AS total FROM reminders_listed(:day::text);

-- name: reminder_skip
-- keyed
-- audit: reminder.skipped account_id
WITH answer AS (
    INSERT INTO reminder (account_id, last_day, step, skipped_by_name)
    SELECT account_id, last_day, step, :caller_name
      FROM (SELECT * FROM reminders_due(current_date)
            UNION SELECT * FROM reminders_due(reminder_day_after(current_date))) AS due
     WHERE account_id = :account_id::bigint AND last_day = :last_day::date AND step = :step::int
    ON CONFLICT DO NOTHING
    RETURNING account_id, last_day, step)
SELECT * FROM answer;

-- ---- what takes two persons

-- name: propose
-- keyed
-- audit: proposal.requested id
-- What the other person sees is what is done: the amount is fixed here.
WITH made AS (
    INSERT INTO proposal (kind, account_id, bill_id, voucher_id, amount_fen, reason, requested_by, requested_by_name)
    SELECT :kind::text, u.account_id, b.id, v.id,
           CASE :kind WHEN 'WAIVE' THEN coalesce(:amount_fen::bigint, b.amount_fen - b.paid_fen - b.waived_fen)
                      WHEN 'UNWAIVE' THEN b.waived_fen WHEN 'REFUND' THEN :amount_fen::bigint WHEN 'REVERSE' THEN v.confirmed_fen END,
           :reason, :caller_id::bigint, :caller_name
      FROM unit u LEFT JOIN bill b ON b.id = :bill_id::bigint AND b.account_id = u.account_id
      LEFT JOIN voucher v ON v.id = :voucher_id::bigint AND v.account_id = u.account_id AND v.state = 'CONFIRMED'
      LEFT JOIN membership m ON m.account_id = u.account_id
     WHERE u.account_id = :account_id::bigint
       AND CASE :kind WHEN 'WAIVE' THEN b.state IN ('OPEN', 'PARTLY_PAID')
                           AND coalesce(:amount_fen::bigint <= b.amount_fen - b.paid_fen - b.waived_fen, true)
                      WHEN 'UNWAIVE' THEN b.waived_fen > 0
                      WHEN 'REVERSE' THEN v.id IS NOT NULL AND voucher_refunded_fen(v.id) = 0
                      WHEN 'REFUND' THEN :amount_fen::bigint <= (SELECT coalesce(sum(rest_fen), 0) FROM credit_sources(u.account_id) AS c
                                                                  WHERE v.id IS NULL OR c.id = v.id)
                           AND :amount_fen::bigint <= u.credit_fen
                      WHEN 'SUSPEND' THEN m.state = 'ACTIVE' WHEN 'RESUME' THEN m.state = 'SUSPENDED'
                      WHEN 'TERMINATE' THEN m.state IN ('ACTIVE', 'SUSPENDED') ELSE false END
    RETURNING *),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT CASE WHEN m.kind IN ('REVERSE', 'REFUND') THEN 'proposal.money_requested' ELSE 'proposal.standing_requested' END,
           jsonb_build_object('unit_name', u.unit_name, 'what', proposal_word(m.kind), 'by_name', m.requested_by_name,
               'reason', m.reason, 'amount', CASE WHEN m.amount_fen IS NULL THEN '' ELSE yuan(m.amount_fen) || '元' END)
      FROM made m JOIN unit u USING (account_id)),
answer AS (
    SELECT m.id, m.kind, m.state, m.account_id, u.unit_name, m.bill_id, m.voucher_id, m.amount_fen, m.reason,
           m.requested_by_name, true AS requested_by_me, m.requested_at
      FROM made m JOIN unit u USING (account_id))
SELECT * FROM answer;

-- name: proposal_list
-- Those that wait, the oldest first; what was decided, the newest first.
SELECT t.*, proposal_permission(p.kind) = ANY (:caller_permissions::text[]) AND p.state = 'REQUESTED' AND NOT t.requested_by_me
       AS may_decide, p.id || '.0' AS position
  FROM proposal_found(:view::text, :caller_permissions::text[]) AS p, proposal_told(p, :caller_id::bigint) AS t
 WHERE CASE WHEN :view::text = 'UNSPECIFIED' THEN p.id > :cursor_place::bigint ELSE p.id < :cursor_place::bigint END
 ORDER BY CASE WHEN :view = 'UNSPECIFIED' THEN p.id ELSE -p.id END LIMIT :page_size::int + 1;

-- name: proposal_total
SELECT count(*) AS total FROM proposal_found(:view::text, :caller_permissions::text[]) AS p;

-- name: proposal_state
SELECT requested_by = :caller_id::bigint AS is_own, state FROM proposal WHERE id = :id::bigint;

-- name: proposal_decide
-- keyed
-- audit: proposal.decided id
WITH decided AS (
    UPDATE proposal p SET state = CASE :verdict::text WHEN 'CONFIRM' THEN 'CONFIRMED' ELSE 'REFUSED' END,
           decided_by = :caller_id::bigint, decided_by_name = :caller_name, decided_at = now(), note = :note
     WHERE p.id = :id::bigint AND p.state = 'REQUESTED' AND p.requested_by <> :caller_id::bigint
       AND proposal_permission(p.kind) = ANY (:caller_permissions::text[])
    RETURNING *),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'membership.changed', jsonb_build_object('account_id', account_id, 'reason', reason,
               'from', standing_word((member_status(account_id, current_date)).state),
               'to', CASE kind WHEN 'SUSPEND' THEN '已暂停' WHEN 'RESUME' THEN '会员有效' ELSE '已退会' END,
               'date', current_date)
      FROM decided WHERE state = 'CONFIRMED' AND kind IN ('SUSPEND', 'RESUME', 'TERMINATE')
    UNION ALL
    SELECT CASE kind WHEN 'REVERSE' THEN 'voucher.reversed' WHEN 'WAIVE' THEN 'bill.waived' ELSE 'bill.waiver_reversed' END,
           jsonb_build_object('account_id', account_id, 'voucher_id', voucher_id, 'reason', reason, 'amount', yuan(amount_fen),
               'year', (SELECT year FROM bill b WHERE b.id = bill_id))
      FROM decided WHERE state = 'CONFIRMED' AND kind IN ('REVERSE', 'WAIVE', 'UNWAIVE')
    UNION ALL
    SELECT CASE WHEN kind IN ('REVERSE', 'REFUND') THEN 'proposal.money_decided' ELSE 'proposal.standing_decided' END,
           jsonb_build_object('unit_name', u.unit_name, 'unit_account', account_id, 'what', proposal_word(kind),
               'by_name', decided_by_name, 'verdict', CASE d.state WHEN 'CONFIRMED' THEN '已办理' ELSE '已拒绝' END, 'note', note)
      FROM decided d JOIN unit u USING (account_id)),
answer AS (
    SELECT d.id, d.kind, d.state, d.account_id, u.unit_name, d.bill_id, d.voucher_id, d.amount_fen, d.reason,
           d.requested_by_name, d.requested_at, d.decided_by_name, d.decided_at, d.note
      FROM decided d JOIN unit u USING (account_id))
SELECT * FROM answer;

-- name: refund_record
-- keyed
-- audit: refund.paid_back id
-- The money has left: when, and by what it can be found.
WITH moved AS (
    UPDATE proposal SET paid_back_on = :paid_back_on::date, paid_back_reference = :paid_back_reference, paid_back_by_name = :caller_name
     WHERE id = :id::bigint AND kind = 'REFUND' AND state = 'CONFIRMED' AND paid_back_on IS NULL
       AND :paid_back_on::date BETWEEN decided_at::date - 31 AND current_date
    RETURNING *),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'refund.paid', jsonb_build_object('account_id', account_id, 'amount', yuan(amount_fen), 'date', paid_back_on,
               'reference', paid_back_reference)
      FROM moved),
answer AS (
    SELECT m.id, m.kind, m.state, m.account_id, u.unit_name, m.voucher_id, m.amount_fen, m.reason, m.paid_back_on,
           m.paid_back_reference
      FROM moved m JOIN unit u USING (account_id))
SELECT * FROM answer;
