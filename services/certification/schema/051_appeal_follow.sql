-- What follows from appeals (050_appeal.sql): payment, the directory, the pool, the timeline, and how long their files are kept.

-- `version` orders what payment is told of a unit: a version that an appeal brings back, or back under review, is news, though its
-- number is not. So each overturned decision counts as one; the next submission's number is higher still.
CREATE FUNCTION told_version(of_account bigint, of_kind text, of_version integer) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT of_version + coalesce((SELECT overturned FROM identity WHERE account_id = of_account AND kind = of_kind), 0)
$$;

CREATE OR REPLACE FUNCTION unit_tell(i identity, version integer, ended text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO outbox (event, payload)
    SELECT 'unit.changed', jsonb_build_object('account_id', i.account_id, 'version', s.version + i.overturned,
               'certified', ended = '', 'ended', ended, 'unit_name', s.unit_name, 'uscc', s.uscc,
               'association_post', i.association_post, 'legal_person_name', coalesce(s.form ->> 'legal_person_name', ''))
      FROM submission s WHERE s.account_id = i.account_id AND s.kind = i.kind AND s.version = unit_tell.version
$$;

-- A member unit whose refusal was overturned applies again.
CREATE FUNCTION unit_reopened() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox (event, payload)
    SELECT 'unit.applied', jsonb_build_object('account_id', s.account_id, 'version', s.version + NEW.overturned, 'applying', true,
               'unit_name', s.unit_name, 'uscc', s.uscc, 'association_post', s.form ->> 'association_post',
               'legal_person_name', s.form ->> 'legal_person_name')
      FROM submission s WHERE s.account_id = NEW.account_id AND s.kind = NEW.kind AND s.version = NEW.last_version;
    RETURN NULL;
END $$;
CREATE TRIGGER unit_reopened AFTER UPDATE ON identity
    FOR EACH ROW WHEN (NEW.kind = 'MEMBER_UNIT' AND NEW.overturned > OLD.overturned AND NEW.state IN ('PENDING', 'APPROVED_PENDING'))
    EXECUTE FUNCTION unit_reopened();

-- An identity's form in force becomes its unit's. A corrected credit code renames the row, unless another identity has it, too,
-- or the other code's unit is there already. One that an appeal brings back is in since that verdict.
CREATE OR REPLACE FUNCTION unit_keep(i identity) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    s submission;
    before unit_identity;
    wanted bigint;
    decided record;
BEGIN
    SELECT * INTO s FROM submission x
     WHERE x.account_id = i.account_id AND x.kind = i.kind AND x.version = i.in_force_version;
    IF coalesce(s.uscc, '') = '' THEN
        RETURN;
    END IF;
    SELECT * INTO before FROM unit_identity t WHERE t.account_id = i.account_id AND t.kind = i.kind;
    SELECT coalesce(a.decided_by_name, r.decided_by_name) AS decided_by_name, coalesce(a.decided_at, r.decided_at, now()) AS at,
           CASE WHEN a.id IS NULL THEN '' ELSE '申诉成立，认证恢复' END AS reason INTO decided
      FROM (SELECT 1) AS one LEFT JOIN review r ON r.account_id = i.account_id AND r.kind = i.kind AND r.version = i.in_force_version
      LEFT JOIN appeal a ON a.review_id = r.id AND a.decision = 'REVOCATION' AND a.state = 'OVERTURNED' AND a.decided_at = i.decided_at;
    PERFORM pg_advisory_xact_lock(hashtextextended('unit', 0)); -- one at a time: units that are alike see each other
    SELECT u.id INTO wanted FROM unit u WHERE u.uscc = s.uscc;
    IF wanted IS NULL AND before.unit_id IS NOT NULL
       AND NOT EXISTS (SELECT FROM unit_identity t WHERE t.unit_id = before.unit_id
                          AND (t.account_id, t.kind) <> (i.account_id, i.kind)) THEN
        wanted := before.unit_id;
    END IF;
    IF wanted IS NULL THEN
        INSERT INTO unit (uscc, kinds, unit_name, name_key, name_words, initials, region, categories, unit_nature, association_post,
                          responsible_name, phones, license_valid_to, first_expiry, state, joined_at, changed_at)
        VALUES (s.uscc, ARRAY[i.kind], s.unit_name, '', '', '', '', '{}', '', '', '', '{}', '9999-12-31', '9999-12-31', 'IN_FORCE',
                decided.at, decided.at)
        RETURNING id INTO wanted;
    END IF;
    INSERT INTO unit_identity (account_id, kind, unit_id, version, state, at)
    VALUES (i.account_id, i.kind, wanted, i.in_force_version, 'IN_FORCE', decided.at)
    ON CONFLICT (account_id, kind) DO UPDATE
       SET unit_id = excluded.unit_id, version = excluded.version, state = excluded.state, at = excluded.at;
    IF before.unit_id <> wanted THEN
        INSERT INTO unit_history (unit_id, event, kind, account_id, version, unit_name, uscc, reason, changed_by_name, at)
        SELECT before.unit_id, 'LEFT', i.kind, i.account_id, i.in_force_version, s.unit_name, s.uscc, '信用代码改为' || s.uscc,
               coalesce(decided.decided_by_name, ''), decided.at;
        PERFORM unit_refresh(before.unit_id);
    END IF;
    INSERT INTO unit_history (unit_id, event, kind, account_id, version, unit_name, uscc, reason, changed_by_name, at)
    SELECT wanted, CASE WHEN before.unit_id = wanted AND before.state = 'IN_FORCE' THEN 'CHANGED' ELSE 'JOINED' END, i.kind,
           i.account_id, i.in_force_version, s.unit_name, s.uscc, decided.reason, coalesce(decided.decided_by_name, ''), decided.at
     WHERE (before.unit_id, before.version, before.state) IS DISTINCT FROM (wanted, i.in_force_version, 'IN_FORCE');
    PERFORM unit_refresh(wanted);
END $$;

-- Nothing of an identity is in force any more.
CREATE OR REPLACE FUNCTION unit_end(i identity) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    ended unit_identity;
    v revocation;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('unit', 0));
    UPDATE unit_identity t SET state = CASE i.state WHEN 'EXPIRED' THEN 'EXPIRED' ELSE 'REVOKED' END, at = now()
     WHERE t.account_id = i.account_id AND t.kind = i.kind AND t.state = 'IN_FORCE'
    RETURNING t.* INTO ended;
    IF ended.unit_id IS NULL THEN
        RETURN;
    END IF;
    SELECT * INTO v FROM revocation r
     WHERE r.account_id = i.account_id AND r.kind = i.kind AND r.version = ended.version AND r.state = 'CONFIRMED'
       AND r.overturned_at IS NULL;
    INSERT INTO unit_history (unit_id, event, kind, account_id, version, unit_name, uscc, reason, changed_by_name, at)
    SELECT ended.unit_id, ended.state, i.kind, i.account_id, ended.version, u.unit_name, u.uscc,
           CASE ended.state WHEN 'EXPIRED' THEN '证照已过有效期' ELSE coalesce(v.reason, '') END, coalesce(v.decided_by_name, ''), now()
      FROM unit u WHERE u.id = ended.unit_id;
    PERFORM unit_refresh(ended.unit_id);
