-- Statements of certification about reviews. Search path: its own schema.

-- ---- the reviewer

-- name: review_counts
SELECT count(*) FILTER (WHERE first_by IS NULL AND (state = 'QUEUED' OR claimed_until < now())) AS queued,
       count(*) FILTER (WHERE state = 'CLAIMED' AND claimed_until >= now() AND claimed_by = :caller_id::bigint)
           AS claimed_by_me,
       count(*) FILTER (WHERE state = 'CLAIMED' AND claimed_until >= now() AND claimed_by <> :caller_id::bigint)
           AS claimed_by_others,
       count(*) FILTER (WHERE promised_by < now()::date) AS overdue,
       count(*) FILTER (WHERE r.first_by IS NOT NULL) AS second,
       CASE WHEN 'cert.revoke' = ANY (:caller_permissions::text[]) THEN (
           SELECT count(*) FROM appeal a WHERE a.state = 'OPEN' AND review_permission(a.kind) = ANY (:caller_permissions::text[]))
           ELSE 0 END AS appeals,
       (SELECT count(*) FROM review d WHERE d.decided_at >= now()::date AND d.state <> 'CANCELLED'
           AND review_permission(d.kind) = ANY (:caller_permissions::text[])) AS decided_today,
       min(r.submitted_at) AS oldest_submitted_at
  FROM review r
 WHERE r.state IN ('QUEUED', 'CLAIMED') AND review_permission(r.kind) = ANY (:caller_permissions::text[]);

-- name: review_list_oldest
-- One more row than asked for shows whether there is a next page. The cursor is "microseconds.id".
SELECT r.id, s.application_no, r.kind, s.unit_name,
       CASE WHEN r.state = 'CLAIMED' AND r.claimed_until < now() THEN 'QUEUED' ELSE r.state END AS state,
       r.version AS submission_version, r.is_change, r.submitted_at, coalesce(r.promised_by, s.expected_by) AS expected_by,
       CASE WHEN r.state = 'CLAIMED' AND r.claimed_until >= now() THEN r.claimed_by_name ELSE '' END AS claimed_by_name,
       coalesce(r.state = 'CLAIMED' AND r.claimed_until >= now() AND r.claimed_by = :caller_id::bigint, false)
           AS claimed_by_me,
       r.first_by_name AS first_approved_by_name, r.decided_at, r.decided_by_name,
       review_may_act(r, :caller_id::bigint, :caller_permissions::text[]) AS may_act,
       CASE WHEN review_turn(r, :caller_id::bigint) <> 1 THEN r.preferred_by_name ELSE '' END AS preferred_name,
       review_turn(r, :caller_id::bigint) = 0 AS preferred_me,
       (extract(epoch FROM r.submitted_at) * 1000000)::bigint || '.' || r.id AS position
  FROM review r JOIN submission s USING (account_id, kind, version)
 WHERE review_permission(r.kind) = ANY (:caller_permissions::text[])
   AND (:kind::text = 'UNSPECIFIED' OR r.kind = :kind)
   AND CASE :view::text
           WHEN 'QUEUED' THEN r.first_by IS NULL
               AND (r.state = 'QUEUED' OR (r.state = 'CLAIMED' AND r.claimed_until < now()))
           WHEN 'SECOND' THEN r.first_by IS NOT NULL AND r.state IN ('QUEUED', 'CLAIMED')
           WHEN 'MINE' THEN r.state = 'CLAIMED' AND r.claimed_by = :caller_id::bigint AND r.claimed_until >= now()
           WHEN 'DECIDED' THEN r.state IN ('APPROVED', 'REJECTED')
           WHEN 'OVERDUE' THEN r.state IN ('QUEUED', 'CLAIMED') AND r.promised_by < now()::date
           ELSE r.state IN ('QUEUED', 'CLAIMED') END
   AND (:q::text = '' OR s.unit_name LIKE :q_like::text OR s.uscc LIKE :q_like OR s.application_no LIKE :q_like)
   AND (r.submitted_at, r.id) > (to_timestamp(:cursor_place::bigint / 1000000.0), :cursor_id::bigint)
 ORDER BY r.submitted_at, r.id
 LIMIT :page_size::int + 1;

