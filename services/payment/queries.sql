-- Statements of payment. Search path: its own schema.

-- name: fee_list
-- Of each post the row in force today.
SELECT association_post, association_post_name, amount_fen, valid_from::text AS valid_from
  FROM (SELECT DISTINCT ON (association_post) * FROM fee_schedule
         WHERE valid_from <= now()::date ORDER BY association_post, valid_from DESC) AS current
 ORDER BY place;

-- name: policy_get
SELECT term_mode, grace_days, second_over_fen, array_to_json(reminder_days) AS reminder_days, member_no_pattern, term_start,
       rollover_from, approve_first, auto_confirm, version, changed_by_name, changed_at
  FROM dues_policy;

-- name: policy_save
-- keyed
-- audit: dues.policy_changed term_mode
WITH answer AS (
    UPDATE dues_policy SET term_mode = :term_mode::text, grace_days = :grace_days::int,
           second_over_fen = :second_over_fen::bigint, version = version + 1, member_no_pattern = coalesce(nullif(:member_no_pattern::text, ''), member_no_pattern),
           term_start = coalesce(nullif(:term_start::text, 'TERM_START_UNSPECIFIED'), term_start), rollover_from = :rollover_from::text,
           approve_first = :approve_first::boolean,
           auto_confirm = :auto_confirm::boolean,
           reminder_days = (SELECT coalesce(array_agg(DISTINCT day ORDER BY day), '{}') FROM unnest(:reminder_days::int[]) AS day),
           changed_by_name = :caller_name, changed_at = now()
     WHERE version = :version::int
    RETURNING term_mode, grace_days, second_over_fen, array_to_json(reminder_days) AS reminder_days, member_no_pattern,
              term_start, rollover_from, approve_first, auto_confirm, version, changed_by_name, changed_at)
SELECT * FROM answer;

-- ---- files

-- name: attachment_room
-- What somebody has stored (the quota), before more is taken. Receipts are the association's: as many as there are.
SELECT count(*) AS files, coalesce(sum(size_bytes), 0) AS bytes FROM attachment
 WHERE account_id = :caller_id::bigint AND purpose = 'voucher_files' AND :caller_kind::text = 'MEMBER';

-- name: attachment_insert
-- keyed
WITH made AS (
    INSERT INTO attachment (id, account_id, purpose, file_name, content_type, size_bytes, width, height, content_hash,
                            thumbnail_bytes)
    VALUES (:attachment_id, :caller_id, :purpose, :file_name, :content_type, :clean_bytes::int, :width::int, :height::int,
            :content_hash, :thumbnail_bytes::int)
    RETURNING *),
printed AS (
    INSERT INTO attachment_print (attachment_id, variant, planes)
    SELECT m.id, p.variant, p.planes FROM made m, print_rows(:print::bytea) AS p WHERE m.purpose = 'voucher_files'),
answer AS (SELECT id, file_name, content_type, size_bytes, width, height, created_at FROM made)
SELECT * FROM answer;

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

-- name: upload_find
-- How far a file in pieces is, or what it became; no row: nothing is known of it.
SELECT coalesce(u.received_bytes, 0) AS received_bytes, filed.answer AS attachment
  FROM (SELECT :caller_kind::text || ':' || :caller_id::bigint AS owner) AS who
  LEFT JOIN upload u ON u.owner = who.owner AND u.key = :upload_key::text
  LEFT JOIN LATERAL (SELECT i.answer -> 0 AS answer FROM idempotency i JOIN attachment a ON a.id = i.answer -> 0 ->> 'id'
                      WHERE i.principal = who.owner AND i.key = :upload_key AND i.method LIKE 'Upload%' LIMIT 1) AS filed ON true
 WHERE u.key IS NOT NULL OR filed.answer IS NOT NULL;

