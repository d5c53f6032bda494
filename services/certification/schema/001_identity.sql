-- Identities, drafts, submissions, reviews. Rules that must never break live here too.

-- Allowed changes of state (SM1, SM2); '' is the state of a row that begins.
CREATE TABLE transition (
    machine text NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL,
    PRIMARY KEY (machine, from_state, to_state)
);
COMMENT ON TABLE transition IS 'append-only: changed by migrations';
INSERT INTO transition VALUES
    ('identity', '', 'PENDING'),
    ('identity', 'NONE', 'PENDING'),
    ('identity', 'PENDING', 'NONE'),
    ('identity', 'PENDING', 'APPROVED'),
    ('identity', 'PENDING', 'REJECTED'),
    ('identity', 'REJECTED', 'PENDING'),
    ('identity', 'APPROVED', 'APPROVED_PENDING'),
    ('identity', 'APPROVED_PENDING', 'APPROVED'),
    ('identity', 'APPROVED_PENDING', 'APPROVED_REJECTED'),
    ('identity', 'APPROVED_REJECTED', 'APPROVED_PENDING'),
    ('review', '', 'QUEUED'),
    ('review', 'QUEUED', 'CLAIMED'),
    ('review', 'CLAIMED', 'CLAIMED'),
    ('review', 'CLAIMED', 'QUEUED'),
    ('review', 'QUEUED', 'APPROVED'),
    ('review', 'QUEUED', 'REJECTED'),
    ('review', 'QUEUED', 'CANCELLED'),
    ('review', 'CLAIMED', 'APPROVED'),
    ('review', 'CLAIMED', 'REJECTED'),
    ('review', 'CLAIMED', 'CANCELLED');

CREATE FUNCTION transition_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text := CASE WHEN TG_OP = 'INSERT' THEN '' ELSE OLD.state END;
BEGIN
    IF before IS DISTINCT FROM NEW.state AND NOT EXISTS (
        SELECT 1 FROM transition WHERE machine = TG_ARGV[0] AND from_state = before AND to_state = NEW.state)
    THEN
        RAISE EXCEPTION '% may not go from "%" to "%"', TG_ARGV[0], before, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'state_changed';
    END IF;
    RETURN NEW;
END $$;

-- One card of the personal centre: account × kind.
CREATE TABLE identity (
    account_id bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('OWNER_UNIT', 'MEMBER_UNIT', 'EXPERT', 'NATURAL_PERSON')),
    state text NOT NULL,
    last_version integer NOT NULL DEFAULT 0,     -- of the last submission
    in_force_version integer,                    -- of the approved one; NULL: nothing approved yet
    uscc text,                                   -- of the version in force
    decided_at timestamptz,
    PRIMARY KEY (account_id, kind),
    CHECK (in_force_version <= last_version)
);
-- One approved identity of a kind per unit (V18).
CREATE UNIQUE INDEX uscc_taken ON identity (kind, uscc) WHERE uscc IS NOT NULL;
CREATE TRIGGER identity_guard BEFORE INSERT OR UPDATE ON identity
    FOR EACH ROW EXECUTE FUNCTION transition_guard('identity');

-- The form being filled.
CREATE TABLE draft (
    account_id bigint NOT NULL,
    kind text NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    form jsonb NOT NULL,
    submitted boolean NOT NULL DEFAULT false,    -- nothing was changed since it was handed in
    saved_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, kind)
);

CREATE SEQUENCE application_no;