-- name: review_list_newest
SELECT r.id, s.application_no, r.kind, s.unit_name,
       CASE WHEN r.state = 'CLAIMED' AND r.claimed_until < now() THEN 'QUEUED' ELSE r.state END AS state,
       r.version AS submission_version, r.is_change, r.submitted_at, coalesce(r.promised_by, s.expected_by) AS expected_by,
       CASE WHEN r.state = 'CLAIMED' AND r.claimed_until >= now() THEN r.claimed_by_name ELSE '' END AS claimed_by_name,
       coalesce(r.state = 'CLAIMED' AND r.claimed_until >= now() AND r.claimed_by = :caller_id::bigint, false)
           AS claimed_by_me,
       r.first_by_name AS first_approved_by_name, r.decided_at, r.decided_by_name,
       review_may_act(r, :caller_id::bigint, :caller_permissions::text[]) AS may_act,
       CASE WHEN review_turn(r, :caller_id::bigint) <> 1 THEN r.preferred_by_name ELSE '' END AS preferred_name,
       review_turn(r, :caller_id::bigint) = 0 AS preferred_me,
       (extract(epoch FROM r.submitted_at) * 1000000)::bigint || '.' || r.id AS position
  FROM review r JOIN submission s USING (account_id, kind, version)
 WHERE review_permission(r.kind) = ANY (:caller_permissions::text[])
   AND (:kind::text = 'UNSPECIFIED' OR r.kind = :kind)
   AND CASE :view::text
           WHEN 'QUEUED' THEN r.first_by IS NULL
               AND (r.state = 'QUEUED' OR (r.state = 'CLAIMED' AND r.claimed_until < now()))
           WHEN 'SECOND' THEN r.first_by IS NOT NULL AND r.state IN ('QUEUED', 'CLAIMED')
           WHEN 'MINE' THEN r.state = 'CLAIMED' AND r.claimed_by = :caller_id::bigint AND r.claimed_until >= now()
           WHEN 'DECIDED' THEN r.state IN ('APPROVED', 'REJECTED')
           WHEN 'OVERDUE' THEN r.state IN ('QUEUED', 'CLAIMED') AND r.promised_by < now()::date
           ELSE r.state IN ('QUEUED', 'CLAIMED') END
   AND (:q::text = '' OR s.unit_name LIKE :q_like::text OR s.uscc LIKE :q_like OR s.application_no LIKE :q_like)
   AND (r.submitted_at, r.id) < (to_timestamp(:cursor_place::bigint / 1000000.0), :cursor_id::bigint)
 ORDER BY r.submitted_at DESC, r.id DESC
 LIMIT :page_size::int + 1;

-- name: review_total
SELECT count(*) AS total FROM review r
 WHERE review_permission(r.kind) = ANY (:caller_permissions::text[])
   AND (:kind::text = 'UNSPECIFIED' OR r.kind = :kind)
   AND CASE :view::text
           WHEN 'QUEUED' THEN r.first_by IS NULL
               AND (r.state = 'QUEUED' OR (r.state = 'CLAIMED' AND r.claimed_until < now()))
           WHEN 'SECOND' THEN r.first_by IS NOT NULL AND r.state IN ('QUEUED', 'CLAIMED')
           WHEN 'MINE' THEN r.state = 'CLAIMED' AND r.claimed_by = :caller_id::bigint AND r.claimed_until >= now()
           WHEN 'DECIDED' THEN r.state IN ('APPROVED', 'REJECTED')
           WHEN 'OVERDUE' THEN r.state IN ('QUEUED', 'CLAIMED') AND r.promised_by < now()::date
           ELSE r.state IN ('QUEUED', 'CLAIMED') END
   AND (:q::text = '' OR EXISTS (
           SELECT 1 FROM submission s
            WHERE s.account_id = r.account_id AND s.kind = r.kind AND s.version = r.version
              AND (s.unit_name LIKE :q_like::text OR s.uscc LIKE :q_like OR s.application_no LIKE :q_like)));

