-- SM1: an approved identity is taken back, by two persons.
INSERT INTO transition VALUES
    ('identity', 'APPROVED', 'REVOKED'),
    ('identity', 'APPROVED_REJECTED', 'REVOKED'),
    ('identity', 'REVOKED', 'PENDING'),
    ('revocation', '', 'REQUESTED'),
    ('revocation', 'REQUESTED', 'CONFIRMED'),
    ('revocation', 'REQUESTED', 'REFUSED');

CREATE TABLE revocation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL,
    kind text NOT NULL,
    version integer NOT NULL,                 -- that was in force
    state text NOT NULL DEFAULT 'REQUESTED',
    reason text NOT NULL,                     -- the person reads it
    requested_by bigint NOT NULL,
    requested_by_name text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    decided_by bigint,
    decided_by_name text NOT NULL DEFAULT '',
    decided_at timestamptz,
    note text NOT NULL DEFAULT '',            -- staff only
    FOREIGN KEY (account_id, kind, version) REFERENCES submission (account_id, kind, version),
    CONSTRAINT revocation_same_person CHECK (decided_by <> requested_by)
);
CREATE UNIQUE INDEX revocation_requested ON revocation (account_id, kind) WHERE state = 'REQUESTED';
CREATE TRIGGER revocation_guard BEFORE INSERT OR UPDATE ON revocation
    FOR EACH ROW EXECUTE FUNCTION transition_guard('revocation');
CREATE TRIGGER revocation_history AFTER INSERT OR UPDATE ON revocation
    FOR EACH ROW EXECUTE FUNCTION history_write('revocation');

-- Not without a confirmed request, whatever statement comes.
CREATE FUNCTION identity_revoked_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'REVOKED' AND OLD.state <> 'REVOKED' AND NOT EXISTS (
        SELECT 1 FROM revocation v WHERE v.account_id = OLD.account_id AND v.kind = OLD.kind
           AND v.version = OLD.in_force_version AND v.state = 'CONFIRMED')
    THEN
        RAISE EXCEPTION 'nobody confirmed that % of % is taken back', OLD.kind, OLD.account_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'state_changed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER identity_revoked BEFORE UPDATE ON identity FOR EACH ROW EXECUTE FUNCTION identity_revoked_guard();

CREATE FUNCTION revocation_json(v revocation, caller bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN v.id IS NOT NULL THEN jsonb_build_object(
               'id', v.id, 'state', v.state, 'reason', v.reason, 'requested_by_name', v.requested_by_name,
               'requested_by_me', v.requested_by = caller, 'requested_at', v.requested_at,
               'decided_by_name', v.decided_by_name, 'decided_at', coalesce(to_jsonb(v.decided_at), '""'), 'note', v.note) END
$$;

ALTER FUNCTION timeline_json(bigint, text) RENAME TO timeline_submitted_json;
-- The steps of the last submission; after them, that it was taken back.
CREATE FUNCTION timeline_json(for_account bigint, for_kind text) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT timeline_submitted_json(for_account, for_kind) || coalesce(
           (SELECT jsonb_build_array(jsonb_build_object('step', 'REVOKED', 'at', v.decided_at, 'note', v.reason,
                       'submission_version', v.version))
              FROM revocation v JOIN identity i USING (account_id, kind)
             WHERE v.account_id = for_account AND v.kind = for_kind AND v.state = 'CONFIRMED' AND i.state = 'REVOKED'
             ORDER BY v.id DESC LIMIT 1), '[]')
$$;

-- An expert whose certification is taken back is not drawn, and comes back into the pool only certified anew.
CREATE FUNCTION expert_revoked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE expert e SET state = 'PAUSED', state_reason = '认证已撤销', changed_by = v.decided_by,
           changed_by_name = v.decided_by_name, changed_at = now()
      FROM revocation v
     WHERE e.account_id = NEW.account_id AND e.state = 'IN_POOL'
       AND v.account_id = NEW.account_id AND v.kind = NEW.kind AND v.version = OLD.in_force_version AND v.state = 'CONFIRMED';
    RETURN NULL;
END $$;
CREATE TRIGGER expert_revoked AFTER UPDATE OF state ON identity
    FOR EACH ROW WHEN (NEW.kind = 'EXPERT' AND NEW.state = 'REVOKED') EXECUTE FUNCTION expert_revoked();

CREATE FUNCTION expert_certified_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'IN_POOL' AND OLD.state <> 'IN_POOL' AND NOT EXISTS (
        SELECT 1 FROM identity i WHERE i.account_id = NEW.account_id AND i.kind = 'EXPERT' AND i.in_force_version IS NOT NULL)
    THEN
        RAISE EXCEPTION 'expert % is not certified', NEW.account_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'expert_not_certified';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER expert_certified BEFORE UPDATE ON expert FOR EACH ROW EXECUTE FUNCTION expert_certified_guard();
