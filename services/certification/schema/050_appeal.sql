-- 申诉 (B.14): whose identity was taken back, or whose application was refused for good, may ask once that another person looks
-- at that decision.
--
-- The rule, whatever statement comes:
--   Against the decision that stands only: the confirmed revocation by which the identity is REVOKED, or the refusal for good of
--   its last submission (REJECTED, APPROVED_REJECTED); until the end of the fifteenth day after it, in Shanghai. Once a decision
--   (an appeal that was withdrawn does not count), and one at a time an identity.
--   While an appeal is open nothing of its identity is handed in; who would rather do that withdraws it first. So an identity that
--   is given back never lies over a newer submission, and a newer submission never over one that is under appeal.
--   Not by who made the decision: of a revocation who asked for it and who confirmed it, of a refusal who refused. appeal_may_act
--   alone says who may.
--   Upheld: nothing changes. Overturned, a revocation: the version that was in force is again, and the identity is as it was
--   before, APPROVED, or APPROVED_REJECTED where a change that came after that version had been refused. Only from REVOKED, by the
--   last revocation of this identity, with nothing handed in since. Overturned, a refusal: its review waits anew, PENDING (or
--   APPROVED_PENDING where a version is in force), with a new promise, for anybody but who refused.
--   Where the decision stands no longer, since the identity has expired or was taken back after it, and where the unit or the
--   person has been certified by another account meanwhile, the appeal can be upheld or withdrawn, and not overturned.
INSERT INTO transition VALUES
    ('identity', 'REVOKED', 'APPROVED'),
    ('identity', 'REVOKED', 'APPROVED_REJECTED'),
    ('review', 'REJECTED', 'QUEUED'),
    ('appeal', '', 'OPEN'),
    ('appeal', 'OPEN', 'WITHDRAWN'),
    ('appeal', 'OPEN', 'UPHELD'),
    ('appeal', 'OPEN', 'OVERTURNED');

ALTER TABLE identity ADD COLUMN overturned integer NOT NULL DEFAULT 0;  -- decisions on it that were overturned
ALTER TABLE revocation ADD COLUMN overturned_at timestamptz;
ALTER TABLE review ADD COLUMN barred bigint[] NOT NULL DEFAULT '{}';    -- whose refusal of it was overturned
ALTER TABLE review ADD CONSTRAINT review_overturned CHECK (decided_by <> ALL (barred) AND first_by <> ALL (barred));

-- Who may take or decide it now. Both ask here, and nobody asks elsewhere.
CREATE OR REPLACE FUNCTION review_may_act(r review, caller bigint, permissions text[]) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT review_permission(r.kind) = ANY (permissions)
       AND (r.first_by IS NULL OR r.first_by <> caller AND 'cert.second_review' = ANY (permissions))
       AND caller <> ALL (r.barred)
$$;

CREATE SEQUENCE appeal_no;