-- name: review_get
SELECT review_item(r, s, :caller_id::bigint, :caller_permissions::text[]) AS item,
       form_json(s.kind, s.form) AS submitted, form_json(f.kind, f.form) AS in_force,
       CASE WHEN p.id IS NOT NULL THEN jsonb_build_object('reasons', coalesce(p.reasons_told, reject_reasons_json(p.reason_codes)),
           'message', p.message_to_applicant, 'field_verdicts', p.field_verdicts, 'form', form_json(o.kind, o.form),
           'decided_by_name', p.decided_by_name, 'decided_at', p.decided_at) END AS last_refusal,
       form_papers_json(r.account_id, ARRAY[s.form, f.form, o.form]) AS attachments,
       application_timeline_json(r.account_id, r.kind) AS timeline,
       CASE WHEN r.state = 'CLAIMED' THEN r.claimed_until END AS claimed_until,
       r.internal_note, coalesce(r.reasons_told, reject_reasons_json(r.reason_codes)) AS reject_reasons,
       review_is_final(r) AND i.last_version = r.version AS may_allow_retry,
       CASE WHEN r.retry_allowed_at IS NOT NULL THEN r.retry_allowed_by_name || '：' || r.retry_allowed_note ELSE '' END
           AS retry_allowed_note,
       r.message_to_applicant AS reject_message,
       review_may_act(r, :caller_id::bigint, :caller_permissions::text[]) AS may_act,
       i.in_force_version = r.version AND i.state IN ('APPROVED', 'APPROVED_REJECTED') AS may_be_revoked,
       revocation_json(v::revocation, :caller_id::bigint) AS revocation,
       review_needs_second(r, coalesce(nullif(r.association_post, ''), s.form ->> 'association_post')) AS needs_second,
       r.field_verdicts, coalesce(f.id_number_index <> s.id_number_index, false) AS id_number_changed, r.association_post AS confirmed_association_post, r.decided_by_name,
       r.account_id, s.uscc, form_phone(s.form) AS contact_phone,
       EXISTS (SELECT 1 FROM identity i WHERE i.kind = r.kind AND i.uscc = s.uscc
                  AND i.account_id <> r.account_id) AS uscc_in_use,
       EXISTS (SELECT 1 FROM identity i WHERE i.kind = r.kind AND i.id_number_index = s.id_number_index
                  AND i.account_id <> r.account_id) AS id_number_in_use,
       review_reds_told(r, s) AS reds, region_words(substr(s.uscc, 3, 6)) AS region,
       (SELECT count(DISTINCT o.account_id) FROM submission o
         WHERE form_phone(o.form) = form_phone(s.form) AND o.account_id <> r.account_id) AS phone_elsewhere,
       CASE WHEN s.uscc <> '' THEN (SELECT count(*) FROM submission o
         WHERE o.uscc = s.uscc AND o.account_id <> r.account_id) ELSE 0 END AS uscc_elsewhere,
       CASE WHEN r.kind IN ('OWNER_UNIT', 'MEMBER_UNIT') THEN (SELECT count(DISTINCT o.account_id) FROM submission o
         WHERE o.kind IN ('OWNER_UNIT', 'MEMBER_UNIT') AND unit_key(o.unit_name) = unit_key(s.unit_name)
           AND o.account_id <> r.account_id) ELSE 0 END AS name_elsewhere,
       (SELECT count(*) FROM jsonb_array_elements(s.form -> 'qualifications') AS q
         WHERE q ->> 'valid_forever' <> 'true' AND q ->> 'valid_to' < to_char(now(), 'YYYY-MM-DD')) AS certificates_expired,
       (SELECT count(*) FROM jsonb_array_elements(s.form -> 'qualifications') AS q
         WHERE q ->> 'registered_employer' <> '' AND q ->> 'registered_employer' <> s.form ->> 'employer_name')
           AS certificates_elsewhere,
       linked_units_json(s) AS units,
       CASE WHEN r.kind IN ('OWNER_UNIT', 'MEMBER_UNIT') THEN units_alike_words(r.account_id, s, true) ELSE '' END AS names_near,
       CASE WHEN r.kind IN ('OWNER_UNIT', 'MEMBER_UNIT') THEN units_alike_words(r.account_id, s, false) ELSE '' END AS phones_shared,
       appeal_words(r.id) AS appeal_words, :caller_id::bigint = ANY (r.barred) AS is_barred,
       CASE WHEN r.reminded_to = r.claimed_by THEN r.reminded_at END AS reminded_at,
       CASE WHEN r.reminded_to = r.claimed_by THEN r.reminded_by_name ELSE '' END AS reminded_by_name,
       l.uscc_agrees IS NOT NULL AS licence_is_read, licence_doubt_words(s, 'uscc') AS licence_uscc_other,
       licence_doubt_words(s, 'unit_name') AS licence_name_other,
       licence_was_seen(r.account_id, s.form) AS licence_is_seen, licence_seen_words(s) AS licence_seen_other
  FROM review r JOIN submission s USING (account_id, kind, version)
  CROSS JOIN LATERAL licence_agrees(r.account_id, s.form) AS l
  JOIN identity i ON i.account_id = r.account_id AND i.kind = r.kind
  LEFT JOIN submission f ON f.account_id = r.account_id AND f.kind = r.kind
       AND f.version = i.in_force_version AND f.version <> r.version
  LEFT JOIN review p ON p.account_id = r.account_id AND p.kind = r.kind AND p.version = r.version - 1
       AND p.state = 'REJECTED'
  LEFT JOIN submission o ON o.account_id = p.account_id AND o.kind = p.kind AND o.version = p.version
  LEFT JOIN LATERAL (SELECT * FROM revocation x WHERE x.account_id = r.account_id AND x.kind = r.kind
                        AND x.version = r.version ORDER BY x.id DESC LIMIT 1) AS v ON true
 WHERE r.id = :id::bigint AND review_permission(r.kind) = ANY (:caller_permissions::text[]);

