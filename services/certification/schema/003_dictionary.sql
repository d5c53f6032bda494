-- Dictionaries: what a person may choose. Staff edit them; each change makes a new version, nothing is deleted.
CREATE TABLE dictionary (
    name text PRIMARY KEY,
    title text NOT NULL,
    version integer NOT NULL DEFAULT 1           -- rises with each change of an item
);

CREATE TABLE dictionary_item (
    dictionary text NOT NULL CONSTRAINT dictionary_gone REFERENCES dictionary (name),
    code text NOT NULL CONSTRAINT dictionary_code CHECK (code ~ '^[A-Z0-9_]{1,40}$'),
    name text NOT NULL CHECK (name <> ''),
    parent text NOT NULL DEFAULT '' CONSTRAINT dictionary_parent CHECK (parent ~ '^[A-Z0-9_]{0,40}$'),
    note text NOT NULL DEFAULT '',
    place integer NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    changed_by bigint NOT NULL DEFAULT 0,        -- staff; 0: a migration
    PRIMARY KEY (dictionary, code)
);

CREATE TABLE dictionary_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dictionary text NOT NULL,
    version integer NOT NULL,                    -- that the change made
    code text NOT NULL,
    changed_by bigint NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    before jsonb,                                -- NULL: the item was added
    after jsonb NOT NULL,
    UNIQUE (dictionary, version)
);
COMMENT ON TABLE dictionary_change IS 'append-only';

-- Records keep codes: a code means for ever what it meant.
CREATE FUNCTION dictionary_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'nothing is deleted from %: disable it', TG_TABLE_NAME
            USING ERRCODE = 'check_violation', CONSTRAINT = 'dictionary_kept';
    END IF;
    IF (NEW.dictionary, NEW.code, NEW.parent) IS DISTINCT FROM (OLD.dictionary, OLD.code, OLD.parent) THEN
        RAISE EXCEPTION 'an item''s code and parent do not change'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'dictionary_parent_fixed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER dictionary_guard BEFORE DELETE ON dictionary
    FOR EACH ROW EXECUTE FUNCTION dictionary_guard();
CREATE TRIGGER dictionary_item_guard BEFORE UPDATE OR DELETE ON dictionary_item
    FOR EACH ROW EXECUTE FUNCTION dictionary_guard();

CREATE FUNCTION dictionary_change_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH raised AS (
        UPDATE dictionary SET version = version + 1 WHERE name = NEW.dictionary RETURNING version)
    INSERT INTO dictionary_change (dictionary, version, code, changed_by, before, after)
    SELECT NEW.dictionary, version, NEW.code, NEW.changed_by,
           CASE TG_OP WHEN 'UPDATE' THEN to_jsonb(OLD) END, to_jsonb(NEW) FROM raised;
    RETURN NULL;
END $$;
CREATE TRIGGER dictionary_item_change AFTER INSERT OR UPDATE ON dictionary_item
    FOR EACH ROW EXECUTE FUNCTION dictionary_change_write();

-- Of some codes in a form the paths of those that may not be chosen. The three lists go in step.
CREATE FUNCTION codes_unknown(paths text[], dictionaries text[], codes text[]) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
    SELECT asked.path FROM unnest(paths, dictionaries, codes) WITH ORDINALITY AS asked(path, dictionary, code, place)
     WHERE NOT EXISTS (SELECT FROM dictionary_item i
                        WHERE i.dictionary = asked.dictionary AND i.code = asked.code AND i.enabled)
     ORDER BY asked.place
$$;
