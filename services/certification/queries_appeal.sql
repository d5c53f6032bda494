-- Statements of certification about appeals (B.14). Search path: its own schema.

-- ---- who appeals

-- name: appeal_explain
-- Why it may not be filed, for words that fit.
SELECT EXISTS (SELECT FROM appeal a WHERE a.account_id = :caller_id::bigint AND a.kind = :kind::text AND a.state = 'OPEN') AS is_open,
       d.until IS NOT NULL AS is_standing, coalesce(d.until < (now() AT TIME ZONE 'Asia/Shanghai')::date, false) AS is_late,
       files_missing(:caller_id::bigint, :file_ids::text[], :file_purposes::text[]) = 0 AS files_are_there
  FROM (SELECT 1) AS one LEFT JOIN appeal_decision(:caller_id::bigint, :kind::text) AS d ON true;

-- name: appeal_file
-- keyed
-- audit: appeal.filed appeal_no
-- What is appealed against, the database finds (appeal_kept). Whatever stands against it: no row.
WITH answer AS (
    INSERT INTO appeal (account_id, kind, reason, appeal_files)
    SELECT :caller_id::bigint, :kind::text, :reason::text, :appeal_files::text[]
      FROM appeal_decision(:caller_id::bigint, :kind::text) AS d
     WHERE d.until >= (now() AT TIME ZONE 'Asia/Shanghai')::date
       AND NOT EXISTS (SELECT FROM appeal a WHERE a.account_id = :caller_id AND a.kind = :kind AND a.state = 'OPEN')
       AND files_missing(:caller_id::bigint, :file_ids::text[], :file_purposes::text[]) = 0
       AND NOT EXISTS (SELECT FROM files_over(:caller_id::bigint, :file_ids::text[], :file_fields::text[]))
    RETURNING id, appeal_no, state, version)
SELECT * FROM answer;

-- name: appeal_withdraw
-- keyed
-- audit: appeal.withdrawn appeal_no
WITH answer AS (
    UPDATE appeal SET state = 'WITHDRAWN', version = version + 1, withdrawn_at = now()
     WHERE id = :id::bigint AND version = :version::int AND state = 'OPEN' AND account_id = :caller_id::bigint
    RETURNING id, appeal_no, state, version)
SELECT * FROM answer;

-- ---- staff

-- name: appeal_list_oldest
SELECT j.*, s.unit_name, a.decided_by_name, appeal_may_act(a, :caller_id::bigint, :caller_permissions::text[]) AS may_act,
       (extract(epoch FROM a.filed_at) * 1000000)::bigint || '.' || a.id AS position
  FROM appeal a JOIN submission s ON s.account_id = a.account_id AND s.kind = a.kind AND s.version = a.submission_version,
       jsonb_to_record(appeal_json(a)) AS j(id bigint, appeal_no text, state text, version int, kind text, decision text, decision_at text,
           filed_at text, expected_by text, decided_at text)
 WHERE a.state = 'OPEN' AND review_permission(a.kind) = ANY (:caller_permissions::text[])
   AND (:kind::text = 'UNSPECIFIED' OR a.kind = :kind) AND (:decision::text = 'UNKNOWN' OR a.decision = :decision)
   AND (:q::text = '' OR strpos(s.unit_name, :q) > 0 OR strpos(a.appeal_no, upper(:q)) > 0 OR strpos(s.application_no, upper(:q)) > 0)
   AND (a.filed_at, a.id) > (to_timestamp(:cursor_place::bigint / 1000000.0), :cursor_id::bigint)
 ORDER BY a.filed_at, a.id
 LIMIT :page_size::int + 1;

