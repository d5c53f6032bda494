-- 更换负责人 of a unit's account (SM11): asked for with a new phone and a stamped letter, looked at by two persons, switched by
-- auth, which keeps accounts and phones.
INSERT INTO transition VALUES
    ('handover', '', 'REQUESTED'),
    ('handover', 'REQUESTED', 'REVIEWED'),
    ('handover', 'REQUESTED', 'REFUSED'),
    ('handover', 'REQUESTED', 'WITHDRAWN'),
    ('handover', 'REVIEWED', 'APPROVED'),
    ('handover', 'REVIEWED', 'REFUSED'),
    ('handover', 'REVIEWED', 'WITHDRAWN'),
    ('handover', 'APPROVED', 'SWITCHED'),
    ('handover', 'APPROVED', 'REFUSED');       -- auth could not: the phone is another account's by now

CREATE SEQUENCE handover_no;

CREATE TABLE handover (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    handover_no text NOT NULL UNIQUE
        DEFAULT 'GH' || to_char(now() AT TIME ZONE 'Asia/Shanghai', 'YYYYMMDD') || lpad(nextval('handover_no')::text, 4, '0'),
    account_id bigint NOT NULL,                  -- the unit's: identities, bills and membership stay with it
    kind text NOT NULL CHECK (kind IN ('OWNER_UNIT', 'MEMBER_UNIT')),
    unit_name text NOT NULL,
    uscc text NOT NULL,
    state text NOT NULL DEFAULT 'REQUESTED',
    version integer NOT NULL DEFAULT 1,
    asked_by text NOT NULL CHECK (asked_by IN ('HOLDER', 'SUCCESSOR', 'STAFF')),
    asker_id bigint NOT NULL,                    -- an account; of STAFF: a member of staff
    asker_name text NOT NULL DEFAULT '',         -- of STAFF
    new_name text NOT NULL,
    new_phone text NOT NULL CHECK (new_phone ~ '^1[3-9][0-9]{9}$'),
    closing_account bigint,                      -- that had the phone, and ends with the switch; NULL: none
    letter text[] NOT NULL CHECK (cardinality(letter) > 0),
    note text NOT NULL DEFAULT '',               -- of STAFF: how it was checked who asks
    requested_at timestamptz NOT NULL DEFAULT now(),
    first_by bigint,
    first_by_name text NOT NULL DEFAULT '',
    first_at timestamptz,
    decided_by bigint,
    decided_by_name text NOT NULL DEFAULT '',
    decided_at timestamptz,
    refusal text NOT NULL DEFAULT '',            -- who asked reads it
    switched_at timestamptz,
    CHECK (closing_account <> account_id),
    CONSTRAINT handover_same_person CHECK (state NOT IN ('APPROVED', 'SWITCHED') OR first_by IS NOT NULL AND decided_by IS NOT NULL
        AND first_by <> decided_by),
    CONSTRAINT handover_reviewed CHECK (state <> 'REVIEWED' OR first_by IS NOT NULL),
    CONSTRAINT handover_refusal_has_a_reason CHECK (state <> 'REFUSED' OR length(refusal) >= 5)
);
CREATE UNIQUE INDEX handover_open ON handover (account_id) WHERE state IN ('REQUESTED', 'REVIEWED', 'APPROVED');
CREATE UNIQUE INDEX handover_phone_open ON handover (new_phone) WHERE state IN ('REQUESTED', 'REVIEWED', 'APPROVED');
CREATE INDEX handover_closing ON handover (closing_account) WHERE state IN ('REQUESTED', 'REVIEWED', 'APPROVED');
CREATE INDEX handover_asker ON handover (asker_id);
CREATE INDEX handover_by_time ON handover (requested_at, id);
CREATE TRIGGER handover_guard BEFORE INSERT OR UPDATE ON handover
    FOR EACH ROW EXECUTE FUNCTION transition_guard('handover');
CREATE TRIGGER handover_history AFTER INSERT OR UPDATE ON handover
    FOR EACH ROW EXECUTE FUNCTION history_write('handover');

-- Who hands in for an account and who ends it see each other: both hold this until they commit.
CREATE FUNCTION account_hold(of_account bigint) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('account', of_account))
$$;

