-- Statements of certification about the unit directory. Search path: its own schema.

-- name: unit_list_newest
SELECT t.*, (extract(epoch FROM u.joined_at) * 1000000)::bigint || '.' || u.id AS position
  FROM unit_found(:q::text, :state::text, :kind::text, :region::text, :category::text, :nature::text, :ending_by::date,
                  :doubtful::boolean) AS u, unit_told(u) AS t
 WHERE (u.joined_at, u.id) < (to_timestamp(:cursor_place::bigint / 1000000.0), :cursor_id::bigint)
 ORDER BY u.joined_at DESC, u.id DESC
 LIMIT :page_size::int + 1;

-- name: unit_list_ending
-- The cursor is "days since 1900.unit".
SELECT t.*, (u.first_expiry - date '1900-01-01') || '.' || u.id AS position
  FROM unit_found(:q::text, :state::text, :kind::text, :region::text, :category::text, :nature::text, :ending_by::date,
                  :doubtful::boolean) AS u, unit_told(u) AS t
 WHERE (u.first_expiry, u.id) > (date '1900-01-01' + least(:cursor_place::bigint, 3000000)::int, :cursor_id::bigint)
 ORDER BY u.first_expiry, u.id
 LIMIT :page_size::int + 1;

-- name: unit_total
SELECT count(*) AS total
  FROM unit_found(:q::text, :state::text, :kind::text, :region::text, :category::text, :nature::text, :ending_by::date,
                  :doubtful::boolean) AS u;

-- name: unit_get
-- Forms and people are told to those who may review their kind.
SELECT (SELECT to_jsonb(t) FROM unit_told(u) AS t) AS unit,
       (SELECT jsonb_agg(jsonb_build_object('kind', t.kind, 'state', t.state, 'account_id', t.account_id, 'version', t.version,
                   'at', t.at, 'application_no', s.application_no, 'review_id', coalesce(r.id, 0),
                   'form', CASE WHEN review_permission(t.kind) = ANY (:caller_permissions::text[]) THEN form_json(s.kind, s.form) END,
                   'attachments', CASE WHEN review_permission(t.kind) = ANY (:caller_permissions::text[])
                                       THEN form_papers_json(t.account_id, ARRAY[s.form]) ELSE '[]' END)
                   ORDER BY t.state = 'IN_FORCE' DESC, t.kind, t.account_id)
          FROM unit_identity t JOIN submission s USING (account_id, kind, version)
          LEFT JOIN review r USING (account_id, kind, version)
         WHERE t.unit_id = u.id) AS identities,
       (SELECT jsonb_agg(jsonb_build_object('event', event, 'kind', kind, 'at', at, 'changed_by_name', changed_by_name,
                   'reason', reason, 'version', version, 'unit_name', unit_name, 'uscc', uscc) ORDER BY id)
          FROM unit_history h WHERE h.unit_id = u.id) AS history,
       (SELECT jsonb_agg(to_jsonb(p) ORDER BY p.kind, p.name, p.id) FROM (
            SELECT s.kind, s.unit_name AS name, i.account_id AS id, coalesce(e.expert_no, '') AS expert_no,
                   coalesce(e.state, 'UNSPECIFIED') AS expert_state, coalesce(r.id, 0) AS review_id
              FROM submission s
              JOIN identity i ON i.account_id = s.account_id AND i.kind = s.kind AND i.in_force_version = s.version
              LEFT JOIN expert e ON s.kind = 'EXPERT' AND e.account_id = s.account_id
              LEFT JOIN review r ON r.account_id = s.account_id AND r.kind = s.kind AND r.version = s.version
             WHERE s.kind IN ('EXPERT', 'NATURAL_PERSON') AND review_permission(s.kind) = ANY (:caller_permissions::text[])
               AND s.id IN (SELECT n.id FROM submission n
                             WHERE n.kind IN ('EXPERT', 'NATURAL_PERSON') AND form_employer_key(n.form) = u.name_key
                            UNION SELECT c.id FROM submission c
                             WHERE c.kind IN ('EXPERT', 'NATURAL_PERSON') AND form_employer_usccs(c.form) @> ARRAY[u.uscc])
             ORDER BY s.kind, s.unit_name, s.id LIMIT 200) AS p) AS people,
       (SELECT jsonb_agg(jsonb_build_object('id', o.id, 'unit_name', o.unit_name, 'uscc', o.uscc, 'by_name', a.by_name,
                   'by_phone', a.by_phone) ORDER BY o.unit_name, o.id)
          FROM (SELECT * FROM unit_alike WHERE unit_id = u.id ORDER BY by_name DESC, other_id LIMIT 50) AS a
          JOIN unit o ON o.id = a.other_id) AS alikes,
       (SELECT jsonb_agg(to_jsonb(a) ORDER BY a.review_id) FROM (
            SELECT DISTINCT ON (s.account_id, s.kind) s.kind, s.unit_name, s.application_no, r.id AS review_id, r.state
              FROM submission s JOIN review r USING (account_id, kind, version)
             WHERE s.uscc = u.uscc AND review_permission(s.kind) = ANY (:caller_permissions::text[])
               AND NOT EXISTS (SELECT FROM unit_identity t WHERE t.account_id = s.account_id AND t.kind = s.kind AND t.unit_id = u.id)
             ORDER BY s.account_id, s.kind, s.version DESC) AS a) AS elsewhere
  FROM unit u WHERE u.id = :id::bigint;
