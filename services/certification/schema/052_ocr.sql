-- B.17: the credit code that was read in the text of a licence whose QR code tells none. It is offered, and held against the form, as a
-- QR code's is; what says it is kept apart, and told. Functions of before stay as they are: older instances know no seen_uscc.
ALTER TABLE attachment ADD COLUMN seen_uscc text NOT NULL DEFAULT '' CHECK (seen_uscc = '' OR seen_uscc ~ '^[0-9A-HJ-NPQRTUWXY]{18}$');

-- form_attachments_json, and what was read in their text.
CREATE FUNCTION form_papers_json(for_account bigint, forms jsonb[]) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(one.paper || jsonb_build_object('seen_uscc', a.seen_uscc) ORDER BY one.place), '[]')
      FROM jsonb_array_elements(form_attachments_json(for_account, forms)) WITH ORDINALITY AS one(paper, place)
      JOIN attachment a ON a.id = one.paper ->> 'id'
$$;

-- Of a unit's form: credit codes that were read in the text of its licences.
CREATE FUNCTION licence_seen(for_account bigint, form jsonb) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT a.seen_uscc FROM attachment a
     WHERE a.account_id = for_account AND a.seen_uscc <> '' AND form ->> 'uscc' <> ''
       AND (form -> 'business_license_file' ? a.id OR form -> 'qualification_files' ? a.id)
$$;

CREATE FUNCTION licence_was_seen(for_account bigint, form jsonb) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM licence_seen(for_account, form))
$$;

-- What they say against it, as licence_doubts has it; one licence that agrees is enough, by its text or by its QR code. The other way
-- round a text takes no doubt of a QR code away.
CREATE FUNCTION licence_seen_doubts(for_account bigint, form jsonb) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(DISTINCT 'uscc=' || seen), '{}') FROM licence_seen(for_account, form) AS seen
     WHERE NOT EXISTS (SELECT FROM licence_seen(for_account, form) AS other WHERE other = form ->> 'uscc')
       AND (SELECT uscc_agrees FROM licence_agrees(for_account, form)) IS NOT TRUE
$$;

CREATE FUNCTION licence_all_doubts(for_account bigint, form jsonb) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(DISTINCT doubt), '{}')
      FROM unnest(licence_doubts(for_account, form) || licence_seen_doubts(for_account, form)) AS doubt
$$;

-- For the reviewer; '': nothing.
CREATE FUNCTION licence_seen_words(s submission) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(string_agg(split_part(d, '=', 2), '、' ORDER BY d)
                    || CASE WHEN bool_and(d = ANY (s.acknowledged)) THEN '（申请人提交时已确认填写无误）' ELSE '' END, '')
      FROM unnest(licence_seen_doubts(s.account_id, s.form)) AS d
$$;

-- review_reds; another credit code in the text of a licence is approved knowingly, too.
CREATE FUNCTION review_reds_told(r review, s submission) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT reds || CASE WHEN licence_seen_words(s) <> '' AND NOT 'licence_uscc' = ANY (reds) THEN ARRAY['licence_uscc'] ELSE '{}' END
      FROM (SELECT review_reds(r, s) AS reds) AS one
$$;