CREATE TABLE appeal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    appeal_no text NOT NULL UNIQUE
        DEFAULT 'SS' || to_char(now() AT TIME ZONE 'Asia/Shanghai', 'YYYYMMDD') || lpad(nextval('appeal_no')::text, 4, '0'),
    account_id bigint NOT NULL,
    kind text NOT NULL,
    submission_version integer NOT NULL,         -- that was taken back, or refused
    review_id bigint NOT NULL REFERENCES review (id),          -- of that version
    revocation_id bigint REFERENCES revocation (id),           -- NULL: the refusal is appealed against
    decision text NOT NULL GENERATED ALWAYS AS (CASE WHEN revocation_id IS NULL THEN 'REFUSAL' ELSE 'REVOCATION' END) STORED,
    decision_reason text NOT NULL,               -- as it was told then; a review that waits anew forgets it
    decision_at timestamptz NOT NULL,
    decision_by bigint[] NOT NULL,               -- who made it
    decision_by_names text[] NOT NULL,
    reason text NOT NULL,
    appeal_files text[] NOT NULL DEFAULT '{}',
    state text NOT NULL DEFAULT 'OPEN',
    version integer NOT NULL DEFAULT 1,
    filed_at timestamptz NOT NULL DEFAULT now(),
    expected_by date NOT NULL DEFAULT working_day_after((now() AT TIME ZONE 'Asia/Shanghai')::date, 10),
    withdrawn_at timestamptz,
    decided_by bigint,
    decided_by_name text NOT NULL DEFAULT '',
    decided_at timestamptz,
    answer text NOT NULL DEFAULT '',             -- who appealed reads it
    FOREIGN KEY (account_id, kind, submission_version) REFERENCES submission (account_id, kind, version),
    CONSTRAINT appeal_same_person CHECK (decided_by <> ALL (decision_by)),
    CONSTRAINT appeal_has_an_answer CHECK (state NOT IN ('UPHELD', 'OVERTURNED') OR decided_by IS NOT NULL AND length(answer) >= 5)
);
CREATE UNIQUE INDEX appeal_open ON appeal (account_id, kind) WHERE state = 'OPEN';
CREATE UNIQUE INDEX appeal_of_decision ON appeal (review_id, coalesce(revocation_id, 0), decision_at) WHERE state <> 'WITHDRAWN';
CREATE INDEX appeal_of ON appeal (account_id, kind, id);
CREATE INDEX appeal_of_review ON appeal (review_id);
CREATE INDEX appeal_by_time ON appeal (filed_at, id);
CREATE INDEX appeal_files ON appeal USING gin (appeal_files) WITH (fastupdate = off);
CREATE TRIGGER appeal_guard BEFORE INSERT OR UPDATE ON appeal FOR EACH ROW EXECUTE FUNCTION transition_guard('appeal');
CREATE TRIGGER appeal_history AFTER INSERT OR UPDATE ON appeal FOR EACH ROW EXECUTE FUNCTION history_write('appeal');

-- What a refusal told the applicant.
CREATE FUNCTION refusal_words(r review) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT concat_ws(E'\n', nullif(string_agg(told ->> 'text', '；' ORDER BY told ->> 'code'), ''), nullif(field_notes(r.field_verdicts), ''),
                     nullif(r.message_to_applicant, ''))
      FROM jsonb_array_elements(coalesce(r.reasons_told, reject_reasons_json(r.reason_codes))) AS told
$$;

-- The decision on an identity that may be appealed against, and until when. No row: none stands, or one has appealed already.
CREATE FUNCTION appeal_decision(of_account bigint, of_kind text)
RETURNS TABLE (submission_version integer, review_id bigint, revocation_id bigint, reason text, decided_at timestamptz, decided_by bigint[],
               decided_by_names text[], until date) LANGUAGE sql STABLE AS $$
    SELECT d.*, (d.decided_at AT TIME ZONE 'Asia/Shanghai')::date + 15
      FROM identity i CROSS JOIN LATERAL (
           (SELECT v.version, r.id AS review_id, v.id AS revocation_id, v.reason, v.decided_at, ARRAY[v.requested_by, v.decided_by],
                   ARRAY[v.requested_by_name, v.decided_by_name]
              FROM revocation v JOIN review r USING (account_id, kind, version)
             WHERE i.state = 'REVOKED' AND v.account_id = i.account_id AND v.kind = i.kind AND v.state = 'CONFIRMED'
             ORDER BY v.id DESC LIMIT 1)
           UNION ALL
           SELECT r.version, r.id, NULL, refusal_words(r), r.decided_at, array_remove(ARRAY[r.decided_by], NULL),
                  ARRAY[coalesce(nullif(r.decided_by_name, ''), r.claimed_by_name)]
             FROM review r
            WHERE i.state IN ('REJECTED', 'APPROVED_REJECTED') AND r.account_id = i.account_id AND r.kind = i.kind
              AND r.version = i.last_version AND r.decided_at IS NOT NULL AND review_is_final(r)) AS d
     WHERE i.account_id = of_account AND i.kind = of_kind
       AND NOT EXISTS (SELECT FROM appeal a
                        WHERE a.review_id = d.review_id AND a.revocation_id IS NOT DISTINCT FROM d.revocation_id
                          AND a.decision_at = d.decided_at AND a.state <> 'WITHDRAWN')
