-- The unit directory: one row a unit, by its credit code, made from the approved forms of 建设单位 and 会员单位, whatever approves.

-- A name without what many have: brackets, signs, the region before it and the legal form behind it. It calls nothing of ours.
CREATE FUNCTION unit_core(name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN length(core) >= 2 THEN core ELSE name END
      FROM regexp_replace(lower(translate(name, '（）()·-—.,，。、 　', '')),
               '(股份|集团)*(有限责任|股份有限|有限)?(公司|集团)$', '') AS short,
           regexp_replace(short, '^(中国)?([^省]{2,3}(省|自治区))?([^市]{2,4}市)?', '') AS core
$$;

-- The first letters of all of a name, and of its core: czshtgczxyxgs htgczx. In names of units 长 is read chang.
CREATE FUNCTION unit_initials(name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT pinyin_initials(told) || ' ' || pinyin_initials(unit_core(told))
      FROM replace(translate(name, '长厦', '昌夏'), '重庆', '崇庆') AS told
$$;

CREATE TABLE unit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uscc text NOT NULL UNIQUE,
    kinds text[] NOT NULL,                       -- in force; empty: none any more
    unit_name text NOT NULL,
    name_key text NOT NULL,                      -- as names are compared (V8)
    name_words text NOT NULL,                    -- of its core, as near-same names are found
    initials text NOT NULL,
    region text COLLATE "C" NOT NULL,            -- where it was registered, as its credit code says; perhaps abolished since
    categories text[] NOT NULL,                  -- the first is the main one; of 建设单位: none
    unit_nature text NOT NULL,                   -- empty: not told
    association_post text NOT NULL,              -- empty: no member
    responsible_name text NOT NULL,
    phones text[] NOT NULL,                      -- of the unit and who leads it
    license_valid_to date NOT NULL,              -- 9999-12-31: for ever, or not told
    first_expiry date NOT NULL,                  -- of the licence and the qualifications, the first to end
    state text NOT NULL CHECK (state IN ('IN_FORCE', 'REVOKED', 'EXPIRED')),
    state_reason text NOT NULL DEFAULT '',
    joined_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    search text NOT NULL GENERATED ALWAYS AS (search_words(unit_name || ' ' || initials || ' ' || uscc)) STORED,
    CHECK ((state = 'IN_FORCE') = (kinds <> '{}'))
);
CREATE INDEX unit_search ON unit USING gin (search gin_trgm_ops) WITH (fastupdate = off);
CREATE INDEX unit_name_words ON unit USING gin (name_words gin_trgm_ops) WITH (fastupdate = off);
CREATE INDEX unit_phones ON unit USING gin (phones) WITH (fastupdate = off);
CREATE INDEX unit_name_key ON unit (name_key);
CREATE INDEX unit_region ON unit (region, joined_at, id);
CREATE INDEX unit_joined ON unit (joined_at, id);
CREATE INDEX unit_expiry ON unit (first_expiry, id);

-- Which account's identity it is, or was.
CREATE TABLE unit_identity (
    account_id bigint NOT NULL,
    kind text NOT NULL,
    unit_id bigint NOT NULL REFERENCES unit (id),
    version integer NOT NULL,                    -- that is in force, or was last
    state text NOT NULL CHECK (state IN ('IN_FORCE', 'REVOKED', 'EXPIRED')),
    at timestamptz NOT NULL,
    PRIMARY KEY (account_id, kind),
    FOREIGN KEY (account_id, kind, version) REFERENCES submission (account_id, kind, version)
);
CREATE UNIQUE INDEX unit_identity_in_force ON unit_identity (unit_id, kind) WHERE state = 'IN_FORCE';
CREATE INDEX unit_identity_of ON unit_identity (unit_id);

CREATE TABLE unit_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit_id bigint NOT NULL REFERENCES unit (id),
    event text NOT NULL CHECK (event IN ('JOINED', 'CHANGED', 'REVOKED', 'EXPIRED', 'LEFT')),
    kind text NOT NULL,
    account_id bigint NOT NULL,
    version integer NOT NULL,
    unit_name text NOT NULL,                     -- as it was called then
    uscc text NOT NULL,
    reason text NOT NULL,
    changed_by_name text NOT NULL,               -- empty: the platform itself
    at timestamptz NOT NULL
);
COMMENT ON TABLE unit_history IS 'append-only';
CREATE INDEX unit_history_of ON unit_history (unit_id, id);