-- name: upload_pieces
SELECT piece.id, piece.size_bytes FROM upload u, unnest(u.pieces, u.sizes) WITH ORDINALITY AS piece(id, size_bytes, place)
 WHERE u.owner = :caller_kind::text || ':' || :caller_id::bigint AND u.key = :upload_key::text ORDER BY piece.place;

-- name: upload_begun
-- What somebody has begun and not brought to an end.
SELECT coalesce(sum(received_bytes), 0) AS bytes, coalesce(sum(cardinality(pieces)), 0) AS pieces FROM upload
 WHERE owner = :caller_kind::text || ':' || :caller_id::bigint;

-- name: upload_add
-- Only where it ends: of two with one offset, one counts.
INSERT INTO upload (owner, key, received_bytes, pieces, sizes)
SELECT who.owner, :upload_key::text, :piece_bytes::int, ARRAY[:piece_id::text], ARRAY[:piece_bytes::int]
  FROM (SELECT :caller_kind::text || ':' || :caller_id::bigint AS owner) AS who
 WHERE :offset::int = 0 OR EXISTS (SELECT 1 FROM upload u WHERE u.owner = who.owner AND u.key = :upload_key)
ON CONFLICT (owner, key) DO UPDATE
   SET received_bytes = upload.received_bytes + excluded.received_bytes, pieces = upload.pieces || excluded.pieces,
       sizes = upload.sizes || excluded.sizes, changed_at = now()
 WHERE upload.received_bytes = :offset
RETURNING received_bytes;

-- name: upload_forget
DELETE FROM upload WHERE owner = :caller_kind::text || ':' || :caller_id::bigint AND key = :upload_key::text;

-- name: upload_sweep
WITH left_alone AS (
    SELECT owner, key FROM upload WHERE changed_at < now() - interval '1 day' ORDER BY changed_at LIMIT 100
       FOR UPDATE SKIP LOCKED),
swept AS (DELETE FROM upload USING left_alone WHERE upload.owner = left_alone.owner AND upload.key = left_alone.key RETURNING pieces)
SELECT unnest(pieces) AS id FROM swept;

-- ---- units, as certification tells of them

-- name: unit_tell
-- Events may overtake each other: what is older than what is known changes nothing; what was taken back stays so. A post that
-- was changed here stays, until certification tells of another than before.
INSERT INTO unit (account_id, version, certified, ended, unit_name, uscc, association_post, told_post, legal_person_name,
                  applied_version)
VALUES (:account_id::bigint, :unit_version::int, :certified::boolean, coalesce(:ended::text, ''), :unit_name::text, :uscc::text,
        :association_post::text, :association_post, :legal_person_name::text, :unit_version)
ON CONFLICT (account_id) DO UPDATE
   SET version = excluded.version, certified = excluded.certified, ended = excluded.ended, unit_name = excluded.unit_name,
       uscc = excluded.uscc,
       association_post = CASE WHEN excluded.told_post <> unit.told_post THEN excluded.told_post ELSE unit.association_post END,
       told_post = excluded.told_post, legal_person_name = excluded.legal_person_name, changed_at = now(),
       applied_version = greatest(excluded.version, unit.applied_version),
       applying = unit.applying AND unit.applied_version > excluded.version
 WHERE excluded.version > unit.version OR excluded.version = unit.version AND NOT excluded.certified;

-- name: unit_apply
-- A form that waits, or does so no more. What certification has decided stays; a certified unit's change is no news here.
INSERT INTO unit (account_id, version, certified, unit_name, uscc, association_post, legal_person_name, applied_version, applying)
VALUES (:account_id::bigint, 0, false, :unit_name::text, :uscc::text, :association_post::text, :legal_person_name::text,
        :unit_version::int, :applying::boolean)
