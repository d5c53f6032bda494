-- Statements of certification about hand-overs of units' accounts (SM11). Search path: its own schema.

-- ---- who asks, and whose account it is

-- name: handover_list_own
SELECT (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', i.kind, 'unit_name', s.unit_name, 'uscc', s.uscc) ORDER BY i.kind), '[]')
          FROM identity i JOIN submission s ON s.account_id = i.account_id AND s.kind = i.kind AND s.version = i.in_force_version
         WHERE i.account_id = :caller_id::bigint AND i.kind IN ('OWNER_UNIT', 'MEMBER_UNIT')) AS units,
       (SELECT coalesce(jsonb_agg(handover_json(l.one, false) || jsonb_build_object('asked_by_me', l.is_mine) ORDER BY l.id DESC), '[]')
          FROM (SELECT h AS one, h.id, h.asked_by <> 'STAFF' AND h.asker_id = :caller_id::bigint AS is_mine FROM handover h
                 WHERE h.account_id = :caller_id::bigint OR h.asker_id = :caller_id::bigint AND h.asked_by <> 'STAFF'
                 ORDER BY h.id DESC LIMIT 20) AS l) AS handovers;

-- name: handover_explain
-- Why it may not be asked for, for words that fit.
SELECT coalesce(to_timestamp(:proven_until::bigint) > now(), true) AS is_proven, u.account_id IS NOT NULL AS is_found, u.account_id = :phone_account::bigint AS is_own_phone,
       EXISTS (SELECT FROM handover h WHERE h.account_id = u.account_id AND h.state IN ('REQUESTED', 'REVIEWED', 'APPROVED')) AS is_open,
       EXISTS (SELECT FROM handover h WHERE h.new_phone = :new_phone::text AND h.state IN ('REQUESTED', 'REVIEWED', 'APPROVED'))
           AS is_open_for_phone,
       account_is_free(:phone_account::bigint) AS is_free,
       CASE WHEN :caller_kind::text = 'STAFF'
            THEN (SELECT count(*) FROM attachment a WHERE a.id = ANY (:letter::text[]) AND a.account_id = :caller_id::bigint
                     AND a.purpose = 'recorded_letter') = cardinality(:letter::text[])
            ELSE files_missing(:caller_id::bigint, :letter::text[], array_fill('handover_letter'::text, ARRAY[cardinality(:letter::text[])])) = 0
            END AS files_are_there
  FROM (SELECT 1) AS one
  LEFT JOIN LATERAL (
       SELECT i.account_id FROM identity i
        WHERE i.kind IN ('OWNER_UNIT', 'MEMBER_UNIT') AND i.in_force_version IS NOT NULL
          AND CASE WHEN :uscc::text = '' THEN i.account_id = :caller_id::bigint ELSE i.uscc = :uscc END
          AND (:kind::text = 'UNSPECIFIED' OR i.kind = :kind)
        ORDER BY i.kind = 'MEMBER_UNIT' DESC LIMIT 1) AS u ON true;

-- name: handover_request
-- keyed
-- audit: handover.requested handover_no
-- The unit of a credit code, or the caller's own. Whatever stands against it: no row.
WITH unit AS (
    SELECT i.account_id, i.kind, s.unit_name, s.uscc
      FROM identity i JOIN submission s ON s.account_id = i.account_id AND s.kind = i.kind AND s.version = i.in_force_version
     WHERE i.kind IN ('OWNER_UNIT', 'MEMBER_UNIT')
       AND CASE WHEN :uscc::text = '' THEN i.account_id = :caller_id::bigint ELSE i.uscc = :uscc END
       AND (:kind::text = 'UNSPECIFIED' OR i.kind = :kind)
     ORDER BY i.kind = 'MEMBER_UNIT' DESC LIMIT 1),
answer AS (
    INSERT INTO handover (account_id, kind, unit_name, uscc, asked_by, asker_id, new_name, new_phone, closing_account, letter)
    SELECT u.account_id, u.kind, u.unit_name, u.uscc,
           CASE WHEN u.account_id = :caller_id::bigint THEN 'HOLDER' ELSE 'SUCCESSOR' END, :caller_id::bigint, :new_name, :new_phone,
           nullif(:phone_account::bigint, 0), :letter::text[]
      FROM unit u
     WHERE u.account_id <> :phone_account::bigint AND to_timestamp(:proven_until::bigint) > now()
       AND account_is_free(:phone_account::bigint)
       AND NOT EXISTS (SELECT FROM handover h WHERE h.state IN ('REQUESTED', 'REVIEWED', 'APPROVED')
                          AND (h.account_id = u.account_id OR h.new_phone = :new_phone))
       AND files_missing(:caller_id::bigint, :letter::text[], array_fill('handover_letter'::text, ARRAY[cardinality(:letter::text[])])) = 0
       AND NOT EXISTS (SELECT FROM files_over(:caller_id::bigint, :file_ids::text[], :file_fields::text[]))
    RETURNING id, handover_no, state, version)
