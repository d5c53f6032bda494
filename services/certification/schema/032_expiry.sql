-- Papers that end (G.3): units are told in time, and an identity whose licence or certificates have all ended may end with them
-- (SM1's `expired`), where staff want it so.
INSERT INTO transition VALUES
    ('identity', 'APPROVED', 'EXPIRED'),
    ('identity', 'APPROVED_REJECTED', 'EXPIRED'),
    ('identity', 'EXPIRED', 'PENDING');

CREATE TABLE expiry_policy (
    kind text PRIMARY KEY CHECK (kind IN ('OWNER_UNIT', 'MEMBER_UNIT', 'EXPERT', 'NATURAL_PERSON')),
    ends boolean NOT NULL DEFAULT false,         -- the identity ends with its papers
    version integer NOT NULL DEFAULT 1,
    changed_by_name text NOT NULL DEFAULT '',
    changed_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO expiry_policy (kind) VALUES ('OWNER_UNIT'), ('MEMBER_UNIT'), ('EXPERT'), ('NATURAL_PERSON');

-- The last day that a form's papers are good for: of a unit its licence, of a person the certificate that ends last; '': for ever.
CREATE FUNCTION form_ends_on(form jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN jsonb_typeof(form -> 'qualifications') IS DISTINCT FROM 'array'
                THEN coalesce(form ->> 'license_valid_to', '')
                ELSE (SELECT CASE WHEN bool_or(q ->> 'valid_forever' = 'true' OR coalesce(q ->> 'valid_to', '') = '') THEN ''
                                  ELSE max(q ->> 'valid_to') END
                        FROM jsonb_array_elements(form -> 'qualifications') AS q) END
$$;
CREATE INDEX submission_ends_on ON submission (form_ends_on(form) COLLATE "C") WHERE form_ends_on(form) <> '';

CREATE TABLE expiration (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL,
    kind text NOT NULL,
    version integer NOT NULL,                    -- that was in force
    ended_on date NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (account_id, kind, version) REFERENCES submission (account_id, kind, version)
);
COMMENT ON TABLE expiration IS 'append-only';
CREATE INDEX expiration_of ON expiration (account_id, kind, id);

CREATE FUNCTION has_ended(form jsonb) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(form_ends_on(form) <> '' AND form_ends_on(form) < to_char(now(), 'YYYY-MM-DD'), false)
$$;

-- Not while the policy is off or a paper is good, whatever statement comes.
CREATE FUNCTION identity_expired_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM submission s JOIN expiry_policy p ON p.kind = s.kind AND p.ends
         WHERE s.account_id = OLD.account_id AND s.kind = OLD.kind AND s.version = OLD.in_force_version AND has_ended(s.form))
    THEN
        RAISE EXCEPTION '% of % has not ended', OLD.kind, OLD.account_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'state_changed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER identity_expired BEFORE UPDATE ON identity
    FOR EACH ROW WHEN (NEW.state = 'EXPIRED' AND OLD.state <> 'EXPIRED') EXECUTE FUNCTION identity_expired_guard();

-- Ends what is due, `most` at a time, and tells whose it was; what is under review waits for its verdict.
CREATE FUNCTION identities_expire(most integer) RETURNS bigint LANGUAGE sql AS $$
    WITH due AS (
        SELECT i.account_id, i.kind, s.version, form_ends_on(s.form) AS ended_on
          FROM expiry_policy p
          JOIN submission s ON s.kind = p.kind AND form_ends_on(s.form) <> ''
                           AND form_ends_on(s.form) COLLATE "C" < to_char(now(), 'YYYY-MM-DD')
          JOIN identity i ON i.account_id = s.account_id AND i.kind = s.kind AND i.in_force_version = s.version
                         AND i.state IN ('APPROVED', 'APPROVED_REJECTED')
         WHERE p.ends LIMIT most FOR UPDATE OF i SKIP LOCKED),
    moved AS (
        UPDATE identity i SET state = 'EXPIRED', in_force_version = NULL, uscc = NULL, id_number_index = NULL,
               association_post = '', decided_at = now()
          FROM due d WHERE i.account_id = d.account_id AND i.kind = d.kind
        RETURNING d.*),
    kept AS (
        INSERT INTO expiration (account_id, kind, version, ended_on) SELECT account_id, kind, version, ended_on::date FROM moved),
    told AS (
        INSERT INTO outbox (event, payload)
        SELECT 'application.expired', jsonb_build_object('account_id', account_id, 'kind', kind, 'reason',
                   CASE WHEN kind IN ('OWNER_UNIT', 'MEMBER_UNIT') THEN '营业执照' ELSE '职业资格证书' END || '有效期至' || ended_on)
          FROM moved)
    SELECT count(*) FROM moved
$$;

ALTER FUNCTION timeline_json(bigint, text) RENAME TO timeline_decided_json;
-- The steps of the last submission; after them, that it has ended.
CREATE FUNCTION timeline_json(for_account bigint, for_kind text) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT timeline_decided_json(for_account, for_kind) || coalesce(
           (SELECT jsonb_build_array(jsonb_build_object('step', 'EXPIRED', 'at', e.at, 'note', '证照有效期至' || e.ended_on,
                       'submission_version', e.version))
              FROM expiration e JOIN identity i USING (account_id, kind)
             WHERE e.account_id = for_account AND e.kind = for_kind AND i.state = 'EXPIRED'
             ORDER BY e.id DESC LIMIT 1), '[]')
$$;

-- An expert whose certification has ended is not drawn; certified anew, he is again.
CREATE FUNCTION expert_expired() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'EXPIRED' THEN
        UPDATE expert SET state = 'PAUSED', state_reason = '认证已过期', changed_by = 0, changed_by_name = '', changed_at = now()
         WHERE account_id = NEW.account_id AND state = 'IN_POOL';
    ELSE
        UPDATE expert SET state = 'IN_POOL', state_reason = ''
         WHERE account_id = NEW.account_id AND state = 'PAUSED' AND state_reason = '认证已过期';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER expert_renewed AFTER UPDATE OF state, in_force_version ON identity -- after expert_follow
    FOR EACH ROW WHEN (NEW.kind = 'EXPERT' AND (NEW.state = 'EXPIRED' AND OLD.state <> 'EXPIRED'
                                                OR NEW.in_force_version IS NOT NULL AND OLD.in_force_version IS NULL))
    EXECUTE FUNCTION expert_expired();

-- What ended lies still like what was taken back.
CREATE OR REPLACE FUNCTION identity_still_since(of_account bigint, of_kind text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN coalesce(i.state, 'NONE') IN ('NONE', 'REJECTED', 'REVOKED', 'EXPIRED')
           THEN greatest(i.decided_at,
                         (SELECT max(greatest(submitted_at, decided_at)) FROM review
                           WHERE account_id = of_account AND kind = of_kind),
                         (SELECT saved_at FROM draft WHERE account_id = of_account AND kind = of_kind)) END
      FROM (SELECT 1) AS one LEFT JOIN identity i ON i.account_id = of_account AND i.kind = of_kind
$$;
UPDATE retention_rule SET title = '已撤回、被驳回、被撤销或已过期、没有再认证的身份：全部附件' WHERE name = 'ENDED_IDENTITY';

-- Which end of which paper a unit was reminded of: 90 and 30 days before, and on the day.
CREATE TABLE unit_reminder (
    account_id bigint NOT NULL,
    paper text NOT NULL,
    valid_to date NOT NULL,
    step integer NOT NULL CHECK (step IN (90, 30, 0)),
    told_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, paper, valid_to, step)
);
COMMENT ON TABLE unit_reminder IS 'append-only';