ON CONFLICT (account_id) DO UPDATE
   SET applied_version = excluded.applied_version, applying = excluded.applying, changed_at = now(),
       unit_name = CASE unit.version WHEN 0 THEN excluded.unit_name ELSE unit.unit_name END,
       uscc = CASE unit.version WHEN 0 THEN excluded.uscc ELSE unit.uscc END,
       association_post = CASE unit.version WHEN 0 THEN excluded.association_post ELSE unit.association_post END,
       legal_person_name = CASE unit.version WHEN 0 THEN excluded.legal_person_name ELSE unit.legal_person_name END
 WHERE NOT unit.certified AND (excluded.applied_version > unit.applied_version
                               OR excluded.applied_version = unit.applied_version AND NOT excluded.applying);

-- name: bill_make_first
-- With the certification comes the first bill.
INSERT INTO bill (account_id, year, association_post, association_post_name, amount_fen, reference_code, due_on)
SELECT u.account_id, year, f.association_post, f.association_post_name, f.amount_fen, :reference_code::text, current_date + 30
  FROM unit u, bill_due_year(u.account_id, current_date) AS year, fee_of(u.association_post, current_date) AS f
 WHERE u.account_id = :account_id::bigint AND year IS NOT NULL AND f.amount_fen IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM membership m WHERE m.account_id = u.account_id);

-- name: bill_prepaid_tell
-- What was paid before the certification has just gone to the bill.
INSERT INTO outbox (event, payload)
SELECT 'bill.prepaid', jsonb_build_object('account_id', b.account_id, 'year', b.year, 'post', b.association_post_name,
           'amount', yuan(b.amount_fen), 'paid', yuan(b.paid_fen),
           'next', CASE WHEN b.state = 'PAID' THEN '会费已缴清，协会正在办理会员开通。'
                        ELSE '还需缴纳' || yuan(b.amount_fen - b.paid_fen) || '元，请登录平台补缴。' END)
  FROM bill b WHERE b.account_id = :account_id::bigint AND b.created_at = now() AND b.paid_fen > 0;

-- ---- the working calendar, as certification tells of it

-- name: calendar_set
-- Events may overtake each other: an older one never replaces a newer.
INSERT INTO calendar_day (day, working, changed_at)
SELECT d.day, d.working, d.changed_at
  FROM jsonb_to_recordset(:days::jsonb) AS d(day date, working boolean, changed_at timestamptz)
ON CONFLICT (day) DO UPDATE SET working = excluded.working, changed_at = excluded.changed_at
 WHERE calendar_day.changed_at < excluded.changed_at;

-- ---- the unit's own

-- name: dues_get
SELECT u.certified, certification_ended(u) AS certification_ended, u.unit_name, u.uscc,
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
       u.applying, NOT unit_may_pay(u) AS pay_locked,
       CASE WHEN u.applying THEN coalesce((fee_of(u.association_post, current_date)).amount_fen, 0) END AS expected_fen,
       bill_due_year(u.account_id, current_date) IS NOT NULL AS may_request_bill, offers_json(u.account_id, false) AS offers,
       petitions_json(u.account_id) AS petitions,
       CASE WHEN NOT mailbox_is_verified(u.account_id, unit_mail(u.account_id)) THEN unit_mail(u.account_id) END AS unverified_mail,
       voucher_draft_json(u.account_id) AS voucher_draft, voucher_withdrawn(u.account_id) AS withdrawn_voucher_id,
       (SELECT to_jsonb(p) - 'one' || jsonb_build_object('has_collection_code', EXISTS (
            SELECT 1 FROM association_picture WHERE kind = 'COLLECTION_CODE' AND file_id IS NOT NULL)) FROM payee p) AS payee
  FROM unit u WHERE u.account_id = :caller_id::bigint;

