-- Four eyes: some approvals take a second person. And a review can be handed to a named colleague.

-- Which approvals take two, for each identity. SENSITIVE: changes of the name, the credit code or the identity card's number.
CREATE TABLE review_policy (
    kind text PRIMARY KEY CHECK (kind IN ('OWNER_UNIT', 'MEMBER_UNIT', 'EXPERT', 'NATURAL_PERSON')),
    second_review text NOT NULL CHECK (second_review IN ('NEVER', 'SENSITIVE', 'ALWAYS')),
    version integer NOT NULL DEFAULT 1,
    changed_by_name text NOT NULL DEFAULT '',
    changed_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO review_policy (kind, second_review) VALUES
    ('OWNER_UNIT', 'SENSITIVE'), ('MEMBER_UNIT', 'SENSITIVE'), ('EXPERT', 'SENSITIVE'), ('NATURAL_PERSON', 'SENSITIVE');

-- While first_by is set, the review waits for the second person (SM2's second_review); queue and lease work as for the first.
ALTER TABLE review ADD COLUMN first_by bigint;
ALTER TABLE review ADD COLUMN first_by_name text NOT NULL DEFAULT '';
ALTER TABLE review ADD COLUMN first_at timestamptz;
ALTER TABLE review ADD COLUMN decided_by_name text NOT NULL DEFAULT '';
ALTER TABLE review ADD CONSTRAINT review_same_person CHECK (state <> 'APPROVED' OR first_by IS NULL OR first_by <> decided_by);

-- F16: the unit's post in the association as staff confirmed it; dues go by it.
ALTER TABLE review ADD COLUMN association_post text NOT NULL DEFAULT '';
ALTER TABLE identity ADD COLUMN association_post text NOT NULL DEFAULT '';
-- Units approved before nobody had to confirm a post keep the one they asked for.
UPDATE identity i SET association_post = s.form ->> 'association_post'
  FROM submission s
 WHERE i.kind = 'MEMBER_UNIT' AND s.account_id = i.account_id AND s.kind = i.kind AND s.version = i.in_force_version;
ALTER TABLE review ADD CONSTRAINT association_post_needed
    CHECK (kind <> 'MEMBER_UNIT' OR state <> 'APPROVED' OR association_post <> '') NOT VALID;

CREATE FUNCTION review_needs_second(r review) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE p.second_review
               WHEN 'ALWAYS' THEN true
               WHEN 'SENSITIVE' THEN EXISTS (
                   SELECT 1 FROM identity i
                     JOIN submission f ON f.account_id = i.account_id AND f.kind = i.kind AND f.version = i.in_force_version
                     JOIN submission s ON s.account_id = r.account_id AND s.kind = r.kind AND s.version = r.version
                    WHERE i.account_id = r.account_id AND i.kind = r.kind AND f.version <> s.version
                      AND (f.unit_name, f.uscc, f.id_number_index) IS DISTINCT FROM (s.unit_name, s.uscc, s.id_number_index))
               ELSE false END
      FROM review_policy p WHERE p.kind = r.kind
$$;

-- Who may take or decide it now. Both ask here, and nobody asks elsewhere.
CREATE FUNCTION review_may_act(r review, caller bigint, permissions text[]) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT review_permission(r.kind) = ANY (permissions)
       AND (r.first_by IS NULL OR r.first_by <> caller AND 'cert.second_review' = ANY (permissions))
$$;

-- Whoever approves, by whatever way: not without the first person where the policy asks for two.
CREATE FUNCTION review_second_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'APPROVED' AND OLD.state <> 'APPROVED' AND NEW.first_by IS NULL AND review_needs_second(OLD) THEN
        RAISE EXCEPTION 'review % needs a second person', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'review_needs_second';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER review_second BEFORE UPDATE ON review FOR EACH ROW EXECUTE FUNCTION review_second_guard();

-- Colleagues a review can be handed to: who has taken one before, with the permissions of that time.
CREATE TABLE reviewer (
    id bigint PRIMARY KEY,
    name text NOT NULL,
    permissions text[] NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now()
);
