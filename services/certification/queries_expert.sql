-- Statements of certification about what experts do themselves, their appointments, and what is set for all (SM7, D-7).
-- Search path: its own schema.

-- name: expert_own
SELECT t.* FROM expert e, expert_told(e) AS t WHERE e.account_id = :caller_id::bigint;

-- name: expert_set_away
-- keyed
-- audit: expert.away object
WITH moved AS (
    UPDATE expert e SET away_from = :away_from::date, away_until = :away_until::date
     WHERE e.account_id = :caller_id::bigint AND e.state <> 'REMOVED'
    RETURNING e AS expert),
answer AS (SELECT t.*, t.expert_no || '/' || t.away_from || '/' || t.away_until AS object FROM moved m, expert_told(m.expert) AS t)
SELECT * FROM answer;

-- name: expert_end_away
-- keyed
-- audit: expert.back expert_no
WITH moved AS (
    UPDATE expert e SET away_from = NULL, away_until = NULL
     WHERE e.account_id = :caller_id::bigint AND e.away_from IS NOT NULL
    RETURNING e AS expert),
answer AS (SELECT t.* FROM moved m, expert_told(m.expert) AS t)
SELECT * FROM answer;

-- name: appointment_get
-- The caller's own, or for staff anybody's; while he is in, and certified.
SELECT e.expert_no, e.name, e.appointed_on, e.appointed_until,
       (SELECT string_agg(dictionary_name('review_specialty', s.code, now()), '、' ORDER BY s.place)
          FROM unnest(e.review_specialties) WITH ORDINALITY AS s(code, place)) AS specialties
  FROM expert e JOIN identity i ON i.account_id = e.account_id AND i.kind = 'EXPERT' AND i.in_force_version IS NOT NULL
 WHERE e.account_id = CASE WHEN :caller_kind::text = 'STAFF' THEN :id::bigint ELSE :caller_id::bigint END AND e.state <> 'REMOVED';

-- name: appointment_look
-- A member of staff printed somebody's letter of appointment.
INSERT INTO audit (actor_kind, actor_id, session, action, object, request_id)
VALUES (:caller_kind, :caller_id, :caller_session, 'appointment.read', :id, :request_id);

-- name: appointment_status
-- What anybody may know who has the letter in hand.
SELECT e.expert_no, left(e.name, 1) || repeat('*', length(e.name) - 1) AS masked_name, e.appointed_on, e.appointed_until,
       CASE WHEN e.state = 'REMOVED' OR i.in_force_version IS NULL THEN 'ENDED'
            WHEN e.appointed_until < current_date THEN 'EXPIRED'
            WHEN e.state = 'PAUSED' OR expert_is_away(e, current_date) THEN 'PAUSED' ELSE 'VALID' END AS state, now() AS checked_at
  FROM expert e LEFT JOIN identity i ON i.account_id = e.account_id AND i.kind = 'EXPERT'
 WHERE e.expert_no = upper(:expert_no::text);

-- name: expert_policy_get
SELECT pause_without_certificate, appointment_years, version, changed_by_name, changed_at FROM expert_policy;

-- name: expert_policy_save
-- keyed
-- audit: expert_policy.changed object
-- Changed by somebody else meanwhile: no row.
WITH answer AS (
    UPDATE expert_policy SET pause_without_certificate = :pause_without_certificate::boolean, appointment_years = :appointment_years::int,
           version = version + 1, changed_by_name = :caller_name, changed_at = now()
     WHERE version = :version::int
    RETURNING pause_without_certificate, appointment_years, version, changed_by_name, changed_at, 'v' || version AS object)
SELECT * FROM answer;

-- name: expert_pause_expired
-- Where staff set it so: who has no valid certificate any more.
WITH moved AS (
    UPDATE expert e SET state = 'PAUSED', paused_for_certificate = true, state_reason = '证书均已过期，更新并审核通过后自动恢复',
           changed_by = 0, changed_by_name = '', changed_at = now()
      FROM expert_policy p
     WHERE p.pause_without_certificate AND e.state = 'IN_POOL' AND e.last_expiry < current_date
    RETURNING e.account_id, e.state_reason)
INSERT INTO outbox (event, payload)
SELECT 'expert.paused', jsonb_build_object('account_id', account_id, 'reason', state_reason) FROM moved;

-- name: expert_resume_renewed
-- And who has one again, also after the setting is off.
WITH moved AS (
    UPDATE expert e SET state = 'IN_POOL', state_reason = '证书已更新', changed_by = 0, changed_by_name = '', changed_at = now()
      FROM identity i
     WHERE e.state = 'PAUSED' AND e.paused_for_certificate AND e.last_expiry >= current_date
       AND i.account_id = e.account_id AND i.kind = 'EXPERT' AND i.in_force_version IS NOT NULL
    RETURNING e.account_id, e.state_reason)
INSERT INTO outbox (event, payload)
SELECT 'expert.resumed', jsonb_build_object('account_id', account_id, 'reason', state_reason) FROM moved;
