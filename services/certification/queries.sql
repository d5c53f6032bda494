-- Statements of certification. Search path: its own schema.

-- ---- the applicant

-- name: identity_list
SELECT k.kind, coalesce(i.state, 'NONE') AS state,
       coalesce(NOT d.submitted, false) AS has_draft, coalesce(s.application_no, '') AS application_no,
       coalesce(s.version, 0) AS submission_version, s.submitted_at, i.decided_at,
       coalesce(e.paper, '') AS ending_paper, e.ends_on AS ending_on
  FROM (VALUES (1, 'OWNER_UNIT'), (2, 'MEMBER_UNIT'), (3, 'EXPERT'), (4, 'NATURAL_PERSON')) AS k(place, kind)
  LEFT JOIN identity i ON i.account_id = :caller_id::bigint AND i.kind = k.kind
  LEFT JOIN draft d ON d.account_id = :caller_id::bigint AND d.kind = k.kind
  LEFT JOIN submission s ON s.account_id = i.account_id AND s.kind = i.kind AND s.version = i.last_version
  LEFT JOIN LATERAL identity_ending(i) AS e ON true
 ORDER BY k.place;

-- name: application_get
SELECT identity_json(:caller_id::bigint, :kind::text) AS identity,
       CASE WHEN d.account_id IS NULL THEN NULL ELSE jsonb_build_object('kind', d.kind, 'version', d.version,
            'saved_at', d.saved_at, 'form', form_json(d.kind, d.form)) END AS draft,
       form_json(f.kind, f.form) AS in_force,
       application_timeline_json(:caller_id::bigint, :kind::text) AS timeline,
       CASE WHEN r.state = 'REJECTED' THEN coalesce(r.reasons_told, reject_reasons_json(r.reason_codes)) END AS reject_reasons,
       coalesce(review_is_final(r), false) AS may_not_retry,
       CASE WHEN r.state = 'REJECTED' THEN r.message_to_applicant ELSE '' END AS reject_message,
       CASE WHEN r.state = 'REJECTED' THEN r.field_verdicts END AS field_verdicts,
       CASE WHEN r.state = 'REJECTED' THEN form_json(s.kind, s.form) END AS refused,
       CASE WHEN r.state IN ('QUEUED', 'CLAIMED') THEN coalesce(r.promised_by, s.expected_by)::text ELSE '' END AS expected_by,
       appeals_json(:caller_id::bigint, :kind::text) AS appeals,
       (SELECT CASE WHEN p.until >= (now() AT TIME ZONE 'Asia/Shanghai')::date THEN p.until END
          FROM appeal_decision(:caller_id::bigint, :kind::text) AS p) AS appeal_until,
       coalesce(consent_needed(:caller_id::bigint, :kind::text), 'UNSPECIFIED') AS needs_consent,
       form_papers_json(:caller_id::bigint, ARRAY[d.form, f.form, s.form]) AS attachments
  FROM (SELECT 1) AS one
  LEFT JOIN identity i ON i.account_id = :caller_id::bigint AND i.kind = :kind::text
  LEFT JOIN draft d ON d.account_id = :caller_id::bigint AND d.kind = :kind::text
  LEFT JOIN submission s ON s.account_id = i.account_id AND s.kind = i.kind AND s.version = i.last_version
  LEFT JOIN submission f ON f.account_id = i.account_id AND f.kind = i.kind AND f.version = i.in_force_version
  LEFT JOIN review r ON r.account_id = i.account_id AND r.kind = i.kind AND r.version = i.last_version;

-- name: draft_save
-- keyed
-- A draft saved elsewhere meanwhile (another tab, another phone) is not overwritten: no row.
WITH saved AS (
    INSERT INTO draft (account_id, kind, version, form)
    SELECT :caller_id::bigint, :kind::text, 1, :form::jsonb WHERE :version::int = 0
        OR EXISTS (SELECT 1 FROM draft WHERE account_id = :caller_id::bigint AND kind = :kind::text)
    ON CONFLICT (account_id, kind) DO UPDATE
       SET version = draft.version + 1, form = excluded.form, submitted = false, saved_at = now()
     WHERE draft.version = :version::int
    RETURNING kind, version, saved_at),
answer AS (SELECT * FROM saved)
SELECT * FROM answer;

-- name: application_explain
-- Why a submission may be refused, for words that fit.
SELECT coalesce((SELECT version FROM draft WHERE account_id = :caller_id::bigint AND kind = :kind::text), 0)
           = :version::int AS draft_is_current,
       EXISTS (SELECT 1 FROM review WHERE account_id = :caller_id::bigint AND kind = :kind::text
                  AND state IN ('QUEUED', 'CLAIMED')) AS is_open,
       EXISTS (SELECT 1 FROM identity i JOIN submission s ON s.account_id = i.account_id AND s.kind = i.kind
                  AND s.version = i.in_force_version
                WHERE i.account_id = :caller_id::bigint AND i.kind = :kind::text
                  AND form_plain(s.form) = form_plain(:form::jsonb)
                  AND s.id_number_index = :id_number_index::text) AS nothing_changed,
       EXISTS (SELECT 1 FROM identity WHERE kind = :kind::text AND uscc = :form::jsonb ->> 'uscc'
                  AND account_id <> :caller_id::bigint) AS uscc_taken,
       EXISTS (SELECT 1 FROM identity WHERE kind = :kind::text AND id_number_index = :id_number_index::text
                  AND account_id <> :caller_id::bigint) AS id_number_taken,
       may_not_retry(:caller_id::bigint, :kind::text) AS may_not_retry,
       EXISTS (SELECT FROM appeal a WHERE a.account_id = :caller_id::bigint AND a.kind = :kind::text AND a.state = 'OPEN') AS is_appealed,
       files_missing(:caller_id::bigint, :file_ids::text[], :file_purposes::text[]) = 0 AS files_are_there,
       ARRAY(SELECT codes_unknown(:code_fields::text[], :code_dictionaries::text[], :codes::text[])) AS fields_unknown,
       ARRAY(SELECT DISTINCT split_part(d, '=', 1) FROM unnest(licence_all_doubts(:caller_id::bigint, :form::jsonb)) AS d
              WHERE d <> ALL (:acknowledged::text[])) AS fields_doubted;

