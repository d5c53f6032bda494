-- F16: what is wrong with single fields, and where on the picture. Who refused is asked first when it comes back.
ALTER TABLE review ADD COLUMN field_verdicts jsonb NOT NULL DEFAULT '[]';
ALTER TABLE review ADD CONSTRAINT field_verdicts_size
    CHECK (jsonb_typeof(field_verdicts) = 'array' AND jsonb_array_length(field_verdicts) <= 60
           AND octet_length(field_verdicts::text) <= 65536);
ALTER TABLE review ADD COLUMN silent boolean NOT NULL DEFAULT false;         -- no message went out
ALTER TABLE review ADD COLUMN acknowledged text[] NOT NULL DEFAULT '{}';     -- what was wrong, and was approved knowingly
ALTER TABLE review ADD COLUMN preferred_by bigint;
ALTER TABLE review ADD COLUMN preferred_by_name text NOT NULL DEFAULT '';
ALTER TABLE review ADD COLUMN preferred_until timestamptz;

ALTER TABLE review DROP CONSTRAINT rejection_has_a_reason;
ALTER TABLE review ADD CONSTRAINT rejection_has_a_reason CHECK (
    state <> 'REJECTED' OR cardinality(reason_codes) > 0 OR length(message_to_applicant) >= 5
    OR jsonb_path_exists(field_verdicts, '$[*].note ? (@ like_regex ".....")'));

CREATE UNIQUE INDEX review_of_submission ON review (account_id, kind, version);

