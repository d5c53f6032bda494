-- What every service keeps beside its own tables, in its own schema (search_path is set by the migration).

-- A keyed write and its answer: told again to whoever repeats the request.
CREATE TABLE idempotency (
    principal text NOT NULL,            -- MEMBER:17, STAFF:3, or PUBLIC:<nonce>
    key text NOT NULL,
    method text NOT NULL,
    body_hash bytea NOT NULL,           -- BLAKE2b-256 of the packed request
    answer jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT idempotency_key PRIMARY KEY (principal, method, key)
);
CREATE INDEX idempotency_created ON idempotency (created_at);

-- Events, in the transaction of the change they tell of; relayed until acknowledged.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event text NOT NULL,
    payload jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    next_at timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    delivered_at timestamptz
);
CREATE INDEX outbox_waiting ON outbox (next_at) WHERE delivered_at IS NULL;

-- Events applied here, inserted with their effect: each counts once however often it is delivered.
CREATE TABLE inbox (
    source text NOT NULL,
    event_id text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT inbox_once PRIMARY KEY (source, event_id)
);

-- Staff actions and security events, in the transaction of the act. Append-only: roles get INSERT and SELECT.
CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    actor_kind text NOT NULL,           -- MEMBER, STAFF, PUBLIC, SYSTEM
    actor_id bigint,
    session bytea,
    action text NOT NULL,
    object text NOT NULL DEFAULT '',
    detail jsonb NOT NULL DEFAULT '{}', -- no personal data
    request_id text NOT NULL DEFAULT ''
);