-- name: form_files_over
-- The fields of a form that has too many bytes of files.
SELECT field, field_bytes, form_bytes FROM files_over(:caller_id::bigint, :file_ids::text[], :file_fields::text[]);

-- name: application_submit
-- keyed
-- audit: application.submitted application_no
-- Freezes what the page shows. Any rule broken meanwhile: no row, nothing changed, nobody told.
WITH drafted AS (
    UPDATE draft SET submitted = true, form = :form::jsonb, version = version + 1
     WHERE account_id = :caller_id::bigint AND kind = :kind::text AND version = :version::int
       AND NOT EXISTS (SELECT 1 FROM review r WHERE r.account_id = draft.account_id AND r.kind = draft.kind
                          AND r.state IN ('QUEUED', 'CLAIMED'))
       AND NOT EXISTS (SELECT 1 FROM identity i WHERE i.kind = draft.kind AND i.account_id <> draft.account_id
                          AND (i.uscc = :form::jsonb ->> 'uscc' OR i.id_number_index = :id_number_index::text))
       AND NOT EXISTS (SELECT 1 FROM identity i JOIN submission s ON s.account_id = i.account_id
                          AND s.kind = i.kind AND s.version = i.in_force_version
                        WHERE i.account_id = draft.account_id AND i.kind = draft.kind
                          AND form_plain(s.form) = form_plain(:form::jsonb)
                          AND s.id_number_index = :id_number_index::text)
       AND NOT may_not_retry(draft.account_id, draft.kind)
       AND NOT EXISTS (SELECT FROM appeal a WHERE a.account_id = draft.account_id AND a.kind = draft.kind AND a.state = 'OPEN')
       AND files_missing(:caller_id::bigint, :file_ids::text[], :file_purposes::text[]) = 0
       AND NOT EXISTS (SELECT FROM files_over(:caller_id::bigint, :file_ids::text[], :file_fields::text[]))
       AND NOT EXISTS (SELECT codes_unknown(:code_fields::text[], :code_dictionaries::text[], :codes::text[]))
       AND licence_all_doubts(:caller_id::bigint, :form::jsonb) <@ :acknowledged::text[]
    RETURNING account_id, kind),
moved AS (
    INSERT INTO identity (account_id, kind, state, last_version)
    SELECT account_id, kind, 'PENDING', 1 FROM drafted
    ON CONFLICT (account_id, kind) DO UPDATE
       SET last_version = identity.last_version + 1,
           state = CASE WHEN identity.in_force_version IS NULL THEN 'PENDING' ELSE 'APPROVED_PENDING' END
    RETURNING account_id, kind, state, last_version, in_force_version, decided_at),
frozen AS (
    INSERT INTO submission (account_id, kind, version, application_no, form, id_number_index, expected_by, acknowledged)
    SELECT account_id, kind, last_version,
           CASE kind WHEN 'OWNER_UNIT' THEN 'JS' WHEN 'MEMBER_UNIT' THEN 'HY' WHEN 'EXPERT' THEN 'ZJ' ELSE 'ZR' END
               || to_char(now(), 'YYYYMMDD') || lpad(nextval('application_no')::text, 5, '0'),
           :form::jsonb, :id_number_index::text, working_day_after(now()::date, 3), licence_all_doubts(account_id, :form::jsonb)
      FROM moved
    RETURNING account_id, kind, version, application_no, unit_name, submitted_at, expected_by),
queued AS (
    INSERT INTO review (account_id, kind, version, is_change)
    SELECT f.account_id, f.kind, f.version, m.in_force_version IS NOT NULL FROM frozen f, moved m
    RETURNING id),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'application.submitted', jsonb_build_object('account_id', f.account_id, 'kind', f.kind,
               'application_no', f.application_no, 'unit_name', f.unit_name, 'expected_by', f.expected_by,
               'review_id', q.id)
      FROM frozen f, queued q
    UNION ALL
    SELECT 'unit.applied', jsonb_build_object('account_id', f.account_id, 'version', told_version(f.account_id, f.kind, f.version), 'applying', true,
               'unit_name', f.unit_name, 'uscc', :form::jsonb ->> 'uscc', 'association_post', :form::jsonb ->> 'association_post',
               'legal_person_name', :form::jsonb ->> 'legal_person_name')
      FROM frozen f WHERE f.kind = 'MEMBER_UNIT'),
answer AS (
    SELECT f.kind, m.state, false AS has_draft, f.application_no,
           f.version AS submission_version, f.submitted_at, m.decided_at
      FROM frozen f, moved m)
SELECT * FROM answer;

-- name: application_withdraw
-- keyed
-- audit: application.withdrawn application_no
WITH cancelled AS (
    UPDATE review SET state = 'CANCELLED', decided_at = now()
     WHERE account_id = :caller_id::bigint AND kind = :kind::text AND version = :submission_version::int
       AND state IN ('QUEUED', 'CLAIMED')
    RETURNING account_id, kind, version, id),
moved AS (
    UPDATE identity i SET state = CASE WHEN i.in_force_version IS NULL THEN 'NONE' ELSE 'APPROVED' END
      FROM cancelled c WHERE i.account_id = c.account_id AND i.kind = c.kind
    RETURNING i.account_id, i.kind, i.state, i.decided_at),
reopened AS (
    UPDATE draft d SET submitted = false, version = d.version + 1 FROM cancelled c
     WHERE d.account_id = c.account_id AND d.kind = c.kind),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'application.withdrawn', jsonb_build_object('account_id', account_id, 'kind', kind, 'review_id', id)
      FROM cancelled
    UNION ALL
    SELECT 'unit.applied', jsonb_build_object('account_id', s.account_id, 'version', told_version(s.account_id, s.kind, s.version), 'applying', false,
               'unit_name', s.unit_name, 'uscc', s.uscc, 'association_post', s.form ->> 'association_post',
               'legal_person_name', s.form ->> 'legal_person_name')
      FROM cancelled c JOIN submission s USING (account_id, kind, version) WHERE c.kind = 'MEMBER_UNIT'),
