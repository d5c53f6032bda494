-- Draws of experts that anybody can recompute (SM8): a list that is frozen and hashed, a seed of which the server committed
-- its part before the witness said his, an order that follows from both.
INSERT INTO transition VALUES
    ('draw', '', 'DRAFT'),
    ('draw', 'DRAFT', 'FROZEN'),
    ('draw', 'DRAFT', 'CANCELLED'),
    ('draw', 'FROZEN', 'CANCELLED'),
    ('draw', 'FROZEN', 'DRAWN'),
    ('draw', 'DRAWN', 'NOTIFYING'),
    ('draw', 'NOTIFYING', 'CONFIRMED'),
    ('draw', 'NOTIFYING', 'NEEDS_MORE'),
    ('draw', 'NEEDS_MORE', 'NOTIFYING'),
    ('draw', 'NEEDS_MORE', 'CLOSED'),
    ('draw', 'CONFIRMED', 'NEEDS_MORE'),
    ('draw', 'CONFIRMED', 'CLOSED'),
    ('draw_invitation', '', 'INVITED'),
    ('draw_invitation', 'INVITED', 'ACCEPTED'),
    ('draw_invitation', 'INVITED', 'DECLINED'),
    ('draw_invitation', 'INVITED', 'NO_ANSWER'),
    ('draw_invitation', 'ACCEPTED', 'DECLINED');

CREATE SEQUENCE draw_no;

CREATE TABLE draw (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    draw_no text NOT NULL UNIQUE
        DEFAULT 'CQ' || to_char(now() AT TIME ZONE 'Asia/Shanghai', 'YYYYMMDD') || lpad(nextval('draw_no')::text, 4, '0'),
    state text NOT NULL DEFAULT 'DRAFT',
    version integer NOT NULL DEFAULT 1,
    conditions jsonb NOT NULL,
    review_at timestamp NOT NULL,                -- of Shanghai
    created_by bigint NOT NULL,
    created_by_name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    frozen text,                                 -- canonical JSON, as it is published
    candidates_hash bytea,
    server_commit bytea,                         -- SHA-256 of the server's seed
    sealed_server_seed text,
    frozen_by bigint,
    frozen_by_name text NOT NULL DEFAULT '',
    frozen_at timestamptz,
    server_seed bytea,
    witness_seed text,
    beacon bytea,                                -- empty: none was agreed
    seed bytea,
    witness_id bigint,
    witness_name text NOT NULL DEFAULT '',
    drawn_at timestamptz,
    end_reason text NOT NULL DEFAULT '',
    CONSTRAINT draw_same_person CHECK (witness_id <> created_by AND witness_id <> frozen_by),
    CONSTRAINT draw_frozen_whole CHECK (state IN ('DRAFT', 'CANCELLED') OR (candidates_hash = sha256(convert_to(frozen, 'UTF8'))
        AND num_nulls(server_commit, sealed_server_seed, frozen_by, frozen_at) = 0)),
    CONSTRAINT draw_drawn_whole CHECK (state IN ('DRAFT', 'FROZEN', 'CANCELLED') OR (sha256(server_seed) = server_commit
        AND octet_length(server_seed) = 32 AND octet_length(beacon) IN (0, 32) AND num_nulls(witness_id, drawn_at) = 0
        AND seed = sha256(server_seed || convert_to(witness_seed, 'UTF8') || beacon || candidates_hash)))
);
CREATE INDEX draw_newest ON draw (created_at, id);
CREATE TRIGGER draw_guard BEFORE INSERT OR UPDATE ON draw
    FOR EACH ROW EXECUTE FUNCTION transition_guard('draw');
CREATE TRIGGER draw_history AFTER INSERT OR UPDATE ON draw
    FOR EACH ROW EXECUTE FUNCTION history_write('draw');

