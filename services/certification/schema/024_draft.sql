-- What is under review is what was handed in: no page that is still open elsewhere changes the draft of it. Who takes the
-- application back, or has his verdict, goes on. (Saving alone sets saved_at.)
CREATE FUNCTION draft_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM review WHERE account_id = NEW.account_id AND kind = NEW.kind
                  AND state IN ('QUEUED', 'CLAIMED'))
    THEN
        RAISE EXCEPTION 'an application of this identity is under review'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'application_open';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER draft_open BEFORE UPDATE OF saved_at ON draft FOR EACH ROW EXECUTE FUNCTION draft_open();

-- Of some codes in a form the paths of those that may not be chosen: unknown, disabled, or, of 专业类别, not of the 职业资格
-- beside it (the same that the pages offer: those of its group, or the ones of OTHER where the group has none).
CREATE OR REPLACE FUNCTION codes_unknown(paths text[], dictionaries text[], codes text[]) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
    WITH asked AS (
        SELECT * FROM unnest(paths, dictionaries, codes) WITH ORDINALITY AS a(path, dictionary, code, place)),
    majors AS (
        SELECT m.path, m.code,
               CASE WHEN EXISTS (SELECT FROM dictionary_item o
                                  WHERE o.dictionary = 'qualification_major' AND o.parent = q.parent)
                    THEN q.parent ELSE 'OTHER' END AS parent
          FROM asked m
          JOIN asked b ON b.path = regexp_replace(m.path, 'qualification_major$', 'qualification_code')
          JOIN dictionary_item q ON q.dictionary = 'qualification' AND q.code = b.code
         WHERE m.dictionary = 'qualification_major')
    SELECT asked.path FROM asked
     WHERE NOT EXISTS (SELECT FROM dictionary_item i
                        WHERE i.dictionary = asked.dictionary AND i.code = asked.code AND i.enabled)
        OR EXISTS (SELECT FROM majors m JOIN dictionary_item i
                       ON i.dictionary = 'qualification_major' AND i.code = m.code AND i.parent <> m.parent
                    WHERE m.path = asked.path)
     ORDER BY asked.place
$$;

-- What an option was called on a day: what was handed in is printed with the words that its author chose from.
CREATE INDEX dictionary_change_of ON dictionary_change (dictionary, code, id);
CREATE FUNCTION dictionary_name(of_dictionary text, of_code text, at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT before ->> 'name' FROM dictionary_change
          WHERE dictionary = of_dictionary AND code = of_code AND changed_at > at AND before IS NOT NULL
          ORDER BY id LIMIT 1),
        (SELECT name FROM dictionary_item WHERE dictionary = of_dictionary AND code = of_code))
$$;