-- A.11: units that may be one. Both rows of a pair are there.
CREATE TABLE unit_alike (
    unit_id bigint NOT NULL REFERENCES unit (id),
    other_id bigint NOT NULL REFERENCES unit (id),
    by_name boolean NOT NULL,
    by_phone boolean NOT NULL,
    PRIMARY KEY (unit_id, other_id),
    CHECK (unit_id <> other_id),
    CHECK (by_name OR by_phone)
);

-- ---- what is alike

-- Names are near the same where three quarters of the signs of their cores are.
CREATE FUNCTION units_near(words text) RETURNS SETOF bigint LANGUAGE sql STABLE
SET pg_trgm.similarity_threshold = 0.75 AS $$
    SELECT id FROM unit WHERE name_words % words
$$;

-- The units, but for that of the credit code, that are called nearly so or have one of the phones.
CREATE FUNCTION units_alike(of_uscc text, of_name text, of_phones text[])
RETURNS TABLE (unit_id bigint, by_name boolean, by_phone boolean) LANGUAGE sql STABLE AS $$
    SELECT u.id, bool_or(found.by_name), bool_or(NOT found.by_name)
      FROM (SELECT n AS id, true AS by_name FROM units_near(search_words(unit_core(of_name))) AS n WHERE of_name <> ''
            UNION ALL SELECT p.id, false FROM unit p WHERE p.phones && of_phones) AS found
      JOIN unit u ON u.id = found.id AND u.uscc <> of_uscc
     GROUP BY u.id
$$;

-- Phones of a unit's form, each once.
CREATE FUNCTION form_phones(form jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_agg(DISTINCT phone), '{}')
      FROM unnest(ARRAY[form ->> 'contact_phone', form ->> 'principal_phone', form ->> 'legal_person_phone']) AS phone
     WHERE phone <> ''
$$;

-- ---- how units come in, and change

