-- D16, kept by staff: each change makes a new version, nothing is deleted, and a refusal says for ever what it said.
ALTER TABLE reject_reason ADD COLUMN version integer NOT NULL DEFAULT 1;
ALTER TABLE reject_reason ADD COLUMN changed_by bigint NOT NULL DEFAULT 0;     -- staff; 0: a migration
ALTER TABLE reject_reason ADD COLUMN changed_by_name text NOT NULL DEFAULT '';
ALTER TABLE reject_reason ADD COLUMN changed_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE reject_reason ADD CONSTRAINT reject_reason_code CHECK (code ~ '^R[0-9]{2,4}$');

CREATE TABLE reject_reason_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL,
    version integer NOT NULL,                           -- that the change made
    changed_by bigint NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    before jsonb,                                       -- NULL: the reason was added
    after jsonb NOT NULL,
    UNIQUE (code, version)
);
COMMENT ON TABLE reject_reason_change IS 'append-only';

CREATE FUNCTION reject_reason_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.code <> OLD.code THEN
        RAISE EXCEPTION 'a reason stays: disable it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'reject_reason_kept';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END $$;
CREATE TRIGGER reject_reason_guard BEFORE UPDATE OR DELETE ON reject_reason
    FOR EACH ROW EXECUTE FUNCTION reject_reason_guard();

CREATE FUNCTION reject_reason_change_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO reject_reason_change (code, version, changed_by, before, after)
    VALUES (NEW.code, NEW.version, NEW.changed_by, CASE TG_OP WHEN 'UPDATE' THEN to_jsonb(OLD) END, to_jsonb(NEW));
    RETURN NULL;
END $$;
CREATE TRIGGER reject_reason_change AFTER INSERT OR UPDATE ON reject_reason
    FOR EACH ROW EXECUTE FUNCTION reject_reason_change_write();

-- What the applicant was told, in the words of that day.
ALTER TABLE review ADD COLUMN reasons_told jsonb;
CREATE FUNCTION review_reasons_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.reasons_told := reject_reasons_json(NEW.reason_codes);
    RETURN NEW;
END $$;
CREATE TRIGGER review_reasons_told BEFORE UPDATE ON review
    FOR EACH ROW WHEN (NEW.state = 'REJECTED' AND OLD.state <> 'REJECTED') EXECUTE FUNCTION review_reasons_told();

-- ---- a refusal for good, and how it is lifted

ALTER TABLE review ADD COLUMN retry_allowed_by bigint;
ALTER TABLE review ADD COLUMN retry_allowed_by_name text NOT NULL DEFAULT '';
ALTER TABLE review ADD COLUMN retry_allowed_at timestamptz;
ALTER TABLE review ADD COLUMN retry_allowed_note text NOT NULL DEFAULT '';
ALTER TABLE review ADD CONSTRAINT retry_allowed_reason
    CHECK (retry_allowed_at IS NULL OR state = 'REJECTED' AND retry_allowed_by IS NOT NULL AND retry_allowed_note <> '');

CREATE FUNCTION review_is_final(r review) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT r.state = 'REJECTED' AND r.retry_allowed_at IS NULL AND coalesce(
        (SELECT bool_or(NOT (told ->> 'retryable')::boolean) FROM jsonb_array_elements(r.reasons_told) AS told),
        EXISTS (SELECT FROM reject_reason x WHERE x.code = ANY (r.reason_codes) AND NOT x.retryable))
$$;

-- Whether the last submission of an identity was refused for good.
CREATE FUNCTION may_not_retry(for_account bigint, for_kind text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM identity i JOIN review r ON r.account_id = i.account_id AND r.kind = i.kind AND r.version = i.last_version
                    WHERE i.account_id = for_account AND i.kind = for_kind AND review_is_final(r))
$$;
