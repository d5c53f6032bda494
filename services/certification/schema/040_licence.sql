-- B.17: where the code on a licence says something else than the form, the author corrects the form or acknowledges it. Nothing
-- is decided by that.
ALTER TABLE submission ADD COLUMN acknowledged text[] NOT NULL DEFAULT '{}'; -- of licence_doubts, as it was handed in

-- What the codes on a form's licences say against it, "field=what they say"; one licence that agrees is enough. Names are
-- compared as everywhere (V8).
CREATE FUNCTION licence_doubts(for_account bigint, form jsonb) RETURNS text[] LANGUAGE sql STABLE AS $$
    WITH mine AS (
        SELECT a.read_uscc, a.read_name FROM attachment a
         WHERE a.account_id = for_account
           AND (form -> 'business_license_file' ? a.id OR form -> 'qualification_files' ? a.id)),
    said(field, value, agrees) AS (
        SELECT 'uscc', read_uscc, read_uscc = form ->> 'uscc' FROM mine WHERE read_uscc <> ''
        UNION ALL
        SELECT 'unit_name', read_name, unit_key(read_name) = unit_key(form ->> 'unit_name') FROM mine WHERE read_name <> '')
    SELECT coalesce(array_agg(DISTINCT field || '=' || value), '{}') FROM said s
     WHERE NOT EXISTS (SELECT FROM said o WHERE o.field = s.field AND o.agrees)
$$;

-- What is said against one field, for the reviewer; '': nothing.
CREATE FUNCTION licence_doubt_words(s submission, of_field text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(string_agg(split_part(d, '=', 2), '、' ORDER BY d)
                    || CASE WHEN bool_and(d = ANY (s.acknowledged)) THEN '（申请人提交时已确认填写无误）' ELSE '' END, '')
      FROM unnest(licence_doubts(s.account_id, s.form)) AS d WHERE split_part(d, '=', 1) = of_field
$$;

-- Another credit code on the licence is approved knowingly, too.
CREATE OR REPLACE FUNCTION review_reds(r review, s submission) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT array_remove(ARRAY[
        CASE WHEN r.kind IN ('OWNER_UNIT', 'MEMBER_UNIT') AND s.unit_name <> '' AND EXISTS (
                 SELECT FROM submission o JOIN identity i ON i.account_id = o.account_id AND i.kind = o.kind
                        AND i.in_force_version = o.version
                  WHERE o.kind IN ('OWNER_UNIT', 'MEMBER_UNIT') AND o.kind = r.kind AND o.account_id <> r.account_id
                    AND unit_key(o.unit_name) = unit_key(s.unit_name)) THEN 'name_in_use' END,
        CASE WHEN licence_doubt_words(s, 'uscc') <> '' THEN 'licence_uscc' END,
        CASE WHEN s.form ->> 'license_valid_to' <> '' AND s.form ->> 'license_valid_to' < to_char(now(), 'YYYY-MM-DD')
             THEN 'licence_ended' END,
        CASE WHEN jsonb_array_length(coalesce(s.form -> 'qualifications', '[]')) > 0 AND NOT EXISTS (
                 SELECT FROM jsonb_array_elements(s.form -> 'qualifications') AS q
                  WHERE q ->> 'valid_forever' = 'true' OR q ->> 'valid_to' >= to_char(now(), 'YYYY-MM-DD'))
             THEN 'certificates_all_expired' END], NULL)
$$;