-- name: review_reveal
-- audit: review.id_number_revealed look
WITH answer AS (
    SELECT r.account_id, form_json(s.kind, s.form) AS submitted, r.id || ' ' || :purpose AS look
      FROM review r JOIN submission s USING (account_id, kind, version)
     WHERE r.id = :id::bigint AND r.kind = 'EXPERT' AND review_permission(r.kind) = ANY (:caller_permissions::text[]))
SELECT * FROM answer;

-- name: review_claim
-- audit: review.claimed id
WITH answer AS (
    UPDATE review SET state = 'CLAIMED', claimed_by = :caller_id::bigint, claimed_by_name = :caller_name,
           claimed_at = coalesce(claimed_at, now()), claimed_until = now() + interval '30 minutes'
     WHERE id = :id::bigint AND review_may_act(review, :caller_id::bigint, :caller_permissions::text[])
       AND (state = 'QUEUED' OR state = 'CLAIMED'
           AND (claimed_by = :caller_id::bigint OR claimed_until < now()))
    RETURNING id, claimed_until),
seen AS (
    INSERT INTO reviewer (id, name, permissions) SELECT :caller_id::bigint, :caller_name, :caller_permissions::text[] FROM answer
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, permissions = excluded.permissions, seen_at = now())
SELECT * FROM answer;

-- name: reviewer_list
-- Who may take this review over.
SELECT c.id, c.name FROM reviewer c JOIN review r ON r.id = :id::bigint
 WHERE c.id <> :caller_id::bigint AND review_permission(r.kind) = ANY (:caller_permissions::text[])
   AND review_may_act(r, c.id, c.permissions)
 ORDER BY c.seen_at DESC, c.id LIMIT 50;

-- name: review_transfer
-- keyed
-- audit: review.transferred id
-- A day for the colleague to begin; after that it is anybody's.
WITH answer AS (
    UPDATE review r SET state = 'CLAIMED', claimed_by = c.id, claimed_by_name = c.name,
           claimed_until = now() + interval '1 day',
           internal_note = trim(E'\n' FROM r.internal_note || E'\n' || :caller_name || '转交' || c.name || '：' || :note)
      FROM reviewer c
     WHERE r.id = :id::bigint AND c.id = :reviewer_id::bigint AND c.id <> :caller_id::bigint
       AND r.state = 'CLAIMED' AND r.claimed_by = :caller_id::bigint
       AND review_may_act(r, c.id, c.permissions)
    RETURNING r.id, r.claimed_until)
SELECT * FROM answer;

-- name: review_remind
-- keyed
-- audit: review.reminded id
-- Of a case in somebody else's hands, who hears of it; not again within four hours, unless it went to another one.
WITH reminded AS (
    UPDATE review r SET reminded_at = now(), reminded_to = claimed_by, reminded_by_name = :caller_name
     WHERE r.id = :id::bigint AND review_permission(r.kind) = ANY (:caller_permissions::text[])
       AND r.state = 'CLAIMED' AND r.claimed_until >= now() AND r.claimed_by <> :caller_id::bigint
       AND (r.reminded_at IS NULL OR r.reminded_at < now() - interval '4 hours' OR r.reminded_to <> r.claimed_by)
    RETURNING r.*),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'review.reminded', jsonb_build_object('staff_id', r.claimed_by, 'review_id', r.id, 'kind', r.kind, 'by_name', r.reminded_by_name,
               'unit_name', s.unit_name, 'application_no', s.application_no, 'promised_by', r.promised_by)
      FROM reminded r JOIN submission s USING (account_id, kind, version)),
answer AS (SELECT id, reminded_at, reminded_by_name FROM reminded)
SELECT * FROM answer;

-- name: review_release
-- keyed
-- audit: review.released id
WITH answer AS (
    UPDATE review SET state = 'QUEUED', claimed_by = NULL, claimed_by_name = '', claimed_until = NULL
     WHERE id = :id::bigint AND state = 'CLAIMED' AND claimed_by = :caller_id::bigint
    RETURNING id)
SELECT * FROM answer;