-- Puts what is in force into the row: what the member's form says, then the owner's. Where nothing is in force any more, what was
-- known stays, and the state tells what became of it.
CREATE FUNCTION unit_refresh(of_unit bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    told record;
BEGIN
    SELECT array_agg(t.kind ORDER BY t.kind) AS kinds, (array_agg(s.form ORDER BY t.kind))[1] AS form,
           (array_agg(s.unit_name ORDER BY t.kind))[1] AS unit_name, (array_agg(s.uscc ORDER BY t.kind))[1] AS uscc,
           coalesce(max(i.association_post), '') AS association_post,
           (SELECT array_agg(DISTINCT p) FROM unnest(array_agg(s.form)) AS f, unnest(form_phones(f)) AS p) AS phones,
           coalesce(min(nullif(s.form ->> 'license_valid_to', '')), '9999-12-31')::date AS license_valid_to,
           coalesce((SELECT min(q.qual_valid_to)
                       FROM unnest(array_agg(s.form)) AS f,
                            jsonb_to_recordset(f -> 'unit_qualifications') AS q(qual_valid_to text, qual_valid_forever boolean)
                      WHERE q.qual_valid_to <> '' AND q.qual_valid_forever IS NOT TRUE), '9999-12-31')::date AS qualification_ends
      INTO told
      FROM unit_identity t JOIN submission s USING (account_id, kind, version)
      JOIN identity i USING (account_id, kind)
     WHERE t.unit_id = of_unit AND t.state = 'IN_FORCE';

    IF told.kinds IS NULL THEN
        UPDATE unit u SET kinds = '{}', association_post = '', state = last.state, state_reason = last.reason, changed_at = last.at
          FROM (SELECT t.state, t.at, coalesce((SELECT h.reason FROM unit_history h WHERE h.unit_id = of_unit ORDER BY h.id DESC LIMIT 1), '')
                           AS reason
                  FROM unit_identity t WHERE t.unit_id = of_unit ORDER BY t.at DESC, t.kind LIMIT 1) AS last
         WHERE u.id = of_unit;
        -- Its last identity went to another unit.
        UPDATE unit SET kinds = '{}', association_post = '', state = 'REVOKED', state_reason = '信用代码已更正', changed_at = now()
         WHERE id = of_unit AND NOT EXISTS (SELECT FROM unit_identity WHERE unit_id = of_unit);
        RETURN;
    END IF;

    UPDATE unit SET kinds = told.kinds, unit_name = told.unit_name, uscc = told.uscc, name_key = unit_key(told.unit_name),
           name_words = search_words(unit_core(told.unit_name)), initials = unit_initials(told.unit_name),
           region = substr(told.uscc, 3, 6),
           categories = array_remove(ARRAY[told.form ->> 'member_category'], NULL)
               || ARRAY(SELECT jsonb_array_elements_text(coalesce(told.form -> 'member_category_extra', '[]'))),
           unit_nature = coalesce(told.form ->> 'unit_nature', ''), association_post = told.association_post,
           responsible_name = coalesce(told.form ->> 'principal_name', told.form ->> 'contact_name', ''),
           phones = coalesce(told.phones, '{}'), license_valid_to = told.license_valid_to,
           first_expiry = least(told.license_valid_to, told.qualification_ends), state = 'IN_FORCE', state_reason = '',
           changed_at = now()
     WHERE id = of_unit;
    DELETE FROM unit_alike WHERE unit_id = of_unit OR other_id = of_unit;
    INSERT INTO unit_alike (unit_id, other_id, by_name, by_phone)
    SELECT pair.unit_id, pair.other_id, a.by_name, a.by_phone
      FROM units_alike(told.uscc, told.unit_name, told.phones) AS a,
           LATERAL (VALUES (of_unit, a.unit_id), (a.unit_id, of_unit)) AS pair(unit_id, other_id);
END $$;

-- An identity's form in force becomes its unit's. A corrected credit code renames the row, unless another identity has it, too,
-- or the other code's unit is there already.
CREATE FUNCTION unit_keep(i identity) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    s submission;
    before unit_identity;
    wanted bigint;
    decided record;
BEGIN
    SELECT * INTO s FROM submission x
     WHERE x.account_id = i.account_id AND x.kind = i.kind AND x.version = i.in_force_version;
    IF coalesce(s.uscc, '') = '' THEN
        RETURN;
    END IF;
    SELECT * INTO before FROM unit_identity t WHERE t.account_id = i.account_id AND t.kind = i.kind;
    SELECT r.decided_by_name, coalesce(r.decided_at, now()) AS at INTO decided
      FROM (SELECT 1) AS one LEFT JOIN review r ON r.account_id = i.account_id AND r.kind = i.kind AND r.version = i.in_force_version;
    PERFORM pg_advisory_xact_lock(hashtextextended('unit', 0)); -- one at a time: units that are alike see each other
    SELECT u.id INTO wanted FROM unit u WHERE u.uscc = s.uscc;
    IF wanted IS NULL AND before.unit_id IS NOT NULL
       AND NOT EXISTS (SELECT FROM unit_identity t WHERE t.unit_id = before.unit_id
                          AND (t.account_id, t.kind) <> (i.account_id, i.kind)) THEN
        wanted := before.unit_id;
    END IF;
    IF wanted IS NULL THEN
        INSERT INTO unit (uscc, kinds, unit_name, name_key, name_words, initials, region, categories, unit_nature, association_post,
                          responsible_name, phones, license_valid_to, first_expiry, state, joined_at, changed_at)
        VALUES (s.uscc, ARRAY[i.kind], s.unit_name, '', '', '', '', '{}', '', '', '', '{}', '9999-12-31', '9999-12-31', 'IN_FORCE',
                decided.at, decided.at)
        RETURNING id INTO wanted;
    END IF;
    INSERT INTO unit_identity (account_id, kind, unit_id, version, state, at)
    VALUES (i.account_id, i.kind, wanted, i.in_force_version, 'IN_FORCE', decided.at)
    ON CONFLICT (account_id, kind) DO UPDATE
       SET unit_id = excluded.unit_id, version = excluded.version, state = excluded.state, at = excluded.at;
    IF before.unit_id <> wanted THEN
        INSERT INTO unit_history (unit_id, event, kind, account_id, version, unit_name, uscc, reason, changed_by_name, at)
        SELECT before.unit_id, 'LEFT', i.kind, i.account_id, i.in_force_version, s.unit_name, s.uscc, '信用代码改为' || s.uscc,
               coalesce(decided.decided_by_name, ''), decided.at;
        PERFORM unit_refresh(before.unit_id);
    END IF;
    INSERT INTO unit_history (unit_id, event, kind, account_id, version, unit_name, uscc, reason, changed_by_name, at)
    SELECT wanted, CASE WHEN before.unit_id = wanted AND before.state = 'IN_FORCE' THEN 'CHANGED' ELSE 'JOINED' END, i.kind,
           i.account_id, i.in_force_version, s.unit_name, s.uscc, '', coalesce(decided.decided_by_name, ''), decided.at
     WHERE (before.unit_id, before.version, before.state) IS DISTINCT FROM (wanted, i.in_force_version, 'IN_FORCE');
    PERFORM unit_refresh(wanted);
END $$;

-- Nothing of an identity is in force any more.
CREATE FUNCTION unit_end(i identity) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    ended unit_identity;
    v revocation;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('unit', 0));
    UPDATE unit_identity t SET state = CASE i.state WHEN 'EXPIRED' THEN 'EXPIRED' ELSE 'REVOKED' END, at = now()
     WHERE t.account_id = i.account_id AND t.kind = i.kind AND t.state = 'IN_FORCE'
    RETURNING t.* INTO ended;
    IF ended.unit_id IS NULL THEN
        RETURN;
    END IF;
    SELECT * INTO v FROM revocation r
     WHERE r.account_id = i.account_id AND r.kind = i.kind AND r.version = ended.version AND r.state = 'CONFIRMED';
    INSERT INTO unit_history (unit_id, event, kind, account_id, version, unit_name, uscc, reason, changed_by_name, at)
    SELECT ended.unit_id, ended.state, i.kind, i.account_id, ended.version, u.unit_name, u.uscc,
           CASE ended.state WHEN 'EXPIRED' THEN '证照已过有效期' ELSE coalesce(v.reason, '') END, coalesce(v.decided_by_name, ''), now()
      FROM unit u WHERE u.id = ended.unit_id;
    PERFORM unit_refresh(ended.unit_id);
