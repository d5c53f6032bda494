-- Statements of auth. Search path: its own schema.

-- ---- codes

-- name: code_request
-- The event goes out if the day's cap allows and there is somebody to tell: a code to log in or reset only where
-- the phone is registered. The caller answers the same in every case.
WITH counted AS (
    INSERT INTO sms_day (phone, day, count) VALUES (:phone, now()::date, 1)
    ON CONFLICT (phone, day) DO UPDATE SET count = sms_day.count + 1 WHERE sms_day.count < 8
    RETURNING phone)
INSERT INTO outbox (event, payload)
SELECT 'code.requested', jsonb_build_object('phone', :phone::text, 'purpose', :purpose::text,
                                            'sealed_code', :sealed_code::text)
  FROM counted
 WHERE :purpose IN ('REGISTER', 'CHANGE_PHONE_NEW', 'HANDOVER')
    OR EXISTS (SELECT 1 FROM account WHERE phone = :phone AND state = 'ACTIVE');

-- name: code_use
-- A second use fails here (code_wrong) and takes the whole batch with it.
INSERT INTO used_code (code_id) VALUES (:code_id);

-- ---- accounts

-- name: account_register
-- keyed
-- audit: account.registered id
WITH made AS (
    INSERT INTO account (phone, password_hash) VALUES (:phone, :password_hash)
    RETURNING id, phone, session_epoch),
agreed AS (
    INSERT INTO consent (account_id, scope, version, address)
    SELECT made.id, given.scope, given.version, :client_address::text
      FROM made, (VALUES ('TERMS', :terms_version::text), ('PRIVACY', :privacy_version::text)) AS given(scope, version)),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'account.registered', jsonb_build_object('account_id', id, 'phone', phone,
               'changed_at_us', (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
      FROM made),
answer AS (SELECT id, session_epoch FROM made)
SELECT * FROM answer;

-- name: account_by_phone
SELECT id, password_hash, session_epoch, phone FROM account WHERE phone = :phone AND state = 'ACTIVE';

-- name: account_by_id
SELECT id, phone, password_hash, session_epoch, registered_at FROM account
 WHERE id = :caller_id::bigint AND state = 'ACTIVE';

-- name: account_set_password
-- keyed
-- audit: account.password_changed id
-- Ends all sessions: their epoch is over.
WITH changed AS (
    UPDATE account SET password_hash = :password_hash, session_epoch = session_epoch + 1
     WHERE id = :account_id::bigint AND password_hash = :old_hash AND state = 'ACTIVE'
    RETURNING id, session_epoch),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'account.password_changed', jsonb_build_object('account_id', id) FROM changed),
answer AS (SELECT id, session_epoch FROM changed)
SELECT * FROM answer;

-- name: account_set_phone
-- keyed
-- audit: account.phone_changed id
WITH before AS (SELECT id, phone FROM account WHERE id = :caller_id::bigint AND state = 'ACTIVE'),
changed AS (
    UPDATE account SET phone = :new_phone, session_epoch = session_epoch + 1
     WHERE id = :caller_id::bigint AND phone = :old_phone AND state = 'ACTIVE'
    RETURNING id, phone, session_epoch),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT told.event, told.payload FROM changed, before, LATERAL (VALUES
        ('account.phone_set', jsonb_build_object('account_id', changed.id, 'phone', changed.phone,
             'changed_at_us', (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)),
        ('account.phone_changed', jsonb_build_object('phone', before.phone,
             'new_phone_masked', left(changed.phone, 3) || '****' || right(changed.phone, 4))))
        AS told(event, payload)),
answer AS (SELECT id, session_epoch FROM changed)
SELECT * FROM answer;

-- name: phone_account
-- Whose the phone is (0: nobody's), and until when that may be told.
SELECT coalesce((SELECT id FROM account WHERE phone = :phone::text AND state <> 'CLOSED'), 0) AS id,
       extract(epoch FROM now() + interval '30 minutes')::bigint AS proven_until;

-- name: account_hand_over
-- writes
SELECT ended FROM account_hand_over(:event_source::text, :event_id::text, :handover_id::bigint, :account_id::bigint, :new_phone::text,
                                    :closing_account::bigint, :unit_name::text, :new_name::text) AS ended;

-- name: account_rehash
UPDATE account SET password_hash = :new_hash WHERE id = :account_id::bigint AND password_hash = :old_hash;

-- name: session_end
-- Kept for as long as Redis could bring the session back: the whole life of the longest is seven days.
WITH forgotten AS (
    DELETE FROM ended_session WHERE session_hash IN (
        SELECT session_hash FROM ended_session WHERE ended_at < now() - interval '8 days'
         ORDER BY ended_at LIMIT 100 FOR UPDATE SKIP LOCKED))
INSERT INTO ended_session (session_hash) VALUES (:caller_session::bytea) ON CONFLICT DO NOTHING;

-- name: session_account
SELECT phone AS name, session_epoch, false AS must_change_password, '{}'::text[] AS permissions
  FROM account WHERE id = :account_id::bigint AND state = 'ACTIVE'
   AND NOT EXISTS (SELECT FROM ended_session WHERE session_hash = :session_hash::bytea);

-- ---- staff

-- name: staff_by_login
SELECT id, password_hash, session_epoch, must_change_password FROM staff WHERE login = :login AND enabled;

-- name: staff_by_id
SELECT s.id AS account_id, s.login, s.name, s.must_change_password, s.password_hash, s.session_epoch,
       coalesce((SELECT jsonb_agg(r.name ORDER BY r.code) FROM staff_role x JOIN role r ON r.code = x.role
                  WHERE x.staff_id = s.id), '[]') AS roles,
       coalesce((SELECT jsonb_agg(DISTINCT p.permission) FROM staff_role x JOIN role_permission p ON p.role = x.role
                  WHERE x.staff_id = s.id), '[]') AS permissions
  FROM staff s WHERE s.id = :caller_id::bigint AND s.enabled;

-- name: staff_set_password
-- keyed
-- audit: staff.password_changed id
WITH answer AS (
    UPDATE staff SET password_hash = :password_hash, must_change_password = false, session_epoch = session_epoch + 1
     WHERE id = :caller_id::bigint AND password_hash = :old_hash AND enabled
    RETURNING id, session_epoch)
SELECT * FROM answer;

-- name: session_staff
SELECT s.name, s.session_epoch, s.must_change_password,
       coalesce((SELECT array_agg(DISTINCT p.permission) FROM staff_role x JOIN role_permission p ON p.role = x.role
                  WHERE x.staff_id = s.id), '{}') AS permissions
  FROM staff s WHERE s.id = :account_id::bigint AND s.enabled
   AND NOT EXISTS (SELECT FROM ended_session WHERE session_hash = :session_hash::bytea);

-- ---- audit of what changes no other row

-- name: audit_event
INSERT INTO audit (actor_kind, actor_id, action, object, request_id)
VALUES (:actor_kind, :actor_id::bigint, :action, :object, :request_id);