-- name: review_state
SELECT r.state IN ('QUEUED', 'CLAIMED') AS is_open,
       review_may_act(r, :caller_id::bigint, :caller_permissions::text[]) AS may_act,
       r.state = 'CLAIMED' AND r.claimed_by <> :caller_id::bigint AND r.claimed_until >= now() AS is_others,
       :caller_id::bigint = ANY (r.barred) AS is_barred
  FROM review r
 WHERE r.id = :id::bigint AND review_permission(r.kind) = ANY (:caller_permissions::text[]);

-- name: review_post_missing
-- A member unit is approved with the post that staff confirmed.
SELECT r.id FROM review r
 WHERE r.id = :id::bigint AND r.kind = 'MEMBER_UNIT' AND :verdict::text = 'APPROVE' AND r.state IN ('QUEUED', 'CLAIMED')
   AND review_may_act(r, :caller_id::bigint, :caller_permissions::text[])
   AND NOT EXISTS (SELECT 1 FROM dictionary_item d
                    WHERE d.dictionary = 'association_post' AND d.code = :association_post::text AND d.enabled);

-- name: review_verdict_wrong
-- What a verdict lacks: problems that its author has not acknowledged, fields that are none of this form.
SELECT :verdict::text = 'APPROVE' AND NOT review_reds_told(r, s) <@ :acknowledged::text[] AS unacknowledged,
       field_verdicts_wrong(:field_verdicts::jsonb, s.form) > 0 AS misplaced
  FROM review r JOIN submission s USING (account_id, kind, version)
 WHERE r.id = :id::bigint AND r.state IN ('QUEUED', 'CLAIMED')
   AND review_may_act(r, :caller_id::bigint, :caller_permissions::text[]);

-- name: review_decide
-- keyed
-- audit: review.decided id
-- Only the version that was read, only while nobody else has it. Otherwise no row, nothing changed, nobody told. An
-- approval that takes two goes back to the queue for the second person, who approves, refuses, or sends it back to the first.
WITH chosen AS MATERIALIZED (
    SELECT r.id, CASE WHEN :verdict::text = 'REJECT' THEN 'REJECTED'
                      WHEN :verdict = 'SEND_BACK' OR r.first_by IS NULL
                           AND review_needs_second(r, :association_post::text) THEN 'QUEUED'
                      ELSE 'APPROVED' END AS state
      FROM review r JOIN submission s USING (account_id, kind, version)
     WHERE r.id = :id::bigint AND r.version = :submission_version::int
       AND review_may_act(r, :caller_id::bigint, :caller_permissions::text[])
       AND (r.state = 'QUEUED' OR r.state = 'CLAIMED' AND (r.claimed_by = :caller_id::bigint OR r.claimed_until < now()))
       AND (:verdict <> 'SEND_BACK' OR r.first_by IS NOT NULL)
       AND (:verdict <> 'APPROVE' OR r.kind <> 'MEMBER_UNIT' OR EXISTS (
               SELECT 1 FROM dictionary_item d
                WHERE d.dictionary = 'association_post' AND d.code = :association_post::text AND d.enabled))
       AND NOT EXISTS (SELECT 1 FROM unnest(:reason_codes::text[]) AS wanted(code)
                        WHERE NOT EXISTS (SELECT 1 FROM reject_reason x WHERE x.code = wanted.code AND x.enabled))
       AND field_verdicts_wrong(:field_verdicts::jsonb, s.form) = 0
       AND (:verdict <> 'APPROVE' OR review_reds_told(r, s) <@ :acknowledged::text[])
       FOR UPDATE OF r),