$$;

-- Who may decide it. The list, the page and the verdict ask here, and nobody asks elsewhere.
CREATE FUNCTION appeal_may_act(a appeal, caller bigint, permissions text[]) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT review_permission(a.kind) = ANY (permissions) AND 'cert.revoke' = ANY (permissions) AND caller <> ALL (a.decision_by)
$$;

-- Why its decision cannot be overturned any more, as the name of a reason; '': it can.
CREATE FUNCTION appeal_obstacle(a appeal) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN a.decision = 'REFUSAL' AND NOT EXISTS (
                 SELECT FROM identity i JOIN review r ON r.account_id = i.account_id AND r.kind = i.kind AND r.version = i.last_version
                  WHERE i.account_id = a.account_id AND i.kind = a.kind AND i.state IN ('REJECTED', 'APPROVED_REJECTED')
                    AND r.id = a.review_id AND r.state = 'REJECTED' AND r.decided_at = a.decision_at)
          OR a.decision = 'REVOCATION' AND NOT EXISTS (
                 SELECT FROM identity i WHERE i.account_id = a.account_id AND i.kind = a.kind AND i.state = 'REVOKED'
                    AND a.revocation_id = (SELECT max(v.id) FROM revocation v WHERE v.account_id = i.account_id AND v.kind = i.kind
                                              AND v.state = 'CONFIRMED'))
        THEN 'appeal_superseded'
        WHEN a.decision = 'REVOCATION' AND EXISTS (
                 SELECT FROM submission s JOIN identity i ON i.kind = s.kind AND i.account_id <> s.account_id
                    AND (i.uscc = s.uscc AND s.uscc <> '' OR i.id_number_index = s.id_number_index AND s.id_number_index <> '')
                  WHERE s.account_id = a.account_id AND s.kind = a.kind AND s.version = a.submission_version)
        THEN 'appeal_certified_elsewhere'
        ELSE '' END
$$;

-- What is appealed against is what the database finds, not what a statement says; and it stays. The identity is held, so that who
-- hands in at the same moment and who appeals see each other.
CREATE FUNCTION appeal_kept() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    d record;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.account_id, NEW.kind, NEW.submission_version, NEW.review_id, NEW.revocation_id, NEW.decision_reason, NEW.decision_at,
            NEW.decision_by, NEW.reason, NEW.appeal_files, NEW.filed_at)
           IS DISTINCT FROM (OLD.account_id, OLD.kind, OLD.submission_version, OLD.review_id, OLD.revocation_id, OLD.decision_reason,
                             OLD.decision_at, OLD.decision_by, OLD.reason, OLD.appeal_files, OLD.filed_at)
           OR OLD.state <> 'OPEN'
        THEN
            RAISE EXCEPTION 'appeal % stays as it is', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'appeal_moved';
        END IF;
        RETURN NEW;
    END IF;
    PERFORM FROM identity i WHERE i.account_id = NEW.account_id AND i.kind = NEW.kind FOR UPDATE;
    PERFORM account_hold(NEW.account_id);
    IF EXISTS (SELECT FROM handover WHERE closing_account = NEW.account_id AND state IN ('REQUESTED', 'REVIEWED', 'APPROVED')) THEN
        RAISE EXCEPTION 'account % ends with a hand-over', NEW.account_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'handover_closes_account';
    END IF;
    IF EXISTS (SELECT FROM appeal a WHERE a.account_id = NEW.account_id AND a.kind = NEW.kind AND a.state = 'OPEN') THEN
        RAISE EXCEPTION 'an appeal is open' USING ERRCODE = 'unique_violation', CONSTRAINT = 'appeal_open';
    END IF;
    SELECT * INTO d FROM appeal_decision(NEW.account_id, NEW.kind);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no decision to appeal against' USING ERRCODE = 'check_violation', CONSTRAINT = 'appeal_none';
    END IF;
    IF (now() AT TIME ZONE 'Asia/Shanghai')::date > d.until THEN
        RAISE EXCEPTION 'too late' USING ERRCODE = 'check_violation', CONSTRAINT = 'appeal_late';
    END IF;
    NEW.submission_version := d.submission_version;
    NEW.review_id := d.review_id;
    NEW.revocation_id := d.revocation_id;
    NEW.decision_reason := d.reason;
    NEW.decision_at := d.decided_at;
    NEW.decision_by := d.decided_by;
    NEW.decision_by_names := d.decided_by_names;
    RETURN NEW;
