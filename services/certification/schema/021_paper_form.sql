-- Papers that a unit fills, prints, stamps and sends back as a scan (SM10): 入会申请表 and 企业协会账号负责人说明.
INSERT INTO transition VALUES
    ('paper_form', '', 'FILLING'),
    ('paper_form', 'FILLING', 'GENERATED'),
    ('paper_form', 'GENERATED', 'FILLING'),    -- changed after it was printed: it is printed anew
    ('paper_form', 'GENERATED', 'UPLOADED'),
    ('paper_form', 'UPLOADED', 'GENERATED'),   -- taken back by the unit
    ('paper_form', 'UPLOADED', 'ACCEPTED'),
    ('paper_form', 'UPLOADED', 'RETURNED'),
    ('paper_form', 'RETURNED', 'FILLING'),     -- what was filled in was wrong
    ('paper_form', 'RETURNED', 'GENERATED'),   -- printed and stamped once more
    ('paper_form', 'RETURNED', 'UPLOADED');    -- only the scan was bad

CREATE SEQUENCE paper_form_no;

CREATE TABLE paper_form (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('ENTRY', 'HOLDER')),
    state text NOT NULL DEFAULT 'FILLING',
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    form jsonb NOT NULL,
    unit_name text NOT NULL GENERATED ALWAYS AS (coalesce(form ->> 'unit_name', form ->> 'company_name', '')) STORED,
    saved_at timestamptz NOT NULL DEFAULT now(),
    form_no text UNIQUE,                           -- on the paper and in its code; NULL: never printed
    edition integer NOT NULL DEFAULT 0,            -- of what was printed last; only its scan is taken
    generated_at timestamptz,
    filing text NOT NULL DEFAULT 'NOT_FILED' CHECK (filing IN ('NOT_FILED', 'BY_CODE', 'BY_HAND')),
    stamped_scan text[] NOT NULL DEFAULT '{}',     -- attachments
    stamped_license text[] NOT NULL DEFAULT '{}',
    uploaded_at timestamptz,
    decided_by bigint,
    decided_by_name text NOT NULL DEFAULT '',
    decided_at timestamptz,
    return_reason text NOT NULL DEFAULT '',        -- the unit reads it
    CONSTRAINT paper_form_printed CHECK (state = 'FILLING' OR form_no IS NOT NULL AND edition > 0),
    CONSTRAINT paper_form_scanned CHECK (
        state IN ('FILLING', 'GENERATED') OR cardinality(stamped_scan) > 0
        AND (kind <> 'ENTRY' OR cardinality(stamped_license) > 0)), -- the handbook's copy of the licence, stamped
    CONSTRAINT paper_form_decided CHECK (state NOT IN ('ACCEPTED', 'RETURNED') OR decided_by IS NOT NULL),
    CONSTRAINT paper_form_return_has_a_reason CHECK (state <> 'RETURNED' OR length(return_reason) >= 5)
);
-- One of a kind at a time; after it was accepted another may begin (a new person answers for the account).
CREATE UNIQUE INDEX paper_form_open ON paper_form (account_id, kind) WHERE state <> 'ACCEPTED';
CREATE INDEX paper_form_of_account ON paper_form (account_id, kind, id);
CREATE INDEX paper_form_waiting ON paper_form (uploaded_at, id) WHERE state = 'UPLOADED';
CREATE INDEX paper_form_uploaded ON paper_form (uploaded_at, id) WHERE uploaded_at IS NOT NULL;
CREATE TRIGGER paper_form_guard BEFORE INSERT OR UPDATE ON paper_form
    FOR EACH ROW EXECUTE FUNCTION transition_guard('paper_form');
CREATE TRIGGER paper_form_history AFTER INSERT OR UPDATE ON paper_form
    FOR EACH ROW EXECUTE FUNCTION history_write('paper_form');