changed AS (
    UPDATE review r SET state = c.state, claimed_at = coalesce(r.claimed_at, now()),
           first_by = CASE WHEN :verdict = 'SEND_BACK' THEN NULL WHEN c.state = 'QUEUED' THEN :caller_id::bigint ELSE r.first_by END,
           first_by_name = CASE WHEN :verdict = 'SEND_BACK' THEN '' WHEN c.state = 'QUEUED' THEN :caller_name
                                ELSE r.first_by_name END,
           first_at = CASE WHEN :verdict = 'SEND_BACK' THEN NULL WHEN c.state = 'QUEUED' THEN now() ELSE r.first_at END,
           claimed_by = CASE WHEN c.state <> 'QUEUED' THEN r.claimed_by END,
           claimed_by_name = CASE WHEN c.state <> 'QUEUED' THEN r.claimed_by_name ELSE '' END,
           claimed_until = CASE WHEN c.state <> 'QUEUED' THEN r.claimed_until END,
           decided_by = CASE WHEN c.state <> 'QUEUED' THEN :caller_id::bigint END,
           decided_by_name = CASE WHEN c.state <> 'QUEUED' THEN :caller_name ELSE '' END,
           decided_at = CASE WHEN c.state <> 'QUEUED' THEN now() END,
           reason_codes = reason_codes_all(:reason_codes::text[], :field_verdicts::jsonb),
           message_to_applicant = :message_to_applicant,
           field_verdicts = CASE WHEN :verdict = 'REJECT' THEN :field_verdicts::jsonb ELSE '[]' END,
           silent = :verdict = 'REJECT' AND :silent::boolean,
           acknowledged = CASE WHEN :verdict = 'APPROVE' THEN :acknowledged::text[] ELSE '{}' END,
           association_post = CASE WHEN r.kind = 'MEMBER_UNIT' AND :verdict = 'APPROVE' THEN :association_post ELSE '' END,
           internal_note = CASE WHEN :internal_note = '' THEN r.internal_note
               ELSE trim(E'\n' FROM r.internal_note || E'\n' || :caller_name ||
                    CASE :verdict WHEN 'SEND_BACK' THEN '退回初审：' ELSE '：' END || :internal_note) END
      FROM chosen c WHERE r.id = c.id
    RETURNING r.*),
decided AS (SELECT * FROM changed WHERE state <> 'QUEUED'),
moved AS (
    UPDATE identity i
       SET state = CASE WHEN d.state = 'APPROVED' THEN 'APPROVED'
                        WHEN i.in_force_version IS NULL THEN 'REJECTED' ELSE 'APPROVED_REJECTED' END,
           in_force_version = CASE WHEN d.state = 'APPROVED' THEN d.version ELSE i.in_force_version END,
           uscc = CASE WHEN d.state = 'APPROVED' THEN nullif(s.uscc, '') ELSE i.uscc END,
           id_number_index = CASE WHEN d.state = 'APPROVED' THEN nullif(s.id_number_index, '') ELSE i.id_number_index END,
           association_post = CASE WHEN d.state = 'APPROVED' THEN d.association_post ELSE i.association_post END,
           decided_at = now()
      FROM decided d JOIN submission s ON s.account_id = d.account_id AND s.kind = d.kind AND s.version = d.version
     WHERE i.account_id = d.account_id AND i.kind = d.kind),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT CASE d.state WHEN 'APPROVED' THEN 'application.approved' ELSE 'application.rejected' END,
           jsonb_build_object('account_id', d.account_id, 'kind', d.kind, 'review_id', d.id,
               'reason_first', coalesce((SELECT text FROM reject_reason WHERE code = d.reason_codes[1]),
                                        nullif(d.message_to_applicant, ''), split_part(field_notes(d.field_verdicts), E'\n', 1)),
               'reasons_count', greatest(cardinality(d.reason_codes), jsonb_array_length(d.field_verdicts), 1),
               'reasons', (SELECT coalesce(string_agg(text || '：' || advice, E'\n' ORDER BY code), '')
                             FROM reject_reason WHERE code = ANY (d.reason_codes)),
               'message', trim(E'\n' FROM d.message_to_applicant || E'\n' || field_notes(d.field_verdicts)))
      FROM decided d WHERE NOT d.silent
    UNION ALL
    SELECT 'unit.applied', jsonb_build_object('account_id', s.account_id, 'version', told_version(s.account_id, s.kind, s.version), 'applying', false,
               'unit_name', s.unit_name, 'uscc', s.uscc, 'association_post', s.form ->> 'association_post',
               'legal_person_name', s.form ->> 'legal_person_name')
      FROM decided d JOIN submission s USING (account_id, kind, version) WHERE d.kind = 'MEMBER_UNIT' AND d.state = 'REJECTED'),
answer AS (
    SELECT d.id, d.state,
           coalesce((SELECT r.id FROM review r
             WHERE r.id <> d.id AND review_may_act(r, :caller_id::bigint, :caller_permissions::text[])
               AND (r.state = 'QUEUED' OR r.state = 'CLAIMED'
               AND (r.claimed_until < now() OR r.claimed_by = :caller_id::bigint))
               AND review_turn(r, :caller_id::bigint) < 2
               ORDER BY review_turn(r, :caller_id::bigint), r.submitted_at, r.id LIMIT 1), 0) AS next_id
      FROM changed d)
SELECT * FROM answer;

