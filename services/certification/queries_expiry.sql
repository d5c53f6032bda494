-- Statements of certification about papers that end. Search path: its own schema.

-- name: unit_remind
-- As expert_remind: each step of each paper once, whoever else asks at the same moment; of a unit with two identities one tells.
WITH due AS (
    SELECT DISTINCT ON (t.account_id, p.paper, p.valid_to) t.account_id, t.kind, p.paper, p.valid_to,
           CASE WHEN p.valid_to <= current_date THEN 0 WHEN p.valid_to <= current_date + 30 THEN 30 ELSE 90 END AS step
      FROM unit u JOIN unit_identity t ON t.unit_id = u.id AND t.state = 'IN_FORCE' JOIN submission s USING (account_id, kind, version),
           form_papers(s.form) AS p
     WHERE u.first_expiry <= current_date + 90 AND p.valid_to BETWEEN current_date - 7 AND current_date + 90
     ORDER BY t.account_id, p.paper, p.valid_to, t.kind),
reminded AS (
    INSERT INTO unit_reminder (account_id, paper, valid_to, step)
    SELECT account_id, paper, valid_to, step FROM due d
     WHERE NOT EXISTS (SELECT FROM unit_reminder r WHERE (r.account_id, r.paper, r.valid_to, r.step)
                                                         = (d.account_id, d.paper, d.valid_to, d.step))
     LIMIT 1000
    ON CONFLICT DO NOTHING
    RETURNING account_id, paper, valid_to)
INSERT INTO outbox (event, payload)
SELECT 'unit.paper_ending', jsonb_build_object('account_id', r.account_id, 'paper', r.paper, 'valid_to', r.valid_to, 'kind', d.kind)
  FROM reminded r JOIN due d USING (account_id, paper, valid_to);

-- name: identities_expire
-- writes
SELECT identities_expire(500) AS ended;

-- name: expiry_policy_list
SELECT kind, ends, version, changed_by_name, changed_at FROM expiry_policy
 ORDER BY array_position('{OWNER_UNIT,MEMBER_UNIT,EXPERT,NATURAL_PERSON}', kind);

-- name: expiry_policy_save
-- keyed
-- audit: identity.expiry_policy_changed object
-- Changed by somebody else meanwhile: no row. What has ended already stays so.
WITH answer AS (
    UPDATE expiry_policy SET ends = :ends::boolean, version = version + 1, changed_by_name = :caller_name, changed_at = now()
     WHERE kind = :kind::text AND version = :version::int
    RETURNING kind, ends, version, changed_by_name, changed_at, kind || CASE WHEN ends THEN '/ends' ELSE '/stays' END AS object)
SELECT * FROM answer;
