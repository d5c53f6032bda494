-- Four forms instead of one: names of persons, identity cards, attachments at any depth, a reviewer for each kind.

-- The name that a list shows: of the unit, or of the person.
ALTER TABLE submission DROP COLUMN unit_name;
ALTER TABLE submission ADD COLUMN unit_name text NOT NULL
    GENERATED ALWAYS AS (coalesce(form ->> 'unit_name', form ->> 'name', '')) STORED;

-- Blind index of the identity card's number: one approved expert per person (V18). The number itself lies sealed in the form.
ALTER TABLE submission ADD COLUMN id_number_index text NOT NULL DEFAULT '';
ALTER TABLE identity ADD COLUMN id_number_index text;
CREATE UNIQUE INDEX id_number_taken ON identity (kind, id_number_index) WHERE id_number_index IS NOT NULL;

-- Sealing gives other text each time: what was typed is compared without it.
CREATE FUNCTION form_plain(form jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT form - 'id_number' $$;

-- A form as the contract has it: under the name of its kind.
CREATE FUNCTION form_json(kind text, form jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN form IS NOT NULL THEN jsonb_build_object(lower(kind), form) END
$$;

CREATE FUNCTION form_phone(form jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(form ->> 'contact_phone', form ->> 'principal_phone', form ->> 'mobile')
$$;
CREATE INDEX submission_phone ON submission (form_phone(form));

-- The attachments that forms of an account name, wherever they name them. Takes the place of attachments_json, which
-- instances of the version before still ask.
CREATE FUNCTION form_attachments_json(for_account bigint, forms jsonb[]) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object(
               'id', a.id, 'file_name', a.file_name, 'content_type', a.content_type,
               'size_bytes', a.size_bytes, 'width', a.width, 'height', a.height,
               'created_at', a.created_at) ORDER BY a.created_at, a.id), '[]')
      FROM attachment a
     WHERE a.account_id = for_account
       AND a.id IN (SELECT named #>> '{}' FROM unnest(forms) AS one, jsonb_path_query(one, 'strict $.**') AS named
                     WHERE jsonb_typeof(named) = 'string')
$$;

-- The attachments that a form names and that are not the account's own of that purpose.
CREATE FUNCTION files_missing(for_account bigint, ids text[], purposes text[]) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT count(*) FROM unnest(ids, purposes) AS named(id, purpose)
     WHERE NOT EXISTS (SELECT 1 FROM attachment a
                        WHERE a.id = named.id AND a.account_id = for_account AND a.purpose = named.purpose)
$$;

-- Who may review a kind, and who may look at a file of a purpose.
CREATE FUNCTION review_permission(kind text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE kind WHEN 'OWNER_UNIT' THEN 'cert.owner.review' WHEN 'MEMBER_UNIT' THEN 'cert.member.review'
                     WHEN 'EXPERT' THEN 'cert.expert.review' ELSE 'cert.person.review' END
$$;
CREATE FUNCTION attachment_permission(purpose text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE purpose WHEN 'business_license_file' THEN 'cert.owner.review'
                        WHEN 'qualification_files' THEN 'cert.member.review'
                        WHEN 'certificate_files' THEN 'cert.person.review' ELSE 'cert.expert.review' END
$$;

CREATE OR REPLACE FUNCTION identity_json(for_account bigint, for_kind text) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
               'kind', for_kind, 'state', coalesce(i.state, 'NONE'),
               'has_draft', coalesce(NOT d.submitted, false),
               'application_no', coalesce(s.application_no, ''), 'submission_version', coalesce(s.version, 0),
               'submitted_at', coalesce(to_jsonb(s.submitted_at), '""'),
               'decided_at', coalesce(to_jsonb(i.decided_at), '""'))
      FROM (SELECT 1) AS one
      LEFT JOIN identity i ON i.account_id = for_account AND i.kind = for_kind
      LEFT JOIN draft d ON d.account_id = for_account AND d.kind = for_kind
      LEFT JOIN submission s ON s.account_id = for_account AND s.kind = for_kind AND s.version = i.last_version
$$;

UPDATE reject_reason SET fields = '{business_license_file,qualification_files,certificate_files,id_card_files}'
 WHERE code IN ('R01', 'R04', 'R05', 'R06', 'R07');
UPDATE reject_reason SET advice = '请按证件上的全称填写名称。', fields = '{unit_name,name,business_license_file}' WHERE code = 'R02';
UPDATE reject_reason SET advice = '请按要求上传证件，图片完整清晰。' WHERE code = 'R06';
UPDATE reject_reason SET fields = '{contact_name,contact_phone,legal_person_phone,principal_phone,mobile}' WHERE code = 'R08';
UPDATE reject_reason SET fields = '{uscc,id_number}', advice = '已有账号认证，请联系原账号负责人办理移交。' WHERE code = 'R13';
INSERT INTO reject_reason (code, text, advice, fields, retryable) VALUES
    ('R09', '身份信息与证件不一致', '请对照身份证逐项核对姓名、性别、出生日期和身份证号。', '{name,gender,birth_date,id_number,id_card_files}', true),
    ('R10', '职业资格证书无法核验或编号有误', '请对照证书核对编号、发证机构和日期。', '{qualifications,certificate_no}', true),
    ('R11', '资格专业与评审专业不符', '请选择与职业资格相符的评审专业，或补充相应的证书。', '{review_specialties,qualifications}', true),
    ('R12', '经历填写不完整或时间矛盾', '请补全工作和教育经历，起止时间前后衔接。', '{employments,educations}', true),
    ('R15', '会内职务需先经协会确认', '请先致电协会确认职务，或改选会员单位。', '{association_post}', true);