END $$;
CREATE TRIGGER appeal_kept BEFORE INSERT OR UPDATE ON appeal FOR EACH ROW EXECUTE FUNCTION appeal_kept();

-- Nothing of it is in force, under review or under appeal.
CREATE OR REPLACE FUNCTION account_is_free(of_account bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT NOT EXISTS (SELECT FROM identity WHERE account_id = of_account
                          AND (in_force_version IS NOT NULL OR state IN ('PENDING', 'APPROVED_PENDING')))
       AND NOT EXISTS (SELECT FROM appeal WHERE account_id = of_account AND state = 'OPEN')
$$;

CREATE FUNCTION appeal_waits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM appeal a WHERE a.account_id = NEW.account_id AND a.kind = NEW.kind AND a.state = 'OPEN') THEN
        RAISE EXCEPTION 'an appeal is open' USING ERRCODE = 'check_violation', CONSTRAINT = 'appeal_waits';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER appeal_waits BEFORE INSERT ON submission FOR EACH ROW EXECUTE FUNCTION appeal_waits();

-- ---- an overturned decision

CREATE FUNCTION revocation_overturn(a appeal) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE identity i SET state = CASE WHEN i.last_version > s.version THEN 'APPROVED_REJECTED' ELSE 'APPROVED' END,
           in_force_version = s.version, uscc = nullif(s.uscc, ''), id_number_index = nullif(s.id_number_index, ''),
           association_post = r.association_post, overturned = i.overturned + 1, decided_at = a.decided_at
      FROM submission s JOIN review r USING (account_id, kind, version)
     WHERE r.id = a.review_id AND i.account_id = a.account_id AND i.kind = a.kind;
    UPDATE revocation SET overturned_at = a.decided_at WHERE id = a.revocation_id;
END $$;

-- Under review is what was handed in, also where the draft was changed since.
CREATE FUNCTION refusal_overturn(a appeal) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE draft d SET form = s.form, submitted = true, version = d.version + 1
      FROM submission s
     WHERE s.account_id = a.account_id AND s.kind = a.kind AND s.version = a.submission_version
       AND d.account_id = s.account_id AND d.kind = s.kind AND NOT d.submitted;
    DELETE FROM review_warned WHERE review_id = a.review_id;
    UPDATE review SET state = 'QUEUED', barred = barred || a.decision_by, submitted_at = a.decided_at,
           promised_by = working_day_after((a.decided_at AT TIME ZONE 'Asia/Shanghai')::date, 3),
           first_by = NULL, first_by_name = '', first_at = NULL, claimed_by = NULL, claimed_by_name = '', claimed_at = NULL,
           claimed_until = NULL, decided_by = NULL, decided_by_name = '', decided_at = NULL, reason_codes = '{}', reasons_told = NULL,
           message_to_applicant = '', field_verdicts = '[]', silent = false, acknowledged = '{}', association_post = '',
           preferred_by = NULL, preferred_by_name = '', preferred_until = NULL, retry_allowed_by = NULL, retry_allowed_by_name = '',
           retry_allowed_at = NULL, retry_allowed_note = ''
     WHERE id = a.review_id;
    UPDATE identity i SET state = CASE WHEN i.in_force_version IS NULL THEN 'PENDING' ELSE 'APPROVED_PENDING' END,
           overturned = i.overturned + 1, decided_at = a.decided_at
     WHERE i.account_id = a.account_id AND i.kind = a.kind;