answer AS (
    SELECT m.kind, m.state, true AS has_draft, s.application_no,
           s.version AS submission_version, s.submitted_at, m.decided_at
      FROM moved m JOIN cancelled c ON c.account_id = m.account_id AND c.kind = m.kind
      JOIN submission s ON s.account_id = c.account_id AND s.kind = c.kind AND s.version = c.version)
SELECT * FROM answer;

-- ---- attachments

-- name: attachment_room
-- What an account has stored (its quota), before more is taken.
SELECT count(*) AS files, coalesce(sum(size_bytes), 0) AS bytes FROM attachment
 WHERE account_id = :caller_id::bigint AND (purpose = 'recorded_letter') = (:caller_kind::text = 'STAFF');

-- name: attachment_insert
-- keyed
WITH answer AS (
    INSERT INTO attachment (id, account_id, purpose, file_name, content_type, size_bytes, width, height,
                            content_hash, thumbnail_bytes, code_text, seen_uscc)
    VALUES (:attachment_id, :caller_id, :purpose, :file_name, :content_type, :clean_bytes::int, :width::int, :height::int,
            :content_hash, :thumbnail_bytes::int, :code_text, :seen_uscc)
    RETURNING id, file_name, content_type, size_bytes, width, height, created_at, read_uscc, read_name, seen_uscc)
SELECT * FROM answer;

-- name: attachment_find
-- The owner's own, or anyone's for those who review. What staff recorded stands under the number of a member of staff.
SELECT id, account_id, file_name, content_type, size_bytes, thumbnail_bytes FROM attachment
 WHERE id = :id::text
   AND (:caller_kind::text = 'MEMBER' AND account_id = :caller_id::bigint AND purpose <> 'recorded_letter'
        OR :caller_kind::text = 'STAFF' AND (attachment_permission(purpose) = ANY (:caller_permissions::text[])
            OR purpose = 'certificate_files' AND 'cert.expert.review' = ANY (:caller_permissions::text[])));

-- name: attachment_look
-- A member of staff opened somebody's file: which, and what it shows (id_card_files).
INSERT INTO audit (actor_kind, actor_id, session, action, object, detail, request_id)
SELECT :caller_kind, :caller_id, :caller_session, 'attachment.read', :id,
       jsonb_build_object('purpose', coalesce((SELECT a.purpose FROM attachment a WHERE a.id = :id::text), '')), :request_id;

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

-- ---- printable documents

