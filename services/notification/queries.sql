-- Statements of notification. Search path: its own schema.

-- ---- the inbox: a member's own messages; those to a member of staff, or to a permission that he holds

-- name: message_list
SELECT m.id, m.title, m.body, m.link, r.message_id IS NOT NULL AS read, m.created_at,
       m.id AS position
  FROM message m
  LEFT JOIN message_read r ON r.message_id = m.id AND r.reader_kind = :caller_kind AND r.reader_id = :caller_id::bigint
 WHERE (:caller_kind::text = 'MEMBER' AND m.account_id = :caller_id::bigint
        OR :caller_kind::text = 'STAFF' AND (m.permission = ANY (:caller_permissions::text[]) OR m.staff_id = :caller_id::bigint))
   AND (NOT :unread_only::boolean OR r.message_id IS NULL)
   AND m.id < :before_id::bigint
 ORDER BY m.id DESC
 LIMIT :page_size::int + 1;

-- name: message_total
SELECT count(*) AS total
  FROM message m
  LEFT JOIN message_read r ON r.message_id = m.id AND r.reader_kind = :caller_kind AND r.reader_id = :caller_id::bigint
 WHERE (:caller_kind::text = 'MEMBER' AND m.account_id = :caller_id::bigint
        OR :caller_kind::text = 'STAFF' AND (m.permission = ANY (:caller_permissions::text[]) OR m.staff_id = :caller_id::bigint))
   AND (NOT :unread_only::boolean OR r.message_id IS NULL);

-- name: message_unread
SELECT count(*) AS unread
  FROM message m
 WHERE (:caller_kind::text = 'MEMBER' AND m.account_id = :caller_id::bigint
        OR :caller_kind::text = 'STAFF' AND (m.permission = ANY (:caller_permissions::text[]) OR m.staff_id = :caller_id::bigint))
   AND NOT EXISTS (SELECT 1 FROM message_read r WHERE r.message_id = m.id AND r.reader_kind = :caller_kind
                      AND r.reader_id = :caller_id::bigint);

-- name: message_mark_read
INSERT INTO message_read (message_id, reader_kind, reader_id)
SELECT m.id, :caller_kind, :caller_id FROM message m
 WHERE (:id::bigint = 0 OR m.id = :id::bigint)
   AND (:caller_kind::text = 'MEMBER' AND m.account_id = :caller_id::bigint
        OR :caller_kind::text = 'STAFF' AND (m.permission = ANY (:caller_permissions::text[]) OR m.staff_id = :caller_id::bigint))
ON CONFLICT DO NOTHING;

-- ---- events

-- name: contact_set
-- Events may overtake each other: an older one never replaces a newer.
INSERT INTO contact (account_id, phone, changed_at)
VALUES (:account_id::bigint, :phone::text, to_timestamp(:changed_at_us::bigint / 1000000.0))
ON CONFLICT (account_id) DO UPDATE SET phone = excluded.phone, changed_at = excluded.changed_at
 WHERE contact.changed_at < excluded.changed_at;

-- name: template_of_event
SELECT code, audience, permission, title, inbox_text, sms_text, mail_text, link, coalesce(c.phone, '') AS phone
  FROM template LEFT JOIN contact c ON c.account_id = :account_id::bigint
 WHERE event = :event_name::text AND enabled
 ORDER BY code;

-- name: template_list
SELECT code, event, title, inbox_text, sms_text, mail_text FROM template
 WHERE enabled AND audience = 'ACCOUNT' AND split_part(event, '.', 1) = :about::text ORDER BY code;

-- name: message_insert
INSERT INTO message (account_id, permission, staff_id, template, title, body, link)
VALUES (:to_account, :to_permission, :to_staff, :template_code, :title, :body, :link);

-- name: delivery_insert
INSERT INTO delivery (channel, template, address, sealed_text, is_code, subject, file_id, mail_id)
VALUES (:channel, :template_code, :address, :sealed_text, :is_code::boolean, :subject, :file_id, :mail_id);

-- ---- sending

-- name: delivery_take
-- Waiting ones, and notices that a crash left half-way for more than a minute (once), are taken to be sent: as many as
-- can be sent now, so that none waits while its minute runs. An e-mail may take longer: its lease is five. A text message that
-- is not for the night stays as it is until the morning.
UPDATE delivery SET state = 'SENDING', attempts = attempts + 1, repeated = repeated OR state = 'SENDING',
       next_at = now() + CASE channel WHEN 'SMS' THEN interval '1 minute' ELSE interval '5 minutes' END
 WHERE id IN (SELECT id FROM delivery
               WHERE channel = :channel::text AND next_at <= now() AND (state = 'QUEUED' OR (state = 'SENDING' AND NOT is_code AND NOT repeated))
                 AND (channel <> 'SMS' OR NOT delivery_is_quiet(now()) OR template IN (SELECT code FROM template WHERE at_night))
               ORDER BY next_at LIMIT :room::int FOR UPDATE SKIP LOCKED)
RETURNING id, address, subject, file_id, sealed_text, is_code, created_at < now() - interval '5 minutes' AS stale, attempts;

-- name: delivery_give_up
-- What else a crash left half-way: perhaps it was sent, and nobody knows. A code is not repeated, the person asks again.
WITH dead AS (
    UPDATE delivery SET state = 'FAILED', sealed_text = NULL, error = 'ended while it was being sent'
     WHERE id IN (SELECT id FROM delivery
                   WHERE channel = :channel::text AND next_at <= now() AND state = 'SENDING' AND (is_code OR repeated)
                   ORDER BY next_at LIMIT 16 FOR UPDATE SKIP LOCKED)
    RETURNING mail_id)
INSERT INTO outbox (event, payload)
SELECT 'mail.failed', jsonb_build_object('mail_id', mail_id) FROM dead WHERE mail_id <> '';

-- name: delivery_put_back
-- Nothing was sent: it waits as before.
UPDATE delivery SET state = 'QUEUED', attempts = attempts - 1, next_at = now() WHERE id = :delivery_id::bigint;

-- name: delivery_sent
WITH sent AS (
    UPDATE delivery SET state = 'SENT', sent_at = now(), sealed_text = NULL WHERE id = :delivery_id::bigint RETURNING mail_id)
INSERT INTO outbox (event, payload)
SELECT 'mail.sent', jsonb_build_object('mail_id', mail_id) FROM sent WHERE mail_id <> '';

-- name: delivery_failed
-- Again after 1 m, 5 m, 30 m, 2 h, 12 h; then it is dead.
WITH refused AS (
    UPDATE delivery
       SET state = CASE WHEN is_code OR attempts > 5 THEN 'FAILED' ELSE 'QUEUED' END,
           sealed_text = CASE WHEN is_code OR attempts > 5 THEN NULL ELSE sealed_text END,
           error = :error_text,
           next_at = now() + (ARRAY['1 minute', '5 minutes', '30 minutes', '2 hours', '12 hours'])[least(attempts, 5)]::interval
     WHERE id = :delivery_id::bigint
    RETURNING state, mail_id)
INSERT INTO outbox (event, payload)
SELECT 'mail.failed', jsonb_build_object('mail_id', mail_id) FROM refused WHERE state = 'FAILED' AND mail_id <> '';

-- name: delivery_suppressed
WITH dead AS (
    UPDATE delivery SET state = 'SUPPRESSED', sealed_text = NULL, error = :error_text WHERE id = :delivery_id::bigint
    RETURNING mail_id)
INSERT INTO outbox (event, payload)
SELECT 'mail.failed', jsonb_build_object('mail_id', mail_id) FROM dead WHERE mail_id <> '';
