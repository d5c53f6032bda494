-- Statements of payment: mailboxes that receipts go to, and the links that verify them. Search path: its own schema.

-- name: mailbox_list
SELECT t.* FROM mailbox_used(:caller_id::bigint) AS m, mailbox_told(m) AS t ORDER BY t.verified, t.id;

-- name: mailbox_link_make
-- A link to each mailbox that wants one, of one unit (0: of all), as many as there are; instances beside each other take different
-- ones. Whose unit had too many today waits for the next day.
WITH due AS MATERIALIZED (
    SELECT m.* FROM mailbox m
     WHERE m.wants_link AND (:of_account::bigint = 0 OR m.account_id = :of_account) AND mailbox_links_left(m.account_id) > 0
     ORDER BY m.id LIMIT cardinality(:link_ids::bigint[]) FOR UPDATE SKIP LOCKED),
each AS (SELECT id, row_number() OVER (ORDER BY id) AS nth FROM due),
asked AS (UPDATE mailbox SET wants_link = false, link_at = now() WHERE id IN (SELECT id FROM due)),
made AS (INSERT INTO mailbox_link (id, mailbox_id) SELECT (:link_ids::bigint[])[nth], id FROM each)
INSERT INTO outbox (event, payload)
SELECT 'mailbox.link', mailbox_link_payload(id, (:link_ids::bigint[])[nth], :site::text || '/app/m/' || (:link_tokens::text[])[nth])
  FROM each;

-- name: mailbox_resend_explain
-- Why no link is sent to a mailbox again.
SELECT m.verified_at IS NOT NULL AS is_verified, mailbox_is_soon(m) AS is_soon, mailbox_links_left(m.account_id) <= 0 AS is_over
  FROM mailbox m WHERE m.id = :id::bigint AND m.account_id = :caller_id::bigint;

-- name: mailbox_resend
-- keyed
-- audit: mailbox.link_asked id
WITH due AS (
    UPDATE mailbox m SET wants_link = false, link_at = now()
     WHERE m.id = :id::bigint AND m.account_id = :caller_id::bigint AND m.verified_at IS NULL AND NOT mailbox_is_soon(m)
       AND mailbox_links_left(m.account_id) > 0
    RETURNING m.*),
made AS (INSERT INTO mailbox_link (id, mailbox_id) SELECT (:link_ids::bigint[])[1], id FROM due),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'mailbox.link', mailbox_link_payload(due.id, (:link_ids::bigint[])[1], :site::text || '/app/m/' || (:link_tokens::text[])[1])
      FROM due),
answer AS (SELECT id, address, link_at, 'QUEUED' AS link_state FROM due)
SELECT * FROM answer;

-- name: mailbox_link_told
-- What became of its e-mail.
UPDATE mailbox_link SET mail_state = :mail_state::text WHERE id = :mail_id::bigint AND mail_state = 'QUEUED';

-- name: mailbox_link_get
SELECT CASE WHEN l.used_at IS NOT NULL OR m.verified_at IS NOT NULL THEN 'USED' WHEN l.expires_at <= now() THEN 'EXPIRED' ELSE 'VALID' END
           AS state, u.unit_name, mail_masked(m.address) AS mail_address
  FROM mailbox_link l JOIN mailbox m ON m.id = l.mailbox_id JOIN unit u USING (account_id) WHERE l.id = :link_id::bigint;

-- name: mailbox_link_use
-- keyed
-- audit: mailbox.verified id
WITH used AS (
    UPDATE mailbox_link SET used_at = now() WHERE id = :link_id::bigint AND used_at IS NULL AND expires_at > now() RETURNING mailbox_id),
moved AS (
    UPDATE mailbox m SET verified_at = now(), wants_link = false FROM used
     WHERE m.id = used.mailbox_id AND m.verified_at IS NULL
    RETURNING m.*),
answer AS (
    SELECT m.id, 'VERIFIED' AS state, u.unit_name, mail_masked(m.address) AS mail_address FROM moved m JOIN unit u USING (account_id))
SELECT * FROM answer;