-- What was printed stays what it says: another content is another edition.
CREATE FUNCTION paper_form_printed_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> 'FILLING' AND NEW.form IS DISTINCT FROM OLD.form AND NEW.edition = OLD.edition
       OR NEW.form_no IS DISTINCT FROM OLD.form_no AND OLD.form_no IS NOT NULL
       OR (NEW.account_id, NEW.kind) IS DISTINCT FROM (OLD.account_id, OLD.kind)
    THEN
        RAISE EXCEPTION 'edition % of % is printed', OLD.edition, OLD.form_no
            USING ERRCODE = 'check_violation', CONSTRAINT = 'paper_form_moved';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER paper_form_printed_guard BEFORE UPDATE ON paper_form
    FOR EACH ROW EXECUTE FUNCTION paper_form_printed_guard();

-- The form numbers and editions that codes name: CZQG:D1:RH2026112700001:v1.
CREATE FUNCTION paper_codes(code_text text) RETURNS TABLE (form_no text, edition integer) LANGUAGE sql IMMUTABLE AS $$
    SELECT DISTINCT found[1], found[2]::integer
      FROM regexp_matches(code_text, '(?n)^CZQG:D[12]:((?:RH|FZ)[0-9]{13}):v([0-9]{1,6})$', 'g') AS found
$$;

-- What the platform knows already of whoever begins a paper: of the one before, else of the unit's own form.
CREATE FUNCTION paper_form_known(for_account bigint, for_kind text) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT form - 'declaration' FROM paper_form WHERE account_id = for_account AND kind = for_kind
          ORDER BY id DESC LIMIT 1),
        CASE for_kind
            WHEN 'ENTRY' THEN jsonb_build_object(
                'unit_name', coalesce(m.form ->> 'unit_name', o.form ->> 'unit_name', ''),
                'uscc', coalesce(m.form ->> 'uscc', o.form ->> 'uscc', ''),
                'reg_address', coalesce(m.form ->> 'reg_address', ''),
                'legal_person_name', coalesce(m.form ->> 'legal_person_name', ''),
                'legal_person_phone', coalesce(m.form ->> 'legal_person_phone', ''),
                'contact_name', coalesce(m.form ->> 'principal_name', o.form ->> 'contact_name', ''),
                'contact_mobile', coalesce(m.form ->> 'principal_phone', ''),
                'contact_email', coalesce(m.form ->> 'email', ''),
                'member_category', coalesce(m.form ->> 'member_category', ''),
                'association_post', coalesce(m.form ->> 'association_post', ''),
                'introduction', coalesce(m.form ->> 'introduction', ''))
            ELSE jsonb_build_object(
                'name', coalesce(m.form ->> 'principal_name', o.form ->> 'contact_name', ''),
                'phone', coalesce(m.form ->> 'principal_phone', ''),
                'company_name', coalesce(m.form ->> 'unit_name', o.form ->> 'unit_name', '')) END)
      FROM (SELECT 1) AS one
      LEFT JOIN draft m ON m.account_id = for_account AND m.kind = 'MEMBER_UNIT'
      LEFT JOIN draft o ON o.account_id = for_account AND o.kind = 'OWNER_UNIT'
$$;

CREATE OR REPLACE FUNCTION attachment_permission(purpose text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN purpose = 'business_license_file' THEN 'cert.owner.review'
                WHEN purpose IN ('qualification_files', 'stamped_scan', 'stamped_license') THEN 'cert.member.review'
                WHEN purpose = 'certificate_files' THEN 'cert.person.review' ELSE 'cert.expert.review' END
$$;

CREATE FUNCTION paper_told(p paper_form) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('account_id', p.account_id, 'kind', p.kind, 'paper_id', p.id, 'form_no', p.form_no,
               'unit_name', p.unit_name, 'reason', p.return_reason,
               'document', CASE p.kind WHEN 'ENTRY' THEN '入会申请表' ELSE '企业协会账号负责人说明' END)
$$;