SELECT * FROM answer;

-- name: handover_withdraw
-- keyed
-- audit: handover.withdrawn handover_no
WITH answer AS (
    UPDATE handover SET state = 'WITHDRAWN', version = version + 1, withdrawn_at = now()
     WHERE id = :id::bigint AND version = :version::int AND state IN ('REQUESTED', 'REVIEWED')
       AND asker_id = :caller_id::bigint AND asked_by <> 'STAFF'
    RETURNING id, handover_no, state, version)
SELECT * FROM answer;

-- ---- staff

-- name: handover_record
-- keyed
-- audit: handover.recorded handover_no
WITH answer AS (
    INSERT INTO handover (account_id, kind, unit_name, uscc, asked_by, asker_id, asker_name, new_name, new_phone, letter, note)
    SELECT i.account_id, i.kind, s.unit_name, s.uscc, 'STAFF', :caller_id::bigint, :caller_name, :new_name, :new_phone, :letter::text[],
           :note
      FROM identity i JOIN submission s ON s.account_id = i.account_id AND s.kind = i.kind AND s.version = i.in_force_version
     WHERE i.kind = :kind::text AND i.uscc = :uscc::text AND i.kind IN ('OWNER_UNIT', 'MEMBER_UNIT')
       AND NOT EXISTS (SELECT FROM handover h WHERE h.state IN ('REQUESTED', 'REVIEWED', 'APPROVED')
                          AND (h.account_id = i.account_id OR h.new_phone = :new_phone))
       AND (SELECT count(*) FROM attachment a WHERE a.id = ANY (:letter::text[]) AND a.account_id = :caller_id::bigint
               AND a.purpose = 'recorded_letter') = cardinality(:letter::text[])
       AND NOT EXISTS (SELECT FROM files_over(:caller_id::bigint, :file_ids::text[], :file_fields::text[]))
    RETURNING id, handover_no, state, version)
SELECT * FROM answer;

-- name: handover_list_oldest
SELECT j.*, (extract(epoch FROM h.requested_at) * 1000000)::bigint || '.' || h.id AS position
  FROM handover h, jsonb_to_record(handover_json(h, true)) AS j(id bigint, handover_no text, state text, version int, asked_by text,
           kind text, unit_name text, uscc text, new_name text, new_phone text, requested_at text, decided_at text, switched_at text,
           refusal text)
 WHERE h.state IN ('REQUESTED', 'REVIEWED')
   AND (:q::text = '' OR strpos(h.unit_name, :q) > 0 OR strpos(h.handover_no, upper(:q)) > 0 OR h.uscc = upper(:q))
   AND (h.requested_at, h.id) > (to_timestamp(:cursor_place::bigint / 1000000.0), :cursor_id::bigint)
 ORDER BY h.requested_at, h.id
 LIMIT :page_size::int + 1;

-- name: handover_list_newest
SELECT j.*, (extract(epoch FROM h.requested_at) * 1000000)::bigint || '.' || h.id AS position
  FROM handover h, jsonb_to_record(handover_json(h, true)) AS j(id bigint, handover_no text, state text, version int, asked_by text,
           kind text, unit_name text, uscc text, new_name text, new_phone text, requested_at text, decided_at text, switched_at text,
           refusal text)
 WHERE (:view::text = 'ALL' OR h.state NOT IN ('REQUESTED', 'REVIEWED'))
   AND (:q::text = '' OR strpos(h.unit_name, :q) > 0 OR strpos(h.handover_no, upper(:q)) > 0 OR h.uscc = upper(:q))
   AND (h.requested_at, h.id) < (to_timestamp(:cursor_place::bigint / 1000000.0), :cursor_id::bigint)
 ORDER BY h.requested_at DESC, h.id DESC
 LIMIT :page_size::int + 1;