-- name: review_changes
-- With `since` 0 only where to go on from.
SELECT changes_now() AS now, coalesce((
           SELECT jsonb_agg(review_item(r, s, :caller_id::bigint, :caller_permissions::text[]))
             FROM (SELECT * FROM review
                    WHERE changed_in >= :since::bigint AND changed_in > 0 AND :since > 0 AND changed_at > now() - interval '10 minutes'
                      AND review_permission(kind) = ANY (:caller_permissions::text[])
                    ORDER BY changed_in DESC LIMIT 100) AS r
             JOIN submission s USING (account_id, kind, version)), '[]') AS reviews;

-- ---- rules that staff keep

-- name: review_policy_list
SELECT kind, second_review, version, changed_by_name, changed_at FROM review_policy
 ORDER BY array_position('{OWNER_UNIT,MEMBER_UNIT,EXPERT,NATURAL_PERSON}', kind);

-- name: review_policy_save
-- keyed
-- audit: review.policy_changed kind
-- Changed by somebody else meanwhile: no row. What was approved by one person already stays approved.
WITH answer AS (
    UPDATE review_policy SET second_review = :second_review::text, version = version + 1, changed_by_name = :caller_name,
           changed_at = now()
     WHERE kind = :kind::text AND version = :version::int
    RETURNING kind, second_review, version, changed_by_name, changed_at)
SELECT * FROM answer;

-- name: reject_reason_list
SELECT code, text, advice, to_jsonb(fields) AS fields, retryable FROM reject_reason WHERE enabled ORDER BY code;

-- name: reject_reason_unknown
SELECT count(*) AS unknown FROM unnest(:reason_codes::text[]) AS wanted(code)
 WHERE NOT EXISTS (SELECT 1 FROM reject_reason r WHERE r.code = wanted.code AND r.enabled);

-- name: reject_reason_list_all
SELECT code, text, advice, to_jsonb(fields) AS fields, retryable, enabled, version, changed_by_name,
       CASE WHEN changed_by > 0 THEN changed_at END AS changed_at
  FROM reject_reason ORDER BY code;

-- name: reject_reason_save
-- keyed
-- audit: reject_reason.changed object
-- Another version than the page showed, or a new code that is there already: no row.
WITH changed AS (
    UPDATE reject_reason SET text = :text::text, advice = :advice::text, fields = :fields::text[], retryable = :retryable::boolean,
           enabled = :enabled::boolean, changed_by = :caller_id::bigint, changed_by_name = :caller_name, changed_at = now()
     WHERE code = :code::text AND version = :version::int
    RETURNING *),
added AS (
    INSERT INTO reject_reason (code, text, advice, fields, retryable, enabled, changed_by, changed_by_name)
    SELECT :code::text, :text, :advice, :fields, :retryable, :enabled, :caller_id::bigint, :caller_name WHERE :version::int = 0
    ON CONFLICT (code) DO NOTHING
    RETURNING *),
answer AS (
    SELECT code, text, advice, to_jsonb(fields) AS fields, retryable, enabled, version, changed_by_name, changed_at,
           code || ' v' || version AS object
      FROM (SELECT * FROM changed UNION ALL SELECT * FROM added) AS saved)
SELECT * FROM answer;

-- name: retry_allow
-- keyed
-- audit: review.retry_allowed object
WITH allowed AS (
    UPDATE review r SET retry_allowed_by = :caller_id::bigint, retry_allowed_by_name = :caller_name, retry_allowed_at = now(),
           retry_allowed_note = :reason
      FROM identity i
     WHERE r.id = :id::bigint AND review_permission(r.kind) = ANY (:caller_permissions::text[])
       AND i.account_id = r.account_id AND i.kind = r.kind AND i.last_version = r.version AND review_is_final(r)
    RETURNING r.id, r.account_id, r.kind, r.retry_allowed_note),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'application.retry_allowed', jsonb_build_object('account_id', account_id, 'kind', kind, 'reason', retry_allowed_note)
      FROM allowed),
answer AS (SELECT id, id || ' ' || retry_allowed_note AS object FROM allowed)
SELECT * FROM answer;

-- name: calendar_list
SELECT to_char(day, 'YYYY-MM-DD') AS day, working, name FROM calendar_day
 WHERE day >= make_date(:year::int, 1, 1) AND day < make_date(:year::int + 1, 1, 1) ORDER BY day;