-- name: voucher_explain
-- Why a voucher that is about to be handed in is refused.
SELECT (SELECT count(*) FROM bill WHERE id = ANY (:bill_ids::bigint[]) AND account_id = :caller_id::bigint
           AND state IN ('OPEN', 'PARTLY_PAID')) AS open_bills,
       (SELECT count(*) FROM attachment WHERE id = ANY (:voucher_files::text[]) AND account_id = :caller_id::bigint
           AND purpose = 'voucher_files') AS own_files,
       (SELECT coalesce(sum(size_bytes), 0) FROM attachment WHERE id = ANY (:voucher_files::text[])) AS file_bytes,
       (SELECT coalesce(sum(size_bytes), 0) FROM attachment WHERE id = ANY (:voucher_files::text[])) > 30 * 1024 * 1024 AS is_over,
       (SELECT count(*) FROM voucher v WHERE v.file_ids && :voucher_files::text[] AND v.state IN ('SUBMITTED', 'CONFIRMED'))
           AS used_files,
       :draft_version::int <> 0 AND NOT EXISTS (SELECT 1 FROM voucher_draft d WHERE d.account_id = :caller_id::bigint
           AND d.version = :draft_version) AS is_draft_changed,
       :paid_date::date > current_date AS in_future, :paid_date::date < current_date - 400 AS too_old,
       (SELECT certified FROM unit WHERE account_id = :caller_id::bigint) AS is_certified,
       (SELECT NOT unit_may_pay(u) FROM unit u WHERE account_id = :caller_id::bigint) AS is_locked;

