-- B.15: whose turn an application is, as a role, since when, and by when it is promised. Nobody of the staff is named.

-- Since when it waits as it does: in the queue, in somebody's hands, or for the second person. NULL: since before this was kept.
ALTER TABLE review ADD COLUMN held_since timestamptz;

-- Whoever takes up what another let lie takes it anew.
CREATE FUNCTION review_held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' OR (NEW.state, NEW.first_by) IS DISTINCT FROM (OLD.state, OLD.first_by)
       OR NEW.state = 'CLAIMED' AND OLD.claimed_until < now() AND NEW.claimed_until >= now()
    THEN
        NEW.held_since := now();
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER review_held BEFORE INSERT OR UPDATE ON review FOR EACH ROW EXECUTE FUNCTION review_held();

-- The steps of the last submission, ending in 结束, and that it was taken back or has ended; a step without `at` is still to come.
-- The one that it waits at says for whom, since when, and what was promised. What is told the applicant is told with the verdict.
-- Takes the place of timeline_json, which instances of the version before still ask.
CREATE FUNCTION application_timeline_json(for_account bigint, for_kind text) RETURNS jsonb LANGUAGE sql STABLE AS $$
    WITH last AS (
        SELECT r.*, s.expected_by, r.state IN ('QUEUED', 'CLAIMED') AS is_open,
               coalesce(r.state = 'CLAIMED' AND r.claimed_until >= now(), false) AS is_taken,
               CASE WHEN r.state IN ('QUEUED', 'CLAIMED') THEN CASE WHEN r.first_by IS NULL THEN 'REVIEWING' ELSE 'SECOND_REVIEW' END
                    WHEN r.state = 'REJECTED' AND NOT review_is_final(r) THEN 'REJECTED' ELSE '' END AS waits_at,
               CASE WHEN r.state = 'CLAIMED' AND r.claimed_until < now() THEN r.claimed_until
                    ELSE coalesce(r.held_since, r.decided_at, r.first_at, r.claimed_at, r.submitted_at) END AS waits_since,
               review_needs_second(r, s.form ->> 'association_post') AS takes_two
          FROM review r JOIN submission s USING (account_id, kind, version)
         WHERE r.account_id = for_account AND r.kind = for_kind ORDER BY r.version DESC LIMIT 1),
    steps(place, step, at, note, holder) AS (
        SELECT 1, 'SUBMITTED', submitted_at, '', 'NOBODY' FROM last
        UNION ALL SELECT 2, 'REVIEWING', claimed_at, '', 'REVIEWER' FROM last WHERE state <> 'CANCELLED'
        UNION ALL SELECT 3, 'SECOND_REVIEW', first_at, '', 'CHECKER' FROM last
                   WHERE state <> 'CANCELLED' AND (first_by IS NOT NULL OR is_open AND takes_two)
        UNION ALL SELECT 4, CASE state WHEN 'REJECTED' THEN 'REJECTED' WHEN 'CANCELLED' THEN 'WITHDRAWN' ELSE 'APPROVED' END,
               decided_at, CASE WHEN is_open THEN '' ELSE message_to_applicant END, 'APPLICANT' FROM last
        UNION ALL SELECT 5, 'FINISHED', CASE WHEN state = 'APPROVED' THEN decided_at END, '', 'NOBODY'
          FROM last WHERE state NOT IN ('REJECTED', 'CANCELLED')),
    told AS (
        SELECT t.place, t.step, t.at, l.version, t.step = l.waits_at AS waits, t.holder, l.is_taken, l.waits_since,
               CASE WHEN NOT l.is_open OR t.step <> l.waits_at THEN t.note
                    WHEN l.expected_by >= now()::date THEN '预计' || l.expected_by || '前完成审核'
                    ELSE '已超过承诺的' || l.expected_by || '，急需的请致电0355-3069919' END AS note
          FROM steps t, last l)
    SELECT coalesce(jsonb_agg(jsonb_build_object('step', step, 'at', coalesce(to_jsonb(at), '""'), 'note', note,
               'submission_version', version, 'holder', CASE WHEN waits THEN holder ELSE 'NOBODY' END,
               'taken', waits AND is_taken, 'since', CASE WHEN waits THEN to_jsonb(waits_since) ELSE '""' END) ORDER BY place), '[]')
        || coalesce(
           (SELECT jsonb_build_array(jsonb_build_object('step', 'REVOKED', 'at', v.decided_at, 'note', v.reason,
                       'submission_version', v.version))
              FROM revocation v JOIN identity i USING (account_id, kind)
             WHERE v.account_id = for_account AND v.kind = for_kind AND v.state = 'CONFIRMED' AND i.state = 'REVOKED'
             ORDER BY v.id DESC LIMIT 1), '[]')
        || coalesce(
           (SELECT jsonb_build_array(jsonb_build_object('step', 'EXPIRED', 'at', e.at, 'note', '证照有效期至' || e.ended_on,
                       'submission_version', e.version))
              FROM expiration e JOIN identity i USING (account_id, kind)
             WHERE e.account_id = for_account AND e.kind = for_kind AND i.state = 'EXPIRED'
             ORDER BY e.id DESC LIMIT 1), '[]')
      FROM told
$$;
