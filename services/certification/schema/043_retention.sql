-- What hand-overs of units' accounts leave behind (SM11): the stamped letters, and the drafts of accounts that ended with one.
INSERT INTO retention_rule (name, title, days) VALUES
    ('CLOSED_DRAFT', '更换负责人时注销的账号：没有提交的草稿和表格', 30),
    ('REFUSED_HANDOVER', '没有通过或已撤回的更换负责人申请：盖章说明', 180),
    ('HANDOVER_LETTER', '已经办结的更换负责人：盖章说明', 1826);

CREATE FUNCTION is_letter(purpose text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT purpose IN ('handover_letter', 'recorded_letter')
$$;
ALTER TABLE handover ADD COLUMN withdrawn_at timestamptz;
-- One letter may have been handed in for several; it is needed while one of them is open.
CREATE INDEX handover_letter ON handover USING gin (letter) WITH (fastupdate = off);

-- The rule by which a letter is due; NULL: it is kept.
CREATE FUNCTION letter_due(file attachment) RETURNS text LANGUAGE sql STABLE AS $$
    WITH named AS (
        SELECT count(*) AS count, bool_and(h.state IN ('SWITCHED', 'REFUSED', 'WITHDRAWN')) AS over, bool_or(h.state = 'SWITCHED') AS switched,
               max(greatest(h.requested_at, h.decided_at, h.switched_at, h.withdrawn_at)) AS since
          FROM handover h WHERE h.letter @> ARRAY[file.id]),
    due(rule, since) AS (
        SELECT 'UNUSED_FILE', file.created_at FROM named WHERE count = 0
        UNION ALL
        SELECT CASE WHEN switched THEN 'HANDOVER_LETTER' ELSE 'REFUSED_HANDOVER' END, since FROM named WHERE over)
    SELECT r.name FROM due JOIN retention_rule r ON r.name = due.rule WHERE due.since < now() - r.days * interval '1 day'
$$;

CREATE OR REPLACE FUNCTION retention_run(most integer) RETURNS TABLE (attachment_id text)
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
    closed AS (
        SELECT h.closing_account AS account_id FROM handover h, retention_rule r
         WHERE r.name = 'CLOSED_DRAFT' AND h.state = 'SWITCHED' AND h.closing_account IS NOT NULL
           AND h.switched_at < now() - r.days * interval '1 day'),
    drafts AS (
        DELETE FROM draft WHERE account_id IN (SELECT account_id FROM closed)
        RETURNING account_id, 'draft ' || kind AS object),
    papers AS (
        DELETE FROM paper_form
         WHERE account_id IN (SELECT account_id FROM closed) AND uploaded_at IS NULL AND stamped_scan = '{}' AND stamped_license = '{}'
        RETURNING account_id, 'paper_form ' || kind AS object),
    typed AS (
        UPDATE draft d SET form = form || '{"id_number": ""}'
         WHERE kind = 'EXPERT' AND account_id IN (SELECT account_id FROM numbers)
           AND account_id NOT IN (SELECT account_id FROM closed)),
    looked AS (
        UPDATE attachment a SET looked_at = now()
         WHERE id IN (SELECT id FROM attachment
                       WHERE looked_at < now() - interval '6 hours' AND created_at < now() - interval '1 day'
                         AND (is_form_file(purpose) OR is_letter(purpose))
                       ORDER BY looked_at LIMIT most FOR UPDATE SKIP LOCKED)
        RETURNING a.id, a.account_id, a.purpose, CASE WHEN is_letter(a.purpose) THEN letter_due(a) ELSE attachment_due(a) END AS rule),
    written AS (
        INSERT INTO erasure (rule, account_id, object)
        SELECT rule, account_id, purpose || ' ' || id FROM looked WHERE rule IS NOT NULL
        UNION ALL SELECT 'REFUSED_ID_CARD', account_id, kind || ' ' || version FROM numbers
        UNION ALL SELECT 'CLOSED_DRAFT', account_id, object FROM drafts
        UNION ALL SELECT 'CLOSED_DRAFT', account_id, object FROM papers)
    SELECT array_agg(id) INTO due FROM looked WHERE rule IS NOT NULL;
    RETURN QUERY DELETE FROM attachment WHERE id = ANY (due) RETURNING id;
END $$;