-- What was handed in; never changed afterwards.
CREATE TABLE submission (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL,
    kind text NOT NULL,
    version integer NOT NULL,
    application_no text NOT NULL UNIQUE,
    form jsonb NOT NULL,
    unit_name text NOT NULL GENERATED ALWAYS AS (coalesce(form ->> 'unit_name', '')) STORED,
    uscc text NOT NULL GENERATED ALWAYS AS (coalesce(form ->> 'uscc', '')) STORED,
    submitted_at timestamptz NOT NULL DEFAULT now(),
    expected_by date NOT NULL,
    UNIQUE (account_id, kind, version),
    FOREIGN KEY (account_id, kind) REFERENCES identity (account_id, kind) DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE submission IS 'append-only';

-- The review of one submission: it names the version that was read.
CREATE TABLE review (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL,
    kind text NOT NULL,
    version integer NOT NULL,
    state text NOT NULL DEFAULT 'QUEUED',
    is_change boolean NOT NULL,
    claimed_by bigint,
    claimed_by_name text NOT NULL DEFAULT '',
    claimed_at timestamptz,
    claimed_until timestamptz,
    decided_by bigint,
    decided_at timestamptz,
    reason_codes text[] NOT NULL DEFAULT '{}',
    message_to_applicant text NOT NULL DEFAULT '',
    internal_note text NOT NULL DEFAULT '',
    submitted_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (account_id, kind, version) REFERENCES submission (account_id, kind, version),
    CONSTRAINT rejection_has_a_reason CHECK (
        state <> 'REJECTED' OR cardinality(reason_codes) > 0 OR length(message_to_applicant) >= 5)
);
CREATE UNIQUE INDEX application_open ON review (account_id, kind) WHERE state IN ('QUEUED', 'CLAIMED');
CREATE INDEX review_waiting ON review (submitted_at, id) WHERE state IN ('QUEUED', 'CLAIMED');
CREATE INDEX review_by_time ON review (submitted_at, id);
CREATE INDEX review_decided ON review (decided_at) WHERE decided_at IS NOT NULL;
CREATE TRIGGER review_guard BEFORE INSERT OR UPDATE ON review
    FOR EACH ROW EXECUTE FUNCTION transition_guard('review');

-- D16: why an application is refused. Rows are switched off, never deleted.
CREATE TABLE reject_reason (
    code text PRIMARY KEY,
    text text NOT NULL,
    advice text NOT NULL,
    fields text[] NOT NULL DEFAULT '{}',
    retryable boolean NOT NULL DEFAULT true,
    enabled boolean NOT NULL DEFAULT true
);
INSERT INTO reject_reason (code, text, advice, fields, retryable) VALUES
    ('R01', '证件照片模糊、反光或缺角', '请在光线均匀处重新拍摄，四角完整、文字清晰。', '{business_license_file}', true),
    ('R02', '证件与填写名称不一致', '请按营业执照上的全称填写单位名称。', '{unit_name,business_license_file}', true),
    ('R03', '信用代码与证照不一致', '请对照营业执照逐位核对统一社会信用代码。', '{uscc,business_license_file}', true),
    ('R04', '证照已过有效期', '请上传在有效期内的证照。', '{business_license_file}', true),
    ('R05', '缺少必传附件', '请补充上传要求的附件。', '{business_license_file}', true),
    ('R06', '附件与要求不符', '请上传营业执照正本或副本。', '{business_license_file}', true),
    ('R07', '未加盖公章或公章不清', '请加盖公章后重新上传。', '{business_license_file}', true),
    ('R08', '联系人或电话无法核实', '请填写可以接通的联系电话。', '{contact_name,contact_phone}', true),
    ('R13', '重复申请（已有账号）', '该单位已有账号，请联系原账号负责人办理移交。', '{uscc}', true),
    ('R14', '不符合条件（不可再次提交）', '如有疑问请致电0355-3069919。', '{}', false),
    ('R99', '其他', '请按说明修改后重新提交。', '{}', true);

-- Days that differ from Monday to Friday: holidays, and weekends worked instead.
CREATE TABLE calendar_day (
    day date PRIMARY KEY,
    working boolean NOT NULL,
    name text NOT NULL DEFAULT ''
);

-- The day that is n working days after d.
CREATE FUNCTION working_day_after(d date, n integer) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT candidate::date FROM generate_series(d + 1, d + 60, interval '1 day') AS candidate
      LEFT JOIN calendar_day c ON c.day = candidate::date
     WHERE coalesce(c.working, extract(isodow FROM candidate) < 6)
     ORDER BY candidate OFFSET n - 1 LIMIT 1
$$;

-- Files. Their content lies encrypted in the blob folder under blob_id.
CREATE TABLE attachment (
    id text PRIMARY KEY,
    account_id bigint NOT NULL,
    purpose text NOT NULL,
    file_name text NOT NULL,
    content_type text NOT NULL,
    size_bytes integer NOT NULL CHECK (size_bytes > 0),
    width integer NOT NULL DEFAULT 0,
    height integer NOT NULL DEFAULT 0,
    content_hash bytea NOT NULL,
    thumbnail_bytes integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE attachment IS 'append-only';
CREATE INDEX attachment_owner ON attachment (account_id);

-- An attachment as the contract has it.
CREATE FUNCTION attachments_json(ids jsonb[]) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object(
               'id', a.id, 'file_name', a.file_name, 'content_type', a.content_type,
               'size_bytes', a.size_bytes, 'width', a.width, 'height', a.height,
               'created_at', a.created_at)), '[]')
      FROM unnest(ids) AS list, jsonb_array_elements_text(coalesce(list, '[]')) AS wanted(id)
      JOIN attachment a ON a.id = wanted.id
