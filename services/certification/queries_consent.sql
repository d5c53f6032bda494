-- Statements of certification about separate consent (PIPL 29). Search path: its own schema.

-- name: consent_get
SELECT t.scope, t.version, t.title, t.body, t.text_hash,
       (SELECT c.given_at FROM consent c WHERE c.account_id = :caller_id::bigint AND c.scope = t.scope AND c.version = t.version
           AND c.withdrawn_at IS NULL) AS given_at
  FROM consent_current(:scope::text) AS t WHERE t.scope IS NOT NULL;

-- name: consent_list
SELECT c.scope, t.title, c.version, c.text_hash, c.given_at, c.withdrawn_at, t.body,
       c.withdrawn_at IS NULL AND c.version = (consent_current(c.scope)).version AS holds
  FROM consent c JOIN consent_text t USING (scope, version)
 WHERE c.account_id = :caller_id::bigint ORDER BY c.id DESC LIMIT 100;

-- name: consent_give
-- keyed
-- audit: consent.given object
-- Only to the text that was shown, while it is the one that holds.
WITH answer AS (
    INSERT INTO consent (account_id, scope, version, text_hash)
    SELECT :caller_id::bigint, t.scope, t.version, t.text_hash
      FROM consent_current(:scope::text) AS t
     WHERE t.version = :version::text AND t.text_hash = :text_hash::text
    ON CONFLICT (account_id, scope, version) WHERE withdrawn_at IS NULL DO UPDATE SET withdrawn_at = NULL
    RETURNING scope, version, text_hash, given_at, scope || '/' || version AS object)
SELECT * FROM answer;

-- name: consent_withdraw
-- keyed
-- audit: consent.withdrawn object
-- In all versions. Those who review are told, where there is an expert to talk to.
WITH withdrawn AS (
    UPDATE consent SET withdrawn_at = now()
     WHERE account_id = :caller_id::bigint AND scope = :scope::text AND withdrawn_at IS NULL
    RETURNING scope, version, withdrawn_at),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'consent.withdrawn', jsonb_build_object('account_id', e.account_id, 'name', e.name,
               'title', (consent_current(:scope::text)).title)
      FROM expert e WHERE e.account_id = :caller_id::bigint AND e.state <> 'REMOVED' AND EXISTS (SELECT FROM withdrawn)),
answer AS (SELECT scope, max(version) AS version, max(withdrawn_at) AS withdrawn_at, scope || '/' || max(version) AS object
             FROM withdrawn GROUP BY scope)
SELECT * FROM answer;

-- name: consent_of_card
SELECT consent_is_given(:caller_id::bigint, 'ID_CARD') AS is_given;

-- name: consent_text_list
SELECT t.scope, t.version, t.title, t.body, t.text_hash, t.published_at, t.published_by_name, t.effective_at,
       CASE WHEN t.effective_at > now() THEN 'COMING' WHEN t.version = (consent_current(t.scope)).version THEN 'IN_FORCE' ELSE 'PAST' END AS state,
       (SELECT count(*) FROM consent c WHERE c.scope = t.scope AND c.version = t.version AND c.withdrawn_at IS NULL) AS holders
  FROM consent_text t WHERE t.scope = :scope::text ORDER BY t.effective_at DESC LIMIT 100;

-- name: consent_text_publish
-- keyed
-- audit: consent.published object
-- Only after the version that the page showed, and only what says something else. A day is named in the association's time.
WITH latest AS (
    SELECT version, body, title FROM consent_text WHERE scope = :scope::text ORDER BY effective_at DESC LIMIT 1),
published AS (
    INSERT INTO consent_text (scope, version, title, body, text_hash, effective_at, published_by, published_by_name)
    SELECT :scope::text, :effective_on::text, :title::text, :body::text, encode(sha256(convert_to(:body::text, 'UTF8')), 'hex'),
           greatest(now(), :effective_on::date::timestamp AT TIME ZONE 'Asia/Shanghai'), :caller_id::bigint, :caller_name::text
      FROM latest WHERE version = :after_version::text AND (title, body) <> (:title::text, :body::text)
    RETURNING scope, version, title, body, text_hash, published_at, published_by_name, effective_at,
              CASE WHEN effective_at > now() THEN 'COMING' ELSE 'IN_FORCE' END AS state),
answer AS (SELECT *, scope || '/' || version AS object FROM published)
SELECT * FROM answer;
