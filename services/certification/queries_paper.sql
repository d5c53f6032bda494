-- Statements of certification about papers (SM10). Search path: its own schema.

-- ---- the unit

-- name: paper_form_list
-- The last of each kind.
SELECT k.kind, coalesce(p.state, 'NONE') AS state, coalesce(p.version, 0) AS version, p.saved_at,
       coalesce(p.form_no, '') AS form_no, p.edition, p.generated_at, p.uploaded_at, p.decided_at,
       coalesce(p.return_reason, '') AS return_reason
  FROM (VALUES (1, 'ENTRY'), (2, 'HOLDER')) AS k(place, kind)
  LEFT JOIN LATERAL (SELECT * FROM paper_form f WHERE f.account_id = :caller_id::bigint AND f.kind = k.kind
                      ORDER BY f.id DESC LIMIT 1) AS p ON true
 ORDER BY k.place;

-- name: paper_form_get
SELECT :kind::text AS kind, coalesce(p.state, 'NONE') AS state, coalesce(p.version, 0) AS version, p.saved_at,
       coalesce(p.form_no, '') AS form_no, p.edition, p.generated_at, p.uploaded_at, p.decided_at,
       coalesce(p.return_reason, '') AS return_reason, coalesce(p.filing, 'NOT_FILED') AS filing,
       jsonb_build_object(lower(:kind::text), coalesce(p.form, paper_form_known(:caller_id::bigint, :kind::text))) AS fields,
       p.stamped_scan, p.stamped_license,
       form_papers_json(:caller_id::bigint, ARRAY[to_jsonb(p.stamped_scan || p.stamped_license)]) AS attachments
  FROM (SELECT 1) AS one
  LEFT JOIN LATERAL (SELECT * FROM paper_form f WHERE f.account_id = :caller_id::bigint AND f.kind = :kind::text
                      ORDER BY f.id DESC LIMIT 1) AS p ON true;

-- name: paper_form_save
-- keyed
-- Another version than the page shows, or a scan that waits to be looked at: no row.
WITH saved AS (
    INSERT INTO paper_form (account_id, kind, form)
    SELECT :caller_id::bigint, :kind::text, :form::jsonb WHERE :version::int = 0
        OR EXISTS (SELECT FROM paper_form WHERE account_id = :caller_id::bigint AND kind = :kind::text AND state <> 'ACCEPTED')
    ON CONFLICT (account_id, kind) WHERE state <> 'ACCEPTED' DO UPDATE
       SET version = paper_form.version + 1, form = excluded.form, state = 'FILLING', saved_at = now()
     WHERE paper_form.version = :version::int AND paper_form.state IN ('FILLING', 'GENERATED', 'RETURNED')
    RETURNING kind, state, version, saved_at),
answer AS (SELECT * FROM saved)
SELECT * FROM answer;

-- name: paper_form_unknown
SELECT ARRAY(SELECT codes_unknown(:code_fields::text[], :code_dictionaries::text[], :codes::text[])) AS fields_unknown;

-- name: paper_form_generate
-- keyed
-- audit: paper_form.generated printed
-- What the page shows becomes an edition with a number; a scan of the one before is not taken any more.
WITH made AS (
    UPDATE paper_form SET state = 'GENERATED', version = version + 1, form = :form::jsonb, saved_at = now(),
           edition = edition + 1, generated_at = now(), stamped_scan = '{}', filing = 'NOT_FILED',
           form_no = coalesce(form_no, CASE kind WHEN 'ENTRY' THEN 'RH' ELSE 'FZ' END
               || to_char(now() AT TIME ZONE 'Asia/Shanghai', 'YYYYMMDD') || lpad(nextval('paper_form_no')::text, 5, '0'))
     WHERE account_id = :caller_id::bigint AND kind = :kind::text AND version = :version::int
       AND state IN ('FILLING', 'RETURNED')
       AND NOT EXISTS (SELECT codes_unknown(:code_fields::text[], :code_dictionaries::text[], :codes::text[]))
    RETURNING kind, state, version, saved_at, form_no, edition),
answer AS (SELECT *, form_no || '/' || edition AS printed FROM made)
SELECT * FROM answer;

-- name: paper_form_explain
-- Why a scan may not be taken, for words that fit.
WITH named AS (
    SELECT DISTINCT c.form_no, c.edition FROM attachment a, paper_codes(a.code_text) AS c
     WHERE a.id = ANY (:stamped_scan::text[]) AND a.account_id = :caller_id::bigint),
mine AS (
    SELECT * FROM paper_form p
     WHERE p.account_id = :caller_id::bigint AND p.state <> 'ACCEPTED'
       AND (p.kind = :kind::text OR :kind::text = 'UNSPECIFIED' AND p.form_no IN (SELECT form_no FROM named)))
