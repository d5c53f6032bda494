-- What the forms of domain.md's F7, F9, F11 ask beyond the handbook: option lists, files that are kept and erased, what the
-- paper of a unit that enters knows already, and a licence that has ended.
INSERT INTO dictionary (name, title) VALUES
    ('qualification_level', '资质等级'), ('directory_visibility', '名录公开内容'),
    ('employment_status', '在职情况'), ('availability', '可参评时段');
ALTER TABLE dictionary_item DISABLE TRIGGER USER; -- version 1 is no change
INSERT INTO dictionary_item (dictionary, code, name, place) VALUES
    ('qualification_level', 'SPECIAL', '特级', 1), ('qualification_level', 'FIRST', '一级', 2),
    ('qualification_level', 'SECOND', '二级', 3), ('qualification_level', 'THIRD', '三级', 4),
    ('qualification_level', 'COMPREHENSIVE', '综合资质', 5), ('qualification_level', 'A', '甲级', 6),
    ('qualification_level', 'B', '乙级', 7), ('qualification_level', 'C', '丙级', 8),
    ('qualification_level', 'NONE', '不分等级', 9),
    ('directory_visibility', 'ADDRESS', '地址', 1), ('directory_visibility', 'CONTACT', '联系电话和邮箱', 2),
    ('directory_visibility', 'WEBSITE', '官网', 3), ('directory_visibility', 'INTRODUCTION', '单位简介', 4),
    ('directory_visibility', 'QUALIFICATIONS', '资质及等级', 5),
    ('employment_status', 'EMPLOYED', '在职', 1), ('employment_status', 'REHIRED', '退休返聘', 2),
    ('employment_status', 'RETIRED', '退休', 3), ('employment_status', 'SELF_EMPLOYED', '自由执业', 4),
    ('availability', 'WEEKDAY_MORNING', '工作日上午', 1), ('availability', 'WEEKDAY_AFTERNOON', '工作日下午', 2),
    ('availability', 'WEEKEND', '周末', 3), ('availability', 'HOLIDAY', '法定节假日', 4),
    ('availability', 'AWAY', '可到外地多日', 5);
ALTER TABLE dictionary_item ENABLE TRIGGER USER;

-- What the platform knows already of a paper's fields.
CREATE OR REPLACE FUNCTION paper_form_known(for_account bigint, for_kind text) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT form - 'declaration' FROM paper_form WHERE account_id = for_account AND kind = for_kind
          ORDER BY id DESC LIMIT 1),
        CASE for_kind
            WHEN 'ENTRY' THEN jsonb_build_object(
                'unit_name', coalesce(m.form ->> 'unit_name', o.form ->> 'unit_name', ''),
                'uscc', coalesce(m.form ->> 'uscc', o.form ->> 'uscc', ''),
                'unit_nature', coalesce(m.form ->> 'unit_nature', ''),
                'reg_address', coalesce(m.form ->> 'reg_address', ''),
                'postal_address', coalesce(m.form ->> 'postal_address', ''),
                'postcode', coalesce(m.form ->> 'postcode', ''),
                'legal_person_name', coalesce(m.form ->> 'legal_person_name', ''),
                'legal_person_phone', coalesce(m.form ->> 'legal_person_phone', ''),
                'contact_name', coalesce(m.form ->> 'principal_name', o.form ->> 'contact_name', ''),
                'contact_mobile', coalesce(m.form ->> 'principal_phone', ''),
                'contact_email', coalesce(m.form ->> 'email', ''),
                'member_category', coalesce(m.form ->> 'member_category', ''),
                'association_post', coalesce(m.form ->> 'association_post', ''),
                'employees', coalesce(m.form ->> 'employees', ''),
                'registered_employees', coalesce(m.form ->> 'registered_employees', ''),
                'qualification_levels', coalesce((
                    SELECT left(string_agg(trim(q.qual_name || ' ' || coalesce(d.name, '')), E'\n' ORDER BY q.place), 300)
                      FROM ROWS FROM (jsonb_to_recordset(m.form -> 'unit_qualifications') AS (qual_name text, qual_level text))
                           WITH ORDINALITY AS q(qual_name, qual_level, place)
                      LEFT JOIN dictionary_item d ON d.dictionary = 'qualification_level' AND d.code = q.qual_level), ''),
                'introduction', coalesce(m.form ->> 'introduction', ''))
            ELSE jsonb_build_object(
                'name', coalesce(m.form ->> 'principal_name', o.form ->> 'contact_name', ''),
                'phone', coalesce(m.form ->> 'principal_phone', ''),
                'company_name', coalesce(m.form ->> 'unit_name', o.form ->> 'unit_name', '')) END)
      FROM (SELECT 1) AS one
      LEFT JOIN draft m ON m.account_id = for_account AND m.kind = 'MEMBER_UNIT'
      LEFT JOIN draft o ON o.account_id = for_account AND o.kind = 'OWNER_UNIT'
