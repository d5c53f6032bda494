-- Statements that every service has.

-- name: idempotency_insert
-- First in a keyed batch: a repeat fails here, and is answered from what was kept.
INSERT INTO idempotency (principal, key, method, body_hash)
VALUES (:idempotency_principal, :idempotency_key, :method_name, :body_hash);

-- name: idempotency_find
SELECT body_hash, answer FROM idempotency
 WHERE principal = :idempotency_principal AND method = :method_name AND key = :idempotency_key;

-- name: outbox_take
-- Events that wait, leased for half a minute. Never "id > last": numbers are given out before commits.
UPDATE outbox SET attempts = attempts + 1, next_at = now() + interval '30 seconds'
 WHERE id IN (SELECT id FROM outbox WHERE delivered_at IS NULL AND next_at <= now()
               ORDER BY next_at LIMIT 32 FOR UPDATE SKIP LOCKED)
RETURNING id, event, payload::text AS payload;

-- name: outbox_delivered
UPDATE outbox SET delivered_at = now() WHERE id = :event_id::bigint;

-- name: outbox_later
-- 1 s, 2 s, 4 s … a minute at most.
UPDATE outbox SET next_at = now() + least(power(2, least(attempts, 7) - 1), 60) * interval '1 second'
 WHERE id = :event_id::bigint AND delivered_at IS NULL;

-- name: inbox_insert
-- First in the batch of an event's effect: a second delivery fails here (inbox_once) and changes nothing.
INSERT INTO inbox (source, event_id) VALUES (:event_source, :event_id);

-- name: audit_infected
-- An upload that a scanner found something in. What was found is clamd's name for it; the hash, of what would have been stored.
INSERT INTO audit (actor_kind, actor_id, session, action, detail, request_id)
VALUES (:caller_kind, :caller_id, :caller_session, 'attachment.infected',
        jsonb_build_object('purpose', :purpose::text, 'found', :found::text, 'size_bytes', :clean_bytes::int,
                           'hash', encode(:content_hash, 'hex')), :request_id);

-- ---- upkeep: a thousand rows of each at a time, so that no lock is held for long

-- name: upkeep_idempotency
DELETE FROM idempotency WHERE (principal, method, key) IN (
    SELECT principal, method, key FROM idempotency WHERE created_at < now() - interval '30 days'
     ORDER BY created_at LIMIT 1000);

-- name: upkeep_outbox
DELETE FROM outbox WHERE id IN (
    SELECT id FROM outbox WHERE delivered_at < now() - interval '7 days' ORDER BY delivered_at LIMIT 1000);

-- name: upkeep_inbox
-- Long after the last time that its event can be delivered again.
DELETE FROM inbox WHERE (source, event_id) IN (
    SELECT source, event_id FROM inbox WHERE applied_at < now() - interval '90 days' ORDER BY applied_at LIMIT 1000);