-- Nothing of it is in force or under review.
CREATE FUNCTION account_is_free(of_account bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT NOT EXISTS (SELECT FROM identity WHERE account_id = of_account
                          AND (in_force_version IS NOT NULL OR state IN ('PENDING', 'APPROVED_PENDING')))
$$;

-- What was asked stays; an account that ends has no identity.
CREATE FUNCTION handover_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.account_id, NEW.kind, NEW.asked_by, NEW.asker_id, NEW.new_name, NEW.new_phone, NEW.closing_account,
                             NEW.letter, NEW.note)
                IS DISTINCT FROM (OLD.account_id, OLD.kind, OLD.asked_by, OLD.asker_id, OLD.new_name, OLD.new_phone,
                                  OLD.closing_account, OLD.letter, OLD.note)
    THEN
        RAISE EXCEPTION 'hand-over % was asked for as it is', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'handover_moved';
    END IF;
    IF NEW.closing_account IS NOT NULL AND NEW.state IN ('REQUESTED', 'APPROVED') THEN
        PERFORM account_hold(NEW.closing_account);
        IF NOT account_is_free(NEW.closing_account) THEN
            RAISE EXCEPTION 'account % has an identity', NEW.closing_account
                USING ERRCODE = 'check_violation', CONSTRAINT = 'handover_account_in_use';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER handover_kept BEFORE INSERT OR UPDATE ON handover FOR EACH ROW EXECUTE FUNCTION handover_kept();

CREATE FUNCTION handover_closes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM account_hold(NEW.account_id);
    IF EXISTS (SELECT FROM handover WHERE closing_account = NEW.account_id AND state IN ('REQUESTED', 'REVIEWED', 'APPROVED')) THEN
        RAISE EXCEPTION 'account % ends with a hand-over', NEW.account_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'handover_closes_account';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER handover_closes BEFORE INSERT ON submission FOR EACH ROW EXECUTE FUNCTION handover_closes();

-- Those who have to know, whatever moves it. Auth is told once that two persons have agreed.
CREATE FUNCTION handover_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.state = NEW.state THEN
        RETURN NULL;
    END IF;
    INSERT INTO outbox (event, payload)
    SELECT told.event, jsonb_build_object('handover_id', NEW.id, 'unit_name', NEW.unit_name) || told.more
      FROM (VALUES
        ('handover.requested', NEW.state = 'REQUESTED', '{}'::jsonb),
        ('handover.claimed', NEW.state = 'REQUESTED' AND NEW.asked_by <> 'HOLDER', jsonb_build_object('account_id', NEW.account_id)),
        ('handover.approved', NEW.state = 'APPROVED', jsonb_build_object('account_id', NEW.account_id,
             'new_name', NEW.new_name, 'new_phone', NEW.new_phone, 'closing_account', coalesce(NEW.closing_account, 0))),
        ('handover.refused', NEW.state = 'REFUSED', jsonb_build_object('reason', NEW.refusal,
             'account_id', CASE NEW.asked_by WHEN 'STAFF' THEN NEW.account_id ELSE NEW.asker_id END)))
           AS told(event, holds, more)
     WHERE told.holds;
    RETURN NULL;
END $$;
CREATE TRIGGER handover_tell AFTER INSERT OR UPDATE ON handover FOR EACH ROW EXECUTE FUNCTION handover_tell();

CREATE OR REPLACE FUNCTION attachment_permission(purpose text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN purpose = 'business_license_file' THEN 'cert.owner.review'
                WHEN purpose IN ('qualification_files', 'stamped_scan', 'stamped_license') THEN 'cert.member.review'
                WHEN purpose IN ('handover_letter', 'recorded_letter') THEN 'cert.handover'
                WHEN purpose = 'certificate_files' THEN 'cert.person.review' ELSE 'cert.expert.review' END
$$;

-- As the contract has it. `whole`: for those who compare the phone with the letter.
CREATE FUNCTION handover_json(h handover, whole boolean) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('id', h.id, 'handover_no', h.handover_no, 'state', h.state, 'version', h.version, 'asked_by', h.asked_by,
               'kind', h.kind, 'unit_name', h.unit_name, 'uscc', h.uscc, 'new_name', h.new_name,
               'new_phone', CASE WHEN whole THEN h.new_phone ELSE left(h.new_phone, 3) || '****' || right(h.new_phone, 4) END,
               'requested_at', h.requested_at, 'decided_at', coalesce(to_jsonb(h.decided_at), '""'),
               'switched_at', coalesce(to_jsonb(h.switched_at), '""'), 'refusal', h.refusal)
$$;