-- name: calendar_save
-- keyed
-- audit: calendar.changed object
-- The whole list comes back, with one of its days as the object.
WITH saved AS (
    INSERT INTO calendar_day (day, working, name, changed_by)
    SELECT DISTINCT ON (d.day) d.day::date, coalesce(d.working, false), coalesce(d.name, ''), :caller_id::bigint
      FROM jsonb_to_recordset(:days::jsonb) AS d(day text, working boolean, name text) ORDER BY d.day
    ON CONFLICT (day) DO UPDATE SET working = excluded.working, name = excluded.name, changed_by = excluded.changed_by, changed_at = now()
    RETURNING day, working, name, changed_at),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'calendar.changed', jsonb_build_object('days', jsonb_agg(jsonb_build_object('day', day, 'working', working, 'changed_at', changed_at))::text)
      FROM saved),
answer AS (
    SELECT jsonb_agg(jsonb_build_object('day', day, 'working', working, 'name', name) ORDER BY day) AS days,
           min(day) || '/' || count(*) AS object FROM saved)
SELECT * FROM answer;

-- name: calendar_remove
-- keyed
-- audit: calendar.day_removed day
WITH gone AS (DELETE FROM calendar_day WHERE day = :day::date RETURNING day, working, name),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'calendar.changed', jsonb_build_object('days', jsonb_build_array(jsonb_build_object('day', day, 'working', NULL, 'changed_at', now()))::text)
      FROM gone),
answer AS (SELECT to_char(day, 'YYYY-MM-DD') AS day, working, name FROM gone)
SELECT * FROM answer;

-- ---- what the service does by itself. `at`: the time in Shanghai; NULL: now

-- name: review_warn
-- N21. What was handed in until the last day of which two working days have passed; and what is past its promised day.
WITH today AS (SELECT coalesce(:at::timestamp, now() AT TIME ZONE 'Asia/Shanghai')::date AS day),
early AS (
    SELECT max(d)::date AS until FROM today, generate_series(day - 40, day, interval '1 day') AS d
     WHERE working_day_after(d::date, 2) < day),
due AS (
    SELECT r.id, r.kind, 2 AS days FROM review r, early
     WHERE r.state IN ('QUEUED', 'CLAIMED') AND (r.submitted_at AT TIME ZONE 'Asia/Shanghai')::date <= early.until
    UNION ALL
    SELECT r.id, r.kind, 3 FROM review r, today WHERE r.state IN ('QUEUED', 'CLAIMED') AND r.promised_by < today.day),
warned AS (
    INSERT INTO review_warned (review_id, days)
    SELECT d.id, d.days FROM due d WHERE NOT EXISTS (SELECT FROM review_warned w WHERE w.review_id = d.id AND w.days = d.days)
    ON CONFLICT DO NOTHING RETURNING review_id, days),
latest AS (SELECT d.kind, w.review_id, max(w.days) AS days FROM warned w JOIN due d ON d.id = w.review_id GROUP BY 1, 2),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'review.late', jsonb_build_object('kind', kind, 'days', days::text, 'count', count(*)::text) FROM latest GROUP BY kind, days),
told_above AS (
    INSERT INTO outbox (event, payload)
    SELECT 'review.overdue', jsonb_build_object('days', '3', 'count', count(*)::text) FROM latest WHERE days = 3 HAVING count(*) > 0)
SELECT count(*) AS warned FROM warned;

-- name: review_digest
-- N20's digest, on working days from nine o'clock on.
WITH clock AS (SELECT coalesce(:at::timestamp, now() AT TIME ZONE 'Asia/Shanghai') AS at),
waiting AS (
    SELECT r.kind, count(*) AS waiting, count(*) FILTER (WHERE r.promised_by < clock.at::date) AS late
      FROM review r, clock
     WHERE r.state IN ('QUEUED', 'CLAIMED') AND clock.at::time BETWEEN '09:00' AND '12:00' AND is_working_day(clock.at::date)
     GROUP BY r.kind),
fresh AS (
    INSERT INTO review_digest (day, kind) SELECT clock.at::date, w.kind FROM waiting w, clock
    ON CONFLICT DO NOTHING RETURNING kind),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'review.digest', jsonb_build_object('kind', kind, 'count', w.waiting::text, 'late', w.late::text)
      FROM fresh JOIN waiting w USING (kind))
SELECT count(*) AS told FROM fresh;

-- name: calendar_tell
-- Whoever goes by the calendar, and missed it: the days that matter, once a week.
INSERT INTO outbox (event, payload)
SELECT 'calendar.changed', jsonb_build_object('days', jsonb_agg(jsonb_build_object('day', day, 'working', working, 'changed_at', changed_at))::text)
  FROM calendar_day
 WHERE day >= current_date
   AND NOT EXISTS (SELECT 1 FROM outbox WHERE event = 'calendar.changed' AND created_at > now() - interval '7 days')
HAVING count(*) > 0;