END $$;

-- The pause that came with the revocation goes with it; any other stays. Where his certificates have all ended meanwhile, and staff
-- set it so, he is paused for that.
CREATE FUNCTION expert_restored() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    decided record;
    lapsed boolean;
BEGIN
    SELECT a.decided_by, a.decided_by_name, a.decided_at, v.decided_at AS revoked_at INTO decided
      FROM appeal a JOIN revocation v ON v.id = a.revocation_id
     WHERE a.account_id = NEW.account_id AND a.kind = NEW.kind AND a.state = 'OVERTURNED' AND a.decided_at = NEW.decided_at;
    SELECT e.last_expiry < current_date AND p.pause_without_certificate INTO lapsed
      FROM expert e, expert_policy p WHERE e.account_id = NEW.account_id;
    UPDATE expert e SET state = CASE WHEN lapsed THEN 'PAUSED' ELSE 'IN_POOL' END, paused_for_certificate = lapsed,
           state_reason = CASE WHEN lapsed THEN '证书均已过期，更新并审核通过后自动恢复' ELSE '' END,
           changed_by = decided.decided_by, changed_by_name = decided.decided_by_name, changed_at = decided.decided_at
     WHERE e.account_id = NEW.account_id AND e.state = 'PAUSED'
       AND EXISTS (SELECT FROM expert_history h WHERE h.account_id = e.account_id AND h.event = 'PAUSED' AND h.at = decided.revoked_at);
    RETURN NULL;
END $$;
CREATE TRIGGER expert_restored AFTER UPDATE OF state ON identity -- after expert_follow
    FOR EACH ROW WHEN (NEW.kind = 'EXPERT' AND OLD.state = 'REVOKED' AND NEW.in_force_version IS NOT NULL)
    EXECUTE FUNCTION expert_restored();

-- An expert whose certification is taken back is not drawn, and comes back into the pool certified anew, or by an appeal.
CREATE OR REPLACE FUNCTION expert_revoked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE expert e SET state = 'PAUSED', state_reason = '认证已撤销', changed_by = v.decided_by,
           changed_by_name = v.decided_by_name, changed_at = now()
      FROM revocation v
     WHERE e.account_id = NEW.account_id AND e.state = 'IN_POOL' AND v.account_id = NEW.account_id AND v.kind = NEW.kind
       AND v.version = OLD.in_force_version AND v.state = 'CONFIRMED' AND v.overturned_at IS NULL;
    RETURN NULL;
END $$;

