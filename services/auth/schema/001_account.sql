-- Accounts of members, staff and their roles, consents, used codes.

CREATE TABLE account (
    id bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) PRIMARY KEY,
    phone text NOT NULL CHECK (phone ~ '^1[3-9][0-9]{9}$'),
    password_hash text NOT NULL,
    session_epoch integer NOT NULL DEFAULT 1,  -- a session of another epoch is over
    state text NOT NULL DEFAULT 'ACTIVE' CHECK (state IN ('ACTIVE', 'DISABLED', 'CLOSED')),
    registered_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX phone_registered ON account (phone) WHERE state <> 'CLOSED';

-- What was agreed to, in which version, when and from where.
CREATE TABLE consent (
    account_id bigint NOT NULL REFERENCES account (id),
    scope text NOT NULL CHECK (scope IN ('TERMS', 'PRIVACY')),
    version text NOT NULL,
    given_at timestamptz NOT NULL DEFAULT now(),
    address text NOT NULL DEFAULT '',
    PRIMARY KEY (account_id, scope, version)
);
COMMENT ON TABLE consent IS 'append-only';

-- A code takes effect once, whatever Redis remembers after a crash.
CREATE TABLE used_code (
    code_id text NOT NULL,
    used_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT code_wrong PRIMARY KEY (code_id)
);
COMMENT ON TABLE used_code IS 'append-only';

-- Codes sent to a phone on a day: the cap that survives Redis.
CREATE TABLE sms_day (
    phone text NOT NULL,
    day date NOT NULL,
    count integer NOT NULL,
    PRIMARY KEY (phone, day)
);

CREATE TABLE staff (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login text NOT NULL CONSTRAINT staff_login UNIQUE CHECK (login ~ '^[a-z][a-z0-9._-]{1,49}$'),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 50),
    password_hash text NOT NULL,
    must_change_password boolean NOT NULL DEFAULT true,
    session_epoch integer NOT NULL DEFAULT 1,
    enabled boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE role (
    code text PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE role_permission (
    role text NOT NULL REFERENCES role (code),
    permission text NOT NULL,
    PRIMARY KEY (role, permission)
);
CREATE TABLE staff_role (
    staff_id bigint NOT NULL REFERENCES staff (id),
    role text NOT NULL REFERENCES role (code),
    PRIMARY KEY (staff_id, role)
);

-- System administrators see no personal data and decide nothing about members.
INSERT INTO role (code, name) VALUES ('administrator', '系统管理员'), ('reviewer', '审核员');
INSERT INTO role_permission (role, permission) VALUES
    ('administrator', 'staff.manage'), ('administrator', 'role.manage'), ('administrator', 'dict.edit'),
    ('administrator', 'param.edit'), ('administrator', 'ops.health'),
    ('reviewer', 'cert.owner.review'), ('reviewer', 'cert.member.review'), ('reviewer', 'cert.person.review');
