-- Staff publish a consent's text: it holds from a day on, and is asked of everybody from then. Only forwards: a version comes into
-- force after all that were published before it.
ALTER TABLE consent_text
    ADD COLUMN effective_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN published_by bigint NOT NULL DEFAULT 0,         -- staff; 0: a migration
    ADD COLUMN published_by_name text NOT NULL DEFAULT '';
UPDATE consent_text SET effective_at = published_at;

CREATE FUNCTION consent_text_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'consent text % is kept as it was published', OLD.version
            USING ERRCODE = 'check_violation', CONSTRAINT = 'consent_text_kept';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('consent_text ' || NEW.scope, 0)); -- two at once: the second sees the first
    IF EXISTS (SELECT FROM consent_text t WHERE t.scope = NEW.scope AND (t.effective_at >= NEW.effective_at OR t.version = NEW.version)) THEN
        RAISE EXCEPTION 'consent text % would come into force before another', NEW.version
            USING ERRCODE = 'check_violation', CONSTRAINT = 'consent_text_order';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER consent_text_guard BEFORE INSERT OR UPDATE OR DELETE ON consent_text
    FOR EACH ROW EXECUTE FUNCTION consent_text_guard();

-- The text that holds now.
CREATE OR REPLACE FUNCTION consent_current(of_scope text) RETURNS consent_text LANGUAGE sql STABLE AS $$
    SELECT t FROM consent_text t WHERE t.scope = of_scope AND t.effective_at <= now() ORDER BY t.effective_at DESC LIMIT 1
$$;