$$;

CREATE FUNCTION reject_reasons_json(codes text[]) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object(
               'code', code, 'text', text, 'advice', advice, 'fields', to_jsonb(fields),
               'retryable', retryable) ORDER BY code), '[]')
      FROM reject_reason WHERE code = ANY (codes)
$$;

-- The steps of an application's last submission, ending in 结束; a step without `at` is still to come.
CREATE FUNCTION timeline_json(for_account bigint, for_kind text) RETURNS jsonb LANGUAGE sql STABLE AS $$
    WITH last AS (
        SELECT r.*, s.expected_by FROM review r JOIN submission s USING (account_id, kind, version)
         WHERE r.account_id = for_account AND r.kind = for_kind ORDER BY r.version DESC LIMIT 1),
    steps(place, step, at, note) AS (
        SELECT 1, 'SUBMITTED', submitted_at, '' FROM last
        UNION ALL SELECT 2, 'REVIEWING', claimed_at,
               CASE WHEN decided_at IS NULL AND state IN ('QUEUED', 'CLAIMED')
                    THEN '预计' || to_char(expected_by, 'YYYY-MM-DD') || '前完成审核' ELSE '' END
          FROM last WHERE state <> 'CANCELLED'
        UNION ALL SELECT 3, CASE state WHEN 'REJECTED' THEN 'REJECTED' WHEN 'CANCELLED' THEN 'WITHDRAWN'
                                       ELSE 'APPROVED' END, decided_at, message_to_applicant FROM last
        UNION ALL SELECT 4, 'FINISHED', CASE WHEN state = 'APPROVED' THEN decided_at END, ''
          FROM last WHERE state NOT IN ('REJECTED', 'CANCELLED'))
    SELECT coalesce(jsonb_agg(jsonb_build_object('step', step, 'at', coalesce(to_jsonb(at), '""'), 'note', note,
               'submission_version', (SELECT version FROM last)) ORDER BY place), '[]') FROM steps
$$;

-- A card as the contract has it.
CREATE FUNCTION identity_json(for_account bigint, for_kind text) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
               'kind', for_kind, 'state', coalesce(i.state, 'NONE'), 'open', for_kind = 'OWNER_UNIT',
               'has_draft', coalesce(NOT d.submitted, false),
               'application_no', coalesce(s.application_no, ''), 'submission_version', coalesce(s.version, 0),
               'submitted_at', coalesce(to_jsonb(s.submitted_at), '""'),
               'decided_at', coalesce(to_jsonb(i.decided_at), '""'))
      FROM (SELECT 1) AS one
      LEFT JOIN identity i ON i.account_id = for_account AND i.kind = for_kind
      LEFT JOIN draft d ON d.account_id = for_account AND d.kind = for_kind
      LEFT JOIN submission s ON s.account_id = for_account AND s.kind = for_kind AND s.version = i.last_version
$$;
