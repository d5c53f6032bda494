-- Statements of payment about fees, bills, memberships, and what takes two persons. Search path: its own schema.

-- name: fee_schedule_list
SELECT association_post, association_post_name, amount_fen, valid_from::text AS valid_from, document,
       valid_from = (SELECT max(f.valid_from) FROM fee_schedule f
                      WHERE f.association_post = s.association_post AND f.valid_from <= current_date) AS in_force
  FROM fee_schedule s ORDER BY place, valid_from DESC;

-- name: fee_explain
SELECT :valid_from::date < current_date AS is_past;

-- name: fee_save
-- keyed
-- audit: fee.saved object
-- A new row of a post, from a day to come: what was billed keeps its fee. A post without a fee so far comes with its name.
WITH answer AS (
    INSERT INTO fee_schedule (association_post, association_post_name, amount_fen, valid_from, place, document)
    SELECT :association_post::text, coalesce(f.association_post_name, :association_post_name::text), :amount_fen::bigint,
           :valid_from::date, coalesce(f.place, (SELECT coalesce(max(place), 0) + 1 FROM fee_schedule)), :document::text
      FROM fee_of(:association_post::text, 'infinity') AS f
     WHERE (f.association_post IS NOT NULL OR :association_post_name::text <> '') AND :valid_from::date >= current_date
    RETURNING association_post, association_post_name, amount_fen, valid_from::text AS valid_from, document,
              association_post || '/' || valid_from AS object)
SELECT * FROM answer;

-- ---- bills

-- name: bill_request
-- keyed
-- writes
-- audit: bill.requested years
WITH answer AS (
    SELECT jsonb_agg(bill_json(b) ORDER BY b.year) AS bills, count(*) AS total, string_agg(b.year::text, '、' ORDER BY b.year) AS years
      FROM bills_make(:caller_id::bigint, :years::int[], :reference_codes::text[], false) AS b HAVING count(*) > 0)
SELECT * FROM answer;

-- name: bill_make
-- keyed
-- writes
-- audit: bill.made object
-- By staff for a unit.
WITH answer AS (
    SELECT jsonb_agg(bill_json(b) ORDER BY b.year) AS bills, count(*) AS total,
           :account_id::bigint || '/' || string_agg(b.year::text, '、' ORDER BY b.year) AS object
      FROM bills_make(:account_id::bigint, :years::int[], :reference_codes::text[], true) AS b HAVING count(*) > 0)
SELECT * FROM answer;

-- name: bill_list
SELECT b.id, b.year, b.state, b.association_post, b.association_post_name, b.amount_fen, b.paid_fen, b.waived_fen,
       b.reference_code, b.due_on, u.unit_name, u.uscc, b.account_id, b.created_at, b.arrears, bill_receipted_fen(b.id) AS receipted_fen,
       b.difference_of IS NOT NULL AS difference,
       EXISTS (SELECT 1 FROM term t WHERE t.bill_id = b.id AND t.voided_at IS NULL) AS opened, b.cancelled_reason, b.cancelled_by_name,
       (b.due_on - date '1900-01-01') || '.' || b.id AS position
  FROM bill_found(:view::text, :year::int, :q::text, :association_post::text) AS b JOIN unit u USING (account_id)
 WHERE (b.due_on, b.id) > (date '1900-01-01' + least(:cursor_place::bigint, 3000000)::int, :cursor_id::bigint)
 ORDER BY b.due_on, b.id LIMIT :page_size::int + 1;

-- name: bill_list_newest
SELECT b.id, b.year, b.state, b.association_post, b.association_post_name, b.amount_fen, b.paid_fen, b.waived_fen,
       b.reference_code, b.due_on, u.unit_name, u.uscc, b.account_id, b.created_at, b.arrears, bill_receipted_fen(b.id) AS receipted_fen,
       b.difference_of IS NOT NULL AS difference,
       EXISTS (SELECT 1 FROM term t WHERE t.bill_id = b.id AND t.voided_at IS NULL) AS opened, b.cancelled_reason, b.cancelled_by_name,
       b.id || '.0' AS position
  FROM bill_found(:view::text, :year::int, :q::text, :association_post::text) AS b JOIN unit u USING (account_id)
 WHERE b.id < :cursor_place::bigint
 ORDER BY b.id DESC LIMIT :page_size::int + 1;