SELECT files_missing(:caller_id::bigint, :file_ids::text[], :file_purposes::text[]) = 0 AS files_are_there,
       EXISTS (SELECT FROM named) AS has_code,
       EXISTS (SELECT FROM named n WHERE NOT EXISTS (SELECT FROM paper_form p
                WHERE p.form_no = n.form_no AND p.account_id = :caller_id::bigint)) AS is_of_others,
       EXISTS (SELECT FROM named n JOIN paper_form p ON p.form_no = n.form_no AND p.account_id = :caller_id::bigint
                WHERE :kind::text <> 'UNSPECIFIED' AND p.kind <> :kind::text) AS is_other_kind,
       EXISTS (SELECT FROM named n JOIN paper_form p ON p.form_no = n.form_no AND p.account_id = :caller_id::bigint
                WHERE p.edition <> n.edition OR p.state = 'FILLING') AS is_old_edition,
       EXISTS (SELECT FROM mine WHERE state = 'FILLING') AS is_unprinted;

-- name: paper_form_hand_in
-- keyed
-- audit: paper_form.handed_in scanned
-- Every code on the scan must be of this paper, in the edition that was printed last. Without the stamped licence 入会申请表
-- keeps its scan and waits for it.
WITH named AS (
    SELECT DISTINCT c.form_no, c.edition FROM attachment a, paper_codes(a.code_text) AS c
     WHERE a.id = ANY (:stamped_scan::text[]) AND a.account_id = :caller_id::bigint),
chosen AS (
    SELECT p.id, CASE WHEN cardinality(:stamped_license::text[]) > 0 THEN :stamped_license::text[] ELSE p.stamped_license END
                     AS license
      FROM paper_form p
     WHERE p.account_id = :caller_id::bigint AND p.state IN ('GENERATED', 'RETURNED')
       AND (:version::int = 0 OR p.version = :version::int)
       AND (p.kind = :kind::text OR :kind::text = 'UNSPECIFIED' AND EXISTS (SELECT FROM named))
       AND NOT EXISTS (SELECT FROM named n WHERE (n.form_no, n.edition) <> (p.form_no, p.edition))
       AND files_missing(:caller_id::bigint, :file_ids::text[], :file_purposes::text[]) = 0
       AND NOT EXISTS (SELECT FROM files_over(:caller_id::bigint, :file_ids::text[], :file_fields::text[]))
     FOR UPDATE),
filed AS (
    UPDATE paper_form p SET version = p.version + 1, stamped_scan = :stamped_scan::text[], stamped_license = c.license,
           filing = CASE WHEN EXISTS (SELECT FROM named) THEN 'BY_CODE' ELSE 'BY_HAND' END,
           state = CASE WHEN p.kind = 'ENTRY' AND c.license = '{}' THEN p.state ELSE 'UPLOADED' END,
           uploaded_at = CASE WHEN p.kind = 'ENTRY' AND c.license = '{}' THEN p.uploaded_at ELSE now() END
      FROM chosen c WHERE p.id = c.id
    RETURNING p.*, p AS paper),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'paper.uploaded', paper_told(f.paper) FROM filed f WHERE f.state = 'UPLOADED'),
answer AS (
    SELECT kind, state, version, saved_at, form_no, edition, state <> 'UPLOADED' AS needs_license,
           form_no || '/' || edition AS scanned
      FROM filed f)
SELECT * FROM answer;

-- name: paper_form_withdraw
-- keyed
-- audit: paper_form.withdrawn form_no
WITH answer AS (
    UPDATE paper_form SET state = 'GENERATED', version = version + 1
     WHERE account_id = :caller_id::bigint AND kind = :kind::text AND version = :version::int AND state = 'UPLOADED'
    RETURNING kind, state, version, saved_at, form_no, edition)
SELECT * FROM answer;