-- What was frozen stays; what was drawn stays.
CREATE FUNCTION draw_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.frozen IS NOT NULL AND (NEW.conditions, NEW.review_at, NEW.frozen, NEW.server_commit, NEW.created_by, NEW.frozen_by,
                                   NEW.frozen_at) IS DISTINCT FROM
                                  (OLD.conditions, OLD.review_at, OLD.frozen, OLD.server_commit, OLD.created_by, OLD.frozen_by,
                                   OLD.frozen_at)
       OR OLD.seed IS NOT NULL AND (NEW.server_seed, NEW.witness_seed, NEW.beacon, NEW.seed, NEW.witness_id, NEW.drawn_at)
                                   IS DISTINCT FROM
                                   (OLD.server_seed, OLD.witness_seed, OLD.beacon, OLD.seed, OLD.witness_id, OLD.drawn_at)
    THEN
        RAISE EXCEPTION 'draw % is frozen', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'draw_moved';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER draw_kept BEFORE UPDATE ON draw FOR EACH ROW EXECUTE FUNCTION draw_kept();

-- Who could have been drawn, and who fits but keeps away, each with its reasons.
CREATE TABLE draw_candidate (
    draw_id bigint NOT NULL REFERENCES draw (id),
    expert_no text NOT NULL,
    account_id bigint NOT NULL REFERENCES expert (account_id),
    slots integer[] NOT NULL,
    reasons text[] NOT NULL,                     -- empty: a candidate
    PRIMARY KEY (draw_id, expert_no)
);
COMMENT ON TABLE draw_candidate IS 'append-only';

-- The order of each slot.
CREATE TABLE draw_result (
    draw_id bigint NOT NULL,
    slot integer NOT NULL,
    place integer NOT NULL,
    expert_no text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('DRAWN', 'ALTERNATE', 'ELSEWHERE')),
    PRIMARY KEY (draw_id, slot, place),
    UNIQUE (draw_id, slot, expert_no),
    FOREIGN KEY (draw_id, expert_no) REFERENCES draw_candidate (draw_id, expert_no)
);
COMMENT ON TABLE draw_result IS 'append-only';

-- Who was asked to come. One is asked once in a draw, and is in one review at a time.
CREATE TABLE draw_invitation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    draw_id bigint NOT NULL REFERENCES draw (id),
    slot integer NOT NULL,
    place integer NOT NULL,
    account_id bigint NOT NULL REFERENCES expert (account_id),
    half_day text NOT NULL,                      -- 2026-12-01 AM
    state text NOT NULL DEFAULT 'INVITED',
    invited_at timestamptz NOT NULL DEFAULT now(),
    replied_at timestamptz,
    recorded_by bigint,                          -- staff; NULL: the expert
    note text NOT NULL DEFAULT '',
    CONSTRAINT draw_invited UNIQUE (draw_id, account_id),
    FOREIGN KEY (draw_id, slot, place) REFERENCES draw_result (draw_id, slot, place)
);
CREATE UNIQUE INDEX draw_half_day ON draw_invitation (account_id, half_day) WHERE state IN ('INVITED', 'ACCEPTED');
CREATE TRIGGER draw_invitation_guard BEFORE INSERT OR UPDATE ON draw_invitation
    FOR EACH ROW EXECUTE FUNCTION transition_guard('draw_invitation');
CREATE TRIGGER draw_invitation_history AFTER INSERT OR UPDATE ON draw_invitation
    FOR EACH ROW EXECUTE FUNCTION history_write('draw_invitation');

-- ---- canonical JSON (RFC 8785) of what has no numbers but integers and no keys but ASCII

