-- D16b, kept by staff: each change makes a new version, nothing is deleted, and a refusal says for ever what it said.
ALTER TABLE voucher_reason
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD COLUMN changed_by bigint NOT NULL DEFAULT 0,     -- staff; 0: a migration
    ADD COLUMN changed_by_name text NOT NULL DEFAULT '',
    ADD COLUMN changed_at timestamptz NOT NULL DEFAULT now(),
    ADD CONSTRAINT voucher_reason_code CHECK (code ~ '^V[0-9]{2,4}$');

CREATE TABLE voucher_reason_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL,
    version integer NOT NULL,                    -- that the change made
    changed_by bigint NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    before jsonb,                                -- NULL: the reason was added
    after jsonb NOT NULL,
    UNIQUE (code, version)
);
COMMENT ON TABLE voucher_reason_change IS 'append-only';

CREATE FUNCTION voucher_reason_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.code <> OLD.code THEN
        RAISE EXCEPTION 'a reason stays: disable it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'voucher_reason_kept';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END $$;
CREATE TRIGGER voucher_reason_guard BEFORE UPDATE OR DELETE ON voucher_reason
    FOR EACH ROW EXECUTE FUNCTION voucher_reason_guard();

CREATE FUNCTION voucher_reason_change_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO voucher_reason_change (code, version, changed_by, before, after)
    VALUES (NEW.code, NEW.version, NEW.changed_by, CASE TG_OP WHEN 'UPDATE' THEN to_jsonb(OLD) END, to_jsonb(NEW));
    RETURN NULL;
END $$;
CREATE TRIGGER voucher_reason_change AFTER INSERT OR UPDATE ON voucher_reason
    FOR EACH ROW EXECUTE FUNCTION voucher_reason_change_write();

-- What the payer was told, in the words of that day; of refusals before this was kept, in those of today.
CREATE FUNCTION voucher_reasons_json(codes text[]) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('code', code, 'text', text, 'advice', advice) ORDER BY code), '[]')
      FROM voucher_reason WHERE code = ANY (codes)
$$;
ALTER TABLE voucher ADD COLUMN reasons_told jsonb;
CREATE FUNCTION voucher_reasons_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.reasons_told := voucher_reasons_json(NEW.reason_codes);
    RETURN NEW;
END $$;
CREATE TRIGGER voucher_reasons_told BEFORE UPDATE ON voucher
    FOR EACH ROW WHEN (NEW.state = 'REJECTED' AND OLD.state <> 'REJECTED') EXECUTE FUNCTION voucher_reasons_told();