-- name: handover_total
SELECT count(*) AS total FROM handover h
 WHERE CASE :view::text WHEN 'ALL' THEN true WHEN 'DECIDED' THEN h.state NOT IN ('REQUESTED', 'REVIEWED')
            ELSE h.state IN ('REQUESTED', 'REVIEWED') END
   AND (:q::text = '' OR strpos(h.unit_name, :q) > 0 OR strpos(h.handover_no, upper(:q)) > 0 OR h.uscc = upper(:q));

-- name: handover_get
SELECT handover_json(h, true) AS handover, h.asker_name, h.note, h.first_by_name, h.first_at, h.decided_by_name,
       h.closing_account IS NOT NULL AS closes_account, h.state = 'REVIEWED' AND h.first_by = :caller_id::bigint AS first_by_me,
       (SELECT jsonb_agg(jsonb_build_object('id', a.id, 'file_name', a.file_name, 'content_type', a.content_type,
                   'size_bytes', a.size_bytes, 'width', a.width, 'height', a.height, 'created_at', a.created_at) ORDER BY n.place)
          FROM unnest(h.letter) WITH ORDINALITY AS n(id, place) JOIN attachment a ON a.id = n.id) AS letter,
       coalesce(s.form ->> 'principal_name', s.form ->> 'contact_name', '') AS present_name,
       coalesce(s.form ->> 'principal_phone', s.form ->> 'contact_phone', '') AS present_phone,
       coalesce(s.form ->> 'legal_person_name', '') AS legal_person_name, s.version IS NOT NULL AS is_certified,
       h.closing_account IS NULL OR account_is_free(h.closing_account) AS closing_is_free
  FROM handover h
  LEFT JOIN identity i ON i.account_id = h.account_id AND i.kind = h.kind
  LEFT JOIN submission s ON s.account_id = i.account_id AND s.kind = i.kind AND s.version = i.in_force_version
 WHERE h.id = :id::bigint;

-- name: handover_state
SELECT state, first_by = :caller_id::bigint AS is_own FROM handover WHERE id = :id::bigint;

-- name: handover_decide
-- keyed
-- audit: handover.decided object
-- The first person's yes, then another's; either may refuse. Only what was looked at.
WITH decided AS (
    UPDATE handover SET version = version + 1,
           state = CASE WHEN :verdict::text = 'REFUSE' THEN 'REFUSED' WHEN state = 'REQUESTED' THEN 'REVIEWED' ELSE 'APPROVED' END,
           refusal = CASE :verdict WHEN 'REFUSE' THEN :reason ELSE '' END,
           first_by = CASE WHEN :verdict = 'CONFIRM' AND state = 'REQUESTED' THEN :caller_id::bigint ELSE first_by END,
           first_by_name = CASE WHEN :verdict = 'CONFIRM' AND state = 'REQUESTED' THEN :caller_name ELSE first_by_name END,
           first_at = CASE WHEN :verdict = 'CONFIRM' AND state = 'REQUESTED' THEN now() ELSE first_at END,
           decided_by = CASE WHEN :verdict = 'REFUSE' OR state = 'REVIEWED' THEN :caller_id::bigint END,
           decided_by_name = CASE WHEN :verdict = 'REFUSE' OR state = 'REVIEWED' THEN :caller_name ELSE '' END,
           decided_at = CASE WHEN :verdict = 'REFUSE' OR state = 'REVIEWED' THEN now() END
     WHERE id = :id::bigint AND version = :version::int AND state IN ('REQUESTED', 'REVIEWED')
       AND NOT (:verdict = 'CONFIRM' AND state = 'REVIEWED' AND first_by = :caller_id::bigint)
    RETURNING id, handover_no, state, version),
answer AS (SELECT *, handover_no || '/' || state AS object FROM decided)
SELECT * FROM answer;

-- ---- what auth did

-- name: handover_switched
UPDATE handover SET state = 'SWITCHED', switched_at = now(), version = version + 1
 WHERE id = :handover_id::bigint AND state = 'APPROVED';

-- name: handover_failed
UPDATE handover SET state = 'REFUSED', version = version + 1, refusal = CASE :why::text
           WHEN 'phone_registered' THEN '新手机号已注册了平台账号，请新负责人登录该账号自己申请，或换一个没有注册过的手机号'
           ELSE '单位的平台账号已停用，请致电0355-3069919办理' END
 WHERE id = :handover_id::bigint AND state = 'APPROVED';