CREATE FUNCTION canonical_json(value jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN CASE jsonb_typeof(value)
        WHEN 'object' THEN '{' || coalesce((SELECT string_agg(to_json(key)::text || ':' || canonical_json(inner_value), ','
                                                              ORDER BY key COLLATE "C")
                                              FROM jsonb_each(value) AS e(key, inner_value)), '') || '}'
        WHEN 'array' THEN '[' || coalesce((SELECT string_agg(canonical_json(element), ',' ORDER BY place)
                                             FROM jsonb_array_elements(value) WITH ORDINALITY AS a(element, place)), '') || ']'
        WHEN 'string' THEN to_json(value #>> '{}')::text
        ELSE value::text END;
END $$;

-- ---- who fits, and who keeps away

-- Names of units as they are compared (V8).
CREATE FUNCTION unit_key(name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT lower(regexp_replace(translate(name, '（）', '()'), '\s', '', 'g'))
$$;

-- A code and all above it.
CREATE FUNCTION codes_above(by_dictionary text, below text) RETURNS text[] LANGUAGE sql STABLE AS $$
    WITH RECURSIVE above(code, parent) AS (
        SELECT code, parent FROM dictionary_item WHERE dictionary = by_dictionary AND code = below
        UNION SELECT i.code, i.parent FROM above a JOIN dictionary_item i ON i.dictionary = by_dictionary AND i.code = a.parent)
    SELECT array_agg(code) FROM above
$$;

-- 1 初级 to 4 正高; 0: none.
CREATE FUNCTION title_level(code text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN code IN ('TITLE_FULL', 'PROFESSOR', 'RESEARCHER', 'FULL') THEN 4
                WHEN code IN ('TITLE_SENIOR', 'PROFESSOR_ASSOCIATE', 'RESEARCHER_ASSOCIATE', 'SENIOR') THEN 3
                WHEN code IN ('TITLE_MIDDLE', 'MIDDLE') THEN 2 WHEN code IN ('TITLE_JUNIOR', 'JUNIOR') THEN 1 ELSE 0 END
$$;

CREATE FUNCTION half_day(t timestamp) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT t::date || CASE WHEN extract(hour FROM t) < 12 THEN ' AM' ELSE ' PM' END
$$;

-- The parties of a review by all names and credit codes that approved units have for them, and who leads them.
CREATE FUNCTION draw_party(conditions jsonb) RETURNS TABLE (name_key text, uscc text, person text) LANGUAGE sql STABLE AS $$
    WITH told AS (
        SELECT unit_key(conditions ->> 'owner_unit_name') AS name_key, coalesce(conditions ->> 'owner_uscc', '') AS uscc
        UNION SELECT unit_key(u.unit_name), coalesce(u.uscc, '')
                FROM jsonb_to_recordset(conditions -> 'excluded_units') AS u(unit_name text, uscc text))
    SELECT name_key, uscc, '' FROM told
    UNION SELECT unit_key(s.unit_name), s.uscc, p.person
      FROM told t JOIN submission s ON s.kind IN ('OWNER_UNIT', 'MEMBER_UNIT')
                                   AND (unit_key(s.unit_name) = t.name_key OR t.uscc <> '' AND s.uscc = t.uscc)
      JOIN identity i ON i.account_id = s.account_id AND i.kind = s.kind AND i.in_force_version = s.version,
           LATERAL (VALUES (coalesce(s.form ->> 'legal_person_name', '')), (coalesce(s.form ->> 'principal_name', ''))) AS p(person)
$$;

-- All experts in the pool that fit a row, the slots that they fit, and why they keep away. Who leads a party is known by
-- name only: a namesake keeps away too.
CREATE FUNCTION draw_pool(of_draw bigint, conditions jsonb) RETURNS TABLE (
    expert_no text, account_id bigint, slots integer[], reasons text[]) LANGUAGE sql STABLE AS $$
    WITH wanted AS MATERIALIZED (
        SELECT place::integer AS slot, codes_covered('review_specialty', row ->> 'specialty') AS specialties,
               CASE WHEN row ->> 'region' <> '' THEN codes_above('region', row ->> 'region') END AS regions,
               CASE WHEN row ->> 'qualification' <> '' THEN codes_covered('qualification', row ->> 'qualification') END
                   AS qualifications, title_level(row ->> 'title') AS level
          FROM jsonb_array_elements(conditions -> 'rows') WITH ORDINALITY AS r(row, place)),
    review AS (SELECT (conditions ->> 'review_at')::timestamp AS at),
    party AS MATERIALIZED (SELECT * FROM draw_party(conditions)),
    fitting AS (
        SELECT e.account_id, e.expert_no, e.name, e.state, e.last_expiry, unit_key(e.employer_name) AS employer, s.form,
               array_agg(w.slot ORDER BY w.slot) AS slots
          FROM wanted w
          JOIN expert e ON e.state <> 'REMOVED' AND e.review_specialties && w.specialties
                       AND (w.qualifications IS NULL OR e.qualification_codes && w.qualifications)
                       AND title_level(e.highest_title) >= w.level
          JOIN submission s ON s.account_id = e.account_id AND s.kind = 'EXPERT' AND s.version = e.in_force_version
                           AND (w.regions IS NULL OR s.form -> 'preferred_regions' ?| w.regions)
         GROUP BY e.account_id, s.id)
    SELECT f.expert_no, f.account_id, f.slots, array_remove(ARRAY[
        CASE WHEN f.employer IN (SELECT name_key FROM party) OR EXISTS (
                 SELECT FROM jsonb_to_recordset(f.form -> 'employments') AS j(employer_name text, until_now boolean)
                  WHERE j.until_now AND unit_key(j.employer_name) IN (SELECT name_key FROM party)) THEN 'EMPLOYER_NOW' END,
        CASE WHEN EXISTS (
                 SELECT FROM jsonb_to_recordset(f.form -> 'employments') AS j(employer_name text, until_now boolean, end_month text)
                  WHERE NOT coalesce(j.until_now, false) AND unit_key(j.employer_name) IN (SELECT name_key FROM party)
                    AND j.end_month >= to_char(review.at - interval '36 months', 'YYYY-MM')) THEN 'EMPLOYER_RECENT' END,
        CASE WHEN EXISTS (
                 SELECT FROM jsonb_to_recordset(f.form -> 'avoid_units') AS a(unit_name text, uscc text, until text)
                   JOIN party p ON p.name_key = unit_key(a.unit_name) OR a.uscc <> '' AND p.uscc = a.uscc
                  WHERE coalesce(a.until, '') = '' OR a.until >= to_char(review.at, 'YYYY-MM-DD')) THEN 'DECLARED' END,
        CASE WHEN f.name IN (SELECT person FROM party) OR EXISTS (
                 SELECT FROM submission u JOIN identity i ON i.account_id = u.account_id AND i.kind = u.kind
                                                         AND i.in_force_version = u.version
                   JOIN party p ON p.person <> '' AND p.person IN (u.form ->> 'legal_person_name', u.form ->> 'principal_name')
                  WHERE u.kind = 'MEMBER_UNIT' AND f.employer <> '' AND unit_key(u.unit_name) = f.employer
                    AND f.employer NOT IN (SELECT name_key FROM party))
             THEN 'SHARED_PERSON' END,
        CASE WHEN EXISTS (
                 SELECT FROM jsonb_to_recordset(f.form -> 'qualifications') AS q(registered_employer text)
                  WHERE unit_key(q.registered_employer) IN (SELECT name_key FROM party)) THEN 'SAME_REGISTERED' END,
        CASE WHEN EXISTS (
                 SELECT FROM jsonb_to_recordset(conditions -> 'excluded_experts') AS n(expert_no text)
                  WHERE upper(n.expert_no) = f.expert_no) THEN 'NAMED' END,
        CASE WHEN f.state = 'PAUSED' THEN 'PAUSED' END,
        CASE WHEN f.last_expiry < review.at::date THEN 'CERTIFICATE_EXPIRED' END,
        CASE WHEN EXISTS (
                 SELECT FROM draw d JOIN draw_candidate c ON c.draw_id = d.id AND c.account_id = f.account_id
                   JOIN draw_result r ON r.draw_id = d.id AND r.expert_no = c.expert_no
                   LEFT JOIN draw_invitation v ON v.draw_id = d.id AND v.account_id = c.account_id
                  WHERE d.id <> of_draw AND d.state IN ('DRAWN', 'NOTIFYING', 'NEEDS_MORE', 'CONFIRMED')
                    AND half_day(d.review_at) = half_day(review.at)
                    AND CASE WHEN v.id IS NULL THEN d.state = 'DRAWN' AND r.outcome = 'DRAWN'
                             ELSE v.state IN ('INVITED', 'ACCEPTED') END) THEN 'SAME_HALF_DAY' END,
        CASE WHEN (conditions ->> 'frequency_cap')::integer > 0 AND (
                 SELECT count(*) FROM draw_invitation v JOIN draw d ON d.id = v.draw_id
                  WHERE v.account_id = f.account_id AND v.state = 'ACCEPTED' AND d.id <> of_draw
                    AND d.review_at BETWEEN review.at - interval '30 days' AND review.at)
                 >= (conditions ->> 'frequency_cap')::integer THEN 'FREQUENCY' END], NULL)
      FROM fitting f, review
$$;

CREATE FUNCTION draw_candidates_json(of_draw bigint, conditions jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
               'candidates', coalesce(jsonb_agg(jsonb_build_object('expert_no', expert_no, 'slots', to_jsonb(slots))
                                      ORDER BY expert_no COLLATE "C") FILTER (WHERE reasons = '{}'), '[]'),
               'exclusions', coalesce(jsonb_agg(jsonb_build_object('expert_no', expert_no, 'reasons', to_jsonb(reasons))
                                      ORDER BY expert_no COLLATE "C") FILTER (WHERE reasons <> '{}'), '[]'))
      FROM draw_pool(of_draw, conditions)
$$;

-- Fields of conditions whose options, or experts, are not there.
CREATE FUNCTION draw_unknown(conditions jsonb, fields text[], dictionaries text[], codes text[]) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
    SELECT codes_unknown(fields, dictionaries, codes)
     UNION ALL
    SELECT 'conditions.excluded_experts.' || place - 1 || '.expert_no'
      FROM jsonb_array_elements(conditions -> 'excluded_experts') WITH ORDINALITY AS x(named, place)
     WHERE NOT EXISTS (SELECT FROM expert e WHERE e.expert_no = upper(named ->> 'expert_no'))
$$;

-- What each row finds and needs: its experts and alternates, even when all other rows take those that they share.
CREATE FUNCTION draw_counts(rows jsonb, candidates jsonb) RETURNS TABLE (slot integer, candidates integer, needed integer)
LANGUAGE sql IMMUTABLE AS $$
    WITH wanted AS (
        SELECT place::integer AS slot, (row ->> 'count')::integer AS count, (row ->> 'alternates')::integer AS alternates
          FROM jsonb_array_elements(rows) WITH ORDINALITY AS r(row, place)),
    fits AS (
        SELECT c.expert_no, s.slot::integer FROM jsonb_to_recordset(candidates) AS c(expert_no text, slots jsonb),
               jsonb_array_elements_text(c.slots) AS s(slot)),
    shared AS (
        SELECT a.slot, b.slot AS other, count(*) AS shared FROM fits a JOIN fits b USING (expert_no) WHERE a.slot <> b.slot
         GROUP BY a.slot, b.slot)
    SELECT w.slot, (SELECT count(*) FROM fits f WHERE f.slot = w.slot)::integer,
           (w.count + w.alternates + coalesce((SELECT sum(least(o.count, s.shared)) FROM shared s JOIN wanted o ON o.slot = s.other
                                                WHERE s.slot = w.slot), 0))::integer
      FROM wanted w
$$;

-- What is published of the conditions: nothing of a person, no place.
CREATE FUNCTION draw_published(conditions jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_object_agg(key, value) FROM jsonb_each(conditions)
     WHERE key IN ('project_name', 'project_no', 'owner_unit_name', 'owner_uscc', 'review_at', 'rows', 'excluded_units',
                   'frequency_cap', 'beacon_round')
$$;

-- ---- the order, computed once more before it counts

-- HMAC-SHA-256 (RFC 2104) with a key of 32 bytes: the key in both its pads.
CREATE FUNCTION hmac_pad(key bytea, pad integer) RETURNS bytea LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    padded bytea := key || decode(repeat('00', 32), 'hex');
BEGIN
    FOR place IN 0..63 LOOP
        padded := set_byte(padded, place, get_byte(padded, place) # pad);
    END LOOP;
    RETURN padded;
END $$;

CREATE FUNCTION draw_verify() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    inner_pad bytea := hmac_pad(NEW.seed, 54);
    outer_pad bytea := hmac_pad(NEW.seed, 92);
    drawn text[] := '{}';
    wanted record;
BEGIN
    FOR wanted IN SELECT place::integer AS slot, (row ->> 'count')::integer AS count
                    FROM jsonb_array_elements(NEW.conditions -> 'rows') WITH ORDINALITY AS r(row, place) ORDER BY place LOOP
        IF EXISTS (
            WITH ordered AS (
                SELECT expert_no, expert_no = ANY (drawn) AS elsewhere, row_number() OVER (ORDER BY
                           sha256(outer_pad || sha256(inner_pad || convert_to(wanted.slot || expert_no, 'UTF8')))) AS place
                  FROM draw_candidate WHERE draw_id = NEW.id AND reasons = '{}' AND wanted.slot = ANY (slots)),
            expected AS (
                SELECT place, expert_no, CASE WHEN elsewhere THEN 'ELSEWHERE'
                           WHEN count(*) FILTER (WHERE NOT elsewhere) OVER (ORDER BY place) <= wanted.count THEN 'DRAWN'
                           ELSE 'ALTERNATE' END AS outcome FROM ordered)
            SELECT FROM expected e FULL JOIN (SELECT * FROM draw_result WHERE draw_id = NEW.id AND slot = wanted.slot) r
                     USING (place, expert_no, outcome) WHERE e.expert_no IS NULL OR r.draw_id IS NULL)
        THEN
            RAISE EXCEPTION 'draw %: slot % is not what its seed gives', NEW.id, wanted.slot
                USING ERRCODE = 'check_violation', CONSTRAINT = 'draw_not_reproduced';
        END IF;
        drawn := drawn || ARRAY(SELECT expert_no FROM draw_result
                                 WHERE draw_id = NEW.id AND slot = wanted.slot AND outcome = 'DRAWN');
    END LOOP;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER draw_verify AFTER UPDATE OF state ON draw DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.state = 'DRAWN') EXECUTE FUNCTION draw_verify();

-- ---- replies

-- How many of a draw's places have nobody who is asked or has accepted.
CREATE FUNCTION draw_vacancies(d draw) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT (SELECT sum((row ->> 'count')::integer) FROM jsonb_array_elements(d.conditions -> 'rows') AS row)
         - (SELECT count(*) FROM draw_invitation v WHERE v.draw_id = d.id AND v.state IN ('INVITED', 'ACCEPTED'))
$$;

-- A draw follows its replies, whoever gives or records them, one after the other.
CREATE FUNCTION draw_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    followed draw;
BEGIN
    SELECT * INTO followed FROM draw WHERE id = NEW.draw_id FOR UPDATE;
    UPDATE draw SET version = version + 1 WHERE id = NEW.draw_id;
    IF draw_vacancies(followed) > 0 AND followed.state IN ('NOTIFYING', 'CONFIRMED') THEN
        UPDATE draw SET state = 'NEEDS_MORE' WHERE id = NEW.draw_id;
    ELSIF draw_vacancies(followed) = 0 AND followed.state = 'NOTIFYING' AND NOT EXISTS (
        SELECT FROM draw_invitation WHERE draw_id = NEW.draw_id AND state = 'INVITED') THEN
        UPDATE draw SET state = 'CONFIRMED' WHERE id = NEW.draw_id;
        INSERT INTO outbox (event, payload)
        SELECT 'draw.confirmed', jsonb_build_object('account_id', v.account_id, 'review_at', followed.conditions ->> 'review_at',
                   'place', followed.conditions ->> 'review_place', 'phone_of_office', followed.conditions ->> 'contact_phone')
          FROM draw_invitation v WHERE v.draw_id = NEW.draw_id AND v.state = 'ACCEPTED';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER draw_follow AFTER UPDATE OF state ON draw_invitation FOR EACH ROW EXECUTE FUNCTION draw_follow();

-- An invitation as the contract has it.
CREATE FUNCTION invitation_told(v draw_invitation, d draw) RETURNS TABLE (
    id bigint, state text, review_at text, reply_by text, review_place text, contact_phone text, replied_at timestamptz,
    may_answer boolean) LANGUAGE sql STABLE AS $$
    SELECT v.id, v.state, d.conditions ->> 'review_at', d.conditions ->> 'reply_by',
           CASE WHEN d.state = 'CONFIRMED' AND v.state = 'ACCEPTED' THEN d.conditions ->> 'review_place' ELSE '' END,
           d.conditions ->> 'contact_phone', v.replied_at,
           v.state = 'INVITED' AND d.state IN ('NOTIFYING', 'NEEDS_MORE')
               AND (d.conditions ->> 'reply_by')::timestamp > now() AT TIME ZONE 'Asia/Shanghai'
$$;