-- name: appeal_list_newest
SELECT j.*, s.unit_name, a.decided_by_name, appeal_may_act(a, :caller_id::bigint, :caller_permissions::text[]) AS may_act,
       (extract(epoch FROM a.filed_at) * 1000000)::bigint || '.' || a.id AS position
  FROM appeal a JOIN submission s ON s.account_id = a.account_id AND s.kind = a.kind AND s.version = a.submission_version,
       jsonb_to_record(appeal_json(a)) AS j(id bigint, appeal_no text, state text, version int, kind text, decision text, decision_at text,
           filed_at text, expected_by text, decided_at text)
 WHERE (:view::text = 'ALL' OR a.state <> 'OPEN') AND review_permission(a.kind) = ANY (:caller_permissions::text[])
   AND (:kind::text = 'UNSPECIFIED' OR a.kind = :kind) AND (:decision::text = 'UNKNOWN' OR a.decision = :decision)
   AND (:q::text = '' OR strpos(s.unit_name, :q) > 0 OR strpos(a.appeal_no, upper(:q)) > 0 OR strpos(s.application_no, upper(:q)) > 0)
   AND (a.filed_at, a.id) < (to_timestamp(:cursor_place::bigint / 1000000.0), :cursor_id::bigint)
 ORDER BY a.filed_at DESC, a.id DESC
 LIMIT :page_size::int + 1;

-- name: appeal_total
SELECT count(*) AS total
  FROM appeal a JOIN submission s ON s.account_id = a.account_id AND s.kind = a.kind AND s.version = a.submission_version
 WHERE CASE :view::text WHEN 'ALL' THEN true WHEN 'DECIDED' THEN a.state <> 'OPEN' ELSE a.state = 'OPEN' END
   AND review_permission(a.kind) = ANY (:caller_permissions::text[])
   AND (:kind::text = 'UNSPECIFIED' OR a.kind = :kind) AND (:decision::text = 'UNKNOWN' OR a.decision = :decision)
   AND (:q::text = '' OR strpos(s.unit_name, :q) > 0 OR strpos(a.appeal_no, upper(:q)) > 0 OR strpos(s.application_no, upper(:q)) > 0);

-- name: appeal_get
SELECT appeal_json(a) || jsonb_build_object('unit_name', s.unit_name, 'decided_by_name', a.decided_by_name,
               'may_act', appeal_may_act(a, :caller_id::bigint, :caller_permissions::text[])) AS appeal,
       to_jsonb(a.decision_by_names) AS decision_by_names, :caller_id::bigint = ANY (a.decision_by) AS is_own,
       form_json(s.kind, s.form) AS submitted, form_papers_json(a.account_id, ARRAY[s.form]) AS attachments, a.review_id,
       a.account_id, s.application_no, coalesce(i.state, 'NONE') AS identity_state,
       CASE WHEN a.state = 'OPEN' THEN appeal_obstacle(a) ELSE '' END AS obstacle
  FROM appeal a JOIN submission s ON s.account_id = a.account_id AND s.kind = a.kind AND s.version = a.submission_version
  JOIN identity i ON i.account_id = a.account_id AND i.kind = a.kind
 WHERE a.id = :id::bigint AND review_permission(a.kind) = ANY (:caller_permissions::text[]);

-- name: appeal_state
SELECT a.state = 'OPEN' AND a.version = :version::int AS is_current, :caller_id::bigint = ANY (a.decision_by) AS is_own,
       appeal_obstacle(a) AS obstacle
  FROM appeal a WHERE a.id = :id::bigint AND review_permission(a.kind) = ANY (:caller_permissions::text[]);

-- name: appeal_decide
-- keyed
-- audit: appeal.decided object
-- Only what was looked at, and not by who made the decision: else no row, nothing changed, nobody told. What follows where it is
-- overturned, the database does in the same transaction (appeal_overturned).
WITH decided AS (
    UPDATE appeal a SET state = CASE :verdict::text WHEN 'OVERTURN' THEN 'OVERTURNED' ELSE 'UPHELD' END, version = a.version + 1,
           answer = :answer::text, decided_by = :caller_id::bigint, decided_by_name = :caller_name, decided_at = now()
     WHERE a.id = :id::bigint AND a.version = :version::int AND a.state = 'OPEN'
       AND appeal_may_act(a, :caller_id::bigint, :caller_permissions::text[])
       AND (:verdict <> 'OVERTURN' OR appeal_obstacle(a) = '')
    RETURNING a.id, a.appeal_no, a.state, a.version),
answer AS (SELECT *, appeal_no || '/' || state AS object FROM decided)
SELECT * FROM answer;
