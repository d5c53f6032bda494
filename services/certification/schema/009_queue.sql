-- A queue of 100 000 is counted without looking at what was handed in.
ALTER TABLE review ADD COLUMN promised_by date;
UPDATE review r SET promised_by = s.expected_by FROM submission s
 WHERE s.account_id = r.account_id AND s.kind = r.kind AND s.version = r.version;

-- Whoever hands in promises the day, also an instance of the version before.
CREATE FUNCTION review_promise() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT s.expected_by INTO NEW.promised_by FROM submission s
     WHERE s.account_id = NEW.account_id AND s.kind = NEW.kind AND s.version = NEW.version;
    RETURN NEW;
END $$;
CREATE TRIGGER review_promise BEFORE INSERT ON review FOR EACH ROW EXECUTE FUNCTION review_promise();

CREATE INDEX review_waiting_kind ON review (kind, submitted_at, id) INCLUDE (state) WHERE state IN ('QUEUED', 'CLAIMED');
