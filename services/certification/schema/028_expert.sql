-- SM7, the rest: an expert pauses himself for some days; who has no valid certificate is paused where staff set it so. And the
-- term of each appointment (D-7).

-- What staff set. One row.
CREATE TABLE expert_policy (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    pause_without_certificate boolean NOT NULL DEFAULT false,
    appointment_years integer NOT NULL DEFAULT 3 CONSTRAINT appointment_years CHECK (appointment_years BETWEEN 1 AND 10),
    version integer NOT NULL DEFAULT 1,
    changed_by_name text NOT NULL DEFAULT '',
    changed_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO expert_policy DEFAULT VALUES;

ALTER TABLE expert ADD COLUMN away_from date;        -- both, or none: he takes no part in reviews of these days
ALTER TABLE expert ADD COLUMN away_until date;
ALTER TABLE expert ADD CONSTRAINT expert_away CHECK (num_nulls(away_from, away_until) IN (0, 2) AND away_from <= away_until);
ALTER TABLE expert ADD COLUMN paused_for_certificate boolean NOT NULL DEFAULT false; -- ends by itself when one is valid again
ALTER TABLE expert ADD COLUMN appointed_on date NOT NULL DEFAULT current_date;
ALTER TABLE expert ADD COLUMN appointed_until date NOT NULL DEFAULT current_date;

CREATE FUNCTION expert_appoint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.paused_for_certificate := NEW.paused_for_certificate AND NEW.state = 'PAUSED';
    IF TG_OP = 'INSERT' OR NEW.in_force_version <> OLD.in_force_version THEN
        NEW.appointed_on := (NEW.changed_at AT TIME ZONE 'Asia/Shanghai')::date;
        SELECT (NEW.appointed_on + appointment_years * interval '1 year' - interval '1 day')::date INTO NEW.appointed_until
          FROM expert_policy;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER expert_appoint BEFORE INSERT OR UPDATE ON expert FOR EACH ROW EXECUTE FUNCTION expert_appoint();
-- Those who are in already: since their form in force was approved.
UPDATE expert e SET appointed_on = a.day, appointed_until = (a.day + interval '3 years' - interval '1 day')::date
  FROM (SELECT account_id, (max(at) AT TIME ZONE 'Asia/Shanghai')::date AS day FROM expert_history
         WHERE event IN ('JOINED', 'CHANGED') GROUP BY account_id) AS a
 WHERE a.account_id = e.account_id;

CREATE FUNCTION expert_is_away(e expert, on_day date) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(on_day BETWEEN e.away_from AND e.away_until, false)
$$;

ALTER TABLE expert_history DROP CONSTRAINT expert_history_event_check;
ALTER TABLE expert_history ADD CONSTRAINT expert_history_event_check
    CHECK (event IN ('JOINED', 'CHANGED', 'PAUSED', 'RESUMED', 'REMOVED', 'AWAY', 'BACK'));

CREATE FUNCTION expert_away_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO expert_history (account_id, event, in_force_version, state, reason, changed_by, changed_by_name, at)
    VALUES (NEW.account_id, CASE WHEN NEW.away_from IS NULL THEN 'BACK' ELSE 'AWAY' END, NEW.in_force_version, NEW.state,
            coalesce(NEW.away_from || ' 至 ' || NEW.away_until, ''), NEW.account_id, '本人', now());
    RETURN NULL;
END $$;
CREATE TRIGGER expert_away_history AFTER UPDATE ON expert
    FOR EACH ROW WHEN ((NEW.away_from, NEW.away_until) IS DISTINCT FROM (OLD.away_from, OLD.away_until))
    EXECUTE FUNCTION expert_away_history();

-- Neither without a certification, nor, where staff set it so, without a valid certificate.
CREATE OR REPLACE FUNCTION expert_certified_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> 'IN_POOL' OR OLD.state = 'IN_POOL' THEN
        RETURN NEW;
    END IF;
    IF NOT EXISTS (
        SELECT 1 FROM identity i WHERE i.account_id = NEW.account_id AND i.kind = 'EXPERT' AND i.in_force_version IS NOT NULL)
    THEN
        RAISE EXCEPTION 'expert % is not certified', NEW.account_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'expert_not_certified';
    END IF;
    IF NEW.last_expiry < current_date AND (SELECT pause_without_certificate FROM expert_policy) THEN
        RAISE EXCEPTION 'expert % has no valid certificate', NEW.account_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'expert_no_certificate';
    END IF;
    RETURN NEW;
END $$;

DROP FUNCTION expert_told(expert);
-- An expert as the contract has it. Days that are over are not told.
CREATE FUNCTION expert_told(e expert) RETURNS TABLE (
    id bigint, expert_no text, name text, employer_name text, province_code text, city_code text, review_specialties jsonb,
    qualification_codes jsonb, highest_title text, first_expiry text, last_expiry text, state text, state_reason text,
    joined_at timestamptz, away_from text, away_until text, is_away boolean, appointed_on text, appointed_until text)
LANGUAGE sql STABLE AS $$
    SELECT e.account_id, e.expert_no, e.name, e.employer_name, e.province_code, e.city_code, to_jsonb(e.review_specialties),
           to_jsonb(e.qualification_codes), e.highest_title, replace(e.first_expiry::text, '9999-12-31', ''),
           replace(e.last_expiry::text, '9999-12-31', ''), e.state, e.state_reason, e.joined_at,
           CASE WHEN e.away_until >= current_date THEN e.away_from::text ELSE '' END,
           CASE WHEN e.away_until >= current_date THEN e.away_until::text ELSE '' END,
           expert_is_away(e, current_date), e.appointed_on::text, e.appointed_until::text
$$;

-- Whoever is away on the day of the review keeps away from it.
ALTER FUNCTION draw_pool(bigint, jsonb) RENAME TO draw_pool_but_away;
CREATE FUNCTION draw_pool(of_draw bigint, conditions jsonb) RETURNS TABLE (
    expert_no text, account_id bigint, slots integer[], reasons text[]) LANGUAGE sql STABLE AS $$
    SELECT p.expert_no, p.account_id, p.slots, p.reasons || CASE WHEN expert_is_away(e, (conditions ->> 'review_at')::timestamp::date)
               THEN ARRAY['AWAY'] ELSE '{}' END
      FROM draw_pool_but_away(of_draw, conditions) AS p JOIN expert e USING (account_id)
$$;