-- ---- what units ask for

-- name: petition_submit
-- keyed
-- audit: member.requested id
WITH made AS (
    INSERT INTO petition (account_id, kind, leave_reason, association_post, reason)
    SELECT m.account_id, :kind::text, CASE :kind WHEN 'LEAVE' THEN :leave_reason::text ELSE '' END,
           CASE :kind WHEN 'CHANGE_POST' THEN :association_post::text ELSE '' END, :reason::text
      FROM membership m JOIN unit u USING (account_id)
     WHERE m.account_id = :caller_id::bigint AND m.state IN ('ACTIVE', 'SUSPENDED')
       AND CASE :kind WHEN 'LEAVE' THEN :leave_reason IN ('VOLUNTARY', 'DISSOLVED', 'LEAVE_OTHER')
                ELSE u.association_post <> :association_post AND (fee_of(:association_post, current_date)).amount_fen IS NOT NULL END
    RETURNING *),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'member.requested', jsonb_build_object('account_id', m.account_id, 'unit_name', u.unit_name, 'reason', m.reason,
               'what', CASE m.kind WHEN 'LEAVE' THEN '申请退会' ELSE '申请变更为' || post_name(m.association_post) END)
      FROM made m JOIN unit u USING (account_id)),
answer AS (SELECT id, kind, state, reason, requested_at FROM made)
SELECT * FROM answer;

-- name: petition_withdraw
-- keyed
-- audit: member.petition_withdrawn id
WITH moved AS (
    UPDATE petition SET state = 'WITHDRAWN', answered_at = now()
     WHERE id = :id::bigint AND account_id = :caller_id::bigint AND state = 'REQUESTED'
    RETURNING *),
answer AS (SELECT id, kind, state, reason, requested_at FROM moved)
SELECT * FROM answer;

-- name: petition_decline
-- keyed
-- audit: member.petition_declined id
WITH moved AS (
    UPDATE petition SET state = 'DECLINED', answered_by_name = :caller_name, answered_at = now(), note = :note
     WHERE id = :id::bigint AND state = 'REQUESTED'
    RETURNING *),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'member.request_declined', jsonb_build_object('account_id', account_id, 'reason', note,
               'what', CASE kind WHEN 'LEAVE' THEN '退会申请' ELSE '变更会内职务的申请' END)
      FROM moved),
answer AS (SELECT id, kind, state, reason, requested_at, answered_by_name, answered_at, note FROM moved)
SELECT * FROM answer;

-- ---- memberships

-- name: member_list
SELECT u.account_id, u.unit_name, u.uscc, u.certified, certification_ended(u) AS certification_ended, f.association_post_name,
       status_json(s) AS status,
       u.account_id || '.0' AS position
  FROM unit u, member_status(u.account_id, current_date) AS s, fee_of(u.association_post, current_date) AS f
 WHERE (:any_state::boolean OR s.state = :state::text)
   AND (:association_post::text = '' OR u.association_post = :association_post)
   AND (:q::text = '' OR position(:q IN u.unit_name) > 0 OR position(upper(:q) IN u.uscc) > 0 OR s.member_no = upper(:q))
   AND (NOT :has_petition::boolean OR EXISTS (SELECT 1 FROM petition r WHERE r.account_id = u.account_id AND r.state = 'REQUESTED'))
   AND u.account_id < :cursor_place::bigint
 ORDER BY u.account_id DESC LIMIT :page_size::int + 1;