END $$;

-- In the transaction of the approval or its end, whatever writes it.
CREATE FUNCTION unit_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.in_force_version IS NOT NULL THEN
        PERFORM unit_keep(NEW);
    ELSE
        PERFORM unit_end(NEW);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER unit_follow AFTER UPDATE ON identity
    FOR EACH ROW WHEN (NEW.kind IN ('OWNER_UNIT', 'MEMBER_UNIT') AND (NEW.in_force_version, NEW.association_post)
                           IS DISTINCT FROM (OLD.in_force_version, OLD.association_post))
    EXECUTE FUNCTION unit_follow();

SELECT unit_keep(i) FROM identity i
 WHERE i.kind IN ('OWNER_UNIT', 'MEMBER_UNIT') AND i.in_force_version IS NOT NULL ORDER BY i.decided_at, i.account_id, i.kind;

-- ---- finding them

-- Another unit may be the same, or two accounts have identities of it.
CREATE FUNCTION units_doubtful() RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
    SELECT unit_id FROM unit_alike
    UNION SELECT unit_id FROM unit_identity WHERE state = 'IN_FORCE' GROUP BY unit_id HAVING count(DISTINCT account_id) > 1
$$;
CREATE FUNCTION unit_doubtful(u unit) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM unit_alike a WHERE a.unit_id = u.id)
        OR (SELECT count(DISTINCT t.account_id) > 1 FROM unit_identity t WHERE t.unit_id = u.id AND t.state = 'IN_FORCE')
$$;

-- Those that fit all that is asked; empty or NULL: not asked. A province and a city cover what is below them. One SELECT, so
-- that the planner sees through it.
CREATE FUNCTION unit_found(asked text, in_state text, of_kind text, in_region text, category text, nature text, ending_by date,
                           doubtful boolean) RETURNS SETOF unit LANGUAGE sql STABLE AS $$
    SELECT * FROM unit
     WHERE (asked = '' OR search LIKE search_pattern(asked))
       AND (in_state = 'UNSPECIFIED' OR state = in_state)
       AND (of_kind = 'UNSPECIFIED' OR of_kind = ANY (kinds))
       AND (in_region = '' OR region BETWEEN in_region AND rpad(regexp_replace(in_region, '(00){1,2}$', ''), 6, '9'))
       AND (category = '' OR category = ANY (categories))
       AND (nature = '' OR unit_nature = nature)
       AND (ending_by IS NULL OR state = 'IN_FORCE' AND first_expiry <= ending_by)
       AND (NOT doubtful OR id IN (SELECT units_doubtful()))
