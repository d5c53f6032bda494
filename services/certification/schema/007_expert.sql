-- The expert pool (SM7): who may be drawn, made from the approved forms, and found by what a clerk remembers of a person.
CREATE EXTENSION pg_trgm; -- trusted: whoever may create in the database may create it

-- The first letters of a name's pinyin: 张三 gives zs. The order is that of ICU's Chinese collation (Unicode CLDR), which has
-- U+FDD0 and a letter before the characters of each letter. What a surname is read otherwise than the character is written out.
CREATE FUNCTION pinyin_initials(name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(string_agg(CASE
               WHEN place = 1 AND position(sign IN '单曾解仇区查乐翟覃种祭折召繁句阚') > 0
                   THEN translate(sign, '单曾解仇区查乐翟覃种祭折召繁句阚', 'szxqozyzqczsspgk')
               WHEN sign ~ '[㐀-鿿]' THEN (
                   SELECT max(letter) FROM regexp_split_to_table('abcdefghjklmnopqrstwxyz', '') AS letter
                    WHERE U&'\FDD0' || upper(letter) <= sign COLLATE "zh-x-icu")
               WHEN sign ~ '[A-Za-z]' THEN lower(sign) END, '' ORDER BY place), '')
      FROM regexp_split_to_table(name, '') WITH ORDINALITY AS s(sign, place)
$$;

-- What is found, as words between blanks: each Chinese character is one, so that trigrams know names of two characters too.
CREATE FUNCTION search_words(told text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT regexp_replace(regexp_replace(' ' || lower(told) || ' ', '([^\u0001-\u007f])', ' \1 ', 'g'), ' +', ' ', 'g')
$$;
-- Words that follow each other, the last perhaps begun only. LIKE's own signs are taken literally.
CREATE FUNCTION search_pattern(asked text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT '%' || rtrim(search_words(regexp_replace(asked, '([%_\\])', '\\\1', 'g'))) || '%'
$$;

-- A code and all below it.
CREATE FUNCTION codes_covered(by_dictionary text, above text) RETURNS text[] LANGUAGE sql STABLE AS $$
    WITH RECURSIVE covered(code) AS (
        SELECT above
        UNION SELECT i.code FROM covered c JOIN dictionary_item i ON i.dictionary = by_dictionary AND i.parent = c.code)
    SELECT array_agg(code) FROM covered
$$;

CREATE SEQUENCE expert_no START WITH 10001;

-- What is searched of the form in force, and where the expert stands.
CREATE TABLE expert (
    account_id bigint PRIMARY KEY,
    expert_no text NOT NULL UNIQUE DEFAULT 'ZJ-' || nextval('expert_no'),
    in_force_version integer NOT NULL,
    name text NOT NULL,
    initials text NOT NULL,
    mobile text NOT NULL,
    employer_name text NOT NULL,                 -- empty: retired, or works for himself
    province_code text NOT NULL,
    city_code text NOT NULL,
    review_specialties text[] NOT NULL,          -- the first is the main one
    qualification_codes text[] NOT NULL,
    highest_title text NOT NULL,                 -- code of a qualification; empty: none
    first_expiry date NOT NULL,                  -- the first certificate to end; 9999-12-31: none ends
    last_expiry date NOT NULL,                   -- after it no certificate is valid
    state text NOT NULL DEFAULT 'IN_POOL',
    state_reason text NOT NULL DEFAULT '',
    changed_by bigint NOT NULL,                  -- staff: who approved, or changed the state
    changed_by_name text NOT NULL,
    changed_at timestamptz NOT NULL,
    joined_at timestamptz NOT NULL,
    search text NOT NULL GENERATED ALWAYS AS (search_words(
        name || ' ' || initials || ' ' || expert_no || ' ' || substr(expert_no, 4) || ' ' || mobile)) STORED,
    CONSTRAINT expert_reason CHECK (state = 'IN_POOL' OR state_reason <> '')
);
CREATE INDEX expert_search ON expert USING gin (search gin_trgm_ops) WITH (fastupdate = off); -- few write, many ask
CREATE INDEX expert_specialty ON expert USING gin (review_specialties) WITH (fastupdate = off);
CREATE INDEX expert_joined ON expert (joined_at, account_id);
CREATE INDEX expert_expiry ON expert (first_expiry, account_id);

INSERT INTO transition VALUES
    ('expert', '', 'IN_POOL'),
    ('expert', 'IN_POOL', 'PAUSED'),
    ('expert', 'PAUSED', 'IN_POOL'),
    ('expert', 'IN_POOL', 'REMOVED'),
    ('expert', 'PAUSED', 'REMOVED');
CREATE TRIGGER expert_guard BEFORE INSERT OR UPDATE ON expert
    FOR EACH ROW EXECUTE FUNCTION transition_guard('expert');

CREATE TABLE expert_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES expert (account_id),
    event text NOT NULL CHECK (event IN ('JOINED', 'CHANGED', 'PAUSED', 'RESUMED', 'REMOVED')),
    in_force_version integer NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    changed_by bigint NOT NULL,
    changed_by_name text NOT NULL,
    at timestamptz NOT NULL
);
COMMENT ON TABLE expert_history IS 'append-only';
CREATE INDEX expert_history_of ON expert_history (account_id, id);

-- After the change: an INSERT that becomes an UPDATE is one change.
CREATE FUNCTION expert_history_write() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moved boolean := TG_OP = 'UPDATE' AND OLD.state IS DISTINCT FROM NEW.state;
BEGIN
    IF TG_OP = 'INSERT' OR moved OR OLD.in_force_version <> NEW.in_force_version THEN
        INSERT INTO expert_history (account_id, event, in_force_version, state, reason, changed_by, changed_by_name, at)
        VALUES (NEW.account_id,
                CASE WHEN TG_OP = 'INSERT' THEN 'JOINED' WHEN NOT moved THEN 'CHANGED'
                     WHEN NEW.state = 'IN_POOL' THEN 'RESUMED' ELSE NEW.state END,
                NEW.in_force_version, NEW.state, CASE WHEN moved THEN NEW.state_reason ELSE '' END,
                NEW.changed_by, NEW.changed_by_name, NEW.changed_at);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER expert_history_write AFTER INSERT OR UPDATE ON expert
    FOR EACH ROW EXECUTE FUNCTION expert_history_write();

-- Puts what the form in force says into the pool. A pause, or a removal, stays.
CREATE FUNCTION expert_keep(for_account bigint, for_version integer) RETURNS void LANGUAGE sql AS $$
    INSERT INTO expert (account_id, in_force_version, name, initials, mobile, employer_name, province_code, city_code,
                        review_specialties, qualification_codes, highest_title, first_expiry, last_expiry,
                        changed_by, changed_by_name, changed_at, joined_at)
    SELECT s.account_id, s.version, f.name, pinyin_initials(f.name), f.mobile,
           CASE WHEN f.self_employed THEN '' ELSE f.employer_name END, f.province_code, f.city_code,
           f.review_specialties, q.codes, q.highest_title, q.first_expiry, q.last_expiry,
           r.decided_by, CASE WHEN r.claimed_by = r.decided_by THEN r.claimed_by_name ELSE '' END, r.decided_at, r.decided_at
      FROM submission s JOIN review r USING (account_id, kind, version),
           jsonb_to_record(s.form) AS f(name text, mobile text, employer_name text, self_employed boolean,
               province_code text, city_code text, review_specialties text[], qualifications jsonb),
           LATERAL (SELECT array_agg(DISTINCT c.qualification_code) AS codes, min(ends) AS first_expiry, max(ends) AS last_expiry,
                           coalesce((array_agg(c.qualification_code ORDER BY rank) FILTER (WHERE rank > 0))[1], '') AS highest_title
                      FROM jsonb_to_recordset(f.qualifications)
                               AS c(qualification_code text, valid_to text, valid_forever boolean),
                           LATERAL (SELECT CASE WHEN c.valid_forever THEN '9999-12-31' ELSE c.valid_to::date END) AS e(ends),
                           array_position(ARRAY['TITLE_FULL', 'PROFESSOR', 'RESEARCHER', 'TITLE_SENIOR', 'PROFESSOR_ASSOCIATE',
                               'RESEARCHER_ASSOCIATE', 'TITLE_MIDDLE', 'TITLE_JUNIOR'], c.qualification_code) AS rank) AS q
     WHERE s.account_id = for_account AND s.kind = 'EXPERT' AND s.version = for_version
    ON CONFLICT (account_id) DO UPDATE
       SET in_force_version = excluded.in_force_version, name = excluded.name, initials = excluded.initials,
           mobile = excluded.mobile, employer_name = excluded.employer_name, province_code = excluded.province_code,
           city_code = excluded.city_code, review_specialties = excluded.review_specialties,
           qualification_codes = excluded.qualification_codes, highest_title = excluded.highest_title,
           first_expiry = excluded.first_expiry, last_expiry = excluded.last_expiry, changed_by = excluded.changed_by,
           changed_by_name = excluded.changed_by_name, changed_at = excluded.changed_at
$$;

-- In the transaction of the approval, whatever approves.
CREATE FUNCTION expert_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM expert_keep(NEW.account_id, NEW.in_force_version);
    RETURN NULL;
END $$;
CREATE TRIGGER expert_follow AFTER UPDATE OF in_force_version ON identity
    FOR EACH ROW WHEN (NEW.kind = 'EXPERT' AND NEW.in_force_version IS DISTINCT FROM OLD.in_force_version)
    EXECUTE FUNCTION expert_follow();

SELECT expert_keep(account_id, in_force_version) FROM identity
 WHERE kind = 'EXPERT' AND in_force_version IS NOT NULL ORDER BY decided_at, account_id;

-- Those that fit all that is asked; empty or NULL: not asked. A specialty, a qualification's group and a province cover
-- what is below them. One SELECT, so that the planner sees through it; the codes are gathered once.
CREATE FUNCTION expert_found(asked text, in_state text, specialty text, region text, qualification text,
                             valid_on date, ending_by date) RETURNS SETOF expert LANGUAGE sql STABLE AS $$
    SELECT * FROM expert
     WHERE (asked = '' OR search LIKE search_pattern(asked))
       AND (in_state = 'UNSPECIFIED' OR state = in_state)
       AND (specialty = '' OR review_specialties && (SELECT codes_covered('review_specialty', specialty)))
       AND (region = '' OR province_code = region OR city_code = region)
       AND (qualification = '' OR qualification_codes && (SELECT codes_covered('qualification', qualification)))
       AND (valid_on IS NULL OR last_expiry >= valid_on)
       AND (ending_by IS NULL OR first_expiry <= ending_by)
$$;

-- An expert as the contract has it.
CREATE FUNCTION expert_told(e expert) RETURNS TABLE (
    id bigint, expert_no text, name text, employer_name text, province_code text, city_code text, review_specialties jsonb,
    qualification_codes jsonb, highest_title text, first_expiry text, last_expiry text, state text, state_reason text,
    joined_at timestamptz) LANGUAGE sql STABLE AS $$
    SELECT e.account_id, e.expert_no, e.name, e.employer_name, e.province_code, e.city_code, to_jsonb(e.review_specialties),
           to_jsonb(e.qualification_codes), e.highest_title, replace(e.first_expiry::text, '9999-12-31', ''),
           replace(e.last_expiry::text, '9999-12-31', ''), e.state, e.state_reason, e.joined_at
$$;

-- Which end of which certificate an expert was reminded of (N17): 90 and 30 days before, and on the day.
CREATE TABLE expert_reminder (
    account_id bigint NOT NULL REFERENCES expert (account_id),
    certificate_no text NOT NULL,
    valid_to date NOT NULL,                      -- a renewed certificate keeps its number
    step integer NOT NULL CHECK (step IN (90, 30, 0)),
    told_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, certificate_no, valid_to, step)
);
COMMENT ON TABLE expert_reminder IS 'append-only';

-- Units in force with the name, for the people who say that they work there.
CREATE INDEX submission_unit ON submission (unit_name) WHERE kind IN ('OWNER_UNIT', 'MEMBER_UNIT');