-- name: member_list_ending
-- Whose membership ends first; who has none comes last.
SELECT u.account_id, u.unit_name, u.uscc, u.certified, certification_ended(u) AS certification_ended, f.association_post_name,
       status_json(s) AS status,
       d.day || '.' || u.account_id AS position
  FROM unit u, member_status(u.account_id, current_date) AS s, fee_of(u.association_post, current_date) AS f,
       LATERAL (SELECT coalesce(s.last_day - date '1900-01-01', 3000000) AS day) AS d
 WHERE (:any_state::boolean OR s.state = :state::text)
   AND (:association_post::text = '' OR u.association_post = :association_post)
   AND (:q::text = '' OR position(:q IN u.unit_name) > 0 OR position(upper(:q) IN u.uscc) > 0 OR s.member_no = upper(:q))
   AND (NOT :has_petition::boolean OR EXISTS (SELECT 1 FROM petition r WHERE r.account_id = u.account_id AND r.state = 'REQUESTED'))
   AND (d.day, u.account_id) > (:cursor_place::bigint, :cursor_id::bigint)
 ORDER BY d.day, u.account_id LIMIT :page_size::int + 1;

-- name: member_total
-- Where a unit stands is derived for those only that the rest finds.
SELECT count(*) AS total
  FROM unit u LEFT JOIN membership m USING (account_id)
 WHERE (:association_post::text = '' OR u.association_post = :association_post)
   AND (:q::text = '' OR position(:q IN u.unit_name) > 0 OR position(upper(:q) IN u.uscc) > 0 OR m.member_no = upper(:q))
   AND CASE WHEN :any_state::boolean THEN true ELSE (member_status(u.account_id, current_date)).state = :state::text END
   AND (NOT :has_petition::boolean OR EXISTS (SELECT 1 FROM petition r WHERE r.account_id = u.account_id AND r.state = 'REQUESTED'));

-- name: member_get
SELECT jsonb_build_object('account_id', u.account_id, 'unit_name', u.unit_name, 'uscc', u.uscc, 'certified', u.certified,
           'certification_ended', certification_ended(u),
           'association_post_name', coalesce((SELECT association_post_name FROM fee_of(u.association_post, current_date)), ''),
           'status', status_json(member_status(u.account_id, current_date))) AS item,
       bills_json(u.account_id) AS bills, terms_json(u.account_id) AS terms, u.credit_fen,
       offers_json(u.account_id, true) AS offers, petitions_json(u.account_id) AS petitions,
       (SELECT jsonb_agg(jsonb_strip_nulls(to_jsonb(t)) ORDER BY t.id DESC) FROM voucher v, voucher_told(v) AS t
         WHERE v.account_id = u.account_id) AS vouchers,
       (SELECT jsonb_agg(jsonb_strip_nulls(to_jsonb(t)) ORDER BY t.id DESC) FROM proposal p, proposal_told(p, :caller_id::bigint) AS t
         WHERE p.account_id = u.account_id) AS proposals,
       coalesce((SELECT b.id FROM bill b WHERE b.account_id = u.account_id AND bill_waits(b) ORDER BY b.year, b.id LIMIT 1), 0)
           AS ready_bill_id,
       n.first_day AS next_first_day, term_last_day(n.first_day) AS next_last_day,
       coalesce(term_billed_fen(u.account_id), 0) AS term_billed_fen
  FROM unit u, term_first_day(u.account_id, current_date) AS n(first_day) WHERE u.account_id = :account_id::bigint;

-- name: membership_open
-- keyed
-- audit: membership.opened object
-- The number is given with the first term. Who is not certified, or has not paid: term_guard says so. Other days than the
-- rules say have a reason: a first one 400 days ago at the most, as a payment may be, or a year ahead; a last one in two years.
WITH wanted AS (
    SELECT u.account_id, b.id AS bill_id, b.association_post, b.association_post_name, a.first_day, a.last_day, a.is_moved
      FROM unit u JOIN bill b ON b.id = :bill_id::bigint AND b.account_id = u.account_id,
           term_asked(u.account_id, :first_day::date, :last_day::date) AS a
     WHERE u.account_id = :account_id::bigint AND NOT a.is_far AND NOT a.is_long AND (NOT a.is_moved OR :is_founded::boolean)
       AND NOT EXISTS (SELECT 1 FROM membership m WHERE m.account_id = u.account_id AND m.state = 'SUSPENDED')),