-- name: voucher_submit
-- keyed
-- audit: voucher.submitted id
-- Any rule broken meanwhile: no row, nobody told. Who is not certified yet has no bill, and pays ahead of it. The draft is taken by
-- the voucher (voucher_takes_draft); one that was saved elsewhere meanwhile is not.
WITH draft AS MATERIALIZED (SELECT version FROM voucher_draft WHERE account_id = :caller_id::bigint FOR UPDATE),
made AS (
    INSERT INTO voucher (account_id, recorder, pay_method, paid_fen, paid_date, payer_name, payer_account_tail, bank_serial,
                         remark, file_ids, bill_ids, receipt_info)
    SELECT u.account_id, 'MEMBER:' || u.account_id, :pay_method::text, :paid_fen::bigint, :paid_date::date, :payer_name,
           :payer_account_tail, :bank_serial, :remark, :voucher_files::text[], :bill_ids::bigint[], :receipt_info::jsonb
      FROM unit u
     WHERE u.account_id = :caller_id::bigint AND :paid_date::date BETWEEN current_date - 400 AND current_date
       AND unit_may_pay(u) AND (cardinality(:bill_ids::bigint[]) > 0 OR NOT u.certified)
       AND (:draft_version::int = 0 OR :draft_version IN (SELECT version FROM draft))
       AND (SELECT count(*) FROM bill b WHERE b.id = ANY (:bill_ids::bigint[]) AND b.account_id = u.account_id
               AND b.state IN ('OPEN', 'PARTLY_PAID')) = cardinality(:bill_ids::bigint[])
       AND (SELECT count(*) FROM attachment a WHERE a.id = ANY (:voucher_files::text[]) AND a.account_id = u.account_id
               AND a.purpose = 'voucher_files') = cardinality(:voucher_files::text[])
       AND (SELECT coalesce(sum(size_bytes), 0) FROM attachment WHERE id = ANY (:voucher_files::text[])) <= 30 * 1024 * 1024
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

-- name: voucher_draft_save
-- keyed
-- A draft saved elsewhere meanwhile (another tab, another phone) is not overwritten: no row.
WITH saved AS (
    INSERT INTO voucher_draft (account_id, version, form)
    SELECT u.account_id, 1, :form::jsonb FROM unit u
     WHERE u.account_id = :caller_id::bigint
       AND (:version::int = 0 OR EXISTS (SELECT 1 FROM voucher_draft d WHERE d.account_id = u.account_id))
    ON CONFLICT (account_id) DO UPDATE
       SET version = voucher_draft.version + 1, form = excluded.form, submitted = false, saved_at = now()
     WHERE voucher_draft.version = :version::int
    RETURNING version, saved_at),
answer AS (SELECT * FROM saved)
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
   AND CASE :sort::text WHEN 'OLDEST_FIRST' THEN v.id > :cursor_place::bigint ELSE v.id < :cursor_place::bigint END
 ORDER BY CASE :sort WHEN 'OLDEST_FIRST' THEN v.id ELSE -v.id END LIMIT :page_size::int + 1;

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
       coalesce(v.reasons_told, voucher_reasons_json(v.reason_codes)) AS reasons,
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
  FROM voucher_found(:view::text, :pay_method::text, :q::text, :day_from::date, :day_to::date, :fen_from::bigint, :fen_to::bigint)
       AS v, voucher_told(v) AS t
 WHERE (v.submitted_at, v.id) > (to_timestamp(:cursor_place::bigint / 1000000.0), :cursor_id::bigint)
 ORDER BY v.submitted_at, v.id LIMIT :page_size::int + 1;

-- name: voucher_list_newest
SELECT t.*, (extract(epoch FROM v.submitted_at) * 1000000)::bigint || '.' || v.id AS position
  FROM voucher_found(:view::text, :pay_method::text, :q::text, :day_from::date, :day_to::date, :fen_from::bigint, :fen_to::bigint)
       AS v, voucher_told(v) AS t
 WHERE (v.submitted_at, v.id) < (to_timestamp(:cursor_place::bigint / 1000000.0), :cursor_id::bigint)
 ORDER BY v.submitted_at DESC, v.id DESC LIMIT :page_size::int + 1;

-- name: voucher_total
SELECT count(*) AS total
  FROM voucher_found(:view::text, :pay_method::text, :q::text, :day_from::date, :day_to::date, :fen_from::bigint, :fen_to::bigint)
       AS v;

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
     WHERE id = ANY (:bank_line_ids::bigint[]) AND NOT is_out AND (state = 'NEW' OR state = 'PROPOSED' AND voucher_id = :id::bigint)
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
freed AS (                                       -- what is given back has no lines; of other figures, only what staff claimed
    UPDATE statement_line l SET state = 'NEW', voucher_id = NULL, evidence = '', changed_at = now()
      FROM chosen c JOIN voucher v USING (id)
     WHERE l.voucher_id = c.id AND l.state = 'PROPOSED' AND c.state = 'SUBMITTED'
       AND (:verdict = 'RETURN' OR v.recorder LIKE 'MEMBER:%' AND l.id NOT IN (SELECT id FROM free))),
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
               'year', coalesce(nullif(years_of((SELECT array_agg(bill_id) FROM laid)), ''), voucher_years(changed)),
               'next', CASE WHEN (SELECT certified FROM unit u WHERE u.account_id = changed.account_id) THEN '协会正在办理会员开通。'
                            ELSE '等待会员单位认证，认证通过后办理会员开通。' END,
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
       (SELECT count(*) FROM statement_line l WHERE l.id = ANY (:bank_line_ids::bigint[]) AND NOT l.is_out
           AND (l.state = 'NEW' OR l.state = 'PROPOSED' AND l.voucher_id = :id))
           = cardinality(:bank_line_ids::bigint[]) AS lines_are_free,
       (SELECT count(*) FROM jsonb_to_recordset(:allocations::jsonb) AS a(bill_id bigint)
         WHERE NOT EXISTS (SELECT 1 FROM bill b WHERE b.id = a.bill_id AND b.state <> 'CANCELLED')) AS unknown_bills,
       first_by IS NOT NULL AS is_second
  FROM voucher WHERE id = :id::bigint;

-- name: payment_record
-- keyed
-- audit: voucher.recorded id
-- By staff: it waits for another of them. For a line of the bank: the day is the bank's, so is the amount, which must be the one
-- that was seen (somebody else may have split the line since), and the line is taken.
WITH line AS MATERIALIZED (
    SELECT * FROM statement_line
     WHERE id = :bank_line_id::bigint AND state = 'NEW' AND NOT is_out AND dues_fen = :paid_fen::bigint FOR UPDATE),
made AS (
    INSERT INTO voucher (account_id, recorder, recorded_by_name, pay_method, paid_fen, paid_date, payer_name, bank_serial,
                         remark, bill_ids, receipt_info)
    SELECT u.account_id, 'STAFF:' || :caller_id::bigint, :caller_name, :pay_method::text, :paid_fen::bigint,
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
SELECT :bank_line_id::bigint = 0 OR EXISTS (SELECT 1 FROM statement_line l WHERE l.id = :bank_line_id AND l.state = 'NEW' AND NOT l.is_out
                                               AND l.dues_fen = :paid_fen::bigint) AS line_is_free;

-- name: voucher_reason_list
SELECT code, text, advice, enabled FROM voucher_reason WHERE enabled ORDER BY code;

-- name: voucher_reason_list_all
SELECT code, text, advice, enabled, version, changed_by_name, CASE WHEN changed_by > 0 THEN changed_at END AS changed_at
  FROM voucher_reason ORDER BY code;

-- name: voucher_reason_save
-- keyed
-- audit: voucher_reason.changed object
-- Another version than the page showed, or a new code that is there already: no row.
WITH changed AS (
    UPDATE voucher_reason SET text = :text::text, advice = :advice::text, enabled = :enabled::boolean,
           changed_by = :caller_id::bigint, changed_by_name = :caller_name, changed_at = now()
     WHERE code = :code::text AND version = :version::int
    RETURNING *),
added AS (
    INSERT INTO voucher_reason (code, text, advice, enabled, changed_by, changed_by_name)
    SELECT :code::text, :text, :advice, :enabled, :caller_id::bigint, :caller_name WHERE :version::int = 0
    ON CONFLICT (code) DO NOTHING
    RETURNING *),
answer AS (
    SELECT code, text, advice, enabled, version, changed_by_name, changed_at, code || ' v' || version AS object
      FROM (SELECT * FROM changed UNION ALL SELECT * FROM added) AS saved)
SELECT * FROM answer;

-- name: uncounted
-- In place of a list's total, where its pages are read to the end.
SELECT 0 AS total;

-- name: bill_total
SELECT count(*) AS total FROM bill_found(:view::text, :year::int, :q::text, :association_post::text) AS b;

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
lines AS MATERIALIZED (SELECT amount_fen FROM statement_line WHERE state = 'NEW' AND NOT is_out AND (SELECT bank FROM may)),
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
    SELECT u.account_id, u.association_post, s.* FROM unit u, member_status(u.account_id, current_date) AS s WHERE u.version > 0),
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

-- ---- the ledger's own check

-- name: ledger_check
-- Once a night, by who comes first; who comes meanwhile leaves it to him.
WITH tonight AS MATERIALIZED (SELECT (now() - interval '2 hours')::date AS night),
mine AS MATERIALIZED (
    SELECT night FROM tonight
     WHERE pg_try_advisory_xact_lock(hashtext('payment.ledger_check'))
       AND NOT EXISTS (SELECT 1 FROM ledger_check c WHERE c.night = tonight.night))
INSERT INTO ledger_check (night, differences)
SELECT night, (SELECT coalesce(jsonb_object_agg(d.what, d.times), '{}')
                 FROM (SELECT what, count(*) AS times FROM ledger_differences() GROUP BY what) AS d)
  FROM mine
ON CONFLICT DO NOTHING
RETURNING night;

-- name: ledger_checked
-- What the last check found.
SELECT extract(epoch FROM c.checked_at)::bigint AS checked_seconds, coalesce(sum(d.value::bigint), 0)::bigint AS differences,
       coalesce(string_agg(d.value || ' ' || d.key, ', ' ORDER BY d.key), '') AS kinds
  FROM (SELECT * FROM ledger_check ORDER BY night DESC LIMIT 1) AS c LEFT JOIN LATERAL jsonb_each_text(c.differences) AS d ON true
 GROUP BY c.checked_at;
