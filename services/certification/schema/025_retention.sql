-- How long what people handed in is kept (PIPL 19, 47), and what has been erased since. Files alone grow; a submission
-- stays as the record of what was decided, but for the number of an identity card that nobody needs any more.
CREATE TABLE retention_rule (
    name text PRIMARY KEY,
    title text NOT NULL,
    days integer NOT NULL CONSTRAINT retention_days CHECK (days BETWEEN 1 AND 36500),
    version integer NOT NULL DEFAULT 1,
    changed_by_name text NOT NULL DEFAULT '',
    changed_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO retention_rule (name, title, days) VALUES
    ('UNUSED_FILE', '上传后没有用在任何表格里的附件', 2),
    ('REFUSED_ID_CARD', '专家申请被驳回后没有再提交的：身份证号码和身份证照片', 180),
    ('ENDED_IDENTITY', '已撤回、被驳回或被撤销、没有再认证的身份：全部附件', 1826);

CREATE TABLE erasure (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    rule text NOT NULL REFERENCES retention_rule (name),
    account_id bigint NOT NULL,
    object text NOT NULL                         -- of attachment: its purpose and id; of a form: its kind and version
);
COMMENT ON TABLE erasure IS 'append-only';
CREATE INDEX erasure_of_rule ON erasure (rule, at);

ALTER TABLE attachment ADD COLUMN looked_at timestamptz NOT NULL DEFAULT now(); -- by retention_run
CREATE INDEX attachment_looked ON attachment (looked_at);

-- Since when an identity lies still with nothing in force; NULL: it is alive.
CREATE FUNCTION identity_still_since(of_account bigint, of_kind text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN coalesce(i.state, 'NONE') IN ('NONE', 'REJECTED', 'REVOKED')
           THEN greatest(i.decided_at,
                         (SELECT max(greatest(submitted_at, decided_at)) FROM review
                           WHERE account_id = of_account AND kind = of_kind),
                         (SELECT saved_at FROM draft WHERE account_id = of_account AND kind = of_kind)) END
      FROM (SELECT 1) AS one LEFT JOIN identity i ON i.account_id = of_account AND i.kind = of_kind
$$;

-- The kinds of an account's forms that name a file.
CREATE FUNCTION attachment_named_by(of_account bigint, of_id text) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(DISTINCT f.kind)
      FROM (SELECT kind, form FROM draft WHERE account_id = of_account
            UNION ALL SELECT kind, form FROM submission WHERE account_id = of_account) AS f
     WHERE position(of_id IN f.form::text) > 0
$$;

-- The rule by which a file is due; NULL: it is kept.
CREATE FUNCTION attachment_due(file attachment) RETURNS text LANGUAGE sql STABLE AS $$
    WITH named AS (SELECT attachment_named_by(file.account_id, file.id) AS kinds),
    still AS (
        SELECT CASE WHEN bool_and(since IS NOT NULL) THEN max(since) END AS since
          FROM named, unnest(kinds) AS kind, identity_still_since(file.account_id, kind) AS since),
    due(rule, since) AS (
        SELECT 'UNUSED_FILE', file.created_at FROM named WHERE kinds IS NULL
        UNION ALL SELECT 'REFUSED_ID_CARD', since FROM still
                   WHERE file.purpose = 'id_card_files'
                     AND EXISTS (SELECT FROM identity WHERE account_id = file.account_id AND kind = 'EXPERT'
                                    AND state = 'REJECTED')
        UNION ALL SELECT 'ENDED_IDENTITY', since FROM still)
    SELECT due.rule FROM due JOIN retention_rule r ON r.name = due.rule
     WHERE due.since < now() - r.days * interval '1 day' ORDER BY r.days LIMIT 1
$$;

-- Looks at the files of the four forms that were looked at longest ago, `most` of them, and erases what is due: the rows
-- that it gives back are gone, and so must their files be. The service's own role may not delete from `attachment`, nor
-- change a submission.
CREATE FUNCTION retention_run(most integer) RETURNS TABLE (attachment_id text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    due text[];
BEGIN
    WITH numbers AS (
        UPDATE submission s SET form = form || '{"id_number": ""}', id_number_index = ''
          FROM identity i, retention_rule r
         WHERE r.name = 'REFUSED_ID_CARD' AND i.account_id = s.account_id AND i.kind = s.kind AND s.kind = 'EXPERT'
           AND i.state = 'REJECTED' AND s.id_number_index <> ''
           AND identity_still_since(i.account_id, i.kind) < now() - r.days * interval '1 day'
        RETURNING s.account_id, s.kind, s.version),
    typed AS (
        UPDATE draft d SET form = form || '{"id_number": ""}'
         WHERE kind = 'EXPERT' AND account_id IN (SELECT account_id FROM numbers)),
    looked AS (
        UPDATE attachment a SET looked_at = now()
         WHERE id IN (SELECT id FROM attachment
                       WHERE looked_at < now() - interval '6 hours' AND created_at < now() - interval '1 day'
                         AND purpose IN ('business_license_file', 'qualification_files', 'certificate_files',
                                         'education_files', 'id_card_files')
                       ORDER BY looked_at LIMIT most FOR UPDATE SKIP LOCKED)
        RETURNING a.id, a.account_id, a.purpose, attachment_due(a) AS rule),
    written AS (
        INSERT INTO erasure (rule, account_id, object)
        SELECT rule, account_id, purpose || ' ' || id FROM looked WHERE rule IS NOT NULL
        UNION ALL SELECT 'REFUSED_ID_CARD', account_id, kind || ' ' || version FROM numbers)
    SELECT array_agg(id) INTO due FROM looked WHERE rule IS NOT NULL;
    RETURN QUERY DELETE FROM attachment WHERE id = ANY (due) RETURNING id;
END $$;