END $$;

-- In the transaction of the verdict, whatever statement gives it.
CREATE FUNCTION appeal_overturned() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    obstacle text;
BEGIN
    PERFORM FROM identity i WHERE i.account_id = NEW.account_id AND i.kind = NEW.kind FOR UPDATE;
    obstacle := appeal_obstacle(NEW);
    IF obstacle <> '' THEN
        RAISE EXCEPTION 'the decision of appeal % cannot be overturned', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = obstacle;
    END IF;
    IF NEW.decision = 'REVOCATION' THEN
        PERFORM revocation_overturn(NEW);
    ELSE
        PERFORM refusal_overturn(NEW);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER appeal_overturned AFTER UPDATE ON appeal
    FOR EACH ROW WHEN (NEW.state = 'OVERTURNED' AND OLD.state <> 'OVERTURNED') EXECUTE FUNCTION appeal_overturned();

-- Given back only by an appeal against the last revocation, as it was: once for each, and with nothing handed in since.
CREATE FUNCTION identity_restored_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.last_version <> OLD.last_version OR NEW.overturned <> OLD.overturned + 1
       OR NEW.state <> (CASE WHEN NEW.last_version > NEW.in_force_version THEN 'APPROVED_REJECTED' ELSE 'APPROVED' END)
       OR NOT EXISTS (
           SELECT FROM appeal a JOIN revocation v ON v.id = a.revocation_id
            WHERE a.account_id = OLD.account_id AND a.kind = OLD.kind AND a.state = 'OVERTURNED'
              AND v.version = NEW.in_force_version AND v.overturned_at IS NULL
              AND v.id = (SELECT max(x.id) FROM revocation x WHERE x.account_id = OLD.account_id AND x.kind = OLD.kind
                             AND x.state = 'CONFIRMED'))
    THEN
        RAISE EXCEPTION 'nobody overturned that % of % was taken back', OLD.kind, OLD.account_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'state_changed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER identity_restored BEFORE UPDATE ON identity
    FOR EACH ROW WHEN (OLD.state = 'REVOKED' AND NEW.state IN ('APPROVED', 'APPROVED_REJECTED')) EXECUTE FUNCTION identity_restored_guard();

-- A refusal waits anew only by an appeal against it.
CREATE FUNCTION review_reopened_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM appeal a WHERE a.review_id = OLD.id AND a.decision = 'REFUSAL' AND a.state = 'OVERTURNED'
                      AND a.decision_at = OLD.decided_at AND a.decision_by <@ NEW.barred)
    THEN
        RAISE EXCEPTION 'nobody overturned the refusal of review %', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'state_changed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER review_reopened BEFORE UPDATE ON review
    FOR EACH ROW WHEN (OLD.state = 'REJECTED' AND NEW.state = 'QUEUED') EXECUTE FUNCTION review_reopened_guard();

-- Not without a confirmed request that still holds, whatever statement comes.
CREATE OR REPLACE FUNCTION identity_revoked_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'REVOKED' AND OLD.state <> 'REVOKED' AND NOT EXISTS (
        SELECT 1 FROM revocation v WHERE v.account_id = OLD.account_id AND v.kind = OLD.kind
           AND v.version = OLD.in_force_version AND v.state = 'CONFIRMED' AND v.overturned_at IS NULL)
    THEN
        RAISE EXCEPTION 'nobody confirmed that % of % is taken back', OLD.kind, OLD.account_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'state_changed';
    END IF;
    RETURN NEW;
END $$;

-- ---- who is told