member AS (
    INSERT INTO membership (account_id, member_no)
    SELECT account_id, member_number_next(extract(year FROM first_day)::int) FROM wanted
     WHERE NOT EXISTS (SELECT 1 FROM membership m WHERE m.account_id = wanted.account_id)
    RETURNING account_id),
again AS (
    UPDATE membership m SET state = 'ACTIVE', reason = '', changed_at = now()
      FROM wanted w WHERE m.account_id = w.account_id AND m.state = 'TERMINATED'),
opened AS (
    INSERT INTO term (account_id, bill_id, association_post, association_post_name, first_day, last_day, reason, opened_by,
                      opened_by_name)
    SELECT account_id, bill_id, association_post, association_post_name, first_day, last_day,
           CASE WHEN is_moved THEN :reason::text ELSE '' END, :caller_id::bigint, :caller_name
      FROM wanted
    RETURNING *),
answer AS (
    SELECT o.id, o.bill_id, o.association_post_name, o.first_day, o.last_day, o.reason, o.opened_by_name, o.opened_at,
           concat_ws('/', o.id, o.first_day, o.last_day) AS object
      FROM opened o)
SELECT * FROM answer;

-- name: membership_explain
SELECT a.is_moved, a.is_far, a.is_long,
       EXISTS (SELECT 1 FROM membership m WHERE m.account_id = :account_id::bigint AND m.state = 'SUSPENDED') AS is_suspended
  FROM term_asked(:account_id::bigint, :first_day::date, :last_day::date) AS a;

-- name: term_plan
SELECT a.first_day, a.last_day
  FROM unit u, term_asked(u.account_id, :first_day::date, NULL) AS a WHERE u.account_id = :account_id::bigint;

-- name: certificate_get
-- Of a membership that holds.
SELECT u.unit_name, u.uscc, s.member_no, s.association_post_name, s.first_day, s.last_day,
       (SELECT max(t.opened_at) FROM term t WHERE t.account_id = u.account_id AND t.voided_at IS NULL) AS opened_at,
       a.id AS picture_id, a.account_id AS picture_owner, a.size_bytes AS picture_bytes
  FROM unit u CROSS JOIN member_status(u.account_id, current_date) AS s
  LEFT JOIN association_picture c ON c.kind = 'SEAL' LEFT JOIN attachment a ON a.id = c.file_id
 WHERE u.account_id = :account_id::bigint AND s.state IN ('ACTIVE', 'EXPIRING', 'GRACE');

-- name: certificate_look
-- A member of staff printed a unit's certificate.
INSERT INTO audit (actor_kind, actor_id, session, action, object, request_id)
VALUES (:caller_kind, :caller_id, :caller_session, 'certificate.read', :account_id::bigint::text, :request_id);

-- name: badge_get
SELECT u.unit_name, s.member_no, s.state, s.last_day, s.grace_until
  FROM unit u JOIN membership m USING (account_id), member_status(u.account_id, current_date) AS s
 WHERE m.member_no = upper(:member_no::text);

-- name: member_status_get
-- By what names one unit, whole: nobody lists the members here. Only who is or was a member.
SELECT u.unit_name, u.uscc, s.member_no, s.association_post_name, s.state, s.first_day, s.last_day, now() AS checked_at
  FROM unit u JOIN membership m USING (account_id), member_status(u.account_id, current_date) AS s
 WHERE m.member_no = upper(:q::text) OR u.uscc = upper(:q) OR u.unit_name = :q
 ORDER BY u.account_id DESC LIMIT 1;