-- Verdicts that are not about what was handed in: no such field, no such reason, a box on a picture that the field does not have.
CREATE FUNCTION field_verdicts_wrong(verdicts jsonb, form jsonb) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT count(*) FROM jsonb_array_elements(verdicts) AS v,
           LATERAL (SELECT form #> string_to_array(v ->> 'field', '.') AS value) AS f
     WHERE f.value IS NULL
        OR EXISTS (SELECT FROM jsonb_array_elements_text(v -> 'reason_codes') AS wanted(code)
                    WHERE NOT EXISTS (SELECT FROM reject_reason x WHERE x.code = wanted.code AND x.enabled))
        OR EXISTS (SELECT FROM jsonb_array_elements(v -> 'boxes') AS b
                    WHERE (b ->> 'left')::integer + (b ->> 'width')::integer > 10000
                       OR (b ->> 'top')::integer + (b ->> 'height')::integer > 10000
                       OR NOT EXISTS (SELECT FROM jsonb_path_query(f.value, 'strict $.**') AS named
                                       WHERE named = b -> 'attachment_id'))
$$;

-- All reasons of a refusal, each once: those of the whole, and those of fields.
CREATE FUNCTION reason_codes_all(codes text[], verdicts jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_agg(DISTINCT code), '{}')
      FROM (SELECT unnest(codes) AS code
            UNION ALL SELECT jsonb_array_elements_text(v -> 'reason_codes') FROM jsonb_array_elements(verdicts) AS v) AS told
$$;

-- What was noted at fields, a line each.
CREATE FUNCTION field_notes(verdicts jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(string_agg(v ->> 'note', E'\n' ORDER BY place) FILTER (WHERE v ->> 'note' <> ''), '')
      FROM jsonb_array_elements(verdicts) WITH ORDINALITY AS n(v, place)
$$;

-- For a day; then it is anybody's, and whoever opens it may take it at any time.
CREATE FUNCTION review_prefer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT r.decided_by, r.decided_by_name, now() + interval '1 day'
      INTO NEW.preferred_by, NEW.preferred_by_name, NEW.preferred_until
      FROM review r
     WHERE r.account_id = NEW.account_id AND r.kind = NEW.kind AND r.version = NEW.version - 1 AND r.state = 'REJECTED';
    NEW.preferred_by_name := coalesce(NEW.preferred_by_name, '');
    RETURN NEW;
END $$;
CREATE TRIGGER review_prefer BEFORE INSERT ON review FOR EACH ROW EXECUTE FUNCTION review_prefer();

-- 0: kept for the caller; 1: anybody's; 2: kept for another.
CREATE FUNCTION review_turn(r review, caller bigint) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN r.preferred_until IS NULL OR r.preferred_until < now() OR r.first_by IS NOT NULL THEN 1
                WHEN r.preferred_by = caller THEN 0 ELSE 2 END
$$;

-- A review as a list shows it.
CREATE FUNCTION review_item(r review, s submission, caller bigint, permissions text[]) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('id', r.id, 'application_no', s.application_no, 'kind', r.kind, 'unit_name', s.unit_name,
               'state', CASE WHEN r.state = 'CLAIMED' AND r.claimed_until < now() THEN 'QUEUED' ELSE r.state END,
               'submission_version', r.version, 'is_change', r.is_change, 'submitted_at', r.submitted_at,
               'expected_by', s.expected_by::text,
               'claimed_by_name', CASE WHEN r.state = 'CLAIMED' AND r.claimed_until >= now() THEN r.claimed_by_name ELSE '' END,
               'claimed_by_me', coalesce(r.state = 'CLAIMED' AND r.claimed_until >= now() AND r.claimed_by = caller, false),
               'first_approved_by_name', r.first_by_name, 'decided_at', coalesce(to_jsonb(r.decided_at), '""'),
               'decided_by_name', r.decided_by_name, 'may_act', review_may_act(r, caller, permissions),
               'preferred_name', CASE WHEN review_turn(r, caller) <> 1 THEN r.preferred_by_name ELSE '' END,
               'preferred_me', review_turn(r, caller) = 0)
$$;

-- ---- which approvals take two: an approval as 会长 or 副会长 单位 always, whatever the policy says

CREATE FUNCTION review_needs_second(r review, post text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT review_needs_second(r) OR r.kind = 'MEMBER_UNIT' AND post IN ('PRESIDENT', 'VICE_PRESIDENT')
$$;

CREATE OR REPLACE FUNCTION review_second_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'APPROVED' AND OLD.state <> 'APPROVED' AND NEW.first_by IS NULL
       AND review_needs_second(OLD, NEW.association_post) THEN
        RAISE EXCEPTION 'review % needs a second person', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'review_needs_second';
    END IF;
    RETURN NEW;
END $$;

-- Experts take two from the beginning, where staff have not said otherwise.
UPDATE review_policy SET second_review = 'ALWAYS' WHERE kind = 'EXPERT' AND version = 1 AND changed_by_name = '';

-- ---- what the platform sees before the reviewer looks

CREATE INDEX submission_unit_key ON submission (unit_key(unit_name)) WHERE kind IN ('OWNER_UNIT', 'MEMBER_UNIT');

-- 山西省长治市上党区
CREATE FUNCTION region_words(code text) RETURNS text LANGUAGE sql STABLE AS $$
    WITH RECURSIVE above(code, name, parent, height) AS (
        SELECT i.code, i.name, i.parent, 1 FROM dictionary_item i WHERE i.dictionary = 'region' AND i.code = region_words.code
        UNION ALL SELECT i.code, i.name, i.parent, a.height + 1 FROM above a
          JOIN dictionary_item i ON i.dictionary = 'region' AND i.code = a.parent WHERE a.parent <> '')
    SELECT coalesce(string_agg(name, '' ORDER BY height DESC), '') FROM above
$$;

-- What speaks against an approval and does not forbid it: who approves says that he has seen it.
CREATE FUNCTION review_reds(r review, s submission) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT array_remove(ARRAY[
        CASE WHEN r.kind IN ('OWNER_UNIT', 'MEMBER_UNIT') AND s.unit_name <> '' AND EXISTS (
                 SELECT FROM submission o JOIN identity i ON i.account_id = o.account_id AND i.kind = o.kind
                        AND i.in_force_version = o.version
                  WHERE o.kind IN ('OWNER_UNIT', 'MEMBER_UNIT') AND o.kind = r.kind AND o.account_id <> r.account_id
                    AND unit_key(o.unit_name) = unit_key(s.unit_name)) THEN 'name_in_use' END,
        CASE WHEN jsonb_array_length(coalesce(s.form -> 'qualifications', '[]')) > 0 AND NOT EXISTS (
                 SELECT FROM jsonb_array_elements(s.form -> 'qualifications') AS q
                  WHERE q ->> 'valid_forever' = 'true' OR q ->> 'valid_to' >= to_char(now(), 'YYYY-MM-DD'))
             THEN 'certificates_all_expired' END], NULL)
$$;