CREATE FUNCTION appeal_tell() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    s submission;
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.state = NEW.state THEN
        RETURN NULL;
    END IF;
    SELECT * INTO s FROM submission x
     WHERE x.account_id = NEW.account_id AND x.kind = NEW.kind AND x.version = NEW.submission_version;
    INSERT INTO outbox (event, payload)
    SELECT told.event, jsonb_build_object('appeal_id', NEW.id, 'appeal_no', NEW.appeal_no, 'account_id', NEW.account_id, 'kind', NEW.kind,
               'unit_name', s.unit_name, 'decision', CASE NEW.decision WHEN 'REVOCATION' THEN '撤销认证' ELSE '驳回申请' END) || told.more
      FROM (VALUES
        ('appeal.filed', NEW.state = 'OPEN', jsonb_build_object('expected_by', NEW.expected_by)),
        ('appeal.decided', NEW.state IN ('UPHELD', 'OVERTURNED'), jsonb_build_object('answer', NEW.answer, 'result',
             CASE WHEN NEW.state = 'UPHELD' THEN '维持原决定' WHEN NEW.decision = 'REVOCATION' THEN '撤销原决定，认证已恢复'
                  ELSE '撤销原决定，申请由其他人员重新审核' END)),
        ('application.reopened', NEW.state = 'OVERTURNED' AND NEW.decision = 'REFUSAL', jsonb_build_object('review_id', NEW.review_id)))
           AS told(event, holds, more)
     WHERE told.holds;
    RETURN NULL;
END $$;
CREATE TRIGGER appeal_tell AFTER INSERT OR UPDATE ON appeal FOR EACH ROW EXECUTE FUNCTION appeal_tell();

CREATE OR REPLACE FUNCTION attachment_permission(purpose text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN purpose = 'business_license_file' THEN 'cert.owner.review'
                WHEN purpose IN ('qualification_files', 'stamped_scan', 'stamped_license') THEN 'cert.member.review'
                WHEN purpose IN ('handover_letter', 'recorded_letter') THEN 'cert.handover'
                WHEN purpose = 'appeal_files' THEN 'cert.revoke'
                WHEN purpose = 'certificate_files' THEN 'cert.person.review' ELSE 'cert.expert.review' END
$$;

-- ---- as the contract has it

CREATE FUNCTION appeal_files_json(a appeal) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'file_name', f.file_name, 'content_type', f.content_type,
               'size_bytes', f.size_bytes, 'width', f.width, 'height', f.height, 'created_at', f.created_at) ORDER BY n.place), '[]')
      FROM unnest(a.appeal_files) WITH ORDINALITY AS n(id, place) JOIN attachment f ON f.id = n.id
$$;

CREATE FUNCTION appeal_json(a appeal) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('id', a.id, 'appeal_no', a.appeal_no, 'state', a.state, 'version', a.version, 'kind', a.kind,
               'decision', a.decision, 'decision_at', a.decision_at, 'decision_reason', a.decision_reason, 'reason', a.reason,
               'filed_at', a.filed_at, 'expected_by', a.expected_by, 'decided_at', coalesce(to_jsonb(a.decided_at), '""'), 'answer', a.answer,
               'files', appeal_files_json(a))
$$;

-- An identity's own, the latest first.
CREATE FUNCTION appeals_json(of_account bigint, of_kind text) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(appeal_json(l.one) ORDER BY l.id DESC), '[]')
      FROM (SELECT a AS one, a.id FROM appeal a WHERE a.account_id = of_account AND a.kind = of_kind ORDER BY a.id DESC LIMIT 10) AS l
$$;

-- What a reviewer reads of the appeals against the decisions on a case; '': there is none.
CREATE FUNCTION appeal_words(of_review bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(string_agg('申请人' || to_char(a.filed_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD') || '对'
               || CASE a.decision WHEN 'REVOCATION' THEN '撤销认证' ELSE '驳回' END || '提出申诉（编号' || a.appeal_no || '）'
               || CASE a.state WHEN 'OPEN' THEN '，等待处理' WHEN 'UPHELD' THEN '，' || a.decided_by_name || '维持原决定：' || a.answer
                       ELSE '，' || a.decided_by_name || '撤销原决定：' || a.answer END, E'\n' ORDER BY a.id), '')
      FROM appeal a WHERE a.review_id = of_review AND a.state <> 'WITHDRAWN'
$$;
