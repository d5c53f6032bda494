-- Inbox, contacts, templates, deliveries.

-- Whom an SMS goes to: told by auth's events, never read from auth's tables.
CREATE TABLE contact (
    account_id bigint PRIMARY KEY,
    phone text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);

-- The texts (N1 …). `{name}` stands for a value of the event. An empty text: nothing goes out that way.
CREATE TABLE template (
    code text PRIMARY KEY,
    event text NOT NULL,
    audience text NOT NULL CHECK (audience IN ('ACCOUNT', 'REVIEWERS', 'PHONE')),
    title text NOT NULL DEFAULT '',
    inbox_text text NOT NULL DEFAULT '',
    sms_text text NOT NULL DEFAULT '',
    link text NOT NULL DEFAULT '',
    enabled boolean NOT NULL DEFAULT true
);
INSERT INTO template (code, event, audience, title, inbox_text, sms_text, link) VALUES
    ('N1', 'code.requested', 'PHONE', '', '',
     '【长治全咨协会】验证码{code}，5分钟内有效，用于{purpose}。请勿告知他人，非本人操作请忽略。', ''),
    ('N2', 'account.registered', 'ACCOUNT', '欢迎注册',
     '欢迎注册！请在个人中心选择身份完成认证：建设单位、会员单位、专家、自然人。', '', '/app/'),
    ('N3', 'application.submitted', 'ACCOUNT', '认证资料已收到',
     '您提交的{identity}认证资料已收到，编号{application_no}，预计{expected_by}前完成审核，可在个人中心查看进度。',
     '【长治全咨协会】您提交的{identity}认证资料已收到，编号{application_no}，预计{expected_by}前完成审核，可在个人中心查看进度。',
     '/app/identities/{kind}'),
    ('N4', 'application.approved', 'ACCOUNT', '认证已通过',
     '您的{identity}认证已通过审核。会员单位可登录平台缴费开通会员。',
     '【长治全咨协会】您的{identity}认证已通过审核。会员单位可登录平台缴费开通会员。', '/app/identities/{kind}'),
    ('N5', 'application.rejected', 'ACCOUNT', '认证未通过',
     E'您的{identity}认证未通过，请修改后重新提交。\n{reasons}\n{message}',
     '【长治全咨协会】您的{identity}认证未通过：{reason_first}等{reasons_count}项。请登录个人中心查看并修改后重新提交，咨询0355-3069919。',
     '/app/identities/{kind}'),
    ('N20', 'application.submitted', 'REVIEWERS', '新的认证待审核', '新的{identity}认证待审核：{unit_name}。', '',
     '/console/reviews/{review_id}'),
    ('N23', 'account.phone_changed', 'PHONE', '', '',
     '【长治全咨协会】您的平台账号手机号已更换为{new_phone_masked}，非本人操作请立即致电0355-3069919。', ''),
    ('N24', 'account.password_changed', 'ACCOUNT', '密码已修改',
     '您的平台账号密码已修改，非本人操作请立即致电0355-3069919。',
     '【长治全咨协会】您的平台账号密码已修改，非本人操作请立即致电0355-3069919。', '');

-- The inbox. A message is to an account, or to all staff who hold a permission.
CREATE TABLE message (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint,
    permission text,
    template text NOT NULL REFERENCES template (code),
    title text NOT NULL,
    body text NOT NULL,
    link text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((account_id IS NULL) <> (permission IS NULL))
);
CREATE INDEX message_of_account ON message (account_id, id DESC) WHERE account_id IS NOT NULL;
CREATE INDEX message_of_permission ON message (permission, id DESC) WHERE permission IS NOT NULL;

CREATE TABLE message_read (
    message_id bigint NOT NULL REFERENCES message (id),
    reader_kind text NOT NULL,
    reader_id bigint NOT NULL,
    read_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (reader_kind, reader_id, message_id)
);

-- The delivery log. `sending` stands before the provider is called: after a crash in between a code is not repeated
-- (the person asks again), a notice is repeated once.
CREATE TABLE delivery (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    template text NOT NULL REFERENCES template (code),
    phone text NOT NULL,
    sealed_text bytea,                 -- wiped once it is sent or dead
    is_code boolean NOT NULL,
    state text NOT NULL DEFAULT 'QUEUED'
        CHECK (state IN ('QUEUED', 'SENDING', 'SENT', 'FAILED', 'SUPPRESSED')),
    attempts integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    next_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz,
    error text NOT NULL DEFAULT ''
);
CREATE INDEX delivery_waiting ON delivery (next_at) WHERE state IN ('QUEUED', 'SENDING');
