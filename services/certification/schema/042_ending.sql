-- SM1's `expired`, told to those whose identity it is: what ends soon, what it ended with; and payment, why it is certified no more.

-- What a form's papers are, and until when each is good: of a unit its licence and qualifications, of a person the certificates.
CREATE FUNCTION form_papers(form jsonb) RETURNS TABLE (paper text, valid_to date) LANGUAGE sql STABLE AS $$
    SELECT '营业执照', nullif(form ->> 'license_valid_to', '')::date
    UNION ALL
    SELECT q.qual_name, nullif(q.qual_valid_to, '')::date
      FROM jsonb_to_recordset(form -> 'unit_qualifications') AS q(qual_name text, qual_valid_to text, qual_valid_forever boolean)
     WHERE q.qual_valid_forever IS NOT TRUE
    UNION ALL
    SELECT q.occupation_name || '证书', nullif(q.valid_to, '')::date
      FROM jsonb_to_recordset(form -> 'qualifications') AS q(occupation_name text, valid_to text, valid_forever boolean)
     WHERE q.valid_forever IS NOT TRUE
$$;

-- Of one that is in force the paper that ends first, in 90 days or less (a certificate that ended long ago is told no more, a licence
-- is); of one that ended, what it ended with. No row: neither.
CREATE FUNCTION identity_ending(i identity) RETURNS TABLE (paper text, ends_on date) LANGUAGE sql STABLE AS $$
    (SELECT p.paper, p.valid_to
       FROM submission s, form_papers(s.form) AS p
      WHERE s.account_id = i.account_id AND s.kind = i.kind AND s.version = i.in_force_version
        AND p.valid_to <= current_date + 90 AND (p.valid_to >= current_date - 30 OR p.paper = '营业执照')
      ORDER BY p.valid_to, p.paper LIMIT 1)
    UNION ALL
    (SELECT CASE WHEN i.kind IN ('OWNER_UNIT', 'MEMBER_UNIT') THEN '营业执照' ELSE '职业资格证书' END, e.ended_on
       FROM expiration e
      WHERE i.state = 'EXPIRED' AND e.account_id = i.account_id AND e.kind = i.kind
      ORDER BY e.id DESC LIMIT 1)
$$;

CREATE OR REPLACE FUNCTION identity_json(for_account bigint, for_kind text) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
               'kind', for_kind, 'state', coalesce(i.state, 'NONE'),
               'has_draft', coalesce(NOT d.submitted, false),
               'application_no', coalesce(s.application_no, ''), 'submission_version', coalesce(s.version, 0),
               'submitted_at', coalesce(to_jsonb(s.submitted_at), '""'),
               'decided_at', coalesce(to_jsonb(i.decided_at), '""'),
               'ending_paper', coalesce(e.paper, ''), 'ending_on', coalesce(e.ends_on::text, ''))
      FROM (SELECT 1) AS one
      LEFT JOIN identity i ON i.account_id = for_account AND i.kind = for_kind
      LEFT JOIN draft d ON d.account_id = for_account AND d.kind = for_kind
      LEFT JOIN submission s ON s.account_id = for_account AND s.kind = for_kind AND s.version = i.last_version
      LEFT JOIN LATERAL identity_ending(i) AS e ON true
$$;

-- `ended`: why it is certified no more, REVOKED or EXPIRED; '' while it is.
DROP FUNCTION unit_tell(identity, integer, boolean);
CREATE FUNCTION unit_tell(i identity, version integer, ended text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO outbox (event, payload)
    SELECT 'unit.changed', jsonb_build_object('account_id', i.account_id, 'version', s.version, 'certified', ended = '', 'ended', ended,
               'unit_name', s.unit_name, 'uscc', s.uscc, 'association_post', i.association_post,
               'legal_person_name', coalesce(s.form ->> 'legal_person_name', ''))
      FROM submission s WHERE s.account_id = i.account_id AND s.kind = i.kind AND s.version = unit_tell.version
$$;
CREATE OR REPLACE FUNCTION unit_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.in_force_version IS NOT NULL THEN
        PERFORM unit_tell(NEW, NEW.in_force_version, '');
    ELSIF OLD.in_force_version IS NOT NULL THEN
        PERFORM unit_tell(OLD, OLD.in_force_version, CASE NEW.state WHEN 'EXPIRED' THEN 'EXPIRED' ELSE 'REVOKED' END);
    END IF;
    RETURN NULL;
END $$;