-- ---- renewals

-- name: bill_make_due
-- One unit whose membership ends within sixty days and that has no bill for the next year yet.
WITH made AS (
    INSERT INTO bill (account_id, year, association_post, association_post_name, amount_fen, reference_code, due_on)
    SELECT m.account_id, year, f.association_post, f.association_post_name, f.amount_fen, :reference_code::text, last_day
      FROM membership m JOIN unit u USING (account_id), member_last_day(m.account_id) AS last_day,
           bill_due_year(m.account_id, current_date) AS year, fee_of(u.association_post, current_date) AS f
     WHERE m.state = 'ACTIVE' AND last_day BETWEEN current_date AND current_date + 60 AND year IS NOT NULL
       AND f.amount_fen IS NOT NULL
     LIMIT 1
    ON CONFLICT DO NOTHING
    RETURNING id)
SELECT id FROM made;

-- name: reminder_tell
-- As many as there are links, each with one of its own; the rest come with the next run.
WITH due AS (
    SELECT account_id, last_day, step, row_number() OVER (ORDER BY account_id, step) AS nth
      FROM reminders_due(current_date) WHERE reminder_hours(now())),
told AS (
    INSERT INTO reminder (account_id, last_day, step)
    SELECT account_id, last_day, step FROM due WHERE nth <= cardinality(:link_ids::bigint[])
    ON CONFLICT DO NOTHING
    RETURNING account_id, last_day, step),
linked AS (
    INSERT INTO renewal_link (id, account_id, expires_on)
    SELECT (:link_ids::bigint[])[d.nth], d.account_id, current_date + 30 FROM told t JOIN due d USING (account_id, last_day, step))
INSERT INTO outbox (event, payload)
SELECT d.event, jsonb_build_object('account_id', d.account_id, 'last_day', d.last_day, 'grace_until', d.grace_until,
           'amount', yuan(d.amount_fen), 'mail_address', unit_mail(d.account_id),
           'renewal_link', :site::text || '/app/r/' || (:link_tokens::text[])[n.nth])
  FROM told t JOIN due n USING (account_id, last_day, step) JOIN reminders_due(current_date) AS d USING (account_id, last_day, step);

-- name: reminder_notice_tell
-- D.4: the day's list, to staff, before it goes out. A day that has none is looked at again.
WITH listed AS MATERIALIZED (
    SELECT d.unit_name, row_number() OVER (ORDER BY d.last_day, d.account_id) AS nth
      FROM reminders_due(current_date) AS d
     WHERE reminder_notice_hours(now()) AND NOT EXISTS (SELECT 1 FROM reminder_notice n WHERE n.day = current_date)),
told AS (
    INSERT INTO reminder_notice (day, units) SELECT current_date, count(*) FROM listed HAVING count(*) > 0
    ON CONFLICT DO NOTHING
    RETURNING units)
INSERT INTO outbox (event, payload)
SELECT 'reminder.listed', jsonb_build_object('count', t.units, 'units', (
           SELECT string_agg(unit_name, '、' ORDER BY nth) FILTER (WHERE nth <= 5) || CASE WHEN t.units > 5 THEN '等' ELSE '' END
             FROM listed))
  FROM told t;

-- name: renewal_link_get
SELECT used_at IS NOT NULL AS is_used, expires_on < current_date AS is_over, account_id = :caller_id::bigint AS is_own
  FROM renewal_link WHERE id = :link_id::bigint;

-- name: renewal_link_use
-- keyed
-- audit: renewal_link.used id
WITH answer AS (
    UPDATE renewal_link SET used_at = now()
     WHERE id = :link_id::bigint AND account_id = :caller_id::bigint AND used_at IS NULL AND expires_on >= current_date
    RETURNING id)
SELECT * FROM answer;