$$;

-- A unit as the contract has it.
CREATE FUNCTION unit_told(u unit) RETURNS TABLE (
    id bigint, kinds jsonb, unit_name text, uscc text, region text, region_name text, categories jsonb, unit_nature text,
    association_post text, responsible_name text, license_valid_to text, first_expiry text, state text, state_reason text,
    joined_at timestamptz, is_doubtful boolean) LANGUAGE sql STABLE AS $$
    SELECT u.id, to_jsonb(u.kinds), u.unit_name, u.uscc, u.region, region_words(u.region), to_jsonb(u.categories), u.unit_nature,
           u.association_post, u.responsible_name, replace(u.license_valid_to::text, '9999-12-31', ''),
           replace(u.first_expiry::text, '9999-12-31', ''), u.state, u.state_reason, u.joined_at, unit_doubtful(u)
$$;

-- ---- C.9: a unit and its people, by approved 所在单位 (V8), or the credit code where they give it

-- Where a person works now.
CREATE FUNCTION form_employer_key(form jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN form ->> 'self_employed' = 'true' THEN ''
                ELSE lower(regexp_replace(translate(coalesce(form ->> 'employer_name', ''), '（）', '()'), '\s', '', 'g')) END
$$;
CREATE FUNCTION form_employer_usccs(form jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_agg(job ->> 'employer_uscc'), '{}')
      FROM jsonb_array_elements(CASE WHEN jsonb_typeof(form -> 'employments') = 'array' THEN form -> 'employments' ELSE '[]' END) AS job
     WHERE job ->> 'until_now' = 'true' AND job ->> 'employer_uscc' <> ''
$$;
CREATE INDEX submission_employer ON submission (form_employer_key(form)) WHERE kind IN ('EXPERT', 'NATURAL_PERSON');
CREATE INDEX submission_employer_uscc ON submission USING gin (form_employer_usccs(form)) WITH (fastupdate = off)
 WHERE kind IN ('EXPERT', 'NATURAL_PERSON');
CREATE INDEX submission_uscc ON submission (uscc) WHERE uscc <> '';

-- The units where the author of a form works, a row for each kind that is in force.
CREATE FUNCTION units_of_person(form jsonb) RETURNS TABLE (id bigint, kind text, unit_name text, uscc text) LANGUAGE sql STABLE AS $$
    SELECT u.id, k.kind, u.unit_name, u.uscc
      FROM unit u, unnest(u.kinds) AS k(kind)
     WHERE u.id IN (SELECT n.id FROM unit n WHERE n.name_key = form_employer_key(form) AND n.name_key <> ''
                    UNION SELECT c.id FROM unit c WHERE c.uscc = ANY (form_employer_usccs(form)))
     ORDER BY k.kind, u.uscc
$$;
DROP INDEX submission_unit; -- units_of_person asks the directory

-- Where the author of a form works, or the unit that it is about.
CREATE FUNCTION linked_units_json(s submission) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', l.id, 'kind', l.kind, 'unit_name', l.unit_name, 'uscc', l.uscc)
                              ORDER BY l.kind, l.uscc), '[]')
      FROM (SELECT * FROM units_of_person(s.form) WHERE s.kind IN ('EXPERT', 'NATURAL_PERSON')
            UNION ALL
            SELECT u.id, k.kind, u.unit_name, u.uscc FROM unit u, unnest(u.kinds) AS k(kind)
             WHERE s.kind IN ('OWNER_UNIT', 'MEMBER_UNIT') AND u.uscc = s.uscc AND s.uscc <> '') AS l
$$;

-- Of an application: units of others that are called nearly alike, or that have one of its phones; the first five names.
CREATE FUNCTION units_alike_words(for_account bigint, s submission, by_name boolean) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(string_agg(unit_name, '、' ORDER BY unit_name), '')
      FROM (SELECT u.unit_name
              FROM units_alike(s.uscc, s.unit_name, form_phones(s.form)) AS a JOIN unit u ON u.id = a.unit_id
             WHERE CASE WHEN units_alike_words.by_name THEN a.by_name ELSE a.by_phone END
               AND NOT EXISTS (SELECT FROM unit_identity t WHERE t.unit_id = u.id AND t.account_id = for_account)
             ORDER BY u.unit_name LIMIT 5) AS found
$$;