-- A review as a list shows it.
CREATE OR REPLACE FUNCTION review_item(r review, s submission, caller bigint, permissions text[]) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('id', r.id, 'application_no', s.application_no, 'kind', r.kind, 'unit_name', s.unit_name,
               'state', CASE WHEN r.state = 'CLAIMED' AND r.claimed_until < now() THEN 'QUEUED' ELSE r.state END,
               'submission_version', r.version, 'is_change', r.is_change, 'submitted_at', r.submitted_at,
               'expected_by', coalesce(r.promised_by, s.expected_by)::text,
               'claimed_by_name', CASE WHEN r.state = 'CLAIMED' AND r.claimed_until >= now() THEN r.claimed_by_name ELSE '' END,
               'claimed_by_me', coalesce(r.state = 'CLAIMED' AND r.claimed_until >= now() AND r.claimed_by = caller, false),
               'first_approved_by_name', r.first_by_name, 'decided_at', coalesce(to_jsonb(r.decided_at), '""'),
               'decided_by_name', r.decided_by_name, 'may_act', review_may_act(r, caller, permissions),
               'preferred_name', CASE WHEN review_turn(r, caller) <> 1 THEN r.preferred_by_name ELSE '' END,
               'preferred_me', review_turn(r, caller) = 0)
$$;

-- The steps of the last submission, ending in 结束, and that it was taken back or has ended; a step without `at` is still to come.
-- The one that it waits at says for whom, since when, and what was promised. What is told the applicant is told with the verdict.
-- A review that waits anew has a promise of its own.
CREATE OR REPLACE FUNCTION application_timeline_json(for_account bigint, for_kind text) RETURNS jsonb LANGUAGE sql STABLE AS $$
    WITH last AS (
        SELECT r.*, s.submitted_at AS handed_in_at, coalesce(r.promised_by, s.expected_by) AS expected_by, r.state IN ('QUEUED', 'CLAIMED') AS is_open,
               coalesce(r.state = 'CLAIMED' AND r.claimed_until >= now(), false) AS is_taken,
               CASE WHEN r.state IN ('QUEUED', 'CLAIMED') THEN CASE WHEN r.first_by IS NULL THEN 'REVIEWING' ELSE 'SECOND_REVIEW' END
                    WHEN r.state = 'REJECTED' AND NOT review_is_final(r) THEN 'REJECTED' ELSE '' END AS waits_at,
               CASE WHEN r.state = 'CLAIMED' AND r.claimed_until < now() THEN r.claimed_until
                    ELSE coalesce(r.held_since, r.decided_at, r.first_at, r.claimed_at, r.submitted_at) END AS waits_since,
               review_needs_second(r, s.form ->> 'association_post') AS takes_two
          FROM review r JOIN submission s USING (account_id, kind, version)
         WHERE r.account_id = for_account AND r.kind = for_kind ORDER BY r.version DESC LIMIT 1),
    steps(place, step, at, note, holder) AS (
        SELECT 1, 'SUBMITTED', handed_in_at, '', 'NOBODY' FROM last
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

-- ---- what is erased

-- Nothing of an identity while an appeal is open.
CREATE OR REPLACE FUNCTION identity_still_since(of_account bigint, of_kind text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN coalesce(i.state, 'NONE') IN ('NONE', 'REJECTED', 'REVOKED', 'EXPIRED')
                AND NOT EXISTS (SELECT FROM appeal WHERE account_id = of_account AND kind = of_kind AND state = 'OPEN')
           THEN greatest(i.decided_at,
                         (SELECT max(greatest(submitted_at, decided_at)) FROM review
                           WHERE account_id = of_account AND kind = of_kind),
                         (SELECT saved_at FROM draft WHERE account_id = of_account AND kind = of_kind)) END
      FROM (SELECT 1) AS one LEFT JOIN identity i ON i.account_id = of_account AND i.kind = of_kind
$$;

INSERT INTO retention_rule (name, title, days) VALUES ('APPEAL_FILE', '已办结或已撤回的申诉：附件', 1826);

-- Papers handed in beside the forms.
CREATE OR REPLACE FUNCTION is_letter(purpose text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT purpose IN ('handover_letter', 'recorded_letter', 'appeal_files')
$$;

-- The rule by which one is due; NULL: it is kept.
CREATE OR REPLACE FUNCTION letter_due(file attachment) RETURNS text LANGUAGE sql STABLE AS $$
    WITH named AS (
        SELECT count(*) AS count, bool_and(h.state IN ('SWITCHED', 'REFUSED', 'WITHDRAWN')) AS over, bool_or(h.state = 'SWITCHED') AS switched,
               max(greatest(h.requested_at, h.decided_at, h.switched_at, h.withdrawn_at)) AS since
          FROM handover h WHERE h.letter @> ARRAY[file.id]),
    appealed AS (
        SELECT count(*) AS count, bool_and(a.state <> 'OPEN') AS over, max(greatest(a.withdrawn_at, a.decided_at)) AS since
          FROM appeal a WHERE a.appeal_files @> ARRAY[file.id]),
    due(rule, since) AS (
        SELECT 'UNUSED_FILE', file.created_at FROM named, appealed WHERE named.count = 0 AND appealed.count = 0
        UNION ALL
        SELECT CASE WHEN switched THEN 'HANDOVER_LETTER' ELSE 'REFUSED_HANDOVER' END, since FROM named WHERE over
        UNION ALL
        SELECT 'APPEAL_FILE', since FROM appealed WHERE over)
    SELECT r.name FROM due JOIN retention_rule r ON r.name = due.rule WHERE due.since < now() - r.days * interval '1 day'
$$;