$$;

-- ---- what is erased when nobody needs it any more (025_retention.sql): the new files, too, and a face with its card

CREATE FUNCTION is_form_file(purpose text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT purpose IN ('business_license_file', 'qualification_files', 'certificate_files', 'education_files',
                       'employment_files', 'id_card_files', 'photo_files')
$$;

CREATE OR REPLACE FUNCTION attachment_due(file attachment) RETURNS text LANGUAGE sql STABLE AS $$
    WITH named AS (SELECT attachment_named_by(file.account_id, file.id) AS kinds),
    still AS (
        SELECT CASE WHEN bool_and(since IS NOT NULL) THEN max(since) END AS since
          FROM named, unnest(kinds) AS kind, identity_still_since(file.account_id, kind) AS since),
    due(rule, since) AS (
        SELECT 'UNUSED_FILE', file.created_at FROM named WHERE kinds IS NULL
        UNION ALL SELECT 'REFUSED_ID_CARD', since FROM still
                   WHERE file.purpose IN ('id_card_files', 'photo_files')
                     AND EXISTS (SELECT FROM identity WHERE account_id = file.account_id AND kind = 'EXPERT'
                                    AND state = 'REJECTED')
        UNION ALL SELECT 'ENDED_IDENTITY', since FROM still)
    SELECT due.rule FROM due JOIN retention_rule r ON r.name = due.rule
     WHERE due.since < now() - r.days * interval '1 day' ORDER BY r.days LIMIT 1
$$;

CREATE OR REPLACE FUNCTION retention_run(most integer) RETURNS TABLE (attachment_id text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    due text[];
BEGIN
    WITH numbers AS (
        UPDATE submission s SET form = form || '{"id_number": ""}', id_number_index = ''
          FROM identity i, retention_rule r
         WHERE r.name = 'REFUSED_ID_CARD' AND i.account_id = s.account_id AND i.kind = s.kind AND s.kind = 'EXPERT'
           AND i.state = 'REJECTED' AND s.id_number_index <> ''
           AND identity_still_since(i.account_id, i.kind) < now() - r.days * interval '1 day'
        RETURNING s.account_id, s.kind, s.version),
    typed AS (
        UPDATE draft d SET form = form || '{"id_number": ""}'
         WHERE kind = 'EXPERT' AND account_id IN (SELECT account_id FROM numbers)),
    looked AS (
        UPDATE attachment a SET looked_at = now()
         WHERE id IN (SELECT id FROM attachment
                       WHERE looked_at < now() - interval '6 hours' AND created_at < now() - interval '1 day'
                         AND is_form_file(purpose)
                       ORDER BY looked_at LIMIT most FOR UPDATE SKIP LOCKED)
        RETURNING a.id, a.account_id, a.purpose, attachment_due(a) AS rule),
    written AS (
        INSERT INTO erasure (rule, account_id, object)
        SELECT rule, account_id, purpose || ' ' || id FROM looked WHERE rule IS NOT NULL
        UNION ALL SELECT 'REFUSED_ID_CARD', account_id, kind || ' ' || version FROM numbers)
    SELECT array_agg(id) INTO due FROM looked WHERE rule IS NOT NULL;
    RETURN QUERY DELETE FROM attachment WHERE id = ANY (due) RETURNING id;
END $$;

-- ---- a licence that has ended speaks against an approval

CREATE OR REPLACE FUNCTION review_reds(r review, s submission) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT array_remove(ARRAY[
        CASE WHEN r.kind IN ('OWNER_UNIT', 'MEMBER_UNIT') AND s.unit_name <> '' AND EXISTS (
                 SELECT FROM submission o JOIN identity i ON i.account_id = o.account_id AND i.kind = o.kind
                        AND i.in_force_version = o.version
                  WHERE o.kind IN ('OWNER_UNIT', 'MEMBER_UNIT') AND o.kind = r.kind AND o.account_id <> r.account_id
                    AND unit_key(o.unit_name) = unit_key(s.unit_name)) THEN 'name_in_use' END,
        CASE WHEN s.form ->> 'license_valid_to' <> '' AND s.form ->> 'license_valid_to' < to_char(now(), 'YYYY-MM-DD')
             THEN 'licence_ended' END,
        CASE WHEN jsonb_array_length(coalesce(s.form -> 'qualifications', '[]')) > 0 AND NOT EXISTS (
                 SELECT FROM jsonb_array_elements(s.form -> 'qualifications') AS q
                  WHERE q ->> 'valid_forever' = 'true' OR q ->> 'valid_to' >= to_char(now(), 'YYYY-MM-DD'))
             THEN 'certificates_all_expired' END], NULL)
$$;
