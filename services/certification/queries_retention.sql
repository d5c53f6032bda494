-- How long what was handed in is kept.

-- name: retention_rule_list
SELECT r.name, r.title, r.days, r.version, r.changed_by_name, r.changed_at,
       (SELECT count(*) FROM erasure e WHERE e.rule = r.name) AS erased,
       (SELECT max(at) FROM erasure e WHERE e.rule = r.name) AS last_erased_at
  FROM retention_rule r ORDER BY r.days;

-- name: retention_rule_save
-- keyed
-- audit: retention.changed name
-- Changed by somebody else meanwhile: no row.
WITH answer AS (
    UPDATE retention_rule SET days = :days::int, version = version + 1, changed_by_name = :caller_name, changed_at = now()
     WHERE name = :name::text AND version = :version::int
    RETURNING name, title, days, version, changed_by_name, changed_at)
SELECT * FROM answer;

-- name: retention_run
-- writes
SELECT attachment_id FROM retention_run(200);