-- name: reminder_list
-- The dry run: who is reminded today or on the next day, and of what. In the order of their last days.
SELECT r.*, yuan(r.amount_fen) AS amount, d.place || '.' || r.account_id AS position
  FROM reminders_listed(:day::text) AS r, LATERAL (SELECT r.last_day - date '1900-01-01' AS place) AS d
 WHERE unit_sought(r.account_id, :q::text)
   AND CASE WHEN :is_last::boolean THEN (d.place, r.account_id) < (:cursor_place::bigint, :cursor_id::bigint)
            ELSE (d.place, r.account_id) > (:cursor_place, :cursor_id) END
 ORDER BY CASE WHEN :is_last THEN -d.place ELSE d.place END, CASE WHEN :is_last THEN -r.account_id ELSE r.account_id END
 LIMIT :page_size::int + 1;

-- name: reminder_total
SELECT count(*) AS total FROM reminders_listed(:day::text) AS r WHERE unit_sought(r.account_id, :q::text);

-- name: reminder_told_list
SELECT r.account_id, u.unit_name, r.last_day, r.step, r.told_at, r.skipped_by_name, p.place || '.' || r.account_id AS position
  FROM reminder_told(:view::text, :q::text) AS r JOIN unit u USING (account_id),
       LATERAL (SELECT (extract(epoch FROM r.told_at) * 1000000)::bigint AS place) AS p
 WHERE CASE WHEN :is_newest::boolean THEN (p.place, r.account_id) < (:cursor_place::bigint, :cursor_id::bigint)
            ELSE (p.place, r.account_id) > (:cursor_place, :cursor_id) END
 ORDER BY CASE WHEN :is_newest THEN -p.place ELSE p.place END, CASE WHEN :is_newest THEN -r.account_id ELSE r.account_id END
 LIMIT :page_size::int + 1;

-- name: reminder_told_total
SELECT count(*) AS total FROM reminder_told(:view::text, :q::text);

-- name: reminder_skip
-- keyed
-- audit: reminder.skipped account_id
WITH answer AS (
    INSERT INTO reminder (account_id, last_day, step, skipped_by_name)
    SELECT account_id, last_day, step, :caller_name
      FROM (SELECT * FROM reminders_due(current_date)
            UNION SELECT * FROM reminders_due(reminder_day_after(current_date))) AS due
     WHERE account_id = :account_id::bigint AND last_day = :last_day::date AND step = :step::int
    ON CONFLICT DO NOTHING
    RETURNING account_id, last_day, step)
SELECT * FROM answer;

-- ---- what takes two persons

-- name: difference_get
SELECT coalesce(difference_fen(:account_id::bigint, :association_post::text), 0) AS most_fen;

