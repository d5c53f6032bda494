-- Every change of a state, as the tables that may change it tell it: a path of the transition table.
CREATE TABLE history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    machine text NOT NULL,
    subject text NOT NULL,   -- a review's id; an identity's account_id:kind
    from_state text NOT NULL,
    to_state text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE history IS 'append-only';
CREATE INDEX history_of ON history (machine, subject, id);

-- After the change: an INSERT that becomes an UPDATE is one change.
CREATE FUNCTION history_write() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text := CASE WHEN TG_OP = 'INSERT' THEN '' ELSE OLD.state END;
    changed jsonb := to_jsonb(NEW);
BEGIN
    IF before <> NEW.state THEN
        INSERT INTO history (machine, subject, from_state, to_state)
        VALUES (TG_ARGV[0], coalesce(changed ->> 'id', (changed ->> 'account_id') || ':' || (changed ->> 'kind')),
                before, NEW.state);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER identity_history AFTER INSERT OR UPDATE ON identity
    FOR EACH ROW EXECUTE FUNCTION history_write('identity');
CREATE TRIGGER review_history AFTER INSERT OR UPDATE ON review
    FOR EACH ROW EXECUTE FUNCTION history_write('review');