-- name: paper_form_document
-- The edition that was printed last; while it is filled anew there is none.
SELECT kind, form_no, edition AS version, unit_name, jsonb_build_object(lower(kind), form) AS fields,
       to_char(generated_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD"T"HH24:MI:SS"+08:00"') AS made_at,
       encode(sha256(convert_to(form::text, 'UTF8')), 'hex') AS digest, '[]'::jsonb AS attachments
  FROM paper_form
 WHERE account_id = :caller_id::bigint AND kind = :kind::text AND state <> 'FILLING'
 ORDER BY id DESC LIMIT 1;

-- name: blank_form_options
-- What is ticked on a blank paper.
SELECT dictionary, code, name FROM dictionary_item
 WHERE dictionary IN ('gender', 'unit_nature', 'association_post') AND enabled ORDER BY dictionary, place;

-- ---- those who look through what came

-- name: paper_list_oldest
-- One more row than asked for shows whether there is a next page. The cursor is "microseconds.id".
SELECT id, kind, state, form_no, unit_name, uploaded_at, decided_at, decided_by_name, filing,
       (extract(epoch FROM uploaded_at) * 1000000)::bigint || '.' || id AS position
  FROM paper_form
 WHERE state = 'UPLOADED' AND (:kind::text = 'UNSPECIFIED' OR kind = :kind)
   AND (:q::text = '' OR strpos(unit_name, :q) > 0 OR strpos(form_no, upper(:q)) > 0)
   AND (uploaded_at, id) > (to_timestamp(:cursor_place::bigint / 1000000.0), :cursor_id::bigint)
 ORDER BY uploaded_at, id
 LIMIT :page_size::int + 1;

-- name: paper_list_newest
SELECT id, kind, state, form_no, unit_name, uploaded_at, decided_at, decided_by_name, filing,
       (extract(epoch FROM uploaded_at) * 1000000)::bigint || '.' || id AS position
  FROM paper_form
 WHERE uploaded_at IS NOT NULL AND state IN ('UPLOADED', 'ACCEPTED', 'RETURNED')
   AND (:view::text <> 'DECIDED' OR state <> 'UPLOADED') AND (:kind::text = 'UNSPECIFIED' OR kind = :kind)
   AND (:q::text = '' OR strpos(unit_name, :q) > 0 OR strpos(form_no, upper(:q)) > 0)
   AND (uploaded_at, id) < (to_timestamp(:cursor_place::bigint / 1000000.0), :cursor_id::bigint)
 ORDER BY uploaded_at DESC, id DESC
 LIMIT :page_size::int + 1;

-- name: paper_total
SELECT count(*) AS total FROM paper_form
 WHERE uploaded_at IS NOT NULL AND state IN ('UPLOADED', 'ACCEPTED', 'RETURNED')
   AND CASE :view::text WHEN 'ALL' THEN true WHEN 'DECIDED' THEN state <> 'UPLOADED' ELSE state = 'UPLOADED' END
   AND (:kind::text = 'UNSPECIFIED' OR kind = :kind)
   AND (:q::text = '' OR strpos(unit_name, :q) > 0 OR strpos(form_no, upper(:q)) > 0);

-- name: paper_get
SELECT jsonb_build_object('id', p.id, 'kind', p.kind, 'state', p.state, 'form_no', p.form_no, 'unit_name', p.unit_name,
           'uploaded_at', p.uploaded_at, 'decided_at', coalesce(to_jsonb(p.decided_at), '""'),
           'decided_by_name', p.decided_by_name, 'filing', p.filing) AS item,
       p.version, p.edition, p.return_reason, jsonb_build_object(lower(p.kind), p.form) AS fields,
       (SELECT jsonb_agg(jsonb_build_object('id', a.id, 'file_name', a.file_name, 'content_type', a.content_type,
                   'size_bytes', a.size_bytes, 'width', a.width, 'height', a.height, 'created_at', a.created_at) ORDER BY n.place)
          FROM unnest(p.stamped_scan || p.stamped_license) WITH ORDINALITY AS n(id, place)
          JOIN attachment a ON a.id = n.id AND a.account_id = p.account_id) AS scans,
       p.filing = 'BY_CODE' AS is_filed_by_code, s.form IS NOT NULL AS is_certified,
       s.unit_name IS NOT DISTINCT FROM p.unit_name AS name_agrees,
       p.form ->> 'uscc' IS NULL OR s.uscc IS NOT DISTINCT FROM p.form ->> 'uscc' AS uscc_agrees
  FROM paper_form p
  LEFT JOIN identity i ON i.account_id = p.account_id AND i.kind = 'MEMBER_UNIT'
  LEFT JOIN submission s ON s.account_id = i.account_id AND s.kind = i.kind AND s.version = i.in_force_version
 WHERE p.id = :id::bigint AND p.state IN ('UPLOADED', 'ACCEPTED', 'RETURNED');

-- name: paper_state
SELECT state FROM paper_form WHERE id = :id::bigint;

-- name: paper_decide
-- keyed
-- audit: paper_form.decided id
-- Only the scan that was looked at.
WITH decided AS (
    UPDATE paper_form SET state = CASE :verdict::text WHEN 'ACCEPT' THEN 'ACCEPTED' ELSE 'RETURNED' END, version = version + 1,
           decided_by = :caller_id::bigint, decided_by_name = :caller_name, decided_at = now(),
           return_reason = CASE :verdict WHEN 'ACCEPT' THEN '' ELSE :reason END
     WHERE id = :id::bigint AND version = :version::int AND state = 'UPLOADED'
    RETURNING id, state, paper_form AS paper),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT CASE d.state WHEN 'ACCEPTED' THEN 'paper.accepted' ELSE 'paper.returned' END, paper_told(d.paper) FROM decided d),
answer AS (
    SELECT d.id, d.state,
           coalesce((SELECT p.id FROM paper_form p WHERE p.state = 'UPLOADED' AND p.id <> d.id
                      ORDER BY p.uploaded_at, p.id LIMIT 1), 0) AS next_id
      FROM decided d)
SELECT * FROM answer;