-- name: propose
-- keyed
-- audit: proposal.requested id
-- What the other person sees is what is done: the amount is fixed here.
WITH made AS (
    INSERT INTO proposal (kind, account_id, bill_id, voucher_id, amount_fen, leave_reason, association_post, document, reason,
                          reference_code, requested_by, requested_by_name)
    SELECT :kind::text, u.account_id, b.id, v.id,
           CASE :kind WHEN 'WAIVE' THEN coalesce(:amount_fen::bigint, b.amount_fen - b.paid_fen - b.waived_fen)
                      WHEN 'UNWAIVE' THEN b.waived_fen WHEN 'REVERSE' THEN v.confirmed_fen
                      WHEN 'REFUND' THEN :amount_fen::bigint WHEN 'CHANGE_POST' THEN :amount_fen::bigint END,
           CASE :kind WHEN 'TERMINATE' THEN :leave_reason::text ELSE '' END,
           CASE :kind WHEN 'CHANGE_POST' THEN :association_post::text ELSE '' END, :document, :reason,
           CASE WHEN :kind = 'CHANGE_POST' AND :amount_fen::bigint IS NOT NULL THEN :reference_code::text ELSE '' END,
           :caller_id::bigint, :caller_name
      FROM unit u LEFT JOIN bill b ON b.id = :bill_id::bigint AND b.account_id = u.account_id
      LEFT JOIN voucher v ON v.id = :voucher_id::bigint AND v.account_id = u.account_id AND v.state = 'CONFIRMED'
      LEFT JOIN membership m ON m.account_id = u.account_id
     WHERE u.account_id = :account_id::bigint
       AND CASE :kind WHEN 'WAIVE' THEN b.state IN ('OPEN', 'PARTLY_PAID')
                           AND coalesce(:amount_fen::bigint <= b.amount_fen - b.paid_fen - b.waived_fen, true)
                      WHEN 'UNWAIVE' THEN b.waived_fen > 0
                      WHEN 'REVERSE' THEN v.id IS NOT NULL AND voucher_refunded_fen(v.id) = 0
                      WHEN 'REFUND' THEN :amount_fen::bigint <= (SELECT coalesce(sum(rest_fen), 0) FROM credit_sources(u.account_id) AS c
                                                                  WHERE v.id IS NULL OR c.id = v.id)
                           AND :amount_fen::bigint <= u.credit_fen
                      WHEN 'SUSPEND' THEN m.state = 'ACTIVE' WHEN 'RESUME' THEN m.state = 'SUSPENDED'
                      WHEN 'TERMINATE' THEN m.state IN ('ACTIVE', 'SUSPENDED')
                      ELSE u.association_post <> :association_post AND (fee_of(:association_post, current_date)).amount_fen IS NOT NULL
                           AND (:amount_fen::bigint IS NULL
                                OR :amount_fen <= coalesce(difference_fen(u.account_id, :association_post), 0)) END
    RETURNING *),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT CASE WHEN m.kind IN ('REVERSE', 'REFUND') THEN 'proposal.money_requested' ELSE 'proposal.standing_requested' END,
           jsonb_build_object('unit_name', u.unit_name, 'what', proposal_word(m.kind), 'by_name', m.requested_by_name,
               'reason', m.reason, 'amount', CASE WHEN m.amount_fen IS NULL THEN '' ELSE yuan(m.amount_fen) || '元' END)
      FROM made m JOIN unit u USING (account_id)),
answer AS (
    SELECT m.id, m.kind, m.state, m.account_id, u.unit_name, m.bill_id, m.voucher_id, m.amount_fen, m.reason,
           m.requested_by_name, true AS requested_by_me, m.requested_at
      FROM made m JOIN unit u USING (account_id))
SELECT * FROM answer;

-- name: proposal_list
SELECT t.*, proposal_permission(p.kind) = ANY (:caller_permissions::text[]) AND p.state = 'REQUESTED' AND NOT t.requested_by_me
       AS may_decide, p.id || '.0' AS position
  FROM proposal_found(:view::text, :caller_permissions::text[], :kind::text, :q::text) AS p, proposal_told(p, :caller_id::bigint) AS t
 WHERE CASE WHEN :is_newest::boolean THEN p.id < :cursor_place::bigint ELSE p.id > :cursor_place::bigint END
 ORDER BY CASE WHEN :is_newest THEN -p.id ELSE p.id END LIMIT :page_size::int + 1;

-- name: proposal_total
SELECT count(*) AS total FROM proposal_found(:view::text, :caller_permissions::text[], :kind::text, :q::text) AS p;

-- name: proposal_state
SELECT requested_by = :caller_id::bigint AS is_own, state FROM proposal WHERE id = :id::bigint;

