-- Separate consent to what is sensitive (PIPL 29): a text with a version, agreed to before a form that asks for an identity card.
-- A new version asks again.

CREATE TABLE consent_text (
    scope text NOT NULL CHECK (scope IN ('ID_CARD')),
    version text NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    text_hash text NOT NULL,                     -- SHA-256 of the body, hex
    published_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, version),
    CONSTRAINT consent_text_hash CHECK (text_hash = encode(sha256(convert_to(body, 'UTF8')), 'hex'))
);
COMMENT ON TABLE consent_text IS 'append-only';

INSERT INTO consent_text (scope, version, title, body, text_hash)
SELECT 'ID_CARD', '2026-11', '身份证信息处理单独同意书', body, encode(sha256(convert_to(body, 'UTF8')), 'hex')
  FROM (VALUES ($$一、处理什么：您的身份证号码，和身份证人像面、国徽面的照片。它们是敏感个人信息，一旦泄露容易使您的人身、财产受到损害。

二、为什么处理：为审核您的专家身份，确认申请人是本人、同一人只入库一次，并在抽取专家时核对回避关系。不提供就不能办理专家认证，不影响您使用平台的其他功能。

三、怎样处理：号码和照片加密保存，列表中只显示打码的号码；只有承担专家审核的工作人员可以查看，每次查看都有记录。不向其他单位或个人提供，不对外公开，不用于其他目的。

四、保存多久：在您是专家期间保存。申请被驳回后没有再提交的，180天后删除号码和照片；不再是专家的，按平台的保存期限删除。

五、您的权利：您可以随时在个人中心“个人信息授权”中撤回同意。撤回不影响此前已经进行的处理；撤回后不能再保存或提交专家资料，协会会联系您确认是否退出专家库、删除资料。您也可以查阅、复制、更正这些信息，请致电0355-3069919。$$)) AS first(body);

CREATE TABLE consent (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL,
    scope text NOT NULL,
    version text NOT NULL,
    text_hash text NOT NULL,                     -- of what was shown
    given_at timestamptz NOT NULL DEFAULT now(),
    withdrawn_at timestamptz,
    FOREIGN KEY (scope, version) REFERENCES consent_text (scope, version)
);
CREATE UNIQUE INDEX consent_holds ON consent (account_id, scope, version) WHERE withdrawn_at IS NULL;
CREATE INDEX consent_of ON consent (account_id, id);

-- What was agreed to stays; it can be withdrawn once.
CREATE FUNCTION consent_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.withdrawn_at IS NOT NULL OR (NEW.account_id, NEW.scope, NEW.version, NEW.text_hash, NEW.given_at)
            IS DISTINCT FROM (OLD.account_id, OLD.scope, OLD.version, OLD.text_hash, OLD.given_at)
    THEN
        RAISE EXCEPTION 'consent % is kept as it was given', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'consent_moved';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER consent_kept BEFORE UPDATE OR DELETE ON consent FOR EACH ROW EXECUTE FUNCTION consent_kept();

-- The text that holds now.
CREATE FUNCTION consent_current(of_scope text) RETURNS consent_text LANGUAGE sql STABLE AS $$
    SELECT t FROM consent_text t WHERE t.scope = of_scope ORDER BY t.published_at DESC, t.version DESC LIMIT 1
$$;

CREATE FUNCTION consent_is_given(of_account bigint, of_scope text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM consent c WHERE c.account_id = of_account AND c.scope = of_scope AND c.withdrawn_at IS NULL
                      AND c.version = (consent_current(of_scope)).version)
$$;

-- What a form of that kind needs, and this account has not agreed to; NULL: nothing.
CREATE FUNCTION consent_needed(of_account bigint, of_kind text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT 'ID_CARD' WHERE of_kind = 'EXPERT' AND NOT consent_is_given(of_account, 'ID_CARD')
$$;

-- Nothing of such a form is kept, or handed in, without it. (Saving sets saved_at, handing in sets submitted.)
CREATE FUNCTION draft_consent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF consent_needed(NEW.account_id, NEW.kind) IS NOT NULL
       AND (TG_OP = 'INSERT' OR NEW.submitted OR NEW.saved_at IS DISTINCT FROM OLD.saved_at)
    THEN
        RAISE EXCEPTION 'account % has not agreed to %', NEW.account_id, consent_needed(NEW.account_id, NEW.kind)
            USING ERRCODE = 'check_violation', CONSTRAINT = 'consent_needed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER draft_consent BEFORE INSERT OR UPDATE OF saved_at, submitted ON draft
    FOR EACH ROW WHEN (NEW.kind = 'EXPERT') EXECUTE FUNCTION draft_consent();

-- The tick of the form is not part of it any more; what was handed in with it is compared without.
CREATE OR REPLACE FUNCTION form_plain(form jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT form - 'id_number' - 'sensitive_consent' $$;
CREATE OR REPLACE FUNCTION form_json(kind text, form jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN form IS NOT NULL THEN jsonb_build_object(lower(kind), form - 'sensitive_consent') END
$$;
