-- What a business licence's QR code tells: an address of the 国家企业信用信息公示系统 with the credit code in it, or, on older
-- ones, plain text.

-- GB 32100-2015: characters are worth 0 to 30, weighed by the powers of 3, and their sum is a multiple of 31.
CREATE FUNCTION uscc_is_good(code text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT code ~ '^[0-9A-HJ-NPQRTUWXY]{18}$' AND (
        SELECT sum((strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(code, place, 1)) - 1)
                   * (ARRAY[1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28, 1])[place]) % 31 = 0
          FROM generate_series(1, 18) AS place)
$$;

-- The first credit code in it that stands alone and whose check character is right; '' without one. A column is made with
-- it, also while a dump is read back, when no schema is looked through.
CREATE FUNCTION licence_uscc(code_text text) RETURNS text LANGUAGE sql IMMUTABLE SET search_path FROM CURRENT AS $$
    SELECT coalesce((SELECT found[1] FROM regexp_matches(upper(code_text), '(?<![0-9A-Z])([0-9A-Z]{18})(?![0-9A-Z])', 'g')
                            WITH ORDINALITY AS f(found, place)
                      WHERE uscc_is_good(found[1]) ORDER BY place LIMIT 1), '')
$$;

CREATE FUNCTION licence_name(code_text text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(translate(substring(code_text FROM '(?:企业名称|单位名称|名称)\s*[:：]\s*([^;；,，\s]{2,100})'), '（）', '()'), '')
$$;

-- Of papers that may be a licence, as they were read when they came.
ALTER TABLE attachment ADD COLUMN read_uscc text NOT NULL GENERATED ALWAYS AS (
    CASE WHEN purpose IN ('business_license_file', 'qualification_files') THEN licence_uscc(code_text) ELSE '' END) STORED;
ALTER TABLE attachment ADD COLUMN read_name text NOT NULL GENERATED ALWAYS AS (
    CASE WHEN purpose IN ('business_license_file', 'qualification_files') THEN licence_name(code_text) ELSE '' END) STORED;

CREATE OR REPLACE FUNCTION form_attachments_json(for_account bigint, forms jsonb[]) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object(
               'id', a.id, 'file_name', a.file_name, 'content_type', a.content_type,
               'size_bytes', a.size_bytes, 'width', a.width, 'height', a.height,
               'created_at', a.created_at, 'read_uscc', a.read_uscc, 'read_name', a.read_name) ORDER BY a.created_at, a.id), '[]')
      FROM attachment a
     WHERE a.account_id = for_account
       AND a.id IN (SELECT named #>> '{}' FROM unnest(forms) AS one, jsonb_path_query(one, 'strict $.**') AS named
                     WHERE jsonb_typeof(named) = 'string')
$$;

-- Of a form's own licences: does one tell a credit code, one the form's, one another name? NULL: none was read.
CREATE FUNCTION licence_agrees(for_account bigint, form jsonb) RETURNS TABLE (uscc_agrees boolean, name_agrees boolean)
LANGUAGE sql STABLE AS $$
    SELECT bool_or(a.read_uscc = form ->> 'uscc') FILTER (WHERE a.read_uscc <> ''),
           bool_or(a.read_name = translate(form ->> 'unit_name', '（）', '()')) FILTER (WHERE a.read_name <> '')
      FROM attachment a
     WHERE a.account_id = for_account
       AND (form -> 'business_license_file' ? a.id OR form -> 'qualification_files' ? a.id)
$$;
