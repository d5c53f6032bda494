-- What changed in the queue since a page asked last. A row keeps the transaction that changed it; a page that was told up to the
-- oldest transaction then running asks from there: whatever commits later is told later, perhaps twice, and is never left out.
-- The time beside it keeps a database that was restored elsewhere, where transactions count from the beginning, from telling
-- all it has.
ALTER TABLE review ADD COLUMN changed_in bigint NOT NULL DEFAULT 0;
ALTER TABLE review ADD COLUMN changed_at timestamptz NOT NULL DEFAULT '-infinity';
CREATE INDEX review_changed ON review (changed_in) WHERE changed_in > 0;

CREATE FUNCTION review_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_in := pg_current_xact_id()::text::bigint;
    NEW.changed_at := now();
    RETURN NEW;
END $$;
CREATE TRIGGER review_changed BEFORE INSERT OR UPDATE ON review FOR EACH ROW EXECUTE FUNCTION review_changed();

-- Transactions below it are over.
CREATE FUNCTION changes_now() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint
$$;