-- name: document_of_member
SELECT s.account_id, s.kind, s.version, s.application_no, s.unit_name, form_json(s.kind, s.form) AS form,
       to_char(s.submitted_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD"T"HH24:MI:SS"+08:00"') AS made_at,
       encode(sha256(convert_to(s.form::text, 'UTF8')), 'hex') AS digest
  FROM identity i JOIN submission s ON s.account_id = i.account_id AND s.kind = i.kind
   AND s.version = CASE WHEN :version::int > 0 THEN :version::int ELSE coalesce(i.in_force_version, i.last_version) END
 WHERE i.account_id = :caller_id::bigint AND i.kind = :kind::text;

-- name: document_of_review
SELECT s.account_id, s.kind, s.version, s.application_no, s.unit_name, form_json(s.kind, s.form) AS form,
       to_char(s.submitted_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD"T"HH24:MI:SS"+08:00"') AS made_at,
       encode(sha256(convert_to(s.form::text, 'UTF8')), 'hex') AS digest,
       r.state, coalesce(nullif(r.decided_by_name, ''), r.claimed_by_name) AS reviewer,
       trim(E'\n' FROM r.message_to_applicant || E'\n' || field_notes(r.field_verdicts)) AS message_to_applicant,
       r.first_by_name, to_char(r.first_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') AS first_at,
       to_char(r.claimed_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') AS claimed_at,
       to_char(r.decided_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD"T"HH24:MI:SS"+08:00"') AS decided_at,
       (SELECT coalesce(string_agg(concat(x ->> 'code', ' ', x ->> 'text', '：', x ->> 'advice'), E'\n' ORDER BY x ->> 'code'), '')
          FROM jsonb_array_elements(coalesce(r.reasons_told, reject_reasons_json(r.reason_codes))) AS x) AS reasons
  FROM review r JOIN submission s USING (account_id, kind, version)
 WHERE r.id = :id::bigint AND review_permission(r.kind) = ANY (:caller_permissions::text[]);

-- name: document_look
-- A member of staff printed somebody's form.
INSERT INTO audit (actor_kind, actor_id, session, action, object, request_id)
VALUES (:caller_kind, :caller_id, :caller_session, 'document.read', :id, :request_id);

-- name: document_names
-- The options that a form chose, as they were called then, also those that cannot be chosen any more.
SELECT i.dictionary, i.code, dictionary_name(i.dictionary, i.code, :named_at::timestamptz) AS name
  FROM unnest(:code_dictionaries::text[], :codes::text[]) AS named(dictionary, code)
  JOIN dictionary_item i USING (dictionary, code);

-- name: document_files
SELECT a.id, a.file_name FROM attachment a WHERE a.account_id = :owner::bigint AND a.id = ANY (:file_ids::text[]);

-- name: document_photo
-- The small picture of the photo that a form names; the large one is more than a place of an inch and a half shows.
SELECT a.id || '.t' AS id, a.account_id, a.thumbnail_bytes
  FROM unnest(:file_ids::text[], :file_purposes::text[]) AS named(id, purpose) JOIN attachment a USING (id)
 WHERE named.purpose = 'photo_files' AND a.account_id = :owner::bigint LIMIT 1;

-- ---- revocations

-- name: revocation_request
-- keyed
-- audit: identity.revocation_requested id
WITH answer AS (
    INSERT INTO revocation (account_id, kind, version, reason, requested_by, requested_by_name)
    SELECT i.account_id, i.kind, i.in_force_version, :reason, :caller_id::bigint, :caller_name
      FROM review r JOIN identity i ON i.account_id = r.account_id AND i.kind = r.kind AND i.in_force_version = r.version
     WHERE r.id = :id::bigint AND review_permission(r.kind) = ANY (:caller_permissions::text[])
       AND i.state IN ('APPROVED', 'APPROVED_REJECTED')
    RETURNING id, state, reason, requested_by_name, true AS requested_by_me, requested_at)
SELECT * FROM answer;

-- name: revocation_list
-- Those that wait for the second person; the case that was approved shows each.
SELECT v.id, v.state, v.reason, v.requested_by_name, v.requested_by = :caller_id::bigint AS requested_by_me, v.requested_at,
       r.id AS review_id, v.kind, s.unit_name
  FROM revocation v JOIN submission s USING (account_id, kind, version) JOIN review r USING (account_id, kind, version)
 WHERE v.state = 'REQUESTED' AND review_permission(v.kind) = ANY (:caller_permissions::text[])
 ORDER BY v.id LIMIT 100;

-- name: revocation_own
SELECT requested_by = :caller_id::bigint AS is_own FROM revocation WHERE id = :id::bigint;

-- name: revocation_decide
-- keyed
-- audit: identity.revocation_decided id
-- Taken back: nothing is in force any more, and the unit or person may be certified anew, by this account or another.
WITH decided AS (
    UPDATE revocation v SET state = CASE :verdict::text WHEN 'CONFIRM' THEN 'CONFIRMED' ELSE 'REFUSED' END,
           decided_by = :caller_id::bigint, decided_by_name = :caller_name, decided_at = now(), note = :note
     WHERE v.id = :id::bigint AND v.state = 'REQUESTED' AND v.requested_by <> :caller_id::bigint
       AND review_permission(v.kind) = ANY (:caller_permissions::text[])
       AND (:verdict = 'REFUSE' OR EXISTS (
               SELECT 1 FROM identity i WHERE i.account_id = v.account_id AND i.kind = v.kind
                  AND i.in_force_version = v.version AND i.state IN ('APPROVED', 'APPROVED_REJECTED')))
    RETURNING v.*),
moved AS (
    UPDATE identity i SET state = 'REVOKED', in_force_version = NULL, uscc = NULL, id_number_index = NULL,
           association_post = '', decided_at = now()
      FROM decided d WHERE d.state = 'CONFIRMED' AND i.account_id = d.account_id AND i.kind = d.kind),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'application.revoked', jsonb_build_object('account_id', account_id, 'kind', kind, 'reason', reason)
      FROM decided WHERE state = 'CONFIRMED'),
answer AS (
    SELECT id, state, reason, requested_by_name, false AS requested_by_me, requested_at, decided_by_name, decided_at, note
      FROM decided)
SELECT * FROM answer;

-- ---- the expert pool

-- name: expert_list_newest
SELECT t.*, (extract(epoch FROM e.joined_at) * 1000000)::bigint || '.' || e.account_id AS position
  FROM expert_found(:q::text, :state::text, :specialty::text, :region::text, :qualification::text, :valid_on::date,
                    :ending_by::date) AS e, expert_told(e) AS t
 WHERE (e.joined_at, e.account_id) < (to_timestamp(:cursor_place::bigint / 1000000.0), :cursor_id::bigint)
 ORDER BY e.joined_at DESC, e.account_id DESC
 LIMIT :page_size::int + 1;

-- name: expert_list_ending
-- The cursor is "days since 1900.account".
SELECT t.*, (e.first_expiry - date '1900-01-01') || '.' || e.account_id AS position
  FROM expert_found(:q::text, :state::text, :specialty::text, :region::text, :qualification::text, :valid_on::date,
                    :ending_by::date) AS e, expert_told(e) AS t
 WHERE (e.first_expiry, e.account_id) > (date '1900-01-01' + least(:cursor_place::bigint, 3000000)::int, :cursor_id::bigint)
 ORDER BY e.first_expiry, e.account_id
 LIMIT :page_size::int + 1;

-- name: expert_total
SELECT count(*) AS total
  FROM expert_found(:q::text, :state::text, :specialty::text, :region::text, :qualification::text, :valid_on::date,
                    :ending_by::date) AS e;

-- name: expert_get
SELECT (SELECT to_jsonb(t) FROM expert_told(e) AS t) AS expert, e.account_id, form_json(s.kind, s.form) AS in_force,
       CASE WHEN 'cert.expert.review' = ANY (:caller_permissions::text[])
            THEN form_papers_json(e.account_id, ARRAY[s.form]) END AS attachments,
       (SELECT jsonb_agg(jsonb_build_object('event', event, 'at', at, 'changed_by_name', changed_by_name, 'reason', reason,
                   'in_force_version', in_force_version) ORDER BY id)
          FROM expert_history h WHERE h.account_id = e.account_id) AS history,
       linked_units_json(s) AS units
  FROM expert e JOIN submission s ON s.account_id = e.account_id AND s.kind = 'EXPERT' AND s.version = e.in_force_version
 WHERE e.account_id = :id::bigint;

-- name: expert_exists
SELECT account_id FROM expert WHERE account_id = :id::bigint;

-- name: expert_move
-- keyed
-- audit: expert.moved object
-- A way that SM7 does not know: no row, nothing changed, nobody told.
WITH moved AS (
    UPDATE expert e SET state = :to_state, state_reason = :reason, changed_by = :caller_id::bigint,
           changed_by_name = :caller_name, changed_at = now()
      FROM transition t
     WHERE e.account_id = :id::bigint
       AND t.machine = 'expert' AND t.from_state = e.state AND t.to_state = :to_state
    RETURNING e AS expert),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT CASE t.state WHEN 'IN_POOL' THEN 'expert.resumed' ELSE 'expert.' || lower(t.state) END,
           jsonb_build_object('account_id', t.id, 'reason', t.state_reason) FROM moved m, expert_told(m.expert) AS t),
answer AS (
    SELECT t.*, t.expert_no || '/' || t.state AS object FROM moved m, expert_told(m.expert) AS t)
SELECT * FROM answer;

-- name: expert_remind
-- Each step of each certificate once, whoever else asks at the same moment. Who joins late hears the last step only; what
-- ended more than a week ago is no news.
WITH due AS (
    SELECT e.account_id, c.occupation_name, c.certificate_no, c.valid_to,
           CASE WHEN c.valid_to <= current_date THEN 0 WHEN c.valid_to <= current_date + 30 THEN 30 ELSE 90 END AS step
      FROM expert e
      JOIN submission s ON s.account_id = e.account_id AND s.kind = 'EXPERT' AND s.version = e.in_force_version,
           jsonb_to_recordset(s.form -> 'qualifications')
               AS q(occupation_name text, certificate_no text, valid_to text, valid_forever boolean),
           LATERAL (SELECT q.occupation_name, q.certificate_no,
                           CASE WHEN q.valid_forever THEN NULL ELSE q.valid_to::date END AS valid_to) AS c
     WHERE e.state <> 'REMOVED' AND e.first_expiry <= current_date + 90
       AND c.valid_to BETWEEN current_date - 7 AND current_date + 90),
reminded AS (
    INSERT INTO expert_reminder (account_id, certificate_no, valid_to, step)
    SELECT account_id, certificate_no, valid_to, step FROM due d
     WHERE NOT EXISTS (SELECT FROM expert_reminder r WHERE (r.account_id, r.certificate_no, r.valid_to, r.step)
                                                           = (d.account_id, d.certificate_no, d.valid_to, d.step))
     LIMIT 1000
    ON CONFLICT DO NOTHING
    RETURNING account_id, certificate_no, valid_to)
INSERT INTO outbox (event, payload)
SELECT 'expert.certificate_ending', jsonb_build_object('account_id', r.account_id, 'valid_to', r.valid_to,
           'certificate', (SELECT min(d.occupation_name) FROM due d
                            WHERE (d.account_id, d.certificate_no, d.valid_to) = (r.account_id, r.certificate_no, r.valid_to)))
  FROM reminded r;

-- ---- draws of experts

-- name: draw_list
SELECT d.id, d.draw_no, d.state, d.conditions ->> 'project_name' AS project_name,
       d.conditions ->> 'owner_unit_name' AS owner_unit_name, d.conditions ->> 'review_at' AS review_at,
       (SELECT sum((row ->> 'count')::integer) FROM jsonb_array_elements(d.conditions -> 'rows') AS row) AS count, d.created_at,
       (extract(epoch FROM d.created_at) * 1000000)::bigint || '.' || d.id AS position
  FROM draw d
 WHERE (:state::text = 'UNSPECIFIED' OR d.state = :state)
   AND strpos(concat_ws(' ', d.draw_no, d.conditions ->> 'project_name', d.conditions ->> 'project_no',
                        d.conditions ->> 'owner_unit_name'), :q::text) > 0
   AND (d.created_at, d.id) < (to_timestamp(:cursor_place::bigint / 1000000.0), :cursor_id::bigint)
 ORDER BY d.created_at DESC, d.id DESC
 LIMIT :page_size::int + 1;

-- name: draw_total
SELECT count(*) AS total FROM draw d
 WHERE (:state::text = 'UNSPECIFIED' OR d.state = :state)
   AND strpos(concat_ws(' ', d.draw_no, d.conditions ->> 'project_name', d.conditions ->> 'project_no',
                        d.conditions ->> 'owner_unit_name'), :q::text) > 0;

-- name: draw_get
-- Of a draft: what would be frozen now. Names come with the results only once they are not withheld any more.
SELECT d.id, d.draw_no, d.state, d.version, d.conditions, d.created_by_name, d.created_at, d.frozen_by_name, d.frozen_at,
       encode(d.candidates_hash, 'hex') AS candidates_hash, encode(d.server_commit, 'hex') AS server_commit,
       encode(d.server_seed, 'hex') AS server_seed, d.witness_seed, encode(d.beacon, 'hex') AS beacon,
       encode(d.seed, 'hex') AS seed, d.witness_name, d.drawn_at, d.end_reason,
       :caller_id::bigint IN (d.created_by, coalesce(d.frozen_by, d.created_by)) AS prepared_by_me, h.names_withheld,
       (SELECT jsonb_agg(to_jsonb(c) ORDER BY c.slot) FROM draw_counts(d.conditions -> 'rows', l.list -> 'candidates') AS c)
           AS counts,
       l.list -> 'exclusions' AS exclusions,
       (SELECT jsonb_agg(jsonb_build_object('slot', r.slot, 'place', r.place, 'expert_no', r.expert_no, 'outcome', r.outcome,
                   'name', CASE WHEN h.names_withheld THEN '' ELSE e.name END,
                   'employer_name', CASE WHEN h.names_withheld THEN '' ELSE e.employer_name END,
                   'mobile', CASE WHEN h.names_withheld THEN '' ELSE e.mobile END,
                   'invitation_id', coalesce(v.id, 0)::text, 'reply', coalesce(v.state, 'UNSPECIFIED'),
                   'replied_at', coalesce(to_jsonb(v.replied_at), '""'), 'note', coalesce(v.note, ''),
                   'reply_by', coalesce(to_char(v.reply_by, 'YYYY-MM-DD HH24:MI'), ''))
                   ORDER BY r.slot, r.place)
          FROM draw_result r JOIN draw_candidate k USING (draw_id, expert_no) JOIN expert e ON e.account_id = k.account_id
          LEFT JOIN draw_invitation v ON v.draw_id = r.draw_id AND v.slot = r.slot AND v.place = r.place
         WHERE r.draw_id = d.id) AS results
  FROM draw d,
       LATERAL (SELECT CASE WHEN d.frozen IS NOT NULL THEN d.frozen::jsonb
                            ELSE draw_candidates_json(d.id, d.conditions) END AS list) AS l,
       LATERAL (SELECT coalesce(nullif(d.conditions ->> 'hide_until', '')::timestamp > now() AT TIME ZONE 'Asia/Shanghai', false)
                           AS names_withheld) AS h
 WHERE d.id = :id::bigint;

-- name: draw_unknown
SELECT draw_unknown(:conditions::jsonb, :code_fields::text[], :code_dictionaries::text[], :codes::text[]) AS field;

-- name: draw_create
-- keyed
-- audit: draw.created draw_no
WITH answer AS (
    INSERT INTO draw (conditions, review_at, created_by, created_by_name)
    SELECT :conditions::jsonb, (:conditions::jsonb ->> 'review_at')::timestamp, :caller_id::bigint, :caller_name
     WHERE NOT EXISTS (SELECT draw_unknown(:conditions::jsonb, :code_fields::text[], :code_dictionaries::text[], :codes::text[]))
    RETURNING id, draw_no, state, version)
SELECT * FROM answer;

-- name: draw_change
-- keyed
-- audit: draw.changed draw_no
WITH answer AS (
    UPDATE draw SET conditions = :conditions::jsonb, review_at = (:conditions::jsonb ->> 'review_at')::timestamp,
           version = version + 1
     WHERE id = :id::bigint AND version = :version::int AND state = 'DRAFT'
       AND NOT EXISTS (SELECT draw_unknown(:conditions::jsonb, :code_fields::text[], :code_dictionaries::text[], :codes::text[]))
    RETURNING id, draw_no, state, version)
SELECT * FROM answer;

-- name: draw_explain
-- Why a draft may not be frozen: gone, moved on, too late, or a row that is too short.
SELECT d.state = 'DRAFT' AND d.version = :version::int AS is_current,
       d.review_at <= now() AT TIME ZONE 'Asia/Shanghai' AS is_late, s.slot, s.candidates, s.needed
  FROM draw d LEFT JOIN LATERAL (
       SELECT c.* FROM draw_counts(d.conditions -> 'rows', draw_candidates_json(d.id, d.conditions) -> 'candidates') AS c
        WHERE c.candidates < c.needed ORDER BY c.slot) AS s ON d.state = 'DRAFT'
 WHERE d.id = :id::bigint;

-- name: draw_freeze
-- keyed
-- audit: draw.frozen object
-- The list as it is now, with its hash and the commitment to the server's seed, is in the audit before anybody draws.
WITH drafted AS (
    SELECT d.* FROM draw d
     WHERE d.id = :id::bigint AND d.version = :version::int AND d.state = 'DRAFT'
       AND d.review_at > now() AT TIME ZONE 'Asia/Shanghai' FOR UPDATE),
pool AS MATERIALIZED (SELECT p.* FROM drafted d, draw_pool(d.id, d.conditions) AS p),
listed AS (
    SELECT coalesce(jsonb_agg(jsonb_build_object('expert_no', expert_no, 'slots', to_jsonb(slots))
                    ORDER BY expert_no COLLATE "C") FILTER (WHERE reasons = '{}'), '[]') AS candidates,
           coalesce(jsonb_agg(jsonb_build_object('expert_no', expert_no, 'reasons', to_jsonb(reasons))
                    ORDER BY expert_no COLLATE "C") FILTER (WHERE reasons <> '{}'), '[]') AS exclusions FROM pool),
document AS (
    SELECT d.id, canonical_json(jsonb_build_object('draw_no', d.draw_no, 'conditions', draw_published(d.conditions),
               'candidates', l.candidates, 'exclusions', l.exclusions, 'server_commit', :server_commit::text,
               'frozen_at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))) AS text
      FROM drafted d, listed l
     WHERE NOT EXISTS (SELECT FROM draw_counts(d.conditions -> 'rows', l.candidates) AS c WHERE c.candidates < c.needed)),
changed AS (
    UPDATE draw d SET state = 'FROZEN', version = d.version + 1, frozen = t.text,
           candidates_hash = sha256(convert_to(t.text, 'UTF8')), server_commit = decode(:server_commit, 'hex'),
           sealed_server_seed = :sealed_server_seed::text, frozen_by = :caller_id::bigint, frozen_by_name = :caller_name,
           frozen_at = now()
      FROM document t WHERE d.id = t.id
    RETURNING d.id, d.draw_no, d.state, d.version, d.candidates_hash),
kept AS (
    INSERT INTO draw_candidate (draw_id, expert_no, account_id, slots, reasons)
    SELECT c.id, p.expert_no, p.account_id, p.slots, p.reasons FROM changed c, pool p),
answer AS (
    SELECT id, draw_no, state, version, draw_no || '/' || encode(candidates_hash, 'hex') AS object FROM changed)
SELECT * FROM answer;

-- name: draw_frozen
SELECT id, state, sealed_server_seed, encode(candidates_hash, 'hex') AS candidates_hash,
       :caller_id::bigint IN (created_by, frozen_by) AS is_same_person, conditions ->> 'beacon_round' AS beacon_round
  FROM draw WHERE id = :id::bigint;

-- name: draw_wanted
SELECT row ->> 'count' AS count FROM draw, jsonb_array_elements(conditions -> 'rows') WITH ORDINALITY AS r(row, place)
 WHERE id = :id::bigint ORDER BY place;

-- name: draw_entries
SELECT slot, expert_no FROM draw_candidate, unnest(slots) AS slot
 WHERE draw_id = :id::bigint AND reasons = '{}' ORDER BY slot, expert_no COLLATE "C";

-- name: draw_run
-- keyed
-- audit: draw.drawn draw_no
-- Of two at a time one draws; draw_verify computes the order once more before it counts.
WITH drawn AS (
    UPDATE draw SET state = 'DRAWN', version = version + 1, server_seed = decode(:server_seed_hex, 'hex'),
           witness_seed = :witness_seed, beacon = decode(:beacon, 'hex'), seed = decode(:seed_hex, 'hex'),
           witness_id = :caller_id::bigint, witness_name = :caller_name, drawn_at = now()
     WHERE id = :id::bigint AND state = 'FROZEN' AND candidates_hash = decode(:candidates_hash, 'hex')
       AND :caller_id::bigint NOT IN (created_by, frozen_by)
    RETURNING id, draw_no, state, version),
kept AS (
    INSERT INTO draw_result (draw_id, slot, place, expert_no, outcome)
    SELECT d.id, r.slot, r.place, r.expert_no, r.outcome
      FROM drawn d, unnest(:slots::int[], :places::int[], :expert_nos::text[], :outcomes::text[])
                        AS r(slot, place, expert_no, outcome)),
answer AS (SELECT * FROM drawn)
SELECT * FROM answer;

-- name: draw_cancel
-- keyed
-- audit: draw.cancelled draw_no
WITH answer AS (
    UPDATE draw SET state = 'CANCELLED', version = version + 1, end_reason = :reason
     WHERE id = :id::bigint AND state IN ('DRAFT', 'FROZEN')
    RETURNING id, draw_no, state, version)
SELECT * FROM answer;

-- name: draw_invite
-- keyed
-- audit: draw.invited draw_no
-- The next of each slot's order that can come, as many as places are free. One that two slots would ask goes to the first.
WITH open AS (
    SELECT d.*, draw_reply_by(d) AS reply_by FROM draw d
     WHERE d.id = :id::bigint AND d.state IN ('DRAWN', 'NEEDS_MORE') AND d.review_at > shanghai_now() FOR UPDATE),
free AS (
    SELECT r.place::integer AS slot, (row ->> 'count')::integer - (
               SELECT count(*) FROM draw_invitation v
                WHERE v.draw_id = o.id AND v.slot = r.place AND v.state IN ('INVITED', 'ACCEPTED')) AS places
      FROM open o, jsonb_array_elements(o.conditions -> 'rows') WITH ORDINALITY AS r(row, place)),
able AS (
    SELECT DISTINCT ON (c.account_id) o.id AS draw_id, r.slot, r.place, r.outcome, c.account_id, half_day(o.review_at) AS half_day,
           o.reply_by
      FROM open o JOIN draw_result r ON r.draw_id = o.id AND r.outcome <> 'ELSEWHERE'
      JOIN draw_candidate c ON c.draw_id = r.draw_id AND c.expert_no = r.expert_no
      JOIN expert e ON e.account_id = c.account_id AND e.state = 'IN_POOL' AND NOT expert_is_away(e, o.review_at::date)
      JOIN free f ON f.slot = r.slot AND f.places > 0
     WHERE NOT EXISTS (SELECT FROM draw_invitation v WHERE v.account_id = c.account_id
                          AND (v.draw_id = o.id OR v.half_day = half_day(o.review_at) AND v.state IN ('INVITED', 'ACCEPTED')))
     ORDER BY c.account_id, r.outcome = 'DRAWN' DESC, r.slot),
ranked AS (SELECT a.*, row_number() OVER (PARTITION BY slot ORDER BY place) AS rank FROM able a),
chosen AS (
    SELECT r.*, row_number() OVER (ORDER BY r.slot, r.place) AS nth FROM ranked r JOIN free f USING (slot) WHERE r.rank <= f.places),
invited AS (
    INSERT INTO draw_invitation (draw_id, slot, place, account_id, half_day, reply_by, link_no)
    SELECT draw_id, slot, place, account_id, half_day, reply_by, (:link_ids::bigint[])[nth] FROM chosen
    RETURNING account_id),
moved AS (
    UPDATE draw d SET state = 'NOTIFYING', version = d.version + 1 FROM open o
     WHERE d.id = o.id AND EXISTS (SELECT FROM invited)
    RETURNING d.id, d.draw_no, d.state, d.version, d.review_at),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'draw.invited', jsonb_build_object('account_id', account_id, 'review_at', to_char(m.review_at, 'YYYY-MM-DD HH24:MI'),
               'review_day', to_char(m.review_at, 'FMMM"月"FMDD"日"'), 'reply_by', to_char(c.reply_by, 'YYYY-MM-DD HH24:MI'),
               'url', :site::text || '/i?' || (:link_tokens::text[])[c.nth])
      FROM invited JOIN chosen c USING (account_id), moved m),
answer AS (SELECT id, draw_no, state, version FROM moved)
SELECT * FROM answer;

-- name: draw_state
SELECT state, review_at <= shanghai_now() AS is_over FROM draw WHERE id = :id::bigint;

-- name: draw_reply
-- keyed
-- audit: draw.replied object
WITH replied AS (
    UPDATE draw_invitation v SET state = :reply::text, replied_at = now(), recorded_by = :caller_id::bigint, note = :note
      FROM transition t
     WHERE v.id = :id::bigint AND t.machine = 'draw_invitation' AND t.from_state = v.state AND t.to_state = :reply::text
       AND EXISTS (SELECT FROM draw d WHERE d.id = v.draw_id AND d.state IN ('NOTIFYING', 'NEEDS_MORE', 'CONFIRMED'))
    RETURNING v.id, v.draw_id),
answer AS (
    SELECT d.id, d.draw_no, d.state, d.version, d.draw_no || '/' || r.id || '/' || :reply::text AS object
      FROM replied r JOIN draw d ON d.id = r.draw_id)
SELECT * FROM answer;

-- name: draw_close
-- keyed
-- audit: draw.closed draw_no
-- Without all its experts it does not take place: those who were asked are told.
WITH closed AS (
    UPDATE draw d SET state = 'CLOSED', version = d.version + 1, end_reason = :reason
      FROM draw before
     WHERE d.id = :id::bigint AND before.id = d.id AND d.state IN ('CONFIRMED', 'NEEDS_MORE')
    RETURNING d.id, d.draw_no, d.state, d.version, d.conditions, before.state AS before_state),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'draw.called_off', jsonb_build_object('account_id', v.account_id, 'review_at', c.conditions ->> 'review_at',
               'phone_of_office', c.conditions ->> 'contact_phone')
      FROM closed c JOIN draw_invitation v ON v.draw_id = c.id AND v.state IN ('INVITED', 'ACCEPTED')
     WHERE c.before_state = 'NEEDS_MORE'),
answer AS (SELECT id, draw_no, state, version FROM closed)
SELECT * FROM answer;

-- name: draw_package
SELECT d.draw_no, d.state, d.frozen, encode(d.candidates_hash, 'hex') AS candidates_hash,
       encode(d.server_seed, 'hex') AS server_seed, d.witness_seed, encode(d.beacon, 'hex') AS beacon,
       encode(d.seed, 'hex') AS seed, d.drawn_at,
       (SELECT jsonb_agg(jsonb_build_object('slot', slot, 'place', place, 'expert_no', expert_no, 'outcome', outcome)
                         ORDER BY slot, place) FROM draw_result r WHERE r.draw_id = d.id) AS results
  FROM draw d WHERE d.draw_no = upper(:draw_no::text) AND d.frozen IS NOT NULL;

-- name: draw_look
-- A member of staff printed the record of a draw.
INSERT INTO audit (actor_kind, actor_id, session, action, object, request_id)
VALUES (:caller_kind, :caller_id, :caller_session, 'draw.read', :id, :request_id);

-- name: invitation_list
-- An expert's own, the latest first.
SELECT t.* FROM draw_invitation v JOIN draw d ON d.id = v.draw_id, invitation_told(v, d) AS t
 WHERE v.account_id = :caller_id::bigint ORDER BY v.id DESC LIMIT 100;

-- name: invitation_answer
-- keyed
-- audit: draw.answered object
WITH own AS (SELECT id FROM draw_invitation WHERE id = :id::bigint AND account_id = :caller_id::bigint),
replied AS (SELECT v AS invitation FROM own, invitation_reply(own.id, :accept::boolean, :reason::text) AS v),
answer AS (
    SELECT t.*, d.draw_no || '/' || t.id || '/' || t.state AS object
      FROM replied r JOIN draw d ON d.id = (r.invitation).draw_id, invitation_told(r.invitation, d) AS t)
SELECT * FROM answer;

-- name: invitation_link_get
SELECT t.* FROM draw_invitation v JOIN draw d ON d.id = v.draw_id, invitation_link_told(v, d) AS t WHERE v.link_no = :link_no::bigint;

-- name: invitation_link_answer
-- keyed
-- audit: draw.answered_by_link object
WITH own AS (SELECT id FROM draw_invitation WHERE link_no = :link_no::bigint),
replied AS (SELECT v AS invitation FROM own, invitation_reply(own.id, :accept::boolean, :reason::text) AS v),
answer AS (
    SELECT t.*, d.draw_no || '/' || (r.invitation).id || '/' || t.state AS object
      FROM replied r JOIN draw d ON d.id = (r.invitation).draw_id, invitation_link_told(r.invitation, d) AS t)
SELECT * FROM answer;

-- name: invitation_lapse
-- What nobody answered until its deadline, once; instances beside each other take different ones.
UPDATE draw_invitation SET state = 'NO_ANSWER', note = '到期未答复，系统登记'
 WHERE id IN (SELECT v.id FROM draw_invitation v JOIN draw d ON d.id = v.draw_id AND d.state IN ('NOTIFYING', 'NEEDS_MORE')
               WHERE v.state = 'INVITED' AND v.reply_by <= shanghai_now()
               ORDER BY v.id LIMIT 500 FOR UPDATE OF v SKIP LOCKED);

-- ---- figures

-- name: member_figures
WITH unit AS MATERIALIZED (
    SELECT s.form ->> 'member_category' AS category, substr(s.uscc, 3, 6) AS region
      FROM identity i JOIN submission s ON s.account_id = i.account_id AND s.kind = i.kind AND s.version = i.in_force_version
     WHERE i.kind = 'MEMBER_UNIT')
SELECT (SELECT jsonb_agg(to_jsonb(c)) FROM (
            SELECT coalesce(d.name, category) AS name, count(*) AS units
              FROM unit LEFT JOIN dictionary_item d ON d.dictionary = 'member_category' AND d.code = category
             GROUP BY 1 ORDER BY 2 DESC, 1) AS c) AS categories,
       (SELECT jsonb_agg(to_jsonb(c)) FROM (
            SELECT coalesce(d.name, '其他地区') AS name, count(*) AS units
              FROM unit LEFT JOIN dictionary_item d ON d.dictionary = 'region' AND d.code = region
             GROUP BY 1 ORDER BY 2 DESC, 1) AS c) AS regions;

-- ---- dictionaries

-- name: dictionary_head
SELECT title, version FROM dictionary WHERE name = :name;

-- name: dictionary_offered
SELECT code, name, parent, note, place, enabled, initials FROM dictionary_item
 WHERE dictionary = :name AND enabled ORDER BY place, code;

-- name: dictionary_items
SELECT code, name, parent, note, place, enabled, initials FROM dictionary_item
 WHERE dictionary = :name ORDER BY place, code;

-- name: dictionary_list
SELECT d.name, d.title, d.version, count(i.code) AS items_count,
       count(i.code) FILTER (WHERE i.enabled) AS enabled_count
  FROM dictionary d LEFT JOIN dictionary_item i ON i.dictionary = d.name GROUP BY d.name ORDER BY d.name;

-- name: dictionary_item_save
-- keyed
-- audit: dictionary.changed object
-- Another version than the page showed: no row. Who saves at the same time waits, and then finds the version risen.
WITH other AS MATERIALIZED (
    SELECT version FROM dictionary WHERE name = :dictionary FOR UPDATE),
saved AS (
    INSERT INTO dictionary_item (dictionary, code, name, parent, note, place, enabled, changed_by)
    SELECT :dictionary, :code, :name, :parent, :note, :place::int, :enabled::boolean, :caller_id::bigint
     WHERE NOT EXISTS (SELECT FROM other WHERE version <> :version::int)
    ON CONFLICT (dictionary, code) DO UPDATE
       SET name = excluded.name, parent = excluded.parent, note = excluded.note, place = excluded.place,
           enabled = excluded.enabled, changed_by = excluded.changed_by
    RETURNING *),
answer AS (
    SELECT dictionary, :version::int + 1 AS version, dictionary || '/' || code AS object,
           jsonb_build_object('code', code, 'name', name, 'parent', parent, 'note', note, 'place', place,
               'enabled', enabled, 'initials', initials) AS item
      FROM saved)
SELECT * FROM answer;