-- name: proposal_decide
-- keyed
-- audit: proposal.decided id
WITH decided AS (
    UPDATE proposal p SET state = CASE :verdict::text WHEN 'CONFIRM' THEN 'CONFIRMED' ELSE 'REFUSED' END,
           decided_by = :caller_id::bigint, decided_by_name = :caller_name, decided_at = now(), note = :note
     WHERE p.id = :id::bigint AND p.state = 'REQUESTED' AND p.requested_by <> :caller_id::bigint
       AND proposal_permission(p.kind) = ANY (:caller_permissions::text[])
    RETURNING *),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'membership.changed', jsonb_build_object('account_id', account_id, 'reason', reason,
               'from', standing_word((member_status(account_id, current_date)).state),
               'to', CASE kind WHEN 'SUSPEND' THEN '已暂停' WHEN 'RESUME' THEN '会员有效' ELSE '已退会' END,
               'date', current_date)
      FROM decided WHERE state = 'CONFIRMED' AND kind IN ('SUSPEND', 'RESUME', 'TERMINATE')
    UNION ALL
    SELECT CASE WHEN x.is_billed THEN 'bill.difference' ELSE 'membership.changed' END,
           jsonb_build_object('account_id', d.account_id, 'reason', d.reason,
               'from', post_name(u.association_post), 'to', post_name(d.association_post), 'document', d.document,
               'date', CASE WHEN d.amount_fen IS NULL THEN greatest(current_date, member_last_day(d.account_id) + 1) ELSE current_date END,
               'year', (term_bill(d.account_id)).year, 'amount', yuan(d.amount_fen), 'due_on', current_date + 30)
      FROM decided d JOIN unit u USING (account_id),
           LATERAL (SELECT coalesce(d.amount_fen > u.credit_fen, false) AS is_billed) AS x -- else its credit pays it at once
     WHERE d.state = 'CONFIRMED' AND d.kind = 'CHANGE_POST'
    UNION ALL
    SELECT CASE kind WHEN 'REVERSE' THEN 'voucher.reversed' WHEN 'WAIVE' THEN 'bill.waived' ELSE 'bill.waiver_reversed' END,
           jsonb_build_object('account_id', account_id, 'voucher_id', voucher_id, 'reason', reason, 'amount', yuan(amount_fen),
               'year', (SELECT year FROM bill b WHERE b.id = bill_id))
      FROM decided WHERE state = 'CONFIRMED' AND kind IN ('REVERSE', 'WAIVE', 'UNWAIVE')
    UNION ALL
    SELECT CASE WHEN kind IN ('REVERSE', 'REFUND') THEN 'proposal.money_decided' ELSE 'proposal.standing_decided' END,
           jsonb_build_object('unit_name', u.unit_name, 'unit_account', account_id, 'what', proposal_word(kind),
               'by_name', decided_by_name, 'verdict', CASE d.state WHEN 'CONFIRMED' THEN '已办理' ELSE '已拒绝' END, 'note', note)
      FROM decided d JOIN unit u USING (account_id)),
answer AS (
    SELECT d.id, d.kind, d.state, d.account_id, u.unit_name, d.bill_id, d.voucher_id, d.amount_fen, d.reason,
           d.requested_by_name, d.requested_at, d.decided_by_name, d.decided_at, d.note
      FROM decided d JOIN unit u USING (account_id))
SELECT * FROM answer;

-- name: refund_record
-- keyed
-- audit: refund.paid_back id
-- The money has left: when, and by what it can be found.
WITH moved AS (
    UPDATE proposal SET paid_back_on = :paid_back_on::date, paid_back_reference = :paid_back_reference, paid_back_by_name = :caller_name
     WHERE id = :id::bigint AND kind = 'REFUND' AND state = 'CONFIRMED' AND paid_back_on IS NULL
       AND :paid_back_on::date BETWEEN decided_at::date - 31 AND current_date
    RETURNING *),
told AS (
    INSERT INTO outbox (event, payload)
    SELECT 'refund.paid', jsonb_build_object('account_id', account_id, 'amount', yuan(amount_fen), 'date', paid_back_on,
               'reference', paid_back_reference)
      FROM moved),
answer AS (
    SELECT m.id, m.kind, m.state, m.account_id, u.unit_name, m.voucher_id, m.amount_fen, m.reason, m.paid_back_on,
           m.paid_back_reference
      FROM moved m JOIN unit u USING (account_id))
SELECT * FROM answer;
